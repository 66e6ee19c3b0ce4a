"""Vectors kept on disk by the hash of their text."""

import hashlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from index import bundled
from index.types import Encoder, Vectors

Encode = Callable[[Sequence[str]], Vectors]


class CachedEncoder:
    """An encoder that encodes each text once, in all runs, and counts the time that it takes.

    Vectors of another encoder, or of a question where a passage is wanted, are never given.
    """

    def __init__(self, encoder: Encoder, file: Path) -> None:
        self.dimension = encoder.dimension
        self.seconds = 0.0  # spent here so far
        self._identity = encoder.fingerprint
        self._passages, self._questions = encoder.encode_passages, encoder.encode_questions
        file.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.execute("PRAGMA synchronous = OFF")  # what is lost is encoded again
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS vectors (hash BLOB PRIMARY KEY, vector BLOB)"
        )

    def encode_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Return (N, D) unit rows, row i for text i."""
        vectors = self._vectors("passage", texts, self._passages)
        if on_progress:
            on_progress(len(texts))
        return vectors

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Return (N, D) unit rows, row i for question i."""
        # a fingerprint says that vectors go together, not that they are the same
        return self._vectors(f"question {bundled.FORMAT}", texts, self._questions)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _vectors(self, kind: str, texts: Sequence[str], encode: Encode) -> Vectors:
        begun = time.perf_counter()
        hashes = [self._hash(kind, text) for text in texts]
        known = {hash_: row for hash_ in hashes if (row := self._stored(hash_)) is not None}
        missing = {h: t for h, t in zip(hashes, texts, strict=True) if h not in known}
        if missing:
            fresh = encode(list(missing.values()))
            known |= dict(zip(missing, fresh, strict=True))
            self._store(missing, fresh)
        rows = [known[hash_] for hash_ in hashes]
        vectors = np.stack(rows) if rows else np.empty((0, self.dimension), np.float32)
        self.seconds += time.perf_counter() - begun
        return vectors

    def _hash(self, kind: str, text: str) -> bytes:
        return hashlib.sha256(f"{self._identity}\0{kind}\0{text}".encode()).digest()

    def _stored(self, hash_: bytes) -> Vectors | None:
        row = self._database.execute(
            "SELECT vector FROM vectors WHERE hash = ?", (hash_,)
        ).fetchone()
        return None if row is None else np.frombuffer(row[0], "<f4")

    def _store(self, hashes: Sequence[bytes] | dict[bytes, str], vectors: Vectors) -> None:
        rows = [(h, row.astype("<f4").tobytes()) for h, row in zip(hashes, vectors, strict=True)]
        with self._database:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
