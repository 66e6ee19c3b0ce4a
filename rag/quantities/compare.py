"""Whether two quantities are the same."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from rag.kinds import Kind
from rag.quantities.bounds import LOWER, UPPER
from rag.quantities.types import Bound, Quantity
from rag.quantities.units import SYNONYMS


def same_amount(a: Quantity, b: Quantity) -> bool:
    """Tell whether two quantities state the same amount, date or ordinal in any notation.

    Bounds do not count. A missing unit, as in English, fits any measure word; a date without year
    fits one with it. A bare number from 10,000 on fits money too: 预算430万 leaves 元 out.
    """
    if a.value != b.value and Kind.DATE not in (a.kind, b.kind):
        return False  # whatever they are; nearly all pairs that are compared end here
    if a.kind is b.kind:
        return _SAME_KIND.get(a.kind, _same_values)(a, b)
    return _same_across_kinds(a, b) or _same_across_kinds(b, a)


def _same_values(a: Quantity, b: Quantity) -> bool:
    return (a.value, a.high, a.unit) == (b.value, b.high, b.unit)


def _same_counts(a: Quantity, b: Quantity) -> bool:
    units = {SYNONYMS.get(a.unit, a.unit), SYNONYMS.get(b.unit, b.unit)}
    return (a.value, a.high) == (b.value, b.high) and (len(units) == 1 or bool(units & {"", "个"}))


def _same_dates(a: Quantity, b: Quantity) -> bool:
    """Compare dates part by part: a missing year or month is open, a missing day is not."""
    open_parts = ((a.year, b.year), (a.month, b.month))
    return a.day == b.day and all(None in pair or pair[0] == pair[1] for pair in open_parts)


def _same_documents(a: Quantity, b: Quantity) -> bool:
    if (a.year, a.value) != (b.year, b.value):
        return False
    if a.unit.isascii() or b.unit.isascii():
        return a.unit.isascii() != b.unit.isascii() or not a.unit or a.unit == b.unit
    return a.unit.endswith(b.unit) or b.unit.endswith(a.unit)


_SAME_KIND: dict[Kind, Callable[[Quantity, Quantity], bool]] = {
    Kind.COUNT: _same_counts,
    Kind.ORDINAL: _same_counts,
    Kind.DATE: _same_dates,
    Kind.DOCUMENT_NUMBER: _same_documents,
}
# Counts that number one thing: 3类 is a class or three of them.
_NUMBERED = (("类", "类"), ("类", "级"), ("类", ""), ("", "号"))
# From here on, writers leave the currency out.
_MONEY_WITHOUT_CURRENCY = 10_000


def _same_across_kinds(a: Quantity, b: Quantity) -> bool:
    """Tell whether `a`, ambiguous by itself, can be read as the kind of `b`."""
    values = (a.value, a.high) == (b.value, b.high)
    if a.kind is Kind.COUNT and b.kind is Kind.MONEY:
        return values and not a.unit and (a.value or 0) >= _MONEY_WITHOUT_CURRENCY
    if a.kind is Kind.COUNT and b.kind is Kind.ORDINAL:  # 3类 or Ⅲ类; Route 168 or 168号
        return values and (a.unit, b.unit) in _NUMBERED
    if a.kind is Kind.YEAR and b.kind is Kind.COUNT:  # 2000 may be a number
        return values and (a.text.isdigit() or not b.unit)
    if a.kind is Kind.DATE and b.kind is Kind.PERIOD:  # 5日 may be five days
        return a.month is None and b.unit == "日" and a.day == b.value
    return False


_NEAR = Decimal("0.05")  # "over 4000" says little of 4900, and enough of 4112.83
_LEAST_DIGITS = 2  # "about 500" stands for 497, not for 460; "over 4100" for 4112.83


def rounded_from(figure: Quantity) -> tuple[Decimal, Decimal] | None:
    """Return from which value up to below which a figure may be rounded, None if it is not.

    "About" rounds either way at the last digit that is not zero, "over" down, "under" up.
    """
    value = figure.value
    if not value or figure.high is not None:
        return None
    own = len(value.normalize().as_tuple().digits)
    step = Decimal(1).scaleb(value.adjusted() - max(_LEAST_DIGITS, own) + 1)
    if figure.bound is Bound.ABOUT:
        return value - step / 2, value + step / 2
    last = Decimal(1).scaleb(value.adjusted() - own + 1)
    reach = max(step, min(last, value * _NEAR))
    if figure.bound is Bound.MORE_THAN:
        return value, value + reach
    return (value - reach, value) if figure.bound is Bound.LESS_THAN else None


def same_rounded(figure: Quantity, exact: Quantity) -> bool:
    """Tell whether a figure is another one rounded: 超过4100亿元 for 4112.83亿元."""
    ends = rounded_from(figure)
    if ends is None or exact.value is None or exact.bound is not Bound.EXACT or exact.high:
        return False
    within = ends[0] <= exact.value < ends[1]
    return within and same_amount(figure, replace(exact, value=figure.value))


def bounds_agree(a: Quantity, b: Quantity) -> bool:
    """Tell whether two bounds can both hold: 最高 and 至少 cannot; EXACT and ABOUT fit any."""
    bounds = {a.bound, b.bound}
    return bounds.isdisjoint(UPPER) or bounds.isdisjoint(LOWER)


def rates_agree(a: Quantity, b: Quantity) -> bool:
    """Tell whether two amounts may be paid as often: 每月 and 一年 are not, "" fits any.

    Each time (每次) and once (一次性) do not exclude each other.
    """
    rates = {a.per, b.per}
    return "" in rates or len(rates) == 1 or rates == {"once", "time"}
