"""The glyphs and rules of a printed page -> its lines in reading order; knows no file format.

Everything is placed in points, x to the right and y downwards. A line is a paragraph, as far as the
page shows where paragraphs end, or a row of a table, its cells parted by tabs.

The order is found from the top down: what stands beside each other is one row, a table or columns,
told apart by whether its lines fill the width between the gaps, as prose does and cells do not
(after the white-space cuts of Nagy and Seth, 1984, with the gaps taken along the page rather than
through all of it, so that headings may run across columns).
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from index.formats.table_grids import SNAP, Grid, Rule, Square, cell_at, first_squares, grids_of

# Shares of the size of the type (1 is the width of a Chinese character):
_BASELINE = 0.35  # by which glyphs of one line may be off it
_GAP = 0.45  # between pieces of a line that may belong to different columns
_HUNG_GAP = 0.25  # the same behind a comma, which may hang over the edge of its column
_SPACED_GAP = 1.0  # the same where a space is set
_WORD_GAP = 0.2  # between Latin words
_WIDE_GAP = 0.8  # between Chinese characters set apart on purpose; type is justified with less
_GUTTER = 0.4  # the narrowest gap between columns, where marks of punctuation hang over
_HALF, _HALF_MARKS = 0.5, ("，", "。", "、", "；", "：", "”", "）", "》", "」")
_INDENT = 0.8  # that tells the first line of a paragraph
_HANGING = 0.3  # by which lines may differ that are set in from the edge together
_SAME_SIZE = 0.12
_RAISED = 0.75  # the size of a footnote mark, and how far it may stand off the line
_FAR = 2.0  # white space above what no longer belongs to the columns before it
_NEAR = 0.8  # white space above a line that may stand beside, its column being set lower
_SMALL = 0.85  # the size of headers, footers and notes
_PITCH = 1.35  # times the usual distance of lines: a new paragraph
_TITLE = 1.15  # times the size of the body
# Text columns: so many characters wide, so many lines, so much of them filled.
_COLUMN_WIDTH, _COLUMN_LINES, _FILLED = 8, 3, 0.8
# Lines across the page are prose from so many characters on: lists and signatures are shorter.
_LEAST_WIDTH, _LEAST_IN_COLUMN = 15, 5
_EQUAL = 1.7  # the widest text column may be so many times the narrowest
_TABLE_LINES = 3  # with cells side by side, for a table without rules
_ROW_STEP, _STEP_SHARE = 0.9, 0.2  # rows are so much of the usual distance apart at least
# A page of more pieces than this is a map or an attack: no columns are looked for.
_MOST_UNITS = 20_000

_MARK = re.compile(
    r"[•·●○■□◆◇▪►➢*✓–—-]|[（(]?[\d一二三四五六七八九十]{1,3}[)）.、．]|[①-⑳㈠-㈩⑴-⒇]"
)
_FIRST_WORD = re.compile(r"[“‘（《「『【〔(]*(?:[!-~]+|.)[，。、；：？！”’）》」』】〕]*")
_CHINESE = re.compile(
    "[\u2e80-\u303e\u3041-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60“”‘’…—\U00020000-\U0003ffff]"
)
SOFT_HYPHEN = "\xad"
_ENDS = "。！？；!?;"
_OPENS = re.compile(
    r"第[一二三四五六七八九十百零〇\d]{1,6}[章節节條条編编款]|[一二三四五六七八九十]{1,3}、"
    r"|[（(][一二三四五六七八九十\d]{1,3}[)）]|\d{1,2}[.、．](?!\d)"
)
_RAISED_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_SUPERSCRIPT = str.maketrans("0123456789", _RAISED_DIGITS)
_NOTE = re.compile(r"(\d{1,3})(?=\s?[\u3400-\u9fff《“「（A-Za-z])(?!\s?[年月日])")
_MOST_FOOTERS = 2


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character as it is set; `y` is its baseline, `spaced` if a space stands before it."""

    text: str
    left: float
    right: float
    y: float
    size: float
    spaced: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of a line, or a whole table if it has rows."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float
    rows: tuple[str, ...] = ()
    spaced: str = ""  # a space that is set before it


