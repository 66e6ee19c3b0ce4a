"""Real files come from LibreOffice and Chromium (bench/make_pdfs.py); odd ones are made by hand."""

import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from pdf_files import SCAN, SCANNED, lines, pdf, stream, text

from index.clean import clean
from index.errors import EmptyDocument, ReadError
from index.formats import ocr
from index.formats.pdf import MAX_PAGES, read_pdf

DATA = Path(__file__).parent.parent / "data"
PRINTED = ("print", "print-columns", "print-table")
NAMES = ("head", "columns", "table", "notes", *PRINTED)
SHOWN = lines("Visible line of text that stands here", "第一条 为了规范资金管理")


@pytest.fixture(autouse=True)
def _without_ocr(monkeypatch):
    monkeypatch.setattr(ocr, "is_available", lambda: False)


def data(name):
    packed = DATA / f"{name}.pdf.gz"
    return gzip.decompress(packed.read_bytes()) if packed.exists() else _read(f"{name}.pdf")


def _read(name):
    return (DATA / name).read_bytes()


def read(content):
    return read_pdf(content, "notice.pdf").documents[0]


def cleaned(name):
    document = read(data(name))
    return clean(document.raw, document.media_type, document.layout)


def expected(name):
    return (DATA / f"{name}.txt").read_text("utf-8")


def hidden(document):
    return [span.of(document.raw) for span in document.layout.hidden]


def overlap(one, other):
    """Return F1 of character trigrams, white space left out."""
    grams = []
    for some in map("".join, map(str.split, (one, other))):
        grams.append(Counter(some[i : i + 3] for i in range(len(some) - 2)))
    return 2 * (grams[0] & grams[1]).total() / (grams[0].total() + grams[1].total())


# Real files.


@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_a_real_file_comes_back(name):
    assert overlap(cleaned(name).text, expected(name)) >= 0.97


@pytest.mark.parametrize("name", ["head", "columns", "table", *PRINTED])
def test_nearly_every_paragraph_and_row_is_one_line(name):
    found = {line.rstrip() for line in cleaned(name).text.split("\n")}
    wanted = [line.rstrip() for line in expected(name).split("\n") if line.strip()]
    tight = {"".join(line.split(" ")) for line in found}
    missing = [line for line in wanted if line not in tight]
    assert len(missing) <= 0.1 * len(wanted), missing


@pytest.mark.parametrize("name", NAMES)
def test_pages_begin_at_lines(name):
    document = read(data(name))
    pages = document.layout.pages
    assert len(pages) > 1
    assert pages[0] == 0
    assert all(document.raw[place - 1] == "\n" for place in pages[1:])


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_a_real_file_is_taken_for_hidden(name):
    assert hidden(read(data(name))) == []


@pytest.mark.parametrize("name", ["table", "print-table"])
def test_a_table_over_pages_is_one_run_of_rows_with_one_header(name):
    rows = cleaned(name).text.split("\n")
    tabbed = [i for i, line in enumerate(rows) if "\t" in line]
    assert tabbed == list(range(tabbed[0], tabbed[0] + 41))
    assert [row.split("\t")[0] for row in rows[tabbed[0] : tabbed[-1] + 1]] == [
        "序号",
        *map(str, range(1, 41)),
    ]


@pytest.mark.parametrize("name", PRINTED)
def test_what_the_browser_prints_on_each_page_is_dropped(name):
    document = read(data(name))
    assert "qingchuan.example" in document.raw
    assert "qingchuan.example" not in cleaned(name).text
    assert "11/22/26" not in cleaned(name).text


@pytest.mark.parametrize("name", ["columns", "print-columns"])
def test_columns_are_read_one_after_the_other(name):
    found = "".join(cleaned(name).text.split())
    places = [found.find("".join(line.split())) for line in expected(name).split("\n")[:5]]
    assert places == sorted(places)
    assert -1 not in places


