"""Search at size: a library of many passages made up from the sentences of samples/.

Vectors and token vectors are random, for what a search costs does not depend on what they say; the
texts are made of real sentences, so that words match as they do in life.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from bench.rows import Row
from index.content import make_document
from index.late import pack
from index.library import Library
from index.sentences import sentence_spans
from index.store import Prepared
from index.types import CleanText, Passage, Span

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
PASSAGES, _IN_DOCUMENT, _TOKENS, _DIMENSION = 20_000, 20, 170, 384
_QUESTIONS = (
    "what does Dongguan give for BNCT drugs?",
    "东莞对BNCT硼药研发给什么奖励？",
    "廣東省未來生命健康產業集群主要依托哪些地市？",
    "到2027年湖北生物医药产业营业收入目标是多少？",
)
_REPEATS = 15


def rows(work: Path) -> list[Row]:
    """Return how long a warm search takes, as a whole and without encoding the question."""
    with Library(work / f"scale-{PASSAGES}", create=True) as library:
        if not library.store.counts()[1]:
            _fill(library)
        library.search(_QUESTIONS[0])
        whole = _times(lambda question: library.search(question))
        encoding = _times(lambda question: library._encoded([library.query(question).encoded]))
    rest = [a - b for a, b in zip(whole, encoding, strict=True)]
    on = f"{PASSAGES:,} passages of {_TOKENS} tokens"
    return [
        Row("search, warm, whole", on, _figure(whole), "< 150"),
        Row("search, warm, without encoding the question", on, _figure(rest), "< 30"),
    ]


def _figure(times: list[float]) -> str:
    return (
        f"median {statistics.median(times):.0f} ms, p95 {sorted(times)[int(0.95 * len(times))]:.0f}"
    )


def _times(action: Callable[[str], object]) -> list[float]:
    found = []
    for _ in range(_REPEATS):
        for question in _QUESTIONS:
            begun = time.perf_counter()
            action(question)
            found.append(1000 * (time.perf_counter() - begun))
    return found


def _fill(library: Library) -> None:
    chosen, numbers = random.Random(0), np.random.default_rng(0)
    sentences = _sentences()
    codes = [pack(_unit(numbers, _TOKENS)) for _ in range(64)]
    library.store.set_fact("dimension", str(_DIMENSION))
    library.store.set_fact("encoder_name", library.encoder.name)
    library.store.set_fact("encoder", library.encoder.fingerprint)
    library.store.forget_tokens(library.token_identity(), "", _DIMENSION)
    for first in range(0, PASSAGES, 50 * _IN_DOCUMENT):
        names = range(first, first + 50 * _IN_DOCUMENT, _IN_DOCUMENT)
        texts = [[_text(sentences, chosen) for _ in range(_IN_DOCUMENT)] for _ in names]
        made = (_document(f"{n:06d}", t, codes, numbers) for n, t in zip(names, texts, strict=True))
        library.store.put(made)


def _sentences() -> list[str]:
    texts = [path.read_text("utf-8", "ignore") for path in sorted(SAMPLES.glob("*.txt"))]
    return [span.of(text) for text in texts for span in sentence_spans(text) if len(span) > 8]


def _text(sentences: list[str], chosen: random.Random) -> str:
    return "".join(chosen.choice(sentences) for _ in range(6))[:300]


def _document(
    name: str, texts: list[str], codes: list[bytes], numbers: np.random.Generator
) -> Prepared:
    raw = "\n".join(texts)
    spans = list(_spans(texts))
    passages = [Passage(-1, name, s, s, t) for s, t in zip(spans, texts, strict=True)]
    places = np.arange(len(raw), dtype=np.int32)
    tokens = [codes[int(numbers.integers(len(codes)))] for _ in texts]
    return Prepared(
        name,
        make_document(name, raw, "text/plain"),
        CleanText(raw, places, places + 1),
        passages,
        _unit(numbers, len(texts)),
        tokens=tokens,
    )


def _spans(texts: list[str]) -> Iterator[Span]:
    at = 0
    for text in texts:
        yield Span(at, at + len(text))
        at += len(text) + 1


def _unit(numbers: np.random.Generator, count: int) -> np.ndarray:
    rows = numbers.standard_normal((count, _DIMENSION), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
