"""Quantities in Chinese and English: what is found, what equals what, what is missing."""

from datetime import date
from decimal import Decimal
from itertools import combinations, pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sampling import one_in

from rag.quantities import Bound, Kind, Quantity, bounds_agree, missing, quantities, same_amount

FEW = settings(max_examples=25)


def brief(quantity: Quantity) -> str:
    """Write a quantity as its kind, value or date, unit and bound, as far as it has them."""
    numbers = [quantity.value, quantity.high]
    if quantity.kind in (Kind.DATE, Kind.DOCUMENT_NUMBER):
        parts = "-".join(str(part or "?") for part in (quantity.year, quantity.month, quantity.day))
        numbers = [parts if quantity.kind is Kind.DATE else f"{quantity.year}/{quantity.value}"]
    plain = (f"{n.normalize():f}" if isinstance(n, Decimal) else n for n in numbers if n)
    value = "..".join(plain)
    bound = "" if quantity.bound is Bound.EXACT else str(quantity.bound)
    return " ".join(filter(None, (str(quantity.kind), value, quantity.unit, bound)))


def found(text: str) -> list[str]:
    return [brief(quantity) for quantity in quantities(text)]


def one(text: str) -> Quantity:
    (quantity,) = quantities(text)
    return quantity


READ = {
    # money
    "补助500万元": ["money 5000000 CNY"],
    "補助三百五十萬元": ["money 3500000 CNY"],
    "约合人民币１．２亿元": ["money 120000000 CNY about"],
    "营收4112.83亿元": ["money 411283000000 CNY"],
    "总额1万亿元": ["money 1000000000000 CNY"],
    "注资1亿2千万元": ["money 120000000 CNY"],
    "出资叁佰伍拾万元整": ["money 3500000 CNY"],
    "二十四点五万元": ["money 245000 CNY"],
    "¥200万": ["money 2000000 CNY"],
    "￥200萬": ["money 2000000 CNY"],
    "５，０００，０００元": ["money 5000000 CNY"],
    "a grant of RMB 5 million": ["money 5000000 CNY"],
    "RMB 5 million yuan": ["money 5000000 CNY"],
    "a 5-million-yuan grant": ["money 5000000 CNY"],
    "5,000,000 yuan": ["money 5000000 CNY"],
    "15m yuan": ["money 15000000 CNY"],
    "CNY 1.5bn": ["money 1500000000 CNY"],
    "US$5m": ["money 5000000 USD"],
    "300万美元和200万港币": ["money 3000000 USD", "money 2000000 HKD"],
    "half a million dollars": ["money 500000 USD"],
    "¥200万 CNY 3bn": ["money 2000000 CNY", "money 3000000000 CNY"],
    "超百亿元": ["money 10000000000 CNY more_than"],
    "壹佰万元、貳拾萬圓、拾万元": [f"money {n}0000 CNY" for n in (100, 20, 10)],
    "贰拾万": ["count 200000"],
    "1亿零500万元": ["money 105000000 CNY"],
    "美元500万、港元300万、日元2亿": [
        "money 5000000 USD",
        "money 3000000 HKD",
        "money 200000000 JPY",
    ],
    "A$5m, S$2m, C$1m": ["money 5000000 AUD", "money 2000000 SGD", "money 1000000 CAD"],
    "5 million U.S. dollars": ["money 5000000 USD"],
    "RMB 5 mil, 15 mln yuan": ["money 5000000 CNY", "money 15000000 CNY"],
    "two and a half million yuan": ["money 2500000 CNY"],
    "数百万元": ["money 2000000..10000000 CNY about"],
    "tens of millions of yuan": ["money 20000000..100000000 CNY about"],
    # lists, ranges
    "分别奖励最高20万元、50万元、80万元": [f"money {n}0000 CNY at_most" for n in (20, 50, 80)],
    "分别给予20、50、80万元": [f"money {n}0000 CNY" for n in (20, 50, 80)],
    "20/50/80万元": [f"money {n}0000 CNY" for n in (20, 50, 80)],
    "20和50万元": [f"money {n}0000 CNY" for n in (20, 50)],
    "up to 2, 5 and 8 million yuan": [f"money {n}000000 CNY at_most" for n in (2, 5, 8)],
    "RMB 2, 5 and 8 million": [f"money {n}000000 CNY" for n in (2, 5, 8)],
    "two, five and eight million yuan": [f"money {n}000000 CNY" for n in (2, 5, 8)],
    "奖励3万元、5人": ["money 30000 CNY", "count 5 人"],
    "100-300万元": ["money 1000000..3000000 CNY"],
    "100万元至300万元": ["money 1000000..3000000 CNY"],
    "5000-1万元": ["money 5000..10000 CNY"],
    "RMB 1-3 million": ["money 1000000..3000000 CNY"],
    "between 5 and 10 million yuan": ["money 5000000..10000000 CNY"],
    "3至5家": ["count 3..5 家"],
    "5%-10%": ["percent 5..10"],
    "2023—2025年": ["year 2023..2025"],
    "2021—25年": ["year 2021..2025"],
    "2021-25": ["year 2021..2025"],
    "企业200、300家": ["count 200 家", "count 300 家"],
    "2024和500家": ["year 2024", "count 500 家"],
    # counts
    "三大平台": ["count 3"],
    "五大工程": ["count 5"],
    "兩家公司": ["count 2 家"],
    "三家": ["count 3 家"],
    "1家": ["count 1 家"],
    "500强": ["count 500"],
    "用户1.2亿": ["count 120000000"],
    "三四百人": ["count 300..400 人 about"],
    "a hundred and twenty firms": ["count 120"],
    "three platforms, 50 scenarios": ["count 3", "count 50"],
    "3公里、5 km": ["count 3 公里", "count 5 公里"],
    "百余家、千余人、300余個": [
        "count 100 家 more_than",
        "count 1000 人 more_than",
        "count 300 个 more_than",
    ],
    "数十家、几百人": ["count 20..100 家 about", "count 200..1000 人 about"],
    "dozens of firms": ["count 20..100 about"],
    "3k companies": ["count 3000"],
    "翻一番、翻兩番": ["count 2 倍", "count 4 倍"],
    "doubled, tripled": ["count 2 倍", "count 3 倍"],
    "增长一倍": ["count 2 倍"],
    "约一家": ["count 1 家 about"],
    "仅一家": ["count 1 家"],
    "最多一个": ["count 1 个 at_most"],
    "only one company": ["count 1"],
    "at least one": ["count 1 at_least"],
    # percent
    "增长百分之十": ["percent 10"],
    "增长12.5％": ["percent 12.5"],
    "ten percent": ["percent 10"],
    "八成以上": ["percent 80 at_least"],
    "千分之五": ["percent 0.5"],
    "提高3个百分点": ["percent 3 百分点"],
    "3 percentage points": ["percent 3 百分点"],
    "50个基点": ["percent 0.5 百分点"],
    "5‰": ["percent 0.5"],
    "过半、近半数": ["percent 50 more_than", "percent 50 about"],
    "半数以上": ["percent 50 at_least"],
    "more than half of the firms": ["percent 50 more_than"],
    "超七成": ["percent 70 more_than"],
    # dates, years
    "2024年11月29日": ["date 2024-11-29"],
    "二〇二四年十一月二十九日": ["date 2024-11-29"],
    "民國113年11月29日": ["date 2024-11-29"],
    "2024-11-29": ["date 2024-11-29"],
    "2024.11.29": ["date 2024-11-29"],
    "on Nov. 29, 2024": ["date 2024-11-29"],
    "29 November": ["date ?-11-29"],
    "the 29th of November 2024": ["date 2024-11-29"],
    "11/29/2024": ["date 2024-11-29"],
    "2024年11月": ["date 2024-11-?"],
    "November 2024": ["date 2024-11-?"],
    "2024年3月1日至5日": ["date 2024-3-1", "date 2024-3-5"],
    "3月1日、12日": ["date ?-3-1", "date ?-3-12"],
    "On November 2, 5 companies signed": ["date ?-11-2", "count 5"],
    "1-6月": ["date ?-1-?", "date ?-6-?"],
    "民國一百一十三年": ["year 2024"],
    "113年度": ["year 2024"],
    "2024年底": ["year 2024"],
    "民國元年": ["year 1912"],
    "11月廿九日": ["date ?-11-29"],
    "2024年1月至6月": ["date 2024-1-?", "date 2024-6-?"],
    "2024Q3": ["year 2024", "ordinal 3 季度"],
    "2024年上半年": ["year 2024", "ordinal 1 半年"],
    "H2 2024": ["ordinal 2 半年", "year 2024"],
    "the first half of 2024": ["ordinal 1 半年", "year 2024"],
    "by the end of 2027": ["year 2027"],
    "今年和去年": [],
    "九十年代": ["year 1990..1999 年代"],
    "in 2024": ["year 2024"],
    "mid-2024": ["year 2024"],
    # periods
    "有效期三年": ["period 36 月"],
    "十二个月": ["period 12 月"],
    "两年半": ["period 30 月"],
    "半年": ["period 6 月"],
    "30日内": ["period 30 日 at_most"],
    "within 30 days": ["period 30 日 at_most"],
    "5个工作日": ["period 5 工作日"],
    "a three-year plan": ["period 36 月"],
    "近三年": ["period 36 月"],
    "三年五个月": ["period 36 月", "period 5 月"],
    "3年5月": ["period 36 月", "date ?-5-?"],
    "two and a half years, half a year": ["period 30 月", "period 6 月"],
    "几十年": ["period 240..1200 月 about"],
    "民國3年5月1日": ["date 1914-5-1"],
    # ordinals
    "进入Ⅰ期、II期、第三期": ["ordinal 1 期", "ordinal 2 期", "ordinal 3 期"],
    "I、II、III期临床": ["ordinal 1 期", "ordinal 2 期", "ordinal 3 期"],
    "第一、二、三期": ["ordinal 1 期", "ordinal 2 期", "ordinal 3 期"],
    "phase I, II and III trials": ["ordinal 1 期", "ordinal 2 期", "ordinal 3 期"],
    "Phase 1, 2 and 3 trials": ["ordinal 1 期", "ordinal 2 期", "ordinal 3 期"],
    "phases I, II, III": ["ordinal 1 期", "ordinal 2 期", "ordinal 3 期"],
    "phases I-III": ["ordinal 1..3 期"],
    "第5号": ["ordinal 5 号"],
    "第十二条": ["ordinal 12 条"],
    "第1至5条": ["ordinal 1..5 条"],
    "第五、六条": ["ordinal 5 条", "ordinal 6 条"],
    "第（三）项": ["ordinal 3 项"],
    "Phase IIb, Phase 1/2": ["ordinal 2 期", "ordinal 1 期", "ordinal 2 期"],
    "首批": ["ordinal 1 批"],
    "居全国第一": ["ordinal 1"],
    "the third quarter": ["ordinal 3 季度"],
    "“十四五”时期": ["ordinal 14 五年规划"],
    "14th Five-Year Plan": ["ordinal 14 五年规划"],
    # document numbers
    "粤府〔2024〕5号": ["document_number 2024/5 粤府"],
    "根据粵府辦[2023]12號文件": ["document_number 2023/12 粤府办"],
    "Yuefu [2024] No. 5": ["document_number 2024/5 yuefu"],
    # bounds
    "单个最高可给予30万元": ["money 300000 CNY at_most"],
    "每年不超过15万元": ["money 150000 CNY at_most"],
    "500万元封顶": ["money 5000000 CNY at_most"],
    "10亿元以上": ["money 1000000000 CNY at_least"],
    "至少建设3个": ["count 3 个 at_least"],
    "不低于60%": ["percent 60 at_least"],
    "超400家": ["count 400 家 more_than"],
    "十余家": ["count 10 家 more_than"],
    "1200多個": ["count 1200 个 more_than"],
    "3亿多元": ["money 300000000 CNY more_than"],
    "不足100人": ["count 100 人 less_than"],
    "約150人": ["count 150 人 about"],
    "10家左右": ["count 10 家 about"],
    "10来家": ["count 10 家 about"],
    "at least 50": ["count 50 at_least"],
    "500+ companies": ["count 500 at_least"],
    "no more than 10%": ["percent 10 at_most"],
    "over 400 firms": ["count 400 more_than"],
    "fewer than 20": ["count 20 less_than"],
    "about 150 people": ["count 150 about"],
    "最多安排50个": ["count 50 个 at_most"],
    "每年最多支持50個項目": ["count 50 个 at_most"],
    "不超过项目总投资的30%": ["percent 30 at_most"],
    "至少为企业培养2名": ["count 2 名 at_least"],
    "最高近200公里": ["count 200 公里 about"],
    "最低要求的16名": ["count 16 名 at_least"],
    "上限是200万元": ["money 2000000 CNY at_most"],
    "不突破3亿元": ["money 300000000 CNY at_most"],
    "以500万元为最高限额": ["money 5000000 CNY at_most"],
    "500万元起": ["money 5000000 CNY at_least"],
    "仅对超过部分按5%补贴": ["percent 5"],
    "最高得分的十名选手": ["count 10 名"],
    "最高20万元，共奖励5家": ["money 200000 CNY at_most", "count 5 家"],
    "up to a maximum of 5 million yuan": ["money 5000000 CNY at_most"],
    "capped at RMB 3 million": ["money 3000000 CNY at_most"],
    "the maximum grant amount is RMB 3 million": ["money 3000000 CNY at_most"],
    "no lower than 5%": ["percent 5 at_least"],
    "aged 18 or older": ["count 18 at_least"],
    "签约20家、节约5万元": ["count 20 家", "money 50000 CNY"],
    # marks around quantities
    "奖励5万元[1]【2】。": ["money 50000 CNY"],
    "1.培育20家企业": ["count 20 家"],
    "一、新增3家": ["count 3 家"],
    "（二）建设2个": ["count 2 个"],
    "<p>1家</p>": ["count 1 家"],
    "In 2023, 5 million yuan": ["year 2023", "money 5000000 CNY"],
    "一期20万、二期50万": ["ordinal 1 期", "count 200000", "ordinal 2 期", "count 500000"],
}


