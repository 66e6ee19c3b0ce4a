"""What the tests of language models share: no keys, a server on this machine, files of GGUF."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from llm_stub import Stub

from rag.llm import local


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep away what the machine's user has configured."""
    for name in list(os.environ):
        if name.startswith("YINZHENG_") or name.endswith(("_API_KEY", "_BASE_URL")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("YINZHENG_KEY_FILE", str(tmp_path / "keys"))


@pytest.fixture
def start_stub() -> Iterator[Callable[[], Stub]]:
    started: list[tuple[Stub, threading.Thread]] = []

    def start() -> Stub:
        stub = Stub()
        thread = threading.Thread(target=stub.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        started.append((stub, thread))
        return stub

    yield start
    for stub, thread in started:
        stub.endless = False
        stub.pause.set()
        stub.shutdown()
        stub.server_close()
        thread.join()


@pytest.fixture
def stub(start_stub: Callable[[], Stub]) -> Stub:
    return start_stub()


@pytest.fixture
def fake_llama(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put our own module in the place of llama.cpp, here and in child processes."""
    monkeypatch.syspath_prepend(str(Path(__file__).with_name("fake")))
    yield
    local.close_servers()


@pytest.fixture
def gguf(tmp_path: Path, fake_llama: None) -> Callable[..., Path]:
    """Write a file that begins like a model and tells the fake server what to do."""

    def write(name: str = "model.gguf", **play: object) -> Path:
        file = tmp_path / name
        file.write_bytes(b"GGUF" + json.dumps(play).encode())
        return file

    return write
