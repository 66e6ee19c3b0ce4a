import re
from html import unescape
from html.parser import HTMLParser
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from index.types import Metadata, Passage, Span
from page.access import Access
from page.answer_view import View, answer_html
from page.guard import Guard
from page.login import router as login_router
from page.services import Visitor
from page.share import Prefixed
from page.shared_chat import router
from rag.conversations import Conversations
from rag.errors import ConversationsError, LimitReached
from rag.types import Answer, Citation, Claim, Evidence, Status, Timing

OWNER, GUEST, OTHER = (
    Visitor(name, role)
    for name, role in (("owner", "owner"), ("guest", "guest"), ("other", "guest"))
)
HOSTILE = [
    "<script>window.hit = 1</script>",
    '<img src=x onerror="window.hit = 1">',
    "![a](http://outside.example/a.png)",
    "</title></style></h2><h1>out",
    '" onmouseover="window.hit = 1',
    "&lt;script&gt; \u202e\x00",
]
WRITTEN_BY_US = {"html", "head", "meta", "title", "style", "body", "header", "nav", "main", "h1"}
WRITTEN_BY_US |= {"h2", "article", "form", "button", "table", "thead", "tbody", "tr", "th", "td"}
WRITTEN_BY_US |= {"a", "b", "blockquote", "br", "div", "li", "p", "span", "time", "ul"}
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
    start=120,
    end=131,
    sha256="0" * 64,
)
READ = Passage(1, "measures.txt", Span(100, 107), Span(100, 107), "没有引用的段落")


def answer(text="一年封顶1500万元[1]。", **changed):
    told = {
        "question": "奖励多少？",
        "language": "zh",
        "text": text,
        "refused": False,
        "llm": "extractive",
        "citations": (CITATION,),
        "claims": (Claim(text, (1,), Status.PARTLY, ("cites nothing",)),),
        "timing": Timing(1.0, None, 2.0),
        "notes": ("模型没有回答",),
        "choices": ("哪一年？",),
    }
    return Answer(**told | changed)


def render(given, key):
    return answer_html(given, View(key, chips="below"))


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.names, self.attributes = set(), []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes += attrs


@pytest.fixture
def conversations(tmp_path):
    opened = Conversations(tmp_path / "page.db")
    yield opened
    opened.close()


@pytest.fixture
def chat(conversations):
    """A guest's chat of two answers and a question without one."""
    id_ = conversations.begin(GUEST.id).id
    conversations.add(GUEST.id, id_, "奖励多少？", answer())
    conversations.add(
        GUEST.id, id_, "How much?", answer("Up to 15 million yuan [1].", language="en")
    )
    conversations.add(GUEST.id, id_, "然后呢？", None, "已停止")
    return id_


@pytest.fixture
def visit(conversations):
    """Open addresses as a visitor, or as nobody."""

    def client(visitor=None, root_path="", services=None, **settings):
        app = FastAPI(openapi_url=None)
        app.include_router(router(services or SimpleNamespace(conversations=conversations), render))

        async def guarded(scope, receive, send):
            if scope["type"] == "http" and visitor:
                scope = scope | {"state": {"visitor": visitor}}
            await app(scope, receive, send)

        headers = {"accept-language": "en"} | settings
        return TestClient(Prefixed(guarded, root_path), headers=headers, follow_redirects=False)

    return client


def text_of(html):
    return unescape(re.sub(r"<[^>]+>", "", html))


