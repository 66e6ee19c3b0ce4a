"""What programs may ask of a library: plain values in, rows of the contract out.

The page's API and the MCP server offer these four functions; nothing in them reads a file, and a
source is looked up among the documents of the library alone.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import numpy as np

from index.errors import QuestionError, YinzhengError
from index.filters import ALL, Filters, parse_filters
from index.library import MAX_QUESTION, Library, check_question
from index.script import encodable
from index.types import CleanText, Document, Metadata, Passage, Span
from page.programs.quotes import Quotation, Standing, read_quotation, standings
from page.programs.schema import AskRow, Message, PassageRow, QuoteRow, SearchRow
from rag.errors import ProgramError
from rag.rows import answer_row, explained_rows
from rag.types import Turn

if TYPE_CHECKING:
    from rag.pipeline import Assistant

# Called with the request before anything is done; what it gives is held while the request is
# answered. To refuse it, entering raises a YinzhengError.
Admit = Callable[[Any], AbstractContextManager[None]]

MAX_HITS = 100
MAX_TURNS = 40  # messages of a history; a follow-up hardly ever refers further back
MAX_FILTER_VALUES, _MAX_FILTER_LENGTH = 20, 200
MAX_PASSAGE = 20_000  # characters of a passage that is looked up
_PASSAGE_CONTEXT, _QUOTE_CONTEXT = 300, 80  # characters shown on each side
# Places listed of a quotation, and counted: what stands more often is boilerplate.
MAX_PLACES, _MAX_COUNTED = 50, 10_000
_NEAREST = 5  # hits of a search, among which one of the document asked about is looked for
_HINT = "the nearest passage, found by search: the quotation does not stand in it"
_FAILED = "the library cannot answer now: the log of the server says why"
_KINDS = {str: "string", int: "whole number", list: "list"}
_log = logging.getLogger(__name__)


class Models(Protocol):
    """Which model answers now; of `page.services.Models` it is all that programs need."""

    @property
    def assistant(self) -> "Assistant":
        """The assistant that answers; it may be another for the next question."""


def ask(
    assistant: "Assistant",
    question: str,
    history: list[Message] | None = None,
    filters: Filters = ALL,
) -> AskRow:
    """Return the checked answer to a question. Raises QuestionError or LibraryError."""
    _require(str, question=question)
    answer = assistant.ask(question, turns_of(history or []), filters)
    return cast(AskRow, _plain(answer_row("", answer)))


def search(library: Library, question: str, k: int = 10, filters: Filters = ALL) -> SearchRow:
    """Return the `k` (1 to MAX_HITS) best passages. Raises QuestionError or LibraryError."""
    _require(str, question=question)
    _require(int, k=k)
    if not 1 <= k <= MAX_HITS:
        raise QuestionError(f"k must be from 1 to {MAX_HITS}, is now {k}")
    asked = check_question(question)
    rows = explained_rows(library, asked, library.search(asked, k, filters))
    return cast(SearchRow, _plain({"id": "", "hits": rows}))


def passage(library: Library, source: str, start: int, end: int) -> PassageRow:
    """Return the place `start`:`end` of a document's raw text, and what stands around it.

    Raises QuestionError for a document or a place that is not there, or is too long.
    """
    _require(str, source=source)
    _require(int, start=start, end=end)
    opened = _opened(library, source)
    if not 0 <= start < end <= len(opened.document.raw):
        raise QuestionError(
            f"{source} has the characters 0 to {len(opened.document.raw)}: start must be before "
            f"end, and both among these, is now {start} to {end}"
        )
    if end - start > MAX_PASSAGE:
        raise QuestionError(
            f"{end - start:,} characters are asked for, at most {MAX_PASSAGE:,} are given at once"
        )
    return cast(PassageRow, _plain(_passage_row(opened, Span(start, end), _PASSAGE_CONTEXT)))


def verify_quote(library: Library, quote: str, source: str = "") -> QuoteRow:
    """Return whether a quotation stands word for word in one document, or in any, and where.

    Width, case, script and white space are folded, stops at its ends do not count, an ellipsis
    divides parts that must follow one another closely. What was cleaned away is looked at when it
    stands nowhere else. Raises QuestionError for a quotation that is too short or too long, and
    for a document that is not there.
    """
    _require(str, quote=quote, source=source)
    quotation = read_quotation(encodable(quote))
    sources = [source] if source else library.document_ids()
    if source:
        _opened(library, source)
    found = _places(library, sources, quotation)
    nearest = None if found else _nearest(library, quotation.text, source)
    row = {
        "quote": quotation.text,
        "source": source,
        "verbatim": bool(found),
        "count": len(found),
        "places": list(_place_rows(library, found[:MAX_PLACES])),
        "nearest": nearest,
    }
    return cast(QuoteRow, _plain(row))


def filters_of(
    regions: list[str] | None = None,
    after: str = "",
    before: str = "",
    publishers: list[str] | None = None,
    sources: list[str] | None = None,
) -> Filters:
    """Return checked filters. Raises QuestionError, also for too many or too long values."""
    regions, publishers, sources = regions or [], publishers or [], sources or []
    for name, values in (("regions", regions), ("publishers", publishers), ("sources", sources)):
        _require(list, **{name: values})
        if len(values) > MAX_FILTER_VALUES:
            raise QuestionError(
                f"{name}: {len(values)} values are given, at most {MAX_FILTER_VALUES} are looked at"
            )
    for value in (*regions, after, before, *publishers, *sources):
        _require(str, filter=value)
        if len(value) > _MAX_FILTER_LENGTH:
            raise QuestionError(
                f"{value[:20]}…: a filter has at most {_MAX_FILTER_LENGTH} characters, "
                f"is now {len(value)}"
            )
    return parse_filters(regions, after, before, publishers, sources)


def turns_of(history: list[Message]) -> list[Turn]:
    """Return a history {role, content} as turns. Raises QuestionError for what is none."""
    _require(list, history=history)
    if len(history) > MAX_TURNS:
        raise QuestionError(
            f"the history has {len(history)} messages, at most {MAX_TURNS} are read: "
            "leave the oldest out"
        )
    return [_turn(number, one) for number, one in enumerate(history, start=1)]


def _turn(number: int, message: Any) -> Turn:
    known = message if isinstance(message, Mapping) else {}
    role, content = known.get("role"), known.get("content")
    if role not in ("user", "assistant") or not isinstance(content, str):
        raise QuestionError(
            f"message {number} of the history needs a role, user or assistant, and a content"
        )
    if len(content) > MAX_QUESTION:
        raise QuestionError(
            f"message {number} of the history has {len(content):,} characters, "
            f"at most {MAX_QUESTION:,} are read"
        )
    return Turn(cast(Literal["user", "assistant"], role), encodable(content))


@contextmanager
def answering(admit: Admit, request: Any) -> Iterator[None]:
    """Hold a request as one that is being answered, and raise what goes wrong as `telling` does."""
    with admitted(admit, request), telling():
        yield


@contextmanager
def looking_up(admit: Admit, request: Any) -> Iterator[None]:
    """Count a request that is answered at once, so that programs may send several together."""
    admitted(admit, request).close()
    with telling():
        yield


def admitted(admit: Admit, request: Any) -> ExitStack:
    """Return what is to be closed when a request has been answered. Raises ProgramError."""
    held = ExitStack()
    try:
        held.enter_context(admit(request))
    except YinzhengError as error:
        raise ProgramError(_one_line(error), 429) from error
    return held


@contextmanager
def telling() -> Iterator[None]:
    """Raise what goes wrong as a ProgramError that may be sent to anyone.

    Errors of the library name folders of this machine: these go into the log alone.
    """
    try:
        yield
    except ProgramError:
        raise
    except QuestionError as error:
        raise ProgramError(_one_line(error), 400) from error
    except Exception as error:
        _log.exception("a program was not answered")
        raise ProgramError(_FAILED, 503) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _require(kind: type, **values: object) -> None:
    """Raise QuestionError for a value of another type: programs send what they like."""
    for name, value in values.items():
        if not isinstance(value, kind) or isinstance(value, bool):
            raise QuestionError(f"{name} must be a {_KINDS[kind]}, is now {value!r:.60}")


# --- places


@dataclass(frozen=True, slots=True)
class _Opened:
    """A document with all that is said of a place in it."""

    document: Document
    clean: CleanText
    metadata: Metadata
    passages: Sequence[Passage]


def _opened(library: Library, source: str) -> _Opened:
    source = encodable(source)
    document, clean = library.document(source), library.clean_text(source)
    if document is None or clean is None:
        raise QuestionError(f"the library has no document {source[:_MAX_FILTER_LENGTH]!r}")
    return _Opened(document, clean, library.metadata(source), library.passages_of(source))


def _passage_row(opened: _Opened, span: Span, context: int) -> dict[str, Any]:
    document, known = opened.document, opened.metadata
    page = document.layout.page_of(span.start)
    inside = (p for p in opened.passages if p.raw_span.end > span.start)
    heading = next((p.heading for p in inside if p.raw_span.start < span.end), ())
    text = opened.clean.text
    first, last = _clean_places(opened.clean, span)
    return {
        "source": document.id,
        "title": known.title,
        "publisher": known.publisher,
        "date": known.date,
        "url": known.url,
        "heading": " › ".join(heading),
        **({"page": page} if page else {}),
        "sha256": document.sha256,
        "start": span.start,
        "end": span.end,
        "quote": span.of(document.raw),
        "text": text[first:last],
        "before": text[max(0, first - context) : first],
        "after": text[last : last + context],
    }


def _clean_places(clean: CleanText, span: Span) -> tuple[int, int]:
    """Return from where to where the clean text stands inside a raw span; equal if it does not."""
    first = int(np.searchsorted(clean.starts, span.start, "left"))
    return first, max(first, int(np.searchsorted(clean.ends, span.end, "right")))


_Found = tuple[str, Standing]  # a document and a place in its raw text


def _places(library: Library, sources: Sequence[str], quotation: Quotation) -> list[_Found]:
    """Return where a quotation stands in clean texts, or else in what they were made of."""
    for look in (_in_clean_text, _in_raw_text):
        found = (one for id_ in sources for one in look(library, id_, quotation))
        if counted := list(islice(found, _MAX_COUNTED)):
            return counted
    return []


def _in_clean_text(library: Library, id_: str, quotation: Quotation) -> Iterator[_Found]:
    clean = library.clean_text(id_)
    if clean is None:  # removed since it was listed
        return
    for found in standings(quotation, clean.text):
        gaps = tuple(clean.to_raw(gap) for gap in found.gaps if len(gap))
        yield id_, Standing(clean.to_raw(found.span), gaps)


def _in_raw_text(library: Library, id_: str, quotation: Quotation) -> Iterator[_Found]:
    document = library.document(id_)
    for found in standings(quotation, document.raw) if document else ():
        yield id_, found


def _place_rows(library: Library, found: Iterable[_Found]) -> Iterator[dict[str, Any]]:
    opened: _Opened | None = None
    for id_, standing in found:
        if opened is None or opened.document.id != id_:
            opened = _opened(library, id_)
        row = _passage_row(opened, standing.span, _QUOTE_CONTEXT)
        yield row | {"problems": list(_problems(row, standing, opened.document))}


def _problems(row: Mapping[str, Any], standing: Standing, document: Document) -> Iterator[str]:
    from rag.negation import denies  # the patterns that it brings take long to load

    if any(denies(gap.of(document.raw)) for gap in standing.gaps):
        yield "what the ellipsis leaves out holds a denial"
    if not row["text"]:
        yield "it stands only in what cleaning dropped"


def _nearest(library: Library, quote: str, source: str) -> dict[str, Any] | None:
    """Return the passage that a search finds for a quotation."""
    filters = Filters(sources=(source,)) if source else ALL
    for hit in library.search(quote, _NEAREST, filters):
        if source in ("", hit.passage.document):  # a source with a * is a pattern to a filter
            row = _passage_row(_opened(library, hit.passage.document), hit.passage.raw_span, 0)
            return row | {"note": _HINT}
    return None


def _plain(row: Mapping[str, Any]) -> Any:
    """Return a row of JSON's own types, without characters that cannot be sent."""
    return json.loads(encodable(json.dumps(row, ensure_ascii=False)))
