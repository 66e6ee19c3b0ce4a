"""Questions about several things: their parts, evidence for each, and where a list goes on; pure.

What asks about 湖北 and 广东 finds the passages of the one that says more. So each part is searched
for by itself, and evidence is taken from the parts in turn. To split a question that asks about
one thing loses more than it gains: what does not plainly name several stays whole.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, islice, pairwise, product, takewhile, zip_longest

from index.places import Place, covers, find_places
from index.preferences import preferences
from index.script import fold_characters
from index.types import Hit, Passage, Scores
from rag.evidence import covered
from rag.types import Question

# What names more than that is a text, not a question.
_MOST_ITEMS = 24
# More parts than evidence has room for would only cost searches.
MOST_PARTS = 6


@dataclass(frozen=True, slots=True)
class _Item:
    """A place, year or body that a question names, at [start, end)."""

    start: int
    end: int
    kind: str  # "place", "year" or "body"
    place: Place | None = None
    year: int = 0
    frame: Place | None = None  # a larger place that stands before it: 广州 of 广州市南沙区
    own_start: int = 0  # where its own name begins, after the frame


@dataclass(frozen=True, slots=True)
class _Slot:
    """The characters [start, end) of a question, where each part has one filler."""

    start: int
    end: int
    fillers: tuple[str, ...]
    dropped: tuple[tuple[int, int], ...] = ()  # what no part keeps: 与广东相比


def parts(question: Question | str) -> tuple[str, ...]:
    """Return a question for each place, year or body of several that one names; () if it is one.

    There are MOST_PARTS at most. They are questions to search for, not to be read.

    >>> parts("湖北和广东的产业规模分别是多少")
    ('湖北的产业规模是多少', '广东的产业规模是多少')
    """
    text = question if isinstance(question, str) else question.text
    folded = fold_characters(text)
    if _EXCEPT.search(folded) or (_TOGETHER.search(folded) and not _APART.search(folded)):
        return ()
    slots = list(_slots(text, folded))
    choices = islice(product(*(slot.fillers for slot in slots)), MOST_PARTS)
    found = dict.fromkeys(_part(text, slots, fillers) for fillers in choices)
    return tuple(found) if len(found) > 1 else ()


def _slots(text: str, folded: str) -> Iterator[_Slot]:
    """Yield the slots of places, years and bodies, none of which overlap."""
    masked = _TITLE.sub(lambda match: "\n" * len(match[0]), folded)
    items, taken = _items(text, masked), list[tuple[int, int]]()
    for kind in ("place", "year", "body"):
        slot = _slot([item for item in items if item.kind == kind], text, masked)
        spans = [(slot.start, slot.end), *slot.dropped] if slot else []
        if slot and not any(a < end and start < b for a, b in taken for start, end in spans):
            taken += spans
            yield slot


def _part(text: str, slots: Sequence[_Slot], fillers: Sequence[str]) -> str:
    edits = [(slot.start, slot.end, own) for slot, own in zip(slots, fillers, strict=True)]
    edits += [(start, end, "") for slot in slots for start, end in slot.dropped]
    for start, end, own in sorted(edits, reverse=True):
        text = text[:start] + own + text[end:]
    return _tidy(text)


# 各 alone, not 各地, 各类.
_EACH = "各(?![类级项种地界方部单省市区县国个家企高大院机位]|有关)"
# What a part no longer has to say.
_COMPARING = (
    (
        re.compile(
            rf"^\s*(?:请|麻烦)?(?:帮我|帮忙)?(?:比较|对比)(?:一下|下)?|分别|各自|{_EACH}"
            r"|^\s*(?:please )?(?:compare|contrast)\s|\brespectively\b|\bboth\s"
            r"|\b(?:the )?(?:differences?|similarities) (?:between|in)\s"
        ),
        "",
    ),
    (re.compile(r"有(?:什么|何|哪些|哪几点)(?:不同|区别|差别|差异|异同)(?:之处|点)?"), "是什么"),
)


def _tidy(text: str) -> str:
    for pattern, instead in _COMPARING:
        pieces, done = [], 0
        for match in pattern.finditer(fold_characters(text)):
            pieces += [text[done : match.start()], instead]
            done = match.end()
        text = "".join([*pieces, text[done:]])
    return " ".join(text.split()).strip(" ,，;；、")


# --- what a question names

_YEAR = re.compile(r"(?<![\d.])(?P<year>(?:19|20)\d\d)(?:\s?年度?)?")
_DEPARTMENTS = (
    "科学技术|科技|发展和改革|发展改革|发改|工业和信息化|工信|财政|卫生健康|卫健|教育|商务"
    "|药品监督管理|药品监管|药监|医疗保障|医保|市场监督管理|市场监管|人力资源和社会保障"
    "|人力资源社会保障|人社|自然资源|生态环境|农业农村|中医药管理|中医药|统计|国资|税务|知识产权"
)
_BODY = re.compile(rf"(?:{_DEPARTMENTS})(?:委员会|[厅局委部])")
_TITLE = re.compile("《[^《》]{1,80}》")  # names of documents list what they are about
# Between a place and one within it: 广东省东莞市; Dongguan, Guangdong.
_BESIDE = " ,省市的'’s"


def _items(text: str, folded: str) -> list[_Item]:
    """Return what a question names, in order."""
    years = preferences(text).years
    found = _places(folded)
    found += [
        _Item(*match.span(), "year", year=int(match["year"]))
        for match in _YEAR.finditer(folded)
        if int(match["year"]) in years
    ]
    found += [_Item(*match.span(), "body") for match in _BODY.finditer(folded)]
    return sorted(found, key=lambda item: item.start)


def _places(folded: str) -> list[_Item]:
    """Return places; of one and the one that holds it, side by side, the smaller: 广东省东莞市."""
    found: list[_Item] = []
    for mention in find_places(folded):
        if mention.place.level == "nation":
            continue
        item = _Item(mention.start, mention.end, "place", mention.place, own_start=mention.start)
        if found and (joined := _within(found[-1], item, folded)):
            found[-1] = joined
        else:
            found.append(item)
    return found


def _within(one: _Item, other: _Item, folded: str) -> _Item | None:
    """Return two places as one if they stand side by side and one holds the other."""
    first, second = one.place, other.place
    assert first and second
    if first == second or folded[one.end : other.start].strip(_BESIDE):
        return None
    if covers(first, second):
        return replace(other, start=one.start, frame=first)
    return replace(one, end=other.end) if covers(second, first) else None


# --- where a question names several

# One question about all that it names, not one about each.
_TOGETHER = re.compile(
    "合作|联合|共建|共同|之间|联手|携手|合办|一体化|协同|互认|互通|相邻|接壤|交界|距离|多远"
    "|以[^,。;]{1,30}为(?:核心|重点|中心|主|龙头|代表|例|支撑)"
    r"|\bjoint|\btogether\b|\bco-?operat|\bcollaborat|\bbetween\b|\bdistance\b|\bhow far\b"
)
# Unless it says that it asks about each.
_APART = re.compile(
    f"分别|各自|{_EACH}|比较|对比|相比|区别|差别|差异|不同|异同|哪个更|哪里更|谁更"
    r"|\bdiffer|\bcompar|\bversus\b|\bvs\b|\brespectively\b|\beach\b|\bcontrast"
)
# What is named is not asked about.
_EXCEPT = re.compile(
    "除了|除[^,。;]{1,30}(?:外|以外|之外)|以外的|从[^,。;]{1,20}[到至]"
    r"|\bexcept\b|\bother than\b|\bbesides\b|\bapart from\b|\boutside(?: of)?\b"
    r"|\bfrom [^,.;?]{1,30} to\b"
)
_JOINING = (
    r"(?:['’]s)?\s*(?:[、&]|,?\s*(?:以及|还有|[和与及跟同或])|,?\s*\b(?:and|or|versus|vs\.?"
    r"|as well as|(?:as )?(?:compared|opposed) (?:to|with))(?![a-z]))\s*"
)
_OPENING = r"(?:[对在给为]|in |the |of |for |that of |between )?"  # of the next: 对东莞和对佛山
_JOINED = re.compile(_JOINING + _OPENING + "[省市区县]?")
_COMMA = re.compile(r",\s*" + _OPENING)
# 两省 of 湖北、广东两省.
_COUNTED = re.compile(
    "(?:[两二三四五六几]个?|等)(?:省份|省|城市|市|地区|地方|地|区|者|部门)(?:之间)?|之间"
)
_LONGEST_GAP = 40


def _slot(items: Sequence[_Item], text: str, folded: str) -> _Slot | None:
    """Return where a question names several things of a kind, None if it does not."""
    if not 2 <= len(items) <= _MOST_ITEMS:
        return None
    return (
        _listed(items, text, folded)
        or _aside(items, text, folded)
        or _parallel(items, text, folded)
    )


def _listed(items: Sequence[_Item], text: str, folded: str) -> _Slot | None:
    """Find 湖北和广东, and the longest of such lists."""
    runs: list[list[_Item]] = [[items[0]]]
    for before, item in pairwise(items):
        if _is_gap(folded[before.end : item.start]):
            runs[-1].append(item)
        else:
            runs.append([item])
    best = max(runs, key=len)
    gaps = [folded[a.end : b.start] for a, b in pairwise(best)]
    # Commas alone part clauses: 在东莞,广州的企业.
    if not any(_JOINED.fullmatch(gap) for gap in gaps) or not _differ(best):
        return None
    return _slot_of(best, text, folded)


def _is_gap(gap: str) -> bool:
    return len(gap) <= _LONGEST_GAP and bool(_JOINED.fullmatch(gap) or _COMMA.fullmatch(gap))


def _differ(items: Sequence[_Item]) -> bool:
    return len({(item.place, item.year, item.start * (item.kind == "body")) for item in items}) > 1


def _slot_of(items: Sequence[_Item], text: str, folded: str) -> _Slot:
    """Return the slot of a list; a place that frames the first frames all that lie in it."""
    first, frame = items[0], items[0].frame
    shared = frame and all(
        item.place and covers(frame, item.place) and not item.frame for item in items[1:]
    )
    start = first.own_start if shared else first.start
    fillers = [text[start : first.end], *(text[item.start : item.end] for item in items[1:])]
    if items[-1].year and "年" in fillers[-1]:  # 2022、2023年
        fillers = [one if "年" in one else f"{one}年" for one in fillers]
    counted = _COUNTED.match(folded, items[-1].end)
    end = counted.end() if counted else items[-1].end
    return _Slot(start, end, tuple(fillers))


# Around what is set beside the thing asked about, before and after it.
_BESIDES = (
    (r"[与和跟同较]", "(?:的情况)?相?比(?:较|起来|之下)?,?"),
    ("(?:相较于?|相比于|相比之?|比起|较之|相对于)", ",?"),
    ("(?<![同环占对如好])比", ""),
    (r"[,;。?]\s*(?:那么?|而)?[在对]?", "(?:的情况)?(?:呢|(?:又?如何|又?怎么样|又是多少)[?。]*$)"),
    (
        r",? ?\b(?:as )?(?:(?:compared?|relative|in comparison|as opposed) (?:to|with)|versus|vs\.?"
        r"|than|unlike)(?: (?:that|those|the ones?))?(?: (?:of|in|for|from))? ",
        "(?:['’]s)?,?",
    ),
    (r"\bwith (?:that|those|the ones?) (?:of|in|for|from) ", ""),
    (r"[,;.?] (?:(?:and|but) )?(?:(?:what|how) about |(?<=and )(?:in )?)", r"(?:['’]s)?[.?]*$"),
)
_ASIDES = [(re.compile(f"(?:{before})$"), re.compile(after)) for before, after in _BESIDES]


def _aside(items: Sequence[_Item], text: str, folded: str) -> _Slot | None:
    """Find 与广东相比 and 广东呢, beside the one other thing that the question names."""
    spans = {item: span for item in items if (span := _aside_span(item, folded))}
    rest = [item for item in items if item not in spans]
    rest = [item for item in rest if not _frames(item, spans)] or rest
    if not spans or len(rest) != 1 or not _differ([*rest, *spans]):
        return None
    (main,) = rest
    fillers = tuple(text[item.start : item.end] for item in (main, *spans))
    return _Slot(main.start, main.end, fillers, tuple(spans.values()))


def _frames(item: _Item, asides: Iterable[_Item]) -> bool:
    """Tell whether a place holds all that are set beside: 广东 of 广东对东莞…, 与佛山相比."""
    return all(item.place and one.place and covers(item.place, one.place) for one in asides)


def _aside_span(item: _Item, folded: str) -> tuple[int, int] | None:
    around = folded[max(0, item.start - _LONGEST_GAP) : item.start]
    for before, after in _ASIDES:
        opening, closing = before.search(around), after.match(folded, item.end)
        if opening and closing:
            return item.start - len(opening[0]), closing.end()
    return None


# What follows a place in the name of something: 实验室 of 广州实验室.
_NAME = r"[^\W_的对在各分是有给为被把将与和及跟同或都每到从向于由以]{1,12}"
_NAMED = re.compile(rf"(?P<name>{_NAME}){_JOINING}")
_SAME = re.compile(rf"(?P<name>[^,。;?!、]{{1,30}}?){_JOINING}")
_NAME_ENDS = re.compile(
    rf"{_NAME}(?=[的对在各分是有给为都每,。;?])|(?=[的对在各分是有给为都每,。;?])"
)


def _parallel(items: Sequence[_Item], text: str, folded: str) -> _Slot | None:
    """Find 湖北的规模和广东的规模, and if each is asked for 广州实验室和深圳基因库."""
    for one, other in pairwise(items):
        end = _ends(one, other, folded)
        if end and _differ([one, other]):
            fillers = (text[one.start : end[0]], text[other.start : end[1]])
            return _Slot(one.start, end[1], fillers)
    return None


def _ends(one: _Item, other: _Item, folded: str) -> tuple[int, int] | None:
    """Return where two names that begin with places end, None if they are no pair."""
    gap = folded[one.end : other.start]
    if len(gap) > _LONGEST_GAP:
        return None
    same = _SAME.fullmatch(gap)
    if same and folded.startswith(same["name"], other.end):
        return one.end + len(same["name"]), other.end + len(same["name"])
    named, ends = _NAMED.fullmatch(gap), _NAME_ENDS.match(folded, other.end)
    if named and ends and _APART.search(folded):
        return one.end + len(named["name"]), ends.end()
    return None


# --- evidence for each part


def interleave(rankings: Sequence[Sequence[Hit]], whole: Sequence[Hit], count: int) -> list[Hit]:
    """Return `count` hits at most: the best of each ranking in turn, no passage twice.

    `rankings` are those of the parts, `whole` that of the question as it was asked, which takes
    its turn last. The score of a hit is its own, or that of the hit before it if that is less: so
    scores do not rise, as wherever hits are read.
    """
    chosen = _first_of_each(_in_turn([*rankings, whole]))[:count]
    floors = accumulate((hit.score for hit in chosen), min)
    return [replace(hit, score=floor) for hit, floor in zip(chosen, floors, strict=True)]


def _in_turn(rankings: Sequence[Sequence[Hit]]) -> Iterator[Hit]:
    """Yield the next of each ranking in turn; one whose next another has had moves on."""
    for row in zip_longest(*rankings):
        yield from (hit for hit in row if hit)


# --- where a list goes on

# Tokens that the rest of a list may take: half of what evidence has room for.
LIST_BUDGET = 900
# Hits whose surroundings are looked at: the passage that is asked for need not be the first.
EXPANDED = 3
_ASKS_LIST = re.compile(
    r"哪些|哪几|哪(?:[两二三四五六七八九十]|\d)|有什么|(?:包括|包含|分为|是)什么|列出|列举"
    r"|(?:[两二三四五六七八九十]|(?<![\d.])\d{1,2})(?:大|个方面|项|条|个重点)"
)
# Of these the tokens are counted; the budget takes a few.
_MOST_NEIGHBOURS = 20
# Share of a heading's words in a question that asks for what stands under it.
_NAMES_HEADING = 0.6
# What an item of a list begins with, a style for each group.
_ORDINAL = "[一二三四五六七八九十]{1,3}"
_MARKER = re.compile(
    rf"^[ \t#>*]*(?:[（(](?:(?P<bracket>{_ORDINAL})|(?P<round>\d{{1,2}}))[)）]"
    rf"|(?P<comma>{_ORDINAL})、"
    rf"|第(?P<th>{_ORDINAL})[条條章节節,，、]|(?P<number>\d{{1,2}})[.、．)）](?!\d))",
    re.MULTILINE,
)
_DIGITS = "〇一二三四五六七八九"
_Marker = tuple[str, int]  # style and number


def asks_list(question: Question) -> bool:
    """Tell whether a question asks for the items of a list: 哪五大工程, 有哪些措施."""
    return bool(question.items or _ASKS_LIST.search(fold_characters(question.text)))


def with_surroundings(
    question: Question,
    hits: Sequence[Hit],
    passages_of: Callable[[str], Sequence[Passage]],
    count_tokens: Callable[[Sequence[str]], list[int]],
) -> list[Hit]:
    """Return hits with the `surroundings` of the best ones behind them, no passage twice.

    A neighbour has the score of the hit that it belongs to, and no cosine: nobody asked for it.
    """
    found, budget = list[Hit](), LIST_BUDGET
    for hit in hits[:EXPANDED]:
        after: Sequence[Passage] = ()
        if _asks_for(question, hit.passage) or _is_open(hit.passage):  # else nothing is looked up
            siblings = passages_of(hit.passage.document)
            after = surroundings(question, hit.passage, siblings, count_tokens, budget)
        budget -= sum(count_tokens([one.text for one in after])) if after else 0
        found += [hit, *(Hit(one, hit.score, Scores()) for one in after)]
    return _first_of_each([*found, *hits[EXPANDED:]])


def _first_of_each(hits: Iterable[Hit]) -> list[Hit]:
    first: dict[int, Hit] = {}
    for hit in hits:
        first.setdefault(hit.passage.id, hit)
    return list(first.values())


def surroundings(
    question: Question,
    passage: Passage,
    siblings: Sequence[Passage],
    count_tokens: Callable[[Sequence[str]], list[int]],
    budget: int = LIST_BUDGET,
) -> tuple[Passage, ...]:
    """Return the neighbours that a passage goes on in, what follows first, `budget` tokens at most.

    `siblings` are the passages of its document in order. A passage goes on after a colon and amid
    a table; for a question that asks for the list it stands in, also from its 1. to the next 2.
    """
    at = next((i for i, other in enumerate(siblings) if other.id == passage.id), None)
    if at is None:
        return ()
    style = _list_style(passage) if _asks_for(question, passage) else ""
    found = [*_run(siblings[at:], style, True), *_run(siblings[at::-1], style, False)]
    if question.items and not style:
        found += _under_heading(siblings[at : at + 1 + question.items])
    unique = list({one.id: one for one in found}.values())[:_MOST_NEIGHBOURS]
    spent = accumulate(count_tokens([one.text for one in unique]))
    return tuple(one for one, sum_ in zip(unique, spent, strict=True) if sum_ <= budget)


def _under_heading(walk: Sequence[Passage]) -> list[Passage]:
    """Return what follows the first passage in its section: of 五大工程 each has a paragraph."""
    heading = walk[0].heading
    return [*takewhile(lambda one: one.heading[: len(heading)] == heading, walk[1:])]


def _asks_for(question: Question, passage: Passage) -> bool:
    """Tell whether a question asks for the list in which a passage stands."""
    if question.items or not asks_list(question):
        return bool(question.items)
    heads = (*passage.heading, passage.text.split("\n", 1)[0][:_LONGEST_GAP])
    names = (_MARKER.sub("", head) for head in heads)
    return any(covered(name, question.text) >= _NAMES_HEADING for name in names)


def _run(walk: Sequence[Passage], style: str, forwards: bool) -> Iterator[Passage]:
    """Yield what follows the first of the passages, one after the other, while it goes on."""
    for here, there in pairwise(walk):
        first, second = (here, there) if forwards else (there, here)
        if not (_breaks_off(first, second) or (style and _counts_on(first, second, style))):
            return
        yield there


def _breaks_off(first: Passage, second: Passage) -> bool:
    """Tell whether a passage announces what the next one holds, or both are of one table."""
    if not _is_open(first):
        return False
    start = second.text.split("\n", 1)[0]
    goes_on = _ends_in_row(first) and first.heading == second.heading and _is_row(start)
    return goes_on or not _ends_in_row(first)


def _is_open(passage: Passage) -> bool:
    return passage.text.rstrip().endswith((":", "：")) or _ends_in_row(passage)


def _ends_in_row(passage: Passage) -> bool:
    return _is_row(passage.text.rstrip().rsplit("\n", 1)[-1])


def _is_row(line: str) -> bool:
    return line.startswith("|") or "\t" in line


def _counts_on(first: Passage, second: Passage, style: str) -> bool:
    """Tell whether the second of two passages begins with the next item, or within the last one."""
    opening = _MARKER.match(second.text)
    if opening is None:
        return first.heading == second.heading
    numbers = [number for own, number in _markers(first) if own == style]
    return bool(numbers) and _marker(opening) == (style, numbers[-1] + 1)


def _list_style(passage: Passage) -> str:
    """Return the style of the innermost list of a passage, "" if it has none."""
    return next((style for style, _ in reversed(_markers(passage))), "")


def _markers(passage: Passage) -> list[_Marker]:
    """Return the marks of a passage's list items, those of its headings first."""
    text = "\n".join([*passage.heading, passage.text])
    return [_marker(match) for match in _MARKER.finditer(text)]


def _marker(match: re.Match[str]) -> _Marker:
    style = match.lastgroup or ""
    return style, _number(match[style])


def _number(numeral: str) -> int:
    """Return 12 for 12 and 十二."""
    if numeral.isdecimal():
        return int(numeral)
    tens, ten, ones = numeral.rpartition("十")
    return 10 * (_DIGITS.find(tens[:1] or "一") if ten else 0) + max(
        _DIGITS.find(ones[:1] or "〇"), 0
    )
