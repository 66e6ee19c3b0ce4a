"""Is each figure and place said of what it is said of there? Pure.

A figure that stands in what is cited may stand there of another thing, as where two cities have
their amounts exchanged. So each figure is read with the words around it, up to the next figure of
its kind, and with what they name: a place, a stage, a year, who gets it. Where the claim names one
thing and everything cited another, or where its words are those of another figure, it is wrong.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from index.glossary import Counterpart
from index.places import Place, PlaceMention, covers, find_places
from index.script import fold_characters
from index.types import Span
from rag.quantities import Kind, Quantity, quantities, rounded_from, same_amount, same_rounded

# Two Han characters side by side stand for a word; so many that fit another figure alone tell.
_TELLING_PAIRS = 3
_TELLING_NAMES = 2  # of the glossary, across languages
_LARGE = 10_000  # from here on, writers leave the currency out
_HIGHEST_CLASS = 4  # of drugs and devices
_FAR = 60  # characters of the words that belong to a figure, on each side of it
_MEASURED = (Kind.MONEY, Kind.COUNT, Kind.PERCENT, Kind.PERIOD)
_SENTENCE_ENDS = re.compile(r"[。！!？?\n]|\.(?=\s|$)")
_PART_ENDS = re.compile(r"[。！!？?\n；;，,、：:]|\.(?=\s|$)|\b(?:and|while|of which|with)\b")
_PLACE_ENDS = re.compile(r"[。！!？?\n；;，,]|\.(?=\s|$)")
_IN_BRACKETS = re.compile(r"[(（][^()（）]{0,40}[)）]")
_BARE_NUMERAL = re.compile(r"\b[ivx]{1,4}\b")  # 5 million in II
_SIZED = re.compile(
    "(?:(?<=亿元)|(?<=万元)|(?<=[亿万]级))(?:以上|以下|级)?的?大?(?:品种|单品|企业|集群)"
)
_SEPARATORS = re.compile("[、,，;；:：]")
_LIST_GAP = re.compile(r"\s*(?:、|,|，|/|和|及|与|或|以及|and|or|到|至|-|—|–)\s*(?:and|or)?\s*")
_COMMON_PAIRS = frozenset(
    {"企业", "产业", "城市", "全省", "全市", "生物", "医药", "健康", "项目", "平台"}
)
# What is said of every amount tells none from another.
_GENERIC = re.compile(
    "最[高多低少]|至[多少]|不(?:超过|少于|低于)|上限|封顶|奖励|奖补|补助|补贴|资助|支持|扶持|给予|予以|可获|获得|可以|可得"
    "|分别|合计|总共|一共|共有|达到|约为|其中|每[个家年项]|单个|一[个家项]|同一"
)
_LOOSE_UNITS = frozenset({"个", "项", "件", "条", "款", "宗"})  # that 个 stands for
# Who may get or give something: a word of the claim stands for the others of its line.
WHO = tuple(
    re.compile(line)
    for line in (
        "企业|公司|药企|厂商|compan(?:y|ies)|firms?|enterprises?",
        "医院|医疗机构|门诊|hospitals?|clinics?",
        "高校|大学|院校|学院|universit(?:y|ies)|colleges?",
        "院所|研究院|研究所|科研机构|research institut\\w+",
        "机构|institutions?|institut\\w+",
        "个人|人才|居民|市民|个体|individuals?|persons?|residents?|talents?",
        "项目群|project clusters?",
        "项目(?!群)|课题|projects?(?! cluster)",
        "平台|platforms?",
        "园区|产业园|基地|parks?",
        "银行|保险|banks?",
        "团队|teams?",
        "基金|funds?",
    )
)


# How often; what a clause does not say holds on from none before it.
_RATES = {
    "a year": re.compile(r"每年|一年|年度|\b(?:annual\w*|yearly|(?:a|per|every|each) year)\b"),
    "a quarter": re.compile(r"每季|一个季度|按季|\b(?:quarterly|(?:a|per|every|each) quarter)\b"),
    "a month": re.compile(r"每月|每个月|一个月|按月|\b(?:monthly|(?:a|per|every|each) month)\b"),
    "a week": re.compile(r"每周|每星期|一周|\b(?:weekly|(?:a|per|every|each) week)\b"),
    "a day": re.compile(r"每[日天]|\b(?:daily|(?:a|per|every|each) day)\b"),
    "each time": re.compile(r"每次|单次|一次性|\b(?:each time|one-off|lump sum)\b"),
}


class _Sort(StrEnum):
    """What a label tells apart."""

    PLACE = "place"
    STAGE = "stage"
    YEAR = "year"
    WHO = "who"
    RATE = "rate"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class _Fact:
    """A figure, the folded words around it, and what they name."""

    figure: Quantity
    words: str
    pairs: frozenset[str]
    labels: dict[_Sort, tuple[object, ...]] = field(default_factory=dict)
    listed: bool = False  # 200、500、800万元: whose words are whose is not known
    lead: frozenset[str] = frozenset()  # pairs of the words before, said of all that follows


Terms = Callable[[str], Sequence[Counterpart]]


def misattributed(claim: str, sources: Sequence[str], terms: Terms | None = None) -> Iterator[str]:
    """Yield figures that a claim says of another thing than what is cited does.

    `terms` finds what the claim names, for sources in another language; without it, words are
    compared as they stand.
    """
    given = _Given([fact for source in sources for fact in _facts(source)])
    said = list(_facts(claim))
    yield from _exchanged(said, given, terms)
    for fact in said:
        if fact.figure.kind not in _MEASURED:
            continue
        own = given.of(fact.figure)
        if problem := _of_another(fact, own) or (not terms and _of_rival(fact, own, given)):
            yield problem


class _Given:
    """The facts of what is cited, each once, by their values and by their units."""

    def __init__(self, facts: Sequence[_Fact]) -> None:
        self._by_value: defaultdict[Decimal, list[_Fact]] = defaultdict(list)
        self._by_unit: defaultdict[tuple[Kind, str], list[_Fact]] = defaultdict(list)
        self._found: dict[object, list[_Fact]] = {}
        for fact in {_key_of(fact): fact for fact in facts}.values():
            self._by_unit[_unit(fact)].append(fact)
            for value in {fact.figure.value, fact.figure.high} - {None}:
                self._by_value[Decimal(value or 0)].append(fact)
        self._values = sorted(self._by_value)

    def of(self, figure: Quantity) -> list[_Fact]:
        """Return the facts with a figure."""
        key = replace(figure, start=0, end=0, text="")
        if key not in self._found:
            self._found[key] = [fact for fact in self._near(figure) if _fits(figure, fact.figure)]
        return self._found[key]

    def _near(self, figure: Quantity) -> Iterator[_Fact]:
        """Yield the facts whose values may be those of a figure, each once."""
        values = {figure.value, figure.high} - {None}
        if ends := rounded_from(figure):
            first, last = (bisect_left(self._values, end) for end in ends)
            values |= set(self._values[first:last])
        found = {id(f): f for v in values for f in self._by_value.get(Decimal(v or 0), ())}
        yield from found.values()

    def rivals(self, fact: _Fact, own: Sequence[_Fact]) -> Iterator[_Fact]:
        """Yield the other facts of a unit of one fact, or of those with its figure."""
        taken = {id(other) for other in own}
        for unit in dict.fromkeys(_unit(one) for one in [*own, fact]):
            yield from (other for other in self._by_unit[unit] if id(other) not in taken)


def _key_of(fact: _Fact) -> object:
    figure = replace(fact.figure, start=0, end=0, text="")
    labels = tuple((sort, str(label)) for sort, label in fact.labels.items())
    return figure, fact.words, fact.listed, fact.lead, labels


# --- dates


def misdated(claim: str, sources: Sequence[str], terms: Terms | None = None) -> Iterator[str]:
    """Yield days that a claim gives for what is cited with another day beside it."""
    given = [fact for source in sources for fact in _days(source)]
    for fact in _days(claim):
        own = [other for other in given if same_amount(fact.figure, other.figure)]
        rivals = [other for other in given if other not in own]
        least = _TELLING_NAMES if terms else _TELLING_PAIRS
        for rival in rivals:
            alone = _common(fact, [rival], terms)
            if alone >= least and not _common(fact, own, terms):
                yield f"{fact.figure.text} is {rival.figure.text} in what is cited"
                break


def _days(text: str) -> Iterator[_Fact]:
    """Yield the dates with a day, each with the words of its sentence up to the next date."""
    folded, figures = fold_characters(text), quantities(text)
    ends = [0, *(match.end() for match in _SENTENCE_ENDS.finditer(text)), len(text)]
    for start, end in pairwise(ends):
        own = [figure for figure in figures if start <= figure.start < end]
        days = [figure for figure in own if figure.kind is Kind.DATE and figure.day]
        sentence = _Sentence(folded, Span(start, end), own, ())
        for number, day in enumerate(days):
            last = days[number + 1].start if number + 1 < len(days) else end
            words = _words(sentence, Span(day.start if number else start, last))
            yield _Fact(day, words, _pairs(words))


# --- comparisons

_COMPARES = re.compile(
    "(?P<one>[^,，。;；:：]{2,30}?)(?:(?P<more>高于|多于|大于|超过|高过|超出)|(?P<less>低于|少于|小于|不及|不如))"
    r"(?P<other>[^,，。;；:：\d]{2,30})"
)


_COMPARES_WITH = re.compile(
    "(?P<one>[^,，。;；:：]{2,30}?)比(?P<other>[^,，。;；:：\\d]{2,30}?)"
    "(?:更|还|要)?(?:(?P<more>[多高大])|(?P<less>[少低小]))(?![型额])"
)


def miscompared(claim: str, sources: Sequence[str]) -> Iterator[str]:
    """Yield a more or a less of a claim that the figures of what is cited contradict."""
    given = [fact for source in sources for fact in _facts(source) if fact.figure.value]
    said = fold_characters(claim)
    for match in (*_COMPARES.finditer(said), *_COMPARES_WITH.finditer(said)):
        one, other = _pairs(match["one"]), _pairs(match["other"])
        first, second = _best(one - other, given), _best(other - one, given)
        if first is None or second is None or first is second or not _kin(first, second):
            continue
        more = (first.figure.value or 0) > (second.figure.value or 0)
        if more == bool(match["less"]) and first.figure.value != second.figure.value:
            word = match["more"] or match["less"]
            yield f"says “{word}” of {first.figure.text} and {second.figure.text}"


def _best(pairs: frozenset[str], given: Sequence[_Fact]) -> _Fact | None:
    """Return the fact with most of some words, None if none or more than one has."""
    scored = sorted(given, key=lambda fact: -len(pairs & fact.pairs))
    if not scored or not pairs & scored[0].pairs:
        return None
    tied = len(scored) > 1 and len(pairs & scored[1].pairs) == len(pairs & scored[0].pairs)
    return None if tied else scored[0]


def _exchanged(said: Sequence[_Fact], given: _Given, terms: Terms | None) -> Iterator[str]:
    """Yield two figures of a claim each of which stands with the words of the other.

    A single word in common is enough, since it takes two for it.
    """
    for one, other in pairwise(said):
        if not _kin(one, other) or one.listed or other.listed:
            continue
        first, second = given.of(one.figure), given.of(other.figure)
        if not first or not second:
            continue
        straight = _common(one, first, terms) + _common(other, second, terms)
        crossed = _common(one, second, terms), _common(other, first, terms)
        if not straight and all(crossed) and not any(fact in second for fact in first):
            yield f"{one.figure.text} is {other.figure.text} in what is cited"


def _common(fact: _Fact, others: Sequence[_Fact], terms: Terms | None) -> int:
    """Return how much of the words around a figure stands around those of the sources."""
    if terms:
        names = _named(fact.words, terms)
        return sum(any(_holds(other, name) for other in others) for name in names)
    return max((len(fact.pairs & other.pairs) for other in others if not other.listed), default=0)


def _fits(figure: Quantity, other: Quantity) -> bool:
    return (
        same_amount(figure, other)
        or same_rounded(figure, other)
        or (
            figure.kind is other.kind
            and figure.value is not None
            and figure.value in (other.value, other.high)
        )
    )


def _kin(one: _Fact, other: _Fact) -> bool:
    return _unit(one) == _unit(other)


def _unit(fact: _Fact) -> tuple[Kind, str]:
    """Return what kin figures share: any measure word may stand for another, as 个 for 件."""
    unit = fact.figure.unit
    loose = fact.figure.kind is Kind.COUNT and unit in _LOOSE_UNITS
    return fact.figure.kind, "个" if loose else unit


# --- places with the words around them


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a sentence, the places in it and its other words."""

    places: tuple[Place, ...]
    pairs: frozenset[str]


