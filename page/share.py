"""Getting the page to other people: a share link, the addresses of this machine, a reverse proxy.

A share link comes from Gradio's client program, which holds a connection to a share server open.
Gradio's own starter of it is not used: it waits for ever on a client that prints nothing, turns in
a busy loop once it is dead, runs a program that it found on disk unchecked, and leaves it running
when the page is killed. The client, its sums and its arguments are Gradio's.
"""

import hashlib
import ipaddress
import os
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from page.guard import HEADERS
from page.text import in_language
from rag.errors import ConfigurationError, ShareError
from rag.types import Language

_LABELS = {
    "shared": ("页面已经分享，地址：", "The page is shared at:"),
    "guest": ("访客密码：{}", "Password of guests: {}"),
    "owner": ("管理员密码：{}（自己留着）", "Password of the owner: {} (keep it to yourself)"),
    "may": (
        "访客可以提问、看引文和原文、把答案收进报告并导出、分享自己的对话；",
        "Guests may ask, open citations and documents, collect answers, export a report, and share "
        "chats of their own;",
    ),
    "alone": (
        "资料库、模型和他人的链接只有管理员能改。",
        "only the owner changes the library, the models and others' links.",
    ),
    "silent": ("客户端什么也没说", "its client said nothing"),
    "opened": ("分享链接已经重新接通：{}", "the share link is open again: {}"),
    "broken": (
        "分享链接断了（{0}）；{1:.0f} 秒后重试，第 {2} 次，共 {3} 次",
        "the share link broke ({0}); trying again in {1:.0f} s, {2} of {3}",
    ),
    "gone": (
        "分享链接断了，试了 {} 次没有接通；本机上页面照常，其他办法见 docs/sharing.zh.md",
        "the share link is gone after {} tries; the page goes on here, and docs/sharing.md has "
        "other ways to share it",
    ),
}
_REMEDY = "the page goes on here; to share it by your own host, a proxy or ssh, see docs/sharing.md"

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]


# --- a share link

_OPENED = re.compile(r"start proxy success: (\S{1,500})")
_REFUSED = "login to server failed"
_LINE = 4096  # bytes of what the client prints that are looked at together
_SAID = 200  # characters of it that are passed on
_REACH = 8.0  # seconds in which Gradio's servers must answer, names looked up
_DOWNLOAD = 120.0  # seconds for the client, 12 MB
_BY_HAND = "put {0} at {1} by hand, or share the page in another way (docs/sharing.md)"

# Runs the client and ends it as soon as our end of its input is closed: by us, or by the system
# when we are gone, however that came about. It leads a group of processes of its own.
_KEEPER = """
import os, subprocess, sys, threading
client = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
def end():
    os.read(0, 1)
    os.killpg(0, 9) if os.name == "posix" else client.kill()
threading.Thread(target=end, daemon=True).start()
os._exit(client.wait() and 1)
"""


