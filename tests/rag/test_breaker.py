"""The breaker of a provider, by a clock that the test turns."""

import threading

import pytest

from rag.errors import LanguageModelUnavailable, Trouble
from rag.llm.breaker import Breaker, provider


class Watch:
    now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def breaker(watch) -> Breaker:
    return Breaker("model.example", failures=5, rest=30, now=watch)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.admit().failed("500: no")


def is_open(breaker: Breaker) -> bool:
    try:
        breaker.admit().abandoned()
    except LanguageModelUnavailable:
        return True
    return False


def test_four_failures_in_a_row_leave_it_closed_and_five_open_it(breaker) -> None:
    fail(breaker, 4)
    assert not is_open(breaker)
    fail(breaker, 1)
    assert is_open(breaker)


def test_a_success_begins_the_count_anew(breaker) -> None:
    fail(breaker, 4)
    breaker.admit().succeeded()
    fail(breaker, 4)
    assert not is_open(breaker)


def test_it_says_what_failed_and_when_it_asks_again(breaker, watch) -> None:
    fail(breaker, 5)
    watch.now += 10
    with pytest.raises(LanguageModelUnavailable, match=r"model\.example.*500: no.* 20 s") as caught:
        breaker.admit()
    assert caught.value.trouble is Trouble.PAUSED


def test_after_the_rest_one_may_try_and_the_others_wait(breaker, watch) -> None:
    fail(breaker, 5)
    watch.now += 30
    trial = breaker.admit()
    assert is_open(breaker)
    trial.succeeded()
    assert not is_open(breaker)
    fail(breaker, 4)
    assert not is_open(breaker), "the count began anew"


def test_a_failed_trial_opens_it_for_another_rest(breaker, watch) -> None:
    fail(breaker, 5)
    watch.now += 30
    breaker.admit().failed("again")
    watch.now += 29
    assert is_open(breaker)
    watch.now += 1
    assert not is_open(breaker)


def test_a_trial_that_nobody_waited_for_lets_another_try(breaker, watch) -> None:
    fail(breaker, 5)
    watch.now += 30
    breaker.admit().abandoned()
    breaker.admit().succeeded()
    assert not is_open(breaker)


def test_the_first_verdict_counts(breaker) -> None:
    for _ in range(5):
        trial = breaker.admit()
        trial.failed("no")
        trial.succeeded()
        trial.abandoned()
    assert is_open(breaker)


def test_failures_that_come_together_open_it_and_one_trial_is_let_through(breaker, watch) -> None:
    trials = [breaker.admit() for _ in range(8)]
    for trial in trials:
        trial.failed("no")
    watch.now += 30
    admitted = []

    def ask() -> None:
        try:
            admitted.append(breaker.admit())
        except LanguageModelUnavailable:
            return

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) == 1


def test_a_host_has_one_breaker_whatever_its_letters() -> None:
    assert provider("Model.Example:8000") is provider("model.example:8000")
    assert provider("model.example:8000") is not provider("model.example:8001")
