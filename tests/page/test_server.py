"""What page.server bounds, and how it begins and ends."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sampling import one_in

from index.errors import EncoderError
from page.server import _ended_in_order, _Ending, _rehearse, _run
from rag.llm.breaker import provider
from rag.llm.presets import BY_NAME

ROOT = Path(__file__).parents[2]
PATIENCE = 120  # seconds
BOUNDS = """
import asyncio, json, sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from index.library import Library
from page.lean_gradio import import_gradio
from page.server import LANGUAGES, Llm, _application, _Pages, open_services

before = list(sys.meta_path)
import_gradio()
import gradio.component_meta
told = []


async def made(application):
    pages = next(r.app for r in application.routes if isinstance(getattr(r, "app", None), _Pages))
    first = len(pages._pages)
    async with application.router.lifespan_context(application):
        return first, await pages.whole()


with Library(Path(sys.argv[1]), create=True) as library, open_services(library, Llm()) as services:
    first, pages = asyncio.run(made(_application(services, "", False, lambda: told.append(1))))
    names = sorted(pages, key=LANGUAGES.index)
    apps = {name: pages[name].routes[-1].app for name in names}
    blocks = {name: one.get_blocks() for name, one in apps.items()}
    mcp = [name for name in sys.modules if name.partition(".")[0] == "mcp"]
    print(json.dumps({
        "languages": list(blocks),
        "at first": first,
        "told": len(told),
        "components": len({len(one.blocks) for one in blocks.values()}),
        "capacity": [one.state_holder.capacity for one in apps.values()],
        "threads": [one.max_threads for one in blocks.values()],
        "at once": [one._queue.default_concurrency_limit for one in blocks.values()],
        "files": [one.delete_cache for one in blocks.values()],
        "same app": [blocks[name].app is one for name, one in apps.items()],
        "stubs": gradio.component_meta.create_or_modify_pyi.__module__,
        "finders": sys.meta_path == before,
        "mcp": mcp,
        "mcp can be had": find_spec("mcp") is None or bool(import_module("mcp")),
        "heavy": sorted(
            {"torch", "transformers", "sentence_transformers", "pandas", "rich", "rag.quantities"}
            & sys.modules.keys()
        ),
    }))
"""
LEAN = """
import json, sys
import page.lean_gradio as lean
from page.lean_gradio import import_gradio

lean._HANDED_ON += tuple(sys.argv[1:])
gr = import_gradio()
table = gr.Dataframe(headers=["a", "b"], column_count=(2, "fixed"), type="array", datatype="str")
whole = getattr(type(table).postprocess, "__wrapped__", type(table).postprocess)
values = [None, [], [["1", "2"], ["3", "4"]], [["1"]], [["1", "2", "3"]], ["1", "2"]]
rows = {"headers": ["a", "b"], "data": [["1", "2"]]}
read = type(table).preprocess
later = "pandas" not in sys.modules
print(json.dumps({
    "as before": [table.postprocess(value) == whole(table, value) for value in values],
    "read as before": table.preprocess(table.data_model(**rows)) == rows["data"],
    "pandas later": later,
    "handed on": [gr.Workflow.__module__, gr.load.__module__, callable(gr.deploy)],
    "stand-ins": sorted(
        name for name, module in sys.modules.items() if type(module).__module__ == lean.__name__
    ),
    "names": sorted(name for name in gr.__all__ if not hasattr(gr, name)),
    "referred": [gr.caching.pd.DataFrame.__module__, isinstance(gr.caching.pd.__version__, str)],
    "pandas": sys.modules["pandas"].__name__,
    "clients": import_gradio().processing_utils.sync_client.is_closed,
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


def test_one_language_is_made_at_once_and_the_others_behind_it_are_the_same(made):
    assert made["at first"] == made["told"] == made["components"] == 1


@pytest.mark.parametrize(
    "needed",
    one_in(2, [pytest.param((), id="lean"), pytest.param(("gradio.components.base",), id="whole")]),
)
def test_what_gradio_is_imported_without_can_still_be_used(needed):
    """A gradio that needs at once what is left for later is imported as it is."""
    done = run("-c", LEAN, *needed)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["pandas later"] == (not needed)
    assert all(found["as before"])
    assert found["read as before"]
    assert found["handed on"] == ["gradio.workflow", "gradio.external", True]
    assert found["stand-ins"] == found["names"] == []
    assert found["referred"] == ["pandas", True]
    assert found["pandas"] == "pandas"
    assert not found["clients"]


@pytest.mark.parametrize("name", ["SIGTERM", pytest.param("SIGINT", marks=pytest.mark.exhaustive)])
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
    with caplog.at_level("INFO"):
        _rehearse(Broken(), threading.Event())
    assert [record.exc_info[0] for record in caplog.records] == [OSError]


def test_the_rehearsal_loads_what_the_first_answer_needs(sample_library):
    sample_library._snapshot = None
    _rehearse(sample_library, threading.Event())
    assert sample_library._snapshot is not None


def test_the_rehearsal_is_broken_off_when_the_page_is_closed(sample_library):
    sample_library._snapshot = None
    ends = threading.Event()
    ends.set()
    _rehearse(sample_library, ends)
    assert sample_library._snapshot is None


def test_a_page_that_cannot_answer_is_closed_and_says_why():
    """An encoder that cannot be loaded is found out when the page can be seen already."""

    async def page(scope, receive, send):
        while scope["type"] == "lifespan":
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return

    def prepare(_):
        raise EncoderError("no weights")

    seen = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(EncoderError):
        _run(page, listener, seen.set, prepare)
    assert seen.wait(PATIENCE)


def test_services_write_more_answers_at_once_than_a_model_on_this_machine():
    def slots(name: str) -> int:
        shared = provider(f"{name}.example", BY_NAME[name].at_once)
        return sum(shared.slots.acquire(blocking=False) for _ in range(100))

    assert slots("ollama") == slots("llamacpp") == slots("lmstudio") == 4
    assert slots("openai") == slots("vllm") >= 20
