"""The same text in several places: reprints of documents by MinHash, of passages by trigrams.

A year's notice and that of the year before share most of their words. What tells them apart is
their numbers, so documents and passages are compared by these as well.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from index.places import find_places
from index.script import fold
from index.types import Metadata

THRESHOLD = 0.8  # Jaccard similarity from which documents are the same
# An article around a whole notice is a reprint too, unless the notice is but half of it.
_CONTAINED, _CONTAINED_JACCARD = 0.9, 0.6
# Numbers that a document may have and its reprint has not, though that has others of its own.
_MISSING_NUMBERS, _MISSING_SHARE = 1, 0.1
SHORTEST = 50  # letters and digits; what is shorter says too little to be told apart
_LONGEST = 200_000  # letters and digits that count, so that a huge file takes a tenth of a second
_SHINGLE = 5
_PERMUTATIONS = 128
_BANDS = (18, 7)  # and rows of each: what suits that share best; to find it anew takes 28 ms
_NUMBERS = 64  # the numbers of the smallest hashes; all of them in most documents
_SEED = 1
_MULTIPLIERS = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1], np.uint32)
_BATCH = 20_000  # shingles permuted at a time: 10 MB

_NOT_WORD = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*\s?\w?")

# Passages.
_ALIKE = 0.85  # Jaccard similarity, or containment, of trigrams
_LENGTHS = 0.6  # the shorter of two over the longer, below which one says more than the other
_BETWEEN_DIGITS = re.compile(r"(?<=\d)\s+(?=\d)")
# What must be equal, in order: numbers with their units, negations, Latin words.
_TELLING = re.compile(
    r"\d+(?:[.,:]\d+)*[十百千万亿%‰]*"
    "|[零〇一二三四五六七八九十百千万亿两]{2,}"
    "|[零〇一二三四五六七八九十百千两](?=[年月日个项家条章节期级批名人次倍成元号款岁届类])"
    "|[不未无非禁勿否没]"
    r"|[^\W\d_\u3400-\u9fff]+"
)
_OFFICIAL = re.compile(r"(?:^|\.)gov\.(?:cn|hk|tw|mo)$")


# --- documents


@dataclass(frozen=True, slots=True)
class _Signature:
    shingles: int  # how many different ones
    hashes: NDArray[np.uint32]  # (128,)
    numbers: frozenset[int]  # the smallest hashes of numbers, 64 at most


def signature(text: str) -> bytes:
    """Return what tells how alike two documents are, b"" for a text under 50 letters and digits.

    That is some 600 bytes, the same on every machine: how many character 5-grams the folded text
    has, their MinHash, and hashes of its numbers.
    """
    folded = fold(text[: 2 * _LONGEST])
    tight = _NOT_WORD.sub("", folded)[:_LONGEST]
    if len(tight) < SHORTEST:
        return b""
    shingles = _shingles(tight)
    sketch = _empty().copy()
    for start in range(0, len(shingles), _BATCH):
        sketch.update_batch(shingles[start : start + _BATCH].tolist())
    numbers = {_hash(_without_commas(match[0])) for match in _NUMBER.finditer(folded)}
    parts = (len(shingles), sketch.hashvalues, sorted(numbers)[:_NUMBERS])
    return b"".join(np.asarray(part, "<u4").tobytes() for part in parts)


def _without_commas(number: str) -> str:
    return "".join(number.replace(",", "").split())


def _shingles(text: str) -> NDArray[np.uint32]:
    """Return the different hashes of all runs of five characters."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint32)
    count = len(codes) - _SHINGLE + 1
    hashes = np.zeros(max(count, 0), np.uint32)
    for i, multiplier in enumerate(_MULTIPLIERS):
        hashes = (hashes ^ (hashes >> np.uint32(15))) + codes[i : i + count] * multiplier
    return np.unique(hashes)


def _hash(word: str) -> int:
    """Return the FNV-1a hash of a short word, 32 bits; for long ones, C code would be faster."""
    value = 0x811C9DC5
    for byte in word.encode("utf-8", "surrogatepass"):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


@cache
def _empty() -> Any:
    """Return a MinHash of nothing, whose hash function takes hashes as they are."""
    from datasketch import MinHash

    return MinHash(_PERMUTATIONS, seed=_SEED, hashfunc=int, scheme="affine32")


def groups(signatures: Mapping[str, bytes], threshold: float = THRESHOLD) -> list[tuple[str, ...]]:
    """Return the ids of documents that are reprints of one another, each group and all sorted.

    Each is like the shortest of its group, or around one that is: so a chain of versions, each a
    little changed from the one before, does not join the first to the last.
    """
    known = {id_: _read(data) for id_, data in signatures.items() if data}
    order = sorted(known, key=lambda id_: (known[id_].shingles, id_))
    copies = _gathered(order, known, lambda one, other: _jaccard(one, other) >= threshold)
    around = _gathered(list(copies), known, _surrounds)
    found = [[id_ for first in firsts for id_ in copies[first]] for firsts in around.values()]
    return sorted(tuple(sorted(group)) for group in found if len(group) > 1)


