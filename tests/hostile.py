"""Makes files that attack or confuse what reads them. None is stored: each is made when needed."""

import gzip
import io
import json
import random
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Literal

from hostile_parts import (
    CATALOGUE,
    FONT,
    OPEN,
    PAGE,
    PARAGRAPHS,
    ROWS,
    SENTENCES,
    TEXT,
    TREE,
    XML,
    Entry,
    R,
    S,
    W,
    bomb,
    cell,
    deflated,
    docx,
    docx_of,
    lines,
    locked_pdf,
    pdf,
    plain,
    relationships,
    repeated,
    simple_pdf,
    stream,
    xlsx,
    zip_of,
    zipped,
)

PROOF = "最高五百万元补助"  # comes out when TEXT was read right
TRADITIONAL = "青石市鼓勵企業設立營運總部，補助金額最高新臺幣五百萬元，申請人應於六月底前送件。"
TRADITIONAL_PROOF = "補助金額最高新臺幣五百萬元"
HONG_KONG = "本條例適用於在港設立的企業，申請人須於六月底前到深水埗辦事處遞交表格，嘅字亦可。"
RARE = "𠮷𡈽𠀋"  # four bytes each in GB 18030
CANARY = "canary-7f3a91"  # no text that a reader shows may hold it

SECONDS = 30.0  # in which each file must have ended
# How the reading process says that a parser raised what nobody thought of.
_FELL_OVER = "cannot be read: "
LONGEST_LINE = 300  # characters that may be said of it

Expected = Literal["read", "refused", "either"]  # "either": it ends, and in a clear way


@dataclass(frozen=True, slots=True)
class Hostile:
    """A hostile file: the name that it comes under, how to make it, and how it must end."""

    title: str
    name: str
    make: Callable[[], bytes]
    expected: Expected
    must_contain: str = ""  # of the text of its documents, if it is read
    must_not_contain: str = ""
    heavy: bool = False  # takes more than a second: not in every test run


def fault(file: Hostile, problems: Sequence[str], texts: Sequence[str], seconds: float) -> str:
    """Return what is wrong with how a file ended, "" if nothing is.

    `problems` are the lines that were said of it, `texts` the clean texts of its documents.
    """
    text = "".join(texts)
    for said in problems:
        if "\n" in said or len(said) >= LONGEST_LINE or "Traceback" in said:
            return f"no clear line: {said[:200]!r}"
        if said.startswith(_FELL_OVER):
            return f"its parser fell over: {said[:200]!r}"
    if seconds > SECONDS:
        return f"it took {seconds:.0f} s"
    if not problems and not text.strip():
        return "nothing came out, and nothing was said"
    if file.must_not_contain and file.must_not_contain in text:
        return f"it shows {file.must_not_contain!r}"
    if file.expected == "refused":
        return "it was read" if texts else ""
    # What may be refused may be read, but not in part.
    if file.expected == "read" or texts:
        return "" if file.must_contain in text else f"{file.must_contain!r} did not come out"
    return ""


def files() -> list[Hostile]:
    """Return all of them, in groups."""
    return [*texts(), *names(), *disguises(), *archives(), *words(), *sheets(), *pdfs(), *markup()]


def texts() -> Iterator[Hostile]:
    """Yield files of text: empty, in all encodings, damaged, endless."""
    yield Hostile("no bytes", "empty.txt", lambda: b"", "refused")
    yield Hostile("one byte of three", "one.txt", lambda: "政".encode()[:1], "refused")
    yield Hostile("one NUL", "nul.txt", lambda: b"\0", "refused")
    yield Hostile("only a mark of UTF-8", "bom8.txt", lambda: b"\xef\xbb\xbf", "refused")
    yield Hostile("only a mark of UTF-16", "bom16.txt", lambda: b"\xff\xfe", "refused")
    yield Hostile("only ideographic spaces", "spaces.txt", lambda: "　".encode() * 5000, "refused")
    yield Hostile("only emoji", "emoji.txt", lambda: "😀🏛️".encode() * 500, "either")
    yield Hostile("Han beyond U+FFFF", "rare.txt", lambda: (RARE * 30).encode(), "read", RARE)
    for encoding in ("utf-16-le", "utf-16-be", "utf-16", "utf-32", "gbk", "gb18030"):
        yield encoded(TEXT, PROOF, encoding)
    yield encoded(TEXT + RARE, RARE, "gb18030", title="GB 18030 of four bytes")
    yield encoded(TRADITIONAL, TRADITIONAL_PROOF, "big5")
    yield encoded(HONG_KONG, "深水埗辦事處", "big5hkscs")
    yield encoded(TRADITIONAL, TRADITIONAL_PROOF, "gbk", title="Traditional in GBK")
    yield encoded(TRADITIONAL, TRADITIONAL_PROOF, "utf-16-be", title="Traditional in UTF-16")
    yield from damaged_texts()
    yield from endless_texts()


