"""What gradio gives out as secrets, made useless to anyone but the visitor who was given it.

Gradio lets whoever names a session, an event or a file have what belongs to it. Here the name of a
session, which the browser chooses, is replaced by a code of visitor and name, so that two visitors
never mean the same session. Events and files are remembered when a visitor is told of them; what
was not told, or is forgotten, is refused.
"""

import hmac
import json
import re
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from index.errors import YinzhengError
from page.access import Recent
from rag.errors import LimitReached

# Handles of one visitor, and visitors, that are remembered; some 150 bytes each.
_HANDLES, _VISITORS = 500, 1_000
# Open at once for one visitor; a tab has two. Beyond so many of all visitors, who has a FEW gets no
# more, and beyond twice as many nobody does: systems give a process 1,024 files.
STREAMS, ALL_STREAMS, FEW = 32, 400, 4
# Begun by one visitor within a minute: each page that is loaded is one, and takes 0.2 MB.
SESSIONS = 60
# Of one visitor, under way or not yet fetched: gradio refuses everybody while 40 wait, and keeps
# what comes of those that nobody listens to. A page that is loaded begins four.
EVENTS = 24
_EVENT_SECONDS = 600.0  # after which an event no longer counts, whatever became of it
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
# As JSON is written, no text within a string can look so: its quotes have backslashes.
_ENDED = re.compile(rb'"event_id":\s*"([0-9a-f]{32})"')
_FILE = re.compile(rb'"path":\s*("(?:[^"\\]|\\.)*")', re.DOTALL)


class NotYours(YinzhengError):
    """A session, an event or a file is not the visitor's."""


class Sessions:
    """Who was given what. For one event loop: it has no lock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing: what gradio gave out is gone as well when it starts."""
        self._clock, self._begun = clock, Recent(60.0, clock)
        self._key = secrets.token_bytes(32)
        self._told: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()
        self._streams = Counter[str]()
        # visitor -> event -> (its session, when it began)
        self._running: dict[str, dict[str, tuple[str, float]]] = {}

    def scoped(self, visitor: str, name: object) -> str:
        """Return what a visitor's name of a session or upload is for gradio. Raises NotYours."""
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise NotYours("that is no name of a session")
        return hmac.digest(self._key, f"{visitor} {name}".encode(), "sha256").hex()

    def tell(self, visitor: str, handle: str) -> None:
        """Remember that a visitor was told of a session, an event or a file."""
        told = self._told.setdefault(visitor, OrderedDict())
        self._told.move_to_end(visitor)
        told[handle] = None
        told.move_to_end(handle)
        if len(told) > _HANDLES:
            told.popitem(last=False)
        if len(self._told) > _VISITORS:
            self._told.popitem(last=False)

    def check(self, visitor: str, handle: object) -> None:
        """Raise NotYours unless the visitor was told of it."""
        if not isinstance(handle, str) or handle not in self._told.get(visitor, ()):
            raise NotYours("that is not yours, or was too long ago: reload the page")

    def begin(self, visitor: str, session: str) -> None:
        """Remember a session, or count one that gradio names ("") itself. Raises LimitReached."""
        if not session or session not in self._told.get(visitor, ()):
            if wait := self._begun.wait(visitor, SESSIONS):
                said = f"{SESSIONS} pages were loaded within a minute: try again in {wait} s"
                raise LimitReached(said, "sessions", wait)
            self._begun.note(visitor)
        if session:
            self.tell(visitor, session)

    @contextmanager
    def streaming(self, visitor: str, handle: str = "") -> Iterator[None]:
        """Count a stream, of a session or an event, while it is open. Raises LimitReached."""
        own, all_ = self._streams[visitor], self._streams.total()
        most = STREAMS if all_ < ALL_STREAMS else FEW if all_ < 2 * ALL_STREAMS else 0
        if own >= most:
            raise LimitReached(f"{own} streams are open: close some tabs", "streams", 5)
        self._streams[visitor] += 1
        try:
            yield
        finally:
            self._streams[visitor] -= 1
            if not self._streams[visitor]:
                del self._streams[visitor]
            self._let_go(visitor, handle)

    def _let_go(self, visitor: str, handle: str) -> None:
        """Count an event, or all of a session, no longer: gradio ends what nobody listens to."""
        running = self._running.get(visitor, {})
        for event in [one for one, (session, _) in running.items() if handle in (one, session)]:
            del running[event]
        if not running:
            self._running.pop(visitor, None)

    def _check_events(self, visitor: str) -> None:
        running, old = self._running.get(visitor, {}), self._clock() - _EVENT_SECONDS
        for event in [one for one, (_, begun) in running.items() if begun < old]:
            del running[event]
        if len(running) >= EVENTS:
            raise LimitReached(f"{EVENTS} events are under way: wait for them", "at_once", 5)

    # What comes and goes.

    def call(self, visitor: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a call as gradio gets them. Raises NotYours or LimitReached."""
        self._check_events(visitor)
        for path in _paths(fields):
            self.check(visitor, path)
        fields.pop("event_id", None)  # of a run that would be continued
        if fields.get("session_hash") is not None:
            fields["session_hash"] = self.scoped(visitor, fields["session_hash"])
        self.begin(visitor, fields.get("session_hash") or "")
        return fields

    def cancel(self, visitor: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a cancellation as gradio gets them. Raises NotYours."""
        self.check(visitor, fields.get("event_id"))
        self._let_go(visitor, fields["event_id"])
        return fields | {"session_hash": self.scoped(visitor, fields.get("session_hash"))}

    def hear(self, visitor: str, chunk: bytes) -> None:
        """Remember the files that a visitor is told of in a piece of JSON, and what has ended."""
        if b'"process_completed"' in chunk:
            for ended in _ENDED.finditer(chunk):
                self._let_go(visitor, ended[1].decode())
        if b'"path"' in chunk:
            for found in _FILE.finditer(chunk):
                self.tell(visitor, str(json.loads(found[1])))

    def hear_whole(self, visitor: str, body: bytes, session: str = "") -> None:
        """Remember the event, of a session, or the uploaded files that an answer names."""
        try:
            found = json.loads(body)
        except ValueError:
            return  # a refusal in plain text
        event = found.get("event_id") if isinstance(found, dict) else None
        if isinstance(event, str):
            self._running.setdefault(visitor, {})[event] = (session, self._clock())
            if len(self._running) > _VISITORS:
                del self._running[next(iter(self._running))]
        names = [event] if isinstance(found, dict) else found
        for name in names if isinstance(names, list) else []:
            if isinstance(name, str):
                self.tell(visitor, name)


def _paths(value: object) -> Iterator[object]:
    """Yield what stands under "path" anywhere in JSON: gradio takes that for files of its own."""
    rest = [value]
    while rest:
        one = rest.pop()
        if isinstance(one, dict):
            if one.get("path") is not None:
                yield one["path"]
            rest += one.values()
        elif isinstance(one, list):
            rest += one
