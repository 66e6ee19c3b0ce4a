"""EPUB -> text: the chapters in the order of reading, a block a line, headings with their level."""

import html.entities
import posixpath
import re
import zipfile
from dataclasses import dataclass, field
from urllib.parse import unquote

from index.content import Content, make_document
from index.errors import EmptyDocument, ReadError
from index.formats.lines import Line, Lines, hidden_notes, in_one_line, row_of
from index.formats.package import (
    Element,
    attribute,
    child,
    children,
    damage,
    local_name,
    open_package,
    parse,
    read_part,
    read_tree,
)
from index.types import Metadata

MEDIA_TYPE = "application/epub+zip"

# What all chapters together may hold when unpacked; a long novel has some 5 MB.
MAX_CHAPTERS = 50 * 2**20
_ENTITY = re.compile("&([A-Za-z][A-Za-z0-9]{1,31});")
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
# Encrypted fonts are common and harmless; these ways of encrypting serve for nothing else.
_OF_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    """
    address article aside blockquote body br caption center dd details div dl dt fieldset figcaption
    figure footer form header hr legend li main nav ol p pre section summary table tbody tfoot thead
    title tr ul td th
    """.split()  # noqa: SIM905 (so many quoted words are harder to read)
)
# rt and rp hold the readings that stand above characters.
_PASSED_OVER = frozenset(
    "script style head template svg math iframe object rt rp noscript".split()  # noqa: SIM905
)
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def read_epub(data: bytes, source: str) -> Content:
    """Return the book in an EPUB file, each chapter of its spine a page.

    Raises ReadError if it is damaged, protected by DRM or larger than MAX_CHAPTERS, and
    EmptyDocument if it holds no text.
    """
    archive = open_package(data)
    with damage("the book"):
        _refuse_protected(archive)
        package = _package_part(archive)
        root = read_tree(archive, package)
        lines = Lines()
        left = MAX_CHAPTERS
        for chapter in _spine(root, package):
            if chapter in archive.NameToInfo:
                source_text = read_part(archive, chapter)
                left -= len(source_text)
                if left < 0:
                    raise ReadError(f"its chapters hold more than {MAX_CHAPTERS:,} bytes: split it")
                lines.start_page()
                _Chapter(lines).read(parse_page(source_text))
    raw = lines.text()
    if not raw:
        raise EmptyDocument("the book holds no text: its pages may be pictures")
    layout = lines.layout()
    metadata = _metadata(child(root, "metadata"))
    document = make_document(source, raw, MEDIA_TYPE, metadata, layout)
    return Content((document,), notes=hidden_notes(layout))


def _refuse_protected(archive: zipfile.ZipFile) -> None:
    root = read_tree(archive, "META-INF/encryption.xml")
    methods = (
        []
        if root is None
        else [part for part in root.iter() if local_name(part) == "EncryptionMethod"]
    )
    if any(attribute(method, "Algorithm") not in _OF_FONTS for method in methods):
        raise ReadError("it is protected (DRM): only an unprotected copy can be read")


def _package_part(archive: zipfile.ZipFile) -> str:
    container = read_tree(archive, "META-INF/container.xml")
    for file in children(child(container, "rootfiles"), "rootfile"):
        path = file.get("full-path", "")
        if path in archive.NameToInfo:
            return str(path)
    raise ReadError("it names no package document, so it is no EPUB file")


def _spine(root: Element, package: str) -> list[str]:
    """Return the parts of the chapters, each once, in the order of reading."""
    folder = posixpath.dirname(package)
    parts = {
        item.get("id"): posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        for item in children(child(root, "manifest"), "item")
        if "html" in item.get("media-type", "")
    }
    named = (item.get("idref") for item in children(child(root, "spine"), "itemref"))
    return list(dict.fromkeys(parts[name] for name in named if name in parts))


