"""What a question would rather have: a place, a year, a kind of document, the latest; pure.

A preference is soft: it moves passages up and never leaves one out. What a user demands is a
filter (filters.py).
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from index.fields.dates import iso_date
from index.filters import day_of
from index.places import Place, PlaceMention, covers, find_places, place
from index.script import fold_characters, to_traditional
from index.types import Metadata, Passage

# Where a passage fits an asked place: its document is about that very place, or its title or a
# heading names it; its document is about a part of it; its own text names it; its document is about
# a larger place, whose rules hold there too.
_SAME, _WITHIN, _NAMED, _ABOVE = 1.0, 0.75, 0.75, 0.25
# A passage that names the year in its text need not be about it: 2035 is also a target.
_YEAR_NAMED = 0.75
_MINGUO = 1911  # the year before the first of the Republic's calendar
# 2000万元, 2024家 and 2000 yuan are no years. Patterns for questions run over folded text, those
# for passages over text in either script.
_COUNTED = (
    r"(?!\d|\s?(?:[万萬亿億千百家个個人名项項元吨噸公米平倍种種件]|yuan|rmb|usd|million|billion"
    r"|compan|people|project|enterprise))"
)
_YEAR = re.compile(
    rf"(?<![\d.])(?P<western>(?:19|20)\d\d){_COUNTED}"
    r"|(?P<chinese>(?:一九|二[〇○零])[〇○零一二三四五六七八九]{2}"
    r"|民国\s?(?:\d{2,3}|[一二三四五六七八九十百〇○零]{1,6}))(?=年)"
)
_HAN_DIGITS = str.maketrans("0123456789", "〇一二三四五六七八九")
_LATEST = re.compile(
    r"最新|最近|现行|\b(?:latest|newest|most recent|current|in force|up[- ]to[- ]date)\b"
)
_ENDED = re.compile("废止|失效")
# Between a place and a place within it that is named beside it: 广东省东莞市; Dongguan, Guangdong.
_BESIDE = " ,，省市的's"
# A name of n characters has up to 2ⁿ forms with characters of both scripts.
_LONGEST_MIXED = 4
_NEWS = "新闻"

# kind: how a question names it | what the title or status of such a document holds. Where two
# begin at one character the first counts. Words that are also plain ones (措施, 意见, plan) are
# read only where they look like a title: 若干措施, the plan.
_KINDS = {
    "征求意见稿": (
        r"(?:征求|征询)意见|意见稿|草案|送审稿|\bdrafts?\b|\bconsultation paper\b"
        r"|\bfor (?:public )?(?:comments?|consultation)\b",
        "征求意见|征询意见|征集意见|草案|送审稿|讨论稿",
    ),
    "实施细则": (
        r"细则|\b(?:implementation|implementing|implementary|detailed) rules\b|\bbylaws?\b",
        "细则",
    ),
    "办法": (
        r"(?<![么些何想没有决])办法|\bmeasures for the\b"
        r"|\b(?:administrative|management|interim|provisional|trial) measures\b",
        "办法",
    ),
    "措施": (
        r"若干措施|措施(?=[》」』(])"
        r"|\b(?:several|some|the|support(?:ing)?|policy|draft|latest|current|new|\d{4}) measures\b",
        "措施",
    ),
    "意见": (r"(?<![求询取集么些何有和])意见(?![书箱])|\b(?:guiding )?opinions\b", "意见"),
    "行动计划": (r"行动(?:计[划画]|方案)|\baction plan\b", "行动(?:计[划画]|方案)"),
    "规划": (
        r"规划(?![局部和与建设])|\b(?:development|five[- ]year|master|long[- ]term) plan\b",
        "规划|纲要",
    ),
    "方案": (r"方案(?!设计)|\b(?:implementation|work) (?:plan|scheme)\b", "方案"),
    "计划": (
        r"(?:年|工作|实施|专项)计[划画]|计[划画](?=[》」』])"
        r"|(?:\bthe|\bthis|\bthat|'s|\d) plan\b(?! to\b)",
        "计[划画]|规划|方案",
    ),
    "条例": (r"条例|\bregulations\b", "条例|规定"),
    "规定": (r"(?:若干|管理|暂行|补充)规定|规定(?=[》」』])|\bprovisions\b", "规定"),
    "通知": (r"通知(?![书到])|\b(?:notice|circular)\b", "通知"),
    "公告": (r"公告|通告|公示|\b(?:announcement|public notice)\b", "公告|通告|公示"),
    "指南": (r"指南|指引|\b(?:guide|guidelines?)\b", "指南|指引"),
    "清单": (r"清单|目录|\b(?:catalogue|catalog)\b", "清单|目录"),
    "解读": (
        r"解读|图解|一图读懂|\b(?:interpretation|explainer|policy reading)\b",
        "解读|图解|读懂|问答",
    ),
    "报告": (
        r"(?:工作|年度|研究|发展)报告|白皮书|\b(?:annual report|white paper)\b",
        "报告|白皮书",
    ),
    _NEWS: (r"新闻|报道|媒体|\bnews\b|\bpress\b", ""),
}
_ASKED_KIND = re.compile("|".join(f"(?P<{kind}>{asked})" for kind, (asked, _) in _KINDS.items()))
_OF_KIND = {kind: re.compile(title) for kind, (_, title) in _KINDS.items() if title}
# News is told by who brings it: documents of the press do not call themselves news.
_PRESS = re.compile(r"(?:报|网|社|电视台|广播|新闻|在线|周刊|杂志|客户端|times|daily|news|post)$")


MOST_PLACES = 8  # each costs a search


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a question states; one of the places, years and kinds is enough for a passage to fit."""

    places: tuple[Place, ...] = ()
    years: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()  # 办法, 通知, 新闻 …
    latest: bool = False

    @property
    def stated(self) -> bool:
        """Whether the question states any."""
        return bool(self.places or self.years or self.kinds or self.latest)


