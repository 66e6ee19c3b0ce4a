"""Saved pages of one file: the page in them is the document."""

import pytest

from index.errors import EmptyDocument
from index.read import read_file

PAGE = "<html><head><title>题名</title></head><body><p>对硼药的奖励最高500万元。</p></body></html>"


def saved(charset: str, address: str = "https://policy.example/a.html") -> bytes:
    head = (
        "From: <Saved by a browser>\r\nMIME-Version: 1.0\r\n"
        f"Snapshot-Content-Location: {address}\r\n"
        'Content-Type: multipart/related; type="text/html"; boundary="--x"\r\n\r\n'
        f'----x\r\nContent-Type: text/html; charset="{charset}"\r\n'
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
    )
    picture = "\r\n----x\r\nContent-Type: image/png\r\n\r\nPNG\r\n----x--\r\n"
    return head.encode() + PAGE.encode(charset) + picture.encode()


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_the_page_of_a_saved_file_is_read_in_its_encoding(charset: str):
    (document,) = read_file(saved(charset), "保存的网页.mht").documents
    assert document.raw == PAGE
    assert document.media_type == "text/html"


def test_the_address_that_a_page_was_saved_from_is_kept():
    (document,) = read_file(saved("utf-8"), "a.mhtml").documents
    assert document.metadata.url == "https://policy.example/a.html"
    assert document.metadata.found["url"] == "declared"


def test_an_address_on_a_disk_is_none():
    (document,) = read_file(saved("utf-8", "file:///C:/a.html"), "a.mhtml").documents
    assert document.metadata.url == ""


def test_a_file_without_a_page_says_so():
    with pytest.raises(EmptyDocument, match="holds no web page"):
        read_file(b"From: a\r\n\r\nnothing", "a.mht")
