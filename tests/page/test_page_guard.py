"""Who gets through to which address, with a real page of gradio behind the guard."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from starlette.testclient import TestClient

from page import guard as module
from page import sessions as sessions_module
from page.access import Access, Limits
from page.guard import HEADERS, LOOPBACK, Guard, _Body, _drain
from page.rules import GRADIO, JSON_BYTES, OWN, Kind, Need, Rule
from rag.conversations import FILE, Conversations
from rag.errors import LimitReached

ROOT = Path(__file__).parents[2]
SITE = Path(__file__).with_name("guarded_site.py")
PATIENCE = 120  # seconds: gradio is slow to import on a busy machine
GUEST, OWNER = "guests-may-ask", "owner-may-do-all"
HOME = "http://127.0.0.1"
API = "/gradio_api"
TOKEN = "T" * 22
PAGE = {"accept": "text/html,*/*"}
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def file(tmp_path):
    one = Conversations(tmp_path / FILE)
    yield one
    one.close()


class Recorder:
    """An app that notes what reaches it and answers with what should not get out."""

    def __init__(self):
        self.reached, self.scopes = [], []

    async def __call__(self, scope, receive, send):
        self.reached.append((scope["method"], scope["path"]))
        self.scopes.append(scope)
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.body = body
        headers = [
            (b"content-type", b"application/json"),
            (b"access-control-allow-origin", b"*"),
            (b"content-security-policy", b"default-src *"),
            (b"cache-control", b"public"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"event_id": "%s"}' % (b"e" * 32)})


class Browser(TestClient):
    """A browser that has signed in, or not."""

    def __init__(self, guard, access, password="", root="", **settings):
        settings = {"base_url": HOME, "follow_redirects": False, "headers": ENGLISH} | settings
        super().__init__(guard, root_path=root, **settings)
        self.visitor = None
        if password:
            admission = access.sign_in(password, [], "192.0.2.1")
            self.visitor = admission.visitor
            self.headers["cookie"] = f"{access.cookie_name}={admission.cookie}"


@pytest.fixture(scope="module", autouse=True)
def one_loop():
    """Answer all requests in one loop: to begin one for each takes longer than to answer it."""
    with start_blocking_portal() as Browser.portal:
        yield
    Browser.portal = None


@pytest.fixture
def app():
    return Recorder()


@pytest.fixture
def access(file):
    return Access(file, GUEST, OWNER)


@pytest.fixture
def guard(app, access):
    return Guard(app, access)


@pytest.fixture
def anonymous(guard, access):
    return Browser(guard, access)


@pytest.fixture
def guest(guard, access):
    return Browser(guard, access, GUEST)


@pytest.fixture
def owner(guard, access):
    return Browser(guard, access, OWNER)


def has_our_headers(response):
    """Each once, but for the policies: browsers obey all that they are sent."""
    expected = {name.decode(): value.decode() for name, value in HEADERS.items()}
    found = {name: response.headers.get_list(name) for name in expected}
    policies = found.pop("content-security-policy")
    return policies[-1] == expected.pop("content-security-policy") and found == {
        name: [value] for name, value in expected.items()
    }


# The real page.


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A page of gradio behind the guard, on a port of this machine; it is not ours to mend."""
    folder = tmp_path_factory.mktemp("site")
    settings = os.environ | {"GRADIO_TEMP_DIR": str(folder / "gradio"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(SITE), str(folder), GUEST, OWNER]
    with (folder / "log").open("w") as log:
        running = subprocess.Popen(
            command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=log
        )
        try:
            told = json.loads(running.stdout.readline() or "{}")
            url = wait_for(told["port"], running)
            yield SimpleNamespace(url=url, folder=folder, **told)
        finally:
            running.kill()
            running.stdout.close()
            running.wait()


def wait_for(port, running):
    url, until = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE
    while time.monotonic() < until and running.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/health").text == "ok":
                return url
        time.sleep(0.05)
    raise AssertionError("the page did not open")


@contextmanager
def visit(site, password=""):
    """A browser at the real page."""
    with httpx.Client(base_url=site.url, timeout=20, headers=ENGLISH) as client:
        if password:
            client.post("/login", data={"password": password}).raise_for_status()
        yield client


# What stands in a path instead of its parameters.
SAMPLES = {
    "event_id": "e" * 32,
    "session_hash": "abc123def45",
    "path_or_url": "/tmp/x",
    "token": TOKEN,
    "code": "zh",
    "api_name": "count",
}


def filled(path):
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: SAMPLES.get(found[1], "x"), path)


