"""What stands beside and above the chat."""

import pytest
from shown_answers import HOSTILE, page_of

from page.sidebar import chats_html, foot_html, header_html, open_html
from rag.conversations import Chat


def chat(id_, title):
    return Chat(id_, title, "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00")


def test_chats_come_in_order_and_the_open_one_is_marked():
    html = chats_html([chat("a", "甲"), chat("b", "乙")], "b", "zh")
    page = page_of(html)
    assert page.text.index("甲") < page.text.index("乙")
    assert [one.get("class") for tag, one in page.tags if tag == "li"] == [None, "yz-here"]


@pytest.mark.parametrize("payload", HOSTILE)
def test_a_hostile_title_is_shown_as_text(payload):
    page = page_of(chats_html([chat("a", payload)], "", "en"))
    assert payload in page.text
    assert {tag for tag, _ in page.tags} <= {"ul", "li", "a", "span", "br"}


def test_without_chats_that_is_said_in_the_language_of_the_page():
    assert page_of(chats_html([], "", "zh-Hant")).text == "還沒有對話。"


def test_signing_out_is_offered_only_where_a_password_is_asked():
    assert "Sign out" in foot_html("en", asks=True)
    assert "Sign out" not in foot_html("en", asks=False)


@pytest.mark.parametrize("language", ["zh", "zh-Hant", "en"])
def test_the_head_offers_the_other_two_languages_by_their_own_names(language):
    page = page_of(header_html("Yinzheng", "about", language))
    assert all(name in page.text for name in ("简体", "繁體", "English"))
    assert len(page.all("class", "yz-language")) == 2


def test_the_open_chat_is_named_for_scripts_and_not_seen():
    page = page_of(open_html("abc"))
    assert page.all("title", "abc")
    assert page.text == ""
