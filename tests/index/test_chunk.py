from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mixed_text import mixed_texts

from index.chunk import (
    LONELY_TOKENS,
    MIN_TOKENS,
    TARGET_TOKENS,
    TITLE_LENGTH,
    Measure,
    encoded_text,
    passages,
)
from index.clean import clean
from index.errors import ReadError
from index.offsets import identity
from index.read import read_bytes, read_file
from index.script import fold
from index.sentences import sentence_spans
from index.types import Passage, Span

BODY = "市科技局会同有关部门组织实施，按年度公布支持项目名单和资金安排，并接受社会监督。"
LONG = BODY * 4
texts = st.lists(
    st.one_of(
        mixed_texts,
        st.sampled_from(
            [
                *(BODY, LONG + "\n", "\n", "一、总体要求\n", "（一）目标。", "1.平台\n"),
                *("第三条 ", "项目\t标准\n", "研发\t100万元\n", "附件：1.表\n", "某市科技局\n"),
                "2024年2月7日\n",
            ]
        ),
    ),
    max_size=12,
).map("".join)


def characters(texts):
    """A tokenizer that makes a token of every character."""
    return [len(text) for text in texts]


def check_passages(found: list[Passage], text) -> None:
    """Assert what design section 3 promises of the passages of a clean text."""
    position = 0
    for passage in found:
        assert passage.id == -1
        assert not text.text[position : passage.span.start].strip()
        assert passage.span.of(text.text) == passage.text != ""
        assert passage.raw_span == text.to_raw(passage.span)
        position = passage.span.end
    assert not text.text[position:].strip()


@given(texts)
def test_passages_hold_all_text_in_order_without_overlap(raw):
    check_passages(passages(identity(raw), "d"), identity(raw))


@given(texts)
def test_passages_of_clean_texts_keep_their_places(raw):
    try:
        text = clean(raw)
    except ReadError:
        return
    check_passages(passages(text, "d", "标题"), text)


@given(texts, st.integers(40, 300), st.sampled_from(["", "关于支持的办法", "长题名" * 40]))
def test_no_passage_is_cut_off_by_the_encoder(raw, room, title):
    text = identity(raw)
    found = passages(text, "d", title, None, characters, max_tokens=room + TITLE_LENGTH + 16)
    check_passages(found, text)
    for passage in found:
        assert len(fold(encoded_text(title, passage))) <= room + TITLE_LENGTH


@given(texts)
def test_sentences_that_fit_are_not_cut(raw):
    text = identity(raw)
    measure = Measure.of(raw, None)
    ends = {passage.span.end for passage in passages(text, "d")}
    for sentence in sentence_spans(raw):
        if "\t" not in sentence.of(raw) and measure.size(sentence.start, sentence.end) < 100:
            assert not any(sentence.start < end < sentence.end for end in ends)


def test_passages_of_the_samples_and_the_documents(samples, corpus):
    for file in (*samples.iterdir(), *corpus.iterdir()):
        (document,) = read_file(read_bytes(file), file.name).documents
        text = clean(document.raw, document.media_type, document.layout)
        found = passages(text, document.id, "", document.layout, characters)
        check_passages(found, text)
        assert len(found) >= 3


def cut(*lines: str, title: str = "") -> list[Passage]:
    return passages(identity("\n".join(lines)), "d", title)


def test_an_empty_text_has_no_passages():
    assert cut("", " ", "\t") == []


def test_a_section_keeps_its_tail():
    tail = "资金由市财政安排。"
    found = cut("一、目标", LONG, tail, "二、保障", LONG)
    assert [p.text.split("\n")[-1] for p in found] == [tail, LONG]
    assert [p.heading for p in found] == [("一、目标",), ("二、保障",)]


def test_a_heading_goes_with_what_follows_it():
    found = cut(LONG, "二、保障", "（一）组织", LONG)
    assert [p.text.split("\n")[0] for p in found] == [LONG, "二、保障"]
    assert found[1].heading == ("二、保障", "（一）组织")


def test_headings_alone_are_no_passage_while_text_follows():
    names = ("一、总体", "（一）要求", "1.产业", "（1）内容")
    (only,) = cut(*names, LONG)
    assert only.heading == names
    assert only.text == "\n".join([*names, LONG])


def test_short_sections_share_a_passage_under_their_common_heading():
    items = [f"（{n}）目标。{BODY[:30]}" for n in "一二三"]
    (only,) = cut("一、要求", *items)
    assert only.heading == ("一、要求",)
    assert only.text == "\n".join(["一、要求", *items])


def test_sections_of_some_length_have_passages_of_their_own():
    items = [f"（{n}）目标{n}。{BODY * 2}" for n in "一二三"]
    assert min(Measure.of(item, None).size(0, len(item)) for item in items) > MIN_TOKENS
    assert [p.heading[-1] for p in cut("一、要求", *items)] == [
        "（一）目标一",
        "（二）目标二",
        "（三）目标三",
    ]


def test_sections_under_different_headings_never_share_a_passage():
    short = ["（一）短。" + BODY, "（二）短。" + BODY]
    found = cut("一、要求", *short, "二、保障", *short)
    assert [p.heading for p in found] == [("一、要求",), ("二、保障",)]


def test_articles_have_passages_of_their_own_unless_they_say_next_to_nothing():
    article = "为了规范财政资金使用，根据国家和省有关规定，制定本办法。"
    assert LONELY_TOKENS < Measure.of(article, None).size(0, len(article)) < MIN_TOKENS
    found = cut(*(f"第{n}条 {article}" for n in "一二三"))
    assert [p.heading for p in found] == [("第一条",), ("第二条",), ("第三条",)]
    assert len(cut("第一条 略。", "第二条 略。")) == 1


