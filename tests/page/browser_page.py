"""The whole page as visitors see it: it runs as a program, in front of it is a real browser."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")  # Debian's; playwright's own would be a download
# No name but this machine's is found, as if the network were cut.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
PATIENCE = 120  # seconds: the machine may be busy, and the first start converts the encoder
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
GUEST, OWNER = "guest-password", "owner-password"
# What gradio says when a page is left while it listens to the server.
LEFT = ("AbortError: signal is aborted", "Connection errored out", "ERR_ABORTED")
# Some minutes of Chromium: `make story` runs them, the default run has the shorter ones.
MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(not os.environ.get("YINZHENG_STORY"), reason="make story runs these"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed"),
]


# --- programs


def run(*arguments, settings=None):
    """Run `yinzheng` as a user would, and return what it wrote."""
    ended = subprocess.run(
        [sys.executable, "-m", "rag", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=5 * PATIENCE,
        env=os.environ | (settings or {}),
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@cache
def _ingested(folder, *sources):
    library = folder / sha256(repr(sources).encode()).hexdigest()[:8] / "library"
    run("ingest", *sources, "--library", library)
    return library


def made_library(tmp_path_factory, *sources):
    """Return a library of one's own of some files; they are read once in a run."""
    made = _ingested(tmp_path_factory.getbasetemp() / "pages", *sources)
    copy = tmp_path_factory.mktemp("page") / "library"
    return shutil.copytree(made, copy)


@dataclass
class Site:
    """A page that runs; `restart` keeps its address."""

    library: Path
    settings: dict
    log: Path
    port: int = 0
    process: subprocess.Popen | None = None

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/"

    def start(self):
        library, port = str(self.library), str(self.port)
        command = [sys.executable, "ui.py", "--library", library, "--port", port]
        settings = os.environ | {"PYTHONUNBUFFERED": "1", "YINZHENG_LLM": "extractive"}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=log, env=settings | self.settings
            )
        self.port = int(urlsplit(self._announced()).port)

    def _announced(self):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            if found := re.search(r"http://127\.0\.0\.1:\d+/", self.log.read_text()):
                return found[0]
            time.sleep(0.1)
        raise AssertionError(f"the page did not open: {self.log.read_text()}")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(15)
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.stop()
        self.start()


@contextmanager
def running(library, **settings):
    """Give a page over a library on a free port."""
    site = Site(library, settings, library.with_name("page.log"))
    try:
        site.start()
        yield site
    finally:
        if site.process:
            site.stop()


PASSWORDS = {"YINZHENG_GUEST_PASSWORD": GUEST, "YINZHENG_OWNER_PASSWORD": OWNER}


# --- a model and a trap on this machine


@dataclass(frozen=True)
class Reply:
    """What a model says, in how many seconds between two pieces of it."""

    pieces: tuple
    pause: float = 0.0
    status: int = 200


