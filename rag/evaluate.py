"""How good are the answers? Figures over questions whose right answers are known."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from index.errors import QuestionError
from index.script import fold_tight
from rag.cite import MAX_QUOTE
from rag.types import Answer

# A reader looks at so many citations, and at so much of an answer.
_CITATIONS, _ANSWER = 5, 400
_GLOSS = re.compile(r"(?<=[\u3400-\u9fff])\([a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ]{1,6}\)")


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """A question and what is right: strings that quotes must hold, and strings for the answer.

    Of each tuple in `answer`, the answer must hold one string.
    """

    id: str
    question: str
    evidence: tuple[str, ...] = ()
    answer: tuple[tuple[str, ...], ...] = ()
    unanswerable: bool = False


@dataclass
class Figures:
    """Counts over gold questions; `failures` says what went wrong with which."""

    answerable: int = 0
    right: int = 0
    evidence_cited: int = 0
    wrongly_refused: int = 0
    unanswerable: int = 0
    refused: int = 0
    citations: int = 0
    claims: int = 0
    supported: int = 0
    failures: list[str] = field(default_factory=list)


def gold_question(row: Mapping[str, Any]) -> GoldQuestion:
    """Return a gold question of a row. Raises QuestionError for one that is none."""
    try:
        alternatives = tuple(_strings(options) for options in row.get("answer", []))
        return GoldQuestion(
            str(row["id"]),
            str(row["question"]),
            _strings(row.get("evidence", [])),
            alternatives,
            bool(row.get("unanswerable")),
        )
    except (KeyError, TypeError) as error:
        raise QuestionError(
            f"a gold row needs id and question, and lists of strings: {dict(row)!r:.200}"
        ) from error


def _strings(values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"no list of strings: {values!r}")
    return tuple(values)


def evaluate(questions: Iterable[GoldQuestion], ask: Callable[[str], Answer]) -> Figures:
    """Ask every question and count."""
    figures = Figures()
    for gold in questions:
        answer = ask(gold.question)
        figures.citations += len(answer.citations)
        figures.claims += len(answer.claims)
        figures.supported += sum(claim.status == "supported" for claim in answer.claims)
        count = _count_unanswerable if gold.unanswerable else _count_answerable
        if failure := count(figures, gold, answer):
            figures.failures.append(f"{gold.id}: {failure}: {gold.question}")
    return figures


def _count_unanswerable(figures: Figures, gold: GoldQuestion, answer: Answer) -> str:
    figures.unanswerable += 1
    refused = answer.refused and not answer.citations
    figures.refused += refused
    return "" if refused else "answered, though nothing answers it"


def _count_answerable(figures: Figures, gold: GoldQuestion, answer: Answer) -> str:
    figures.answerable += 1
    figures.wrongly_refused += answer.refused
    text = _plain(answer.text[:_ANSWER])
    quotes = _plain(
        " ".join(c.quote for c in answer.citations[:_CITATIONS] if len(c.quote) <= MAX_QUOTE)
    )
    if answer.refused:
        return "refused"
    right = all(any(_plain(option) in text for option in options) for options in gold.answer)
    cited = all(_plain(string) in quotes for string in gold.evidence)
    figures.right += right
    figures.evidence_cited += cited
    return " and ".join(_missing(right, cited))


def _missing(right: bool, cited: bool) -> Sequence[str]:
    return [
        problem
        for problem, ok in (("not the right answer", right), ("not the right evidence", cited))
        if not ok
    ]


def _plain(text: str) -> str:
    return fold_tight(_GLOSS.sub("", text)).replace(",", "")
