"""HTML source -> where its visible text stands, line by line, and what its head declares."""

import html
import re
from array import array
from dataclasses import dataclass, field

from index.formats.html_elements import VOID, OpenElements
from index.formats.html_hidden import Hidden, hiding, may_resize, not_shown
from index.formats.html_tables import BLOCK, BREAK, ROW, SPACE, OpenTable, in_row, spread
from index.offsets import Edit
from index.types import Span

# html.parser knows places too, but needs quadratic time for some sources, such as 1 MB of "<a".
_TOKEN = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<[!?][^>]*(?:>|\Z)"
    r"|</?(?P<tag>[a-z][^\s/>]*+)(?:=\s*+(?:\"[^\"]*+\"|'[^']*+')|[^>])*+(?:>|\Z)"
    r"|</[^>]*(?:>|\Z)"
    # Eight digits are more than any character has; int() refuses thousands of them.
    r"|&(?:#\d{1,8}|#x[\da-f]{1,8}|[a-z][a-z\d]{1,31}+);?",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"(?<![^\s\"'<>/=])([^\s\"'<>/=]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))"
)
_SPACES = re.compile(r"\s{2,}|[\n\r\t]")
_SPAN = re.compile(r"\s(colspan|rowspan)\s*=\s*[\"']?\s*(\d{1,4})", re.IGNORECASE)
_NAMES = re.compile(r"\s(?:class|id)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>\"']+)", re.IGNORECASE)
_HREF = re.compile(r"\shref\s*=", re.IGNORECASE)
_LINE_END = re.compile("[\n\r]")
_PROSE = re.compile("[，。；！？、]")

