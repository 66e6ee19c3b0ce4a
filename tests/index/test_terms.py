from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mixed_text import mixed_texts

from index.script import to_traditional
from index.terms import TermGroup, question_groups, question_terms, terms


@dataclass(frozen=True)
class Named:
    start: int
    end: int
    names: tuple[str, ...]
    weight: float = 1.0


def named(question, name, *names, weight=1.0):
    start = question.index(name)
    return Named(start, start + len(name), names, weight)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("東莞BNCT硼藥4112.83", ["东", "莞", "东莞", "bnct", "硼", "药", "硼药", "4112.83"]),
        ("CAR-T細胞", ["car-t", "cart", "car", "细", "胞", "细胞"]),
        ("1,500元", ["1500", "元"]),
        ("2,342,170.5、2023，2024", ["2342170.5", "2023", "2024"]),
        ("家", ["家"]),
        ("国家基", ["国", "家", "基", "国家", "家基"]),
        ("𠀀𡃁字", ["𠀀", "𡃁", "字", "𠀀𡃁", "𡃁字"]),
        ("don't stop e-mail", ["don't", "stop", "e-mail", "email", "mail"]),
        ("αβ核", ["αβ", "核"]),
        ("10:20", ["10", "20"]),
        ("GLP1 H5N1", ["glp1", "h5n1"]),
        ("。，\n ", []),
        ("\ud83d\x00", []),
    ],
)
def test_terms_are_characters_bigrams_words_and_numbers(text, expected):
    assert terms(text) == expected


ALIKE = {
    "5000000": [
        "500万元",
        "500万",
        "五百万元",
        "５００萬元",
        "0.05亿元",
        "5 million yuan",
        "5,000,000",
    ],
    "250000000000": ["2,500亿元", "2500亿", "兩千五百億元", "250 billion yuan"],
    "1200000000000": ["1.2万亿元", "一万二千亿元", "12000亿", "1.2 trillion"],
    "12300": ["一万二千三百", "1.23万", "12,300"],
    "10％": ["10%", "１０％", "百分之十", "10 percent", "百分之10", "10.0%"],
    "2024年": ["2024年", "二〇二四年", "2024 年", "2024-11-29"],
    "11月29日": ["11月29日", "十一月二十九日", "2024年11月29日", "2024-11-29", "2024/11/29"],
    "3期": [
        "三期",
        "Ⅲ期",
        "III期",
        "第三期",
        "3期",
        "Phase III",
        "phase 3",
        "Ⅰ、Ⅱ、Ⅲ期",
        "I/III期",
    ],
    "2类": ["第二类", "II类", "Ⅱ類", "二类", "第一、二类"],
    "12条": ["第十二条", "第12条", "第 12 條"],
    "十四五规划": ["“十四五”规划", "十四五时期", "十四五規劃", "第十四个五年规划"],
    "[2024]5号": ["粤府〔2024〕5号", "粤府[2024]05号", "粵府（2024）5號", "粤府(2024) 5 号"],
    "粤府[2024]5号": ["粤府〔2024〕5号", "根据粤府【2024】第5号", "粤府［2024］5号"],
    "《药品管理法》": ["《药品管理法》", "依据《藥品管理法》", "《药品 管理法》"],
    "3–12": ["第3-12号项目", "３－１２号"],
    "glp1": ["GLP-1", "GLP1", "ＧＬＰ－１"],
}


@pytest.mark.parametrize(
    ("exact", "text"), [(exact, text) for exact, texts in ALIKE.items() for text in texts]
)
def test_what_means_the_same_has_the_same_exact_term(exact, text):
    assert exact in terms(text)
    assert exact in question_terms(text)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("四期", "3期"),
        ("1500万元", "5000000"),
        ("百万", "1000000"),
        ("近期 周期", "1期"),
        ("xiii期", "3期"),
        ("95%", "5％"),
        ("2024年13月40日", "13月40日"),
        ("粤府〔2024〕15号", "[2024]5号"),
        ("第一百二十三条", "3条"),
        ("CIVIC类", "3类"),
    ],
)
def test_what_means_something_else_has_not(text, other):
    assert other not in terms(text)


def test_no_exact_term_can_be_taken_for_a_name_in_latin_letters():
    # rag.refusal reads upper-case terms of a question as names
    found = question_terms("10%的GLP-1、500万元、粤府〔2024〕5号、III期")
    assert [term for term in found if term.isascii() and not term.isalnum()] == ["glp-1"]


@given(mixed_texts)
def test_terms_hold_no_white_space_and_are_no_empty_string(text):
    found = terms(text)
    assert all(term and not any(character.isspace() for character in term) for term in found)


