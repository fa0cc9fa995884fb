"""Helpers of train.py: pairs with their targets, batches, scores on the development set."""
