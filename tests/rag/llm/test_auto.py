"""`auto`: a server of this machine, then a key of the user's, then quotations."""

import json
import threading
import time
from dataclasses import replace

import pytest
from llm_stub import KEY

from rag.errors import ConfigurationError
from rag.llm import auto, choose, make_model
from rag.llm.presets import BY_NAME, PRESETS


@pytest.fixture
def local(monkeypatch):
    """Put addresses of these tests in the place of the presets' own."""

    def put(**addresses: str) -> None:
        # Where nothing was put, nothing listens.
        gone = "http://127.0.0.1:9/v1"
        presets = tuple(
            replace(preset, base_url=addresses.get(preset.name, gone)) if preset.local else preset
            for preset in PRESETS
        )
        monkeypatch.setattr(auto, "PRESETS", presets)

    put()
    return put


@pytest.fixture(autouse=True)
def _nothing_runs(local) -> None:
    """Leave alone what runs on the machine of these tests."""


def test_with_neither_server_nor_key_it_quotes() -> None:
    choice = choose("auto")
    assert choice.spec == "extractive"
    assert "no local server" in choice.why
    assert make_model("auto") is None


def test_a_running_server_is_chosen_with_its_first_model(local, stub) -> None:
    local(ollama=stub.address)
    stub.models = {"object": "list", "data": [{"id": "qwen3:4b"}, {"id": "other"}]}
    choice = choose("auto")
    assert choice.spec == "ollama:qwen3:4b"
    assert choice.why == "auto: ollama:qwen3:4b, as Ollama runs on this machine"
    assert [path for path, _ in stub.asked] == ["/v1/models"]


def test_a_server_of_this_machine_comes_before_a_key(local, stub, monkeypatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    local(vllm=stub.address)
    assert choose("auto").spec == "vllm:qwen3:4b"


def test_a_key_chooses_its_service_and_says_where_questions_go(monkeypatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    choice = choose("auto")
    assert choice.spec == f"qwen:{BY_NAME['qwen'].model}"
    assert "DASHSCOPE_API_KEY" in choice.why
    assert "dashscope.aliyuncs.com" in choice.why
    assert KEY not in choice.why


def test_the_host_that_is_named_is_the_one_of_openais_own_variable(monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "https://gateway.example/v1")
    choice = choose("auto")
    assert choice.spec.startswith("openai:")
    assert "questions go to gateway.example" in choice.why


def test_every_service_with_a_default_model_is_chosen_by_its_key_alone(monkeypatch) -> None:
    for preset in PRESETS:
        if preset.model:
            with monkeypatch.context() as patch:
                patch.setenv(preset.keys[0], KEY)
                assert choose("auto").spec == f"{preset.name}:{preset.model}"


def test_a_key_of_a_service_without_a_default_model_is_not_passed_over_in_silence(
    monkeypatch,
) -> None:
    monkeypatch.setenv("SILICONFLOW_API_KEY", KEY)
    choice = choose("auto")
    assert choice.spec == "extractive"
    assert "--llm siliconflow:MODEL" in choice.why


@pytest.mark.parametrize(
    "names", [["nomic-embed-text"], ["BAAI/bge-m3"], ["gpt-oss:120b-cloud"], ["glm:cloud"], []]
)
def test_what_writes_no_answers_here_is_not_chosen(local, stub, names) -> None:
    local(ollama=stub.address)
    stub.models = {"data": [{"id": name} for name in names]}
    assert choose("auto").spec == "extractive"
    stub.models = {"data": [{"id": name} for name in [*names, "qwen3:4b"]]}
    assert choose("auto").spec == "ollama:qwen3:4b"


@pytest.mark.parametrize(
    "said",
    [
        b"<html>It works!</html>",
        b"\xff\xfe",
        b"",
        b"[" * 100_000,
        b'{"data": ' + b" " * 2_000_000 + b"[]}",
        json.dumps({"data": "qwen"}).encode(),
        json.dumps({"data": [1, None, {"id": 5}, {"id": ""}, {"id": "a\nb"}]}).encode(),
        json.dumps(["qwen"]).encode(),
    ],
)
def test_another_program_on_that_port_is_no_server_of_models(local, stub, said) -> None:
    local(llamacpp=stub.address)
    stub.models = said
    assert choose("auto").spec == "extractive"


def test_a_server_that_refuses_or_sends_elsewhere_is_passed_over(local, stub) -> None:
    local(llamacpp=stub.address)
    for status in (401, 302, 500):
        stub.status = status
        assert choose("auto").spec == "extractive"


def test_a_silent_server_holds_up_no_other_and_not_for_long(local, start_stub) -> None:
    silent, quick = start_stub(), start_stub()
    silent.pause.clear()
    local(ollama=silent.address, vllm=quick.address)
    begun = time.monotonic()
    assert choose("auto").spec == "vllm:qwen3:4b"
    assert time.monotonic() - begun < 4  # the silent one would be silent for 5 s
    assert [path for path, _ in silent.asked] == ["/v1/models"]


def test_local_servers_are_not_asked_through_a_proxy(local, start_stub, monkeypatch) -> None:
    proxy, stub = start_stub(), start_stub()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.address.removesuffix("/v1"))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    local(ollama=stub.address)
    assert choose("auto").spec == "ollama:qwen3:4b"
    assert choose("auto", stub.address).spec == "openai:qwen3:4b"
    assert proxy.asked == []


def test_no_key_of_a_service_is_sent_to_a_local_server(local, stub, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    local(ollama=stub.address)
    choose("auto")
    assert stub.asked == [("/v1/models", "")]


def test_a_server_that_wants_its_key_gets_it(local, stub, monkeypatch) -> None:
    monkeypatch.setenv("VLLM_API_KEY", KEY)
    local(vllm=stub.address)
    choose("auto")
    assert stub.asked == [("/v1/models", f"Bearer {KEY}")]


def test_with_an_address_it_takes_a_model_of_that_server(stub) -> None:
    choice = choose("auto", stub.address, KEY)
    assert choice.spec == "openai:qwen3:4b"
    assert stub.address.split("/")[2] in choice.why
    assert stub.asked == [("/v1/models", f"Bearer {KEY}")]


def test_an_address_without_a_model_is_one_clear_line(stub) -> None:
    stub.models = {"data": []}
    with pytest.raises(
        ConfigurationError, match=r"no model was found at 127\.0\.0\.1.*openai:MODEL"
    ):
        choose("auto", stub.address)


def test_a_key_file_that_others_can_read_is_not_passed_over(tmp_path) -> None:
    (tmp_path / "keys").write_text(f"DEEPSEEK_API_KEY={KEY}")
    (tmp_path / "keys").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        choose("auto")


def test_no_thread_is_left(local, stub) -> None:
    local(ollama=stub.address)
    before = {thread.ident for thread in threading.enumerate()}
    choose("auto")
    for thread in threading.enumerate():
        if thread.ident not in before:
            thread.join(5)
            assert not thread.is_alive()


def test_a_spec_that_names_its_model_is_left_as_it_is(stub) -> None:
    assert choose("openai:m", stub.address) == auto.Choice("openai:m", "")
    assert stub.asked == []
