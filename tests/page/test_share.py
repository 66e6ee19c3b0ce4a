import hashlib
import http.server
import os
import queue
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from sampling import one_in

from page import share
from page.share import Patience, Tunnel
from rag.errors import ConfigurationError, ShareError

ROOT = Path(__file__).parents[2]
QUICK = Patience(start=10.0, pauses=(0.01, 0.01), steady=300.0)
URL = "https://abc.share.example"
OPENS = "echo 'start proxy success: http://abc.share.example'; exec sleep 600"
WAIT = 60  # seconds for a process of the system to come or go


def program(folder, script, name="client"):
    """A program in place of Gradio's client; it keeps its arguments and its process's number."""
    path = folder / name
    path.write_text(
        f'#!/bin/sh\necho "$@" > {folder}/arguments\necho $$ >> {folder}/pids\n{script}\n'
    )
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return path


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until(true):
    until = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


def pids(folder):
    return [int(line) for line in (folder / "pids").read_text().split()]


@pytest.fixture
def opened():
    """Start links, which are taken down after the test."""
    tunnels = []

    def start(*arguments, **settings):
        tunnels.append(Tunnel(*arguments, **settings))
        return tunnels[-1]

    yield start
    for tunnel in tunnels:
        tunnel.close()


def ignore(line, url):
    """Tell nobody."""