Gap = tuple[float, float]  # the x at which a gap between columns begins and ends


def page_lines(
    glyphs: Sequence[Glyph],
    rules: Sequence[Rule] = (),
    gutters: list[Gap] | None = None,
    edge: float = 0.0,
) -> list[str]:
    """Return the lines of a page in reading order; `edge` is the x that full lines reach at least.

    `gutters` are those between the last columns of text on the pages before, replaced by this
    page's: they tell short columns at the end of a text from a table.
    """
    grids = grids_of(rules)
    free: list[Glyph] = []
    cells: list[dict[Square, list[Glyph]]] = [{} for _ in grids]
    for glyph in glyphs:
        x, y = (glyph.left + glyph.right) / 2, glyph.y - _BASELINE * glyph.size
        place = cell_at(grids, x, y)
        (cells[place[0]].setdefault(place[1], []) if place else free).append(glyph)
    units = line_units(free)
    for grid, held in zip(grids, cells, strict=True):
        units += _table_units(grid, {square: line_units(some) for square, some in held.items()})
    return _with_marked_notes(_read(units, [] if gutters is None else gutters, edge))


def _with_marked_notes(lines: list[str]) -> list[str]:
    """Write the numbers of the notes at the foot of a page as the marks in the text are written."""
    marks = set(re.findall(f"[{_RAISED_DIGITS}]+", "\n".join(lines)))
    seen = 0  # lines from the end: footers, then notes
    for place in reversed(range(len(lines) if marks else 0)):
        note = _NOTE.match(lines[place])
        mark = note[1].translate(_SUPERSCRIPT) if note else ""
        if mark in marks:
            lines[place] = mark + lines[place][len(mark) :]
            seen = _MOST_FOOTERS
        elif (seen := seen + 1) > _MOST_FOOTERS:
            break
    return lines


def read_units(units: Sequence[Unit], rules: Sequence[Rule] = (), edge: float = 0.0) -> list[str]:
    """Return the lines of a page of which whole pieces of lines are known, in reading order."""
    grids = grids_of(rules)
    free: list[Unit] = []
    cells: list[dict[Square, list[Unit]]] = [{} for _ in grids]
    for unit in units:
        place = cell_at(grids, (unit.left + unit.right) / 2, (unit.top + unit.bottom) / 2)
        (cells[place[0]].setdefault(place[1], []) if place else free).append(unit)
    for grid, held in zip(grids, cells, strict=True):
        free += _table_units(grid, held)
    return _read(free, [], edge)


def line_units(glyphs: Iterable[Glyph]) -> list[Unit]:
    """Return glyphs as pieces of lines, cut at gaps that may be those of columns."""
    pieces = [piece for row in _baselines(glyphs) for piece in _pieces(row)]
    return [_unit(piece) for piece in _with_raised(pieces)]


def _baselines(glyphs: Iterable[Glyph]) -> list[list[Glyph]]:
    """Return the glyphs of each baseline, from the top."""
    rows: list[list[Glyph]] = []
    y, size = float("-inf"), 0.0
    for glyph in sorted(glyphs, key=lambda glyph: glyph.y):
        if glyph.y - y > _BASELINE * max(min(size, glyph.size), 1):
            rows.append([])
            y, size = glyph.y, glyph.size
        rows[-1].append(glyph)
    return rows


