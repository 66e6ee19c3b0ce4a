"""Encoders that need no model, for tests: hashed bigrams of characters."""

import time
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np

from index.types import QuestionTokens, Vectors


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
        unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        return unit

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of characters of each text."""
        return [len(text) for text in texts]

    def estimate_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the same."""
        return self.count_tokens(texts)


class HashTokenEncoder(HashEncoder):
    """Gives a vector for each bigram too; those of questions weigh 1 to 4."""

    def __init__(self, name: str = "hash", dimension: int = 64, token_dimension: int = 16) -> None:
        super().__init__(name, dimension)
        self.token_dimension = token_dimension
        self.token_fingerprint = f"{self.fingerprint} {token_dimension}"

    def encode_passages_with_tokens(
        self,
        texts: Sequence[str],
        pack: Callable[[Vectors], bytes],
        on_progress: Callable[[int], None] | None = None,
    ) -> tuple[Vectors, list[bytes]]:
        """Return what `encode_passages` does, and `pack` of the token vectors of each text."""
        vectors = self.encode_passages(texts, on_progress)
        return vectors, [pack(self.tokens(text).vectors) for text in texts]

    def encode_questions_with_tokens(
        self, texts: Sequence[str]
    ) -> tuple[Vectors, list[QuestionTokens]]:
        """Return what `encode_questions` does, and the tokens of each question."""
        return self.encode_questions(texts), [self.tokens(text) for text in texts]

    def tokens(self, text: str) -> QuestionTokens:
        """Return the bigrams of letters and digits, a single one by itself."""
        plain = "".join(filter(str.isalnum, text))
        codes = [zlib.crc32(f"{self.name}{a}{b}".encode()) for a, b in pairwise(plain)]
        codes = codes or [zlib.crc32(plain.encode())] * bool(plain)
        rows = [_random_row(code, self.token_dimension) for code in codes]
        vectors = np.array(rows, np.float32).reshape(-1, self.token_dimension)
        return QuestionTokens(vectors, np.array([1 + code % 4 for code in codes], np.float32))


@lru_cache(maxsize=10_000)
def _random_row(seed: int, dimension: int) -> Vectors:
    """Return a vector of unit length, the same for the same seed."""
    row = np.random.RandomState(seed).standard_normal(dimension)
    unit: Vectors = (row / np.linalg.norm(row)).astype(np.float32)
    return unit
