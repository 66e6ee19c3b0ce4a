"""Files -> documents: a reader for each format, chosen by suffix, checked against the content."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.decode import decode
from index.errors import EmptyDocument, ReadError, UnsupportedFormat
from index.script import encodable
from index.types import Document, Metadata

# Larger files are refused rather than read into memory.
MAX_BYTES = 200 * 2**20
# Parts of saved web pages and of folders that nobody means to ingest: passed over without a word.
ASSETS = frozenset(
    """
    .css .js .mjs .map .png .jpg .jpeg .gif .webp .svg .ico .bmp .woff .woff2 .ttf .eot .mp3 .mp4
    .ds_store .lock .tmp .part
    """.split()  # noqa: SIM905 (so many quoted words are harder to read)
)
_MAGIC = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive (Word, Excel and EPUB files are such)"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a compressed file"),
    (b"Rar!", "a compressed file"),
    (b"7z\xbc\xaf", "a compressed file"),
    (b"{\\rtf", "an RTF file"),
)
_ROW_FIELDS = frozenset({"id", "title", "text", "url", "date", "publisher"})


@dataclass(frozen=True, slots=True)
class Content:
    """What one file holds: documents, and for each row that is none, a line that says why."""

    documents: tuple[Document, ...]
    problems: tuple[str, ...] = ()


def supported_suffixes() -> tuple[str, ...]:
    """Return the suffixes that are read, sorted."""
    return tuple(sorted(_READERS))


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file. Raises ReadError if it cannot be opened or is too large."""
    try:
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
    """Return the documents in a file's bytes; the suffix of `source` chooses the reader.

    Raises UnsupportedFormat, EmptyDocument or ReadError, each one line.
    """
    suffix = Path(source).suffix.lower()
    reader = _READERS.get(suffix)
    if reader is None:
        raise UnsupportedFormat(_unsupported(data, suffix))
    if not data:
        raise EmptyDocument("the file is empty: nothing to read")
    if kind := _kind_by_content(data):
        raise UnsupportedFormat(f"it is {kind}, whatever its name says")
    return reader(decode(data), source)


def _unsupported(data: bytes, suffix: str) -> str:
    known = ", ".join(supported_suffixes())
    if not data:
        return "the file is empty: nothing to read"
    if _looks_like_html(data.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower().decode("latin-1")):
        name = suffix or "named"
        return f"it is an HTML page, not a {name} file: rename it to .html if it is a document"
    kind = _kind_by_content(data)
    found = f"{suffix or 'no suffix'}{f', {kind},' if kind else ''}"
    return f"{found} is not a format that is read; known are {known}"


def _kind_by_content(data: bytes) -> str:
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), "")


def _looks_like_html(head: str) -> bool:
    head = re.sub(r"^<\?xml[^>]*>\s*", "", head)
    return head.startswith(("<!doctype html", "<html", "<head", "<body"))


def make_document(
    source: str, raw: str, media_type: str, metadata: Metadata | None = None
) -> Document:
    """Return a document with the hash of its text."""
    digest = hashlib.sha256(raw.encode("utf-8")).hexdigest()
    return Document(source, raw, digest, media_type, metadata or Metadata())


def _read_text(raw: str, source: str) -> Content:
    html = _looks_like_html(raw.lstrip("\ufeff \t\r\n")[:200].lower())
    return Content((make_document(source, raw, "text/html" if html else "text/plain"),))


def _read_markdown(raw: str, source: str) -> Content:
    return Content((make_document(source, raw, "text/markdown"),))


def _read_html(raw: str, source: str) -> Content:
    return Content((make_document(source, raw, "text/html"),))


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


_READERS: dict[str, Callable[[str, str], Content]] = {
    ".txt": _read_text,
    ".md": _read_markdown,
    ".html": _read_html,
    ".htm": _read_html,
    ".jsonl": _read_rows,
}
