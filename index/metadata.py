"""What is known about a document, each field with where it was found.

Sources, from the surest: what the row or format declares ("declared"), the table at the head of a
government page, publication lines, titles and signatures ("text"), and for a title, if nothing
else is there, the first sentence or the name of the file.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from index.clean import FRONT_MATTER
from index.cleaning import boilerplate
from index.fields.dates import iso_date, labelled_date
from index.fields.head_table import read_head_table
from index.fields.issuers import (
    Signature,
    adopted_date,
    find_number,
    find_signature,
    head_issuer,
    is_body_line,
    level_of,
    number_in,
    signed_date,
    title_issuer,
)
from index.fields.page_text import visible_lines
from index.fields.publication import (
    declared_date,
    find_address,
    line_address,
    published_date,
    stamped_date,
)
from index.fields.status import find_status
from index.fields.titles import declared_title, official_title, title_of_text
from index.formats.markup import Page, read_page
from index.script import fold_characters
from index.types import CleanText, Document, Metadata

if TYPE_CHECKING:
    from index.places import PlaceMention

# Where publication lines stand: near the top of a text, before or just after its title.
_HEAD_LINES = 40
_BEFORE_TITLE = 5
# The publication lines of a text without markup are looked for in fewer lines than its table.
_REPORTER_LINES = 12
# What a document is about it says within so many characters; names are looked up in pure Python.
_ABOUT = 200_000
# Longer values are no names.
_LONGEST_NAME = 60

_SOURCE = re.compile(
    r"(?:信息来源|文章来源|素材来源|稿件来源|新闻来源|来源|发布机构|发布单位)\s?:\s{0,3}([^\s|,，。;；:：<>]{2,30})"
    # A paper behind the clock time: 2024-05-03 10:20 某某日报.
    r"|\d{1,2}:\d{2}(?::\d{2})?\s{0,3}《?([\u4e00-\u9fff]{2,12}(?:报|网|通讯社|周刊|新闻|在线))》?(?=\s|$)"
)
_NEXT_LABEL = re.compile(
    "(?<=..)(?:记者|作者|责编|责任编辑|时间|日期|发布[时日于]|点击|浏览|阅读|字[体号])"
)
_SOURCE_LABEL = re.compile(r"^(?:(?:信息|文章|稿件|新闻)?来源|source)\s?[:：]\s?", re.IGNORECASE)
_REPORTER = re.compile(r"^([\u4e00-\u9fff]{2,10}?)(?:记者|讯)[^。]{0,40}$")
_PUBLISHER_NAMES = ("contentsource", "source", "publisher", "dc.publisher", "citation_publisher")
# These name the site and who keeps it: asked when the text names no source.
_SITE_NAMES = ("og:site_name", "sitename", "author")
_COLUMN = re.compile(r"(?:专栏|栏目|频道|首页|主页|专题)$")
# What stands behind 来源: where no source is named.
_NO_SOURCE = re.compile(
    r"(?:转载|原创|互联网|网络|本站|本网|未知|综合|整理|其他|不详|无){1,3}(?:文章|内容)?|本.|\W*"
)
# An author is a person, an account or a page program, unless it is called like this.
_ORGANISATION = re.compile(
    r"(?:网|报|社|台|局|厅|委|部|院|会|政府|办公室|中心|公司|集团|杂志|日报|频道)$"
)


@dataclass(frozen=True, slots=True)
class _Text:
    """The lines of a document: as it shows them, and as cleaning leaves them."""

    page: Page | None
    shown: Sequence[str]
    kept: Sequence[str]
    signature: Signature
    table: dict[str, str]


def read_metadata(document: Document, clean: CleanText) -> Metadata:
    """Return the declared metadata of a document, what is missing taken from its text.

    `found` tells "declared" from "text", "file name" and, for a title made of it, "first sentence".
    """
    known = document.metadata
    known = replace(known, date=iso_date(known.date) or known.date)
    text = _text(document, clean)
    if text.page:
        known = _merge(known, _from_page(text.page, text, document.raw), "declared")
    if document.media_type == "text/markdown":
        known = _merge(known, _from_front_matter(document.raw), "declared")
    known = _merge(known, _from_table(text.table), "text")
    known = _title(known, document, text)
    known = _merge(known, _from_text(known, text, document), "text")
    known = _merge(known, {"publisher": _site(text.page)}, "declared")
    known = _merge(known, {"publisher": known.issuer}, "text")
    return _merge(known, _whose(known, clean.text), "text")


def _text(document: Document, clean: CleanText) -> _Text:
    page = read_page(document.raw) if document.media_type == "text/html" else None
    lines = map(str.strip, document.raw.splitlines())
    shown = visible_lines(document.raw) if page else list(filter(None, lines))
    kept = clean.text.split("\n")
    return _Text(page, shown, kept, find_signature(kept), read_head_table(shown))


def _merge(known: Metadata, more: dict[str, str], where: str) -> Metadata:
    news = {name: value for name, value in more.items() if value and not getattr(known, name)}
    return replace(known, **news, found={**known.found, **dict.fromkeys(news, where)})


def _from_page(page: Page, text: _Text, source: str) -> dict[str, str]:
    title = declared_title(page.meta, page.heading, page.title, text.shown)
    official = official_title(text.kept)
    # A page may be titled by its column or by its site, or a title may be cut.
    cut = len(title) < len(official) and (_holds(official, title) or is_body_line(title))
    if official and (not title or cut):
        title = official
    return {
        "title": title,
        "publisher": _named(page, _PUBLISHER_NAMES),
        "date": declared_date(page.meta, source),
        "url": find_address(page.meta, page.canonical, source),
    }


def _holds(whole: str, part: str) -> bool:
    return fold_characters(part).rstrip(".…") in fold_characters(whole)


def _named(page: Page, names: Sequence[str]) -> str:
    """Return the first of the meta tags that names a publisher."""
    for name in names:
        value = _SOURCE_LABEL.sub("", page.meta.get(name, "").strip()).strip()
        folded = fold_characters(value[:_LONGEST_NAME])
        if len(value) > _LONGEST_NAME or "://" in value or _NO_SOURCE.fullmatch(folded):
            continue
        if name in _SITE_NAMES and _COLUMN.search(folded):
            continue
        if name != "author" or _ORGANISATION.search(folded):
            return value
    return ""


def _from_front_matter(raw: str) -> dict[str, str]:
    """Read `name: value` lines between two rulers at the head of a Markdown file."""
    head = FRONT_MATTER.match(raw.lstrip("\ufeff").replace("\r\n", "\n"))
    pairs = (line.split(":", 1) for line in head[1].split("\n") if ":" in line) if head else ()
    values = {name.strip().lower(): value.strip().strip("\"'") for name, value in pairs}
    names = ("title", "publisher", "issuer", "document_number", "url", "status")
    dates = {name: iso_date(values.get(name, "")) for name in ("date", "issued")}
    return {**{name: values.get(name, "") for name in names}, **dates}


def _from_table(table: dict[str, str]) -> dict[str, str]:
    """Return what a head table says, dates and numbers in their usual form."""
    return {
        "title": table.get("title", ""),
        "publisher": table.get("publisher", ""),
        "issuer": "、".join(re.split(r"[\s、,，;；]+", table.get("issuer", ""))),
        "date": labelled_date(table.get("date", "")),
        "issued": labelled_date(table.get("issued", "")),
        "document_number": number_in(table.get("document_number", "")),
    }


def _title(known: Metadata, document: Document, text: _Text) -> Metadata:
    if not known.title:
        title, where = title_of_text(_below_sheet_name(document, text.kept))
        known = _merge(known, {"title": title}, where)
    return _merge(known, {"title": document.id}, "file name")


def _below_sheet_name(document: Document, lines: Sequence[str]) -> Sequence[str]:
    """Leave out the name of the first sheet where its first row holds nothing but a title."""
    named = document.layout.pages and document.layout.headings
    first = document.layout.headings[0][0].of(document.raw).strip() if named else ""
    titled = len(lines) > 2 and lines[0] == first and "\t" in " ".join(lines[2:4])
    return lines[1:] if titled and "\t" not in lines[1] else lines


def _from_text(known: Metadata, text: _Text, document: Document) -> dict[str, str]:
    """Read publication lines, which cleaning drops, signatures, numbers and status words."""
    head = text.shown[:_HEAD_LINES]
    issuer = known.issuer or _issuer(known.title, text)
    issued = known.issued or text.signature.date or adopted_date(text.kept)
    if not issued and issuer:
        issued = signed_date(text.kept)
    url = known.url or line_address(text.shown)
    near = text.shown[_near_title(known.title, text.shown) :][:_HEAD_LINES] if text.page else head
    return {
        "publisher": _publisher(near, text.kept),
        "issuer": issuer,
        "issued": issued,
        "date": _published(known.title, url, head, text, document) or issued,
        "document_number": find_number(text.kept, known.title),
        "url": url,
        "status": find_status(known.title, text.kept, text.table.get("status", "")),
    }


def _issuer(title: str, text: _Text) -> str:
    """Return the bodies that sign, else those of the title or the letterhead.

    One that signs in short (创新科技署) is named in full at the head.
    """
    signed = "、".join(text.signature.bodies)
    above = title_issuer(title) or head_issuer(text.kept)
    return above if not signed or above.endswith(signed) else signed


def _published(title: str, url: str, head: Sequence[str], text: _Text, document: Document) -> str:
    if document.media_type == "text/html":
        return published_date(text.shown, title, url) or stamped_date(document.raw)
    if document.layout.pages:
        return published_date(head, title, url, printed=True)
    sure = (line for line in head if boilerplate.is_information_line(line))
    return published_date(head, title, url) or next(filter(None, map(iso_date, sure)), "")


def _publisher(head: Sequence[str], kept: Sequence[str]) -> str:
    """Return who the publication lines name: a source, else a reporter's paper, in its script."""
    source = next((found for line in head if (found := _source(line))), "")
    folded = [(line, fold_characters(line[:_LONGEST_NAME])) for line in kept[:_REPORTER_LINES]]
    matches = ((line, _REPORTER.match(plain)) for line, plain in folded if len(line) == len(plain))
    papers = (line[: match.end(1)] for line, match in matches if match)
    reporter = next((name for name in papers if not _NO_SOURCE.fullmatch(name)), "")
    return source or reporter or next((name for line in kept[-3:] if (name := _source(line))), "")


