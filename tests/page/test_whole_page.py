"""The whole page as it is started for others, attacked by those whom it lets in and by strangers.

Run as a program, this file is the page: `test_whole_page.py FOLDER LLM BASE_URL KEY`. The bench of
floods uses it too.
"""

import ast
import json
import os
import random
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 120  # seconds: gradio is slow to import on a busy machine
GUEST, OWNER, KEY = "canary-guest-password", "canary-owner-password", "sk-canary-key-0123456789"
API = "/gradio_api"
TOKEN = "T" * 22
ENGLISH = {"accept-language": "en"}
EVENTS = {}  # of each page that was started
QUESTION = "东莞对BNCT硼药研发给什么奖励？"
FILE_DATA = {"_type": "gradio.FileData"}


def main():
    """Serve the page over the samples; write routes, cookie and address, a line of JSON each."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]
    from guarded_site import routes_below
    from hash_encoder import HashEncoder

    from index.ingest import ingest
    from index.library import Library
    from page import server

    folder, llm = Path(sys.argv[1]), server.Llm(*sys.argv[2:5])

    def tell(**known):
        sys.stdout.write(f"{json.dumps(known)}\n")
        sys.stdout.flush()

    def telling(*given):
        app = make(*given)
        inner = app._app._app
        pages = [one for route in inner.routes for one in below(route).values()]
        routes = [*routes_below(inner), *(one for page in pages for one in routes_below(page))]
        tell(routes=sorted(set(routes)), cookie=app._app._access.cookie_name)
        return app

    def below(route):
        return getattr(getattr(route, "app", None), "_pages", {})

    make, server.make_app = server.make_app, telling
    with Library(folder / "library", HashEncoder(), create=True) as library:
        ingest(library, [ROOT / "samples"])
        sharing = server.Sharing(guest_password=GUEST, owner_password=OWNER)
        server.serve(library, llm, server.Address(port=0), sharing, lambda line: tell(said=line))


@contextmanager
def started(folder, *llm, **environment):
    """The page as a program of its own: url, routes, cookie, folder, process id and its log."""
    settings = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)} | environment
    command = [sys.executable, str(Path(__file__).resolve()), str(folder), *llm]
    with (folder / "log").open("w") as log:
        page = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=log)
        try:
            told = {}
            while "said" not in told:
                line = page.stdout.readline()
                assert line, (folder / "log").read_text("utf-8")
                told |= json.loads(line)
            routes = {(method, path) for method, path in told["routes"]}
            url = told["said"].rstrip("/")
            yield SimpleNamespace(
                url=url,
                routes=routes,
                cookie=told["cookie"],
                folder=folder,
                id=page.pid,
                log=folder / "log",
            )
        finally:
            page.kill()
            page.stdout.close()
            page.wait()


class Visit(httpx.Client):
    """A browser or a program at the page, which may do what gradio's script does."""

    def __init__(self, url, password="", **settings):
        super().__init__(base_url=url, timeout=60, **({"headers": ENGLISH} | settings))
        if password:
            answer = self.post("/login", data={"password": password})
            assert answer.status_code == 200, answer.text

    def __enter__(self):
        return self  # it has been used: httpx would not open it once more

    def __exit__(self, *_):
        self.close()

    def join(self, number, data, session, event_data=None):
        fields = {"session_hash": session, "fn_index": number, "data": data}
        return self.post(f"{API}/queue/join", json=fields | {"event_data": event_data})

    def messages(self, session):
        """What a session's stream says until it ends."""
        with self.stream("GET", f"{API}/queue/data", params={"session_hash": session}) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    yield json.loads(line[5:])

    def call(self, number, data=(), session="tab", event_data=None):
        """What an event of the page gives; its last state, None if it failed."""
        joined = self.join(number, list(data), session, event_data)
        assert joined.status_code == 200, joined.text
        done = [one for one in self.messages(session) if one["msg"] == "process_completed"]
        assert len(done) == 1
        return done[0]["output"].get("data") if done[0]["success"] else None

    @property
    def events(self):
        """The page's events: (name of a component, what happens to it) -> number."""
        if self.base_url not in EVENTS:
            config = self.get("/config").json()
            names = {one["id"]: _name(one["props"]) for one in config["components"]}
            EVENTS[self.base_url] = {
                (names.get(id_), kind): one["id"]
                for one in reversed(config["dependencies"])  # the first of a kind stays
                for id_, kind in one["targets"]
                if one["backend_fn"]
            }
        return EVENTS[self.base_url]

    def ask(self, question, session="tab"):
        return self.call(self.events["yz-question", "submit"], [question, None, "", None], session)

    def command(self, session="tab", **asked):
        number = self.events["yz-run", "click"]
        return self.call(number, [json.dumps(asked), None], session)

    def rows(self):
        """The documents as the library's table has them."""
        given = self.call(self.events["yz-refresh", "click"], ["", None], "rows")
        return next(one["value"]["data"] for one in given if _is_table(one))


