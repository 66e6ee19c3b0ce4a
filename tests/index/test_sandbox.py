"""Reading processes: whatever one file does to its reader, the others are read, in order."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sampling import one_in

from index import sandbox
from index.frames import Job
from index.sandbox import Outcome, ReadingPool

FAKE = (sys.executable, str(Path(__file__).with_name("fake_reader.py")))


def read(*names: str, workers: int = 1, seconds: float = 20.0) -> list[Outcome]:
    with ReadingPool(workers, seconds, FAKE) as pool:
        return list(
            pool.read(Job(name, f"{name}的正文。".encode("utf-8", "replace")) for name in names)
        )


def texts(outcome: Outcome) -> list[str]:
    return [read.document.raw for read in outcome.documents()]


def test_outcomes_come_in_the_order_of_the_files():
    names = [f"文件{i}" for i in range(12)]
    assert [texts(outcome) for outcome in read(*names, workers=2)] == [
        [f"{n}的正文。"] for n in names
    ]


@pytest.mark.parametrize("bad", one_in(2, ["crashes", "killed", "half", "babbles"]))
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


def taken_when_the_first_comes(files: int, size: int) -> int:
    """Return how many of the files were asked for when the first of them was read."""
    taken = []

    def jobs():
        for i in range(files):
            taken.append(i)
            yield Job("brief" if not i else f"文件{i}", b"a" * size)

    with ReadingPool(1, 20.0, FAKE) as pool:
        outcomes = pool.read(jobs())
        next(outcomes)
        count = len(taken)
        assert len(list(outcomes)) == files - 1
    return count


def test_files_are_read_ahead_but_not_all_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sandbox, "_AHEAD", 5)
    assert taken_when_the_first_comes(20, 1) == 6


def test_large_files_wait_until_there_is_room(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sandbox, "_AHEAD_BYTES", 1000)
    assert taken_when_the_first_comes(20, 300) == 4
    assert taken_when_the_first_comes(20, 3000) == 2


def test_while_one_outcome_is_looked_at_others_are_read():
    names = [f"文件{i}" for i in range(10)]
    with ReadingPool(1, 20.0, FAKE) as pool:
        outcomes = pool.read(Job(name, "正文。".encode()) for name in ["brief", *names])
        next(outcomes)
        later = pool.read([Job("another", "正文。".encode())])
        assert texts(next(later)) == ["正文。"]  # after all ten, for they were asked for earlier
        assert not pool._tasks
        assert [outcome.source for outcome in outcomes] == names


# --- what goes wrong around the reader


def test_a_reader_that_does_not_listen_is_ended():
    large = Job("large", bytes(1 << 20))
    with ReadingPool(1, 0.5, FAKE) as pool:
        _, hung, after = pool.read([Job("deaf", b""), large, Job("二", b"text")])
    assert "took more than" in hung.problems[0].reason
    assert texts(after) == ["text"]


def test_neither_side_waits_for_the_other_when_both_pipes_are_full():
    """The reader is given a large file while it says something large itself."""
    large = Job("large", bytes(1 << 20))
    with ReadingPool(1, 0.5, FAKE) as pool:
        _, hung, after = pool.read([Job("flood", b""), large, Job("二", b"text")])
    assert len(hung.problems) == 1
    assert texts(after) == ["text"]


def test_large_files_come_through_both_ways():
    data = b"abcdefgh\n" * (1 << 15)
    with ReadingPool(1, 20.0, FAKE) as pool:
        (outcome,) = pool.read([Job("large", data)])
    assert texts(outcome) == [data.decode()]


def test_a_reader_that_closes_its_output_is_ended():
    closed, after = read("closes", "二")
    assert closed.problems
    assert texts(after) == ["二的正文。"]


def test_a_reader_that_cannot_be_started_is_a_problem_of_each_file():
    with ReadingPool(1, 20.0, [sys.executable, "-c", "raise SystemExit(7)"]) as pool:
        outcomes = list(pool.read([Job("一", b""), Job("二", b"")]))
    assert [o.problems[0].reason for o in outcomes] == [
        "its reader ended: it stopped with code 7"
    ] * 2


def test_a_program_that_is_not_there_is_a_problem_of_each_file(tmp_path: Path):
    with ReadingPool(1, 20.0, [str(tmp_path / "none")]) as pool:
        (outcome,) = pool.read([Job("一", b"")])
    assert "No such file" in outcome.problems[0].reason


def test_a_reader_that_died_while_idle_is_replaced():
    with ReadingPool(1, 20.0, FAKE) as pool:
        (first,) = pool.read([Job("process", b"a")])
        os.kill(int(first.notes[0].text), signal.SIGKILL)
        (second,) = pool.read([Job("process", b"a")])
    assert not second.problems
    assert first.notes != second.notes


def test_what_is_said_of_too_much_text_is_said_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sandbox, "MAX_FRAME", 10)
    large, after = read("一", "二")
    assert "split the file" in large.problems[0].reason
    assert len(large.problems) == len(after.problems) == 1


def test_names_that_are_no_text_are_read():
    (outcome,) = read("\udce5文件")
    assert not outcome.problems


# --- ends


def test_a_reader_that_does_not_want_to_end_is_ended():
    assert_let_go("stubborn")


def test_a_reader_ends_what_it_has_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert_let_go("orderly", tmp_path / "inner")
    wait_for_the_end_of(int((tmp_path / "inner").read_text()))


def assert_let_go(name: str, begun: Path | None = None) -> None:
    """Let go of a file that is being read; its process is gone then, and others are read."""
    with ReadingPool(1, 50.0, FAKE) as pool:
        outcomes = pool.read(Job(name, b"a") for name in ("process", name))
        process = int(next(outcomes).notes[0].text)
        while begun and not (begun.exists() and begun.read_text()):
            time.sleep(0.01)
        outcomes.close()  # type: ignore[attr-defined]
        (after,) = pool.read([Job("二", b"a")])
        assert texts(after) == ["a"]
        assert not _runs(process)


def test_letting_go_of_one_reading_leaves_another_alone():
    with ReadingPool(2, 20.0, FAKE) as pool:
        hung = pool.read([Job("一", b"a"), Job("hangs", b"a")])
        next(hung)
        slow = pool.read([Job("slow", b"a"), Job("二", b"b")])
        threading.Timer(0.3, hung.close).start()  # type: ignore[attr-defined]
        assert [texts(outcome) for outcome in slow] == [["a"], ["b"]]


def test_two_threads_read_at_once():
    with ReadingPool(2, 20.0, FAKE) as pool, ThreadPoolExecutor(2) as threads:

        def read_all(of: str) -> list[str]:
            names = [f"{of}{i}" for i in range(20)]
            jobs = (Job(name, name.encode()) for name in names)
            return [text for outcome in pool.read(jobs) for text in texts(outcome)]

        one, other = threads.map(read_all, ("甲", "乙"))
    assert one == [f"甲{i}" for i in range(20)]
    assert other == [f"乙{i}" for i in range(20)]


def test_a_closed_pool_reads_nothing():
    pool = ReadingPool(1, 20.0, FAKE)
    pool.close()
    pool.close()
    with pytest.raises(RuntimeError):
        list(pool.read([Job("一", b"a")]))


def test_a_pool_that_is_closed_while_it_reads_ends_its_processes():
    pool = ReadingPool(1, 50.0, FAKE)
    outcomes = pool.read(Job(name, b"a") for name in ("process", "hangs", "三"))
    process = int(next(outcomes).notes[0].text)
    pool.close()
    assert not _runs(process)


PARENT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs the tests may ignore it
from index.frames import Job
from index.sandbox import ReadingPool
pool = ReadingPool(1, 50.0, [sys.executable, sys.argv[1]])
outcomes = pool.read(Job(name, b"a") for name in ("process", sys.argv[2]))
print(next(outcomes).notes[0].text, flush=True)
next(outcomes)
"""


