import json

import pytest
from page_services import Scripted
from shown_answers import ANSWER, page_of

from index.filters import ALL
from page.access import Access, Limits
from page.chats import Chats, Open
from page.services import Visitor
from rag.errors import ConversationsError
from rag.types import Finished, Searching, Written


@pytest.fixture
def chats(services):
    services.models.assistant = Scripted(Searching("q"), Written("一年"), Finished(ANSWER))
    return Chats(services, "zh")


def ask(chats, visitor, question, open_=None, **settings):
    *_, last = chats.ask(visitor, question, open_ or Open(), **settings)
    return last


def command(chats, visitor, open_, **fields):
    return chats.command(visitor, json.dumps(fields), open_)


def questions(open_):
    return [one.question for one in open_.shown]


def test_an_answer_grows_in_the_chat_and_is_stored_when_it_ends(chats, services, visitor):
    views = list(chats.ask(visitor, "封顶多少？", Open()))
    assert [view.shown[-1].is_whole for view in views] == [False, False, True]
    (stored,) = services.conversations.exchanges(visitor.id, views[-1].chat)
    assert (stored.question, stored.answer) == ("封顶多少？", ANSWER)
    assert chats.opened(visitor, views[-1].chat) == views[-1]


def test_what_was_answered_before_goes_with_the_next_question(chats, services, visitor):
    first = ask(chats, visitor, "一？")
    second = ask(chats, visitor, "二？", first)
    assert questions(second) == ["一？", "二？"]
    _, history, filters = services.models.assistant.asked[-1]
    assert [turn.text for turn in history] == ["一？", ANSWER.text]
    assert filters is ALL


def test_a_question_that_is_stopped_is_stored_as_stopped(chats, services, visitor):
    growing = chats.ask(visitor, "封顶多少？", Open())
    under_way = next(growing)
    growing.close()
    (stored,) = services.conversations.exchanges(visitor.id, under_way.chat)
    assert stored.answer is None
    assert "已停止" in stored.line
    assert chats.settled(under_way) == chats.opened(visitor, under_way.chat)


def test_a_failure_is_stored_as_the_line_that_says_so(chats, services, visitor):
    services.models.assistant = Scripted(Searching("q"), ValueError("secret"))
    last = ask(chats, visitor, "封顶多少？")
    (stored,) = services.conversations.exchanges(visitor.id, last.chat)
    assert "出错了" in stored.line
    assert "secret" not in stored.line


def test_an_edited_question_takes_the_place_of_the_old_one_and_of_what_followed(
    chats, services, visitor
):
    third = ask(chats, visitor, "三？", ask(chats, visitor, "二？", ask(chats, visitor, "一？")))
    edited = ask(chats, visitor, "贰？", third, replaced="1")
    assert questions(edited) == ["一？", "贰？"]
    assert chats.opened(visitor, edited.chat) == edited


@pytest.mark.parametrize("replaced", ["", "7", "-1", "x", "１"])
def test_what_names_no_question_replaces_none(chats, visitor, replaced):
    first = ask(chats, visitor, "一？")
    assert questions(ask(chats, visitor, "二？", first, replaced=replaced))[:1] == ["一？"]


def test_nobody_opens_deletes_or_continues_the_chat_of_another(chats, services, visitor, stranger):
    chat = ask(chats, visitor, "一？").chat
    assert chats.opened(stranger, chat) == Open()
    command(chats, stranger, Open(), do="delete", chat=chat)
    assert chats.opened(visitor, chat).shown
    own = ask(chats, stranger, "二？", Open(chat))
    assert own.chat != chat
    assert services.models.assistant.asked[-1][1] == []
    assert len(services.conversations.exchanges(visitor.id, chat)) == 1


def test_a_question_in_a_chat_that_was_deleted_begins_a_new_one(chats, services, visitor):
    first = ask(chats, visitor, "一？")
    services.conversations.delete(visitor.id, first.chat)
    second = ask(chats, visitor, "二？", first)
    assert questions(second) == ["二？"]
    assert questions(chats.opened(visitor, second.chat)) == ["二？"]


def test_a_chat_is_opened_and_deleted_by_command(chats, visitor):
    one, other = ask(chats, visitor, "一？"), ask(chats, visitor, "二？")
    assert command(chats, visitor, other, do="open", chat=one.chat) == one
    assert command(chats, visitor, one, do="delete", chat=one.chat) == Open()
    assert command(chats, visitor, other, do="open", chat=one.chat) == Open()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"do": "open"}', '{"do": "format", "chat": "x"}', "[" * 9000]
)
def test_what_is_no_command_changes_nothing(chats, visitor, text):
    open_ = ask(chats, visitor, "一？")
    assert chats.command(visitor, text, open_) == open_


def test_over_the_limit_a_question_is_not_asked_and_the_reader_is_told_when(
    chats, services, visitor
):
    limited = Access(services.conversations, limits=Limits(questions=1))
    chats.services = type(services)(
        services.library,
        services.models,
        services.conversations,
        services.folder,
        limited,
        services.ingestion,
    )
    first = ask(chats, visitor, "一？")
    told = ask(chats, visitor, "二？", first)
    assert "秒后" in page_of(told.shown[-1].html).text
    assert len(services.models.assistant.asked) == 1
    assert len(services.conversations.exchanges(visitor.id, first.chat)) == 1


@pytest.mark.parametrize("role", ["owner", "guest"])
def test_an_answer_that_cannot_be_stored_is_shown_and_says_so(chats, services, monkeypatch, role):
    visitor, path = Visitor("visitor-3", role), str(services.conversations.path)

    def full(*_):
        raise ConversationsError(f"no space left for {path}: free some")

    monkeypatch.setattr(services.conversations, "add", full)
    shown = ask(chats, visitor, "封顶多少？").shown[-1]
    text = page_of(shown.html).text
    assert shown.answer == ANSWER
    assert ANSWER.text in text
    assert (path in text) == (role == "owner")
    assert role == "owner" or "未能保存" in text


def test_the_list_names_the_chats_of_the_visitor_and_marks_the_open_one(chats, visitor, stranger):
    open_ = ask(chats, visitor, "<b>一</b>？")
    page = page_of(chats.listed(visitor, open_))
    assert "<b>一</b>？" in page.text
    assert page.all("class", "yz-here")
    assert page.all("href", f"?chat={open_.chat}")
    assert "还没有对话" in page_of(chats.listed(stranger, Open())).text
