"""What is asked back: only where the evidence splits and the question leaves it open."""

import pytest

from index.types import Metadata, Passage, Scores, Span
from rag.clarify import clarify
from rag.types import Evidence
from rag.understand import understand


def item(n: int, text: str, region: str = "", title: str = "", status: str = "") -> Evidence:
    passage = Passage(n, f"{n}.txt", Span(0, len(text)), Span(0, len(text)), text)
    known = Metadata(title=title, region=region, status=status)
    return Evidence(n, passage, known, 1.0, Scores(0.9, None, 0.85))


PLACES = [
    item(1, "硼药临床奖励最高800万元。", "东莞"),
    item(2, "硼药临床奖励最高600万元。", "佛山"),
]
YEARS = [
    item(1, "2024年规上企业有197家。", "东莞"),
    item(2, "2023年规上企业有180家。", "东莞"),
]
VERSIONS = [
    item(1, "硼药临床奖励最高800万元。", "东莞", "若干措施（征求意见稿）"),
    item(2, "硼药临床奖励最高600万元。", "东莞", "若干措施"),
]


@pytest.mark.parametrize(
    ("question", "evidence", "words", "choices"),
    [
        (
            "硼药临床奖励多少？",
            PLACES,
            ("哪里", "东莞、佛山", "按东莞"),
            ("东莞硼药临床奖励多少？", "佛山硼药临床奖励多少？"),
        ),
        (
            "硼藥臨床獎勵多少？",
            PLACES,
            ("哪裡", "東莞"),
            ("東莞硼藥臨床獎勵多少？", "佛山硼藥臨床獎勵多少？"),
        ),
        (
            "How much is the award for boron drugs?",
            PLACES,
            ("which place", "for Dongguan"),
            (
                "How much is the award for boron drugs in Dongguan?",
                "How much is the award for boron drugs in Foshan?",
            ),
        ),
        (
            "东莞规上企业有多少家？",
            YEARS,
            ("哪一年", "按2024年"),
            ("东莞2024年规上企业有多少家？", "东莞2023年规上企业有多少家？"),
        ),
        (
            "东莞硼药临床奖励多少？",
            VERSIONS,
            ("哪个版本", "按征求意见稿"),
            ("东莞硼药临床奖励多少（征求意见稿）？", "东莞硼药临床奖励多少（正式文件）？"),
        ),
    ],
)
def test_what_is_open_is_asked_and_the_reading_taken_is_said(
    question, evidence, words, choices
) -> None:
    asked = clarify(understand(question), evidence)
    assert asked
    assert all(word in asked.line for word in words)
    assert asked.choices == choices


@pytest.mark.parametrize(
    ("question", "evidence"),
    [
        ("东莞硼药临床奖励多少？", PLACES),
        ("哪些城市给硼药临床奖励多少？", PLACES),
        ("各地硼药临床奖励分别是多少？", PLACES),
        ("2024年东莞规上企业有多少家？", YEARS),
        ("东莞历年规上企业有多少家？", YEARS),
        ("东莞征求意见稿的硼药临床奖励多少？", VERSIONS),
        ("硼药临床奖励多少？", PLACES[:1]),
        ("硼药临床奖励多少？", []),
        ("硼药临床奖励多少？", [PLACES[0], item(2, "游泳馆夏季开放。", "佛山")]),
        ("硼药临床奖励多少？", [PLACES[0], item(2, "硼药临床有奖励。", "佛山")]),
        ("硼药临床奖励多少？", [PLACES[0], item(2, "硼药临床奖励最高600万元。", "广东")]),
    ],
)
def test_nothing_is_asked_where_nothing_is_open(question, evidence) -> None:
    assert clarify(understand(question), evidence) is None


def test_a_follow_up_was_completed_and_is_not_asked_back() -> None:
    assert clarify(understand("硼药临床奖励多少？", "多少？"), PLACES) is None


def test_every_choice_settles_it() -> None:
    first = clarify(understand("硼药临床奖励多少？"), PLACES)
    assert first
    assert all(clarify(understand(choice), PLACES) is None for choice in first.choices)


def test_there_are_four_choices_at_most() -> None:
    cities = ("东莞", "佛山", "珠海", "中山", "惠州")
    evidence = [item(n, "硼药临床奖励800万元。", city) for n, city in enumerate(cities, 1)]
    asked = clarify(understand("硼药临床奖励多少？"), evidence)
    assert asked
    assert len(asked.choices) == 4