def misplaced_places(
    claim: str, sources: Sequence[str], passages: Sequence[str] = ()
) -> Iterator[str]:
    """Yield places of which a claim says what is said of another one, in the same language."""
    given = [part for source in sources for part in _parts(source) if part.places]
    around = [part for passage in passages for part in _parts(passage) if part.places]
    for part in _parts(claim):
        for named in part.places:
            own = [other for other in given if named in other.places]
            rivals = [other for other in given if named not in other.places]
            wider = [other for other in around if named in other.places]
            known = frozenset[str]().union(*(other.pairs for other in [*own, *wider]))
            if not own or part.pairs & known:
                continue
            for rival in rivals:
                inside = any(covers(named, other) for other in rival.places)
                least = 2 if _covers_any(named, rival.places) else 1
                if not inside and len((part.pairs & rival.pairs) - _COMMON_PAIRS) >= least:
                    yield f"{named.name} is {rival.places[0].name} in what is cited"
                    break


def _covers_any(place: Place, others: Sequence[Place]) -> bool:
    return any(covers(place, other) or covers(other, place) for other in others)


def _parts(text: str) -> Iterator[_Part]:
    folded, places = fold_characters(text), find_places(text)
    ends = [0, *(match.end() for match in _PLACE_ENDS.finditer(folded)), len(folded)]
    at, before = 0, frozenset[str]()
    for start, end in pairwise(ends):
        own = []
        while at < len(places) and places[at].start < end:
            own.append(places[at])
            at += 1
        kept = list(folded[start:end])
        for mention in own:
            for i in range(mention.start, min(mention.end, end)):
                kept[i - start] = " "
        levels = ("city", "district", "province")
        named = tuple(mention.place for mention in own if mention.place.level in levels)
        pairs = _pairs(_GENERIC.sub(" ", "".join(kept)))
        yield _Part(named, pairs or before)
        before = pairs


