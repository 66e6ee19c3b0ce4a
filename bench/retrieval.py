"""Retrieval at document level: whether a relevant document is among the first k hits."""

import json
import time
from pathlib import Path

from bench.rows import Row, absent
from index.ingest import ingest
from index.library import Library

_BATCH = 64
# set, questions, what must be reached: hit@1
_SETS = (
    ("xquad-a", "queries_en", ">= .75"),
    ("xquad-a", "queries_zh", ">= .95"),
    ("cmrc2018-dev", "queries", ">= .98"),
    ("drcd-dev", "queries", ">= .93"),
)


def rows(folder: Path, work: Path, limit: int) -> list[Row]:
    """Return hit@1, hit@5, hit@10 and MRR@10 for each set."""
    if not folder.exists():
        return [absent("retrieval", folder)]
    found = []
    for name, queries, bar in _SETS:
        with Library(work / name, create=True) as library:
            ingest(library, [folder / name / "corpus.jsonl"])
            lines = (folder / name / f"{queries}.jsonl").read_text("utf-8").splitlines()
            asked = [json.loads(line) for line in lines][: limit or None]
            found.append(_row(library, f"{name} {queries}", asked, bar))
    return found


def _row(library: Library, name: str, asked: list[dict[str, object]], bar: str) -> Row:
    begun = time.perf_counter()
    ranks = [
        rank
        for start in range(0, len(asked), _BATCH)
        for rank in _ranks(library, asked[start : start + _BATCH])
    ]
    each = 1000 * (time.perf_counter() - begun) / len(asked)
    hits = [sum(rank <= k for rank in ranks) / len(ranks) for k in (1, 5, 10)]
    mrr = sum(1 / rank for rank in ranks if rank <= 10) / len(ranks)
    figure = f"hit@1 {hits[0]:.3f}  @5 {hits[1]:.3f}  @10 {hits[2]:.3f}  mrr {mrr:.3f}"
    return Row("retrieval", f"{name} ({len(asked)}, {each:.0f} ms each)", figure, bar)


def _ranks(library: Library, asked: list[dict[str, object]]) -> list[float]:
    """Return, for each question, the rank of the first relevant document, infinity if none."""
    found = library.search_many([str(row["text"]) for row in asked], 10)
    ranks = []
    for row, hits in zip(asked, found, strict=True):
        documents = list(dict.fromkeys(hit.passage.document for hit in hits))
        relevant = set(row["relevant"])  # type: ignore[call-overload]
        ranks.append(
            next((i for i, id_ in enumerate(documents, start=1) if id_ in relevant), float("inf"))
        )
    return ranks
