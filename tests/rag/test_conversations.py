"""Saved chats, links and baskets: whose they are, what is kept, what a crash leaves."""

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.types import Metadata, Passage, Scores, Span
from rag import conversations as module
from rag.collected import Item
from rag.conversations import FREE_BYTES, Conversations
from rag.errors import ConversationsError
from rag.saved import restored, saved
from rag.types import (
    Answer,
    Citation,
    Claim,
    Conflict,
    Evidence,
    Status,
    Timing,
    Turn,
)

ROOT = Path(__file__).parents[2]
LATER = "9999-01-01T00:00:00+00:00"

text = st.text(max_size=20)
number = st.floats(allow_nan=False)
span = st.integers(0, 9).map(lambda start: Span(start, start + 3))
citation = st.builds(
    Citation,
    *[st.integers(1, 9)] + [text] * 8,
    start=st.integers(0, 9),
    end=st.integers(0, 9),
    sha256=text,
    page=st.none() | st.integers(1, 9),
    also=st.lists(text, max_size=2).map(tuple),
)
claim = st.builds(
    Claim, text, st.just((1, 2)), st.sampled_from(Status), st.lists(text, max_size=2).map(tuple)
)
evidence = st.builds(
    Evidence,
    n=st.integers(1, 9),
    passage=st.builds(Passage, st.integers(), text, span, span, text, st.just(("h", "i"))),
    metadata=st.builds(Metadata, title=text, found=st.dictionaries(text, text, max_size=2)),
    score=number,
    scores=st.builds(Scores, dense=st.none() | number),
    matched=st.lists(span, max_size=2).map(tuple),
)
answers = st.builds(
    Answer,
    question=text,
    language=st.sampled_from(["zh", "zh-Hant", "en"]),
    text=text,
    refused=st.booleans(),
    llm=text,
    citations=st.lists(citation, max_size=2).map(tuple),
    claims=st.lists(claim, max_size=2).map(tuple),
    timing=st.builds(Timing, number, st.none() | number, number),
    notes=st.lists(text, max_size=2).map(tuple),
    evidence=st.lists(evidence, max_size=2).map(tuple),
    conflicts=st.lists(st.builds(Conflict, text, st.just((1, 2))), max_size=1).map(tuple),
)


def answer(said: str = "给200万元[1]。") -> Answer:
    quote = Citation(1, "a.txt", "办法", "某市", "2026-01-01", "", "", said, said, 0, 9, "0" * 64)
    claims = (Claim(said, (1,), Status.SUPPORTED),)
    return Answer("问", "zh", said, False, "extractive", (quote,), claims, Timing(1.0, None, 2.0))


def item(said: str = "给200万元[1]。") -> Item:
    one = answer(said)
    return Item("问", said, "zh", one.citations, one.claims, added="2026-11-22T00:00:00+00:00")


@pytest.fixture
def file(tmp_path):
    with opened(tmp_path) as one:
        yield one


@contextmanager
def opened(folder):
    """The file in a folder, closed at the end."""
    file = Conversations(folder / module.FILE)
    try:
        yield file
    finally:
        file.close()


def chat_of(file, visitor, *questions):
    chat = file.begin(visitor)
    for question in questions:
        file.add(visitor, chat.id, question, answer(f"答{question}[1]。"))
    return chat.id


def raw(file):
    """Everything that the file holds on disk."""
    folder, name = file.path.parent, file.path.name
    return b"".join(path.read_bytes() for path in sorted(folder.glob(f"{name}*")))


# What is stored is read again as it was.


@given(answers)
def test_an_answer_is_restored_as_it_was_saved(one):
    assert restored(Answer, saved(one)) == one


def test_numbers_that_are_none_and_lone_surrogates_are_saved_and_restored():
    one = replace(answer("a\ud800b"), timing=Timing(float("nan"), float("inf"), -0.0))
    again = restored(Answer, saved(one))
    assert again.text == "a\ufffdb"
    assert repr(again.timing) == repr(one.timing)


