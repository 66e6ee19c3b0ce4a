import hashlib
import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import read
from index.content import make_document
from index.errors import ReadError, UnsupportedFormat, YinzhengError
from index.read import ARCHIVE, kind_of, read_bytes, read_file, supported_suffixes

TEXT = "东莞市发布若干措施，支持硼药研发。"


def rows(*values: object) -> bytes:
    return "\n".join(json.dumps(value, ensure_ascii=False) for value in values).encode()


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        *[("a.txt", "text/plain"), ("A.TXT", "text/plain"), ("b.md", "text/markdown")],
        *[("c.html", "text/html"), ("d.htm", "text/html")],
    ],
)
def test_the_suffix_chooses_the_reader(name, media_type):
    (document,) = read_file(TEXT.encode(), name).documents
    assert (document.id, document.raw, document.media_type) == (name, TEXT, media_type)
    assert document.sha256 == hashlib.sha256(TEXT.encode()).hexdigest()


@pytest.mark.parametrize(
    "head",
    ["<!DOCTYPE html>", "\ufeff\n<HTML lang=zh>", "<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC>"],
)
def test_html_in_a_txt_file_is_read_as_html(head):
    (document,) = read_file(f"{head}<p>{TEXT}".encode(), "saved.txt").documents
    assert document.media_type == "text/html"


def test_raw_text_keeps_line_ends_and_byte_order_mark():
    raw = "\ufeff第一行\r\n第二行\r第三行\n"
    (document,) = read_file(raw.encode(), "a.txt").documents
    assert document.raw == raw


def test_every_supported_suffix_is_named_in_the_refusal_of_another():
    with pytest.raises(UnsupportedFormat) as caught:
        read_file(b"a,b", "table.dat")
    assert all(suffix in str(caught.value) for suffix in (".dat", *supported_suffixes()))


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"<!DOCTYPE html><h1>404</h1>", "plan.dat", "HTML page"),
        (b"\xef\xbb\xbf\n<html>", "plan", "HTML page"),
        (b"\x89PNG\r\n", "plan.md", "a picture"),
        (b"MZ\x90\x00\x03", "plan.txt", "a program"),
        (b"Rar!\x1a", "plan.zip", "unpack it"),
        (b"text", "Makefile", "no suffix"),
    ],
)
def test_files_that_are_something_else_are_refused_by_what_they_are(data, name, said):
    with pytest.raises(UnsupportedFormat, match=said) as caught:
        read_file(data, name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["plan.docx", "plan.pdf", "plan.xlsx", "plan.zip", "plan.doc"])
def test_a_text_named_like_a_binary_file_is_refused(name):
    with pytest.raises(ReadError, match=f"it is no {Path(name).suffix} file, or a damaged one"):
        read_file("只是文字。".encode(), name)


@pytest.mark.parametrize("name", ["a.doc", "a.xls", "a.htm", "a.pdf"])
def test_a_web_page_is_read_as_one_whatever_its_name(name):
    (document,) = read_file(f"<html><p>{TEXT}</p></html>".encode(), name).documents
    assert document.media_type == "text/html"


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b"\xef\xbb\xbf%PDF-1.7", "a.txt", "pdf"),
        (zipped("word/document.xml"), "a.doc", "word"),
        (zipped("xl/workbook.xml"), "a.zip", "sheet"),
        (zipped("META-INF/container.xml", "mimetype"), "a.zip", "epub"),
        (zipped("mimetype", "content.xml"), "a.odt", "office"),
        (zipped("ppt/presentation.xml"), "a.pptx", "office"),
        (zipped("a.txt"), "a.txt", ARCHIVE),
        (zipped("a.txt"), "a.docx", "word"),
        (b"\xd0\xcf\x11\xe0", "a.docx", "office"),
        (b"{\\rtf1", "a.doc", "office"),
        (b"\x1f\x8b\x08", "a.tgz", ARCHIVE),
        ("表,格".encode(), "a.csv", "csv"),
    ],
)
def test_the_content_says_which_reader_a_file_is_for(data, name, kind):
    assert kind_of(data, name) == kind


def test_an_archive_is_not_read_as_one_document():
    with pytest.raises(UnsupportedFormat, match="files of its own"):
        read_file(zipped("a.txt"), "a.zip")


def test_a_text_may_begin_like_a_program():
    assert read_file(b"MZ is a file signature.", "notes.txt").documents


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.jsonl", "a.docx"])
def test_an_empty_file_is_refused(name):
    with pytest.raises(ReadError, match="empty"):
        read_file(b"", name)


