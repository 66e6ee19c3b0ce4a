import asyncio
import json
import logging
import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ui
from index.errors import LibraryBusy
from index.library import MAX_QUESTION
from index.types import Hit, Metadata, Passage, Scores, Span
from rag.errors import LanguageModelCut
from rag.types import (
    Answer,
    Checking,
    Citation,
    Claim,
    Evidence,
    Finished,
    Found,
    Searching,
    Status,
    Timing,
    Turn,
    Written,
)
from rag.verify import Cited, check_claim

ROOT = Path(__file__).parents[1]
HOSTILE = [
    "<script>window.hit = 1</script>",
    '<img src=x onerror="window.hit = 1">',
    "![a](http://outside.example/a.png)",
    "![a][b]\n\n[b]: http://outside.example/b.png",
    "[press](javascript:window.hit=1)",
    "</div></blockquote><h1>out",
    "<http://outside.example/c> www.outside.example a@outside.example",
    "$$x^2$$ `code` ```mermaid\ngraph``` **bold** # title | cell",
    '" onmouseover="window.hit = 1',
    "&lt;script&gt; &#60;script&#62;",
]
WRITTEN_BY_US = {"div", "span", "a", "b", "br", "ul", "li", "blockquote"}
WRITTEN_BY_US |= {"details", "summary", "mark"}
CITATION = Citation(
    n=1,
    source="measures.txt",
    title="若干措施",
    publisher="科技局",
    date="2025-08-14",
    url="https://example.org/a?b=1&c=2",
    heading="二、奖励",
    quote="一年封顶1500万元。",
    text="一年封顶1500万元。",
    start=10,
    end=21,
    sha256="0" * 64,
)
ANSWER = Answer(
    question="封顶多少？",
    language="zh",
    text="一年封顶1500万元[1]。",
    refused=False,
    llm="extractive",
    citations=(CITATION,),
    claims=(Claim("一年封顶1500万元。", (1,), Status.SUPPORTED),),
    timing=Timing(100.0, 200.0, 1340.0),
)
REFUSAL = replace(
    ANSWER, text="资料中没有答案。", refused=True, citations=(), claims=(), related=("若干措施",)
)


