"""A public web page or file -> its bytes, without letting an address reach into a private network.

The host is resolved once, its addresses are checked, and the connection goes to one of them:
a name that changes its address in between gains nothing. Each redirect is checked again.
Proxies of the environment are not used: behind one, nobody could say where a connection ends.
"""

import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from index.errors import ReadError
from index.read import supported_suffixes

if TYPE_CHECKING:
    import httpx2

_REDIRECTS = 5
_IN_BROWSER = "save it in your browser and ingest the file"
_SHOWN = 120  # characters of an address that an error repeats
_ADDRESS = re.compile(r"https?://[^\s\\\x00-\x1f\x7f]+", re.IGNORECASE)
# How a last label looks that systems take for a number: 127.1, 0x7f000001, 017700000001.
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
# 2000::/3 is all that is handed out to the public; these parts of it lead elsewhere: to protocols
# of their own (Teredo among them), to examples, and by 6to4 to any IPv4 address.
_PUBLIC_V6 = ipaddress.ip_network("2000::/3")
_SPECIAL_V6 = tuple(
    ipaddress.ip_network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Not for the public, and missing in what older versions of Python know.
_SPECIAL_V4 = tuple(
    ipaddress.ip_network(text)
    for text in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15")
)
_OFFICE_XML = "application/vnd.openxmlformats-officedocument."
_SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "application/x-pdf": ".pdf",
    f"{_OFFICE_XML}wordprocessingml.document": ".docx",
    f"{_OFFICE_XML}spreadsheetml.sheet": ".xlsx",
    "application/msword": ".doc",
    "application/rtf": ".rtf",
    "text/rtf": ".rtf",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "text/markdown": ".md",
    "application/epub+zip": ".epub",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "application/vnd.ms-excel": ".xls",
    "multipart/related": ".mhtml",
    "application/zip": ".zip",
    "application/x-zip-compressed": ".zip",
    "text/plain": ".txt",
}
# Servers say these of many kinds of file: the name of the file knows better.
_VAGUE = frozenset({"text/plain", "application/vnd.ms-excel", "application/zip"})
_NO_DOCUMENTS = ("image/", "audio/", "video/", "font/")
_FILE_NAME = re.compile(r"filename\*?=[^;]*?(\.[A-Za-z0-9]{1,8})[\"']?\s*(?:;|\Z)", re.IGNORECASE)
_SNIFFED = (
    (b"%PDF-", ".pdf"),
    (b"PK\x03\x04", ".zip"),
    (b"\xd0\xcf\x11\xe0", ".doc"),
    (b"{\\rtf", ".rtf"),
    (b"\x1f\x8b", ".gz"),
)
_REASONS = {
    401: f"it asks for a password (401): {_IN_BROWSER}",
    403: f"it refuses programs (403 Forbidden): {_IN_BROWSER}",
    404: "there is no such page (404 Not Found): check the address",
    410: "the page is gone (410 Gone): look for it elsewhere",
    429: "it is asked too often (429 Too Many Requests): try again later",
}


@dataclass(frozen=True, slots=True)
class Page:
    """What an address led to; `suffix` is that of a file of its kind, "" if that is not known."""

    url: str  # the last one, after all redirects
    data: bytes
    media_type: str  # as declared, in small letters, without parameters
    suffix: str


def is_public(address: str) -> bool:
    """Tell whether an IP address may belong to a public server.

    Loopback, private, link-local, shared, multicast and reserved addresses do not, nor those of
    IPv6 that stand for one of IPv4, but for NAT64's of a public one.
    """
    try:
        known = ipaddress.ip_address(address)
    except ValueError:  # with a zone, such as fe80::1%eth0, or none at all
        return False
    if isinstance(known, ipaddress.IPv4Address):
        special = any(known in network for network in _SPECIAL_V4)
        return known.is_global and not known.is_multicast and not special
    if known in _NAT64:
        return is_public(str(ipaddress.IPv4Address(known.packed[-4:])))
    if "%" in address or known not in _PUBLIC_V6:
        return False
    return known.is_global and not any(known in network for network in _SPECIAL_V6)


