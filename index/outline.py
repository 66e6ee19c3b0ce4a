"""Lines of a clean text -> sections: runs of lines under the same headings, and tables.

Only lines that may be headings, rows or closings are looked at one by one; the rest is found by
regular expressions and arrays over the whole text, so that a million lines are read in seconds.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.script import fold_characters
from index.types import CleanText, Layout

Places = NDArray[np.int64]

ROOT = 0  # the node of a document without its headings
ARTICLE = 4
_CHAPTERS = (0, 1, 2)  # 第一章规定了… is a sentence, unlike （一）发展现状。…
_PLAIN = 6  # a short line without a number, which may head a list 1. 2. 3.
_DECLARED = -1  # no number: its place is that of its level

_HEADING_LENGTH = 40
_DECLARED_LENGTH = 100  # what is longer is no heading, whatever its author meant
_RUN_IN_LENGTH = 30  # of a heading that opens a paragraph: （一）发展现状。
_SIGNATURE_LENGTH = 30
_SIGNERS = 12  # bodies that sign one document together, at most
_CELL_LENGTH = 20  # of a cell that names a column
_HEADER_LENGTH = 120  # of a whole header row, its bars included

_NUMERAL = "一二三四五六七八九十百零〇"
# Outermost first, on folded lines; the groups are ordinals, and their numbers give the rank.
_NUMBERED = re.compile(
    "|".join(
        (
            rf"第([{_NUMERAL}\d]{{1,5}})(?:[编篇]|部分)",
            rf"第([{_NUMERAL}\d]{{1,5}})章",
            rf"第([{_NUMERAL}\d]{{1,5}})节",
            rf"([{_NUMERAL}]{{1,3}})、",
            rf"第([{_NUMERAL}\d]{{1,5}})条(?:之[一二三四五])?(?![的、和至第规所中款及或])"
            r"(?:\s?[(【][^)】]{1,20}[)】])?",
            rf"\(([{_NUMERAL}]{{1,3}})\)",
            r"(?!)()",  # the rank of plain headings
            r"(\d{1,2})(?:、|\.(?!\d))",
            r"\d{1,2}\.(\d{1,2})(?=\s)",
            r"\d{1,2}\.\d{1,2}\.(\d{1,2})(?=\s)",
            r"\((\d{1,2})\)",
        )
    )
)
_NUMBER_LENGTH = 40  # of a number with what belongs to it: 第一百二十三条之一（…）
_MARKDOWN = re.compile(r"(#{1,6})\s+(.+)")
_FIRST_PART = re.compile("([^。:：]+)[。:：]")
_CANDIDATE = re.compile(rf"^[^\S\n]*+(?=[#第{_NUMERAL}(（\d])", re.MULTILINE)
_NO_PLAIN_HEADING = re.compile(
    r"[。；;!?！？]|[,，:：、]$|^[|•·●\-*]|^第.{1,5}条|\d{4}年|\d{4}[-./]\d|https?:|@"
    r"|^(?:电话|邮箱|地址|来源|索引号|文号|发文|成文|发布|主题|字号|浏览|附件|附表|抄送|抄报)"
    r"|^(?:联系|联络|咨询|监督|投诉|服务|技术|承办)[^:：]{0,6}[:：]|[，,].*[，,]"
    r"|^\(.*\)$|记者|通讯员|作者|编辑|[〔\[(]\d{4}[〕\])]|月\d{1,2}日|年.{1,3}月.{1,3}日"
    r"|(?:政府|办公厅|办公室|委员会|[^大]厅|[^布大格]局|管委会|协会|公司)$"
)
# What ends a document or one of its parts belongs to no section of it.
_CLOSING = re.compile(
    r"^[^\S\n]*+(?:附[件表](?![中的所])"
    r"|(?:(?:[联聯][系繫繋絡络]|[咨諮][询詢]|[监監]督|投[诉訴]|服[务務]|技[术術]|承[办辦])"
    r"(?:人|[电電][话話]|方式|[热熱][线線]|支持|支援)"
    r"|(?:[联聯][系繫繋絡络]|通[讯訊])?地址|[电電][话話]|[邮郵][箱编編]|[邮郵]政[编編][码碼])[:：]"
    r"|抄[送报報][:：]|[（(]此件|特此(?:通知|公告|公示|通告|批复|批覆|报告|報告))",
    re.MULTILINE,
)
_DATE_LINE = re.compile(
    r"^[^\S\n]*+[\d０-９二〇○零一三四五六七八九]{4}年[\d０-９一二三四五六七八九十]{1,3}月"
    r"[\d０-９一二三四五六七八九十]{1,3}日[^\S\n]*+$",
    re.MULTILINE,
)
# What a closing may belong to: contacts, attachments. A signature belongs to no heading.
_CONTACT_HEADING = re.compile("[联聯][系繫繋絡络]|[咨諮][询詢]|方式|[报報]送|受理")
_ATTACHED = re.compile("附[件表]")
# The titles of documents that a notice puts into force stand below its signature.
_ATTACHED_TITLE = re.compile(
    r"[^。:：；;，,\t]{4,40}(?:方案|办法|措施|计划|规划|意见|规定|细则|指南|清单|条例|要点|目录|规程|规则"
    r"|标准|指引|制度|名单|政策|计画)(?:\s?[(（][^()（）]{1,20}[)）])?"
)
_BELOW_DATE = 3  # lines between a signature and that title, such as （此件公开发布）
_CONTENTS = re.compile(r"^[^\S\n]*+目[^\S\n]{0,8}[录錄次][^\S\n]*+$", re.MULTILINE)
_PAGE_NUMBER = re.compile(r"[.…·—\-]{0,99}\d{0,4}$")
_MOST_CONTENTS, _MOST_TABLES = 500, 50  # lines of a table of contents, tables in a text
# 重点目标： is the name of the list below it; 各有关单位： and 通知如下： are none.
_LABEL_LENGTH = 15
_NO_LABEL = re.compile(
    "^(?:各|致|尊敬)|(?:局|厅|委|府|处|院|司|部|单位|部门|公司|企业|如下)$|[，,。]"
)
_QUESTION = re.compile(
    r"^[^\S\n]*+(?=(?:[记記]者)?(?:[问問](?:题|題)?|[QqＱ])[^\S\n]?[\d一二三四五六七八九十]{0,3}[^\S\n]?"
    r"[:：.、．][^\n]{2,100}\n[^\S\n]*+(?:答|[AaＡ][\d一二三四五六七八九十]{0,3}[^\S\n]?[:：.、．]))",
    re.MULTILINE,
)
_UNIT_LINE = re.compile(r"\(?(?:计量|货币)?单位[:：]")
_SENTENCE_ENDS = "。；;！!？?"
_BULLETS = "•·●○■□◆▪▶-*"
_NO_HEADER_CELL = re.compile(r"[。；;]|\d[\d.,]*\s*(?:[万亿]|元|%|％|‰)|^[\d.,\-+]+$")
_YEAR = re.compile(r"(?:19|20)\d\d年?")


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a text that show something, without the white space around them."""

    text: str
    starts: Places
    ends: Places
    tabbed: NDArray[np.bool_]  # whether a tab stands in the line, or around it

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, i: int) -> str:
        return self.text[self.starts[i] : self.ends[i]]


