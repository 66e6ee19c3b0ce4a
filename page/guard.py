"""ASGI middleware before all of the page: who may do what, how much is read, what browsers may do.

An address that page.rules does not name is refused. Every answer, a refusal too, gets the headers
that keep a browser from running or loading what comes from elsewhere. A refusal is one line.
"""

import asyncio
import json
import logging
import os
import re
import shutil
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from index.script import encodable
from page.access import Access, Admission, limit_line
from page.language import COOKIE as LANGUAGE_COOKIE
from page.language import language_of_headers
from page.rules import GRADIO, OWN, Kind, Need, Rule, rule_of
from page.services import Visitor
from page.sessions import NotYours, Sessions
from page.text import in_language
from rag.errors import ConversationsError, LimitReached
from rag.types import Language

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_LABELS = {
    "host": ("这个页面不在这个主机名下。", "The page does not answer to this host name."),
    "request": ("请求读不懂。", "The request cannot be read."),
    "origin": ("别的网站不能代您操作。", "Another site may not act for you."),
    "sign_in": ("请先登录。", "Sign in first."),
    "owner": ("只有管理员可以这样做。", "Only the owner may do this."),
    "unknown": ("没有这个地址。", "There is no such address."),
    "size": ("请求太大，最多 {:,} 字节。", "The request is too large: at most {:,} bytes."),
    "length": ("上传须注明长度。", "An upload must state its length."),
    "slow": ("请求太慢，已中断。", "The request came too slowly and was ended."),
    "full": (
        "磁盘快满了：须留出 {} MB，请清理后再传。",
        "The disk is nearly full: {} MB must stay free. Free some, then upload again.",
    ),
    "failed": ("出错了；原因见日志。", "Something went wrong; the log says what."),
    "theirs": (
        "这不属于您，或者太久了：请刷新页面。",
        "That is not yours, or was too long ago: reload the page.",
    ),
}
_log = logging.getLogger(__name__)

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; "
    "connect-src 'self'; frame-src 'none'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_POLICY = b"content-security-policy"
HEADERS = {
    _POLICY: POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": (
        b"camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), "
        b"display-capture=(), browsing-topics=(), clipboard-read=(), clipboard-write=(self)"
    ),
}
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::\d{1,5})?")
_LENGTH = re.compile(r"\d{1,18}")
# Seconds between two pieces of a body, and for a whole one that is not an upload.
IDLE, WHOLE = 30.0, 60.0
FREE_BYTES = 200 * 2**20  # that uploads leave free; the library has a floor of its own
_DRAINED, _DRAINING = 8 << 20, 1.0  # bytes and seconds that a refused request is still read for
_LONGEST_NEXT = 2_000  # characters of an address to come back to after signing in


class Refused(Exception):
    """What is answered instead of what was asked for."""

    def __init__(
        self, status: int, said: str, headers: Mapping[str, str] | None = None, limit: int = 0
    ) -> None:
        """`said` names a label, where `limit` is put in; with 303 it is where to go instead."""
        super().__init__(said)
        self.status, self.said = status, said
        self.headers, self.limit = headers or {}, limit


@dataclass(slots=True)
class _Asked:
    """A request as the guard reads it."""

    scope: Scope
    headers: Mapping[str, str]  # the last of each name
    path: str  # below the root path

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def root(self) -> str:
        return str(self.scope.get("root_path", ""))

    @property
    def is_page(self) -> bool:
        """Whether a browser opens a page, rather than a script or a program asking for data."""
        is_document = self.headers.get("sec-fetch-dest", "document") == "document"
        return (
            self.method == "GET" and is_document and "text/html" in self.headers.get("accept", "")
        )

    @property
    def has_body(self) -> bool:
        length = self.headers.get("content-length", "0")
        return "transfer-encoding" in self.headers or length.strip("0") != ""

    @property
    def language(self) -> Language:
        cookies = re.search(rf"\b{LANGUAGE_COOKIE}=([\w-]+)", self.headers.get("cookie", ""))
        return language_of_headers(cookies[1] if cookies else "", self.headers)


