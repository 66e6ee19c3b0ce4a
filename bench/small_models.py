"""Small language models over the gold questions: as they write, and mended in two ways.

python -m bench.small_models MODEL.gguf … [--corpus FOLDER] [--gold FILE] [--questions N] [--replay]

Prints a table, and under it each sentence that passed as supported in an answer that is not right:
those a person should read. All answers go to .bench/small-models/MODEL.jsonl as they come, and
--replay checks the drafts that lie there anew, without a model.
"""

import argparse
import json
import sys
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.__main__ import SHARED, WORK
from index.ingest import ingest
from index.library import Library
from index.types import Span
from rag.answer import PromptedAnswerer, is_refusal
from rag.checking import check
from rag.evaluate import GoldQuestion, evaluate, gold_question, judge
from rag.llm.base import Chunk, LanguageModel, Message
from rag.llm.local import GgufModel
from rag.llm.patience import Patience
from rag.messages import message
from rag.pipeline import Assistant
from rag.repair import better_draft, renumbered
from rag.report import read_rows
from rag.types import Answer, Claim, Evidence, Question, Status

# What is measured is what a model says, however busy the machine is.
PATIENT = Patience(first_token=900, start=900, read=300, whole=1_800, slowest=0.001)


WAYS = ("as written", "renumbered", "repaired")


class Taped:
    """A model whose texts are kept: the first draft and, if it was asked again, the second."""

    def __init__(self, model: LanguageModel) -> None:
        self.name = model.name
        self.model = model
        self.said = ["", ""]

    def stream(self, messages: Sequence[Message]) -> Generator[Chunk, None, None]:
        """Yield what the model says."""
        again = is_second(messages)
        for chunk in self.model.stream(messages):
            self.said[again] += chunk.text
            yield chunk


@dataclass
class Recorder:
    """An answerer that remembers what it was given; the pipeline mends nothing of what it says."""

    inner: PromptedAnswerer
    question: Question | None = None
    evidence: Sequence[Evidence] = ()

    @property
    def name(self) -> str:
        """The model's name."""
        return self.inner.name

    def draft(self, question: Question, evidence: Sequence[Evidence]) -> Iterator[str]:
        """Yield the model's draft."""
        self.question, self.evidence = question, evidence
        yield from self.inner.draft(question, evidence)


@dataclass
class Asked:
    """The answers that came of a question, by way, with their seconds and the model's texts."""

    gold: GoldQuestion
    answers: dict[str, Answer]
    seconds: dict[str, float]
    drafts: Sequence[str]


@dataclass
class Run:
    """What one model answered."""

    name: str
    asked: list[Asked] = field(default_factory=list)


def is_second(messages: Sequence[Message]) -> bool:
    """Tell whether a model is asked to mend a draft."""
    return any(message.role == "assistant" for message in messages)


class Replayed:
    """A model that says again what it once said."""

    def __init__(self, name: str, row: Mapping[str, Any]) -> None:
        self.name = name
        self._row = row

    def stream(self, messages: Sequence[Message]) -> Generator[Chunk, None, None]:
        """Yield the first draft, or the second where that is asked for."""
        yield Chunk(self._row["drafts"][is_second(messages)])
        yield Chunk(finish="stop")


def replay_all(name: str, golds: Sequence[GoldQuestion], library: Library, log: Path) -> Run:
    """Check anew what a model once answered."""
    rows = {row["id"]: row for row in read_rows(log)}
    known = [gold for gold in golds if gold.id in rows]
    run = Run(name, [ask_one(Replayed(name, rows[gold.id]), gold, library) for gold in known])
    for asked in run.asked:
        asked.seconds = rows[asked.gold.id]["seconds"]
    return run


def ask_all(
    model: LanguageModel, golds: Sequence[GoldQuestion], library: Library, log: Path
) -> Run:
    """Ask a model every question; each answer is written to the log at once."""
    run = Run(model.name)
    with log.open("w", encoding="utf-8") as out:
        for gold in golds:
            run.asked.append(asked := ask_one(model, gold, library))
            out.write(json.dumps(_row(asked), ensure_ascii=False) + "\n")
            out.flush()
            print(f"{model.name} {gold.id} {asked.seconds['repaired']:.0f} s", file=sys.stderr)
    return run


