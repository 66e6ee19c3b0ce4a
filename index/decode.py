"""Bytes to text: the encoding is judged by what it yields, a declaration only breaks ties."""

import codecs
import re
from functools import cache

from index.errors import EmptyDocument, ReadError

# Tried in this order on equal marks. gb18030 contains gb2312 and gbk; big5hkscs contains big5.
_CANDIDATES = ("gb18030", "big5hkscs", "utf-16-le", "utf-16-be")
_ALIASES = {"gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "big5": "big5hkscs"}
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]{2,20})", re.IGNORECASE)
# Text that was cut in the middle of a character, or hurt in few places, keeps its encoding: so many
# of the characters beyond ASCII may be lost. Of other encodings read as UTF-8 nearly all are.
_HURT_AT_MOST = 0.1
# Of the characters of a right decoding, at least this share is common; wrong ones stay below 0.4.
_COMMON_AT_LEAST = 0.7
_DECLARATION_BONUS = 0.05
_SAMPLE = 200_000  # bytes judged; the whole file is then decoded
_STRAY_AT_MOST = 0.05  # of all characters: English with a few quotation marks of Windows
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_CONTROL_AT_MOST = 0.01


def decode(data: bytes) -> str:
    """Return the text of a file, line ends as they are.

    A byte-order mark of UTF-8 stays in the text as U+FEFF (cleaning drops it); UTF-16's is part of
    the encoding. Raises EmptyDocument for no bytes and ReadError for bytes that are no text in an
    encoding that we know.
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise EmptyDocument("the file is empty: nothing to read")
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _checked(_marked(data, encoding))
    # Some NULs may be dirt; very many are the upper halves of UTF-16.
    if data.count(b"\x00") <= _CONTROL_AT_MOST * len(data):
        text = data.decode("utf-8", "replace")
        if _hurt(text) <= _HURT_AT_MOST:
            return _checked(text)
    return _checked(_best_guess(data))


def _marked(data: bytes, encoding: str) -> str:
    text = data.decode(encoding, "replace")
    if _hurt(text) > _HURT_AT_MOST:
        raise ReadError(f"the file says it is {encoding} but is not: save it as UTF-8 text")
    return text


def _hurt(text: str) -> float:
    """Return the share of those beyond ASCII that are unreadable, 0..1; the last one is free."""
    telling = len(text) - len(text.encode("ascii", "ignore"))
    return text[:-1].count("\ufffd") / telling if telling else 0.0


def _best_guess(data: bytes) -> str:
    declared = _declared(data)
    marks = {encoding: _mark(data, encoding, declared) for encoding in _CANDIDATES}
    encoding = max(marks, key=lambda candidate: marks[candidate])
    if marks[encoding] >= _COMMON_AT_LEAST:
        return data.decode(encoding, "replace")
    mostly_ascii = data.decode("utf-8", "replace")
    if mostly_ascii.count("\ufffd") <= _STRAY_AT_MOST * len(mostly_ascii):
        return mostly_ascii
    raise ReadError("the file is binary or in an encoding that is not known: save it as UTF-8 text")


def _mark(data: bytes, encoding: str, declared: str) -> float:
    """Return the share (0..1) of common characters in `data`, plus a bonus if it is declared so."""
    text = data[:_SAMPLE].decode(encoding, "replace")
    if _hurt(text) > _HURT_AT_MOST or _is_binary(text):
        return 0.0
    telling = [character for character in text if character > "\x7f"] or list(text)
    common = sum(character in _common() for character in telling) / len(telling)
    return common + (_DECLARATION_BONUS if declared == encoding else 0.0)


def _declared(data: bytes) -> str:
    found = _DECLARED.search(data[:4096])
    return _ALIASES.get(found[1].decode("ascii").lower(), "") if found else ""


@cache
def _common() -> frozenset[str]:
    """Return the first levels of GB 2312 and Big5 (some 8,000), punctuation, letters, digits."""
    han = (_decoded(b"gb2312", 0xB0, 0xD7, 0xA1), _decoded(b"big5", 0xA4, 0xC6, 0x40))
    signs = (
        "，。、；：？！“”‘’（）《》〈〉【】「」『』〔〕—…·％＋－\u3000\xa0①②③④⑤⑥⑦⑧⑨⑩ⅠⅡⅢⅣⅤ\n\r\t "
    )
    letters = "".join(map(chr, range(0x21, 0x7F))) + "".join(map(chr, range(0xFF01, 0xFF5F)))
    return frozenset("".join(han) + signs + letters + "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ")


def _decoded(encoding: bytes, first: int, last: int, low: int) -> str:
    pairs = (bytes((high, byte)) for high in range(first, last + 1) for byte in range(low, 0xFF))
    return "".join(pair.decode(encoding.decode(), "ignore") for pair in pairs)


def _checked(text: str) -> str:
    if _is_binary(text):
        raise ReadError("the file is binary, not text: convert it to text, Markdown or HTML first")
    return text


def _is_binary(text: str) -> bool:
    return len(_CONTROL.findall(text[:_SAMPLE])) > _CONTROL_AT_MOST * len(text[:_SAMPLE])
