"""Which quantities of a claim stand in evidence."""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from rag.kinds import Kind
from rag.quantities.compare import rounded_from, same_amount, same_rounded
from rag.quantities.read import extract, quantities
from rag.quantities.types import Bound, Quantity


def missing(claim: str, evidence: Sequence[str]) -> tuple[Quantity, ...]:
    """Return the quantities of `claim` that stand in none of the `evidence` texts, in text order.

    A quantity stands there when `same_amount` finds it, when it is an end of a range or a part of
    a date there (2024年 in 2024年11月29日), when both ends of the range it is stand there, when it
    is "about" a value there, rounded, or when a value there is what it calls 数十 or 七八. A date
    without year in the evidence fits any year, unless the same day stands there with its year.
    """
    found = (q for text in evidence for q in extract(text, as_evidence=True))
    stock = _stock_of(reading for quantity in found for reading in _readings(quantity))
    return tuple(q for q in quantities(claim) if not _stands(q, stock))


@dataclass(frozen=True, slots=True)
class _Stock:
    """The readings of the evidence by `_key`, and its values in ascending order."""

    readings: dict[Decimal, set[Quantity]]
    values: list[Decimal]


def _stock_of(readings: Iterable[Quantity]) -> _Stock:
    stock: defaultdict[Decimal, set[Quantity]] = defaultdict(set)
    for reading in readings:
        stock[_key(reading)].add(replace(reading, start=0, end=0))
    return _Stock(dict(stock), sorted(stock))


def _stands(quantity: Quantity, stock: _Stock) -> bool:
    known = _known(quantity, stock)
    if any(same_amount(quantity, reading) for reading in known):
        return True
    if quantity.high is not None and quantity.bound is Bound.ABOUT:
        return any(_is_within(reading, quantity) for reading in _between(quantity, stock))
    if quantity.high is not None:
        low, high = replace(quantity, high=None), replace(quantity, value=quantity.high, high=None)
        return _stands(low, stock) and _stands(high, stock)
    ends = rounded_from(quantity)
    if ends is None:
        return False
    near = _within(*ends, stock)
    about = quantity.bound is Bound.ABOUT  # of what is itself about so much, too
    return any(
        same_amount(quantity, replace(reading, value=quantity.value))
        if about
        else same_rounded(quantity, reading)
        for reading in near
    )


def _known(quantity: Quantity, stock: _Stock) -> Iterable[Quantity]:
    """Return what may be the same; dates without year only where the evidence has none with it."""
    known = stock.readings.get(_key(quantity), set())
    if quantity.kind is not Kind.DATE or quantity.year is None:
        return known
    yearless = replace(quantity, year=None)
    dated = [q for q in known if q.kind is Kind.DATE and q.year and same_amount(q, yearless)]
    return dated or known


def _between(quantity: Quantity, stock: _Stock) -> Iterator[Quantity]:
    """Yield the readings from the low to the high end of a range."""
    low, high = quantity.value or Decimal(0), quantity.high or Decimal(0)
    for known in stock.values[bisect_left(stock.values, low) : bisect_right(stock.values, high)]:
        yield from stock.readings[known]


def _is_within(reading: Quantity, vague: Quantity) -> bool:
    """Tell whether a quantity between its ends may be meant: 数十家 by 35家."""
    return same_amount(reading, replace(vague, value=reading.value, high=None))


def _within(least: Decimal, most: Decimal, stock: _Stock) -> Iterator[Quantity]:
    """Yield the readings from one value up to below another."""
    first, last = bisect_left(stock.values, least), bisect_left(stock.values, most)
    for known in stock.values[first:last]:
        yield from stock.readings[known]


def _key(quantity: Quantity) -> Decimal:
    """Return a number that two quantities of the same amount share, to look them up by."""
    number = quantity.day or quantity.month if quantity.kind is Kind.DATE else quantity.value
    return Decimal(number or 0)


_LONGEST_SERIES = 20  # 第1—20期; longer ranges of ordinals are not spelled out


def _readings(quantity: Quantity) -> Iterator[Quantity]:
    """Yield a quantity of the evidence and what follows from it: its ends, its month, its year."""
    yield quantity
    if quantity.high is not None and quantity.value is not None:
        for value in _members(quantity):
            yield replace(quantity, value=value, high=None)
    if quantity.kind is Kind.DATE and quantity.day and quantity.month:
        yield replace(quantity, day=None)
    if quantity.year and quantity.kind in (Kind.DATE, Kind.DOCUMENT_NUMBER):
        yield replace(quantity, kind=Kind.YEAR, value=Decimal(quantity.year), unit="", text="年")
    if quantity.kind is Kind.PERIOD and re.fullmatch("[1-9][0-9]{2} ?年", quantity.text):
        year = Decimal(quantity.text[:3])  # 618年: a year or a time
        yield replace(quantity, kind=Kind.YEAR, value=year, unit="")


def _members(quantity: Quantity) -> Iterable[Decimal]:
    low, high = quantity.value or Decimal(0), quantity.high or Decimal(0)
    if quantity.kind is Kind.ORDINAL and high - low < _LONGEST_SERIES:
        return map(Decimal, range(int(low), int(high) + 1))
    return (low, high)
