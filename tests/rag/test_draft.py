"""Marks as models write them, and the sentences that they belong to."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.script import fold
from rag.answer import PromptedAnswerer
from rag.draft import parse_draft, with_marks, without_marks
from rag.llm.scripted import ScriptedModel
from rag.types import Question

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
    assert marks_of("共有资料3份。") == [("共有资料3份。", ())]


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


# What models write around their marks goes with them.

SAID = "奖励200万元。"
SAID_EN = "The grant is 2 million yuan."


@pytest.mark.parametrize(
    "draft",
    [
        "奖励200万元〔1〕。",
        "奖励200万元<sup>1</sup>。",
        "奖励200万元<sup>[1]</sup>。",
        "奖励200万元⁽¹⁾。",
        "奖励200万元①。",
        "奖励200万元**[1]**。",
        "奖励200万元`[1]`。",
        "奖励200万元\\[1\\]。",
        "奖励200万元[#1]。",
        "奖励200万元[n=1]。",
        "奖励200万元[citation:1]。",
        "奖励200万元[doc1]。",
        "奖励200万元[第1段]。",
        "奖励200万元（第1段）。",
        "奖励200万元［来源一］。",
        "奖励200万元[1, p. 3]。",
        "奖励200万元[1](#cite-1)。",
        "奖励200万元，见[1]。",
        "奖励200万元，详见资料[1]。",
        "奖励200万元（见[1]）。",
        "奖励200万元（来源：[1]）。",
        "奖励200万元。（来源：[1]）",
        "奖励200万元[1]号。",
        "根据段落1，奖励200万元。",
        "根据[1]，奖励200万元。",
        "根據資料[1]的規定，奖励200万元。",
        "资料1指出，奖励200万元。",
        "资料一指出，奖励200万元。",
        "段落[1]：奖励200万元。",
        "[1]：奖励200万元。",
        "奖励200万元。\n来源：[1]",
        "奖励\u200b200万元[\u200b1]。",
    ],
)
def test_words_that_only_lead_to_a_mark_go_with_it(draft: str) -> None:
    assert [(s.text.strip(), s.marks) for s in parse_draft(draft, KNOWN).sentences] == [
        (SAID, (1,))
    ]


@pytest.mark.parametrize(
    "draft",
    [
        "Passage 1 says the grant is 2 million yuan.",
        "Passage 1 states that the grant is 2 million yuan.",
        "Passage 1: the grant is 2 million yuan.",
        "According to [1], the grant is 2 million yuan.",
        "According to passage 1, the grant is 2 million yuan.",
        "The grant, as stated in source 1, is 2 million yuan.",
        "The grant is 2 million yuan (see [1]).",
        "The grant is 2 million yuan (see passage 1).",
        "The grant is 2 million yuan, see [1].",
        "The grant is 2 million yuan ([1]).",
        "[1] The grant is 2 million yuan.",
        "The grant is 2 million yuan.\nSources: [1]",
    ],
)
def test_english_words_that_only_lead_to_a_mark_go_with_it(draft: str) -> None:
    assert [(s.text, s.marks) for s in parse_draft(draft, KNOWN).sentences] == [(SAID_EN, (1,))]


@pytest.mark.parametrize(
    "marks", ["[1]、[2]", "[1],[2]", "¹,²", "¹ ²", "〔1、2〕", "<sup>1,2</sup>", "[1] and [2]"]
)
def test_neighbouring_marks_leave_nothing_between_them(marks: str) -> None:
    assert marks_of(f"{ZH}{marks}。") == [(f"{ZH}。", (1, 2))]


def test_a_range_of_marks_is_all_that_it_spans() -> None:
    assert marks_of(f"{ZH}[1]-[3]。") == [(f"{ZH}。", (1, 2, 3))]


def test_a_passage_as_the_subject_keeps_its_verb() -> None:
    assert marks_of("Passage 2 lists three cities.") == [("Passage lists three cities.", (2,))]
    assert marks_of("资料2介绍了三个平台。") == [("资料介绍了三个平台。", (2,))]


def test_words_in_the_middle_lead_to_the_sentence_that_they_open() -> None:
    assert marks_of(f"{ZH}[1]。根据[2]，{ZH_NEXT}。") == [(f"{ZH}。", (1,)), (f"{ZH_NEXT}。", (2,))]


def test_where_marks_open_a_line_they_open_its_other_sentences_too() -> None:
    assert marks_of(f"[1]{ZH}。[2]{ZH_NEXT}。") == [(f"{ZH}。", (1,)), (f"{ZH_NEXT}。", (2,))]
    assert marks_of(f"[1]{ZH}。[2]{ZH_NEXT}。[3]") == [(f"{ZH}。", (1, 2)), (f"{ZH_NEXT}。", (3,))]


@pytest.mark.parametrize(
    "line", ["- {0}[1]", "1. {0} [1]", "- [1] {0}", "| {0} | [1] |", "> {0}[1]"]
)
def test_items_and_rows_have_the_marks_on_their_line(line: str) -> None:
    (first, second) = marks_of(f"{line.format(ZH)}\n{line.format(ZH_NEXT)}")
    assert (ZH in first[0], first[1]) == (True, (1,))
    assert (ZH_NEXT in second[0], second[1]) == (True, (1,))


@pytest.mark.parametrize(
    "text",
    [
        "粤府[98]5号文件。",
        "粤府〔24〕5号文件。",
        "见表(1)。",
        "附件〔2〕。",
        "资料2024年印发。",
        "来源1200万元。",
        "Sources 1 billion yuan from banks.",
        "含¹⁷⁷Lu。",
        "公开征求意见。",
        "资料3份。",
    ],
)
def test_numbers_of_other_things_stay_text(text: str) -> None:
    draft = parse_draft(text, KNOWN)
    assert draft.text == text
    assert all(not sentence.marks and not sentence.unknown for sentence in draft.sentences)


def test_an_opinion_is_not_to_be_seen() -> None:
    assert marks_of("公开征求意见[1]。") == [("公开征求意见。", (1,))]
    assert marks_of("说明资金来源[1]。") == [("说明资金来源。", (1,))]


# Unknown numbers, links and what cannot be seen.


def test_an_unknown_number_is_written_back_as_text_that_is_no_citation() -> None:
    draft = parse_draft(f"{ZH}[1][9]。", KNOWN)
    text = with_marks(draft, [(1,)])
    assert text == f"{ZH}[1][9?]。"
    (again,) = parse_draft(text, {1, 9}).sentences  # also where another answer has nine citations
    assert (again.marks, again.unknown) == ((1,), (9,))


LINK = re.compile(r"\]\(|\]:|!\[|<[A-Za-z/!?]")
LINKS = [
    "[1](http://evil.example/)",
    "[[1]](http://evil.example/)",
    "[详情](http://evil.example/)[1]",
    "![图](http://evil.example/a.png)[1]",
    "[1]: http://evil.example/",
    "[图][x]\n[x]: http://evil.example/ [1]",
    "<img src=http://evil.example/>[1]",
    "<http://evil.example/>[1]",
    "<a href='javascript:alert(1)'>详情</a>[1]",
    "[x](data:text/html,1)[1]",
    "“甲乙丙。”[1](http://evil.example/)",
    "![[1]](http://evil.example/)",
]


@pytest.mark.parametrize("link", LINKS)
def test_a_link_stays_as_text_that_nothing_renders(link: str) -> None:
    draft = parse_draft(f"{ZH}{link}", KNOWN)
    text = with_marks(draft, [sentence.marks for sentence in draft.sentences])
    assert not LINK.search(text)
    assert any(sentence.marks == (1,) for sentence in draft.sentences)
    assert fold("evil.example") in fold(text) or "data" in text or "javascript" in text


def test_what_cannot_be_seen_is_left_out() -> None:
    hidden = "".join(map(chr, [0x200B, 0x202E, 0xFEFF, 0xE0041, 0xFE0F, 0x2066]))
    assert parse_draft(f"甲{hidden}乙。", KNOWN).text == "甲乙。"
    assert parse_draft("e" + "\u0301" * 5000, KNOWN).text == "e" + "\u0301" * 3


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
    "根据",
    "见",
    "来源",
    "Passage 1 says ",
    "[9?]",
    "<sup>",
    "</sup>",
    "](http://x)",
    "]:",
    "![",
    "**",
    "|",
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
    assert fold(again.text) == fold(draft.text)  # "[1](" became "[1]（", which is no link
    for one, other in zip(again.sentences, draft.sentences, strict=True):
        assert (one.marks, one.unknown) == (other.marks, other.unknown)


def test_a_long_hostile_draft_is_read_in_linear_time() -> None:
    marks = 20_000
    draft = parse_draft("甲[1]" * marks + "[" * marks + "¹" * marks, KNOWN)
    assert draft.sentences[0].marks == (1,)
    assert draft.text.startswith("甲" * marks)


@given(drafts)
def test_nothing_of_a_draft_is_live_whatever_marks_are_written_into_it(text: str) -> None:
    draft = parse_draft(text, KNOWN)
    assert not LINK.search(draft.text)
    assert not LINK.search(with_marks(draft, [(1, 2)] * len(draft.sentences)))


@given(drafts)
def test_a_page_finds_each_claim_in_the_text_with_marks(text: str) -> None:
    draft = parse_draft(text, KNOWN)
    marked, position = with_marks(draft, [(1,)] * len(draft.sentences)), 0
    for sentence in draft.sentences:
        body = sentence.text.strip(" \n。！？!?.．；;…")
        position = marked.find(body, position)
        assert position >= 0
        position += len(body)


@given(drafts, st.data())
def test_a_draft_reads_the_same_however_it_was_cut_into_chunks(
    text: str, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    chunks = [text[a:b] for a, b in pairwise([0, *cuts, len(text)])]
    answerer = PromptedAnswerer(ScriptedModel(*chunks))
    written = "".join(answerer.draft(Question("问", "zh"), ()))
    whole = "".join(PromptedAnswerer(ScriptedModel(text)).draft(Question("问", "zh"), ()))
    assert parse_draft(written, KNOWN) == parse_draft(whole, KNOWN)


@pytest.mark.parametrize("piece", ["[", "]", "[1]", "[[1]1]", "来源1", "(1)", "**", " ", "]("])
def test_many_brackets_are_read(piece: str) -> None:
    draft = parse_draft(piece * (20_000 // len(piece)) + "甲[1]", KNOWN)
    assert 1 in draft.sentences[-1].marks


def test_nesting_ends() -> None:
    draft = parse_draft("[" * 5_000 + "1]" * 5_000, KNOWN)
    assert not parse_draft(draft.text, KNOWN).text.count("[1]")


def test_isotopes_are_no_marks() -> None:
    text = "含¹⁰B的硼药和¹⁷⁷Lu标记药物最高奖励250万元[1]。"
    draft = parse_draft(text, set(range(1, 20)))
    assert draft.text == text.replace("[1]", "")
    assert draft.sentences[0].marks == (1,)


@given(
    st.lists(st.sampled_from([*MARKS, ZH, EN, "。", "\n", " ", "²", "\u200b", "<b>"]), max_size=8)
)
def test_a_text_without_marks_is_that_of_its_draft(parts):
    text = "".join(parts)
    assert without_marks(text, KNOWN) == parse_draft(text, KNOWN).text
