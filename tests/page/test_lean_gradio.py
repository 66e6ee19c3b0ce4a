"""What our gradio does faster, it does as the whole one."""

import asyncio
import inspect
import json
import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from page.lean_gradio import _KnownSignatures, import_gradio, without_passwords

gr = import_gradio()
from fastapi import FastAPI  # noqa: E402
from gradio.state_holder import SessionState  # noqa: E402
from starlette.testclient import TestClient  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
ASKED = """
import json, sys
from page.lean_gradio import import_gradio, without_passwords

gr = import_gradio()
from fastapi import FastAPI
from starlette.testclient import TestClient

with gr.Blocks() as page:
    one, other = gr.Textbox(), gr.Markdown()
    one.submit(lambda said: (gr.skip(), f"said {said}"), [one], [one, other])
page.queue()
app = gr.mount_gradio_app(FastAPI(), page, "/")
without_passwords(app)
with TestClient(app) as client:
    body = {"data": ["so"], "fn_index": 0, "session_hash": "abc"}
    told = [client.post("/gradio_api/queue/join", json=body).status_code]
    told.append(client.get("/gradio_api/queue/data", params={"session_hash": "abc"}).text)
print(json.dumps({"told": told, "pandas": "pandas" in sys.modules, "version": gr.__version__}))
"""
values = st.sampled_from(
    [
        "text",
        "",
        gr.skip(),
        {"__type__": "update", "value": "new"},
        {"__type__": "update", "visible": False},
    ]
)
boxes = values | st.just({"__type__": "update", "value": "so", "submit_btn": True})


async def opened():
    with gr.Blocks() as page:
        parts = [gr.Textbox(), gr.State(0), gr.Markdown(), gr.Textbox()]
        parts[0].submit(lambda: None, None, parts)
        parts[0].submit(lambda: None, None, parts[:1])
    return page, gr.mount_gradio_app(FastAPI(), page, "/")


@pytest.fixture(scope="module")
def made():
    # Within a loop: outside of one gradio makes its own, and never closes them.
    return asyncio.run(opened())


@pytest.fixture(scope="module")
def page(made):
    return made[0]


def shown(page, number, predictions, process):
    """Return what an event shows, and the state and the texts that it leaves behind."""
    state = SessionState(page)
    event = page.fns[number]
    seen = asyncio.run(process(page, event, deepcopy(predictions), state))
    kept = [state[block._id] for block in event.outputs if block.stateful]
    left = [state[block._id].value for block in event.outputs if not block.stateful]
    return seen, kept, left


@given(st.tuples(boxes, st.integers() | st.just(gr.skip()), values, boxes))
def test_an_event_shows_what_it_would_without_what_it_skips(page, predictions):
    ours = gr.Blocks.postprocess_data
    assert shown(page, 0, predictions, ours) == shown(page, 0, predictions, ours.__wrapped__)


@given(boxes)
def test_so_does_an_event_with_one_output(page, prediction):
    ours = gr.Blocks.postprocess_data
    assert shown(page, 1, prediction, ours) == shown(page, 1, prediction, ours.__wrapped__)


def test_a_signature_is_the_one_that_is_read():
    known = _KnownSignatures()
    for function in (shown, gr.Textbox.__init__, known.signature):
        assert known.signature(function) == inspect.signature(function)
        assert known.getfullargspec(function) == inspect.getfullargspec(function)
        assert known.signature(function) == inspect.signature(function)

    class Unhashable:
        __hash__ = None

        def __call__(self, one: int) -> None:
            pass

    assert list(known.signature(Unhashable()).parameters) == ["one"]
    with pytest.raises(TypeError):
        known.signature(1)


def test_gradio_asks_nobody_for_a_password_that_it_has_none_of(made):
    app = made[1]
    without_passwords(app)
    (gradio,) = [route.app for route in app.routes if hasattr(route.app, "routes")]
    assert [asked.__name__ for asked in gradio.dependency_overrides] == ["login_check"]
    assert TestClient(app).get("/config").status_code == 200


def test_an_answer_loads_no_tables_to_count_itself():
    settings = os.environ | {"HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", ASKED]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, timeout=60)
    found = json.loads(done.stdout)
    assert found["told"][0] == 200
    assert "said so" in found["told"][1] and '"success":true' in found["told"][1]
    assert not found["pandas"]
    assert found["version"] == gr.__version__ != ""
