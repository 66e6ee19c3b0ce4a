"""Keys: from the environment or a private file, sent to whom they belong, shown to nobody."""

import os
import traceback
from collections.abc import Callable
from dataclasses import replace

import pytest
from llm_stub import KEY

from rag.errors import ConfigurationError
from rag.llm import make_model
from rag.llm.base import Message
from rag.llm.keys import find_key, key_file, key_for, read_key_file
from rag.llm.openai_compatible import OpenAICompatible
from rag.llm.presets import BY_NAME, PRESETS

OTHER = "sk-other-fedcba9876543210"


@pytest.fixture
def write_keys():
    def write(text: str, mode: int = 0o600) -> None:
        key_file().write_text(text, encoding="utf-8")
        key_file().chmod(mode)

    return write


def sent(stub) -> str:
    return stub.asked[-1][1].removeprefix("Bearer ")


def ask(spec: str, base_url: str = "", api_key: str = "") -> None:
    for _ in make_model(spec, base_url, api_key).stream([Message("user", "好？")]):
        pass


def test_the_environment_comes_before_the_file(write_keys, monkeypatch) -> None:
    write_keys(f"DEEPSEEK_API_KEY={OTHER}\n")
    assert find_key(["DEEPSEEK_API_KEY"]).value.get_secret_value() == OTHER
    monkeypatch.setenv("DEEPSEEK_API_KEY", f" {KEY}\n")
    found = find_key(["DEEPSEEK_API_KEY"])
    assert found.value.get_secret_value() == KEY
    assert found.where == "DEEPSEEK_API_KEY of the environment"


def test_a_file_of_lines_or_toml_is_read(write_keys) -> None:
    write_keys(f"# mine\n[keys]\nA={KEY}\nB = \"{OTHER}\"  # new\nexport C='x#y'\n\nD=\r\n")
    assert read_key_file() == {"A": KEY, "B": OTHER, "C": "x#y"}


def test_without_a_file_there_are_no_keys() -> None:
    assert read_key_file() == {}
    assert find_key(["A"]) is None


def test_the_file_lies_in_the_users_own_folder(monkeypatch) -> None:
    monkeypatch.delenv("YINZHENG_KEY_FILE")
    assert key_file().parent.name == "yinzheng"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_a_file_that_others_can_reach_is_refused(write_keys, mode) -> None:
    write_keys(f"A={KEY}\n", mode)
    with pytest.raises(ConfigurationError, match=f"mode {mode:04o}.*chmod 600") as caught:
        find_key(["A"])
    assert KEY not in str(caught.value)


