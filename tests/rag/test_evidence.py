"""Evidence is about the places and years of the question, within its budget, and never twice."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.types import Hit, Metadata, Passage, Scores, Span
from rag.evidence import covered, fits, gather
from rag.types import Evidence
from rag.understand import understand


def passage(text: str, id_: int = 1, heading: tuple[str, ...] = ()) -> Passage:
    return Passage(id_, f"{id_}.txt", Span(0, len(text)), Span(0, len(text)), text, heading)


def hits(*texts: str) -> list[Hit]:
    return [Hit(passage(t, i), 1 - i / 100, Scores(0.9 - i / 100)) for i, t in enumerate(texts)]


def gathered(question: str, *texts: str, budget: int = 1000, known: Metadata | None = None):
    return gather(
        understand(question),
        hits(*texts),
        lambda _: known or Metadata(),
        lambda ts: list(map(len, ts)),
        budget,
    )


def test_hits_are_numbered_from_one_in_their_order() -> None:
    evidence = gathered("奖励多少？", "甲奖励", "乙奖励", "丙奖励")
    assert [(item.n, item.passage.text) for item in evidence] == [
        (1, "甲奖励"),
        (2, "乙奖励"),
        (3, "丙奖励"),
    ]
    assert [item.scores.dense for item in evidence] == [0.9, 0.89, 0.88]


def test_no_text_is_taken_twice_in_any_script_spacing_or_punctuation() -> None:
    (item,) = gathered(
        "奖励？", "东莞奖励企业", "東莞獎勵企業", "东莞 奖励\n企业", "东莞奖励企业。"
    )
    assert (item.passage.id, item.also) == (0, ("1.txt", "2.txt", "3.txt"))


SENTENCE = "对完成三期临床试验的{}项目，按实际投入的三成给予补助，单个项目最高补助{}万元。"


def test_texts_that_differ_in_a_figure_are_both_taken() -> None:
    texts = [SENTENCE.format("药品", 500), SENTENCE.format("药品", 800)]
    assert [item.passage.text for item in gathered("奖励？", *texts)] == texts


def test_a_document_that_repeats_its_phrases_means_different_things_by_them() -> None:
    found = [
        Hit(replace(passage(SENTENCE.format(what, 500), id_), document="a"), 1.0, Scores(0.9))
        for id_, what in enumerate(("创新药品", "创新医械"))
    ]
    evidence = gather(understand("奖励？"), found, lambda _: Metadata(), lambda t: [1] * len(t))
    assert [item.passage.id for item in evidence] == [0, 1]


def test_a_longer_passage_around_the_same_text_is_taken_too() -> None:
    more = SENTENCE.format("药品", 500)
    assert (
        len(gathered("奖励？", more, f"{more}申报单位须在本市注册，并于每年材料齐备时申报。")) == 2
    )


def test_of_a_passage_in_several_documents_the_original_is_taken() -> None:
    one, other = passage("东莞奖励企业", 1), passage("東莞獎勵企業", 2)
    (item,) = gather(
        understand("奖励？"),
        [Hit(one, 0.9, Scores(0.9))],
        lambda _: Metadata(),
        lambda texts: [1] * len(texts),
        copies=lambda _: [other, one],
    )
    assert item.passage == other
    assert item.also == ("1.txt",)


def test_the_budget_is_kept_and_smaller_passages_may_still_fit() -> None:
    evidence = gathered("奖励？", "一" * 60, "二" * 50, "三" * 40, budget=100)
    assert [len(item.passage.text) for item in evidence] == [60, 40]
    assert [item.n for item in evidence] == [1, 2]


def test_one_passage_is_always_taken() -> None:
    assert len(gathered("奖励？", "一" * 60, "二" * 50, budget=10)) == 1


@given(st.lists(st.integers(1, 50), max_size=20), st.integers(1, 200))
def test_more_than_one_passage_never_exceeds_the_budget(sizes: list[int], budget: int) -> None:
    texts = [chr(0x4E00 + i) * size for i, size in enumerate(sizes)]
    evidence = gathered("奖励？", *texts, budget=budget)
    assert len(evidence) <= 1 or sum(len(item.passage.text) for item in evidence) <= budget
    assert bool(evidence) == bool(sizes)


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("东莞奖励多少？", "东莞市奖励200万元", True),
        ("東莞獎勵多少？", "东莞市奖励200万元", True),
        ("What does Dongguan give?", "东莞市奖励200万元", True),
        ("佛山奖励多少？", "东莞市奖励200万元", False),
        ("What does Foshan give?", "東莞市獎勵200萬元", False),
        ("广东奖励多少？", "东莞市奖励200万元", True),
        ("东莞奖励多少？", "广东省奖励200万元", False),
        ("珠三角奖励多少？", "东莞市奖励200万元", True),
        ("奖励多少？", "东莞市奖励200万元", True),
        ("东莞和佛山奖励多少？", "东莞市奖励200万元", True),
        ("2024年奖励多少？", "2024年奖励200万元", True),
        ("2024年奖励多少？", "2022年奖励200万元", False),
        ("2024年奖励多少？", "编号12024的项目奖励200万元", False),
        ("2024年奖励多少？", "二〇二四年奖励200万元", True),
        ("2024年奖励多少？", "民國113年獎勵200萬元", True),
        ("2024年奖励多少？", "２０２４年奖励200万元", True),
        ("东莞2024年奖励多少？", "佛山2024年奖励200万元", False),
        ("东莞2024年奖励多少？", "东莞2023年奖励200万元", False),
    ],
)
def test_places_and_years_of_the_question_must_fit(
    question: str, text: str, expected: bool
) -> None:
    assert fits(understand(question), passage(text), Metadata()) is expected


def test_title_heading_region_and_date_tell_place_and_year_too() -> None:
    question = understand("东莞2024年奖励多少？")
    text = "奖励200万元"
    assert not fits(question, passage(text), Metadata())
    assert fits(question, passage(text), Metadata(title="东莞市2024年办法"))
    assert fits(question, passage(text, heading=("东莞", "2024年")), Metadata())
    assert fits(question, passage(text), Metadata(region="东莞", date="2024-03-01"))
    assert not fits(question, passage(text), Metadata(region="佛山", date="2024-03-01"))
    assert not fits(question, passage(text), Metadata(region="东莞", date="2022-03-01"))


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("硼药奖励", "对硼药给予奖励", 1.0),
        ("硼药奖励", "對硼藥給予獎勵", 1.0),
        ("硼药奖励", "游泳馆开放", 0.0),
        ("的了在", "的了在", 0.0),
        ("", "", 0.0),
        ("BNCT", "bnct药物", 1.0),
    ],
)
def test_coverage_of_a_question(question: str, text: str, expected: float) -> None:
    assert covered(question, text) == expected


@given(st.text(max_size=40), st.text(max_size=40))
def test_coverage_is_a_share_and_grows_with_the_text(question: str, text: str) -> None:
    share = covered(question, text)
    assert 0 <= share <= 1
    assert covered(question, f"{text}\n{question}") >= share


def test_evidence_keeps_what_is_known_of_its_document() -> None:
    known = Metadata(title="办法", publisher="市科技局")
    (item,) = gathered("奖励？", "奖励", known=known)
    assert isinstance(item, Evidence)
    assert item.metadata == known
