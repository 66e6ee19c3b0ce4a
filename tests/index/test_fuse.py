from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.fuse import (
    BESIDE_DENSE,
    BESIDE_LATE,
    followed_by,
    fuse,
    lexical_weight,
    shared_run,
    with_bonus,
)
from index.script import fold_names

ids = st.integers(0, 50)
cosines = st.dictionaries(ids, st.floats(-1, 1), max_size=20)
matches = st.dictionaries(ids, st.floats(0, 40), max_size=20)
shares = st.floats(0, 1)
# Of few digits, so that no difference is lost by rounding; equal ones are common.
scores = st.integers(0, 20).map(lambda n: n / 20)
rankings = st.dictionaries(ids, scores, max_size=20).map(
    lambda found: sorted(found.items(), key=lambda item: (-item[1], item[0]))
)


def is_ranked(ranking):
    return ranking == sorted(ranking, key=lambda item: (-item[1], item[0]))


def ids_of(ranking):
    return [id_ for id_, _ in ranking]


@given(cosines, matches, shares)
def test_all_candidates_are_ranked_by_score_then_id(meaning, lexical, weight):
    ranking = fuse(meaning, lexical, weight)
    assert set(ids_of(ranking)) == set(meaning)
    assert is_ranked(ranking)
    assert all(0 <= score <= 1 + 1e-9 for _, score in ranking)


@given(cosines, matches)
def test_without_weight_the_words_change_nothing(meaning, lexical):
    assert fuse(meaning, lexical, 0.0) == fuse(meaning, {}, 0.0)
    by_cosine = ids_of(sorted(meaning.items(), key=lambda item: (-item[1], item[0])))
    found = dict(fuse(meaning, lexical, 0.0))
    assert all(found[a] >= found[b] for a, b in pairwise(by_cosine))


@given(cosines, matches, shares, st.randoms())
def test_the_order_of_the_candidates_does_not_matter(meaning, lexical, weight, random):
    shuffled = list(meaning.items())
    random.shuffle(shuffled)
    assert fuse(dict(shuffled), lexical, weight) == fuse(meaning, lexical, weight)


def test_ties_are_broken_by_id():
    assert ids_of(fuse({9: 0.5, 2: 0.5, 4: 0.5}, {}, 0.0)) == [2, 4, 9]


@pytest.mark.parametrize("weight", [BESIDE_DENSE, BESIDE_LATE])
def test_words_decide_between_close_vectors(weight):
    meaning = {1: 0.80, 2: 0.81, 3: 0.10}
    assert fuse(meaning, {1: 20.0}, weight)[0][0] == 1
    assert fuse(meaning, {1: 20.0}, 0.0)[0][0] == 2


def test_a_leg_that_found_nothing_changes_nothing():
    assert ids_of(fuse({1: 0.1, 2: 0.3, 3: 0.2}, {}, BESIDE_DENSE)) == [2, 3, 1]
    assert fuse({}, {}, 0.5) == []


@given(shares, shares, shares)
def test_the_weight_grows_with_what_is_covered_from_nothing_to_the_most(one, other, most):
    low, high = sorted((one, other))
    assert 0.0 <= lexical_weight(low, most) <= lexical_weight(high, most) <= most
    assert lexical_weight(0.0, most) == 0.0
    assert lexical_weight(1.0, most) == pytest.approx(most)


@given(rankings, rankings)
def test_what_follows_keeps_both_orders_and_comes_after(best, rest):
    joined = followed_by(best, rest)
    behind = [id_ for id_ in ids_of(rest) if id_ not in dict(best)]
    assert ids_of(joined) == ids_of(best) + behind
    assert is_ranked(joined)
    assert all(0 <= score <= 1 for _, score in joined)


@given(rankings, rankings)
def test_what_was_ranked_closely_has_a_higher_score_than_all_that_follows(best, rest):
    joined = dict(followed_by(best, rest))
    behind = [score for id_, score in joined.items() if id_ not in dict(best)]
    assert all(joined[id_] > score for id_, _ in best for score in behind)


@given(rankings, st.dictionaries(ids, scores), scores)
def test_with_a_bonus_scores_stay_between_0_and_1_and_are_sorted(ranking, bonus, weight):
    found = with_bonus(ranking, bonus, weight)
    assert sorted(ids_of(found)) == sorted(ids_of(ranking))
    assert is_ranked(found)
    assert all(0 <= score <= 1 + 1e-9 for _, score in found)


@given(rankings, scores)
def test_an_equal_bonus_or_none_keeps_the_order(ranking, weight):
    assert ids_of(with_bonus(ranking, {}, weight)) == ids_of(ranking)
    assert ids_of(with_bonus(ranking, dict.fromkeys(dict(ranking), 0.5), weight)) == ids_of(ranking)


@given(rankings, st.dictionaries(ids, scores))
def test_a_bonus_without_weight_changes_nothing(ranking, bonus):
    assert with_bonus(ranking, bonus, 0.0) == ranking


def test_a_bonus_decides_between_those_that_lie_closer_than_its_weight():
    ranking = [(1, 0.9), (2, 0.8), (3, 0.5)]
    assert ids_of(with_bonus(ranking, {2: 1.0, 3: 1.0}, 0.15)) == [2, 1, 3]


@given(st.text("东莞硼药ab", max_size=12), st.text("东莞硼药ab", max_size=40))
def test_a_shared_run_is_the_longest_part_of_the_question_in_the_passage(question, passage):
    parts = {question[i:j] for i in range(len(question)) for j in range(i + 1, len(question) + 1)}
    longest = max((len(part) for part in parts if part in passage), default=0)
    assert shared_run(question, passage) == (longest / len(question) if question else 0.0)


def test_words_in_one_piece_tell_more_than_the_same_words_apart():
    assert shared_run("东莞硼药", "东莞硼药奖励") == 1.0
    assert shared_run("东莞硼药", "硼药在东莞") == 0.5


@given(st.text("东莞硼药", min_size=1, max_size=6), st.text("东莞硼药异", min_size=1, max_size=6))
def test_a_name_that_stands_free_shares_more_than_the_same_within_a_longer_one(name, modifier):
    asked = fold_names(f"{name}的体长是多少？")
    free, within = fold_names(f"文。{name}，甲"), fold_names(f"文。异{modifier}{name}，甲")
    assert shared_run(asked, free) > shared_run(asked, within)
