"""Fetching from a server on this machine, which only these tests take for a public one."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from index.errors import ReadError
from index.web import Page, Policy, checked, fetch, is_public, suffix_for

TEXT = "东莞市发布若干措施，支持硼药研发。"
PAGE = f"<!DOCTYPE html><html><body><p>{TEXT}</p></body></html>".encode()
# A key and a certificate for notice.test, from 2020 to 2119; they protect nothing.
SECRETS = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXgnUzOXKJFc5PFny
+Dkbi8wk7cSRovmH/xBYprxQTUGhRANCAASusC26QYu+BjGXRUcXw2SLx8Gk6Xyq
oMJ/JJ2Rgh2tRxBTYD28DUt1oNFF2dH0lEGf+UgM8/X+L3TiU4m2F6Fy
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBdzCCAR2gAwIBAgIBATAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAtub3RpY2Uu
dGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFjEUMBIGA1UE
AwwLbm90aWNlLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASusC26QYu+
BjGXRUcXw2SLx8Gk6XyqoMJ/JJ2Rgh2tRxBTYD28DUt1oNFF2dH0lEGf+UgM8/X+
L3TiU4m2F6Fyo1owWDAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBSAIY4L4j6p
fs05245+lmaJVDIVbjAWBgNVHREEDzANggtub3RpY2UudGVzdDAOBgNVHQ8BAf8E
BAMCAoQwCgYIKoZIzj0EAwIDSAAwRQIhAODnmEKPS06Cn1jV4+lNAVCKdC2+BFr7
nDA49Ss+7oKRAiA+I1VV9RMD/ii9dtU0GF2DsfX2j0wgbuqhHvd1R2rBWg==
-----END CERTIFICATE-----
"""

Reply = Callable[[BaseHTTPRequestHandler], None]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.seen.append((self.headers["Host"], self.path))
        self.server.reply(self)

    def log_message(self, *_: object) -> None:
        """Tests read no log."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.reply: Reply = answer(PAGE)
        self.seen: list[tuple[str, str]] = []
        self.port = self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is what some tests are about."""

    def url(self, path: str = "/", host: str = "notice.test") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def policy(self, **changes: object) -> Policy:
        policy = Policy(lambda _: True, lambda *_: ["127.0.0.1"], frozenset({self.port}))
        return replace(policy, **{"silence": 5.0, **changes})


