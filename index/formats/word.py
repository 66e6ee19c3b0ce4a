"""DOCX -> text: what Word shows, a paragraph or a table row a line, automatic numbers written out.

The parts are read as streams, a paragraph or a row at a time: a file of 135 kB may hold 1,000,000
paragraphs. python-docx is not used: it keeps the whole tree, and knows no numbering, footnotes or
text boxes.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from index.content import Content, make_document
from index.errors import EmptyDocument, ReadError
from index.formats.lines import Line, Lines, hidden_notes, in_one_line, plain, row_of, text_of
from index.formats.numbering import (
    Numbering,
    integer,
    is_on,
    read_numbering,
    sign,
    without_private,
)
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
    open_part,
    read_tree,
    relations,
    stream_tree,
)
from index.script import fold_characters
from index.types import Metadata

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

# A book of 1,000,000 characters has some 20,000; each takes some 40 microseconds.
MAX_PARAGRAPHS = 200_000
_PARAGRAPH_TAG = re.compile(rb"<w:p[ />]")
# Of a run's text smaller than this (in half points) nothing can be seen.
_INVISIBLE_SIZE = 2
# Each of red, green and blue from here on is white to the eye.
_WHITE = 0xF8
_SUPERSCRIPTS = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")

# Shown elsewhere, or not at all: what was deleted or moved away, codes of fields, glosses of ruby
# text, and the copy of a text box for programs that do not know text boxes.
_PASSED_OVER = frozenset(
    """
    pPr rPr del moveFrom delText instrText delInstrText rt Fallback sdtPr sdtEndPr fldData tblPr
    tblGrid trPr tcPr comment annotationRef sectPr binData
    """.split()  # noqa: SIM905 (so many quoted words are harder to read)
)
_FILLS = ("solidFill", "gradFill", "blipFill", "pattFill")


@dataclass(frozen=True, slots=True)
class Look:
    """What decides whether a run can be seen; None where a style says nothing."""

    vanishes: bool | None = None
    color: str | None = None
    size: int | None = None  # in half points
    filled: bool | None = None  # the background is not that of the page

    def over(self, under: "Look") -> "Look":
        """Return this look where it says something, the other one elsewhere."""
        return Look(
            under.vanishes if self.vanishes is None else self.vanishes,
            under.color if self.color is None else self.color,
            under.size if self.size is None else self.size,
            under.filled if self.filled is None else self.filled,
        )

    def is_hidden(self) -> bool:
        """Tell whether such text cannot be seen."""
        tiny = self.size is not None and self.size <= _INVISIBLE_SIZE
        return bool(self.vanishes) or tiny or (not self.filled and _is_white(self.color or ""))


@dataclass(frozen=True, slots=True)
class Style:
    """A named style, without what it inherits."""

    name: str = ""
    parent: str = ""
    outline: int | None = None  # 0 to 8, 9 for body text
    number: str = ""  # of the list it stands in
    depth: int | None = None
    look: Look = Look()
    shaded: bool = False  # of a table's style


@dataclass(frozen=True, slots=True)
class Styles:
    """The styles of a document, each with all that it inherits."""

    known: dict[str, Style] = field(default_factory=dict)
    default: str = ""  # of paragraphs

    def chain(self, name: str) -> Iterator[tuple[str, Style]]:
        """Yield a style and those it is based on, the nearest first; rings are cut."""
        seen = set()
        while name in self.known and name not in seen:
            seen.add(name)
            yield name, self.known[name]
            name = self.known[name].parent

    def look(self, name: str) -> Look:
        """Return the look of a style."""
        look = Look()
        for _, style in self.chain(name):
            look = look.over(style.look)
        return look

    def level(self, name: str) -> int:
        """Return 1 to 9 for a style of headings, 0 for others."""
        for _, style in self.chain(name):
            if style.outline is not None:
                return style.outline + 1 if 0 <= style.outline < 9 else 0
            if level := _level_of_name(style.name):
                return level
        return 0

    def is_title(self, name: str) -> bool:
        """Tell whether a style is that of titles, or based on it."""
        return any(
            fold_characters(style.name) in ("title", "标题") for _, style in self.chain(name)
        )


def read_docx(data: bytes, source: str) -> Content:
    """Return the document in a DOCX file.

    Raises ReadError if it is damaged, protected, larger than MAX_PARAGRAPHS or the limits of
    index.formats.package, and EmptyDocument if it holds no text.
    """
    archive = open_package(data)
    main = _main_part(archive)
    with damage("the document"):
        _refuse_too_many(archive, main)
        body = _Body(archive, main)
        body.read()
    raw = body.lines.text()
    if not raw:
        raise EmptyDocument("the document holds no text" + "".join(f"; {n}" for n in body.notes))
    layout = body.lines.layout()
    title = body.title() or declared_title(archive, raw)
    metadata = Metadata(title=title, found={"title": "declared"} if title else {})
    notes = (*hidden_notes(layout), *body.notes, *macro_notes(archive))
    return Content((make_document(source, raw, MEDIA_TYPE, metadata, layout),), notes=notes)


def _main_part(archive: zipfile.ZipFile) -> str:
    named = (path for kind, path in relations(archive).values() if kind == "officeDocument")
    main = next(named, "word/document.xml")
    if main not in archive.NameToInfo:
        raise ReadError("it has no main part, so it is no Word file: save it anew as .docx")
    return main


def _refuse_too_many(archive: zipfile.ZipFile, main: str) -> None:
    """Count the paragraphs by their usual tag, which takes a second where reading takes ten."""
    part = open_part(archive, main)
    number = 0
    while chunk := part.read(1 << 20):
        number += len(_PARAGRAPH_TAG.findall(chunk))
        if number > MAX_PARAGRAPHS:
            raise ReadError(_too_many())


def _too_many() -> str:
    return f"it has more than the {MAX_PARAGRAPHS:,} paragraphs that are read: split it"


class _Body:
    """Goes through a document once and collects its lines."""

    def __init__(self, archive: zipfile.ZipFile, main: str) -> None:
        self.archive, self.main = archive, main
        self.related = relations(archive, main)
        self.styles = read_styles(read_tree(archive, self._part("styles")))
        numbering = read_tree(archive, self._part("numbering"))
        self.numbering: Numbering = read_numbering(numbering, self._list_of_style)
        self.notes_by_kind = {kind: self._read_notes(kind) for kind in ("footnotes", "endnotes")}
        self.lines = Lines()
        self.notes: list[str] = []
        self.titles: list[str] = []
        self.waiting: list[Line] = []  # footnotes of a table, which stand behind it
        self.endnotes: list[Line] = []
        self.number_of_paragraphs = 0
        self.in_table = False  # a row with more than one cell was written

    def _part(self, kind: str) -> str:
        return next((path for name, path in self.related.values() if name == kind), "")

    def _list_of_style(self, style: str) -> str:
        return next((known.number for _, known in self.styles.chain(style) if known.number), "")

    def _read_notes(self, kind: str) -> dict[str, Element]:
        root = read_tree(self.archive, self._part(kind))
        single = kind.removesuffix("s")
        notes = children(root, single)
        return {attribute(note, "id"): note for note in notes if not attribute(note, "type")}

    def read(self) -> None:
        """Read the main part, then the endnotes."""
        tags = tuple(f"{{*}}{name}" for name in ("p", "tr", "tbl", "altChunk"))
        depth = 0  # paragraphs and rows that are open
        for event, element in stream_tree(self.archive, self.main, tags):
            kind = _kind(element)
            if kind in ("p", "tr"):
                depth += 1 if event == "start" else -1
                if event == "end":
                    self._count_paragraphs()
                    if not depth:
                        self._block(element, kind)
                        forget(element, frozenset({"tblPr", "tblGrid"}))
            elif event == "start" and not depth:
                self._outside(kind)
        self._write_notes(self.waiting)
        self._write_notes(self.endnotes)

    def _outside(self, kind: str) -> None:
        if kind == "tbl":
            self.in_table = False
        elif kind == "altChunk":
            note = "a part in another format (altChunk) is not read: save the file anew"
            self.notes += [note] * (note not in self.notes)

    def _count_paragraphs(self) -> None:
        self.number_of_paragraphs += 1
        if self.number_of_paragraphs > MAX_PARAGRAPHS:
            raise ReadError(_too_many())

    def _block(self, element: Element, kind: str) -> None:
        if _is_inside(element, ("del", "moveFrom", "Fallback")):
            return
        if kind == "tr":
            self._row(element, _filled_table(element.getparent(), self.styles))
        else:
            self._write_notes(self.waiting)
            self._paragraph(element, Look())

    def _paragraph(self, element: Element, under: Look) -> None:
        """Write a paragraph, what its text boxes hold, and its footnotes."""
        paragraph = _Paragraph(self, element, under)
        level = (
            self.styles.level(paragraph.style)
            if paragraph.outline is None
            else (paragraph.outline + 1 if 0 <= paragraph.outline < 9 else 0)
        )
        title = self.styles.is_title(paragraph.style)
        lines = [in_one_line(paragraph.lines)] if level or title else paragraph.lines
        if title and lines[0] and not any(hidden for _, hidden in lines[0]):
            self.titles.append(text_of(lines[0]).strip())
        for line in lines:
            self.lines.add(line, level)
        for box in paragraph.boxes:
            self._blocks(box, Look(filled=_filled_box(box) or None))
        self._write_notes(paragraph.footnotes)

    def _write_notes(self, notes: list[Line]) -> None:
        for note in notes:
            self.lines.add(note)
        notes.clear()

    def _blocks(self, container: Element, under: Look) -> None:
        """Write the paragraphs and rows inside a text box, or a cell that is a whole page."""
        for element in _content(container, ("p", "tbl")):
            if _kind(element) == "p":
                self._paragraph(element, under)
                continue
            self.in_table = False
            for row in _content(element, ("tr",)):
                self._row(row, under.filled or _filled_table(element, self.styles))

    def _row(self, row: Element, filled: bool | None) -> None:
        properties = child(row, "trPr")
        if child(properties, "del") is not None:
            return
        cells = list(_content(row, ("tc",)))
        spans = [_span(cell) for cell in cells]
        if len(cells) == 1 and (spans[0] == 1 or not self.in_table):
            # A frame around text, or a title above the table proper.
            self._blocks(cells[0], Look(filled=filled or _shaded(child(cells[0], "tcPr"))))
            return
        line: list[Line] = [[]] * min(_number(properties, "gridBefore"), 100)
        for cell, span in zip(cells, spans, strict=True):
            line += [self._cell(cell, filled), *[[]] * (span - 1)]
        self.lines.add(row_of(line))
        self.in_table = True

    def _cell(self, cell: Element, filled: bool | None) -> Line:
        """Return the text of a cell in one line; what lies under a merged cell is not shown."""
        properties = child(cell, "tcPr")
        merged = child(properties, "vMerge")
        if merged is not None and attribute(merged, "val") != "restart":
            return []
        look = Look(filled=filled or _shaded(properties))
        return in_one_line(self._cell_lines(cell, look))

    def _cell_lines(self, container: Element, under: Look) -> Iterator[Line]:
        for element in _content(container, ("p", "tc")):
            if _kind(element) == "tc":
                yield self._cell(element, under.filled)
                continue
            paragraph = _Paragraph(self, element, under)
            yield from paragraph.lines
            for box in paragraph.boxes:
                yield from self._cell_lines(box, Look(filled=_filled_box(box) or None))
            self.waiting += paragraph.footnotes

    def note(self, kind: str, identifier: str) -> list[Line]:
        """Return the lines of a foot- or endnote; each is given out once."""
        note = self.notes_by_kind[kind].pop(identifier, None)
        if note is None:
            return []
        paragraphs = [_Paragraph(self, element, Look()) for element in _content(note, ("p",))]
        return [in_one_line([line]) for paragraph in paragraphs for line in paragraph.lines]

    def title(self) -> str:
        """Return the first lines that stand in the style of titles, as one."""
        return self.titles[0] if self.titles else ""


class _Paragraph:
    """One paragraph: its lines (it has several if it is broken), text boxes and footnotes."""

    def __init__(self, body: _Body, element: Element, under: Look) -> None:
        self.body = body
        self.boxes: list[Element] = []
        self.footnotes: list[Line] = []
        self.lines: list[Line] = [[]]
        self.fields: list[str] = []  # of those that are open: "code" or "result"
        properties = child(element, "pPr")
        self.style = attribute(child(properties, "pStyle"), "val") or body.styles.default
        outline = attribute(child(properties, "outlineLvl"), "val")
        self.outline = integer(outline, 9) if outline else None
        shade = Look(filled=_shaded(properties) or None)
        self.look = body.styles.look(self.style).over(shade).over(under)
        label = self._label(properties)
        self._inline(element)
        if label and any(text_of(line).strip() for line in self.lines):
            hidden = all(hides for line in self.lines for text, hides in line if text.strip())
            first = text_of(self.lines[0])[:1]
            # Without a space 1. and 2025年 would be a number that the page does not show.
            joint = " " if label[-1].isascii() and label[-1] != " " and first.isdigit() else ""
            self.lines[0].insert(0, (label + joint, hidden))

    def _label(self, properties: Element | None) -> str:
        """Return the paragraph's automatic number; its list counts it, shown or not."""
        direct = child(properties, "numPr")
        number = attribute(child(direct, "numId"), "val")
        level = attribute(child(direct, "ilvl"), "val")
        if number:
            depth = integer(level, 0) if level else 0
        else:
            number, depth = self._list_of_style()
            depth = integer(level, depth) if level else depth
        return self.body.numbering.label(number, depth) if number else ""

    def _list_of_style(self) -> tuple[str, int]:
        depth = None
        for _, style in self.body.styles.chain(self.style):
            depth = style.depth if depth is None else depth
            if style.number:
                linked = self.body.numbering.level_of_style(style.number, self.style)
                return style.number, linked or depth or 0
        return "", 0

    def _inline(self, element: Element) -> None:
        for part in element:
            kind = _kind(part)
            if kind == "r":
                self._run(part)
            elif kind == "txbxContent":
                self.boxes.append(part)
            elif kind == "m:f":
                self._fraction(part)
            elif kind in ("m:t", "m:sup"):
                self._formula(part, kind)
            elif kind not in _PASSED_OVER:
                self._inline(part)

    def _fraction(self, part: Element) -> None:
        """Write a fraction on one line: without a stroke 1/2 would become 12."""
        self._inline(child(part, "num") if child(part, "num") is not None else ())
        self._write("/", False)
        self._inline(child(part, "den") if child(part, "den") is not None else ())

    def _formula(self, part: Element, kind: str) -> None:
        if kind == "m:t":
            self._write(part.text or "", False)
            return
        text = "".join(t.text or "" for t in part.iter() if local_name(t) == "t")
        self._write(_raised(text), False)

    def _run(self, run: Element) -> None:
        properties = child(run, "rPr")
        look = self._look_of(properties)
        hidden = look.is_hidden()
        raised = attribute(child(properties, "vertAlign"), "val") == "superscript"
        for part in run:
            kind = _kind(part)
            if kind == "t":
                text = without_private(plain(part.text or ""))
                self._write(_raised(text) if raised else text, hidden)
            elif kind in _RUN_PARTS:
                self._run_part(part, kind, hidden)
            elif kind not in _PASSED_OVER:
                self._inline(part)

    def _run_part(self, part: Element, kind: str, hidden: bool) -> None:
        """Read what stands in a run beside text."""
        if kind == "fldChar":
            self._field(attribute(part, "fldCharType"))
        elif kind in ("br", "cr"):
            if attribute(part, "type") in ("", "textWrapping") and "code" not in self.fields:
                self.lines.append([])
        elif kind in ("tab", "ptab"):
            self._write(" ", hidden)
        elif kind == "noBreakHyphen":
            self._write("-", hidden)
        elif kind == "sym":
            self._write(sign(attribute(part, "char"), attribute(part, "font")), hidden)
        elif kind == "footnoteReference":
            self.footnotes += self.body.note("footnotes", attribute(part, "id"))
        elif kind == "endnoteReference":
            self.body.endnotes += self.body.note("endnotes", attribute(part, "id"))

    def _field(self, kind: str) -> None:
        """Follow a field from its code to its result; one field may hold others."""
        if kind == "begin":
            self.fields.append("code")
        elif kind == "separate" and self.fields:
            self.fields[-1] = "result"
        elif kind == "end" and self.fields:
            self.fields.pop()

    def _write(self, text: str, hidden: bool) -> None:
        if text and "code" not in self.fields:
            self.lines[-1].append((text, hidden))

    def _look_of(self, properties: Element | None) -> Look:
        if properties is None:
            return self.look
        style = attribute(child(properties, "rStyle"), "val")
        look = _read_look(properties)
        return (look.over(self.body.styles.look(style)) if style else look).over(self.look)


