"""What a reader sees of a quotation and its place, and how that is read back and compared; pure."""

import re
import unicodedata
from functools import lru_cache

from index.script import encodable, script_of, to_traditional
from rag.export.types import Place, Visible
from rag.types import Citation, Language

# Controls, what turns the direction of writing around, and what no XML may hold.
_UNSHOWN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_HASH = 12  # hex digits that are shown: 48 bits tell any two documents apart
_MARKS = {"hans": ("“", "”"), "either": ("“", "”"), "hant": ("「", "」")}
_CLOSING = {"”": "“", "」": "「"}
# Far longer than any: what is longer is not looked at as a place.
_LONGEST_PLACE = 5000
_OPENING = re.compile(r"[〔\[]")
_OPENINGS = 20  # that are tried: a source may hold some
_PLACE = re.compile(
    r"[〔\[](?P<source>.*)[,，] ?(?:第|characters) ?(?P<start>\d{1,10})–(?P<end>\d{1,10})"
    r"(?: ?字符)?(?:[,，] ?(?:第 \d{1,7} [页頁]|page \d{1,7}))?"
    r"[,，] ?sha256 (?P<sha256>[0-9a-f]{12})[〕\]]",
    re.DOTALL,
)
_PLACES = {
    "zh": ("〔{0}，第 {1}–{2} 字符{3}，sha256 {4}〕", "，第 {0} 页"),
    "en": ("[{0}, characters {1}–{2}{3}, sha256 {4}]", ", page {0}"),
}


def shown(text: str) -> str:
    """Return text as exports show it: on one line, without controls and lone surrogates."""
    return " ".join(_UNSHOWN.sub("", encodable(text)).split())


def quoted(text: str) -> str:
    """Return a quotation as it is shown, in the quotation marks of its script."""
    opening, closing = _MARKS[script_of(text)]
    return f"{opening}{shown(text)}{closing}"


def place_text(citation: Citation, language: Language) -> str:
    """Return the place of a citation, in characters of the document as it was read."""
    whole, page = _PLACES["en" if language == "en" else "zh"]
    paged = page.format(citation.page) if citation.page else ""
    digits = citation.sha256[:_HASH]
    if language == "zh-Hant":
        whole, paged = to_traditional(whole), to_traditional(paged)
    return whole.format(shown(citation.source), citation.start, citation.end, paged, digits)


def read_place(text: str) -> Place | None:
    """Return the place that a text states, None if it is none."""
    tidy = " ".join(text.split())
    match = _PLACE.fullmatch(tidy) if len(tidy) <= _LONGEST_PLACE else None
    if not match or int(match["start"]) > int(match["end"]):
        return None
    return Place(match["source"], int(match["start"]), int(match["end"]), match["sha256"])


def split_note(note: str) -> Visible | None:
    """Return quotation and place at the end of a note's text, None if it ends in no place.

    For notes whose character styles are lost. The quotation is "" if there is none.
    """
    tidy = " ".join(note.split())
    if not tidy.endswith(("〕", "]")):
        return None
    # A source may hold brackets of its own: what follows on a quotation is the place.
    tail = max(0, len(tidy) - _LONGEST_PLACE)
    openings = [match.start() for match in _OPENING.finditer(tidy, tail)]
    found = [at for at in openings[-_OPENINGS:] if read_place(tidy[at:])]
    found.sort(key=lambda at: (tidy[:at].rstrip()[-1:] in _CLOSING, at))
    if not found:
        return None
    return Visible(_quotation_before(tidy[: found[-1]].rstrip()), read_place(tidy[found[-1] :]))


def _quotation_before(text: str) -> str:
    """Return the quotation that a text ends with, marks and all; "" if it ends with none."""
    closing = text[-1:]
    if closing not in _CLOSING:
        return ""
    depth = 0
    for i in range(len(text) - 1, -1, -1):
        depth += (text[i] == closing) - (text[i] == _CLOSING[closing])
        if not depth:
            return text[i:]
    return ""


def tight(text: str) -> str:
    """Return text as it is compared: without white space and what has no shape."""
    return "".join(c for c in shown(text) if not _is_blank(c))


def same_quotation(visible: str, text: str) -> bool:
    """Tell whether a quotation stands in a report as it was written there."""
    return tight(visible) == tight(quoted(text))


def unquoted(quotation: str) -> str:
    """Return a visible quotation without its marks."""
    tidy = quotation.strip()
    return tidy[1:-1] if _CLOSING.get(tidy[-1:]) == tidy[:1] != "" else tidy


def place_key(place: Place) -> tuple[str, int, int, str]:
    """Return what a place and the record of it have in common."""
    return shown(place.source), place.start, place.end, shown(place.sha256)[:_HASH]


@lru_cache(maxsize=10_000)
def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf")
