"""What a question plainly asks: language, script, places, years, kind of figure; pure."""

import re

from index.places import find_places
from index.script import fold, script_of
from rag.kinds import Kind
from rag.types import Language, Question

_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
# "What is 硼药?" is asked in English, whatever it asks about.
_ENGLISH_BEGINS = re.compile(
    r"\W*(?:what|which|who|whom|whose|when|where|why|how|is|are|was|were|do|does|did|can|could"
    r"|will|would|should|tell|list|explain|describe|compare|summari[sz]e)\s",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_DIGITS = {
    "两": 2,
    "二": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "十": 10,
}
_WORDS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_ITEMS = re.compile(r"哪(?P<zh>[两二三四五六七八九十]|\d{1,2})(?:[大个项类种家条点方]|$)?")
_ENGLISH_ITEMS = re.compile(rf"\b(?:which|what)(?: are)?(?: the)? (?P<en>{'|'.join(_WORDS)})\b")
# Patterns run over folded text: Simplified, lower case.
_WANTED = (
    (
        Kind.MONEY,
        re.compile(
            "奖励|资助|补贴|补助|扶持|资金|金额|经费|额度|多少钱|多少.{0,2}[万亿]?元"
            "|营收|收入|产值|规模|投资|基金"
            r"|how much|subsid|grant|award|reward|fund|financ|\bpay|money|yuan|rmb|revenue|bonus"
            r"|incentive"
            r"|what (?:does|do|did|will|would|can) [^?]{0,60}\b(?:give|offer|get|receive)\b"
        ),
    ),
    (
        Kind.COUNT,
        re.compile(r"多少(?!钱|.{0,2}[万亿]?元)|几[家个项名人位次批种]|数量|how many|number of"),
    ),
    (
        Kind.DATE,
        re.compile(
            r"何时|什么时候|什么时间|几月|几号|哪[一]?[天日年月]|日期"
            r"|\bwhen\b|what date|which (?:day|year|month)"
        ),
    ),
    (
        Kind.PERCENT,
        re.compile(
            r"比例|百分|占比|强度|增速|增长率|税率|利率|percent|proportion|what share|\brates?\b"
        ),
    ),
)
_ASKS_PLACE = re.compile(
    r"哪(?:些|几个|几座|个|里|儿)?(?:地市|城市|地区|地方|省份|省市|[市省区县]|$)|哪里|何地|何处"
    r"|\bwhere\b|(?:which|what) (?:\w+ )?(?:city|cities|provinces?|regions?|districts?|places?)\b"
)
_ASKS_FIGURE = re.compile(
    r"多少|几[家个项名人位次批种月号条]|何时|什么时候|什么时间|多大(?!程度)"
    r"|how much|how many|how large|\bwhen\b(?! (?:a|an|the|it|they|is|are|does|do) [^?]*,)"
    r"|what (?:date|percentage|amount|(?:[a-z]+ )?rate)\b|税率|利率"
    r"|what (?:is|was|are|were) the (?:[\w'-]+ ){0,4}"
    r"(?:cap|amount|revenue|budget|population|price)\b"
)


def understand(text: str, said: str = "") -> Question:
    """Return a question with what it plainly asks about.

    `said` is how the user put it, which decides the language to answer in; "" if just so.
    """
    folded = fold(text)
    return Question(
        text=text,
        said=said if said != text else "",
        language=language_of(said or text),
        places=tuple(dict.fromkeys(mention.place for mention in find_places(text))),
        years=tuple(dict.fromkeys(int(year) for year in _YEAR.findall(folded))),
        wanted=frozenset(kind for kind, pattern in _WANTED if pattern.search(folded)),
        wants_places=bool(_ASKS_PLACE.search(folded)),
        items=_items(folded),
    )


def language_of(text: str) -> Language:
    """Tell in what to answer: "zh" unless the text is Traditional or mainly English."""
    han, words = len(_HAN.findall(text)), len(_LATIN_WORD.findall(text))
    if words > han or (words > 1 and _ENGLISH_BEGINS.match(text)):
        return "en"
    return "zh-Hant" if script_of(text) == "hant" else "zh"


def asks_figure(question: Question) -> bool:
    """Tell whether only a figure or a date can answer the question."""
    return bool(_ASKS_FIGURE.search(fold(question.text)))


def _items(folded: str) -> int:
    if match := _ITEMS.search(folded):
        value = match["zh"]
        return int(value) if value.isdigit() else _DIGITS[value]
    match = _ENGLISH_ITEMS.search(folded)
    return _WORDS[match["en"]] if match else 0
