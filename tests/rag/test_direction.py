"""Up is not down, and what is encouraged is not restricted."""

import pytest

from rag.direction import reversed_words

SOURCE = "近年来,惠州市器械产业规模逐步扩大。鼓励风险投资基金投向初创企业。加快建设检测平台。"
ENGLISH = (
    "The city's device industry has grown steadily. It encourages funds to invest in startups."
)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("惠州市器械产业规模逐步缩小。", SOURCE),
        ("惠州器械產業的規模近年下降。", SOURCE),
        ("限制风险投资基金投向初创企业。", SOURCE),
        ("放緩建設檢測平臺。", SOURCE),
        ("The city's device industry has shrunk steadily.", ENGLISH),
        ("It restricts funds to invest in startups.", ENGLISH),
    ],
)
def test_the_opposite_is_found(claim, source) -> None:
    assert list(reversed_words(claim, [source]))


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("惠州器械产业的规模不断壮大。", SOURCE),
        ("支持风险投资基金投向初创企业。", SOURCE),
        ("引導風險投資基金投向初創企業。", SOURCE),
        ("不限制风险投资基金投向初创企业。", SOURCE),
        ("降低企业负担。", SOURCE),
        ("The device industry has expanded.", ENGLISH),
    ],
)
def test_the_same_in_other_words_passes(claim, source) -> None:
    assert not list(reversed_words(claim, [source]))


def test_a_source_that_has_both_words_decides_nothing() -> None:
    assert not list(reversed_words("成本降低。", ["产量提升,成本降低。"]))
