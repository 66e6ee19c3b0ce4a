"""Numbers in digits, Chinese numerals and English words, without their units."""

import re
from decimal import Decimal

from rag.quantities.types import Bound, Number

DIGIT = "〇零一二三四五六七八九两"
NUMERAL = f"[{DIGIT}十百千万亿廿卅]"
# 千瓦, 千米 and 百分点 are units; 兆 is a million million only before a currency.
MAGNITUDE = "(?:百(?![分强货姓])|千(?![瓦克米卡伏帕赫])|[万亿]|兆(?=[元圆]))"
MORE = "[余多几来]"
# At most 18 digits before the point and 12 behind it: longer runs are identifiers or noise.
_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,5}|[0-9]{1,18})(?:\.[0-9]{1,12})?(?![0-9])"
MIXED = rf"{_DIGITS}(?:{MORE}? ?{MAGNITUDE}{{1,3}}(?:零?[0-9]{{1,4}}{MAGNITUDE}{{1,2}}){{0,3}})?"
HAN = (
    rf"{NUMERAL}{{1,24}}(?!{NUMERAL})(?:点[{DIGIT}]{{1,8}}[百千万亿]{{0,2}}(?![十分]))?"
    rf"(?:{MORE}[百千万亿]{{1,2}})?(?:兆(?=[元圆]))?"
)
# Formal numerals count before a currency or with 万: 陆, 伍 and 参 are also names and words.
_FORMAL_DIGIT = "[壹贰叁参肆伍陆柒捌玖]"
_FORMAL = (
    f"(?:(?:{_FORMAL_DIGIT}[拾佰仟万亿零]{{0,3}}){{1,12}}|拾[万亿]{{0,2}})(?=整?[元圆])"
    f"|{_FORMAL_DIGIT}[拾佰仟](?:{_FORMAL_DIGIT}[拾佰仟零]{{0,2}}){{0,4}}[万亿]{{1,2}}"
)
_FORMAL_DIGITS = str.maketrans("壹贰叁参肆伍陆柒捌玖拾佰仟", "一二三三四五六七八九十百千")
HAN_VALUES = {digit: Decimal(i) for i, digit in enumerate("零一二三四五六七八九")}
HAN_VALUES |= {"〇": Decimal(0), "两": Decimal(2)}
_HAN_UNITS = tuple(
    (character, Decimal(10) ** power)
    for character, power in (("兆", 12), ("亿", 8), ("万", 4), ("千", 3), ("百", 2), ("十", 1))
)
HAN_TWENTIES = str.maketrans({"廿": "二十", "卅": "三十"})
_APPROXIMATE = re.compile("([一二三四五六七八九])([二三四五六七八九])([十百千万亿]*)")

ONES = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_SMALL = rf"(?:(?:{_TENS})(?:[- ](?:{ONES})(?![a-z]))?|{_TEENS}|{ONES}|zero)"
_HUNDREDS = rf"(?:(?:{_SMALL}|a) hundred(?:(?: and)? {_SMALL}(?![a-z]))?|{_SMALL})"
SCALE_WORD = "thousand|million|billion|trillion"
_WORDS = (
    rf"(?:{_SMALL} and a half(?:[- ](?:{SCALE_WORD}))?"
    rf"|(?:{_HUNDREDS}|half a|a)[- ](?:{SCALE_WORD}|dozen)(?:(?: and)? {_HUNDREDS}"
    rf"(?: (?:thousand|million))?(?![a-z])){{0,3}}|{_HUNDREDS})(?![a-z])"
)
WORD_VALUES: dict[str, Decimal] = {
    **{word: Decimal(i) for i, word in enumerate(f"zero|{ONES}|{_TEENS}".split("|"))},
    **{word: Decimal(10 * i) for i, word in enumerate(_TENS.split("|"), start=2)},
    "half": Decimal("0.5"),
}
WORD_SCALES = {
    "dozen": Decimal(12),
    **dict.fromkeys(("thousand", "k"), Decimal(10) ** 3),
    **dict.fromkeys(("million", "mln", "mil", "mn", "m"), Decimal(10) ** 6),
    **dict.fromkeys(("billion", "bn", "b"), Decimal(10) ** 9),
    **dict.fromkeys(("trillion", "tn"), Decimal(10) ** 12),
}
# What may follow 15m or 3k: without it they are 15 metres and a resolution.
_CURRENCY_WORDS = (
    "yuan|rmb|cny|renminbi|us dollar|u\\.s\\. dollar|hong kong dollar|hk dollar|dollar|euro|pounds"
    "|yen|usd|hkd|eur|gbp|jpy|twd|mop|元|美元|港元|人民币"
)
_THINGS = (
    "people|users|jobs|companies|firms|enterprises|households|residents|visitors|tonnes|tons|units"
    "|vehicles|patients|students|workers|customers|tourists|views|talents|professionals"
)
_SHORT_SCALE_AHEAD = f"(?= ?-?(?:{_CURRENCY_WORDS})| (?:{_THINGS})(?![a-z]))"


