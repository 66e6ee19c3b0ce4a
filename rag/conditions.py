"""Conditions and stages of approval that a claim states: do they stand in what is cited? Pure.

Small models answer a question about a case that no passage covers with figures of another case:
"once it is approved, the drug gets 2 million". The figure stands there, the condition does not. So
each word of a claim that sets a condition must stand there, in these or in other words, in Chinese
or in English.
"""

import re
from collections.abc import Iterator, Sequence

from index.script import fold
from rag.evidence import covered

# Words of one line stand for each other; patterns run over folded text.
_STATES = tuple(
    re.compile(line)
    for line in (
        # An approval of a product, a certificate, its being on the market
        "获批(?!准?[入建]驻?)|批件|批文|注册证|注册批|注册文号|上市许可|批准上市|获准上市"
        "|取得.{0,6}证书|market(?:ing)? (?:approval"
        "|authori[sz]ation)|(?:drug|device|product|medicine)s? (?:is|are|was|were|has been"
        "|have been|get|gets) approved|approved for market\\w*|approved drugs?"
        "|\\bapproved\\b|registration certificates?|device registrations?",
        "去年|上一?年度|last year",
        r"今年|本年度|this year",
        r"明年|next year",
        "临床前|pre-?clinical",
        r"(?:完成|结束|通过).{0,6}(?:期|临床|试验)|complet\w*|finish\w*",
        "上市(?!公司许可)|挂牌|ipo\\b|港交所|科创板|市场销售|on the market|marketed|listed"
        "|listing|market(?:ing)? approval"
        "|market(?:ing)? authori[sz]ation|approved for market\\w*|launch(?:ed)?",
        "验收|结题|acceptance|final inspection",
        "评审|评选|评定|审查|评估|遴选|review(?:ed)?|evaluat\\w+|assessment|select(?:ed|ion)",
        "认定|评上|评为|certified|recogni[sz]ed|accredit\\w+|identified as|excellent|outstanding",
        "备案|注册|filed|filing|record-filing|registered|registration",
        "医保|medical insurance|reimbursement",
        "盈利|profit(?:able|s)?",
        "认证|gmp|gsp|certifi(?:ed|cation)",
        "高新技术企业|high-tech enterprises?|high and new technology enterprises?",
        "中标|采购合同|won a bid|tender",
        "审计|audit(?:ed)?",
        "投产|量产|产业化|in production|mass production|industriali[sz]ation",
        "签约|签订|签署|signed|contract(?:ed)?\\b",
        "纳税|税收|taxes|tax\\b",
        "首次|首台|第一次|for the first time|first-time",
        "伦理|ethic\\w*",
        "担保|抵押|guarantee|mortgage|collateral",
        "注册满|成立满|经营满|in operation for|established for",
    )
)
# A clause that sets a condition: "…后,", "若…,", "if …,".
_CONDITION = re.compile(
    "(?:如果|假如|倘若|若(?![干为])|一旦|只要|只有|凡(?![士是])"
    "|除非)(?P<if>[^,;。:]{3,40}?)(?:的?[,;。:]|则|就|才)"
    "|(?:^|[,;。:])(?P<then>[^,;。:]{3,40}?)(?:之后|以后|后|的)(?=,)"
    r"|\b(?:if|once|after|unless|provided that|as soon as|when) (?P<english>[^,;.]{4,80}?)(?=,)"
)
# An authority that a claim puts before what it says: 市政府已批准.
_ACTS = tuple(
    re.compile(line)
    for line in (
        r"确认|核实|证实|\bconfirm",
        r"同意|批准|审议通过|\bapprov",
        r"决定|\bdecid",
        r"宣布|公布|发布|承诺|\bannounc|\bpromis",
    )
)
_AUTHORITY = re.compile(
    "(?:官方|政府|国务院|有关部门|主管部门|当局|监管部门)(?:已经?|正式|均)?(?:确认|核实|证实|同意|批准|审议通过|决定|宣布|承诺)"
    r"|\b(?:officials?|authorit(?:y|ies)|the (?:city|government|state council|ministry))"
    r" (?:has |have |had )?(?:confirm|decid|approv|announc|promis)\w*"
)
_LEAST_KNOWN = 0.4  # share of the words of such a clause that stand in what is cited
_DELAY = re.compile("此后|今后|然后|最后|之后|以后|前后|背后|往后")


def unstated(
    claim: str, sources: Sequence[str], in_same_language: bool, around: str = ""
) -> Iterator[str]:
    """Yield the words of a claim that set a condition which no source knows."""
    said, known = fold(claim), fold("\n".join(sources))
    for state in _STATES:
        if (match := state.search(said)) and not state.search(known):
            yield f"“{match[0].strip()}” does not stand in what is cited"
    everything = f"{known}\n{fold(around)}"
    for match in _AUTHORITY.finditer(said):
        if not any(act.search(match[0]) and act.search(everything) for act in _ACTS):
            yield f"“{match[0].strip()}” does not stand in what is cited"
    if in_same_language:
        yield from _conditions(said.replace("，", ","), known)


def _conditions(said: str, known: str) -> Iterator[str]:
    for match in _CONDITION.finditer(said):
        clause = match["if"] or match["then"] or match["english"]
        if not _DELAY.search(match[0]) and covered(clause, known) < _LEAST_KNOWN:
            yield f"“{clause.strip()}” is no condition in what is cited"
