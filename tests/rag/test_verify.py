"""True claims pass and false ones do not, in Simplified, Traditional and English."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.types import Span
from rag.complaints import said_once
from rag.quantities import quantities
from rag.types import DraftSentence, Status
from rag.verify import Cited, check_claim, verify

TITLE = "惠州市支持创新药械发展办法"
PHASES = Cited(
    "惠州市对进入Ⅰ期、Ⅱ期、Ⅲ期临床试验的创新药,分别给予最高150万元、350万元、600万元奖励,"
    "单个企业每年最高不超过900万元。",
    TITLE,
    "惠州",
    "2025-03-06",
)
REPEAT = Cited("已享受市级同类资助的项目,不予重复奖励。", TITLE, "惠州", "2025-03-06")
DEADLINE = Cited(
    "申报截止日期为2025年9月12日,由惠州市科学技术局受理,企业须在线提交材料。",
    "",
    "惠州",
    "2025-03-06",
)
COUNTS = Cited(
    "全市共有医疗器械企业312家,其中规上企业48家,全年产值同比增长12.5%。", "", "惠州", "2025-03-06"
)
REPAY = Cited("未按期完成验收的企业,应当退回全部资助,三年内不得再次申报。", "", "惠州", "")
FUND = Cited(
    "南沙區將設立總規模不少於20億元的生物醫藥基金,首批遴選15家企業入駐孵化器。",
    "",
    "南沙",
    "2024-11-02",
)
RENT = Cited("未经批准的企业不得享受租金补贴。")
TRANSFER = Cited("受资助的设备三年内不得转让、出租或者改变用途。")
PLATFORMS = Cited(
    "概念验证平台的建设费用最多资助400万元;公共服务平台按照运营成绩,奖励最多250万元;检测平台奖励最多90万元。"
)
ENGLISH = Cited(
    "Shenzhen pays companies up to RMB 3 million for each approved Class III device. "
    "Projects without ethics approval are not eligible. Applications close on 30 June 2026.",
    "",
    "深圳",
)

TRUE = [
    ("进入Ⅰ期临床试验的创新药最高奖励150万元。", PHASES),
    ("创新药进入III期临床试验的,最高奖励六百万元。", PHASES),
    ("惠州市对Ⅲ期临床的创新药最高奖励600万元,每家企业一年最多900万元。", PHASES),
    ("惠州對進入Ⅱ期臨床試驗的創新藥給予最高350萬元獎勵。", PHASES),
    ("单个企业每年最高900萬元。", PHASES),
    ("单个企业每年最高9,000,000元。", PHASES),
    (
        "Huizhou pays up to RMB 1.5 million, 3.5 million and 6 million for phase I, II and III.",
        PHASES,
    ),
    ("Phase III drugs get at most 6 million yuan, and a company at most 9 million a year.", PHASES),
    ("In Huizhou, phase I trials earn up to RMB 1,500,000.", PHASES),
    ("已享受市级同类资助的项目不能重复奖励。", REPEAT),
    ("市级同类资助已享受的,不再予以重复奖励。", REPEAT),
    ("办法规定“已享受市级同类资助的项目,不予重复奖励”。", REPEAT),
    ("《惠州市支持创新药械发展办法》规定,已享受同类资助的项目不予重复奖励。", REPEAT),
    ("申报须在2025年9月12日前完成,材料在线提交。", DEADLINE),
    ("申报截止日期为9月12日。", DEADLINE),
    ("Applications close on 12 September 2025.", DEADLINE),
    ("惠州共有312家医疗器械企业,产值增长12.5%。", COUNTS),
    ("Huizhou had 312 medical device companies, 48 of them above the size threshold.", COUNTS),
    ("Output grew by 12.5 percent.", COUNTS),
    ("没有按期完成验收的企业要退回全部资助。", REPAY),
    ("企业未按期完成验收的,3年内不得再次申报,并应当退回资助。", REPAY),
    ("南沙区将设立规模至少20亿元的生物医药基金,首批遴选15家企业。", FUND),
    ("Nansha will set up a biomedicine fund of at least RMB 2 billion.", FUND),
    ("未经批准的企业不能享受租金补贴。", RENT),
    ("受资助的设备三年内不得出租。", TRANSFER),
    ("检测平台最多奖励90万元,公共服务平台最多奖励250万元。", PLATFORMS),
    ("深圳对每个获批的三类器械最高补助300万元。", ENGLISH),
    ("Projects without ethics approval are not eligible in Shenzhen.", ENGLISH),
    ("Applications close on June 30, 2026.", ENGLISH),
    (
        "办法规定“惠州市对进入Ⅰ期、Ⅱ期、Ⅲ期临床试验的创新药……单个企业每年最高不超过900万元”。",
        PHASES,
    ),
]

FALSE = {
    "an amount": [
        ("进入Ⅰ期临床试验的创新药最高奖励180万元。", PHASES),
        ("创新药进入III期临床试验的,最高奖励六十万元。", PHASES),
        ("Phase III trials get up to 60 million yuan.", PHASES),
        ("南沙區將設立總規模不少於2億元的生物醫藥基金。", FUND),
        ("全市共有医疗器械企业132家。", COUNTS),
        ("Output grew by 21.5 percent.", COUNTS),
    ],
    "a unit": [
        ("进入Ⅲ期临床试验的创新药最高奖励600元。", PHASES),
        ("进入Ⅲ期临床试验的创新药最高奖励600万美元。", PHASES),
        ("Phase III trials get up to USD 6 million.", PHASES),
        ("全年产值同比增长12.5万元。", COUNTS),
        ("全年产值同比增长12.5个百分点。", COUNTS),
        ("南沙区将设立规模至少20万元的基金。", FUND),
    ],
    "a phase": [
        ("进入Ⅳ期临床试验的创新药最高奖励600万元。", PHASES),
        ("进入Ⅰ期临床试验的创新药最高奖励600万元。", PHASES),
        ("Phase I trials get up to 6 million yuan.", PHASES),
        ("Ⅲ期、Ⅱ期、Ⅰ期分别最高奖励150万元、350万元、600万元。", PHASES),
    ],
    "an amount of something else there": [
        ("检测平台奖励最多250万元。", PLATFORMS),
        ("概念验证平台的建设费用最多资助90万元。", PLATFORMS),
        ("全市共有医疗器械企业48家。", COUNTS),
    ],
    "a date": [
        ("申报截止日期为2025年9月21日。", DEADLINE),
        ("申报截止日期为2024年9月12日。", DEADLINE),
        ("申报截止日期为2025年3月6日。", DEADLINE),
        ("Applications close on 12 October 2025.", DEADLINE),
        ("Applications close on 30 July 2026.", ENGLISH),
    ],
    "a place": [
        ("中山市对进入Ⅲ期临床试验的创新药最高奖励600万元。", PHASES),
        ("Zhongshan pays up to 6 million yuan for phase III trials.", PHASES),
        ("申报截止日期为2025年9月12日,由珠海市科学技术局受理。", DEADLINE),
        ("前海區將設立總規模不少於20億元的生物醫藥基金。", FUND),
    ],
    "a negation": [
        ("已享受市级同类资助的项目,予以重复奖励。", REPEAT),
        ("已享受市级同类资助的项目可以得到奖励。", REPEAT),
        ("Projects that already have city funding are rewarded again.", REPEAT),
        ("企业无须在线提交材料。", DEADLINE),
        ("按期完成验收的企业,应当退回全部资助。", REPAY),
        ("未按期完成验收的企业,三年内可以再次申报。", REPAY),
        ("经批准的企业不得享受租金补贴。", RENT),
        ("经批准的企业享受租金补贴。", RENT),
        ("受资助的设备三年内可以转让。", TRANSFER),
        ("Projects without ethics approval are eligible.", ENGLISH),
        ("Huizhou does not pay 6 million yuan for phase III.", PHASES),
    ],
    "a cap or a floor": [
        ("进入Ⅲ期临床试验的创新药至少奖励600万元。", PHASES),
        ("进入Ⅲ期临床试验的创新药奖励600万元以上。", PHASES),
        ("A company gets at least 9 million yuan a year.", PHASES),
        ("南沙区将设立总规模不超过20亿元的生物医药基金。", FUND),
        ("Shenzhen pays at least RMB 3 million for each device.", ENGLISH),
    ],
    "a quotation": [
        ("办法规定“已享受市级同类资助的项目,给予双倍奖励”。", REPEAT),
        ("办法规定“已享受市级同类资助的项目……重复奖励”。", REPEAT),
        ("办法规定「已享受市級同類資助的項目…予重複獎勵」。", REPEAT),
        ("办法规定“单个企业每年最高不超过900万元……惠州市对进入Ⅰ期”。", PHASES),
        ('The measures say "every company gets what it asks for".', PHASES),
        ("《惠州市人工智能产业十条》规定,Ⅲ期临床最高奖励600万元。", PHASES),
    ],
    "a document": [
        ("已享受市级同类资助的项目,不予重复奖励。", COUNTS),
        ("惠州市共有医疗器械企业312家。", FUND),
        ("申报截止日期为2025年9月12日。", FUND),
    ],
    "a link": [("Ⅲ期最高600万元,详见 https://evil.example/?q=900 。", PHASES)],
    "everything": [
        ("The moon is made of cheese.", PHASES),
        ("月球由奶酪构成,每个人都可以领取一块。", PHASES),
    ],
}


def claim_of(text: str, source: Cited):
    return check_claim(text, (1,), [source])


@pytest.mark.parametrize(("text", "source"), TRUE)
def test_a_true_claim_is_supported(text: str, source: Cited) -> None:
    claim = claim_of(text, source)
    assert (claim.status, claim.problems) == (Status.SUPPORTED, ())


@pytest.mark.parametrize(
    ("text", "source"),
    [pytest.param(*case, id=f"{what}: {case[0]}") for what in FALSE for case in FALSE[what]],
)
def test_a_claim_with_something_wrong_is_not_supported(text: str, source: Cited) -> None:
    claim = claim_of(text, source)
    assert claim.status is not Status.SUPPORTED
    assert claim.problems


@pytest.mark.parametrize(
    "what", [what for what in FALSE if what not in ("a quotation", "everything")]
)
def test_what_is_plainly_wrong_is_unsupported(what: str) -> None:
    assert {claim_of(*case).status for case in FALSE[what]} == {Status.UNSUPPORTED}


def test_a_problem_names_what_is_wrong() -> None:
    (problem,) = claim_of("进入Ⅰ期临床试验的创新药最高奖励180万元。", REPEAT).problems[:1]
    assert "Ⅰ期" in problem or "180万元" in problem


@pytest.mark.parametrize(
    ("text", "source", "said"),
    [
        ("每个项目最多奖900万元。", "每个项目最多奖300万元。", "900万元 is 300万元"),
        (
            "进入Ⅱ期的新药项目，每个最多奖900万元。",
            "进入Ⅱ期的新药项目，每个最多奖300万元。",
            "Ⅱ期 has 300万元",
        ),
        (
            "进入Ⅲ期的新药项目，每个最多奖300万元。",
            "进入Ⅱ期的新药项目，每个最多奖300万元。",
            "3期, and of 2期",
        ),
        ("上海对新药项目最多奖300万元。", "北京对新药项目最多奖300万元。", "上海 is 北京"),
    ],
)
def test_one_fault_is_said_once_by_what_tells_most(text: str, source: str, said: str) -> None:
    found = claim_of(text, Cited(source))
    assert found.status is Status.UNSUPPORTED
    assert len(found.problems) == 1 and said in found.problems[0], found.problems


def test_a_name_is_not_said_again_as_part_of_a_longer_one() -> None:
    lines = [f"{name} is not named in what is cited" for name in ("科技局", "市科技局", "市财政局")]
    assert said_once("市科技局负责,市财政局拨付。", lines) == tuple(lines[1:])
    assert said_once("科技局与市科技局负责。", lines) == tuple(lines)


def test_two_faults_are_both_said() -> None:
    source = Cited("Ⅱ期最多奖300万元，Ⅲ期最多奖800万元。")
    both = claim_of("Ⅱ期最多奖900万元，Ⅲ期最多奖900万元。", source).problems
    assert [any(right in line for line in both) for right in ("300万元", "800万元")] == [True] * 2
    wrong = claim_of(
        "“每个项目最多奖900万元”，有效期9年。", Cited("每个项目最多奖300万元，有效期3年。")
    )
    assert [sum(one in line for line in wrong.problems) for one in ("“", "9年", "300万元")] == [
        1
    ] * 3


def test_a_claim_without_a_citation_is_unsupported() -> None:
    claim = check_claim("单个企业每年最高900万元。", (), [])
    assert (claim.status, claim.problems) == (Status.UNSUPPORTED, ("cites nothing",))


def test_a_number_that_nothing_has_is_said() -> None:
    verbatim = check_claim(REPEAT.text, (1,), [REPEAT], unknown=(9,))
    alone = check_claim(REPEAT.text, (), [], unknown=(9,))
    assert verbatim.status is Status.PARTLY
    assert alone.status is Status.UNSUPPORTED
    assert all("cites [9], which does not exist" in claim.problems for claim in (verbatim, alone))


def test_two_citations_bear_a_claim_out_together() -> None:
    text = "惠州对Ⅲ期创新药最高奖励600万元,申报截止日期为2025年9月12日。"
    assert check_claim(text, (1, 2), [PHASES, DEADLINE]).status is Status.SUPPORTED
    assert check_claim(text, (1,), [PHASES]).status is Status.UNSUPPORTED


def test_title_and_heading_bear_out_a_year_and_a_place_but_no_amount() -> None:
    source = Cited("项目验收后拨付资金。", "深圳市2024年资金管理办法,总额500万元")
    assert claim_of("深圳2024年的项目验收后拨付资金。", source).status is Status.SUPPORTED
    assert claim_of("项目验收后拨付资金500万元。", source).status is Status.UNSUPPORTED


def test_the_day_of_publication_bears_out_a_date() -> None:
    assert claim_of("办法于2025年3月6日公布,已享受同类资助的项目不予重复奖励。", REPEAT).status is (
        Status.SUPPORTED
    )


def test_an_english_sentence_that_names_nothing_known_is_at_most_partly_supported() -> None:
    claim = claim_of("Applicants wait patiently and are rewarded.", PHASES)
    assert claim.status is Status.PARTLY


def sentences(*texts: str) -> list[DraftSentence]:
    return [DraftSentence(Span(0, len(text)), text, (1,)) for text in texts]


def test_a_lead_in_is_no_claim_unless_it_states_a_figure() -> None:
    parts = sentences("The documents say:", "资料如下：", "---", "共有3家企业：", REPEAT.text)
    claims = verify(parts, [(), (), (), (), (1,)], {1: REPEAT})
    assert [claim.text for claim in claims] == ["共有3家企业：", REPEAT.text]
    assert claims[0].status is Status.UNSUPPORTED


def test_each_sentence_gets_a_claim_in_order_with_its_own_citations() -> None:
    parts = sentences(REPEAT.text, COUNTS.text)
    claims = verify(parts, [(2,), (1, 2)], {1: COUNTS, 2: REPEAT})
    assert [(claim.text, claim.citations) for claim in claims] == [
        (REPEAT.text, (2,)),
        (COUNTS.text, (1, 2)),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "惠州对进入Ⅰ期的创新药不给任何奖励。",
        "创新药进入Ⅲ期，最高奖励600万元，已被控制。",
        "创新药进入Ⅲ期，最高奖励600万元，名额已经用完。",
        "官方确认，创新药进入Ⅲ期，最高奖励600万元。",
        "创新药获批上市后，惠州最高奖励600万元。",
        "单个企业每月最高不超过900万元。",
        "每位个人每年最高不超过900万元。",
        "In Huizhou, quota exhausted.",
        "Phase III drugs get at most 6 million yuan, and the policy expired.",
        "Acme Widgets gets at most 6 million yuan for phase III.",
        "以下内容已经市政府批准，奖金全部取消了：",
    ],
)
def test_a_true_half_does_not_carry_a_false_one(text: str) -> None:
    assert claim_of(text, PHASES).status is not Status.SUPPORTED


def test_what_is_too_long_to_be_compared_is_not_supported() -> None:
    long_claim, long_source = "企业可以申报。" * 1000, Cited("企业可以申报。" * 1000)
    assert claim_of(long_claim, PHASES).status is Status.UNSUPPORTED
    assert claim_of("企业可以申报材料。", long_source).status is not Status.SUPPORTED


TEXTS = st.sampled_from([text for text, _ in TRUE] + [source.text for _, source in TRUE])


@given(st.text(max_size=60), TEXTS | st.text(max_size=60))
def test_any_text_gets_a_status_and_a_reason_unless_supported(text: str, source: str) -> None:
    claim = check_claim(text, (1,), [Cited(source)])
    assert claim.status is Status.SUPPORTED or claim.problems


@given(TEXTS)
def test_a_text_bears_itself_out(text: str) -> None:
    assert check_claim(text, (1,), [Cited(text)]).status is Status.SUPPORTED


@given(TEXTS, TEXTS)
def test_figures_of_a_supported_claim_stand_in_its_source(text: str, source: str) -> None:
    claim = check_claim(text, (1,), [Cited(source)])
    values = {figure.value for figure in quantities(source)} | {f.high for f in quantities(source)}
    if claim.status is Status.SUPPORTED:
        assert all(f.value in values for f in quantities(text) if f.value and f.text != "一年")


def test_a_list_of_ordinals_is_no_part_of_its_own() -> None:
    claim = (
        "It pays up to RMB 1.5 million, 3.5 million and 6 million for phase I, II and III trials."
    )
    assert check_claim(claim, (1,), [PHASES]).status is Status.SUPPORTED


def test_a_rate_that_is_made_up_is_found() -> None:
    source = Cited("对通过评选的茶园,最高给予70万元。")
    assert check_claim("通过评选的茶园每年最高获70万元。", (1,), [source]).problems
    assert check_claim("通过评选的茶园最高获70万元。", (1,), [source]).status is Status.SUPPORTED


@pytest.mark.parametrize(
    "claim",
    [
        "创新药最高奖励150万元、350万元、600万元。",
        "At most RMB 1.5 million, 3.5 million, 6 million.",
    ],
)
def test_amounts_of_several_phases_need_their_phases(claim: str) -> None:
    found = check_claim(claim, (1,), [PHASES])
    assert found.status is Status.PARTLY
    assert any("phase" in problem for problem in found.problems)


def test_a_cap_that_is_left_out_makes_a_claim_partly_supported() -> None:
    assert check_claim("Ⅲ期临床的创新药奖励600万元。", (1,), [PHASES]).status is Status.PARTLY
    with_cap = [
        DraftSentence(Span(0, 7), "最高奖励如下:", ()),
        DraftSentence(Span(8, 15), "Ⅲ期600万元", (1,)),
    ]
    claims = verify(with_cap, [(), (1,)], {1: PHASES})
    assert claims[-1].status is Status.SUPPORTED


def test_a_document_that_reports_a_draft_may_be_called_one() -> None:
    cited = Cited(PHASES.text, PHASES.context, "惠州", "", "")
    assert check_claim("征求意见稿提出,Ⅲ期最高奖励600万元。", (1,), [cited]).problems
    draft = Cited(PHASES.text, PHASES.context, "惠州", "", "", draft=True)
    assert not check_claim("征求意见稿提出,Ⅲ期最高奖励600万元。", (1,), [draft]).problems


def test_that_no_amount_is_given_is_true_where_none_is() -> None:
    assert not check_claim("企业须在线提交材料,文件没有写明金额。", (1,), [DEADLINE]).problems


def test_figures_may_be_rounded_down_behind_over() -> None:
    source = Cited("全年营收4112.83亿元。", "", "惠州")
    assert not check_claim("全年营收超过4100亿元。", (1,), [source]).problems
    assert not check_claim("全年營收逾4000億元。", (1,), [source]).problems
    assert check_claim("全年营收超过3100亿元。", (1,), [source]).problems
    assert check_claim("全年营收超过4200亿元。", (1,), [source]).problems


def test_a_bare_date_beside_another_one_says_too_little() -> None:
    dated = Cited("2025年3月8日 09:30 来源:样例站", "", "惠州", "", "3月6日,市政府办公室发布办法。")
    assert check_claim("2025-03-08", (1,), [dated]).status is Status.PARTLY
    assert check_claim("2025-09-12", (1,), [DEADLINE]).status is Status.SUPPORTED
