"""Drafts: the sentences of a model's text, and the marks by which they cite evidence; pure.

What a reader's program could take for a link, an image or HTML is made mere text on the way.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain, pairwise

from index.sentences import sentence_spans
from index.types import Span
from rag.types import Draft, DraftSentence

_HAN = "一二三四五六七八九十"
_WORD = (
    "(?:参考|參考)?(?:来源|來源|资料|資料|材料|段落|片段|文档|文檔|文献|文獻)|参考|參考|引用|引文"
    r"|\b(?:passage|source|citation|reference|document|ref|doc|chunk)s?(?![a-z])\.?"
)
_LABEL = rf"(?:{_WORD}|\bn(?=\s*=))\s*[:：=#]?\s*[\"“]?"
_NUMBER = (
    rf"(?:{_LABEL}\s*(?:\d{{1,3}}|[{_HAN}])|第?\d{{1,3}})(?:[段条號号](?=\s*[\]］】)）,，、]))?"
)
_JOIN = r"[,，、;；&~–-]|and|和|与|與|及|至"
_NUMBERS = rf"{_NUMBER}(?:\s*(?:{_JOIN})\s*{_NUMBER})*"
_SEE = r"(?:(?:详见|詳見|参见|參見|见|見|\bsee(?:\s+also)?|\bcf\.?)\s*)"
# As models write them: [1] 【1】 ［1］ [^1] [1,2] [1-3] [来源1] 【1†source】 〔1〕 <sup>1</sup>
# (来源1) (1) ① ¹ and, in words, 来源1. 粤府[98]5号 and 〔24〕5号 are document numbers, m² is
# a unit, ¹⁷⁷Lu an isotope. [9?] is how an unknown number is written back: it never becomes known.
_MARK = re.compile(
    rf"""
      \\?[\[［【]\s*[\^\#]?{_SEE}?(?P<bracketed>{_NUMBERS})[\"”]?
        (?:\s*[,，]\s*(?:pp?\.\s*|第)\d{{1,4}}页?)?
        \s*(?:†[^\]］】\n]{{0,40}})?\\?[\]］】](?!\s*第?\d{{1,5}}\s*[号號])
        (?:\(\#[\w-]{{0,40}}\))?
    | \[(?P<strange>\d{{1,3}})\?\]
    | [(（]\s*{_SEE}?(?P<labelled>{_LABEL}\s*{_NUMBERS})[\"”]?\s*[)）]
    | (?:[,，]\s{{0,4}}|(?<=[。.．!！?？;；\s]))(?P<spoken>{_LABEL}\d{{1,2}})
        (?=[。.．!！?？;；\s]|$)
    | [(（]第(?P<part>\d{{1,2}})[段条][)）]
    | (?:[(（](?P<plain>\d{{1,2}})[)）]|(?P<circled>[①-⑳]))(?=[。.．!！?？;；,，…\s\[［【(（①-⑳]|$)
    | 〔\s*(?P<tortoise>\d{{1,2}}(?:\s*(?:{_JOIN})\s*\d{{1,2}})*)\s*〕(?!\s*第?\d{{1,5}}\s*[号號])
    | (?<!\d)(?<!(?<![a-z])m)(?<!(?<![a-z])[kcdm]m)<sup>\s*
        (?P<superior>\d{{1,2}}(?:\s*(?:{_JOIN})\s*\d{{1,2}})*)\s*</sup>
    | (?<!\d)(?<!(?<![a-z])m)(?<!(?<![a-z])[kcdm]m)(?<![⁰¹²³⁴-⁹])
      (?P<raised>[¹²³⁴-⁹][⁰¹²³⁴-⁹]{{0,5}}+)
      (?![⁰¹²³⁴-⁹A-Za-z])
    | (?P<named>{_LABEL}\s*(?:\d{{1,2}}|[{_HAN}])(?![\d.．%％{_HAN}])
        (?:\s*(?:{_JOIN})\s*(?:{_LABEL})?\s*\d{{1,2}}(?![\d.．%％]))*)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SURE = ("bracketed", "strange", "labelled")  # marks even when no evidence has their number
_SAID = (*_SURE, "spoken", "part", "plain", "tortoise", "superior", "named")
_BETWEEN = re.compile(rf"[^\S\n]{{0,4}}(?:{_JOIN})?[^\S\n]{{0,4}}")
_THROUGH = re.compile(r"\s*[~–至-]\s*")
# What a number behind it belongs to: 表(1), 附件〔2〕, 第①.
_NUMBERED = re.compile("(?:[表图圖第式款项項条條例]|附件|附录|附錄|Table|Figure|Fig\\.|Annex) ?$")
_MARKS_BEHIND = re.compile(r"(?:[\[(（［【]\d{1,3}[\])）］】]){1,20}")
_RANGE = re.compile(rf"(\d+|[{_HAN}])(?:\s*[~–至-]\s*(?:{_LABEL})?(\d+))?", re.IGNORECASE)
_LONGEST_RANGE = 20  # [1-300] is no list of sources
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_CIRCLED = ord("①") - 1
_TERMINALS = "。！？!?.．；;…"
# Marks inside marks, such as [[1]2]: what is nested deeper is no writing, and loses its brackets.
_DEEPEST = 4
_BRACKET = re.compile(r"[][［］【】〔〕()（）⁰¹²³⁴-⁹①-⑳]")

# What goes with marks. Each looks at so many characters before or behind them, so that a text takes
# time in proportion to its length.
_NEAR = 60
_OPENS = r"(?:^|(?<=[\n。．.!！?？;；])\s*)(?:[-*•]\s+|\d{1,2}[.、]\s*)?"
_CLAUSE = rf"(?:(?P<comma>[,，]\s*)|(?<=[:：])\s*|{_OPENS})"
_WRAPS = (("**", "**"), ("__", "__"), ("`", "`"), ("*", "*"), ("⁽", "⁾"), ("<sup>", "</sup>"))
_SEE_BEFORE = re.compile(
    rf"(?:[,，;；]\s*|(?<=[。．.!！?？\s])|^)(?:{_SEE}|引自|出处|出處|\bsources?)?(?:于|於)?"
    rf"(?:{_WORD})?\s*[:：]?\s*$",
    re.IGNORECASE,
)
_SEEN = re.compile(rf"(?:{_SEE}|引自|出处|出處|于|於|{_WORD})\s*[:：]?\s*$", re.IGNORECASE)
_AT_END = re.compile(r"\s*(?:[。．.!！?？;；|]|$)")
_IN_PARENTHESES = re.compile(
    rf"\s*[(（]\s*(?:{_SEE}|引自|出处|出處|{_WORD}|from|per)?(?:于|於)?\s*(?:{_WORD})?\s*[:：]?\s*$",
    re.IGNORECASE,
)
_CLOSES = re.compile(r"\s*[)）]")
_BY_BEFORE = re.compile(
    rf"{_CLAUSE}(?:正?如|根据|根據|依据|依據|按照|依照|参照|參照|据|據|从|從|在"
    r"|according to|as \w+ (?:in|by)|based on|per|in|from|under)"
    rf"\s*(?:{_WORD})?\s*第?$",
    re.IGNORECASE,
)
_BULLET = re.compile(r"\s*(?:[-*•]\s+|\d{1,2}[.、]\s*)?")
_LABELS = re.compile(_WORD, re.IGNORECASE)
_NOUN = "(?:[号號])?的?(?:资料|資料|材料|段落|文件|文档|文檔|内容|內容|规定|規定|信息|说法|說法)?"
_BY_BEHIND = re.compile(
    rf"{_NOUN}(?:中|里|裡)?(?:所述|所示|所说|可知|来看|來看|显示|顯示|指出|记载|記載|介绍)?\s*[,，:：]\s*"
)
_SAYS_BEFORE = re.compile(rf"{_OPENS}(?P<label>{_WORD}|第)?\s*$", re.IGNORECASE)
_SAYS_BEHIND = re.compile(
    rf"{_NOUN}(?:明确|明確|也|还|還|则|則|中)?"
    "(?P<verb>指出|提到|显示|顯示|说|說|称|稱|写道|寫道|规定|規定|表明|说明|說明|载明|載明|记载|記載)?"
    r"\s*(?P<colon>[,，:：])\s*(?!//)"
    r"|(?:指出|显示|顯示|表明)(?![了的过過])"
    r"|\s+(?:also )?(?:say|state|note|show|mention|report|indicate|confirm|specif|explain)"
    r"(?:s|ies|y)?\b(?: that\b)?[,:]?\s*",
    re.IGNORECASE,
)
_SUBJECT_BEHIND = re.compile(
    r"(?=[\u3400-\u9fff])(?![个個份项項年月日天万萬亿億千百元家名人条條期类類号號页頁章节節等层層])"
    r"|(?= [a-z]+(?:s|es|ed)? )(?! (?:million|billion|percent|per|of|and|or|to|for)\b)"
)
_ISSUE_BEHIND = re.compile("[号號](?:资料|資料|材料|文件|文档|段落)?(?![\u3400-\u9fff])")

# What shows no character of its own, and could turn or hide others.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
_PILED = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{3})"
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+"
)
# Where Markdown or HTML would begin to be more than text, and the same in full width. A mark's own
# <sup> is taken out before.
_LIVE = (
    # behind a quotation mark too: there a mark of ours may come to stand
    (re.compile(r"(?<=[\])）”\"’'」』》])\("), "（"),
    (re.compile(r"(?<=\]):"), "："),
    (re.compile(r"!(?=\[)"), "！"),
    (re.compile(r"<(?=[a-z/!?])", re.IGNORECASE), "＜"),
)


@dataclass(frozen=True, slots=True)
class _Mark:
    """Numbers, where they stand, and whether they lead: then what follows rests on them."""

    span: Span
    numbers: tuple[int, ...]
    leads: bool = False
    named: bool = False  # a number in words, which is a mark only where words around it say so
    strange: bool = False  # was unknown once, and stays so


def parse_draft(text: str, known: Collection[int]) -> Draft:
    """Take the marks out of a draft and give them to the sentences that they stand in or behind.

    A mark at the beginning of a line belongs to the sentence that it opens, and so does one that
    leads in ("According to [1], …"). `known` are the numbers that evidence has; other numbers are
    kept apart as unknown. A number in parentheses, raised or in words is text when no evidence has
    it, or when it numbers a list: (3), m². Links, images and tags become text that nothing
    renders, and what cannot be seen is left out.
    """
    bare, marks = _take_out(text, known)
    spans = sentence_spans(bare)
    lines = _Lines(bare, marks)
    owners: dict[int, list[_Mark]] = {}
    for mark in marks:
        owners.setdefault(_owner(spans, lines, mark), []).append(mark)
    sentences = (_sentence(bare, span, owners.get(i, []), known) for i, span in enumerate(spans))
    return Draft(bare, tuple(sentences))


def without_marks(text: str, known: Collection[int]) -> str:
    """Return what `parse_draft` makes of a text, where nobody asks whose its marks are."""
    return _take_out(text, known)[0]


def _sentence(text: str, span: Span, own: Sequence[_Mark], known: Collection[int]) -> DraftSentence:
    numbered = [(n, n in known and not mark.strange) for mark in own for n in mark.numbers]
    marks = tuple(dict.fromkeys(n for n, is_known in numbered if is_known))
    unknown = tuple(dict.fromkeys(n for n, is_known in numbered if not is_known))
    return DraftSentence(span, span.of(text), marks, unknown)


def _take_out(text: str, known: Collection[int]) -> tuple[str, list[_Mark]]:
    """Return an inert text without marks, and the marks where they stood in it, in order.

    Taking out [1] may leave another, as in [[1]2]; so this goes on, but not for ever.
    """
    taken: list[_Mark] = []
    text = _PILED.sub(r"\1", _INVISIBLE.sub("", text))
    for depth in range(2 * _DEEPEST):
        found = list(_runs(text, known))
        if depth == _DEEPEST and found:
            found = [_Mark(Span(*match.span()), ()) for match in _BRACKET.finditer(text)]
        if not found:
            break
        text, taken = _without(text, found, taken)
    return _capitalized(_inert(text), taken), sorted(taken, key=lambda mark: mark.span)


def _inert(text: str) -> str:
    for pattern, harmless in _LIVE:
        text = pattern.sub(harmless, text)
    return text


def _capitalized(text: str, marks: Sequence[_Mark]) -> str:
    """Return a text with a capital letter where the words that opened a sentence were taken out."""
    starts = {mark.span.start for mark in marks if mark.leads}
    letters = (c.upper() if i in starts and c.isascii() else c for i, c in enumerate(text))
    return "".join(letters) if starts else text


def _without(text: str, found: Sequence[_Mark], before: Sequence[_Mark]) -> tuple[str, list[_Mark]]:
    """Take marks out of a text; return it, and these and earlier ones at their new places."""
    removed = [mark.span for mark in found]
    marks = [*before, *(mark for mark in found if mark.numbers)]
    places = _moved([mark.span.start for mark in marks], removed)
    left = "".join(gap.of(text) for gap in _gaps(removed, len(text)))
    return left, [
        replace(mark, span=Span(place, place)) for mark, place in zip(marks, places, strict=True)
    ]


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


def _runs(text: str, known: Collection[int]) -> Iterator[_Mark]:
    """Yield marks that stand side by side as one, with the words that only lead to them."""
    end = 0
    for run in _grouped(text, list(_marks(text, known))):
        mark = _widened(text, run, end)
        if mark:
            yield mark
            end = mark.span.end


def _grouped(text: str, marks: Sequence[_Mark]) -> Iterator[_Mark]:
    """Join neighbours: [1][2], [1]、[2], [1]-[3]."""
    run: list[_Mark] = []
    for mark in marks:
        if run and not _joins(run[-1], mark, text):
            yield _joined(text, run)
            run = []
        run.append(mark)
    if run:
        yield _joined(text, run)


def _joined(text: str, run: Sequence[_Mark]) -> _Mark:
    numbers = list(run[0].numbers)
    for one, other in pairwise(run):
        if _THROUGH.fullmatch(text, one.span.end, other.span.start):
            numbers += _through(numbers[-1], other.numbers[0])
        numbers += other.numbers
    unique = tuple(dict.fromkeys(numbers))
    return replace(run[0], span=Span(run[0].span.start, run[-1].span.end), numbers=unique)


def _joins(one: _Mark, other: _Mark, text: str) -> bool:
    same = (one.named, one.strange) == (other.named, other.strange)
    return same and bool(_BETWEEN.fullmatch(text, one.span.end, other.span.start))


def _through(first: int, last: int) -> range:
    low, high = sorted((first, last))
    return range(low, min(high, low + _LONGEST_RANGE) + 1)


def _widened(text: str, mark: _Mark, least: int) -> _Mark | None:
    """Return a mark with what belongs to it, not before `least`; None if it is none after all."""
    span = _wrapped(text, mark.span, least)
    line = text.rfind("\n", max(least, span.start - _NEAR), span.start) + 1
    before = text[max(least, line, span.start - _NEAR) : span.start]
    after = text[span.end : span.end + _NEAR].partition("\n")[0]
    for words in (_in_parentheses, _led_by, _to_be_seen, _issue):
        if found := words(mark, before, after):
            start, end, leads = found
            return replace(mark, span=Span(span.start - start, span.end + end), leads=leads)
    if mark.named:
        return _subject(text, mark, before, after)
    space = len(before) - len(before.rstrip())
    opens = space == len(before) and span.start - space == line
    behind = len(after) - len(after.lstrip()) if opens else 0
    return replace(mark, span=Span(span.start - space, span.end + behind))


def _wrapped(text: str, span: Span, least: int) -> Span:
    """Widen a span over emphasis around it: **[1]**."""
    for opening, closing in _WRAPS:
        start = span.start - len(opening)
        opened = start >= least and text.startswith(opening, start)
        if opened and text.startswith(closing, span.end):
            span = Span(start, span.end + len(closing))
    return span


# How many characters before and behind a mark belong to it, and whether it leads.
_Words = tuple[int, int, bool] | None


def _in_parentheses(mark: _Mark, before: str, after: str) -> _Words:
    closing = None if mark.named else _CLOSES.match(after)
    if closing and (opening := _IN_PARENTHESES.search(before)):
        return len(before) - opening.start(), closing.end(), False
    return None


def _led_by(mark: _Mark, before: str, after: str) -> _Words:
    behind = _BY_BEHIND.match(after)
    if behind and (by := _BY_BEFORE.search(before)):
        if by["comma"]:  # "The grant, according to [1], is …": both commas go, a space stays
            space = len(behind[0]) - len(behind[0].rstrip())
            return len(before) - by.start(), behind.end() - space, False
        return len(before) - _behind_bullet(before, by.start()), behind.end(), True
    behind = _SAYS_BEHIND.match(after)
    says = _SAYS_BEFORE.search(before) if behind else None
    if not says or not behind or not after[behind.end() :].strip():
        return None
    start = _behind_bullet(before, says.start())
    bare = not mark.named and not says["label"] and not behind["verb"]
    if (
        bare
        and behind["colon"]
        and (behind["colon"] in ",，" or before[:start].strip(" -*•.、1234567890"))
    ):
        return None
    return len(before) - start, behind.end(), True


def _behind_bullet(before: str, start: int) -> int:
    bullet = _BULLET.match(before, start)
    return bullet.end() if bullet else start


def _to_be_seen(mark: _Mark, before: str, after: str) -> _Words:
    if not _SEEN.search(before) or not _AT_END.match(after):
        return None
    see = _SEE_BEFORE.search(before)
    if see and see[0].strip(" \t,，;；"):
        return len(before) - see.start(), 0, False
    return None


def _issue(mark: _Mark, before: str, after: str) -> _Words:
    behind = _ISSUE_BEHIND.match(after)
    return (0, behind.end(), False) if behind and not mark.named else None


def _subject(text: str, mark: _Mark, before: str, after: str) -> _Mark | None:
    """Return the number alone of "Passage 1 lists …", which becomes "Passage lists …"."""
    label = _LABELS.match(text, mark.span.start)
    if label and _SAYS_BEFORE.search(before) and _SUBJECT_BEHIND.match(after):
        return replace(mark, span=Span(label.end(), mark.span.end), leads=True)
    return None


def _marks(text: str, known: Collection[int]) -> Iterator[_Mark]:
    for match in _MARK.finditer(text):
        numbers = tuple(_numbers(match, known))
        sure = any(match[kind] for kind in _SURE)
        if not sure and not all(number in known for number in numbers):
            continue
        listed = (match["plain"] or match["circled"]) and _numbers_list(text, match)
        if numbers and not listed and (sure or not _is_numbered(text, match)):
            named, strange = bool(match["named"]), bool(match["strange"])
            yield _Mark(Span(*match.span()), numbers, named=named, strange=strange)


def _is_numbered(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 8) : match.start()]
    return bool(_NUMBERED.search(before))


def _numbers_list(text: str, match: re.Match[str]) -> bool:
    """Tell whether (1) numbers what follows: "… : (1) grants; (2) …", or opens a line."""
    before = text[max(0, match.start() - 8) : match.start()]
    others = _MARKS_BEHIND.match(text, match.end())
    end = others.end() if others else match.end()
    after = text[end : end + 1]
    tight = before.rstrip(" \t")
    if tight[-1:] in ("", *"\n:：;；,，、(（"):
        return True
    spaced = tight != before and tight[-1] not in _TERMINALS
    return spaced and after.isspace() and after != "\n"


def _numbers(match: re.Match[str], known: Collection[int]) -> Iterator[int]:
    if raised := match["raised"]:
        digits = raised.translate(_SUPERSCRIPT)
        yield from (int(digits),) if int(digits) in known else map(int, digits)
        return
    if circled := match["circled"]:
        yield ord(circled) - _CIRCLED
        return
    said = next(match[kind] for kind in _SAID if match[kind])
    for first, last in _RANGE.findall(said):
        yield from _through(_value(first), _value(last or first))


def _value(digits: str) -> int:
    return _HAN.index(digits) + 1 if digits in _HAN else int(digits)


class _Lines:
    """The lines of a text, and which of them begin or end with marks."""

    def __init__(self, text: str, marks: Sequence[_Mark]) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        ends = [*(start - 1 for start in self._starts[1:]), len(text)]
        contents = [_content(text, *line) for line in zip(self._starts, ends, strict=True)]
        self._contents = contents
        at = [(self._index(mark), mark.span.start) for mark in marks]
        opened = {
            line for line, place in at if len(contents[line]) and place <= contents[line].start
        }
        closed = {line for line, place in at if len(contents[line]) and place >= contents[line].end}
        self._leading = opened - closed

    def _index(self, mark: _Mark) -> int:
        return bisect_right(self._starts, mark.span.start) - 1

    def opens(self, mark: _Mark) -> bool:
        """Tell whether a mark stands before all else on its line."""
        content = self._contents[self._index(mark)]
        return len(content) > 0 and mark.span.start <= content.start

    def leading(self, mark: _Mark) -> bool:
        """Tell whether marks on this line stand before their sentences: [1] A. [2] B."""
        return self._index(mark) in self._leading


def _content(text: str, start: int, end: int) -> Span:
    """Return what stands on a line, without a bullet and what stops it."""
    line = text[start:end]
    bullet = _BULLET.match(line)
    first = bullet.end() if bullet else 0
    last = len(line.rstrip(_TERMINALS + " \t\r"))
    return Span(start + first, start + max(first, last))


def _owner(spans: Sequence[Span], lines: _Lines, mark: _Mark) -> int:
    """Return which sentence a mark belongs to: the one it opens, else the last begun before it."""
    place = mark.span.start
    begun = bisect_left(spans, place, key=lambda span: span.start)
    ended = bisect_right(spans, place, key=lambda span: span.end)
    between = ended == begun  # inside a sentence there is one more begun than ended
    if mark.leads or lines.opens(mark) or (between and lines.leading(mark)):
        return min(ended, len(spans) - 1)
    return max(begun - 1, 0)


def with_marks(draft: Draft, numbers: Sequence[Sequence[int]]) -> str:
    """Return the text of a draft with new marks, those of a sentence before its stop: "… [1].".

    Numbers that no evidence has stand there as [9?]: to be seen, and never taken for a citation.
    """
    parts: list[str] = []
    position = 0
    for sentence, cited in zip(draft.sentences, numbers, strict=True):
        marks = [*(f"[{n}]" for n in cited), *(f"[{n}?]" for n in sentence.unknown)]
        if marks:
            end = sentence.span.start + _before_stop(sentence.text)
            parts += [draft.text[position:end], *marks]
            position = end
    return _inert("".join([*parts, draft.text[position:]]))


def _before_stop(sentence: str) -> int:
    return max(1, len(sentence.rstrip(_TERMINALS + " \t")))
