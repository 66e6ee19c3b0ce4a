"""Bounds around a quantity: 最高, 至少, 以上, up to."""

import re
from collections.abc import Iterator
from dataclasses import replace

from rag.kinds import Kind
from rag.quantities.series import LISTED, joined_by
from rag.quantities.types import Bound, State, Token

_BOUNDED = (Kind.MONEY, Kind.COUNT, Kind.PERCENT, Kind.PERIOD, Kind.ORDINAL)
_BEFORE_LENGTH = 48  # characters that may hold a bound and the words behind it
_AFTER_LENGTH = 18
# What stands between a bound and its number (最高可给予, 不超过项目总投资的): no other bound, and
# not 部分, which says to what the number applies.
_OTHER_BOUND = "下限|底线|封底|至少|最少|最低|不低于|不少于|约|接近|超过|以上|以下|部分|[近超逾]$"
_WORDS = f'(?:(?!{_OTHER_BOUND})[一-鿿 :()“”"]){{0,14}}'
_NOT = "(?:不|未|不得|不能|不应|不可|不会|没有)"
_ENGLISH_WORDS = "(?: [a-z][a-z-]{0,20}){0,4}"
_ENGLISH_FILL = (
    "(?: a total of| a maximum of| an?| the| another| about| approximately| additional)? $"
)
_LIMIT = "(?:maximum|max|cap|limit|ceiling)"
_BOUNDS_BEFORE = tuple(
    (bound, re.compile(f"(?:{chinese})$|(?:^|[^a-z])(?:{english}){_ENGLISH_FILL}"))
    for bound, chinese, english in (
        (
            Bound.AT_MOST,
            rf"(?:最高|最多|至多|顶多|上限|封顶|限额)(?!的|人民法|法院|峰){_WORDS}|≤ ?|<= ?"
            rf"|{_NOT}(?:超过|超出|突破|高于|多于|大于|超){_WORDS}",
            "up to|at most|no more than|not more than|not over|not to exceed|no (?:higher|greater|"
            "longer|later|larger) than|not (?:higher|greater|longer|later) than"
            "|(?:not|never) (?:to )?exceed(?:ing)?|(?:cannot|must not|may not|shall not) exceed"
            rf"|{_LIMIT}{_ENGLISH_WORDS} (?:of|at|is|to|was|will be|shall be)|maximum|max"
            "|(?:capped|limited)(?: at| to)|as much as|as many as|as high as|within",
        ),
        (
            Bound.AT_LEAST,
            rf"(?:至少|最少|最低|起码|下限|底线|封底|保底|起步价)(?!的){_WORDS}"
            rf"|(?:不|不得|不能|不应|不可)(?:少于|低于|小于|短于){_WORDS}|≥ ?|>= ?",
            "at least|no (?:less|fewer|lower|shorter|smaller) than"
            "|not (?:less|fewer|lower|shorter) than|not below|starting (?:at|from)"
            rf"|(?:minimum|floor){_ENGLISH_WORDS} (?:of|at|is)|minimum|min",
        ),
        (
            Bound.MORE_THAN,
            # A bare > may close a tag or open a quotation.
            r"超过|超出|超|逾|突破|多于|大于|高于|不止|[一-鿿%)] ?> ?",
            "over|more than|exceed|exceeds|exceeded|exceeding|above|greater than|upwards of"
            "|in excess of|surpassing|surpassed|higher than|longer than",
        ),
        (
            Bound.LESS_THAN,
            r"不足|不到|不满|未满|未达|低于|少于|小于|[一-鿿%)] ?< ?",
            "less than|fewer than|under|below|short of|lower than|shorter than",
        ),
        (
            Bound.ABOUT,
            # 签约 and 节约 are no 约.
            r"(?<![签节预制条邀公契履违])约[为合]?|大概|大致|(?<![附最靠邻临])近|接近|≈ ?|~ ?",
            "about|around|approximately|approx\\.|some|roughly|nearly|almost|close to|circa",
        ),
    )
)
_BOUNDS_AFTER = tuple(
    (bound, re.compile(rf" ?(?:\(含\))?(?:{chinese})| ?(?:{english})(?![a-z])"))
    for bound, chinese, english in (
        (
            Bound.AT_LEAST,
            r"(?:及|或|和)?以上|(?:起|为下限|为起点|为底线|封底|保底)(?![来草步点])|\+",
            "or more|or above|and above|and over|or over|or higher|or older|and up|at least|plus",
        ),
        (
            Bound.AT_MOST,
            "(?:及|或|和)?以下|(?:以|之)内|封顶|为(?:最高)?(?:上限|限额?)|为顶|内(?=[,;。、)]|$)",
            "or less|or fewer|or below|and below|or lower|or younger|at most|maximum|or under|and"
            " under|-?cap|-?ceiling",
        ),
        (Bound.ABOUT, "左右|上下|前后", "or so"),
        (Bound.MORE_THAN, "[余多](?!元|家|种|个|边|样|方|次|级)", "-odd"),
    )
)
# 仅一家 and "only one" claim a number, where 一家 and "one" alone do not.
_ONLY = re.compile(
    "(?:仅|只|唯|仅仅)(?:有|限|能|可|设|支持|资助|认定|推荐|申报|选择|给予|安排){0,2}$"
    "|(?:^|[^a-z])(?:only|just|exactly|precisely) $"
)
UPPER = (Bound.AT_MOST, Bound.LESS_THAN)
LOWER = (Bound.AT_LEAST, Bound.MORE_THAN)


