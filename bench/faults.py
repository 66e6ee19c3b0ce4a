"""The twelve faults of a language model's server, with the real limits, through the assistant.

`python -m bench.faults [PART-OF-A-NAME]` asks one question over the samples for each, and prints
how long it took and what the answer says; exit code 1 if one takes longer than 30 s or passes as
whole. It takes three minutes.
"""

import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from index.ingest import ingest
from index.library import Library
from rag.answer import PromptedAnswerer
from rag.llm.openai_compatible import OpenAICompatible
from rag.llm.patience import HOSTED
from rag.pipeline import Assistant
from rag.types import Answer, Checking, Event

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "rag"))

from fault_server import Mode, free_address, modes, serving  # type: ignore[import-not-found]

_SAMPLES = Path(__file__).resolve().parents[1] / "samples"
_QUESTION = "东莞对BNCT硼药研发给什么奖励？"
_MOST = 30.0  # seconds
_KEY = "sk-not-a-key-0123456789"


@dataclass(frozen=True, slots=True)
class Row:
    """How a fault ended."""

    mode: Mode
    seconds: float
    answer: Answer
    requests: int
    left: int  # files and threads that were not open before

    @property
    def marked(self) -> bool:
        """Whether the reader is told, or the fault passed."""
        told = self.answer.cut or self.answer.llm == "extractive"
        return bool(self.mode.whole or (told and self.answer.notes))

    @property
    def good(self) -> bool:
        """Whether it ended as it has to."""
        return self.seconds <= _MOST and self.marked and self.left <= 0


def ask(library: Library, mode: Mode, address: str) -> tuple[float, Answer]:
    """Return how long a question took, and its answer."""
    model = OpenAICompatible("model", address, _KEY, HOSTED, name="test:model")
    begun = time.perf_counter()
    answer = Assistant(library, PromptedAnswerer(model)).ask(_QUESTION)
    return time.perf_counter() - begun, answer


def play(library: Library, mode: Mode) -> Row:
    """Ask a server with a fault."""
    before = _open()
    requests = 0
    if mode.replies:
        with serving(*mode.replies) as server:
            seconds, answer = ask(library, mode, server.address)
            requests = len(server.seen)
    else:
        seconds, answer = ask(library, mode, free_address())
    return Row(mode, seconds, answer, requests, _open() - before)


def _open() -> int:
    """Return how many files and threads are open; Linux only."""
    return len(os.listdir("/proc/self/fd")) + threading.active_count()


def good_draft(library: Library) -> list[str]:
    """Return the tokens of a true draft: the one that quotes the documents."""
    events: list[Event] = list(Assistant(library).stream(_QUESTION))
    (draft,) = (event.draft for event in events if isinstance(event, Checking))
    return [draft[i : i + 3] for i in range(0, len(draft), 3)]


def main() -> int:
    """Play all faults whose name holds the argument, and print how they ended."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    with (
        tempfile.TemporaryDirectory() as folder,
        Library(Path(folder) / "l", create=True) as library,
    ):
        ingest(library, [_SAMPLES])
        tokens = good_draft(library)
        good = [_played(library, mode) for mode in modes(tokens) if wanted in mode.name]
    print(f"{sum(good)} of {len(good)} end as they should")
    return 0 if good and all(good) else 1


def _played(library: Library, mode: Mode) -> bool:
    row = play(library, mode)
    state = "cut" if row.answer.cut else "whole"
    print(
        f"{'good' if row.good else 'BAD '} {row.seconds:5.1f} s, {row.requests} requests  "
        f"{mode.name:34} {row.answer.llm}, {state}: {_shortened(row.answer.text, 40)} "
        f"| {' '.join(row.answer.notes)}",
        flush=True,
    )
    return row.good


def _shortened(text: str, length: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[:length]}…"


if __name__ == "__main__":
    raise SystemExit(main())
