"""Folding of long texts at once, for patterns that look at every line of a document."""

from index.script import fold_characters


def fold_text(text: str) -> str:
    """Return `fold_characters(text)`, of the same length, faster where characters come back."""
    folded = ((character, fold_characters(character)) for character in set(text))
    changed = {ord(one): other for one, other in folded if one != other}
    return text.translate(changed) if changed else text
