"""The chat page: shows what an Assistant does and the Answer that it gives.

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
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from index.errors import YinzhengError
from index.library import MAX_QUESTION, check_question
from index.script import encodable, to_traditional
from index.types import Span
from rag.errors import ConfigurationError
from rag.types import (
    Answer,
    Citation,
    Event,
    Evidence,
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

Message = MutableMapping[str, Any]

_log = logging.getLogger(__name__)

TITLE = "Yinzheng 引证"
_ABOUT = "政策问答，句句有出处 · Answers from policy documents, every sentence with its source"
_PLACEHOLDER = "提问 · 提問 · Ask a question"
EXAMPLES = (
    "What does Dongguan give for BNCT drugs?",
    "东莞对BNCT硼药研发给什么奖励？",
    "廣東省未來生命健康產業集群主要依托哪些地市？",
    "How much does Dongguan give for phase IV trials of BNCT drugs?",  # no document says
)
# Seconds between two views of a draft: nobody reads faster, and each view costs all visitors time.
_REFRESH = 0.1
_SHOWN_QUESTION = 500  # characters shown of a question that is too long to be asked
_QUEUE = {"max_size": 40, "default_concurrency_limit": 4}

# Chinese is written here in Simplified, and shown in the script of the question.
_LABELS = {
    "searching": ("检索", "searching"),
    "reading": ("读 {} 段", "reading {} passages"),
    "writing": ("撰写", "writing"),
    "checking": ("查证", "checking"),
    "stopped": ("已停止，答案不完整，未经查证。", "Stopped: the answer is not whole, nor checked."),
    "failed": ("出错了，没有答成；原因见日志。", "Something went wrong; the log says what."),
    "supported": ("{} 句中 {} 句有出处支持", "{1} of {0} sentences borne out by what they cite"),
    "partly": ("部分有据", "Partly borne out"),
    "unsupported": ("查无依据", "Not borne out"),
    "sources": ("出处", "Sources"),
    "read": ("读过的 {} 段，为何找到", "{} passages read, and why they were found"),
    "dense": ("意思 {:.2f}", "meaning {:.2f}"),
    "lexical": ("词语 {:.1f}", "words {:.1f}"),
    "late": ("逐词 {:.2f}", "token by token {:.2f}"),
    "place": ("第 {}–{} 字", "characters {}–{}"),
    "page": ("第{0}页", "page {0}"),
    "also": ("另见于{0}", "also in {0}"),
    "choices": ("还可以更具体地问", "To ask for less"),
    "related": ("资料库中最接近的文件，不是依据", "Nearest in the library, not evidence"),
    "extractive": ("直接摘引原文", "quoted from the documents"),
}
# What rag.verify says of a claim; what does not stand here is shown in English.
_PROBLEMS = {
    r"cites nothing": "没有引用出处",
    r"cites \[(\d+)\], which does not exist": "所引的[{}]不存在",
    r"(.+) leaves out a denial": "{}漏掉了否定",
    r"(.+) does not stand in what is cited": "出处中没有{}",
    r"(.+) is not named in what is cited": "出处没有提到{}",
    r"(.+) is said to be (.+), and is (.+) in what is cited": "{}在这里是{}，出处中是{}",
    r"(.+) is per (.+), and per (.+) in what is cited": "{}按{}计，出处按{}计",
    r"(.+) is said of (.+), and of (.+) in what is cited": "{}说的是{}，出处中说的是{}",
    r"(.+) is no condition in what is cited": "出处没有{}这个条件",
    r"(.+) has (.+) in what is cited, not (.+)": "{}在出处中是{}，不是{}",
    r"(.+) is (.+) in what is cited": "{}在出处中是{}",
    r"says (.+) where what is cited says (.+)": "说的是{}，出处说的是{}",
    r"says (.+), which what is cited does not say": "出处没有说{}",
    r"says (.+), and what is cited is a draft": "说{}，出处只是征求意见稿",
    r"denies (.+), which is affirmed in what is cited": "否定了出处肯定的{}",
    r"affirms (.+), which is denied in what is cited": "肯定了出处否定的{}",
    r"denies something that what is cited does not deny": "否定了出处没有否定的内容",
    r"affirms something, and what is cited denies": "肯定了出处否定的内容",
    r"hardly any of its words stand in what is cited": "措辞几乎都不见于出处",
    r"many of its words do not stand in what is cited": "不少措辞不见于出处",
    r"quotes in another language than what is cited": "引文与出处不是同一种语言",
    r"is in another language than what is cited, .+": "与出处语言不同，又没有可比的数字或地名",
    r"(.+) cannot be compared with what is cited": "{}无法与出处比对",
    r"is too long to be checked": "过长，无法查证",
    r"cites more than can be compared": "所引过长，无法比对",
}


class Streaming(Protocol):
    """What the page needs of an Assistant."""

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[Event]:
        """Yield Searching, Found, Written …, Checking, Finished."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question as it was asked and what is shown below it."""

    question: str
    html: str
    answer: str = ""  # the checked text; "" if there is none
    is_whole: bool = False  # nothing more will come, be it an answer or a failure


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
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_web = False
    safe = escaped(url)
    attributes = f'href="{safe}" target="_blank" rel="noopener noreferrer"'
    return f"<a {attributes}>{safe}</a>" if is_web else safe