@pytest.fixture(scope="module")
def all_routes(site):
    found = {(method, filled(path)) for method, path in site.routes}
    own = {(m, p) for m, p in [("POST", "/collect"), ("GET", "/document/raw"), ("GET", "/cite")]}
    own |= {("GET", "/links"), ("POST", f"/links/{TOKEN}/withdraw")}
    own |= {("POST", f"/s/{TOKEN}/continue"), ("POST", "/v1/chat/completions"), ("POST", "/mcp")}
    unknown = {("GET", "/unknown"), ("POST", f"{API}/unknown"), ("PUT", "/"), ("PATCH", "/login")}
    return sorted(found | own | unknown)


# The access matrix. Written out here once more, apart from page.rules, by whoever may do it.
ANYONE = {
    *[("GET", "/login"), ("POST", "/login"), ("GET", "/health"), ("GET", "/manifest.json")],
    *[("GET", f"/s/{TOKEN}"), ("POST", "/logout")],
}
VISITORS = {
    *[("GET", "/logout"), ("GET", "/document"), ("GET", "/document/raw")],
    *[("GET", "/cite"), ("POST", "/collect"), ("POST", f"/s/{TOKEN}/continue"), ("POST", "/mcp")],
    *[("GET", "/links"), ("POST", f"/links/{TOKEN}/withdraw")],
    *[("POST", "/v1/chat/completions"), ("GET", "/"), ("HEAD", "/"), ("GET", "/config")],
    *[("GET", "/config/"), ("GET", "/theme.css"), ("GET", f"{API}/theme.css")],
    *[("GET", "/favicon.ico"), ("GET", "/static/x"), ("GET", "/assets/x"), ("GET", "/svelte/x")],
    *[("GET", f"{API}/info"), ("GET", f"{API}/info/"), ("GET", f"{API}/app_id")],
    *[("GET", f"{API}/app_id/"), ("POST", f"{API}/reset"), ("POST", f"{API}/reset/")],
    *[("GET", f"{API}/heartbeat/abc123def45"), ("POST", f"{API}/queue/join")],
    *[("POST", f"{API}/run/count"), ("POST", f"{API}/run/count/")],
    *[("POST", f"{API}/call/count"), ("POST", f"{API}/call/count/")],
}
OWNERS = {("POST", f"{API}/upload"), ("GET", f"{API}/upload_progress")}
# Let through to a visitor who names what that visitor was given, which here nobody was.
BOUND = {
    *[("POST", f"{API}/cancel"), ("GET", f"{API}/queue/data")],
    *[("GET", f"{API}/call/count/{'e' * 32}")],
    *[("GET", f"{API}/file=/tmp/x"), ("HEAD", f"{API}/file=/tmp/x")],
}


def knock(browser, app, method, path):
    """Ask for an address; return whether it got through, and the answer."""
    app.reached.clear()
    body = {} if method in ("GET", "HEAD") else {"content": b'{"data": []}'}
    query = "?session_hash=x" if path.endswith("queue/data") else ""
    answer = browser.request(method, path + query, **body)
    assert has_our_headers(answer), (method, path)
    return bool(app.reached), answer


def test_the_crawl_finds_the_routes_of_gradio_and_ours(all_routes):
    assert len(all_routes) > 80
    assert {*OWNERS, *BOUND, *VISITORS} <= set(all_routes)
    refused = {"/monitoring", f"{API}/token", f"{API}/openapi.json", f"{API}/component_server"}
    refused |= {f"{API}/startup-events", f"{API}/deep_link", f"{API}/vibe-edit", "/robots.txt"}
    assert refused <= {path for _, path in all_routes}


def test_without_a_cookie_or_with_an_expired_one_nobody_gets_past_the_sign_in(
    all_routes, app, guard, access, file, anonymous
):
    expired = Browser(guard, access, GUEST)
    file.forget(expired.visitor.id)
    access._known.clear()
    garbage = Browser(guard, access)
    garbage.headers["cookie"] = f"{access.cookie_name}={TOKEN}; =; ;;; {access.cookie_name}"
    for browser in (anonymous, expired, garbage):
        through = {one for one in all_routes if knock(browser, app, *one)[0]}
        assert through == ANYONE


def test_a_guest_reaches_what_guests_may_and_an_owner_the_uploads_too(
    all_routes, app, guest, owner
):
    for browser, may in ((guest, ANYONE | VISITORS), (owner, ANYONE | VISITORS | OWNERS)):
        through = {one for one in all_routes if knock(browser, app, *one)[0]}
        assert through == may


def test_programs_reach_what_their_password_allows(all_routes, app, anonymous):
    for password, may in ((GUEST, ANYONE | VISITORS), (OWNER, ANYONE | VISITORS | OWNERS)):
        anonymous.headers["authorization"] = f"Bearer {password}"
        through = {one for one in all_routes if knock(anonymous, app, *one)[0]}
        assert through == may


