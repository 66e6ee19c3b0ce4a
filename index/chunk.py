"""Clean text -> passages, along headings, tables and sentences, sized in the encoder's tokens.

Lines stay whole where they can: what is longer is cut at sentences, clauses, anywhere, in this
order, into parts of about equal length.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from index.outline import ROOT, Lines, Outline, Section, cells, characters, outline, split_lines
from index.script import fold
from index.sentences import pieces, sentence_spans
from index.types import CleanText, Layout, Passage, Span

# Tokens of the text of a passage, without title and headings; measured, see docs/LOG.md.
TARGET_TOKENS = 256
# Sections below this share a passage with their siblings under the same heading.
MIN_TOKENS = 48
# An article of a law is cited by its number, so only the shortest share a passage.
LONELY_TOKENS = 16
# What encoders take before any text counts unless told otherwise, and what they add to a text.
MAX_TOKENS = 512
_ADDED_TOKENS = 16
# A title or a heading path says what a passage is about in so many characters.
TITLE_LENGTH = 80
_PATH_LENGTH = 160
_GROUP_LENGTH = 40  # of what merged cells say of a row
# Cutting inside a line costs as much as being off the best length by this share of the limit.
_INSIDE_LINE = 0.25
_SAMPLES, _SAMPLE_LENGTH = 8, 256  # of a document, to learn how many tokens its characters make
_ROUNDS = 6  # of cutting what turned out too long; each leaves half or less of it

CountTokens = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A run of characters that becomes a passage; `whole` if it is all of its section.

    `group` is what merged cells say of its first row, which stand in rows of an earlier passage.
    """

    first: int
    last: int
    node: int
    whole: bool
    group: str = ""


def passages(
    clean: CleanText,
    document: str,
    title: str = "",
    layout: Layout | None = None,
    count_tokens: CountTokens | None = None,
    max_tokens: int = MAX_TOKENS,
    target_tokens: int = TARGET_TOKENS,
) -> list[Passage]:
    """Return the passages of a document in order, ids not yet given.

    They do not overlap, and all text but the white space between them stands in one. With title
    and headings each fits `max_tokens` as `count_tokens` counts; without it, as estimated.
    """
    lines = split_lines(clean.text)
    if not len(lines):
        return []
    tree = outline(clean, title, layout)
    measure = Measure.of(clean.text, count_tokens)
    budget = _Budget(tree, title, max_tokens, target_tokens)
    chunks = _merged(_chunks(lines, tree, measure, budget), tree, measure, target_tokens)
    found = [_passage(clean, document, chunk, budget.path(chunk.node)) for chunk in chunks]
    if count_tokens is None:
        return found
    return _fitted(clean, title, found, measure, count_tokens, max_tokens - _ADDED_TOKENS)


def encoded_text(title: str, passage: Passage) -> str:
    """Return what is encoded and searched for a passage: here alone title and heading join it.

    Also where the passage begins with the title: to leave it out there lost 3 of 632 questions.
    """
    parts = [title[:TITLE_LENGTH], " ".join(passage.heading), passage.text]
    return "\n".join(part for part in parts if part)


def _passage(clean: CleanText, document: str, chunk: _Chunk, path: tuple[str, ...]) -> Passage:
    span = Span(chunk.first, chunk.last)
    path += (chunk.group,) * bool(chunk.group)
    return Passage(-1, document, span, clean.to_raw(span), span.of(clean.text), path)


# --- sizes


