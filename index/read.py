"""Files -> documents: the content says which reader, the suffix tells apart kinds of text.

Everything here parses what others made: it runs in a child process (sandbox.py).
"""

import io
import json
import re
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from index.content import Content, make_document
from index.decode import decode_with_notes
from index.errors import EmptyDocument, ReadError, UnsupportedFormat
from index.script import encodable
from index.types import Document, Metadata

Reader = Callable[[bytes, str], Content]

# Larger files are refused rather than read into memory.
MAX_BYTES = 200 * 2**20
# Parts of saved web pages and of folders that nobody means to ingest: passed over without a word.
ASSETS = frozenset(
    """
    .css .js .mjs .map .png .jpg .jpeg .gif .webp .svg .ico .bmp .woff .woff2 .ttf .eot .mp3 .mp4
    .ds_store .lock .tmp .part
    """.split()  # noqa: SIM905 (so many quoted words are harder to read)
)
ARCHIVE = "archive"
_SUFFIXES = {
    ".txt": "text",
    ".text": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".shtml": "html",
    ".mht": "mhtml",
    ".mhtml": "mhtml",
    ".jsonl": "rows",
    ".csv": "csv",
    ".tsv": "csv",
    ".pdf": "pdf",
    ".docx": "word",
    ".docm": "word",
    ".xlsx": "sheet",
    ".xlsm": "sheet",
    ".epub": "epub",
    ".zip": ARCHIVE,
    ".tar": ARCHIVE,
    ".tgz": ARCHIVE,
    ".gz": ARCHIVE,
}
_OFFICE = frozenset(
    {".doc", ".wps", ".rtf", ".odt", ".ods", ".xls", ".et", ".ppt", ".pptx", ".odp"}
)
# Of binary formats, the module and the function that read them; imported when one comes along.
_MODULES = {
    "csv": ("index.formats.spreadsheet", "read_csv"),
    "sheet": ("index.formats.spreadsheet", "read_xlsx"),
    "word": ("index.formats.word", "read_docx"),
    "epub": ("index.formats.epub", "read_epub"),
    "mhtml": ("index.formats.mhtml", "read_mhtml"),
    "office": ("index.formats.office", "read_office"),
    "pdf": ("index.formats.pdf", "read_pdf"),
}
_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0", "office"),
    (b"{\\rtf", "office"),
    (b"\x1f\x8b", ARCHIVE),
)
_FOREIGN = (
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"Rar!", "a RAR archive: unpack it and ingest the files"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it and ingest the files"),
)
_PDF_WITHIN = 1024  # bytes before %PDF-, as readers of PDF allow
_TAR_PLACE = slice(257, 262)
_ROW_FIELDS = frozenset({"id", "title", "text", "url", "date", "publisher"})


