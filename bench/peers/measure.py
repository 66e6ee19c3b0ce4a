"""Figures of one system on one set."""

import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from bench.peers.cache import CachedEncoder
from bench.peers.types import Document, Question, Ranker, System

DEPTHS = (1, 5, 10)
# Name in the table -> module of this package, imported when its turn comes.
SYSTEMS = {
    "ours": "ours",
    "LangChain": "langchain_faiss",
    "LlamaIndex": "llamaindex_vectors",
    "txtai": "txtai_hybrid",
    "bm25s": "bm25s_jieba",
}
# Of these, encoding is part of a search but taken from the cache, so that its time is added.
CACHED = ("LangChain", "LlamaIndex", "txtai")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a system reached on a set."""

    hits: tuple[float, ...]  # share of questions hit, one figure for each of DEPTHS
    milliseconds: float  # for one question
    seconds: float  # to index, without encoding
    passages: int


@dataclass(frozen=True, slots=True)
class Built:
    """An index and how long it took, without encoding."""

    ranker: Ranker
    seconds: float


def load_system(name: str) -> System:
    """Import a system. Raises ImportError if its packages are not installed."""
    return cast(System, importlib.import_module(f"bench.peers.{SYSTEMS[name]}"))


@contextmanager
def built(system: System, documents: Sequence[Document], encoder: CachedEncoder) -> Iterator[Built]:
    """Index documents with a system, for as long as the block runs."""
    with TemporaryDirectory() as folder:
        encoding, begun = encoder.seconds, time.perf_counter()
        ranker = system.build(documents, encoder, Path(folder))
        seconds = time.perf_counter() - begun - (encoder.seconds - encoding) - ranker.encoding
        try:
            yield Built(ranker, seconds)
        finally:
            ranker.close()


def measure(
    index: Built, questions: Sequence[Question], encoder: CachedEncoder, encoding: float
) -> Figures:
    """Ask all questions, one by one; `encoding` is the milliseconds to add to each."""
    inside, begun = encoder.seconds, time.perf_counter()
    ranks = [first_rank(index.ranker.search(q.text), q.relevant) for q in questions]
    seconds = time.perf_counter() - begun - (encoder.seconds - inside)
    hits = tuple(sum(rank <= depth for rank in ranks) / len(ranks) for depth in DEPTHS)
    each = 1000 * seconds / len(questions) + encoding
    return Figures(hits, each, index.seconds, index.ranker.passages)


def first_rank(passages: Sequence[str], relevant: frozenset[str]) -> float:
    """Return the rank of the first relevant document, from 1, infinity if none is there.

    `passages` names the document of each passage; a document ranks where it first appears.
    """
    documents = dict.fromkeys(passages)
    ranks = (rank for rank, document in enumerate(documents, start=1) if document in relevant)
    return next(ranks, float("inf"))


def milliseconds_to_encode(
    encode: Callable[[Sequence[str]], object], questions: Sequence[Question]
) -> float:
    """Return the mean time to encode a question by itself, in ms."""
    begun = time.perf_counter()
    for question in questions:
        encode([question.text])
    return 1000 * (time.perf_counter() - begun) / len(questions)
