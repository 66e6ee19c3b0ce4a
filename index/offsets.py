"""Edits to a text that keep, for every character, its place in the raw text."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from index.types import CleanText, Dropped, Offsets, Span


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters of `span` (of the text at hand, not of the raw one) by `replacement`.

    A `reason` puts the characters on the list of what was dropped; layout that is merely tidied has none.
    """

    span: Span
    replacement: str = ""
    reason: str = ""


def identity(raw: str) -> CleanText:
    """Return `raw` unchanged, each character standing at its own place."""
    places = np.arange(len(raw) + 1, dtype=np.int32)
    return CleanText(raw, places[:-1], places[1:])


def apply_edits(clean: CleanText, edits: Iterable[Edit]) -> CleanText:
    """Return `clean` with every edit made; a replacement stands where all it replaces stood.

    Raises ValueError for an empty span (nothing can be inserted: it would have no place) and for edits that overlap.
    """
    ordered = sorted(edits, key=lambda edit: edit.span)
    if not ordered:
        return clean
    _check_disjoint(ordered)
    texts: list[str] = []
    starts: list[Offsets] = []
    ends: list[Offsets] = []
    position = 0
    for edit in ordered:
        texts += [clean.text[position : edit.span.start], edit.replacement]
        raw = clean.to_raw(edit.span)
        count = len(edit.replacement)
        starts += [clean.starts[position : edit.span.start], np.full(count, raw.start, np.int32)]
        ends += [clean.ends[position : edit.span.start], np.full(count, raw.end, np.int32)]
        position = edit.span.end
    texts.append(clean.text[position:])
    starts.append(clean.starts[position:])
    ends.append(clean.ends[position:])
    dropped = [Dropped(clean.to_raw(edit.span), edit.reason) for edit in ordered if edit.reason]
    return CleanText(
        "".join(texts), np.concatenate(starts), np.concatenate(ends), (*clean.dropped, *dropped)
    )


def _check_disjoint(ordered: list[Edit]) -> None:
    end = 0
    for edit in ordered:
        if not len(edit.span) or edit.span.start < end:
            raise ValueError(f"edits must be non-empty and apart, is now {edit.span} after {end}")
        end = edit.span.end


def kept_spans(clean: CleanText) -> list[Span]:
    """Return the raw spans that the text stands for, touching ones merged, in order."""
    if not clean.text:
        return []
    gaps = np.flatnonzero(clean.starts[1:] > clean.ends[:-1])
    firsts = clean.starts[np.concatenate(([0], gaps + 1))]
    lasts = clean.ends[np.concatenate((gaps, [len(clean.text) - 1]))]
    return [Span(int(start), int(end)) for start, end in zip(firsts, lasts, strict=True)]