@pytest.mark.parametrize(("text", "expected"), one_in(2, READ.items()))
def test_text_is_read_as(text, expected):
    assert found(text) == expected


NO_QUANTITY = """
    一批项目|一系列举措|一定条件|统一标准|第一方阵|一方面|另一方面|一流|唯一|一个平台|一家企业|一项工作
    一体化|一带一路|一站式|一旦|一起|一般|一致|一律|进一步|万一|十分重要|百分百|千方百计|三三两两|一五一十
    乱七八糟|五花八门|三番五次|四面八方|百家争鸣|万众一心|一事一议|最后一公里|第一时间|第一线|第三方
    第三产业|三位一体|二维码|二次开发|十字路口|专精特新|好几家|若干|单位：万元
    数百分|几家|人数十分|半透膜|过半透膜|大半|the eastern half of town|H1|翻译|美金一条
    不止一家|more than one company|只是一个平台|希望作为一个起点|至少在其中的一个地方
    新的一年|近一年|哪一年|这一届|大半年|每一年|星期三|周五|首个|第一，加强领导
    “1+N”|1+1+8|从0到1|COVID-19|5G|3D打印|P4实验室|H1N1|PD-1|CAR-T|B2B|GB/T 7714-2015|3.2.1
    10:20:30|0755-12345678|007|http://example.com/show-1-48391-0.html|a1@example.com
    [1]|【12】|［3］|(4)|（五）|[1,2]|①②|附件1|表2|图3|Figure 3|Source 2
    1. 加强领导|1、加强领导|一、加强领导|2.1 总体要求|；2.完善机制|？3、完善机制
    one company|the first step|on the one hand|one of them|I think so|may agree|march on
    from zero to one
"""


