"""What axe-core finds in each view of the page, light and dark, wide and narrow."""

from importlib.resources import files

import pytest
from browser_page import (
    MARKS,
    OWNER,
    PASSWORDS,
    PHONE,
    Visit,
    browser,  # noqa: F401
    made_library,
    running,
)

pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")

pytestmark = MARKS

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
HEADLINE = "What does Dongguan give for BNCT drugs?"
RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  const faults = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  const told = ({ html, any }) => `${html.slice(0, 160)} ${any.map((one) => one.message)}`;
  return faults.map(({ id, nodes }) => [id, nodes.map(told)]);
}"""
LOOKS = [
    pytest.param({"color_scheme": scheme} | size, id=f"{scheme}-{width}")
    for scheme in ("light", "dark")
    for width, size in ((1280, {}), (390, PHONE))
]


@pytest.fixture(scope="module")
def site(tmp_path_factory, samples):
    with running(made_library(tmp_path_factory, samples), **PASSWORDS) as site:
        yield site


def found(page):
    """Return what axe finds wrong in what a page shows now."""
    page.wait_for_timeout(400)  # until what fades in is there
    page.wait_for_function("() => !document.querySelector('#yz-toast')?.getAnimations().length")
    page.evaluate(AXE)
    return page.evaluate(RUN)


@pytest.mark.parametrize("look", LOOKS)
def test_no_view_of_the_page_has_a_serious_fault(browser, site, look):  # noqa: F811
    one, wrong = Visit(browser, site.address, "login", **look), {}
    wrong["login"] = found(one.page)
    one.sign_in(OWNER)
    one.ready()
    wrong["an empty chat"] = found(one.page)
    answer = one.ask(HEADLINE)
    wrong["an answer"] = found(one.page)
    answer.locator(".yz-text .yz-mark").first.click()
    one.page.locator("#yz-document #quote").first.wait_for()
    wrong["a document beside the chat"] = found(one.page)
    one.page.locator(".yz-doc-close").click()
    one.page.locator("#yz-document").wait_for(state="hidden")
    one.do("cite", answer)
    one.page.locator("#yz-window[open] .yz-cite").wait_for()
    wrong["references"] = found(one.page)
    one.page.keyboard.press("Escape")
    one.do("collect")
    for tab, shown in (("Library", "dongguan"), ("Report", "Up"), ("Models", "no model")):
        one.tab(tab)
        one.page.get_by_text(shown).locator("visible=true").first.wait_for()
        wrong[tab] = found(one.page)
    one.tab("Chat")
    one.do("share")
    link = one.page.locator("#yz-window[open] input").input_value()
    for name, address in (
        ("a shared answer", link),
        ("links", f"{site.address}links"),
        ("a document", f"{site.address}document?id=dongguan-measures.txt&start=1068&end=1198"),
        ("a refusal", f"{site.address}document?id=none"),
        ("signing out", f"{site.address}logout"),
    ):
        one.page.goto(address)
        wrong[name] = found(one.page)
    one.expected += ("404",)
    one.close()
    assert {name: faults for name, faults in wrong.items() if faults} == {}
