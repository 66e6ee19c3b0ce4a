"""Questions to ask next name headings that were read and not used."""

from dataclasses import replace

import pytest
from shown_answers import ANSWER, CITATION, REFUSAL, read

from rag.suggestions import suggestions


def after(*headings, answer=ANSWER):
    return suggestions(replace(answer, evidence=tuple(read("一", heading=one) for one in headings)))


def test_headings_without_their_numbers_are_asked_about_the_best_first():
    asked = after("（一）建设中试平台", "2.完善冷链仓储", "第三章 培养药学人才")
    assert [one for one in asked if "“建设中试平台”" in one] == [asked[0]]
    assert "“完善冷链仓储”" in asked[1]
    assert "“培养药学人才”" in asked[2]


def test_at_most_three_and_none_twice_in_either_script():
    many = ("建设中试平台", "建設中試平臺", "完善冷链仓储", "培养药学人才", "扩大国际合作")
    assert len(after(*many)) == 3
    assert sum("中试" in one or "中試" in one for one in after(*many)) == 1


@pytest.mark.parametrize(
    "heading",
    ["附件", "奖励", "目录与索引说明", "这是什么意思呢？", "甲" * 40, "说明：其他事项如下"],
)
def test_what_is_no_subject_is_not_asked_about(heading):
    assert after(heading) == ()


def test_what_was_asked_or_cited_is_not_asked_again():
    asked = replace(ANSWER, question="怎样建设中试平台？")
    assert after("建设中试平台", answer=asked) == ()
    cited = replace(ANSWER, citations=(replace(CITATION, heading="一、建设中试平台"),))
    assert after("建设中试平台", answer=cited) == ()


def test_after_a_refusal_nothing_is_asked():
    assert after("建设中试平台", answer=REFUSAL) == ()


@pytest.mark.parametrize(
    ("language", "word"), [("en", "What"), ("zh", "关于"), ("zh-Hant", "關於")]
)
def test_a_question_is_asked_in_the_language_of_the_answer(language, word):
    (asked,) = after("建设中试平台", answer=replace(ANSWER, language=language))
    assert asked.startswith(word)
