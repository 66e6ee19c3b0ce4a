"""ZIP packages of XML parts (DOCX, XLSX, EPUB, ODT), opened with limits and without trust.

Nothing is unpacked to disk, no entity is resolved, nothing is fetched. A part is read as a stream
wherever it may be large.
"""

import io
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from index.errors import ReadError

# A thesis with a picture on each page has some 1,000.
MAX_MEMBERS = 20_000
# What a part may hold when unpacked. The largest honest ones, tables of 100,000 rows, have 60 MB.
MAX_PART = 100 * 2**20
# Parts that are read as a tree, which takes some 10 times their size.
MAX_TREE = 20 * 2**20

# Where a title that a file declares must stand in its text: programs keep that of the template.
_TITLE_WITHIN = 1000

Element = Any  # of lxml, which has no types of its own
_OPTIONS = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "remove_comments": True,
    "remove_pis": True,
    "collect_ids": False,
}
# zipfile raises the last two where a file's own numbers lead it astray.
_OF_BROKEN_FILES = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    struct.error,
    ValueError,
)
_RELATIONS = "_rels/{}.rels"


class _Limited(io.RawIOBase):
    """A part of an archive that counts what it yields, whatever size the archive declares."""

    def __init__(self, stream: Any, name: str, limit: int) -> None:
        self.stream, self.name_of_part, self.left, self.limit = stream, name, limit, limit

    def read(self, size: int = -1) -> bytes:
        data: bytes = self.stream.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise ReadError(_too_large(self.name_of_part, self.limit))
        return data


def open_package(data: bytes) -> zipfile.ZipFile:
    """Return the archive in a file's bytes.

    Raises ReadError if it is damaged, cut off, or has more than MAX_MEMBERS members.
    """
    with damage("the file"):
        archive = zipfile.ZipFile(io.BytesIO(data))
    if (number := len(archive.infolist())) > MAX_MEMBERS:
        raise ReadError(f"{number:,} parts are more than the {MAX_MEMBERS:,} that are looked at")
    return archive


@contextmanager
def damage(what: str) -> Iterator[None]:
    """Turn what the libraries raise for broken files into a ReadError of one line."""
    from lxml.etree import LxmlError

    try:
        yield
    except RecursionError as error:
        raise ReadError(f"{what} is nested too deeply to be a document") from error
    except (*_OF_BROKEN_FILES, LxmlError) as error:
        reason = " ".join(str(error).split())[:120]
        raise ReadError(f"{what} is damaged or cut off ({reason}): get it again") from error
    except (NotImplementedError, RuntimeError) as error:  # zipfile's, for what it cannot unpack
        reason = " ".join(str(error).split())[:120]
        raise ReadError(f"{what} cannot be unpacked ({reason}): save it without one") from error


def open_part(archive: zipfile.ZipFile, name: str, limit: int = MAX_PART) -> _Limited:
    """Return a part as a stream. Raises ReadError if it is larger than `limit` bytes."""
    declared = archive.getinfo(name)
    if declared.flag_bits & 1:
        raise ReadError("it is protected by a password: save it without one")
    if declared.file_size > limit:
        raise ReadError(_too_large(name, limit))
    return _Limited(archive.open(name), name, limit)


def _too_large(name: str, limit: int) -> str:
    short = name[-60:]
    return f"{short!r} inside it unpacks to more than the {limit:,} bytes that are read: split it"


def read_part(archive: zipfile.ZipFile, name: str, limit: int = MAX_TREE) -> bytes:
    """Return the bytes of a part. Raises ReadError if it is damaged or larger than `limit`."""
    with damage(f"{name[-60:]!r} inside it"):
        return open_part(archive, name, limit).read()


def read_tree(archive: zipfile.ZipFile, name: str) -> Element | None:
    """Return the root element of a part, None if there is no such part; raises ReadError."""
    if name not in archive.NameToInfo:
        return None
    data = read_part(archive, name)
    with damage(f"{name[-60:]!r} inside it"):
        return parse(data)


def parse(data: bytes) -> Element:
    """Return the root element of some XML. Raises ReadError for entities, LxmlError for damage."""
    from lxml import etree

    parser = _guarded(etree.XMLParser(**_OPTIONS))
    root = etree.fromstring(data, parser)
    refuse_entities(root)
    return root