def test_an_answer_of_a_release_that_lacked_the_newer_fields_or_had_others_is_read(monkeypatch):
    needed = {f.name for f in fields(Answer)} & {
        *("question", "language", "text", "refused", "llm", "citations", "claims", "timing")
    }
    row = json.loads(zlib.decompress(saved(answer())))
    old = {name: value for name, value in row.items() if name in needed} | {"gone": 1}
    assert restored(Answer, zlib.compress(json.dumps(old).encode())) == answer()


@pytest.mark.parametrize(
    "data", [b"", b"x", saved(answer())[:-3], b"x\x9c\x03\x00\x00\x00\x00\x01"]
)
def test_what_is_damaged_is_said_in_one_line(data):
    with pytest.raises(ConversationsError, match="cannot be read") as told:
        restored(Answer, data)
    assert "\n" not in str(told.value)


# Chats.


def test_a_chat_keeps_its_exchanges_in_order_and_is_named_after_its_first_question(file):
    chat = file.begin("a")
    first = file.add("a", chat.id, "  东莞\n给什么？", answer())
    file.add("a", chat.id, "第二问", None, line="已停止")
    assert file.exchanges("a", chat.id)[0] == first
    assert [(e.number, e.answer, e.line) for e in file.exchanges("a", chat.id)] == [
        (0, answer(), ""),
        (1, None, "已停止"),
    ]
    assert [(c.title, c.exchanges) for c in file.chats("a")] == [("东莞 给什么？", 2)]
    assert file.turns("a", chat.id) == [
        Turn("user", "  东莞\n给什么？"),
        Turn("assistant", answer().text),
    ]


def test_an_empty_chat_is_taken_again_and_not_listed(file):
    chat = file.begin("a")
    assert file.begin("a").id == chat.id
    assert file.begin("b").id != chat.id
    assert file.chats("a") == []
    file.add("a", chat.id, "问", None)
    assert file.begin("a").id != chat.id


def test_the_chat_that_was_changed_last_comes_first(file):
    one, two = chat_of(file, "a", "一"), chat_of(file, "a", "二")
    assert [c.id for c in file.chats("a")] == [two, one]
    file.add("a", one, "三", None)
    assert [c.id for c in file.chats("a")] == [one, two]


def test_a_long_question_is_shortened_in_the_title_but_kept_whole(file):
    chat = chat_of(file, "a", "问" * 10_000)
    assert len(file.chats("a")[0].title) <= 60
    assert file.exchanges("a", chat)[0].question == "问" * 10_000


def test_an_edited_question_takes_what_followed_with_it(file):
    chat = chat_of(file, "a", "一", "二", "三")
    file.truncate("a", chat, 1)
    file.add("a", chat, "四", None)
    assert [(e.number, e.question) for e in file.exchanges("a", chat)] == [(0, "一"), (1, "四")]
    file.truncate("a", chat, 0)
    file.add("a", chat, "五", None)
    assert file.chats("a")[0].title == "五"


def test_a_title_of_ones_own_stays_until_it_is_taken_back(file):
    chat = chat_of(file, "a", "一")
    file.rename("a", chat, "  药\n物 ")
    file.truncate("a", chat, 0)
    file.add("a", chat, "二", None)
    assert file.chats("a")[0].title == "药 物"
    file.rename("a", chat, "")
    assert file.chats("a")[0].title == "二"


def test_questions_that_cannot_be_stored_as_they_are_do_no_harm(file):
    chat = file.begin("a")
    file.add("a", chat.id, "a\ud800\x00b", None, line="\ud800")
    assert file.exchanges("a", chat.id)[0].question == "a\ufffd\x00b"
    assert file.exchanges("a\ud800", "\ud800") == []


def test_ids_and_tokens_have_128_bits_and_never_repeat(file):
    made = set()
    for _ in range(50):
        chat = chat_of(file, "a", "问")
        made |= {chat, file.share("a", chat).token}
    assert len(made) == 100
    assert {len(one) for one in made} == {22}


# Whose it is.