def test_a_link_is_judged_by_what_it_points_to(write_keys, tmp_path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.write_text(f"A={KEY}\n")
    open_to_all.chmod(0o644)
    key_file().symlink_to(open_to_all)
    with pytest.raises(ConfigurationError, match="read by others"):
        read_key_file()


def test_a_pipe_or_folder_is_refused_and_not_waited_for(tmp_path) -> None:
    os.mkfifo(key_file(), 0o600)
    with pytest.raises(ConfigurationError, match="small file"):
        read_key_file()
    key_file().unlink()
    key_file().mkdir(0o700)
    with pytest.raises(ConfigurationError, match="key file"):
        read_key_file()


@pytest.mark.parametrize("line", [KEY, f"A {KEY}", f"=  {KEY}", f'A="{KEY}', f"A={KEY} {KEY}"])
def test_a_line_that_is_none_is_named_by_its_number_and_not_shown(write_keys, line) -> None:
    write_keys(f"B=x\n{line}\n")
    with pytest.raises(ConfigurationError, match="line 2 is not NAME=value") as caught:
        read_key_file()
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("value", [f"{KEY}\n{KEY}", f"{KEY} x", f"{KEY}密", f"{KEY}\x07"])
def test_what_cannot_be_a_key_is_refused_unshown(monkeypatch, value) -> None:
    monkeypatch.setenv("A", value)
    with pytest.raises(ConfigurationError, match="A of the environment is no key") as caught:
        find_key(["A"])
    assert KEY not in str(caught.value)


def test_a_key_is_in_no_text_of_what_holds_it(monkeypatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    model = make_model("deepseek:m")
    for shown in (find_key(["DEEPSEEK_API_KEY"]), model):
        assert KEY not in f"{shown} {shown!r}"


# To whom it goes.


def test_a_key_of_the_file_goes_to_its_service(write_keys, stub, monkeypatch) -> None:
    write_keys(f"DEEPSEEK_API_KEY={KEY}\nDASHSCOPE_API_KEY={OTHER}\n")
    own = replace(BY_NAME["deepseek"], base_url=stub.address)
    monkeypatch.setitem(BY_NAME, "deepseek", own)
    for address in ("", stub.address, f"{stub.address}/"):
        ask("deepseek:m", address)
        assert sent(stub) == KEY


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
@pytest.mark.parametrize("kept_in", ["environment", "file"])
def test_a_key_of_a_service_goes_to_no_other_address(
    preset, kept_in, write_keys, stub, monkeypatch
) -> None:
    for name in preset.keys:
        monkeypatch.setenv(name, KEY) if kept_in == "environment" else None
    write_keys("".join(f"{name}={KEY}\n" for name in preset.keys) if kept_in == "file" else "")
    try:
        ask(f"{preset.name}:m", stub.address)
    except ConfigurationError as error:
        assert "set YINZHENG_API_KEY" in str(error)
        assert not stub.asked
    else:
        assert sent(stub) != KEY
    ask(f"{preset.name}:m", stub.address, OTHER)
    assert sent(stub) == OTHER


@pytest.mark.parametrize(
    "address",
    [
        "http://api.deepseek.com",
        "https://api.deepseek.com:8443",
        "https://api.deepseek.com.example",
        "https://api.deepseek.com\\.example",
        "https://[::1",
    ],
)
def test_an_address_that_only_looks_like_the_services_is_another(address, monkeypatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    deepseek = BY_NAME["deepseek"]
    assert key_for(deepseek, "https://api.deepseek.com/v1") == KEY
    assert key_for(deepseek, address) == ""


def test_openais_two_variables_belong_together(monkeypatch, stub) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", stub.address)
    ask("openai:m")
    assert sent(stub) == KEY


@pytest.mark.parametrize("value", [f"{KEY}\n{KEY}", f"{KEY}密", f"{KEY} x"])
def test_what_cannot_be_a_key_is_refused_unshown_wherever_it_comes_from(value, monkeypatch) -> None:
    def refused(name: str, make: Callable[[], object]) -> None:
        with pytest.raises(ConfigurationError, match=f"{name} of the environment is no") as caught:
            make()
        assert KEY not in "".join(traceback.format_exception(caught.value, chain=True)[1:])

    address = "http://127.0.0.1:9/v1"
    refused("YINZHENG_API_KEY", lambda: make_model("vllm:m", address, value))
    refused("YINZHENG_API_KEY", lambda: OpenAICompatible("m", address, value))
    monkeypatch.setenv("OPENAI_API_KEY", value)
    refused("OPENAI_API_KEY", lambda: OpenAICompatible("m"))
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    refused("OPENAI_API_KEY", lambda: make_model("openai:m"))


def test_openais_key_goes_to_no_preset_of_another(stub, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for spec in ("ollama:m", "llamacpp:m", "vllm:m"):
        ask(spec, stub.address)
        assert sent(stub) != KEY
    with pytest.raises(ConfigurationError, match="DEEPSEEK_API_KEY"):
        make_model("deepseek:m")


def test_openais_key_of_the_file_goes_to_openai_only(write_keys, stub) -> None:
    write_keys(f"OPENAI_API_KEY={KEY}\n")
    openai = BY_NAME["openai"]
    assert key_for(openai) == KEY
    ask("openai:m", stub.address)
    assert sent(stub) != KEY


def test_the_key_that_is_set_for_any_server_goes_to_ones_own(write_keys, stub, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", OTHER)
    ask("openai:m", stub.address, KEY)
    assert sent(stub) == KEY
    write_keys(f"YINZHENG_API_KEY={KEY}\n")
    ask("openai:m", stub.address)
    assert sent(stub) == KEY


def test_a_services_own_key_comes_before_the_one_for_any_server(monkeypatch) -> None:
    deepseek = BY_NAME["deepseek"]
    assert key_for(deepseek, api_key=OTHER) == OTHER
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    assert key_for(deepseek, api_key=OTHER) == KEY
