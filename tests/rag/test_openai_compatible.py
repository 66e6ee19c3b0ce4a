"""Calls of an OpenAI-compatible server: a scripted one on this machine, with known faults."""

import gc
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rag.answer import PromptedAnswerer
from rag.errors import (
    ConfigurationError,
    LanguageModelCut,
    LanguageModelError,
    LanguageModelUnavailable,
)
from rag.llm import make_answerer
from rag.llm.base import Message
from rag.llm.openai_compatible import OpenAICompatible, Patience
from rag.understand import understand

KEY = "sk-secret-0123456789abcdef"
QUICK = Patience(connect=0.5, read=0.4, whole=1.5, retries=1)
ASKED = [Message("system", "Be short."), Message("user", "奖励多少？")]
QUESTION = understand("奖励多少？")

Reply = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Plays the next reply of the server's script."""

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


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: list[Reply] = []
        self.seen: list[Handler] = []
        self.release = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is what some tests are about."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()
    thread.join()


def piece(text: str | None = None, finish: str | None = None, **more: object) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    event = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps({**event, 'choices': [choice], **more}, ensure_ascii=False)}\n\n"


def stream(*data: str | bytes) -> Reply:
    def reply(handler: Handler) -> None:
        handler.begin()
        for part in data:
            handler.send(part)

    return reply


def status(code: int, message: str = "no", **headers: str) -> Reply:
    def reply(handler: Handler) -> None:
        handler.begin(code, "application/json", **headers)
        handler.send(json.dumps({"error": {"message": message}}))

    return reply


def page(handler: Handler) -> None:
    handler.begin(200, "text/html")
    handler.send("<html><body>Please log in</body></html>")


def silent(handler: Handler) -> None:
    handler.begin()
    handler.server.release.wait(5)


def cut(handler: Handler) -> None:
    """Break the connection in the middle of the answer."""
    handler.begin(200, "text/event-stream", Content_Length="100000")
    handler.send(piece("东莞最高"))
    handler.connection.shutdown(socket.SHUT_RDWR)


def stalled(handler: Handler) -> None:
    handler.begin()
    handler.send(piece("东莞最高"))
    handler.server.release.wait(5)


def dripping(handler: Handler) -> None:
    handler.begin()
    while not handler.server.release.wait(0.2):
        handler.send(piece("慢"))


def endless(handler: Handler) -> None:
    handler.begin()
    while not handler.server.release.is_set():
        handler.send(piece("没完没了" * 50))


DONE = "data: [DONE]\n\n"
GOOD = stream(piece("东莞最高"), piece("200万元[1]。"), piece(finish="stop"), DONE)


def model(server: Server, patience: Patience = QUICK) -> OpenAICompatible:
    return OpenAICompatible("m", server.address, KEY, patience)


def answered(server: Server, *replies: Reply) -> str:
    server.replies[:] = replies
    return "".join(PromptedAnswerer(model(server)).draft(QUESTION, ()))


# What works.


def test_a_stream_is_put_together(server) -> None:
    assert answered(server, GOOD) == "东莞最高200万元[1]。"


def test_the_last_piece_says_why_it_ended_and_what_it_cost(server) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    server.replies[:] = [stream(piece("好"), piece(finish="stop", usage=usage), DONE)]
    chunks = list(model(server).stream(ASKED))
    assert [chunk.text for chunk in chunks] == ["好", ""]
    assert chunks[-1].finish == "stop"
    assert (chunks[-1].usage.prompt, chunks[-1].usage.completion) == (7, 3)


def test_a_character_split_over_packets_is_read(server) -> None:
    data = (piece("东莞最高200万元。") + piece(finish="stop") + DONE).encode()
    assert (
        answered(server, stream(*(data[i : i + 1] for i in range(len(data)))))
        == "东莞最高200万元。"
    )


@pytest.mark.parametrize(
    "extra", [": keep-alive\n\n", "event: ping\ndata: {}\n\n", 'data: {"choices": []}\n\n', "\r\n"]
)
def test_what_other_servers_send_besides_is_passed_over(server, extra) -> None:
    assert (
        answered(server, stream(extra, piece("好"), extra, piece(finish="stop"), extra, DONE))
        == "好"
    )


def test_a_server_without_done_is_whole_by_its_finish_mark(server) -> None:
    assert answered(server, stream(piece("好"), piece(finish="stop"))) == "好"


def test_what_is_sent_asks_for_a_short_repeatable_answer(server) -> None:
    answered(server, GOOD)
    (request,) = server.seen
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.path == "/v1/chat/completions"
    assert (request.body["model"], request.body["stream"], request.body["temperature"]) == (
        "m",
        True,
        0,
    )
    assert request.body["max_tokens"] > 0
    assert [message["role"] for message in request.body["messages"]] == ["system", "user"]


@pytest.mark.parametrize("fault", [status(429, Retry_After="0.05"), status(500), status(503)])
def test_a_passing_fault_before_the_first_piece_is_tried_again(server, fault) -> None:
    assert answered(server, fault, GOOD) == "东莞最高200万元[1]。"
    assert len(server.seen) == 2


# What fails: one clear error each, and nothing left behind.

