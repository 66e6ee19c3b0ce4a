"""`yinzheng export` and `yinzheng cite`: answers and passages as files with references.

Mounted by rag.cli; like there, what is heavy is imported inside the functions.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rag.errors import ExportError, ReportError

if TYPE_CHECKING:
    from index.library import Library
    from index.types import Metadata
    from rag.collected import Item
    from rag.export.types import Report
    from rag.types import Language

StyleOption = Annotated[
    Literal["gb7714-numeric", "gb7714-author-year", "apa"],
    typer.Option("--style", help="The style of references."),
]
LibraryOption = Annotated[
    Path | None, typer.Option("--library", help="Folder of the library [default: ./library].")
]


def export(
    answers: Annotated[Path, typer.Argument(help="What `ask --json` or `ask --out` wrote.")],
    to: Annotated[
        Path, typer.Option("--to", help="A file: .docx, .md, .html, .bib or .json (CSL-JSON).")
    ],
    style: StyleOption = "gb7714-numeric",
    language: Annotated[
        Literal["zh", "zh-Hant", "en", ""],
        typer.Option("--language", help="Of headings and places [default: that of the answers]."),
    ] = "",
    title: Annotated[str, typer.Option("--title", help="The title of the report.")] = "",
    library: LibraryOption = None,
) -> None:
    """Write answers into a report with footnotes and references; `verify` checks it again."""
    from dataclasses import replace

    from rag.export.files import export as exported
    from rag.export.files import format_of
    from rag.report import read_rows

    format_ = format_of(to)
    items = tuple(item_of_row(row) for row in read_rows(answers))
    report = _report(items, language or _language(items))
    report = replace(report, style=style, title=title)
    _write(to, exported(_with_documents(report, library), format_))
    citations = len(report.citations())
    typer.echo(f"wrote {to}: {len(items)} answers, {citations} citations")


def cite(
    source: Annotated[str, typer.Argument(metavar="ID", help="A document; `list` names them.")],
    start: Annotated[int, typer.Argument(min=0, help="The first character of the passage.")],
    end: Annotated[int, typer.Argument(min=0, help="The character behind its last one.")],
    style: StyleOption = "gb7714-numeric",
    library: LibraryOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The citation as `ask --json` writes it.")
    ] = False,
) -> None:
    """Quote a passage with its reference."""
    from dataclasses import asdict

    from rag.passages import citation_of
    from rag.references import Source, quotation, references

    with _opened(library) as opened:
        citation = citation_of(opened, source, start, end)
        known = opened.metadata(source)
    if as_json:
        typer.echo(json.dumps(asdict(citation), ensure_ascii=False))
        return
    today = datetime.now(UTC).date().isoformat()
    typer.echo(quotation(citation, references([Source(source, known, today)], style)[0]))


def _opened(folder: Path | None) -> "Library":
    from index.library import Library
    from rag.config import Settings

    settings = Settings(library=folder) if folder else Settings()
    return Library(settings.library)


# --- rows -> items


def item_of_row(row: Mapping[str, Any]) -> "Item":
    """Return an answer as `ask --json` writes it. Raises ReportError if it is none."""
    from pydantic import TypeAdapter, ValidationError

    from rag.collected import Item

    if not isinstance(row.get("answer"), str) or not isinstance(row.get("question"), str):
        raise ReportError(f"the row with id {row.get('id')!r:.100} is no answer of `ask --json`")
    names = ("question", "language", "citations", "claims", "notes", "llm")
    given = {name: row[name] for name in names if name in row} | {"text": row["answer"]}
    try:
        return TypeAdapter(Item).validate_python({"citations": (), "language": "zh", **given})
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise ReportError(
            f"the row with id {row.get('id')!r:.100}: {where}: {problem['msg']}"
        ) from error


# --- items -> a report


def _language(items: Sequence["Item"]) -> "Language":
    """Return the language of most answers."""
    languages = [item.language for item in items]
    return max(languages, key=languages.count, default="zh")


def _report(items: tuple["Item", ...], language: "Language") -> "Report":
    from rag.export.types import Report
    from rag.problems import worded

    today = datetime.now(UTC).date().isoformat()
    return Report("", items, language=language, accessed=today, worded=worded)


def _with_documents(report: "Report", folder: Path | None) -> "Report":
    """Add what a library knows of the documents; without one, citations say enough."""
    from dataclasses import replace

    from index.errors import LibraryNotFound

    known: dict[str, Metadata] = {}
    with suppress(LibraryNotFound), _opened(folder) as library:
        present = set(library.document_ids())
        sources = {citation.source for citation in report.citations()}
        known = {source: library.metadata(source) for source in sources & present}
    return replace(report, documents=known)


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror or error}") from error


COMMANDS: tuple[Callable[..., None], ...] = (export, cite)
