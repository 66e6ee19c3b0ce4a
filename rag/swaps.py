"""What a follow-up names in the place of its like: 佛山 for 东莞, 三期 for 二期; pure rules."""

import re
from collections.abc import Iterable
from dataclasses import replace

from index.script import fold_characters
from rag.messages import listed, name_of
from rag.pieces import HAN, SLOTS, TOPIC, Piece, PieceKind, Reading, read_pieces
from rag.understand import language_of

EDGES = " \t\n,，.。;；:：?？!！、"

# --- Place for place, year for year -------------------------------------------------------------

_LINKS = re.compile(r"(?:[\s、,，/~至到和与及或-]|and|or|to)*")


def groups_of(reading: Reading, kind: PieceKind) -> list[list[Piece]]:
    """Return pieces of a kind, those in one list together: 湖南和江西, 浙江省杭州市."""
    groups: list[list[Piece]] = []
    for piece in reading.inner:
        if piece.kind is not kind:
            continue
        gap = reading.folded[groups[-1][-1].end : piece.start] if groups else None
        if gap is not None and _LINKS.fullmatch(gap):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return groups


def swapped(text: str, asked: Reading, kind: PieceKind) -> str:
    """Return a text with what `asked` names of a kind in the place of its like, or put in."""
    named = groups_of(asked, kind)[0]
    base = read_pieces(text)
    old = _like(groups_of(replace(base, start=0, end=len(text)), kind), named, kind)
    new = _written(asked, named, kind, text, old)
    if not old:
        return _inserted(text, new, kind)
    return text[: old[0].start] + new + text[old[-1].end :]


# Years that another one tells.
_BESIDE_A_YEAR = {"前一年": -1, "上一年": -1, "次年": 1, "同年": 0, "当年": 0, "previous year": -1}


def _like(groups: list[list[Piece]], named: list[Piece], kind: PieceKind) -> list[Piece]:
    """Choose which group is replaced: that of the same level or unit."""
    if kind is PieceKind.STAGE:
        unit = _stage(named[0].text)[1]
        return next((group for group in groups if _stage(group[0].text)[1] == unit), [])
    levels = {piece.place.level for piece in named if piece.place}
    same = [g for g in groups if any(p.place and p.place.level in levels for p in g)]
    return next(iter([*same, *groups]), [])


def _written(
    asked: Reading, named: list[Piece], kind: PieceKind, text: str, old: list[Piece]
) -> str:
    """Return what is named as the language of the other question writes it."""
    words = asked.text[named[0].start : named[-1].end]
    chinese = bool(HAN.search(text))
    if kind is PieceKind.YEAR:
        known = re.match(r"\d{4}", fold_characters(old[0].text)) if old else None
        if known and named[0].text in _BESIDE_A_YEAR:
            words = str(int(known[0]) + _BESIDE_A_YEAR[named[0].text])
        if chinese and words.isdigit():
            return f"{words}年"
        return words.replace("年", "") if words[:4].isdigit() and not chinese else words
    if bool(HAN.search(words)) == chinese:
        return words
    if kind is PieceKind.PLACE and all(piece.place for piece in named):
        language = language_of(text)
        return listed([name_of(p.place, language) for p in named if p.place], language)
    return _stage_across(words, old, chinese) if kind is PieceKind.STAGE else words


def _inserted(text: str, new: str, kind: PieceKind) -> str:
    if HAN.search(text):
        return f"{new}，{text}" if kind is PieceKind.STAGE else new + text
    end = len(text.rstrip(EDGES))
    word = "for" if kind is PieceKind.STAGE else "in"
    return f"{text[:end]} {word} {new}{text[end:]}"


def with_slots(subject: str, asked: Reading) -> tuple[str, Reading]:
    """Return the subject with what a question names in the place of its like, and the rest."""
    known = read_pieces(subject)
    for kind in SLOTS:
        if asked.has(kind) and any(piece.kind is kind for piece in known.pieces):
            subject = swapped(subject, asked, kind)
    return subject, without_leading_slots(asked, {piece.kind for piece in known.pieces})


def without_leading_slots(asked: Reading, kinds: Iterable[PieceKind] = SLOTS) -> Reading:
    """Return a question that begins after the places and years at its beginning."""
    start, known = asked.start, set(kinds)
    for piece in asked.inner:
        if piece.kind not in SLOTS or piece.kind not in known:
            break
        start = piece.end
    return replace(asked, start=start)


_DIGITS = "零一二三四五六七八九十"
_ROMANS = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")
_ORDINALS = ("", "first", "second", "third", "fourth", "fifth")
_CARDINALS = ("", "one", "two", "three", "four", "five")
_UNITS = {
    "期": "phase",
    "阶段": "stage",
    "批次": "batch",
    "批": "batch",
    "轮": "round",
    "届": "session",
    "类": "class",
}
_CHINESE_UNITS = {"phase": "期", "stage": "阶段", "batch": "批", "round": "轮", "class": "类"}


