"""When evidence does not answer: what it lacks of the question, said in its language; pure.

Asked in turn: is it a question at all; is there evidence; is the stage or document number there;
do the passages cover its subject; do they hold its names, bodies and conditions; and, where only a
figure answers, is there one of that kind, place and year. Thresholds were set on
tests/rag/refusal_questions.jsonl and, for English, on public retrieval sets; see docs/LOG.md.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.glossary import Counterpart, Glossary, default_glossary
from index.places import find_places
from index.script import fold
from rag.evidence import context_of, covered
from rag.messages import listed, message, name_of
from rag.pieces import Piece, PieceKind, read_pieces
from rag.quantities import Kind, Quantity, missing, quantities
from rag.small_talk import asks_nothing
from rag.types import Evidence, Language, Question
from rag.understand import asks_figure, language_of
from rag.witness import Lack, is_governed, lacking

# Share of a Chinese question's subject that one of the best passages must cover; see docs/LOG.md.
_COVERED = 0.45
# The passages that an answer would be made of.
_BEST = 5
# An English question shares no words with Chinese passages, so that late interaction tells: of 74
# answered in a library 6 have no passage above the first floor, of 72 not answered there 2 have
# one. The second is for questions of which the glossary knows a place and no more.
# Both hold for one encoder only.
_LATE_FLOORS = {"bundled": (0.74, 0.79), "bundled:float32": (0.74, 0.79)}
# The same of the cosine of whole passages, for a library without token vectors.
_DENSE_FLOORS = {"bundled": 0.762, "bundled:float32": 0.762}
# From here on what the glossary says of a word is its name in documents, not one of many.
_NAMES_IT, _SAYS_SOMETHING = 0.7, 0.5
_NOWHERE = "\x00"  # a term that no passage holds
# Ordinals that make another subject: phase III is not phase IV. 第二大城市 is only a way to put it.
_STAGES = frozenset({"期", "阶段", "批", "条", "轮", "版"})
# Attributes that are a subject too: a passage that gives another figure does not answer.
_TELLING = frozenset({"预算", "总预算", "处罚", "罚则", "面积", "产值"})
# Conditions that make another case: named in a question, they must stand in the evidence.
_CONDITIONS = (
    (r"上市(?!公司)|获批|批准上市|\bmarketed\b|approved for|on the market", "上市|获批|批件"),
    ("上市公司|listed compan", "上市公司|上市企业"),
    (r"海外|境外|国外|\boverseas\b|\babroad\b", "海外|境外|国外|国际"),
    (r"出口(?![处])|\bexports?\b", "出口|外贸|出海"),
    (r"进口(?![处])|\bimports?\b", "进口"),
    ("算力|computing (?:power|voucher)", "算力"),
    (r"并购|收购|\bmergers?\b|\bacquisitions?\b", "并购|收购|兼并|重组"),
    ("毕业生|大学生|graduates?", "毕业生|大学生"),
    ("外资|外商|foreign[- ](?:invested|owned|funded)", "外资|外商"),
    (r"贷款|贴息|\bloans?\b", "贷款|信贷|贴息|融资"),
    (r"(?:谁|哪[家个些](?:机构|公司|单位|部门)?).{0,6}(?:管理|运营|托管|出资)"
     r"|管理(?:人|机构|公司|方)(?:是|叫|为)|\bwho (?:manages|runs|operates)\b",
     r"管理(?:人|机构|公司|方)|(?:负责|受托|委托)管理|由[^。;；\n]{2,30}(?:管理|运营|托管)|运营(?:方|机构|公司)|manag"),
    ("临床前|pre-?clinical", "临床前|pre-?clinical"),
    ("(?:提交|提供|准备|需要).{0,6}材料|what (?:documents|materials) .{0,20}submit",
     "材料.{0,30}(?:提交|报送|包括)|(?:提交|提供|报送).{0,30}(?:材料|申请表|证明|复印件|报告)"),
)  # fmt: skip
# Who holds an office stands beside its name.
# Words of one line say the same, where a question has one and a text another.
_ALIKE = (re.compile("参加|参会|到会|出席|与会|到场|汇聚"),)
_ON_THE_DAY = re.compile("当天|当日|现场")  # when, which no text of the day repeats
_GIVEN = re.compile("奖|补贴|补助|资助")
_OFFICES = re.compile(
    "(?:副?(?:局长|厅长|部长|处长|市长|省长|区长|县长|书记|主任|院长|校长|董事长|总经理|负责人|联系人))"
    r"|\b(?:mayor|governor|minister|director|chairman|president|head of)\b"
)
_IN_CHINESE = {
    "mayor": "市长|区长",
    "governor": "省长",
    "minister": "部长",
    "director": "主任|局长|厅长|院长|董事",
    "chairman": "董事长|主席",
    "president": "院长|校长|总裁|主席",
    "head of": "长|主任|负责人",
}
_BODY = re.compile(
    r"[\u4e00-\u9fff]{2,8}?(?:委员会|办公厅|办公室|[局厅委]|大学|学院|医院|研究院|银行)(?![面部])"
)
_NO_BODY = re.compile(
    "哪|什么|多少|几|谁|各|在|有关|主管|部门|结局|布局|格局|大局|全局|客厅|餐厅|委托"
)
_LATIN_NAME = re.compile(
    r"(?<![a-zA-Z\d])(?=[a-zA-Z\d]*[A-Z][a-zA-Z\d]*[A-Z]|[A-Z]+\d)[A-Za-z\d]{2,}"
)
_LATIN_IN_CHINESE = re.compile(r"(?<![A-Za-z\d])[A-Za-z]{3,}(?![A-Za-z\d])")

Rarity = Callable[[Iterable[str]], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class _Read:
    """A question, what of it the glossary knows, and the texts that would answer it, folded."""

    question: Question
    counterparts: tuple[Counterpart, ...]
    texts: tuple[str, ...]

    @property
    def whole(self) -> str:
        return "\n".join(self.texts)

    @property
    def is_english(self) -> bool:
        return language_of(self.question.text) == "en"

    def with_own_words(self, text: str) -> str:
        """Return a text with the question's word for what it calls otherwise: 营收, 营业收入."""
        asked, folded = self.question.text, fold(text)
        own = (
            asked[one.start : one.end]
            for one in self.counterparts
            if any(_stands(fold(name), folded) for name in one.names)
        )
        others = (
            match[0]
            for words in _ALIKE
            if (match := words.search(fold(asked))) and words.search(folded)
        )
        return "\n".join([text, *own, *others])

    def stands(self, one: Counterpart) -> bool:
        """Tell whether a counterpart stands in the texts, by any of its names."""
        own = self.question.text[one.start : one.end]
        return any(_stands(fold(name), self.whole) for name in (own, *one.names))