class _Body:
    """What is received of a request, and whether that is all."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self.is_read = receive, False

    async def __call__(self) -> Message:
        message = await self._receive()
        self.is_read |= not message.get("more_body")
        return message


async def _drain(receive: Receive) -> None:
    """Read what is still being sent, if it is little: else who sends it sees no answer.

    A connection that is closed amid a request is reset, and what was answered is lost.
    """
    left = _DRAINED
    with suppress(TimeoutError):
        async with asyncio.timeout(_DRAINING):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body"):
                    return


def _refused(error: Exception, asked: _Asked) -> Refused:
    if isinstance(error, Refused):
        return error
    if isinstance(error, LimitReached):
        headers = {"retry-after": str(error.seconds)}
        return Refused(429, limit_line(error, asked.language), headers)
    if isinstance(error, NotYours):
        return Refused(403, "theirs")
    _log.error("who asks cannot be looked up", exc_info=error)
    return Refused(503, "failed")


class Guard:
    """The middleware; `state.visitor` of a request that it lets through is who asks, or None."""

    def __init__(
        self,
        app: App,
        access: Access,
        hosts: Collection[str] | None = LOOPBACK,
        rules: Iterable[Rule] = (),
    ) -> None:
        """`hosts` are the names that the page answers to, None any; `rules` come before ours."""
        self._app, self._access = app, access
        self._hosts = None if hosts is None else frozenset(name.lower() for name in hosts)
        self._rules = (*rules, *OWN, *GRADIO)
        self._sessions = Sessions()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(_asked(scope), receive, send)
        else:  # no part of the page speaks over a websocket
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, asked: _Asked, receive: Receive, send: Send) -> None:
        answer, body = _Answer(send), _Body(receive)
        try:
            self._check_request(asked)
            rule, parts = self._rule(asked)
            answer.is_static = rule is not None and rule.is_static
            admission = await self._admission(asked)
            if admission and admission.cookie:
                is_https = asked.scope["scheme"] == "https"
                answer.cookie = self._access.set_cookie(admission.cookie, asked.root, is_https)
            visitor = admission.visitor if admission else None
            rule = _allowed(asked, rule, visitor)
            state = {**asked.scope.get("state", {}), "visitor": visitor}
            passed = _Passed(asked, {**asked.scope, "state": state}, body, answer, rule, parts)
            await self._pass(passed, visitor)
        except (Refused, LimitReached, NotYours, ConversationsError) as error:
            if asked.has_body and not body.is_read:
                await _drain(body)
            await answer.refuse(_refused(error, asked), asked)

    # Whether it may be asked.

    def _check_request(self, asked: _Asked) -> None:
        host = _HOST.fullmatch(asked.headers.get("host", ""))
        hosts = [value for name, value in asked.scope["headers"] if name == b"host"]
        if not host or len(hosts) > 1:
            raise Refused(400, "host")
        if self._hosts is not None and host[1].lower() not in self._hosts:
            raise Refused(400, "host")
        if not _LENGTH.fullmatch(asked.headers.get("content-length", "0")):
            raise Refused(400, "request")
        if not _is_own(asked):
            raise Refused(403, "origin")

    def _rule(self, asked: _Asked) -> tuple[Rule | None, Mapping[str, str]]:
        return rule_of(asked.method, asked.path, self._rules) or (None, {})

    async def _admission(self, asked: _Asked) -> Admission | None:
        headers, recognised = asked.headers, self._access.recognised
        cookies = self._access.cookies_in(headers.get("cookie", ""))
        address = address_of(asked.scope)
        known = (cookies, headers.get("authorization", ""), address, asked.is_page)
        if self._access.is_at_hand(cookies):
            return recognised(*known)
        return await asyncio.to_thread(recognised, *known)

    # How it is passed on.

    async def _pass(self, passed: "_Passed", visitor: Visitor | None) -> None:
        if visitor is None or passed.rule.kind is Kind.PLAIN:
            await passed.on(self._app)
        else:
            with self._handled(passed, visitor.id):
                await self._rewrite(passed, visitor)
                await passed.on(self._app)

    def _handled(self, passed: "_Passed", visitor: str) -> AbstractContextManager[None]:
        """Check the handles in an address, and count streams while they are open."""
        kind, parts, sessions = passed.rule.kind, passed.parts, self._sessions
        if kind in (Kind.EVENT_STREAM, Kind.FILE):
            sessions.check(visitor, parts.get("event") or parts.get("file"))
        if kind is Kind.HEARTBEAT:
            session = sessions.scoped(visitor, parts["session"])
            sessions.begin(visitor, session)
            passed.move(f"/gradio_api/heartbeat/{session}")
        heard = parts.get("event", "")
        if kind is Kind.SESSION_STREAM:
            heard = passed.replace_in_query(sessions, visitor, "session_hash") or ""
            sessions.check(visitor, heard)
        if kind in (Kind.UPLOAD, Kind.UPLOAD_STREAM):
            passed.replace_in_query(sessions, visitor, "upload_id")
        streams = (Kind.SESSION_STREAM, Kind.EVENT_STREAM, Kind.HEARTBEAT, Kind.UPLOAD_STREAM)
        return sessions.streaming(visitor, heard) if kind in streams else nullcontext()

    async def _rewrite(self, passed: "_Passed", visitor: Visitor) -> None:
        """Check and replace the handles in a body, and listen to what a visitor is told."""
        sessions, id_ = self._sessions, visitor.id
        if passed.rule.kind is Kind.CALL:
            fields = await passed.replace_body(lambda fields: sessions.call(id_, fields))
            passed.session = fields.get("session_hash") or ""
        if passed.rule.kind is Kind.CANCEL:
            await passed.replace_body(lambda fields: sessions.cancel(id_, fields))
        if passed.rule.kind is Kind.UPLOAD:
            length = passed.asked.headers.get("content-length")
            if length is None:
                raise Refused(411, "length")
            _check_space(int(length))
            self._access.uploading(visitor, int(length))
        self._listen(passed, id_)

    def _listen(self, passed: "_Passed", visitor: str) -> None:
        kind = passed.rule.kind
        if kind in (Kind.CALL, Kind.UPLOAD):
            is_call = kind is Kind.CALL  # some answer at once, with files instead of an event
            passed.listen(
                (lambda chunk: self._sessions.hear(visitor, chunk)) if is_call else None,
                lambda body: self._sessions.hear_whole(visitor, body, passed.session),
            )
        elif kind in (Kind.SESSION_STREAM, Kind.EVENT_STREAM):
            passed.listen(lambda chunk: self._sessions.hear(visitor, chunk), None)


def _check_space(size: int) -> None:
    """Refuse an upload that would leave too little of the disk on which gradio keeps it."""
    folder = Path(os.environ.get("GRADIO_TEMP_DIR") or gettempdir())
    while not folder.exists():  # gradio makes it with the first upload
        folder = folder.parent
    if shutil.disk_usage(folder).free - size < FREE_BYTES:
        raise Refused(507, "full", limit=FREE_BYTES >> 20)


def address_of(scope: Scope) -> str:
    """Return the address that a request came from, as the server knows it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _asked(scope: Scope) -> _Asked:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        known, text = headers.get("cookie", ""), value.decode("latin-1")
        headers[name.decode("latin-1")] = f"{known}; {text}" if name == b"cookie" else text
    path, root = scope["path"], scope.get("root_path", "")
    if root and path.startswith(f"{root}/"):
        path = path[len(root) :]
    return _Asked(scope, headers, path)


