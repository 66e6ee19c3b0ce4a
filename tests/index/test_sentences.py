from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mixed_text import mixed_texts

from index.sentences import pieces, sentence_spans
from index.types import Span

LIMIT = 40


def sentences(text: str) -> list[str]:
    return [span.of(text) for span in sentence_spans(text)]


def check_order(spans: list[Span], text: str) -> None:
    assert all(one.end <= other.start for one, other in pairwise(spans))
    assert "".join("".join(span.of(text) for span in spans).split()) == "".join(text.split())


@given(mixed_texts)
def test_sentences_hold_all_but_white_space_in_order(text):
    spans = sentence_spans(text)
    check_order(spans, text)
    for span in spans:
        assert span.of(text).strip() == span.of(text) != ""
        assert "\n" not in span.of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一句。两句！三句？", ["一句。", "两句！", "三句？"]),
        ("真的？！是的……对。", ["真的？！", "是的……", "对。"]),
        ("他说：“第一句。第二句。”然后走了。", ["他说：“第一句。第二句。”", "然后走了。"]),
        ("（见附件。详情另发。）实施。", ["（见附件。详情另发。）", "实施。"]),
        ("（见附件。详情另发。)实施。", ["（见附件。详情另发。)", "实施。"]),
        ("《怎么办？》的作者到会。", ["《怎么办？》的作者到会。"]),
        ("喊出“加油！”的口号，鼓掌。", ["喊出“加油！”的口号，鼓掌。"]),
        ("基因、细胞……等领域。", ["基因、细胞……等领域。"]),
        ("1）申报。2）评审。", ["1）申报。", "2）评审。"]),
        ("没有关上的（括号。下一句。", ["没有关上的（括号。", "下一句。"]),
        (
            "没有关上的（括号。“引用。完。”下一句。",
            ["没有关上的（括号。", "“引用。完。”", "下一句。"],
        ),
        ("多余的）括号。下一句。", ["多余的）括号。", "下一句。"]),
        ("标题\n正文。\n\n 末段", ["标题", "正文。", "末段"]),
        ("达4112.83亿元。同比增长5%。", ["达4112.83亿元。", "同比增长5%。"]),
        ("It pays. The rest follows!", ["It pays.", "The rest follows!"]),
        (
            "It grew 5.5% in 2024. The rest fell 10%. Why?",
            ["It grew 5.5% in 2024.", "The rest fell 10%.", "Why?"],
        ),
        (
            "See No. 5 and J. Smith, Dr. Li, U.S. Steel.",
            ["See No. 5 and J. Smith, Dr. Li, U.S. Steel."],
        ),
        ("12. Title of it", ["12. Title of it"]),
        ('He said "Go." Then left.', ['He said "Go."', "Then left."]),
        ("(It ends. It begins.) Then.", ["(It ends. It begins.)", "Then."]),
        (
            "详见https://example.cn/?id=1&a=2!x。完。",
            ["详见https://example.cn/?id=1&a=2!x。", "完。"],
        ),
        ("支持AI. 企业受益.", ["支持AI.", "企业受益."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text, expected):
    assert sentences(text) == expected


@given(mixed_texts, st.integers(5, 60))
def test_pieces_are_short_and_leave_nothing_out(text, limit):
    whole = Span(0, len(text))
    parts = pieces(text, whole, limit)
    assert "".join(part.of(text) for part in parts) == text
    assert all(0 < len(part) <= limit for part in parts)


@given(mixed_texts, st.integers(1, 30))
def test_what_fits_is_one_piece(text, start):
    span = Span(min(start, len(text)), len(text))
    assert pieces(text, span, max(1, len(text))) == ([span] if len(span) else [])


def cut(text: str, limit: int = LIMIT) -> list[str]:
    return [part.of(text) for part in pieces(text, Span(0, len(text)), limit)]


def test_the_best_places_come_first():
    text = "甲" * 15 + "，" + "乙" * 15 + "；" + "丙" * 15 + "，" + "丁" * 5
    assert cut(text) == ["甲" * 15 + "，" + "乙" * 15 + "；", "丙" * 15 + "，" + "丁" * 5]
    quoted = "“" + "甲" * 20 + "。" + "乙" * 5 + "，" + "丙" * 20 + "。”"
    assert cut(quoted) == ["“" + "甲" * 20 + "。", "乙" * 5 + "，" + "丙" * 20 + "。”"]


WHOLES = (
    *(
        "4112.83亿元",
        "1,500万元",
        "1500 万元",
        "2024年2月7日",
        "10:20:30",
        "5%—10%",
        "200万美元",
        "3个月",
    ),
    *("五百万元", "一千二百余个", "第三十二条", "CRISPR-Cas9", "《关于加快生物、医药发展的意见》"),
    *("“第一、第二、第三”", "「第一，第二」", "『第一；第二』", "“一。二。”", "N.3", "1067个"),
)


@pytest.mark.parametrize("whole", WHOLES)
def test_numbers_titles_and_short_quotations_are_never_cut(whole):
    """Wherever the limit falls, and whatever is around."""
    for before in range(LIMIT + 1):
        for filler in ("字", "字，字；"):
            text = (filler * LIMIT)[:before] + whole + filler * LIMIT
            assert any(whole in part for part in cut(text)), cut(text)


def test_what_is_longer_than_the_limit_is_cut_all_the_same():
    assert cut("“" + "字" * 50 + "”", 30) == ["“" + "字" * 29, "字" * 21 + "”"]
    assert [len(part) for part in cut("9" * 100)] == [40, 40, 20]


def test_many_clauses_and_numbers_are_cut_in_linear_time():
    text = "1个，" * 50_000
    assert sum(map(len, cut(text))) == len(text)