def test_refusals_say_what_is_wrong(all_routes, app, anonymous, guest):
    for one in all_routes:
        through, answer = knock(anonymous, app, *one)
        assert through or answer.status_code == 401
        through, answer = knock(guest, app, *one)
        assert through or answer.status_code == (403 if one in BOUND | OWNERS else 404)


def test_a_page_leads_to_the_sign_in_and_back(anonymous, guard, access):
    answer = anonymous.get("/document?id=a%2Fb.txt&start=3", headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["location"] == ("/login?next=%2Fdocument%3Fid%3Da%252Fb.txt%26start%3D3")
    assert anonymous.get("/", headers=PAGE).headers["location"] == "/login"
    assert anonymous.get("/" + "x" * 5000, headers=PAGE).headers["location"] == "/login"
    below = Browser(guard, access, root="/rag")
    assert below.get("/rag/cite", headers=PAGE).headers["location"] == "/rag/login?next=%2Fcite"


def test_below_a_root_path_the_same_rules_hold(guard, access, app):
    below = Browser(guard, access, root="/rag")
    assert below.get("/rag/document").status_code == 401
    assert below.get("/rag/login").status_code == 200
    assert below.get("/rag/rag/login").status_code == 401
    inside = Browser(guard, access, GUEST, root="/rag")
    assert inside.get("/rag/document").status_code == 200
    assert inside.get("/rag/monitoring").status_code == 404
    inside.get(f"/rag{API}/heartbeat/abc")
    assert re.fullmatch(f"/rag{API}/heartbeat/[0-9a-f]{{64}}", app.reached[-1][1])


def test_the_app_is_told_who_asks(app, guest, anonymous):
    guest.get("/document")
    assert app.scopes[-1]["state"]["visitor"] == guest.visitor
    anonymous.get(f"/s/{TOKEN}")
    assert app.scopes[-1]["state"]["visitor"] is None


def test_without_passwords_a_browser_gets_one_cookie_and_keeps_it(app, file):
    access = Access(file)
    browser = Browser(Guard(app, access), access)
    first = browser.get("/", headers=PAGE)
    assert first.headers["set-cookie"].startswith(f"{access.cookie_name}=")
    assert "Secure" not in first.headers["set-cookie"]
    who = app.scopes[-1]["state"]["visitor"]
    assert who.is_owner
    assert "set-cookie" not in browser.get("/", headers=PAGE).headers
    assert app.scopes[-1]["state"]["visitor"] == who


def test_a_cookie_given_over_https_stays_there(app, file):
    access = Access(file)
    secure = Browser(Guard(app, access), access, base_url="https://127.0.0.1")
    assert secure.get("/", headers=PAGE).headers["set-cookie"].endswith("; Secure")


def test_rules_of_the_server_come_before_ours(app, access):
    rules = [Rule("GET", "/own", Need.ANYONE), Rule("GET", "/document", Need.OWNER)]
    guard = Guard(app, access, rules=rules)
    assert Browser(guard, access).get("/own").status_code == 200
    assert Browser(guard, access, GUEST).get("/document").status_code == 403


def test_no_rule_stands_twice_and_none_opens_more_than_it_names():
    for rule in (*OWN, *GRADIO):
        assert rule.match("GET", "/login\n") is None
        assert rule.match("GET", "//login") is None
        assert rule.match("OPTIONS", "/") is None
        assert rule.kind is Kind.PLAIN or rule.need is not Need.ANYONE


def test_what_cannot_be_looked_up_is_one_line_and_no_folder(guest, file, access):
    access._known.clear()
    file.close()
    answer = guest.get("/document")
    assert answer.status_code == 503
    assert str(file.path) not in answer.text
    assert has_our_headers(answer)


# Headers.


def test_every_answer_has_our_headers_once_and_none_that_lets_others_in(app, guest):
    answer = guest.get("/document")
    assert has_our_headers(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert guest.get("/assets/index.js").headers["cache-control"] == "public"


def test_an_error_of_the_app_has_our_headers(file):
    from fastapi import FastAPI

    access, app = Access(file), FastAPI()

    @app.get("/document")
    def broken():
        raise ZeroDivisionError("/folder/secret")

    browser = Browser(Guard(app, access), access, raise_server_exceptions=False)
    answer = browser.get("/document")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert has_our_headers(answer)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil", "", "localhost.", "[::2]", "a b"],
)
def test_a_foreign_host_is_refused(guest, app, host):
    answer = guest.get("/document", headers={"host": host})
    assert (answer.status_code, app.reached) == (400, [])
    assert has_our_headers(answer)


@pytest.mark.parametrize("host", ["localhost:7860", "127.0.0.1", "[::1]:7860", "LOCALHOST"])
def test_this_machine_is_known_by_its_names(guest, host):
    assert guest.get("/document", headers={"host": host}).status_code == 200


def test_a_shared_page_answers_to_names_that_were_given_or_to_any(app, access):
    named = Browser(Guard(app, access, {*LOOPBACK, "Rag.Example"}), access, GUEST)
    any_name = Browser(Guard(app, access, None), access, GUEST)
    assert named.get("/document", headers={"host": "rag.example"}).status_code == 200
    assert named.get("/document", headers={"host": "other.example"}).status_code == 400
    assert any_name.get("/document", headers={"host": "other.example"}).status_code == 200
    assert any_name.get("/document", headers={"host": "x/../y"}).status_code == 400


def test_two_hosts_are_none(access, app):
    sent = raw_request(Guard(app, access, None), [(b"host", b"a"), (b"host", b"b")])
    assert sent[0]["status"] == 400


OTHERS = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:1"},
    {"origin": "http://[bad"},
    {"origin": ""},
]