class TestTunnel:
    def test_has_the_address_that_the_client_says_under_the_scheme_of_its_server(
        self, tmp_path, opened
    ):
        tunnel = opened([str(program(tmp_path, OPENS))], "https", ignore)
        assert tunnel.opened() == tunnel.url == URL

    def test_ends_the_client_when_it_is_closed(self, tmp_path, opened):
        tunnel = opened([str(program(tmp_path, OPENS))], "https", ignore)
        tunnel.opened()
        (pid,) = pids(tmp_path)
        assert is_alive(pid)
        tunnel.close()
        wait_until(lambda: not is_alive(pid))
        assert tunnel.url == ""

    def test_ends_what_the_client_started_too(self, tmp_path, opened):
        script = f"sleep 600 & echo $! >> {tmp_path}/pids; {OPENS}"
        tunnel = opened([str(program(tmp_path, script))], "https", ignore)
        tunnel.opened()
        started = pids(tmp_path)
        tunnel.close()
        assert len(started) == 2
        wait_until(lambda: not any(map(is_alive, started)))

    def test_gives_up_a_client_that_never_prints(self, tmp_path, opened):
        silent = program(tmp_path, "exec sleep 600")
        tunnel = opened([str(silent)], "https", ignore, patience=Patience(start=0.3))
        with pytest.raises(ShareError, match=r"gave no link .*said nothing"):
            tunnel.opened()
        started = pids(tmp_path) if (tmp_path / "pids").exists() else []
        wait_until(lambda: not any(map(is_alive, started)))

    def test_gives_up_a_client_that_dies_and_says_what_it_said_last(self, tmp_path, opened):
        dying = program(tmp_path, "echo 'dial tcp: no route to host' >&2; exit 3")
        tunnel = opened([str(dying)], "https", ignore, patience=QUICK)
        with pytest.raises(ShareError, match="dial tcp: no route to host"):
            tunnel.opened()
        assert len(pids(tmp_path)) == 1  # nothing is tried again that never worked

    def test_gives_up_a_client_that_the_server_refuses(self, tmp_path, opened):
        refused = program(tmp_path, f"echo 'login to server failed: denied'; sleep 5; {OPENS}")
        tunnel = opened([str(refused)], "https", ignore, patience=QUICK)
        with pytest.raises(ShareError, match="denied"):
            tunnel.opened()

    @pytest.mark.parametrize(
        "printed",
        [
            r"head -c 300000 /dev/zero | tr '\\0' x",
            r"printf 'start proxy success: \n\033[2J\377\376\n'",
            "echo 'start proxy success: javascript:alert(1)'",
            "echo 'start proxy success: http://'",
            r"printf 'start proxy success: http://[1\n'",
            r"printf 'start proxy success: http://a\033[31m.example\n'",
            "echo 'start proxy success: http://引.example'",
        ],
    )
    def test_takes_garbage_for_no_address_and_keeps_it_from_the_terminal(
        self, tmp_path, opened, printed
    ):
        tunnel = opened([str(program(tmp_path, printed))], "https", ignore, patience=QUICK)
        with pytest.raises(ShareError) as caught:
            tunnel.opened()
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 500

    def test_finds_the_address_among_garbage(self, tmp_path, opened):
        noise = r"printf '\377\376\000 start proxy\n'; head -c 9000 /dev/zero; echo"
        tunnel = opened([str(program(tmp_path, f"{noise}; {OPENS}"))], "https", ignore)
        assert tunnel.opened() == URL

    def test_is_opened_again_when_the_client_dies_and_says_so(self, tmp_path, opened):
        told = queue.Queue()
        tunnel = opened(
            [str(program(tmp_path, OPENS))], "https", lambda *news: told.put(news), patience=QUICK
        )
        tunnel.opened()
        os.kill(pids(tmp_path)[0], signal.SIGKILL)
        line, url = told.get(timeout=WAIT)
        assert "broke" in line and "1 of 2" in line
        assert url == ""
        line, url = told.get(timeout=WAIT)
        assert URL in line and "open again" in line
        assert url == tunnel.url == URL

    def test_is_given_up_after_as_many_tries_as_there_are_pauses(self, tmp_path, opened):
        told = queue.Queue()
        once = f"[ -e {tmp_path}/once ] && exit 1; touch {tmp_path}/once; {OPENS}"
        tunnel = opened(
            [str(program(tmp_path, once))], "https", lambda *news: told.put(news), patience=QUICK
        )
        tunnel.opened()
        os.kill(pids(tmp_path)[0], signal.SIGKILL)
        lines = [told.get(timeout=WAIT)[0] for _ in range(3)]
        assert ["1 of 2" in lines[0], "2 of 2" in lines[1]] == [True, True]
        assert "is gone after 2 tries" in lines[2]
        assert len(pids(tmp_path)) == 3
        assert tunnel.url == ""

    def test_follows_an_address_that_changes(self, tmp_path, opened):
        told = queue.Queue()
        script = f"echo 'start proxy success: http://one.example'; read line < {tmp_path}/go\n"
        script += "echo 'start proxy success: http://two.example'; exec sleep 600"
        os.mkfifo(tmp_path / "go")
        tunnel = opened(
            [str(program(tmp_path, script))], "http", lambda *news: told.put(news), patience=QUICK
        )
        assert tunnel.opened() == "http://one.example"
        (tmp_path / "go").write_text("now\n")
        assert told.get(timeout=WAIT)[1] == tunnel.url == "http://two.example"

    def test_tells_in_the_language_asked_for(self, tmp_path, opened):
        told = queue.Queue()
        tunnel = opened(
            [str(program(tmp_path, OPENS))],
            "https",
            lambda *news: told.put(news),
            "zh-Hant",
            QUICK,
        )
        tunnel.opened()
        os.kill(pids(tmp_path)[0], signal.SIGKILL)
        assert "分享鏈接斷了" in told.get(timeout=WAIT)[0]

    @pytest.mark.parametrize("signal_", one_in(3, [signal.SIGKILL, signal.SIGINT, signal.SIGTERM]))
    def test_no_client_outlives_the_page_however_that_ends(self, tmp_path, signal_):
        client = program(tmp_path, OPENS)
        code = (
            "import signal, time; from page.share import Tunnel; "
            # Who runs the tests may ignore it.
            "signal.signal(signal.SIGINT, signal.default_int_handler); "
            f"print(Tunnel([{str(client)!r}], 'https', print).opened(), flush=True); "
            "time.sleep(600)"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as page:
            assert page.stdout.readline().decode().strip() == URL
            (pid,) = pids(tmp_path)
            assert is_alive(pid)
            page.send_signal(signal_)
            try:
                page.wait(WAIT)
            finally:
                page.kill()
        wait_until(lambda: not is_alive(pid))


@pytest.fixture
def gradio_client(tmp_path, monkeypatch):
    """A program at the place of Gradio's client, with the right sum."""
    from gradio import tunneling

    path = program(tmp_path, OPENS)
    monkeypatch.setattr(tunneling, "BINARY_PATH", str(path))
    monkeypatch.setattr(tunneling, "BINARY_URL", "http://127.0.0.1:9/client")
    sums = {tunneling.BINARY_URL: hashlib.sha256(path.read_bytes()).hexdigest()}
    monkeypatch.setattr(tunneling, "CHECKSUMS", sums)
    return path


@contextmanager
def answering(body, status=200):
    """A server on this machine that answers everything with `body`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if self.command == "GET" else b"")

        do_HEAD = do_GET

        def log_message(self, *arguments):
            """Print nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/tunnel-request"
        server.shutdown()
        thread.join()


class TestOpenTunnel:
    def test_starts_the_client_as_gradio_does(self, tmp_path, gradio_client, monkeypatch):
        from gradio import tunneling

        certificate = tmp_path / "server.pem"
        certificate.write_text("-----")
        server = share.share_server("127.0.0.1:7000", certificate)
        given = []

        def popen(command, **settings):
            given.extend(command)
            return SimpleNamespace(
                stdout=SimpleNamespace(readline=lambda: b"start proxy success: http://a\n")
            )

        monkeypatch.setattr(tunneling, "subprocess", SimpleNamespace(Popen=popen, PIPE=-1))
        monkeypatch.setattr(tunneling.atexit, "register", lambda function: None)
        monkeypatch.setattr(tunneling, "CURRENT_TUNNELS", [])
        tunneling.Tunnel(
            "127.0.0.1", 7000, "127.0.0.1", 7860, "token", str(certificate)
        ).start_tunnel()
        ours = share._command(str(gradio_client), 7860, server)
        assert len(ours[3]) >= 32
        ours[3] = "token"
        assert sorted(ours) == sorted(given)
        assert ours[:10] == given[:10]

    def test_opens_a_link_by_an_own_share_server(self, tmp_path, gradio_client):
        tunnel = share.open_tunnel(7860, share.share_server("https://127.0.0.1:7000"))
        try:
            assert tunnel.url == URL
            assert "-l 7860 -i 127.0.0.1" in (tmp_path / "arguments").read_text()
            assert "--server_addr 127.0.0.1:7000" in (tmp_path / "arguments").read_text()
        finally:
            tunnel.close()

    def test_asks_gradio_for_a_server_and_trusts_the_certificate_that_it_names(
        self, tmp_path, gradio_client, monkeypatch
    ):
        body = b'[{"host": "127.0.0.1", "port": "7001", "root_ca": "PEM"}]'
        with answering(body) as url:
            monkeypatch.setattr("gradio.networking.GRADIO_API_SERVER", url)
            tunnel = share.open_tunnel(7860)
        try:
            assert tunnel.url == URL  # https, whatever the client printed
            arguments = (tmp_path / "arguments").read_text().split()
            assert "127.0.0.1:7001" in arguments
            trusted = arguments[arguments.index("--tls_trusted_ca_file") + 1]
            assert Path(trusted).read_text() == "PEM"
        finally:
            tunnel.close()

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'[{"host": "a"}]', b"null"])
    def test_says_so_when_gradio_names_no_server(self, gradio_client, monkeypatch, body):
        with answering(body) as url:
            monkeypatch.setattr("gradio.networking.GRADIO_API_SERVER", url)
            with pytest.raises(ShareError, match=r"did not name a share server.*docs/sharing\.md"):
                share.open_tunnel(7860)

    def test_says_in_one_line_what_to_do_when_gradio_is_out_of_reach(
        self, gradio_client, monkeypatch
    ):
        monkeypatch.setattr("gradio.networking.GRADIO_API_SERVER", "http://127.0.0.1:9/")
        with pytest.raises(ShareError, match=r"cannot be reached.*") as caught:
            share.open_tunnel(7860)
        assert "docs/sharing.md" in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_says_where_to_put_a_client_that_cannot_be_fetched(self, gradio_client):
        gradio_client.unlink()
        with pytest.raises(ShareError, match="cannot be reached") as caught:
            share.open_tunnel(7860, share.share_server("127.0.0.1:7000"))
        assert str(gradio_client) in str(caught.value)
        assert "http://127.0.0.1:9/client" in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_waits_no_longer_than_it_says_for_a_server_that_is_silent(
        self, gradio_client, monkeypatch
    ):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            monkeypatch.setattr("gradio.networking.GRADIO_API_SERVER", url)
            monkeypatch.setattr(share, "_REACH", 0.2)
            with pytest.raises(ShareError, match="cannot be reached"):
                share.open_tunnel(7860)

    def test_leaves_no_part_of_a_client_behind(self, gradio_client, monkeypatch):
        from gradio import tunneling

        gradio_client.unlink()
        with answering(b"not the client", status=200) as url:
            monkeypatch.setattr(tunneling, "BINARY_URL", url)
            monkeypatch.setattr(tunneling, "CHECKSUMS", {url: "0" * 64})
            with pytest.raises(ShareError, match="could not be fetched"):
                share.open_tunnel(7860, share.share_server("127.0.0.1:7000"))
        assert not gradio_client.exists()

    def test_runs_no_client_that_is_not_what_gradio_publishes(self, tmp_path, gradio_client):
        with gradio_client.open("a") as file:
            file.write("# changed")
        with pytest.raises(ShareError, match="not the program that Gradio publishes"):
            share.open_tunnel(7860, share.share_server("127.0.0.1:7000"))
        assert not (tmp_path / "pids").exists()

    def test_says_so_when_the_client_may_not_be_run(self, gradio_client):
        gradio_client.chmod(0o644)
        with pytest.raises(ShareError, match="chmod"):
            share.open_tunnel(7860, share.share_server("127.0.0.1:7000"))


