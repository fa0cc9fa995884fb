"""What train.py is made of: settings, pairs with their targets, labels, states and checkpoints."""
