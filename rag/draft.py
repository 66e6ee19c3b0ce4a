"""Drafts: the sentences of a model's text, and the marks by which they cite evidence; pure."""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate, chain

from index.sentences import sentence_spans
from index.types import Span
from rag.types import Draft, DraftSentence

_LABEL = r"(?:来源|來源|资料|資料|段落|passages?|sources?)\s*[:：]?\s*"
_NUMBER = rf"(?:{_LABEL})?\d{{1,3}}"
_NUMBERS = rf"{_NUMBER}(?:\s*(?:[,，、;；&~–-]|and|和|至)\s*{_NUMBER})*"
# As models write them: [1] 【1】 ［1］ [^1] [1,2] [1-3] [来源1] 【1†source】 (来源1) (1) ¹
_MARK = re.compile(
    rf"""
    [^\S\n]*(?:
      [\[［【]\s*\^?(?P<bracketed>{_NUMBERS})\s*(?:†[^\]］】\n]{{0,40}})?[\]］】]
      | [(（]\s*(?P<labelled>{_LABEL}{_NUMBERS})\s*[)）]
      | (?:[,，]\s*|(?<=[。.．!！?？;；\s]))(?P<spoken>{_LABEL}\d{{1,2}})(?=[。.．!！?？;；\s]|$)
      | [(（](?P<plain>\d{{1,2}})[)）](?=[。.．!！?？;；,，…\s\[［【(（]|$)
    )
    | (?<!\d)(?<!(?<![a-z])m)(?<!(?<![a-z])[kcdm]m)(?<![⁰¹²³⁴-⁹])
      (?P<raised>[¹²³⁴-⁹][⁰¹²³⁴-⁹]{{0,5}}+)
      (?![⁰¹²³⁴-⁹A-Za-z])  # ¹⁷⁷Lu is an isotope
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MARKS_BEHIND = re.compile(r"(?:[\[(（［【]\d{1,3}[\])）］】]){1,20}")
_RANGE = re.compile(r"(\d+)(?:\s*[~–至-]\s*(\d+))?")
_LONGEST_RANGE = 20  # [1-300] is no list of sources
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_TERMINALS = "。！？!?.．；;…"


def parse_draft(text: str, known: Collection[int]) -> Draft:
    """Take the marks out of a draft and give them to the sentences that they stand in or behind.

    A mark at the beginning of a line belongs to the sentence that it opens. `known` are the numbers
    that evidence has; other numbers are kept apart as unknown. A number in parentheses or raised is
    text when no evidence has it, or when it numbers a list: (3), m².
    """
    bare, marks = _take_out(text, known)
    spans = sentence_spans(bare)
    starts = [span.start for span in spans]
    owners: dict[int, list[int]] = {}
    for position, numbers in marks:
        owners.setdefault(_owner(bare, starts, position), []).extend(numbers)
    sentences = (_sentence(bare, span, owners.get(i, []), known) for i, span in enumerate(spans))
    return Draft(bare, tuple(sentences))


def _sentence(
    text: str, span: Span, numbers: Sequence[int], known: Collection[int]
) -> DraftSentence:
    unique = tuple(dict.fromkeys(numbers))
    marks = tuple(n for n in unique if n in known)
    return DraftSentence(span, span.of(text), marks, tuple(n for n in unique if n not in known))


def _take_out(text: str, known: Collection[int]) -> tuple[str, list[tuple[int, list[int]]]]:
    """Return a text without marks, and the places in it where they stood, in order.

    Taking out [1] may leave another, as in [[1]2]; so this goes on until none is left.
    """
    marks: list[tuple[int, list[int]]] = []
    while found := list(_marks(text, known)):
        removed = [span for span, _ in found]
        marks += [(span.start, numbers) for span, numbers in found]
        places = _moved([position for position, _ in marks], removed)
        marks = [(place, numbers) for place, (_, numbers) in zip(places, marks, strict=True)]
        text = "".join(gap.of(text) for gap in _gaps(removed, len(text)))
    return text, sorted(marks, key=lambda mark: mark[0])


def _gaps(removed: Sequence[Span], length: int) -> list[Span]:
    edges = [0, *chain.from_iterable((span.start, span.end) for span in removed), length]
    return [Span(*edge) for edge in zip(edges[::2], edges[1::2], strict=True)]


def _moved(positions: Sequence[int], removed: Sequence[Span]) -> list[int]:
    """Return where places are once the spans have been removed."""
    starts = [span.start for span in removed]
    lengths = list(accumulate((len(span) for span in removed), initial=0))
    moved = []
    for position in positions:
        before = bisect_left(starts, position)
        inside = max(0, removed[before - 1].end - position) if before else 0
        moved.append(position - lengths[before] + inside)
    return moved


def _marks(text: str, known: Collection[int]) -> Iterator[tuple[Span, list[int]]]:
    for match in _MARK.finditer(text):
        numbers = list(_numbers(match, known))
        sure = match["bracketed"] or match["labelled"]
        if not sure and not all(number in known for number in numbers):
            continue
        if not match["plain"] or not _numbers_list(text, match):
            yield Span(*match.span()), numbers


def _numbers_list(text: str, match: re.Match[str]) -> bool:
    """Tell whether (1) numbers what follows: "… : (1) grants; (2) …", or opens a line."""
    before = text[max(0, match.start() - 8) : match.start()]
    others = _MARKS_BEHIND.match(text, match.end())
    end = others.end() if others else match.end()
    after = text[end : end + 1]
    if before.rstrip(" \t")[-1:] in ("", *"\n:：;；,，、(（"):
        return True
    spaced = match[0][0].isspace() and before[-1] not in _TERMINALS
    return spaced and after.isspace() and after != "\n"


def _numbers(match: re.Match[str], known: Collection[int]) -> Iterator[int]:
    if raised := match["raised"]:
        digits = raised.translate(_SUPERSCRIPT)
        yield from (int(digits),) if int(digits) in known else map(int, digits)
        return
    said = match["bracketed"] or match["labelled"] or match["spoken"] or match["plain"]
    for first, last in _RANGE.findall(re.sub(_LABEL, "", said, flags=re.IGNORECASE)):
        low, high = sorted((int(first), int(last or first)))
        yield from range(low, min(high, low + _LONGEST_RANGE) + 1)


def _owner(text: str, starts: Sequence[int], position: int) -> int:
    """Return which sentence a mark belongs to: the one it opens, else the last begun before it."""
    begun = bisect_left(starts, position)
    line_start = text.rfind("\n", 0, position) + 1
    line_end = text.find("\n", position)
    rest = text[position : line_end if line_end >= 0 else len(text)]
    opens = not text[line_start:position].strip() and rest.strip()
    return begun if opens or begun == 0 else begun - 1


def with_marks(draft: Draft, numbers: Sequence[Sequence[int]]) -> str:
    """Return the text of a draft with new marks, those of a sentence before its stop: "… [1]."."""
    parts: list[str] = []
    position = 0
    for sentence, cited in zip(draft.sentences, numbers, strict=True):
        if cited:
            end = sentence.span.start + _before_stop(sentence.text)
            parts += [draft.text[position:end], *(f"[{n}]" for n in cited)]
            position = end
    return "".join([*parts, draft.text[position:]])


def _before_stop(sentence: str) -> int:
    return max(1, len(sentence.rstrip(_TERMINALS + " \t")))
