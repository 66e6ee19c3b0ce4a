"""The page behind an address: our own routes, gradio's page in three languages, the guard."""

import asyncio
import gc
import logging
import os
import signal
import socket
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from itertools import chain
from locale import getlocale
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import YinzhengError
from page import share
from page.access import Access, make_password
from page.guard import LOOPBACK, Guard
from page.language import COOKIE, language_of_headers
from page.rules import Need, Rule
from page.services import Services
from rag.conversations import FILE, Conversations
from rag.errors import ConfigurationError, ShareError
from rag.types import Language

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from index.library import Library

LANGUAGES: tuple[Language, ...] = ("zh", "zh-Hant", "en")
_LOCAL = ("127.0.0.1", "localhost", "::1")
_ANY = ("0.0.0.0", "::")  # every address of this machine; none that a browser opens
# Answers that grow at once in one language of the page, and questions that wait for their turn. An
# answer holds a thread, which for the most part waits for a language model; the others are for what
# is done at once, such as opening a chat.
_ANSWERS, _WAITING, _THREADS = 32, 40, 64
# Seconds between two looks of gradio for a new question. By itself it looks a thousand times a
# second for each language of the page: a twelfth of a processor, when nobody asks.
_LOOKS = 0.02
# Tabs that gradio remembers, some 0.7 MB each; the one that was used longest ago is forgotten first
# and asks in a new chat.
_TABS = 200
# Seconds between two looks at the files that gradio keeps for visitors, and their age at the end.
_FILES_KEPT = (600, 3600)
# Seconds until a connection without a request is ended; one that is used begins anew.
_PATIENCE = 30.0
# Seconds that requests under way get when the page is closed; streams, which would not end by
# themselves, get none.
_LAST_SECONDS = 2
# Asked of ourselves, so that the first readers do not wait until everything is loaded.
_REHEARSED = (
    "东莞对新药研发给什么奖励？",
    "廣東省的產業集群在哪些城市？",
    "What does Dongguan give for new drugs?",
)
# What answers through a server need besides the package of its kind.
_ASKING = ("openai", "rag.llm.connection", "tenacity")
_log = logging.getLogger(__name__)
_RULES = (
    Rule("GET", "/yz/[a-z.]+", Need.ANYONE, is_static=True),
    Rule("GET", r"/document/(style\.css|script\.js)"),
    Rule("GET", "/links"),
    Rule("POST", "/links/[A-Za-z0-9_-]{22}/withdraw"),
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the page is opened; port 0 picks a free one."""

    host: str = "127.0.0.1"
    port: int = 7860
    root_path: str = ""  # where a reverse proxy puts it, such as /yinzheng

    @property
    def is_local(self) -> bool:
        """Tell whether only this machine reaches it."""
        return self.host in _LOCAL


@dataclass(frozen=True, slots=True)
class Sharing:
    """Whether and how others get in; a password that is "" is made where one is needed."""

    link: bool = False  # by Gradio's share server, or by `server`
    server: str = ""  # HOST:PORT of a share server of one's own
    certificate: Path | None = None  # of that server
    guest_password: str = ""
    owner_password: str = ""

    def passwords(self, address: Address) -> tuple[str, str]:
        """Return those of guests and of the owner, both "" where nobody else gets in.

        Behind a reverse proxy the page is on this machine alone, and yet others reach it.
        """
        given = self.guest_password or self.owner_password
        if address.is_local and not (self.link or address.root_path or given):
            return "", ""
        return self.guest_password or make_password(), self.owner_password or make_password()

    def share_server(self) -> share.ShareServer | None:
        """Return the server of one's own, None for Gradio's. Raises ConfigurationError."""
        return share.share_server(self.server, self.certificate) if self.server else None


@dataclass(frozen=True, slots=True)
class Llm:
    """What answers: a spec as --llm takes it, with address and key of its server if it has one."""

    spec: str = "extractive"
    base_url: str = ""
    api_key: str = ""


class _Pages:
    """ASGI: gradio's page in the language of the request; their addresses are the same.

    That of this machine is made at once; the others are made while it can be seen already, in the
    lifespan, and then `when_whole` is called. Until then who wants another language waits, and so
    does whatever is done on a page: gradio takes components that are made meanwhile, as handlers
    do, for parts of the page in making.
    """

    def __init__(
        self, make: "Callable[[Language], FastAPI]", when_whole: Callable[[], None]
    ) -> None:
        first = language_of_headers("", {"accept-language": str(getlocale()[0]).replace("_", "-")})
        self._make, self._pages = make, {first: make(first)}
        self._when_whole = when_whole
        self._whole, self._closes = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        from starlette.requests import HTTPConnection

        request = HTTPConnection(scope)
        language = language_of_headers(request.cookies.get(COOKIE, ""), request.headers)
        if language not in self._pages or scope.get("method") not in ("GET", "HEAD"):
            await self._whole.wait()
        await self._pages[language](scope, receive, send)

    async def whole(self) -> "Mapping[Language, FastAPI]":
        """Return the pages once all of them are made."""
        await self._whole.wait()
        return self._pages

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Keep the pages at work."""
        (first,) = self._pages.values()
        async with first.router.lifespan_context(first):
            others = asyncio.create_task(self._keep_others())
            try:
                yield
            finally:
                self._closes.set()
                await others

    async def _keep_others(self) -> None:
        async def made(language: Language) -> "FastAPI":
            return self._make(language)

        async with AsyncExitStack() as stack:
            try:
                for language in [name for name in LANGUAGES if name not in self._pages]:
                    # In a loop: gradio opens one of its own where there is none, and leaves it.
                    page = await asyncio.to_thread(lambda one: asyncio.run(made(one)), language)
                    await stack.enter_async_context(page.router.lifespan_context(page))
                    self._pages[language] = page
            finally:
                self._whole.set()
                self._when_whole()
            await self._closes.wait()


class _Ending:
    """ASGI: once the page is to be closed, requests are told that who sent them has left.

    Gradio then closes its streams, and answers under way are stored as stopped.
    """

    def __init__(self, app: "ASGIApp") -> None:
        self._app, self._ends = app, asyncio.Event()
        self._end: asyncio.Task[bool] | None = None  # one for all: it is waited for at each message

    def end(self) -> None:
        """Let all requests end; to be called in the event loop."""
        self._ends.set()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        self._end = end = self._end or asyncio.ensure_future(self._ends.wait())

        async def received() -> "Message":
            message = asyncio.ensure_future(receive())
            try:
                await asyncio.wait((message, end), return_when=asyncio.FIRST_COMPLETED)
                return message.result() if message.done() else {"type": "http.disconnect"}
            finally:
                message.cancel()

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_open = False

        async def sent(message: "Message") -> None:
            nonlocal is_open
            whole = message["type"] == "http.response.body" and not message.get("more_body")
            is_open = not whole
            await send(message)

        await self._app(scope, received, sent)
        if is_open and self._ends.is_set():  # a stream that was told so has no end of its own
            await send({"type": "http.response.body", "body": b""})


@contextmanager
def open_services(
    library: "Library", llm: Llm, guest_password: str = "", owner_password: str = ""
) -> Iterator[Services]:
    """Open all that the page works on, and close it again but for the library.

    Raises ConfigurationError or ConversationsError.
    """
    from page.ingestion import Ingestion
    from page.models import SwitchableModels

    models = SwitchableModels(library, llm.spec, llm.base_url, llm.api_key)
    with ExitStack() as stack:
        stack.callback(models.close)
        conversations = Conversations(library.folder / FILE)
        stack.callback(conversations.close)
        access = Access(conversations, guest_password, owner_password)
        ingestion = stack.enter_context(Ingestion(library))
        yield Services(library, models, conversations, library.folder, access, ingestion)


def make_app(
    services: Services,
    root_path: str = "",
    hosts: frozenset[str] | None = None,
    mcp: bool = False,
    when_whole: Callable[[], None] = lambda: None,
) -> "ASGIApp":
    """Return the whole page behind its guard; `hosts` None lets it be called by any name.

    `when_whole` is called once it has been started and is there in all languages.
    """
    app = _application(services, root_path, mcp, when_whole)
    guarded = Guard(app, services.access, hosts, _RULES)
    return share.Prefixed(guarded, root_path)


def _application(
    services: Services, root_path: str, mcp: bool, when_whole: Callable[[], None]
) -> "FastAPI":
    """Return our routes and after them gradio's, without a guard."""
    from fastapi import FastAPI
    from starlette.staticfiles import StaticFiles

    pages = _Pages(lambda language: _gradio(services, language, root_path), when_whole)
    routes, session = _program_routes(services, mcp)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(pages.lifespan())
            if session is not None:
                await stack.enter_async_context(session())
            yield

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.mount("/yz", StaticFiles(directory=str(files("page") / "static")))
    for router in _routers(services):
        app.include_router(router)
    app.router.routes.extend(routes)
    app.mount("/", pages)
    return app


def _routers(services: Services) -> Iterator[Any]:
    from page import document_view, login, routes, shared_chat
    from page.answer_view import View, answer_html
    from page.programs import openai_api

    yield document_view.router(services)
    yield shared_chat.router(
        services, lambda answer, key: answer_html(answer, View(key, chips="below"))
    )
    yield login.router(services.access)
    yield routes.router(services)
    yield openai_api.router(services.models, services.admit)


def _program_routes(services: Services, mcp: bool) -> tuple[list[Any], Any]:
    """Return the routes of the MCP server and what its lifespan enters, if it is wanted."""
    if not mcp:
        return [], None
    from page.programs.mcp_server import http_routes

    return http_routes(services.library, services.models, services.admit)


def _gradio(services: Services, language: Language, root_path: str) -> "FastAPI":
    """Return gradio's page in one language as an application of its own."""
    from page.lean_gradio import import_gradio, without_passwords

    gr = import_gradio()
    from fastapi import FastAPI

    from page.ingestion import MAX_FILE
    from page.theme import head, theme

    made: FastAPI = gr.mount_gradio_app(
        FastAPI(openapi_url=None, docs_url=None, redoc_url=None),
        _blocks(services, language),
        "/",
        footer_links=[],
        run_history=False,
        root_path=root_path or None,
        allowed_paths=[],
        show_error=False,
        max_file_size=MAX_FILE,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=theme(),
        head=head(language),
    )
    without_passwords(made)
    return made


def _blocks(services: Services, language: Language) -> Any:
    """Return gradio's page in one language, with its bounds."""
    from page.blocks import build
    from page.lean_gradio import without_applications

    with without_applications():
        page = build(services, language)
        page.max_threads = _THREADS
        page.queue(max_size=_WAITING, default_concurrency_limit=_ANSWERS)
        page._queue.sleep_when_free = page._queue.progress_update_sleep_when_free = _LOOKS
    # Arguments of `launch` and of Blocks, which mount_gradio_app does not take.
    page.state_session_capacity, page.delete_cache = _TABS, _FILES_KEPT
    return page


def serve(
    library: "Library",
    llm: Llm,
    address: Address,
    sharing: Sharing,
    say: Callable[[str], None],
    mcp: bool = False,
) -> None:
    """Open the page until it is interrupted; `say` is given the lines that its owner must read.

    Raises ConfigurationError if the port cannot be had or a setting cannot be used.
    """
    with ExitStack() as stack:
        stack.enter_context(_ended_in_order())
        os.environ["GRADIO_TEMP_DIR"] = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="yinzheng-")
        )
        passwords = sharing.passwords(address)
        server = sharing.share_server()
        listener = stack.enter_context(_listener(address))
        port = listener.getsockname()[1]
        whole = threading.Event()
        # Who comes before the page is there waits for it at this socket.
        with _without_collection():
            services = stack.enter_context(open_services(library, llm, *passwords))
            hosts = LOOPBACK if address.is_local and not any(passwords) else None
            app = make_app(services, address.root_path, hosts, mcp, whole.set)

        def ready() -> None:
            _announce(address, port, _links(port, sharing, server, say, stack), passwords, say)

        def prepare(ends: threading.Event) -> None:
            whole.wait()  # who comes is to see the page first
            _prepare(services, ends)

        _run(app, listener, ready, prepare)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Look for no garbage while much is made that stays, nor among that later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _prepare(services: Services, ends: threading.Event) -> None:
    """Load what the first answer needs, while the page can be seen; who asks now waits for it.

    Raises EncoderError if the library's encoder cannot be had, without which nothing is answered.
    """
    with _without_collection():
        for load in (_load_pipeline, _load_assistant, _load_client):
            if ends.is_set():
                return
            load(services)
    _rehearse(services.library, ends)
    if not ends.is_set():
        services.models.find_beside(_REHEARSED, ends)


