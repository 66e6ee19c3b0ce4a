"""Money, counts, percentages, dates, periods and ordinals, as comparable values.

`quantities` reads a Chinese or English text once: fold it (one character stays one character, so
that places are those of the original), read a number or a date at each character where one may
begin, let neighbours in lists and ranges share a unit (200、500、800万元), then look around each
for its bound (最高, 以上). `missing` says which quantities of a claim stand in no evidence.

Every repetition in a pattern is bounded and a run that is no number is passed over as a whole, so
time grows with the length of the text, whatever it holds. The Chinese numerals are read here
because cn2an computes in floats, refuses 千亿 and 二十四点五万, and reports no places.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from index.script import fold_characters


class Kind(StrEnum):
    """What a quantity measures."""

    MONEY = "money"
    COUNT = "count"
    PERCENT = "percent"
    DATE = "date"
    YEAR = "year"
    PERIOD = "period"
    ORDINAL = "ordinal"
    DOCUMENT_NUMBER = "document_number"


class Bound(StrEnum):
    """How the text limits a quantity."""

    EXACT = "exact"
    AT_MOST = "at_most"
    AT_LEAST = "at_least"
    ABOUT = "about"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity and where it stands: `original[start:end] == text`.

    `value` is in units of the currency, single things, percent (0..100), months (unit 月), days
    (日), hours, minutes, or the ordinal itself; None for a date. `high` ends a range.
    `unit` is a currency code (CNY), a Simplified measure word (家), 百分点 for percentage points,
    the folded issuer of a document number (粤府), or "" without one or in English. `year`, `month`
    and `day` are those of a date, None where it does not state them.
    """

    kind: Kind
    value: Decimal | None
    high: Decimal | None
    unit: str
    bound: Bound
    text: str
    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None


class _State(StrEnum):
    """Whether a token is a quantity by itself."""

    WHOLE = "whole"
    SHARED = "shared"  # 200 (、500万元): whole with the unit of a neighbour
    PREFIXED = "prefixed"  # RMB 2 (, 5 and 8 million): its currency goes on to the right
    BARE = "bare"  # 197: a quantity, and it takes the unit of a neighbour
    WEAK = "weak"  # Ⅰ (、Ⅱ期): a quantity only with the unit of a neighbour
    ARTICLE = "article"  # 一家, one, first: no claim, but it supports one


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Kind
    start: int
    end: int
    value: Decimal | None = None
    high: Decimal | None = None
    unit: str = ""
    bound: Bound = Bound.EXACT
    year: int | None = None
    month: int | None = None
    day: int | None = None
    scale: Decimal = Decimal(1)  # what the last magnitude multiplies: 10,000 in 800万
    state: _State = _State.WHOLE


@dataclass(frozen=True, slots=True)
class _Number:
    value: Decimal
    end: int
    text: str
    script: str  # "digits", "han" or "words"
    high: Decimal | None = None
    bound: Bound = Bound.EXACT
    scale: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class _Unit:
    kind: Kind
    name: str
    factor: Decimal


# --- Folding ---------------------------------------------------------------------------------

# Notes ¹ and list marks ① would become digits under NFKC, and a full-width comma would join
# 200，500 to one number; between full-width digits it does.
_GROUP_COMMA = re.compile("(?<=[０-９])，(?=[０-９]{3})")
_NOT_DIGITS = re.compile("[²³¹⁰-₉①-⓿❶-➓㉈-㊉㊀-㊉]")
_ZERO_LIKE = re.compile("[○◯]")


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    text = _GROUP_COMMA.sub(",", text).replace("，", ";")
    return fold_characters(_ZERO_LIKE.sub("〇", _NOT_DIGITS.sub("·", text)))


# --- Numerals ---------------------------------------------------------------------------------

_DIGIT = "〇零一二三四五六七八九两"
_NUMERAL = f"[{_DIGIT}十百千万亿廿卅]"
# 千瓦, 千米 and 百分点 are units; 兆 is a million million only before a currency.
_MAGNITUDE = "(?:百(?![分强货姓])|千(?![瓦克米卡伏帕赫])|[万亿]|兆(?=[元圆]))"
_MORE = "[余多几来]"
# At most 18 digits before the point and 12 behind it: longer runs are identifiers or noise.
_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,5}|[0-9]{1,18})(?:\.[0-9]{1,12})?(?![0-9])"
_MIXED = rf"{_DIGITS}(?:{_MORE}? ?{_MAGNITUDE}{{1,3}}(?:[0-9]{{1,4}}{_MAGNITUDE}{{1,2}}){{0,3}})?"
_HAN = (
    rf"{_NUMERAL}{{1,24}}(?!{_NUMERAL})(?:点[{_DIGIT}]{{1,8}}[百千万亿]{{0,2}}(?![十分]))?"
    rf"(?:{_MORE}[百千万亿]{{1,2}})?(?:兆(?=[元圆]))?"
)
# Formal numerals count only before a currency: 陆 and 伍 are also names.
_FORMAL = "(?:[壹贰叁肆伍陆柒捌玖][拾佰仟万亿零]{0,3}){1,12}(?=整?[元圆])"
_FORMAL_DIGITS = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟", "一二三四五六七八九十百千")
_HAN_VALUES = {digit: Decimal(i) for i, digit in enumerate("零一二三四五六七八九")}
_HAN_VALUES |= {"〇": Decimal(0), "两": Decimal(2)}
_HAN_UNITS = tuple(
    (character, Decimal(10) ** power)
    for character, power in (("兆", 12), ("亿", 8), ("万", 4), ("千", 3), ("百", 2), ("十", 1))
)
_HAN_TWENTIES = str.maketrans({"廿": "二十", "卅": "三十"})
_APPROXIMATE = re.compile("([一二三四五六七八九])([二三四五六七八九])([十百千万亿]*)")

_ONES = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_SMALL = rf"(?:(?:{_TENS})(?:[- ](?:{_ONES})(?![a-z]))?|{_TEENS}|{_ONES}|zero)"
_HUNDREDS = rf"(?:(?:{_SMALL}|a) hundred(?:(?: and)? {_SMALL}(?![a-z]))?|{_SMALL})"
_SCALE_WORD = "thousand|million|billion|trillion"
_WORDS = (
    rf"(?:(?:{_HUNDREDS}|half a|a)[- ](?:{_SCALE_WORD}|dozen)(?:(?: and)? {_HUNDREDS}"
    rf"(?: (?:thousand|million))?(?![a-z])){{0,3}}|{_HUNDREDS})(?![a-z])"
)
_WORD_VALUES: dict[str, Decimal] = {
    **{word: Decimal(i) for i, word in enumerate(f"zero|{_ONES}|{_TEENS}".split("|"))},
    **{word: Decimal(10 * i) for i, word in enumerate(_TENS.split("|"), start=2)},
    "half": Decimal("0.5"),
}
_SCALES = {
    "dozen": Decimal(12),
    **dict.fromkeys(("thousand", "k"), Decimal(10) ** 3),
    **dict.fromkeys(("million", "mn", "m"), Decimal(10) ** 6),
    **dict.fromkeys(("billion", "bn", "b"), Decimal(10) ** 9),
    **dict.fromkeys(("trillion", "tn"), Decimal(10) ** 12),
}
_SHORT_SCALE_AHEAD = "(?= ?-?(?:yuan|rmb|cny|renminbi|us dollar|dollar|usd|hkd|eur|元|美元|港元))"


def _number_pattern(ahead: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<digits>{_MIXED})(?:[ -]?(?P<scale>{_SCALE_WORD}|mn|bn|tn|[kmb](?![a-z]){ahead})"
        rf"(?![a-z]))?|(?P<formal>{_FORMAL})|(?P<han>{_HAN})|(?P<words>{_WORDS})"
    )


# 15m is 15 metres unless a currency stands before or behind it.
_NUMBER = _number_pattern(_SHORT_SCALE_AHEAD)
_NUMBER_OF_MONEY = _number_pattern("")


def _han_value(text: str) -> Decimal | None:
    """Return the value of a numeral (三百五十万, 3万5千, 二〇二四, 12.5); None if it is none."""
    if set(text) <= {*_HAN_VALUES, "点"}:
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
    digits = {character: str(value) for character, value in _HAN_VALUES.items()} | {"点": "."}
    return Decimal("".join(digits[character] for character in text))


