"""How good are the answers? Figures over questions whose right answers are known; pure counting.

What is counted follows ALCE (Gao et al. 2023, arXiv:2305.14627); in place of its judge, a model of
entailment, stand strings that a person chose:

right               the answer holds, of each group of answer strings, one
evidence cited      for each evidence string, the quotes hold one of its alternatives
citation precision  share of the citations shown that tell: the quote holds an evidence string, or
                    the same answer string as a supported claim that cites it; where nothing answers
                    a question, none does
citation recall     share of the evidence strings that a quote shown holds
refusal precision   share of the refusals that were due; recall: share of those due that came
claims supported    share of the sentences shown that our own verification bears out

Strings are compared folded: script, width, case, white space, commas and phonetic glosses are no
difference. A reader looks at five citations and at 400 characters of an answer, so only these count
as right or cited.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from statistics import NormalDist
from typing import Any

from index.errors import QuestionError
from index.library import check_question
from index.script import fold_tight
from rag.cite import MAX_QUOTE
from rag.report import read_rows
from rag.types import Answer, Citation, Status
from rag.understand import language_of

# A reader looks at so many citations, and at so much of an answer.
_CITATIONS, _ANSWER = 5, 400
_SHOWN = 160  # characters of an answer in a line that says what went wrong
_CONFIDENCE = 0.95
_GLOSS = re.compile(r"(?<=[\u3400-\u9fff])\([a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ]{1,6}\)")


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """A question and what is right: strings that quotes must hold, and strings for the answer.

    Of each tuple in `evidence` the quotes must hold one string, of each in `answer` the answer. An
    answerable question with neither asks only not to be refused.
    """

    id: str
    question: str
    evidence: tuple[tuple[str, ...], ...] = ()
    answer: tuple[tuple[str, ...], ...] = ()
    unanswerable: bool = False
    kind: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `whole`."""

    count: int
    whole: int

    @property
    def share(self) -> float | None:
        """0..1; None of nothing."""
        return self.count / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the true share lies with 95 % confidence (Wilson 1927); None of nothing."""
        if not self.whole:
            return None
        z = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2)
        n, p = self.whole, self.count / self.whole
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums over questions; `citations` and below count over all of them."""

    answerable: int = 0
    right: int = 0
    evidence_cited: int = 0
    right_and_cited: int = 0
    wrongly_refused: int = 0
    unanswerable: int = 0
    refused: int = 0  # of the unanswerable
    evidence: int = 0  # strings that should be quoted
    evidence_quoted: int = 0
    citations: int = 0
    telling_citations: int = 0
    claims: int = 0
    supported: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """A question that went wrong, and why, a line a reason."""

    id: str
    kind: str
    language: str
    question: str
    why: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.id}: {'; '.join(self.why)}: {self.question}"


@dataclass(frozen=True, slots=True)
class Figures(Counts):
    """Counts over all questions, over those of each language and kind, and what went wrong."""

    by_language: dict[str, Counts] = field(default_factory=dict)
    by_kind: dict[str, Counts] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()


def rates(counts: Counts) -> dict[str, Rate]:
    """Return the rates that counts give, by name; the module says what each one means."""
    refusals = counts.refused + counts.wrongly_refused
    return {
        "right": Rate(counts.right, counts.answerable),
        "evidence_cited": Rate(counts.evidence_cited, counts.answerable),
        "right_and_cited": Rate(counts.right_and_cited, counts.answerable),
        "citation_precision": Rate(counts.telling_citations, counts.citations),
        "citation_recall": Rate(counts.evidence_quoted, counts.evidence),
        "refusal_precision": Rate(counts.refused, refusals),
        "refusal_recall": Rate(counts.refused, counts.unanswerable),
        "claims_supported": Rate(counts.supported, counts.claims),
    }


def gold_questions(path: Path) -> list[GoldQuestion]:
    """Return the gold questions of a .jsonl or .json file.

    Raises QuestionError for a row that is none, with its number, and for a file without rows.
    """
    questions = []
    for number, row in enumerate(read_rows(path), start=1):
        try:
            questions.append(gold_question(row))
        except QuestionError as error:
            raise QuestionError(f"{path}, row {number}: {error}") from error
    if not questions:
        raise QuestionError(f"{path} holds no questions: eval takes one JSON object a line")
    return questions


def gold_question(row: Mapping[str, Any]) -> GoldQuestion:
    """Return a gold question of a row {id, question, evidence, answer, unanswerable, kind, lang}.

    An item of `evidence` or `answer` is a string, or for `answer` always, a list of alternatives.
    Raises QuestionError for a row that is none.
    """
    try:
        question = check_question(_string(row["question"]))
        gold = GoldQuestion(
            str(row["id"]),
            question,
            tuple(
                _strings([item] if isinstance(item, str) else item)
                for item in _list(row.get("evidence", []))
            ),
            tuple(_strings(options) for options in _list(row.get("answer", []))),
            _truth(row.get("unanswerable", False)),
            _string(row.get("kind", "")),
            _string(row.get("lang", "")) or language_of(question),
        )
    except (KeyError, TypeError) as error:
        raise QuestionError(
            "a gold row needs id and question, lists of strings that are not empty, and"
            f" unanswerable true or false: {dict(row)!r:.200}"
        ) from error
    if gold.unanswerable and (gold.evidence or gold.answer):
        raise QuestionError(
            f"a gold row is unanswerable or has evidence and answer, not both: {dict(row)!r:.200}"
        )
    return gold


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"no string: {value!r}")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"no list: {value!r}")
    return value


