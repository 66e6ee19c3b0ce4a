"""What the reading process and its parent say to each other: lengths, JSON, texts and places.

Never pickles: the process that parses hostile files must not make its parent run code.
"""

import hashlib
import json
import struct
import zlib
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

import numpy as np

from index.errors import ReadError
from index.script import encodable
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


def job_head(job: Job) -> bytes:
    """Return what the reading process is sent before the bytes of a file."""
    name = encodable(job.source).encode("utf-8")
    return _JOB.pack(len(job.data), len(name)) + name


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


def frame_size(head: bytes | bytearray) -> tuple[int, int]:
    """Return the sizes, in bytes, of a frame and of its JSON. Raises ValueError if it is none."""
    total, said = _HEAD.unpack(head)
    if not said <= total <= MAX_FRAME:
        raise ValueError(f"a frame of {total} bytes")
    return total, said


HEAD_SIZE = _HEAD.size


def read_frame(body: bytes | bytearray, said: int) -> Frame:
    """Return the frame with these bytes, of which the first `said` are JSON.

    Raises ValueError for what is none: who reads hostile files may have come under their orders.
    """
    try:
        head = json.loads(body[:said])
        blobs, place = [], said
        with memoryview(body) as view:
            for size in head["sizes"]:
                blobs.append(view[place : place + size])
                place += size
            return _unpacked(head, blobs)
    except (TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"a frame that cannot be read ({error})") from error
    except zlib.error as error:
        raise ValueError(f"a frame that cannot be read ({error})") from error


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


def _unpacked(head: dict[str, Any], blobs: list[memoryview]) -> Frame:
    kind = head["frame"]
    if kind == "Mark":
        return Mark(_text(head["kind"]))
    if kind == "Problem":
        return Problem(_text(head["source"]), _line(head["reason"]))
    if kind == "Note":
        return Note(_text(head["source"]), _line(head["text"]))
    if kind != "CleanDocument":
        raise KeyError(kind)
    raw, text, starts, ends, signature = blobs
    document = Document(
        _text(head["id"]),
        str(raw, "utf-8"),
        _text(head["sha256"]),
        _text(head["media_type"]),
        _metadata(head["metadata"]),
        layout_of(head["layout"]),
    )
    clean = _clean_text(head, str(text, "utf-8"), starts, ends)
    _check_places(clean, document)
    return CleanDocument(document, clean, bytes(signature))


def _text(value: object) -> str:
    """Return a text. Raises TypeError for anything else."""
    if not isinstance(value, str):
        raise TypeError(f"a text was expected, not {type(value).__name__}")
    return encodable(value)


def _line(value: object) -> str:
    return " ".join(_text(value).split())


def _metadata(row: dict[str, Any]) -> Metadata:
    found = {_text(name): _text(how) for name, how in row["found"].items()}
    texts = {name: _text(value) for name, value in row.items() if name != "found"}
    return Metadata(**texts, found=found)


def _clean_text(head: dict[str, Any], text: str, starts: memoryview, ends: memoryview) -> CleanText:
    dropped = tuple(Dropped(Span(start, end), _text(why)) for start, end, why in head["dropped"])
    count = len(text)
    return CleanText(text, unpack_offsets(starts, count), unpack_offsets(ends, count), dropped)


def _check_places(clean: CleanText, document: Document) -> None:
    """Raise ValueError unless all places are in order and inside the document."""
    if hashlib.sha256(document.raw.encode("utf-8")).hexdigest() != document.sha256:
        raise ValueError("a document that does not fit its hash")
    starts, ends, size = clean.starts, clean.ends, len(document.raw)
    if not len(clean.text) == len(starts) == len(ends):
        raise ValueError("a text that does not fit its places")
    if not size and not clean.text:
        return
    ordered = (starts[1:] >= starts[:-1]).all() and (ends[1:] >= ends[:-1]).all()
    if not ordered or not (starts < ends).all() or starts[:1].min(initial=0) < 0:
        raise ValueError("places out of order")
    layout = document.layout
    spans = [*(span for span, _ in layout.headings), *layout.hidden]
    furthest = max((span.end for span in spans), default=0)
    if max(furthest, *ends[-1:].tolist(), *layout.pages[-1:]) > size:
        raise ValueError("places beyond the document")


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


def unpack_offsets(blob: bytes | memoryview, most: int | None = None) -> Offsets:
    """Return what `pack_offsets` packed, at most so many. Raises zlib.error, TypeError, ValueError.

    What packs to little may unpack to more than there is memory for.
    """
    if most is None:
        data = zlib.decompress(blob)
    else:
        data = zlib.decompressobj().decompress(blob, 4 * (most + 1))
    offsets: Offsets = np.frombuffer(data[: len(data) // 4 * 4], "<i4").cumsum(dtype=np.int32)
    return offsets
