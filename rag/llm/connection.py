"""The HTTP client of one call: traced, bounded in bytes, without detours."""

import ssl
import time
from collections.abc import Iterator
from functools import lru_cache

import httpx2

from rag.llm.patience import Patience
from rag.llm.relay import PAUSE, Line

# Reasoning for a minute, 200 tokens a second of 400 bytes each, comes to 5 MB; an answer to 1 MB.
MOST_BYTES = 8_000_000
_AT_ONCE = 0.005  # seconds; what takes longer was waited for
# Headers of a request of chat completions.
_NEEDED = frozenset(
    [
        *("host", "authorization", "user-agent", "accept", "accept-encoding", "connection"),
        *("content-type", "content-length", "transfer-encoding"),
    ]
)


class NotAnAnswer(ValueError):
    """What came is no answer of chat completions."""


def make_client(
    patience: Patience, local: bool, line: Line, *, everything: bool = False
) -> httpx2.Client:
    """Return a client for one call, to be closed after it.

    Unless `everything` is to be sent, headers that no chat completion needs stay behind: the openai
    package sends organization, project and OPENAI_CUSTOM_HEADERS of its user, and what machine this
    is, to every host. Redirections are not followed: they would take key and documents to a place
    nobody chose.
    """

    def begin(request: httpx2.Request) -> None:
        request.extensions["trace"] = line.trace
        for name in set() if everything else set(request.headers) - _NEEDED:
            del request.headers[name]

    def check(response: httpx2.Response) -> None:
        line.clock.check()
        kind = response.headers.get("content-type", "")
        if response.is_success and "html" in kind:
            raise NotAnAnswer(f"a web page came instead of an answer ({kind}): check the address")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise NotAnAnswer("the answer is compressed, which it was asked not to be")
        response.stream = _Bounded(response.stream, line)

    return httpx2.Client(
        # The clock ends a call; this ends the thread if nobody reads the clock any more.
        timeout=httpx2.Timeout(patience.whole, connect=patience.connect),
        # Compressed, a few bytes could be gigabytes.
        headers={"Accept-Encoding": "identity"},
        event_hooks={"request": [begin], "response": [check]},
        follow_redirects=False,
        verify=_certificates(),
        # A transport of its own takes no proxy from the environment: none leads to this machine.
        transport=httpx2.HTTPTransport(verify=_certificates()) if local else None,
    )


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """Return the context of all connections: to read the certificates takes as long as a call."""
    return httpx2.create_ssl_context()


class _Bounded(httpx2.SyncByteStream):
    """The bytes of a response, up to a number and to the end of the time."""

    def __init__(self, stream: object, line: Line) -> None:
        if not isinstance(stream, httpx2.SyncByteStream):
            raise TypeError(f"a stream of bytes was expected, not {type(stream).__name__}")
        self._stream, self._line = stream, line

    def __iter__(self) -> Iterator[bytes]:
        read, asked = 0, time.monotonic()
        for data in self._stream:
            waited = time.monotonic() - asked
            read += len(data)
            self._line.clock.check()
            if read > MOST_BYTES:
                raise NotAnAnswer(f"over {MOST_BYTES:,} bytes came")
            yield data
            if waited > _AT_ONCE:  # there is no more yet; what comes next comes by one reading
                self._line.stopped.wait(PAUSE)
            asked = time.monotonic()

    def close(self) -> None:
        self._stream.close()