def test_footnotes_stand_after_the_text_of_their_page_and_carry_its_mark():
    raw = read(data("notes")).raw
    first, second = raw.index("¹\n"), raw.index("\n¹本办法所称")
    assert first < second
    assert "¹本办法所称“以上”“不超过”，均包括本数；“低于”不包括本数。" in raw.split("\n")


def test_the_title_that_the_browser_declares_is_kept_and_a_day_without_ground_is_not():
    metadata = read(data("print")).metadata
    assert metadata.title == "青川市科技专项资金管理办法"
    assert metadata.found == {"title": "declared"}


# What is shown and what is not.


@pytest.mark.parametrize(
    ("words", "drawn"),
    [
        ("hidden words", text("hidden words", y=500, before="3 Tr")),
        ("hidden words", text("hidden words", y=500, before="1 1 1 rg")),
        ("hidden words", text("hidden words", y=500, before="0.98 0.98 0.98 rg")),
        ("隐藏的文字", text("隐藏的文字", y=500, before="1 g")),
        ("hidden words", text("hidden words", y=500, size=0.5)),
        ("hidden words", text("hidden words", x=-300, y=500)),
        ("hidden words", text("hidden words", y=-100)),
        (
            "hidden words",
            "q 0 0 .5 rg 60 480 300 60 re f Q " + text("hidden words", y=500, before="0 0 .5 rg"),
        ),
    ],
)
def test_text_that_the_page_does_not_show_is_flagged(words, drawn):
    content = read_pdf(pdf(SHOWN, SHOWN + drawn), "notice.pdf")
    assert hidden(content.documents[0]) == [words]
    note = f"hidden text on page 2 ({len(words)} characters) is left out"
    assert content.notes == (note,)


@pytest.mark.parametrize(
    "drawn",
    [
        "0 0 0 rg 60 480 300 60 re f " + text("shown words", y=500, before="1 1 1 rg"),
        SCANNED + SHOWN + text("shown words", y=500, before="1 1 1 rg"),
        text("shown words", y=500, before="0.85 g"),
        text("shown words", y=500, size=4),
        "0 g 60 498 300 0.5 re f " + text("shown words", y=500),
    ],
)
def test_text_that_the_page_shows_is_not_flagged(drawn):
    document = read(pdf(SHOWN + drawn, **SCAN))
    assert hidden(document) == []
    assert "shown words" in document.raw


def test_type_in_a_font_that_is_not_there_is_not_hidden():
    table = "0 g 60 480 2 60 re f 60 480 300 2 re f 300 300 100 100 re f "
    assert hidden(read(pdf(table + text("第一条为了规范资金管理", y=500)))) == []


def test_what_was_recognised_in_a_scan_is_read():
    layer = "".join(text("recognised words", y=y, before="3 Tr") for y in (500, 480, 460))
    document = read(pdf(SCANNED + layer, **SCAN))
    assert document.raw.count("recognised words") == 3
    assert hidden(document) == []


def test_invisible_text_on_a_page_with_a_background_is_not_a_recognised_layer():
    drawn = SCANNED + SHOWN + text("hidden", y=500, before="3 Tr")
    assert hidden(read(pdf(drawn, **SCAN))) == ["hidden"]


# Scans.


def test_a_scan_without_text_says_what_to_do():
    with pytest.raises(EmptyDocument, match=r"scan without text \(2 pages\): install .*ocr"):
        read_pdf(pdf(SCANNED, SCANNED, **SCAN), "scan.pdf")


def test_pages_without_text_are_named():
    content = read_pdf(pdf(SHOWN, SCANNED, SHOWN, SCANNED, **SCAN), "mixed.pdf")
    assert content.notes == (
        "no text on pages 2 and 4, which show images: they need the extra [ocr]",
    )
    document = content.documents[0]
    second = document.raw.rindex("Visible")
    assert document.layout.page_of(second - 1) == 1
    assert document.layout.page_of(second) == 3