class Page(HTMLParser):
    """Reads HTML as a browser would: its tags, its text, and whether each tag is closed in turn."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.open = [], "", []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "br":
            self.text += "\n"
        else:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, name, value):
        return [attributes for _, attributes in self.tags if attributes.get(name) == value]


def page_of(html):
    assert "\n" not in html  # a blank line would end the HTML and begin Markdown
    page = Page(html)
    assert page.open == []
    return page


# --- text


@given(st.text())
def test_nothing_of_html_or_markdown_is_left_of_any_text(text):
    without_references = re.sub(r"&#\d+;|<br>", "", ui.escaped(text))
    assert not re.search(r"[!-/:-@\[-`{-~\n]", without_references)


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs"])))
def test_text_that_is_escaped_reads_as_before(text):
    assert unescape(ui.escaped(text)) == text


def test_line_breaks_stay_and_controls_go():
    assert ui.escaped("a\r\nb\x1b\u202ec\x00") == "a<br>bc"


@pytest.mark.parametrize("url", ["https://example.org/a?b=1&c=\"'<>", "HTTP://example.org"])
def test_a_web_address_becomes_a_link_to_itself_that_opens_apart(url):
    ((tag, attributes),) = page_of(ui.link(url)).tags
    assert (tag, attributes["href"]) == ("a", url)
    assert attributes["rel"] == "noopener noreferrer"


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "file:///a", "//example.org", "http:x", "http://["],
)
def test_any_other_address_is_mere_text(url):
    page = page_of(ui.link(url))
    assert (page.tags, page.text) == ([], url)


# --- answers


@pytest.mark.parametrize("payload", HOSTILE)
@pytest.mark.parametrize(
    "answer",
    [
        lambda text: replace(ANSWER, text=f"{text}[1]。"),
        lambda text: replace(ANSWER, notes=(text,)),
        lambda text: replace(REFUSAL, related=(text,)),
        lambda text: replace(ANSWER, llm=text),
        lambda text: replace(ANSWER, text=text, claims=(Claim(text, (), Status.PARTLY, (text,)),)),
        *(
            lambda text, name=name: replace(ANSWER, citations=(replace(CITATION, **{name: text}),))
            for name in ("source", "title", "publisher", "date", "url", "heading", "text")
        ),
        lambda text: replace(ANSWER, evidence=(read(text),)),
        lambda text: replace(ANSWER, evidence=(read("一", heading=text),)),
        lambda text: replace(ANSWER, evidence=(read("一", title=text),)),
    ],
)
def test_hostile_text_is_shown_as_text_wherever_it_stands(answer, payload):
    page = page_of(ui.answer_html(answer(payload), "a"))
    assert payload in page.text
    assert {tag for tag, _ in page.tags} <= WRITTEN_BY_US
    names = {name for _, attributes in page.tags for name in attributes}
    assert names <= {"class", "id", "lang", "href", "target", "rel"}
    addresses = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    assert addresses <= {"#a-1", CITATION.url}


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile_questions_drafts_and_errors_are_shown_as_text(payload):
    asked = ui.messages([ui.Exchange(payload, "")])[0]["content"]
    for html in (asked, ui.draft_html(payload, [("写", 0.0)], "zh"), ui.line_html(payload, "en")):
        page = page_of(html)
        assert payload in page.text
        assert {tag for tag, _ in page.tags} <= {"div", "br"}


def read(text: str, heading: str = "", title: str = "") -> Evidence:
    """A passage that was read, the middle of whose text matched."""
    passage = Passage(1, "a.txt", Span(0, len(text)), Span(0, len(text)), text, (heading,))
    matched = (Span(len(text) // 3, len(text) // 2 + 1),)
    scores = Scores(0.87, 12.3, 0.81)
    return Evidence(1, passage, Metadata(title=title), 1.0, scores, matched=matched)


def test_what_was_read_shows_why_it_was_found():
    page = page_of(ui.answer_html(replace(ANSWER, evidence=(read("东莞支持硼药"),)), "a"))
    assert [tag for tag, _ in page.tags].count("mark") == 1
    assert all(part in page.text for part in ("0.87", "12.3", "0.81", "东莞支持硼药"))
    assert not page_of(ui.answer_html(ANSWER, "a")).all("class", "yz-read")


def test_a_mark_leads_to_its_citation_and_an_unknown_one_to_nothing():
    page = page_of(ui.answer_html(replace(ANSWER, text="甲[1]。乙[7]。"), "answer3"))
    assert [attributes["href"] for attributes in page.all("class", "yz-mark")] == ["#answer3-1"]
    assert page.all("id", "answer3-1")
    assert "甲[1]。乙[7]。" in page.text


def test_a_citation_shows_what_it_is_and_where_it_stands():
    text = page_of(ui.answer_html(ANSWER, "a")).text
    shown = ("title", "publisher", "date", "url", "heading", "text", "source")
    assert all(getattr(CITATION, name) in text for name in shown)
    assert "10–21" in text


def test_what_a_document_does_not_tell_leaves_no_gap():
    bare = replace(CITATION, publisher="", heading="", url="")
    text = page_of(ui.answer_html(replace(ANSWER, citations=(bare,)), "a")).text
    assert "2025-08-14一年" in text
    assert not re.search(r"·\s*(·|$)", text)


def test_only_claims_that_are_not_supported_are_marked_and_say_why():
    claims = (
        Claim("甲有10家。", (1,), Status.SUPPORTED),
        Claim("乙有20家。", (1,), Status.PARTLY, ("something odd",)),
        Claim("丙有30家。", (1,), Status.UNSUPPORTED, ("cites nothing",)),
    )
    answer = replace(ANSWER, text="甲有10家[1]。乙有20家[1]。丙有30家[1]。", claims=claims)
    html = ui.answer_html(answer, "a")
    assert '<span class="yz-partly">乙有20家</span>' in html
    assert '<span class="yz-unsupported">丙有30家</span>' in html
    assert "甲有10家[1]。乙有20家[1]。丙有30家[1]。" in page_of(html).text
    doubts = re.findall(r'<div class="yz-quiet yz-doubt">(.*?)</div>', html)
    assert ["甲" in doubt for doubt in doubts] == [False, False]
    assert "something odd" in doubts[0]
    assert "没有引用出处" in doubts[1]


def test_a_claim_that_does_not_stand_in_the_text_takes_nothing_from_it():
    claims = (Claim("别的话。", (), Status.UNSUPPORTED, ("cites nothing",)),)
    html = ui.answer_html(replace(ANSWER, claims=claims), "a")
    assert ANSWER.text in page_of(html).text
    assert "别的话" in page_of(html).text


@pytest.mark.parametrize(
    ("language", "summary"),
    [("zh", "2 句中 1 句"), ("zh-Hant", "有出處支持"), ("en", "1 of 2 sentences")],
)
def test_the_summary_counts_what_is_borne_out_in_the_language_of_the_question(language, summary):
    claims = (*ANSWER.claims, Claim("别的话。", (), Status.UNSUPPORTED))
    answer = replace(ANSWER, language=language, claims=claims)
    assert summary in page_of(ui.answer_html(answer, "a")).text


def test_a_refusal_shows_what_is_nearest_and_says_that_it_is_no_evidence():
    html = ui.answer_html(replace(REFUSAL, notes=("资料没有谈到这个问题。",)), "a")
    text = page_of(html).text
    assert all(part in text for part in ("资料中没有答案", "不是依据", "若干措施", "没有谈到"))
    assert "yz-source" not in html


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("一年封顶1600万元。", "一年封顶1500万元。"),
        ("杭州一年封顶1500万元。", "一年合计封顶1500万元。"),
        ("太阳从东边升起来了。", "一年封顶1500万元。"),
        ("一年封顶1500万元。", ""),
    ],
)
def test_what_is_wrong_with_a_claim_is_said_in_chinese_to_who_asks_in_chinese(claim, quote):
    problems = check_claim(claim, (1,), [Cited(quote)] if quote else [], (9,)).problems
    assert len(problems) > 1
    for problem in problems:
        assert re.search("[\u4e00-\u9fff]{3}", ui.worded(problem, "zh"))
        assert not re.search("[a-z]", ui.worded(problem, "zh-Hant"))
        assert ui.worded(problem, "en") == problem


# --- events


class Scripted:
    """An Assistant that says what it is told to, and remembers what it was asked."""

    def __init__(self, *events):
        self.events, self.asked = events, []

    def stream(self, question, history=()):
        self.asked.append((question, list(history)))
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            yield event


def evidence():
    passage = Passage(1, "a.txt", Span(0, 2), Span(0, 2), "一二", ())
    return (
        (Hit(passage, 1.0, Scores(1.0, None, None)),),
        (Evidence(1, passage, None, 1.0), Evidence(2, passage, None, 0.5)),
    )


def whole_run():
    draft = "一年封顶1500万元[1]。"
    return (
        Searching("封顶多少？"),
        Found(*evidence()),
        *(Written(character) for character in draft),
        Checking(draft),
        Finished(ANSWER),
    )


def shown_of(exchange):
    return page_of(exchange.html).text


def test_stages_and_the_draft_are_shown_and_then_replaced_by_the_checked_answer():
    exchanges = list(ui.converse(Scripted(*whole_run()), "封顶多少？"))
    searching, reading, writing, *_, checking, answered = map(shown_of, exchanges)
    assert searching == "检索 …"
    assert re.fullmatch(r"检索 \d+\.\d s · 读 2 段 …", reading)
    assert writing.startswith("一检索")
    assert checking.startswith("一年封顶1500万元[1]。检索")
    assert checking.endswith("查证 …")
    assert answered == page_of(ui.answer_html(ANSWER, "answer0")).text
    assert [exchange.is_whole for exchange in exchanges] == [False] * (len(exchanges) - 1) + [True]
    assert exchanges[-1].answer == ANSWER.text


def test_a_draft_is_shown_again_only_after_a_while(monkeypatch):
    monkeypatch.setattr(ui, "_REFRESH", 1e9)
    assert len(list(ui.converse(Scripted(*whole_run()), "封顶多少？"))) == 5
    monkeypatch.setattr(ui, "_REFRESH", 0.0)
    assert len(list(ui.converse(Scripted(*whole_run()), "封顶多少？"))) == len(whole_run())


def test_an_error_of_ours_is_one_line_below_the_question():
    told = LibraryBusy("the library is being written to:\ntry again")
    *_, last = ui.converse(Scripted(Searching("q"), told), "what?")
    assert shown_of(last) == "the library is being written to: try again"
    assert last.is_whole
    assert last.answer == ""


def test_an_unexpected_error_is_one_line_that_tells_nothing_and_is_logged(caplog):
    with caplog.at_level(logging.ERROR):
        *_, last = ui.converse(Scripted(Searching("q"), ValueError("secret")), "多少？")
    assert "出错了" in shown_of(last)
    assert "secret" not in last.html
    assert "secret" in caplog.text


def test_too_long_a_question_is_refused_unasked_and_not_shown_whole():
    assistant = Scripted(*whole_run())
    (only,) = ui.converse(assistant, "多" * (MAX_QUESTION + 1))
    assert assistant.asked == []
    assert f"{MAX_QUESTION:,}" in shown_of(only)
    assert len(only.question) < 1000


def test_a_question_with_half_a_character_is_asked_without_it():
    assistant = Scripted(*whole_run())
    exchanges = list(ui.converse(assistant, "多少\ud800？"))
    assert assistant.asked[0][0] == "多少\ufffd？"
    ui.messages(exchanges)[0]["content"].encode()


def test_the_conversation_goes_with_a_question_but_for_what_was_not_answered():
    assistant = Scripted(*whole_run())
    before = [
        ui.Exchange("一？", "<div></div>", "甲[1]。", True),
        ui.Exchange("二？", "<div></div>", "", True),
    ]
    *_, last = ui.converse(assistant, "三？", before)
    assert assistant.asked == [("三？", [Turn("user", "一？"), Turn("assistant", "甲[1]。")])]
    assert 'href="#answer2-1"' in last.html


def test_only_an_answer_that_is_under_way_is_said_to_be_stopped():
    under_way, *_ = ui.converse(Scripted(*whole_run()), "東莞給多少獎勵？")
    failed = list(ui.converse(Scripted(LanguageModelCut("it broke off")), "多少？"))
    (stopped,) = ui.stopped([under_way])
    assert shown_of(stopped) == "已停止，答案不完整，未經查證。"
    assert stopped.is_whole
    assert ui.stopped(failed) == failed
    assert ui.stopped([]) == []


def test_messages_are_questions_and_answers_in_turn():
    shown = ui.messages(
        [ui.Exchange("一？", "<div>甲</div>"), ui.Exchange("二？", "<div>乙</div>")]
    )
    assert [message["role"] for message in shown] == ["user", "assistant"] * 2
    assert [page_of(message["content"]).text for message in shown] == ["一？", "甲", "二？", "乙"]


# --- the page


def test_every_answer_of_the_server_forbids_to_load_anything_from_elsewhere():
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 404, "headers": [(b"a", b"b")]})
        await send({"type": "http.response.body", "body": b""})

    async def send(message):
        sent.append(message)

    asyncio.run(ui.SafeHeaders(app)({"type": "http"}, None, send))
    headers = dict(sent[0]["headers"])
    assert headers[b"a"] == b"b"
    policy = headers[b"content-security-policy"].decode()
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert "eval" not in policy
    assert headers[b"x-content-type-options"] == b"nosniff"


def test_the_page_is_built_and_opened_with_nothing_shared_uploaded_or_reported():
    script = """
import inspect, json, ui
page, settings = ui.build(None), ui.launch_settings("127.0.0.1")
print(json.dumps({
    "unknown": sorted(settings.keys() - inspect.signature(page.launch).parameters.keys()),
    "settings": {name: settings[name] for name in settings if name not in ("theme", "app_kwargs")},
    "analytics": page.analytics_enabled,
    "visible": sorted({function.api_visibility for function in page.fns.values()}),
}))"""
    # Apart, for gradio leaves event loops open, and warnings of that would end any later test.
    command = [sys.executable, "-c", script]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    built = json.loads(ran.stdout.splitlines()[-1])
    assert built["unknown"] == []
    shut = ("share", "show_error", "enable_monitoring", "run_history", "ssr_mode", "mcp_server")
    assert not any(built["settings"][name] for name in shut)
    assert built["settings"]["allowed_paths"] == []
    assert built["analytics"] is False
    assert built["visible"] == ["private"]
