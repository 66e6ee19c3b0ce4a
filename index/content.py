"""What a reader returns: the documents in one file."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from index.script import encodable
from index.types import Document, Layout, Metadata


def _unheard() -> None:
    """Do nothing: nobody waits for a sign of life."""


# What takes long, such as the recognition of a scanned page, calls this when a part is done; the
# reading process makes a sign of life to its parent of it.
heartbeat: Callable[[], None] = _unheard


@dataclass(frozen=True, slots=True)
class Content:
    """What one file holds: documents, and for each part that is none, a line that says why."""

    documents: tuple[Document, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # what a user should know of what was read, such as hidden text


def make_document(
    source: str,
    raw: str,
    media_type: str,
    metadata: Metadata | None = None,
    layout: Layout | None = None,
) -> Document:
    """Return a document with the hash of its text."""
    raw = encodable(raw)
    digest = hashlib.sha256(raw.encode("utf-8")).hexdigest()
    known = metadata or Metadata()
    return Document(source, raw, digest, media_type, known, layout or Layout())