def _load_pipeline(_: Services) -> None:
    import_module("rag.pipeline")


def _load_assistant(services: Services) -> None:
    _ = services.models.assistant.library.encoder


def _load_client(services: Services) -> None:
    from rag.llm.presets import parse_spec

    if parse_spec(services.models.model.spec).preset:
        for name in _ASKING:
            import_module(name)


def _rehearse(library: "Library", ends: threading.Event) -> None:
    """Answer questions by quotations, so that all that answers need is loaded."""
    from rag.pipeline import Assistant

    try:
        if library.store.counts()[1]:
            assistant = Assistant(library)
            for _ in chain.from_iterable(map(assistant.stream, _REHEARSED)):
                if ends.is_set():
                    return
    except Exception:  # a reader is told what is wrong
        _log.info("the first answer may take longer: what it needs was not loaded", exc_info=True)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let the signal to end be an exception, so that all that is open is closed.

    Its default would end the process at once, and leave folders and processes behind.
    """

    def end(*_: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    if threading.current_thread() is not threading.main_thread():  # others cannot take signals
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(
    app: "ASGIApp",
    listener: socket.socket,
    ready: Callable[[], None],
    prepare: Callable[[threading.Event], None],
) -> None:
    """Serve on a socket until a signal ends it; `ready` is called once visitors can come.

    So is `prepare`, in a thread of its own; its event is set when the page is closed, which waits
    for it. What it raises closes the page, and is raised then.
    """
    import uvicorn

    ending, ends = _Ending(app), threading.Event()
    failures: list[YinzhengError] = []

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            threading.Thread(target=ready, name="announcement", daemon=True).start()
            self.preparing = threading.Thread(target=self.prepare, name="preparation", daemon=True)
            self.preparing.start()

        def prepare(self) -> None:
            try:
                prepare(ends)
            except YinzhengError as error:
                failures.append(error)
                self.should_exit = True

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            ending.end()
            ends.set()
            await super().shutdown(sockets)
            # It uses what is closed next, and native code that Python must not end below.
            await asyncio.to_thread(self.preparing.join)

    proxies: dict[str, Any] = {**share.PROXY_SETTINGS}
    settings = uvicorn.Config(
        ending,
        http=_patient_protocol(),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_LAST_SECONDS,
        **proxies,
    )
    with suppress(KeyboardInterrupt):  # who ends a page by Ctrl-C has not interrupted anything
        Server(settings).run([listener])
    if failures:
        raise failures[0]


def _patient_protocol() -> Any:
    """Return the class that speaks HTTP over a connection, with an end to its patience."""
    # Not what stands for it where httptools is: that reads some addresses otherwise than the guard
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Patient(H11Protocol):
        """Ends a connection over which no whole request has come; uvicorn would wait for ever."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._look_later()

        def _look_later(self) -> None:
            asyncio.get_running_loop().call_later(_PATIENCE, self._look)

        def _look(self) -> None:
            if self.transport.is_closing():
                return
            if self.cycle is None or self.cycle.response_complete:
                self.transport.close()
            else:
                self._look_later()

    return Patient


