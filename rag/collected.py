"""What a report is made of: answers and passages, kept whole, with all that proves them."""

from dataclasses import dataclass

from rag.types import Citation, Claim, Language


@dataclass(frozen=True, slots=True)
class Item:
    """An answer with its citations, or one citation alone (then question and text are "").

    It is a copy: what happens to the library later does not change it, and `verify` tells.
    """

    question: str
    text: str  # of the answer, with marks [n] that name its citations
    language: Language
    citations: tuple[Citation, ...]
    claims: tuple[Claim, ...] = ()
    notes: tuple[str, ...] = ()
    llm: str = ""
    added: str = ""  # ISO 8601, UTC, to the second
