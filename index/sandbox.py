"""Reading in child processes: a file that crashes, hangs or swells its parser harms nothing else.

As many processes as there are cores read ahead of the encoder. Each lives on from file to file
and is replaced when a file has broken it.
"""

import atexit
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from index.frames import (
    HEAD_SIZE,
    MAX_FRAME,
    CleanDocument,
    Frame,
    Job,
    Mark,
    Note,
    Problem,
    frame_size,
    job_head,
    read_frame,
)

# Seconds a file may take, from one sign of life to the next; each member of an archive is one.
SECONDS = 25.0
# Seconds for all the members of an archive, or all the pages that are recognised.
MOST_SECONDS = 900.0
# Seconds until a new process has loaded its parsers, on a busy machine.
_START_SECONDS = 60.0
# Seconds that a process has to end, with what it has started itself, before it is ended.
_GRACE = 1.0
# Files read ahead while the encoder is at work: those of a batch, were each a single passage; but
# no more, once each process has one, than fit into so many bytes, as files or as what they hold.
_AHEAD, _AHEAD_BYTES = 512, 64 * 2**20
_PART = 1 << 20  # bytes moved through a pipe at a time
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
    frames: tuple[tuple[bytearray, int], ...]
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


class _Task:
    """A file on its way through a reading process."""

    def __init__(self, job: Job) -> None:
        self.job: Job | None = job  # until it is read
        self.size = len(job.data)  # bytes; of what it holds, once it is read
        self.worker: _Worker | None = None  # that reads it
        self.unwanted = False  # nobody waits for it any more
        self.future: Future[Outcome]


class _Worker:
    """One reading process, started when it is first needed.

    Only the thread that reads with it touches its pipes; others may end its process.
    """

    def __init__(self, seconds: float, command: Sequence[str]) -> None:
        self.seconds, self.command = seconds, command
        self.process: subprocess.Popen[bytes] | None = None
        self.files = 0  # that this process has read
        self._task: _Task | None = None
        self._lock = threading.Lock()  # of the process and the task

    def read(self, task: _Task) -> Outcome:
        """Return what a file holds. Its reader's death is a problem like any other.

        What an earlier file did to the process is not this one's fault: it gets a fresh one.
        """
        assert task.job
        with self._lock:
            self._task = task
        try:
            outcome, broken = self._try(task.job)
            if broken and self.files and not task.unwanted:
                self.close()
                outcome, broken = self._try(task.job)
            self.files += 1
            if broken:
                self.close()
            return outcome
        finally:
            with self._lock:
                self._task = None

    def _try(self, job: Job) -> tuple[Outcome, bool]:
        bodies: list[tuple[bytearray, int]] = []
        problems: list[Problem] = []
        notes: list[Note] = []
        broken, whole, total = False, True, 0
        try:
            for body, said, frame in self._frames(job):
                if isinstance(frame, CleanDocument):
                    bodies.append((body, said))
                    total += len(body)
                elif isinstance(frame, Problem):
                    problems.append(frame)
                elif isinstance(frame, Note):
                    notes.append(frame)
                elif frame.kind == "ending":
                    broken, whole = True, False
                if total > MAX_FRAME:
                    raise _Ended(f"its text takes more than {MAX_FRAME:,} bytes: split the file")
        except TimeoutError as error:
            self.close()  # a second try would take as long
            whole = False
            problems.append(Problem(job.source, str(error)))
        except (_Ended, OSError, ValueError) as error:
            broken, whole = True, False
            problems.append(Problem(job.source, f"its reader ended: {error}"))
        return Outcome(job.source, tuple(bodies), tuple(problems), tuple(notes), whole), broken

    def _frames(self, job: Job) -> Iterator[tuple[bytearray, int, Frame]]:
        self._start()
        self._send(job_head(job))
        self._send(job.data)
        last = time.monotonic() + MOST_SECONDS
        while True:
            if (now := time.monotonic()) > last:
                raise TimeoutError(_too_long(MOST_SECONDS))
            body, said = self._receive(now + self.seconds)
            frame = read_frame(body, said)
            yield body, said, frame
            if isinstance(frame, Mark) and frame.kind in ("done", "ending"):
                return

    def _start(self) -> None:
        """Start a process unless there is one."""
        if self.process and self.process.poll() is None:
            return
        self.close()
        with self._lock:
            if self._task and self._task.unwanted:
                raise _Ended("nobody waits for the file")
            self.process = _process(self.command)
        try:
            self._receive(time.monotonic() + _START_SECONDS)  # its "ready"
        except TimeoutError as error:
            raise _Ended(f"it did not start within {_START_SECONDS:.0f} s") from error

    def _receive(self, deadline: float) -> tuple[bytearray, int]:
        total, said = frame_size(self._bytes(HEAD_SIZE, deadline))
        return self._bytes(total, deadline), said

    def _bytes(self, count: int, deadline: float) -> bytearray:
        assert self.process
        assert self.process.stdout
        pipe = self.process.stdout.fileno()
        found, place = bytearray(count), 0
        with memoryview(found) as view:
            while place < count:
                self._wait_for(pipe, select.POLLIN, deadline)
                size = os.readv(pipe, [view[place : place + _PART]])
                if not size:
                    raise _Ended(_how_it_ended(self.process))
                place += size
        return found

    def _send(self, data: bytes) -> None:
        """Write to the process; one that does not listen is a reader that takes too long."""
        assert self.process
        assert self.process.stdin
        pipe, place = self.process.stdin.fileno(), 0
        with memoryview(data) as view:
            while place < len(data):
                self._wait_for(pipe, select.POLLOUT, time.monotonic() + self.seconds)
                try:
                    place += os.write(pipe, view[place : place + _PART])
                except BrokenPipeError as error:
                    raise _Ended(_how_it_ended(self.process)) from error

    def _wait_for(self, pipe: int, event: int, deadline: float) -> None:
        poll = select.poll()  # unlike select(), it takes any number of open files
        poll.register(pipe, event)
        if not poll.poll(1000 * max(0.0, deadline - time.monotonic())):
            raise TimeoutError(_too_long(self.seconds))

    def signal(self, number: int, task: _Task | None = None) -> None:
        """Send a signal to the process, if it is at work on a task when one is given."""
        with self._lock:
            if self.process and (task is None or self._task is task):
                _signal(self.process, number)

    def close(self) -> None:
        """End the process, and whatever it has started itself."""
        with self._lock:
            process, self.process, self.files = self.process, None, 0
            at_work = self._task is not None
        if process is None:
            return
        if at_work and process.poll() is None:
            _signal(process, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE)
        _signal(process, signal.SIGKILL)
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()
        process.wait()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to a process and what it has started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _too_long(seconds: float) -> str:
    return f"took more than {seconds:.0f} s to read: split it, or save it as text"


