import ast
import json
import os
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hash_encoder import HashEncoder, HashTokenEncoder
from prepared import body, content

from index import ingest as module
from index import publish
from index.errors import EncoderMismatch, LibraryBusy, ReadError, StorageFull
from index.frames import Problem
from index.ingest import ingest, list_files
from index.late import unpack
from index.library import Library
from index.sandbox import Outcome, ReadingPool
from index.script import fold
from index.web import Page


@pytest.fixture
def files(tmp_path):
    """A folder of five files of four kinds."""
    folder = tmp_path / "files"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text(body(1), "utf-8")
    (folder / "b.md").write_text(f"# 概览与要点\n\n{body(2)}", "utf-8")
    (folder / "deep" / "c.html").write_text(f"<title>页面</title><p>{body(3)}</p>", "utf-8")
    (folder / "d.txt").write_text(body(4), "gb18030")
    write_rows(folder / "rows.jsonl", {"r1": body(5), "r2": body(6)})
    return folder


@pytest.fixture
def library(tmp_path, encoder):
    with Library(tmp_path / "library", encoder, create=True) as library:
        yield library


def write_rows(path: Path, texts: dict[str, str], *more: str) -> None:
    rows = [json.dumps({"id": id_, "text": text}) for id_, text in texts.items()]
    path.write_text("\n".join([*rows, *more]), "utf-8")


def passage_ids(library: Library) -> list[int]:
    return [passage.id for passage, _ in library.store.all_passages()]


def news(report) -> dict[str, list[str]]:
    """Return what a report says beside what is unchanged."""
    fields = ("added", "changed", "removed", "vanished", "problems")
    return {name: found for name in fields if (found := getattr(report, name))}


IDS = ["a.txt", "b.md", "d.txt", "deep/c.html", "r1", "r2"]


def test_files_of_all_kinds_go_in(library, files, encoder):
    report = ingest(library, [files])
    assert sorted(report.added) == library.document_ids() == IDS
    assert news(report) == {"added": report.added}
    assert report.passages == library.store.counts()[1] == len(passage_ids(library))
    assert report.encoded == len(encoder.encoded) <= report.passages
    assert set(report.seconds) == {"read", "chunk", "encode", "store", "reprints", "publish"}
    assert library.check() == []
    assert library.document("d.txt").raw == body(4)
    assert library.metadata("deep/c.html").title == "页面"


def test_what_is_encoded_is_folded_and_has_its_title(library, files, encoder):
    ingest(library, [files])
    assert all(text == fold(text) for text in encoder.encoded)
    assert any(text.startswith("概览与要点\n") for text in encoder.encoded)


def test_ingesting_twice_changes_nothing(library, files, encoder):
    ingest(library, [files])
    before, ids, generation = content(library.store), passage_ids(library), newest(library)
    encoder.encoded.clear()
    for paths in ([files], [files, files / "deep"], [files / ".." / files.name]):
        report = ingest(library, paths)
        assert sorted(report.unchanged) == IDS
        assert news(report) == {}
        assert (report.passages, report.encoded) == (0, 0)
    assert encoder.encoded == []
    assert content(library.store) == before
    assert passage_ids(library) == ids
    assert newest(library) == generation


def newest(library):
    return publish.current(library.folder / "generations")


def test_two_libraries_of_the_same_files_are_equal(library, files, tmp_path):
    ingest(library, [files])
    with Library(tmp_path / "other", HashEncoder(), create=True) as other:
        ingest(other, [files])
        assert content(other.store) == content(library.store)
        assert passage_ids(other) == passage_ids(library)
        assert other.search("第2-3号项目") == library.search("第2-3号项目")


def test_a_changed_file_replaces_its_document_and_only_new_passages_are_encoded(
    library, files, encoder
):
    ingest(library, [files])
    before = content(library.store)
    encoder.encoded.clear()
    (files / "a.txt").write_text(body(1) + "\n增加的一段话，说的是别的事情。", "utf-8")
    report = ingest(library, [files])
    assert news(report) == {"changed": ["a.txt"]}
    assert 0 < report.encoded == len(encoder.encoded) < len(library.passages_of("a.txt"))
    after = content(library.store)
    assert {id_ for id_ in IDS if after[id_] != before[id_]} == {"a.txt"}
    assert "增加的一段话" in library.document("a.txt").raw
    assert library.search("增加的一段话", 1)[0].passage.document == "a.txt"


