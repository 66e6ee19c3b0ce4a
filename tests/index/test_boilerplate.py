import pytest
from hypothesis import given
from mixed_text import mixed_texts

from index.cleaning.boilerplate import (
    INFORMATION,
    LEGAL,
    NAVIGATION,
    RELATED,
    WIDGET,
    is_information_line,
    opens_block,
    reasons,
)
from index.script import to_traditional

PARAGRAPH = "市里支持企业开展创新药和高端医疗器械研发，" * 8 + "每年安排专项资金。"
SENTENCE = "市科技局会同有关部门组织实施，按年度公布支持项目名单。"


def reason(line: str) -> str:
    """Return what is said of a line in the middle of an article."""
    return reasons([SENTENCE, line, SENTENCE])[1]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        *[(line, NAVIGATION) for line in ("当前位置：首页 > 政策文件", "某网首页>资讯中心>正文")],
        *[
            (line, NAVIGATION)
            for line in ("上一篇：别的通知", "下一篇: 返回列表", "新闻 > 本地 > 医药")
        ],
        *[
            (line, NAVIGATION)
            for line in ("首页 | 新闻 | 政策 | 服务", "本文链接：https://example.org/1")
        ],
        *[
            (line, WIDGET)
            for line in ("• 日榜", "【大】 【中】 【小】", "打印本页", "字号：大 中 小", "A+ A-")
        ],
        *[
            (line, WIDGET)
            for line in ("扫一扫，分享到朋友圈", "微信公众号", "责任编辑：李明", "浏览次数：1024")
        ],
        *[
            (line, WIDGET)
            for line in ("点赞 (3) 收藏 12", "扫码关注我们", "查看更多+", "公众号二维码")
        ],
        *[(line, INFORMATION) for line in ("2024-03-25 10:41:58", "发表于：2024-02-29 关注")],
        *[(line, INFORMATION) for line in ("2024年11月30日 10:15:00 来源：某网 点击量：4399",)],
        *[(line, INFORMATION) for line in ("时间：2024-03-25", "来源：某网 时间：2024-03-25")],
    ],
)
def test_lines_of_a_page_are_told_in_both_scripts(line, expected):
    assert reason(line) == expected
    assert reason(to_traditional(line)) == expected


@pytest.mark.parametrize(
    "line",
    [
        *(
            "2024年2月7日",
            "2024年11月29日发布的意见提出，到2027年营收达到2500亿元",
            "电话：020-12345678",
        ),
        *(
            "时间：2024年9月10日",
            "地址：黄埔区开源大道11号",
            "来源于企业的投入占七成",
            "关注重点人群健康",
        ),
        *(
            "扫码支付手续费减免政策",
            "二维码门诊挂号系统建设要求和进度安排",
            "访问量最大的平台可以得到奖励",
        ),
        *(
            "图片库建设",
            "首页设计规范要求",
            "版权所有人的义务",
            "联系我们的客户",
            "转发给各单位执行",
        ),
        *(
            "相关内容由省科技厅解释",
            "推荐阅读的书目有三种",
            "免责条款",
            "（一）搜索引擎",
            "产量 > 需求",
        ),
        *("上一年度的名单", "附件：项目申报表", "1.设置专项资金", "更多企业参与", "字体设计产业"),
    ],
)
def test_lines_of_an_article_are_kept(line):
    assert reason(line) == ""


def test_short_lines_before_the_first_long_one_are_a_menu():
    lines = ["设置", "浅色", "", "长者助手", "政务公开", "关于印发某某行动计划的通知", SENTENCE]
    assert reasons(lines) == [NAVIGATION] * 5 + ["", ""]


@pytest.mark.parametrize(
    "lines",
    [
        ["一、总则", "二、目标", "三、任务", SENTENCE],
        ["张三", "李四", "王五", "赵六"],  # nothing longer follows: a list of names
        ["致辞", "各位来宾：", "大家好！", SENTENCE],
        ["通知", "公告", SENTENCE],
    ],
)
def test_short_lines_that_say_something_are_no_menu(lines):
    assert not any(reasons(lines))


def test_a_list_of_other_articles_ends_where_an_article_goes_on():
    lines = [SENTENCE, "相关阅读：", "• 别处的新闻", "别处新闻的开头……", PARAGRAPH, SENTENCE]
    assert reasons(lines) == ["", RELATED, RELATED, RELATED, "", ""]


def test_a_legal_notice_runs_to_the_end():
    lines = [
        PARAGRAPH * 2,
        "版权与免责声明",
        "凡本网注明来源的作品，" * 20 + "均为本网所有。",
        "更正",
    ]
    assert reasons(lines) == ["", LEGAL, LEGAL, LEGAL]


def test_a_long_disclaimer_under_a_short_article_goes():
    article = ["关于申报项目的通知", "请各单位于本月底前提交申报材料，逾期不予受理，特此通知。"]
    notice = ["免责声明", *["凡本网转载的内容，版权归原作者所有，如有侵权请联系本网删除。" * 3] * 4]
    assert reasons([*article, *notice]) == ["", ""] + [LEGAL] * 5


