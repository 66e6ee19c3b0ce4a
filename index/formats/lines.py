"""Text put together a line at a time, as the readers of office files find it.

A line is a list of pieces, each of which is shown or hidden, so that places are counted once, here.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from index.errors import ReadError
from index.types import Layout, Span

Piece = tuple[str, bool]  # some text, and whether the original hides it
Line = list[Piece]

# The largest yearbooks have some 3,000,000; beyond this it is a dump of data or an attack.
MAX_CHARACTERS = 10_000_000
# Body text that wears the style of a heading would lie on each of its passages.
LONGEST_HEADING = 100

_BREAKS = re.compile(r"[\t\n\r\f\v\x85\u2028\u2029]+")
_WIDE = re.compile(
    "[\u2e80-\u303e\u3041-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60\U00020000-\U0003ffff]"
)


def plain(text: str) -> str:
    """Return a text in one line: tabs are for cells, line ends for lines."""
    return _BREAKS.sub(" ", text)


def text_of(line: Line) -> str:
    """Return the characters of a line, hidden ones too."""
    return "".join(text for text, _ in line)


def in_one_line(lines: Iterable[Line]) -> Line:
    """Join the lines of a cell: by a space, by nothing where Chinese characters meet."""
    joined: Line = []
    for line in lines:
        text = text_of(line)
        if not text.strip():
            continue
        if joined and not (_WIDE.match(joined[-1][0][-1]) and _WIDE.match(text[0])):
            joined.append((" ", False))
        joined += [piece for piece in line if piece[0]]
    return _stripped(joined)


def _stripped(line: Line) -> Line:
    """Return a line without the spaces at its ends."""
    while line and not line[0][0].strip():
        line = line[1:]
    while line and not line[-1][0].strip():
        line = line[:-1]
    if line:
        line[0] = (line[0][0].lstrip(), line[0][1])
        line[-1] = (line[-1][0].rstrip(), line[-1][1])
    return line


def one_line(text: str) -> str:
    """Return the text of a cell in one line: no space where Chinese characters meet."""
    if not _BREAKS.search(text):
        return text
    return text_of(in_one_line([(part.strip(), False)] for part in _BREAKS.split(text)))


def row_of(cells: Sequence[Line]) -> Line:
    """Return the line of a table row: its cells, a tab between each two."""
    line: Line = []
    for number, cell in enumerate(cells):
        line += [("\t", False)] * bool(number) + cell
    return line


@dataclass(slots=True)
class Lines:
    """Lines as they come, with the places of headings, pages and hidden text."""

    parts: list[str] = field(default_factory=list)
    length: int = 0
    headings: list[tuple[Span, int]] = field(default_factory=list)
    hidden: list[Span] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)

    def add(self, line: Line, level: int = 0) -> None:
        """Append a line, a heading of `level` 1 to 9 or none; blank lines are passed over.

        Raises ReadError beyond MAX_CHARACTERS.
        """
        text = text_of(line)
        if not text.strip():
            return
        if self.length + len(text) >= MAX_CHARACTERS:
            raise ReadError(
                f"it holds more than the {MAX_CHARACTERS:,} characters that are read: split it"
            )
        if any(hides for _, hides in line):
            self._hide(line)
        elif level and len(text) <= LONGEST_HEADING:
            self.headings.append((Span(self.length, self.length + len(text)), level))
        self.parts.append(text)
        self.length += len(text) + 1

    def _hide(self, line: Line) -> None:
        start = self.length
        for text, hides in line:
            end = start + len(text)
            if hides and self.hidden and self.hidden[-1].end == start:
                self.hidden[-1] = Span(self.hidden[-1].start, end)
            elif hides and text:
                self.hidden.append(Span(start, end))
            start = end

    def start_page(self) -> None:
        """Let a page, or a sheet, begin with the next line."""
        self.pages.append(self.length)

    def text(self) -> str:
        """Return all lines, with no line end after the last."""
        return "\n".join(self.parts)

    def layout(self) -> Layout:
        """Return the places; pages that would begin behind the text are left out."""
        pages = sorted({place for place in self.pages if place < self.length})
        return Layout(tuple(pages), tuple(self.headings), tuple(self.hidden))


def hidden_notes(layout: Layout) -> tuple[str, ...]:
    """Return a line that says how much is hidden, and on which pages if there are some."""
    if not layout.hidden:
        return ()
    number = sum(map(len, layout.hidden))
    pages = sorted({layout.page_of(span.start) for span in layout.hidden} - {0})
    if len(layout.pages) < 2:
        return (f"hidden text ({number:,} characters) is left out",)
    where = f"page {pages[0]}" if len(pages) == 1 else f"{len(pages)} pages, first {pages[0]}"
    return (f"hidden text on {where} ({number:,} characters) is left out",)