def encoded(text: str, proof: str, encoding: str, title: str = "") -> Hostile:
    data = (text + "\n").encode(encoding)
    name = f"{(title or encoding).replace(' ', '-')}.txt"
    return Hostile(title or f"text in {encoding}", name, lambda: data, "read", proof)


def damaged_texts() -> Iterator[Hostile]:
    """Yield text that is wrong in places: most of it must still come out."""
    utf8 = TEXT.encode()
    mixed = (TEXT + "\n").encode("gbk") * 3 + utf8
    yield Hostile("GBK and UTF-8 in one file", "mixed.txt", lambda: mixed, "either", PROOF)
    stray = utf8.replace("。".encode(), b"\x85\x80\xff")
    yield Hostile("stray bytes in UTF-8", "stray.txt", lambda: stray, "either", "最高五百万元补助")
    cut = utf8[: len(utf8) - 4]
    yield Hostile("cut inside a character", "cut.txt", lambda: cut, "read", PROOF)
    nul = (utf8 + b"\n") * 5 + b"\0" + utf8
    yield Hostile("a NUL in the middle", "nul-inside.txt", lambda: nul, "read", PROOF)
    twice = utf8.decode("latin-1").encode()
    yield Hostile("UTF-8 taken for Latin-1", "mojibake.txt", lambda: twice, "refused")
    noise = random.Random(1).randbytes(200_000)
    yield Hostile("random bytes", "random.txt", lambda: noise, "refused")
    hidden = "".join(f"{character}\u200b" for character in TEXT).encode()
    yield Hostile("a zero width after each", "zero.txt", lambda: hidden, "read", PROOF)
    tags = "".join(chr(0xE0000 + ord(c)) for c in CANARY)
    yield Hostile("tag characters", "tags.txt", lambda: (TEXT + tags).encode(), "read", PROOF)
    piled = ("政" + "\u0301" * 5000 + TEXT).encode()
    yield Hostile("5,000 accents on one", "accents.txt", lambda: piled, "read", PROOF)


def endless_texts() -> Iterator[Hostile]:
    """Yield text whose size or repetition blows up what is not linear."""
    unit = "对设立总部的企业给予补助"
    yield Hostile(
        "one line of 50 MB", "line.txt", lambda: (unit * 1_400_000).encode(), "either", heavy=True
    )
    yield hostile_run("a million blank lines", "blank.txt", "\n", 1_000_000, "read")
    yield hostile_run("a million short lines", "lines.txt", "第一条\n", 1_000_000, "either", True)
    for mark in ("[", "*", "(", "<", "<!--", "&#", "> ", "|", "`", "# ", "![](", "---\n", "（a"):
        title = f"100,000 times {mark.strip()}"
        yield hostile_run(title, "marks.md", mark, 100_000, "either", mark not in "[(|<")
    yield hostile_run("deep JSON", "deep.jsonl", '{"id":', 100_000, "refused")
    rows = [json.dumps({"id": str(i), "text": "x"}) for i in range(3)]
    one_row = json.dumps({"id": "政策", "text": TEXT}, ensure_ascii=False)
    data = "\n".join([*rows[:1], "[" * 50_000, one_row]).encode()
    yield Hostile("one deep row", "row.jsonl", lambda: data, "read", PROOF)
    surrogate = b'{"id": "a", "text": "\\ud800' + TEXT.replace("\n", "").encode() + b'"}'
    yield Hostile("half a pair in JSON", "surrogate.jsonl", lambda: surrogate, "read", PROOF)
    quoted = f'名称,金额\n"{TEXT}'.encode() + "补助,".encode() * 500_000
    yield Hostile("a quotation that never ends", "quote.csv", lambda: quoted, "either", heavy=True)
    wide = (",".join(["补助"] * 200_000) + "\n" + TEXT.replace("\n", ",")).encode()
    yield Hostile("200,000 columns", "wide.csv", lambda: wide, "either", heavy=True)