def _name(props):
    return props.get("elem_id") or props.get("value")


def _is_table(one):
    return isinstance(one, dict) and isinstance(one.get("value"), dict) and "data" in one["value"]


def unescaped(told):
    """What a page is told, as text: references to characters are those characters."""
    text = json.dumps(told, ensure_ascii=False)
    return re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), text)


def chats_of(client):
    """The ids of a visitor's chats, the last changed first."""
    return re.findall(r"\?chat=([\w-]{22})", unescaped(client.command(session="look", do="none")))


# --- started once


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The page with a model that cannot be reached; after one question the owner leaves it."""
    folder = tmp_path_factory.mktemp("whole")
    with started(folder, "openai:some-model", "http://127.0.0.1:9/v1", KEY) as page:
        with Visit(page.url, GUEST) as guest:
            page.unreachable = unescaped(guest.ask(QUESTION))
        with Visit(page.url, OWNER) as owner:
            page.left = unescaped(owner.call(owner.events["Use", "click"], ["extractive"]))
        yield page


@pytest.fixture
def guest(site):
    with Visit(site.url, GUEST) as one:
        yield one


@pytest.fixture(scope="module")
def pass_of_a_guest(site):
    """The cookie of a guest, as a line: for requests that leave nothing behind."""
    with Visit(site.url, GUEST) as client:
        return f"cookie: {site.cookie}={client.cookies[site.cookie]}"


@pytest.fixture
def other(site):
    with Visit(site.url, GUEST) as one:
        yield one


@pytest.fixture
def owner(site):
    with Visit(site.url, OWNER) as one:
        yield one


@pytest.fixture
def stranger(site):
    with Visit(site.url) as one:
        yield one


def program(site, password):
    return Visit(site.url, headers={"authorization": f"Bearer {password}"} | ENGLISH)


# --- who gets where

PARAMETERS = {
    "event_id": "e" * 32,
    "session_hash": "abc123def45",
    "path_or_url": "/etc/passwd",
    "token": TOKEN,
    "code": "zh",
    "api_name": "ask",
    "path": "x",
    "name": "yinzheng",
    "suffix": "html",
}
# Written out here once more, apart from page.rules.
OPEN = {
    *[("GET", "/login"), ("POST", "/logout"), ("GET", "/health")],
    *[("GET", "/manifest.json"), ("GET", f"/s/{TOKEN}"), ("GET", f"/s/{TOKEN}/continue")],
    *[("GET", "/language/zh"), ("GET", "/yz/page.js")],
}
OWNERS = {("POST", f"{API}/upload"), ("GET", f"{API}/upload_progress")}


def filled(path):
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: PARAMETERS.get(found[1], "x"), path)


@pytest.fixture(scope="module")
def addresses(site):
    found = {(method, filled(path)) for method, path in site.routes}
    found |= OPEN | {("GET", "/unknown"), ("PUT", "/"), ("POST", "/mcp")}
    return sorted(found - {("POST", "/login")})  # would count as a wrong password


def knock(client, method, path):
    """The status of an answer, of which a stream's end is not waited for."""
    query = {"session_hash": "nobodys"} if path.endswith("queue/data") else {}
    body = {} if method in ("GET", "HEAD") else {"content": b"{}"}
    with client.stream(method, path, params=query, **body) as answer:
        check_headers(answer)
        return answer.status_code