@pytest.mark.parametrize("headers", OTHERS)
def test_another_site_changes_nothing(owner, app, headers):
    for path in ("/collect", "/login", "/logout", f"{API}/queue/join", f"{API}/upload"):
        answer = owner.post(path, headers=headers, json={"data": []})
        assert (answer.status_code, app.reached) == (403, [])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": HOME},
        {"sec-fetch-site": "same-origin", "origin": HOME},
        {"sec-fetch-site": "none"},
    ],
)
def test_the_page_itself_and_programs_may_change_things(guest, headers):
    assert guest.post("/collect", headers=headers, json={}).status_code == 200


def test_another_site_may_link_to_a_page_but_not_load_its_data(guest):
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert guest.get("/document", headers=link).status_code == 200
    load = {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}
    assert guest.get("/document", headers=load).status_code == 403


def test_a_cross_origin_question_before_a_request_is_not_answered(guest):
    asks = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    answer = guest.options("/collect", headers=asks)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control-")]


# Bodies.


@pytest.mark.parametrize("length", ["x", "-1", "1e3", "٣", "", " ", "9" * 30])
def test_a_length_that_is_no_number_is_refused(access, app, length):
    headers = [(b"host", b"localhost"), (b"content-length", length.encode())]
    assert raw_request(Guard(app, access), headers)[0]["status"] == 400
    assert app.reached == []


def test_a_body_that_is_too_large_is_refused_by_its_length_and_by_what_comes(guest, app):
    assert guest.post("/collect", content=b"x" * JSON_BYTES).status_code == 200
    for content in (b"x" * (JSON_BYTES + 1), (b"x" * 1000 for _ in range(300))):
        for path in ("/collect", f"{API}/queue/join"):
            answer = guest.post(path, content=content)
            assert answer.status_code in (400, 413)
            assert has_our_headers(answer)
    assert guest.post("/login", content=b"x" * 5000).status_code == 413


def raw_request(guard, headers, pieces=(), method="GET", path="/document"):
    """Send a request piece by piece; a piece may be a time to wait. Return what comes back."""
    sent, rest = [], list(pieces)

    async def receive():
        if not rest:
            await asyncio.sleep(3600)
        piece = rest.pop(0)
        if isinstance(piece, float):
            await asyncio.sleep(piece)
            return await receive()
        return {"type": "http.request", "body": piece, "more_body": True}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": b""}
    scope |= {"headers": headers, "scheme": "http", "client": ("192.0.2.1", 1)}
    asyncio.run(guard(scope, receive, send))
    return sent


@pytest.mark.parametrize("path", ["/collect", f"{API}/queue/join", f"{API}/upload"])
def test_a_body_that_stops_half_way_is_ended(owner, guard, monkeypatch, path):
    monkeypatch.setattr(module, "IDLE", 0.02)
    cookie = owner.headers["cookie"].encode()
    headers = [(b"host", b"localhost"), (b"cookie", cookie), (b"content-length", b"100")]
    sent = raw_request(guard, headers, [b"{"], "POST", path)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]


def test_a_body_that_drips_is_ended_as_a_whole_but_an_upload_may_take_long(
    owner, guard, monkeypatch
):
    monkeypatch.setattr(module, "WHOLE", 0.05)
    monkeypatch.setattr(module, "IDLE", 0.04)
    cookie = owner.headers["cookie"].encode()
    headers = [(b"host", b"localhost"), (b"cookie", cookie), (b"content-length", b"100")]
    dripping = [b"x", 0.02] * 5
    sent = raw_request(guard, headers, dripping, "POST", "/collect")
    assert sent[0]["status"] == 408
    taken = list(dripping)
    raw_request(guard, headers, taken, "POST", f"{API}/upload")