def test_an_article_about_copyright_is_kept():
    lines = [SENTENCE * 2, "版权声明", *[PARAGRAPH] * 4]
    assert not any(reasons(lines))


def test_titles_with_dates_below_an_article_are_other_articles():
    titles = [f"关于公布第{i}批项目名单的通知 2024-0{i}-11" for i in range(1, 4)]
    assert reasons([SENTENCE * 2, *titles]) == [""] + [RELATED] * 3
    assert not any(reasons(titles))  # nothing but such titles: it is a list by intent


@pytest.mark.parametrize(
    "line",
    [
        *(
            "【打印】【关闭】",
            "【责任编辑：李明】",
            "编辑：张三 审核：李四",
            "请使用微信扫一扫分享",
        ),
        *("文明上网，理性发言", "登录后可发表评论", "分享到：", "我要纠错"),
    ],
)
def test_more_widgets(line):
    assert reason(line) == WIDGET
    assert reason(to_traditional(line)) == WIDGET


@pytest.mark.parametrize("line", ["发表评论", "网友评论(3)", "热搜榜", "点击排行", "为您推荐"])
def test_comments_and_hot_lists(line):
    assert reason(line) == RELATED


@pytest.mark.parametrize(
    "line",
    [
        *("访问量\t1024", "编辑\t张三", "2024-03-25 10:41:58\t100", "位置：黄埔区开源大道"),
        *("扫描二维码填写申报表", "抄送：市委办公室，市人大常委会办公室。", "联系人：李明"),
        *("附件：1.申报表", "未经著作权人许可，不得转载其作品。"),
    ],
)
def test_rows_contacts_and_service_codes_are_kept(line):
    assert reason(line) == ""


def test_what_sounds_legal_in_the_first_half_is_kept():
    assert reasons(["版权声明", SENTENCE, PARAGRAPH]) == ["", "", ""]


@pytest.mark.parametrize(
    "line",
    [
        *(
            "一、总体要求",
            "（二）目标",
            "(3)任务",
            "1.平台",
            "2、人才",
            "第三条 申报",
            "附件1",
            "• 要点",
        ),
        *("# 标题", "各有关单位：", "2024年2月7日", "——东莞市", "| 列 |", "抄送：市政府"),
    ],
)
def test_headings_labels_and_items_open_a_block(line):
    assert opens_block(line)
    assert opens_block(to_traditional(line))


@pytest.mark.parametrize("line", ["一批重大项目", "3.5亿元的投入", "第三方机构", "2024年以来", ""])
def test_running_text_opens_no_block(line):
    assert not opens_block(line)


def test_information_lines_are_seen_in_both_scripts():
    for line in ("时间：2024年3月25日", "發表於：2024-02-29", "2024年3月25日　來源：某網"):
        assert is_information_line(line)
    assert not is_information_line("2024年3月25日")


@given(mixed_texts)
def test_there_is_a_reason_or_none_for_every_line(text):
    lines = text.split("\n")
    assert len(reasons(lines)) == len(lines)


@pytest.mark.parametrize(
    "line", ["— 1 —", "－12－", "- 3 -", "第 1 页 共 3 页", "第1页/共1页<< 上一页 | 下一页 >>"]
)
def test_the_numbers_of_pages_go(line):
    assert reason(line) == reason(to_traditional(line)) == WIDGET


@pytest.mark.parametrize("line", ["2024", "第1页的表格说明了补贴标准。", "3-5", "项目A-"])
def test_figures_that_number_no_page_stay(line):
    assert not reason(line)


def test_what_an_app_writes_below_an_article_goes():
    below = [
        "-END-",
        "预览时标签不可点",
        "微信扫一扫",
        "关注该公众号",
        "继续滑动看下一个",
        "某某发布",
    ]
    below += ["向上滑动看下一个", "知道了", "使用小程序", "取消 允许", "分析", "× 分析"]
    found = reasons([SENTENCE, *below])
    assert found[0] == ""
    assert all(found[1:])


def test_a_word_beside_one_widget_stays():
    assert reasons([SENTENCE, "分析", "打印", SENTENCE])[1] == ""
    for line in ("2024年", "某市财政局"):
        assert reasons([SENTENCE, "打印", line, "关闭", "返回"])[2] == ""


@pytest.mark.parametrize(
    "line",
    [
        "上线：2024-02-29 点击：0 【收藏】",
        "2005-04-05 06:40更新 来源：转载文章",
        "刊發時間：2024-02-29",
    ],
)
def test_other_words_for_publishing_are_known(line):
    assert reason(line) == INFORMATION


@pytest.mark.parametrize(
    "line",
    [
        ":::",
        "友善列印",
        "字級：小 中 大",
        "點閱數：1,234",
        "瀏覽人次：12",
        "回上一頁",
        "隱私權及資訊安全宣告",
    ],
)
def test_widgets_of_traditional_sites_go(line):
    assert reason(line) == WIDGET


@pytest.mark.parametrize("line", ["發布日期：114-03-12", "更新日期：114/3/13"])
def test_years_of_the_republic_may_date_a_publication(line):
    assert reason(line) == INFORMATION
