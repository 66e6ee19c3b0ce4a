"""The twelve faults of a server: each ends, is marked, shows no key, and leaves nothing behind."""

import gc
import logging
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from fault_server import (
    DONE,
    Mode,
    Server,
    free_address,
    headers_only,
    modes,
    piece,
    repeated,
    serving,
    silent,
    status,
    stream,
)
from tenacity import RetryCallState, Retrying

from rag.answer import PromptedAnswerer
from rag.errors import (
    LanguageModelCut,
    LanguageModelError,
    LanguageModelUnavailable,
    Trouble,
)
from rag.llm.base import Chunk, Message
from rag.llm.breaker import provider
from rag.llm.failures import retry_after, wait_for
from rag.llm.openai_compatible import OpenAICompatible
from rag.llm.patience import HOSTED, Clock, Patience
from rag.llm.relay import Line
from rag.messages import message
from rag.understand import understand

KEY = "sk-secret-0123456789abcdef"
QUESTION = understand("奖励多少？")
ASKED = [Message("user", "奖励多少？")]
TOKENS = ["东莞", "最高", "200万元", "[1]。", "佛山", "最高", "300万元", "[1]。"]
WHOLE = "".join(TOKENS)
GOOD = stream(*map(piece, TOKENS), piece(finish="stop"), DONE)
MODES = modes(TOKENS, pause=0.15, retry_after=0.02)
# Limits hold for what never comes or drips only: a busy machine must not run into the others.
PATIENT = Patience(first_token=60, start=60, read=60, whole=120, backoff=0.01, longest_backoff=0.02)
HASTY = replace(PATIENT, first_token=0.3)
DRIPPED = replace(PATIENT, read=0.3, slowest=100)
WAITS_FOR_TEXT = ("2 accepts, then silent", "3 headers, then silent", "11 endless, only comments")


def patience_for(mode: Mode) -> Patience:
    if mode.name in WAITS_FOR_TEXT:
        return HASTY
    return DRIPPED if mode.name.startswith("4") else PATIENT


@dataclass(frozen=True)
class Outcome:
    text: str
    error: LanguageModelError | None
    requests: int


def asked(address: str, patience: Patience) -> OpenAICompatible:
    return OpenAICompatible("m", address, KEY, patience)


def play(mode: Mode, patience: Patience | None = None) -> Outcome:
    """Ask a server with a fault, and wait until all that hangs on it has ended."""
    patience = patience or patience_for(mode)
    if not mode.replies:
        return outcome(asked(free_address(), patience), [])
    with serving(*mode.replies) as server:
        return outcome(asked(server.address, patience), server.seen)


def outcome(model: OpenAICompatible, seen: list) -> Outcome:
    written = []
    try:
        for text in PromptedAnswerer(model).draft(QUESTION, ()):
            written.append(text)
    except LanguageModelError as error:
        return Outcome("".join(written), error, len(seen))
    return Outcome("".join(written), None, len(seen))


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_each_fault_ends_whole_or_marked(mode, caplog) -> None:
    caplog.set_level(logging.INFO, logger="rag")
    caplog.set_level(logging.WARNING)
    found = play(mode)
    if mode.whole:
        assert (found.text, found.error) == (WHOLE, None)
    elif mode.text:
        assert isinstance(found.error, LanguageModelCut)
        assert found.text
        assert len(found.text) <= 2_001
    else:
        assert isinstance(found.error, LanguageModelUnavailable)
        assert not found.text
    assert found.requests <= 3
    assert len(caplog.records) <= 1
    said = f"{found.error} {caplog.text}"
    assert "\n" not in str(found.error)
    assert not [KEY[i : i + 5] for i in range(len(KEY) - 4) if KEY[i : i + 5] in said]


def test_there_are_twelve_kinds() -> None:
    assert {mode.name.partition(" ")[0] for mode in MODES} == {str(n) for n in range(1, 13)}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("5 cut after some tokens", "东莞最高200万元[1]。"),
        ("6 cut inside a character", "东莞最高200万元[1]。"),
        ("6 cut inside JSON", "东莞最高200万元[1]。"),
        ("7 [DONE] without a finish mark", "东莞最高200万元[1]。"),
        ("12 finish_reason length", "东莞最高200万元[1]。"),
        ("11 endless", ""),
    ],
)
def test_what_was_complete_is_kept(name, kept) -> None:
    (mode,) = (mode for mode in MODES if mode.name == name)
    assert play(mode).error.kept == kept


# Nothing is left.


