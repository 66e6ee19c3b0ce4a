"""Dates, years and decades."""

import re
from decimal import Decimal

from rag.kinds import Kind
from rag.quantities.numerals import DIGIT, HAN_TWENTIES, NUMERAL, han_value
from rag.quantities.types import Rule, Token
from rag.quantities.units import GUARDS

_SHORT_NUMERAL = "(?:[0-9]{1,2}|[一二三四五六七八九十廿卅]{1,4})"
_ERA = "(?P<era>民国|公元前|西元前|公元|西元) ?"
_DATE_CHINESE = re.compile(
    rf"(?:(?:{_ERA})?(?P<year>[0-9]{{1,4}}|[{DIGIT}十百]{{1,7}}|(?<=[国元])元) ?年 ?)?"
    rf"(?P<month>{_SHORT_NUMERAL}) ?月份?(?![薪均])"
    rf"(?: ?(?P<day>{_SHORT_NUMERAL})(?: ?[日号]|(?= ?[-–—~至到、] ?[0-9]{{1,2}} ?[日号])))?"
)
_FOUR_DIGIT_YEAR = r"(?P<year>(?:1[5-9]|20)[0-9]{2})"
_DATE_NUMERIC = re.compile(  # 2024.11 alone may be an amount
    rf"{_FOUR_DIGIT_YEAR}(?:(?P<mark>[-/.])(?P<month>[0-9]{{1,2}})(?P=mark)(?P<day>[0-9]{{1,2}})"
    r"|[-/](?P<only_month>[0-9]{1,2}))(?![0-9]|[-/.][0-9])"
)
_DATE_AMERICAN = re.compile(
    rf"(?P<month>[0-9]{{1,2}})/(?P<day>[0-9]{{1,2}})/{_FOUR_DIGIT_YEAR}(?![0-9])"
)
_DAY_ALONE = re.compile(rf"(?P<day>{_SHORT_NUMERAL}) ?日(?!内|之内|以内|期|后|[{GUARDS['日']}])")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    "(?P<name>january|february|march|april|may|june|july|august|september|october|november"
    r"|december|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)(?![a-z])\.?)(?![a-z])"
)
_ENGLISH_DAY = "(?P<day>[0-3]?[0-9])(?:st|nd|rd|th)?"
_DATES_ENGLISH = (
    re.compile(rf"{_ENGLISH_DAY}(?: of)?[ -]{_MONTH}(?:,?[ -]{_FOUR_DIGIT_YEAR}(?![0-9]))?"),
    re.compile(rf"{_MONTH} {_ENGLISH_DAY}(?![0-9a-z%])(?:,? ?{_FOUR_DIGIT_YEAR}(?![0-9]))?"),
    re.compile(rf"{_MONTH},? (?:of )?{_FOUR_DIGIT_YEAR}(?![0-9])"),
)
_MONTH_ALONE = re.compile(_MONTH)
_MONTHS_IN_FULL = "january|february|april|june|july|august|september|october|november|december"
_IN_BEFORE = re.compile("(?:^|[^a-z])(?:in|of|by|since|from|until|early|late|mid) $")
_YEAR = re.compile(
    rf"(?:{_ERA})?(?P<year>[0-9]{{1,4}}|{NUMERAL}{{1,7}}|(?<=[国元])元) ?年(?P<suffix>度|代)?"
)
_YEAR_BEFORE_QUARTER = re.compile(r"(?P<year>(?:19|20)[0-9]{2})(?=[qh][1-4](?![0-9a-z]))")
_DECADE = re.compile("(?P<year>(?:1[5-9]|20)[0-9]0)'?s(?![a-z])")
_REPUBLIC_OFFSET = 1911  # 民國元年 is 1912
# Without 民國 too, 113年11月 and 113年度 are of the Republic; 113年 alone is a period.
_REPUBLIC_YEARS = range(100, 150)
_LAST_YEAR = 2200  # what has four digits and is later is a period: 5000年


def _integer(text: str | None) -> int | None:
    """Return the value of digits or a Chinese numeral; None for no text or no whole number."""
    value = han_value(text.replace("元", "一").translate(HAN_TWENTIES)) if text else None
    return int(value) if value is not None else None


