"""What documents, models and visitors write is text wherever the page shows it, in a browser."""

import json
import re
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from browser_page import (
    MARKS,
    Reply,
    Trap,
    Visit,
    browser,  # noqa: F401
    holds,
    made_library,
    model,
    running,
    until,
)

pytestmark = MARKS

TRAP = "TRAP"  # stands for the address of another server, which nothing may call
PAYLOADS = (
    "<script>window.__x=1</script>",
    "<img src=x onerror=window.__x=1>",
    '"><img src="TRAP/q.png" onerror="window.__x=1">',
    "<svg onload=window.__x=1><animate onbegin=window.__x=1 attributeName=x dur=1s></svg>",
    "<svg><script href=data:text/javascript,window.__x=1></script></svg>",
    "<iframe src='javascript:parent.__x=1' srcdoc='<script>parent.__x=1</script>'></iframe>",
    "<iframe src=TRAP/frame></iframe><embed src=TRAP/embed><object data=TRAP/object></object>",
    "![image](TRAP/image.png)",
    "![image][one]\n\n[one]: TRAP/reference.png",
    "[press here](javascript:window.__x=1) <javascript:window.__x=1>",
    "<a href='jAvAsCrIpT:window.__x=1' autofocus onfocus=window.__x=1>press</a>",
    "<img srcset='TRAP/set.png 1x, TRAP/set2.png 2x'><picture><source srcset=TRAP/p.png></picture>",
    "<div style='background:url(TRAP/style.png)'>styled</div><style>@import 'TRAP/a.css';</style>",
    "<link rel=stylesheet href=TRAP/link.css><link rel=prefetch href=TRAP/next>",
    "<a href='data:text/html,<script>window.__x=1</script>'>data</a>",
    "<meta http-equiv=refresh content='0;url=TRAP/refresh'>",
    "<base href=TRAP/><form action=TRAP/form><button autofocus>send</button></form>",
    "<video poster=TRAP/poster src=TRAP/v onerror=window.__x=1></video><audio src=TRAP/a autoplay>",
    "<details open ontoggle=window.__x=1><marquee onstart=window.__x=1>m</marquee></details>",
    "<input autofocus onfocus=window.__x=1><textarea autofocus onfocus=window.__x=1>",
    "${window.__x=1} {{constructor.constructor('window.__x=1')()}} <%= window.__x=1 %> #{1+1}",
    "\u202e\u2066<b onmouseover=window.__x=1>turned around</b>\u2069\u200f",
    "```mermaid\ngraph TD; A[<img src=TRAP/m onerror=window.__x=1>]-->B\n```",
    "$$\\href{javascript:window.__x=1}{x}\\includegraphics{TRAP/tex.png}$$ \\(x\\)",
    "</blockquote></div></li></ol></dialog></aside></pre>\"'`--><h1 onclick=window.__x=1>out",
    "</title></textarea></style></script></passage><script>window.__x=1</script>",
    "&lt;script&gt;window.__x=1&lt;/script&gt; &#60;img src=x onerror=window.__x=1&#62;",
    "' onmouseover=window.__x=1 x=' \" onfocus=window.__x=1 autofocus tabindex=0 \"",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror=__x=1>'>",
    "<gradio-app src=TRAP/app></gradio-app><template shadowrootmode=open><slot></slot></template>",
)
GROUP = 5  # payloads in one question
PROSE = (
    "关于硼药研发的第{0}号措施{1}。\n为支持企业开展硼药研发{1}，单个企业每年补助最高{0}百万元。\n"
    "申请企业应当在每年六月底以前提交材料{1}，逾期不予受理。\n"
)
# Elements and attributes that only a payload can have made, in what is shown of others' text.
PLANTED = """(trap) => {
  const found = [...document.querySelectorAll("*")].filter((one) => {
    if ([...one.attributes].some(({ name }) => name.startsWith("on"))) return true;
    const addresses = ["src", "href", "srcset", "action", "data", "poster", "style", "background"]
      .map((name) => one.getAttribute(name) || "");
    return addresses.some((text) => text.trim().toLowerCase().startsWith("javascript:")
      || text.startsWith("data:text") || text.includes(trap));
  });
  return found.map((one) => one.outerHTML.slice(0, 200));
}"""


@pytest.fixture(scope="module")
def trap():
    trap = Trap()
    yield trap
    trap.close()


@pytest.fixture(scope="module")
def payloads(trap):
    return [text.replace(TRAP, trap.address) for text in PAYLOADS]


def scripted(payloads):
    """Return a model that answers with the payloads that are asked about, or fails with one."""

    def reply(messages):
        asked = messages.rpartition("Question:")[2]
        if found := re.search(r"fault (\d+)", asked):
            return Reply((payloads[int(found[1])],), status=400)
        found = re.search(r"Set (\d+)", asked)
        group = payloads[int(found[1]) :][:GROUP] if found else payloads[:1]
        return Reply(tuple(f"单个企业每年补助最高1百万元{text}[1]。" for text in group), 0.2)

    return reply


