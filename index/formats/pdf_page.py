"""One page of a PDF -> its lines: characters as pdfium places them, what is drawn, what is hidden.

What is in this file knows pdfium's C functions; how lines are made of characters is page_layout.py.
"""

import ctypes
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from index.cleaning.characters import ordinary_form
from index.formats.page_layout import SOFT_HYPHEN, Gap, Glyph, page_lines
from index.formats.table_grids import Rule
from index.script import encodable

# What is drawn on one page beyond this is a map, or meant to keep readers busy.
_MOST_OBJECTS, _MOST_SEGMENTS, _DEEPEST_FORM = 20_000, 2_000, 8
_MOST_GLYPHS = 200_000
# A rule is at most so thick, in points; type smaller than this is not meant to be read.
_RULE_THICKNESS = 3.0
_LEAST_SIZE = 1.0
# Colours nearer than this, of 255, are not told apart on paper; ink fainter than this is not seen.
_SAME_COLOUR, _LEAST_ALPHA = 12, 20
# An image over so much of the page is a scan; invisible text over it is what was recognised.
_SCAN_COVER, _LAYER_SHARE = 0.5, 0.8
# A page with fewer characters shows a stamp or a number at most besides its image.
FEW = 20
# Pixels of the picture in which suspicious text is looked for, at most.
_MOST_PIXELS = 4_000_000
_SCALE = 2.0  # pixels to the point
# Vertical writing: degrees, and in shares of the size of type how far characters are off the line
# and from one another; lines of horizontal writing that hold one character each are further apart.
_DOWNWARDS, _STRAIGHT, _CLOSE = 270, 0.1, 1.2
# Lines of prose across a page end beyond this share of its width.
_FULL = 0.7

_RADICAL = re.compile("[\u2e80-\u2fd5\ufb00-\ufb06]")
_PRIVATE = re.compile("[\x00-\x08\x0e-\x1f\ue000-\uf8ff\ufffd\uffff\U000f0000-\U0010ffff]")

Colour = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Style:
    """What the characters of one text object share; `angle` in degrees, 0 is upright."""

    size: float
    angle: int
    mode: int
    colour: Colour


@dataclass(frozen=True, slots=True)
class _Character:
    """A character with its box and baseline in points of the page, y upwards."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    x: float
    y: float
    style: _Style
    spaced: str = ""


@dataclass(slots=True)
class _Drawn:
    """What a page shows besides text."""

    rules: list[Rule] = field(default_factory=list)  # y upwards, as on the page
    colours: set[Colour] = field(default_factory=set)  # of filled shapes
    images: float = 0.0  # share of the page that the largest image covers
    objects: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of a page; `scan` tells that what it shows is not in its text."""

    shown: list[str]
    hidden: list[str]
    scan: bool
    unreadable: int = 0  # characters whose meaning the font does not give
    recognised: bool = False

    @property
    def is_lost(self) -> bool:
        """Whether the page shows text that is not known."""
        return self.scan and not self.recognised


def read_page(page: Any, gutters: list[Gap]) -> Page:
    """Return what a page of pypdfium2 holds; `gutters` as in page_layout.page_lines."""
    characters = _characters(page)
    drawn = _drawn(page)
    few = len(characters) < FEW
    scan = few and (drawn.images > _SCAN_COVER or (not characters and drawn.objects > 0))
    hidden = _hidden(page, characters, drawn)
    shown = [one for one, hides in zip(characters, hidden, strict=True) if not hides]
    others = [one for one, hides in zip(characters, hidden, strict=True) if hides]
    unreadable = sum(bool(_PRIVATE.match(one.text)) for one in characters)
    lines = _lines_of(shown, drawn.rules, gutters, page.get_bbox())
    return Page(lines, _lines_of(others, [], [], page.get_bbox()), scan, unreadable)


