"""A document beside the chat or on a page of its own: the quotation marked in the original text.

Addresses, relative to the page: document?id=…&start=…&end=… with any number of spans, `dropped=1`
to show what cleaning left out, `from` for another part of a long document; document/fragment the
same without a page around it; document/quote for a card; document/raw for the text itself.
"""

import json
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from index.clean import clean
from index.errors import YinzhengError
from index.script import encodable, script_of
from index.sentences import sentence_spans
from index.types import Document, Dropped, Layout, Passage, Span
from page.document_text import Asked, Part, Wording, part_of, place_in_clean
from page.language import language_of_request
from page.text import escaped, in_language, link
from rag.types import Language, Source

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.datastructures import QueryParams
    from starlette.requests import Request

    from index.library import Library
    from page.services import Services

_LABELS: dict[str, tuple[str, str]] = {
    "publisher": ("发布者", "Publisher"),
    "issuer": ("发文机关", "Issuer"),
    "date": ("发布日期", "Published"),
    "issued": ("成文日期", "Signed"),
    "document_number": ("文号", "Number"),
    "status": ("状态", "Status"),
    "region": ("地区", "Region"),
    "url": ("网址", "Address"),
    "id": ("文件", "File"),
    "place": ("引文位置", "Quoted"),
    "characters": ("第 {0:,}–{1:,} 字", "characters {0:,}–{1:,}"),
    "page": ("第 {} 页", "page {}"),
    "also": ("另见于", "Also in"),
    "show": ("显示清理掉的内容", "Show what was left out"),
    "hide": ("隐藏清理掉的内容", "Hide what was left out"),
    "raw": ("下载原文", "Download"),
    "open": ("新标签页", "New tab"),
    "close": ("关闭", "Close"),
    "cite": ("引用格式", "Cite"),
    "collect": ("放入报告", "Add to report"),
    "earlier": ("前一部分", "Earlier part"),
    "later": ("后一部分", "Later part"),
    "table": ("表格", "Table"),
    "not_shown": (
        "引文不在清理后的正文中，显示清理掉的内容即可看到。",
        "The quotation is not in the cleaned text: show what was left out to see it.",
    ),
    "no_reasons": (
        "文件较长，未逐一注明清理原因。",
        "The document is long: why each piece was left out is not told.",
    ),
    "unknown": (
        "资料库中没有这份文件，可能已被移除。",
        "The library has no such document; it may have been removed.",
    ),
    "beyond": (
        "文件中没有这个位置，文件可能已经更改。",
        "The document has no such place; it may have changed.",
    ),
    "wrong": (
        "网址有误：id 是文件名，start 与 end 成对出现，是从 0 数起的字符位置。",
        "The address is wrong: it needs an id, and start and end in pairs, counted from 0.",
    ),
    "damaged": ("这份文件无法读出，原因见日志。", "The document cannot be read; the log says why."),
    "document": ("文件原文", "Document"),
    "loading": ("正在载入……", "Loading …"),
    "failed": ("没有载入，请检查连接后再试。", "Not loaded: check the connection and try again."),
    "back": ("回到首页", "To the first page"),
}
# What cleaning says of what it left out.
_REASONS: dict[str, tuple[str, str]] = {
    "": ("清理掉的内容", "left out"),
    "front matter": ("文件头", "front matter"),
    "copyright or disclaimer": ("版权或免责声明", "copyright or disclaimer"),
    "hidden text": ("原文不显示的文字", "text that the original does not show"),
    "hyphen at the end of a line": ("行末连字符", "hyphen at the end of a line"),
    "invisible character": ("不可见字符", "invisible character"),
    "list of other articles": ("其他文章列表", "list of other articles"),
    "markup": ("标记", "markup"),
    "markup residue": ("残留标记", "markup residue"),
    "navigation": ("导航", "navigation"),
    "outside the main text": ("正文之外", "outside the main text"),
    "page number": ("页码", "page number"),
    "page widget": ("网页部件", "page widget"),
    "pinyin gloss": ("拼音注音", "pinyin gloss"),
    "publication line": ("发布信息行", "publication line"),
    "repeated table header": ("重复的表头", "repeated table header"),
    "running header or footer": ("页眉或页脚", "running header or footer"),
    "watermark": ("水印", "watermark"),
    "zhuyin gloss": ("注音", "zhuyin gloss"),
}
_FACTS = ("publisher", "issuer", "date", "issued", "document_number", "status", "region")
_NUMBER = re.compile(r"[0-9]{1,10}")  # int() also takes ２, _, + and thousands of digits
_MOST_SPANS = 50  # more than any answer cites
_STATIC = Path(__file__).parent / "static"
# Cleaning takes a second for 250,000 characters: of what is longer, no reasons are told.
_MOST_CLEANED = 200_000
_REMEMBERED = 16  # documents whose reasons are remembered
TITLE = "Yinzheng 引证"
_log = logging.getLogger(__name__)
# What was shown once may be removed, or may be another reader's language, a moment later.
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-cache"}
_SCRIPTED = ("document", "close", "failed", "loading")  # labels that the script shows
_NO_NAME = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069/\\\\:*?\"<>|]")
# Of a document, to tell its language by; a card shows so many characters of a quotation, and of
# the sentences around it.
_SAMPLE, _QUOTED, _AROUND, _QUOTES = 2_000, 600, 100, 3
_FILE_NAME = 120  # characters, far below what any file system allows
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LATIN = re.compile("[A-Za-z]")