@pytest.fixture(scope="module")
def site(tmp_path_factory, payloads):
    """A page whose documents and whose model are hostile."""
    rows = [
        {
            "id": f"{n}.txt",
            "title": text,
            "publisher": text,
            "issuer": text,
            "document_number": text,
            "url": "javascript:window.__x=1",
            "text": PROSE.format(n, text),
        }
        for n, text in enumerate(payloads)
    ]
    file = tmp_path_factory.mktemp("hostile") / "rows.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    library = made_library(tmp_path_factory, file)
    with model(scripted(payloads)) as settings, running(library, **settings) as site:
        yield site


@contextmanager
def nothing_runs(browser, address, trap, path=""):  # noqa: F811
    """Give a visit in which no text may do anything."""
    one = Visit(browser, address, path)
    called = len(trap.calls)
    yield one
    for page in one.context.pages:
        page.wait_for_timeout(300)  # for what waits for its turn
        assert page.evaluate(PLANTED, trap.address) == []
        assert [frame.evaluate("() => window.__x") for frame in page.frames] == [None]
    assert one.seen.dialogs == []
    assert trap.calls[called:] == []
    one.close()


@pytest.fixture
def visit(browser, site, trap):  # noqa: F811
    with nothing_runs(browser, site.address, trap) as one:
        yield one.ready()


def shown(text):
    """Return a text as it is compared: without white space and what is never shown."""
    return re.sub("[\\s\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", text)


def missing(payloads, texts):
    """Return the payloads that cannot be read in any of some texts."""
    seen = "\n".join(map(shown, texts))
    return [text for text in payloads if shown(text) not in seen]


def test_questions_answers_and_quoted_documents_are_text(visit, payloads):
    visit.page.evaluate(
        "() => { window.drafts = new Set(); new MutationObserver(() => {"
        "for (const one of document.querySelectorAll('#yz-log .yz-draft'))"
        "window.drafts.add(one.innerText) }).observe(document.body,"
        "{childList: true, subtree: true, characterData: true}) }"
    )
    for first in range(0, len(payloads), GROUP):
        visit.ask(f"Set {first} 硼药 " + " ".join(payloads[first : first + GROUP]))
    questions = visit.page.locator(".yz-question").all_inner_texts()
    assert missing(payloads, questions) == []
    answers = visit.page.locator("#yz-log .yz-answer").all_inner_texts()
    drafts = visit.page.evaluate("() => [...window.drafts]")
    # What a model writes is cleaned of some marks: nearly all must have been shown somehow.
    assert len(missing(payloads, [*drafts, *answers])) < GROUP
    visit.page.evaluate("() => document.querySelectorAll('details').forEach((d) => d.open = true)")
    quoted = visit.page.locator("#yz-log .yz-source")
    assert len(payloads) - len(missing(payloads, quoted.all_inner_texts())) >= 5
    visit.page.reload()  # as it was stored
    visit.ready()
    assert missing(payloads, visit.page.locator(".yz-question").all_inner_texts()) == []
    visit.page.locator("#yz-log .yz-text .yz-mark").first.hover()
    visit.page.locator("#yz-card mark").wait_for()


def chips(page, payloads):
    """Put a chip for every document on the page, as an answer would; page.js finds them there."""
    page.evaluate(
        "(ids) => { const log = document.querySelector('#yz-log');"
        "for (const id of ids) { const chip = document.createElement('a');"
        "chip.className = 'yz-mark own'; chip.textContent = `[${id}]`;"
        "chip.href = `document?id=${id}.txt&start=0&end=60#quote`; log.append(chip) } }",
        list(range(len(payloads))),
    )
    return page.locator("a.own")


def test_documents_and_their_facts_are_text_in_card_and_panel(visit, payloads):
    visit.page.locator("#yz-question textarea").press("Tab")  # cards are for the keyboard now
    cards, panels, panel = [], [], visit.page.locator("#yz-document")
    for chip in chips(visit.page, payloads).all():
        chip.scroll_into_view_if_needed()
        visit.page.wait_for_timeout(100)  # scrolling hides a card
        chip.focus()
        card = visit.page.locator("#yz-card:not([hidden])")
        card.wait_for()
        cards.append(card.inner_text())
        chip.press("Enter")
        panel.locator("#quote").first.wait_for()
        panels.append(panel.inner_text())
        assert visit.page.evaluate(PLANTED, "window.__x") == []
        visit.page.keyboard.press("Escape")
        panel.wait_for(state="hidden")
    assert missing(payloads, panels) == []
    assert missing(payloads, cards) == []


