"""Finding evidence in processes of their own, beside the one that serves a page.

In one process Python does one thing at a time, whatever cores there are. Of what an answer costs
until its first words finding is most; elsewhere it takes no turns of the page, nor these its own.
"""

import logging
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path

from index.encoder import BundledEncoder, threads
from index.errors import YinzhengError
from index.filters import ALL, Filters
from index.library import Library
from rag.finding import Finding, LibraryFinder
from rag.types import Question
from rag.understand import understand

# Each has an encoder and the indexes, and finds evidence for ten to twenty questions a second.
_MOST = 4
_LOOKS = 0.05  # seconds between two looks whether they are ready
_log = logging.getLogger(__name__)


class FindingProcesses:
    """Finds evidence in its processes while they are there; before and after that, in this one.

    Each opens the library's folder by itself, as any reader, and so sees what is changed in it.
    They end with this process, however it ends.
    """

    def __init__(self, library: Library) -> None:
        self._library, self._here = library, LibraryFinder(library)
        self._pool: ProcessPoolExecutor | None = None

    def find(self, asked: Question, translation: str, filters: Filters) -> Finding:
        """Return the evidence for a question and, unless it is "", its translation.

        Raises QuestionError or LibraryError.
        """
        if begun := self._begun(asked, translation, filters):
            try:
                return begun.result()
            except (BrokenProcessPool, CancelledError) as error:
                self._lose(error)
        return self._here.find(asked, translation, filters)

    def start(self, rehearsed: Sequence[str], ends: threading.Event) -> None:
        """Start a process for each core, four at most; they are used once all have rehearsed.

        There are none where there is one core, nor for models that take much memory. `ends` breaks
        this off. What goes wrong is logged: then evidence is found in this process.
        """
        library = self._library
        is_light = isinstance(library.encoder, BundledEncoder) and library.reranker is None
        count = min(threads(), _MOST)
        if not is_light or count < 2:
            return
        pool = ProcessPoolExecutor(count, get_context("spawn"), _begin)
        with _uninterrupted():
            ready = [pool.submit(_rehearse, library.folder, rehearsed) for _ in range(count)]
        while not all(one.done() for one in ready) and not ends.wait(_LOOKS):
            pass
        try:
            if not ends.is_set() and all(one.result() for one in ready):
                self._pool = pool
                return
        except (YinzhengError, BrokenProcessPool) as error:
            _log.warning("evidence is found by the page itself: %s", error)
        pool.shutdown()

    def close(self) -> None:
        """End the processes."""
        pool, self._pool = self._pool, None
        if pool:
            pool.shutdown(cancel_futures=True)

    def _begun(self, asked: Question, translation: str, filters: Filters) -> Future[Finding] | None:
        pool = self._pool
        if pool is None:
            return None
        try:
            return pool.submit(_find, self._library.folder, asked, translation, filters)
        except RuntimeError as error:  # it has broken, or was closed, since
            self._lose(error)
            return None

    def _lose(self, error: Exception) -> None:
        pool, self._pool = self._pool, None
        if pool:  # of those who waited, one says so
            _log.warning("evidence is found by the page itself from now on: %s", error)
            pool.shutdown(wait=False)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C pass by processes that are started meanwhile: they end when they are told to."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# --- in each of the processes


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End at once when the other process has ended: nothing is stored here."""
    parent = parent_process()
    assert parent
    wait([parent.sentinel])
    os._exit(0)


@cache
def _finder(folder: Path) -> LibraryFinder:
    return LibraryFinder(Library(folder))


def _rehearse(folder: Path, questions: Sequence[str]) -> bool:
    finder = _finder(folder)
    for question in questions if finder.library.store.counts()[1] else ():
        finder.find(understand(question), "", ALL)
    return True


def _find(folder: Path, asked: Question, translation: str, filters: Filters) -> Finding:
    return _finder(folder).find(asked, translation, filters)
