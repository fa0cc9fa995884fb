"""Documents from any format that biodir reads to any that it writes: what `biodir convert` does."""