def _is_own(asked: _Asked) -> bool:
    """Tell whether the page itself or a program asks, or a link is followed, not another site."""
    headers, is_reading = asked.headers, asked.method in ("GET", "HEAD")
    site = headers.get("sec-fetch-site", "")
    if site in ("cross-site", "same-site"):
        return is_reading and headers.get("sec-fetch-mode") == "navigate"
    origin = headers.get("origin")
    if site or origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    except ValueError:
        return False


def _allowed(asked: _Asked, rule: Rule | None, visitor: Visitor | None) -> Rule:
    if visitor is None and (rule is None or rule.need is not Need.ANYONE):
        if not asked.is_page:
            raise Refused(401, "sign_in", {"www-authenticate": "Bearer"})
        query = asked.scope.get("query_string", b"").decode("latin-1")
        there = asked.path + (f"?{query}" if query else "")
        back = f"?next={quote(there, safe='')}"
        is_top = there == "/" or len(back) > _LONGEST_NEXT
        raise Refused(303, f"{asked.root}/login{'' if is_top else back}")
    if rule is None:
        raise Refused(404, "unknown")
    if rule.need is Need.OWNER and not (visitor and visitor.is_owner):
        raise Refused(403, "owner")
    if int(asked.headers.get("content-length", "0")) > rule.body:
        raise Refused(413, "size", limit=rule.body)
    return rule


