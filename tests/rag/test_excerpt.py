"""Evidence is cut down to whole sentences about the question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.sentences import sentence_spans
from index.types import Metadata, Passage, Span
from rag.excerpt import GAP, Budget, estimated_tokens, excerpt, excerpts, with_english_amounts
from rag.quantities import missing
from rag.types import Evidence
from rag.understand import understand

FILLER = "这一句讲的是别的事情，同问题没有关系。"
ASKED = understand("青禾市对屋顶光伏给多少补助？")
LONG = f"{FILLER * 10}青禾市对屋顶光伏每千瓦补助360元。一户一年以7万元为限。{FILLER * 10}"


def evidence(text: str, n: int = 1, matched: tuple[Span, ...] = ()) -> Evidence:
    passage = Passage(n, "a.txt", Span(0, len(text)), Span(0, len(text)), text)
    return Evidence(n, passage, Metadata(title="办法"), 1.0, matched=matched)


def test_a_short_passage_stays_whole() -> None:
    assert excerpt(ASKED, evidence("甲。\n乙。"), 100) == "甲。\n乙。"


def test_a_long_passage_keeps_the_sentence_asked_for_and_the_next_one() -> None:
    kept = excerpt(ASKED, evidence(LONG), 50)
    assert "青禾市对屋顶光伏每千瓦补助360元。一户一年以7万元为限。" in kept
    assert estimated_tokens(kept) <= 50


def test_words_found_in_another_language_count() -> None:
    at = LONG.index("屋顶光伏")
    question = understand("What about solar roofs?")
    found = evidence(LONG, matched=(Span(at, at + 4),))
    assert "屋顶光伏" in excerpt(question, found, 50)
    assert "屋顶光伏" not in excerpt(question, evidence(LONG), 50)


def test_the_best_sentence_is_kept_whole_even_if_it_is_too_long() -> None:
    long = "屋顶光伏补助" * 100 + "。"
    assert excerpt(ASKED, evidence(FILLER + long + FILLER), 10) == long


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=8), st.integers(0, 80))
def test_what_is_kept_is_whole_sentences_in_their_order(parts: list[str], limit: int) -> None:
    text = "。".join(parts)
    kept = excerpt(ASKED, evidence(text), limit)
    sentences = [span.of(text) for span in sentence_spans(text)]
    position = 0
    for run in kept.split(GAP):
        assert run.strip() in text
        position = text.index(run.strip(), position)
    assert not sentences or any(sentence in kept for sentence in sentences)


@pytest.mark.parametrize("budget", [0, 100, 300, 700, 5_000])
def test_evidence_stays_within_the_budget_and_the_best_is_shown(budget: int) -> None:
    items = [evidence(LONG, n) for n in range(1, 8)]
    shown = excerpts(ASKED, items, Budget(budget, 7))
    assert [one.evidence.n for one in shown] == list(range(1, len(shown) + 1))
    assert len(shown) >= 1
    longest = max(estimated_tokens(span.of(LONG)) for span in sentence_spans(LONG))
    assert sum(estimated_tokens(one.text) for one in shown) <= max(budget, longest)


def test_a_large_budget_shows_everything() -> None:
    items = [evidence(LONG, n) for n in range(1, 4)]
    assert [one.text for one in excerpts(ASKED, items, Budget(10_000, 3))] == [LONG] * 3


@pytest.mark.parametrize(
    ("question", "count"),
    [("给多少补助？", 2), ("哪三大平台？", 3), ("广州、深圳、珠海、佛山各给多少？", 4)],
)
def test_a_question_about_more_gets_more_passages(question: str, count: int) -> None:
    items = [evidence(f"甲{n}。", n) for n in range(1, 9)]
    assert len(excerpts(understand(question), items, Budget(700, 2))) == count


def test_no_evidence_is_no_excerpt() -> None:
    assert excerpts(ASKED, []) == ()


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("最高200万元。", "最高RMB 2 million。"),
        ("奖励200、500、800万元", "奖励RMB 2 million、RMB 5 million、RMB 8 million"),
        ("营收6455亿元", "营收RMB 645.5 billion"),
        ("每千瓦360元", "每千瓦RMB 360"),
        ("补助7万元", "补助RMB 70,000"),
        ("獎勵三百五十萬元", "獎勵RMB 3.5 million"),
        ("共50项，RMB 5 million，200余万元", "共50项，RMB 5 million，200余万元"),
        ("", ""),
    ],
)
def test_sums_of_yuan_are_put_in_english(chinese: str, english: str) -> None:
    assert with_english_amounts(chinese) == english


@pytest.mark.parametrize("number", ["1", "12.5", "360", "2.345", "9999", "10000"])
@pytest.mark.parametrize("unit", ["元", "万元", "亿元", "萬元"])
def test_a_sum_in_english_is_the_sum_in_chinese(number: str, unit: str) -> None:
    chinese = f"补助{number}{unit}。"
    assert not missing(with_english_amounts(chinese), [chinese])
