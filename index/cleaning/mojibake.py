"""Text that was decoded wrongly before it came to us: noticed by undoing the mistake.

Wrongly read text is made of characters that hardly ever stand together. If reading its bytes again
in another encoding turns it into everyday Chinese, that is what happened to it.
"""

import re
from functools import cache

from index.errors import ReadError

# The hundred-odd characters of everyday and official prose, in both scripts. They make up 0.2 to
# 0.5 of Chinese text, and next to nothing of text in a wrong encoding.
FREQUENT = frozenset(
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么"
    "心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长"
    "部门政府市省县区企业产技术支持项目通知工办法规定单位应按条第号月元万资金展建设管理机关实施意见及其等与或者"
    "這來個說們為時會過學對後麼沒發當開無見經頭動兩長於還門縣區業產術項單應條號萬資設關實與"
    "，。、；：“”《》（）！？,.:;()"
)
_KNOWN_RUINS = re.compile("(?:锟斤拷|锟斤|斤拷|烫烫烫|屯屯屯|ï¿½|�)+")
_QUESTION_RUN = re.compile(r"\?{2,}")
# Readings that go wrong in practice: what the bytes were, what they were read as, how to say it.
_MISTAKES = (
    ("utf-8", "gb18030", "UTF-8 read as GBK"),
    ("utf-8", "latin-1", "UTF-8 read as Latin-1"),
    ("utf-8", "big5hkscs", "UTF-8 read as Big5"),
    ("gb18030", "latin-1", "GBK read as Latin-1"),
    ("big5hkscs", "latin-1", "Big5 read as Latin-1"),
    ("big5hkscs", "gb18030", "Big5 read as GBK"),
    ("gb18030", "big5hkscs", "GBK read as Big5"),
)
# What Windows puts where Latin-1 has control characters.
_WINDOWS = {
    ord(sign): i for i in range(0x80, 0xA0) if (sign := bytes((i,)).decode("cp1252", "ignore"))
}

_WINDOWS_OF_TEXT, _WINDOW = 8, 3000  # so much is judged: windows spread evenly over the text
# Characters beyond ASCII; of fewer nothing can be said. UTF-8 has a pattern of its own, but any
# bytes make some sense in the two older encodings.
_TELLING_AT_LEAST, _TELLING_OLDER = 8, 24
# A right reading of running Chinese has more frequent characters than this; lists of names or of
# rare words may have fewer, and are then tried, but no other reading makes them frequent.
_PLAINLY_CHINESE = 0.15
_MENDED_AT_LEAST = 0.18
_MENDED_TIMES = 3  # as many frequent characters as before
_LOST_AT_MOST = 0.4  # of the mended characters: half a character is often lost where two meet
# From this share on nothing can be quoted; below, the document has gaps but says something.
_RUINED_SHARE = 0.25


def check_readable(text: str) -> None:
    """Raise ReadError if most of a text is garbled, with how it came about where that shows."""
    if kind := garbled(text):
        raise ReadError(f"its text is garbled ({kind}): save it again from the source")


def garbled(text: str) -> str:
    """Return how a text was garbled, such as "UTF-8 read as GBK"; "" if it reads well enough."""
    sample = _sample(text)
    if len(sample) < _TELLING_AT_LEAST:
        return ""
    if _share(_KNOWN_RUINS, sample) >= _RUINED_SHARE:
        return "its characters were lost when it was saved"
    if _share(_QUESTION_RUN, sample) >= _RUINED_SHARE:
        return "question marks stand where its characters were"
    telling = "".join(character for character in sample if character > "\x7f")
    if len(telling) < _TELLING_AT_LEAST or _frequent(telling) >= _PLAINLY_CHINESE:
        return ""
    # The second byte of a Chinese character may be ASCII, but not in UTF-8.
    found = (
        name
        for true, wrong, name in _MISTAKES
        if (true == "utf-8" or len(telling) >= _TELLING_OLDER)
        and _is_mended(telling if true == "utf-8" else sample, true, wrong)
    )
    return next(found, "")


def _sample(text: str) -> str:
    """Return evenly spread parts of a text, without white space and markup."""
    step = max(len(text) // _WINDOWS_OF_TEXT, _WINDOW)
    parts = (text[start : start + _WINDOW] for start in range(0, len(text), step))
    return "".join(re.sub(r"<[^<>]{0,300}>|\s+", "", part) for part in parts)


def _share(pattern: re.Pattern[str], text: str) -> float:
    """Return the share (0..1) of what is no plain letter or digit that a pattern covers."""
    telling = len(re.sub("[0-9A-Za-z]", "", text))
    return sum(map(len, pattern.findall(text))) / telling if telling else 0.0


def _frequent(text: str) -> float:
    """Return the share (0..1) of characters that are frequent in Chinese."""
    return sum(character in FREQUENT for character in text) / len(text)


def _is_mended(text: str, true: str, wrong: str) -> bool:
    """Tell whether the bytes of a text, read as `true`, are better Chinese than the text."""
    if wrong == "latin-1":
        text = text.translate(_WINDOWS)
    data = text.encode(wrong, "ignore")
    # Codecs differ in what they leave out: most of the text must have come through at all.
    if len(data.decode(wrong, "ignore")) < (1 - _LOST_AT_MOST) * len(text):
        return False
    mended = data.decode(true, "replace")
    telling = [character for character in mended if character > "\x7f"]
    if not telling or telling.count("\ufffd") > _LOST_AT_MOST * len(telling):
        return False
    share = sum(map(_is_frequent, telling)) / len(telling)
    return share >= max(_MENDED_AT_LEAST, _MENDED_TIMES * _frequent(text))


@cache
def _is_frequent(character: str) -> bool:
    return character in FREQUENT
