import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi import FastAPI
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from program_server import ABOUT, SOURCE, Settings, serve

from index.library import Library
from page.programs.mcp_server import DOCUMENTS, PATH, allow, http_routes, make_server
from rag.errors import ConfigurationError

QUOTE = "进入Ⅲ期,最多奖800万元"
HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SERVER = """
import sys
from pathlib import Path
from hash_encoder import HashEncoder
from index.library import Library
from page.programs.mcp_server import run_stdio
from rag.pipeline import Assistant
print("a word on standard output before the protocol begins", file=sys.stderr)
with Library(Path(sys.argv[1]), HashEncoder()) as library:
    run_stdio(Assistant(library))
"""


# That the way by standard input and output carries what a server says, another test shows.
@pytest.fixture(
    params=["in one process", pytest.param("stdio", marks=pytest.mark.exhaustive), "http"]
)
def connected(
    request: pytest.FixtureRequest, library: Library, settings: Settings
) -> Callable[[], Any]:
    """Return what connects the official client to a server, in each of three ways."""
    ways: dict[str, Callable[[], Any]] = {
        "in one process": lambda: Client(make_server(library, settings, allow)),
        "stdio": lambda: Client(stdio_client(stdio_server(library))),
        "http": lambda: over_http(library, settings),
    }
    return ways[request.param]


def stdio_server(library: Library) -> StdioServerParameters:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return StdioServerParameters(
        command=sys.executable,
        args=["-c", SERVER, str(library.folder)],
        env={"PYTHONPATH": paths, "HF_HUB_OFFLINE": "1", "PATH": os.environ["PATH"]},
    )


@asynccontextmanager
async def over_http(library: Library, settings: Settings) -> AsyncIterator[Client]:
    with serve(app_with(library, settings)) as address:
        async with Client(f"{address}{PATH}") as client:
            yield client


def app_with(library: Library, settings: Settings) -> FastAPI:
    routes, running = http_routes(library, settings, settings.admit)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with running():
            yield

    app = FastAPI(openapi_url=None, lifespan=lifespan)
    app.router.routes.extend(routes)
    return app


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    anyio.run(work)


async def called(client: Client, name: str, given: dict[str, Any]) -> Any:
    return (await client.call_tool(name, given)).structured_content


def text_of(result: Any) -> str:
    (content,) = result.content
    return str(content.text)


def test_each_tool_gives_its_row_and_its_errors_in_one_line(
    connected: Callable[[], Any], library: Library
) -> None:
    async def work() -> None:
        async with connected() as client:
            listed = (await client.list_tools()).tools
            assert [tool.name for tool in listed] == ["ask", "search", "passage", "verify_quote"]
            asked = await called(client, "ask", {"question": ABOUT})
            (first, *_) = asked["citations"]
            place = {name: first[name] for name in ("source", "start", "end")}
            looked_up = await called(client, "passage", place)
            assert looked_up["quote"] == first["quote"] and looked_up["sha256"] == first["sha256"]
            found = (
                await client.call_tool("search", {"question": ABOUT, "k": 2})
            ).structured_content
            assert len(found["hits"]) == 2 and "matched" in found["hits"][0]
            told = await called(client, "verify_quote", {"quote": QUOTE})
            assert told["verbatim"] and told["places"][0]["quote"] == QUOTE
            for name, given, says in (
                ("search", {"question": ABOUT, "k": 101}, "100"),
                ("search", {"k": "many"}, "question"),
                ("ask", {"question": " "}, "the question is empty"),
                ("ask", {"question": ABOUT, "after": "soon"}, "soon"),
                ("passage", {"source": "/etc/passwd", "start": 0, "end": 5}, "no document"),
                ("verify_quote", {"quote": "短"}, "fewer than 8"),
            ):
                failed = await client.call_tool(name, given)
                assert failed.is_error and says in text_of(failed), text_of(failed)
                assert "\n" not in text_of(failed)

    run(work)


# That the way by standard input and output carries what a server says, the tools show.
@pytest.mark.parametrize(
    "connected",
    ["in one process", pytest.param("stdio", marks=pytest.mark.exhaustive), "http"],
    indirect=True,
)
def test_the_documents_are_resources_by_their_ids(connected: Callable[[], Any]) -> None:
    async def work() -> None:
        async with connected() as client:
            listed = (await client.read_resource(DOCUMENTS)).contents[0].text
            assert SOURCE in [row["source"] for row in json.loads(listed)]
            text = (await client.read_resource(f"{DOCUMENTS}/{SOURCE}")).contents[0].text
            assert QUOTE in text
            for missing in ("no.txt", "..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd"):
                with pytest.raises(MCPError, match="no document"):
                    await client.read_resource(f"{DOCUMENTS}/{missing}")

    run(work)


def test_tools_say_what_they_take_and_give(library: Library, settings: Settings) -> None:
    async def work() -> None:
        async with Client(make_server(library, settings, settings.admit)) as client:
            for tool in (await client.list_tools()).tools:
                assert tool.description and tool.annotations and tool.annotations.read_only_hint
                for given in tool.input_schema["properties"].values():
                    assert given["description"]
                assert tool.output_schema and tool.output_schema["required"]

    run(work)


def test_a_question_is_held_until_it_is_answered(library: Library, settings: Settings) -> None:
    settings.assistant = watched = settings.watched()  # type: ignore[assignment]

    async def work() -> None:
        async with over_http(library, settings) as client:
            assert not (await client.call_tool("ask", {"question": ABOUT})).is_error
            assert not (await client.call_tool("search", {"question": ABOUT})).is_error

    run(work)
    assert watched.seen == [1] and settings.held == 0


def test_a_refused_visitor_gets_no_text(library: Library, settings: Settings) -> None:
    settings.refuses = "10 questions a minute are answered: wait"

    async def work() -> None:
        async with over_http(library, settings) as client:
            failed = await client.call_tool("search", {"question": ABOUT})
            assert failed.is_error and settings.refuses in text_of(failed)
            with pytest.raises(MCPError, match="10 questions"):
                await client.read_resource(f"{DOCUMENTS}/{SOURCE}")

    run(work)


def test_standard_output_carries_nothing_but_the_protocol(library: Library) -> None:
    given = stdio_server(library)
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    search = {"name": "search", "arguments": {"question": ABOUT}}
    sent = [
        hello,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": search},
    ]
    command = [given.command, *given.args]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=given.env, encoding="utf-8"
    ) as process:
        assert process.stdin and process.stdout
        process.stdin.write("".join(f"{json.dumps(one)}\n" for one in sent))
        process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.stdin.close()
        rest = process.stdout.read()
    assert [answer["id"] for answer in answers] == [1, 2] and rest == ""
    assert process.returncode == 0


def test_without_the_package_it_is_said_what_to_install(
    library: Library, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    with pytest.raises(ConfigurationError, match=r"yinzheng\[mcp\]"):
        make_server(library, settings, settings.admit)


def test_clients_of_the_first_protocols_are_answered_over_http(
    library: Library, settings: Settings
) -> None:
    async def work() -> None:
        with serve(app_with(library, settings)) as address:
            async with Client(streamable_http_client(f"{address}{PATH}"), mode="legacy") as client:
                found = await client.call_tool("search", {"question": ABOUT, "k": 1})
                assert len(found.structured_content["hits"]) == 1

    run(work)
