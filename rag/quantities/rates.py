"""How often an amount is paid or counted: 每月, 年度最高, 元/人·年, a year, monthly, 一次性."""

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.kinds import Kind
from rag.quantities.numerals import NUMERAL
from rag.quantities.series import LISTED, joined_by
from rag.quantities.types import State, Token

_RATED = (Kind.MONEY, Kind.COUNT, Kind.PERCENT, Kind.PERIOD)
_BEFORE_LENGTH = 40  # characters of the clause before an amount that may hold its rate
_CLAUSE_END = re.compile("[;。、?!\n]|[,:.](?![0-9])")

# Names of `Quantity.per`, with the words for them.
_CHINESE_ROWS = (
    ("year", "自然年度|会计年度|自然年|年度|学年|财年|年"),
    ("half-year", "半年"),
    ("quarter", "季度|季"),
    ("month", "月"),
    ("week", "星期|周"),
    ("day", "工作日|日|天"),
    ("hour", "小时"),
    ("time", "次"),
)
_ENGLISH_ROWS = (
    ("year", "year|annum"),
    ("quarter", "quarter"),
    ("month", "month"),
    ("week", "week"),
    ("day", "day"),
    ("hour", "hour"),
    ("time", "time|visit"),
)
_ADVERBS = (
    ("year", "annually|annual|yearly"),
    ("quarter", "quarterly"),
    ("month", "monthly"),
    ("week", "weekly"),
    ("day", "daily"),
    ("hour", "hourly"),
)
_NAMES = {
    word: per
    for per, words in (*_CHINESE_ROWS, *_ENGLISH_ROWS, *_ADVERBS)
    for word in words.split("|")
}
_CHINESE = "|".join(words for _, words in _CHINESE_ROWS)
_ENGLISH = "|".join(words for _, words in _ENGLISH_ROWS)
_ADVERB = "|".join(words for _, words in _ADVERBS)
_ONCE = "一次性|one-off|one-time|lump[- ]sum"
_LIMITED = "最高|最多|至多|不超|上限|可|共|约|合计|限额"
_GIVEN = "给|补|发|奖|领|拿|获|支持|资助|[0-9]|人民币|¥"
# 每年; 一年最多 but not 满一年; 年营业收入 but not 2024年营业收入, which is that year's.
_BEFORE = re.compile(
    rf"(?P<once>{_ONCE})"
    rf"|(?:每一?个?|[按逐])(?P<each>{_CHINESE})(?![期龄序本津边节轮级])"
    rf"|(?<![满近上下前后第同期这每另某来整历限过足为0-9十])[一1] ?(?P<one>年|个月|天)"
    rf"(?={_LIMITED})"
    rf"|(?:(?<![^;。、?!\n,:( ])|(?<=[人家业位户者]))[一1] ?(?P<one_given>年|个月|天)(?={_GIVEN})"
    rf"|(?<!{NUMERAL})(?<![0-9半当本今去前同近上下历几])(?:全(?P<whole>年)"
    "|(?P<of>年)(?=营|产值|产量|薪|租|销|均|补|最高|度|总|收入|研发|纳税|利润|交易)"
    "|(?P<of_month>月)(?=薪|均|租|收入|工资|补|供)|(?P<of_day>日)(?=均|处理))"
    rf"|(?<![a-z])(?:each|every|per) (?P<every>{_ENGLISH})(?![a-z])"
    rf"|(?<![a-z])(?P<adverb>{_ADVERB})(?![a-z])"
)
_PER_WHAT = "(?:人|户|家|个|床|位|名|生|吨|亩|平方米|企业|项目)"
_AGO = "(?! (?:ago|earlier|later|before|after|on year|old))"
_AFTER = re.compile(
    rf" ?/ ?(?:{_PER_WHAT} ?[·./*、]? ?)?(?P<slash>{_CHINESE})"
    rf"|(?:每{_PER_WHAT})?每(?P<each>{_CHINESE})(?=[;,。、)的标补资奖发计]|$)"
    rf"|(?:的| ?\()?(?P<once>一次性)"
    r"|(?: [a-z][a-z-]{0,20}){0,3}?(?: (?:as|in) an?)? (?:one-off|one-time|lump[- ]sum)(?![a-z])"
    rf"|(?: [a-z][a-z-]{{0,20}}){{0,3}}?(?: (?:per|an?|each|every) | ?/ ?)(?P<every>{_ENGLISH})"
    rf"(?![a-z]){_AGO}"
    rf"|(?: [a-z][a-z-]{{0,20}}){{0,2}}? (?P<adverb>{_ADVERB})(?<=ly)(?![a-z])"
)


def with_rates(text: str, tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with their rates, which stand around them in their clause.

    The rate of the first of a list holds on; 一年 that is the rate of an amount is no period.
    """
    rated: list[Token] = []
    floor = 0  # up to here, words are the rate of an earlier amount
    for token in tokens:
        if token.kind in _RATED:
            after, before = _AFTER.match(text, token.end), _rate_before(text, floor, token)
            per = _rate(after) or _rate(before) or _rate_in_list(text, rated, token)
            floor = after.end() if after else floor
            if before and not after:
                _excuse(rated, before)
            token = replace(token, per=per)
        rated.append(token)
    return rated


def _rate_before(text: str, floor: int, token: Token) -> re.Match[str] | None:
    """Return the nearest rate before an amount in its clause."""
    start = max(floor, token.start - _BEFORE_LENGTH)
    for clause in _CLAUSE_END.finditer(text, start, token.start):
        start = clause.end()
    # One character of the amount is for the lookaheads.
    rates = [found for found in _BEFORE.finditer(text, start, token.start + 1)]
    whole = [found for found in rates if found.end() <= token.start]
    return whole[-1] if whole else None


def _excuse(rated: list[Token], rate: re.Match[str]) -> None:
    """Let 一年 in 一年最高5万元 claim no period."""
    last = rated[-1] if rated else None
    if last and last.kind is Kind.PERIOD and last.start <= rate.start() < last.end:
        rated[-1] = replace(last, state=State.ARTICLE)


def _rate(match: re.Match[str] | None) -> str:
    if match is None:
        return ""
    words = {name: word for name, word in match.groupdict().items() if word and name != "once"}
    return next((_NAMES.get(word.removeprefix("个"), "") for word in words.values()), "once")


def _rate_in_list(text: str, rated: Sequence[Token], token: Token) -> str:
    if not rated or joined_by(text, rated[-1], token) not in LISTED:
        return ""
    same = (rated[-1].kind, rated[-1].unit) == (token.kind, token.unit)
    return rated[-1].per if same else ""
