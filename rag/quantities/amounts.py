"""Numbers with their unit, and numbers without one."""

import re
from dataclasses import replace
from decimal import Decimal

from rag.kinds import Kind
from rag.quantities.noise import is_label
from rag.quantities.numerals import (
    DIGIT,
    MAGNITUDE,
    MORE,
    NUMBER,
    NUMBER_OF_MONEY,
    WORD_SCALES,
    han_value,
    more_than,
    read_number,
)
from rag.quantities.types import Bound, Number, Rule, State, Token, Unit
from rag.quantities.units import CURRENCY_SIGNS, UNIT, UNITS, unit_of

_CURRENCY_SIGN = re.compile(
    "(?P<sign>" + "|".join(map(re.escape, sorted(CURRENCY_SIGNS, key=len, reverse=True))) + ") ?"
)
_DIGIT_BEHIND = re.compile(" ?[0-9]")
_VAGUE_BEFORE = "数几好"
# 数十家 and "hundreds of" may be twice to ten times ten or a hundred.
_VAGUE = re.compile(
    rf"(?<![人指系次参基函户总分倍件家岁字])[数几](?P<magnitude>十?{MAGNITUDE}{{1,2}}|十){MORE}?"
)
_VAGUE_WORDS = re.compile(
    "(?:(?P<many>tens|hundreds) of )?(?P<scale>thousand|million|billion|trillion)s(?= of )"
    "|(?P<alone>dozens|tens|scores|hundreds)(?= of )"
)
_LEAST_OF_VAGUE, _MOST_OF_VAGUE = 2, 10
_DOZENS = {"dozens": 10, "tens": 10, "scores": 10, "hundreds": 100}
_MAGNITUDE_ONLY = re.compile("[百千万亿]+")
_NEARLY = {
    **dict.fromkeys("超逾破过", Bound.MORE_THAN),
    **dict.fromkeys("近上约", Bound.ABOUT),
    "达": Bound.EXACT,
}
# 新的一年, 哪一届, 近一年, 一年来: one as such, no length of time and no ordinal.
_ONE_AS_SUCH = tuple("新这那哪每同上下前后近又某另任整历的")
_YEAR_GOES_ON = ("来", "度", "四季", "到头", "比一")
_HALF = re.compile("半(?P<unit>年|个月|天|个小时|小时)")
_HALF_IN_WORDS = re.compile("half an? (?P<unit>year|month|day|hour)(?![a-z])")


def _money_token(match: re.Match[str]) -> Token | None:
    """Read a number behind its currency: RMB 5 million, ¥200万, 人民币三百万元."""
    number = read_number(NUMBER_OF_MONEY.match(match.string, match.end()))
    if number is None or match.string.startswith(("年", "月"), number.end):
        return None
    found = UNIT.match(match.string, number.end)
    suffix = found if found and _is_suffix(found) else None
    if number.script == "han" and number.value < 10 and not suffix:  # 美金一
        return None
    return Token(
        Kind.MONEY,
        match.start(),
        suffix.end() if suffix else number.end,
        number.value,
        number.high,
        CURRENCY_SIGNS[match["sign"]],
        more_than(suffix["more"]) if suffix and suffix["more"] else number.bound,
        scale=number.scale,
        state=State.WHOLE if suffix else State.PREFIXED,
    )


def _is_suffix(match: re.Match[str]) -> bool:
    """Tell the second naming of a currency (RMB 5 million yuan) from that of the next amount."""
    next_amount = _DIGIT_BEHIND.match(match.string, match.end())
    return unit_of(match).kind is Kind.MONEY and not next_amount


def _number_token(match: re.Match[str]) -> Token | None:
    text, start, number = match.string, match.start(), read_number(match)
    if number is None or (start and text[start - 1] in _VAGUE_BEFORE):
        return None
    found = UNIT.match(text, number.end)
    if not found:
        return _bare_token(text, start, number)
    if number.script == "han" and _MAGNITUDE_ONLY.fullmatch(number.text) and not found["more"]:
        return _magnitude_token(text, start, number, found)
    return _measured_token(text, start, number, found)


def _measured_token(text: str, start: int, number: Number, match: re.Match[str]) -> Token:
    unit = unit_of(match)
    kind, value = unit.kind, number.value * unit.factor
    if match["half"]:
        value += unit.factor / 2
    if unit.name == "倍" and value == 1 and text.endswith(_GROWING, 0, start):
        value = Decimal(2)  # 增长一倍 is 翻一番
    if kind is Kind.ORDINAL and (value % 1 or number.scale != 1 or match["more"]):
        kind = Kind.COUNT  # 7.8级, 十余届
    if kind is Kind.ORDINAL and "两" in number.text:
        kind = Kind.COUNT
    token = Token(
        kind,
        start,
        match.end(),
        value,
        number.high * unit.factor if number.high else None,
        unit.name,
        more_than(match["more"]) if match["more"] else number.bound,
        scale=number.scale * unit.factor,
    )
    return replace(token, state=_measured_state(text, token, number))