def ask_one(model: LanguageModel, gold: GoldQuestion, library: Library) -> Asked:
    """Ask one question, and mend what failed: by the numbers alone, and by asking again."""
    taped = Taped(model)
    recorder = Recorder(PromptedAnswerer(taped))
    begun = time.perf_counter()
    first = Assistant(library, recorder).ask(gold.question)
    answers, seconds = dict.fromkeys(WAYS, first), dict.fromkeys(WAYS, time.perf_counter() - begun)
    if taped.said[0].strip() and not first.refused and recorder.question:
        asked, evidence = recorder.question, recorder.evidence

        def claims_of(draft: str) -> Sequence[Claim]:
            return check(draft, evidence, library).claims

        draft = taped.said[0].strip()
        by_numbers = renumbered(draft, evidence, claims_of)
        better = better_draft(taped, asked, evidence, draft, claims_of)
        for way, text in zip(WAYS[1:], (by_numbers, better), strict=True):
            answers[way] = first if text == draft else _with_text(first, text, evidence, library)
    seconds["repaired"] = time.perf_counter() - begun
    return Asked(gold, answers, seconds, taped.said)


def _with_text(first: Answer, draft: str, evidence: Sequence[Evidence], library: Library) -> Answer:
    if is_refusal(draft):
        text = message("refusal", first.language)
        return replace(first, text=text, refused=True, citations=(), claims=())
    checked = check(draft, evidence, library)
    return replace(first, text=checked.text, citations=checked.citations, claims=checked.claims)


def _row(asked: Asked) -> dict[str, object]:
    return {
        "id": asked.gold.id,
        "question": asked.gold.question,
        "unanswerable": asked.gold.unanswerable,
        "drafts": asked.drafts,
        "seconds": asked.seconds,
        "answers": {way: _answer_row(answer) for way, answer in asked.answers.items()},
    }


def _answer_row(answer: Answer) -> dict[str, object]:
    return {
        "text": answer.text,
        "refused": answer.refused,
        "llm": answer.llm,
        "claims": [asdict(claim) for claim in answer.claims],
        "quotes": {one.n: one.text for one in answer.citations},
        "notes": answer.notes,
    }


def _cells(run: Run, corpus: Path, way: str) -> list[str]:
    answers = {asked.gold.question: asked.answers[way] for asked in run.asked}
    figures = evaluate([asked.gold for asked in run.asked], answers.__getitem__)
    claims = [claim for answer in answers.values() for claim in answer.claims]
    counts = [sum(claim.status is status for claim in claims) for status in Status]
    citations = [one for answer in answers.values() for one in answer.citations]
    standing = sum(_stands(corpus / one.source, one.start, one.end, one.quote) for one in citations)
    seconds = sorted(asked.seconds[way] for asked in run.asked)
    return [
        f"{run.name} {way}",
        f"{figures.right}/{figures.answerable}",
        f"{figures.evidence_cited}/{figures.answerable}",
        str(figures.wrongly_refused),
        f"{figures.refused}/{figures.unanswerable}",
        "/".join(map(str, counts)),
        f"{standing}/{len(citations)}",
        f"{seconds[len(seconds) // 2]:.0f}",
    ]


def _stands(file: Path, start: int, end: int, quote: str) -> bool:
    return Span(start, end).of(file.read_bytes().decode("utf-8")) == quote


def _to_read(run: Run) -> Iterator[str]:
    """Yield the sentences that passed in answers which are not right."""
    for asked in run.asked:
        for way, answer in asked.answers.items():
            if answer.refused or judge(asked.gold, answer)[0].right:
                continue
            for claim in answer.claims:
                if claim.status is Status.SUPPORTED:
                    yield f"{run.name} {asked.gold.id} {way}: {claim.text} {list(claim.citations)}"


def main() -> None:
    """Ask each model named on the command line and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.small_models", description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--corpus", type=Path, default=SHARED / "corpus")
    parser.add_argument("--gold", type=Path, default=SHARED / "eval" / "gold.jsonl")
    parser.add_argument("--questions", type=int, default=None, help="so many of them [all]")
    parser.add_argument("--replay", action="store_true", help="check the kept drafts anew")
    options = parser.parse_args()
    golds = [gold_question(row) for row in read_rows(options.gold)][: options.questions]
    golds.sort(key=lambda gold: gold.question.isascii())  # a language shares the prompt's cache
    folder = WORK / "small-models"
    folder.mkdir(parents=True, exist_ok=True)
    table = Table(
        "model",
        "right",
        "evidence cited",
        "wrongly refused",
        "unanswerable refused",
        "supported/partly/unsupported",
        "citations stand",
        "median s",
    )
    unmarked: list[str] = []
    with Library(folder / "library", create=True) as library:
        ingest(library, [options.corpus])
        for file in options.models:
            log = folder / f"{file.stem}.jsonl"
            if options.replay:
                run = replay_all(f"gguf:{file.name}", golds, library, log)
            else:
                run = ask_all(GgufModel(file, PATIENT), golds, library, log)
            for way in WAYS:
                table.add_row(*_cells(run, options.corpus, way))
            unmarked += _to_read(run)
    Console(width=140).print(table)
    print("Supported sentences of answers that are not right:", *unmarked, sep="\n")


if __name__ == "__main__":
    main()
