"""How many things does a sentence list, so that a claim may count them? Pure."""

import re
from collections.abc import Iterator, Sequence

from index.script import fold_characters
from rag.evidence import covered
from rag.names import absent_bodies, bodies
from rag.quantities import Bound, Kind, Quantity, quantities, same_amount

# Writers count no more by themselves, and 个 is not counted where 家 is.
_MOST_COUNTED = 12
_UNITS = frozenset({"", "个", "类", "种", "项", "条", "款", "家", "部门"})
_IN_BRACKETS = re.compile(r"[(（][^()（）]{0,40}[)）]")
_ENDS = re.compile(r"[,，。;；:：!！?？\n]|\.(?=\s|$)")
_SENTENCE_ENDS = re.compile(r"[。!！?？\n]|\.(?=\s|$)")
_JOINED = re.compile("以及|和|及|与|或")
# Names of bodies that have a 和 of their own.
_JOINED_NAMES = re.compile(
    "发展和改革|工业和信息化|住房和城乡|人力资源和社会|规划和自然|文化和旅游|科学和技术|研究与|开发与"
)
_ALIKE = 0.5  # share of the claim's words around the count that stand in the sentence with the list
_NOUN = re.compile("[\u3400-\u9fff]{2}")  # that a count counts
_COMMON = re.compile(
    "联合|共同|单位|机构|方面|类型|部门|城市|企业|方向|业主|内容|分别|包括|即是|如下"
)
_KNOWN = 0.6  # share of the words of an item that the claim lists itself


def counts_list(figure: Quantity, claim: str, sources: Sequence[str]) -> bool:
    """Tell whether a count that stands nowhere in the sources is that of what they list.

    Either a sentence with most words of the claim lists so many things and counts them in no other
    way, or the claim lists them itself beside the count and the sources know each.
    """
    if figure.kind is not Kind.COUNT or figure.bound is not Bound.EXACT or figure.value is None:
        return False
    if not 2 <= figure.value <= _MOST_COUNTED or figure.high or figure.unit not in _UNITS:
        return False
    count = int(figure.value)
    said, known = fold_characters(claim), [fold_characters(source) for source in sources]
    if _lists_itself(figure, said, "\n".join(known), count):
        return True
    around = said[: figure.start] + " " + said[figure.end :]
    return any(
        count in lengths
        for source in known
        for sentence in _SENTENCE_ENDS.split(source)
        if not _counts_otherwise(figure, sentence)
        for part, lengths in _lengths(sentence)
        if covered(around, part) >= _ALIKE
    )


def _counts_otherwise(figure: Quantity, sentence: str) -> bool:
    """Tell whether a sentence counts things in the same measure: 三个平台."""
    return any(
        other.kind is Kind.COUNT and other.unit == figure.unit and not same_amount(other, figure)
        for other in quantities(sentence)
    )


def _lengths(sentence: str) -> Iterator[tuple[str, range]]:
    """Yield the parts of a sentence with how many things each may list; 和 may stand in one."""
    bare = _JOINED_NAMES.sub("", _IN_BRACKETS.sub("", sentence))
    for part in _ENDS.split(bare):
        items = part.split("、")
        if len(items) > 1:
            yield part, range(len(items), len(items) + (2 if _JOINED.search(items[-1]) else 1))
        elif _JOINED.search(part):
            yield part, range(2, 3)


def _lists_itself(figure: Quantity, said: str, known: str, count: int) -> bool:
    """Tell whether a claim lists what it counts, right before the count or right behind it."""
    noun = _NOUN.match(said, figure.end)
    if figure.unit != "部门" and noun and noun[0] not in known and not _COMMON.match(noun[0]):
        return False
    before = _ENDS.split(_IN_BRACKETS.sub("", said[: figure.start]))[-1]
    behind = _ENDS.split(_IN_BRACKETS.sub("", said[figure.end :]))
    return any(_lists(part, count, known) for part in (before, *behind[:2]))


def _lists(part: str, count: int, known: str) -> bool:
    items = part.split("、")
    joined = len(_JOINED.findall(items[-1]))
    least = len(items) + (1 if joined and len(items) == 1 else 0)
    fits = least <= count <= len(items) + joined and count > 1
    return fits and all(_is_known(item, known) for item in items)


def _is_known(item: str, known: str) -> bool:
    if covered(item, known) >= _KNOWN:
        return True
    spans = list(bodies(item))
    return bool(spans) and not list(absent_bodies(item, known))
