"""Strings that a copyist's site puts behind, before or between paragraphs.

Lines are compared by keys: without spaces, signs and case, each run that holds a digit as one "0",
so that page numbers, dates and random ids do not hide what repeats. A watermark is what enough
different lines share at one end, where whole sentences stand beside it. A line in which a few
characters were changed is found by likeness with a watermark that is already known.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from index.cleaning.folding import fold_text
from index.offsets import Edit, apply_edits
from index.types import CleanText, Span

TERMINAL = "。！？!?；;…"
CLOSERS = "”’」』》）)】\"'"
_FOLDED_TERMINAL = "!?;:"

# A watermark stands at so many paragraphs at least, and is long enough to be no turn of phrase.
_PARAGRAPHS = 3
_LENGTH = 6
# Longer ones are compared by their outer part only: lines of 50 MB must not be compared whole.
_LONGEST = 120
# Without a web address in it, it must stand at most of the paragraphs to be taken for one.
_SHARE = 0.6
# Shorter lines are headings, labels, signatures: they need not carry it.
_PROSE_LENGTH = 15
# Who carries out a measure, until when, by which annex, ends paragraph after paragraph.
_DUTY = re.compile(
    "牵头|负责|责任|配合|分工|单位|部门|时限|期限|完成|联系|电话|附件|详见|适用|执行|施行|印发|同上"
)
_ADDRESS = re.compile(
    r"https?:/|www\.|[a-z0-9-]{2,}\.(?:com|cn|net|org|info|cc|example|top|vip|xyz|io|me|tv)"
)
_PROMOTION = re.compile("公众号|微信|关注|资讯|速递|速刷|订阅|下载|扫码|客户端|转载|水印|试读|预览")
# A line that comes back and cuts sentences in two this often is none of the text's own.
_BETWEEN = 0.7
# Watermarks stand behind each other at most so many deep.
_LAYERS = 3
# Seeds: lines that agree in so many characters of their keys, at the end or a little before it,
# are looked at together. Two seeds, so that one changed character spoils only one of them.
_SEED = 6
# The largest groups of lines are looked at, and no document has more watermarks than this.
_GROUPS, _MARKS = 200, 8
# So many lines tell what stands at most of all; a sample may be a little off.
_CROWD, _CROWD_MARGIN = 5000, 0.9
# A place of the watermark is settled when so many of the lines agree in it; a few may differ.
_AGREED = 0.65
_SAMPLED = 60  # lines that vote on it: more change nothing
# Of a known watermark so many characters may be changed, missing or added.
_CHANGED = 2
_NUMBERED = re.compile(r"[a-z]*[0-9][a-z0-9]*")
_SEPARATOR = re.compile(r"[^\S\n]+|[·•*_~^|]+")
# As in keys, but of a line that is not folded: wide letters are ordinary by now.
_TOKEN = re.compile(rf"{_NUMBERED.pattern}|[^\s·•*_~^|]", re.IGNORECASE)
_SIGN = re.compile(r"[^\s·•*_~^|]")
_SEPARATORS = " ·•*_~^|"
# A random id may stand between a finished sentence and the watermark.
_RANDOM = re.compile(rf"(?<=[{TERMINAL}])[A-Za-z0-9]{{1,12}}\Z")


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a text, where each begins, and the keys of their outer parts."""

    texts: list[str]
    starts: list[int]
    folded: list[str]  # their outer parts
    keys: list[str]  # of the first or the last characters, as the side is; read inwards


@dataclass(frozen=True, slots=True)
class _Mark:
    """A watermark as a key, read from the edge of the line inwards, and how many carry it."""

    key: str
    identifier: str  # the token at its inner end, as most lines write it
    spelled: str  # the key with digits as they are, as most lines write them


