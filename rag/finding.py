"""Evidence for a question: what is found, what of it is taken, and whether that may answer."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from index.filters import Filters
from index.library import Library
from index.types import Hit
from index.why import matched_spans
from rag.breadth import interleave, parts, with_surroundings
from rag.evidence import gather
from rag.messages import message
from rag.refusal import reason_to_refuse
from rag.types import Evidence, Question

# Hits looked at for evidence; those that do not fit the question's place or year are then left out.
_HITS = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """What a library has on a question."""

    hits: tuple[Hit, ...]  # best first
    evidence: tuple[Evidence, ...]  # numbered from 1
    reason: str = ""  # in the question's language, why this does not answer it; "" if it may


class Finder(Protocol):
    """Finds evidence; the same for the same question and the same library, wherever it runs."""

    def find(self, asked: Question, translation: str, filters: Filters) -> Finding:
        """Return the evidence for a question and, unless it is "", its translation.

        Raises QuestionError or LibraryError.
        """


class LibraryFinder:
    """Finds evidence in a library that is open here."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def find(self, asked: Question, translation: str, filters: Filters) -> Finding:
        """Return the evidence for a question and, unless it is "", its translation.

        Raises QuestionError or LibraryError.
        """
        hits = self._searched(asked, translation, filters)
        with self.library.moment():
            evidence = self._gathered(asked, hits)
        return Finding(tuple(hits), evidence, self._reason(asked, hits, evidence))

    def _searched(self, asked: Question, translation: str, filters: Filters) -> list[Hit]:
        """Return the passages that may be evidence, from every part of the question."""
        whole = [asked.text, *filter(None, [translation])]
        parted = parts(asked)
        found = self.library.search_many([*whole, *parted], _HITS, filters)
        hits = _best_of(found[: len(whole)])
        if parted:
            return interleave(found[len(whole) :], hits, _HITS)
        estimate_tokens = self.library.encoder.estimate_tokens
        return with_surroundings(asked, hits, self.library.passages_of, estimate_tokens)

    def _gathered(self, asked: Question, hits: Sequence[Hit]) -> tuple[Evidence, ...]:
        # Each look into the store costs the threads of a busy page a turn, so that there is one.
        reprinted = self.library.reprinted({hit.passage.document for hit in hits})
        evidence = gather(
            asked,
            hits,
            self.library.metadata,
            self.library.encoder.estimate_tokens,
            copies=lambda p: self.library.passage_copies(p) if p.document in reprinted else (),
        )
        groups = self.library.query(asked.text).groups
        return tuple(
            replace(one, matched=matched_spans(groups, one.passage.text)) for one in evidence
        )

    def _reason(self, asked: Question, hits: Sequence[Hit], evidence: Sequence[Evidence]) -> str:
        library = self.library
        reason = reason_to_refuse(
            asked, evidence, library.rarity, library.encoder.name, library.glossary
        )
        if reason and not hits and not library.store.counts()[1]:
            return message("empty_library", asked.language)
        return reason


def _best_of(rankings: Sequence[Sequence[Hit]]) -> list[Hit]:
    """Return each passage with the best score that any ranking gives it, best first."""
    best: dict[int, Hit] = {}
    for hit in itertools.chain.from_iterable(rankings):
        known = best.get(hit.passage.id)
        if known is None or hit.score > known.score:
            best[hit.passage.id] = hit
    return sorted(best.values(), key=lambda hit: (-hit.score, hit.passage.id))
