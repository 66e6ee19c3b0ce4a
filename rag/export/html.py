"""HTML files: one file without scripts or outside requests, written by pandoc, and read back."""

import base64
import hashlib
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from rag.errors import ReportError
from rag.export import pandoc
from rag.export.compose import PLACE, QUOTE, RECORD, compose
from rag.export.pandoc import STYLES
from rag.export.record import read_record
from rag.export.shown import read_place, split_note
from rag.export.types import Report, Visible, Written

_TEMPLATE = STYLES / "report.html"
_QUOTE, _PLACE = (name.lower().replace(" ", "-") for name in (QUOTE, PLACE))
_BACK = "↩︎"  # pandoc's link from a note to its mark


# --- writing


def write_html(report: Report) -> bytes:
    """Return a report as one HTML file. Raises ExportError."""
    options = ("--standalone", "--wrap=none", "--no-highlight", f"--template={_TEMPLATE}")
    policy = f"--variable=policy:{_policy()}"
    return pandoc.run_pandoc(compose(report, "html"), "--to=html", *options, policy)


@cache
def _policy() -> str:
    """Return a policy that lets nothing load or run but the style sheet of the template."""
    sheet = _TEMPLATE.read_text("utf-8").partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


# --- reading


@dataclass(slots=True)
class _Note:
    """A note, or a stretch of text before a mark: what stands in it, in which style."""

    text: list[str] = field(default_factory=list)
    quote: list[str] = field(default_factory=list)
    place: list[str] = field(default_factory=list)

    def visible(self) -> Visible | None:
        """Return what a note shows, None if it is none of ours."""
        quote, place = "".join(self.quote), read_place("".join(self.place))
        if quote or place:
            return Visible(quote, place)
        return split_note("".join(self.text).rstrip().removesuffix(_BACK))


@dataclass(slots=True)
class _Page:
    """What one pass over an HTML file gathers: its notes, its marks and its record."""

    notes: dict[str, _Note] = field(default_factory=dict)
    marks: list[tuple[str, str]] = field(default_factory=list)  # the note and the quotation before
    record: list[str] = field(default_factory=list)


def read_html(data: bytes) -> Written:
    """Return what an HTML file shows and records. Raises ReportError."""
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError) as error:
        raise ReportError(f"it is no HTML: {' '.join(str(error).split())[:120]}") from error
    if root is None:
        raise ReportError("it is empty")
    page = _gathered(etree.iterwalk(root, ("start", "end")))
    record = "".join(page.record)
    return Written(read_record(record) if record else (), tuple(_visible(page)))


def _gathered(events: Iterable[tuple[str, Any]]) -> _Page:
    """Read a page in one pass, however deeply it is nested."""
    page, body = _Page(), _Note()
    open_: dict[str, Any] = {}  # kind -> the element of it that is open, the outermost
    note = body
    for event, element in events:
        kind = _kind(element)
        if event == "start":
            if kind and kind not in open_:
                open_[kind] = element
                if kind == "note":
                    note = page.notes.setdefault(element.get("id"), _Note())
            if element.tag == "a" and note is body:
                page.marks.append((element.get("href", ""), "".join(body.quote)))
                body.quote = []
        elif open_.get(kind) is element:
            del open_[kind]
            note = body if kind == "note" else note
        _add((element.text if event == "start" else element.tail) or "", open_, note, page)
    return page


def _kind(element: Any) -> str:
    classes = str(element.get("class", "")).split()
    if element.tag == "li" and str(element.get("id", "")).startswith("fn"):
        return "note"
    if element.tag == "span":
        return "quote" if _QUOTE in classes else "place" if _PLACE in classes else ""
    return "record" if element.tag == "pre" and element.get("id") == RECORD else ""


def _add(text: str, open_: Container[str], note: _Note, page: _Page) -> None:
    if "record" in open_:
        page.record.append(text)
        return
    note.text.append(text)
    if "quote" in open_:
        note.quote.append(text)
    if "place" in open_:
        note.place.append(text)


def _visible(page: _Page) -> Iterator[Visible]:
    """Yield the quotations of the notes, or those before a mark whose note has but a place."""
    shown = {name: note.visible() for name, note in page.notes.items()}
    number = 0
    for href, before in page.marks:
        name = href.rpartition("#")[2]
        if name not in shown:
            continue
        number += 1
        found = shown[name]
        if found and (quote := found.quote or before):
            yield Visible(quote, found.place, number)
