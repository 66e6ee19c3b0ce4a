import json
import multiprocessing
import os
import shutil
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import filelock
import pytest
from hash_encoder import HashEncoder, HashTokenEncoder
from hypothesis import given, settings
from mixed_text import mixed_texts
from prepared import body, prepare
from sampling import one_in

from index import lexical, publish
from index import library as module
from index.chunk import encoded_text
from index.errors import (
    EncoderMismatch,
    LibraryBusy,
    LibraryDamaged,
    LibraryError,
    LibraryNotFound,
    QuestionError,
    StorageFull,
)
from index.filters import ALL, Filters, allows, parse_filters
from index.late import pack
from index.library import MAX_QUESTION, Library
from index.script import fold
from index.types import Metadata, Span

QUESTIONS = [
    *(f"第{n}-3号项目最高奖励多少？" for n in range(7)),
    *(f"{n * 100 + 3}万元" for n in range(7)),
    *("市里支持什么研发？", "硼藥", "what does Dongguan give?", "🧬", "。", "a" * 500, "重大突破"),
]


ENCODERS = {"plain": HashEncoder, "tokens": HashTokenEncoder}
# With tokens a search does all that it does without, and more.
EITHER = one_in(2, [pytest.param(name, id=name) for name in ("tokens", "plain")])


def fill(library: Library, numbers=range(10)) -> None:
    """Store documents as an ingestion would, without publishing."""
    put(
        library,
        *(prepare(f"{n}.txt", body(n), library.encoder, f"/files/{n}.txt") for n in numbers),
    )


def put(library: Library, *documents) -> None:
    """Store prepared documents, with tokens if the encoder gives them."""
    encoder = library.encoder
    library.store.set_fact("encoder_name", encoder.name)
    library.store.set_fact("dimension", str(encoder.dimension))
    library.store.set_fact("encoder", encoder.fingerprint)
    library.store.set_fact("tokens", library.token_identity())
    library.store.put([replace(one, tokens=tokens_of(one, library)) for one in documents])


def tokens_of(prepared, library: Library) -> list[bytes]:
    if not has_tokens(library):
        return []
    title = prepared.document.metadata.title
    texts = [fold(encoded_text(title, passage)) for passage in prepared.passages]
    return [pack(library.encoder.tokens(text).vectors) for text in texts]


def has_tokens(library: Library) -> bool:
    return isinstance(library.encoder, HashTokenEncoder)


def described(id_: str, text: str, encoder, **known: str):
    """Return a document with metadata, and with the vectors that it has without a title."""
    prepared = prepare(id_, text, encoder)
    document = replace(prepared.document, metadata=Metadata(**known))
    vectors = encoder.encode_questions([passage.text for passage in prepared.passages])
    return replace(prepared, document=document, vectors=vectors)


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    """Libraries of ten documents, to be copied: for each encoder one."""
    folders = {}
    for name, encoder in ENCODERS.items():
        folders[name] = tmp_path_factory.mktemp("template") / name
        with Library(folders[name], encoder(), create=True) as library:
            fill(library)
            library.snapshot()
            library.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folders


@pytest.fixture
def folder(templates, tmp_path):
    return shutil.copytree(templates["plain"], tmp_path / "library")


@pytest.fixture
def library(folder):
    with Library(folder, HashEncoder()) as library:
        yield library


@pytest.fixture(scope="module", params=EITHER)
def either(request, templates):
    """A library of ten documents, once with and once without tokens, only to be read."""
    with Library(templates[request.param], ENCODERS[request.param]()) as library:
        yield library


@pytest.fixture(scope="module", params=EITHER)
def large(request, tmp_path_factory):
    """A library of more passages than are read closely, only to be read."""
    folder = tmp_path_factory.mktemp("large")
    with Library(folder, ENCODERS[request.param](), create=True) as library:
        fill(library, range(36))
        assert library.store.counts()[1] > module.READ_CLOSELY + 10
        library.snapshot()
        yield library


@pytest.fixture(params=ENCODERS.values(), ids=ENCODERS)
def empty(request, tmp_path):
    """A library without documents."""
    with Library(tmp_path / "empty", request.param(), create=True) as library:
        put(library)
        yield library


@pytest.fixture
def token_library(templates, tmp_path):
    folder = shutil.copytree(templates["tokens"], tmp_path / "token library")
    with Library(folder, HashTokenEncoder()) as library:
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


