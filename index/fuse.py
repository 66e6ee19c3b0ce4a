"""Two candidate lists -> one ranking, by how much evidence each leg has; pure."""

from collections.abc import Mapping

# The weight of the lexical leg when it matches the whole question; fitted on cmrc2018-dev, see
# docs/LOG.md.
LEXICAL_WEIGHT = 0.6
# Coverage from which the lexical leg has its full weight, and below which it has none.
_FULL_COVERAGE, _NO_COVERAGE = 0.5, 0.2


def coverage(lexical: Mapping[int, float], rarity: Mapping[str, float]) -> float:
    """Return how much of a question the best passage matches, 0..1.

    BM25 of a passage of average length that holds each term once is the sum of the terms' rarities,
    so the quotient of the two is about the share of the question, weighted by rarity, that stands
    in the passage.
    """
    mass = sum(rarity.values())
    return min(1.0, max(lexical.values(), default=0.0) / mass) if mass else 0.0


def lexical_weight(covered: float) -> float:
    """Return the weight 0..LEXICAL_WEIGHT of the lexical leg: nothing matched, nothing weighed."""
    share = (covered - _NO_COVERAGE) / (_FULL_COVERAGE - _NO_COVERAGE)
    return LEXICAL_WEIGHT * min(1.0, max(0.0, share))


def fuse(
    dense: Mapping[int, float], lexical: Mapping[int, float], weight: float
) -> list[tuple[int, float]]:
    """Return (id, score) for every id in `dense`, best first, ties by id; scores are 0..1.

    `dense` has a cosine for every candidate, `lexical` a BM25 for those that it found; `weight` is
    the lexical share, 0..1. Never by rank alone: a leg that found nothing to speak of still ranks
    its noise.
    """
    low, high = min(dense.values(), default=0.0), max(dense.values(), default=0.0)
    spread = (high - low) or 1.0
    best = max(lexical.values(), default=0.0) or 1.0
    scores = {
        id_: (1 - weight) * ((cosine - low) / spread) + weight * (lexical.get(id_, 0.0) / best)
        for id_, cosine in dense.items()
    }
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