def test_a_file_touched_or_moved_to_and_fro_is_unchanged(library, files, encoder):
    ingest(library, [files])
    encoder.encoded.clear()
    os.utime(files / "a.txt", (1, 1))
    (files / "b.md").rename(files / "x.md")
    (files / "x.md").rename(files / "b.md")
    assert news(ingest(library, [files])) == {}
    assert encoder.encoded == []


def test_rows_are_added_changed_and_removed_one_by_one(library, files, encoder):
    ingest(library, [files])
    ids = {id_: [p.id for p in library.passages_of(id_)] for id_ in IDS}
    encoder.encoded.clear()
    write_rows(files / "rows.jsonl", {"r2": body(6), "r3": body(7)})
    report = ingest(library, [files])
    assert news(report) == {"added": ["r3"], "removed": ["r1"]}
    assert "r2" in report.unchanged
    assert [p.id for p in library.passages_of("r2")] == ids["r2"]
    assert library.document("r1") is None
    assert all("第7-" in text for text in encoder.encoded)


def test_vanished_files_are_reported_and_stay(library, files):
    ingest(library, [files])
    (files / "a.txt").unlink()
    (files / "rows.jsonl").unlink()
    for _ in range(2):
        report = ingest(library, [files])
        assert news(report) == {"vanished": ["a.txt", "r1", "r2"]}
    assert library.document("a.txt")
    library.remove("a.txt")
    assert ingest(library, [files]).vanished == ["r1", "r2"]


def test_a_file_that_comes_back_is_read_again_after_removal(library, files):
    ingest(library, [files])
    library.remove("a.txt")
    assert news(ingest(library, [files])) == {"added": ["a.txt"]}


# Wrong files.


@pytest.fixture
def wrong(files):
    (files / "empty.txt").write_bytes(b"")
    (files / "binary.txt").write_bytes(bytes(range(256)) * 40)
    (files / "gone.txt").symlink_to(files / "nowhere")
    (files / "page.docx").write_text("<!DOCTYPE html><h1>404</h1>", "utf-8")
    (files / "links.html").write_text("<script>only()</script>", "utf-8")
    (files / "table.dat").write_text("a,b", "utf-8")
    (files / "folder.txt").mkdir()
    (files / "folder.txt" / "inner.txt").write_text(body(9), "utf-8")
    return files


WRONG = {
    "empty.txt": "empty",
    "binary.txt": "binary",
    "gone.txt": "there is no such file",
    "page.docx": "error page",
    "links.html": "no text is left",
    "table.dat": "not a format",
}


def test_wrong_files_are_reported_by_name_every_time_and_the_rest_goes_in(library, wrong):
    for _ in range(2):
        report = ingest(library, [wrong])
        assert {problem.source for problem in report.problems} == set(WRONG)
        for problem in report.problems:
            assert WRONG[problem.source] in problem.reason
            assert "\n" not in problem.reason
        assert library.document_ids() == sorted([*IDS, "folder.txt/inner.txt"])


