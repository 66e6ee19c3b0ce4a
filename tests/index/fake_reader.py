"""A reading process that does what the name of the file says, or else just reads a text."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from index.content import make_document
from index.frames import CleanDocument, Mark, Note, Problem, read_job, write_frame
from index.offsets import identity


def main() -> None:
    jobs, results = sys.stdin.buffer, sys.stdout.buffer
    write_frame(results, Mark("ready"))
    read = 0
    while job := read_job(jobs):
        BEHAVIOURS.get(job.source, lambda *_: None)(results, read)
        if job.source == "babbles":
            continue
        if job.source == "bad":
            write_frame(results, Problem(job.source, "two\nlines"))
        else:
            document = make_document(job.source, job.data.decode(), "text/plain")
            write_frame(results, CleanDocument(document, identity(document.raw), b""))
        read += 1
        write_frame(results, Mark("ending" if job.source == "ends" else "done"))


def crash(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def babble(results: BinaryIO, _: int) -> None:
    results.write(b"\xff" * 64)
    results.flush()


def half(results: BinaryIO, _: int) -> None:
    write_frame(results, Note("half", "the first half"))
    os._exit(3)


def stubborn(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)


def orderly(*_: object) -> None:
    """End with what one has started, as the real reading process does with LibreOffice."""
    from index.reading_worker import end_with_parent  # here: it loads all parsers

    end_with_parent()
    inner = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        Path(os.environ["TMPDIR"], "inner").write_text(str(inner.pid))
        time.sleep(60)
    finally:
        inner.kill()


def deaf(results: BinaryIO, _: int) -> None:
    """Say that all is read, and never listen again."""
    write_frame(results, Mark("done"))
    time.sleep(60)


def flood(results: BinaryIO, _: int) -> None:
    """Fill the pipe before the parent asks for anything."""
    write_frame(results, Mark("done"))
    results.write(bytes(1 << 22))
    results.flush()


def close(*_: object) -> None:
    os.close(1)
    time.sleep(60)


def slow(results: BinaryIO, _: int) -> None:
    for _ in range(6):
        time.sleep(0.2)
        write_frame(results, Mark("alive"))


BEHAVIOURS: dict[str, Callable[[BinaryIO, int], object]] = {
    "hangs": lambda *_: time.sleep(60),
    "crashes": crash,
    "crashes later": lambda _, read: crash() if read else None,
    "babbles": babble,
    "half": half,
    "stubborn": stubborn,
    "orderly": orderly,
    "deaf": deaf,
    "flood": flood,
    "killed": lambda *_: os.kill(os.getpid(), signal.SIGKILL),
    "closes": close,
    "slow": slow,
    "brief": lambda *_: time.sleep(0.4),
    "secrets": lambda results, _: write_frame(results, Note("secrets", " ".join(os.environ))),
    "process": lambda results, _: write_frame(results, Note("process", str(os.getpid()))),
}


if __name__ == "__main__":
    main()