def _placed(head: str, unit: Decimal, tail: str) -> Decimal | None:
    """Return head × unit + tail: the tail of 三百五 counts tens, that of 一百零五 ones."""
    multiplier = _han_value(head) if head else Decimal(1)
    if tail in _HAN_VALUES and tail not in ("零", "〇") and unit > 10:
        rest: Decimal | None = _HAN_VALUES[tail] * unit / 10
    else:
        rest = _han_value(tail.lstrip("零〇") or "零")
    if multiplier is None or rest is None or rest >= unit:
        return None
    bare_head = not head and tail and unit > 10  # 万一
    counted = unit < 10_000 and multiplier >= 10 and not head[:1].isdigit()  # 一五一十, 十四五
    return None if bare_head or counted else multiplier * unit + rest


def _word_value(words: str) -> Decimal:
    """Return the value of a numeral such as "two hundred and fifty thousand"."""
    total = current = Decimal(0)
    for word in re.findall("[a-z]+", words):
        if word in _SCALES:
            total, current = total + (current or Decimal(1)) * _SCALES[word], Decimal(0)
        elif word == "hundred":
            current = (current or Decimal(1)) * 100
        else:
            current += _WORD_VALUES.get(word, Decimal(0))
    return total + current


def _read_number(match: re.Match[str] | None) -> _Number | None:
    if match is None:
        return None
    if match["words"]:
        return _english_number(match)
    text = match["digits"] or match["han"] or match["formal"].translate(_FORMAL_DIGITS)
    if match["han"] and (pair := _APPROXIMATE.fullmatch(text)):
        return _approximate_pair(match, pair)
    plain = re.sub(f"[, ]|{_MORE}", "", text)
    value, word = _han_value(plain.translate(_HAN_TWENTIES)), _scale_word(match)
    if value is None:
        return None
    script = "digits" if match["digits"] else "han"
    more = re.search(_MORE, text)
    bound = _more_than(more[0] if more else "")
    return _Number(value * word, match.end(), text, script, None, bound, word * _trailing(plain))


def _scale_word(match: re.Match[str]) -> Decimal:
    return _SCALES.get(match["scale"] or "", Decimal(1))


def _english_number(match: re.Match[str]) -> _Number:
    words = match["words"]
    scale = _SCALES.get(re.split("[- ]", words)[-1], Decimal(1))
    return _Number(_word_value(words), match.end(), words, "words", scale=scale)


def _approximate_pair(match: re.Match[str], pair: re.Match[str]) -> _Number | None:
    """Read 七八家, 二三十家 or 三五百人 as a range."""
    low, high = _HAN_VALUES[pair[1]], _HAN_VALUES[pair[2]]
    scale = _han_value(pair[3]) if pair[3] else Decimal(1)
    if scale is None or (high != low + 1 and pair[1] + pair[2] != "三五"):
        return None
    values = (low * scale, match.end(), match["han"], "han", high * scale)
    return _Number(*values, bound=Bound.ABOUT, scale=_trailing(match["han"]))


def _trailing(text: str) -> Decimal:
    """Return what neighbours share: 万 of 800万, 百万 of 3百万, 万 of 八百万."""
    pattern = "[百千万亿兆]*$" if text[0].isdigit() else "[万亿兆]*$"
    found = re.search(pattern, text)
    return (_han_value(found[0]) if found and found[0] else None) or Decimal(1)


def _more_than(mark: str) -> Bound:
    """Return the bound that 余, 多, 几 or 来 inside a number gives it."""
    if not mark:
        return Bound.EXACT
    return Bound.ABOUT if mark == "来" else Bound.MORE_THAN


# --- Units ------------------------------------------------------------------------------------

_UNIT_ROWS: tuple[tuple[Kind, str, str, str], ...] = (
    (Kind.MONEY, "CNY", "1", "元人民币|元|圆|块钱|人民币|yuan renminbi|yuan|renminbi|rmb|cny"),
    (Kind.MONEY, "USD", "1", "美元|美金|us dollars|us dollar|dollars|dollar|usd"),
    (Kind.MONEY, "HKD", "1", "港元|港币|hong kong dollars|hk dollars|hkd"),
    (Kind.MONEY, "MOP", "1", "澳门元|澳门币|patacas|mop"),
    (Kind.MONEY, "TWD", "1", "新台币|台币|new taiwan dollars|twd"),
    (Kind.MONEY, "EUR", "1", "欧元|euros|euro|eur"),
    (Kind.MONEY, "JPY", "1", "日元|日圆|yen|jpy"),
    (Kind.MONEY, "GBP", "1", "英镑|pounds sterling|pounds|gbp"),
    (Kind.MONEY, "KRW", "1", "韩元|krw"),
    (Kind.MONEY, "AUD", "1", "澳元|aud"),
    (Kind.MONEY, "CAD", "1", "加元|cad"),
    (Kind.MONEY, "SGD", "1", "新加坡元|新元|sgd"),
    (Kind.PERCENT, "", "1", "%|percent|per cent|pct"),
    (Kind.PERCENT, "", "0.1", "‰"),
    (Kind.PERCENT, "百分点", "1", "个百分点|百分点|percentage points|percentage point"),
    (Kind.PERIOD, "月", "12", "周年|年|个年度|years|year"),
    (Kind.PERIOD, "月", "3", "个季度|quarters"),
    (Kind.PERIOD, "月", "1", "个月|months|month"),
    (Kind.PERIOD, "日", "7", "个星期|星期|周|weeks|week"),
    (Kind.PERIOD, "日", "1", "个自然日|自然日|天|日|calendar days|days|day"),
    (Kind.PERIOD, "工作日", "1", "个工作日|工作日|working days|business days|workdays"),
    (Kind.PERIOD, "工作日", "1", "working day|business day|workday"),
    (Kind.PERIOD, "小时", "1", "个小时|小时|hours|hour"),
    (Kind.PERIOD, "分钟", "1", "分钟|minutes|minute"),
    *((Kind.ORDINAL, unit, "1", unit) for unit in ("期", "号", "季度", "世纪", "届", "年级", "级")),
    (Kind.COUNT, "岁", "1", "周岁|岁|years old|years of age|year-olds|year-old"),
    (Kind.COUNT, "公里", "1", "公里|千米|kilometres|kilometers|km"),
    (Kind.COUNT, "米", "1", "米|metres|meters|m"),
    (Kind.COUNT, "厘米", "1", "厘米|cm"),
    (Kind.COUNT, "毫米", "1", "毫米|mm"),
    (Kind.COUNT, "平方米", "1", "平方米|㎡|square metres|square meters"),
    (Kind.COUNT, "平方公里", "1", "平方公里|square kilometres|square kilometers"),
    (Kind.COUNT, "公顷", "1", "公顷|hectares|hectare|ha"),
    (Kind.COUNT, "亩", "1", "亩|mu"),
    (Kind.COUNT, "吨", "1", "吨|tonnes|tonne|tons|ton"),
    (Kind.COUNT, "公斤", "1", "公斤|千克|kilograms|kg"),
    (Kind.COUNT, "毫克", "1", "毫克|mg"),
    (Kind.COUNT, "毫升", "1", "毫升|ml"),
    (Kind.COUNT, "千瓦时", "1", "千瓦时|kwh"),
    (Kind.COUNT, "千瓦", "1", "千瓦|kw"),
    (Kind.COUNT, "兆瓦", "1", "兆瓦|mw"),
    (Kind.COUNT, "吉瓦", "1", "吉瓦|gw"),
    # 三大平台, 500强: the noun follows and 大 and 强 measure nothing; "times" is 倍 and 次.
    (Kind.COUNT, "", "1", "大|强|times|fold"),
)
_MEASURE_WORDS = (
    "家 项 个 人 名 位 所 座 条 件 种 类 批 次 台 套 款 户 支 只 辆 艘 架 栋 幢 间 层 份 篇 部 "
    "部门 部委 册 本 张 颗 粒 瓶 盒 片 块 例 门 场 轮 对 处 股 宗 起 道 枚 株 头 匹 棵 床 笔 度 里 "
    "倍 升 克 人次 户次 台套 组 队 点 幅 段 步 课时 学时 字 页 章 节"
)
_UNITS: dict[str, _Unit] = {
    **{word: _Unit(Kind.COUNT, word, Decimal(1)) for word in _MEASURE_WORDS.split()},
    **{
        spelling: _Unit(kind, name, Decimal(factor))
        for kind, name, factor, spellings in _UNIT_ROWS
        for spelling in spellings.split("|")
    },
}
# What may not follow a unit, because the two make another word: 期间, 元素, 日本.
_GUARD_ROWS = (
    "元:旦素器件化首宇老 期:间限望待刊货权 年:代轻龄 日:本均常前产报益渐游 天:津河然使山空下生 "
    "号:召码称角 人:民均 级:别 台:湾风州 家:庭园 大:于军 对:于外内接口应 门:峡 周:边期围末 度:假 "
    "位:于 名:称单 里:程 起:来草 支:持 本:市省区次地 部:分署长 处:理置于 份:额 类:脑似 点:击评 "
    "步:行伐 节:能约日点 段:落 组:织 队:伍 章:程 道:路德 股:份权东票 强:化调制 页:面 升:级 克:服"
)
_GUARDS = dict(row.split(":") for row in _GUARD_ROWS.split())