@dataclass(frozen=True, slots=True)
class Section:
    """Lines `first` up to but not including `last`, which stand under the same headings."""

    first: int
    last: int
    node: int  # the heading they stand under; ROOT without one
    headings: int  # so many of the first lines are headings and nothing else
    is_table: bool = False


@dataclass(frozen=True, slots=True)
class Outline:
    """The sections of a text, which hold all its lines in order, and the tree of headings."""

    sections: tuple[Section, ...]
    paths: tuple[tuple[str, ...], ...]  # node -> names from the outermost heading inwards
    parents: tuple[int, ...]  # node -> the node above it; ROOT is its own
    articles: frozenset[int]  # nodes that are articles of a law


class _Mark(NamedTuple):
    """A line that opens a section, closes some, or begins a table; there may be a million."""

    line: int
    after: int  # the line after the heading, or after the table
    rank: int = _DECLARED  # of its number, outermost 0
    level: int = 0  # that the format declares, 0 without one
    name: str = ""  # "" for an item whose first sentence is too long for a name
    ordinal: int = 0
    whole: bool = True  # the line is the heading and nothing else
    kind: str = "heading"  # or "title", "closing", "table"
    names: tuple[str, ...] = ()  # caption and header of a table
    captions: int = 0  # lines of a table that are its caption or header


