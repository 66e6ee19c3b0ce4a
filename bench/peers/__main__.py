"""`python -m bench.peers`: all systems on all sets, one table."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

import bench.peers
from bench.peers.cache import CachedEncoder
from bench.peers.measure import (
    CACHED,
    DEPTHS,
    SYSTEMS,
    Figures,
    built,
    load_system,
    measure,
    milliseconds_to_encode,
)
from bench.peers.sets import SETS, EvaluationSet, read_documents, read_questions
from bench.peers.types import Question, System
from index.encoder import load_encoder
from index.types import Encoder

_REPOSITORY = Path(__file__).resolve().parents[2]
_ROOT = _REPOSITORY.parent / "shared" / "eval" / "retrieval"
_VECTORS = _REPOSITORY / ".bench" / "peers" / "vectors.sqlite3"
_SAMPLE = 50  # questions whose encoding is timed, of each set
_WIDTH = 110


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of a system on a set, None where it is not installed."""

    set_name: str
    questions: int
    system: str
    figures: Figures | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A set's questions and the milliseconds that it takes to encode one."""

    set_name: str
    questions: list[Question]
    encoding: float


def main() -> None:
    """Measure and print."""
    options = _options()
    if not _ROOT.is_dir():
        sys.exit(f"not measured: no {_ROOT}")
    chosen = [some for some in SETS if not options.sets or some.name in options.sets]
    systems, absent = _installed(options.systems or list(SYSTEMS))
    encoder = load_encoder()
    cache = CachedEncoder(encoder, _VECTORS)
    rows: list[Row] = []
    for _, group in groupby(chosen, key=lambda some: some.corpus):
        rows += _on_corpus(list(group), systems, options.queries, encoder, cache)
    cache.close()
    order = [some.name for some in SETS]
    rows += [Row(r.set_name, r.questions, name, None) for r in _one_a_set(rows) for name in absent]
    rows.sort(key=lambda row: (order.index(row.set_name), list(SYSTEMS).index(row.system)))
    Console(width=_WIDTH).print(_table(rows))
    _explain(systems, absent, encoder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers",
        description=bench.peers.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--queries", type=int, default=0, help="questions a set [all]")
    parser.add_argument("--sets", nargs="+", choices=[some.name for some in SETS])
    parser.add_argument("--systems", nargs="+", choices=list(SYSTEMS))
    return parser.parse_args()


def _installed(names: Sequence[str]) -> tuple[dict[str, System], dict[str, str]]:
    """Return the systems that can be imported, and why the others cannot."""
    systems, absent = {}, {}
    for name in names:
        try:
            systems[name] = load_system(name)
        except ImportError as error:
            absent[name] = str(error)
    return systems, absent


def _on_corpus(
    group: list[EvaluationSet],
    systems: dict[str, System],
    limit: int,
    encoder: Encoder,
    cache: CachedEncoder,
) -> Iterator[Row]:
    """Index the corpus that these sets share once a system and ask the questions of each."""
    documents = read_documents(_ROOT, group[0])
    asked = [_asked(some, limit, encoder) for some in group]
    for name, system in systems.items():
        _say(f"{name}: indexing {group[0].corpus} …")
        with built(system, documents, cache) as index:
            for some in asked:
                _say(f"{name}: {some.set_name} …")
                cached = name in CACHED
                if cached:
                    cache.encode_questions([question.text for question in some.questions])
                extra = some.encoding if cached else 0.0
                figures = measure(index, some.questions, cache, extra)
                yield Row(some.set_name, len(some.questions), name, figures)


def _asked(some: EvaluationSet, limit: int, encoder: Encoder) -> Asked:
    questions = read_questions(_ROOT, some, limit)
    encoding = milliseconds_to_encode(encoder.encode_questions, questions[:_SAMPLE])
    _say(f"{some.name}: encoding a question takes {encoding:.1f} ms")
    return Asked(some.name, questions, encoding)


def _one_a_set(rows: Sequence[Row]) -> list[Row]:
    return list({row.set_name: row for row in rows}.values())


def _table(rows: Sequence[Row]) -> Table:
    table = Table("set", "system", box=box.MARKDOWN)
    for title in (*(f"hit@{depth}" for depth in DEPTHS), "ms", "index s", "passages"):
        table.add_column(title, justify="right")
    for row in rows:
        best = _best([other for other in rows if other.set_name == row.set_name])
        table.add_row(f"{row.set_name} ({row.questions})", row.system, *_cells(row.figures, best))
    return table


def _best(rows: Sequence[Row]) -> tuple[float, ...]:
    """Return the highest share of hits at each depth."""
    return tuple(map(max, zip(*(row.figures.hits for row in rows if row.figures), strict=True)))


def _cells(figures: Figures | None, best: tuple[float, ...]) -> list[str]:
    if figures is None:
        return ["not installed", *["—"] * (len(DEPTHS) + 2)]
    hits = [
        f"[bold]{share:.3f}[/bold]" if share == most else f"{share:.3f}"
        for share, most in zip(figures.hits, best, strict=True)
    ]
    return [*hits, f"{figures.milliseconds:.1f}", f"{figures.seconds:.1f}", f"{figures.passages:,}"]


def _explain(systems: dict[str, System], absent: dict[str, str], encoder: Encoder) -> None:
    print(f"encoder: {encoder.name}, {encoder.dimension} dimensions, {encoder.max_tokens} tokens")
    for name, system in systems.items():
        versions = ", ".join(f"{package} {version(package)}" for package in system.PACKAGES)
        print(f"{name}: {system.SETUP} ({versions})")
    for name, reason in absent.items():
        print(f"{name}: not installed ({reason}): make peers")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
