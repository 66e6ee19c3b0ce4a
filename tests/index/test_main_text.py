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