def outline(clean: CleanText, title: str = "", layout: Layout | None = None) -> Outline:
    """Return the sections of a text; headings the format declares are honoured."""
    lines = split_lines(clean.text)
    tables = _tables(lines)
    rows = {i for table in tables for i in range(table.line, table.after)}
    marks = _headings(lines, title, _declared(clean, lines, layout), rows)
    taken = rows | marks.keys()
    closings = {i: _Mark(i, i + 1, kind="closing") for i in _closings(lines, taken)}
    attached = {i: _Mark(i, i + 1, kind="title") for i in _attached_titles(lines, rows)}
    found = {**closings, **marks, **attached}
    for table in tables:
        mark = _with_caption(lines, table, found)
        found[mark.line] = mark
    return _Tree(lines, [found[i] for i in sorted(found)]).outline()


# --- lines


def split_lines(text: str) -> Lines:
    """Return the lines of a text that hold more than white space."""
    codes = characters(text)
    breaks = np.flatnonzero(codes == ord("\n"))
    starts, ends = np.append(0, breaks + 1), np.append(breaks, len(codes))
    tabbed = np.zeros(len(starts), bool)
    tabbed[np.searchsorted(breaks, np.flatnonzero(codes == ord("\t")))] = True
    full = ends > starts
    starts, ends, tabbed = starts[full], ends[full], tabbed[full]
    spaces = _spaces()
    edges = np.minimum(codes[starts], 0xFFFF), np.minimum(codes[ends - 1], 0xFFFF)
    for i in np.flatnonzero(spaces[edges[0]] | spaces[edges[1]]):
        line = text[starts[i] : ends[i]]
        starts[i] += len(line) - len(line.lstrip())
        ends[i] = starts[i] + len(line.strip())
    shown = ends > starts
    return Lines(text, starts[shown], ends[shown], tabbed[shown])