def _stands(name: str, text: str) -> bool:
    """Tell whether a folded name stands in a folded text, one in Latin letters as a word."""
    if not name.isascii():
        return name in text
    return bool(re.search(rf"(?<![a-z\d]){re.escape(name)}(?![a-z\d])", text))


def reason_to_refuse(
    question: Question,
    evidence: Sequence[Evidence],
    rarity: Rarity,
    encoder: str = "",
    glossary: Glossary | None = None,
) -> str:
    """Return, in the question's language, why the evidence does not answer it; "" if it may.

    `encoder` is the name of the one whose cosines the evidence has; `rarity` and `glossary` are
    those of the library.
    """
    if asks_nothing(question.text):
        return message("no_question", question.language)
    if not evidence or (question.places and set(question.places) <= set(question.unknown_places)):
        return _no_evidence(question)
    contexts = [context_of(item.passage, item.metadata) for item in evidence[:_BEST]]
    if stage := _missing_stage(question, contexts):
        return message("absent", question.language, stage)
    counterparts = (glossary or default_glossary()).counterparts(question.text)
    read = _Read(question, counterparts, tuple(map(fold, contexts)))
    if _is_other_subject(read, evidence, encoder):
        return message("other_subject", question.language)
    if absent := _absent(read, evidence, rarity):
        return message("absent", question.language, listed(absent, question.language))
    subject = _subject_of(read)
    if asks_figure(question):
        lack = lacking(question, evidence, subject)
        return _no_figure(question, lack) if lack else ""
    one_place = len(question.places) == 1 and question.places[0].level != "nation"
    if one_place and not is_governed(question, evidence, subject):
        return message("other_subject", question.language)
    return ""


def _no_evidence(question: Question) -> str:
    subject = [name_of(place, question.language) for place in question.places]
    subject += [str(year) for year in question.years]
    if not subject:
        return message("nothing", question.language)
    return message("nothing_about", question.language, listed(subject, question.language))