# --- who, where, when and at which stage


def _of_another(fact: _Fact, own: Sequence[_Fact]) -> str:
    """Compare what the claim names beside a figure with what is named there, sort by sort."""
    for sort, labels in fact.labels.items():
        if not own or (fact.listed and sort is not _Sort.STAGE):
            continue
        there = [other.labels.get(sort, ()) for other in own]
        if not all(there) or any(_agree(sort, labels, others) for others in there):
            continue
        here, others = _shown(labels[0]), _shown(there[0][0])
        return f"{fact.figure.text} is said of {here}, and of {others} in what is cited"
    return ""


def _agree(sort: _Sort, labels: Sequence[object], others: Sequence[object]) -> bool:
    return any(_same(sort, one, other) for one in labels for other in others)


def _same(sort: _Sort, one: object, other: object) -> bool:
    if sort is _Sort.PLACE and isinstance(one, Place) and isinstance(other, Place):
        return covers(one, other) or covers(other, one)
    return one == other


def _shown(label: object) -> str:
    if isinstance(label, Place):
        return label.name
    if isinstance(label, re.Pattern):
        return str(label.pattern).partition("|")[0].partition("(")[0]
    return str(label)


# --- whose words


def _of_rival(fact: _Fact, own: Sequence[_Fact], given: _Given) -> str:
    """Tell whether the words around a figure are those of another figure, and not of its own."""
    if fact.listed or not own or len(fact.pairs) < _TELLING_PAIRS:
        return ""
    known = frozenset[str]().union(*(other.pairs | other.lead for other in own))
    strange = fact.pairs - known
    for rival in given.rivals(fact, own) if len(strange) >= _TELLING_PAIRS else ():
        alone = strange & rival.pairs
        shared = (fact.pairs & known) - rival.pairs
        if not rival.listed and len(alone) >= _TELLING_PAIRS and not shared:
            return f"{fact.figure.text} is {rival.figure.text} in what is cited"
    return ""