class _NotShown(YinzhengError):
    """A document, or a place in it, that cannot be shown; the message names a label."""

    def __init__(self, label: str, status: int) -> None:
        super().__init__(label)
        self.label, self.status = label, status


def address(
    id_: str, spans: Sequence[Span] = (), dropped: bool = False, place: int | None = None
) -> str:
    """Return the address, relative to the page, of a document with spans of it marked."""
    pairs: list[tuple[str, str | int]] = [("id", id_)]
    for span in spans:
        pairs += [("start", span.start), ("end", span.end)]
    pairs += [("dropped", 1)] * dropped
    pairs += [] if place is None else [("from", place)]
    return f"document?{urlencode(pairs)}{'#quote' if spans and place is None else ''}"


def script_tag(text: str) -> str:
    """Return the language of a text as `lang` attributes have it: fonts are chosen by it."""
    sample = text[:_SAMPLE]
    if _HAN.search(sample):
        return "zh-Hant" if script_of(sample) == "hant" else "zh-Hans"
    return "en" if _LATIN.search(sample) else "und"


# --- a document


def document_html(
    library: "Library",
    id_: str,
    spans: Sequence[Span],
    language: Language,
    dropped: bool = False,
    place: int | None = None,
    level: int = 2,
) -> str:
    """Return a document with spans of its raw text marked; at most some 200,000 characters of it.

    `level` is that of the heading with the title. Raises YinzhengError if there is no such
    document or place in it, LibraryDamaged if it cannot be read.
    """
    source = _source(library, id_)
    asked = Asked(tuple(sorted(spans)), place, dropped)
    _check(asked, source.document)
    reasons = _reasons(source.document) if dropped else ()
    headings = {} if dropped else _levels(library.passages_of(id_))
    part = part_of(source, asked, _wording(language), reasons, headings, level)
    notes = []
    if spans and place is None and not part.is_marked:
        notes.append(in_language(_LABELS, "not_shown", language))
    if dropped and not reasons and len(source.document.raw) > _MOST_CLEANED:
        notes.append(in_language(_LABELS, "no_reasons", language))
    return "".join(
        [
            '<header class="yz-doc-head">',
            _heading(source.document, level),
            _facts(source, asked, _copies(library, id_), language),
            _actions(id_, asked, language),
            *(f'<p class="yz-doc-note">{note}</p>' for note in notes),
            "</header>",
            _text(source, id_, asked, part, language),
        ]
    )


def _source(library: "Library", id_: str) -> Source:
    document, text = library.document(id_), library.clean_text(id_)
    if document is None or text is None:
        raise _NotShown("unknown", 404)
    return Source(document, text)


def _check(asked: Asked, document: Document) -> None:
    size = len(document.raw)
    if any(span.end > size for span in asked.spans) or (asked.place or 0) > size:
        raise _NotShown("beyond", 404)


def _wording(language: Language) -> Wording:
    reasons = {name: in_language(_REASONS, name, language) for name in _REASONS}
    page, table = (in_language(_LABELS, name, language) for name in ("page", "table"))
    return Wording(page, table, reasons)


def _levels(passages: Sequence[Passage]) -> dict[str, int]:
    """Return the headings that stand over passages, with their level from 1."""
    levels: dict[str, int] = {}
    for passage in passages:
        for level, heading in enumerate(passage.heading, start=1):
            levels.setdefault(heading.strip(), level)
    return levels


