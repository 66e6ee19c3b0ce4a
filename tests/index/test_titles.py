import pytest

from index.fields.titles import declared_title, official_title, title_of_text, without_site

PROSE = "市里支持企业开展研发，对取得重大突破的项目给予奖励。"


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("关于办法的通知_某厅网站", "关于办法的通知"),
        ("某地出台新举措_要闻_某某网", "某地出台新举措"),
        ("某地出台新举措 - 要闻 - 某某日报网", "某地出台新举措"),
        ("某地出台新举措-某某财经", "某地出台新举措"),
        ("某地出台新举措--某某新闻", "某地出台新举措"),
        ("某地出台新举措 | 某某网", "某地出台新举措"),
        ("補助作業要點 - 主管法規查詢系統", "補助作業要點"),
        ("CAR-T细胞治疗进展", "CAR-T细胞治疗进展"),
        ("凝聚力量——热烈祝贺会议开幕", "凝聚力量——热烈祝贺会议开幕"),
        ("2024-2026年行动计划", "2024-2026年行动计划"),
        ("某某网", "某某网"),
    ],
)
def test_the_name_of_the_site_goes(title, kept):
    assert without_site(title) == kept


def test_a_heading_that_is_the_site_s_name_is_no_title():
    shown = ["某某网", "某地出台新举措", PROSE]
    assert declared_title({}, "某某网", "某地出台新举措 某某网", shown) == "某地出台新举措"


def test_the_part_that_the_page_shows_is_its_title():
    assert (
        declared_title({}, "", "某某博客 » 某地出台新举措", ["某地出台新举措"]) == "某地出台新举措"
    )


@pytest.mark.parametrize(
    "empty", ["显示", "正文", "无标题文档", "Untitled Document", "通知公告", ""]
)
def test_a_title_that_names_no_document_is_none(empty):
    assert declared_title({}, "", empty, [PROSE]) == ""


def test_a_cut_title_is_completed():
    shown = ["首页", "关于印发某市支持产业发展办法的通知", PROSE]
    assert declared_title({"og:title": "关于印发某市支持产业…"}, "", "", shown) == shown[1]


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        (
            ["某市人民政府关于印发", "某市支持产业发展办法的通知"],
            "某市人民政府关于印发某市支持产业发展办法的通知",
        ),
        (["某市人民政府办公室", "關於印發辦法的通知"], "某市人民政府办公室關於印發辦法的通知"),
        (["关于开展项目申报工作的", "通知", "各有关单位："], "关于开展项目申报工作的通知"),
        (["某市促进未来产业发展", "若干措施", "（试行）"], "某市促进未来产业发展若干措施（试行）"),
        (["某省人民政府文件", "某府〔2024〕5号", "关于印发办法的通知"], "关于印发办法的通知"),
        (["索引号：1", "发文机关：某厅", "关于印发办法的通知"], "关于印发办法的通知"),
        (["附件：关于别的事项的通知", "关于印发办法的通知"], "关于印发办法的通知"),
        (["某地出台新举措", "关于支持企业的意见"], "某地出台新举措"),
        (["中华人民共和国国务院令", "第743号", "《某某条例》已经会议通过。"], "某某条例"),
        (["臺北市政府 函", "主旨：檢送某某要點一份，請查照。"], "檢送某某要點一份"),
        (["# 某地出台新举措"], "某地出台新举措"),
    ],
)
def test_the_title_line_of_a_text_is_found_and_joined(lines, title):
    assert title_of_text([*lines, PROSE]) == (title, "text")


def test_a_headline_does_not_swallow_the_first_heading():
    assert title_of_text(["某地出台新举措", "主要措施", PROSE])[0] == "某地出台新举措"


def test_prose_lends_its_first_sentence():
    assert title_of_text([PROSE + PROSE]) == (PROSE.rstrip("。")[:40], "first sentence")
    assert title_of_text(["短"]) == ("", "")


def test_an_official_title_ends_in_its_kind():
    assert official_title(["市长谈关于支持企业的看法", PROSE]) == ""


def test_the_title_of_a_notice_goes_before_that_of_the_document_it_issues():
    title = "某市人民政府办公室关于印发海洋经济发展方案的通知"
    head = ["某市人民政府办公室文件", "某府办〔2025〕12号", title, "各镇人民政府："]
    issues = "《海洋经济发展方案》已经市政府同意，现印发给你们，请认真执行。"
    assert title_of_text([*head, issues]) == (title, "text")


@pytest.mark.parametrize("note", ["（2024—2027年）", "(2021-2025年)", "（2024年至2027年）"])
def test_the_years_of_a_plan_belong_to_its_title(note):
    assert title_of_text(["某市产业发展行动方案", note, PROSE])[0] == "某市产业发展行动方案" + note
