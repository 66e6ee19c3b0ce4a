import random
import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from mixed_text import mixed_texts
from prepared import body, content, prepare

from index.clean import clean
from index.errors import LibraryBusy, LibraryDamaged, LibraryError, ReadError, StorageFull
from index.script import encodable
from index.store import FORMAT, FileRecord, Store
from index.types import Metadata

RECORD = FileRecord("/files/a.txt", "/files", "f" * 64, "v1")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "library.sqlite3"


@pytest.fixture
def store(path):
    store = Store(path)
    yield store
    store.close()


@pytest.fixture
def filled(store, encoder):
    store.set_fact("dimension", str(encoder.dimension))
    batch = [prepare(f"{n}.txt", body(n), encoder, f"/files/{n}.txt") for n in range(3)]
    store.put(batch, [replace(RECORD, location=f"/files/{n}.txt") for n in range(3)])
    return store


def alter(path, statement: str, *values: object) -> None:
    """Change a database behind its store's back."""
    with sqlite3.connect(path) as connection:
        connection.execute(statement, values)
    connection.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=mixed_texts)
def test_what_was_put_comes_back(store, encoder, raw):
    raw = encodable(raw)
    try:
        clean(raw)
    except ReadError:  # nothing is left of it, or it is garbled
        return
    prepared = prepare("d", raw, encoder)
    store.put([prepared])
    assert store.document("d") == prepared.document
    text = store.clean_text("d")
    assert text.text == prepared.clean.text
    assert np.array_equal(text.starts, prepared.clean.starts)
    assert np.array_equal(text.ends, prepared.clean.ends)
    assert [replace(p, id=-1) for p in store.passages_of("d")] == list(prepared.passages)
    assert b"".join(store.vectors_of("d")) == prepared.vectors.tobytes()
    assert store.metadata("d") == prepared.document.metadata


def test_everything_comes_back_after_reopening(filled, path):
    before = content(filled)
    again = Store(path)
    assert content(again) == before
    assert again.file("/files/1.txt") == replace(RECORD, location="/files/1.txt")
    again.close()


def test_passages_are_found_by_id_with_their_titles(filled):
    every = list(filled.all_passages())
    ids = [passage.id for passage, _ in every]
    assert ids == sorted(ids)
    assert filled.passages([*ids, 10**9]) == {passage.id: passage for passage, _ in every}
    assert {(passage.document, title) for passage, title in every} == {
        (f"{n}.txt", f"题名{n}.txt") for n in range(3)
    }
    assert filled.passages(list(range(2000))) == filled.passages(ids)
    assert filled.counts() == (3, len(ids))


def test_vectors_come_by_id(filled, encoder):
    ids, vectors = filled.all_vectors(encoder.dimension)
    assert ids.tolist() == [passage.id for passage, _ in filled.all_passages()]
    assert vectors.tobytes() == b"".join(b for n in range(3) for b in filled.vectors_of(f"{n}.txt"))


def test_a_document_replaces_the_one_of_its_id_and_no_passage_id_comes_twice(filled, encoder):
    old = [passage.id for passage in filled.passages_of("2.txt")]
    filled.put([prepare("2.txt", "新的正文，只有一段。", encoder)])
    (new,) = filled.passages_of("2.txt")
    assert new.id > max(old)
    assert filled.passages(old) == {}
    assert filled.remove("2.txt")
    filled.put([prepare("2.txt", "新的正文，只有一段。", encoder)])
    assert filled.passages_of("2.txt")[0].id > new.id


def test_ids_that_are_gone_are_deleted_with_their_passages(filled):
    filled.put([], gone=["0.txt", "no such"])
    assert filled.document_ids() == ["1.txt", "2.txt"]
    assert filled.document("0.txt") is None
    assert filled.passages_of("0.txt") == []


def test_only_changes_of_passages_raise_the_revision(filled, encoder):
    before = filled.revision
    filled.put([], [RECORD])
    filled.set_fact("note", "x")
    assert filled.revision == before
    assert not filled.remove("no such")
    assert filled.revision == before
    filled.put([prepare("9.txt", "又一段正文。", encoder)])
    assert filled.revision == before + 1
    filled.remove("9.txt")
    assert filled.revision == before + 2


def test_removing_forgets_the_file_and_leaves_no_words_behind(filled, path):
    secret = "第1-3号项目"
    assert any(secret.encode() in file.read_bytes() for file in path.parent.iterdir())
    assert filled.remove("1.txt")
    assert filled.file("/files/1.txt") is None
    assert filled.ids_at("/files/1.txt") == {}
    assert not any(secret.encode() in file.read_bytes() for file in path.parent.iterdir())