def _lines_of(
    characters: Sequence[_Character],
    rules: Sequence[Rule],
    gutters: list[Gap],
    box: Sequence[float],
) -> list[str]:
    """Return the lines of a page; those that run another way follow, each way by itself."""
    ways: dict[int, list[_Character]] = {}
    below = [*map(_stands_below, characters[1:], characters), False] if characters else []
    for i, character in enumerate(characters):
        # Lines that run down follow to the left, as they do where Latin words lie in them.
        down = below[i] or (i > 0 and below[i - 1])
        ways.setdefault(_DOWNWARDS if down else character.style.angle, []).append(character)
    lines: list[str] = []
    for angle in sorted(ways, key=lambda angle: (-len(ways[angle]), angle)):
        glyphs = [_glyph(character, angle) for character in ways[angle]]
        turned = [_turned_rule(rule, angle) for rule in rules] if angle % 90 == 0 else []
        corners = [_turn(x, y, angle)[0] for x in box[::2] for y in box[1::2]]
        edge = min(corners) + _FULL * (max(corners) - min(corners))
        # Rules and columns are those of most of the text.
        most = not lines
        lines += page_lines(glyphs, turned if most else (), gutters if most else None, edge)
    return [encodable(line) for line in lines]


def _stands_below(one: _Character, other: _Character) -> bool:
    """Tell whether a character is set right below the one before, as in vertical writing."""
    size = max(one.style.size, 0.1)
    level = abs(one.x - other.x) < _STRAIGHT * size and one.style.angle == other.style.angle == 0
    return level and 0.5 * size < other.y - one.y < _CLOSE * size


def _glyph(one: _Character, angle: int) -> Glyph:
    """Turn a character so that its line runs to the right, with y downwards."""
    size = one.style.size
    if angle == 0:
        return Glyph(one.text, min(one.x, one.left), one.right, -one.y, size, one.spaced)
    x, y = _turn(one.x, one.y, angle)
    if angle == _DOWNWARDS and one.style.angle == 0:
        # Boxes are around the ink, but each character takes a whole square of its line.
        return Glyph(one.text, x - 0.88 * size, x + 0.12 * size, -y, size, one.spaced)
    corners = ((one.left, one.bottom), (one.right, one.top), (one.left, one.top))
    across = [_turn(*corner, angle)[0] for corner in (*corners, (one.right, one.bottom))]
    if angle % 90:
        return Glyph(one.text, x, x + _advance(one.text) * size, -y, size, one.spaced)
    return Glyph(one.text, min(across), max(across), -y, size, one.spaced)


def _advance(text: str) -> float:
    return 0.5 if text.isascii() else 1.0


def _turn(x: float, y: float, angle: int) -> tuple[float, float]:
    """Return a point turned back by an angle in degrees."""
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return x * cosine + y * sine, y * cosine - x * sine


def _turned_rule(rule: Rule, angle: int) -> Rule:
    (one, up), (other, down) = (
        _turn(rule.left, rule.bottom, angle),
        _turn(rule.right, rule.top, angle),
    )
    return Rule(min(one, other), -max(up, down), max(one, other), -min(up, down))


def _characters(page: Any) -> list[_Character]:
    """Return the characters of a page that have an own place; spaces stand with what follows."""
    textpage = page.get_textpage()
    try:
        return list(_each_character(textpage))
    finally:
        textpage.close()


def _each_character(textpage: Any) -> Iterator[_Character]:
    import pypdfium2.raw as raw

    read = _Reading(textpage)
    spaced, high, last = "", 0, ""
    guessed = False  # by pdfium: that two words are parted, without a space in the file
    for index in range(min(textpage.count_chars(), _MOST_GLYPHS)):
        code = raw.FPDFText_GetUnicode(textpage, index)
        if raw.FPDFText_IsGenerated(textpage, index) == 1:
            guessed = True
            continue
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        if 0xDC00 <= code < 0xE000 and high:
            code, high = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00), 0
        text = _ordinary(code)
        if text.isspace() or not text:
            spaced = "\u3000" if text == "\u3000" else " " if text else spaced
            continue
        if guessed and not spaced and last.isascii() and text.isascii():
            spaced = " "
        yield read.character(index, text, spaced)
        spaced, guessed, last = "", False, text


