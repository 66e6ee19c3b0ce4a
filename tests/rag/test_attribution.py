"""A figure or a place must be said of what it is said of there."""

import pytest

from index.glossary import counterparts
from rag.attribution import misattributed, miscompared, misdated, misplaced_places

CITIES = "惠州市对创新药企业奖励500万元、中山市对创新药企业奖励300万元。"
YEARS = "2022年,全省营收为6455亿元;到2027年,营收要达到9000亿元。"
WHO = "企业每年最高获1500万元;医院一次性获200万元。"
KINDS = "其中制造业产值4112亿元,服务业收入2342亿元。"


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("惠州市奖励300万元、中山市奖励500万元。", CITIES),
        ("惠州市獎勵300萬元。", CITIES),
        ("到2027年,全省营收为6455亿元。", YEARS),
        ("医院最高获1500万元。", WHO),
        ("企业每月最高获1500万元。", WHO),
        ("服务业收入4112亿元,制造业产值2342亿元。", KINDS),
    ],
)
def test_what_is_said_of_another_thing_is_found(claim: str, source: str) -> None:
    assert list(misattributed(claim, [source]))


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("惠州市奖励500万元。", CITIES),
        ("中山奖励300万元,惠州奖励500万元。", CITIES),
        ("2022年营收6455亿元。", YEARS),
        ("企业一年最多1500万元。", WHO),
        ("服务业收入2342亿元,制造业产值4112亿元。", KINDS),
        ("分别奖励500万元、300万元。", CITIES),
        ("", CITIES),
        ("奖励500万元。", ""),
    ],
)
def test_what_is_said_of_the_same_thing_passes(claim: str, source: str) -> None:
    assert list(misattributed(claim, [source])) == []


def test_across_languages_years_places_and_stages_are_compared() -> None:
    assert list(misattributed("Zhongshan pays 5 million yuan.", [CITIES], counterparts))
    assert list(misattributed("Huizhou pays 5 million yuan.", [CITIES], counterparts)) == []


def test_places_that_are_exchanged_are_found() -> None:
    source = "两核心是广州、深圳,四重点是珠海、中山、东莞、佛山。"
    assert list(misplaced_places("核心城市是珠海,重点城市是广州。", [source]))
    assert list(misplaced_places("核心城市是广州,重点城市是珠海。", [source])) == []


def test_an_amount_that_sorts_what_is_counted_is_compared() -> None:
    source = ["培育3亿元以上品种8个,培育30亿元品种2个。"]
    assert list(misattributed("培育8个30亿元的品种。", source))
    assert list(misattributed("培育8个3亿元以上的品种。", source)) == []


DAYS = "惠州市政府办公室3月6日发布《惠州市支持创新药械发展办法》。\n2025年3月8日 09:30 来源:样例站"


@pytest.mark.parametrize(
    ("claim", "wrong"),
    [
        ("惠州市政府办公室于2025年3月8日发布了该办法。", True),
        ("惠州市政府辦公室於3月8日發布《惠州市支持創新藥械發展辦法》。", True),
        ("惠州市政府办公室于3月6日发布了该办法。", False),
        ("样例站的来源日期是2025年3月8日。", False),
        ("发布日期未写明。", False),
    ],
)
def test_a_day_is_that_of_the_thing_said(claim: str, wrong: bool) -> None:
    assert bool(list(misdated(claim, [DAYS]))) == wrong


@pytest.mark.parametrize(
    ("claim", "wrong"),
    [
        ("制造业产值低于服务业收入。", True),
        ("服務業收入高於製造業產值。", True),
        ("制造业产值高于服务业收入。", False),
        ("服务业收入少于制造业产值。", False),
        ("出口额高于进口额。", False),
    ],
)
def test_more_and_less_are_those_of_the_figures(claim: str, wrong: bool) -> None:
    assert bool(list(miscompared(claim, [KINDS]))) == wrong


CLASSES = "到2030年,新增1类新药批件5件、3类器械注册批件40个。"


def test_figures_of_two_classes_may_not_be_exchanged() -> None:
    assert list(misattributed("新增40件1类新药批件和5个3类器械批件。", [CLASSES]))
    assert not list(misattributed("新增5件1类新药批件和40个3类器械批件。", [CLASSES]))


def test_a_rounded_figure_may_not_be_said_of_another_thing() -> None:
    assert not list(misattributed("制造业产值超过4100亿元。", [KINDS]))
    assert list(misattributed("服务业收入超过4100亿元,制造业产值超过2300亿元。", [KINDS]))