def test_files_are_listed_by_the_root_they_came_with(filled):
    assert filled.files_below("/files") == [f"/files/{n}.txt" for n in range(3)]
    assert filled.files_below("/other") == []
    assert filled.ids_at("/files/1.txt") == {"1.txt": filled.document("1.txt").sha256}
    assert filled.location_of("1.txt") == "/files/1.txt"


def test_what_is_not_there_is_nothing(store):
    assert store.document("x") is None
    assert store.clean_text("x") is None
    assert store.metadata("x") == Metadata()
    assert store.passages_of("x") == []
    assert store.location_of("x") == store.fact("x") == ""
    assert store.file("/x") is None
    assert store.counts() == (0, 0)
    assert store.check() == []
    assert store.document("\ud800") is None


def test_a_failing_batch_changes_nothing(filled, encoder):
    before, revision = content(filled), filled.revision
    good = prepare("7.txt", body(7), encoder)
    bad = replace(prepare("8.txt", body(8), encoder), vectors=np.zeros((1, 64), np.float32))
    with pytest.raises(ValueError, match="zip"):
        filled.put([good, bad], gone=["0.txt"])
    assert content(filled) == before
    assert filled.revision == revision


def test_a_full_disk_is_told_and_changes_nothing(filled, encoder):
    before = content(filled)
    pages = filled.connection.execute("PRAGMA page_count").fetchone()[0]
    filled.connection.execute(f"PRAGMA max_page_count={pages + 1}")
    with pytest.raises(StorageFull, match="no space left"):
        filled.put([prepare(f"{n}.txt", body(n, 60), encoder) for n in range(20)])
    assert content(filled) == before
    filled.connection.execute("PRAGMA max_page_count=1000000")
    filled.put([prepare("4.txt", body(4), encoder)])
    assert "4.txt" in content(filled)


def test_a_reader_sees_the_state_before_or_after_a_batch(filled, path, encoder):
    reader = Store(path)
    filled.connection.execute("BEGIN IMMEDIATE")
    filled._insert(prepare("3.txt", body(3), encoder))
    assert reader.document_ids() == ["0.txt", "1.txt", "2.txt"]
    Store(path).close()  # opening needs no write lock
    filled.connection.execute("COMMIT")
    assert "3.txt" in reader.document_ids()
    reader.close()


def test_two_writers_are_told_apart(filled, path):
    other = Store(path)
    other.connection.execute("PRAGMA busy_timeout=0")
    filled.connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(LibraryBusy):
        other.set_fact("a", "b")
    filled.connection.execute("ROLLBACK")
    other.close()


# Damage.


def test_a_sound_store_has_no_problems(filled):
    assert filled.check() == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "UPDATE documents SET raw = x'00' WHERE id = '1.txt'",
            "1.txt: what is stored cannot be read",
        ),
        (
            "UPDATE documents SET sha256 = 'x' WHERE id = '1.txt'",
            "1.txt: the stored text does not fit",
        ),
        (
            "UPDATE documents SET metadata = '{' WHERE id = '1.txt'",
            "1.txt: its metadata cannot be read",
        ),
        (
            "UPDATE documents SET metadata = '[1]' WHERE id = '1.txt'",
            "1.txt: its metadata cannot be",
        ),
        ("UPDATE documents SET starts = ends || x'00' WHERE id = '1.txt'", ""),
        (
            "UPDATE documents SET clean = (SELECT clean FROM documents WHERE id = '0.txt')",
            "1.txt: ",
        ),
        (
            "UPDATE passages SET text = '别的' WHERE document = '1.txt'",
            "1.txt: a passage does not stand",
        ),
        (
            "UPDATE passages SET heading = '{' WHERE document = '1.txt'",
            "1.txt: a passage cannot be read",
        ),
        (
            "UPDATE passages SET start = -1 WHERE document = '1.txt'",
            "1.txt: a passage cannot be read",
        ),
        ("UPDATE passages SET vector = x'00' WHERE document = '1.txt'", "1.txt: a vector is not"),
        ("UPDATE passages SET vector = zeroblob(256) WHERE document = '1.txt'", "1.txt: a vector"),
        (
            "UPDATE passages SET document = 'none' WHERE document = '1.txt'",
            "passages have no document",
        ),
        ("UPDATE passages SET text = CAST(x'ff' AS TEXT) WHERE document = '1.txt'", "is damaged"),
    ],
)
def test_damage_is_named_by_document_in_one_line(filled, path, change, said):
    alter(path, change)
    problems = filled.check()
    assert all("\n" not in problem for problem in problems)
    if said:
        assert any(said in problem for problem in problems), problems


def test_a_text_that_does_not_fit_its_hash_is_not_handed_out(filled, path):
    alter(path, "UPDATE documents SET sha256 = 'x' WHERE id = '1.txt'")
    with pytest.raises(LibraryDamaged, match=r"1\.txt"):
        filled.document("1.txt")


