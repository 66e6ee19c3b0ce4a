"""The answerer without a model: it quotes, whole sentences, from the evidence, and nothing else."""

import re

import pytest

from index.types import Metadata, Passage, Span
from rag.draft import parse_draft
from rag.llm.extractive import LEAD_IN, MAX_SENTENCES, ExtractiveAnswerer
from rag.types import Evidence
from rag.understand import understand

GRANTS = (
    "硼药进入Ⅰ期临床的,最高奖励150万元。条件是在本市落地转化。同一企业每年最高900万元。"
    "本办法由市科技局负责解释。"
)
COUNTS = "全市有医疗器械企业312家。规上企业48家。"
QUESTIONS = [
    "硼药临床奖励多少？",
    "硼藥臨床獎勵多少？",
    "How much is the grant for 硼药?",
    "有几家企业？",
]


def evidence(*texts: str) -> list[Evidence]:
    return [
        Evidence(n, Passage(n, f"{n}", Span(0, len(t)), Span(0, len(t)), t), Metadata(), 1 / n)
        for n, t in enumerate(texts, start=1)
    ]


def drafted(encoder, question: str, *texts: str) -> str:
    return "".join(ExtractiveAnswerer(encoder).draft(understand(question), evidence(*texts)))


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_sentence_stands_in_the_passage_that_it_marks(encoder, question) -> None:
    draft = drafted(encoder, question, GRANTS, COUNTS)
    sentences = parse_draft(draft.removeprefix(LEAD_IN), {1, 2}).sentences
    assert 0 < len(sentences) <= MAX_SENTENCES
    for sentence in sentences:
        (mark,) = sentence.marks
        assert sentence.text in (GRANTS, COUNTS)[mark - 1]


def test_an_amount_comes_with_its_condition_and_its_cap(encoder) -> None:
    draft = drafted(encoder, "硼药临床奖励多少？", GRANTS, COUNTS)
    assert all(words in draft for words in ("150万元", "落地转化", "900万元"))
    assert "负责解释" not in draft


def test_only_an_english_question_gets_a_lead_in_and_it_claims_nothing(encoder) -> None:
    assert drafted(encoder, QUESTIONS[2], GRANTS).startswith(LEAD_IN)
    assert not drafted(encoder, QUESTIONS[0], GRANTS).startswith(LEAD_IN)
    assert re.fullmatch(r"[A-Za-z ]+:\n", LEAD_IN)


def test_without_evidence_or_without_the_figure_asked_for_nothing_is_said(encoder) -> None:
    assert drafted(encoder, "硼药临床奖励多少？") == ""
    assert drafted(encoder, "硼药临床奖励多少？", "对进入临床的硼药给予奖励。") == ""


def test_the_same_evidence_gives_the_same_draft(encoder) -> None:
    assert drafted(encoder, QUESTIONS[0], GRANTS, COUNTS) == drafted(
        encoder, QUESTIONS[0], GRANTS, COUNTS
    )


def test_marks_in_a_document_are_left_out(encoder) -> None:
    draft = drafted(encoder, "硼药临床奖励多少？", "硼药进入临床的[2],最高奖励150万元【3】。[4]")
    assert draft == "硼药进入临床的,最高奖励150万元。[1]"


@pytest.mark.parametrize("text", ["[1]", "。", " \n", "(1)", "¹"])
def test_a_passage_of_marks_alone_is_no_trouble(encoder, text) -> None:
    assert parse_draft(drafted(encoder, "奖励？", text), {1}).text.strip(" \n。()1¹") == ""


def test_a_sentence_that_is_too_long_is_cut_between_clauses(encoder) -> None:
    text = "硼药进入临床的奖励最高150万元," + "其他事项按照规定办理," * 40 + "另行通知。"
    draft = drafted(encoder, "硼药临床奖励多少？", text)
    assert "150万元" in draft
    assert len(draft) < len(text)
