"""A visitor of the page without a browser: what gradio's own script sends, timed."""

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

_QUESTION_BOX = "yz-question"
_SIGN = re.compile(r"yz-quiet")
_TEXT = re.compile(r'class=\\"yz-draft\\">[^<\\]')
_CHECKED = re.compile(r"yz-source")
PATIENCE = 120.0  # seconds


@dataclass(slots=True)
class Asked:
    """Seconds from a question until things were seen, and what came; inf if it did not."""

    sign: float = float("inf")  # the stage line
    text: float = float("inf")  # the first words of a draft, or of the answer
    whole: float = float("inf")
    bytes: int = 0
    events: int = 0
    is_answered: bool = False  # with sources
    problem: str = ""
    lines: list[str] = field(default_factory=list, repr=False)


class Visitor:
    """One browser, with its cookie and one tab."""

    def __init__(self, address: str, language: str = "zh") -> None:
        headers = {"accept": "text/html,*/*", "accept-language": language}
        self._client = httpx.AsyncClient(
            base_url=address, headers=headers, timeout=PATIENCE, trust_env=False
        )
        self._session = secrets.token_hex(6)
        self._event: Mapping[str, Any] = {}
        self._settle: list[Mapping[str, Any]] = []
        self._load: list[Mapping[str, Any]] = []

    async def __aenter__(self) -> "Visitor":
        """Open the page."""
        (await self._client.get("/")).raise_for_status()
        config = (await self._client.get("/config")).raise_for_status().json()
        boxes = {
            one["id"]
            for one in config["components"]
            if one["props"].get("elem_id") == _QUESTION_BOX
        }
        self._event = next(
            one
            for one in config["dependencies"]
            if any(id_ in boxes and name == "submit" for id_, name in one["targets"])
        )
        self._settle = [
            one
            for one in config["dependencies"]
            if one.get("trigger_after") == self._event["id"]
            and not one.get("trigger_only_on_failure")
        ]
        self._load = [
            one
            for one in config["dependencies"]
            if any(name == "load" for _, name in one["targets"])
        ]
        self._beat = asyncio.create_task(self._heartbeat())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the page."""
        self._beat.cancel()
        await asyncio.gather(self._beat, return_exceptions=True)
        await self._client.aclose()

    async def _heartbeat(self) -> None:
        async with self._client.stream("GET", f"/gradio_api/heartbeat/{self._session}") as beats:
            async for _ in beats.aiter_bytes():
                pass

    async def load(self) -> None:
        """Do what the page does when it is opened."""
        for event in self._load:
            await self._run(event, [None] * len(event["inputs"]), Asked(), time.perf_counter())

    async def ask(self, question: str) -> Asked:
        """Ask in the open chat and wait until the question box is ready again."""
        asked, begun = Asked(), time.perf_counter()
        try:
            await self._run(self._event, [question, None, "", None], asked, begun)
            asked.whole = time.perf_counter() - begun
            asked.text = min(asked.text, asked.whole)  # of a refusal, which has no draft
            for event in self._settle:
                await self._run(event, [None], Asked(), begun)
        except (httpx.HTTPError, RuntimeError, TimeoutError) as error:
            asked.problem = f"{type(error).__name__} {error}"[:200]
        asked.is_answered = any(_CHECKED.search(line) for line in asked.lines[-3:])
        asked.lines.clear()
        return asked

    async def _run(
        self, event: Mapping[str, Any], data: list[object], asked: Asked, begun: float
    ) -> None:
        body = {
            "data": data,
            "event_data": None,
            "fn_index": event["id"],
            "trigger_id": None,
            "session_hash": self._session,
        }
        joined = await self._client.post("/gradio_api/queue/join", json=body)
        if joined.status_code != 200:
            raise RuntimeError(f"{joined.status_code}: {joined.text[:100]}")
        id_ = joined.json()["event_id"]
        async for line in self._messages():
            asked.bytes += len(line)
            self._note(line, asked, time.perf_counter() - begun)
            message = json.loads(line)
            if message.get("event_id") == id_ and message["msg"] == "process_completed":
                if not message["success"]:
                    raise RuntimeError(f"failed: {line[:100]}")
                return
        raise RuntimeError("the stream ended before the answer")

    async def _messages(self) -> AsyncIterator[str]:
        query = {"session_hash": self._session}
        async with self._client.stream("GET", "/gradio_api/queue/data", params=query) as stream:
            stream.raise_for_status()
            async for line in stream.aiter_lines():
                if line.startswith("data:"):
                    yield line[5:].strip()

    @staticmethod
    def _note(line: str, asked: Asked, now: float) -> None:
        if '"process_generating"' not in line and '"process_completed"' not in line:
            return
        asked.events += 1
        asked.lines.append(line)
        if _SIGN.search(line):
            asked.sign = min(asked.sign, now)
        if _TEXT.search(line):
            asked.text = min(asked.text, now)