FAULTS = {
    "wrong key": (
        [status(401, f"Incorrect API key provided: {KEY}")],
        LanguageModelUnavailable,
        "401",
    ),
    "no such model": ([status(404, "model m not found")], LanguageModelUnavailable, "not found"),
    "bad request": ([status(400, "context too long")], LanguageModelUnavailable, "too long"),
    "always overloaded": ([status(429, Retry_After="0.01")], LanguageModelUnavailable, "429"),
    "always broken": ([status(500)], LanguageModelUnavailable, "500"),
    "headers, then nothing": ([silent], LanguageModelUnavailable, "timed out"),
    "error event": (
        [stream('data: {"error": {"message": "out of memory"}}\n\n')],
        LanguageModelUnavailable,
        "memory",
    ),
    "error event later": (
        [stream(piece("好"), 'data: {"error": {"message": "out of memory"}}\n\n')],
        LanguageModelCut,
        "memory",
    ),
    "no JSON": ([stream("data: {garbage\n\n")], LanguageModelUnavailable, ""),
    "a list for an event": ([stream("data: [1, 2]\n\n")], LanguageModelUnavailable, ""),
    "a number for an event": ([stream("data: 5\n\n")], LanguageModelUnavailable, ""),
    "no delta": ([stream('data: {"choices": [{"index": 0}]}\n\n')], LanguageModelUnavailable, ""),
    "a list for a text": (
        [stream('data: {"choices": [{"index": 0, "delta": {"content": [{"text": "好"}]}}]}\n\n')],
        LanguageModelUnavailable,
        "list",
    ),
    "half a JSON": ([stream(piece("好"), 'data: {"choi')], LanguageModelError, ""),
    "half a character": (
        [stream(piece("好"), "data: 好".encode()[:-1] + b"\n\n")],
        LanguageModelError,
        "",
    ),
    "a login page": ([page], LanguageModelCut, "connection ended"),
    "an empty stream": ([stream()], LanguageModelCut, "connection ended"),
    "broken off": ([cut], LanguageModelCut, "broke off"),
    "stalled": ([stalled], LanguageModelCut, "timed out"),
    "too slow": ([dripping], LanguageModelCut, "not done"),
    "endless": ([endless], LanguageModelCut, "stopped after"),
    "no finish mark": ([stream(piece("好"), DONE)], LanguageModelCut, "connection ended"),
    "cut by its length": (
        [stream(piece("好"), piece(finish="length"), DONE)],
        LanguageModelCut,
        "length",
    ),
    "filtered": ([stream(piece("好"), piece(finish="content_filter"))], LanguageModelCut, "filter"),
}


def assert_one_clear_line(error: LanguageModelError) -> None:
    assert "\n" not in str(error)
    assert 0 < len(str(error)) < 400
    assert KEY not in str(error)
    assert KEY[:12] not in str(error)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_one_clear_error(server, fault) -> None:
    replies, kind, words = FAULTS[fault]
    with pytest.raises(LanguageModelError) as caught:
        answered(server, *replies)
    assert isinstance(caught.value, kind)
    assert words in str(caught.value)
    assert_one_clear_line(caught.value)


def test_a_server_that_is_not_there_is_unavailable_by_its_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    gone = OpenAICompatible("m", f"http://user:{KEY}@127.0.0.1:{port}/v1", KEY, QUICK)
    with pytest.raises(LanguageModelUnavailable) as caught:
        list(gone.stream(ASKED))
    assert f"127.0.0.1:{port}" in str(caught.value)
    assert_one_clear_line(caught.value)


def test_a_key_at_the_edge_of_a_long_message_is_not_shown_in_part(server) -> None:
    server.replies[:] = [status(401, "x" * 165 + KEY)]
    with pytest.raises(LanguageModelUnavailable) as caught:
        list(model(server).stream(ASKED))
    assert_one_clear_line(caught.value)


def test_an_answer_that_has_begun_is_not_asked_for_again(server) -> None:
    with pytest.raises(LanguageModelCut):
        answered(server, cut, GOOD)
    assert len(server.seen) == 1


@pytest.mark.parametrize("fault", ["stalled", "broken off", "endless", "no JSON"])
def test_nothing_is_left_open_after_a_fault(server, fault) -> None:
    def open_files() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("open files are counted in /proc")
    replies = FAULTS[fault][0]
    with pytest.raises(LanguageModelError):  # the first call opens what stays open
        answered(server, *replies)
    server.release.set()
    files, threads = open_files(), {thread.name for thread in threading.enumerate()}
    for _ in range(3):
        with pytest.raises(LanguageModelError):
            answered(server, *replies)
    for thread in threading.enumerate():
        if "process_request" in thread.name:
            thread.join(2)
    assert open_files() <= files
    assert {t.name for t in threading.enumerate() if "process_request" not in t.name} <= threads


def test_a_reader_who_goes_away_closes_the_connection(server) -> None:
    server.replies[:] = [endless]
    chunks = model(server).stream(ASKED)
    assert next(chunks).text
    chunks.close()
    for thread in threading.enumerate():
        if "process_request" in thread.name:
            thread.join(5)  # ends by itself only when it cannot write any more
            assert not thread.is_alive()


# Settings.


def test_without_key_and_address_it_says_what_it_needs(monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        OpenAICompatible("m")


def test_key_and_address_come_from_the_environment_too(monkeypatch, server) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", server.address)
    server.replies[:] = [GOOD]
    assert "".join(chunk.text for chunk in OpenAICompatible("m").stream(ASKED))
    assert server.seen[0].headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "address", ["localhost:8080", "ftp://localhost", "http://", "http:///v1", "x"]
)
def test_an_address_that_is_none_is_refused_at_once(address) -> None:
    with pytest.raises(ConfigurationError, match="--base-url"):
        OpenAICompatible("m", address, KEY)


@pytest.mark.parametrize("spec", ["openai", "openai:", "gpt", "", "extractive:x", "OPENAI:m"])
def test_a_spec_that_names_no_model_is_refused(spec) -> None:
    with pytest.raises(ConfigurationError, match="--llm"):
        make_answerer(spec, encoder=None)


def test_specs_make_answerers(encoder, server) -> None:
    assert make_answerer("extractive", encoder).name == "extractive"
    assert make_answerer("openai:org/m:7b", encoder, server.address).name == "openai:org/m:7b"
