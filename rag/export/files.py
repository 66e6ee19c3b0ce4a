"""Reports as files: written in the format that a suffix names, and read back with limits."""

from pathlib import Path

from rag.errors import ExportError, ReportError
from rag.export.compose import sources
from rag.export.types import FORMATS, Format, Report, Written
from rag.references import bibtex, csl_json

# A report of 1,000 citations has 2 MB.
MAX_REPORT = 50 * 2**20
READABLE = (".docx", ".md", ".html")


def format_of(path: Path) -> Format:
    """Return the format that a file name asks for. Raises ExportError."""
    for format_ in FORMATS:
        if path.suffix.lower() == f".{format_}":
            return format_
    known = ", ".join(f".{format_}" for format_ in FORMATS)
    raise ExportError(f"{path.name}: a report is written as {known}, not as {path.suffix!r}")


def export(report: Report, format_: Format) -> bytes:
    """Return a report as a file. Raises ExportError."""
    if not report.items:
        raise ExportError("there is nothing to export: a report needs an answer or a passage")
    if format_ == "bib":
        return bibtex(sources(report)).encode()
    if format_ == "json":
        return csl_json(sources(report)).encode()
    if format_ == "docx":
        from rag.export.word import write_word

        return write_word(report)
    if format_ == "html":
        from rag.export.html import write_html

        return write_html(report)
    from rag.export.markdown import write_markdown

    return write_markdown(report)


def read_written(path: Path) -> Written:
    """Return what a written report shows and records. Raises ReportError, with the file's name."""
    try:
        return _read(path.suffix.lower(), _bytes(path))
    except ReportError as error:
        raise ReportError(f"{path.name}: {error}") from error


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_REPORT + 1)
    except OSError as error:
        raise ReportError(f"it cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_REPORT:
        raise ReportError(f"it has more than the {MAX_REPORT:,} bytes that are read")
    return data


def _read(suffix: str, data: bytes) -> Written:
    if suffix == ".docx":
        from rag.export.word import read_word

        return read_word(data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReportError("it is not in UTF-8: save it as such") from error
    if suffix == ".html":
        from rag.export.html import read_html

        return read_html(text.encode())
    from rag.export.markdown import read_markdown

    return read_markdown(text)
