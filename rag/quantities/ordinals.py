"""Ordinals and document numbers."""

import re
import unicodedata
from dataclasses import replace
from decimal import Decimal

from rag.kinds import Kind
from rag.quantities.numerals import HAN, NUMERAL, ONES, WORD_VALUES, han_value
from rag.quantities.types import Rule, State, Token
from rag.quantities.units import CHINESE_UNITS, alternatives

_ROMAN_NUMERALS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_ROMAN = r"(?:[ivx]{1,4}(?=[ab]?(?![a-z]))|[ⅰ-ⅻⅠ-Ⅻ])"
_ROMAN_ORDINAL = re.compile(
    r"(?P<number>[ivx]{1,4}|[ⅰ-ⅻⅠ-Ⅻ])(?:(?:[abc](?=期))? ?(?P<unit>阶段|期|类|级|型|相))?(?![a-z])"
)
_ORDINAL_CHINESE = re.compile(
    rf"第 ?(?:\((?P<bracketed>[0-9]{{1,3}}|{HAN})\)|(?P<number>[0-9]{{1,6}}|{HAN}|{_ROMAN}))"
    "(?: ?个?(?P<unit>阶段|季度"
    rf"|{alternatives(word for word in CHINESE_UNITS if len(word) == 1 and word != '%')}))?"
)
_CLAUSE_COUNT = re.compile(rf"[\n;。:]?第 ?{HAN}(?:[,;:]|、(?!{NUMERAL}))")
_ORDINAL_NOUN = (
    "(?P<noun>phase|stage|class|grade|level|tier|batch|round|edition|quarter|session|article"
    "|chapter|section|century)"
)
_ORDINAL_WORDS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth"),
)
_ORDINAL_LABELLED = re.compile(
    rf"(?:{_ORDINAL_NOUN}(?:e?s)?[ -]?|no\. ?|№ ?)"
    rf"(?P<number>{_ROMAN}|[0-9]{{1,4}}(?!,?[0-9])|(?:{ONES}|ten)(?![a-z]))[ab]?(?![a-z0-9])"
)
_ORDINAL_SUFFIXED = re.compile(
    rf"(?P<number>[0-9]{{1,4}}(?:st|nd|rd|th)|{'|'.join(_ORDINAL_WORDS)})(?![a-z])"
    rf"(?:[ -]{_ORDINAL_NOUN}(?![a-z]))?"
)
_FIRST = re.compile("首(?P<unit>[次个批家位届期台款例项座])")
_QUARTER = re.compile("q(?P<number>[1-4])(?![0-9a-z])")
_NOUN_UNITS = {"phase": "期", "stage": "期", "quarter": "季度", "century": "世纪"}
_NOUN_UNITS |= {"batch": "批", "article": "条", "chapter": "章"}
_FIVE_YEAR_PLAN = re.compile(
    rf"(?:第(?P<full>十[一二三四五六]?)个五年|(?P<short>十[一二三四五六])五(?!{NUMERAL}|年)"
    rf"|(?P<english>1[0-6]th|{'|'.join(_ORDINAL_WORDS[9:])}) five-year)"
)
_DOCUMENT_NUMBER = re.compile(
    r"[〔\[(【] ?(?P<year>(?:19|20)[0-9]{2}) ?[〕\])】] ?"
    r"(?:第? ?(?P<chinese>[0-9]{1,5}) ?号|no\. ?(?P<english>[0-9]{1,5}))"
)
_ISSUER = re.compile("(?:[一-鿿]{1,12}|[a-z]{2,20}(?: [a-z]{2,20})?) ?$")
_NOT_ISSUER = re.compile(
    "^.*(?:根据|依据|按照|依照|参照|执行|落实|印发|关于|文件|废止|以及|[按和与及的为是以由见对])"
)


def _roman_value(text: str) -> Decimal | None:
    if text in _ROMAN_NUMERALS:
        return Decimal(_ROMAN_NUMERALS.index(text) + 1)
    return Decimal(int(unicodedata.numeric(text))) if re.fullmatch("[ⅰ-ⅻⅠ-Ⅻ]", text) else None


def _ordinal_value(text: str) -> Decimal | None:
    """Return the value of 三, 3, iii, Ⅲ, three, third or 3rd."""
    if text in _ORDINAL_WORDS:
        return Decimal(_ORDINAL_WORDS.index(text) + 1)
    if text in WORD_VALUES:
        return WORD_VALUES[text]
    return _roman_value(text) or han_value(re.sub("(?:st|nd|rd|th)$", "", text))


def _roman_token(match: re.Match[str]) -> Token | None:
    value, unit = _roman_value(match["number"]), match["unit"]
    end = match.end() if unit else match.end("number")
    state = State.WHOLE if unit else State.WEAK
    if value is None:
        return None
    return Token(Kind.ORDINAL, match.start(), end, value, unit=unit or "", state=state)