def _number_pattern(ahead: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<digits>{MIXED})(?:[ -]?(?P<scale>{SCALE_WORD}|mln|mn|bn|tn"
        rf"|(?:mil|[kmb])(?![a-z]){ahead})(?![a-z]))?|(?P<formal>{_FORMAL})|(?P<han>{HAN})|(?P<words>{_WORDS})"
    )


NUMBER = _number_pattern(_SHORT_SCALE_AHEAD)
NUMBER_OF_MONEY = _number_pattern("")


def han_value(text: str) -> Decimal | None:
    """Return the value of a numeral (三百五十万, 3万5千, 二〇二四, 12.5); None if it is none."""
    if set(text) <= {*HAN_VALUES, "点"}:
        return _spoken_digits(text)
    for character, unit in _HAN_UNITS:
        head, found, tail = text.rpartition(character)
        if found:
            return _placed(head, unit, tail)
    return Decimal(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else None


def _spoken_digits(text: str) -> Decimal | None:
    """Read digit by digit: 三, 三点五, 二〇二四; but 三五 is no number."""
    whole, _, part = text.partition("点")
    unread = len(whole) == 2 and not set(whole) & set("〇零")
    if not whole or "点" in part or unread or (len(whole) > 1 and "两" in whole):
        return None
    digits = {character: str(value) for character, value in HAN_VALUES.items()} | {"点": "."}
    return Decimal("".join(digits[character] for character in text))


def _placed(head: str, unit: Decimal, tail: str) -> Decimal | None:
    """Return head × unit + tail: the tail of 三百五 counts tens, that of 一百零五 ones."""
    multiplier = han_value(head) if head else Decimal(1)
    if tail in HAN_VALUES and tail not in ("零", "〇") and unit > 10:
        rest: Decimal | None = HAN_VALUES[tail] * unit / 10
    else:
        rest = han_value(tail.lstrip("零〇") or "零")
    if multiplier is None or rest is None or rest >= unit:
        return None
    bare_head = not head and tail and unit > 10  # 万一
    counted = unit < 10_000 and multiplier >= 10 and not head[:1].isdigit()  # 一五一十, 十四五
    return None if bare_head or counted else multiplier * unit + rest


def _word_value(words: str) -> Decimal:
    """Return the value of a numeral such as "two hundred and fifty thousand"."""
    total = current = Decimal(0)
    for word in re.findall("[a-z]+", words):
        if word in WORD_SCALES:
            total, current = total + (current or Decimal(1)) * WORD_SCALES[word], Decimal(0)
        elif word == "hundred":
            current = (current or Decimal(1)) * 100
        else:
            current += WORD_VALUES.get(word, Decimal(0))
    return total + current


def read_number(match: re.Match[str] | None) -> Number | None:
    """Return the number of a match of NUMBER, None if it is none."""
    if match is None:
        return None
    if match["words"]:
        return _english_number(match)
    text = match["digits"] or match["han"] or match["formal"].translate(_FORMAL_DIGITS)
    if match["han"] and (pair := _APPROXIMATE.fullmatch(text)):
        return _approximate_pair(match, pair)
    plain = re.sub(f"[, ]|{MORE}", "", text)
    value, word = han_value(plain.translate(HAN_TWENTIES)), _scale_word(match)
    if value is None:
        return None
    script = "digits" if match["digits"] else "han"
    more = re.search(MORE, text)
    bound = more_than(more[0] if more else "")
    return Number(value * word, match.end(), text, script, None, bound, word * _trailing(plain))


def _scale_word(match: re.Match[str]) -> Decimal:
    return WORD_SCALES.get(match["scale"] or "", Decimal(1))


def _english_number(match: re.Match[str]) -> Number:
    words = match["words"]
    scale = WORD_SCALES.get(re.split("[- ]", words)[-1], Decimal(1))
    return Number(_word_value(words), match.end(), words, "words", scale=scale)


def _approximate_pair(match: re.Match[str], pair: re.Match[str]) -> Number | None:
    """Read 七八家, 二三十家 or 三五百人 as a range."""
    low, high = HAN_VALUES[pair[1]], HAN_VALUES[pair[2]]
    scale = han_value(pair[3]) if pair[3] else Decimal(1)
    if scale is None or (high != low + 1 and pair[1] + pair[2] != "三五"):
        return None
    values = (low * scale, match.end(), match["han"], "han", high * scale)
    return Number(*values, bound=Bound.ABOUT, scale=_trailing(match["han"]))


def _trailing(text: str) -> Decimal:
    """Return what neighbours share: 万 of 800万, 百万 of 3百万, 万 of 八百万."""
    pattern = "[百千万亿兆]*$" if text[0].isdigit() else "[万亿兆]*$"
    found = re.search(pattern, text)
    return (han_value(found[0]) if found and found[0] else None) or Decimal(1)


def more_than(mark: str) -> Bound:
    """Return the bound that 余, 多, 几 or 来 inside a number gives it."""
    if not mark:
        return Bound.EXACT
    return Bound.ABOUT if mark == "来" else Bound.MORE_THAN
