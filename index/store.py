"""SQLite: the truth. Documents, their clean text, passages and vectors; all else can be made again from it."""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from index.errors import LibraryDamaged, LibraryError, StorageFull
from index.types import CleanText, Document, Metadata, Passage, Span, Vectors

FORMAT = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    location TEXT PRIMARY KEY, root TEXT NOT NULL, sha256 TEXT NOT NULL, version TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY, location TEXT NOT NULL, raw BLOB NOT NULL, sha256 TEXT NOT NULL, media_type TEXT NOT NULL,
    metadata TEXT NOT NULL, clean BLOB NOT NULL, starts BLOB NOT NULL, ends BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS documents_by_location ON documents (location);
CREATE TABLE IF NOT EXISTS passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, raw_start INTEGER NOT NULL, raw_end INTEGER NOT NULL,
    text TEXT NOT NULL, heading TEXT NOT NULL, vector BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS passages_by_document ON passages (document, start);
"""
_PASSAGE = "id, document, start, end, raw_start, raw_end, text, heading"
_IN_QUERY = 500  # SQLite allows at least 999 variables in a statement


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready to be stored; `vectors` has a row for each passage."""

    location: str  # the file it came from
    document: Document
    clean: CleanText
    passages: Sequence[Passage]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file that went in: `version` names the code that read it, so that better code reads it again."""

    location: str
    root: str
    sha256: str
    version: str


class Store:
    """One SQLite file. A reader sees the state of its last statement; a writer holds the library's lock."""

    def __init__(self, path: Path) -> None:
        try:
            # The page's threads share one connection; sqlite3 serialises the calls itself (threadsafety 3).
            self.connection = sqlite3.connect(path, timeout=10, check_same_thread=False)
            self.connection.isolation_level = None  # transactions are begun in `_transaction` alone
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute("PRAGMA synchronous=FULL")
            self.connection.execute("PRAGMA foreign_keys=ON")
            self.connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise _wrapped(error, path) from error
        self.path = path
        self._check_format()

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        self.connection.close()

    def _check_format(self) -> None:
        found = self.fact("format")
        if not found:
            with self._transaction():
                self._set_fact("format", str(FORMAT))
        elif found != str(FORMAT):
            raise LibraryError(
                f"{self.path} has format {found}, this version reads {FORMAT}: ingest into a new folder"
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise _wrapped(error, self.path) from error

    # Facts: small strings such as the encoder's fingerprint.

    def fact(self, name: str) -> str:
        """Return a fact, "" if it was never set."""
        row = self._one("SELECT value FROM facts WHERE name = ?", (name,))
        return str(row[0]) if row else ""

    def set_fact(self, name: str, value: str) -> None:
        """Store a fact."""
        with self._transaction():
            self._set_fact(name, value)

    def _set_fact(self, name: str, value: str) -> None:
        self.connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    @property
    def revision(self) -> int:
        """How often the passages have changed; what is derived from them records it."""
        return int(self.fact("revision") or 0)

    def _changed(self) -> None:
        self._set_fact("revision", str(self.revision + 1))

    # Writing: each call is one transaction, so that a crash leaves the state before or after it.

    def put(self, batch: Iterable[Prepared], files: Iterable[FileRecord] = (), gone: Iterable[str] = ()) -> None:
        """Store documents in place of those with the same id, remove the ids in `gone`, record files."""
        with self._transaction():
            self._delete(gone)
            for prepared in batch:
                self._delete([prepared.document.id])
                self._insert(prepared)
            for record in files:
                values = (record.location, record.root, record.sha256, record.version)
                self.connection.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", values)
            self._changed()

    def _delete(self, ids: Iterable[str]) -> None:
        self.connection.executemany("DELETE FROM documents WHERE id = ?", [(id_,) for id_ in ids])

    def _insert(self, prepared: Prepared) -> None:
        document, clean = prepared.document, prepared.clean
        metadata = json.dumps(asdict(document.metadata), ensure_ascii=False)
        self.connection.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (document.id, prepared.location, _packed(document.raw), document.sha256, document.media_type, metadata,
             _packed(clean.text), _packed_offsets(clean.starts), _packed_offsets(clean.ends)),
        )
        rows = zip(prepared.passages, prepared.vectors, strict=True)
        self.connection.executemany(
            "INSERT INTO passages (document, start, end, raw_start, raw_end, text, heading, vector) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(document.id, p.span.start, p.span.end, p.raw_span.start, p.raw_span.end, p.text,
              json.dumps(p.heading, ensure_ascii=False), vector.astype("<f4").tobytes())
             for p, vector in rows],
        )

    def remove(self, id_: str) -> bool:
        """Remove a document with its passages; tell whether there was one. Its file counts as never read."""
        with self._transaction():
            row = self._one("SELECT location FROM documents WHERE id = ?", (id_,))
            if row:
                self._delete([id_])
                self.connection.execute("DELETE FROM files WHERE location = ?", (row[0],))
                self._changed()
        return row is not None

    # Reading.

    def file(self, location: str) -> FileRecord | None:
        """Return what is known of a file, by its absolute path."""
        row = self._one("SELECT location, root, sha256, version FROM files WHERE location = ?", (location,))
        return FileRecord(*row) if row else None

    def files_below(self, root: str) -> list[str]:
        """Return the locations of the files that were ingested as part of `root`, sorted."""
        rows = self._all("SELECT location FROM files WHERE root = ? ORDER BY location", (root,))
        return [row[0] for row in rows]

    def ids_at(self, location: str) -> dict[str, str]:
        """Return id -> sha256 of the documents that came from a file."""
        rows = self._all("SELECT id, sha256 FROM documents WHERE location = ?", (location,))
        return dict(rows)

    def location_of(self, id_: str) -> str:
        """Return the file a document came from, "" if there is no such document."""
        row = self._one("SELECT location FROM documents WHERE id = ?", (id_,))
        return str(row[0]) if row else ""

    def document_ids(self) -> list[str]:
        """Return all ids, sorted."""
        return [row[0] for row in self._all("SELECT id FROM documents ORDER BY id", ())]

    def document(self, id_: str) -> Document | None:
        """Return a document with its raw text. Raises LibraryDamaged if the text does not fit its hash."""
        row = self._one("SELECT raw, sha256, media_type, metadata FROM documents WHERE id = ?", (id_,))
        if row is None:
            return None
        return Document(id_, _unpacked(row[0], id_), row[1], row[2], _metadata(row[3]))

    def metadata(self, id_: str) -> Metadata:
        """Return the metadata of a document that is there, without reading its text."""
        row = self._one("SELECT metadata FROM documents WHERE id = ?", (id_,))
        return _metadata(row[0]) if row else Metadata()

    def clean_text(self, id_: str) -> CleanText | None:
        """Return the clean text of a document as it was ingested, with its places in the raw text."""
        row = self._one("SELECT clean, starts, ends FROM documents WHERE id = ?", (id_,))
        if row is None:
            return None
        starts, ends = (np.frombuffer(_inflated(blob, id_), "<i4").cumsum(dtype=np.int32) for blob in row[1:])
        return CleanText(_unpacked(row[0], id_), starts, ends)

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        """Return the passages that are (still) there, by id."""
        found: dict[int, Passage] = {}
        for start in range(0, len(ids), _IN_QUERY):
            some = list(ids[start : start + _IN_QUERY])
            marks = ",".join("?" * len(some))
            rows = self._all(f"SELECT {_PASSAGE} FROM passages WHERE id IN ({marks})", some)
            found.update((row[0], _passage(row)) for row in rows)
        return found

    def passages_of(self, id_: str) -> list[Passage]:
        """Return the passages of a document in order."""
        rows = self._all(f"SELECT {_PASSAGE} FROM passages WHERE document = ? ORDER BY start", (id_,))
        return [_passage(row) for row in rows]

    def vectors_of(self, id_: str) -> list[bytes]:
        """Return the vectors of a document's passages in order, as little-endian float32."""
        rows = self._all("SELECT vector FROM passages WHERE document = ? ORDER BY start", (id_,))
        return [row[0] for row in rows]

    def all_passages(self) -> Iterator[tuple[Passage, str]]:
        """Yield every passage with the title of its document, by id."""
        columns = _PASSAGE.replace("id,", "p.id,", 1)
        query = f"SELECT {columns}, json_extract(d.metadata, '$.title') FROM passages p JOIN documents d ON d.id = p.document ORDER BY p.id"
        for row in self.connection.execute(query):
            yield _passage(row), row[8]

    def all_vectors(self, dimension: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Vectors]:
        """Return ids (N,) and vectors (N, D), by id. Raises LibraryDamaged for a vector of another length."""
        count = self.counts()[1]
        ids = np.empty(count, np.int64)
        vectors = np.empty((count, dimension), np.float32)
        rows = self.connection.execute("SELECT id, vector FROM passages ORDER BY id")
        for i, (id_, blob) in enumerate(rows):
            if len(blob) != 4 * dimension:
                raise LibraryDamaged(f"the vector of passage {id_} has {len(blob)} bytes, not {4 * dimension}: ingest its document again")
            ids[i], vectors[i] = id_, np.frombuffer(blob, "<f4")
        return ids, vectors

    def counts(self) -> tuple[int, int]:
        """Return the numbers of documents and of passages."""
        row = self._one("SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages)", ())
        return (row[0], row[1]) if row else (0, 0)

    def check(self) -> list[str]:
        """Return what SQLite and our own hashes find wrong, a line each; nothing if all is well."""
        problems = [row[0] for row in self._all("PRAGMA integrity_check", ()) if row[0] != "ok"]
        for id_ in self.document_ids():
            problems += self._check_document(id_)
        return problems

    def _check_document(self, id_: str) -> list[str]:
        import hashlib

        try:
            document, clean = self.document(id_), self.clean_text(id_)
        except LibraryDamaged as error:
            return [str(error)]
        if document is None or clean is None:
            return []
        problems = []
        if hashlib.sha256(document.raw.encode("utf-8")).hexdigest() != document.sha256:
            problems.append(f"{id_}: the stored text does not fit its SHA-256")
        if any(p.span.of(clean.text) != p.text for p in self.passages_of(id_)):
            problems.append(f"{id_}: a passage does not stand in the clean text")
        return problems

    def _one(self, query: str, values: Sequence[object]) -> tuple[str, ...] | tuple[int, ...] | None:
        rows = self._all(query, values)
        return rows[0] if rows else None

    def _all(self, query: str, values: Sequence[object]) -> list:  # type: ignore[type-arg]
        try:
            return self.connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise _wrapped(error, self.path) from error