def _alternatives(words: Iterable[str]) -> str:
    """Return a pattern of the words, longest first, each with its guard."""
    ordered = sorted(words, key=len, reverse=True)
    guards = (f"(?![{_GUARDS[word]}])" if word in _GUARDS else "" for word in ordered)
    return "|".join(re.escape(word) + guard for word, guard in zip(ordered, guards, strict=True))


_LATIN_UNITS = tuple(word for word in _UNITS if word[-1].isascii() and word != "%")
_CHINESE_UNITS = tuple(word for word in _UNITS if word not in _LATIN_UNITS)
_UNIT = re.compile(
    rf"(?P<more>{_MORE}?) ?(?:(?P<chinese>{_alternatives(_CHINESE_UNITS)})"
    rf"|-?(?P<english>{_alternatives(_LATIN_UNITS)})(?![a-z0-9]))(?P<half>半(?![导年数径岛程月]))?"
)
_CURRENCY_SIGNS = {
    **dict.fromkeys(("人民币", "rmb", "cny", "cn¥", "¥"), "CNY"),
    **dict.fromkeys(("us$", "usd", "$"), "USD"),
    **dict.fromkeys(("hk$", "hkd", "港币"), "HKD"),
    **dict.fromkeys(("nt$", "twd", "新台币"), "TWD"),
    **dict.fromkeys(("mop$", "mop", "澳门币"), "MOP"),
    **dict.fromkeys(("€", "eur", "欧元"), "EUR"),
    **dict.fromkeys(("£", "gbp"), "GBP"),
    **dict.fromkeys(("jp¥", "jpy"), "JPY"),
}
# Measure words that writers swap for one another: 3所医院 and 3家医院.
_SYNONYMS = {
    word: group[0]
    for group in ("人名位", "家所间户", "项件条款宗", "台架辆部艘套", "座栋幢", "种类型")
    for word in group
} | {"部门": "家", "部委": "家", "阶段": "期", "台套": "台"}


def _unit_of(match: re.Match[str]) -> _Unit:
    return _UNITS[match["chinese"] or match["english"]]


# --- Text that holds digits but no quantity ---------------------------------------------------

_IDIOMS = (
    "第一(?:方阵|梯队|时间|线|手|书记|责任|要务|动力|生产力|资源|桶金|步)|第[一二三](?:产业|方|课堂)"
    "|二十大|十[五六七八九]大|百分百|万分(?!之)|十分(?![之钟])|[十八]字|四处|二次(?!会)"
    "|[一三]次(?:产业|分配)|[三四五]位一体|千人计划|万人计划|五花八门|三番五次|三天两头"
    "|(?:周|星期|礼拜)[一二三四五六日天](?![年期次])"
    "|五台山|七台河|三门峡|三台县|五家渠|五大连池|九龙坡|[二三]元(?:桥|里|结构|化)"
)
_SKIP = re.compile(
    "|".join(
        (
            r"(?:https?://|www\.)[\x21-\x7e]{1,2000}",
            r"[a-z0-9._+-]{1,64}@[a-z0-9.-]{1,255}",
            r"[0-9]{19,}[0-9.,]*|[0-9]{1,18}\.[0-9]{13,}|[0-9]{1,3}(?:,[0-9]{3}){6,}[0-9,.]*",
            rf"{_NUMERAL}{{25,}}",
            r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?![0-9])",  # time of day
            r"(?:0[0-9]{2,3}-[0-9]{7,8}|400-[0-9]{3,4}-?[0-9]{3,4})(?![0-9])",  # telephone
            r"1[3-9][0-9]{9}(?![0-9]| ?(?:[百千万亿元美港欧日家人个%]|yuan|rmb))",
            r"0[0-9]{2,17}(?![0-9.])",  # 007
            r"[0-9]{1,2}(?:\+(?:[0-9]{1,2}|[nmx])){1,5}(?![0-9a-z])",  # 1+N
            r"0 ?(?:到|至|to|-|–|—) ?1(?![0-9.,%])|zero to one|24/7",  # 从0到1
            # 3.2.1, but not 2024.11.29; GB/T 7714-2015; citation marks [1], 【1,2】, (3)
            r"(?!(?:1[5-9]|20)[0-9]{2}(?:\.[0-9]{1,2}){2}(?![0-9.]))[0-9]{1,4}(?:\.[0-9]{1,4}){2,5}",
            r"(?:gb|iso|iec|db[0-9]{0,2})(?:/[a-z]{1,2})? ?[0-9.]{2,8}(?:[-—:](?:19|20)[0-9]{2})?",
            r"[\[(【〔] ?[0-9]{1,3}(?: ?[,、;–-] ?[0-9]{1,3}){0,20} ?[\])】〕]",
            _IDIOMS,
        )
    )
)
_LABEL_BEFORE = re.compile(
    r"(?:附件|附表|附录|附图|专栏|图|表|注|来源|资料|文献|型号|编号|邮编|(?:^|[^a-z])(?:table|figure|fig\."
    r"|annex|appendix|source|sources|passage|note|page|step)) ?$"
)
_LIST_MARK = re.compile(
    r"[0-9]{1,2}[.、)](?![0-9])|[0-9]{1,2}\.[0-9]{1,2} |[一二三四五六七八九十]{1,3}、"
)
_LINE_FURNITURE = " \t#*>•(-"
_LABEL_WINDOW = 12  # characters before a number that may make it a label


def _is_label(text: str, start: int) -> bool:
    """Tell whether a bare number names a paragraph (1. 一、 2.1), a clause (；2.…) or 附件1."""
    before = text[max(0, start - _LABEL_WINDOW) : start]
    if _LABEL_BEFORE.search(before):
        return True
    mark = _LIST_MARK.match(text, start)
    if not mark:
        return False
    line_known = "\n" in before or start <= _LABEL_WINDOW
    if line_known and not before.rpartition("\n")[2].strip(_LINE_FURNITURE):
        return True
    clause_end = "[。?!]" if mark[0].endswith("、") else "[;。::?!]"
    return bool(re.search(rf"{clause_end} ?\(?$", before))


# --- Dates ------------------------------------------------------------------------------------