@dataclass(frozen=True, slots=True)
class ShareServer:
    """A server that passes requests on to us, as `frps` of huggingface/frp does."""

    address: str  # HOST:PORT
    certificate: Path | None = None  # in PEM: whom to trust in its name; None: plain connection
    scheme: str = "http"  # of the links that it gives


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a share link is given."""

    start: float = 20.0  # for its client to say the address
    pauses: Sequence[float] = (2, 4, 8, 16, 32)  # before each new try; then it is given up
    steady: float = 300.0  # a link that stood so long may be tried anew as often


class Tunnel:
    """An open share link, watched: what breaks is opened again, and said."""

    def __init__(
        self,
        command: Sequence[str],
        scheme: str,
        tell: Callable[[str, str], None],
        language: Language = "en",
        patience: Patience | None = None,
    ) -> None:
        """Start the client; `open_tunnel` says what `tell` is given."""
        self._command, self._scheme, self._tell = command, scheme, tell
        self._language, self._patience = language, patience or Patience()
        self._url, self._times_opened = "", 0
        self._said = in_language(_LABELS, "silent", language)  # the last thing
        self._process: subprocess.Popen[bytes] | None = None
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._settled = threading.Event()  # the first try came to something, or to nothing
        self._thread = threading.Thread(target=self._keep, name="share link", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The address at which others reach the page now; "" while the link is broken."""
        return self._url

    def close(self) -> None:
        """Take the link down for good and end its client."""
        self._closed.set()
        with self._lock:
            if self._process:
                _end(self._process)
        self._url = ""
        if threading.current_thread() is not self._thread:
            self._thread.join(5)

    def opened(self) -> str:
        """Return the address once the client has said it. Raises ShareError if it does not."""
        self._settled.wait()
        if url := self._url:
            return url
        self.close()
        raise ShareError(f"the share server gave no link ({self._said}); {_REMEDY}")

    def _keep(self) -> None:
        failures = 0
        while not self._closed.is_set():
            begun = monotonic()
            self._run()
            broken, self._url = bool(self._url), ""
            self._settled.set()
            failures = 1 if broken and monotonic() - begun > self._patience.steady else failures + 1
            if not self._closed.is_set() and not self._pause(failures):
                return

    def _pause(self, failures: int) -> bool:
        """Wait before the next try; tell whether there is to be one."""
        pauses = self._patience.pauses
        if not self._times_opened:
            return False  # `opened` says it
        if failures > len(pauses):
            self._say("gone", len(pauses))
            return False
        self._say("broken", self._said, pauses[failures - 1], failures, len(pauses))
        return not self._closed.wait(pauses[failures - 1])

    def _run(self) -> None:
        """Run the client to its end; one that gives no address in time is ended."""
        with self._lock:
            if self._closed.is_set():
                return
            process = self._process = _start(self._command)
        late = threading.Timer(self._patience.start, _end, [process])
        late.daemon = True
        late.start()
        assert process.stdout
        with process.stdout as printed:
            while line := printed.readline(_LINE):
                if self._hear(line.decode("utf-8", "replace")):
                    late.cancel()
        late.cancel()
        _end(process)

    def _hear(self, line: str) -> bool:
        """Take up what the client says; tell whether it is a link."""
        self._said = _one_line(line) or self._said
        found = _OPENED.search(line)
        if not found or not (url := _public(found[1], self._scheme)):
            if _REFUSED in line and self._process:
                _end(self._process)  # it would try on by itself, unseen
            return False
        if url != self._url:
            self._url, self._times_opened = url, self._times_opened + 1
            if self._times_opened > 1:
                self._say("opened", url)
        self._settled.set()
        return True

    def _say(self, name: str, *values: object) -> None:
        self._tell(in_language(_LABELS, name, self._language).format(*values), self._url)


def open_tunnel(
    port: int,
    server: ShareServer | None = None,
    tell: Callable[[str, str], None] = lambda line, url: None,
    language: Language = "en",
    patience: Patience | None = None,
) -> Tunnel:
    """Return an open link to `port` of 127.0.0.1, by Gradio's server if no other is given.

    `tell` is called, in a thread of the link, with a line for people and the address now ("" for
    none) whenever the link breaks, is open again, or is given up. Raises ShareError, in one line,
    if there is no link to be had; without a network that takes at most 8 seconds.
    """
    client = _client()
    server = server or _gradio_server()
    tunnel = Tunnel(_command(client, port, server), server.scheme, tell, language, patience)
    tunnel.opened()
    return tunnel


def share_server(text: str, certificate: Path | None = None) -> ShareServer:
    """Return the server of `[https://]HOST:PORT`; https says that its links are.

    Raises ConfigurationError if it is none, or if there is no such certificate.
    """
    scheme, mark, address = text.rpartition("://")
    try:
        parts = urlsplit(f"//{address}")
        is_address = bool(parts.hostname and parts.port and parts.netloc == address)
    except ValueError:
        is_address = False
    if not is_address or "@" in address or (mark and scheme not in ("http", "https")):
        raise ConfigurationError(f"{text!r} is no share server: give HOST:PORT")
    if certificate and not certificate.is_file():
        raise ConfigurationError(f"{certificate} is no file: give the share server's certificate")
    return ShareServer(address, certificate, scheme or "http")


