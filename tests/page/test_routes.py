import json

import pytest
from shown_answers import ANSWER, CITATION
from starlette.testclient import TestClient

from page.routes import router
from page.text import escaped


@pytest.fixture
def client(services, visitor):
    return client_of(services, visitor)


def client_of(services, visitor):
    from fastapi import FastAPI

    app = FastAPI()
    app.include_router(router(services))

    async def with_visitor(scope, receive, send):
        scope.setdefault("state", {})["visitor"] = visitor
        await app(scope, receive, send)

    return TestClient(with_visitor, follow_redirects=False)


@pytest.fixture
def chat(services, visitor):
    begun = services.conversations.begin(visitor.id)
    services.conversations.add(visitor.id, begun.id, ANSWER.question, ANSWER)
    return begun.id


@pytest.fixture
def place(sample_library):
    """A place in a document of the samples, whose raw text holds what is asked for."""
    source = sample_library.document_ids()[0]
    span = sample_library.passages_of(source)[0].raw_span
    return {"id": source, "start": span.start, "end": span.end}


def test_an_answer_is_copied_with_its_sources_or_without_marks(client, chat):
    assert client.get(f"/answer.txt?chat={chat}&n=0").text == "一年封顶1500万元。"
    told = client.get(f"/answer.txt?chat={chat}&n=0&sources=1").text
    for part in (ANSWER.text, CITATION.title, CITATION.text, CITATION.url, CITATION.date):
        assert part in told


def test_nobody_copies_collects_or_shares_the_answer_of_another(services, stranger, chat):
    other = client_of(services, stranger)
    assert other.get(f"/answer.txt?chat={chat}&n=0").status_code == 404
    assert other.post("/collect", json={"chat": chat, "n": 0}).status_code == 404
    assert other.post("/share", json={"chat": chat}).status_code == 404
    assert services.conversations.all_links() == []
    assert services.conversations.basket(stranger.id) == []


def test_answers_and_places_are_collected_once_and_keep_their_proof(
    client, services, visitor, chat, place
):
    for count, fields in ((1, {"chat": chat, "n": 0}), (2, place), (2, place)):
        assert client.post("/collect", json=fields).json() == {"count": count}
    answer, passage = (one.item for one in services.conversations.basket(visitor.id))
    assert (answer.text, answer.citations) == (ANSWER.text, ANSWER.citations)
    (citation,) = passage.citations
    raw = services.library.document(place["id"]).raw
    assert raw[citation.start : citation.end] == citation.quote


def test_a_place_is_cited_in_every_style(client, place):
    shown = client.get("/cite", params=place)
    assert shown.status_code == 200
    for part in ("GB/T 7714, numeric", "GB/T 7714, author–year", "APA", "BibTeX", "CSL-JSON"):
        assert escaped(part) in shown.text


@pytest.mark.parametrize(
    ("change", "status"),
    [({"id": "none"}, 404), ({"end": 10**9}, 404), ({"start": -1}, 404), ({"start": "x"}, 422)],
)
def test_what_is_no_place_is_said_in_one_line(client, place, change, status):
    shown = client.get("/cite", params=place | change)
    assert shown.status_code == status
    assert "Traceback" not in shown.text
    assert client.post("/collect", json=place | change).status_code in (404, 422)


@pytest.mark.parametrize("body", ["", "[]", "3", "{", '{"chat": 3}', '{"id": null}', "[" * 10_000])
def test_a_request_that_cannot_be_read_is_refused(client, body):
    for address in ("/collect", "/share"):
        answered = client.post(address, content=body)
        assert answered.status_code in (404, 422)
        assert json.loads(answered.text)["error"]


def test_a_link_is_made_to_an_answer_or_a_whole_chat(client, services, chat):
    made = client.post("/share", json={"chat": chat, "n": 0}).json()
    assert made["path"] == f"s/{made['token']}"
    assert services.conversations.shared(made["token"])
    assert client.post("/share", json={"chat": chat}).json()["token"] != made["token"]


@pytest.mark.parametrize("suffix", ["docx", "md", "html", "bib", "json"])
def test_the_report_is_a_file_in_every_format(client, chat, suffix):
    client.post("/collect", json={"chat": chat, "n": 0})
    made = client.get(f"/report.{suffix}", params={"title": "报告", "style": "apa"})
    assert made.status_code == 200
    assert f'filename="yinzheng-report.{suffix}"' in made.headers["content-disposition"]
    assert len(made.content) > 100


def test_an_empty_report_and_an_unknown_format_are_said(client):
    assert client.get("/report.docx").status_code == 422
    assert client.get("/report.exe").status_code == 404


def test_a_language_is_remembered_and_no_other_word(client):
    chosen = client.get("/language/zh-Hant")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/")
    assert "yz-language=zh-Hant" in chosen.headers["set-cookie"]
    assert "set-cookie" not in client.get("/language/x;y").headers


def test_a_stopped_answer_is_copied_as_its_line(client, services, visitor, chat):
    services.conversations.add(visitor.id, chat, "二？", None, "已停止")
    assert client.get(f"/answer.txt?chat={chat}&n=1").text == "已停止"
