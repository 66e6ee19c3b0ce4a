import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import QuestionError
from index.script import to_traditional
from index.types import Span
from page.programs.quotes import MAX_QUOTATION, read_quotation, standings

TEXT = (
    "第一条　进入Ⅲ期的，最多奖800万元；\n未经批准的企业不得申请。"
    "第二条 每年封顶１５００万元，不另奖励。"
)


def spans(quotation: str, text: str = TEXT) -> list[str]:
    return [found.span.of(text) for found in standings(read_quotation(quotation), text)]


@pytest.mark.parametrize(
    ("quotation", "stands"),
    [
        ("进入Ⅲ期的，最多奖800万元", "进入Ⅲ期的，最多奖800万元"),
        ("進入Ⅲ期的，最多獎800萬元", "进入Ⅲ期的，最多奖800万元"),
        ("进入III期的,最多奖800万元", "进入Ⅲ期的，最多奖800万元"),
        ("每年封顶1500万元，不另奖励。", "每年封顶１５００万元，不另奖励。"),
        ("每年封顶1500万元，不另奖励；", "每年封顶１５００万元，不另奖励"),
        ("“最多奖 800 万元；未经批准”", "最多奖800万元；\n未经批准"),
        ("「未经批准的企业不得申请」", "未经批准的企业不得申请"),
    ],
)
def test_width_case_script_space_and_closing_stops_do_not_count(
    quotation: str, stands: str
) -> None:
    assert spans(quotation) == [stands]


@pytest.mark.parametrize(
    "quotation",
    [
        "进入Ⅲ期的，最多奖900万元",
        "进入Ⅱ期的，最多奖800万元",
        "I期的，最多奖800万元",
        "每年封顶15000万元",
    ],
)
def test_another_figure_or_a_part_of_a_character_stands_nowhere(quotation: str) -> None:
    assert spans(quotation) == []


def test_every_place_is_found() -> None:
    text = "奖励不超过800万元。" * 5
    found = list(standings(read_quotation("奖励不超过800万元"), text))
    assert [one.span.start for one in found] == [0, 11, 22, 33, 44]


def test_an_ellipsis_divides_parts_and_tells_what_is_left_out() -> None:
    (found,) = standings(read_quotation("未经批准的企业……每年封顶1500万元"), TEXT)
    assert found.span.of(TEXT).startswith("未经") and found.span.of(TEXT).endswith("０万元")
    assert [gap.of(TEXT) for gap in found.gaps] == ["不得申请。第二条 "]


@pytest.mark.parametrize(
    "between", ["每年封顶1500万元……未经批准的企业", "未经批准的企业不得…没有这一段"]
)
def test_parts_in_another_order_or_not_there_stand_nowhere(between: str) -> None:
    assert spans(between) == []


def test_parts_too_far_apart_stand_nowhere() -> None:
    text = "未经批准的企业不得申请" + "甲" * 300 + "每年封顶若干万元"
    assert spans("未经批准的企业……每年封顶若干万元", text) == []
    assert len(spans("未经批准的企业……每年封顶若干万元", text.replace("甲" * 200, ""))) == 1


@pytest.mark.parametrize(
    ("quotation", "says"),
    [
        ("800万元", "fewer than 8"),
        ("　 \n", "fewer than 8"),
        ("……", "fewer than 8"),
        ("奖" * (MAX_QUOTATION + 1), "2,001"),
        ("…".join(["奖励不超过八百万元"] * 9), "9 parts"),
    ],
)
def test_what_proves_nothing_or_is_too_much_is_refused(quotation: str, says: str) -> None:
    with pytest.raises(QuestionError, match=says) as caught:
        read_quotation(quotation)
    assert "\n" not in str(caught.value)


@given(st.text(min_size=12, max_size=60), st.data())
def test_any_piece_of_a_text_stands_where_it_was_taken(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 9))
    piece = text[start : data.draw(st.integers(start + 9, len(text)))]
    try:
        quotation = read_quotation(piece)
    except QuestionError:
        return
    found = [one.span for one in standings(quotation, text)]
    taken = Span(start, start + len(piece))
    assert any(span.start < taken.end and taken.start < span.end for span in found)


def test_traditional_texts_are_found_by_simplified_quotations() -> None:
    text = to_traditional(TEXT)
    assert spans("进入Ⅲ期的，最多奖800万元", text) == ["進入Ⅲ期的，最多獎800萬元"]


def test_a_hostile_repetition_is_searched_to_its_end() -> None:
    quotation = read_quotation("aaaaaaaa…a…a…a…a…a…b")
    assert list(standings(quotation, "a" * 20_000)) == []
