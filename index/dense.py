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

    def search(
        self, questions: Vectors, count: int, allowed: NDArray[np.int64] | None = None
    ) -> list[dict[int, float]]:
        """Return, for each row of `questions`, passage id -> cosine of the `count` nearest.

        `allowed` are the ids to choose from, None for all.
        """
        rows = None if allowed is None else self._rows(allowed)
        count = min(count, len(self.ids) if rows is None else len(rows))
        if not count or not len(questions):
            return [{} for _ in questions]
        _use_one_thread()
        _, found = self.index.search(
            np.ascontiguousarray(questions), count, params=_selecting(rows, len(self.ids))
        )
        return [
            self._cosines(question, np.sort(rows[rows >= 0]))  # -1 where there is no neighbour
            for question, rows in zip(questions, found, strict=True)
        ]

    def cosines(self, question: Vectors, ids: Sequence[int]) -> dict[int, float]:
        """Return passage id -> cosine with one question (D,), for ids that are in the index."""
        return self._cosines(question, self._rows(np.asarray(ids, np.int64)))

    def agrees(self, ids: NDArray[np.int64], vectors: Vectors) -> bool:
        """Tell whether those of `ids` that are in the index have the same vectors here."""
        _, own, theirs = np.intersect1d(self.ids, ids, assume_unique=True, return_indices=True)
        return bool(
            not len(own) or np.array_equal(self.index.reconstruct_batch(own), vectors[theirs])
        )

    def _rows(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of those ids that are in the index."""
        rows = np.searchsorted(self.ids, ids)
        known = rows < len(self.ids)
        known[known] = self.ids[rows[known]] == ids[known]
        return rows[known]

    def _cosines(self, question: Vectors, rows: NDArray[np.int64]) -> dict[int, float]:
        if not len(rows):
            return {}
        vectors = self.index.reconstruct_batch(rows).astype(np.float64)
        products = (vectors * question.astype(np.float64)).sum(axis=1)
        found = zip(self.ids[rows].tolist(), products.tolist(), strict=True)
        return {id_: round(product, _DIGITS) for id_, product in found}


def _use_one_thread() -> None:
    """Keep FAISS to the thread that asks it; the setting holds for that thread alone.

    One searches 20,000 passages in 2 ms; several, woken beside those of numpy, took 12 ms.
    """
    import faiss

    faiss.omp_set_num_threads(1)


def _selecting(rows: NDArray[np.int64] | None, count: int) -> Any:
    """Return search parameters that look at some of `count` rows only, None for all."""
    if rows is None:
        return None
    import faiss

    chosen = np.zeros(count, bool)
    chosen[rows] = True
    bits = np.packbits(chosen, bitorder="little")
    # faiss wraps both constructors when it is imported, which its own stubs don't know
    selector = faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg, arg-type]
    return faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]


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
