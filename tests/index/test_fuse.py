from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.fuse import LEXICAL_WEIGHT, coverage, fuse, lexical_weight

cosines = st.dictionaries(st.integers(0, 50), st.floats(-1, 1), max_size=20)
matches = st.dictionaries(st.integers(0, 50), st.floats(0, 40), max_size=20)
weights = st.floats(0, 1)


@given(cosines, matches, weights)
def test_all_candidates_are_ranked_by_score_then_id(dense, lexical, weight):
    ranking = fuse(dense, lexical, weight)
    assert {id_ for id_, _ in ranking} == set(dense)
    assert ranking == sorted(ranking, key=lambda item: (-item[1], item[0]))
    assert all(0 <= score <= 1 + 1e-9 for _, score in ranking)


@given(cosines, matches)
def test_without_weight_the_words_change_nothing(dense, lexical):
    assert fuse(dense, lexical, 0.0) == fuse(dense, {}, 0.0)
    by_cosine = [id_ for id_, _ in sorted(dense.items(), key=lambda item: (-item[1], item[0]))]
    scores = dict(fuse(dense, lexical, 0.0))
    assert all(scores[a] >= scores[b] for a, b in pairwise(by_cosine))


@given(cosines, matches, weights, st.randoms())
def test_the_order_of_the_candidates_does_not_matter(dense, lexical, weight, random):
    shuffled = list(dense.items())
    random.shuffle(shuffled)
    assert fuse(dict(shuffled), lexical, weight) == fuse(dense, lexical, weight)


def test_ties_are_broken_by_id():
    assert [id_ for id_, _ in fuse({9: 0.5, 2: 0.5, 4: 0.5}, {}, 0.0)] == [2, 4, 9]


def test_words_decide_between_close_vectors():
    dense = {1: 0.80, 2: 0.81, 3: 0.10}
    assert fuse(dense, {1: 20.0}, LEXICAL_WEIGHT)[0][0] == 1
    assert fuse(dense, {1: 20.0}, 0.0)[0][0] == 2


def test_coverage_is_the_share_of_the_question_that_was_matched():
    rarity = {"硼药": 6.0, "奖励": 2.0}
    assert coverage({}, rarity) == 0.0
    assert coverage({1: 4.0, 2: 2.0}, rarity) == 0.5
    assert coverage({1: 99.0}, rarity) == 1.0
    assert coverage({1: 4.0}, {}) == 0.0


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_weight_grows_with_coverage_from_nothing(one, other):
    low, high = sorted((one, other))
    assert 0.0 <= lexical_weight(low) <= lexical_weight(high) <= LEXICAL_WEIGHT
    assert lexical_weight(0.0) == 0.0
    assert lexical_weight(1.0) == pytest.approx(LEXICAL_WEIGHT)
