"""The user's own table of metadata: a CSV that corrects or completes what was found.

One row a document, `source` says which; an empty cell leaves a field as found, "-" clears it.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from index.decode import decode
from index.errors import ReadError
from index.fields.dates import find_dates, labelled_date
from index.script import fold_characters
from index.types import Metadata

FIELDS = (
    *("title", "publisher", "issuer", "date", "issued", "document_number", "url", "region"),
    *("level", "status"),
)
# Names of columns, in Simplified characters; Traditional ones are folded to them.
_COLUMNS = {name: name for name in ("source", *FIELDS)} | {
    **dict.fromkeys(("来源文件", "文件", "文件名", "源文件"), "source"),
    **dict.fromkeys(("标题", "题名"), "title"),
    **dict.fromkeys(("发布机构", "发布单位", "来源"), "publisher"),
    **dict.fromkeys(("发文机关", "发文单位", "制发机关"), "issuer"),
    **dict.fromkeys(("发布日期", "发布时间", "日期"), "date"),
    **dict.fromkeys(("成文日期", "印发日期"), "issued"),
    **dict.fromkeys(("文号", "发文字号"), "document_number"),
    **dict.fromkeys(("网址", "链接"), "url"),
    **dict.fromkeys(("地区", "区域"), "region"),
    **dict.fromkeys(("级别", "层级"), "level"),
    **dict.fromkeys(("状态", "有效性"), "status"),
}
_LEVELS = {
    **dict.fromkeys(("national", "国家", "国家级", "全国", "中央"), "national"),
    **dict.fromkeys(("province", "省", "省级", "自治区", "直辖市"), "province"),
    **dict.fromkeys(("city", "市", "市级", "地市级"), "city"),
    **dict.fromkeys(("district", "区", "县", "区县", "区级", "县级", "区县级"), "district"),
}
_CLEAR = "-"
_DELIMITERS = ",;\t，；"
# A spreadsheet runs a cell that begins so as a formula; an apostrophe in front makes it text.
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
# Behind a date a spreadsheet may write the time of day.
_TIME = re.compile(r"(?:t?\s{0,3}\d{1,2}:\d{2}(?::\d{2})?(?:\.\d{1,6})?z?)?")
_WEB = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)


def read_meta_table(data: bytes) -> dict[str, dict[str, str]]:
    """Return source -> field -> value of a CSV; "" clears a field, a field left out stays.

    Any encoding that `decode` knows, any order and subset of columns beside `source`, names in
    English or Chinese, parted by comma, semicolon or TAB. Dates become ISO 8601, levels and regions
    canonical. Raises ReadError naming row (the header is row 1) and column of the first fault.
    """
    text = decode(data).removeprefix("\ufeff")
    rows = _rows(text)
    header, columns = next(((n, cells) for n, cells in rows if any(cells)), (1, []))
    names = _header(columns, header)
    table: dict[str, dict[str, str]] = {}
    for number, cells in rows:
        if not any(cells):
            continue
        source, values = _row(number, cells, names)
        if source in table:
            raise ReadError(
                f'row {number}, column "source": {source!r} stands in an earlier row too:'
                " keep one of them"
            )
        table[source] = values
    return table


def apply_row(metadata: Metadata, row: dict[str, str]) -> Metadata:
    """Return metadata with the fields of a table's row, which are found in the "table".

    What the row only repeats keeps the place where it was found.
    """
    news = {name: value for name, value in row.items() if value != getattr(metadata, name)}
    found = {name: where for name, where in metadata.found.items() if name not in news}
    found |= {name: "table" for name, value in news.items() if value}
    return replace(metadata, **news, found=found)


def write_meta_table(rows: Iterable[tuple[str, Metadata]]) -> str:
    """Return a CSV of sources and their metadata, for editing and for `read_meta_table`.

    Encode it as "utf-8-sig" for Excel. What a spreadsheet would take for a formula begins with an
    apostrophe.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["source", *FIELDS])
    for source, metadata in rows:
        values = (getattr(metadata, name) for name in FIELDS)
        writer.writerow([_escaped(source), *map(_escaped, values)])
    return out.getvalue()


def _escaped(value: str) -> str:
    return f"'{value}" if _FORMULA.match(value) else value


def _unescaped(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row with its number, from 1."""
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise ReadError(
                f"row {number} is no row of a CSV ({error}): save the table as CSV again"
            ) from error
        if cells is None:
            return
        yield number, [cell.strip(" \u3000\xa0\n\r") for cell in cells]


def _header(cells: list[str], number: int) -> list[str]:
    """Return the fields that the columns hold, "" for a column without a name."""
    names: list[str] = []
    for place, cell in enumerate(cells, start=1):
        tight = "".join(fold_characters(cell).split())
        if cell and tight not in _COLUMNS:
            known = ", ".join(("source", *FIELDS))
            raise ReadError(
                f"row {number}, column {place}: {cell!r} is no such field; known are {known}"
            )
        name = _COLUMNS.get(tight, "")
        if name and name in names:
            raise ReadError(f"row {number}, column {place}: {cell!r} names {name} twice: keep one")
        names.append(name)
    if "source" not in names:
        raise ReadError(
            f'row {number}: no column "source", which says whose metadata a row holds: add it'
        )
    return names


def _row(number: int, cells: list[str], names: list[str]) -> tuple[str, dict[str, str]]:
    values: dict[str, str] = {}
    for place, cell in enumerate(cells):
        name = names[place] if place < len(names) else ""
        if cell and not name:
            raise ReadError(
                f"row {number}, column {place + 1}: {cell[:40]!r} stands below no name: put cells"
                " that hold a comma in quotation marks"
            )
        if cell:
            values[name] = cell
    source = _unescaped(values.pop("source", ""))
    if not source:
        raise ReadError(f'row {number}, column "source": empty: name the file it is about')
    return source, {name: _value(number, name, cell) for name, cell in values.items()}


def _value(number: int, name: str, cell: str) -> str:
    """Return what a cell sets, "" if it clears its field."""
    if cell == _CLEAR:
        return ""
    cell = " ".join(_unescaped(cell).split()) if name not in ("date", "issued") else cell
    check = _CHECKS.get(name)
    value = check(cell) if check else cell
    if value:
        return value
    raise ReadError(f'row {number}, column "{name}": {cell[:60]!r} {_REMEDIES[name]}')


def _date(cell: str) -> str:
    found = find_dates(cell)
    if not found:
        return labelled_date(cell) if re.fullmatch(r"[\d./年月日-]{6,10}", cell) else ""
    behind = fold_characters(cell[found[0].end :])
    return found[0].iso if found[0].start == 0 and _TIME.fullmatch(behind) else ""


def _level(cell: str) -> str:
    return _LEVELS.get(fold_characters(cell), "")


def _region(cell: str) -> str:
    from index.places import place

    known = place(cell)
    return known.name if known else ""


def _url(cell: str) -> str:
    return cell if _WEB.fullmatch(cell) else ""


_CHECKS = {"date": _date, "issued": _date, "level": _level, "region": _region, "url": _url}
_NO_DATE = "is no day of the calendar: write it as 2024-05-03"
_REMEDIES = {
    "date": _NO_DATE,
    "issued": _NO_DATE,
    "level": "is no level: write national, province, city or district",
    "region": "is no place that is known: write a province, city or district such as 广东 or 东莞",
    "url": "is no web address: write it with https://",
}
