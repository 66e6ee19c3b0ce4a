"""Drafts: the sentences of a model's text and the marks by which they cite numbered evidence; pure."""

import re
from collections.abc import Collection, Iterator, Sequence

from index.sentences import sentence_spans
from index.types import Span
from rag.types import Draft, DraftSentence

# As models write them: [1] 【1】 ［1］ [1,2] [1][2] [来源1] (1) ¹
_NUMBERS = r"(?:来源|來源|资料|資料|passage|source)?\s*(\d{1,3}(?:\s*[,，、;-]\s*\d{1,3})*)"
_MARK = re.compile(rf"\s*[\[［【]\s*{_NUMBERS}\s*[\]］】]|\s*[(（](\d{{1,2}})[)）](?=[。．.!！?？;；\s]|$)|([¹²³⁴⁵⁶⁷⁸⁹]+)", re.IGNORECASE)
_SUPERSCRIPT = str.maketrans("¹²³⁴⁵⁶⁷⁸⁹", "123456789")
_TERMINALS = "。！？!?.．；;…"


def parse_draft(text: str, known: Collection[int]) -> Draft:
    """Take the marks out of a draft and give them to the sentences that they stand in or behind.

    `known` are the numbers that evidence has; other numbers are kept apart as unknown. A parenthesised number that no evidence
    has, such as a list item's (3), stays text.
    """
    bare, marks = _take_out(text, known)
    spans = sentence_spans(bare)
    owners: dict[int, list[int]] = {}
    for position, numbers in marks:
        owner = _owner(spans, position)
        if owner is not None:
            owners.setdefault(owner, []).extend(numbers)
    return Draft(bare, tuple(_sentence(bare, span, owners.get(i, []), known) for i, span in enumerate(spans)))


def _sentence(text: str, span: Span, numbers: Sequence[int], known: Collection[int]) -> DraftSentence:
    unique = tuple(dict.fromkeys(numbers))
    marks = tuple(n for n in unique if n in known)
    return DraftSentence(span, span.of(text), marks, tuple(n for n in unique if n not in known))


def _take_out(text: str, known: Collection[int]) -> tuple[str, list[tuple[int, list[int]]]]:
    parts: list[str] = []
    marks: list[tuple[int, list[int]]] = []
    position = length = 0
    for match in _MARK.finditer(text):
        numbers = list(_numbers(match))
        if match[2] and numbers[0] not in known:
            continue
        parts.append(text[position : match.start()])
        length += match.start() - position
        marks.append((length, numbers))
        position = match.end()
    return "".join([*parts, text[position:]]), marks


def _numbers(match: re.Match[str]) -> Iterator[int]:
    if match[3]:
        yield from (int(digit) for digit in match[3].translate(_SUPERSCRIPT))
        return
    for part in re.split(r"\s*[,，、;]\s*", match[1] or match[2]):
        first, _, last = part.partition("-")
        low = int(first)
        yield from range(low, min(int(last), low + 20) + 1) if last.strip() else (low,)


def _owner(spans: Sequence[Span], position: int) -> int | None:
    """Return the last sentence that begins before a mark."""
    before = [i for i, span in enumerate(spans) if span.start < position]
    return before[-1] if before else None


def with_marks(draft: Draft, numbers: Sequence[Sequence[int]]) -> str:
    """Return the text of a draft with new marks, those of a sentence before its final stop: "… [1]."."""
    parts: list[str] = []
    position = 0
    for sentence, cited in zip(draft.sentences, numbers, strict=True):
        end = sentence.span.end
        while cited and end > sentence.span.start + 1 and draft.text[end - 1] in _TERMINALS:
            end -= 1
        parts += [draft.text[position:end], "".join(f"[{n}]" for n in cited)]
        position = end
    return "".join([*parts, draft.text[position:]])
