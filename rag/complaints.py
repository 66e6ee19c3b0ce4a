"""What is wrong with a claim, each thing said once; pure.

Several checks find the same wrong figure, each from its own side: it stands nowhere, another one
stands in its place, the phase has another one. The line that tells most is kept.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rag.quantities import Quantity, quantities, same_amount

_ABSENT = re.compile(r"(.+) (?:does not stand|is not named) in what is cited", re.DOTALL)
_SAID_OF = re.compile(r"(.+) is said of (.+), and of (.+) in what is cited", re.DOTALL)
_PHASE = re.compile(r"(.+) has (.+) in what is cited, not (.+)", re.DOTALL)
_REPLACED = re.compile(r"(.+) is (?!said |per |not |a |at )(.+) in what is cited", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Complaint:
    """A line, and what it says is wrong: `there` is what stands in its place, "" for nothing."""

    line: str
    wrong: str = ""
    there: str = ""
    figure: str = ""  # that is given to the wrong one


def said_once(claim: str, lines: Iterable[str]) -> tuple[str, ...]:
    """Return the lines on a claim in their order, without those that another says as well."""
    complaints = [_read(line) for line in dict.fromkeys(lines)]
    return tuple(
        one.line
        for place, one in enumerate(complaints)
        if not any(_is_again(one, other, claim) for other in complaints[:place])
        and not any(_tells_more(other, one, claim) for other in complaints)
    )


def _read(line: str) -> _Complaint:
    if found := _ABSENT.fullmatch(line):
        return _Complaint(line, found[1])
    if found := _SAID_OF.fullmatch(line):
        return _Complaint(line, found[2], found[3], found[1])
    if found := _PHASE.fullmatch(line):
        return _Complaint(line, found[3], found[2])
    if found := _REPLACED.fullmatch(line):
        return _Complaint(line, found[1], found[2])
    return _Complaint(line)


def _is_again(one: _Complaint, other: _Complaint, claim: str) -> bool:
    """Tell whether an earlier line has said already what stands in the place of the same thing."""
    if not (one.there and other.there and _is_same(one.wrong, other.wrong)):
        return False
    if one.figure and other.figure:  # each is a fault of its own
        return False
    # What the claim says twice may be wrong twice.
    return claim.count(one.wrong) < 2 or _is_same(one.there, other.there)


def _tells_more(other: _Complaint, one: _Complaint, claim: str) -> bool:
    """Tell whether a line says of what is absent which other stands there, or its longer name."""
    if one.there or not one.wrong:
        return False
    if other.there:
        return _is_same(one.wrong, other.wrong)
    if other.wrong == one.wrong or other.wrong.startswith("“"):
        return False
    within = claim.count(other.wrong) * other.wrong.count(one.wrong)  # 科技局 in 市科技局
    return 0 < within == claim.count(one.wrong)


def _is_same(one: str, other: str) -> bool:
    if one == other:
        return True
    mine, theirs = _figure(one), _figure(other)
    return mine is not None and theirs is not None and same_amount(mine, theirs)


def _figure(text: str) -> Quantity | None:
    """Return the figure that a text is, None if it holds more than one."""
    found = quantities(text)
    return found[0] if found and found[0].text == text else None