def check_headers(answer):
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_strangers_reach_nothing_but_the_sign_in_and_what_is_shared(site, addresses, stranger):
    assert len(addresses) > 100
    expired = Visit(site.url, cookies={site.cookie: "A" * 22})
    for client, some in ((stranger, addresses), (expired, addresses[::4])):
        refused = {one for one in some if knock(client, *one) == 401}
        assert refused == set(some) - OPEN
    expired.close()


def test_guests_reach_no_route_of_the_owner_by_cookie_or_by_bearer(site, addresses, guest):
    with program(site, GUEST) as bearer, program(site, OWNER) as powerful:
        for client, some in ((guest, addresses), (bearer, [*addresses[::4], ("GET", "/config")])):
            assert {one for one in OWNERS if knock(client, *one) == 403} == OWNERS
            reached = {one for one in some if knock(client, *one) not in (403, 404, 405)}
            assert ("GET", "/config") in reached
            assert not {path for _, path in reached if re.search("monitor|vibe|token|proxy", path)}
        assert not {one for one in OWNERS if knock(powerful, *one) in (401, 403)}


# Of each event what a script could send; a missing one would be a new event that nobody looked at.
def test_no_event_lets_a_guest_change_the_library_or_the_model(site, guest, owner):
    before, model = owner.rows(), guest.call(guest.events["Use", "click"], ["extractive"])[0]
    row = before[0]
    chosen = {"index": [0, 0], "value": row[0], "row_value": row}
    changed = {"data": [["changed", *row[1:]], *before[1:]], "headers": row, "metadata": None}
    given = {
        ("yz-documents", "input"): [changed, "", None, None],
        ("yz-fetch", "click"): ["http://127.0.0.1:9/"],
        ("yz-upload", "upload"): [[], True],
        ("Use", "click"): ["ollama:other"],
        ("Test", "click"): ["ollama:other"],
    }
    for (name, kind), number in guest.events.items():
        if name == "yz-yes":
            guest.call(guest.events["yz-documents", "select"], [], "event", chosen)
        guest.call(number, given.get((name, kind), [None] * 6), "event", chosen)
    assert owner.rows() == before
    assert guest.call(guest.events["Use", "click"], ["ollama:other"])[0] == model
    for name in ("remove", "edit", "upload", "used", "stop"):
        fields = {"data": [None] * 3, "session_hash": "event"}
        guest.post(f"{API}/run/{name}", json=fields)
        guest.post(f"{API}/call/{name}", json=fields)
    assert owner.rows() == before


def test_what_a_guest_is_refused_the_owner_may_do(owner):
    rows = owner.rows()
    chosen = {"index": [0, 0], "value": rows[0][0], "row_value": rows[0]}
    owner.call(owner.events["yz-documents", "select"], [], "mine", chosen)
    changed = {"data": [["a new title", *rows[0][1:]], *rows[1:]], "headers": rows[0]}
    owner.call(
        owner.events["yz-documents", "input"], [changed | {"metadata": None}, "", None, None]
    )
    assert owner.rows()[0][0] == "a new title"
    back = {"data": [rows[0], *owner.rows()[1:]], "headers": rows[0], "metadata": None}
    owner.call(owner.events["yz-documents", "input"], [back, "", None, None])
    assert owner.rows() == rows


# --- visitors apart


