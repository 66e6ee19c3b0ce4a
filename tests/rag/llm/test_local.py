"""gguf:FILE: a server of our own, started, shared, asked, ended; fake/ plays llama.cpp."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from rag.errors import (
    ConfigurationError,
    LanguageModelError,
    LanguageModelUnavailable,
    Trouble,
)
from rag.llm import local, make_model, make_rewriter
from rag.llm.base import Chunk, Message
from rag.llm.openai_compatible import Patience
from rag.llm.patience import Clock

ASKED = [Message("user", "东莞在哪？")]
QUICK = Patience(whole=0.3)


def answer(model) -> str:
    return "".join(chunk.text for chunk in model.stream(ASKED))


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended but is not collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def assert_gone(pid: int) -> None:
    until = time.monotonic() + 60
    while is_alive(pid):
        assert time.monotonic() < until, f"process {pid} still runs"
        time.sleep(0.02)


def test_a_file_answers_under_its_own_name(gguf) -> None:
    model = make_model(f"gguf:{gguf('小模型.gguf')}")
    assert model.name == "gguf:小模型.gguf"
    assert answer(model) == "东莞在广东。"


def test_all_models_of_a_file_share_one_server(gguf, tmp_path) -> None:
    file = gguf()
    (tmp_path / "link.gguf").symlink_to(file)
    first, second = make_model(f"gguf:{file}"), make_model(f"gguf:{tmp_path / 'link.gguf'}")
    rewriter = make_rewriter(f"gguf:{file}")
    assert first._server is second._server is rewriter._server
    other = make_model(f"gguf:{gguf('other.gguf')}")
    assert other._server is not first._server


def test_the_server_wants_a_key_that_is_in_no_list_of_processes(gguf, monkeypatch) -> None:
    import httpx2

    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-secret")
    model = make_model(f"gguf:{gguf()}")
    answer(model)
    address, key = model._server.reached()
    assert address.startswith("http://127.0.0.1:")
    refused = httpx2.post(f"{address}/v1/chat/completions", json={}, trust_env=False)
    assert refused.status_code == 401
    folder = Path(f"/proc/{model._server._process.pid}")
    if folder.is_dir():
        shown = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        assert key.encode() not in shown
        assert b"sk-secret" not in shown
        assert b"OMP_WAIT_POLICY=PASSIVE" in shown
    assert key not in f"{model!r} {model._server!r}"


def test_it_is_not_asked_through_a_proxy(gguf, monkeypatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert answer(make_model(f"gguf:{gguf()}")) == "东莞在广东。"


def test_who_waits_for_loading_gets_empty_pieces_and_may_leave(gguf) -> None:
    stream = make_model(f"gguf:{gguf(load='hang')}").stream(ASKED)
    assert next(stream).text == ""
    stream.close()


def test_what_loads_too_long_is_one_line(gguf) -> None:
    model = local.GgufModel(gguf(load="hang"), QUICK)
    with pytest.raises(LanguageModelUnavailable, match=r"gguf:model\.gguf is still being loaded"):
        answer(model)


@pytest.mark.parametrize(
    ("load", "words"), [("crash", "unknown architecture"), ("refuse", "Failed to init server")]
)
def test_what_does_not_load_is_one_line_in_llamas_own_words(gguf, load, words) -> None:
    model = make_model(f"gguf:{gguf(load=load)}")
    for _ in range(2):  # asked again, it is tried again
        with pytest.raises(LanguageModelUnavailable, match=words) as caught:
            answer(model)
        assert "\n" not in str(caught.value)
        assert caught.value.trouble is Trouble.UNREACHABLE
        assert "model.gguf cannot be loaded" in str(caught.value)
        assert "fetch it again" in str(caught.value)


def test_a_crash_cuts_the_answer_and_the_next_one_has_a_new_server(gguf) -> None:
    file = gguf(reply=["东", "莞", "在"], crash_after=1)
    model = make_model(f"gguf:{file}")
    finish = "none"
    with suppress(LanguageModelError):  # some clients only end without a finish mark
        finish = list(model.stream(ASKED))[-1].finish
    assert finish != "stop"
    first = model._server._process.pid
    assert_gone(first)
    file.write_bytes(b"GGUF{}")
    assert answer(model) == "东莞在广东。"
    assert model._server._process.pid != first


def test_closing_ends_the_process(gguf) -> None:
    model = make_model(f"gguf:{gguf()}")
    answer(model)
    process = model._server._process
    local.close_servers()
    assert process.returncode is not None


PROGRAM = """
import sys, time
from rag.llm import make_model
model = make_model("gguf:" + sys.argv[1])
while sys.argv[2] == "ready" and not model._server.reached():
    time.sleep(0.02)
print(model._server._process.pid, flush=True)
if sys.argv[3] == "wait":
    time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are seen in /proc")
