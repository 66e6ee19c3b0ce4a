import pytest
from hypothesis import given
from hypothesis import strategies as st
from mixed_text import mixed_texts

from index.clean import clean
from index.content import make_document
from index.errors import ReadError
from index.meta_table import FIELDS
from index.metadata import read_metadata
from index.read import read_bytes, read_file
from index.script import encodable
from index.types import Layout, Metadata, Span

BODY = "市里支持企业开展创新药和高端医疗器械研发，对取得重大突破的项目给予奖励。"


def metadata_of(raw: str, source: str = "a.txt", media_type: str = "text/plain", **declared: str):
    found = dict.fromkeys(declared, "declared")
    document = make_document(source, raw, media_type, Metadata(**declared, found=found))
    return read_metadata(document, clean(raw, media_type))


def test_what_a_row_declares_is_kept_and_its_date_made_iso():
    known = metadata_of(
        f"别的标题\n来源：别的来源\n{BODY}", title="题名", publisher="科技厅", date="2024年2月7日"
    )
    assert (known.title, known.publisher, known.date) == ("题名", "科技厅", "2024-02-07")
    assert known.found["title"] == known.found["publisher"] == known.found["date"] == "declared"


def test_a_declared_date_that_is_no_calendar_date_is_kept_as_it_is():
    assert metadata_of(BODY, date="2024年春").date == "2024年春"


def test_the_head_of_a_page_is_read():
    known = metadata_of(
        "<html><head><title>办法_某网</title>"
        "<meta name='ArticleTitle' content='关于印发办法的通知'>"
        "<meta name='ContentSource' content='科技厅'>"
        "<meta name='PubDate' content='2024-02-07 10:00'>"
        f"<link rel='canonical' href='https://example.org/1.html'></head><p>{BODY}</p>",
        media_type="text/html",
    )
    assert (known.title, known.publisher, known.date) == (
        "关于印发办法的通知",
        "科技厅",
        "2024-02-07",
    )
    assert known.url == "https://example.org/1.html"
    assert set(known.found.values()) == {"declared"}


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/relative.html", "ftp://example.org"])
def test_an_address_that_is_no_web_address_is_not_taken(url):
    page = f"<link rel=canonical href='{url}'><meta property='og:url' content='https://a.cn/x'>"
    assert metadata_of(f"{page}<p>{BODY}</p>", media_type="text/html").url == "https://a.cn/x"


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title>办法_某网</title>", "办法"),
        ("<title>办法 - 某网</title><h1>关于<b>办法</b></h1>", "关于办法"),
    ],
)
def test_without_meta_tags_heading_or_page_title_serve(head, title):
    assert metadata_of(f"{head}<p>{BODY}</p>", media_type="text/html").title == title


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_front_matter_is_read(start, end):
    raw = f'---\ntitle: "办法: 总览"\ndate: 2024/2/7\npublisher: 科技厅\nurl: https://a.cn\n---\n{BODY}'
    known = metadata_of(start + raw.replace("\n", end), "a.md", "text/markdown")
    assert (known.title, known.date, known.publisher, known.url) == (
        *("办法: 总览", "2024-02-07", "科技厅"),
        "https://a.cn",
    )


def test_a_ruler_that_is_never_closed_is_no_front_matter():
    known = metadata_of(f"---\n# 办法总览\n{BODY}\ntitle: 假的", "a.md", "text/markdown")
    assert known.title == "办法总览"


def test_publication_lines_of_a_text_are_read():
    known = metadata_of(
        f"关于支持的办法\n2024-03-25 10:41:58 来源：某某报\n{BODY}\n本文链接：办法https://example.org/1.html"
    )
    assert (known.date, known.publisher, known.url) == (
        *("2024-03-25", "某某报"),
        "https://example.org/1.html",
    )
    assert known.found["date"] == known.found["publisher"] == known.found["title"] == "text"


def test_signatures_and_numbers_are_read_in_their_own_script():
    known = metadata_of(
        f"關於印發行動計劃的通知\n粵府〔2024〕5號\n{BODY}\n廣東省科學技術廳\n廣東省發展和改革委員會\n2024年2月7日"
    )
    assert known.document_number == "粵府〔2024〕5號"
    assert known.publisher == "廣東省科學技術廳、廣東省發展和改革委員會"
    assert known.date == "2024-02-07"


def test_a_reporter_names_the_publisher():
    assert metadata_of(f"某地出台新举措\n南方某报记者 李明\n{BODY}").publisher == "南方某报"


@pytest.mark.parametrize("date", ["2024-13-40", "2024年2月30日"])
def test_impossible_dates_are_unknown(date):
    assert metadata_of(f"某地出台新举措\n发布时间：{date}\n{BODY}").date == ""