def hostile_run(
    title: str, name: str, unit: str, times: int, expected: Expected, heavy: bool = False
) -> Hostile:
    return Hostile(
        title,
        name,
        lambda: (unit * times + "\n\n" + TEXT).encode(),
        expected,
        PROOF if expected == "read" else "",
        heavy=heavy,
    )


def names() -> Iterator[Hostile]:
    """Yield good text under names that attack shells, pages, spreadsheets and eyes."""
    good = TEXT.encode()
    for name in (
        *("政" * 300 + ".txt", "\u202egpj.exe.txt", "$(id).txt", "<img src=x onerror=1>.txt"),
        *("=cmd|'!A1.txt", "..%2f..%2fevil.txt", "../../../etc/passwd.txt", "a\nb\x1b[31m.txt"),
        *("CON.txt", " .txt", "a.txt;.txt", "-rf.txt"),
    ):
        yield Hostile(f"the name {name[:24]!r}", name, lambda: good, "read", PROOF)
    yield Hostile("a name of orders", "a.txt;rm -rf", lambda: good, "refused")


def disguises() -> Iterator[Hostile]:
    """Yield files that are something else than their names say."""
    page, pack = simple_pdf(stream(lines())), zipped(("通知.txt", TEXT.encode()))
    yield Hostile("an archive named .pdf", "notice.pdf", lambda: pack, "either", PROOF)
    yield Hostile("a PDF named .docx", "notice.docx", lambda: page, "read", PROOF)
    yield Hostile("a workbook named .docx", "table.docx", workbook, "either", PROOF)
    yield Hostile("a program named .txt", "run.txt", lambda: b"\x7fELF\2\1\1" + good(), "refused")
    yield Hostile("a program named .docx", "run.docx", lambda: b"MZ\x90\0" + good(), "refused")
    yield Hostile("a PDF that is a ZIP too", "both.pdf", lambda: page + pack, "read", PROOF)
    yield Hostile("a web page named .doc", "page.doc", lambda: html(), "read", PROOF)
    yield Hostile("random bytes named .doc", "old.doc", lambda: OLE + noise(), "refused")
    yield Hostile("random bytes named .docx", "n.docx", lambda: b"PK\3\4" + noise(), "refused")
    yield Hostile("random bytes named .xlsx", "n.xlsx", lambda: noise(), "refused")
    yield Hostile(
        # LibreOffice, where it is, finds some letters in it.
        "random bytes named .rtf",
        "n.rtf",
        lambda: b"{\\rtf1" + noise(),
        "either",
        heavy=True,
    )
    yield Hostile("a RAR archive", "a.rar", lambda: b"Rar!\x1a\7\1\0" + noise(), "refused")
    yield Hostile("a 7z archive", "a.7z", lambda: b"7z\xbc\xaf\x27\x1c" + noise(), "refused")


OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def good() -> bytes:
    return TEXT.encode()


def noise(size: int = 50_000) -> bytes:
    return random.Random(2).randbytes(size)


def html(head: str = "", body: str = "", charset: str = "utf-8") -> bytes:
    paragraphs = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES)
    page = f"<!DOCTYPE html><html><head>{head}</head><body>{paragraphs}{body}</body></html>"
    return page.encode(charset)


def workbook() -> bytes:
    return xlsx(f"<sheetData>{ROWS}</sheetData>")


