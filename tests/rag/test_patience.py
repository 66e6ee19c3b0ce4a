"""The time that a call has, by a clock that the test turns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import Trouble
from rag.llm.patience import HOSTED, LOCAL, Clock, Patience, RanOut, is_local

PATIENCE = Patience(first_token=15, start=25, thinking=60, read=10, whole=120, slowest=2)


class Watch:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def ran_out(clock: Clock) -> Trouble:
    with pytest.raises(RanOut) as caught:
        clock.check()
    return caught.value.trouble


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def clock(watch) -> Clock:
    return Clock(PATIENCE, watch)


def test_a_silent_server_has_its_time_and_no_more(clock, watch) -> None:
    assert clock.left() == 15
    watch.now += 14.9
    clock.check()
    watch.now += 0.1
    assert ran_out(clock) is Trouble.SILENT


def test_all_requests_together_have_to_start_in_time(clock, watch) -> None:
    for _ in range(4):
        watch.now += 6
        clock.attempt()
        assert clock.left() <= 25 - (watch.now - 1000)
    watch.now += 1
    assert ran_out(clock) is Trouble.SILENT


def test_a_wait_for_the_next_request_is_no_silence(clock, watch) -> None:
    clock.attempt(after=8)
    assert clock.left() == 23
    assert clock.left_to_start() == 25


def test_text_gives_the_time_between_two_pieces(clock, watch) -> None:
    watch.now += 14
    clock.text(1)
    assert clock.left() == 10
    watch.now += 9.9
    clock.text(100)
    assert clock.left() == pytest.approx(10)
    watch.now += 10.1
    assert ran_out(clock) is Trouble.SILENT


def test_a_token_in_five_seconds_is_too_slow(clock, watch) -> None:
    clock.text(2)
    for _ in range(100):
        watch.now += 5
        if clock.left() <= 0:
            break
        clock.text(2)
    assert ran_out(clock) is Trouble.SLOW
    assert watch.now <= 1000 + 15


def test_a_local_model_may_write_a_character_a_second(watch) -> None:
    clock = Clock(LOCAL, watch)
    for _ in range(119):
        clock.text(1)
        watch.now += 1
        clock.check()


@given(st.lists(st.tuples(st.floats(0, 9.9), st.integers(1, 500)), max_size=200))
def test_whatever_comes_there_is_an_end(pieces) -> None:
    watch = Watch()
    clock = Clock(PATIENCE, watch)
    for pause, characters in pieces * 50:
        watch.now += pause or 0.5
        if clock.left() <= 0:
            break
        clock.text(characters)
    assert watch.now <= 1000 + PATIENCE.whole + 10


def test_reasoning_is_waited_for_but_not_for_ever(clock, watch) -> None:
    for _ in range(100):
        watch.now += 5
        if clock.left() <= 0:
            break
        clock.thought()
    assert 1000 + 60 <= watch.now <= 1000 + 70
    assert ran_out(clock) is Trouble.SILENT


def test_reasoning_that_stops_is_silence(clock, watch) -> None:
    clock.thought()
    watch.now += 10
    assert ran_out(clock) is Trouble.SILENT


def test_behind_the_finish_mark_nothing_is_a_fault(clock, watch) -> None:
    clock.text(1)
    clock.finished()
    assert clock.left() < 1
    watch.now += 500
    clock.check()


def test_without_text_a_hosted_call_is_over_before_thirty_seconds() -> None:
    assert HOSTED.first_token < HOSTED.start < 30
    assert HOSTED.connect * (1 + HOSTED.retries) < HOSTED.start
    assert HOSTED.longest_retry_after < HOSTED.start
    # A stream as slow as can be and too slow: to its first text, and what it buys by its start.
    assert HOSTED.first_token + HOSTED.read < 30


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("models.localhost", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("fe80::1%eth0", True),
        ("10.0.0.5", True),
        ("172.16.3.4", True),
        ("192.168.0.9", True),
        ("vllm", True),
        ("host.docker.internal", True),
        ("172.32.0.1", False),
        ("8.8.8.8", False),
        ("2001:4860:4860::8888", False),
        ("api.openai.com", False),
        ("localhost.example.com", False),
    ],
)
def test_hosts_of_ones_own_are_told_by_name_or_number(host, local) -> None:
    assert is_local(host) is local