def drop_watermarks(text: CleanText) -> CleanText:
    """Drop strings that close, open or part paragraph after paragraph and belong to none."""
    seen: Counter[str] = Counter()
    for at_end in (True, False):
        for _ in range(_LAYERS):
            lines = _lines(text.text, at_end)
            lengths = _mark_lengths(lines, at_end)
            if not lengths:
                break
            edits = list(_edits(lines, lengths, at_end))
            seen.update(edit.span.of(text.text).strip() for edit in edits)
            text = apply_edits(text, edits)
    text = _drop_alone(text, lines)  # those of the last look, after which nothing was changed
    return _drop_inside(text, seen)


def _drop_inside(text: CleanText, seen: Counter[str]) -> CleanText:
    """Drop a watermark with an address also where it stands inside a paragraph."""
    usual = (mark for mark, count in seen.most_common(_MARKS) if count >= _PARAGRAPHS)
    marks = sorted((m for m in usual if _ADDRESS.search(m.lower())), key=len, reverse=True)
    if not marks:
        return text
    pattern = re.compile("|".join(map(re.escape, marks)))
    found = (m.span() for m in pattern.finditer(text.text))
    return apply_edits(text, [Edit(Span(*span), "", "watermark") for span in found])


def _drop_alone(text: CleanText, lines: _Lines) -> CleanText:
    """Drop lines that come back again and again and advertise, or stand inside a sentence."""
    counts = Counter(lines.keys)
    often = {
        key
        for key, count in counts.items()
        if count >= _PARAGRAPHS and _LENGTH <= len(key) < _LONGEST and _may_be_alien(key)
    }
    places: defaultdict[str, list[int]] = defaultdict(list)
    for i, key in enumerate(lines.keys) if often else ():
        if key in often and len(lines.texts[i]) <= _LONGEST:
            places[key].append(i)
    edits = [
        Edit(Span(lines.starts[i], lines.starts[i] + len(lines.texts[i])), "", "watermark")
        for key, found in places.items()
        if len(found) >= _PARAGRAPHS and _is_alien(lines.texts, key, found)
        for i in found
    ]
    return apply_edits(text, edits)


def _may_be_alien(key: str) -> bool:
    return not _DUTY.search(key) and sum(map(str.isalpha, key)) >= _LENGTH


def _is_alien(lines: list[str], key: str, places: list[int]) -> bool:
    """Tell whether a line that comes back is no part of the text."""
    apart = sum(after - before > 1 for before, after in pairwise(places))
    if apart < _PARAGRAPHS - 1 or apart < _BETWEEN * (len(places) - 1):
        return False
    if _ADDRESS.search(key) or _PROMOTION.search(key):
        return key[-1] not in TERMINAL
    inside = sum(_is_unfinished(lines, i - 1) and len(lines[i]) < _PROSE_LENGTH for i in places)
    return key[-1] not in TERMINAL + _FOLDED_TERMINAL and inside >= _BETWEEN * len(places)


def _is_unfinished(lines: list[str], i: int) -> bool:
    line = lines[i].rstrip() if i >= 0 else ""
    return len(line) >= _PROSE_LENGTH and line[-1] not in TERMINAL + CLOSERS + "：:."


def _edits(lines: _Lines, lengths: dict[int, int], at_end: bool) -> Iterator[Edit]:
    for i, length in lengths.items():
        start, size = lines.starts[i], len(lines.texts[i])
        place = Span(start + size - length, start + size) if at_end else Span(start, start + length)
        yield Edit(place, "", "watermark")


def _lines(text: str, at_end: bool) -> _Lines:
    texts, starts, place = [], [], 0
    for line in text.split("\n"):
        if line and "\t" not in line:  # a row of a table repeats its cells by right
            texts.append(line)
            starts.append(place)
        place += len(line) + 1
    outer = texts
    if max(map(len, texts), default=0) > _LONGEST:
        outer = [line[-_LONGEST:] if at_end else line[:_LONGEST] for line in texts]
    folded = fold_text("\n".join(outer))
    # The same tokens that _inner_token counts.
    keys = _SEPARATOR.sub("", _NUMBERED.sub("0", folded)).split("\n") if texts else []
    keys = [key[::-1] for key in keys] if at_end else keys
    return _Lines(texts, starts, folded.split("\n") if texts else [], keys)


