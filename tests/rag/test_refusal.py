"""What is not in the evidence is refused, with a reason in the language of the question."""

import json
import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from index.library import Library
from index.types import Metadata, Passage, Scores, Span
from rag.evidence import gather
from rag.refusal import reason_to_refuse
from rag.types import Evidence
from rag.understand import understand

GRANTS = "对进入Ⅰ期、Ⅱ期、Ⅲ期临床的BNCT硼药,分别给予最高150万元、350万元、600万元奖励。"
LIBRARY = {"bnct": 3, "cdmo": 2, "ai": 5, "东莞": 4}  # in how many of 20 passages terms stand


def rarity(terms: Iterable[str]) -> dict[str, float]:
    counts = {term: LIBRARY.get(term, 0) for term in terms}
    return {term: math.log(1 + (20 - n + 0.5) / (n + 0.5)) for term, n in counts.items()}


def evidence(*texts: str, cosine: float | None = 0.9) -> list[Evidence]:
    return [
        Evidence(
            *(n, Passage(n, "a", Span(0, len(t)), Span(0, len(t)), t), Metadata(), 1.0),
            scores=Scores(cosine),
        )
        for n, t in enumerate(texts, start=1)
    ]


def reason(question: str, *texts: str, cosine: float | None = 0.9, encoder: str = "bundled") -> str:
    return reason_to_refuse(understand(question), evidence(*texts, cosine=cosine), rarity, encoder)


@pytest.mark.parametrize(
    "question",
    [
        "BNCT硼药Ⅲ期临床奖励多少？",
        "BNCT硼藥三期臨床獎勵多少？",
        "What is the grant for BNCT drugs in phase III?",
        "BNCT硼药进入II期临床给多少奖励？",
    ],
)
def test_what_the_evidence_answers_is_not_refused(question: str) -> None:
    assert reason(question, GRANTS) == ""


@pytest.mark.parametrize("question", ["BNCT硼药IV期临床奖励多少？", "BNCT硼药第四期临床奖励多少？"])
def test_another_stage_is_refused_by_name(question: str) -> None:
    assert "四期" in reason(question, GRANTS) or "IV期" in reason(question, GRANTS)


def test_another_stage_is_refused_in_english() -> None:
    assert "hase IV" in reason("What is the grant for BNCT drugs in phase IV?", GRANTS)


def test_a_stage_within_a_range_is_there() -> None:
    assert reason("硼药第二期临床奖励多少？", "第1—3期临床的硼药奖励150万元。") == ""


def test_a_document_number_must_be_there() -> None:
    assert reason("粤府〔2024〕7号奖励硼药多少？", f"粤府〔2024〕5号:{GRANTS}")
    assert reason("粤府〔2024〕5号奖励硼药多少？", f"粤府〔2024〕5号:{GRANTS}") == ""


def test_a_name_that_only_other_documents_hold_is_refused_by_name() -> None:
    assert "CDMO" in reason("CDMO硼药临床奖励多少？", GRANTS)
    assert reason("BNCT硼药临床奖励多少？", GRANTS) == ""


def test_a_name_must_stand_as_a_word() -> None:
    assert "AI" in reason("AI硼药临床奖励多少？", GRANTS + "brain mail")
    assert reason("AI硼药临床奖励多少？", GRANTS + "ＡＩ制药") == ""


def test_another_subject_is_refused() -> None:
    assert reason("游泳馆夏季几点开放？", GRANTS)
    assert reason("What is the capital of France?", GRANTS, cosine=0.7)
    assert reason("What is the grant for drugs?", GRANTS, cosine=0.9) == ""


def test_the_floor_for_english_holds_for_the_encoder_it_was_measured_with_only() -> None:
    assert reason("What is the grant for drugs?", GRANTS, cosine=0.1, encoder="other") == ""
    assert reason("What is the grant for drugs?", GRANTS, cosine=None) == ""


def test_a_figure_that_is_asked_for_must_be_there() -> None:
    assert "数字" in reason("硼药临床奖励多少钱？", "对进入临床的硼药给予奖励。")
    assert reason("硼药临床奖励多少钱？", "对进入临床的硼药奖励30万元。") == ""


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("佛山2019年奖励多少？", ("佛山", "2019")),
        ("東莞獎勵多少？", ("東莞", "沒有")),
        ("What does Foshan give in 2019?", ("Foshan", "2019", "Nothing")),
        ("奖励多少？", ("没有",)),
    ],
)
def test_no_evidence_at_all_is_said_with_place_and_year(
    question: str, words: tuple[str, ...]
) -> None:
    assert all(word in reason(question) for word in words)