def _pieces(row: list[Glyph]) -> list[list[Glyph]]:
    pieces: list[list[Glyph]] = []
    for glyph in sorted(row, key=lambda glyph: glyph.left):
        last = pieces[-1][-1] if pieces else None
        if last and glyph.text == last.text and glyph.left - last.left < 0.1 * glyph.size:
            continue  # bold type made by printing twice
        narrowest = _HUNG_GAP if last and last.text in _HALF_MARKS else _GAP
        narrowest = _SPACED_GAP if glyph.spaced else narrowest
        if last is None or glyph.left - last.right > narrowest * max(glyph.size, last.size):
            pieces.append([])
        pieces[-1].append(glyph)
    return pieces


def _with_raised(pieces: list[list[Glyph]]) -> list[list[Glyph]]:
    """Put footnote marks, which have baselines of their own, into the lines that they belong to."""
    if len(pieces) > _MOST_UNITS:
        return pieces
    merged: list[list[Glyph]] = []
    hosts = [(i, _size(piece)) for i, piece in enumerate(pieces)]
    taken: dict[int, list[Glyph]] = {}
    for i, size in hosts:
        host = _host(pieces, i, size) if len(pieces[i]) <= 4 else None
        if host is not None:
            taken.setdefault(host, []).extend(_raised(pieces[i], pieces[host][0].y))
            pieces[i] = []
    for i, piece in enumerate(pieces):
        if piece:
            merged.append(sorted([*piece, *taken.get(i, [])], key=lambda glyph: glyph.left))
    return merged


def _raised(piece: list[Glyph], y: float) -> list[Glyph]:
    """Return digits above the line as such: a mark must not become part of a number."""
    if piece[0].y > y:
        return piece
    return [replace(glyph, text=glyph.text.translate(_SUPERSCRIPT)) for glyph in piece]


def _host(pieces: list[list[Glyph]], i: int, size: float) -> int | None:
    """Return the number of the line beside a small piece, among its neighbours."""
    left, right, y = pieces[i][0].left, pieces[i][-1].right, pieces[i][0].y
    for k in (*range(i + 1, min(i + 4, len(pieces))), *range(i - 1, max(i - 4, -1), -1)):
        piece = pieces[k]
        if not piece or size > _RAISED * _size(piece):
            continue
        large = _size(piece)
        beside = piece[0].left - large < right and left < piece[-1].right + large / 2
        if beside and abs(piece[0].y - y) < _RAISED * large:
            return int(k)
    return None


def _size(piece: list[Glyph]) -> float:
    return median(glyph.size for glyph in piece)


def _unit(piece: list[Glyph]) -> Unit:
    size = _size(piece)
    y = median(glyph.y for glyph in piece)
    left, right = piece[0].left, max(glyph.right for glyph in piece)
    top, bottom = y - 0.85 * size, y + 0.15 * size
    return Unit(_text(piece), left, top, right, bottom, size, spaced=piece[0].spaced)


def _text(piece: list[Glyph]) -> str:
    """Return the characters of a piece; a space where one is set, or where Latin words part."""
    parts = [piece[0].text]
    for last, glyph in pairwise(piece):
        gap = (glyph.left - last.right) / max(glyph.size, last.size, 0.1)
        latin = last.text.isascii() and glyph.text.isascii()
        if glyph.spaced:
            parts.append(glyph.spaced)
        elif gap > (_WORD_GAP if latin else _WIDE_GAP):
            parts.append(" ")
        parts.append(glyph.text)
    return "".join(parts)


def joint(text: str, following: str) -> str:
    """Return two pieces of text as one: Chinese characters touch, words are parted by a space."""
    if not text or not following:
        return text + following
    if text[-1] == SOFT_HYPHEN:
        return text[:-1] + ("" if following[0].islower() else "-") + following
    touch = _CHINESE.match(text[-1]) or _CHINESE.match(following[0])
    return text + ("" if touch or text[-1] in "-/" else " ") + following


# Tables with rules.


