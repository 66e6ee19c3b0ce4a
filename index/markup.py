"""HTML source -> its main text, every character of which knows its place in the source.

The libraries that are good at finding the main text (trafilatura, readability) return text without places. So our own pass
over the tokens keeps the places, and theirs decides which of its blocks belong to the article.
"""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np

from index.offsets import Edit, apply_edits
from index.types import CleanText, Span

_HIDDEN = frozenset({"script", "style", "noscript", "template", "svg", "iframe", "object", "select", "textarea", "button"})
_BLOCKS = frozenset(
    "address article aside blockquote body br caption center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 "
    "head header hr html legend li main nav ol option p pre section summary table tbody td tfoot th thead title tr ul".split()
)
_CELLS = frozenset({"td", "th"})
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "area", "base", "col", "embed", "source", "track", "wbr"})
# Comments by readers and link lists, which trafilatura keeps otherwise.
_PRUNE = [
    '//*[contains(@class,"comment") or contains(@id,"comment") or contains(@class,"related") or contains(@class,"share")]'
]
# Trafilatura is the more precise; below this share of what readability finds, or below this length, it has missed the article.
_TRAFILATURA_SHARE = 0.6
_ARTICLE_LENGTH = 150
# A kept line of this length shows that the article has begun, or has not ended; a line with this share of links is a menu.
_ANCHOR = 20
_LINKS = 0.5
_GAP = 400  # characters that extractors may have skipped between two such lines; more is another part of the page
# An extract that holds less than this share of the long paragraphs has missed the article altogether.
_EXTRACT_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Page:
    """What the tokens of an HTML source say: where text stands, and what the head declares."""

    edits: list[Edit] = field(default_factory=list)  # leave the visible text, a block a line
    links: list[Span] = field(default_factory=list)  # the text between <a> and </a>, tags inside it included
    meta: dict[str, str] = field(default_factory=dict)  # name or property, lower case -> content
    title: str = ""
    heading: str = ""  # the first h1
    canonical: str = ""


