"""Search terms of the lexical leg: Han characters and their bigrams, Latin words, exact terms.

An exact term is one normal form of what is written in many ways: 500万元, 五百万 and 5 million are
all "5000000"; Ⅲ期, 三期 and phase III "3期"; 粤府〔2024〕5号 "粤府[2024]5号". It stands beside the
ordinary terms of the same characters, so that a figure which matches counts more than its digits.

Own code, for cn2an computes in floats and refuses 千亿; unigrams with bigrams beat the words of
rjieba, with or without a dictionary of titles, and all fields of two kinds tried: docs/LOG.md.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from index.script import fold

# What `terms` makes of a text; indexes made by another version are made anew. Change it with any
# change of this module that changes a term.
TERMS_VERSION = "2: unigrams, bigrams, words, exact terms"

_Located = tuple[str, int, int]  # a term and its place in the folded text

_HAN = r"\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_OTHER = (
    rf"(?P<word>[^\W\d_{_HAN}][^\W_{_HAN}]*(?:[-'][^\W_{_HAN}]+)*)"  # CAR-T and GLP1 as one
    # 4112.83 and 1,500 as one, but not 2023,2024: folding has made every wide comma a narrow one
    r"|(?P<number>\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)*)"
)
_RUN = re.compile(rf"(?P<han>[{_HAN}]+)|{_OTHER}")
_OTHER_RUN = re.compile(_OTHER)
_HAN_TERM = re.compile(f"[{_HAN}]{{1,2}}")
_MARK_OF_EXACT = re.compile(r"\d|《|五规划$")  # every exact term has one of these
# Words that make a question of a sentence and stand in no answer; longest first.
_QUESTION_WORDS = re.compile(
    "请问|什么样|什么|哪几个|哪几项|哪几|哪些|哪个|哪家|哪里|哪|多少|几家|几个|几项|如何|怎么样|怎么|是否|为何|吗|呢"
)
# English words of that kind, and those too common to tell passages apart.
_ENGLISH_STOP_WORDS = re.compile(
    "a|an|and|any|are|at|be|been|by|can|could|did|do|does|each|for|from|give|gives|had|has"
    "|have|how|in|into|is|it|its|many|me|much|no|not|of|on|or|please|s|shall|should|so|some"
    "|tell|than|that|the|their|them|there|these|they|this|those|to|under|was|were|what|when"
    "|where|which|who|whom|whose|why|will|with|would|you"
)


class Counterpart(Protocol):
    """Something named in a question, with other names that documents may have for it."""

    @property
    def start(self) -> int:
        """Where its name begins in the question."""

    @property
    def end(self) -> int:
        """Where its name ends in the question."""

    @property
    def names(self) -> Sequence[str]:
        """The other names."""

    @property
    def weight(self) -> float:
        """How much it counts beside a word of the question, which counts 1."""


@dataclass(frozen=True, slots=True)
class TermGroup:
    """One thing that a question names: the best of its alternatives counts, and only that one.

    The terms of an alternative name the thing together; each that stands in a passage adds to it.
    """

    alternatives: tuple[tuple[str, ...], ...]
    weight: float = 1.0


def terms(text: str) -> list[str]:
    """Return the terms of a passage, repeats kept: those of each run, then the exact ones.

    >>> terms("東莞BNCT硼藥4112萬")
    ['东', '莞', '东莞', 'bnct', '硼', '药', '硼药', '4112', '万', '41120000']
    """
    folded = fold(text)
    found: list[str] = []
    for run in _RUN.finditer(folded):
        found += _cut(run)
    return found + [term for term, _, _ in _exact(folded)]


def question_terms(text: str) -> list[str]:
    """Return the terms of a question, without repeats and without the words that only ask."""
    return [group.alternatives[0][0] for group in question_groups(text)]


def question_groups(text: str, counterparts: Sequence[Counterpart] = ()) -> list[TermGroup]:
    """Return what a question names, in its order; a term of no counterpart is a group of its own.

    Counterparts that begin within another are left out. What two counterparts name alike is one
    group, and a term of theirs is no group again.
    """
    folded, spans = _pieces(text, counterparts)
    inside: dict[int, list[str]] = {}
    outside: dict[str, int] = {}  # term -> its first place
    begins = [first for _, first, _ in spans]  # ascending, for no two of them overlap
    for term, start, end in located_terms(folded):
        around = bisect_right(begins, start) - 1
        if around >= 0 and end <= spans[around][2]:
            inside.setdefault(around, []).append(term)
        elif not _ENGLISH_STOP_WORDS.fullmatch(term):
            outside.setdefault(term, start)
    named = _merged([_named(c, inside.get(i, ()), at) for i, (c, at, _) in enumerate(spans)])
    counted = {term for group, _ in named for terms_ in group.alternatives for term in terms_}
    single = [(TermGroup(((t,),)), at) for t, at in outside.items() if t not in counted]
    return [group for group, _ in sorted([*named, *single], key=lambda item: item[1])]


def _pieces(
    text: str, counterparts: Sequence[Counterpart]
) -> tuple[str, list[tuple[Counterpart, int, int]]]:
    """Fold a question piece by piece, since folding moves places; blank the words that only ask."""
    folded, done, spans = "", 0, []
    for part in sorted(counterparts, key=lambda part: (part.start, -part.end)):
        if not done <= part.start < part.end <= len(text):
            continue
        folded += _statement(text[done : part.start])
        name = fold(text[part.start : part.end])
        spans.append((part, len(folded), len(folded) + len(name)))
        folded, done = folded + name, part.end
    return folded + _statement(text[done:]), spans


def _statement(text: str) -> str:
    return _QUESTION_WORDS.sub(" ", fold(text))


def _named(part: Counterpart, own: Iterable[str], at: int) -> tuple[TermGroup, int]:
    """Return a counterpart as a group: its own terms, then those of each other name."""
    ways = [tuple(dict.fromkeys(way)) for way in (own, *map(terms, part.names))]
    return TermGroup(tuple(dict.fromkeys(way for way in ways if way)), part.weight), at


def _merged(groups: Sequence[tuple[TermGroup, int]]) -> list[tuple[TermGroup, int]]:
    """Join groups that share an alternative: the first place and the larger weight hold."""
    merged: dict[int, tuple[TermGroup, int]] = {}
    holder: dict[tuple[str, ...], int] = {}  # alternative -> the number of the group that has it
    for number, (group, at) in enumerate(groups):
        if not group.alternatives:
            continue
        shared = dict.fromkeys(holder[way] for way in group.alternatives if way in holder)
        for one in shared:
            other, place = merged.pop(one)
            ways = dict.fromkeys((*other.alternatives, *group.alternatives))
            group, at = TermGroup(tuple(ways), max(other.weight, group.weight)), min(at, place)
        merged[number] = group, at
        holder |= dict.fromkeys(group.alternatives, number)
    return list(merged.values())


# --- ordinary terms


def _cut(run: re.Match[str]) -> list[str]:
    """Return the terms of a run: 国家基 gives 国, 家, 基, 国家, 家基."""
    text = run[0]
    if run["han"]:
        return [*text, *map(str.__add__, text, text[1:])]
    return _cut_other(run)


def _cut_other(run: re.Match[str]) -> list[str]:
    text = run[0]
    if run["number"]:
        return [text.replace(",", "")]
    if "-" not in text:
        return [text]
    # GLP-1 is also written GLP1, and high-end is found by end
    parts = [part for part in text.split("-") if len(part) > 1 and part.isalpha()]
    return [text, text.replace("-", ""), *parts]


def located_terms(folded: str) -> Iterator[_Located]:
    """Yield every term of a folded text with its place in it."""
    for run in _RUN.finditer(folded):
        at = run.start()
        for i, term in enumerate(_cut(run)):
            start = at + i % len(run[0]) if run["han"] else at
            yield term, start, start + len(term) if run["han"] else run.end()
    yield from _exact(folded)


def located_among(folded: str, wanted: Collection[str]) -> Iterator[_Located]:
    """Yield those of some terms that a folded text has, as `located_terms` would but sooner."""
    others = set()
    for term in wanted:
        if not _HAN_TERM.fullmatch(term):
            others.add(term)
            continue
        at = folded.find(term)
        while at >= 0:
            yield term, at, at + len(term)
            at = folded.find(term, at + 1)
    for run in _OTHER_RUN.finditer(folded) if others else ():
        yield from ((term, *run.span()) for term in _cut_other(run) if term in others)
    if any(_MARK_OF_EXACT.search(term) for term in others):
        yield from (found for found in _exact(folded) if found[0] in others)


# --- exact terms; every repetition is bounded, so that they are found in linear time

_DIGITS = r"(?<![0-9.,])(?:[0-9]{1,3}(?:,[0-9]{3}){1,5}|[0-9]{1,15})(?:\.[0-9]{1,6})?(?![0-9])"
_NUMERALS = "〇零一二三四五六七八九两十百千万亿"
_NUMERAL = f"(?<![{_NUMERALS}])[{_NUMERALS}]{{1,12}}(?![{_NUMERALS}])"
_NUMBER = f"(?:{_DIGITS}|{_NUMERAL})"
_SMALL = "(?:[ivx]{1,4}|[0-9]{1,3}|[一二三四五六七八九十]{1,3})"
_LIST = rf"{_SMALL}(?:(?:, | and | or |[/、,和或至~-]){_SMALL}){{0,4}}"
_ROMAN = {
    "i": 1,
    "ii": 2,
    "iii": 3,
    "iv": 4,
    "v": 5,
    "vi": 6,
    "vii": 7,
    "viii": 8,
    "ix": 9,
    "x": 10,
}
_HAN_DIGITS = {n: i for i, n in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_MAGNITUDES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


def _value(text: str) -> Decimal | None:
    """Return the value of digits or a Chinese numeral, None if it has none (百万, 万一).

    >>> _value("一亿二千三百万"), _value("二〇二四"), _value("2,500.5")
    (Decimal('123000000'), Decimal('2024'), Decimal('2500.5'))
    """
    if text[0] in "0123456789":
        return Decimal(text.replace(",", ""))
    if all(character in _HAN_DIGITS for character in text):
        return Decimal("".join(str(_HAN_DIGITS[character]) for character in text))
    if text[0] in "百千万亿":
        return None
    total = section = digit = 0
    for character in text:
        if character in _HAN_DIGITS:
            digit = _HAN_DIGITS[character]
            continue
        size = _MAGNITUDES[character]
        if size < 10**4:
            section, digit = section + (digit or 1) * size, 0
        else:  # 万 multiplies what stands since 亿, 亿 all that stands before it
            kept = total if size < total else 0
            total, section, digit = kept + (total - kept + section + digit) * size, 0, 0
    return Decimal(total + section + digit)


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _amount(found: re.Match[str]) -> Iterator[str]:
    value = _value(found["number"])
    scale: int = _SCALES.get(found["scale"] or "", 1)
    for character in found["magnitude"] or "":
        scale *= _MAGNITUDES[character]
    spoken = found["number"][0] not in "0123456789"
    # Digits alone are an ordinary term already, and 一 is an article more often than a figure.
    if value is not None and (scale > 1 or (spoken and len(found["number"]) > 1)):
        yield _plain(value * scale)


def _percent(found: re.Match[str]) -> Iterator[str]:
    value = _value(found["number"] or found["spoken"])
    if value is not None:
        yield f"{_plain(value)}％"  # wide, which no folded text has: no name in Latin letters


def _year(found: re.Match[str]) -> Iterator[str]:
    yield f"{_value(found['year'])}年"


def _day(found: re.Match[str]) -> Iterator[str]:
    month, day = (_value(found[name]) for name in ("month", "day"))
    if month and day and month <= 12 and day <= 31:
        yield f"{month}月{day}日"


def _iso_day(found: re.Match[str]) -> Iterator[str]:
    yield f"{found['year']}年"
    yield from _day(found)


def _places(found: re.Match[str]) -> Iterator[Decimal]:
    for item in re.findall(_SMALL, found["list"]):
        value = Decimal(_ROMAN.get(item, 0)) if item[0] in "ivx" else _value(item)
        if value:
            yield value


def _ordinals(found: re.Match[str]) -> Iterator[str]:
    return (f"{value}{found['unit']}" for value in _places(found))


def _phases(found: re.Match[str]) -> Iterator[str]:
    return (f"{value}期" for value in _places(found))


def _document_number(found: re.Match[str]) -> Iterator[str]:
    # The last two characters of who issued it, since nothing tells where the name begins.
    number = f"[{found['year']}]{int(found['number'])}号"
    yield number
    yield found["issuer"] + number


def _title(found: re.Match[str]) -> Iterator[str]:
    if name := "".join(found["name"].split()):
        yield f"《{name}》"


def _identifier(found: re.Match[str]) -> Iterator[str]:
    yield found[0].replace("-", "–")  # a dash that no name in Latin letters has


def _plan(found: re.Match[str]) -> Iterator[str]:
    yield f"{found['short'] or found['long']}五规划"


@dataclass(frozen=True, slots=True)
class _Form:
    """How one kind of exact term is written, and a reader of its normal forms."""

    marks: tuple[str, ...]  # a text that holds none of them is passed over
    pattern: re.Pattern[str]
    normal: Callable[[re.Match[str]], Iterator[str]]


_FORMS = (
    _Form(
        (*_MAGNITUDES, *_HAN_DIGITS, "illion", "thousand"),
        re.compile(
            rf"(?P<number>{_NUMBER})(?: ?(?P<magnitude>[百千]?[万亿]{{1,2}}|[百千])"
            rf"| (?P<scale>{'|'.join(_SCALES)})\b)?"
        ),
        _amount,
    ),
    _Form(
        ("%", "百分之", "cent"),
        re.compile(
            rf"(?P<number>{_DIGITS}) ?(?:%|percent\b|per cent\b)"
            rf"|百分之(?P<spoken>{_DIGITS}|[{_NUMERALS}]{{1,6}})"
        ),
        _percent,
    ),
    _Form(
        ("年",),
        re.compile(r"(?<![0-9])(?P<year>[12][0-9]{3}|[一二][〇零一二三四五六七八九]{3}) ?年"),
        _year,
    ),
    _Form(
        ("月",),
        re.compile(
            r"(?<![0-9])(?P<month>[0-9]{1,2}|[一二十]{1,2}) ?月"
            r" ?(?P<day>[0-9]{1,2}|[一二三四五六七八九十]{1,3}) ?[日号]"
        ),
        _day,
    ),
    _Form(
        ("19", "20"),
        re.compile(
            r"(?<![0-9])(?P<year>(?:19|20)[0-9]{2})[-/.](?P<month>[0-9]{1,2})"
            r"[-/.](?P<day>[0-9]{1,2})(?![0-9])"
        ),
        _iso_day,
    ),
    _Form(
        ("期", "批", "届", "类", "级"),
        re.compile(
            r"(?<![a-z0-9.一二三四五六七八九十百])第?"
            rf"(?P<list>{_LIST}) ?(?P<unit>[期批届类级])"
        ),
        _ordinals,
    ),
    _Form(
        ("第",),
        re.compile(rf"第 ?(?P<list>{_LIST}) ?(?P<unit>[条章款项卷版])"),
        _ordinals,
    ),
    _Form(("phase",), re.compile(rf"\bphases? (?P<list>{_LIST})(?![a-z0-9])"), _phases),
    _Form(
        ("号",),
        re.compile(
            rf"(?P<issuer>[{_HAN}]{{1,2}}) ?[〔\[(【] ?(?P<year>(?:19|20)[0-9]{{2}}) ?[〕\])】]"
            r" ?第? ?(?P<number>[0-9]{1,5}) ?号"
        ),
        _document_number,
    ),
    _Form(
        ("-",),
        re.compile(r"(?<![0-9a-z-])[0-9]{1,8}(?:-[0-9]{1,8}){1,4}(?![0-9-])"),
        _identifier,
    ),
    _Form(("《",), re.compile(r"《(?P<name>[^《》]{2,80})》"), _title),
    _Form(
        ("五",),
        re.compile(
            r"(?<![十一二三四五六七八九])(?:(?P<short>十?[一二三四五六七八九])五"
            r"(?=[\"'”’」]|规划|时期|期间)|第(?P<long>十?[一二三四五六七八九])个五年)"
        ),
        _plan,
    ),
)


def _exact(folded: str) -> Iterator[_Located]:
    for form in _FORMS:
        if any(mark in folded for mark in form.marks):
            for found in form.pattern.finditer(folded):
                for term in form.normal(found):
                    yield term, found.start(), found.end()