def _client() -> str:
    """Return the path of Gradio's client program, fetched once and checked each time."""
    from gradio import tunneling

    path = Path(tunneling.BINARY_PATH)
    if not path.exists():
        by_hand = _BY_HAND.format(tunneling.BINARY_URL, path)
        _reach("HEAD", tunneling.BINARY_URL, f"the program for share links is missing; {by_hand}")
        try:
            _within(_DOWNLOAD, tunneling.Tunnel.download_binary)
        except Exception as error:
            path.unlink(missing_ok=True)  # a part of it would be taken for the whole
            raise ShareError(f"{path} could not be fetched ({_brief(error)}); {by_hand}") from error
    expected = tunneling.CHECKSUMS.get(tunneling.BINARY_URL)
    if expected and hashlib.sha256(path.read_bytes()).hexdigest() != expected:
        raise ShareError(f"{path} is not the program that Gradio publishes: delete it, try again")
    if not os.access(path, os.X_OK):
        raise ShareError(f"{path} may not be run: chmod +x it")
    return str(path)


def _gradio_server() -> ShareServer:
    """Ask Gradio which server is free."""
    from gradio.networking import GRADIO_API_SERVER
    from gradio.tunneling import BINARY_PATH

    answer = _reach("GET", GRADIO_API_SERVER, f"Gradio's share service gives no link; {_REMEDY}")
    try:
        one = answer.json()[0]
        address = f"{one['host']}:{int(one['port'])}"
        certificate = Path(BINARY_PATH).with_name("certificate.pem")
        certificate.write_text(one["root_ca"], "utf-8")
    except (ValueError, LookupError, TypeError, OSError) as error:
        problem = f"{GRADIO_API_SERVER} did not name a share server ({_brief(error)}); {_REMEDY}"
        raise ShareError(problem) from error
    return ShareServer(address, certificate, "https")


def _reach(method: str, url: str, problem: str) -> Any:
    """Return the answer to a request. Raises ShareError, soon, if nothing can be reached."""
    import httpx2

    def ask() -> httpx2.Response:
        with httpx2.Client(timeout=_REACH, follow_redirects=True) as client:
            return client.request(method, url)

    try:
        return _within(_REACH, ask)
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as error:
        host = urlsplit(url).hostname
        raise ShareError(f"{host} cannot be reached ({_brief(error)}): {problem}") from error


def _within(seconds: float, work: Callable[[], Any]) -> Any:
    """Return what `work` returns. Raises TimeoutError: a name that is looked up has no limit."""
    outcome: list[Any] = []

    def attempt() -> None:
        try:
            outcome.extend([work(), None])
        except Exception as error:
            outcome.extend([None, error])

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise TimeoutError(f"nothing came in {seconds:.0f} s")
    if outcome[1]:
        raise outcome[1]
    return outcome[0]


def _command(client: str, port: int, server: ShareServer) -> list[str]:
    """Return the client's command line, as gradio.tunneling gives it."""
    own = ["-n", secrets.token_urlsafe(32), "-l", str(port), "-i", "127.0.0.1"]
    asked = ["--uc", "--sd", "random", "--ue", "--server_addr", server.address]
    trusted = (
        ["--tls_enable", "--tls_trusted_ca_file", str(server.certificate)]
        if server.certificate
        else []
    )
    return [client, "http", *own, *asked, "--disable_log_color", *trusted]


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _KEEPER, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # an interrupt from the keyboard is for us, who end it
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the client by closing its keeper's input; what is read of it comes to its end."""
    assert process.stdin
    process.stdin.close()
    process.wait()


def _public(url: str, scheme: str) -> str:
    """Return the address that a client printed, under the scheme of its links; "" if it is none."""
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_web = False
    safe = is_web and url.isascii() and url.isprintable()
    return parts._replace(scheme=scheme).geturl().rstrip("/") if safe else ""


