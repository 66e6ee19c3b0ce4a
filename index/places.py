"""Chinese places: a small gazetteer, and where a text names them in Chinese or in English.

The table `places.csv` is ours to edit, in Simplified characters; cells with several values part
them by ";". Its columns beside the fields of `Place`:

aliases       more names that are read in texts
abbreviation  single characters that count in document numbers (粤府) and never in running text
ambiguous     "yes": the short name is also an ordinary word or part of many (大同, 光明), so it is
              read only with its unit (大同市) or beside another place (山西大同; 太原、大同)
hidden_by     words that use up characters of a name: 隆重 hides 重庆 in 隆重庆祝
members       the places that make up a region
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from index.memory import remembered
from index.script import fold_characters

LEVELS = ("nation", "region", "province", "city", "district")

# Units that make a name of three characters or more sure: 大同市, 光明区. 苏州 and 东城 have none.
_UNITS = "市省区州县盟"
# Here the unit belongs to the next word: 朝阳市场 is no city, 和平区域 no district.
_FALSE_UNITS = frozenset(["市场", "市值", "区域", "区间", "区块", "区分", "区别", "县域"])
# Names side by side in a list: 广州、光明. Not the comma, which also parts clauses.
_LIST_MARKS = frozenset("、和与及或/·")

# 中山大学 stands in 广州, 北京路 too: such a name does not make a text one about 中山 or 北京.
_SCHOOL_KINDS = (
    "交通|理工|医科|医学|药科|中医药|中医|师范|农业|农林|林业|财经|经贸|外国语|外语|外贸|工业|"
    "工商|工程|科技|科学技术|政法|航空|航天|邮电|体育|音乐|美术|戏剧|电影|传媒|海洋|海事|电力|"
    "石油|矿业|地质|民族|人民|城市|中文|浸会|社会|职业|技术|应用|信息|电子|国际|建筑|第一|第二"
)
_SCHOOL = re.compile(rf"(?:{_SCHOOL_KINDS}){{0,3}}(?:大学(?![城生])|学院|科学院|工程院)")
_STREET = re.compile(
    "[东西南北中]?[一二三四五六七八九]?路(?![径线网段演桥子])|大道|街(?![道区镇坊头边景])"
)
_ENGLISH_SCHOOL = re.compile(
    r"(?: (?:medical|normal|agricultural|pharmaceutical|polytechnic|jiao ?tong|international|ocean"
    r"|open|foreign studies))* (?:university|college|institute|academy)\b"
)
_ENGLISH_STREET = re.compile(r"(?: (?:east|west|north|south|middle))? (?:road|street|avenue)\b")
_UNIVERSITY_OF = "university of "
# 区长岳阳表示: who has a title before the name, and speaks, is no place; 记者北京报道 is one.
_TITLE = re.compile(
    "(?:主任|书记|[区市省县局厅处部院校]长|教授|院士|主席|总裁|总经理|负责人|委员)$"
)
_LONGEST_TITLE = 3
_SPEAKS = re.compile(
    "(?:在.{0,12})?(?:表示|介绍|指出|说|谈|称|透露|强调|认为|讲|致辞|发言|是谁|的|,|，|、)"
)
_IS_ONE = re.compile("是谁|先生|女士|同志|说了|在.{0,12}(?:说了|致辞|发言)")
_END_OF_LATIN = "\u0250"
_ENGLISH_UNIT = re.compile(
    r" (city|municipality|province|prefecture|county|district|new (?:area|district))\b"
)
_LEVELS_OF_UNIT = {
    "city": ("city", "province", "district"),
    "municipality": ("province", "city"),
    "province": ("province",),
    "prefecture": ("city",),
}

# One character for one, so that spans hold: typographic apostrophes, any space or dash, the accents
# of Ürümqi and Garzê (not those of tones: the gloss xiàn is no Xian), and Hong Kong's form of 卫,
# which OpenCC's t2s leaves as it is.
_PLAIN = str.maketrans("’‘ʼ`\n\r\t\u00a0\u2009\u2010\u2011–—-üê衞", "''''          ue卫")


@dataclass(frozen=True, slots=True)
class Place:
    """One row of the gazetteer; `level` is one of LEVELS, `parent` names the place that holds it.

    `name` is unique in the table; `parent` is "" for the nation only.
    """

    name: str
    full: str
    level: str
    parent: str
    english: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlaceMention:
    """Where a text names a place: `text[start:end]`, in characters.

    `others` are its namesakes that the text does not rule out: 泰州 and 台州 are both "Taizhou".
    """

    place: Place
    start: int
    end: int
    others: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class _Form:
    """One folded way to write places; `sure` forms need no other place beside them."""

    text: str
    places: tuple[Place, ...]
    sure: bool
    hidden_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    form: _Form
    places: tuple[Place, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Gazetteer:
    places: dict[str, Place]
    members: dict[str, tuple[Place, ...]]  # of regions
    forms: dict[str, list[_Form]]  # by the first two characters, the longest first
    beginnings: re.Pattern[str]  # the first character of a form
    known: dict[str, Place]  # by any folded name or abbreviation


@remembered(1024)
def find_places(text: str) -> tuple[PlaceMention, ...]:
    """Return the places that `text` names in Simplified, Traditional or English, in order.

    The leftmost name counts, then the longest; spans do not overlap.
    """
    folded = _fold(text)
    found = _supported(list(_scan(folded)), folded)
    return tuple(_mention(item, found) for item in found)


def covers(outer: Place, inner: Place) -> bool:
    """Tell whether `inner` is `outer` or lies within it; a region covers what its members cover."""
    if outer == inner or outer.level == "nation":
        return True
    members = _gazetteer().members
    if inner.level == "region":
        return all(covers(outer, member) for member in members[inner.name])
    if outer.level == "region":
        return any(covers(member, inner) for member in members[outer.name])
    return any(above == outer for above in _ancestors(inner))


def place(name: str) -> Place | None:
    """Return the place with this Chinese or English name or abbreviation (粤), None if unknown.

    Of namesakes it is the first in the table.
    """
    return _gazetteer().known.get(_fold(name.strip()))


def _ancestors(inner: Place) -> Iterator[Place]:
    places = _gazetteer().places
    while inner.parent:
        inner = places[inner.parent]
        yield inner


def _fold(text: str) -> str:
    return fold_characters(text).translate(_PLAIN)


# --- reading the text: the leftmost longest form, then what its surroundings say


def _scan(text: str) -> Iterator[_Found]:
    known = _gazetteer()
    end = 0
    for match in known.beginnings.finditer(text):
        start = match.start()
        forms = known.forms.get(text[start : start + 2]) if start >= end else None
        form = _longest(text, start, forms) if forms else None
        if form is None:
            continue
        end = start + len(form.text)
        if not _in_other_name(text, start, end):
            yield _with_unit(text, _Found(form, form.places, start, end))


def _longest(text: str, at: int, forms: Iterable[_Form]) -> _Form | None:
    for form in forms:
        if text.startswith(form.text, at) and _is_whole(text, at, at + len(form.text)):
            return None if _is_hidden(text, at, form) else form
    return None


def _is_hidden(text: str, at: int, form: _Form) -> bool:
    """Tell whether one of the form's hiding words shares a character with the form at `at`."""
    end = at + len(form.text)
    return any(
        text.find(word, max(0, at - len(word) + 1), end + len(word) - 1) >= 0
        for word in form.hidden_by
    )


