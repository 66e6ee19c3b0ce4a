"""Which elements of an HTML source a browser does not show, told by their own start tags.

Style sheets and scripts are not read, so what only they hide counts as shown.
"""

import re
from dataclasses import dataclass

from index.types import Span

_MAY_HIDE = re.compile(r"hidden|style\s*=|<dialog\b", re.IGNORECASE)
_ATTRIBUTES = re.compile(
    r"\s(hidden|open|style)(?=[\s=/>])(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]*))?", re.IGNORECASE
)
# Scripts take these away, so an article under them may well be shown.
_NOT_DISPLAYED = re.compile(r"(?:^|;)(?:display:none|visibility:(?:hidden|collapse))(?:$|;|!)")
_NO_SIZE = re.compile(r"(?:^|;)font-size:0+(?:\.0*)?(?:px|pt|em|rem|%)?(?:$|;|!)")
_COLOR = re.compile(r"(?:^|;)color:([^;!]+)")
_BACKGROUND = re.compile(r"(?:^|;)background(?:-color)?:([^;!]+)")
_COLORS = {"white": "#ffffff", "black": "#000000"}
_SIZE = re.compile(r"font-size|<font\b", re.IGNORECASE)
# Tags are as long as their author likes; attributes that hide stand near the front.
_LONGEST_TAG = 4_000


@dataclass(frozen=True, slots=True)
class Hidden:
    """The content of an element that is not shown; `prose` counts its full stops and commas."""

    span: Span
    prose: int
    by_display: bool  # display or visibility, which scripts often take away again


def hiding(tag: str) -> str:
    """Return how a start tag hides its content: "display", "size", "color"; "" if it does not."""
    if not _MAY_HIDE.search(tag, 0, _LONGEST_TAG):
        return ""
    found = {
        m[1].lower(): (m[2] or "").strip("\"'") for m in _ATTRIBUTES.finditer(tag, 0, _LONGEST_TAG)
    }
    dialog = tag[1:7].lower() == "dialog" and "open" not in found
    if dialog or found.get("hidden", "no").lower() in ("", "hidden", "true"):
        return "display"
    style = re.sub(r"\s+", "", found.get("style", "").lower())
    if _NOT_DISPLAYED.search(style):
        return "display"
    if _NO_SIZE.search(style):
        return "size"
    color, background = _COLOR.search(style), _BACKGROUND.search(style)
    same = color and background and _plain_color(color[1]) == _plain_color(background[1])
    return "color" if same else ""


def _plain_color(color: str) -> str:
    """Return a colour as #rrggbb where it is written in a common way."""
    numbers = re.fullmatch(r"rgba?\((\d{1,3}),(\d{1,3}),(\d{1,3})(?:,1(?:\.0*)?)?\)", color)
    if numbers:
        return "#" + "".join(f"{int(number):02x}" for number in numbers.groups())
    if re.fullmatch(r"#[\da-f]{3}", color):
        return "#" + "".join(2 * digit for digit in color[1:])
    return _COLORS.get(color, color)


def may_resize(source: str, span: Span) -> bool:
    """Tell whether something inside an element sets a font size of its own."""
    return bool(_SIZE.search(source, span.start, span.end))


def not_shown(found: list[Hidden], prose: int) -> list[Span]:
    """Return what a reader of the page does not see, of elements that do not overlap.

    `prose` counts the full stops and commas of the whole page. Where an element that is not
    displayed has most of them, the page shows it by a script: its article waits there.
    """
    return [hidden.span for hidden in found if not hidden.by_display or 2 * hidden.prose <= prose]
