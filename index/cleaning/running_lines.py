"""Headers, footers and page numbers that a printed page repeats.

A line at the head or foot of a page is one of them when it is repeated there on most pages, its
numbers either constant or counting with the pages; on few pages, when it cannot be anything else.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from index.cleaning.folding import fold_text
from index.offsets import Edit, apply_edits
from index.types import CleanText, Span

RUNNING = "running header or footer"
PAGE_NUMBER = "page number"
TABLE_HEADER = "repeated table header"

# Headers, footers and page numbers take at most so many lines together; a line of them is short.
_EDGE, _LONGEST = 4, 120
# The share of all pages that shows a line; left and right pages may have headers of their own.
_SHARE, _FEW_PAGES = 0.4, 4
# Were more than this dropped of a text, its pages would be copies of a form.
_MOST_DROPPED = 0.3
# Rows at the head of a table that pages may repeat, looked for among so many first rows.
_HEADER_ROWS, _TABLE_ROWS = 3, 30

_DIGITS = re.compile(r"\d+")
_NUMBER = r"\d{1,4}|[一二三四五六七八九十百○〇零]{1,5}"
_PAGE_NUMBER = re.compile(
    rf"[-–—―－─~·•|\[(（<《\s]*(?:第|页码|p(?:age)?\.?)?\s*[:：]?\s*(?:{_NUMBER})\s*(?:页|頁)?"
    rf"(?:\s*(?:[/／|,，、]|of|之|共|\(共)*\s*(?:共|总计)?\s*(?:{_NUMBER})\s*(?:页|頁)?)?"
    r"[-–—―－─~·•|\])）>》\s]*",
    re.IGNORECASE,
)
# A bare number may be a year, a sum or an item; these are page numbers wherever they stand.
_SURE_NUMBER = re.compile(r"[-–—―－─~·]\s*\d+\s*[-–—―－─~·]|\d+\s*[/／]\s*\d+|.*[第p].*", re.I)
# What browsers print: the day and the hour, the title; the address and the page.
_STAMP = re.compile(
    r"(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4})[,，\s]*(?:[上下]午)?"
    r"\s*\d{1,2}[:：]\d{2}.*"
    r"|.*\s(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4})[,，\s]*"
    r"\d{1,2}[:：]\d{2}(?:\s*[ap]m)?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"(?:https?|file|about|chrome)\S*:\S+(?:\s+\d+\s*[/／]\s*\d+)?", re.IGNORECASE
)
_TITLE = re.compile(
    r".*(?:法|条例|办法|规定|细则|通知|意见|方案|规划|计划|报告|决定|公告|通告|函|纲要|标准|指南|制度|措施|解读|说明)"
    r"(?:[(（].{1,12}[)）])?"
)


class _Line(NamedTuple):
    """A line with characters other than spaces; `text` is folded and without spaces around it.

    A tuple, for there may be a million.
    """

    start: int
    end: int
    text: str
    page: int  # from 0


@dataclass(frozen=True, slots=True)
class _Edge:
    """A place at the head (`step` 1) or foot (-1) of a page, `depth` lines inside."""

    page: int
    depth: int
    line: _Line


def drop_running_lines(text: CleanText, pages: Sequence[int]) -> CleanText:
    """Drop the lines that stand at the head or foot of page after page.

    `pages` are the places in the raw text at which pages begin; linear in the length of the text.
    """
    by_page = _lines_of_pages(text, pages)
    if len(by_page) < 2:
        return text
    reasons = _from_edge(by_page, 1)
    for line, reason in _from_edge(by_page, -1).items():
        reasons.setdefault(line, reason)
    _spare_title(by_page, reasons)
    unsure = [line for line in reasons if not _is_sure(line.text)]
    if sum(line.end - line.start for line in unsure) > _MOST_DROPPED * len(text.text):
        reasons = {line: reasons[line] for line in reasons.keys() - unsure}
    kept = [[line for line in lines if line not in reasons] for lines in by_page]
    reasons.update(dict.fromkeys(_repeated_headers(text.text, kept), TABLE_HEADER))
    edits = [Edit(Span(line.start, line.end), "", reason) for line, reason in reasons.items()]
    return apply_edits(text, edits)


def _lines_of_pages(text: CleanText, pages: Sequence[int]) -> list[list[_Line]]:
    """Return the lines of each page that has some."""
    cuts = [int(cut) for cut in np.searchsorted(text.starts, np.asarray(pages[1:], np.int64))]
    by_page: list[list[_Line]] = []
    folded = fold_text(text.text)
    for page, (start, end) in enumerate(pairwise([0, *cuts, len(folded)])):
        lines: list[_Line] = []
        place = start
        for line in folded[start:end].split("\n"):
            if line.strip():
                lines.append(_Line(place, place + len(line), line.strip(), page))
            place += len(line) + 1
        if lines:
            by_page.append(lines)
    return by_page


def _from_edge(by_page: list[list[_Line]], step: int) -> dict[_Line, str]:
    """Return the running lines at one edge of the pages, with reasons."""
    edges = [
        _Edge(line.page, depth, line)
        for lines in by_page
        for depth, line in enumerate(lines[::step][:_EDGE])
        if len(line.text) <= _LONGEST and "\t" not in line.text
    ]
    running = _running(edges, len(by_page))
    reasons: dict[_Line, str] = {}
    for lines in by_page:
        # From the edge inwards up to the first line of the text proper.
        for line in lines[::step][:_EDGE]:
            if line not in running:
                break
            reasons[line] = running[line]
    return reasons


def _running(edges: list[_Edge], count: int) -> dict[_Line, str]:
    """Return the lines that repeat, whose numbers stay or count with the pages."""
    alike: dict[tuple[str, int], list[_Edge]] = defaultdict(list)
    for edge in edges:
        depth = -1 if _is_sure(edge.line.text) else edge.depth
        alike[_DIGITS.sub("0", "".join(edge.line.text.split())), depth].append(edge)
    running: dict[_Line, str] = {}
    for group in alike.values():
        sure = _is_sure(group[0].line.text)
        number = bool(_PAGE_NUMBER.fullmatch(group[0].line.text))
        for some in _counting(group):
            if len({edge.page for edge in some}) < (2 if sure else _enough(count)):
                continue
            if number and not _counts(some):
                continue  # the same number on every page is none of the pages
            if count == 2 and not sure:
                some = _second_time(some, number)
            reason = PAGE_NUMBER if number else RUNNING
            running.update({edge.line: reason for edge in some})
    return running


def _second_time(some: list[_Edge], number: bool) -> list[_Edge]:
    """Return what may go of lines of both of two pages: outermost ones, of words the second."""
    if any(edge.depth for edge in some):
        return []
    return some if number else some[1:]


def _is_sure(text: str) -> bool:
    """Tell whether a line that comes twice is a page's and not the text's."""
    if _STAMP.fullmatch(text) or _ADDRESS.fullmatch(text):
        return True
    return bool(_PAGE_NUMBER.fullmatch(text) and _SURE_NUMBER.fullmatch(text))


def _enough(count: int) -> int:
    """Return on how many pages of so many a line must stand."""
    return max(2, count - 1) if count <= _FEW_PAGES else max(3, math.ceil(_SHARE * count))


def _counting(group: list[_Edge]) -> list[list[_Edge]]:
    """Return lines that are alike but for digits by what their numbers do.

    Each number either stays, or is as much more than the number of the page as on other pages.
    """
    by_numbers: dict[tuple[str, ...], list[_Edge]] = defaultdict(list)
    numbers = {edge.line: _DIGITS.findall(edge.line.text) for edge in group}
    width = max(map(len, numbers.values()), default=0)
    stays = [Counter(found[i : i + 1][0] for found in numbers.values()) for i in range(width)]
    for edge in group:
        key = []
        for value, seen in zip(numbers[edge.line], stays, strict=True):
            constant = seen[value] > 1 or len(group) == 1
            key.append(value if constant else f"+{int(value[:9]) - edge.page}")
        by_numbers[tuple(key)].append(edge)
    return list(by_numbers.values())


def _counts(some: list[_Edge]) -> bool:
    """Tell whether lines hold a number that differs from page to page."""
    if not any(_DIGITS.search(edge.line.text) for edge in some):
        return len({edge.line.text for edge in some}) > 1  # 第三页: compared as a whole
    return len({tuple(_DIGITS.findall(edge.line.text)) for edge in some}) > 1


def _spare_title(by_page: list[list[_Line]], reasons: dict[_Line, str]) -> None:
    """Keep a title that also runs along the pages where it stands on the first one alone."""
    first = by_page[0]
    for line in first[:_EDGE]:
        if reasons.get(line) != RUNNING or _is_sure(line.text):
            continue
        kept = (other for lines in by_page for other in lines if other not in reasons)
        if _TITLE.fullmatch(line.text) and not any(other.text == line.text for other in kept):
            del reasons[line]


def _repeated_headers(text: str, kept: list[list[_Line]]) -> list[_Line]:
    """Return the rows at the head of a page that repeat rows of the table that runs over it."""
    repeated: list[_Line] = []
    table: list[str] = []  # the rows of the table that the page before ends in
    for lines in kept:
        rows = [text[line.start : line.end] for line in lines]
        first = next((i for i, row in enumerate(table) if rows and row == rows[0]), None)
        if first is not None and rows[0].count("\t") > rows[0].count("\t\t"):
            head = table[first : first + _HEADER_ROWS]
            same = next(
                (i for i, row in enumerate(head) if rows[i : i + 1] != [row]),
                len(head),
            )
            repeated += lines[:same]
        table = _table_at_end(rows, table)
    return repeated


def _table_at_end(rows: list[str], table: list[str]) -> list[str]:
    """Return the first rows of the table that a page ends in; it may have begun before."""
    first = len(rows)
    while first and "\t" in rows[first - 1]:
        first -= 1
    return [*(table if not first else []), *rows[first:]][:_TABLE_ROWS]
