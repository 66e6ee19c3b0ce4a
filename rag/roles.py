"""Who leads, hosts, guides: does a claim give a body the part that it has there? Pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from index.places import Place, find_places
from index.script import fold_characters, fold_tight
from rag.names import absent_bodies, absent_terms, bodies

# A part that a body takes, in both languages.
_ROLES = tuple(
    re.compile(line)
    for line in (
        r"牵头|\bled by\b|\bleads?\b|\blead (?:agency|department|body)\b",
        r"(?<!活动)主办|\bhosted by\b|\borgani[sz]ed by\b|\bhosts?\b|\borgani[sz]ers?\b",
        r"承办|\bco-?organi[sz]ed by\b|\bundertaken by\b",
        r"协办",
        r"指导(?!意见|目录|价)|\bguid(?:ed|ance) (?:by|of|from)\b|\bunder the guidance of\b",
        r"主管|\bsupervised by\b",
        r"受理|\baccepted by\b|\bhandled by\b",
    )
)
_PART_ENDS = re.compile(r"[,，。;；:：!！?？()（）\n]|\.(?=\s|$)")


_SENTENCE_ENDS = re.compile(r"[。！!？?\n]|\.(?=\s|$)")
_NAMES_BEHIND = re.compile(r"(?:的|单位|方|机构|部门|者|人|有.家)*(?:是|为|包括|有|:|：|分别)")


def miscast(claim: str, sources: Sequence[str]) -> Iterator[str]:
    """Yield bodies of a claim that take no such part in what is cited, where others do."""
    said, known = fold_characters(claim), fold_characters("\n".join(sources))
    for role in _ROLES:
        there = "\n".join(_with_role(known, role))
        if not there:
            continue
        for sentence in _SENTENCE_ENDS.split(said):
            for match in role.finditer(sentence):
                agents = _agents(sentence, match)
                names = [*absent_bodies(agents, there), *absent_terms(agents, there)]
                for name in dict.fromkeys(names):
                    yield f"{name} does not “{match[0]}” in what is cited"


def _with_role(known: str, role: re.Pattern[str]) -> Iterator[str]:
    """Yield the parts of sentences that name who takes a part, or all of one that names none."""
    for sentence in _SENTENCE_ENDS.split(known):
        for part in _PART_ENDS.split(sentence):
            if role.search(part):
                yield part if any(bodies(part)) else sentence


def _agents(sentence: str, role: re.Match[str]) -> str:
    """Return the words that name who takes a part: 由…牵头, 主办单位为…, led by."""
    if role[0].endswith((" by", " of", " from")):
        return _PART_ENDS.split(sentence[role.end() :])[0]
    if behind := _NAMES_BEHIND.match(sentence, role.end()):
        return re.split("[,，;；]", sentence[behind.end() :])[0]
    before = _PART_ENDS.split(sentence[: role.start()])[-1]
    return before[before.rfind("由") + 1 :]


# What places are said to be, in both languages; compared where each side lists places of it.
_STANDINGS = tuple(
    re.compile(line)
    for line in (
        r"核心|\bcore\b",
        r"重点|\bkey\b|\bfocus\b|\bpriorit\w+",
        r"试点|\bpilots?\b",
        r"示范|\bdemonstration\b|\bmodel (?:city|cities|zones?)\b",
        r"基地|\bbases?\b",
    )
)
_LEAST_PLACES = 2


def misranked(claim: str, sources: Sequence[str]) -> Iterator[str]:
    """Yield places that a claim lists as core, key, pilot, and what is cited as something else."""
    said = list(_with_places(claim))
    known = [part for source in sources for part in _with_places(source)]
    everywhere = {place for _, places in known for place in places}
    for standing in _STANDINGS:
        listed = [
            set(ps) for text, ps in known if standing.search(text) and len(ps) >= _LEAST_PLACES
        ]
        if not listed:
            continue
        there = set().union(*listed)
        for text, places in said:
            if standing.search(text) and len(places) >= _LEAST_PLACES:
                strange = [one for one in places if one not in there and one in everywhere]
                yield from (f"{one.name} is not listed so in what is cited" for one in strange)


_LIST_PART = re.compile(r"[，。;；\n]|,(?! )|\.(?=\s|$)|\bwhile\b|\bbut\b")


def _with_places(text: str) -> Iterator[tuple[str, list[Place]]]:
    folded, mentions = fold_characters(text), find_places(text)
    cuts = [0, *(match.end() for match in _LIST_PART.finditer(folded)), len(folded)]
    for start, end in pairwise(cuts):
        yield folded[start:end], [one.place for one in mentions if start <= one.start < end]


# What a claim may list by name.
_LISTED = re.compile(
    "平台|机构|企业|公司|医院|单位|实验室|城市|基金|系统|中心|产品|platforms?|companies"
)
_LISTS = re.compile("[、；;]|分别|包括")
_OF_TEXT = re.compile("部分|章节|一节|小节|标题|栏目|题为|heading|section")
_ITEM_ENDS = re.compile(
    r"[、,，;；:：。“”「」『』\"]|和(?=[^、]{4})|以及|包括|分别(?:是|为)|有(?=[^、]{4})|是"
)
_HEADING = re.compile(
    r"^(?!\d|[(（#|•-]|第?[一二三四五六七八九十]{1,3}[、.．章节条])[^。!！?？;；:：,，|]{5,40}$"
)
_LEAST_HEADING = 5


def headings_listed(claim: str, sources: Sequence[str], contexts: Sequence[str]) -> Iterator[str]:
    """Yield headings of what is cited that a claim lists as platforms, bodies or products."""
    said = fold_characters(claim)
    if not _LISTED.search(said) or _OF_TEXT.search(said) or not _LISTS.search(said):
        return
    lines = [line.strip() for text in (*contexts, *sources) for line in text.splitlines()]
    headings = {
        fold_tight(heading)
        for line in lines
        if _HEADING.match(line)
        for heading in (line, *line.split())
        if len(heading) >= _LEAST_HEADING
    }
    body = fold_tight("\n".join(line for line in lines if not _HEADING.match(line)))
    for item in _ITEM_ENDS.split(said):
        if (tight := fold_tight(item)) in headings and tight not in body:
            yield f"“{item.strip()}” is a heading in what is cited"