def _near_title(title: str, lines: Sequence[str]) -> int:
    """Return the number of the line from which a page's source is looked for: its menu has none."""
    found = (i for i, line in enumerate(lines) if line == title)
    return max(0, next(found, 0) - _BEFORE_TITLE)


def _source(line: str) -> str:
    match = _SOURCE.search(fold_characters(line)) if len(line) <= 5 * _LONGEST_NAME else None
    group = match.lastindex or 0 if match else 0
    name = line[match.start(group) : match.end(group)] if match else ""
    # Where a page parts its labels by its layout alone: 来源：某某日报记者 …
    name = name[: next((m.start() for m in _NEXT_LABEL.finditer(fold_characters(name))), None)]
    name = re.sub(r"[(（][^)）\u3400-\u9fff]{1,7}[)）]?", "", name)  # glosses
    return "" if _NO_SOURCE.fullmatch(fold_characters(name)) else name


def _site(page: Page | None) -> str:
    """Return the name of the site of a page: as it declares it, or behind its title (…_某网)."""
    if page is None:
        return ""
    first, *_, last = (part.strip() for part in re.split(r"[_|<>-]", f"{page.title}-{page.title}"))
    named = re.search(r"(?:网|网站|报|在线|政府)$", fold_characters(last)) or is_body_line(last)
    site = last if named else first if is_body_line(first) else ""
    return _named(page, _SITE_NAMES) or (site if site != page.title else "")


