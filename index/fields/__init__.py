"""Finders of single metadata fields in the text of a document; metadata.py puts them together."""
