import html

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mixed_text import check_places

from index.clean import clean
from index.errors import YinzhengError
from index.formats import main_text
from index.formats.markup import drop_markup, html_layout, read_page
from index.offsets import apply_edits, identity
from index.read import read_bytes, read_file

PARAGRAPHS = tuple(
    f"第{i}段：市里支持企业开展创新药和高端医疗器械研发，对取得重大突破的项目给予奖励，最高{i}00万元。"
    for i in range(1, 7)
)
MENU = "".join(f'<li><a href="/{i}">栏目{i}</a></li>' for i in range(9))
ARTICLE = "".join(f"<p>{paragraph}</p>\n" for paragraph in PARAGRAPHS)
PAGE = (
    "<!DOCTYPE html>\n<html><head><title>通知_某网</title><script>var a = '<p>假</p>';</script>"
    f"</head><body><ul>{MENU}</ul><h1>关于支持的通知</h1><div class='content'>{ARTICLE}</div>"
    f"<div class='footer'><ul>{MENU}</ul></div></body></html>"
)

PIECES = (
    *(
        "<p>",
        "</p>",
        "<div class='a'>",
        "</div>",
        "<br/>",
        "<br>",
        "<td>",
        "</td>",
        "<h1>",
        "</h1>",
    ),
    *(
        "<a href='x'>",
        "</a>",
        "<a",
        "<!-- 注 -->",
        "<!--",
        "-->",
        "<!DOCTYPE html>",
        "<![CDATA[x]]>",
    ),
    *("<script>if (a<b) x()</script>", "<script>", "<style>p{}", "</style>", "<title>", "</title>"),
    *("<svg><text>图</text></svg>", "<select><option>一", "</select>", "<pre>\n a\n", "</pre>"),
    *(
        "&amp;",
        "&nbsp;",
        "&#24180;",
        "&#x5e74;",
        "&",
        "&#",
        "&#99999999999;",
        "&unknown;",
        "&copy 2024",
    ),
    *(
        "<",
        ">",
        '"',
        "'",
        "</",
        "<>",
        "< p>",
        '<p title="a>b">',
        "<p title='",
        "<1>",
        "\x00",
        "\r\n",
    ),
    *(
        "东莞市支持硼药研发，最高1500万元。",
        "two words",
        " ",
        "\n",
        "   \n  ",
        "𠀀",
        "\ud83d",
        "🧬",
    ),
)
sources = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=30).map(
    "".join
)


def visible(source: str) -> str:
    return apply_edits(identity(source), read_page(source).edits).text


def check_source(text, source):
    """Assert that each character is the source's own, white space, or spelled by a reference."""
    check_places(text, source)
    for character, start, end in zip(text.text, text.starts, text.ends, strict=True):
        written = source[start:end]
        assert written == character or character.isspace() or character in html.unescape(written)


@given(sources)
def test_every_visible_character_stands_in_the_source(source):
    check_source(apply_edits(identity(source), read_page(source).edits), source)


@given(sources)
def test_any_source_gives_a_text_with_places_or_our_error(source):
    try:
        check_source(clean(source, "text/html"), source)
    except YinzhengError as error:
        assert str(error)


def test_the_article_is_kept_and_menus_are_dropped():
    text = drop_markup(identity(PAGE))
    lines = [line.strip() for line in text.text.split("\n") if line.strip()]
    assert lines == ["关于支持的通知", *PARAGRAPHS]
    assert {dropped.reason for dropped in text.dropped} == {
        *("markup", "script or style", "outside the main text"),
    }
    check_source(text, PAGE)


def test_quotes_of_the_clean_text_stand_in_the_source_of_the_samples(samples):
    for file in samples.glob("*.html"):
        (document,) = read_file(read_bytes(file), file.name).documents
        text = clean(document.raw, document.media_type)
        check_source(text, document.raw)


def test_a_page_without_an_article_keeps_its_visible_text():
    assert drop_markup(identity("<p>短讯一则</p><p>短讯两则</p>")).text.split() == [
        "短讯一则",
        "短讯两则",
    ]


def test_a_page_of_links_alone_is_not_searched_for_an_article(monkeypatch):
    monkeypatch.setattr(main_text, "_MOST_LINKS", 10)
    monkeypatch.setattr(main_text, "extractor_votes", lambda *_: pytest.fail("was searched"))
    assert "栏目8" in drop_markup(identity(f"<ul>{MENU}</ul>" * 2)).text


def test_headings_are_reported_with_the_span_of_their_text():
    source = "<h1> <b>总</b>则 </h1><p>文</p><H3 class=x>第一&nbsp;条</h3><h2>没有结束<p>文"
    found = [(span.of(source), level) for span, level in html_layout(source).headings]
    assert found == [("<b>总</b>则"[3:], 1), ("第一&nbsp;条", 3)]


