"""A reading process that does what the name of the file says, or else just reads a text."""

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import BinaryIO

from index.clean import clean
from index.content import make_document
from index.frames import CleanDocument, Mark, Note, Problem, read_job, write_frame


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
            write_frame(results, CleanDocument(document, clean(document.raw), b""))
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
    "slow": slow,
    "secrets": lambda results, _: write_frame(results, Note("secrets", " ".join(os.environ))),
    "process": lambda results, _: write_frame(results, Note("process", str(os.getpid()))),
}


if __name__ == "__main__":
    main()
