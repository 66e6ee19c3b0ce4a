"""The quantities of a text."""

from dataclasses import replace

from index.memory import remembered
from rag.kinds import Kind
from rag.quantities.bounds import with_bounds
from rag.quantities.fold import fold
from rag.quantities.rates import with_rates
from rag.quantities.scan import scan
from rag.quantities.series import combine
from rag.quantities.types import Quantity, State, Token


@remembered(512)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Return the quantities of a text in its order, none overlapping; never raises."""
    return extract(text, as_evidence=False)


def extract(text: str, as_evidence: bool) -> tuple[Quantity, ...]:
    """Return the quantities; of evidence also those that claim nothing but support a claim."""
    folded = fold(text)
    tokens = with_rates(folded, list(with_bounds(folded, combine(folded, scan(folded)))))
    if as_evidence:
        tokens = [_as_evidence(folded, token) for token in tokens]
    kept = (t for t in tokens if t.state not in (State.WEAK, State.ARTICLE))
    return tuple(_quantity(text, token) for token in kept)


_ONE_OF_MANY = "之任其"


def _as_evidence(folded: str, token: Token) -> Token:
    """Count 一家, "one" and 两地 in evidence, where what follows a bare numeral is its unit."""
    if token.state is State.ARTICLE:
        return replace(token, state=State.WHOLE)
    if token.state is State.WEAK and token.value == 1 and folded[token.start - 1] in _ONE_OF_MANY:
        return replace(token, state=State.WHOLE)  # 条件之一 is "at least one"
    if token.state is not State.WEAK or token.kind is not Kind.COUNT or (token.value or 0) < 2:
        return token
    return replace(token, unit=folded[token.end : token.end + 1], state=State.WHOLE)


def _quantity(text: str, token: Token) -> Quantity:
    return Quantity(
        token.kind,
        token.value,
        token.high,
        token.unit,
        token.bound,
        text[token.start : token.end],
        token.start,
        token.end,
        token.year,
        token.month,
        token.day,
        token.per,
    )
