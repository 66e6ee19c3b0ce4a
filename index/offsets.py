"""Edits to a text that keep, for every character, its place in the raw text."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from index.types import CleanText, Dropped, Offsets, Span


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters of `span` (of the text at hand, not of the raw one) by `replacement`.

    A `reason` puts the characters on the list of what was dropped; layout that is merely tidied
    has none.
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

    Raises ValueError for an empty span (nothing can be inserted: it would have no place) and for
    edits that overlap.
    """
    ordered = sorted(edits, key=lambda edit: (edit.span.start, edit.span.end))
    if not ordered:
        return clean
    _check_disjoint(ordered)
    texts: list[str] = []
    position = 0
    for edit in ordered:
        texts += [clean.text[position : edit.span.start], edit.replacement]
        position = edit.span.end
    texts.append(clean.text[position:])
    dropped = [Dropped(clean.to_raw(edit.span), edit.reason) for edit in ordered if edit.reason]
    starts, ends = _edited_places(clean, ordered)
    return CleanText("".join(texts), starts, ends, (*clean.dropped, *dropped))


def _edited_places(clean: CleanText, ordered: list[Edit]) -> tuple[Offsets, Offsets]:
    """Repeat the place of each character as often as it stands in the edited text.

    That is once, but not at all inside an edit, whose first character stands for its replacement.
    """
    firsts = np.array([edit.span.start for edit in ordered])
    afters = np.array([edit.span.end for edit in ordered])
    steps = np.zeros(len(clean.text) + 1, np.int8)
    steps[firsts] += 1
    steps[afters] -= 1
    repeats = 1 - steps[:-1].cumsum(dtype=np.int32)
    repeats[firsts] = [len(edit.replacement) for edit in ordered]
    ends = clean.ends.copy()
    ends[firsts] = clean.ends[afters - 1]
    return np.repeat(clean.starts, repeats), np.repeat(ends, repeats)


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
