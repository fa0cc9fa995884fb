"""Checkpoints that NCBI releases, as checkpoints of biodir."""
