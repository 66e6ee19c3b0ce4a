"""Lists and ranges, whose members share a unit: 200、500、800万元."""

import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from rag.kinds import Kind
from rag.quantities.types import State, Token

_RANGE_GAP = re.compile(" ?(?:-|–|—|--|——|~|〜|−|至|到|to|through) ?")
_LIST_GAP = re.compile(" ?(?:、|/|和|及|与|或|以及|and|or|&) ?|, (?:and|or) ")
_LONGEST_GAP = 6
LISTED = ("list", "comma")
_RANGED = (Kind.MONEY, Kind.COUNT, Kind.PERCENT, Kind.PERIOD, Kind.YEAR, Kind.ORDINAL)


def joined_by(text: str, left: Token, right: Token) -> str:
    """Return how two neighbours are joined: "range", "list", "comma" or ""."""
    if right.start - left.end > _LONGEST_GAP:
        return ""
    between = text[left.end : right.start]
    if _RANGE_GAP.fullmatch(between):
        return "range"
    if not _LIST_GAP.fullmatch(between):
        return "comma" if between == ", " else ""
    bracketed = text.endswith("between ", 0, left.start) and "and" in between
    return "range" if bracketed else "list"


def combine(text: str, tokens: Iterable[Token]) -> list[Token]:
    """Let neighbours share unit, magnitude and date, and join the two ends of a range."""
    combined: list[Token] = []
    for token in reversed(_share_rightwards(text, list(tokens))):
        gap = joined_by(text, token, combined[-1]) if combined else ""
        if gap:
            token = _share_leftwards(text, token, combined[-1], gap)
        merged = _merge(token, combined[-1]) if gap == "range" else None
        if merged:
            combined[-1] = merged
        else:
            combined.append(token)
    return combined[::-1]


def _share_rightwards(text: str, tokens: list[Token]) -> list[Token]:
    """Hand on a currency, a date, a phase: RMB 2, 5 and 8 million; 11月29日、30日; phase I, II."""
    shared: list[Token] = []
    for i, token in enumerate(tokens):
        gap = joined_by(text, shared[-1], token) if shared else ""
        more = i + 1 < len(tokens) and bool(joined_by(text, token, tokens[i + 1]))
        # On November 2, 5 companies …; but phases I, II, III and RMB 2, 5 and 8 million
        if gap and (gap != "comma" or more or token.kind is Kind.ORDINAL):
            token = _take_from_left(token, shared[-1], gap, more)
        shared.append(token)
    return shared


def _take_from_left(token: Token, left: Token, gap: str, more: bool) -> Token:
    bare = token.state in (State.BARE, State.WEAK)
    if left.kind is Kind.DATE:
        return _date_from_left(token, left)
    if left.state is State.PREFIXED and bare and (more or token.scale != 1):
        return replace(token, kind=Kind.MONEY, unit=left.unit, year=None, state=State.PREFIXED)
    if left.kind is Kind.ORDINAL and token.kind is Kind.COUNT and _is_numbered(token, left, gap):
        return replace(token, kind=Kind.ORDINAL)
    follows = left.kind is Kind.ORDINAL and left.state in _NAMED and left.value is not None
    if follows and bare and token.value and token.scale == 1 and left.value:
        roman, next_one = token.kind is Kind.ORDINAL, token.value == left.value + 1
        if roman or next_one:
            return replace(token, kind=Kind.ORDINAL, unit=left.unit, state=State.SHARED)
    return token


def _is_numbered(token: Token, left: Token, gap: str) -> bool:
    """Tell an ordinal from a count behind an ordinal without unit: 第1至5条, 第五、六条."""
    if left.unit or not token.unit or token.scale != 1 or not left.value or not token.value:
        return False
    return token.value == left.value + 1 or (gap == "range" and token.value > left.value)


def _date_from_left(token: Token, left: Token) -> Token:
    """Complete 30日 behind 11月29日、, 12月2日 behind 2024年11月29日至, 6月 behind 2024年1月至."""
    if token.kind is Kind.DATE and token.year is None and left.day and token.day:
        return replace(token, year=left.year, month=token.month or left.month)
    if token.kind is Kind.DATE and token.year is None and not left.day and not token.day:
        return replace(token, year=left.year)
    day = token.value
    if token.state is State.BARE and left.day and left.month and day and left.day < day <= 31:
        return _as_date(token, left.year, left.month, int(day))
    return token