def stream_tree(
    archive: zipfile.ZipFile, name: str, tags: tuple[str, ...]
) -> Iterator[tuple[str, Element]]:
    """Yield ("start" or "end", element) for the elements of `tags`, written as `{*}local`.

    The caller clears what it has read: see `forget`. Raises ReadError.
    """
    from lxml import etree

    with damage(f"{name[-60:]!r} inside it"):
        part = open_part(archive, name)
        events = _guarded(etree.iterparse(part, ("start", "end"), tag=tags, **_OPTIONS))
        first = True
        for event, element in events:
            if first:
                refuse_entities(element)
            first = False
            yield event, element
        refuse_entities(events.root)


def _guarded(parser: Any) -> Any:
    """Return a parser that finds nothing outside of the file, be it on this machine."""
    from lxml import etree

    class Nothing(etree.Resolver):  # type: ignore[misc]  # lxml has no types
        def resolve(self, url: str, public_id: str, context: object) -> object:
            return self.resolve_empty(context)

    parser.resolvers.add(Nothing())
    return parser


def refuse_entities(element: Element) -> None:
    """Raise ReadError if a part declares entities: no office program does, attacks do.

    A DTD that is only named is never fetched, and does no harm.
    """
    declared = element.getroottree().docinfo.internalDTD
    if declared is not None and any(True for _ in (*declared.iterentities(), *declared.elements())):
        raise ReadError("it declares a DTD with entities, as no program does: save it anew")


def forget(element: Element, kept: frozenset[str] = frozenset()) -> None:
    """Free an element that was read and those before it, except for local names in `kept`."""
    element.clear()
    previous = element.getprevious()
    while previous is not None and local_name(previous) not in kept:
        previous.getparent().remove(previous)
        previous = element.getprevious()


def local_name(element: Element) -> str:
    """Return the tag of an element without its namespace."""
    return _local(element.tag)


@lru_cache(maxsize=10_000)  # few names, asked for very often; an attack may make up many
def _local(name: Any) -> str:
    return str(name).rpartition("}")[2]


def children(element: Element | None, local: str) -> list[Element]:
    """Return the children of a local name; none for no element."""
    return [] if element is None else [part for part in element if _local(part.tag) == local]


def child(element: Element | None, local: str) -> Element | None:
    """Return the first child of a local name."""
    if element is not None:
        for part in element:
            if _local(part.tag) == local:
                return part
    return None


def attribute(element: Element | None, local: str) -> str:
    """Return an attribute by its local name, "" without it: its namespace has two spellings."""
    if element is None:
        return ""
    for name, value in element.attrib.items():
        if _local(name) == local:
            return str(value)
    return ""


def relations(archive: zipfile.ZipFile, part: str = "") -> dict[str, tuple[str, str]]:
    """Return id -> (kind, name of the part) for the inner relations of a part, or of all.

    The kind is the last word of the relation's type. What lies outside of the file is left out.
    """
    folder, _, base = part.rpartition("/")
    root = read_tree(archive, posixpath.join(folder, _RELATIONS.format(base)))
    found = {}
    for relation in children(root, "Relationship"):
        target = relation.get("Target", "")
        if relation.get("TargetMode") != "External":
            path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            kind = relation.get("Type", "").rpartition("/")[2]
            found[relation.get("Id", "")] = (kind, path)
    return found


def declared_title(archive: zipfile.ZipFile, raw: str) -> str:
    """Return the title that an office file declares, if its text begins with it.

    What programs write there by themselves (文档1, a template's title) is not in the text. The
    author and the dates of the file say nothing of who issued the document, and when.
    """
    core = next((p for kind, p in relations(archive).values() if kind == "core-properties"), "")
    declared = child(read_tree(archive, core), "title")
    title = "" if declared is None else " ".join("".join(declared.itertext()).split())
    tight = "".join(title.split())
    return title if len(tight) > 3 and tight in "".join(raw[:_TITLE_WITHIN].split()) else ""


def macro_notes(archive: zipfile.ZipFile) -> tuple[str, ...]:
    """Return a line if the file holds macros."""
    found = any(name.lower().endswith("vbaproject.bin") for name in archive.namelist())
    return ("it holds macros, which are ignored",) if found else ()
