"""Title, publisher, date, number, URL and region of a document, each with where it was found."""

import re
from collections import Counter
from dataclasses import replace
from datetime import date

from index import boilerplate
from index.clean import FRONT_MATTER
from index.markup import Page, read_page
from index.script import fold_characters
from index.types import CleanText, Document, Metadata

# Where publication lines stand: near the top of a page, before or just after its title.
_HEAD_LINES = 12
_TITLE_LENGTH = (4, 80)
_CUT_TITLE = 40  # characters, when the first sentence has to serve as the title

_DATE = re.compile(r"((?:19|20)\d\d)\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})")
_SIGNED_DATE = re.compile(r"^(?:19|20)\d\d年\d{1,2}月\d{1,2}日$")
_NUMBER = re.compile(r"[\u4e00-\u9fff]{1,8}[〔\[［(（](?:19|20)\d\d[〕\]］)）]第?\d{1,5}[号號]")
_SOURCE = re.compile(
    r"(?:信息来源|文章来源|素材来源|来源|发布机构|发布单位|发文机关)\s*:\s*([^\s|,，。;；:：<>]{2,30})"
)
_REPORTER = re.compile(r"^([\u4e00-\u9fff]{2,10}?)(?:记者|讯)[^。]{0,40}$")
_BODY = re.compile(r"^[\u4e00-\u9fff]{2,24}(?:厅|局|委|委员会|政府|办公室|部|院|署|处|中心)$")
_URL = re.compile(r"https?://[\w./?=&%#:~+-]{4,300}")
_LINK_LINE = re.compile(r"^(?:本文|原文|文章)?(?:链接|网址|地址)\s*:|^网址\s*:|^url\s*:")
_DATE_NAMES = (
    "pubdate",
    "publishdate",
    "article:published_time",
    "publish_time",
    "og:release_date",
    "date",
    "dc.date",
)
_PUBLISHER_NAMES = (
    "contentsource",
    "source",
    "og:site_name",
    "author",
    "sitename",
    "publisher",
    "dc.publisher",
)
_TITLE_NAMES = ("articletitle", "og:title", "title", "dc.title")


def read_metadata(document: Document, clean: CleanText) -> Metadata:
    """Return the declared metadata of a document, what is missing taken from its text.

    `found` tells "declared" from "text", "file name" and, for a title made of it, "first sentence".
    """
    known = document.metadata
    known = replace(known, date=_iso_date(known.date) or known.date)
    if document.media_type == "text/html":
        known = _merge(known, _from_page(read_page(document.raw)), "declared")
    if document.media_type == "text/markdown":
        known = _merge(known, _from_front_matter(document.raw), "declared")
    raw_lines = [line.strip() for line in document.raw.splitlines() if line.strip()]
    if document.media_type != "text/html":
        known = _merge(known, _from_lines(raw_lines), "text")
    clean_lines = clean.text.split("\n")
    known = _merge(known, _from_clean(clean_lines), "text")
    if not known.title:
        known = _title_from_text(known, document.id, clean_lines)
    return _merge(known, {"region": _region(known.title, clean.text)}, "text")


def _merge(known: Metadata, more: dict[str, str], where: str) -> Metadata:
    news = {name: value for name, value in more.items() if value and not getattr(known, name)}
    return replace(known, **news, found={**known.found, **dict.fromkeys(news, where)})


def _from_page(page: Page) -> dict[str, str]:
    urls = (page.canonical, page.meta.get("og:url", ""))
    return {
        "title": _first(page.meta, _TITLE_NAMES) or page.heading or _without_site(page.title),
        "publisher": _first(page.meta, _PUBLISHER_NAMES),
        "date": _iso_date(_first(page.meta, _DATE_NAMES)),
        "url": next((url for url in urls if _URL.fullmatch(url)), ""),
    }


def _from_front_matter(raw: str) -> dict[str, str]:
    """Read `name: value` lines between two rulers at the head of a Markdown file."""
    head = FRONT_MATTER.match(raw.lstrip("\ufeff").replace("\r\n", "\n"))
    pairs = (line.split(":", 1) for line in head[1].split("\n") if ":" in line) if head else ()
    values = {name.strip().lower(): value.strip().strip("\"'") for name, value in pairs}
    fields = {name: values.get(name, "") for name in ("title", "publisher", "url")}
    return {**fields, "date": _iso_date(values.get("date", ""))}


