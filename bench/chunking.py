"""Sizes, overlap and context of passages, compared on the retrieval sets and the gold questions.

python -m bench.chunking [--sample N]     N questions a set [300]

The paragraphs of one title are joined to a long document, so that cutting matters. A question is
hit if a passage among the first k stands in its paragraph and holds the answer. Dense and lexical
scores are fused as the library does it for an encoder without tokens.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from rich.table import Table

from index import lexical
from index.chunk import TITLE_LENGTH, encoded_text, passages
from index.clean import clean
from index.encoder import load_encoder
from index.fuse import BESIDE_DENSE, fuse, lexical_weight
from index.glossary import default_glossary
from index.library import CANDIDATES
from index.metadata import read_metadata
from index.offsets import identity
from index.query import read_query
from index.read import read_bytes, read_file
from index.script import fold, fold_tight
from index.sentences import sentence_spans
from index.types import CleanText, Encoder, Passage, Span

SHARED = Path(__file__).resolve().parents[2] / "shared"
_SETS = (
    ("xquad-a", "queries_en"),
    ("xquad-a", "queries_zh"),
    ("cmrc2018-dev", "queries"),
    ("drcd-dev", "queries"),
)
_UNTITLED = 5  # paragraphs to a document where titles do not tell
_CHARACTERS = 120_000  # of a set, so that all ways are measured within minutes


@dataclass(frozen=True, slots=True)
class Source:
    """A long document and where its paragraphs stand in it."""

    title: str
    clean: CleanText
    paragraphs: dict[str, Span]


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the places (document, span) that answer it and what the answer says."""

    text: str
    golds: tuple[tuple[int, Span], ...]
    answers: tuple[str, ...]  # folded; one of them must stand in the passage


@dataclass(frozen=True, slots=True)
class Way:
    """One way to cut and encode."""

    name: str
    target: int
    overlap: Callable[[str, Passage], int] | None = None  # characters before a passage to repeat
    title: bool = True
    heading: bool = True


def last_sentence(text: str, passage: Passage) -> int:
    """Return how many characters the sentence before a passage has."""
    before = sentence_spans(text[max(0, passage.span.start - 400) : passage.span.start])
    return len(before[-1]) + 1 if before else 0


