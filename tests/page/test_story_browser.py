"""What visitors do on the whole page, each thing from its beginning to its end, in a browser."""

import re
import urllib.error
import urllib.request
import zipfile

import pytest
from browser_page import (
    GUEST,
    MARKS,
    OWNER,
    PASSWORDS,
    PHONE,
    Reply,
    Visit,
    browser,  # noqa: F401
    holds,
    made_library,
    model,
    place_of,
    run,
    running,
    until,
    visit,  # noqa: F401
)
from docx import Document

pytestmark = MARKS

HEADLINE = "What does Dongguan give for BNCT drugs?"
SIMPLIFIED = "东莞对BNCT硼药研发给什么奖励？"
TRADITIONAL = "廣東省未來生命健康產業集群主要依托哪些地市？"
BODY = (
    "青禾市关于支持第{0}号项目的若干措施\n发布日期：2021-03-0{0}\n"
    "对通过验收的第{0}号示范项目，青禾市财政给予最高{0}25万元的一次性奖励。"
    "申报单位应当在每年六月底以前提交材料，逾期不予受理。\n"
)
TAGS_AND_SPACE = re.compile(r"<[^>]*>|\s")


@pytest.fixture(scope="module")
def site(tmp_path_factory, samples):
    """A page that guests and an owner come to."""
    with running(made_library(tmp_path_factory, samples), **PASSWORDS) as site:
        yield site


@pytest.fixture
def owner(visit):  # noqa: F811
    return signed_in(visit, OWNER)


@pytest.fixture
def guest(visit):  # noqa: F811
    return signed_in(visit, GUEST)


def signed_in(visit, password, **settings):  # noqa: F811
    one = visit("login", **settings)
    one.sign_in(password)
    return one.ready()


def squeezed(text):
    return TAGS_AND_SPACE.sub("", text)


def chats(one):
    return one.page.locator("#yz-chats a.yz-chat").all_inner_texts()


def link_to(one, name, within=None):
    """Share an answer or a chat and return the address of the link."""
    chats = one.page.locator("#yz-chats li").first
    chats.hover()  # what may be done with a chat is shown then
    one.do(name, within or chats)
    window = one.page.locator("#yz-window[open]")
    address = window.locator("input").input_value()
    one.page.keyboard.press("Escape")
    window.wait_for(state="hidden")
    return address


# --- the library


def test_files_and_a_folder_are_uploaded_and_answer_at_once(owner, tmp_path):
    for n in range(1, 5):
        (tmp_path / f"qinghe-{n}.txt").write_text(BODY.format(n), "utf-8")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "qinghe-5.txt").write_text(BODY.format(5), "utf-8")
    owner.tab("Library")
    for field, paths, newest in (
        ("upload", tmp_path / "qinghe-1.txt", "qinghe-1.txt"),
        ("upload", [tmp_path / f"qinghe-{n}.txt" for n in (2, 3)], "qinghe-3.txt"),
        ("folder", folder, "folder/qinghe-5.txt"),
    ):
        owner.page.set_input_files(f"#yz-{field} input[type=file]", paths)
        holds(owner.page.locator("#yz-documents"), newest)
    owner.tab("Chat")
    answer = owner.ask("青禾市对通过验收的第3号示范项目给多少奖励？")
    assert "325万元" in answer.inner_text()
    assert "qinghe-3.txt" in answer.locator(".yz-source").first.inner_text()


# --- asking


def test_questions_in_three_scripts_grow_into_answers_in_their_own(guest):
    guest.page.evaluate(
        "() => { window.stages = []; new MutationObserver(() => {"
        "const line = document.querySelector('#yz-log [role=status]');"
        "if (line) window.stages.push(line.textContent) })"
        ".observe(document.body, {childList: true, subtree: true, characterData: true}) }"
    )
    for question, lang in ((HEADLINE, "en"), (SIMPLIFIED, "zh"), (TRADITIONAL, "zh-Hant")):
        answer = guest.ask(question)
        assert answer.get_attribute("lang") == lang
        assert answer.locator(".yz-text .yz-mark").count() > 0
    stages = " ".join(guest.page.evaluate("() => window.stages"))
    assert re.search(r"searching \d+\.\d s · reading \d+ passages", stages)
    assert re.search(r"检索 \d+\.\d s · 读 \d+ 段", stages)
    first = guest.whole.first.inner_text()
    assert all(figure in first for figure in ("200", "500", "800", "1500"))
    assert chats(guest) == [HEADLINE]


