import io
import json
import shutil
import threading
import time
import unicodedata
import zipfile
from collections import namedtuple
from dataclasses import replace

import pytest
from hash_encoder import HashEncoder

from index.errors import LibraryBusy, ReadError, StorageFull
from index.ingest import ingest
from index.library import Library
from page import ingestion as module
from page.ingestion import Ingestion, Upload, checked_fields, safe_name

SECONDS = 120
Usage = namedtuple("Usage", "total used free")


def body(number: int) -> str:
    """Return a text of some sentences that no other number shares."""
    return "".join(
        f"第{number}号文件的第{i}条：申报单位第{number * 7 + i}批可以获得{number}万元支持。"
        for i in range(1, 9)
    )


@pytest.fixture
def library(tmp_path, encoder):
    with Library(tmp_path / "library", encoder, create=True) as library:
        yield library


@pytest.fixture
def ingestion(library):
    with Ingestion(library) as ingestion:
        yield ingestion


@pytest.fixture
def sent(tmp_path):
    """Make files as a browser sends them: by content and the name that the user knows."""
    folder = tmp_path / "sent"
    folder.mkdir()

    def make(name: str, content: str | bytes) -> Upload:
        path = folder / f"{len(list(folder.iterdir()))}.tmp"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return Upload(path, name)

    return make


def add(ingestion: Ingestion, *uploads: Upload, **options: bool) -> list[module.FileState]:
    """Add files, wait until they are in, and return what became of them."""
    told = ingestion.add(uploads, **options)
    assert ingestion.wait(SECONDS)
    return last(ingestion, told)


def last(ingestion: Ingestion, told: list[module.FileState]) -> list[module.FileState]:
    known = {state.number: state for state in ingestion.state().files}
    return [known[state.number] for state in told]


def uploads_in(ingestion: Ingestion) -> list[str]:
    found = (path for path in ingestion.folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(ingestion.folder).as_posix() for path in found)


def test_a_file_goes_in_under_the_name_that_its_owner_knows(library, ingestion, sent):
    (state,) = add(ingestion, sent("通知/二〇二四.txt", body(1)))
    assert (state.stage, state.name) == ("done", "通知/二〇二四.txt")
    assert library.document_ids() == ["通知/二〇二四.txt"]
    assert library.document("通知/二〇二四.txt").raw == body(1)
    assert library.search("第1号文件", 1)[0].passage.document == "通知/二〇二四.txt"


def test_it_is_said_how_much_was_kept_and_why_the_rest_was_not(ingestion, sent):
    page = f"<html><body><nav>首页</nav><p>{body(1)}</p></body></html>"
    (state,) = add(ingestion, sent("a.html", page))
    (kept,) = state.documents
    assert (kept.id, kept.characters) == ("a.html", len(page))
    assert len(body(1)) <= kept.kept < len(page)
    assert sum(state.dropped.values()) <= len(page) - kept.kept
    assert state.dropped


def test_what_is_refused_is_said_in_one_line_and_its_copy_goes(ingestion, sent):
    states = add(ingestion, sent("a.exe", b"MZ\x90\x00" + bytes(99)), sent("b.txt", "\x00" * 40))
    assert [state.stage for state in states] == ["failed", "failed"]
    assert all(state.reason and "\n" not in state.reason for state in states)
    assert uploads_in(ingestion) == []


def test_bad_files_do_not_keep_the_good_ones_out(library, ingestion, sent):
    names = ["a.txt", "b.pdf", "c.txt"]
    contents = [body(1), b"%PDF-1.7 nothing", body(3)]
    states = add(ingestion, *map(sent, names, contents))
    assert [state.stage for state in states] == ["done", "failed", "done"]
    assert library.document_ids() == ["a.txt", "c.txt"]


def test_an_empty_file_fails_before_it_is_copied(ingestion, sent):
    (state,) = add(ingestion, sent("a.txt", b""))
    assert (state.stage, state.reason) == ("failed", "the file is empty: nothing to read")


