"""Generations: what is derived from the store, written aside, checked, then named by one pointer.

    generations/g000007/MANIFEST.json    revision, encoder, counts, SHA-256 of every file beside it
    generations/CURRENT                  "g000007" and the SHA-256 of its manifest

A crash at any moment leaves CURRENT naming a whole generation; a flipped bit is found when it is
opened.
"""

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from index.errors import LibraryDamaged, LibraryError, StorageFull

_POINTER, _MANIFEST, _PARTIAL = "CURRENT", "MANIFEST.json", ".part-"
_KEPT = 2
_NAME = re.compile(r"g\d{6,}")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was made from."""

    revision: int  # of the store
    encoder: str  # fingerprint
    dimension: int
    passages: int
    files: dict[str, str]  # path below the generation -> SHA-256
    terms: str = ""  # the form of the lexical index; none was written down at first
    state: str = ""  # of the store


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation on disk."""

    folder: Path
    manifest: Manifest


def publish(
    root: Path,
    write: Callable[[Path], None],
    revision: int,
    encoder: str,
    dimension: int,
    passages: int,
    terms: str = "",
    state: str = "",
) -> Generation:
    """Let `write` fill and check a folder, and make it the current generation of `root`.

    What `write` links hard from the current generation keeps the checksum that it has there: were
    it computed again, a bit that flipped since would pass as written. Raises StorageFull or
    LibraryError; what was current before then still is.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        folder = root / f"{_PARTIAL}generation"
        folder.mkdir()
        write(folder)
        hashes = _hashes(folder, _linkable(root))
        manifest = Manifest(revision, encoder, dimension, passages, hashes, terms, state)
        data = json.dumps(asdict(manifest), indent=1).encode()
        _write(folder / _MANIFEST, data)
        _sync_all(folder)
        return Generation(_install(root, folder, _digest(data)), manifest)
    except (OSError, ValueError, RuntimeError) as error:  # FAISS and tantivy raise the last two
        with suppress(OSError):  # of the two errors the first is the one to report
            _sweep(root)
        raise _wrapped(error, root) from error


def _wrapped(error: Exception, root: Path) -> LibraryError:
    # tantivy hands on what the system said as text only
    said = [str(number) for number in _FULL if f"os error {number})" in str(error)]
    if said or (isinstance(error, OSError) and error.errno in _FULL):
        return StorageFull(
            f"no space left for {root}: free some and run the command again, nothing is lost"
        )
    return LibraryError(f"the indexes below {root} cannot be written: {error}")


def _install(root: Path, folder: Path, digest: str) -> Path:
    """Rename a finished folder and the pointer to it; both are synced before what follows."""
    number = 1 + max((int(path.name[1:]) for path in _generations(root)), default=0)
    target = root / f"g{number:06d}"
    folder.rename(target)
    _sync(root)
    new_pointer = root / f"{_PARTIAL}{_POINTER}"
    _write(new_pointer, f"{target.name} {digest}\n".encode())
    new_pointer.replace(root / _POINTER)
    _sync(root)
    for old in _generations(root)[:-_KEPT]:
        # A reader may hold it; the next publication tries again.
        shutil.rmtree(old, ignore_errors=True)
    return target


def pointer(root: Path) -> str:
    """Return what CURRENT says, "" if there is none. Raises LibraryDamaged if it cannot be read."""
    try:
        return (root / _POINTER).read_text("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise LibraryDamaged(f"{root / _POINTER} cannot be read: {error}") from error


def named(root: Path) -> Generation | None:
    """Return the generation that CURRENT names, its files not yet looked at; None if there is none.

    Raises LibraryDamaged if any byte of its manifest is not what was written.
    """
    said = pointer(root)
    if not said:
        return None
    name, _, digest = said.partition(" ")
    path = root / name / _MANIFEST
    try:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{_POINTER} names {name!r}")
        data = path.read_bytes()
        if _digest(data) != digest:
            raise ValueError("not what was written")
        return Generation(path.parent, Manifest(**json.loads(data)))
    except (OSError, ValueError, TypeError) as error:
        raise LibraryDamaged(f"the manifest below {root} cannot be read: {error}") from error


def current(root: Path) -> Generation | None:
    """Return the generation that CURRENT names, checked, None if there is none yet.

    Raises LibraryDamaged, naming the file, if any byte of it is not what was written.
    """
    generation = named(root)
    if generation is None:
        return None
    for path, expected in generation.manifest.files.items():
        if _hash_or_none(generation.folder / path) != expected:
            raise LibraryDamaged(f"{generation.folder / path} is not what was written")
    return generation


def _hashes(folder: Path, known: dict[tuple[int, int], str]) -> dict[str, str]:
    """Return path -> SHA-256 for every file but locks, for those linked the one `known`."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    written = (path for path in paths if path.suffix != ".lock")
    return {
        path.relative_to(folder).as_posix(): known.get(_identity(path)) or _hash(path)
        for path in written
    }


def _linkable(root: Path) -> dict[tuple[int, int], str]:
    """Return identity -> SHA-256 for every file of the current generation, if it has one."""
    try:
        generation = named(root)
    except LibraryDamaged:
        return {}
    if generation is None:
        return {}
    paths = {generation.folder / path: said for path, said in generation.manifest.files.items()}
    return {_identity(path): said for path, said in paths.items() if path.exists()}


def _identity(path: Path) -> tuple[int, int]:
    """Return device and inode: equal for two paths if and only if they are one file."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash_or_none(path: Path) -> str | None:
    try:
        return _hash(path)
    except OSError:
        return None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _generations(root: Path) -> list[Path]:
    """Return the generations that are there, the oldest first."""
    found = [path for path in root.glob("g*") if _NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: int(path.name[1:]))


def _sweep(root: Path) -> None:
    """Remove what an interrupted publication left: parts, and generations never named."""
    for path in [*root.glob(f"{_PARTIAL}*"), *_unnamed(root)]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _unnamed(root: Path) -> list[Path]:
    """Return the generations newer than the current one; none while that is not to be known."""
    try:
        name = pointer(root).partition(" ")[0]
    except LibraryDamaged:
        return []
    newest = int(name[1:]) if _NAME.fullmatch(name) else 0
    return [path for path in _generations(root) if int(path.name[1:]) > newest]


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_all(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