def resolve(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host, as the system finds them. Raises ReadError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ReadError(f"the host {host[:_SHOWN]} is not found: check the address") from error
    return list(dict.fromkeys(str(row[4][0]) for row in found))


@dataclass(frozen=True, slots=True)
class Policy:
    """Where a fetch may go, and how long and how large it may get."""

    is_public: Callable[[str], bool] = is_public
    resolve: Callable[[str, int], list[str]] = resolve
    ports: frozenset[int] = frozenset({80, 443, 8080, 8443})
    connecting: float = 5.0  # seconds
    silence: float = 15.0  # seconds between two pieces
    whole: float = 60.0  # seconds
    size: int = 50 * 2**20  # bytes, unpacked
    certificates: ssl.SSLContext | None = None  # None: those that the system trusts

    def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host, all of them public. Raises ReadError."""
        found = [host] if _is_address(host) else self.resolve(host, port)
        for address in found:
            if not self.is_public(address):
                said = host if host == address else f"{host} is at {address}, which"
                raise ReadError(f"{said} is no public address: only public pages are fetched")
        return found


def fetch(url: str, policy: Policy | None = None) -> Page:
    """Return what stands at a public http or https address.

    Raises ReadError, one line with the address and what to do.
    """
    import httpx2

    from index.guarded_transport import FAILURES, GuardedTransport

    policy = policy or Policy()
    deadline = time.monotonic() + policy.whole
    try:
        with httpx2.Client(
            transport=GuardedTransport(policy, deadline), headers=_headers(), trust_env=False
        ) as client:
            return _follow(client, url, policy, deadline)
    except ReadError as error:
        raise ReadError(f"{_shown(url)}: {error}") from error
    except FAILURES as error:
        raise ReadError(f"{_shown(url)}: {_why(error, policy)}") from error


def _follow(client: "httpx2.Client", url: str, policy: Policy, deadline: float) -> Page:
    place = checked(url, policy)
    for _ in range(_REDIRECTS + 1):
        with client.stream("GET", place, timeout=_timeout(policy)) as response:
            if not response.has_redirect_location:
                return _page(response, policy, deadline)
            target = str(place.join(response.headers["location"]))
        try:
            place = checked(target, policy)
        except ReadError as error:
            raise ReadError(f"it redirects to {_shown(target)}: {error}") from error
    raise ReadError(f"it redirects more than {_REDIRECTS} times: {_IN_BROWSER}")


def checked(url: str, policy: Policy) -> "httpx2.URL":
    """Return the parsed address if it may be fetched. Raises ReadError, without a look-up."""
    import httpx2

    if not _ADDRESS.fullmatch(url):
        raise ReadError("is no web address such as https://host/page")
    try:
        place = httpx2.URL(url)
        host = place.raw_host.decode("ascii")
    except (httpx2.InvalidURL, ValueError) as error:
        raise ReadError(f"is no web address ({error}): check it") from error
    if "@" in url.split("/", 3)[2] or place.userinfo:
        raise ReadError("holds a user name or password: leave out all before the @")
    if (port := place.port or _default_port(place)) not in policy.ports:
        raise ReadError(f"port {port} is not one of {sorted(policy.ports)}: {_IN_BROWSER}")
    last = host.rstrip(".").rpartition(".")[2]
    if not host or (_NUMBER.fullmatch(last) and not _is_address(host)):
        raise ReadError(f"{host!r} is an unusual way to write an address: write its name")
    return place


def _default_port(place: "httpx2.URL") -> int:
    return 443 if place.scheme == "https" else 80


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _headers() -> dict[str, str]:
    return {
        "User-Agent": "Mozilla/5.0 (compatible; Yinzheng)",
        "Accept": "text/html,application/xhtml+xml,application/pdf,*/*;q=0.8",
        "Accept-Language": "zh-CN,zh;q=0.9,zh-TW;q=0.8,en;q=0.5",
        "Accept-Encoding": "gzip, deflate",
    }


def _timeout(policy: Policy) -> "httpx2.Timeout":
    import httpx2

    return httpx2.Timeout(policy.silence, connect=policy.connecting)


def _page(response: "httpx2.Response", policy: Policy, deadline: float) -> Page:
    if response.status_code != 200:
        raise ReadError(_reason(response.status_code))
    declared = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared.startswith(_NO_DOCUMENTS):
        raise ReadError(f"it is {declared[:60]}, not a document: give the address of a page")
    data = _body(response, policy, deadline)
    disposition = response.headers.get("content-disposition", "")[:500]
    suffix = suffix_for(declared, disposition, response.url.path, data)
    return Page(str(response.url.copy_with(fragment=None)), data, declared, suffix)


def _reason(status: int) -> str:
    if status >= 500:
        return f"the server fails (status {status}): try again later"
    return _REASONS.get(status, f"it answers with status {status}: {_IN_BROWSER}")


def _body(response: "httpx2.Response", policy: Policy, deadline: float) -> bytes:
    """Return the body; what it unpacks to counts, not what its head declares."""
    data = bytearray()
    for piece in response.iter_bytes(1 << 16):
        data += piece
        if len(data) > policy.size:
            raise ReadError(f"it has more than {policy.size // 2**20} MB: {_IN_BROWSER}")
        if time.monotonic() > deadline:
            raise ReadError(_too_slow(policy))
    return bytes(data)


def suffix_for(media_type: str, disposition: str, path: str, data: bytes) -> str:
    """Return the suffix of a file by its declared type, its names, or its first bytes."""
    known = _SUFFIXES.get(media_type, "")
    if known and media_type not in _VAGUE:
        return known
    named = _FILE_NAME.search(disposition)
    for suffix in (named[1] if named else "", PurePosixPath(path).suffix):
        if suffix.lower() in supported_suffixes():
            return suffix.lower()
    return known or _sniffed(data)


def _sniffed(data: bytes) -> str:
    if suffix := next((suffix for magic, suffix in _SNIFFED if data.startswith(magic)), ""):
        return suffix
    head = data[:1000].lower()
    if b"<html" in head or b"<!doctype html" in head:
        return ".html"
    return "" if b"\0" in data[:1000] else ".txt"


def _why(error: Exception, policy: Policy) -> str:
    """Say in one line why a connection failed."""
    import httpcore2

    if isinstance(error, httpcore2.ConnectTimeout):
        return f"no connection within {policy.connecting:g} s: try again later, or {_IN_BROWSER}"
    if isinstance(error, httpcore2.TimeoutException):
        return _too_slow(policy)
    reason = " ".join(str(error).split())[:_SHOWN] or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return f"its certificate is not valid: {_IN_BROWSER} if you trust it"
    return f"it cannot be fetched ({reason}): try again later, or {_IN_BROWSER}"


def _too_slow(policy: Policy) -> str:
    return (
        f"it is silent for {policy.silence:g} s or takes more than {policy.whole:g} s: "
        f"try again later, or {_IN_BROWSER}"
    )


def _shown(url: str) -> str:
    line = "".join(character if character.isprintable() else "?" for character in url)
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
