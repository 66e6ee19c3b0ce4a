"""XLSX and CSV -> text: a table row a line, tabs between cells, numbers as the sheet shows them.

XLSX sheets are read as streams, and only the cells that are there: what a sheet declares (2^20 rows
of 16,384 cells) is not believed. openpyxl's own streaming reader knows neither hidden rows nor
merged cells.
"""

import csv
import io
import re
import zipfile
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from index.content import Content, make_document
from index.decode import decode
from index.errors import EmptyDocument, ReadError
from index.formats.lines import Line, Lines, hidden_notes, one_line
from index.formats.number_format import CHINESE_FORMATS, shown
from index.formats.numbering import integer
from index.formats.package import (
    Element,
    attribute,
    child,
    children,
    damage,
    declared_title,
    forget,
    local_name,
    macro_notes,
    open_package,
    read_tree,
    relations,
    stream_tree,
)
from index.types import Metadata

XLSX_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_MEDIA_TYPE = "text/csv"

# Each takes some 15 microseconds; a table of 10,000 companies with 30 columns has 300,000.
MAX_CELLS = 500_000
# Those of text cost a tenth.
MAX_CSV_CELLS = 3_000_000
_COLUMNS = 16_384
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_SAYS_NOTHING = re.compile(
    r"(?:sheet|工作表|工作簿|表|表格|表单|chart|图表)?\s*[(（]?\d*[)）]?", re.IGNORECASE
)
_DELIMITERS = ",;\t|"
_SNIFFED_ROWS = 100
_SNIFFED_CHARACTERS = 100_000


@dataclass(frozen=True, slots=True)
class Row:
    """The filled cells of a row, by column from 1."""

    number: int
    cells: dict[int, str]
    hidden: bool = False


@dataclass(slots=True)
class Sheet:
    """The rows of a sheet that have a filled cell, and which columns are hidden."""

    rows: list[Row] = field(default_factory=list)
    hidden_columns: bytearray = field(default_factory=lambda: bytearray(_COLUMNS + 1))
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)  # first, last row, column
    uncounted: int = 0  # formulas without a stored value


@dataclass(frozen=True, slots=True)
class Workbook:
    """What all sheets of a workbook share."""

    texts: list[str]
    formats: list[str]
    since_1904: bool


def read_xlsx(data: bytes, source: str) -> Content:
    """Return the sheets of an XLSX file as one document, each of them a page.

    Raises ReadError if the file is damaged, protected, or has more than MAX_CELLS filled cells, and
    EmptyDocument if it holds no text.
    """
    archive = open_package(data)
    lines = Lines()
    uncounted = 0
    hidden_sheets = 0
    with damage("the workbook"):
        main = _main_part(archive)
        sheets = list(_sheets(archive, main))
        workbook = _read_workbook(archive, main)
        left = MAX_CELLS
        for name, path, hidden in sheets:
            sheet = _read_sheet(archive, path, workbook, left)
            left -= sum(len(row.cells) for row in sheet.rows)
            uncounted += sheet.uncounted
            hidden_sheets += hidden and bool(sheet.rows)
            _write_sheet(lines, sheet, name if len(sheets) > 1 or not hidden else "", hidden)
    raw = lines.text()
    notes = _notes(uncounted, hidden_sheets)
    if not raw:
        raise EmptyDocument("; ".join(("the workbook has no filled cells", *notes)))
    layout = lines.layout()
    title = declared_title(archive, raw)
    metadata = Metadata(title=title, found={"title": "declared"} if title else {})
    document = make_document(source, raw, XLSX_MEDIA_TYPE, metadata, layout)
    return Content((document,), notes=(*hidden_notes(layout), *notes, *macro_notes(archive)))


def _notes(uncounted: int, hidden_sheets: int) -> tuple[str, ...]:
    notes = []
    if hidden_sheets:
        notes.append(f"hidden sheets are left out: {hidden_sheets}")
    if uncounted:
        notes.append(
            f"{uncounted:,} formulas have no stored value and are empty: open and save the file in "
            "a spreadsheet program"
        )
    return tuple(notes)


def _main_part(archive: zipfile.ZipFile) -> str:
    named = (path for kind, path in relations(archive).values() if kind == "officeDocument")
    main = next(named, "xl/workbook.xml")
    if main.endswith(".bin"):
        raise ReadError("it is a binary workbook (.xlsb): save it as .xlsx")
    if main not in archive.NameToInfo:
        raise ReadError("it has no main part, so it is no Excel file: save it anew as .xlsx")
    return main


def _sheets(archive: zipfile.ZipFile, main: str) -> Iterator[tuple[str, str, bool]]:
    """Yield name, part and whether it is hidden for each sheet that has cells."""
    related = relations(archive, main)
    for sheet in children(child(read_tree(archive, main), "sheets"), "sheet"):
        kind, path = related.get(attribute(sheet, "id"), ("", ""))
        if kind == "worksheet" and path in archive.NameToInfo:
            yield attribute(sheet, "name"), path, sheet.get("state", "visible") != "visible"


