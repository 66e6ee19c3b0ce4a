import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shown_answers import page_of

from page.text import escaped, in_language, link


@given(st.text())
def test_nothing_of_html_or_markdown_is_left_of_any_text(text):
    without_references = re.sub(r"&#\d+;|<br>", "", escaped(text))
    assert not re.search(r"[!-/:-@\[-`{-~\n]", without_references)


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs"])))
def test_text_that_is_escaped_reads_as_before(text):
    assert unescape(escaped(text)) == text


def test_line_breaks_stay_and_controls_go():
    assert escaped("a\r\nb\x1b\u202ec\x00") == "a<br>bc"


@pytest.mark.parametrize("url", ["https://example.org/a?b=1&c=\"'<>", "HTTP://example.org"])
def test_a_web_address_becomes_a_link_to_itself_that_opens_apart(url):
    ((tag, attributes),) = page_of(link(url)).tags
    assert (tag, attributes["href"]) == ("a", url)
    assert attributes["rel"] == "noopener noreferrer"


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "file:///a", "//example.org", "http:x", "http://["],
)
def test_any_other_address_is_mere_text(url):
    page = page_of(link(url))
    assert (page.tags, page.text) == ([], url)


def test_a_label_is_english_or_chinese_in_the_script_that_is_wanted():
    labels = {"name": ("简体", "English")}
    shown = [in_language(labels, "name", language) for language in ("zh", "zh-Hant", "en")]
    assert shown == ["简体", "簡體", "English"]
