"""Candidates of both legs -> one ranking, by how much evidence each has; pure."""

from collections.abc import Iterable, Mapping

# The weight of the lexical leg when it matches the whole question, beside the encoder's vector of
# the whole passage and beside late interaction, which needs less help; see docs/LOG.md.
BESIDE_DENSE, BESIDE_LATE = 0.6, 0.5
# Coverage from which the lexical leg has its full weight, and below which it has none.
_FULL_COVERAGE, _NO_COVERAGE = 0.8, 0.35
# What is ranked by less evidence lies between 0 and half of this: beside the scores of the others,
# 0..1, so little that what is added to these weighs the same.
_GAP = 0.02

Ranking = list[tuple[int, float]]  # (id, score), best first, ties by id


def lexical_weight(covered: float, most: float) -> float:
    """Return the weight 0..`most` of the lexical leg: nothing matched, nothing weighed.

    `covered`, 0..1, is the share of the question that its best passage matches.
    """
    share = (covered - _NO_COVERAGE) / (_FULL_COVERAGE - _NO_COVERAGE)
    return most * min(1.0, max(0.0, share))


def shared_run(question: str, passage: str) -> float:
    """Return the share (0..1) of a question that its longest run of characters in a passage has.

    Both are folded alike. Words that stand together say more than the same words apart, which
    neither BM25 nor late interaction sees.
    """
    longest = 0
    for start in range(len(question)):
        while question[start : (end := start + longest + 1)] in passage and end <= len(question):
            longest += 1
    return longest / len(question) if question else 0.0


def fuse(meaning: Mapping[int, float], lexical: Mapping[int, float], weight: float) -> Ranking:
    """Return (id, score) for every id in `meaning`, best first, ties by id; scores are 0..1.

    `meaning` has a cosine or a late score for every candidate, `lexical` a BM25 for those that it
    found; `weight` is the lexical share, 0..1. Never by rank alone: a leg that found nothing to
    speak of still ranks its noise.
    """
    low, high = min(meaning.values(), default=0.0), max(meaning.values(), default=0.0)
    spread = (high - low) or 1.0
    best = max(lexical.values(), default=0.0) or 1.0
    return ranked(
        (id_, (1 - weight) * ((value - low) / spread) + weight * (lexical.get(id_, 0.0) / best))
        for id_, value in meaning.items()
    )


def ranked(scores: Iterable[tuple[int, float]]) -> Ranking:
    """Return the pairs sorted by score, ties by id."""
    return sorted(scores, key=lambda item: (-item[1], item[0]))


def followed_by(best: Ranking, rest: Ranking) -> Ranking:
    """Return `best` and after it what of `rest` it lacks; both keep their order, scores are 0..1.

    The least of `best` may have a score of 0, so all of `best` is lifted above the rest.
    """
    taken = {id_ for id_, _ in best}
    lifted = [(id_, (score + _GAP) / (1 + _GAP)) for id_, score in best]
    left = [(id_, score * _GAP / 2) for id_, score in rest if id_ not in taken]
    return ranked(lifted) + ranked(left)


def with_bonus(ranking: Ranking, bonus: Mapping[int, float], weight: float) -> Ranking:
    """Return a ranking anew, with `bonus` (0..1) added in proportion 1 to `weight`; 0..1 again."""
    return ranked(
        (id_, (score + weight * bonus.get(id_, 0.0)) / (1 + weight)) for id_, score in ranking
    )
