"""class Library: a folder with a store and its indexes, to search and to look things up in."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
from index.fuse import coverage, fuse, lexical_weight
from index.places import find_places
from index.script import encodable, fold
from index.store import Store
from index.terms import question_terms
from index.types import CleanText, Document, Encoder, Hit, Metadata, Passage, Scores, Span, Vectors

# Candidates of each leg; the union is ranked. More changed no figure on the retrieval sets.
CANDIDATES = 100
# Far beyond any question; what is longer is a mistake or an attack.
MAX_QUESTION = 10_000
_log = logging.getLogger(__name__)
_DATABASE, _GENERATIONS, _LOCK = "library.sqlite3", "generations", "LOCK"


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

    def __init__(self, folder: Path, encoder: Encoder | None = None, create: bool = False) -> None:
        """Open a folder. Raises LibraryNotFound unless there is a library or `create` is set."""
        self.folder = folder
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
        self._encoder = encoder
        self._snapshot: Snapshot | None = None
        self._unpublished = -1  # a revision for whose indexes there was no space

    def close(self) -> None:
        """Close the files."""
        self._snapshot = None
        self.store.close()

    def __enter__(self) -> "Library":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def encoder(self) -> Encoder:
        """The encoder given, else the one that the library was built with, else the bundled one."""
        if self._encoder is None:
            from index.encoder import load_encoder

            self._encoder = load_encoder(self.store.fact("encoder_name") or None)
        return self._encoder

    def check_encoder(self) -> None:
        """Raise EncoderMismatch if the vectors in the store are another encoder's."""
        stored = self.store.fact("encoder")
        if stored and stored != self.encoder.fingerprint:
            raise EncoderMismatch(
                f"{self.folder} was built with encoder {self.store.fact('encoder_name')!r}, "
                f"not {self.encoder.name!r}: leave --encoder out, or ingest into a new folder"
            )

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the library's lock. Raises LibraryBusy if another process does."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / _LOCK, timeout=0)
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

    def search(self, question: str, k: int = 10) -> list[Hit]:
        """Return the `k` best passages for a question, best first, ties by id.

        Raises QuestionError for a question that is empty or too long, or k < 1.
        """
        return self.search_many([question], k)[0]

    def search_many(self, questions: Sequence[str], k: int = 10) -> list[list[Hit]]:
        """Return the hits for each question; encoding them together is faster than one by one."""
        if k < 1:
            raise QuestionError(f"k must be at least 1, is now {k}")
        checked = [check_question(question) for question in questions]
        self.check_encoder()
        snapshot = self.snapshot()
        vectors = self.encoder.encode_questions([fold(with_chinese_places(q)) for q in checked])
        nearest = snapshot.dense.search(vectors, max(CANDIDATES, k))
        return [
            self._rank(snapshot, question, vector, near, k)
            for question, vector, near in zip(checked, vectors, nearest, strict=True)
        ]

    def _rank(
        self, snapshot: Snapshot, question: str, vector: Vectors, near: dict[int, float], k: int
    ) -> list[Hit]:
        wanted = question_terms(with_chinese_places(question))
        matched = snapshot.lexical.search(wanted, max(CANDIDATES, k))
        missing = sorted(matched.keys() - near.keys())
        cosines = {**near, **snapshot.dense.cosines(vector, missing)}
        weight = lexical_weight(coverage(matched, snapshot.lexical.rarity(wanted)))
        ranking = fuse(cosines, matched, weight)
        return self._hits(ranking, cosines, matched, k)

    def _hits(
        self,
        ranking: list[tuple[int, float]],
        cosines: dict[int, float],
        matched: dict[int, float],
        k: int,
    ) -> list[Hit]:
        """Look up passages; one that was removed since the snapshot was made is left out."""
        hits: list[Hit] = []
        for start in range(0, len(ranking), 2 * k):
            some = ranking[start : start + 2 * k]
            found = self.store.passages([id_ for id_, _ in some])
            hits += [
                Hit(found[id_], score, Scores(cosines[id_], matched.get(id_)))
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
        revision = self.store.revision
        if self._snapshot is None or self._snapshot.revision != revision:
            self._snapshot = self._published(revision) or self._renewed(revision)
        return self._snapshot

    def snapshot_for_writer(self) -> Snapshot:
        """Like `snapshot`, for the process that holds the lock already."""
        if self._snapshot is None or self._snapshot.revision != self.store.revision:
            self._snapshot = self._published(self.store.revision) or self._publish()
        return self._snapshot

    def rebuild(self) -> Snapshot:
        """Make the indexes from the store and publish them. Raises LibraryBusy."""
        with self.writing():
            self._snapshot = self._publish()
        return self._snapshot

    def _renewed(self, revision: int) -> Snapshot:
        try:
            if revision == self._unpublished:
                raise StorageFull(f"no space left for the indexes of {self.folder}: free some")
            with self.writing():  # who waited for the lock may find the work done
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
                if self._snapshot and self._snapshot.revision == generation.manifest.revision:
                    return self._snapshot
                return _open(publish.current(root) or generation)
            except (LibraryDamaged, OSError, ValueError, RuntimeError) as error:
                _log.info("%s: %s", root, error)  # made anew from the store, which has its checks
        return None

    def _publish(self) -> Snapshot:
        dimension = int(self.store.fact("dimension") or self.encoder.dimension)
        revision = self.store.revision
        ids, vectors = self.store.all_vectors(dimension)
        texts = ((p.id, encoded_text(title, p)) for p, title in self.store.all_passages())

        def write(folder: Path) -> None:
            dense.save(dense.build(ids, vectors), folder)
            (folder / "lexical").mkdir()
            lexical.build(folder / "lexical", texts)
            _check_written(folder, len(ids))

        root = self.folder / _GENERATIONS
        encoder = self.store.fact("encoder")
        return _open(publish.publish(root, write, revision, encoder, dimension, len(ids)))

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
        return self.store.metadata(id_)

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
                self._snapshot = self._publish()
        return removed

    def check(self) -> list[str]:
        """Return what is damaged in the library, a line each; nothing if all is well.

        Indexes that are missing or older than the store are no damage: the next search makes them.
        """
        problems = self.store.check()
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


def with_chinese_places(question: str) -> str:
    """Return a question with the Chinese names, which documents use, of places named in English."""
    names = [m.place.name for m in find_places(question) if question[m.start : m.end].isascii()]
    return " ".join([question, *dict.fromkeys(names)])
