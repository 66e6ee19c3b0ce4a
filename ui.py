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
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from index.errors import YinzhengError
from index.library import MAX_QUESTION, check_question
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

Message = MutableMapping[str, Any]

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
        *(f'<div class="yz-quiet">{escaped(note)}</div>' for note in answer.notes),
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
        f'<div class="yz-quiet yz-doubt"><b>{labels[claim.status.value]}</b> “{escaped(claim.text.strip())}”'
        f"<br>{'<br>'.join(escaped(problem) for problem in claim.problems)}</div>"
        for claim in answer.claims
        if claim.status is not Status.SUPPORTED
    )


def _related(answer: Answer) -> str:
    if not answer.related:
        return ""
    items = "".join(f"<li>{escaped(title)}</li>" for title in answer.related)
    label = _LABELS[answer.language]["related"]
    return f'<div class="yz-quiet"><b>{label}</b><ul>{items}</ul></div>'


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
        f'<div class="yz-quiet">{" · ".join(escaped(part) for part in about if part)}</div>'
        f"<blockquote>{escaped(citation.text)}</blockquote>"
        f'<div class="yz-quiet">{" · ".join(where)}</div></div>'
    )


def _summary(answer: Answer) -> str:
    labels = _LABELS[answer.language]
    borne_out = sum(claim.status is Status.SUPPORTED for claim in answer.claims)
    parts = [labels["supported"].format(len(answer.claims), borne_out)] if answer.claims else []
    parts += [labels["extractive"] if answer.llm == "extractive" else escaped(answer.llm)]
    parts += [f"{answer.timing.total / 1000:.1f} s"]
    return f'<div class="yz-quiet">{" · ".join(parts)}</div>'


def draft_html(draft: str, stages: Sequence[tuple[str, float]], language: Language) -> str:
    """Return an unchecked draft and the stages with their beginnings in seconds; the last goes on."""
    ends = [begun for _, begun in stages[1:]]
    done = [f"{name} {end - begun:.1f} s" for (name, begun), end in zip(stages, ends, strict=False)]
    line = " · ".join([*done, f"{stages[-1][0]} …"])
    return (
        f'<div class="yz-answer" lang="{language}"><div class="yz-text yz-draft">{escaped(draft)}</div>'
        f'<div class="yz-quiet">{line}</div></div>'
    )


def line_html(text: str, language: Language) -> str:
    """Return one line that takes the place of an answer."""
    return f'<div class="yz-answer" lang="{language}"><div class="yz-quiet">{escaped(text)}</div></div>'


# --- events -> what is shown


def converse(
    assistant: Streaming, question: str, before: Sequence[Exchange] = ()
) -> Iterator[Exchange]:
    """Yield an exchange as it grows; a failure becomes one line in it and is never raised."""
    clipped = question[:_SHOWN_QUESTION]
    language = language_of(encodable(clipped))
    shown = Exchange(question if len(question) <= MAX_QUESTION else f"{clipped}…", "")
    try:
        yield from _grow(assistant, check_question(question), before, shown)
    except YinzhengError as error:
        yield replace(shown, html=line_html(" ".join(str(error).split()), language))
    except Exception:
        _log.exception("a question was not answered")
        yield replace(shown, html=line_html(_LABELS[language]["failed"], language))


def _grow(
    assistant: Streaming, question: str, before: Sequence[Exchange], shown: Exchange
) -> Iterator[Exchange]:
    language, draft, last = language_of(question), "", 0.0
    stages: list[tuple[str, float]] = []
    for event in assistant.stream(question, turns(before)):
        now = time.perf_counter()
        if isinstance(event, Finished):
            html = answer_html(event.answer, f"answer{len(before)}")
            yield replace(shown, html=html, answer=event.answer.text)
            continue
        draft = draft + event.text if isinstance(event, Written) else draft
        name = _stage(event, _LABELS[language])
        if not stages or stages[-1][0] != name:
            stages.append((name, now))
        elif now - last < _REFRESH:
            continue
        last = now
        yield replace(shown, html=draft_html(draft, stages, language))


