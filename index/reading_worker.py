"""The child process that parses: files come in by standard input, documents go out, one by one.

It is started by sandbox.py and ends with it. What it parses may be hostile, so it has limits of
memory and time, knows no secrets, and speaks JSON and text, never pickles.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from index import content
from index.clean import clean
from index.content import Content
from index.errors import ReadError
from index.formats.archive import MAX_DEPTH, Allowance, BadMember, members
from index.frames import CleanDocument, Frame, Job, Mark, Note, Problem, read_job, write_frame
from index.metadata import read_metadata
from index.read import ARCHIVE, kind_of, read_file
from index.reprints import signature
from index.script import encodable
from index.types import Document

# Bytes of address space: a PDF of 650 kB was seen to take 2.9 GB.
MEMORY = 1_500 * 2**20
# LibreOffice needs more, and may raise its own limit so far.
MOST_MEMORY = 6 * 2**30
# Processor seconds for one file: the parent's clock ends a file earlier, but it may be gone.
CPU_SECONDS = 60
# Characters of one document: some five thousand pages; encoding so many takes minutes.
MOST_CHARACTERS = 5_000_000
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl
_OUTPUT = 512 * 2**20  # bytes that may be written to one file


def main() -> None:
    """Read jobs from standard input until it ends."""
    end_with_parent()
    jobs, results = sys.stdin.buffer, _own_output()
    content.heartbeat = lambda: _say(results, Mark("alive"))
    limit_memory()
    write_frame(results, Mark("ready"))
    with contextlib.suppress(BrokenPipeError):  # then nobody waits for it
        while (job := read_job(jobs)) and _send(results, job):
            pass


def end_with_parent() -> None:
    """End this process in good order, with what it has started, when its parent ends or says so.

    Elsewhere than on Linux it ends when it next has something to say.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, int(signal.SIGTERM))


def _say(results: BinaryIO, frame: Frame) -> None:
    """Send a frame and begin to count the processor's time anew, as the parent does its own."""
    write_frame(results, frame)
    limit_time()


def _send(results: BinaryIO, job: Job) -> bool:
    """Send what a file holds; tell whether this process is fit for another one."""
    limit_time()
    try:
        for frame in read_safely(job.data, job.source):
            try:
                _say(results, frame)
            except ReadError as error:  # it is too large
                _say(results, Problem(job.source, str(error)))
    except MemoryError:
        said = f"needs more than {MEMORY // 2**20:,} MB of memory to read: split it"
        write_frame(results, Problem(job.source, said))
        write_frame(results, Mark("ending"))
        return False
    write_frame(results, Mark("done"))
    return True


def _own_output() -> BinaryIO:
    """Return standard output and put nothing in its place: what a parser prints must not mix in."""
    results = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return results


def limit_memory() -> None:
    """Limit the memory and the files of this process, where the system can."""
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_OUTPUT, _OUTPUT))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_time() -> None:
    """Limit the processor time of this process from now on, where the system can."""
    with contextlib.suppress(ImportError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def read_safely(data: bytes, source: str) -> Iterator[Frame]:
    """Yield what a file holds; whatever goes wrong becomes a `Problem`."""
    try:
        yield from _read(data, source, 0, Allowance())
    except MemoryError:
        raise
    except RecursionError:
        yield Problem(source, "is nested too deeply to be read")
    except Exception as error:  # a parser's own fault must not end the others' work
        yield Problem(source, f"cannot be read: {type(error).__name__}: {encodable(str(error))}")


def _read(data: bytes, source: str, depth: int, allowance: Allowance) -> Iterator[Frame]:
    try:
        if kind_of(data, source) == ARCHIVE:
            yield from _read_archive(data, source, depth, allowance)
        else:
            yield from _documents(read_file(data, source), source)
    except ReadError as error:
        yield Problem(source, str(error))


def _read_archive(data: bytes, source: str, depth: int, allowance: Allowance) -> Iterator[Frame]:
    if depth >= MAX_DEPTH:
        raise ReadError(f"archives in archives are read {MAX_DEPTH} deep: unpack it")
    found = False
    for member in members(data, source, allowance):
        inner = f"{source}/{member.name}"
        if isinstance(member, BadMember):
            yield Problem(inner, member.reason)
        else:
            yield from _read(member.data, inner, depth + 1, allowance)
            yield Mark("alive")
        found = True
    if not found:
        raise ReadError("the archive holds no files to read")


def _documents(content: Content, source: str) -> Iterator[Frame]:
    yield from (Problem(source, problem) for problem in content.problems)
    yield from (Note(source, note) for note in content.notes)
    for document in content.documents:
        try:
            yield _cleaned(document)
        except ReadError as error:
            yield Problem(document.id, str(error))


def _cleaned(document: Document) -> CleanDocument:
    if document.media_type != "text/html":
        _check_length(len(document.raw))
    text = clean(document.raw, document.media_type, document.layout)
    _check_length(len(text.text))
    document = replace(document, metadata=read_metadata(document, text))
    return CleanDocument(document, text, signature(text.text))


def _check_length(length: int) -> None:
    """Raise ReadError for a text too long: the parent has no limits, and cuts and encodes it."""
    if length > MOST_CHARACTERS:
        raise ReadError(f"{length:,} characters are more than {MOST_CHARACTERS:,}: split it")


if __name__ == "__main__":
    main()