_GROWING = ("增长", "增加", "提高", "提升", "扩大", "上升", "翻", "增", "涨", "高")


def _measured_state(text: str, token: Token, number: Number) -> State:
    """Tell articles (一家, one company, 近一年) from counts; 1家 is a count."""
    if number.script == "digits" or number.value > 1 or (token.unit == "倍" and token.value != 1):
        return State.WHOLE
    if token.kind is Kind.COUNT or number.value == 0:
        return State.ARTICLE
    as_such = text.endswith(_ONE_AS_SUCH, 0, token.start)
    goes_on = text.startswith(_YEAR_GOES_ON, token.end)
    day = token.unit == "日" and token.value == 1  # 有一天
    article = as_such or day or (token.kind is Kind.PERIOD and goes_on)
    return State.ARTICLE if article else State.WHOLE


def _magnitude_token(text: str, start: int, number: Number, match: re.Match[str]) -> Token | None:
    """Read 百亿元, 千亿级, 百强, 超百家; 万元 alone is a unit, 百家争鸣 a figure of speech."""
    unit, nearly = unit_of(match), _NEARLY.get(text[start - 1 : start])
    span, money = (start, match.end()), unit.kind is Kind.MONEY
    if match["chinese"] == "级" and number.value >= 1000:
        return Token(Kind.COUNT, *span, number.value, bound=Bound.ABOUT, scale=number.scale)
    if not (nearly is not None or match["chinese"] == "强" or (money and len(number.text) > 1)):
        return None
    kind = Kind.MONEY if money else Kind.COUNT
    bound = nearly or Bound.EXACT
    return Token(kind, *span, number.value, unit=unit.name, bound=bound, scale=number.scale)


def _bare_token(text: str, start: int, number: Number) -> Token | None:
    following = text[number.end : number.end + 1]
    if number.script == "digits" and following.isascii() and following.isalpha():
        return None  # 5G, 3D
    if number.scale == 1 and is_label(text, start):
        return None
    year = re.fullmatch("(?:19|20)[0-9]{2}", number.text) and number.scale == 1
    return Token(
        Kind.YEAR if year else Kind.COUNT,
        start,
        number.end,
        number.value,
        number.high,
        bound=number.bound,
        year=int(number.value) if year else None,
        scale=number.scale,
        state=_bare_state(number),
    )


def _bare_state(number: Number) -> State:
    """Let a Chinese numeral without a unit count from 一百 on: 统一, 十五运会 count nothing."""
    if number.script == "digits":
        return State.BARE
    if number.script == "words":
        return State.BARE if number.value > 1 else State.ARTICLE
    large = number.value >= 100 and number.text[0] in DIGIT
    return State.BARE if large and re.search("[百千万亿]", number.text) else State.WEAK


def _half_token(match: re.Match[str]) -> Token | None:
    """Read 半年, 半个月 and half a year; 大半年 is none."""
    if match.string.endswith(tuple("上下前后大多小一"), 0, match.start()):
        return None
    unit = UNITS[match["unit"]]
    return Token(Kind.PERIOD, *match.span(), unit.factor / 2, unit=unit.name)


def _vague_token(match: re.Match[str]) -> Token | None:
    """Read 数十家 and 几百万元 with their units; 数百 alone may be of 数以百计."""
    found = UNIT.match(match.string, match.end())
    magnitude = han_value(match["magnitude"])
    return _vague(match, magnitude, found) if found and magnitude else None


def _vague_words(match: re.Match[str]) -> Token:
    """Read dozens of, hundreds of millions of yuan."""
    many, scale = match["many"] or match["alone"], match["scale"]
    magnitude = Decimal(_DOZENS[many]) if many else Decimal(1)
    found = UNIT.match(match.string, match.end() + len(" of"))
    return _vague(match, magnitude * (WORD_SCALES[scale] if scale else 1), found)


def _vague(match: re.Match[str], magnitude: Decimal, found: re.Match[str] | None) -> Token:
    unit = unit_of(found) if found else Unit(Kind.COUNT, "", Decimal(1))
    least, most = (n * magnitude * unit.factor for n in (_LEAST_OF_VAGUE, _MOST_OF_VAGUE))
    end = found.end() if found else match.end()
    kind = Kind.COUNT if unit.kind is Kind.ORDINAL else unit.kind
    return Token(kind, match.start(), end, least, most, unit.name, Bound.ABOUT)


LATIN_RULES: tuple[Rule, ...] = (
    (_HALF_IN_WORDS, _half_token),
    (_VAGUE_WORDS, _vague_words),
    (_CURRENCY_SIGN, _money_token),
    (NUMBER, _number_token),
)
OTHER_RULES: tuple[Rule, ...] = (
    (_VAGUE, _vague_token),
    (_CURRENCY_SIGN, _money_token),
    (NUMBER, _number_token),
    (_HALF, _half_token),
)
