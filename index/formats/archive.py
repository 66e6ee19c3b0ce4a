"""Archives -> the files in them, one by one, in memory: nothing is ever written to a disk.

What an archive says about itself is not believed: bytes are counted while they are unpacked.
"""

import gzip
import io
import re
import stat
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import IO

from index.decode import decode
from index.errors import ReadError, UnsupportedFormat
from index.read import ASSETS, MAX_BYTES
from index.script import encodable

# Archives in archives in archives: nobody packs deeper, bombs do.
MAX_DEPTH = 3
MAX_MEMBERS = 5_000
_MAX_ENTRIES = 100_000  # folders and what is passed over included
MAX_TOTAL = 2**30  # bytes unpacked from one file, archives within it included
# Text and spreadsheets pack to a twentieth, tables of zeros to a hundredth.
_MAX_RATIO = 200
# Small members may have any ratio: a page of blank lines is no danger.
_RATIO_FROM = 16 * 2**20
_CHUNK = 2**20  # bytes unpacked between two looks at the limits
_LOCAL_HEADER = 30  # bytes of the fixed part
# Deflate is what everybody packs with; the zip of other methods may blow up inside one call.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_METHOD_NAMES = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
_ENCRYPTED = 0x1 | 0x40 | 0x2000  # flags: the data, strongly, the directory
_UTF8_NAME = 0x800
# Some words in GBK are valid UTF-8 by chance, 通知 for one, and then look like no language.
_CHANCE_UTF8 = re.compile("[\\0-\x7f]*[\u0250-\u07ff][\\0-\x7f\u0250-\u07ff]*")
_UNICODE_PATH = 0x7075  # an extra field that repeats the name in UTF-8
_JUNK = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
_LOCK = "~$"  # how the files begin that Word and Excel keep beside an open one
_NAME_AT_MOST = 200  # characters: what a line of a report can show
_DRIVE = re.compile(r"\A(?:\s*[A-Za-z]:)+")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # categories, bidirectional marks in Cf
_TAR, _TAR_PLACE = b"ustar", slice(257, 262)
_UNREAD = ((b"Rar!", "a RAR"), (b"7z\xbc\xaf", "a 7z"))
_BOMB = f"unpacks to more than {_MAX_RATIO} times its size, as a bomb does: unpack it yourself"
_NO_FILE = "is a link or a device, not a file: only files are read"
_DAMAGED = "is damaged in its archive: download or pack the archive again"

Stream = IO[bytes] | gzip.GzipFile


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive; `name` is a relative path with /, to be shown, unique in there."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class BadMember:
    """A file in an archive that cannot be read, and why, in one line."""

    name: str
    reason: str


@dataclass(slots=True)
class Allowance:
    """What may still be unpacked; hand the same one to the archives within an archive."""

    members: int = MAX_MEMBERS
    size: int = MAX_TOTAL  # bytes

    def take(self, size: int) -> None:
        """Count bytes that were unpacked. Raises ReadError when they are too many."""
        self.size -= size
        if self.size < 0:
            raise ReadError(
                f"it unpacks to more than {MAX_TOTAL // 2**20:,} MB: unpack it and ingest the files"
            )

    def take_members(self, count: int) -> None:
        """Count files. Raises ReadError when they are too many."""
        self.members -= count
        if self.members < 0:
            raise ReadError(f"it holds more than {MAX_MEMBERS:,} files: split it")


def members(
    data: bytes, source: str, allowance: Allowance | None = None
) -> Iterator[Member | BadMember]:
    """Yield the files of a .zip, .tar, .tar.gz or .gz one by one, by name where that can be.

    Folders, hidden files and what nobody means to ingest are passed over. Archives within are
    yielded like any file. Raises UnsupportedFormat for archives of other kinds and ReadError for
    one that is damaged, too large or made to be a bomb, perhaps after its first files.
    """
    allowance = allowance or Allowance()
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        yield from _zip_members(data, allowance)
    elif data[_TAR_PLACE] == _TAR:
        yield from _tar_members(io.BytesIO(data), len(data), allowance)
    elif data.startswith(b"\x1f\x8b"):
        yield from _gzip_members(data, source, allowance)
    else:
        kind = next((kind for magic, kind in _UNREAD if data.startswith(magic)), "an unknown")
        raise UnsupportedFormat(f"it is {kind} archive: unpack it and ingest the files")


# ZIP


def _zip_members(data: bytes, allowance: Allowance) -> Iterator[Member | BadMember]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, struct.error) as error:
        raise ReadError(f"it is a damaged ZIP file ({error}): save or download it again") from error
    with archive:
        entries = archive.infolist()
        if len(entries) > _MAX_ENTRIES:
            raise ReadError(f"it holds {len(entries):,} entries: split it")
        _check_overlap(entries)
        named = _named(entries)
        allowance.take_members(len(named))
        for name, entry in named:
            yield _zip_member(archive, entry, name, allowance)


