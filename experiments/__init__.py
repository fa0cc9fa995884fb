"""The experiments that the paper and its readers ask for: one YAML file each, a runner, the results tables."""