def test_scanned_pages_are_recognised_when_the_extra_is_there(monkeypatch):
    pictures = []

    def recognise(picture):
        pictures.append(picture)
        return ["青川市人民政府文件", "各县人民政府："]

    monkeypatch.setattr(ocr, "is_available", lambda: True)
    monkeypatch.setattr(ocr, "recognise", recognise)
    signs = []
    monkeypatch.setattr("index.content.heartbeat", lambda: signs.append(1))
    content = read_pdf(pdf(SHOWN, SCANNED, **SCAN), "mixed.pdf")
    assert "\n青川市人民政府文件\n各县人民政府：" in content.documents[0].raw
    assert content.notes == ("the text of page 2 was recognised in images: check quotations",)
    assert len(signs) == 1  # of the page that was recognised
    assert [picture.shape[2] for picture in pictures] == [3]
    assert pictures[0].dtype == np.uint8


def test_a_scan_in_which_nothing_is_recognised_is_empty(monkeypatch):
    monkeypatch.setattr(ocr, "is_available", lambda: True)
    monkeypatch.setattr(ocr, "recognise", lambda _: [])
    with pytest.raises(EmptyDocument, match="nothing was recognised"):
        read_pdf(pdf(SCANNED, **SCAN), "scan.pdf")


# Characters.


def test_radicals_are_written_as_characters():
    assert read(pdf(lines("⻓江⽔利⽂件⺠生⻅⻢"))).raw == "长江水利文件民生见马"


def test_characters_beyond_the_first_plane_are_whole():
    assert "".join(read(pdf(lines("𠮷林省𠀀字"))).raw.split()) == "𠮷林省𠀀字"


def test_quotation_marks_and_wide_spaces_stay_in_place():
    line = "第一章　总则：“公开、透明”（试行）。"
    assert read(pdf(lines(line))).raw == line


def test_text_along_the_margin_is_not_mixed_in():
    side = "BT /F1 10 Tf 0 1 -1 0 40 650 Tm (Side text here) Tj ET "
    assert read(pdf(SHOWN + side)).raw.split("\n") == [
        "Visible line of text that stands here",
        "第一条 为了规范资金管理",
        "Side text here",
    ]


def test_a_page_printed_sideways_is_read_like_any_other():
    drawn = lines("Article 1 on the use of funds", "Article 2 on review")
    turned = f"q 0 1 -1 0 842 0 cm {drawn} Q"
    assert read(pdf(turned, box=(0, 0, 842, 842))).raw == read(pdf(drawn)).raw


def test_vertical_writing_is_read_down_and_to_the_left():
    columns = ("ABCDEFGHIJKL", "MNOPQRSTUVWX")  # which have ink without a font in the file
    drawn = "".join(
        text(character, 500 - 30 * i, 700 - 12 * k)
        for i, column in enumerate(columns)
        for k, character in enumerate(column)
    )
    assert "".join(read(pdf(drawn)).raw.split()) == "".join(columns)


def test_a_page_that_does_not_begin_at_nought_shows_its_text():
    document = read(pdf(lines("Shifted page", x=-400, y=100), box=(-500, -300, 95, 542)))
    assert (document.raw, hidden(document)) == ("Shifted page", [])


def test_a_font_that_does_not_say_what_it_shows_is_refused():
    with pytest.raises(ReadError, match="do not say which characters"):
        read_pdf(pdf(lines("\ue001\ue002\ue003\ue004\ue005")), "private.pdf")


def test_a_row_broken_over_pages_is_whole():
    rules = "".join(f"{x} 700 m {x} 780 l S " for x in (60, 110, 500))
    rules += "".join(f"60 {y} m 500 {y} l S " for y in (700, 740, 780))
    first = rules + text("序号", 65, 750) + text("任务", 115, 750) + text("1", 65, 710)
    second = rules + text("序号", 65, 750) + text("任务", 115, 750)
    document = read(
        pdf(
            first + text("审核预算，拨付首期资金，", 115, 710),
            second + text("开展绩效评价", 115, 710),
        )
    )
    assert "1\t审核预算，拨付首期资金，开展绩效评价" in document.raw.split("\n")


# What the file says of itself.


