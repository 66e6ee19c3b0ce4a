"""Names of bodies, programmes and terms matched across languages, by a table and no model.

The table `glossary.csv` is ours to edit; a library folder may hold one of its own with the same
columns, whose rows come first (`load_glossary`). Cells with several values part them by ";":

chinese    Chinese names in Simplified characters, the one that documents use most comes first
english    English names in lower case and abbreviations in capitals; plurals, hyphens and British
           spellings need no names of their own
kind       body, place, programme, policy, company, term; or "word": everyday words of policy, whose
           Chinese names translate the English but do not stand for each other (规划 is no 方案)
weight     how much the names say, above 0 and at most 1 (blank): generic words say little
pinyin     "yes": the toneless pinyin of the Chinese names (songshanhu) is an English name too
hidden_by  words that use up characters of a Chinese name: 其中医 hides 中医 in 其中医疗器械
"""

import csv
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from index.errors import LibraryError
from index.places import Place, find_places
from index.script import fold_characters

COLUMNS = ("chinese", "english", "kind", "weight", "pinyin", "hidden_by")
DEFAULT_WEIGHT = 1.0
WORD = "word"  # the kind whose Chinese names are no synonyms of each other

_SHORTEST_CHINESE_NAME = 2  # characters; a single one is part of too many words
_SHORTEST_ENGLISH_NAME = 2  # letters and digits
# Abbreviations that lower-case letters turn into ordinary English words: "most" is no ministry.
_ORDINARY_WORDS = re.compile(
    "art|as|at|bat|bit|bla|cap|car|cart|cat|cats|dip|east|fit|gap|ind|it|led|mah|man|map|mee|mem"
    "|men|most|nea|pet|sac|safe|sat|sea|sip|star|un|us|vat|was|west|who"
)
# So many words all in capitals are shouted: there WHO may be "who".
_SHOUTED_WORDS = 4
_BRITISH_WORDS = {
    "ageing": "aging",
    "catalogue": "catalog",
    "centre": "center",
    "defence": "defense",
    "labour": "labor",
    "licence": "license",
    "oesophageal": "esophageal",
    "paediatric": "pediatric",
    "programme": "program",
    "theatre": "theater",
    "tumour": "tumor",
}
_BRITISH_ENDINGS = (("isation", "ization"), ("ised", "ized"), ("ising", "izing"), ("ise", "ize"))
# Endings in s that are no plurals: process, virus, diagnosis.
_SINGULAR_ENDINGS = ("ss", "us", "is")
_SIBILANT_PLURALS = ("sses", "xes", "ches", "shes")

# Folded text, so all is lower case; "&" reads as the word "and".
_LATIN = "0-9a-z\u00e0-\u024f"
_LATIN_WORD = re.compile(rf"[{_LATIN}]+(?:'[{_LATIN}]+)*|&")
_LATIN_CHARACTER = re.compile(f"[{_LATIN}]")
_GAP = re.compile(r"'?[\s+/-]{0,3}")  # between the words of one name
_MARKS = str.maketrans("’‘ʼ`\u2010\u2011\u2012–—", "''''-----")
# 科技部门 is no 科技部: here the last character of a name belongs to the next word.
_FALSE_ENDS = frozenset(["部门", "部分", "部署"])

# The syllables of pinyin by their initials, without tones.
_SYLLABLE = "(?:{})".format(
    "|".join(
        (
            "[bpm](?:[aou]|ai|ei|ao|an|en|ang|eng|i|ie|iao|ian|in|ing)|me|miu|[pm]ou",
            "f(?:[aou]|ei|ou|an|en|ang|eng)",
            "[dt](?:[aeiu]|ai|ei|ao|ou|an|ang|eng|ong|ie|iao|iu|ian|ing|uo|ui|uan|un)",
            "[nl](?:[aeiuv]|ai|ei|ao|ou|an|en|ang|eng|ong|ia|ie|iao|iu|ian|in|iang|ing|uo|uan|un|ve)",
            "[gkh](?:[aeu]|ai|ei|ao|ou|an|en|ang|eng|ong|ua|uo|uai|ui|uan|un|uang)",
            "[jqx](?:i|ia|ie|iao|iu|ian|in|iang|ing|iong|u|ue|uan|un)",
            "(?:[zcs]h?|r)(?:[aeiu]|ai|ei|ao|ou|an|en|ang|eng|ong|ua|uo|uai|ui|uan|un|uang)",
            "y(?:[aeiou]|ao|ou|an|in|ang|ing|ong|ue|uan|un)",
            "w(?:[aou]|ai|ei|an|en|ang|eng)",
            "[aoe]|ai|ei|ao|ou|an|en|ang|eng|er",
        )
    )
)
_PINYIN = re.compile(rf"(?:{_SYLLABLE})+")
_SHORTEST_PINYIN = 5  # letters: shorter ones are syllables of English words
_LONGEST_PINYIN = 30  # letters; also bounds the ways to part a word into syllables
# English words that pinyin syllables happen to spell; they need no look at the pinyin of names.
_NOT_PINYIN = re.compile(
    "a|along|america|american|an|are|asian|aside|be|became|become|bone|can|career|chance"
    "|change|china|chinese|dance|defense|dense|desire|disease|do|done|due|engage|female|fence"
    "|fine|gene|he|hence|here|hero|home|house|huge|human|in|lane|language|late|le|line|long"
    "|longer|lose|machine|made|make|manage|maple|marine|me|media|median|men|menu|more|name"
    "|nine|no|none|nuance|on|one|or|orange|pace|page|pane|piece|place|radio|range|rate|refuge"
    "|route|same|sane|sense|she|shine|shoe|site|so|some|the|time|to|too|tuna|tune|union|use|we"
    "|were|wine|woman|women"
)