def _ordinary(code: int) -> str:
    """Return a character as text is written, not as fonts name it."""
    if code in (0x02, 0xAD):
        return SOFT_HYPHEN
    if code in (0xFEFF, 0x200B, 0x200C, 0x200D, 0x2060):
        return ""
    text = chr(code) if code <= 0x10FFFF else "\ufffd"
    return ordinary_form(text) if _RADICAL.match(text) else text


class _Reading:
    """Reads characters from a text page, with the same few C values over and over."""

    def __init__(self, textpage: Any) -> None:
        import pypdfium2.raw as raw

        self.raw, self.textpage = raw, textpage
        self.x, self.y = ctypes.c_double(), ctypes.c_double()
        self.box, self.matrix = raw.FS_RECTF(), raw.FS_MATRIX()
        self.channels = [ctypes.c_uint() for _ in range(4)]
        self.owner: int | None = None
        self.style = _Style(0, 0, 0, (0, 0, 0, 255))

    def character(self, index: int, text: str, spaced: str) -> _Character:
        """Return the character at an index of the text page."""
        owner = self.raw.FPDFText_GetTextObject(self.textpage, index)
        address = ctypes.cast(owner, ctypes.c_void_p).value if owner else None
        if address is None or address != self.owner:
            self.owner, self.style = address, self._style(index, owner)
        self.raw.FPDFText_GetCharOrigin(self.textpage, index, self.x, self.y)
        self.raw.FPDFText_GetLooseCharBox(self.textpage, index, self.box)
        box = self.box
        sides = (box.left, box.bottom, box.right, box.top)
        return _Character(text, *sides, self.x.value, self.y.value, self.style, spaced)

    def _style(self, index: int, owner: Any) -> _Style:
        matrix, textpage = self.matrix, self.textpage
        self.raw.FPDFText_GetMatrix(textpage, index, matrix)
        scale = math.sqrt(abs(matrix.a * matrix.d - matrix.b * matrix.c))
        size = abs(self.raw.FPDFText_GetFontSize(textpage, index)) * scale
        angle = round(math.degrees(math.atan2(matrix.b, matrix.a))) % 360
        mode = self.raw.FPDFTextObj_GetTextRenderMode(owner) if owner else 0
        known = self.raw.FPDFText_GetFillColor(textpage, index, *self.channels)
        red, green, blue, alpha = (channel.value for channel in self.channels)
        return _Style(size, angle, mode, (red, green, blue, alpha) if known else (0, 0, 0, 255))


# What is drawn.


def _drawn(page: Any) -> _Drawn:
    """Return the rules, the colours of filled shapes and the images of a page."""
    import pypdfium2.raw as raw

    drawn = _Drawn()
    box = page.get_bbox()
    area = max((box[2] - box[0]) * (box[3] - box[1]), 1.0)
    for item, matrix in _objects(page):
        kind = raw.FPDFPageObj_GetType(item)
        drawn.objects += 1
        if kind == raw.FPDF_PAGEOBJ_PATH:
            _add_path(drawn, item, matrix)
        elif kind == raw.FPDF_PAGEOBJ_IMAGE:
            a, b, c, d = _times(_matrix(item), matrix)[:4]
            drawn.images = max(drawn.images, min(abs(a * d - b * c) / area, 1.0))
    return drawn


Matrix = tuple[float, float, float, float, float, float]


