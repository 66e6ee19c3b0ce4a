"""What is compared: documents, questions, and systems that rank documents for a question."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from index.types import Vectors


@dataclass(frozen=True, slots=True)
class Document:
    """A row of a corpus; the title may be empty."""

    id: str
    title: str
    text: str

    @property
    def content(self) -> str:
        """Title and text as one string: what a peer is given."""
        return f"{self.title}\n{self.text}" if self.title else self.text


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the ids of the documents that answer it."""

    text: str
    relevant: frozenset[str]


class TextEncoder(Protocol):
    """The part of an encoder that peers need."""

    @property
    def dimension(self) -> int:
        """D, the length of a vector."""

    def encode_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Return (N, D) unit rows, row i for text i; `on_progress` gets the count of texts done."""

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Return (N, D) unit rows, row i for question i."""


@dataclass(frozen=True, slots=True)
class Ranker:
    """An index made from documents."""

    passages: int  # how many it holds
    search: Callable[[str], Sequence[str]]  # question -> the document of each passage, best first
    close: Callable[[], object] = lambda: None
    encoding: float = 0.0  # seconds that it took to encode by itself, beside the cache


class System(Protocol):
    """A module of this package: `ours`, or the file of a peer."""

    PACKAGES: tuple[str, ...]  # distributions whose versions are reported
    SETUP: str  # what is cut, indexed and searched how, in one line

    def build(self, documents: Sequence[Document], encoder: TextEncoder, folder: Path) -> Ranker:
        """Index documents; `folder` is empty and goes when the ranker is closed."""
