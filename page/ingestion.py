"""Uploads and addresses -> library, in one thread of its own, while the page goes on answering.

Uploads are copied into a folder of the library, so that what was not ingested when the program
ended is found there when it starts again. The thread takes a few files from each upload in turn: a
small one does not wait for a big one to end. All changes of the page go through it, so that the
page never waits for its own lock.
"""

import filecmp
import json
import logging
import os
import re
import shutil
import threading
import time
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar

from index.errors import (
    LibraryBusy,
    LibraryDamaged,
    LibraryError,
    ReadError,
    StorageFull,
    YinzhengError,
)
from index.ingest import FileNews, Report, ingest
from index.library import Library
from index.meta_table import read_meta_table, write_meta_table
from index.read import ASSETS, MAX_BYTES
from index.script import encodable
from index.types import Metadata

# A larger file is refused by its reader; it need not be copied for that.
MAX_FILE = MAX_BYTES
MAX_ADDRESSES = 100  # at a time: each is a visit to somebody's server
# Left free on the disk, the lesser of the two: indexes are made anew beside the old ones.
FREE_SHARE, FREE_BYTES = 0.1, 200 * 2**20
# An upload takes its own size, and in the library its text, its passages and their vectors.
_TAKEN = 3
# Seconds that the turn of an upload is to take: each ends with indexes that are published, half a
# second to two, and whatever came meanwhile waits for it.
_TURN_SECONDS = 6.0
# Bytes of the first turn, the least and the most of any; the speed of one decides about the next.
_TURN, _LEAST_TURN, _LARGEST_TURN = 2**18, 2**16, 2**24
_FILE_WEIGHT, _ADDRESS_WEIGHT = 2**12, 2**16  # what a file costs beside its bytes, a page in all
# What happened to so many files is remembered.
_REMEMBERED = 5_000
_RETRY = 2.0  # seconds until a library that another process writes to is tried again
# Seconds that who edits or removes a document waits for the files that are at hand to go in.
PATIENCE = 20.0
# Less than a file system takes, so that a number and a suffix fit; a path takes 4,096 bytes.
_NAME_BYTES, _PATH_BYTES = 180, 900
_NICE = 10  # of the thread: encoding must not slow down who asks
_FOLDER, _ADDRESSES = "uploads", ".addresses.json"

_UNSAFE = re.compile(r'[<>:"|?*\x00-\x1f\x7f-\x9f]')
# Names that Windows takes for devices, whatever their suffix.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
_ROW = re.compile(r'row \d+, column "[a-z_]+": ')
_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)

Stage = Literal[
    "queued", "reading", "encoding", "done", "unchanged", "failed", "stopped", "skipped"
]
ENDED: frozenset[Stage] = frozenset(["done", "unchanged", "failed", "stopped", "skipped"])


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sends: where it lies now, and its name or path as they know it."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What a document is made of; sizes in characters."""

    id: str
    characters: int
    kept: int
    reprint_of: str = ""  # the id of the document that it repeats


@dataclass(frozen=True, slots=True)
class FileState:
    """How far a file or page has come. `reason` and `notes` are lines in English."""

    number: int  # counts from 1, in the order of arrival
    name: str  # as it is cited
    stage: Stage = "queued"
    reason: str = ""  # why it failed
    given: str = ""  # the name that it came under, if that was taken by another text
    problems: tuple[str, ...] = ()  # of parts of it, when others went in
    notes: tuple[str, ...] = ()
    documents: tuple[Kept, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)  # why -> characters


@dataclass(frozen=True, slots=True)
class State:
    """What has happened, for any number of pages to show."""

    files: tuple[FileState, ...] = ()
    is_running: bool = False
    encoded: tuple[int, int] = (0, 0)  # passages of those at hand
    waiting: str = ""  # one line: why nothing goes on


@dataclass(frozen=True, slots=True)
class _Item:
    """A file in our folder, or an address, that is to go in."""

    number: int
    location: str
    size: int = 0

    @property
    def is_address(self) -> bool:
        return self.location.lower().startswith(("http://", "https://"))

    @property
    def weight(self) -> int:
        return _ADDRESS_WEIGHT if self.is_address else _FILE_WEIGHT + self.size

    @property
    def place(self) -> Path | str:
        return self.location if self.is_address else Path(self.location)


class _Stopped(Exception):
    """Somebody wants no more of this; what is stored stays."""