def test_a_citation_shows_the_quotation_as_the_original_has_it(guest):
    answer = guest.ask(HEADLINE)
    chip = answer.locator(".yz-text .yz-mark").first
    id_, start, end = place_of(chip.get_attribute("href"))
    raw = guest.page.request.get(f"{guest.address}document/raw", params={"id": id_}).text()
    quotation = squeezed(raw[start:end])
    assert quotation == squeezed(answer.locator(".yz-source blockquote").first.inner_text())
    chip.hover()
    card = guest.page.locator("#yz-card")
    card.wait_for()
    assert squeezed(card.locator("mark").inner_text()) == quotation
    chip.click()
    quote = guest.page.locator("#yz-document #quote").first
    quote.wait_for()
    assert squeezed(quote.inner_text()) == quotation
    assert guest.in_view(quote)
    assert guest.page.locator("#yz-question textarea").is_visible()  # the chat stays beside it


def test_what_was_cleaned_away_is_shown_on_demand(guest):
    guest.ask(SIMPLIFIED)
    guest.whole.first.locator(".yz-text .yz-mark").first.click()
    panel = guest.page.locator("#yz-document")
    panel.locator("#quote").first.wait_for()
    assert panel.locator(".yz-doc-left").count() == 0
    panel.get_by_role("button", name="Show what was left out").click()
    panel.locator(".yz-doc-left").first.wait_for()
    guest.page.keyboard.press("Escape")
    panel.wait_for(state="hidden")


def test_answers_are_copied_and_quotations_cited(visit):  # noqa: F811
    one = signed_in(visit, GUEST, permissions=["clipboard-read", "clipboard-write"])
    answer = one.ask(HEADLINE)
    one.do("copy", answer)
    one.said("Copied")
    assert "1500" in (plain := one.pasted())
    assert "[1]" not in plain
    one.do("copy_sources", answer)
    until(lambda: "[1]" in one.pasted(), "the answer with its sources is on the clipboard")
    assert "dongguan-measures.txt" in one.pasted()
    one.do("cite", answer)
    window = one.page.locator("#yz-window")
    for name in ("Quotation", "GB/T 7714, numeric", "APA", "BibTeX", "CSL-JSON"):
        window.get_by_role("heading", name=name, exact=True).wait_for()
    window.locator("button.yz-copy").nth(1).click()
    until(lambda: "[Z]. 2025" in one.pasted(), "the reference is on the clipboard")


def test_the_newest_question_goes_below_and_a_new_chat_is_empty(guest):
    guest.ask(HEADLINE)
    guest.ask(TRADITIONAL)
    assert guest.whole.count() == 2
    assert guest.in_view(guest.page.locator(".yz-question").last)
    guest.new_chat()
    assert guest.whole.count() == 0
    guest.page.get_by_text("phase IV").click()
    refusal = guest.answer(0)
    assert "The documents do not say." in refusal.inner_text()
    assert "Nearest in the library, not evidence" in refusal.inner_text()
    assert refusal.locator("li").count() > 0
    assert refusal.locator(".yz-source").count() == 0
    assert len(chats(guest)) == 2


def test_answers_change_their_script_and_quotations_do_not(guest):
    answer = guest.ask(SIMPLIFIED)
    quotation = answer.locator(".yz-source blockquote").first.inner_text()
    assert "硼药" in answer.locator(".yz-text").inner_text()
    guest.page.locator("#yz-display input").click()
    guest.page.get_by_role("option", name="Traditional").click()
    holds(guest.page.locator("#yz-log .yz-text").first, "硼藥")
    assert guest.whole.first.locator(".yz-source blockquote").first.inner_text() == quotation


