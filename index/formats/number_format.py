"""Numbers and dates of spreadsheets as shown there: 0.125 as 12.5%, 45415 as 2024年5月3日."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from index.formats.numbering import written

# What the numbers of built-in formats mean where Chinese is spoken; openpyxl knows the others.
# 14 and 22 follow the reader's settings: they are written as ISO 8601.
CHINESE_FORMATS = {
    14: "yyyy-mm-dd",
    22: "yyyy-mm-dd hh:mm",
    **dict.fromkeys((27, 36, 50, 52, 57), 'yyyy"年"m"月"'),
    **dict.fromkeys((28, 29, 51, 53, 54, 58), 'm"月"d"日"'),
    30: "m-d-yy",
    31: 'yyyy"年"m"月"d"日"',
    32: 'h"时"mm"分"',
    33: 'h"时"mm"分"ss"秒"',
    34: '上午/下午h"时"mm"分"',
    35: '上午/下午h"时"mm"分"ss"秒"',
    55: '上午/下午h"时"mm"分"',
    56: '上午/下午h"时"mm"分"ss"秒"',
}
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|[\\!](?P<escaped>.)|[_*].|\[(?P<bracket>[^\]]*)\]?'
    r"|(?P<general>General|G/通用格式)|(?P<half>AM/PM|A/P|上午/下午)"
    r"|(?P<exponent>E[+-])|(?P<date>y+|m+|d+|h+|s+(?:\.0+)?|a{3,4}|e+)|(?P<digit>[0#?])"
    r"|(?P<point>\.)|(?P<comma>,)|(?P<percent>%)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"^(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)$")
_WEEKDAYS = "一二三四五六日"
_LONGEST_CODE = 255  # characters, as in Excel
# So far Excel writes numbers out when it is left to choose; beyond, it writes 1E+15.
_LARGEST_WRITTEN_OUT = 1e15
_SMALLEST_WRITTEN_OUT = 1e-9


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a format: `kind` is a group of _TOKEN or "literal"."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """One of the parts of a format, which stand between semicolons."""

    tokens: tuple[Token, ...]
    brackets: tuple[str, ...]

    def has(self, kind: str) -> bool:
        """Tell whether a token of a kind is there."""
        return any(token.kind == kind for token in self.tokens)

    @property
    def is_date(self) -> bool:
        """Tell whether it shows a date, a time or a length of time."""
        return self.has("date") or any(re.fullmatch("h+|m+|s+", b) for b in self.brackets)


@lru_cache(maxsize=10_000)  # columns of figures repeat theirs
def general(value: float) -> str:
    """Return a number as it stands in a cell without a format: 200, 0.3, 1E+20."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if value == int(value) and abs(value) < _LARGEST_WRITTEN_OUT:
        return str(int(value))
    if _SMALLEST_WRITTEN_OUT <= abs(value) < _LARGEST_WRITTEN_OUT:
        return f"{Decimal(f'{value:.15g}'):f}"
    return f"{value:.10G}"


@lru_cache(maxsize=10_000)
def shown(value: float, code: str, since_1904: bool = False) -> str:
    """Return a number in a format of a spreadsheet, such as `#,##0.00` or `yyyy"年"m"月"`.

    What is beyond these few lines (fractions) is shown as if it had no format.
    """
    if code == "General":
        return general(value)
    sections = _sections(code[:_LONGEST_CODE])
    section, signed = _section_for(value, sections)
    if section.is_date:
        return _date(value, section, since_1904)
    if not section.has("digit") and not section.has("general"):
        return "".join(token.text for token in section.tokens if token.kind == "literal")
    amount = value if signed else abs(value)
    if section.has("general") or _is_fraction(section):
        return _around(section, _general_of(amount, section))
    return _number(amount, section)


@lru_cache(maxsize=1000)
def _sections(code: str) -> tuple[Section, ...]:
    found: list[list[Token]] = [[]]
    brackets: list[list[str]] = [[]]
    for match in _TOKEN.finditer(code):
        kind = match.lastgroup or "skipped"
        text = match[kind] if match.lastgroup else ""
        if kind == "other" and text == ";":
            found.append([])
            brackets.append([])
        elif kind == "bracket":
            brackets[-1].append(text.lower())
            if text.startswith("$") and (sign := text[1:].partition("-")[0]):
                found[-1].append(Token("literal", sign))  # of a currency
            elif re.fullmatch("h+|m+|s+", text.lower()):
                found[-1].append(Token("elapsed", text.lower()))
        elif kind in ("quoted", "escaped", "other"):
            found[-1].append(Token("literal", text))
        elif kind != "skipped":
            found[-1].append(Token(kind, text.lower() if kind == "date" else text))
    return tuple(
        Section(tuple(tokens), tuple(inside))
        for tokens, inside in zip(found, brackets, strict=True)
    )


def _section_for(value: float, sections: Sequence[Section]) -> tuple[Section, bool]:
    """Return the section for a number, and whether its minus is still to be written."""
    for section in sections:
        for bracket in section.brackets:
            if (found := _CONDITION.match(bracket)) and _holds(value, found[1], float(found[2])):
                return section, True
    if any(_CONDITION.match(bracket) for section in sections for bracket in section.brackets):
        return sections[-1], True
    if value < 0 and len(sections) > 1 and sections[1].tokens:
        return sections[1], False
    if value == 0 and len(sections) > 2:
        return sections[2], True
    return sections[0], True


def _holds(value: float, sign: str, limit: float) -> bool:
    equal = value == limit and sign in ("<=", ">=", "=")
    return equal or (value < limit and "<" in sign) or (value > limit and ">" in sign)


