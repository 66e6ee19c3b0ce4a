"""Where a quotation stands in a text: width, case, script and white space folded; pure."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from index.errors import QuestionError
from index.script import fold_characters
from index.types import Span
from rag.passages import TELLING

# Characters; longer ones are asked for in parts.
MAX_QUOTATION = 2_000
_ELLIPSIS = re.compile(r"(?:…|\.{3}|。{3}|[\[［(（](?:…|\.{3})+[\]］)）])+")
# An ellipsis here and there; each further part costs time wherever the first one stands.
_MAX_PARTS = 8
# Folded characters between the parts of a quotation; beyond it they no longer belong together.
_LONGEST_ELISION = 200
_STOPS = "。．.！!？?；;，,：:、 \t\r\n"
_QUOTATION_MARKS = ("“”", "‘’", "「」", "『』", '""', "《》")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a quotation stands, and what it leaves out between its parts."""

    span: Span
    gaps: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Quotation:
    """A quotation as it is looked for: its parts, folded, as given and without stops at the ends.

    An ellipsis divides parts, which must follow one another closely.
    """

    text: str
    exact: tuple[str, ...]
    bare: tuple[str, ...]


def read_quotation(text: str) -> Quotation:
    """Return a quotation without the quotation marks around it.

    Raises QuestionError if it is too long, or so short that it would prove nothing by standing
    somewhere.
    """
    if len(text) > MAX_QUOTATION:
        raise QuestionError(
            f"the quotation has {len(text):,} characters, at most {MAX_QUOTATION:,} are looked for"
        )
    inner = _unquoted(text.strip())
    exact = tuple(filter(None, map(_folded, _ELLIPSIS.split(inner))))
    if not any(len(part) >= TELLING for part in exact):
        raise QuestionError(
            f"a quotation of fewer than {TELLING} characters proves nothing: give more of it, "
            f"is now {inner!r}"
        )
    if len(exact) > _MAX_PARTS:
        raise QuestionError(
            f"the quotation has {len(exact)} parts, at most {_MAX_PARTS} are looked for"
        )
    bare = tuple(filter(None, (part.strip(_FOLDED_STOPS) for part in exact)))
    return Quotation(inner, exact, bare)


def standings(quotation: Quotation, text: str) -> Iterator[Standing]:
    """Yield every place where a quotation stands, in order, with its stops if these stand there."""
    folded = _folded(text)
    for parts in dict.fromkeys((quotation.exact, quotation.bare)):
        if parts and parts[0] in folded and (found := list(_found(parts, folded, text))):
            yield from found
            return


def _found(parts: tuple[str, ...], folded: str, text: str) -> Iterator[Standing]:
    places: list[int] = []  # where each folded character stood, looked up when there is a match
    for spans in _runs(parts, folded):
        places = places or [at for at, c in enumerate(text) for _ in _FOLDING[ord(c)]]
        if all(_is_whole(span, places) for span in spans):
            own = [Span(places[span.start], places[span.end - 1] + 1) for span in spans]
            gaps = (Span(a.end, b.start) for a, b in pairwise(own))
            yield Standing(Span(own[0].start, own[-1].end), tuple(gaps))


def _runs(parts: tuple[str, ...], folded: str) -> Iterator[list[Span]]:
    """Yield where the parts stand one closely behind the other; runs do not overlap."""
    first, *others = parts
    at = folded.find(first)
    while at >= 0:
        run = [Span(at, at + len(first))]
        for part in others:
            end = run[-1].end
            next_ = folded.find(part, end, end + _LONGEST_ELISION + len(part))
            if next_ < 0:
                break
            run.append(Span(next_, next_ + len(part)))
        is_whole = len(run) == len(parts)
        if is_whole:
            yield run
        at = folded.find(first, run[-1].end if is_whole else at + 1)


def _is_whole(span: Span, places: list[int]) -> bool:
    """Tell whether a match begins and ends with characters of the text: not with an i of Ⅲ."""
    begins = span.start == 0 or places[span.start - 1] != places[span.start]
    return begins and (span.end == len(places) or places[span.end - 1] != places[span.end])


def _unquoted(text: str) -> str:
    for pair in _QUOTATION_MARKS:
        inner = text[1:-1]
        if len(text) > 1 and text[0] == pair[0] and text[-1] == pair[1]:
            # “one” and “two” is not one quotation
            return text if pair[0] in inner or pair[1] in inner else inner
    return text


class _Folding(dict[int, str]):
    """Character -> what it is compared as, filled on the way; "" for white space."""

    def __missing__(self, code: int) -> str:
        wide = unicodedata.normalize("NFKC", chr(code))
        self[code] = "".join(c for c in fold_characters(wide) if not c.isspace())
        return self[code]


_FOLDING = _Folding()


def _folded(text: str) -> str:
    return text.translate(_FOLDING)


_FOLDED_STOPS = "".join(dict.fromkeys(_folded(_STOPS)))
