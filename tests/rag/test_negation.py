"""What denies, what only looks like it, and what is turned round."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.negation import affirms_alone, denies, denies_alone, turned_round


@pytest.mark.parametrize(
    "text",
    [
        "不予奖励",
        "企業不得轉讓設備",
        "未经批准",
        "没有补贴",
        "除外",
        "It does not pay.",
        "It doesn't pay.",
        "Projects without approval",
        "Never",
    ],
)
def test_what_denies(text: str) -> None:
    assert denies(text)


@pytest.mark.parametrize(
    "text",
    [
        "奖励不超过200万元",
        "不少于50个项目",
        "每年不得超过900万元",
        "未来生命健康产业",
        "無人機產業",
        "是否受理",
        "不断加大不同支持",
        "非常重要",
        "not more than 2 million yuan",
        "It must not exceed 2 million yuan.",
        "No. 5",
        "Note this",
        "",
    ],
)
def test_what_only_looks_like_a_denial(text: str) -> None:
    assert not denies(text)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("设备可以转让", "设备不得转让"),
        ("設備可以轉讓", "设备不得转让"),
        ("设备不得转让", "设备可以转让"),
        ("经批准的企业享受补贴", "未经批准的企业享受补贴"),
        ("该企业予以奖励", "该企业不予奖励"),
        ("Devices are eligible", "Devices are not eligible"),
        ("Devices are not eligible", "Devices are eligible"),
    ],
)
def test_what_is_turned_round(claim: str, source: str) -> None:
    assert turned_round(claim, [source])


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("设备不能转让", "设备不得转让"),
        ("设备不得出租", "设备不得转让、出租"),
        ("每年最高900万元", "每年不得超过900万元"),
        ("企业可以申报", "企业可以申报。未完成验收的,不得再次申报。"),
        ("符合条件的企业每年最多申请两次", "符合条件的企业,不限行业,每年最多申请两次"),
        ("Devices cannot be eligible", "Devices are not eligible"),
        ("完全无关的一句话", "设备不得转让"),
    ],
)
def test_what_is_not_turned_round(claim: str, source: str) -> None:
    assert turned_round(claim, [source]) == ""


def test_across_languages_only_a_lonely_denial_is_seen() -> None:
    assert denies_alone("Devices may not be sold.", ["设备可以转让。"])
    assert not denies_alone("Devices may not be sold.", ["设备不得转让。"])
    assert affirms_alone("Devices may be sold.", ["设备不得转让。"])
    assert not affirms_alone("Devices may be sold.", ["设备可以转让。平台不得转让。"])
    assert not affirms_alone("Devices may not be sold.", ["设备不得转让。"])


@given(st.text(alphabet="企业不得未经批准转让出租,。的", max_size=30))
def test_nothing_is_turned_round_by_itself(text: str) -> None:
    assert turned_round(text, [text]) == ""


@given(st.text(max_size=50), st.lists(st.text(max_size=50), max_size=3))
def test_any_texts_can_be_compared(claim: str, sources: list[str]) -> None:
    turned_round(claim, sources)
    denies_alone(claim, sources)
    affirms_alone(claim, sources)


def test_what_is_yet_to_be_done_may_be_denied_and_not_be_called_done() -> None:
    source = ["供应链有待完善。"]
    assert turned_round("供应链尚未完善。", source) == ""
    assert turned_round("供应链需要完善。", source) == ""
    assert turned_round("供应链已经完善。", source)