def _is_fraction(section: Section) -> bool:
    return any(token.text == "/" for token in section.tokens)


def _general_of(value: float, section: Section) -> str:
    """Return a number without a format, in Chinese figures if the section says so."""
    for bracket, style in (("dbnum1", "chineseCountingThousand"), ("dbnum2", _LEGAL)):
        if bracket in section.brackets and value == int(value) and value >= 0:
            return written(int(value), style)
    return general(value)


_LEGAL = "chineseLegalSimplified"


def _around(section: Section, number: str) -> str:
    """Return a number where the first token of the kind stands, between the literal ones."""
    text = ""
    for token in section.tokens:
        if token.kind == "literal" and token.text != "/":
            text += token.text
        elif number and token.kind in ("general", "digit"):
            text += number
            number = ""
    return text


def _number(value: float, section: Section) -> str:
    kinds = [token.kind for token in section.tokens]
    last = max(i for i, kind in enumerate(kinds) if kind == "digit")
    thousands = kinds[last:].count("comma")
    amount = Decimal(repr(value)) * 100 ** kinds.count("percent") / 1000**thousands
    point = kinds.index("point") if "point" in kinds else len(kinds)
    decimals = kinds[point:].count("digit")
    if "exponent" in kinds:
        decimals = kinds[point : kinds.index("exponent")].count("digit")
        mantissa, _, power = f"{amount:.{decimals}E}".partition("E")
        return _around(section, f"{mantissa}E{int(power):+03}")
    if not amount.is_finite() or abs(amount) >= Decimal(10) ** 25:
        return general(value)
    rounded = abs(amount).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    whole, _, rest = f"{rounded:f}".partition(".")
    sign = "-" if amount < 0 and rounded else ""
    return (
        sign
        + _whole(section.tokens[:point], whole, "comma" in kinds[:last])
        + _rest(section.tokens[point:], rest)
    )


def _whole(tokens: Sequence[Token], digits: str, grouped: bool) -> str:
    """Return the whole part: its digits fill the places from the right, signs stay between."""
    left = digits.lstrip("0")
    places = sum(token.kind == "digit" for token in tokens)
    text = ""
    written_so_far = 0
    for token in reversed(tokens):
        if token.kind != "digit":
            text = (token.text if token.kind in ("literal", "percent") else "") + text
            continue
        places -= 1
        figures = left if not places else left[-1:]
        left = "" if not places else left[:-1]
        for figure in reversed(figures or ("0" if token.text == "0" else "")):
            comma = "," if grouped and written_so_far and written_so_far % 3 == 0 else ""
            text = figure + comma + text
            written_so_far += 1
    return text


def _rest(tokens: Sequence[Token], digits: str) -> str:
    """Return what follows the whole part: 0 is always written, # only if it is no closing zero."""
    needed = len(digits.rstrip("0"))
    text = ""
    place = 0
    for token in tokens:
        if token.kind == "digit":
            if place < needed or token.text == "0":
                text += digits[place]
            place += 1
        elif token.kind in ("literal", "percent"):
            text += token.text
        elif token.kind == "point" and (needed or any(t.text == "0" for t in tokens)):
            text += "."
    return text


def _date(value: float, section: Section, since_1904: bool) -> str:
    from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

    try:
        # Below 1 there is no date, and openpyxl returns a time of another class.
        day = value + 1 if 0 <= value < 1 else value
        moment = from_excel(day, MAC_EPOCH if since_1904 else WINDOWS_EPOCH)
        if not isinstance(moment, datetime) or value < 0:
            return general(value)
    except (ValueError, OverflowError, TypeError):  # no date of our calendar
        return general(value)
    tokens = section.tokens
    halves = section.has("half")
    chinese = "dbnum1" in section.brackets
    text = ""
    for place, token in enumerate(tokens):
        if token.kind == "date":
            text += _of_date(moment, token.text, _is_minute(tokens, place), halves, chinese)
        elif token.kind == "elapsed":
            text += str(int(value * {"h": 24, "m": 1440, "s": 86400}[token.text[0]] + 1e-6))
        elif token.kind == "half":
            text += (
                ("下午" if moment.hour >= 12 else "上午")
                if token.text[0] == "上"
                else (moment.strftime("%p"))
            )
        elif token.kind in ("literal", "point", "comma"):
            text += token.text
    return text.strip()


def _is_minute(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether m means minutes: it does behind hours and before seconds."""
    times = [token for token in tokens[:place] if token.kind in ("date", "elapsed")]
    after = [token for token in tokens[place + 1 :] if token.kind == "date"]
    return bool((times and times[-1].text[0] == "h") or (after and after[0].text[0] == "s"))


def _of_date(moment: datetime, token: str, minute: bool, halves: bool, chinese: bool) -> str:
    """Return the year, month, day, hour, minute, second or weekday of a moment."""
    letter, length = token[0], len(token)
    if letter == "a":
        return ("星期" if length == 4 else "") + _WEEKDAYS[moment.weekday()]
    if letter == "d" and length > 2:
        return moment.strftime("%a" if length == 3 else "%A")
    if letter == "m" and length > 2:
        name = moment.strftime("%b" if length == 3 else "%B")
        return name[0] if length == 5 else name
    if letter in "ye":
        year = f"{moment.year:04}" if length > 2 or letter == "e" else f"{moment.year % 100:02}"
        return written(int(year), "ideographDigital") if chinese else year
    hour = moment.hour % 12 or 12 if halves else moment.hour
    month = moment.minute if minute else moment.month
    number = {"m": month, "d": moment.day, "h": hour, "s": moment.second}[letter]
    if chinese:
        return written(number, "chineseCountingThousand")
    return f"{number:02}" if length > 1 else str(number)
