"""Does a claim reach further than what is cited: all for some, a province for a city? Pure."""

import re
from collections.abc import Iterator, Sequence

from index.places import Place, covers, find_places, place
from index.script import fold_characters
from rag.quantities import Kind, quantities

_MEASURED = (Kind.MONEY, Kind.COUNT, Kind.PERCENT)
_NUMBER = "one|two|three|four|five|six|seven|eight|nine|ten|[0-9]+"
# 全部 and "all" before a number sum up: all three projects.
_ALL = re.compile(
    r"所有(?!权|制|者)|一切|任何|凡是|全部(?!在|为|由|都|均|用|来)|无论"
    rf"|\b(?:all|any|every)\b (?:of the |the |of )?(?!(?:{_NUMBER}|these|those|them|which"
    r"|year|month"
    r"|day|week|quarter|time|other|further|more|in|at|by|amount|figure|specific)\b)[a-z]{3,}"
)
_ANY_ALL = re.compile(
    r"所有|一切|任何|凡|均|都(?!市)|全部|全体|一律|无论|每一?[个家项位名款]|各(?![级地方类项有])"
    r"|\b(?:all|any|every|each|whoever)\b"
)
_DENIED = re.compile(
    r"(?:[不没未无非][^,，。;；]{0,10}|\b(?:not?|never|without|n't)\b[^,.;]{0,30})$"
)
_ONLY = re.compile(
    r"只有|唯有|仅限|仅(?=面向|支持|允许|向|对)"
    r"|\bonly (?:\w+ ){1,4}(?:can|may|qualif\w+|receives?)\b"
)
_ANY_ONLY = re.compile(r"[只仅唯才]|限|必?须|应当|条件|\b(?:only|must|unless|require\w*)\b")
# Words for the whole of a province, a city, a nation, with what says the same in a text.
_WHOLES = (
    (
        "province",
        re.compile(r"全省|省内|\b(?:across|throughout) the province\b|\bprovince-?wide\b"),
        re.compile(r"[全我本各]省|省内|省[委政直]|province"),
    ),
    (
        "nation",
        re.compile(
            r"全国(?!重点|人大|政协|性|前列|创新|统一|首)"
            r"|\bnationwide\b|\bacross (?:the country|china)\b"
        ),
        re.compile(r"全国|我国|nationwide|across china"),
    ),
)
_LEVELS = ("nation", "region", "province", "city", "district")


def overreaching(
    claim: str, sources: Sequence[str], contexts: Sequence[str], regions: Sequence[str]
) -> Iterator[str]:
    """Yield what a claim says of more than what is cited does.

    `contexts` are what stands around each of the sources, and `regions` the names of the places
    that their documents are about, "" where nothing tells.
    """
    said, known = fold_characters(claim), fold_characters("\n".join(sources))
    every = _ALL.search(said)
    if every and not _DENIED.search(said[: every.start()]) and not _ANY_ALL.search(known):
        yield f"says “{every[0].strip()}”, which what is cited does not say"
    if (only := _ONLY.search(said)) and not _ANY_ONLY.search(known):
        yield f"says “{only[0].strip()}”, which what is cited does not say"
    about = [found for region in regions if (found := place(region)) is not None]
    yield from _wholes(said, known, about)
    if any(figure.kind in _MEASURED for figure in quantities(claim)):
        yield from _wider(claim, [*sources, *contexts], about)


def _wholes(said: str, known: str, about: Sequence[Place]) -> Iterator[str]:
    """Yield 全省 of a text about a city that speaks of no province."""
    for level, whole, same in _WHOLES:
        match = whole.search(said)
        if not match or same.search(known) or not about:
            continue
        if any(_LEVELS.index(one.level) <= _LEVELS.index(level) for one in about):
            continue
        named = {mention.place.level for mention in find_places(known)}
        if level == "nation" or level not in named:  # 中国百强 says nothing of the whole nation
            yield f"says “{match[0]}”, and what is cited is about {about[0].name}"


def _wider(claim: str, sources: Sequence[str], about: Sequence[Place]) -> Iterator[str]:
    """Yield a place of a claim with figures that holds all places of what is cited."""
    mentions = find_places(claim)
    known = [mention.place for source in sources for mention in find_places(source)]
    known += about
    for mention in mentions:
        own = mention.place
        within = [other for other in known if covers(own, other)]
        named = any(covers(other, own) and other.level != "nation" for other in known)
        if named or own in known or not within or mention.others:
            continue
        if any(covers(own, other.place) and other.place != own for other in mentions):
            continue  # 广东东莞
        yield f"{own.name} is {within[0].name} in what is cited"
