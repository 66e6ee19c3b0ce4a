import pytest

from index.fields.issuers import (
    Signature,
    adopted_date,
    find_number,
    find_signature,
    head_issuer,
    level_of,
    number_in,
    signed_date,
    title_issuer,
)

DAY = "2024-05-03"


@pytest.mark.parametrize(
    ("block", "bodies"),
    [
        (["广东省科学技术厅", "2024年5月3日"], ["广东省科学技术厅"]),
        (["廣東省科學技術廳", "二〇二四年五月三日"], ["廣東省科學技術廳"]),
        (["臺北市政府", "市長 王小明", "中華民國113年5月3日"], ["臺北市政府"]),
        (
            ["国家发展改革委 财政部", "税务总局", "2024 年 5 月 3 日"],
            ["国家发展改革委", "财政部", "税务总局"],
        ),
        (["东莞市科学技术局 2024年5月3日"], ["东莞市科学技术局"]),
        (["国 务 院", "2024年5月3日"], ["国务院"]),
        (["某省人民政府办公厅（印章）", "（代章）", "2024年5月3日"], ["某省人民政府办公厅"]),
    ],
)
def test_signatures_are_read(block, bodies):
    lines = ["关于支持的通知", "正文在此。", *block, "附件"]
    assert find_signature(lines) == Signature(tuple(bodies), DAY)


@pytest.mark.parametrize(
    "block",
    [
        ["项目于2024年5月3日启动，由省科技厅负责。"],
        ["2024年5月3日"],
        ["关于有关事项", "2024年5月3日"],
        ["广东省科学技术厅", "2024-05-03 10:20"],
    ],
)
def test_what_is_no_signature_is_not_read(block):
    assert find_signature(["正文在此。", *block]) == Signature()


def test_the_first_signature_is_the_document_s():
    lines = ["某市科技局", "2024年5月3日", "附件：表格", "某某公司", "2023年1月1日"]
    assert find_signature(lines).bodies == ("某市科技局",)


@pytest.mark.parametrize(
    ("title", "issuer"),
    [
        ("东莞市人民政府办公室关于印发办法的通知", "东莞市人民政府办公室"),
        ("財政部 稅務總局關於延續政策的公告", "財政部、稅務總局"),
        ("工业和信息化部等三部门关于加强管理的意见", "工业和信息化部等三部门"),
        ("财政部公告2024年第5号", "财政部"),
        ("市民谈关于印发办法的通知", ""),
        ("关于印发办法的通知", ""),
    ],
)
def test_a_title_names_its_issuer(title, issuer):
    assert title_issuer(title) == issuer


@pytest.mark.parametrize(
    ("head", "issuer"),
    [
        ("广东省人民政府文件", "广东省人民政府"),
        ("国 务 院 文 件", "国务院"),
        ("中华人民共和国国务院令", "中华人民共和国国务院"),
        ("臺北市政府 函", "臺北市政府"),
        ("（2020年5月28日国家发展改革委令第5号公布）", "国家发展改革委"),
        ("参考文件", ""),
    ],
)
def test_a_letterhead_names_its_issuer(head, issuer):
    assert head_issuer([head, "正文"]) == issuer


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("粤府〔2024〕5号", "粤府〔2024〕5号"),
        ("粵府〔2024〕5號", "粵府〔2024〕5號"),
        ("工信部联规[2024] 12 号", "工信部联规[2024]12号"),
        ("财税（2024）第12号", "财税（2024）第12号"),
        ("国发【2024】8号", "国发【2024】8号"),
        ("建标［2024］8号", "建标［2024］8号"),
        ("（京科发〔2024〕5号）", "京科发〔2024〕5号"),
        ("特急 粤府办〔2024〕5号", "粤府办〔2024〕5号"),
        ("文号：粤府〔2024〕5号", "粤府〔2024〕5号"),
        ("第5号令", "第5号令"),
        ("广东省人民政府令第300号", "广东省人民政府令第300号"),
        ("国家市场监督管理总局令 第 59 号", "国家市场监督管理总局令第59号"),
        ("财政部 税务总局公告2024年第5号", "财政部 税务总局公告2024年第5号"),
        ("2024年第5号", "2024年第5号"),
        ("發文字號：府授經工字第1130123456號", "府授經工字第1130123456號"),
        ("2024年第5號法律公告", "2024年第5號法律公告"),
        ("第12/2024號行政長官批示", "第12/2024號行政長官批示"),
    ],
)
def test_a_number_on_a_line_of_its_own_is_read_as_written(line, number):
    assert find_number(["题名", line, "正文。"], "题名") == number


