import logging
import re
from dataclasses import replace

import pytest
from shown_answers import ANSWER, HOSTILE, page_of

import page.chat
from index.errors import LibraryBusy
from index.filters import ALL, Filters
from index.library import MAX_QUESTION
from index.types import Hit, Passage, Scores, Span
from page.answer_view import View, answer_html
from page.chat import Shown, converse, draft_html, line_html, messages, saved, stopped, view_of
from rag.conversations import Exchange
from rag.errors import LanguageModelCut
from rag.types import Checking, Evidence, Finished, Found, Searching, Turn, Written

VIEW = View("answer0")


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile_questions_drafts_and_errors_are_shown_as_text(payload):
    asked = messages([Shown(payload, "")])[0]["content"]
    for html in (asked, draft_html(payload, [("写", 0.0)], "zh"), line_html(payload, "en")):
        page = page_of(html)
        assert payload in page.text
        assert {tag for tag, _ in page.tags} <= {"div", "br"}


class Scripted:
    """An Assistant that says what it is told to, and remembers what it was asked."""

    def __init__(self, *events):
        self.events, self.asked = events, []

    def stream(self, question, history=(), filters=ALL):
        self.asked.append((question, list(history), filters))
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            yield event


def evidence():
    passage = Passage(1, "a.txt", Span(0, 2), Span(0, 2), "一二", ())
    return (
        (Hit(passage, 1.0, Scores(1.0, None, None)),),
        (Evidence(1, passage, None, 1.0), Evidence(2, passage, None, 0.5)),
    )


def whole_run():
    draft = "一年封顶1500万元[1]。"
    return (
        Searching("封顶多少？"),
        Found(*evidence()),
        *(Written(character) for character in draft),
        Checking(draft),
        Finished(ANSWER),
    )


def shown_of(exchange):
    return page_of(exchange.html).text


def test_stages_and_the_draft_are_shown_and_then_replaced_by_the_checked_answer():
    exchanges = list(converse(Scripted(*whole_run()), "封顶多少？", (), VIEW))
    searching, reading, writing, *_, checking, answered = map(shown_of, exchanges)
    assert searching == "检索 …"
    assert re.fullmatch(r"检索 \d+\.\d s · 读 2 段 …", reading)
    assert writing.startswith("一检索")
    assert checking.startswith("一年封顶1500万元[1]。检索")
    assert checking.endswith("查证 …")
    assert answered == page_of(answer_html(ANSWER, VIEW)).text
    assert [exchange.is_whole for exchange in exchanges] == [False] * (len(exchanges) - 1) + [True]
    assert exchanges[-1].answer == ANSWER


def test_a_draft_is_shown_again_only_after_a_while(monkeypatch):
    monkeypatch.setattr(page.chat, "_REFRESH", 1e9)
    monkeypatch.setattr(page.chat, "_LONGEST_PAUSE", 1e9)
    assert len(list(converse(Scripted(*whole_run()), "封顶多少？", (), VIEW))) == 5
    monkeypatch.setattr(page.chat, "_REFRESH", 0.0)
    monkeypatch.setattr(page.chat, "_UNSHOWN", 0)
    assert len(list(converse(Scripted(*whole_run()), "封顶多少？", (), VIEW))) == len(whole_run())


def test_the_first_words_are_shown_at_once_though_a_model_began_with_none(monkeypatch):
    monkeypatch.setattr(page.chat, "_REFRESH", 1e9)
    monkeypatch.setattr(page.chat, "_LONGEST_PAUSE", 1e9)
    events = Scripted(Searching("q"), Written(""), Written(""), Written("封顶"), Written("600万元"))
    assert [shown_of(one) for one in converse(events, "封顶多少？", (), VIEW)][-1].startswith(
        "封顶"
    )


def test_the_slower_views_are_shown_the_fewer_there_are(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(page.chat.time, "perf_counter", lambda: now[0])

    class Slow(Scripted):
        def stream(self, *given):
            for event in super().stream(*given):
                now[0] += 0.1
                yield event

    def views(cost: float) -> int:
        count, written = 0, [Written(f"{number}") for number in range(100)]
        for _ in converse(Slow(*written), "封顶多少？", (), VIEW):
            now[0] += cost
            count += 1
        return count

    assert views(0.001) > 2 * views(0.5) > 0


def test_an_error_of_ours_is_one_line_below_the_question():
    told = LibraryBusy("the library is being written to:\ntry again")
    *_, last = converse(Scripted(Searching("q"), told), "what?", (), VIEW)
    assert shown_of(last) == "the library is being written to: try again"
    assert last.is_whole
    assert last.answer is None
    assert last.line == shown_of(last)


def test_an_unexpected_error_is_one_line_that_tells_nothing_and_is_logged(caplog):
    with caplog.at_level(logging.ERROR):
        *_, last = converse(Scripted(Searching("q"), ValueError("secret")), "多少？", (), VIEW)
    assert "出错了" in shown_of(last)
    assert "secret" not in last.html
    assert "secret" in caplog.text


def test_too_long_a_question_is_refused_unasked_and_not_shown_whole():
    assistant = Scripted(*whole_run())
    (only,) = converse(assistant, "多" * (MAX_QUESTION + 1), (), VIEW)
    assert assistant.asked == []
    assert f"{MAX_QUESTION:,}" in shown_of(only)
    assert len(only.question) < 1000


def test_a_question_with_half_a_character_is_asked_without_it():
    assistant = Scripted(*whole_run())
    exchanges = list(converse(assistant, "多少\ud800？", (), VIEW))
    assert assistant.asked[0][0] == "多少\ufffd？"
    messages(exchanges)[0]["content"].encode()


def test_history_and_filters_go_with_a_question():
    assistant, before = Scripted(*whole_run()), [Turn("user", "一？"), Turn("assistant", "甲[1]。")]
    only = Filters(publishers=("科技局",))
    list(converse(assistant, "三？", before, VIEW, only))
    assert assistant.asked == [("三？", before, only)]


def test_only_an_answer_that_is_under_way_is_said_to_be_stopped():
    under_way, *_ = converse(Scripted(*whole_run()), "東莞給多少獎勵？", (), VIEW)
    *_, failed = converse(Scripted(LanguageModelCut("it broke off")), "多少？", (), VIEW)
    assert shown_of(stopped(under_way)) == "已停止，答案不完整，未經查證。"
    assert stopped(under_way).is_whole
    assert stopped(failed) == failed


def test_a_stored_exchange_is_shown_as_it_was():
    *_, asked = converse(Scripted(*whole_run()), "封顶多少？", (), view_of("c", 2, "original"))
    stored = Exchange(2, "封顶多少？", "2026-01-01T00:00:00+00:00", ANSWER)
    assert saved(stored, "c", "original") == asked
    lost = saved(replace(stored, answer=None, line="已停止"), "c", "original")
    assert (shown_of(lost), lost.is_whole) == ("已停止", True)


def test_messages_are_questions_and_answers_in_turn():
    shown = messages([Shown("一？", "<div>甲</div>"), Shown("二？", "<div>乙</div>")])
    assert [message["role"] for message in shown] == ["user", "assistant"] * 2
    assert [page_of(message["content"]).text for message in shown] == ["一？", "甲", "二？", "乙"]
