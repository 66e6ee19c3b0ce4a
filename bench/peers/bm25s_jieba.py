"""BM25 alone: bm25s as in its quick start, with jieba as the splitter of its `Tokenizer`.

Put in its place: the splitter, a regular expression for words between spaces in the example. Texts
go in whole: the example cuts nothing. No encoder takes part.
"""

from collections.abc import Sequence
from pathlib import Path

import bm25s
import jieba
from bm25s.tokenization import Tokenizer

from bench.peers.types import Document, Ranker, TextEncoder

PACKAGES: tuple[str, ...] = ("bm25s", "jieba")
SETUP = "whole texts, words of jieba.lcut, BM25 with k1 1.5 and b 0.75"
_ASKED = 50  # as for the others; here a text is a document


def build(documents: Sequence[Document], encoder: TextEncoder, folder: Path) -> Ranker:
    """Cut documents into words and index them in memory."""
    jieba.setLogLevel("WARNING")  # it reports the loading of its dictionary on standard error
    tokenizer = Tokenizer(splitter=jieba.lcut)
    retriever = bm25s.BM25()
    texts = [document.content for document in documents]
    retriever.index(tokenizer.tokenize(texts, show_progress=False), show_progress=False)

    def search(question: str) -> list[str]:
        words = tokenizer.tokenize([question], update_vocab=False, show_progress=False)
        count = min(_ASKED, len(documents))
        found, _ = retriever.retrieve(words, k=count, show_progress=False)
        return [documents[place].id for place in found[0].tolist()]

    return Ranker(len(documents), search)
