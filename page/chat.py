"""A conversation as it is shown: a question grows into a checked answer, or into one line."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from index.errors import YinzhengError
from index.filters import ALL, Filters
from index.library import MAX_QUESTION, check_question
from page.answer_view import Display, View, answer_html
from page.text import escaped, in_language
from rag.conversations import Exchange
from rag.suggestions import suggestions
from rag.types import (
    Answer,
    Event,
    Finished,
    Found,
    Language,
    Searching,
    Turn,
    Written,
)
from rag.understand import language_of

_log = logging.getLogger(__name__)

# Seconds between two views of a draft: nobody reads faster, and each view costs all visitors time,
# some 5 ms of one processor.
_REFRESH = 0.2
_UNSHOWN, _LONGEST_PAUSE = 3, 2.0  # times as long as a view took to be shown; seconds
_SHOWN_QUESTION = 500  # characters shown of a question that is too long to be asked

_LABELS = {
    "searching": ("检索", "searching"),
    "reading": ("读 {} 段", "reading {} passages"),
    "writing": ("撰写", "writing"),
    "checking": ("查证", "checking"),
    "stopped": ("已停止，答案不完整，未经查证。", "Stopped: the answer is not whole, nor checked."),
    "failed": ("出错了，没有答成；原因见日志。", "Something went wrong; the log says what."),
}


class Streaming(Protocol):
    """What a chat needs of an Assistant."""

    def stream(
        self, question: str, history: Sequence[Turn] = (), filters: Filters = ALL
    ) -> Iterator[Event]:
        """Yield Searching, Found, Written …, Checking, Finished."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A question and what is shown below it as it comes about."""

    question: str
    html: str
    answer: Answer | None = None
    line: str = ""  # instead of an answer
    is_whole: bool = False  # nothing more will come, be it an answer or a failure


def converse(
    assistant: Streaming,
    question: str,
    before: Sequence[Turn],
    view: View,
    filters: Filters = ALL,
) -> Iterator[Shown]:
    """Yield an exchange as it grows; a failure becomes one line in it and is never raised."""
    clipped = question[:_SHOWN_QUESTION]
    language = language_of(clipped)
    shown = Shown(question if len(question) <= MAX_QUESTION else f"{clipped}…", "")
    try:
        events = assistant.stream(check_question(question), before, filters)
        yield from _grow(events, shown, view, language)
    except YinzhengError as error:
        yield with_line(shown, " ".join(str(error).split()), language)
    except Exception:
        _log.exception("a question was not answered")
        yield with_line(shown, in_language(_LABELS, "failed", language), language)


def _grow(events: Iterator[Event], shown: Shown, view: View, language: Language) -> Iterator[Shown]:
    draft, last, pause = "", 0.0, _REFRESH
    stages: list[tuple[str, float]] = []
    for event in events:
        if isinstance(event, Finished):
            yield finished(shown, event.answer, view)
            return
        now, name = time.perf_counter(), _stage(event, language)
        is_empty = not draft
        draft += event.text if isinstance(event, Written) else ""
        is_new = not stages or stages[-1][0] != name
        if is_new:
            stages.append((name, now))
        # The first words do not wait; another stage does on a busy page, where views take long.
        if now - last < pause and not (is_empty and draft) and not (is_new and pause <= _REFRESH):
            continue
        yield replace(shown, html=draft_html(draft, stages, language))
        last = time.perf_counter()
        # Where others ask too, each view takes longer, and so fewer are shown.
        pause = min(_LONGEST_PAUSE, max(_REFRESH, _UNSHOWN * (last - now)))


def _stage(event: Event, language: Language) -> str:
    match event:
        case Searching():
            return in_language(_LABELS, "searching", language)
        case Found():
            return in_language(_LABELS, "reading", language).format(len(event.evidence))
        case Written():
            return in_language(_LABELS, "writing", language)
    return in_language(_LABELS, "checking", language)


def finished(shown: Shown, answer: Answer, view: View) -> Shown:
    """Return an exchange with its checked answer."""
    html = answer_html(answer, view, suggestions(answer))
    return replace(shown, html=html, answer=answer, is_whole=True)


def with_line(shown: Shown, text: str, language: Language) -> Shown:
    """Return an exchange with one line where an answer would stand."""
    return replace(shown, html=line_html(text, language), line=text, is_whole=True)


def stopped(shown: Shown) -> Shown:
    """Return an exchange that is said to be stopped, unless it is whole."""
    if shown.is_whole:
        return shown
    language = language_of(shown.question)
    return with_line(shown, in_language(_LABELS, "stopped", language), language)


def saved(exchange: Exchange, chat: str, display: Display) -> Shown:
    """Return an exchange as it was stored."""
    shown = Shown(exchange.question, "")
    if exchange.answer is None:
        return with_line(shown, exchange.line, language_of(exchange.question))
    return finished(shown, exchange.answer, view_of(chat, exchange.number, display))


def view_of(chat: str, number: int, display: Display) -> View:
    """Return how an exchange of a visitor's own chat is shown."""
    return View(f"answer{number}", display, chat=chat, number=number)


def draft_html(draft: str, stages: Sequence[tuple[str, float]], language: Language) -> str:
    """Return an unchecked draft and its stages, each with its beginning in seconds."""
    ends = [begun for _, begun in stages[1:]]
    done = [f"{name} {end - begun:.1f} s" for (name, begun), end in zip(stages, ends, strict=False)]
    line = " · ".join([*done, f"{stages[-1][0]} …"])
    return (
        f'<div class="yz-answer" lang="{language}"><div class="yz-draft">{escaped(draft)}</div>'
        f'<div class="yz-quiet" role="status">{line}</div></div>'
    )


def line_html(text: str, language: Language) -> str:
    """Return one line that stands where an answer would."""
    return f'<div class="yz-answer yz-draft" lang="{language}">{escaped(text)}</div>'


def messages(shown: Sequence[Shown]) -> list[Mapping[str, str]]:
    """Return a conversation as gradio's chatbot takes it."""
    return [
        {"role": role, "content": content}
        for one in shown
        for role, content in (
            ("user", f'<div class="yz-question">{escaped(one.question)}</div>'),
            ("assistant", one.html),
        )
    ]
