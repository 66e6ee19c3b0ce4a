"""What a thread reads of a model comes to the reader whole and in order, however it is cut."""

import time
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.llm.base import Chunk, Usage
from rag.llm.patience import HOSTED, Clock
from rag.llm.relay import relay

texts = st.lists(st.text(max_size=3), max_size=8)


def received(*items, wait=0.0):
    """Return what comes of chunks, and of an exception in place of the end."""

    def read(_):
        for item in items:
            time.sleep(wait)
            if isinstance(item, Exception):
                raise item
            yield item

    found, failure = [], None
    try:
        with closing(relay(read, Clock(HOSTED))) as chunks:
            for chunk in chunks:
                found.append(chunk)
    except OSError as error:
        failure = error
    return found, failure


@given(texts, st.sampled_from(["", "stop", "length"]))
def test_of_a_stream_the_text_and_the_finish_arrive(parts, finish):
    chunks = [Chunk(part) for part in parts]
    end = [Chunk(finish=finish), Chunk(usage=Usage(3, len(parts)))] if finish else []
    found, failure = received(*chunks, *end)
    assert "".join(chunk.text for chunk in found) == "".join(parts)
    assert [chunk.finish for chunk in found if chunk.finish] == [finish] * bool(finish)
    assert [chunk.usage for chunk in found if chunk.usage] == [Usage(3, len(parts))] * bool(finish)
    assert failure is None


@given(texts)
def test_a_failure_comes_behind_the_text_before_it(parts):
    found, failure = received(*map(Chunk, parts), OSError("gone"))
    assert "".join(chunk.text for chunk in found) == "".join(parts)
    assert str(failure) == "gone"


def test_words_that_come_quickly_are_handed_over_together():
    found, _ = received(*[Chunk("字")] * 60, wait=0.005)
    assert "".join(chunk.text for chunk in found) == "字" * 60
    assert len(found) < 30


def test_the_first_word_does_not_wait_for_the_second():
    def read(_):
        yield Chunk("first")
        time.sleep(0.5)
        yield Chunk("second")

    with closing(relay(read, Clock(HOSTED))) as chunks:
        assert next(chunks).text == "first"


@pytest.mark.parametrize("count", [0, 1])
def test_a_stream_ends(count):
    assert received(*[Chunk("a")] * count) == ([Chunk("a")] * count, None)
