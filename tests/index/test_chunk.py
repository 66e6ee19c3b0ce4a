import pytest
from hypothesis import given
from hypothesis import strategies as st
from mixed_text import mixed_texts

from index.chunk import MAX_LENGTH, MIN_LENGTH, encoded_text, passages
from index.clean import clean
from index.errors import EmptyDocument
from index.offsets import identity
from index.read import read_bytes, read_file
from index.sentences import sentence_spans
from index.types import Passage, Span

BODY = "市科技局会同有关部门组织实施，按年度公布支持项目名单和资金安排，并接受社会监督。"
LONG = BODY * 3
texts = st.lists(
    st.one_of(mixed_texts, st.sampled_from([BODY, LONG + "\n", "\n"])), max_size=8
).map("".join)


def check_passages(found: list[Passage], text) -> None:
    """Assert what design section 3 promises of the passages of a clean text."""
    position = 0
    for passage in found:
        assert passage.id == -1
        assert not text.text[position : passage.span.start].strip()
        assert passage.span.of(text.text) == passage.text != ""
        assert len(passage.text) <= MAX_LENGTH
        assert passage.raw_span == text.to_raw(passage.span)
        position = passage.span.end
    assert not text.text[position:].strip()
    ends = {passage.span.end for passage in found}
    for sentence in sentence_spans(text.text):
        if len(sentence) <= MAX_LENGTH:
            assert not any(sentence.start < end < sentence.end for end in ends)


@given(texts)
def test_passages_cover_the_text_in_order_and_cut_no_sentence_that_fits(raw):
    check_passages(passages(identity(raw), "d"), identity(raw))


@given(texts)
def test_passages_of_clean_texts_keep_their_places(raw):
    try:
        text = clean(raw)
    except EmptyDocument:
        return
    check_passages(passages(text, "d", "标题"), text)


def test_passages_of_the_samples_and_the_documents(samples, corpus):
    for file in (*samples.iterdir(), *corpus.iterdir()):
        (document,) = read_file(read_bytes(file), file.name).documents
        text = clean(document.raw, document.media_type)
        found = passages(text, document.id)
        check_passages(found, text)
        assert len(found) >= 3


def headings(*lines: str, title: str = "") -> list[tuple[str, ...]]:
    return [p.heading for p in passages(identity("\n".join(lines)), "d", title)]


def test_numbered_headings_nest():
    found = headings(
        *("一、总体要求", LONG, "（一）目标。" + LONG, "1.平台建设", LONG, "（1）选址", LONG),
        *("2.人才", LONG, "二、保障", LONG),
    )
    assert found == [
        ("一、总体要求",),
        ("一、总体要求", "（一）目标"),
        ("一、总体要求", "（一）目标", "1.平台建设"),
        ("一、总体要求", "（一）目标", "1.平台建设", "（1）选址"),
        ("一、总体要求", "（一）目标", "2.人才"),
        ("二、保障",),
    ]


def test_chapters_sections_and_articles_nest():
    found = headings(
        *("第一章 总则", "第一条 为了规范资金，制定本办法。" + LONG, "第二条 " + LONG),
        *("第二章申报", "第一节 条件", "第三条之一 " + LONG, "第四條 " + LONG),
    )
    assert found == [
        ("第一章 总则", "第一条"),
        ("第一章 总则", "第二条"),
        ("第二章申报", "第一节 条件", "第三条之一"),
        ("第二章申报", "第一节 条件", "第四條"),
    ]


def test_markdown_headings_nest():
    found = headings("# 概览", LONG, "## 东莞", LONG, "### 奖励", LONG, "## 湖北", LONG)
    assert found == [("概览",), ("概览", "东莞"), ("概览", "东莞", "奖励"), ("概览", "湖北")]


def test_plain_headings_are_short_lines_above_prose():
    found = headings(LONG, "聚焦核医疗等创新药械研发", LONG, "电话：020-1", LONG, "广州市", LONG)
    assert found == [(), ("聚焦核医疗等创新药械研发",), ("聚焦核医疗等创新药械研发",)]


@pytest.mark.parametrize("title", ["关于支持的办法", "# 关于支持的办法"])
def test_the_title_is_no_heading(title):
    assert headings(title, LONG, "## 奖励", LONG, title="关于支持的办法") == [(), ("奖励",)]


@pytest.mark.parametrize(
    "line",
    [
        "第一章规定了办法的适用范围，以及各部门的职责。",
        *(
            "# " + "字" * 200,
            "2024年2月7日",
            "（省科技厅牵头，省发展改革委按职责分工负责）",
            "记者 李明",
        ),
    ],
)
def test_running_text_is_no_heading(line):
    assert all(heading == () for heading in headings(LONG, line, LONG))


def test_a_heading_goes_with_what_follows_it():
    found = passages(identity("\n".join((LONG, "二、保障", "（一）组织", LONG))), "d")
    assert [p.text.split("\n")[0] for p in found] == [LONG, "二、保障"]
    assert found[1].heading == ("二、保障", "（一）组织")


def test_a_heading_never_makes_a_passage_too_long():
    sentence = "字" * (MAX_LENGTH - 1) + "。"
    found = passages(identity("\n".join((LONG, "二、保障", sentence))), "d")
    assert [p.text for p in found] == [LONG, "二、保障", sentence]
    assert found[2].heading == ("二、保障",)
    joined = passages(identity("\n".join(("短句。", "二、保障", sentence))), "d")
    assert [p.text for p in joined] == ["短句。\n二、保障", sentence]


def test_headings_alone_are_no_passage_while_text_follows():
    lines = [
        f"{number}支持生物医药和未来生命健康产业发展的总体要求"
        for number in ("一、", "（一）", "1.", "（1）")
    ]
    found = passages(identity("\n".join([*lines, LONG])), "d")
    assert [p.text for p in found] == ["\n".join([*lines, LONG])]
    assert found[0].heading == tuple(lines)


def test_short_sections_share_a_passage_and_long_ones_begin_their_own():
    short = "一、甲。" + "字" * 10 + "。"
    assert len(passages(identity("\n".join([short] * 3)), "d")) == 1
    long = "一、甲。" + "字" * MIN_LENGTH + "。"
    assert len(passages(identity("\n".join([long] * 3)), "d")) == 3


def test_a_long_sentence_is_cut_between_clauses():
    sentence = "，".join(["单个企业每年支持最高不超过1500万元"] * 40) + "。"
    found = passages(identity(sentence), "d")
    assert all(p.text.endswith(("，", "。")) for p in found)
    assert len(found) == 3


def test_title_and_heading_join_the_encoded_text():
    passage = Passage(1, "d", Span(0, 2), Span(0, 2), "正文", ("一、总则", "（一）目标"))
    assert encoded_text("办法", passage) == "办法\n一、总则 （一）目标\n正文"
    assert encoded_text("", Passage(1, "d", Span(0, 2), Span(0, 2), "正文")) == "正文"
