"""The document beside a chat, in a real browser, under the page's content security policy."""

import json
import re
import socket
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hash_encoder import HashEncoder
from sampling import one_in

from index.ingest import ingest
from index.library import Library
from index.types import Span
from page.document_text import place_in_clean
from page.document_view import address, router
from page.text import escaped

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = Path("/usr/bin/chromium")  # Debian's; playwright's own would be a download
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 60_000  # ms
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; "
    "connect-src 'self'; frame-src 'none'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
ID = "dongguan-measures.txt"
OUTSIDE = "http://127.0.0.1:9/x"
HOSTILE = [
    "<script>window.__x=1</script>",
    '"><img src=x onerror=window.__x=1>',
    f'<img src="{OUTSIDE}">',
    f"![a]({OUTSIDE}) [b](javascript:window.__x=1)",
    "</mark></p><svg onload=window.__x=1>",
    "<iframe srcdoc='<script>parent.__x=1</script>'></iframe>",
    f"<link rel=stylesheet href={OUTSIDE}><style>@import '{OUTSIDE}'</style>",
    "&lt;script&gt;window.__x=1&lt;/script&gt; &#60;img src=x onerror=window.__x=1&#62;",
    "' onfocus=window.__x=1 autofocus tabindex=0 '",
    "</title></textarea></style><script>window.__x=1</script>\u202e\u2066",
]
PROSE = (
    "为支持企业开展放射性药物研发，{0}单个企业每年补助最高五百万元，由市财政局安排资金。\n"
    "申请企业应当在东莞市注册，并于每年六月底前提交材料{0}，逾期不予受理。\n"
    "市科技局会同有关部门组织专家评审，评审结果在门户网站公示五个工作日。\n"
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed"),
]


