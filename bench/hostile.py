"""All hostile files through the reading processes: how each ends, how long, how much memory.

`python -m bench.hostile [PART-OF-A-TITLE]`; exit code 1 if any ends badly.
"""

import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from index.frames import Job
from index.sandbox import ReadingPool

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from hostile import PROOF, TEXT, Hostile, fault, files  # type: ignore[import-not-found]

_SAMPLED = 0.02  # seconds between two looks at the memory of the child


@dataclass(frozen=True, slots=True)
class Row:
    """How one hostile file ended."""

    file: Hostile
    said: str  # the first problem, or how much was read
    seconds: float
    peak: float  # MB of the reading process
    fault: str  # "" if it ended well


class Peak:
    """The most memory that the children of this process have had, in MB; Linux only."""

    def __enter__(self) -> "Peak":
        self.most, self._ended = 0.0, threading.Event()
        for child in _children():
            with suppress(OSError):
                Path(f"/proc/{child}/clear_refs").write_text("5")  # begin to count anew
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        over = False
        while not over:
            over = self._ended.wait(_SAMPLED)
            self.most = max([self.most, *map(_high_water, _children())])


def _children() -> list[str]:
    children: list[str] = []
    for task in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            children += task.read_text().split()
    return children


def _high_water(process: str) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def try_file(pool: ReadingPool, file: Hostile) -> Row:
    """Read a hostile file, and a good one after it."""
    data = file.make()
    with Peak() as peak:
        begun = time.perf_counter()
        (outcome,) = pool.read([Job(file.name, data)])
        texts = [document.clean.text for document in outcome.documents()]
        seconds = time.perf_counter() - begun
    problems = [problem.reason for problem in outcome.problems]
    wrong = fault(file, problems, texts, seconds)
    (after,) = pool.read([Job("good.txt", TEXT.encode())])
    if not any(PROOF in document.clean.text for document in after.documents()):
        wrong = wrong or "the file after it was not read"
    read = f"read: {sum(map(len, texts)):,} characters" if texts else ""
    return Row(file, "; ".join([read, *problems[:1]]).strip("; "), seconds, peak.most, wrong)


def main() -> int:
    """Try all files whose title holds the argument and print how they ended."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    rows: list[Row] = []
    with ReadingPool(workers=1) as pool:
        for file in files():
            if wanted in file.title:
                rows.append(try_file(pool, file))
                _print(rows[-1])
    bad = [row for row in rows if row.fault]
    slowest = max((row.seconds for row in rows), default=0.0)
    most = max((row.peak for row in rows), default=0.0)
    print(f"{len(rows) - len(bad)} of {len(rows)} end as they should", end="; ")
    print(f"the slowest takes {slowest:.1f} s, the largest {most:,.0f} MB")
    return 1 if bad or not rows else 0


def _print(row: Row) -> None:
    figures = f"{row.seconds:6.1f} s {row.peak:7,.0f} MB"
    print(f"{'BAD ' if row.fault else 'good'} {figures}  {row.file.title}: {row.said}", flush=True)
    if row.fault:
        print(f"     ^ {row.file.expected} expected: {row.fault}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
