"""Files -> store: incremental, resumable, with progress.

Each batch is one transaction: a crash loses at most the batch at hand; what went in is recognised
the next time.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

from index.chunk import encoded_text, passages
from index.clean import clean
from index.errors import LibraryDamaged, ReadError
from index.library import Library
from index.metadata import read_metadata
from index.read import ASSETS, read_bytes, read_file
from index.script import encodable, fold
from index.store import FileRecord, Prepared
from index.types import CleanText, Document, Passage, Vectors

# Passages encoded and stored at a time: enough to keep the encoder busy, little enough to lose.
BATCH_PASSAGES = 512
# What decides how a file is read: when any of it changes, unchanged files are read again.
_READING_CODE = (
    *("decode", "read", "script", "offsets", "markup", "boilerplate", "clean", "metadata"),
    *("sentences", "chunk", "places"),
)

Progress = Callable[[str, int, int], None]  # stage ("read" or "encode"), done, of how many


@dataclass(frozen=True, slots=True)
class Problem:
    """A file or row that did not go in."""

    source: str
    reason: str


@dataclass
class Report:
    """What an ingestion did; ids of documents, sorted by when they were read."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)  # rows that are no longer in their file
    vanished: list[str] = field(default_factory=list)  # documents whose file is gone; they stay
    problems: list[Problem] = field(default_factory=list)
    passages: int = 0
    encoded: int = 0
    seconds: dict[str, float] = field(default_factory=dict)  # stage -> time

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time of a block to a stage."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begun


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    root: Path

    @property
    def location(self) -> str:
        return str(self.path)

    @property
    def source(self) -> str:
        return encodable(self.path.relative_to(self.root).as_posix())

    def read(self) -> bytes:
        """Return the bytes of the file. Raises ReadError."""
        if self.location != encodable(self.location):
            raise ReadError("its path is not UTF-8: rename it")
        return read_bytes(self.path)


@dataclass(frozen=True, slots=True)
class _Cut:
    """A document cut into passages, not yet encoded."""

    location: str
    document: Document
    clean: CleanText
    passages: tuple[Passage, ...]

    def texts(self) -> list[str]:
        return [fold(encoded_text(self.document.metadata.title, p)) for p in self.passages]


def ingest(library: Library, paths: Sequence[Path], progress: Progress | None = None) -> Report:
    """Put files and folders into a library and publish its indexes.

    Bad files are reported and passed over. Raises ReadError for a path that does not exist,
    LibraryBusy, StorageFull, EncoderMismatch.
    """
    report = Report()
    files = list_files(paths, report.problems.append)
    with library.writing():
        library.check_encoder()
        _record_encoder(library)
        _Ingestion(library, report, progress or (lambda *_: None)).run(files)
        _report_vanished(library, files, report)
        with report.timed("publish"):
            library.snapshot_for_writer()
    return report


def list_files(
    paths: Sequence[Path], on_problem: Callable[[Problem], None] | None = None
) -> list[_File]:
    """Return the files below `paths`, sorted; hidden files and parts of saved pages are left out.

    Folders that cannot be listed go to `on_problem`. Raises ReadError for a path that does not
    exist.
    """
    found: dict[Path, _File] = {}
    for given in paths:
        path = _resolved(given)
        if path.is_dir():
            inner = _files_below(path, on_problem or (lambda _: None))
            found.update((p, _File(p, path)) for p in inner if p not in found)
        else:
            found.setdefault(path, _File(path, path.parent))
    return list(found.values())


def _resolved(given: Path) -> Path:
    try:
        return given.expanduser().resolve(strict=True)
    except FileNotFoundError as error:
        raise ReadError(f"{given}: there is no such file or folder") from error
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise ReadError(f"{given} cannot be opened: {error}") from error


def _files_below(folder: Path, on_problem: Callable[[Problem], None]) -> list[Path]:
    def report(error: OSError) -> None:
        source = Path(error.filename).relative_to(folder).as_posix()
        on_problem(Problem(encodable(source), f"cannot be opened: {error.strerror or error}"))

    found: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=report):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(parent, name) for name in names if _is_wanted(name)]
    return sorted(found)


def _is_wanted(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() not in ASSETS


@cache
def reading_version() -> str:
    """Return a hash of the code that decides how a file is read: better code reads it again."""
    folder = Path(__file__).parent
    names = [f"{name}.py" for name in _READING_CODE] + ["places.csv"]
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in names)).hexdigest()[:16]


def _record_encoder(library: Library) -> None:
    if not library.store.fact("encoder"):
        library.store.set_fact("encoder_name", library.encoder.name)
        library.store.set_fact("dimension", str(library.encoder.dimension))
        library.store.set_fact("encoder", library.encoder.fingerprint)


