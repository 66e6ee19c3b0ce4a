"""The page in a real browser, over a library made of the samples."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

ROOT = Path(__file__).parents[1]
CHROMIUM = Path("/usr/bin/chromium")  # Debian's; playwright's own would be a download
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 120  # seconds: the first start converts the encoder
HEADLINE = "What does Dongguan give for BNCT drugs?"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The address of the page, which runs as a user would start it."""
    folder = tmp_path_factory.mktemp("page")
    library = str(folder / "library")
    ingest = [sys.executable, "-m", "rag", "ingest", "samples", "--library", library]
    subprocess.run(ingest, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)
    command = [sys.executable, "ui.py", "--library", library, "--port", "0"]
    settings = os.environ | {"PYTHONUNBUFFERED": "1", "YINZHENG_LLM": "extractive"}
    with (folder / "log").open("w+") as log:
        page = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=settings)
        try:
            yield wait_for_address(page, folder / "log")
        finally:
            page.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                page.wait(10)
            page.kill()
            page.wait()


def wait_for_address(page, log):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and page.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text()):
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"the page did not open: {log.read_text()}")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


class Visit:
    """An open page, with what it asked for elsewhere and what went wrong in it."""

    def __init__(self, browser, address, **settings):
        self.outside, self.errors, self.asked = [], [], 0
        self.page = browser.new_context(**settings).new_page()
        self.page.set_default_timeout(1000 * PATIENCE)
        self.page.on("request", lambda request: self._note(request.url, address))
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(address)

    def _note(self, url, address):
        if not url.startswith((f"{address}/", "data:", "blob:")):
            self.outside.append(url)

    def _hear(self, message):
        if message.type == "error":
            self.errors.append(message.text)

    def ask(self, question):
        self.page.locator("textarea").fill(question)
        self.page.keyboard.press("Enter")
        return self.answer()

    def answer(self):
        """Return the answer to the next question since the page was opened or cleared."""
        answer = self.page.locator(".yz-answer:not(:has(.yz-draft))").nth(self.asked)
        answer.wait_for()
        self.page.locator(".submit-button").wait_for()
        self.asked += 1
        return answer

    def in_view(self, locator):
        box, height = locator.bounding_box(), self.page.viewport_size["height"]
        return box is not None and box["y"] >= 0 and box["y"] + box["height"] <= height


@pytest.fixture
def visit(browser, address):
    """Open pages, which must load nothing from elsewhere and raise no error."""
    visits = []

    def opened(**settings):
        visits.append(Visit(browser, address, **settings))
        return visits[-1]

    yield opened
    for one in visits:
        one.page.context.close()
    assert [url for one in visits for url in one.outside] == []
    assert [error for one in visits for error in one.errors] == []


def test_the_headline_question_is_answered_with_the_passage_it_rests_on(visit):
    one = visit()
    answer = one.ask(HEADLINE)
    assert all(figure in answer.inner_text() for figure in ("200", "500", "800", "1500"))
    source = answer.locator(".yz-source").first
    assert source.is_visible()
    quote = source.locator("blockquote").inner_text()
    assert "硼" in quote
    about = source.inner_text().replace(quote, "")
    assert "东莞" in about  # the title
    assert "南方财经" in about  # the publisher
    assert "dongguan-measures.txt" in about


def test_a_mark_leads_to_the_citation(visit):
    one = visit(viewport={"width": 900, "height": 500})
    answer = one.ask(HEADLINE)
    mark = answer.locator(".yz-mark").last
    mark.click()
    target = one.page.locator(".yz-source:target")
    assert mark.inner_text() in target.inner_text()
    assert one.in_view(target)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_the_newest_answer_is_read_from_its_beginning_and_whole(visit, scheme):
    one = visit(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    one.ask(HEADLINE)
    answer = one.ask("东莞对BNCT硼药研发给什么奖励？")
    assert "1500" in answer.inner_text()
    assert answer.locator(".yz-source blockquote").first.is_visible()
    assert one.in_view(one.page.locator(".yz-question").last)
    assert one.in_view(one.page.locator("textarea"))
    assert one.page.evaluate("document.documentElement.scrollWidth") == 390
    assert answer.evaluate("answer => answer.scrollWidth <= answer.clientWidth")


def test_an_example_is_asked_by_a_click_and_a_refusal_cites_nothing(visit):
    one = visit()
    one.page.get_by_text("phase IV").click()
    answer = one.answer()
    assert "The documents do not say." in answer.inner_text()
    assert "not evidence" in answer.inner_text()
    assert answer.locator(".yz-source").count() == 0


def test_hostile_questions_are_shown_as_they_are_and_do_nothing(visit):
    one = visit()
    asked = (
        '<img src=x onerror="window.hit=1"><script>window.hit=1</script> '
        "![a](http://127.0.0.1:9/a.png) BNCT"
    )
    one.ask(asked)
    assert one.page.locator(".yz-question").inner_text() == asked
    assert one.page.evaluate("window.hit") is None
    assert one.page.locator(".yz-question img, .yz-answer img").count() == 0


def test_a_second_question_goes_below_the_first_and_clearing_begins_anew(visit):
    one = visit()
    one.ask(HEADLINE)
    second = one.ask("廣東省未來生命健康產業集群主要依托哪些地市？")
    assert second.get_attribute("lang") == "zh-Hant"
    assert one.page.locator(".yz-answer").count() == 2
    one.page.get_by_label("Clear").click()
    one.page.locator(".example").first.wait_for()
    one.asked = 0
    one.ask(HEADLINE)
    assert one.page.locator(".yz-answer").count() == 1


def test_a_page_for_this_machine_alone_answers_to_no_foreign_name(address):
    request = urllib.request.Request(address, headers={"Host": "outside.example"})
    with pytest.raises(urllib.error.HTTPError, match="400") as refused:
        urllib.request.urlopen(request, timeout=10)
    refused.value.close()
