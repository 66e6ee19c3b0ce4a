"""Names of a claim stand in what is cited, as they are, shortened or in the other language."""

import pytest

from rag.names import proper_names, unknown_terms, unlike_people, unnamed

SOURCE = (
    "广东省药品监督管理局与广东省科学技术厅印发方案,记者李明报道。中山大学附属第三医院参加,"
    "三生制药、万孚生物做CDMO,“小巨人”2家。"
)


@pytest.mark.parametrize(
    "claim",
    [
        "省药监局印发方案。",
        "由省科技厅印发。",
        "廣東省科學技術廳印發方案。",
        "中山大学附属第三医院参加。",
        "“小巨人”有2家,从事CDMO。",
    ],
)
def test_what_is_named_there_passes(claim: str) -> None:
    assert list(unnamed(claim, SOURCE)) == []


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        ("省商务厅印发方案。", "商务厅"),
        ("记者王伟报道。", "王伟"),
        ("暨南大學附屬第三醫院参加。", "暨南大學"),
        ("企业从事CRO。", "CRO"),
        ("“独角兽”2家。", "独角兽"),
        ("有三生制药、恒瑞医药等。", "恒瑞医药"),
    ],
)
def test_what_is_named_nowhere_there_is_found(claim: str, name: str) -> None:
    assert any(name in found for found in unnamed(claim, SOURCE))


def test_terms_are_known_in_either_language() -> None:
    assert list(unknown_terms("CAR-T drugs are rewarded.", "奖励硼药。"))
    assert list(unknown_terms("BNCT is rewarded.", "奖励硼中子俘获治疗的药物。")) == []


def test_people_of_another_kind_are_found() -> None:
    assert list(unlike_people("奖励个人。", "奖励企业。")) == ["个人"]
    assert list(unlike_people("奖励公司。", "奖励企业。")) == []
    assert list(unlike_people("Officials confirm it.", "奖励。")) == []


def test_a_capitalised_name_stands_as_pinyin_or_not_at_all() -> None:
    assert list(proper_names("The plan by Yue Yang holds.", "岳阳谈到。")) == []
    assert list(proper_names("The plan by Acme Widgets holds.", "岳阳谈到。")) == [
        "Acme",
        "Widgets",
    ]


@pytest.mark.parametrize("claim", ["Ⅲ类医疗器械注册80个。", "III类医疗器械注册80个。"])
def test_a_class_of_devices_is_no_acronym(claim: str) -> None:
    assert list(unknown_terms(claim, "Ⅲ类有效医疗器械注册80个。")) == []


def test_a_numbered_hospital_is_named_by_its_number() -> None:
    known = "由惠州医科大学附属第三医院同公司合建"
    assert not list(unnamed("该中心由惠医三院合建", known))
    assert list(unnamed("该中心由惠医一院合建", known))
