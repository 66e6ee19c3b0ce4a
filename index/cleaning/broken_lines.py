"""Lines that a page's width or an extractor broke inside a sentence: told and joined."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from index.cleaning import boilerplate
from index.cleaning.watermarks import CLOSERS, TERMINAL
from index.offsets import Edit, apply_edits
from index.script import fold_characters
from index.types import CleanText, Span

# Shorter lines are headings, labels, signatures rather than broken prose.
_PROSE_LENGTH = 15
# So many lines, and such a share of all, of one length: the text was wrapped there.
_WRAPPED_LINES = 4
_WRAPPED_SHARE = 0.25
_UNWRAPPED = 1 << 30
_FINAL = TERMINAL + CLOSERS + ".:：|"
_MARKS = "⁰¹²³⁴⁵⁶⁷⁸⁹①②③④⑤⑥⑦⑧⑨⑩"  # of footnotes, behind the full stop
_INSIDE = re.compile("[。；;]")
_COMMA = re.compile("[，,、]")
# A line that ends in one of these goes on whatever the next one looks like: (、 and a hyphen.
_OPEN = "，,、（(《“「『〔【"
_HYPHENATED = re.compile(r"[A-Za-z]{2}-\Z")
_PAIRS = (("（", "）"), ("(", ")"), ("《", "》"), ("“", "”"))
_NEAR = 200  # characters in which a bracket that opens is looked for
# Lines that end a document rather than go on: dates, phone numbers, names of bodies.
_CONTACT = re.compile(
    r"^(?:电话|传真|邮箱|地址|网址|邮编|联系|附件|抄送|主送|https?:|www\.)|\d{7,}|@"
)
_ENGLISH = re.compile(r"[a-z,]\Z")


_Line = tuple[int, str]  # where a line begins and its characters, without the spaces around it


def join_broken_lines(text: CleanText) -> CleanText:
    """Make one line of those that are broken inside a sentence, also across a blank line."""
    lines = list(_lines_with_text(text.text))
    width = _wrapped_width([line for _, line in lines])
    edits: list[Edit] = []
    inside = False  # of a sentence that began on an earlier line
    for one, other in pairwise(lines):
        inside = _is_broken(one[1], other[1], inside, width)
        if inside:
            edits.append(_join(one, other))
    return apply_edits(text, edits)


def _lines_with_text(text: str) -> Iterator[_Line]:
    place = 0
    for line in text.split("\n"):
        stripped = line.strip(" ")
        if stripped:
            yield place + (len(line) - len(line.lstrip(" ")) if line[0] == " " else 0), stripped
        place += len(line) + 1


def _join(one: _Line, other: _Line) -> Edit:
    (start, line), (following_start, following) = one, other
    end = start + len(line)
    if _HYPHENATED.search(line) and following[0].islower():
        return Edit(Span(end - 1, following_start), "", "hyphen at the end of a line")
    return Edit(Span(end, following_start), _joint(line, following))


def _is_broken(line: str, following: str, inside: bool, width: int) -> bool:
    """Tell whether the sentence at the end of `line` goes on in `following`.

    A line without a comma or a full stop may be a heading: it counts only when a sentence already
    runs through it or when it fills the width to which the whole text was wrapped.
    """
    final = line.rstrip(_MARKS)[-1:] in _FINAL
    if len(line) < _PROSE_LENGTH or final or "\t" in line or "\t" in following:
        return False
    open_ended = line[-1] in _OPEN or _is_open(line)
    begun = inside or open_ended or len(line) >= width or bool(_INSIDE.search(line))
    begun = begun or _is_english(line, following)
    if not begun or not (_continues(following, width) or _closes(line, following)):
        return False
    return not boilerplate.opens_block(following) and not _CONTACT.search(
        fold_characters(following[:40])
    )


def _is_open(line: str) -> bool:
    """Tell whether a bracket or a quotation that opened in a line is still open at its end."""
    tail = line[-_NEAR:]
    return any(tail.rfind(one) > tail.rfind(other) for one, other in _PAIRS)


def _closes(line: str, following: str) -> bool:
    """Tell whether a line begins by closing what was left open on the one before."""
    if not _is_open(line):
        return False
    head = following[:_NEAR]
    return any(other in head and one not in head[: head.find(other)] for one, other in _PAIRS)


def _is_english(line: str, following: str) -> bool:
    """Tell whether both sides are running text in Latin letters."""
    return (
        following[0].islower()
        and following[0].isascii()
        and (bool(_ENGLISH.search(line)) or bool(_HYPHENATED.search(line)))
    )


def _continues(line: str, width: int) -> bool:
    """Tell whether a line reads like the rest of a sentence: it ends one, or goes on like prose."""
    if line[-1] in TERMINAL or len(line) >= width or _INSIDE.search(line):
        return True
    if line[0].isascii() and line[0].islower():
        return " " in line or line.endswith(".")
    return len(line) >= _PROSE_LENGTH and bool(_COMMA.search(line))


def _wrapped_width(lines: Sequence[str]) -> int:
    """Return the length to which lines were wrapped; more than any length if they were not."""
    lengths = Counter(map(len, lines))
    # A line may be one character shorter or longer, as punctuation is kept from its ends.
    alike = {width: sum(lengths[width + by] for by in (-1, 0, 1)) for width in list(lengths)}
    width, count = max(alike.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    wrapped = width >= _PROSE_LENGTH and count >= max(_WRAPPED_LINES, _WRAPPED_SHARE * len(lines))
    return width - 1 if wrapped else _UNWRAPPED


def _joint(line: str, following: str) -> str:
    """Return what parts two joined lines: Latin words stay apart, Chinese characters touch."""
    before, after = line[-1], following[0]
    return " " if before.isascii() and after.isascii() and after.isalnum() else ""