def _full_year(text: str | None, era: str | None) -> int | None:
    """Return the year of the common era; two digits without an era are those of 1950 to 2049.

    None for one digit without an era: 三年五月 is a time and a month.
    """
    year = _integer(text) if era or len(text or "") > 1 else None
    if year is None or era in ("公元", "西元"):
        return year
    if era in ("公元前", "西元前"):
        return -year
    if era == "民国" or (text and len(text) == 3 and year in _REPUBLIC_YEARS):
        return year + _REPUBLIC_OFFSET
    if year < 100:
        return year + (2000 if year < 50 else 1900)
    return year


def _date_token(match: re.Match[str]) -> Token | None:
    """Read a date whose pattern names its parts year, month (or name), day, era."""
    parts = match.groupdict()
    year = _full_year(parts.get("year"), parts.get("era"))
    name, day = parts.get("name"), _integer(parts.get("day"))
    month = _integer(parts.get("month") or parts.get("only_month"))
    month = _MONTHS.index(name[:3]) + 1 if name else month
    if (parts.get("year") and year is None) or not _is_day(month, day):
        return None
    return Token(Kind.DATE, *match.span(), year=year, month=month, day=day)


def _is_day(month: int | None, day: int | None) -> bool:
    return (month is None or 1 <= month <= 12) and (day is None or 1 <= day <= 31)


def _american_date(match: re.Match[str]) -> Token | None:
    """Read 11/29/2024, and 29/11/2024 where the first number can be no month."""
    first, second, year = int(match["month"]), int(match["day"]), int(match["year"])
    month, day = (first, second) if first <= 12 else (second, first)
    if not month or not day or not _is_day(month, day):
        return None
    return Token(Kind.DATE, *match.span(), year=year, month=month, day=day)


def _month_alone(match: re.Match[str]) -> Token | None:
    """Read a month without day or year; "may" and "march" only behind a preposition."""
    before = match.string[max(0, match.start() - 8) : match.start()]
    if not re.fullmatch(_MONTHS_IN_FULL, match["name"]) and not _IN_BEFORE.search(before):
        return None
    return _date_token(match)


def _day_alone(match: re.Match[str]) -> Token | None:
    return None if match["day"] == "一" else _date_token(match)


def _year_token(match: re.Match[str]) -> Token | None:
    """Read 2024年, 二〇二四年, 民国113年, 113年度 and 1990年代; 三年 is a period, no year."""
    text, era, suffix = match["year"], match["era"], match["suffix"]
    year = _full_year(text, era)
    if suffix == "代":
        return _decade_token(match)
    if year is None:
        return None
    spoken = len(text) == 4 and not set(text) - set("0123456789〇零一二三四五六七八九")
    if era or (spoken and 1000 <= year < _LAST_YEAR) or (suffix == "度" and len(text) == 3):
        return Token(Kind.YEAR, *match.span(), Decimal(year), year=year)
    return None


def _year_before_quarter(match: re.Match[str]) -> Token:
    """Read 2024 in 2024Q3."""
    year = int(match["year"])
    return Token(Kind.YEAR, *match.span(), Decimal(year), year=year)


def _decade_token(match: re.Match[str]) -> Token | None:
    """Read 1990年代, 九十年代 or 1990s as the years from the first to the last."""
    decade = _integer(match["year"])
    if decade is None or decade % 10:
        return None
    first = decade + 1900 if decade < 100 else decade
    return Token(Kind.YEAR, *match.span(), Decimal(first), Decimal(first + 9), "年代", year=first)


LATIN_RULES: tuple[Rule, ...] = (
    *((pattern, _date_token) for pattern in _DATES_ENGLISH[1:]),
    (_MONTH_ALONE, _month_alone),
)
OTHER_RULES: tuple[Rule, ...] = (
    (_DATE_CHINESE, _date_token),
    (_DATE_NUMERIC, _date_token),
    (_DATE_AMERICAN, _american_date),
    (_DATES_ENGLISH[0], _date_token),
    (_DAY_ALONE, _day_alone),
    (_YEAR, _year_token),
    (_YEAR_BEFORE_QUARTER, _year_before_quarter),
    (_DECADE, _decade_token),
)
