"""What the reading process and its parent say to each other: lengths, JSON, texts and places.

Never pickles: the process that parses hostile files must not make its parent run code.
"""

import json
import struct
import zlib
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

import numpy as np

from index.errors import ReadError
from index.types import CleanText, Document, Dropped, Layout, Metadata, Offsets, Span

_HEAD = struct.Struct("<QI")  # bytes of the whole frame behind it, bytes of its JSON
_JOB = struct.Struct("<QI")  # bytes of the file, bytes of its name
# More than this from one document is refused: the parent's memory is not the child's to fill.
MAX_FRAME = 1 << 30


@dataclass(frozen=True, slots=True)
class Job:
    """A file to read: its bytes, and its path as it will be cited."""

    source: str
    data: bytes


@dataclass(frozen=True, slots=True)
class CleanDocument:
    """A document read and cleaned, its metadata filled in."""

    document: Document
    clean: CleanText
    signature: bytes  # of its text, to find reprints by; b"" for a very short one


@dataclass(frozen=True, slots=True)
class Problem:
    """A file, or a part of one, that did not go in; `reason` is one line."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """What a user should know of a file that did go in."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the reading process is: "ready", still "alive", "done", or done and "ending"."""

    kind: str


Frame = CleanDocument | Problem | Note | Mark


def write_job(stream: BinaryIO, job: Job) -> None:
    """Send a file to the reading process."""
    name = job.source.encode("utf-8")
    stream.write(_JOB.pack(len(job.data), len(name)) + name)
    stream.write(job.data)
    stream.flush()


def read_job(stream: BinaryIO) -> Job | None:
    """Return the next file to read, None when the parent has closed the pipe."""
    head = stream.read(_JOB.size)
    if len(head) < _JOB.size:
        return None
    size, length = _JOB.unpack(head)
    name, data = stream.read(length), stream.read(size)
    return Job(name.decode("utf-8"), data) if len(data) == size else None


def write_frame(stream: BinaryIO, frame: Frame) -> None:
    """Send a frame to the parent. Raises ReadError for one that is too large."""
    head, blobs = _packed(frame)
    said = json.dumps({**head, "sizes": [len(blob) for blob in blobs]}).encode("ascii")
    total = len(said) + sum(map(len, blobs))
    if total > MAX_FRAME:
        raise ReadError(f"its text takes {total:,} bytes, at most {MAX_FRAME:,}: split it")
    for part in (_HEAD.pack(total, len(said)), said, *blobs):
        stream.write(part)
    stream.flush()


def frame_size(head: bytes) -> tuple[int, int]:
    """Return the sizes, in bytes, of a frame and of its JSON. Raises ValueError if it is none."""
    total, said = _HEAD.unpack(head)
    if not said <= total <= MAX_FRAME:
        raise ValueError(f"a frame of {total} bytes")
    return total, said


HEAD_SIZE = _HEAD.size


def read_frame(body: bytes, said: int) -> Frame:
    """Return the frame with these bytes, of which the first `said` are JSON.

    Raises ValueError, TypeError or KeyError for what is none.
    """
    head = json.loads(body[:said])
    blobs = []
    position = said
    for size in head["sizes"]:
        blobs.append(body[position : position + size])
        position += size
    return _unpacked(head, blobs)


def _packed(frame: Frame) -> tuple[dict[str, Any], list[bytes]]:
    if not isinstance(frame, CleanDocument):
        return {"frame": type(frame).__name__, **asdict(frame)}, []
    document, clean = frame.document, frame.clean
    head = {
        "frame": "CleanDocument",
        "id": document.id,
        "sha256": document.sha256,
        "media_type": document.media_type,
        "metadata": asdict(document.metadata),
        "layout": layout_row(document.layout),
        "dropped": [[d.span.start, d.span.end, d.reason] for d in clean.dropped],
    }
    texts = [document.raw.encode("utf-8"), clean.text.encode("utf-8")]
    places = [pack_offsets(clean.starts), pack_offsets(clean.ends)]
    return head, [*texts, *places, frame.signature]


def _unpacked(head: dict[str, Any], blobs: list[bytes]) -> Frame:
    kind = head["frame"]
    if kind == "Mark":
        return Mark(head["kind"])
    if kind == "Problem":
        return Problem(head["source"], _line(head["reason"]))
    if kind == "Note":
        return Note(head["source"], _line(head["text"]))
    raw, text, starts, ends, signature = blobs
    dropped = tuple(Dropped(Span(start, end), reason) for start, end, reason in head["dropped"])
    document = Document(
        head["id"],
        raw.decode("utf-8"),
        head["sha256"],
        head["media_type"],
        Metadata(**head["metadata"]),
        layout_of(head["layout"]),
    )
    places = unpack_offsets(starts), unpack_offsets(ends)
    return CleanDocument(document, CleanText(text.decode("utf-8"), *places, dropped), signature)


def _line(text: str) -> str:
    return " ".join(text.split())


def layout_row(layout: Layout) -> dict[str, Any]:
    """Return a layout as JSON can hold it."""
    return {
        "pages": list(layout.pages),
        "headings": [[span.start, span.end, level] for span, level in layout.headings],
        "hidden": [[span.start, span.end] for span in layout.hidden],
    }


def layout_of(row: dict[str, Any]) -> Layout:
    """Return the layout that `layout_row` made a row of. Raises TypeError, ValueError, KeyError."""
    headings = tuple((Span(start, end), int(level)) for start, end, level in row["headings"])
    hidden = tuple(Span(*span) for span in row["hidden"])
    return Layout(tuple(map(int, row["pages"])), headings, hidden)


def pack_offsets(offsets: Offsets) -> bytes:
    """Pack the differences between neighbours: nearly all are 1 and shrink to almost nothing."""
    return zlib.compress(np.diff(offsets, prepend=np.int32(0)).astype("<i4").tobytes(), 6)


def unpack_offsets(blob: bytes) -> Offsets:
    """Return what `pack_offsets` packed. Raises zlib.error, TypeError or ValueError."""
    data = zlib.decompress(blob)
    offsets: Offsets = np.frombuffer(data[: len(data) // 4 * 4], "<i4").cumsum(dtype=np.int32)
    return offsets
