"""Extractive answers to the gold questions over the five documents."""

from pathlib import Path

from bench.rows import Row, absent
from index.ingest import ingest
from index.library import Library
from index.types import Span
from rag.evaluate import evaluate, gold_question
from rag.pipeline import Assistant
from rag.report import read_rows
from rag.types import Answer


def rows(corpus: Path, gold: Path, work: Path) -> list[Row]:
    """Return how many are right, cited, refused; and whether each citation stands in its file."""
    if not corpus.exists() or not gold.exists():
        return [absent("answers", gold)]
    with Library(work / "corpus", create=True) as library:
        ingest(library, [corpus])
        assistant, answers = Assistant(library), list[Answer]()

        def ask(question: str) -> Answer:
            answers.append(assistant.ask(question))
            return answers[-1]

        figures = evaluate([gold_question(row) for row in read_rows(gold)], ask)
    exact = [_stands(corpus, answer) for answer in answers]
    milliseconds = sorted(answer.timing.total for answer in answers)
    on = f"gold ({figures.answerable} answerable)"
    return [
        Row("answers right", on, f"{figures.right / figures.answerable:.3f}", ">= .90 (later)"),
        Row("evidence cited", on, f"{figures.evidence_cited / figures.answerable:.3f}", ">= .80"),
        Row("wrongly refused", on, str(figures.wrongly_refused)),
        Row(
            "refused",
            f"gold ({figures.unanswerable} unanswerable)",
            str(figures.refused),
            ">= 2 of 3",
        ),
        Row(
            "citations that stand",
            f"{sum(n for n, _ in exact)} citations",
            str(sum(ok for _, ok in exact)),
            "all",
        ),
        Row("an answer, warm", "gold", f"median {milliseconds[len(milliseconds) // 2]:.0f} ms"),
    ]


def _stands(corpus: Path, answer: Answer) -> tuple[int, int]:
    """Return how many citations an answer has and how many stand in the file as it is on disk."""
    ok = sum(
        Span(c.start, c.end).of((corpus / c.source).read_bytes().decode("utf-8")) == c.quote
        for c in answer.citations
    )
    return len(answer.citations), ok
