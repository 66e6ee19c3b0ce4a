import pytest
from hypothesis import given
from mixed_text import mixed_texts

from index.script import to_traditional
from index.terms import question_terms, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("東莞BNCT硼藥4112.83萬", ["东莞", "bnct", "硼药", "4112.83", "万"]),
        ("CAR-T細胞", ["car-t", "细胞"]),
        ("1,500万元、５０％", ["1500", "万元", "50"]),
        ("2,342,170.5、2023，2024", ["2342170.5", "2023", "2024"]),
        ("奖励", ["奖励"]),
        ("年", ["年"]),
        ("国家基因库", ["国家", "家基", "基因", "因库"]),
        ("𠀀𡃁字", ["𠀀𡃁", "𡃁字"]),
        ("二〇二四年", ["二〇", "〇二", "二四", "四年"]),
        ("don't stop e-mail", ["don't", "stop", "e-mail"]),
        ("αβ核素", ["αβ", "核素"]),
        ("10:20，2024-02", ["10", "20", "2024", "02"]),
        ("。，\n ", []),
        ("\ud83d\x00", []),
    ],
)
def test_terms_are_bigrams_words_and_numbers(text, expected):
    assert terms(text) == expected


@given(mixed_texts)
def test_terms_hold_no_white_space_and_are_the_same_in_both_scripts(text):
    found = terms(text)
    assert all(term and not any(character.isspace() for character in term) for term in found)


def test_both_scripts_have_the_same_terms():
    text = "东莞对计划落地转化的硼药给予奖励，单个企业每年最高1500万元"
    assert terms(to_traditional(text)) == terms(text)


def test_question_words_are_left_out_and_repeats_too():
    assert question_terms("东莞对硼药奖励多少？东莞！") == [
        "东莞",
        "莞对",
        "对硼",
        "硼药",
        "药奖",
        "奖励",
    ]
    assert question_terms("請問什麼是CRISPR呢？") == ["是", "crispr"]
    assert question_terms("什么？") == []


@given(mixed_texts)
def test_a_text_without_question_words_asks_for_its_own_terms(text):
    if not set("请問问什么麼哪多少几幾项怎如何是否为何吗嗎呢個个家") & set(text):
        assert question_terms(text) == list(dict.fromkeys(terms(text)))
