"""PDF -> documents: the text layer in reading order, its pages, hidden text told apart.

pdfium says where each character stands; page_layout.py makes lines of that. Pages without text are
recognised when the extra [ocr] is installed.
"""

import ctypes
import math
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from typing import Any

from index import ocr
from index.cleaning.characters import ordinary_form
from index.content import Content, make_document
from index.errors import EmptyDocument, ReadError
from index.formats.lines import LONGEST_HEADING, Lines
from index.page_layout import SOFT_HYPHEN, Gap, Glyph, Rule, joint, page_lines
from index.script import encodable, fold_characters
from index.types import Layout, Metadata, Span

# Yearbooks and budgets have up to 2,000; a file that declares more is an attack or an archive.
MAX_PAGES = 5_000
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
_FEW = 20
# Pixels of the picture in which suspicious text is looked for, at most.
_MOST_PIXELS = 4_000_000
_SCALE = 2.0  # pixels to the point
_WRONG_SHARE = 0.3  # of characters whose meaning the font does not give
_MOST_BOOKMARKS, _MOST_LEVELS = 2_000, 9
_PAGES_NAMED = 8  # in a note
# Beyond a table at the edge of a page stand so many headers or footers; a cell of so many
# characters that ends in none of these goes on.
_FOOTERS, _BROKEN_CELL, _CELL_ENDS = 4, 15, "。！？；.!?;”’」』）)"
# Bytes: the most that a page's drawing may unpack to, and in which pieces that is counted.
_MOST_UNPACKED, _PIECE, _DICTIONARY = 80 * 2**20, 2**16, 2_000
# Checking ends after so many bytes and streams: the reader's own limits are for what is left.
_MOST_CHECKED, _MOST_STREAMS = 800 * 2**20, 100_000

_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_RADICAL = re.compile("[\u2e80-\u2fd5\ufb00-\ufb06]")
_PRIVATE = re.compile("[\x00-\x08\x0e-\x1f\ue000-\uf8ff\ufffd\uffff\U000f0000-\U0010ffff]")
_POOR_TITLE = re.compile(
    r"(?:microsoft (?:word|excel|powerpoint)\b.*|untitled.*|(?:无标题|未命名|新建).*|文档?\s*\d*"
    r"|(?:document|presentation|slide|book|工作簿|演示文稿|幻灯片)\s*\d*|.*\.(?:docx?|wps|xlsx?|pptx?"
    r"|indd|cdr|tmp|fodt|odt|rtf|s72|s92|ps|pdf|html?|php|jsp|aspx?)|about:blank|https?:.*|file:.*"
    r"|print|[\d\W_]*|[a-z]*\d[\w.-]*)",
    re.IGNORECASE,
)
_BODY_NAME = re.compile(
    r".{2,30}(?:局|部|委|厅|办|院|会|府|处|署|司|中心|公室|银行|法院|大学|学院|集团|公司|协会|党委)"
)
_DAY = re.compile(r"D:((?:19|20)\d\d)(\d\d)(\d\d)")

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
class _Page:
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


def read_pdf(data: bytes, source: str, on_page: Callable[[], None] | None = None) -> Content:
    """Return the document in a PDF; `on_page` is called before each page and after recognition.

    Raises EmptyDocument for a PDF without text, ReadError for one that is damaged, needs a
    password, or has more than MAX_PAGES pages or index.formats.lines.MAX_CHARACTERS characters.
    """
    import pypdfium2 as pdfium

    try:
        with _opened(data) as pdf:
            _check_pages(len(pdf))
            pages = _pages(pdf, on_page)
            marks, declared = _bookmarks(pdf), pdf.get_metadata_dict()
    except pdfium.PdfiumError as error:
        raise ReadError(f"it is damaged or no PDF ({error}): save or download it again") from error
    except MemoryError as error:
        raise ReadError("its pages need more memory than is allowed: print it anew") from error
    _join_rows(pages)
    lines = Lines()
    for page in pages:
        _add_page(lines, page)
    raw = lines.text()
    _check_text(raw, lines, pages)
    layout = lines.layout()
    layout = Layout(layout.pages, _headings(raw, marks), layout.hidden)
    notes = _notes(layout, pages, len(raw))
    metadata = _metadata(declared, raw)
    return Content((make_document(source, raw, "application/pdf", metadata, layout),), (), notes)