def _listener(address: Address) -> socket.socket:
    """Return a socket that visitors connect to. Raises ConfigurationError if it is taken."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family, backlog=128)
    except OSError as error:
        raise ConfigurationError(
            f"port {address.port} of {address.host} cannot be opened: choose another --port or "
            "--host"
        ) from error


def _announce(
    address: Address,
    port: int,
    links: Iterable[str],
    passwords: tuple[str, str],
    say: Callable[[str], None],
) -> None:
    """Say where the page is and, if it is shared, how others get in."""
    own = "127.0.0.1" if address.is_local or address.host in _ANY else address.host
    say(f"http://{own}:{port}{address.root_path}/")
    urls = [] if address.is_local else share.addresses(address.host, port, address.root_path)
    if any(passwords):
        say(share.invitation([*urls, *links], *passwords, language="en"))


def _links(
    port: int,
    sharing: Sharing,
    server: share.ShareServer | None,
    say: Callable[[str], None],
    stack: ExitStack,
) -> Iterator[str]:
    """Yield the share link if one is wanted; where it cannot be had, that is said."""
    if not sharing.link:
        return
    try:
        tunnel = share.open_tunnel(port, server, lambda line, _: say(line))
    except (ShareError, ConfigurationError) as error:
        say(str(error))
        return
    stack.callback(tunnel.close)
    yield tunnel.url