def _first(meta: dict[str, str], names: tuple[str, ...]) -> str:
    return next((meta[name] for name in names if meta.get(name)), "")


def _without_site(title: str) -> str:
    """Return a page title without the name of the site behind its last separator."""
    return re.split(r"\s*[_|]\s*|\s+[-–—]\s+", title)[0].strip()


def _from_lines(lines: list[str]) -> dict[str, str]:
    """Read publication lines, which cleaning drops, from the raw lines."""
    head = [fold_characters(line) for line in lines[:_HEAD_LINES]]
    publication = [line for line in head if boilerplate.is_information_line(line)]
    links = [line for line in lines if "://" in line and _LINK_LINE.match(fold_characters(line))]
    url = next((match[0] for line in links if (match := _URL.search(line))), "")
    return {
        "date": next((found for line in publication if (found := _iso_date(line))), ""),
        "publisher": next(
            (found for line in lines[:_HEAD_LINES] if (found := _publisher(line))), ""
        ),
        "url": url,
    }


def _publisher(line: str) -> str:
    """Return the publisher that a line names, in its own script."""
    match = _SOURCE.search(fold_characters(line))
    return _strip_glosses(line[match.start(1) : match.end(1)]) if match else ""


def _strip_glosses(text: str) -> str:
    return re.sub(r"[(（][^)）\u3400-\u9fff]{1,7}[)）]?", "", text)


def _from_clean(lines: list[str]) -> dict[str, str]:
    """Read document numbers, reporters and signatures from the clean lines, in their own script."""
    folded = [fold_characters(line) for line in lines]
    number = next((match for line in lines if (match := _NUMBER.search(line))), None)
    bodies, signed = _signature(lines, folded)
    head = zip(lines[:_HEAD_LINES], folded, strict=False)
    reporter = next((line[: m.end(1)] for line, plain in head if (m := _REPORTER.match(plain))), "")
    source = next((found for line in lines[-3:] if (found := _publisher(line))), "")
    return {
        "document_number": number[0] if number else "",
        "publisher": "、".join(bodies) or reporter or source,
        "date": signed
        or next((_iso_date(line) for line in folded[:3] if _SIGNED_DATE.match(line)), ""),
    }


def _signature(lines: list[str], folded: list[str]) -> tuple[list[str], str]:
    """Return the bodies that sign a notice and the date below them, if there is such a block."""
    for i, line in enumerate(folded):
        if _SIGNED_DATE.match(line):
            bodies: list[str] = []
            for above in range(i - 1, -1, -1):
                if not _BODY.match(folded[above]):
                    break
                bodies.insert(0, lines[above])
            if bodies:
                return bodies, _iso_date(line)
    return [], ""


def _iso_date(text: str) -> str:
    match = _DATE.search(text)
    if not match:
        return ""
    try:
        return date(*map(int, match.groups())).isoformat()
    except ValueError:
        return ""  # such as 2024-13-40: not a date, so not known


def _title_from_text(known: Metadata, source: str, lines: list[str]) -> Metadata:
    first = re.sub(r"^[#\s]+", "", lines[0])
    if _TITLE_LENGTH[0] <= len(first) <= _TITLE_LENGTH[1] and first[-1] not in "。;；,，":
        return _merge(known, {"title": first}, "text")
    cut = re.split(r"[。！？!?]", first)[0][:_CUT_TITLE].rstrip(",，、 ")
    if len(cut) >= _TITLE_LENGTH[0]:
        return _merge(known, {"title": cut}, "first sentence")
    return _merge(known, {"title": source}, "file name")


def _region(title: str, text: str) -> str:
    """Return the place that the title names, else the one named most often."""
    from index.places import find_places

    named = [mention.place.name for mention in find_places(title)]
    if named:
        return named[0]
    counted = Counter(mention.place.name for mention in find_places(text))
    return min(counted, key=lambda name: (-counted[name], name), default="")
