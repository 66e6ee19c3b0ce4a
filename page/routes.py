"""Addresses of the page beside gradio's: texts to copy, references, the basket, links to chats."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast, get_args

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)

from index.errors import YinzhengError
from page.citing import cite_html, item_of, passage_item, plain_text
from page.language import COOKIE, language_of_request
from page.login import LONGEST_BACK, safe_path
from page.report_tab import MAX_TITLE
from page.services import Services, Visitor, visitor_in
from page.sidebar import LANGUAGES
from rag.conversations import Exchange
from rag.errors import NotThere
from rag.export.files import export
from rag.export.types import FORMATS, Report, Style
from rag.passages import citation_of
from rag.problems import worded
from rag.types import Language

if TYPE_CHECKING:
    from fastapi import APIRouter

_YEAR = 31_536_000  # seconds that a choice of language is remembered
_Fields = Mapping[str, Any]


def router(services: Services) -> "APIRouter":
    """Return the addresses; the guard lets nobody through to them but visitors."""
    from fastapi import APIRouter

    made, routes = APIRouter(), Routes(services)
    made.add_api_route("/language/{code}", routes.language, response_model=None)
    made.add_api_route("/answer.txt", routes.text, response_model=None)
    made.add_api_route("/cite", routes.cite, response_model=None)
    made.add_api_route("/report.{suffix}", routes.report, response_model=None)
    for name, change in routes.changes().items():
        made.add_api_route(f"/{name}", change, methods=["POST"], response_model=None)
    return made


class Routes:
    """Each takes a request and answers it; what is wrong is one line and nothing else."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def language(self, code: str, request: Request, next: str = "/") -> Response:
        """Remember a language and go back to where it was chosen."""
        root = request.scope.get("root_path", "")
        back = RedirectResponse(f"{root}{safe_path(next, LONGEST_BACK)}", 303)
        if code in {name for name, _, _ in LANGUAGES}:
            back.set_cookie(COOKIE, code, _YEAR, path=root or "/", httponly=True, samesite="lax")
        return back

    def text(self, chat: str, n: int, request: Request, sources: bool = False) -> Response:
        """Return an answer as plain text, to be copied."""
        try:
            exchange = self._exchange(visitor_in(request), chat, n)
            return PlainTextResponse(plain_text(exchange, sources))
        except YinzhengError as error:
            return PlainTextResponse(str(error), 404)

    def cite(self, id: str, start: int, end: int, request: Request) -> Response:
        """Return the references to a place in a document as a piece of HTML."""
        library = self.services.library
        try:
            citation = citation_of(library, id, start, end)
            return HTMLResponse(cite_html(citation, library, language_of_request(request)))
        except YinzhengError as error:
            return PlainTextResponse(str(error), 404)

    def report(
        self, suffix: str, request: Request, title: str = "", style: str = "", language: str = ""
    ) -> Response:
        """Return the visitor's report as a file."""
        if suffix not in FORMATS:
            return PlainTextResponse(f"no report.{suffix}: there is {', '.join(FORMATS)}", 404)
        try:
            made = self._report(visitor_in(request), title, style, language)
            content = export(made, suffix)
        except YinzhengError as error:
            return PlainTextResponse(str(error), 422)
        name = f"yinzheng-report.{suffix}"
        disposition = f'attachment; filename="{name}"'
        return Response(
            content,
            media_type="application/octet-stream",
            headers={"content-disposition": disposition},
        )

    def _report(self, visitor: Visitor, title: str, style: str, language: str) -> Report:
        collected = self.services.conversations.basket(visitor.id)
        items = tuple(one.item for one in collected)
        if not items:
            raise NotThere("the report is empty: put answers or quotations into it first")
        sources = sorted({cited.source for item in items for cited in item.citations})
        return Report(
            title[:MAX_TITLE],
            items,
            cast(Style, style if style in get_args(Style) else get_args(Style)[0]),
            cast(Language, language if language in get_args(Language) else "zh"),
            datetime.now(UTC).date().isoformat(),
            self.services.library.metadata_of(sources),
            worded,
        )

    def changes(self) -> dict[str, Callable[[Request], Any]]:
        """Return the addresses that change something, each of which takes and gives JSON."""
        return {
            "collect": _json(self._collect),
            "share": _json(self._share),
        }

    def _exchange(self, visitor: Visitor, chat: str, number: int) -> Exchange:
        for exchange in self.services.conversations.exchanges(visitor.id, chat):
            if exchange.number == number:
                return exchange
        raise NotThere("there is no such answer: it may have been deleted")

    def _collect(self, visitor: Visitor, fields: _Fields) -> _Fields:
        """Put an answer {chat, n} or a place {id, start, end} into the report basket."""
        if "chat" in fields:
            answer = self._exchange(visitor, str(fields["chat"]), int(fields["n"])).answer
            if answer is None:
                raise NotThere("there is no answer to put into a report")
            item = item_of(answer)
        else:
            start, end = int(fields["start"]), int(fields["end"])
            citation = citation_of(self.services.library, str(fields["id"]), start, end)
            item = passage_item(citation)
        self.services.conversations.collect(visitor.id, item)
        return {"count": len(self.services.conversations.basket(visitor.id))}

    def _share(self, visitor: Visitor, fields: _Fields) -> _Fields:
        """Make a link to a chat {chat} or to one of its answers {chat, n}."""
        number = int(fields["n"]) if "n" in fields else None
        link = self.services.conversations.share(visitor.id, str(fields["chat"]), number)
        return {"token": link.token, "path": f"s/{link.token}"}


def _json(change: Callable[[Visitor, _Fields], _Fields]) -> Callable[[Request], Any]:
    """Return an address that takes an object of JSON and answers what `change` gives for it."""

    async def answer(request: Request) -> Response:
        try:
            fields = dict(await request.json())
            found = await run_in_threadpool(change, visitor_in(request), fields)
            return JSONResponse(dict(found))
        except YinzhengError as error:
            return JSONResponse({"error": " ".join(str(error).split())}, 404)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return JSONResponse({"error": "the request cannot be read"}, 422)

    return answer
