"""How many changed sentences verification catches, and how many true ones it doubts.

    python -m bench.mutations [--show]     the table; with --show also what is missed and doubted

Sentences of the samples, and of the five real documents where they are, are changed by code in one
place and go the whole way of an answer: parsed, cited, quoted, verified. True ones are the
sentences themselves, mechanical rewordings of them, and paraphrases that were written by hand
(`paraphrases.jsonl`). Every choice is by counting, so that two runs give the same.
"""

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, zip_longest
from pathlib import Path

from bench.rows import Row
from index.chunk import passages
from index.clean import clean
from index.metadata import read_metadata
from index.places import find_places, place
from index.read import read_bytes, read_file
from index.script import fold_characters, fold_tight, to_traditional
from index.sentences import sentence_spans
from rag.cite import bind
from rag.draft import parse_draft
from rag.quantities import Kind, quantities
from rag.types import Claim, Evidence, Source, Status
from rag.verify import Cited, verify

PARAPHRASES = Path(__file__).with_name("paraphrases.jsonl")
MUTATIONS = 1000  # in all, shared evenly among the kinds as far as they go
VERBATIM = 150  # true sentences as they stand; the mechanical rewordings are of these
_SHORTEST = 14  # characters of a sentence that says something
_LONGEST = 180  # longer ones are tables


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, and the passage that it cites."""

    text: str
    evidence: Evidence
    source: Source


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was tried: `kind` of change or of true sentence, what was said, what came of it."""

    kind: str
    said: Said
    claims: tuple[Claim, ...]

    @property
    def doubted(self) -> bool:
        """Whether anything of it is not shown as supported."""
        return any(claim.status is not Status.SUPPORTED for claim in self.claims)


# --- sentences


def passages_in(folder: Path) -> list[tuple[Evidence, Source]]:
    """Return every passage of a folder as evidence with the number 1, and its document."""
    found = []
    for file in sorted(folder.iterdir()):
        for document in read_file(read_bytes(file), file.name).documents:
            text = clean(document.raw, document.media_type)
            known = read_metadata(document, text)
            for passage in passages(text, document.id, known.title):
                found.append((Evidence(1, passage, known, 1.0), Source(document, text)))
    return found


def sentences(known: Sequence[tuple[Evidence, Source]]) -> list[Said]:
    """Return the sentences of the passages that say something, in their order."""
    return [
        Said(text, evidence, source)
        for evidence, source in known
        for span in sentence_spans(evidence.passage.text)
        if _SHORTEST <= len(text := span.of(evidence.passage.text)) <= _LONGEST
    ]


def paraphrases(known: Sequence[tuple[Evidence, Source]]) -> Iterator[Said]:
    """Yield what was written by hand about the samples."""
    for line in PARAPHRASES.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        words = fold_tight(row["words"])
        evidence, source = next(
            (evidence, source)
            for evidence, source in known
            if source.document.id == row["source"] and words in fold_tight(evidence.passage.text)
        )
        yield Said(row["sentence"], evidence, source)


def check(said: Said) -> tuple[Claim, ...]:
    """Return what verification says of a sentence with a mark behind it."""
    draft = parse_draft(f"{said.text}[1]", {1})
    bound = bind(
        [(s.text, s.marks) for s in draft.sentences], [said.evidence], lambda _: said.source
    )
    known = said.evidence.metadata
    cited = {
        c.n: Cited(
            c.text,
            f"{known.title}\n{c.heading}\n{known.publisher}",
            known.region,
            known.date,
            said.evidence.passage.text,
        )
        for c in bound.citations
    }
    return verify(draft.sentences, bound.numbers, cited)


# --- true sentences

_HAN = str.maketrans("123456789", "一二三四五六七八九")