def _table_units(grid: Grid, held: dict[Square, list[Unit]]) -> list[Unit]:
    """Return a table that holds something; a cell over several squares stands in the first."""
    if not held:
        return []
    firsts = first_squares(grid)
    cells: dict[Square, list[Unit]] = {}
    for square, some in held.items():
        cells.setdefault(firsts[square], []).extend(some)
    texts = {square: _cell_text(some) for square, some in cells.items()}
    columns = range(len(grid.xs) - 1)
    rows = ["\t".join(texts.get((r, c), "") for c in columns) for r in range(len(grid.ys) - 1)]
    if len({firsts[0, c] for c in columns}) == 1:
        rows[0] = rows[0].rstrip("\t")  # a caption over all columns
    kept = tuple(row for row in rows if row.strip("\t"))
    size = median(unit.size for some in held.values() for unit in some)
    return [Unit("", grid.xs[0], grid.ys[0], grid.xs[-1], grid.ys[-1], size, kept)]


# Reading order.


def _read(units: list[Unit], gutters: list[Gap], edge: float) -> list[str]:
    """Return the text of pieces of lines, and of tables, in reading order."""
    if len(units) > _MOST_UNITS:
        return [unit.text for unit in _merged_lines(units)]
    ordered = sorted(units, key=lambda unit: (unit.top, unit.left))
    lines: list[str] = []
    flow = [_Flow([], _LEAST_WIDTH, edge)]  # read one after the other
    position = 0
    while position < len(ordered):
        kind, run, gaps = _next_block(ordered, position, gutters)
        columns = _columns(run, gaps)
        position += len(run)
        if kind == "columns":
            gutters[:] = gaps
            flow += [_Flow(column, _LEAST_IN_COLUMN) for column in columns]
            flow.append(_Flow([], _LEAST_WIDTH, edge))
        elif kind == "table":
            lines += _paragraphs(flow) + (list(run[0].rows) or _plain_rows(columns))
            flow = [_Flow([], _LEAST_WIDTH, edge)]
        else:
            flow[-1].units.extend(run)
    return lines + _paragraphs(flow)


def _next_block(
    ordered: list[Unit], start: int, gutters: list[Gap]
) -> tuple[str, list[Unit], list[Gap]]:
    """Return the kind of what begins at a piece ("columns", "table", ""), its pieces and gaps."""
    if ordered[start].rows:
        return "table", [ordered[start]], []
    after, gaps = _run(ordered, start)
    run = ordered[start:after]
    kind = "columns" if _continues(run, gaps, gutters) else _kind(run, gaps)
    if not kind:
        return "", run, gaps
    usual = _SMALL * median(unit.size for unit in run)
    first = next(i for i, unit in enumerate(run) if unit.size >= usual)  # headers are small
    first = first or _above_columns(run, gaps)
    if first:
        return "", run[:first], []
    while run[-1].size < usual:
        run.pop()
    if kind == "columns" and after < len(ordered):
        run = _without_next_heading(run, gaps)
    return kind, run, gaps


def _run(ordered: list[Unit], start: int) -> tuple[int, list[Gap]]:
    """Return where the pieces end that share gaps with what stands beside the first, and the gaps.

    A piece with nothing beside it is a run of its own without gaps.
    """
    first = ordered[start]
    after = start + 1
    while after < len(ordered) and _is_beside(ordered[after], first):
        after += 1
    gaps = _gaps(ordered[start:after])
    if not gaps:
        return start + 1, []
    bottom = max(unit.bottom for unit in ordered[start:after])
    levels = 1  # lines of the run: what cuts off a gap of several ends the run
    while after < len(ordered):
        unit = ordered[after]
        left, cuts = _narrowed(gaps, unit)
        far = unit.top - bottom > _FAR * max(unit.size, first.size)
        if unit.rows or not left or far or (cuts and levels >= _TABLE_LINES):
            break
        levels += unit.bottom > bottom
        gaps, bottom = left, max(bottom, unit.bottom)
        after += 1
    return after, gaps


def _is_beside(unit: Unit, first: Unit) -> bool:
    """Tell whether a piece may stand beside another in a column that is set a little lower."""
    return not unit.rows and unit.top - first.bottom < _NEAR * first.size


