"""Words that say where a document stands: 征求意见稿, 草案, 试行, 暂行, 修订, 修正, 废止, 失效.

From the title first, then from a short head of the text; what a document says of others (…同时废止,
关于废止…的决定) says nothing of itself.
"""

import re
from collections.abc import Sequence

from index.script import fold_characters

_KINDS = (
    "办法|规定|条例|细则|方案|意见|措施|规则|标准|规程|规范|指南|政策|目录|制度|准则|指引|守则|通则"
    "|章程"
)
_OPEN, _CLOSE = r"[(（\[【〔<〈]", r"[)）\]】〕>〉]"
_IN_TITLE = re.compile(
    # In a news title 一份征求意见稿的要点 is what the news is about.
    rf"(?P<consulted>(?:征求|征询)意见稿|送审稿|讨论稿)(?=\W|$|公开|征|的?(?:公告|通知|公示|函))"
    r"|(?P<draft>草案)(?=\W|$|征求|送审|修改稿|二次|三次|[一二三]审|建议稿)"
    rf"|(?P<trial>试行|暂行)(?=的?(?:{_KINDS})|{_CLOSE}|[、,]|$)"
    rf"|(?P<revised>修订|修正)(?={_CLOSE}|版|稿|草案|本|案|印发|后的|[、,]|$)"
    rf"|{_OPEN}(?:已|现|全文|本文|文件|该文件已)?(?P<ended>废止|失效){_CLOSE}"
    rf"|^\W?(?:已|全文)(?P<gone>废止|失效)\W?$"
)
# A call for comments has a draft for its subject, named or not.
_CALL = re.compile(
    r"征(?:求|集|询).{0,60}?(?P<asked>意见)(?:和建议|建议)?的?(?:公告|通知|通告|函|启事|公示|说明)?$"
)
_CALL_BEGINS = re.compile(r"(?:公开|再次|向社会)?征(?:求|集)")
# A note of its own at the head: （征求意见稿）, 已废止, 本文件现予废止.
_NOTE = re.compile(
    r"\W{0,2}(?:20\d\d年?)?(?P<word>征求意见稿|送审稿|讨论稿|草案|试行|暂行|修订|修正)"
    r"(?:版|稿|本)?\W{0,2}"
    r"|\W{0,2}(?:(?:本|该|此)(?:文件?|通知|办法|规定|条例|意见|法规|规章|政策)?(?:已|现|现予|已经|自.{4,12}起)?"
    r"|已|现|现予|已经|全文)(?:被|宣布|予以)?(?P<end>废止|失效)[\W_]{0,2}"
)
_LABELLED = re.compile(r"(?<!未)(?<!不)(?P<state>废止|失效|修订|修正|试行|暂行)")
_HISTORY = re.compile(r"[(（](?:19|20)\d\d年.*(?P<last>修订|修正)")
_LONGEST_HISTORY = 400
# A head so short that no sentence of the document stands in it.
_HEAD_LINES = 6
_LONGEST_NOTE = 30


def find_status(title: str, lines: Sequence[str], labelled: str = "") -> str:
    """Return the status words of a document, each once, joined by 、, in its own script.

    `lines` are those of its text; `labelled` is what a head table says of its validity.
    """
    words = _of_title(title)
    if not words:
        words = [word for line in lines[:_HEAD_LINES] if (word := _of_note(line))]
    if not words:
        words = _of_history(lines[:_HEAD_LINES])
    if match := _LABELLED.search(fold_characters(labelled)):
        words.append(labelled[match.start("state") : match.end("state")])
    return "、".join(dict.fromkeys(words))


def _of_title(title: str) -> list[str]:
    folded = fold_characters(title)
    words = []
    for match in _IN_TITLE.finditer(folded):
        name = match.lastgroup or ""
        words.append(title[match.start(name) : match.end(name)])
    if not any("意" in word for word in words) and (call := _call(folded)):
        asked, comments = call
        words.append(f"{title[asked : asked + 2]}{title[comments : comments + 2]}稿")
    return words


def _call(folded: str) -> tuple[int, int] | None:
    """Return where 征求 and 意见 stand in the title of a call for comments, None if it is none."""
    begins = _CALL_BEGINS.search(folded)
    call = _CALL.match(folded, begins.end() - 2) if begins else None
    return (call.start(), call.start("asked")) if call else None


def _of_history(lines: Sequence[str]) -> list[str]:
    """Return 修订 or 修正 if the note below the title says so: （2007年…通过 2024年…修订）."""
    for line in lines:
        if len(line) <= _LONGEST_HISTORY and (match := _HISTORY.match(fold_characters(line))):
            return [line[match.start("last") : match.end("last")]]
    return []


def _of_note(line: str) -> str:
    match = _NOTE.fullmatch(fold_characters(line)) if len(line) <= _LONGEST_NOTE else None
    name = "word" if match and match["word"] else "end"
    return line[match.start(name) : match.end(name)] if match else ""
