"""Folding: one character stays one character, so that places are those of the original."""

import re

from index.script import fold_characters

# Notes ¹ and list marks ① would become digits under NFKC, and a full-width comma would join
# 200，500 to one number; between full-width digits it does.
_GROUP_COMMA = re.compile("(?<=[０-９])，(?=[０-９]{3})")
_NOT_DIGITS = re.compile("[²³¹⁰-₉①-⓿❶-➓㉈-㊉㊀-㊉]")
_ZERO_LIKE = re.compile("[○◯]")


def fold(text: str) -> str:
    """Return a text in which patterns look: Simplified, lower case, half width, places kept."""
    if text.isascii():
        return text.lower()
    text = _GROUP_COMMA.sub(",", text).replace("，", ";")
    return fold_characters(_ZERO_LIKE.sub("〇", _NOT_DIGITS.sub("·", text)))
