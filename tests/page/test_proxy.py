"""The page under a prefix behind nginx, which strips the prefix or passes it on, in a browser.

Run as a program, this file is the page: `test_proxy.py PORT ROOT_PATH`.
"""

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from string import Template

import pytest

ROOT = Path(__file__).parents[2]
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
WAIT = 60  # seconds: the machine may be busy
PREFIX = "/yinzheng"
CONFIGURATION = Template("""
daemon off; master_process off; pid $folder/pid; error_log $folder/error.log;
events {}
http {
    access_log off;
    client_body_temp_path $folder/body; proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/a; uwsgi_temp_path $folder/b; scgi_temp_path $folder/c;
    server { listen 127.0.0.1:$kept; $location }
    server { listen 127.0.0.1:$stripped; $stripping_location }
}
""")

FIRST = ["kept", pytest.param("stripped", marks=pytest.mark.exhaustive)]

pytestmark = pytest.mark.skipif(not NGINX, reason="nginx is not installed")


def serve(port, root_path):
    """Serve a page that streams, takes a file and gives it back, with addresses of its own."""
    import uvicorn
    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse, RedirectResponse

    from page.lean_gradio import import_gradio
    from page.share import PROXY_SETTINGS, Prefixed

    gr = import_gradio()
    own, seen_first = FastAPI(openapi_url=None), threading.Event()

    @own.get("/seen-first")
    def release():
        seen_first.set()

    @own.get("/enter")
    def enter(request: Request):
        root = request.scope["root_path"]
        response = RedirectResponse(f"{root}/inside", 303)
        response.set_cookie("entered", "yes", path=root, httponly=True, samesite="lax")
        return response

    @own.get("/inside")
    def inside(request: Request):
        told = {"cookies": request.cookies, "url": str(request.url), "client": request.client.host}
        return JSONResponse(told | {"headers": dict(request.headers)})

    def write(question):
        seen_first.clear()
        yield "first"
        if not seen_first.wait(WAIT):
            raise TimeoutError("nobody saw the first part")
        yield f"first, then all of {question}"

    with gr.Blocks(title="behind a proxy") as page:
        question, answer = gr.Textbox(label="question"), gr.Textbox(label="answer")
        question.submit(write, question, answer)
        given, text = gr.File(label="given"), gr.Textbox(label="text")
        back = gr.File(label="back")
        given.upload(lambda path: (Path(path).read_text(), path), given, [text, back])
    gr.mount_gradio_app(own, page, path="/", root_path=root_path)
    app = Prefixed(own, root_path)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", **PROXY_SETTINGS)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def location():
    """Return what docs/sharing.md says to write for nginx; the Chinese page says the same."""
    found = {
        re.search(r"```nginx\n(.*?)```", path.read_text("utf-8"), re.DOTALL)[1]
        for path in (ROOT / "docs").glob("sharing*.md")
    }
    (text,) = found
    return text


@contextlib.contextmanager
def running(command, port, log):
    """Run a server until the test is over; it answers at `port` by then."""
    with log.open("w") as told:
        settings = os.environ | {"PYTHONPATH": str(ROOT), "GRADIO_ANALYTICS_ENABLED": "False"}
        process = subprocess.Popen(command, env=settings, stdout=told, stderr=told)
        try:
            until = time.monotonic() + WAIT
            while process.poll() is None and time.monotonic() < until:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.1)
            else:
                raise AssertionError(f"{command[0]} did not start: {log.read_text()}")
            yield
        finally:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def addresses(tmp_path_factory):
    """The page itself, and as it is behind nginx that keeps the prefix or strips it."""
    folder = tmp_path_factory.mktemp("proxy")
    ports = {name: free_port() for name in ("page", "kept", "stripped")}
    documented = "http://127.0.0.1:7860;"
    assert documented in location()
    page = f"http://127.0.0.1:{ports['page']}"
    text = CONFIGURATION.substitute(
        ports,
        folder=folder,
        location=location().replace(documented, f"{page};"),
        stripping_location=location().replace(documented, f"{page}/;"),
    )
    (folder / "nginx.conf").write_text(text)
    nginx = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    command = [sys.executable, "-W", "ignore", __file__, str(ports["page"]), PREFIX]
    with (
        running(command, ports["page"], folder / "page.log"),
        running(nginx, ports["kept"], folder / "nginx.log"),
    ):
        yield {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}