def _check_overlap(entries: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse an archive whose files share bytes: so small bombs unpack to petabytes."""
    places = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    for (start, size), (following, _) in pairwise(places):
        if start + _LOCAL_HEADER + size > following:
            raise ReadError("its files overlap, as in a ZIP bomb: pack them again")


def _named(entries: Sequence[zipfile.ZipInfo]) -> list[tuple[str, zipfile.ZipInfo]]:
    """Return the wanted files, sorted, with names that can be shown and that are unique."""
    decoded = zip(_zip_names(entries), entries, strict=True)
    wanted = [
        (shown, entry)
        for name, entry in decoded
        if not _is_folder(name, entry) and is_wanted(shown := safe_name(name))
    ]
    wanted.sort(key=lambda item: (item[0], item[1].header_offset))
    return list(zip(_unique(name for name, _ in wanted), (e for _, e in wanted), strict=True))


def _is_folder(name: str, entry: zipfile.ZipInfo) -> bool:
    return name.endswith(("/", "\\")) or bool(entry.external_attr & 0x10 and not entry.file_size)


def _zip_names(entries: Sequence[zipfile.ZipInfo]) -> list[str]:
    """Return the names: UTF-8 where it is said to be, else in what all others together look like.

    Windows in Chinese packs in GBK or Big5 and says nothing of it.
    """
    names = [_unicode_path(entry) or entry.orig_filename for entry in entries]
    legacy = [i for i, entry in enumerate(entries) if _is_legacy(entry, names[i])]
    raw = [entries[i].orig_filename.encode("cp437", "replace") for i in legacy]
    for i, name in zip(legacy, _decode_names(raw), strict=True):
        names[i] = name
    return names


def _is_legacy(entry: zipfile.ZipInfo, name: str) -> bool:
    untold = not entry.flag_bits & _UTF8_NAME and name == entry.orig_filename
    return untold and not name.isascii()


def _decode_names(raw: Sequence[bytes]) -> list[str]:
    """Return the names in the encoding that suits them best together; in cp437 if none does."""
    together = b"\n".join(raw)
    try:
        names = decode(together).split("\n") if raw else []
        if _CHANCE_UTF8.fullmatch("".join(names)):
            names = together.decode("gb18030").split("\n")
    except (ReadError, UnicodeDecodeError):
        names = []
    return names if len(names) == len(raw) else [name.decode("cp437") for name in raw]


def _unicode_path(entry: zipfile.ZipInfo) -> str:
    """Return the name of the extra field that some packers add, or ""."""
    extra, place = entry.extra, 0
    while place + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, place)
        # The field: a version, a checksum of the name that it stands for, the name in UTF-8.
        if kind == _UNICODE_PATH and size > 5:
            checksum = int.from_bytes(extra[place + 5 : place + 9], "little")
            told = entry.orig_filename.encode("cp437", "replace")
            name = extra[place + 9 : place + 4 + size].decode("utf-8", "replace")
            return name if checksum == zlib.crc32(told) else ""
        place += 4 + size
    return ""


def _zip_member(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, allowance: Allowance
) -> Member | BadMember:
    if reason := _why_unread(entry):
        return BadMember(name, reason)
    try:
        with archive.open(entry) as opened:
            return _member(opened, name, entry.compress_size, allowance)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, struct.error):
        return BadMember(name, _DAMAGED)
    except (NotImplementedError, RuntimeError):  # patches, passwords in other guises
        return BadMember(name, "is packed in a way that is not read: unpack it and ingest the file")


def _why_unread(entry: zipfile.ZipInfo) -> str:
    if entry.flag_bits & _ENCRYPTED:
        return "is encrypted: unpack it and ingest the files"
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        return _NO_FILE
    if entry.compress_type in _METHODS:
        return ""
    method = _METHOD_NAMES.get(entry.compress_type, f"method {entry.compress_type}")
    return f"is packed with {method}, which is not read: unpack it and ingest the file"


# TAR and gzip


class _Counted(io.RawIOBase):
    """The bytes of a stream, counted against the limits while they are unpacked."""

    def __init__(self, opened: Stream, packed: int, allowance: Allowance) -> None:
        super().__init__()
        self._opened, self._packed, self._allowance, self._size = opened, packed, allowance, 0

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes. Raises ReadError over the limits."""
        piece = self._opened.read(size)
        self._size += len(piece)
        self._allowance.take(len(piece))
        if _is_bomb(self._size, self._packed):
            raise ReadError(_BOMB)
        return piece


def _gzip_members(data: bytes, source: str, allowance: Allowance) -> Iterator[Member | BadMember]:
    """Yield the files of a .tar.gz; what is no archive inside is the one file of a .gz."""
    try:
        with gzip.open(io.BytesIO(data)) as opened:
            head = opened.peek(512)
            if head[_TAR_PLACE] == _TAR:
                yield from _tar_members(opened, len(data), allowance)
                return
            allowance.take_members(1)
            base = PurePosixPath(source).name
            name = safe_name(base[:-3] if base.lower().endswith(".gz") else base)
            yield _member(opened, name, len(data), allowance)
    except (OSError, EOFError, zlib.error) as error:
        raise ReadError(f"it is a damaged gzip file ({error}): download it again") from error


def _tar_members(opened: Stream, packed: int, allowance: Allowance) -> Iterator[Member | BadMember]:
    """Yield the files in the order in which they stand: to sort them, all would be unpacked."""
    counted = _Counted(opened, packed, allowance)
    seen: Counter[str] = Counter()
    try:
        # As a stream ("|"): nothing is read twice, and nothing is looked for behind the end.
        with tarfile.open(fileobj=counted, mode="r|") as archive:
            for number, entry in enumerate(archive):
                if number == _MAX_ENTRIES:
                    raise ReadError(f"it holds more than {_MAX_ENTRIES:,} entries: split it")
                name = safe_name(_tar_name(entry))
                if not entry.isdir() and is_wanted(name):
                    allowance.take_members(1)
                    yield _tar_member(archive, entry, _numbered(name, seen))
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError) as error:
        raise ReadError(f"it is a damaged TAR file ({error}): download it again") from error


