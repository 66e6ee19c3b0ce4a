"""Tantivy: BM25 over the terms of passages, on disk, memory-mapped, updated segment by segment.

Nothing else here knows tantivy. A finished index is never changed: an update links its segments
into a new folder and adds to them there. Tantivy's BM25 goes on counting passages that were removed
until it merges their segment; what they held is kept in removed.json, so that inverse document
frequencies stay those of the passages that are left, and an index is made anew before the average
length drifts.
"""

import json
import math
import os
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.terms import TERMS_VERSION, TermGroup, terms

# An index of another form is made anew from the store.
FORMAT = f"3 | {TERMS_VERSION}"
_HEAP = 128_000_000  # bytes; large enough to leave one segment for some 100,000 passages
_TOKENIZER = "whitespace"
# Scores of equal passages differ in the last bits from segment to segment: here they are the same.
_DECIMALS = 4
# Below this share of allowed passages a query for their ids is faster than passing over the others:
# it takes 3 ms for 1,000 ids, and the share of hits to pass over grows as this one falls.
_FEW_ALLOWED = 0.04
# Share of the average length by which removed passages may move tantivy's: scores move by less.
_DRIFT = 1e-4
# Share of removed passages beyond which an index is made anew: they take space and time.
_MOST_REMOVED = 0.2
_REMOVED, _CHANGED = "removed.json", ("meta.json", ".managed.json")


@dataclass(frozen=True, slots=True)
class Matches(Mapping[int, float]):
    """What a search found: passage id -> BM25, best first, ties by id, and what was to be matched.

    `mass` is the sum over the groups of weight times the inverse document frequencies of the best
    alternative: about the BM25 of a passage of average length that names everything once, so that
    `coverage` is the share of the question, by rarity, that a passage matches. `known` is the part
    of it that stands anywhere in the library.
    """

    scores: dict[int, float] = field(default_factory=dict)
    mass: float = 0.0
    known: float = 0.0

    def __getitem__(self, id_: int) -> float:
        return self.scores[id_]

    def __iter__(self) -> Iterator[int]:
        return iter(self.scores)

    def __len__(self) -> int:
        return len(self.scores)

    def coverage(self, id_: int) -> float:
        """Return the share 0..1 of the question that a passage matches; 0 if it was not found."""
        return min(1.0, self.scores.get(id_, 0.0) / self.mass) if self.mass else 0.0


@dataclass(frozen=True, slots=True)
class _Removed:
    """Passages that stand in the segments but are no longer part of the index."""

    passages: int = 0
    length: int = 0  # in terms, repeats counted
    terms: dict[str, int] = field(default_factory=dict)  # term -> how many of them hold it


@dataclass(frozen=True, slots=True)
class LexicalIndex:
    """A BM25 index (k1 1.2, b 0.75) that is never changed once made."""

    index: Any  # tantivy.Index
    searcher: Any  # tantivy.Searcher
    removed: _Removed = _Removed()

    def search(
        self,
        wanted: Sequence[TermGroup | str],
        count: int,
        allowed: NDArray[np.int64] | None = None,
    ) -> Matches:
        """Return the `count` best passages that hold any of the terms, best first, ties by id.

        Of a group the best alternative counts; a term is a group of its own. `allowed` are sorted
        ids, None for all.
        """
        groups = [TermGroup(((item,),)) if isinstance(item, str) else item for item in wanted]
        distinct = dict.fromkeys(term for way in _ways(groups) for term in way)
        holding = {term: self._holding(term) for term in distinct}
        rarity = {term: _rarity(self.count, n) for term, n in holding.items()}
        known = {term for term, n in holding.items() if n}
        clauses = [_group(self.index.schema, group, self._factors(known)) for group in groups]
        query = _any([clause for clause in clauses if clause is not None])
        whole = sum(group.weight * _mass(group, rarity, known) for group in groups)
        there = [group for group in groups if any(known.intersection(w) for w in _ways([group]))]
        mass = sum(group.weight * _mass(group, rarity, known) for group in there)
        found = self._best(query, count, allowed) if query is not None and count > 0 else {}
        return Matches(found, whole, mass)

    @property
    def count(self) -> int:
        """The number of passages."""
        return int(self.searcher.num_docs)

    def rarity(self, question_terms: Iterable[str]) -> dict[str, float]:
        """Return term -> its inverse document frequency as in BM25.

        That is ln(1 + (N - n + 1/2) / (n + 1/2)) where n of N passages hold the term.
        """
        counts = {term: self._holding(term) for term in question_terms}
        return {term: _rarity(self.count, n) for term, n in counts.items()}

    def _holding(self, term: str) -> int:
        return int(self.searcher.doc_freq("terms", term)) - self.removed.terms.get(term, 0)

    def _factors(self, known: Iterable[str]) -> dict[str, float]:
        """Return what makes each term's weight in tantivy the one without removed passages."""
        if not self.removed.passages:
            return dict.fromkeys(known, 1.0)
        every = self.count + self.removed.passages
        weights = {term: _rarity(every, self.searcher.doc_freq("terms", term)) for term in known}
        return {term: _rarity(self.count, self._holding(term)) / weights[term] for term in weights}

    def _best(self, query: Any, count: int, allowed: NDArray[np.int64] | None) -> dict[int, float]:
        """Take more hits until none that was left out can be among the best or tie with them."""
        share = 1.0 if allowed is None else len(allowed) / max(1, self.count)
        if allowed is not None and share < _FEW_ALLOWED:
            query, share, allowed = _only(self.index.schema, query, allowed), 1.0, None
        limit = int(1.25 * count / share) + 1 if share else 0
        while limit:
            some = min(limit, self.count)
            hits = self.searcher.search(query, some, count=False).hits if some else []
            ids = np.array(self._ids(hits), np.int64)
            scores = np.round(np.array([score for score, _ in hits], np.float64), _DECIMALS)
            kept = np.ones(len(ids), bool) if allowed is None else _among(ids, allowed)
            order = np.lexsort((ids[kept], -scores[kept]))[:count]
            best, values = ids[kept][order], scores[kept][order]
            if len(hits) < limit or (len(best) == count and values[-1] > scores[-1]):
                return dict(zip(best.tolist(), values.tolist(), strict=True))
            limit *= 4
        return {}

    def _ids(self, hits: Sequence[tuple[float, Any]]) -> list[int]:
        found = self.searcher.fast_field_values("id", [address for _, address in hits])
        return [int(id_) for id_ in found]


