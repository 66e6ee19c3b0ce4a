"""`make bench`: one table of quality and speed, over ../shared/eval where it is.

python -m bench [--queries N]     N questions a set instead of all
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import answers, dates, mutations, pages, retrieval, scale, speed
from bench.rows import Row

SHARED = Path(__file__).resolve().parents[2] / "shared"
# Libraries of the sets are kept here, so that a second run does not encode them again.
SAMPLES = Path(__file__).resolve().parents[1] / "samples"
WORK = Path(__file__).resolve().parents[1] / ".bench"


def main() -> None:
    """Measure everything that can be measured here and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--queries", type=int, default=0, help="questions a set [all]")
    parser.add_argument(
        "--only", choices=["retrieval", "answers", "mutations", "pages", "speed"], help="one part"
    )
    options = parser.parse_args()
    parts = {
        "retrieval": lambda: retrieval.rows(SHARED / "eval" / "retrieval", WORK, options.queries),
        "answers": lambda: answers.rows(SHARED / "corpus", SHARED / "eval" / "gold.jsonl", WORK),
        "mutations": lambda: mutations.rows(SAMPLES, SHARED / "corpus"),
        "pages": lambda: [
            *pages.rows(SHARED / "eval" / "html"),
            *dates.rows(SHARED / "eval" / "html"),
        ],
        "speed": lambda: [*speed.rows(WORK), *scale.rows(WORK)],
    }
    found: list[Row] = []
    for name, part in parts.items():
        if options.only in (None, name):
            print(f"measuring {name} …", file=sys.stderr)
            found += part()
    Console(width=110).print(_table(found))


def _table(found: list[Row]) -> Table:
    table = Table("what", "on", "figure", "bar")
    for row in found:
        table.add_row(row.what, row.on, row.figure, row.bar)
    return table


if __name__ == "__main__":
    main()
