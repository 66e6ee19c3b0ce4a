"""Files -> store: incremental, resumable, with progress.

Files are read ahead in child processes while the encoder is at work. Each batch is one transaction:
a crash loses at most the batch at hand; what went in is recognised the next time.
"""

import hashlib
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from index.chunk import encoded_text, passages
from index.errors import LibraryDamaged, ReadError
from index.frames import CleanDocument, Job, Note, Problem
from index.late import pack
from index.library import Library
from index.meta_table import apply_row
from index.read import ASSETS, read_bytes
from index.sandbox import Outcome, shared_pool
from index.script import encodable, fold
from index.store import FileRecord, Prepared
from index.types import CleanText, Document, Passage, TokenEncoder, Vectors
from index.web import fetch

# Passages encoded and stored at a time: enough to keep the encoder busy, little enough to lose.
BATCH_PASSAGES = 512
# What does not decide how a file is read. When anything else changes, files are read again.
_NOT_READING = frozenset(
    """
    bundled dense encoder errors filters frames fuse glossary guarded_transport ingest late lexical
    library meta_table multi_vector preferences publish query rerank sandbox store terms web why
    """.split()  # noqa: SIM905 (so many quoted words are harder to read)
)

Progress = Callable[[str, int, int], None]  # stage ("read" or "encode"), done, of how many
Remark = TypeVar("Remark", Problem, Note)
Overrides = Mapping[str, Mapping[str, str]]  # document -> field -> value, of the user's own table


@dataclass(frozen=True, slots=True)
class FileNews:
    """How far a file has come; what was said of it comes with "read" or "failed"."""

    location: str  # an absolute path or an address
    stage: Literal["unchanged", "failed", "read", "stored"]
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)  # why cleaning left out -> characters


OnFile = Callable[[FileNews], None]


@dataclass
class Report:
    """What an ingestion did; ids of documents, sorted by when they were read."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)  # rows that are no longer in their file
    vanished: list[str] = field(default_factory=list)  # documents whose file is gone; they stay
    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    reprints: list[tuple[str, ...]] = field(default_factory=list)  # the original first
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
    def folder(self) -> str:
        return str(self.root)

    @property
    def source(self) -> str:
        return encodable(self.path.relative_to(self.root).as_posix())

    def job(self) -> Job:
        """Return the file with its bytes. Raises ReadError."""
        if self.location != encodable(self.location):
            raise ReadError("its path is not UTF-8: rename it")
        return Job(self.source, read_bytes(self.path))

    def alternatives(self, id_: str) -> list[str]:
        """Return the ids that a document of this file may have, the plain one first."""
        if id_ == self.source:
            return [id_, f"{self.root.name}/{id_}", self.location]
        return [id_, f"{self.source}#{id_}", f"{self.location}#{id_}"]


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of the web; it has no folder, and nobody can tell whether it is still there."""

    location: str
    folder: str = ""

    @property
    def source(self) -> str:
        return self.location

    def job(self) -> Job:
        """Return the page with its bytes, named so that its kind shows. Raises ReadError."""
        page = fetch(self.location)
        return Job(f"{self.location.split('?')[0].split('#')[0]}{page.suffix}", page.data)

    def alternatives(self, id_: str) -> list[str]:
        return [id_, f"{self.location}#{id_}"]


@dataclass(frozen=True, slots=True)
class _Cut:
    """A document cut into passages, not yet encoded."""

    location: str
    document: Document
    clean: CleanText
    passages: tuple[Passage, ...]
    signature: bytes

    def texts(self) -> list[str]:
        return [fold(encoded_text(self.document.metadata.title, p)) for p in self.passages]


@dataclass(frozen=True, slots=True)
class _Encoded:
    """What an encoder made of a passage: its vector (D,), and its token vectors in code."""

    vector: Vectors
    tokens: bytes = b""


def ingest(
    library: Library,
    paths: Sequence[Path | str],
    progress: Progress | None = None,
    overrides: Overrides | None = None,
    root: Path | None = None,
    on_file: OnFile | None = None,
) -> Report:
    """Put files, folders and web pages into a library and publish its indexes.

    `overrides` is what the user's own table says of documents; it is kept and holds from now on.
    Files given one by one that lie below `root` are named by their path from there, others by
    their name alone. `on_file` hears of each file; what it or `progress` raises ends the ingestion.
    Bad files are reported and passed over. Raises ReadError for a path that does not exist,
    LibraryBusy, StorageFull, EncoderMismatch.
    """
    report = Report()
    files = list_files(paths, report.problems.append, root)
    with library.writing():
        library.check_encoder()
        library.publish_readable()
        _record_encoder(library)
        library.store.set_overrides(overrides or {})
        ignore: Callable[..., None] = lambda *_: None  # noqa: E731 (a name for the two below)
        ingestion = _Ingestion(library, report, progress or ignore, on_file or ignore)
        ingestion.run(files)
        ingestion.apply_overrides(overrides or {})
        ingestion.fill_tokens()
        _report_vanished(library, files, report)
        with report.timed("reprints"):
            report.reprints = library.group_reprints()
        with report.timed("publish"):
            library.snapshot_for_writer()
    return report