def test_of_two_visitors_neither_ever_gets_what_is_the_others(guest, other):
    """80 operations in random order; each visitor's questions hold a word of its own."""
    visitors = {"金丝雀甲": guest, "金丝雀乙": other}
    chats = {word: [] for word in visitors}
    dice = random.Random(6)
    for word, client in visitors.items():
        client.ask(f"{word}：{QUESTION}")
        chats[word] = chats_of(client)
        assert len(chats[word]) == 1
    seen = {word: [] for word in visitors}
    for _ in range(40):
        for word, client in dice.sample(sorted(visitors.items(), key=str), 2):
            theirs = chats[next(one for one in visitors if one != word)][0]
            seen[word].append(unescaped(attempted(client, theirs, chats[word][0], dice)))
    for word, told in seen.items():
        foreign = next(one for one in visitors if one != word)
        assert not [one for one in told if foreign in one]
        assert any(word in one for one in told)


def attempted(client, theirs, mine, dice):
    """What a visitor gets of its own chat or by one of many ways to another's."""
    ways = (
        lambda: client.command(session="s", do="open", chat=theirs),
        lambda: client.command(session="s", do="open", chat=mine),
        lambda: client.command(session="s", do="delete", chat=theirs),
        lambda: client.get("/answer.txt", params={"chat": theirs, "n": 0}).text,
        lambda: client.get("/answer.txt", params={"chat": mine, "n": 0}).text,
        lambda: client.post("/collect", json={"chat": theirs, "n": 0}).text,
        lambda: client.post("/collect", json={"chat": mine, "n": 0}).text,
        lambda: client.post("/share", json={"chat": theirs}).text,
        lambda: client.get("/links").text,
        lambda: client.get("/report.md").text,
        lambda: client.call(client.events["yz-run", "click"], ["{}", None], "s"),
        lambda: client.get("/", params={"chat": theirs}).text,
        lambda: client.command(session="r", do="report_drop", item=1),
    )
    return dice.choice(ways)()


def test_sessions_events_files_and_uploads_of_another_are_worth_nothing(site, guest, other, owner):
    number = guest.events["yz-run", "click"]
    event = guest.join(number, ["{}", None], "mine").json()["event_id"]
    assert other.get(f"{API}/queue/data", params={"session_hash": "mine"}).status_code == 403
    assert other.get(f"{API}/call/command/{event}").status_code == 403
    fields = {"session_hash": "mine", "event_id": event, "fn_index": number}
    assert other.post(f"{API}/cancel", json=fields).status_code == 403
    (path,) = owner.post(
        f"{API}/upload", params={"upload_id": "u"}, files={"files": ("a.txt", b"canary")}
    ).json()
    for client in (guest, other):
        assert client.get(f"{API}/file={path}").status_code == 403
        upload = client.join(
            client.events["yz-upload", "upload"], [[{"path": path, "meta": FILE_DATA}], True], "x"
        )
        assert upload.status_code == 403
        assert client.get(f"{API}/upload_progress", params={"upload_id": "u"}).status_code == 403
    for place in ("/etc/passwd", str(site.folder / "library" / "conversations.sqlite3")):
        assert owner.get(f"{API}/file={place}").status_code == 403
        sent = [[{"path": place, "meta": FILE_DATA}], True]
        assert owner.join(owner.events["yz-upload", "upload"], sent, "x").status_code == 403
    assert any(message["msg"] == "process_completed" for message in guest.messages("mine"))


def test_a_state_that_is_sent_is_not_taken_for_the_servers(guest, other):
    guest.ask(f"暗号四十二 {QUESTION}")
    (theirs,) = chats_of(guest)
    number = other.events["yz-question", "submit"]
    forged = {"chat": theirs, "shown": [], "display": "original"}
    told = unescaped(other.call(number, [QUESTION, forged, "0", forged], "forged"))
    assert "暗号四十二" not in told
    assert theirs not in told
    assert "暗号四十二" in unescaped(guest.command(do="open", chat=theirs))


# --- other sites, other hosts, other spellings


# A refusal that has not read the body ends the connection: none is used again after one.
ONCE = {"connection": "close"}