def test_filters_narrow_what_answers(guest):
    guest.page.locator("#yz-filters button").first.click()
    guest.page.locator("#yz-filter-regions input").click()
    guest.page.get_by_role("option", name=re.compile("Hubei")).click()
    guest.page.keyboard.press("Escape")
    holds(guest.page.locator("#yz-filter-line"), "documents pass")
    answer = guest.ask(HEADLINE)
    assert "1500" not in answer.inner_text()
    assert not {
        place_of(chip.get_attribute("href"))[0]
        for chip in answer.locator("a[href*='document?'][href*='start=']").all()
    } & {"dongguan-measures.txt", "guangdong-overview.md"}


def test_a_follow_up_is_asked_by_a_click(guest):
    answer = guest.ask(HEADLINE)
    suggested = answer.locator("a.yz-action[href*='do=ask']").first
    question = suggested.inner_text()
    suggested.click()
    guest.answer(1)
    assert guest.page.locator(".yz-question").last.inner_text() == question


def test_the_keyboard_alone_opens_a_citation_and_comes_back(guest):
    guest.ask(HEADLINE)
    page = guest.page
    page.keyboard.press("Escape")
    page.locator("h1").click()  # away from the field
    page.keyboard.press("/")
    assert page.evaluate("() => document.activeElement.matches('#yz-question textarea')")
    assert page.locator("#yz-question textarea").input_value() == ""
    for _ in range(80):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("() => document.activeElement.matches('.yz-text .yz-mark')"):
            break
    chip = page.evaluate("() => document.activeElement.getAttribute('href')")
    assert chip and "document?" in chip
    page.keyboard.press("Enter")
    page.locator("#yz-document #quote").first.wait_for()
    page.keyboard.press("Escape")
    page.locator("#yz-document").wait_for(state="hidden")
    assert page.evaluate("() => document.activeElement.getAttribute('href')") == chip


def test_on_a_phone_the_newest_answer_is_read_from_its_beginning_and_whole(visit):  # noqa: F811
    one = signed_in(visit, GUEST, color_scheme="dark", **PHONE)
    one.ask(HEADLINE)
    answer = one.ask(SIMPLIFIED)
    assert "1500" in answer.inner_text()
    assert one.in_view(one.page.locator(".yz-question").last)
    assert one.in_view(one.page.locator("#yz-question textarea"))
    assert one.page.evaluate("document.documentElement.scrollWidth") == 390
    assert answer.evaluate("answer => answer.scrollWidth <= answer.clientWidth")
    answer.locator(".yz-text .yz-mark").first.tap()
    one.page.locator("#yz-document #quote").first.wait_for()
    one.page.go_back()
    one.page.locator("#yz-document").wait_for(state="hidden")


# --- the report


def test_what_was_collected_is_exported_to_word_and_verified(guest, site, tmp_path):
    answer = guest.ask(HEADLINE)
    guest.do("collect", answer.locator(".yz-source").first)
    guest.said("1 items")
    guest.do("collect")
    guest.said("2 items")
    guest.new_chat()
    guest.ask(TRADITIONAL)
    guest.do("collect")  # from another chat
    guest.said("3 items")
    guest.tab("Report")
    items = guest.page.locator("#yz-basket .yz-basket > li")
    items.nth(2).wait_for()
    before = items.all_inner_texts()
    guest.do("report_up", items.last)
    until(lambda: items.all_inner_texts() == [before[0], before[2], before[1]], "they changed")
    guest.do("report_drop", items.first)
    until(lambda: items.all_inner_texts() == [before[2], before[1]], "one is gone")
    quotation = guest.page.locator("#yz-basket blockquote").first.inner_text()
    assert len(verified(guest, site, tmp_path)) >= 2
    path = tmp_path / "report.docx"
    notes = zipfile.ZipFile(path).read("word/footnotes.xml").decode()
    assert squeezed(quotation) in squeezed(notes) + squeezed(text_of(path))
    assert len(re.findall(r"<w:footnote [^>]*w:id=\"[1-9]", notes)) >= 2


