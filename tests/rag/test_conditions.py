"""What a claim makes a condition must be one in what is cited."""

import pytest

from rag.conditions import unstated

SOURCE = "进入Ⅲ期,最多奖800万元。项目过了评审,最多给3000万元。"


@pytest.mark.parametrize(
    "claim",
    [
        "硼药获批上市后,东莞奖励800万元",
        "硼藥取得藥品註冊證書後,最多獎800萬元",
        "通过验收的,最多奖800万元",
        "连续三年盈利的,最多奖800万元",
    ],
)
def test_a_condition_that_stands_nowhere_is_found(claim: str) -> None:
    assert list(unstated(claim, [SOURCE], in_same_language=True))


@pytest.mark.parametrize(
    "claim", ["项目经评审后,最多给3000万元", "進入Ⅲ期的,最多獎800萬元", "此后再说"]
)
def test_a_condition_that_stands_there_passes(claim: str) -> None:
    assert list(unstated(claim, [SOURCE], in_same_language=True)) == []


def test_conditions_are_compared_across_languages() -> None:
    assert list(unstated("After marketing approval it gets 8 million.", [SOURCE], False))
    assert list(unstated("After review it gets 30 million.", [SOURCE], False)) == []


def test_another_stage_of_a_trial_is_found() -> None:
    assert list(unstated("临床前研究的药最多奖800万元", [SOURCE], True))
    assert list(unstated("Preclinical drugs get 8 million.", [SOURCE], False))
    assert list(unstated("完成Ⅲ期臨床的,最多獎800萬元", [SOURCE], True))
    assert not list(unstated("完成Ⅲ期的,最多奖800万元", ["完成Ⅲ期临床的,最多奖800万元"], True))
