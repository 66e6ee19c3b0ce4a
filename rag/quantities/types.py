"""What a quantity is, and the tokens from which one is made."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from rag.kinds import Kind


class Bound(StrEnum):
    """How the text limits a quantity."""

    EXACT = "exact"
    AT_MOST = "at_most"
    AT_LEAST = "at_least"
    ABOUT = "about"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity and where it stands: `original[start:end] == text`.

    `value` is in units of the currency, single things, percent (0..100), months (unit 月), days
    (日), hours, minutes, or the ordinal itself; None for a date. `high` ends a range.
    `unit` is a currency code (CNY), a Simplified measure word (家), 百分点 for percentage points,
    the folded issuer of a document number (粤府), or "" without one or in English. `year`, `month`
    and `day` are those of a date, None where it does not state them. `per` says how often an amount
    is paid or counted: hour, day, week, month, quarter, half-year, year, time (每次), once (一次性)
    or "" where the text does not say.
    """

    kind: Kind
    value: Decimal | None
    high: Decimal | None
    unit: str
    bound: Bound
    text: str
    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None
    per: str = ""


class State(StrEnum):
    """Whether a token is a quantity by itself."""

    WHOLE = "whole"
    SHARED = "shared"  # 200 (、500万元): whole with the unit of a neighbour
    PREFIXED = "prefixed"  # RMB 2 (, 5 and 8 million): its currency goes on to the right
    BARE = "bare"  # 197: a quantity, and it takes the unit of a neighbour
    WEAK = "weak"  # Ⅰ (、Ⅱ期): a quantity only with the unit of a neighbour
    ARTICLE = "article"  # 一家, one, first: no claim, but it supports one


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the folded text that is a quantity, or may become one beside its neighbours."""

    kind: Kind
    start: int
    end: int
    value: Decimal | None = None
    high: Decimal | None = None
    unit: str = ""
    bound: Bound = Bound.EXACT
    year: int | None = None
    month: int | None = None
    day: int | None = None
    scale: Decimal = Decimal(1)  # what the last magnitude multiplies: 10,000 in 800万
    state: State = State.WHOLE
    per: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A number without its unit, ending at `end`."""

    value: Decimal
    end: int
    text: str
    script: str  # "digits", "han" or "words"
    high: Decimal | None = None
    bound: Bound = Bound.EXACT
    scale: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit, and by how much it multiplies a number."""

    kind: Kind
    name: str
    factor: Decimal


Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], Token | None]]
