"""HTML source -> its main text, every character of which knows its place in the source.

The libraries that are good at finding the main text (trafilatura, readability) return text without
places. So our own pass over the tokens keeps the places, and theirs decides which of its blocks
belong to the article.
"""

import html
import logging
import re
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from index.offsets import Edit, apply_edits
from index.types import CleanText, Span

# html.parser knows places too, but needs quadratic time for some sources, such as 1 MB of "<a".
_TOKEN = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<[!?][^>]*(?:>|\Z)"
    r"|</?(?P<tag>[a-z][^\s/>]*+)(?:=\s*+(?:\"[^\"]*+\"|'[^']*+')|[^>])*+(?:>|\Z)"
    r"|</[^>]*(?:>|\Z)"
    # Eight digits are more than any character has; int() refuses thousands of them.
    r"|&(?:#\d{1,8}|#x[\da-f]{1,8}|[a-z][a-z\d]{1,31}+);?",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"(?<![^\s\"'<>/=])([^\s\"'<>/=]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))"
)
_SPACES = re.compile(r"\s{2,}|[\n\r\t]")

_LINE_END = re.compile("[\n\r]")

# What stands inside is not read, up to the first end tag of the same name.
_PROGRAMS = frozenset({"script", "style"})
_HIDDEN = _PROGRAMS | frozenset(
    {"noscript", "template", "svg", "iframe", "object", "select", "textarea", "button", "title"}
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = _HEADINGS | frozenset(
    """
    address article aside blockquote body br caption center dd details div dl dt fieldset figcaption
    figure footer form head header hr html legend li main nav ol option p pre section summary table
    tbody td tfoot th thead title tr ul
    """.split()  # noqa: SIM905 (forty quoted words are harder to read)
)
_CELLS = frozenset({"td", "th"})
# Comments by readers and link lists, which trafilatura keeps otherwise.
_PRUNE = [
    '//*[contains(@class,"comment") or contains(@id,"comment")'
    ' or contains(@class,"related") or contains(@class,"share")]'
]
# A page of more links is an index, not an article; trafilatura needs 10 s for 100,000.
_MOST_LINKS = 5_000
# Trafilatura is the more precise; below this share of what readability finds, or below this
# length, it has missed the article.
_TRAFILATURA_SHARE = 0.6
_ARTICLE_LENGTH = 150
# A kept line of this length shows that the article has begun, or has not ended; a line with this
# share of links is a menu.
_ANCHOR = 20
_LINKS = 0.5
# So many characters may the extractors have skipped between two such lines; more is another part.
_GAP = 400
# An extract with less than this share of the long lines has missed the article altogether.
_EXTRACT_SHARE = 0.1
_LONG_LINE = 30


@dataclass(frozen=True, slots=True)
class Page:
    """What the tokens of an HTML source say: where text stands, and what the head declares."""

    # These leave the visible text, a block a line.
    edits: list[Edit] = field(default_factory=list)
    # From <a> to </a>, with the tags between them.
    links: list[Span] = field(default_factory=list)
    # Name or property, in lower case, -> content.
    meta: dict[str, str] = field(default_factory=dict)
    title: str = ""
    heading: str = ""  # the first h1
    canonical: str = ""


class _Reader:
    """Goes through a source once, token by token, and collects what makes a `Page`."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.edits: list[Edit] = []
        self.dropping: tuple[int, int, str, str] | None = None  # what would be the next edit
        self.links: list[Span] = []
        self.meta: dict[str, str] = {}
        self.relations: dict[str, str] = {}  # of <link>: rel -> href
        self.titles: list[str] = []
        self.heading: list[str] = []  # what the first h1 says
        self.in_heading = False
        self.preformatted = 0
        self.link_start: int | None = None
        self.last_ends = _last_ends(source)
        self._read()

    def _read(self) -> None:
        position = 0
        while token := _TOKEN.search(self.source, position):
            if position < token.start():
                self._text(position, token.start())
            if name := token["tag"]:
                position = self._tag(*token.span(), name.lower())
            else:
                position = token.end()
                self._other(*token.span())
        self._text(position, len(self.source))
        self._drop(len(self.source), len(self.source), "", "")

    def _drop(self, start: int, end: int, replacement: str, reason: str) -> None:
        """Leave white space or nothing for a stretch; touching ones of one reason become one."""
        if self.dropping:
            first, last, before, because = self.dropping
            if last == start and because == reason:
                both = before + replacement
                white = next((mark for mark in "\n " if mark in both), "")
                self.dropping = (first, end, white, reason)
                return
            self.edits.append(Edit(Span(first, last), before, because))
        self.dropping = (start, end, replacement, reason) if start < end else None

    def _text(self, start: int, end: int) -> None:
        """Join lines as HTML does: their ends are spaces, between Han characters not even that."""
        data = self.source[start:end]
        if self.in_heading:
            self.heading.append(data)
        if self.preformatted:
            return
        for match in _SPACES.finditer(data):
            around = data[max(match.start() - 1, 0) : match.start()] + data[match.end() :][:1]
            joint = "" if _LINE_END.search(match[0]) and not around.isascii() else " "
            self.edits.append(Edit(Span(start + match.start(), start + match.end()), joint))

    def _other(self, start: int, end: int) -> None:
        """Take a comment, a declaration or a reference to a character."""
        token = self.source[start:end]
        if not token.startswith("&"):
            self._drop(start, end, "", "markup")
            return
        spelled = html.unescape(token)
        if self.in_heading:
            self.heading.append(spelled)
        if spelled.isspace():
            self._drop(start, end, " ", "markup")
        elif spelled != token:
            self.edits.append(Edit(Span(start, end), spelled))

    def _tag(self, start: int, end: int, name: str) -> int:
        """Take a tag and what it hides; return where reading goes on."""
        self._drop(start, end, _boundary(name), "markup")
        if self.source.startswith("</", start):
            self._end(start, name)
            return end
        self._start(Span(start, end), name)
        hidden = self._hidden_until(end, name)
        if hidden > end:
            self._drop(end, hidden, "", "markup" if name == "title" else "script or style")
        if name == "title":
            self.titles.append(self.source[end:hidden])
        return hidden

    def _hidden_until(self, position: int, name: str) -> int:
        """Return where the hidden content of an element ends; unclosed, only programs hide."""
        if name in _HIDDEN and position <= self.last_ends.get(name, -1):
            end = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(self.source, position)
            return end.start() if end else position
        return len(self.source) if name in _PROGRAMS else position

    def _start(self, span: Span, name: str) -> None:
        if name in ("meta", "link"):
            self._declaration(name, _attributes(span.of(self.source)))
        elif name == "a":
            self._end_link(span.start)  # which HTML does not nest
            self.link_start = span.start
        elif name == "pre":
            self.preformatted += 1
        elif name in _HEADINGS:
            known = "".join(self.heading).strip()
            self.in_heading = (
                name == "h1" and not known and span.end <= self.last_ends.get("h1", -1)
            )

    def _end(self, start: int, name: str) -> None:
        if name == "a":
            self._end_link(start)
        elif name == "pre":
            self.preformatted = max(0, self.preformatted - 1)
        elif name in _HEADINGS:
            self.in_heading = False

    def _end_link(self, end: int) -> None:
        if self.link_start is not None:
            self.links.append(Span(self.link_start, end))
        self.link_start = None

    def _declaration(self, name: str, values: dict[str, str]) -> None:
        if name == "meta":
            key = values.get("property") or values.get("name") or ""
            self.meta.setdefault(key.lower(), values.get("content", "").strip())
        else:
            self.relations.setdefault(values.get("rel", "").lower(), values.get("href", ""))


def _last_ends(source: str) -> dict[str, int]:
    """Return element -> where its last end tag begins, so that no search for one is in vain."""
    names = "|".join(sorted(_HIDDEN | {"h1"}))
    ends = re.finditer(rf"</({names})(?=[\s/>])", source, re.IGNORECASE)
    return {match[1].lower(): match.start() for match in ends}


def _attributes(tag: str) -> dict[str, str]:
    found = _ATTRIBUTE.finditer(tag)
    return {m[1].lower(): _unescaped(m[2] or m[3] or m[4] or "") for m in found}


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # a reference with more digits than int() reads
        return text


def _boundary(tag: str) -> str:
    if tag in _CELLS:
        return " "
    return "\n" if tag in _BLOCKS else ""


def read_page(source: str) -> Page:
    """Return the places of the visible text of an HTML source, and what its head declares."""
    reader = _Reader(source)
    title = _one_line(_unescaped(reader.titles[0])) if reader.titles else ""
    heading = _one_line("".join(reader.heading))
    canonical = reader.relations.get("canonical", "")
    return Page(reader.edits, reader.links, reader.meta, title, heading, canonical)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def drop_markup(text: CleanText) -> CleanText:
    """Leave the main text of an HTML source: a block a line, in the order of the source.

    The whole visible text stays when no extractor finds an article; cleaning goes on from there.
    """
    page = read_page(text.text)
    visible = apply_edits(text, page.edits)
    lines = _line_spans(visible.text)
    letters = [_tight(span.of(visible.text)) for span in lines]
    kept = _found_in(letters, _main_text(text.text)) if len(page.links) <= _MOST_LINKS else []
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


def _found_in(lines: list[str], article: str) -> list[bool]:
    """Tell which lines stand in the article; most do one behind the other."""
    found = []
    position = 0
    for line in lines:
        place = article.find(line, position, position + len(line) + _GAP)
        if place < 0:
            place = article.find(line)
        position = place + len(line) if place >= 0 else position
        found.append(bool(line) and place >= 0)
    return found


def _fill(text: CleanText, lines: list[Span], kept: list[bool], links: list[Span]) -> list[bool]:
    """Keep what the extractors skipped inside the article: headings, list items, but no menus."""
    anchors = [
        i
        for i, (span, keep) in enumerate(zip(lines, kept, strict=True))
        if keep and len(span) >= _ANCHOR
    ]
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


def _line_spans(text: str) -> list[Span]:
    found = re.finditer(r"[^\n]+", text)
    return [Span(*match.span()) for match in found if not match[0].isspace()]


def _found_article(lines: list[Span], kept: list[bool]) -> bool:
    if not any(kept):
        return False
    total = sum(len(span) for span in lines if len(span) >= _LONG_LINE)
    found = sum(len(span) for span, keep in zip(lines, kept, strict=True) if keep)
    return found >= _EXTRACT_SHARE * total


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
    try:
        return trafilatura.extract(source, output_format="txt", **options) or ""
    except Exception as error:  # it raises what lxml and its own helpers raise
        return _nothing("trafilatura", error)


def _by_readability(source: str) -> str:
    import lxml.html
    import readability

    # It logs a traceback for a page without text, which is no news to the user.
    logging.getLogger("readability").setLevel(logging.CRITICAL)
    try:
        summary = readability.Document(source).summary(html_partial=True)
        return str(lxml.html.fromstring(summary).text_content())
    except Exception as error:  # it raises what lxml and its own helpers raise
        return _nothing("readability", error)


def _nothing(extractor: str, error: Exception) -> str:
    """Return no text: the other extractor, or the whole page, stands in for one that gave up."""
    logging.getLogger(__name__).debug("%s found no article: %s", extractor, error)
    return ""
