"""Ways to make terms of a text, compared for the lexical leg alone, and how fast its index is.

python -m bench.lexical [--queries N] [--speed N]     N questions a set [1200], N passages [20000]

The passages are those of the libraries that `python -m bench --only retrieval` leaves in .bench.
The ways with words need rjieba, which the program itself does not.
"""

import argparse
import json
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.__main__ import SHARED, WORK
from index import lexical
from index.chunk import encoded_text
from index.library import Library
from index.script import fold, to_simplified
from index.terms import question_groups, question_terms, terms

_SETS = (
    ("xquad-a", "queries_zh", False),
    ("cmrc2018-dev", "queries", False),
    ("drcd-dev", "queries", False),
    ("drcd-dev", "queries", True),
)
_DEPTH = 100  # passages looked at
_CUTS = (1, 5, 10, _DEPTH)
_HAN = re.compile("[\u3400-\u9fff]+")
_NOT_HAN = re.compile("[^\\W\u3400-\u9fff]+")
_PASSAGE = 250  # characters of a made-up passage

Cut = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Set:
    """Passages (document, text to be searched), questions with what answers them, and titles."""

    name: str
    passages: list[tuple[str, str]]
    questions: list[tuple[str, frozenset[str]]]
    titles: frozenset[str]


def retrieval_set(name: str, queries: str, simplified: bool, limit: int) -> Set:
    """Read the passages of a library below .bench and some questions on it."""
    with Library(WORK / name) as library:
        found = list(library.store.all_passages())
    rows = (SHARED / "eval" / "retrieval" / name / f"{queries}.jsonl").read_text("utf-8")
    asked = [json.loads(line) for line in rows.splitlines()]
    random.Random(1).shuffle(asked)
    form = to_simplified if simplified else str
    return Set(
        f"{name}{' t2s' * simplified}",
        [(passage.document, encoded_text(title, passage)) for passage, title in found],
        [(form(row["text"]), frozenset(row["relevant"])) for row in asked[:limit]],
        frozenset(title for _, title in found),
    )


def bigrams(text: str) -> list[str]:
    """Return pairs of Han characters that stand together, and the other words."""
    folded = fold(text)
    runs = _HAN.findall(folded)
    pairs = [run[i : i + 2] for run in runs for i in range(max(1, len(run) - 1))]
    return pairs + _NOT_HAN.findall(folded)


def characters_and_bigrams(text: str) -> list[str]:
    """Return bigrams and each Han character."""
    return bigrams(text) + [character for run in _HAN.findall(fold(text)) for character in run]


def words(titles: frozenset[str]) -> Cut:
    """Return a cut into rjieba's words, search mode, that knows the titles as words."""
    cutter = _jieba(titles)

    def cut(text: str) -> list[str]:
        folded = fold(text)
        found = [word for run in _HAN.findall(folded) for word in cutter.cut_for_search(run)]
        return found + _NOT_HAN.findall(folded)

    return cut


@cache
def _jieba(titles: frozenset[str]) -> Any:
    import rjieba

    cutter = rjieba.Jieba()
    for run in {run for title in titles for run in _HAN.findall(fold(title))}:
        if 2 <= len(run) <= 8:
            cutter.add_word(run, 1000, "n")
    return cutter


def ways() -> Iterator[tuple[str, Callable[[Set], Cut]]]:
    """Yield every way by name: a set -> a cut for it."""
    yield "bigrams", lambda _: bigrams
    yield "characters, bigrams", lambda _: characters_and_bigrams
    if find_spec("rjieba"):
        yield "words", lambda _: words(frozenset())
        yield "words, titles known", lambda some: words(some.titles)
        yield "bigrams, words", lambda _: lambda text: bigrams(text) + words(frozenset())(text)
    yield "terms (index.terms)", lambda _: terms


def measure(some: Set, cut: Cut) -> tuple[list[float], float]:
    """Return hit@1, @5, @10 and @100 on documents, and the megabytes of the index."""
    numbers = dict(enumerate(document for document, _ in some.passages))
    with TemporaryDirectory() as folder:
        lexical.build(Path(folder), enumerate(text for _, text in some.passages), cut)
        index = lexical.load(Path(folder))
        ranks = [_rank(index, cut, numbers, *question) for question in some.questions]
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    return [sum(rank <= k for rank in ranks) / len(ranks) for k in _CUTS], size / 1e6


