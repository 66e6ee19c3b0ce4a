"""What is marked stands in the text, in its own script, and was asked for."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from index.script import fold_characters, to_traditional
from index.terms import TermGroup, located_among, located_terms, question_groups
from index.types import Span
from index.why import matched_spans, matched_terms

TEXT = "对在东莞转化的硼药，进入Ⅲ期临床的最高奖励500万元，见粤府〔2024〕5号。CAR-T同样奖励。"


def marked(question: str, text: str = TEXT) -> tuple[str, ...]:
    return matched_terms(question_groups(question), text)


def test_bigrams_that_overlap_are_one_word() -> None:
    assert marked("最高奖励") == ("最高奖励",)


def test_words_come_in_the_order_of_the_text_without_repeats() -> None:
    assert marked("奖励 东莞") == ("东莞", "奖励")


def test_places_hold_in_traditional_text_for_a_simplified_question() -> None:
    text = to_traditional(TEXT)
    assert marked("东莞的硼药奖励", text) == ("東莞", "硼藥", "獎勵")


def test_an_amount_in_other_words_marks_what_it_was_read_from() -> None:
    assert marked("五百万") == ("500万",)
    assert marked("5 million yuan", "最高500万元") == ("500万",)


def test_a_document_number_is_marked_whole_in_any_brackets() -> None:
    assert marked("粤府[2024]5号") == ("粤府〔2024〕5号",)


def test_a_roman_numeral_of_one_character_is_marked_although_folding_makes_it_three() -> None:
    assert marked("phase III") == ("Ⅲ期",)


def test_a_latin_word_keeps_its_case_and_its_hyphen() -> None:
    assert marked("car-t") == ("CAR-T",)


def test_a_han_character_of_a_longer_word_does_not_count_alone() -> None:
    assert marked("药品") == ()
    assert marked("药") == ("药",)


def test_particles_at_the_ends_are_left_out() -> None:
    assert marked("转化的硼药") == ("转化的硼药",)
    assert marked("企业的硼药") == ("硼药",)
    assert marked("的") == ()


def test_every_name_that_a_group_knows_is_marked() -> None:
    group = TermGroup((("boron",), ("硼", "药", "硼药")))
    assert matched_terms([group], TEXT) == ("硼药",)


def test_a_word_that_stands_in_a_longer_one_is_left_out_unless_it_is_latin() -> None:
    assert marked("创新药 创新药物", "创新药，创新药物") == ("创新药物",)
    assert marked("AI AIDS", "AI and AIDS") == ("AI", "AIDS")


def test_one_word_in_both_scripts_is_named_once() -> None:
    assert marked("奖励", "獎勵和奖励") == ("獎勵",)


@given(st.text("东莞硼药奖励的Ⅲ期500万AI ,。-\n", max_size=30), st.text(max_size=40))
def test_spans_are_apart_in_order_and_stand_in_the_text(question: str, rest: str) -> None:
    text = f"{rest}東莞獎勵Ⅲ期{rest}"
    spans = matched_spans(question_groups(question), text)
    assert all(one.end < other.start for one, other in pairwise(spans))
    assert all(len(span) > 0 and span.end <= len(text) for span in spans)


@given(st.text("东莞硼药奖励东区", min_size=2, max_size=8))
def test_a_question_is_marked_whole_in_its_own_text(question: str) -> None:
    (span,) = matched_spans(question_groups(question), f"x {question} x")
    assert span == Span(2, 2 + len(question))


def test_what_is_marked_folds_to_what_was_asked() -> None:
    (term,) = marked("獎勵")
    assert fold_characters(term) == "奖励"


CHARACTERS = "东莞硼药奖励五百万元十四第三期条年月日〔〕《》 0123456789,.%-号aBⅢ"
WRITTEN = st.text(CHARACTERS, max_size=60)


@given(WRITTEN, st.data())
def test_terms_are_found_among_some_where_they_are_found_among_all(
    text: str, data: st.DataObject
) -> None:
    folded = fold_characters(text)
    every = sorted(located_terms(folded))
    wanted = data.draw(st.sets(st.sampled_from([*{term for term, _, _ in every}, "深圳", "7期"])))
    assert sorted(located_among(folded, wanted)) == [one for one in every if one[0] in wanted]
