"""A shared chat or answer to read, to go on with as one's own, and to withdraw; without a script.

The token of a link, 128 random bits, is all that is needed to read what it shows: questions,
answers and the places that they quote. Whole documents and the passages that were read stay behind
the password. A link that was withdrawn and one that never was are answered alike.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from index.errors import YinzhengError
from page.access import limit_line
from page.language import COOKIE, language_of_headers
from page.services import Services, Visitor
from page.text import escaped, in_language
from rag.conversations import Conversations, Exchange, Link
from rag.errors import LimitReached
from rag.types import Answer, Language
from rag.understand import language_of

if TYPE_CHECKING:
    from fastapi import APIRouter

Render = Callable[[Answer, str], str]

_LABELS = {
    "untitled": ("分享的对话", "A shared chat"),
    "one": ("分享的问答", "A shared answer"),
    "shown": ("只读，内容是分享时的样子。", "To be read only, as it was when it was shared."),
    "none": ("没有答案。", "There is no answer."),
    "continue": ("作为我的对话继续", "Continue as my own chat"),
    "sign_in": ("登录后作为我的对话继续", "Sign in to continue as my own chat"),
    "gone": ("这里没有内容", "There is nothing here"),
    "why": (
        "链接可能不完整，或者已被撤回。",
        "The link may be incomplete, or it was withdrawn.",
    ),
    "failed": ("没有成功", "That did not work"),
    "links": ("分享出去的链接", "Shared links"),
    "mine": (
        "有链接的人都可以阅读，直到撤回为止。",
        "Anyone who has a link may read what it shows, until it is withdrawn.",
    ),
    "no_links": ("没有链接。", "There are no links."),
    "title": ("内容", "Shows"),
    "made": ("时间", "Made"),
    "what": ("范围", "Extent"),
    "does": ("操作", "Action"),
    "chat": ("对话，{} 问", "a chat, {} questions"),
    "answer": ("一个答案", "one answer"),
    "withdraw": ("撤回", "Withdraw"),
    "withdraw_this": ("撤回“{}”的链接", "Withdraw the link to “{}”"),
    "language": ("语言", "Language"),
}
_LANGUAGES: tuple[tuple[Language, str], ...] = (
    ("zh", "简体"),
    ("zh-Hant", "繁體"),
    ("en", "English"),
)
_BRAND = "Yinzheng 引证"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
_STYLE = Path(__file__).with_name("static") / "shared.css"
_LONGEST_TITLE = 80  # characters shown in the table of links


@dataclass(frozen=True, slots=True)
class Shared:
    """A link and what it shows, for the table of links."""

    link: Link
    title: str
    exchanges: int


def router(services: Services, render: Render) -> "APIRouter":
    """Return the addresses /s/TOKEN, open to all who have it, and /links, for visitors.

    `render` makes HTML of an answer, whose parts it names by the key that it is given; its chips
    must lead to the quotations below it. The guard must let GET /s/TOKEN through to everyone.
    """
    from fastapi import APIRouter

    made, routes = APIRouter(), Routes(services, render)
    for method, path, answer in (
        ("GET", "/s/{token}", routes.read),
        ("GET", "/s/{token}/continue", routes.back),
        ("POST", "/s/{token}/continue", routes.go_on),
        ("GET", "/links", routes.links),
        ("POST", "/links/{token}/withdraw", routes.withdraw),
    ):
        made.add_api_route(path, answer, methods=[method], response_model=None)
    return made


class Routes:
    """Each takes a request and answers it with a page or sends it on."""

    def __init__(self, services: Services, render: Render) -> None:
        self._conversations, self._render = services.conversations, render

    def read(self, token: str, request: Request) -> Response:
        """Show what a link shows."""
        found = self._conversations.shared(token) if _TOKEN.fullmatch(token) else None
        if not found:
            return _nothing(request)
        title, exchanges = found
        language = _language(request)
        body = shared_html(title, exchanges, self._render, language)
        body += _go_on(_root(request), token, language, is_known=bool(_visitor(request)))
        return _page(request, title or _label("untitled", language), body, has_heading=True)

    def back(self, token: str, request: Request) -> Response:
        """Lead from the address that copies to what would be copied: to look changes nothing."""
        query = f"?{request.url.query}" if request.url.query else ""
        path = f"{_root(request)}/s/{token}{query}"
        return RedirectResponse(path, 303) if _TOKEN.fullmatch(token) else _nothing(request)

    def go_on(self, token: str, request: Request) -> Response:
        """Copy what a link shows into a chat of the visitor's own, and open that."""
        root, visitor = _root(request), _visitor(request)
        if not _TOKEN.fullmatch(token):
            return _nothing(request)
        if not visitor:
            return RedirectResponse(f"{root}/login?{urlencode({'next': f'/s/{token}'})}", 303)
        try:
            chat = self._conversations.continue_from(token, visitor.id)
        except YinzhengError as error:
            return _failed(request, error)
        if not chat:
            return _nothing(request)
        return RedirectResponse(f"{root}/?{urlencode({'chat': chat.id})}", 303)

    def links(self, request: Request) -> Response:
        """Show a visitor's links, the owner all, to be withdrawn."""
        visitor, language = _visitor(request), _language(request)
        if not visitor:
            return _to_login(request)
        table = links_html(shared_links(self._conversations, visitor), _root(request), language)
        about = f'<p class="yz-quiet">{_label("mine", language)}</p>'
        return _page(request, _label("links", language), about + table)

    def withdraw(self, token: str, request: Request) -> Response:
        """Withdraw a link, and show those that are left."""
        visitor = _visitor(request)
        if not visitor:
            return _to_login(request)
        self._conversations.withdraw(token, None if visitor.is_owner else visitor.id)
        return RedirectResponse(f"{_root(request)}/links", 303)


