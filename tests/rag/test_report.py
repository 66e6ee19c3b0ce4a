import io
import json
import shutil
import subprocess
import zipfile
from dataclasses import replace

import pytest
from hash_encoder import HashEncoder

from index.errors import YinzhengError
from index.ingest import ingest
from index.library import Library
from rag.collected import Item
from rag.errors import ReportError
from rag.export.files import export
from rag.export.types import Report
from rag.passages import citation_of
from rag.report import standings

FORMATS = ("docx", "md", "html")
FIRST = "青石市对设立总部的企业最高补助五百万元。"
SECOND = "申請人應於每年六月底前向財政局送件，逾期不予受理。"
TEXT = f"青石市低空经济扶持办法\n{FIRST}\n{SECOND}\n本办法有效期三年，自发布之日起施行。\n"


def library_of(folder, files):
    """Return a library of files, by name."""
    source = folder / "files"
    source.mkdir(parents=True)
    for name, text in files.items():
        (source / name).write_text(text, "utf-8")
    library = Library(folder / "library", HashEncoder(), create=True)
    ingest(library, [source])
    return library


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    with library_of(tmp_path_factory.mktemp("first"), {"a.txt": TEXT}) as library:
        yield library


@pytest.fixture(scope="module")
def report(library) -> Report:
    """An answer that cites two places, the first twice, and a passage by itself."""
    first, second, third = (
        citation_of(library, "a.txt", TEXT.index(quote), TEXT.index(quote) + len(quote))
        for quote in (FIRST, SECOND, "本办法有效期三年，自发布之日起施行。")
    )
    cited = (first, replace(second, n=2))
    answer = Item("补助多少？", "补助五百万元[1]，六月底前送件[2][1]。", "zh", cited)
    return Report("报告", (answer, Item("", "", "zh", (third,))), accessed="2026-11-22")


@pytest.fixture(scope="module", params=FORMATS)
def written(request, report) -> tuple[str, bytes]:
    return request.param, export(report, request.param)


@pytest.fixture
def check(tmp_path, library):
    """Return what became of the quotations of a file, in a library."""

    def checked(data, format_, other=None):
        path = tmp_path / f"report.{format_}"
        path.write_bytes(data)
        return standings(other or library, path)

    return checked


def edited(data: bytes, format_: str, old: str, new: str, record: bool = False) -> bytes:
    """Return a report in which a person put other words, in what is seen or on record."""
    if format_ != "docx":
        text = data.decode()
        start = text.index('{"yinzheng"') if format_ == "md" else text.index("{&quot;yinzheng")
        end = text.index("]}\n```", start) if format_ == "md" else text.index("</pre>", start)
        parts = [text[:start], text[start:end], text[end:]]
        return "".join(
            part.replace(old, new) if (i == 1) == record else part for i, part in enumerate(parts)
        ).encode()
    parts = {"customXml/item1.xml"} if record else {"word/document.xml", "word/footnotes.xml"}
    return rewritten(data, lambda name, body: body.replace(old, new) if name in parts else body)


def rewritten(data: bytes, change) -> bytes:
    """Return a package with the XML of its parts changed; None leaves a part out."""
    source, target = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for name in source.namelist():
            body = change(name, source.read(name).decode("utf-8"))
            if body is not None:
                made.writestr(name, body)
    return target.getvalue()


def without_record(data: bytes, format_: str) -> bytes:
    """Return a report whose record is lost."""
    if format_ == "docx":
        gone = "customXml"
        return rewritten(data, lambda name, body: None if name.startswith(gone) else body)
    return data.replace(b"yinzheng-record", b"other")


def said(found):
    return [one.standing for one in found]


# Reports as they were written


def test_a_written_report_stands(written, check) -> None:
    found = check(written[1], written[0])
    assert said(found) == ["stands"] * 3
    assert [one.n for one in found] == [1, 2, 4]  # the third note repeats the first
    assert [one.answer for one in found] == ["补助多少？", "补助多少？", ""]


def test_a_report_without_its_record_is_checked_by_what_it_shows(written, check) -> None:
    format_, data = written
    assert said(check(without_record(data, format_), format_)) == ["stands"] * 3