def _gaps(units: list[Unit]) -> list[Gap]:
    """Return the x at which all the gaps begin and end that nothing of the pieces covers."""
    gaps: list[Gap] = []
    right = float("inf")
    for unit in sorted(units, key=lambda unit: unit.left):
        if unit.left - right >= _GUTTER * unit.size:
            gaps.append((right, unit.left))
        right = _inked(unit) if right == float("inf") else max(right, _inked(unit))
    return gaps


def _inked(unit: Unit) -> float:
    """Return where a piece ends; a comma at its end may hang over, and fills half its width."""
    return unit.right - _HALF * unit.size if unit.text[-1:] in _HALF_MARKS else unit.right


def _narrowed(gaps: list[Gap], unit: Unit) -> tuple[list[Gap], bool]:
    """Return what a further piece leaves of gaps, and whether it leaves nothing of one.

    Where a piece stands inside a gap there are two, with a column between.
    """
    found: list[Gap] = []
    cuts = False
    for left, right in gaps:
        if _inked(unit) <= left or unit.left >= right:
            found.append((left, right))
            continue
        parts = ((left, min(right, unit.left)), (max(left, _inked(unit)), right))
        wide = [part for part in parts if part[1] - part[0] >= _GUTTER * unit.size]
        cuts = cuts or not wide
        found += wide
    return found, cuts


def _columns(run: list[Unit], gaps: list[Gap]) -> list[list[Unit]]:
    """Return the pieces between each two gaps, from the left."""
    starts = sorted((left + right) / 2 for left, right in gaps)
    columns: list[list[Unit]] = [[] for _ in range(len(starts) + 1)]
    for unit in run:
        columns[bisect_right(starts, (unit.left + unit.right) / 2)].append(unit)
    return [column for column in columns if column]


def _kind(run: list[Unit], gaps: list[Gap]) -> str:
    """Return "columns" of text, "table", or "" for a line with pieces apart, or a list."""
    columns = _columns(run, gaps)
    if len(columns) < 2:
        return ""
    if _are_text(columns):
        return "columns"
    marks = sum(bool(_MARK.fullmatch(unit.text)) for unit in columns[0])
    if len(columns) == 2 and marks > 0.5 * len(columns[0]):
        return ""
    shared = sum(len(row) > 1 for row in _visual_rows(run))
    return "table" if shared >= _TABLE_LINES - (len(columns) > 2) else ""


def _continues(run: list[Unit], gaps: list[Gap], gutters: list[Gap]) -> bool:
    """Tell whether pieces stand in columns like those of an earlier page, and fill the first."""
    edges = [
        max(left, start)
        for left, right in gaps
        for start, end in gutters
        if max(left, start) + SNAP < min(right, end)
    ]
    if not edges or len(gaps) > len(edges):
        return False
    first = _columns(run, gaps)[0]
    return any(
        0 <= edge - unit.right + unit.size < 3 * unit.size for unit in first for edge in edges
    )


def _are_text(columns: list[list[Unit]]) -> bool:
    """Tell whether columns hold prose: wide, about equal, most of their lines filled."""
    widths = [max(u.right for u in column) - min(u.left for u in column) for column in columns]
    full = max(widths)
    filled: list[bool] = []
    for column in columns:
        lines = _merged_lines(column)
        if len(lines) < _COLUMN_LINES:
            continue
        width = max(u.right for u in column) - min(u.left for u in column)
        size = median(unit.size for unit in column)
        share = sum(u.right - u.left > _FILLED * full / _EQUAL for u in lines) / len(lines)
        edge = sum(max(u.right for u in column) - u.right < 2 * size for u in lines)
        wide = width >= _COLUMN_WIDTH * size and width * _EQUAL >= full
        filled.append(wide and share >= 0.5 and edge >= 0.4 * len(lines))
    return bool(filled) and all(filled)


