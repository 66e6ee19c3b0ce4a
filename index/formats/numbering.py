"""Automatic numbers as word processors write them: 第三章, （三）, 3.1, ③, iii."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from index.formats.package import Element, attribute, child, children

_DIGITS = "〇一二三四五六七八九"
_COUNTING = ("零一二三四五六七八九", "十百千万")
_LEGAL_SIMPLIFIED = ("零壹贰叁肆伍陆柒捌玖", "拾佰仟万")
_LEGAL_TRADITIONAL = ("零壹貳參肆伍陸柒捌玖", "拾佰仟萬")
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
# Beyond this a number is an attack on those who would write it out in letters.
_LARGEST = 99_999


def written(number: int, style: str) -> str:
    """Return a number (0 to 99,999) in a style of OOXML's ST_NumberFormat, such as "lowerRoman".

    A style that is not known, or that has no such number, is written in digits; "none" is "".
    """
    if style == "none":
        return ""
    spell = _STYLES.get(style)
    if spell is None or not 0 <= number <= _LARGEST:
        return str(number)
    return spell(number) or str(number)


def _chinese(number: int, digits: str, units: str) -> str:
    """Return 105 as 一百零五; ten keeps its 一 only inside a larger number."""
    if number >= 10_000:
        high, low = divmod(number, 10_000)
        rest = _chinese(low, digits, units) if low else ""
        zero = digits[0] if 0 < low < 1000 else ""
        return _chinese(high, digits, units) + units[3] + zero + rest
    text = ""
    for place, figure in enumerate(reversed(str(number))):
        if figure != "0":
            text = digits[int(figure)] + (units[place - 1] if place else "") + text
        elif text and text[0] != digits[0]:
            text = digits[0] + text
    return text or digits[0]


def _counting(number: int) -> str:
    text = _chinese(number, *_COUNTING)
    return text.removeprefix("一") if 10 <= number < 20 else text


def _small_counting(number: int) -> str:
    return _counting(number) if number < 100 else _digital(number)


def _digital(number: int) -> str:
    return "".join(_DIGITS[int(figure)] for figure in str(number))


def _full_width(number: int) -> str:
    return "".join(chr(ord(figure) + 0xFEE0) for figure in str(number))


def _letters(number: int) -> str:
    """Return 1 as a, 26 as z, 27 as aa, 28 as bb, as word processors count."""
    if not number:
        return ""
    repeats, letter = divmod(number - 1, 26)
    return chr(97 + letter) * (repeats + 1) if repeats < 10 else ""


def _roman(number: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        text += letters * (number // value)
        number %= value
    return text


def _circled(number: int) -> str:
    for first, last, code in ((1, 20, 0x2460), (21, 35, 0x3251), (36, 50, 0x32B1)):
        if first <= number <= last:
            return chr(code + number - first)
    return ""


def _from(code: int, last: int) -> Callable[[int], str]:
    return lambda number: chr(code + number - 1) if 1 <= number <= last else ""


def _of(row: str) -> Callable[[int], str]:
    return lambda number: row[number - 1] if 1 <= number <= len(row) else ""


_STYLES: dict[str, Callable[[int], str]] = {
    "decimalZero": lambda number: f"{number:02}",
    "lowerLetter": _letters,
    "upperLetter": lambda number: _letters(number).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda number: _roman(number).upper(),
    "chineseCounting": _small_counting,
    "taiwaneseCounting": _small_counting,
    "chineseCountingThousand": _counting,
    "taiwaneseCountingThousand": _counting,
    "japaneseCounting": _counting,
    "ideographDigital": _digital,
    "taiwaneseDigital": _digital,
    "japaneseDigitalTenThousand": _digital,
    "chineseLegalSimplified": lambda number: _chinese(number, *_LEGAL_SIMPLIFIED),
    "ideographLegalTraditional": lambda number: _chinese(number, *_LEGAL_TRADITIONAL),
    "ideographTraditional": _of(_STEMS),
    "ideographZodiac": _of(_BRANCHES),
    "ideographEnclosedCircle": _from(0x3280, 10),
    "decimalEnclosedCircle": _circled,
    "decimalEnclosedCircleChinese": _circled,
    "decimalEnclosedParen": _from(0x2474, 20),
    "decimalEnclosedFullstop": _from(0x2488, 20),
    "decimalFullWidth": _full_width,
    "decimalFullWidth2": _full_width,
    "numberInDash": lambda number: f"- {number} -",
}

# Fonts of signs: their places hold other characters than Unicode's.
_WINGDINGS = dict(
    zip(
        (0x6C, 0x6D, 0x6E, 0x6F, 0x71, 0x72, 0x75, 0x76, 0xA1, 0xA7, 0xA8, 0xD8, 0xE0, 0xE8),
        "●❍■□❑❒◆❖○▪□➢→➔",
        strict=True,
    )
) | {0x52: "☑", 0x53: "☒", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑", 0xF0: "⇨", 0x9F: "•"}
_SYMBOL = dict(
    zip(
        (0xA3, 0xA5, 0xAE, 0xB0, 0xB1, 0xB2, 0xB3, 0xB4, 0xB7, 0xB8, 0xB9, 0xBB, 0xD7, 0xDE),
        "≤∞→°±″≥×•÷≠≈⋅⇒",
        strict=True,
    )
) | dict(zip(range(0x61, 0x7B), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True))
_PRIVATE = range(0xF000, 0xF100)  # where Word puts the signs of such fonts
_PRIVATE_CHARACTER = re.compile("[\uf000-\uf0ff]")
_BULLET = "•"


def sign(code: str, font: str) -> str:
    """Return the character of a sign (hexadecimal) of a font, "" if there is no telling."""
    if not re.fullmatch("[0-9A-Fa-f]{1,5}", code):
        return ""
    place = int(code, 16)
    if place in _PRIVATE:
        place -= 0xF000
    elif place > 0xFF:
        return chr(place) if not 0xD800 <= place < 0xF900 else ""
    first, second = (_SYMBOL, {}) if font.lower() == "symbol" else (_WINGDINGS, _SYMBOL)
    return first.get(place, second.get(place, ""))


def without_private(text: str) -> str:
    """Return a text with signs for the places that fonts such as Wingdings have for themselves."""
    if not _PRIVATE_CHARACTER.search(text):
        return text
    return _PRIVATE_CHARACTER.sub(lambda match: sign(f"{ord(match[0]):X}", ""), text)


def integer(value: str, default: int) -> int:
    """Return a whole number as XML has it, the default for anything else."""
    return int(value) if re.fullmatch(r"-?[0-9]{1,9}", value) else default


@dataclass(frozen=True, slots=True)
class Level:
    """How the paragraphs of one level of a list are numbered."""

    start: int = 1
    style: str = "decimal"
    text: str = ""  # such as 第%1章 or %1.%2
    joint: str = " "  # between the number and the text
    restart: int | None = None  # after which level (from 1) it begins anew; None: after any
    legal: bool = False  # all numbers in digits
    paragraph_style: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class List:
    """A use of a list's definition, with what it does otherwise."""

    definition: str
    levels: dict[int, Level]
    starts: dict[int, int]  # level -> where this use begins anew


