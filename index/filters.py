"""What a user narrows the library down to: places, dates, publishers and sources; pure.

A filter is hard: a document that does not pass it is not looked at. What a question only seems to
ask for is a preference (preferences.py). Values of one field widen it, fields narrow each other.
"""

import csv
from calendar import monthrange
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise

from index.errors import QuestionError
from index.fields.dates import is_date, iso_date
from index.places import Place, covers, find_places, place
from index.script import fold_characters
from index.types import Metadata

# What completes a month or a year to a day that dates.py reads: 2024年3月 + 1日, 1 + March 2024.
_MONTH_DAYS = (("", "1日"), ("", "一日"), ("", "-01"), ("", "/01"), ("", ".01"), ("1 ", ""))
_YEAR_DAYS = (("", "1月1日"), ("", "一月一日"), ("", "年1月1日"), ("", "年一月一日"))
# Longer than any date or name of a place; what is shown of a value that is not understood.
_LONGEST_VALUE = 40
# difflib's ratio of a name to what was meant: of two characters one is wrong (东完), of the letters
# of a spelt name fewer (Donguan).
_CLOSE, _CLOSE_SPELT = 0.5, 0.75
_SUGGESTIONS = 3
# Names of bodies are shortened (科技局 for 科学技术局), those of papers are not.
_BODIES = ("委", "局", "厅", "部", "办", "院", "署", "会", "府")
# 财局 may be anything.
_SHORTEST_BODY = 3


@dataclass(frozen=True, slots=True)
class Filters:
    """What documents must be like, as `parse_filters` makes it; empty fields allow everything."""

    regions: tuple[str, ...] = ()  # names of places.csv
    after: str = ""  # ISO 8601 calendar date, itself allowed
    before: str = ""  # ISO 8601 calendar date, itself allowed
    publishers: tuple[str, ...] = ()  # parts of the names of publishers or issuers
    sources: tuple[str, ...] = ()  # document ids, globs, or prefixes that end in "/"

    @property
    def active(self) -> bool:
        """Whether any field narrows the library down."""
        return bool(self.regions or self.after or self.before or self.publishers or self.sources)


ALL = Filters()


def parse_filters(
    regions: Iterable[str] = (),
    after: str = "",
    before: str = "",
    publishers: Iterable[str] = (),
    sources: Iterable[str] = (),
) -> Filters:
    """Return checked filters; blank values are left out, a year or month stands for all its days.

    Raises QuestionError for an unknown place, for what is no date, and for dates in wrong order.
    """
    first = _period(after)[0] if after.strip() else ""
    last = _period(before)[1] if before.strip() else ""
    if first and last and first > last:
        raise QuestionError(
            f"no day is both after {first} and before {last}: exchange the two dates"
        )
    return Filters(
        regions=tuple(dict.fromkeys(name for value in _values(regions) for name in _names(value))),
        after=first,
        before=last,
        publishers=_values(publishers),
        sources=_values(sources),
    )


def allows(document_id: str, metadata: Metadata, filters: Filters) -> bool:
    """Tell whether a document passes every field; one without a date passes no filter by date."""
    return (
        _in_regions(metadata, filters.regions)
        and _in_time(metadata, filters.after, filters.before)
        and _is_published_by(metadata, filters.publishers)
        and _is_source(document_id, filters.sources)
    )


def allowed_documents(metadata_by_id: Mapping[str, Metadata], filters: Filters) -> frozenset[str]:
    """Return the ids of the documents that pass."""
    return frozenset(
        id_ for id_, metadata in metadata_by_id.items() if allows(id_, metadata, filters)
    )


def day_of(metadata: Metadata) -> str:
    """Return the date of a document, else the day it was signed, as ISO 8601; "" if unknown."""
    return metadata.date or metadata.issued


# --- checking what the user says


def _values(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.strip() for value in values if value.strip()))


def _shown(value: str) -> str:
    """Return a value for a message: on one line, and not longer than a name or date may be."""
    short = value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"
    return f"'{' '.join(short.split())}'"


def _names(value: str) -> list[str]:
    """Return the name of a place, with its namesakes: Taizhou is 泰州 and 台州."""
    if found := _places(value):
        return [one.name for one in found]
    close = _close_names(value)
    remedy = (
        f"did you mean {', '.join(close)}?"
        if close
        else "write a province, city or district of China, such as 广东 or Dongguan"
    )
    raise QuestionError(f"no place called {_shown(value)} is known: {remedy}")


