"""A cap left out, an amount per what: does a claim give figures as what is cited does? Pure.

最高奖励800万元 is no reward of 800万元, and what a company gets is not what each patient gets.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.script import fold_characters
from rag.attribution import WHO
from rag.quantities import Bound, Kind, Quantity, quantities, same_amount

_LIMITED = (Kind.MONEY, Kind.PERCENT, Kind.COUNT)
_SHARED = (Kind.MONEY, Kind.COUNT)
# Words that make an amount a maximum; one holds for all that follows it in its sentence.
_CAP = re.compile(
    r"最[高多大]|至多|顶多|上限|封顶|限额|为限|以内|之内|[不未]得?[能应会可]?(?:超过|高于|多于|超出|超)|可达|高达"
    r"|\bup to\b|\bat most\b|\bmaxim\w*|\bmax\b|\bcap(?:s|ped)?\b|\bceiling\b|\blimit\w*"
    r"|\bno more than\b|\bexceed|\bwithin\b|\bas (?:much|many|high) as\b|\bcan reach\b"
)
_SENTENCE = re.compile(r"[^。！!？?\n]+?(?:[。！!？?\n]+|\.(?=\s|$)|$)")
_CLAUSE_ENDS = re.compile(r"[,，。;；:：!?\n]")
_TIMES = "年|月|季|周|日|天|次|小时|批|期|学|半"
# Each of what: 每家企业, 单个项目, 每例受试者; the noun ends where a verb or an amount begins.
_EACH = re.compile(
    rf"(?:每(?:[一1] ?)?(?!{_TIMES})|单(?=[个家项一])|同[一1](?!{_TIMES}))"
    r"(?P<measure>[个家户项位名款种台套件所间座支只例组人])?"
    r"(?P<thing>(?:(?![最可一补奖资给获得享每不的共将有为是拥领拿申须应需在都均按合进提设支投能累扶拨补])[一-鿿]){0,10})"
)
_EACH_SLASH = re.compile(r"元 ?/ ?(?P<thing>人|户|家|床|位|亩|吨|名|例|台|件|项|个[一-鿿]{2})")
_EACH_ENGLISH = re.compile(
    r"\b(?:each|every|per|single)\b (?!year|month|quarter|week|day|time|hour|annum|cent)"
    r"(?P<thing>[a-z-]+(?: [a-z-]+)?)"
)
_WHO = (
    *WHO,
    re.compile("患者|病人|受试者|病例|patients?|subjects?|participants?"),
    re.compile("药(?!企|业|监|品?监)|drugs?|medicines?|products?|产品"),
)
_NO_THING = re.compile(r"^(?:of|up|is|are|can|may|will|gets?|at|for|receiv\w*|company's)\b")
_DISTRIBUTES = re.compile(
    r"每|单[个家项]|同一|各|分别|[一1][个家项]|奖|补|资助|支持|给予|扶持|\b(?:each|every|per|single|an?)\b"
)
# 单个规模 is how large each is, which says nothing of what it is.
_MEASURE_OF = re.compile("^(?:规模|体量|金额|额度|总额|平均|合计|累计|年度|总|金)")
_FAR = 40  # characters between what each gets and the amount
_TELLING = 2  # characters of a noun by which it is found again


@dataclass(frozen=True, slots=True)
class _Each:
    """What each of gets a figure, and the folded words in which it is said."""

    thing: str
    start: int
    end: int


def uncapped(claim: str, sources: Sequence[str], lead: str = "") -> Iterator[str]:
    """Yield what a claim gives in full, and everything cited as a maximum.

    `lead` are the words that introduce the claim, as "at most:" before a list.
    """
    stated = [figure for source in sources for figure in quantities(source)]
    said = fold_characters(claim)
    caps = [match.end() for match in _CAP.finditer(said)]
    if _CAP.search(fold_characters(lead)):
        return
    figures = [figure for figure in quantities(claim) if figure.kind in _LIMITED]
    for figure in figures:
        if figure.bound is not Bound.EXACT or figure.high or not figure.value:
            continue
        if any(_caps(cap, figure, figures, said) for cap in caps):
            continue
        same = [other for other in stated if same_amount(figure, other)]
        if same and all(other.bound is Bound.AT_MOST for other in same):
            yield f"{figure.text} is at most that in what is cited"


def _caps(cap: int, figure: Quantity, figures: Sequence[Quantity], said: str) -> bool:
    """Tell whether a cap holds for a figure: from before it, or behind the last of its sentence."""
    if cap <= figure.start:
        return not re.search(r"[。！!？?\n]", said[cap : figure.start])
    return not any(other.start >= cap for other in figures)


def misshared(claim: str, sources: Sequence[str]) -> Iterator[str]:
    """Yield amounts that a claim gives per something that what is cited does not give them per."""
    said = fold_characters(claim)
    figures = [figure for figure in quantities(claim) if figure.kind in _SHARED]
    given = [(fold_characters(part), quantities(part)) for s in sources for part in _sentences(s)]
    for figure in figures:
        each = _each_of(said, figure, figures)
        if each is None:
            continue
        own = [
            (text, other)
            for text, others in given
            for other in others
            if same_amount(figure, other)
        ]
        if own and not any(_shares(each.thing, text, other) for text, other in own):
            yield f"{figure.text} is per {each.thing}, which what is cited does not say"


def _sentences(text: str) -> list[str]:
    return [match[0] for match in _SENTENCE.finditer(text)]


def _each_of(said: str, figure: Quantity, figures: Sequence[Quantity]) -> _Each | None:
    """Return per what a figure of a claim is, None where the claim does not say."""
    slash = _EACH_SLASH.search(said, max(0, figure.end - 1), figure.end + 6)
    if slash:
        return _Each(slash["thing"], *slash.span())
    before = [other.end for other in figures if other.end <= figure.start]
    found = _last_each(said, max([0, figure.start - _FAR, *before]), figure.start)
    if found is None and said.isascii():
        after = _EACH_ENGLISH.search(said, figure.end, figure.end + _FAR)
        found = _of_english(after) if after else None
    return found


def _last_each(text: str, start: int, end: int) -> _Each | None:
    cuts = [match.end() for match in re.finditer(r"[。;；!?\n]", text[start:end])]
    start += cuts[-1] if cuts else 0
    found = [_of_chinese(match) for match in _EACH.finditer(text, start, end)]
    found += [_of_english(match) for match in _EACH_ENGLISH.finditer(text, start, end)]
    return next((each for each in reversed(found) if each), None)


def _of_chinese(match: re.Match[str]) -> _Each | None:
    thing = match["thing"] or (match["measure"] if match["measure"] in ("人", "户", "例") else "")
    return _Each(thing, *match.span()) if thing and not _MEASURE_OF.match(thing) else None


def _of_english(match: re.Match[str]) -> _Each | None:
    if _NO_THING.match(match["thing"]):
        return None
    return _Each(match["thing"], *match.span())


def _shares(thing: str, text: str, figure: Quantity) -> bool:
    """Tell whether a figure in a sentence may be per that thing."""
    classes = [who for who in _WHO if who.search(thing)]
    if thing.isascii() != text.isascii() and not classes:
        return True  # nothing by which to compare it
    if not _DISTRIBUTES.search(text):
        return False
    theirs = [who for who in _WHO if who.search(_governing(text, figure))]
    if classes and theirs:
        return any(who in theirs for who in classes)
    return thing[-_TELLING:] in text or any(who.search(text) for who in classes)


def _governing(text: str, figure: Quantity) -> str:
    """Return the noun of the each-word before a figure, or else the clause before that word."""
    money = [f.end for f in quantities(text) if f.kind is Kind.MONEY and f.end <= figure.start]
    found = list(_EACH.finditer(text, max([0, *money]), figure.start))
    if not found:
        return ""
    head = text[: found[-1].start()].rstrip(",，、;； ")
    return found[-1]["thing"] or _CLAUSE_ENDS.split(head)[-1]