def _gathered(
    order: Sequence[str],
    known: Mapping[str, _Signature],
    are_same: Callable[[_Signature, _Signature], bool],
) -> dict[str, list[str]]:
    """Put each document, in order, to the likest of those that began a group, or let it begin one.

    Returns the first of each group -> its documents.
    """
    from datasketch import MinHashLSH

    index = MinHashLSH(num_perm=_PERMUTATIONS, params=_BANDS)
    sketch = _empty().copy()  # one serves all: the index copies what it needs
    found: dict[str, list[str]] = {}
    for id_ in order:
        sketch.hashvalues = known[id_].hashes
        likeness = {
            other: _jaccard(known[other], known[id_])
            for other in sorted(index.query(sketch))
            if are_same(known[other], known[id_]) and _numbers_agree(known[other], known[id_])
        }
        if likeness:
            found[max(likeness, key=likeness.__getitem__)].append(id_)
        else:
            index.insert(id_, sketch)
            found[id_] = [id_]
    return found


def _read(data: bytes) -> _Signature:
    values = np.frombuffer(data, "<u4").astype(np.uint32)
    numbers = frozenset(values[1 + _PERMUTATIONS :].tolist())
    return _Signature(int(values[0]), values[1 : 1 + _PERMUTATIONS], numbers)


def _jaccard(one: _Signature, other: _Signature) -> float:
    return float((one.hashes == other.hashes).mean())


def _surrounds(inner: _Signature, outer: _Signature) -> bool:
    """Tell whether a document holds nearly all of a shorter one and not much beside it."""
    jaccard = _jaccard(inner, outer)
    shared = jaccard / (1 + jaccard) * (inner.shingles + outer.shingles)
    return jaccard >= _CONTAINED_JACCARD and shared >= _CONTAINED * inner.shingles


def _numbers_agree(one: _Signature, other: _Signature) -> bool:
    """Tell whether nearly all numbers of one document stand in the other.

    Of documents with many, those below the hash up to which both are known are compared.
    """
    full = [max(s.numbers) for s in (one, other) if len(s.numbers) == _NUMBERS]
    known = min(full, default=1 << 32)
    first, second = ({n for n in s.numbers if n <= known} for s in (one, other))
    missing = min(len(first - second), len(second - first))
    return missing <= max(_MISSING_NUMBERS, _MISSING_SHARE * min(len(first), len(second)))


def preferred(group: Sequence[str] | frozenset[str], metadata: Mapping[str, Metadata]) -> str:
    """Return the document of a group to cite: the issuing body's own copy, if it is there.

    Else one that has a document number, else the earliest, else the first by id.
    """

    def rank(id_: str) -> tuple[bool, bool, str, str]:
        known = metadata.get(id_, Metadata())
        date = known.date or known.issued or "9999"
        return not _is_own(known), not known.document_number, date, id_

    return min(group, key=rank)


def _is_own(known: Metadata) -> bool:
    """Tell whether a body published itself what it issued, as far as one can see."""
    if _OFFICIAL.search(_host(known.url)):
        return True
    publisher, issuers = _tight(known.publisher), map(_tight, known.issuer.split("、"))
    return bool(publisher) and any(
        issuer and (issuer in publisher or publisher in issuer) for issuer in issuers
    )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # brackets that hold no IPv6 address
        return ""


# --- passages


@dataclass(frozen=True, slots=True)
class _Features:
    letters: str
    trigrams: frozenset[str]
    telling: tuple[str, ...]
    places: frozenset[str]


def near_duplicate(one: str, other: str) -> bool:
    """Tell whether two passages say the same: in either script, however spaced and punctuated.

    They do not when a number, a negation, a Latin word or a place differs, nor when one of them is
    much longer and so says more.
    """
    shorter, longer = _features(one), _features(other)
    if len(shorter.letters) > len(longer.letters):
        shorter, longer = longer, shorter
    if shorter.letters == longer.letters:
        return shorter.telling == longer.telling
    if len(shorter.letters) < _LENGTHS * len(longer.letters) or not shorter.trigrams:
        return False
    # what is quickly told comes first: a search compares hundreds of pairs
    return (
        shorter.places <= longer.places
        and _is_run(shorter.telling, longer.telling)
        and len(shorter.trigrams & longer.trigrams) >= _ALIKE * len(shorter.trigrams)
    )


@lru_cache(maxsize=1024)
def _features(text: str) -> _Features:
    folded = "".join(_BETWEEN_DIGITS.sub("|", fold(text)).split())
    letters = _NOT_WORD.sub("", folded)
    trigrams = frozenset(letters[i : i + 3] for i in range(len(letters) - 2))
    telling = tuple(match[0].replace(",", "") for match in _TELLING.finditer(folded))
    return _Features(letters, trigrams, telling, _places(text))


def _places(text: str) -> frozenset[str]:
    return frozenset(mention.place.name for mention in find_places(text))


def _tight(text: str) -> str:
    return _NOT_WORD.sub("", fold(text))


def _is_run(part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    """Tell whether a sequence stands in another without a gap."""
    size = len(part)
    return any(whole[i : i + size] == part for i in range(len(whole) - size + 1))
