"""`yinzheng llm list` and `llm test`, as a user sees them."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from llm_stub import KEY
from typer.testing import CliRunner

from rag.errors import ConfigurationError, LanguageModelError
from rag.llm import auto, command, local, presets
from rag.llm.command import llm_app


@pytest.fixture(autouse=True)
def ollama(monkeypatch, stub):
    """One local server runs, the stub, and no other."""
    addresses = {"ollama": stub.address}
    found = tuple(
        replace(preset, base_url=addresses.get(preset.name, "http://127.0.0.1:9/v1"))
        if preset.local
        else preset
        for preset in presets.PRESETS
    )
    monkeypatch.setattr(auto, "PRESETS", found)
    monkeypatch.setattr(presets, "PRESETS", found)
    monkeypatch.setitem(presets.BY_NAME, "ollama", next(p for p in found if p.name == "ollama"))
    return stub


def run(*arguments: str) -> str:
    ran = CliRunner().invoke(llm_app, arguments, catch_exceptions=False)
    assert ran.exit_code == 0
    return ran.stdout


def presets_listed() -> dict[str, dict]:
    return {row["name"]: row for row in json.loads(run("list", "--json"))["presets"]}


def test_list_tells_keys_servers_and_what_leaves(monkeypatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    rows = presets_listed()
    assert set(rows) == set(presets.BY_NAME)
    assert rows["deepseek"]["key"] == "DEEPSEEK_API_KEY of the environment"
    assert rows["deepseek"]["leaves"] == "api.deepseek.com"
    assert rows["qwen"]["key"] == ""
    assert (rows["ollama"]["running"], rows["ollama"]["models"]) == (True, ["qwen3:4b"])
    assert (rows["vllm"]["running"], rows["vllm"]["leaves"]) == (False, "")


def test_list_names_the_host_of_openais_own_variable(monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://gateway.example/v1")
    assert presets_listed()["openai"]["leaves"] == "gateway.example"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://[::1/v1")
    assert "--base-url" in json.loads(run("list", "--json"))["problem"]


def test_what_a_model_writes_turns_no_switch_of_the_terminal(stub) -> None:
    stub.pieces = ["\x1b[31m东", "莞\x1b]52;c;AAAA\x07\x9b2J\u202e在广东。"]
    for shown in (run("test", "ollama:qwen3:4b"), run("test", "ollama:qwen3:4b", "--json")):
        assert "在广东。" in shown
        assert not [sign for sign in "\x1b\x07\x9b\u202e" if sign in shown]
        assert "\\u001b" not in shown


def test_list_shows_a_table_and_no_key(monkeypatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    shown = run("list") + run("list", "--json")
    assert KEY not in shown
    table = {line.split()[0]: line for line in shown.splitlines() if line.split()}
    assert " set " in table["deepseek"]
    assert "not set" in table["qwen"]
    assert "api.deepseek.com" in table["deepseek"]
    assert "yes" in table["ollama"]
    assert "generativelanguage.googleapis.com" in table["gemini"]


def test_list_says_what_is_wrong_with_the_key_file_and_lists_all_the_same(tmp_path) -> None:
    (tmp_path / "keys").write_text(f"DEEPSEEK_API_KEY={KEY}")
    (tmp_path / "keys").chmod(0o644)
    shown = run("list")
    assert "chmod 600" in shown
    assert "deepseek" in shown
    assert "chmod 600" in json.loads(run("list", "--json"))["problem"]


@pytest.mark.parametrize("package", ["pytest", "no_such_package"])
def test_list_tells_what_is_installed_for_files(monkeypatch, package) -> None:
    monkeypatch.setattr(local, "PACKAGE", package)
    (extra,) = json.loads(run("list", "--json"))["extras"]
    assert bool(extra["installed"]) == (package == "pytest")
    assert ("is not installed" in run("list")) == (package != "pytest")


def test_test_asks_a_question_and_tells_times_tokens_and_finish(stub) -> None:
    told = json.loads(run("test", "ollama:qwen3:4b", "--json"))
    assert told["spec"] == "ollama:qwen3:4b"
    assert told["text"] == "东莞在广东。"
    assert (told["prompt_tokens"], told["completion_tokens"]) == (7, 3)
    assert told["finish"] == "stop"
    assert told["leaves"] == ""
    assert 0 <= told["first_text_s"] <= told["whole_s"]
    assert stub.asked[-1][0] == "/v1/chat/completions"


def test_test_shows_a_table(stub) -> None:
    shown = run("test", "ollama:qwen3:4b")
    for words in ("东莞在广东。", "7 in, 3 out", "nothing leaves this machine", "stop"):
        assert words in shown


def test_test_of_auto_says_what_was_chosen_and_why() -> None:
    assert "auto: ollama:qwen3:4b, as Ollama runs on this machine" in run("test", "auto")


def test_test_takes_an_address(stub) -> None:
    told = json.loads(run("test", "openai:m", "--base-url", stub.address, "--json"))
    assert told["spec"] == "openai:m"


def test_a_test_that_fails_is_one_line_without_the_key(monkeypatch, stub) -> None:
    monkeypatch.setenv("YINZHENG_API_KEY", KEY)
    stub.status = 401
    with pytest.raises(LanguageModelError) as caught:
        run("test", "openai:m", "--base-url", stub.address)
    assert len(str(caught.value).splitlines()) == 1
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("pieces", [[], [" ", "\n"]])
def test_an_empty_answer_fails(stub, pieces) -> None:
    stub.pieces = pieces
    with pytest.raises(LanguageModelError, match=r"empty|without an answer"):
        run("test", "ollama:qwen3:4b")


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="asks no model"):
        run("test", "extractive")
    with pytest.raises(ConfigurationError, match="did you mean"):
        run("test", "olama:m")


def test_it_is_cheap_to_import() -> None:
    heavy = ("openai", "httpx2", "pydantic", "rich.table", "platformdirs", "numpy")
    program = (
        "import sys, typer; known = set(sys.modules); import rag.llm.command; "
        f"print([name for name in {heavy} if name in set(sys.modules) - known])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


def test_its_parts_are_those_that_the_program_mounts() -> None:
    assert {command_.name for command_ in command.llm_app.registered_commands} == {"list", "test"}
