"""Where two documents give different figures for the same thing; pure.

A sentence that is cited and a sentence of another document say the same thing when their clauses
share their words, figures left out, and name no different places, years or phases. They conflict
when a figure of one has, of its kind and unit, only other values in the other.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from index.places import PlaceMention, find_places
from index.script import fold
from index.types import Span
from rag.evidence import covered
from rag.messages import message
from rag.pieces import PieceKind, read_pieces
from rag.quantities import Bound, Kind, Quantity, quantities
from rag.types import Citation, Evidence, Language, Question
from rag.understand import language_of
from rag.witness import fits_kind

_ENDS = re.compile(r"[。！？!?；;\n]|[，,](?!\d{3})|\.(?=\s)")
_COMPARED = (Kind.MONEY, Kind.COUNT, Kind.PERCENT, Kind.PERIOD)
_ALIKE = 0.7  # share of the words of each clause that the other repeats
_LEAST_WORDS = 3  # Han characters of a clause without its figures: 最高200万元 says too little
_ROUNDING = Decimal("0.02")  # 6455亿 and 6,460亿 are one figure, the second rounded
_PARTS = re.compile("其中|分别|之一|部分|首批|至少有|新增|累计|另有|再")
_LEAST_ALONE = 8  # the same where the question cannot be compared
_SUBJECT = 0.75  # share of a question's words that a clause must have to matter to it
_BEFORE = 3  # clauses before one that may name what it is about


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A citation, and where another document has another figure for the same thing."""

    citation: int  # its number
    evidence: int  # number of the evidence that has the other figure
    span: Span  # of the passage's text: the sentence with the other figure
    own: str  # the figures as they are written
    other: str


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    words: str  # without figures
    figures: tuple[Quantity, ...]
    places: frozenset[str]
    context: str  # what stands before it in its passage, and the names it stands under
    span: Span


def find_conflicts(
    question: Question, citations: Sequence[Citation], evidence: Sequence[Evidence]
) -> tuple[Disagreement, ...]:
    """Return figures in the evidence that contradict what is cited, one a citation at most.

    Only figures of the kind that the question asks for count, of clauses on its subject. Where both
    sides are cited, it is said once.
    """
    documents = {item.n: item.passage.document for item in evidence}
    found: dict[frozenset[tuple[str, str]], Disagreement] = {}
    for citation in citations:
        if one := _first_conflict(question, citation, evidence):
            sides = frozenset([(citation.source, one.own), (documents[one.evidence], one.other)])
            found.setdefault(sides, one)
    return tuple(found.values())


def _first_conflict(
    question: Question, citation: Citation, evidence: Sequence[Evidence]
) -> Disagreement | None:
    home = next((item for item in evidence if item.passage.document == citation.source), None)
    if home is None:
        return None
    head = f"{citation.title}\n{citation.heading}"
    cited = [c for c in _clauses(citation.text, head, home) if _matters(question, c)]
    for item in evidence:
        if not cited or item.passage.document in (citation.source, *citation.also, *home.also):
            continue
        head = "\n".join([item.metadata.title, *item.passage.heading])
        for other in _clauses(item.passage.text, head, item):
            for own in cited if _matters(question, other) else ():
                if figures := _contradiction(question, own, other):
                    return Disagreement(citation.n, item.n, other.span, *figures)
    return None


def _matters(question: Question, clause: _Clause) -> bool:
    """Tell whether a clause is on the question's subject, by its words if these are in Chinese."""
    if language_of(question.text) == "en":
        return _size(clause.words) >= _LEAST_ALONE
    pieces = read_pieces(question.text).of(PieceKind.CONTENT)
    content = "，".join(piece.text for piece in pieces)
    if not covered(content, content):
        content = question.text
    return covered(content, f"{clause.context}\n{clause.text}") >= _SUBJECT


def _clauses(text: str, head: str, item: Evidence) -> list[_Clause]:
    figures, places = quantities(text), find_places(text)
    cuts = [0, *(match.end() for match in _ENDS.finditer(text)), len(text)]
    spans = [Span(start, end) for start, end in pairwise(cuts) if start < end]
    found: list[_Clause] = []
    for i, span in enumerate(spans):
        own = tuple(q for q in figures if span.start <= q.start < span.end)
        named = [m for m in places if span.start <= m.start < span.end]
        before = text[spans[max(0, i - _BEFORE)].start : span.start]
        where = frozenset(_places(named, before, head, item))
        words = _without(text, span, [*own, *named])
        found.append(_Clause(span.of(text), words, own, where, f"{head}\n{before}", span))
    return found


