"""What hostile files are made of: ZIP archives, Office files and PDFs, byte by byte.

Bombs are real ones: what repeats is compressed once and then repeated in its compressed form.
"""

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

SENTENCES = (
    "青石市低空经济扶持办法",
    "对在本市设立总部的无人机企业，按实际投资额给予最高五百万元补助。",
    "申请人应当在每年六月三十日前，向市发展和改革局提交材料。",
    "本办法自二〇二五年三月一日起施行，有效期三年。",
)
TEXT = "\n".join(SENTENCES)


# Containers


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a ZIP archive as it stands there; what it says of itself may be a lie."""

    name: bytes
    body: bytes
    crc: int
    size: int
    method: int = zipfile.ZIP_DEFLATED
    flags: int = 0x800  # the name is UTF-8
    attributes: int = 0


def repeated(unit: bytes, times: int, head: bytes = b"", tail: bytes = b"") -> tuple[bytes, int]:
    """Return `head`, `times` x `unit`, `tail` as raw deflate data, and their CRC-32.

    A full flush ends each piece at a whole byte and forgets what came before: it can be repeated.
    """
    pieces = []
    for piece, count in ((head, 1), (unit, times), (tail, 1)):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        pieces.append((packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)) * count)
    crc = zlib.crc32(head)
    for _ in range(times):
        crc = zlib.crc32(unit, crc)
    return b"".join(pieces) + b"\x03\x00", zlib.crc32(tail, crc)


def bomb(name: str, unit: bytes, times: int, head: bytes = b"", tail: bytes = b"") -> Entry:
    body, crc = repeated(unit, times, head, tail)
    return Entry(name.encode(), body, crc, len(head) + len(unit) * times + len(tail))


def plain(name: str, data: bytes) -> Entry:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = packer.compress(data) + packer.flush()
    return Entry(name.encode(), body, zlib.crc32(data), len(data))


def zip_of(entries: Sequence[Entry], times: int = 1) -> bytes:
    """Return an archive of the entries, each listed `times` times though it stands there once."""
    data, directory = bytearray(), bytearray()
    for entry in entries:
        common = struct.pack(
            "<HHHHHIIIHH",
            *(20, entry.flags, entry.method, 0, 0x5A21, entry.crc),
            *(len(entry.body), entry.size, len(entry.name), 0),
        )
        row = struct.pack("<HHHII", 0, 0, 0, entry.attributes, len(data)) + entry.name
        directory += (b"PK\x01\x02\x14\x03" + common + row) * times
        data += b"PK\x03\x04" + common + entry.name + entry.body
    count = min(len(entries) * times, 0xFFFF)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(data), 0)
    return bytes(data + directory) + b"PK\x05\x06" + end


def zipped(*files: tuple[str, bytes]) -> bytes:
    return zip_of([plain(name, data) for name, data in files])


# DOCX

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATED = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
OPEN = f'{XML}<w:document xmlns:w="{W}" xmlns:r="{R}"><w:body>'
CLOSE = "<w:sectPr/></w:body></w:document>"
PARAGRAPHS = "".join(f"<w:p><w:r><w:t>{s}</w:t></w:r></w:p>" for s in SENTENCES)
_MAIN = "application/vnd.openxmlformats-officedocument"


def package(kind: str, part: str, *more: tuple[str, str]) -> list[Entry]:
    """Return what every Office file begins with: its types and the way to its main part."""
    overrides = "".join(
        f'<Override PartName="/{name}" ContentType="{content}"/>' for name, content in more
    )
    types = (
        f'{XML}<Types xmlns="{TYPES}"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Default Extension="bin" ContentType="application/octet-stream"/>'
        f'<Default Extension="html" ContentType="text/html"/>'
        f'<Override PartName="/{part}" ContentType="{_MAIN}.{kind}.main+xml"/>{overrides}</Types>'
    )
    way = relationships(("rId1", f"{R}/officeDocument", part, False))
    return [plain("[Content_Types].xml", types.encode()), plain("_rels/.rels", way)]


def relationships(*rows: tuple[str, str, str, bool]) -> bytes:
    where = {True: ' TargetMode="External"', False: ""}
    inner = "".join(
        f'<Relationship Id="{name}" Type="{kind}" Target="{target}"{where[external]}/>'
        for name, kind, target, external in rows
    )
    return f'{XML}<Relationships xmlns="{RELATED}">{inner}</Relationships>'.encode()


def docx(body: str = PARAGRAPHS, *more: Entry, head: str = OPEN) -> bytes:
    """Return a Word file with this inside its body, and with more parts."""
    main = plain("word/document.xml", f"{head}{body}{CLOSE}".encode())
    return zip_of([*package("wordprocessingml.document", "word/document.xml"), main, *more])


def docx_of(main: Entry) -> bytes:
    """Return a Word file with this main part."""
    return zip_of([*package("wordprocessingml.document", "word/document.xml"), main])


# XLSX

S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


ROWS = "".join(
    f'<row r="{i}">{cell(f"A{i}", f"第{i}项")}{cell(f"B{i}", sentence)}</row>'
    for i, sentence in enumerate(SENTENCES, start=1)
)


def xlsx(sheet: str | Entry, *more: Entry) -> bytes:
    """Return a workbook of one sheet, given as what its XML holds or as the whole part."""
    if isinstance(sheet, str):
        whole = f'{XML}<worksheet xmlns="{S}">{sheet}</worksheet>'
        sheet = plain("xl/worksheets/sheet1.xml", whole.encode())
    kind = f"{_MAIN}.spreadsheetml.worksheet+xml"
    strings = f"{_MAIN}.spreadsheetml.sharedStrings+xml"
    book = (
        f'{XML}<workbook xmlns="{S}" xmlns:r="{R}"><sheets>'
        '<sheet name="补助" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    ways = relationships(
        ("rId1", f"{R}/worksheet", "worksheets/sheet1.xml", False),
        ("rId2", f"{R}/sharedStrings", "sharedStrings.xml", False),
    )
    parts = package(
        "spreadsheetml.sheet",
        "xl/workbook.xml",
        ("xl/worksheets/sheet1.xml", kind),
        ("xl/sharedStrings.xml", strings),
    )
    if not any(entry.name == b"xl/sharedStrings.xml" for entry in more):
        more += (plain("xl/sharedStrings.xml", f'{XML}<sst xmlns="{S}"/>'.encode()),)
    rest = [plain("xl/workbook.xml", book.encode()), plain("xl/_rels/workbook.xml.rels", ways)]
    return zip_of([*parts, *rest, sheet, *more])


# PDF

# The fonts and codes of Chinese that every reader of PDF knows: nothing is embedded.
FONT = (
    b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts"
    b"[<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)"
    b"/Ordering(GB1)/Supplement 4>>/FontDescriptor<</Type/FontDescriptor/FontName/STSong-Light"
    b"/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880"
    b"/StemV 93>>/DW 1000>>]>>"
)
# Objects 1 to 3: the catalogue, the tree of pages, the first page; 4 is its font, 5 its content.
CATALOGUE = b"<</Type/Catalog/Pages 2 0 R>>"
TREE = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = (
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 4 0 R>>>>"
    b"/Contents 5 0 R>>"
)


def lines(sentences: Sequence[str] = SENTENCES) -> bytes:
    """Return the drawing of some lines of text."""
    shown = b"".join(b"<%s>Tj T*\n" % s.encode("utf-16-be").hex().encode() for s in sentences)
    return b"BT /F1 12 Tf 16 TL 60 760 Td\n" + shown + b"ET\n"


def stream(data: bytes, extra: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), extra, data)


def deflated(unit: bytes, times: int, head: bytes = b"") -> bytes:
    """Return a stream that unpacks to `head` and `times` x `unit`."""
    body, _ = repeated(unit, times, head)
    # The checksum at the end of zlib's form is left out: readers of PDF go on without it.
    return stream(b"\x78\x9c" + body, b"/Filter/FlateDecode")


def pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """Return a PDF of objects 1, 2 … and a right table of where they are."""
    data, places = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size, start = len(objects) + 1, len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    data += b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        *(size, trailer, start),
    )
    return bytes(data)


def simple_pdf(content: bytes, *more: bytes, page: bytes = PAGE) -> bytes:
    """Return a PDF of one page with this content stream, and more objects from number 6 on."""
    return pdf(CATALOGUE, TREE, page, FONT, content, *more)


def locked_pdf(user: bytes) -> bytes:
    """Return a PDF that is encrypted (RC4, 40 bits, PDF Reference 1.7, 3.5) with a password.

    An empty `user` password locks only what the owner may do: every reader opens it.
    """
    name, rights = bytes(range(16)), struct.pack("<i", -64)
    owner = _rc4(hashlib.md5(_padded(b"owner")).digest()[:5], _padded(user))
    key = hashlib.md5(_padded(user) + owner + rights + name).digest()[:5]
    content = _rc4(hashlib.md5(key + b"\x05\0\0\0\0").digest()[:10], lines())
    locks = b"/Encrypt<</Filter/Standard/V 1/R 2/P -64/O<%s>/U<%s>>>/ID[<%s><%s>]" % (
        *(owner.hex().encode(), _rc4(key, _padded(b"")).hex().encode()),
        *[name.hex().encode()] * 2,
    )
    return pdf(CATALOGUE, TREE, PAGE, FONT, stream(content), trailer=locks)


def _padded(password: bytes) -> bytes:
    padding = "28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A"
    return (password + bytes.fromhex(padding))[:32]


def _rc4(key: bytes, data: bytes) -> bytes:
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)