@given(
    st.text(
        "零〇一二三四五六七八九两十百千万亿年月日期第条类、%.,0123456789 ivxphase《》〔〕号五",
        max_size=40,
    )
)
def test_no_run_of_numerals_is_refused(text):
    assert set(question_terms(text)) <= set(terms(text))


def test_both_scripts_have_the_same_terms():
    text = "东莞对计划落地转化的硼药给予奖励，单个企业每年最高1500万元，见粤府〔2024〕五号第三条"
    assert terms(to_traditional(text)) == terms(text)


@pytest.mark.parametrize(
    "piece", ["1", "1,", "一", "i/", "《a", "第一、", "1 ", "中〔2024〕", "phase i, "]
)
def test_hostile_repetition_gives_no_more_terms_than_characters(piece):
    text = piece * 2_000
    assert len(terms(text)) <= 3 * len(text)


# --- questions


def test_question_words_are_left_out_and_repeats_too():
    found = question_terms("东莞对硼药多少？东莞！")
    assert found == ["东", "东莞", "莞", "莞对", "对", "对硼", "硼", "硼药", "药"]
    assert question_terms("請問什麼是CRISPR呢？") == ["是", "crispr"]
    assert question_terms("What is the CRISPR of it?") == ["crispr"]
    assert question_terms("什么？") == []


@given(mixed_texts)
def test_a_text_without_question_words_asks_for_its_own_terms(text):
    asking = set("请問问什么麼哪多少几幾项怎如何是否为何吗嗎呢個个家")
    if not asking & set(text) and not any("a" <= c.lower() <= "z" for c in text):
        assert set(question_terms(text)) == set(terms(text))


@given(mixed_texts)
def test_without_counterparts_each_term_is_a_group(text):
    groups = question_groups(text)
    assert all(len(group.alternatives) == len(group.alternatives[0]) == 1 for group in groups)
    assert [group.alternatives[0][0] for group in groups] == question_terms(text)
    assert len(set(groups)) == len(groups)


def test_a_counterpart_is_one_group_of_alternatives_in_its_place():
    question = "CRISPR in Dongguan today?"
    part = named(question, "Dongguan", "东莞", "東莞市", weight=0.5)
    assert question_groups(question, [part]) == [
        TermGroup((("crispr",),)),
        TermGroup((("dongguan",), ("东", "莞", "东莞"), ("东", "莞", "市", "东莞", "莞市")), 0.5),
        TermGroup((("today",),)),
    ]


def test_places_are_those_of_the_question_before_folding():
    question = "㎏㎏㎏ ﷺ 散裂中子源ｱ"  # NFKC makes it longer
    group = question_groups(question, [named(question, "散裂中子源", "spallation")])[-2]
    assert group.alternatives[0][:5] == tuple("散裂中子源")
    assert group.alternatives[1] == ("spallation",)


def test_what_stands_in_a_group_is_no_group_again():
    question = "Dongguan (东莞) 东莞市"
    groups = question_groups(question, [named(question, "Dongguan", "东莞")])
    assert groups[1:] == [TermGroup(((term,),)) for term in ("莞市", "市")]


def test_counterparts_that_name_the_same_are_one_group():
    question = "Dongguan (东莞)"
    parts = [named(question, "Dongguan", "东莞"), named(question, "东莞", "Dongguan", weight=2.0)]
    assert question_groups(question, parts) == [
        TermGroup((("dongguan",), ("东", "莞", "东莞")), 2.0)
    ]


def test_counterparts_that_overlap_or_lie_outside_are_left_out():
    question = "Dongguan City"
    parts = [named(question, "Dongguan City", "东莞"), named(question, "City", "市")]
    parts += [Named(5, 400, ("省",)), Named(3, 3, ("县",)), Named(-2, 1, ("区",))]
    assert question_groups(question, parts) == question_groups(question, parts[:1])


def test_a_counterpart_that_names_nothing_is_no_group():
    assert question_groups("？！", [Named(0, 1, ("。",))]) == []


@given(mixed_texts, st.lists(st.tuples(st.integers(-2, 60), st.integers(0, 20)), max_size=4))
def test_any_counterparts_give_groups_that_hold_terms_once(text, places):
    parts = [Named(start, start + length, ("东莞", "x")) for start, length in places]
    groups = question_groups(text, parts)
    assert all(way and len(set(way)) == len(way) for g in groups for way in g.alternatives)
    singles = [
        g.alternatives[0][0] for g in groups if g.alternatives[0][1:] == () == g.alternatives[1:]
    ]
    assert len(set(singles)) == len(singles)