# --- what is shown


def shared_html(
    title: str, exchanges: Sequence[Exchange], render: Render, language: Language
) -> str:
    """Return questions and answers as they were; only what the answers quote is shown."""
    first = " ".join(exchanges[0].question.split())
    is_named = title and not first.startswith(title.rstrip("…"))  # not after its first question
    heading = _heading(title if is_named else _kind(exchanges, language))
    told = f'<p class="yz-quiet">{_label("shown", language)}</p>'
    # Numbered as they are shown: how many came before in the chat is not told.
    shown = (
        _exchange_html(replace(one, number=place), render, language)
        for place, one in enumerate(exchanges)
    )
    return "".join([heading, told, *shown])


def _kind(exchanges: Sequence[Exchange], language: Language) -> str:
    return _label("one" if len(exchanges) == 1 else "untitled", language)


def _exchange_html(exchange: Exchange, render: Render, language: Language) -> str:
    asked = exchange.question
    question = f'<h2 class="yz-question" lang="{language_of(asked)}">{escaped(asked)}</h2>'
    if exchange.answer:
        told = render(_public(exchange.answer), f"e{exchange.number}")
    else:
        told = f'<p class="yz-quiet">{escaped(exchange.line) or _label("none", language)}</p>'
    return f"<article>{question}{told}</article>"


def _public(answer: Answer) -> Answer:
    """Leave out the passages that were read, and what could only be asked in a chat."""
    return replace(answer, evidence=(), choices=())


def shared_links(conversations: Conversations, visitor: Visitor) -> list[Shared]:
    """Return the visitor's links with what they show, the owner's view being of all."""
    links = conversations.all_links() if visitor.is_owner else conversations.links(visitor.id)
    found = ((link, conversations.shared(link.token)) for link in links)
    return [Shared(link, shown[0], len(shown[1])) for link, shown in found if shown]


