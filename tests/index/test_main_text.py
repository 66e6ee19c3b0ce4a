import numpy as np
import pytest

from index.formats import main_text
from index.formats.html_reader import read_page
from index.formats.main_text import found_in, main_lines, measure_lines, prose_vote
from index.offsets import apply_edits, identity

PARAGRAPHS = [
    f"第{i}段：市里支持企业开展创新药和高端医疗器械研发，对取得重大突破的项目给予奖励，最高{i}00万元。"
    for i in range(1, 7)
]
ARTICLE = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
MENU = "<ul>" + "".join(f"<li><a href='/{i}'>栏目{i}</a></li>" for i in range(9)) + "</ul>"


def page(article, title="通知"):
    return (
        f"<html><head><title>{title}</title></head><body><div>{MENU}</div><div>{article}</div>"
        f"<div>{MENU}<p>版权所有：某网 ICP备00000000号</p></div></body></html>"
    )


def read(source):
    found = read_page(source)
    return found, apply_edits(identity(source), found.edits)


def kept(source):
    found, visible = read(source)
    lines, flags = main_lines(source, found, visible)
    return [text for text, keep in zip(lines.texts, flags, strict=True) if keep]


@pytest.fixture(params=["with extractors", "alone"])
def extractors(request, monkeypatch):
    if request.param == "alone":
        monkeypatch.setattr(main_text, "_MOST_CHARACTERS", 0)


@pytest.mark.usefixtures("extractors")
def test_the_article_stays_and_menus_and_legal_lines_go():
    assert kept(page(ARTICLE)) == PARAGRAPHS


@pytest.mark.usefixtures("extractors")
def test_a_traditional_page_is_read_as_well():
    source = page(ARTICLE).translate(str.maketrans("创药医疗对项给奖励万", "創藥醫療對項給獎勵萬"))
    assert len(kept(source)) == len(PARAGRAPHS)


@pytest.mark.usefixtures("extractors")
def test_title_number_signature_and_attachments_stay():
    head = ["某市人民政府办公室关于支持医药产业的", "若干措施的通知", "某府办〔2024〕3号"]
    tail = ["特此通知。", "某市人民政府办公室", "2024年3月1日", "附件：1.申请表.docx"]
    article = "".join(f"<p>{line}</p>" for line in head) + ARTICLE
    article += "".join(f"<p>{line}</p>" for line in tail[:-1])
    article += f"<p><a href='a.docx'>{tail[-1]}</a></p>"
    source = page(article, "某市人民政府办公室关于支持医药产业的若干措施的通知_某网")
    assert kept(source) == [*head, *PARAGRAPHS, *tail]


@pytest.mark.usefixtures("extractors")
def test_a_table_of_data_in_the_article_stays():
    rows = ("类别\t上限", "一类\t100万元", "二类\t50万元")
    cells = ("".join(f"<td>{cell}</td>" for cell in row.split("\t")) for row in rows)
    table = "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"
    middle = "".join(f"<p>{p}</p>" for p in PARAGRAPHS[:3]) + table
    assert [line for line in kept(page(middle + ARTICLE)) if "\t" in line] == list(rows)


def test_a_page_without_an_article_has_no_main_text():
    assert kept("<p>短讯一则</p><p>短讯两则</p>") == []
    assert kept("") == []


def test_a_second_copy_for_phones_goes():
    source = page(ARTICLE).replace("</body>", f"<div><h3>手机版</h3>{ARTICLE}</div></body>")
    assert kept(source) == PARAGRAPHS


def test_more_lines_than_an_article_has_are_not_searched(monkeypatch):
    monkeypatch.setattr(main_text, "_MOST_LINES_AT_ALL", 5)
    assert kept(page(ARTICLE)) == []


def test_our_own_vote_is_for_the_block_that_holds_the_prose():
    found, visible = read(page(ARTICLE))
    lines = measure_lines(found, visible)
    voted = prose_vote(lines, found.tree)
    assert [t for t, vote in zip(lines.texts, voted, strict=True) if vote] == PARAGRAPHS


def test_each_place_of_an_extract_stands_for_one_line():
    long = "这一行足够长可以单独查找"
    assert found_in([long, long], long).tolist() == [1, 0]
    assert found_in([long, long], long * 2).tolist() == [1, 1]


def test_short_lines_are_looked_for_only_between_their_neighbours():
    first, second = "这一行足够长可以单独查找", "那一行同样长可以单独查找"
    extract = first + "小标题" + second + "尾"
    lines = ["尾", first, "小标题", second, "小标题"]
    assert found_in(lines, extract).tolist() == [0, 1, 1, 1, 0]


def test_an_extractor_that_found_nothing_has_no_vote():
    found, visible = read(page(ARTICLE))
    lines = measure_lines(found, visible)
    nothing = {name: np.zeros(len(lines.spans)) for name in main_text.EXTRACTORS}
    silent = main_text.probabilities(lines, found.tree, nothing)
    assert silent.tolist() == main_text.probabilities(lines, found.tree, {}).tolist()


# --- what is no prose, and yet the document's