def test_a_bad_part_of_an_archive_is_named_and_the_rest_goes_in(library, ingestion, sent):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("good.txt", body(1))
        archive.writestr("bad.exe", b"MZ\x90\x00")
    (state,) = add(ingestion, sent("two.zip", packed.getvalue()))
    assert (state.stage, len(state.documents)) == ("done", 1)
    assert len(state.problems) == 1
    assert state.problems[0].startswith("two.zip/bad.exe: ")
    assert library.document_ids() == ["two.zip/good.txt"]


def test_the_same_file_twice_changes_nothing(library, ingestion, sent):
    add(ingestion, sent("a.txt", body(1)))
    revision = library.store.revision
    (state,) = add(ingestion, sent("a.txt", body(1)))
    assert (state.stage, state.given) == ("unchanged", "")
    assert library.store.revision == revision
    assert uploads_in(ingestion) == ["a.txt"]


def test_the_same_file_twice_at_once_is_said_to_be_there(library, ingestion, sent):
    states = add(ingestion, sent("a.txt", body(1)), sent("a.txt", body(1)))
    assert [state.stage for state in states] == ["done", "unchanged"]
    assert library.document_ids() == ["a.txt"]


def test_another_text_of_a_name_goes_in_beside_the_first(library, ingestion, sent):
    add(ingestion, sent("附件1.txt", body(1)))
    (state,) = add(ingestion, sent("附件1.txt", body(2)))
    assert (state.name, state.given) == ("附件1 (2).txt", "附件1.txt")
    assert library.document("附件1.txt").raw == body(1)
    assert library.document("附件1 (2).txt").raw == body(2)
    (again,) = add(ingestion, sent("附件1.txt", body(2)))
    assert (again.stage, again.name) == ("unchanged", "附件1 (2).txt")


def test_another_text_of_a_name_takes_its_place_when_it_is_meant_to(library, ingestion, sent):
    add(ingestion, sent("a.txt", body(1)))
    (state,) = add(ingestion, sent("a.txt", body(2)), replaces=True)
    assert (state.name, state.stage) == ("a.txt", "done")
    assert library.document_ids() == ["a.txt"]
    assert library.document("a.txt").raw == body(2)


def test_a_file_and_a_folder_of_one_name_stand_side_by_side(library, ingestion, sent):
    states = add(
        ingestion, sent("a", body(1)), sent("a.txt", body(2)), sent("a.txt/b.txt", body(3))
    )
    assert [state.stage for state in states] == ["failed", "done", "done"]  # no suffix, no format
    assert library.document_ids() == ["a.txt", "a.txt_/b.txt"]


def test_a_reprint_is_said_to_be_one(library, ingestion, sent):
    add(ingestion, sent("a.txt", body(1) * 3))
    (state,) = add(ingestion, sent("b.txt", body(1) * 3 + "转载。"))
    assert [kept.reprint_of for kept in state.documents] == [library.copies("b.txt")[0]]


def test_pictures_and_hidden_files_are_passed_over(ingestion, sent):
    names = ["x/a.png", ".DS_Store", "__MACOSX/a.txt", "x/.git/a.txt", "style.css"]
    states = add(ingestion, *(sent(name, b"x") for name in names))
    assert {state.stage for state in states} == {"skipped"}
    assert uploads_in(ingestion) == []


