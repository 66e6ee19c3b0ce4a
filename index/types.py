"""The nouns of the index: documents become clean texts, passages and hits.

A place in a text is a half-open span of characters (Python's `str` indices) in one named text.
Texts are named by what holds them: `Document.raw` never changes, `CleanText.text` is derived from
it and remembers where each character was.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]  # (N, D), each row of unit length
Offsets = NDArray[np.int32]  # (len(text),), places in the raw text


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters `start` up to but not including `end` of one named text; 0 <= start <= end."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a span needs 0 <= start <= end, is now {self.start}, {self.end}")

    def __len__(self) -> int:
        return self.end - self.start

    def of(self, text: str) -> str:
        """Return the characters of `text` that the span covers."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known about a document; an empty string means unknown.

    `found` says where each field came from: "declared" (a row, a meta tag), "text", "file name",
    or "table" (the user's own).
    """

    title: str = ""
    publisher: str = ""  # who put it before the public: a site, a newspaper, the body itself
    issuer: str = ""  # the body or bodies, joined by 、, that issued it
    date: str = ""  # ISO 8601 calendar date, the day of publication
    issued: str = ""  # ISO 8601 calendar date, the day it was signed
    document_number: str = ""  # such as 粤府〔2024〕5号
    url: str = ""
    region: str = ""  # a place of places.csv
    level: str = ""  # "national", "province", "city" or "district": whose document it is
    status: str = ""  # words joined by 、: 征求意见稿, 试行, 修订, 废止 …
    found: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layout:
    """What a reader knows of a text beyond its characters; places are those of the raw text."""

    pages: tuple[int, ...] = ()  # where each page begins, the first at 0; empty: it has no pages
    headings: tuple[tuple[Span, int], ...] = ()  # declared by the format, with level 1 to 9
    hidden: tuple[Span, ...] = ()  # text that the original does not show

    def page_of(self, place: int) -> int:
        """Return the number of the page, from 1, on which a character stands; 0 without pages."""
        return bisect_right(self.pages, place)


@dataclass(frozen=True, slots=True)
class Document:
    """One source text as it was found: `raw` is the decoded file or the row's text."""

    id: str  # the source: path relative to the ingested root, a URL, or the row's own id
    raw: str
    sha256: str  # of raw encoded as UTF-8, in hex
    media_type: str = "text/plain"
    metadata: Metadata = Metadata()
    layout: Layout = Layout()


@dataclass(frozen=True, slots=True)
class Dropped:
    """A span of the raw text that cleaning left out, and why."""

    span: Span
    reason: str


@dataclass(frozen=True, slots=True)
class CleanText:
    """Text without noise, each of whose characters knows its place in the raw text.

    `starts[i]` and `ends[i]` are the raw places of character i: both never decrease, and
    `starts[i] < ends[i]`.
    """

    text: str
    starts: Offsets
    ends: Offsets
    dropped: tuple[Dropped, ...] = ()

    def to_raw(self, span: Span) -> Span:
        """Return the raw span of a non-empty span of `text`; noise at its edges is left out."""
        if not len(span):
            raise ValueError(f"an empty span has no place in the raw text, is now {span}")
        return Span(int(self.starts[span.start]), int(self.ends[span.end - 1]))


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one document: `clean.text[span] == text`."""

    id: int  # never used twice in a library; -1 until it is stored
    document: str
    span: Span  # in the clean text
    raw_span: Span  # in the raw text
    text: str
    heading: tuple[str, ...] = ()  # from the outermost heading inwards, without the title


@dataclass(frozen=True, slots=True)
class Scores:
    """Why a passage was found; None where a leg did not look at it."""

    dense: float | None = None  # cosine, -1..1
    lexical: float | None = None  # BM25, 0 or more
    late: float | None = None  # mean of the best cosine a question token, -1..1


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question; hits come sorted by score, ties by passage id."""

    passage: Passage
    score: float  # 0..1, comparable within one question only
    scores: Scores


@dataclass(frozen=True, slots=True)
class QuestionTokens:
    """The tokens of a question: `vectors` (T, D) unit rows, `weights` (T,) 0 or more."""

    vectors: Vectors
    weights: Vectors


class Encoder(Protocol):
    """Texts to vectors: the bundled model, any sentence-transformers model, fakes in tests."""

    @property
    def name(self) -> str:
        """What was asked for, such as "bundled" or "BAAI/bge-m3"."""

    @property
    def fingerprint(self) -> str:
        """Equal for two encoders if and only if their vectors may stand in one library."""

    @property
    def dimension(self) -> int:
        """D, the length of a vector."""

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text count; what is longer is cut."""

    def encode_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Return (N, D) unit rows, row i for text i; `on_progress` gets the number done so far."""

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Return (N, D) unit rows, row i for question i."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, uncut, special tokens and prefix left out."""

    def estimate_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return about what `count_tokens` does, at less cost if there is a way."""


@runtime_checkable
class TokenEncoder(Encoder, Protocol):
    """An encoder that also gives a vector for each token, for late interaction."""

    @property
    def token_fingerprint(self) -> str:
        """Equal for two encoders if and only if their token vectors may stand in one library."""

    @property
    def token_dimension(self) -> int:
        """The length of a token vector."""

    def encode_passages_with_tokens(
        self,
        texts: Sequence[str],
        pack: Callable[[Vectors], bytes],
        on_progress: Callable[[int], None] | None = None,
    ) -> tuple[Vectors, list[bytes]]:
        """Return what `encode_passages` does, and `pack` of the token vectors (T, D') of each."""

    def encode_questions_with_tokens(
        self, texts: Sequence[str]
    ) -> tuple[Vectors, list[QuestionTokens]]:
        """Return what `encode_questions` does, and the tokens of each question."""


class Reranker(Protocol):
    """Reads a question and a passage together: slower than an encoder, and better."""

    @property
    def name(self) -> str:
        """What was asked for, such as "BAAI/bge-reranker-v2-m3"."""

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return, for each text, how well it answers the question, 0..1."""
