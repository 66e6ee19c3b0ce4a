"""Each example of docs/programs.md, run against the whole page behind its guard."""

import asyncio
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import anyio
import httpx
import httpx2
import openai
import pytest
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from program_server import ABOUT, serve
from sampling import one_in
from typer.testing import CliRunner

from index.library import Library
from page.server import Llm, make_app, open_services

ROOT = Path(__file__).parents[3]
ADDRESS, PASSWORD = "http://127.0.0.1:7860", "a guest's password"
LANGUAGES = ["programs.md", "programs.zh.md"]


def blocks(name: str, kind: str) -> list[str]:
    text = (ROOT / "docs" / name).read_text("utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def address(library: Library) -> Iterator[str]:
    with ExitStack() as stack:
        passwords = (PASSWORD, "the owner's password")
        services = stack.enter_context(open_services(library, Llm(), *passwords))
        yield stack.enter_context(serve(asyncio.run(_made(services))))


async def _made(services: Any) -> Any:
    return make_app(services, mcp=True)  # within a loop: outside of one gradio leaves its own open


def run(command: list[str], address: str, *texts: str) -> str:
    said = [text.replace(ADDRESS, address).replace("PASSWORD", PASSWORD) for text in texts]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "no_proxy": "*"}
    done = subprocess.run(
        [*command, *said], capture_output=True, encoding="utf-8", env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# One process for all: what they import takes longer than what they do.
_EACH = """
import sys
for text in sys.argv[1:]:
    exec(text, {"__name__": "__main__"})
    print(chr(12))
"""


@pytest.mark.parametrize("name", one_in(2, LANGUAGES))
def test_the_python_examples_print_answers_and_quotes(name: str, address: str) -> None:
    examples = blocks(name, "python")
    *all_said, rest = run([sys.executable, "-c", _EACH], address, *examples).split(chr(12))
    assert len(all_said) == len(examples) == 2 and not rest.strip()
    for said in all_said[::2]:  # through gradio
        assert "dongguan-measures.txt" in said and "True" in said.splitlines()[-1]
    for said in all_said[1::2]:  # through the package of OpenAI
        assert said.count("[1]") >= 4 and "dongguan-measures.txt" in said


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_curl_example_gets_a_completion(name: str, address: str) -> None:
    (command,) = [block for block in blocks(name, "sh") if block.startswith("curl")]
    row = json.loads(run(["sh", "-c"], address, command))
    assert row["object"] == "chat.completion" and "[1]" in row["choices"][0]["message"]["content"]


@pytest.mark.parametrize("name", LANGUAGES)
def test_commands_and_their_options_are_there(name: str) -> None:
    from rag.cli import app

    text = (ROOT / "docs" / name).read_text("utf-8")
    commands = set(re.findall(r"yinzheng ((?:chat|mcp)\b[^\n`（。；]*)", text))
    assert len(commands) >= 2
    for command in commands:
        shown = CliRunner().invoke(app, [command.split()[0], "--help"], env={"COLUMNS": "200"})
        assert shown.exit_code == 0
        assert all(option in shown.output for option in re.findall(r"--[a-z-]+", command))


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_extra_that_is_to_be_installed_is_there(name: str) -> None:
    (command,) = [block for block in blocks(name, "sh") if "pip install" in block]
    (extra,) = re.findall(r"\.\[([a-z]+)\]", command)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert any(one.startswith("mcp>=2") for one in extras["optional-dependencies"][extra])


# That a server starts so and speaks the protocol, test_mcp_server sees.
@pytest.mark.exhaustive
@pytest.mark.parametrize("name", LANGUAGES)
def test_the_configuration_for_desktop_programs_starts_a_server(
    name: str, library: Library
) -> None:
    local, _ = (json.loads(block)["mcpServers"]["yinzheng"] for block in blocks(name, "json"))
    assert local["command"] == "yinzheng" and local["args"][-1] == "/path/to/library"
    # The command of this library's tests is the module: its encoder is not one that it can load.
    arguments = ["-c", _MAIN, *local["args"][:-1], str(library.folder)]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = {"PYTHONPATH": paths, "HF_HUB_OFFLINE": "1", "PATH": os.environ["PATH"]}
    server = StdioServerParameters(command=sys.executable, args=arguments, env=environment)

    async def work() -> None:
        async with Client(stdio_client(server)) as client:
            await _check(client)

    anyio.run(work)


_MAIN = """
import index.encoder
from hash_encoder import HashEncoder
index.encoder.load_encoder = lambda name: HashEncoder()
from rag.cli import main
main()
"""


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_configuration_for_http_reaches_the_page(name: str, address: str) -> None:
    _, remote = (json.loads(block)["mcpServers"]["yinzheng"] for block in blocks(name, "json"))
    said = json.loads(json.dumps(remote).replace(ADDRESS, address).replace("PASSWORD", PASSWORD))
    assert remote["type"] == "http"

    async def work() -> None:
        async with _over_http(said["url"], said["headers"]) as client:
            await _check(client)

    anyio.run(work)


@asynccontextmanager
async def _over_http(url: str, headers: dict[str, str]) -> AsyncIterator[Client]:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=60))
        client = Client(streamable_http_client(url, http_client=http))
        yield await stack.enter_async_context(client)


async def _check(client: Client) -> None:
    assert len((await client.list_tools()).tools) == 4
    found: Any = await client.call_tool("search", {"question": ABOUT, "k": 3})
    assert not found.is_error and len(found.structured_content["hits"]) == 3


@pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions", "/mcp", "/gradio_api/info"])
@pytest.mark.parametrize("key", ["", "Bearer wrong", "Basic Z3Vlc3Q="])
def test_without_the_password_no_program_gets_in(address: str, path: str, key: str) -> None:
    method = "GET" if path.startswith(("/v1/models", "/gradio_api")) else "POST"
    answer = httpx.request(
        method, f"{address}{path}", headers={"Authorization": key}, json={"messages": []}
    )
    assert answer.status_code in (401, 429)  # too many wrong ones are no longer looked at
    assert "hits" not in answer.text and "yinzheng" not in answer.text


def test_the_openai_package_is_told_of_a_wrong_password(address: str) -> None:
    client = openai.OpenAI(base_url=f"{address}/v1", api_key="wrong", max_retries=0)
    with client, pytest.raises((openai.AuthenticationError, openai.RateLimitError)):
        client.models.list()