def test_a_vector_of_another_length_is_told(filled, path, encoder):
    alter(path, "UPDATE passages SET vector = x'00112233' WHERE id = 2")
    with pytest.raises(LibraryDamaged, match="vector of passage 2 has 4 bytes, not 256"):
        filled.all_vectors(encoder.dimension)


def test_another_format_is_refused(filled, path):
    alter(path, "UPDATE facts SET value = '99' WHERE name = 'format'")
    with pytest.raises(LibraryError, match="format 99"):
        Store(path)


@pytest.mark.parametrize(
    "data", [b"not a database " * 100, b"SQLite format 3\x00" + b"\xff" * 4096]
)
def test_a_file_that_is_no_database_is_damaged(path, data):
    path.write_bytes(data)
    with pytest.raises(LibraryDamaged) as caught:
        Store(path)
    assert "\n" not in str(caught.value)


def test_a_folder_in_place_of_the_file_is_an_error(path):
    path.mkdir()
    with pytest.raises(LibraryError):
        Store(path)


def use(path):
    """Do what the program does with a store."""
    store = Store(path)
    try:
        store.check()
        list(store.all_passages())
        store.all_vectors(64)
        for id_ in store.document_ids():
            store.document(id_), store.clean_text(id_), store.metadata(id_), store.vectors_of(id_)
        return store.revision
    finally:
        store.close()


def test_flipped_bytes_give_our_errors_only(filled, path, tmp_path):
    filled.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = path.read_bytes()
    random_ = random.Random(1)
    for number in range(60):
        hurt = bytearray(data)
        for _ in range(random_.choice((1, 30))):
            hurt[random_.randrange(len(hurt))] ^= 1 << random_.randrange(8)
        copy = tmp_path / f"copy{number}.sqlite3"
        copy.write_bytes(hurt)
        try:
            use(copy)
        except LibraryError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_file_cut_short_gives_our_errors_only(filled, path, tmp_path, share):
    filled.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = path.read_bytes()
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(LibraryError):
        use(copy)


# Stores of earlier formats.


def to_format_2(path):
    alter(path, "DROP TABLE tokens")
    alter(path, "UPDATE facts SET value = '2' WHERE name = 'format'")


def to_format_1(path):
    to_format_2(path)
    for column in ("layout", "signature"):
        alter(path, f"ALTER TABLE documents DROP COLUMN {column}")
    for table in ("overrides", "reprints"):
        alter(path, f"DROP TABLE {table}")
    alter(path, "UPDATE facts SET value = '1' WHERE name = 'format'")


@pytest.mark.parametrize("to_earlier", [to_format_1, to_format_2])
def test_a_store_of_an_earlier_format_is_brought_up_to_date(path, encoder, to_earlier):
    prepared = replace(
        prepare("d", "东莞市对硼药研发给予奖励。", encoder, RECORD.location), tokens=[b"code"]
    )
    with closing(Store(path)) as store:
        store.set_fact("dimension", str(encoder.dimension))
        store.put([prepared], [RECORD])
        before, revision = content(store), store.revision
    to_earlier(path)
    for _ in range(2):
        with closing(Store(path)) as store:
            assert content(store) == before
            assert store.revision == revision
            assert store.signature("d") == b""
            assert store.token_codes_of("d") == [b""]
            assert store.fact("tokens") == ""  # so that the next ingestion makes some
            assert store.file(RECORD.location) == RECORD
            assert store.fact("format") == str(FORMAT) == "3"
            assert store.check() == []


@pytest.mark.parametrize("to_earlier", [to_format_1, to_format_2])
def test_an_earlier_format_is_left_as_it_is_while_another_writes(path, filled, to_earlier):
    filled.close()
    to_earlier(path)
    with closing(sqlite3.connect(path)) as connection:
        before = connection.execute("SELECT value FROM facts WHERE name = 'format'").fetchone()
        connection.execute("BEGIN IMMEDIATE")
        with pytest.MonkeyPatch.context() as patch:
            connect = sqlite3.connect
            patch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "timeout": 0}))
            with pytest.raises(LibraryBusy):
                Store(path)
        connection.execute("ROLLBACK")
        found = connection.execute("SELECT value FROM facts WHERE name = 'format'").fetchone()
    assert found == before


# Token vectors.


@pytest.fixture
def coded(store, encoder):
    """Three documents of several passages: all, some and none of them with codes."""
    store.set_fact("dimension", str(encoder.dimension))
    for n, of in enumerate((lambda i: True, lambda i: i % 2 == 0, lambda i: False)):
        prepared = prepare(f"{n}.txt", body(n, 40), encoder)
        codes = [f"{n}-{i}".encode() * of(i) for i in range(len(prepared.passages))]
        store.put([replace(prepared, tokens=codes)])
    return store