def test_the_library_shows_titles_file_names_and_faults_as_text(visit, payloads, tmp_path):
    visit.tab("Library")
    table = visit.page.locator("#yz-documents")
    holds(table, "0.txt")
    for row in range(3):
        cells = visit.page.locator(f"#yz-documents [data-row='{row}']")
        holds(cells.nth(8), ".txt")
        number = cells.nth(8).inner_text().strip().removesuffix(".txt")
        cells.nth(1).click()
        holds(visit.page.locator("#yz-preview"), f"第{number}号措施")
    field = visit.page.locator("#yz-search").locator("input, textarea").first
    for number in range(20, len(payloads)):
        field.fill(f"{number}.txt")
        holds(table, f"{number}.txt")
        assert missing([payloads[number]], [table.inner_text()]) == []
    field.fill("")
    files = [tmp_path / f"{name(text)}.txt" for text in payloads]
    broken = [tmp_path / f"{name(text)}.pdf" for text in payloads[:GROUP]]
    for n, (path, text) in enumerate(zip(files, payloads, strict=True)):
        path.write_text(PROSE.format(n, text), "utf-8")
    for path in broken:
        path.write_text("no PDF", "utf-8")
    visit.page.set_input_files("#yz-upload input[type=file]", [*files, *broken])
    holds(visit.page.locator("#yz-report"), "characters kept")
    visit.page.locator("#yz-stop").wait_for(state="hidden")
    for text in payloads[:5]:
        visit.page.locator("#yz-addresses textarea").fill(text.replace("\n", " "))
        visit.page.locator("#yz-fetch").click()
        faulty = visit.page.locator("#yz-report li", has_text="is no web address")
        until(
            lambda line=text, faulty=faulty: not missing([line], faulty.all_inner_texts()),
            f"a line that says what is wrong with {text!r}",
        )
    visit.page.reload()
    visit.ready()
    visit.tab("Library")
    field.fill("img src=x onerror=window.__x=1 .txt")
    holds(visit.page.locator("#yz-rows"), "that match")
    assert "img src=x onerror=window.__x=1" in table.inner_text()


def name(text):
    """Return a payload as a file can be called."""
    return re.sub(r"[/\\\x00\n]", "∕", text)[:80]


def test_faults_of_a_model_and_of_addresses_are_text(visit, payloads, site):
    for number in (1, 7, 24):
        visit.ask(f"fault {number} 硼药?")
    visit.tab("Models")
    visit.page.get_by_label("Use instead").fill(payloads[1])
    visit.page.keyboard.press("Enter")
    visit.page.get_by_role("button", name="Use", exact=True).click()
    holds(visit.page.locator(".yz-line").last, "img src")
    visit.expected += ("404", "422", "400", "Failed to load resource", "Not Found")
    page = visit.context.new_page()
    for text in payloads:
        asked = quote(text, safe="")
        for path in (
            f"document?id={asked}",
            f"s/{asked}",
            f"?chat={asked}",
            f"cite?id={asked}&start=0&end=1",
        ):
            if path.startswith("?") and text != payloads[0]:
                continue
            page.goto(site.address + path)
            assert page.evaluate("() => window.__x") is None
    page.close()


def test_a_report_and_a_link_show_text(visit, payloads, browser, site, trap, tmp_path):  # noqa: F811
    visit.ask(f"Set 0 硼药 {payloads[0]}")
    visit.do("collect")
    visit.said("1 items")
    for id_ in range(len(payloads)):
        place = {"id": f"{id_}.txt", "start": 0, "end": 60}
        reply = visit.page.request.post(f"{site.address}collect", data=place, headers=own(site))
        assert reply.ok, reply.text()
    visit.tab("Report")
    basket = visit.page.locator("#yz-basket .yz-basket > li")
    basket.nth(len(payloads)).wait_for()
    assert missing(payloads, [visit.page.locator("#yz-basket").inner_text()]) == []
    title = visit.page.get_by_role("textbox", name="Title")
    title.fill(f"{payloads[1]} {payloads[0]}")
    link = visit.page.get_by_role("link", name="HTML", exact=True)
    until(lambda: "onerror" in (link.get_attribute("href") or ""), "the title is in the link")
    path = tmp_path / "report.html"
    with visit.page.expect_download() as download:
        link.click()
    download.value.save_as(path)
    with nothing_runs(browser, path.as_uri(), trap) as exported:
        assert missing(payloads, [exported.page.locator("body").inner_text()]) == []
    visit.tab("Chat")
    visit.do("share")
    address = visit.page.locator("#yz-window input").input_value()
    with nothing_runs(browser, site.address, trap, address.removeprefix(site.address)) as shared:
        assert missing(payloads[:1], [shared.page.locator("main").inner_text()]) == []


def own(site):
    """Return headers that say that a request comes from the page itself."""
    return {"origin": site.address.rstrip("/")}