def test_hits_stand_in_their_documents(either):
    for question in QUESTIONS:
        for hit in either.search(question, 5):
            text = either.clean_text(hit.passage.document)
            assert hit.passage.span.of(text.text) == hit.passage.text
            assert text.to_raw(hit.passage.span) == hit.passage.raw_span


def test_the_passage_that_says_it_is_found_first(either):
    for n in range(10):
        best = either.search(f"第{n}-3号项目最高给予多少万元？", 1)[0]
        assert best.passage.document == f"{n}.txt"


def test_both_scripts_find_the_same(either):
    simplified = either.search("第3-3号项目最高给予多少万元？")
    assert either.search("第3-3號項目最高給予多少萬元？") == simplified


def test_scores_are_sorted_and_ties_are_broken_by_id(large):
    for question in QUESTIONS:
        hits = large.search(question, 200)
        keys = [(-hit.score, hit.passage.id) for hit in hits]
        assert keys == sorted(keys)
        assert all(0 <= hit.score <= 1 + 1e-9 for hit in hits)


def test_scores_are_numbers_of_python_so_that_they_can_be_written_as_json(either):
    for hit in either.search("第1-3号项目", 5):
        known = json.loads(json.dumps({"score": hit.score, **asdict(hit.scores)}))
        assert known == {"score": hit.score, **asdict(hit.scores)}


def test_equal_passages_come_in_the_order_they_were_stored(empty):
    copy = prepare("", "完全相同的一段正文。", empty.encoder)
    for n in (3, 1, 2):
        document = replace(copy.document, id=f"{n}.txt")
        parts = [replace(part, document=document.id) for part in copy.passages]
        put(empty, replace(copy, document=document, passages=parts))
    hits = empty.search("完全相同")
    assert [hit.passage.document for hit in hits] == ["3.txt", "1.txt", "2.txt"]
    assert len({hit.score for hit in hits}) == 1


@pytest.mark.parametrize("name", ENCODERS)
def test_the_same_question_gives_the_same_hits_also_after_reopening(templates, tmp_path, name):
    folder = shutil.copytree(templates[name], tmp_path / "library")
    with Library(folder, ENCODERS[name]()) as library:
        first = [library.search(question) for question in QUESTIONS]
        assert [library.search(question) for question in QUESTIONS] == first
    with Library(folder, ENCODERS[name]()) as again:
        assert [again.search(question) for question in QUESTIONS] == first
        again.rebuild()
        assert [again.search(question) for question in QUESTIONS] == first


def send_hits(templates, queue):
    for name, folder in templates.items():
        with Library(folder, ENCODERS[name]()) as library:
            queue.put([library.search(question) for question in QUESTIONS])


def test_another_process_finds_the_same(templates):
    context = multiprocessing.get_context("forkserver")
    queue = context.Queue()
    process = context.Process(target=send_hits, args=(templates, queue))
    process.start()
    for name, folder in templates.items():
        with Library(folder, ENCODERS[name]()) as library:
            expected = [library.search(question) for question in QUESTIONS]
        assert queue.get(timeout=60) == expected
    process.join(timeout=60)
    assert process.exitcode == 0


def test_many_questions_at_once_are_answered_as_one_by_one(either):
    assert len(QUESTIONS) > 20
    assert either.search_many(QUESTIONS) == [either.search(question) for question in QUESTIONS]
    assert either.search_many([]) == []


def test_fewer_hits_are_the_first_of_more(either):
    for question in QUESTIONS:
        assert either.search(question, 3) == either.search(question, 20)[:3]


def test_as_many_passages_as_there_are_can_be_asked_for(empty):
    fill(empty, range(105))
    total = empty.store.counts()[1]
    assert total > 2 * module.CANDIDATES
    assert len(empty.search("项目", total)) == total
    assert len(empty.search("项目", 10 * total)) == total


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


@settings(max_examples=25)
@given(question=mixed_texts)
def test_any_question_is_answered_or_refused(either, question):
    try:
        hits = either.search(question, 3)
    except QuestionError:
        assert not any(c.isprintable() and not c.isspace() for c in question)
    else:
        assert len(hits) == 3
        assert all(0 <= hit.score <= 1 + 1e-9 for hit in hits)


# Late interaction.


def test_an_encoder_without_tokens_has_no_late_scores(library):
    assert {hit.scores.late for hit in library.search("第1-3号项目", 30)} == {None}


