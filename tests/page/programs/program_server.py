"""A server on a free port of this machine, and what stands for the page's settings."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from rag.errors import LimitReached
from rag.pipeline import Assistant

ABOUT = "东莞对BNCT硼药研发给什么奖励？"
SOURCE = "dongguan-measures.txt"


@dataclass
class Settings:
    """Stands for page.models and page.access: a test may exchange both."""

    assistant: Assistant
    refuses: str = ""
    held: int = 0  # requests that are being answered

    @contextmanager
    def admit(self, request: Any) -> Iterator[None]:
        assert request is not None
        if self.refuses:
            raise LimitReached(self.refuses, "questions", 7)
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1

    def watched(self) -> "Watched":
        """Return an assistant that notes how many requests are held while it answers."""
        return Watched(self)


@dataclass
class Watched:
    """Answers as the assistant of the settings did, and notes what is held meanwhile."""

    settings: Settings
    seen: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inner = self.settings.assistant

    def __getattr__(self, name: str) -> Any:
        if name in ("ask", "stream"):
            self.seen.append(self.settings.held)
        return getattr(self.inner, name)


@contextmanager
def serve(app: Any) -> Iterator[str]:
    """Serve an app on a free port of this machine, and yield its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
