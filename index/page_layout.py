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
_SNAP = 2.5  # points between rules that are meant to be one
# A page of more pieces or rules than this is a map or an attack: no tables are looked for.
_MOST_UNITS, _MOST_RULES, _MOST_SQUARES = 20_000, 3_000, 20_000

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
class Rule:
    """A straight line, horizontal (top == bottom) or vertical (left == right)."""

    left: float
    top: float
    right: float
    bottom: float


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
_Square = tuple[int, int]  # row and column of a grid


@dataclass(frozen=True, slots=True)
class _Grid:
    """The squares between rules: `walls` and `floors` close a square to the right and below."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    walls: frozenset[_Square]
    floors: frozenset[_Square]


def page_lines(
    glyphs: Sequence[Glyph], rules: Sequence[Rule] = (), gutters: list[Gap] | None = None
) -> list[str]:
    """Return the lines of a page in reading order.

    `gutters` are those between the last columns of text on the pages before, replaced by this
    page's: they tell short columns at the end of a text from a table.
    """
    grids = _grids(rules)
    free: list[Glyph] = []
    cells: list[dict[_Square, list[Glyph]]] = [{} for _ in grids]
    for glyph in glyphs:
        x, y = (glyph.left + glyph.right) / 2, glyph.y - _BASELINE * glyph.size
        place = _cell_at(grids, x, y)
        (cells[place[0]].setdefault(place[1], []) if place else free).append(glyph)
    units = line_units(free)
    for grid, held in zip(grids, cells, strict=True):
        units += _table_units(grid, {square: line_units(some) for square, some in held.items()})
    return _with_marked_notes(_read(units, [] if gutters is None else gutters))


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


def read_units(units: Sequence[Unit], rules: Sequence[Rule] = ()) -> list[str]:
    """Return the lines of a page of which whole pieces of lines are known, in reading order."""
    grids = _grids(rules)
    free: list[Unit] = []
    cells: list[dict[_Square, list[Unit]]] = [{} for _ in grids]
    for unit in units:
        place = _cell_at(grids, (unit.left + unit.right) / 2, (unit.top + unit.bottom) / 2)
        (cells[place[0]].setdefault(place[1], []) if place else free).append(unit)
    for grid, held in zip(grids, cells, strict=True):
        free += _table_units(grid, held)
    return _read(free, [])


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


def _grids(rules: Sequence[Rule]) -> list[_Grid]:
    """Return the grids that rules make where they touch; a frame of one square is none."""
    level = _merged([r for r in rules if r.right - r.left > r.bottom - r.top])
    upright = _merged([_turned(r) for r in rules if r.right - r.left <= r.bottom - r.top])
    if len(level) + len(upright) > _MOST_RULES:
        return []
    groups = _groups(level, upright)
    grids = (_grid([level[i] for i in some], [upright[i] for i in more]) for some, more in groups)
    return [part for grid in grids if grid for part in _parted(grid)]


def _parted(grid: _Grid) -> list[_Grid]:
    """Part tables that touch: no wall of one goes on in the other."""
    columns = range(len(grid.xs) - 2)
    rows = [{c for c in columns if (r, c) in grid.walls} for r in range(len(grid.ys) - 1)]
    cuts = [0, *_cuts(rows), len(rows)]
    return [_part(grid, first, after, rows) for first, after in pairwise(cuts)]


def _cuts(rows: list[set[int]]) -> list[int]:
    cuts = (i for i in range(1, len(rows)) if rows[i - 1] and rows[i])
    return [i for i in cuts if not rows[i - 1] & rows[i]]


def _part(grid: _Grid, first: int, after: int, rows: list[set[int]]) -> _Grid:
    """Return some rows of a grid, without the columns that none of them has."""
    inner = sorted(set().union(*rows[first:after]))
    xs = (grid.xs[0], *(grid.xs[c + 1] for c in inner), grid.xs[-1])
    new = {old: column for column, old in enumerate([*inner, len(grid.xs) - 2])}
    walls = {(r - first, new[c]) for r, c in grid.walls if first <= r < after and c in new}
    firsts = [bisect_right(grid.xs, (one + other) / 2) - 1 for one, other in pairwise(xs)]
    floors = {
        (r - first, column)
        for column, old in enumerate(firsts)
        for r in range(first, after)
        if (r, old) in grid.floors
    }
    return _Grid(xs, grid.ys[first : after + 1], frozenset(walls), frozenset(floors))


def _turned(rule: Rule) -> Rule:
    return Rule(rule.top, rule.left, rule.bottom, rule.right)


def _merged(rules: list[Rule]) -> list[Rule]:
    """Return level rules, those that continue one another as one."""
    merged: list[Rule] = []
    row: list[Rule] = []
    for rule in [*sorted(rules, key=lambda rule: rule.top), None]:
        if row and (rule is None or rule.top - row[0].top > _SNAP):
            merged += _continued(row)
            row = []
        if rule:
            row.append(rule)
    return merged


def _continued(row: list[Rule]) -> list[Rule]:
    y = median(rule.top for rule in row)
    joined: list[Rule] = []
    for rule in sorted(row, key=lambda rule: rule.left):
        if joined and rule.left - joined[-1].right <= _SNAP:
            joined[-1] = replace(joined[-1], right=max(joined[-1].right, rule.right))
        else:
            joined.append(Rule(rule.left, y, rule.right, y))
    return joined


def _groups(level: list[Rule], upright: list[Rule]) -> list[tuple[list[int], list[int]]]:
    """Return the numbers of the rules (level, and upright ones turned) of each connected group."""
    parents = list(range(len(level) + len(upright)))

    def root(i: int) -> int:
        while parents[i] != i:
            parents[i] = parents[parents[i]]
            i = parents[i]
        return i

    for i, one in enumerate(level):
        for k, other in enumerate(upright):
            across = one.left - _SNAP <= other.top <= one.right + _SNAP
            if across and other.left - _SNAP <= one.top <= other.right + _SNAP:
                parents[root(i)] = root(len(level) + k)
    groups: dict[int, tuple[list[int], list[int]]] = {}
    for i in range(len(parents)):
        some, more = groups.setdefault(root(i), ([], []))
        (some if i < len(level) else more).append(i if i < len(level) else i - len(level))
    return list(groups.values())


def _grid(level: list[Rule], upright: list[Rule]) -> _Grid | None:
    """Return the grid of one group of rules, None without at least two columns of cells."""
    if len(level) < 2 or not upright:
        return None
    ys = _distinct(rule.top for rule in level)
    # A table may be open at its sides: the level rules say how wide it is.
    sides = [min(rule.left for rule in level), max(rule.right for rule in level)]
    xs = _distinct([*(rule.top for rule in upright), *sides])
    squares = (len(xs) - 1) * (len(ys) - 1)
    if len(xs) < 3 or len(ys) < 2 or squares > _MOST_SQUARES:
        return None
    walls = _covered(upright, xs, ys)
    floors = {(row, column) for column, row in _covered(level, ys, xs)}
    return _Grid(xs, ys, frozenset(walls), frozenset(floors))


def _distinct(values: Iterable[float]) -> tuple[float, ...]:
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > 2 * _SNAP:
            found.append(value)
    return tuple(found)


def _covered(
    rules: list[Rule], lines: tuple[float, ...], steps: tuple[float, ...]
) -> set[tuple[int, int]]:
    """Return (step, line - 1) wherever a rule at `lines[line]` runs past the middle of a step."""
    found: set[tuple[int, int]] = set()
    middles = [(one + other) / 2 for one, other in pairwise(steps)]
    for rule in rules:
        line = min(range(len(lines)), key=lambda i: abs(lines[i] - rule.top))
        first, after = bisect_right(middles, rule.left), bisect_right(middles, rule.right)
        found.update((step, line - 1) for step in range(first, after))
    return found


def _cell_at(grids: Sequence[_Grid], x: float, y: float) -> tuple[int, _Square] | None:
    """Return the number of the grid that a point is in, and the square."""
    for number, grid in enumerate(grids):
        if grid.xs[0] <= x <= grid.xs[-1] and grid.ys[0] <= y <= grid.ys[-1]:
            row = min(bisect_right(grid.ys, y), len(grid.ys) - 1) - 1
            column = min(bisect_right(grid.xs, x), len(grid.xs) - 1) - 1
            return number, (row, column)
    return None


def _table_units(grid: _Grid, held: dict[_Square, list[Unit]]) -> list[Unit]:
    """Return a table that holds something; a cell over several squares stands in the first."""
    if not held:
        return []
    firsts = _first_squares(grid)
    cells: dict[_Square, list[Unit]] = {}
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


def _first_squares(grid: _Grid) -> dict[_Square, _Square]:
    """Return for each square the first square, from the top, of the cell it is part of."""
    firsts: dict[_Square, _Square] = {}
    for row in range(len(grid.ys) - 1):
        for column in range(len(grid.xs) - 1):
            first = (row, column)
            if row and (row - 1, column) not in grid.floors:
                first = firsts[row - 1, column]
            elif column and (row, column - 1) not in grid.walls:
                first = firsts[row, column - 1]
            firsts[row, column] = first
    return firsts


# Reading order.


def _read(units: list[Unit], gutters: list[Gap]) -> list[str]:
    """Return the text of pieces of lines, and of tables, in reading order."""
    if len(units) > _MOST_UNITS:
        return [unit.text for unit in _merged_lines(units)]
    ordered = sorted(units, key=lambda unit: (unit.top, unit.left))
    lines: list[str] = []
    flow: list[_Flow] = [([], _LEAST_WIDTH)]  # read one after the other
    position = 0
    while position < len(ordered):
        kind, run, gaps = _next_block(ordered, position, gutters)
        columns = _columns(run, gaps)
        position += len(run)
        if kind == "columns":
            gutters[:] = gaps
            flow += [*((column, _LEAST_IN_COLUMN) for column in columns), ([], _LEAST_WIDTH)]
        elif kind == "table":
            lines += _paragraphs(flow) + (list(run[0].rows) or _plain_rows(columns))
            flow = [([], _LEAST_WIDTH)]
        else:
            flow[-1][0].extend(run)
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
        if max(left, start) + _SNAP < min(right, end)
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


_Flow = tuple[list[Unit], float]  # lines below each other, and how long prose is in them


@dataclass(frozen=True, slots=True)
class _Set:
    """A line with its distances from the edges of its column, and to the line before.

    It is `broad` if it is as long as lines of prose are at least.
    """

    line: Unit
    indent: float
    slack: float
    step: float
    broad: bool


def _paragraphs(flow: list[_Flow]) -> list[str]:
    """Return the lines of columns that follow one another, those of a paragraph joined."""
    lines = [some for units, least in flow for some in _measured(_merged_lines(units), least)]
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


def _measured(lines: list[Unit], least: float) -> list[_Set]:
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
    right = rights[(3 * len(rights)) // 4]
    steps = [0.0, *(other.bottom - one.bottom for one, other in pairwise(lines))]
    return [
        _Set(
            line,
            line.left - left,
            right - line.right,
            step,
            line.right - line.left >= least * line.size,
        )
        for line, step in zip(lines, steps, strict=True)
    ]


def _goes_on(last: _Set, some: _Set, pitch: float, body: float) -> bool:
    """Tell whether a line goes on in the next one: it was full, and that one is not indented."""
    size = last.line.size
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
    return last.slack < (needed + 0.5) * size and some.indent < _INDENT * size


def _is_centred(some: _Set) -> bool:
    return abs(some.indent - some.slack) < 2 * some.line.size
