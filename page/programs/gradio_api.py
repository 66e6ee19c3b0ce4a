"""The page's own API: ask, search, passage and verify_quote for `gradio_client` and any HTTP."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from index.library import Library
from page.programs import tools
from page.programs.schema import Message
from rag.errors import ProgramError

ASK = (
    "Answer a question (Simplified, Traditional or English) from the documents of the library. "
    "Every sentence carries marks [n] of citations; the raw text of a citation's source from "
    "start to end is its quote. history: messages {role: user or assistant, content}, the oldest "
    "first. regions, publishers, sources: only such documents; after, before: a day, month or year."
)
SEARCH = "Find the k (1 to 100) passages of the library that fit a question best."
PASSAGE = (
    "Look up a place in a document: its raw text from start to end, cleaned and as it stands, "
    "with title, heading, date, publisher, page, SHA-256 and what stands around it."
)
VERIFY_QUOTE = (
    "Tell whether a quotation (8 to 2,000 characters) stands word for word in a document, or in "
    "any if source is empty, and list every place. Width, case, script and white space do not "
    "count, an ellipsis divides parts. nearest is a hint found by search, no proof."
)


def add_api(library: Library, models: tools.Models, admit: tools.Admit) -> None:
    """Add the four endpoints to the gr.Blocks at hand; `admit` gets the Starlette request."""
    import gradio as gr

    for function, description in (
        (_ask(models, admit), ASK),
        (_search(library, admit), SEARCH),
        (_passage(library, admit), PASSAGE),
        (_verify_quote(library, admit), VERIFY_QUOTE),
    ):
        gr.api(function, api_name=function.__name__, api_description=description)


# gradio reads names and hints of the functions' parameters, and passes the request by its hint.


def _ask(models: tools.Models, admit: tools.Admit) -> Callable[..., Any]:
    import gradio as gr

    def ask(
        request: gr.Request,
        question: str,
        history: list[Message] = [],  # noqa: B006 -- shown to users as the default, never changed
        regions: list[str] = [],  # noqa: B006
        after: str = "",
        before: str = "",
        publishers: list[str] = [],  # noqa: B006
        sources: list[str] = [],  # noqa: B006
    ) -> dict[str, Any]:
        with _telling(), tools.answering(admit, request.request):
            filters = tools.filters_of(regions, after, before, publishers, sources)
            return dict(tools.ask(models.assistant, question, history, filters))

    return ask


def _search(library: Library, admit: tools.Admit) -> Callable[..., Any]:
    import gradio as gr

    def search(
        request: gr.Request,
        question: str,
        k: int = 10,
        regions: list[str] = [],  # noqa: B006
        after: str = "",
        before: str = "",
        publishers: list[str] = [],  # noqa: B006
        sources: list[str] = [],  # noqa: B006
    ) -> dict[str, Any]:
        with _telling(), tools.looking_up(admit, request.request):
            filters = tools.filters_of(regions, after, before, publishers, sources)
            return dict(tools.search(library, question, k, filters))

    return search


def _passage(library: Library, admit: tools.Admit) -> Callable[..., Any]:
    import gradio as gr

    def passage(request: gr.Request, source: str, start: int, end: int) -> dict[str, Any]:
        with _telling(), tools.looking_up(admit, request.request):
            return dict(tools.passage(library, source, start, end))

    return passage


def _verify_quote(library: Library, admit: tools.Admit) -> Callable[..., Any]:
    import gradio as gr

    def verify_quote(request: gr.Request, quote: str, source: str = "") -> dict[str, Any]:
        with _telling(), tools.answering(admit, request.request):
            return dict(tools.verify_quote(library, quote, source))

    return verify_quote


@contextmanager
def _telling() -> Iterator[None]:
    """Turn what goes wrong into the one line that gradio sends."""
    import gradio as gr

    try:
        yield
    except ProgramError as error:
        raise gr.Error(str(error), print_exception=False) from error
