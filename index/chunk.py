"""Clean text -> passages, along headings and sentences."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from index.script import fold_characters
from index.sentences import pieces, sentence_spans
from index.types import CleanText, Passage, Span

# Characters. About 200 tokens with title and heading: far below the encoder's 512, and short
# passages rank better.
MAX_LENGTH = 350
# A new heading begins a new passage once the one before is at least this long.
MIN_LENGTH = 80
_HEADING_LENGTH = 40
_MARKDOWN_LENGTH = 100  # what is longer with a # before it is no heading, whatever its author meant
_RUN_IN_LENGTH = 30  # of a heading that opens a paragraph: （一）发展现状。

# Outermost first, on folded lines; a heading closes those of its own level and below.
_NUMBERED = (
    (1, re.compile(r"第[一二三四五六七八九十百零〇\d]{1,5}[编篇章]")),
    (2, re.compile(r"第[一二三四五六七八九十百零〇\d]{1,5}节")),
    (3, re.compile(r"[一二三四五六七八九十]{1,3}、")),
    (4, re.compile(r"\([一二三四五六七八九十]{1,3}\)")),
    (6, re.compile(r"\d{1,2}(?:、|\.(?!\d))")),
    (7, re.compile(r"\(\d{1,2}\)")),
)
_CHAPTERS = (1, 2)  # 第一章规定了… is a sentence, unlike （一）发展现状。…
_ARTICLE = re.compile(r"第[一二三四五六七八九十百零〇\d]{1,5}条(?:之[一二三四五])?")
_ARTICLE_LEVEL = 6
_PLAIN_LEVEL = 5  # a short line without a number, which may head a list 1. 2. 3.
_MARKDOWN = re.compile(r"(#{1,6})\s+(.+)")
_NO_HEADING = re.compile(
    r"[。；;!?！？]|[,，:：、]$|^[|•·●\-*]|\d{4}年|https?:|@|^(?:电话|邮箱|地址|来源)|^\(.*\)$|记者|通讯员|作者"
)


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, or a piece of one that is too long, with the headings above it."""

    span: Span
    heading: tuple[str, ...]
    is_heading: bool
    opens: bool  # the first of its heading


def passages(clean: CleanText, document: str, title: str = "") -> list[Passage]:
    """Return the passages of a document in order, ids not yet given.

    They are runs of whole sentences of at most MAX_LENGTH characters, they do not overlap, and all
    text but the white space between sentences stands in one of them.
    """
    units = _units(clean.text, title)
    return [_passage(clean, document, group) for group in _packed(units)]


def _passage(clean: CleanText, document: str, units: list[_Unit]) -> Passage:
    span = Span(units[0].span.start, units[-1].span.end)
    body = next((unit for unit in units if not unit.is_heading), units[0])
    return Passage(-1, document, span, clean.to_raw(span), span.of(clean.text), body.heading)


def _packed(units: Iterable[_Unit]) -> Iterator[list[_Unit]]:
    """Group units into passages; a heading goes with what follows it, if both fit."""
    group: list[_Unit] = []
    for unit in units:
        if group and _begins_new(group, unit):
            carried = _trailing_headings(group)
            if carried and unit.span.end - carried[0].span.start > MAX_LENGTH:
                carried = []
            yield group[: len(group) - len(carried)]
            group = carried
        group.append(unit)
    if group:
        yield group


def _begins_new(group: list[_Unit], unit: _Unit) -> bool:
    start = group[0].span.start
    if unit.span.end - start > MAX_LENGTH:
        return True
    says_something = any(not other.is_heading for other in group)
    return unit.opens and says_something and group[-1].span.end - start >= MIN_LENGTH


def _trailing_headings(group: list[_Unit]) -> list[_Unit]:
    count = 0
    while count < len(group) and group[-1 - count].is_heading:
        count += 1
    return group[len(group) - count :] if count < len(group) else []


def _units(text: str, title: str) -> Iterator[_Unit]:
    path: list[tuple[int, str]] = []
    lines = [Span(*match.span()) for match in re.finditer(r"[^\n]+", text)]
    for i, line in enumerate(lines):
        following = lines[i + 1].of(text) if i + 1 < len(lines) else ""
        heading = _heading(line.of(text), following, title)
        if heading:
            level, name, _ = heading
            path = [entry for entry in path if entry[0] < level and name != title]
            path += [(level, name)] if name != title else []
        names = tuple(name for _, name in path)
        yield from _units_of_line(text, line, names, heading)


def _units_of_line(
    text: str, line: Span, names: tuple[str, ...], heading: tuple[int, str, bool] | None
) -> Iterator[_Unit]:
    opens = heading is not None
    whole = heading is not None and heading[2]
    for sentence in sentence_spans(line.of(text)):
        placed = Span(line.start + sentence.start, line.start + sentence.end)
        for piece in pieces(text, placed, MAX_LENGTH):
            yield _Unit(piece, names, whole, opens)
            opens = False


def _heading(line: str, following: str, title: str) -> tuple[int, str, bool] | None:
    """Return level, text and whether the whole line is the heading; None if it is not one."""
    folded = fold_characters(line)
    if (match := _MARKDOWN.match(line)) and len(line) <= _MARKDOWN_LENGTH:
        return len(match[1]), match[2].strip(), True
    if match := _ARTICLE.match(folded):
        return _ARTICLE_LEVEL, line[: match.end()], False
    for level, pattern in _NUMBERED:
        if match := pattern.match(folded):
            may_run_in = level not in _CHAPTERS or folded[match.end() :][:1] in ("", " ")
            return _numbered(level, line, may_run_in)
    if line != title and _is_plain_heading(line, folded, following):
        return _PLAIN_LEVEL, line, True
    return None


def _numbered(level: int, line: str, may_run_in: bool) -> tuple[int, str, bool] | None:
    if len(line) <= _HEADING_LENGTH and line[-1] not in "。；;，,":
        return level, line, True
    first = re.split("[。:：]", line)[0]
    return (level, first, False) if may_run_in and len(first) <= _RUN_IN_LENGTH else None


def _is_plain_heading(line: str, folded: str, following: str) -> bool:
    """Tell whether a short line without a number heads the prose below it."""
    short = 4 <= len(line) <= _HEADING_LENGTH
    return short and not _NO_HEADING.search(folded) and len(following) > len(line) + 10


def encoded_text(title: str, passage: Passage) -> str:
    """Return what is encoded and searched for a passage: here alone title and heading join it."""
    parts = [title, " ".join(passage.heading), passage.text]
    return "\n".join(part for part in parts if part)
