"""Raw text -> clean text, by small steps that each say what they dropped.

Steps are generic: none names a site. Whatever goes is listed with its reason, and every character that stays knows its
place in the raw text. The order matters: characters first, then what stands inside lines, then whole lines, then layout.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache

from index import boilerplate
from index.errors import EmptyDocument
from index.offsets import Edit, apply_edits, identity
from index.types import CleanText, Span

Step = Callable[[CleanText], CleanText]

_TERMINAL = "。！？!?；;…"
_CLOSERS = "”’」』》）)】\"'"

_LINE_END = re.compile("\r\n?|\f|\v|\u2028|\u2029|\x85")
_SPACE = re.compile("[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb]")

_TAGS = "span|div|p|br|hr|font|strong|a|img|td|tr|th|table|tbody|ul|ol|li|em|b|i|u|h[1-6]|section|o:p|center|iframe|script|style"
_MARKUP = re.compile(
    rf"</?(?:{_TAGS})(?:\s[^<>\n]{{0,400}})?/?>"  # a whole tag
    # a tag that lost its "<", with the broken characters that took its place
    rf"|(?:[?？�]。?[?？�]|[?？�<])?\b(?:{_TAGS})(?:\s+[\w:-]{{1,30}}=(?:\"[^\"\n]{{0,300}}\"|'[^'\n]{{0,300}}'))+\s*/?>"
    rf"|[?？�]/(?:{_TAGS})>"
    r"|<!--.{0,2000}?-->",
    re.IGNORECASE | re.DOTALL,
)
_MARKDOWN = re.compile(
    r"\A---[ \t]*\r?\n(?:[^\n]*\n){0,40}?---[ \t]*(?=\r?\n|\Z)"  # front matter
    r"|\*\*|(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])|`"
    r"|^[ \t]*\|?[ \t]*:?-{3,}:?[ \t]*(?:\|[ \t]*:?-{3,}:?[ \t]*)*\|?[ \t]*$"
    r"|^[ \t]*>[ \t]?",
    re.MULTILINE,
)
_ENTITY = re.compile(r"&(?:nbsp|ensp|emsp|lt|gt|amp|quot|middot|ldquo|rdquo|mdash|hellip|#\d{1,6}|#x[0-9a-f]{1,5});", re.IGNORECASE)
_GLOSS = re.compile(r"(?<=[\u3400-\u9fff\U00020000-\U0003ffff])[(（]([a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹḿê\u0300-\u030c]{1,7})[)）]")

# A watermark closes at least this many paragraphs, and is long enough not to be a turn of phrase.
_WATERMARK_PARAGRAPHS = 3
_WATERMARK_LENGTH = 6
# Without a web address in it, it must close most of the paragraphs to be taken for one.
_WATERMARK_SHARE = 0.6
_ADDRESS = re.compile(r"(?:https?://|www\.|[\w-]{2,}\.(?:com|cn|net|org|info|cc|example|top|vip|xyz))", re.IGNORECASE)
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
        text = drop_markdown(text)
    for step in STEPS:
        text = step(text)
    if not text.text:
        raise EmptyDocument("no text is left after cleaning: is it a page of links, or an error page?")
    return text


def drop_markdown(text: CleanText) -> CleanText:
    """Front matter, emphasis and the rulers of tables; headings and the bars of tables stay for what comes after."""
    edits = [
        Edit(Span(*m.span()), "", "front matter" if m.start() == 0 and m[0][0] == "-" else "markup")
        for m in _MARKDOWN.finditer(text.text)
    ]
    return apply_edits(text, edits)


def normalise_characters(text: CleanText) -> CleanText:
    """One kind of line end, one kind of space; characters that show nothing go."""
    edits = [Edit(Span(*m.span()), "\n") for m in _LINE_END.finditer(text.text)]
    edits += [Edit(Span(*m.span()), " ") for m in _SPACE.finditer(text.text)]
    edits += [
        Edit(Span(*m.span()), "", "invisible character")
        for m in _INVISIBLE.finditer(text.text)
        if m[0] != "\r"
    ]
    return apply_edits(text, edits)


def drop_markup_residue(text: CleanText) -> CleanText:
    """Tags and entities that a careless copy left behind, half-eaten ones too."""
    import html

    edits = [Edit(Span(*m.span()), "", "markup residue") for m in _MARKUP.finditer(text.text)]
    text = apply_edits(text, edits)
    entities = _ENTITY.finditer(text.text)
    spelled = [Edit(Span(*m.span()), html.unescape(m[0]).replace("\xa0", " ")) for m in entities]
    return apply_edits(text, spelled)


def drop_glosses(text: CleanText) -> CleanText:
    """A parenthesis that holds a reading of the character before it; (BNCT) is none, so it stays."""
    edits = [
        Edit(Span(*m.span()), "", "pinyin gloss")
        for m in _GLOSS.finditer(text.text)
        if m[1] in _readings(text.text[m.start() - 1])
    ]
    return apply_edits(text, edits)


@cache
def _readings(character: str) -> frozenset[str]:
    """Return every reading of a character, with tone marks."""
    from pypinyin import Style, pinyin

    return frozenset(pinyin(character, style=Style.TONE, heteronym=True)[0])


def drop_watermarks(text: CleanText) -> CleanText:
    """A string that closes paragraph after paragraph without being part of any."""
    while watermark := _find_watermark([line for _, line in _lines(text.text) if line]):
        edits = [
            Edit(Span(span.end - len(watermark), span.end), "", "watermark")
            for span, line in _lines(text.text)
            if line.endswith(watermark)
        ]
        text = apply_edits(text, edits)
    return text


def _find_watermark(lines: list[str]) -> str:
    """Return the longest string that qualifies, or ""."""
    backwards = sorted(line[::-1] for line in lines)
    shared = Counter(
        ending
        for one, other in zip(backwards, backwards[1:], strict=False)
        if (ending := _at_sentence_end(_common_start(one, other)[::-1]))
    )
    candidates = sorted(shared, key=lambda ending: (-len(ending), ending))
    return next((ending for ending in candidates if _is_watermark(ending, lines)), "")


def _common_start(one: str, other: str) -> str:
    length = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    return one[: min(len(one), len(other)) if length is None else length]


def _at_sentence_end(ending: str) -> str:
    """Cut a shared ending so that it begins where a sentence ended."""
    body = ending.rstrip()
    cuts = [i + 1 for i, character in enumerate(body[:-1]) if character in _TERMINAL + _CLOSERS]
    return ending[cuts[0] :] if cuts else ending


def _is_watermark(ending: str, lines: list[str]) -> bool:
    if len(ending.strip()) < _WATERMARK_LENGTH or ending.strip()[-1] in _TERMINAL + _CLOSERS:
        return False
    marked = [line for line in lines if line.endswith(ending)]
    whole = sum(line.strip() == ending.strip() for line in marked)
    if len(marked) - whole < _WATERMARK_PARAGRAPHS or not _follow_sentences(marked, ending):
        return False
    paragraphs = sum(len(line) >= len(ending) + _PROSE_LENGTH for line in lines)
    return bool(_ADDRESS.search(ending)) or len(marked) >= _WATERMARK_SHARE * paragraphs


def _follow_sentences(marked: list[str], ending: str) -> bool:
    """Tell whether most of the lines were complete before the ending began."""
    bodies = [line.removesuffix(ending).rstrip() for line in marked]
    complete = sum(bool(body) and body[-1] in _TERMINAL + _CLOSERS for body in bodies)
    return complete >= 0.5 * len(marked)


def drop_boilerplate(text: CleanText) -> CleanText:
    """Menus, breadcrumbs, widgets, lists of other articles, copyright notices."""
    lines = list(_lines(text.text))
    reasons = boilerplate.reasons([line for _, line in lines])
    edits = [
        Edit(span, "", reason)
        for (span, line), reason in zip(lines, reasons, strict=True)
        if reason and line.strip()
    ]
    return apply_edits(text, edits)


def join_broken_lines(text: CleanText) -> CleanText:
    """Lines broken inside a sentence become one, also across a blank line."""
    lines = [(span, line) for span, line in _lines(text.text) if line.strip()]
    width = _wrapped_width([line for _, line in lines])
    edits: list[Edit] = []
    inside = False  # of a sentence that began on an earlier line
    for (span, line), (following_span, following) in zip(lines, lines[1:], strict=False):
        inside = _is_broken(line.strip(), following.strip(), inside, width)
        if inside:
            start = span.start + len(line.rstrip())
            end = following_span.start + len(following) - len(following.lstrip())
            edits.append(Edit(Span(start, end), _joint(line, following)))
    return apply_edits(text, edits)


def _is_broken(line: str, following: str, inside: bool, width: int) -> bool:
    """Tell whether the sentence at the end of `line` goes on in `following`.

    A line without a comma or a full stop may be a heading: it counts only when a sentence already runs through it or
    when it fills the width to which the whole text was wrapped.
    """
    if line[-1] in _TERMINAL + _CLOSERS + ":：|" or boilerplate.opens_block(following):
        return False
    begun = inside or any(mark in line for mark in "。；;") or len(line) >= width
    return begun and len(line) >= _PROSE_LENGTH and _continues(following, width)


def _continues(line: str, width: int) -> bool:
    """Tell whether a line reads like the rest of a sentence: it ends one, or goes on like prose."""
    prose = len(line) >= _PROSE_LENGTH and any(mark in line for mark in "，,、")
    return line[-1] in _TERMINAL or any(mark in line for mark in "。；;") or prose or len(line) >= width


def _wrapped_width(lines: list[str]) -> int:
    """Return the length to which lines were wrapped; more than any length if they were not."""
    lengths = Counter(len(line.strip()) for line in lines)
    width, count = max(lengths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    wrapped = width >= _PROSE_LENGTH and count >= max(_WRAPPED_LINES, _WRAPPED_SHARE * len(lines))
    return width - 1 if wrapped else 1 << 30


def _joint(line: str, following: str) -> str:
    """Latin words stay apart, Chinese characters touch."""
    before, after = line.rstrip()[-1], following.lstrip()[0]
    return " " if before.isascii() and after.isascii() and after.isalnum() else ""


def tidy_layout(text: CleanText) -> CleanText:
    """No space at the ends of lines or doubled inside them, no empty lines."""
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
    normalise_characters,
    drop_markup_residue,
    drop_glosses,
    drop_watermarks,
    drop_boilerplate,
    join_broken_lines,
    tidy_layout,
)
