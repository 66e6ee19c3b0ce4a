"""Fractions: 百分之十, 八成, 1/3, two thirds."""

import re
from decimal import Decimal

from rag.kinds import Kind
from rag.quantities.numerals import (
    HAN,
    HAN_VALUES,
    MAGNITUDE,
    MIXED,
    ONES,
    SCALE_WORD,
    WORD_VALUES,
    han_value,
)
from rag.quantities.types import Bound, Rule, Token
from rag.quantities.units import UNIT

_PARTS_OF = re.compile(rf"(?P<base>[0-9]{{1,5}}|{HAN})分之(?P<part>{MIXED}|{HAN})")
_SLASH_FRACTION = re.compile(r"(?P<part>[1-9])/(?P<base>[2-9]|10)(?![0-9/])")
_MAGNITUDE_BEHIND = re.compile(rf" ?(?:{MAGNITUDE}|{SCALE_WORD})")
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "tenth": 10}
_WORD_FRACTION = re.compile(
    rf"(?P<part>{ONES})[- ](?P<base>{'|'.join(_PARTS)})s?(?![a-z])(?! (?:phase|stage|batch|year))"
)
_TENTHS = re.compile(
    r"(?P<tens>[一二三四五六七八九两]|[1-9]) ?成(?P<ones>[半一二三四五六七八九])?"
    "(?![立为果功本员长效交都熟就分品套型因语人年绩份千百群片吉])"
)


_HALF = re.compile("(?:一半|半数)(?![年个天月日小])|半(?=[,;。、!?)的以]|$)")
_HALF_BEFORE = {
    **dict.fromkeys(("超过", "过", "超", "逾", "突破"), Bound.MORE_THAN),
    **dict.fromkeys(("近", "接近", "约"), Bound.ABOUT),
    "不足": Bound.LESS_THAN,
}
_HALF_IN_WORDS = re.compile("half(?= (?:of|the|its|their|all)(?![a-z]))")

_BEFORE_HALF = re.compile(
    "(?:^|[^a-z ] ?|(?:^|[^a-z])(?:than|over|about|nearly|roughly|almost|around|least|for|by|to"
    "|and|is|are|was|were|with) )$"
)


def _percent(match: re.Match[str], part: Decimal | None, base: Decimal | None) -> Token | None:
    if part is None or not base:
        return None
    return Token(Kind.PERCENT, *match.span(), 100 * part / base)


def _parts_of(match: re.Match[str]) -> Token | None:
    """Read 百分之十, 千分之五, 三分之二."""
    return _percent(match, han_value(re.sub("[, ]", "", match["part"])), han_value(match["base"]))


def _slash_fraction(match: re.Match[str]) -> Token | None:
    """Read 1/3, but not the list in 1/2期 or 2/5 million yuan."""
    part, base = Decimal(match["part"]), Decimal(match["base"])
    scaled = _MAGNITUDE_BEHIND.match(match.string, match.end())
    if part >= base or scaled or UNIT.match(match.string, match.end()):
        return None
    return _percent(match, part, base)


def _word_fraction(match: re.Match[str]) -> Token | None:
    """Read two-thirds, and "three quarters", which is no period then."""
    return _percent(match, WORD_VALUES[match["part"]], Decimal(_PARTS[match["base"]]))


def _tenths(match: re.Match[str]) -> Token | None:
    """Read 八成 as 80 and 六成半 as 65."""
    tens, ones = han_value(match["tens"]), (match["ones"] or "零").replace("半", "五")
    return _percent(match, tens and tens + HAN_VALUES[ones] / 10, Decimal(10))


def _half(match: re.Match[str]) -> Token | None:
    """Read 过半, 近半数, 半数以上 and 一半 as 50."""
    before = match.string[max(0, match.start() - 2) : match.start()]
    bounds = (bound for word, bound in _HALF_BEFORE.items() if before.endswith(word))
    bound = next(bounds, None)
    if bound is None and match[0] == "半":  # 大半
        return None
    return Token(Kind.PERCENT, *match.span(), Decimal(50), bound=bound or Bound.EXACT)


def _half_in_words(match: re.Match[str]) -> Token | None:
    """Read more than half of them, but not the first or the eastern half of a thing."""
    before = match.string[max(0, match.start() - 12) : match.start()]
    return _percent(match, Decimal(1), Decimal(2)) if _BEFORE_HALF.search(before) else None


# 倍增 doubles; 成倍增长 and 10倍增长 do not, and 倍增计划 and 倍增器 are names.
_TIMES = re.compile(
    "翻(?P<doublings>[一两二三四12345])?番"
    "|(?<![成数几十百千万0-9一两二三四五六七八九])倍增(?![器计行工长加])"
)
_WORDS_FOR_TIMES = {
    **dict.fromkeys(("doubled", "doubling", "twofold"), 2),
    **dict.fromkeys(("tripled", "tripling", "trebled", "threefold"), 3),
    **dict.fromkeys(("quadrupled", "fourfold"), 4),
    **dict.fromkeys(("fivefold",), 5),
    **dict.fromkeys(("tenfold",), 10),
}
_TIMES_IN_WORDS = re.compile(
    f"(?P<word>{'|'.join(_WORDS_FOR_TIMES)})(?![a-z])|(?P<often>twice|thrice)(?![a-z])"
    "|(?P<verb>double|triple|quadruple)(?= (?:the|its|their|to|by|from)(?![a-z]))"
)


def _times(match: re.Match[str]) -> Token:
    """Read 翻一番 as 2 and 翻两番 as 4 times."""
    doublings = int(han_value(match["doublings"] or "一") or 1)
    return Token(Kind.COUNT, *match.span(), Decimal(2**doublings), unit="倍")


def _times_in_words(match: re.Match[str]) -> Token:
    """Read doubled and threefold as 倍; twice may be 两倍 or 两次."""
    value = (
        3
        if match["often"] == "thrice"
        else _WORDS_FOR_TIMES[f"{match['verb']}d" if match["verb"] else match["word"] or "doubled"]
    )
    unit = "" if match["often"] else "倍"
    return Token(Kind.COUNT, *match.span(), Decimal(value), unit=unit)


LATIN_RULES: tuple[Rule, ...] = (
    (_WORD_FRACTION, _word_fraction),
    (_HALF_IN_WORDS, _half_in_words),
    (_TIMES_IN_WORDS, _times_in_words),
)
OTHER_RULES: tuple[Rule, ...] = (
    (_PARTS_OF, _parts_of),
    (_SLASH_FRACTION, _slash_fraction),
    (_TENTHS, _tenths),
    (_HALF, _half),
    (_TIMES, _times),
)