def _stage(words: str) -> tuple[int, str]:
    """Return the number, 0 if it is none up to ten, and the English unit of a stage."""
    folded = fold_characters(words)
    unit = next((_UNITS[one] for one in _UNITS if one in folded), "")
    unit = unit or next((one for one in (*_CHINESE_UNITS, "tier", "category") if one in folded), "")
    for part in re.findall(r"\d+|[一二三四五六七八九十]+|[Ⅰ-Ⅻⅰ-ⅻ]|[a-z]+", folded):
        if number := _small_number(part):
            return number, unit
    return 0, unit


def _small_number(part: str) -> int:
    if part.isdigit():
        return int(part)
    if "Ⅰ" <= part <= "Ⅻ" or "ⅰ" <= part <= "ⅻ":
        return (ord(part) - ord("Ⅰ")) % 16 + 1
    for names in (list(_DIGITS), [one.lower() for one in _ROMANS], _ORDINALS, _CARDINALS):
        if part in names:
            return names.index(part)
    return 0


def _stage_across(words: str, old: list[Piece], chinese: bool) -> str:
    """Return a stage in the other language, as the stage that it replaces is written."""
    number, unit = _stage(words)
    if not 0 < number <= 10 or unit not in _CHINESE_UNITS:
        return words
    before = old[0].text if old else ""
    if not chinese:
        return f"{unit} {number if re.search('[0-9]', before) else _ROMANS[number]}"
    written = _DIGITS[number]
    if re.search("[ivxⅠ-Ⅻ]", before):
        written = _ROMANS[number]
    elif re.search(r"\d", before):
        written = str(number)
    first = "第" if before.startswith("第") or unit in ("batch", "round") else ""
    return first + written + _CHINESE_UNITS[unit]


# --- Attribute for attribute, subject for subject -----------------------------------------------

_OPPOSITES = (
    frozenset(["上限", "下限", "最高", "最低", "最多", "最少", "最大", "最小"]),
    frozenset(["maximum", "minimum", "max", "min", "most", "least", "ceiling", "floor"]),
)


def _opposite_pieces(text: str, asked: Reading) -> tuple[list[Piece], list[Piece]]:
    """Return the limits that a text and a question name, both of one kind."""
    for words in _OPPOSITES:
        new = [p for p in asked.of(PieceKind.ATTRIBUTE) if p.text in words]
        old = [
            p for p in read_pieces(text).pieces if p.text in words and p.kind is PieceKind.ATTRIBUTE
        ]
        if new and old:
            return old, new
    return [], []


def opposite(text: str, asked: Reading) -> str:
    """Return a text with 最低 in the place of 最高; "" if there is nothing of the kind."""
    old, new = _opposite_pieces(text, asked)
    if not old:
        return ""
    words = asked.text[new[0].start : new[0].end]
    return text[: old[0].start] + words + text[old[0].end :]


def without_opposites(text: str, asked: Reading) -> str:
    """Return a text without the limit that a question names another of."""
    old, _ = _opposite_pieces(text, asked)
    return text[: old[0].start] + text[old[0].end :] if old else text


def runs_of(reading: Reading) -> list[list[Piece]]:
    """Return the nominal phrases of a question: pieces of its topic that touch each other."""
    runs: list[list[Piece]] = []
    for piece in reading.inner:
        if piece.kind not in TOPIC:
            continue
        gap = reading.folded[runs[-1][-1].end : piece.start] if runs else None
        if gap is not None and not gap.strip(" 、-"):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs


def topic_swapped(text: str, asked: Reading) -> str:
    """Return a text with another thing in the place of its like; "" if it has none."""
    new = [piece for run in runs_of(asked) for piece in run]
    words = asked.text[new[0].start : new[-1].end]
    base = replace(read_pieces(text), start=0, end=len(text))
    if all(piece.kind is not PieceKind.CONTENT for piece in new):
        head = next((p for p in reversed(base.inner) if p.kind is new[-1].kind), None)
        return text[: head.start] + words + text[head.end :] if head else ""
    old = _like_run(runs_of(base), new)
    if not old:
        return ""
    return text[: old[0].start] + words + text[old[-1].end :]


def _like_run(runs: list[list[Piece]], new: list[Piece]) -> list[Piece]:
    """Choose the phrase that a new one replaces: of the same head, or else the longest.

    A head of the phrase, such as 目标 or 企业, stays where the new one has none.
    """
    runs = [run for run in runs if any(piece.kind is PieceKind.CONTENT for piece in run)]
    if not runs:
        return []
    same = [run for run in runs if run[-1].text == new[-1].text]
    old = max(same or runs, key=lambda run: (_is_akin(run, new), run[-1].end - run[0].start))
    if new[-1].kind is PieceKind.CONTENT:
        while old[-1].kind is not PieceKind.CONTENT:
            old = old[:-1]
    return old


def _is_akin(run: list[Piece], new: list[Piece]) -> bool:
    """Tell whether two phrases end alike, as things of one kind do: 创新药, 改良型新药."""
    return run[-1].text[-1] == new[-1].text[-1]
