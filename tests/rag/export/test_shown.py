from hypothesis import given
from hypothesis import strategies as st
from reports import HASH, MARKUP, citation

from rag.export.shown import (
    place_key,
    place_text,
    quoted,
    read_place,
    same_quotation,
    shown,
    split_note,
    unquoted,
)
from rag.export.types import Place

TEXTS = st.one_of(st.sampled_from(MARKUP), st.text(st.characters(), max_size=60))
LANGUAGES = st.sampled_from(["zh", "zh-Hant", "en"])


@given(TEXTS)
def test_what_is_shown_is_one_line_that_any_file_can_hold(text) -> None:
    line = shown(text)
    line.encode("utf-8")
    assert line == line.strip() and "\n" not in line and "  " not in line
    assert not set(line) & set("\x00\x0b\x1f\x7f\u202e\u2066\ufeff\ufffe\uffff")
    assert shown(line) == line


@given(
    TEXTS,
    st.integers(0, 10**8),
    st.integers(0, 10**6),
    LANGUAGES,
    st.one_of(st.none(), st.integers(1, 9999)),
)
def test_a_place_is_read_back_as_it_was_written(source, start, length, language, page) -> None:
    one = citation(source=source, start=start, end=start + length, page=page)
    place = read_place(place_text(one, language))
    assert place is not None
    assert place_key(place) == place_key(Place(source, start, start + length, HASH))


@given(TEXTS, TEXTS, LANGUAGES)
def test_quotation_and_place_are_told_apart_without_styles(text, source, language) -> None:
    one = citation(text=text, source=source)
    found = split_note(f"作者. 题名[EB/OL]. {quoted(text)} {place_text(one, language)}")
    assert found is not None and found.place is not None
    assert place_key(found.place)[1:] == (one.start, one.end, HASH[:12])
    balanced = all(text.count(a) == text.count(b) for a, b in ("“”", "「」"))
    if balanced and not any(c in source for c in "〔["):
        assert same_quotation(found.quote, text)


@given(TEXTS)
def test_white_space_is_no_edit_and_any_other_character_is(text) -> None:
    visible = quoted(text)
    assert same_quotation(f" {visible[0]} {visible[1:]}\n", text)
    assert not same_quotation(visible[:-1] + "改" + visible[-1], text)
    assert shown(unquoted(visible)) == shown(text)


def test_quotation_marks_are_those_of_the_script() -> None:
    assert quoted("补助五百万元") == "“补助五百万元”"
    assert quoted("補助五百萬元") == "「補助五百萬元」"
    assert quoted("a grant") == "“a grant”"


def test_what_is_no_place_is_none() -> None:
    for text in ("", "[EB/OL]", "〔a.txt，第 9–3 字符，sha256 0123456789ab〕", "[" * 10_000):
        assert read_place(text) is None
        assert split_note(f"“引文” {text}") is None
