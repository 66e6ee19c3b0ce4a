"""Late interaction: how well the tokens of a passage answer each token of a question.

The score of a text is the weighted mean, over the tokens of the question, of the best cosine with a
token of the text (MaxSim: Khattab and Zaharia, ColBERT, arXiv:2004.12832); that of a passage is the
mean of its own and that of its best window. A passage's token vectors are
stored in 4 bits a number: what is left of them without the passage's mean, rotated so that every
number is about as large as any other, and rounded to 16 steps. Nothing of it depends on other
passages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from index.types import QuestionTokens, Vectors

# Part of what says that stored codes can be read: goes up when they change.
CODEC = "mean f2, scale f2, rotated 4 bits, 3"
# Sixteen steps of this size, in standard deviations, lose least of a normal distribution (Max 1960,
# IEEE T-IT 6(1)). Uneven steps would lose a fifth less, but take three times as long to read.
_STEP, _MIDDLE, _LARGEST = 0.3352, 7.5, 15
_SEED = 1  # of the rotation; RandomState's numbers are promised never to change
_HALF_PRECISION = np.dtype("<f2")
# Half of the score is that of the best window of 64 tokens, which steps by 16: an answer stands in
# a sentence or two, and a long passage holds a little of everything.
_BLOCK, _WINDOW = 16, 4
# Passages decoded at a time: enough for a fast matrix product, few enough to stay in the cache.
_AT_ONCE = 25


@dataclass(frozen=True, slots=True)
class _Codes:
    """Token vectors of P passages, one after the other, T in all.

    Those of passage p are its `means` (P, D) plus `scales` (T,) times rotated steps (T, D).
    """

    lengths: tuple[int, ...]  # P, of at least 1
    means: Vectors
    scales: Vectors
    digits: NDArray[np.uint8]  # (T, D / 2): number i in the low half, number i + D / 2 in the high


def pack(vectors: Vectors) -> bytes:
    """Return the code of a passage's token vectors (T, D), D even.

    A passage that has none, being all punctuation, gets one of zeros, which answers nothing.
    """
    if not len(vectors):
        vectors = np.zeros((1, vectors.shape[1]), np.float32)
    mean = vectors.mean(axis=0).astype(_HALF_PRECISION)
    rotated = (vectors - mean.astype(np.float32)) @ _rotation(vectors.shape[1])
    spread = np.maximum(rotated.std(axis=1, keepdims=True), np.finfo(np.float16).tiny)
    digits = np.clip(np.rint(rotated / (_STEP * spread) + _MIDDLE), 0, _LARGEST)
    steps = digits - _MIDDLE
    # the scale that brings the steps nearest to what they stand for
    scales = (rotated * steps).sum(axis=1) / (steps * steps).sum(axis=1)
    low, high = np.split(digits.astype(np.uint8), 2, axis=1)
    codes = low | (high << 4)
    parts = (mean, scales.astype(_HALF_PRECISION), codes)
    return b"".join(part.tobytes() for part in parts)


def unpack(code: bytes, dimension: int) -> Vectors:
    """Return token vectors (T, D) as they were but for rounding. Raises ValueError if it cannot."""
    read = _parse([code], dimension)
    steps = np.concatenate(_halves(read.digits), axis=1) - _MIDDLE
    rotated = steps * read.scales[:, None]
    return (read.means + rotated @ _rotation(dimension).T).astype(np.float32)


def late_scores(
    question: QuestionTokens, codes: Sequence[bytes], dimension: int
) -> NDArray[np.float32]:
    """Return the score (-1..1) of each passage for a question; NaN where there is no code.

    Raises ValueError for a code that is not one of such vectors.
    """
    scores = np.full(len(codes), np.nan, np.float32)
    known = [i for i, code in enumerate(codes) if code]
    if not len(question.vectors):
        return scores
    rotated = question.vectors @ _rotation(dimension)
    weights = question.weights / question.weights.sum()
    for start in range(0, len(known), _AT_ONCE):
        some = known[start : start + _AT_ONCE]
        read = _parse([codes[i] for i in some], dimension)
        scores[some] = _scores(question.vectors, rotated, weights, read)
    return scores


def _scores(question: Vectors, rotated: Vectors, weights: Vectors, read: _Codes) -> Vectors:
    """Return (P,): for each passage the mean of what it and its best window score.

    Few steps with large arrays: at each, numpy lets other threads of a busy page go first.
    """
    low, high = _halves(read.digits)
    first, second = np.split(rotated, 2, axis=1)
    # steps are digits less the middle, which is the same for all digits and so taken off once
    # tall times thin is faster than thin times tall; what follows goes along the tokens
    products = np.ascontiguousarray((low @ first.T + high @ second.T).T)
    products -= _MIDDLE * rotated.sum(axis=1, keepdims=True)
    products *= read.scales
    ends = list(accumulate(read.lengths))
    blocks = [
        block
        for end, length in zip(ends, read.lengths, strict=True)
        for block in range(end - length, end, _BLOCK)
    ]
    best = np.maximum.reduceat(products, blocks, axis=1)  # (Q, B)
    counts = [-(-length // _BLOCK) for length in read.lengths]
    firsts = [0, *accumulate(counts[:-1])]
    whole = weights @ np.maximum.reduceat(best, firsts, axis=1)
    windows = weights @ _rolling(best, firsts, counts)
    most = [max(count - _WINDOW, 0) + 1 for count in counts]
    window = np.maximum.reduceat(windows, [0, *accumulate(most[:-1])])
    mean = read.means @ (weights @ question)
    return (mean + (whole + window) / 2).astype(np.float32)


def _rolling(best: Vectors, firsts: Sequence[int], counts: Sequence[int]) -> Vectors:
    """Return (Q, W): the maxima of the windows of each passage, one or more, side by side."""
    pairs = [
        (first + at, first + min(at + _WINDOW, count))
        for first, count in zip(firsts, counts, strict=True)
        for at in range(max(count - _WINDOW, 0) + 1)
    ]
    # reduceat takes ranges as neighbouring places; what lies between two ranges is passed over
    padded = np.pad(best, ((0, 0), (0, 1)), constant_values=-np.inf)
    rolling: Vectors = np.maximum.reduceat(padded, np.array(pairs).ravel(), axis=1)[:, ::2]
    return rolling


def is_code(code: object, dimension: int) -> bool:
    """Tell whether this may be what `pack` made of vectors of this length."""
    try:
        return isinstance(code, bytes) and bool(_parse([code], dimension).lengths)
    except ValueError:
        return False


def _parse(codes: Sequence[bytes], dimension: int) -> _Codes:
    """Read codes together. Raises ValueError if one of them is none."""
    lengths = tuple(_length(code, dimension) for code in codes)
    scales_at = 2 * dimension
    ends = [scales_at + 2 * length for length in lengths]
    means = b"".join(code[:scales_at] for code in codes)
    scales = b"".join(code[scales_at:end] for code, end in zip(codes, ends, strict=True))
    digits = b"".join(code[end:] for code, end in zip(codes, ends, strict=True))
    numbers = np.frombuffer(means + scales, _HALF_PRECISION).astype(np.float32)
    if not np.isfinite(numbers).all():
        raise ValueError("token vectors with numbers that are none")
    count = len(codes) * dimension
    steps = np.frombuffer(digits, np.uint8).reshape(-1, dimension // 2)
    return _Codes(lengths, numbers[:count].reshape(-1, dimension), numbers[count:], steps)


def _length(code: bytes, dimension: int) -> int:
    """Return of how many tokens this is the code. Raises ValueError if it is none."""
    tokens, rest = divmod(len(code) - 2 * dimension, 2 + dimension // 2)
    if tokens < 1 or rest:
        raise ValueError(f"{len(code)} bytes are no token vectors of {dimension} numbers")
    return tokens


def _halves(codes: NDArray[np.uint8]) -> tuple[Vectors, Vectors]:
    """Return the digits (0..15) of the first and of the second D / 2 numbers, (T, D / 2) each."""
    return (codes & _LARGEST).astype(np.float32), (codes >> 4).astype(np.float32)


@cache
def _rotation(dimension: int) -> Vectors:
    """Return a random orthogonal matrix (D, D), always the same."""
    _use_one_thread()
    normal = np.random.RandomState(_SEED).standard_normal((dimension, dimension))
    rotation, triangle = np.linalg.qr(normal)
    # which signs come out is a matter of the library; so they are the same everywhere
    return (rotation * np.sign(np.diag(triangle))).astype(np.float32)


def _use_one_thread() -> None:
    """Keep numpy's matrix products to the thread that asks, in the whole process.

    Those of fifty passages take 8 ms so; by several threads, which wait for each other in turns
    that use up the processors, 48 ms as soon as anything else runs.
    """
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")