@contextmanager
def _opened(data: bytes) -> Iterator[Any]:
    """Open a PDF; raises ReadError when it needs a password."""
    import pypdfium2 as pdfium
    import pypdfium2.raw as raw

    _check_streams(data)
    try:
        pdf = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            advice = "save a copy without one"
            raise ReadError(f"it opens only with a password: {advice}") from error
        raise
    try:
        yield pdf
    finally:
        pdf.close()


def _check_streams(data: bytes) -> None:
    """Raise ReadError for a stream that unpacks to more than pdfium can hold; images are let pass.

    What is written on a page takes pdfium a dozen times the memory that it takes itself.
    """
    left = _MOST_CHECKED
    for match in islice(_STREAM.finditer(data), _MOST_STREAMS):
        head = data[max(match.start() - _DICTIONARY, 0) : match.start()].rpartition(b"obj")[2]
        if b"/Image" in head or left <= 0:
            continue
        size = _unpacked_size(memoryview(data)[match.end() :])
        left -= size
        if size > _MOST_UNPACKED:
            raise ReadError(
                f"a part of it unpacks to more than {_MOST_UNPACKED >> 20} MB: print it anew"
            )


def _unpacked_size(packed: memoryview) -> int:
    """Return the length of a stream, or of one packed inside it, counted to _MOST_UNPACKED."""
    size = inner_size = 0
    inner: Any = zlib.decompressobj()
    try:
        for piece in _unpacked(zlib.decompressobj(), packed):
            size += len(piece)
            try:
                for part in _unpacked(inner, memoryview(piece)) if inner else ():
                    inner_size += len(part)
                    if inner_size > _MOST_UNPACKED:
                        return inner_size
            except zlib.error:
                inner = None  # it is packed only once
            if size > _MOST_UNPACKED:
                break
    except zlib.error:
        return size  # it is packed otherwise, or not at all
    return size


def _unpacked(unpacker: Any, packed: memoryview) -> Iterator[bytes]:
    """Yield what packed bytes hold, in pieces; nothing after what is not packed so."""
    place = 0
    while place < len(packed) and not unpacker.eof:
        piece = packed[place : place + _PIECE]
        place += _PIECE
        while piece and not unpacker.eof:
            yield unpacker.decompress(piece, _PIECE)
            piece = unpacker.unconsumed_tail


def _check_pages(count: int) -> None:
    if not count:
        raise EmptyDocument("it has no pages that can be read: save or download it again")
    if count > MAX_PAGES:
        raise ReadError(f"it has {count:,} pages, more than the {MAX_PAGES:,} read: split it")


def _check_text(raw: str, lines: Lines, pages: Sequence[_Page]) -> None:
    """Raise EmptyDocument, with what to do, when there is nothing to read in a text."""
    length = len(raw) - raw.count("\n") - sum(map(len, lines.hidden))
    if length < _FEW * len(pages) and all(page.is_lost for page in pages):
        remedy = "install `pip install 'yinzheng[ocr]'` to have its pages recognised"
        if ocr.is_available():
            remedy = "nothing was recognised on them; scan it anew, sharper"
        raise EmptyDocument(f"it is a scan without text ({_count(len(pages))}): {remedy}")
    if length <= 0:
        raise EmptyDocument(f"no text is shown on its {_count(len(pages))}")
    unreadable = sum(page.unreadable for page in pages)
    if unreadable > _WRONG_SHARE * len(raw):
        raise ReadError(
            f"its fonts do not say which characters they show ({unreadable:,} of {len(raw):,}):"
            " print it anew, or scan it and recognise the text"
        )


def _count(pages: int) -> str:
    return f"{pages:,} page{'s' * (pages != 1)}"


def _add_page(lines: Lines, page: _Page) -> None:
    lines.start_page()
    for text in page.shown:
        lines.add([(text, False)])
    for text in page.hidden:
        lines.add([(text, True)])


def _join_rows(pages: Sequence[_Page]) -> None:
    """Put what the last row of a page goes on with on the next one where the row began."""
    for page, following in pairwise(pages):
        row = _edge_row(page.shown, range(len(page.shown) - 1, -1, -1), ())
        rest = _edge_row(following.shown, range(len(following.shown)), page.shown)
        if row is None or rest is None:
            continue
        cells, more = page.shown[row].split("\t"), following.shown[rest].split("\t")
        if _goes_on(cells, more):
            joined = (joint(one, other) for one, other in zip(cells, more, strict=True))
            page.shown[row] = "\t".join(joined)
            del following.shown[rest]