_RUN_PARTS = frozenset(
    {"fldChar", "br", "cr", "tab", "ptab", "noBreakHyphen", "sym", "footnoteReference"}
    | {"endnoteReference"}
)


def _kind(element: Element) -> str:
    """Return the local name of an element; those of formulas begin with m:, of drawings with a:."""
    return _kind_of_tag(element.tag)


@lru_cache(maxsize=10_000)  # few names, asked for very often; an attack may make up many
def _kind_of_tag(tag: Any) -> str:
    space, _, local = str(tag).rpartition("}")
    if "/math" in space:
        return f"m:{local}"
    return f"a:{local}" if "drawingml" in space and local in ("p", "t", "r", "tbl") else local


def _content(container: Element, kinds: tuple[str, ...]) -> Iterator[Element]:
    """Yield the nearest elements of some kinds inside another, through wrappers of all sorts."""
    for element in container:
        kind = _kind(element)
        if kind in kinds:
            yield element
        elif kind not in _PASSED_OVER:
            yield from _content(element, kinds)


def _is_inside(element: Element, kinds: tuple[str, ...]) -> bool:
    return any(local_name(above) in kinds for above in element.iterancestors())


def _number(properties: Element | None, name: str) -> int:
    return max(0, integer(attribute(child(properties, name), "val"), 0))


