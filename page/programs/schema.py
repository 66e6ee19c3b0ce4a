"""The rows that programs send and get, as DESIGN section 4 writes them, for their schemas."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic needs this one below Python 3.12


class Message(TypedDict):
    """A message of a conversation, the oldest first."""

    role: Literal["user", "assistant"]
    content: str


class CitationRow(TypedDict):
    """A place in a document that a claim rests on: its raw text from start to end is `quote`."""

    n: int
    source: str
    title: str
    publisher: str
    date: str
    url: str
    heading: str
    quote: str
    text: str
    start: int
    end: int
    sha256: str
    page: NotRequired[int]
    also: NotRequired[list[str]]


class ClaimRow(TypedDict):
    """A sentence of the answer and how far what it cites bears it out."""

    text: str
    citations: list[int]
    status: Literal["supported", "partly", "unsupported"]
    problems: list[str]


class ConflictRow(TypedDict):
    """Two citations that give different figures for the same thing."""

    text: str
    citations: list[int]


class TimingRow(TypedDict):
    """Milliseconds from the question on; null for what did not happen."""

    search: float
    first_token: float | None
    total: float


class AskRow(TypedDict):
    """An answer; one that is refused has no citations."""

    id: str
    question: str
    language: Literal["zh", "zh-Hant", "en"]
    answer: str
    refused: bool
    llm: str
    citations: list[CitationRow]
    claims: list[ClaimRow]
    timing_ms: TimingRow
    cut: NotRequired[bool]
    notes: NotRequired[list[str]]
    conflicts: NotRequired[list[ConflictRow]]
    choices: NotRequired[list[str]]
    related: NotRequired[list[str]]


class ScoresRow(TypedDict):
    """Why a passage was found; null where a leg did not look at it."""

    dense: float | None
    lexical: float | None
    late: float | None


class HitRow(TypedDict):
    """A passage that was found, and the words of the question that stand in it."""

    source: str
    title: str
    start: int
    end: int
    text: str
    score: float
    scores: ScoresRow
    matched: list[str]


class SearchRow(TypedDict):
    """The passages found for a question, the best first."""

    id: str
    hits: list[HitRow]


class PassageRow(TypedDict):
    """A place in a document: its raw text from start to end is `quote`, cleaned it is `text`."""

    source: str
    title: str
    publisher: str
    date: str
    url: str
    heading: str
    page: NotRequired[int]
    sha256: str
    start: int
    end: int
    quote: str
    text: str
    before: str
    after: str


class PlaceRow(PassageRow):
    """A place where a quotation stands."""

    problems: list[str]


class NearestRow(PassageRow):
    """The passage that a search finds for a quotation that stands nowhere: a hint, no proof."""

    note: str


class QuoteRow(TypedDict):
    """Whether a quotation stands word for word, and where."""

    quote: str
    source: str
    verbatim: bool
    count: int
    places: list[PlaceRow]
    nearest: NearestRow | None