HOSTILE = [
    "../../etc/passwd.txt",
    "/etc/cron.d/a.txt",
    "..\\..\\a.txt",
    "C:\\Windows\\a.txt",
    "\u202etxt.exe.txt",
    "a\x00b\x1b[31m.txt",
    "CON.txt",
    "aux",
    "nul.tar.gz",
    "政" * 300 + ".txt",
    "x/" * 600 + "a.txt",
    "a\nb\r.txt",
    " . .txt",
    "\ud800.txt",
    "e\u0301.txt",
    "-rf.txt",
    "=cmd().csv",
    "a\u200b\ufeff.txt",
    "....//....//a.txt",
    "<img src=x onerror=alert(1)>.txt",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_in_our_folder_and_can_be_shown(tmp_path, name):
    safe = safe_name(name)
    assert safe == safe_name(safe)
    path = (tmp_path / safe).resolve()
    assert path.is_relative_to(tmp_path)
    assert all(len(part.encode()) <= 200 for part in path.parts)
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in safe)
    path.parent.mkdir(parents=True, exist_ok=True)
    if safe:
        path.write_text("x", "utf-8")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("关于（试行）.pdf", "关于（试行）.pdf"),
        ("a/b/c.txt", "a/b/c.txt"),
        ("../a.txt", "a.txt"),
        ("CON.txt", "_CON.txt"),
        ("constitution.txt", "constitution.txt"),
        ("a?.txt", "a_.txt"),
        ("", ""),
        ("..", ""),
        (".env", ""),
    ],
)
def test_a_plain_name_stays_as_it_is(name, safe):
    assert safe_name(name) == safe


def test_long_names_that_begin_alike_stay_two():
    one, two = safe_name("政" * 300 + "一.txt"), safe_name("政" * 300 + "二.txt")
    assert one != two
    assert one.endswith(".txt")


def test_hostile_names_go_in(library, ingestion, sent):
    states = add(
        ingestion, *(sent(name, body(number)) for number, name in enumerate(HOSTILE, start=1))
    )
    assert all(state.stage in ("done", "failed", "skipped") for state in states)
    done = [state for state in states if state.stage == "done"]
    assert len(done) == len(library.document_ids()) >= 14
    assert library.check() == []


def test_a_file_too_large_is_refused_without_a_copy(ingestion, sent, monkeypatch):
    monkeypatch.setattr(module, "MAX_FILE", 100)
    (state,) = add(ingestion, sent("a.txt", body(1)))
    assert state.stage == "failed"
    assert "more than the 100 that are read" in state.reason
    assert uploads_in(ingestion) == []


def test_a_disk_that_is_nearly_full_takes_nothing(ingestion, sent, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 0, 10**8 + 99))
    with pytest.raises(StorageFull, match="must stay so: free some disk space"):
        ingestion.add([sent("a.txt", body(1))])
    assert uploads_in(ingestion) == []
    assert ingestion.state().files == ()


def test_of_a_large_disk_200_mb_stay_free(ingestion, sent, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 300 * 2**20))
    assert add(ingestion, sent("a.txt", body(1)))[0].stage == "done"


def test_what_an_earlier_process_saved_goes_in_now(library, sent):
    folder = library.folder / "uploads"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.txt").write_text(body(1), "utf-8")
    (folder / ".b.part").write_text("half", "utf-8")
    with Ingestion(library) as ingestion:
        assert [state.name for state in ingestion.state().files] == ["deep/a.txt"]
        assert ingestion.wait(SECONDS)
        assert library.document_ids() == ["deep/a.txt"]
        assert uploads_in(ingestion) == ["deep/a.txt"]
    with Ingestion(library) as ingestion:
        assert ingestion.state().files == ()  # it is there


def wait_until(happened):
    until = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_what_was_not_ingested_in_time_is_taken_up_by_the_next(tmp_path, sent):
    slow = HashEncoder(seconds_a_text=0.2)
    with Library(tmp_path / "library", slow, create=True) as library:
        ingestion = Ingestion(library)
        told = ingestion.add([sent(f"{number}.txt", body(number)) for number in range(1, 40)])
        wait_until(lambda: any(slow.encoded))
        ingestion.close()
        assert library.check() == []
        assert len(library.document_ids()) < len(told)
    with Library(tmp_path / "library", HashEncoder()) as library, Ingestion(library) as ingestion:
        assert ingestion.wait(SECONDS)
        assert len(library.document_ids()) == len(told)
        assert library.check() == []


