"""Generations: what is derived from the store, written aside, checked, and then named by one pointer file.

    generations/g000007/MANIFEST.json    revision, encoder, counts and the SHA-256 of every file beside it
    generations/CURRENT                  "g000007"

A crash at any moment leaves CURRENT naming a whole generation; a flipped bit is found when it is opened.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import mkdtemp

from index.errors import LibraryDamaged, LibraryError, StorageFull

_POINTER, _MANIFEST, _PARTIAL = "CURRENT", "MANIFEST.json", ".part-"
_KEPT = 2


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was made from."""

    revision: int  # of the store
    encoder: str  # fingerprint
    dimension: int
    passages: int
    files: dict[str, str]  # path below the generation -> SHA-256


@dataclass(frozen=True, slots=True)
class Generation:
    """A whole generation on disk."""

    folder: Path
    manifest: Manifest


def publish(
    root: Path, write: Callable[[Path], None], revision: int, encoder: str, dimension: int, passages: int
) -> Generation:
    """Let `write` fill a folder, check it, and make it the current generation of `root`.

    Raises StorageFull or LibraryError; what was current before then still is.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        folder = Path(mkdtemp(prefix=_PARTIAL, dir=root))
        write(folder)
        manifest = Manifest(revision, encoder, dimension, passages, _hashes(folder))
        _write(folder / _MANIFEST, json.dumps(asdict(manifest), indent=1).encode())
        _sync_all(folder)
        return _install(root, folder, manifest)
    except (OSError, ValueError) as error:
        _sweep(root)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(f"no space left for {root}: free some and run the command again, nothing is lost") from error
        raise LibraryError(f"the indexes below {root} cannot be written: {error}") from error


def _install(root: Path, folder: Path, manifest: Manifest) -> Generation:
    number = 1 + max((int(path.name[1:]) for path in _generations(root)), default=0)
    target = root / f"g{number:06d}"
    folder.rename(target)
    _sync(root)
    pointer = root / f"{_PARTIAL}{_POINTER}"
    _write(pointer, target.name.encode())
    pointer.replace(root / _POINTER)
    _sync(root)
    for old in _generations(root)[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)  # a reader may hold it; the next publication tries again
    return Generation(target, manifest)


def current(root: Path) -> Generation | None:
    """Return the generation that CURRENT names, None if there is none yet.

    Raises LibraryDamaged, naming the file, if any byte of it is not what was written.
    """
    try:
        name = (root / _POINTER).read_text("utf-8").strip()
        folder = root / name
        manifest = Manifest(**json.loads((folder / _MANIFEST).read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise LibraryDamaged(f"the manifest below {root} cannot be read: {error}") from error
    for path, expected in manifest.files.items():
        if _hash_or_none(folder / path) != expected:
            raise LibraryDamaged(f"{folder / path} is not what was written")
    return Generation(folder, manifest)


def _hashes(folder: Path) -> dict[str, str]:
    """Read every file back: what a full disk cut short is found here or by `current`."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".lock"))
    return {path.relative_to(folder).as_posix(): _hash(path) for path in paths}


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash_or_none(path: Path) -> str | None:
    try:
        return _hash(path)
    except OSError:
        return None


def _generations(root: Path) -> list[Path]:
    return sorted(path for path in root.glob("g[0-9]*") if path.is_dir())


def _sweep(root: Path) -> None:
    """Remove what an interrupted publication left behind."""
    for path in root.glob(f"{_PARTIAL}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


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
