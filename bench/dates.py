"""The day of publication of web pages: how many are right, ours against htmldate's."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import htmldate

from bench.rows import Row, absent
from index.clean import clean
from index.content import make_document
from index.decode import decode
from index.errors import ReadError
from index.metadata import read_metadata

# Read off the pages by hand, for sets that come without dates. Two days parted by "|" where a page
# names both that of a reprint and that of its original.
LABELS = Path(__file__).with_suffix(".csv")


def rows(folder: Path) -> list[Row]:
    """Return the share of pages whose day of publication is right, of those that have one."""
    if not folder.exists():
        return [absent("dates", folder)]
    pages = [
        (decode((folder / name).read_bytes()), wanted) for name, wanted in _wanted(folder).items()
    ]
    ways: dict[str, tuple[Callable[[str], str], str]] = {
        "ours": (_ours, ">= 92 %"),
        "htmldate": (_htmldate, ""),
    }
    return [_row(name, way, bar, pages) for name, (way, bar) in ways.items()]


def _row(name: str, way: Callable[[str], str], bar: str, pages: list[tuple[str, str]]) -> Row:
    right = sum(way(page) in wanted.split("|") for page, wanted in pages)
    share = f"{right / len(pages):.1%} ({right})" if pages else "no page has a date"
    return Row(f"dates right, {name}", f"html ({len(pages)})", share, bar)


def _wanted(folder: Path) -> dict[str, str]:
    """Return file -> ISO date, from the set if it holds dates, else from the labels by hand."""
    gold = [json.loads(line) for line in (folder / "gold.jsonl").read_text("utf-8").splitlines()]
    declared = {row["file"]: str(row["date"])[:10] for row in gold if row.get("date")}
    if declared:
        return declared
    with LABELS.open(encoding="utf-8", newline="") as file:
        labels = {row["file"]: row["date"] for row in csv.DictReader(file)}
    return {row["file"]: labels[row["file"]] for row in gold if labels.get(row["file"])}


def _ours(page: str) -> str:
    try:
        text = clean(page, "text/html")
    except ReadError:
        return ""
    return read_metadata(make_document("page.html", page, "text/html"), text).date


def _htmldate(page: str) -> str:
    return htmldate.find_date(page, original_date=True) or ""
