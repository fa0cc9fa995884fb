"""The corpora as data sets for the library `datasets`."""
