"""What every language model keeps, be it scripted, a server or a file: see rag.llm.base."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from llm_stub import KEY

from index.errors import YinzhengError
from rag.errors import LanguageModelCut, LanguageModelError, LanguageModelUnavailable
from rag.llm import local, make_model
from rag.llm.base import LanguageModel, Message
from rag.llm.openai_compatible import Patience
from rag.llm.scripted import ScriptedModel

ASKED = [Message("system", "简短回答。"), Message("user", "用一句话回答：东莞在哪个省？")]
QUICK = Patience(connect=2.0, whole=20.0, retries=0)


@dataclass(frozen=True)
class Backend:
    """A model that answers, and how it is told to fail or to go on without end."""

    name: str
    model: LanguageModel
    says: str | None = None  # None: what a real model says is its own affair
    failing: Callable[[], LanguageModel] | None = None
    endless: Callable[[], LanguageModel] | None = None
    freed: Callable[[], bool] | None = None  # after an endless one was closed


def scripted(request: pytest.FixtureRequest) -> Backend:
    endless = ScriptedModel(*["没完没了"] * 1000)
    return Backend(
        "scripted",
        ScriptedModel("东莞", "在广东。"),
        "东莞在广东。",
        lambda: ScriptedModel(LanguageModelUnavailable("it is down")),
        lambda: endless,
        lambda: endless.closed == 1,
    )


def server(request: pytest.FixtureRequest) -> Backend:
    stub = request.getfixturevalue("stub")

    def failing() -> LanguageModel:
        stub.status = 401
        return make_model("vllm:m", stub.address, KEY, QUICK)

    def endless() -> LanguageModel:
        stub.endless = True
        return make_model("vllm:m", stub.address, KEY, QUICK)

    model = make_model("vllm:m", stub.address, KEY, QUICK)
    return Backend("vllm:m", model, "东莞在广东。", failing, endless, lambda: stub.left.wait(10))


def gguf_played(request: pytest.FixtureRequest) -> Backend:
    write = request.getfixturevalue("gguf")
    file = write(reply=["东莞", "在广东。"])

    def failing() -> LanguageModel:
        return local.GgufModel(write("broken.gguf", load="crash"), QUICK)

    left = file.with_name("left")

    def endless() -> LanguageModel:
        return local.GgufModel(write("endless.gguf", endless_until_left=str(left)), QUICK)

    def freed() -> bool:
        until = time.monotonic() + 60
        while not left.exists() and time.monotonic() < until:
            time.sleep(0.01)
        return left.exists()

    model = make_model(f"gguf:{file}")
    return Backend("gguf:model.gguf", model, "东莞在广东。", failing, endless, freed)


def gguf_real(request: pytest.FixtureRequest) -> Backend:
    named = os.environ.get("YINZHENG_TEST_GGUF", "")
    if not named or not local.is_installed():
        pytest.skip("YINZHENG_TEST_GGUF names a small model for the extra [local]")
    request.addfinalizer(local.close_servers)
    return Backend(f"gguf:{Path(named).name}", make_model(f"gguf:{named}"))


BACKENDS = [scripted, server, gguf_played, gguf_real]
# Kept from before the settings of the user are put away.
REAL = os.environ.get("YINZHENG_TEST_GGUF", "")


@pytest.fixture(params=BACKENDS, ids=[make.__name__ for make in BACKENDS])
def backend(
    request: pytest.FixtureRequest, no_settings: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Backend]:
    if REAL:
        monkeypatch.setenv("YINZHENG_TEST_GGUF", REAL)
    return request.param(request)


def needs(part: object) -> None:
    if part is None:
        pytest.skip("this backend has no such case")


def test_its_name_is_what_is_shown(backend) -> None:
    assert backend.model.name == backend.name


def test_its_pieces_make_the_text_and_the_last_says_how_it_ended(backend) -> None:
    chunks = list(backend.model.stream(ASKED))
    text = "".join(chunk.text for chunk in chunks)
    assert text if backend.says is None else text == backend.says
    marks = [chunk.finish for chunk in chunks if chunk.finish]
    assert marks == ["stop"]
    last_text = max(number for number, chunk in enumerate(chunks) if chunk.text)
    finish = max(number for number, chunk in enumerate(chunks) if chunk.finish)
    assert last_text <= finish


def test_it_answers_again(backend) -> None:
    for _ in range(2):
        assert any(chunk.text for chunk in backend.model.stream(ASKED))


def test_a_stream_that_nobody_reads_asks_nothing_and_can_be_closed(backend) -> None:
    backend.model.stream(ASKED).close()


def test_a_reader_who_leaves_can_leave_at_any_piece(backend) -> None:
    with closing(backend.model.stream(ASKED)) as stream:
        next(stream)
    assert any(chunk.text for chunk in backend.model.stream(ASKED))


def test_closing_early_frees_what_the_stream_held(backend) -> None:
    needs(backend.endless)
    with closing(backend.endless().stream(ASKED)) as stream:
        assert any(chunk.text for chunk in stream)
    assert backend.freed()


def test_a_failure_is_one_line_of_our_tree_and_names_no_key(backend) -> None:
    needs(backend.failing)
    with pytest.raises(LanguageModelError) as caught:
        list(backend.failing().stream(ASKED))
    assert isinstance(caught.value, YinzhengError)
    assert isinstance(caught.value, LanguageModelUnavailable | LanguageModelCut)
    cause: BaseException | None = caught.value
    while cause:
        assert KEY not in f"{cause} {cause!r}"
        cause = cause.__cause__
    assert len(str(caught.value).splitlines()) == 1
