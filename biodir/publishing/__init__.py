"""What goes to the Hub: the repository of a model, its card, its check and its upload."""