def archives() -> Iterator[Hostile]:
    """Yield archives that are bombs, lie, or name what lies outside."""
    notice = plain("通知.txt", TEXT.encode())
    yield Hostile("1 GB of nothing", "bomb.zip", lambda: zip_of([nothing(), notice]), "read", PROOF)
    yield Hostile("archives in archives", "nested.zip", nested, "either", heavy=True)
    yield Hostile("10 archives deep", "deep.zip", deep, "refused")
    yield Hostile("a million small files", "wide.zip", wide_nest, "either", heavy=True)
    yield Hostile("65,000 files", "many.zip", many_files, "refused", heavy=True)
    yield Hostile("overlapping", "overlap.zip", overlapping, "refused")
    outside = zipped(("../../../tmp/evil.txt", good()), ("/etc/cron.d/x.txt", good()))
    yield Hostile("names of places outside", "slip.zip", lambda: outside, "read", PROOF, "../")
    link = Entry(b"link.txt", b"/etc/passwd", zlib.crc32(b"/etc/passwd"), 11, 0, attributes=LINK)
    yield Hostile("a link out", "link.zip", lambda: zip_of([link, notice]), "read", PROOF, "root:")
    broken = Entry(b"a.txt", notice.body, 0, notice.size)
    yield Hostile("a wrong checksum", "crc.zip", lambda: zip_of([broken, notice]), "read", PROOF)
    yield Hostile("a lying size", "liar.zip", lambda: zip_of([lying(), notice]), "read", PROOF)
    locked = Entry(b"a.txt", noise(100), 0, 88, flags=0x801)
    yield Hostile("a locked file", "locked.zip", lambda: zip_of([locked]), "refused")
    whole = zip_of([notice, notice])
    yield Hostile("half an archive", "half.zip", lambda: whole[: len(whole) // 2], "refused")
    legacy = Entry("通知.txt".encode("gbk"), notice.body, notice.crc, notice.size, flags=0)
    yield Hostile("a name in GBK", "gbk.zip", lambda: zip_of([legacy]), "read", PROOF)
    yield Hostile("a bomb of gzip", "bomb.txt.gz", gzip_bomb, "refused", heavy=True)
    yield Hostile("a bomb of TAR", "bomb.tar.gz", tar_bomb, "refused", heavy=True)
    yield Hostile("a link in a TAR", "link.tar.gz", tar_link, "read", PROOF, "root:")


LINK = 0o120777 << 16


@cache
def nothing() -> Entry:
    """Return 1 GB of zeros, compressed."""
    return bomb("a.txt", bytes(2**20), 1000)


def lying() -> Entry:
    return replace(nothing(), size=10)


def overlapping() -> bytes:
    return zip_of([bomb("a.txt", b"x" * 2**20, 100)], 500)


def gzip_bomb() -> bytes:
    return gzip.compress(bytes(2**20)) * 1000


def nested() -> bytes:
    """Return an archive that holds 16 that hold 16 … of a file of 256 MB."""
    data = zip_of([bomb("0.txt", bytes(2**20), 256)])
    for level in range(4):
        data = zipped(*[(f"{level}-{i}.zip", data) for i in range(16)])
    return data


def deep() -> bytes:
    data = good()
    for level in range(10):
        data = zipped((f"{level}.zip" if level else "a.txt", data))
    return data


def wide_nest() -> bytes:
    """Return an archive of archives, 1,000 x 1,000 files, each of which is small."""
    inner = zip_of([plain(f"{i}.txt", b"text") for i in range(1000)])
    return zipped(*[(f"{i}.zip", inner) for i in range(1000)])


def many_files() -> bytes:
    return zip_of([plain(f"{i}.txt", b"x") for i in range(65_000)])


def tar_bomb() -> bytes:
    entry = tarfile.TarInfo("a.txt")
    entry.size = 1000 * 2**20
    head = entry.tobuf()
    body, _ = repeated(bytes(2**20), 1000, head)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\3" + body + bytes(8)


def tar_link() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        link = tarfile.TarInfo("../passwd.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        entry = tarfile.TarInfo("通知.txt")
        entry.size = len(good())
        archive.addfile(entry, io.BytesIO(good()))
    return out.getvalue()


def million_paragraphs() -> bytes:
    unit = "<w:p><w:r><w:t>补助</w:t></w:r></w:p>".encode()
    return docx_of(bomb("word/document.xml", unit * 100, 10_000, OPEN.encode(), END))


def picture() -> bytes:
    return docx(PARAGRAPHS, bomb("word/media/image1.png", bytes(2**20), 1000))


def words() -> Iterator[Hostile]:
    """Yield Word files."""
    yield Hostile("a million paragraphs", "m.docx", million_paragraphs, "either", heavy=True)
    yield Hostile("one text of 600 MB", "t.docx", long_text, "refused", heavy=True)
    yield Hostile("a picture of 1 GB", "picture.docx", picture, "read", PROOF)
    yield Hostile("a billion laughs in Word", "laughs.docx", lambda: docx(head=LAUGHS), "refused")
    outer = docx(f"{paragraph('&x;')}", head=external(XML, "w:document"))
    yield Hostile("an external entity in Word", "xxe.docx", lambda: outer, "refused")
    both = docx(PARAGRAPHS + paragraph("&x;"), head=external(XML, "w:document"))
    yield Hostile("an entity and text", "xxe2.docx", lambda: both, "either", PROOF, "root:")
    deep_tables = "<w:tbl><w:tr><w:tc>" * 20_000 + "</w:tc></w:tr></w:tbl>" * 20_000
    yield Hostile("tables 20,000 deep", "deep.docx", lambda: docx(deep_tables), "either")
    yield Hostile("foreign parts and codes", "foreign.docx", foreign_docx, "read", PROOF, "onerror")
    yield Hostile("a macro", "macro.docm", macro_docx, "read", PROOF, CANARY)
    yield Hostile("a template elsewhere", "template.docx", template_docx, "read", PROOF)
    whole = docx()
    yield Hostile("half a Word file", "half.docx", lambda: whole[: len(whole) // 2], "refused")
    yield Hostile("no main part", "none.docx", lambda: zipped(("word/x.xml", b"<a/>")), "refused")
    yield Hostile("no text in Word", "blank.docx", lambda: docx("<w:p/>"), "refused")
    yield Hostile("a main part cut off", "cut.docx", cut_docx, "either")
    yield Hostile("hidden orders in Word", "hidden.docx", hidden_docx, "read", PROOF, CANARY)


END = b"<w:sectPr/></w:body></w:document>"
LAUGHS = (
    f'{XML}<!DOCTYPE d [<!ENTITY a "补助补助补助补助">'
    + "".join(
        f'<!ENTITY {n} "{f"&{m};" * 10}">' for m, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + f']><w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>&i;</w:t></w:r></w:p>'
)


def external(xml: str, root: str) -> str:
    """Return the head of a document whose entity x is a file of this machine."""
    entity = f'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><{root} xmlns:w="{W}"'
    return f"{xml}{entity}><w:body>"


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def long_text() -> bytes:
    head = f"{OPEN}<w:p><w:r><w:t>".encode()
    tail = b"</w:t></w:r></w:p>" + END
    unit = "补助资金".encode() * 50_000
    return docx_of(bomb("word/document.xml", unit, 1000, head, tail))


def foreign_docx() -> bytes:
    """Return a Word file with an HTML part, a script for a link, and a code that is none."""
    ways = relationships(
        ("rId7", f"{R}/aFChunk", "chunk.html", False),
        ("rId8", f"{R}/hyperlink", "javascript:alert(1)", True),
    )
    body = (
        f'{PARAGRAPHS}<w:altChunk r:id="rId7"/><w:p><w:hyperlink r:id="rId8"><w:r><w:t>链接</w:t>'
        '</w:r></w:hyperlink><w:r><w:sym w:font="x" w:char="&lt;img onerror=1&gt;"/></w:r></w:p>'
    )
    chunk = plain("word/chunk.html", b"<script>onerror()</script>")
    return docx(body, plain("word/_rels/document.xml.rels", ways), chunk)


def macro_docx() -> bytes:
    return docx(PARAGRAPHS, plain("word/vbaProject.bin", OLE + CANARY.encode()))


def template_docx() -> bytes:
    ways = relationships(("rId9", f"{R}/attachedTemplate", "http://127.0.0.1:9/evil.dotm", True))
    settings = f'{XML}<w:settings xmlns:w="{W}" xmlns:r="{R}"><w:attachedTemplate r:id="rId9"/>'
    return docx(
        PARAGRAPHS,
        plain("word/settings.xml", (settings + "</w:settings>").encode()),
        plain("word/_rels/settings.xml.rels", ways),
    )


def cut_docx() -> bytes:
    whole = f"{OPEN}{PARAGRAPHS}".encode()
    return docx_of(plain("word/document.xml", whole[:-40]))


def hidden_docx() -> bytes:
    hidden = f"<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>{CANARY}</w:t></w:r></w:p>"
    deleted = f"<w:p><w:del><w:r><w:delText>{CANARY}</w:delText></w:r></w:del></w:p>"
    return docx(PARAGRAPHS + hidden + deleted)


def sheets() -> Iterator[Hostile]:
    """Yield workbooks."""
    last = f'<row r="1048576">{cell("XFD1048576", "备注")}</row>'
    whole = f'<dimension ref="A1:XFD1048576"/><sheetData>{ROWS}{last}</sheetData>'
    yield Hostile("17 billion cells", "large.xlsx", lambda: xlsx(whole), "read", PROOF)
    merged = (
        f'<sheetData>{ROWS}</sheetData><mergeCells><mergeCell ref="A6:XFD1048576"/></mergeCells>'
    )
    yield Hostile("a cell over all others", "merged.xlsx", lambda: xlsx(merged), "read", PROOF)
    repeats = "".join('<mergeCell ref="A9:C9"/>' for _ in range(100_000))
    many = f"<sheetData>{ROWS}</sheetData><mergeCells>{repeats}</mergeCells>"
    yield Hostile(
        "100,000 merged cells", "merges.xlsx", lambda: xlsx(many), "either", PROOF, heavy=True
    )
    yield Hostile("a million rows", "rows.xlsx", million_rows, "either", heavy=True)
    yield Hostile("a million strings", "strings.xlsx", long_strings, "either", heavy=True)
    yield Hostile(
        "a billion laughs in a sheet", "laughs.xlsx", laughing_sheet, "either", "", "补助补助补助"
    )
    yield Hostile("a reference of no cell", "wrong.xlsx", wrong_cells, "either", "")
    yield Hostile("no cells", "blank.xlsx", lambda: xlsx("<sheetData/>"), "refused")
    half = workbook()
    yield Hostile("half a workbook", "half.xlsx", lambda: half[: len(half) // 2], "refused")


def million_rows() -> bytes:
    head = f'{XML}<worksheet xmlns="{S}"><sheetData>'.encode()
    unit = "<row><c t='inlineStr'><is><t>补助</t></is></c><c><v>1</v></c></row>".encode()
    tail = b"</sheetData></worksheet>"
    return xlsx(bomb("xl/worksheets/sheet1.xml", unit * 100, 10_000, head, tail))


def long_strings() -> bytes:
    head, tail = f'{XML}<sst xmlns="{S}">'.encode(), b"</sst>"
    unit = "<si><t>补助资金</t></si>".encode()
    strings = bomb("xl/sharedStrings.xml", unit * 1000, 10_000, head, tail)
    return xlsx(f"<sheetData>{ROWS}</sheetData>", strings)


def laughing_sheet() -> bytes:
    head = LAUGHS[: LAUGHS.index("<w:document")]
    sheet = f'{head}<worksheet xmlns="{S}"><sheetData><row r="1">{cell("A1", "&i;")}</row>'
    part = f"{sheet}</sheetData></worksheet>".encode()
    return xlsx(plain("xl/worksheets/sheet1.xml", part))


def wrong_cells() -> bytes:
    wrong = f'<row r="-5">{cell("A0", "甲")}{cell("ZZZZZZ99999999999", "乙")}{cell("", "丙")}</row>'
    return xlsx(
        f"<sheetData>{ROWS}{wrong}<row r='9'><c r='A9' t='s'><v>99</v></c></row></sheetData>"
    )


def pdfs() -> Iterator[Hostile]:
    """Yield PDFs."""
    show = b"BT /F1 12 Tf 60 700 Td <8865>Tj ET\n"
    large = deflated(show * 1000, 7000, lines())
    yield Hostile("a page of 240 MB", "large.pdf", lambda: simple_pdf(large), "either", heavy=True)
    yield Hostile("1 GB, packed twice", "twice.pdf", double_pdf, "either", heavy=True)
    yield Hostile("a loop of pages", "loop.pdf", loop_pdf, "either")
    yield Hostile("200,000 pages that are one", "pages.pdf", many_pages, "either", heavy=True)
    yield Hostile("locked with a password", "locked.pdf", lambda: locked_pdf(b"secret"), "refused")
    yield Hostile("locked for the owner", "owner.pdf", lambda: locked_pdf(b""), "read", PROOF)
    yield Hostile("a scan without text", "scan.pdf", scan, "refused")
    whole = simple_pdf(stream(lines()))
    yield Hostile("half a PDF", "half.pdf", lambda: whole[: len(whole) // 2], "either")
    yield Hostile("no table of places", "table.pdf", lambda: whole[:-200], "either", PROOF)
    yield Hostile("a head and noise", "noise.pdf", lambda: b"%PDF-1.7\n" + noise(), "refused")
    late = b"\0" * 500 + whole
    yield Hostile("dirt before the head", "late.pdf", lambda: late, "either", PROOF)
    yield Hostile("brackets 100,000 deep", "deep.pdf", deep_pdf, "either")
    yield Hostile("a form that draws itself", "form.pdf", looping_form, "either", heavy=True)
    script = b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>"
    acting = pdf(CATALOGUE[:-2] + script, TREE, PAGE, FONT, stream(lines()))
    yield Hostile("a script", "script.pdf", lambda: acting, "read", PROOF, "alert")
    hidden = (
        lines()
        + b"BT 3 Tr /F1 12 Tf 60 90 Td <%s>Tj ET" % CANARY.encode("utf-16-be").hex().encode()
    )
    yield Hostile(
        "hidden orders in a PDF",
        "hidden.pdf",
        lambda: simple_pdf(stream(hidden)),
        "read",
        PROOF,
        CANARY,
    )
    huge = PAGE.replace(b"595 842", b"1e30 1e30")
    yield Hostile("a page as wide as space", "wide.pdf", lambda: sized(huge), "either")
    previous = pdf(CATALOGUE, TREE, PAGE, FONT, stream(lines()), trailer=b"/Prev 9")
    yield Hostile("a table that leads astray", "prev.pdf", lambda: previous, "either", PROOF)


def sized(page: bytes) -> bytes:
    return simple_pdf(stream(lines()), page=page)


def double_pdf() -> bytes:
    inner, _ = repeated(b" " * 2**20, 1000, lines())
    packed = zlib.compress(b"\x78\x9c" + inner, 9)
    return simple_pdf(stream(packed, b"/Filter[/FlateDecode/FlateDecode]"))


def loop_pdf() -> bytes:
    tree = b"<</Type/Pages/Kids[6 0 R 3 0 R]/Count 9>>"
    back = b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R 6 0 R]/Count 9>>"
    return pdf(CATALOGUE, tree, PAGE, FONT, stream(lines()), back)


def many_pages() -> bytes:
    tree = b"<</Type/Pages/Kids[%s]/Count 200000>>" % (b"3 0 R " * 200_000)
    return pdf(CATALOGUE, tree, PAGE, FONT, stream(lines()))


def scan() -> bytes:
    page = PAGE.replace(b"/Font<</F1 4 0 R>>", b"/XObject<</I 6 0 R>>")
    size = (
        b"/Type/XObject/Subtype/Image/Width 64/Height 64/ColorSpace/DeviceGray/BitsPerComponent 8"
    )
    return simple_pdf(
        stream(b"q 500 0 0 700 40 40 cm /I Do Q"), stream(noise(4096), size), page=page
    )


def deep_pdf() -> bytes:
    page = PAGE[:-2] + b"/X " + b"[" * 100_000 + b"]" * 100_000 + b">>"
    return sized(page)


def looping_form() -> bytes:
    page = PAGE.replace(b"/Font<<", b"/XObject<</X 6 0 R>>/Font<<")
    box = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>"
    form = stream(b"/X Do /X Do /X Do", box)
    return simple_pdf(stream(lines() + b"/X Do"), form, page=page)


def markup() -> Iterator[Hostile]:
    """Yield web pages, and books that are made of them."""
    unit = "<div>补助</div>"
    yield Hostile(
        "a page of 50 MB", "large.html", lambda: html(body=unit * 2_800_000), "either", heavy=True
    )
    for tag in ("div", "b", "table><tr><td", "ul><li", "span"):
        yield Hostile(f"100,000 <{tag}>", "deep.html", partial(nest, tag), "either", heavy=True)
    yield Hostile("5,000 <div>", "deeper.html", partial(nest, "div", 5_000), "either")
    lie = html('<meta charset="gb2312">')
    yield Hostile("a charset that lies", "lie.html", lambda: lie, "read", PROOF)
    other = html('<meta charset="utf-8">', charset="gb18030")
    yield Hostile("a charset that lies too", "lie2.html", lambda: other, "read", PROOF)
    wide = html(body=f"<p {'a=1 ' * 200_000}>补助</p>")
    yield Hostile("200,000 attributes", "attributes.html", lambda: wide, "either", PROOF)
    cells = html(
        body='<table><tr><td colspan="999999999" rowspan="999999999">补助</td></tr></table>'
    )
    yield Hostile("a cell that spans a billion", "span.html", lambda: cells, "read", PROOF)
    comment = html(body="<!--" * 100_000)
    yield Hostile("comments that never end", "comment.html", lambda: comment, "either", PROOF)
    script = html(body=f"<script>document.write('{CANARY}')</script><img src=x onerror='{CANARY}'>")
    yield Hostile("scripts", "script.html", lambda: script, "read", PROOF, CANARY)
    covert = html(body=f'<p style="display:none">{CANARY}</p>')
    yield Hostile("hidden orders in a page", "hidden.html", lambda: covert, "read", PROOF, CANARY)
    away = html(head='<base href="http://127.0.0.1:9/"><link rel=stylesheet href="x.css">')
    yield Hostile("parts elsewhere", "away.html", lambda: away, "read", PROOF)
    entity = external(XML, "html").replace(
        "<w:body>", f"<body><p>&x;</p><p>{TEXT}</p></body></html>"
    )
    yield Hostile(
        "an external entity in a page", "xxe.xhtml", lambda: entity.encode(), "either", "", "root:"
    )
    yield Hostile(
        "no text", "blank.html", lambda: b"<html><body><img src=x></body></html>", "refused"
    )
    yield Hostile("a book of 1 GB", "bomb.epub", book_bomb, "refused")


def nest(tag: str, times: int = 100_000) -> bytes:
    return html(body=f"<{tag}>" * times)


def book_bomb() -> bytes:
    box = "urn:oasis:names:tc:opendocument:xmlns:container"
    package = "http://www.idpf.org/2007/opf"
    container = (
        f'<container xmlns="{box}" version="1.0"><rootfiles><rootfile full-path="book.opf" '
        'media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    book = (
        f'<package xmlns="{package}" version="3.0"><manifest><item id="a" href="a.xhtml" '
        'media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine>'
        "</package>"
    )
    head = b'<html xmlns="http://www.w3.org/1999/xhtml"><body><p>'
    chapter = bomb("a.xhtml", "补助资金".encode() * 50_000, 1700, head, b"</p></body></html>")
    parts = [plain("META-INF/container.xml", container.encode()), plain("book.opf", book.encode())]
    mimetype = Entry(b"mimetype", b"application/epub+zip", 0x2CAB616F, 20, zipfile.ZIP_STORED)
    return zip_of([mimetype, *parts, chapter])
