"""class Library: a folder with a store and its indexes, to search and to look things up in."""

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import dense, lexical, publish
from index.chunk import encoded_text
from index.errors import (
    EncoderMismatch,
    LibraryBusy,
    LibraryDamaged,
    LibraryError,
    LibraryNotFound,
    QuestionError,
    StorageFull,
)
from index.filters import ALL, Filters, allowed_documents
from index.fuse import (
    BESIDE_DENSE,
    BESIDE_LATE,
    Ranking,
    followed_by,
    fuse,
    lexical_weight,
    ranked,
    shared_run,
    with_bonus,
)
from index.glossary import Glossary, default_glossary, load_glossary
from index.late import CODEC, is_code, late_scores
from index.places import Place, find_places
from index.preferences import candidate_days, preference, unknown_places
from index.query import Encoded, Query, read_query
from index.script import encodable, fold, fold_names
from index.store import Store
from index.terms import question_groups
from index.types import (
    CleanText,
    Document,
    Encoder,
    Hit,
    Metadata,
    Passage,
    Reranker,
    Scores,
    Span,
    TokenEncoder,
    Vectors,
)

# Candidates of each leg; their union is ranked. More changed no figure on the retrieval sets.
CANDIDATES = 100
# The best of them are read token by token: of 3,524 questions 60 instead of 50 win two, 40 lose
# three; each costs a fifth of a millisecond.
READ_CLOSELY = 50
# What the longest wording shared with a question may add to the score of one of the ten best; from
# .25 on two Chinese questions of 632 are won; of 3,524 Traditional ones one to three.
WORDING, _WORDED = 0.25, 10
# What a stated place, year, kind or "latest" may add to a score of 0 to 1; see docs/LOG.md.
PREFERENCE = 0.3
# So many of the best tell which date is the latest: further down stands what is off the subject.
_DATED = 10
# A cross-encoder reads this many; it takes some 50 ms for each.
_RERANKED = 30
# Far beyond any question; what is longer is a mistake or an attack.
MAX_QUESTION = 10_000
_NO_TOKENS = "its token vectors cannot be read: remove it and ingest it again"
_log = logging.getLogger(__name__)
_DATABASE, _GENERATIONS, _LOCK = "library.sqlite3", "generations", "LOCK"
GLOSSARY = "glossary.csv"  # a table of the user's own, if there is one in the folder
# A reader may hold the lock while it makes indexes anew, which takes seconds at most.
_PATIENCE = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Indexes that belong together; searches hold on to one while a newer one takes its place."""

    revision: int
    dense: dense.DenseIndex
    lexical: lexical.LexicalIndex


class Library:
    """A library folder. Any number of processes may read it, one at a time may write.

    The encoder is looked at when it is first needed: listing and verifying do not load it.
    """

    def __init__(
        self,
        folder: Path,
        encoder: Encoder | None = None,
        create: bool = False,
        reranker: Reranker | None = None,
        late_name: str = "",
    ) -> None:
        """Open a folder. Raises LibraryNotFound unless there is a library or `create` is set.

        A `reranker` reads the best passages once more; `late_name` is a multi-vector model for late
        interaction, "" for the one that the library was built with.
        """
        self.folder = folder
        self._late_name = late_name
        self.reranker = reranker
        try:
            if not create and not (folder / _DATABASE).exists():
                raise LibraryNotFound(
                    f"no library at {folder}: make one with "
                    f"`yinzheng ingest PATH --library {folder}`"
                )
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(
                f"{folder} cannot be opened as a library: {error.strerror or error}"
            ) from error
        self.store = Store(folder / _DATABASE)
        self._encoder, self._is_loaded = encoder, False
        self._snapshot: Snapshot | None = None
        self._loading, self._renewing = threading.RLock(), threading.Lock()
        self._metadata: tuple[int, Mapping[str, Metadata]] | None = None  # and its revision
        self._now = threading.local()  # the facts of one moment, in the thread that sees it
        self._named: tuple[Snapshot | None, dict[str, bool]] = (None, {})  # places in its passages
        self._unpublished = -1  # a revision for whose indexes there was no space

    def close(self) -> None:
        """Close the files."""
        self._snapshot, self._named = None, (None, {})
        self.store.close()

    def __enter__(self) -> "Library":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def moment(self) -> Iterator[None]:
        """See the library as it is now until the block ends, which looks up its state only once."""
        before = getattr(self._now, "facts", None)
        self._now.facts = before or self.store.facts()
        try:
            yield
        finally:
            self._now.facts = before

    def _fact(self, name: str) -> str:
        facts = getattr(self._now, "facts", None)
        return self.store.fact(name) if facts is None else facts.get(name, "")

    @property
    def _revision(self) -> int:
        facts = getattr(self._now, "facts", None)
        return self.store.revision if facts is None else self.store.revision_in(facts)

    @property
    def encoder(self) -> Encoder:
        """The encoder given, else the one that the library was built with, else the bundled one."""
        with self._loading:
            if not self._is_loaded:
                self._encoder, self._is_loaded = self._load(), True
            assert self._encoder is not None
            return self._encoder

    def _load(self) -> Encoder:
        encoder = self._encoder
        if encoder is None:
            from index.encoder import load_encoder

            encoder = load_encoder(self.store.fact("encoder_name") or None)
        late_name = self._late_name or self.store.fact("late_name")
        if not late_name or getattr(encoder, "late_name", "") == late_name:
            return encoder
        from index.multi_vector import load_combined

        return load_combined(encoder, late_name)

    @cached_property
    def glossary(self) -> Glossary:
        """The names that stand for each other: ours, with those of the folder before them."""
        own = self.folder / GLOSSARY
        return load_glossary(own) if own.exists() else default_glossary()

    def token_identity(self) -> str:
        """Return what the stored token vectors must have been made by, "" if there can be none."""
        if not isinstance(self.encoder, TokenEncoder):
            return ""
        return f"{self.encoder.token_fingerprint} | {CODEC}"

    def check_encoder(self) -> None:
        """Raise EncoderMismatch if the vectors in the store are another encoder's."""
        stored = self._fact("encoder")
        if stored and stored != self.encoder.fingerprint:
            raise EncoderMismatch(
                f"{self.folder} was built with encoder {self.store.fact('encoder_name')!r}, "
                f"not {self.encoder.name!r}: leave --encoder out, or ingest into a new folder"
            )

    @contextmanager
    def writing(self, patience: float | None = None) -> Iterator[None]:
        """Hold the library's lock. Raises LibraryBusy if another still does after `patience` s."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / _LOCK, timeout=_PATIENCE if patience is None else patience)
        try:
            lock.acquire()
        except Timeout as error:
            raise LibraryBusy(
                f"another process is writing to {self.folder}: wait for it to end"
            ) from error
        except OSError as error:
            raise LibraryError(
                f"{self.folder} cannot be written to: {error.strerror or error}"
            ) from error
        try:
            yield
        finally:
            lock.release()

    # Searching.

    def search(self, question: str, k: int = 10, filters: Filters = ALL) -> list[Hit]:
        """Return the `k` best passages for a question, best first, ties by id.

        Raises QuestionError for a question that is empty or too long, or k < 1.
        """
        return self.search_many([question], k, filters)[0]

    def search_many(
        self, questions: Sequence[str], k: int = 10, filters: Filters = ALL
    ) -> list[list[Hit]]:
        """Return the hits for each question; encoding them together is faster than one by one."""
        if k < 1:
            raise QuestionError(f"k must be at least 1, is now {k}")
        if not questions:
            return []
        checked = [check_question(question) for question in questions]
        with self.moment():
            return self._searched(checked, k, filters)

    def _searched(self, checked: Sequence[str], k: int, filters: Filters) -> list[list[Hit]]:
        self.check_encoder()
        snapshot = self.snapshot()
        queries = [self.query(question) for question in checked]
        encoded = self._encoded([query.encoded for query in queries])
        allowed = self._allowed(filters)
        vectors = np.stack([one.vector for one in encoded])
        nearest = snapshot.dense.search(vectors, max(CANDIDATES, k), allowed)
        found = []
        for question, query, one, near in zip(checked, queries, encoded, nearest, strict=True):
            matched = snapshot.lexical.search(query.groups, max(CANDIDATES, k), allowed)
            missing = sorted(matched.keys() - near.keys())
            cosines = {**near, **snapshot.dense.cosines(one.vector, missing)}
            ranking, late = self._ranked(query, one, cosines, matched)
            seen = self._passages(ranking[: max(2 * k, READ_CLOSELY)])
            ranking = self._worded(question, ranking, matched, seen)
            ranking = self._preferring(query, self._reranked(question, ranking, seen), seen)
            found.append(self._hits(ranking, seen, cosines, matched, late, k))
        return found

    def _passages(self, ranking: Ranking) -> dict[int, Passage]:
        return self.store.passages([id_ for id_, _ in ranking])

    def query(self, question: str) -> Query:
        """Return a question as it is searched for."""
        return read_query(question, self.glossary)

    def _encoded(self, texts: list[str]) -> list[Encoded]:
        if not isinstance(self.encoder, TokenEncoder):
            return [Encoded(vector) for vector in self.encoder.encode_questions(texts)]
        vectors, tokens = self.encoder.encode_questions_with_tokens(texts)
        return [Encoded(*one) for one in zip(vectors, tokens, strict=True)]

    def _allowed(self, filters: Filters) -> NDArray[np.int64] | None:
        """Return the ids of the passages that pass the filters, sorted; None for all."""
        if not filters.active:
            return None
        passing = allowed_documents(self.all_metadata(), filters)
        return self.store.passage_ids_of(sorted(passing))

    def _ranked(
        self,
        query: Query,
        encoded: Encoded,
        cosines: dict[int, float],
        matched: lexical.Matches,
    ) -> tuple[Ranking, dict[int, float]]:
        """Rank candidates by vector and words, the best by late interaction too."""
        covered = max(map(matched.coverage, matched), default=0.0)
        ranking = fuse(cosines, matched, lexical_weight(covered, BESIDE_DENSE))
        late = self._late(encoded, [id_ for id_, _ in ranking[:READ_CLOSELY]])
        if not late:
            return ranking, late
        closely = {id_: matched[id_] for id_ in late if id_ in matched}
        best = fuse(late, closely, lexical_weight(covered, BESIDE_LATE))
        return followed_by(best, ranking), late

    def _late(self, encoded: Encoded, ids: Sequence[int]) -> dict[int, float]:
        """Return id -> late score of all the passages, or nothing if one has no token vectors.

        An older release stored none: they are made when the files are ingested again.
        """
        if encoded.tokens is None or not isinstance(self.encoder, TokenEncoder):
            return {}
        if not len(encoded.tokens.vectors):  # punctuation alone asks for nothing
            return {}
        if self._fact("tokens") != self.token_identity():
            return {}
        codes = self.store.token_codes(ids)
        missing = [id_ for id_ in ids if id_ not in codes]
        if missing and self.store.passages(missing):  # else they were removed meanwhile
            return {}
        dimension = self.encoder.token_dimension
        read = [code or b"-" for code in codes.values()]  # what is empty is damaged as well
        try:
            scores = late_scores(encoded.tokens, read, dimension)
        except ValueError as error:  # to look at each code beforehand took a tenth of the search
            damaged = [id_ for id_, code in codes.items() if not is_code(code, dimension)]
            for passage in self.store.passages(damaged).values():
                raise LibraryDamaged(f"{passage.document}: {_NO_TOKENS}") from error
            return {}  # they were removed meanwhile
        return {id_: round(float(score), 6) for id_, score in zip(codes, scores, strict=True)}

    def _worded(
        self,
        question: str,
        ranking: Ranking,
        matched: lexical.Matches,
        seen: Mapping[int, Passage],
    ) -> Ranking:
        """Put first, of the best about equals, what has more of the question in one piece.

        A name that stands free counts for more than the same within a longer one, as 前肛鳗 does
        beside 异齿前肛鳗: in Chinese what tells two things apart stands before the name.
        """
        covered = max(map(matched.coverage, matched), default=0.0)
        weight = lexical_weight(covered, WORDING)
        if not weight:
            return ranking
        asked = fold_names(question)
        best = (id_ for id_, _ in ranking[:_WORDED] if id_ in seen)
        runs = {id_: shared_run(asked, fold_names(seen[id_].text)) for id_ in best}
        return with_bonus(ranking, runs, weight)

    def _preferring(self, query: Query, ranking: Ranking, seen: Mapping[int, Passage]) -> Ranking:
        """Put first, among about equals, what fits the question's places, years and kinds."""
        if not query.preferences.stated:
            return ranking
        found = {id_: seen[id_] for id_, _ in ranking[:READ_CLOSELY] if id_ in seen}
        known = self.all_metadata()
        dated = [found[id_].document for id_, _ in ranking[:_DATED] if id_ in found]
        days = candidate_days(known[document] for document in dated if document in known)
        bonus = {
            id_: preference(
                query.preferences, passage, known.get(passage.document, Metadata()), days
            )
            for id_, passage in found.items()
        }
        return with_bonus(ranking, bonus, PREFERENCE)

    def _reranked(self, question: str, ranking: Ranking, seen: Mapping[int, Passage]) -> Ranking:
        """Let the cross-encoder, if there is one, put the best passages in order."""
        if self.reranker is None or not ranking:
            return ranking
        found = {id_: seen[id_] for id_, _ in ranking[:_RERANKED] if id_ in seen}
        texts = [encoded_text(self.metadata(p.document).title, p) for p in found.values()]
        scores = self.reranker.scores(question, texts)
        return followed_by(ranked(zip(found, scores, strict=True)), ranking)

    def _hits(
        self,
        ranking: Ranking,
        seen: Mapping[int, Passage],
        cosines: Mapping[int, float],
        matched: Mapping[int, float],
        late: Mapping[int, float],
        k: int,
    ) -> list[Hit]:
        """Look up passages; one that was removed since the snapshot was made is left out."""
        hits: list[Hit] = []
        for start in range(0, len(ranking), 2 * k):
            some = ranking[start : start + 2 * k]
            unseen = [one for one in some if one[0] not in seen]
            found = {**seen, **self._passages(unseen)} if unseen else seen
            hits += [
                Hit(found[id_], score, Scores(cosines[id_], matched.get(id_), late.get(id_)))
                for id_, score in some
                if id_ in found
            ]
            if len(hits) >= k:
                break
        return hits[:k]

    def snapshot(self) -> Snapshot:
        """Return indexes that fit the store as it is now; they are made anew when there are none.

        While another process writes, or when the disk is full, the last whole generation serves.
        """
        with self._renewing:  # of the threads of a page one makes them, the others wait for it
            revision = self._revision
            if self._snapshot is None or self._snapshot.revision != revision:
                self._snapshot = self._published(revision) or self._renewed(revision)
            return self._snapshot

    def snapshot_for_writer(self) -> Snapshot:
        """Like `snapshot`, for the process that holds the lock already."""
        if self._snapshot is None or self._snapshot.revision != self.store.revision:
            self._snapshot = self._published(self.store.revision) or self._publish()
        return self._snapshot

    def publish_readable(self) -> None:
        """Publish anew, for the holder of the lock, what an older program made and none reads now.

        So that others can search while a long ingestion goes on.
        """
        if self.store.counts()[1] and self._published(None) is None:
            self._publish()

    def rebuild(self) -> Snapshot:
        """Make the indexes from the store alone and publish them. Raises LibraryBusy."""
        with self.writing():
            self._snapshot = self._publish(whole=True)
        return self._snapshot

    def _renewed(self, revision: int) -> Snapshot:
        try:
            if revision == self._unpublished:
                raise StorageFull(f"no space left for the indexes of {self.folder}: free some")
            with self.writing(0):  # a search does not wait: the last generation serves
                return self._published(self.store.revision) or self._publish()
        except (LibraryBusy, StorageFull) as error:
            news = isinstance(error, StorageFull) and revision != self._unpublished
            if news:
                self._unpublished = revision
            if older := self._published(None):
                level = logging.WARNING if news else logging.DEBUG
                _log.log(level, "searching what was indexed before: %s", error)
                return older
            raise

    def _published(self, revision: int | None) -> Snapshot | None:
        """Open the current generation if it is whole and of that revision, None for any.

        A writer may remove a generation that is being opened here: then CURRENT has a new name.
        """
        root = self.folder / _GENERATIONS
        tried = None
        while (name := _pointer(root)) != tried:
            tried = name
            try:
                generation = publish.named(root)
                if generation is None or revision not in (None, generation.manifest.revision):
                    return None
                if revision is not None and generation.manifest.state != self.store.state:
                    return None  # the store is another one of that revision: it was restored
                if generation.manifest.terms != self._form():
                    return None  # made by an older program, or of another store
                if self._snapshot and self._snapshot.revision == generation.manifest.revision:
                    return self._snapshot
                return _open(publish.current(root) or generation)
            except (LibraryDamaged, OSError, ValueError, RuntimeError) as error:
                _log.info("%s: %s", root, error)  # made anew from the store, which has its checks
        return None

    def _publish(self, whole: bool = False) -> Snapshot:
        """Make the indexes from the store and publish them; the caller holds the lock.

        The lexical one continues the last if that is sound, unless it is to be made `whole`.
        """
        dimension = int(self.store.fact("dimension") or self.encoder.dimension)
        revision = self.store.revision
        ids, vectors = self.store.all_vectors(dimension)
        previous = None if whole else self._sound_generation()

        def write(folder: Path) -> None:
            dense.save(dense.build(ids, vectors), folder)
            (folder / "lexical").mkdir()
            if not (previous and self._continued(previous, folder / "lexical", ids, vectors)):
                lexical.build(folder / "lexical", self._texts())
            _check_written(folder, len(ids))

        root = self.folder / _GENERATIONS
        encoder, form = self.store.fact("encoder"), self._form()
        state = self.store.state
        made = publish.publish(root, write, revision, encoder, dimension, len(ids), form, state)
        return _open(made)

    def _sound_generation(self) -> publish.Generation | None:
        """Return the current generation if every byte of it is right and it is of this store."""
        try:
            generation = publish.current(self.folder / _GENERATIONS)
        except LibraryDamaged:
            return None
        return generation if generation and generation.manifest.terms == self._form() else None

    def _continued(
        self,
        previous: publish.Generation,
        folder: Path,
        ids: NDArray[np.int64],
        vectors: Vectors,
    ) -> bool:
        """Write the lexical index as an update of the last; False if it has to be made whole.

        A passage's text never changes under its id, so that ids alone tell what is new; but a store
        restored from a backup gives the same ids once more, to passages of other vectors.
        """
        old = dense.load(previous.folder)
        if not old.agrees(ids, vectors):
            return False
        known = old.ids
        removed = np.setdiff1d(known, ids).tolist()
        new = set(np.setdiff1d(ids, known).tolist())
        added = ((id_, text) for id_, text in self._texts() if id_ in new)
        return lexical.update(previous.folder / "lexical", folder, removed, added)

    def _texts(self) -> Iterator[tuple[int, str]]:
        return ((p.id, encoded_text(title, p)) for p, title in self.store.all_passages())

    def _form(self) -> str:
        """Return the form of the lexical index and whose ids it holds.

        A new store counts its passages from 1 again, whatever was indexed before.
        """
        return f"{lexical.FORMAT} | {self.store.fact('identity')}"

    def unknown_places(self, question: str) -> tuple[Place, ...]:
        """Return the places that a question names and no document of the library does."""
        if not find_places(question):
            return ()
        with self.moment():
            regions = {known.region for known in self.all_metadata().values() if known.region}
            return unknown_places(question, regions, self._names)

    def all_metadata(self) -> Mapping[str, Metadata]:
        """Return the metadata of every document, read anew when something has changed."""
        revision = self._revision
        if self._metadata is None or self._metadata[0] != revision:
            self._metadata = (revision, self.store.all_metadata())
        return self._metadata[1]

    def _names(self, name: str) -> bool:
        """Tell whether a name stands in a passage; the same few are asked for again and again."""
        # By what is searched, not by the store: while another process writes, that is older.
        snapshot, named = self.snapshot(), self._named
        if named[0] is not snapshot:
            self._named = named = (snapshot, {})
        if name not in named[1]:
            named[1][name] = self._is_named(name, snapshot)
        return named[1][name]

    def _is_named(self, name: str, snapshot: Snapshot) -> bool:
        found = list(snapshot.lexical.search(question_groups(name), CANDIDATES))
        # A name that stands in the library stands in the best; few names need all to be read.
        return any(
            self._stands(name, found[start:end])
            for start, end in ((0, _WORDED), (_WORDED, CANDIDATES))
        )

    def _stands(self, name: str, ids: Sequence[int]) -> bool:
        wanted, passages = fold(name), self.store.passages(ids).values()
        known = self.all_metadata()
        return any(
            wanted in fold(encoded_text(known.get(p.document, Metadata()).title, p))
            for p in passages
        )

    def rarity(self, terms: Iterable[str]) -> dict[str, float]:
        """Return term -> its inverse document frequency in this library."""
        return self.snapshot().lexical.rarity(terms)

    # Looking up.

    def document(self, id_: str) -> Document | None:
        """Return a document with its raw text, None if it is not there."""
        return self.store.document(id_)

    def clean_text(self, id_: str) -> CleanText | None:
        """Return the clean text of a document, None if it is not there."""
        return self.store.clean_text(id_)

    def metadata(self, id_: str) -> Metadata:
        """Return what is known about a document."""
        return self.all_metadata().get(id_) or Metadata()

    def metadata_of(self, ids: Iterable[str]) -> dict[str, Metadata]:
        """Return what is known about those documents that are there, by id."""
        known = self.all_metadata()
        return {id_: known[id_] for id_ in ids if id_ in known}

    def passages_of(self, id_: str) -> list[Passage]:
        """Return the passages of a document in order."""
        return self.store.passages_of(id_)

    def document_ids(self) -> list[str]:
        """Return the ids of all documents, sorted."""
        return self.store.document_ids()

    def quote(self, id_: str, span: Span) -> str | None:
        """Return the raw characters of a span of a document, None where there are none."""
        document = self.document(id_)
        return span.of(document.raw) if document and span.end <= len(document.raw) else None

    def copies(self, id_: str) -> tuple[str, ...]:
        """Return the documents that are reprints of one another, the original first, or none."""
        return self.store.copies(id_)

    def reprinted(self, ids: Iterable[str]) -> frozenset[str]:
        """Return those of some documents that have reprints or are such."""
        return self.store.reprinted(sorted(ids))

    def passage_copies(self, passage: Passage) -> list[Passage]:
        """Return a passage in each reprint of its document that has it, the original's first."""
        from index.reprints import near_duplicate

        found = []
        for id_ in self.copies(passage.document):
            own = [passage] if id_ == passage.document else self.passages_of(id_)
            same = (other for other in own if near_duplicate(other.text, passage.text))
            found += [first for first in (next(same, None),) if first]
        return found

    def group_reprints(self) -> list[tuple[str, ...]]:
        """Find which documents are reprints of one another and store it; the original comes first.

        The caller holds the lock.
        """
        from index.reprints import groups, preferred

        found = []
        for group in groups(self.store.signatures()):
            original = preferred(group, {id_: self.metadata(id_) for id_ in group})
            found.append((original, *sorted(id_ for id_ in group if id_ != original)))
        self.store.set_reprints({id_: group[0] for group in found for id_ in group})
        return found

    def remove(self, id_: str) -> bool:
        """Remove a document for good and publish indexes without it; tell whether it was there."""
        with self.writing():
            removed = self.store.remove(id_)
            if removed:
                self.group_reprints()
                self._snapshot = self._publish(whole=True)  # an update would keep its terms
        return removed

    def check(self) -> list[str]:
        """Return what is damaged in the library, a line each; nothing if all is well.

        Indexes that are missing or older than the store are no damage: the next search makes them.
        """
        problems = [*self.store.check(), *self._check_tokens()]
        try:
            generation = publish.current(self.folder / _GENERATIONS)
            revision, passages = self.store.revision, self.store.counts()[1]
        except LibraryDamaged as error:
            return [*problems, f"{error}: `yinzheng doctor --repair` makes the indexes anew"]
        if generation and not revision and generation.manifest.passages:
            problems.append(
                f"the store is new, yet {generation.manifest.passages} passages are indexed"
            )
        if generation is None or generation.manifest.revision != revision:
            return problems
        if generation.manifest.passages != passages:
            problems.append(
                f"{generation.manifest.passages} passages are indexed of {passages}: "
                "`yinzheng doctor --repair` makes the indexes anew"
            )
        return problems

    def _check_tokens(self) -> list[str]:
        dimension = self.store.fact("token_dimension")
        if not dimension.isdecimal() or not int(dimension):
            return []
        try:
            damaged = {
                document
                for document, code in self.store.all_token_codes()
                if not is_code(code, int(dimension))
            }
        except LibraryDamaged as error:
            return [str(error)]
        return [f"{document}: {_NO_TOKENS}" for document in sorted(damaged)]


def _pointer(root: Path) -> str:
    try:
        return publish.pointer(root)
    except LibraryDamaged:
        return ""


def _open(generation: publish.Generation) -> Snapshot:
    folder = generation.folder
    return Snapshot(
        generation.manifest.revision, dense.load(folder), lexical.load(folder / "lexical")
    )


def _check_written(folder: Path, count: int) -> None:
    """Read indexes back. Raises ValueError unless both hold `count` passages."""
    vectors, documents = len(dense.load(folder).ids), lexical.load(folder / "lexical").count
    if (vectors, documents) != (count, count):
        raise ValueError(f"{vectors} vectors and {documents} texts were written of {count}")


def check_question(question: str) -> str:
    """Return a question fit to be searched. Raises QuestionError if it is empty or too long."""
    question = encodable(question).replace("\x00", " ").strip()
    if not any(character.isprintable() for character in question if not character.isspace()):
        raise QuestionError("the question is empty")
    if len(question) > MAX_QUESTION:
        raise QuestionError(
            f"the question has {len(question):,} characters, at most {MAX_QUESTION:,} are read"
        )
    return question
