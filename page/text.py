"""Text that comes from outside -> HTML; every tag and every link of the page is written by us."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from index.script import encodable, to_traditional
from rag.types import Language

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
# Controls that are not white space, and those that turn the direction of writing around.
_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def escaped(text: str) -> str:
    """Return HTML that shows `text` as it is, on one line of source.

    All ASCII punctuation becomes character references, so that neither HTML nor Markdown nor an
    address that would be made a link is left; line breaks become <br>.
    """
    shown = _UNSHOWN.sub("", encodable(text).replace("\r\n", "\n"))
    safe = _PUNCTUATION.sub(lambda match: f"&#{ord(match[0])};", shown)
    return safe.replace("\n", "<br>")


def link(url: str) -> str:
    """Return a link to a web address, the mere text of any other."""
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_web = False
    safe = escaped(url)
    attributes = f'href="{safe}" target="_blank" rel="noopener noreferrer"'
    return f"<a {attributes}>{safe}</a>" if is_web else safe


def in_language(labels: Mapping[str, tuple[str, str]], name: str, language: Language) -> str:
    """Return a label out of a table name -> (Simplified Chinese, English) in one of three ways."""
    chinese, english = labels[name]
    if language == "en":
        return english
    return to_traditional(chinese) if language == "zh-Hant" else chinese
