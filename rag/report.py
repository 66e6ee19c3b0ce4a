"""Reports re-checked: each quotation in its document, each claim in its citations."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import QuestionError
from index.library import Library
from index.types import CleanText, Document, Metadata, Span
from rag.checking import HEAD
from rag.draft import parse_draft
from rag.errors import ReportError
from rag.modality import reports_draft
from rag.passages import TELLING
from rag.types import Claim
from rag.verify import Cited, verify

if TYPE_CHECKING:
    from rag.export.types import Visible, Written

# Quotations that no longer stand at their place and are looked for in all the library; a report
# where more have gone is of another library.
_SOUGHT = 200
_SHOWN = 60  # characters of a quotation in a message
_UNSEEN = "the report shows no quotation with this place any more"
_FORGED = "the document is the very one cited, and these characters never stood there"
_OTHER_VERSION = "it stands at its place, but in another version of the document"
# Rows of a batch hold more than quotations; 20,000 answers have some 200 MB.
_MAX_ROWS = 200 * 2**20


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of one quotation.

    It "stands"; is "changed" (other characters are at its place, or the document is another);
    "moved" (the same characters are elsewhere now, and the document is another); "missing" (no such
    place); or "edited" (the report no longer shows what was quoted). `where` is SOURCE:START-END
    if the same characters stand elsewhere; `why` says more, "" if there is nothing to say.
    """

    answer: str
    n: int
    source: str
    standing: str
    where: str = ""
    why: str = ""


# --- reading rows


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a .jsonl file, or of a .json file with one object or a list.

    Raises QuestionError with the number of the row that is none.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionError(f"{path} cannot be read as UTF-8 text: {error}") from error
    if path.suffix == ".json":
        whole = _parsed(text, str(path))
        yield from (
            _object(row, str(path)) for row in (whole if isinstance(whole, list) else [whole])
        )
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            where = f"{path}, row {number}"
            yield _object(_parsed(line, where), where)


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise QuestionError(f"{where}: not JSON ({error})") from error


