"""The nouns of answering: question, evidence, draft, claim, answer, and the events on the way."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from index.places import Place
from index.types import CleanText, Document, Hit, Metadata, Passage, Scores, Span
from rag.kinds import Kind

Language = Literal["zh", "zh-Hant", "en"]
_UNSEEN = Scores()  # of a passage that no search found


class Status(StrEnum):
    """How far a claim is borne out by what it cites."""

    SUPPORTED = "supported"
    PARTLY = "partly"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what it plainly asks about."""

    text: str  # stands alone: what a follow-up leaves out is put in
    language: Language
    places: tuple[Place, ...] = ()
    years: tuple[int, ...] = ()
    wanted: frozenset[Kind] = frozenset()  # kinds of quantities of which the answer must hold one
    wants_places: bool = False  # the answer must name a place that the question does not
    items: int = 0  # of a list: 3 for 哪三大平台; 0 if it does not say
    said: str = ""  # as the user put it, if that is not how it stands alone
    unknown_places: tuple[Place, ...] = ()  # that no document of the library names


@dataclass(frozen=True, slots=True)
class Evidence:
    """A numbered passage that a draft may cite."""

    n: int  # from 1
    passage: Passage
    metadata: Metadata
    score: float
    scores: Scores = _UNSEEN  # why it was found
    also: tuple[str, ...] = ()  # documents that say the same in nearly the same words
    matched: tuple[Span, ...] = ()  # of the passage's text: words of the question


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """A sentence of a draft: its span in the text without marks, and the evidence it cites."""

    span: Span
    text: str
    marks: tuple[int, ...]
    unknown: tuple[int, ...] = ()  # numbers that no evidence has


@dataclass(frozen=True, slots=True)
class Source:
    """A document as citing needs it: its raw text and the clean text that passages are spans of."""

    document: Document
    clean: CleanText


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in a document that a claim rests on: `raw[start:end] == quote`, always."""

    n: int
    source: str
    title: str
    publisher: str
    date: str
    url: str
    heading: str
    quote: str
    text: str  # the quote as it is shown: without noise, in the original script
    start: int
    end: int
    sha256: str  # of the document's raw text in UTF-8
    page: int | None = None  # from 1, of a document that has pages
    also: tuple[str, ...] = ()  # other documents in which the same words stand


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of the answer, what it cites, and how far that bears it out."""

    text: str
    citations: tuple[int, ...]
    status: Status
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two citations that give different figures for the same thing."""

    text: str  # in the language of the question, with the marks of both
    citations: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds from the question on; None for what did not happen."""

    search: float
    first_token: float | None
    total: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked answer. A refusal has no citations and no claims."""

    question: str
    language: Language
    text: str
    refused: bool
    llm: str
    citations: tuple[Citation, ...]
    claims: tuple[Claim, ...]
    timing: Timing
    notes: tuple[str, ...] = ()  # such as: the model did not answer, so the documents are quoted
    related: tuple[str, ...] = ()  # titles that come nearest to a refused question; not evidence
    evidence: tuple[Evidence, ...] = ()  # what was read, the best first
    cut: bool = False  # the model broke off: what it wrote by then is shown
    conflicts: tuple[Conflict, ...] = ()
    choices: tuple[str, ...] = ()  # questions that ask for less, where evidence splits


# What happens on the way to an answer, in this order; `Written` any number of times.


@dataclass(frozen=True, slots=True)
class Searching:
    """The library is being searched."""

    question: str


@dataclass(frozen=True, slots=True)
class Found:
    """Passages were found and numbered."""

    hits: tuple[Hit, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """More of the draft, "" for a sign of life; its marks are numbers of evidence, unchecked."""

    text: str


@dataclass(frozen=True, slots=True)
class Checking:
    """The draft is whole and is being checked."""

    draft: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The checked answer, which replaces the draft."""

    answer: Answer


Event = Searching | Found | Written | Checking | Finished


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft without its marks, and its sentences with them."""

    text: str
    sentences: tuple[DraftSentence, ...] = field(default=())
