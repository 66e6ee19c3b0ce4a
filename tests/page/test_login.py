"""Signing in and out, with and without a browser."""

import re
from html import unescape

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from page.access import TRIES, Access
from page.guard import Guard
from page.login import router, safe_next
from rag.conversations import FILE, Conversations

GUEST, OWNER = "guests-may-ask", "owner-may-do-all"
LANGUAGES = ("zh", "zh-Hant", "en")
EVIL = '"><script>hit()</script>'


@pytest.fixture
def file(tmp_path):
    one = Conversations(tmp_path / FILE)
    yield one
    one.close()


def browser(file, guest=GUEST, owner=OWNER, root="", language="en", scheme="http"):
    access, app = Access(file, guest, owner), FastAPI()
    app.include_router(router(access))

    @app.get("/document")
    @app.get("/")
    def page():
        return "inside"

    client = TestClient(
        Guard(app, access), base_url=f"{scheme}://127.0.0.1", root_path=root, follow_redirects=False
    )
    client.headers |= {"accept": "text/html", "accept-language": language}
    client.access = access
    return client


def sign_in(client, password=GUEST, **fields):
    return client.post("/login", data={"password": password} | fields)


def text_of(html):
    return unescape(re.sub("<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL))


def test_who_comes_to_a_page_signs_in_and_is_led_back_to_it(file):
    client = browser(file)
    there = client.get("/document?id=a&start=3").headers["location"]
    page = client.get(there)
    assert page.status_code == 200
    (there,) = re.findall('name="next" value="([^"]*)"', page.text)
    entered = sign_in(client, next=unescape(there))
    assert (entered.status_code, entered.headers["location"]) == (303, "/document?id=a&start=3")
    assert client.get(entered.headers["location"]).text == '"inside"'


def test_a_program_that_sends_a_form_gets_json_and_a_cookie(file):
    client = browser(file)
    client.headers["accept"] = "*/*"
    wrong = sign_in(client, "wrong")
    assert (wrong.status_code, "password" in wrong.json()["detail"]) == (401, True)
    assert sign_in(client).json() == {"success": True}
    assert client.get("/document").status_code == 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_password_is_said_in_the_readers_language_and_keeps_the_way_back(file, language):
    client = browser(file, language=language)
    page = sign_in(client, "wrong", next="/document")
    said = {"zh": "密码不对", "zh-Hant": "密碼不對", "en": "Wrong password"}[language]
    assert page.status_code == 401
    assert said in text_of(page.text)
    assert 'role="alert"' in page.text
    assert "document" in page.text
    assert "wrong" not in page.text
    assert "set-cookie" not in page.headers


def test_of_a_hundred_guesses_at_least_ninety_are_refused_and_told_when_to_try_again(file):
    client = browser(file)
    answers = [sign_in(client, f"guess {n}") for n in range(100)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 100 - TRIES
    assert 1 <= int(refused[0].headers["retry-after"]) <= 60
    assert re.search(r"try again in \d+ s", text_of(refused[0].text))
    assert sign_in(client).status_code == 429


def test_the_cookie_is_out_of_reach_of_scripts_and_over_https_stays_there(file):
    for scheme, secure in (("http", False), ("https", True)):
        cookie = sign_in(browser(file, scheme=scheme)).headers["set-cookie"]
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
        assert ("Secure" in cookie) is secure


def test_below_a_root_path_forms_cookies_and_ways_back_stay_below_it(file):
    client = browser(file, root="/rag")
    there = client.get("/rag/document").headers["location"]
    assert there == "/rag/login?next=%2Fdocument"
    page = client.get(there).text
    assert 'action="&#47;rag/login"' in page
    entered = client.post("/rag/login", data={"password": GUEST, "next": "/document"})
    assert entered.headers["location"] == "/rag/document"
    assert "Path=/rag;" in entered.headers["set-cookie"]
    assert 'action="&#47;rag/logout"' in client.get("/rag/logout").text


def test_a_guest_may_become_the_owner_and_an_owner_need_not_sign_in(file):
    client = browser(file)
    sign_in(client)
    page = client.get("/login")
    assert page.status_code == 200
    assert "signed in as a guest" in text_of(page.text)
    assert sign_in(client, OWNER).status_code == 303
    assert client.get("/login").status_code == 303


def test_without_passwords_there_is_nothing_to_sign_in_to(file):
    client = browser(file, "", "")
    for answer in (client.get("/login"), sign_in(client, "x"), client.post("/logout")):
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert client.get("/document").status_code == 200


def test_who_signs_out_is_out_and_has_the_history_again_after_signing_in(file):
    client = browser(file)
    sign_in(client)
    (who,) = {visitor for _, visitor, _ in client.access._known.values()}
    assert client.get("/logout").status_code == 200
    assert client.get("/document").status_code == 200  # looking at the page signs nobody out
    assert client.post("/logout").headers["location"] == "/login"
    assert client.get("/document").status_code == 303
    sign_in(client)
    assert {visitor for _, visitor, _ in client.access._known.values()} == {who}


def test_who_signs_out_for_good_has_nothing_left_and_no_cookie(file):
    client = browser(file)
    sign_in(client)
    ((_, who, _),) = client.access._known.values()
    file.add(who, file.begin(who).id, "问", None)
    out = client.post("/logout", data={"forget": "1"})
    assert "Max-Age=0" in out.headers["set-cookie"]
    assert file.chats(who) == []
    assert client.get("/document").status_code == 303


def test_a_stranger_signs_nobody_out_and_is_led_to_the_sign_in(file):
    client = browser(file)
    sign_in(client)
    ((_, who, _),) = client.access._known.values()
    file.add(who, file.begin(who).id, "问", None)
    client.post("/logout")  # the cookie is still there and leads to a visitor, but lets nobody in
    assert client.post("/logout").headers["location"] == "/login"
    forget = client.post("/logout", data={"forget": "1"})
    assert forget.headers["location"] == "/login?next=/logout"
    assert len(file.chats(who)) == 1
    assert browser(file).get("/logout").headers["location"] == "/login?next=%2Flogout"


def test_health_tells_strangers_that_the_server_answers_and_no_more(file):
    assert browser(file).get("/health").text == "ok"


OUTSIDE = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\n//evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "evil.example",
    "",
    "/x\r\nset-cookie: a=b",
    "/x\x00",
    "/x\u0085",
    "/" + "x" * 3000,
    "/login",
    "/login?next=/login",
    "/login/",
]


@pytest.mark.parametrize("there", OUTSIDE)
def test_the_way_back_leads_nowhere_else(file, there):
    assert safe_next(there) == "/"
    entered = sign_in(browser(file), next=there)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")


@pytest.mark.parametrize("there", ["/", "/?chat=abc", "/document?id=%E6%96%87&start=3", "/s/x#y"])
def test_the_way_back_leads_to_pages_of_ours(there):
    assert safe_next(there) == there


@given(st.text())
def test_a_way_back_never_names_another_host(there):
    from urllib.parse import urljoin, urlsplit

    led = urljoin("http://here.example/login", safe_next(there))
    assert urlsplit(led).netloc == "here.example"


def test_what_is_sent_is_shown_as_text_alone(file):
    client = browser(file)
    for page in (
        client.get("/login", params={"next": f"/{EVIL}"}),
        sign_in(client, EVIL, next=f"/{EVIL}"),
    ):
        assert "<script" not in page.text
        assert EVIL not in page.text


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"&" * 100, b"password", b"a=b&" * 11])
def test_a_form_that_cannot_be_read_is_a_wrong_password(file, body):
    client = browser(file)
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/login", content=body, headers=form).status_code == 401


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_need_no_script_and_nothing_from_elsewhere_and_label_what_is_filled_in(
    file, language
):
    client = browser(file, language=language)
    before = client.get("/login").text
    sign_in(client)
    tag = {"zh": "zh-Hans", "zh-Hant": "zh-Hant", "en": "en"}[language]
    for page in (before, client.get("/logout").text):
        assert f'<html lang="{tag}">' in page
        assert "<script" not in page
        assert not re.search(r"(?:src|href|url\()=?[\"'(]?https?:", page)
        assert re.search(r"<label[^>]*(for=\"password\"|><input)", page)
        assert 'name="viewport"' in page
        assert "prefers-color-scheme: dark" in page


def test_the_pages_say_in_each_language_what_guests_may_do(file):
    said = {
        language: text_of(browser(file, language=language).get("/login").text)
        for language in LANGUAGES
    }
    assert "访客密码" in said["zh"]
    assert "訪客密碼" in said["zh-Hant"]
    assert "guest password" in said["en"]
    assert not re.search("[访码录导]", said["zh-Hant"].replace("简体", ""))


def test_the_chosen_language_comes_before_that_of_the_browser(file):
    client = browser(file, language="en")
    client.cookies.set("yz-language", "zh-Hant")
    assert '<html lang="zh-Hant">' in client.get("/login").text
