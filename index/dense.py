"""FAISS: the nearest passages by cosine. Nothing else here knows FAISS."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import LibraryDamaged
from index.types import Vectors

_INDEX, _IDS = "dense.faiss", "passages.i64"
# FAISS adds up in another order when many questions come together, which shows in the seventh
# digit: cosines are therefore taken anew, in float64, and cut where float32 has no more to say.
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class DenseIndex:
    """An exact inner-product index, never changed: adding while searching kills the process."""

    index: Any  # faiss.IndexFlatIP
    ids: NDArray[np.int64]  # (N,), ascending; row i is passage ids[i]

    def search(self, questions: Vectors, count: int) -> list[dict[int, float]]:
        """Return, for each row of `questions`, passage id -> cosine of the `count` nearest."""
        count = min(count, len(self.ids))
        if not count or not len(questions):
            return [{} for _ in questions]
        _, found = self.index.search(np.ascontiguousarray(questions), count)
        return [
            self._cosines(question, np.sort(rows[rows >= 0]))  # -1 where there is no neighbour
            for question, rows in zip(questions, found, strict=True)
        ]

    def cosines(self, question: Vectors, ids: Sequence[int]) -> dict[int, float]:
        """Return passage id -> cosine with one question (D,), for ids that are in the index."""
        wanted = np.asarray(ids, np.int64)
        rows = np.searchsorted(self.ids, wanted)
        known = rows < len(self.ids)
        known[known] = self.ids[rows[known]] == wanted[known]
        return self._cosines(question, rows[known])

    def _cosines(self, question: Vectors, rows: NDArray[np.int64]) -> dict[int, float]:
        if not len(rows):
            return {}
        vectors = self.index.reconstruct_batch(rows).astype(np.float64)
        products = (vectors * question.astype(np.float64)).sum(axis=1)
        found = zip(self.ids[rows].tolist(), products.tolist(), strict=True)
        return {id_: round(product, _DIGITS) for id_, product in found}


def build(ids: NDArray[np.int64], vectors: Vectors) -> DenseIndex:
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
    """Read an index whose files pass their checksums. Raises LibraryDamaged if unfit."""
    import faiss

    index = faiss.deserialize_index(np.frombuffer((folder / _INDEX).read_bytes(), np.uint8))
    ids = np.frombuffer((folder / _IDS).read_bytes(), "<i8").astype(np.int64)
    if index.ntotal != len(ids):
        raise LibraryDamaged(
            f"{folder} has {index.ntotal} vectors for {len(ids)} passages: "
            "run `yinzheng doctor --repair`"
        )
    return DenseIndex(index, ids)
