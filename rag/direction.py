"""Up or down, encouraged or restricted: does a claim turn round what is cited? Pure."""

import re
from collections.abc import Iterator, Sequence

from index.script import fold
from rag.evidence import covered

# The two sides of each line exclude each other, in both languages.
_OPPOSITES = tuple(
    (re.compile(one), re.compile(other))
    for one, other in (
        (
            "扩大|壮大|增长|增加|提高|提升|上升|上涨|增强|翻番|倍增|攀升|上调|加大"
            r"|\b(?:grow|grew|increas|rise|rose|expand|improv|strengthen)\w*",
            "缩小|缩减|萎缩|下降|减少|降低|下滑|下跌|削弱|减弱|减半|下调|减小|恶化"
            r"|\b(?:shrink|shrank|shrunk|decreas|declin|fall|fell|drop|reduc|weaken)\w*",
        ),
        (
            "鼓励|支持|引导|允许|准许|放宽|放开|推动|促进|扶持"
            r"|\b(?:encourag|support|allow|permit|relax|promot)\w*",
            "限制(?!类)|禁止|收紧|抑制|阻止|取缔|反对|劝阻"
            r"|\b(?:restrict|prohibit|ban|bans|banned|tighten|discourag|forbid|oppos)\w*\b",
        ),
        ("加快|加速|提速|\\b(?:accelerat|speed)\\w*", "放缓|减缓|延缓|放慢|\\bslow\\w*"),
        ("领先|前列|第一方阵|\\bleading\\b|\\bahead\\b", "落后|靠后|垫底|\\blag\\w*|\\bbehind\\b"),
        (
            "缺乏|不足|偏少|短缺|稀缺|\\black\\w*|\\bshort",
            "充足|充裕|过剩|丰富|\\bampl\\w*|\\babundan\\w*",
        ),
        ("新增|增设|设立|新建", "撤销|取消|裁撤|关闭|撤并"),
        ("延长", "缩短"),
        ("出口", "进口"),
        ("牵头|主导", "配合|协助"),
        ("盈利", "亏损"),
    )
)
_CLAUSE = re.compile(r"[^,，。.;；:：!！?？\n]+(?:(?<=\d)[,.](?=\d)[^,，。.;；:：!！?？\n]+)*")
_NOT = re.compile(r"[不未无没勿非]|\b(?:not?|never|without)\b")
_ALIKE = 0.5  # share of the words of a clause, but for the one turned round, that stand in another
_LEAST_HAN, _LEAST_LATIN = 3, 2


def reversed_words(claim: str, sources: Sequence[str]) -> Iterator[str]:
    """Yield a word of a claim where a like clause of what is cited has only its opposite.

    For sources in the claim's own language.
    """
    known = fold("\n".join(sources))
    given = [match[0] for match in _CLAUSE.finditer(known)]
    for clause in (match[0] for match in _CLAUSE.finditer(fold(claim))):
        for one, other in _OPPOSITES:
            for here, there in ((one, other), (other, one)):
                if problem := _turned(clause, here, there, known, given):
                    yield problem
                    return


def _turned(
    clause: str, here: re.Pattern[str], there: re.Pattern[str], known: str, given: Sequence[str]
) -> str:
    match = here.search(clause)
    if not match or here.search(known) or there.search(clause) or _NOT.search(clause):
        return ""
    rest = f"{clause[: match.start()]} {clause[match.end() :]}"
    if _size(rest) < 1:
        return ""
    for other in given:
        against = there.search(other)
        if against and not _NOT.search(other) and covered(rest, other) >= _ALIKE:
            return f"says “{match[0]}” where what is cited says “{against[0]}”"
    return ""


def _size(text: str) -> float:
    han, latin = len(re.findall("[㐀-鿿]", text)), len(re.findall("[a-z]{3,}", text))
    return han / _LEAST_HAN + latin / _LEAST_LATIN