TABLE = (
    "<table><tr><th>项目</th><th>标准</th></tr><tr><td>研发</td><td>100万元</td></tr>"
    "<tr><td>设备</td><td>50万元</td></tr></table>"
)
ROWS = ["项目\t标准", "研发\t100万元", "设备\t50万元"]
NOTICE = "<h1>某市补贴标准</h1><p>根据有关办法，今年的补贴标准公布如下，请各企业对照申报。</p>"


@pytest.mark.usefixtures("extractors")
def test_a_table_below_a_line_of_the_article_stays_with_its_unit_and_its_notes():
    after = ["注：不重复享受。", "咨询电话：000-0000（李工）", "某市工业局", "2025年3月1日"]
    paragraphs = "".join(f"<p>{line}</p>" for line in after)
    found = kept(page(f"{NOTICE}<p>单位：万元</p>{TABLE}{paragraphs}", "某市补贴标准"))
    assert found[-8:] == ["单位：万元", *ROWS, *after]


@pytest.mark.usefixtures("extractors")
def test_a_table_of_links_below_the_article_goes():
    links = "".join(f"<tr><td><a href='{i}'>标题{i}</a></td><td>今日</td></tr>" for i in range(9))
    found = kept(page(f"{ARTICLE}</div><div><table>{links}</table>"))
    assert found == PARAGRAPHS


@pytest.mark.usefixtures("extractors")
@pytest.mark.parametrize("item", ["<p>{}. 某某{}公司</p>", "<ul><li>某某{}公司{}</li></ul>"])
def test_names_in_a_list_stay_beside_their_paragraph_and_so_does_the_signature(item):
    items = "".join(item.format(i, i) for i in range(40))
    found = kept(page(f"{NOTICE}{items}<p>某市工业局</p><p>2025年6月1日</p>", "某市补贴标准"))
    assert len(found) == 2 + 40 + 2


@pytest.mark.usefixtures("extractors")
def test_short_items_between_paragraphs_stay():
    items = ["奖励申请表", "营业执照复印件", "批文"]
    article = "第一条 材料：<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"
    assert kept(page(ARTICLE + article + ARTICLE.replace("段", "项")))[7:10] == items


@pytest.mark.usefixtures("extractors")
def test_a_notice_of_one_sentence_stays_whole():
    lines = ["某市人民政府关于李强同志任职的通知", "某府任〔2025〕3号", "市政府研究决定："]
    lines += ["李强任市商务局副局长。", "某市人民政府", "2025年1月9日"]
    article = "".join(f"<p>{line}</p>" for line in lines)
    assert kept(page(article, lines[0]))[-6:] == lines


@pytest.mark.usefixtures("extractors")
def test_the_lines_around_a_registration_number_go():
    host = "<p>主办单位：某局 地址：某路1号</p><p>某ICP备1号 网站标识码2</p><p>建议分辨率1024</p>"
    source = page(NOTICE + TABLE, "某市补贴标准").replace("</body>", f"<div>{host}</div></body>")
    assert not any("主办" in line or "建议" in line for line in kept(source))


@pytest.mark.usefixtures("extractors")
def test_links_to_files_stay_below_their_notice():
    article = (
        NOTICE + "<p>附件：<a href='1.docx'>申请表</a></p><p><a href='b/2.PDF?v=1'>说明</a></p>"
    )
    assert kept(page(article, "某市补贴标准"))[-2:] == ["附件：申请表", "说明"]


def test_comments_beside_the_article_go():
    comments = "".join(f"<li><p>我的看法{i}，不好。</p></li>" for i in range(5))
    found = kept(page(f"{ARTICLE}<ol class='commentlist'>{comments}</ol>"))
    assert not any("看法" in line for line in found)


@pytest.mark.usefixtures("extractors")
def test_an_official_title_without_a_heading_element_stays():
    title = "某市人民政府关于加快发展旅游业的意见"
    cells = f"<table><tr><td><b>{title}</b></td></tr><tr><td>{ARTICLE}</td></tr></table>"
    assert kept(page(cells, "某市政府")) == [title, *PARAGRAPHS]


@pytest.mark.usefixtures("extractors")
def test_a_date_with_its_weekday_ends_a_release():
    assert kept(page(f"{ARTICLE}</div><div>2024年9月3日（星期二）"))[-1] == "2024年9月3日（星期二）"


@pytest.mark.usefixtures("extractors")
@pytest.mark.parametrize(
    "paragraph", ["<p>{}</p>", "<div><div>{}</div></div>", "{}<br>", "<section>{}</section>"]
)
def test_short_paragraphs_of_any_markup_stay_side_by_side(paragraph):
    lines = [
        "各区财政局：",
        "为规范资金管理，提高使用效益，现将有关事项通知如下：",
        "一、用途",
        "用于研发。",
    ]
    lines += [
        "二、时间",
        "3月1日至31日。",
        "三、联系方式",
        "预算科：0000-1111111",
        "某市财政局",
        "2025年2月20日",
    ]
    found = kept(page("".join(map(paragraph.format, lines)), "某市财政局关于资金管理的通知"))
    assert found == lines
