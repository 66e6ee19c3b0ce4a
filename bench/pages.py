"""The main text of web pages against hand-made texts: F1 of character trigrams."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import readability
import trafilatura

from bench.rows import Row, absent
from index.clean import clean
from index.decode import decode
from index.errors import ReadError


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well a text agrees with the one that is wanted, each 0..1."""

    precision: float
    recall: float
    f1: float


def rows(folder: Path) -> list[Row]:
    """Return mean F1, precision and recall of our cleaning and, for comparison, of two extractors.

    All get the text as we decoded it; of the extractors' settings, those that suit them best here.
    """
    if not folder.exists():
        return [absent("main text", folder)]
    gold = [json.loads(line) for line in (folder / "gold.jsonl").read_text("utf-8").splitlines()]
    pages = [(decode((folder / row["file"]).read_bytes()), row["gold_text"]) for row in gold]
    ways = {"trafilatura": _trafilatura, "readability": _readability, "ours": _ours}
    found = {name: [agreement(way(page), text) for page, text in pages]
             for name, way in ways.items()}  # fmt: skip
    best = max(mean(one.f1 for one in found[name]) for name in ("trafilatura", "readability"))
    bars = {"ours": f">= .90 and > {best:.3f}"}
    return [_row(name, found[name], bars.get(name, "")) for name in ways]


def _row(name: str, found: list[Agreement], bar: str) -> Row:
    precision, recall = mean(one.precision for one in found), mean(one.recall for one in found)
    figure = f"{mean(one.f1 for one in found):.3f} (P {precision:.3f}, R {recall:.3f})"
    return Row(f"main text, F1, {name}", f"html ({len(found)})", figure, bar)


def _ours(page: str) -> str:
    try:
        return clean(page, "text/html").text
    except ReadError:
        return ""


def _trafilatura(page: str) -> str:
    # Its best here: 0.836, against 0.830 with comments or favor_precision, 0.817 with favor_recall.
    return trafilatura.extract(page, include_comments=False) or ""


def _readability(page: str) -> str:
    import lxml.html

    summary = readability.Document(page).summary(html_partial=True)
    return str(lxml.html.fromstring(summary).text_content())


def agreement(found: str, wanted: str) -> Agreement:
    """Return how well two texts agree, by their trigrams of characters that are not white space."""
    one, other = _trigrams(found), _trigrams(wanted)
    shared = (one & other).total()
    precision, recall = shared / (one.total() or 1), shared / (other.total() or 1)
    return Agreement(precision, recall, 2 * shared / ((one.total() + other.total()) or 1))


def _trigrams(text: str) -> Counter[str]:
    tight = "".join(text.split())
    return Counter(tight[i : i + 3] for i in range(len(tight) - 2))
