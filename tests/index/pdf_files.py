"""PDFs written by hand: what is on a page is said in PDF's own operators."""

import zlib

PLAIN = b"/Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>/F2 5 0 R>>"
# Characters of two bytes, named by their code points: all that the text layer needs.
_CMAP = b"""begincmap 1 begincodespacerange <0000> <ffff> endcodespacerange
1 beginbfrange <0000> <ffff> <0000> endbfrange endcmap"""


def pdf(*pages, info="", resources=b"", box=(0, 0, 595, 842), more=(), outline=()):
    """Return a PDF whose pages are drawn by the given operators; `more` are further objects."""
    objects = [b"<</Type/Catalog/Pages 2 0 R%s>>" % (b"/Outlines 8 0 R" if outline else b"")]
    first = 9 + len(outline) + len(more)
    kids = b" ".join(b"%d 0 R" % (first + 2 * i) for i in range(len(pages)))
    objects.append(b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(pages)))
    objects.append(b"<<%s>>" % info.encode("latin-1"))
    objects.append(stream(_CMAP))
    objects.append(
        b"<</Type/Font/Subtype/Type0/BaseFont/Song/Encoding/Identity-H/ToUnicode 4 0 R"
        b"/DescendantFonts[6 0 R]>>"
    )
    objects.append(
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/Song/DW 1000/FontDescriptor 7 0 R"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>"
    )
    objects.append(
        b"<</Type/FontDescriptor/FontName/Song/Flags 4/FontBBox[0 -200 1000 900]/ItalicAngle 0"
        b"/Ascent 880/Descent -120/CapHeight 700/StemV 80>>"
    )
    objects.append(b"<</Type/Outlines/First 9 0 R/Last %d 0 R>>" % (8 + len(outline)))
    for i, title in enumerate(outline):
        following = b"/Next %d 0 R" % (10 + i) if i + 1 < len(outline) else b""
        objects.append(
            b"<</Title<FEFF%s>/Parent 8 0 R/Dest[%d 0 R/Fit]%s>>"
            % (title.encode("utf-16-be").hex().encode(), first, following)
        )
    objects += more
    for i, content in enumerate(pages):
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[%d %d %d %d]/Resources<<%s%s>>/Contents %d 0 R>>"
            % (*box, PLAIN, resources, first + 2 * i + 1)
        )
        objects.append(stream(content.encode("latin-1") if isinstance(content, str) else content))
    return _file(objects)


def stream(data, entries=b"", packed=0):
    """Return a stream object, packed so many times."""
    for _ in range(packed):
        data = zlib.compress(data, 9)
    filters = b"/Filter[%s]" % (b"/FlateDecode" * packed) if packed else b""
    return b"<</Length %d%s%s>>stream\n%s\nendstream" % (len(data), filters, entries, data)


def _file(objects):
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        data
        + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R/Info 3 0 R>>"
        % (
            len(objects) + 1,
            table,
            len(objects) + 1,
        )
        + b"\nstartxref\n%d\n%%%%EOF" % len(data)
    )


def text(words, x=72, y=700, size=12, before=""):
    """Return the operators that set some words, ASCII or Chinese; `before` sets colour or mode."""
    if words.isascii():
        shown, font = f"({words})", "F1"
    else:
        shown, font = f"<{words.encode('utf-16-be').hex()}>", "F2"
    return f"q {before} BT /{font} {size} Tf 1 0 0 1 {x} {y} Tm {shown} Tj ET Q\n"


def lines(*texts, y=700, x=72, size=12, step=20):
    """Return the operators for lines below each other."""
    return "".join(text(line, x, y - i * step, size) for i, line in enumerate(texts))


def image(width=100, height=100):
    """Return a picture object, all grey, to be given as `more`; its number is 9."""
    entries = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray"
    data = b"\x80" * (width * height)
    return stream(data, entries % (width, height) + b"/BitsPerComponent 8")


SCAN = {"resources": b"/XObject<</I 9 0 R>>", "more": (image(),)}
SCANNED = "q 595 0 0 842 0 0 cm /I Do Q\n"
