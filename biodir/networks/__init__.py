"""Networks: the relations of many documents merged into one graph, and its files."""
