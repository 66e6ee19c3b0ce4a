"""Does a passage give the figure that is asked for, of that place, that year, that thing? Pure.

A figure counts for a question when its own clause, or what governs the clause (the sentences before
it, its headings, its document), bears the place, the year and the subject. What is written nearest
governs: in 湖北…2500亿元；广东…6455亿元 the second figure is none of 湖北.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from index.places import Place, PlaceMention, covers, find_places, place
from index.script import fold
from rag.quantities import Kind, Quantity, missing, quantities
from rag.types import Evidence, Question

_ENDS = re.compile(r"[。！？!?；;\n]|\.(?=\s)")
# Clauses before a figure that may still name what it is a figure of: a list of phases has five.
_BEFORE = 5
# Share of the subject's words that must stand in and before the clause with the figure.
_SUBJECT = 0.55
_SAYS_NONE = re.compile(
    r"(?:没有?|未)(?:给出|写明|写|提到|提及|公布|披露|说明|列出|公开|透露).{0,6}(?:数额|金额|数字|数目|时间|日期)"
    r"|(?:no|not?) (?:amount|figure|date)s? (?:is|are|was|were)? ?(?:given|stated|mentioned)"
)
# What is said to happen at a date: one that a question names must stand beside the date.
_EVENTS = (
    re.compile("发布|公布|印发|出台|颁布|发表|公开|刊发|见报|publish|issue|release|announce"),
    re.compile(
        "施行|实施(?!意见|方案|细则|办法)|生效|起执行|执行|into force|take effect|effective"
    ),
    re.compile("截止|截至|为止|期限|以前提出|之前提出|前反馈|到期|deadline|close|until|expire"),
    re.compile("开工|动工|投产|竣工|建成"),
)
_PUBLISHING = _EVENTS[0]
_MEASURE = re.compile(r"(?:多少|几)(?P<unit>[家户人名位元])")
_SAME_MEASURE = {"家": "家户", "户": "家户", "人": "人名位", "名": "人名位", "位": "人名位"}
_COUNTED = re.compile(r"(?:多少|几)(?:[家户人名位个项次批种条件款所座台]|不同)|how many|number of")

# What is counted stands close before 有多少家, or behind it: 多少家企业. Only what is written in no
# other way is looked for.
_THING = "(企业|公司|机构|医院|实验室|学校|高校|院校|园区|医生|学生|专家|床位|岗位|专利)"
_COUNTED_THING = re.compile(
    rf"{_THING}.{{0,6}}(?:多少|几)[家户个项所座台件款名位张]|(?:多少|几)[家户个项所座台件款名位张].{{0,6}}?{_THING}"
)

# What a figure is a figure of: the word that is asked for, or one for the same, stands beside it.
_MEASURED = tuple(
    re.compile(words)
    for words in (
        r"营收|营业收入|主营业务收入|\brevenues?\b|\bturnover\b|\boperating income\b",
        r"利润|\bprofits?\b",
        r"税收|税额|纳税|税率|\btax(?:es)?\b",
        r"增加值|\badded value\b|\bvalue added\b",
        r"研发(?:投入|经费|强度|支出)|r&d (?:spending|investment|intensity|expenditure)",
        r"产值|\boutput value\b",
        r"投资额|总投资|\btotal investment\b",
        r"从业|就业|员工|职工|雇员|\bemploy(?:ees|ment|ed)\b|\bjobs\b|\bworkforce\b"
        r"|\bworkers\b|\bpeople (?:\w+ ){0,2}(?:work|employ)\w*|多少人.{0,4}(?:工作|就业|上班)",
        r"出口|\bexports?\b",
        r"进口|\bimports?\b",
        r"融资额?|\bfinancing raised\b",
        r"人口|\bpopulation\b",
        r"床位|\bbeds\b",
        r"面积|\bfloor space\b|\bsquare met",
    )
)
# The same where a question and what answers it say it in other words.
_SIZE_OF = (
    (
        r"基金.{0,8}(?:规模|多大|多少|总额|几[亿万])|(?:规模|多大|多少).{0,8}基金"
        r"|\b(?:size|how (?:large|big|much)|how many (?:yuan|billion|million))\b.{0,60}\bfunds?\b"
        r"|\bfunds?\b.{0,30}\b(?:size|worth)\b",
        "基金|funds?\\b",
    ),
    ("临床前|pre-?clinical", "临床前|pre-?clinical"),
)
_MEASURED_AS = (
    *((words, words) for words in _MEASURED),
    *((re.compile(asked), re.compile(said)) for asked, said in _SIZE_OF),
)
_GIVING = re.compile(
    "奖|补贴|补助|资助|扶持|给|资金|基金|支持|贴息|贴现|经费|补|优惠|减免|津贴|封顶|不超过|合计"
    "|award|grant|subsid|reward|fund|bonus"
)
_ASKS_GIVING = re.compile(
    "奖励|奖补|补贴|补助|资助|扶持|津贴|贴息|allowance|award|grant|subsid|reward|bonus|incentive"
)
# From here on, writers leave the currency out: 预算430万.
_MONEY_WITHOUT_CURRENCY = 10_000
_ENGLISH_MEASURES = (
    (re.compile(r"how many (?:[\w-]+ ){0,3}(?:compan|enterprise|firm|business)"), "家户"),
    (
        re.compile(r"how many (?:[\w-]+ ){0,3}(?:people|persons|employees|students|visitors)"),
        "人名位",
    ),
)

Covers = Callable[[str], float]  # text -> share (0..1) of the question's subject in it


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    start: int
    figures: tuple[Quantity, ...]
    places: tuple[PlaceMention, ...]


@dataclass(frozen=True, slots=True)
class Lack:
    """What no clause with a figure of the kind bears."""

    figure: bool = False
    place: bool = False
    year: bool = False


def lacking(question: Question, evidence: Sequence[Evidence], subject: Covers) -> Lack | None:
    """Return what stands between a question for a figure and its answer; None if nothing does.

    Of the clauses that come nearest to an answer: they lack the year only, the place only, or
    there are none.
    """
    found = Lack(figure=True)
    denied, best = 0.0, 0.0
    for item in evidence:
        clauses = _clauses("\n".join([*item.passage.heading, item.passage.text]))
        denied = max([denied, *(subject(c.text) for c in clauses if _says_none(c.text))])
        for i, clause in enumerate(clauses):
            lack = _lack(question, item, clauses, i, subject)
            if lack == Lack():
                best = max(best, 1e-9, subject(clause.text))
            elif lack and not lack.figure and (found.figure or found.place):
                found = lack
    if best and not (denied >= _SUBJECT and denied > best):
        return None
    return found


def _says_none(text: str) -> bool:
    return bool(_SAYS_NONE.search(fold(text)))


def _lack(
    question: Question, item: Evidence, clauses: Sequence[_Clause], i: int, subject: Covers
) -> Lack | None:
    """Return what one clause lacks, None if it has nothing to do with the question."""
    clause = clauses[i]
    dated = _wants_date(question) and _date_of_publication(question, item, i)
    if not dated and not any(fits_kind(question, figure) for figure in clause.figures):
        return None
    before = clauses[max(0, i - _BEFORE) : i]
    context = "\n".join(
        [item.metadata.title, *item.passage.heading, *(c.text for c in before), clause.text]
    )
    if subject(context) < _SUBJECT or not _fits_event(question, clause, item):
        return Lack(figure=True)
    near = [*before[-1:], clause]
    if not (_counts_the_thing(question, near) and _measures_it(question, near)):
        return Lack(figure=True)
    if not _fits_stage(question, [*before, clause]):
        return Lack(figure=True)
    if _ASKS_GIVING.search(fold(question.text)) and not _gives(clause, before):
        return Lack(figure=True)
    return Lack(
        place=not _fits_places(question, item, clause, before),
        year=not _fits_years(question, item, clause, before),
    )


def _counts_the_thing(question: Question, clauses: Sequence[_Clause]) -> bool:
    """Tell whether clauses name what a Chinese question asks the number of: 1家实验室, 几家企业."""
    asked = _COUNTED_THING.search(fold(question.text))
    if not asked:
        return True
    said = fold("\n".join(clause.text for clause in clauses))
    return (asked[1] or asked[2]) in said


def _measures_it(question: Question, clauses: Sequence[_Clause]) -> bool:
    """Tell whether clauses name what a question asks the size of: 营收6455亿元 is no profit.

    The last one alone, where it names itself what it measures.
    """
    asked, own = fold(question.text), fold(clauses[-1].text)
    named = [there for here, there in _MEASURED_AS if here.search(asked)]
    measured = any(words.search(own) for words in _MEASURED)
    said = own if measured else fold("\n".join(clause.text for clause in clauses))
    return not named or any(words.search(said) for words in named)


def _fits_stage(question: Question, clauses: Sequence[_Clause]) -> bool:
    """Tell whether clauses speak of a phase that a question names: 二期 is not 三期."""
    stages = [q for q in _figures(question.text) if q.kind is Kind.ORDINAL and q.unit == "期"]
    said = "\n".join(clause.text for clause in clauses)
    return not any(missing(stage.text, [said]) for stage in stages)


def _gives(clause: _Clause, before: Sequence[_Clause]) -> bool:
    """Tell whether an amount is one that is given: 营收6455亿元 is no subsidy."""
    if any(figure.kind is Kind.DATE for figure in clause.figures):
        return True
    near = fold("\n".join(c.text for c in (*before[-2:], clause)))
    return bool(_GIVING.search(near))


def is_governed(question: Question, evidence: Sequence[Evidence], subject: Covers) -> bool:
    """Tell whether a clause on a question's subject is about one of its places."""
    for item in evidence:
        clauses = _clauses("\n".join([*item.passage.heading, item.passage.text]))
        head = [item.metadata.title, *item.passage.heading]
        for i, clause in enumerate(clauses):
            before = clauses[max(0, i - _BEFORE) : i]
            context = "\n".join([*head, *(c.text for c in before), clause.text])
            if _fits_places(question, item, clause, before) and subject(context) >= _SUBJECT:
                return True
    return False