def _missing_stage(question: Question, texts: Sequence[str]) -> str:
    """Return a stage or document number of the question that no text has: IV期 is not III期."""
    if not any(map(_is_stage, quantities(question.text))):
        return ""
    lacking = (figure for figure in missing(question.text, texts) if _is_stage(figure))
    return next((figure.text for figure in lacking), "")


def _is_stage(figure: Quantity) -> bool:
    return figure.kind is Kind.DOCUMENT_NUMBER or (
        figure.kind is Kind.ORDINAL and figure.unit in _STAGES
    )


# --- another subject ----------------------------------------------------------------------------


def _is_other_subject(read: _Read, evidence: Sequence[Evidence], encoder: str) -> bool:
    if not read.is_english:
        texts = map(read.with_own_words, read.texts)
        return max(covered(read.question.text, text) for text in texts) < _COVERED
    lates = [item.scores.late for item in evidence if item.scores.late is not None]
    if lates:
        return max(lates) < _late_floor(read, encoder)
    cosines = [item.scores.dense for item in evidence if item.scores.dense is not None]
    return bool(cosines) and max(cosines) < _DENSE_FLOORS.get(encoder, -1.0)


def _late_floor(read: _Read, encoder: str) -> float:
    """Return what late interaction must reach: the less is known of the words, the more."""
    floor, place_only = _LATE_FLOORS.get(encoder, (-1.0, -1.0))
    telling = [one for one in read.counterparts if one.weight >= _SAYS_SOMETHING]
    places = {(mention.start, mention.end) for mention in find_places(read.question.text)}
    only_places = telling and all((one.start, one.end) in places for one in telling)
    return place_only if only_places and len(_unknown_words(read)) > 1 else floor


def _unknown_words(read: _Read) -> list[Piece]:
    """Return the English words that name something, unknown to the glossary and the texts."""
    return [
        piece
        for piece in read_pieces(read.question.text).of(PieceKind.CONTENT)
        if not any(one.start < piece.end and piece.start < one.end for one in read.counterparts)
        if piece.text not in read.whole
    ]


# --- names, bodies and conditions ---------------------------------------------------------------


def _absent(read: _Read, evidence: Sequence[Evidence], rarity: Rarity) -> list[str]:
    """Return what the question names and none of the texts does."""
    if names := _absent_names(read, rarity):
        return names
    if conditions := _absent_conditions(read):
        return conditions
    if read.is_english:
        return _absent_counterparts(read)
    return _absent_bodies(read, evidence)


def _absent_names(read: _Read, rarity: Rarity) -> list[str]:
    """Return Latin names (BNCT, CDMO) that stand in none of the texts, by no other name either.

    In an English question a name that the whole library lacks may stand in Chinese there.
    """
    words = set(re.findall("[a-z0-9]+", read.whole))
    names = list(_latin_names(read))
    known = rarity([*(name.lower() for name in names), _NOWHERE])
    unknown = known[_NOWHERE]
    return [
        name
        for name in names
        if not words.issuperset(re.findall("[a-z0-9]+", name.lower()))
        if not read.is_english or known[name.lower()] < unknown
    ]


def _latin_names(read: _Read) -> Iterable[str]:
    text = read.question.text
    found = [*_LATIN_NAME.finditer(text)]
    if not read.is_english:
        found += _LATIN_IN_CHINESE.finditer(text)
    for match in {match[0]: match for match in found}.values():
        around = [c for c in read.counterparts if c.start < match.end() and match.start() < c.end]
        stage = match[0].lower().strip("ivx") == ""
        if not stage and not any(map(read.stands, around)):
            yield match[0]


def _absent_counterparts(read: _Read) -> list[str]:
    """Return the names of an English question that the texts do not have in Chinese either."""
    text = read.question.text
    places = [mention.start for mention in find_places(text)]
    return [
        text[one.start : one.end]
        for one in read.counterparts
        if one.weight >= _NAMES_IT and one.start not in places and not read.stands(one)
    ]