def test_no_method_gives_or_changes_anything_of_another_visitor(file):
    chat = chat_of(file, "a", "秘密")
    link, thing = file.share("a", chat), file.collect("a", item())
    before = (file.chats("a"), file.exchanges("a", chat), file.basket("a"), file.links("a"))
    assert file.chats("b") == file.exchanges("b", chat) == file.turns("b", chat) == []
    assert file.links("b") == file.links("b", chat) == file.basket("b") == []
    for act in (
        lambda: file.add("b", chat, "问", None),
        lambda: file.share("b", chat),
        lambda: file.share("b", chat, 0),
    ):
        with pytest.raises(ConversationsError, match="no such chat"):
            act()
    file.truncate("b", chat, 0)
    file.rename("b", chat, "x")
    file.reorder("b", [thing.id])
    assert not file.delete("b", chat)
    assert not file.withdraw(link.token, "b")
    assert not file.drop("b", thing.id)
    file.forget("b")
    assert before == (file.chats("a"), file.exchanges("a", chat), file.basket("a"), file.links("a"))
    assert file.used("b") == 0


# Links.


def test_a_link_shows_what_the_chat_held_when_it_was_made_and_nothing_later(file):
    chat = chat_of(file, "a", "一", "二")
    whole, one = file.share("a", chat), file.share("a", chat, 1)
    file.rename("a", chat, "另名")
    file.truncate("a", chat, 1)
    file.add("a", chat, "后来的", answer())
    title, shown = file.shared(whole.token)
    assert title == "一"
    assert [(e.number, e.question, e.answer) for e in shown] == [
        (0, "一", answer("答一[1]。")),
        (1, "二", answer("答二[1]。")),
    ]
    assert [e.question for e in file.shared(one.token)[1]] == ["二"]


def test_a_deleted_chat_takes_its_links_along_and_a_withdrawn_link_is_gone(file):
    chat, other = chat_of(file, "a", "一"), chat_of(file, "a", "二")
    gone, withdrawn, kept = file.share("a", chat), file.share("a", other), file.share("a", other)
    assert file.delete("a", chat)
    assert file.withdraw(withdrawn.token, "a")
    assert not file.withdraw(withdrawn.token, "a")
    assert [file.shared(link.token) for link in (gone, withdrawn)] == [None, None]
    assert file.continue_from(gone.token, "b") is None
    assert file.links("a") == file.links("a", other) == file.all_links() == [kept]
    assert file.withdraw(kept.token, None)  # by the owner of the library
    assert file.shared(kept.token) is None


def test_links_are_listed_the_newest_first(file):
    chat = chat_of(file, "a", "一")
    links = [file.share("a", chat) for _ in range(5)]
    assert file.links("a") == links[::-1]


def test_there_is_no_link_to_nothing(file):
    chat = file.begin("a")
    with pytest.raises(ConversationsError, match="nothing to share"):
        file.share("a", chat.id)
    file.add("a", chat.id, "问", None)
    with pytest.raises(ConversationsError, match="nothing to share"):
        file.share("a", chat.id, 7)
    assert file.all_links() == []


def test_a_shared_chat_is_continued_as_ones_own_without_touching_the_first(file):
    chat = chat_of(file, "a", "一", "二")
    link = file.share("a", chat, 1)
    mine = file.continue_from(link.token, "b")
    file.add("b", mine.id, "三", None)
    assert mine.exchanges == 1
    assert [(e.number, e.question) for e in file.exchanges("b", mine.id)] == [(0, "二"), (1, "三")]
    assert [e.question for e in file.exchanges("a", chat)] == ["一", "二"]
    assert [e.question for e in file.shared(link.token)[1]] == ["二"]
    file.delete("a", chat)
    assert file.chats("b")[0].exchanges == 2


# The basket.


def test_the_basket_keeps_its_order_and_no_item_twice(file):
    first, second, third = (file.collect("a", item(said)) for said in "一二三")
    assert file.collect("a", replace(item("二"), added="2027-01-01T00:00:00+00:00")) == second
    assert file.basket("a") == [first, second, third]
    file.reorder("a", [third.id, 999, third.id])
    assert file.basket("a") == [third, first, second]
    assert file.drop("a", first.id)
    assert not file.drop("a", first.id)
    assert [c.item.text for c in file.basket("a")] == ["三", "二"]
    last = file.collect("a", item("四"))
    assert file.basket("a")[-1] == last
    assert file.collect("b", item("一")).id not in {first.id, second.id, third.id}


