"""Readers of the file formats that hold annotated documents."""