def test_an_upload_must_state_its_length_and_is_counted(app, file):
    access = Access(file, GUEST, OWNER, Limits(upload_bytes=100))
    owner = Browser(Guard(app, access), access, OWNER)
    assert owner.post(f"{API}/upload", content=(b"x" for _ in "ab")).status_code == 411
    assert owner.post(f"{API}/upload", content=b"x" * 60).status_code == 200
    refused = owner.post(f"{API}/upload", content=b"x" * 60)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 80_000
    assert len(app.reached) == 1


def test_a_websocket_is_closed(access, app):
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(Guard(app, access)({"type": "websocket", "path": "/"}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]
    assert app.reached == []


def test_guessing_is_stopped_at_every_address(anonymous, app):
    anonymous.headers["authorization"] = "Bearer guess-guess"
    answers = [anonymous.get("/document") for _ in range(100)]
    assert sum(answer.status_code == 429 for answer in answers) == 95
    assert all(has_our_headers(answer) for answer in answers)
    assert app.reached == []


# Handles of gradio.


def join(browser, session="abc123", **fields):
    body = {"data": [], "fn_index": 0, "session_hash": session} | fields
    return browser.post(f"{API}/queue/join", json=body)


def test_two_visitors_who_name_one_session_mean_two(app, guest, guard, access):
    other = Browser(guard, access, GUEST)
    sessions = []
    for browser in (guest, other, guest):
        assert join(browser).status_code == 200
        sessions.append(json.loads(app.body)["session_hash"])
    assert sessions[0] == sessions[2] != sessions[1]
    assert "abc123" not in sessions[0]


def test_a_session_is_heard_by_who_began_it_alone(app, guest, guard, access):
    other = Browser(guard, access, GUEST)
    join(guest)
    stream = f"{API}/queue/data?session_hash=abc123"
    assert other.get(stream).status_code == 403
    assert guest.get(stream).status_code == 200
    began = json.loads(app.body or b"{}")
    scoped = app.scopes[-1]["query_string"].decode()
    assert re.fullmatch("session_hash=[0-9a-f]{64}", scoped)
    assert began == {}
    hashed = scoped.partition("=")[2]  # the name that gradio knows is worth nothing either
    for browser in (guest, other):
        assert browser.get(f"{API}/queue/data?session_hash={hashed}").status_code == 403
    assert guest.get(f"{stream}&session_hash=abc123").status_code == 400
    assert guest.get(f"{API}/queue/data").status_code == 403


def test_an_event_is_heard_and_cancelled_by_who_asked_alone(app, guest, guard, access):
    other = Browser(guard, access, GUEST)
    event = join(guest).json()["event_id"]
    join(other, event_id=event)  # naming it does not make it one's own …
    assert "event_id" not in json.loads(app.body)
    other = Browser(guard, access, GUEST)
    cancel = {"session_hash": "abc123", "fn_index": 0, "event_id": event}
    for path, body in ((f"{API}/call/count/{event}", None), (f"{API}/cancel", cancel)):
        method = "POST" if body else "GET"
        assert other.request(method, path, json=body).status_code == 403
        assert guest.request(method, path, json=body).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"[]",
        b"1",
        b'"x"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 40_000,
        b'{"session_hash": 1}',
        b'{"session_hash": ["a"]}',
        b'{"session_hash": "../x"}',
        b'{"session_hash": ""}',
        b'{"session_hash": "' + b"a" * 65 + b'"}',
    ],
)
def test_a_call_that_cannot_be_read_is_refused(guest, app, body):
    assert guest.post(f"{API}/queue/join", content=body).status_code in (400, 403)
    assert app.reached == []


def test_of_two_names_of_a_session_gradio_gets_the_one_that_was_checked(guest, app):
    guest.post(f"{API}/queue/join", content=b'{"session_hash": "a", "session_hash": "b"}')
    assert app.body.count(b"session_hash") == 1


def test_a_lone_surrogate_does_not_get_through(guest, app):
    body = rb'{"data": ["a\ud800b"], "session_hash": "abc"}'
    assert guest.post(f"{API}/queue/join", content=body).status_code == 200
    assert json.loads(app.body)["data"] == ["a\ufffdb"]


@pytest.mark.parametrize(
    "data",
    [
        [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}],
        [[[{"deep": {"path": "/tmp/gradio/of-another.txt"}}]]],
        [{"path": "http://127.0.0.1/", "url": "http://127.0.0.1/"}],
        [{"path": 7}],
        [{"path": ["/etc/passwd"]}],
    ],
)
def test_a_file_that_one_was_not_given_is_not_handed_to_gradio(owner, app, data):
    assert join(owner, data=data).status_code == 403
    assert join(owner, event_data=data).status_code == 403
    assert app.reached == []