def test_token_codes_come_back_in_the_order_of_passages(coded):
    first, second, third = (coded.token_codes_of(f"{n}.txt") for n in range(3))
    assert len(first) == len(second) == len(third) > 2
    assert first == [f"0-{i}".encode() for i in range(len(first))]
    assert second[:3] == [b"1-0", b"", b"1-2"]
    assert set(third) == {b""}
    assert coded.token_codes_of("none") == []


def test_token_codes_are_found_by_id_where_there_are_some(coded):
    expected = {}
    for n in range(3):
        ids = [passage.id for passage in coded.passages_of(f"{n}.txt")]
        codes = zip(ids, coded.token_codes_of(f"{n}.txt"), strict=True)
        expected |= {id_: code for id_, code in codes if code}
    every = [passage.id for passage, _ in coded.all_passages()]
    assert coded.token_codes(every) == expected
    assert coded.token_codes([*every, -1, 10**9, *range(10**4, 10**4 + 2000)]) == expected
    assert coded.token_codes(every[:1]) == {every[0]: b"0-0"}
    assert coded.token_codes([]) == {}


def test_token_codes_go_with_their_passages(coded, encoder):
    def count():
        return coded.connection.execute("SELECT count(*) FROM tokens").fetchone()[0]

    def codes():
        return sum(map(bool, (c for n in range(3) for c in coded.token_codes_of(f"{n}.txt"))))

    assert count() == codes() > 0
    coded.remove("0.txt")
    assert count() == codes() > 0
    coded.put([prepare("1.txt", "别的一段正文。", encoder)])
    assert count() == codes() == 0
    assert coded.check() == []


def test_as_many_codes_as_passages_or_none_are_stored(coded, encoder):
    before = content(coded)
    wrong = replace(prepare("9.txt", body(9, 40), encoder), tokens=[b"one"])
    with pytest.raises(ValueError, match="zip"):
        coded.put([wrong])
    assert content(coded) == before


def test_what_is_removed_leaves_no_token_code_behind(coded, path):
    code = coded.token_codes_of("0.txt")[-1]
    assert any(code in file.read_bytes() for file in path.parent.iterdir())
    coded.remove("0.txt")
    assert not any(code in file.read_bytes() for file in path.parent.iterdir())


def test_tokens_of_another_maker_are_forgotten_and_all_files_count_as_not_read(coded):
    before, revision = content(coded), coded.revision
    coded.put([], [RECORD])
    coded.forget_tokens("maker", "model")
    assert coded.token_codes([passage.id for passage, _ in coded.all_passages()]) == {}
    assert coded.file(RECORD.location) != RECORD
    assert coded.files_below(RECORD.root) == [RECORD.location]  # to tell which have vanished
    assert (coded.fact("tokens"), coded.fact("late_name")) == ("maker", "model")
    assert content(coded) == before
    assert coded.revision == revision


# What is known of all documents.


def test_the_metadata_of_all_are_those_of_each(filled):
    ids = filled.document_ids()
    assert filled.all_metadata() == {id_: filled.metadata(id_) for id_ in ids}
    assert list(filled.all_metadata()) == ids


def test_passage_ids_are_those_of_the_documents_sorted(filled):
    expected = sorted(p.id for id_ in ("2.txt", "0.txt") for p in filled.passages_of(id_))
    assert filled.passage_ids_of(["2.txt", "0.txt", "none"]).tolist() == expected
    many = [f"{n}.txt" for n in range(1500)]
    every = [passage.id for passage, _ in filled.all_passages()]
    assert filled.passage_ids_of(many).tolist() == every
    assert filled.passage_ids_of([]).dtype == np.int64
    assert filled.passage_ids_of([]).tolist() == []


def test_reprints_are_listed_with_the_original_first(store, encoder):
    store.put([prepare(id_, f"{id_}的正文。", encoder) for id_ in ("a", "b", "c")])
    store.set_reprints({"a": "b", "b": "b", "gone": "b"})
    assert store.copies("a") == store.copies("b") == ("b", "a")
    assert store.copies("c") == ()
    store.set_reprints({})
    assert store.copies("a") == ()


def test_what_the_user_says_makes_the_file_of_a_document_count_as_not_read(store, encoder):
    prepared = replace(prepare("d", "正文一段。", encoder), location="/files/a.txt")
    store.put([prepared], [RECORD])
    store.set_overrides({"d": {"title": "题名"}, "unknown": {"title": "另一题名"}})
    assert store.file("/files/a.txt") is None
    assert store.overrides("d") == {"title": "题名"}
    assert store.overrides("nowhere") == {}
    store.remove("d")
    assert store.overrides("d") == {}
