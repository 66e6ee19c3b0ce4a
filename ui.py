"""The chat page: shows what an Assistant does and the Answer that it gives; `python ui.py` = `yinzheng chat`.

All text that comes from outside (questions, drafts, documents, errors) goes through `escaped`,
which leaves neither HTML nor Markdown in it; every tag and every link on the page is written here.
"""

import logging
import os
import re
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from index.errors import YinzhengError
from index.library import MAX_QUESTION
from index.script import encodable
from rag.errors import ConfigurationError
from rag.types import (
    Answer,
    Checking,
    Citation,
    Claim,
    Event,
    Finished,
    Found,
    Language,
    Searching,
    Status,
    Turn,
    Written,
)
from rag.understand import language_of

if TYPE_CHECKING:
    import gradio as gr

_log = logging.getLogger(__name__)

TITLE = "Yinzheng 引证"
_ABOUT = "逐字可查的政策问答 · Answers from Chinese policy documents, each sentence with its source"
_PLACEHOLDER = "提问 · 提問 · Ask a question"
EXAMPLES = (
    "What does Dongguan give for BNCT drugs?",
    "东莞对BNCT硼药研发给什么奖励？",
    "廣東省未來生命健康產業集群主要依托哪些地市？",
    "How much does Dongguan give for phase IV trials of BNCT drugs?",  # no document says
)
# Seconds between two views of a draft: faster is not read, and each view costs every visitor time.
_REFRESH = 0.1
_SHOWN_QUESTION = 500  # characters of a question that is too long to be asked
_QUEUE = {"max_size": 40, "default_concurrency_limit": 4}

_LABELS: dict[Language, dict[str, str]] = {
    "zh": {
        "searching": "检索", "reading": "读 {} 段", "writing": "撰写", "checking": "核对",
        "stopped": "已停止，答案未写完，也未经核对。", "failed": "出了意外，这个问题没有答成；详情见服务器日志。",
        "supported": "{} 句中 {} 句有出处为证", "partly": "部分有据", "unsupported": "查无依据",
        "sources": "出处", "related": "资料库中最接近的文件（不能作为依据）", "place": "第 {}–{} 字",
        "extractive": "直接摘引原文",
    },
    "zh-Hant": {
        "searching": "檢索", "reading": "讀 {} 段", "writing": "撰寫", "checking": "核對",
        "stopped": "已停止，答案未寫完，也未經核對。", "failed": "出了意外，這個問題沒有答成；詳情見伺服器日誌。",
        "supported": "{} 句中 {} 句有出處為證", "partly": "部分有據", "unsupported": "查無依據",
        "sources": "出處", "related": "資料庫中最接近的文件（不能作為依據）", "place": "第 {}–{} 字",
        "extractive": "直接摘引原文",
    },
    "en": {
        "searching": "searching", "reading": "reading {} passages", "writing": "writing",
        "checking": "checking", "stopped": "Stopped: the answer is not whole and was not checked.",
        "failed": "Something went wrong and the question was not answered; the server's log says what.",
        "supported": "{1} of {0} sentences borne out by what they cite", "partly": "partly borne out",
        "unsupported": "not borne out", "sources": "Sources", "place": "characters {}–{}",
        "related": "Nearest in the library, not evidence", "extractive": "quoted from the documents",
    },
}  # fmt: skip


class Streaming(Protocol):
    """What the page needs of an Assistant."""

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[Event]:
        """Yield Searching, Found, Written …, Checking, Finished."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question as it was asked and what is shown below it."""

    question: str
    html: str
    answer: str = ""  # the checked text; "" while there is none


# --- text -> HTML; pure

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
# Controls that are not white space, and those that turn the direction of writing around.
_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_MARK = re.compile(r"\[(\d{1,3})\]")
_STOPS = " \n。！？!?.．；;…"


def escaped(text: str) -> str:
    """Return HTML that shows `text` as it is, on one line of source.

    All ASCII punctuation becomes character references, so that neither HTML nor Markdown nor an
    address that would be made a link is left; line breaks become <br>.
    """
    shown = _UNSHOWN.sub("", encodable(text).replace("\r\n", "\n"))
    safe = _PUNCTUATION.sub(lambda match: f"&#{ord(match[0])};", shown)
    return safe.replace("\n", "<br>")


def link(url: str) -> str:
    """Return a link to a web address, the mere text of any other."""
    try:
        parts = urlsplit(url)
        web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        web = False
    if not web:
        return escaped(url)
    return f'<a href="{escaped(url)}" target="_blank" rel="noopener noreferrer">{escaped(url)}</a>'


def answer_html(answer: Answer, key: str) -> str:
    """Return an answer with all that supports it; `key` is unique on the page."""
    parts = [
        f'<div class="yz-text">{_text(answer, key)}</div>',
        *(f'<div class="yz-note">{escaped(note)}</div>' for note in answer.notes),
        _doubts(answer),
        _related(answer),
        _sources(answer, key),
        _summary(answer),
    ]
    return f'<div class="yz-answer" lang="{answer.language}">{"".join(parts)}</div>'


