"""Figures of an evaluation as they are shown: tables for a terminal, one object for a program."""

from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from rag.evaluate import Counts, Failure, Figures, Rate, rates

if TYPE_CHECKING:
    from rich.console import RenderableType

_NAMES = {
    "right": "right",
    "evidence_cited": "evidence cited",
    "right_and_cited": "right and cited",
    "citation_precision": "citation precision",
    "citation_recall": "citation recall",
    "refusal_precision": "refusal precision",
    "refusal_recall": "refusal recall",
    "claims_supported": "claims supported",
}
# What fits beside each other for each language and kind; the rest is in the table of all.
_SHORT = ("right", "evidence_cited", "citation_precision", "citation_recall", "refusal_recall")


def report_row(figures: Figures) -> dict[str, Any]:
    """Return counts, rates {count, of, share, low, high} and failures, as `eval --json` writes."""
    return {
        **_counts_row(figures),
        "by_language": {name: _counts_row(some) for name, some in figures.by_language.items()},
        "by_kind": {name: _counts_row(some) for name, some in figures.by_kind.items()},
        "failures": [asdict(failure) for failure in figures.failures],
    }


def _counts_row(counts: Counts) -> dict[str, Any]:
    row: dict[str, Any] = {each.name: getattr(counts, each.name) for each in fields(Counts)}
    return row | {"rates": {name: _rate_row(rate) for name, rate in rates(counts).items()}}


def _rate_row(rate: Rate) -> dict[str, Any]:
    low, high = rate.interval or (None, None)
    return {
        "count": rate.count,
        "of": rate.whole,
        "share": _rounded(rate.share),
        "low": _rounded(low),
        "high": _rounded(high),
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def tables(figures: Figures) -> "Iterator[RenderableType]":
    """Yield what a terminal shows: all rates, those of each language and kind, and failures."""
    from rich.table import Table

    whole = Table("", "of", "share", "95 % interval", title=_title(figures))
    for name, rate in rates(figures).items():
        whole.add_row(_NAMES[name], f"{rate.count}/{rate.whole}", _percent(rate), _interval(rate))
    yield whole
    for title, groups in (("language", figures.by_language), ("kind", figures.by_kind)):
        table = Table(title, "questions", *(_NAMES[name] for name in _SHORT))
        for name, counts in groups.items():
            table.add_row(name, *_cells(counts))
        yield table
    yield from map(_failure, figures.failures)


def _title(counts: Counts) -> str:
    return (
        f"{counts.answerable} answerable questions ({counts.wrongly_refused} refused), "
        f"{counts.unanswerable} unanswerable ({counts.refused} refused)"
    )


def _cells(counts: Counts) -> Iterator[str]:
    yield str(counts.answerable + counts.unanswerable)
    every = rates(counts)
    for name in _SHORT:
        rate = every[name]
        yield f"{rate.count}/{rate.whole}" if rate.whole else "–"


def _percent(rate: Rate) -> str:
    return "–" if rate.share is None else f"{rate.share:.1%}"


def _interval(rate: Rate) -> str:
    if rate.interval is None:
        return "–"
    low, high = rate.interval
    return f"{low:.1%} to {high:.1%}"


def _failure(failure: Failure) -> "RenderableType":
    # Text, not a string: what stands in brackets in a document is no markup.
    from rich.text import Text

    about = ", ".join(filter(None, (failure.kind, failure.language)))
    lines = [f"{failure.id} ({about}): {failure.question}", *(f"    {why}" for why in failure.why)]
    return Text("\n".join(lines))