def test_another_site_can_neither_act_nor_sign_somebody_in(guest, stranger):
    own = f"{guest.base_url}".rstrip("/")
    for origin in ("null", "http://evil.example", "http://127.0.0.1:1", f"{own}.evil.example"):
        for path in ("/collect", "/share", "/logout", f"{API}/queue/join", f"/s/{TOKEN}/continue"):
            headers = {"origin": origin} | ONCE
            assert guest.post(path, json={}, headers=headers).status_code == 403
        data = {"password": GUEST}
        signed = stranger.post("/login", data=data, headers={"origin": origin} | ONCE)
        assert (signed.status_code, "set-cookie" in signed.headers) == (403, False)
    for site in ("cross-site", "same-site"):
        headers = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}
        assert guest.get("/config", headers=headers).status_code == 403
        headers = {"sec-fetch-site": site, "sec-fetch-mode": "navigate"} | ONCE
        assert guest.post("/share", json={}, headers=headers).status_code == 403
        assert guest.get("/links", headers=headers).status_code == 200
    assert guest.post("/collect", json={}, headers={"origin": own}).status_code == 422


def raw(site, *lines, body=""):
    """The first line of the answer to a request written by hand."""
    port = urlsplit(site.url).port
    request = "\r\n".join([*lines, "connection: close", "", body])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request.encode("latin-1"))
        connection.settimeout(20)
        return connection.recv(4096).decode("latin-1").partition("\r\n")[0]


STRANGE_PATHS = [
    "//config",
    "/yz/../config",
    "/gradio_api/../monitoring",
    "/gradio_api/%2e%2e/config",
    "/x;/..;/config",
    "/config%00",
    "/login%0a",
    "/%ff%fe",
    "/\\config",
    "/CONFIG",
    "/static/../../../../etc/passwd",
    "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/assets/..%2f..%2f..%2fetc/passwd",
    "/svelte/%2e%2e/routes.py",
    "/yz/%2e%2e",
    "/yz/..%2f__init__.py",
    "/gradio_api/file=/etc/passwd",
    "/gradio_api/file=../../etc/passwd",
    "/gradio_api/file=http://127.0.0.1:9/",
    "/gradio_api/file%3dhttp://127.0.0.1:9/",
    "/gradio_api/queue/data?session_hash=a&session_hash=b",
    "/document?id=..%2f..%2f..%2fetc%2fpasswd",
    "/document/raw?id=%2fetc%2fpasswd",
    "http://evil.example/config",
    "*",
    "/" + "a" * 20_000,
]


@pytest.mark.parametrize("path", STRANGE_PATHS, ids=lambda path: path[:40])
def test_no_spelling_of_a_path_leads_past_the_guard(site, pass_of_a_guest, path):
    answer = raw(site, f"GET {path} HTTP/1.1", "host: 127.0.0.1", pass_of_a_guest)
    assert answer.split()[1] in ("400", "403", "404"), answer