def _named(words: str, terms: Terms) -> list[tuple[str, ...]]:
    return [(words[one.start : one.end], *map(fold_characters, one.names)) for one in terms(words)]


def _holds(fact: _Fact, names: Sequence[str]) -> bool:
    return any(name in fact.words for name in names)


# --- reading


def _facts(text: str) -> Iterator[_Fact]:
    folded, figures, places = fold_characters(text), quantities(text), find_places(text)
    folded = _IN_BRACKETS.sub(lambda match: _SEPARATORS.sub(" ", match[0]), folded)
    ends = [0, *(match.end() for match in _SENTENCE_ENDS.finditer(text)), len(text)]
    figure_at = place_at = 0
    for start, end in pairwise(ends):
        own, named = [], []
        while figure_at < len(figures) and figures[figure_at].start < end:
            own.append(figures[figure_at])
            figure_at += 1
        while place_at < len(places) and places[place_at].start < end:
            named.append(places[place_at])
            place_at += 1
        yield from _facts_of(_Sentence(folded, Span(start, end), own, named))


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str  # the whole folded text
    span: Span
    figures: Sequence[Quantity]  # in their order
    places: Sequence[PlaceMention]  # in their order

    def places_in(self, span: Span) -> Sequence[PlaceMention]:
        """Return the places that begin in a span."""
        first = bisect_left(self.places, span.start, key=_start_of)
        return self.places[first : bisect_left(self.places, span.end, key=_start_of)]