@dataclass(frozen=True, slots=True)
class Counterpart:
    """`text[start:end]`, in characters, names something; `names` are its other names.

    Those that documents most likely use come first, Chinese before Latin ones; there is at least
    one. `weight`, above 0 and at most 1, tells how much the names say.
    """

    start: int
    end: int
    names: tuple[str, ...]
    weight: float = DEFAULT_WEIGHT


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a glossary; `weight` is above 0 and at most 1."""

    chinese: tuple[str, ...]
    english: tuple[str, ...]
    kind: str
    weight: float
    pinyin: bool
    hidden_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to write the names of an entry: `key` is how it is compared."""

    name: str
    key: str
    entry: Entry
    is_abbreviation: bool = False


@dataclass(frozen=True, slots=True)
class _LatinWord:
    """A word of a text: `text[start:end]`, its stem, and where a name may go on (-1: nowhere)."""

    start: int
    end: int
    written: str
    stem: str
    next_start: int


@dataclass(frozen=True, slots=True)
class _LatinForms:
    """Forms by their keys, and the keys in order."""

    forms: dict[str, _Form]
    keys: list[str]


@dataclass(frozen=True)
class Glossary:
    """Names of things in Chinese and English, and where a text uses them."""

    entries: tuple[Entry, ...]

    def counterparts(self, text: str) -> tuple[Counterpart, ...]:
        """Return what `text` names in Simplified, Traditional, English or pinyin, in order.

        Places of the gazetteer count too. The leftmost name counts, then the longest; spans do
        not overlap.
        """
        folded = fold_characters(text).translate(_MARKS)
        words = _latin_words(text, folded)
        known = [
            *self._in_chinese(folded),
            *self._in_english(words),
            *(
                _of_place(mention.place, mention.others, mention.start, mention.end, folded)
                for mention in find_places(text)
            ),
        ]
        found = _leftmost_longest(known)
        # The pinyin of names takes a heavy import: only for words that nothing else explains.
        if not _may_be_pinyin(_unmatched(words, found)):
            return found
        return _leftmost_longest([*known, *self._in_pinyin(words)])

    def _in_chinese(self, text: str) -> Iterator[Counterpart]:
        for at in range(len(text) - 1):
            for form in self._chinese_forms.get(text[at : at + 2], ()):
                if text.startswith(form.key, at) and _stands_alone(text, at, form):
                    yield _of_form(form, at, at + len(form.key))
                    break

    def _in_english(self, words: list[_LatinWord]) -> Iterator[Counterpart]:
        shouted = _is_shouted(words)
        stems = [word.stem for word in words]
        for form, first, last in _named(words, stems, self._english_forms):
            if not form.is_abbreviation or _is_abbreviated(words[first : last + 1], form, shouted):
                yield _of_form(form, words[first].start, words[last].end)

    def _in_pinyin(self, words: list[_LatinWord]) -> Iterator[Counterpart]:
        spellings = [_spelling(word) for word in words]
        for form, first, last in _named(words, spellings, self._pinyin_forms):
            yield _of_form(form, words[first].start, words[last].end)

    @cached_property
    def _chinese_forms(self) -> dict[str, list[_Form]]:
        """Return the forms by their first two characters, the longest first."""
        beginnings: dict[str, list[_Form]] = {}
        for form in sorted(_chinese_forms(self.entries), key=lambda one: -len(one.key)):
            beginnings.setdefault(form.key[:2], []).append(form)
        return beginnings

    @cached_property
    def _english_forms(self) -> _LatinForms:
        return _latin_forms(_english_forms(self.entries))

    @cached_property
    def _pinyin_forms(self) -> _LatinForms:
        return _latin_forms(_spelled([*self.entries, *_place_entries()]))