class _Answer:
    """What goes back: our headers on it, nothing after a refusal, and who listens."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_static, self.cookie = False, ""
        self.on_whole: Callable[[bytes], None] | None = None
        self.on_chunk: Callable[[bytes], None] | None = None
        self.is_begun = self.is_refused = False
        self._whole, self._status = b"", 0

    async def send(self, message: Message) -> None:
        """Pass on what the app answers."""
        if self.is_refused:
            return
        if message["type"] == "http.response.start":
            self.is_begun, self._status = True, message["status"]
            message = {**message, "headers": self._headers(message.get("headers", []))}
        elif message["type"] == "http.response.body" and self._status == 200:
            self._listen(message)
        await self._send(message)

    def _headers(self, given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        # Browsers obey all policies that they are sent: one of a page's own can only forbid more.
        ours = set(HEADERS) - {_POLICY}
        ours |= set() if self.is_static else {b"cache-control"}
        kept = [
            (name, value)
            for name, value in given
            if name.lower() not in ours and not name.lower().startswith(b"access-control-")
        ]
        added = [] if self.is_static else [(b"cache-control", b"no-store")]
        if self.cookie:
            added.append((b"set-cookie", self.cookie.encode("latin-1")))
        return [*kept, *HEADERS.items(), *added]

    def _listen(self, message: Message) -> None:
        body = message.get("body", b"")
        if self.on_chunk:
            self.on_chunk(body)
        if self.on_whole:
            self._whole += body
            if not message.get("more_body"):
                self.on_whole(self._whole)

    async def refuse(self, refused: Refused, asked: _Asked) -> None:
        """Answer with a line instead, unless an answer has begun."""
        if self.is_begun or self.is_refused:
            self.is_refused = True
            return
        self.cookie = "" if refused.status == 303 else self.cookie
        body, kind = _refusal(refused, asked)
        headers = {"content-type": kind, "content-length": str(len(body)), **refused.headers}
        headers |= {"location": refused.said} if refused.status == 303 else {}
        headers |= {"connection": "close"} if asked.method not in ("GET", "HEAD") else {}
        sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        start = {"type": "http.response.start", "status": refused.status, "headers": sent}
        self.is_static = False
        await self.send(start)
        shown = b"" if asked.method == "HEAD" else body
        await self._send({"type": "http.response.body", "body": shown})
        self.is_refused = True


def _refusal(refused: Refused, asked: _Asked) -> tuple[bytes, str]:
    if refused.status == 303:
        return b"", "text/plain; charset=utf-8"
    said = refused.said
    if said in _LABELS:
        said = in_language(_LABELS, said, asked.language).format(refused.limit)
    if asked.is_page:
        return said.encode(), "text/plain; charset=utf-8"
    # "error" is what openai's client shows, "detail" what gradio's does
    row = {"error": {"message": said, "type": "refused", "code": refused.status}, "detail": said}
    return json.dumps(row, ensure_ascii=False).encode(), "application/json"


class _Passed:
    """A request on its way to the app: its body bounded, its handles replaced."""

    def __init__(
        self,
        asked: _Asked,
        scope: Scope,
        receive: Receive,
        answer: _Answer,
        rule: Rule,
        parts: Mapping[str, str],
    ) -> None:
        self.asked, self.scope, self.answer = asked, scope, answer
        self.rule, self.parts = rule, parts
        # Without a body nothing stands between: starlette asks in passing whether one is gone.
        self._receive, self._seen, self._is_whole = receive, 0, not asked.has_body
        self._until = asyncio.get_running_loop().time() + WHOLE
        self.session = ""  # that a call names, as gradio knows it

    async def on(self, app: App) -> None:
        """Let the app answer."""
        try:
            await app(self.scope, self._bounded, self.answer.send)
        except Exception:
            if not self.answer.is_refused:  # else it is that of an app whose request was cut off
                raise

    async def _bounded(self) -> Message:
        """Return the next piece of the body; a disconnection once it is refused."""
        if self._is_whole:
            return await self._receive()
        try:
            return await self._piece()
        except Refused as refused:
            await self.answer.refuse(refused, self.asked)
            self._is_whole = True
            return {"type": "http.disconnect"}

    async def _piece(self) -> Message:
        left = self._until - asyncio.get_running_loop().time()
        patience = IDLE if self.rule.kind is Kind.UPLOAD else min(IDLE, left)
        try:
            message = await asyncio.wait_for(self._receive(), max(patience, 0))
        except TimeoutError:
            raise Refused(408, "slow") from None
        self._seen += len(message.get("body", b""))
        if self._seen > self.rule.body:
            raise Refused(413, "size", limit=self.rule.body)
        self._is_whole = not message.get("more_body", False)
        return message

    async def replace_body(
        self, change: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> dict[str, Any]:
        """Read the body as JSON and put another in its place, which is returned."""
        pieces = []
        while not self._is_whole:
            message = await self._piece()
            if message["type"] == "http.disconnect":
                raise Refused(400, "request")
            pieces.append(message.get("body", b""))
        try:
            fields = json.loads(b"".join(pieces))
            if not isinstance(fields, dict):
                raise Refused(400, "request")
            # a lone surrogate, which JSON can hold, would break gradio's stream of answers
            changed = change(fields)
            body = encodable(json.dumps(changed, ensure_ascii=False)).encode()
        except (ValueError, RecursionError):
            raise Refused(400, "request") from None
        self._become(body)
        return changed

    def _become(self, body: bytes) -> None:
        self._leave_out(b"content-length", b"transfer-encoding", b"content-type")
        length = str(len(body)).encode()
        said = [(b"content-length", length), (b"content-type", b"application/json")]
        self.scope["headers"] += said
        first, receive = [body], self._receive

        async def replaced() -> Message:
            if first:
                return {"type": "http.request", "body": first.pop(), "more_body": False}
            return await receive()

        self._receive = replaced

    def _leave_out(self, *names: bytes) -> None:
        self.scope["headers"] = [one for one in self.scope["headers"] if one[0] not in names]

    def listen(
        self, chunk: Callable[[bytes], None] | None, whole: Callable[[bytes], None] | None
    ) -> None:
        """Let each piece of the answer, or all of it, be heard on its way, uncompressed."""
        self._leave_out(b"accept-encoding")
        self.answer.on_chunk, self.answer.on_whole = chunk, whole

    def move(self, path: str) -> None:
        """Ask for another path, below the root path."""
        whole = f"{self.asked.root}{path}" if self.asked.path != self.asked.scope["path"] else path
        self.scope["path"], self.scope["raw_path"] = whole, whole.encode()

    def replace_in_query(self, sessions: Sessions, visitor: str, name: str) -> str | None:
        """Replace the one name of a session or an upload in the query; return the new one."""
        query = parse_qsl(self.scope.get("query_string", b"").decode("latin-1"))
        values = [value for key, value in query if key == name]
        if not values:
            return None
        if len(values) > 1:
            raise Refused(400, "request")
        new = sessions.scoped(visitor, values[0])
        changed = [(key, new if key == name else value) for key, value in query]
        self.scope["query_string"] = urlencode(changed).encode()
        return new
