"""SQLite: the truth. Documents, clean texts, passages, vectors; all else is made from it."""

import hashlib
import json
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from index.errors import LibraryBusy, LibraryDamaged, LibraryError, StorageFull
from index.frames import layout_of, layout_row, pack_offsets, unpack_offsets
from index.script import encodable
from index.types import CleanText, Document, Layout, Metadata, Offsets, Passage, Span, Vectors

Row = tuple[Any, ...]

FORMAT = 3
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    location TEXT PRIMARY KEY, root TEXT NOT NULL, sha256 TEXT NOT NULL, version TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY, location TEXT NOT NULL, raw BLOB NOT NULL, sha256 TEXT NOT NULL,
    media_type TEXT NOT NULL, metadata TEXT NOT NULL,
    clean BLOB NOT NULL, starts BLOB NOT NULL, ends BLOB NOT NULL,
    layout TEXT NOT NULL DEFAULT '', signature BLOB NOT NULL DEFAULT x'');
CREATE INDEX IF NOT EXISTS documents_by_location ON documents (location);
CREATE TABLE IF NOT EXISTS passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL,
    raw_start INTEGER NOT NULL, raw_end INTEGER NOT NULL,
    text TEXT NOT NULL, heading TEXT NOT NULL, vector BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS passages_by_document ON passages (document, start);
