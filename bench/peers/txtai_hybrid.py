"""txtai as in its first example of hybrid search: `Embeddings(hybrid=True, content=True)`.

Put in its place: the vectors, which come from a hub in the example, through its method "external".
Its prefixes ("instructions") tell questions from passages, as its documentation says for E5. Texts
go in whole: the example cuts nothing. So few vectors are kept in an exact index by default.
"""

from collections.abc import Sequence
from pathlib import Path

from txtai import Embeddings

from bench.peers.types import Document, Ranker, TextEncoder
from index.bundled import PASSAGE_PREFIX, QUERY_PREFIX
from index.types import Vectors

PACKAGES: tuple[str, ...] = ("txtai", "faiss-cpu")
SETUP = "whole texts, hybrid: Faiss and BM25 over its own tokens, half and half"
_ASKED = 50  # as for the others; here a text is a document


def build(documents: Sequence[Document], encoder: TextEncoder, folder: Path) -> Ranker:
    """Index documents, vectors and terms in memory, content in SQLite."""

    def transform(texts: Sequence[str]) -> Vectors:
        if texts[0].startswith(QUERY_PREFIX):
            return encoder.encode_questions([text.removeprefix(QUERY_PREFIX) for text in texts])
        return encoder.encode_passages([text.removeprefix(PASSAGE_PREFIX) for text in texts])

    embeddings = Embeddings(
        method="external",
        transform=transform,
        instructions={"query": QUERY_PREFIX, "data": PASSAGE_PREFIX},
        hybrid=True,
        content=True,
    )
    embeddings.index((document.id, document.content, None) for document in documents)

    def search(question: str) -> list[str]:
        return [found["id"] for found in embeddings.search(question, _ASKED)]

    return Ranker(embeddings.count(), search, embeddings.close)