def _tar_name(entry: tarfile.TarInfo) -> str:
    raw = entry.name.encode("utf-8", "surrogateescape")
    return entry.name if entry.name == encodable(entry.name) else _decode_names([raw])[0]


def _tar_member(archive: tarfile.TarFile, entry: tarfile.TarInfo, name: str) -> Member | BadMember:
    # Holes of a sparse file take no room in the archive, so that no limit would count them.
    if not entry.isfile() or entry.issparse():
        return BadMember(name, _NO_FILE)
    opened = archive.extractfile(entry)
    if opened is None:
        return BadMember(name, _NO_FILE)
    with opened:
        return _member(opened, name, None, None)


# What they share


def is_wanted(name: str) -> bool:
    """Tell whether a file of an archive, given by its safe name, may be a document."""
    parts = name.lower().split("/")
    if any(part.startswith((".", _LOCK)) or part in _JUNK for part in parts):
        return False
    return PurePosixPath(parts[-1]).suffix not in ASSETS


def safe_name(name: str) -> str:
    """Return a relative path that is harmless to show: no "..", drive, or invisible character."""
    shown = "".join(c for c in name if unicodedata.category(c) not in _INVISIBLE)
    parts = [_DRIVE.sub("", part).strip() for part in shown.replace("\\", "/").split("/")]
    safe = "/".join(part for part in parts if part.strip("."))
    return (safe if len(safe) <= _NAME_AT_MOST else "…" + safe[1 - _NAME_AT_MOST :]) or "unnamed"


def _unique(names: Iterable[str]) -> list[str]:
    seen: Counter[str] = Counter()
    return [_numbered(name, seen) for name in names]


def _numbered(name: str, seen: Counter[str]) -> str:
    """Return the name, with a number before its suffix if it was seen before."""
    path, unique = PurePosixPath(name), name
    while unique in seen:
        seen[name] += 1
        unique = str(path.with_name(f"{path.stem} ({seen[name]}){path.suffix}"))
    seen[unique] = 1
    return unique


def _is_bomb(unpacked: int, packed: int) -> bool:
    return unpacked > _RATIO_FROM and unpacked > _MAX_RATIO * packed


def _member(
    opened: Stream, name: str, packed: int | None, allowance: Allowance | None
) -> Member | BadMember:
    """Unpack a file piece by piece, so that a bomb is noticed before it has gone off.

    `packed` is its size in the archive; None where the stream below counts. Raises ReadError
    when the whole archive is too large.
    """
    unpacked = io.BytesIO()
    while piece := opened.read(_CHUNK):
        unpacked.write(piece)
        if allowance:
            allowance.take(len(piece))
        if unpacked.tell() > MAX_BYTES:
            return BadMember(name, f"has more than the {MAX_BYTES:,} bytes that are read: split it")
        if packed is not None and _is_bomb(unpacked.tell(), packed):
            return BadMember(name, _BOMB)
    return Member(name, unpacked.getvalue())