def serving(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    yield from serving(Server())


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "notice.test.pem"
    path.write_text(SECRETS)
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[Server]:
    yield from serving(Server(certificate))


def answer(data: bytes, media_type: str = "text/html", status: int = 200, **more: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        headers = {"Content-Type": media_type, "Content-Length": str(len(data))}
        for name, value in {**headers, **more}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    return reply


def redirects(*places: str) -> Reply:
    """Go from one place to the next, then serve the page."""
    left = list(places)
    return lambda handler: (
        answer(b"", status=302, Location=left.pop(0)) if left else answer(PAGE)
    )(handler)


def drips(piece: bytes, head: bytes = b"") -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        for _ in range(200):
            handler.wfile.write(piece)
            time.sleep(0.02)

    return reply


def refusal(url: str, policy: Policy | None = None) -> str:
    with pytest.raises(ReadError) as caught:
        fetch(url, policy)
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 400
    return said


# What is fetched


def test_a_page_comes_with_its_address_bytes_and_kind(server):
    assert fetch(server.url("/a/通知?x=1#top"), server.policy()) == Page(
        server.url("/a/%E9%80%9A%E7%9F%A5?x=1"), PAGE, "text/html", ".html"
    )


def test_the_bytes_of_a_page_in_gbk_stay_as_they_are(server):
    page = PAGE.decode().encode("gbk")
    server.reply = answer(page, "text/html; charset=utf-8")
    assert fetch(server.url(), server.policy()).data == page


def test_a_packed_page_is_unpacked(server):
    server.reply = answer(gzip.compress(PAGE), **{"Content-Encoding": "gzip"})
    assert fetch(server.url(), server.policy()).data == PAGE


def test_the_server_is_asked_for_the_host_of_the_address(server):
    fetch(server.url("/x"), server.policy())
    assert server.seen == [(f"notice.test:{server.port}", "/x")]


def test_the_certificate_is_checked_for_the_host_of_the_address(secure, certificate):
    trusting = secure.policy(certificates=ssl.create_default_context(cafile=str(certificate)))
    assert fetch(secure.url(), trusting).data == PAGE
    assert "certificate is not valid" in refusal(secure.url(host="other.test"), trusting)
    assert "certificate is not valid" in refusal(secure.url(), secure.policy())
    assert [host for host, _ in secure.seen] == [f"notice.test:{secure.port}"]


@pytest.mark.parametrize(
    ("media_type", "disposition", "path", "data", "suffix"),
    [
        *[("text/html", "", "/a.pdf", PAGE, ".html"), ("application/pdf", "", "/x", b"", ".pdf")],
        *[("text/plain", "", "/a.csv", b"", ".csv"), ("text/plain", "", "/a", b"", ".txt")],
        *[("application/octet-stream", "", "/a.DOCX", b"", ".docx"), ("", "", "/", b"a", ".txt")],
        ("application/octet-stream", "attachment; filename=通知.xlsx", "/get.aspx", b"", ".xlsx"),
        ("", "attachment; filename*=UTF-8''%E9.docx; size=5", "/get", b"", ".docx"),
        ("application/zip", "", "/a.docx", b"PK\3\4", ".docx"),
        *[("", "", "/x", b"%PDF-1.7", ".pdf"), ("", "", "/x.aspx", b"\n<!DOCTYPE html>", ".html")],
        *[("", "", "/x", b"\xd0\xcf\x11\xe0", ".doc"), ("", "", "/x", b"\0\1", "")],
        ("application/vnd.ms-excel", "", "/table", b"", ".xls"),
    ],
)
def test_the_suffix_follows_type_then_name_then_content(
    media_type, disposition, path, data, suffix
):
    assert suffix_for(media_type, disposition, path, data) == suffix


# Where it may go


PRIVATE = """
127.0.0.1 127.8.9.1 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254
100.64.0.1 100.100.100.200 192.0.0.1 192.0.2.1 192.88.99.1 198.18.0.1 198.51.100.1 203.0.113.1
224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8
::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 2002:7f00:1::1 2002:808:808::1 2001::1
2001:db8::1 3fff::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 100::1 localhost
"""
PUBLIC = """
8.8.8.8 1.1.1.1 223.5.5.5 172.15.0.1 172.32.0.1 2400:3200::1 2001:4860::8888 64:ff9b::808:808
"""


@pytest.mark.parametrize("address", PRIVATE.split())
def test_no_address_of_a_private_network_is_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_addresses_of_public_servers_are_public(address):
    assert is_public(address)


FORBIDDEN = [
    "file:///etc/passwd",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://017700000001/",
    "http://0x7f.0.0.1/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::]/",
    "http://0.0.0.0/",
    "http://0/",
    "http://localhost/",
    "http://localhost./",
    "http://169.254.169.254/latest/meta-data/",
    "http://user@127.0.0.1/",
    "http://user:secret@example.org/",
    "http://a\\@b/",
    "http://example.org\\@127.0.0.1/",
    "http://127.0.0.1:8080/",
    "http://１２７.0.0.1/",
    "http://127。0。0。1/",
    "http://①②⑦.0.0.1/",
    "gopher://127.0.0.1:80/_x",
    "ftp://127.0.0.1/x",
    "http://10.0.0.1/",
    "http://192.168.0.1:8443/",
    "http://[fe80::1%25eth0]/",
    "http://[64:ff9b::7f00:1]/",
    "http://example.org:22/",
    "http://example.org:6379/",
    "http:///etc/passwd",
    "http://",
    "https:example.org",
    "//127.0.0.1/",
    "http://127.0.0.1\r\nX: y/",
    "http://example.org/\0",
    "javascript:alert(1)",
    "data:text/html,x",
    "",
]


@pytest.mark.parametrize("url", FORBIDDEN)
def test_nothing_is_connected_to_for_a_forbidden_address(url, monkeypatch):
    reached = []
    monkeypatch.setattr(socket, "create_connection", lambda *a, **_: reached.append(a))
    monkeypatch.setattr(socket.socket, "connect", lambda _, a: reached.append(a))
    refusal(url)
    assert reached == []


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "https://例子.测试/通知?a=1", "http://[2400:3200::1]/", "HTTP://A.B/"],
)
def test_addresses_of_public_pages_are_well_formed(url):
    assert checked(url, Policy())


def test_a_host_at_a_private_address_is_refused(server):
    said = refusal(server.url(), server.policy(is_public=is_public))
    assert "notice.test is at 127.0.0.1, which is no public address" in said
    assert server.seen == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(server):
    policy = server.policy(is_public=is_public, resolve=lambda *_: ["8.8.8.8", "10.0.0.1"])
    assert "at 10.0.0.1" in refusal(server.url(), policy)


def test_a_host_is_resolved_once_so_that_its_address_cannot_change(server):
    answers = [["127.0.0.1"], ["192.0.2.1"]]
    page = fetch(server.url(), server.policy(resolve=lambda *_: answers.pop(0)))
    assert page.data == PAGE
    assert answers == [["192.0.2.1"]]


def test_a_host_that_is_not_found_is_named(server, monkeypatch):
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "notice.test is not found: check the address" in refusal(
        server.url(), replace(Policy(), ports=frozenset({server.port}))
    )