def _span(cell: Element) -> int:
    """Return how many columns a cell takes; Word has at most 63."""
    return min(max(1, _number(child(cell, "tcPr"), "gridSpan")), 63)


def _raised(text: str) -> str:
    """Return raised figures as such, since 10⁵ is not 105; other text as it is."""
    raised = text.strip().translate(_SUPERSCRIPTS)
    return raised if raised and all(mark in "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ" for mark in raised) else text


def _is_white(color: str) -> bool:
    try:
        return len(color) == 6 and all(byte >= _WHITE for byte in bytes.fromhex(color))
    except ValueError:  # "auto"
        return False


def _shaded(properties: Element | None) -> bool:
    """Tell whether a paragraph, run or cell has a background of its own that is not white."""
    shade = child(properties, "shd")
    if shade is None or attribute(shade, "val") == "nil":
        return False
    fill = attribute(shade, "fill")
    patterned = attribute(shade, "val") not in ("clear", "")
    return patterned or (fill not in ("auto", "") and not _is_white(fill))


def _filled_table(table: Element | None, styles: Styles) -> bool:
    properties = child(table, "tblPr")
    name = attribute(child(properties, "tblStyle"), "val")
    return _shaded(properties) or any(style.shaded for _, style in styles.chain(name))


def _filled_box(box: Element) -> bool:
    """Tell whether a text box may have a background: white text in it is then meant to be read."""
    for above in box.iterancestors():
        kind = local_name(above)
        if kind == "wsp":
            shape = child(above, "spPr")
            styled = child(above, "style") is not None and child(shape, "noFill") is None
            return bool(styled or any(child(shape, fill) is not None for fill in _FILLS))
        if kind in ("shape", "rect", "roundrect"):
            return bool(above.get("filled") != "f" and above.get("fillcolor"))
        if kind == "p":
            break
    return False