def _read_workbook(archive: zipfile.ZipFile, main: str) -> Workbook:
    parts = {kind: path for kind, path in relations(archive, main).values()}
    properties = child(read_tree(archive, main), "workbookPr")
    return Workbook(
        _shared_texts(archive, parts.get("sharedStrings", "")),
        _formats(read_tree(archive, parts.get("styles", ""))),
        attribute(properties, "date1904") in ("1", "true"),
    )


def _shared_texts(archive: zipfile.ZipFile, part: str) -> list[str]:
    texts: list[str] = []
    if part not in archive.NameToInfo:
        return texts
    for event, item in stream_tree(archive, part, ("{*}si",)):
        if event == "end":
            texts.append(_text(item))
            forget(item)
            if len(texts) > MAX_CELLS:
                raise ReadError(_too_many(MAX_CELLS))
    return texts


def _too_many(limit: int) -> str:
    return f"it has more than the {limit:,} filled cells that are read: split it"


def _text(item: Element | None) -> str:
    """Return the text of a cell, without the readings that stand above Japanese words."""
    if item is None:
        return ""
    texts = []
    for part in item:
        if local_name(part) == "t":
            texts.append(part.text or "")
        elif local_name(part) == "r":
            texts += [t.text or "" for t in children(part, "t")]
    return one_line("".join(texts))


