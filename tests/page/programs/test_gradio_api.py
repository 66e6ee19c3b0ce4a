from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from program_server import ABOUT, SOURCE, Settings, serve

from index.library import Library
from page.lean_gradio import import_gradio

# Gradio takes seconds to import, which each process of the tests would spend when it collects.
if TYPE_CHECKING:
    from fastapi import FastAPI
    from gradio_client import Client

QUOTE = "进入Ⅲ期,最多奖800万元"


@pytest.fixture(scope="module")
def client(library: Library, shared: Settings) -> Iterator[Client]:
    import_gradio()
    from gradio_client import Client

    # Within a loop: outside of one gradio makes its own, and never closes them.
    with serve(asyncio.run(app_with(library, shared))) as address:
        yield Client(address, verbose=False, analytics_enabled=False)


async def app_with(library: Library, settings: Settings) -> FastAPI:
    import gradio as gr
    from fastapi import FastAPI

    from page.programs.gradio_api import add_api

    with gr.Blocks(analytics_enabled=False) as page:
        gr.Markdown("# a page")
        add_api(library, settings, settings.admit)
    app: FastAPI = gr.mount_gradio_app(FastAPI(), page, path="/", show_error=False, ssr_mode=False)
    return app


def test_the_four_functions_answer_by_their_names(client: Client, library: Library) -> None:
    row = client.predict(ABOUT, api_name="/ask")
    (first, *_) = row["citations"]
    document = library.document(first["source"])
    assert document and document.raw[first["start"] : first["end"]] == first["quote"]
    assert len(client.predict(question=ABOUT, k=2, api_name="/search")["hits"]) == 2
    place = (first["source"], first["start"], first["end"])
    assert client.predict(*place, api_name="/passage")["quote"] == first["quote"]
    told = client.predict(QUOTE, api_name="/verify_quote")
    assert told["verbatim"] and SOURCE in [place["source"] for place in told["places"]]


def test_history_and_filters_are_taken_by_name(client: Client) -> None:
    history = [
        {"role": "user", "content": "东莞对进入Ⅲ期的BNCT硼药奖励多少？"},
        {"role": "assistant", "content": "最多800万元[1]。"},
    ]
    row = client.predict(question="那Ⅱ期呢？", history=history, api_name="/ask")
    assert any("Ⅱ期" in note for note in row["notes"])
    found = client.predict(question=ABOUT, sources=["hubei-*"], api_name="/search")
    assert {hit["source"][:6] for hit in found["hits"]} == {"hubei-"}


def test_endpoints_are_documented(client: Client) -> None:
    known: Any = client.view_api(print_info=False, return_format="dict")
    endpoints = known["named_endpoints"]
    assert sorted(endpoints) == ["/ask", "/passage", "/search", "/verify_quote"]
    for endpoint in endpoints.values():
        assert endpoint["description"]
    taken = [one["parameter_name"] for one in endpoints["/search"]["parameters"]]
    assert taken == ["question", "k", "regions", "after", "before", "publishers", "sources"]
    assert endpoints["/search"]["parameters"][1]["python_type"]["type"] == "int"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"question": " ", "api_name": "/ask"}, "the question is empty"),
        ({"question": 5, "api_name": "/ask"}, "string"),
        ({"question": "x", "k": 101, "api_name": "/search"}, "from 1 to 100"),
        ({"source": "/etc/passwd", "start": 0, "end": 5, "api_name": "/passage"}, "no document"),
        ({"quote": "短", "api_name": "/verify_quote"}, "fewer than 8"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(client: Client, given: Any, says: str) -> None:
    from gradio_client.exceptions import AppError

    with pytest.raises(AppError, match=says) as caught:
        client.predict(**given)
    assert "\n" not in str(caught.value)


def test_a_question_is_held_until_it_is_answered(client: Client, settings: Settings) -> None:
    settings.assistant = watched = settings.watched()  # type: ignore[assignment]
    client.predict(ABOUT, api_name="/ask")
    assert watched.seen == [1] and settings.held == 0


def test_a_refused_visitor_gets_no_answer(client: Client, settings: Settings) -> None:
    from gradio_client.exceptions import AppError

    settings.refuses = "10 questions a minute are answered: wait"
    with pytest.raises(AppError, match="10 questions a minute"):
        client.predict(ABOUT, api_name="/ask")