@pytest.mark.parametrize(
    ("raw", "title", "where"),
    [
        (f"关于支持的办法\n{BODY}", "关于支持的办法", "text"),
        (BODY, BODY[:40].rstrip("。"), "first sentence"),
        ("支持硼药。" + BODY, "支持硼药", "first sentence"),
        ("短", "folder/a.txt", "file name"),
    ],
)
def test_a_missing_title_is_made_and_says_so(raw, title, where):
    known = metadata_of(raw, "folder/a.txt")
    assert known.title in (title, title[:40])
    assert known.found["title"] == where


def test_the_region_is_the_title_s_or_the_one_named_most():
    assert metadata_of(f"东莞的办法\n广州广州广州。{BODY}").region == "东莞"
    assert metadata_of(f"支持办法汇编\n广州、深圳、广州三地。{BODY}").region == "广州"


GOVERNMENT_PAGE = f"""<html><head><title>政策文件_某省人民政府网</title>
<meta name="ArticleTitle" content="关于印发某办法…"><meta name="PubDate" content="2024-05-06 10:20">
<!-- saved from url=(0030)https://example.org/202405/a.html -->
</head><body><div>首页 | 政策</div><table>
<tr><td>索引号：</td><td>1122</td><td>主题分类：</td><td>科技</td></tr>
<tr><td>发文机关：</td><td>广东省科学技术厅 广东省财政厅</td>
<td>成文日期：</td><td>2024年5月3日</td></tr>
<tr><td>标题：</td><td>关于印发某办法（试行）的通知</td>
<td>发文字号：</td><td>粤科〔2024〕5号</td></tr>
</table><h1>关于印发某办法（试行）的通知</h1><p>各市人民政府：</p>
{"".join(f"<p>第{i}条 {BODY}</p>" for i in range(9))}
<p>广东省科学技术厅</p><p>2024年5月3日</p><div>版权所有 2026-01-01</div></body></html>"""


def test_the_table_of_a_government_page_is_read():
    known = metadata_of(GOVERNMENT_PAGE, media_type="text/html")
    assert known.title == "关于印发某办法（试行）的通知"
    assert known.issuer == "广东省科学技术厅、广东省财政厅"
    assert (known.date, known.issued) == ("2024-05-06", "2024-05-03")
    assert known.document_number == "粤科〔2024〕5号"
    assert known.url == "https://example.org/202405/a.html"
    assert (known.level, known.region, known.status) == ("province", "广东", "试行")
    declared = {name for name, where in known.found.items() if where == "declared"}
    assert declared == {"title", "publisher", "date", "url"}


def test_a_notice_with_a_letterhead_is_read():
    known = metadata_of(
        "广东省人民政府文件\n粤府〔2024〕5号\n广东省人民政府关于印发\n某某若干办法的通知\n"
        f"各地级以上市人民政府：\n{BODY}\n{BODY}\n广东省人民政府\n2024年5月3日\n附件\n某某办法"
    )
    assert known.title == "广东省人民政府关于印发某某若干办法的通知"
    assert known.issuer == known.publisher == "广东省人民政府"
    assert known.issued == known.date == "2024-05-03"
    assert (known.document_number, known.level) == ("粤府〔2024〕5号", "province")


def test_a_letter_of_the_republic_s_calendar_is_read_in_its_own_script():
    known = metadata_of(
        f"臺北市政府 函\n發文日期：中華民國113年5月3日\n發文字號：府授經工字第1130123456號\n"
        f"主旨：檢送支持企業要點一份，請查照。\n{BODY}"
    )
    assert (known.title, known.issuer) == ("檢送支持企業要點一份", "臺北市政府")
    assert (known.issued, known.document_number) == ("2024-05-03", "府授經工字第1130123456號")
    assert (known.region, known.level) == ("台北", "city")


def test_news_of_a_document_is_not_the_document():
    known = metadata_of(
        "某市酝酿支持新政\n2024-05-06 10:20:30 来源：某某报\n"
        f"近日，某市科技局发布《若干措施（征求意见稿）》，《旧办法》（粤府〔2020〕5号）同时废止。{BODY}"
    )
    assert (known.publisher, known.date) == ("某某报", "2024-05-06")
    assert (known.issuer, known.issued, known.document_number) == ("", "", "")
    assert (known.status, known.level) == ("", "")


def test_a_national_document_is_about_the_nation():
    known = metadata_of(
        f"国务院办公厅关于印发某规划的通知\n国办发〔2024〕5号\n广州、深圳、广州先行先试。{BODY}"
    )
    assert (known.level, known.region) == ("national", "中国")