def build(
    folder: Path,
    passages: Iterable[tuple[int, str]],
    cut: Callable[[str], list[str]] = terms,
) -> None:
    """Write an index of (id, text) pairs below an empty folder; `cut` makes terms of a text.

    Raises OSError or ValueError when it cannot.
    """
    import tantivy

    _add(tantivy.Index(_schema(), path=str(folder)), passages, cut=cut)


def update(
    previous: Path, folder: Path, removed: Collection[int], added: Iterable[tuple[int, str]]
) -> bool:
    """Write an index below an empty folder that has what `previous` has, less and more passages.

    Nothing below `previous` is changed, and its files must have passed their checksums. Returns
    False, the folder empty again, if too much was removed: then `build` one. Raises OSError or
    ValueError when it cannot.
    """
    old = load(previous)
    gone = _removed_now(old, removed)
    if gone.passages > _MOST_REMOVED * (old.count + old.removed.passages):
        return False
    _link(previous, folder)
    if _changed(folder, removed, added, gone):
        return True
    for path in folder.iterdir():
        path.unlink()
    return False


def load(folder: Path) -> LexicalIndex:
    """Open an index whose files have passed their checksums."""
    index = _opened(folder)
    said = folder / _REMOVED
    removed = _Removed(**json.loads(said.read_text("utf-8"))) if said.exists() else _Removed()
    return LexicalIndex(index, index.searcher(), removed)


# --- writing


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", indexed=True, fast=True)
    builder.add_unsigned_field("length", fast=True)
    builder.add_text_field("terms", stored=False, tokenizer_name=_TOKENIZER, index_option="freq")
    return builder.build()


def _opened(folder: Path) -> Any:
    """Open an index without the thread that would watch its folder for changes."""
    import tantivy

    index = tantivy.Index.open(str(folder))
    index.config_reader("manual")
    index.reload()
    return index


def _add(
    index: Any,
    passages: Iterable[tuple[int, str]],
    removed: Collection[int] = (),
    cut: Callable[[str], list[str]] = terms,
) -> None:
    """Remove and add passages in one commit, in one thread: the same files run after run."""
    import tantivy

    writer = index.writer(_HEAP, num_threads=1)
    if removed:  # by term it would find none: it takes ids for signed integers
        writer.delete_documents_by_query(_ids_query(index.schema, removed))
    for id_, text in passages:
        found = cut(text)
        document = tantivy.Document()
        document.add_unsigned("id", id_)
        document.add_unsigned("length", len(found))
        document.add_text("terms", " ".join(found))
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def _link(previous: Path, folder: Path) -> None:
    """Give a folder the files of an index: the segments, never written again, by hard links."""
    for path in sorted(previous.iterdir()):
        target = folder / path.name
        if path.name in (*_CHANGED, _REMOVED):
            shutil.copyfile(path, target)
        elif path.suffix != ".lock":
            try:
                os.link(path, target)
            except OSError:  # not every file system has them
                shutil.copyfile(path, target)