def list_files(
    paths: Sequence[Path | str],
    on_problem: Callable[[Problem], None] | None = None,
    root: Path | None = None,
) -> list[_File | _Page]:
    """Return the files below `paths`, sorted; hidden files and parts of saved pages are left out.

    What begins like a URL is one. Folders that cannot be listed go to `on_problem`. Files given
    one by one are named from `root` if they lie below it. Raises ReadError for a path that does not
    exist.
    """
    base = _resolved(root) if root else None
    found: dict[str, _File | _Page] = {}
    for given in paths:
        if _is_url(str(given)):
            found.setdefault(str(given), _Page(str(given)))
            continue
        path = _resolved(Path(given))
        if path.is_dir():
            inner = _files_below(path, on_problem or (lambda _: None))
            found.update((str(p), _File(p, path)) for p in inner if str(p) not in found)
        else:
            within = base if base and path.is_relative_to(base) else path.parent
            found.setdefault(str(path), _File(path, within))
    return list(found.values())


def _is_url(given: str) -> bool:
    return given.lower().startswith(("http://", "https://"))


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
    read = b"".join(path.read_bytes() for path in _reading_files(Path(__file__).parent))
    return hashlib.sha256(read).hexdigest()[:16]


def _reading_files(folder: Path) -> list[Path]:
    files = [*folder.rglob("*.py"), *folder.glob("*.csv")]
    return sorted(path for path in files if path.stem not in _NOT_READING)


def _record_encoder(library: Library) -> None:
    if not library.store.fact("encoder"):
        library.store.set_fact("encoder_name", library.encoder.name)
        library.store.set_fact("dimension", str(library.encoder.dimension))
        library.store.set_fact("encoder", library.encoder.fingerprint)
    identity, encoder = library.token_identity(), library.encoder
    if isinstance(encoder, TokenEncoder) and library.store.fact("tokens") != identity:
        late_name = getattr(encoder, "late_name", "")
        library.store.forget_tokens(identity, late_name, encoder.token_dimension)


@dataclass(frozen=True, slots=True)
class _Pending:
    """A file that is being read."""

    file: _File | _Page
    record: FileRecord
    name: str  # under which it was sent