def counterparts(text: str) -> tuple[Counterpart, ...]:
    """Return what `text` names, by our own glossary and the gazetteer of places."""
    return default_glossary().counterparts(text)


@cache
def default_glossary() -> Glossary:
    """Return our own glossary."""
    return Glossary(tuple([_entry(row) for row in _our_rows()]))


def load_glossary(path: Path) -> Glossary:
    """Return our own glossary joined with the user's at `path`, UTF-8, columns as in `COLUMNS`.

    A row of the user's that shares a name with rows of ours is joined with them: its names come
    first, its other cells replace ours where they are filled. Raises LibraryError with the file
    and the row when the table cannot be used.
    """
    theirs = _checked_rows(path)
    return Glossary(tuple([_entry(row) for row in _joined(theirs, _our_rows())]))


# --- what a text says


def _stands_alone(text: str, at: int, form: _Form) -> bool:
    end = at + len(form.key)
    if _is_latin(text[at - 1 : at]) and _is_latin(text[at]):
        return False
    if _is_latin(text[end : end + 1]) and _is_latin(text[end - 1]):
        return False
    return text[end - 1 : end + 1] not in _FALSE_ENDS and not _is_hidden(text, at, form)


def _is_latin(character: str) -> bool:
    return bool(_LATIN_CHARACTER.match(character))


def _is_hidden(text: str, at: int, form: _Form) -> bool:
    """Tell whether one of the entry's hiding words shares a character with the form at `at`."""
    end = at + len(form.key)
    return any(
        text.find(word, max(0, at - len(word) + 1), end + len(word) - 1) >= 0
        for word in form.entry.hidden_by
    )


def _latin_words(text: str, folded: str) -> list[_LatinWord]:
    found = list(_LATIN_WORD.finditer(folded))
    starts = [match.start() for match in found[1:]]
    return [
        _LatinWord(
            match.start(),
            match.end(),
            text[match.start() : match.end()],
            _stem(match[0]),
            start if start == _end_of_gap(folded, match.end()) else -1,
        )
        for match, start in zip(found, [*starts, -1], strict=False)
    ]


def _end_of_gap(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    return gap.end() if gap else at


def _named(
    words: list[_LatinWord], parts: list[str], known: _LatinForms
) -> Iterator[tuple[_Form, int, int]]:
    """Return each form that neighbouring words make, with the first and the last of them.

    `parts` are the words as they make up the keys of forms; an empty one makes up none.
    """
    for first in range(len(words)):
        key = ""
        for last in range(first, len(words)):
            key += parts[last]
            if not parts[last] or not _begins_any(known.keys, key):
                break
            if form := known.forms.get(key):
                yield form, first, last
            if last + 1 == len(words) or words[last].next_start != words[last + 1].start:
                break


def _begins_any(keys: list[str], beginning: str) -> bool:
    at = bisect_left(keys, beginning)
    return at < len(keys) and keys[at].startswith(beginning)


def _is_shouted(words: list[_LatinWord]) -> bool:
    letters = [word.written for word in words if word.written.isalpha()]
    return len(letters) >= _SHOUTED_WORDS and all(word.isupper() for word in letters)


def _is_abbreviated(run: list[_LatinWord], form: _Form, shouted: bool) -> bool:
    """Tell whether the words stand for an abbreviation, and not for words that look like it."""
    letters, written = _letters(form.name), _letters("".join([word.written for word in run]))
    # Stems are not enough: "et" is no ETS.
    if len(run) > len(_stems(form.name)) or written not in (letters, letters + "s"):
        return False
    if len(run) > 1 or not _ORDINARY_WORDS.fullmatch(letters):
        return True
    return not shouted and run[0].written[: len(letters)].isupper()


def _letters(text: str) -> str:
    words = "".join(_LATIN_WORD.findall(fold_characters(text).translate(_MARKS)))
    return words.replace("&", "and").replace("'", "")


def _leftmost_longest(found: Iterable[Counterpart]) -> tuple[Counterpart, ...]:
    kept: list[Counterpart] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return tuple(kept)


def _of_form(form: _Form, start: int, end: int) -> Counterpart:
    entry = form.entry
    chinese = () if entry.kind == WORD and form.name in entry.chinese else entry.chinese
    short = [name for name in entry.english if _is_abbreviation(name)]
    names = dict.fromkeys([*chinese, *short, *entry.english])
    others = tuple([name for name in names if name != form.name])
    return Counterpart(start, end, others, entry.weight)


def _of_place(
    place: Place, others: tuple[Place, ...], start: int, end: int, folded: str
) -> Counterpart:
    places = (place, *others)
    chinese = [name for one in places for name in (one.name, one.full)]
    # The gazetteer has no names in English that tell more than the one that was used.
    english = [] if _is_latin(folded[start]) else [name for one in places for name in one.english]
    names = dict.fromkeys([*chinese, *english])
    return Counterpart(
        start, end, tuple([name for name in names if name.lower() != folded[start:end]])
    )


# --- comparing names


@lru_cache(maxsize=4096)  # the words of our own table, and some more
def _stem(word: str) -> str:
    """Return the word without its plural or possessive ending, in American spelling."""
    word = _singular("and" if word == "&" else word.replace("'", ""))
    if "is" in word:
        for british, american in _BRITISH_ENDINGS:
            if word.endswith(british):
                return word.removesuffix(british) + american
    return _BRITISH_WORDS.get(word, word)


def _singular(word: str) -> str:
    if len(word) < 3 or not word.endswith("s") or word.endswith(_SINGULAR_ENDINGS):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-2] if word.endswith(_SIBILANT_PLURALS) else word[:-1]