def worded(problem: str, language: Language) -> str:
    """Return what `rag.verify` says of a claim in the language of the answer."""
    for pattern, chinese in _PROBLEMS.items():
        if language != "en" and (match := re.fullmatch(pattern, problem, re.DOTALL)):
            return _in_script(chinese, language).format(*match.groups())
    return problem


def answer_html(answer: Answer, key: str) -> str:
    """Return an answer with all that supports it; `key` is unique on the page."""
    parts = [
        f"<div>{_text(answer, key)}</div>",
        *(f'<div class="yz-quiet">{escaped(note)}</div>' for note in answer.notes),
        f'<div class="yz-quiet">{_summary(answer)}</div>',
        *_doubts(answer),
        *_conflicts(answer, key),
        *_related(answer),
        *_choices(answer),
        *_sources(answer, key),
        *_read(answer),
    ]
    return f'<div class="yz-answer" lang="{answer.language}">{"".join(parts)}</div>'


def draft_html(draft: str, stages: Sequence[tuple[str, float]], language: Language) -> str:
    """Return an unchecked draft and its stages, each with its beginning in seconds."""
    ends = [begun for _, begun in stages[1:]]
    done = [f"{name} {end - begun:.1f} s" for (name, begun), end in zip(stages, ends, strict=False)]
    line = " · ".join([*done, f"{stages[-1][0]} …"])
    return (
        f'<div class="yz-answer" lang="{language}"><div class="yz-draft">{escaped(draft)}</div>'
        f'<div class="yz-quiet">{line}</div></div>'
    )


def line_html(text: str, language: Language) -> str:
    """Return one line that stands where an answer would."""
    return f'<div class="yz-answer yz-draft" lang="{language}">{escaped(text)}</div>'


def _label(name: str, language: Language) -> str:
    chinese, english = _LABELS[name]
    return english if language == "en" else _in_script(chinese, language)


def _in_script(chinese: str, language: Language) -> str:
    return to_traditional(chinese) if language == "zh-Hant" else chinese


def _text(answer: Answer, key: str) -> str:
    """Underline what is not borne out, and let marks lead to their citations."""
    known = {citation.n for citation in answer.citations}
    return "".join(
        f'<span class="yz-{status}">{_marked(text, key, known)}</span>'
        for text, status in _stretches(answer)
    )