@lru_cache(maxsize=256)  # passages of a subject come again from question to question
def _clauses(text: str) -> tuple[_Clause, ...]:
    figures, places = quantities(text), find_places(text)
    cuts = [0, *(match.end() for match in _ENDS.finditer(text)), len(text)]
    return tuple(
        _Clause(
            text[start:end],
            start,
            tuple(figure for figure in figures if start <= figure.start < end),
            tuple(mention for mention in places if start <= mention.start < end),
        )
        for start, end in pairwise(cuts)
        if start < end
    )


# --- the kind of figure -------------------------------------------------------------------------


def fits_kind(question: Question, figure: Quantity) -> bool:
    """Tell whether a figure is of a kind that a question asks for."""
    kinds = _kinds(question)
    if not kinds:
        return figure.kind not in (Kind.ORDINAL, Kind.DOCUMENT_NUMBER, Kind.YEAR)
    if figure.kind is not Kind.COUNT or figure.kind not in kinds:
        return figure.kind in kinds
    if figure.text.endswith(("级", "級")):  # 千亿级 is how large a thing is, not how many
        return False
    if Kind.MONEY in kinds:
        return not figure.unit and (figure.value or 0) >= _MONEY_WITHOUT_CURRENCY
    measures = _measures(fold(question.text))
    # Chinese has a measure word for what it counts, but for 百强 and 三大.
    unnamed = not figure.unit and figure.text.isascii()
    return not measures or unnamed or figure.unit in measures