def test_rows_become_documents_with_what_they_declare():
    row = {
        "id": "r1",
        "title": "通知",
        "text": TEXT,
        "url": "https://example.org/1",
        "date": "2024-02-07",
        "publisher": "科技厅",
    }
    content = read_file(rows(row, {"id": 7, "text": "正文"}), "set.jsonl")
    first, second = content.documents
    assert (first.id, first.raw, second.id, second.raw) == ("r1", TEXT, "7", "正文")
    known = first.metadata
    assert (known.title, known.publisher, known.date, known.url) == (
        *("通知", "科技厅", "2024-02-07"),
        "https://example.org/1",
    )
    assert known.found == dict.fromkeys(("title", "publisher", "date", "url"), "declared")
    assert second.metadata.found == {}
    assert not content.problems


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{not json", "not JSON"),
        ("[1, 2]", "not an object"),
        ('"text"', "not an object"),
        ('{"id": "x"}', "must not be empty"),
        ('{"id": " ", "text": "a"}', "must not be empty"),
        ('{"id": "x", "text": " \\n"}', "must not be empty"),
        ('{"id": true, "text": "a"}', "id must be text, is now bool"),
        ('{"id": "x", "text": ["a"]}', "text must be text, is now list"),
        ('{"id": "ok", "text": "again"}', "earlier row"),
        ("[" * 100_000, "not JSON"),
        ('{"id": ' + "9" * 5000 + ', "text": "a"}', "not JSON"),
    ],
)
def test_a_bad_row_is_named_by_its_number_and_the_rest_is_read(line, said):
    data = b'{"id": "ok", "text": "a"}\n\n' + line.encode() + b'\n{"id": "also", "text": "b"}'
    content = read_file(data, "set.jsonl")
    assert [document.id for document in content.documents] == ["ok", "also"]
    (problem,) = content.problems
    assert problem.startswith("row 3: ")
    assert said in problem


def test_rows_may_hold_line_ends_that_json_allows():
    text = "第一段\u2028第二段\x85第三段\u2029完"
    (document,) = read_file(rows({"id": "a", "text": text}), "set.jsonl").documents
    assert document.raw == text


def test_rows_end_in_either_line_end():
    data = rows({"id": "a", "text": "甲"}, {"id": "b", "text": "乙"}).replace(b"\n", b"\r\n")
    assert len(read_file(b"\xef\xbb\xbf" + data, "set.jsonl").documents) == 2


def test_lone_surrogates_in_rows_become_storable():
    (document,) = read_file(b'{"id": "a\\ud800", "text": "b\\udc00c"}', "set.jsonl").documents
    assert (document.id, document.raw) == ("a\ufffd", "b\ufffdc")


@pytest.mark.parametrize("data", [b"\n\n", b"{bad\n"])
def test_a_file_without_a_good_row_is_refused(data):
    with pytest.raises(ReadError):
        read_file(data, "set.jsonl")


@given(st.binary(max_size=120), st.sampled_from([*supported_suffixes(), ".docx", ""]))
def test_any_bytes_give_documents_or_our_error(data, suffix):
    try:
        content = read_file(data, f"file{suffix}")
    except YinzhengError as error:
        assert "\n" not in str(error)
    else:
        assert content.documents


def test_documents_of_equal_text_have_equal_hashes():
    assert make_document("a", TEXT, "text/plain").sha256 == make_document("b", TEXT, "x").sha256


def test_bytes_are_read_as_they_are(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\r\n\x00")
    assert read_bytes(tmp_path / "a.txt") == b"\r\n\x00"


def test_folders_missing_files_and_dead_links_are_refused(tmp_path):
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "nowhere.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    for name in ("folder.txt", "link.txt", "missing.txt", "pipe.txt"):
        with pytest.raises(ReadError):
            read_bytes(tmp_path / name)


def test_a_file_that_the_system_refuses_is_reported_with_its_reason(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.txt").write_bytes(b"text")
    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(ReadError, match="cannot be opened: Permission denied"):
        read_bytes(tmp_path / "a.txt")


def test_a_huge_file_is_refused_without_reading_it(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "MAX_BYTES", 10)
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda path: pytest.fail("was read"))
    (tmp_path / "a.txt").write_bytes(b"x" * 11)
    with pytest.raises(ReadError, match="11 bytes"):
        read_bytes(tmp_path / "a.txt")


def test_samples_are_read(samples):
    for file in samples.iterdir():
        assert read_file(read_bytes(file), file.name).documents