def left_open() -> tuple[int, set[str]]:
    gc.collect()
    return len(os.listdir("/proc/self/fd")), {thread.name for thread in threading.enumerate()}


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files are counted in /proc")
@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.exhaustive)])
def test_no_thread_and_no_socket_is_left_after_many_rounds(rounds: int) -> None:
    kinds: dict[str, list[Mode]] = {}
    for mode in MODES:
        if "10 MB" not in mode.name:  # it only takes longer
            kinds.setdefault(mode.name.partition(" ")[0], []).append(mode)
    short = replace(PATIENT, backoff=0.001, longest_backoff=0.001)
    fast = {
        name: replace(short, first_token=0.02, read=0.02, slowest=1000)
        for name in (*WAITS_FOR_TEXT, "4 one token in 5 s")
    }

    def play_round(n: int) -> None:
        for forms in kinds.values():
            mode = forms[n % len(forms)]
            play(mode, fast.get(mode.name, short))

    play_round(0)  # the first time opens what stays open
    files, threads = left_open()
    for n in range(rounds):
        play_round(n)
    files_after, threads_after = left_open()
    assert files_after <= files
    assert threads_after <= threads


# A reader who leaves.


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def leave(server: Server, chunks) -> None:
    """Close a stream and see that its connection ends within the time that is promised."""
    begun = time.monotonic()
    chunks.close()
    assert server.wait_until_free(2 - (time.monotonic() - begun))


def test_a_reader_who_leaves_a_stream_closes_the_connection(server) -> None:
    server.replies[:] = [repeated(piece("没完没了"))]
    chunks = asked(server.address, PATIENT).stream(ASKED)
    assert next(chunks).text
    leave(server, chunks)


@pytest.mark.parametrize("reply", [silent, headers_only, repeated(": alive\n\n", 0.01)])
def test_a_reader_can_leave_while_nothing_comes(server, reply, monkeypatch) -> None:
    monkeypatch.setattr("rag.llm.relay.HEARTBEAT", 0.05)
    server.replies[:] = [reply]
    chunks = asked(server.address, PATIENT).stream(ASKED)
    while not server.seen:
        assert next(chunks) == Chunk(), "signs of life come before any text"
    leave(server, chunks)


def test_a_reader_can_leave_while_it_is_waited_for_another_attempt(server, monkeypatch) -> None:
    monkeypatch.setattr("rag.llm.relay.HEARTBEAT", 0.05)
    server.replies[:] = [status(429, **{"Retry-After": "15"}), GOOD]
    chunks = asked(server.address, PATIENT).stream(ASKED)
    while not server.seen:
        next(chunks)
    leave(server, chunks)
    assert "language-model" not in {thread.name for thread in threading.enumerate()}
    assert len(server.seen) == 1


def test_who_leaves_is_no_failure_of_the_server(server, monkeypatch) -> None:
    monkeypatch.setattr("rag.llm.relay.HEARTBEAT", 0.01)
    server.replies[:] = [silent]
    for n in range(1, 7):
        chunks = asked(server.address, PATIENT).stream(ASKED)
        while len(server.seen) < n:
            next(chunks)
        chunks.close()
    server.replies[:] = [GOOD]
    assert outcome(asked(server.address, PATIENT), server.seen).error is None


# Attempts.


def test_a_server_that_fails_is_asked_three_times_at_most(server) -> None:
    server.replies[:] = [status(503)]
    assert outcome(asked(server.address, PATIENT), server.seen).requests == 3


def test_a_refused_request_is_not_repeated(server) -> None:
    for code in (400, 401, 403, 404, 422):
        server.replies[:] = [status(code), GOOD]
        server.seen.clear()
        found = outcome(asked(server.address, PATIENT), server.seen)
        assert (found.requests, found.error.trouble) == (1, Trouble.REFUSED)


def test_who_asks_for_a_long_wait_is_not_asked_again(server) -> None:
    server.replies[:] = [status(429, **{"Retry-After": "21"}), GOOD]
    found = outcome(asked(server.address, HOSTED), server.seen)
    assert (found.requests, found.error.trouble) == (1, Trouble.BUSY)


def test_a_wait_that_leaves_no_time_to_start_is_not_begun(server) -> None:
    server.replies[:] = [status(429, **{"Retry-After": "19"}), GOOD]
    found = outcome(asked(server.address, replace(HOSTED, start=18)), server.seen)
    assert (found.requests, found.error.trouble) == (1, Trouble.BUSY)