class TestShareServer:
    @pytest.mark.parametrize(
        ("text", "address", "scheme"),
        [
            ("share.example:7000", "share.example:7000", "http"),
            ("https://share.example:7000", "share.example:7000", "https"),
            ("[::1]:7000", "[::1]:7000", "http"),
        ],
    )
    def test_is_host_and_port_and_the_scheme_of_its_links(self, text, address, scheme):
        server = share.share_server(text)
        assert (server.address, server.scheme) == (address, scheme)

    @pytest.mark.parametrize(
        "text",
        ["", "a", "a:", ":7000", "a:b", "a:99999", "ftp://a:7000", "a:7000/b", "u@a:1", "[::1"],
    )
    def test_anything_else_is_refused_with_what_to_give(self, text):
        with pytest.raises(ConfigurationError, match="give HOST:PORT"):
            share.share_server(text)

    def test_a_certificate_must_be_a_file(self, tmp_path):
        with pytest.raises(ConfigurationError, match="certificate"):
            share.share_server("a:7000", tmp_path / "none.pem")


class TestAddresses:
    def test_a_page_for_this_machine_alone_has_none(self):
        assert [share.addresses(one, 7860) for one in ("127.0.0.1", "localhost", "::1")] == [[]] * 3

    def test_a_host_that_is_named_is_the_one_address(self):
        assert share.addresses("10.0.0.5", 80) == ["http://10.0.0.5:80"]
        assert share.addresses("policy.example", 80, "/y") == ["http://policy.example:80/y"]
        assert share.addresses("2001:db8::5", 80) == ["http://[2001:db8::5]:80"]

    @pytest.mark.parametrize(
        ("host", "expected"),
        [
            ("0.0.0.0", ["http://192.0.2.7:80"]),
            ("::", ["http://192.0.2.7:80", "http://[2001:db8::7]:80"]),
        ],
    )
    def test_all_interfaces_are_those_that_are_up_and_lead_here(self, monkeypatch, host, expected):
        import psutil

        def card(*found):
            return [SimpleNamespace(family=kind, address=address) for kind, address in found]

        cards = {
            "lo": card((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")),
            "eth0": card(
                (socket.AF_INET, "192.0.2.7"),
                (socket.AF_INET6, "2001:db8::7"),
                (socket.AF_INET6, "fe80::1%eth0"),
                (psutil.AF_LINK, "00:00:00:00:00:00"),
            ),
            "eth1": card((socket.AF_INET, "192.0.2.8")),
        }
        states = {name: SimpleNamespace(isup=name != "eth1") for name in cards}
        monkeypatch.setattr(psutil, "net_if_addrs", lambda: cards)
        monkeypatch.setattr(psutil, "net_if_stats", lambda: states)
        assert share.addresses(host, 80) == expected

    def test_what_is_said_of_this_machine_can_be_parsed(self):
        for one in share.addresses("::", 7860):
            assert re.fullmatch(r"http://(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]):7860", one)


class TestInvitation:
    def test_holds_addresses_passwords_and_what_guests_may_do(self):
        lines = share.invitation([URL, "http://10.0.0.5:7860"], "guest-1", "owner-1", "en").split(
            "\n"
        )
        assert lines[1:3] == [f"  {URL}", "  http://10.0.0.5:7860"]
        assert "guest-1" in lines[3] and "owner-1" in lines[4]
        assert "Guests may ask" in lines[5] and "only the owner" in lines[5]

    def test_has_no_line_for_a_password_that_is_not_to_be_shown(self):
        assert "Password" not in share.invitation([URL], "", "", "en")

    @pytest.mark.parametrize(("language", "word"), [("zh", "访客密码"), ("zh-Hant", "訪客密碼")])
    def test_is_written_in_three_languages(self, language, word):
        assert word in share.invitation([URL], "guest-1", "", language)


class TestRootPath:
    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ("", ""),
            ("/", ""),
            ("/yinzheng", "/yinzheng"),
            ("/yinzheng/", "/yinzheng"),
            ("/a/b", "/a/b"),
        ],
    )
    def test_is_a_path_without_its_last_stroke(self, text, path):
        assert share.check_root_path(text) == path

    @pytest.mark.parametrize(
        "text",
        ["yinzheng", "//host", "/a b", "/a/../b", "/引证", "/a?b", "https://host/a", "/gradio_api"],
    )
    def test_anything_else_is_refused(self, text):
        with pytest.raises(ConfigurationError):
            share.check_root_path(text)