def test_notes_whose_styles_are_lost_are_read_by_their_form(report, check) -> None:
    data = rewritten(
        export(report, "docx"),
        lambda name, body: (
            None
            if name.startswith("customXml")
            else body.replace('w:rStyle w:val="YinzhengQuote"', 'w:rStyle w:val="Other"').replace(
                'w:rStyle w:val="YinzhengPlace"', 'w:rStyle w:val="Other"'
            )
            if name == "word/footnotes.xml"
            else body
        ),
    )
    assert said(check(data, "docx")) == ["stands"] * 3


@pytest.mark.skipif(not shutil.which("soffice"), reason="needs LibreOffice")
@pytest.mark.exhaustive
def test_a_word_file_that_libreoffice_saved_again_stands(report, check, tmp_path) -> None:
    (tmp_path / "in.docx").write_bytes(export(report, "docx"))
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "docx", "--outdir", "out"]
    subprocess.run([*command, "in.docx"], cwd=tmp_path, check=True, capture_output=True)
    data = (tmp_path / "out" / "in.docx").read_bytes()
    assert said(check(data, "docx")) == ["stands"] * 3
    assert said(check(without_record(data, "docx"), "docx")) == ["stands"] * 3


# Reports that were changed


@pytest.mark.parametrize(
    ("old", "new", "which"),
    [("五百", "九百", 0), ("逾期不予受理", "逾期仍予受理", 1), ("三年", "五年", 2)],
)
def test_a_quotation_edited_by_hand_is_noticed(written, check, old, new, which) -> None:
    format_, data = written
    # The answer is not quoted: only what stands between quotation marks is checked.
    found = check(edited(data, format_, f"{old}", new), format_)
    assert said(found) == ["edited" if i == which else "stands" for i in range(3)]
    assert new in found[which].why and old in found[which].why


def test_words_put_behind_a_quotation_within_its_marks_are_noticed(written, check) -> None:
    format_, data = written
    found = check(edited(data, format_, "五百万元。”", "五百万元，另补一千万元。”"), format_)
    assert said(found)[0] == "edited"


def test_without_a_record_an_edit_is_noticed_by_the_library(written, check) -> None:
    format_, data = written
    data = without_record(edited(data, format_, "五百", "九百"), format_)
    found = check(data, format_)
    assert said(found) == ["changed", "stands", "stands"]
    assert "never stood there" in found[0].why


def test_a_place_edited_by_hand_is_noticed(written, check) -> None:
    format_, data = written
    place = f"{TEXT.index(SECOND)}–"
    found = check(edited(data, format_, place, f"{TEXT.index(SECOND) + 1}–"), format_)
    assert sorted(said(found)) == ["changed", "edited", "stands", "stands"]
    assert found[-1].n == 0 and "any more" in found[-1].why


@pytest.mark.parametrize("what", ["seen and recorded", "recorded place"])
def test_a_forged_record_is_noticed(written, check, what) -> None:
    format_, data = written
    if what == "recorded place":
        start = TEXT.index(SECOND)
        quote = "&quot;" if format_ == "html" else '"'
        old, new = (f"{quote}start{quote}:{n}," for n in (start, start + 1))
        data = edited(data, format_, old, new, record=True)
        data = edited(data, format_, f"{start}–", f"{start + 1}–")
        which = 1
    else:
        for record in (True, False):
            data = edited(data, format_, "五百", "九百", record)
        which = 0
    found = check(data, format_)
    assert said(found) == ["changed" if i == which else "stands" for i in range(3)]
    assert "never stood there" in found[which].why


# Documents that were changed


@pytest.mark.parametrize("has_record", [True, False])
def test_what_became_of_each_quotation_in_a_newer_library_is_told(
    written, check, tmp_path, has_record
) -> None:
    format_, data = written
    newer = f"前言若干字。\n{TEXT.replace('五百', '八百')}".replace(
        "本办法有效期三年", "本办法有效期两年"
    )
    data = data if has_record else without_record(data, format_)
    with library_of(tmp_path, {"a.txt": newer}) as library:
        changed, moved, lost = check(data, format_, library)
    assert (changed.standing, changed.where) == ("changed", "")
    assert moved.standing == "moved"
    start = newer.index(SECOND)
    assert moved.where == f"a.txt:{start}-{start + len(SECOND)}"
    assert lost.standing in ("changed", "missing")


