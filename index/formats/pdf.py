"""PDF -> documents: the text layer in reading order, its pages, hidden text told apart.

pdfium says where each character stands (pdf_page.py); page_layout.py makes lines of that. Pages
without text are recognised when the extra [ocr] is installed.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice, pairwise
from typing import Any

from index import content
from index.content import Content, make_document
from index.errors import EmptyDocument, ReadError
from index.formats import ocr
from index.formats.lines import LONGEST_HEADING, Lines
from index.formats.page_layout import Gap, joint
from index.formats.pdf_page import FEW, Page, picture, read_page
from index.script import encodable, fold_characters
from index.types import Layout, Metadata, Span

# Yearbooks and budgets have up to 2,000; a file that declares more is an attack or an archive.
MAX_PAGES = 5_000
# Pages from one sign of life to the next; those that are recognised take seconds each.
_SIGN_OF_LIFE = 200
_WRONG_SHARE = 0.3  # of characters whose meaning the font does not give
_MOST_BOOKMARKS, _MOST_LEVELS = 2_000, 9
_PAGES_NAMED = 8  # in a note
# Beyond a table at the edge of a page stand so many headers or footers; cells that are broken
# there have so many characters, and end in none of these.
_FOOTERS, _BROKEN_CELL, _CELL_ENDS = 4, 8, "。！？；.!?;”’」』）)"
# Bytes: the most that a page's drawing may unpack to, and in which pieces that is counted.
_MOST_UNPACKED, _PIECE, _DICTIONARY = 80 * 2**20, 2**16, 2_000
# Checking ends after so many bytes and streams: the reader's own limits are for what is left.
_MOST_CHECKED, _MOST_STREAMS = 800 * 2**20, 100_000

_STREAM = re.compile(rb"(?<!end)stream\r?\n")
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


def read_pdf(data: bytes, source: str) -> Content:
    """Return the document in a PDF.

    Raises EmptyDocument for a PDF without text, ReadError for one that is damaged, needs a
    password, or has more than MAX_PAGES pages or index.formats.lines.MAX_CHARACTERS characters.
    """
    import pypdfium2 as pdfium

    try:
        with _opened(data) as pdf:
            _check_pages(len(pdf))
            pages = _pages(pdf)
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
    # A page without text begins where the next one does: the numbers of pages are those on paper.
    starts = tuple(place for place in lines.pages if place < len(raw))
    layout = Layout(starts, _headings(raw, marks), lines.layout().hidden)
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


def _check_text(raw: str, lines: Lines, pages: Sequence[Page]) -> None:
    """Raise EmptyDocument, with what to do, when there is nothing to read in a text."""
    length = len(raw) - raw.count("\n") - sum(map(len, lines.hidden))
    if length < FEW * len(pages) and all(page.is_lost for page in pages):
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


def _add_page(lines: Lines, page: Page) -> None:
    lines.start_page()
    for text in page.shown:
        lines.add([(text, False)])
    for text in page.hidden:
        lines.add([(text, True)])


def _join_rows(pages: Sequence[Page]) -> None:
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
    if len(pairs) == 1:
        return bool(pairs[0][0])
    # A row of its own, below a cell that spans rows, has some short cell: a sum or a date.
    long = all(len(one) >= _BROKEN_CELL for one, _ in pairs)
    return long and any(one[-1] not in _CELL_ENDS for one, _ in pairs)


# One page.


def _pages(pdf: Any) -> list[Page]:
    """Return all pages, those without text recognised if the extra is there."""
    gutters: list[Gap] = []
    pages: list[Page] = []
    for number in range(len(pdf)):
        if number % _SIGN_OF_LIFE == _SIGN_OF_LIFE - 1:
            content.heartbeat()
        page = pdf[number]
        try:
            found = read_page(page, gutters)
            if found.scan and ocr.is_available():
                texts = ocr.recognise(picture(page, ocr.SCALE))
                found = replace(found, shown=texts, recognised=True) if texts else found
                content.heartbeat()
        finally:
            page.close()
        pages.append(found)
    return pages


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


def _notes(layout: Layout, pages: Sequence[Page], length: int) -> tuple[str, ...]:
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
