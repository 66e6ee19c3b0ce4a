"""Which tables of an HTML source hold data, and how their rows are written.

A row of data is one line, a tab between cells. Pages use tables for their layout too: those that
hold tables, headings or most of an article come apart into lines like any other block.
"""

from dataclasses import dataclass, field

# A cell larger than this holds an article rather than a value, unless the table holds much more.
_LARGE_CELL = 600
_LARGE_SHARE = 0.5
# Less than two rows of two filled cells is a pair of columns on the page.
_ROWS = 2
_COLUMNS = 2
# Browsers cap colspan too; what stands further to the right is taken as it is written.
_MOST_COLUMNS = 64

# Marks of what stands between two texts; ROW, CELL and SPACE are also what they become.
ROW, CELL, SPACE, BLOCK, BREAK = "\n", "\t", " ", "b", "i"


@dataclass(slots=True)
class OpenTable:
    """A table being read: the column that comes next, and what tells data from layout."""

    first_edit: int
    layout: bool = False  # it holds a table, a heading or preformatted text
    rows: int = 0  # with at least two filled cells
    filled: int = 0  # cells of this row with text
    cell: int = 0  # characters of this cell
    largest: int = 0
    total: int = 0
    row: int = 0
    column: int = 0  # the next one that is free
    last: int = 0  # the column of the cell before
    covered: dict[int, int] = field(default_factory=dict)  # column -> the row that ends it

    def start_row(self) -> None:
        """Begin a row; cells of earlier rows that reach into it take their columns."""
        self.end_cell()
        self.rows += self.filled >= _COLUMNS
        self.filled = self.column = self.last = 0
        self.row += 1

    def start_cell(self, columns: int, rows: int) -> str:
        """Begin a cell over so many columns and rows; return the tabs that part it from the last.

        What a cell covers beyond its first place stays empty, so that columns keep their numbers.
        """
        self.end_cell()
        while self.covered.get(self.column, 0) > self.row:
            self.column += 1
        tabs = self.column - self.last
        self.last = self.column
        self.column += columns if self.column + columns <= _MOST_COLUMNS else 1
        if rows > 1 and self.column <= _MOST_COLUMNS:
            last_row = self.row + rows
            self.covered |= dict.fromkeys(range(self.last, self.column), last_row)
        return CELL * tabs

    def text(self, length: int) -> None:
        """Count the characters of a text in this cell."""
        self.cell += length

    def end_cell(self) -> None:
        """Take the cell that ends into account."""
        self.filled += self.cell > 0
        self.largest = max(self.largest, self.cell)
        self.total += self.cell
        self.cell = 0

    def is_data(self) -> bool:
        """Tell whether the table, now at its end, holds data."""
        self.start_row()
        small = self.largest <= max(_LARGE_CELL, _LARGE_SHARE * self.total)
        return not self.layout and self.rows >= _ROWS and small


def spread(marks: str) -> str:
    """Return what stands between two texts outside tables of data: a line end, a space, nothing."""
    if any(mark in marks for mark in (ROW, CELL, BLOCK, BREAK)):
        return "\n"
    return SPACE if SPACE in marks else ""


def in_row(marks: str, before: str, after: str) -> str:
    """Return what stands between two texts in a table of data.

    `before` and `after` are the two characters on each side, for lone characters that a line
    break in a narrow cell parted are one word.
    """
    if ROW in marks:
        first, *_, last = marks.split(ROW)
        return CELL * first.count(CELL) + ROW + CELL * last.count(CELL)
    if CELL in marks:
        return CELL * marks.count(CELL)
    if BREAK in marks and BLOCK not in marks and SPACE not in marks:
        return "" if _is_lone(before[::-1]) or _is_lone(after) else SPACE
    return SPACE if SPACE in marks or BLOCK in marks else ""


def _is_lone(characters: str) -> bool:
    """Tell whether a Han character stands alone before markup or white space."""
    return characters[:1] >= "\u3400" and (characters[1:2] in "<>" or characters[1:2].isspace())