def test_a_removed_document_does_not_come_back(library, ingestion, sent):
    add(ingestion, sent("a/b.txt", body(1)))
    assert ingestion.remove("a/b.txt")
    assert not ingestion.remove("a/b.txt")
    assert list(ingestion.folder.iterdir()) == []
    with Ingestion(library) as other:
        assert other.state().files == ()
    assert library.document_ids() == []


def test_what_is_stopped_leaves_a_library_that_is_whole(tmp_path, sent):
    slow = HashEncoder(seconds_a_text=0.05)
    with (
        Library(tmp_path / "library", slow, create=True) as library,
        Ingestion(library) as ingestion,
    ):
        told = ingestion.add([sent(f"{number}.txt", body(number)) for number in range(1, 100)])
        wait_until(lambda: any(slow.encoded))
        ingestion.stop()
        assert ingestion.wait(SECONDS)
        stages = [state.stage for state in last(ingestion, told)]
        assert set(stages) <= {"done", "stopped"}
        assert stages.count("done") == len(library.document_ids())
        assert stages.count("stopped") > 0
        assert uploads_in(ingestion) == library.document_ids()
        assert library.check() == []


def test_after_a_stop_other_files_go_in(ingestion, sent):
    ingestion.stop()
    assert add(ingestion, sent("a.txt", body(1)))[0].stage == "done"


def test_a_small_upload_does_not_wait_for_a_big_one_to_end(tmp_path, sent, monkeypatch):
    monkeypatch.setattr(module, "_TURN_SECONDS", 0.5)
    slow = HashEncoder(seconds_a_text=0.02)
    with (
        Library(tmp_path / "library", slow, create=True) as library,
        Ingestion(library) as ingestion,
    ):
        big = [sent(f"big/{number}.txt", body(number)) for number in range(1, 100)]
        ingestion.add(big)
        (small,) = ingestion.add([sent("small.txt", body(500))])
        wait_until(lambda: last(ingestion, [small])[0].stage == "done")
        assert ingestion.state().is_running
        assert len(library.document_ids()) < len(big)
        ingestion.stop()
        assert ingestion.wait(SECONDS)


def test_many_small_files_go_in(library, ingestion, sent):
    states = add(ingestion, *(sent(f"{n}.txt", f"第{n}号文件说明了{n}件事。") for n in range(200)))
    assert {state.stage for state in states} == {"done"}
    assert library.store.counts()[0] == 200


def test_a_library_that_another_process_writes_to_is_waited_for(
    library, ingestion, sent, monkeypatch
):
    monkeypatch.setattr("index.library._PATIENCE", 0.01)
    monkeypatch.setattr(module, "_RETRY", 0.01)
    with library.writing():
        told = ingestion.add([sent("a.txt", body(1))])
        wait_until(lambda: ingestion.state().waiting)
        assert "another process is writing" in ingestion.state().waiting
    assert ingestion.wait(SECONDS)
    assert last(ingestion, told)[0].stage == "done"
    assert ingestion.state().waiting == ""


def test_who_waits_for_another_process_can_be_stopped(library, ingestion, sent, monkeypatch):
    monkeypatch.setattr("index.library._PATIENCE", 0.01)
    with library.writing():
        told = ingestion.add([sent("a.txt", body(1))])
        wait_until(lambda: ingestion.state().waiting)
        ingestion.stop()
        assert ingestion.wait(SECONDS)
        assert last(ingestion, told)[0].stage == "stopped"


def test_a_fault_of_ours_takes_down_its_own_file_alone(library, ingestion, sent, monkeypatch):
    real = module.ingest

    def faulty(library, paths, *rest, **named):
        if any(str(path).endswith("bad.txt") for path in paths):
            raise RuntimeError("a fault")
        return real(library, paths, *rest, **named)

    monkeypatch.setattr(module, "ingest", faulty)
    states = add(
        ingestion, sent("a.txt", body(1)), sent("bad.txt", body(2)), sent("c.txt", body(3))
    )
    assert [state.stage for state in states] == ["done", "failed", "done"]
    assert states[1].reason == "something went wrong; the log says what"