def _metadata(declared: Element | None) -> Metadata:
    """Return title and publisher; the date is that of the edition, mostly of the file."""
    title, publisher = (
        " ".join((getattr(child(declared, name), "text", "") or "").split())
        for name in ("title", "publisher")
    )
    found = {"title": title, "publisher": publisher}
    return Metadata(
        title=title,
        publisher=publisher,
        found={name: "declared" for name, value in found.items() if value},
    )


def parse_page(source: bytes) -> Element:
    """Return the root of a chapter: XHTML, or HTML where it is not well-formed.

    Raises ReadError if it declares entities.
    """
    from lxml import etree

    if b"<!ENTITY" in source:
        raise ReadError("a chapter declares entities of its own: save the book anew")
    utf8 = _is_utf8(source)
    if utf8:
        source = _ENTITY.sub(_as_number, source.decode("utf-8", "replace")).encode()
    try:
        return parse(source)
    except etree.XMLSyntaxError:
        parser = etree.HTMLParser(
            encoding="utf-8" if utf8 else None, no_network=True, remove_comments=True
        )
        root = etree.fromstring(source, parser) if source.strip() else None
        return etree.Element("html") if root is None else root


def _is_utf8(source: bytes) -> bool:
    head = source[:200].lower()
    return not head.startswith((b"\xff\xfe", b"\xfe\xff")) and (
        b"encoding=" not in head or b"utf-8" in head
    )


def _as_number(match: re.Match[str]) -> str:
    """Return &nbsp; as &#160;, which XML knows without the DTD."""
    place = html.entities.name2codepoint.get(match[1])
    return match[0] if place is None or match[1] in _OF_XML else f"&#{place};"


@dataclass(slots=True)
class _Chapter:
    """Goes through the elements of a chapter once, and writes a block a line."""

    lines: Lines
    line: Line = field(default_factory=list)
    level: int = 0  # of the heading that is open
    cells: list[Line] | None = None  # of the row that is open
    inside: list[Line] = field(default_factory=list)  # the lines of the cell that is open
    skipped: int = 0  # how many elements deep in what is not read
    hidden: int = 0  # how many elements deep in what is not shown

    def read(self, root: Element) -> None:
        """Write the lines of a chapter."""
        from lxml import etree

        for event, element in etree.iterwalk(root, events=("start", "end")):
            if not isinstance(element.tag, str):
                continue
            name = local_name(element).lower()
            if event == "start":
                self._start(element, name)
                self._write(element.text)
            else:
                self._end(element, name)
                self._write(element.tail)
        self._end_line()

    def _start(self, element: Element, name: str) -> None:
        if self.skipped or name in _PASSED_OVER:
            self.skipped += 1
        if self.hidden or _hides(element):
            self.hidden += 1
        if name in _HEADINGS or name in _BLOCKS:
            self._end_line()
        if name in _HEADINGS:
            self.level = _HEADINGS[name]
        elif name == "tr" and self.cells is None:
            self.cells = []

    def _end(self, element: Element, name: str) -> None:
        if name in _HEADINGS or name in _BLOCKS:
            self._end_line()
        if name in _HEADINGS:
            self.level = 0
        elif name in ("td", "th") and self.cells is not None and not _in_cell(element):
            self.cells.append(in_one_line(self.inside))
            self.inside = []
        elif name == "tr" and self.cells is not None and not _in_cell(element):
            self.lines.add(row_of(self.cells))
            self.cells = None
        self.skipped = max(0, self.skipped - 1)
        self.hidden = max(0, self.hidden - 1)

    def _write(self, text: str | None) -> None:
        if text and not self.skipped:
            self.line.append((re.sub(r"\s+", " ", text), bool(self.hidden)))

    def _end_line(self) -> None:
        line = in_one_line([self.line])
        if self.cells is None:
            self.lines.add(line, self.level)
        elif line:
            self.inside.append(line)
        self.line = []


def _hides(element: Element) -> bool:
    return element.get("hidden") is not None or bool(_HIDING.search(element.get("style", "")))


def _in_cell(element: Element) -> bool:
    """Tell whether an element stands in a cell, a table within a table."""
    return any(local_name(above) in ("td", "th") for above in element.iterancestors())
