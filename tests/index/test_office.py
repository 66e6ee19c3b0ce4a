import shutil
import subprocess
import sys
import time

import pytest
from office_files import DATA, cleaned, docx, package, paragraph, trigram_f1, xlsx
from sampling import one_in

from index.errors import EmptyDocument, ReadError, UnsupportedFormat
from index.formats import office
from index.formats.office import read_office

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500
with_libreoffice = pytest.mark.skipif(
    shutil.which("soffice") is None, reason="needs LibreOffice, which is not on this machine"
)


@with_libreoffice
@pytest.mark.parametrize(
    ("name", "media_type"),
    one_in(
        3,
        [
            ("notice-hant.doc", "application/msword"),
            ("notice-hans.rtf", "application/rtf"),
            ("notice-hant.odt", "application/vnd.oasis.opendocument.text"),
        ],
    ),
)
def test_a_notice_comes_back_whole(name, media_type):
    (document,) = read_office((DATA / name).read_bytes(), name).documents
    truth = (DATA / name).with_suffix(".txt").read_text("utf-8")
    assert trigram_f1(cleaned(document), truth) >= 0.97
    assert document.media_type == media_type
    assert document.id == name


@with_libreoffice
@pytest.mark.parametrize("name", one_in(2, ["sheet-hans.xls", "sheet-hans.ods"]))
def test_a_sheet_comes_back_whole(name):
    (document,) = read_office((DATA / name).read_bytes(), name).documents
    assert document.raw == (DATA / "sheet-hans.txt").read_text("utf-8")


@with_libreoffice
def test_a_file_that_libreoffice_cannot_read_is_an_error():
    with pytest.raises(ReadError, match="cannot read it as"):
        read_office(b"{\\rtf1" + b"{" * 100_000, "a.rtf")


@pytest.mark.parametrize("name", ["notice-hant.doc", "notice-hant.odt", "sheet-hans.xls"])
def test_without_libreoffice_the_message_says_what_to_do(name, monkeypatch):
    monkeypatch.setattr(office.shutil, "which", lambda _: None)
    with pytest.raises(UnsupportedFormat, match="install LibreOffice, or save it as") as caught:
        read_office((DATA / name).read_bytes(), name)
    assert "\n" not in str(caught.value)


def test_the_content_counts_and_not_the_name():
    (document,) = read_office(docx(paragraph("文")), "a.doc").documents
    assert document.raw == "文"
    (document,) = read_office(xlsx("<row><c><v>1</v></c></row>"), "a.xls").documents
    assert document.raw == "1"


ENCRYPTED = package(
    {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "META-INF/manifest.xml": "<manifest><encryption-data/></manifest>",
    }
)


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", EmptyDocument, "empty"),
        (b"<html>", UnsupportedFormat, "no office file"),
        (OLE, UnsupportedFormat, "without text"),
        (OLE + "EncryptedPackage".encode("utf-16-le") + b"\0\0", ReadError, "password"),
        (ENCRYPTED, ReadError, "password"),
        (package({"a.txt": "x"}), UnsupportedFormat, "no office file"),
        (b"PK\x03\x04 cut off", ReadError, "damaged"),
    ],
)
def test_what_cannot_be_read_ends_in_one_clear_line(data, error, words):
    with pytest.raises(error, match=words) as caught:
        read_office(data, "a.doc")
    assert "\n" not in str(caught.value)


def program(folder, script: str) -> str:
    """A program in the place of LibreOffice."""
    path = folder / "soffice"
    path.write_text(f"#!{sys.executable}\n{script}", "utf-8")
    path.chmod(0o755)
    return str(path)


def test_a_program_that_hangs_is_ended_with_all_that_it_started(tmp_path, monkeypatch):
    mark = tmp_path / "started"
    child = f"import subprocess, time; p = subprocess.Popen(['sleep', '60']); open({str(mark)!r}, 'w').write(str(p.pid)); time.sleep(60)"  # fmt: skip  # noqa: E501
    monkeypatch.setattr(office.shutil, "which", lambda _: program(tmp_path, child))
    monkeypatch.setattr(office, "TIME_LIMIT", 3.0)
    with pytest.raises(ReadError, match="needs more than 3 seconds"):
        read_office(b"{\\rtf1 a}", "a.rtf")
    deadline = time.monotonic() + 60
    while _lives(mark.read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _lives(mark.read_text())


def _lives(process: str) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", process], capture_output=True, text=True).stdout
    return bool(state.strip()) and not state.startswith("Z")


def test_the_program_gets_a_profile_that_trusts_nothing_and_leaves_nothing(tmp_path, monkeypatch):
    seen = tmp_path / "seen"
    script = (
        "import glob, os, shutil, sys\n"
        f"shutil.copytree(os.environ['HOME'], {str(seen)!r})\n"
        f"open({str(tmp_path / 'home')!r}, 'w').write(os.environ['HOME'])\n"
        f"open({str(tmp_path / 'proxy')!r}, 'w').write(os.environ.get('http_proxy', ''))\n"
    )
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setattr(office.shutil, "which", lambda _: program(tmp_path, script))
    with pytest.raises(ReadError, match="cannot read it"):
        read_office(b"{\\rtf1 a}", "a.rtf")
    settings = (seen / "profile" / "user" / "registrymodifications.xcu").read_text("utf-8")
    for name, value in (("MacroSecurityLevel", "3"), ("BlockUntrustedRefererLinks", "true")):
        assert f'"{name}" oor:op="fuse"><value>{value}<' in settings
    assert (tmp_path / "proxy").read_text() == ""
    from pathlib import Path

    assert not Path((tmp_path / "home").read_text()).exists()


def test_numbers_of_an_rtf_file_are_taken_as_its_writer_shows_them():
    data = rb"{\rtf1{\listoverride\ls1}{\listtext\pard\plain \u19968\'3f\tab}\ls1\ilvl0 x}"
    made = office._with_numbers_written_out(data)
    assert made == rb"{\rtf1{\listoverride}{\plain \u19968\'3f\tab}\ilvl0 x}"
