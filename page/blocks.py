"""The page of one language: chat, library, report, models; gradio's part of it.

Import it late: gradio takes seconds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from index.library import MAX_QUESTION
from page.answer_view import Display
from page.chat import messages
from page.chats import Chats, Open
from page.models_tab import ModelsTab
from page.services import Services, Visitor, visitor_of
from page.sidebar import foot_html, header_html, open_html
from page.text import in_language
from rag.types import Language

TITLE = "Yinzheng 引证"
_LABELS = {
    "about": (
        "政策问答，句句有出处",
        "Answers from policy documents, every sentence with its source",
    ),
    "ask": ("提问", "Ask a question"),
    "chat": ("问答", "Chat"),
    "library": ("资料库", "Library"),
    "report": ("报告", "Report"),
    "models": ("模型", "Models"),
    "try": ("可以这样问", "Questions like these"),
    "new": ("新对话", "New chat"),
    "chats": ("我的对话", "My chats"),
    "original": ("原样", "As written"),
    "zh": ("简体", "Simplified"),
    "zh-Hant": ("繁体", "Traditional"),
    "display": ("字形", "Script"),
    "kept": ("引文总是原样", "Quotations stay as they are"),
}
EXAMPLES = (
    "What does Dongguan give for BNCT drugs?",
    "东莞对BNCT硼药研发给什么奖励？",
    "廣東省未來生命健康產業集群主要依托哪些地市？",
    "How much does Dongguan give for phase IV trials of BNCT drugs?",  # no document says
)
_QUIET: Mapping[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
_SCRIPTS: tuple[Display, ...] = ("original", "zh", "zh-Hant")


def build(services: Services, language: Language) -> gr.Blocks:
    """Return the page in one language; `page.server` puts it behind an address."""
    from page.library_tab import build_library_tab
    from page.models_tab import build_models_tab
    from page.programs.gradio_api import add_api
    from page.report_tab import build_report_tab

    def label(name: str) -> str:
        return in_language(_LABELS, name, language)

    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_height=True) as page:
        # First, so that no event of the page takes their names.
        add_api(services.library, services.models, services.admit)
        side = _build_sidebar(services, language)
        gr.Markdown(header_html(TITLE, label("about"), language), elem_classes="yz-header")
        with gr.Tabs(elem_id="yz-tabs"):
            with gr.Tab(label("chat"), id="chat", scale=1) as chat:
                _build_chat(services, language, page, side, chat)
            with gr.Tab(label("library"), id="library"):
                build_library_tab(services, services.ingestion, language)
            with gr.Tab(label("report"), id="report") as report:
                build_report_tab(services, language, report)
            with gr.Tab(label("models"), id="models") as models:
                build_models_tab(services, language, models)
    return page


@dataclass(frozen=True, slots=True)
class _Sidebar:
    """What stands beside all tabs."""

    new: Any
    listed: Any
    display: Any


def _build_sidebar(services: Services, language: Language) -> _Sidebar:
    def label(name: str) -> str:
        return in_language(_LABELS, name, language)

    # Open, but on a phone: there page.js closes it, as only the browser knows how wide it is.
    with gr.Sidebar(label=label("chats"), open=True, width=260, elem_id="yz-sidebar"):
        new = gr.Button(label("new"), size="sm", elem_id="yz-new")
        gr.Markdown(f"### {label('chats')}")
        listed = gr.Markdown(elem_id="yz-chats")
        display = gr.Dropdown(
            [(label(name), name) for name in _SCRIPTS],
            value="original",
            label=label("display"),
            info=label("kept"),
            elem_id="yz-display",
        )
        gr.Markdown(foot_html(language, services.access.asks))
    return _Sidebar(new, listed, display)


def _build_chat(
    services: Services, language: Language, page: gr.Blocks, side: _Sidebar, tab: gr.Tab
) -> None:
    from page.filters import build_filters

    def label(name: str) -> str:
        return in_language(_LABELS, name, language)

    sign = gr.Markdown(elem_id="yz-sign", elem_classes="yz-hidden")
    log = gr.Chatbot(
        label=label("chat"),
        show_label=False,
        scale=1,  # takes the height that is left
        height=200,
        autoscroll=False,
        buttons=[],
        placeholder=f"### {label('try')}",
        examples=[{"text": example} for example in EXAMPLES],
        allow_tags=False,
        latex_delimiters=[],  # formulas are read from text that is no longer escaped
        sanitize_html=True,
        elem_id="yz-log",
    )
    box = gr.Textbox(
        label=label("ask"),
        show_label=False,
        placeholder=label("ask"),
        container=False,
        autofocus=True,
        max_lines=6,
        max_length=MAX_QUESTION,
        submit_btn=True,
        elem_id="yz-question",
    )
    filters = build_filters(services, language)
    model = gr.Markdown(elem_id="yz-model")
    replaced = gr.Textbox(visible="hidden", elem_id="yz-replaced")
    command = gr.Textbox(visible="hidden", elem_id="yz-command")
    run = gr.Button(visible="hidden", elem_id="yz-run")
    parts = _Parts(page, tab, side, sign, log, box, filters, model, replaced, command, run)
    _connect(Chats(services, language), ModelsTab(services, language), parts)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The components of a chat."""

    page: Any
    tab: Any
    side: _Sidebar
    sign: Any
    log: Any
    box: Any
    filters: Any
    model: Any  # a line: which model answers, where questions go
    replaced: Any
    command: Any
    run: Any