def test_the_wait_for_another_attempt_is_not_taken_for_silence() -> None:
    clock = Clock(replace(HOSTED, first_token=15, start=25), lambda: 0.0)
    retrying = asked("http://127.0.0.1:9/v1", HOSTED)._retrying(Line(clock))
    state = RetryCallState(retrying, None, (), {})
    state.upcoming_sleep = 8
    retrying.before_sleep(state)
    assert clock.left() == 8 + 15


def waits(attempt: int) -> list[float]:
    """Return waits after a failed attempt, from 1."""
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = attempt
    state.set_exception((ValueError, ValueError("no"), None))
    return [wait_for(HOSTED)(state) for _ in range(200)]


@pytest.mark.parametrize(
    ("attempt", "most"), [(1, 0.5), (2, 1), (3, 2), (4, 4), (5, 8), (6, 8), (60, 8)]
)
def test_waits_are_drawn_from_all_the_time_up_to_twice_the_last(attempt, most) -> None:
    drawn = waits(attempt)
    assert 0 <= min(drawn) < 0.2 * most
    assert 0.8 * most < max(drawn) <= most


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("-3", 0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date(said, seconds) -> None:
    assert retry_after({"retry-after": said}) == seconds


# What the calls of one provider share.


def test_a_storm_of_429_is_stopped_by_the_breaker(server) -> None:
    server.replies[:] = [status(429)]
    found = [outcome(asked(server.address, PATIENT), []) for _ in range(50)]
    assert len(server.seen) == 5
    assert all(one.error.trouble in (Trouble.BUSY, Trouble.PAUSED) for one in found)
    assert found[-1].error.trouble is Trouble.PAUSED
    assert "429" in str(found[-1].error)


def test_a_server_that_breaks_off_every_answer_is_left_alone(server) -> None:
    server.replies[:] = [modes(TOKENS)[4].replies[0]]
    for _ in range(8):
        found = outcome(asked(server.address, PATIENT), server.seen)
    assert len(server.seen) == 5
    assert found.error.trouble is Trouble.PAUSED


def test_a_server_that_is_silent_is_left_alone(server) -> None:
    server.replies[:] = [silent]
    for _ in range(7):
        found = outcome(asked(server.address, replace(HASTY, first_token=0.05)), server.seen)
    assert found.error.trouble is Trouble.PAUSED


def test_requests_that_the_server_refuses_do_not_open_the_breaker(server) -> None:
    server.replies[:] = [status(401)]
    for _ in range(8):
        outcome(asked(server.address, PATIENT), [])
    assert len(server.seen) == 8


def test_many_visitors_do_not_flood_a_provider(server) -> None:
    together = threading.Barrier(4)  # as many come as may, however busy this machine is
    under_way: list[int] = []
    counts: list[int] = []

    def slowly(handler) -> None:
        under_way.append(1)
        counts.append(len(under_way))
        together.wait(60)
        under_way.pop()  # before the end is sent: only then may another come
        GOOD(handler)

    server.replies[:] = [slowly]
    found: list[Outcome] = []

    def ask() -> None:
        found.append(outcome(asked(server.address, PATIENT), []))

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.text for one in found] == [WHOLE] * 12
    assert max(counts) == 4


def test_who_gets_no_turn_is_told_so_and_no_slot_is_lost(server, monkeypatch) -> None:
    monkeypatch.setattr("rag.llm.openai_compatible.HEARTBEAT", 0.05)
    monkeypatch.setattr("rag.llm.relay.HEARTBEAT", 0.05)
    server.replies[:] = [silent, silent, silent, silent, GOOD]
    taken = []
    for n in range(1, 5):
        chunks = asked(server.address, PATIENT).stream(ASKED)
        while len(server.seen) < n:
            next(chunks)
        taken.append(chunks)
    found = outcome(asked(server.address, HASTY), server.seen)
    assert found.error.trouble is Trouble.BUSY
    for chunks in taken:
        chunks.close()
    host = server.address.split("/")[2]
    slots = provider(host).slots
    assert sum(slots.acquire(blocking=False) for _ in range(9)) == 4
    for _ in range(4):
        slots.release()
    assert outcome(asked(server.address, PATIENT), server.seen).text == WHOLE


@pytest.mark.parametrize("trouble", Trouble)
def test_each_trouble_has_its_words_in_every_language(trouble) -> None:
    said = {message(f"trouble_{trouble}", language) for language in ("zh", "zh-Hant", "en")}
    assert len(said) == 3