@pytest.mark.parametrize("line", NO_QUANTITY.strip().splitlines())
def test_text_holds_no_quantity(line):
    read = {text: found(text) for text in line.strip().split("|")}
    assert {text: quantity for text, quantity in read.items() if quantity} == {}


SAME = """
    500万元 = 五百万元 = 伍佰万元 = 500萬圓 = ５００万元 = RMB 5 million = 5,000,000 yuan = ¥5m
    2024年11月29日 = 2024-11-29 = 民国113年11月29日 = November 29, 2024 = 11月29日 = 29 Nov
    第三期 = 三期 = 第3期 = Ⅲ期 = III期 = ⅲ期 = 第三阶段 = phase III = Phase 3 = third phase
    民國113年 = 2024 = 2024年 = 二〇二四年 = 公元2024年
    百分之十 = 10% = １０％ = 十分之一 = 一成 = ten percent = 10 per cent
    197家 = 一百九十七家 = 197間 = 197个 = 197 = 197 companies = one hundred and ninety-seven
    1.2亿 = 一亿二千万 = 1亿2000万 = 120 million = 120,000,000
    三大平台 = 三个平台 = 3个 = three platforms
    3名 = 3位 = 3人 = three people
    一年 = 12个月 = one year = 12 months
    第三类 = 3类 = Ⅲ类 = Class III
    粤府〔2024〕5号 = 粵府[2024]5號 = 按照粤府（2024）5号 = Yuefu [2024] No. 5
    国道107号 = route 107
    430万 = 430万元 = 4.3 million yuan
    数十家 = 數十家 = 几十家 = dozens of firms
    上半年 = 2024H1 = first half of the year
    翻一番 = 翻番 = 增长一倍 = 两倍 = doubled = twofold
    一半 = 半数 = 50% = 百分之五十 = half of
    第五条 = 第5条 = 第（五）条 = Article 5
    首批 = 第一批 = first batch
    两年半 = 30个月 = two and a half years
    100-300万元 = 一百万元至三百万元 = RMB 1-3 million
    1990年代 = 上世纪九十年代 = the 1990s
    十四五 = 第十四个五年 = 14th Five-Year
    三分之二 = two thirds = two-thirds = 2/3
"""
SAME_GROUPS = [line.strip().split(" = ") for line in SAME.strip().splitlines()]


