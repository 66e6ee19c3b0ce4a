"""Text that holds digits but no quantity: addresses, telephone numbers, labels, idioms."""

import re

from rag.quantities.numerals import NUMERAL

_IDIOMS = (
    "第一(?:方阵|梯队|时间|线|手|书记|责任|要务|动力|生产力|资源|桶金|步)|第[一二三](?:产业|方|课堂)"
    "|二十大|十[五六七八九]大|百分百|万分(?!之)|十分(?![之钟])|[十八]字|四处|二次(?!会)"
    "|[一三]次(?:产业|分配)|[三四五]位一体|千人计划|万人计划|五花八门|三番五次|三天两头"
    "|(?:周|星期|礼拜)[一二三四五六日天](?![年期次])"
    "|五台山|七台河|三门峡|三台县|五家渠|五大连池|九龙坡|[二三]元(?:桥|里|结构|化)"
)
SKIP = re.compile(
    "|".join(
        (
            r"(?:https?://|www\.)[\x21-\x7e]{1,2000}",
            r"[a-z0-9._+-]{1,64}@[a-z0-9.-]{1,255}",
            r"[0-9]{19,}[0-9.,]*|[0-9]{1,18}\.[0-9]{13,}|[0-9]{1,3}(?:,[0-9]{3}){6,}[0-9,.]*",
            rf"{NUMERAL}{{25,}}",
            r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?![0-9])",  # time of day
            r"(?:0[0-9]{2,3}-[0-9]{7,8}|400-[0-9]{3,4}-?[0-9]{3,4})(?![0-9])",  # telephone
            r"1[3-9][0-9]{9}(?![0-9]| ?(?:[百千万亿元美港欧日家人个%]|yuan|rmb))",
            r"0[0-9]{2,17}(?![0-9.])",  # 007
            r"[0-9]{1,2}(?:\+(?:[0-9]{1,2}|[nmx])){1,5}(?![0-9a-z])",  # 1+N
            r"0 ?(?:到|至|to|-|–|—) ?1(?![0-9.,%])|zero to one|24/7",  # 从0到1
            # 3.2.1, but not 2024.11.29; GB/T 7714-2015; citation marks [1], 【1,2】, (3)
            r"(?!(?:1[5-9]|20)[0-9]{2}(?:\.[0-9]{1,2}){2}(?![0-9.]))[0-9]{1,4}(?:\.[0-9]{1,4}){2,5}",
            r"(?:gb|iso|iec|db[0-9]{0,2})(?:/[a-z]{1,2})? ?[0-9.]{2,8}(?:[-—:](?:19|20)[0-9]{2})?",
            r"[\[(【〔] ?[0-9]{1,3}(?: ?[,、;–-] ?[0-9]{1,3}){0,20} ?[\])】〕]",
            _IDIOMS,
        )
    )
)
_LABEL_BEFORE = re.compile(
    r"(?:附件|附表|附录|附图|专栏|图|表|注|来源|资料|文献|型号|编号|邮编|(?:^|[^a-z])(?:table|figure|fig\."
    r"|annex|appendix|source|sources|passage|note|page|step)) ?$"
)
_LIST_MARK = re.compile(
    r"[0-9]{1,2}[.、)](?![0-9])|[0-9]{1,2}\.[0-9]{1,2} |[一二三四五六七八九十]{1,3}、"
)
_LINE_FURNITURE = " \t#*>•(-"
_LABEL_WINDOW = 12  # characters before a number that may make it a label


def is_label(text: str, start: int) -> bool:
    """Tell whether a bare number names a paragraph (1. 一、 2.1), a clause (；2.…) or 附件1."""
    before = text[max(0, start - _LABEL_WINDOW) : start]
    if _LABEL_BEFORE.search(before):
        return True
    mark = _LIST_MARK.match(text, start)
    if not mark:
        return False
    line_known = "\n" in before or start <= _LABEL_WINDOW
    if line_known and not before.rpartition("\n")[2].strip(_LINE_FURNITURE):
        return True
    clause_end = "[。?!]" if mark[0].endswith("、") else "[;。::?!]"
    return bool(re.search(rf"{clause_end} ?\(?$", before))
