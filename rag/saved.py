"""Answers and collected items <-> compressed JSON, as the file of conversations keeps them."""

import json
import zlib
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from index.script import encodable
from rag.errors import ConversationsError

T = TypeVar("T")


_adapters: dict[object, TypeAdapter[Any]] = {}  # made when first needed: it takes milliseconds


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def as_json(value: object) -> str:
    """Return a dataclass as JSON; a lone surrogate, which no file can hold, becomes U+FFFD.

    NaN and infinity are written as Python's json reads them.
    """
    plain = _adapter(type(value)).dump_python(value)
    return encodable(json.dumps(plain, ensure_ascii=False))


def saved(value: object) -> bytes:
    """Return a dataclass as it is stored; what it came from is not asked for when it is read."""
    return zlib.compress(as_json(value).encode("utf-8"))


def restored(kind: type[T], data: bytes) -> T:
    """Return what was saved as `kind`; fields that its release did not know have their defaults.

    Raises ConversationsError if it cannot be read.
    """
    try:
        value: T = _adapter(kind).validate_python(json.loads(zlib.decompress(data)))
    except (zlib.error, TypeError, ValueError, RecursionError, ValidationError) as error:
        said = " ".join(str(error).split())[:100]
        raise ConversationsError(
            f"a stored {kind.__name__.lower()} cannot be read ({said}): delete its chat"
        ) from error
    return value