def _stretches(answer: Answer) -> Iterator[tuple[str, Status]]:
    """Split an answer's text into claims, each with its status, and what lies between them."""
    position = 0
    for claim in answer.claims:
        body = claim.text.strip(_STOPS)  # in the answer, the marks stand before the stop
        start = answer.text.find(body, position)
        if not body or start < 0:
            continue
        yield answer.text[position:start], Status.SUPPORTED
        yield body, claim.status
        position = start + len(body)
    yield answer.text[position:], Status.SUPPORTED


def _marked(text: str, key: str, known: set[int]) -> str:
    parts, position = [], 0
    for match in _MARK.finditer(text):
        if (n := int(match[1])) in known:
            anchor = f'<a class="yz-mark" href="#{key}-{n}">&#91;{n}&#93;</a>'
            parts += [escaped(text[position : match.start()]), anchor]
            position = match.end()
    return "".join([*parts, escaped(text[position:])])


def _summary(answer: Answer) -> str:
    parts = []
    if answer.claims:
        supported = sum(claim.status is Status.SUPPORTED for claim in answer.claims)
        parts.append(_label("supported", answer.language).format(len(answer.claims), supported))
    if answer.llm != "extractive":
        parts.append(escaped(answer.llm))
    elif not answer.refused:
        parts.append(_label("extractive", answer.language))
    return " · ".join([*parts, f"{answer.timing.total / 1000:.1f} s"])


def _doubts(answer: Answer) -> Iterator[str]:
    for claim in answer.claims:
        if claim.status is not Status.SUPPORTED:
            label = f"<b>{_label(claim.status.value, answer.language)}</b>"
            problems = (escaped(worded(problem, answer.language)) for problem in claim.problems)
            lines = "<br>".join([f"{label} “{escaped(claim.text.strip())}”", *problems])
            yield f'<div class="yz-quiet yz-doubt">{lines}</div>'


def _conflicts(answer: Answer, key: str) -> Iterator[str]:
    known = {citation.n for citation in answer.citations}
    for conflict in answer.conflicts:
        yield f'<div class="yz-quiet yz-doubt">{_marked(conflict.text, key, known)}</div>'


def _related(answer: Answer) -> Iterator[str]:
    if answer.related:
        yield _list("related", answer.related, answer.language)


def _choices(answer: Answer) -> Iterator[str]:
    if answer.choices:
        yield _list("choices", answer.choices, answer.language)


def _list(label: str, items: Iterable[str], language: Language) -> str:
    lines = "".join(f'<li lang="{language_of(item)}">{escaped(item)}</li>' for item in items)
    return f'<div class="yz-quiet"><b>{_label(label, language)}</b><ul>{lines}</ul></div>'


def _sources(answer: Answer, key: str) -> Iterator[str]:
    if answer.citations:
        yield f'<div class="yz-sources"><b>{_label("sources", answer.language)}</b></div>'
    for citation in answer.citations:
        yield _source(citation, key, answer.language)


def _source(citation: Citation, key: str, language: Language) -> str:
    about = (citation.publisher, citation.date, citation.heading)
    place = _label("place", language).format(citation.start, citation.end)
    page = _label("page", language).format(citation.page) if citation.page else ""
    also = _label("also", language).format("、".join(citation.also)) if citation.also else ""
    where = (escaped(citation.source), page, place, link(citation.url), escaped(also))
    return (
        f'<div class="yz-source" id="{key}-{citation.n}" lang="{language_of(citation.text)}">'
        f"<div><b>&#91;{citation.n}&#93;</b> {escaped(citation.title)}</div>"
        f'<div class="yz-quiet">{" · ".join(escaped(part) for part in about if part)}</div>'
        f"<blockquote>{escaped(citation.text)}</blockquote>"
        f'<div class="yz-quiet">{" · ".join(part for part in where if part)}</div></div>'
    )


def _read(answer: Answer) -> Iterator[str]:
    """Yield, folded away, what was read for an answer, and why it was found."""
    if answer.evidence and not answer.refused:
        label = _label("read", answer.language).format(len(answer.evidence))
        items = "".join(_passage(one, answer.language) for one in answer.evidence)
        yield f'<details class="yz-read"><summary>{label}</summary>{items}</details>'


