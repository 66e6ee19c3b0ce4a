"""What page.server bounds, and how it begins and ends."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from page.server import _ended_in_order, _Ending, _load, _rehearse
from rag.llm.breaker import provider
from rag.llm.presets import BY_NAME

ROOT = Path(__file__).parents[2]
PATIENCE = 120  # seconds
BOUNDS = """
import json, sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from index.library import Library
from page.lean_gradio import import_gradio
from page.server import Llm, _application, _Pages, open_services

before = list(sys.meta_path)
import_gradio()
import gradio.component_meta
with Library(Path(sys.argv[1]), create=True) as library, open_services(library, Llm()) as services:
    app = _application(services, "", False)
    pages = next(r.app for r in app.routes if isinstance(getattr(r, "app", None), _Pages))
    apps = {name: page.routes[-1].app for name, page in pages._pages.items()}
    blocks = {name: one.get_blocks() for name, one in apps.items()}
    mcp = [name for name in sys.modules if name.partition(".")[0] == "mcp"]
    print(json.dumps({
        "languages": list(blocks),
        "capacity": [one.state_holder.capacity for one in apps.values()],
        "threads": [one.max_threads for one in blocks.values()],
        "at once": [one._queue.default_concurrency_limit for one in blocks.values()],
        "files": [one.delete_cache for one in blocks.values()],
        "same app": [blocks[name].app is one for name, one in apps.items()],
        "stubs": gradio.component_meta.create_or_modify_pyi.__module__,
        "finders": sys.meta_path == before,
        "mcp": mcp,
        "mcp can be had": find_spec("mcp") is None or bool(import_module("mcp")),
        "heavy": sorted({"torch", "transformers", "sentence_transformers"} & sys.modules.keys()),
    }))
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    settings = os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
    return subprocess.run(
        command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=PATIENCE
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict:
    import json

    done = run("-c", BOUNDS, str(tmp_path_factory.mktemp("bounds") / "library"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_what_gradio_remembers_of_visitors_is_bounded_in_each_language(made):
    assert made["languages"] == ["zh", "zh-Hant", "en"]
    assert all(0 < capacity <= 1_000 for capacity in made["capacity"])
    assert all(0 < often <= age <= 3_600 for often, age in made["files"])


def test_twenty_visitors_are_answered_at_once_and_threads_are_left(made):
    assert all(at_once >= 20 for at_once in made["at once"])
    assert all(
        threads >= at_once + 10
        for threads, at_once in zip(made["threads"], made["at once"], strict=True)
    )


def test_gradio_is_imported_without_what_the_page_has_no_use_for(made):
    assert made["stubs"] == "page.lean_gradio"
    assert made["mcp"] == []
    assert made["mcp can be had"]  # later, by our own server of tools
    assert made["heavy"] == []
    assert made["finders"]  # nothing is left behind


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_page_in_order(name, tmp_path):
    """Folders are removed, the chats are closed, and nothing is printed but the address."""
    log, temporary = tmp_path / "log", tmp_path / "temporary"
    temporary.mkdir()
    settings = os.environ | {"PYTHONUNBUFFERED": "1", "TMPDIR": str(temporary)}
    command = [sys.executable, "ui.py", "--library", str(tmp_path / "library"), "--port", "0"]
    with log.open("w") as out:
        page = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, env=settings)
    try:
        until = time.monotonic() + PATIENCE
        while not re.search(r"http://\S+\n", log.read_text()):
            assert page.poll() is None, log.read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        held = list(temporary.glob("yinzheng-*"))
        page.send_signal(getattr(signal, name))
        code = page.wait(PATIENCE)
    finally:
        page.kill()
    assert held
    assert list(temporary.glob("yinzheng-*")) == []
    assert not (tmp_path / "library" / "conversations.sqlite3-wal").exists()  # closed
    assert code == (0 if name == "SIGINT" else 128 + signal.SIGTERM)
    assert len(log.read_text().splitlines()) == 1


def test_open_streams_end_whole_when_the_page_is_closed():
    sent = []

    async def stream(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass

    async def silent():
        await asyncio.sleep(PATIENCE)

    async def send(message):
        sent.append(message)
        if message.get("more_body"):
            ending.end()

    ending = _Ending(stream)
    asyncio.run(ending({"type": "http"}, silent, send))
    assert [message.get("more_body", False) for message in sent[1:]] == [True, False]


def test_what_a_visitor_sends_passes_through_until_then():
    seen = []

    async def app(scope, receive, send):
        seen.append(await receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a"})

    async def receive():
        return {"type": "http.request", "body": b"question", "more_body": False}

    async def send(message):
        seen.append(message)

    asyncio.run(_Ending(app)({"type": "http"}, receive, send))
    assert seen[0]["body"] == b"question"
    assert [message["type"] for message in seen[1:]] == [
        "http.response.start",
        "http.response.body",
    ]


def test_the_signal_to_end_is_an_exception_and_the_old_handler_comes_back():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended, _ended_in_order():
        signal.raise_signal(signal.SIGTERM)
    assert ended.value.code == 143
    assert signal.getsignal(signal.SIGTERM) == before


def test_in_another_thread_signals_are_left_alone():
    found = []

    def inside():
        with _ended_in_order():
            found.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert found == [before]


class Broken:
    @property
    def encoder(self):
        raise OSError("no weights")

    @property
    def store(self):
        raise OSError("no store")


def test_what_cannot_be_loaded_ahead_is_no_failure_yet(caplog):
    with caplog.at_level("DEBUG"):
        _load(Broken())
        _rehearse(Broken())
    assert [record.exc_info[0] for record in caplog.records] == [OSError, OSError]


def test_the_rehearsal_loads_what_the_first_answer_needs(sample_library):
    sample_library._snapshot = None
    _rehearse(sample_library)
    assert sample_library._snapshot is not None


def test_services_write_more_answers_at_once_than_a_model_on_this_machine():
    def slots(name: str) -> int:
        shared = provider(f"{name}.example", BY_NAME[name].at_once)
        return sum(shared.slots.acquire(blocking=False) for _ in range(100))

    assert slots("ollama") == slots("llamacpp") == slots("lmstudio") == 4
    assert slots("openai") == slots("vllm") >= 20