def _mark_lengths(lines: _Lines, at_end: bool) -> dict[int, int]:
    """Return how many raw characters at that end of a line are a watermark, for each that has one.

    Time is linear in the number of lines: they meet in dictionaries, never pair by pair.
    """
    long = sum(len(line) >= _PROSE_LENGTH + _LENGTH for line in lines.texts)
    paragraphs = long or len(lines.texts)
    lengths: dict[int, int] = {}
    marks = 0
    for group in _groups(lines.keys, paragraphs):
        if sum(i not in lengths for i in group) < _PARAGRAPHS:
            continue
        if mark := _agreed_mark(lines, group, paragraphs, at_end):
            lengths.update(_carriers(lines, mark, at_end, lengths))
            marks += 1
        if marks == _MARKS:
            break
    return lengths


def _groups(keys: Sequence[str], paragraphs: int) -> list[list[int]]:
    """Return groups of lines whose keys agree at their outer end, the largest groups first."""
    found: list[list[int]] = []
    for start in (0, _SEED):
        seeds = _likely_seeds(keys, start, paragraphs)
        groups: defaultdict[str, list[int]] = defaultdict(list)
        for i, key in enumerate(keys) if seeds else ():
            if (seed := key[start : start + _SEED]) in seeds:
                groups[seed].append(i)
        found += (group for group in groups.values() if len(group) >= _PARAGRAPHS)
    return sorted(found, key=len, reverse=True)[:_GROUPS]