def _connect(chats: Chats, models: ModelsTab, parts: _Parts) -> None:
    """Let the components answer to what is done with them."""
    state = gr.State(Open())
    events = _Events(chats, models, parts)
    side = parts.side
    shown = [state, parts.log, parts.sign, side.listed]
    asking = [*shown, parts.box, parts.replaced, parts.model]
    filters = parts.filters.value
    running = [
        parts.box.submit(events.ask, [parts.box, state, parts.replaced, filters], asking, **_QUIET),
        parts.log.example_select(events.ask_example, [state, filters], asking, **_QUIET),
    ]
    # An answer that is whole leaves all in order; one that failed or was stopped does not.
    stopped = parts.box.stop(None, None, None, cancels=running, **_QUIET)
    for then in (*(event.failure for event in running), stopped.then):
        then(events.settle, [state], asking, **_QUIET)
    for other in (side.new, parts.run):  # what runs belongs to the chat that is left
        other.click(None, None, None, cancels=running, **_QUIET)
    side.new.click(events.begin, [state], asking, **_QUIET)
    side.display.input(events.redisplay, [state, side.display], shown, **_QUIET)
    parts.run.click(events.command, [parts.command, state], asking, **_QUIET)
    parts.page.load(events.load, None, shown, **_QUIET)
    # Another may answer by now: the owner may have changed it on this page or on another.
    gr.on([parts.page.load, parts.tab.select], events.model, None, [parts.model], **_QUIET)


class _Events:
    """What gradio calls when something is done on the page."""

    def __init__(self, chats: Chats, models: ModelsTab, parts: _Parts) -> None:
        self.chats, self.models, self.parts = chats, models, parts

    def model(self, request: gr.Request) -> str:
        return self.models.line(visitor_of(request))

    def _all_of(self, visitor: Visitor, open_: Open) -> tuple[Any, ...]:
        listed = self.chats.listed(visitor, open_)
        return open_, messages(open_.shown), open_html(open_.chat), listed

    def ask(
        self, question: str, open_: Open, replaced: str, filters: Any, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        same = gr.skip()
        if not question.strip():
            yield (same,) * 7
            return
        visitor, is_new = visitor_of(request), True
        found = self.parts.filters.read(filters)
        for now in self.chats.ask(visitor, question, open_, replaced, found):
            if now.shown[-1].is_whole:
                yield self._ready(visitor, now, is_new)
            elif is_new:
                box = gr.Textbox(value="", submit_btn=False, stop_btn=True)
                yield now, messages(now.shown), open_html(now.chat), same, box, "", same
            else:  # the state between the first and the last of an answer is never read again
                yield same, messages(now.shown), same, same, same, same, same
            is_new = False

    def _ready(self, visitor: Visitor, open_: Open, cleared: bool = False) -> tuple[Any, ...]:
        """Show all as it is once nothing runs any more."""
        box = gr.Textbox(submit_btn=True, stop_btn=False, **({"value": ""} if cleared else {}))
        return *self._all_of(visitor, open_), box, "", self.models.line(visitor)

    def ask_example(
        self, open_: Open, filters: Any, chosen: gr.SelectData, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        yield from self.ask(chosen.value["text"], open_, "", filters, request)

    def settle(self, open_: Open, request: gr.Request) -> tuple[Any, ...]:
        return self._ready(visitor_of(request), self.chats.settled(open_))

    def load(self, request: gr.Request) -> tuple[Any, ...]:
        visitor, id_ = visitor_of(request), request.query_params.get("chat", "")
        return self._all_of(visitor, self.chats.opened(visitor, id_))

    def redisplay(self, open_: Open, display: Display, request: gr.Request) -> tuple[Any, ...]:
        visitor = visitor_of(request)
        return self._all_of(visitor, self.chats.opened(visitor, open_.chat, display))

    def command(self, text: str, open_: Open, request: gr.Request) -> tuple[Any, ...]:
        visitor = visitor_of(request)
        return self._ready(visitor, self.chats.command(visitor, text, open_))

    def begin(self, open_: Open, request: gr.Request) -> tuple[Any, ...]:
        return self._ready(visitor_of(request), Open(display=open_.display))