@dataclass(frozen=True, slots=True)
class Measure:
    """The estimated tokens of any run of characters of one text, in constant time."""

    sums: (
        NDArray[np.int32] | NDArray[np.int64]
    )  # (len(text) + 1,), sixteenths of a token before each character
    scale: float  # tokens a sixteenth, as this encoder counts this text

    @classmethod
    def of(cls, text: str, count_tokens: CountTokens | None) -> "Measure":
        """Weigh characters, and compare with what the encoder counts on a sample."""
        codes = characters(text)
        small = len(codes) * 16 < 1 << 31
        weights = np.append(np.uint8(0), _weights()[np.minimum(codes, 0xFFFF)])
        sums = weights.cumsum(dtype=np.int32 if small else np.int64)
        if count_tokens is None:
            return cls(sums, 1 / 16)
        step = max(len(text) // _SAMPLES, _SAMPLE_LENGTH)
        places = range(0, len(text), step)
        counted = sum(count_tokens([fold(text[i : i + _SAMPLE_LENGTH]) for i in places]))
        weighed = sum(int(sums[min(i + _SAMPLE_LENGTH, len(text))] - sums[i]) for i in places)
        return cls(sums, max(counted, 1) / max(weighed, 16))

    def size(self, first: int, last: int) -> float:
        """Return the tokens of the characters from `first` up to `last`."""
        return float(self.sums[last] - self.sums[first]) * self.scale


@cache
def _weights() -> NDArray[np.uint8]:
    """Return sixteenths of a token by code point, as multilingual-e5 counts policy documents."""
    weights = np.full(0x10000, 12, np.uint8)
    weights[0x3400:0xA000] = 11
    weights[:0x80] = 14
    for characters_of, weight in ((r"\s", 1), (r"\d", 6), ("[A-Za-z]", 4)):
        weights[[code for code in range(0x80) if re.match(characters_of, chr(code))]] = weight
    weights[0x2000:0x2070] = weights[0x3000:0x3040] = weights[0xFF00:0xFFF0] = 14
    weights[0x3000] = 1
    return weights


class _Budget:
    """How long the text of a passage may be under each heading."""

    def __init__(self, tree: Outline, title: str, max_tokens: int, target: int) -> None:
        self._paths = tree.paths
        self._target = target
        self._room = max_tokens - _ADDED_TOKENS - len(title[:TITLE_LENGTH])
        self._least = max_tokens // 4
        self._path_length = min(_PATH_LENGTH, max_tokens // 3)

    def path(self, node: int) -> tuple[str, ...]:
        """Return the headings above a passage; the outermost give way when they are too long."""
        path = self._paths[node]
        while len(path) > 1 and sum(map(len, path)) + len(path) > self._path_length:
            path = path[1:]
        return (path[0][: self._path_length],) if len(path) == 1 else path

    def most(self, node: int) -> int:
        """Return how many tokens of text fit under a heading, which has one a character at most."""
        path = self.path(node)
        return max(self._room - sum(map(len, path)) - len(path), self._least)

    def limit(self, node: int) -> int:
        """Return how many tokens of text a passage under a heading should have at most."""
        return min(self._target, self.most(node))


# --- sections to chunks


def _chunks(lines: Lines, tree: Outline, measure: Measure, budget: _Budget) -> Iterator[_Chunk]:
    starts, ends = lines.starts.tolist(), lines.ends.tolist()
    for section in tree.sections:
        first, last = starts[section.first], ends[section.last - 1]
        limit = budget.limit(section.node)
        if measure.size(first, last) <= limit:
            yield _Chunk(first, last, section.node, True)
        else:
            units = _units(lines, section, measure, limit)
            groups = _groups(lines, section) if section.is_table else {}
            for i in range(len(units.starts) - 1 if groups else 0):
                units.closes[i] &= int(units.starts[i + 1]) not in groups
            most = budget.most(section.node)
            for start, end in _packed(units, section.headings, measure, limit, most):
                yield _Chunk(start, end, section.node, False, groups.get(start, ""))


def _groups(lines: Lines, section: Section) -> dict[int, str]:
    """Return where rows begin whose first cells are empty -> what the rows above say in them.

    A cell that is merged over several rows has its text in the first of them only.
    """
    groups: dict[int, str] = {}
    above: list[str] = []
    for i in range(section.first + section.headings, section.last):
        start = before = int(lines.starts[i])
        while before and lines.text[before - 1] == "\t":
            before -= 1
        empty = start - before
        if empty and (group := " | ".join(filter(None, above[:empty]))):
            groups[start] = group[:_GROUP_LENGTH]
        above = above[:empty] + cells(lines[i])
    return groups


@dataclass(frozen=True, slots=True)
class _Units:
    """What is not cut any more, in order; `closes[i]` if unit i ends its line."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    closes: NDArray[np.bool_]


def _units(lines: Lines, section: Section, measure: Measure, limit: float) -> _Units:
    """Return the lines of a section; those that are too long in parts."""
    starts, ends = (
        lines.starts[section.first : section.last],
        lines.ends[section.first : section.last],
    )
    sizes = (measure.sums[ends] - measure.sums[starts]) * measure.scale
    if not (sizes > limit).any():
        return _Units(starts, ends, np.ones(len(starts), bool))
    parts: list[tuple[int, int, bool]] = []
    for start, end, size in zip(starts.tolist(), ends.tolist(), sizes.tolist(), strict=True):
        if size <= limit:
            parts.append((start, end, True))
            continue
        found = [
            piece
            for cell in _cells(lines.text, Span(start, end), section.is_table)
            for piece in _sentences(lines.text, cell, measure, limit)
        ]
        parts += [(piece.start, piece.end, piece is found[-1]) for piece in found]
    columns = [np.array(column) for column in zip(*parts, strict=True)]
    return _Units(columns[0], columns[1], columns[2])


_CELL_END = re.compile(r"[\t|]+")


def _cells(text: str, row: Span, is_table: bool) -> list[Span]:
    """Cut a row between its cells; the bars of Markdown stay with the cell before them."""
    if not is_table:
        return [row]
    ends = [match.end() for match in _CELL_END.finditer(text, row.start, row.end)]
    edges = [row.start, *(end for end in ends if end < row.end), row.end]
    return [Span(a, b) for a, b in pairwise(edges) if text[a:b].strip()]


def _sentences(text: str, span: Span, measure: Measure, limit: float) -> Iterator[Span]:
    """Cut a span into sentences if it is too long; those that are too long into clauses."""
    if measure.size(span.start, span.end) <= limit:
        yield span
        return
    for sentence in sentence_spans(span.of(text)):
        placed = Span(span.start + sentence.start, span.start + sentence.end)
        yield from _pieces(text, placed, measure, limit)


def _pieces(text: str, span: Span, measure: Measure, limit: float) -> Iterator[Span]:
    size = measure.size(span.start, span.end)
    if size <= limit or len(span) == 1:
        yield span
        return
    for piece in pieces(text, span, max(1, int(len(span) * limit / size))):
        yield from _pieces(text, piece, measure, limit)


def _packed(
    units: _Units, headings: int, measure: Measure, limit: float, most: float
) -> Iterator[tuple[int, int]]:
    """Group units into parts of about equal size, of at most `limit` tokens, best at line ends.

    Headings, which are the first units, go with the one below them if that has at most `most`.
    """
    before = measure.sums[units.starts] * measure.scale
    after = measure.sums[units.ends] * measure.scale
    penalty = np.where(units.closes, 0.0, _INSIDE_LINE * limit)
    first, count = 0, len(before)
    while first < count:
        rest = after[-1] - before[first]
        last = count
        if rest > limit:
            goal = rest / math.ceil(rest / limit)
            fitting = int(np.searchsorted(after, before[first] + limit, "right"))
            last = max(fitting, first + 1)
            costs = np.abs(after[first:last] - before[first] - goal) + penalty[first:last]
            last = first + 1 + int(costs.argmin())
            if first == 0 and last <= headings < count:
                fits = after[headings] - before[0] <= most
                last = headings + 1 if fits else last
        yield int(units.starts[first]), int(units.ends[last - 1])
        first = last


# --- neighbours


def _merged(
    chunks: Iterator[_Chunk], tree: Outline, measure: Measure, target: int
) -> Iterator[_Chunk]:
    """Let short sections share a passage with their neighbours, under the heading of both."""
    last: _Chunk | None = None
    for chunk in chunks:
        joined = _joined(last, chunk, tree, measure, target) if last else None
        if last and not joined:
            yield last
        last = joined or chunk
    if last:
        yield last


def _joined(
    one: _Chunk, other: _Chunk, tree: Outline, measure: Measure, target: int
) -> _Chunk | None:
    if measure.size(one.first, other.last) > target:
        return None
    sizes = measure.size(one.first, one.last), measure.size(other.first, other.last)
    above = tree.parents[other.node] == one.node
    # The title above its first article takes nothing from the number by which that is cited.
    if above and sizes[0] < (MIN_TOKENS if other.node in tree.articles else LONELY_TOKENS):
        return _Chunk(one.first, other.last, other.node, other.whole and one.whole)
    short = any(
        size < (LONELY_TOKENS if chunk.node in tree.articles else MIN_TOKENS)
        for chunk, size in zip((one, other), sizes, strict=True)
    )
    node = _common(one.node, other.node, tree)
    if short and one.whole and other.whole and node is not None:
        return _Chunk(one.first, other.last, node, True)
    return None


def _common(one: int, other: int, tree: Outline) -> int | None:
    """Return the heading of two sections that are siblings, or of which one heads the other."""
    if one == other or tree.parents[other] == one:
        return one
    if tree.parents[one] == other:
        return other
    return tree.parents[one] if tree.parents[one] == tree.parents[other] else None


# --- what the encoder would cut off


def _fitted(
    clean: CleanText,
    title: str,
    found: list[Passage],
    measure: Measure,
    count_tokens: CountTokens,
    room: int,
) -> list[Passage]:
    """Cut passages that are longer than `room` as the encoder counts, with title and headings.

    Only those are counted that can be: no tokenizer of these makes more tokens than characters.
    """
    doubtful = {i for i, p in enumerate(found) if _may_exceed(title, p, measure, room)}
    for _ in range(_ROUNDS):
        order = sorted(doubtful)
        counts = count_tokens([fold(encoded_text(title, found[i])) for i in order]) if order else []
        long = {i: n for i, n in zip(order, counts, strict=True) if n > room}
        if not long:
            break
        parts: list[Passage] = []
        doubtful = set()
        for i, passage in enumerate(found):
            halves = _halves(clean, passage, measure) if i in long else [passage]
            doubtful |= set(range(len(parts), len(parts) + len(halves))) if i in long else set()
            parts += halves
        found = parts
    return found


def _may_exceed(title: str, passage: Passage, measure: Measure, room: int) -> bool:
    length = len(title[:TITLE_LENGTH]) + sum(map(len, passage.heading)) + len(passage.text)
    estimate = measure.size(passage.span.start, passage.span.end)
    return 1.1 * length > room or 1.7 * estimate > room


def _halves(clean: CleanText, passage: Passage, measure: Measure) -> list[Passage]:
    span = passage.span
    limit = measure.size(span.start, span.end) / 2
    whole = Section(0, 1, ROOT, 0)
    lines = Lines(clean.text, np.array([span.start]), np.array([span.end]), np.zeros(1, bool))
    units = _units(lines, whole, measure, max(limit, 1))
    chunks = [
        _Chunk(first, last, ROOT, False)
        for first, last in _packed(units, 0, measure, 1.5 * limit, 1.5 * limit)
    ]
    return [_passage(clean, passage.document, chunk, passage.heading) for chunk in chunks]