def _stems(name: str) -> list[str]:
    return [_stem(word) for word in _LATIN_WORD.findall(name.lower().translate(_MARKS))]


def _is_abbreviation(name: str) -> bool:
    return " " not in name and not name.islower()


def _latin_forms(forms: Iterable[_Form]) -> _LatinForms:
    known: dict[str, _Form] = {}
    for form in forms:
        known.setdefault(form.key, form)  # of names that sound alike the first counts
    return _LatinForms(known, sorted(known))


def _chinese_forms(entries: Iterable[Entry]) -> Iterator[_Form]:
    for entry in entries:
        for name in entry.chinese:
            yield _Form(name, _chinese_key(name), entry)


def _english_forms(entries: Iterable[Entry]) -> Iterator[_Form]:
    for entry in entries:
        for name in entry.english:
            yield _Form(name, _english_key(name), entry, _is_abbreviation(name))


# --- pinyin


def _unmatched(words: list[_LatinWord], found: tuple[Counterpart, ...]) -> list[_LatinWord]:
    taken = {at for one in found for at in range(one.start, one.end)}
    return [word for word in words if word.start not in taken]


def _may_be_pinyin(words: list[_LatinWord]) -> bool:
    """Tell whether words one after the other spell enough syllables for a name."""
    letters = 0
    for word in words:
        spelling = _spelling(word)
        letters = letters + len(spelling) if spelling else 0
        if letters >= _SHORTEST_PINYIN:
            return True
    return False


def _spelling(word: _LatinWord) -> str:
    """Return the letters of a word as pinyin, "" if it is none."""
    letters = word.written.lower().removesuffix("'s").removesuffix("’s")
    letters = letters.translate(_MARKS).replace("'", "").replace("ü", "v")
    if len(letters) > _LONGEST_PINYIN or _NOT_PINYIN.fullmatch(letters):
        return ""
    return letters if _PINYIN.fullmatch(letters) else ""


def _spelled(entries: Iterable[Entry]) -> Iterator[_Form]:
    import pypinyin

    for entry in entries:
        for name in entry.chinese if entry.pinyin else ():
            key = "".join(pypinyin.lazy_pinyin(name)).lower()
            if len(key) >= _SHORTEST_PINYIN:
                yield _Form("", key, entry)


def _place_entries() -> Iterator[Entry]:
    """Return the gazetteer's places as entries: it knows "Dongguan" but not "Dong Guan"."""
    for row in _table("places.csv"):
        yield Entry((row["name"], row["full"]), (), "place", DEFAULT_WEIGHT, True, ())


# --- the tables


def _our_rows() -> list[dict[str, str]]:
    return _table("glossary.csv")


def _table(name: str) -> list[dict[str, str]]:
    table = resources.files("index").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(table.splitlines()))


def _entry(row: Mapping[str, str]) -> Entry:
    return Entry(
        _split(row["chinese"]),
        _split(row["english"]),
        row["kind"],
        float(row["weight"] or DEFAULT_WEIGHT),
        row["pinyin"] == "yes",
        _split(row["hidden_by"]),
    )


