"""Readings written behind characters: 莞(guǎn), 東莞(ㄉㄨㄥ ㄍㄨㄢˇ), 东莞（dong1 guan3）.

A parenthesis is a gloss only if it spells readings of the very characters before it, so (BNCT),
(CRISPRi) and (CDMO) stay. Without tones a match may be chance: 和(he) then needs company.
"""

import re
import unicodedata
from functools import cache

from index.offsets import Edit, apply_edits
from index.types import CleanText, Span

_HAN = "\u3400-\u9fff\U00020000-\U0003ffff"
# ɑ and ɡ are what some editors write for a and g in pinyin; 一 and 丨 stand in for ㄧ in zhuyin.
_TONED = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿếề"
_LETTERS = rf"A-Za-zａ-ｚＡ-Ｚ{_TONED}{_TONED.upper()}üÜêÊɑɡ\u0300-\u0308\u030c"
_ZHUYIN = "\u3105-\u312f\u31a0-\u31bfˊˇˋ˙ˉ"
_GLOSS = re.compile(
    rf"(?<=[{_HAN}])[(（\[［〔【] ?([{_LETTERS}][{_LETTERS}0-5'’·\- ]{{0,59}}"
    rf"|[{_ZHUYIN}][{_ZHUYIN}一丨\- ]{{0,39}}) ?[)）\]］〕】]"
)
# What ruby leaves when its brackets are not written: 东dōng莞guǎn.
_BARE = re.compile(rf"(?<=[{_HAN}])(?:[a-züêɑɡ]{{0,4}}[{_TONED}][a-z]{{0,3}}|[{_ZHUYIN}]{{1,5}})")
_BARE_SIGN = re.compile(f"[{_TONED}{_ZHUYIN}]")
# <rt>AI</rt> is no reading.
_BRACKET = r"(?:<(?i:rp)\b[^<>]{0,99}>[^<>]{0,3}</(?i:rp)>)?"
_RUBY = re.compile(
    rf"{_BRACKET}<(?i:rt)\b[^<>]{{0,199}}>(?:(?P<zhuyin>[{_ZHUYIN}\s]{{1,40}}+)"
    rf"|[A-Z]?[a-z{_TONED}üêɑɡ\u0300-\u0308\u030c0-5'’· \-]{{1,60}}+)(?=<)(?:</(?i:rt)>)?{_BRACKET}"
)
_PLAIN_LETTERS = str.maketrans("ɑɡ一丨", "agㄧㄧ", "ˉ'’·- ")
_TONE_MARKS = re.compile("[\u0300\u0301\u0304\u030c0-5ˊˇˋ˙]")
_WORD = 12  # characters that one gloss may spell
# So many glosses that can be nothing else, or so many toneless ones, and hardly a lower-case
# parenthesis that is none: the document is glossed throughout.
_COMPANY, _TONELESS_COMPANY, _TONELESS_SHARE = 3, 5, 0.8


def drop_glosses(text: CleanText) -> CleanText:
    """Drop parentheses that spell the characters before them; (BNCT) spells none, so it stays."""
    found = [(m, _kind(text.text, m)) for m in _GLOSS.finditer(text.text)]
    certain = sum(kind in ("toned", "zhuyin") for _, kind in found)
    toneless = sum(kind == "toneless" for _, kind in found)
    lower = sum(m[1].islower() and kind != "toned" for m, kind in found)
    glossed = certain >= _COMPANY or (
        toneless >= _TONELESS_COMPANY and toneless >= _TONELESS_SHARE * lower
    )
    edits = [
        Edit(Span(*m.span()), "", "zhuyin gloss" if kind == "zhuyin" else "pinyin gloss")
        for m, kind in found
        if kind in ("toned", "zhuyin") or (kind and glossed)
    ]
    return _drop_bare(apply_edits(text, edits))


def drop_ruby(text: CleanText) -> CleanText:
    """Drop the readings that an HTML source writes above characters: 東<rt>ㄉㄨㄥ</rt>."""
    edits = [
        Edit(Span(*m.span()), "", "zhuyin gloss" if m["zhuyin"] else "pinyin gloss")
        for m in _RUBY.finditer(text.text)
    ]
    return apply_edits(text, edits)


def _drop_bare(text: CleanText) -> CleanText:
    edits: list[Edit] = []
    if not _BARE_SIGN.search(text.text):
        return text
    for m in _BARE.finditer(text.text):
        letters = _letters(m[0])
        if letters in _readings(text.text[m.start() - 1]):
            kind = "zhuyin" if _is_zhuyin(letters) else "pinyin"
            edits.append(Edit(Span(*m.span()), "", f"{kind} gloss"))
    return apply_edits(text, edits)


def _kind(text: str, match: re.Match[str]) -> str:
    """Return "toned", "zhuyin", "toneless" or, with a wrong tone, "near"; "" for no gloss."""
    letters = _letters(match[1])
    before = text[max(0, match.start() - _WORD) : match.start()]
    if letters in _readings(before[-1]):
        if _is_zhuyin(letters):
            return "zhuyin"
        if _TONE_MARKS.search(_apart(letters)):
            return "toned"
    plain = _without_tones(letters)
    count = _spelled(plain, before)
    if not count:
        return ""
    if _is_zhuyin(letters):
        return "zhuyin"
    if plain != letters.replace("ü", "v"):  # a tone changes in company, as in 一个(yí gè)
        return "toned" if count > 1 else "near"
    # 深圳(Shenzhen) tells English readers something.
    return "toneless" if match[1].islower() else ""


def _letters(gloss: str) -> str:
    """Return the letters of a gloss in one form: lower case, composed, nothing between them."""
    if gloss[0] == "˙" or "\u3105" <= gloss[0] <= "\u31bf":  # NFKC would take the dot apart
        plain = gloss.translate(_PLAIN_LETTERS)
        return plain[1:] + "˙" if plain.startswith("˙") else plain  # it is written on either side
    normal = unicodedata.normalize("NFKC", gloss).lower()
    return unicodedata.normalize("NFC", normal.translate(_PLAIN_LETTERS))


def _is_zhuyin(letters: str) -> bool:
    return "\u3105" <= letters[:1] <= "\u31bf"


def _apart(letters: str) -> str:
    return unicodedata.normalize("NFD", letters)


def _without_tones(letters: str) -> str:
    """Return letters without tones, ü as v: dōng, dong1 -> dong."""
    plain = unicodedata.normalize("NFC", _TONE_MARKS.sub("", _apart(letters)))
    return plain.replace("ü", "v")


def _spelled(letters: str, before: str) -> int:
    """Return how many characters at the end of `before` toneless letters spell in full; or 0."""
    places = {len(letters)}
    for count, character in enumerate(reversed(before), start=1):
        readings = _toneless_readings(character)
        places = {p - len(r) for p in places for r in readings if letters.endswith(r, 0, p)}
        if 0 in places:
            return count
        if not places:
            return 0
    return 0


@cache
def _readings(character: str) -> frozenset[str]:
    """Return every reading of a character: with tone marks, with tone digits, in zhuyin."""
    from pypinyin import Style, pinyin

    styles = (Style.TONE, Style.TONE3, Style.BOPOMOFO)
    return frozenset(
        letters
        for style in styles
        for readings in pinyin(character, style=style, heteronym=True, errors="ignore")
        for letters in readings
    )


@cache
def _toneless_readings(character: str) -> frozenset[str]:
    return frozenset(filter(None, map(_without_tones, _readings(character))))
