"""How often an amount is paid: read from the words around it, and compared."""

import re
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import one_in

from rag.quantities import quantities, rates_agree, same_amount

RATES = {
    "year": """
        每年1000元|每年最高1000元|一年1000元|一年最多补贴1000元|1年最高1000元|年度最高1000元|全年不超过1000元
        每人每年1000元|1000元/年|1000元/人·年|1000元每年|按年度给予1000元|年薪1000元|年产值1000元|每學年1000元
        每年给予3家企业各1000元|1,000 yuan a year|1,000 yuan per year|1,000 yuan per person per year
        an annual subsidy of 1,000 yuan|1,000 yuan annually|RMB 1,000/year|RMB 1,000 each year""",
    "half-year": "每半年1000元",
    "quarter": "每季度1000元|按季度给予1000元|1000元/季度|1,000 yuan quarterly",
    "month": """
        每月1000元|每个月1000元|每人每月1000元|一个月最高1000元|1000元/月|1000元/人/月|按月发放1000元|月薪1000元
        1,000 yuan per month|1,000 yuan a month|a monthly allowance of up to 1,000 yuan""",
    "week": "每周1000元|每星期1000元|1,000 yuan a week",
    "day": "每天1000元|每日1000元|1000元/天|日均1000元|1,000 yuan a day",
    "hour": "每小时1000元|1,000 yuan an hour",
    "time": "每次1000元|1000元/次|1,000 yuan per visit",
    "once": """
        一次性给予1000元|给予1000元一次性奖励|1000元的一次性补助|a one-off grant of 1,000 yuan
        a one-time reward of 1,000 yuan|a lump sum of 1,000 yuan|1,000 yuan as a lump sum""",
    "": """
        1000元|满一年给予1000元|近一年投入1000元|2024年营业收入1000元|每年，另付1000元|每家1000元
        每两年1000元|日产1000元|当月1000元|1,000 yuan a year ago
        每月活动；奖励1000元|一月给予1000元|按期给予1000元""",
}
CASES = [
    (text, per)
    for per, texts in RATES.items()
    for line in texts.strip().splitlines()
    for text in line.strip().split("|")
]


@pytest.mark.parametrize(("text", "per"), one_in(2, CASES))
def test_the_words_around_an_amount_tell_its_rate(text, per):
    amount = quantities(text)[-1]
    assert (amount.value, amount.per) == (1000, per)
    assert text[amount.start : amount.end] == amount.text
    assert not re.search("每|月|天|a |per|一次", amount.text)


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("每月1000元，每年12000元", ["month", "year"]),
        ("1,000 yuan a month and 12,000 yuan a year", ["month", "year"]),
        ("每年最高20万元、50万元", ["year", "year"]),
        ("1,000 yuan a month for 3 people", ["month", ""]),
        ("每月1000元、一次性给予5万元", ["month", "once"]),
        ("连续三年每年给予100万元", ["", "year"]),
    ],
)
def test_each_amount_has_the_rate_of_its_own_words(text, rates):
    assert [quantity.per for quantity in quantities(text)] == rates


def test_the_year_of_a_rate_is_no_period():
    assert [quantity.text for quantity in quantities("一家企业一年最高5万元")] == ["5万元"]
    assert [quantity.text for quantity in quantities("为期一年，最高5万元")] == ["一年", "5万元"]


PERS = [per for per in RATES if per]
ONE_OF_EACH = {per: text for text, per in CASES}


@pytest.mark.parametrize(("a", "b"), one_in(4, combinations(PERS, 2)))
def test_amounts_of_different_rates_disagree_but_are_the_same_amount(a, b):
    first, second = (quantities(ONE_OF_EACH[per])[-1] for per in (a, b))
    assert rates_agree(first, second) is rates_agree(second, first) is ({a, b} == {"once", "time"})
    assert same_amount(first, second)


@pytest.mark.parametrize("per", RATES)
def test_a_rate_agrees_with_itself_and_with_none(per):
    amounts = [quantities(text)[-1] for text, own in CASES if own == per]
    assert all(rates_agree(amounts[0], amount) for amount in amounts)
    assert all(rates_agree(quantities("1000元")[0], amount) for amount in amounts)


WORDS = "每 年 月 一次性 一 / · 人 1000元 5个 ， 、 a per year month annual ly 最高 度 季 3 yuan  "


@settings(max_examples=25)
@given(st.lists(st.sampled_from([*WORDS.split(), " "]), max_size=20).map("".join))
def test_rates_leave_spans_as_they_are(text):
    assert all(text[q.start : q.end] == q.text != "" for q in quantities(text))