@pytest.mark.parametrize("number", one_in(3, [signal.SIGKILL, signal.SIGINT, signal.SIGTERM]))
def test_readers_end_when_their_parent_is_ended(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    if sys.platform != "linux" and number != signal.SIGINT:
        pytest.skip("elsewhere they end when they next have something to say")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = [sys.executable, "-c", PARENT, FAKE[1], "orderly"]
    root = str(Path(__file__).resolve().parents[2])
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    ) as parent:
        assert parent.stdout
        reader = int(parent.stdout.readline())
        inner_file = tmp_path / "inner"
        while not (inner_file.exists() and inner_file.read_text()):
            time.sleep(0.01)
        inner = int(inner_file.read_text())
        parent.send_signal(number)
        parent.communicate(timeout=60)
    for process in (reader, inner):
        wait_for_the_end_of(process)


def wait_for_the_end_of(process: int) -> None:
    """Wait until a process of another parent has ended. Fails after a minute."""
    for _ in range(6000):
        if not _runs(process) or _is_zombie(process):
            return
        time.sleep(0.01)
    os.kill(process, signal.SIGKILL)
    pytest.fail(f"process {process} has outlived its parent")


def _is_zombie(process: int) -> bool:
    """Tell whether a process has ended and nobody has asked how, as in a container without init."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return False
