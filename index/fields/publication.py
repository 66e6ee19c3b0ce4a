"""The day on which a page or text was put before the public, and the address it came from.

A date in the text is judged by what stands around it: a label, a clock time, a source, how near it
is to the title; and against it: running text, lists of other articles, comments, the footer.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from index.fields.dates import FoundDate, address_date, find_dates, iso_date
from index.fields.issuers import is_body_line
from index.script import fold_characters

_META_NAMES = (
    "pubdate",
    "publishdate",
    "article:published_time",
    "og:published_time",
    "publish_time",
    "published_time",
    "bytedance:published_time",
    "article:create_at",
    "og:release_date",
    "firstpublishedtime",
    "datepublished",
    "publication_date",
    "parsely-pub-date",
    "sailthru.date",
    "weibo:article:create_at",
    "citation_publication_date",
    "citation_date",
    "prism.publicationdate",
    "dc.date.issued",
    "dcterms.issued",
    "dcterms.created",
    "dc.date",
    "date",
)
# Data for search engines, in programs and in attributes of tags.
_LINKED_DATA = re.compile(r"\"datepublished\"\s{0,9}:\s{0,9}\"([^\"<>]{4,40})\"", re.IGNORECASE)
_MICRODATA = re.compile(
    r"<[a-z]{1,10}\s(?=[^<>]{0,300}\bitemprop\s?=\s?[\"']?datepublished)[^<>]{0,300}?"
    r"\b(?:content|datetime)\s?=\s?[\"']?([\dt:.+-]{8,35})",
    re.IGNORECASE,
)
# What the software that made a page notes in it, for want of anything better.
_STAMP = re.compile(r"<!--[^<>]{0,80}\bpublish(?:ed)?[ _-]?(?:at|time|date|on)[^<>]{0,60}", re.I)

# Publication lines are short; in longer lines a date is a sentence's.
_LONGEST_LINE = 200
_SENTENCE = 60
# The first line of this length that ends a sentence is the article's.
_ARTICLE_LINE = 60
# At least this, and a date is taken for the day of publication: a label or a clock time near the
# title is enough, a bare date far from it is not.
_ENOUGH = 3
# What speaks for a date and against it. Of 28 pages at most one changes when any of these is one
# more or less: the order of the weights matters, not their size.
_LABELLED, _SPEAKS, _HINTS, _BY_TITLE = 4, 2, 1, 3
_IN_SENTENCE, _IN_LIST, _IN_FOOTER = 3, 3, 4
_NEVER = -9
# Lines with a date this close around are a list of other articles if there are so many of them.
_LIST_REACH = 3
_LIST_LINES = 3
_NEAR, _NOT_FAR = 4, 12  # lines from the title
_MOST_TITLES = 20  # places where a page repeats its title
_MOST_LINES = 5_000  # of a page are looked at: who publishes says so at its head

_PUBLISHED = re.compile(
    r"(?:发布|发表|刊发|刊登|上线|上传|张贴|录入|公开|发稿|成稿|贴出|见报|来稿|post(?:ed)?|publish(?:ed)?"
    # 发行日期 is another day: these words must begin the label.
    r"|released?|(?<![\u4e00-\u9fff])(?:时间|日期|date|time))"
    r"\s?(?:于|在|on|at|日期|时间|日)?\s?[:@|]?\s?$"
)
_UPDATED = re.compile(r"(?:更新|修改|修订|updated?)\s?(?:于|时间|日期)?\s?:?\s?$")
_UPDATED_AFTER = re.compile(
    r"^(?:\s?\d{1,2}:\d{2}(?::\d{2})?)?\s?(?:更新|发布|发表|发稿|刊发|张贴)"
)
# Other days of a document than that of its publication, and days that a period begins or ends.
_OTHER_DAY = re.compile(
    r"(?:成文|印发|签发|施行|实施|生效|废止|失效|截止|截至|有效|举办|会议|活动|开标|注册|出生|建立|开通"
    r"|报名|考试|申报|公示|检索|访问|保存|打印|下载)[^\d一二]{0,8}$|[自从至到由]\s?$|今天是?[:,]?\s?$"
    r"|(?:现在|当前)(?:是|时间)[:,]?\s?$|\d\s?[-~—–]{1,2}\s?$"
)
_PERIOD_AFTER = re.compile(r"^\s?(?:至|到|起|前|后|以|之|[-~—–]{1,2}\s?\d)")
_SENTENCE_AFTER = re.compile(r"^,|^[，、。]|^\s?(?:[上下]午|晚|凌晨)?,?[\u4e00-\u9fff]{3,}[,。]")
_CLOCK = re.compile(r"^[\st]{0,3}(?:[上下]午|星期.|周.)?,?\s{0,3}\d{1,2}[:：时]\d{1,2}")
_CREDIT = re.compile(
    r"来源|来自|作者|点击|浏览|阅读|访问|字号|字体|编辑|记者|通讯员|供稿|打印|人气|关注|source|author"
)
_FOOTER = re.compile(r"版权所有|copyright|©|icp备|公网安备|all rights reserved|技术支持")
_OTHERS = re.compile(
    r"^\W{0,3}(?:相关(?:新闻|阅读|文章|链接|报道|推荐|专题|内容|文件|资讯)|热门|推荐|延伸阅读|最新(?:评论|文章)"
    r"|网友评论|评论|更多|猜你喜欢|排行|上一篇|下一篇).{0,30}$"
)
_TODAY = re.compile(r"今天是|现在是|北京时间|京港台时间|当前时间|天气")
_LISTED = re.compile(r"[\[【(（]\s?$")
# The stamp of a browser on each page that it prints: 2026/7/24 15:30  title  1/5.
_PRINTED = re.compile(r"^\d{4}/\d{1,2}/\d{1,2},? \d{1,2}:\d{2}(?!:)")

_ADDRESS = re.compile(
    r"https?://[\w.-]{3,253}(?::\d{1,5})?(?:/[^\s\"'<>\u3000-\u9fff\uff00-\uffef]{0,400})?"
)
_SAVED = re.compile(
    r"saved from url=\(\d{1,6}\)(\S{8,500})|saved with singlefile\s{1,4}url: (\S{8,500})", re.I
)
_ADDRESS_LINE = re.compile(
    r"^\W{0,3}(?:本文|原文|文章|来源|信息|页面|稿件|网页)?(?:来源)?(?:链接|网址|地址|url)(?:地址)?\s?[:：]"
)
_PRINTED_ADDRESS = re.compile(r"^https?://\S{4,400}\s+\d{1,4}/\d{1,4}$")
_HEAD = 4_000  # characters in which a browser notes where it saved a page from


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """Where the parts of a page are: line numbers, as many as lines where there is none."""

    titles: tuple[int, ...]
    article: int
    footer: int
    others: int


def declared_date(meta: dict[str, str], source: str) -> str:
    """Return the day of publication that an HTML source declares, as ISO 8601, else ""."""
    named = (iso_date(meta.get(name, "")) for name in _META_NAMES)
    if iso := next((iso for iso in named if iso), ""):
        return iso
    data = (*_LINKED_DATA.finditer(source), *_microdata(source))
    return next((iso for match in data if (iso := iso_date(match[1]))), "")


def _microdata(source: str) -> Iterator[re.Match[str]]:
    return _MICRODATA.finditer(source) if "itemprop" in source else iter(())


def published_date(
    lines: Sequence[str], title: str, address: str = "", *, printed: bool = False
) -> str:
    """Return the day of publication that the lines of a page or text tell, else that of its URL.

    `lines` hold no empty ones; ties go to the first. A page that was `printed` from a browser bears
    the time of printing, which does not count.
    """
    lines = [line for line in lines[:_MOST_LINES] if not (printed and _PRINTED.match(line))]
    dated = list(_dated(lines))
    around = _surroundings(lines, title)
    hint = address_date(address)
    crowded = _crowded([i for i, _, _ in dated])
    best, iso = _ENOUGH - 1, hint
    for i, line, dates in dated:
        for found in dates:
            score = _score(lines, i, line, found, around) - (_IN_LIST if i in crowded else 0)
            score += _SPEAKS if hint and found.iso == hint else 0
            if score > best:
                best, iso = score, found.iso
    return iso


def stamped_date(source: str) -> str:
    """Return the day that the software of a page noted in a comment, the weakest evidence."""
    return next((iso for match in _STAMP.finditer(source) if (iso := iso_date(match[0]))), "")


def _dated(lines: Sequence[str]) -> Iterator[tuple[int, str, list[FoundDate]]]:
    for i, line in enumerate(lines):
        if len(line) <= _LONGEST_LINE and (dates := find_dates(line)):
            yield i, fold_characters(line), dates


def _surroundings(lines: Sequence[str], title: str) -> _Surroundings:
    wanted = _tight(title)
    found = (i for i, line in enumerate(lines) if wanted and _is_title(line, wanted))
    titles = tuple(islice(found, _MOST_TITLES))
    start = titles[0] if titles else 0
    article = next((i for i in range(start, len(lines)) if _is_prose(lines[i])), len(lines))
    short = [i for i in range(article, len(lines)) if len(lines[i]) < _LONGEST_LINE]
    folded = {i: fold_characters(lines[i]) for i in short}
    footer = next((i for i in short if _FOOTER.search(folded[i])), len(lines))
    others = next((i for i in short if _OTHERS.match(folded[i])), len(lines))
    return _Surroundings(titles, article, footer, others)


def _is_prose(line: str) -> bool:
    return len(line) >= _ARTICLE_LINE and any(mark in line for mark in "。，,")


def _is_title(line: str, wanted: str) -> bool:
    return len(line) < 2 * len(wanted) + 40 and _tight(line) == wanted


def _tight(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


def _crowded(numbers: list[int]) -> frozenset[int]:
    """Return the lines that stand among several dated ones, as in a list of articles."""
    crowded = set()
    for k, number in enumerate(numbers):
        near = numbers[max(0, k - _LIST_LINES) : k + _LIST_LINES + 1]
        if sum(abs(number - other) <= _LIST_REACH for other in near) >= _LIST_LINES:
            crowded.add(number)
    return frozenset(crowded)


def _score(lines: Sequence[str], i: int, line: str, found: FoundDate, around: _Surroundings) -> int:
    before, after = line[max(0, found.start - 16) : found.start], line[found.end : found.end + 24]
    if _OTHER_DAY.search(before) or _PERIOD_AFTER.match(after) or _TODAY.search(line):
        return _NEVER
    if i and line[: found.start].strip() == "" and is_body_line(lines[i - 1]):
        return _NEVER  # a signature
    published = bool(_PUBLISHED.search(before))
    clock = bool(_CLOCK.match(after))
    credit = bool(_CREDIT.search(line[: found.start] + line[found.end :]))
    score = _LABELLED * published + _SPEAKS * (clock + credit)
    score += _SPEAKS * (
        not published and bool(_UPDATED.search(before) or _UPDATED_AFTER.match(after))
    )
    score += _by_line(line, found, before, after, published)
    return score + _by_place(i, around)


def _by_line(line: str, found: FoundDate, before: str, after: str, published: bool) -> int:
    """Judge the line: a date alone or with little beside it; a sentence; an item of a list."""
    beside = len(line) - (found.end - found.start)
    score = _HINTS if beside <= _SENTENCE // 2 else 0
    if beside > _SENTENCE and not published:
        score -= _IN_SENTENCE
    if "。" in line or _SENTENCE_AFTER.match(after):
        score -= _IN_SENTENCE
    if not published and (_LISTED.search(before) or line.startswith(("·", "•", "["))):
        score -= _IN_LIST
    return score


def _by_place(i: int, around: _Surroundings) -> int:
    score = 0
    distance = min((abs(i - title) for title in around.titles), default=_NOT_FAR)
    if distance <= _NEAR:
        score += _BY_TITLE
    elif distance <= _NOT_FAR:
        score += _HINTS
    if i < around.article:
        score += _HINTS
    if i > around.footer:
        score -= _IN_FOOTER
    if i > around.others:
        score -= _IN_LIST
    return score


# --- addresses


def find_address(meta: dict[str, str], canonical: str, source: str) -> str:
    """Return the address that an HTML source declares for itself; "" if there is none."""
    saved = _SAVED.search(source[:_HEAD])
    noted = (saved[1] or saved[2]) if saved else ""
    for address in (canonical, meta.get("og:url", ""), meta.get("url", ""), noted):
        whole = f"https:{address}" if address.startswith("//") else address
        if _ADDRESS.fullmatch(whole) and (address is not meta.get("url") or _names_page(whole)):
            return whole
    return ""


def _names_page(address: str) -> bool:
    """Tell whether an address has a path: a site's front page is no document's address."""
    return bool(address.split("://")[1].partition("/")[2])


def line_address(lines: Sequence[str]) -> str:
    """Return the address in a line such as 原文链接：…, or in the footer of a printed page."""
    for line in lines:
        if "://" not in line or len(line) > 2 * _LONGEST_LINE + len("https://"):
            continue
        told = _ADDRESS_LINE.match(fold_characters(line)) or _PRINTED_ADDRESS.match(line)
        if told and (match := _ADDRESS.search(line)):
            return match[0].rstrip(".,;)")
    return ""
