"""The answerer without a model: it quotes, whole sentences, from the evidence, and nothing else."""

import re
from dataclasses import replace

import pytest
from hash_encoder import HashTokenEncoder

from index.glossary import load_glossary
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


# What is chosen.

ROLES = (
    "各市的分工如下：\n北海：研发和试制疫苗的基地。\n柳州：生产和出口器械的基地。\n"
    "重点城市是北海、柳州、桂林、梧州。"
)


def test_of_two_places_compared_each_gets_the_sentence_about_it_alone(encoder) -> None:
    draft = drafted(encoder, "北海和柳州的分工有什么不同？", ROLES)
    assert "北海：研发和试制疫苗的基地。[1]" in draft
    assert "柳州：生产和出口器械的基地。[1]" in draft


def test_a_list_that_its_sentence_names_is_not_gone_on_with(encoder) -> None:
    text = "支持的产品有三类：疫苗、试剂、耗材。\n本办法自发布之日起施行。"
    draft = drafted(encoder, "支持的产品有哪三类？", text)
    assert draft == "支持的产品有三类：疫苗、试剂、耗材。[1]"


@pytest.mark.parametrize("question", ["三项重点任务是什么？", "有哪三项重点任务？"])
def test_a_list_announced_comes_with_the_openings_of_its_paragraphs(encoder, question) -> None:
    text = (
        "三项重点任务\n（一）建平台。出资建设。\n（二）育企业。给予培训。\n（三）引人才。给予住房。"
    )
    draft = drafted(encoder, question, text)
    assert all(words in draft for words in ("建平台", "育企业", "引人才"))


def test_what_stands_before_in_its_paragraph_is_meant_by_a_sentence(encoder) -> None:
    text = "明珠系统看新药。建设方是江南数据公司。\n云帆系统看器械。建设方是海西数据公司。"
    draft = drafted(encoder, "明珠系统是谁建设的？", text)
    assert "江南" in draft
    assert draft.find("海西") == -1 or draft.index("江南") < draft.index("海西")


def test_where_a_text_is_from_answers_nothing(encoder) -> None:
    source = "出处：《硼药临床奖励办法》，市科技局，2024年。硼药临床奖励的转述见此。"
    draft = drafted(encoder, "硼药临床奖励有什么条件？", f"条件是在本市转化硼药。\n{source}")
    assert draft == "条件是在本市转化硼药。[1]"


def test_a_condition_before_an_amount_comes_with_it(encoder) -> None:
    text = "奖励须符合两个条件：药属创新，落户本市。硼药临床奖励最高150万元。"
    assert drafted(encoder, "硼药临床最高奖励多少？", text) == (
        "奖励须符合两个条件：药属创新，落户本市。[1]硼药临床奖励最高150万元。[1]"
    )


def test_an_english_question_finds_words_of_the_glossary_it_is_given(encoder, tmp_path) -> None:
    table = tmp_path / "glossary.csv"
    table.write_text("chinese,english,kind\n明珠奖,pearl prize,programme\n", "utf-8")
    texts = ("明珠奖每年发给三家企业。", "另有一种表彰每年发给五家企业。")
    answerer = ExtractiveAnswerer(encoder, load_glossary(table))
    question = understand("Who gives the Pearl Prize?")
    for given in (texts, texts[::-1]):
        draft = "".join(answerer.draft(question, evidence(*given)))
        assert draft.removeprefix(LEAD_IN).startswith(texts[0])


@pytest.mark.parametrize("question", [*QUESTIONS, "支持哪十类产品？", "北海和柳州各奖励多少？"])
def test_an_answer_has_at_most_400_characters(encoder, question) -> None:
    long = "。".join(
        f"北海对第{n}类硼药企业产品最高奖励{n}50万元，柳州支持十类产品" for n in range(60)
    )
    assert 0 < len(drafted(encoder, question, long, long[::-1], GRANTS)) <= 400


def test_a_sentence_is_encoded_once() -> None:
    encoded: list[str] = []

    class Counting(HashTokenEncoder):
        def encode_passages_with_tokens(self, texts, pack, on_progress=None):
            encoded.extend(texts)
            return super().encode_passages_with_tokens(texts, pack, on_progress)

    answerer = ExtractiveAnswerer(Counting())
    for question in (QUESTIONS[0], QUESTIONS[2], QUESTIONS[0]):
        assert "".join(answerer.draft(understand(question), evidence(GRANTS, COUNTS)))
    assert encoded
    assert len(encoded) == len(set(encoded))


SECTION = (
    "(三)建设海洋药物中试平台\n支持高校与企业共建中试车间,配备发酵和纯化设备。"
    "每年开放不少于两百天。\n(四)完善冷链仓储\n在港口布局低温仓库。"
)


@pytest.mark.parametrize(
    "question",
    [
        "关于“建设海洋药物中试平台”，资料怎么说？",
        "關於「建設海洋藥物中試平臺」，資料怎麼說？",
        "What do the documents say about “建设海洋药物中试平台”?",
    ],
)
def test_a_heading_that_only_repeats_the_question_gives_way_to_its_section(encoder, question):
    draft = drafted(encoder, question, SECTION, GRANTS)
    assert "支持高校与企业共建中试车间" in draft
    assert "建设海洋药物中试平台" not in draft
    assert "低温仓库" not in draft


def test_a_heading_whose_section_is_not_at_hand_is_still_quoted(encoder):
    draft = drafted(encoder, "关于“建设海洋药物中试平台”，资料怎么说？", "(三)建设海洋药物中试平台")
    assert "建设海洋药物中试平台" in draft


def test_headings_that_tell_what_is_asked_for_stay(encoder):
    text = "建设三大平台\n(一)发酵中试平台\n(二)冷链仓储平台\n(三)临床协作平台"
    draft = drafted(encoder, "建设哪三大平台？", text)
    assert all(name in draft for name in ("发酵中试平台", "冷链仓储平台", "临床协作平台"))


def test_a_heading_that_stands_in_a_bare_list_gives_way_to_the_section_elsewhere(encoder):
    names = "(二)完善冷链仓储\n(三)建设海洋药物中试平台\n(四)培训人才"
    section = "支持高校与企业共建中试车间,配备发酵和纯化设备。"
    passages = evidence(names, section)
    passages[1] = replace(
        passages[1], passage=replace(passages[1].passage, heading=("(三)建设海洋药物中试平台",))
    )
    asked = understand("关于“建设海洋药物中试平台”，资料怎么说？")
    draft = "".join(ExtractiveAnswerer(encoder).draft(asked, passages))
    assert section[:-1] in draft
    assert "建设海洋药物中试平台" not in draft


def test_a_heading_that_runs_into_its_text_is_left_out_as_well(encoder):
    text = "(三)建设海洋药物中试平台。支持高校与企业共建中试车间,配备发酵和纯化设备。"
    draft = drafted(encoder, "关于“建设海洋药物中试平台”，资料怎么说？", text, GRANTS)
    assert "支持高校与企业共建中试车间" in draft
    assert "建设海洋药物中试平台" not in draft