def _read_look(properties: Element | None) -> Look:
    vanish, color, size = (child(properties, name) for name in ("vanish", "color", "sz"))
    marked = child(properties, "highlight") is not None or _shaded(properties)
    return Look(
        None if vanish is None else is_on(vanish),
        None if color is None else attribute(color, "val"),
        None if size is None else integer(attribute(size, "val"), _INVISIBLE_SIZE + 1),
        marked or None,
    )


def read_styles(root: Element | None) -> Styles:
    """Return the styles of styles.xml, none without it."""
    known = {}
    default = ""
    for style in children(root, "style"):
        name = attribute(style, "styleId")
        known[name] = _read_style(style)
        if attribute(style, "type") == "paragraph" and attribute(style, "default") in ("1", "true"):
            default = name
    return Styles(known, default)


def _read_style(style: Element) -> Style:
    properties = child(style, "pPr")
    outline = attribute(child(properties, "outlineLvl"), "val")
    numbering = child(properties, "numPr")
    depth = attribute(child(numbering, "ilvl"), "val")
    table = attribute(style, "type") == "table"
    return Style(
        name=attribute(child(style, "name"), "val"),
        parent=attribute(child(style, "basedOn"), "val"),
        outline=integer(outline, 9) if outline else None,
        number=attribute(child(numbering, "numId"), "val"),
        depth=integer(depth, 0) if depth else None,
        look=Look() if table else _read_look(child(style, "rPr")),
        shaded=table and any(local_name(part) == "shd" for part in style.iter()),
    )


def _level_of_name(name: str) -> int:
    """Return 3 for "heading 3" and 标题 3, 0 for names of other styles."""
    folded = fold_characters(name).lower().replace(" ", "")
    for word in ("heading", "标题"):
        rest = folded.removeprefix(word)
        if rest != folded and len(rest) == 1 and rest in "123456789":
            return int(rest)
    return 0