def test_redirects_are_followed(server):
    server.reply = redirects("/b", "c?x=1")
    assert fetch(server.url("/a"), server.policy()).url == server.url("/c?x=1")


@pytest.mark.parametrize(
    "target",
    [
        *["http://127.0.0.1:1/", "file:///etc/passwd", "http://user@notice.test/", "gopher://x/"],
        *["//2130706433/", "//0x7f.1/", "http://a\\@b/"],
    ],
)
def test_redirects_are_checked_like_addresses(server, target):
    server.reply = redirects(target)
    assert "it redirects to" in refusal(server.url(), server.policy())
    assert len(server.seen) == 1


def test_a_redirect_to_nowhere_is_an_error(server):
    server.reply = redirects("http://[::1")
    assert "cannot be fetched" in refusal(server.url(), server.policy())


def test_a_redirect_to_a_private_host_is_refused(server):
    server.reply = redirects(f"http://inside.test:{server.port}/")
    hosts = {"notice.test": ["127.0.0.1"], "inside.test": ["127.0.0.2"]}
    policy = server.policy(
        is_public=lambda address: address == "127.0.0.1", resolve=lambda host, _: hosts[host]
    )
    assert "inside.test is at 127.0.0.2" in refusal(server.url(), policy)
    assert len(server.seen) == 1


def test_endless_redirects_end(server):
    server.reply = redirects(*[f"/{i}" for i in range(50)])
    assert "more than 5 times" in refusal(server.url(), server.policy())
    assert len(server.seen) == 6


def test_proxies_of_the_environment_are_not_used(server, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert fetch(server.url(), server.policy()).data == PAGE


# How long, how large


def test_a_body_that_is_too_large_is_refused(server):
    server.reply = answer(b"x" * 1000)
    assert len(fetch(server.url(), server.policy(size=1000)).data) == 1000
    assert "more than 0 MB" in refusal(server.url(), server.policy(size=999))


def test_a_packed_body_counts_unpacked(server):
    server.reply = answer(gzip.compress(bytes(2**24)), **{"Content-Encoding": "gzip"})
    assert "more than 1 MB" in refusal(server.url(), server.policy(size=2**20))


@pytest.mark.parametrize(
    ("piece", "head"),
    [
        (b"x", b"HTTP/1.1 200 OK\r\n\r\n"),
        (b"x", b"HTTP/1.1 200 OK\r\nX: "),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b""),
        (b"1\r\nx\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ],
)
def test_a_server_that_drips_is_given_up(server, piece, head):
    server.reply = drips(piece, head)
    assert "takes more than 0.3 s" in refusal(server.url(), server.policy(whole=0.3))


def test_a_silent_server_is_given_up(server):
    release = threading.Event()
    server.reply = lambda _: release.wait(5)
    assert "silent for 0.1 s" in refusal(server.url(), server.policy(silence=0.1))
    release.set()


def test_a_body_that_is_cut_off_is_an_error(server):
    server.reply = answer(PAGE, **{"Content-Length": str(len(PAGE) + 10)})
    server.reply = _closing(server.reply)
    assert "cannot be fetched" in refusal(server.url(), server.policy())


def _closing(reply: Reply) -> Reply:
    def closing(handler: BaseHTTPRequestHandler) -> None:
        reply(handler)
        handler.close_connection = True

    return closing


@pytest.mark.parametrize(
    ("status", "said"),
    [
        *[(403, "403"), (404, "404"), (410, "410"), (401, "401"), (429, "429"), (500, "500")],
        *[(503, "503"), (204, "204"), (304, "304"), (418, "418")],
    ],
)
def test_the_status_of_a_failure_is_named_with_a_remedy(server, status, said):
    server.reply = answer(b"", status=status)
    message = refusal(server.url(), server.policy())
    assert said in message
    assert message.rpartition(": ")[2]


def test_pictures_are_no_documents(server):
    server.reply = answer(b"\x89PNG", "image/png")
    assert "it is image/png, not a document" in refusal(server.url(), server.policy())


def test_what_is_no_http_is_an_error(server):
    server.reply = drips(b"SSH-2.0-OpenSSH\r\n\r\n")
    assert "cannot be fetched" in refusal(server.url(), server.policy())


def test_a_closed_port_is_an_error():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    policy = Policy(lambda _: True, lambda *_: ["127.0.0.1"], frozenset({port}))
    assert "cannot be fetched" in refusal(f"http://notice.test:{port}/", policy)


def test_damaged_packing_is_an_error(server):
    server.reply = answer(b"no gzip", **{"Content-Encoding": "gzip"})
    assert "cannot be fetched" in refusal(server.url(), server.policy())


def test_a_long_address_is_cut_in_the_error():
    assert "…" in refusal("ftp://example.org/" + "x" * 5000)