@pytest.mark.parametrize("path", ["http://127.0.0.1/", "https://x", "/etc/passwd", "../x", "x%0a"])
def test_no_file_is_fetched_that_one_was_not_told_of(owner, app, path):
    assert owner.get(f"{API}/file={path}").status_code in (403, 404)
    assert app.reached == []


def test_the_streams_of_one_visitor_are_bounded():
    sessions = sessions_module.Sessions()
    streams = [sessions.streaming("a") for _ in range(sessions_module.STREAMS)]
    for stream in streams:
        stream.__enter__()
    with pytest.raises(module.LimitReached), sessions.streaming("a"):
        pass
    with sessions.streaming("b"):
        pass
    streams[0].__exit__(None, None, None)
    with sessions.streaming("a"):
        pass


def test_a_flood_of_handles_forgets_ones_own_and_grows_nothing(monkeypatch):
    monkeypatch.setattr(sessions_module, "_HANDLES", 10)
    monkeypatch.setattr(sessions_module, "_VISITORS", 10)
    sessions = sessions_module.Sessions()
    sessions.tell("anna", "hers")
    for n in range(100):
        sessions.tell("bert", str(n))
    sessions.check("anna", "hers")
    sessions.check("bert", "99")
    with pytest.raises(module.NotYours):
        sessions.check("bert", "0")
    for n in range(100):
        sessions.tell(f"visitor {n}", "x")
    assert len(sessions._told) == 10


def test_text_that_looks_like_a_file_is_no_file():
    sessions = sessions_module.Sessions()
    said = json.dumps({"value": '"path":"/etc/passwd"', "file": {"path": '/tmp/a "b".txt'}})
    sessions.hear("anna", said.encode())
    sessions.check("anna", '/tmp/a "b".txt')
    with pytest.raises(module.NotYours):
        sessions.check("anna", "/etc/passwd")


# The same with gradio itself.


def events(client, session):
    """Return the messages of a session until gradio ends the stream."""
    with client.stream("GET", f"{API}/queue/data", params={"session_hash": session}) as stream:
        if stream.status_code != 200:
            return stream.status_code
        lines = [line[6:] for line in stream.iter_lines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines]


def call(client, name, *data, session="s1"):
    """Ask as gradio's own page does; return what came of it."""
    config = client.get("/config").json()
    number = next(d["id"] for d in config["dependencies"] if d["api_name"] == name)
    body = {"data": list(data), "fn_index": number, "session_hash": session}
    client.post(f"{API}/queue/join", json=body).raise_for_status()
    done = [m for m in events(client, session) if m["msg"] == "process_completed"]
    assert done[0]["success"]
    return done[0]["output"]["data"]


@pytest.mark.exhaustive
def test_a_visitor_is_answered_and_another_with_the_same_session_name_sees_nothing(site):
    with visit(site, GUEST) as one, visit(site, OWNER) as other:
        assert call(one, "count", "secret", None)[0] == "guest secret 1"
        assert call(one, "recall", None) == ["secret"]
        assert call(other, "recall", None) == [""]
        assert call(other, "count", "other", None)[0] == "owner other 1"
        assert call(one, "recall", None) == ["secret"]


def test_a_replayed_session_or_event_gets_not_one_message(site):
    with visit(site, GUEST) as one, visit(site, GUEST) as thief, visit(site) as nobody:
        config = one.get("/config").json()
        number = next(d["id"] for d in config["dependencies"] if d["api_name"] == "count")
        body = {"data": ["secret", None], "fn_index": number, "session_hash": "replayed"}
        event = one.post(f"{API}/queue/join", json=body).json()["event_id"]
        assert (events(thief, "replayed"), events(nobody, "replayed")) == (403, 401)
        cancel = {"session_hash": "replayed", "fn_index": number, "event_id": event}
        for browser, status in ((thief, 403), (nobody, 401)):
            assert browser.get(f"{API}/call/count/{event}").status_code == status
            assert browser.post(f"{API}/cancel", json=cancel).status_code == status
        assert "guest secret 1" in json.dumps(events(one, "replayed"))


@pytest.mark.exhaustive
def test_a_program_calls_by_name_and_hears_its_own_event_alone(site):
    with visit(site) as program, visit(site, GUEST) as thief:
        program.headers["authorization"] = f"Bearer {GUEST}"
        event = program.post(f"{API}/call/count", json={"data": ["x", None]}).json()["event_id"]
        assert thief.get(f"{API}/call/count/{event}").status_code == 403
        assert "guest x 1" in program.get(f"{API}/call/count/{event}").text
        now = program.post(f"{API}/run/now", json={"data": ["y"], "session_hash": "z"})
        assert now.json()["data"] == ["y"]