# What stands inside is not read, up to the first end tag of the same name.
_PROGRAMS = frozenset({"script", "style"})
_UNREAD = _PROGRAMS | frozenset(
    {"noscript", "template", "svg", "iframe", "object", "select", "textarea", "button", "title"}
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = _HEADINGS | frozenset(
    """
    address article aside blockquote body br caption center dd details dialog div dl dt fieldset
    figcaption figure footer form head header hr html legend li main nav ol option p pre section
    summary table tbody td tfoot th thead title tr ul
    """.split()  # noqa: SIM905 (forty quoted words are harder to read)
)
_CELLS = frozenset({"td", "th"})
_ROWS = frozenset({"tr", "table", "tbody", "thead", "tfoot", "caption"})
# A longer heading is an element that somebody forgot to close.
_LONGEST_HEADING = 300
# Classes and ids stand near the front of a tag.
_LONGEST_TAG = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """What the tokens of an HTML source say: where text stands, and what the head declares."""

    # These leave the visible text, a block a line.
    edits: list[Edit] = field(default_factory=list)
    # From <a> to </a>, with the tags between them.
    links: list[Span] = field(default_factory=list)
    # Name or property, in lower case, -> content.
    meta: dict[str, str] = field(default_factory=dict)
    title: str = ""
    heading: str = ""  # the first h1
    canonical: str = ""
    # The text of h1 to h6, with its level.
    headings: list[tuple[Span, int]] = field(default_factory=list)
    hidden: list[Span] = field(default_factory=list)  # what is not shown, tags in it included
    tree: "Tree" = field(default_factory=lambda: Tree())


@dataclass(frozen=True, slots=True)
class Tree:
    """The blocks of a page, numbered as they begin, 0 being the page itself."""

    names: list[str] = field(default_factory=list)  # such as "div"
    labels: list[str] = field(default_factory=list)  # class and id, in lower case
    parents: "array[int]" = field(default_factory=lambda: array("i"))
    depths: "array[int]" = field(default_factory=lambda: array("i"))
    # Where each run of text begins, and the block that it stands in; both as long.
    runs: "array[int]" = field(default_factory=lambda: array("i"))
    blocks: "array[int]" = field(default_factory=lambda: array("i"))


def read_page(source: str) -> Page:
    """Return the places of the visible text of an HTML source, and what its head declares."""
    reader = _Reader(source)
    title = _one_line(_unescaped(reader.titles[0])) if reader.titles else ""
    heading = _one_line("".join(reader.heading))
    canonical = reader.relations.get("canonical", "")
    elements = reader.elements
    tree = Tree(
        *(reader.names, reader.labels, elements.parents, elements.depths),
        *(reader.runs, reader.blocks),
    )
    hidden = not_shown(reader.hidden, reader.prose)
    return Page(
        *(reader.edits, reader.links, reader.meta, title, heading, canonical),
        *(reader.headings, hidden, tree),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


class _Reader:
    """Goes through a source once, token by token, and collects what makes a `Page`."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.edits: list[Edit] = []
        self.dropping: tuple[int, int, list[str], str] | None = None  # what would be the next edit
        self.links: list[Span] = []
        self.meta: dict[str, str] = {}
        self.relations: dict[str, str] = {}  # of <link>: rel -> href
        self.titles: list[str] = []
        self.heading: list[str] = []  # what the first h1 says
        self.in_heading = False
        self.headings: list[tuple[Span, int]] = []
        self.heading_level = 0
        self.heading_span: Span | None = None
        self.preformatted = 0
        self.link_start: int | None = None
        self.elements = OpenElements(self._close)
        self.names, self.labels = [""], [""]
        self.runs, self.blocks = array("i"), array("i")
        self.tables: list[OpenTable] = []
        self.in_tables: list[tuple[int, str]] = []  # edits made in open tables, with their marks
        self.prose = 0
        self.hider: tuple[int, str, int, int, str] | None = None  # the open element that hides
        self.hidden: list[Hidden] = []
        self.last_ends = _last_ends(source)
        self._read()

    def _read(self) -> None:
        position = 0
        while token := _TOKEN.search(self.source, position):
            if position < token.start():
                self._text(position, token.start())
            if name := token["tag"]:
                position = self._tag(*token.span(), name.lower())
            else:
                position = token.end()
                self._other(*token.span())
        if position < len(self.source):
            self._text(position, len(self.source))
        self.elements.end_all(len(self.source))
        self._flush()

    # --- what is left out

    def _drop(self, start: int, end: int, mark: str, reason: str) -> None:
        """Leave white space or nothing for a stretch; touching ones of one reason become one."""
        if self.dropping and (self.dropping[1] != start or self.dropping[3] != reason):
            self._flush()
        if start == end:
            return
        first, _, marks, _ = self.dropping or (start, end, [], reason)
        if mark and (self.tables or not marks or marks[-1] != mark):
            marks.append(mark)
        self.dropping = (first, end, marks, reason)

    def _flush(self) -> None:
        """Make an edit of what is being left out."""
        if self.dropping:
            start, end, found, reason = self.dropping
            marks = "".join(found)
            if self.tables:
                self.in_tables.append((len(self.edits), marks))
            self.edits.append(Edit(Span(start, end), spread(marks), reason))
        self.dropping = None

    def _end_table(self) -> None:
        """Write a table of data, now at its end, as lines with tabs."""
        table = self.tables.pop()
        data = table.is_data()
        while self.in_tables and self.in_tables[-1][0] >= table.first_edit:
            i, marks = self.in_tables.pop()
            if data and marks:
                start, end = self.edits[i].span.start, self.edits[i].span.end
                around = self.source[max(0, start - 2) : start], self.source[end : end + 2]
                self.edits[i] = Edit(Span(start, end), in_row(marks, *around), self.edits[i].reason)

    # --- text

    def _text(self, start: int, end: int) -> None:
        """Join lines as HTML does: their ends are spaces, between Han characters not even that."""
        data = self.source[start:end]
        if self.in_heading:
            self.heading.append(data)
        if not data.isspace():
            self._note_text(start, end, data)
        if self.preformatted:
            self._flush()
            return
        if self.tables:
            start, end = self._edges(start, end, data)
            data = self.source[start:end]
        for match in _SPACES.finditer(data):
            around = data[max(match.start() - 1, 0) : match.start()] + data[match.end() :][:1]
            joint = _joint(match[0], around)
            self._replace(start + match.start(), start + match.end(), joint)

    def _replace(self, start: int, end: int, replacement: str, reason: str = "") -> None:
        self._flush()
        self.edits.append(Edit(Span(start, end), replacement, reason))

    def _edges(self, start: int, end: int, data: str) -> tuple[int, int]:
        """Leave out white space at the edges of a text in a table; return the span between."""
        tight = data.strip()
        lead = len(data) - len(data.lstrip())
        if lead:
            self._drop(start, start + lead, _joint(data[:lead], tight[:1]), "markup")
        if not tight:
            return end, end
        if lead + len(tight) < len(data):
            first = start + lead + len(tight)
            mark = _joint(data[lead + len(tight) :], tight[-1:])
            self._drop(first, end, mark, "markup")
        return start + lead, start + lead + len(tight)

    def _note_text(self, start: int, end: int, data: str) -> None:
        """Count a text, and remember which block it stands in."""
        if self.tables:
            self.tables[-1].text(end - start)
        block = self.elements.current
        if not self.blocks or self.blocks[-1] != block:
            self.runs.append(start)
            self.blocks.append(block)
        if self.heading_level:
            first = start + len(data) - len(data.lstrip())
            known = self.heading_span
            self.heading_span = Span(known.start if known else first, start + len(data.rstrip()))
        if self.link_start is None:
            self.prose += len(_PROSE.findall(data))

    def _other(self, start: int, end: int) -> None:
        """Take a comment, a declaration or a reference to a character."""
        token = self.source[start:end]
        if not token.startswith("&"):
            self._drop(start, end, "", "markup")
            return
        spelled = html.unescape(token)
        if self.in_heading:
            self.heading.append(spelled)
        if spelled.isspace():
            self._drop(start, end, SPACE, "markup")
            return
        self._note_text(start, end, token)
        if spelled != token:
            self._replace(start, end, spelled)

    # --- tags

    def _tag(self, start: int, end: int, name: str) -> int:
        """Take a tag and what it hides; return where reading goes on."""
        if name in _CELLS or name == "table":
            self._end_link(start)  # which nobody closed
        if self.source.startswith("</", start):
            self._end(start, name)
            self._drop(start, end, self._mark(name), "markup")
            return end
        mark = self._start(Span(start, end), name)
        self._drop(start, end, mark, "markup")
        unread = self._unread_until(end, name)
        if unread > end:
            self._drop(end, unread, "", "markup" if name == "title" else "script or style")
        if name == "title":
            self.titles.append(self.source[end:unread])
        return unread

    def _unread_until(self, position: int, name: str) -> int:
        """Return where content that is not read ends; unclosed, only programs are not read."""
        if name in _UNREAD and position <= self.last_ends.get(name, -1):
            end = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(self.source, position)
            return end.start() if end else position
        return len(self.source) if name in _PROGRAMS else position

    def _mark(self, name: str) -> str:
        """Return the mark that a tag leaves; cells leave theirs where they begin."""
        if name not in _BLOCKS:
            return ""
        if name in _CELLS:
            return "" if self.tables else SPACE
        if not self.tables or name in _ROWS:
            return ROW
        return BREAK if name == "br" else BLOCK

    def _start(self, span: Span, name: str) -> str:
        """Take a start tag; return its mark."""
        tag = span.of(self.source)
        if name in ("meta", "link"):
            self._declaration(name, _attributes(tag))
        elif name == "a":
            self._end_link(span.start)  # which HTML does not nest
            # Without one it is the target of a link; many are never closed.
            self.link_start = span.start if _HREF.search(tag) else None
        elif name == "pre":
            self.preformatted += 1
        elif name in _HEADINGS:
            self._start_heading(span, name)
        hides = "" if self.hider or name in VOID else hiding(tag)
        mark = self._mark(name)
        if name not in VOID and self._is_tracked(name, hides):
            mark = self._open(span, name, tag, mark)
            if hides:
                self.hider = (self.elements.current, hides, span.end, self.prose, name)
        return mark

    def _is_tracked(self, name: str, hides: str) -> bool:
        """Tell whether an element goes into the tree: blocks do, parts of a table only in one."""
        if name in _CELLS or name in _ROWS:
            return name == "table" or self.elements.is_open("table")
        return name in _BLOCKS or bool(hides) or bool(self.hider and self.hider[4] == name)

    def _open(self, span: Span, name: str, tag: str, mark: str) -> str:
        """Open an element; return its mark, which for a cell tells how many columns it is away."""
        self.elements.start(name, span.start, name in _BLOCKS)
        self.names.append(name)
        labels = _NAMES.findall(tag, 0, _LONGEST_TAG)
        self.labels.append(" ".join(labels).lower() if labels else "")
        if name == "table":
            self._flush()
            if self.tables:
                self.tables[-1].layout = True
            self.tables.append(OpenTable(len(self.edits)))
        elif name == "tr":
            self.tables[-1].start_row()
        elif name in _CELLS:
            spans = {m[1].lower(): int(m[2]) for m in _SPAN.finditer(tag, 0, _LONGEST_TAG)}
            return self.tables[-1].start_cell(
                max(1, spans.get("colspan", 1)), max(1, spans.get("rowspan", 1))
            )
        elif self.tables and (name in _HEADINGS or name == "pre"):
            self.tables[-1].layout = True
        return mark

    def _end(self, start: int, name: str) -> None:
        if name == "a":
            self._end_link(start)
        elif name == "pre":
            self.preformatted = max(0, self.preformatted - 1)
        elif name in _HEADINGS:
            self._end_heading()
        if name not in VOID:
            self.elements.end(name, start)

    def _close(self, element: int, name: str, place: int) -> None:
        """Take the end of an element, whatever ended it."""
        if name == "table":
            self._flush()
            self._end_table()
        if self.hider and self.hider[0] == element:
            _, how, start, prose, _ = self.hider
            self.hider = None
            span = Span(start, place)
            if len(span) and not (how == "size" and may_resize(self.source, span)):
                self.hidden.append(Hidden(span, self.prose - prose, how == "display"))

    def _start_heading(self, span: Span, name: str) -> None:
        known = "".join(self.heading).strip()
        self.in_heading = name == "h1" and not known and span.end <= self.last_ends.get("h1", -1)
        self.heading_level = int(name[1])
        self.heading_span = None

    def _end_heading(self) -> None:
        self.in_heading = False
        if self.heading_level and self.heading_span and len(self.heading_span) <= _LONGEST_HEADING:
            self.headings.append((self.heading_span, self.heading_level))
        self.heading_level = 0

    def _end_link(self, end: int) -> None:
        if self.link_start is not None:
            self.links.append(Span(self.link_start, end))
        self.link_start = None

    def _declaration(self, name: str, values: dict[str, str]) -> None:
        if name == "meta":
            key = values.get("property") or values.get("name") or ""
            self.meta.setdefault(key.lower(), values.get("content", "").strip())
        else:
            self.relations.setdefault(values.get("rel", "").lower(), values.get("href", ""))


def _joint(space: str, around: str) -> str:
    """Return what joins two lines: between Han characters nothing."""
    return "" if _LINE_END.search(space) and not around.isascii() else SPACE


def _last_ends(source: str) -> dict[str, int]:
    """Return element -> where its last end tag begins, so that no search for one is in vain."""
    names = "|".join(sorted(_UNREAD | {"h1"}))
    ends = re.finditer(rf"</({names})(?=[\s/>])", source, re.IGNORECASE)
    return {match[1].lower(): match.start() for match in ends}


def _attributes(tag: str) -> dict[str, str]:
    found = _ATTRIBUTE.finditer(tag)
    return {m[1].lower(): _unescaped(m[2] or m[3] or m[4] or "") for m in found}


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # a reference with more digits than int() reads
        return text