def _split(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(";")) if cell else ()


def _checked_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of the user's table, with every column."""
    rows = []
    lines: dict[str, int] = {}  # key of a name -> the line that has it
    for line, cells in _read(path):
        row = _checked(cells, f"{path}, line {line}")
        for key, name in _keys(row).items():
            if key in lines:
                raise LibraryError(
                    f"{path}, line {line}: {name!r} stands in line {lines[key]} too; keep one"
                )
        lines |= dict.fromkeys(_keys(row), line)
        rows.append(row)
    return rows


def _read(path: Path) -> list[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            _check_columns(reader.fieldnames or (), path)
            return [(reader.line_num, row) for row in reader]
    except UnicodeDecodeError as error:
        raise LibraryError(f"{path} is not UTF-8; save it as CSV UTF-8") from error
    except (OSError, csv.Error) as error:
        raise LibraryError(f"{path} cannot be read as a table: {error}; save it as CSV") from error


def _check_columns(columns: Sequence[str], path: Path) -> None:
    known = ", ".join(COLUMNS)
    for column in columns:
        if column not in COLUMNS:
            raise LibraryError(f"{path}, line 1: no column is called {column!r}; use {known}")
    if not {"chinese", "english"} <= set(columns):
        raise LibraryError(f"{path}, line 1: chinese or english is missing; begin with {known}")


def _checked(cells: dict[str, Any], where: str) -> dict[str, str]:
    """Return one row with every column and no blanks around its values."""
    if None in cells or None in cells.values():
        raise LibraryError(f"{where}: its cells are not as many as the columns; quote commas")
    row = {column: _tidy(cells.get(column, "")) for column in COLUMNS}
    if problem := _problem(row):
        raise LibraryError(f"{where}: {problem}")
    return row


def _tidy(cell: str) -> str:
    values = [value.strip() for value in cell.replace("；", ";").split(";")]
    return ";".join([value for value in values if value])


def _problem(row: dict[str, str]) -> str:
    """Return what is wrong with a row and what to do, "" if nothing is."""
    chinese, english = _split(row["chinese"]), _split(row["english"])
    for name in chinese:
        if len(name) < _SHORTEST_CHINESE_NAME:
            return f"the Chinese name {name!r} is part of too many words; write a longer one"
    for name in english:
        if len(_english_key(name)) < _SHORTEST_ENGLISH_NAME:
            return f"the English name {name!r} needs two Latin letters at least; write a longer one"
    if len({*chinese, *english}) < 2:
        return "it needs two names of the same thing at least; add one"
    if row["pinyin"] not in ("", "yes", "no"):
        return f"pinyin is {row['pinyin']!r}; write yes or no"
    if not _is_weight(row["weight"]):
        return f"weight is {row['weight']!r}; write a number above 0 and at most 1"
    return ""


def _is_weight(cell: str) -> bool:
    try:
        return not cell or 0 < float(cell) <= 1
    except ValueError:
        return False


def _joined(theirs: list[dict[str, str]], ours: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Return the user's rows, each with our rows that share a name with it, then our others."""
    owners = {key: at for at, row in enumerate(ours) for key in _keys(row)}
    taken: set[int] = set()
    used = {key for row in theirs for key in _keys(row)}
    for row in theirs:
        same = {owners[key]: None for key in _keys(row) if key in owners}
        fresh = [ours[at] for at in same if at not in taken]
        taken |= set(same)
        yield _join(row, fresh, used)
    yield from (row for at, row in enumerate(ours) if at not in taken)


def _join(row: dict[str, str], ours: list[dict[str, str]], used: set[str]) -> dict[str, str]:
    filled = {column: cell for column, cell in row.items() if cell}
    joined = {**(ours[0] if ours else row), **filled}
    for column, key in (("chinese", _chinese_key), ("english", _english_key)):
        added = [name for one in ours for name in _split(one[column]) if key(name) not in used]
        joined[column] = ";".join([*_split(row[column]), *added])
    return joined


def _keys(row: dict[str, str]) -> dict[str, str]:
    """Return how the names of a row are compared -> the name."""
    chinese = {_chinese_key(name): name for name in _split(row["chinese"])}
    return chinese | {_english_key(name): name for name in _split(row["english"])}


def _chinese_key(name: str) -> str:
    return fold_characters(name).translate(_MARKS)


def _english_key(name: str) -> str:
    return "".join(_stems(name))
