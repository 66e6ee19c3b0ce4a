"""What a question states moves fitting passages up, in all three languages, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.places import covers, place
from index.preferences import (
    Preferences,
    candidate_days,
    preference,
    preferences,
    unknown_places,
)
from index.script import to_traditional
from index.types import Metadata, Passage, Span

QUESTIONS = [
    "东莞2024年的实施细则怎么说?",
    "二〇二三年湖北最新的行动计划",
    "民国113年台湾的规划",
    "《支持产业发展的若干措施》征求意见稿",
    "广东的通知和解读",
    "有什么补贴?",
]


def passage(text: str = "", *heading: str) -> Passage:
    return Passage(1, "a", Span(0, len(text)), Span(0, len(text)), text, heading)


def fit(question: str, text: str = "", *heading: str, days: tuple[str, ...] = (), **known) -> float:
    return preference(preferences(question), passage(text, *heading), Metadata(**known), days)


def places_in(question: str) -> list[str]:
    return [one.name for one in preferences(question).places]


# --- reading the question


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_traditional_question_states_what_the_simplified_one_does(question):
    assert preferences(to_traditional(question)) == preferences(question)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("What does Dongguan give?", ["东莞"]),
        ("东莞和武汉有什么不同", ["东莞", "武汉"]),
        ("广东省东莞市给什么", ["东莞"]),
        ("rewards in Dongguan, Guangdong", ["东莞"]),
        ("广东和东莞有什么不同", ["广东", "东莞"]),
        ("Suzhou biomedicine", ["苏州", "宿州"]),
        ("中国的政策", []),
        ("有什么补贴", []),
    ],
)
def test_asked_places_are_the_smallest_named_and_not_the_nation(question, names):
    assert places_in(question) == names


@pytest.mark.parametrize(
    ("question", "years"),
    [
        ("2024年和2025年的目标", (2024, 2025)),
        ("二〇二四年的办法", (2024,)),
        ("二零二四年的办法", (2024,)),
        ("民國113年的計畫", (2024,)),
        ("measures of 2023", (2023,)),
        ("2024广东政策", (2024,)),
        ("粤府〔2024〕5号", (2024,)),
        ("last year's measures", ()),
        ("去年的办法", ()),
        ("奖励2000万元的条件", ()),
        ("奖励2000 万元的条件", ()),
        ("獎勵2000萬元", ()),
        ("培育2025家企业", ()),
        ("a reward of 2000 yuan", ()),
        ("12024号", ()),
        ("民国九九九九九九年", ()),
    ],
)
def test_years_are_read_in_all_ways_of_writing_and_amounts_are_none(question, years):
    assert preferences(question).years == years


@pytest.mark.parametrize(
    ("chinese", "english", "kind"),
    [
        ("实施细则的要求", "the implementation rules", "实施细则"),
        ("东莞的办法", "interim measures of Dongguan", "办法"),
        ("行动计划的目标", "goals of the action plan", "行动计划"),
        ("发展规划的目标", "the five-year plan", "规划"),
        ("指导意见的内容", "Hubei's opinions", "意见"),
        ("征求意见稿的内容", "the draft for comment", "征求意见稿"),
        ("条例的内容", "the regulations", "条例"),
        ("通知的内容", "the notice", "通知"),
        ("政策解读", "an official interpretation", "解读"),
        ("新闻报道", "news about it", "新闻"),
        ("若干措施的内容", "several measures", "措施"),
    ],
)
def test_a_kind_of_document_is_read_in_chinese_and_in_english(chinese, english, kind):
    assert preferences(chinese).kinds == preferences(english).kinds == (kind,)


@pytest.mark.parametrize(
    "question",
    [
        "有什么办法申请补贴",
        "采取哪些措施",
        "专家有意见吗",
        "广东计划到何时建成",
        "自然资源和规划局在哪里",
        "What do they plan to build?",
        "Which measures are taken?",
    ],
)
def test_words_that_only_look_like_a_kind_state_none(question):
    assert preferences(question).kinds == ()


@pytest.mark.parametrize(
    "question", ["最新的办法", "現行的規定", "latest plan", "the most recent plan", "current plan"]
)
def test_latest_is_read(question):
    assert preferences(question).latest


# --- how well a passage fits


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["", "东莞", "广东", "湖北"]))
def test_a_preference_is_a_share_and_nothing_stated_prefers_nothing(question, text, region):
    found = fit(question, text, region=region, date="2024-03-05", days=("2024-03-05",))
    assert 0.0 <= found <= 1.0
    assert preferences(question).stated or found == 0.0


@given(st.lists(st.sampled_from(["东莞", "2024年", "实施细则", "最新"]), unique=True, min_size=1))
def test_what_fits_all_that_is_stated_fits_fully_and_what_fits_none_not_at_all(parts):
    question = " ".join(parts)
    days = ("2020-01-01", "2024-05-06")
    fits = fit(question, title="东莞实施细则", region="东莞", date="2024-05-06", days=days)
    assert fits == 1.0
    assert fit(question, title="湖北通知", region="湖北", date="2020-01-01", days=days) == 0.0


def test_the_share_is_that_of_what_is_stated():
    assert fit("东莞2024年的实施细则", region="东莞") == pytest.approx(1 / 3)
    assert fit("东莞2024年的实施细则", region="东莞", issued="2024-01-02") == pytest.approx(2 / 3)


def test_one_of_several_places_years_or_kinds_is_enough():
    assert fit("湖北和广东", region="湖北") == fit("湖北和广东", region="广东") == 1.0
    assert fit("2023年和2024年", date="2023-01-01") == 1.0
    assert fit("通知和解读", title="政策解读") == 1.0


def test_places_fit_the_better_the_closer_the_document_is():
    grades = [
        fit("东莞的奖励", region="东莞"),
        fit("东莞的奖励", "支持东莞建设基地", region="广东"),
        fit("东莞的奖励", "支持深圳建设基地", region="广东"),
        fit("东莞的奖励", "支持武汉建设基地", region="湖北"),
    ]
    assert grades == sorted(set(grades), reverse=True)
    assert grades[0] == 1.0
    assert grades[-1] == 0.0


def test_the_document_of_the_asked_place_goes_before_those_of_its_parts():
    assert 1.0 == fit("广东的奖励", region="广东") > fit("广东的奖励", region="东莞") > 0.0


@pytest.mark.parametrize("name", ["台湾", "东莞", "沈阳", "粤港澳", "齐齐哈尔"])
def test_a_place_is_found_in_texts_of_either_script_and_in_english(name):
    known = place(name)
    assert known is not None
    wanted = Preferences(places=(known,))
    for text in (name, to_traditional(name), known.english[0].upper()):
        assert preference(wanted, passage(f"在{text}的企业"), Metadata()) > 0.0


def test_a_mixed_way_of_writing_a_place_is_found():
    assert fit("臺灣的規劃", "台灣的企業") > 0.0


def test_a_title_or_heading_that_names_the_place_fits_fully():
    assert fit("东莞的奖励", "按规定奖励", "三、東莞市") == 1.0
    assert fit("东莞的奖励", "按规定奖励", title="Rewards in Dongguan") == 1.0


@pytest.mark.parametrize(
    "text", ["2024年的目标", "二〇二四年", "民國113年", "2024-03-05", "2024版"]
)
def test_a_year_is_found_in_texts_in_all_ways_of_writing(text):
    assert 0.0 < fit("2024年的目标", text) < fit("2024年的目标", "", text) == 1.0


@pytest.mark.parametrize("text", ["奖励2024万元", "獎勵2024萬元", "培育2024家", "12024", "113家"])
def test_another_number_is_no_year(text):
    assert fit("2024年的目标", text) == 0.0


def test_a_draft_is_known_by_its_title_or_its_status():
    assert fit("征求意见稿", title="办法(徵求意見稿)") == 1.0
    assert fit("征求意见稿", title="办法", status="征求意见稿") == 1.0
    assert fit("征求意见稿", title="办法") == 0.0


def test_news_is_what_the_press_brings_and_no_body_issued():
    assert fit("新闻怎么说", publisher="長江日報") == 1.0
    assert fit("新闻怎么说", publisher="长江日报", issuer="湖北省人民政府") == 0.0
    assert fit("新闻怎么说", publisher="湖北省科学技术厅") == 0.0


@given(st.lists(st.dates(), min_size=2, unique=True))
def test_the_later_of_two_documents_is_the_more_recent(dates):
    days = candidate_days(Metadata(date=day.isoformat()) for day in dates)
    fits = [fit("最新的办法", title="办法", date=day, days=days) for day in days]
    assert fits == sorted(set(fits))
    assert fits[-1] == 1.0


def test_a_document_that_has_no_date_or_is_no_longer_in_force_is_not_the_latest():
    days = ("2020-01-01", "2024-01-01")
    assert fit("latest", days=days) == 0.0
    assert fit("latest", date="2024-01-01", status="廢止", days=days) == 0.0
    assert fit("latest", date="2024-01-01", days=days) == 1.0


def test_a_document_newer_than_all_candidates_is_no_more_than_the_latest():
    assert fit("latest", date="2025-01-01", days=("2020-01-01", "2024-01-01")) == 1.0


def test_candidate_days_are_different_and_in_order():
    known = [Metadata(date="2024-01-02"), Metadata(issued="2020-01-02"), Metadata()]
    assert candidate_days([*known, *known]) == ("2020-01-02", "2024-01-02")


# --- places that a library does not know


def unknown(question: str, regions: list[str], text: str = "") -> list[str]:
    found = unknown_places(question, regions, lambda name: name.lower() in text.lower())
    return [one.name for one in found]


def test_a_place_is_unknown_if_no_document_is_about_it_and_no_passage_names_it():
    assert unknown("武汉和东莞的政策", ["广东"]) == ["武汉", "东莞"]
    assert unknown("武汉和东莞的政策", ["东莞"]) == ["武汉"]
    assert unknown("武汉和东莞的政策", ["东莞"], "武汉市的企业") == []
    assert unknown("武汉的政策", [], "companies in WUHAN") == []
    assert unknown("有什么政策", []) == []


def test_a_place_is_known_by_what_lies_within_it():
    for asked, within in (("广东", "东莞"), ("长三角", "苏州"), ("湖北", "武汉")):
        outer, inner = place(asked), place(within)
        assert outer and inner and covers(outer, inner)
        assert unknown(f"{asked}的政策", [within]) == []


def test_the_nation_is_never_unknown():
    assert unknown("中国的政策", []) == []


def test_of_namesakes_one_known_is_enough():
    assert unknown("policies of Suzhou", []) == ["苏州"]
    assert unknown("policies of Suzhou", ["宿州"]) == []


def test_a_region_of_a_document_that_is_no_place_changes_nothing():
    assert unknown("东莞的政策", ["", "Atlantis"]) == ["东莞"]
