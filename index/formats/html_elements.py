"""Which elements of an HTML source are open at a place: a light tree, for blocks only.

It follows the HTML standard where pages depend on it (end tags that are left out, end tags without
a start, tables as boundaries) and needs linear time whatever the nesting.
"""

from array import array
from collections import Counter
from collections.abc import Callable

ROOT = 0

VOID = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905
)
CELLS = frozenset({"td", "th"})
GROUPS = frozenset({"tbody", "thead", "tfoot"})
_TABLE_PARTS = CELLS | GROUPS | {"tr", "caption"}
# No end tag reaches out of these, but their own and those of the table around.
_SCOPES = CELLS | {"caption", "table"}
_ITEMS = {"li": ("li",), "dd": ("dd", "dt"), "dt": ("dd", "dt"), "option": ("option",)}
# What a part of a table may stand in; elements left open in between end before it.
_HOLDERS = {
    "tr": GROUPS | {"table"},
    **dict.fromkeys(CELLS, GROUPS | {"table", "tr"}),
    **dict.fromkeys((*GROUPS, "caption"), frozenset({"table"})),
}


class OpenElements:
    """The stack of open elements; `on_close(element, place)` hears of each that ends.

    Elements are numbered as they begin, from 1; 0 is the page. `parents[n]` and `depths[n]` stay.
    """

    def __init__(self, on_close: Callable[[int, str, int], None]) -> None:
        self.on_close = on_close
        self.parents = array("i", [ROOT])
        self.depths = array("i", [0])
        self._stack: list[tuple[int, str]] = []
        self._open: Counter[str] = Counter()
        # How many of each name are open since the last cell, and since the last table.
        self._in_cell: list[Counter[str]] = [Counter()]
        self._in_table: list[Counter[str]] = [Counter()]

    @property
    def current(self) -> int:
        """Return the innermost open element."""
        return self._stack[-1][0] if self._stack else ROOT

    def is_open(self, name: str) -> bool:
        """Tell whether an element of this name is open anywhere."""
        return self._open[name] > 0

    def start(self, name: str, place: int, block: bool) -> int:
        """Open an element where its start tag stands; a block ends some that are open."""
        if block:
            self._end_implied(name, place)
        number = len(self.parents)
        self.parents.append(self.current)
        self.depths.append(len(self._stack) + 1)
        self._in_table[-1][name] += 1
        self._in_cell[-1][name] += 1
        self._open[name] += 1
        self._stack.append((number, name))
        if name in _SCOPES:
            self._in_cell.append(Counter())
        if name == "table":
            self._in_table.append(Counter())
        return number

    def end(self, name: str, place: int) -> None:
        """End the innermost element of this name, and what is open in it; else do nothing."""
        if name == "table":
            reachable = self._open[name]
        elif name in _TABLE_PARTS:
            reachable = self._in_table[-1][name]
        else:
            reachable = self._in_cell[-1][name]
        if reachable:
            while self._pop(place) != name:
                pass

    def end_all(self, place: int) -> None:
        """End what is still open at the end of the source."""
        while self._stack:
            self._pop(place)

    def _end_implied(self, name: str, place: int) -> None:
        if name in _HOLDERS:
            while self._stack and self._stack[-1][1] not in _HOLDERS[name]:
                self._pop(place)
            return
        if self._stack and self._stack[-1][1] == "p":
            self._pop(place)
        if self._stack and self._stack[-1][1] in _ITEMS.get(name, ()):
            self._pop(place)

    def _pop(self, place: int) -> str:
        number, name = self._stack.pop()
        if name == "table":
            self._in_table.pop()
        if name in _SCOPES:
            self._in_cell.pop()
        self._in_table[-1][name] -= 1
        self._in_cell[-1][name] -= 1
        self._open[name] -= 1
        self.on_close(number, name, place)
        return name
