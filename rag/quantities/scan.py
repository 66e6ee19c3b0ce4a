"""The tokens of a text, from left to right."""

import re
from collections.abc import Iterator

from rag.kinds import Kind
from rag.quantities import amounts, dates, fractions, ordinals
from rag.quantities.noise import SKIP
from rag.quantities.numerals import NUMERAL
from rag.quantities.ordinals import with_issuer
from rag.quantities.types import Rule, Token

_READERS = (dates, fractions, ordinals, amounts)
_LATIN_RULES: tuple[Rule, ...] = tuple(rule for reader in _READERS for rule in reader.LATIN_RULES)
_OTHER_RULES: tuple[Rule, ...] = tuple(rule for reader in _READERS for rule in reader.OTHER_RULES)
# Where a quantity, or something to pass over, may begin.
_CANDIDATE = re.compile(
    rf"[0-9第首半¥$€£№〔\[(【ⅰ-ⅻⅠ-Ⅻ人港新澳欧美英日加民公西周星礼壹贰叁参肆伍陆柒捌玖拾数几翻]"
    rf"|{NUMERAL}|[上下](?=半年)|倍(?=增)|(?<![0-9a-z])[a-z]|(?<=[0-9])[qh](?=[1-4](?![0-9a-z]))"
)
# What is no quantity is passed over as a whole: 十四, p4, covid-19; not the year in mid-2024.
_RUN = re.compile(
    r"[0-9a-z]+(?:\.[0-9]+)*(?:[-+](?!(?:19|20)[0-9]{2}(?![0-9a-z]))[a-z]{0,20}[0-9][0-9a-z]*)*"
    rf"|{NUMERAL}+|.",
    re.DOTALL,
)


def scan(text: str) -> Iterator[Token]:
    """Yield the tokens of a folded text from left to right, none overlapping."""
    position, last_end = 0, 0
    while candidate := _CANDIDATE.search(text, position):
        start = candidate.start()
        skipped = SKIP.match(text, start)
        token = None if skipped else _token_at(text, start)
        if token is None:
            passed = skipped or _RUN.match(text, start)
            position = passed.end() if passed else start + 1
            continue
        if token.kind is Kind.DOCUMENT_NUMBER:
            token = with_issuer(text, token, last_end)
        yield token
        position = last_end = token.end


def _token_at(text: str, start: int) -> Token | None:
    for pattern, read in _LATIN_RULES if "a" <= text[start] <= "z" else _OTHER_RULES:
        match = pattern.match(text, start)
        token = read(match) if match else None
        if token:
            return token
    return None