_SHORT_NUMERAL = "(?:[0-9]{1,2}|[一二三四五六七八九十廿卅]{1,4})"
_ERA = "(?P<era>民国|公元前|西元前|公元|西元) ?"
_DATE_CHINESE = re.compile(
    rf"(?:(?:{_ERA})?(?P<year>[0-9]{{1,4}}|[{_DIGIT}十百]{{1,7}}) ?年 ?)?"
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
_DAY_ALONE = re.compile(rf"(?P<day>{_SHORT_NUMERAL}) ?日(?!内|之内|以内|期|后|[{_GUARDS['日']}])")
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
_YEAR = re.compile(rf"(?:{_ERA})?(?P<year>[0-9]{{1,4}}|{_NUMERAL}{{1,7}}) ?年(?P<suffix>度|代)?")
_DECADE = re.compile("(?P<year>(?:1[5-9]|20)[0-9]0)'?s(?![a-z])")
_REPUBLIC_OFFSET = 1911  # 民國元年 is 1912
# Without 民國 too, 113年11月 and 113年度 are of the Republic; 113年 alone is a period.
_REPUBLIC_YEARS = range(100, 150)
_LAST_YEAR = 2200  # what has four digits and is later is a period: 5000年


def _integer(text: str | None) -> int | None:
    """Return the value of digits or a Chinese numeral; None for no text or no whole number."""
    value = _han_value(text.translate(_HAN_TWENTIES)) if text else None
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


def _date_token(match: re.Match[str]) -> _Token | None:
    """Read a date whose pattern names its parts year, month (or name), day, era."""
    parts = match.groupdict()
    year = _full_year(parts.get("year"), parts.get("era"))
    name, day = parts.get("name"), _integer(parts.get("day"))
    month = _integer(parts.get("month") or parts.get("only_month"))
    month = _MONTHS.index(name[:3]) + 1 if name else month
    if (parts.get("year") and year is None) or not _is_day(month, day):
        return None
    return _Token(Kind.DATE, *match.span(), year=year, month=month, day=day)


def _is_day(month: int | None, day: int | None) -> bool:
    return (month is None or 1 <= month <= 12) and (day is None or 1 <= day <= 31)


def _american_date(match: re.Match[str]) -> _Token | None:
    """Read 11/29/2024, and 29/11/2024 where the first number can be no month."""
    first, second, year = int(match["month"]), int(match["day"]), int(match["year"])
    month, day = (first, second) if first <= 12 else (second, first)
    if not month or not day or not _is_day(month, day):
        return None
    return _Token(Kind.DATE, *match.span(), year=year, month=month, day=day)


def _month_alone(match: re.Match[str]) -> _Token | None:
    """Read a month without day or year; "may" and "march" only behind a preposition."""
    before = match.string[max(0, match.start() - 8) : match.start()]
    if not re.fullmatch(_MONTHS_IN_FULL, match["name"]) and not _IN_BEFORE.search(before):
        return None
    return _date_token(match)


def _day_alone(match: re.Match[str]) -> _Token | None:
    return None if match["day"] == "一" else _date_token(match)


def _year_token(match: re.Match[str]) -> _Token | None:
    """Read 2024年, 二〇二四年, 民国113年, 113年度 and 1990年代; 三年 is a period, no year."""
    text, era, suffix = match["year"], match["era"], match["suffix"]
    year = _full_year(text, era)
    if suffix == "代":
        return _decade_token(match)
    if year is None:
        return None
    spoken = len(text) == 4 and not set(text) - set("0123456789〇零一二三四五六七八九")
    if era or (spoken and 1000 <= year < _LAST_YEAR) or (suffix == "度" and len(text) == 3):
        return _Token(Kind.YEAR, *match.span(), Decimal(year), year=year)
    return None


def _decade_token(match: re.Match[str]) -> _Token | None:
    """Read 1990年代, 九十年代 or 1990s as the years from the first to the last."""
    decade = _integer(match["year"])
    if decade is None or decade % 10:
        return None
    first = decade + 1900 if decade < 100 else decade
    return _Token(Kind.YEAR, *match.span(), Decimal(first), Decimal(first + 9), "年代", year=first)


# --- Fractions --------------------------------------------------------------------------------

_PARTS_OF = re.compile(rf"(?P<base>[0-9]{{1,5}}|{_HAN})分之(?P<part>{_MIXED}|{_HAN})")
_SLASH_FRACTION = re.compile(r"(?P<part>[1-9])/(?P<base>[2-9]|10)(?![0-9/])")
_MAGNITUDE_BEHIND = re.compile(rf" ?(?:{_MAGNITUDE}|{_SCALE_WORD})")
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "tenth": 10}
_WORD_FRACTION = re.compile(
    rf"(?P<part>{_ONES})[- ](?P<base>{'|'.join(_PARTS)})s?(?![a-z])(?! (?:phase|stage|batch|year))"
)
_TENTHS = re.compile(
    r"(?P<tens>[一二三四五六七八九两]|[1-9]) ?成(?P<ones>[半一二三四五六七八九])?"
    "(?![立为果功本员长效交都熟就分品套型因语人年绩份千百群片吉])"
)


def _percent(match: re.Match[str], part: Decimal | None, base: Decimal | None) -> _Token | None:
    if part is None or not base:
        return None
    return _Token(Kind.PERCENT, *match.span(), 100 * part / base)


def _parts_of(match: re.Match[str]) -> _Token | None:
    """Read 百分之十, 千分之五, 三分之二."""
    return _percent(match, _han_value(re.sub("[, ]", "", match["part"])), _han_value(match["base"]))


def _slash_fraction(match: re.Match[str]) -> _Token | None:
    """Read 1/3, but not the list in 1/2期 or 2/5 million yuan."""
    part, base = Decimal(match["part"]), Decimal(match["base"])
    scaled = _MAGNITUDE_BEHIND.match(match.string, match.end())
    if part >= base or scaled or _UNIT.match(match.string, match.end()):
        return None
    return _percent(match, part, base)


def _word_fraction(match: re.Match[str]) -> _Token | None:
    """Read two-thirds, and "three quarters", which is no period then."""
    return _percent(match, _WORD_VALUES[match["part"]], Decimal(_PARTS[match["base"]]))


def _tenths(match: re.Match[str]) -> _Token | None:
    """Read 八成 as 80 and 六成半 as 65."""
    tens, ones = _han_value(match["tens"]), (match["ones"] or "零").replace("半", "五")
    return _percent(match, tens and tens + _HAN_VALUES[ones] / 10, Decimal(10))


# --- Ordinals and document numbers ------------------------------------------------------------