def _ordinal_chinese(match: re.Match[str]) -> Token | None:
    """Read 第三期, 第5号, 第(三)条, 第一; 第一， before a clause only counts them."""
    value, unit = _ordinal_value(match["bracketed"] or match["number"]), match["unit"]
    counts = not unit and _CLAUSE_COUNT.match(match.string, max(0, match.start() - 1))
    if value is None or counts:
        return None
    return Token(Kind.ORDINAL, *match.span(), value, unit=unit or "")


def _ordinal_labelled(match: re.Match[str]) -> Token | None:
    """Read Phase III, Class 2, No. 5."""
    value, noun = _ordinal_value(match["number"]), match["noun"]
    unit = _NOUN_UNITS.get(noun, "") if noun else "号"
    return Token(Kind.ORDINAL, *match.span(), value, unit=unit) if value is not None else None


def _ordinal_suffixed(match: re.Match[str]) -> Token | None:
    """Read 3rd, third phase; "third" alone may only order the speaker's points."""
    value, noun = _ordinal_value(match["number"]), match["noun"]
    state = State.WHOLE if noun or match["number"][0].isdigit() else State.ARTICLE
    unit = _NOUN_UNITS.get(noun or "", "")
    return Token(Kind.ORDINAL, *match.span(), value, unit=unit, state=state)


def _quarter_token(match: re.Match[str]) -> Token:
    return Token(Kind.ORDINAL, *match.span(), Decimal(match["number"]), unit="季度")


def _first_token(match: re.Match[str]) -> Token:
    """Read 首批; 首个 supports 第一个 and claims no number."""
    unit = match["unit"]
    state = State.WHOLE if unit in "批期届" else State.ARTICLE
    return Token(Kind.ORDINAL, *match.span(), Decimal(1), unit=unit, state=state)


_HALF_YEAR = re.compile("(?:(?P<first>上)|下)半年(?!来)")
_HALF_YEAR_IN_WORDS = re.compile(
    "h(?P<number>[12])(?![0-9a-z])|(?P<which>first|second|latter) half(?= (?:of|in) )"
)
_YEAR_BEFORE = re.compile("(?:19|20)[0-9]{2} ?$")
_YEAR_BEHIND = re.compile(" ?(?:of )?(?:19|20)[0-9]{2}(?![0-9])")


def _half_year(match: re.Match[str]) -> Token:
    """Read 上半年 and 下半年."""
    value = Decimal(1 if match["first"] else 2)
    return Token(Kind.ORDINAL, *match.span(), value, unit="半年")


def _half_year_in_words(match: re.Match[str]) -> Token | None:
    """Read the first half of 2024 and, beside a year, H1: alone it is a heading or a virus."""
    before = match.string[max(0, match.start() - 5) : match.start()]
    beside = _YEAR_BEFORE.search(before) or _YEAR_BEHIND.match(match.string, match.end())
    if match["number"] and not beside:
        return None
    first = match["number"] == "1" or match["which"] == "first"
    return Token(Kind.ORDINAL, *match.span(), Decimal(1 if first else 2), unit="半年")


def _five_year_plan(match: re.Match[str]) -> Token:
    """Read 十四五, 第十四个五年(规划) and 14th Five-Year (Plan) as the fourteenth plan."""
    value = _ordinal_value(match["full"] or match["short"] or match["english"])
    return Token(Kind.ORDINAL, *match.span(), value, unit="五年规划")


def _document_number(match: re.Match[str]) -> Token:
    number = Decimal(match["chinese"] or match["english"])
    return Token(Kind.DOCUMENT_NUMBER, *match.span(), number, year=int(match["year"]))


def with_issuer(text: str, token: Token, floor: int) -> Token:
    """Extend a document number to the left, not past `floor`, over its issuer: 粤府〔2024〕5号."""
    found = _ISSUER.search(text[max(floor, token.start - 48) : token.start])
    issuer = _NOT_ISSUER.sub("", found[0]) if found else ""
    return replace(token, start=token.start - len(issuer), unit=issuer.strip())


LATIN_RULES: tuple[Rule, ...] = (
    (_FIVE_YEAR_PLAN, _five_year_plan),
    (_HALF_YEAR_IN_WORDS, _half_year_in_words),
    (_ORDINAL_SUFFIXED, _ordinal_suffixed),
    (_ORDINAL_LABELLED, _ordinal_labelled),
    (_QUARTER, _quarter_token),
    (_ROMAN_ORDINAL, _roman_token),
)
OTHER_RULES: tuple[Rule, ...] = (
    (_DOCUMENT_NUMBER, _document_number),
    (_FIVE_YEAR_PLAN, _five_year_plan),
    (_ORDINAL_CHINESE, _ordinal_chinese),
    (_FIRST, _first_token),
    (_HALF_YEAR, _half_year),
    (_ORDINAL_SUFFIXED, _ordinal_suffixed),
    (_ORDINAL_LABELLED, _ordinal_labelled),
    (_ROMAN_ORDINAL, _roman_token),
)
