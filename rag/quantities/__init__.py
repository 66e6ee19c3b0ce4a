"""Money, counts, percentages, dates, periods and ordinals, as comparable values.

`quantities` reads a Chinese or English text once: fold it (one character stays one character, so
that places are those of the original), read a number or a date at each character where one may
begin (`scan`), let neighbours in lists and ranges share a unit (`series`: 200、500、800万元), then
look around each for its bound (`bounds`: 最高, 以上) and its rate (`rates`: 每月, a year).
`missing` says which quantities of a claim stand in no evidence.

Every repetition in a pattern is bounded and a run that is no number is passed over as a whole, so
time grows with the length of the text, whatever it holds. The numbers are read here because no
library does: cn2an computes in floats, refuses 千亿 and reports no places; text2num leaves "half a
million" half read; dateparser gives 2027年底 a day and knows no 民國; quantulum3 takes 15m yuan for
metres and computes in floats; recognizers-text (last an alpha of 2021) does not import any more.
"""

from rag.kinds import Kind
from rag.quantities.compare import (
    bounds_agree,
    rates_agree,
    rounded_from,
    same_amount,
    same_rounded,
)
from rag.quantities.evidence import missing
from rag.quantities.read import quantities
from rag.quantities.types import Bound, Quantity

__all__ = [
    "Bound",
    "Kind",
    "Quantity",
    "bounds_agree",
    "missing",
    "quantities",
    "rates_agree",
    "rounded_from",
    "same_amount",
    "same_rounded",
]
