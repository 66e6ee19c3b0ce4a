"""What is put to the program and asks nothing of documents: greetings, orders, noise; pure."""

import re

from index.glossary import default_glossary
from index.places import find_places
from index.script import fold
from rag.pieces import PieceKind, read_pieces

# Longer texts are read by their beginning: an order stands there.
_READ = 400
# Each gap is bounded, so that time grows with the length of the text.
_ORDER = re.compile(
    r"(?:忽略|无视|忘记|忘掉|不要理会|别管).{0,14}(?:指令|指示|提示|要求|规则|设定|文件|资料)"
    r"|(?:输出|显示|打印|透露|泄露|复述|重复|告诉我).{0,12}(?:提示词|系统提示|指令|密钥|口令|密码)"
    r"|(?:写|作|编|唱|来)一?[首篇个段支].{0,14}(?:诗|歌|小说|故事|作文|代码|笑话|曲)"
    r"|(?:讲|说)一?个.{0,4}(?:笑话|故事)"
    r"|\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}"
    r"\b(?:instructions?|prompts?|rules|documents|passages|above|previous|prior)\b"
    r"|\b(?:print|reveal|show|repeat|output|tell me|give me|leak)\b.{0,30}"
    r"\b(?:your|system|hidden) (?:system )?(?:prompts?|instructions?|key|password)\b"
    r"|\brepeat\b.{0,20}\b(?:words|text|everything|message)\b.{0,8}\babove\b"
    r"|\b(?:tell|give|write|sing|compose)\b.{0,12}\b(?:joke|poem|story|song|essay|haiku)\b"
    r"|\Wtranslate ['\"“‘]|^translate ['\"“‘]"
)
_NAMING = (
    PieceKind.CONTENT,
    PieceKind.NOUN,
    PieceKind.MONEY,
    PieceKind.ATTRIBUTE,
    PieceKind.PLACE,
    PieceKind.YEAR,
    PieceKind.STAGE,
)
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[a-z]{2,}")
# What no English word or pinyin syllable is written like: zxcv, qqqq, qwer.
_UNREADABLE = re.compile(r"[^aeiouy]+|.*(?:q[^u]|q$|(.)\1\1).*")
_CHATTY = frozenset(["lot", "much", "today", "friend", "everyone", "again", "there", "nice", "day"])


def asks_nothing(text: str) -> bool:
    """Tell whether a text names nothing that documents could answer about, or is an order to us.

    >>> asks_nothing("你好"), asks_nothing("asdf qwer zxcv"), asks_nothing("东莞奖励多少？")
    (True, True, False)
    """
    if not _LETTER.search(text):
        return True
    read = text[:_READ]
    folded = fold(read)
    if _ORDER.search(folded) and not find_places(read):
        return True
    return _is_noise(folded) or not _names_something(read)


def _names_something(text: str) -> bool:
    reading = read_pieces(text)
    spoken = any(piece.kind is PieceKind.CHAT for piece in reading.pieces)
    named = [piece for piece in reading.pieces if piece.kind in _NAMING]
    if spoken:
        named = [piece for piece in named if piece.text not in _CHATTY]
    return bool(named)


def _is_noise(folded: str) -> bool:
    """Tell whether a text is one character or word over and over, or mostly typed at random."""
    letters = [c for c in folded if _LETTER.match(c)]
    if len(letters) > 2 and len(set(letters)) == 1:
        return True
    words = _WORD.findall(folded)
    if not words or len("".join(words)) < len(letters):
        return False
    if len(words) > 2 and len(set(words)) == 1:
        return True
    unreadable = sum(bool(_UNREADABLE.fullmatch(word)) for word in words)
    # CGT and CDMO have no vowels, but the glossary knows them.
    return 2 * unreadable >= len(words) and not default_glossary().counterparts(folded.upper())
