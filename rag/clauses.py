"""Clause by clause: does what a claim says of one thing stand there of another? Pure.

A wrong figure may well stand elsewhere in what is cited. Where a clause of the claim repeats one of
the source in all but its figures or places, these must be those of that clause.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.places import PlaceMention, covers, find_places
from index.types import Span
from rag.evidence import covered
from rag.quantities import Bound, Kind, Quantity, quantities, same_amount, same_rounded

_ENDS = re.compile(r"[。．！!？?；;：:\n]|[，,](?!\d{3})|\.(?!\d)")
_ITEM_ENDS = re.compile(_ENDS.pattern + "|、")
_ALIKE = 0.8  # share of a clause's words, figures and places left out, that another repeats
_LEAST_WORDS = 4  # Han characters, or half as many Latin words: shorter clauses say too little
_COMPARED = (Kind.MONEY, Kind.COUNT, Kind.PERCENT, Kind.PERIOD)


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    words: str  # without its figures and places
    figures: tuple[Quantity, ...]
    places: tuple[PlaceMention, ...]  # in the whole text


def misplaced(claim: str, sources: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with figures and places of a claim, for sources in its own language."""
    yield from _compare(claim, sources, _ITEM_ENDS, _wrong_figures)
    yield from _compare(claim, sources, _ENDS, _wrong_places)


def _compare(
    claim: str,
    sources: Sequence[str],
    ends: re.Pattern[str],
    wrong: Callable[[_Clause, Sequence[_Clause]], Iterator[str]],
) -> Iterator[str]:
    given = [clause for source in sources for clause in _clauses(source, ends)]
    for clause in _clauses(claim, ends):
        if _size(clause.words) >= _LEAST_WORDS:
            alike = [other for other in given if covered(clause.words, other.text) >= _ALIKE]
            yield from wrong(clause, alike)


def _clauses(text: str, ends: re.Pattern[str]) -> Iterator[_Clause]:
    figures, places = quantities(text), find_places(text)
    cuts = [0, *(match.end() for match in ends.finditer(text)), len(text)]
    for start, end in pairwise(cuts):
        own = tuple(figure for figure in figures if start <= figure.start < end)
        named = tuple(mention for mention in places if start <= mention.start < end)
        taken: list[Quantity | PlaceMention] = [*own, *named]
        spans = [Span(item.start, item.end) for item in taken]
        words = _without(text, Span(start, end), spans)
        yield _Clause(_shortened(text[start:end]), _shortened(words), own, named)


def _shortened(text: str) -> str:
    """Return a text with 规上 for 规模以上, which is the same."""
    return text.replace("规模以上", "规上").replace("規模以上", "規上")


def _without(text: str, clause: Span, taken: Sequence[Span]) -> str:
    """Return a clause with a space for each span that is taken out."""
    kept = list(clause.of(text))
    for span in taken:
        for place in range(span.start, min(span.end, clause.end)):
            kept[place - clause.start] = " "
    return "".join(kept)


def _wrong_figures(clause: _Clause, alike: Sequence[_Clause]) -> Iterator[str]:
    """Yield figures that stand for another one; a figure more is no such."""
    stated = [figure for other in alike for figure in other.figures]
    for figure in clause.figures:
        if figure.kind not in _COMPARED or figure.high or figure.bound is Bound.ABOUT:
            continue
        if any(_fits(figure, other) for other in stated):
            continue
        for other in stated:
            kin = (other.kind, other.unit) == (figure.kind, figure.unit)
            if kin and not any(_fits(own, other) for own in clause.figures):
                yield f"{figure.text} is {other.text} in what is cited"
                break


def _fits(figure: Quantity, other: Quantity) -> bool:
    if same_amount(figure, other) or same_rounded(figure, other):
        return True
    return figure.value in (other.value, other.high)


def _wrong_places(clause: _Clause, alike: Sequence[_Clause]) -> Iterator[str]:
    """Yield places that stand for another one; a place more is no such."""
    named = [mention for other in alike for mention in other.places]
    replaced = [other for other in named if not any(_fit(own, other) for own in clause.places)]
    for own in clause.places if replaced else ():
        if not any(_fit(own, other) for other in named):
            yield f"{own.place.name} is {replaced[0].place.name} in what is cited"


def _fit(one: PlaceMention, other: PlaceMention) -> bool:
    return any(covers(meant, other.place) for meant in (one.place, *one.others))


def _size(text: str) -> int:
    return len(re.findall("[\u3400-\u9fff]", text)) + 2 * len(re.findall("[A-Za-z]+", text))