def test_the_best_are_read_token_by_token_and_stand_before_the_others(large):
    hits = large.search("第1-3号项目", 70)
    late = [hit.scores.late for hit in hits]
    assert len(late) == 70
    assert set(late[module.READ_CLOSELY :]) == {None}
    if has_tokens(large):
        assert all(-1.1 <= score <= 1.1 for score in late[: module.READ_CLOSELY])


def test_of_passages_without_words_of_the_question_the_best_late_score_comes_first(token_library):
    hits = token_library.search("zzqq xxvv", 20)
    assert {hit.scores.lexical for hit in hits} == {None}
    late = [hit.scores.late for hit in hits]
    assert late == sorted(late, reverse=True)


@pytest.mark.parametrize("question", ["。", "🧬", "！？"])
def test_a_question_without_a_token_is_answered_by_vectors(token_library, library, question):
    hits = token_library.search(question)
    assert {hit.scores.late for hit in hits} == {None}
    assert hits == library.search(question)


def test_passages_without_tokens_leave_the_ranking_to_vectors_and_words(token_library, library):
    some = token_library.search("第1-3号项目")[3].passage.id
    token_library.store.connection.execute("DELETE FROM tokens WHERE passage = ?", (some,))
    for question in QUESTIONS:
        assert token_library.search(question, 30) == library.search(question, 30)


def test_tokens_of_another_maker_leave_the_ranking_to_vectors_and_words(token_library, library):
    token_library.store.set_fact("tokens", "another")
    for question in QUESTIONS:
        assert token_library.search(question, 30) == library.search(question, 30)


def test_token_vectors_that_cannot_be_read_are_damage_told_in_one_line(token_library):
    token_library.store.connection.execute("UPDATE tokens SET code = x'00'")
    with pytest.raises(LibraryDamaged, match="token vectors") as caught:
        token_library.search("第1-3号项目")
    assert "\n" not in str(caught.value)


def test_a_check_names_the_document_whose_token_vectors_are_damaged(token_library):
    dimension = str(token_library.encoder.token_dimension)
    token_library.store.set_fact("token_dimension", dimension)
    assert token_library.check() == []
    some = token_library.search("第1-3号项目")[0].passage
    cut = "UPDATE tokens SET code = substr(code, 1, length(code) - 1) WHERE passage = ?"
    token_library.store.connection.execute(cut, (some.id,))
    (problem,) = token_library.check()
    assert problem.startswith(f"{some.document}: its token vectors")


def test_after_a_restored_backup_no_passage_has_the_words_of_another(library, folder, tmp_path):
    fill(library, [1])
    library.search("项目")
    library.close()
    backup = shutil.copyfile(folder / "library.sqlite3", tmp_path / "backup")
    with Library(folder, HashEncoder()) as changed:
        put(changed, prepare("x.txt", "量子计算产业在合肥。", changed.encoder, "/files/x.txt"))
        assert changed.search("量子计算", 1)[0].passage.document == "x.txt"
    for left in folder.glob("library.sqlite3-*"):
        left.unlink()
    shutil.copyfile(backup, folder / "library.sqlite3")
    with Library(folder, HashEncoder()) as restored:
        put(restored, prepare("y.txt", "机器人产业在深圳。", restored.encoder, "/files/y.txt"))
        lexical = {
            hit.passage.document: hit.scores.lexical for hit in restored.search("量子计算", 90)
        }
        assert lexical["y.txt"] is None


def test_threads_that_ask_at_once_wait_for_the_indexes_of_one_of_them(library, folder):
    fill(library, [1, 2])
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: library.search("项目", 3), range(4)))
    assert found == [found[0]] * 4


def test_a_block_sees_the_library_as_it_was_when_it_began(folder):
    with Library(folder, HashEncoder()) as reader, Library(folder, HashEncoder()) as writer:
        with reader.moment():
            before = reader.search("第3-3号项目", 5), dict(reader.all_metadata())
            with writer.writing():
                fill(writer, [77])
            assert (reader.search("第3-3号项目", 5), dict(reader.all_metadata())) == before
            assert "77.txt" not in reader.all_metadata()
        assert "77.txt" in reader.all_metadata()


def test_a_moment_within_another_is_the_same_and_each_thread_has_its_own(folder):
    with (
        Library(folder, HashEncoder()) as reader,
        Library(folder, HashEncoder()) as writer,
        reader.moment(),
    ):
        before = dict(reader.all_metadata())
        fill(writer, [77])
        with reader.moment():
            assert reader.all_metadata() == before
        assert reader.all_metadata() == before
        with ThreadPoolExecutor() as other:
            assert "77.txt" in other.submit(reader.all_metadata).result()