# Visitors.


def test_a_cookie_is_known_until_it_expires_or_is_dismissed(file):
    file.admit("h1", "a", "guest:x", LATER)
    file.admit("h2", "b", "guest:x", "2000-01-01T00:00:00+00:00")
    assert file.visitor("h1") == ("a", "guest:x")
    assert file.visitor("h2") is None
    assert file.visitor("h3") is None
    file.admit("h1", "a", "owner:y", LATER)
    assert file.visitor("h1") == ("a", "owner:y")
    file.dismiss("h1")
    assert file.visitor("h1") is None


def test_expired_cookies_do_not_pile_up(file):
    for n in range(20):
        file.admit(f"h{n}", "a", "", "2000-01-01T00:00:00+00:00")
    file.admit("h", "a", "", LATER)
    with sqlite3.connect(file.path) as look:
        assert look.execute("SELECT count(*) FROM cookies").fetchone() == (1,)
    look.close()


def test_what_a_visitor_stores_is_counted_and_bounded(file, monkeypatch):
    chat = chat_of(file, "a", "一")
    used = [file.used("a")]
    link = file.share("a", chat)
    used.append(file.used("a"))
    thing = file.collect("a", item())
    used.append(file.used("a"))
    assert 0 < used[0] < used[1] < used[2]
    monkeypatch.setattr(module, "STORAGE", used[2] + 10)
    for act in (
        lambda: file.add("a", chat, "二" * 20, None),
        lambda: file.share("a", chat),
        lambda: file.collect("a", item("二")),
        lambda: file.continue_from(link.token, "a"),
    ):
        with pytest.raises(ConversationsError, match="delete old chats"):
            act()
    assert file.used("a") == used[2]
    file.add("b", file.begin("b").id, "二", None)  # another has a share of their own
    file.drop("a", thing.id)
    file.delete("a", chat)
    assert file.used("a") == 0


def test_a_visitor_who_is_forgotten_leaves_nothing_in_the_file(file):
    word = "口令四十二"
    chat = file.begin("a")
    file.add("a", chat.id, word, None)
    file.share("a", chat.id)
    file.admit("hash-of-a", "a", "g", LATER)
    assert word.encode() in raw(file)
    file.forget("a")
    assert file.chats("a") == file.all_links() == []
    assert file.visitor("hash-of-a") is None
    assert word.encode() not in raw(file)


def test_a_deleted_chat_and_what_was_edited_away_are_overwritten_on_disk(file):
    chat = file.begin("a").id
    for word in ("口令一", "口令二"):
        file.add("a", chat, word, None)
    file.truncate("a", chat, 1)
    assert "口令二".encode() not in raw(file)
    file.delete("a", chat)
    assert "口令一".encode() not in raw(file)


# The file.


def test_all_is_there_when_the_file_is_opened_again(tmp_path):
    with opened(tmp_path) as file:
        chat = chat_of(file, "a", "一")
        link, thing, key = file.share("a", chat), file.collect("a", item()), file.fact("key")
        listed = file.chats("a")
    with opened(tmp_path) as file:
        assert (file.chats("a"), file.links("a"), file.basket("a")) == (listed, [link], [thing])
        assert file.fact("key") == key
        assert len(bytes.fromhex(key)) == 32


def test_the_file_is_for_its_user_alone(file):
    assert stat.S_IMODE(file.path.stat().st_mode) & 0o077 == 0


def test_a_file_of_a_newer_release_is_refused_and_left_as_it_was(tmp_path):
    with opened(tmp_path) as file:
        file._do("UPDATE facts SET value = '99' WHERE name = 'format'")
    with sqlite3.connect(tmp_path / module.FILE) as newer:
        newer.execute("DROP TABLE basket")
    newer.close()
    with pytest.raises(ConversationsError, match="has format 99, this version reads 1"):
        Conversations(tmp_path / module.FILE)
    with sqlite3.connect(tmp_path / module.FILE) as newer:
        assert not newer.execute("SELECT 1 FROM sqlite_schema WHERE name = 'basket'").fetchall()
    newer.close()