def test_a_document_that_goes_by_another_name_is_found(written, check, tmp_path) -> None:
    with library_of(tmp_path, {"b.txt": TEXT}) as library:
        found = check(written[1], written[0], library)
    assert said(found) == ["moved"] * 3
    start = TEXT.index(FIRST)
    assert found[0].where == f"b.txt:{start}-{start + len(FIRST)}"


def test_a_document_that_is_gone_is_missing(written, check, tmp_path) -> None:
    with library_of(tmp_path, {"c.txt": "别的文件，说的是别的事情。\n"}) as library:
        assert said(check(written[1], written[0], library)) == ["missing"] * 3


def test_a_quotation_in_another_version_of_its_document_is_said_to_be(
    written, check, tmp_path
) -> None:
    with library_of(tmp_path, {"a.txt": TEXT + "附则另行发布。\n"}) as library:
        found = check(written[1], written[0], library)
    assert {(one.standing, one.where) for one in found} == {("changed", "")}
    assert all("another version" in one.why for one in found)


# Rows


def rows_of(report: Report) -> list[dict]:
    from dataclasses import asdict

    return [
        {"id": f"q{i}", "citations": [asdict(one) for one in item.citations]}
        for i, item in enumerate(report.items)
    ]


def as_file(rows) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


@pytest.mark.parametrize(
    ("change", "standing", "is_elsewhere"),
    [
        ({}, "stands", False),
        ({"quote": "别的字"}, "changed", False),
        ({"text": "别的字"}, "changed", False),
        ({"start": 0}, "changed", True),
        ({"sha256": "0" * 64}, "changed", False),
        ({"sha256": ""}, "changed", False),
        ({"source": "no-such.txt"}, "missing", True),
        ({"end": 10**9}, "missing", True),
    ],
)
def test_rows_of_answers_are_judged_as_ever(report, check, change, standing, is_elsewhere) -> None:
    rows = rows_of(report)
    rows[0]["citations"][0] |= change
    found = check(as_file(rows), "jsonl")
    assert said(found) == [standing, "stands", "stands"]
    assert bool(found[0].where) == is_elsewhere


def test_a_row_without_a_quotation_cannot_stand(report, check) -> None:
    rows = rows_of(report)
    del rows[0]["citations"][0]["quote"]
    assert said(check(as_file(rows), "jsonl"))[0] == "changed"


# Hostile and broken files


@pytest.mark.parametrize("format_", [*FORMATS, "json", "jsonl"])
@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"PK\x03\x04", b"\xff\xfe\x00a", "报告".encode("gb18030"), b"[" * 200_000),
        *(b"<" * 100_000, b"# text\n[^1]: note\n", b"\x00" * 1000, "报告".encode("utf-16")),
    ],
)
def test_what_is_no_report_is_one_line(check, format_, data) -> None:
    with pytest.raises(YinzhengError) as error:
        check(data, format_)
    assert isinstance(error.value, ReportError)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


def test_entities_are_refused_and_never_read(report, check, tmp_path) -> None:
    (tmp_path / "secret").write_text("SECRET", "utf-8")
    dtd = f'<!DOCTYPE w [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>'
    for part in ("word/document.xml", "word/footnotes.xml", "customXml/item1.xml"):

        def attacked(name, body, part=part):
            if name != part:
                return body
            head, _, rest = body.partition("?>")
            return f"{head}?>{dtd}{rest}"

        with pytest.raises(ReportError) as error:
            check(rewritten(export(report, "docx"), attacked), "docx")
        assert "SECRET" not in str(error.value)


def test_a_bomb_in_a_package_is_refused(report, check) -> None:
    data = rewritten(
        export(report, "docx"),
        lambda name, body: "<x>" + " " * 21 * 2**20 + "</x>" if "footnotes.xml" in name else body,
    )
    with pytest.raises(ReportError, match="more than"):
        check(data, "docx")


def test_a_file_that_is_too_large_is_refused(check, monkeypatch) -> None:
    monkeypatch.setattr("rag.export.files.MAX_REPORT", 1000)
    monkeypatch.setattr("rag.report._MAX_ROWS", 1000)
    for format_ in (*FORMATS, "jsonl"):
        with pytest.raises(ReportError, match="more than"):
            check(b"x" * 1001, format_)


def test_a_damaged_record_is_an_error(report, check) -> None:
    for format_ in FORMATS:
        data = edited(export(report, format_), format_, "answers", "other", record=True)
        with pytest.raises(ReportError, match="record"):
            check(data, format_)
