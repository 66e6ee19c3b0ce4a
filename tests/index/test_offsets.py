from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mixed_text import check_places, mixed_texts

from index.offsets import Edit, apply_edits, identity, kept_spans
from index.types import CleanText, Span


@st.composite
def texts_with_edits(draw):
    text = draw(mixed_texts)
    places = draw(st.lists(st.integers(0, len(text)), max_size=12, unique=True))
    places = sorted(places)
    pairs = zip(places[::2], places[1::2], strict=False)
    kinds = st.tuples(st.sampled_from(["", " ", "换成"]), st.sampled_from(["", "noise"]))
    return text, [Edit(Span(start, end), *draw(kinds)) for start, end in pairs]


def edited_one_by_one(text: CleanText, edits: list[Edit]) -> list[tuple[str, int, int]]:
    """Do what `apply_edits` promises, character by character."""
    triples = list(zip(text.text, text.starts.tolist(), text.ends.tolist(), strict=True))
    for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
        start, end = edit.span.start, edit.span.end
        stood = triples[start][1], triples[end - 1][2]
        triples[start:end] = [(character, *stood) for character in edit.replacement]
    return triples


def test_identity_puts_every_character_at_its_own_place():
    text = identity("东莞\r\n")
    assert (text.text, text.starts.tolist(), text.ends.tolist()) == (
        "东莞\r\n",
        [0, 1, 2, 3],
        [1, 2, 3, 4],
    )


@given(texts_with_edits(), texts_with_edits())
def test_edits_give_what_editing_one_by_one_gives(first, second):
    text = identity(first[0])
    for edits in (first[1], second[1]):
        edits = [edit for edit in edits if edit.span.end <= len(text.text)]
        expected = edited_one_by_one(text, edits)
        text = apply_edits(text, reversed(edits))
        assert (
            list(zip(text.text, text.starts.tolist(), text.ends.tolist(), strict=True)) == expected
        )


@given(texts_with_edits())
def test_places_never_run_backwards_and_reasons_list_what_went(given_):
    raw, edits = given_
    edits = [Edit(edit.span, edit.replacement, "noise") for edit in edits]
    edited = apply_edits(identity(raw), edits)
    check_places(edited, raw)
    assert [dropped.span for dropped in edited.dropped] == [edit.span for edit in edits]


def test_an_edit_across_a_gap_covers_the_gap():
    text = apply_edits(identity("ab(x)cd"), [Edit(Span(2, 5))])
    joined = apply_edits(text, [Edit(Span(1, 3), "-", "joint")])
    assert joined.text == "a-d"
    assert joined.to_raw(Span(1, 2)) == Span(1, 6)
    assert joined.dropped[0].span == Span(1, 6)


@pytest.mark.parametrize(
    "spans", [[Span(1, 1)], [Span(0, 2), Span(1, 3)], [Span(0, 1), Span(0, 1)]]
)
def test_empty_and_overlapping_edits_are_refused(spans):
    with pytest.raises(ValueError, match="non-empty and apart"):
        apply_edits(identity("abcd"), [Edit(span) for span in spans])


@given(texts_with_edits())
def test_kept_spans_are_apart_and_hold_every_place(given_):
    raw, edits = given_
    text = apply_edits(identity(raw), [Edit(edit.span) for edit in edits])
    spans = kept_spans(text)
    assert all(one.end < other.start for one, other in pairwise(spans))
    assert (
        sorted(place for span in spans for place in range(span.start, span.end))
        == text.starts.tolist()
    )


def test_nothing_kept_has_no_spans():
    assert kept_spans(apply_edits(identity("noise"), [Edit(Span(0, 5))])) == []
    assert kept_spans(CleanText("", np.array([], np.int32), np.array([], np.int32))) == []