def _is_whole(text: str, start: int, end: int) -> bool:
    if text[start].isascii():
        return not (_is_latin(text[start - 1 : start]) or _is_latin(text[end : end + 1]))
    return text[end - 1 : end + 1] not in _FALSE_UNITS


def _is_latin(character: str) -> bool:
    return character.isalnum() and character < _END_OF_LATIN


def _in_other_name(text: str, start: int, end: int) -> bool:
    """Tell whether the name at [start, end) is part of the name of a school or a street."""
    if text[start].isascii():
        before = text[max(0, start - len(_UNIVERSITY_OF)) : start]
        after = _ENGLISH_SCHOOL.match(text, end) or _ENGLISH_STREET.match(text, end)
        return before == _UNIVERSITY_OF or bool(after)
    if _has_unit(text[start:end]):
        return False
    if _is_person(text, start, end):
        return True
    return bool(_SCHOOL.match(text, end) or _STREET.match(text, end))


def _is_person(text: str, start: int, end: int) -> bool:
    """Tell whether a name of a place is that of somebody who speaks: 区长岳阳表示, 岳阳是谁."""
    titled = _TITLE.search(text[max(0, start - _LONGEST_TITLE) : start])
    return bool(_SPEAKS.match(text, end) and (titled or _IS_ONE.match(text, end)))


def _has_unit(name: str) -> bool:
    return len(name) > 2 and name[-1] in _UNITS


def _with_unit(text: str, item: _Found) -> _Found:
    """Take an English unit into the mention ("Dongguan City"); it also tells namesakes apart."""
    unit = _ENGLISH_UNIT.match(text, item.end) if text[item.start].isascii() else None
    levels = _LEVELS_OF_UNIT.get(unit[1], ("district",)) if unit else ()
    places = tuple(candidate for candidate in item.places if candidate.level in levels)
    return _Found(item.form, places, item.start, unit.end()) if unit and places else item