def _text(answer: Answer, key: str) -> str:
    """Underline what is not borne out, and lead marks to their citations."""
    known = {citation.n for citation in answer.citations}
    return "".join(
        f'<span class="yz-{status}">{_marked(text, key, known)}</span>'
        if status
        else _marked(text, key, known)
        for text, status in _stretches(answer)
    )


def _stretches(answer: Answer) -> Iterator[tuple[str, str]]:
    """Split an answer's text into (text, status of a doubted claim or "")."""
    position = 0
    for claim in answer.claims:
        body = claim.text.strip(_STOPS)  # in the answer, the marks stand before the stop
        start = answer.text.find(body, position)
        if claim.status is Status.SUPPORTED or not body or start < 0:
            continue
        yield answer.text[position:start], ""
        yield body, claim.status.value
        position = start + len(body)
    yield answer.text[position:], ""


def _marked(text: str, key: str, known: set[int]) -> str:
    parts, position = [], 0
    for match in _MARK.finditer(text):
        if int(match[1]) in known:
            anchor = f'<a class="yz-mark" href="#{key}-{int(match[1])}">&#91;{int(match[1])}&#93;</a>'
            parts += [escaped(text[position : match.start()]), anchor]
            position = match.end()
    return "".join([*parts, escaped(text[position:])])


def _doubts(answer: Answer) -> str:
    labels = _LABELS[answer.language]
    return "".join(
        f'<div class="yz-doubt"><b>{labels[claim.status.value]}</b> “{escaped(claim.text.strip())}”'
        f"<br>{'<br>'.join(escaped(problem) for problem in claim.problems)}</div>"
        for claim in answer.claims
        if claim.status is not Status.SUPPORTED
    )


def _related(answer: Answer) -> str:
    if not answer.related:
        return ""
    items = "".join(f"<li>{escaped(title)}</li>" for title in answer.related)
    label = _LABELS[answer.language]["related"]
    return f'<div class="yz-related"><b>{label}</b><ul>{items}</ul></div>'


def _sources(answer: Answer, key: str) -> str:
    if not answer.citations:
        return ""
    label = _LABELS[answer.language]["sources"]
    items = "".join(_source(citation, key, answer.language) for citation in answer.citations)
    return f'<div class="yz-sources"><b>{label}</b>{items}</div>'


def _source(citation: Citation, key: str, language: Language) -> str:
    about = [citation.publisher, citation.date, citation.heading]
    place = _LABELS[language]["place"].format(citation.start, citation.end)
    where = [escaped(citation.source), place, *([link(citation.url)] if citation.url else [])]
    return (
        f'<div class="yz-source" id="{key}-{citation.n}" lang="{language_of(citation.text)}">'
        f'<div class="yz-title"><b>&#91;{citation.n}&#93;</b> {escaped(citation.title)}</div>'
        f'<div class="yz-about">{" · ".join(escaped(part) for part in about if part)}</div>'
        f"<blockquote>{escaped(citation.text)}</blockquote>"
        f'<div class="yz-about">{" · ".join(where)}</div></div>'
    )


def _summary(answer: Answer) -> str:
    labels = _LABELS[answer.language]
    borne_out = sum(claim.status is Status.SUPPORTED for claim in answer.claims)
    parts = [labels["supported"].format(len(answer.claims), borne_out)] if answer.claims else []
    parts += [labels["extractive"] if answer.llm == "extractive" else escaped(answer.llm)]
    parts += [f"{answer.timing.total / 1000:.1f} s"]
    return f'<div class="yz-stage">{" · ".join(parts)}</div>'


def draft_html(draft: str, stages: Sequence[tuple[str, float]], language: Language) -> str:
    """Return an unchecked draft and the stages with their beginnings in seconds; the last goes on."""
    ends = [begun for _, begun in stages[1:]]
    done = [f"{name} {end - begun:.1f} s" for (name, begun), end in zip(stages, ends, strict=False)]
    line = " · ".join([*done, f"{stages[-1][0]} …"])
    return (
        f'<div class="yz-answer" lang="{language}"><div class="yz-text yz-draft">{escaped(draft)}</div>'
        f'<div class="yz-stage">{line}</div></div>'
    )


def line_html(text: str, language: Language) -> str:
    """Return one line that takes the place of an answer."""
    return f'<div class="yz-answer" lang="{language}"><div class="yz-note">{escaped(text)}</div></div>'


# --- events -> what is shown


def converse(
    assistant: Streaming,
    question: str,
    before: Sequence[Exchange] = (),
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Exchange]:
    """Yield an exchange as it grows; a failure becomes one line in it and is never raised."""
    language = language_of(encodable(question[:MAX_QUESTION]))
    shown = Exchange(question if len(question) <= MAX_QUESTION else f"{question[:_SHOWN_QUESTION]}…", "")
    try:
        if len(question) > MAX_QUESTION:
            assistant = _Refusing()
        yield from _grow(assistant, question, before, shown, clock)
    except YinzhengError as error:
        yield replace(shown, html=line_html(" ".join(str(error).split()), language))
    except Exception:
        _log.exception("a question was not answered")
        yield replace(shown, html=line_html(_LABELS[language]["failed"], language))