def text_of(path):
    return "".join(paragraph.text for paragraph in Document(str(path)).paragraphs)


# --- two visitors


def test_a_link_is_read_and_continued_by_another_until_it_is_withdrawn(visit, owner):  # noqa: F811
    answer = owner.ask(HEADLINE)
    of_answer = link_to(owner, "share", answer)
    owner.ask(SIMPLIFIED)
    of_chat = link_to(owner, "share_chat")
    assert of_answer != of_chat
    other = visit(of_chat.removeprefix(owner.address))  # not signed in
    assert "1500" in other.page.locator("main").inner_text()
    assert other.page.locator("article").count() == 2
    other.page.get_by_role("link", name="Sign in to continue").click()
    other.sign_in(GUEST)
    other.page.get_by_role("button", name="Continue as my own chat").click()
    other.ready()
    assert other.whole.count() == 2
    assert chats(other) == [HEADLINE]
    other.ask("And for phase III?")
    other.page.goto(of_answer)
    assert other.page.locator("article").count() == 1
    owner.page.reload()
    owner.ready()
    assert owner.whole.count() == 2  # what another adds is not in it
    owner.page.goto(f"{owner.address}links")
    withdraw = owner.page.get_by_role("button", name="Withdraw")
    assert withdraw.count() == 2
    for left in (1, 0):
        withdraw.first.click()
        until(lambda left=left: withdraw.count() == left, "the link is withdrawn")
    other.expected += ("404",)
    for address in (of_answer, of_chat):
        assert other.page.goto(address).status == 404


def test_visitors_see_nothing_of_each_other_and_guests_change_nothing(visit, owner):  # noqa: F811
    owner.ask("Which places are in Hubei's plan?")
    chat = re.search(r"chat=([\w-]+)", owner.page.url)[1]
    guest = signed_in(visit, GUEST)
    assert chats(guest) == []
    guest.page.goto(f"{guest.address}?chat={chat}")
    guest.ready()
    assert guest.whole.count() == 0
    guest.ask(SIMPLIFIED)
    assert chats(guest) == [SIMPLIFIED]
    guest.tab("Library")
    holds(guest.page.locator("#yz-documents"), "hubei")
    assert not guest.page.locator("#yz-owner").is_visible()
    upload = guest.page.request.post(
        f"{guest.address}gradio_api/upload",
        multipart={"files": {"name": "a.txt", "mimeType": "text/plain", "buffer": b"x"}},
        headers={"origin": guest.address.rstrip("/")},
    )
    assert upload.status == 403
    owner.page.reload()
    owner.ready()
    assert SIMPLIFIED not in chats(owner)


def test_chats_are_there_after_the_page_was_closed_and_opened_again(guest, site):
    before = guest.ask(HEADLINE).locator(".yz-text").inner_text()
    guest.expected += ("ERR_CONNECTION", "ERR_INCOMPLETE", "ERR_EMPTY", "Failed to fetch")
    site.restart()
    guest.page.reload()
    guest.ready()
    assert guest.whole.first.locator(".yz-text").inner_text() == before
    guest.new_chat()
    guest.page.locator("#yz-chats a.yz-chat").first.click()
    guest.answer(0)
    assert guest.page.locator(".yz-question").inner_text() == HEADLINE


# --- languages

NAMES = re.compile(
    r"Yinzheng( 引证)?|GB/T|APA|BibTeX|CSL-JSON|Markdown|Word|HTML|BNCT|MB|yinzheng verify|"
    r"NAME:MODEL|extractive|(ollama|deepseek|gguf|qwen)\S*|\S+\.(txt|html|md|pdf)|https?://\S+"
)


