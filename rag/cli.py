"""The command line: parses input, renders output, prints. Its contract is DESIGN section 4.

Heavy modules are imported inside the commands, so that `yinzheng --help` answers at once.
"""

import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Annotated, Any

import typer

from index.errors import YinzhengError
from rag.export_command import COMMANDS
from rag.llm.command import llm_app

if TYPE_CHECKING:
    from rich.text import Text

    from index.filters import Filters
    from index.frames import CleanDocument
    from index.ingest import Report
    from index.library import Library
    from index.types import Hit
    from rag.config import Settings
    from rag.evaluate import Figures, GoldQuestion
    from rag.pipeline import Assistant
    from rag.report import Standing
    from rag.types import Answer

app = typer.Typer(
    name="yinzheng",
    help="Questions over Chinese policy documents, answered with quotes that stand in them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(llm_app, name="llm")

LibraryOption = Annotated[
    Path | None, typer.Option("--library", help="Folder of the library [default: ./library].")
]
EncoderOption = Annotated[
    str, typer.Option("--encoder", help="A sentence-transformers model [default: the bundled one].")
]
LlmOption = Annotated[
    str,
    typer.Option(
        "--llm",
        help="extractive, auto, gguf:FILE or PRESET:MODEL; see `llm list` [default: extractive].",
    ),
]
BaseUrlOption = Annotated[
    str, typer.Option("--base-url", help="Address of an OpenAI-compatible server.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
QueriesOption = Annotated[
    Path | None, typer.Option("--queries", help="A .jsonl file of questions, with --out.")
]
OutOption = Annotated[Path | None, typer.Option("--out", help="Where the rows of a batch go.")]


RerankerOption = Annotated[
    str,
    typer.Option("--reranker", help="A cross-encoder that reads the 30 best passages once more."),
]
RegionOption = Annotated[
    list[str] | None, typer.Option("--region", help="Only documents of this place; repeatable.")
]
AfterOption = Annotated[
    str, typer.Option("--after", help="Only documents from this day, month or year on.")
]
BeforeOption = Annotated[
    str, typer.Option("--before", help="Only documents up to this day, month or year.")
]
PublisherOption = Annotated[
    list[str] | None,
    typer.Option("--publisher", help="Only what this body published or issued; repeatable."),
]
SourceOption = Annotated[
    list[str] | None,
    typer.Option("--source", help="Only this document, or a pattern like 2024/*; repeatable."),
]

_INTERRUPTED = 130  # how typer ends after Ctrl-C, without a word


def main() -> None:
    """Run the command line; every failure is one line on standard error and exit code 1."""
    # What they cannot read, we report ourselves.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    logging.getLogger("readability").setLevel(logging.CRITICAL)
    for stream in (sys.stdout, sys.stderr):  # whatever the locale: what we write is Chinese
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except YinzhengError as error:
        _fail(str(error))
    except SystemExit as ended:
        if ended.code != _INTERRUPTED:
            raise
        _fail("interrupted: what was stored is whole, run the command again to go on")
    except BrokenPipeError:
        # The reader went away: nothing to say, also not when Python flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if os.environ.get("YINZHENG_DEBUG"):
            raise
        _fail(f"unexpected {type(error).__name__}: {error} (YINZHENG_DEBUG=1 shows where)")


def _fail(message: str) -> None:
    print(f"yinzheng: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(1)


def _settings(**given: object) -> "Settings":
    from pydantic import ValidationError

    from rag.config import Settings
    from rag.errors import ConfigurationError

    try:
        return Settings(**{name: value for name, value in given.items() if value})  # type: ignore[arg-type]
    except ValidationError as error:
        problem = error.errors()[0]
        raise ConfigurationError(
            f"{problem['loc'][0]}: {problem['msg']}, is now {problem['input']!r}"
        ) from error


@contextmanager
def _library(
    folder: Path | None,
    encoder: str = "",
    create: bool = False,
    late: str = "",
    reranker: str | None = None,
) -> Iterator["Library"]:
    """Open a library; `reranker` None is for commands that search nothing."""
    from index.library import Library

    settings = _settings(library=folder, encoder=encoder, reranker=reranker or "")
    chosen, second = None, None
    if settings.encoder:
        from index.encoder import load_encoder

        chosen = load_encoder(settings.encoder)
    if settings.reranker and reranker is not None:
        from index.rerank import load_reranker

        second = load_reranker(settings.reranker)
    with Library(settings.library, chosen, create, second, late) as library:
        yield library


def _assistant(library: "Library", llm: str, base_url: str) -> "Assistant":
    from rag.llm import make_answerer, make_rewriter
    from rag.pipeline import Assistant

    settings = _settings(llm=llm, base_url=base_url)
    key = settings.api_key.get_secret_value()
    spec = _chosen(settings.llm, settings.base_url, key)
    answerer = make_answerer(spec, library.encoder, settings.base_url, key, library.glossary)
    return Assistant(library, answerer, make_rewriter(spec, settings.base_url, key))


def _chosen(spec: str, base_url: str, api_key: str) -> str:
    """Return what answers, and say why if "auto" chose it."""
    from rag.llm import choose

    choice = choose(spec, base_url, api_key)
    if choice.why:
        print(f"yinzheng: note: {choice.why}", file=sys.stderr)
    return choice.spec


def _one_of(question: str | None, queries: Path | None, out: Path | None) -> None:
    if (question is None) == (queries is None):
        raise typer.BadParameter("give a question, or --queries FILE with --out FILE")
    if (queries is None) != (out is None):
        raise typer.BadParameter("--queries and --out go together")


# --- ingest


@app.command()
def ingest(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders, archives, URLs; .jsonl rows are {id, title, text}."),
    ] = None,
    meta: Annotated[
        Path | None,
        typer.Option("--meta", help="A CSV of your own metadata; `list --csv` writes one to edit."),
    ] = None,
    library: LibraryOption = None,
    encoder: EncoderOption = "",
    late: Annotated[
        str,
        typer.Option(
            "--late",
            help="A multi-vector (ColBERT) model for late interaction [default: the encoder].",
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Put files and folders into the library; unchanged ones are passed over."""
    from index.ingest import ingest as run
    from index.ingest import list_files

    if not paths and not meta:
        raise typer.BadParameter("give files or folders, or --meta FILE.csv")
    given: list[Path | str] = [*(paths or ())]
    list_files(given)  # a path that is not there must not leave an empty library behind
    overrides = _meta_table(meta) if meta else None
    with _library(library, encoder, bool(paths), late) as opened, _progress() as progress:
        report = run(opened, given, progress, overrides)
        documents, passages = opened.store.counts()
    if as_json:
        _print_json(_report_row(report, documents, passages))
    else:
        _print_report(report, documents, passages)
    for problem in report.problems:
        print(f"yinzheng: {problem.source}: {' '.join(problem.reason.split())}", file=sys.stderr)
    if report.problems:
        raise typer.Exit(1)


def _meta_table(file: Path) -> dict[str, dict[str, str]]:
    from index.errors import ReadError
    from index.meta_table import read_meta_table
    from index.read import read_bytes

    try:
        return read_meta_table(read_bytes(file))
    except ReadError as error:
        raise ReadError(f"{file}: {error}") from error


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show bars with rates on a terminal; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    rate = TextColumn("{task.fields[rate]}")
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:<8}"),
        BarColumn(),
        MofNCompleteColumn(),
        rate,
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks = {
            "read": bars.add_task("files", total=None, rate=""),
            "encode": bars.add_task("passages", total=None, rate=""),
        }

        def show(stage: str, done: int, total: int) -> None:
            task = tasks[stage]
            speed = next(shown for shown in bars.tasks if shown.id == task).speed
            bars.update(task, completed=done, total=total, rate=f"{speed:.1f}/s" if speed else "")

        yield show


def _report_row(report: "Report", documents: int, passages: int) -> dict[str, Any]:
    return {
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "vanished": report.vanished,
        "problems": [
            {"source": problem.source, "reason": problem.reason} for problem in report.problems
        ],
        "notes": [{"source": note.source, "text": note.text} for note in report.notes],
        "reprints": [list(group) for group in report.reprints],
        "encoded": report.encoded,
        "documents": documents,
        "passages": passages,
        "seconds": {stage: round(seconds, 3) for stage, seconds in report.seconds.items()},
    }


def _print_report(report: "Report", documents: int, passages: int) -> None:
    counts = [("added", report.added), ("changed", report.changed), ("unchanged", report.unchanged)]
    counts += [("removed", report.removed), ("vanished", report.vanished)]
    said = ", ".join(
        f"{len(ids)} {name}" for name, ids in counts if ids or name in ("added", "unchanged")
    )
    print(f"{said}, {len(report.problems)} with problems;", end=" ")
    print(f"the library has {documents} documents, {passages} passages")
    for id_ in report.vanished:
        print(f"vanished: {id_} (its file is gone; `yinzheng remove` takes it out)")
    for note in report.notes:
        print(f"note: {note.source}: {note.text}")
    for original, *copies in report.reprints:
        print(f"reprints: {original} is also in {', '.join(copies)}")
    stages = ", ".join(
        f"{stage} {seconds:.1f} s" for stage, seconds in report.seconds.items() if seconds >= 0.05
    )
    encode = report.seconds.get("encode", 0.0)
    speed = f" ({report.encoded / encode:.0f} passages/s)" if report.encoded and encode else ""
    if stages:
        print(f"{stages}{speed}")


# --- search


@app.command()
def search(
    question: Annotated[
        str | None, typer.Argument(help="In Simplified, Traditional or English.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many passages.")] = 10,
    queries: QueriesOption = None,
    out: OutOption = None,
    region: RegionOption = None,
    after: AfterOption = "",
    before: BeforeOption = "",
    publisher: PublisherOption = None,
    source: SourceOption = None,
    reranker: RerankerOption = "",
    library: LibraryOption = None,
    encoder: EncoderOption = "",
    as_json: JsonOption = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show why each passage was found.")
    ] = False,
) -> None:
    """Find passages."""
    from index.filters import parse_filters

    _one_of(question, queries, out)
    filters = parse_filters(region or (), after, before, publisher or (), source or ())
    with _library(library, encoder, reranker=reranker) as opened:
        if queries and out:
            _search_batch(opened, queries, out, k, filters)
            return
        hits = opened.search(question or "", k, filters)
        if as_json:
            from rag.rows import explained_rows

            _print_json({"id": "", "hits": explained_rows(opened, question or "", hits)})
        elif verbose:
            _print_why(opened, question or "", hits)
        else:
            _print_hits(opened, hits)


_BATCH = 256  # questions encoded together


def _search_batch(library: "Library", queries: Path, out: Path, k: int, filters: "Filters") -> None:
    from rag.report import read_rows
    from rag.rows import hit_row

    rows = list(_questions(read_rows(queries), "text"))

    def results() -> Iterator[dict[str, Any]]:
        for start in range(0, len(rows), _BATCH):
            some = rows[start : start + _BATCH]
            found = library.search_many([text for _, text in some], k, filters)
            for (id_, _), hits in zip(some, found, strict=True):
                yield {"id": id_, "hits": [hit_row(library, hit) for hit in hits]}

    _write_rows(out, results())


def _print_hits(library: "Library", hits: Iterable["Hit"]) -> None:
    for number, hit in enumerate(hits, start=1):
        passage, known = hit.passage, library.metadata(hit.passage.document)
        span = passage.raw_span
        print(f"{number}. {' › '.join([known.title, *passage.heading])}")
        print(f"   {passage.document}:{span.start}-{span.end}  score {hit.score:.3f}")
        print("   " + passage.text.replace("\n", "\n   ") + "\n")


def _print_why(library: "Library", question: str, hits: Iterable["Hit"]) -> None:
    """Print hits with their scores, the words that matched in colour where there is any."""
    from rich.console import Console
    from rich.text import Text

    from index.why import matched_spans

    console = Console(highlight=False, soft_wrap=True)
    groups = library.query(question).groups
    for number, hit in enumerate(hits, start=1):
        passage, known, span = (
            hit.passage,
            library.metadata(hit.passage.document),
            hit.passage.raw_span,
        )
        console.print(Text(f"{number}. {' › '.join([known.title, *passage.heading])}", "bold"))
        console.print(Text(f"{passage.document}:{span.start}-{span.end}  {_scores(hit)}", "dim"))
        shown = Text(passage.text)
        for part in matched_spans(groups, passage.text):
            shown.stylize("bold green", part.start, part.end)
        console.print(shown)
        console.print()


def _scores(hit: "Hit") -> str:
    parts = [("score", hit.score), ("meaning", hit.scores.dense), ("words", hit.scores.lexical)]
    parts += [("token by token", hit.scores.late)]
    return "  ".join(f"{name} {value:.3f}" for name, value in parts if value is not None)


# --- ask


@app.command()
def ask(
    question: Annotated[
        str | None, typer.Argument(help="In Simplified, Traditional or English.")
    ] = None,
    queries: QueriesOption = None,
    out: OutOption = None,
    region: RegionOption = None,
    after: AfterOption = "",
    before: BeforeOption = "",
    publisher: PublisherOption = None,
    source: SourceOption = None,
    llm: LlmOption = "",
    base_url: BaseUrlOption = "",
    reranker: RerankerOption = "",
    library: LibraryOption = None,
    encoder: EncoderOption = "",
    as_json: JsonOption = False,
) -> None:
    """Answer with citations, or say that the documents do not."""
    from index.filters import parse_filters

    _one_of(question, queries, out)
    filters = parse_filters(region or (), after, before, publisher or (), source or ())
    with _library(library, encoder, reranker=reranker) as opened:
        assistant = _assistant(opened, llm, base_url)
        if queries and out:
            _ask_batch(assistant, queries, out, filters)
            return
        answer = assistant.ask(question or "", filters=filters)
        for note in answer.notes:
            print(f"yinzheng: note: {note}", file=sys.stderr)
        if as_json:
            from rag.rows import answer_row

            _print_json(answer_row("", answer))
        else:
            _print_answer(answer)


def _ask_batch(assistant: "Assistant", queries: Path, out: Path, filters: "Filters") -> None:
    from rag.report import read_rows
    from rag.rows import answer_row

    rows = list(_questions(read_rows(queries), "question"))
    _write_rows(out, (answer_row(id_, assistant.ask(text, filters=filters)) for id_, text in rows))


def _print_answer(answer: "Answer") -> None:
    print(answer.text)
    for conflict in answer.conflicts:
        print(f"\n{conflict.text}")
    _print_list("Nearest in the library, not evidence:", answer.related)
    _print_list("To ask for less:", answer.choices)
    if answer.citations:
        print()
    for citation in answer.citations:
        about = ", ".join(
            part for part in (citation.publisher, citation.date, citation.url) if part
        )
        print(f"[{citation.n}] {citation.title}{f' ({about})' if about else ''}")
        page = f", page {citation.page}" if citation.page else ""
        print(f"    {citation.source}:{citation.start}-{citation.end}{page}")
        print(f"    “{citation.text}”")
        if citation.also:
            print(f"    also in: {', '.join(citation.also)}")
    for claim in answer.claims:
        if claim.problems:
            print(f"\n{claim.status.value}: {claim.text.strip()}\n    {'; '.join(claim.problems)}")


def _print_list(heading: str, items: Iterable[str]) -> None:
    lines = [f"  - {item}" for item in items]
    if lines:
        print("\n".join(["", heading, *lines]))


# --- clean, verify, list, remove, doctor, eval, chat


@app.command()
def clean(
    file: Annotated[Path, typer.Argument(help="A file to clean; nothing is stored.")],
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is kept of a file and what is dropped, with reasons."""
    from index.errors import ReadError
    from index.frames import Job
    from index.read import read_bytes
    from index.sandbox import shared_pool

    try:
        job = Job(file.name, read_bytes(file))
    except ReadError as error:
        raise ReadError(f"{file}: {error}") from error
    (outcome,) = shared_pool().read([job])
    for read in outcome.documents():
        if as_json:
            _print_json(_clean_row(read))
        else:
            _print_clean(read)
    for note in outcome.notes:
        print(f"yinzheng: note: {note.source}: {note.text}", file=sys.stderr)
    for problem in outcome.problems:
        print(f"yinzheng: {file}: {problem.reason}", file=sys.stderr)
    if outcome.problems:
        raise typer.Exit(1)


def _clean_row(read: "CleanDocument") -> dict[str, Any]:
    from dataclasses import asdict

    from index.offsets import kept_spans

    return {
        "text": read.clean.text,
        "kept": [[span.start, span.end] for span in kept_spans(read.clean)],
        "dropped": [
            {"start": d.span.start, "end": d.span.end, "reason": d.reason}
            for d in read.clean.dropped
        ],
        "metadata": asdict(read.document.metadata),
    }


def _print_clean(read: "CleanDocument") -> None:
    """Show a document: on a terminal what was dropped stands, in red, where it stood."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    raw, dropped = read.document.raw, sorted(read.clean.dropped, key=lambda item: item.span)
    if console.is_terminal:
        console.print(_coloured(read))
    else:
        print(read.clean.text)
    print(
        f"\n--- {read.document.id}: {len(read.clean.text)} of {len(raw)} characters kept; dropped:"
    )
    for item in dropped:
        shown = " ".join(item.span.of(raw).split())[:60]
        print(f"{item.span.start}-{item.span.end} {item.reason}: {shown}")
    print("--- metadata:")
    known = read.document.metadata
    for name, where in known.found.items():
        print(f"{name}: {getattr(known, name)} ({where})")


# Said of most characters of a web page, and of no interest in its text.
_UNSEEN = ("markup", "script or style", "invisible character")


def _coloured(read: "CleanDocument") -> "Text":
    """Return the clean text with what was dropped between its characters."""
    from bisect import bisect_left

    from rich.text import Text

    shown, position = Text(), 0
    clean, raw = read.clean, read.document.raw
    for item in sorted(clean.dropped, key=lambda item: item.span):
        if item.reason in _UNSEEN:
            continue
        place = max(position, bisect_left(clean.starts, item.span.start))
        shown.append(clean.text[position:place])
        shown.append(f"{item.span.of(raw)}", "red strike")
        shown.append(f" [{item.reason}] ", "dim")
        position = place
    return shown.append(clean.text[position:])


@app.command()
def verify(
    report: Annotated[
        Path | None,
        typer.Argument(help="A report of `export`, or what `ask --json` or `ask --out` wrote."),
    ] = None,
    answers: Annotated[
        Path | None, typer.Option("--answers", help="Rows {id, answer, citations}, with --out.")
    ] = None,
    out: OutOption = None,
    library: LibraryOption = None,
) -> None:
    """Check a report's quotations, or any answers' claims, against the library."""
    from rag.report import check_answers, read_rows, standings

    if (report is None) == (answers is None) or (answers is None) != (out is None):
        raise typer.BadParameter("give a report, or --answers FILE with --out FILE")
    with _library(library) as opened:
        if answers and out:
            _write_rows(out, check_answers(opened, read_rows(answers)))
            return
        assert report is not None
        found = standings(opened, report)
    for item in found:
        print(_standing_line(item))
    fallen = sum(item.standing != "stands" for item in found)
    if fallen:
        _fail(f"{fallen} of {len(found)} quotations do not stand")


def _standing_line(item: "Standing") -> str:
    where = f"now at {item.where}" if item.where else ""
    told = [f" (answer {item.answer})"] if item.answer else []
    if more := "; ".join(part for part in (where, item.why) if part):
        told.append(f" ({more})")
    return f"{item.standing}: [{item.n}] {item.source}{''.join(told)}"


@app.command("list")
def list_documents(
    library: LibraryOption = None,
    as_json: JsonOption = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="A table to edit, for `ingest --meta`.")
    ] = False,
) -> None:
    """List the documents in the library."""
    from dataclasses import asdict

    with _library(library) as opened:
        known = [(id_, opened.metadata(id_)) for id_ in opened.document_ids()]
    if as_csv:
        from index.meta_table import write_meta_table

        print(f"\ufeff{write_meta_table(known)}", end="")  # the mark by which Excel knows UTF-8
        return
    rows = [{"source": id_, **asdict(metadata)} for id_, metadata in known]
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        about = ", ".join(row[name] for name in ("publisher", "date") if row[name])
        print(f"{row['source']}  {row['title']}{f' ({about})' if about else ''}")


@app.command()
def remove(
    source: Annotated[str, typer.Argument(metavar="ID")], library: LibraryOption = None
) -> None:
    """Remove a document for good."""
    with _library(library) as opened:
        if not opened.remove(source):
            _fail(f"there is no document {source!r}: `yinzheng list` names them")
    print(f"removed {source}")


@app.command()
def doctor(
    repair: Annotated[
        bool, typer.Option("--repair", help="Make the indexes anew from what is stored.")
    ] = False,
    library: LibraryOption = None,
) -> None:
    """Check everything that is stored."""
    with _library(library) as opened:
        if repair:
            opened.rebuild()
        problems = opened.check()
        documents, passages = opened.store.counts()
    for problem in problems:
        print(problem)
    if problems:
        _fail(f"{len(problems)} problems found")
    print(f"all is well: {documents} documents, {passages} passages")


@app.command("eval")
def evaluate(
    file: Annotated[
        Path,
        typer.Argument(help="Rows {id, question, evidence, answer, unanswerable, kind, lang}."),
    ],
    region: RegionOption = None,
    after: AfterOption = "",
    before: BeforeOption = "",
    publisher: PublisherOption = None,
    source: SourceOption = None,
    llm: LlmOption = "",
    base_url: BaseUrlOption = "",
    reranker: RerankerOption = "",
    library: LibraryOption = None,
    encoder: EncoderOption = "",
    as_json: JsonOption = False,
) -> None:
    """Ask questions whose answers are known, and count."""
    from index.filters import parse_filters
    from rag.evaluate import gold_questions
    from rag.evaluation_report import report_row, tables

    questions = gold_questions(file)
    filters = parse_filters(region or (), after, before, publisher or (), source or ())
    with _library(library, encoder, reranker=reranker) as opened:
        figures = _evaluated(_assistant(opened, llm, base_url), questions, filters)
    if as_json:
        _print_json(report_row(figures))
        return
    from rich.console import Console

    for shown in tables(figures):
        Console(highlight=False).print(shown)


def _evaluated(
    assistant: "Assistant", questions: "Sequence[GoldQuestion]", filters: "Filters"
) -> "Figures":
    from rich.console import Console
    from rich.progress import Progress

    from rag.evaluate import evaluate as run

    errors = Console(stderr=True)
    with Progress(console=errors, disable=not errors.is_terminal) as bars:
        task = bars.add_task("questions", total=len(questions))
        return run(
            questions,
            lambda text: assistant.ask(text, filters=filters),
            lambda done: bars.update(task, completed=done),
        )


@app.command()
def chat(
    library: LibraryOption = None,
    llm: LlmOption = "",
    base_url: BaseUrlOption = "",
    host: Annotated[
        str, typer.Option("--host", help="0.0.0.0 lets others in, who need a password.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0 picks a free one.")
    ] = 7860,
    root_path: Annotated[
        str, typer.Option("--root-path", help="Where a reverse proxy puts the page: /yinzheng.")
    ] = "",
    share: Annotated[
        bool, typer.Option("--share", help="Make a link by which others can use the page.")
    ] = False,
    share_server: Annotated[
        str, typer.Option("--share-server", help="HOST:PORT of a share server of your own.")
    ] = "",
    share_certificate: Annotated[
        Path | None, typer.Option("--share-certificate", help="Certificate of that server.")
    ] = None,
    mcp: Annotated[bool, typer.Option("--mcp", help="Serve tools for other programs too.")] = False,
) -> None:
    """Open the page: chat, library, report.

    Passwords for guests and owner are made and printed when the page is shared; to choose them, set
    YINZHENG_GUEST_PASSWORD and YINZHENG_OWNER_PASSWORD.
    """
    from page.server import Address, Llm, Sharing, serve
    from page.share import check_root_path

    settings = _settings(llm=llm, base_url=base_url)
    key = settings.api_key.get_secret_value()
    spec = _chosen(settings.llm, settings.base_url, key)
    sharing = Sharing(
        share or bool(share_server),
        share_server,
        share_certificate,
        settings.guest_password.get_secret_value(),
        settings.owner_password.get_secret_value(),
    )
    address = Address(host, port, check_root_path(root_path))
    with _library(library, create=True, reranker="") as opened:
        serve(opened, Llm(spec, settings.base_url, key), address, sharing, _say, mcp)


@app.command()
def mcp(
    library: LibraryOption = None,
    llm: LlmOption = "",
    base_url: BaseUrlOption = "",
    reranker: RerankerOption = "",
    encoder: EncoderOption = "",
) -> None:
    """Serve ask, search, passage and verify_quote over MCP to the program that starts this."""
    from page.programs.mcp_server import run_stdio

    with _library(library, encoder, reranker=reranker) as opened:
        run_stdio(_assistant(opened, llm, base_url))


def _say(line: str) -> None:
    print(line, flush=True)


# --- rows in and out


def _questions(rows: Iterable[dict[str, Any]], name: str) -> Iterator[tuple[object, str]]:
    """Yield id and text of the rows of a batch. Raises QuestionError, naming the row."""
    from index.errors import QuestionError
    from index.library import check_question

    for number, row in enumerate(rows, start=1):
        id_, text = row.get("id", ""), row.get(name)
        if not isinstance(text, str) or not text.strip():
            raise QuestionError(f"question {number} (id {id_!r}) needs a {name} that is not empty")
        try:
            check_question(text)
        except QuestionError as error:
            raise QuestionError(f"question {number} (id {id_!r}): {error}") from error
        yield id_, text


def _print_json(row: object) -> None:
    print(_json(row))


def _json(row: object) -> str:
    from index.script import encodable

    return encodable(json.dumps(row, ensure_ascii=False))


def _write_rows(out: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows aside and then put them in place, so that `out` is whole or as it was."""
    target = out.resolve()  # what a link points to, not the link, is written
    if target.exists() and not target.is_file():
        raise YinzhengError(f"{out} is no file: give --out the name of one")
    part: Path | None = None
    try:
        with NamedTemporaryFile(
            "w", encoding="utf-8", dir=target.parent, prefix=f".{target.name}.", delete=False
        ) as file:
            part = Path(file.name)
            file.writelines(f"{_json(row)}\n" for row in rows)
        part.chmod(target.stat().st_mode if target.exists() else 0o644)  # not its own 0600
        part.replace(target)
    except OSError as error:
        raise YinzhengError(f"{out} cannot be written: {error.strerror or error}") from error
    finally:
        if part:
            part.unlink(missing_ok=True)  # it is gone when all went well
