"""A server of chat completions for tests."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "sk-secret-0123456789abcdef"


class Stub(ThreadingHTTPServer):
    """A server of chat completions that says what it is told, and remembers what it was asked."""

    daemon_threads = True
    # What a client that goes away leaves behind must be seen, not waited for.
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pieces = ["东莞", "在广东。"]
        self.endless = False
        self.models: object = {"data": [{"id": "qwen3:4b"}]}
        self.status = 200
        self.pause = threading.Event()  # set: answers at once
        self.pause.set()
        self.asked: list[tuple[str, str]] = []  # path and Authorization
        self.left = threading.Event()  # a client went away

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is what some tests are about."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Stub

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization", "")))
        self.server.pause.wait(5)
        said = self.server.models
        self.reply("application/json")
        self.wfile.write(said if isinstance(said, bytes) else json.dumps(said).encode())

    def do_POST(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization", "")))
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status != 200:
            self.reply("application/json")
            sent = self.headers["Authorization"]
            self.wfile.write(json.dumps({"error": {"message": f"wrong key: {sent}"}}).encode())
            return
        self.reply("text/event-stream")
        try:
            self.answer()
        except OSError:
            self.server.left.set()

    def answer(self) -> None:
        while self.server.endless:
            self.say({"content": "没完没了"}, None)
        for piece in self.server.pieces:
            self.say({"content": piece}, None)
        self.say({}, "stop", usage={"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10})
        self.wfile.write(b"data: [DONE]\n\n")

    def say(self, delta: dict[str, str], finish: str | None, **more: object) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        event = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        text = json.dumps({**event, "choices": [choice], **more})
        self.wfile.write(f"data: {text}\n\n".encode())
        self.wfile.flush()

    def reply(self, kind: str) -> None:
        self.send_response(self.server.status)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
