"""How long to wait for a language model: limits, and the clock of one call that keeps them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

from rag.errors import Trouble


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits of one call, in seconds unless they say otherwise.

    A call of HOSTED that gets no text is over after `start`, in time for an answer of quotations
    within 30 s of the question.
    """

    connect: float = 5.0
    first_token: float = 15.0  # after a request was sent; a silent server is not asked again
    start: float = 25.0  # to the first text, all requests and the waits between them included
    thinking: float = 60.0  # to the first text of a model that is seen to reason before it
    read: float = 10.0  # between two pieces of text
    whole: float = 120.0
    # Characters a second that the text must keep up, or every reader would have left: a stream that
    # gives a token in five seconds keeps to `read` for ever, and says two lines in two minutes.
    slowest: float = 2.0
    retries: int = 2  # further requests before the first text
    backoff: float = 0.5  # the first wait is up to this, each further one up to twice as long
    longest_backoff: float = 8.0
    longest_retry_after: float = 20.0  # a server that asks for more is not asked again


# Seconds: some servers never end a stream, and the answer is whole already.
_AFTER_FINISH = 0.5

HOSTED = Patience()
# A model on two cores reads the evidence for half a minute at first, and may write as slowly as
# a character a second when two visitors share it.
LOCAL = Patience(first_token=60.0, start=60.0, slowest=0.5)


def is_local(host: str) -> bool:
    """Tell whether a host is this machine or one of a private network, by its name or number.

    No name is looked up: one without a dot is what a private network calls its machines.
    """
    try:
        number = ip_address(host.partition("%")[0])
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))
    return number.is_loopback or number.is_private or number.is_link_local


class RanOut(Exception):  # noqa: N818, RUF100 - a limit of Patience has run out
    """A limit has run out; `trouble` and the message say which."""

    def __init__(self, message: str, trouble: Trouble) -> None:
        super().__init__(message)
        self.trouble = trouble


class Clock:
    """The time that one call has left: one side tells what comes in, the other waits `left`."""

    def __init__(self, patience: Patience, now: Callable[[], float] = time.monotonic) -> None:
        self.patience = patience
        self._now = now
        self._begun = now()
        self._last: float | None = None  # when text came
        self._thinking: float | None = None  # since when
        self.done = False  # the finish mark has come: to run out is no fault any more
        self._until = self._begun
        self.attempt()

    def attempt(self, after: float = 0.0) -> None:
        """Allow for a request that is sent now, or `after` a wait."""
        allowed = self._now() + after + self.patience.first_token
        self._until = min(allowed, self._begun + self.patience.start)

    def thought(self) -> None:
        """Allow for text to come after a piece of reasoning."""
        if self._last is None:
            self._thinking = self._thinking or self._now()
            limit = self._thinking + self.patience.thinking
            self._until = min(self._now() + self.patience.read, limit)

    def text(self, characters: int) -> None:
        """Allow for more after a piece of text: each character buys the time that it may take."""
        now = self._now()
        bought = self._until + characters / self.patience.slowest
        self._until = now + self.patience.read
        if self._last is not None:
            self._until = min(bought, self._until)
        self._last = now

    def finished(self) -> None:
        """Allow only for what follows the finish mark, if anything: usage, and the stream's end."""
        self.done = True
        self._until = self._now() + _AFTER_FINISH

    def left(self) -> float:
        """Return the seconds left, 0 or less if a limit has run out."""
        return min(self._until, self._begun + self.patience.whole) - self._now()

    def left_to_start(self) -> float:
        """Return the seconds left until the first text must have come."""
        return self._begun + min(self.patience.start, self.patience.whole) - self._now()

    def check(self) -> None:
        """Raise RanOut if a limit has run out before the finish mark."""
        if self.left() <= 0 and not self.done:
            raise self._ran_out()

    def _ran_out(self) -> RanOut:
        now, patience = self._now(), self.patience
        if now - self._begun >= patience.whole:
            return RanOut(f"not done after {patience.whole:g} s", Trouble.SLOW)
        if self._last is None:
            return RanOut(f"no text came for {now - self._begun:.1f} s", Trouble.SILENT)
        if now - self._last >= patience.read:
            return RanOut(f"nothing more came for {patience.read:g} s", Trouble.SILENT)
        return RanOut(f"under {patience.slowest:g} characters a second", Trouble.SLOW)