def _measures(asked: str) -> str:
    """Return the measure words that count what a folded question asks the number of."""
    if measure := _MEASURE.search(asked):
        return _SAME_MEASURE.get(measure["unit"], "")
    return next((units for named, units in _ENGLISH_MEASURES if named.search(asked)), "")


def _kinds(question: Question) -> frozenset[Kind]:
    """Return the kinds that answer: 多少 after an amount of money is no count of things."""
    if _wants_date(question):
        return frozenset([Kind.DATE, Kind.YEAR])
    if Kind.PERCENT in question.wanted:
        return frozenset([Kind.PERCENT])
    if _COUNTED.search(fold(question.text)):
        return frozenset([Kind.COUNT])
    if Kind.MONEY in question.wanted:
        return frozenset([Kind.MONEY, Kind.PERCENT, Kind.COUNT])
    return frozenset()


def _wants_date(question: Question) -> bool:
    return question.wanted == {Kind.DATE} or (
        Kind.DATE in question.wanted and Kind.COUNT not in question.wanted
    )


def asks_publication(question: Question) -> bool:
    """Tell whether a question asks for the day on which a document was published or issued."""
    return _wants_date(question) and bool(_PUBLISHING.search(fold(question.text)))


def _date_of_publication(question: Question, item: Evidence, i: int) -> bool:
    """Tell whether a document's own date answers when it was published; it stands at its head."""
    dated = item.metadata.date or item.metadata.issued
    return i == 0 and bool(dated and _PUBLISHING.search(fold(question.text)))