def labels(page):
    """Return what is written on the page and what is read out, but for documents and questions."""
    return page.evaluate(
        """() => {
        const own = ".example, #yz-documents [data-row], #yz-log, #yz-chats, .yz-languages";
        const found = [];
        const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) {
          const parent = walk.currentNode.parentElement;
          const isSeen = parent.checkVisibility({ visibilityProperty: true, opacityProperty: true })
            && getComputedStyle(parent).fontSize !== "0px";
          if (!parent.closest(own) && isSeen) found.push(walk.currentNode.data);
        }
        for (const one of document.querySelectorAll("[aria-label], [placeholder], [title]")) {
          if (one.closest(own) || !one.checkVisibility()) continue;
          for (const name of ["aria-label", "placeholder", "title"])
            found.push(one.getAttribute(name) || "");
        }
        return found.map((one) => one.trim()).filter(Boolean);
        }"""
    )


@pytest.mark.parametrize(
    ("language", "tag", "tabs"),
    [
        ("zh", "zh-CN", ["问答", "资料库", "报告", "模型"]),
        ("zh-Hant", "zh-TW", ["問答", "資料庫", "報告", "模型"]),
        ("en", "en", ["Chat", "Library", "Report", "Models"]),
    ],
)
def test_each_label_is_in_the_language_that_was_chosen(owner, language, tag, tabs):
    owner.page.goto(f"{owner.address}language/{language}")
    owner.ready()
    assert owner.page.evaluate("() => document.documentElement.lang") == tag
    assert [one for one in owner.page.get_by_role("tab").all_inner_texts() if one] == tabs
    wrong = []
    for tab in tabs:
        owner.tab(tab)
        owner.page.wait_for_timeout(1000)  # what the tab loads
        for label in labels(owner.page):
            rest = NAMES.sub("", label)
            latin, chinese = re.findall(r"[A-Za-z]{2,}", rest), re.findall(r"[\u4e00-\u9fff]", rest)
            wrong += [(tab, label)] if (chinese if language == "en" else latin) else []
    assert wrong == []