class Ingestion:
    """Puts files and pages into a library, and changes what is there. Safe from several threads."""

    def __init__(self, library: Library, folder: Path | None = None) -> None:
        """`folder` keeps the uploads, by default one inside the library's; it is made if needed.

        What an earlier process left there goes in now. Raises ReadError if it cannot be used.
        """
        self.library = library
        self.folder = (folder or library.folder / _FOLDER).resolve()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ReadError(f"{self.folder} cannot be made: {error.strerror or error}") from error
        self._files: dict[int, FileState] = {}
        self._last = 0
        self._jobs: deque[deque[_Item]] = deque()
        self._changes: deque[tuple[Future[object], Callable[[], object]]] = deque()
        self._at_hand: dict[str, int] = {}  # location -> number, of the turn that runs
        self._encoded, self._waiting, self._turn = (0, 0), "", _TURN
        self._is_stopping = self._is_closed = self._is_busy = False
        self._changed = threading.Condition(threading.RLock())  # of all above
        self._saving = threading.Lock()  # one at a time looks for a free name
        self._resume()
        self._thread = threading.Thread(target=self._work, name="ingestion", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let go of what waits, which the next process finds, and end the thread."""
        with self._changed:
            self._is_closed = self._is_stopping = True
            self._changed.notify_all()
        self._thread.join()

    def __enter__(self) -> "Ingestion":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def state(self) -> State:
        """Return what has happened and what is going on."""
        with self._changed:
            files = tuple(self._files.values())
            return State(files, self._is_running(), self._encoded, self._waiting)

    def _is_running(self) -> bool:
        return bool(self._is_busy or self._jobs or self._changes)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until nothing is left to do; tell whether that came about in so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._is_running(), seconds)

    # Taking on work.

    def add(self, uploads: Sequence[Upload], replaces: bool = False) -> list[FileState]:
        """Copy files into our folder and put them into the library soon.

        A file of a name that another text has goes in beside it, unless it `replaces` that. Raises
        StorageFull, before anything is written, when too little of the disk would stay free.
        """
        named = [(upload, safe_name(upload.name)) for upload in uploads]
        wanted = [(upload, name) for upload, name in named if name and not is_asset(name)]
        skipped = [(upload, name) for upload, name in named if not name or is_asset(name)]
        sizes = [_size(upload.path) for upload, _ in wanted]
        self._check_space(_TAKEN * sum(size for size in sizes if size <= MAX_FILE))
        told = [self._told(shown_name(upload.name), "skipped") for upload, _ in skipped]
        items: deque[_Item] = deque()
        for (upload, name), size in zip(wanted, sizes, strict=True):
            state, item = self._taken(upload, name, size, replaces)
            told.append(state)
            items += [item] if item else []
        self._enqueue(items)
        return told

    def add_addresses(self, addresses: Iterable[str]) -> list[FileState]:
        """Fetch pages and put them into the library soon; what is no address fails at once."""
        told, items = [], deque[_Item]()
        for place, address in enumerate(dict.fromkeys(filter(None, map(str.strip, addresses)))):
            reason = "" if re.match(r"https?://[^\s/]", address, re.IGNORECASE) else _NO_ADDRESS
            reason = _TOO_MANY if place >= MAX_ADDRESSES else reason
            state = self._told(shown_name(address), "failed" if reason else "queued", reason)
            told.append(state)
            items += [] if reason else [_Item(state.number, encodable(address))]
        self._enqueue(items)
        return told

    def stop(self) -> None:
        """Let go of what waits; what is being read is broken off. What went in stays."""
        with self._changed:
            self._is_stopping = True
            dropped = [item for job in self._jobs for item in job]
            self._jobs.clear()
            for item in dropped:
                self._update(item.number, stage="stopped")
            self._changed.notify_all()
        self._discard(dropped)

    def edit(self, id_: str, fields: Mapping[str, str], seconds: float = PATIENCE) -> None:
        """Set metadata of a document for good; "" clears a field.

        Raises ReadError for a value that is none, TimeoutError when the files at hand take longer.
        Then it is done after them.
        """
        checked = checked_fields(fields)
        self._change(lambda: self._edit(id_, checked), seconds)

    def reset(self, id_: str, seconds: float = PATIENCE) -> None:
        """Forget what was set of a document's metadata: what its file says holds again.

        The file is read anew, a page fetched. Raises ReadError if that cannot be done, then what
        was set stays; TimeoutError when the files at hand take longer. Then it is done after them.
        """
        self._change(lambda: self._reset(id_), seconds)

    def remove(self, id_: str, seconds: float = PATIENCE) -> bool:
        """Remove a document for good, with its upload; tell whether it was there.

        Raises TimeoutError when the files at hand take longer. Then it is done after them.
        """
        return self._change(lambda: self._remove(id_), seconds)

    # Saving.

    def _check_space(self, needed: int) -> None:
        usage = shutil.disk_usage(self.folder)
        floor = int(min(FREE_SHARE * usage.total, FREE_BYTES))
        if usage.free - needed < floor:
            raise StorageFull(
                f"{_megabytes(needed)} are needed and {_megabytes(usage.free)} are free, of which "
                f"{_megabytes(floor)} must stay so: free some disk space"
            )

    def _taken(
        self, upload: Upload, name: str, size: int, replaces: bool
    ) -> tuple[FileState, _Item | None]:
        """Copy one file; return what is said of it and, if it is to be read, what to read."""
        if size > MAX_FILE:
            said = f"{size:,} bytes are more than the {MAX_FILE:,} that are read: split it"
            return self._told(name, "failed", said), None
        if not size:
            return self._told(name, "failed", "the file is empty: nothing to read"), None
        try:
            with self._saving:
                path = self._place(name, upload.path, replaces)
                if not path.exists() or not filecmp.cmp(path, upload.path, shallow=False):
                    _copy(upload.path, path)
        except OSError as error:
            said = f"cannot be saved: {error.strerror or error}"
            return self._told(name, "failed", said), None
        saved = path.relative_to(self.folder).as_posix()
        state = self._told(saved, "queued", given="" if saved == name else name)
        return state, _Item(state.number, str(path), size)

    def _place(self, name: str, source: Path, replaces: bool) -> Path:
        """Return where a file goes: to its own name, or beside another text that has it."""
        wanted = self._below(PurePosixPath(name))
        if replaces and not wanted.is_dir():
            return wanted
        number, path = 1, wanted
        while path.is_dir() or (path.exists() and not filecmp.cmp(path, source, shallow=False)):
            number += 1
            path = wanted.with_name(f"{wanted.stem} ({number}){wanted.suffix}")
        return path

    def _below(self, name: PurePosixPath) -> Path:
        """Return the path of a name in our folder; where a file has a folder's name, it is "x_"."""
        folder = self.folder
        for part in name.parts[:-1]:
            while (folder / part).is_file():
                part += "_"
            folder /= part
        return folder / name.name

    def _told(self, name: str, stage: Stage, reason: str = "", given: str = "") -> FileState:
        with self._changed:
            self._last += 1
            state = FileState(self._last, name, stage, reason, given)
            self._files[self._last] = state
            ended = (n for n, one in self._files.items() if one.stage in ENDED)
            for number in list(ended)[: max(0, len(self._files) - _REMEMBERED)]:
                del self._files[number]
            return state

    def _enqueue(self, items: deque[_Item]) -> None:
        if not items:
            return
        with self._changed:
            self._jobs.append(items)
            self._remember_addresses()
            self._changed.notify_all()

    def _remember_addresses(self) -> None:
        """Write down which addresses wait: nothing else would tell the next process."""
        waiting = [item.location for job in self._jobs for item in job if item.is_address]
        waiting += [place for place in self._at_hand if _Item(0, place).is_address]
        path = self.folder / _ADDRESSES
        try:
            if waiting:
                part = path.with_suffix(".part")
                part.write_text(json.dumps(waiting), "utf-8")
                part.replace(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:  # they go in all the same, unless the program ends first
            _log.warning("%s cannot be written: %s", path, error)

    # What an earlier process left.

    def _resume(self) -> None:
        """Queue the uploads that no document came from, and the addresses that waited."""
        items: deque[_Item] = deque()
        for path in sorted(self.folder.rglob("*")):
            within = path.relative_to(self.folder)
            if path.is_symlink() or not path.is_file():
                continue
            if any(part.startswith(".") for part in within.parts):
                if path.suffix == ".part":  # a copy that was broken off
                    path.unlink(missing_ok=True)
                continue
            if not self.library.store.ids_at(str(path)):
                state = self._told(encodable(within.as_posix()), "queued")
                items.append(_Item(state.number, str(path), path.stat().st_size))
        for address in self._left_addresses():
            items.append(_Item(self._told(shown_name(address), "queued").number, address))
        self._enqueue(items)

    def _left_addresses(self) -> list[str]:
        try:
            found = json.loads((self.folder / _ADDRESSES).read_text("utf-8"))
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            _log.warning("the addresses that waited are lost: %s", error)
            return []
        return [one for one in found if isinstance(one, str) and _Item(0, one).is_address]

    # The thread.

    def _work(self) -> None:
        with suppress(OSError, AttributeError):  # where a thread has a priority of its own
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while True:
            with self._changed:
                self._is_busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._is_closed or self._jobs or self._changes)
                if self._is_closed:
                    return self._cancel_changes()
                self._is_busy, self._is_stopping = True, False
                change = self._changes.popleft() if self._changes else None
                items = [] if change else self._next_turn()
            if change:
                self._do(*change)
            else:
                begun = time.monotonic()
                self._take_turn(items)
                self._pace(items, time.monotonic() - begun)

    def _cancel_changes(self) -> None:
        while self._changes:
            self._changes.popleft()[0].cancel()

    def _next_turn(self) -> list[_Item]:
        """Take some files of the first upload, which then goes behind the others."""
        job, left = self._jobs.popleft(), self._turn
        taken: list[_Item] = []
        while job and (not taken or job[0].weight <= left):
            item = job.popleft()
            left -= item.weight
            taken.append(item)
        if job:
            self._jobs.append(job)
        self._at_hand = {item.location: item.number for item in taken}
        return taken

    def _pace(self, items: list[_Item], seconds: float) -> None:
        """Let the next turn be as large as one that takes the time it is to take."""
        weight = sum(item.weight for item in items) * _TURN_SECONDS / max(seconds, 0.01)
        self._turn = int(min(max(weight, _LEAST_TURN), _LARGEST_TURN))

    def _take_turn(self, items: list[_Item]) -> None:
        try:
            self._ingest(items)
        except _Stopped:
            self._break_off(items)
        except LibraryError as error:
            self._fail(items, _line(error))
        except Exception as error:
            self._single_out(items, error)
        finally:
            with self._changed:
                self._at_hand, self._encoded, self._waiting = {}, (0, 0), ""
                self._remember_addresses()

    def _single_out(self, items: list[_Item], error: Exception) -> None:
        """Ingest files one by one, since one of them is to blame."""
        if len(items) > 1:
            for item in items:
                self._at_hand = {item.location: item.number}
                self._take_turn([item])
        elif isinstance(error, YinzhengError):
            self._fail(items, _line(error))
        else:
            _log.error("a file was not ingested", exc_info=error)
            self._fail(items, _BROKEN)

    def _ingest(self, items: list[_Item]) -> None:
        """Ingest files, again and again while another process writes to the library."""
        self._check_space(0)
        for item in items:
            self._update(item.number, stage="reading")
        while True:
            try:
                report = ingest(
                    self.library,
                    [item.place for item in items],
                    self._progress,
                    root=self.folder,
                    on_file=self._hear,
                )
            except LibraryBusy as error:
                self._pause(_line(error))
                continue
            return self._settle(items, report)

    def _pause(self, why: str) -> None:
        """Wait a while. Raises _Stopped."""
        with self._changed:
            self._waiting = why
            self._changed.wait_for(lambda: self._is_stopping, _RETRY)
            self._check_stop()

    def _check_stop(self) -> None:
        if self._is_stopping:
            raise _Stopped

    def _progress(self, stage: str, done: int, of: int) -> None:
        with self._changed:
            self._check_stop()
            self._waiting = ""
            if stage == "encode":
                self._encoded = (done, of)

    def _hear(self, news: FileNews) -> None:
        number = self._at_hand.get(news.location)
        if number is None:
            return
        problems = tuple(_told_of(one.source, one.reason, news) for one in news.problems)
        if news.stage == "failed":
            self._update(number, reason="; ".join(problems))
        elif news.stage == "unchanged":
            self._update(number, stage="unchanged")
        elif news.stage == "read":
            notes = tuple(note.text for note in news.notes)
            self._update(
                number, stage="encoding", problems=problems, notes=notes, dropped=dict(news.dropped)
            )

    def _update(self, number: int, **changes: object) -> None:
        with self._changed:
            if number in self._files:
                self._files[number] = replace(self._files[number], **changes)  # type: ignore[arg-type]
            self._changed.notify_all()

    def _settle(self, items: list[_Item], report: Report) -> None:
        """Say what became of each file; copies of those that hold no document go."""
        news = {*report.added, *report.changed}
        seen: set[str] = set()
        for item in items:
            documents = self._documents_at(item.location)
            known = self._files.get(item.number)
            if item.location in seen and documents:  # the same file came twice
                self._update(item.number, stage="unchanged", documents=documents)
                continue
            seen.add(item.location)
            said = "; ".join(known.problems) if known else ""
            if documents:
                is_news = any(one.id in news for one in documents)
                stage: Stage = "done" if is_news or said else "unchanged"
                self._update(item.number, stage=stage, documents=documents)
            else:
                reason = (known.reason if known else "") or said or _NO_DOCUMENT
                self._update(item.number, stage="failed", reason=reason, problems=())
                self._discard([item])

    def _documents_at(self, location: str) -> tuple[Kept, ...]:
        """Return what came from a file, in order of id."""
        found = []
        for id_ in sorted(self.library.store.ids_at(location)):
            try:
                document, clean = self.library.document(id_), self.library.clean_text(id_)
            except LibraryDamaged as error:
                _log.warning("%s", error)
                continue
            copies = self.library.copies(id_)
            original = copies[0] if copies and copies[0] != id_ else ""
            size, kept = len(document.raw) if document else 0, len(clean.text) if clean else 0
            found.append(Kept(id_, size, kept, original))
        return tuple(found)

    def _break_off(self, items: list[_Item]) -> None:
        """Let go of what did not go in yet, and publish what did."""
        left = [item for item in items if not self.library.store.ids_at(item.location)]
        if not self._is_closed:  # the next process takes up what this one leaves
            with suppress(YinzhengError):  # else the next search or ingestion does it
                ingest(self.library, [])
            self._discard(left)
        for item in items:
            if item in left:
                self._update(item.number, stage="stopped")
            else:
                documents = self._documents_at(item.location)
                self._update(item.number, stage="done", documents=documents)

    def _fail(self, items: list[_Item], reason: str) -> None:
        """Say why files did not go in. Their copies stay: the next process tries again."""
        for item in items:
            state = self._files.get(item.number)
            if state and state.stage not in ENDED:
                self._update(item.number, stage="failed", reason=reason)

    def _discard(self, items: Iterable[_Item]) -> None:
        """Remove the copies of files from which no document came."""
        for item in items:
            if not item.is_address and not self.library.store.ids_at(item.location):
                self._delete(Path(item.location))

    def _delete(self, path: Path) -> None:
        """Remove a file of our folder, and the folders that are empty then."""
        if not path.is_relative_to(self.folder):
            return
        with suppress(OSError):
            path.unlink(missing_ok=True)
            for parent in path.parents:
                if parent == self.folder:
                    break
                parent.rmdir()

    # Changes.

    def _change(self, action: Callable[[], _Result], seconds: float) -> _Result:
        """Let the thread do something between two turns, and return what came of it."""
        future: Future[object] = Future()
        with self._changed:
            if self._is_closed:
                raise LibraryBusy(f"{self.library.folder} is being closed: open the page again")
            self._changes.append((future, action))
            self._changed.notify_all()
        return future.result(seconds)  # type: ignore[return-value]

    def _do(self, future: "Future[object]", action: Callable[[], object]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(action())
        except BaseException as error:
            future.set_exception(error)
            if not isinstance(error, YinzhengError):
                _log.exception("a document was not changed")

    def _edit(self, id_: str, fields: Mapping[str, str]) -> None:
        """Set fields beside those that were set before: a table's row holds as a whole."""
        row = {**self.library.store.overrides(id_), **fields}
        report = ingest(self.library, [], overrides={id_: row})
        for problem in report.problems:
            if problem.source == id_:
                raise ReadError(f"{problem.source}: {problem.reason}")

    def _reset(self, id_: str) -> None:
        store = self.library.store
        row, location = store.overrides(id_), store.location_of(id_)
        if not row or not location:
            return
        place, before = _Item(0, location).place, store.ids_at(location)
        try:
            root = self._root_of(id_, location)
            report = ingest(self.library, [place], overrides={id_: {}}, root=root)
            if report.problems:
                problem = report.problems[0]
                raise ReadError(f"{problem.source}: {problem.reason}")
        except YinzhengError:
            with self.library.writing():
                store.set_overrides({id_: row})
            raise
        finally:  # what was removed of an archive is not asked for again
            for again in store.ids_at(location).keys() - before.keys():
                self.library.remove(again)

    def _root_of(self, id_: str, location: str) -> Path:
        """Return the folder from which a file is named, so that its documents keep their ids."""
        path, record = Path(location), self.library.store.file(location)
        if path.is_relative_to(self.folder):
            return self.folder
        if record and record.root:
            return Path(record.root)
        named = (one for one in path.parents if id_.startswith(path.relative_to(one).as_posix()))
        return next(named, path.parent)

    def _remove(self, id_: str) -> bool:
        location = self.library.store.location_of(id_)
        removed = self.library.remove(id_)
        if location and not self.library.store.ids_at(location):
            self._delete(Path(location))
        return removed


_NO_ADDRESS = "is no web address: write it with https://"
_TOO_MANY = f"more than {MAX_ADDRESSES} addresses at a time: give the rest afterwards"
_NO_DOCUMENT = "no document came of it"
_BROKEN = "something went wrong; the log says what"


def checked_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """Return metadata in the form in which it is stored: dates as ISO 8601, places by their name.

    "" clears a field. The checks are those of the user's own table. Raises ReadError.
    """
    plain = {name: " ".join(encodable(value).split()) for name, value in fields.items()}
    row = write_meta_table([("document", replace(Metadata(), **plain))])  # type: ignore[arg-type]
    try:
        (checked,) = read_meta_table(row.encode("utf-8")).values()
    except ReadError as error:
        raise ReadError(_ROW.sub("", str(error), count=1)) from error
    return {name: checked.get(name, "") for name in fields}


def safe_name(name: str) -> str:
    """Return a path below a folder for a name that comes from outside, "" for a hidden one.

    Folders stay. What no file system or reader can bear goes: controls, marks that turn the
    direction of writing, "..", reserved names, parts that are too long. The suffix stays.
    """
    plain = unicodedata.normalize("NFC", encodable(name)).replace("\\", "/")
    parts = [_safe_part(part) for part in plain.split("/")]
    parts = [part for part in parts if part]
    if not parts or any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return ""
    while len("/".join(parts).encode("utf-8")) > _PATH_BYTES:
        parts.pop(0)  # what is left tells more than the outer folders
    return "/".join(parts)


def _safe_part(part: str) -> str:
    shown = "".join(character for character in part if unicodedata.category(character) != "Cf")
    shown = _UNSAFE.sub("_", shown).strip().rstrip(".")
    if _DEVICES.match(shown):
        shown = f"_{shown}"
    stem, dot, suffix = shown.rpartition(".")
    if len(shown.encode("utf-8")) <= _NAME_BYTES:
        return shown
    tail = f"{dot}{suffix}" if len(suffix) <= 10 else ""
    mark = sha256(part.encode("utf-8", "replace")).hexdigest()[:8]  # two long names stay two
    begin = (stem if tail else shown).encode("utf-8")[: _NAME_BYTES - 20].decode("utf-8", "ignore")
    return f"{begin}~{mark}{tail}"


def shown_name(name: str) -> str:
    """Return a name that comes from outside on one line, not longer than can be read."""
    plain = " ".join(encodable(name).split())
    return plain if len(plain) <= 200 else f"{plain[:199]}…"


def is_asset(name: str) -> bool:
    """Tell whether a file is a picture, style or the like, which nobody means to ingest."""
    return PurePosixPath(name).suffix.lower() in ASSETS


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MB"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # said to be empty when it is its turn


def _copy(source: Path, target: Path) -> None:
    """Copy a file so that nothing but the whole of it ever stands at the target."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{sha256(target.name.encode()).hexdigest()[:16]}.part")
    try:
        shutil.copyfile(source, part)
        part.replace(target)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _told_of(source: str, reason: str, news: FileNews) -> str:
    """Return a problem as a line; a part of the file, such as one in an archive, is named."""
    inner = "" if news.location.endswith(source) else source
    return f"{inner}: {reason}" if inner else reason


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
