"""Simplified, Traditional and variant characters: folded for matching, told apart for answering.

What is shown, quoted and exported is never folded (DESIGN decision 4).
"""

import re
import unicodedata
from functools import cache
from typing import Any, Literal

from index.memory import remembered

Script = Literal["hans", "hant", "either"]

_SURROGATE = re.compile("[\ud800-\udfff]")
_BETWEEN = re.compile(r"[\W_]+")


@cache
def _converter(config: str) -> Any:
    import opencc

    return opencc.OpenCC(config)


def to_simplified(text: str) -> str:
    """Return `text` in Simplified characters, with U+FFFD for the surrogates OpenCC refuses."""
    converted: str = _converter("t2s").convert(encodable(text))
    return converted


def to_traditional(text: str) -> str:
    """Return `text` in Traditional characters; for what the program says, never for a quotation."""
    converted: str = _converter("s2t").convert(encodable(text))
    return converted


def encodable(text: str) -> str:
    """Return `text` with lone surrogates replaced by U+FFFD, so that it can be stored and sent."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


@remembered(4096)
def fold(text: str) -> str:
    """Return the form of `text` that is encoded and searched: NFKC, Simplified, lower case."""
    return to_simplified(unicodedata.normalize("NFKC", text)).lower()


def fold_tight(text: str) -> str:
    """Return `fold(text)` without white space: the form in which quotations are compared."""
    return "".join(fold(text).split())


def fold_names(text: str) -> str:
    """Return `fold(text)` with one bar before it and for each run of what is no letter or digit.

    A name that stands free in two texts has its bar in common; one within a longer name has not.
    """
    return "|" + _BETWEEN.sub("|", fold(text)).strip("|")


def script_of(text: str) -> Script:
    """Tell which script `text` is written in: "either" when no character decides."""
    traditional = sum(a != b for a, b in zip(text, _by_character("t2s", text), strict=True))
    simplified = sum(a != b for a, b in zip(text, _by_character("s2t", text), strict=True))
    if traditional == simplified:
        return "either"
    return "hant" if traditional > simplified else "hans"


def _by_character(config: str, text: str) -> str:
    return "".join(_convert_character(config, character) for character in text)


@cache
def _convert_character(config: str, character: str) -> str:
    if not "\u3400" <= character <= "\U0003ffff" or "\ud800" <= character <= "\udfff":
        return character
    converted: str = _converter(config).convert(character)
    return converted


def fold_characters(text: str) -> str:
    """Return `text` with each character folded by itself, of the same length: places carry over.

    For patterns that must report where they matched; `fold` is the better match, since OpenCC sees
    whole words there.
    """
    return "".join(map(_fold_character, text))


@cache
def _fold_character(character: str) -> str:
    normal = unicodedata.normalize("NFKC", character)
    if len(normal) != 1:
        return character
    lowered = _convert_character("t2s", normal).lower()
    return lowered if len(lowered) == 1 else normal