@pytest.mark.parametrize("group", SAME_GROUPS, ids=lambda group: group[0])
def test_notations_of_one_amount_are_the_same(group):
    read = [quantities(text)[-1] for text in group]
    for a, b in combinations(read, 2):
        assert same_amount(a, b), (a.text, b.text)
        assert same_amount(b, a), (b.text, a.text)


DIFFERENT = (
    ("500万元", "500元"),
    ("500万元", "500亿元"),
    ("500万元", "500万美元"),
    ("500万元", "500万家"),
    ("10元", "10"),
    ("10%", "10家"),
    ("10%", "10个百分点"),
    ("10%", "10"),
    ("197家", "197人"),
    ("197家", "179家"),
    ("Ⅲ期", "Ⅳ期"),
    ("第三期", "第三批"),
    ("第三批", "三批"),
    ("phase II", "phase III"),
    ("2024年", "2022年"),
    ("11月29日", "11月28日"),
    ("2024年11月29日", "2023年11月29日"),
    ("2024年11月29日", "2024年11月"),
    ("2024年11月29日", "2024年"),
    ("粤府〔2024〕5号", "粤府〔2023〕5号"),
    ("粤府〔2024〕5号", "深府〔2024〕5号"),
    ("三年", "三个月"),
    ("5日内", "5个工作日内"),
    ("100-300万元", "100-500万元"),
    ("100-300万元", "100万元"),
    ("十四五", "十五五"),
    ("数十家", "数百家"),
    ("数十家", "数十人"),
    ("上半年", "下半年"),
    ("上半年", "第一季度"),
    ("翻一番", "翻两番"),
    ("第1至5条", "第1至6条"),
    ("第五条", "第五章"),
    ("500万澳元", "500万美元"),
)


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_other_amounts_differ(a, b):
    assert not same_amount(one(a), one(b))
    assert not same_amount(one(b), one(a))


