"""A stream that is read in a thread, so that limits hold and a reader can leave at any time.

What blocks (the lookup of a name, a silent server) blocks the thread; the reader gets an empty
chunk each second instead, and whoever shows the answer notices there that nobody looks any more.
"""

import queue
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from typing import Any

from rag.llm.base import Chunk
from rag.llm.breaker import Trial
from rag.llm.patience import Clock, RanOut

HEARTBEAT = 1.0  # seconds; a connection is to be closed 2 s after its reader has left
# Seconds in which both ends collect what arrives: a model writes a word each 30 ms, and on a busy
# page whoever takes a word waits for the turns of all threads.
PAUSE = 0.1
# Seconds to wait for the thread once its connection is shut. Only a thread that is still looking up
# a name or connecting is left behind; it ends when that ends, 5 s later at most for a connection.
_FAREWELL = 0.5
_CONNECTED = ("connect_tcp.complete", "start_tls.complete")


class Line:
    """What the reader and the thread that reads the server share."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.stopped = threading.Event()
        self.trial: Trial | None = None  # the request under way
        self._sockets: list[socket.socket] = []

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Take note of a connection: httpx2 reports it here when it is given as "trace"."""
        if event.endswith(_CONNECTED):
            self._sockets.append(info["return_value"].get_extra_info("socket"))
            if self.stopped.is_set():
                self.stop()

    def stop(self) -> None:
        """End the thread: a socket that is shut wakes who waits for it; closed, it would not."""
        self.stopped.set()
        for connection in self._sockets:
            with suppress(OSError):  # already shut
                # Not the method of ssl.SSLSocket, which takes its state from under the reader.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


Item = Chunk | Exception | None


def relay(read: Callable[[Line], Iterator[Chunk]], clock: Clock) -> Generator[Chunk, None, None]:
    """Yield what `read` yields in a thread, and an empty chunk each second in which nothing comes.

    Raises RanOut when the clock has run out, and whatever `read` raises.
    """
    line = Line(clock)
    arrived: queue.SimpleQueue[Item] = queue.SimpleQueue()
    thread = threading.Thread(
        target=_run, args=(read, line, arrived), name="language-model", daemon=True
    )
    thread.start()
    try:
        for item in _read(arrived, line):
            if item is None:
                break
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        line.stop()
        thread.join(_FAREWELL)


def _read(arrived: "queue.SimpleQueue[Item]", line: Line) -> Iterator[Item]:
    """Yield what arrives; of what came in one pause, the texts as one chunk."""
    while True:
        items = [_next(arrived, line)]
        until = time.monotonic() + PAUSE
        while not arrived.empty():
            items.append(arrived.get_nowait())
        yield from _joined(items)
        time.sleep(max(0.0, until - time.monotonic()))


def _joined(items: Iterable[Item]) -> list[Item]:
    joined: list[Item] = []
    for item in items:
        last = joined[-1] if joined else None
        if isinstance(item, Chunk) and isinstance(last, Chunk) and not last.finish:
            usage = item.usage or last.usage
            joined[-1] = Chunk(last.text + item.text, item.finish, usage)
        else:
            joined.append(item)
    return joined


def _next(arrived: "queue.SimpleQueue[Item]", line: Line) -> Item:
    try:
        return arrived.get(timeout=max(0.0, min(HEARTBEAT, line.clock.left())))
    except queue.Empty:
        try:
            line.clock.check()
        except RanOut as error:
            if line.trial:
                line.trial.failed(str(error))
            raise
        return None if line.clock.done and line.clock.left() <= 0 else Chunk()


def _run(
    read: Callable[[Line], Iterator[Chunk]], line: Line, arrived: "queue.SimpleQueue[Item]"
) -> None:
    try:
        for chunk in read(line):
            if line.stopped.is_set():
                break
            arrived.put(chunk)
        arrived.put(None)
    except Exception as error:
        # Raised again on the other side.
        arrived.put(error)
