"""Readers and writers of the file formats of annotated documents and relations."""