def test_no_method_header_or_body_leads_past_the_guard(site):
    host = "host: 127.0.0.1"
    for method in ("OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "CONNECT", "HEAD", "get"):
        assert " 401 " in raw(site, f"{method} /config HTTP/1.1", host)
    override = "x-http-method-override: GET"
    assert " 401 " in raw(site, "POST /health HTTP/1.1", host, override, "content-length: 0")
    assert " 400 " in raw(site, "GET /health HTTP/1.1", host, "host: evil.example")
    assert " 400 " in raw(site, "GET /health HTTP/1.0")
    for lines in (
        ["content-length: 2", "content-length: 3"],
        ["content-length: +2"],
        ["content-length: -2"],
        ["transfer-encoding: xchunked"],
    ):
        assert " 400 " in raw(site, "POST /login HTTP/1.1", host, *lines, body="{}")
    twice = [f"authorization: Bearer {word}" for word in (OWNER, "wrong-password")]
    assert " 401 " in raw(site, "GET /config HTTP/1.1", host, *twice)


def test_what_proxies_would_say_is_believed_of_nobody(guest):
    forged = {
        "x-forwarded-host": "evil.example",
        "x-forwarded-prefix": "/evil.example",
        "forwarded": "host=evil.example",
        "x-gradio-server": "http://evil.example",
        "x-forwarded-server": "evil.example",
    }
    assert "evil.example" not in guest.get("/config", headers=forged).text
    assert "evil.example" not in guest.get("/", headers=forged).text


def test_numbers_that_no_place_has_are_one_line(guest):
    for number in ("1e400", "9" * 30, "-1", "null", "[]", "NaN", '"x"'):
        for content in (f'{{"chat":"x","n":{number}}}', f'{{"id":"x","start":{number},"end":0}}'):
            for path in ("/collect", "/share"):
                assert guest.post(path, content=content).status_code in (404, 422)
    drop = json.dumps({"do": "report_drop", "item": str(10**99)})
    guest.call(guest.events["yz-report-run", "click"], [drop])


# --- sharing


def test_a_link_to_one_answer_tells_nothing_of_the_chat_around_it(guest, other, stranger):
    guest.ask("问题里的暗号一：东莞对BNCT药物给什么？", "chat")
    guest.ask(QUESTION, "chat")
    (chat,) = chats_of(guest)
    token = guest.post("/share", json={"chat": chat, "n": 1}).json()["token"]
    shown = stranger.get(f"/s/{token}")
    assert shown.status_code == 200
    assert "BNCT" in shown.text
    assert "暗号一" not in unescaped(shown.text)
    assert chat not in shown.text
    assert 'id="e1' not in shown.text
    copied = other.post(f"/s/{token}/continue")
    assert copied.status_code == 303
    assert "暗号一" not in unescaped(other.command(do="none"))
    (mine,) = parse_qs(urlsplit(copied.headers["location"]).query)["chat"]
    assert "暗号一" not in unescaped(other.command(do="open", chat=mine))


def test_a_shared_page_may_load_nothing_is_kept_nowhere_and_sends_nobody_on(guest, stranger):
    guest.ask(QUESTION)
    chat = chats_of(guest)[0]
    token = guest.post("/share", json={"chat": chat}).json()["token"]
    shown = stranger.get(f"/s/{token}")
    policies = shown.headers.get_list("content-security-policy")
    assert any(one.startswith("default-src 'none'") for one in policies)
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["x-robots-tag"] == "noindex, nofollow"
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in shown.text
    assert "set-cookie" not in shown.headers
    assert stranger.get("/document", params={"id": "dongguan-measures.txt"}).status_code == 401


def test_a_withdrawn_link_and_one_that_never_was_are_answered_alike(guest, other, stranger):
    guest.ask(QUESTION)
    token = guest.post("/share", json={"chat": chats_of(guest)[0]}).json()["token"]
    other.post(f"/links/{token}/withdraw")
    assert stranger.get(f"/s/{token}").status_code == 200
    guest.post(f"/links/{token}/withdraw")
    withdrawn, unknown = stranger.get(f"/s/{token}"), stranger.get(f"/s/{TOKEN}")
    assert (withdrawn.status_code, withdrawn.text) == (404, unknown.text)
    alike = [{**one.headers, "date": ""} for one in (withdrawn, unknown)]
    assert alike[0] == alike[1]


# --- signing in and out


def test_the_language_of_the_sign_in_is_changed_without_losing_the_way_back(stranger):
    page = stranger.get("/login", params={"next": "/document?id=a&start=3"}).text
    (link,) = re.findall(r'href="(/language/zh\?[^"]*)"', page)
    led = stranger.get(re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), link))
    assert led.status_code == 303
    assert parse_qs(urlsplit(led.headers["location"]).query)["next"] == ["/document?id=a&start=3"]
    evil = stranger.get("/language/zh", params={"next": "//evil.example"})
    assert evil.headers["location"] == "/"


# --- uploads