def preferences(question: str) -> Preferences:
    """Return what a question in Simplified, Traditional or English states."""
    folded = fold_characters(question)
    asked = (one for group in _asked_places(question) for one in group)
    kinds = (match.lastgroup for match in _ASKED_KIND.finditer(folded))
    return Preferences(
        places=tuple(dict.fromkeys(asked)),
        years=tuple(dict.fromkeys(filter(None, map(_year, _YEAR.finditer(folded))))),
        kinds=tuple(dict.fromkeys(kind for kind in kinds if kind)),
        latest=bool(_LATEST.search(folded)),
    )


def candidate_days(candidates: Iterable[Metadata]) -> tuple[str, ...]:
    """Return the different dates of the candidates' documents, the oldest first."""
    return tuple(sorted({day for metadata in candidates if (day := day_of(metadata))}))


def preference(
    wanted: Preferences, passage: Passage, metadata: Metadata, days: Sequence[str] = ()
) -> float:
    """Return 0..1, the share of what the question states that a passage fits; 0 if that is nothing.

    `days` are the `candidate_days`: the latest of them fits "latest" best, the first not at all.
    """
    if not wanted.stated:
        return 0.0
    head = "\n".join((metadata.title, *passage.heading))
    fits = []
    if wanted.places:
        asked = [one.name for one in wanted.places]
        fits.append(_place_fit(asked, metadata.region, head, passage.text))
    if wanted.years:
        fits.append(max(_year_fit(year, metadata, head, passage.text) for year in wanted.years))
    if wanted.kinds:
        fits.append(max(_kind_fit(kind, metadata) for kind in wanted.kinds))
    if wanted.latest:
        fits.append(_recency(metadata, days))
    return sum(fits) / len(fits)


def unknown_places(
    question: str, regions: Collection[str], stands: Callable[[str], bool]
) -> tuple[Place, ...]:
    """Return the asked places that the library knows nothing of, in order.

    `regions` are those of its documents; `stands` tells whether a name stands in a passage, in any
    script or case. Of namesakes (Taizhou) none may be known for the first to be returned. Of more
    than MOST_PLACES the rest is not looked at: what names so many is a list.
    """
    own = [found for name in dict.fromkeys(regions) if (found := place(name))]
    return tuple(
        group[0]
        for group in _asked_places(question)[:MOST_PLACES]
        if not any(_is_known(one, own, stands) for one in group)
    )


def _is_known(asked: Place, regions: Iterable[Place], stands: Callable[[str], bool]) -> bool:
    names = (asked.name, asked.full, *asked.english)
    return any(covers(asked, region) for region in regions) or any(map(stands, names))


# --- reading the question


def _asked_places(question: str) -> list[tuple[Place, ...]]:
    """Return each asked place with its namesakes; the nation, which all are about, is left out.

    Of a place and the one that holds it, named side by side, the smaller is asked for.
    """
    mentions = [m for m in find_places(question) if m.place.level != "nation"]
    kept = (
        mention
        for at, mention in enumerate(mentions)
        if not any(
            _only_says_where(mention, other, question)
            for other in (*mentions[max(0, at - 1) : at], *mentions[at + 1 : at + 2])
        )
    )
    return list(dict.fromkeys((mention.place, *mention.others) for mention in kept))