def _copies(library: "Library", id_: str) -> list[tuple[str, str]]:
    """Return id and title of each reprint of a document."""
    others = (other for other in library.copies(id_) if other != id_)
    return [(other, library.metadata(other).title or other) for other in others]


def _reasons(document: Document) -> Sequence[Dropped]:
    """Return what cleaning dropped and why; the library stores what was kept alone."""
    if len(document.raw) > _MOST_CLEANED:
        return ()
    return _cleaned_reasons(document.raw, document.media_type, document.layout)


@lru_cache(_REMEMBERED)
def _cleaned_reasons(raw: str, media_type: str, layout: Layout) -> Sequence[Dropped]:
    if media_type == "text/html":
        return _reasons_in_page(raw)
    try:
        return clean(raw, media_type, layout).dropped
    except YinzhengError:  # an older program may have taken in what this one refuses
        return ()


def _reasons_in_page(raw: str) -> Sequence[Dropped]:
    """Return the same of a web page, which is parsed where a hostile one does no harm."""
    from index.frames import Job
    from index.sandbox import shared_pool

    for outcome in shared_pool().read([Job("page.html", raw.encode("utf-8"))]):
        for found in outcome.documents():
            if found.document.raw == raw:
                return found.clean.dropped
    return ()


def _heading(document: Document, level: int) -> str:
    title = document.metadata.title or PurePosixPath(document.id).name
    return f'<h{level} class="yz-doc-title" lang="{script_tag(title)}">{escaped(title)}</h{level}>'


def _facts(
    source: Source, asked: Asked, copies: Sequence[tuple[str, str]], language: Language
) -> str:
    """Return what is known of a document, and where in it the quotation stands."""
    known = source.document.metadata
    rows = [(name, escaped(getattr(known, name))) for name in _FACTS if getattr(known, name)]
    if known.issuer == known.publisher:
        rows = [row for row in rows if row[0] != "issuer"]
    rows += [("place", _place(span, source.document, language)) for span in asked.spans]
    rows += [("url", link(known.url))] if known.url else []
    rows.append(("id", escaped(source.document.id)))
    rows += [("also", _link(address(id_), title, "yz-doc-load")) for id_, title in copies]
    return f'<dl class="yz-doc-facts">{"".join(_fact(*row, language) for row in rows)}</dl>'


def _fact(name: str, html: str, language: Language) -> str:
    return f"<div><dt>{in_language(_LABELS, name, language)}</dt><dd>{html}</dd></div>"


def _place(span: Span, document: Document, language: Language) -> str:
    place = in_language(_LABELS, "characters", language).format(span.start, span.end)
    page = document.layout.page_of(span.start)
    paged = in_language(_LABELS, "page", language).format(page)
    return escaped(f"{paged} · {place}" if page else place)


def _link(href: str, text: str, class_: str, attributes: str = "") -> str:
    return f'<a class="{class_}" href="{escaped(href)}"{attributes}>{escaped(text)}</a>'


def _actions(id_: str, asked: Asked, language: Language) -> str:
    """Return what may be done with a document; the buttons are for the page with the chat."""

    def label(name: str) -> str:
        return in_language(_LABELS, name, language)

    parts = []
    for span in asked.spans[:1]:
        # Not `escaped`, which leaves out characters of it that do not show.
        data = f'data-id="{escape(id_)}" data-start="{span.start}" data-end="{span.end}"'
        parts += [
            f'<button type="button" class="yz-doc-button yz-doc-scripted" '
            f'data-yz-action="{name}" {data}>{label(name)}</button>'
            for name in ("cite", "collect")
        ]
    place = None if asked.spans else asked.place
    other = address(id_, asked.spans, not asked.dropped, place)
    pressed = f' data-pressed="{str(asked.dropped).lower()}"'
    name = "hide" if asked.dropped else "show"
    parts.append(_link(other, label(name), "yz-doc-button yz-doc-load yz-doc-toggle", pressed))
    raw = f"document/raw?{urlencode({'id': id_})}"
    parts.append(_link(raw, label("raw"), "yz-doc-button", " download"))
    new = ' target="_blank" rel="noopener"'
    here = address(id_, asked.spans, asked.dropped, asked.place)
    parts.append(_link(here, label("open"), "yz-doc-button yz-doc-scripted", new))
    return f'<div class="yz-doc-actions">{"".join(parts)}</div>'