# --- the whole story on the real documents


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A page over a library that is still empty."""
    with running(tmp_path_factory.mktemp("real") / "library", **PASSWORDS) as site:
        yield site


def test_the_whole_story_on_the_five_documents(browser, empty, corpus, tmp_path):  # noqa: F811
    owner = Visit(browser, empty.address, "login")
    owner.sign_in(OWNER)
    owner.ready().tab("Library")
    names = sorted(path.name for path in corpus.glob("*.txt"))
    owner.page.set_input_files("#yz-upload input[type=file]", corpus / names[0])
    holds(owner.page.locator("#yz-documents"), names[0])
    owner.page.set_input_files("#yz-folder input[type=file]", corpus)
    holds(owner.page.locator("#yz-rows"), f"of {len(names) + 1} documents")
    owner.tab("Chat")
    for question in (SIMPLIFIED, TRADITIONAL, HEADLINE):
        answer = owner.ask(question)
        assert answer.locator(".yz-text .yz-mark").count() > 0
    assert all(figure in answer.inner_text() for figure in ("200", "500", "800", "1500"))
    owner.shot("answer")
    chip = answer.locator(".yz-text .yz-mark").first
    id_, start, end = place_of(chip.get_attribute("href"))
    raw = owner.page.request.get(f"{owner.address}document/raw", params={"id": id_}).text()
    chip.click()
    quote = owner.page.locator("#yz-document #quote").first
    quote.wait_for()
    shown = "".join(owner.page.locator("#yz-document mark").all_inner_texts())
    assert squeezed(shown) in squeezed(raw[start:end])
    assert owner.in_view(quote)
    owner.shot("document")
    owner.page.keyboard.press("Escape")
    owner.do("collect")
    owner.said("1 items")
    owner.do("collect", answer.locator(".yz-source").first)
    owner.said("2 items")
    owner.tab("Report")
    assert verified(owner, empty, tmp_path)
    owner.tab("Chat")
    address = link_to(owner, "share", answer)
    guest = Visit(browser, empty.address, address.removeprefix(empty.address))
    assert "1500" in guest.page.locator("main").inner_text()
    guest.page.get_by_role("link", name="Sign in to continue").click()
    guest.sign_in(GUEST)
    guest.page.get_by_role("button", name="Continue as my own chat").click()
    guest.ready()
    guest.ask(SIMPLIFIED)
    assert chats(guest) == [HEADLINE]
    owner.page.goto(f"{owner.address}links")
    owner.page.get_by_role("button", name="Withdraw").click()
    guest.expected += ("404",)
    until(lambda: guest.page.goto(address).status == 404, "the link is withdrawn")
    owner.close()
    guest.close()


def verified(one, site, folder):
    """Export the report that is open to Word, and return what `yinzheng verify` says of it."""
    path = folder / "report.docx"
    with one.page.expect_download() as download:
        one.page.get_by_role("link", name="Word (footnotes)").click()
    download.value.save_as(path)
    standings = run("verify", path, "--library", site.library).splitlines()
    assert all(line.startswith("stands: ") for line in standings)
    return standings


# --- a model that takes its time


def scripted(messages):
    """Say four words a second to a slow question, and one sentence of a passage to any other."""
    asked = messages.rpartition("Question:")[2]
    if "slow" in asked:
        return Reply(("The ", "draft ") * 100, 0.25)
    found = re.search(r'<passage n="(\d+)"[^>]*>[^<]*进入Ⅲ期', messages)
    number = found[1] if found else "1"
    words = ("Phase III ", "brings ", "at most ", "RMB 8 million ", f"[{number}]", ".")
    return Reply(words, 0.02)


@pytest.fixture(scope="module")
def alone(tmp_path_factory, samples):
    """A page of this machine alone, with a model that takes its time."""
    library = made_library(tmp_path_factory, samples)
    with model(scripted) as settings, running(library, **settings) as site:
        yield site


@pytest.fixture
def asking(browser, alone):  # noqa: F811
    one = Visit(browser, alone.address).ready()
    yield one
    one.close()


def test_an_answer_is_stopped_asked_again_and_its_question_edited(asking):
    asking.begin("A slow question about BNCT drugs in Dongguan?")
    holds(asking.page.locator("#yz-log .yz-draft"), "draft The draft")
    holds(asking.page.locator("#yz-log [role=status]"), "writing")
    asking.page.locator("#yz-question .stop-button").click()
    assert "Stopped: the answer is not whole" in asking.answer(0).inner_text()
    asking.page.reload()
    asking.ready()
    assert "Stopped: the answer is not whole" in asking.answer(0).inner_text()
    asking.ask(HEADLINE)
    asking.do("retry")
    asking.page.locator("#yz-question .stop-button").wait_for()
    assert "RMB 8 million" in asking.answer(1).inner_text()
    assert asking.whole.count() == 2
    asking.do("edit")
    holds(asking.page.locator("#yz-editing"), "sending replaces it")
    field = asking.page.locator("#yz-question textarea")
    assert field.input_value() == HEADLINE
    asking.begin("What does Dongguan give for boron drugs in phase III?")
    asking.page.locator("#yz-question .stop-button").wait_for()
    assert "RMB 8 million" in asking.answer(1).inner_text()
    asked = asking.page.locator(".yz-question").all_inner_texts()
    assert asked[1:] == ["What does Dongguan give for boron drugs in phase III?"]


def test_the_owner_sees_where_questions_go_and_changes_the_model(asking):
    asking.tab("Models")
    holds(asking.page.locator(".yz-model").last, "openai:scripted")
    asking.page.get_by_role("button", name="Test").click()
    holds(asking.page.locator(".yz-line"), "openai:scripted answered")
    field = asking.page.get_by_label("Use instead")
    field.click()
    asking.page.get_by_role("option", name="extractive").click()
    asking.page.get_by_role("button", name="Use", exact=True).click()
    holds(asking.page.locator(".yz-model").last, "no model: it quotes the documents")
    asking.tab("Chat")
    assert "quoted from the documents" in asking.ask(HEADLINE).inner_text()


def test_a_page_for_this_machine_alone_answers_to_no_foreign_name(alone):
    request = urllib.request.Request(alone.address, headers={"Host": "outside.example"})
    with pytest.raises(urllib.error.HTTPError, match="400") as refused:
        urllib.request.urlopen(request, timeout=10)
    refused.value.close()