class _Ingestion:
    """The state of one run: documents wait for the encoder, files for their last document."""

    def __init__(self, library: Library, report: Report, progress: Progress) -> None:
        self.library, self.report, self.progress = library, report, progress
        self.waiting: list[_Cut] = []
        self.files: list[FileRecord] = []
        self.gone: list[str] = []
        self.stale: list[str] = []  # locations whose records no longer hold

    def run(self, files: Sequence[_File]) -> None:
        for number, file in enumerate(files, start=1):
            try:
                self._take(file)
            except ReadError as error:
                self.report.problems.append(Problem(file.source, str(error)))
            self.progress("read", number, len(files))
        self._flush()

    def _take(self, file: _File) -> None:
        store = self.library.store
        with self.report.timed("read"):
            data = file.read()
            digest = hashlib.sha256(data).hexdigest()
            record = FileRecord(file.location, str(file.root), digest, reading_version())
            known = store.ids_at(file.location)
            if store.file(file.location) == record and known:
                self.report.unchanged += known
                return
            content = read_file(data, file.source)
        before = len(self.report.problems)
        self.stale.append(file.location)
        self.report.problems += [Problem(file.source, problem) for problem in content.problems]
        taken = [
            id_ for document in content.documents if (id_ := self._prepare(document, file, known))
        ]
        if taken:
            removed = sorted(known.keys() - taken)
            self.report.removed += removed
            self.gone += removed
            # A file with bad rows is read again the next time, so that they are reported again.
            self.files += [record] if len(self.report.problems) == before else []

    def _prepare(self, document: Document, file: _File, known: dict[str, str]) -> str:
        """Cut a document and queue it; return its id, "" if it has no text."""
        document = replace(document, id=self._free_id(document, file))
        try:
            cut = self._cut(document, file.location)
        except ReadError as error:
            self.report.problems.append(Problem(document.id, str(error)))
            return ""
        if document.id in known and self._is_stored(cut):
            self.report.unchanged.append(document.id)
            return document.id
        news = self.report.changed if document.id in known else self.report.added
        news.append(document.id)
        self.waiting.append(cut)
        if sum(len(waiting.passages) for waiting in self.waiting) >= BATCH_PASSAGES:
            self._flush()
        return document.id

    def _is_stored(self, cut: _Cut) -> bool:
        """Tell whether the store has a document, its clean text and its passages just so."""
        store, id_ = self.library.store, cut.document.id
        try:
            text, parts = store.clean_text(id_), store.passages_of(id_)
            if store.document(id_) != cut.document or text is None:
                return False
        except LibraryDamaged:
            return False
        found = (text.text, text.starts.tobytes(), text.ends.tobytes())
        made = (cut.clean.text, cut.clean.starts.tobytes(), cut.clean.ends.tobytes())
        return found == made and [replace(part, id=-1) for part in parts] == list(cut.passages)

    def _free_id(self, document: Document, file: _File) -> str:
        """Return an id that no other file's document has; one that moved here keeps its own."""
        id_ = document.id
        candidates = [
            id_,
            f"{file.source}#{id_}" if id_ != file.source else f"{file.root.name}/{id_}",
        ]
        candidates.append(f"{file.location}#{id_}" if id_ != file.source else file.location)
        return next(
            (candidate for candidate in candidates if self._is_free(candidate, document, file)),
            candidates[-1],
        )

    def _is_free(self, id_: str, document: Document, file: _File) -> bool:
        if any(cut.document.id == id_ and cut.location != file.location for cut in self.waiting):
            return False
        location = self.library.store.location_of(id_) if id_ not in self.gone else ""
        if location in ("", file.location):
            return True
        # A file that is away may come back, so only the same text takes its place: it has moved.
        moved = self.library.store.ids_at(location).get(id_) == document.sha256
        return moved and not os.path.exists(location)

    def _cut(self, document: Document, location: str) -> _Cut:
        with self.report.timed("clean"):
            text = clean(document.raw, document.media_type)
            document = replace(document, metadata=read_metadata(document, text))
        with self.report.timed("chunk"):
            parts = passages(text, document.id, document.metadata.title)
        return _Cut(location, document, text, tuple(parts))

    def _flush(self) -> None:
        """Encode and store what waits."""
        batch = self._encode()
        if batch or self.files or self.gone:
            with self.report.timed("store"):
                self.library.store.put(batch, self.files, self.gone, self.stale)
        self.report.passages += sum(len(prepared.passages) for prepared in batch)
        self.waiting, self.files, self.gone, self.stale = [], [], [], []

    def _encode(self) -> list[Prepared]:
        with self.report.timed("encode"):
            texts = [text for cut in self.waiting for text in cut.texts()]
            known = self._known_vectors()
            new = list(dict.fromkeys(text for text in texts if text not in known))
            if new:
                encode = self.library.encoder.encode_passages
                vectors = encode(new, lambda done: self.progress("encode", done, len(new)))
                known.update(zip(new, vectors, strict=True))
                self.report.encoded += len(new)
            rows = (_stacked(cut.texts(), known) for cut in self.waiting)
            return [
                Prepared(cut.location, cut.document, cut.clean, cut.passages, vectors)
                for cut, vectors in zip(self.waiting, rows, strict=True)
            ]

    def _known_vectors(self) -> dict[str, Vectors]:
        """Return folded text -> vector of the passages that are about to be replaced.

        Most of them have not changed.
        """
        known: dict[str, Vectors] = {}
        for cut in self.waiting:
            with suppress(LibraryDamaged):  # then its passages are encoded anew
                known.update(self._stored_vectors(cut.document.id))
        return known

    def _stored_vectors(self, id_: str) -> dict[str, Vectors]:
        store = self.library.store
        title = store.metadata(id_).title
        texts = [fold(encoded_text(title, part)) for part in store.passages_of(id_)]
        size = 4 * self.library.encoder.dimension
        pairs = zip(texts, store.vectors_of(id_), strict=True)
        return {text: np.frombuffer(blob, "<f4") for text, blob in pairs if len(blob) == size}


def _stacked(texts: Iterable[str], vectors: dict[str, Vectors]) -> Vectors:
    return np.stack([vectors[text] for text in texts]).astype(np.float32)


def _report_vanished(library: Library, files: Sequence[_File], report: Report) -> None:
    """List the documents of earlier runs over the same folders whose files are gone."""
    for root in sorted({str(file.root) for file in files}):
        for location in library.store.files_below(root):
            if not os.path.exists(location):
                report.vanished += sorted(library.store.ids_at(location))
