"""A cap stays a cap, and an amount per something stays per that; in three ways of writing."""

import pytest

from rag.limits import misshared, uncapped

CAPPED = (
    "惠州市对进入Ⅰ期、Ⅱ期临床试验的创新药,分别给予最高150万元、350万元奖励,"
    "单个企业每年最高不超过900万元。"
)
CLUSTERS = (
    "对于通过评审的项目群,单个最高可给予2600万元资助;"
    "由企业同高校共建的研发机构,经认定后最高给予80万元奖励。"
)
FUND = "惠州市已集聚药企210家,设立30亿元专项母基金。"


@pytest.mark.parametrize(
    "claim",
    [
        "对Ⅰ期临床的创新药奖励150万元。",
        "對進入Ⅱ期的創新藥一次性補助350萬元。",
        "A drug in phase II receives 3.5 million yuan.",
        "奖励为150万元、350万元。",
    ],
)
def test_an_amount_that_is_a_maximum_is_not_given_in_full(claim) -> None:
    assert list(uncapped(claim, [CAPPED]))


@pytest.mark.parametrize(
    "claim",
    [
        "对Ⅰ期临床的创新药最高奖励150万元。",
        "最高奖励分别为:Ⅰ期150万元,Ⅱ期350万元。",
        "Ⅱ期的獎勵以350萬元為上限。",
        "奖励150万元封顶。",
        "A drug in phase II can receive up to 3.5 million yuan.",
        "The awards are 1.5 million and 3.5 million yuan at most.",
        "单个企业每年不能超过900万元。",
    ],
)
def test_a_maximum_may_be_said_in_any_words(claim) -> None:
    assert not list(uncapped(claim, [CAPPED]))


def test_a_cap_that_introduces_a_list_holds_for_its_items() -> None:
    assert list(uncapped("Ⅰ期:150万元", [CAPPED]))
    assert not list(uncapped("Ⅰ期:150万元", [CAPPED], lead="最高奖励如下:"))


def test_an_amount_that_stands_without_a_cap_too_may_be_said_without() -> None:
    assert not list(uncapped("奖励150万元。", [CAPPED, "已发放奖励150万元。"]))


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("每例受试者最高奖励150万元。", CAPPED),
        ("每單位補助最高150萬元。", CAPPED),
        ("单个项目每年最高900万元。", CAPPED),
        ("最高补助900万元/人。", CAPPED),
        ("每家参与企业最高可获2600万元。", CLUSTERS),
        ("为每家药企设立30亿元专项母基金。", FUND),
        ("Up to 9 million yuan per patient.", CAPPED),
    ],
)
def test_an_amount_per_something_else_is_found(claim, source) -> None:
    assert list(misshared(claim, [source]))


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("每个创新药最高奖励150万元。", CAPPED),
        ("每家企业一年最高900万元。", CAPPED),
        ("單個企業一年最多900萬元。", CAPPED),
        ("A company gets up to 9 million yuan a year.", CAPPED),
        ("Up to 9 million yuan per company per year.", CAPPED),
        ("每个项目群最高2600万元。", CLUSTERS),
        ("每家研发机构最高80万元。", CLUSTERS),
        ("每年最高900万元。", CAPPED),
        ("承办单位有210家。", FUND),
    ],
)
def test_an_amount_per_what_the_source_says_passes(claim, source) -> None:
    assert not list(misshared(claim, [source]))
