"""What floods cost the whole page, and whether another visitor still gets answers meanwhile.

`python -m bench.page_floods` starts the page of tests/page/test_whole_page.py over the samples and
writes one line of JSON a flood: what was answered, how much memory grew (MB of resident set), how
long another visitor waited for an answer before, during and after (seconds).
"""

import asyncio
import contextlib
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests" / "page"))

API = "/gradio_api"
STREAMS, HALF_OPEN, SILENT, FILES, GUESSES = 500, 100, 1_000, 1_001, 400
LENGTHS = tuple(10**power for power in range(3, 9))
PAUSE = 3.5  # seconds between questions of the other visitor, who may ask 20 a minute
LONG = 120.0  # seconds that one flood may take

Flood = Callable[[SimpleNamespace], Awaitable[dict[str, Any]]]


def main() -> None:
    """Start the page, flood it in every way, and say what came of it."""
    import test_whole_page as whole

    with tempfile.TemporaryDirectory() as folder, whole.started(Path(folder), "extractive") as page:
        page.whole, page.next_question = whole, 0.0
        page.process = psutil.Process(page.id)
        with whole.Visit(page.url, whole.GUEST) as other:
            ask(page, other)
            for flood in FLOODS:
                print(json.dumps(measured(page, other, flood), ensure_ascii=False), flush=True)


def measured(page: SimpleNamespace, other: Any, flood: Flood) -> dict[str, Any]:
    """Return what a flood did, while another visitor asks again and again."""
    before, memory = ask(page, other), page.process.memory_info().rss
    with asking(page, other) as waits:
        begun = time.perf_counter()
        said = asyncio.run(asyncio.wait_for(flood(page), LONG))
        took = time.perf_counter() - begun
    return {
        "flood": flood.__name__,
        **said,
        "seconds": round(took, 1),
        "grown_mb": round((page.process.memory_info().rss - memory) / 2**20, 1),
        "wait_before": before,
        "wait_during": max(waits, default=None),
        "wait_after": ask(page, other),
        "files": page.process.num_fds(),
    }


def ask(page: SimpleNamespace, other: Any) -> float:
    """Ask one question as the other visitor; return how many seconds it took."""
    time.sleep(max(0.0, page.next_question - time.perf_counter()))
    begun = time.perf_counter()
    page.next_question = begun + PAUSE
    assert "BNCT" in page.whole.unescaped(other.ask(page.whole.QUESTION, f"at{begun:.0f}"))
    return round(time.perf_counter() - begun, 2)


@contextmanager
def asking(page: SimpleNamespace, other: Any) -> Iterator[list[float]]:
    """Ask again and again as long as this is open."""
    waits: list[float] = []
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(1):
            waits.append(ask(page, other))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield waits
    finally:
        ended.set()
        thread.join()


def client(page: SimpleNamespace, **settings: Any) -> httpx.AsyncClient:
    """Return a client that may have many connections."""
    limits = httpx.Limits(max_connections=2_000)
    given = {"base_url": page.url, "timeout": LONG, "limits": limits} | settings
    return httpx.AsyncClient(**given)


