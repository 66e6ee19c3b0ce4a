"""Calendar dates as Chinese documents write them, found with their places and made ISO 8601.

2024年5月3日, 2024-5-3, 2024/05/03, 2024.5.3, 二〇二四年五月三日, 民國113年5月3日, May 3rd, 2024.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from index.script import fold_characters

_DIGITS = {mark: value for value, mark in enumerate("〇一二三四五六七八九")}
_DIGITS |= dict.fromkeys("○零o0", 0)
_TENS = {"十": 10, "廿": 20, "卅": 30, "百": 100}
_MINGUO = 1911  # the year before the first of the Republic's calendar
_MONTHS = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)  # noqa: SIM905
}

# What is matched is folded: Simplified, NFKC, lower case.
_YEAR = r"(?:19|20)\d\d"
_HAN_YEAR = "[一二][〇○零o0一二三四五六七八九]{3}"
_HAN = "[一二三四五六七八九十廿卅]{1,4}"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = re.compile(
    # The digits must not go on: 12/01/2004 - 01/01/2005 holds no 2004-01-01.
    rf"(?<![\d/.])(?P<y1>{_YEAR})(?:\s{{0,3}}年\s{{0,3}}(?P<m1>\d{{1,2}})\s{{0,3}}月\s{{0,3}}"
    r"(?P<d1>\d{1,2})(?:\s{0,3}日)?"
    r"|(?P<mark>[-/.])(?P<m2>\d{1,2})(?P=mark)(?P<d2>\d{1,2})(?!\d))"
    rf"|(?P<y3>{_HAN_YEAR})年(?P<m3>{_HAN})月(?P<d3>{_HAN})日"
    r"|(?:中华)?民国\s{0,3}(?P<y4>\d{2,3}|[一二三四五六七八九十百〇○零]{1,6})\s{0,3}[年.\-/]\s{0,3}"
    rf"(?P<m4>\d{{1,2}}|{_HAN})\s{{0,3}}[月.\-/]\s{{0,3}}(?P<d4>\d{{1,2}}|{_HAN})(?:\s{{0,3}}日)?"
    rf"|(?<![a-z])(?P<m5>{_MONTH}) (?P<d5>{_DAY}),? (?P<y5>{_YEAR})(?!\d)"
    rf"|(?<!\d)(?P<d6>{_DAY}) (?P<m6>{_MONTH}),? (?P<y6>{_YEAR})(?!\d)"
)
# Sites of Taiwan write 113-05-03 behind a label; elsewhere such digits may be anything.
# Every date but a short one holds one of these, also before it is folded, which takes time.
_MAY_HOLD = re.compile("[12１２]\\d{3}|[一二][〇○零oO0一二三四五六七八九]{3}|民[国國]")
_SHORT_MINGUO = re.compile(r"(?<!\d)(1\d\d)\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})(?!\d)")
_COMPACT = re.compile(r"\s*((?:19|20)\d\d)(\d\d)(\d\d)(?:\d{4}|\d{6})?\s*")
_IN_ADDRESS = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-/_]?(0[1-9]|1[0-2])[-/_]?(0[1-9]|[12]\d|3[01])(?!\d)"
)


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date that a text names at `text[start:end]`; `iso` is a day of the calendar."""

    start: int
    end: int
    iso: str


def find_dates(text: str) -> list[FoundDate]:
    """Return the dates that a text names, in order; what is no day of the calendar is left out.

    Linear in the length of the text.
    """
    return list(_found(fold_characters(text))) if _MAY_HOLD.search(text) else []


def iso_date(text: str) -> str:
    """Return the first date of a text as ISO 8601, "" if there is none.

    20240503 counts if it is the whole text, with or without a clock time behind it.
    """
    if compact := _COMPACT.fullmatch(text):
        return _calendar_day(*map(int, compact.groups()))
    return next((found.iso for found in find_dates(text)), "")


def labelled_date(text: str) -> str:
    """Return the date in the value of a label, where 113-05-03 is a year of the Republic."""
    if iso := iso_date(text):
        return iso
    match = _SHORT_MINGUO.search(fold_characters(text))
    return _calendar_day(int(match[1]) + _MINGUO, int(match[2]), int(match[3])) if match else ""


def is_date(text: str) -> bool:
    """Tell whether a text is one date and nothing else."""
    folded = fold_characters(text).strip()
    return any(found.start == 0 and found.end == len(folded) for found in _found(folded))


def address_date(address: str) -> str:
    """Return the day that the path of a URL names, such as /2009-03/15/ or t20240305_; else ""."""
    path = address.partition("://")[2].partition("/")[2].partition("?")[0]
    found = (_calendar_day(*map(int, match.groups())) for match in _IN_ADDRESS.finditer(path))
    return next((iso for iso in found if iso), "")


def _found(folded: str) -> Iterator[FoundDate]:
    for match in _DATE.finditer(folded):
        groups = {name[0]: text for name, text in match.groupdict().items() if text}
        year = _number(groups["y"]) + (_MINGUO if match["y4"] else 0)
        if iso := _calendar_day(year, _month(groups["m"]), _number(groups["d"])):
            yield FoundDate(*match.span(), iso)


def _month(text: str) -> int:
    return _MONTHS.get(text[:3], 0) or _number(text)


def _number(text: str) -> int:
    """Return the value of digits, 二〇二四 or 三十一; letters behind digits do not count."""
    text = text.rstrip("sthndr")
    if text.isdigit() and text.isascii():
        return int(text)
    if not any(mark in _TENS for mark in text):
        return int("".join(str(_DIGITS[mark]) for mark in text))
    total = last = 0
    for mark in text:
        if mark in _TENS:
            total += (last or 1) * _TENS[mark] if _TENS[mark] in (10, 100) else _TENS[mark]
            last = 0
        else:
            last = _DIGITS[mark]
    return total + last


def _calendar_day(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""  # such as 2024-13-40: not a date, so not known