def links_html(rows: Sequence[Shared], root: str, language: Language) -> str:
    """Return a table of links, each with a button that withdraws it."""
    if not rows:
        return f"<p>{_label('no_links', language)}</p>"
    names = ("title", "made", "what", "does")
    head = "".join(f'<th scope="col">{_label(name, language)}</th>' for name in names)
    body = "".join(_row(row, root, language) for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(row: Shared, root: str, language: Language) -> str:
    title = row.title[:_LONGEST_TITLE] or in_language(_LABELS, "untitled", language)
    what = "answer" if row.link.number is not None else "chat"
    path = f"{root}/s/{row.link.token}"
    told = escaped(in_language(_LABELS, "withdraw_this", language).format(title))
    button = (
        f'<form method="post" action="{escaped(f"{root}/links/{row.link.token}/withdraw")}">'
        f'<button aria-label="{told}">{_label("withdraw", language)}</button></form>'
    )
    cells = (
        f'<a href="{escaped(path)}" lang="{language_of(title)}">{escaped(title)}</a>',
        _time(row.link.made),
        _label(what, language).format(row.exchanges),
        button,
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _time(moment: str) -> str:
    """Return an ISO 8601 time to the minute."""
    shown = f"{moment[:16].replace('T', ' ')} UTC"
    return f'<time datetime="{escaped(moment)}">{escaped(shown)}</time>'


def _go_on(root: str, token: str, language: Language, is_known: bool) -> str:
    """Return a button that copies what a link shows; who is not known yet signs in first."""
    if not is_known:
        address = escaped(f"{root}/login?{urlencode({'next': f'/s/{token}'})}")
        return f'<p><a class="yz-button" href="{address}">{_label("sign_in", language)}</a></p>'
    action = escaped(f"{root}/s/{token}/continue")
    button = f"<button>{_label('continue', language)}</button>"
    return f'<form method="post" action="{action}">{button}</form>'


# --- the frame around it


def _page(
    request: Request, title: str, body: str, status: int = 200, has_heading: bool = False
) -> Response:
    language, root = _language(request), _root(request)
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<meta name="robots" content="noindex, nofollow"><meta name="referrer" '
        f'content="no-referrer"><title>{escaped(title)} · {_BRAND}</title><style>{_style()}</style>'
    )
    brand = f'<a class="yz-brand" href="{escaped(root)}/" lang="zh">{_BRAND}</a>'
    heading = "" if has_heading else _heading(title)
    html = (
        f'<!doctype html><html lang="{language}"><head>{head}</head><body>'
        f"<header>{brand}{_languages(language)}</header><main>{heading}{body}</main></body></html>"
    )
    return HTMLResponse(html, status, _headers())


def _heading(title: str) -> str:
    return f'<h1 lang="{language_of(title)}">{escaped(title)}</h1>'


def _languages(shown: Language) -> str:
    current = {shown: ' aria-current="true"'}
    links = "".join(
        f'<a lang="{one}" href="?language={one}"{current.get(one, "")}>{name}</a>'
        for one, name in _LANGUAGES
    )
    return f'<nav aria-label="{_label("language", shown)}">{links}</nav>'


def _nothing(request: Request) -> Response:
    language = _language(request)
    body = f"<p>{_label('why', language)}</p>"
    return _page(request, _label("gone", language), body, 404)


def _failed(request: Request, error: YinzhengError) -> Response:
    language = _language(request)
    said = limit_line(error, language) if isinstance(error, LimitReached) else str(error)
    body = f"<p>{escaped(' '.join(said.split()))}</p>"
    return _page(request, _label("failed", language), body, 409)


def _to_login(request: Request) -> Response:
    return RedirectResponse(f"{_root(request)}/login?{urlencode({'next': '/links'})}", 303)


@cache
def _style() -> str:
    return _STYLE.read_text("utf-8")


@cache
def _headers() -> dict[str, str]:
    """Return headers that let the page load nothing, run nothing, and be kept nowhere."""
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    return {
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-robots-tag": "noindex, nofollow",
        "cache-control": "no-store",
    }


def _label(name: str, language: Language) -> str:
    """Return a label of ours, which needs no escaping."""
    return in_language(_LABELS, name, language)


def _language(request: Request) -> Language:
    chosen = request.query_params.get("language", "") or request.cookies.get(COOKIE, "")
    return language_of_headers(chosen, request.headers)


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))


def _visitor(request: Request) -> Visitor | None:
    found = getattr(request.state, "visitor", None)
    return found if isinstance(found, Visitor) else None
