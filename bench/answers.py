"""Extractive answers to the gold questions over the documents, and ours over the samples."""

from collections.abc import Sequence
from pathlib import Path

from bench.rows import Row, absent
from index.ingest import ingest
from index.library import Library
from index.types import Span
from rag.evaluate import Figures, GoldQuestion, Rate, evaluate, gold_question, gold_questions, rates
from rag.pipeline import Assistant
from rag.report import read_rows
from rag.types import Answer

_REPOSITORY = Path(__file__).resolve().parents[1]
_SAMPLES = _REPOSITORY / "samples"
_SAMPLES_GOLD = _REPOSITORY / "tests" / "data" / "samples_gold.jsonl"
_SHOWN = ("citation_precision", "citation_recall", "refusal_precision", "claims_supported")


def rows(corpus: Path, gold: Path, work: Path) -> list[Row]:
    """Return how many are right, cited, refused; and whether each citation stands in its file."""
    return [*_of_corpus(corpus, gold, work), *_of_samples(work)]


def _of_corpus(corpus: Path, gold: Path, work: Path) -> list[Row]:
    if not corpus.exists() or not gold.exists():
        return [absent("answers", gold)]
    figures, answers = _asked(corpus, work / "corpus", gold_questions(gold))
    exact = [_stands(corpus, answer) for answer in answers]
    milliseconds = sorted(answer.timing.total for answer in answers)
    return [
        *_rows(figures, "gold"),
        Row(
            "citations that stand",
            f"{sum(n for n, _ in exact)} citations",
            str(sum(ok for _, ok in exact)),
            "all",
        ),
        Row("an answer, warm", "gold", f"median {milliseconds[len(milliseconds) // 2]:.0f} ms"),
    ]


def _of_samples(work: Path) -> list[Row]:
    """Return the figures of both halves of our own questions; one was looked at when tuning."""
    every = list(read_rows(_SAMPLES_GOLD))
    found: list[Row] = []
    for part in ("tuned", "held-out"):
        some = [gold_question(row) for row in every if row["part"] == part]
        figures, _ = _asked(_SAMPLES, work / "samples", some)
        found += _rows(figures, f"samples, {part}")
    return found


def _asked(
    folder: Path, library: Path, questions: Sequence[GoldQuestion]
) -> tuple[Figures, list[Answer]]:
    """Return the figures of questions over a folder, and the answers to them."""
    answers: list[Answer] = []
    with Library(library, create=True) as opened:
        ingest(opened, [folder])
        assistant = Assistant(opened)

        def ask(question: str) -> Answer:
            answers.append(assistant.ask(question))
            return answers[-1]

        return evaluate(questions, ask), answers


def _rows(figures: Figures, on: str) -> list[Row]:
    every = rates(figures)
    answerable = f"{on} ({figures.answerable} answerable)"
    return [
        Row("answers right", answerable, _figure(every["right"]), ">= .90"),
        Row("evidence cited", answerable, _figure(every["evidence_cited"]), ">= .90"),
        Row("wrongly refused", answerable, str(figures.wrongly_refused), "0"),
        Row("refused", f"{on} ({figures.unanswerable} unanswerable)", str(figures.refused), "all"),
        *(Row(name.replace("_", " "), on, _figure(every[name])) for name in _SHOWN),
    ]


def _figure(rate: Rate) -> str:
    if rate.share is None or rate.interval is None:
        return "–"
    low, high = rate.interval
    return f"{rate.share:.3f} ({low:.2f} to {high:.2f})"


def _stands(corpus: Path, answer: Answer) -> tuple[int, int]:
    """Return how many citations an answer has and how many stand in the file as it is on disk."""
    ok = sum(
        Span(c.start, c.end).of((corpus / c.source).read_bytes().decode("utf-8")) == c.quote
        for c in answer.citations
    )
    return len(answer.citations), ok