def told(address, **headers):
    request = urllib.request.Request(f"{address}{PREFIX}/inside", headers=headers)
    with urllib.request.urlopen(request, timeout=WAIT) as answer:
        return json.load(answer)


class TestBehindNginx:
    @pytest.mark.parametrize("proxy", ["kept", "stripped"])
    def test_the_page_knows_its_address_and_its_visitor_and_no_more(self, addresses, proxy):
        seen = told(addresses[proxy], **{"X-Forwarded-Host": "evil.example"})
        assert seen["url"] == f"{addresses[proxy]}{PREFIX}/inside"
        assert seen["client"] == "127.0.0.1"
        assert not [name for name in seen["headers"] if name.startswith("x-forwarded")]

    @pytest.mark.parametrize("proxy", ["kept", "stripped"])
    def test_a_visitor_cannot_name_another_address_for_itself(self, addresses, proxy):
        seen = told(addresses[proxy], **{"X-Forwarded-For": "192.0.2.66"})
        assert seen["client"] == "127.0.0.1"

    @pytest.mark.parametrize("proxy", FIRST)
    def test_the_page_streams_takes_files_and_gives_them_back(self, addresses, proxy, visit):
        page = visit(f"{addresses[proxy]}{PREFIX}/")
        page.get_by_label("question").fill("it")
        page.keyboard.press("Enter")
        answer = page.get_by_label("answer", exact=True)
        # The second part is written once the first was seen here: a proxy that waits would hang.
        playwright().expect(answer).to_have_value("first")
        urllib.request.urlopen(f"{addresses['page']}{PREFIX}/seen-first", timeout=WAIT).close()
        playwright().expect(answer).to_have_value("first, then all of it")
        file = {"name": "a.txt", "mimeType": "text/plain", "buffer": "东莞".encode()}
        page.locator("input[type=file]").first.set_input_files(file)
        playwright().expect(page.get_by_label("text", exact=True)).to_have_value("东莞")
        with page.expect_download() as download:
            page.locator("a[download]").last.click()
        assert Path(download.value.path()).read_text("utf-8") == "东莞"

    @pytest.mark.parametrize("proxy", ["kept", "stripped"])
    def test_cookies_and_redirects_stay_below_the_prefix(self, addresses, proxy, visit):
        page = visit(f"{addresses[proxy]}{PREFIX}/enter")
        assert page.url == f"{addresses[proxy]}{PREFIX}/inside"
        (cookie,) = page.context.cookies()
        assert cookie["path"] == PREFIX
        assert json.loads(page.locator("body").inner_text())["cookies"] == {"entered": "yes"}

    @pytest.mark.parametrize("proxy", FIRST)
    def test_the_prefix_without_its_last_stroke_leads_to_the_page(self, addresses, proxy, visit):
        page = visit(f"{addresses[proxy]}{PREFIX}")
        assert page.url == f"{addresses[proxy]}{PREFIX}/"
        playwright().expect(page.get_by_label("question")).to_be_visible()


@pytest.mark.parametrize(
    ("source", "client"), [("127.0.0.1", "192.0.2.66"), ("127.0.0.2", "127.0.0.2")]
)
def test_only_a_proxy_on_this_machine_says_for_whom_it_asks(addresses, source, client):
    page = addresses["page"].rpartition(":")[2]
    connection = http.client.HTTPConnection(
        "127.0.0.1", int(page), timeout=WAIT, source_address=(source, 0)
    )
    headers = {"X-Forwarded-For": "192.0.2.66", "X-Forwarded-Proto": "https"}
    connection.request("GET", f"{PREFIX}/inside", headers=headers)
    seen = json.load(connection.getresponse())
    connection.close()
    assert seen["client"] == client
    assert seen["url"].startswith("https:" if client == "192.0.2.66" else "http:")


def playwright():
    return pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with playwright().sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, addresses):
    """Open pages; whatever they load must come from below the prefix, and be there."""
    contexts, wrong = [], []

    def opened(address):
        contexts.append(browser.new_context())
        page = contexts[-1].new_page()
        page.set_default_timeout(1000 * WAIT)
        playwright().expect.set_options(timeout=1000 * WAIT)
        origin = address.partition(PREFIX)[0]
        inside = (f"{origin}{PREFIX}", "data:", "blob:")
        page.on("request", lambda one: one.url.startswith(inside) or wrong.append(one.url))
        page.on("response", lambda one: one.status < 400 or wrong.append((one.status, one.url)))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