@pytest.mark.parametrize(
    ("a", "b", "agree"),
    [
        ("最高5万元", "至少5万元", False),
        ("up to 5 million yuan", "不低于500万元", False),
        ("超过5%", "不足5%", False),
        ("最高5万元", "不超过5万元", True),
        ("最高5万元", "5万元", True),
        ("约5万元", "至少5万元", True),
        ("超过400家", "400家以上", True),
    ],
)
def test_bounds_agree_unless_they_point_apart(a, b, agree):
    assert bounds_agree(one(a), one(b)) is agree
    assert bounds_agree(one(b), one(a)) is agree


EVIDENCE = (
    "对进入Ⅰ期、Ⅱ期临床的药物，分别给予最高20万元、50万元奖励，每家每年不超过90万元。",
    "截至2022年12月，全市共有企业197家，一家实验室，营收4112.83亿元，面积比例为10%—15%，两地共建。",
)


@pytest.mark.parametrize(
    "claim",
    [
        "Up to RMB 200,000 and 500,000 for phase I and phase II; at most 900,000 yuan a year [1].",
        "2022年有197家企业和1家实验室。",
        "197 companies as of December 2022, in two places",
        "营收约4100亿元",
        "about 411 billion yuan",
        "比例最低10%，最高百分之十五",
        "10%至15%",
        "这是一家企业，也是一个平台。",
        "仅有一家实验室",
        "at least one laboratory",
        "",
    ],
)
def test_nothing_is_missing_of_a_claim_that_stands_in_the_evidence(claim):
    assert missing(claim, EVIDENCE) == ()


