"""Reading processes: whatever one file does to its reader, the others are read, in order."""

import os
import sys
import time
from pathlib import Path

import pytest

from index.frames import Job
from index.sandbox import Outcome, ReadingPool

FAKE = (sys.executable, str(Path(__file__).with_name("fake_reader.py")))


def read(*names: str, workers: int = 1, seconds: float = 20.0) -> list[Outcome]:
    with ReadingPool(workers, seconds, FAKE) as pool:
        return list(pool.read(Job(name, f"{name}的正文。".encode()) for name in names))


def texts(outcome: Outcome) -> list[str]:
    return [read.document.raw for read in outcome.documents()]


def test_outcomes_come_in_the_order_of_the_files():
    names = [f"文件{i}" for i in range(12)]
    assert [texts(outcome) for outcome in read(*names, workers=2)] == [
        [f"{n}的正文。"] for n in names
    ]


@pytest.mark.parametrize("bad", ["crashes", "babbles", "half"])
def test_a_file_that_breaks_its_reader_is_one_line_and_the_next_is_read(bad: str):
    before, broken, after = read("一", bad, "二")
    assert len(broken.problems) == 1
    assert broken.problems[0].source == bad
    assert "\n" not in broken.problems[0].reason
    assert not broken.whole
    assert texts(before) == ["一的正文。"]
    assert texts(after) == ["二的正文。"]


def test_a_file_that_takes_too_long_is_ended():
    hung, after = read("hangs", "二", seconds=1.0)
    assert "took more than 1 s" in hung.problems[0].reason
    assert not hung.whole
    assert texts(after) == ["二的正文。"]


def test_a_reader_that_gives_signs_of_life_may_take_longer_than_one_file_may():
    (slow,) = read("slow", seconds=1.0)
    assert texts(slow) == ["slow的正文。"]


def test_what_earlier_files_did_to_a_reader_is_not_the_fault_of_the_next():
    first, second = read("一", "crashes later")
    assert not second.problems
    assert texts(second) == ["crashes later的正文。"]
    assert texts(first) == ["一的正文。"]


def test_a_reader_that_gives_up_is_replaced():
    first, ended, second = read("process", "ends", "process")
    assert texts(ended) == ["ends的正文。"]
    assert first.notes[0].text != second.notes[0].text


def test_a_reader_lives_on_from_file_to_file():
    first, second = read("process", "process")
    assert first.notes == second.notes


def test_reasons_are_one_line():
    (bad,) = read("bad")
    assert bad.problems[0].reason == "two lines"
    assert bad.whole


def test_readers_know_no_secrets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("YINZHENG_API_KEY", "k")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    (outcome,) = read("secrets")
    assert "KEY" not in outcome.notes[0].text


def test_a_reader_that_is_let_go_of_is_ended():
    with ReadingPool(1, 20.0, FAKE) as pool:
        outcomes = pool.read(Job(name, "正文。".encode()) for name in ("process", "hangs"))
        process = int(next(outcomes).notes[0].text)
        begun = time.monotonic()
        outcomes.close()  # type: ignore[attr-defined]
        assert not _runs(process)
        assert time.monotonic() - begun < 15  # the file sleeps for sixty


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_files_are_read_ahead_but_not_all_at_once():
    taken = []

    def jobs():
        for i in range(20):
            taken.append(i)
            yield Job(f"文件{i}", "正文。".encode())

    with ReadingPool(1, 20.0, FAKE) as pool:
        outcomes = pool.read(jobs())
        next(outcomes)
        assert 1 < len(taken) < 10
        assert len(list(outcomes)) == 19
