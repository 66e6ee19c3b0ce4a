"""Different figures for one thing are found across documents; what only looks alike is not."""

import pytest

from index.types import Metadata, Passage, Span
from rag.conflicts import conflict_text, find_conflicts
from rag.types import Citation, Evidence, Question
from rag.understand import understand


def item(n: int, text: str, region: str = "东莞", date: str = "2025-01-01") -> Evidence:
    passage = Passage(n, f"{n}.txt", Span(0, len(text)), Span(0, len(text)), text)
    return Evidence(n, passage, Metadata(title=f"材料{n}", region=region, date=date), 1.0)


def citation(text: str, n: int = 1, date: str = "2025-01-01", publisher: str = "甲报") -> Citation:
    return Citation(n, f"{n}.txt", "", publisher, date, "", "", text, text, 0, len(text), "")


def found(question: Question, one: str, two: str, region: str = "东莞") -> list[tuple[str, str]]:
    evidence = [item(1, one), item(2, two, region)]
    return [(c.own, c.other) for c in find_conflicts(question, [citation(one)], evidence)]


HOW_MANY = understand("东莞规上生物医药企业有多少家？")
HOW_MUCH = understand("东莞Ⅲ期临床硼药奖励多少？")


@pytest.mark.parametrize(
    ("question", "one", "two", "figures"),
    [
        (
            HOW_MANY,
            "东莞有规上生物医药企业197家。",
            "东莞规上生物医药企业有210家。",
            ("197家", "210家"),
        ),
        (
            HOW_MANY,
            "东莞有规上生物医药企业197家。",
            "東莞規上生物醫藥企業有210家。",
            ("197家", "210家"),
        ),
        (
            HOW_MUCH,
            "东莞对进入Ⅲ期临床的硼药奖励800万元。",
            "东莞对进入三期临床的硼药奖励600万元。",
            ("800万元", "600万元"),
        ),
    ],
)
def test_other_figures_for_the_same_thing_conflict(
    question: Question, one: str, two: str, figures: tuple[str, str]
) -> None:
    assert found(question, one, two) == [figures]
    assert found(question, two, one) == [figures[::-1]]


@pytest.mark.parametrize(
    ("question", "one", "two"),
    [
        (HOW_MANY, "东莞有规上生物医药企业197家。", "佛山有规上生物医药企业210家。"),
        (HOW_MANY, "2023年东莞规上生物医药企业有197家。", "2024年东莞规上生物医药企业有210家。"),
        (HOW_MANY, "东莞规上生物医药企业有197家。", "东莞规上生物医药企业有一百九十七家。"),
        (HOW_MANY, "东莞规上生物医药企业有197家。", "东莞规上生物医药企业超过190家。"),
        (HOW_MANY, "东莞规上生物医药企业有197家。", "东莞规上生物医药企业约200家。"),
        (HOW_MANY, "东莞规上生物医药企业有197家。", "东莞规上生物医药企业180至220家。"),
        (HOW_MANY, "东莞规上生物医药企业有197家。", "其中东莞规上生物医药企业新增12家。"),
        (HOW_MANY, "东莞规上生物医药企业有197家。", "东莞规上电子信息企业有3210家。"),
        (HOW_MANY, "东莞规上生物医药企业有197家。", "东莞规上生物医药企业营收210亿元。"),
        (HOW_MUCH, "东莞对进入Ⅲ期临床的硼药奖励800万元。", "东莞对进入Ⅱ期临床的硼药奖励500万元。"),
        (HOW_MUCH, "东莞对硼药奖励800万元。", "湖北对硼药奖励500万元。"),
    ],
)
def test_what_only_looks_alike_is_no_conflict(question: Question, one: str, two: str) -> None:
    assert found(question, one, two) == []


def test_the_place_before_a_clause_and_the_region_of_its_document_count() -> None:
    one, two = "规上生物医药企业有197家。", "佛山的情况如下。规上生物医药企业有210家。"
    question = understand("规上生物医药企业有多少家？")
    assert found(question, one, two) == []
    assert found(question, one, "规上生物医药企业有210家。", region="佛山") == []
    assert found(question, one, "规上生物医药企业有210家。") == [("197家", "210家")]


def test_a_reprint_does_not_contradict_its_original() -> None:
    text = "东莞规上生物医药企业有197家。"
    assert find_conflicts(HOW_MANY, [citation(text)], [item(1, text)]) == ()


def test_a_conflict_of_which_both_sides_are_cited_is_said_once() -> None:
    one, two = "东莞规上生物医药企业有197家。", "东莞有规上生物医药企业210家。"
    cited = [citation(one, 1), citation(two, 2)]
    found = find_conflicts(HOW_MANY, cited, [item(1, one), item(2, two)])
    assert [(each.citation, each.evidence) for each in found] == [(1, 2)]


def test_the_span_is_that_of_the_other_figure() -> None:
    text = "东莞概况。东莞规上生物医药企业有210家。别的。"
    evidence = [item(1, "东莞规上生物医药企业有197家。"), item(2, text)]
    (one,) = find_conflicts(HOW_MANY, [citation("东莞规上生物医药企业有197家。")], evidence)
    assert one.span.of(text) == "东莞规上生物医药企业有210家。"
    assert (one.citation, one.evidence) == (1, 2)


@pytest.mark.parametrize("language", ["zh", "zh-Hant", "en"])
def test_both_publishers_dates_and_marks_are_said_and_which_is_newer(language) -> None:
    one, two = citation("", 1, "2024-05-01", "甲报"), citation("", 2, "2025-06-01", "乙报")
    text = conflict_text("197家", "210家", one, two, language)
    for word in ("甲报", "乙报", "2024-05-01", "2025-06-01", "197家", "210家", "[1]", "[2]"):
        assert word in text
    assert text.rindex("[2]") > text.rindex("[1]")
    assert text.index("2025-06-01") < text.rindex("2025-06-01")


def test_nothing_is_called_newer_without_two_dates() -> None:
    one, two = citation("", 1, ""), citation("", 2, "2025-06-01")
    assert conflict_text("1家", "2家", one, two, "zh").count("2025-06-01") == 1
