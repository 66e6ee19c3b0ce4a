import pytest
from hypothesis import given
from mixed_text import mixed_texts

from index.script import (
    encodable,
    fold,
    fold_characters,
    fold_names,
    fold_tight,
    script_of,
    to_simplified,
    to_traditional,
)


def test_scripts_are_folded_by_whole_words():
    assert (
        to_simplified("東莞對硼藥獎勵，破壞，頭髮、發展，乾燥、干部")
        == "东莞对硼药奖励，破坏，头发、发展，干燥、干部"
    )


def test_folding_forgets_width_case_and_script():
    assert fold("ＢＮＣＴ 硼藥１５００萬元") == fold("bnct 硼药1500万元") == "bnct 硼药1500万元"
    assert fold_tight(" 硼 藥\n１５００\u3000萬元 ") == "硼药1500万元"


def test_what_stands_between_words_becomes_one_bar_whatever_it_is():
    assert fold_names("《東莞》（ＢＮＣＴ） ——硼藥_１５，") == "|东莞|bnct|硼药|15"
    assert fold_names("") == fold_names("，。") == "|"


@given(mixed_texts)
def test_any_text_can_be_folded(text):
    for folded in (
        fold(text),
        fold_tight(text),
        fold_names(text),
        to_simplified(text),
        to_traditional(text),
    ):
        folded.encode("utf-8")


@given(mixed_texts)
def test_folding_character_by_character_keeps_every_place(text):
    folded = fold_characters(text)
    assert len(folded) == len(text)
    assert folded == "".join(map(fold_characters, text))


@given(mixed_texts)
def test_encodable_texts_are_left_alone_and_others_keep_their_length(text):
    fit = encodable(text)
    fit.encode("utf-8")
    assert len(fit) == len(text)
    assert all(a == b or b == "\ufffd" for a, b in zip(text, fit, strict=True))


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("東莞對硼藥", "hant"),
        ("东莞对硼药", "hans"),
        ("大中小", "either"),
        ("BNCT", "either"),
        ("", "either"),
    ],
)
def test_the_script_of_a_text_is_told(text, script):
    assert script_of(text) == script


@given(mixed_texts)
def test_every_text_has_a_script(text):
    assert script_of(text) in ("hans", "hant", "either")
