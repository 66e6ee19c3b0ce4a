"""Why a passage was found: the words of the question that stand in it; pure."""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

from index.script import fold_characters
from index.terms import TermGroup, located_among
from index.types import Span

# Two characters of the question that are no word together, such as 的奖, mark only 奖; alone these
# are marked for no one.
_PARTICLES = "的了在是和与及或对给向为把被将有以之其这那也都就"


def matched_spans(groups: Sequence[TermGroup], text: str) -> tuple[Span, ...]:
    """Return where the terms of a question stand in a text, in order, none touching another.

    Of what can be written in many ways (500万元, 三期) all that it was read from is marked. A
    single Han character counts only where the question has no longer term with it.
    """
    wanted = _wanted(groups)
    folded, places = _folded(text)
    found = [
        Span(places[start], places[end - 1] + 1) for _, start, end in located_among(folded, wanted)
    ]
    trimmed = (_trimmed(span, text) for span in _joined(found))
    return tuple(span for span in trimmed if len(span))


def matched_terms(groups: Sequence[TermGroup], text: str) -> tuple[str, ...]:
    """Return the words of a question as they stand in a text, in order, the longest forms only."""
    return _distinct(span.of(text) for span in matched_spans(groups, text))


def _wanted(groups: Sequence[TermGroup]) -> set[str]:
    terms = {term for group in groups for way in group.alternatives for term in way}
    within = {character for term in terms if len(term) > 1 for character in term}
    return {term for term in terms if len(term) > 1 or term.isascii() or term not in within}


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """Return a text folded, and for each character of that its place in the text: Ⅲ gives iii."""
    normal = "".join(map(_normal, text))
    if len(normal) == len(text):  # no character became two
        return fold_characters(normal), range(len(text))
    places = [at for at, character in enumerate(text) for _ in _normal(character)]
    return fold_characters(normal), places


@cache
def _normal(character: str) -> str:
    return unicodedata.normalize("NFKC", character)


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.start <= joined[-1].end:
            last = joined.pop()
            span = Span(last.start, max(last.end, span.end))
        joined.append(span)
    return joined


def _trimmed(span: Span, text: str) -> Span:
    """Leave out the particles at both ends."""
    own = fold_characters(span.of(text))
    start = span.start + len(own) - len(own.lstrip(_PARTICLES))
    return Span(start, max(start, span.start + len(own.rstrip(_PARTICLES))))


def _distinct(terms: Iterable[str]) -> tuple[str, ...]:
    """Return terms without repeats in any script, and without those that stand in a longer one."""
    first: dict[str, str] = {}
    for term in terms:
        first.setdefault(_key(term), term)
    return tuple(
        term
        for key, term in first.items()
        if not any(key != other and _is_part(key, other) for other in first)
    )


def _key(term: str) -> str:
    return fold_characters(term)


def _is_part(term: str, other: str) -> bool:
    """Tell whether a term stands in a longer one; of words in Latin letters whole words count."""
    return term in other and not (term[0].isascii() and term[-1].isascii())
