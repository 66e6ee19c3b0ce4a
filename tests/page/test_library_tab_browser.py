"""The library's tab and the filters in a real browser, on a page of their own."""

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from hash_encoder import HashEncoder

from index.library import Library
from page.filters import ChatFilters, build_filters
from page.ingestion import Ingestion
from page.library_tab import build_library_tab
from page.services import Visitor

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = Path("/usr/bin/chromium")
STATIC = Path(__file__).parents[2] / "page" / "static"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PATIENCE = 60  # seconds
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'"
)
HOSTILE = '<img src=x onerror="window.hit=1">'

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed"),
    # gradio's and uvicorn's own, on their way out
    pytest.mark.filterwarnings("ignore"),
]


class Guard:
    """Says who asks, as the real guard does: a guest if the cookie says so, else the owner."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            cookie = dict(scope["headers"]).get(b"cookie", b"")
            role = "guest" if b"role=guest" in cookie else "owner"
            scope.setdefault("state", {})["visitor"] = Visitor("v", role)

        async def with_policy(message):
            if message["type"] == "http.response.start":
                policy = (b"content-security-policy", POLICY.encode())
                message["headers"] = [*message["headers"], policy]
            await send(message)

        await self.app(scope, receive, with_policy)


async def application(services, ingestion):
    """Make the page. Within a loop: outside of one gradio makes its own, and never closes them."""
    from fastapi import FastAPI

    from page.lean_gradio import import_gradio

    gr = import_gradio()
    app = FastAPI()
    head = f"<script>{(STATIC / 'library.js').read_text('utf-8')}</script>"
    for language in ("zh-Hant", "zh", "en"):
        with gr.Blocks(analytics_enabled=False) as page:
            with gr.Tab("library"):
                build_library_tab(services, ingestion, language)
            filters = build_filters(services, language)
            shown, ask = gr.Markdown(elem_id="shown"), gr.Button("ask", elem_id="ask")
            ask.click(lambda value: repr(ChatFilters.read(value)), [filters.value], [shown])
        css = (STATIC / "library.css").read_text("utf-8")
        app = gr.mount_gradio_app(
            app, page, path=f"/{language}", css=css, head=head, ssr_mode=False
        )
    return Guard(app)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The library, and the address of a page that shows it."""
    import uvicorn

    folder = tmp_path_factory.mktemp("tab")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        patched.setenv("GRADIO_TEMP_DIR", str(folder / "temporary"))
        library = Library(folder / "library", HashEncoder(), create=True)
        with library, Ingestion(library) as ingestion:
            services = SimpleNamespace(library=library)
            with socket.create_server(("127.0.0.1", 0)) as probe:
                port = probe.getsockname()[1]
            with ThreadPoolExecutor(1) as thread:  # in this one playwright's loop may run
                app = thread.submit(asyncio.run, application(services, ingestion)).result()
            config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error")
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, daemon=True)
            thread.start()
            yield SimpleNamespace(
                library=library, ingestion=ingestion, address=f"http://127.0.0.1:{port}"
            )
            server.should_exit = True
            thread.join(PATIENCE)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, served):
    """Open the page as somebody, in a language; it must raise no error of its own."""
    contexts, errors = [], []

    def opened(role="owner", language="en"):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        context.add_cookies([{"name": "role", "value": role, "url": served.address}])
        page = context.new_page()
        page.set_default_timeout(1000 * PATIENCE)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{served.address}/{language}/")
        page.locator("#yz-search").wait_for()
        page.locator("#yz-rows .yz-quiet").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def body(number: int) -> str:
    return "".join(f"第{number}号文件的第{i}条：给予{number}万元支持。" for i in range(1, 9))


def until(true):
    """Wait for something that has no place on a page."""
    last = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < last, "it did not come about"
        time.sleep(0.05)


def holds(page, selector, text):
    """Wait until a part of the page holds a text; the policy forbids to do so by a script."""
    playwright.expect(page.locator(selector).first).to_contain_text(text, timeout=1000 * PATIENCE)


def cell(page, row, column):
    return page.locator(f"#yz-documents [data-row='{row}'][data-col='{column}']").first


def row_with(page, text):
    """Return the number of the row that holds a text."""
    holds(page, "#yz-documents", text)
    for row in range(50):
        if cell(page, row, 0).count() and text in cell(page, row, 8).inner_text():
            return row
    raise AssertionError(f"no row holds {text}")


def write_into(page, row, column, text):
    cell(page, row, column).dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_a_folder_goes_in_with_its_paths_and_is_reported(served, visit, tmp_path):
    folder = tmp_path / "政策"
    (folder / "深").mkdir(parents=True)
    (folder / "a.txt").write_text(body(1), "utf-8")
    (folder / "深" / "b.txt").write_text(body(2), "utf-8")
    (folder / "bad.pdf").write_text("no PDF", "utf-8")
    (folder / "x.png").write_bytes(b"\x89PNG")
    page = visit(language="zh")
    page.set_input_files("#yz-folder input[type=file]", str(folder))
    holds(page, "#yz-report", "已入库 2")
    holds(page, "#yz-report", "未入库 1")
    holds(page, "#yz-report", "不是 .pdf 文件，或文件已损坏，请重新保存")
    holds(page, "#yz-report", "略过 1 个图片、样式或隐藏文件")
    holds(page, "#yz-documents", "政策/深/b.txt")
    assert served.library.document_ids() == ["政策/a.txt", "政策/深/b.txt"]
    assert not page.locator("#yz-stop").is_visible()