@pytest.mark.exhaustive
def test_a_file_that_was_made_is_for_the_visitor_who_was_told_of_it(site):
    with visit(site, GUEST) as one, visit(site, OWNER) as other, visit(site) as nobody:
        made = call(one, "export", "报告")[0]
        name = f"{API}/file={made['path']}"
        assert one.get(name).text == "报告"
        assert one.head(name).status_code == 200
        assert (other.get(name).status_code, nobody.get(name).status_code) == (403, 401)


@pytest.mark.exhaustive
def test_an_owner_uploads_and_nobody_else_gets_or_uses_the_file(site):
    sent = {"files": ("名.txt", b"secret of the owner")}
    with visit(site, OWNER) as owner, visit(site, GUEST) as guest, visit(site, OWNER) as other:
        assert guest.post(f"{API}/upload", files=sent).status_code == 403
        (path,) = owner.post(f"{API}/upload?upload_id=u1", files=sent).json()
        given = {"path": path, "meta": {"_type": "gradio.FileData"}}
        assert call(owner, "size", given) == [19]
        assert owner.get(f"{API}/file={path}").text == "secret of the owner"
        for client in (guest, other):
            assert client.get(f"{API}/file={path}").status_code == 403
            body = {"data": [given], "session_hash": "s"}
            assert client.post(f"{API}/run/size", json=body).status_code == 403


def test_the_page_of_gradio_loads_with_all_that_it_names(site):
    with visit(site, GUEST) as one:
        page = one.get("/", headers=PAGE)
        assert page.status_code == 200
        named = set(re.findall(r'(?:src|href)="\.?(/(?:assets|static|theme)[^"]+)"', page.text))
        assert named
        for path in named:
            answer = one.get(path)
            assert answer.status_code == 200
            assert "no-store" not in answer.headers.get("cache-control", "")
        assert page.headers["cache-control"] == "no-store"


@pytest.mark.exhaustive
def test_gradios_own_client_works_with_a_password(site):
    from gradio_client import Client

    for settings in (
        {"headers": {"Authorization": f"Bearer {GUEST}"}},
        {"auth": ("", GUEST)},
    ):
        client = Client(site.url, verbose=False, analytics_enabled=False, **settings)
        with closing(client):
            assert client.predict("x", api_name="/count") == "guest x 1"


def test_half_open_requests_without_a_cookie_cost_nothing_and_the_page_goes_on(site):
    half = (
        f"POST {API}/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x"
    )
    opened = [socket.create_connection(("127.0.0.1", site.port), 5) for _ in range(50)]
    try:
        for one in opened:
            one.sendall(half.encode())
        with visit(site, GUEST) as guest:
            assert guest.get("/document").json() == {"role": "guest"}
        for one in opened:
            one.settimeout(10)
            assert b" 401 " in one.recv(200)
    finally:
        for one in opened:
            one.close()


@pytest.mark.exhaustive
def test_a_stream_ends_when_its_reader_leaves(site):
    with visit(site, GUEST) as one:
        for n in range(sessions_module.STREAMS + 8):
            with one.stream("GET", f"{API}/heartbeat/tab{n}") as stream:
                assert stream.status_code == 200
            time.sleep(0.02)


@pytest.mark.exhaustive
def test_too_many_tabs_are_told_so_and_others_go_on(site):
    with visit(site, GUEST) as one, visit(site, GUEST) as other, ExitStack() as tabs:
        answers = [
            tabs.enter_context(one.stream("GET", f"{API}/heartbeat/tab{n}"))
            for n in range(sessions_module.STREAMS + 1)
        ]
        assert [answer.status_code for answer in answers] == [200] * (len(answers) - 1) + [429]
        assert call(other, "count", "x", None)[0] == "guest x 1"


def test_chunked_bodies_are_bounded_by_a_real_server(site):
    with visit(site, GUEST) as guest:
        for path in (f"{API}/queue/join", "/collect"):
            with suppress(httpx.WriteError, httpx.RemoteProtocolError):  # it may just hang up
                pieces = (b"x" * 10_000 for _ in range(1000))
                assert guest.post(path, content=pieces).status_code in (404, 413)
        assert guest.get("/document").status_code == 200


@pytest.mark.exhaustive
def test_headers_cannot_be_put_in_by_what_is_sent(site):
    evil = "%0d%0aset-cookie:%20a=b"
    with visit(site) as nobody:
        for path in (f"/{evil}", f"/document?x={evil}", f"/login?next=/{evil}"):
            answer = nobody.get(path, headers=PAGE)
            assert "set-cookie" not in answer.headers
        answer = nobody.post("/login", data={"password": GUEST, "next": "/\r\nset-cookie: a=b"})
        assert "a=b" not in str(answer.headers)