CREATE TABLE IF NOT EXISTS tokens (
    passage INTEGER PRIMARY KEY REFERENCES passages (id) ON DELETE CASCADE, code BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS overrides (document TEXT PRIMARY KEY, fields TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS reprints (document TEXT PRIMARY KEY, original TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS reprints_by_original ON reprints (original);
"""
# What turns a store of an earlier format into one of the next.
_UPGRADES = {
    "1": (
        "ALTER TABLE documents ADD COLUMN layout TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE documents ADD COLUMN signature BLOB NOT NULL DEFAULT x''",
        "UPDATE facts SET value = '2' WHERE name = 'format'",
    ),
    "2": ("UPDATE facts SET value = '3' WHERE name = 'format'",),  # the new table is there already
}
_PASSAGE = "id, document, start, end, raw_start, raw_end, text, heading"
_REMEDY = "remove it and ingest it again"
_AMONG = "IN (SELECT value FROM json_each(?))"
# Codes one after the other, in one row: see `Store._at_once`. What is cast keeps its bytes.
_TOKENS = f"""
SELECT json_group_array(json_array(passage, length(CAST(code AS BLOB)))),
    CAST(group_concat(code, '') AS BLOB)
FROM tokens WHERE passage {_AMONG}
"""
_UNIT = 1e-2  # how far from 1 the length of a stored vector may be; float16 models reach 1e-3


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready to be stored; `vectors` has a row for each passage."""

    location: str  # the file it came from
    document: Document
    clean: CleanText
    passages: Sequence[Passage]
    vectors: Vectors
    signature: bytes = b""  # of the clean text, to find reprints by
    tokens: Sequence[bytes] = ()  # the coded token vectors of each passage, if there are any


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file that went in; `version` names the code that read it: better code reads it again."""

    location: str
    root: str
    sha256: str
    version: str


class Store:
    """One SQLite file. A reader sees what was last committed; a writer holds the library's lock.

    Every method may raise LibraryDamaged, StorageFull or another LibraryError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._transacting = threading.RLock()  # threads share the connection, not a transaction
        try:
            # The page's threads share it; sqlite3 serialises the calls itself (threadsafety 3).
            self.connection = sqlite3.connect(path, timeout=10, check_same_thread=False)
        except sqlite3.Error as error:
            raise _wrapped(error, path) from error
        try:
            self._set_up()
        except BaseException:
            self.connection.close()
            raise

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        self.connection.close()

    def _set_up(self) -> None:
        self.connection.isolation_level = None  # transactions are begun in `_transaction` alone
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self._all(f"PRAGMA {pragma}")
        for statement in _SCHEMA.split(";"):
            self._all(statement)
        self._check_format()
        if not self.fact("identity"):
            # two processes may get here at once, and both must mean the same afterwards
            self._all("INSERT OR IGNORE INTO facts VALUES ('identity', ?)", (uuid4().hex,))

    def _check_format(self) -> None:
        while self.fact("format") in _UPGRADES:
            with self._transaction():  # another process may have been faster: it is read again
                for statement in _UPGRADES.get(self.fact("format"), ()):
                    self.connection.execute(statement)
        found = self.fact("format")
        if not found:
            self.set_fact("format", str(FORMAT))
        elif found != str(FORMAT):
            raise LibraryError(
                f"{self.path} has format {found}, this version reads {FORMAT}: "
                "ingest into a new folder"
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._transacting:
            try:
                self.connection.execute("BEGIN IMMEDIATE")
                yield
                self.connection.execute("COMMIT")
            except BaseException as error:
                if self.connection.in_transaction:  # a full disk may have ended it already
                    self.connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise _wrapped(error, self.path) from error
                raise

    # Facts: small strings such as the encoder's fingerprint.

    def fact(self, name: str) -> str:
        """Return a fact, "" if it was never set."""
        row = self._one("SELECT value FROM facts WHERE name = ?", (name,))
        return str(row[0]) if row else ""

    def facts(self) -> dict[str, str]:
        """Return all facts, as they are at one moment."""
        return {str(name): str(value) for name, value in self._at_once("name, value", "FROM facts")}

    def set_fact(self, name: str, value: str) -> None:
        """Store a fact."""
        with self._transaction():
            self._set_fact(name, value)

    def _set_fact(self, name: str, value: str) -> None:
        self.connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    @property
    def revision(self) -> int:
        """How often the passages have changed; what is derived from them records it."""
        return self.revision_in({"revision": self.fact("revision")})

    def revision_in(self, facts: Mapping[str, str]) -> int:
        """Return the revision that facts tell of."""
        found = facts.get("revision") or "0"
        if not found.isdecimal():
            raise LibraryDamaged(f"{self.path} has revision {found!r}: ingest into a new folder")
        return int(found)

    def forget_tokens(self, identity: str, late_name: str = "", dimension: int = 0) -> None:
        """Remove all token vectors, to store those of another `identity` from now on.

        All files count as not read, so that the next ingestion makes them. `late_name` is the model
        that makes them, "" for the encoder itself; `dimension` their length.
        """
        with self._transaction():
            self.connection.execute("DELETE FROM tokens")
            self.connection.execute("UPDATE files SET version = ''")
            self._set_fact("tokens", identity)
            self._set_fact("late_name", late_name)
            self._set_fact("token_dimension", str(dimension))

    @property
    def state(self) -> str:
        """What no other store has, nor this one at another revision, even when it was restored."""
        return self.fact("state")

    def _changed(self) -> None:
        self._set_fact("state", uuid4().hex)
        self._set_fact("revision", str(self.revision + 1))

    # Writing: each call is one transaction, so that a crash leaves the state before or after it.

    def put(
        self,
        batch: Iterable[Prepared],
        files: Iterable[FileRecord] = (),
        gone: Iterable[str] = (),
        stale: Iterable[str] = (),
    ) -> None:
        """Store documents in place of those with the same id, remove ids, record files.

        The records of the files at the locations in `stale` go first: while only some of a file's
        documents are stored, it must not pass for unchanged.
        """
        batch, gone = list(batch), list(gone)
        forgotten = [(location,) for location in stale]
        with self._transaction():
            self.connection.executemany("DELETE FROM files WHERE location = ?", forgotten)
            self._delete(gone)
            for prepared in batch:
                self._delete([prepared.document.id])
                self._insert(prepared)
            for record in files:
                values = (record.location, record.root, record.sha256, record.version)
                self.connection.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", values)
            if batch or gone:
                self._changed()

    def _delete(self, ids: Iterable[str]) -> None:
        self.connection.executemany("DELETE FROM documents WHERE id = ?", [(id_,) for id_ in ids])

    def _insert(self, prepared: Prepared) -> None:
        document, clean = prepared.document, prepared.clean
        values = (
            *(document.id, prepared.location, _packed(document.raw), document.sha256),
            *(document.media_type, _json(asdict(document.metadata))),
            *(_packed(clean.text), pack_offsets(clean.starts), pack_offsets(clean.ends)),
            *(_json(layout_row(document.layout)), prepared.signature),
        )
        marks = ", ".join("?" * len(values))
        self.connection.execute(f"INSERT INTO documents VALUES ({marks})", values)
        tokens = prepared.tokens or [b""] * len(prepared.passages)
        for parts in zip(prepared.passages, prepared.vectors, tokens, strict=True):
            self._insert_passage(*parts)

    def _insert_passage(self, passage: Passage, vector: Vectors, code: bytes) -> None:
        span, raw = passage.span, passage.raw_span
        values = (passage.document, span.start, span.end, raw.start, raw.end, passage.text)
        inserted = self.connection.execute(
            "INSERT INTO passages (document, start, end, raw_start, raw_end, text, heading, vector)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*values, _json(passage.heading), vector.astype("<f4").tobytes()),
        )
        if code:
            self.connection.execute("INSERT INTO tokens VALUES (?, ?)", (inserted.lastrowid, code))

    def remove(self, id_: str) -> bool:
        """Remove a document with its passages; tell whether there was one.

        Its file counts as never read. What was deleted is overwritten in the database.
        """
        self._all("PRAGMA secure_delete=ON")
        with self._transaction():
            row = self._one("SELECT location FROM documents WHERE id = ?", (id_,))
            if row:
                self._delete([id_])
                self.connection.execute("DELETE FROM files WHERE location = ?", (row[0],))
                self.connection.execute("DELETE FROM overrides WHERE document = ?", (id_,))
                self._changed()
        self._all("PRAGMA wal_checkpoint(TRUNCATE)")  # the log would still hold the old pages
        return row is not None

    # Reading.

    def file(self, location: str) -> FileRecord | None:
        """Return what is known of a file, by its absolute path."""
        row = self._one(
            "SELECT location, root, sha256, version FROM files WHERE location = ?", (location,)
        )
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
        """Return a document. Raises LibraryDamaged if its raw text does not fit its hash."""
        row = self._one(
            "SELECT raw, sha256, media_type, metadata, layout FROM documents WHERE id = ?", (id_,)
        )
        if row is None:
            return None
        data = _inflated(row[0], id_)
        if hashlib.sha256(data).hexdigest() != row[1]:
            raise LibraryDamaged(f"{id_}: the stored text does not fit its SHA-256: {_REMEDY}")
        known, layout = _metadata(row[3], id_), _layout(row[4], id_)
        return Document(id_, data.decode("utf-8"), row[1], row[2], known, layout)

    def metadata(self, id_: str) -> Metadata:
        """Return the metadata of a document that is there, without reading its text."""
        row = self._one("SELECT metadata FROM documents WHERE id = ?", (id_,))
        return _metadata(row[0], id_) if row else Metadata()

    def all_metadata(self) -> dict[str, Metadata]:
        """Return the metadata of every document, by id."""
        rows = self._at_once("id, metadata", "FROM documents")
        return {id_: _metadata(text, id_) for id_, text in sorted(rows)}

    def layout(self, id_: str) -> Layout:
        """Return the layout of a document that is there, without reading its text."""
        row = self._one("SELECT layout FROM documents WHERE id = ?", (id_,))
        return _layout(row[0], id_) if row else Layout()

    def signatures(self) -> dict[str, bytes]:
        """Return id -> signature of every document that has one, by id."""
        query = "SELECT id, signature FROM documents WHERE signature != x'' ORDER BY id"
        return dict(self._all(query))

    def signature(self, id_: str) -> bytes:
        """Return the signature of a document, b"" if it has none."""
        row = self._one("SELECT signature FROM documents WHERE id = ?", (id_,))
        return bytes(row[0]) if row else b""

    def copies(self, id_: str) -> tuple[str, ...]:
        """Return the documents that are reprints of one another, the original first.

        Empty for a document that stands alone.
        """
        query = (
            "SELECT r.document, r.original FROM reprints o"
            " JOIN reprints r ON r.original = o.original JOIN documents d ON d.id = r.document"
            " WHERE o.document = ? ORDER BY r.document != r.original, r.document"
        )
        found = tuple(row[0] for row in self._all(query, (id_,)))
        return found if len(found) > 1 else ()

    def reprinted(self, ids: Sequence[str]) -> frozenset[str]:
        """Return those of some documents that have reprints or are such."""
        rows = self._at_once("document", f"FROM reprints WHERE document {_AMONG}", (_json(ids),))
        return frozenset(row[0] for row in rows)

    def set_reprints(self, originals: Mapping[str, str]) -> None:
        """Store document -> original, for the documents that have reprints, in place of all."""
        rows = sorted(originals.items())
        with self._transaction():
            self.connection.execute("DELETE FROM reprints")
            self.connection.executemany("INSERT INTO reprints VALUES (?, ?)", rows)

    def overrides(self, id_: str) -> dict[str, str]:
        """Return what the user's own table says of a document: field -> value."""
        row = self._one("SELECT fields FROM overrides WHERE document = ?", (id_,))
        try:
            return dict(json.loads(row[0])) if row else {}
        except (TypeError, ValueError) as error:
            raise LibraryDamaged(f"{id_}: its metadata table cannot be read ({error})") from error

    def set_overrides(self, rows: Mapping[str, Mapping[str, str]]) -> None:
        """Store what the user's own table says; the files of these documents count as not read."""
        known = [(id_, _json(dict(fields))) for id_, fields in sorted(rows.items())]
        with self._transaction():
            self.connection.executemany("INSERT OR REPLACE INTO overrides VALUES (?, ?)", known)
            self.connection.executemany(
                "DELETE FROM files WHERE location = (SELECT location FROM documents WHERE id = ?)",
                [(id_,) for id_ in rows],
            )

    def clean_text(self, id_: str) -> CleanText | None:
        """Return the clean text of a document as it was ingested, with its places."""
        row = self._one("SELECT clean, starts, ends FROM documents WHERE id = ?", (id_,))
        if row is None:
            return None
        text = _inflated(row[0], id_).decode("utf-8", "replace")
        starts, ends = (_unpacked_offsets(blob, id_) for blob in row[1:])
        if not len(text) == len(starts) == len(ends):
            raise LibraryDamaged(f"{id_}: the clean text does not fit its places: {_REMEDY}")
        return CleanText(text, starts, ends)

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        """Return the passages that are (still) there, by id."""
        wanted = _json([int(id_) for id_ in ids])
        rows = self._at_once(_PASSAGE, f"FROM passages WHERE id {_AMONG}", (wanted,))
        return {row[0]: _passage(row) for row in rows}

    def passages_of(self, id_: str) -> list[Passage]:
        """Return the passages of a document in order."""
        rows = self._at_once(_PASSAGE, "FROM passages WHERE document = ?", (id_,))
        return sorted(map(_passage, rows), key=lambda passage: passage.span.start)

    def passage_ids_of(self, documents: Sequence[str]) -> NDArray[np.int64]:
        """Return the ids of all passages of some documents, sorted."""
        wanted = _json(documents)
        rows = self._at_once("id", f"FROM passages WHERE document {_AMONG}", (wanted,))
        return np.sort(np.array([row[0] for row in rows], np.int64))

    def vectors_of(self, id_: str) -> list[bytes]:
        """Return the vectors of a document's passages in order, as little-endian float32."""
        rows = self._all("SELECT vector FROM passages WHERE document = ? ORDER BY start", (id_,))
        return [row[0] for row in rows]

    def token_codes_of(self, id_: str) -> list[bytes]:
        """Return the coded token vectors of a document's passages in order, b"" for none."""
        rows = self._all(
            "SELECT coalesce(t.code, x'') FROM passages p LEFT JOIN tokens t ON t.passage = p.id"
            " WHERE p.document = ? ORDER BY p.start",
            (id_,),
        )
        return [row[0] for row in rows]

    def all_token_codes(self) -> Iterator[tuple[str, object]]:
        """Yield document and code of each passage that has one; damaged, it may be anything."""
        yield from self._stream(
            "SELECT p.document, t.code FROM tokens t JOIN passages p ON p.id = t.passage"
            " ORDER BY p.id"
        )

    def documents_without_tokens(self) -> list[str]:
        """Return the documents of which a passage has no token vectors, sorted."""
        rows = self._all(
            "SELECT DISTINCT p.document FROM passages p LEFT JOIN tokens t ON t.passage = p.id"
            " WHERE t.passage IS NULL ORDER BY p.document"
        )
        return [row[0] for row in rows]

    def token_codes(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Return the coded token vectors of the passages that have some, by id."""
        row = self._one(_TOKENS, (_json([int(id_) for id_ in ids]),))
        codes, at, found = row[1] if row and row[1] else b"", 0, dict[int, bytes]()
        for passage, size in json.loads(row[0]) if row else ():
            found[passage], at = codes[at : at + size], at + size
        return found

    def all_passages(self) -> Iterator[tuple[Passage, str]]:
        """Yield every passage with the title of its document, by id."""
        columns = ", ".join(f"p.{column}" for column in _PASSAGE.split(", "))
        rows = self._stream(
            f"SELECT {columns}, d.metadata FROM passages p JOIN documents d ON d.id = p.document"
            " ORDER BY p.id"
        )
        for row in rows:
            yield _passage(row), _metadata(row[8], row[1]).title

    def all_vectors(self, dimension: int) -> tuple[NDArray[np.int64], Vectors]:
        """Return ids (N,) and vectors (N, D), by id.

        Raises LibraryDamaged for a vector of another length.
        """
        count, size = self.counts()[1], 4 * dimension
        ids = np.empty(count, np.int64)
        vectors = np.empty((count, dimension), np.float32)
        done = 0
        for id_, blob, document in self._stream(
            "SELECT id, vector, document FROM passages ORDER BY id LIMIT ?", (count,)
        ):
            if not isinstance(blob, bytes) or len(blob) != size:
                found = len(blob) if isinstance(blob, bytes) else "no"
                said = f"the vector of passage {id_} has {found} bytes, not {size}"
                raise LibraryDamaged(f"{document}: {said}: {_REMEDY}")
            ids[done], vectors[done] = id_, np.frombuffer(blob, "<f4")
            done += 1
        if done != count:
            raise LibraryDamaged(
                f"{self.path} has {done} passages of {count}: ingest into a new folder"
            )
        return ids, vectors

    def counts(self) -> tuple[int, int]:
        """Return the numbers of documents and of passages."""
        rows = self._all("SELECT count(*) FROM documents UNION ALL SELECT count(*) FROM passages")
        return rows[0][0], rows[1][0]

    def check(self) -> list[str]:
        """Return what SQLite and our own hashes find wrong, a line each; nothing if all is well."""
        try:
            said = "\n".join(str(row[0]) for row in self._all("PRAGMA integrity_check"))
            problems = [f"{self.path}: {line}" for line in said.splitlines() if line != "ok"]
            orphans = len(self._all("PRAGMA foreign_key_check"))
            problems += [f"{orphans} passages have no document"] if orphans else []
            for id_ in self.document_ids():
                problems += self._check_document(id_)
        except LibraryDamaged as error:
            return [str(error)]
        return problems

    def _check_document(self, id_: str) -> list[str]:
        try:
            document, clean = self.document(id_), self.clean_text(id_)
            passages = self.passages_of(id_)
        except LibraryDamaged as error:
            return [str(error)]
        if document is None or clean is None:
            return []  # removed since its id was listed
        problems = []
        if any(p.span.of(clean.text) != p.text for p in passages):
            problems.append(f"{id_}: a passage does not stand in the clean text: {_REMEDY}")
        elif any(clean.to_raw(p.span) != p.raw_span for p in passages):
            problems.append(f"{id_}: a passage is not placed where its text stands: {_REMEDY}")
        if clean.text and int(clean.ends[-1]) > len(document.raw):
            problems.append(f"{id_}: the clean text goes beyond the document: {_REMEDY}")
        size = 4 * int(self.fact("dimension") or 0)
        if not all(_is_unit(blob, size) for blob in self.vectors_of(id_)):
            problems.append(f"{id_}: a vector is not what an encoder makes: {_REMEDY}")
        return problems

    def _one(self, query: str, values: Sequence[object] = ()) -> Row | None:
        rows = self._all(query, values)
        return rows[0] if rows else None

    def _at_once(self, columns: str, origin: str, values: Sequence[object] = ()) -> list[Row]:
        """Return all rows, in no order, of columns that hold no BLOB, in one step of SQLite.

        At each step it lets other threads run. On a busy page it then waits for its turn, up to
        5 ms a row: a search took 3 s beside one busy thread where alone it takes 80 ms.
        """
        row = self._one(f"SELECT json_group_array(json_array({columns})) {origin}", values)
        found: list[Row] = json.loads(row[0]) if row else []
        return found

    def _all(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        return list(self._stream(query, values))

    def _stream(self, query: str, values: Sequence[object] = ()) -> Iterator[Row]:
        known = [encodable(value) if isinstance(value, str) else value for value in values]
        try:
            # not `yield from`, which would close the cursor of a database that is closed already
            for row in self.connection.execute(query, known):  # noqa: UP028
                yield row
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise _wrapped(error, self.path) from error


def _wrapped(error: Exception, path: Path) -> LibraryError:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL"):
        return StorageFull(
            f"no space left for {path}: free some and run the command again, nothing is lost"
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LibraryBusy(f"another process is writing to {path}: wait for it to end")
    said = " ".join(str(error).split())[:100]  # it may hold a whole text that cannot be decoded
    damage = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_SHORT_READ")
    undecodable = isinstance(error, UnicodeDecodeError) or "decode to UTF-8" in said
    if name.startswith(damage) or undecodable:
        return LibraryDamaged(f"{path} is damaged ({said}): ingest into a new folder")
    return LibraryError(f"{path} cannot be used: {said}")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _packed(text: str) -> bytes:
    return zlib.compress(text.encode("utf-8"), 6)


def _unpacked_offsets(blob: bytes, id_: str) -> Offsets:
    try:
        return unpack_offsets(blob)
    except (zlib.error, TypeError, ValueError) as error:
        raise LibraryDamaged(
            f"{id_}: what is stored cannot be read ({error}): {_REMEDY}"
        ) from error


def _inflated(blob: bytes, id_: str) -> bytes:
    try:
        return zlib.decompress(blob)
    except (zlib.error, TypeError) as error:
        raise LibraryDamaged(
            f"{id_}: what is stored cannot be read ({error}): {_REMEDY}"
        ) from error


def _is_unit(blob: bytes, size: int) -> bool:
    if len(blob) != size:
        return False
    length = float(np.linalg.norm(np.frombuffer(blob, "<f4").astype(np.float64)))
    return abs(length - 1) <= _UNIT


def _metadata(text: str, id_: str) -> Metadata:
    try:
        return Metadata(**json.loads(text))
    except (TypeError, ValueError) as error:
        raise LibraryDamaged(f"{id_}: its metadata cannot be read ({error}): {_REMEDY}") from error


def _layout(text: str, id_: str) -> Layout:
    try:
        return layout_of(json.loads(text)) if text else Layout()
    except (TypeError, ValueError, KeyError) as error:
        raise LibraryDamaged(f"{id_}: its layout cannot be read ({error}): {_REMEDY}") from error


def _passage(row: Row) -> Passage:
    try:
        heading = tuple(json.loads(row[7])) if row[7] != "[]" else ()
        if not isinstance(row[6], str):
            raise TypeError("its text is none")
        return Passage(row[0], row[1], Span(row[2], row[3]), Span(row[4], row[5]), row[6], heading)
    except (TypeError, ValueError) as error:
        raise LibraryDamaged(f"{row[1]}: a passage cannot be read ({error}): {_REMEDY}") from error