def supported_suffixes() -> tuple[str, ...]:
    """Return the suffixes that are read, sorted."""
    return tuple(sorted([*_SUFFIXES, *_OFFICE]))


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file. Raises ReadError if it cannot be opened or is too large."""
    try:
        if not path.exists():
            raise ReadError("there is no such file")
        if not path.is_file():
            raise ReadError("not a regular file")
        if (size := path.stat().st_size) > MAX_BYTES:
            raise ReadError(
                f"{size:,} bytes are more than the {MAX_BYTES:,} that are read: split it"
            )
        return path.read_bytes()
    except OSError as error:
        raise ReadError(f"cannot be opened: {error.strerror or error}") from error


def read_file(data: bytes, source: str) -> Content:
    """Return the documents in the bytes of a file that is no archive.

    Raises UnsupportedFormat, EmptyDocument or ReadError, each one line.
    """
    kind = kind_of(data, source)
    if kind == ARCHIVE:
        raise UnsupportedFormat("it is an archive, which holds files of its own")
    if kind in _MODULES:
        module, name = _MODULES[kind]
        reader: Reader = getattr(import_module(module), name)
        return reader(data, source)
    raw, notes = decode_with_notes(data)
    content = _TEXT_READERS[kind](raw, source)
    return Content(content.documents, content.problems, (*notes, *content.notes))


def kind_of(data: bytes, source: str) -> str:
    """Return which reader the bytes of a file are for; ARCHIVE if they are files of their own.

    A Word file that is really a web page, which is common, is read as what it is. Raises
    EmptyDocument for no bytes, UnsupportedFormat for what is not read.
    """
    if not data:
        raise EmptyDocument("the file is empty: nothing to read")
    suffix = Path(source).suffix.lower()
    if kind := next((kind for magic, kind in _FOREIGN if data.startswith(magic)), ""):
        raise UnsupportedFormat(f"it is {kind}, whatever its name says")
    if b"%PDF-" in data[:_PDF_WITHIN]:
        return "pdf"
    kind = next((kind for magic, kind in _MAGIC if data.startswith(magic)), "")
    if data[_TAR_PLACE] == b"ustar":
        return ARCHIVE
    if kind:
        return _kind_of_zip(data, suffix) if kind == "zip" else kind
    if suffix not in _SUFFIXES and suffix not in _OFFICE:
        raise UnsupportedFormat(_unsupported(data, suffix))
    if _is_html(data) and _SUFFIXES.get(suffix) not in ("text", "markdown", "rows"):
        return "html"
    return _kind_by_suffix(suffix)


def _kind_by_suffix(suffix: str) -> str:
    """Return the kind of what has no mark of its own: text, unless its name says otherwise."""
    kind = "office" if suffix in _OFFICE else _SUFFIXES[suffix]
    if kind in ("pdf", "word", "sheet", "epub", "office", ARCHIVE):
        raise ReadError(f"it is no {suffix} file, or a damaged one: save it again from its source")
    return kind


def _kind_of_zip(data: bytes, suffix: str) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            names = frozenset(opened.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise ReadError(f"it is a damaged ZIP file ({error}): save or download it again") from error
    marks = (("word/document.xml", "word"), ("xl/workbook.xml", "sheet"))
    kind = next((kind for name, kind in marks if name in names), "")
    if kind or "META-INF/container.xml" in names:
        return kind or "epub"
    office = "ppt/presentation.xml" in names or ("mimetype" in names and "content.xml" in names)
    # A Word file without its main part is a damaged one, not an archive of XML files.
    if office or suffix in _OFFICE or _SUFFIXES.get(suffix) in ("word", "sheet", "epub"):
        return "office" if office else _SUFFIXES.get(suffix, "office")
    return ARCHIVE


def _unsupported(data: bytes, suffix: str) -> str:
    if _is_html(data):
        return "it is an HTML page by another name: rename it to .html if it is a document"
    known = ", ".join(supported_suffixes())
    return f"{suffix or 'no suffix'} is not a format that is read; known are {known}"


def _is_html(data: bytes) -> bool:
    return _looks_like_html(data.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower().decode("latin-1"))


def _looks_like_html(head: str) -> bool:
    head = re.sub(r"^<\?xml[^>]*>\s*", "", head)
    return head.startswith(("<!doctype html", "<html", "<head", "<body"))


def _read_text(raw: str, source: str) -> Content:
    if _looks_like_html(raw.lstrip("\ufeff \t\r\n")[:200].lower()):
        return _read_html(raw, source)
    return Content((make_document(source, raw, "text/plain"),))


def _read_markdown(raw: str, source: str) -> Content:
    return Content((make_document(source, raw, "text/markdown"),))


def _read_html(raw: str, source: str) -> Content:
    return Content((html_document(source, raw),))


def html_document(source: str, raw: str, url: str = "") -> Document:
    """Return a web page as a document; `url` is the address that its file declares."""
    from index.formats.markup import html_layout

    web = url.startswith(("http://", "https://"))
    known = Metadata(url=url, found={"url": "declared"}) if web else Metadata()
    return make_document(source, raw, "text/html", known, html_layout(raw))


def _read_rows(raw: str, source: str) -> Content:
    documents: dict[str, Document] = {}
    problems = []
    # Not splitlines(): JSON text may hold line ends of other kinds, such as U+2028.
    for number, line in enumerate(raw.lstrip("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            document = _document_of_row(line)
            if document.id in documents:
                raise ReadError(f"the id {document.id!r} stands in an earlier row too")
            documents[document.id] = document
        except ReadError as error:
            problems.append(f"row {number}: {error}")
    if not documents:
        raise ReadError(problems[0] if problems else "no rows in it")
    return Content(tuple(documents.values()), tuple(problems))


def _document_of_row(line: str) -> Document:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ReadError(f"not JSON ({error})") from error
    if not isinstance(row, dict):
        raise ReadError('not an object like {"id": …, "title": …, "text": …}')
    fields = {name: _text_field(row, name) for name in _ROW_FIELDS}
    if not fields["id"].strip() or not fields["text"].strip():
        raise ReadError("id and text must not be empty")
    declared = {name: fields[name].strip() for name in ("title", "url", "date", "publisher")}
    found = {name: "declared" for name, value in declared.items() if value}
    metadata = Metadata(**declared, found=found)
    return make_document(fields["id"], fields["text"], "text/plain", metadata)


def _text_field(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool) and name == "id":
        return str(value)
    if not isinstance(value, str):
        raise ReadError(f"{name} must be text, is now {type(value).__name__}")
    return encodable(value)


_TEXT_READERS: dict[str, Callable[[str, str], Content]] = {
    "text": _read_text,
    "markdown": _read_markdown,
    "html": _read_html,
    "rows": _read_rows,
}
