"""FAISS: the nearest passages by cosine. Nothing else here knows FAISS."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import LibraryDamaged
from index.types import Vectors

_INDEX, _IDS = "dense.faiss", "passages.i64"


@dataclass(frozen=True, slots=True)
class DenseIndex:
    """An exact inner-product index that is never changed once made: adding while searching would kill the process."""

    index: Any  # faiss.IndexFlatIP
    ids: np.ndarray[tuple[int], np.dtype[np.int64]]  # (N,), ascending; row i is passage ids[i]

    def search(self, questions: Vectors, count: int) -> list[dict[int, float]]:
        """Return, for each row of `questions`, passage id -> cosine of the `count` nearest."""
        count = min(count, len(self.ids))
        if not count:
            return [{} for _ in questions]
        scores, rows = self.index.search(np.ascontiguousarray(questions), count)
        return [
            {int(self.ids[row]): float(score) for row, score in zip(some_rows, some_scores, strict=True) if row >= 0}
            for some_rows, some_scores in zip(rows, scores, strict=True)
        ]

    def cosines(self, question: Vectors, ids: Sequence[int]) -> dict[int, float]:
        """Return passage id -> cosine with one question (D,), for ids that are in the index."""
        rows = np.searchsorted(self.ids, ids)
        known = [(i, int(row)) for i, row in zip(ids, rows, strict=True) if row < len(self.ids) and self.ids[row] == i]
        if not known:
            return {}
        vectors = np.stack([self.index.reconstruct(row) for _, row in known])
        return {i: float(score) for (i, _), score in zip(known, vectors @ question, strict=True)}


def build(ids: np.ndarray[tuple[int], np.dtype[np.int64]], vectors: Vectors) -> DenseIndex:
    """Index (N, D) unit rows; row i is passage ids[i]."""
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return DenseIndex(index, ids)


def save(dense: DenseIndex, folder: Path) -> None:
    """Write the index below `folder`. Raises OSError.

    Not with faiss.write_index: on a full disk it wrote a short file and reported success.
    """
    import faiss

    (folder / _INDEX).write_bytes(faiss.serialize_index(dense.index).tobytes())
    (folder / _IDS).write_bytes(dense.ids.astype("<i8").tobytes())


def load(folder: Path) -> DenseIndex:
    """Read an index whose files have passed their checksums. Raises LibraryDamaged if the two do not fit."""
    import faiss

    index = faiss.deserialize_index(np.frombuffer((folder / _INDEX).read_bytes(), np.uint8))
    ids = np.frombuffer((folder / _IDS).read_bytes(), "<i8").astype(np.int64)
    if index.ntotal != len(ids):
        raise LibraryDamaged(f"{folder} has {index.ntotal} vectors for {len(ids)} passages: run `yinzheng doctor --repair`")
    return DenseIndex(index, ids)