def _wrapped(error: sqlite3.Error, path: Path) -> LibraryError:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL"):
        return StorageFull(f"no space left for {path}: free some and run the command again, nothing is lost")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return LibraryDamaged(f"{path} is damaged ({error}): run `yinzheng doctor`, or ingest into a new folder")
    return LibraryError(f"{path} cannot be used: {error}")


def _packed(text: str) -> bytes:
    return zlib.compress(text.encode("utf-8"), 6)


def _packed_offsets(offsets: np.ndarray[tuple[int], np.dtype[np.int32]]) -> bytes:
    """Pack the differences between neighbours: nearly all are 1, so they shrink to almost nothing."""
    return zlib.compress(np.diff(offsets, prepend=np.int32(0)).astype("<i4").tobytes(), 6)


def _inflated(blob: bytes, id_: str) -> bytes:
    try:
        return zlib.decompress(blob)
    except zlib.error as error:
        raise LibraryDamaged(f"{id_}: what is stored cannot be read ({error}): ingest it again") from error


def _unpacked(blob: bytes, id_: str) -> str:
    return _inflated(blob, id_).decode("utf-8")


def _metadata(text: str) -> Metadata:
    return Metadata(**json.loads(text))


def _passage(row: Sequence) -> Passage:  # type: ignore[type-arg]
    heading = tuple(json.loads(row[7]))
    return Passage(row[0], row[1], Span(row[2], row[3]), Span(row[4], row[5]), row[6], heading)
