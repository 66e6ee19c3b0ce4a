"""Quotes: the exact characters of a document that bear out a sentence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.script import fold_characters
from index.sentences import pieces, sentence_spans
from index.types import CleanText, Document, Span
from rag.evidence import covered
from rag.quantities import missing, quantities
from rag.types import Citation, Evidence

# Raw characters: longer quotes are not read, and hide what they are quoted for.
MAX_QUOTE = 300
# A quotation shorter than this proves nothing by standing somewhere.
_TELLING = 8


@dataclass(frozen=True, slots=True)
class Source:
    """A document as citing needs it: its raw text and the clean text that passages are spans of."""

    document: Document
    clean: CleanText


def best_quote(sentence: str, evidence: Evidence, source: Source) -> Span:
    """Return the span of clean text that best bears out a sentence: itself where it stands verbatim.

    Its raw characters number at most MAX_QUOTE. Otherwise it is the sentence of the passage, or the run of sentences, that has
    most of the figures and words; so there is always one, and whether it is enough is for verification to say.
    """
    passage = evidence.passage
    verbatim = find_verbatim(sentence, passage.text)
    if verbatim:
        placed = _shifted(verbatim, passage.span.start)
        if _fits(placed, source.clean):
            return placed
    spans = [_shifted(span, passage.span.start) for span in _runs(passage.text)]
    short = [piece for span in spans for piece in _short(span, source.clean)]
    return max(
        short, key=lambda span: (_support(sentence, span.of(source.clean.text)), -span.start)
    )


def find_verbatim(quotation: str, text: str) -> Span | None:
    """Return where a quotation stands in a text, white space and script folded; None if it does not."""
    wanted = [c for c in fold_characters(quotation) if not c.isspace()]
    if len(wanted) < _TELLING and not text.startswith(quotation):
        return None
    places = [i for i, c in enumerate(text) if not c.isspace()]
    folded = fold_characters(text)
    at = "".join(folded[i] for i in places).find("".join(wanted))
    return Span(places[at], places[at + len(wanted) - 1] + 1) if at >= 0 and wanted else None


def _runs(text: str) -> list[Span]:
    """Return the sentences of a passage, and each pair of neighbours."""
    single = sentence_spans(text)
    pairs = [Span(one.start, other.end) for one, other in zip(single, single[1:], strict=False)]
    return single + pairs


def _shifted(span: Span, by: int) -> Span:
    return Span(span.start + by, span.end + by)


def _fits(span: Span, clean: CleanText) -> bool:
    return len(clean.to_raw(span)) <= MAX_QUOTE


def _short(span: Span, clean: CleanText) -> list[Span]:
    """Return the span, or pieces of it whose raw characters fit a quote."""
    limit = MAX_QUOTE
    while True:
        parts = pieces(clean.text, span, limit)
        if limit <= 10 or all(_fits(part, clean) for part in parts):
            return [part for part in parts if _fits(part, clean)] or [
                Span(span.start, span.start + 1)
            ]
        limit //= 2


def _support(sentence: str, text: str) -> float:
    """Return how much of a sentence stands in a text: its figures first, then its words; longer texts lose a little."""
    figures = quantities(sentence)
    found = 1 - len(missing(sentence, [text])) / len(figures) if figures else 0.0
    return 2 * found + covered(sentence, text) - len(text) / 1000


def cite(n: int, span: Span, evidence: Evidence, source: Source) -> Citation:
    """Return the citation of a span of clean text; `raw[start:end] == quote` by construction."""
    raw = source.clean.to_raw(span)
    known = evidence.metadata
    return Citation(
        n=n,
        source=source.document.id,
        title=known.title,
        publisher=known.publisher,
        date=known.date,
        url=known.url,
        heading=" › ".join(evidence.passage.heading),
        quote=raw.of(source.document.raw),
        text=span.of(source.clean.text),
        start=raw.start,
        end=raw.end,
        sha256=source.document.sha256,
    )


@dataclass(frozen=True, slots=True)
class Bound:
    """Citations numbered in the order in which they are first cited, and for each sentence the numbers that it cites."""

    citations: tuple[Citation, ...]
    numbers: tuple[tuple[int, ...], ...]


def bind(
    sentences: Sequence[tuple[str, Sequence[int]]],
    evidence: Sequence[Evidence],
    source: Callable[[str], Source],
) -> Bound:
    """Turn marks that name evidence into citations of exact spans.

    `sentences` are texts with the numbers of evidence that they cite. Sentences that rest on the same span share a citation.
    """
    numbered = {item.n: item for item in evidence}
    citations: dict[tuple[str, Span], Citation] = {}
    numbers = []
    for text, marks in sentences:
        cited = []
        for mark in marks:
            item = numbered[mark]
            origin = source(item.passage.document)
            span = best_quote(text, item, origin)
            key = (origin.document.id, span)
            if key not in citations:
                citations[key] = cite(len(citations) + 1, span, item, origin)
            cited.append(citations[key].n)
        numbers.append(tuple(dict.fromkeys(cited)))
    return Bound(tuple(citations.values()), tuple(numbers))