class _Ingestion:
    """The state of one run: documents wait for the encoder, files for their last document."""

    def __init__(
        self, library: Library, report: Report, progress: Progress, on_file: OnFile
    ) -> None:
        self.library, self.report, self.progress = library, report, progress
        self.on_file = on_file
        self.pending: deque[_Pending] = deque()  # files on their way through the reading processes
        self.waiting: list[_Cut] = []
        self.files: list[FileRecord] = []
        self.gone: list[str] = []
        self.stale: list[str] = []  # locations whose records no longer hold
        self.done = 0

    def run(self, files: Sequence[_File | _Page]) -> None:
        # Closed at once when something fails: nobody waits then for what is still being read.
        with closing(shared_pool().read(self._jobs(files))) as outcomes:
            while True:
                with self.report.timed("read"):
                    outcome = next(outcomes, None)
                if outcome is None:
                    break
                self._take(self.pending.popleft(), outcome)
                self._count(len(files))
        self._flush()

    def _count(self, total: int) -> None:
        self.done += 1
        self.progress("read", self.done, total)

    def _jobs(self, files: Sequence[_File | _Page]) -> Iterator[Job]:
        """Yield the files that have to be read."""
        for file in files:
            try:
                job = file.job()
            except ReadError as error:
                reason = str(error).removeprefix(f"{file.source}: ")  # a fetch names its address
                problem = Problem(file.source, reason)
                self.report.problems.append(problem)
                self.on_file(FileNews(file.location, "failed", (problem,)))
                self._count(len(files))
                continue
            digest = hashlib.sha256(job.data).hexdigest()
            record = FileRecord(file.location, file.folder, digest, reading_version())
            known = self.library.store.ids_at(file.location)
            if self.library.store.file(file.location) == record and known:
                self.report.unchanged += known
                self.on_file(FileNews(file.location, "unchanged"))
                self._count(len(files))
                continue
            self.pending.append(_Pending(file, record, job.source))
            yield job

    def _take(self, pending: _Pending, outcome: Outcome) -> None:
        """Queue the documents of a file that has been read."""
        file = pending.file
        known = self.library.store.ids_at(file.location)
        self.stale.append(file.location)
        problems = tuple(_renamed(problem, pending) for problem in outcome.problems)
        notes = tuple(_renamed(note, pending) for note in outcome.notes)
        self.report.problems += problems
        self.report.notes += notes
        dropped: Counter[str] = Counter()
        taken = set()
        for read in outcome.documents():
            dropped.update(_dropped(read))
            taken.add(self._prepare(read, pending, known))
        self.on_file(FileNews(file.location, "read", problems, notes, dropped))
        if not taken:
            return
        # Of a file whose reader broke down, nobody knows whether a document is gone.
        removed = sorted(known.keys() - taken) if outcome.whole else []
        self.report.removed += removed
        self.gone += removed
        # A file with bad parts is read again the next time, so that they are reported again.
        self.files += [] if outcome.problems else [pending.record]

    def _prepare(self, read: CleanDocument, pending: _Pending, known: dict[str, str]) -> str:
        """Cut a document and queue it; return its id."""
        id_ = read.document.id
        document = replace(read.document, id=pending.file.source if id_ == pending.name else id_)
        document = replace(document, id=self._free_id(document, pending.file))
        document = self._overridden(_with_url(document, pending.file))
        with self.report.timed("chunk"):
            cut = self._cut(replace(read, document=document), pending.file.location)
        if document.id in known and self._is_stored(cut):
            self.report.unchanged.append(document.id)
            return document.id
        news = self.report.changed if document.id in known else self.report.added
        news.append(document.id)
        self._queue(cut)
        return document.id

    def _overridden(self, document: Document) -> Document:
        """Return a document with the user's own words on it."""
        row = self.library.store.overrides(document.id)
        return replace(document, metadata=apply_row(document.metadata, row)) if row else document

    def _queue(self, cut: _Cut) -> None:
        self.waiting.append(cut)
        if sum(len(waiting.passages) for waiting in self.waiting) >= BATCH_PASSAGES:
            self._flush()

    def apply_overrides(self, overrides: Overrides) -> None:
        """Bring the user's own words to the documents that were not read just now."""
        store = self.library.store
        for id_ in overrides:
            document, text = store.document(id_), store.clean_text(id_)
            if not document or not text:
                said = "there is no such document in the library: `yinzheng list` names them"
                self.report.problems.append(Problem(id_, f"in the table of metadata: {said}"))
                continue
            changed = self._overridden(document)
            if changed != document:
                signature = store.signature(id_)
                read = CleanDocument(changed, text, signature)
                self.report.changed.append(id_)
                self._queue(self._cut(read, store.location_of(id_)))
        self._flush()

    def fill_tokens(self) -> None:
        """Give token vectors to documents that have none, which were not read just now.

        An older release stored them, or an encoder that has no token vectors.
        """
        store = self.library.store
        if not isinstance(self.library.encoder, TokenEncoder):
            return
        for id_ in store.documents_without_tokens():
            try:
                document, text = store.document(id_), store.clean_text(id_)
            except LibraryDamaged as error:
                self.report.problems.append(Problem(id_, str(error).removeprefix(f"{id_}: ")))
                continue
            if document and text:
                read = CleanDocument(document, text, store.signature(id_))
                self._queue(self._cut(read, store.location_of(id_)))
        self._flush()

    def _is_stored(self, cut: _Cut) -> bool:
        """Tell whether the store has a document, its clean text and its passages just so."""
        store, id_ = self.library.store, cut.document.id
        try:
            text, parts = store.clean_text(id_), store.passages_of(id_)
            if store.document(id_) != cut.document or text is None:
                return False
            if store.signature(id_) != cut.signature or self._lacks_tokens(id_):
                return False
        except LibraryDamaged:
            return False
        found = (text.text, text.starts.tobytes(), text.ends.tobytes())
        made = (cut.clean.text, cut.clean.starts.tobytes(), cut.clean.ends.tobytes())
        return found == made and [replace(part, id=-1) for part in parts] == list(cut.passages)

    def _lacks_tokens(self, id_: str) -> bool:
        """Tell whether a document was stored by a release that had no token vectors."""
        has_tokens = isinstance(self.library.encoder, TokenEncoder)
        return has_tokens and not any(self.library.store.token_codes_of(id_))

    def _free_id(self, document: Document, file: _File | _Page) -> str:
        """Return an id that no other file's document has; one that moved here keeps its own."""
        candidates = file.alternatives(document.id)
        return next(
            (candidate for candidate in candidates if self._is_free(candidate, document, file)),
            candidates[-1],
        )

    def _is_free(self, id_: str, document: Document, file: _File | _Page) -> bool:
        if any(cut.document.id == id_ and cut.location != file.location for cut in self.waiting):
            return False
        location = self.library.store.location_of(id_) if id_ not in self.gone else ""
        if location in ("", file.location):
            return True
        # A file that is away may come back, so only the same text takes its place: it has moved.
        moved = self.library.store.ids_at(location).get(id_) == document.sha256
        return moved and not os.path.exists(location)

    def _cut(self, read: CleanDocument, location: str) -> _Cut:
        document, encoder = read.document, self.library.encoder
        parts = passages(
            read.clean,
            document.id,
            document.metadata.title,
            document.layout,
            encoder.count_tokens,
            encoder.max_tokens,
        )
        return _Cut(location, document, read.clean, tuple(parts), read.signature)

    def _flush(self) -> None:
        """Encode and store what waits."""
        batch = self._encode()
        if batch or self.files or self.gone:
            with self.report.timed("store"):
                self.library.store.put(batch, self.files, self.gone, self.stale)
        self.report.passages += sum(len(prepared.passages) for prepared in batch)
        for location in dict.fromkeys(cut.location for cut in self.waiting):
            self.on_file(FileNews(location, "stored"))
        self.waiting, self.files, self.gone, self.stale = [], [], [], []

    def _encode(self) -> list[Prepared]:
        with self.report.timed("encode"):
            texts = [text for cut in self.waiting for text in cut.texts()]
            known = self._known()
            new = list(dict.fromkeys(text for text in texts if text not in known))
            known.update(zip(new, self._encoded(new), strict=True))
            return [_prepared(cut, [known[text] for text in cut.texts()]) for cut in self.waiting]

    def _encoded(self, texts: list[str]) -> list[_Encoded]:
        if not texts:
            return []
        self.report.encoded += len(texts)
        encoder = self.library.encoder

        def show(done: int) -> None:
            self.progress("encode", done, len(texts))

        if not isinstance(encoder, TokenEncoder):
            return [_Encoded(vector) for vector in encoder.encode_passages(texts, show)]
        vectors, tokens = encoder.encode_passages_with_tokens(texts, pack, show)
        return [_Encoded(*one) for one in zip(vectors, tokens, strict=True)]

    def _known(self) -> dict[str, _Encoded]:
        """Return folded text -> what was made of it, for passages that are about to be replaced.

        Most of them have not changed.
        """
        known: dict[str, _Encoded] = {}
        for cut in self.waiting:
            with suppress(LibraryDamaged):  # then its passages are encoded anew
                known.update(self._stored(cut.document.id))
        return known

    def _stored(self, id_: str) -> dict[str, _Encoded]:
        store, encoder = self.library.store, self.library.encoder
        title = store.metadata(id_).title
        texts = [fold(encoded_text(title, part)) for part in store.passages_of(id_)]
        rows = zip(texts, store.vectors_of(id_), store.token_codes_of(id_), strict=True)
        has_tokens = isinstance(encoder, TokenEncoder)
        return {
            text: _Encoded(np.frombuffer(blob, "<f4"), code)
            for text, blob, code in rows
            if len(blob) == 4 * encoder.dimension and bool(code) >= has_tokens
        }