def characters(text: str) -> NDArray[np.uint32]:
    """Return the code points of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


@cache
def _spaces() -> NDArray[np.bool_]:
    return np.array([chr(code).isspace() for code in range(0x10000)])


# --- headings


def _declared(clean: CleanText, lines: Lines, layout: Layout | None) -> dict[int, int]:
    """Return line -> level where the format says that a line is a heading."""
    found = layout.headings if layout else ()
    spans = sorted((span.start, span.end, level) for span, level in found if len(span))
    if not spans or not len(lines):
        return {}
    places = clean.starts[lines.starts]
    before = np.searchsorted([start for start, _, _ in spans], places, "right") - 1
    inside = (before >= 0) & (places < np.array([end for _, end, _ in spans])[before])
    return {int(i): spans[before[i]][2] for i in np.flatnonzero(inside)}


def _headings(
    lines: Lines, title: str, declared: dict[int, int], rows: set[int]
) -> dict[int, _Mark]:
    """Return line -> mark of titles and headings; bare items of lists are none."""
    marks: dict[int, _Mark] = {}
    places = [match.end() for match in _CANDIDATE.finditer(lines.text)]
    candidates = np.searchsorted(lines.starts, places)
    for i in sorted({*candidates.tolist(), *declared} - rows):
        if i < len(lines) and (mark := _mark(lines[i], i, declared.get(i, 0))):
            marks[i] = mark
    for i in _plain_headings(lines, marks.keys()):
        if rows.isdisjoint((i, i + 1)) and i not in marks and i not in declared:
            first = i - int(_is_wrapped(lines, i, marks.keys() | rows))
            name = " ".join(lines[k] for k in range(first, i + 1))
            marks[first] = _Mark(first, i + 1, _PLAIN, name=name)
    contents = _contents(lines)
    marks = {
        i: mark
        for i, mark in {**_labels(lines, marks), **_questions(lines), **marks}.items()
        if (mark.name != title or not title) and i not in contents and i not in rows
    }
    found = _without_lists(marks, len(lines))
    titles = (_titles(lines, title) - contents.keys() | set(contents.values())) - rows
    return found | {i: _Mark(i, i + 1, kind="title") for i in titles}


def _contents(lines: Lines) -> dict[int, int]:
    """Return the lines of tables of contents, each with the line of its 目录.

    Such a table ends where its first entry comes again, as the heading it announced.
    """
    found: dict[int, int] = {}
    for i in _lines_at(lines, _CONTENTS)[:_MOST_TABLES]:
        if i in found or i + 1 >= len(lines):
            continue
        first = _entry(lines[i + 1])
        entries = range(i + 2, min(i + _MOST_CONTENTS, len(lines)))
        after = next((k for k in entries if _entry(lines[k]) == first), i)
        found |= dict.fromkeys(range(i, after), i)
    return found


def _entry(line: str) -> str:
    """Return a heading without what only its entry in a table of contents has: dots, its page."""
    return _PAGE_NUMBER.sub("", "".join(line[: 2 * _DECLARED_LENGTH].split()), 1)


def _labels(lines: Lines, marks: dict[int, _Mark]) -> dict[int, _Mark]:
    """Return line -> mark of the short lines with a colon that name the list 1. 2. 3. below."""
    found: dict[int, _Mark] = {}
    for below, mark in marks.items():
        i = below - 1
        if mark.rank <= _PLAIN or mark.ordinal != 1 or i < 0 or i in marks:
            continue
        line = lines[i]
        name = line.rstrip(":： ")
        if len(name) < len(line) <= _LABEL_LENGTH and not _NO_LABEL.search(fold_characters(name)):
            found[i] = _Mark(i, i + 1, _PLAIN, name=name)
    return {i: mark for i, mark in found.items() if not _CLOSING.match(lines[i])}


def _questions(lines: Lines) -> dict[int, _Mark]:
    """Return line -> mark of questions with their answer below: 问：… 答：…, Q1：… A1：…."""
    places = [match.end() for match in _QUESTION.finditer(lines.text)]
    found = np.searchsorted(lines.starts, places).tolist()
    return {i: _Mark(i, i + 1, _PLAIN, name=lines[i]) for i in found}


def _attached_titles(lines: Lines, rows: Collection[int]) -> set[int]:
    """Return the lines below a date that are the title of a document attached to a notice."""
    found: set[int] = set()
    for i in _lines_at(lines, _DATE_LINE):
        if not i or not _may_sign(lines, i - 1, rows):
            continue
        for below in range(i + 1, min(i + 1 + _BELOW_DATE, len(lines) - 1)):
            line = lines[below]
            if below in rows or len(line) > _DECLARED_LENGTH or _CLOSING.match(line):
                continue
            if _ATTACHED_TITLE.fullmatch(fold_characters(line)):
                found.add(below)
                break
    return found


def _titles(lines: Lines, title: str) -> set[int]:
    """Return the lines that are the title, maybe behind #."""
    if not title:
        return set()
    line = rf"^[^\S\n]*+(?:#++[^\S\n]++)?(?={re.escape(title)}[^\S\n]*+$)"
    pattern = re.compile(line, re.MULTILINE)
    places = [match.start() for match in pattern.finditer(lines.text)]
    found = np.searchsorted(lines.ends, places, "right")
    return set(found.tolist())