def _fits_event(question: Question, clause: _Clause, item: Evidence) -> bool:
    if not _wants_date(question):
        return True
    asked, said = fold(question.text), fold(clause.text)
    named = [event for event in _EVENTS if event.search(asked)]
    if not named or any(event.search(said) for event in named):
        return True
    dated = item.metadata.date or item.metadata.issued
    return _PUBLISHING in named and bool(dated)


# --- place and year -----------------------------------------------------------------------------


def _fits_places(
    question: Question, item: Evidence, clause: _Clause, before: Sequence[_Clause]
) -> bool:
    if not question.places:
        return True
    about = governing_places(item, clause.places, [c.places for c in before])
    return any(covers(wanted, named) for wanted in question.places for named in about)


def governing_places(
    item: Evidence,
    own: Sequence[PlaceMention],
    before: Sequence[Sequence[PlaceMention]] = (),
) -> list[Place]:
    """Return the places that a clause is about: its own, or else those of what governs it.

    `before` are the places of the clauses before it, in their order.
    """
    region = place(item.metadata.region) if item.metadata.region else None
    head = "\n".join([item.metadata.title, *item.passage.heading])
    nearest = next((list(one) for one in reversed(before) if one), [])
    about = [mention.place for mention in own]
    if not own or not _is_foreign(about, region):
        # 全市, 本市: what the clause is about is what its document is about
        about += [mention.place for mention in (*nearest, *find_places(head))]
        about += [region] if region and not _is_foreign(about, region) else []
    return about


def _is_foreign(named: Sequence[Place], region: Place | None) -> bool:
    """Tell whether places lie outside the region that a document is about."""
    return bool(named) and not (
        region and any(covers(region, one) or covers(one, region) for one in named)
    )


def _fits_years(
    question: Question, item: Evidence, clause: _Clause, before: Sequence[_Clause]
) -> bool:
    if not question.years:
        return True
    head = [item.metadata.title, *item.passage.heading]
    own = {mention.place for mention in clause.places}
    # what follows the figures of another place has not their year
    same = [c for c in reversed(before) if not own or own & {m.place for m in c.places}]
    sources = [clause.figures, *(c.figures for c in same), _figures("\n".join(head))]
    for figures in sources:
        if years := set(_years(figures)):
            return any(year in years for year in question.years)
    dates = (item.metadata.date, item.metadata.issued)
    return any(date.startswith(str(year)) for date in dates for year in question.years)


@lru_cache(maxsize=256)
def _figures(text: str) -> tuple[Quantity, ...]:
    return quantities(text)


def _years(figures: Sequence[Quantity]) -> Iterator[int]:
    for figure in figures:
        if figure.year:
            yield figure.year
            if figure.kind is Kind.YEAR and figure.value is not None and figure.high is not None:
                yield from range(int(figure.value), min(int(figure.high), int(figure.value) + 20))
        elif figure.kind is Kind.YEAR and figure.value is not None:
            yield int(figure.value)