def _objects(page: Any) -> Iterator[tuple[Any, Matrix]]:
    """Yield what is drawn on a page, also inside forms, with the form's matrix."""
    import pypdfium2.raw as raw

    count = raw.FPDFPage_CountObjects(page)
    upright: Matrix = (1, 0, 0, 1, 0, 0)
    stack = [
        (raw.FPDFPage_GetObject(page, i), upright, 0)
        for i in reversed(range(min(count, _MOST_OBJECTS)))
    ]
    budget = _MOST_OBJECTS
    while stack and budget:
        item, matrix, depth = stack.pop()
        budget -= 1
        if raw.FPDFPageObj_GetType(item) != raw.FPDF_PAGEOBJ_FORM:
            yield item, matrix
        elif depth < _DEEPEST_FORM:
            inner = _times(_matrix(item), matrix)
            held = range(min(raw.FPDFFormObj_CountObjects(item), _MOST_OBJECTS))
            stack += [(raw.FPDFFormObj_GetObject(item, i), inner, depth + 1) for i in held]


def _matrix(item: Any) -> Matrix:
    import pypdfium2.raw as raw

    found = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(item, found)
    return found.a, found.b, found.c, found.d, found.e, found.f


def _times(one: Matrix, other: Matrix) -> Matrix:
    """Return the matrix that does first one, then the other."""
    a, b, c, d, e, f = one
    k, m, n, o, p, q = other
    return (
        a * k + b * n,
        a * m + b * o,
        c * k + d * n,
        c * m + d * o,
        e * k + f * n + p,
        e * m + f * o + q,
    )


def _add_path(drawn: _Drawn, item: Any, matrix: Matrix) -> None:
    """Add the rules that a path draws: stroked lines, or filled shapes as thin as lines."""
    import pypdfium2.raw as raw

    fill, stroke = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(item, fill, stroke)
    for corners in _subpaths(item, _times(_matrix(item), matrix)):
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        left, right, low, high = min(xs), max(xs), min(ys), max(ys)
        if min(right - left, high - low) <= _RULE_THICKNESS:
            if max(right - left, high - low) > _RULE_THICKNESS:
                drawn.rules.append(_rule(left, low, right, high))
            continue
        if fill.value:
            drawn.colours.add(_fill_colour(item))
        if stroke.value:
            sides = pairwise(corners)
            drawn.rules += [
                _rule(min(a, c), min(b, d), max(a, c), max(b, d))
                for (a, b), (c, d) in sides
                if min(abs(a - c), abs(b - d)) <= _RULE_THICKNESS
            ]


def _fill_colour(item: Any) -> Colour:
    """Return what a shape is filled with; white if that is no plain colour."""
    import pypdfium2.raw as raw

    channels = [ctypes.c_uint(255) for _ in range(4)]
    raw.FPDFPageObj_GetFillColor(item, *channels)
    red, green, blue, alpha = (channel.value for channel in channels)
    return red, green, blue, alpha


def _rule(left: float, low: float, right: float, high: float) -> Rule:
    """Return a rule along the middle of a thin box; `top` and `bottom` are as on paper."""
    if right - left > high - low:
        middle = (low + high) / 2
        return Rule(left, middle, right, middle)
    middle = (left + right) / 2
    return Rule(middle, high, middle, low)


def _subpaths(item: Any, matrix: Matrix) -> Iterator[list[tuple[float, float]]]:
    """Yield the corners of each part of a path that is made of straight lines."""
    import pypdfium2.raw as raw

    a, b, c, d, e, f = matrix
    x, y = ctypes.c_float(), ctypes.c_float()
    corners: list[tuple[float, float]] = []
    straight = True
    for index in range(min(raw.FPDFPath_CountSegments(item), _MOST_SEGMENTS)):
        segment = raw.FPDFPath_GetPathSegment(item, index)
        kind = raw.FPDFPathSegment_GetType(segment)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            if len(corners) > 1 and straight:
                yield corners
            corners, straight = [], True
        straight = straight and kind != raw.FPDF_SEGMENT_BEZIERTO
        corners.append((a * x.value + c * y.value + e, b * x.value + d * y.value + f))
        if raw.FPDFPathSegment_GetClose(segment):
            corners.append(corners[0])
    if len(corners) > 1 and straight:
        yield corners


# What is hidden.