def _how_it_ended(process: subprocess.Popen[bytes]) -> str:
    try:
        code = process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        return "it closed its output"
    if code == -signal.SIGKILL:
        return "the system ended it, perhaps for want of memory: split the file"
    if code == -signal.SIGXCPU:
        return "it took too much of the processor's time: split the file"
    if code < 0:
        # Libraries in C abort (6) or read what is not there (11) when memory is not to be had.
        return f"it crashed (signal {-code}), perhaps for want of memory: split the file"
    return f"it stopped with code {code}"


def _process(command: Sequence[str]) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parents[1])
    known = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT}
    # What the parent can import, the child can: from an installation or a source tree.
    known |= {"PYTHONPATH": root, "PYTHONIOENCODING": "utf-8", "HF_HUB_OFFLINE": "1"}
    known |= dict.fromkeys(_ONE_THREAD, "1")
    debug = bool(os.environ.get("YINZHENG_DEBUG"))
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if debug else subprocess.DEVNULL,
        env=known,
        bufsize=0,
        start_new_session=True,  # so that it can be ended together with what it starts
    )
    assert process.stdin
    os.set_blocking(process.stdin.fileno(), False)  # a reader that does not listen has a limit too
    return process


class ReadingPool:
    """Reads files in child processes, several at a time, and returns them in order.

    Several threads may read at once.
    """

    def __init__(
        self, workers: int = 0, seconds: float = SECONDS, command: Sequence[str] = _READER
    ) -> None:
        """`workers` 0 means one for each core that this process may use."""
        self.workers = workers or _cores()
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        self._all = [_Worker(seconds, command) for _ in range(self.workers)]
        for worker in reversed(self._all):
            self._idle.put(worker)
        self._tasks: set[_Task] = set()  # that are read or wait to be
        self._lock = threading.Lock()  # of the tasks
        self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="read")

    def __enter__(self) -> "ReadingPool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes, at work or not. Nothing can be read any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            tasks = list(self._tasks)
        self._abandon(tasks)
        self._threads.shutdown(wait=True)
        for worker in self._all:
            worker.close()

    def read(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Yield what becomes of each file, in the order given.

        Others are read ahead meanwhile, a limited number. Raises RuntimeError for a closed pool.
        """
        tasks: deque[_Task] = deque()
        try:
            for job in jobs:
                tasks.append(self._begun(job))
                # At least one comes for each that goes, so that the processes always have work.
                if tasks[0].future.done() or self._are_enough(tasks):
                    yield self._first(tasks)
                while self._are_enough(tasks):
                    yield self._first(tasks)
            while tasks:
                yield self._first(tasks)
        finally:
            self._abandon(tasks)

    def _are_enough(self, tasks: Sequence[_Task]) -> bool:
        if len(tasks) <= self.workers:
            return False
        return len(tasks) > _AHEAD or sum(task.size for task in tasks) > _AHEAD_BYTES

    def _first(self, tasks: deque[_Task]) -> Outcome:
        outcome = tasks[0].future.result()
        tasks.popleft()
        return outcome

    def _begun(self, job: Job) -> _Task:
        task = _Task(job)
        with self._lock:
            task.future = self._threads.submit(self._read_one, task)
            self._tasks.add(task)
        return task

    def _read_one(self, task: _Task) -> Outcome:
        task.worker = worker = self._idle.get()
        try:
            outcome = worker.read(task)
            task.size = sum(len(body) for body, _ in outcome.frames)
            return outcome
        finally:
            task.job = None  # its bytes are not needed any more
            with self._lock:
                self._tasks.discard(task)
            self._idle.put(worker)

    def _abandon(self, tasks: Iterable[_Task]) -> None:
        """Let go of what nobody waits for any more: an interrupted user must not wait for it."""
        at_work = []
        for task in tasks:
            task.unwanted = True
            if task.future.cancel():
                with self._lock:
                    self._tasks.discard(task)
            else:
                at_work.append(task)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for task in at_work:
                if task.worker and not task.future.done():
                    task.worker.signal(number, task)
            wait([task.future for task in at_work], _GRACE)


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