def _supported(found: list[_Found], text: str) -> list[_Found]:
    """Drop ambiguous names with no place beside them, and districts of another city's."""
    kept = {index for index, item in enumerate(found) if item.form.sure}
    # Forth and back, since support is passed on along a list: 大同、长治、太原.
    for index in (*range(len(found)), *reversed(range(len(found)))):
        beside = [found[other] for other in kept & {index - 1, index + 1}]
        if index not in kept and any(_supports(one, found[index], text) for one in beside):
            kept.add(index)
    return [
        found[index]
        for index in sorted(kept)
        if not (index and _is_stranger(found[index - 1], found[index]))
    ]


def _supports(other: _Found, item: _Found, text: str) -> bool:
    first, second = sorted((other, item), key=lambda one: one.start)
    gap = text[first.end : second.start]
    if gap in _LIST_MARKS:
        return other.places[0].level != "nation"
    return not gap.strip() and any(
        candidate.parent == beside.name or beside.parent == candidate.name
        for candidate in item.places
        for beside in other.places
    )


def _is_stranger(before: _Found, item: _Found) -> bool:
    """Tell whether a district follows a city that it does not lie in: 沈阳市和平区 is not ours."""
    above = before.places[0]
    return (
        before.end == item.start
        and item.form.text[-1] in "区县"
        and item.places[0].level == "district"
        and above.level in ("province", "city")
        and not any(covers(above, candidate) for candidate in item.places)
    )


def _mention(item: _Found, found: list[_Found]) -> PlaceMention:
    """Choose among namesakes (Suzhou: 苏州, 宿州) by the nearest place that fits only some."""
    candidates = item.places
    if len(candidates) > 1:
        for other in sorted(found, key=lambda one: abs(one.start - item.start)):
            related = tuple(one for one in candidates if _belongs(one, other.places[0]))
            if other.places != item.places and 0 < len(related) < len(candidates):
                candidates = related
                break
    return PlaceMention(candidates[0], item.start, item.end, candidates[1:])


def _belongs(one: Place, other: Place) -> bool:
    return covers(other, one) or covers(one, other) or one.parent == other.parent


# --- the table


@cache
def _gazetteer() -> _Gazetteer:
    table = resources.files("index").joinpath("places.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(table.splitlines()))
    places = {row["name"]: _place(row) for row in rows}
    forms = _forms(rows, places)
    members = {row["name"]: _members(row, places) for row in rows if row["members"]}
    known = {form.text: form.places[0] for form in forms}
    for row in rows:
        known |= dict.fromkeys(_split(row["abbreviation"]), places[row["name"]])
    characters = sorted({form.text[0] for form in forms})
    beginnings = re.compile(f"[{re.escape(''.join(characters))}]")
    return _Gazetteer(places, members, _by_beginning(forms), beginnings, known | places)


def _place(row: dict[str, str]) -> Place:
    return Place(row["name"], row["full"], row["level"], row["parent"], _split(row["english"]))


def _members(row: dict[str, str], places: dict[str, Place]) -> tuple[Place, ...]:
    return tuple(places[name] for name in _split(row["members"]))


def _split(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(";")) if cell else ()


def _forms(rows: list[dict[str, str]], places: dict[str, Place]) -> list[_Form]:
    """Return each way to write a place once, with all its namesakes."""
    owners: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        for name in dict.fromkeys(_names(row)):
            owners.setdefault(name, []).append(row)
    return [_form(name, named, places) for name, named in owners.items()]


def _form(name: str, rows: list[dict[str, str]], places: dict[str, Place]) -> _Form:
    owners = tuple([places[row["name"]] for row in rows])
    hidden_by = _split(_plain(";".join([row["hidden_by"] for row in rows if row["hidden_by"]])))
    return _Form(name, owners, any([_is_sure(name, row) for row in rows]), hidden_by)


def _names(row: dict[str, str]) -> tuple[str, ...]:
    # The table is in Simplified, so only its English needs folding, which keeps loading fast.
    return row["name"], row["full"], *_split(row["aliases"]), *_split(_plain(row["english"]))


def _plain(cell: str) -> str:
    return cell.lower().translate(_PLAIN)


def _is_sure(name: str, row: dict[str, str]) -> bool:
    """Tell whether the name needs no place beside it: a bare name of an ambiguous row does."""
    bare = name == row["name"] or len(name) < 3
    return not (row["ambiguous"] and bare) or name.isascii() or _has_unit(name)


def _by_beginning(forms: list[_Form]) -> dict[str, list[_Form]]:
    beginnings: dict[str, list[_Form]] = {}
    for form in sorted(forms, key=lambda one: -len(one.text)):
        beginnings.setdefault(form.text[:2], []).append(form)
    return beginnings
