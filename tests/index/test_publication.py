import pytest

from index.fields.publication import (
    declared_date,
    find_address,
    line_address,
    published_date,
    stamped_date,
)

TITLE = "某市发布支持措施"
PROSE = (
    "市里支持企业开展研发，自2021年1月1日起执行，对取得重大突破的项目给予奖励，"
    "有关办法另行制定，由市有关部门负责解释，请各单位认真执行。"
)


def page(*head: str, tail: tuple[str, ...] = ()) -> list[str]:
    return ["首页", "新闻", *head, PROSE, *tail]


@pytest.mark.parametrize(
    "line",
    [
        "2024-05-03 10:20",
        "发布时间：2024年5月3日",
        "發布日期：2024-05-03 點擊：12",
        "来源：某某报 2024.05.03",
        "2024年05月03日10:20 | 来源：某某报",
        "某某网 2024-05-03 10:20:30 某某报",
        "2024-05-03 10:20更新",
        "Friday, May 3rd, 2024 10:20 am",
        "作者：张三 2024/5/3 10:20:00",
        "时间：2024-05-03",
    ],
)
def test_a_publication_line_by_the_title_is_read(line):
    assert published_date(page(TITLE, line), TITLE) == "2024-05-03"
    assert published_date(page(line, TITLE), TITLE) == "2024-05-03"


@pytest.mark.parametrize(
    "line",
    [
        "今天是2024年5月3日 星期五",
        "施行日期：2024年5月3日",
        "成文日期：2024-05-03",
        "有效期至2024年5月3日",
        "报名时间：2024-05-03 至 2024-06-03",
    ],
)
def test_another_day_of_the_document_is_not_that_of_its_publication(line):
    assert published_date(page(TITLE, line), TITLE) == ""


def test_dates_of_other_articles_comments_and_the_footer_do_not_count():
    tail = (
        *("相关新闻", "别的消息 2024-06-01 10:00", "又一条消息 2024-06-02 10:00"),
        *("网友评论", "张三 2024-06-03 11:00", "版权所有 2024-06-04"),
    )
    assert published_date(page(TITLE, tail=tail), TITLE) == ""
    assert published_date(page(TITLE, "2024-05-03 10:20", tail=tail), TITLE) == "2024-05-03"


def test_a_list_of_dated_articles_above_the_title_does_not_count():
    listed = [f"第{i}条消息标题文字 2024-06-0{i}" for i in range(1, 7)]
    lines = page(*listed, *["栏目"] * 9, TITLE, "2024-05-03 10:20")
    assert published_date(lines, TITLE) == "2024-05-03"


def test_a_signature_is_no_publication():
    lines = [TITLE, PROSE, "某市科学技术局", "2024年5月3日"]
    assert published_date(lines, TITLE) == ""


def test_the_stamp_of_a_printed_page_is_no_publication():
    lines = ["2026/7/24 15:30", TITLE, PROSE]
    assert published_date(lines, TITLE, printed=True) == ""
    assert published_date(lines, TITLE) == "2026-07-24"


def test_the_address_serves_when_the_page_names_no_day():
    address = "https://example.org/202405/t20240503_1.html"
    assert published_date(page(TITLE), TITLE, address) == "2024-05-03"
    assert published_date(page(TITLE, "发布时间：2024-05-06"), TITLE, address) == "2024-05-06"


@pytest.mark.parametrize(
    ("meta", "source"),
    [
        ({"pubdate": "2024-05-03 10:20"}, ""),
        ({"article:published_time": "2024-05-03T10:20:00+08:00"}, ""),
        ({"publishdate": "20240503102030"}, ""),
        ({"pubdate": "", "date": "2024/5/3"}, ""),
        ({}, '<script type="application/ld+json">{"datePublished" : "2024-05-03T10:20"}</script>'),
        ({}, '<time itemprop="datePublished" datetime="2024-05-03">3. Mai</time>'),
        ({}, "<meta itemprop=datePublished content=2024-05-03>"),
    ],
)
def test_declared_days_are_read(meta, source):
    assert declared_date(meta, source) == "2024-05-03"


def test_a_declared_modification_is_no_publication():
    assert declared_date({}, '"dateModified":"2024-05-03"') == ""


def test_a_stamp_in_a_comment_is_read():
    assert stamped_date("<!-- published at 2024-05-03 10:20 by x -->") == "2024-05-03"
    assert stamped_date("<!-- 2024-05-03 -->") == ""


@pytest.mark.parametrize(
    ("meta", "canonical", "source", "address"),
    [
        ({"og:url": "https://b.cn/x"}, "https://a.cn/1", "", "https://a.cn/1"),
        ({"og:url": "https://b.cn/x"}, "/1.html", "", "https://b.cn/x"),
        ({}, "//a.cn/1", "", "https://a.cn/1"),
        ({"url": "https://a.cn/t1.html"}, "", "", "https://a.cn/t1.html"),
        ({"url": "https://a.cn/"}, "", "", ""),
        ({}, "", "<!-- saved from url=(0018)https://a.cn/x?a=1 -->", "https://a.cn/x?a=1"),
        (
            *({}, ""),
            "<!--\n Page saved with SingleFile \n url: https://a.cn/x \n saved date: x\n-->",
            "https://a.cn/x",
        ),
        ({}, "javascript:alert(1)", "<!-- saved from url=(0014)about:internet -->", ""),
    ],
)
def test_the_address_that_a_page_declares_is_read(meta, canonical, source, address):
    assert find_address(meta, canonical, source) == address


@pytest.mark.parametrize(
    "line",
    [
        "原文链接：https://a.cn/x.html",
        "网址: https://a.cn/x.html",
        "本文網址：https://a.cn/x.html",
        "https://a.cn/x.html 1/5",
    ],
)
def test_the_address_in_a_line_is_read(line):
    assert line_address(["题名", line]) == "https://a.cn/x.html"


def test_an_address_in_a_sentence_is_not_the_document_s():
    assert line_address(["请登录 https://a.cn/x.html 申报。"]) == ""