def _text(source: Source, id_: str, asked: Asked, part: Part, language: Language) -> str:
    places = (("earlier", part.earlier), ("later", part.later))
    before, after = (
        "" if place is None else _other_part(name, replace(asked, place=place), id_, language)
        for name, place in places
    )
    tag = script_tag(source.clean.text)
    kind = "yz-doc-text yz-doc-original" if asked.dropped else "yz-doc-text"
    return f'{before}<div class="{kind}" lang="{tag}">{part.html}</div>{after}'


def _other_part(name: str, asked: Asked, id_: str, language: Language) -> str:
    href = address(id_, asked.spans, asked.dropped, asked.place)
    link_ = _link(href, in_language(_LABELS, name, language), "yz-doc-button yz-doc-load")
    return f'<p class="yz-doc-part">{link_}</p>'


# --- a quotation on a card


def quote_html(library: "Library", id_: str, spans: Sequence[Span], language: Language) -> str:
    """Return spans of a document, each with the sentence before and behind it; raises the same."""
    source = _source(library, id_)
    asked = Asked(tuple(spans))
    _check(asked, source.document)
    known = source.document.metadata
    title = known.title or PurePosixPath(id_).name
    heading = _heading_over(library.passages_of(id_), asked.spans[0])
    page = source.document.layout.page_of(asked.spans[0].start)
    paged = in_language(_LABELS, "page", language).format(page) if page else ""
    about = (known.publisher or known.issuer, known.date, heading, paged)
    quotes = "".join(_quotation(source, span) for span in asked.spans[:_QUOTES])
    return (
        f'<div class="yz-doc-quote" lang="{script_tag(source.clean.text)}">'
        f'<p class="yz-doc-quote-title">{escaped(title)}</p>'
        f'<p class="yz-quiet">{" · ".join(escaped(one) for one in about if one)}</p>{quotes}</div>'
    )


def _heading_over(passages: Sequence[Passage], span: Span) -> str:
    over = (one.heading for one in passages if one.raw_span.start <= span.start < one.raw_span.end)
    return " › ".join(next(over, ()))


def _quotation(source: Source, span: Span) -> str:
    """Return a quotation as it is shown: clean, unless all of it was left out."""
    inner = place_in_clean(source.clean, span)
    text, shown = (source.clean.text, inner) if len(inner) else (source.document.raw, span)
    before, after = _around(text, shown)
    words = _clipped(shown.of(text), _QUOTED)
    return (
        f'<blockquote><span class="yz-doc-faint">{escaped(before)}</span>'
        f"<mark>{escaped(words)}</mark>"
        f'<span class="yz-doc-faint">{escaped(after)}</span></blockquote>'
    )


def _around(text: str, span: Span) -> tuple[str, str]:
    """Return the end of what stands before a span in its paragraph, and the beginning behind."""
    before = text[max(0, span.start - 3 * _AROUND) : span.start].rpartition("\n")[2]
    after = text[span.end : span.end + 3 * _AROUND].partition("\n")[0]
    last = sentence_spans(before)[-1:]
    first = sentence_spans(after)[:1]
    shown = before[last[0].start :] if last else ""
    if len(shown) > _AROUND:
        shown = "…" + shown[-_AROUND:]
    return shown, _clipped(after[: first[0].end], _AROUND) if first else ""