def _mark(line: str, i: int, level: int) -> _Mark | None:
    """Return the mark of a line that has a number or is declared to be a heading."""
    if (match := _MARKDOWN.match(line)) and len(line) <= _DECLARED_LENGTH:
        level, line = len(match[1]), match[2].strip()
    numbered = _numbered(line, i, level)
    if level and len(line) <= _DECLARED_LENGTH:
        return numbered or _Mark(i, i + 1, level=level, name=line.rstrip(":："))
    return numbered


def _numbered(line: str, i: int, level: int) -> _Mark | None:
    match = _NUMBERED.match(fold_characters(line[:_NUMBER_LENGTH]))
    if not match or not match.lastindex or len(line) == match.end():
        return None
    rank, ordinal = match.lastindex - 1, _ordinal(match[match.lastindex])
    if rank == ARTICLE:
        return _Mark(i, i + 1, rank, level, line[: match.end()], ordinal, whole=False)
    if level or (len(line) <= _HEADING_LENGTH and line[-1] not in "。；;，,"):
        return _Mark(i, i + 1, rank, level, line.rstrip(":："), ordinal)
    if rank in _CHAPTERS and (len(line) > _HEADING_LENGTH or not line[match.end()].isspace()):
        return None
    return _Mark(i, i + 1, rank, 0, _run_in(line), ordinal, whole=False)


def _run_in(line: str) -> str:
    """Return the heading that opens a paragraph, "" if there is none."""
    first = _FIRST_PART.match(line, 0, _RUN_IN_LENGTH + 1)
    # 3.其他材料。 is an item, it has nothing to head.
    return first[1] if first and first.end() < len(line) else ""


def _ordinal(numeral: str) -> int:
    """Return the number that a numeral below a thousand stands for."""
    if numeral.isdecimal():
        return int(numeral)
    total = digit = 0
    for character in numeral:
        if character in "十百":
            total += max(digit, 1) * (10 if character == "十" else 100)
            digit = 0
        else:
            digit = "零一二三四五六七八九".find(character.replace("〇", "零"))
    return total + digit


def _plain_headings(lines: Lines, marked: Collection[int]) -> Iterator[int]:
    """Find short lines without a number that head the prose below them."""
    lengths = lines.ends - lines.starts
    short = (lengths[:-1] >= 4) & (lengths[:-1] <= _HEADING_LENGTH)
    for i in np.flatnonzero(short & (lengths[1:] > lengths[:-1] + 10)).tolist():
        folded = fold_characters(lines[i])
        named = sum(character.isalpha() for character in folded)
        listed = i > 1 and all(
            lengths[k] <= _HEADING_LENGTH and lines[k][-1].isalnum() and k not in marked
            for k in (i - 2, i - 1)
        )
        if 2 * named > len(folded) and not listed and not _NO_PLAIN_HEADING.search(folded):
            yield i


def _is_wrapped(lines: Lines, i: int, taken: Collection[int]) -> bool:
    """Tell whether a heading began on the line above: a short one behind a whole sentence."""
    return (
        i > 1
        and i - 1 not in taken
        and _may_sign(lines, i - 1, taken)
        and lines[i - 2][-1] in _SENTENCE_ENDS
        and not _NO_PLAIN_HEADING.search(fold_characters(lines[i - 1]))
    )


