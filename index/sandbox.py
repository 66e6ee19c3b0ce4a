"""Reading in child processes: a file that crashes, hangs or swells its parser harms nothing else.

As many processes as there are cores read ahead of the encoder. Each lives on from file to file
and is replaced when a file has broken it.
"""

import atexit
import os
import queue
import select
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from index.frames import (
    HEAD_SIZE,
    CleanDocument,
    Frame,
    Job,
    Mark,
    Note,
    Problem,
    frame_size,
    read_frame,
    write_job,
)

# Seconds a file may take, from one sign of life to the next; each member of an archive is one.
SECONDS = 25.0
# Seconds for all the members of an archive, or all the pages that are recognised.
MOST_SECONDS = 900.0
# Seconds until a new process has loaded its parsers, on a busy machine.
_START_SECONDS = 60.0
# Files read ahead of the one that is waited for, for each process.
_AHEAD = 2
# What a process that parses hostile files is to know of the environment: nothing that is secret.
_ENVIRONMENT = frozenset(
    "PATH HOME LANG LC_ALL LC_CTYPE TMPDIR TEMP TMP SYSTEMROOT VIRTUAL_ENV TZ".split()  # noqa: SIM905
)
_READER = (sys.executable, "-m", "index.reading_worker")
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file. Documents are unpacked when asked for: there may be many."""

    source: str
    frames: tuple[tuple[bytes, int], ...]
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]
    whole: bool = True  # the reader came to the end of it

    def documents(self) -> Iterator[CleanDocument]:
        """Yield the documents that the file holds, cleaned."""
        for body, said in self.frames:
            frame = read_frame(body, said)
            if isinstance(frame, CleanDocument):
                yield frame


class _Ended(Exception):
    """The process ended, or had to be ended; its text says why."""


class _Worker:
    """One reading process, started when it is first needed."""

    def __init__(self, seconds: float, command: Sequence[str]) -> None:
        self.seconds, self.command = seconds, command
        self.process: subprocess.Popen[bytes] | None = None
        self.files = 0  # that this process has read

    def read(self, job: Job) -> Outcome:
        """Return what a file holds. Its reader's death is a problem like any other.

        What an earlier file did to the process is not this one's fault: it gets a fresh one.
        """
        outcome, broken = self._try(job)
        if broken and self.files:
            self.close()
            outcome, broken = self._try(job)
        self.files += 1
        if broken:
            self.close()
        return outcome

    def _try(self, job: Job) -> tuple[Outcome, bool]:
        bodies: list[tuple[bytes, int]] = []
        problems: list[Problem] = []
        notes: list[Note] = []
        broken, whole = False, True
        try:
            for body, said, frame in self._frames(job):
                if isinstance(frame, CleanDocument):
                    bodies.append((body, said))
                elif isinstance(frame, Problem):
                    problems.append(frame)
                elif isinstance(frame, Note):
                    notes.append(frame)
                elif frame.kind == "ending":
                    broken, whole = True, False
        except TimeoutError as error:
            self.close()  # a second try would take as long
            whole = False
            problems.append(Problem(job.source, str(error)))
        except (_Ended, OSError, ValueError, TypeError, KeyError) as error:
            broken, whole = True, False
            problems.append(Problem(job.source, f"its reader ended: {error}"))
        return Outcome(job.source, tuple(bodies), tuple(problems), tuple(notes), whole), broken

    def _frames(self, job: Job) -> Iterator[tuple[bytes, int, Frame]]:
        process = self._started()
        assert process.stdin
        write_job(process.stdin, job)  # type: ignore[arg-type]
        last = time.monotonic() + MOST_SECONDS
        while True:
            body, said = self._receive(min(time.monotonic() + self.seconds, last))
            frame = read_frame(body, said)
            yield body, said, frame
            if isinstance(frame, Mark) and frame.kind in ("done", "ending"):
                return

    def _started(self) -> subprocess.Popen[bytes]:
        if self.process is None or self.process.poll() is not None:
            self.close()
            self.process = _start(self.command)
            self._receive(time.monotonic() + _START_SECONDS)  # its "ready"
        return self.process

    def _receive(self, deadline: float) -> tuple[bytes, int]:
        total, said = frame_size(self._bytes(HEAD_SIZE, deadline))
        return self._bytes(total, deadline), said

    def _bytes(self, count: int, deadline: float) -> bytes:
        assert self.process
        assert self.process.stdout
        pipe = self.process.stdout.fileno()
        parts = bytearray()
        while len(parts) < count:
            _wait_for(pipe, deadline, self.seconds)
            part = os.read(pipe, min(count - len(parts), 1 << 20))
            if not part:
                raise _Ended(_how_it_ended(self.process))
            parts += part
        return bytes(parts)

    def close(self) -> None:
        """End the process, and whatever it has started itself."""
        process, self.process, self.files = self.process, None, 0
        if process is None:
            return
        _kill(process)
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()
        process.wait()


def _wait_for(pipe: int, deadline: float, seconds: float) -> None:
    if not select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
        raise TimeoutError(f"took more than {seconds:.0f} s to read: split it, or save it as text")


def _how_it_ended(process: subprocess.Popen[bytes]) -> str:
    try:
        code = process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        return "it closed its output"
    if code == -9:
        return "the system ended it, perhaps for want of memory: split the file"
    if code < 0:
        # Libraries in C abort (6) or read what is not there (11) when memory is not to be had.
        return f"it crashed (signal {-code}), perhaps for want of memory: split the file"
    return f"it stopped with code {code}"


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parents[1])
    known = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT}
    # What the parent can import, the child can: from an installation or a source tree.
    known |= {"PYTHONPATH": root, "PYTHONIOENCODING": "utf-8", "HF_HUB_OFFLINE": "1"}
    known |= dict.fromkeys(_ONE_THREAD, "1")
    debug = bool(os.environ.get("YINZHENG_DEBUG"))
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if debug else subprocess.DEVNULL,
        env=known,
        start_new_session=True,  # so that it can be ended together with what it starts
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, 9)
        else:
            process.kill()


class ReadingPool:
    """Reads files in child processes, several at a time, and returns them in order."""

    def __init__(
        self, workers: int = 0, seconds: float = SECONDS, command: Sequence[str] = _READER
    ) -> None:
        """`workers` 0 means one for each core that this process may use."""
        self.workers = workers or _cores()
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        self._all = [_Worker(seconds, command) for _ in range(self.workers)]
        for worker in reversed(self._all):
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="read")

    def __enter__(self) -> "ReadingPool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes, at work or not."""
        for worker in self._all:
            worker.close()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def read(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """Yield what becomes of each file, in the order given; a few are read ahead."""
        waiting: deque[Future[Outcome]] = deque()
        try:
            for job in jobs:
                waiting.append(self._threads.submit(self._read_one, job))
                if len(waiting) > _AHEAD * self.workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            self._abandon(waiting)

    def _abandon(self, waiting: Iterable[Future[Outcome]]) -> None:
        """Let go of what nobody waits for any more: an interrupted user must not wait for it."""
        if any([not future.cancel() and not future.done() for future in waiting]):
            for worker in self._all:
                worker.close()

    def _read_one(self, job: Job) -> Outcome:
        worker = self._idle.get()
        try:
            return worker.read(job)
        finally:
            self._idle.put(worker)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def shared_pool() -> ReadingPool:
    """Return the pool of this process, which lives as long: starting a reader takes a second."""
    pool = ReadingPool()
    atexit.register(pool.close)
    return pool