def test_what_layout_calls_hidden_is_dropped_once_and_places_are_those_of_the_source():
    source = PAGE.replace("<h1>", "<div style='display:none'>看不见的<b>字</b></div><h1>")
    layout = html_layout(source)
    assert [span.of(source) for span in layout.hidden] == ["看不见的<b>字</b>"]
    for text in (clean(source, "text/html", layout), clean(source, "text/html")):
        assert "看不见" not in text.text
        assert [d.reason for d in text.dropped].count("hidden text") == 1
        check_source(text, source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>一</p><p>二</p>", "\n一\n二\n"),
        ("一<br>二", "一\n二"),
        ("<tr><td>一</td><td>二</td></tr>", "\n一 二\n"),
        ("一<b>二</b>三", "一二三"),
        ("中文\n  续行", "中文续行"),
        ("two\n  lines", "two lines"),
        ("中文\nword", "中文word"),
        ("a   b", "a b"),
        ("<pre>一\n  二</pre>", "\n一\n  二\n"),
        ("甲<!-- 乙 -->丙<!---->丁", "甲丙丁"),
        ("甲<!-- 没有结束", "甲"),
        ("甲<script>a<b && '</p>'</script>乙", "甲乙"),
        ("甲<SCRIPT>var x</Script >乙", "甲乙"),
        ("甲<script>没有结束", "甲"),
        ("甲<style>p{}</style>乙", "甲乙"),
        ("甲<button>按</button>乙<svg><title>图</title></svg>丙", "甲乙丙"),
        ("甲<select><option>没有结束", "甲\n没有结束"),
        ("甲<noscript>乙", "甲乙"),
        ("<title>题&amp;名</title>文", "\n文"),
        ("<title>没有结束<p>文", "\n没有结束\n文"),
        ("A&amp;B&nbsp;C&#24180;&#x5e74;", "A&B C年年"),
        ("AT&T，a&b=c，&nosuch;，&#0;", "AT&T，a&b=c，&nosuch;，\ufffd"),
        ("&#99999999999;", "\ufffd999;"),
        ("5 < 6，<5%，<广东>", "5 < 6，<5%，<广东>"),
        ('<p title="a>b">文', "\n文"),
        ('<p title=5">文', "\n文"),
        ("甲</ 乙>丙<?php 丁?>戊", "甲丙戊"),
        ("甲<p", "甲\n"),
    ],
)
def test_the_visible_text_is_what_a_browser_shows(source, expected):
    assert visible(source) == expected


def test_head_and_heading_are_read():
    page = read_page(
        "<HEAD><TITLE>办法 &amp; 措施\n_某网</TITLE>"
        "<meta name='PubDate' content='2024-02-07 10:00'><meta name=pubdate content='2020-01-01'>"
        '<meta property="og:title" content="办法&amp;措施"><link rel=canonical href="https://a.cn/1">'
        "</HEAD><h1><img alt='标志'></h1><h1> 支持<b>措施</b>&nbsp;&amp;办法 </h1><h1>第二个</h1>"
    )
    assert page.title == "办法 & 措施 _某网"
    assert page.heading == "支持措施 &办法"
    assert page.meta == {"pubdate": "2024-02-07 10:00", "og:title": "办法&措施"}
    assert page.canonical == "https://a.cn/1"


def test_a_heading_that_is_never_closed_is_none():
    assert read_page("<h1>标题<p>正文").heading == ""
    assert read_page("<h1>标题<h2>小标题</h2></h1>").heading == "标题"


def test_references_with_endless_numbers_are_left_alone():
    number = "&#" + "9" * 5000 + ";"
    assert read_page(f"<title>{number}</title><meta name=a content='{number}'>").meta["a"] == number


def test_targets_of_links_are_none_and_a_cell_ends_one():
    source = "<a name=x>一<table><tr><td><a href=y>二<td>三</table>"
    assert [span.of(source) for span in read_page(source).links] == ["<a href=y>二"]


def test_links_are_found_closed_or_not():
    source = "<a href=x>一</a>文<a href=y>二<a href=z>三</a>"
    found = [span.of(source) for span in read_page(source).links]
    assert found == ["<a href=x>一", "<a href=y>二", "<a href=z>三"]


def test_an_extractor_that_fails_is_replaced_by_the_other(monkeypatch):
    def fail(*_, **__):
        raise RecursionError("deep")

    monkeypatch.setattr("trafilatura.extract", fail)
    assert PARAGRAPHS[3] in drop_markup(identity(PAGE)).text
    monkeypatch.setattr("readability.Document", fail)
    assert PARAGRAPHS[3] in drop_markup(identity(PAGE)).text


# What is repeated, how often, and what stands around it.
ENDLESS = [
    *[("", "<div>", 100_000, "文本。" + "</div>" * 100_000)],
    *[("", "<div>", 50_000, "文本。" + "</p>" * 50_000), ("", "<", 1_000_000, "")],
    *[("", "<a", 500_000, ""), ("", "</", 500_000, ""), ("", "<!--", 200_000, "")],
    *[("", "<![CDATA[", 50_000, ""), ("<p>正文。</p><script>", "a<b;", 50_000, "")],
    *[("<p ", 'a="b" ', 50_000, ">文</p>"), ("", "&", 200_000, ""), ("", "&a", 200_000, "")],
    *[("<p>a", " ", 100_000, "b</p>"), ("", "<title>", 50_000, ""), ("", "<table>", 20_000, "")],
    *[("<table><tr>", "<td rowspan=999 colspan=60>", 20_000, "文")],
    *[("", "<div hidden>文，", 20_000, ""), ("", "<i style='font-size:0'>文，", 20_000, "")],
    *[("<meta ", "a", 200_000, ">文"), ("", "<select>", 50_000, "文")],
    *[("", "<a href=x>文", 20_000, "")],
]


@pytest.mark.parametrize("share", [8, pytest.param(1, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize(("before", "piece", "times", "after"), ENDLESS, ids=range(20))
def test_hostile_sources_end_in_a_text_or_our_error(before, piece, times, after, share):
    """Deeper than any stack at an eighth of its length too."""
    try:
        text = clean(before + piece * (times // share) + after, "text/html")
    except YinzhengError as error:
        assert str(error)
    else:
        assert text.text
        assert (np.diff(text.starts) >= 0).all()