def test_long_text_is_cut_into_parts_of_about_equal_length():
    text = "\n".join(f"第{i}批项目由市里安排。" + BODY for i in range(30))
    found = passages(identity(text), "d")
    measure = Measure.of(text, None)
    sizes = [measure.size(p.span.start, p.span.end) for p in found]
    assert max(sizes) <= TARGET_TOKENS
    assert min(sizes) >= 0.6 * max(sizes)
    assert all(p.text.endswith("监督。") for p in found)


def test_lines_stay_whole_where_they_can():
    lines = [BODY * 2] * 9
    assert all(line in lines for p in cut(*lines) for line in p.text.split("\n"))


def test_a_long_sentence_is_cut_between_clauses():
    sentence = "，".join(["单个企业每年支持最高不超过1500万元"] * 80) + "。"
    found = cut(sentence)
    assert all(p.text.endswith(("，", "。")) for p in found)
    assert len(found) > 2


def test_the_size_follows_the_encoder():
    text = identity("\n".join([BODY] * 40))
    coarse = passages(text, "d", "", None, lambda some: [len(t) // 4 for t in some])
    fine = passages(text, "d", "", None, lambda some: [2 * len(t) for t in some], 4096)
    assert len(fine) > 3 * len(coarse)


def test_counting_is_batched():
    calls = []

    def count(some):
        calls.append(len(some))
        return [len(text) for text in some]

    passages(identity("\n".join([LONG] * 200)), "d", "", None, count, 128)
    assert len(calls) <= 8


HEADER = "项目\t条件\t标准"
ROWS = [f"第{n}类研发项目\t{BODY}\t最高{n}00万元" for n in range(1, 20)]


def test_passages_of_rows_carry_caption_and_header():
    found = cut(BODY, "三、标准", "表1 补贴标准", "单位：万元", HEADER, *ROWS, "二是其他。" + BODY)
    rows = [p for p in found if "\t" in p.text]
    names = ("三、标准", "表1 补贴标准", "单位：万元", "项目 | 条件 | 标准")
    assert len(rows) > 3
    assert {p.heading for p in rows} == {names}
    assert rows[0].text.startswith("三、标准\n表1 补贴标准\n单位：万元\n项目\t")
    assert found[-1].heading == ("三、标准",)
    assert all(line in (*ROWS, HEADER) for p in rows[1:] for line in p.text.split("\n"))


def test_a_header_that_is_repeated_on_the_next_page_is_in_no_heading_twice():
    found = cut("某市标准", HEADER, *ROWS[:5], HEADER, *ROWS[5:9])
    assert {p.heading for p in found} == {("某市标准", "项目 | 条件 | 标准")}


def test_a_row_that_is_too_long_is_cut_between_cells():
    found = cut(HEADER, "\t".join([LONG[:-1]] * 4), ROWS[0])
    assert len(found) >= 3
    assert all(p.heading == ("项目 | 条件 | 标准",) for p in found)
    assert sum(LONG[:-1] in p.text for p in found) >= 2


def test_many_headings_and_long_titles_leave_room_for_the_text():
    title = "关于印发某省某市某县支持产业高质量发展若干政策措施实施细则的通知" * 5
    names = [f"{'#' * n} {'很长的标题' * 15}" for n in range(1, 7)]
    found = passages(identity("\n".join([*names, LONG])), "d", title, None, characters, 256)
    assert max(len(encoded_text(title, p)) for p in found) <= 240
    assert all(len(p.heading) <= 2 for p in found)


def test_title_and_heading_join_the_encoded_text():
    passage = Passage(1, "d", Span(0, 2), Span(0, 2), "正文", ("一、总则", "（一）目标"))
    assert encoded_text("办法", passage) == "办法\n一、总则 （一）目标\n正文"
    assert encoded_text("", Passage(1, "d", Span(0, 2), Span(0, 2), "正文")) == "正文"


@given(mixed_texts)
def test_estimates_add_up(text):
    measure = Measure.of(text, characters)
    whole = measure.size(0, len(text))
    parts = sum(measure.size(a, b) for a, b in pairwise([*range(0, len(text), 7), len(text)]))
    assert parts == pytest.approx(whole)


def test_the_first_article_keeps_its_number_below_the_title():
    title = "某市外籍人才工作许可便利化办法 Measures for Facilitating Work Permits"
    text = f"{title}\n第一条 {BODY}\n第二条 {BODY}"
    assert [p.heading for p in passages(identity(text), "d")] == [("第一条",), ("第二条",)]


def test_rows_below_a_merged_cell_are_cut_off_with_its_text():
    rows = "".join(f"\n\t\t支持项目第{i}种\t5万元" for i in range(200))
    text = f"区\t类别\t项目\t补贴\n东区\t设备\t项目\t10万元{rows}"
    first, *others = (p.heading for p in passages(identity(text), "d"))
    assert len(others) > 1
    assert (first, set(others)) == (
        ("区 | 类别 | 项目 | 补贴",),
        {("区 | 类别 | 项目 | 补贴", "东区 | 设备")},
    )


def test_rows_are_cut_off_where_a_merged_cell_begins_if_that_is_near():
    groups = [f"区{i}\t项目{i}0\t10万元" + f"\n\t项目{i}\t5万元" * 4 for i in range(40)]
    found = passages(identity("\n".join(["区\t项目\t补贴", *groups])), "d")
    assert len(found) > 2
    assert all(passage.text[0] == "区" for passage in found)
