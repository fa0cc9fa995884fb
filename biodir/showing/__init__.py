"""Documents and models for people at a terminal: what `biodir view` and `biodir info` show."""
