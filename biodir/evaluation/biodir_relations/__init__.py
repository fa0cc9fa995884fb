"""The scores of relations as a metric of the library `evaluate`."""
