"""Scores of predictions against gold annotations, at every level."""