def _formats(styles: Element | None) -> list[str]:
    """Return the number format of each style of cells."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS

    known = {**BUILTIN_FORMATS, **CHINESE_FORMATS}
    for form in children(child(styles, "numFmts"), "numFmt"):
        known[integer(form.get("numFmtId", ""), -1)] = form.get("formatCode", "General")
    cells = children(child(styles, "cellXfs"), "xf")
    return [known.get(integer(cell.get("numFmtId", ""), 0), "General") for cell in cells]


def _read_sheet(archive: zipfile.ZipFile, path: str, workbook: Workbook, most: int) -> Sheet:
    sheet = Sheet()
    number = 0
    tags = ("{*}row", "{*}col", "{*}mergeCell")
    for event, element in stream_tree(archive, path, tags):
        if event == "start":
            continue
        kind = local_name(element)
        if kind == "row":
            number = integer(element.get("r", ""), number + 1)
            cells = _cells(element, workbook, sheet)
            most -= len(cells)
            if most < 0:
                raise ReadError(_too_many(MAX_CELLS))
            if cells:
                sheet.rows.append(Row(number, cells, element.get("hidden") in ("1", "true")))
        elif kind == "mergeCell":
            sheet.merged += _range(element.get("ref", ""))
        elif element.get("hidden") in ("1", "true"):
            first, last = (_column(element.get(end, "")) for end in ("min", "max"))
            sheet.hidden_columns[first : last + 1] = b"\x01" * max(0, last + 1 - first)
        forget(element)
    sheet.rows.sort(key=lambda row: row.number)
    return _without_covered(sheet)


def _column(value: str) -> int:
    return min(max(0, integer(value, 0)), _COLUMNS)


def _cells(row: Element, workbook: Workbook, sheet: Sheet) -> dict[int, str]:
    cells = {}
    column = 0
    for cell in row:
        place = _REFERENCE.fullmatch(cell.get("r", ""))
        column = _number_of(place[1]) if place else column + 1
        if column > _COLUMNS or local_name(cell) != "c":
            continue
        text = _shown(cell, workbook)
        if text.strip():
            cells[column] = text.strip()
        elif child(cell, "f") is not None and cell.get("t") != "str":
            sheet.uncounted += 1  # a result that is empty text has that type
    return cells


def _number_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _shown(cell: Element, workbook: Workbook) -> str:
    """Return the text that a cell shows; of a formula, the result that was stored."""
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return _text(child(cell, "is"))
    stored = child(cell, "v")
    value = "" if stored is None else stored.text or ""
    if kind == "s":
        place = integer(value, -1)
        return workbook.texts[place] if 0 <= place < len(workbook.texts) else ""
    if kind == "b":
        return "TRUE" if value == "1" else "FALSE"
    if kind != "n" or not value:
        return one_line(value)
    style = integer(cell.get("s", ""), 0)
    code = workbook.formats[style] if 0 <= style < len(workbook.formats) else "General"
    try:
        return one_line(shown(float(value), code, workbook.since_1904))
    except ValueError:  # no number, whatever it says it is
        return one_line(value)


def _range(reference: str) -> list[tuple[int, int, int, int]]:
    """Return first and last row and column of a range such as A1:C3, as a list of one or none."""
    ends = [_REFERENCE.fullmatch(end) for end in reference.split(":")]
    first, last = ends[0], ends[-1]
    if len(ends) != 2 or first is None or last is None:
        return []
    return [(int(first[2]), int(last[2]), _number_of(first[1]), _number_of(last[1]))]


def _without_covered(sheet: Sheet) -> Sheet:
    """Drop the text under merged cells, which only the first of them shows."""
    numbers = [row.number for row in sheet.rows]
    # Merged cells never overlap, but in an attack they may.
    budget = 10 * sum(len(row.cells) + 1 for row in sheet.rows)
    for first, last, left, right in sheet.merged:
        for place in range(bisect_left(numbers, first), bisect_right(numbers, last)):
            row = sheet.rows[place]
            budget -= len(row.cells) + 1
            if budget < 0:
                return sheet
            for column in [column for column in row.cells if left <= column <= right]:
                if (row.number, column) != (first, left):
                    del row.cells[column]
    return sheet


def _write_sheet(lines: Lines, sheet: Sheet, name: str, hidden: bool) -> None:
    """Write the name of a sheet, if it says something, and its rows."""
    rows = [row for row in sheet.rows if row.cells]
    if not rows:
        return
    lines.start_page()
    title = next(iter(rows[0].cells.values()))
    if not _SAYS_NOTHING.fullmatch(name.strip()) and name.strip() not in title:
        lines.add([(one_line(name.strip()), hidden)], 1)
    columns = sorted({column for row in rows for column in row.cells})
    hides = {column for column in columns if column <= _COLUMNS and sheet.hidden_columns[column]}
    for row, tabbed in zip(rows, _tabbed(rows), strict=True):
        used = columns if tabbed else sorted(row.cells)
        lines.add(_line(row, used, hides, hidden or row.hidden))


def _line(row: Row, columns: list[int], hidden_columns: set[int], hidden: bool) -> Line:
    """Return the line of a row; the tab of a hidden cell is hidden as well."""
    if hidden or not hidden_columns:
        return [("\t".join(row.cells.get(column, "") for column in columns), hidden)]
    line: Line = []
    shown_before = False
    for column in columns:
        hides = column in hidden_columns
        if line:
            line.append(("\t", hides or not shown_before))
        line.append((row.cells.get(column, ""), hides))
        shown_before = shown_before or not hides
    return line


def _tabbed(rows: list[Row]) -> list[bool]:
    """Tell which rows belong to a table: not the lone cells above and below one, titles and notes.

    An empty row parts two tables.
    """
    tabbed = [False] * len(rows)
    start = 0
    for after in range(1, len(rows) + 1):
        if after < len(rows) and rows[after].number == rows[after - 1].number + 1:
            continue
        wide = [i for i in range(start, after) if len(rows[i].cells) > 1]
        if wide:
            tabbed[wide[0] : wide[-1] + 1] = [True] * (wide[-1] + 1 - wide[0])
        start = after
    return tabbed


def read_csv(data: bytes, source: str) -> Content:
    """Return the rows of a CSV file as one document; comma, semicolon, tab or bar part its cells.

    Raises ReadError for bytes that are no text or more than MAX_CSV_CELLS cells, and
    EmptyDocument if there are none.
    """
    text = decode(data).lstrip("\ufeff")
    sheet = Sheet()
    number = 0
    for number, cells in enumerate(_csv_rows(text), start=1):
        filled = {
            column: tight
            for column, cell in enumerate(cells, 1)
            if (tight := one_line(cell).strip())
        }
        if filled:
            sheet.rows.append(Row(number, filled))
    lines = Lines()
    _write_sheet(lines, sheet, "", hidden=False)
    raw = lines.text()
    if not raw:
        raise EmptyDocument("the table has no filled cells")
    return Content((make_document(source, raw, CSV_MEDIA_TYPE),))


def _csv_rows(text: str) -> Iterator[list[str]]:
    """Yield the rows of a table; cells stay whole across line ends if quotation marks close."""
    delimiter = _delimiter(text[:_SNIFFED_CHARACTERS])
    closed = _quotes_close(text, delimiter)
    left = MAX_CSV_CELLS
    with _any_length(len(text)):
        for row in csv.reader(
            io.StringIO(text, newline=""),
            delimiter=delimiter,
            quoting=csv.QUOTE_MINIMAL if closed else csv.QUOTE_NONE,
        ):
            left -= len(row)
            if left < 0:
                raise ReadError(_too_many(MAX_CSV_CELLS))
            yield row


def _delimiter(sample: str) -> str:
    """Return what parts the cells: most rows then have as many cells, and many rather than few."""
    marks = {}
    for delimiter in _DELIMITERS:
        with _any_length(len(sample)):
            reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
            widths = Counter(
                len(row) for row, _ in zip(reader, range(_SNIFFED_ROWS), strict=False) if row
            )
        wide = Counter({width: rows for width, rows in widths.items() if width > 1})
        width, rows = max(wide.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        marks[delimiter] = (rows / max(1, widths.total()), width)
    return max(marks, key=lambda delimiter: marks[delimiter])


def _quotes_close(text: str, delimiter: str) -> bool:
    """Tell whether the last quoted cell ends; else all rows behind it would become one cell."""
    with _any_length(len(text)):
        probe = io.StringIO(f"{text}\nend of the table", newline="")
        last = deque(csv.reader(probe, delimiter=delimiter), maxlen=1)
    return list(last) == [["end of the table"]]


@contextmanager
def _any_length(length: int) -> Iterator[None]:
    """Let cells be as long as the text; the limit holds for the whole process."""
    before = csv.field_size_limit(length + 100)
    try:
        yield
    except csv.Error as error:
        raise ReadError(f"it is no table ({error}): save it as CSV anew") from error
    finally:
        csv.field_size_limit(before)