def test_a_question_full_of_places_costs_few_searches(library):
    asked: list[str] = []
    library._names = lambda name: bool(asked.append(name))  # type: ignore[method-assign]
    library.unknown_places("、".join(["佛山", "中山", "珠海", "惠州", "江门", "肇庆", "湛江"] * 50))
    assert len(asked) <= 40


# Filters.


DESCRIBED = {
    "东莞/一.txt": {"region": "东莞", "date": "2023-05-01", "publisher": "东莞市科学技术局"},
    "东莞/二.txt": {"region": "东莞", "date": "2024-05-01", "publisher": "东莞市财政局"},
    "深圳/三.txt": {"region": "深圳", "issued": "2024-01-01", "publisher": "深圳市财政局"},
    "广东.txt": {"region": "广东", "date": "2022-12-31", "issuer": "广东省人民政府"},
    "无.txt": {},
}
FILTERS = {
    "a city": parse_filters(["Dongguan"]),
    "a province": parse_filters(["广东"]),
    "two places": parse_filters(["东莞", "深圳"]),
    "from a day on": parse_filters(after="2023-05-01"),
    "until a year": parse_filters(before="2023"),
    "a year": parse_filters(after="2024", before="2024"),
    "a body": parse_filters(publishers=["财政局"]),
    "a folder": parse_filters(sources=["东莞/"]),
    "a glob": parse_filters(sources=["*.txt"]),
    "both": parse_filters(["东莞"], after="2024"),
    "nothing": parse_filters(["东莞"], before="1999"),
}


def describe(library):
    """Store the described documents."""
    texts = {id_: body(n) for n, id_ in enumerate(DESCRIBED)}
    encoder = library.encoder
    put(library, *(described(i, texts[i], encoder, **known) for i, known in DESCRIBED.items()))


@pytest.fixture(scope="module", params=EITHER)
def described_library(request, tmp_path_factory):
    """A library of the described documents, only to be read."""
    folder = tmp_path_factory.mktemp("described")
    with Library(folder, ENCODERS[request.param](), create=True) as library:
        describe(library)
        yield library


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS)
def test_no_hit_lies_outside_the_filters_and_none_within_is_lost(described_library, filters):
    library = described_library
    inside = {i for i in DESCRIBED if allows(i, library.metadata(i), filters)}
    for question in ("第2-3号项目最高奖励多少？", "东莞2024年支持什么？", "zzqq", "。"):
        hits = library.search(question, 200, filters)
        assert {hit.passage.document for hit in hits} == inside
        assert len(hits) == sum(len(library.passages_of(id_)) for id_ in inside)
        assert library.search(question, 2, filters) == hits[:2]


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS)
def test_where_no_word_matches_the_filtered_ranking_is_the_whole_one_restricted(
    described_library, filters
):
    library, question = described_library, "zzqq xxvv"
    whole = [(hit.passage, hit.scores) for hit in library.search(question, 200)]
    assert {scores.lexical for _, scores in whole} == {None}
    kept = [
        (passage, scores)
        for passage, scores in whole
        if allows(passage.document, library.metadata(passage.document), filters)
    ]
    found = library.search(question, 200, filters)
    assert [(hit.passage, hit.scores) for hit in found] == kept


def test_no_filter_is_as_all(described_library):
    for question in QUESTIONS[:5]:
        hits = described_library.search(question)
        assert described_library.search(question, filters=ALL) == hits
        assert described_library.search(question, filters=Filters()) == hits


def test_filters_see_what_was_stored_since(empty):
    describe(empty)
    filters = parse_filters(["东莞"], after="2025")
    assert empty.search("项目", 9, filters) == []
    put(empty, described("新.txt", body(7), empty.encoder, region="东莞", date="2025-03-01"))
    hits = empty.search("项目", 9, filters)
    assert {hit.passage.document for hit in hits} == {"新.txt"}


# Preferences.


EQUAL = "对符合条件的企业，按设备投资额的百分之二十给予补贴。"


def equal_documents(library, *known):
    """Store documents that differ in their metadata alone, named by their place."""
    put(library, *(described(f"{n}", EQUAL, library.encoder, **one) for n, one in enumerate(known)))