def _without(text: str, span: Span, taken: Sequence[Quantity | PlaceMention]) -> str:
    """Return a clause without figures and places."""
    kept = list(span.of(text))
    for one in taken:
        for at in range(one.start, min(one.end, span.end)):
            kept[at - span.start] = " "
    return "".join(kept)


def _places(named: Sequence[PlaceMention], before: str, head: str, item: Evidence) -> Iterator[str]:
    """Yield what a clause is about: its own places, or the nearest before it, or its region."""
    if named:
        yield from (mention.place.name for mention in named)
        return
    for text in (before, head):
        if mentions := find_places(text):
            yield mentions[-1].place.name
            return
    if item.metadata.region:
        yield item.metadata.region


def _contradiction(question: Question, one: _Clause, other: _Clause) -> tuple[str, str] | None:
    """Return the figures in which two clauses on the same thing contradict each other."""
    if not (one.figures and other.figures) or not _same_thing(one, other):
        return None
    for own in one.figures:
        kin = [q for q in other.figures if (q.kind, q.unit) == (own.kind, own.unit)]
        mine = [q for q in one.figures if (q.kind, q.unit) == (own.kind, own.unit)]
        # with several of a kind nothing tells which is which
        if len(kin) != 1 or len(mine) != 1 or own.kind not in _COMPARED:
            continue
        if fits_kind(question, own) and _differ(own, kin[0]):
            return own.text, kin[0].text
    return None


def _same_thing(one: _Clause, other: _Clause) -> bool:
    if _size(one.words) < _LEAST_WORDS or _size(other.words) < _LEAST_WORDS:
        return False
    if any(_PARTS.search(fold(clause.words)) for clause in (one, other)):
        return False
    if covered(one.words, other.words) < _ALIKE or covered(other.words, one.words) < _ALIKE:
        return False
    return _same_places(one, other) and all(
        _same_figures(one, other, kinds) for kinds in ((Kind.YEAR, Kind.DATE), (Kind.ORDINAL,))
    )


def _same_places(one: _Clause, other: _Clause) -> bool:
    """Tell whether two clauses are about the same places; of a province is not of its city."""
    return one.places == other.places or not one.places or not other.places


def _same_figures(one: _Clause, other: _Clause, kinds: Sequence[Kind]) -> bool:
    """Tell whether years or phases are the same in two clauses, or before them."""
    mine, theirs = _values(one, kinds), _values(other, kinds)
    return mine == theirs or not (mine and theirs)


def _values(clause: _Clause, kinds: Sequence[Kind]) -> frozenset[tuple[str, object]]:
    for figures in (clause.figures, quantities(clause.context)[::-1]):
        found = [q for q in figures if q.kind in kinds]
        if figures is not clause.figures:
            found = found[:1]  # the nearest
        if found:
            return frozenset(
                ("", q.year or q.value) if Kind.YEAR in kinds else (q.unit, q.value) for q in found
            )
    return frozenset()


def _differ(one: Quantity, other: Quantity) -> bool:
    """Tell whether two figures cannot both hold: 超400家 fits 420家, a range what it overlaps."""
    (low, high), (least, most) = _range(one), _range(other)
    return high < least or most < low


_UNLIMITED = Decimal("Infinity")


def _range(figure: Quantity) -> tuple[Decimal, Decimal]:
    value = figure.value or Decimal(0)
    slack = value * _ROUNDING if figure.bound is Bound.ABOUT or figure.high is None else Decimal(0)
    low, high = value - slack, (figure.high or value) + slack
    if figure.bound in (Bound.AT_LEAST, Bound.MORE_THAN):
        return low, _UNLIMITED
    # 最高500万元 and 最高800万元 are caps, which contradict each other though amounts below do not
    return low, high


def _size(text: str) -> int:
    return len(re.findall("[\u3400-\u9fff]", text)) + 2 * len(re.findall("[A-Za-z]+", text))


# --- saying it ----------------------------------------------------------------------------------


def conflict_text(own: str, other: str, one: Citation, two: Citation, language: Language) -> str:
    """Return a line that names both figures with who says so and when, and which is newer."""
    said = [
        message("said_by", language, *_who(c, f, language)) for c, f in ((one, own), (two, other))
    ]
    text = message("conflict", language, *said)
    if one.date and two.date and one.date != two.date:
        newest = one if one.date > two.date else two
        text += message("newest", language, f"[{newest.n}]", newest.date)
    return text


def _who(citation: Citation, figure: str, language: Language) -> tuple[str, str, str]:
    who = citation.publisher or citation.title or citation.source
    if citation.date:
        who += f" ({citation.date})" if language == "en" else f"（{citation.date}）"
    return who, figure, f"[{citation.n}]"