@pytest.mark.parametrize(
    "title",
    [
        "Microsoft Word - a.docx",
        "untitled",
        "doc1",
        "Document1",
        "notice.pdf",
        "20240305",
        "https://a.cn/b",
    ],
)
def test_titles_that_say_nothing_are_not_believed(title):
    assert read(pdf(SHOWN, info=f"/Title({title})")).metadata.title == ""


def test_a_title_that_says_something_is_believed():
    assert read(pdf(SHOWN, info="/Title(Notice on Funds)")).metadata.title == "Notice on Funds"


def test_an_author_is_a_body_not_a_person():
    named = "/Author<FEFF" + "青川市财政局".encode("utf-16-be").hex() + ">"
    assert read(pdf(SHOWN, info=named)).metadata.publisher == "青川市财政局"
    assert read(pdf(SHOWN, info="/Author(Lenovo)")).metadata.publisher == ""


def test_the_day_of_making_counts_when_the_text_names_it():
    info = "/CreationDate(D:20250218093000+08'00')"
    assert read(pdf(SHOWN, info=info)).metadata.date == ""
    signed = SHOWN + text("2025年2月18日", y=600)
    assert read(pdf(signed, info=info)).metadata.date == "2025-02-18"


def test_the_outline_names_headings_that_stand_in_the_text():
    drawn = lines("第一章 总则", "本办法自印发之日起施行。", "第二章 附则")
    document = read(pdf(drawn, outline=("第一章  总则", "不在文中", "第二章附则")))
    found = [(span.of(document.raw), level) for span, level in document.layout.headings]
    assert found == [("第一章 总则", 1), ("第二章 附则", 1)]


# Damaged and hostile files.


def test_a_file_that_only_its_owner_may_change_is_read():
    assert read(_read("locked.pdf")).raw == "Yinzheng test page. 青川市人民政府文件"


def test_a_file_with_a_password_is_refused():
    with pytest.raises(ReadError, match="opens only with a password"):
        read_pdf(_read("password.pdf"), "notice.pdf")


BOMB = {"resources": b"/XObject<</X 9 0 R>>"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%PDF-1.4", "damaged"),
        (b"%PDF-1.7\n" + bytes(range(256)) * 40, "damaged"),
        (pdf("BT ET"), "no text is shown on its 1 page"),
        (pdf(SHOWN)[:300], "damaged|no pages"),
        (pdf(SHOWN).replace(b"/Kids[9 0 R]", b"/Kids[2 0 R]"), "damaged|no pages"),
        (lambda: pdf(*[""] * (MAX_PAGES + 1)), "5,001 pages, more than the 5,000"),
        (
            lambda: pdf(SHOWN, more=(stream(b" " * (81 << 20), packed=1),), **BOMB),
            "more than 80 MB",
        ),
        (
            lambda: pdf(SHOWN, more=(stream(b" " * (81 << 20), packed=2),), **BOMB),
            "more than 80 MB",
        ),
    ],
    ids=["head", "random", "empty", "cut", "loop", "pages", "bomb", "double bomb"],
)
def test_files_that_cannot_be_read_say_why_in_one_line(content, message):
    with pytest.raises(ReadError, match=message) as caught:
        read_pdf(content() if callable(content) else content, "bad.pdf")
    assert "\n" not in str(caught.value)


def test_half_a_real_file_is_an_error_or_the_half():
    with pytest.raises(ReadError, match="damaged"):
        read_pdf(data("head")[:50_000], "half.pdf")


def test_a_large_picture_is_no_bomb():
    large = stream(bytes(81 << 20), b"/Type/XObject/Subtype/Image/Width 9000/Height 9437", packed=1)
    assert read(pdf(SHOWN, more=(large,), **BOMB)).raw


def test_forms_inside_forms_are_drawn_without_end():
    form = stream(
        b"/X Do", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 9 0 R>>>>"
    )
    assert read(pdf(SHOWN + "/X Do ", more=(form,), **BOMB)).raw.startswith("Visible")