def _whose(known: Metadata, text: str) -> dict[str, str]:
    level = known.level or level_of(known.issuer, known.document_number, known.title)
    return {"level": level, "region": _region(known, level, text)}


def _names_law(text: str, mention: "PlaceMention", level: str) -> bool:
    """Tell whether a nation is named by a law (《中华人民共和国…法》) or by a lower body."""
    nation = mention.place.level == "nation"
    return nation and (
        level not in ("", "national") or text[mention.start - 1 : mention.start] == "《"
    )


def _region(known: Metadata, level: str, text: str) -> str:
    """Return the place that a document is about.

    That is the one that its title names, else the one whose body issued it, else the one that it
    names most often.
    """
    from index.places import find_places, place

    if named := find_places(known.title):
        return named[0].place.name
    if issuer := find_places(known.issuer.split("、")[0]):
        return issuer[-1].place.name
    if level == "national":
        return "中国"
    # 粤府 is a province's number, 云安府 need not be one of 云南.
    numbered = place(known.document_number[:1])
    if numbered and level == numbered.level:
        return numbered.name
    about = text[:_ABOUT]
    mentions = (m for m in find_places(about) if not _names_law(about, m, level))
    counted = Counter(mention.place.name for mention in mentions)
    return min(counted, key=lambda name: (-counted[name], name), default="")
