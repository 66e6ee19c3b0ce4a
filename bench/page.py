"""The page under load: its start, visitors at once, and what a long day leaves behind.

python -m bench.page [--library FOLDER] [--visitors N] [--rounds N] [--pause S] [--soak N]

Starts the page as a program over a library of 20,000 passages, with a model of 30 tokens a second.
"""

import argparse
import asyncio
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bench.page_model import TOKENS_A_SECOND, ModelServer, model_server
from bench.page_visitor import Asked, Visitor
from bench.rows import Row

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / ".bench"
_QUESTIONS = (
    "东莞对BNCT硼药研发给什么奖励？",
    "廣東省未來生命健康產業集群主要依托哪些地市？",
    "What does Dongguan give for BNCT drugs?",
    "到2027年湖北生物医药产业营业收入目标是多少？",
)
_LANGUAGES = ("zh", "zh-TW", "en")
_SOURCES = ("ui.py", "page", "rag", "index", "prompts")
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
_PATIENCE = 120.0  # seconds
_STAYING = 10  # visitors of a soak, and questions a round


@dataclass(frozen=True, slots=True)
class Page:
    """A page that runs as a program; `seconds` it took to start, until it answered a request."""

    address: str
    process: "subprocess.Popen[bytes]"
    seconds: float

    def figures(self) -> dict[str, float]:
        """Return CPU seconds, MiB, MiB at most, threads and open files, where Linux tells them.

        They are those of the page and of the processes that it has started.
        """
        if not Path(f"/proc/{self.process.pid}").exists():
            return {}
        family = [
            self.process.pid,
            *(one.pid for one in psutil.Process(self.process.pid).children()),
        ]
        found = [_figures(Path(f"/proc/{pid}")) for pid in family]
        return {name: sum(one[name] for one in found) for name in found[0]}


def _figures(folder: Path) -> dict[str, float]:
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    times = (folder / "stat").read_text().rsplit(")", 1)[1].split()
    return {
        "cpu": (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK"),
        "memory": int(status["VmRSS"].split()[0]) / 1024,
        "most memory": int(status["VmHWM"].split()[0]) / 1024,
        "threads": int(status["Threads"]),
        "files": len(list((folder / "fd").iterdir())),
    }


@asynccontextmanager
async def open_page(library: Path, model: ModelServer, log: Path) -> AsyncIterator[Page]:
    """Start the page and end it again."""
    command = [sys.executable, "ui.py", "--library", str(library), "--port", "0"]
    command += ["--llm", "openai:scripted", "--base-url", model.address]
    settings = os.environ | {"PYTHONUNBUFFERED": "1", "HF_HUB_OFFLINE": "1"}
    # What is installed is compiled, and a checkout is from its second start on.
    settings.pop("PYTHONDONTWRITEBYTECODE", None)
    compiled = [sys.executable, "-m", "compileall", "-q", *_SOURCES]
    await asyncio.to_thread(subprocess.run, compiled, cwd=ROOT, env=settings, check=True)
    begun = time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, env=settings)
    try:
        address = await _address(process, log)
        async with httpx.AsyncClient(trust_env=False, timeout=_PATIENCE) as client:
            (await client.get(address)).raise_for_status()
        yield Page(address, process, time.perf_counter() - begun)
    finally:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, 20)
        process.kill()


async def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        if found := _ADDRESS.search(log.read_text("utf-8")):
            return found[0]
        await asyncio.sleep(0.02)
    raise RuntimeError(f"the page did not open: {log.read_text('utf-8')[-500:]}")


@dataclass(frozen=True, slots=True)
class Crowd:
    """What visitors saw, and the processors' seconds that their visits and answers took."""

    asked: list[Asked]
    visiting: float
    answering: float


async def crowd(page: Page, visitors: int, rounds: int, pause: float) -> Crowd:
    """Let visitors open the page and then ask: all at once, or with pauses in between."""
    begun = page.figures()
    async with AsyncExitStack() as stack:
        there = [
            await stack.enter_async_context(Visitor(page.address, _LANGUAGES[n % 3]))
            for n in range(visitors)
        ]
        await asyncio.gather(*(visitor.load() for visitor in there))
        opened = page.figures()

        async def stay(number: int, visitor: Visitor) -> list[Asked]:
            await asyncio.sleep(pause * number / visitors)
            found = []
            for n in range(rounds):
                found.append(await visitor.ask(_QUESTIONS[(number + n) % len(_QUESTIONS)]))
                await asyncio.sleep(pause)
            return found

        stays = await asyncio.gather(*(stay(*one) for one in enumerate(there)))
    asked = [one for stay in stays for one in stay]
    times = [figures.get("cpu", 0.0) for figures in (begun, opened, page.figures())]
    return Crowd(asked, times[1] - times[0], times[2] - times[1])


