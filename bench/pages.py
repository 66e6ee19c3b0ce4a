"""The main text of web pages against hand-made texts: F1 of character trigrams."""

import json
from collections import Counter
from pathlib import Path
from statistics import mean

import readability
import trafilatura

from bench.rows import Row, absent
from index.clean import clean
from index.decode import decode
from index.errors import ReadError


def rows(folder: Path) -> list[Row]:
    """Return the mean F1 of our cleaning and, for comparison, of two extractors alone."""
    if not folder.exists():
        return [absent("main text", folder)]
    gold = [json.loads(line) for line in (folder / "gold.jsonl").read_text("utf-8").splitlines()]
    pages = [(decode((folder / row["file"]).read_bytes()), row["gold_text"]) for row in gold]
    ways = {"ours": _ours, "trafilatura": _trafilatura, "readability": _readability}
    return [
        Row(
            f"main text, F1, {name}",
            f"html ({len(pages)})",
            f"{mean(_f1(way(page), text) for page, text in pages):.3f}",
            bar,
        )
        for (name, way), bar in zip(ways.items(), (">= .90 (later)", "", ""), strict=True)
    ]


def _ours(page: str) -> str:
    try:
        return clean(page, "text/html").text
    except ReadError:
        return ""


def _trafilatura(page: str) -> str:
    return trafilatura.extract(page, favor_precision=True, include_comments=False) or ""


def _readability(page: str) -> str:
    import lxml.html

    return str(
        lxml.html.fromstring(readability.Document(page).summary(html_partial=True)).text_content()
    )


def _f1(found: str, wanted: str) -> float:
    one, other = _trigrams(found), _trigrams(wanted)
    shared = sum((one & other).values())
    return 2 * shared / (sum(one.values()) + sum(other.values()) or 1)


def _trigrams(text: str) -> Counter[str]:
    tight = "".join(text.split())
    return Counter(tight[i : i + 3] for i in range(len(tight) - 2))