def test_an_upload_that_is_gone_when_its_turn_comes_is_said_to_be(ingestion, library, sent):
    with library.writing():
        told = ingestion.add([sent("a.txt", body(1)), sent("b.txt", body(2))])
        (ingestion.folder / "a.txt").unlink()
    assert ingestion.wait(SECONDS)
    states = last(ingestion, told)
    assert [state.stage for state in states] == ["failed", "done"]
    assert "there is no such file" in states[0].reason


# --- addresses


def test_what_is_no_address_fails_at_once(ingestion):
    (state,) = ingestion.add_addresses(["", "ftp://host/x"])
    assert (state.stage, state.reason) == (
        "failed",
        "is no web address: write it with https://",
    )


def test_an_address_of_this_machine_is_refused(ingestion, library):
    told = ingestion.add_addresses(["http://127.0.0.1:9/a.html"])
    assert ingestion.wait(SECONDS)
    (state,) = last(ingestion, told)
    assert state.stage == "failed"
    assert "no public address" in state.reason or "port" in state.reason
    assert library.document_ids() == []


def test_a_page_goes_in_under_its_address(ingestion, library, monkeypatch):
    from index.web import Page

    address = "https://example.org/policy"
    data = f"<html><body><p>{body(1)}</p></body></html>".encode()
    monkeypatch.setattr("index.ingest.fetch", lambda url: Page(url, data, "text/html", ".html"))
    told = ingestion.add_addresses([address, address])
    assert ingestion.wait(SECONDS)
    assert [state.stage for state in last(ingestion, told)] == ["done"]
    assert library.document_ids() == [address]
    assert not (ingestion.folder / ".addresses.json").exists()


def test_an_address_that_waited_is_taken_up_by_the_next_process(library, monkeypatch):
    fetching, going_on = threading.Event(), threading.Event()

    def fetch(url):
        fetching.set()
        going_on.wait(SECONDS)
        raise ReadError(f"{url}: it is away")

    monkeypatch.setattr("index.ingest.fetch", fetch)
    first = Ingestion(library)
    first.add_addresses(["https://example.org/a"])
    assert fetching.wait(SECONDS)
    kept = (first.folder / ".addresses.json").read_text("utf-8")
    going_on.set()
    first.wait(SECONDS)
    first.close()
    (library.folder / "uploads" / ".addresses.json").write_text(kept, "utf-8")
    with Ingestion(library) as second:
        assert [state.name for state in second.state().files] == ["https://example.org/a"]
        assert second.wait(SECONDS)
        assert second.state().files[0].reason == "it is away"


# --- changes


def test_an_edited_title_is_found_and_outlives_a_second_ingestion(
    library, ingestion, sent, encoder
):
    add(ingestion, sent("a.txt", body(1)))
    ingestion.edit("a.txt", {"title": "硼药研发奖励办法"})
    assert library.metadata("a.txt").title == "硼药研发奖励办法"
    assert library.metadata("a.txt").found["title"] == "table"
    assert any("硼药研发奖励办法" in text for text in encoder.encoded)
    assert library.search("硼药", 1)[0].scores.lexical > 0
    add(ingestion, sent("a.txt", body(1) + "补充一条。"), replaces=True)
    assert library.metadata("a.txt").title == "硼药研发奖励办法"


def test_an_edited_field_leaves_those_edited_before(library, ingestion, sent):
    add(ingestion, sent("a.txt", body(1)))
    ingestion.edit("a.txt", {"title": "题名", "date": "2024年5月3日"})
    ingestion.edit("a.txt", {"region": "Dongguan"})
    ingestion.edit("a.txt", {"title": ""})
    known = library.metadata("a.txt")
    assert (known.title, known.date, known.region) == ("", "2024-05-03", "东莞")