_ROMAN_NUMERALS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_ROMAN = r"(?:[ivx]{1,4}(?![a-z])|[ⅰ-ⅻⅠ-Ⅻ])"
_ROMAN_ORDINAL = re.compile(
    r"(?P<number>[ivx]{1,4}|[ⅰ-ⅻⅠ-Ⅻ])(?:(?:[abc](?=期))? ?(?P<unit>阶段|期|类|级|型|相))?(?![a-z])"
)
_ORDINAL_CHINESE = re.compile(
    rf"第 ?(?P<number>[0-9]{{1,6}}|{_HAN}|{_ROMAN})(?: ?个?(?P<unit>阶段|季度"
    rf"|{_alternatives(word for word in _CHINESE_UNITS if len(word) == 1 and word != '%')}))?"
)
_CLAUSE_COUNT = re.compile(rf"[\n;。:]?第 ?{_HAN}[,;:、]")
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
    rf"(?P<number>{_ROMAN}|[0-9]{{1,4}}(?!,?[0-9])|(?:{_ONES}|ten)(?![a-z]))[ab]?(?![a-z0-9])"
)
_ORDINAL_SUFFIXED = re.compile(
    rf"(?P<number>[0-9]{{1,4}}(?:st|nd|rd|th)|{'|'.join(_ORDINAL_WORDS)})(?![a-z])"
    rf"(?:[ -]{_ORDINAL_NOUN}(?![a-z]))?"
)
_FIRST = re.compile("首(?P<unit>[次个批家位届期台款例项座])")
_QUARTER = re.compile("q(?P<number>[1-4])(?![0-9a-z])")
_NOUN_UNITS = {"phase": "期", "stage": "期", "quarter": "季度", "century": "世纪"}
_FIVE_YEAR_PLAN = re.compile(
    rf"(?:第(?P<full>十[一二三四五六]?)个五年|(?P<short>十[一二三四五六])五(?!{_NUMERAL}|年)"
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
    if text in _WORD_VALUES:
        return _WORD_VALUES[text]
    return _roman_value(text) or _han_value(re.sub("(?:st|nd|rd|th)$", "", text))


def _roman_token(match: re.Match[str]) -> _Token | None:
    value, unit = _roman_value(match["number"]), match["unit"]
    end = match.end() if unit else match.end("number")
    state = _State.WHOLE if unit else _State.WEAK
    if value is None:
        return None
    return _Token(Kind.ORDINAL, match.start(), end, value, unit=unit or "", state=state)


def _ordinal_chinese(match: re.Match[str]) -> _Token | None:
    """Read 第三期, 第5号, 第三条, 第一; 第一， at the head of a clause only counts the clauses."""
    value, unit = _ordinal_value(match["number"]), match["unit"]
    if value is None or (not unit and _CLAUSE_COUNT.match(match.string, max(0, match.start() - 1))):
        return None
    return _Token(Kind.ORDINAL, *match.span(), value, unit=unit or "")


def _ordinal_labelled(match: re.Match[str]) -> _Token | None:
    """Read Phase III, Class 2, No. 5."""
    value, noun = _ordinal_value(match["number"]), match["noun"]
    unit = _NOUN_UNITS.get(noun, "") if noun else "号"
    return _Token(Kind.ORDINAL, *match.span(), value, unit=unit) if value is not None else None


def _ordinal_suffixed(match: re.Match[str]) -> _Token | None:
    """Read 3rd, third phase; "third" alone may only order the speaker's points."""
    value, noun = _ordinal_value(match["number"]), match["noun"]
    state = _State.WHOLE if noun or match["number"][0].isdigit() else _State.ARTICLE
    unit = _NOUN_UNITS.get(noun or "", "")
    return _Token(Kind.ORDINAL, *match.span(), value, unit=unit, state=state)


def _quarter_token(match: re.Match[str]) -> _Token:
    return _Token(Kind.ORDINAL, *match.span(), Decimal(match["number"]), unit="季度")


def _first_token(match: re.Match[str]) -> _Token:
    """Read 首个, which supports 第一个 and claims no number."""
    unit = match["unit"]
    return _Token(Kind.ORDINAL, *match.span(), Decimal(1), unit=unit, state=_State.ARTICLE)


def _five_year_plan(match: re.Match[str]) -> _Token:
    """Read 十四五, 第十四个五年(规划) and 14th Five-Year (Plan) as the fourteenth plan."""
    value = _ordinal_value(match["full"] or match["short"] or match["english"])
    return _Token(Kind.ORDINAL, *match.span(), value, unit="五年规划")


def _document_number(match: re.Match[str]) -> _Token:
    number = Decimal(match["chinese"] or match["english"])
    return _Token(Kind.DOCUMENT_NUMBER, *match.span(), number, year=int(match["year"]))


def _with_issuer(text: str, token: _Token, floor: int) -> _Token:
    """Extend a document number to the left, not past `floor`, over its issuer: 粤府〔2024〕5号."""
    found = _ISSUER.search(text[max(floor, token.start - 48) : token.start])
    issuer = _NOT_ISSUER.sub("", found[0]) if found else ""
    return replace(token, start=token.start - len(issuer), unit=issuer.strip())


# --- Numbers with and without a unit ----------------------------------------------------------

_CURRENCY_SIGN = re.compile(
    "(?P<sign>" + "|".join(map(re.escape, sorted(_CURRENCY_SIGNS, key=len, reverse=True))) + ") ?"
)
_DIGIT_BEHIND = re.compile(" ?[0-9]")
_VAGUE_BEFORE = "数几好"  # 数十家, 几百人: no value
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


def _money_token(match: re.Match[str]) -> _Token | None:
    """Read a number behind its currency: RMB 5 million, ¥200万, 人民币三百万元."""
    number = _read_number(_NUMBER_OF_MONEY.match(match.string, match.end()))
    if number is None:
        return None
    found = _UNIT.match(match.string, number.end)
    suffix = found if found and _is_suffix(found) else None
    return _Token(
        Kind.MONEY,
        match.start(),
        suffix.end() if suffix else number.end,
        number.value,
        number.high,
        _CURRENCY_SIGNS[match["sign"]],
        _more_than(suffix["more"]) if suffix and suffix["more"] else number.bound,
        scale=number.scale,
        state=_State.WHOLE if suffix else _State.PREFIXED,
    )


def _is_suffix(match: re.Match[str]) -> bool:
    """Tell the second naming of a currency (RMB 5 million yuan) from that of the next amount."""
    next_amount = _DIGIT_BEHIND.match(match.string, match.end())
    return _unit_of(match).kind is Kind.MONEY and not next_amount


def _number_token(match: re.Match[str]) -> _Token | None:
    text, start, number = match.string, match.start(), _read_number(match)
    if number is None or (start and text[start - 1] in _VAGUE_BEFORE):
        return None
    found = _UNIT.match(text, number.end)
    if not found:
        return _bare_token(text, start, number)
    if number.script == "han" and _MAGNITUDE_ONLY.fullmatch(number.text):
        return _magnitude_token(text, start, number, found)
    return _measured_token(text, start, number, found)


def _measured_token(text: str, start: int, number: _Number, match: re.Match[str]) -> _Token:
    unit = _unit_of(match)
    kind, value = unit.kind, number.value * unit.factor
    if match["half"]:
        value += unit.factor / 2
    if kind is Kind.ORDINAL and (value != int(value) or number.scale != 1 or "两" in number.text):
        kind = Kind.COUNT  # 7.8级, 两届
    token = _Token(
        kind,
        start,
        match.end(),
        value,
        number.high * unit.factor if number.high else None,
        unit.name,
        _more_than(match["more"]) if match["more"] else number.bound,
        scale=number.scale * unit.factor,
    )
    return replace(token, state=_measured_state(text, token, number))


def _measured_state(text: str, token: _Token, number: _Number) -> _State:
    """Tell articles (一家, one company, 近一年) from counts; 1家 is a count."""
    if number.script == "digits" or number.value > 1:
        return _State.WHOLE
    if token.kind is Kind.COUNT or number.value == 0:
        return _State.ARTICLE
    as_such = text.endswith(_ONE_AS_SUCH, 0, token.start)
    goes_on = text.startswith(_YEAR_GOES_ON, token.end)
    day = token.unit == "日" and token.value == 1  # 有一天
    article = as_such or day or (token.kind is Kind.PERIOD and goes_on)
    return _State.ARTICLE if article else _State.WHOLE


def _magnitude_token(text: str, start: int, number: _Number, match: re.Match[str]) -> _Token | None:
    """Read 百亿元, 千亿级, 百强, 超百家; 万元 alone is a unit, 百家争鸣 a figure of speech."""
    unit, nearly = _unit_of(match), _NEARLY.get(text[start - 1 : start])
    span, money = (start, match.end()), unit.kind is Kind.MONEY
    if match["chinese"] == "级" and number.value >= 1000:
        return _Token(Kind.COUNT, *span, number.value, bound=Bound.ABOUT, scale=number.scale)
    if not (nearly is not None or match["chinese"] == "强" or (money and len(number.text) > 1)):
        return None
    kind = Kind.MONEY if money else Kind.COUNT
    bound = nearly or Bound.EXACT
    return _Token(kind, *span, number.value, unit=unit.name, bound=bound, scale=number.scale)


def _bare_token(text: str, start: int, number: _Number) -> _Token | None:
    following = text[number.end : number.end + 1]
    if number.script == "digits" and following.isascii() and following.isalpha():
        return None  # 5G, 3D
    if number.scale == 1 and _is_label(text, start):
        return None
    year = re.fullmatch("(?:19|20)[0-9]{2}", number.text) and number.scale == 1
    return _Token(
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


def _bare_state(number: _Number) -> _State:
    """Let a Chinese numeral without a unit count from 一百 on: 统一, 十五运会 count nothing."""
    if number.script == "digits":
        return _State.BARE
    if number.script == "words":
        return _State.BARE if number.value > 1 else _State.ARTICLE
    large = number.value >= 100 and number.text[0] in _DIGIT
    return _State.BARE if large and re.search("[百千万亿]", number.text) else _State.WEAK


def _half_token(match: re.Match[str]) -> _Token | None:
    """Read 半年 and 半个月; 上半年 and 大半年 are none."""
    if match.string.endswith(tuple("上下前后大多小一"), 0, match.start()):
        return None
    unit = _UNITS[match["unit"]]
    return _Token(Kind.PERIOD, *match.span(), unit.factor / 2, unit=unit.name)


# --- Scanning ---------------------------------------------------------------------------------

_Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], _Token | None]]
_LATIN_RULES: tuple[_Rule, ...] = (
    *((pattern, _date_token) for pattern in _DATES_ENGLISH[1:]),
    (_MONTH_ALONE, _month_alone),
    (_WORD_FRACTION, _word_fraction),
    (_FIVE_YEAR_PLAN, _five_year_plan),
    (_ORDINAL_SUFFIXED, _ordinal_suffixed),
    (_ORDINAL_LABELLED, _ordinal_labelled),
    (_QUARTER, _quarter_token),
    (_CURRENCY_SIGN, _money_token),
    (_NUMBER, _number_token),
    (_ROMAN_ORDINAL, _roman_token),
)
_OTHER_RULES: tuple[_Rule, ...] = (
    (_DOCUMENT_NUMBER, _document_number),
    (_FIVE_YEAR_PLAN, _five_year_plan),
    (_DATE_CHINESE, _date_token),
    (_DATE_NUMERIC, _date_token),
    (_DATE_AMERICAN, _american_date),
    (_DATES_ENGLISH[0], _date_token),
    (_DAY_ALONE, _day_alone),
    (_YEAR, _year_token),
    (_DECADE, _decade_token),
    (_PARTS_OF, _parts_of),
    (_SLASH_FRACTION, _slash_fraction),
    (_TENTHS, _tenths),
    (_ORDINAL_CHINESE, _ordinal_chinese),
    (_FIRST, _first_token),
    (_ORDINAL_SUFFIXED, _ordinal_suffixed),
    (_ORDINAL_LABELLED, _ordinal_labelled),
    (_CURRENCY_SIGN, _money_token),
    (_NUMBER, _number_token),
    (_HALF, _half_token),
    (_ROMAN_ORDINAL, _roman_token),
)
# Where a quantity, or something to pass over, may begin.
_CANDIDATE = re.compile(
    rf"[0-9第首半¥$€£№〔\[(【ⅰ-ⅻⅠ-Ⅻ人港新澳欧民公西周星礼壹贰叁肆伍陆柒捌玖]|{_NUMERAL}|(?<![0-9a-z])[a-z]"
)
# What is no quantity is passed over as a whole: 十四, p4, covid-19; not the year in mid-2024.
_RUN = re.compile(
    r"[0-9a-z]+(?:\.[0-9]+)*(?:[-+](?!(?:19|20)[0-9]{2}(?![0-9a-z]))[a-z]{0,20}[0-9][0-9a-z]*)*"
    rf"|{_NUMERAL}+|.",
    re.DOTALL,
)