def _prepared(cut: _Cut, rows: Sequence[_Encoded]) -> Prepared:
    vectors = np.stack([row.vector for row in rows]).astype(np.float32)
    return Prepared(
        cut.location,
        cut.document,
        cut.clean,
        cut.passages,
        vectors,
        cut.signature,
        [row.tokens for row in rows],
    )


def _with_url(document: Document, file: _File | _Page) -> Document:
    """Return a document of the web with the address that it was asked for at, unless it knows."""
    known = document.metadata
    if known.url or not isinstance(file, _Page):
        return document
    found = {**known.found, "url": "declared"}
    return replace(document, metadata=replace(known, url=file.location, found=found))


def _dropped(read: CleanDocument) -> Counter[str]:
    """Return how many characters cleaning left out for which reason."""
    counted: Counter[str] = Counter()
    for part in read.clean.dropped:
        counted[part.reason] += len(part.span)
    return counted


def _renamed(remark: Remark, pending: _Pending) -> Remark:
    """Return a remark under the name that the user knows."""
    if remark.source != pending.name:
        return remark
    return replace(remark, source=pending.file.source)


def _report_vanished(library: Library, files: Sequence[_File | _Page], report: Report) -> None:
    """List the documents of earlier runs over the same folders whose files are gone."""
    for root in sorted({file.folder for file in files if file.folder}):
        for location in library.store.files_below(root):
            if not os.path.exists(location):
                report.vanished += sorted(library.store.ids_at(location))
