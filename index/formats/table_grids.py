"""The rules drawn on a page -> the grids of its tables: the squares, and which are one cell.

Points as in page_layout.py: x to the right, y downwards.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

SNAP = 2.5  # points between rules that are meant to be one
# A page of more rules, or a table of more squares, is a map or an attack.
_MOST_RULES, _MOST_SQUARES = 3_000, 20_000

Square = tuple[int, int]  # row and column of a grid


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line, horizontal (top == bottom) or vertical (left == right)."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Grid:
    """The squares between rules: `walls` and `floors` close a square to the right and below."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    walls: frozenset[Square]
    floors: frozenset[Square]


def grids_of(rules: Sequence[Rule]) -> list[Grid]:
    """Return the grids that rules make where they touch; a frame of one square is none."""
    level = _merged([r for r in rules if r.right - r.left > r.bottom - r.top])
    upright = _merged([_turned(r) for r in rules if r.right - r.left <= r.bottom - r.top])
    if len(level) + len(upright) > _MOST_RULES:
        return []
    groups = _groups(level, upright)
    grids = (_grid([level[i] for i in some], [upright[i] for i in more]) for some, more in groups)
    return [part for grid in grids if grid for part in _parted(grid)]


def _parted(grid: Grid) -> list[Grid]:
    """Part tables that touch: no wall of one goes on in the other."""
    columns = range(len(grid.xs) - 2)
    rows = [{c for c in columns if (r, c) in grid.walls} for r in range(len(grid.ys) - 1)]
    cuts = [0, *_cuts(rows), len(rows)]
    return [_part(grid, first, after, rows) for first, after in pairwise(cuts)]


def _cuts(rows: list[set[int]]) -> list[int]:
    cuts = (i for i in range(1, len(rows)) if rows[i - 1] and rows[i])
    return [i for i in cuts if not rows[i - 1] & rows[i]]


def _part(grid: Grid, first: int, after: int, rows: list[set[int]]) -> Grid:
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
    return Grid(xs, grid.ys[first : after + 1], frozenset(walls), frozenset(floors))


def _turned(rule: Rule) -> Rule:
    return Rule(rule.top, rule.left, rule.bottom, rule.right)


def _merged(rules: list[Rule]) -> list[Rule]:
    """Return level rules, those that continue one another as one."""
    merged: list[Rule] = []
    row: list[Rule] = []
    for rule in [*sorted(rules, key=lambda rule: rule.top), None]:
        if row and (rule is None or rule.top - row[0].top > SNAP):
            merged += _continued(row)
            row = []
        if rule:
            row.append(rule)
    return merged


def _continued(row: list[Rule]) -> list[Rule]:
    y = median(rule.top for rule in row)
    joined: list[Rule] = []
    for rule in sorted(row, key=lambda rule: rule.left):
        if joined and rule.left - joined[-1].right <= SNAP:
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
            across = one.left - SNAP <= other.top <= one.right + SNAP
            if across and other.left - SNAP <= one.top <= other.right + SNAP:
                parents[root(i)] = root(len(level) + k)
    groups: dict[int, tuple[list[int], list[int]]] = {}
    for i in range(len(parents)):
        some, more = groups.setdefault(root(i), ([], []))
        (some if i < len(level) else more).append(i if i < len(level) else i - len(level))
    return list(groups.values())


def _grid(level: list[Rule], upright: list[Rule]) -> Grid | None:
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
    return Grid(xs, ys, frozenset(walls), frozenset(floors))


def _distinct(values: Iterable[float]) -> tuple[float, ...]:
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > 2 * SNAP:
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


def cell_at(grids: Sequence[Grid], x: float, y: float) -> tuple[int, Square] | None:
    """Return the number of the grid that a point is in, and the square."""
    for number, grid in enumerate(grids):
        if grid.xs[0] <= x <= grid.xs[-1] and grid.ys[0] <= y <= grid.ys[-1]:
            row = min(bisect_right(grid.ys, y), len(grid.ys) - 1) - 1
            column = min(bisect_right(grid.xs, x), len(grid.xs) - 1) - 1
            return number, (row, column)
    return None


def first_squares(grid: Grid) -> dict[Square, Square]:
    """Return for each square the first square, from the top, of the cell it is part of."""
    firsts: dict[Square, Square] = {}
    for row in range(len(grid.ys) - 1):
        for column in range(len(grid.xs) - 1):
            first = (row, column)
            if row and (row - 1, column) not in grid.floors:
                first = firsts[row - 1, column]
            elif column and (row, column - 1) not in grid.walls:
                first = firsts[row, column - 1]
            firsts[row, column] = first
    return firsts
