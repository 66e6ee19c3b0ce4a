import pytest
from office_files import package

from index.errors import EmptyDocument, ReadError
from index.formats.epub import MEDIA_TYPE, read_epub
from index.types import Document

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
    'full-path="OEBPS/book.opf"/></rootfiles></container>'
)
PAGE = (
    '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" '
    '"http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd"><html xmlns="http://www.w3.org/1999/xhtml">'
    '<head><title>不读</title><script src="a"/></head><body>{}</body></html>'
)


def epub(*chapters: str, prolog: str = "", **extra: str) -> bytes:
    items = "".join(
        f'<item id="c{i}" href="{i}%20.xhtml" media-type="application/xhtml+xml"/>'
        for i in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{i}"/>' for i in reversed(range(len(chapters))))
    opf = (
        f'{prolog}<package xmlns="http://www.idpf.org/2007/opf"><metadata '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>地方条例汇编</dc:title>'
        "<dc:publisher>某出版社</dc:publisher><dc:date>2020</dc:date></metadata>"
        f'<manifest>{items}<item id="x" href="x.css" media-type="text/css"/></manifest>'
        f'<spine>{spine}<itemref idref="x"/><itemref idref="none"/></spine></package>'
    )
    pages = {f"OEBPS/{i} .xhtml": page for i, page in enumerate(chapters)}
    return package({"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": opf, **pages, **extra})


def document_of(data: bytes) -> Document:
    (document,) = read_epub(data, "a.epub").documents
    return document


def test_chapters_come_in_the_order_of_the_spine_with_their_headings():
    first = PAGE.format("<h1>第二章&nbsp;附则</h1><p>本条例自<b>公布</b>之日起施行。</p>尾")
    second = PAGE.format("<h1>第一章</h1><h2>第<br/>一节</h2><p>为了规范，<i>制定</i>本条例。</p>")
    document = document_of(epub(first, second))
    assert document.raw.split("\n") == [
        *("第一章", "第", "一节", "为了规范，制定本条例。"),
        *("第二章 附则", "本条例自公布之日起施行。", "尾"),
    ]
    assert document.layout.page_of(document.raw.index("第二章")) == 2
    assert document.layout.headings[0][0].of(document.raw) == "第一章"
    assert document.media_type == MEDIA_TYPE
    assert (document.metadata.title, document.metadata.publisher) == ("地方条例汇编", "某出版社")
    assert document.metadata.date == ""


def test_tables_have_a_row_a_line_with_tabs_and_inner_tables_are_flattened():
    inner = "<table><tr><td>里</td><td>外</td></tr></table>"
    head = "<tr><th>甲</th><th/></tr>"
    body = f"<table>{head}<tr><td><p>一</p><p>二</p></td><td>{inner}</td></tr></table>"
    assert document_of(epub(PAGE.format(body))).raw == "甲\t\n一二\t里外"


def test_glosses_and_scripts_go_and_hidden_text_is_marked():
    body = (
        "<p>规<ruby>范<rt>fàn</rt></ruby><script>x()</script>文"
        '<span style="display: none">藏</span></p>'
    )
    document = document_of(epub(PAGE.format(body)))
    assert document.raw == "规范文藏"
    assert [span.of(document.raw) for span in document.layout.hidden] == ["藏"]


def test_a_chapter_that_is_not_well_formed_is_read_as_html():
    assert document_of(epub("<h2>乱<p>未闭合<br>行&copy;<td>格")).raw == "乱\n未闭合\n行©\n格"


def encryption(method: str) -> str:
    return f'<e xmlns="a"><d><EncryptionMethod Algorithm="{method}"/></d></e>'


def test_encrypted_fonts_are_harmless_but_drm_is_refused():
    fonts = {"META-INF/encryption.xml": encryption("http://www.idpf.org/2008/embedding")}
    assert document_of(epub(PAGE.format("文"), **fonts)).raw == "文"
    locked = {"META-INF/encryption.xml": encryption("http://www.w3.org/2001/04/xmlenc#aes256-cbc")}
    with pytest.raises(ReadError, match="DRM"):
        read_epub(epub(PAGE.format("文"), **locked), "a.epub")


LAUGHS = '<!DOCTYPE x [<!ENTITY a "哈">' + "".join(
    "<!ENTITY " + "a" * (i + 1) + ' "' + ("&" + "a" * i + ";") * 20 + '">' for i in range(1, 9)
)


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 no archive",
        package({"a.txt": "x"}),
        package({"META-INF/container.xml": CONTAINER}),
        epub(f"{LAUGHS}]><html>&aaaaaaaaa;</html>"),
        epub(PAGE.format("文"), prolog=f"{LAUGHS}]>"),
        epub("<p>" + "长" * 8_000_000),
    ],
)
def test_a_broken_or_hostile_book_ends_in_one_clear_line(data):
    with pytest.raises(ReadError) as caught:
        read_epub(data, "a.epub")
    assert "\n" not in str(caught.value)


def test_a_book_of_pictures_is_an_error():
    with pytest.raises(EmptyDocument):
        read_epub(epub(PAGE.format('<img src="a.png"/>')), "a.epub")