def _start_of(item: Quantity | PlaceMention) -> int:
    return item.start


def _within(figures: Sequence[Quantity], span: Span) -> Sequence[Quantity]:
    """Return the figures that begin in a span, with the one before it, which may reach into it."""
    first = bisect_left(figures, span.start, key=_start_of)
    return figures[max(0, first - 1) : bisect_left(figures, span.end, key=_start_of)]


def _facts_of(sentence: _Sentence) -> Iterator[_Fact]:
    measured = [figure for figure in sentence.figures if figure.kind in _MEASURED]
    running: dict[_Sort, tuple[object, ...]] = {}
    lead = frozenset[str]()
    for number, (before, figure, after) in enumerate(_with_kin(measured)):
        span = _territory(sentence, before, figure, after)
        listed = _in_list(sentence.text, before, figure) or _in_list(sentence.text, figure, after)
        running.pop(_Sort.RATE, None)
        if _BARE_NUMERAL.search(sentence.text, span.start, span.end):
            running.pop(_Sort.STAGE, None)
        running |= _labels(sentence, span, number == 0)
        near = Span(_near(sentence.text, span, figure), span.end)
        words = _words(sentence, near)
        if number == 0 or ";" in sentence.text[measured[number - 1].end : figure.start]:
            lead = _pairs(_words(sentence, Span(span.start, near.start)))
        yield _Fact(figure, words, _pairs(words), dict(running), listed, lead)


def _with_kin(
    measured: Sequence[Quantity],
) -> Iterator[tuple[Quantity | None, Quantity, Quantity | None]]:
    """Yield each figure with the one of its group before it and the one behind it."""
    groups = [_group(figure) for figure in measured]
    after: list[Quantity | None] = []
    last: dict[tuple[Kind, str], Quantity] = {}
    for figure, group in zip(reversed(measured), reversed(groups), strict=True):
        after.append(last.get(group))
        last[group] = figure
    last = {}
    for figure, group, following in zip(measured, groups, reversed(after), strict=True):
        yield last.get(group), figure, following
        last[group] = figure


def _near(text: str, span: Span, figure: Quantity) -> int:
    """Return where the part of a figure begins, or the one before it if that says too little."""
    cuts = [match.end() for match in _PART_ENDS.finditer(text, span.start, figure.start)]
    starts = [span.start, *cuts]
    while len(starts) > 1 and len(_pairs(_GENERIC.sub(" ", text[starts[-1] : span.end]))) < 2:
        starts.pop()
    return starts[-1]


