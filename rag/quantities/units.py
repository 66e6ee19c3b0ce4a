"""Units of money, percent, time, things and ordinals, as they are written."""

import re
from collections.abc import Iterable
from decimal import Decimal

from rag.kinds import Kind
from rag.quantities.numerals import MORE
from rag.quantities.types import Unit

_UNIT_ROWS: tuple[tuple[Kind, str, str, str], ...] = (
    (
        Kind.MONEY,
        "CNY",
        "1",
        "元人民币|元|圆|块钱|人民币|yuan renminbi|chinese yuan|yuan|renminbi|rmb yuan|rmb|cny",
    ),
    (
        Kind.MONEY,
        "USD",
        "1",
        "美元|美金|us dollars|us dollar|u.s. dollars|u.s. dollar|dollars|dollar|usd",
    ),
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
    (Kind.PERCENT, "百分点", "0.01", "个基点|基点|basis points|basis point|bps"),
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
UNITS: dict[str, Unit] = {
    **{word: Unit(Kind.COUNT, word, Decimal(1)) for word in _MEASURE_WORDS.split()},
    **{
        spelling: Unit(kind, name, Decimal(factor))
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
GUARDS = dict(row.split(":") for row in _GUARD_ROWS.split())


def alternatives(words: Iterable[str]) -> str:
    """Return a pattern of the words, longest first, each with its guard."""
    ordered = sorted(words, key=len, reverse=True)
    guards = (f"(?![{GUARDS[word]}])" if word in GUARDS else "" for word in ordered)
    return "|".join(re.escape(word) + guard for word, guard in zip(ordered, guards, strict=True))


_LATIN_UNITS = tuple(word for word in UNITS if word[-1].isascii() and word != "%")
CHINESE_UNITS = tuple(word for word in UNITS if word not in _LATIN_UNITS)
UNIT = re.compile(
    rf"(?P<more>{MORE}?) ?(?:(?P<chinese>{alternatives(CHINESE_UNITS)})"
    rf"|-?(?P<english>{alternatives(_LATIN_UNITS)})(?![a-z0-9]))(?P<half>半(?![导年数径岛程月]))?"
)
CURRENCY_SIGNS = {
    **dict.fromkeys(("人民币", "rmb¥", "rmb", "cny", "cn¥", "¥"), "CNY"),
    **dict.fromkeys(("us$", "us $", "u.s.$", "usd", "$", "美元", "美金"), "USD"),
    **dict.fromkeys(("hk$", "hkd", "港币", "港元"), "HKD"),
    **dict.fromkeys(("nt$", "twd", "新台币"), "TWD"),
    **dict.fromkeys(("mop$", "mop", "澳门币", "澳门元"), "MOP"),
    **dict.fromkeys(("€", "eur", "欧元"), "EUR"),
    **dict.fromkeys(("£", "gbp", "英镑"), "GBP"),
    **dict.fromkeys(("jp¥", "jpy", "日元"), "JPY"),
    **dict.fromkeys(("a$", "au$", "aud", "澳元"), "AUD"),
    **dict.fromkeys(("c$", "ca$", "cad", "加元"), "CAD"),
    **dict.fromkeys(("s$", "sgd", "新加坡元"), "SGD"),
}
# Measure words that writers swap for one another: 3所医院 and 3家医院.
SYNONYMS = {
    word: group[0]
    for group in ("人名位", "家所间户", "项件条款宗", "台架辆部艘套", "座栋幢", "种类型")
    for word in group
} | {"部门": "家", "部委": "家", "阶段": "期", "台套": "台"}


def unit_of(match: re.Match[str]) -> Unit:
    """Return the unit of a match of UNIT."""
    return UNITS[match["chinese"] or match["english"]]
