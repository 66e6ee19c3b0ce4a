"""A claim reaches no further than what it cites."""

import pytest

from rag.scope import overreaching

CITY = "惠州市现有医疗器械企业312家,准许符合规定的企业开展临床应用。"
PROVINCE = "全省现有医疗器械企业3120家,惠州、佛山等市各有园区。"


def problems(claim: str, source: str = CITY, context: str = "", region: str = "惠州") -> list[str]:
    return list(overreaching(claim, [source], [context], [region]))


@pytest.mark.parametrize(
    "claim",
    [
        "所有企业均可开展临床应用。",
        "任何企業都可以開展臨床應用。",
        "All companies may run clinical applications.",
        "全省现有医疗器械企业312家。",
        "全國現有醫療器械企業312家。",
        "广东省现有医疗器械企业312家。",
        "There are 312 device makers across the province.",
        "Guangdong has 312 device makers.",
    ],
)
def test_more_than_the_source_speaks_of_is_found(claim) -> None:
    assert problems(claim)


@pytest.mark.parametrize(
    "claim",
    [
        "惠州现有医疗器械企业312家。",
        "广东惠州现有医疗器械企业312家。",
        "Huizhou in Guangdong has 312 device makers.",
        "全市现有医疗器械企业312家。",
        "The city has 312 device makers, all three districts counted.",
        "The text does not mention any subsidy.",
    ],
)
def test_what_the_source_speaks_of_passes(claim) -> None:
    assert not problems(claim)


def test_a_province_may_be_spoken_of_where_the_document_is_about_it() -> None:
    assert not problems("广东全省有企业3120家。", PROVINCE, region="广东")
    assert not problems("广东有企业312家。", context="广东省发展规划")
    assert not problems("所有项目均须申报。", "各类项目均须申报。")


def test_only_some_is_not_said_of_what_excludes_nobody() -> None:
    assert problems("只有国有企业能开展临床应用。", "企业开展临床应用,获得支持。")
    assert not problems("只有符合规定的企业能开展临床应用。", "仅符合规定的企业可开展临床应用。")