def test_what_was_edited_becomes_what_the_file_says_again(library, ingestion, sent):
    add(ingestion, sent("a/b.txt", body(1)), sent("a/c.txt", body(2)))
    before = library.metadata("a/b.txt")
    ingestion.edit("a/b.txt", {"title": "题名", "date": "2024-05-03"})
    ingestion.reset("a/b.txt")
    assert library.metadata("a/b.txt") == before
    assert library.document_ids() == ["a/b.txt", "a/c.txt"]
    add(ingestion, sent("a/b.txt", body(1) + "补充一条。"), replaces=True)
    assert library.metadata("a/b.txt").title == before.title


def test_a_document_named_from_another_folder_keeps_its_name(library, ingestion, tmp_path):
    path = tmp_path / "outside" / "x" / "d.txt"
    path.parent.mkdir(parents=True)
    path.write_text(body(1), "utf-8")
    ingest(library, [tmp_path / "outside"])
    before = library.metadata("x/d.txt")
    ingestion.edit("x/d.txt", {"title": "题名"})
    ingestion.reset("x/d.txt")
    assert library.document_ids() == ["x/d.txt"] and library.metadata("x/d.txt") == before


def test_a_reset_brings_nothing_back_that_was_removed_of_the_same_file(library, ingestion, sent):
    rows = "\n".join(json.dumps({"id": f"r{n}", "text": body(n)}) for n in (1, 2, 3))
    add(ingestion, sent("rows.jsonl", rows))
    ids = library.document_ids()
    assert len(ids) == 3
    ingestion.remove(ids[0])
    ingestion.edit(ids[1], {"title": "题名"})
    ingestion.reset(ids[1])
    assert library.document_ids() == ids[1:] and library.metadata(ids[1]).title != "题名"


def test_what_cannot_be_read_again_stays_as_it_was_edited(library, ingestion, sent):
    add(ingestion, sent("a.txt", body(1)))
    ingestion.edit("a.txt", {"title": "题名"})
    (ingestion.folder / "a.txt").write_bytes(b"")
    with pytest.raises(ReadError, match=r"a\.txt: "):
        ingestion.reset("a.txt")
    (ingestion.folder / "a.txt").unlink()
    with pytest.raises(ReadError, match="no such file"):
        ingestion.reset("a.txt")
    assert library.metadata("a.txt").title == "题名"
    assert library.store.overrides("a.txt") == {"title": "题名"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("date", "2024-13-01"), ("region", "中土"), ("url", "javascript:alert(1)"), ("level", "x")],
)
def test_a_value_that_is_none_is_refused(library, ingestion, sent, name, value):
    add(ingestion, sent("a.txt", body(1)))
    before = library.metadata("a.txt")
    with pytest.raises(ReadError, match=value.replace("(", r"\(").replace(")", r"\)")) as refused:
        ingestion.edit("a.txt", {name: value})
    assert "row" not in str(refused.value)
    assert library.metadata("a.txt") == before


@pytest.mark.parametrize("title", ["=1+1", "-", "-rf", "'quoted'", 'a,b"c;d', "题\n名"])
def test_any_title_is_stored_as_it_was_written(title):
    assert checked_fields({"title": title}) == {"title": " ".join(title.split())}


def test_what_is_no_document_cannot_be_edited(ingestion):
    with pytest.raises(ReadError, match="no such document"):
        ingestion.edit("nowhere.txt", {"title": "题名"})


def test_a_change_that_takes_too_long_is_made_later(library, ingestion, sent):
    add(ingestion, sent("a.txt", body(1)))
    with library.writing(), pytest.raises(TimeoutError):
        ingestion.edit("a.txt", {"title": "题名"}, seconds=0.01)
    assert ingestion.wait(SECONDS)
    assert library.metadata("a.txt").title == "题名"


def test_who_comes_when_all_is_closed_is_told_so(library):
    ingestion = Ingestion(library)
    ingestion.close()
    with pytest.raises(LibraryBusy, match="is being closed"):
        ingestion.remove("a.txt")


def test_states_are_values(ingestion, sent):
    states = add(ingestion, sent("a.txt", body(1)))
    assert replace(states[0], name="b").name == "b"
    assert ingestion.state() == ingestion.state()