def _only_says_where(mention: PlaceMention, other: PlaceMention, text: str) -> bool:
    first, second = sorted((mention, other), key=lambda one: one.start)
    beside = not text[first.end : second.start].strip(_BESIDE)
    return beside and mention.place != other.place and covers(mention.place, other.place)


def _year(match: re.Match[str]) -> int:
    """Return the year that was matched, 0 if it lies beyond the calendar."""
    return int(match["western"] or iso_date(f"{match['chinese']}年一月一日")[:4] or 0)


# --- looking at a passage


def _place_fit(asked: Sequence[str], region: str, head: str, text: str) -> float:
    fit = max(_region_fit(name, region) for name in asked)
    if fit < _SAME and _names_one(tuple(asked), head):
        return _SAME
    return _NAMED if fit < _NAMED and _names_one(tuple(asked), text) else fit


@lru_cache(maxsize=4096)
def _region_fit(asked: str, region: str) -> float:
    """Return how well a document about one place fits another; libraries have few places."""
    wanted, own = place(asked), place(region)
    if wanted is None or own is None:
        return 0.0
    if wanted == own:
        return _SAME
    return _WITHIN if covers(wanted, own) else _ABOVE if covers(own, wanted) else 0.0


def _year_fit(year: int, metadata: Metadata, head: str, text: str) -> float:
    dated = str(year) in (metadata.date[:4], metadata.issued[:4])
    if dated or _names_year(year, head):
        return 1.0
    return _YEAR_NAMED if _names_year(year, text) else 0.0


def _kind_fit(kind: str, metadata: Metadata) -> float:
    if kind == _NEWS:
        return float(not metadata.issuer and bool(_PRESS.search(_folded(metadata.publisher))))
    return float(bool(_OF_KIND[kind].search(_folded(f"{metadata.title} {metadata.status}"))))


def _recency(metadata: Metadata, days: Sequence[str]) -> float:
    """Return the share of the other dates that are older: one date far off changes nothing."""
    day = day_of(metadata)
    if not day or _ENDED.search(_folded(metadata.status)):
        return 0.0
    return min(1.0, bisect_left(days, day) / (len(days) - 1)) if len(days) > 1 else 1.0


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    return fold_characters(text)


def _names_one(asked: tuple[str, ...], text: str) -> bool:
    """Tell whether a text holds a name of a place; what else the name may be part of is let pass.

    To fold or to read a hundred passages would take 5 ms or 30, to look for names takes 0.2.
    """
    chinese, english = _names(asked)
    if any([name in text for name in chinese]):
        return True
    lowered = text.lower()
    return any([name in lowered for name in english])


@lru_cache(maxsize=1024)
def _names(asked: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the Chinese names of places in either script and the English ones in lower case."""
    places = [found for name in asked if (found := place(name))]
    # A text that holds 东莞市 holds 东莞.
    short = [p.name for p in places] + [p.full for p in places if p.name not in p.full]
    chinese = dict.fromkeys(written for name in short for written in _either_script(name))
    return tuple(chinese), tuple(name.lower() for p in places for name in p.english)


def _either_script(name: str) -> Iterable[str]:
    """Return a Simplified name in either script; if it is short also mixed, since 台灣 is usual."""
    whole = to_traditional(name)
    if len(name) > _LONGEST_MIXED:
        return name, whole
    either = (dict.fromkeys(pair) for pair in zip(name, whole, strict=True))
    return map("".join, product(*either))


def _names_year(year: int, text: str) -> bool:
    writings, pattern = _writings(year)
    return any([one in text for one in writings]) and bool(pattern.search(text))


@lru_cache(maxsize=1024)
def _writings(year: int) -> tuple[tuple[str, ...], re.Pattern[str]]:
    """Return how texts in either script write a year, and what rules out other numbers."""
    chinese = str(year).translate(_HAN_DIGITS)
    written = [chinese.replace("〇", zero) for zero in "〇○零"]
    if year > _MINGUO:
        written += [
            f"{name}{space}{year - _MINGUO}" for name in ("民国", "民國") for space in ("", " ")
        ]
    pattern = rf"(?<![\d.]){year}{_COUNTED}|(?:{'|'.join(written)})(?=\s?年)"
    return (str(year), *dict.fromkeys(written)), re.compile(pattern)