def test_files_go_in_and_hostile_names_stay_text(served, visit, tmp_path):
    path = tmp_path / f"{HOSTILE}.txt"
    path.write_text(f"{HOSTILE}\n{body(3)}", "utf-8")
    page = visit()
    page.set_input_files("#yz-upload input[type=file]", [str(path)])
    holds(page, "#yz-report", "characters kept")
    until(lambda: len(served.library.document_ids()) == 3)
    holds(page, "#yz-documents", "img src=x")
    cell(page, row_with(page, "img src"), 1).click()
    holds(page, "#yz-preview", "第3号文件")
    assert page.evaluate("window.hit") is None
    assert page.locator("#yz-preview img, #yz-report img, #yz-documents img").count() == 0


@pytest.mark.exhaustive
def test_a_title_is_edited_and_a_bad_date_is_not(served, visit):
    page = visit()
    row = row_with(page, "政策/a.txt")
    write_into(page, row, 0, "Own title")
    holds(page, "#yz-said", "Saved: Title → Own title")
    assert served.library.metadata("政策/a.txt").title == "Own title"
    write_into(page, row_with(page, "政策/a.txt"), 1, "2024-13-77")
    holds(page, "#yz-said", "Not saved, the old value is back: '2024-13-77' is no day")
    row = row_with(page, "政策/a.txt")
    assert "2024-13-77" not in cell(page, row, 1).inner_text()
    assert served.library.metadata("政策/a.txt").date == ""


@pytest.mark.exhaustive
def test_documents_are_found_while_somebody_types(visit):
    page = visit()
    page.locator("#yz-search").locator("input, textarea").first.fill("政策 b.txt")
    holds(page, "#yz-rows", "1–1 of 1 that match (3 in all)")


@pytest.mark.exhaustive
def test_a_selected_document_is_shown_with_a_link_to_it(visit):
    page = visit(role="guest")
    cell(page, row_with(page, "政策/深/b.txt"), 1).click()
    holds(page, "#yz-preview", "第2号文件")
    link = page.locator("#yz-preview a.yz-mark")
    assert link.get_attribute("href") == "document?id=%E6%94%BF%E7%AD%96%2F%E6%B7%B1%2Fb.txt"


@pytest.mark.exhaustive
def test_a_guest_sees_documents_and_no_way_to_change_them(served, visit):
    page = visit(role="guest")
    row = row_with(page, "政策/a.txt")
    for name in ("owner", "report", "remove", "stop", "really"):
        assert not page.locator(f"#yz-{name}").is_visible()
    cell(page, row, 0).dblclick()
    assert page.locator("#yz-documents tbody textarea").count() == 0


def test_a_guest_who_calls_the_handlers_by_hand_changes_nothing(served, visit):
    page = visit(role="guest")
    address = f"{served.address}/en"
    handlers = page.request.get(f"{address}/config").json()["dependencies"]
    before = served.library.store.revision, served.ingestion.state()
    table = {"headers": [], "data": [["x"] * 8 + ["政策/a.txt"]]}
    for handler in handlers:
        for value in ("政策/a.txt", table, None, True):
            data = [value] * len(handler["inputs"])
            joined = {"data": data, "fn_index": handler["id"], "session_hash": "byhand"}
            page.request.post(f"{address}/gradio_api/queue/join", data=joined)
    time.sleep(1)
    assert served.ingestion.wait(PATIENCE)
    assert (served.library.store.revision, served.ingestion.state()) == before


@pytest.mark.exhaustive
def test_a_document_goes_after_it_was_named_and_confirmed(served, visit):
    page = visit()
    cell(page, row_with(page, "政策/深/b.txt"), 1).click()
    page.locator("#yz-remove").click()
    holds(page, "#yz-really", "from the library?")
    page.locator("#yz-no").click()
    page.locator("#yz-really").wait_for(state="hidden")
    assert "政策/深/b.txt" in served.library.document_ids()
    page.locator("#yz-remove").click()
    page.locator("#yz-yes").click()
    holds(page, "#yz-said", "was removed")
    assert "政策/深/b.txt" not in served.library.document_ids()


@pytest.mark.exhaustive
def test_filters_are_set_summed_up_and_cleared(served, visit):
    served.ingestion.edit("政策/a.txt", {"region": "东莞", "date": "2024-05-03"})
    page = visit(language="en")
    accordion = page.locator("#yz-filters")
    accordion.locator("button").first.click()
    page.locator("#yz-filter-regions input").click()
    page.get_by_role("option", name="Dongguan (1)").click()
    holds(page, "#yz-filters", "Filters: Dongguan")
    page.keyboard.press("Escape")
    page.locator("#yz-filter-after").locator("input, textarea").first.fill("2024-13")
    holds(page, "#yz-filter-line", "'2024-13' is no date")
    page.locator("#yz-filter-after").locator("input, textarea").first.fill("2024-03")
    holds(page, "#yz-filters", "Filters: Dongguan · since 2024-03-01")
    holds(page, "#yz-filter-line", "1 of 2 documents pass")
    page.locator("#ask").click()
    holds(page, "#shown", "东莞")
    page.locator("#yz-filter-clear").click()
    holds(page, "#yz-filters", "Filters: all documents")
    page.locator("#ask").click()
    holds(page, "#shown", "regions=()")
