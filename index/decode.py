"""Bytes to text: the encoding is judged by what it yields, a declaration only breaks ties."""

import codecs
import re
from functools import cache

from index.cleaning.mojibake import FREQUENT, check_readable
from index.errors import EmptyDocument, ReadError

# Tried in this order on equal marks. gb18030 contains gb2312 and gbk; big5hkscs contains big5.
_CANDIDATES = ("gb18030", "big5hkscs", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_LEGACY = _CANDIDATES[:2]
_ALIASES = {"gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "big5": "big5hkscs"}
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {"gb18030": "GB18030", "big5hkscs": "Big5"}
_DECLARED = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]{2,20})", re.IGNORECASE)
# Text that was cut in the middle of a character, or hurt in few places, keeps its encoding: so many
# of the characters beyond ASCII may be lost. Of other encodings read as UTF-8 nearly all are.
_HURT_AT_MOST = 0.1
# Of the characters of a right decoding, at least this share is common; wrong ones stay below 0.4.
_COMMON_AT_LEAST = 0.7
_DECLARATION_BONUS = 0.05
# Everyday characters decide between readings of which each is possible: short texts need it.
_FREQUENT_BONUS = 0.1
_SAMPLE = 200_000  # bytes judged; the whole file is then decoded
_STRAY_AT_MOST = 0.05  # of all characters: English with a few quotation marks of Windows
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_CONTROL_AT_MOST = 0.01
# Characters of U+3400 to 4DBF and beyond U+FFFF take four bytes of GB18030, in a pattern of their
# own that no other encoding falls into by chance: they speak for it though they are rare.
_RARE_HAN = re.compile("[\u3400-\u4dbf\U00020000-\U0003ffff]")
# A piece of a mixed file needs this share of common characters to count as right in an encoding.
_PIECE_COMMON = 0.85
# Two characters of three bytes in a row: legacy text hardly ever looks so by chance.
_UTF_8_RUN = re.compile(rb"(?:[\xe1-\xef][\x80-\xbf]{2}[\x00-\x7f]{0,4}){2,}")


def decode(data: bytes) -> str:
    """Return the text of a file, line ends as they are; see decode_with_notes."""
    return decode_with_notes(data)[0]


