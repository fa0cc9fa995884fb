"""Prediction over whole corpora."""