def _passage(evidence: Evidence, language: Language) -> str:
    passage, known = evidence.passage, asdict(evidence.scores)
    title = " › ".join(part for part in (evidence.metadata.title, *passage.heading) if part)
    why = [
        _label(name, language).format(score) for name, score in known.items() if score is not None
    ]
    return (
        f'<div class="yz-source" lang="{language_of(passage.text)}"><div>{escaped(title)}</div>'
        f'<div class="yz-quiet">{" · ".join(why)}</div>'
        f"<blockquote>{_highlighted(passage.text, evidence.matched)}</blockquote></div>"
    )


def _highlighted(text: str, spans: Iterable[Span]) -> str:
    """Mark the words that matched; spans come in order and do not overlap."""
    parts, position = [], 0
    for span in spans:
        before, word = escaped(text[position : span.start]), escaped(span.of(text))
        parts += [before, f"<mark>{word}</mark>"]
        position = span.end
    return "".join([*parts, escaped(text[position:])])


# --- events -> what is shown


def converse(
    assistant: Streaming, question: str, before: Sequence[Exchange] = ()
) -> Iterator[Exchange]:
    """Yield an exchange as it grows; a failure becomes one line in it and is never raised."""
    clipped = question[:_SHOWN_QUESTION]
    language = language_of(clipped)
    shown = Exchange(question if len(question) <= MAX_QUESTION else f"{clipped}…", "")
    try:
        yield from _grow(assistant, check_question(question), before, shown)
    except YinzhengError as error:
        yield _with_line(shown, " ".join(str(error).split()), language)
    except Exception:
        _log.exception("a question was not answered")
        yield _with_line(shown, _label("failed", language), language)


def _grow(
    assistant: Streaming, question: str, before: Sequence[Exchange], shown: Exchange
) -> Iterator[Exchange]:
    language, draft, last = language_of(question), "", 0.0
    stages: list[tuple[str, float]] = []
    for event in assistant.stream(question, turns(before)):
        if isinstance(event, Finished):
            html = answer_html(event.answer, f"answer{len(before)}")
            yield replace(shown, html=html, answer=event.answer.text, is_whole=True)
            return
        now, name = time.perf_counter(), _stage(event, language)
        draft += event.text if isinstance(event, Written) else ""
        if not stages or stages[-1][0] != name:
            stages.append((name, now))
        elif now - last < _REFRESH:
            continue
        last = now
        yield replace(shown, html=draft_html(draft, stages, language))


def _stage(event: Event, language: Language) -> str:
    match event:
        case Searching():
            return _label("searching", language)
        case Found():
            return _label("reading", language).format(len(event.evidence))
        case Written():
            return _label("writing", language)
    return _label("checking", language)


def turns(exchanges: Sequence[Exchange]) -> list[Turn]:
    """Return the turns of a conversation, without questions that have no checked answer."""
    return [
        turn
        for exchange in exchanges
        for turn in (Turn("user", exchange.question), Turn("assistant", exchange.answer))
        if exchange.answer
    ]


