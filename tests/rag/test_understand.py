"""What a question plainly asks: language, places, years, kinds of figures, length of a list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.quantities import Kind
from rag.understand import asks_figure, language_of, understand


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("东莞对BNCT硼药给什么奖励？", "zh"),
        ("東莞對BNCT硼藥給甚麼獎勵？", "zh-Hant"),
        ("what does Dongguan give for BNCT drugs?", "en"),
        ("What is the grant for 硼药?", "en"),
        ("大中小企业", "zh"),
        ("１２３", "zh"),
        ("", "zh"),
    ],
)
def test_the_answer_is_in_the_language_and_script_of_the_question(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "places", "years"),
    [
        ("东莞2024年和佛山2025年给多少？", ["东莞", "佛山"], [2024, 2025]),
        ("東莞去年給多少？", ["东莞"], []),
        ("How much did Dongguan give in 2024, and Dongguan in 2024?", ["东莞"], [2024]),
        ("编号120245的项目", [], []),
        ("２０２４年奖励", [], [2024]),
    ],
)
def test_places_and_years_are_read_once_each(text, places, years) -> None:
    question = understand(text)
    assert [place.name for place in question.places] == places
    assert list(question.years) == years


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("硼药奖励多少？", Kind.MONEY),
        ("硼藥補貼金額？", Kind.MONEY),
        ("How much does it pay?", Kind.MONEY),
        ("what does Dongguan give for BNCT drugs?", Kind.MONEY),
        ("有几家企业？", Kind.COUNT),
        ("How many companies are there?", Kind.COUNT),
        ("何时截止？", Kind.DATE),
        ("When does it close?", Kind.DATE),
        ("增长率是多少？", Kind.PERCENT),
        ("What percentage is spent?", Kind.PERCENT),
    ],
)
def test_the_kind_of_figure_asked_for(text: str, kind: Kind) -> None:
    assert kind in understand(text).wanted


@pytest.mark.parametrize("text", ["支持哪些方向？", "Which cities are core cities?"])
def test_no_figure_is_wanted_where_none_is_asked_for(text: str) -> None:
    assert not asks_figure(understand(text))


@pytest.mark.parametrize("text", ["有多少家？", "有幾家？", "何時截止？", "How much?", "When?"])
def test_only_a_figure_answers_how_much_and_when(text: str) -> None:
    assert asks_figure(understand(text))


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("哪三大平台？", 3),
        ("哪十个项目？", 10),
        ("有哪5类企业？", 5),
        ("哪兩個城市？", 2),
        ("What are the five projects?", 5),
        ("Which four cities matter?", 4),
        ("哪些城市？", 0),
        ("三大平台是什么？", 0),
    ],
)
def test_the_length_of_a_list_that_is_asked_for(text: str, items: int) -> None:
    assert understand(text).items == items


@given(st.text(max_size=80))
def test_any_text_can_be_understood(text: str) -> None:
    question = understand(text)
    assert question.text == text
    assert question.items >= 0