def test_an_order_and_its_number_on_two_lines_are_one():
    assert find_number(["中华人民共和国国务院令", "第743号"], "") == "中华人民共和国国务院令第743号"


@pytest.mark.parametrize(
    "title", ["关于办法的通知（粤府〔2024〕5号）", "关于办法的通知 粤府〔2024〕5号"]
)
def test_a_title_may_end_in_the_number(title):
    assert find_number(["正文。"], title) == "粤府〔2024〕5号"


def test_a_number_in_a_sentence_is_another_document_s():
    line = "根据《关于支持的意见》（粤府〔2020〕5号）的要求，制定本办法。"
    assert find_number([line], "关于办法的通知") == ""


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("粤府〔2024〕 5 号", "粤府〔2024〕5号"),
        ("穗府规 2024-5", "穗府规 2024-5"),
        ("无", ""),
        ("大 中 小", ""),
    ],
)
def test_the_value_of_a_label_is_a_number_if_it_holds_digits(value, number):
    assert number_in(value).replace(" ", "") == number.replace(" ", "")


@pytest.mark.parametrize(
    ("issuer", "level"),
    [
        ("国务院办公厅", "national"),
        ("中华人民共和国国务院", "national"),
        ("财政部、税务总局", "national"),
        ("国家发展改革委", "national"),
        ("广东省科学技术厅", "province"),
        ("北京市人民政府", "province"),
        ("内蒙古自治区财政厅", "province"),
        ("香港特別行政區政府創新科技署", "province"),
        ("东莞市科学技术局", "city"),
        ("臺北市政府", "city"),
        ("广州市南沙区发展和改革局", "district"),
        ("某某县人民政府", "district"),
        ("河北雄安新区管理委员会", "district"),
        ("省科技厅", "province"),
        ("市科技局", "city"),
        ("区发展和改革局", "district"),
        ("某某公司", ""),
    ],
)
def test_the_issuer_tells_whose_document_it_is(issuer, level):
    assert level_of(issuer, "", "") == level


def test_without_an_issuer_number_or_title_tell_the_level():
    assert level_of("", "国办发〔2024〕5号", "") == "national"
    assert level_of("", "粤府〔2024〕5号", "") == "province"
    assert level_of("", "", "广东省促进发展条例") == "province"
    assert level_of("", "", "关于印发《东莞市管理办法》的通知") == "city"
    assert level_of("", "", "东莞酝酿新政：重金支持研发") == ""


@pytest.mark.parametrize(
    ("note", "iso"),
    [
        ("（2007年12月29日某会议通过 2024年6月24日修订 自2024年11月1日起施行）", "2024-06-24"),
        ("（2020年5月28日国家发展改革委令第5号公布 自2020年7月1日起施行）", "2020-05-28"),
        ("（2020年5月28日会议讨论）", ""),
    ],
)
def test_the_note_below_the_title_of_a_law_tells_when_it_was_made(note, iso):
    assert adopted_date(["某某法", note, "第一章 总则"]) == iso


def test_a_date_alone_at_the_end_is_that_of_signing():
    assert signed_date(["题名", "正文。", "二〇二四年五月三日"]) == DAY
    assert signed_date(["题名", "正文。", "2024-05-03"]) == ""


def test_an_officer_alone_signs_an_order():
    lines = ["某某市人民政府令", "第35号", "市长  王建国", "2024年12月28日", "某某办法"]
    assert find_signature(lines) == Signature((), "2024-12-28")