def _edge_row(lines: list[str], places: Sequence[int], passed: Sequence[str]) -> int | None:
    """Return where the first row of a table is, beside a few headers or footers."""
    known = set(passed)
    for place in places[:_FOOTERS]:
        if "\t" in lines[place] and lines[place] not in known:
            return place
    return None


def _goes_on(cells: list[str], more: list[str]) -> bool:
    """Tell whether cells go on in those of a row without a first cell, as far as they say so."""
    if len(cells) != len(more) or more[0] or not cells[0]:
        return False
    pairs = [(one, other) for one, other in zip(cells, more, strict=True) if other]
    if not all(one for one, _ in pairs):
        return False
    broken = any(len(one) >= _BROKEN_CELL and one[-1] not in _CELL_ENDS for one, _ in pairs)
    return broken or len(pairs) == 1


# One page.


def _pages(pdf: Any, on_page: Callable[[], None] | None) -> list[_Page]:
    """Return all pages, those without text recognised if the extra is there."""
    gutters: list[Gap] = []
    pages: list[_Page] = []
    for number in range(len(pdf)):
        if on_page:
            on_page()
        page = pdf[number]
        try:
            found = _page(page, gutters)
            if found.scan and ocr.is_available():
                texts = ocr.recognise(_picture(page, ocr.SCALE))
                found = replace(found, shown=texts, recognised=True) if texts else found
                if on_page:
                    on_page()
        finally:
            page.close()
        pages.append(found)
    return pages


def _page(page: Any, gutters: list[Gap]) -> _Page:
    characters = _characters(page)
    drawn = _drawn(page)
    few = len(characters) < _FEW
    scan = few and (drawn.images > _SCAN_COVER or (not characters and drawn.objects > 0))
    hidden = _hidden(page, characters, drawn)
    shown = [one for one, hides in zip(characters, hidden, strict=True) if not hides]
    others = [one for one, hides in zip(characters, hidden, strict=True) if hides]
    unreadable = sum(bool(_PRIVATE.match(one.text)) for one in characters)
    lines = _lines_of(shown, drawn.rules, gutters)
    return _Page(lines, _lines_of(others, [], []), scan, unreadable)


def _lines_of(
    characters: Sequence[_Character], rules: Sequence[Rule], gutters: list[Gap]
) -> list[str]:
    """Return the lines of a page; those that run another way follow, each way by itself."""
    ways: dict[int, list[_Character]] = {}
    for character in characters:
        ways.setdefault(character.style.angle, []).append(character)
    lines: list[str] = []
    for angle in sorted(ways, key=lambda angle: (-len(ways[angle]), angle)):
        glyphs = [_glyph(character, angle) for character in ways[angle]]
        turned = [_turned_rule(rule, angle) for rule in rules] if angle % 90 == 0 else []
        # Rules belong to the text they surround: most of it.
        lines += page_lines(glyphs, *((turned, gutters) if not lines else ((), [])))
    return [encodable(line) for line in lines]


def _glyph(one: _Character, angle: int) -> Glyph:
    """Turn a character so that its line runs to the right, with y downwards."""
    size = one.style.size
    if angle == 0:
        return Glyph(one.text, min(one.x, one.left), one.right, -one.y, size, one.spaced)
    x, y = _turn(one.x, one.y, angle)
    corners = ((one.left, one.bottom), (one.right, one.top), (one.left, one.top))
    across = [_turn(*corner, angle)[0] for corner in (*corners, (one.right, one.bottom))]
    right = max(across) if angle % 90 == 0 else x + _advance(one.text) * size
    return Glyph(one.text, min(x, right), right, -y, size, one.spaced)


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
    spaced, high = "", 0
    for index in range(min(textpage.count_chars(), _MOST_GLYPHS)):
        code = raw.FPDFText_GetUnicode(textpage, index)
        if raw.FPDFText_IsGenerated(textpage, index) == 1:
            continue  # a space or a line end that pdfium guessed
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        if 0xDC00 <= code < 0xE000 and high:
            code, high = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00), 0
        text = _ordinary(code)
        if text.isspace() or not text:
            spaced = "\u3000" if text == "\u3000" else " " if text else spaced
            continue
        yield read.character(index, text, spaced)
        spaced = ""


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
    picture = _picture(page, scale)
    hidden: list[bool] = []
    for one in characters:
        if one is None:
            hidden.append(False)
            continue
        top, low = one.y + 0.8 * one.style.size, one.y - 0.1 * one.style.size
        rows = slice(max(int((box[3] - top) * scale), 0), max(int((box[3] - low) * scale) + 1, 0))
        first, last = (one.left - box[0]) * scale, (one.right - box[0]) * scale
        part = picture[rows, max(int(first), 0) : max(int(last) + 1, 0)].reshape(-1, 3)
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