def test_an_unreadable_file_is_reported(library, files, monkeypatch):
    original = Path.read_bytes

    def refuse(path):
        if path.name == "b.md":
            raise PermissionError(13, "Permission denied")
        return original(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    report = ingest(library, [files])
    assert report.problems == [Problem("b.md", "cannot be opened: Permission denied")]
    assert library.document_ids() == [id_ for id_ in IDS if id_ != "b.md"]


def test_an_unreadable_folder_is_reported(library, files, monkeypatch):
    original = os.scandir

    def refuse(path):
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied", str(path))
        return original(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = ingest(library, [files])
    assert report.problems == [Problem("deep", "cannot be opened: Permission denied")]
    assert "a.txt" in library.document_ids()


def test_a_name_that_is_not_utf_8_is_reported(library, files):
    name = os.fsdecode("科技.txt".encode("gb18030"))
    (files / name).write_text(body(8), "utf-8")
    report = ingest(library, [files])
    (problem,) = report.problems
    assert "not UTF-8: rename" in problem.reason
    problem.source.encode("utf-8")
    assert library.document_ids() == IDS


def test_bad_rows_are_reported_every_time_and_change_nothing(library, files, encoder):
    write_rows(files / "rows.jsonl", {"r1": body(5), "r2": body(6), "r4": "\u200b"}, "{bad")
    first = ingest(library, [files])
    ids, generation = passage_ids(library), newest(library)
    encoder.encoded.clear()
    second = ingest(library, [files])
    for report in (first, second):
        assert [problem.source for problem in report.problems] == ["rows.jsonl", "r4"]
        assert report.problems[0].reason.startswith("row 4: not JSON")
    assert sorted(second.unchanged) == IDS
    assert encoder.encoded == []
    assert passage_ids(library) == ids
    assert newest(library) == generation


def test_a_row_without_text_alone_is_reported_every_time(library, files):
    write_rows(files / "rows.jsonl", {"r1": body(5), "r2": "\u200b"})
    for _ in range(2):
        assert [problem.source for problem in ingest(library, [files]).problems] == ["r2"]


def test_a_file_that_went_bad_leaves_its_document(library, files):
    ingest(library, [files])
    good = (files / "a.txt").read_bytes()
    (files / "a.txt").write_bytes(b"")
    report = ingest(library, [files])
    assert [problem.source for problem in report.problems] == ["a.txt"]
    assert library.document("a.txt").raw == body(1)
    (files / "a.txt").write_bytes(good)
    assert news(ingest(library, [files])) == {}


def test_paths_that_do_not_exist_are_refused_before_anything_is_done(library, files):
    (files / "circle").symlink_to(files / "circle")
    for path in (files / "none.txt", files / "circle", files / "a.txt" / "x"):
        with pytest.raises(ReadError):
            ingest(library, [files, path])
    assert library.document_ids() == []


# Which files, and what they are called.


def test_hidden_files_and_assets_are_passed_over(files):
    for name in (".hidden.txt", ".git/config.txt", "x.css", "page_files/y.png", "z.TMP"):
        path = files / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    found = [file.source for file in list_files([files])]
    assert found == ["a.txt", "b.md", "d.txt", "deep/c.html", "rows.jsonl"]


def test_a_file_given_twice_is_read_once(files):
    found = list_files([files / "deep" / "c.html", files, files / "a.txt"])
    assert [file.source for file in found] == ["c.html", "a.txt", "b.md", "d.txt", "rows.jsonl"]


def test_a_hidden_file_that_is_named_is_read(library, files):
    (files / ".notes.txt").write_text(body(9), "utf-8")
    assert ingest(library, [files / ".notes.txt"]).added == [".notes.txt"]


def test_equal_names_below_two_roots_get_two_ids_that_stay(library, tmp_path):
    roots = [tmp_path / "x" / "2024", tmp_path / "y" / "2024", tmp_path / "y" / "2025"]
    for number, root in enumerate(roots):
        root.mkdir(parents=True)
        (root / "plan.txt").write_text(body(number), "utf-8")
    report = ingest(library, roots)
    location = str(roots[1] / "plan.txt")
    assert report.added == ["plan.txt", "2024/plan.txt", "2025/plan.txt"]
    (roots[1] / "plan.txt").write_text(body(9), "utf-8")
    assert news(ingest(library, roots[::-1])) == {"changed": ["2024/plan.txt"]}
    third = tmp_path / "z" / "2024"
    third.mkdir(parents=True)
    (third / "plan.txt").write_text(body(7), "utf-8")
    assert ingest(library, [third]).added == [str(third / "plan.txt")]
    assert library.store.location_of("2024/plan.txt") == location
    assert len(library.document_ids()) == 4


def test_equal_ids_in_two_files_of_rows_get_two_ids(library, files):
    write_rows(files / "more.jsonl", {"r1": body(8), "r8": body(9)})
    ingest(library, [files])
    assert {"r1", "r8", "rows.jsonl#r1", "r2"} <= set(library.document_ids())
    assert library.document("r1").raw == body(8)
    assert library.document("rows.jsonl#r1").raw == body(5)
    assert news(ingest(library, [files])) == {}


def test_a_row_may_move_to_another_file(library, files):
    write_rows(files / "more.jsonl", {"r8": body(8)})
    ingest(library, [files])
    write_rows(files / "more.jsonl", {"r9": body(9)})
    write_rows(files / "rows.jsonl", {"r1": body(5), "r2": body(6), "r8": body(8)})
    report = ingest(library, [files])
    assert library.document_ids() == sorted([*IDS, "r8", "r9"])
    assert library.store.location_of("r8") == str(files / "rows.jsonl")
    assert news(ingest(library, [files])) == {}
    assert library.check() == []
    assert "r9" in report.added


def test_a_file_that_is_gone_gives_its_id_up(library, tmp_path):
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
    (tmp_path / "x" / "plan.txt").write_text(body(1), "utf-8")
    ingest(library, [tmp_path / "x"])
    (tmp_path / "x" / "plan.txt").rename(tmp_path / "y" / "plan.txt")
    report = ingest(library, [tmp_path / "y"])
    assert library.document_ids() == ["plan.txt"]
    assert report.encoded == 0
    assert library.store.location_of("plan.txt") == str(tmp_path / "y" / "plan.txt")


# Code that reads, batches, progress, what can go wrong with the library.


def test_better_code_reads_files_again_and_keeps_what_is_the_same(
    library, files, encoder, monkeypatch
):
    ingest(library, [files])
    ids, generation = passage_ids(library), newest(library)
    encoder.encoded.clear()
    monkeypatch.setattr(module, "reading_version", lambda: "new")
    assert news(ingest(library, [files])) == {}
    assert encoder.encoded == []
    assert (passage_ids(library), newest(library)) == (ids, generation)
    original = module.passages
    monkeypatch.setattr(module, "reading_version", lambda: "newer")
    monkeypatch.setattr(
        module,
        "passages",
        lambda *given: [replace(part, heading=("新",)) for part in original(*given)],
    )
    assert sorted(ingest(library, [files]).changed) == IDS


def test_the_reading_code_has_a_version():
    assert len(module.reading_version()) == 16


PACKAGE = Path(module.__file__).parent


def imported(path: Path) -> set[str]:
    """Return the modules of our package that a module imports, by their dotted names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("index"):
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def test_what_does_not_read_files_does_not_make_them_be_read_again():
    """Modules of folders are loaded by name; the others are reached by what they import."""
    known = {f"index.{path.stem}": path for path in PACKAGE.glob("*.py")}
    inner = {path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE}
    reached, waiting = set(), ["index.reading_worker", "index.chunk"]
    waiting += [name for path in inner for name in imported(path)]
    while waiting:
        if (name := waiting.pop()) in known and name not in reached:
            reached.add(name)
            waiting += imported(known[name])
    reading = {path for path in module._reading_files(PACKAGE) if path.suffix == ".py"}
    assert inner <= reading
    allowed = {known[name] for name in reached} | inner | {known["index.__init__"]}
    assert reading <= allowed, "name it in ingest._NOT_READING"


def test_tables_that_decide_how_a_file_is_read_are_part_of_its_version():
    names = {path.name for path in module._reading_files(PACKAGE)}
    assert "places.csv" in names
    assert "glossary.csv" not in names


def test_many_batches_give_what_one_gives(library, files, tmp_path, monkeypatch):
    ingest(library, [files])
    monkeypatch.setattr(module, "BATCH_PASSAGES", 1)
    with Library(tmp_path / "other", HashEncoder(), create=True) as other:
        ingest(other, [files])
        assert content(other.store) == content(library.store)
        assert passage_ids(other) == passage_ids(library)


def test_equal_passages_are_encoded_once(library, files, encoder):
    shutil.copy(files / "a.txt", files / "copy.txt")
    report = ingest(library, [files / "a.txt", files / "copy.txt"])
    assert report.encoded == report.passages // 2


def test_progress_is_told_by_stage(library, files):
    told = []
    ingest(library, [files], lambda *step: told.append(step))
    assert [step for step in told if step[0] == "read"] == [("read", n, 5) for n in range(1, 6)]
    encoded = [step for step in told if step[0] == "encode"]
    assert encoded[-1][1] == encoded[-1][2] == len(encoded)


def test_another_encoder_is_refused_and_nothing_changes(library, files, tmp_path):
    ingest(library, [files])
    before = content(library.store)
    (files / "a.txt").write_text("改了的正文。", "utf-8")
    with Library(library.folder, HashEncoder("other")) as other, pytest.raises(EncoderMismatch):
        ingest(other, [files])
    assert content(library.store) == before


def test_two_ingestions_at_once_are_refused(library, files, monkeypatch):
    monkeypatch.setattr("index.library._PATIENCE", 0.01)
    with (
        Library(library.folder, HashEncoder()) as other,
        other.writing(),
        pytest.raises(LibraryBusy),
    ):
        ingest(library, [files])


def test_a_full_disk_ends_it_and_the_next_run_goes_on(library, files, encoder, monkeypatch):
    monkeypatch.setattr(module, "BATCH_PASSAGES", 1)
    put, calls = library.store.put, []

    def full(batch, *rest):
        calls.append(1)
        if len(calls) == 3:
            raise StorageFull("no space left")
        put(batch, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(library.store, "put", full)
        with pytest.raises(StorageFull):
            ingest(library, [files])
    assert library.document_ids() == ["a.txt", "b.md"]
    assert library.search("第1-3号项目", 1)[0].passage.document == "a.txt"
    encoder.encoded.clear()
    report = ingest(library, [files])
    assert report.unchanged == ["a.txt", "b.md"]
    assert library.document_ids() == IDS
    assert not any("第1-" in text for text in encoder.encoded)


def test_a_damaged_document_is_made_good_by_ingesting_it_again(library, files):
    ingest(library, [files])
    expected = content(library.store)
    library.store.connection.execute("UPDATE passages SET vector = x'00' WHERE document = 'a.txt'")
    library.store.connection.execute("UPDATE documents SET raw = x'00' WHERE id = 'b.md'")
    assert len(library.check()) == 2
    for id_ in ("a.txt", "b.md"):
        library.store.remove(id_)
    ingest(library, [files])
    assert library.check() == []
    assert content(library.store) == expected


def test_samples_and_documents_go_in_and_are_found(library, samples, corpus):
    report = ingest(library, [samples, corpus])
    assert not report.problems
    assert library.check() == []
    assert len(library.document_ids()) == len([*samples.iterdir(), *corpus.iterdir()])
    for id_ in library.document_ids():
        document, text = library.document(id_), library.clean_text(id_)
        for passage in library.passages_of(id_):
            assert passage.span.of(text.text) == passage.text
            assert library.quote(id_, passage.raw_span) == passage.raw_span.of(document.raw)


def test_a_file_that_is_away_keeps_its_document_when_another_has_its_name(library, tmp_path):
    for number, folder in enumerate(("one", "two")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "n.txt").write_text(body(number), encoding="utf-8")
    ingest(library, [tmp_path / "one"])
    (tmp_path / "one").rename(tmp_path / "away")
    ingest(library, [tmp_path / "two"])
    assert library.document_ids() == ["n.txt", "two/n.txt"]
    ingest(library, [tmp_path / "away"])  # moved, not changed: it keeps its id
    assert library.document_ids() == ["n.txt", "two/n.txt"]


def test_a_file_restored_after_a_bad_version_is_read_again(library, tmp_path):
    path = tmp_path / "rows.jsonl"
    write_rows(path, {"r": body(1)})
    ingest(library, [path])
    good = library.document("r").raw
    write_rows(path, {"r": body(2)}, "not JSON")
    assert ingest(library, [path]).problems
    write_rows(path, {"r": body(1)})
    assert news(ingest(library, [path]))["changed"] == ["r"]
    assert library.document("r").raw == good


# Archives, web pages, the user's own table, reprints.


def test_the_files_of_an_archive_go_in_one_by_one(library, tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("一.txt", body(1))
        archive.writestr("内/二.txt", body(2))
        archive.writestr("空.txt", "")
    report = ingest(library, [tmp_path / "all.zip"])
    assert library.document_ids() == ["all.zip/一.txt", "all.zip/内/二.txt"]
    assert [problem.source for problem in report.problems] == ["all.zip/空.txt"]


def test_a_page_of_the_web_goes_in_under_its_address(library, monkeypatch):
    address = "https://policy.example/a?id=3"
    monkeypatch.setattr(
        module, "fetch", lambda url: Page(url, body(1).encode(), "text/plain", ".txt")
    )
    assert ingest(library, [address]).added == [address]
    assert library.metadata(address).url == address
    assert ingest(library, [address]).unchanged == [address]
    monkeypatch.setattr(
        module, "fetch", lambda url: Page(url, body(2).encode(), "text/plain", ".txt")
    )
    assert ingest(library, [address]).changed == [address]
    assert library.document_ids() == [address]


def test_a_page_that_cannot_be_fetched_is_a_problem_like_any_other(library, monkeypatch):
    def fetch(url: str) -> Page:
        raise ReadError(f"{url}: there is no such page")

    monkeypatch.setattr(module, "fetch", fetch)
    report = ingest(library, ["https://policy.example/a"])
    assert report.problems == [Problem("https://policy.example/a", "there is no such page")]


TABLE = {"a.txt": {"title": "我的题名", "publisher": "我的机构"}}


def test_what_the_user_says_of_a_document_holds_over_what_was_found(library, files):
    ingest(library, [files])
    assert ingest(library, [], overrides=TABLE).changed == ["a.txt"]
    for _ in range(2):
        known = library.metadata("a.txt")
        assert (known.title, known.publisher) == ("我的题名", "我的机构")
        assert known.found["title"] == "table"
        assert library.check() == []
        ingest(library, [files])


def test_what_the_user_says_is_there_before_the_file_is(library, files):
    report = ingest(library, [files], overrides=TABLE)
    assert library.metadata("a.txt").title == "我的题名"
    assert report.problems == []
    assert ingest(library, [files]).unchanged


def test_a_row_for_a_document_that_is_not_there_is_reported(library, files):
    report = ingest(library, [files], overrides={"nowhere.txt": {"title": "题名"}})
    assert [problem.source for problem in report.problems] == ["nowhere.txt"]
    assert library.document_ids() == IDS


def long(number: int) -> str:
    return "".join(
        f"{body(number)}第{i}段说的是{chr(0x4E00 + 97 * number + i)}。" for i in range(20)
    )


def test_reprints_are_found_and_the_issuing_body_comes_first(library, tmp_path):
    (tmp_path / "a 转载.txt").write_text(f"来源：某某网\n{long(1)}", "utf-8")
    (tmp_path / "b 原件.txt").write_text(long(1), "utf-8")
    (tmp_path / "c 别的.txt").write_text(long(2), "utf-8")
    table = {"b 原件.txt": {"publisher": "某市人民政府", "issuer": "某市人民政府"}}
    report = ingest(library, [tmp_path], overrides=table)
    assert report.reprints == [("b 原件.txt", "a 转载.txt")]
    assert library.copies("a 转载.txt") == ("b 原件.txt", "a 转载.txt")
    assert library.copies("c 别的.txt") == ()
    (first, *_) = library.passages_of("a 转载.txt")
    found = library.passage_copies(first)
    assert [passage.document for passage in found] == ["b 原件.txt", "a 转载.txt"]
    library.remove("b 原件.txt")
    assert library.copies("a 转载.txt") == ()


def test_a_file_whose_reader_breaks_down_keeps_what_went_in_before(library, files, monkeypatch):
    ingest(library, [files])
    monkeypatch.setattr(module, "reading_version", lambda: "new")

    class Broken(ReadingPool):
        def read(self, jobs):
            for job in jobs:
                problems = (Problem(job.source, "its reader ended: it crashed"),)
                yield Outcome(job.source, (), problems, (), whole=False)

    broken = Broken(1)
    monkeypatch.setattr(module, "shared_pool", lambda: broken)
    report = ingest(library, [files])
    broken.close()
    assert len(report.problems) == 5
    assert library.document_ids() == IDS
    assert report.removed == []


# Token vectors.


@pytest.fixture
def token_encoder():
    return HashTokenEncoder()


@pytest.fixture
def token_library(tmp_path, token_encoder):
    with Library(tmp_path / "tokens", token_encoder, create=True) as library:
        yield library


def codes(library: Library) -> dict[int, bytes]:
    return library.store.token_codes(passage_ids(library))


def test_the_tokens_of_every_passage_are_stored_in_code(token_library, files, token_encoder):
    ingest(token_library, [files])
    stored = codes(token_library)
    assert sorted(stored) == passage_ids(token_library)
    assert all(p.id in stored for id_ in IDS for p in token_library.passages_of(id_))
    for passage, title in token_library.store.all_passages():
        tokens = token_encoder.tokens(fold(module.encoded_text(title, passage))).vectors
        again = unpack(stored[passage.id], token_encoder.token_dimension)
        assert again.shape == tokens.shape
        assert (again * tokens).sum(axis=1).min() > 0.9


def test_the_vectors_are_those_of_an_encoder_without_tokens(library, token_library, files):
    ingest(library, [files])
    ingest(token_library, [files])
    assert content(library.store) == content(token_library.store)
    assert codes(library) == {}


def test_unchanged_files_keep_their_codes_and_are_not_encoded_again(
    token_library, files, token_encoder, monkeypatch
):
    ingest(token_library, [files])
    before = codes(token_library)
    token_encoder.encoded.clear()
    for version in (module.reading_version(), "new"):
        monkeypatch.setattr(module, "reading_version", lambda version=version: version)
        report = ingest(token_library, [files])
        assert news(report) == {}
        assert report.encoded == 0
    assert token_encoder.encoded == []
    assert codes(token_library) == before


def test_unchanged_passages_of_a_changed_file_keep_their_codes(token_library, files, token_encoder):
    ingest(token_library, [files])
    before = [*map(bytes, token_library.store.token_codes_of("a.txt"))]
    token_encoder.encoded.clear()
    (files / "a.txt").write_text(body(1) + "\n增加的一段话，说的是别的事情。", "utf-8")
    report = ingest(token_library, [files])
    assert 0 < report.encoded == len(token_encoder.encoded) < len(before) + 1
    after = token_library.store.token_codes_of("a.txt")
    assert after[: len(before) - 1] == before[:-1]
    assert all(after)


def test_equal_passages_have_equal_codes(token_library, files):
    shutil.copy(files / "a.txt", files / "copy.txt")
    report = ingest(token_library, [files / "a.txt", files / "copy.txt"])
    assert report.encoded == report.passages // 2
    store = token_library.store
    assert store.token_codes_of("a.txt") == store.token_codes_of("copy.txt")


def forget(library: Library) -> None:
    """Leave a library as an upgrade from a release without tokens does."""
    library.store.connection.execute("DELETE FROM tokens")
    library.store.connection.execute("DELETE FROM facts WHERE name = 'tokens'")


def another(library: Library) -> None:
    """Make the tokens of a library those of another encoder."""
    library.store.connection.execute("UPDATE tokens SET code = x'00'")
    library.store.set_fact("tokens", "another")


@pytest.mark.parametrize("leave", [forget, another])
def test_a_library_without_tokens_of_this_encoder_gets_them_at_the_next_ingestion(
    token_library, files, token_encoder, leave
):
    ingest(token_library, [files])
    expected = {id_: token_library.store.token_codes_of(id_) for id_ in IDS}
    before = content(token_library.store)
    leave(token_library)
    token_encoder.encoded.clear()
    report = ingest(token_library, [files])
    assert sorted(report.changed) == IDS
    assert report.encoded == len(token_encoder.encoded) > 0
    assert {id_: token_library.store.token_codes_of(id_) for id_ in IDS} == expected
    assert content(token_library.store) == before
    assert token_library.store.fact("tokens") == token_library.token_identity()
    assert news(ingest(token_library, [files])) == {}


def test_a_library_without_tokens_gets_them_all_whatever_is_ingested(token_library, files):
    ingest(token_library, [files])
    late = {hit.scores.late is None for hit in token_library.search("第2-3号项目")}
    assert late == {False}
    forget(token_library)
    late = {hit.scores.late is None for hit in token_library.search("第2-3号项目")}
    assert late == {True}
    ingest(token_library, [files / "a.txt"])
    late = {hit.scores.late is None for hit in token_library.search("第2-3号项目", 20)}
    assert late == {False}
    assert token_library.store.documents_without_tokens() == []


def test_tokens_are_missed_only_by_an_encoder_that_gives_some(library, files, encoder):
    ingest(library, [files])
    library.store.connection.execute("DELETE FROM files")
    encoder.encoded.clear()
    assert news(ingest(library, [files])) == {}
    assert encoder.encoded == []


def test_many_batches_give_the_codes_that_one_gives(token_library, files, tmp_path, monkeypatch):
    ingest(token_library, [files])
    monkeypatch.setattr(module, "BATCH_PASSAGES", 1)
    with Library(tmp_path / "other", HashTokenEncoder(), create=True) as other:
        ingest(other, [files])
        assert codes(other) == codes(token_library)


def test_what_a_failed_run_stored_keeps_its_codes(token_library, files, token_encoder, monkeypatch):
    monkeypatch.setattr(module, "BATCH_PASSAGES", 1)
    put, calls = token_library.store.put, []

    def full(batch, *rest):
        calls.append(1)
        if len(calls) == 3:
            raise StorageFull("no space left")
        put(batch, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(token_library.store, "put", full)
        with pytest.raises(StorageFull):
            ingest(token_library, [files])
    first = codes(token_library)
    token_encoder.encoded.clear()
    ingest(token_library, [files])
    assert first.items() < codes(token_library).items()
    assert sorted(codes(token_library)) == passage_ids(token_library)
    assert not any("第1-" in text for text in token_encoder.encoded)