def _one_line(text: str) -> str:
    """Return what a terminal may show of it: one line, no controls."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(shown.split())[:_SAID]


def _brief(error: BaseException) -> str:
    return _one_line(str(error)) or type(error).__name__


# --- the addresses of this machine

_ALL = ("0.0.0.0", "::", "")


def addresses(host: str, port: int, root_path: str = "") -> list[str]:
    """Return the addresses at which others on the network reach a page that listens at `host`.

    None of them if it listens for this machine alone.
    """
    named = _interfaces(host) if host in _ALL else [host]
    return [
        f"http://{f'[{one}]' if ':' in one else one}:{port}{root_path}"
        for one in named
        if not _is_own(one)
    ]


def _interfaces(host: str) -> list[str]:
    """Return the addresses of the network cards that are up, as many kinds as `host` listens at."""
    import socket

    import psutil

    kinds = [socket.AF_INET] if host == "0.0.0.0" else [socket.AF_INET, socket.AF_INET6]
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    cards = {name: found for name, found in psutil.net_if_addrs().items() if name in up}
    return [one.address for kind in kinds for found in cards.values() for one in found
            if one.family == kind]  # fmt: skip


def _is_own(host: str) -> bool:
    """Tell whether an address leads others nowhere: loopback, or of one cable (fe80::…%eth0)."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_link_local


def invitation(
    urls: Sequence[str], guest_password: str, owner_password: str, language: Language
) -> str:
    """Return the lines that tell the owner what to pass on; what is empty has no line."""
    passwords = [
        in_language(_LABELS, name, language).format(password)
        for name, password in (("guest", guest_password), ("owner", owner_password))
        if password
    ]
    heading = [in_language(_LABELS, "shared", language)] if urls else []
    lines = [*heading, *(f"  {url}" for url in urls), *passwords]
    may = [in_language(_LABELS, name, language) for name in ("may", "alone")]
    return "\n".join([*lines, (" " if language == "en" else "").join(may)])


# --- behind a reverse proxy

# What uvicorn is told: it takes scheme and address of the visitor from a proxy on this machine.
PROXY_SETTINGS = {"proxy_headers": True, "forwarded_allow_ips": ["127.0.0.1", "::1"]}
_ROOT_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
# First parts of addresses within the page: a prefix of that name could not be told from them.
_TAKEN = {"answer.txt", "api", "assets", "cite", "collect", "config", "document", "export"}
_TAKEN |= {"gradio_api", "language", "library", "links", "login", "logout", "mcp", "monitoring"}
_TAKEN |= {"queue", "s", "share", "static", "svelte", "theme.css", "v1", "withdraw"}
# uvicorn has read the first two, for a proxy that it trusts. Gradio takes all of them from anyone.
_FORWARDED = re.compile(rb"x-forwarded-[\w-]+|forwarded|x-gradio-server", re.IGNORECASE)


def check_root_path(text: str) -> str:
    """Return where a proxy puts the page, such as /yinzheng; "" for its top.

    Raises ConfigurationError if it is no such path.
    """
    path = text.rstrip("/")
    if not path:
        return ""
    if not _ROOT_PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise ConfigurationError(f"{text!r} is no path: give --root-path such as /yinzheng")
    if path[1:] in _TAKEN:
        raise ConfigurationError(f"{text!r} is a path of the page itself: choose another")
    return path


class Prefixed:
    """ASGI middleware, the outermost: a page under a prefix, behind whatever proxy.

    A proxy may pass the prefix on or strip it; after this it is always there, and `root_path` of
    the scope names it. Headers of proxies are left out, as Gradio would believe anyone's.
    """

    def __init__(self, app: App, root_path: str = "") -> None:
        """`root_path` is what `check_root_path` returned."""
        self._app, self._root_path = app, root_path

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Pass a request on under its whole path."""
        if scope["type"] in ("http", "websocket"):
            scope = {**scope, **self._placed(scope)}
        if scope["type"] == "http" and self._root_path and scope["path"] == self._root_path:
            await _redirect(f"{self._root_path}/", send)  # links of its top would lead beside it
            return
        await self._app(scope, receive, send)

    def _placed(self, scope: Scope) -> dict[str, Any]:
        kept = [one for one in scope["headers"] if not _FORWARDED.fullmatch(one[0])]
        path, root = scope["path"], self._root_path
        if path == root or path.startswith(f"{root}/"):
            return {"headers": kept, "root_path": root}
        raw = root.encode() + scope.get("raw_path", path.encode())
        return {"headers": kept, "path": f"{root}{path}", "raw_path": raw, "root_path": root}


async def _redirect(path: str, send: Any) -> None:
    headers = [(b"location", path.encode()), (b"content-length", b"0"), *HEADERS.items()]
    await send({"type": "http.response.start", "status": 307, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
