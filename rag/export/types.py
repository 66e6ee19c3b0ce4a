"""The nouns of exports: a report that is written, and what a written one holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from index.types import Metadata
from rag.collected import Item
from rag.types import Citation, Language

Style = Literal["gb7714-numeric", "gb7714-author-year", "apa"]
Format = Literal["docx", "md", "html", "bib", "json"]
FORMATS: tuple[Format, ...] = ("docx", "md", "html", "bib", "json")


def as_it_is(problem: str, language: Language) -> str:
    """Return what `rag.verify` says of a claim, in English as it says it."""
    return problem


@dataclass(frozen=True, slots=True)
class Report:
    """What is exported; `documents` holds what is known of each source, if more than citations do.

    `accessed` is the ISO 8601 day on which the sources were read; `worded` puts what `rag.verify`
    says of a claim into a language.
    """

    title: str
    items: tuple[Item, ...]
    style: Style = "gb7714-numeric"
    language: Language = "zh"
    accessed: str = ""
    documents: Mapping[str, Metadata] = field(default_factory=dict)
    worded: Callable[[str, Language], str] = as_it_is

    def citations(self) -> list[Citation]:
        """Return all citations in the order in which they are shown."""
        return [citation for item in self.items for citation in item.citations]


@dataclass(frozen=True, slots=True)
class Place:
    """A place as a reader sees it: `sha256` is the beginning of the hash, 12 hex digits."""

    source: str
    start: int
    end: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Visible:
    """A quotation as it stands in a written report, with its marks; None: no legible place."""

    quote: str
    place: Place | None
    number: int = 0  # of its note, from 1


@dataclass(frozen=True, slots=True)
class Written:
    """What was read from a report: its record, rows as `ask --json` writes them, and what shows."""

    rows: tuple[dict[str, Any], ...]
    visible: tuple[Visible, ...]