class TestRead:
    def test_anyone_who_has_the_token_reads_question_answer_status_notes_and_sources(
        self, conversations, chat, visit
    ):
        link = conversations.share(GUEST.id, chat)
        shown = visit().get(f"/s/{link.token}")
        assert shown.status_code == 200
        told = text_of(shown.text)
        asked = (
            "奖励多少？",
            "How much?",
            "一年封顶1500万元",
            "部分有据",
            "没有引用出处",
            "已停止",
        )
        cited = (
            "若干措施",
            "科技局",
            "2025-08-14",
            "measures.txt",
            "第 120–131 字",
            "模型没有回答",
        )
        for part in asked + cited:
            assert part in told

    def test_chips_lead_to_quotations_on_the_page_each_of_its_own_answer(
        self, conversations, chat, visit
    ):
        html = visit().get(f"/s/{conversations.share(GUEST.id, chat).token}").text
        attributes = Tags(html).attributes
        chips = {value[1:] for name, value in attributes if name == "href" and value[0] == "#"}
        ids = [value for name, value in attributes if name == "id"]
        assert chips == {"e0-1", "e1-1"} == set(ids)
        assert len(ids) == 2

    def test_one_answer_shows_nothing_else_of_its_chat(self, conversations, chat, visit):
        html = visit().get(f"/s/{conversations.share(GUEST.id, chat, 1).token}").text
        assert "How much?" in text_of(html)
        assert "奖励多少" not in text_of(html)
        assert "已停止" not in text_of(html)

    def test_what_was_read_and_not_quoted_stays_behind_the_password(self, conversations, visit):
        id_ = conversations.begin(GUEST.id).id
        read = Evidence(1, READ, Metadata(title="若干措施"), 1.0)
        conversations.add(GUEST.id, id_, "奖励多少？", answer(evidence=(read,)))
        html = visit().get(f"/s/{conversations.share(GUEST.id, id_).token}").text
        assert "没有引用的段落" not in html
        assert "1500" in html

    def test_nothing_on_it_needs_a_script_or_a_chat_to_be_typed_in(
        self, conversations, chat, visit
    ):
        html = unescape(visit().get(f"/s/{conversations.share(GUEST.id, chat).token}").text)
        assert "do=" not in html
        assert "script" not in Tags(html).names

    def test_stays_as_it_was_when_the_link_was_made(self, conversations, chat, visit):
        link = conversations.share(GUEST.id, chat)
        conversations.add(GUEST.id, chat, "之后问的", answer())
        assert "之后问的" not in visit().get(f"/s/{link.token}").text

    def test_is_kept_nowhere_and_named_to_nobody(self, conversations, chat, visit):
        headers = visit().get(f"/s/{conversations.share(GUEST.id, chat).token}").headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "noindex" in headers["x-robots-tag"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]

    @pytest.mark.parametrize(
        ("accepted", "query", "language", "word"),
        [
            ("zh-CN,zh;q=0.9", "", "zh", "作为我的对话继续"),
            ("zh-TW", "", "zh-Hant", "作爲我的對話繼續"),
            ("en", "", "en", "Continue as my own chat"),
            ("en", "?language=zh", "zh", "作为我的对话继续"),
            ("zh", "?language=<script>", "zh", "作为我的对话继续"),
        ],
    )
    def test_is_shown_in_three_languages(
        self, conversations, chat, visit, accepted, query, language, word
    ):
        link = conversations.share(GUEST.id, chat)
        html = visit(OTHER, **{"accept-language": accepted}).get(f"/s/{link.token}{query}").text
        assert f'<html lang="{language}">' in html
        assert word in html

    @pytest.mark.parametrize("hostile", HOSTILE)
    def test_nothing_that_was_written_elsewhere_becomes_a_tag_or_a_link(
        self, conversations, visit, hostile
    ):
        id_ = conversations.begin(GUEST.id).id
        changed = {"notes": (hostile,), "llm": hostile, "related": (hostile,)}
        citation = Citation(1, *[hostile] * 8, 0, 9, "0" * 64, also=(hostile,))  # type: ignore
        told = answer(hostile + "[1]", citations=(citation,), **changed)
        conversations.add(GUEST.id, id_, hostile, told)
        conversations.add(GUEST.id, id_, hostile, None, hostile)
        conversations.rename(GUEST.id, id_, hostile)
        link = conversations.share(GUEST.id, id_)
        for html in (
            visit().get(f"/s/{link.token}").text,
            visit(GUEST).get("/links").text,
        ):
            tags = Tags(html)
            assert tags.names <= WRITTEN_BY_US
            assert not any(name.startswith("on") for name, _ in tags.attributes)
            outside = [v for n, v in tags.attributes if n in ("href", "src", "action")]
            assert all(value.startswith(("/", "#", "?")) for value in outside)