def _clipped(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


# --- pages


def page_html(title: str, body: str, language: Language) -> str:
    """Return a page of its own, which works without JavaScript."""
    tag = {"zh": "zh-Hans"}.get(language, language)
    return (
        f'<!doctype html><html class="yz-own" lang="{tag}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<title>{escaped(title)}</title><link rel="stylesheet" href="document/style.css"></head>'
        f'<body><main class="yz-document">{body}</main></body></html>'
    )


def error_html(label: str, language: Language) -> str:
    """Return a line that says why nothing is shown."""
    return f'<p class="yz-doc-note" role="alert">{in_language(_LABELS, label, language)}</p>'


# --- addresses


@dataclass(frozen=True, slots=True)
class _Address:
    """What an address asks for."""

    id: str
    spans: tuple[Span, ...]
    place: int | None
    dropped: bool


def _read(query: "QueryParams") -> _Address:
    starts, ends = query.getlist("start"), query.getlist("end")
    id_, place = query.get("id", ""), query.get("from")
    if not id_ or len(starts) != len(ends) or len(starts) > _MOST_SPANS:
        raise _NotShown("wrong", 422)
    numbers = [*starts, *ends, *([] if place is None else [place])]
    if not all(_NUMBER.fullmatch(number) for number in numbers):
        raise _NotShown("wrong", 422)
    pairs = [(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]
    if not all(start < end for start, end in pairs):
        raise _NotShown("wrong", 422)
    spans = tuple(Span(*pair) for pair in pairs)
    dropped = query.get("dropped", "") not in ("", "0")
    return _Address(id_, spans, None if place is None else int(place), dropped)


def _shown(language: Language, show: Callable[[], str]) -> tuple[str, int]:
    """Return HTML and status, be it of what is to be shown or of a line that says why not."""
    try:
        return show(), 200
    except _NotShown as reason:
        return error_html(reason.label, language), reason.status
    except YinzhengError as error:
        _log.warning("a document was not shown: %s", error)
        return error_html("damaged", language), 500


def _attachment(id_: str) -> str:
    """Return a header that offers a name to save a text by, whatever the id holds."""
    name = _NO_NAME.sub("_", PurePosixPath(encodable(id_)).name)[:_FILE_NAME] or "document"
    name = name if name.lower().endswith((".txt", ".md")) else f"{name}.txt"
    return f"attachment; filename=\"document.txt\"; filename*=UTF-8''{quote(name, safe='')}"


def _document(library: "Library", query: "QueryParams", language: Language, level: int) -> str:
    asked = _read(query)
    spans, place = asked.spans, asked.place
    return document_html(library, asked.id, spans, language, asked.dropped, place, level)


def _card(library: "Library", query: "QueryParams", language: Language) -> str:
    asked = _read(query)
    if not asked.spans:
        raise _NotShown("wrong", 422)
    return quote_html(library, asked.id, asked.spans, language)


def _title(library: "Library", id_: str, status: int) -> str:
    title = library.metadata(id_).title if status == 200 else ""
    return " · ".join(part for part in (title, TITLE) if part)


def _script(language: Language) -> str:
    """Return the script with what it says in the reader's language before it."""
    labels = {name: in_language(_LABELS, name, language) for name in _SCRIPTED}
    told = json.dumps(labels)  # in ASCII: nothing of it ends a line of JavaScript
    return f"window.yzDocumentLabels = {told};\n{(_STATIC / 'document.js').read_text('utf-8')}"


def router(services: "Services") -> "APIRouter":
    """Return the routes; who may read the library at all is for `page.guard` to say."""
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import FileResponse, HTMLResponse, Response

    routes = APIRouter(include_in_schema=False)

    @routes.get("/document")
    def whole(request: Request) -> Response:
        library, language, query = _asked_for(services, request)
        html, status = _shown(language, lambda: _document(library, query, language, 1))
        title = _title(library, query.get("id", ""), status)
        home = "" if status == 200 else _link("./", in_language(_LABELS, "back", language), "")
        return HTMLResponse(page_html(title, html + home, language), status, _HEADERS)

    @routes.get("/document/fragment")
    def fragment(request: Request) -> Response:
        library, language, query = _asked_for(services, request)
        html, status = _shown(language, lambda: _document(library, query, language, 2))
        return HTMLResponse(html, status, _HEADERS)

    @routes.get("/document/quote")
    def card(request: Request) -> Response:
        library, language, query = _asked_for(services, request)
        html, status = _shown(language, lambda: _card(library, query, language))
        return HTMLResponse(html, status, _HEADERS)

    @routes.get("/document/raw")
    def raw(request: Request) -> Response:
        library, language, query = _asked_for(services, request)
        id_ = query.get("id", "")
        text, status = _shown(language, lambda: _source(library, id_).document.raw)
        if status != 200:
            return HTMLResponse(page_html(TITLE, text, language), status, _HEADERS)
        headers = _HEADERS | {"Content-Disposition": _attachment(id_)}
        return Response(text.encode("utf-8"), 200, headers, "text/plain; charset=utf-8")

    @routes.get("/document/style.css")
    def style() -> Response:
        return FileResponse(_STATIC / "document.css", headers=_HEADERS, media_type="text/css")

    @routes.get("/document/script.js")
    def script(request: Request) -> Response:
        told = _script(language_of_request(request))
        headers = _HEADERS | {"Vary": "Cookie, Accept-Language"}
        return Response(told, 200, headers, "text/javascript; charset=utf-8")

    return routes


def _asked_for(
    services: "Services", request: "Request"
) -> tuple["Library", Language, "QueryParams"]:
    return services.library, language_of_request(request), request.query_params
