"""What goes to the Hub: the repository of a model, its card, its check and its upload.

All functions here raise `PublishError`, or another `BioDirError`, for what cannot be published; the message names
place, value and fix.
"""
