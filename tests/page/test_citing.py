"""A place or an answer as something to copy, to cite and to collect."""

from dataclasses import replace

import pytest
from shown_answers import ANSWER, CITATION, HOSTILE, page_of

from page.citing import cite_html, item_of, passage_item, plain_text
from rag.conversations import Exchange
from rag.passages import citation_of

ANSWERED = Exchange(0, ANSWER.question, "2026-01-01", ANSWER)


def test_copied_without_sources_an_answer_has_no_marks():
    assert plain_text(ANSWERED, sources=False) == "一年封顶1500万元。"


def test_copied_with_sources_each_mark_is_explained():
    text = plain_text(ANSWERED, sources=True)
    assert text.startswith(ANSWER.text)
    parts = ("[1] ", CITATION.title, CITATION.publisher, CITATION.text, CITATION.url)
    assert all(part in text.removeprefix(ANSWER.text) for part in parts)


def test_without_an_address_the_place_in_the_document_is_told():
    bare = replace(ANSWER, citations=(replace(CITATION, url=""),))
    assert "measures.txt, 10–21" in plain_text(replace(ANSWERED, answer=bare), sources=True)


def test_a_bracketed_number_that_is_no_mark_stays_in_the_copy():
    odd = replace(ANSWER, text="见[7]，一年封顶1500万元[1]。")
    assert "见[7]" in plain_text(replace(ANSWERED, answer=odd), sources=False)


def test_what_was_not_answered_is_copied_as_the_line_that_says_so():
    assert plain_text(Exchange(0, "问", "2026-01-01", line="已停止"), sources=True) == "已停止"


def test_items_of_a_report_keep_what_they_rest_on():
    assert item_of(ANSWER).citations == passage_item(CITATION).citations == (CITATION,)
    assert item_of(ANSWER).claims == ANSWER.claims
    assert passage_item(CITATION).text == ""


@pytest.fixture(scope="module")
def place(sample_library):
    id_ = sorted(sample_library.all_metadata())[0]
    passage = sample_library.passages_of(id_)[0]
    return citation_of(sample_library, id_, passage.raw_span.start, passage.raw_span.start + 30)


def test_a_quotation_is_offered_in_every_form_each_with_a_button_to_copy_it(place, sample_library):
    html = cite_html(place, sample_library, "zh")
    page = page_of(html.replace("\n", " "))
    buttons = [one for tag, one in page.tags if tag == "button"]
    assert len(buttons) == len(page.all("class", "yz-copied")) == 6
    assert all(name in page.text for name in ("GB/T 7714", "APA", "BibTeX", "CSL-JSON"))


@pytest.mark.parametrize("payload", HOSTILE[:4])
def test_a_hostile_quotation_is_cited_as_text(payload, place, sample_library):
    html = cite_html(replace(place, text=payload), sample_library, "en")
    tags = {tag for tag, _ in page_of(html.replace("\n", " ")).tags}
    assert tags <= {"div", "section", "h3", "pre", "button", "br"}