def _stage(event: Event, labels: Mapping[str, str]) -> str:
    match event:
        case Searching():
            return labels["searching"]
        case Found():
            return labels["reading"].format(len(event.evidence))
        case Written():
            return labels["writing"]
    return labels["checking"]


def turns(exchanges: Sequence[Exchange]) -> list[Turn]:
    """Return the turns of a conversation; a question without a checked answer is none."""
    answered = [exchange for exchange in exchanges if exchange.answer]
    return [
        turn
        for exchange in answered
        for turn in (Turn("user", exchange.question), Turn("assistant", exchange.answer))
    ]


def stopped(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Return a conversation whose last answer, if it was under way, is said to be stopped."""
    if not exchanges or exchanges[-1].answer:
        return list(exchanges)
    last = exchanges[-1]
    language = language_of(last.question)
    return [*exchanges[:-1], replace(last, html=line_html(_LABELS[language]["stopped"], language))]


def messages(exchanges: Sequence[Exchange]) -> list[dict[str, str]]:
    """Return a conversation as gradio's chatbot takes it."""
    return [
        message
        for exchange in exchanges
        for message in (
            {"role": "user", "content": f"<div>{escaped(exchange.question)}</div>"},
            {"role": "assistant", "content": exchange.html},
        )
    ]


# --- the page

_STYLE = """
.gradio-container { --quiet: color-mix(in srgb, var(--body-text-color) 72%, transparent);
  --mark: color-mix(in srgb, var(--color-accent) 60%, var(--body-text-color)); }
.gradio-container .fillable { max-width: 60rem !important; margin: 0 auto; }
.yz-header h1 { margin: 0; font-size: 1.4rem; }
.yz-header p { margin: 0; color: var(--quiet); }
.gradio-container .bubble-wrap, .gradio-container .placeholder-content { background: none; }
.examples .example { border: 1px solid var(--border-color-primary); border-radius: 8px; }
.bot .panel-full-width, .bot.message { background: none; border: 0; box-shadow: none; }
.yz-answer { overflow-wrap: anywhere; line-height: 1.7; }
.yz-answer :lang(zh-Hant), .yz-answer:lang(zh-Hant) {
  font-family: system-ui, "Noto Sans CJK TC", "PingFang TC", "Microsoft JhengHei", sans-serif; }
.yz-answer .yz-mark { text-decoration: none; font-size: .85em; color: var(--mark); }
.yz-partly { text-decoration: underline dotted var(--quiet); }
.yz-unsupported { text-decoration: underline wavy #d97706 1px; text-underline-offset: 3px; }
.yz-draft, .yz-quiet, .yz-quiet li { color: var(--quiet); }
.yz-quiet, .yz-quiet li { font-size: .95em; margin: .4em 0 0; }
.yz-doubt { border-left: 3px solid #d97706; padding-left: .7em; }
.yz-sources { margin-top: .8em; }
.yz-source { border: 1px solid var(--border-color-primary); border-radius: 8px;
  padding: .6em .9em; margin-top: .5em; scroll-margin: 1em; }
.yz-source:target { border-color: var(--color-accent); }
.yz-answer .yz-source blockquote { margin: .5em 0 !important; padding: 0 0 0 .8em;
  font-style: normal; color: var(--body-text-color); border-left: 3px solid var(--color-accent); }
@media (max-width: 600px) {
  .gradio-container .fillable { padding: .5rem; }
  .gradio-container .bubble-wrap .message-wrap { padding: 0 .2rem; }
}
"""

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; "
    "frame-src 'none'; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class SafeHeaders:
    """ASGI middleware: the browser itself loads nothing from elsewhere, whatever is on the page."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """Pass a request on, and add the headers to its answer."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        await self.app(scope, receive, with_headers)


def build(assistant: Streaming) -> "gr.Blocks":
    """Return the page; `serve` starts it with the settings that belong to it."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # is read on import
    import gradio as gr

    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_height=True) as page:
        gr.Markdown(f"# {TITLE}\n{_ABOUT}", elem_classes="yz-header")
        exchanges = gr.State([])
        chat = gr.Chatbot(
            show_label=False,
            label=TITLE,
            scale=1,
            height=200,
            layout="bubble",
            buttons=[],
            examples=[{"text": example} for example in EXAMPLES],
            allow_tags=False,
            latex_delimiters=[],  # formulas would be read from text that is already safe
            sanitize_html=True,
            feedback_options=None,
        )
        box = gr.Textbox(
            show_label=False,
            label=_PLACEHOLDER,
            placeholder=_PLACEHOLDER,
            container=False,
            autofocus=True,
            max_lines=6,
            max_length=MAX_QUESTION,
            submit_btn=True,
        )
        _wire(assistant, exchanges, chat, box)
    return page


def _wire(assistant: Streaming, exchanges: Any, chat: Any, box: Any) -> None:
    """Let the components answer to what is done with them."""
    import gradio as gr

    def ask(question: str, before: list[Exchange]) -> Iterator[tuple[Any, ...]]:
        if not question.strip():
            yield gr.skip(), gr.skip(), gr.skip()
            return
        yield gr.Textbox(value="", submit_btn=False, stop_btn=True), gr.skip(), gr.skip()
        for exchange in converse(assistant, question, before):
            now = [*before, exchange]
            yield gr.skip(), messages(now), now
        yield gr.Textbox(submit_btn=True, stop_btn=False), gr.skip(), gr.skip()

    def ask_example(
        before: list[Exchange], chosen: gr.SelectData
    ) -> Iterator[tuple[Any, ...]]:
        yield from ask(chosen.value["text"], before)

    def stop(before: list[Exchange]) -> tuple[Any, ...]:
        now = stopped(before)
        return gr.Textbox(submit_btn=True, stop_btn=False), messages(now), now

    shown = [box, chat, exchanges]
    private = {"api_visibility": "private", "show_progress": "hidden"}
    running = [
        box.submit(ask, [box, exchanges], shown, **private),
        chat.example_select(ask_example, [exchanges], shown, **private),
    ]
    box.stop(stop, [exchanges], shown, cancels=running, **private)
    chat.clear(list, None, [exchanges], **private)


def serve(assistant: Streaming, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Open the page at host:port until it is interrupted; port 0 picks a free one.

    Raises ConfigurationError if the port cannot be had.
    """
    with tempfile.TemporaryDirectory(prefix="yinzheng-") as folder:
        os.environ["GRADIO_TEMP_DIR"] = folder
        page = build(assistant).queue(**_QUEUE)
        port = port or _free_port(host)
        try:
            page.launch(server_name=host, server_port=port, **launch_settings(host))
        except OSError as error:
            problem = f"port {port} of {host} cannot be used: choose another with --port"
            raise ConfigurationError(problem) from error


def launch_settings(host: str) -> dict[str, Any]:
    """Return what `launch` is told: nothing is shared, uploaded, served from disk or reported."""
    import gradio as gr
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    fonts = ["system-ui", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "sans-serif"]
    local = ["127.0.0.1", "localhost"]
    # A name of elsewhere that leads to this machine is no way to a page that is for it alone.
    hosts = local if host in local else ["*"]
    return {
        "share": False,
        "show_error": False,
        "allowed_paths": [],
        "max_file_size": 1,  # byte: nothing is to be uploaded
        "strict_cors": True,
        "enable_monitoring": False,
        "run_history": False,
        "footer_links": [],
        "mcp_server": False,
        "pwa": False,
        "ssr_mode": False,
        "state_session_capacity": 1000,
        "theme": gr.themes.Soft(font=[gr.themes.Font(name) for name in fonts]),
        "css": _STYLE,
        "app_kwargs": {
            "middleware": [
                Middleware(SafeHeaders),
                Middleware(TrustedHostMiddleware, allowed_hosts=hosts),
            ]
        },
    }


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as probe:
        return int(probe.getsockname()[1])


def main() -> None:
    """Run `yinzheng chat` with the arguments given."""
    from rag.cli import main as run

    sys.argv.insert(1, "chat")
    run()


if __name__ == "__main__":
    main()