def _absent_conditions(read: _Read) -> list[str]:
    asked = fold(read.question.text)
    absent = [
        match[0]
        for named, stands in _CONDITIONS
        if (match := re.search(named, asked)) and not re.search(stands, read.whole)
    ]
    absent += [name for name in _subsidised(asked) if name not in read.whole]
    offices = _OFFICES.findall(asked) if re.search(r"谁|哪位|名字|姓名|\bwho\b", asked) else []
    return absent + [
        office for office in offices if not re.search(_IN_CHINESE.get(office, office), read.whole)
    ]


def _subsidised(asked: str) -> list[str]:
    """Return what a folded question names a subsidy by: 房租 of 房租补贴."""
    pieces = read_pieces(asked).of(PieceKind.CONTENT, PieceKind.MONEY)
    return [
        one.text[-2:]
        for one, money in pairwise(pieces)
        if one.kind is PieceKind.CONTENT
        and money.text in ("补贴", "补助", "津贴", "贴息")
        and one.end == money.start
    ]


def _absent_bodies(read: _Read, evidence: Sequence[Evidence]) -> list[str]:
    """Return bodies (教育厅, 湖北省科技厅) that no text names."""
    asked = fold(read.question.text)
    mentions = find_places(asked)
    start, absent = 0, list[str]()
    for cut in [*mentions, None]:
        end = cut.start if cut else len(asked)
        for match in _BODY.finditer(asked, start, end):
            name = match[0].lstrip("省市区县的由是在对和与")
            if len(name) < 3 or _NO_BODY.search(name):
                continue
            before = [m for m in mentions if m.end <= match.start() <= m.end + 1]
            if not any(_names_body(name, before, item) for item in evidence[:_BEST]):
                absent.append(name)
        start = cut.end if cut else end
    return absent


def _names_body(name: str, before: Sequence[object], item: Evidence) -> bool:
    """Tell whether a passage names a body, by a longer name too: 科技局, 科学技术局."""
    text = fold("\n".join([context_of(item.passage, item.metadata), item.metadata.issuer]))
    pattern = "[和与及]?[\u4e00-\u9fff]{0,2}?".join(map(re.escape, name))
    places = find_places(text)
    wanted = [getattr(one, "place", None) for one in before]
    for match in re.finditer(pattern, text):
        own = [m.place for m in places if m.end <= match.start() <= m.end + 1]
        if not own or not wanted or own[0] in wanted:
            return True
    return False


def _content(read: _Read) -> list[str]:
    """Return the words of a Chinese question that name its subject."""
    kinds = (PieceKind.CONTENT, PieceKind.ATTRIBUTE)
    pieces = read_pieces(fold(read.question.text)).of(*kinds)
    words = (p.text for p in pieces if p.kind is PieceKind.CONTENT or p.text in _TELLING)
    return [word for text in words if (word := _ON_THE_DAY.sub("", text))]


# --- figures ------------------------------------------------------------------------------------


def _subject_of(read: _Read) -> Callable[[str], float]:
    """Return what tells how much (0..1) of the question's subject stands in a text."""
    if not read.is_english:
        content = "，".join(_content(read))
        if not covered(content, content):
            return lambda text: 1.0
        return lambda text: covered(content, read.with_own_words(text))
    places = [mention.start for mention in find_places(read.question.text)]
    telling = [
        one
        for one in read.counterparts
        if one.weight >= _SAYS_SOMETHING and one.start not in places
    ]

    def share(text: str) -> float:
        found = [one for one in telling if _is_said(one, text)]
        return len(found) / len(telling) if telling else 1.0

    return share


def _is_said(one: Counterpart, text: str) -> bool:
    """Tell whether a text says what the glossary calls so; 国际合作 stands in 国际大合作 too."""
    if any(_GIVEN.search(name) for name in one.names) and _GIVEN.search(fold(text)):
        return True  # what is given has many names: 奖励, 最多奖200万元, 补助
    return any(covered(name, text) == 1.0 for name in one.names)


def _no_figure(question: Question, lack: Lack) -> str:
    language = question.language
    if lack.figure or not (lack.place or lack.year):
        return message("no_figure", language)
    places = listed([name_of(one, language) for one in question.places], language)
    years = listed([_year(year, language) for year in question.years], language)
    if lack.year and lack.place:
        years = listed([places, years], language)
    if lack.year:
        subject = places or message("the_subject", language)
        return message("no_figure_for", language, subject, years)
    return message("no_figure_of", language, places)


def _year(year: int, language: Language) -> str:
    return str(year) if language == "en" else f"{year}年"
