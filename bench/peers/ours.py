"""Ours: a library made by `ingest`, searched by `Library.search_many`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.peers.types import Document, Ranker, TextEncoder
from index.ingest import ingest
from index.library import Library

PACKAGES: tuple[str, ...] = ("yinzheng",)
SETUP = "ingest and search as they are, ten hits"
_ASKED = 10


def build(documents: Sequence[Document], _: TextEncoder, folder: Path) -> Ranker:
    """Write the documents as rows of a file and ingest it into a library below `folder`."""
    rows = folder / "corpus.jsonl"
    lines = (json.dumps(asdict(document), ensure_ascii=False) for document in documents)
    rows.write_text("\n".join(lines), "utf-8")
    library = Library(folder / "library", create=True)
    report = ingest(library, [rows])

    def search(question: str) -> list[str]:
        (hits,) = library.search_many([question], _ASKED)
        return [hit.passage.document for hit in hits]

    return Ranker(report.passages, search, library.close, report.seconds.get("encode", 0.0))