class TestNothing:
    def test_a_withdrawn_link_and_one_that_never_was_are_answered_alike(
        self, conversations, chat, visit
    ):
        link = conversations.share(GUEST.id, chat)
        conversations.withdraw(link.token, GUEST.id)
        unknown = "A" * len(link.token)
        pages = [visit().get(f"/s/{token}") for token in (link.token, unknown, "x", "a'b")]
        assert {page.status_code for page in pages} == {404}
        assert len({page.text for page in pages}) == 1
        assert {page.headers["cache-control"] for page in pages} == {"no-store"}

    def test_it_cannot_be_gone_on_with_either(self, conversations, chat, visit):
        link = conversations.share(GUEST.id, chat)
        conversations.withdraw(link.token, None)
        assert visit(OTHER).post(f"/s/{link.token}/continue").status_code == 404
        assert visit(OTHER).post("/s/x/continue").status_code == 404
        assert conversations.chats(OTHER.id) == []

    def test_a_deleted_chat_takes_its_links_along(self, conversations, chat, visit):
        link = conversations.share(GUEST.id, chat)
        conversations.delete(GUEST.id, chat)
        assert visit().get(f"/s/{link.token}").status_code == 404


class TestContinue:
    def test_a_visitor_gets_a_chat_of_its_own_that_holds_what_the_link_shows(
        self, conversations, chat, visit
    ):
        link = conversations.share(GUEST.id, chat)
        sent = visit(OTHER, "/yinzheng").post(f"/yinzheng/s/{link.token}/continue")
        assert sent.status_code == 303
        place = urlsplit(sent.headers["location"])
        assert place.path == "/yinzheng/"
        (own,) = parse_qs(place.query)["chat"]
        assert own != chat
        questions = [one.question for one in conversations.exchanges(OTHER.id, own)]
        assert questions == ["奖励多少？", "How much?", "然后呢？"]
        assert conversations.exchanges(GUEST.id, own) == []

    def test_the_button_on_the_page_leads_there_under_a_prefix(self, conversations, chat, visit):
        link = conversations.share(GUEST.id, chat)
        html = visit(OTHER, "/yinzheng").get(f"/s/{link.token}").text
        (action,) = (value for name, value in Tags(html).attributes if name == "action")
        assert action == f"/yinzheng/s/{link.token}/continue"
        assert ("href", "/yinzheng/") in Tags(html).attributes

    def test_who_has_no_password_yet_is_led_by_the_login_and_back(self, conversations, chat, visit):
        link = conversations.share(GUEST.id, chat)
        attributes = Tags(visit(None, "/yinzheng").get(f"/s/{link.token}").text).attributes
        assert ("href", f"/yinzheng/login?next=%2Fs%2F{link.token}") in attributes
        assert "action" not in dict(attributes)
        sent = visit(None, "/yinzheng").post(f"/s/{link.token}/continue")
        assert sent.status_code == 303
        place = urlsplit(sent.headers["location"])
        assert place.path == "/yinzheng/login"
        assert parse_qs(place.query)["next"] == [f"/s/{link.token}"]

    def test_to_open_its_address_copies_nothing(self, conversations, chat, visit):
        link = conversations.share(GUEST.id, chat)
        sent = visit(OTHER).get(f"/s/{link.token}/continue?language=zh")
        assert (sent.status_code, sent.headers["location"]) == (303, f"/s/{link.token}?language=zh")
        assert conversations.chats(OTHER.id) == []

    @pytest.mark.parametrize(
        ("error", "line"),
        [
            (ConversationsError("your chats\ntake up <all>"), "your chats take up <all>"),
            (LimitReached("too many", "questions", 7), "Too many questions within a minute"),
        ],
    )
    def test_a_visitor_without_room_is_told_so_in_one_line(self, visit, error, line):
        def full(token, visitor):
            raise error

        services = SimpleNamespace(conversations=SimpleNamespace(continue_from=full))
        told = visit(OTHER, services=services).post(f"/s/{'A' * 22}/continue")
        assert told.status_code == 409
        assert line in text_of(told.text)