@dataclass(slots=True)
class Numbering:
    """The lists of a document, and how far each has counted."""

    lists: dict[str, List] = field(default_factory=dict)
    counts: dict[str, dict[int, int]] = field(default_factory=dict)
    begun: set[tuple[str, int]] = field(default_factory=set)

    def level_of_style(self, number: str, style: str) -> int:
        """Return the level that a list has for the paragraphs of a style, 0 without one."""
        used = self.lists.get(number)
        levels = used.levels.items() if used else ()
        return next((i for i, level in levels if level.paragraph_style == style), 0)

    def label(self, number: str, depth: int) -> str:
        """Count the next paragraph of a list, and return what stands before it: "", or 第三章 ."""
        used = self.lists.get(number)
        level = used.levels.get(depth) if used else None
        if used is None or level is None:
            return ""
        counts = self.counts.setdefault(used.definition, {})
        if (number, depth) not in self.begun and depth in used.starts:
            counts[depth] = used.starts[depth] - 1
        self.begun.add((number, depth))
        counts[depth] = counts.get(depth, level.start - 1) + 1
        for deeper in [i for i in counts if i > depth]:
            restart = used.levels.get(deeper, level).restart
            if restart is None or depth < restart:
                del counts[deeper]
        return "" if level.hidden else _label(used.levels, level, depth, counts)


