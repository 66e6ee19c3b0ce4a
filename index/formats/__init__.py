"""Readers of file formats: bytes of one kind -> documents; read.py chooses among them."""