_BOUNDS_OF_ONE = (Bound.AT_MOST, Bound.AT_LEAST, Bound.LESS_THAN, Bound.ABOUT)  # 不止一家: several


def with_bounds(text: str, tokens: list[Token]) -> Iterator[Token]:
    """Yield the tokens with their bounds; in a list a cap holds on: 最高200万元、500万元."""
    previous: Token | None = None
    floor = 0  # bounds before an amount that is another's
    for token in tokens:
        if token.kind in _BOUNDED:
            bound = _bound(text, floor, token)
            if bound is Bound.EXACT and previous and joined_by(text, previous, token) in LISTED:
                bound = _bound_in_list(previous, token)
            token = _claimed(text, replace(token, bound=bound))
            claims = token.state not in (State.WEAK, State.ARTICLE)
            floor = token.end if claims and token.kind is not Kind.ORDINAL else floor
        yield token
        previous = token


def _bound(text: str, floor: int, token: Token) -> Bound:
    before = text[max(floor, token.start - _BEFORE_LENGTH) : token.start]
    marks = (_bound_before(before, token), token.bound, _bound_after(text, token))
    return next((mark for mark in marks if mark is not Bound.EXACT), Bound.EXACT)


def _bound_before(before: str, token: Token) -> Bound:
    if token.kind is Kind.ORDINAL:  # under phase III
        return Bound.EXACT
    near = _near(before) if token.state is State.ARTICLE else before
    for bound, pattern in _BOUNDS_BEFORE:
        found = pattern.search(near)
        if found and not _bounds_another(found[0], token):
            return bound
    return Bound.EXACT


def _near(before: str) -> str:
    """Return what may bound 一个: 至少在世界的一个地方 has no bound."""
    return before[-24:] if before[-1:].isascii() else before[-6:].rpartition("的")[2]


def _bounds_another(words: str, token: Token) -> bool:
    """Tell 近三年, the last three, and 最高得分的十名 from bounds; 最高为投资的30% is one."""
    if token.kind is Kind.PERIOD and words == "近":
        return True
    return words[:2] in ("最高", "最多") and words[-1] == "的" and token.kind is not Kind.PERCENT


def _bound_after(text: str, token: Token) -> Bound:
    if token.kind is Kind.PERIOD and text.startswith("内", token.end):
        return Bound.AT_MOST
    after = text[token.end : token.end + _AFTER_LENGTH]
    found = (bound for bound, pattern in _BOUNDS_AFTER if pattern.match(after))
    return next(found, Bound.EXACT)


def _claimed(text: str, token: Token) -> Token:
    """Let one that is bounded or contrasted claim its number: 约一家, only one."""
    if token.state is not State.ARTICLE or token.kind is not Kind.COUNT or token.value != 1:
        return token
    before = text[max(0, token.start - _BEFORE_LENGTH) : token.start]
    claims = token.bound in _BOUNDS_OF_ONE or _ONLY.search(before)
    return replace(token, state=State.WHOLE) if claims else token


def _bound_in_list(previous: Token, token: Token) -> Bound:
    same = (previous.kind, previous.unit) == (token.kind, token.unit)
    return previous.bound if same and previous.bound in (*UPPER, *LOWER) else Bound.EXACT
