import io
import zipfile
from collections import Counter
from pathlib import Path

from index.clean import clean
from index.types import Document

DATA = Path(__file__).resolve().parents[1] / "data"
SCRIPTS = ("hans", "hant")

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OTHERS = "".join(
    f' xmlns:{name}="{uri}"'
    for name, uri in {
        "r": _OFFICE,
        "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
        "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
        "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
        "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
        "v": "urn:schemas-microsoft-com:vml",
    }.items()
)


def trigram_f1(text: str, truth: str) -> float:
    """F1 of character trigrams, white space removed."""
    one, other = (_trigrams("".join(words.split())) for words in (text, truth))
    return 2 * (one & other).total() / (one.total() + other.total())


def _trigrams(text: str) -> Counter[str]:
    return Counter(text[i : i + 3] for i in range(len(text) - 2))


def cleaned(document: Document) -> str:
    return clean(document.raw, document.media_type, document.layout).text


def package(parts: dict[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return stream.getvalue()


def _relations(targets: dict[str, str]) -> str:
    inner = "".join(
        f'<Relationship Id="r{i}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for i, (kind, target) in enumerate(targets.items())
    )
    return f'<Relationships xmlns="{_PACKAGE}">{inner}</Relationships>'


def docx(
    body: str, prolog: str = "", extra: dict[str, str | bytes] | None = None, **parts
) -> bytes:
    """A DOCX file; `parts` are styles, numbering, footnotes …, the insides of their roots."""
    roots = {"styles": "styles", "numbering": "numbering", "footnotes": "footnotes"}
    files: dict[str, str | bytes] = {
        "_rels/.rels": _relations({"officeDocument": "word/document.xml"}),
        "word/_rels/document.xml.rels": _relations({name: f"{name}.xml" for name in parts}),
        "word/document.xml": f'{prolog}<w:document xmlns:w="{_WORD}"{_OTHERS}><w:body>{body}'
        "</w:body></w:document>",
        **(extra or {}),
    }
    for name, inside in parts.items():
        root = roots.get(name, name)
        files[f"word/{name}.xml"] = f'<w:{root} xmlns:w="{_WORD}"{_OTHERS}>{inside}</w:{root}>'
    return package(files)


def paragraph(text: str, properties: str = "", run: str = "") -> str:
    return (
        f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:rPr>{run}</w:rPr>"
        f'<w:t xml:space="preserve">{text}</w:t></w:r></w:p>'
    )


def xlsx(rows: str, columns: str = "", merged: str = "") -> bytes:
    """An XLSX file with one sheet."""
    return package(
        {
            "_rels/.rels": _relations({"officeDocument": "xl/workbook.xml"}),
            "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}"><sheets>'
            '<sheet name="Sheet1" sheetId="1" r:id="r0"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": _relations({"worksheet": "worksheets/sheet1.xml"}),
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_SHEET}">{columns}<dimension '
            f'ref="A1:XFD1048576"/><sheetData>{rows}</sheetData>{merged}</worksheet>',
        }
    )