def _removed_now(old: LexicalIndex, removed: Collection[int]) -> _Removed:
    """Return what will have been removed from an index, with what was before."""
    if not removed:
        return old.removed
    going = _ids_query(old.index.schema, removed)
    counts = Counter(old.removed.terms)
    counts.update(dict(old.searcher.terms_with_prefix("terms", "", filter_query=going)))
    number = int(old.searcher.search(going, 1, count=True).count)
    length = old.removed.length + _length(old.searcher, going)
    return _Removed(old.removed.passages + number, length, dict(sorted(counts.items())))


def _changed(
    folder: Path, removed: Collection[int], added: Iterable[tuple[int, str]], gone: _Removed
) -> bool:
    """Remove and add; tell whether the scores are as good as those of an index made anew."""
    index = _opened(folder)
    _add(index, added, removed)
    index.reload()
    # A merge leaves the removed ones out for good: then `gone` is true no more.
    if _dead(folder) != gone.passages or _drift(index.searcher(), gone) > _DRIFT:
        return False
    (folder / _REMOVED).write_text(json.dumps(asdict(gone), ensure_ascii=False), "utf-8")
    return True


def _drift(searcher: Any, gone: _Removed) -> float:
    """Return by which share the average length in tantivy is not that of the passages left."""
    import tantivy

    length = _length(searcher, tantivy.Query.all_query())
    if not length:
        return float(gone.length > 0)
    count = int(searcher.num_docs)
    mean, theirs = length / count, (length + gone.length) / (count + gone.passages)
    return abs(theirs / mean - 1)


def _dead(folder: Path) -> int:
    segments = json.loads((folder / "meta.json").read_text("utf-8"))["segments"]
    return sum((segment["deletes"] or {}).get("num_deleted_docs", 0) for segment in segments)


def _length(searcher: Any, query: Any) -> int:
    found = searcher.aggregate(query, {"length": {"sum": {"field": "length"}}})
    return int(found["length"]["value"] or 0)


# --- queries


def _rarity(total: int, holding: int) -> float:
    return math.log(1 + (total - holding + 0.5) / (holding + 0.5))


def _ways(groups: Iterable[TermGroup]) -> Iterable[tuple[str, ...]]:
    return (way for group in groups for way in group.alternatives)


def _mass(group: TermGroup, rarity: dict[str, float], known: set[str]) -> float:
    """Return the rarity of the alternative of which most is known, the first if none is."""
    of = [sum(rarity[term] for term in way if term in known) for way in group.alternatives]
    best = max(range(len(of)), key=lambda i: (of[i], -i))
    return sum(rarity[term] for term in group.alternatives[best])


def _group(schema: Any, group: TermGroup, factors: dict[str, float]) -> Any:
    """Return the query of a group, None if the index holds none of its terms."""
    import tantivy

    ways = [
        _any([_term(schema, term, factors[term]) for term in way if term in factors])
        for way in group.alternatives
    ]
    ways = [way for way in ways if way is not None]
    if not ways:
        return None
    query = ways[0] if len(ways) == 1 else tantivy.Query.disjunction_max_query(ways)
    return query if group.weight == 1 else tantivy.Query.boost_query(query, group.weight)


def _any(queries: Sequence[Any]) -> Any:
    """Return the query whose score is the sum of those that match, None for none."""
    import tantivy

    if len(queries) < 2:
        return queries[0] if queries else None
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])


def _term(schema: Any, term: str, factor: float) -> Any:
    import tantivy

    query = tantivy.Query.term_query(schema, "terms", term, "freq")
    return query if factor == 1 else tantivy.Query.boost_query(query, factor)


def _only(schema: Any, query: Any, allowed: Iterable[int]) -> Any:
    import tantivy

    inside = tantivy.Query.const_score_query(_ids_query(schema, allowed), 0.0)
    must = tantivy.Occur.Must
    return tantivy.Query.boolean_query([(must, query), (must, inside)])


def _ids_query(schema: Any, ids: Iterable[int]) -> Any:
    import tantivy

    return tantivy.Query.term_set_query(schema, "id", [int(id_) for id_ in ids])


def _among(ids: NDArray[np.int64], allowed: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which ids stand in a sorted array of ids, which is not empty."""
    places = np.minimum(np.searchsorted(allowed, ids), len(allowed) - 1)
    found: NDArray[np.bool_] = allowed[places] == ids
    return found