def _as_date(token: Token, year: int | None, month: int | None, day: int | None) -> Token:
    whole = replace(token, kind=Kind.DATE, value=None, state=State.WHOLE)
    return replace(whole, year=year, month=month, day=day)


def _share_leftwards(text: str, token: Token, right: Token, gap: str) -> Token:
    """Give a number the unit and the magnitude behind it: 200、500、800万元, 100-300万元."""
    if token.state is State.PREFIXED:
        signless = right.state is State.PREFIXED and text[right.start].isdigit()
        return _scaled(token, right, gap) if signless else token
    unnamed = token.kind is Kind.ORDINAL and not token.unit and right.kind is Kind.ORDINAL
    if unnamed and right.state in _NAMED:
        return replace(token, unit=right.unit, state=State.SHARED)
    if token.state not in (State.BARE, State.WEAK) or token.kind is Kind.ORDINAL:
        return token
    if right.kind is Kind.DATE:
        return _date_from_right(token, right)
    if not _may_share(text, token, right, gap):
        return token
    scaled = _scaled(token, right, gap)
    if right.state is State.BARE:
        return scaled
    year = token.year if right.kind is Kind.YEAR else None
    return replace(scaled, kind=right.kind, unit=right.unit, year=year, state=State.SHARED)


_NAMED = (State.WHOLE, State.SHARED)


def _may_share(text: str, token: Token, right: Token, gap: str) -> bool:
    if right.state not in (*_NAMED, State.BARE) or right.kind is Kind.DOCUMENT_NUMBER:
        return False
    if gap == "comma" and right.state is State.WHOLE:
        return False  # In 35, 5 million yuan …; but 2, 5 and 8 million yuan
    if token.kind is Kind.YEAR and right.kind is not Kind.YEAR:
        # 2024和500家, 2021—25年; but 2000、3000万元
        return text[token.end] in "、/-–—~至到" and right.kind is not Kind.PERIOD
    if right.kind is Kind.ORDINAL:  # not 200万 in 200万、二期500万, nor 20 in "20 and phase II"
        return token.scale == 1 and not text[right.end - 1].isascii()
    return True


def _scaled(token: Token, right: Token, gap: str) -> Token:
    """Multiply by the neighbour's magnitude, but not 5000 in 5000-1万元."""
    if token.scale != 1 or right.scale == 1 or token.value is None or right.value is None:
        return token
    value = token.value * right.scale
    if gap == "range" and value >= right.value:
        return token
    return replace(token, value=value, scale=right.scale)


def _date_from_right(token: Token, right: Token) -> Token:
    """Complete 1 in 1、2月 and 29 in 29、30日."""
    number = token.value
    if number is None or token.scale != 1 or token.kind is Kind.YEAR:
        return token
    if right.day is None and right.month and 1 <= number <= 12:
        return _as_date(token, right.year, int(number), None)
    if right.day and 1 <= number < right.day:
        return _as_date(token, right.year, right.month, int(number))
    return token


def _merge(low: Token, high: Token) -> Token | None:
    """Return the range from one token to the next; None if they make none."""
    if low.value is None or high.value is None or low.high or high.high:
        return None
    top, same = high.value, (low.kind, low.unit) == (high.kind, high.unit)
    if low.kind is Kind.YEAR and (short := _short_year(high)):
        top, same = low.value - low.value % 100 + short, True
    weak = State.WEAK in (low.state, high.state) or State.ARTICLE in (low.state, high.state)
    if not same or weak or low.kind not in _RANGED or low.value >= top:
        return None
    return replace(low, high=top, end=high.end, state=high.state, scale=high.scale)


def _short_year(token: Token) -> Decimal | None:
    """Return 25 in 2021-25 and 2021—25年."""
    if token.kind is Kind.PERIOD and token.unit == "月" and token.value:
        value: Decimal | None = token.value / token.scale
    else:
        value = token.value if token.state is State.BARE else None
    return value if value and value < 100 else None
