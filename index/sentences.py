"""Sentences and clauses of Chinese and English text, as spans."""

import re
from collections.abc import Iterator

from index.types import Span

_TERMINAL = "。！？!?…"
_OPENERS = "“「『（(《〈【〔[［{"
_CLOSERS = "”」』）)》〉】〕]］}"
_AFTER = _TERMINAL + _CLOSERS + "’\"'"  # what still belongs to a sentence after its terminal
_LATIN_STOP = re.compile(r"(?<=[A-Za-z)\]\"”])\.(?=\s+[\"“(]?[A-Z\u3400-\u9fff]|\s*$)")
# Clause ends, the strong ones first; a comma or colon between digits belongs to a number or a time.
_CLAUSE_ENDS = (
    re.compile("[；;]+"),
    re.compile(r"(?<!\d)[，,]|[，,](?!\d)"),
    re.compile(r"(?<!\d)[：:、]|[：:、](?!\d)"),
)
_UNBREAKABLE = re.compile(r"[A-Za-z0-9.,%％±~\-–—]+[万亿萬億千百]*[元家项項人名个個件年月日号號%％期]?|《[^《》\n]{0,60}》|“[^“”\n]{0,60}”|「[^「」\n]{0,60}」")


def sentence_spans(text: str) -> list[Span]:
    """Return the sentences of `text` in order; a line end always ends one, white space between belongs to none.

    No sentence ends inside brackets or quotation marks that are closed on the same line.
    """
    return [span for line in re.finditer(r"[^\n]+", text) for span in _of_line(text, Span(*line.span()))]


def _of_line(text: str, line: Span) -> Iterator[Span]:
    cuts = _cuts(text, line, respect_brackets=True)
    start = line.start
    for cut in [*cuts, line.end]:
        if span := _stripped(text, start, cut):
            yield span
        start = cut


def _cuts(text: str, line: Span, respect_brackets: bool) -> list[int]:
    depth = 0
    cuts = [match.end() for match in _LATIN_STOP.finditer(text, line.start, line.end)]
    position = line.start
    while position < line.end:
        character = text[position]
        position += 1
        if character in _OPENERS:
            depth += respect_brackets
        elif character in _CLOSERS:
            depth = max(0, depth - 1)
        elif character in _TERMINAL:
            end = _end_of_terminal(text, position, line.end)
            closed = sum(mark in _CLOSERS for mark in text[position:end])
            depth, position = max(0, depth - closed), end
            cuts += [] if depth else [end]
    if depth:  # an opener that nothing closes must not swallow the rest of the line
        return _cuts(text, line, respect_brackets=False)
    return sorted(set(cuts))


def _end_of_terminal(text: str, position: int, limit: int) -> int:
    while position < limit and text[position] in _AFTER:
        position += 1
    return position


def _stripped(text: str, start: int, end: int) -> Span | None:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return Span(start, end) if start < end else None


def pieces(text: str, span: Span, limit: int) -> list[Span]:
    """Cut a span into pieces of at most `limit` characters: at semicolons, else commas, else between words.

    A number with its unit, a title in 《》 and a quotation of up to 60 characters stay whole while they fit. Nothing is left out.
    """
    parts = [span]
    for pattern in _CLAUSE_ENDS:
        parts = [part for whole in parts for part in _split(text, whole, pattern, limit)]
    return [part for whole in parts for part in _chop(text, whole, limit)]


def _split(text: str, span: Span, pattern: re.Pattern[str], limit: int) -> Iterator[Span]:
    """Cut where the pattern ends, as late as fits."""
    if len(span) <= limit:
        yield span
        return
    whole = [match.span() for match in _UNBREAKABLE.finditer(text, span.start, span.end)]
    ends = [match.end() for match in pattern.finditer(text, span.start, span.end)]
    ends = [end for end in ends if not any(a < end < b for a, b in whole)]
    start, last = span.start, span.start
    for end in [*ends, span.end]:
        if end - start > limit and last > start:
            yield Span(start, last)
            start = last
        last = end
    if start < span.end:
        yield Span(start, span.end)


def _chop(text: str, span: Span, limit: int) -> Iterator[Span]:
    start = span.start
    while span.end - start > limit:
        cut = start + limit
        window = _UNBREAKABLE.finditer(text, start, min(span.end, cut + limit))
        inside = next((m for m in window if m.start() < cut < m.end()), None)
        if inside and inside.start() > start:
            cut = inside.start()
        yield Span(start, cut)
        start = cut
    if start < span.end:
        yield Span(start, span.end)
