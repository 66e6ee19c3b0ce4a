"""The way to a web server that only web.py takes: every connection is checked where it is made."""

import ssl
import time
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore2
import httpx2

from index.web import Policy

FAILURES = (
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
)


class GuardedTransport(httpx2.BaseTransport):
    """Sends requests to public addresses only, and gives up at a deadline.

    The request keeps its host: the name is in the Host header, in TLS, and in the certificate.
    """

    def __init__(self, policy: Policy, deadline: float) -> None:
        """`deadline` is a time of `time.monotonic`."""
        self._pool = httpcore2.ConnectionPool(
            ssl_context=policy.certificates,  # None: the system's, loaded when they are needed
            network_backend=_GuardedBackend(policy, deadline),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the response, its body not yet read."""
        answer = self._pool.handle_request(
            httpcore2.Request(
                request.method,
                httpcore2.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _GuardedBackend(httpcore2.NetworkBackend):
    """Looks a host up once, and connects to an address that was checked."""

    def __init__(self, policy: Policy, deadline: float) -> None:
        self._policy, self._deadline = policy, deadline
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        last: Exception = httpcore2.ConnectError("the host has no address")
        for address in self._policy.addresses(host, port):
            try:
                patience = _left(self._deadline, timeout)
                stream = self._inner.connect_tcp(address, port, patience, None, socket_options)
                return _HastyStream(stream, self._deadline)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last = error
        raise last


class _HastyStream(httpcore2.NetworkStream):
    """A connection that is cut at the deadline, however busily it drips."""

    def __init__(self, inner: httpcore2.NetworkStream, deadline: float) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(self._deadline, timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        patience = _left(self._deadline, timeout)
        stream = self._inner.start_tls(ssl_context, server_hostname, patience)
        return _HastyStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(deadline: float, timeout: float | None) -> float:
    """Return the seconds that a step may take. Raises ReadTimeout when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the time is over")
    return left if timeout is None else min(left, timeout)
