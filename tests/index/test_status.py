import pytest

from index.fields.status import find_status

PROSE = "本办法自2024年1月1日起施行，《旧办法》同时废止。"


@pytest.mark.parametrize(
    ("title", "status"),
    [
        ("某市支持措施（征求意见稿）", "征求意见稿"),
        ("關於《某市辦法（徵求意見稿）》公開徵求意見的公告", "徵求意見稿"),
        ("关于公开征求《某市办法》意见的公告", "征求意见稿"),
        ("關於公開徵求某市辦法意見的公告", "徵求意見稿"),
        ("某市管理办法（试行）", "试行"),
        ("某市暂行办法", "暂行"),
        ("某市管理暫行規定", "暫行"),
        ("某市管理办法（2023年修订）", "修订"),
        ("某省条例（2019修正）", "修正"),
        ("关于修订印发《某市管理办法》的通知", "修订"),
        ("某某法（修订草案）", "修订、草案"),
        ("某省条例（草案征求意见稿）", "草案、征求意见稿"),
        ("某市管理办法（已废止）", "废止"),
        ("【失效】某市管理办法", "失效"),
        ("某市人民政府关于废止部分文件的决定", ""),
        ("关于修改《某市办法》的决定", ""),
        ("一份征求意见稿的要点", ""),
        ("某市试行新政，企业点赞", ""),
        ("某市公布失效药品名单", ""),
    ],
)
def test_a_title_tells_where_its_document_stands(title, status):
    assert find_status(title, [PROSE]) == status


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("（征求意见稿）", "征求意见稿"),
        ("（徵求意見稿）", "徵求意見稿"),
        ("（试行）", "试行"),
        ("已废止", "废止"),
        ("本文件现予废止。", "废止"),
        ("该文件已失效", "失效"),
        ("（2007年12月29日会议通过 2024年6月24日修订）", "修订"),
        (PROSE, ""),
        ("《某市旧办法》现予废止。", ""),
        ("现将《某市办法（试行）》印发给你们，请遵照执行。", ""),
    ],
)
def test_a_note_at_the_head_tells_it_too(line, status):
    assert find_status("某市管理办法", [line, "第一条 正文。"]) == status


def test_what_stands_deep_in_the_text_does_not_count():
    assert find_status("某市管理办法", [*["正文。"] * 20, "（试行）", "已废止"]) == ""


@pytest.mark.parametrize(
    ("labelled", "status"), [("已废止", "废止"), ("失效", "失效"), ("现行有效", ""), ("未失效", "")]
)
def test_a_head_table_s_validity_counts(labelled, status):
    assert find_status("某市管理办法", [PROSE], labelled) == status