class TestBehindTheGuard:
    @pytest.fixture
    def guarded(self, conversations):
        """The addresses as they stand behind the guard, with passwords, and one of the page's."""
        app = FastAPI(openapi_url=None)
        app.include_router(router(SimpleNamespace(conversations=conversations), render))
        app.add_api_route("/document", lambda: "the whole document")
        access = Access(conversations, "guest-password", "owner-password")
        app.include_router(login_router(access))
        guard = Guard(app, access, hosts=None)
        headers = {"accept": "text/html", "accept-language": "en"}
        return lambda: TestClient(Prefixed(guard), headers=headers, follow_redirects=False)

    def test_the_token_is_enough_to_read_and_for_nothing_else(self, conversations, chat, guarded):
        link = conversations.share(GUEST.id, chat)
        browser = guarded()
        assert "一年封顶" in browser.get(f"/s/{link.token}").text
        for path in ("/document", "/links", "/"):
            sent = browser.get(path)
            assert (sent.status_code, urlsplit(sent.headers["location"]).path) == (303, "/login")
        assert browser.post(f"/links/{link.token}/withdraw").status_code == 401
        assert browser.get(f"/s/{link.token}").status_code == 200

    def test_the_whole_way_of_a_guest_to_a_chat_of_its_own(self, conversations, chat, guarded):
        link = conversations.share(GUEST.id, chat)
        browser = guarded()
        attributes = Tags(browser.get(f"/s/{link.token}").text).attributes
        (to_login,) = (value for name, value in attributes if "/login" in (value or ""))
        assert browser.get(to_login).status_code == 200
        back = {"password": "guest-password", "next": f"/s/{link.token}"}
        place = browser.post("/login", data=back).headers["location"]
        assert place == f"/s/{link.token}"
        (action,) = (v for n, v in Tags(browser.get(place).text).attributes if n == "action")
        sent = browser.post(action, headers={"origin": "null", "sec-fetch-site": "same-origin"})
        assert sent.headers["location"].startswith("/?chat=")

    def test_another_site_withdraws_nothing(self, conversations, chat, guarded):
        link = conversations.share(GUEST.id, chat)
        browser = guarded()
        browser.post("/login", data={"password": "owner-password"})
        path = f"/links/{link.token}/withdraw"
        assert browser.post(path, headers={"sec-fetch-site": "cross-site"}).status_code == 403
        assert browser.post(path, headers={"origin": "http://evil.example"}).status_code == 403
        assert browser.get(f"/s/{link.token}").status_code == 200
        assert browser.post(path, headers={"sec-fetch-site": "same-origin"}).status_code == 303
        assert browser.get(f"/s/{link.token}").status_code == 404


class TestLinks:
    def test_a_visitor_sees_its_own_links_and_the_owner_all(self, conversations, chat, visit):
        link = conversations.share(GUEST.id, chat)
        single = conversations.share(GUEST.id, chat, 1)
        for visitor, expected in ((GUEST, 2), (OWNER, 2), (OTHER, 0)):
            html = unescape(visit(visitor).get("/links").text)
            assert sum(one.token in html for one in (link, single)) == expected
        told = text_of(visit(GUEST).get("/links").text)
        assert "a chat, 3 questions" in told and "one answer" in told
        assert "There are no links" in text_of(visit(OTHER).get("/links").text)

    def test_nobody_sees_them_without_a_password(self, visit):
        sent = visit().get("/links")
        assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2Flinks")
        assert visit().post(f"/links/{'A' * 22}/withdraw").status_code == 303

    @pytest.mark.parametrize("visitor", [GUEST, OWNER])
    def test_the_button_withdraws_for_good(self, conversations, chat, visit, visitor):
        link = conversations.share(GUEST.id, chat)
        attributes = Tags(visit(visitor).get("/links").text).attributes
        (action,) = (value for name, value in attributes if name == "action")
        sent = visit(visitor).post(action)
        assert (sent.status_code, sent.headers["location"]) == (303, "/links")
        assert visit().get(f"/s/{link.token}").status_code == 404

    def test_a_guest_withdraws_no_other_guests_link(self, conversations, chat, visit):
        link = conversations.share(GUEST.id, chat)
        visit(OTHER).post(f"/links/{link.token}/withdraw")
        visit().post(f"/links/{link.token}/withdraw")
        assert visit().get(f"/s/{link.token}").status_code == 200
