"""What a pure function made of a text, kept for when the same text comes again."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

Made = TypeVar("Made")
_LONGEST = 4_000  # characters of a text for which anything is kept: more would fill memory


def remembered(count: int) -> Callable[[Callable[[str], Made]], Callable[[str], Made]]:
    """Keep what a function made of the last `count` different texts, if these are not long.

    Passages come again: within a question at one step after the other, and from question to
    question about one subject. What is made must not be mutable.
    """

    def remembering(make: Callable[[str], Made]) -> Callable[[str], Made]:
        kept = lru_cache(maxsize=count)(make)

        @wraps(make)
        def made(text: str) -> Made:
            return kept(text) if len(text) <= _LONGEST else make(text)

        return made

    return remembering
