"""Stands for the package of that name: a server of the same face, told what to do by its "model".

The file reads GGUF and then JSON: {"reply": [pieces], "load": "crash"|"refuse"|"hang",
"crash_after": pieces, "pause": seconds before an answer, which notes how many are written at once
in a file "counts", "endless_until_left": a file to write when the client has left}.
"""

import ctypes
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace


class CommonParams(SimpleNamespace):
    def __init__(self):
        super().__init__(
            model=SimpleNamespace(path=""),
            cpuparams=SimpleNamespace(n_threads=-1),
            n_parallel=1,
            kv_unified=False,
        )


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != f"Bearer {self.server.params.api_keys[0]}":
            self.send_response(401)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        if file := self.server.play.get("endless_until_left"):
            self.go_on(Path(file))
            return
        if pause := self.server.play.get("pause"):
            self.rest(pause)
        for number, piece in enumerate(self.server.play["reply"]):
            if number == self.server.play.get("crash_after"):
                os.abort()
            self.say({"content": piece}, None)
        self.say({}, "stop")
        self.wfile.write(b"data: [DONE]\n\n")

    def rest(self, seconds):
        """Take as long, one after the other for want of a slot, and note who is there."""
        server = self.server
        with server.slots:
            server.under_way.append(1)
            with Path(server.params.model.path).with_name("counts").open("a") as counts:
                counts.write(f"{len(server.under_way)}\n")
            time.sleep(seconds)
            server.under_way.pop()

    def go_on(self, file):
        try:
            while True:
                self.say({"content": "没完没了"}, None)
        except OSError:
            file.touch()

    def say(self, delta, finish):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        event = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        self.wfile.write(f"data: {json.dumps({**event, 'choices': [choice]})}\n\n".encode())
        self.wfile.flush()

    def log_message(self, format, *args):
        pass


class Server:
    def __init__(self, params):
        play = json.loads(Path(params.model.path).read_bytes()[4:] or b"{}")
        os.write(1, b"llama.cpp greets on standard output\n")
        if play.get("load") == "crash":
            os.write(2, b"1.2 E error loading model: unknown architecture\n")
            os.abort()
        if play.get("load") == "refuse":
            raise RuntimeError("Failed to init server")
        if play.get("load") == "hang":
            Path(f"{params.model.path}.begun").touch()
            # As the real one does, it lets no other Python thread run meanwhile.
            ctypes.PyDLL(None).sleep(60)
        play.setdefault("reply", ["东莞", "在广东。"])
        server = ThreadingHTTPServer(("127.0.0.1", params.port), Handler)
        server.params, server.play = params, play
        server.slots, server.under_way = threading.Semaphore(params.n_parallel), []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.listening_address = f"http://127.0.0.1:{server.server_address[1]}"
