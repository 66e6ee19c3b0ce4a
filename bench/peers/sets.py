"""The sets of ../shared/eval/retrieval: a corpus and the questions on it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.peers.types import Document, Question
from index.script import to_simplified


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """Where a set lies and what is done to its questions."""

    name: str
    corpus: str  # a folder
    questions: str  # a file in it, without its suffix
    change: Callable[[str], str] = str


SETS = (
    EvaluationSet("xquad-a English", "xquad-a", "queries_en"),
    EvaluationSet("xquad-a Chinese", "xquad-a", "queries_zh"),
    EvaluationSet("cmrc2018-dev", "cmrc2018-dev", "queries"),
    EvaluationSet("drcd-dev", "drcd-dev", "queries"),
    # documents stay Traditional
    EvaluationSet("drcd-dev Simplified", "drcd-dev", "queries", to_simplified),
)


def read_documents(root: Path, some: EvaluationSet) -> list[Document]:
    """Return the documents of a set in the order of the file. Raises OSError."""
    rows = _rows(root / some.corpus / "corpus.jsonl")
    return [Document(row["id"], row["title"], row["text"]) for row in rows]


def read_questions(root: Path, some: EvaluationSet, limit: int = 0) -> list[Question]:
    """Return the first `limit` questions of a set, all for 0. Raises OSError."""
    rows = _rows(root / some.corpus / f"{some.questions}.jsonl")[: limit or None]
    return [Question(some.change(row["text"]), frozenset(row["relevant"])) for row in rows]


def _rows(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