def _scan(text: str) -> Iterator[_Token]:
    """Yield the tokens of a folded text from left to right, none overlapping."""
    position, last_end = 0, 0
    while candidate := _CANDIDATE.search(text, position):
        start = candidate.start()
        skipped = _SKIP.match(text, start)
        token = None if skipped else _token_at(text, start)
        if token is None:
            passed = skipped or _RUN.match(text, start)
            position = passed.end() if passed else start + 1
            continue
        if token.kind is Kind.DOCUMENT_NUMBER:
            token = _with_issuer(text, token, last_end)
        yield token
        position = last_end = token.end


def _token_at(text: str, start: int) -> _Token | None:
    for pattern, read in _LATIN_RULES if "a" <= text[start] <= "z" else _OTHER_RULES:
        match = pattern.match(text, start)
        token = read(match) if match else None
        if token:
            return token
    return None


# --- Lists and ranges -------------------------------------------------------------------------

_RANGE_GAP = re.compile(" ?(?:-|–|—|--|——|~|〜|−|至|到|to|through) ?")
_LIST_GAP = re.compile(" ?(?:、|/|和|及|与|或|以及|and|or|&) ?|, (?:and|or) ")
_LONGEST_GAP = 6
_LISTED = ("list", "comma")
_RANGED = (Kind.MONEY, Kind.COUNT, Kind.PERCENT, Kind.PERIOD, Kind.YEAR, Kind.ORDINAL)


def _gap(text: str, left: _Token, right: _Token) -> str:
    """Return how two neighbours are joined: "range", "list", "comma" or ""."""
    if right.start - left.end > _LONGEST_GAP:
        return ""
    between = text[left.end : right.start]
    if _RANGE_GAP.fullmatch(between):
        return "range"
    if not _LIST_GAP.fullmatch(between):
        return "comma" if between == ", " else ""
    bracketed = text.endswith("between ", 0, left.start) and "and" in between
    return "range" if bracketed else "list"


def _combine(text: str, tokens: Iterable[_Token]) -> list[_Token]:
    """Let neighbours share unit, magnitude and date, and join the two ends of a range."""
    combined: list[_Token] = []
    for token in reversed(_share_rightwards(text, list(tokens))):
        gap = _gap(text, token, combined[-1]) if combined else ""
        if gap:
            token = _share_leftwards(text, token, combined[-1], gap)
        merged = _merge(token, combined[-1]) if gap == "range" else None
        if merged:
            combined[-1] = merged
        else:
            combined.append(token)
    return combined[::-1]


def _share_rightwards(text: str, tokens: list[_Token]) -> list[_Token]:
    """Hand on a currency, a date, a phase: RMB 2, 5 and 8 million; 11月29日、30日; phase I, II."""
    shared: list[_Token] = []
    for i, token in enumerate(tokens):
        gap = _gap(text, shared[-1], token) if shared else ""
        more = i + 1 < len(tokens) and bool(_gap(text, token, tokens[i + 1]))
        # On November 2, 5 companies …; but phases I, II, III and RMB 2, 5 and 8 million
        if gap and (gap != "comma" or more or token.kind is Kind.ORDINAL):
            token = _take_from_left(token, shared[-1], more)
        shared.append(token)
    return shared


def _take_from_left(token: _Token, left: _Token, more: bool) -> _Token:
    bare = token.state in (_State.BARE, _State.WEAK)
    if left.kind is Kind.DATE:
        return _date_from_left(token, left)
    if left.state is _State.PREFIXED and bare and (more or token.scale != 1):
        return replace(token, kind=Kind.MONEY, unit=left.unit, year=None, state=_State.PREFIXED)
    follows = left.kind is Kind.ORDINAL and left.state in _NAMED and left.value is not None
    if follows and bare and token.value and token.scale == 1 and left.value:
        roman, next_one = token.kind is Kind.ORDINAL, token.value == left.value + 1
        if roman or next_one:
            return replace(token, kind=Kind.ORDINAL, unit=left.unit, state=_State.SHARED)
    return token


def _date_from_left(token: _Token, left: _Token) -> _Token:
    """Complete 30日 behind 11月29日、 and 12月2日 behind 2024年11月29日至."""
    if token.kind is Kind.DATE and token.year is None and left.day and token.day:
        return replace(token, year=left.year, month=token.month or left.month)
    day = token.value
    if token.state is _State.BARE and left.day and left.month and day and left.day < day <= 31:
        return _as_date(token, left.year, left.month, int(day))
    return token


def _as_date(token: _Token, year: int | None, month: int | None, day: int | None) -> _Token:
    whole = replace(token, kind=Kind.DATE, value=None, state=_State.WHOLE)
    return replace(whole, year=year, month=month, day=day)


def _share_leftwards(text: str, token: _Token, right: _Token, gap: str) -> _Token:
    """Give a number the unit and the magnitude behind it: 200、500、800万元, 100-300万元."""
    if token.state is _State.PREFIXED:
        signless = right.state is _State.PREFIXED and text[right.start].isdigit()
        return _scaled(token, right, gap) if signless else token
    unnamed = token.kind is Kind.ORDINAL and not token.unit and right.kind is Kind.ORDINAL
    if unnamed and right.state in _NAMED:
        return replace(token, unit=right.unit, state=_State.SHARED)
    if token.state not in (_State.BARE, _State.WEAK) or token.kind is Kind.ORDINAL:
        return token
    if right.kind is Kind.DATE:
        return _date_from_right(token, right)
    if not _may_share(text, token, right, gap):
        return token
    scaled = _scaled(token, right, gap)
    if right.state is _State.BARE:
        return scaled
    year = token.year if right.kind is Kind.YEAR else None
    return replace(scaled, kind=right.kind, unit=right.unit, year=year, state=_State.SHARED)


_NAMED = (_State.WHOLE, _State.SHARED)


def _may_share(text: str, token: _Token, right: _Token, gap: str) -> bool:
    if right.state not in (*_NAMED, _State.BARE) or right.kind is Kind.DOCUMENT_NUMBER:
        return False
    if gap == "comma" and right.state is _State.WHOLE:
        return False  # In 35, 5 million yuan …; but 2, 5 and 8 million yuan
    if token.kind is Kind.YEAR and right.kind is not Kind.YEAR:
        # 2024和500家, 2021—25年; but 2000、3000万元
        return text[token.end] in "、/-–—~至到" and right.kind is not Kind.PERIOD
    if right.kind is Kind.ORDINAL:  # not 200万 in 200万、二期500万, nor 20 in "20 and phase II"
        return token.scale == 1 and not text[right.end - 1].isascii()
    return True


