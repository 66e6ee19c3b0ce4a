"""One kind of line end and of space, nothing invisible, and for odd forms the ordinary characters.

Only forms that mean exactly the same are replaced: the wide letters and digits, ligatures, and
radicals that PDF fonts put in the place of characters. Chinese punctuation stays as it is.
"""

import re
import unicodedata
from functools import cache

from index.offsets import Edit, apply_edits
from index.types import CleanText, Span

_LINE_END = re.compile("\r\n?|\f|\v|\u2028|\u2029|\x85")
_SPACE = re.compile("[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
_ODD = re.compile(
    "[\u2e80-\u2fd5\uf900-\ufaff\U0002f800-\U0002fa1f\ufb00-\ufb06\ufe10-\ufe19\ufe30-\ufe4f"
    "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff05\uff0b\uff0e\uff20\uff61-\uff65]"
)
# Radicals of U+2E80 to 2EF3 for which Unicode names a character (EquivalentUnifiedIdeograph.txt)
# but no decomposition, as far as PDF fonts use them for it.
_RADICALS = dict(
    zip(
        "⺌⺍⺎⺐⺑⺒⺓⺝⺟⺠⺩⺫⺬⺮⺱⺶⺷⺸⺹⺼⻁⻂⻄⻅⻆⻉⻋⻍⻎⻏⻐⻑⻓⻔⻗⻘⻙⻚⻛⻜⻝⻟⻠⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻲⻳",
        "小小兀尢尣巳幺月母民王目示竹罒羊羊羊耂肉虎衤西见角贝车辶辶邑钅長长门雨青韦页风飞食饣食马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜龟",
        strict=True,
    )
)


def normalise_characters(text: CleanText) -> CleanText:
    """Keep one kind of line end and one kind of space; characters that show nothing go.

    Tabs stay: they part the cells of tables.
    """
    edits = [Edit(Span(*m.span()), "\n") for m in _LINE_END.finditer(text.text)]
    edits += [Edit(Span(*m.span()), " ") for m in _SPACE.finditer(text.text)]
    edits += [
        Edit(Span(*m.span()), "", "invisible character") for m in _INVISIBLE.finditer(text.text)
    ]
    for m in _ODD.finditer(text.text):
        if (ordinary := ordinary_form(m[0])) != m[0]:
            edits.append(Edit(Span(*m.span()), ordinary))
    return apply_edits(text, edits)


@cache
def ordinary_form(character: str) -> str:
    """Return the ordinary characters that one of an odd form stands for, or itself.

    That is a radical's character, a wide letter's narrow one, the letters of a ligature.
    """
    if character in _RADICALS:
        return _RADICALS[character]
    if not _ODD.match(character):
        return character
    return unicodedata.normalize("NFKC", character).strip() or character