def stopped(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Return a conversation whose last answer, if it is not whole, is said to be stopped."""
    if not exchanges or exchanges[-1].is_whole:
        return list(exchanges)
    *earlier, last = exchanges
    language = language_of(last.question)
    return [*earlier, _with_line(last, _label("stopped", language), language)]


def _with_line(exchange: Exchange, text: str, language: Language) -> Exchange:
    return replace(exchange, html=line_html(text, language), is_whole=True)


def messages(exchanges: Sequence[Exchange]) -> list[dict[str, str]]:
    """Return a conversation as gradio's chatbot takes it."""
    return [
        {"role": role, "content": content}
        for exchange in exchanges
        for role, content in (
            ("user", f'<div class="yz-question">{escaped(exchange.question)}</div>'),
            ("assistant", exchange.html),
        )
    ]


# --- the page

_STYLE = """
.gradio-container { --quiet: color-mix(in srgb, var(--body-text-color) 75%, transparent);
  --mark: color-mix(in srgb, var(--color-accent) 45%, var(--body-text-color)); }
.gradio-container .fillable { max-width: 60rem !important; margin: 0 auto;
  padding: 1rem min(2rem, 2.5vw) !important; }
.yz-header h1 { margin: 0; font-size: 1.4rem; }
.yz-header p { margin: 0; color: var(--quiet); }
.examples .example { border: 1px solid var(--border-color-primary); border-radius: 8px; }
.bot .panel-full-width, .bot.message { background: none; border: 0; box-shadow: none; }
.gradio-container .user-row { margin-right: 3rem; }
.gradio-container .bot-row { margin-inline: min(20px, 1vw); max-width: none !important; }
.gradio-container textarea::placeholder { color: var(--quiet); }
.yz-question { overflow-wrap: anywhere; scroll-margin: 1rem; }
.yz-answer { overflow-wrap: anywhere; line-height: 1.7; }
.yz-answer :lang(zh-Hant), .yz-answer:lang(zh-Hant) {
  font-family: system-ui, "Noto Sans CJK TC", "PingFang TC", "Microsoft JhengHei", sans-serif; }
.yz-answer .yz-mark { text-decoration: none; font-size: .85em; color: var(--mark); }
.yz-partly { text-decoration: underline dotted; text-underline-offset: 3px; }
.yz-unsupported { text-decoration: underline wavy #d97706 1px; text-underline-offset: 3px; }
.yz-draft, .yz-quiet, .yz-quiet li { color: var(--quiet); }
.yz-quiet { font-size: .875em; margin-top: .3em; }
.yz-answer .yz-quiet li { font-size: 1em; margin: 0; }
.yz-doubt { border-left: 3px solid #d97706; padding-left: .7em; margin-top: .6em; }
.yz-sources { margin-top: .8em; }
.yz-read { margin-top: .8em; color: var(--body-text-color-subdued); font-size: .9em; }
.yz-read summary { cursor: pointer; }
.yz-read mark { background: none; color: var(--body-text-color); font-weight: 600; }
.yz-source { border: 1px solid var(--border-color-primary); border-radius: 8px;
  padding: .6em .9em; margin-top: .5em; scroll-margin: 1rem; }
.yz-source:target { border-color: var(--color-accent); }
.yz-answer .yz-source blockquote { margin: .5em 0 !important; padding: 0 0 0 .8em;
  font-style: normal; color: var(--body-text-color); border-left: 3px solid var(--color-accent); }
"""
# A long answer is read from its beginning: the newest question is kept at the top while its answer
# is written (gradio would go to the end), until the reader scrolls.
_SCROLL = """<script>
(() => {
  let seen = 0, follow = false;
  for (const type of ["wheel", "touchmove"])
    addEventListener(type, () => { follow = false; }, { passive: true });
  new MutationObserver(() => {
    const asked = document.querySelectorAll(".yz-question");
    if (asked.length !== seen) { follow = asked.length > seen; seen = asked.length; }
    if (!follow) return;
    asked[asked.length - 1].scrollIntoView({ block: "start" });
    const answers = document.querySelectorAll(".yz-answer:not(:has(.yz-draft))");
    follow = answers.length < asked.length;
  }).observe(document, { childList: true, subtree: true });
})();
</script>"""
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; "
    "connect-src 'self'; frame-src 'none'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
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
        """Pass a request on, and add the headers to what is answered."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        await self.app(scope, receive, with_headers)


def build(assistant: Streaming) -> "gr.Blocks":
    """Return the page; `serve` opens it with the settings that belong to it."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # is read on import
    import gradio as gr

    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_height=True) as page:
        gr.Markdown(f"# {TITLE}\n{_ABOUT}", elem_classes="yz-header")
        chat = gr.Chatbot(
            label=TITLE,
            show_label=False,
            scale=1,  # takes the height that is left
            height=200,
            autoscroll=False,
            buttons=[],
            examples=[{"text": example} for example in EXAMPLES],
            allow_tags=False,
            latex_delimiters=[],  # formulas are read from text that is no longer escaped
            sanitize_html=True,
        )
        box = gr.Textbox(
            label=_PLACEHOLDER,
            show_label=False,
            placeholder=_PLACEHOLDER,
            container=False,
            autofocus=True,
            max_lines=6,
            max_length=MAX_QUESTION,
            submit_btn=True,
        )
        _connect(assistant, gr.State([]), chat, box)
    return page