def chat_page(chips):
    """A chat whose messages are rendered anew at will, as gradio does, links in new tabs."""
    marks = "".join(
        f'<p>硼药研发 <a class="yz-mark" target="_blank" href="{escaped(href)}">[{n}]</a></p>'
        for n, href in enumerate(chips, start=1)
    )
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>chat</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root {{--background-fill-primary:#fff;--body-text-color:#1f2937;
--border-color-primary:#ddd;--background-fill-secondary:#f5f5f5}}
.dark {{--background-fill-primary:#111;--body-text-color:#eee;--border-color-primary:#444;
--background-fill-secondary:#222}}
body {{background:var(--background-fill-primary);color:var(--body-text-color);margin:0;
min-height:150vh}}</style>
<link rel="stylesheet" href="document/style.css"><script src="document/script.js" defer></script>
</head><body style="padding:0"><gradio-app><main id="log">{marks}</main>
<template id="again">{marks}</template></gradio-app>
<script>
window.told = [];
document.addEventListener("yz:action", (event) => window.told.push(event.detail.action));
window.render = () => {{ const log = document.getElementById("log");
  log.replaceChildren(document.getElementById("again").content.cloneNode(true)); }};
if (matchMedia("(prefers-color-scheme: dark)").matches) document.body.classList.add("dark");
</script></body></html>"""


@pytest.fixture(scope="module")
def library(tmp_path_factory, samples):
    folder = tmp_path_factory.mktemp("documents")
    hostile = folder / "hostile"
    hostile.mkdir()
    with Library(folder / "library", HashEncoder(), create=True) as library:
        rows = [
            {"id": f"{n} {text}", "title": text, "text": PROSE.format(text)}
            for n, text in enumerate(HOSTILE)
        ]
        lines = "\n".join(json.dumps(row) for row in rows)
        (hostile / "rows.jsonl").write_text(lines, encoding="utf-8")
        line = "第{}条 支持企业研发放射性药物，单个企业每年最高五百万元。\n"
        long = "".join(line.format(n) for n in range(1, 3001))
        (hostile / "long.txt").write_text(long, encoding="utf-8")
        report = ingest(library, [samples, hostile])
        assert not report.problems
        yield library


def spans_of(library):
    """The headline quotation, and the first characters of every hostile document."""
    raw = library.document(ID).raw
    start = raw.index("硼")
    headline = Span(start, raw.index("\n", start))
    yield ID, headline
    for id_ in library.document_ids():
        if id_ not in (ID, "long.txt") and not id_.startswith("guangdong"):
            yield id_, library.passages_of(id_)[0].raw_span


@pytest.fixture(scope="module")
def chips(library):
    return [address(id_, [span]) for id_, span in spans_of(library)]


@pytest.fixture(scope="module")
def site(library, chips):
    """The address of a small server with the chat and the routes, below a path of its own."""
    import uvicorn
    from fastapi import FastAPI
    from starlette.responses import HTMLResponse

    app = FastAPI()

    @app.middleware("http")
    async def guard(request, call_next):
        answer = await call_next(request)
        answer.headers["content-security-policy"] = POLICY
        return answer

    @app.get("/")
    def chat():
        return HTMLResponse(chat_page(chips))

    app.include_router(router(SimpleNamespace(library=library)))
    outer = FastAPI()
    outer.mount("/yz", app)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(outer, port=port, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/yz/"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, site):
    """Open pages, which must load nothing from elsewhere, run nothing, and raise no error."""
    pages, outside, errors = [], [], []

    def opened(path="", language="en", **settings):
        context = browser.new_context(**settings)
        context.add_cookies([{"name": "yz-language", "value": language, "url": site}])
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda one: note(one.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.goto(site + path)
        pages.append(page)
        return page

    def note(url):
        if not url.startswith((site, "data:", "blob:", site.removesuffix("yz/") + "favicon")):
            outside.append(url)

    yield opened
    ran = [page.evaluate("window.__x") for page in pages]
    for page in pages:
        page.context.close()
    assert ran == [None] * len(pages)
    assert outside == []
    assert [error for error in errors if "favicon" not in error and "404" not in error] == []


def marked(library, id_, span):
    clean = library.clean_text(id_)
    return place_in_clean(clean, span).of(clean.text)


def text_of_marks(page, root):
    script = (
        "root => [...document.querySelectorAll(root + ' mark')].map(m => m.textContent).join('')"
    )
    return page.evaluate(script, root)


def in_view(page, locator):
    box, height = locator.bounding_box(), page.viewport_size["height"]
    return box is not None and box["y"] >= 0 and box["y"] + min(box["height"], 60) <= height


def chip(page, n=0):
    return page.locator("a.yz-mark").nth(n)


def opened_panel(page, n=0):
    chip(page, n).click()
    panel = page.locator("#yz-document")
    panel.locator("#quote").wait_for()
    return panel


def test_resting_on_a_chip_shows_the_quotation_until_the_pointer_leaves(visit, library, chips):
    page = visit()
    chip(page).hover()
    card = page.locator("#yz-card")
    card.wait_for()
    assert card.get_attribute("role") == "tooltip"
    assert text_of_marks(page, "#yz-card") == marked(library, *next(spans_of(library)))
    assert chip(page).get_attribute("aria-describedby") == "yz-card"
    assert in_view(page, card)
    card.hover()
    page.wait_for_timeout(500)
    assert card.is_visible()
    page.mouse.move(700, 600)
    card.wait_for(state="hidden")
    assert chip(page).get_attribute("aria-describedby") is None


def test_keyboard_focus_shows_the_card_and_escape_hides_it(visit):
    page = visit()
    page.keyboard.press("Tab")
    card = page.locator("#yz-card")
    card.wait_for()
    before = card.bounding_box()["y"]
    page.evaluate("new Promise(done => { onscroll = done; scrollBy(0, 10); })")
    page.evaluate("new Promise(requestAnimationFrame)")
    assert card.is_visible() and card.bounding_box()["y"] == before - 10  # it goes with its chip
    page.keyboard.press("Escape")
    card.wait_for(state="hidden")
    assert chip(page).evaluate("chip => document.activeElement === chip")
    page.keyboard.press("Space")
    page.locator("#yz-document #quote").wait_for()


@pytest.mark.exhaustive
def test_a_card_goes_when_its_chip_is_rendered_anew(visit):
    page = visit()
    chip(page).hover()
    page.locator("#yz-card").wait_for()
    page.evaluate("render()")
    page.locator("#yz-card").wait_for(state="hidden")


def test_a_click_opens_the_document_at_the_quotation_and_escape_gives_the_focus_back(
    visit, library
):
    page = visit()
    panel = opened_panel(page)
    assert len(page.context.pages) == 1  # though the link asks for a new tab
    assert text_of_marks(page, "#yz-document") == marked(library, *next(spans_of(library)))
    assert in_view(page, panel.locator("#quote"))
    assert panel.evaluate("panel => panel.contains(document.activeElement)")
    box, width = panel.bounding_box(), page.viewport_size["width"]
    assert 0.4 < box["width"] / width < 0.5
    chat = page.locator("#log").bounding_box()
    assert chat["x"] + chat["width"] <= box["x"] + 1
    page.evaluate("render()")
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    assert chip(page).evaluate("chip => document.activeElement === chip")


@pytest.mark.exhaustive
def test_chips_of_messages_rendered_anew_open_too_and_another_takes_the_place(visit, library):
    page = visit()
    page.evaluate("render()")
    panel = opened_panel(page)
    first = panel.inner_text()
    chip(page, 1).click()
    page.wait_for_function(
        "before => document.querySelector('#yz-document').innerText !== before", arg=first
    )
    panel.locator("#quote").wait_for()
    places = list(spans_of(library))
    assert text_of_marks(page, "#yz-document") == marked(library, *places[1])


@pytest.mark.exhaustive
def test_what_was_left_out_is_shown_faintly_on_demand_with_its_reason(visit, library):
    id_, span = next(spans_of(library))
    page = visit()
    panel = opened_panel(page)
    assert panel.locator(".yz-doc-left").count() == 0
    panel.get_by_role("button", name="Show what was left out").click()
    panel.get_by_role("button", name="Hide what was left out").wait_for()
    assert panel.locator(".yz-doc-left").count() > 0
    assert panel.locator(".yz-doc-left").first.get_attribute("title")
    raw = span.of(library.document(id_).raw)
    assert text_of_marks(page, "#yz-document") == raw
    assert in_view(page, panel.locator("#quote"))
    panel.get_by_role("button", name="Hide what was left out").press(" ")
    panel.get_by_role("button", name="Show what was left out").wait_for()


@pytest.mark.exhaustive
def test_the_buttons_tell_the_page_what_is_to_be_done(visit):
    page = visit()
    panel = opened_panel(page)
    panel.get_by_role("button", name="Cite").click()
    panel.get_by_role("button", name="Add to report").click()
    assert page.evaluate("told") == ["cite", "collect"]


@pytest.mark.parametrize("scheme", one_in(2, ["light", "dark"]))
def test_on_a_phone_it_is_a_sheet_that_the_way_back_closes(visit, scheme):
    page = visit(color_scheme=scheme, **PHONE)
    chip(page).tap()
    panel = page.locator("#yz-document")
    panel.locator("#quote").wait_for()
    assert panel.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    assert panel.get_attribute("role") == "dialog"
    assert in_view(page, panel.locator("#quote"))
    assert page.locator("gradio-app").evaluate("app => app.inert")
    assert panel.evaluate("panel => panel.scrollWidth <= 390")
    page.go_back()
    panel.wait_for(state="hidden")
    assert not page.locator("gradio-app").evaluate("app => app.inert")
    chip(page).tap()
    panel.locator("#quote").wait_for()
    panel.get_by_role("button", name="Close").tap()
    panel.wait_for(state="hidden")
    assert page.url.endswith("/yz/")


@pytest.mark.exhaustive
def test_a_long_touch_shows_the_card_and_does_not_open(visit):
    page = visit(**PHONE)
    box = chip(page).bounding_box()
    point = {"x": box["x"] + 5, "y": box["y"] + 5}
    session = page.context.new_cdp_session(page)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    page.locator("#yz-card").wait_for()
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(300)
    assert page.locator("#yz-document:visible").count() == 0
    assert page.locator("#yz-card").is_visible()


@pytest.mark.exhaustive
def test_contrast_of_text_and_mark_is_enough_in_light_and_dark(visit):
    for scheme in ("light", "dark"):
        page = visit(color_scheme=scheme)
        panel = opened_panel(page)
        panel.get_by_role("button", name="Show what was left out").click()
        panel.locator(".yz-doc-left").first.wait_for()
        for selector in ("mark", ".yz-doc-left", "dt", ".yz-doc-text p", "dd", ".yz-doc-button"):
            assert page.evaluate(CONTRAST, f"#yz-document {selector}") >= 4.5, (scheme, selector)


CONTRAST = """selector => {
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const element = document.querySelector(selector);
  let behind = element;
  while (numbers(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
  const light = (colour) => { const [r, g, b] = numbers(colour).map((part) => {
    const share = part / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const both = [light(getComputedStyle(element).color),
                light(getComputedStyle(behind).backgroundColor)].sort((a, b) => b - a);
  return (both[0] + 0.05) / (both[1] + 0.05); }"""


@pytest.mark.parametrize(
    ("language", "label"),
    one_in(3, [("zh-Hant", "關閉"), ("zh", "关闭"), ("en", "Close")]),
)
def test_the_panel_speaks_the_language_of_its_reader(visit, language, label):
    page = visit(language=language)
    assert opened_panel(page).get_by_role("button", name=label, exact=True).is_visible()


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_hostile_titles_ids_and_texts_are_shown_and_do_nothing(visit, library, chips, step):
    page = visit()
    for n, (id_, span) in list(enumerate(spans_of(library)))[::step]:
        chip(page, n).hover()
        page.locator("#yz-card").wait_for()
        panel = opened_panel(page, n)
        page.wait_for_function(
            "id => document.querySelector('#yz-document [data-id]')?.dataset.id === id", arg=id_
        )
        shown = re.sub("[\u202e\u2066]", "", marked(library, id_, span))
        assert text_of_marks(page, "#yz-document") == shown
        assert panel.locator("img, iframe, svg, script, style, link").count() == 0
        page.keyboard.press("Escape")
        panel.wait_for(state="hidden")


def test_the_page_of_its_own_stands_at_the_quotation_without_javascript(visit, library):
    for id_, span in list(spans_of(library))[:2]:
        page = visit(address(id_, [span]), java_script_enabled=False)
        assert in_view(page, page.locator("#quote"))
        assert page.locator("h1").is_visible()
        assert page.locator("img, iframe, svg, script").count() == 0
        assert page.locator("button:visible").count() == 0


@pytest.mark.exhaustive
def test_a_long_document_is_read_on_part_by_part(visit, library):
    place = Span(60_000, 60_020)
    page = visit()
    page.evaluate(
        "href => document.querySelector('a.yz-mark').setAttribute('href', href)",
        address("long.txt", [place]),
    )
    panel = opened_panel(page)
    before = panel.locator(".yz-doc-text").inner_text()
    panel.get_by_text("Later part").click()
    page.wait_for_function(
        "before => document.querySelector('.yz-doc-text').innerText !== before", arg=before
    )
    panel.get_by_text("Earlier part").first.wait_for()
    assert panel.locator("mark").count() == 0


@pytest.mark.exhaustive
def test_a_document_that_is_gone_is_said_to_be(visit):
    page = visit()
    page.evaluate(
        "() => document.querySelector('a.yz-mark').setAttribute('href',"
        " 'document?id=gone&start=0&end=5')"
    )
    chip(page).click()
    page.locator("#yz-document [role=alert]").wait_for()
    assert "no such document" in page.locator("#yz-document").inner_text()


@pytest.mark.exhaustive
def test_a_click_with_control_is_left_to_the_browser(visit):
    page = visit()
    with page.context.expect_page() as fresh:
        chip(page).click(modifiers=["Control"])
    fresh.value.locator("#quote").wait_for()
    assert page.locator("#yz-document:visible").count() == 0
