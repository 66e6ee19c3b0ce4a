"""What the program says, in every language."""

import string

import pytest

from index.places import place
from rag.messages import _MESSAGES, listed, message, name_of, refusals


@pytest.mark.parametrize("key", _MESSAGES)
def test_every_message_is_there_in_each_language_with_the_same_places(key: str) -> None:
    said = _MESSAGES[key]
    assert set(said) == {"zh", "zh-Hant", "en"}
    fields = {
        tuple(sorted(f for _, f, *_ in string.Formatter().parse(t) if f)) for t in said.values()
    }
    assert len(fields) == 1


def test_values_are_put_in_as_they_are() -> None:
    assert message("nothing_about", "en", "{0} {x}") == "Nothing was found about {0} {x}."


def test_places_are_named_as_a_reader_knows_them() -> None:
    dongguan = place("东莞")
    assert dongguan
    names = [name_of(dongguan, language) for language in ("zh", "zh-Hant", "en")]
    assert names == ["东莞", "東莞", "Dongguan"]


def test_lists_and_refusals() -> None:
    assert listed(["a", "b"], "en") == "a, b"
    assert listed(["甲", "乙"], "zh") == "甲、乙"
    assert len(set(refusals())) == 3