@pytest.mark.parametrize("end", [signal.SIGKILL, None])
def test_the_server_ends_with_the_program_however_that_ends(gguf, end) -> None:
    how = "wait" if end else "leave"
    program = [sys.executable, "-c", PROGRAM, str(gguf()), "ready", how]
    with subprocess.Popen(program, stdout=subprocess.PIPE, env=environment()) as started:
        pid = int(started.stdout.readline())
        if end:
            assert is_alive(pid)
            started.send_signal(end)
    assert_gone(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends when the model is loaded")
def test_it_ends_with_a_killed_program_while_it_loads(gguf) -> None:
    file = gguf(load="hang")
    program = [sys.executable, "-c", PROGRAM, str(file), "", "wait"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, env=environment()) as started:
        pid = int(started.stdout.readline())
        while not file.with_name(f"{file.name}.begun").exists() and is_alive(pid):
            time.sleep(0.02)
        assert is_alive(pid)
        started.kill()
    assert_gone(pid)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}


# Several visitors.


def test_more_visitors_than_slots_are_all_answered_two_at_once(gguf) -> None:
    play = gguf(pause=0.2)
    model = make_model(f"gguf:{play}")
    answer(model)
    said = []
    threads = [threading.Thread(target=lambda: said.append(answer(model))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["东莞在广东。"] * 5
    counts = [int(count) for count in play.with_name("counts").read_text().split()]
    assert max(counts) == 2


def test_the_wait_for_a_slot_takes_nothing_from_the_time_for_the_first_text(
    gguf, monkeypatch
) -> None:
    made = []

    class Watched(Clock):
        def __init__(self, patience: Patience) -> None:
            super().__init__(patience)
            made.append("free" if freed.is_set() else "taken")

    freed = threading.Event()
    model = make_model(f"gguf:{gguf()}")
    answer(model)
    monkeypatch.setattr("rag.llm.openai_compatible.Clock", Watched)
    monkeypatch.setattr("rag.llm.openai_compatible.HEARTBEAT", 0.01)
    slots = model._server.shared.slots
    held = [slots.acquire() for _ in range(2)]
    stream = model.stream(ASKED)
    assert next(stream) == Chunk()
    freed.set()
    for _ in held:
        slots.release()
    assert "".join(chunk.text for chunk in stream) == "东莞在广东。"
    assert made[-1] == "free"


def test_who_waits_too_long_for_a_slot_is_told_that_it_is_busy(gguf, monkeypatch) -> None:
    monkeypatch.setattr("rag.llm.openai_compatible._LONGEST_QUEUE", 0.05)
    model = make_model(f"gguf:{gguf()}")
    answer(model)
    slots = model._server.shared.slots
    held = [slots.acquire() for _ in range(2)]
    with pytest.raises(LanguageModelUnavailable, match="ask again") as caught:
        answer(model)
    assert caught.value.trouble is Trouble.BUSY
    for _ in held:
        slots.release()
    assert answer(model) == "东莞在广东。"


def test_a_slow_model_of_ones_own_is_never_left_alone(gguf) -> None:
    hasty = Patience(first_token=0.05, start=0.05, retries=0)
    file = gguf(pause=0.4)
    while not server_reached(file):
        time.sleep(0.01)
    for _ in range(6):
        with pytest.raises(LanguageModelUnavailable) as caught:
            answer(local.GgufModel(file, hasty))
        assert caught.value.trouble is Trouble.SILENT
    assert answer(make_model(f"gguf:{file}")) == "东莞在广东。"


def server_reached(file: Path) -> object:
    return make_model(f"gguf:{file}")._server.reached()


# What is missing.


def test_without_the_package_it_names_the_extra(gguf, monkeypatch) -> None:
    monkeypatch.setattr(local, "PACKAGE", "no_such_package")
    with pytest.raises(ConfigurationError, match=r"pip install 'yinzheng\[local\]'"):
        make_model(f"gguf:{gguf()}")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"PK\x03\x04", "no GGUF file"), (b"", "no GGUF file"), (None, "No such")],
)
def test_a_file_that_is_none_is_refused_at_once(fake_llama, tmp_path, content, words) -> None:
    file = tmp_path / "model.gguf"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=words) as caught:
        make_model(f"gguf:{file}")
    assert str(file) in str(caught.value)


def test_a_folder_is_no_file(fake_llama, tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        make_model(f"gguf:{tmp_path}")


def test_a_file_that_does_not_fit_into_memory_is_refused_with_figures(gguf, monkeypatch) -> None:
    monkeypatch.setattr(local, "free_memory", lambda: 500_000_000)
    with pytest.raises(ConfigurationError, match=r"needs 0\.9 GB of memory and 0\.5 GB are free"):
        make_model(f"gguf:{gguf()}")


def test_where_the_system_does_not_tell_its_memory_the_file_is_tried(gguf, monkeypatch) -> None:
    monkeypatch.setattr(local, "free_memory", lambda: 0)
    assert answer(make_model(f"gguf:{gguf()}")) == "东莞在广东。"


def test_a_container_has_less_memory_than_its_machine(monkeypatch) -> None:
    monkeypatch.setattr(local, "_left_to_machine", lambda: 8_000_000_000)
    monkeypatch.setattr(local, "_left_to_container", lambda: 2_000_000_000)
    assert local.free_memory() == 2_000_000_000
    monkeypatch.setattr(local, "_left_to_container", lambda: None)
    assert local.free_memory() == 8_000_000_000


def test_numbers_of_the_system_are_read(tmp_path) -> None:
    (tmp_path / "a").write_text("MemAvailable:   12 kB\nfile 34\nnote: none\n\n")
    assert local._numbers(tmp_path / "a") == {"MemAvailable": 12, "file": 34}
