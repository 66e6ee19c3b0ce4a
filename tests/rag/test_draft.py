"""Marks as models write them, and the sentences that they belong to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.draft import parse_draft, with_marks

KNOWN = {1, 2, 3}
ZH, ZH_NEXT = "同一家企业全年最多领1500万元", "奖励按临床阶段发放"
EN, EN_NEXT = "A company gets at most 15 million yuan", "The grant follows the phase"
MARKS = [
    "[1]",
    "【1】",
    "［1］",
    "[ 1 ]",
    "[^1]",
    "[来源1]",
    "[來源 1]",
    "【1†source】",
    "[Passage 1]",
]
MARKS += ["[source: 1]", "（来源1）", "(资料1)", "(Source 1)", "(1)", "（1）", "¹", "［１］"]


def marks_of(draft: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(sentence.text, sentence.marks) for sentence in parse_draft(draft, KNOWN).sentences]


WAYS = {"before": "{first}{mark}{stop}{gap}{next}{other}{stop}"}
WAYS["behind"] = "{first}{stop}{mark}{gap}{next}{stop}{other}"
NUMBERS_A_LIST = {(way, mark, "") for way in ("behind",) for mark in ("(1)", "（1）")}  # 。(1)奖励


@pytest.mark.parametrize(
    ("first", "following", "stop", "gap"),
    [
        (ZH, ZH_NEXT, "。", ""),
        (ZH, ZH_NEXT, "！", "\n"),
        (EN, EN_NEXT, ".", " "),
        (EN, EN_NEXT, "!", " "),
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_a_mark_before_or_behind_the_stop_belongs_to_its_sentence(
    way: str, first: str, following: str, stop: str, gap: str
) -> None:
    values = {"first": first, "next": following, "stop": stop, "gap": gap}
    for mark in MARKS:
        if (way, mark, gap) not in NUMBERS_A_LIST:
            other = mark.translate(str.maketrans("1¹１", "2²２"))
            text = WAYS[way].format(**values, mark=mark, other=other)
            assert marks_of(text) == [(first + stop, (1,)), (following + stop, (2,))]


@pytest.mark.parametrize(
    "marks", ["[1][2]", "[1] [2]", "[1,2]", "[1, 2]", "【1，2】", "[1、2]", "[1;2]", "[1-2]", "¹²"]
)
def test_several_marks_at_once(marks: str) -> None:
    assert marks_of(f"{ZH}{marks}。") == [(f"{ZH}。", (1, 2))]


@pytest.mark.parametrize(
    "marks", ["[来源1、来源2]", "[1 and 2]", "[2-1]", "(来源1)(来源2)", "(1)(2)", "[1–2]"]
)
def test_more_ways_to_write_several(marks: str) -> None:
    assert marks_of(f"{ZH}{marks}。") == [(f"{ZH}。", (1, 2))]


def test_a_mark_may_stand_inside_a_sentence() -> None:
    assert marks_of("东莞[1]和湖北[2]都有奖励。") == [("东莞和湖北都有奖励。", (1, 2))]
    assert marks_of("Dongguan [1] and Hubei (2), too.") == [("Dongguan and Hubei, too.", (1, 2))]


def test_a_spoken_source_is_a_mark_behind_a_statement_and_text_inside_one() -> None:
    assert marks_of(f"{ZH}，来源1。") == [(f"{ZH}。", (1,))]
    assert marks_of(f"{ZH}。来源2") == [(f"{ZH}。", (2,))]
    assert marks_of("根据资料1，有奖励。") == [("根据资料1，有奖励。", ())]


def test_a_mark_that_opens_a_line_belongs_to_that_line() -> None:
    assert marks_of(f"[1] {ZH}。\n[2] {ZH_NEXT}。") == [(f"{ZH}。", (1,)), (f"{ZH_NEXT}。", (2,))]


def test_a_mark_alone_on_a_line_belongs_to_what_stands_before() -> None:
    assert marks_of(f"{ZH}。\n[1]\n{ZH_NEXT}。") == [(f"{ZH}。", (1,)), (f"{ZH_NEXT}。", ())]


def test_a_mark_before_everything_belongs_to_the_first_sentence() -> None:
    assert marks_of(f"[2]\n{ZH}。") == [(f"{ZH}。", (2,))]


def test_unknown_numbers_are_kept_apart() -> None:
    (sentence,) = parse_draft(f"{ZH}[1][9]【12】。", KNOWN).sentences
    assert (sentence.text, sentence.marks, sentence.unknown) == (f"{ZH}。", (1,), (9, 12))


def test_a_number_is_counted_once_in_a_sentence() -> None:
    assert marks_of(f"{ZH}[1][1][2][1]。") == [(f"{ZH}。", (1, 2))]


@pytest.mark.parametrize(
    "text",
    [
        "条件：(1) 在东莞落地；(2) 属于创新药。",
        "(1) 在东莞落地\n(2) 属于创新药",
        "It pays: (1) grants; (2) loans.",
        "It pays (1) grants and (2) loans.",
        "第(1)项和第(2)项。",
        "办法（2024）。",
        "[2024]年第五号。",
        "占地10 m²，高3km²。",
        "10⁹元。",
        "(4)。",
        "奖励⁴。",
        "[一]",
        "数组[i]。",
    ],
)
def test_what_only_looks_like_a_mark_stays_text(text: str) -> None:
    draft = parse_draft(text, KNOWN)
    assert draft.text == text
    assert all(not sentence.marks and not sentence.unknown for sentence in draft.sentences)


def test_new_marks_stand_before_the_stop() -> None:
    draft = parse_draft(f"{ZH}。[3]\n{EN} [2].", KNOWN)
    assert with_marks(draft, [(1,), (1, 2)]) == f"{ZH}[1]。\n{EN}[1][2]."


def test_sentences_without_marks_stay_as_they_are() -> None:
    text = f"{ZH}。\n\n{EN}.  {EN_NEXT}…"
    draft = parse_draft(text, KNOWN)
    assert with_marks(draft, [()] * len(draft.sentences)) == text


# Pieces that models write, in any order and nesting.
FRAGMENTS = [
    *MARKS,
    ZH,
    EN,
    "。",
    ".",
    "！",
    "\n",
    " ",
    "：",
    "；",
    "，来源2",
    "[1,2]",
    "[9]",
    "(3)",
    "²",
]
FRAGMENTS += [
    "[",
    "]",
    "【",
    "】",
    "(",
    ")",
    "1",
    "2",
    "-",
    "“",
    "”",
    "《",
    "…",
    "[0]",
    "[999]",
    "m²",
    "\r\n",
]
drafts = st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join) | st.text(max_size=80)


@given(drafts)
def test_a_bare_draft_holds_no_marks(text: str) -> None:
    draft = parse_draft(text, KNOWN)
    assert parse_draft(draft.text, KNOWN).text == draft.text
    assert all(not s.marks and not s.unknown for s in parse_draft(draft.text, KNOWN).sentences)


@given(drafts)
def test_sentences_stand_where_they_say_apart_and_in_order(text: str) -> None:
    draft = parse_draft(text, KNOWN)
    assert all(sentence.span.of(draft.text) == sentence.text for sentence in draft.sentences)
    edges = [edge for s in draft.sentences for edge in (s.span.start, s.span.end)]
    assert edges == sorted(edges)
    between = "".join(draft.text)
    for sentence in reversed(draft.sentences):
        between = between[: sentence.span.start] + between[sentence.span.end :]
    assert not between.strip()


@given(st.lists(st.tuples(st.sampled_from([ZH, EN, ZH_NEXT]), st.sets(st.integers(1, 9)))))
def test_each_mark_belongs_to_exactly_one_sentence(written: list[tuple[str, set[int]]]) -> None:
    text = "".join(f"{words}{''.join(f'[{n}]' for n in sorted(ns))}。" for words, ns in written)
    sentences = parse_draft(text, KNOWN).sentences
    assert [{*s.marks, *s.unknown} for s in sentences] == [ns for _, ns in written]
    assert all(set(s.marks) <= KNOWN and not KNOWN & set(s.unknown) for s in sentences)


@given(drafts)
def test_marks_written_back_are_read_back(text: str) -> None:
    draft = parse_draft(text, KNOWN)
    again = parse_draft(with_marks(draft, [s.marks for s in draft.sentences]), KNOWN)
    assert again.text == draft.text
    assert [s.marks for s in again.sentences] == [s.marks for s in draft.sentences]


def test_a_long_hostile_draft_is_read_in_linear_time() -> None:
    marks = 20_000
    draft = parse_draft("甲[1]" * marks + "[" * marks + "¹" * marks, KNOWN)
    assert draft.sentences[0].marks == (1,)
    assert draft.text.startswith("甲" * marks)


def test_isotopes_are_no_marks() -> None:
    text = "含¹⁰B的硼药和¹⁷⁷Lu标记药物最高奖励250万元[1]。"
    draft = parse_draft(text, set(range(1, 20)))
    assert draft.text == text.replace("[1]", "")
    assert draft.sentences[0].marks == (1,)