def _without_lists(marks: dict[int, _Mark], count: int) -> dict[int, _Mark]:
    """Make items of those numbered lines that have nothing to head: 1.申请表 2.承诺书.

    The last item of a list is followed by something, but that is not its own.
    """
    found: dict[int, _Mark] = {}
    listed: set[int] = set()  # ranks whose last mark was a bare item
    for i, following in pairwise([*sorted(marks), count]):
        mark = marks[i]
        listed -= {rank for rank in listed if 0 <= mark.rank < rank}
        bare = mark.whole and mark.rank >= 0 and not mark.level and mark.rank != _PLAIN
        if bare:
            after = marks.get(i + 1)
            childless = following == i + 1 and (after is None or 0 <= after.rank <= mark.rank)
            bare = childless or (mark.rank in listed and not _goes_on(mark, after))
        (listed.add if bare else listed.discard)(mark.rank)
        found[i] = _Mark(i, i + 1, mark.rank, ordinal=mark.ordinal, whole=False) if bare else mark
    return found


def _goes_on(mark: _Mark, after: _Mark | None) -> bool:
    return after is not None and after.rank > mark.rank


# --- closings


def _closings(lines: Lines, taken: Collection[int]) -> Iterator[int]:
    """Find lines that end a document: contacts, attachments, signatures with their date."""
    for i in _lines_at(lines, _CLOSING):
        if i not in taken:
            yield _signed_from(lines, i, taken, 1)
    for i in _lines_at(lines, _DATE_LINE):
        first = _signed_from(lines, i, taken, _SIGNERS)
        if first < i:
            yield first


def _signed_from(lines: Lines, i: int, taken: Collection[int], most: int) -> int:
    """Return the first of the lines above a date or an address that name bodies or people."""
    first = i
    while first > max(0, i - most) and _may_sign(lines, first - 1, taken):
        first -= 1
    return first


def _lines_at(lines: Lines, pattern: re.Pattern[str]) -> list[int]:
    places = [match.end() for match in pattern.finditer(lines.text)]
    found: list[int] = (np.searchsorted(lines.starts, places, "left") - 1).tolist()
    return found


def _may_sign(lines: Lines, i: int, taken: Collection[int]) -> bool:
    if i in taken or lines.ends[i] - lines.starts[i] > _SIGNATURE_LENGTH:
        return False
    line = lines[i]
    ends = line[-1] in _SENTENCE_ENDS + ":：，," or line.endswith(("印发", "印發"))
    return not ends and not _CLOSING.match(line)


# --- tables


def _tables(lines: Lines) -> list[_Mark]:
    """Find runs of two or more rows, most of them with several cells."""
    barred = characters(lines.text)[lines.starts] == ord("|")
    rows = np.flatnonzero(lines.tabbed | barred)
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    spans = [(int(run[0]), int(run[-1]) + 1) for run in runs if len(run) > 1]
    return [_table(lines, first, after) for first, after in spans if _is_table(lines, first, after)]


def _is_table(lines: Lines, first: int, after: int) -> bool:
    """Tell paragraphs that begin with a tab from rows."""
    several = sum(len(cells(lines[i])) > 1 for i in range(first, after))
    return 2 * several >= after - first


def cells(row: str) -> list[str]:
    """Return the cells of a row; those of Markdown stand between bars."""
    bars = row[:1] == "|" and "\t" not in row
    found = row.strip("|").split("|") if bars else row.split("\t")
    return [cell.strip() for cell in found]


def _table(lines: Lines, first: int, after: int) -> _Mark:
    """Return the mark of a table with its caption, if that is a row, and its header."""
    names: list[str] = []
    row = first
    while row < after - 1 and sum(map(bool, cells(lines[row]))) == 1:
        names += filter(None, cells(lines[row]))
        row += 1
    header = cells(lines[row])
    if row < after - 1 and _is_header(header):
        row += 1
        if row < after - 1 and _goes_below(lines, row):
            header += cells(lines[row])
            row += 1
        names.append(" | ".join(filter(None, header))[:_HEADER_LENGTH])
    return _Mark(first, after, kind="table", names=tuple(names), captions=row - first)