def order(hits):
    return [hit.passage.document for hit in hits]


def test_among_equals_a_document_of_the_asked_year_comes_first(empty):
    equal_documents(empty, {"date": "2022-01-01"}, {"date": "2023-01-01"}, {"date": "2024-01-01"})
    assert order(empty.search("设备投资补贴多少？")) == ["0", "1", "2"]
    for asked in ("2024年设备投资补贴多少？", "二〇二四年设备投资补贴多少？", "equipment in 2024?"):
        assert order(empty.search(asked)) == ["2", "0", "1"]
    assert order(empty.search("2023年设备投资补贴多少？")) == ["1", "0", "2"]


def test_among_equals_a_document_of_the_asked_place_comes_first(empty):
    equal_documents(empty, {"region": "深圳"}, {"region": "广东"}, {"region": "东莞"})
    assert order(empty.search("东莞设备投资补贴多少？")) == ["2", "1", "0"]
    assert order(empty.search("How much does Dongguan give?")) == ["2", "1", "0"]


def test_among_equals_the_latest_comes_first_if_asked_for(empty):
    equal_documents(empty, {"date": "2022-01-01"}, {"date": "2024-01-01"}, {"date": "2023-01-01"})
    assert order(empty.search("最新的设备投资补贴多少？")) == ["1", "2", "0"]


def test_a_preference_leaves_no_passage_out(described_library):
    wanted = described_library.search("东莞2024年最新的项目", 200)
    every = described_library.search("项目", 200)
    assert {hit.passage for hit in wanted} == {hit.passage for hit in every}
    keys = [(-hit.score, hit.passage.id) for hit in wanted]
    assert keys == sorted(keys)


# A reranker.


class Lottery:
    """Gives every text a score of its own, 0..1, whatever is asked; remembers what it read."""

    name = "lottery"

    def __init__(self):
        self.read = []

    def scores(self, question, texts):
        self.read.append((question, list(texts)))
        return [zlib.crc32(text.encode()) / 2**32 for text in texts]


@pytest.fixture
def reranked(large):
    with Library(large.folder, type(large.encoder)(), reranker=Lottery()) as library:
        yield library


def test_a_reranker_orders_the_first_hits_and_leaves_the_others_behind_them(reranked, large):
    for question in QUESTIONS[:3]:
        plain = [hit.passage for hit in large.search(question, 70)]
        hits = reranked.search(question, 70)
        first, rest = hits[: module._RERANKED], hits[module._RERANKED :]
        assert {hit.passage for hit in first} == set(plain[: module._RERANKED])
        assert [hit.passage for hit in rest] == plain[module._RERANKED :]
        ((asked, texts),) = reranked.reranker.read
        assert asked == question
        titles = {f"题名{passage.document}" for passage in plain[: module._RERANKED]}
        assert {text.partition("\n")[0] for text in texts} == titles
        found = dict(zip(texts, reranked.reranker.scores("", texts), strict=True))
        by_hit = [found[encoded_text(f"题名{h.passage.document}", h.passage)] for h in first]
        assert by_hit == sorted(by_hit, reverse=True)
        reranked.reranker.read.clear()


def test_reranked_hits_are_sorted_and_their_scores_stay_between_0_and_1(reranked):
    for question in QUESTIONS[:5]:
        hits = reranked.search(question, 70)
        keys = [(-hit.score, hit.passage.id) for hit in hits]
        assert keys == sorted(keys)
        assert all(0 <= hit.score <= 1 for hit in hits)


def test_however_few_hits_are_wanted_the_reranker_reads_the_same(reranked):
    for question in QUESTIONS[:3]:
        assert reranked.search(question, 3) == reranked.search(question, 40)[:3]
    assert len({len(texts) for _, texts in reranked.reranker.read}) == 1


def test_a_reranker_is_not_asked_about_nothing(tmp_path):
    reranker = Lottery()
    with Library(tmp_path / "new", HashEncoder(), create=True, reranker=reranker) as library:
        assert library.search("东莞") == []
    assert reranker.read == []


# The user's own glossary, places that nobody knows.


OWN = "chinese,english,kind,weight,pinyin,hidden_by\n灯塔行动,operation beacon,programme,,,\n"