async def placed(root_path, path, headers=(), type_="http"):
    """Return what the page sees of a request, and what is answered without it."""
    seen, sent = [], []

    async def app(scope, receive, send):
        seen.append(scope)

    async def send(message):
        sent.append(message)

    scope = {"type": type_, "path": path, "raw_path": path.encode(), "headers": list(headers)}
    await share.Prefixed(app, root_path)(scope, None, send)
    return seen, sent


def run(coroutine):
    import asyncio

    return asyncio.run(coroutine)


class TestPrefixed:
    @pytest.mark.parametrize("path", ["/login", "/yinzheng/login"])
    def test_the_prefix_is_there_whether_the_proxy_strips_it_or_not(self, path):
        (scope,), _ = run(placed("/yinzheng", path))
        assert scope["path"] == "/yinzheng/login"
        assert scope["raw_path"] == b"/yinzheng/login"
        assert scope["root_path"] == "/yinzheng"

    def test_a_path_that_only_begins_like_the_prefix_is_within_the_page(self):
        (scope,), _ = run(placed("/yinzheng", "/yinzhengs"))
        assert scope["path"] == "/yinzheng/yinzhengs"

    def test_the_bare_prefix_leads_to_its_top(self):
        seen, sent = run(placed("/yinzheng", "/yinzheng"))
        assert not seen
        assert sent[0]["status"] == 307
        assert (b"location", b"/yinzheng/") in sent[0]["headers"]
        assert (b"x-content-type-options", b"nosniff") in sent[0]["headers"]

    def test_without_a_prefix_paths_stay(self):
        (scope,), _ = run(placed("", "/login"))
        assert (scope["path"], scope["root_path"]) == ("/login", "")

    @pytest.mark.parametrize(
        "name",
        [b"X-Forwarded-Host", b"x-forwarded-proto", b"x-forwarded-for", b"forwarded",
         b"x-gradio-server", b"x-forwarded-client-cert"],
    )  # fmt: skip
    def test_headers_of_proxies_do_not_reach_the_page(self, name):
        (scope,), _ = run(placed("", "/", [(name, b"evil.example"), (b"host", b"here")]))
        assert scope["headers"] == [(b"host", b"here")]

    def test_what_is_no_request_passes_untouched(self):
        seen = []

        async def app(scope, receive, send):
            seen.append(scope)

        run(share.Prefixed(app, "/yinzheng")({"type": "lifespan"}, None, None))
        assert seen == [{"type": "lifespan"}]


DOCUMENTS = [ROOT / "docs" / name for name in ("sharing.md", "sharing.zh.md")]


def commands(path):
    """Return the command lines that a document tells to run."""
    blocks = re.findall(r"^```sh\n(.*?)^```", path.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


class TestDocuments:
    def test_both_tell_to_run_the_same(self):
        english, chinese = map(commands, DOCUMENTS)
        assert english == chinese
        assert len(english) >= 6

    @pytest.mark.parametrize("line", commands(DOCUMENTS[0]), ids=" ".join)
    def test_each_command_is_understood_by_its_program(self, line, tmp_path):
        program_, arguments = line[0], line[1:]
        if program_ == "yinzheng":
            from typer.main import get_command

            from rag.cli import app

            (tmp_path / "server.pem").write_text("-----")
            chosen = get_command(app).commands[arguments[0]]
            chosen.make_context(arguments[0], list(arguments[1:]))
        elif program_ == "make":
            subprocess.run(["make", "-n", *arguments], cwd=ROOT, check=True, capture_output=True)
        elif not shutil.which("ssh"):
            pytest.skip("ssh is not installed")
        else:
            assert program_ == "ssh"
            subprocess.run(["ssh", "-G", *arguments], check=True, capture_output=True)