@pytest.mark.parametrize(
    ("claim", "lacking"),
    [
        ("最高30万元", ["30万元"]),
        ("Ⅲ期临床奖励50万元", ["Ⅲ期"]),
        ("2023年有197家", ["2023年"]),
        ("2022年12月5日", ["2022年12月5日"]),
        ("197人", ["197人"]),
        ("营收4112.83万元", ["4112.83万元"]),
        ("营收4100亿元", ["4100亿元"]),
        ("营收约4200亿元", ["4200亿元"]),
        ("10%至20%", ["10%至20%"]),
        ("数十家企业", ["数十家"]),
        ("数千家企业", ["数千家"]),
        ("up to 2 million yuan and 3 platforms", ["2 million yuan", "3"]),
    ],
)
def test_what_does_not_stand_in_the_evidence_is_missing(claim, lacking):
    assert [quantity.text for quantity in missing(claim, EVIDENCE)] == lacking


@pytest.mark.parametrize(
    ("claim", "stated", "stands"),
    [
        ("数十家企业", "35家企业", True),
        ("数十家企业", "350家企业", False),
        ("dozens of companies", "35家企业", True),
        ("七八家", "7家", True),
        ("七八家", "9家", False),
        ("数十家", "35人", False),
        ("35家", "数十家", False),
    ],
)
def test_a_vague_number_stands_for_what_it_may_mean(claim, stated, stands):
    assert (missing(claim, [stated]) == ()) is stands


def test_everything_is_missing_without_evidence():
    assert missing("3家企业，5万元", []) == quantities("3家企业，5万元")


HAN_DIGITS = "零一二三四五六七八九"


def han(number: int) -> str:
    """Write 1 to 10^12 - 1 in Chinese numerals."""
    for unit, name in ((10**8, "亿"), (10**4, "万")):
        if number >= unit:
            rest = number % unit
            zero = "零" if 0 < rest < unit // 10 else ""
            return han(number // unit) + name + (zero + han(rest) if rest else "")
    text, digits = "", str(number)
    for place, digit in zip("千百十 "[4 - len(digits) :], digits, strict=True):
        text += "零" if digit == "0" else HAN_DIGITS[int(digit)] + place.strip()
    while "零零" in text:
        text = text.replace("零零", "零")
    return text.rstrip("零")


def notations(ten_thousands: int) -> list[str]:
    """Write an amount of money, given in ten thousands, in eight ways."""
    yuan = ten_thousands * 10_000
    full_width = str(ten_thousands).translate({48 + i: chr(0xFF10 + i) for i in range(10)})
    return [
        f"{ten_thousands}万元",
        f"{ten_thousands}萬圓",
        f"{full_width}万元",
        f"{yuan}元",
        f"{yuan:,} yuan",
        f"{han(yuan)}元",
        f"RMB {Decimal(ten_thousands) / 100:f} million",
        f"人民币{Decimal(ten_thousands) / 10_000:f}亿元",
    ]


AMOUNTS = st.integers(1, 10**7)


@FEW
@given(AMOUNTS)
def test_all_notations_of_an_amount_of_money_are_the_same(amount):
    read = [one(notation) for notation in notations(amount)]
    assert all(same_amount(a, b) for a, b in pairwise(read))


@FEW
@given(AMOUNTS, st.sampled_from(["元", "家", "人", "%", "个月", "号"]), st.data())
def test_changing_any_digit_makes_a_quantity_missing(number, unit, data):
    digits = str(number)
    place = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != digits[place]]))
    changed = int(digits[:place] + other + digits[place + 1 :])
    text = f"共计{number}{unit}。"
    assert missing(text, [text]) == ()
    claimed = f"共计{changed}{unit}。"
    assert missing(claimed, [text]) == quantities(claimed) != ()