def _rank(
    index: lexical.LexicalIndex,
    cut: Cut,
    numbers: dict[int, str],
    question: str,
    relevant: frozenset[str],
) -> float:
    asked = question_terms(question)
    if cut is not terms:  # the same words that only ask are left out
        kept = {character for term in asked for character in term}
        asked = [term for term in dict.fromkeys(cut(question)) if kept.issuperset(term)]
    found = dict.fromkeys(numbers[id_] for id_ in index.search(asked, _DEPTH))
    places = (place for place, id_ in enumerate(found, start=1) if id_ in relevant)
    return next(places, float("inf"))


def quality(limit: int) -> Table:
    """Return a table of every way on every set."""
    sets = [retrieval_set(*some, limit) for some in _SETS]
    table = Table("hit@1 / 5 / 10 / 100, documents", *(some.name for some in sets), "MB", "mean @1")
    for name, way in ways():
        figures, sizes = zip(*(measure(some, way(some)) for some in sets), strict=True)
        cells = [" ".join(f"{figure:.3f}" for figure in row) for row in figures]
        mean = sum(row[0] for row in figures) / len(figures)
        table.add_row(name, *cells, f"{sum(sizes):.1f}", f"{mean:.4f}")
    return table


def speed(number: int) -> Table:
    """Return a table of how long building, updating and searching take; processor time."""
    texts, questions = _made_up(number)
    table = Table("step", f"{number:,} passages, processor time")
    with TemporaryDirectory() as work:
        folders = [Path(work) / name for name in ("whole", "one more", "ten others")]
        for folder in folders:
            folder.mkdir()
        first, more, other = folders
        table.add_row("build", _timed(lambda: lexical.build(first, enumerate(texts))))
        one = [(number, texts[0])]
        table.add_row("add one", _timed(lambda: lexical.update(first, more, [], one)))
        ten = [(number + 1 + i, texts[i]) for i in range(10)]
        gone = range(100, 110)
        table.add_row("ten others", _timed(lambda: lexical.update(more, other, gone, ten)))
        for folder in (first, other):
            index = lexical.load(folder) if (folder / "meta.json").exists() else None
            if index:
                table.add_row(f"search {folder.name}", _searched(index, questions, None))
        index = lexical.load(first)
        for share in (1.0, 0.5, 0.08, 0.001):
            allowed = np.sort(np.random.default_rng(1).permutation(number)[: int(share * number)])
            table.add_row(f"search {share:.1%} allowed", _searched(index, questions, allowed))
    return table


def _made_up(number: int) -> tuple[list[str], list[str]]:
    """Return passages of sentences put together at random, and questions."""
    sets = [retrieval_set(*some, 100) for some in _SETS[1:3]]
    chance = random.Random(1)
    sentences = [
        part for some in sets for _, text in some.passages for part in text.split("。") if part
    ]
    texts = []
    for _ in range(number):
        text = ""
        while len(text) < _PASSAGE:
            text += f"{chance.choice(sentences)}。"
        texts.append(text)
    return texts, [question for some in sets for question, _ in some.questions]


def _searched(index: lexical.LexicalIndex, questions: list[str], allowed: Any) -> str:
    taken = []
    for question in questions * 2:
        begun = time.process_time()
        index.search(question_groups(question), _DEPTH, allowed)
        taken.append(1000 * (time.process_time() - begun))
    warm = taken[len(questions) :]
    return f"median {np.median(warm):.2f} ms, 95th {np.quantile(warm, 0.95):.2f} ms"


def _timed(step: Callable[[], object]) -> str:
    begun = time.process_time()
    done = step()
    note = "" if done in (None, True) else " (refused: to be built anew)"
    return f"{time.process_time() - begun:.2f} s{note}"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.lexical", description=__doc__)
    parser.add_argument("--queries", type=int, default=1200, help="questions a set [1200]")
    parser.add_argument("--speed", type=int, default=20_000, help="passages to time [20000]")
    options = parser.parse_args()
    console = Console(width=170)
    console.print(quality(options.queries))
    console.print(speed(options.speed))


if __name__ == "__main__":
    main()