def _without_next_heading(run: list[Unit], gaps: list[Gap]) -> list[Unit]:
    """Leave out a single last line below all columns but the first: it heads what follows."""
    columns = _columns(run, gaps)
    others = max((unit.bottom for column in columns[1:] for unit in column), default=0.0)
    below = [unit for unit in run if unit.top > others]
    return run[:-1] if len(below) == 1 and below[0] is run[-1] else run


def _above_columns(run: list[Unit], gaps: list[Gap]) -> int:
    """Return how many pieces at the head of columns have nothing beside them."""
    first, *others = _columns(run, gaps)
    top = min(unit.top for column in others for unit in column)
    above = sum(unit.bottom <= top for unit in run)
    if above:
        return above
    # A column may begin somewhat lower than the next one, below a heading's white space.
    top = min(unit.top for unit in first)
    return sum(top - unit.bottom > unit.size for unit in run)


def _visual_rows(units: list[Unit]) -> list[list[Unit]]:
    """Return pieces that stand on about one baseline together, from the top, each from the left."""
    rows: list[list[Unit]] = []
    bottom = float("-inf")
    for unit in sorted(units, key=lambda unit: unit.bottom):
        if unit.bottom - bottom > _BASELINE * unit.size:
            rows.append([])
            bottom = unit.bottom
        rows[-1].append(unit)
    return [sorted(row, key=lambda unit: unit.left) for row in rows]


def _merged_lines(units: list[Unit]) -> list[Unit]:
    """Return the pieces of each line as one."""
    lines: list[Unit] = []
    for row in _visual_rows(units):
        text = row[0].text
        for last, unit in pairwise(row):
            latin = text[-1].isascii() and unit.text[0].isascii()
            gap = (unit.left - last.right) / max(unit.size, 0.1)
            apart = " " if gap > (_WORD_GAP if latin else _WIDE_GAP) else ""
            text += (unit.spaced or apart) + unit.text
        right, top = max(unit.right for unit in row), min(unit.top for unit in row)
        lines.append(replace(row[0], text=text, right=right, top=top))
    return lines


def _plain_rows(columns: list[list[Unit]]) -> list[str]:
    """Return the rows of a table without rules; lines closer than rows are of one row."""
    places = {id(unit): i for i, column in enumerate(columns) for unit in column}
    visual = _visual_rows([unit for column in columns for unit in column])
    steps = [other[0].bottom - one[0].bottom for one, other in pairwise(visual)]
    limit = _row_step(steps)
    even = max(steps) < 1.25 * min(steps)  # then only the first column tells where rows begin
    rows: list[list[list[Unit]]] = []
    for step, row in zip([float("inf"), *steps], visual, strict=True):
        goes_on = even and len(rows) > 1 and places[id(row[0])] > 0 and len(row) < len(columns)
        if step > limit and not (goes_on and step < float("inf")):
            rows.append([[] for _ in columns])
        for unit in row:
            rows[-1][places[id(unit)]].append(unit)
    return ["\t".join(map(_cell_text, cells)) for cells in rows]


def _row_step(steps: list[float]) -> float:
    """Return how far rows are apart at least: nearly the largest distance that is usual."""
    counts = Counter(round(step) for step in steps)
    enough = max(1, _STEP_SHARE * len(steps))
    usual = (step for step, count in counts.items() if count >= enough)
    return _ROW_STEP * max(usual, default=round(median(steps)))


def _cell_text(units: list[Unit]) -> str:
    text = ""
    for line in _merged_lines(units):
        text = joint(text, line.text)
    return text.replace(SOFT_HYPHEN, "").replace("\t", " ").strip()


# Paragraphs.


@dataclass(frozen=True, slots=True)
class _Flow:
    """Lines below each other; prose in them is so many characters long, and reaches `edge`."""

    units: list[Unit]
    least: float
    edge: float = 0.0


