import multiprocessing
import os
import shutil
import threading
from dataclasses import replace

import pytest
from hash_encoder import HashEncoder
from hypothesis import HealthCheck, given, settings
from mixed_text import mixed_texts
from prepared import body, prepare

from index import lexical, publish
from index import library as module
from index.errors import (
    EncoderMismatch,
    LibraryBusy,
    LibraryDamaged,
    LibraryError,
    LibraryNotFound,
    QuestionError,
    StorageFull,
)
from index.library import MAX_QUESTION, Library, with_chinese_places
from index.types import Span

QUESTIONS = [
    *(f"第{n}-3号项目最高奖励多少？" for n in range(10)),
    *(f"{n * 100 + 3}万元" for n in range(10)),
    *("市里支持什么研发？", "硼藥", "what does Dongguan give?", "🧬", "。", "a" * 500, "重大突破"),
]


def fill(library: Library, numbers=range(10)) -> None:
    """Store documents as an ingestion would, without publishing."""
    encoder = library.encoder
    library.store.set_fact("encoder_name", encoder.name)
    library.store.set_fact("dimension", str(encoder.dimension))
    library.store.set_fact("encoder", encoder.fingerprint)
    for n in numbers:
        library.store.put([prepare(f"{n}.txt", body(n), encoder, f"/files/{n}.txt")])


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A library of ten documents, to be copied."""
    folder = tmp_path_factory.mktemp("template") / "library"
    with Library(folder, HashEncoder(), create=True) as library:
        fill(library)
        library.snapshot()
        library.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


@pytest.fixture
def folder(template, tmp_path):
    return shutil.copytree(template, tmp_path / "library")


@pytest.fixture
def library(folder):
    with Library(folder, HashEncoder()) as library:
        yield library


def generation(folder):
    return publish.current(folder / "generations")


# Opening.


def test_a_library_is_not_made_by_looking(tmp_path):
    for missing in (tmp_path / "none", tmp_path):
        with pytest.raises(LibraryNotFound, match="yinzheng ingest"):
            Library(missing)
    assert not (tmp_path / "none").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_new_library_is_empty_and_answers_with_nothing(tmp_path, encoder):
    with Library(tmp_path / "deep" / "new", encoder, create=True) as library:
        assert library.search("东莞") == []
        assert library.document_ids() == []
        assert library.check() == []


def test_a_file_in_place_of_the_folder_is_told(tmp_path, encoder):
    (tmp_path / "file").write_text("x")
    with pytest.raises(LibraryError):
        Library(tmp_path / "file", encoder, create=True)
    with pytest.raises(LibraryNotFound):
        Library(tmp_path / "file", encoder)


def test_a_damaged_database_is_told_in_one_line(folder):
    (folder / "library.sqlite3").write_bytes(b"\x00rubbish" * 999)
    with pytest.raises(LibraryDamaged) as caught:
        Library(folder)
    assert "\n" not in str(caught.value)


def test_looking_up_needs_no_encoder(folder, monkeypatch):
    monkeypatch.setattr("index.encoder.load_encoder", lambda name: pytest.fail("was loaded"))
    with Library(folder) as library:
        document = library.document("1.txt")
        assert library.quote("1.txt", Span(0, 5)) == document.raw[:5]
        assert library.quote("1.txt", Span(0, len(document.raw) + 1)) is None
        assert library.quote("none", Span(0, 1)) is None
        assert library.metadata("1.txt").title == "题名1.txt"
        assert library.clean_text("1.txt").text == document.raw
        assert library.passages_of("1.txt")
        assert library.check() == []
        assert library.remove("1.txt")


def test_the_encoder_named_in_the_library_is_loaded(folder, monkeypatch):
    asked = []

    def load(name):
        asked.append(name)
        return HashEncoder()

    monkeypatch.setattr("index.encoder.load_encoder", load)
    with Library(folder) as library:
        assert library.search("项目")
    assert asked == ["hash"]


# Searching.


def test_hits_stand_in_their_documents(library):
    for question in QUESTIONS:
        for hit in library.search(question, 5):
            text = library.clean_text(hit.passage.document)
            assert hit.passage.span.of(text.text) == hit.passage.text
            assert text.to_raw(hit.passage.span) == hit.passage.raw_span


def test_the_passage_that_says_it_is_found_first(library):
    for n in range(10):
        best = library.search(f"第{n}-3号项目最高给予多少万元？", 1)[0]
        assert best.passage.document == f"{n}.txt"


def test_both_scripts_find_the_same(library):
    simplified = library.search("第3-3号项目最高给予多少万元？")
    assert library.search("第3-3號項目最高給予多少萬元？") == simplified


def test_scores_are_sorted_and_ties_are_broken_by_id(library):
    for question in QUESTIONS:
        hits = library.search(question, 200)
        keys = [(-hit.score, hit.passage.id) for hit in hits]
        assert keys == sorted(keys)
        assert all(0 <= hit.score <= 1 + 1e-9 for hit in hits)


def test_equal_passages_come_in_the_order_they_were_stored(tmp_path, encoder):
    with Library(tmp_path / "library", encoder, create=True) as library:
        fill(library, [])
        for n in (3, 1, 2):
            copy = prepare(f"{n}.txt", "完全相同的一段正文。", encoder)
            library.store.put([replace(copy, vectors=encoder.encode_questions(["x"]))])
        hits = library.search("完全相同")
        assert [hit.passage.document for hit in hits] == ["3.txt", "1.txt", "2.txt"]
        assert len({hit.score for hit in hits}) == 1


def test_the_same_question_gives_the_same_hits_also_after_reopening(library, folder):
    first = [library.search(question) for question in QUESTIONS]
    assert [library.search(question) for question in QUESTIONS] == first
    with Library(folder, HashEncoder()) as again:
        assert [again.search(question) for question in QUESTIONS] == first
        again.rebuild()
        assert [again.search(question) for question in QUESTIONS] == first


def test_many_questions_at_once_are_answered_as_one_by_one(library):
    assert len(QUESTIONS) > 20
    assert library.search_many(QUESTIONS) == [library.search(question) for question in QUESTIONS]
    assert library.search_many([]) == []


def test_fewer_hits_are_the_first_of_more(library):
    for question in QUESTIONS:
        assert library.search(question, 3) == library.search(question, 20)[:3]


def test_as_many_passages_as_there_are_can_be_asked_for(tmp_path, encoder):
    with Library(tmp_path / "library", encoder, create=True) as library:
        fill(library, range(105))
        total = library.store.counts()[1]
        assert total > 2 * module.CANDIDATES
        assert len(library.search("项目", total)) == total
        assert len(library.search("项目", 10 * total)) == total


@pytest.mark.parametrize("question", ["", " \n\u3000", "\x00", "\u200b\ufeff"])
def test_an_empty_question_is_refused(library, question):
    with pytest.raises(QuestionError, match="empty"):
        library.search(question)


@pytest.mark.parametrize("k", [0, -1])
def test_no_hits_cannot_be_asked_for(library, k):
    with pytest.raises(QuestionError, match="at least 1"):
        library.search("东莞", k)


def test_a_question_too_long_is_refused_and_the_longest_is_read(library):
    with pytest.raises(QuestionError, match="10,001 characters"):
        library.search("长" * (MAX_QUESTION + 1))
    assert library.search("项目" * (MAX_QUESTION // 2), 1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(question=mixed_texts)
def test_any_question_is_answered_or_refused(library, question):
    try:
        hits = library.search(question, 3)
    except QuestionError:
        assert not any(c.isprintable() and not c.isspace() for c in question)
    else:
        assert len(hits) == 3


def test_places_named_in_english_are_searched_in_chinese():
    assert with_chinese_places("What does Dongguan give?") == "What does Dongguan give? 东莞"
    assert with_chinese_places("东莞给多少？") == "东莞给多少？"


def test_another_encoder_is_refused(folder):
    for other in (HashEncoder("other"), HashEncoder(dimension=32)):
        with Library(folder, other) as library, pytest.raises(EncoderMismatch, match="'hash'"):
            library.search("东莞")


def test_rarity_is_that_of_the_library(library):
    rarity = library.rarity(["项目", "第3", "没有"])
    assert rarity["项目"] < rarity["没有"]


# Removing.


def test_what_is_removed_is_gone_from_everything(library, folder):
    assert library.search("第3-3号项目", 1)[0].passage.document == "3.txt"
    assert library.remove("3.txt")
    assert not library.remove("3.txt")
    for opened in (library, Library(folder, HashEncoder())):
        assert all(hit.passage.document != "3.txt" for hit in opened.search("第3-3号项目", 200))
        assert opened.document("3.txt") is None
        assert opened.clean_text("3.txt") is None
        assert opened.passages_of("3.txt") == []
        assert "3.txt" not in opened.document_ids()
        assert opened.check() == []
    opened.close()


def test_removing_what_is_not_there_publishes_nothing(library, folder):
    before = generation(folder)
    assert not library.remove("no such")
    assert generation(folder) == before


def test_a_handle_opened_before_sees_what_another_removed(library, folder):
    assert library.search("第3-3号项目", 1)[0].passage.document == "3.txt"
    with Library(folder, HashEncoder()) as other:
        other.remove("3.txt")
    assert all(hit.passage.document != "3.txt" for hit in library.search("第3-3号项目", 200))


def test_passages_removed_since_the_indexes_were_made_are_left_out(library, monkeypatch):
    stale = library.snapshot()
    library.store.remove("3.txt")
    monkeypatch.setattr(Library, "snapshot", lambda self: stale)
    hits = library.search("第3-3号项目", 10)
    assert len(hits) == 10
    assert all(hit.passage.document != "3.txt" for hit in hits)


# Indexes that are missing, old or damaged.


def damage(folder):
    path = generation(folder).folder / "dense.faiss"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


HURTS = {
    "no generations": lambda folder: shutil.rmtree(folder / "generations"),
    "no pointer": lambda folder: (folder / "generations" / "CURRENT").unlink(),
    "a bad pointer": lambda folder: (folder / "generations" / "CURRENT").write_text("g9"),
    "no generation": lambda folder: shutil.rmtree(generation(folder).folder),
    "no vectors": lambda folder: (generation(folder).folder / "dense.faiss").unlink(),
    "a flipped bit": damage,
}


@pytest.mark.parametrize("hurt", HURTS.values(), ids=HURTS)
def test_hurt_indexes_are_made_anew_by_the_next_search(library, folder, hurt):
    expected = [library.search(question) for question in QUESTIONS]
    hurt(folder)
    with Library(folder, HashEncoder()) as again:
        assert [again.search(question) for question in QUESTIONS] == expected
        assert again.check() == []
    assert generation(folder).manifest.revision == library.store.revision


def test_old_indexes_are_made_anew_by_the_next_search(library, folder):
    before = generation(folder)
    fill(library, [77])
    assert library.search("第77-3号项目", 1)[0].passage.document == "77.txt"
    assert generation(folder) != before


def test_indexes_that_fit_are_used_as_they_are(library, folder, monkeypatch):
    monkeypatch.setattr(publish, "publish", lambda *_: pytest.fail("was published"))
    library.search("项目")
    library.snapshot_for_writer()
    with Library(folder, HashEncoder()) as again:
        again.search("项目")


def test_damage_is_reported_and_repaired(library, folder):
    damage(folder)
    (problem,) = library.check()
    assert "dense.faiss is not what was written" in problem
    library.rebuild()
    assert library.check() == []


def test_missing_and_old_indexes_are_no_damage(library, folder):
    fill(library, [77])
    assert library.check() == []
    shutil.rmtree(folder / "generations")
    assert library.check() == []


def test_an_index_of_other_passages_is_reported(library, folder):
    library.store.connection.execute("DELETE FROM documents WHERE id = '3.txt'")
    (problem,) = library.check()
    assert "passages are indexed of" in problem


def test_damage_in_the_store_is_reported_not_published(library, folder):
    before = generation(folder)
    library.store.connection.execute("UPDATE passages SET vector = x'00' WHERE id = 3")
    assert any("vector" in problem for problem in library.check())
    with pytest.raises(LibraryDamaged, match="passage 3"):
        library.rebuild()
    assert generation(folder) == before


def test_indexes_that_lost_passages_while_written_are_not_published(library, folder, monkeypatch):
    before = generation(folder)
    build = lexical.build
    monkeypatch.setattr(lexical, "build", lambda path, texts: build(path, list(texts)[1:]))
    with pytest.raises(LibraryError, match="were written of"):
        library.rebuild()
    assert generation(folder) == before


def test_on_a_full_disk_the_old_indexes_serve(library, folder, monkeypatch):
    before = generation(folder)

    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(StorageFull):
        library.rebuild()
    assert generation(folder) == before
    fill(library, [77])
    for opened in (library, Library(folder, HashEncoder())):
        for _ in range(2):
            assert opened.search("第1-3号项目", 1)[0].passage.document == "1.txt"
    assert generation(folder) == before
    opened.close()


def test_on_a_full_disk_without_indexes_there_is_nothing_to_search(library, folder, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    shutil.rmtree(folder / "generations")
    library.close()
    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with Library(folder, HashEncoder()) as again:
        for _ in range(2):
            with pytest.raises(StorageFull):
                again.search("项目")


# Several handles.


def test_one_handle_at_a_time_writes(library, folder):
    with Library(folder, HashEncoder()) as other, library.writing():
        with pytest.raises(LibraryBusy, match="wait"), other.writing():
            pass
        with pytest.raises(LibraryBusy):
            other.remove("1.txt")
    with library.writing():
        pass  # the lock was given back


def test_while_another_writes_the_last_whole_generation_serves(library, folder, monkeypatch):
    library.search("项目")
    before = generation(folder)
    with Library(folder, HashEncoder()) as writer, writer.writing():
        fill(writer, [77])
        opened = []
        original = module._open
        monkeypatch.setattr(module, "_open", lambda found: opened.append(1) or original(found))
        for _ in range(3):
            assert library.search("第1-3号项目", 1)[0].passage.document == "1.txt"
        assert not opened  # what is held already is not read again for every question
        with Library(folder, HashEncoder()) as fresh:
            assert fresh.search("第1-3号项目", 1)[0].passage.document == "1.txt"
    assert generation(folder) == before
    assert library.search("第77-3号项目", 1)[0].passage.document == "77.txt"


def test_while_the_first_ingestion_runs_there_is_nothing_to_search(tmp_path):
    with Library(tmp_path / "new", HashEncoder(), create=True) as writer, writer.writing():
        fill(writer, [1])
        with Library(tmp_path / "new", HashEncoder()) as reader, pytest.raises(LibraryBusy):
            reader.search("项目")


def test_a_generation_that_is_removed_while_it_is_opened_is_left_for_the_newer(folder, monkeypatch):
    original = module._open
    pruned = []

    def open_late(found):
        if not pruned:
            pruned.append(found)
            with Library(folder, HashEncoder()) as writer:
                for _ in range(2):
                    writer.rebuild()
            assert not found.folder.exists()
        return original(found)

    with Library(folder, HashEncoder()) as reader:
        monkeypatch.setattr(module, "_open", open_late)
        assert reader.search("第1-3号项目", 1)[0].passage.document == "1.txt"
        assert pruned


def test_threads_search_one_library(library):
    expected = [library.search(question) for question in QUESTIONS]
    library._snapshot = None
    found = {}

    def search(name):
        found[name] = [library.search(question) for question in QUESTIONS]

    threads = [threading.Thread(target=search, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(found.values()) == [expected] * 4


def read_until_told(folder, stop, results):
    failures, searches = [], 0
    while not stop.is_set():
        try:
            with Library(folder, HashEncoder()) as library:
                for _ in range(3):
                    searches += len(library.search("第1-3号项目", 3)) == 3
        except Exception as error:  # what it was is what the test reports
            failures.append(repr(error))
    results.put((searches, failures))


def test_a_reader_never_fails_while_a_writer_publishes_twenty_times(folder):
    context = multiprocessing.get_context("forkserver")
    stop, results = context.Event(), context.Queue()
    reader = context.Process(target=read_until_told, args=(folder, stop, results))
    reader.start()
    with Library(folder, HashEncoder()) as writer:
        for number in range(20):
            with writer.writing():
                fill(writer, [100 + number % 3])
                writer.snapshot_for_writer()
    stop.set()
    searches, failures = results.get(timeout=60)
    reader.join(timeout=60)
    assert failures == []
    assert searches > 0
    assert reader.exitcode == 0


def test_a_library_in_a_folder_that_cannot_be_written_is_told(folder, monkeypatch):
    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    with Library(folder, HashEncoder()) as library:
        monkeypatch.setattr(os, "open", refuse)
        with pytest.raises(LibraryError, match="cannot be written to"), library.writing():
            pass