async def soak(page: Page, questions: int) -> list[dict[str, float]]:
    """Return the figures of the page after each round of visitors who come, ask and leave."""
    found = [page.figures()]
    for _ in range(0, questions, _STAYING):
        await crowd(page, _STAYING, 1, 0.0)
        found.append(page.figures())
    return found


async def measured(
    library: Path, visitors: int, rounds: int, pause: float, soaked: int
) -> list[Row]:
    """Return what was measured."""
    log = WORK / "page.log"
    async with model_server() as model, open_page(library, model, log) as page:
        rows = [*_start_rows(page), await _first_row(page)]
        there = await crowd(page, visitors, rounds, pause)
        rows += _crowd_rows(there.asked, f"{visitors} visitors, {pause:g} s between", model)
        rows += _cost_rows(there, visitors, page.figures())
        if soaked:
            rows += _soak_rows(await soak(page, soaked))
        began = time.perf_counter()
        page.process.send_signal(signal.SIGINT)
        await asyncio.to_thread(page.process.wait, 20)
        rows.append(Row("the page ends", "Ctrl-C", f"{time.perf_counter() - began:.1f} s", "< 5"))
    return rows


def _start_rows(page: Page) -> Iterator[Row]:
    figures = page.figures()
    cpu = f", {figures['cpu']:.1f} s of processors" if figures else ""
    yield Row("the page answers a request", "since its start", f"{page.seconds:.1f} s{cpu}", "< 3")


async def _first_row(page: Page) -> Row:
    async with Visitor(page.address) as visitor:
        await visitor.load()
        asked = await visitor.ask(_QUESTIONS[0])
    return Row("the first answer", "first text, whole", f"{asked.text:.1f} {asked.whole:.1f} s")


def _crowd_rows(asked: Sequence[Asked], on: str, model: ModelServer) -> Iterator[Row]:
    problems = [one.problem for one in asked if one.problem]
    answered = sum(one.is_answered for one in asked)
    said = f"{len(problems)} {problems[:1] or ''} of {len(asked)}, {answered} with sources"
    yield Row("errors", f"{on}, {TOKENS_A_SECOND} tokens/s, {model.most} at once", said, "0")
    yield Row("stage line", on, _spread([one.sign for one in asked]))
    yield Row("first text", on, _spread([one.text for one in asked]), "p95 < 2")
    yield Row("whole answer", on, _spread([one.whole for one in asked]))


def _spread(seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return f"median {statistics.median(ordered):.2f} s, p95 {p95:.2f}"


def _cost_rows(there: Crowd, visitors: int, after: dict[str, float]) -> Iterator[Row]:
    sent, events = (
        statistics.median(getattr(one, name) for one in there.asked) for name in ("bytes", "events")
    )
    yield Row("sent to a visitor", "an answer", f"{sent / 1000:.0f} kB in {events:.0f} events")
    if after:
        yield Row("processors", "a visitor who comes", f"{there.visiting / visitors:.2f} s")
        yield Row("processors", "an answer", f"{there.answering / len(there.asked):.2f} s")
        yield Row("memory at most", "20,000 passages", f"{after['most memory']:.0f} MiB", "<= 2048")


def _soak_rows(found: Sequence[dict[str, float]]) -> Iterator[Row]:
    half = found[len(found) // 2 :]  # what is loaded once is loaded by then
    questions = _STAYING * (len(half) - 1)
    for name in ("memory", "threads", "files"):
        first, last = half[0].get(name, 0.0), half[-1].get(name, 0.0)
        on = f"the last {questions} questions of visitors who leave"
        yield Row(f"soak: {name}", on, f"{first:.0f} -> {last:.0f}")


def main() -> None:
    """Measure and print."""
    from rich.console import Console

    from bench.__main__ import _table
    from bench.scale import PASSAGES, rows

    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("--library", type=Path, default=WORK / f"scale-{PASSAGES}")
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2, help="questions of each [2]")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds before the next [0]")
    parser.add_argument("--soak", type=int, default=0, help="questions asked after that [0]")
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    if not options.library.exists():
        rows(WORK)  # makes it
    given = (options.visitors, options.rounds, options.pause, options.soak)
    before = _machine()
    found = asyncio.run(measured(options.library, *given))
    Console(width=130).print(_table(found), _said_of(before, _machine()))


def _machine() -> list[int]:
    """Return the processors' time so far, by what it went to, where Linux tells it."""
    path = Path("/proc/stat")
    if not path.exists():
        return []
    return [int(ticks) for ticks in path.read_text().split("\n")[0].split()[1:]]


def _said_of(before: Sequence[int], after: Sequence[int]) -> str:
    """Say how much of a virtual machine others had: what is measured then is not ours alone."""
    spent = [end - begin for begin, end in zip(before, after, strict=True)]
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    stolen = f", {spent[7] / max(1, sum(spent)):.0%} of its time taken by others" if spent else ""
    return f"this machine: {load}{stolen}"


if __name__ == "__main__":
    main()