def _strings(values: object) -> tuple[str, ...]:
    found = tuple(_string(value) for value in _list(values))
    if not found or not all(map(_plain, found)):
        raise TypeError(f"a string that is empty stands in everything: {values!r}")
    return found


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"neither true nor false: {value!r}")
    return value


def evaluate(
    questions: Iterable[GoldQuestion],
    ask: Callable[[str], Answer],
    on_progress: Callable[[int], None] = lambda done: None,
) -> Figures:
    """Ask every question and count; `on_progress` gets the number of those done."""
    judged: list[tuple[GoldQuestion, Counts, tuple[str, ...]]] = []
    for gold in questions:
        judged.append((gold, *judge(gold, ask(gold.question))))
        on_progress(len(judged))
    languages = _grouped((gold.language, counts) for gold, counts, _ in judged)
    kinds = _grouped((gold.kind or "other", counts) for gold, counts, _ in judged)
    failures = (
        Failure(gold.id, gold.kind, gold.language, gold.question, why)
        for gold, _, why in judged
        if why
    )
    whole = _sum(counts for _, counts, _ in judged)
    return Figures(**asdict(whole), by_language=languages, by_kind=kinds, failures=tuple(failures))


def _grouped(named: Iterable[tuple[str, Counts]]) -> dict[str, Counts]:
    groups: dict[str, list[Counts]] = {}
    for name, counts in named:
        groups.setdefault(name, []).append(counts)
    return {name: _sum(group) for name, group in groups.items()}


def _sum(many: Iterable[Counts]) -> Counts:
    return Counts(*map(sum, zip(*map(_values, (Counts(), *many)), strict=True)))


def _values(counts: Counts) -> list[int]:
    return [getattr(counts, each.name) for each in fields(Counts)]


def judge(gold: GoldQuestion, answer: Answer) -> tuple[Counts, tuple[str, ...]]:
    """Return the counts of one question, and why it went wrong, () if it did not."""
    shown = [_plain_quote(citation) for citation in answer.citations]
    sums = {
        "citations": len(shown),
        "claims": len(answer.claims),
        "supported": sum(claim.status == Status.SUPPORTED for claim in answer.claims),
    }
    if gold.unanswerable:
        refused = answer.refused and not answer.citations
        counts = Counts(unanswerable=1, refused=int(refused), **sums)
        return counts, () if refused else (_answered(answer),)
    quotes = _read_quotes(answer)
    quoted = [_holds(quotes, options) for options in gold.evidence]
    text = _plain(answer.text[:_ANSWER])
    right = not answer.refused and all(_holds(text, options) for options in gold.answer)
    cited = not answer.refused and all(quoted)
    counts = Counts(
        answerable=1,
        right=int(right),
        evidence_cited=int(cited),
        right_and_cited=int(right and cited),
        wrongly_refused=int(answer.refused),
        evidence=len(quoted),
        evidence_quoted=sum(quoted),
        telling_citations=sum(_tells(gold, answer, one) for one in answer.citations),
        **sums,
    )
    return counts, tuple(_reasons(gold, answer, text, quoted))


def _tells(gold: GoldQuestion, answer: Answer, citation: Citation) -> bool:
    """Tell whether a citation bears on what is right; the module says when it does."""
    quote = _plain_quote(citation)
    if any(_holds(quote, options) for options in gold.evidence):
        return True
    borne_out = [
        _plain(claim.text)
        for claim in answer.claims
        if claim.status == Status.SUPPORTED and citation.n in claim.citations
    ]
    options = (_plain(option) for group in gold.answer for option in group)
    return any(option in quote and option in text for option in options for text in borne_out)


def _answered(answer: Answer) -> str:
    if answer.refused:
        return "refused, but with citations"
    return f"answered though unanswerable: “{_shortened(answer.text)}”"


def _reasons(
    gold: GoldQuestion, answer: Answer, text: str, quoted: Sequence[bool]
) -> Iterable[str]:
    if answer.refused:
        yield "refused wrongly" + (f" ({answer.notes[-1]})" if answer.notes else "")
        return
    read = _plain(" ".join(item.passage.text for item in answer.evidence))
    every = " ".join(_plain_quote(citation) for citation in answer.citations)
    for options, found in zip(gold.evidence, quoted, strict=True):
        if not found:
            yield f"{_why_not_quoted(options, every, read)}: “{options[0]}”"
    for options in gold.answer:
        if not _holds(text, options):
            late = _holds(_plain(answer.text), options)
            where = f"holds only after {_ANSWER} characters" if late else "lacks"
            yield f"the answer {where} “{'” or “'.join(options)}”"


def _why_not_quoted(options: Sequence[str], every: str, read: str) -> str:
    if _holds(every, options):
        return f"evidence quoted too late or in over {MAX_QUOTE} characters"
    return "evidence read but not quoted" if _holds(read, options) else "evidence not read"


def _read_quotes(answer: Answer) -> str:
    """Return what a reader reads of the quotes."""
    short = [c for c in answer.citations if len(c.quote) <= MAX_QUOTE][:_CITATIONS]
    return _plain(" ".join(c.quote for c in short)) + "\n" + _plain(" ".join(c.text for c in short))


def _plain_quote(citation: Citation) -> str:
    """Return a quote as it stands and as it is shown: of a page, the one is full of tags."""
    return f"{_plain(citation.quote)}\n{_plain(citation.text)}"


def _holds(text: str, options: Iterable[str]) -> bool:
    return any(_plain(option) in text for option in options)


def _plain(text: str) -> str:
    return fold_tight(_GLOSS.sub("", text)).replace(",", "")


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "…"
