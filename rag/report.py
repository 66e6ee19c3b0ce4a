"""Reports re-checked: each quotation in its document, each claim in its citations."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import QuestionError
from index.library import Library
from index.types import Metadata, Span
from rag.draft import parse_draft
from rag.errors import ReportError
from rag.types import Claim
from rag.verify import Cited, verify


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of one quotation.

    It "stands", is "changed" (other characters are at its place) or "missing" (no such place).
    """

    answer: str
    n: int
    source: str
    standing: str


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


def standings(library: Library, path: Path) -> list[Standing]:
    """Return what became of every quotation in a report: what `ask --json` or `ask --out` wrote.

    Raises ReportError if it holds no quotation to check.
    """
    found = [
        Standing(str(row.get("id", "")), *_standing(library, citation))
        for row in read_rows(path)
        for citation in _citations(row)
    ]
    if not found:
        raise ReportError(
            f"{path} holds no citations: verify takes what `ask --json` or `ask --out` wrote"
        )
    return found


def _citations(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    citations = row.get("citations", [])
    if not isinstance(citations, list) or not all(isinstance(item, dict) for item in citations):
        raise ReportError(
            f"citations must be a list of objects, in the row with id {row.get('id')!r}"
        )
    return citations


def _standing(library: Library, citation: Mapping[str, Any]) -> tuple[int, str, str]:
    n, source, span = _place(citation)
    quote = library.quote(source, span)
    if not quote:
        return n, source, "missing"
    document = library.document(source)
    known = {"quote": quote, "sha256": document.sha256 if document else ""}
    if shown := next(_cited(library, citation), None):
        known["text"] = shown[1].text
    same = all(citation.get(name, value) == value for name, value in known.items())
    return n, source, "stands" if same and "quote" in citation else "changed"


def _place(citation: Mapping[str, Any]) -> tuple[int, str, Span]:
    try:
        n, source = int(citation["n"]), str(citation["source"])
        return n, source, Span(int(citation["start"]), int(citation["end"]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ReportError(
            f"a citation needs n, source, start and end (start <= end): {dict(citation)!r:.200}"
        ) from error


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
    inside = (clean.starts >= span.start) & (clean.ends <= span.end)
    text = "".join(c for c, keep in zip(clean.text, inside, strict=True) if keep)
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
    yield n, Cited(text, context, known.region, known.date, passage)


def claim_row(claim: Claim) -> dict[str, Any]:
    """Return a claim as the contract writes it."""
    return {
        "text": claim.text,
        "citations": list(claim.citations),
        "status": claim.status.value,
        "problems": list(claim.problems),
    }