def test_a_glossary_in_the_folder_of_the_library_is_used(empty):
    put(empty, prepare("x.txt", "灯塔行动由区级财政出资。", empty.encoder))
    question = "who pays for Operation Beacon?"
    assert all(hit.scores.lexical is None for hit in empty.search(question, 50))
    (empty.folder / module.GLOSSARY).write_text(OWN, "utf-8")
    with Library(empty.folder, type(empty.encoder)()) as again:
        assert again.query(question).encoded.endswith("灯塔行动")
        matched = [hit for hit in again.search(question, 50) if hit.scores.lexical]
        assert [hit.passage.document for hit in matched] == ["x.txt"]


def test_a_glossary_that_cannot_be_used_is_told_in_one_line(folder):
    (folder / module.GLOSSARY).write_text("chinese,weight\n灯塔,heavy\n", "utf-8")
    with Library(folder, HashEncoder()) as library:
        with pytest.raises(LibraryError, match="glossary") as caught:
            library.search("灯塔")
        assert "\n" not in str(caught.value)
        assert library.document("1.txt")  # looking up does not need it


@pytest.fixture(scope="module")
def placed(tmp_path_factory):
    """A library of which one document is about a city and one names another."""
    with Library(tmp_path_factory.mktemp("placed"), HashEncoder(), create=True) as library:
        named = described("苏州.txt", "参照苏州的做法，另行制定计划。", library.encoder)
        put(library, described("东莞.txt", EQUAL, library.encoder, region="东莞"), named)
        yield library


def test_a_place_that_was_stored_while_indexes_were_older_is_known_later(tmp_path):
    """A question meanwhile is answered from what was searched, and that is not held against it."""
    with (
        Library(tmp_path, HashEncoder(), create=True) as reader,
        Library(tmp_path, HashEncoder()) as writer,
    ):
        put(writer, described("苏州.txt", "参照苏州的做法。", writer.encoder))
        writer.snapshot()
        assert [place.name for place in reader.unknown_places("成都给多少？")] == ["成都"]
        with writer.writing():
            put(writer, described("新.txt", "参照成都的做法。", writer.encoder))
            reader.unknown_places("成都给多少？")
        assert reader.unknown_places("成都给多少？") == ()


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("东莞和成都各给多少？", ["成都"]),
        ("東莞和成都各給多少？", ["成都"]),
        ("What do Dongguan and Chengdu give?", ["成都"]),
        ("广东给多少？", []),  # a part of it is known
        ("苏州有什么计划？", []),  # it stands in a passage
        ("What about Suzhou?", []),
        ("给多少？", []),
        ("拉萨或乌鲁木齐？", ["拉萨", "乌鲁木齐"]),
    ],
)
def test_places_that_no_document_knows_are_told(placed, question, unknown):
    assert [place.name for place in placed.unknown_places(question)] == unknown


def test_in_an_empty_library_every_place_is_unknown(empty):
    assert [place.name for place in empty.unknown_places("东莞给多少？")] == ["东莞"]


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


def test_one_handle_at_a_time_writes(library, folder, monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE", 0.01)
    with Library(folder, HashEncoder()) as other, library.writing():
        with pytest.raises(LibraryBusy, match="wait"), other.writing():
            pass
        with pytest.raises(LibraryBusy):
            other.remove("1.txt")
    with library.writing():
        pass  # the lock was given back


def test_a_writer_waits_for_one_who_holds_the_lock_for_a_moment(library, folder, monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE", 60)
    held, let_go = threading.Event(), threading.Event()

    def hold():
        with Library(folder, HashEncoder()) as other, other.writing():
            held.set()
            let_go.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    threading.Timer(0.1, let_go.set).start()
    with library.writing():
        assert let_go.is_set()
    holder.join()
    assert library.remove("1.txt")


def test_a_search_does_not_wait_for_the_one_who_writes(library, folder, monkeypatch):
    asked = []

    class Lock(filelock.FileLock):
        def acquire(self, *given, **named):
            asked.append(self.timeout if not given else given[0])
            self.timeout = 0  # not to wait here
            return super().acquire(0, **named)

    library.search("项目")
    with Library(folder, HashEncoder()) as writer, writer.writing():
        fill(writer, [77])
        monkeypatch.setattr(filelock, "FileLock", Lock)
        assert library.search("第1-3号项目", 1)[0].passage.document == "1.txt"
    assert asked == [0]


def test_while_another_writes_the_last_whole_generation_serves(library, folder, monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE", 0.01)
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


def test_while_the_first_ingestion_runs_there_is_nothing_to_search(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE", 0.01)
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