def _label(levels: dict[int, Level], level: Level, depth: int, counts: dict[int, int]) -> str:
    if level.style == "bullet":
        bullet = level.text.strip()
        seen = bullet.isprintable() and not 0xE000 <= ord(bullet[:1] or " ") < 0xF900
        return f"{bullet if seen and len(bullet) == 1 else _BULLET} " if bullet else ""

    def number(match: re.Match[str]) -> str:
        place = int(match[1]) - 1
        if place > depth:
            return ""
        shown = levels.get(place, level)
        style = "decimal" if level.legal else shown.style
        return written(counts.get(place, shown.start), style)

    label = re.sub("%([1-9])", number, level.text).strip()
    # After 、 or ） Chinese leaves no space.
    joint = "" if not label or label[-1] in "、）．。：】〕" else level.joint
    return label + joint


def read_numbering(root: Element | None, styles: Callable[[str], str]) -> Numbering:
    """Return the lists of numbering.xml; `styles` gives the list that a list style stands for."""
    definitions = {}
    linked = {}
    for abstract in children(root, "abstractNum"):
        name = attribute(abstract, "abstractNumId")
        definitions[name] = {
            integer(attribute(level, "ilvl"), 0): _read_level(level)
            for level in children(abstract, "lvl")
        }
        if style := attribute(child(abstract, "numStyleLink"), "val"):
            linked[name] = style
    uses = {
        attribute(use, "numId"): (attribute(child(use, "abstractNumId"), "val"), use)
        for use in children(root, "num")
    }
    lists = {}
    for number, (name, use) in uses.items():
        if name in linked:
            name = uses.get(styles(linked[name]), (name, None))[0]
        lists[number] = _read_list(name, definitions.get(name, {}), use)
    return Numbering(lists)


def _read_list(name: str, levels: dict[int, Level], use: Element) -> List:
    changed = dict(levels)
    starts = {}
    for override in children(use, "lvlOverride"):
        depth = integer(attribute(override, "ilvl"), 0)
        if (level := child(override, "lvl")) is not None:
            changed[depth] = _read_level(level)
        if (start := child(override, "startOverride")) is not None:
            starts[depth] = integer(attribute(start, "val"), 1)
    return List(name, changed, starts)


def _read_level(level: Element) -> Level:
    style = child(level, "numFmt")
    if style is None:  # newer styles stand beside an older one for older programs
        style = child(child(child(level, "AlternateContent"), "Choice"), "numFmt")
    restart = child(level, "lvlRestart")
    joint = attribute(child(level, "suff"), "val")
    return Level(
        start=integer(attribute(child(level, "start"), "val"), 0),
        style=attribute(style, "val") or "decimal",
        text=attribute(child(level, "lvlText"), "val"),
        joint="" if joint == "nothing" else " ",
        restart=None if restart is None else integer(attribute(restart, "val"), 0),
        legal=is_on(child(level, "isLgl")),
        paragraph_style=attribute(child(level, "pStyle"), "val"),
        hidden=is_on(child(child(level, "rPr"), "vanish")),
    )


def is_on(toggle: Element | None) -> bool:
    """Tell whether a property that is on or off is there and on."""
    return toggle is not None and attribute(toggle, "val") not in ("0", "false", "off")