def test_whatever_is_uploaded_stays_in_its_folder_and_the_page_goes_on(site, owner, tmp_path):
    before = {path for path in site.folder.parent.rglob("*") if path.is_file()}
    sent = hostile()
    made = [owner.post(f"{API}/upload", files=[("files", one)]).json()[0] for one in sent]
    given = [
        {"path": path, "orig_name": name, "meta": FILE_DATA}
        for path, (name, _) in zip(made, sent, strict=True)
    ]
    owner.call(owner.events["yz-upload", "upload"], [given, False], "up")
    until = time.monotonic() + PATIENCE
    while "queued" in (said := state_of(owner)) and time.monotonic() < until:
        time.sleep(0.3)
    assert "<img" not in said
    assert "\u202e" not in said
    assert owner.get("/health").text == "ok"
    assert "BNCT" in unescaped(owner.ask(QUESTION))
    new = {path for path in site.folder.parent.rglob("*") if path.is_file()} - before
    places = {str(path.relative_to(site.folder)).split("/")[0] for path in new}
    assert {one.partition("-")[0] for one in places} <= {"library", "yinzheng"}
    assert not Path("/tmp/evil-upload.txt").exists()
    assert len(owner.rows()) <= 7 + 4  # what is text went in, the rest is refused


def state_of(owner):
    """What the page says of uploads that go on."""
    timer = next(number for (_, kind), number in owner.events.items() if kind == "tick")
    told = owner.call(timer, ["", None], "up")
    return "queued" if told[2].get("active") else unescaped(told)


def hostile():
    """Names that lead elsewhere, content in disguise, an archive of 300 MB of nothing."""
    text = "东莞市对创新药物给予奖励，最高不超过一百万元。".encode() * 20
    from hostile_parts import bomb, zip_of  # as a program, this file is without them

    nothing = zip_of([bomb("word/document.xml", b"0" * 1_000_000, 300)])
    return [
        ("../../../../../../tmp/evil-upload.txt", text),
        ("..%2f..%2fevil-upload.txt", text + b"1"),
        ("\u202egpj.exe.txt", text + b"2"),
        ("<img src=x onerror=alert(1)>.txt", text + b"3"),
        ("program.pdf", b"\x7fELF" + bytes(5000)),
        ("broken.docx", b"%PDF-1.7\n" + bytes(100)),
        ("bomb.docx", nothing),
        ("nothing.txt", b" "),
    ]


# --- too much


def test_one_visitor_begins_only_so_many_pages_and_events_and_others_are_served(guest, other):
    number = guest.events["yz-run", "click"]
    first = [guest.join(number, ["{}", None], f"page{n}").status_code for n in range(28)]
    assert set(first) == {200, 429}
    assert first.count(200) <= 24
    assert "BNCT" in unescaped(other.ask(QUESTION))