def test_a_source_by_the_title_comes_before_the_name_of_the_site():
    page = "<title>某地出台新举措_某某网</title><h1>某地出台新举措</h1>"
    text = f"<p>{BODY}</p>" * 4
    known = metadata_of(f"{page}<p>2024-05-06 来源：某某报</p>{text}", media_type="text/html")
    assert (known.publisher, known.found["publisher"]) == ("某某报", "text")
    known = metadata_of(page + text, media_type="text/html")
    assert (known.publisher, known.found["publisher"]) == ("某某网", "declared")


@pytest.mark.parametrize("source", ["转载", "本站原创", "互联网", "网络"])
def test_a_source_that_names_nobody_is_no_publisher(source):
    assert metadata_of(f"某地出台新举措\n来源：{source} 2024-05-06\n{BODY}").publisher == ""


@given(mixed_texts, st.sampled_from(["text/plain", "text/markdown", "text/html"]))
def test_every_document_gets_a_title_and_says_where_each_field_is_from(raw, media_type):
    try:
        known = metadata_of(encodable(raw), media_type=media_type)
    except ReadError:
        return
    assert known.title
    assert set(known.found) == {name for name in FIELDS if getattr(known, name)}


def test_documents_are_known_by_title_and_date(corpus):
    expected = {
        "000": ("东莞酝酿新政", "2025-08-14", "南方财经"),
        "001": ("廣東省發布", "2024-03-25", ""),
        "002": ("9月10日", "", ""),
        "003": ("关于印发广东省培育未来生命健康产业集群", "2024-02-29", "广东省科学技术厅、"),
        "004": ("加快高端醫療設備研發", "2024-11-30", "化工儀器網"),
    }
    for file in corpus.iterdir():
        (document,) = read_file(read_bytes(file), file.name).documents
        known = read_metadata(document, clean(document.raw))
        title, date, publisher = expected[file.name[:3]]
        assert known.title.startswith(title), known
        assert known.publisher.startswith(publisher), known
        assert known.date == date, known


def test_the_time_at_which_a_page_was_printed_is_not_its_day_of_publication():
    raw = f"2026/7/24 15:30\n某地出台新举措\n{BODY}\nhttps://example.org/a.html 1/1"
    paged = make_document("a.pdf", raw, "application/pdf", layout=Layout(pages=(0,)))
    known = read_metadata(paged, clean(raw))
    assert (known.date, known.url) == ("", "https://example.org/a.html")


def test_a_source_ends_where_the_next_label_of_its_page_begins():
    page = "<h1>某地出台新举措</h1><span>来源：某某日报</span><span>记者 吴某</span>"
    known = metadata_of(f"{page}<p>{BODY}</p>", media_type="text/html")
    assert known.publisher == "某某日报"


@pytest.mark.parametrize("source", ["云山发布", "某某记者站"])
def test_a_word_of_a_source_s_name_is_no_label(source):
    assert metadata_of(f"某地出台新举措\n来源：{source}\n{BODY}").publisher in (source, "某某")


def test_the_name_of_a_body_behind_the_title_is_the_publisher():
    page = f"<title>政策问答-某某市住房公积金管理中心</title><h1>政策问答</h1><p>{BODY}</p>"
    assert metadata_of(page, media_type="text/html").publisher == "某某市住房公积金管理中心"


def test_a_page_titled_by_its_body_takes_the_official_title():
    title = "某某市人民政府关于加快旅游业发展的意见"
    page = f"<title>某某市政府</title><p>{title}</p><p>{BODY}</p><p>{BODY}</p>"
    assert metadata_of(page, media_type="text/html").title == title


def test_the_first_character_of_a_number_names_a_place_only_at_its_own_level():
    signed = f"某通知\n云发改〔2024〕3号\n{BODY}\n某某县发展局\n2024年9月6日"
    assert metadata_of(signed).region == ""
    assert metadata_of(f"某通知\n粤府〔2024〕3号\n{BODY}").region == "广东"


def test_a_law_that_is_named_does_not_make_its_nation_the_region():
    assert metadata_of(f"某某条例\n根据《中华人民共和国数据安全法》制定。{BODY}").region == ""
    assert metadata_of(f"某某报告\n中国的产业发展很快。{BODY}").region == "中国"


def test_a_workbook_is_titled_by_the_first_row_rather_than_by_its_sheet():
    raw = "技改补贴\n某市技术改造补贴项目表\n序号\t企业\n1\t甲公司\n2\t乙公司"
    layout = Layout(pages=(0,), headings=((Span(0, 4), 1),))
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    document = make_document("a.xlsx", raw, sheet, layout=layout)
    text = clean(raw, sheet, layout)
    assert read_metadata(document, text).title == "某市技术改造补贴项目表"


def test_the_name_of_a_body_before_the_title_is_the_publisher():
    page = f"<title>某某市創新科技局 - 數碼轉型計劃</title><h1>數碼轉型計劃</h1><p>{BODY}</p>"
    assert metadata_of(page, media_type="text/html").publisher == "某某市創新科技局"