def _connect(assistant: Streaming, exchanges: Any, chat: Any, box: Any) -> None:
    """Let the components answer to what is done with them."""
    import gradio as gr

    def ask(question: str, before: list[Exchange]) -> Iterator[tuple[Any, ...]]:
        if not question.strip():
            yield gr.skip(), gr.skip(), gr.skip()
            return
        yield gr.Textbox(value="", submit_btn=False, stop_btn=True), gr.skip(), gr.skip()
        earlier = stopped(before)
        for exchange in converse(assistant, question, earlier):
            now = [*earlier, exchange]
            yield gr.skip(), messages(now), now

    def ask_example(before: list[Exchange], chosen: gr.SelectData) -> Iterator[tuple[Any, ...]]:
        yield from ask(chosen.value["text"], before)

    def settle(before: list[Exchange]) -> tuple[Any, ...]:
        ready = gr.Textbox(submit_btn=True, stop_btn=False)
        if before and before[-1].is_whole:
            return ready, gr.skip(), gr.skip()
        now = stopped(before)
        return ready, messages(now), now

    shown = [box, chat, exchanges]
    quiet = {"api_visibility": "private", "show_progress": "hidden"}
    running = [
        box.submit(ask, [box, exchanges], shown, **quiet),
        chat.example_select(ask_example, [exchanges], shown, **quiet),
    ]
    for event in running:
        event.then(settle, [exchanges], shown, **quiet)  # also follows an event that was cancelled
    box.stop(None, None, None, cancels=running, **quiet)
    chat.clear(None, None, None, cancels=running, **quiet)  # at once, not after the next
    chat.clear(lambda: ([], []), None, [chat, exchanges], **quiet)


def launch_settings(host: str) -> dict[str, Any]:
    """Return what `launch` is told: nothing is shared, uploaded, served from disk or reported."""
    import gradio as gr
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    fonts = ["system-ui", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "sans-serif"]
    # A foreign name that leads to this machine opens no page that is meant for it alone.
    local = ["127.0.0.1", "localhost"]
    names = Middleware(TrustedHostMiddleware, allowed_hosts=local if host in local else ["*"])
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
        "head": _SCROLL,
        "app_kwargs": {"middleware": [Middleware(SafeHeaders), names]},
    }


def serve(assistant: Streaming, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Open the page at host:port until it is interrupted; port 0 picks a free one.

    Raises ConfigurationError if the port cannot be had.
    """
    with tempfile.TemporaryDirectory(prefix="yinzheng-") as folder:
        os.environ["GRADIO_TEMP_DIR"] = folder
        _pass_proxy(host)
        page = build(assistant).queue(**_QUEUE)
        try:
            chosen = port or _free_port(host)
            page.launch(server_name=host, server_port=chosen, **launch_settings(host))
        except OSError as error:
            problem = f"port {port} of {host} cannot be opened: choose another --port or --host"
            raise ConfigurationError(problem) from error


def _pass_proxy(host: str) -> None:
    """Let gradio reach its own page, which it calls once on start, where a proxy is set."""
    before = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    os.environ["no_proxy"] = ",".join(filter(None, [before, "127.0.0.1", "localhost", host]))


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