class _Tokens(HTMLParser):
    """Collects the edits that turn a source into its visible text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=False)
        self.source = source
        self.lines = [0, *(match.end() for match in re.finditer("\n", source))]
        self.edits: list[Edit] = []
        self.meta: dict[str, str] = {}
        self.relations: dict[str, str] = {}  # of <link>: rel -> href
        self.links: list[Span] = []
        self.link_start = 0
        self.named: dict[str, list[str]] = {"title": [], "h1": []}
        self.open: list[str] = []
        self.hidden = 0
        self.pending: tuple[int, str, str] | None = None  # start, replacement, reason of the token at hand
        self.feed(source)
        self.close()
        self._finish(len(source))

    def _begin(self, replacement: str | None, reason: str = "") -> None:
        """End the token before and begin one; None keeps its characters as they are."""
        here = self._here()
        self._finish(here)
        self.pending = None if replacement is None else (here, replacement, reason)

    def _here(self) -> int:
        """Return the place of the token at hand in the source."""
        line, column = self.getpos()
        return self.lines[line - 1] + column

    def _finish(self, end: int) -> None:
        if self.pending and self.pending[0] < end:
            start, replacement, reason = self.pending
            self.edits.append(Edit(Span(start, end), replacement, reason))
        self.pending = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._begin(_boundary(tag), "markup")
        values = {name: value or "" for name, value in attrs}
        if tag == "meta":
            name = values.get("property") or values.get("name") or ""
            self.meta.setdefault(name.lower(), values.get("content", "").strip())
        elif tag == "link":
            self.relations.setdefault(values.get("rel", "").lower(), values.get("href", ""))
        elif tag == "a":
            self.link_start = self._here()
        if tag in _HIDDEN:
            self.hidden += 1
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._begin(_boundary(tag), "markup")
        if tag in _HIDDEN and self.hidden:
            self.hidden -= 1
        if tag == "a" and "a" in self.open:
            self.links.append(Span(self.link_start, self._here()))
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        head = next((tag for tag in ("title", "h1") if tag in self.open), "")
        if head:
            self.named[head].append(data)
        if self.hidden or head == "title":
            self._begin("", "script or style" if self.hidden else "markup")
        elif not data.strip():
            self._begin(" ")
        else:
            self._begin(None)
            self._break_lines(data)

    def _break_lines(self, data: str) -> None:
        """A line end in running text is only a space in HTML, and between Han characters not even that."""
        here = self._here()
        for match in re.finditer(r"\s*\n\s*", data):
            around = data[max(match.start() - 1, 0) : match.start()] + data[match.end() : match.end() + 1]
            joint = " " if around.isascii() else ""
            self.edits.append(Edit(Span(here + match.start(), here + match.end()), joint))

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name};")

    def _reference(self, reference: str) -> None:
        spelled = html.unescape(reference)
        if self.hidden or spelled == reference:
            self._begin("" if self.hidden else None, "script or style")
            return
        if "h1" in self.open:
            self.named["h1"].append(spelled)
        self._begin(spelled.replace("\xa0", " "))

    def handle_comment(self, data: str) -> None:
        self._begin("", "markup")

    def handle_decl(self, decl: str) -> None:
        self._begin("", "markup")

    def unknown_decl(self, data: str) -> None:
        self._begin("", "markup")

    def handle_pi(self, data: str) -> None:
        self._begin("", "markup")


def _boundary(tag: str) -> str:
    if tag in _CELLS:
        return " "
    return "\n" if tag in _BLOCKS else ""


def read_page(source: str) -> Page:
    """Return the places of the visible text of an HTML source, and what its head declares."""
    tokens = _Tokens(source)
    title, heading = (" ".join("".join(tokens.named[name]).split()) for name in ("title", "h1"))
    return Page(tokens.edits, tokens.links, tokens.meta, html.unescape(title), heading, tokens.relations.get("canonical", ""))


def drop_markup(text: CleanText) -> CleanText:
    """Leave the main text of an HTML source: a block a line, in the order of the source.

    The whole visible text stays when no extractor finds an article; cleaning goes on from there.
    """
    page = read_page(text.text)
    visible = apply_edits(text, page.edits)
    lines = list(_line_spans(visible.text))
    letters = [_tight(span.of(visible.text)) for span in lines]
    wanted = _main_text(text.text)
    kept = [bool(line) and line in wanted for line in letters]
    if not _found_article(lines, kept):
        return visible
    kept = _fill(visible, lines, kept, page.links)
    heading = _tight(page.heading)
    edits = [
        Edit(span, "", "outside the main text")
        for span, keep, line in zip(lines, kept, letters, strict=True)
        if not keep and not (heading and line == heading)
    ]
    return apply_edits(visible, edits)


def _fill(text: CleanText, lines: list[Span], kept: list[bool], links: list[Span]) -> list[bool]:
    """Keep what the extractors skipped inside the article: headings and list items, but no lists of links."""
    anchors = [i for i, (span, keep) in enumerate(zip(lines, kept, strict=True)) if keep and len(span) >= _ANCHOR]
    linked = np.zeros(int(text.ends[-1]) + 1, np.bool_)
    for link in links:
        linked[link.start : link.end] = True
    filled = list(kept)
    for one, other in pairwise(anchors):
        gap = range(one + 1, other)
        if sum(len(lines[i]) for i in gap if not kept[i]) > _GAP:
            continue
        for i in gap:
            places = text.starts[lines[i].start : lines[i].end]
            filled[i] = kept[i] or bool(linked[places].mean() < _LINKS)
    return filled


def _line_spans(text: str) -> Iterable[Span]:
    return (Span(*match.span()) for match in re.finditer(r"[^\n]*\S[^\n]*", text))


def _found_article(lines: list[Span], kept: list[bool]) -> bool:
    total = sum(len(span) for span in lines if len(span) >= 30)
    found = sum(len(span) for span, keep in zip(lines, kept, strict=True) if keep)
    return found > 0 and found >= _EXTRACT_SHARE * total


def _tight(text: str) -> str:
    """Return what of a text survives any extractor: letters, digits and Han characters."""
    return re.sub(r"[\W_]+", "", text)


def _main_text(source: str) -> str:
    """Return the letters of what the better of two extractors takes for the article."""
    precise, broad = _tight(_by_trafilatura(source)), _tight(_by_readability(source))
    if len(precise) < max(_ARTICLE_LENGTH, _TRAFILATURA_SHARE * len(broad)):
        return broad or precise
    return precise


def _by_trafilatura(source: str) -> str:
    import trafilatura

    options = {"favor_precision": True, "include_comments": False, "prune_xpath": _PRUNE}
    return trafilatura.extract(source, output_format="txt", **options) or ""


def _by_readability(source: str) -> str:
    import lxml.etree
    import lxml.html
    import readability

    try:
        summary = readability.Document(source).summary(html_partial=True)
        return str(lxml.html.fromstring(summary).text_content())
    except (readability.readability.Unparseable, lxml.etree.ParserError, ValueError):
        return ""  # the other extractor, or the whole visible text, stands in for it