def test_what_is_too_long_is_refused_in_one_line(site, guest):
    number = guest.events["yz-question", "submit"]
    for length in (10**4, 10**5):
        told = unescaped(guest.call(number, ["问" * (length // 3), None, "", None], "long"))
        assert "question" in told
        assert len(told) < 20_000
    assert guest.join(number, ["问" * 10**6, None, "", None], "long").status_code == 413
    with program(site, GUEST) as asking:
        messages = [{"role": "user", "content": "问" * 10**5}]
        fields = {"model": "yinzheng", "messages": messages}
        assert asking.post("/v1/chat/completions", json=fields).status_code in (400, 413)


# --- secrets


def test_neither_key_nor_passwords_stand_anywhere(site, guest, owner):
    assert "BNCT" in site.unreachable  # it was answered all the same
    guest.ask(QUESTION)
    chat = chats_of(guest)[0]
    guest.post("/collect", json={"chat": chat, "n": 0})
    owner.call(owner.events["Test", "click"], ["openai:some-model"], "t")
    shown = [site.unreachable, site.left]
    for client in (guest, owner):
        paths = ["/", "/config", f"{API}/info", "/login", "/links", "/manifest.json", "/theme.css"]
        shown += [client.get(path).text for path in (*paths, "/v1/models", "/document?id=x")]
        shown.append(unescaped(client.call(client.events["Use", "click"], [""], "t")))
    shown += [guest.get(f"/report.{suffix}").content.decode("latin-1") for suffix in ("md", "html")]
    shown.append(site.log.read_text("utf-8"))
    library = (site.folder / "library").iterdir()
    shown += [path.read_bytes().decode("latin-1") for path in library if path.is_file()]
    for secret in (KEY, GUEST, OWNER, *guest.cookies.values()):
        assert not [text[:80] for text in shown if secret in text]


# The last of those that need the page: after it nobody new may sign in for a minute.
def test_strangers_who_guess_lock_out_no_browser_that_was_here_before(site, guest):
    guest.post("/logout")
    with Visit(site.url) as guesser:
        answers = [
            guesser.post(
                "/login",
                data={"password": f"guess {n}"},
                headers={"x-forwarded-for": f"192.0.2.{n}"},
            ).status_code
            for n in range(40)
        ]
        refused = answers.count(429)
        assert refused >= 20
        assert guesser.post("/login", data={"password": GUEST}).status_code == 429
    assert guest.post("/login", data={"password": GUEST}).status_code == 200


# --- the programs themselves

OURS = [
    path
    for folder in ("index", "rag", "page", "prompts", "bench")
    for path in sorted((ROOT / folder).rglob("*.py"))
] + [ROOT / "ui.py"]
FORBIDDEN_NAMES = {"eval", "exec", "compile", "__import__"}
WATCHED = {"shell", "trust_remote_code", "weights_only", "allow_pickle"}
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}


def faults_of(tree):
    """What in a program would run what it is given: as text, as a pickle, in a shell."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [one.name for one in node.names] + [getattr(node, "module", None) or ""]
            if FORBIDDEN_MODULES & {name.partition(".")[0] for name in names}:
                yield f"{node.lineno}: {names}"
        if isinstance(node, ast.Call):
            yield from faults_of_call(node)


def name_of(node):
    """What an expression is called, as far as it has a name: sooner had than its whole text."""
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def faults_of_call(node):
    called = name_of(node.func)
    keywords = {one.arg: ast.unparse(one.value) for one in node.keywords if one.arg in WATCHED}
    if called in FORBIDDEN_NAMES or called in ("os.system", "os.popen", "yaml.load"):
        yield f"{node.lineno}: {called}"
    if keywords.get("shell", "False") != "False":
        yield f"{node.lineno}: {called} with a shell"
    if keywords.get("trust_remote_code", "False") != "False":
        yield f"{node.lineno}: {called} trusts remote code"
    if called == "torch.load" and keywords.get("weights_only") != "True":
        yield f"{node.lineno}: {called} of more than weights"
    if keywords.get("allow_pickle", "False") != "False":
        yield f"{node.lineno}: {called} with pickles"


def test_no_program_of_ours_runs_what_it_reads():
    assert len(OURS) > 100
    found = [f"{path}:{one}" for path in OURS for one in faults_of(parsed(path))]
    assert found == []


def parsed(path):
    return ast.parse(path.read_text("utf-8"))


@pytest.mark.parametrize(
    "line",
    [
        *["eval(x)", "import pickle", "from pickle import loads", "import joblib.numpy_pickle"],
        *["subprocess.run(x, shell=True)", "subprocess.run(x, shell=y)", "yaml.load(x)"],
        *["torch.load(x)", "np.load(x, allow_pickle=True)", "f(trust_remote_code=True)"],
    ],
)
def test_the_scan_finds_what_it_looks_for(line):
    assert list(faults_of(ast.parse(line)))


# Each from an advisory; see SECURITY of the packages.
FLOORS = {
    "gradio": "6.25.0",
    "starlette": "1.3.1",
    "python-multipart": "0.0.27",
    "torch": "2.6",
    "faiss-cpu": "1.15",
}


@pytest.mark.parametrize("name", FLOORS)
def test_no_package_is_older_than_its_last_known_hole(name):
    assert numbers(version(name)) >= numbers(FLOORS[name])


def numbers(text):
    return [int(one) for one in re.match(r"[\d.]+", text)[0].strip(".").split(".")]


if __name__ == "__main__":
    main()
