"""An encoder that needs no model, for tests: hashed bigrams of characters."""

import time
import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from index.types import Vectors


class HashEncoder:
    """Texts that share bigrams have near vectors; remembers what it encoded."""

    max_tokens = 512

    def __init__(
        self, name: str = "hash", dimension: int = 64, seconds_a_text: float = 0.0
    ) -> None:
        self.name = name
        self.dimension = dimension
        self.fingerprint = f"{name} {dimension}"
        self.encoded: list[str] = []  # every passage, in order
        self.seconds_a_text = seconds_a_text

    def encode_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Return (N, D) unit rows, row i for text i."""
        for done, text in enumerate(texts, start=1):
            time.sleep(self.seconds_a_text)
            self.encoded.append(text)
            if on_progress:
                on_progress(done)
        return self.encode_questions(texts)

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Return (N, D) unit rows, row i for question i."""
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for one, other in pairwise(f"^{text}$"):
                code = zlib.crc32((self.name + one + other).encode("utf-8"))
                row[code % self.dimension] += 1 if code & 0x10000 else -1
            row[0] += not row.any()
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of characters of each text."""
        return [len(text) for text in texts]