def _scaled(token: _Token, right: _Token, gap: str) -> _Token:
    """Multiply by the neighbour's magnitude, but not 5000 in 5000-1万元."""
    if token.scale != 1 or right.scale == 1 or token.value is None or right.value is None:
        return token
    value = token.value * right.scale
    if gap == "range" and value >= right.value:
        return token
    return replace(token, value=value, scale=right.scale)


def _date_from_right(token: _Token, right: _Token) -> _Token:
    """Complete 1 in 1、2月 and 29 in 29、30日."""
    number = token.value
    if number is None or token.scale != 1 or token.kind is Kind.YEAR:
        return token
    if right.day is None and right.month and 1 <= number <= 12:
        return _as_date(token, right.year, int(number), None)
    if right.day and 1 <= number < right.day:
        return _as_date(token, right.year, right.month, int(number))
    return token


def _merge(low: _Token, high: _Token) -> _Token | None:
    """Return the range from one token to the next; None if they make none."""
    if low.value is None or high.value is None or low.high or high.high:
        return None
    top, same = high.value, (low.kind, low.unit) == (high.kind, high.unit)
    if low.kind is Kind.YEAR and (short := _short_year(high)):
        top, same = low.value - low.value % 100 + short, True
    weak = _State.WEAK in (low.state, high.state) or _State.ARTICLE in (low.state, high.state)
    if not same or weak or low.kind not in _RANGED or low.value >= top:
        return None
    return replace(low, high=top, end=high.end, state=high.state, scale=high.scale)


def _short_year(token: _Token) -> Decimal | None:
    """Return 25 in 2021-25 and 2021—25年."""
    if token.kind is Kind.PERIOD and token.unit == "月" and token.value:
        value: Decimal | None = token.value / token.scale
    else:
        value = token.value if token.state is _State.BARE else None
    return value if value and value < 100 else None


# --- Bounds -----------------------------------------------------------------------------------

_BOUNDED = (Kind.MONEY, Kind.COUNT, Kind.PERCENT, Kind.PERIOD, Kind.ORDINAL)
_BEFORE_LENGTH = 28  # characters that may hold a bound and the verb behind it
_AFTER_LENGTH = 14
# What stands between 最高 and its number: 最高可给予, 最高不超过.
_GIVING = (
    "(?:可|可以|将|再|按|给予|予以|给|奖励|奖补|补助|补贴|资助|支持|扶持|奖|补|为|达到|达|至|到|获得|获|"
    "申请|享受|每年|每家|每个|单个|一次性|不超过|金额|额度|标准|的|分别|各|:| ){0,6}"
)
_ENGLISH_FILL = "(?: a total of| a| an| the| another| about| additional)? $"
_BOUNDS_BEFORE = tuple(
    (bound, re.compile(f"(?:{chinese})$|(?:^|[^a-z])(?:{english}){_ENGLISH_FILL}"))
    for bound, chinese, english in (
        (
            Bound.AT_MOST,
            rf"(?:最高|最多|至多|上限|封顶|限额){_GIVING}|≤ ?|<= ?"
            "|(?:不|未|不得|不能|不应|不可|不会)(?:超过|超出|高于|多于|大于|超)",
            "up to|at most|no more than|not more than|not over|(?:not|never) (?:to )?exceed(?:ing)?"
            "|(?:cannot|must not|may not|shall not) exceed|maximum of|maximum|max|capped at|cap of"
            "|limit of|ceiling of|as much as|as many as|as high as|within",
        ),
        (
            Bound.AT_LEAST,
            "(?:至少|最少|最低|起码)[一-鿿]{0,4}|(?:不|不得|不能|不应|不可)(?:少于|低于|小于)"
            "|≥ ?|>= ?",
            "at least|no less than|not less than|no fewer than|not fewer than|not below|minimum of"
            "|minimum|min",
        ),
        (
            Bound.MORE_THAN,
            # A bare > may close a tag or open a quotation.
            r"超过|超出|超|逾|突破|多于|大于|高于|[一-鿿%)] ?> ?",
            "over|more than|exceed|exceeds|exceeded|exceeding|above|greater than|upwards of"
            "|in excess of|surpassing|surpassed",
        ),
        (
            Bound.LESS_THAN,
            r"不足|不到|不满|未满|未达|低于|少于|小于|[一-鿿%)] ?< ?",
            "less than|fewer than|under|below|short of",
        ),
        (
            Bound.ABOUT,
            r"约[为合]?|大概|(?<![附最靠邻临])近|接近|≈ ?|~ ?",
            "about|around|approximately|approx\\.|some|roughly|nearly|almost|close to|circa",
        ),
    )
)
_BOUNDS_AFTER = tuple(
    (bound, re.compile(rf" ?(?:\(含\))?(?:{chinese})| ?(?:{english})(?![a-z])"))
    for bound, chinese, english in (
        (
            Bound.AT_LEAST,
            r"(?:及|或|和)?以上|起(?![来草步])|\+",
            "or more|or above|and above|and over|or over|at least|plus",
        ),
        (
            Bound.AT_MOST,
            "(?:及|或|和)?以下|(?:以|之)内|封顶|为上限|为限",
            "or less|or fewer|or below|and below|at most|maximum|or under",
        ),
        (Bound.ABOUT, "左右|上下|前后", "or so"),
        (Bound.MORE_THAN, "[余多](?!元|家|种|个|边|样|方|次|级)", "-odd"),
    )
)
_UPPER = (Bound.AT_MOST, Bound.LESS_THAN)
_LOWER = (Bound.AT_LEAST, Bound.MORE_THAN)


def _bound_before(text: str, token: _Token) -> Bound:
    if token.kind is Kind.ORDINAL:  # under phase III
        return Bound.EXACT
    before = text[max(0, token.start - _BEFORE_LENGTH) : token.start]
    for bound, pattern in _BOUNDS_BEFORE:
        found = pattern.search(before)
        if found and not (token.kind is Kind.PERIOD and found[0] == "近"):  # 近三年: the last three
            return bound
    return Bound.EXACT


def _bound_after(text: str, token: _Token) -> Bound:
    if token.kind is Kind.PERIOD and text.startswith("内", token.end):
        return Bound.AT_MOST
    after = text[token.end : token.end + _AFTER_LENGTH]
    found = (bound for bound, pattern in _BOUNDS_AFTER if pattern.match(after))
    return next(found, Bound.EXACT)


def _bound(text: str, tokens: list[_Token]) -> Iterator[_Token]:
    """Yield the tokens with their bounds; in a list a cap holds on: 最高200万元、500万元."""
    previous: _Token | None = None
    for token in tokens:
        if token.kind in _BOUNDED:
            marks = (_bound_before(text, token), token.bound, _bound_after(text, token))
            bound = next((mark for mark in marks if mark is not Bound.EXACT), Bound.EXACT)
            if bound is Bound.EXACT and previous and _gap(text, previous, token) in _LISTED:
                bound = _bound_in_list(previous, token)
            token = replace(token, bound=bound)
        yield token
        previous = token


def _bound_in_list(previous: _Token, token: _Token) -> Bound:
    same = (previous.kind, previous.unit) == (token.kind, token.unit)
    return previous.bound if same and previous.bound in (*_UPPER, *_LOWER) else Bound.EXACT


# --- What callers use -------------------------------------------------------------------------


def quantities(text: str) -> tuple[Quantity, ...]:
    """Return the quantities of a text in its order, none overlapping; never raises."""
    return _extract(text, as_evidence=False)


def _extract(text: str, as_evidence: bool) -> tuple[Quantity, ...]:
    """Return the quantities; of evidence also those that claim nothing but support a claim."""
    folded = _fold(text)
    tokens = list(_bound(folded, _combine(folded, _scan(folded))))
    if as_evidence:
        tokens = [_as_evidence(folded, token) for token in tokens]
    kept = (t for t in tokens if t.state not in (_State.WEAK, _State.ARTICLE))
    return tuple(_quantity(text, token) for token in kept)


