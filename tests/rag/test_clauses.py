"""A figure or a place must be that of its own clause, not of another one there."""

import pytest

from rag.clauses import misplaced

SOURCE = (
    "概念验证平台的建设费用最多资助400万元;公共服务平台奖励最多250万元;检测平台奖励最多90万元。"
    "培育企业约10家,专利300件。研发强度为10%,产值增长12%。"
    "以广州为产业核心城市,以珠海、中山为重点城市。"
)


@pytest.mark.parametrize(
    "claim",
    [
        "检测平台奖励最多250万元。",
        "檢測平臺獎勵最多250萬元。",
        "概念验证平台的建设费用最多资助90万元。",
        "产值增长10%,研发强度为10%。",
        "以珠海为产业核心城市。",
        "以广州、中山为重点城市。",
    ],
)
def test_what_stands_there_of_something_else_is_misplaced(claim: str) -> None:
    assert list(misplaced(claim, [SOURCE]))


@pytest.mark.parametrize(
    "claim",
    [
        "检测平台奖励最多90万元。",
        "公共服务平台、检测平台分别奖励250万元、90万元。",
        "检测平台奖励最多90万元,分3年拨付。",
        "产值增长12%。",
        "以广州市为产业核心城市。",
        "以珠海和中山为重点城市。",
        "广东以广州为产业核心城市。",
        "培育企业10家,专利三百件。",
        "最多250万元。",
        "",
    ],
)
def test_what_is_said_of_the_same_thing_is_not(claim: str) -> None:
    assert list(misplaced(claim, [SOURCE])) == []


def test_without_a_source_in_its_language_nothing_is_misplaced() -> None:
    assert list(misplaced("检测平台奖励最多250万元。", [])) == []


def test_both_names_of_large_firms_are_one() -> None:
    source = ["规上茶叶企业70家,名优企业12家。"]
    assert list(misplaced("规模以上茶叶企业12家。", source))
    assert list(misplaced("规模以上茶叶企业70家。", source)) == []