@dataclass(frozen=True, slots=True)
class _Set:
    """A line with its distances from the edges of its column, and to the line before.

    `part` is the number of the column; `broad` tells that it is as long as lines of prose are.
    """

    line: Unit
    indent: float
    slack: float
    step: float
    part: int
    least: float
    broad: bool


def _paragraphs(flow: list[_Flow]) -> list[str]:
    """Return the lines of columns that follow one another, those of a paragraph joined."""
    lines = [
        some
        for part, column in enumerate(flow)
        for some in _measured(_merged_lines(column.units), part, column)
    ]
    if not lines:
        return []
    body = Counter(round(some.line.size) for some in lines for _ in some.line.text)
    size = body.most_common(1)[0][0]
    pitches = [some.step for some in lines if some.step and round(some.line.size) == size]
    pitch = median(pitches) if pitches else 0.0
    parts: list[list[str]] = [[lines[0].line.text]]
    for last, some in pairwise(lines):
        if _goes_on(last, some, pitch, size):
            parts[-1].append(some.line.text)
        else:
            parts.append([some.line.text])
    return [_joined(part) for part in parts]


def _joined(parts: list[str]) -> str:
    """Return the lines of a paragraph as one, in time linear in their length."""
    joined: list[str] = []
    for part, following in zip(parts, [*parts[1:], ""], strict=True):
        last = joint(part[-1:], following[:1])
        joined.append(part[:-1] + (last[: len(last) - 1] if following else last))
    return "".join(joined).replace(SOFT_HYPHEN, "")


def _measured(lines: list[Unit], part: int, column: _Flow) -> list[_Set]:
    if not lines:
        return []
    sizes = Counter(round(line.size) for line in lines for _ in line.text)
    body = sizes.most_common(1)[0][0]
    # Headers, footers and notes may stand further out than the text.
    usual = [line for line in lines if round(line.size) == body]
    width = max(line.right for line in usual) - min(line.left for line in usual)
    long = [line for line in usual if line.right - line.left >= width / 2] or usual
    edge = Counter(round(line.left / line.size * 4) for line in long)
    enough = max(2, len(long) // 10)
    left = min(
        (line.left for line in long if edge[round(line.left / line.size * 4)] >= enough),
        default=min(line.left for line in usual),
    )
    rights = sorted(line.right for line in long)
    right = max(rights[(3 * len(rights)) // 4], column.edge)
    steps = [0.0, *(other.bottom - one.bottom for one, other in pairwise(lines))]
    return [
        _Set(
            line,
            line.left - left,
            right - line.right,
            step,
            part,
            column.least,
            line.right - line.left >= column.least * line.size,
        )
        for line, step in zip(lines, steps, strict=True)
    ]


def _goes_on(last: _Set, some: _Set, pitch: float, body: float) -> bool:
    """Tell whether a line goes on in the next one: it was full, and that one is not indented."""
    size = last.line.size
    if last.part != some.part and last.least != some.least:
        return False  # from a column to what stands across the page, or the other way
    if abs(some.line.size - size) > _SAME_SIZE * size:
        return False
    if pitch and some.step > _PITCH * pitch * max(1, size / body):
        return False
    if size > _TITLE * body and _is_centred(last) and _is_centred(some):
        return True
    if not last.broad or (last.line.text[-1] in _ENDS and _OPENS.match(some.line.text)):
        return False
    word = _FIRST_WORD.match(some.line.text)
    needed = sum(0.6 if c.isascii() else 1.0 for c in word[0][:40]) if word else 1.0
    if last.slack >= (needed + 0.5) * size:
        return False
    hangs = abs(some.indent - last.indent) < _HANGING * size and last.line.text[-1] not in _ENDS
    below_mark = bool(_MARK.match(last.line.text)) and some.indent > last.indent
    return some.indent < _INDENT * size or hangs or below_mark


def _is_centred(some: _Set) -> bool:
    return abs(some.indent - some.slack) < 2 * some.line.size
