"""Word files: written by pandoc with real footnotes, given fonts and the record, and read back.

The record is a custom XML part. Where a program that saved the file again has lost it, what the
footnotes show is enough to check them.
"""

import io
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from index.errors import ReadError
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
    relations,
)
from rag.errors import ReportError
from rag.export import pandoc
from rag.export.compose import DOUBT, ENTRY, PLACE, QUOTE, SMALL, compose
from rag.export.record import read_record, record
from rag.export.shown import read_place, split_note
from rag.export.types import Report, Visible, Written
from rag.types import Language

_NAMESPACE = "urn:yinzheng:record"
_PART, _PROPERTIES = "/customXml/item1.xml", "/customXml/itemProps1.xml"
_STORE = "http://schemas.openxmlformats.org/officeDocument/2006/customXml"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/customXml"
_PROPERTIES_TYPE = "application/vnd.openxmlformats-officedocument.customXmlProperties+xml"
_PROPERTIES_XML = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>'
    '<ds:datastoreItem ds:itemID="{{B6D3B4A5-7C5E-4C3E-9D59-1F2E5C0A7A11}}" xmlns:ds="{0}">'
    '<ds:schemaRefs><ds:schemaRef ds:uri="{1}"/></ds:schemaRefs></ds:datastoreItem>'
)
# Text and headings; programs without these fonts take their own for Chinese.
_FONTS: dict[Language, tuple[str, str]] = {
    "zh": ("宋体", "黑体"),
    "zh-Hant": ("新細明體", "微軟正黑體"),
    "en": ("宋体", "黑体"),
}
_LATIN = "Times New Roman"
_LANGUAGES = {"zh": "zh-CN", "zh-Hant": "zh-TW", "en": "zh-CN"}  # of East Asian characters
_GREY, _BLUE = "595959", "1F3864"
# Points: size, space before and behind.
_SIZES = {
    "Title": (18, 0, 14),
    "Heading 1": (13, 16, 6),
    "Body Text": (11, 0, 6),
    "First Paragraph": (11, 0, 6),
    "Block Text": (11, 4, 8),
    "Footnote Text": (9, 0, 2),
    ENTRY: (10, 0, 4),
    SMALL: (9, 3, 3),
}
_HEADINGS = ("Title", "Heading 1")
_QUIET = frozenset((SMALL, DOUBT, PLACE))
_MOST_ITEMS = 50  # custom parts that are looked at
_SKIPPED = frozenset(("separator", "continuationSeparator", "continuationNotice"))


# --- writing


def write_word(report: Report) -> bytes:
    """Return a report as a .docx file. Raises ExportError."""
    import docx

    made = docx.Document(io.BytesIO(pandoc.run_pandoc(compose(report, "docx"), "--to=docx")))
    _set_fonts(made, report.language)
    _set_layout(made)
    _set_pages(made)
    _set_properties(made, report)
    _add_record(made, record(report))
    written = io.BytesIO()
    made.save(written)
    return written.getvalue()


def _set_fonts(made: Any, language: Language) -> None:
    text, heading = _FONTS[language]
    _set_default_fonts(made, text, _LANGUAGES[language])
    for style in made.styles:
        if style.type is not None and getattr(style, "font", None) is not None:
            is_heading = style.name in _HEADINGS
            _set_font(style, heading if is_heading else text)


def _set_default_fonts(made: Any, font: str, language: str) -> None:
    from docx.oxml.ns import qn

    for defaults in made.styles.element.iter(qn("w:rPrDefault")):
        properties = defaults.find(qn("w:rPr"))
        for language_of_all in properties.iter(qn("w:lang")):
            language_of_all.set(qn("w:eastAsia"), language)
        for fonts in properties.iter(qn("w:rFonts")):
            _name_fonts(fonts, font)


def _set_font(style: Any, font: str) -> None:
    properties = style.element.get_or_add_rPr()
    if style.name in _SIZES or properties.rFonts is not None:
        style.font.name = _LATIN
        _name_fonts(properties.rFonts, font)


def _name_fonts(fonts: Any, font: str) -> None:
    """Name fonts, in place of those of a theme, which come first."""
    from docx.oxml.ns import qn

    for name in list(fonts.attrib):
        if name.endswith("Theme"):
            del fonts.attrib[name]
    for name in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{name}"), _LATIN)
    fonts.set(qn("w:eastAsia"), font)


