"""The library at a glance: how many documents there are by date and by region, as bars of HTML.

Each bar is a link that narrows the table of documents down to those that it counts: what is to be
looked for is in its address, ?do=filter&find=…, as gradio lets no other attribute through; where
it does not clean HTML, `data-yz-filter` says the same in fields. All text of a bar can be read, so
that it needs neither its colour nor its length.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from index.places import place
from index.script import to_traditional
from index.types import Metadata
from page.text import escaped, in_language
from rag.messages import name_of
from rag.types import Language

_LABELS: dict[str, tuple[str, str]] = {
    "by_date": ("按发布日期", "By date of publication"),
    "by_region": ("按地区", "By region"),
    "undated": ("日期不详", "no date known"),
    "unplaced": ("地区不详", "no region known"),
    "earlier": ("{}年及以前", "{} and before"),
    "others": ("其他 {} 个地区", "{} other regions"),
    "year": ("{}年", "{}"),
    "month": ("{0}年{1}月", "{0}-{1:02}"),
    "documents": ("{:,} 份文件", "{:,} documents"),
    "document": ("{:,} 份文件", "{:,} document"),
    "filter": ("只看这些", "show these only"),
    "find_region": ("地区:{}", "place:{}"),
    "find_date": ("日期:{}", "date:{}"),
    "empty": ("资料库中还没有文件。", "There are no documents in the library yet."),
}
# Bars that are taken in at a glance. So many months or fewer are told apart, else years are.
_MOST_BARS = 12
_LEAST_WIDTH = 1.5  # per cent: one document in thousands is still seen
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Bar:
    """A number of documents; `filter` narrows the library down to them, empty if it cannot."""

    label: str
    count: int
    filter: tuple[tuple[str, str], ...] = ()


def chart_html(metadata: Mapping[str, Metadata], language: Language) -> str:
    """Return bars of the documents by date and by region, on one line of source."""
    if not metadata:
        return f'<p class="yz-chart-empty">{in_language(_LABELS, "empty", language)}</p>'
    known = metadata.values()
    parts = (
        ("by_date", date_bars((one.date or one.issued for one in known), language)),
        ("by_region", region_bars((one.region for one in known), language)),
    )
    groups = "".join(_group(name, bars, language) for name, bars in parts)
    return f'<div class="yz-chart">{groups}</div>'


def date_bars(dates: Iterable[str], language: Language) -> list[Bar]:
    """Return the documents of each month or year, the first ones together, in order of time."""
    counted = Counter(date[:7] if _DAY.fullmatch(date) else "" for date in dates)
    undated = counted.pop("", 0)
    if len(counted) > _MOST_BARS:
        years: Counter[str] = Counter()
        for month, count in counted.items():
            years[month[:4]] += count
        bars = _years(years, language)
    else:
        bars = [_month(month, counted[month], language) for month in sorted(counted)]
    return [*bars, *_unknown("undated", undated, language)]


def _years(years: Mapping[str, int], language: Language) -> list[Bar]:
    ordered = sorted(years)
    shown = ordered if len(ordered) <= _MOST_BARS else ordered[1 - _MOST_BARS :]
    bars = [
        Bar(_said("year", language, year), years[year], (("after", year), ("before", year)))
        for year in shown
    ]
    if before := ordered[: len(ordered) - len(shown)]:
        label = _said("earlier", language, before[-1])
        count = sum(years[year] for year in before)
        bars.insert(0, Bar(label, count, (("before", before[-1]),)))
    return bars


def _month(month: str, count: int, language: Language) -> Bar:
    year, _, number = month.partition("-")
    label = in_language(_LABELS, "month", language).format(year, int(number))
    return Bar(label, count, (("after", month), ("before", month)))


def region_bars(regions: Iterable[str], language: Language) -> list[Bar]:
    """Return the documents of each region, most first; what is beyond a dozen is one bar."""
    counted = Counter(regions)
    unplaced = counted.pop("", 0)
    ordered = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    shown = ordered if len(ordered) <= _MOST_BARS else ordered[: _MOST_BARS - 1]
    bars = [Bar(_region(name, language), count, (("region", name),)) for name, count in shown]
    if others := ordered[len(shown) :]:
        bars.append(Bar(_said("others", language, len(others)), sum(n for _, n in others)))
    return [*bars, *_unknown("unplaced", unplaced, language)]


def _region(name: str, language: Language) -> str:
    if known := place(name):
        return name_of(known, language)
    return to_traditional(name) if language == "zh-Hant" else name


def _unknown(label: str, count: int, language: Language) -> list[Bar]:
    return [Bar(in_language(_LABELS, label, language), count)] if count else []


def wanted(bar: Bar, language: Language) -> str:
    """Return what finds the documents of a bar in the table, as `library_tab` reads it."""
    known = dict(bar.filter)
    if "region" in known:
        return _said("find_region", language, "".join(known["region"].split()))
    is_one = known.get("after") == known["before"]
    return _said("find_date", language, known["before"] if is_one else f"..{known['before']}")


def _said(label: str, language: Language, value: str | int) -> str:
    return in_language(_LABELS, label, language).format(value)


def _group(name: str, bars: Sequence[Bar], language: Language) -> str:
    most = max(bar.count for bar in bars)
    rows = "".join(f"<li>{_bar(bar, most, language)}</li>" for bar in bars)
    title = in_language(_LABELS, name, language)
    return f'<section aria-label="{title}"><h3>{title}</h3><ul>{rows}</ul></section>'


def _bar(bar: Bar, most: int, language: Language) -> str:
    width = max(_LEAST_WIDTH, round(100 * bar.count / most, 1))
    unit = "document" if bar.count == 1 else "documents"
    count = in_language(_LABELS, unit, language).format(bar.count)
    inner = (
        f'<span class="yz-bar-label">{escaped(bar.label)}</span>'
        f'<span class="yz-bar-line"><span style="width: {width}%"></span></span>'
        f'<span class="yz-bar-count">{escaped(count)}</span>'
    )
    if not bar.filter:
        return f'<span class="yz-bar">{inner}</span>'
    told = escaped(f"{bar.label}: {count}, {in_language(_LABELS, 'filter', language)}")
    values = urlencode(bar.filter)
    address = escaped(f"?{urlencode({'do': 'filter', 'find': wanted(bar, language)})}")
    named = f'data-yz-filter="{escaped(values)}" aria-label="{told}"'
    return f'<a class="yz-bar" href="{address}" {named}>{inner}</a>'
