"""A part of a document -> HTML: its clean text, or all of it with what was left out shown faintly.

Pure. The server writes every mark: places are Python's characters, which a browser counts
otherwise. The text of the <mark> elements is, character for character, what is quoted.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from index.offsets import kept_spans
from index.types import CleanText, Dropped, Span
from page.text import escaped
from rag.types import Source

# Characters of text shown at once: some twenty pages, of which a browser makes nothing.
WINDOW = 30_000
# Characters of HTML sent at once; text that needs more, such as sources of HTML, is shown in
# smaller parts, down to this many characters of text.
MOST_HTML, _LEAST = 200_000, 500
_BEFORE = 3  # a third of a part stands before the quotation
_LINE_END = re.compile("\r(?!\n)|[\x0b\x0c\x85\u2028\u2029]")
_HASHES = re.compile(r"#{1,6}\s+(?=\S)")
_LOWEST = 6  # <h6>
_TABBED, _BARRED = re.compile(r"[^\t]*(?:\t|$)"), re.compile(r"(?:^\s*\|)?[^|]*(?:\||$)")
_BAR = re.compile(r"\|")

Cells = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """What a part says itself, in the language of the reader; `{}` stands for the number."""

    page: str
    table: str
    left_out: Mapping[str, str]  # by reason; "" for what has none


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a document as HTML, and the raw places where its neighbours begin, if any."""

    html: str
    earlier: int | None
    later: int | None
    is_marked: bool  # whether any of what is quoted shows


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a document is to be shown; all places are in the raw text.

    `spans` are marked; `place` is where the part begins, None for one around the first span.
    """

    spans: tuple[Span, ...] = ()
    place: int | None = None
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    """A line with its end; `level` 1 to 6 of a heading, `cells` of a row of a table.

    `syntax` are marks of Markdown, which stand in the text of the page but do not show.
    """

    span: Span
    level: int = 0
    cells: Cells = ()
    syntax: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class _View:
    """Part of a text, with what is known of its characters; all places are in `text`."""

    text: str
    marked: NDArray[np.bool_]  # (len(text),)
    reasons: NDArray[np.int32]  # (len(text),), 0 for what was kept, else 1 + place in `names`
    names: tuple[str, ...]
    pages: Mapping[int, int]  # where a page begins -> its number


def part_of(
    source: Source,
    asked: Asked,
    wording: Wording,
    reasons: Sequence[Dropped] = (),
    headings: Mapping[str, int] | None = None,
    outer: int = 2,
) -> Part:
    """Return the part of a document that is asked for; spans must lie in the raw text.

    `headings` are lines that are headings, with their level from 1; `outer` is the level of HTML
    headings around the text. Takes time linear in the length of the document.
    """
    size = WINDOW
    while True:
        window = _window(source, asked, size)
        view = _original(source, asked, window, reasons) if asked.dropped else None
        view = view or _cleaned(source, asked, window)
        known = {} if asked.dropped else _heading_lines(source, window, headings or {})
        lines = list(_lines(view.text, known, not asked.dropped))
        html = _html(view, lines, wording, outer)
        if len(html) <= MOST_HTML or size <= _LEAST:
            return Part(html, *_neighbours(source, asked, window, size), bool(view.marked.any()))
        size //= 2


def place_in_clean(clean: CleanText, span: Span) -> Span:
    """Return the span of the clean text that stands for a raw span; empty if all was left out."""
    # Places of the arrays' own type: for any other the whole array would be converted.
    first = int(np.searchsorted(clean.ends, np.int32(span.start), "right"))
    return Span(first, max(first, int(np.searchsorted(clean.starts, np.int32(span.end), "left"))))


# --- which part


def _window(source: Source, asked: Asked, size: int) -> Span:
    """Return the span of the shown text, of at most `size` characters, cut at ends of lines."""
    text = source.document.raw if asked.dropped else source.clean.text
    if len(text) <= size:
        return Span(0, len(text))
    start = 0
    if asked.place is not None:
        start = _shown_place(source, asked, asked.place)
    elif asked.spans:
        wanted = _shown_place(source, asked, asked.spans[0].start)
        start = _next_line(text, max(0, wanted - size // _BEFORE), wanted)
    start = min(start, len(text) - 1)
    end = min(start + size, len(text))
    cut = text.rfind("\n", start, end) + 1
    return Span(start, cut if start < cut and end < len(text) else end)


def _next_line(text: str, place: int, most: int) -> int:
    """Return the beginning of the next line up to `most`, `place` itself if there is none."""
    if place == 0:
        return 0
    found = text.find("\n", place - 1, most)
    return found + 1 if found >= 0 else place


def _neighbours(
    source: Source, asked: Asked, window: Span, size: int
) -> tuple[int | None, int | None]:
    text = source.document.raw if asked.dropped else source.clean.text
    earlier = later = None
    if window.start:
        start = _next_line(text, max(0, window.start - size), window.start - 1)
        earlier = _raw_place(source, asked, start)
    if window.end < len(text):
        later = _raw_place(source, asked, window.end)
    return earlier, later


def _shown_place(source: Source, asked: Asked, place: int) -> int:
    if asked.dropped:
        return place
    return int(np.searchsorted(source.clean.ends, np.int32(place), "right"))


def _raw_place(source: Source, asked: Asked, place: int) -> int:
    return place if asked.dropped else int(source.clean.starts[place])


# --- what is known of its characters


def _cleaned(source: Source, asked: Asked, window: Span) -> _View:
    clean, text = source.clean, _LINE_END.sub("\n", window.of(source.clean.text))
    marked = np.zeros(len(text), np.bool_)
    for span in asked.spans:
        _paint(marked, place_in_clean(clean, span), window, True)
    pages = np.array(source.document.layout.pages, np.int32)
    begins = np.searchsorted(clean.ends, pages, "right")
    none = np.zeros(len(text), np.int32)
    return _View(text, marked, none, (), _pages(begins.tolist(), window))


def _original(source: Source, asked: Asked, window: Span, reasons: Sequence[Dropped]) -> _View:
    text = _LINE_END.sub("\n", window.of(source.document.raw))  # of the same length
    marked = np.zeros(len(text), np.bool_)
    for span in asked.spans:
        _paint(marked, span, window, True)
    names = tuple(dict.fromkeys(["", *(dropped.reason for dropped in reasons)]))
    numbers = {name: number for number, name in enumerate(names, start=1)}
    why = np.ones(len(text), np.int32)
    # What later steps dropped may hold what earlier ones did: the first reason is the nearest.
    for dropped in reversed(reasons):
        _paint(why, dropped.span, window, numbers[dropped.reason])
    for span in _kept(source.clean, window):
        _paint(why, span, window, 0)
    return _View(text, marked, why, names, _pages(source.document.layout.pages, window))


def _kept(clean: CleanText, window: Span) -> list[Span]:
    inner = place_in_clean(clean, window)
    return kept_spans(
        CleanText(
            inner.of(clean.text),
            clean.starts[inner.start : inner.end],
            clean.ends[inner.start : inner.end],
        )
    )


def _paint(
    values: NDArray[np.bool_] | NDArray[np.int32], span: Span, window: Span, value: int
) -> None:
    """Set the values of the characters that a span and the window share."""
    start, end = max(span.start, window.start), min(span.end, window.end)
    if start < end:
        values[start - window.start : end - window.start] = value


def _pages(begins: Sequence[int], window: Span) -> dict[int, int]:
    """Return where pages begin in the window; of those that begin at one place the last counts."""
    return {
        place - window.start: number
        for number, place in enumerate(begins, start=1)
        if window.start <= place < window.end
    }


def _heading_lines(source: Source, window: Span, headings: Mapping[str, int]) -> dict[int, int]:
    """Return where lines that are headings begin in the window, with their levels."""
    clean, text = source.clean, source.clean.text
    found: dict[int, int] = {}
    for line in re.finditer(r"[^\n]+", window.of(text)):
        if level := headings.get(line[0].strip(), 0):
            found[line.start()] = level
        elif source.document.media_type == "text/markdown" and (hash_ := _HASHES.match(line[0])):
            found[line.start()] = len(hash_[0].rstrip())
    if not len(window):
        return found
    raw = clean.to_raw(window)
    for span, level in source.document.layout.headings:
        if raw.start <= span.start < raw.end and len(inner := place_in_clean(clean, span)):
            start = text.rfind("\n", window.start, inner.start) + 1
            found[max(start, window.start) - window.start] = level
    return found


# --- lines


def _lines(text: str, headings: Mapping[int, int], has_tables: bool) -> Iterator[_Line]:
    for match in re.finditer(r"[^\n]*\n|[^\n]+", text):
        span = Span(*match.span())
        if level := min(headings.get(span.start, 0), _LOWEST):
            hashes = _HASHES.match(match[0])
            prefix = (Span(span.start, span.start + hashes.end()),) if hashes else ()
            yield _Line(span, level, syntax=prefix)
        elif has_tables and "\t" in match[0]:
            yield _Line(span, cells=_cells(match, _TABBED))
        elif has_tables and _is_barred(match[0].strip()):
            bars = _BAR.finditer(text, span.start, span.end)
            yield _Line(span, 0, _cells(match, _BARRED), tuple(Span(*bar.span()) for bar in bars))
        else:
            yield _Line(span)


def _is_barred(line: str) -> bool:
    return len(line) > 1 and line[0] == line[-1] == "|"


def _cells(line: re.Match[str], pattern: re.Pattern[str]) -> Cells:
    """Return the cells of a row, each with the tab or bar behind it."""
    found = [m.end() for m in pattern.finditer(line[0].rstrip("\n")) if m[0].strip(" ")]
    ends = [line.start() + end for end in found[:-1]]
    return tuple(Span(*pair) for pair in pairwise([line.start(), *ends, line.end()]))


# --- HTML


def _html(view: _View, lines: Sequence[_Line], wording: Wording, outer: int) -> str:
    writer = _Writer(view, wording, [span for line in lines for span in line.syntax])
    parts: list[str] = []
    for is_table, group in groupby(lines, lambda line: bool(line.cells)):
        if is_table:
            parts.append(writer.table(group))
            continue
        for line in group:
            tag = f"h{min(outer + line.level, _LOWEST)}" if line.level else "p"
            parts.append(f"<{tag}>{writer.inline(line.span)}</{tag}>\n")
    return "".join(parts)


class _Writer:
    """Writes runs of characters of one view; where any of what is known changes, a run ends."""

    def __init__(self, view: _View, wording: Wording, syntax: Sequence[Span]) -> None:
        self.view, self.wording = view, wording
        self.hidden = np.zeros(len(view.text), np.bool_)
        for span in syntax:
            self.hidden[span.start : span.end] = True
        codes = 4 * view.reasons + 2 * self.hidden + view.marked
        changes = np.flatnonzero(codes[1:] != codes[:-1]) + 1
        self.cuts: list[int] = sorted({*changes.tolist(), *view.pages})
        self.first = int(view.marked.argmax()) if view.marked.any() else -1

    def table(self, rows: Iterable[_Line]) -> str:
        """Return rows as a table, which may be wider than its place."""
        body = "".join(
            f"<tr>{''.join(f'<td>{self.inline(cell)}</td>' for cell in row.cells)}</tr>"
            for row in rows
        )
        around = (
            f'class="yz-doc-table" role="region" tabindex="0" aria-label="{self.wording.table}"'
        )
        return f"<div {around}><table><tbody>{body}</tbody></table></div>\n"

    def inline(self, span: Span) -> str:
        """Return the HTML of a line or a cell, each stretch of what is marked in one <mark>."""
        first, last = bisect_right(self.cuts, span.start), bisect_left(self.cuts, span.end)
        parts, is_open = [], False
        for start, end in pairwise([span.start, *self.cuts[first:last], span.end]):
            marked = bool(self.view.marked[start])
            if marked != is_open:
                opening = '<mark id="quote">' if start == self.first else "<mark>"
                parts.append(opening if marked else "</mark>")
                is_open = marked
            parts += [self.page(start), self.run(Span(start, end))]
        return "".join([*parts, "</mark>" * is_open])

    def page(self, place: int) -> str:
        """Return what shows that a page begins; it holds no text, which would be marked too."""
        if not (number := self.view.pages.get(place, 0)):
            return ""
        told = self.wording.page.format(number)
        return (
            f'<span class="yz-doc-page" role="img" aria-label="{told}" data-page="{told}"></span>'
        )

    def run(self, span: Span) -> str:
        """Return the HTML of characters of which the same is known."""
        text = span.of(self.view.text)
        html = _escaped(text)
        if self.hidden[span.start]:
            return f'<span class="yz-doc-syntax">{html}</span>'
        number = int(self.view.reasons[span.start])
        if not number or text.isspace():
            return html
        reason = self.view.names[number - 1]
        why = escaped(self.wording.left_out.get(reason, reason))
        return (
            f'<span class="yz-doc-left" role="note" title="{why}" aria-label="{why}">{html}</span>'
        )


def _escaped(text: str) -> str:
    """Return a run of a line as HTML; the end of the line stays what it is, and no <br>."""
    return escaped(text[:-1]) + "\n" if text.endswith("\n") else escaped(text)
