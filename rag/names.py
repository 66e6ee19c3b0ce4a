"""Names in a claim of bodies, people, programmes: are they named in what is cited? Pure.

Names are told by what they end in (局, 公司, 计划), by a title before them (记者), by quotation
marks or Latin letters, or by the glossary, which also knows them in the other language. An
abbreviation names its body: 省药监局 for 广东省药品监督管理局.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from index.glossary import Counterpart, counterparts, default_glossary
from index.places import find_places
from index.script import fold_characters
from rag.evidence import covered
from rag.quantities import quantities

_HAN = "[\u3400-\u9fff]"
_LONGEST_NAME = 16  # characters of a body's name that are looked at
# Where a name cannot go on to the left: 由省科技厅, 的主办单位为省发展改革委.
_OFFICES = (
    "办公厅|办公室|委员会|政府|发改委|卫健委|国资委|工信厅|工信局|[厅局署]|(?<=[革技信健育资展])委"
)
_FOUNDED = "有限公司|公司|集团|附属医院|医院|大学|学院|研究院|研究所|实验室|协会|学会|联盟|银行"
_PROJECTS = (
    "(?<=[动年程才术])计划|专项|工程|方案|办法|基金|系统|中子源|加速器|生物岛|科学城|知识城|库"
)
_OFFICE = re.compile(f"{_HAN}{{1,{_LONGEST_NAME}}}?(?:{_OFFICES})(?!长|部|面|限)")
_BODY = re.compile(f"{_HAN}{{2,{_LONGEST_NAME}}}?(?:{_FOUNDED})")
_PROJECT = re.compile(f"{_HAN}{{2,{_LONGEST_NAME}}}?(?:{_PROJECTS})")
# With so few characters before its ending it is a common noun: 本地医院, 市政府, 科技计划.
_DISTINCT = 2
_COMMON = re.compile(
    "本地|当地|各级|地方|三甲|公立|民营|上市|生物|相关|有关|主管|主办|承办|指导|建设|牵头"
    "|发布|龙头|参与|联合|国有|大型|药品"
    "|医疗|科研|行动|该|省级|市级|区级|国家级|人民|省市|全省|全市|合作|专项|产业|投资|重点"
    "|重大|五项|示范|试点|总体|实施|创新|专门|母|多支|设立|研究"
)
_TITLE = "主任|局长|厅长|市长|区长|县长|省长|书记|记者|院长|校长|教授|董事长|总经理|负责人|院士"
_DOING = re.compile(f"(?:{_COMMON.pattern}|支持|发展|包括|推动|促进|投向|面向|从事|聚焦|培育|扶持)")
_VERBS = re.compile("^(?:联合|指导|建设|牵头|发布|参与|合作|设立|会同|委托|主办|承办)+")
_SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余"
    "苏叶吕魏蒋田杜丁沈姜范江傅钟卢汪戴崔任陆廖姚方金邱夏谭韦贾邹石熊孟秦阎薛侯雷白龙"
    "段郝孔邵史毛常万顾赖武康贺严尹钱施牛洪龚岳付樊耿"
)
_PERSON = re.compile(
    f"(?:{_TITLE})[、:]?([{_SURNAMES}]{_HAN}{{1,2}}?)(?=(?:表示|介绍|指出|说|称|认为|强调"
    f"|透露|谈|讲|提|宣布|报道|和|、|,|，|。|在|等|$))"
)
# 中山三院, for 中山大学附属第三医院
_NUMBERED = re.compile(f"{_HAN}{{2}}附?([一二三四五六七八九十])院(?!校|长|区|士|所)")
_SHORT_QUOTE = re.compile("“([^“”]{2,7})”|「([^「」]{2,7})」|『([^『』]{2,7})』")
_LATIN_NAME = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9]*(?:[-+./&][A-Za-z0-9]+)*")
_NO_NAME = re.compile(
    r"(?i:rmb|cny|usd|hkd|eur|yuan|km|kg|mg|ml|kw|mw|kwh|cm|mm|m|[ivx]{1,4}|no|vs|app|pdf"
    r"|phase|https?|www)"
)
_NO_PROPER_NAME = re.compile(
    r"(?:The|A|An|In|On|By|At|For|To|From|It|Its|This|These|That|Those|There|Each|Every|All"
    r"|Any|More|About|Up"
    r"|Phase|Class|Stage|Level|Tier|Grade|No|RMB|CNY|USD|HKD|EUR|[IVX]+|R&D|Q[1-4]|GDP|PDF"
    r"|January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Monday|Tuesday|Wednesday|Thursday|Friday"
    r"|Saturday|Sunday"
    r"|Chinese|China|Municipal|First|Second|Third|Affiliated|Hospital|University|College"
    r"|General|Office|Bureau|Department|Commission|Committee|Company|Group|Co|Ltd|Center"
    r"|Centre|Institute|Laboratory|Fund|Plan|Government|Provincial|National|Province|City"
    r"|District|County)(?:'s)?"
)
# Who it is about; a line's words stand for each other. 企业 and 项目 are understood by themselves.
_KINDS_OF_PEOPLE = tuple(
    re.compile(line)
    for line in (
        r"个人|个体(?=户|工商)|居民|市民|自然人|\bindividuals?\b|\bresidents?\b",
        "医院|医疗机构|卫生机构|门诊|医学中心|\\bhospitals?\\b|\\bclinics?\\b",
        "高校|大学|院校|学院|学校|院所|\\buniversit(?:y|ies)\\b|\\bcolleges?\\b"
        "|\\bschools?\\b|\\binstitutes?\\b",
        "银行|金融机构|(?<!tissue )(?<!gene )(?<!blood )(?<!data )(?<!seed )(?<!cell )\\bbanks?\\b",
        "社区|街道|\\bcommunit(?:y|ies)\\b",
        "农户|农民|合作社|\\bfarmers?\\b",
        "企业|公司|药企|厂商|业主|机构|单位|规上|百强|巨人|专精特新|制药|\\bcompan(?:y"
        "|ies)\\b|\\bfirms?\\b|\\benterprises?\\b",
        "外资|外商|境外|\\bforeign\\b",
        "民营|民企|\\bprivate\\b",
        "学生|\\bstudents?\\b",
        "患者|病人|\\bpatients?\\b",
    )
)
_LEAST_WEIGHT = 1.0  # of a term of the glossary that a claim may not make up
# Terms of other kinds are ways of speaking: 奖励, 龙头企业.
_PRODUCT = re.compile(
    "[药苗]|疗法|治疗|机器人|器械|病毒|细胞|芯片|显示|汽车|无人机|低空|储能|氢能|电池|卫星"
    "|量子|区块链|养老|中医|中药|肿瘤|抗体"
)
_ALIKE = 0.6  # share of a longer term's characters that stand there: 三类医疗器械, Ⅲ类器械
_FIRM = re.compile(
    f"(?<=[、和与,，:：是有])({_HAN}{{2,4}}(?:医药|药业|制药|科技|生物|医疗))(?=[、和与,，。等])"
)


def unnamed(claim: str, known: str) -> Iterator[str]:
    """Yield the names in a claim that `known`, in the same language, does not have."""
    said, there = fold_characters(claim), fold_characters(known)
    yield from dict.fromkeys(
        claim[start:end] for start, end in _absent(claim, said, there) if end > start
    )


def _absent(claim: str, said: str, there: str) -> Iterator[tuple[int, int]]:
    tight = re.sub(r"\s", "", there)
    for match in _PERSON.finditer(said):
        if match[1] not in tight:
            yield match.span(1)
    for match in _SHORT_QUOTE.finditer(said):
        quoted = next(group for group in match.groups() if group)
        if re.sub(r"\s", "", quoted) not in tight:
            yield match.span()
    latin = _LATIN_NAME.finditer(claim) if re.search(_HAN, claim) else ()
    for match in latin:
        if not _NO_NAME.fullmatch(match[0]) and not _latin_known(match, said, there):
            yield match.span()
    for match in _FIRM.finditer(said):
        if match[1] not in tight and not _DOING.match(match[1]) and not find_places(match[1]):
            yield match.span(1)
    yield from _hospitals(said, tight)
    yield from _bodies(said, tight)


def _hospitals(said: str, there: str) -> Iterator[tuple[int, int]]:
    for match in _NUMBERED.finditer(said):
        if not re.search(f"第{match[1]}{_HAN}{{0,4}}医院|{match[1]}院", there):
            yield match.span()


def bodies(said: str) -> Iterator[str]:
    """Yield the bodies that folded text in Chinese names."""
    return absent_bodies(said, "")


def absent_bodies(said: str, known: str) -> Iterator[str]:
    """Yield the bodies in folded text that another, also folded, does not name."""
    spans = _bodies(said, re.sub(r"\s", "", known), _BODIES)
    return (said[start:end] for start, end in spans if end > start)


def absent_terms(said: str, known: str) -> Iterator[str]:
    """Yield the bodies that folded text in Latin letters names by the glossary, and another not."""
    if not re.search(_HAN, said):
        for one in counterparts(said):
            names = (said[one.start : one.end], *one.names)
            if _kind_of(names) == "body" and not _stands(one, said, known):
                yield names[0]


def _latin_known(match: re.Match[str], said: str, there: str) -> bool:
    name = said[match.start() : match.end()]
    if name in there:
        return True
    return any(_stands(one, match[0], there, exact=True) for one in counterparts(match[0]))


_BODIES = ((_OFFICE, _OFFICES), (_BODY, _FOUNDED))
_NAMED = (*_BODIES, (_PROJECT, _PROJECTS))


def _bodies(
    said: str, there: str, kinds: Sequence[tuple[re.Pattern[str], str]] = _NAMED
) -> Iterator[tuple[int, int]]:
    for pattern, endings in kinds:
        given: list[str] | None = None
        for match in pattern.finditer(said):
            start = _start_of_name(match)
            name = said[start : match.end()]
            if _is_common(name, endings):
                continue
            if given is None:
                given = [found[0] for found in pattern.finditer(there)]
            if not _is_named(name, endings, there, given):
                yield start, match.end()


def _start_of_name(match: re.Match[str]) -> int:
    last = 0
    for cut in re.finditer(
        "[的由和与及或向在是对为经据从到被把将按以让请给了等同该各本其也还又都含有、]|包括"
        "|印发|发布|公布|依托|提升|使用|支持|提出|鼓励|设立|筹划|申请|负责|参照|依照|作为",
        match[0],
    ):
        if cut.end() < len(match[0]) - 1:
            last = cut.end()
    return match.start() + last


def _core(name: str, endings: str) -> tuple[str, str]:
    """Return a name without its places, and its ending."""
    ending = re.search(f"(?:{endings})$", name)
    tail = ending[0] if ending else ""
    head = name[: len(name) - len(tail)]
    for mention in reversed(find_places(head)):
        head = head[: mention.start] + head[mention.end :]
    return re.sub("^(?:全?[省市区县州]|国家)+", "", head), tail


def _is_common(name: str, endings: str) -> bool:
    head, tail = _core(name, endings)
    bare = _COMMON.sub("", head)
    return len(bare) < (1 if re.fullmatch(_OFFICES, tail) else _DISTINCT)


def _is_named(name: str, endings: str, there: str, given: Sequence[str]) -> bool:
    head, tail = _core(name, endings)
    if head + tail in there or (len(head) >= 4 and head in there):
        return True
    kin = {
        "委员会": "委",
        "发改委": "委",
        "卫健委": "委",
        "国资委": "委",
        "有限公司": "公司",
        "工信厅": "厅",
        "工信局": "局",
        "附属医院": "医院",
    }
    end = kin.get(tail, tail)
    for other in given:
        theirs, ending = _core(other, endings)
        theirs, own = _VERBS.sub("", theirs), _VERBS.sub("", head)
        alike = _abbreviates(own, theirs) or _abbreviates(theirs, own)
        if kin.get(ending, ending) == end and own and theirs and alike:
            return True
    # The beginning of the match may hold words before the name: its last characters tell.
    return any(head[at:] + tail in there for at in range(1, max(1, len(head) - _DISTINCT + 1)))


def _abbreviates(short: str, long: str) -> bool:
    """Tell whether the characters of one stand in the other in their order, the first one too."""
    rest = iter(long)
    return len(short) >= 1 and short[0] in long and all(character in rest for character in short)


# --- the glossary, across languages


def unknown_terms(claim: str, known: str, weights: float = _LEAST_WEIGHT) -> Iterator[str]:
    """Yield what a claim names by the glossary and `known` does not have under any of its names."""
    said, there = fold_characters(claim), fold_characters(known)
    for one in counterparts(claim):
        names = (said[one.start : one.end], *one.names)
        telling = _kind_of(names) in _NAMING or any(_PRODUCT.search(name) for name in names)
        short = _is_acronym(claim[one.start : one.end])
        if _NO_NAME.fullmatch(claim[one.start : one.end]):
            continue
        if (
            one.weight >= weights
            and (telling or short)
            and not _stands(one, said, there, exact=short)
        ):
            yield claim[one.start : one.end]


def _is_acronym(name: str) -> bool:
    """Tell CRO, which is no CDMO, from Ⅲ类医疗器械, which is upper case for its numeral."""
    return name.isascii() and name.isupper()


def names_known(part: str, known: str) -> bool:
    """Tell whether a text names anything by the glossary or in Latin letters that `known` has."""
    said, there = fold_characters(part), fold_characters(known)
    return any(_stands(one, said, there) for one in counterparts(part)) or any(
        (match[0].isupper() and match[0].lower() in there) or _is_spelled(match[0], there)
        for match in _LATIN_NAME.finditer(part)
    )


def _is_spelled(name: str, there: str) -> bool:
    """Tell whether a capitalised word, no English one, is the pinyin of a name there: Xiaoyan."""
    return (
        name[0].isupper()
        and len(name) >= _LEAST_LETTERS
        and not _NO_PROPER_NAME.fullmatch(name)
        and _spelled(name, there)
    )


_LEAST_LETTERS = 5


def known_terms(claim: str, known: str) -> bool:
    """Tell whether a claim names two things by the glossary at least, and `known` has them all."""
    said, there = fold_characters(claim), fold_characters(known)
    found = counterparts(claim)
    return len(found) >= _TERMS_TO_COMPARE and all(_stands(one, said, there) for one in found)


_TERMS_TO_COMPARE = 2
_NAMING = ("body", "company", "programme")


@lru_cache(maxsize=1)
def _kinds() -> dict[str, str]:
    return {
        fold_characters(name): entry.kind
        for entry in default_glossary().entries
        for name in (*entry.chinese, *entry.english)
    }


def _kind_of(names: Sequence[str]) -> str:
    kinds = _kinds()
    return next((kinds[name] for name in map(fold_characters, names) if name in kinds), "")


_NUMERALS = str.maketrans("123ⅰⅱⅲ", "一二三一二三")


def _stands(one: Counterpart, said: str, there: str, exact: bool = False) -> bool:
    there = re.sub("[123ⅰⅱⅲ](?=类)", lambda match: match[0].translate(_NUMERALS), there)
    if said[one.start : one.end] in there:
        return True
    names = [fold_characters(name) for name in (said[one.start : one.end], *one.names)]
    if exact:
        return any(name in there for name in names)
    return any(
        name in there or (len(name) > 2 and not name.isascii() and covered(name, there) >= _ALIKE)
        for name in names
    )


def proper_names(claim: str, known: str) -> Iterator[str]:
    """Yield capitalised names of an English claim that nothing compares with a Chinese text."""
    there = fold_characters(known)
    taken = [(one.start, one.end) for one in counterparts(claim)]
    taken += [(mention.start, mention.end) for mention in find_places(claim)]
    taken += [(figure.start, figure.end) for figure in quantities(claim)]
    for match in re.finditer(r"[A-Z][\w&'-]*", claim):
        first = (
            not claim[: match.start()].strip() or claim[: match.start()].rstrip()[-1] in '.!?:"“'
        )
        lonely = first and not re.match(r" (?:of )?[A-Z](?![A-Z&]|\W)", claim[match.end() :])
        if lonely or _NO_PROPER_NAME.fullmatch(match[0]):
            continue
        if any(start <= match.start() < end for start, end in taken):
            continue
        if fold_characters(match[0]) not in there and not _spelled(match[0], there):
            yield match[0]


@lru_cache(maxsize=64)
def _pinyin(text: str) -> str:
    import pypinyin

    return "".join(pypinyin.lazy_pinyin(text)).lower()


def _spelled(name: str, there: str) -> bool:
    """Tell whether a name is the pinyin of words there: Songshan for 松山."""
    letters = re.sub("[^a-z]", "", name.removesuffix("'s").lower())
    return len(letters) >= 3 and letters in _pinyin(there)


def unlike_people(claim: str, known: str) -> Iterator[str]:
    """Yield whom a claim speaks of and `known`, in any language, does not: individuals, banks."""
    said, there = fold_characters(claim), fold_characters(known)
    for people in _KINDS_OF_PEOPLE:
        if (match := people.search(said)) and not people.search(there):
            yield claim[match.start() : match.end()]
