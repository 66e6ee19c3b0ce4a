"""A report -> Word, Markdown, HTML, BibTeX or CSL-JSON, and such files read back for checking.

A report is built once, as pandoc's syntax tree, so that no text of a document or a model is ever
read as markup; pandoc writes the files. Each carries its quotations twice: as a reader sees them,
and as a record of data that `rag.report` compares with what is seen and with the library.
"""
