"""Speed and memory: encoder, ingest, search, cold start."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bench.rows import Row
from index.chunk import encoded_text
from index.encoder import load_encoder
from index.ingest import ingest
from index.library import Library
from index.script import fold
from index.types import Encoder

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
_QUESTION = "what does Dongguan give for BNCT drugs?"
_SYNTHETIC = 100_000  # passages, for the dense leg
_REPEATS = 20


def rows(work: Path) -> list[Row]:
    """Return every figure of speed; those of the encoder on the passages of samples/."""
    with TemporaryDirectory() as folder, Library(Path(folder), create=True) as library:
        report = ingest(library, [SAMPLES])
        texts = [
            fold(encoded_text(title, passage)) for passage, title in library.store.all_passages()
        ]
        fast, plain = load_encoder(None), load_encoder("bundled:float32")
        found = [
            *_encoder_rows(fast, plain, texts),
            _ingest_row(report.seconds, report.encoded, fast, texts),
        ]
        found += [_search_row(library), _dense_row(), *_cold_rows(Path(folder))]
    return found


def _timed(action: Callable[[], object], repeats: int) -> list[float]:
    action()  # warm
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        action()
        times.append(1000 * (time.perf_counter() - begun))
    return times


def _encoder_rows(fast: Encoder, plain: Encoder, texts: list[str]) -> list[Row]:
    tokens = sum(fast.count_tokens(texts))
    batch = [
        statistics.median(_timed(lambda e=e: e.encode_passages(texts), 3)) for e in (fast, plain)
    ]  # type: ignore[misc]
    one = [
        statistics.median(_timed(lambda e=e: e.encode_questions([_QUESTION]), _REPEATS))
        for e in (fast, plain)
    ]  # type: ignore[misc]
    agree = float(np.sum(fast.encode_passages(texts) * plain.encode_passages(texts), axis=1).mean())
    rates = [1000 * tokens / milliseconds for milliseconds in batch]
    on = f"{len(texts)} passages, {tokens} tokens"
    return [
        Row(
            "encoder, tokens/s",
            on,
            f"fast {rates[0]:.0f}  float32 {rates[1]:.0f}  ratio {rates[0] / rates[1]:.2f}",
            ">= 1.8",
        ),
        Row(
            "encoder, one question",
            "",
            f"fast {one[0]:.1f} ms  float32 {one[1]:.1f} ms  ratio {one[1] / one[0]:.1f}",
            ">= 3",
        ),
        Row("encoder, fast against float32", on, f"mean cosine {agree:.4f}"),
    ]


def _ingest_row(seconds: dict[str, float], count: int, encoder: Encoder, texts: list[str]) -> Row:
    bare = statistics.median(_timed(lambda: encoder.encode_passages(texts), 3)) / 1000
    whole = sum(seconds.values())
    return Row(
        "ingest over bare encoder", f"samples ({count} passages)", f"{bare / whole:.2f}", ">= .85"
    )


def _search_row(library: Library) -> Row:
    library.search(_QUESTION)
    every = _timed(lambda: library.search(_QUESTION), _REPEATS)
    encoding = _timed(lambda: library.encoder.encode_questions([_QUESTION]), _REPEATS)
    rest = statistics.median(every) - statistics.median(encoding)
    return Row(
        "search, warm",
        f"{library.store.counts()[1]} passages",
        f"{statistics.median(every):.1f} ms, {rest:.1f} without encoding",
    )


def _dense_row() -> Row:
    from index import dense

    random = np.random.default_rng(0)
    vectors = random.standard_normal((_SYNTHETIC, 384), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = dense.build(np.arange(_SYNTHETIC, dtype=np.int64), vectors)
    times = sorted(_timed(lambda: index.search(vectors[:1], 100), _REPEATS))
    return Row(
        "dense leg alone, warm",
        f"{_SYNTHETIC:,} random passages",
        f"p95 {times[-2]:.1f} ms",
        "<= 50 with the rest",
    )


def _cold_rows(folder: Path) -> list[Row]:
    helped, _ = _run(["--help"])
    runs = [_run(["ask", _QUESTION, "--library", str(folder)]) for _ in range(3)]
    seconds = statistics.median(wall for wall, _ in runs)
    return [
        Row("yinzheng --help", "cold process", f"{helped:.2f} s", "< 1"),
        Row("yinzheng ask", "cold process, samples", f"{seconds:.2f} s", "<= 4"),
        Row("yinzheng ask, peak memory", "samples", f"{runs[0][1]} MiB", "< 1500"),
    ]


# What getrusage says of a child begins with the memory of its parent, so the child looks itself up.
_COMMAND = """
import pathlib, sys
from rag.cli import main
try:
    main()
finally:
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        print(int(status.read_text().split("VmHWM:")[1].split()[0]) // 1024, file=sys.stderr)
"""


def _run(arguments: list[str]) -> tuple[float, str]:
    """Run the command and return its wall time in seconds and its peak memory in MiB."""
    begun = time.perf_counter()
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", _COMMAND, *arguments]
    ran = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    wall = time.perf_counter() - begun
    return wall, (ran.stderr.split() or ["?"])[-1]
