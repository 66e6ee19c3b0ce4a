"""A server of chat completions on this machine, with the faults that such servers show."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = Callable[["Handler"], None]

DONE = "data: [DONE]\n\n"


class Handler(BaseHTTPRequestHandler):
    """Plays the next reply of the server's script, the last one for ever."""

    server: "Server"

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append(self)
        replies = self.server.replies
        (replies.pop(0) if len(replies) > 1 else replies[0])(self)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def begin(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()

    def send(self, data: str | bytes) -> None:
        self.wfile.write(data.encode() if isinstance(data, str) else data)
        self.wfile.flush()

    def wait(self, seconds: float) -> bool:
        """Wait; True when the server is told to stop."""
        return self.server.release.wait(seconds)

    def hold(self) -> None:
        """Say nothing more until the client goes away or the server is told to stop."""
        self.connection.settimeout(0.05)
        while not self.server.release.is_set():
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue

    def drop(self) -> None:
        """Break the connection."""
        self.connection.shutdown(socket.SHUT_RDWR)


class Server(ThreadingHTTPServer):
    """Listens on a free port of this machine; counts the connections that are open."""

    daemon_threads = True

    def __init__(self, *replies: Reply) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: list[Reply] = list(replies)
        self.seen: list[Handler] = []
        self.release = threading.Event()
        self.changed = threading.Condition()
        self.open = 0

    def process_request_thread(self, request: object, client_address: object) -> None:
        self._count(1)
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        with self.changed:
            self.open += more
            self.changed.notify_all()

    def wait_until_free(self, seconds: float) -> bool:
        """Tell whether all connections end within some seconds."""
        with self.changed:
            return self.changed.wait_for(lambda: not self.open, seconds)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is what some faults are about."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def serving(*replies: Reply) -> Iterator[Server]:
    """Give a server that plays some replies, and take it away with all that hangs on it."""
    server = Server(*replies)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
        server.wait_until_free(5)


def free_address() -> str:
    """Return an address at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


# What a server sends.


def piece(text: str | None = None, finish: str | None = None, **more: object) -> str:
    return event({"content": text}, finish, **more)


def event(delta: dict[str, object], finish: str | None = None, **more: object) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    whole = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps({**whole, 'choices': [choice], **more}, ensure_ascii=False)}\n\n"


def stream(*data: str | bytes, kind: str = "text/event-stream") -> Reply:
    def reply(handler: Handler) -> None:
        handler.begin(200, kind)
        for part in data:
            handler.send(part)

    return reply


def then(*data: str | bytes, after: Callable[[Handler], None]) -> Reply:
    """Send some data, and then do what `after` does."""

    def reply(handler: Handler) -> None:
        handler.begin(200, "text/event-stream")
        for part in data:
            handler.send(part)
        after(handler)

    return reply


def status(
    code: int, message: str = "no", more: dict[str, object] | None = None, **headers: str
) -> Reply:
    def reply(handler: Handler) -> None:
        handler.begin(code, "application/json", **headers)
        handler.send(json.dumps({"error": {"message": message, **(more or {})}}))

    return reply


def repeated(data: str | bytes, pause: float = 0.0, before: str = "") -> Reply:
    """Send the same over and over until the client goes away."""

    def reply(handler: Handler) -> None:
        handler.begin()
        handler.send(before)
        while not handler.wait(pause):
            handler.send(data)

    return reply


def silent(handler: Handler) -> None:
    """Take the request and say nothing, not even a status."""
    handler.hold()


def headers_only(handler: Handler) -> None:
    handler.begin()
    handler.hold()


def page(handler: Handler) -> None:
    handler.begin(200, "text/html; charset=utf-8")
    handler.send("<html><body>Please log in</body></html>")


def dripping(tokens: Sequence[str], pause: float) -> Reply:
    """Send a token, and another after each pause."""

    def reply(handler: Handler) -> None:
        handler.begin()
        for token in tokens:
            handler.send(piece(token))
            if handler.wait(pause):
                return

    return reply


def cut_in(tokens: Sequence[str], rest: str | bytes = b"") -> Reply:
    """Send some tokens and a part of another event, and break the connection."""

    def reply(handler: Handler) -> None:
        handler.begin(200, "text/event-stream", Content_Length="10000000")
        for token in tokens:
            handler.send(piece(token))
        handler.send(rest)
        handler.drop()

    return reply


def counting(limit: int) -> Reply:
    """Send a text of numbers that never repeats itself, of at least `limit` bytes."""

    def reply(handler: Handler) -> None:
        handler.begin()
        sent = n = 0
        while sent < limit and not handler.server.release.is_set():
            data = piece("".join(f"第{i}项，" for i in range(n, n + 20)))
            handler.send(data)
            sent, n = sent + len(data.encode()), n + 20
        handler.send(piece(finish="stop") + DONE)

    return reply


@dataclass(frozen=True, slots=True)
class Mode:
    """A fault: what the server plays, and what may come of it."""

    name: str
    replies: tuple[Reply, ...]  # none: nothing listens
    text: bool = False  # some text comes before the fault
    whole: bool = False  # it passes, and the answer is whole


def modes(tokens: Sequence[str], pause: float = 5.0, retry_after: float = 3.0) -> list[Mode]:
    """Return the twelve faults, some in two or three forms.

    `tokens` are those of a good answer; one comes every `pause` seconds where it drips.
    """
    good = stream(*map(piece, tokens), piece(finish="stop"), DONE)
    half = len(tokens) // 2
    some = tokens[: half + 1]
    told = {"Retry-After": f"{retry_after:g}"}
    character = piece("万").encode()
    inside = character[: character.index("万".encode()) + 1]
    return [
        Mode("1 refuses the connection", ()),
        Mode("2 accepts, then silent", (silent,)),
        Mode("3 headers, then silent", (headers_only,)),
        Mode("4 one token in 5 s", (dripping([*tokens] * 1000, pause),), text=True),
        Mode("5 cut after some tokens", (cut_in(some),), text=True),
        Mode("6 cut inside a character", (cut_in(some, inside),), text=True),
        Mode("6 cut inside JSON", (cut_in(some, 'data: {"choi'),), text=True),
        Mode("6 ends inside a character", (stream(*map(piece, some), inside),), text=True),
        Mode("7 neither finish mark nor [DONE]", (stream(*map(piece, some)),), text=True),
        Mode("7 [DONE] without a finish mark", (stream(*map(piece, some), DONE),), text=True),
        Mode("8 429 with Retry-After", (status(429, **told), good), whole=True),
        Mode("8 429 with a long Retry-After", (status(429, **{"Retry-After": "3600"}),)),
        Mode("8 429 for ever", (status(429),)),
        Mode("9 500 twice, then good", (status(500), status(500), good), whole=True),
        Mode("10 200 with a web page", (page,)),
        Mode("11 an answer of 10 MB", (counting(10_000_000),), text=True),
        Mode("11 one event of 10 MB", (stream(piece("长" * 3_500_000), DONE),)),
        Mode("11 endless", (repeated(piece("没完没了")),), text=True),
        Mode("11 endless, only comments", (repeated(": keep-alive\n\n", 0.01),)),
        Mode("12 finish_reason length", (_ended(some, "length"),), text=True),
        Mode("12 finish_reason content_filter", (_ended(some, "content_filter"),), text=True),
    ]


def _ended(tokens: Sequence[str], finish: str) -> Reply:
    return stream(*map(piece, tokens), piece(finish=finish), DONE)
