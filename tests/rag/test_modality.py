"""May, must, planned, done, draft and final are kept."""

import pytest

from rag.modality import denies_finality, recast, reports_draft


def problems(claim: str, source: str) -> list[str]:
    chinese = any("\u3400" <= c <= "\u9fff" for c in claim)
    return list(recast(claim, [source], "", chinese))


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("企业必须在线提交材料。", "企业可以在线提交材料。"),
        ("企業可以線上提交全部材料。", "企业必须线上提交全部材料。"),
        ("强制企业开展二次开发。", "鼓励企业开展二次开发。"),
        ("湖北营收已经达到2500亿元。", "到2027年,营收要翻一番,达到2500亿元。"),
        ("Hubei has reached RMB 250 billion.", "到2027年,营收要翻一番,达到2500亿元。"),
        ("该办法已正式施行。", "该办法正在公开征求意见。"),
        ("这份文件是征求意见稿。", "这份文件现予印发。"),
    ],
)
def test_what_is_recast_is_found(claim: str, source: str) -> None:
    assert problems(claim, source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("企业须在线提交材料。", "企业应当在线提交材料。"),
        ("企业可在线提交材料。", "企业可以在线提交材料。"),
        ("到2027年,营收计划达到2500亿元。", "到2027年,营收要翻一番,达到2500亿元。"),
        ("该办法还在征求意见,尚未正式施行。", "该办法正在公开征求意见。"),
        ("已经设立60亿元基金。", "设有一只60亿元的基金。"),
    ],
)
def test_what_is_kept_passes(claim: str, source: str) -> None:
    assert problems(claim, source) == []


def test_of_a_draft_it_may_be_denied_that_it_is_final() -> None:
    assert denies_finality("尚未正式施行", "若干措施(徵求意見稿)")
    assert not denies_finality("尚未正式施行", "现予印发")
    assert not denies_finality("不给奖励", "若干措施(徵求意見稿)")


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("符合条件的展馆最高可获40万元。", "支持展馆建设,给予符合要求的展馆最高40万元。"),
        ("全市已累计发放7批补贴。", "积极探索发放新办法,累计发放7批补贴。"),
    ],
)
def test_a_condition_is_no_duty_and_a_total_is_done(claim: str, source: str) -> None:
    assert problems(claim, source) == []


AIMS = "到2030年,建成检测平台。培育5家企业,力争研发投入强度超过8%。"
HELD = "惠州现已集聚药企210家,设立30亿元专项母基金。"


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("惠州的研发投入强度超过8%。", AIMS),
        ("R&D intensity exceeds 8%.", AIMS),
        ("惠州计划设立30亿元的专项母基金。", HELD),
        ("惠州打算設立30億元的專項母基金。", HELD),
    ],
)
def test_an_aim_is_no_fact_and_what_is_there_no_plan(claim: str, source: str) -> None:
    assert problems(claim, source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("惠州力争研发投入强度超过8%。", AIMS),
        ("到2030年,研发投入强度要超过8%。", AIMS),
        ("Huizhou aims for an R&D intensity above 8%.", AIMS),
        ("惠州设立了30亿元的专项母基金。", HELD),
        ("惠州计划设立30亿元基金。", "惠州现已集聚药企210家,正筹划设立30亿元基金。"),
    ],
)
def test_an_aim_said_to_be_one_passes(claim: str, source: str) -> None:
    assert problems(claim, source) == []


def test_a_text_that_names_a_draft_reports_of_one() -> None:
    assert reports_draft("市科技局发布《若干措施(徵求意見稿)》")
    assert not reports_draft("市科技局发布《若干措施》,现公开征求意见")
