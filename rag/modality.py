"""May, must, encouraged; planned, done; draft, final: does a claim keep which? Pure.

Words of a line stand for each other, in both languages. They are compared where a claim and what is
cited plainly speak of the same: share a figure, or most words of a clause. Elsewhere a writer may
say the same with a verb that needs no modal.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from index.script import fold
from rag.evidence import covered
from rag.quantities import quantities


class Modality(StrEnum):
    """What a clause says of what it states."""

    MUST = "must"
    MAY = "may"
    ENCOURAGED = "encouraged"
    PLANNED = "planned"
    DONE = "done"


_PATTERNS = {
    Modality.MUST: re.compile(
        "必须|务必|必得|须(?!知)|应当|应(?![用急对变答激])|不得不|强制|责令|要求(?!得到)"
        "|(?<!不)需要?(?!求)"
        r"|\b(?:must|shall|required?|requires|have to|has to|obliged|mandatory|need to"
        r"|needs to|should|qualify)\b"
    ),
    Modality.MAY: re.compile(
        "(?<!不)可以|可(?![复控靠能持穿见行用])|能够|能(?![力量源动效])|允许|有权|有望|最[高多]|"
        r"\b(?:may|can|allowed|eligible|permitted|could|up to|at most)\b"
    ),
    Modality.ENCOURAGED: re.compile(
        r"鼓励|倡导|引导|提倡|支持|优先|推动|\b(?:encourag\w+|support\w*|promot\w+|priorit\w+)\b"
    ),
    Modality.PLANNED: re.compile(
        "拟|将(?![来军])|计划(?![》”])|(?<!的)打算|争取|力争|力爭|目标|预计|有望|筹划|谋划|规划"
        "|下一步|探索|要(?![素点求闻紧]|是)|会(?=[编建设])|以前|之前"
        "|到20[2-9][0-9]年|20[3-9][0-9]年|希望|推进"
        r"|\b(?:plan(?:s|ned|ning)?|will|aim(?:s|ed|ing)?|target\w*|goal|intend\w*|want\w*"
        r"|should|to be|is to|are to|expect\w*|by 20[2-9][0-9])\b"
    ),
    Modality.DONE: re.compile(
        "已(?![上知提明计公发有])|已经|已有(?!关)|达成了|完成了|实现了|达到了|建成了|设立了|做到了"
        r"|\b(?:has|have) (?:already |now |officially )?(?:been |set|doubl|add|mov|becom"
        r"|reach|establish|buil|achiev|creat|complet|releas|receiv)\w*|\balready\b"
        r"|\breached\b|\bachieved\b"
    ),
}
_DRAFT = re.compile(
    r"征求意见|征求稿|听取意见|公开征集|草案|讨论稿|\b(?:draft|for comment|comments|consultation)\b"
)
_NAMED_DRAFT = re.compile("《[^《》]{2,60}(?:征求意见稿|草案|送审稿)[^《》]{0,6}》")
_FINAL = re.compile(
    "正式(?!员)|生效|施行|现行|印发|出台|颁布|已发布"
    r"|\b(?:in force|officially (?:issued|published|adopted)|formally|took effect"
    r"|takes effect|enacted|final version)\b"
)
# A total up to now; a claim may add 累计 to a plan, so of sources alone.
_SUMMED = re.compile("累计")
# What a text says of the present.
_HELD = re.compile(f"{_PATTERNS[Modality.DONE].pattern}|现已|现有|目前|拥有|设有|建有")
_MEANT = re.compile(
    r"计划(?![》”])|拟(?!定)|打算|筹划|谋划|准备"
    r"|\b(?:plan(?:s|ned|ning)? to|is planning|aims? to|intends? to)\b"
)
# An aim that has to be said to be one, and what says so of a claim.
_AIM = re.compile(
    r"力争|争取|目标|预计|预期|谋划|筹划|拟(?!定)|打算|\b(?:aim(?:s|ed|ing)?|target\w*|goal)\b"
)
_AIMED = re.compile(
    f"{_PATTERNS[Modality.PLANNED].pattern}|{_AIM.pattern}|提出|要求|任务|应|须|可|能|建议|方案|筹备|准备"
    r"|20[2-9][0-9]|\b(?:may|can|should|would)\b|\b(?:seek|expect|prepar|propos|envisag)"
)
# What these say of one clause they do not say of its whole sentence: 探索新机制,发布16批清单.
_PLAN_OF_ONE = re.compile("探索|推进|希望|规划|谋划|筹划")
_TITLES = re.compile("《[^《》]{0,80}》|“[^“”]{0,40}”|[(（][^()（）]{0,40}[)）]")
_UNDENIED = "(?:尚未|还未|还没有?|没有|并未|未|不再|不|not yet|not|no longer)[^,。;]{0,4}$"
_CLAUSES = re.compile(r"[^,。;:!?\n]+(?:(?<=\d)[,.:](?=\d)[^,。;:!?\n]+)*")
_SENTENCE_ENDS = re.compile(r"[。.;!?\n]")
_ALIKE = 0.6  # share of a clause's words that stand in another
_LEAST_HAN = 4
# What one of them may not become, where the other is all that is said there.
_TURNED = (
    (Modality.MUST, (Modality.MAY, Modality.ENCOURAGED)),
    (Modality.MAY, (Modality.MUST,)),
    (Modality.ENCOURAGED, (Modality.MUST,)),
    (Modality.DONE, (Modality.PLANNED,)),
    (Modality.PLANNED, (Modality.DONE,)),
)
_BINDING = re.compile(f"{_PATTERNS[Modality.MUST].pattern}|要|条件")
_STRONG = re.compile(r"必须|务必|必得|强制|责令|\b(?:must|obliged|mandatory)\b")


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    values: frozenset[Decimal]
    sentence: int  # its number

    @property
    def modalities(self) -> dict[Modality, str]:
        return _modalities(self.text)


@lru_cache(maxsize=4096)  # a clause of what is cited is compared with each one of the claim
def _modalities(text: str) -> dict[Modality, str]:
    found = ((kind, pattern.search(text)) for kind, pattern in _PATTERNS.items())
    return {kind: match[0] for kind, match in found if match}


def recast(
    claim: str, sources: Sequence[str], context: str, in_same_language: bool
) -> Iterator[str]:
    """Yield what a claim makes of a may, a must, a plan or a draft that is none there."""
    said, known = fold(claim).replace("，", ","), [fold(s).replace("，", ",") for s in sources]
    everything = "\n".join([*known, fold(context)])
    if problem := _finished(said, everything):
        yield problem
    given = list(_clauses("\n".join(known)))
    for clause in _clauses(said):
        comparable = _is_comparable(clause)
        alike = [other for other in given if _speaks_of_same(clause, other, comparable)]
        if Modality.DONE in clause.modalities:
            alike = _said_around(clause, alike, given)
            spoken_of = alike or ([] if in_same_language else given)
            alike = [*spoken_of, *_clauses(fold(context))] if spoken_of else []
        problem = _turned(clause, alike) if alike else ""
        if problem := problem or _taken_up(clause, given) or _taken_for_fact(clause, said, given):
            yield problem
            return
    if (strong := _STRONG.search(said)) and not _BINDING.search(everything):
        yield f"says “{strong[0]}”, which what is cited does not say"


def _said_around(
    clause: _Clause, alike: Sequence[_Clause], given: Sequence[_Clause]
) -> list[_Clause]:
    """Return what the sentences with alike clauses say of them, a plan of another thing left out.

    Where a clause there has the figure and says itself that it is done or planned, that tells.
    """
    sharing = [other for other in alike if clause.values & other.values]
    told = [c for c in sharing if {Modality.DONE, Modality.PLANNED} & set(c.modalities)]
    told += [other for other in sharing if _SUMMED.search(other.text)]
    if told:
        return [] if any(_SUMMED.search(other.text) for other in told) else told
    numbers = {other.sentence for other in alike}
    return [
        other
        for other in given
        if other.sentence in numbers
        and (other in alike or not sharing or not _PLAN_OF_ONE.search(other.text))
    ]


def _taken_up(clause: _Clause, given: Sequence[_Clause]) -> str:
    """Look for a plan of what is so already: 计划设立60亿元 for 现已…,设立60亿元."""
    meant = _MEANT.search(clause.text)
    if not meant or not clause.values:
        return ""
    sharing = {other.sentence for other in given if clause.values & other.values}
    whole = [" ".join(c.text for c in given if c.sentence == number) for number in sharing]
    planned = _PATTERNS[Modality.PLANNED]
    held = [match for text in whole if (match := _HELD.search(text)) and not planned.search(text)]
    if not held or len(held) < len(whole):
        return ""
    return f"says “{meant[0].strip()}” where what is cited says “{held[0][0].strip()}”"


def _taken_for_fact(clause: _Clause, said: str, given: Sequence[_Clause]) -> str:
    """Look for an aim of which a claim says no word that it is one: 力争超过10%."""
    if not clause.values or _AIMED.search(said):
        return ""
    sharing = [other for other in given if clause.values <= other.values]
    best = max((covered(clause.text, other.text) for other in sharing), default=0.0)
    sharing = [other for other in sharing if covered(clause.text, other.text) == best]
    aims = [match for other in sharing if (match := _AIM.search(other.text))]
    if not aims or len(aims) < len(sharing):
        return ""
    return f"leaves out “{aims[0][0].strip()}”, which what is cited says"


def reports_draft(text: str) -> bool:
    """Tell whether a text names the draft that it is or tells of: 《…(征求意见稿)》."""
    return bool(_NAMED_DRAFT.search(fold(text)))


def denies_finality(claim: str, known: str) -> bool:
    """Tell whether a claim says of a draft that it is not final: 尚未正式施行."""
    return bool(_FINAL.search(fold(claim)) and _DRAFT.search(fold(known)))


def _finished(said: str, known: str) -> str:
    """Look for a draft that a claim takes for final, and the other way round."""
    said = _TITLES.sub("", said)
    final, draft = _FINAL.search(said), _DRAFT.search(said)
    if draft and not _DRAFT.search(known):
        return f"says “{draft[0]}”, which what is cited does not say"
    undenied = final and not re.search(_UNDENIED, said[: final.start()])
    if final and undenied and not draft and _DRAFT.search(known) and not _FINAL.search(known):
        return f"says “{final[0]}”, and what is cited is a draft"
    return ""


def _clauses(text: str) -> Iterator[_Clause]:
    values = [
        (figure.start, value)
        for figure in quantities(text)
        for value in (figure.value, figure.high)
        if value
    ]
    at = end = sentence = 0
    for match in _CLAUSES.finditer(text):
        own = []
        while at < len(values) and values[at][0] < match.end():
            own.append(values[at][1])
            at += 1
        sentence += len(_SENTENCE_ENDS.findall(text, end, match.start()))
        end = match.end()
        yield _Clause(match[0], frozenset(own), sentence)


def _is_comparable(clause: _Clause) -> bool:
    """Tell whether the words of a clause are enough to find it again by them."""
    return clause.text.isascii() or len(re.findall("[\u3400-\u9fff]", clause.text)) >= _LEAST_HAN


def _speaks_of_same(one: _Clause, other: _Clause, comparable: bool) -> bool:
    if one.values & other.values:
        return True
    return comparable and covered(one.text, other.text) >= _ALIKE


def _turned(clause: _Clause, alike: Sequence[_Clause]) -> str:
    here = clause.modalities
    there: dict[Modality, str] = {}
    for other in alike:
        there |= other.modalities
    for kind, others in _TURNED:
        against = next((there[other] for other in others if other in there), "")
        plain = kind is Modality.DONE or _STRONG.search(here.get(kind, ""))
        if (
            kind in here
            and kind not in there
            and against
            and (plain or not set(here) & set(others))
        ):
            return f"says “{here[kind].strip()}” where what is cited says “{against.strip()}”"
    return ""