# Bounds of what one visitor can have going on.


@pytest.fixture
def clock():
    return SimpleNamespace(now=0.0)


@pytest.fixture
def sessions(clock):
    return sessions_module.Sessions(lambda: clock.now)


def event(n):
    return f"{n:032x}"


def joined(sessions, visitor, n, session="tab"):
    fields = sessions.call(visitor, {"session_hash": session})
    sessions.hear_whole(visitor, b'{"event_id":"%s"}' % event(n).encode(), fields["session_hash"])
    return fields["session_hash"]


def test_a_visitor_has_only_so_many_events_until_they_end_or_are_left(sessions, clock):
    for n in range(sessions_module.EVENTS):
        session = joined(sessions, "a", n)
    with pytest.raises(LimitReached):
        sessions.call("a", {"session_hash": "tab"})
    joined(sessions, "b", 99)  # another is not bound by that
    done = b'data: {"msg":"process_completed","event_id":"%s"}' % event(0).encode()
    said = b'data: {"msg":"x","output":"\\"event_id\\":\\"%s\\""}' % event(1).encode()
    sessions.hear("a", said)  # text in an answer looks otherwise
    sessions.hear("a", done)
    joined(sessions, "a", 100)
    with pytest.raises(LimitReached):
        joined(sessions, "a", 101)
    sessions.cancel("a", {"event_id": event(1), "session_hash": "tab"})
    joined(sessions, "a", 102)
    with sessions.streaming("a", session):
        pass  # whoever leaves a stream leaves its events
    for n in range(sessions_module.EVENTS):
        joined(sessions, "a", 200 + n)
    clock.now += 601
    joined(sessions, "a", 300)


def test_a_visitor_begins_only_so_many_sessions_a_minute(sessions, clock):
    for n in range(sessions_module.SESSIONS):
        sessions.begin("a", sessions.scoped("a", f"tab{n}"))
    sessions.begin("a", sessions.scoped("a", "tab0"))  # it is known
    for name in (sessions.scoped("a", "new"), ""):
        with pytest.raises(LimitReached):
            sessions.begin("a", name)
    sessions.begin("b", "")
    clock.now += 61
    sessions.begin("a", "")


def test_when_many_streams_are_open_who_has_few_still_gets_one(sessions, monkeypatch):
    monkeypatch.setattr(sessions_module, "ALL_STREAMS", 10)
    with ExitStack() as open_:
        for _ in range(10):
            open_.enter_context(sessions.streaming("greedy"))
        with pytest.raises(LimitReached), sessions.streaming("greedy"):
            pass
        for visitor in range(10):
            open_.enter_context(sessions.streaming(f"visitor {visitor}"))
        with pytest.raises(LimitReached), sessions.streaming("one more"):
            pass
    with sessions.streaming("greedy"):
        pass


def test_what_is_remembered_of_all_visitors_is_bounded(sessions, monkeypatch):
    monkeypatch.setattr(sessions_module, "_VISITORS", 3)
    for n in range(20):
        joined(sessions, f"visitor {n}", n)
    assert len(sessions._told) == len(sessions._running) == 3


def test_a_stricter_policy_of_a_page_stands_beside_ours(guest):
    policies = guest.get("/document").headers.get_list("content-security-policy")
    assert policies == ["default-src *", module.POLICY]


def test_an_upload_that_would_fill_the_disk_is_refused(owner, app, monkeypatch):
    free = SimpleNamespace(free=module.FREE_BYTES + 10)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: free)
    assert owner.post(f"{API}/upload", content=b"x" * 10).status_code == 200
    refused = owner.post(f"{API}/upload", content=b"x" * 11)
    assert refused.status_code == 507
    assert "200 MB must stay free" in refused.text
    assert len(app.reached) == 1


def test_no_feature_is_forbidden_that_chromium_warns_of_as_unknown():
    named = HEADERS[b"permissions-policy"].decode().split(",")
    features = {one.partition("=")[0].strip() for one in named}
    assert {"camera", "usb", "serial"} <= features and "bluetooth" not in features


def test_a_refused_request_is_read_to_its_end_and_no_further():
    sent = [{"body": b"12", "more_body": True}, {"body": b"3", "more_body": False}]

    async def receive():
        return sent.pop(0)  # of an empty list it raises: nothing is waited for

    async def refused():
        body = _Body(receive)
        await body()
        assert not body.is_read
        await _drain(body)
        assert body.is_read

    asyncio.run(refused())
    assert sent == []