@pytest.mark.parametrize("where", ["no/such/folder", "."])
def test_a_place_that_holds_no_file_is_said_in_one_line(tmp_path, where):
    with pytest.raises(ConversationsError) as told:
        Conversations(tmp_path / where)
    assert "\n" not in str(told.value)


def test_a_file_that_is_something_else_or_cut_is_said_to_be_damaged(tmp_path):
    with opened(tmp_path) as file:
        for n in range(30):
            chat_of(file, "a", str(n))
    path = tmp_path / module.FILE
    whole = path.read_bytes()
    for data in (b"no database" * 99, whole[:5000], whole[:4096] + b"\xff" * len(whole[4096:])):
        path.write_bytes(data)
        with pytest.raises(ConversationsError, match="is damaged"), opened(tmp_path) as file:
            file.chats("a")
            chat_of(file, "a", "x")
    assert path.exists()  # it is never thrown away


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("SQLITE_FULL", "no space left"),
        ("SQLITE_READONLY", "may not be written"),
        ("SQLITE_BUSY", "another process"),
        ("SQLITE_IOERR_WRITE", "cannot be used"),
    ],
)
def test_a_fault_of_the_disk_is_one_clear_line_and_leaves_what_was(file, fault, said):
    chat = chat_of(file, "a", "一")
    before = file.exchanges("a", chat)
    error = sqlite3.OperationalError("x\ny")
    error.sqlite_errorname = fault
    real = file._do

    def failing(statement, *values):
        real(statement, *values)
        if statement.startswith("INSERT INTO exchanges"):
            raise error

    file._do = failing
    with pytest.raises(ConversationsError, match=said) as told:
        file.add("a", chat, "二", None)
    assert "\n" not in str(told.value)
    file._do = real
    assert file.exchanges("a", chat) == before
    file.add("a", chat, "三", None)


def test_a_full_disk_loses_nothing_and_writing_goes_on_when_there_is_room(file):
    chat = chat_of(file, "a", "一")
    (pages,) = file._one("PRAGMA page_count")
    file._all(f"PRAGMA max_page_count={pages}")
    with pytest.raises(ConversationsError, match="no space left"):
        for _ in range(50):
            file.add("a", chat, os.urandom(4000).hex(), None)
    count = len(file.exchanges("a", chat))
    file._all("PRAGMA max_page_count=100000")
    file.add("a", chat, "二", None)
    assert len(file.exchanges("a", chat)) == count + 1


def test_threads_and_a_second_process_lose_nothing_of_each_other(tmp_path):
    def work(file, visitor):
        chat = file.begin(visitor).id
        for n in range(5):
            file.add(visitor, chat, str(n), None)
            file.collect(visitor, item(str(n)))
        return [e.question for e in file.exchanges(visitor, chat)]

    with opened(tmp_path) as one, opened(tmp_path) as other, ThreadPoolExecutor(8) as pool:
        files = [one, other] * 4
        done = pool.map(work, files, map(str, range(8)))
        assert list(done) == [[str(n) for n in range(5)]] * 8
        assert [len(one.basket(str(n))) for n in range(8)] == [5] * 8


def test_threads_in_one_chat_get_a_number_each(file):
    chat = file.begin("a").id
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: file.add("a", chat, str(n), None), range(24)))
    assert sorted(e.number for e in made) == list(range(24))
    assert {(e.number, e.question) for e in file.exchanges("a", chat)} == {
        (e.number, e.question) for e in made
    }


def test_no_thread_sees_half_of_a_change(file):
    chat = chat_of(file, "a", "一")
    halfway, seen = threading.Event(), []

    def look():
        halfway.wait(10)
        seen.append(len(file.exchanges("a", chat)))

    reader = threading.Thread(target=look)
    reader.start()
    with pytest.raises(ZeroDivisionError), file._change():
        file._do("DELETE FROM exchanges")
        halfway.set()
        reader.join(0.05)
        raise ZeroDivisionError
    reader.join()
    assert seen == [1]