def _goes_below(lines: Lines, row: int) -> bool:
    """Tell whether the row below a header parts its columns: the first of them are merged."""
    merged = lines.text[max(0, lines.starts[row] - 1)] == "\t"
    return merged and _is_header(cells(lines[row]))


def _is_header(row: Sequence[str]) -> bool:
    """Tell whether a row names columns: short cells without amounts, most of them filled."""
    filled = [fold_characters(cell) for cell in row if cell]
    short = all(len(cell) <= _CELL_LENGTH for cell in filled)
    names = all(_YEAR.fullmatch(cell) or not _NO_HEADER_CELL.search(cell) for cell in filled)
    return short and names and len(filled) >= max(2, (len(row) + 1) // 2)


def _with_caption(lines: Lines, table: _Mark, found: dict[int, _Mark]) -> _Mark:
    """Take the one or two short lines above a table as its caption: its name, its unit."""
    first, names = table.line, list(table.names)
    for _ in range(2):
        i = first - 1
        if i < 0 or i in found or not _may_be_caption(lines, i):
            break
        first, names = i, [lines[i].rstrip(":："), *names]
        if not _UNIT_LINE.match(fold_characters(lines[i])):
            break
    captions = table.captions + table.line - first
    return table._replace(line=first, names=tuple(names), captions=captions)


def _may_be_caption(lines: Lines, i: int) -> bool:
    short = lines.ends[i] - lines.starts[i] <= _HEADING_LENGTH
    ended = lines[i][-1] in _SENTENCE_ENDS + "，,"
    return short and not ended and lines[i][0] not in _BULLETS and "\t" not in lines[i]


# --- the tree


@dataclass(slots=True)
class _Tree:
    """Walks the marks of a text and keeps the headings that are open."""

    lines: Lines
    marks: list[_Mark]
    sections: list[Section] = field(default_factory=list)
    paths: list[tuple[str, ...]] = field(default_factory=lambda: [()])
    parents: list[int] = field(default_factory=lambda: [ROOT])
    articles: set[int] = field(default_factory=set)
    open: list[tuple[_Mark, int]] = field(default_factory=list)  # with their nodes
    # Items of a parent at a rank of which one has more than its own paragraph.
    long: defaultdict[tuple[int, int], bool] = field(default_factory=lambda: defaultdict(bool))

    def outline(self) -> Outline:
        siblings = _have_later_siblings(self.marks)
        position = 0
        after = [*(mark.line for mark in self.marks), len(self.lines)]
        for mark, following in zip(self.marks, after[1:], strict=True):
            self._add(position, mark.line)
            position = self._take(mark)
            if mark.kind == "heading" and self.open and self.open[-1][0] is mark:
                self._note(mark, following > position, mark.line in siblings)
            if following > position and self._is_over(mark, siblings):
                self.open.pop()
        self._add(position, len(self.lines))
        found = tuple(_with_headings_joined(self.sections, self.paths))
        paths, parents = tuple(self.paths), tuple(self.parents)
        return Outline(found, paths, parents, frozenset(self.articles))

    @property
    def node(self) -> int:
        return self.open[-1][1] if self.open else ROOT

    def _add(self, first: int, last: int) -> None:
        """Add lines without marks to the section above them, if its headings are still open."""
        if last <= first:
            return
        above = self.sections[-1] if self.sections else None
        if above and above.node == self.node and not above.is_table:
            self.sections[-1] = Section(above.first, last, above.node, above.headings)
        else:
            self.sections.append(Section(first, last, self.node, 0))

    def _take(self, mark: _Mark) -> int:
        """Open or close headings at a mark and return the line after it."""
        if mark.kind == "table":
            node = self._new_node(mark.names)
            self.sections.append(Section(mark.line, mark.after, node, mark.captions, is_table=True))
            return mark.after
        if mark.kind == "title":
            self.open.clear()
        elif mark.kind == "closing":
            self._close(self.lines[mark.line])
        else:
            self._open(mark)
            if not mark.name:
                self._add(mark.line, mark.after)
                return mark.after
        headings = mark.after - mark.line if mark.kind == "heading" and mark.whole else 0
        self.sections.append(Section(mark.line, mark.after, self.node, headings))
        return mark.after

    def _new_node(self, names: tuple[str, ...]) -> int:
        self.parents.append(self.node)
        self.paths.append(self.paths[self.node] + names)
        return len(self.paths) - 1

    def _open(self, mark: _Mark) -> None:
        closed = next((k for k, (other, _) in enumerate(self.open) if _closes(mark, other)), None)
        if closed is not None:
            del self.open[closed:]
        if mark.name:
            node = self._new_node((mark.name,))
            self.open.append((mark, node))
            if mark.rank == ARTICLE:
                self.articles.add(node)

    def _close(self, line: str) -> None:
        """Leave all headings, unless the innermost speaks itself of what closes the document."""
        own = _ATTACHED if _ATTACHED.match(line) else _CONTACT_HEADING
        if not (self.open and _CLOSING.match(line) and own.search(self.open[-1][0].name)):
            self.open.clear()

    def _note(self, mark: _Mark, goes_on: bool, has_sibling: bool) -> None:
        """Remember that an item in the middle of a list has more than one paragraph."""
        if goes_on and has_sibling:
            self.long[self.parents[self.node], mark.rank] = True

    def _is_over(self, mark: _Mark, siblings: dict[int, bool]) -> bool:
        """Tell whether prose behind an item belongs to its list as a whole, not to the item.

        So it is behind the last of several items if all the others are one paragraph each.
        """
        if not self.open or mark.kind == "closing":
            return False
        item, node = self.open[-1]
        last = not siblings.get(item.line, False) and item.ordinal > 1
        return not item.whole and last and not self.long[self.parents[node], item.rank]


def _closes(mark: _Mark, other: _Mark) -> bool:
    """Tell whether a heading ends a section that is open."""
    if mark.rank >= 0 and other.rank >= 0:
        if other.level and not mark.level and other.rank == mark.rank:
            return mark.ordinal == other.ordinal + 1  # else 1. is an item below ## 3.
        return other.rank >= mark.rank
    if mark.level and other.level:
        return other.level >= mark.level
    return mark.rank < 0  # what the format declares ends what only a number tells


def _have_later_siblings(marks: Sequence[_Mark]) -> dict[int, bool]:
    """Return the lines of numbered marks whose list goes on below them."""
    found: dict[int, bool] = {}
    following: dict[tuple[int, int], int] = {}  # kind of number -> ordinal of the next mark
    for mark in reversed(marks):
        if mark.kind == "heading" and mark.rank >= 0:
            kind = (0, mark.level) if mark.level else (1, mark.rank)
            if following.get(kind, 0) > mark.ordinal:
                found[mark.line] = True
            following = {k: n for k, n in following.items() if k < kind or _runs_on(k, mark)}
            following[kind] = mark.ordinal
    return found


def _runs_on(kind: tuple[int, int], mark: _Mark) -> bool:
    """Tell whether a numbering goes on below a heading: articles are counted through chapters."""
    return kind == (1, ARTICLE) and mark.rank in _CHAPTERS


def _with_headings_joined(
    sections: Sequence[Section], paths: Sequence[tuple[str, ...]]
) -> Iterator[Section]:
    """Put a heading without text of its own in front of the section below it."""
    waiting: Section | None = None
    for section in sections:
        path = paths[section.node]
        if waiting and path[: len(paths[waiting.node])] == paths[waiting.node]:
            count = waiting.last - waiting.first + section.headings
            section = replace(section, first=waiting.first, headings=count)
        elif waiting:
            yield waiting
        bare = section.headings == section.last - section.first and not section.is_table
        waiting = section if bare else None
        if not bare:
            yield section
    if waiting:
        yield waiting