def decode_with_notes(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the text of a file, line ends as they are, and remarks on what was hard to read.

    A byte-order mark of UTF-8 stays in the text as U+FEFF (cleaning drops it); UTF-16's is part of
    the encoding. Raises EmptyDocument for no bytes and ReadError for bytes that are no text in an
    encoding that we know, or for text that was garbled before.
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise EmptyDocument("the file is empty: nothing to read")
    text, mixed = _decoded_as(data)
    if _is_binary(text):
        raise ReadError("the file is binary, not text: convert it to text, Markdown or HTML first")
    if not text.strip("\ufffd \t\r\n"):
        raise ReadError("none of its bytes can be read as text: save it as UTF-8 text")
    check_readable(text)
    notes = [f"it mixes UTF-8 and {mixed}: each part was read in its own encoding"] if mixed else []
    if lost := text.count("\ufffd"):
        places = "1 place is" if lost == 1 else f"{lost:,} places are"
        notes.append(f"{places} unreadable and shown as \ufffd")
    return text, tuple(notes)


def _decoded_as(data: bytes) -> tuple[str, str]:
    """Return the text, and the name of a second encoding where parts of the file are in one."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _marked(data, encoding), ""
    # Some NULs may be dirt; very many are the upper halves of UTF-16.
    if data.count(b"\x00") > _CONTROL_AT_MOST * len(data):
        return data.decode(_best_guess(data, _CANDIDATES), "replace"), ""
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError:
        return _not_quite_utf_8(data)


def _not_quite_utf_8(data: bytes) -> tuple[str, str]:
    text = data.decode("utf-8", "replace")
    is_utf_8 = _hurt(text) <= _HURT_AT_MOST
    if not is_utf_8 and _stray(text) and not _legacy_of(data):
        return _with_windows_signs(data), ""
    guess = _legacy_of(data) if is_utf_8 else _best_guess(data, _CANDIDATES)
    if guess.startswith("utf-"):
        return data.decode(guess, "replace"), ""
    if guess and _UTF_8_RUN.search(data):
        mended, changed = _piecewise(data, guess, is_utf_8)
        if changed:
            return mended, _NAMES[guess]
    return (text, "") if is_utf_8 else (data.decode(guess, "replace"), "")


def _marked(data: bytes, encoding: str) -> str:
    text = data.decode(encoding, "replace")
    if _hurt(text) > _HURT_AT_MOST:
        raise ReadError(f"the file says it is {encoding} but is not: save it as UTF-8 text")
    return text


def _hurt(text: str) -> float:
    """Return the share of those beyond ASCII that are unreadable, 0..1; the last one is free."""
    telling = len(text) - len(text.encode("ascii", "ignore"))
    return text[:-1].count("\ufffd") / telling if telling else 0.0


def _stray(text: str) -> bool:
    """Tell whether a text is ASCII but for few bytes."""
    return len(text) - len(text.encode("ascii", "ignore")) <= _STRAY_AT_MOST * len(text)


def _with_windows_signs(data: bytes) -> str:
    """Read Western text with the quotation marks and accents of Windows."""
    return data.decode("cp1252", "replace")


def _legacy_of(data: bytes) -> str:
    """Return the legacy encoding of the lines that are not UTF-8, or "" where none fits."""
    lines = [line for line in data[: 5 * _SAMPLE].split(b"\n") if not _is_utf_8(line)]
    rest = _UTF_8_RUN.sub(lambda m: b" " if _is_sensible(m[0]) else m[0], b"\n".join(lines))
    declared = _declared(data)
    marks = {encoding: _mark(rest, encoding, declared) for encoding in _LEGACY}
    best = max(marks, key=lambda candidate: marks[candidate])
    return best if marks[best] >= _COMMON_AT_LEAST else ""


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _piecewise(data: bytes, legacy: str, is_utf_8: bool) -> tuple[str, bool]:
    """Read each line, or each part of a line, in UTF-8 or `legacy`, whichever makes sense.

    Returns the text and whether both were needed.
    """
    texts: list[str] = []
    used = {"utf-8": 0, legacy: 0}
    for line in data.splitlines(keepends=True):
        if line.isascii():
            texts.append(line.decode("ascii"))
            continue
        for piece, encoding in _pieces(line, legacy, is_utf_8):
            texts.append(piece.decode(encoding, "replace"))
            used[encoding] += 1
    return "".join(texts), all(used.values())


def _pieces(line: bytes, legacy: str, is_utf_8: bool) -> list[tuple[bytes, str]]:
    as_utf_8, as_legacy = _sense(line, "utf-8"), _sense(line, legacy)
    main = "utf-8" if is_utf_8 else legacy
    if max(as_utf_8, as_legacy) >= _PIECE_COMMON:
        return [(line, "utf-8" if as_utf_8 > as_legacy else legacy)]
    runs = [m.span() for m in _UTF_8_RUN.finditer(line) if _is_sensible(m[0])]
    if not runs:
        return [(line, main)]
    # Where one character is cut, UTF-8 is still what most of the line is in.
    parts: list[tuple[bytes, str]] = []
    position = 0
    for start, end in runs:
        parts += [(line[position:start], _other(line[position:start], legacy))]
        parts += [(line[start:end], "utf-8")]
        position = end
    parts += [(line[position:], _other(line[position:], legacy))]
    return [(piece, encoding) for piece, encoding in parts if piece]


def _other(piece: bytes, legacy: str) -> str:
    return legacy if not piece.isascii() and _sense(piece, legacy) >= _PIECE_COMMON else "utf-8"


def _is_sensible(run: bytes) -> bool:
    return _sense(run, "utf-8") >= _PIECE_COMMON


def _sense(data: bytes, encoding: str) -> float:
    """Return the share (0..1) of characters beyond ASCII that are common in an encoding."""
    telling = [c for c in data[:_SAMPLE].decode(encoding, "replace") if c > "\x7f"]
    if not telling:
        return 0.0
    return sum(character in _common() for character in telling) / len(telling)


def _best_guess(data: bytes, candidates: tuple[str, ...]) -> str:
    declared = _declared(data)
    marks = {encoding: _mark(data, encoding, declared) for encoding in candidates}
    encoding = max(marks, key=lambda candidate: marks[candidate])
    if marks[encoding] >= _COMMON_AT_LEAST:
        return encoding
    if legacy := _legacy_of(data):  # the rest may be UTF-8, which spoils the mark of the whole
        return legacy
    raise ReadError("the file is binary or in an encoding that is not known: save it as UTF-8 text")


def _mark(data: bytes, encoding: str, declared: str) -> float:
    """Return the share (0..1) of common characters in `data`, plus a bonus if it is declared so."""
    text = data[:_SAMPLE].decode(encoding, "replace")
    if _hurt(text) > _HURT_AT_MOST or _is_binary(text):
        return 0.0
    telling = [character for character in text if character > "\x7f"] or list(text)
    if not telling:
        return 0.0
    rare = len(_RARE_HAN.findall(text)) if encoding == "gb18030" else 0
    common = (sum(character in _common() for character in telling) + rare) / len(telling)
    frequent = sum(character in FREQUENT for character in telling) / len(telling)
    declaration = _DECLARATION_BONUS if declared == encoding else 0.0
    return common + _FREQUENT_BONUS * frequent + declaration


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


def _is_binary(text: str) -> bool:
    return len(_CONTROL.findall(text[:_SAMPLE])) > _CONTROL_AT_MOST * len(text[:_SAMPLE])