def test_several_may_make_the_file_at_once(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: Conversations(tmp_path / module.FILE), range(8)))
    assert len({file.fact("key") for file in made}) == 1
    for file in made:
        file.close()


def test_a_closed_file_says_so(tmp_path):
    with opened(tmp_path) as file:
        pass
    with pytest.raises(ConversationsError, match="cannot be used"):
        file.begin("a")
    with pytest.raises(ConversationsError, match="cannot be used"):
        file.chats("a")


_WRITER = """
import sys
from pathlib import Path
from types import SimpleNamespace
from rag.conversations import FREE_BYTES, Conversations
file = Conversations(Path(sys.argv[1]))
chat = sys.argv[2] or file.begin("a").id
print(chat, flush=True)
while True:
    print(file.add("a", chat, "问" * 2000, None).number, flush=True)
"""


def test_what_was_acknowledged_is_there_after_kill_9(tmp_path):
    path, chat, last = tmp_path / module.FILE, "", -1
    for acknowledgements in (1, 4, 9):
        command = [sys.executable, "-c", _WRITER, str(path), chat]
        writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        chat = writer.stdout.readline().decode().strip()
        for _ in range(acknowledgements):
            last = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.stdout.read().split()
        writer.stdout.close()
        assert writer.wait() == -signal.SIGKILL
        last = max([last, *map(int, rest)])
        with opened(tmp_path) as file:
            kept = file.exchanges("a", chat)
            assert [e.number for e in kept] == list(range(len(kept)))
            assert len(kept) in (last + 1, last + 2)  # one may have been stored but not told
            assert all(e.question == "问" * 2000 for e in kept)
            assert file._all("PRAGMA integrity_check") == [("ok",)]


def test_chats_that_nobody_can_open_go_in_the_end_and_all_others_stay(file):
    for visitor in ("with-cookie", "lost", "linked", "program-guest", "lately"):
        chat_of(file, visitor, "一")
        file.collect(visitor, item("一"))
    file.share("linked", file.chats("linked")[0].id)
    old = "2001-01-01T00:00:00+00:00"
    with sqlite3.connect(file.path) as change:
        change.execute("UPDATE chats SET changed = ? WHERE visitor != 'lately'", (old,))
    change.close()
    file.admit("h1", "with-cookie", "guest:x", LATER)
    for visitor in ("lost", "linked", "lately"):
        file.admit(f"of-{visitor}", visitor, "", old)
    file.admit("h2", "someone", "guest:x", LATER)
    kept = {"with-cookie", "linked", "program-guest", "lately"}
    assert {one for one in (*kept, "lost") if file.chats(one)} == kept
    assert len(file.all_links()) == 1
    assert {one for one in (*kept, "lost") if file.basket(one)} == {"with-cookie", "program-guest"}


def test_a_link_to_one_answer_is_called_after_it_and_not_after_the_chat(file):
    chat = chat_of(file, "a", "一", "二")
    file.rename("a", chat, "自己的标题")
    for number, question in ((0, "一"), (1, "二")):
        link = file.share("a", chat, number)
        assert file.shared(link.token)[0] == question
        assert file.continue_from(link.token, "b").title == question
    whole = file.share("a", chat)
    assert file.shared(whole.token)[0] == "自己的标题"


def test_numbers_that_sqlite_cannot_hold_are_one_line(file):
    chat = chat_of(file, "a", "一")
    for change in (lambda: file.share("a", chat, 10**30), lambda: file.drop("a", 10**30)):
        with pytest.raises(ConversationsError):
            change()


def test_chats_leave_the_disk_some_space(file, monkeypatch):
    chat = file.begin("a")
    nearly_full = SimpleNamespace(free=FREE_BYTES - 1)
    monkeypatch.setattr("rag.conversations.shutil.disk_usage", lambda _: nearly_full)
    with pytest.raises(ConversationsError, match="free some disk space"):
        file.add("a", chat.id, "问", None)
    assert file.exchanges("a", chat.id) == []
