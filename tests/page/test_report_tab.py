"""The report basket: what was collected is shown with its sources, moved and removed."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from shown_answers import ANSWER, CITATION, HOSTILE, page_of

from page.citing import item_of, passage_item
from page.report_tab import ReportTab


@pytest.fixture
def report(services):
    return ReportTab(services, "zh")


def put(services, visitor, *questions):
    from dataclasses import replace

    for question in questions:
        item = item_of(replace(ANSWER, question=question))
        services.conversations.collect(visitor.id, item)


def order(html, questions):
    return sorted(questions, key=html.index)


def command(report, visitor, do, item):
    return report.command(visitor, json.dumps({"do": do, "item": item}))


def ids(services, visitor):
    return [one.id for one in services.conversations.basket(visitor.id)]


def test_an_empty_report_says_how_to_fill_it_and_is_marked_so(report, visitor):
    page = page_of(report.shown(visitor))
    assert "放入报告" in page.text
    assert page.all("class", "yz-quiet yz-empty")


def test_an_item_shows_its_answer_and_its_sources_that_open_beside_the_page(
    report, services, visitor
):
    put(services, visitor, "封顶多少？")
    page = page_of(report.shown(visitor))
    assert ANSWER.text in page.text
    assert CITATION.text in page.text
    links = [urlsplit(one["href"]) for tag, one in page.tags if tag == "a"]
    opened = [parse_qs(one.query) for one in links if one.path == "document"]
    place = {"id": [CITATION.source], "start": ["10"], "end": ["21"]}
    assert opened == [place, place]  # the mark in the sentence, the link below the quotation


def test_a_passage_alone_has_no_question_and_still_opens(report, services, visitor):
    services.conversations.collect(visitor.id, passage_item(CITATION))
    page = page_of(report.shown(visitor))
    assert CITATION.title in page.text
    assert page.all("class", "yz-open yz-mark")


def test_items_are_moved_and_removed_by_command_and_never_beyond_the_ends(
    report, services, visitor
):
    put(services, visitor, "甲", "乙", "丙")
    first, second, _ = ids(services, visitor)
    html = command(report, visitor, "report_down", first)
    assert order(html, ["甲", "乙", "丙"]) == ["乙", "甲", "丙"]
    assert order(command(report, visitor, "report_up", second), ["甲", "乙"]) == ["乙", "甲"]
    assert "乙" not in command(report, visitor, "report_drop", second)


def test_nobody_changes_the_report_of_another(report, services, visitor, stranger):
    put(services, visitor, "甲", "乙")
    before = ids(services, visitor)
    for do in ("report_up", "report_down", "report_drop"):
        command(report, stranger, do, before[1])
    assert ids(services, visitor) == before


@pytest.mark.parametrize("text", ["", "[]", "{", '{"do": "report_drop", "item": "x"}', "null"])
def test_what_is_no_command_changes_nothing(report, services, visitor, text):
    put(services, visitor, "甲")
    report.command(visitor, text)
    assert len(ids(services, visitor)) == 1


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile_text_is_shown_as_text(report, services, visitor, payload):
    put(services, visitor, payload)
    assert payload in page_of(report.shown(visitor)).text


def test_every_format_is_offered_with_title_style_and_language(report):
    links = page_of(report.links("甲 & 乙", "apa")).all("class", "yz-button")
    paths = {urlsplit(one["href"]).path for one in links}
    assert paths == {f"report.{suffix}" for suffix in ("docx", "md", "html", "bib", "json")}
    query = {"title": ["甲 & 乙"], "style": ["apa"], "language": ["zh"]}
    assert all(parse_qs(urlsplit(one["href"]).query) == query for one in links)