def _likely_seeds(keys: Sequence[str], start: int, paragraphs: int) -> set[str]:
    """Return what many lines have at one place of their keys, or some that hold an address.

    Every long text is a crowd: what stands at most of its paragraphs shows in a part of them.
    """
    step = max(1, len(keys) // _CROWD)
    crowd = Counter(key[start : start + _SEED] for key in keys[::step])
    needed = max(_PARAGRAPHS, _SHARE * paragraphs) / step * (1 if step == 1 else _CROWD_MARGIN)
    dotted = Counter(key[start : start + _SEED] for key in keys if "." in key)
    often = {seed for seed, count in crowd.items() if count >= needed}
    often |= {seed for seed, count in dotted.items() if count >= _PARAGRAPHS}
    return {seed for seed in often if len(seed) == _SEED}


def _agreed_mark(lines: _Lines, group: list[int], paragraphs: int, at_end: bool) -> _Mark | None:
    """Return the watermark that a group of lines shares, or None if what they share is none."""
    step = max(1, len(group) // _SAMPLED)
    voters = group[::step][: 2 * _SAMPLED]
    agreed = _consensus([lines.keys[i] for i in voters])
    if len(agreed) < _LENGTH:
        return None
    for key in _cuts(agreed) if at_end else [agreed]:
        if _may_be_mark(key, len(group), paragraphs, at_end):
            mark = _Mark(key, _usual_identifier(lines, voters, key, at_end), "")
            mark = replace(mark, spelled=_usual_spelling(lines, voters, mark, at_end))
            if _stands_apart(lines, voters, mark, at_end):
                return mark
    return None


def _consensus(keys: list[str]) -> str:
    """Return the characters that most keys agree in, from the outer end until they part."""
    agreed: list[str] = []
    parted = False
    for place in range(_LONGEST):
        column = Counter(key[place] for key in keys if len(key) > place)
        character, count = column.most_common(1)[0] if column else ("", 0)
        if count < _PARAGRAPHS - 1 or count < _AGREED * sum(column.values()):
            if parted or not column:  # one place may be another in each line
                break
            parted = True
        else:
            parted = False
        agreed.append(character)
    return "".join(agreed[:-1] if parted else agreed)


def _cuts(agreed: str) -> Iterator[str]:
    """Yield what may be the watermark, longest first: it begins where a sentence ended."""
    yield agreed
    for place in range(len(agreed) - 1, _LENGTH - 1, -1):
        if agreed[place] in TERMINAL + CLOSERS + _FOLDED_TERMINAL:
            yield agreed[:place]


def _forwards(key: str, at_end: bool) -> str:
    return key[::-1] if at_end else key


def _may_be_mark(key: str, count: int, paragraphs: int, at_end: bool) -> bool:
    """Tell whether a string that `count` lines share could be a watermark at all."""
    tight = _forwards(key, at_end)
    telling = sum(character.isalpha() for character in tight)
    if telling < _LENGTH or _DUTY.search(tight):
        return False
    if _ADDRESS.search(tight) and tight[-1] not in CLOSERS:
        return True
    if tight[-1] in TERMINAL + CLOSERS + _FOLDED_TERMINAL + ",、":
        return False
    # Sentences begin alike sooner than they end alike, and amounts of money vary by nature.
    advertises = bool(_PROMOTION.search(tight))
    return count >= _SHARE * paragraphs and (advertises or (at_end and "0" not in tight))


def _stands_apart(lines: _Lines, voters: list[int], mark: _Mark, at_end: bool) -> bool:
    """Tell whether enough different lines, most of them complete, stand beside the watermark."""
    bodies = []
    for i in voters:
        line, key = lines.texts[i], lines.keys[i]
        # Of a changed copy the place alone tells where it begins.
        length = (
            _raw_length(line, key, mark, at_end) or _inner_token(line, len(mark.key), at_end)[1]
        )
        bodies.append((line[: len(line) - length] if at_end else line[length:]).strip())
    bodies = [_RANDOM.sub("", body) for body in bodies] if at_end else bodies
    told = [body for body in bodies if body]
    if len(set(told)) < _PARAGRAPHS:
        return False
    complete = sum(body[-1] in TERMINAL + CLOSERS for body in told)
    return complete >= 0.5 * len(bodies)


def _usual_identifier(lines: _Lines, voters: list[int], key: str, at_end: bool) -> str:
    """Return how most lines write the token with digits at the inner end; "" if there is none."""
    if key[-1] != "0":
        return ""
    found = Counter(_inner_token(lines.texts[i], len(key), at_end)[0] for i in voters)
    usual, count = found.most_common(1)[0]
    return usual if count >= 0.5 * len(voters) else ""


def _usual_spelling(lines: _Lines, voters: list[int], mark: _Mark, at_end: bool) -> str:
    """Return the watermark as most lines spell it, without separators, read inwards."""
    found: Counter[str] = Counter()
    for i in voters:
        if length := _raw_length(lines.texts[i], lines.keys[i], mark, at_end):
            line = lines.texts[i]
            piece = line[len(line) - length :] if at_end else line[:length]
            found[_SEPARATOR.sub("", fold_text(piece))] += 1
    if not found:  # every copy is changed somewhere: what they agree in is the spelling
        return mark.key
    usual = found.most_common(1)[0][0]
    return usual[::-1] if at_end else usual


def _carriers(
    lines: _Lines, mark: _Mark, at_end: bool, known: Container[int]
) -> Iterator[tuple[int, int]]:
    """Yield each line that carries the watermark, and how many raw characters it takes.

    A line that carries a known one is only looked at for this one unchanged.
    """
    third = max(2, len(mark.key) // (_CHANGED + 1))
    pieces = [mark.key[i : i + third] for i in range(0, len(mark.key) - third + 1, third)]
    for i, key in enumerate(lines.keys):
        if key.startswith(mark.key):
            yield i, _raw_length(lines.texts[i], key, mark, at_end)
        # One of three pieces must have come through two changes whole: a cheap first look.
        elif (
            len(mark.key) > _LENGTH
            and i not in known
            and any(piece in key for piece in pieces)
            and (length := _changed_length(lines, i, mark, at_end))
        ):
            yield i, length


def _raw_length(line: str, key: str, mark: _Mark, at_end: bool) -> int:
    if not key.startswith(mark.key):
        return 0
    token, length = _inner_token(line, len(mark.key), at_end)
    if mark.key[-1] == "0" and at_end and token != mark.identifier:
        before = line[: len(line) - length].rstrip()
        if mark.identifier and token.endswith(mark.identifier):
            return length - len(token) + len(mark.identifier)
        if before and before[-1] not in TERMINAL + CLOSERS:
            return length - len(token)  # letters and digits here may be the sentence's own
    return length + (_random_length(line, length) if at_end else 0)


def _random_length(line: str, length: int) -> int:
    """Return how long the random id is that stands before the last `length` characters."""
    random = _RANDOM.search(line, max(0, len(line) - length - 20), len(line) - length)
    return len(random[0]) if random else 0


def _inner_token(line: str, count: int, at_end: bool) -> tuple[str, int]:
    """Return the token that is `count` characters of the key inwards, and the raw length to it."""
    outer = line[-_LONGEST:] if at_end else line[:_LONGEST]
    places = [m.span() for m in _TOKEN.finditer(outer)]
    if not places:
        return "", len(outer)
    start, end = places[-min(count, len(places))] if at_end else places[min(count, len(places)) - 1]
    if not at_end:
        return outer[start:end], end + len(outer[end:]) - len(outer[end:].lstrip(_SEPARATORS))
    start = len(outer[:start].rstrip(_SEPARATORS))
    return outer[places[-min(count, len(places))][0] : end], len(outer) - start


def _changed_length(lines: _Lines, i: int, mark: _Mark, at_end: bool) -> int:
    """Return how many raw characters of a line are the watermark with a few changed; 0 if none."""
    line, folded = lines.texts[i], lines.folded[i]
    key = _SEPARATOR.sub("", folded)
    count = _alike(key[::-1] if at_end else key, mark.spelled)
    if not count:
        return 0
    places = [m.start() for m in _SIGN.finditer(folded)]
    if not at_end:
        return places[count - 1] + 1
    length = len(folded) - places[-count]
    return length + _random_length(line, length)


def _alike(key: str, mark: str) -> int:
    """Return how much of a key is the watermark with a few characters changed; 0 if it is not.

    The distance of Levenshtein, of which no change may be at the inner end, where it could be the
    sentence's own.
    """
    allowed = min(_CHANGED, len(mark) // _SEED)
    rest = key[: len(mark) + allowed]
    costs = _distances(mark, rest, len(mark) + 2 * allowed)
    ends = [
        place
        for place in range(max(1, len(mark) - allowed), len(costs))
        if costs[place] <= allowed and rest[place - 1] == mark[-1]
    ]
    return min(ends, key=lambda place: (costs[place], abs(place - len(mark)))) if ends else 0


def _distances(mark: str, text: str, limit: int) -> list[int]:
    """Return the distance between the mark and the first 0, 1, 2 … characters of a text.

    A column of differences is a number, a bit a character (Hyyrö 2003, after Myers 1999). It ends
    where distance and characters together are beyond `limit`: no later sum is smaller.
    """
    places = _places(mark)
    last, full = 1 << len(mark) - 1, (1 << len(mark)) - 1
    more, less = full, 0  # where a distance is one more, or less, than the one above it
    costs = [len(mark)]
    for place, character in enumerate(text):
        if place + costs[-1] > limit:
            return costs[:-1]
        same = places.get(character, 0)
        down = same | less
        across = (((same & more) + more) ^ more) | same
        grows = less | ~(across | more)
        falls = more & across
        costs.append(costs[-1] + bool(grows & last) - bool(falls & last))
        grows, falls = grows << 1 | 1, falls << 1
        more, less = (falls | ~(down | grows)) & full, grows & down & full
    return costs


@lru_cache(maxsize=64)
def _places(mark: str) -> dict[str, int]:
    """Return where each character of a mark stands, as bits."""
    places: dict[str, int] = {}
    for i, character in enumerate(mark):
        places[character] = places.get(character, 0) | 1 << i
    return places