def _object(row: Any, where: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise QuestionError(f"{where}: not an object")
    return row


# --- quotations


@dataclass(frozen=True, slots=True)
class _Quotation:
    """A quotation to be checked; None for what its report does not tell of it."""

    answer: str
    n: int
    source: str
    span: Span
    sha256: str | None  # the whole hash or its beginning
    quote: str | None = None  # raw characters
    text: str | None = None  # as it is shown
    is_row: bool = False  # of rows, which say nothing of how it is shown
    edited: str = ""  # why it is not what was quoted


def standings(library: Library, path: Path) -> list[Standing]:
    """Return what became of every quotation in a report.

    A report is what `export` wrote (.docx, .md, .html) or `ask --json` and `ask --out` (.json,
    .jsonl). Raises ReportError if it cannot be read, or holds no quotation to check.
    """
    from rag.export.files import READABLE, read_written

    if path.suffix.lower() in READABLE:
        quotations = _shown_quotations(read_written(path))
    else:
        quotations = _row_quotations(path)
    if not quotations:
        raise ReportError(
            f"{path} holds no citations: verify takes what `export`, `ask --json` or "
            "`ask --out` wrote"
        )
    documents = _Documents(library)
    by_source = sorted(range(len(quotations)), key=lambda i: quotations[i].source)
    judged = {i: _standing(documents, quotations[i]) for i in by_source}
    found = [judged[i] for i in range(len(quotations))]
    return _with_other_places(documents, quotations, found)


def _row_quotations(path: Path) -> list[_Quotation]:
    try:
        if path.exists() and path.stat().st_size > _MAX_ROWS:
            raise ReportError(f"{path} has more than the {_MAX_ROWS:,} bytes that are read")
        return [
            _quotation(row, citation) for row in read_rows(path) for citation in _citations(row)
        ]
    except (OSError, QuestionError) as error:
        raise ReportError(str(error)) from error


def _quotation(row: Mapping[str, Any], citation: Mapping[str, Any]) -> _Quotation:
    n, source, span = _place(citation)
    sha256, quote, text = (_text_or_none(citation.get(k)) for k in ("sha256", "quote", "text"))
    return _Quotation(str(row.get("id", "")), n, source, span, sha256, quote, text, is_row=True)


def _text_or_none(value: Any) -> str | None:
    return None if value is None else str(value)


def _citations(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    citations = row.get("citations", [])
    if not isinstance(citations, list) or not all(isinstance(item, dict) for item in citations):
        raise ReportError(
            f"citations must be a list of objects, in the row with id {row.get('id')!r:.200}"
        )
    return citations


def _place(citation: Mapping[str, Any]) -> tuple[int, str, Span]:
    try:
        n, source = int(citation["n"]), str(citation["source"])
        return n, source, Span(int(citation["start"]), int(citation["end"]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ReportError(
            f"a citation needs n, source, start and end (start <= end): {dict(citation)!r:.200}"
        ) from error


# --- quotations of a written report: what it shows, and what it has on record


def _shown_quotations(written: "Written") -> list[_Quotation]:
    """Return what a report shows, with its record, and what it has on record and shows no more."""
    from rag.export.shown import place_key

    recorded = [
        replace(_quotation(row, citation), is_row=False)
        for row in written.rows
        for citation in _citations(row)
    ]
    by_place: dict[tuple[str, int, int, str], _Quotation] = {}
    for quotation in recorded:
        by_place.setdefault(_key(quotation), quotation)
    quotations, seen = [], set()
    for visible in written.visible:
        key = place_key(visible.place) if visible.place else None
        record = by_place.get(key) if key else None
        seen |= {key} if key else set()
        quotations.append(_seen(visible, record))
    gone = {key: one for key, one in by_place.items() if key not in seen}
    return quotations + [replace(one, n=0, edited=_UNSEEN) for one in gone.values()]


def _key(quotation: _Quotation) -> tuple[str, int, int, str]:
    from rag.export.shown import place_key
    from rag.export.types import Place

    span = quotation.span
    return place_key(Place(quotation.source, span.start, span.end, quotation.sha256 or ""))


def _seen(visible: "Visible", record: _Quotation | None) -> _Quotation:
    """Return a visible quotation; without a record, what is seen and its place have to do."""
    from rag.export.shown import same_quotation, unquoted

    number = visible.number
    if not visible.place:
        lost = f"the place of {visible.quote[:_SHOWN]} cannot be read"
        return _Quotation("", number, "?", Span(0, 0), None, edited=lost)
    if record is None:
        place = visible.place
        span = Span(place.start, place.end)
        text = unquoted(visible.quote)
        return _Quotation("", number, place.source, span, place.sha256, text=text)
    if record.text is not None and not same_quotation(visible.quote, record.text):
        changed = f"it shows {visible.quote[:_SHOWN]} and was written with {record.text[:_SHOWN]}"
        return replace(record, n=number, edited=changed)
    return replace(record, n=number)


# --- what stands in the library


class _Documents:
    """The documents of a library, the last one kept: those who ask go source by source."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._last: tuple[str, Document | None, CleanText | None] = ("", None, None)
        self._named: dict[str, str] | None = None

    def get(self, id_: str) -> tuple[Document | None, CleanText | None]:
        """Return a document and its clean text, None if it is not there."""
        if id_ != self._last[0] or self._last[1] is None:
            self._last = (id_, self.library.document(id_), self.library.clean_text(id_))
        return self._last[1], self._last[2]

    def named(self, shown_id: str) -> str:
        """Return the id that a report shows; ids with what cannot be shown are rare."""
        from rag.export.shown import shown

        if self._named is None:
            self._named = {shown(id_): id_ for id_ in self.library.document_ids()}
        return self._named.get(shown_id, "")


def _standing(documents: _Documents, quotation: _Quotation) -> Standing:
    """Return what became of a quotation at its own place."""

    def said(standing: str, why: str = "") -> Standing:
        return Standing(quotation.answer, quotation.n, quotation.source, standing, why=why)

    if quotation.edited:
        return said("edited", quotation.edited)
    document, clean = documents.get(quotation.source)
    if document is None and quotation.quote is None:
        document, clean = documents.get(documents.named(quotation.source))
    if document is None or quotation.span.end > len(document.raw):
        return said("missing", "no such document" if document is None else "no such characters")
    is_same = _is_same(quotation, document)
    if _fits(quotation, document, clean):
        return said("stands") if is_same else said("changed", _OTHER_VERSION)
    return said("changed", _FORGED if is_same and quotation.sha256 else "")


def _is_same(quotation: _Quotation, document: Document) -> bool:
    """Tell whether a document is the one cited, as far as the report tells by its hash."""
    if quotation.is_row or quotation.quote is not None:
        return quotation.sha256 in (None, document.sha256)
    return document.sha256.startswith(quotation.sha256 or "")


def _fits(quotation: _Quotation, document: Document, clean: CleanText | None) -> bool:
    """Tell whether a quotation is what stands at its place."""
    from rag.export.shown import tight

    text = _clean_between(clean, quotation.span) if clean else ""
    if quotation.is_row or quotation.quote is not None:
        as_shown = quotation.text is None or clean is None or quotation.text == text
        return quotation.quote == quotation.span.of(document.raw) and as_shown
    return bool(quotation.text) and tight(quotation.text or "") == tight(text)


def _clean_between(clean: CleanText, span: Span) -> str:
    # Places never decrease.
    first = int(clean.starts.searchsorted(span.start))
    return clean.text[first : max(first, int(clean.ends.searchsorted(span.end, side="right")))]


# --- the same characters elsewhere


def _with_other_places(
    documents: _Documents, quotations: Sequence[_Quotation], found: list[Standing]
) -> list[Standing]:
    """Add where the same characters stand now to what does not stand at its place.

    All are looked for in one pass over the library.
    """
    lost = [i for i, one in enumerate(found) if _is_lost(one, quotations[i])][:_SOUGHT]
    places: dict[int, tuple[str, Span]] = {}
    for id_ in documents.library.document_ids() if lost else ():
        document, clean = documents.get(id_)
        if document is None:  # it was removed meanwhile
            continue
        sought = [i for i in lost if _closer(id_, quotations[i], places.get(i))]
        for i, span in _search(document, clean, {i: quotations[i] for i in sought}):
            places[i] = (id_, span)
    for i, (id_, span) in places.items():
        found[i] = _moved(found[i], quotations[i], id_, span)
    return found


def _is_lost(standing: Standing, quotation: _Quotation) -> bool:
    if standing.standing not in ("changed", "missing"):
        return False
    return len("".join((quotation.quote or quotation.text or "").split())) >= TELLING


def _closer(id_: str, quotation: _Quotation, place: tuple[str, Span] | None) -> bool:
    """Tell whether a place in this document would be nearer: its own document is the nearest."""
    return place is None or (id_ == quotation.source and place[0] != id_)


def _search(
    document: Document, clean: CleanText | None, sought: Mapping[int, _Quotation]
) -> Iterator[tuple[int, Span]]:
    """Yield where quotations stand in a document: raw, or else as shown, white space apart."""
    places: list[int] | None = None
    packed = ""
    for i, quotation in sought.items():
        raw = quotation.quote
        at = document.raw.find(raw) if raw else -1
        if raw and at >= 0:
            yield i, Span(at, at + len(raw))
            continue
        if clean is None or not quotation.text:
            continue
        if places is None:
            places = [i for i, c in enumerate(clean.text) if not c.isspace()]
            packed = "".join(clean.text.split())
        wanted = "".join(quotation.text.split())
        if wanted and (at := packed.find(wanted)) >= 0:
            yield i, clean.to_raw(Span(places[at], places[at + len(wanted) - 1] + 1))


def _moved(standing: Standing, quotation: _Quotation, id_: str, span: Span) -> Standing:
    """Say where the same characters stand. In the very document cited none can have moved.

    Of rows, a document that is gone stays "missing", as it always was.
    """
    if id_ == quotation.source and span == quotation.span:
        return standing
    where = f"{id_}:{span.start}-{span.end}"
    was_gone = quotation.is_row and standing.standing == "missing"
    if was_gone or standing.why in (_FORGED, _OTHER_VERSION):
        return replace(standing, where=where)
    return replace(standing, standing="moved", where=where, why="")


# --- claims


def check_answers(library: Library, rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield, for rows {id, answer, citations: [{n, source, start, end}]}, rows {id, claims}."""
    for row in rows:
        cited = {n: found for citation in _citations(row) for n, found in _cited(library, citation)}
        draft = parse_draft(_answer(row), cited.keys())
        claims = verify(draft.sentences, [sentence.marks for sentence in draft.sentences], cited)
        yield {"id": row.get("id"), "claims": [claim_row(claim) for claim in claims]}


def _answer(row: Mapping[str, Any]) -> str:
    answer = row.get("answer")
    if not isinstance(answer, str):
        raise ReportError(f"the row with id {row.get('id')!r} needs an answer, a string")
    return answer


def _cited(library: Library, citation: Mapping[str, Any]) -> Iterator[tuple[int, Cited]]:
    """Yield what a citation stands for; nothing if there is no such place."""
    n, source, span = _place(citation)
    clean = library.clean_text(source)
    if clean is None or library.quote(source, span) is None:
        return
    text = _clean_between(clean, span)
    known: Metadata = library.metadata(source)
    around = [
        p
        for p in library.passages_of(source)
        if p.raw_span.start < span.end and span.start < p.raw_span.end
    ]
    context = "\n".join(
        [known.title, known.publisher, *(name for passage in around for name in passage.heading)]
    )
    passage = "\n".join(one.text for one in around)
    draft = reports_draft(clean.text[:HEAD])
    yield n, Cited(text, context, known.region, known.date, passage, draft)


def claim_row(claim: Claim) -> dict[str, Any]:
    """Return a claim as the contract writes it."""
    return {
        "text": claim.text,
        "citations": list(claim.citations),
        "status": claim.status.value,
        "problems": list(claim.problems),
    }