@asynccontextmanager
async def signed_in(page: SimpleNamespace, password: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a new visitor."""
    async with client(page) as one:
        (await one.post("/login", data={"password": password})).raise_for_status()
        yield one


async def statuses(requests: list[Awaitable[httpx.Response]]) -> dict[str, int]:
    """Return how many of them were answered how."""
    found = await asyncio.gather(*requests, return_exceptions=True)
    return dict(
        Counter(
            str(one.status_code) if isinstance(one, httpx.Response) else type(one).__name__
            for one in found
        )
    )


async def long_questions(page: SimpleNamespace) -> dict[str, Any]:
    """Questions of 10^3 to 10^8 characters by gradio's queue and by /v1."""
    answered = {}
    async with signed_in(page, page.whole.GUEST) as one:
        for length in LENGTHS:
            fields = {"session_hash": "long", "fn_index": 0, "data": ["q" * length]}
            queue = await statuses([one.post(f"{API}/queue/join", json=fields)])
            messages = [{"role": "user", "content": "q" * length}]
            program = await statuses(
                [one.post("/v1/chat/completions", json={"messages": messages})]
            )
            answered[f"{length:.0e}"] = [*queue, *program]
    return {"answered": answered}


async def many_sessions(page: SimpleNamespace) -> dict[str, Any]:
    """Page loads without end by one visitor, whose answers nobody fetches."""
    async with signed_in(page, page.whole.GUEST) as one:
        joins = [
            one.post(
                f"{API}/queue/join",
                json={"session_hash": f"many{n}", "fn_index": 26, "data": []},
            )
            for n in range(1_000)
        ]
        return {"answered": await statuses(joins)}


async def idle_streams(page: SimpleNamespace) -> dict[str, Any]:
    """Streams that are opened and never read, by 16 visitors."""
    found: Counter[int] = Counter()
    async with contextlib.AsyncExitStack() as stack:
        for visitor in range(16):
            one = await stack.enter_async_context(signed_in(page, page.whole.GUEST))
            for n in range(STREAMS // 16 + 1):
                opened = one.stream("GET", f"{API}/heartbeat/idle{visitor}x{n}")
                found[(await stack.enter_async_context(opened)).status_code] += 1
        await asyncio.sleep(6)
    return {"answered": dict(found)}


async def half_open(page: SimpleNamespace) -> dict[str, Any]:
    """Begin uploads as the owner that send a beginning and then nothing."""
    async with signed_in(page, page.whole.OWNER) as owner:
        cookie = "; ".join(f"{name}={value}" for name, value in owner.cookies.items())
    head = (
        f"POST {API}/upload HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: {cookie}\r\n"
        "content-type: multipart/form-data; boundary=x\r\ncontent-length: 1000000\r\n\r\n"
        '--x\r\ncontent-disposition: form-data; name="files"; filename="a.txt"\r\n\r\nhalf'
    )
    return await hanging(page, head.encode(), HALF_OPEN, wait=35)


async def silent(page: SimpleNamespace) -> dict[str, Any]:
    """Open connections as a stranger that send half a request and then nothing."""
    return await hanging(page, b"GET /login HTTP/1.1\r\nhost: 127.0.0.1\r\nx-a: ", SILENT, wait=35)


async def hanging(page: SimpleNamespace, begin: bytes, count: int, wait: float) -> dict[str, Any]:
    """Return how many of so many connections the page has ended by itself after a while."""
    port = int(page.url.rpartition(":")[2])
    opened = []
    for _ in range(count):
        with contextlib.suppress(OSError):
            opened.append(await asyncio.open_connection("127.0.0.1", port))
            opened[-1][1].write(begin)
    await asyncio.sleep(wait)
    answers = [reader for reader, _ in opened if reader.at_eof() or reader._buffer]  # type: ignore[attr-defined]
    for _, writer in opened:
        writer.close()
    return {"opened": len(opened), "ended_by_page": len(answers)}


async def many_files(page: SimpleNamespace) -> dict[str, Any]:
    """One upload of 1,001 files."""
    async with signed_in(page, page.whole.OWNER) as owner:
        files = [("files", (f"{n}.txt", b"x")) for n in range(FILES)]
        return {"answered": await statuses([owner.post(f"{API}/upload", files=files)])}


async def guesses(page: SimpleNamespace) -> dict[str, Any]:
    """Wrong passwords from as many addresses."""
    async with client(page) as stranger:
        posts = [
            stranger.post(
                "/login",
                data={"password": f"guess {n}"},
                headers={"x-forwarded-for": f"198.51.{n // 250}.{n % 250}"},
            )
            for n in range(GUESSES)
        ]
        return {"answered": await statuses(posts)}


async def tokens(page: SimpleNamespace) -> dict[str, Any]:
    """Tokens of links that a stranger makes up, as fast as it goes."""
    async with client(page) as stranger:
        begun = time.perf_counter()
        found = await statuses([stranger.get(f"/s/{n:022d}") for n in range(1_000)])
        return {"answered": found, "a_second": round(1_000 / (time.perf_counter() - begun))}


FLOODS: tuple[Flood, ...] = (
    *(long_questions, many_sessions, idle_streams, half_open, silent, many_files, tokens, guesses),
)


if __name__ == "__main__":
    main()