def _group(figure: Quantity) -> tuple[Kind, str]:
    """Return what figures of one kind share; large ones without a unit are money: 5 million."""
    if figure.kind is Kind.COUNT and not figure.unit and (figure.value or 0) >= _LARGE:
        return Kind.MONEY, "CNY"
    loose = figure.kind is Kind.COUNT and figure.unit in _LOOSE_UNITS
    return figure.kind, "个" if loose else figure.unit


def _in_list(text: str, one: Quantity | None, other: Quantity | None) -> bool:
    return bool(one and other and _LIST_GAP.fullmatch(text[one.end : other.start]))


def _territory(
    sentence: _Sentence, before: Quantity | None, figure: Quantity, after: Quantity | None
) -> Span:
    """Return the words that belong to a figure: from the part behind the last one of its kind on.

    What follows it in the same part belongs to it too: 1家国家实验室.
    """
    text = sentence.text
    start = max(sentence.span.start, figure.start - _FAR)
    if before:
        cut = _PART_ENDS.search(text, before.end, figure.start)
        start = cut.end() if cut else before.end
    end = min(sentence.span.end, figure.end + _FAR, after.start if after else len(text))
    cut = _PART_ENDS.search(text, figure.end, end)
    return Span(start, max(start, cut.start() if cut else end))


def _words(sentence: _Sentence, span: Span) -> str:
    """Return the words of a span with a space for its figures and what says nothing."""
    kept = list(sentence.text[span.start : span.end])
    for figure in _within(sentence.figures, span):
        for at in range(max(figure.start, span.start), min(figure.end, span.end)):
            kept[at - span.start] = " "
    return _GENERIC.sub(lambda match: " " * len(match[0]), "".join(kept))


def _pairs(words: str) -> frozenset[str]:
    han = re.findall("[\u3400-\u9fff]{2,}", words)
    pairs = [run[i : i + 2] for run in han for i in range(len(run) - 1)]
    latin = re.findall("[a-z][a-z-]{3,}", words)
    return frozenset([*pairs, *latin])


def _labels(sentence: _Sentence, span: Span, first: bool) -> dict[_Sort, tuple[object, ...]]:
    start = sentence.span.start if first else span.start
    words = sentence.text[start : span.end]
    places = tuple(
        place
        for mention in sentence.places_in(Span(start, span.end))
        for place in (mention.place, *mention.others)
        if place.level not in ("nation", "region")
    )
    inside = [f for f in _within(sentence.figures, Span(start, span.end)) if f.start >= start]
    stages = tuple(f"{f.value}{f.unit}" for f in inside if _is_stage(f))
    years = tuple(str(f.year) for f in inside if f.kind in (Kind.YEAR, Kind.DATE) and f.year)
    found: dict[_Sort, tuple[object, ...]] = {
        _Sort.PLACE: places,
        _Sort.STAGE: stages,
        _Sort.YEAR: years,
        _Sort.RATE: tuple(rate for rate, said in _RATES.items() if said.search(words)),
        _Sort.SIZE: tuple(f"{f.value:f}" for f in inside if _is_size(sentence.text, f)),
        _Sort.WHO: tuple(who for who in WHO if who.search(words)),
    }
    return {sort: labels for sort, labels in found.items() if labels}


def _is_size(text: str, figure: Quantity) -> bool:
    """Tell an amount that says which things are counted: 10亿元以上大品种15个, 百亿级企业."""
    return figure.kind in (Kind.MONEY, Kind.COUNT) and bool(_SIZED.match(text, figure.end))


def _is_stage(figure: Quantity) -> bool:
    """Tell a phase or a class; written in digits, 3类 is a class where it is no count."""
    if figure.kind is Kind.COUNT and figure.unit == "类":
        return figure.text[0].isdigit() and (figure.value or 0) <= _HIGHEST_CLASS
    return figure.kind is Kind.ORDINAL and figure.unit in ("期", "类") and figure.high is None