def _set_layout(made: Any) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt, RGBColor

    styles = {style.name: style for style in made.styles}
    for name, (size, before, behind) in _SIZES.items():
        if style := styles.get(name):
            style.font.size = Pt(size)
            style.paragraph_format.space_before = Pt(before)
            style.paragraph_format.space_after = Pt(behind)
    for name in _HEADINGS:
        styles[name].font.bold, styles[name].font.color.rgb = True, RGBColor.from_string(_BLUE)
    for name in ("Body Text", "First Paragraph", "Block Text"):
        styles[name].paragraph_format.line_spacing = 1.35
    styles["Title"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.LEFT
    for name in _QUIET & styles.keys():
        styles[name].font.color.rgb = RGBColor.from_string(_GREY)
    if entry := styles.get(ENTRY):
        entry.paragraph_format.left_indent = Pt(21)
        entry.paragraph_format.first_line_indent = Pt(-21)


def _set_pages(made: Any) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Mm

    section = made.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(28)
    section.top_margin = section.bottom_margin = Mm(25)
    # LibreOffice takes pandoc's "restart in each section" for "at each heading".
    for numbering in section._sectPr.findall(qn("w:footnotePr")):
        section._sectPr.remove(numbering)
    number = OxmlElement("w:fldSimple")
    number.set(qn("w:instr"), "PAGE")
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    footer._p.append(number)


def _set_properties(made: Any, report: Report) -> None:
    made.core_properties.author = ""
    made.core_properties.language = _LANGUAGES[report.language]


def _add_record(made: Any, text: str) -> None:
    """Put the record beside the text, as Word keeps it when the file is edited and saved."""
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part

    body = f'<?xml version="1.0" encoding="UTF-8"?><record xmlns="{_NAMESPACE}">{escape(text)}'
    package = made.part.package
    item = Part(PackURI(_PART), "application/xml", f"{body}</record>".encode(), package)
    properties = _PROPERTIES_XML.format(_STORE, _NAMESPACE).encode()
    props = Part(PackURI(_PROPERTIES), _PROPERTIES_TYPE, properties, package)
    made.part.relate_to(item, _RELATION)
    item.relate_to(props, f"{_RELATION}Props")


# --- reading


def read_word(data: bytes) -> Written:
    """Return what a .docx file shows and records. Raises ReportError."""
    try:
        with open_package(data) as archive:
            kinds = relations(archive)
            main = next((p for kind, p in kinds.values() if kind == "officeDocument"), "")
            tree = read_tree(archive, main)
            if tree is None or local_name(tree) != "document":
                raise ReportError("it is no Word document: it has no text")
            parts = {kind: path for kind, path in relations(archive, main).values()}
            styles = _style_names(read_tree(archive, parts.get("styles", "")))
            notes = {
                kind: _notes(read_tree(archive, parts.get(f"{kind}s", "")), styles)
                for kind in ("footnote", "endnote")
            }
            return Written(_record(archive, main), tuple(_visible(tree, notes, styles)))
    except ReadError as error:
        raise ReportError(str(error)) from error


def _record(archive: Any, main: str) -> tuple[dict[str, Any], ...]:
    """Return the rows of the record, none if another program has lost it."""
    paths = [path for kind, path in relations(archive, main).values() if kind == "customXml"]
    for path in paths[:_MOST_ITEMS]:
        if path not in archive.NameToInfo:
            continue
        data = read_part(archive, path)
        if _NAMESPACE.encode() in data[:1000]:
            with damage("the record"):
                root = parse(data)
            return read_record("".join(root.itertext()))
    return ()


def _style_names(tree: Element | None) -> dict[str, str]:
    return {
        attribute(style, "styleId"): attribute(child(style, "name"), "val")
        for style in children(tree, "style")
    }


# A piece of text and the name of its character style.
_Run = tuple[str, str]


def _notes(tree: Element | None, styles: dict[str, str]) -> dict[str, Visible | None]:
    """Return id -> what each note shows, None for those that are not ours."""
    return {
        attribute(note, "id"): _of_note([r for r in _runs(note, styles) if isinstance(r, tuple)])
        for note in ([] if tree is None else tree)
        if local_name(note) in ("footnote", "endnote") and attribute(note, "type") not in _SKIPPED
    }


def _runs(tree: Element, styles: dict[str, str]) -> Iterator[_Run | Element]:
    """Yield runs of text in order, and the references to notes that stand between them."""
    for element in tree.iter("{*}r", "{*}footnoteReference", "{*}endnoteReference", "{*}p"):
        kind = local_name(element)
        if kind == "p":
            yield "\n", ""
        elif kind == "r":
            properties = child(element, "rPr")
            if child(properties, "vanish") is None:
                named = attribute(child(properties, "rStyle"), "val")
                yield _text_of(element), styles.get(named, named)
        else:
            yield element


def _text_of(run: Element) -> str:
    parts = []
    for element in run:
        kind = local_name(element)
        if kind == "t":
            parts.append(element.text or "")
        elif kind in ("tab", "br", "cr"):
            parts.append(" ")
        elif kind == "noBreakHyphen":
            parts.append("-")
    return "".join(parts)


def _visible(
    tree: Element, notes: dict[str, dict[str, Visible | None]], styles: dict[str, str]
) -> Iterator[Visible]:
    """Yield the quotations that the notes show, or the text before a note that has but a place."""
    before: list[_Run] = []
    number = 0
    for run in _runs(tree, styles):
        if isinstance(run, tuple):
            before.append(run)
            continue
        number += 1
        kind = local_name(run).removesuffix("Reference")
        found = notes[kind].get(attribute(run, "id"))
        if found and (quote := found.quote or _styled(before, QUOTE)):
            yield Visible(quote, found.place, number)
        before = []


def _of_note(runs: list[_Run]) -> Visible | None:
    """Return what a note shows, None if it is none of ours."""
    quote, place = _styled(runs, QUOTE), read_place(_styled(runs, PLACE))
    if place or quote:
        return Visible(quote, place)
    return split_note("".join(text for text, _ in runs))


def _styled(runs: list[_Run], name: str) -> str:
    """Return the text from the first to the last run of a style, what was put between included."""
    wanted = name.casefold()
    places = [i for i, (text, style) in enumerate(runs) if text and style.casefold() == wanted]
    return "".join(text for text, _ in runs[places[0] : places[-1] + 1]) if places else ""