def _places(value: str) -> list[Place]:
    """Return the places of a name, with a unit or without, or of the last of 广东省东莞市."""
    if (same := place(value)) and same.name == value:
        return [same]
    mentions = find_places(value[:_LONGEST_VALUE])
    ends = [0, *(mention.end for mention in mentions)]
    whole = ends == [*(mention.start for mention in mentions), len(value)]
    if whole and all(covers(one.place, other.place) for one, other in pairwise(mentions)):
        return [mentions[-1].place, *mentions[-1].others]
    return [same] if same else []


def _close_names(value: str) -> list[str]:
    """Return the known places that a value holds, else those whose names are written like it."""
    short = fold_characters(value[:_LONGEST_VALUE])
    if held := [mention.place.name for mention in find_places(short)]:
        return list(dict.fromkeys(held))
    ratio = _CLOSE_SPELT if short.isascii() else _CLOSE
    close = get_close_matches(short, _all_names(), 10 * _SUGGESTIONS, ratio)
    close.sort(key=lambda name: name[0] != short[0])  # stable: the closest stay in front
    return list(dict.fromkeys(_all_names()[name] for name in close))[:_SUGGESTIONS]


@cache
def _all_names() -> dict[str, str]:
    """Return folded name -> how to call the place: its Chinese name, its English one behind it."""
    table = resources.files("index").joinpath("places.csv").read_text(encoding="utf-8")
    names: dict[str, str] = {}
    for row in csv.DictReader(table.splitlines()):
        english = row["english"].partition(";")[0]
        called = f"{row['name']} ({english})" if english else row["name"]
        for name in (row["name"], row["full"], *row["english"].split(";")):
            names.setdefault(fold_characters(name), called)
    return names


def _period(value: str) -> tuple[str, str]:
    """Return the first and the last day of a day, month or year. Raises QuestionError."""
    text = value.strip()
    if day := _whole_date(text):
        return day, day
    for before, behind in _MONTH_DAYS:
        if not text.endswith("年") and (day := _whole_date(f"{before}{text}{behind}")):
            return day, f"{day[:7]}-{monthrange(int(day[:4]), int(day[5:7]))[1]}"
    for before, behind in _YEAR_DAYS:
        # Else 2024年1 would be read as 2024年11月1日.
        joined = text.endswith("年") or behind.startswith("年")
        if joined and (day := _whole_date(f"{before}{text}{behind}")):
            return day, f"{day[:4]}-12-31"
    raise QuestionError(
        f"{_shown(value)} is no date: write 2024, 2024-03, 2024-03-05, 2024年3月 or 民国113年"
    )


def _whole_date(text: str) -> str:
    """Return a text that is one date and nothing else as ISO 8601, else ""."""
    short = len(text) <= _LONGEST_VALUE
    return iso_date(text) if short and (is_date(text) or text.isdigit()) else ""


# --- looking at a document


def _in_regions(metadata: Metadata, regions: Collection[str]) -> bool:
    return not regions or any(_lies_in(metadata.region, name) for name in regions)


@lru_cache(maxsize=4096)
def _lies_in(inner: str, outer: str) -> bool:
    """Tell whether one place covers another by their names; libraries have few different ones."""
    own, asked = place(inner), place(outer)
    return own is not None and asked is not None and covers(asked, own)


def _in_time(metadata: Metadata, after: str, before: str) -> bool:
    """Tell whether the document's day is in time; both ends are allowed."""
    day = day_of(metadata)
    return not (after or before) or bool(day and after <= day and (not before or day <= before))


def _is_published_by(metadata: Metadata, publishers: Collection[str]) -> bool:
    if not publishers:
        return True
    names = [name for field in (metadata.publisher, metadata.issuer) for name in _bodies(field)]
    asked = [_tight(publisher) for publisher in publishers]
    return any(one in name or _is_short_for(one, name) for one in asked for name in names)


@lru_cache(maxsize=4096)
def _bodies(field: str) -> tuple[str, ...]:
    """Return a field as a whole and, since a short name must be that of one body, each body."""
    folded = _tight(field)
    return folded, *folded.split("、")


def _tight(name: str) -> str:
    return "".join(fold_characters(name).split())


def _is_short_for(short: str, name: str) -> bool:
    """Tell whether a body's name has the characters of a short name (发改委), in their order."""
    if len(short) < _SHORTEST_BODY or not short.endswith(_BODIES) or "、" in name:
        return False
    rest = iter(name)
    return all(character in rest for character in short)


def _is_source(document_id: str, sources: Collection[str]) -> bool:
    return not sources or any(
        document_id == source
        or (source.endswith("/") and document_id.startswith(source))
        or fnmatchcase(document_id, source)
        for source in sources
    )