def mechanical(text: str) -> Iterator[str]:
    """Yield a sentence in other notations, and without one of its ends."""
    yield to_traditional(text)
    yield re.sub(r"(?<![\d.])([1-9])00(?=[万亿]元)", lambda m: m[1].translate(_HAN) + "百", text)
    yield re.sub(r"(?<![\d.])([1-9]\d{0,3})万元", lambda m: f"{int(m[1]) * 10_000:,}元", text)
    yield re.sub(r"最[高多](?=\D{0,4}\d)", "上限为", text)
    yield text.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    clauses = re.split("[,，]", text)
    if len(clauses) > 2:
        yield "，".join(clauses[1:])
        yield "，".join(clauses[:-1]) + "。"


# --- changes: each yields sentences that no longer say what the passage says

_Change = Callable[[Said], Iterator[str]]
_PLACES = ("佛山", "湖南", "苏州", "成都", "惠州", "贵州")


def _replaced(text: str, pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the text with one occurrence of a pattern replaced, for each pattern that occurs."""
    for pattern, other in pairs:
        for match in islice(re.finditer(pattern, text), 2):
            yield text[: match.start()] + match.expand(other) + text[match.end() :]


def _both_scripts(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(
        dict.fromkeys(
            found
            for one, other in pairs
            for found in ((one, other), (to_traditional(one), to_traditional(other)))
        )
    )


def _number(said: Said) -> Iterator[str]:
    text = said.text
    for figure in quantities(text):
        if figure.kind in (Kind.DATE, Kind.YEAR):
            continue
        for number in re.finditer(r"(?<![\d.])\d+(?:\.\d+)?(?![\d.])", figure.text):
            start, end = figure.start + number.start(), figure.start + number.end()
            larger = str(float(number[0]) + 1.1) if "." in number[0] else str(int(number[0]) + 7)
            yield text[:start] + larger + text[end:]
            if len(number[0]) > 2:
                yield text[:start] + number[0][:-1] + text[end:]


_UNITS = _both_scripts(
    (
        (r"(?<=\d)万(?=元)", "亿"),
        (r"(?<=\d)亿(?=元)", "万"),
        (r"(?<=[\d万亿萬億])元", "美元"),
        (r"(?<=\d)%", "个百分点"),
        (r"(?<=\d)家", "%"),
        (r"(?<=\d)([个个項项])", "万\\1"),
    )
)
_BOUNDS = _both_scripts(
    (
        (r"最[高多](?=\D{0,6}\d)", "至少"),
        (r"(?:不|未)超过(?=\d)", "至少"),
        (r"不少于|不低于|至少", "最多"),
        (r"封顶(?=\d)", "不低于"),
        (r"超过?(?=\d)", "不足"),
        (r"(?<=\d[元家个])以上", "以下"),
        (r"(?<=%)以上", "以下"),
        (r"超过(?=\d)", "至多"),
    )
)
_PERIODS = _both_scripts(
    (
        (r"每年", "每月"),
        (r"每年", "每季度"),
        (r"一年(?=合计|总共|最|不|累)", "一个月"),
        (r"一年(?=合计|总共|最|不|累)", "每次"),
        (r"(十)年(?=计划)", r"\1个月"),
        (r"([三五两3510]+)年内", r"\1个月内"),
    )
)
_NEGATIONS = _both_scripts(
    (
        ("不予", "予以"),
        ("不得", "可以"),
        ("没有(?!了)", "有"),
        ("(?<![的没])有(?=[试试补安])", "没有"),
        ("没写", "写明了"),
        ("给予", "不予"),
        ("(?<![不])支持", "不支持"),
        ("可以", "不得"),
        ("鼓励", "禁止"),
        ("须", "无须"),
        ("(?<![不只主重需首])要(?![紧闻求])", "不要"),
        ("不能", "能"),
        ("不是", "是"),
        ("不要", "要"),
        ("不靠", "靠"),
        ("不少(?=新)", "没有"),
        ("(?<=[，,；;])由(?=[省市])", "不由"),
        ("同意", "未同意"),
        ("(?<!不)包括", "不包括"),
    )
)
_MODALITIES = _both_scripts(
    (
        ("鼓励", "强制要求"),
        ("(?<!不)可以(?!复)", "必须"),
        ("可得", "必得"),
        ("(?<=南沙)可以", "必须"),
        ("支持(?=企业|高校|散裂|开展)", "责令"),
        ("争取", "已经"),
        ("计划(?=在|养)", "已经"),
        ("要(?=翻|建|有|发展)", "已经"),
        ("正就一份扶持文件公开听取意见", "已正式印发一份扶持文件"),
        ("公开听取意见", "正式印发实施"),
        ("将(?=支持|布局|设立|规划)", "已经"),
        ("筹划", "已经设立"),
        ("在筹划", "已设立"),
        ("打算", "已经"),
        ("探索(?=建)", "已经"),
        ("拟", "已"),
        ("最高可获", "必须获得"),
        ("只是征求意见的说法", "已经正式生效"),
        ("会编", "已经编成"),
        ("要设", "已经设立"),
        ("要规划", "已经建成"),
    )
)
_CONDITIONS = (
    "药品获批上市后",
    "取得药品注册证书后",
    "项目通过验收后",
    "企业在港交所上市后",
    "产品纳入国家医保目录后",
    "完成GMP认证后",
    "企业被认定为高新技术企业的",
    "连续三年盈利的",
    "在本市注册满五年的",
)
_SUBJECTS = _both_scripts(
    (
        ("企业", "个人"),
        ("企业", "社区"),
        ("医院", "学校"),
        ("平台", "个人"),
        ("项目(?=群|最|次)", "个人"),
        ("机构(?=服|,评)", "个人"),
        ("高校", "银行"),
        ("省科技厅", "省教育厅"),
        ("科技局", "卫生健康局"),
        ("科学技术厅", "商务厅"),
        ("发展和?改革委", "国资委"),
        ("工业和信息化厅", "自然资源厅"),
        ("科学技术厅", "财政厅"),
        ("龙头", "外资"),
        ("放射性药物", "中成药"),
        ("硼药", "疫苗"),
        ("三生制药", "恒瑞医药"),
        ("华为技术有限公司", "腾讯科技有限公司"),
    )
)
_NAMES = _both_scripts(
    (
        ("BNCT", "CAR-T"),
        ("CDMO", "CRO"),
        ("LDT", "NGS"),
        ("CRISPR干扰", "TALEN干扰"),
        ("CAR-T", "BNCT"),
        ("《[^》]{8,}》", "《广东省推动低空经济高质量发展行动方案》"),
        ("粤莞联合基金", "珠三角创新基金"),
        ("散裂中子源", "强流加速器"),
        ("“未来之星”", "“独角兽”"),
        ("“小巨人”", "“瞪羚”"),
        ("广州实验室", "鹏城实验室"),
        ("国家基因库", "国家种质库"),
        ("(?<=主任)..", "张伟"),
        ("杨晓艳", "李娜娜"),
        ("龚桢梽", "王建国"),
        ("岳阳(?=谈)", "赵军"),
        ("中山大学", "暨南大学"),
        ("南方医科大学", "南方科技大学"),
        ("“港澳药械通”", "“一带一路”"),
        ("慧眼系统", "天网系统"),
        ("广州国际生物岛", "广州知识城"),
    )
)


def _by_table(pairs: Sequence[tuple[str, str]]) -> _Change:
    return lambda said: _replaced(said.text, pairs)


def _place(said: Said) -> Iterator[str]:
    known = fold_characters(said.evidence.passage.text + said.evidence.metadata.title)
    for mention in find_places(said.text):
        if mention.place.level in ("nation", "region"):
            continue
        others = [name for name in _PLACES if name not in known and name != mention.place.name]
        other = others[len(said.text) % len(others)]
        yield said.text[: mention.start] + other + said.text[mention.end :]


def _date(said: Said) -> Iterator[str]:
    for figure in quantities(said.text):
        if figure.kind in (Kind.DATE, Kind.YEAR) and figure.year:
            yield _put(said.text, figure.text, str(figure.year), str(figure.year + 2))
        if figure.kind is Kind.DATE and figure.month:
            number = f"{figure.month}月"
            yield _put(said.text, figure.text, number, f"{figure.month % 12 + 1}月")
        if figure.kind is Kind.DATE and figure.day:
            yield _put(said.text, figure.text, f"{figure.day}日", f"{figure.day % 27 + 1}日")


def _put(text: str, where: str, one: str, other: str) -> str:
    return text.replace(where, where.replace(one, other, 1), 1)


def _condition(said: Said) -> Iterator[str]:
    """Put a condition in front that the passage does not know."""
    if not quantities(said.text):
        return
    known = fold_characters(said.evidence.passage.text)
    start = len(said.text) % len(_CONDITIONS)
    for condition in (*_CONDITIONS[start:], *_CONDITIONS[:start])[:2]:
        if not any(word in known for word in ("上市", "注册", "验收", "医保", "GMP", "盈利")):
            body = re.sub(r"^[\s\d.、（）()一二三四五六七八九十-]{1,6}", "", said.text)
            yield f"{condition}，{body}"


def _exchanged(text: str, one: tuple[int, int], other: tuple[int, int]) -> str:
    (a, b), (c, d) = sorted((one, other))
    return text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]


_LIST_ONLY = re.compile(r"[、和與与及/ ]{1,3}(?:[^，,；;。]{1,6}[、和與与及/ ]{1,2}){0,6}")


def _swapped_amounts(said: Said) -> Iterator[str]:
    """Exchange two different amounts of one kind that stand in different clauses."""
    text = said.text
    figures = [f for f in quantities(text) if f.kind in (Kind.MONEY, Kind.COUNT, Kind.PERCENT)]
    for one, other in pairwise(figures):
        same = (one.kind, one.unit) == (other.kind, other.unit) and one.value != other.value
        between = text[one.end : other.start]
        if same and not _LIST_ONLY.fullmatch(between) and re.search(r"[\u3400-\u9fff]{2}", between):
            yield _exchanged(text, (one.start, one.end), (other.start, other.end))


_GIVERS = re.compile(
    "企业|企業|医院|醫院|高校|政府|银行|銀行|医生|醫生|工程师|工程師|省科技厅|省發展改革委"
    "|省发展改革委|省工业和信息化厅|科学家|风投|風投|基金"
)


def _swapped_subjects(said: Said) -> Iterator[str]:
    """Exchange two places or doers that stand in different clauses or roles of a sentence."""
    text = said.text
    places = [m for m in find_places(text) if m.place.level in ("city", "district", "province")]
    for one, other in pairwise(places):
        between = text[one.end : other.start]
        if one.place != other.place and len(between) > 4 and re.search("[，,；;：:。\n]", between):
            yield _exchanged(text, (one.start, one.end), (other.start, other.end))
    doers = list(_GIVERS.finditer(text))
    for first, second in pairwise(doers):
        between = text[first.end() : second.start()]
        if first[0] != second[0] and re.fullmatch(
            "[^、，,；;。]*[向给給对對由请請引投让讓][^、，,；;。]*", between
        ):
            yield _exchanged(text, first.span(), second.span())


def _forged(said: Said) -> Iterator[str]:
    """Quote a sentence with a word of it exchanged."""
    text = re.sub(r"[“”「」『』\"]", "", said.text).rstrip("。；;")
    for one, other in _both_scripts(
        (
            ("支持", "全额资助"),
            ("企业", "居民"),
            ("最多", "一律"),
            ("创新", "传统"),
            ("研发", "销售"),
        )
    ):
        if one in text and len(text) < 90:
            yield f"文件写道：“{text.replace(one, other, 1)}”。"


def _elided(said: Said) -> Iterator[str]:
    """Quote the beginning of one clause and the end of another as if they were one."""
    text = re.sub(r"[“”「」『』\"]", "", said.text)
    figures = [f for f in quantities(text) if f.kind in (Kind.MONEY, Kind.COUNT)]
    for one, other in pairwise(figures):
        head = re.split("[，,；;。]", text[: one.start])[-1]
        if len(head) < 4:
            head = "，".join(re.split("[，,；;。]", text[: one.start])[-2:])
        tail = re.split("[，,；;。]", text[other.start :])[0]
        same = (one.kind, one.unit) == (other.kind, other.unit) and one.value != other.value
        apart = re.search("[，,；;。]", text[one.end : other.start])
        if same and apart and len(head) >= 4 and len(fold_tight(head)) >= 8:
            yield f"文件写道：“{head.strip()}……{tail}”。"
    for match in re.finditer("[^，,；;。]{4,}(没有|沒有|不|未|没|沒)[^，,；;。]{2,}", text):
        start, end = match.span(1)
        if len(match[0]) >= 12 and "不少" not in match[0]:
            yield f"文件写道：“{text[match.start() : start]}……{text[end : match.end()]}”。"


_ENGLISH: Mapping[str, tuple[tuple[str, str], ...]] = {
    "number": ((r"\b(\d)(?=[ .,\d])", r"\g<1>9"), (r"\b(\d+) million", r"1\1 million")),
    "unit": (
        ("million", "billion"),
        ("RMB", "USD"),
        ("billion", "million"),
        ("yuan", "dollars"),
        ("%", " percentage points"),
    ),
    "bound": (
        ("up to|at most|no more than", "at least"),
        ("at least", "at most"),
        ("[Mm]ore than", "fewer than"),
        ("capped at", "at least"),
        ("[Aa]bout", "Over"),
    ),
    "place": (
        ("Dongguan", "Foshan"),
        ("Guangdong", "Hunan"),
        ("Hubei", "Anhui"),
        ("Nansha", "Qianhai"),
        ("Wuhan", "Chengdu"),
        ("Shenzhen", "Suzhou"),
        ("Foshan", "Huizhou"),
    ),
    "date": (
        ("2030", "2028"),
        ("2022", "2021"),
        ("2027", "2025"),
        ("November", "October"),
        ("February", "March"),
        ("September", "August"),
    ),
    "period": (("a year|every year", "a month"), ("every year", "every quarter")),
    "negation": (
        ("is still", "is no longer"),
        ("states no", "states the"),
        ("does not mention", "mentions"),
        ("gives no", "gives the"),
        ("no amount is", "the amount is"),
        ("can receive", "cannot receive"),
        ("may receive", "may not receive"),
        ("will run", "will not run"),
        ("aims to", "does not aim to"),
        ("are also rewarded", "are not rewarded"),
        ("wants", "does not want"),
    ),
    "modality": (
        ("may", "must"),
        ("can get|can receive", "must receive"),
        ("aims to add", "has added"),
        ("wants biomedicine revenue to double", "has doubled biomedicine revenue"),
        ("is planning", "has set up"),
        ("plans to move", "has moved"),
        ("is to become", "has become"),
        ("are planned", "already exist"),
        ("still a draft for comment", "now officially in force"),
        ("should reach", "has reached"),
        ("is to be", "has become"),
        ("must be", "may be"),
        ("should have", "already has"),
    ),
    "condition": (
        ("that enters Phase III", "that is approved for marketing"),
        ("after review", "after listing on a stock exchange"),
        (r"^(?=Dongguan rewards)", "After marketing approval, "),
        (r"^(?=Concept pilot)", "Once their accounts are audited, "),
        (r"^(?=The total for)", "After marketing approval, "),
        (r"^(?=The Guangdong-Dongguan)", "Once registered, "),
    ),
    "subject": (
        ("company", "hospital"),
        ("companies", "hospitals"),
        ("boron drugs?", "vaccines"),
        ("[Cc]linical trial institutions", "Universities"),
        ("[Pp]roject clusters", "Hospitals"),
        ("CDMO", "CRO"),
        ("LDT", "NGS"),
        ("BNCT", "CAR-T"),
        ("science and technology bureau", "finance bureau"),
    ),
    "swapped amounts": (
        (r"2 million for Phase I, RMB 5 million", "5 million for Phase I, RMB 2 million"),
        (r"5 million( for Phase II) and RMB 8", r"8 million\1 and RMB 5"),
        (r"38( scenario opportunities and )12", r"12\g<1>38"),
        (r"1,067( valid Class III device registrations and )11,735", r"11,735\g<1>1,067"),
        (r"one( national laboratory and )nine", r"nine\1one"),
        (r"five( Class 1 new drug approvals and )40", r"40\1five"),
        (r"20 billion(, and Nansha already has a RMB )6", r"6 billion\g<1>20"),
        (
            r"5 million( yuan for construction, and public service platforms up to )3",
            r"3 million\g<1>5",
        ),
        (r"16( batches of scenario lists covering more than )1,200", r"1,200\g<1>16"),
    ),
    "swapped subjects": (
        ("Guangzhou( is planning .*)Nansha", r"Nansha\1Guangzhou"),
        ("Hubei('s target for 2027, while )Guangdong", r"Guangdong\1Hubei"),
        (
            "Guangzhou and Shenzhen( are the two core cities; )Zhuhai, Zhongshan",
            r"Zhuhai and Zhongshan\1Guangzhou, Shenzhen",
        ),
        (
            "^Two Dongguan companies are among China's top 100 pharmaceutical firms",
            "China's two companies are among Dongguan's top 100 pharmaceutical firms",
        ),
    ),
}

_CHINESE: Mapping[str, _Change] = {
    "number": _number,
    "unit": _by_table(_UNITS),
    "bound": _by_table(_BOUNDS),
    "place": _place,
    "date": _date,
    "period": _by_table(_PERIODS),
    "negation": _by_table(_NEGATIONS),
    "modality": _by_table(_MODALITIES),
    "condition": _condition,
    "subject": _by_table(_SUBJECTS),
    "name": _by_table(_NAMES),
    "swapped amounts": _swapped_amounts,
    "swapped subjects": _swapped_subjects,
    "forged quote": _forged,
    "elided quote": _elided,
}


def mutations(
    said: Sequence[Said], written: Sequence[Said], known: Sequence[tuple[Evidence, Source]]
) -> dict[str, list[Said]]:
    """Return changed sentences by kind: of the documents, of what was written, marks moved."""
    found: defaultdict[str, dict[str, Said]] = defaultdict(dict)
    for one in [*said, *(w for w in written if not w.text.isascii())]:
        for kind, change in _CHINESE.items():
            for text in change(one):
                if text != one.text:
                    found[kind].setdefault(text, Said(text, one.evidence, one.source))
    for one in (w for w in written if w.text.isascii()):
        for kind, pairs in _ENGLISH.items():
            for text in _replaced(one.text, pairs):
                found[f"{kind}, English"].setdefault(text, Said(text, one.evidence, one.source))
    for one in [*said, *written]:
        if moved := _moved(one, known):
            found["swapped document"].setdefault(moved.text, moved)
    return {kind: list(texts.values()) for kind, texts in found.items()}


def _moved(said: Said, known: Sequence[tuple[Evidence, Source]]) -> Said | None:
    """Return the sentence with its mark on a passage of a document about another place.

    Documents about places within each other may well say the same.
    """
    own = place(said.evidence.metadata.region)
    others = [
        (evidence, source)
        for evidence, source in known
        if evidence.metadata.region and place(evidence.metadata.region) != own
        if {place(evidence.metadata.region), own} & {place("湖北")}
    ]
    if not others or not (quantities(said.text) or find_places(said.text)):
        return None
    return Said(said.text, *others[sum(map(ord, said.text)) % len(others)])


def chosen(found: Mapping[str, Sequence[Said]], count: int) -> list[tuple[str, Said]]:
    """Return `count` of them, one of each kind in turn, each kind spread over its sentences."""
    spread = {
        kind: sorted(said, key=lambda one: sum(map(ord, one.text)) * 7919 % 1009)
        for kind, said in sorted(found.items())
    }
    turns = zip_longest(*([(kind, said) for said in texts] for kind, texts in spread.items()))
    return [one for turn in turns for one in turn if one is not None][:count]


# --- the table


def outcomes(
    folders: Sequence[Path], count: int = MUTATIONS, verbatim: int = VERBATIM
) -> tuple[list[Outcome], list[Outcome]]:
    """Return what came of changed sentences and of true ones; the first folder is the samples."""
    groups = [passages_in(folder) for folder in folders]
    written = list(paraphrases(groups[0]))
    every = [one for known in groups for one in sentences(known)]
    step = max(1, len(every) // verbatim)
    spread = every[::step][:verbatim]
    found: defaultdict[str, list[Said]] = defaultdict(list)
    for known in groups:
        own = written if known is groups[0] else []
        for kind, texts in mutations(sentences(known), own, known).items():
            found[kind] += texts
    changed = [Outcome(kind, said, check(said)) for kind, said in chosen(found, count)]
    rewordings = [
        ("verbatim" if text == one.text else "mechanical", Said(text, one.evidence, one.source))
        for one in spread
        for text in dict.fromkeys([one.text, *mechanical(one.text)])
    ]
    by_hand = [
        ("by hand, English" if one.text.isascii() else "by hand, Chinese", one) for one in written
    ]
    true = [Outcome(kind, said, check(said)) for kind, said in [*rewordings, *by_hand]]
    return changed, true


def rows(samples: Path, corpus: Path) -> list[Row]:
    """Return the share caught of each kind of change and the share doubted of true sentences."""
    folders = [samples, *([corpus] if corpus.exists() else [])]
    changed, true = outcomes(folders)
    return _rows(changed, true, "samples and corpus" if corpus.exists() else "samples")


def _rows(changed: Sequence[Outcome], true: Sequence[Outcome], on: str) -> list[Row]:
    return [
        _row("changes caught", f"all, {on}", changed, ">= .95"),
        *(_row("changes caught", kind, own, "") for kind, own in _by_kind(changed)),
        _row("true sentences doubted", f"all, {on}", true, "<= .02"),
        *(_row("true sentences doubted", kind, own, "<= .02") for kind, own in _by_kind(true)),
    ]


def _by_kind(found: Sequence[Outcome]) -> list[tuple[str, list[Outcome]]]:
    kinds = Counter(one.kind for one in found)
    return [(kind, [one for one in found if one.kind == kind]) for kind in sorted(kinds)]


def _row(what: str, on: str, found: Sequence[Outcome], bar: str) -> Row:
    share = sum(one.doubted for one in found) / len(found) if found else 0.0
    return Row(what, f"{on} ({len(found)})", f"{share:.3f}", bar)


def main() -> None:
    """Print the table, and with --show what was missed and what was doubted wrongly."""
    root = Path(__file__).resolve().parents[1]
    samples, corpus = root / "samples", root.parent / "shared" / "corpus"
    changed, true = outcomes([samples, *([corpus] if corpus.exists() else [])])
    for row in _rows(changed, true, "samples and corpus" if corpus.exists() else "samples"):
        print(f"{row.what:24} {row.on:34} {row.figure:8} {row.bar}")
    if "--show" in sys.argv:
        for one in (*(c for c in changed if not c.doubted), *(t for t in true if t.doubted)):
            problems = "; ".join(p for claim in one.claims for p in claim.problems)
            print(f"{one.kind}: {one.said.text!r} {problems}")


if __name__ == "__main__":
    main()
