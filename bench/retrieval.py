"""Retrieval at document level: whether a relevant document is among the first k hits.

The Traditional questions are also asked in Simplified, of the same Traditional documents.
"""

import json
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from bench.rows import Row, absent
from index.ingest import ingest
from index.library import Library
from index.script import to_simplified
from index.types import Hit

_BATCH = 64
# set, questions, what must be reached: hit@1
_SETS = (
    ("xquad-a", "queries_en", ">= .89, @10 .99"),
    ("xquad-a", "queries_zh", ">= .98"),
    ("cmrc2018-dev", "queries", ">= .99"),
    ("drcd-dev", "queries", ">= .965"),
)
_TRADITIONAL = "drcd-dev"
_SAME = 5  # hits that should be the same in either script


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
            hits, row = _row(library, f"{name} {queries}", asked, bar)
            found.append(row)
            if name == _TRADITIONAL:
                found += _simplified_rows(library, name, asked, hits)
    return found


Asked = list[dict[str, Any]]
Found = list[list[Hit]]


def _row(library: Library, name: str, asked: Asked, bar: str) -> tuple[Found, Row]:
    begun = time.perf_counter()
    found = [
        hits
        for start in range(0, len(asked), _BATCH)
        for hits in library.search_many(
            [str(row["text"]) for row in asked[start : start + _BATCH]], 10
        )
    ]
    each = 1000 * (time.perf_counter() - begun) / len(asked)
    ranks = [_rank(row["relevant"], hits) for row, hits in zip(asked, found, strict=True)]
    shares = [sum(rank <= k for rank in ranks) / len(ranks) for k in (1, 5, 10)]
    mrr = sum(1 / rank for rank in ranks if rank <= 10) / len(ranks)
    figure = f"hit@1 {shares[0]:.3f}  @5 {shares[1]:.3f}  @10 {shares[2]:.3f}  mrr {mrr:.3f}"
    return found, Row("retrieval", f"{name} ({len(asked)}, {each:.0f} ms each)", figure, bar)


def _simplified_rows(library: Library, name: str, asked: Asked, hits: Found) -> list[Row]:
    simplified = [{**row, "text": to_simplified(str(row["text"]))} for row in asked]
    others, row = _row(library, f"{name} in Simplified", simplified, ">= .96")
    pairs = [
        ({hit.passage.id for hit in one[:_SAME]}, {hit.passage.id for hit in other[:_SAME]})
        for one, other in zip(hits, others, strict=True)
    ]
    same = sum(len(one & other) / len(one) for one, other in pairs) / len(pairs)
    return [row, Row("retrieval", f"{name}, same first {_SAME}", f"{same:.3f}", ">= .95")]


def _rank(relevant: Collection[str], hits: Sequence[Hit]) -> float:
    """Return the rank of the first relevant document, infinity if there is none."""
    documents = list(dict.fromkeys(hit.passage.document for hit in hits))
    ranks = (rank for rank, id_ in enumerate(documents, start=1) if id_ in set(relevant))
    return next(ranks, float("inf"))
