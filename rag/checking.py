"""A draft over evidence -> the answer's text, its citations and its claims."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

from index.errors import LibraryError
from index.library import Library
from index.script import fold_tight
from index.types import CleanText, Document, Span
from rag.cite import Nearness, bind, cite
from rag.conflicts import Disagreement, conflict_text, find_conflicts
from rag.draft import parse_draft, with_marks
from rag.modality import reports_draft
from rag.types import Citation, Claim, Conflict, Evidence, Question, Source
from rag.verify import Cited, verify

HEAD = 2_000  # characters of a document that name what it is, or what it tells of


class Documents(Protocol):
    """What is read of a library to check an answer."""

    @property
    def document(self) -> Callable[[str], Document | None]:
        """Return a document by id."""

    @property
    def clean_text(self) -> Callable[[str], CleanText | None]:
        """Return the cleaned text of a document by id."""


class ReadOnce:
    """The documents of a library for one answer, each read once; drafts are checked many times."""

    def __init__(self, library: Library) -> None:
        self.document, self.clean_text = cache(library.document), cache(library.clean_text)


@dataclass(frozen=True, slots=True)
class Checked:
    """What of a draft is shown: nothing is dropped, each claim says how far it is borne out."""

    text: str
    citations: tuple[Citation, ...]
    claims: tuple[Claim, ...]
    conflicts: tuple[Conflict, ...] = ()


def check(
    draft: str, evidence: Sequence[Evidence], library: Documents, nearness: Nearness | None = None
) -> Checked:
    """Bind the marks of a draft to exact quotes, and verify each sentence against them.

    `nearness` tells how near texts are in meaning, for sentences that share no words with what they
    cite. Raises LibraryError if a document that it cites is no longer what was searched.
    """
    parsed = parse_draft(draft, {item.n for item in evidence})
    sentences = [(sentence.text, sentence.marks) for sentence in parsed.sentences]
    bound = bind(
        sentences,
        evidence,
        lambda id_: source_of(id_, evidence, library),
        lambda text, id_: _stands_in(text, id_, library),
        nearness,
    )
    cited = {one.n: _cited(one, _home(one, evidence), library) for one in bound.citations}
    claims = verify(parsed.sentences, bound.numbers, cited)
    return Checked(with_marks(parsed, bound.numbers), bound.citations, claims)


def with_conflicts(
    checked: Checked, question: Question, evidence: Sequence[Evidence], library: Documents
) -> Checked:
    """Return an answer that also cites what contradicts its figures, and says so."""
    citations, conflicts = list(checked.citations), list[Conflict]()
    for found in find_conflicts(question, checked.citations, evidence):
        own = next(one for one in citations if one.n == found.citation)
        other = _other_side(len(citations) + 1, found, evidence, library)
        citations.append(other)
        text = conflict_text(found.own, found.other, own, other, question.language)
        conflicts.append(Conflict(text, (own.n, other.n)))
    return replace(checked, citations=tuple(citations), conflicts=tuple(conflicts))


def _other_side(
    n: int, found: Disagreement, evidence: Sequence[Evidence], library: Documents
) -> Citation:
    item = next(one for one in evidence if one.n == found.evidence)
    begin = item.passage.span.start
    span = Span(found.span.start + begin, found.span.end + begin)
    return cite(n, span, item, source_of(item.passage.document, evidence, library))


def source_of(id_: str, evidence: Sequence[Evidence], library: Documents) -> Source:
    """Return a document to cite. Raises LibraryError if it is no longer what was searched."""
    document, clean = library.document(id_), library.clean_text(id_)
    own = [item.passage for item in evidence if item.passage.document == id_]
    if not document or not clean or any(p.span.of(clean.text) != p.text for p in own):
        raise LibraryError(f"{id_} changed while the question was answered: ask again")
    return Source(document, clean)


def _stands_in(text: str, id_: str, library: Documents) -> bool:
    """Tell whether a text stands in a document, white space and script folded."""
    clean = library.clean_text(id_)
    return clean is not None and fold_tight(text) in fold_tight(clean.text)


def _home(citation: Citation, evidence: Sequence[Evidence]) -> Evidence:
    """Return the evidence that a citation stands in; of its document, if it was joined of two."""
    own = [item for item in evidence if item.passage.document == citation.source]
    around = (
        item
        for item in own
        if item.passage.raw_span.start <= citation.start
        and citation.end <= item.passage.raw_span.end
    )
    return next(around, own[0])


def _cited(citation: Citation, evidence: Evidence, library: Documents) -> Cited:
    """Return what verification may know of a citation; only its own words can hold a figure."""
    known = evidence.metadata
    context = "\n".join([known.title, citation.heading, known.publisher])
    clean = library.clean_text(citation.source)
    draft = reports_draft(clean.text[:HEAD]) if clean else False
    passage = evidence.passage.text
    return Cited(citation.text, context, known.region, known.date, passage, draft)
