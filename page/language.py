"""In which language a page is shown: as chosen, else as the browser prefers."""

from collections.abc import Mapping
from typing import cast

from starlette.requests import Request

from rag.types import Language

COOKIE = "yz-language"
_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


def language_of_request(request: Request) -> Language:
    """Return the language of a request."""
    return language_of_headers(request.cookies.get(COOKIE, ""), request.headers)


def language_of_headers(chosen: str, headers: Mapping[str, str]) -> Language:
    """Return `chosen` if it is a language of ours, else the first of Accept-Language that is."""
    if chosen in ("zh", "zh-Hant", "en"):
        return cast(Language, chosen)
    for part in headers.get("accept-language", "")[:500].lower().split(","):
        tag = part.partition(";")[0].strip()
        if tag.startswith(_TRADITIONAL):
            return "zh-Hant"
        if tag.startswith("zh"):
            return "zh"
        if tag.startswith("en"):
            return "en"
    return "en"