def _picture(page: Any, scale: float) -> Any:
    """Return a page as (height, width, 3) bytes of blue, green and red, `scale` to the point."""
    width, height = page.get_size()
    scale = min(scale, math.sqrt(_MOST_PIXELS * 2 / max(width * height, 1.0)))
    bitmap = page.render(scale=scale)
    try:
        return bitmap.to_numpy()[:, :, :3].copy()
    finally:
        bitmap.close()


# What the file says of itself.


def _bookmarks(pdf: Any) -> list[tuple[str, int]]:
    """Return the titles of the outline with their levels from 1."""
    found: list[tuple[str, int]] = []
    for bookmark in pdf.get_toc(max_depth=_MOST_LEVELS):
        if len(found) >= _MOST_BOOKMARKS:
            break
        found.append((_tight(bookmark.get_title()), min(bookmark.level + 1, _MOST_LEVELS)))
    return found


def _headings(raw: str, marks: Sequence[tuple[str, int]]) -> tuple[tuple[Span, int], ...]:
    """Return the lines that are titles of the outline, looked for in its order."""
    if not marks:
        return ()
    places: dict[str, list[Span]] = {}
    start = 0
    for line in raw.split("\n"):
        if len(line) <= LONGEST_HEADING and "\t" not in line:
            places.setdefault(_tight(line), []).append(Span(start, start + len(line)))
        start += len(line) + 1
    found: list[tuple[Span, int]] = []
    position = 0
    for title, level in marks:
        spans = places.get(title, []) if title else []
        span = next((span for span in spans if span.start >= position), None)
        if span:
            found.append((span, level))
            position = span.end
    return tuple(found)


def _tight(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _metadata(declared: dict[str, str], raw: str) -> Metadata:
    """Return what of the file's properties can be believed.

    A title is not a file name; an author is a body rather than who sat at the keyboard; the day it
    was made is that of the text only if the text names it.
    """
    known: dict[str, str] = {}
    title = _printable(declared.get("Title", ""))
    if not _POOR_TITLE.fullmatch(fold_characters(title)) and len(title) <= LONGEST_HEADING:
        known["title"] = title
    author = _printable(declared.get("Author", ""))
    if _BODY_NAME.fullmatch(fold_characters(author)):
        known["publisher"] = author
    day = _DAY.match(declared.get("CreationDate", ""))
    if day and _names_day(raw, *map(int, day.groups())):
        known["date"] = "-".join(day.groups())
    return Metadata(**known, found=dict.fromkeys(known, "declared"))


def _printable(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in encodable(text)).split())


def _names_day(raw: str, year: int, month: int, day: int) -> bool:
    pattern = rf"(?<!\d){year}\s?(?:年|[-/.])\s?0?{month}\s?(?:月|[-/.])\s?0?{day}(?!\d)"
    return bool(re.search(pattern, raw))


def _notes(layout: Layout, pages: Sequence[_Page], length: int) -> tuple[str, ...]:
    notes: list[str] = []
    if layout.hidden:
        where = {layout.page_of(span.start) for span in layout.hidden}
        number = sum(map(len, layout.hidden))
        notes.append(f"hidden text on {_named(sorted(where))} ({number:,} characters) is left out")
    if lost := [number for number, page in enumerate(pages, 1) if page.is_lost]:
        hint = "nothing was recognised there" if ocr.is_available() else "they need the extra [ocr]"
        notes.append(f"no text on {_named(lost)}, which show images: {hint}")
    if recognised := [number for number, page in enumerate(pages, 1) if page.recognised]:
        notes.append(f"the text of {_named(recognised)} was recognised in images: check quotations")
    if unreadable := sum(page.unreadable for page in pages):
        notes.append(f"{unreadable:,} of {length:,} characters have no meaning in their fonts")
    return tuple(notes)


def _named(pages: Sequence[int]) -> str:
    """Return "page 3", "pages 1 and 3" or "pages 1, 2, … (12 in all)"."""
    if len(pages) == 1:
        return f"page {pages[0]}"
    if len(pages) > _PAGES_NAMED:
        first = ", ".join(map(str, pages[:_PAGES_NAMED]))
        return f"pages {first} … ({len(pages):,} in all)"
    return f"pages {', '.join(map(str, pages[:-1]))} and {pages[-1]}"
