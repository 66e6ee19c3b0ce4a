"""Sentences and clauses of Chinese and English text, as spans."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from index.types import Span

_TERMINAL = "。！？!?…"
_BRACKETS = ("“”", "「」", "『』", "（）", "()", "《》", "〈〉", "【】", "〔〕", "[]", "［］", "{}")
_OPENERS = "".join(pair[0] for pair in _BRACKETS)
_CLOSERS = "".join(pair[1] for pair in _BRACKETS)
# People write （ … ) as well, so the width does not count.
_KIND = {
    **{bracket: pair for pair in _BRACKETS for bracket in pair},
    **dict.fromkeys("()", "（）"),
    **dict.fromkeys("[]［］", "〔〕"),
}
_BRACKET = re.compile(f"[{re.escape(_OPENERS + _CLOSERS)}]")
_NUMBER = 20  # characters, white space included, in which the number of a heading stands
# What still belongs to a sentence after its terminal.
_AFTER = re.escape(_TERMINAL + _CLOSERS) + "’\"'"
# A question that is a title, and what goes on behind a terminal, are in the middle of a sentence.
_STOP = re.compile(rf"[{_TERMINAL}][{_AFTER}]*+(?<![》〉])(?![，、；：,;:的等])")
_ADDRESS = re.compile(r"(?<=[\w/=])[?!](?=[\w/=&%#.-])", re.ASCII)  # ? in https://example.cn/?id=1
_LATIN_STOP = re.compile(
    r"(?<=[A-Za-z\d)\]\"”%])"
    r"(?<!\b[A-Za-z])(?<!\bNo)(?<!\bNos)(?<!\b[DM]r)(?<!\bM[rs]s)(?<!\bMs)(?<!\bArt)(?<!\bFig)"
    r"(?<!\bSec)(?<!\bvs)(?<!\bCo)"
    r"\.[)\]\"”']*(?=\s+[\"“(]?[A-Z\u3400-\u9fff]|\s*$)"
)
# Where a sentence that is too long is cut, the best places first; a comma or colon between digits
# belongs to a number or a time.
_CLAUSE_ENDS = (
    _STOP,
    re.compile("[；;]+"),
    re.compile(r"(?<!\d)[，,：:、]|[，,：:、](?!\d)"),
)
_SHORT = 60  # characters up to which a title or a quotation stays whole
_UNIT = (
    "[万亿萬億千百余餘多]*(?:美元|港元|欧元|歐元|个月|個月|平方米|公里|公斤|小时|小時|分钟|分鐘"
    "|[元家项項人名个個件年月日号號%％‰期次条條款章节節倍岁歲天周米吨噸亩畝]){0,2}"
)
_UNBREAKABLE = re.compile(
    rf"(?:\d[\d.,:/±~%％\-–—]*+ ?{_UNIT})++"
    rf"|第?[零〇一二三四五六七八九十百千万亿两]{{2,}}{_UNIT}"
    r"|[^\W\d_\u3400-\u9fff](?:[^\W_\u3400-\u9fff]|[.'\-])*+"
    + "".join(rf"|{a}[^{a}{b}\n]{{0,{_SHORT}}}{b}" for a, b in ("《》", "“”", "「」", "『』"))
)


def sentence_spans(text: str) -> list[Span]:
    """Return the sentences of `text` in order; a line end ends one, white space belongs to none.

    No sentence ends inside brackets or quotation marks that are closed on the same line.
    """
    return [span for line in re.finditer(r"[^\n]+", text) for span in _of_line(line)]


def _of_line(line: re.Match[str]) -> Iterator[Span]:
    start = 0
    for cut in [*_cuts(line[0]), len(line[0])]:
        part = line[0][start:cut]
        if tight := part.strip():
            begin = line.start() + start + part.index(tight[0])
            yield Span(begin, begin + len(tight))
        start = cut


def _cuts(line: str) -> list[int]:
    """Return where the sentences of a line end, the last one left out unless it says so itself."""
    addresses = {match.start() for match in _ADDRESS.finditer(line)}
    stops = {match.end() for match in _STOP.finditer(line) if match.start() not in addresses}
    stops |= {match.end() for match in _LATIN_STOP.finditer(line) if not _is_number(line, match)}
    if not stops:
        return []
    starts, ends = _brackets(line)
    return [stop for stop in sorted(stops) if bisect_left(starts, stop) == bisect_right(ends, stop)]


def _is_number(line: str, stop: re.Match[str]) -> bool:
    """Tell whether all that stands before a full stop is the number of a heading: 12. Title."""
    return stop.start() < _NUMBER and line[: stop.start()].strip().isdecimal()


def _brackets(line: str) -> tuple[list[int], list[int]]:
    """Return where the brackets open that are closed later on, and where they are closed, sorted.

    At a place between two characters, the brackets opened before it and not closed are around it.
    """
    starts: list[int] = []
    ends: list[int] = []
    opened: dict[str, list[int]] = {}
    for match in _BRACKET.finditer(line):
        waiting = opened.setdefault(_KIND[match[0]], [])
        if match[0] in _OPENERS:
            waiting.append(match.start())
        elif waiting:
            starts.append(waiting.pop())
            ends.append(match.end())
    return sorted(starts), ends


def pieces(text: str, span: Span, limit: int) -> list[Span]:
    """Cut a span into pieces of at most `limit` characters, nothing left out.

    Cuts are made behind sentences, else semicolons, else commas, else between words. A number with
    its unit, a title in 《》 and a quotation of up to 60 characters stay whole while they fit.
    """
    parts = [span]
    for pattern in _CLAUSE_ENDS:
        parts = [part for whole in parts for part in _split(text, whole, pattern, limit)]
    return [part for whole in parts for part in _chop(text, whole, limit)]


def _split(text: str, span: Span, pattern: re.Pattern[str], limit: int) -> Iterator[Span]:
    """Cut where the pattern ends, as late as fits."""
    start = last = span.start
    if len(span) > limit:
        for end in _allowed(text, span, pattern, limit):
            if end - start > limit and last > start:
                yield Span(start, last)
                start = last
            last = end
        if span.end - start > limit and last > start:
            yield Span(start, last)
            start = last
    if start < span.end:
        yield Span(start, span.end)


def _allowed(text: str, span: Span, pattern: re.Pattern[str], limit: int) -> list[int]:
    """Return the ends of the pattern that are inside nothing that is to stay whole and can."""
    found = (match.span() for match in _UNBREAKABLE.finditer(text, span.start, span.end))
    whole = [(start, end) for start, end in found if end - start <= limit]
    starts = [start for start, _ in whole]
    ends = [match.end() for match in pattern.finditer(text, span.start, span.end)]
    before = ((end, bisect_left(starts, end) - 1) for end in ends)
    return [end for end, i in before if i < 0 or whole[i][1] <= end]


def _chop(text: str, span: Span, limit: int) -> Iterator[Span]:
    start = span.start
    while span.end - start > limit:
        cut = start + limit
        window = _UNBREAKABLE.finditer(text, start, min(span.end, cut + limit))
        inside = next((m for m in window if m.start() < cut < m.end()), None)
        if inside and inside.start() > start:
            cut = inside.start()
        yield Span(start, cut)
        start = cut
    if start < span.end:
        yield Span(start, span.end)