def fifth(text: str, passage: Passage) -> int:
    """Return a fifth of a passage's length, as far as there is text before it."""
    return min(len(passage.text) // 5, passage.span.start)


WAYS = (
    *(Way(f"{size} tokens", size) for size in (96, 128, 192, 256, 384)),
    Way("256, one sentence repeated", 256, last_sentence),
    Way("256, 20 % repeated", 256, fifth),
    Way("256, without title", 256, title=False),
    Way("256, without headings", 256, heading=False),
    Way("256, text alone", 256, title=False, heading=False),
)


def long_documents(rows: list[dict[str, str]], joiner: str = "\n") -> list[Source]:
    """Join the paragraphs of each title, or each few where there is none or it is the only one."""
    titles: dict[str, list[dict[str, str]]] = {}
    common = len({row["title"] for row in rows}) < len(rows) // 2
    for i, row in enumerate(rows):
        known = row["title"] if common else ""
        titles.setdefault(known or f"#{i // _UNTITLED}", []).append(row)
    return [
        _joined("" if title.startswith("#") else title, some, joiner)
        for title, some in titles.items()
    ]


def _joined(title: str, rows: list[dict[str, str]], joiner: str) -> Source:
    spans, text = {}, ""
    for row in rows:
        text += joiner if text else ""
        spans[row["id"]] = Span(len(text), len(text) + len(row["text"]))
        text += row["text"]
    return Source(title, identity(text), spans)


def retrieval_set(folder: Path, queries: str, sample: int) -> tuple[list[Source], list[Question]]:
    """Return long documents, the same each time, and questions on them."""
    rows = [json.loads(line) for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines()]
    chance = random.Random(1)
    whole = long_documents(rows)
    chance.shuffle(whole)
    sources: list[Source] = []
    for source in whole:
        if sum(len(other.clean.text) for other in sources) < _CHARACTERS:
            sources.append(source)
    places = {id_: (i, span) for i, s in enumerate(sources) for id_, span in s.paragraphs.items()}
    lines = (folder / f"{queries}.jsonl").read_text("utf-8").splitlines()
    questions = [
        Question(row["text"], (places[row["relevant"][0]],), tuple(map(fold_tight, row["answers"])))
        for row in map(json.loads, lines)
        if row["relevant"][0] in places
    ]
    chance.shuffle(questions)
    return sources, questions[:sample]


def gold_set(shared: Path) -> tuple[list[Source], list[Question]]:
    """Return the policy documents and the gold questions that they answer."""
    sources, names = [], []
    for file in sorted((shared / "corpus").iterdir()):
        for document in read_file(read_bytes(file), file.name).documents:
            text = clean(document.raw, document.media_type, document.layout)
            sources.append(Source(read_metadata(document, text).title, text, {}))
            names.append(file.name)
    rows = map(json.loads, (shared / "eval" / "gold.jsonl").read_text("utf-8").splitlines())
    questions = []
    for row in rows:
        whole = [i for i, name in enumerate(names) if name in row["docs"]]
        golds = tuple((i, Span(0, len(sources[i].clean.text))) for i in whole)
        if golds:
            evidence = tuple(map(fold_tight, row["evidence"]))
            questions.append(Question(row["question"], golds, evidence))
    return sources, questions


@dataclass(frozen=True, slots=True)
class Figures:
    """What a way reached on a set."""

    passages: int
    tokens: float  # of a passage's text, median
    at_1: float
    at_5: float
    seconds: float


def measure(
    sources: list[Source], questions: list[Question], way: Way, encoder: Encoder
) -> Figures:
    """Cut, encode and search one set one way."""
    begun = time.perf_counter()
    found, texts = [], []
    for i, source in enumerate(sources):
        count, most = encoder.count_tokens, encoder.max_tokens
        for passage in passages(source.clean, str(i), source.title, None, count, most, way.target):
            found.append((i, passage))
            texts.append(fold(_encoded(source, passage, way)))
    tokens = encoder.count_tokens([fold(passage.text) for _, passage in found])
    rankings = _rankings(texts, questions, encoder)
    hits = {k: 0 for k in (1, 5)}
    for question, ranking in zip(questions, rankings, strict=True):
        for k in hits:
            some = [found[j] for j in ranking[:k]]
            hits[k] += any(_answers(sources, item, question, way) for item in some)
    seconds = time.perf_counter() - begun
    share = [hits[k] / len(questions) for k in (1, 5)]
    return Figures(len(found), float(np.median(tokens)), share[0], share[1], seconds)


def _encoded(source: Source, passage: Passage, way: Way) -> str:
    text = _extended(source, passage, way).of(source.clean.text)
    heading = passage.heading if way.heading else ()
    shown = Passage(-1, "", passage.span, passage.raw_span, text, heading)
    return encoded_text(source.title[:TITLE_LENGTH] if way.title else "", shown)


def _extended(source: Source, passage: Passage, way: Way) -> Span:
    before = way.overlap(source.clean.text, passage) if way.overlap else 0
    return Span(max(0, passage.span.start - before), passage.span.end)


def _answers(
    sources: list[Source], item: tuple[int, Passage], question: Question, way: Way
) -> bool:
    i, passage = item
    span = _extended(sources[i], passage, way)
    inside = any(i == j and span.start < g.end and g.start < span.end for j, g in question.golds)
    text = fold_tight(span.of(sources[i].clean.text))
    return inside and any(answer in text for answer in question.answers)


def _rankings(texts: list[str], questions: list[Question], encoder: Encoder) -> Iterator[list[int]]:
    """Rank passages for each question as `Library.search` does, without its store."""
    vectors = encoder.encode_passages(texts)
    queries = [read_query(question.text, default_glossary()) for question in questions]
    asked = encoder.encode_questions([query.encoded for query in queries])
    with TemporaryDirectory() as folder:
        lexical.build(Path(folder), enumerate(texts))
        index = lexical.load(Path(folder))
        for query, cosines in zip(queries, asked @ vectors.T, strict=True):
            matched = index.search(query.groups, CANDIDATES)
            nearest = np.argsort(-cosines, kind="stable")[:CANDIDATES].tolist()
            dense = {j: float(cosines[j]) for j in {*nearest, *matched}}
            covered = max(map(matched.coverage, matched), default=0.0)
            yield [j for j, _ in fuse(dense, matched, lexical_weight(covered, BESIDE_DENSE))]


def main() -> None:
    """Print hit@1 and hit@5 for each way and set."""
    parser = argparse.ArgumentParser(prog="python -m bench.chunking", description=__doc__)
    parser.add_argument("--sample", type=int, default=300, help="questions a set [300]")
    parser.add_argument("--ways", default="", help="only those whose name holds this")
    options = parser.parse_args()
    encoder = load_encoder(None)
    folder = SHARED / "eval" / "retrieval"
    sets = {
        f"{name} {queries}": retrieval_set(folder / name, queries, options.sample)
        for name, queries in _SETS
    }
    sets["gold"] = gold_set(SHARED)
    table = Table("way", *(f"{name} ({len(some[1])})" for name, some in sets.items()))
    for way in WAYS:
        if options.ways in way.name:
            row = [measure(*some, way, encoder) for some in sets.values()]
            cells = [f"{f.at_1:.3f} / {f.at_5:.3f} ({f.passages}, {f.tokens:.0f})" for f in row]
            print(way.name, *cells, f"{sum(f.seconds for f in row):.0f} s", sep=" | ", flush=True)
            table.add_row(way.name, *cells)
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
