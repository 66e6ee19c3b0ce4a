"""Raw text -> clean text, by small steps that each say what they dropped.

Steps are generic: none names a site. Whatever goes is listed with its reason, and every character
that stays knows its place in the raw text. The order matters: first what stands inside lines, then
whole lines, then layout.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise

from index import boilerplate
from index.errors import EmptyDocument
from index.offsets import Edit, apply_edits, identity
from index.types import CleanText, Span

Step = Callable[[CleanText], CleanText]

_TERMINAL = "。！？!?；;…"
_CLOSERS = "”’」』》）)】\"'"

_LINE_END = re.compile("\r\n?|\f|\v|\u2028|\u2029|\x85")
_SPACE = re.compile("[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)

_TAGS = (
    "span|div|p|br|hr|font|strong|a|img|td|tr|th|table|tbody|ul|ol|li|em|b|i|u|h[1-6]|section|o:p"
    "|center|iframe|script|style"
)
_MARKUP = re.compile(
    rf"</?(?:{_TAGS})(?:\s[^<>\n]{{0,400}})?/?>"  # a whole tag
    # a tag that lost its "<", with the broken characters that took its place
    rf"|(?:[?？�]。?[?？�]|[?？�<])?\b(?:{_TAGS})"
    r"(?:\s+[\w:-]{1,30}=(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'))+\s*/?>"
    rf"|[?？�]/(?:{_TAGS})>"
    r"|<!--(?:(?!<!--).){0,2000}?-->",
    re.IGNORECASE | re.DOTALL,
)
FRONT_MATTER = re.compile(r"\A---[ \t]*\n((?:[^\n]*\n){0,40}?)---[ \t]*(?=\n|\Z)")
_MARKDOWN = re.compile(
    r"\*\*|(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])|`"
    # the ruler of a section; of a table, with a bar in front or only inside
    r"|^ *+-{3,}+ *+$"
    r"|^ *+\| *+:?-++:? *+(?:\| *+:?-++:? *+)*+\|? *+$"
    r"|^ *+:?-++:? *+(?:\| *+:?-++:? *+)++\|? *+$"
    r"|^ *+>[ ]?",
    re.MULTILINE,
)
_ENTITY = re.compile(
    r"&(?:nbsp|ensp|emsp|lt|gt|amp|quot|middot|ldquo|rdquo|mdash|hellip|#\d{1,6}|#x[0-9a-f]{1,5});",
    re.IGNORECASE,
)
# ɑ and ɡ are what some editors write for a and g in pinyin.
_GLOSS = re.compile(
    r"(?<=[\u3400-\u9fff\U00020000-\U0003ffff])"
    r"[(（]([a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹḿêɑɡ\u0300-\u0308\u030c]{1,8})[)）]"
)
_PLAIN_LETTERS = str.maketrans("ɑɡ", "ag")

# A watermark closes at least this many paragraphs, and is long enough not to be a turn of phrase.
_WATERMARK_PARAGRAPHS = 3
_WATERMARK_LENGTH = 6
# Without a web address in it, it must close most of the paragraphs to be taken for one.
_WATERMARK_SHARE = 0.6
# Who is to carry out a measure ends paragraph after paragraph, and is no watermark.
_DUTY = re.compile("牵头|牽頭|负责|負責|责任|責任|配合|分工")
# Watermarks stand behind each other at most so many deep.
_WATERMARK_LAYERS = 3
_ADDRESS = re.compile(
    r"(?:https?://|www\.|[\w-]{2,}\.(?:com|cn|net|org|info|cc|example|top|vip|xyz))", re.IGNORECASE
)
# Shorter lines are headings, labels, signatures rather than broken prose.
_PROSE_LENGTH = 15
# So many lines, and such a share of all, of one length: the text was wrapped there.
_WRAPPED_LINES = 4
_WRAPPED_SHARE = 0.25


def clean(raw: str, media_type: str = "text/plain") -> CleanText:
    """Return the text of a document without its noise.

    Raises EmptyDocument when nothing is left.
    """
    text = identity(raw)
    if media_type == "text/html":
        from index.markup import drop_markup

        text = drop_markup(text)
    elif media_type == "text/markdown":
        text = drop_markdown(normalise_characters(text))
    for step in STEPS:
        text = step(text)
    if not text.text:
        raise EmptyDocument(
            "no text is left after cleaning: is it a page of links, or an error page?"
        )
    return text


def drop_markdown(text: CleanText) -> CleanText:
    """Drop front matter, emphasis and rulers; headings and the bars of tables stay for chunking."""
    head = FRONT_MATTER.match(text.text)
    text = apply_edits(text, [Edit(Span(*head.span()), "", "front matter")] if head else [])
    edits = [Edit(Span(*m.span()), "", "markup") for m in _MARKDOWN.finditer(text.text)]
    return apply_edits(text, edits)


def drop_markup_residue(text: CleanText) -> CleanText:
    """Drop tags and spell out entities that a careless copy left behind, half-eaten ones too."""
    import html

    edits = [Edit(Span(*m.span()), "", "markup residue") for m in _MARKUP.finditer(text.text)]
    text = apply_edits(text, edits)
    edits = []
    for match in _ENTITY.finditer(text.text):
        spelled = html.unescape(match[0])
        if spelled != match[0]:
            reason = "" if spelled.strip() else "markup residue"
            edits.append(Edit(Span(*match.span()), spelled, reason))
    return apply_edits(text, edits)


def normalise_characters(text: CleanText) -> CleanText:
    """Keep one kind of line end and one kind of space; characters that show nothing go."""
    edits = [Edit(Span(*m.span()), "\n") for m in _LINE_END.finditer(text.text)]
    edits += [Edit(Span(*m.span()), " ") for m in _SPACE.finditer(text.text)]
    edits += [
        Edit(Span(*m.span()), "", "invisible character") for m in _INVISIBLE.finditer(text.text)
    ]
    return apply_edits(text, edits)


def drop_glosses(text: CleanText) -> CleanText:
    """Drop parentheses that hold a reading of the character before; (BNCT) is none, so it stays."""
    edits = [
        Edit(Span(*m.span()), "", "pinyin gloss")
        for m in _GLOSS.finditer(text.text)
        if _is_reading(m[1], text.text[m.start() - 1])
    ]
    return apply_edits(text, edits)


def _is_reading(letters: str, character: str) -> bool:
    normal = unicodedata.normalize("NFC", letters.translate(_PLAIN_LETTERS))
    return normal in _readings(character)


@cache
def _readings(character: str) -> frozenset[str]:
    """Return every reading of a character, with tone marks."""
    from pypinyin import Style, pinyin

    return frozenset(pinyin(character, style=Style.TONE, heteronym=True)[0])


def drop_watermarks(text: CleanText) -> CleanText:
    """Drop strings that close paragraph after paragraph without being part of any."""
    for _ in range(_WATERMARK_LAYERS):
        lines = [(span, line) for span, line in _lines(text.text) if line]
        lengths = _watermark_lengths([line for _, line in lines])
        if not any(lengths):
            break
        edits = [
            Edit(Span(span.end - length, span.end), "", "watermark")
            for (span, _), length in zip(lines, lengths, strict=True)
            if length
        ]
        text = apply_edits(text, edits)
    return text


def _watermark_lengths(lines: list[str]) -> list[int]:
    """Return how many characters at the end of each line are a watermark.

    Lines are compared from their ends: sorted so, those that share an ending are neighbours.
    """
    order = sorted(range(len(lines)), key=lambda i: lines[i][::-1])
    backwards = [lines[i][::-1] for i in order]
    sizes = sorted(map(len, lines))
    shared = {
        ending
        for one, other in pairwise(backwards)
        if (ending := _at_sentence_end(_common_start(one, other)[::-1]))
    }
    found: dict[int, int] = {}
    for ending in sorted(shared, key=len):  # the longest is written last
        first = bisect_left(backwards, ending[::-1])
        after = bisect_left(backwards, ending[::-1] + "\U0010ffff")
        paragraphs = len(sizes) - bisect_left(sizes, len(ending) + _PROSE_LENGTH)
        if _may_be_watermark(ending, after - first, paragraphs):
            marked = order[first:after]
            if _follow_sentences([lines[i] for i in marked], ending):
                found.update(dict.fromkeys(marked, len(ending)))
    return [found.get(i, 0) for i in range(len(lines))]


def _common_start(one: str, other: str) -> str:
    length = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    return one[: min(len(one), len(other)) if length is None else length]


def _at_sentence_end(ending: str) -> str:
    """Cut a shared ending so that it begins where a sentence ended."""
    body = ending.rstrip()
    cuts = [i + 1 for i, character in enumerate(body[:-1]) if character in _TERMINAL + _CLOSERS]
    return ending[cuts[0] :] if cuts else ending


def _may_be_watermark(ending: str, count: int, paragraphs: int) -> bool:
    """Tell whether a string could be one that `count` of `paragraphs` long enough lines end in."""
    tight = ending.strip()
    if len(tight) < _WATERMARK_LENGTH or tight[-1] in _TERMINAL + _CLOSERS or _DUTY.search(tight):
        return False
    frequent = count >= _WATERMARK_SHARE * paragraphs
    return count >= _WATERMARK_PARAGRAPHS and (frequent or bool(_ADDRESS.search(ending)))


def _follow_sentences(marked: list[str], ending: str) -> bool:
    """Tell whether enough different lines, most of them complete, stand before the ending."""
    bodies = [line.removesuffix(ending).rstrip() for line in marked]
    complete = sum(bool(body) and body[-1] in _TERMINAL + _CLOSERS for body in bodies)
    different = len({body for body in bodies if body})
    return different >= _WATERMARK_PARAGRAPHS and complete >= 0.5 * len(marked)


def drop_boilerplate(text: CleanText) -> CleanText:
    """Drop menus, breadcrumbs, widgets, lists of other articles, copyright notices."""
    lines = list(_lines(text.text))
    reasons = boilerplate.reasons([line for _, line in lines])
    edits = [
        Edit(span, "", reason)
        for (span, line), reason in zip(lines, reasons, strict=True)
        if reason and line.strip()
    ]
    return apply_edits(text, edits)


def join_broken_lines(text: CleanText) -> CleanText:
    """Make one line of those that are broken inside a sentence, also across a blank line."""
    lines = [(span, line) for span, line in _lines(text.text) if line.strip()]
    width = _wrapped_width([line for _, line in lines])
    edits: list[Edit] = []
    inside = False  # of a sentence that began on an earlier line
    for (span, line), (following_span, following) in pairwise(lines):
        inside = _is_broken(line.strip(), following.strip(), inside, width)
        if inside:
            start = span.start + len(line.rstrip())
            end = following_span.start + len(following) - len(following.lstrip())
            edits.append(Edit(Span(start, end), _joint(line, following)))
    return apply_edits(text, edits)


def _is_broken(line: str, following: str, inside: bool, width: int) -> bool:
    """Tell whether the sentence at the end of `line` goes on in `following`.

    A line without a comma or a full stop may be a heading: it counts only when a sentence already
    runs through it or when it fills the width to which the whole text was wrapped.
    """
    if line[-1] in _TERMINAL + _CLOSERS + ".:：|" or boilerplate.opens_block(following):
        return False
    begun = inside or any(mark in line for mark in "。；;") or len(line) >= width
    return begun and len(line) >= _PROSE_LENGTH and _continues(following, width)


def _continues(line: str, width: int) -> bool:
    """Tell whether a line reads like the rest of a sentence: it ends one, or goes on like prose."""
    prose = len(line) >= _PROSE_LENGTH and any(mark in line for mark in "，,、")
    return (
        line[-1] in _TERMINAL
        or any(mark in line for mark in "。；;")
        or prose
        or len(line) >= width
    )


def _wrapped_width(lines: list[str]) -> int:
    """Return the length to which lines were wrapped; more than any length if they were not."""
    lengths = Counter(len(line.strip()) for line in lines)
    width, count = max(lengths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    wrapped = width >= _PROSE_LENGTH and count >= max(_WRAPPED_LINES, _WRAPPED_SHARE * len(lines))
    return width - 1 if wrapped else 1 << 30


def _joint(line: str, following: str) -> str:
    """Return what parts two joined lines: Latin words stay apart, Chinese characters touch."""
    before, after = line.rstrip()[-1], following.lstrip()[0]
    return " " if before.isascii() and after.isascii() and after.isalnum() else ""


def tidy_layout(text: CleanText) -> CleanText:
    """Leave no space at the ends of lines or doubled inside them, and no empty lines."""
    text = _tidy(text, re.compile(" {2,}"), " ")
    text = _tidy(text, re.compile(r" *\n[ \n]*"), "\n")
    return _tidy(text, re.compile(r"\A\s+|\s+\Z"), "")


def _tidy(text: CleanText, pattern: re.Pattern[str], replacement: str) -> CleanText:
    found = (m for m in pattern.finditer(text.text) if m[0] and m[0] != replacement)
    return apply_edits(text, [Edit(Span(*m.span()), replacement) for m in found])


def _lines(text: str) -> Iterator[tuple[Span, str]]:
    start = 0
    for line in text.split("\n"):
        yield Span(start, start + len(line)), line
        start += len(line) + 1


STEPS: tuple[Step, ...] = (
    drop_markup_residue,
    normalise_characters,
    tidy_layout,  # blank lines say nothing, and there may be very many of them
    drop_glosses,
    drop_watermarks,
    drop_boilerplate,
    join_broken_lines,
    tidy_layout,
)
