"""What all calls of one provider share: a circuit breaker, and the number of calls at once.

Own code, as the breakers at hand do not fit a stream: pybreaker holds its lock while the protected
function runs, so that one answer is written at a time; circuitbreaker and purgatory let any number
of callers through when they try again.
"""

import threading
import time
from collections.abc import Callable

from rag.errors import LanguageModelUnavailable, Trouble

_FAILURES = 5  # in a row: one question makes up to three requests, so that two have failed by then
_REST = 30.0  # seconds; shorter than the time in which someone looks what is wrong
# Answers at once where nothing is known of a server, as llama.cpp's writes by default.
_AT_ONCE = 4


class Trial:
    """One request that the breaker let through; its first verdict counts."""

    def __init__(self, breaker: "Breaker") -> None:
        self._breaker: Breaker | None = breaker

    def succeeded(self) -> None:
        """Say that the provider works."""
        if breaker := self._settle():
            breaker.reset()

    def failed(self, reason: str) -> None:
        """Say that it does not."""
        if breaker := self._settle():
            breaker.count(reason)

    def abandoned(self) -> None:
        """Say that nobody waited to see."""
        if breaker := self._settle():
            breaker.free()

    def _settle(self) -> "Breaker | None":
        # Swapped in one step: both sides of a call may come to a verdict.
        with _SETTLING:
            breaker, self._breaker = self._breaker, None
        return breaker


_SETTLING = threading.Lock()


class Breaker:
    """Closed until several requests failed in a row, then open; after a rest one may try."""

    def __init__(
        self,
        name: str = "",
        failures: float = _FAILURES,
        rest: float = _REST,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._most, self._rest, self._now = name, failures, rest, now
        self._lock = threading.Lock()
        self._failures = 0
        self._opened: float | None = None
        self._trying = False
        self._reason = ""

    def admit(self) -> Trial:
        """Let a request through. Raises LanguageModelUnavailable while it is open."""
        with self._lock:
            if self._opened is not None:
                wait = self._opened + self._rest - self._now()
                if wait > 0 or self._trying:
                    raise self._paused(max(wait, 1.0))
                self._trying = True
        return Trial(self)

    def _paused(self, wait: float) -> LanguageModelUnavailable:
        return LanguageModelUnavailable(
            f"{self._name}: failed {self._failures} times in a row, the last time: {self._reason}; "
            f"it is asked again in {wait:.0f} s",
            Trouble.PAUSED,
        )

    def reset(self) -> None:
        """Close: a request succeeded."""
        with self._lock:
            self._failures, self._opened, self._trying = 0, None, False

    def count(self, reason: str) -> None:
        """Count a failure, and open if there were enough in a row."""
        with self._lock:
            self._failures += 1
            self._reason, self._trying = reason, False
            if self._failures >= self._most:
                self._opened = self._now()

    def free(self) -> None:
        """Let another try: a request ended without a verdict."""
        with self._lock:
            self._trying = False


class Provider:
    """One server, by host and port; after so many `failures` in a row it is left alone."""

    def __init__(self, host: str, at_once: int = _AT_ONCE, failures: float = _FAILURES) -> None:
        self.host = host
        self.breaker = Breaker(host, failures)
        self.slots = threading.BoundedSemaphore(at_once)


_PROVIDERS: dict[str, Provider] = {}
_OPENING = threading.Lock()


def provider(host: str, at_once: int = _AT_ONCE) -> Provider:
    """Return what all calls of a host share in this process; whoever calls it first says how many.

    `at_once` are the calls that may be under way.
    """
    with _OPENING:
        return _PROVIDERS.setdefault(host.casefold(), Provider(host, at_once))