class _Model(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reply = self.server.reply("\n".join(one["content"] for one in body["messages"]))
        self.send_response(reply.status)
        kind = "text/event-stream" if reply.status == 200 else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()
        with suppress(OSError):  # the reader stopped it
            self._write(reply)

    def _write(self, reply):
        if reply.status != 200:
            self.wfile.write(json.dumps({"error": {"message": "".join(reply.pieces)}}).encode())
            return
        for piece in reply.pieces:
            self._event({"choices": [{"index": 0, "delta": {"content": piece}}]})
            if self.server.ended.wait(reply.pause):
                return
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, known):
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
        self.wfile.write(f"data: {json.dumps(chunk | known)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, *_):
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that goes away is no fault."""


@contextmanager
def model(reply: Callable[[str], Reply]) -> Iterator[dict]:
    """Give the settings of a page that asks a model on this machine; it is told all messages."""
    server = _Server(("127.0.0.1", 0), _Model)
    server.reply, server.ended = reply, threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield {
            "YINZHENG_LLM": "openai:scripted",
            "YINZHENG_BASE_URL": f"http://127.0.0.1:{server.server_address[1]}/v1",
            "YINZHENG_API_KEY": "none",
        }
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Trap:
    """Another address of this machine, which nothing on the page may call."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.calls = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):  # it is closed
            while True:
                connection, caller = self._listener.accept()
                self.calls.append(caller)
                connection.close()

    @property
    def address(self):
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def shot(self, name):
        """Keep a picture where the environment asks for pictures, to be looked at."""
        if folder := os.environ.get("YINZHENG_PICTURES"):
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    def close(self):
        self._listener.close()


# --- visitors


@dataclass
class Seen:
    """What a browser did that a page may not make it do."""

    outside: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    dialogs: list = field(default_factory=list)


class Visit:
    """A browser of one visitor on the page; each has its own cookies."""

    def __init__(self, browser, address, path="", **settings):
        self.address, self.seen, self.expected = address, Seen(), LEFT
        self.context = browser.new_context(
            **{"locale": "en", "viewport": {"width": 1280, "height": 900}} | settings
        )
        self.context.set_default_timeout(1000 * PATIENCE)
        self.context.on("request", self._request)
        self.context.on("page", self._hear_page)
        self.page = self.context.new_page()
        self.page.goto(address + path)

    def _hear_page(self, page):
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.seen.errors.append(str(error)))
        page.on("dialog", self._dialog)

    def _request(self, request):
        if not request.url.startswith((self.address, "data:", "blob:", "about:")):
            self.seen.outside.append(request.url)

    def _console(self, message):
        if message.type == "error":
            self.seen.errors.append(message.text)

    def _dialog(self, dialog):
        self.seen.dialogs.append(dialog.message)
        dialog.accept()

    def shot(self, name):
        """Keep a picture where the environment asks for pictures, to be looked at."""
        if folder := os.environ.get("YINZHENG_PICTURES"):
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    def close(self):
        """End the visit, in which nothing may have come from elsewhere and nothing gone wrong."""
        self.context.close()
        assert self.seen.outside == [], self.seen.outside
        errors = [one for one in self.seen.errors if not any(map(one.count, self.expected))]
        assert errors == [], errors

    # - signing in and asking

    def sign_in(self, password):
        self.page.locator("input[type=password]").fill(password)
        self.page.locator("input[type=password]").press("Enter")
        self.page.wait_for_url(lambda url: "/login" not in url)

    def ready(self):
        """Wait until a question can be asked."""
        self.page.locator("#yz-question .submit-button").wait_for()
        self.page.locator("#yz-sign .yz-open-chat").wait_for(state="attached")
        return self

    @property
    def whole(self):
        """Answers that have come, and lines that stand where an answer would."""
        shown = "#yz-log .yz-answer:not(:has(.yz-draft)), #yz-log .yz-answer.yz-draft"
        return self.page.locator(shown)

    def begin(self, question):
        self.page.locator("#yz-question textarea").fill(question)
        self.page.locator("#yz-question textarea").press("Enter")

    def ask(self, question):
        before = self.whole.count()
        self.begin(question)
        return self.answer(before)

    def answer(self, number):
        """Return an answer, counted from 0, once it is whole."""
        found = self.whole.nth(number)
        found.wait_for()
        self.page.locator("#yz-question .submit-button").wait_for()
        self.page.wait_for_timeout(200)  # until gradio takes the next one: sooner than any hand
        return found

    def new_chat(self):
        self.page.locator("#yz-new").click()
        self.page.locator(".example").first.wait_for()

    def do(self, name, within=None):
        """Press what offers to do something, in the newest answer unless told where."""
        within = within or self.page.locator("#yz-log .yz-answer").last
        within.locator(f"a.yz-action[href*='do={name}&']").first.click()

    def said(self, text):
        """Wait until the page says something in passing."""
        holds(self.page.locator("#yz-toast"), text)

    def tab(self, name):
        self.page.get_by_role("tab", name=name, exact=True).click()

    def pasted(self):
        """Return what lies on the clipboard; the page's own policy does not let it be read."""
        self.page.evaluate(
            "() => { const area = document.createElement('textarea'); area.id = 'pasted';"
            "(document.querySelector('dialog[open]') || document.body).append(area); area.focus() }"
        )
        self.page.keyboard.press("Control+V")
        text = self.page.locator("#pasted").input_value()
        self.page.evaluate("() => document.getElementById('pasted').remove()")
        return text

    def in_view(self, locator):
        box, height = locator.bounding_box(), self.page.viewport_size["height"]
        return box is not None and box["y"] >= 0 and box["y"] + box["height"] <= height


def place_of(href):
    """Return (id, start, end) of the address of a place in a document."""
    asked = parse_qs(urlsplit(href).query)
    return asked["id"][0], int(asked["start"][0]), int(asked["end"][0])


def holds(locator, text):
    """Wait until a text is shown."""
    playwright.expect(locator).to_contain_text(text, timeout=1000 * PATIENCE)


def until(is_so, what):
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, f"not within {PATIENCE} s: {what}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, site):
    """Open the page for new visitors, who must see no error and load nothing from elsewhere."""
    visits = []

    def opened(path="", **settings):
        visits.append(Visit(browser, site.address, path, **settings))
        return visits[-1]

    yield opened
    for one in visits:
        one.close()