def test_the_subject_must_stand_in_one_passage_not_here_and_there() -> None:
    assert reason("珠海自行车租赁押金标准", "珠海的政策", "自行车道", "房屋租赁", "押金")


# Written over samples/ before the rules were mended: then 50 of the 104 that nothing answers were
# answered. All were seen while mending, so these are no held-out figures. Of six one is asked,
# for time.
QUESTIONS = Path(__file__).with_name("refusal_questions.jsonl")


@pytest.mark.parametrize("step", [6, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_what_the_samples_answer_is_answered_and_what_they_do_not_is_refused(
    sample_library: Library, step: int
) -> None:
    rows = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()][::step]
    asked = [understand(row["question"]) for row in rows]
    found = sample_library.search_many([one.text for one in asked], 40)
    wrong = []
    for row, one, hits in zip(rows, asked, found, strict=True):
        one = replace(one, unknown_places=sample_library.unknown_places(one.text))
        count_tokens = sample_library.encoder.count_tokens
        held = gather(one, hits, sample_library.metadata, count_tokens)
        encoder = sample_library.encoder.name
        refused = reason_to_refuse(one, held, sample_library.rarity, encoder)
        if bool(refused) is row["answerable"]:
            wrong.append((one.text, refused))
    assert wrong == []


COUNTED = "2022年，东莞有规上企业150家；2024年有197家。佛山有规上企业300家。"


@pytest.mark.parametrize(
    ("question", "refused"),
    [
        ("东莞2024年规上企业有多少家？", False),
        ("东莞2022年规上企业有多少家？", False),
        ("佛山规上企业有多少家？", False),
        ("東莞2024年規上企業有多少家？", False),
        ("东莞规上企业营收多少亿元？", True),
        ("东莞规上企业有多少人？", True),
    ],
)
def test_place_year_and_kind_must_be_borne_where_the_figure_stands(question, refused) -> None:
    assert bool(reason(question, COUNTED)) is refused


def test_the_reason_names_the_year_that_lacks() -> None:
    said = reason("东莞2021年规上企业有多少家？", "东莞2024年规上企业有197家。2021年另有安排。")
    assert all(words in said for words in ("东莞", "2021年", "没有"))


@pytest.mark.parametrize(
    ("question", "lacks"),
    [
        ("BNCT硼药临床后上市奖励多少钱？", "上市"),
        ("海外硼药临床奖励多少钱？", "海外"),
        ("CRISPR硼药临床奖励多少？", "CRISPR"),
        ("市财政局对硼药临床奖励多少钱？", "财政局"),
        ("What is the grant for BNCT drugs approved for sale?", "approved for"),
        ("What is the grant for mRNA vaccines?", "mRNA"),
    ],
)
def test_what_only_comes_near_is_refused_by_what_lacks(question: str, lacks: str) -> None:
    assert lacks in reason(question, GRANTS)


def test_that_no_amount_is_written_is_no_amount() -> None:
    text = "平台建设奖励300万元；临床试验机构服务得好同样有奖，只是没写数额。"
    assert reason("临床试验机构奖励多少万元？", text)
    assert reason("平台建设奖励多少万元？", text) == ""


FUND = "省内产业基金同国有基金一起投资。到2027年,全省生物医药营业收入达到2500亿元。"
EVENT = "活动在南沙举办,汇聚有关部门、企业和医院代表约150人。"


@pytest.mark.parametrize(
    "question",
    [
        "产业基金的规模有多大？",
        "產業基金規模是多少？",
        "产业基金由谁管理？",
        "对临床前的BNCT硼药奖励多少？",
        "How much is the grant for preclinical BNCT drugs?",
    ],
)
def test_the_figure_of_another_thing_is_no_answer(question: str) -> None:
    assert reason(question, FUND, GRANTS)


def test_how_many_took_part_is_answered_by_how_many_came() -> None:
    assert reason("活动当天有多少人参加？", EVENT) == ""
    assert reason("活动有多少人到场？", EVENT) == ""


def test_people_are_not_counted_by_a_hundred_best_companies() -> None:
    companies = "惠州生物医药企业超过500家,入选百强的有2家。"
    assert reason("惠州生物医药行业有多少人工作？", companies)