DATES = st.dates(date(1900, 1, 1), date(2099, 12, 31))


@FEW
@given(DATES, DATES)
def test_dates_are_the_same_in_all_notations_and_differ_by_a_day(day, other):
    read = [
        one(f"{day.year}年{day.month}月{day.day}日"),
        one(f"{day.month}月{day.day}日"),
        one(f"民國{day.year - 1911}年{day.month}月{day.day}日" if day.year > 1911 else str(day)),
        one(day.isoformat()),
        one(f"{day:%B} {day.day}, {day.year}"),
        one(f"{day.day} {day:%b} {day.year}"),
    ]
    assert all(same_amount(a, b) for a, b in combinations(read, 2))
    if (day.month, day.day) != (other.month, other.day):
        assert not same_amount(read[0], one(f"{other.month}月{other.day}日"))


PIECES = """
    一 二 两 十 百 千 万 亿 零 〇 点 半 第 元 家 个 期 年 月 日 号 % 分之 成 余 多 来 约 最高 不超过
    以上 首 大 、 和 至 - — ~ / , . ; ， 。 ( ) [ ] 〔 〕 【1】 + : @ < > 1 2 9 0 5 2024 11 29 1,000
    １ Ⅲ ⅳ I II V i x a b m bn k phase no. RMB ¥ $ US$ yuan million hundred and twenty three one
    first 3rd November may http:// 民國 113 萬 億 兩 餘 項 壹 佰 廿 兆 粤府 十四五 中 文
"""
SPACED = st.sampled_from([*PIECES.split(), " ", "\n", "\t"])
MIXED = st.one_of(
    st.text(),
    st.lists(SPACED, max_size=30).map("".join),
    st.lists(SPACED, max_size=30).map(" ".join),
)


@FEW
@given(MIXED)
@example("\ud800500万元")
@example("İ 5 ŉ５家")
@example("第" * 50 + "〔2024〕5号")
def test_spans_are_true_in_order_and_apart(text):
    read = quantities(text)
    assert all(text[q.start : q.end] == q.text != "" for q in read)
    assert all(a.end <= b.start for a, b in pairwise(read))


@FEW
@given(MIXED, MIXED)
def test_sameness_is_symmetric_and_nothing_is_missing_of_a_text_in_itself(text, other):
    for a in quantities(text)[:5]:
        assert same_amount(a, a)
        assert all(same_amount(a, b) == same_amount(b, a) for b in quantities(other)[:5])
    assert missing(text, [other, text]) == ()


@pytest.mark.parametrize("zeros", [19, 1000, 100_000])
def test_an_absurdly_long_number_is_text(zeros):
    assert found(f"共1{'0' * zeros}元，另有3家") == ["count 3 家"]


HOSTILE = ["7", "一", "十百千万亿", "1,", "123,", "1、", "1-", "1.", "1 ", "第", "a", "a-", "i、"]
HOSTILE += ["one ", "一点", "三分之", "1万1", "壹拾", "〔2024", "[1,", "1年", "\n 1", "¥"]
HOSTILE += ["最高可给予", "不超过1", "nov 1, ", "phase i, ", "2024年1月1日至"]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_repetition_is_read_to_its_end(piece):
    text = piece * (1000 // len(piece)) + "。共3家"
    assert quantities(text)[-1].end == len(text)


@pytest.mark.parametrize("text", ["下限为30万元", "底线是30万元", "30万元封底", "起步价30万元"])
def test_a_floor_is_a_least_amount(text: str) -> None:
    assert [figure.bound for figure in quantities(text)] == [Bound.AT_LEAST]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("产值倍增", [2]),
        ("to double to", [2]),
        ("to triple to", [3]),
        ("成倍增长", []),
        ("倍增计划", []),
    ],
)
def test_doubling_and_tripling_are_read(text: str, times: list[int]) -> None:
    assert [figure.value for figure in quantities(text)] == times