def _hidden(page: Any, characters: Sequence[_Character], drawn: _Drawn) -> list[bool]:
    """Tell for each character whether the page shows it.

    Not shown is what is invisible, off the page, smaller than can be read, or of the colour of
    what is behind it. But invisible text over a scan is what was recognised in it.
    """
    import pypdfium2.raw as raw

    unseen = [one.style.mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE for one in characters]
    scanned = drawn.images > _SCAN_COVER and sum(unseen) >= _LAYER_SHARE * len(characters)
    box = page.get_bbox()
    hidden = [
        (invisible and not scanned) or one.style.size < _LEAST_SIZE or _is_off(one, box)
        for one, invisible in zip(characters, unseen, strict=True)
    ]
    faint = {
        style
        for style in {one.style for one in characters}
        if style.mode != raw.FPDF_TEXTRENDERMODE_INVISIBLE and _is_faint(style, drawn.colours)
    }
    if not faint:
        return hidden
    blank = _blank(page, [one if one.style in faint else None for one in characters])
    return [one or other for one, other in zip(hidden, blank, strict=True)]


def _is_off(one: _Character, box: Sequence[float]) -> bool:
    across = one.right <= box[0] or one.left >= box[2]
    return across or max(one.top, one.y) <= box[1] or min(one.bottom, one.y) >= box[3]


def _is_faint(style: _Style, colours: set[Colour]) -> bool:
    """Tell whether type could be lost in what is behind it: white paper, or a filled shape."""
    if style.colour[3] < _LEAST_ALPHA:
        return True
    behind = ((255, 255, 255, 255), *colours)
    # Type that is only outlined has the colour of its outline, which is not known here.
    return style.mode in (0, 1, 4) and any(_is_same(style.colour, other) for other in behind)


def _is_same(one: Colour, other: Colour) -> bool:
    return all(abs(a - b) <= _SAME_COLOUR for a, b in zip(one[:3], other[:3], strict=True))


def _blank(page: Any, characters: Sequence[_Character | None]) -> list[bool]:
    """Tell of each character given whether nothing is to be seen at its place.

    That is looked up in a picture of the page, so that what lies behind or over it counts.
    """
    box = page.get_bbox()
    width, height = page.get_size()
    scale = min(_SCALE, math.sqrt(_MOST_PIXELS / max(width * height, 1.0)))
    if page.get_rotation():
        return [False] * len(characters)
    seen = picture(page, scale)
    hidden: list[bool] = []
    for one in characters:
        if one is None:
            hidden.append(False)
            continue
        top, low = one.y + 0.8 * one.style.size, one.y - 0.1 * one.style.size
        rows = slice(max(int((box[3] - top) * scale), 0), max(int((box[3] - low) * scale) + 1, 0))
        first, last = (one.left - box[0]) * scale, (one.right - box[0]) * scale
        part = seen[rows, max(int(first), 0) : max(int(last) + 1, 0)].reshape(-1, 3)
        hidden.append(len(part) > 0 and _is_lost(one.style.colour, part.min(0), part.max(0)))
    return hidden


def _is_lost(colour: Colour, darkest: Any, lightest: Any) -> bool:
    """Tell whether a place is all of one colour, and that the colour of its type.

    A font that is not in the file may draw nothing here, and yet be seen elsewhere.
    """
    low, high = [int(part) for part in darkest[::-1]], [int(part) for part in lightest[::-1]]
    if max(b - a for a, b in zip(low, high, strict=True)) > _SAME_COLOUR:
        return False
    faint = colour[3] < _LEAST_ALPHA
    return faint or _is_same(colour, (low[0], low[1], low[2], 255))


def picture(page: Any, scale: float) -> Any:
    """Return a page as (height, width, 3) bytes of blue, green and red, `scale` to the point."""
    width, height = page.get_size()
    scale = min(scale, math.sqrt(_MOST_PIXELS * 2 / max(width * height, 1.0)))
    bitmap = page.render(scale=scale)
    try:
        return bitmap.to_numpy()[:, :, :3].copy()
    finally:
        bitmap.close()