def _as_evidence(folded: str, token: _Token) -> _Token:
    """Count 一家, "one" and 两地 in evidence, where what follows a bare numeral is its unit."""
    if token.state is _State.ARTICLE:
        return replace(token, state=_State.WHOLE)
    if token.state is not _State.WEAK or token.kind is not Kind.COUNT or (token.value or 0) < 2:
        return token
    return replace(token, unit=folded[token.end : token.end + 1], state=_State.WHOLE)


def _quantity(text: str, token: _Token) -> Quantity:
    return Quantity(
        token.kind,
        token.value,
        token.high,
        token.unit,
        token.bound,
        text[token.start : token.end],
        token.start,
        token.end,
        token.year,
        token.month,
        token.day,
    )


def same_amount(a: Quantity, b: Quantity) -> bool:
    """Tell whether two quantities state the same amount, date or ordinal in any notation.

    Bounds do not count. A missing unit, as in English, fits any measure word; a date without year
    fits one with it. A bare number from 10,000 on fits money too: 预算430万 leaves 元 out.
    """
    if a.kind is b.kind:
        return _SAME_KIND.get(a.kind, _same_values)(a, b)
    return _same_across_kinds(a, b) or _same_across_kinds(b, a)


def _same_values(a: Quantity, b: Quantity) -> bool:
    return (a.value, a.high, a.unit) == (b.value, b.high, b.unit)


def _same_counts(a: Quantity, b: Quantity) -> bool:
    units = {_SYNONYMS.get(a.unit, a.unit), _SYNONYMS.get(b.unit, b.unit)}
    return (a.value, a.high) == (b.value, b.high) and (len(units) == 1 or bool(units & {"", "个"}))


def _same_dates(a: Quantity, b: Quantity) -> bool:
    """Compare dates part by part: a missing year or month is open, a missing day is not."""
    open_parts = ((a.year, b.year), (a.month, b.month))
    return a.day == b.day and all(None in pair or pair[0] == pair[1] for pair in open_parts)


def _same_documents(a: Quantity, b: Quantity) -> bool:
    if (a.year, a.value) != (b.year, b.value):
        return False
    if a.unit.isascii() or b.unit.isascii():
        return a.unit.isascii() != b.unit.isascii() or not a.unit or a.unit == b.unit
    return a.unit.endswith(b.unit) or b.unit.endswith(a.unit)


_SAME_KIND: dict[Kind, Callable[[Quantity, Quantity], bool]] = {
    Kind.COUNT: _same_counts,
    Kind.ORDINAL: _same_counts,
    Kind.DATE: _same_dates,
    Kind.DOCUMENT_NUMBER: _same_documents,
}
# Counts that number one thing: 3类 is a class or three of them.
_NUMBERED = (("类", "类"), ("类", "级"), ("类", ""), ("", "号"))
# From here on, writers leave the currency out.
_MONEY_WITHOUT_CURRENCY = 10_000


def _same_across_kinds(a: Quantity, b: Quantity) -> bool:
    """Tell whether `a`, ambiguous by itself, can be read as the kind of `b`."""
    values = (a.value, a.high) == (b.value, b.high)
    if a.kind is Kind.COUNT and b.kind is Kind.MONEY:
        return values and not a.unit and (a.value or 0) >= _MONEY_WITHOUT_CURRENCY
    if a.kind is Kind.COUNT and b.kind is Kind.ORDINAL:  # 3类 or Ⅲ类; Route 168 or 168号
        return values and (a.unit, b.unit) in _NUMBERED
    if a.kind is Kind.YEAR and b.kind is Kind.COUNT:  # 2000 may be a number
        return values and (a.text.isdigit() or not b.unit)
    if a.kind is Kind.DATE and b.kind is Kind.PERIOD:  # 5日 may be five days
        return a.month is None and b.unit == "日" and a.day == b.value
    return False


def bounds_agree(a: Quantity, b: Quantity) -> bool:
    """Tell whether two bounds can both hold: 最高 and 至少 cannot; EXACT and ABOUT fit any."""
    bounds = {a.bound, b.bound}
    return bounds.isdisjoint(_UPPER) or bounds.isdisjoint(_LOWER)


def missing(claim: str, evidence: Sequence[str]) -> tuple[Quantity, ...]:
    """Return the quantities of `claim` that stand in none of the `evidence` texts, in text order.

    A quantity stands there when `same_amount` finds it, when it is an end of a range or a part of
    a date there (2024年 in 2024年11月29日), when both ends of the range it is stand there, or when
    it is "about" a value there, rounded. A date without year in the evidence fits any year, unless
    the same day stands there with its year.
    """
    found = (q for text in evidence for q in _extract(text, as_evidence=True))
    stock = _stock_of(reading for quantity in found for reading in _readings(quantity))
    return tuple(q for q in quantities(claim) if not _stands(q, stock))


@dataclass(frozen=True, slots=True)
class _Stock:
    """The readings of the evidence by `_key`, and its values in ascending order."""

    readings: dict[Decimal, set[Quantity]]
    values: list[Decimal]


def _stock_of(readings: Iterable[Quantity]) -> _Stock:
    stock: defaultdict[Decimal, set[Quantity]] = defaultdict(set)
    for reading in readings:
        stock[_key(reading)].add(replace(reading, start=0, end=0))
    return _Stock(dict(stock), sorted(stock))


def _stands(quantity: Quantity, stock: _Stock) -> bool:
    known = _known(quantity, stock)
    if any(same_amount(quantity, reading) for reading in known):
        return True
    if quantity.high is not None:
        low, high = replace(quantity, high=None), replace(quantity, value=quantity.high, high=None)
        return _stands(low, stock) and _stands(high, stock)
    if quantity.bound is not Bound.ABOUT or not quantity.value:
        return False
    near = _near(quantity.value, stock)
    return any(same_amount(quantity, replace(reading, value=quantity.value)) for reading in near)


def _known(quantity: Quantity, stock: _Stock) -> Iterable[Quantity]:
    """Return what may be the same; dates without year only where the evidence has none with it."""
    known = stock.readings.get(_key(quantity), set())
    if quantity.kind is not Kind.DATE or quantity.year is None:
        return known
    yearless = replace(quantity, year=None)
    dated = [q for q in known if q.kind is Kind.DATE and q.year and same_amount(q, yearless)]
    return dated or known


_LEAST_DIGITS = 2  # "about 500" stands for 497, not for 460


def _near(value: Decimal, stock: _Stock) -> Iterator[Quantity]:
    """Yield the readings that round to `value` at its last digit that is not zero."""
    digits = max(_LEAST_DIGITS, len(value.normalize().as_tuple().digits))
    half = Decimal(5).scaleb(value.adjusted() - digits)
    first, last = bisect_left(stock.values, value - half), bisect_left(stock.values, value + half)
    for known in stock.values[first:last]:
        yield from stock.readings[known]


def _key(quantity: Quantity) -> Decimal:
    """Return a number that two quantities of the same amount share, to look them up by."""
    number = quantity.day or quantity.month if quantity.kind is Kind.DATE else quantity.value
    return Decimal(number or 0)


_LONGEST_SERIES = 20  # 第1—20期; longer ranges of ordinals are not spelled out


def _readings(quantity: Quantity) -> Iterator[Quantity]:
    """Yield a quantity of the evidence and what follows from it: its ends, its month, its year."""
    yield quantity
    if quantity.high is not None and quantity.value is not None:
        for value in _members(quantity):
            yield replace(quantity, value=value, high=None)
    if quantity.kind is Kind.DATE and quantity.day and quantity.month:
        yield replace(quantity, day=None)
    if quantity.year and quantity.kind in (Kind.DATE, Kind.DOCUMENT_NUMBER):
        yield replace(quantity, kind=Kind.YEAR, value=Decimal(quantity.year), unit="", text="年")
    if quantity.kind is Kind.PERIOD and re.fullmatch("[1-9][0-9]{2} ?年", quantity.text):
        year = Decimal(quantity.text[:3])  # 618年: a year or a time
        yield replace(quantity, kind=Kind.YEAR, value=year, unit="")


def _members(quantity: Quantity) -> Iterable[Decimal]:
    low, high = quantity.value or Decimal(0), quantity.high or Decimal(0)
    if quantity.kind is Kind.ORDINAL and high - low < _LONGEST_SERIES:
        return map(Decimal, range(int(low), int(high) + 1))
    return (low, high)
