"""Packed token vectors and the scores of late interaction, against the plain formula."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hash_encoder import HashTokenEncoder
from hypothesis import given, settings
from hypothesis import strategies as st

from index import late
from index.late import is_code, late_scores, pack, unpack
from index.types import QuestionTokens, TokenEncoder

DIMENSION = 64
seeds = st.integers(0, 2**32 - 1)
counts = st.integers(1, 60)
dimensions = st.sampled_from([16, 64, 384])
few = settings(max_examples=25)  # each scores dozens of passages


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def scattered(seed, count, dimension=DIMENSION):
    """Return unit vectors (T, D) in all directions."""
    return unit(np.random.RandomState(seed).standard_normal((count, dimension)))


def anisotropic(seed, count, dimension=DIMENSION):
    """Return unit vectors that lean one way and of which a few numbers are much the largest."""
    rows = np.random.RandomState(seed).standard_normal((count, dimension)) * 0.3
    rows += np.random.RandomState(seed + 1).standard_normal(dimension)
    rows[:, 1] += 20
    rows[::3, 2] -= 9
    return unit(rows)


def question_of(seed, count=9, dimension=DIMENSION):
    weights = np.random.RandomState(seed).uniform(0.1, 16, count).astype(np.float32)
    return QuestionTokens(scattered(seed, count, dimension), weights)


def passages_of(seed, number, dimension=DIMENSION):
    random = np.random.RandomState(seed)
    made = random.choice([scattered, anisotropic], number)
    sizes = random.choice([1, 2, 9, 15, 16, 17, 63, 64, 65, 80, 81, 130], number).tolist()
    return [
        make(seed + i, size, dimension)
        for i, (make, size) in enumerate(zip(made, sizes, strict=True))
    ]


def max_sim(question, tokens):
    """The weighted mean over question tokens of the best product with a token."""
    products = question.vectors.astype(np.float64) @ tokens.astype(np.float64).T
    return np.average(products.max(axis=1), weights=question.weights)


def plain_score(question, tokens):
    """The mean of MaxSim over all tokens and over the best 64 of them, in steps of 16."""
    starts = range(0, max(len(tokens) - 48, 1), 16)
    best = max(max_sim(question, tokens[start : start + 64]) for start in starts)
    return (max_sim(question, tokens) + best) / 2


# Packing.


@given(seeds, counts, dimensions, st.sampled_from([scattered, anisotropic]))
def test_every_token_comes_back_nearly_as_it_was(seed, count, dimension, make):
    vectors = make(seed % 10**6, count, dimension)
    again = unpack(pack(vectors), dimension)
    assert again.shape == vectors.shape
    assert again.dtype == np.float32
    cosines = (again * vectors).sum(axis=1) / np.linalg.norm(again, axis=1)
    assert cosines.min() > 0.95
    assert cosines.mean() > 0.97
    np.testing.assert_allclose(np.linalg.norm(again, axis=1), 1, atol=0.06)


@given(seeds, counts, dimensions)
def test_a_code_has_a_mean_and_for_each_token_a_scale_and_half_a_byte_a_number(seed, count, dim):
    assert len(pack(scattered(seed, count, dim))) == 2 * dim + count * (2 + dim // 2)


def test_a_passage_without_tokens_has_a_code_that_answers_nothing():
    code = pack(np.empty((0, DIMENSION), np.float32))
    assert not unpack(code, DIMENSION).any()
    codes = [code, pack(scattered(1, 30))]
    for seed in range(9):
        assert late_scores(question_of(seed), codes, DIMENSION)[0] == 0


def test_equal_tokens_come_back_as_they_were():
    vectors = np.repeat(scattered(3, 1), 5, axis=0)
    np.testing.assert_allclose(unpack(pack(vectors), DIMENSION), vectors, atol=1e-3)


@given(seeds, st.integers(1, 9), st.integers(-90, 90).filter(bool))
def test_a_code_of_another_size_is_refused(seed, count, more):
    code = pack(scattered(seed, count))
    wrong = code[:more] if more < 0 else code + b"x" * more
    size = 2 + DIMENSION // 2
    fits = more % size == 0 and count + more // size >= 1  # the size of so many tokens
    if fits and is_code(wrong, DIMENSION):  # digits read as scales may be no numbers
        assert len(unpack(wrong, DIMENSION)) == count + more // size
        return
    with pytest.raises(ValueError, match=rf"{len(wrong)} bytes are no token vectors of 64 numbers"):
        unpack(wrong, DIMENSION)
    with pytest.raises(ValueError, match="bytes are no token vectors"):
        late_scores(question_of(1), [code, wrong or b"x"], DIMENSION)


@pytest.mark.parametrize("code", [b"", b"x", b"x" * (2 * DIMENSION)])
def test_what_has_no_token_cannot_be_unpacked(code):
    with pytest.raises(ValueError, match="bytes are no token vectors"):
        unpack(code, DIMENSION)


def test_a_code_does_not_depend_on_what_was_packed_before():
    first = pack(scattered(1, 8))
    for seed in range(5):
        pack(anisotropic(seed, 8))
    assert pack(scattered(1, 8)) == first


def test_codes_are_the_same_in_another_process():
    code = (
        "import sys; import numpy as np; from index.late import pack\n"
        "rows = np.random.RandomState(7).standard_normal((9, 64)).astype(np.float32)\n"
        "sys.stdout.write(pack(rows).hex())"
    )
    root = Path(late.__file__).parents[1]
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, check=True, capture_output=True, text=True, cwd=root)
    rows = np.random.RandomState(7).standard_normal((9, 64)).astype(np.float32)
    assert found.stdout == pack(rows).hex()


def test_the_rotation_changes_no_product():
    rotation = late._rotation(DIMENSION)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(DIMENSION), atol=1e-5)


def test_no_other_step_loses_less_of_a_normal_distribution():
    numbers = np.random.RandomState(5).standard_normal(200_000)

    def lost(step):
        digits = np.clip(np.rint(numbers / step + late._MIDDLE), 0, late._LARGEST)
        return np.square((digits - late._MIDDLE) * step - numbers).mean()

    steps = np.linspace(0.2, 0.5, 61) - 0.0002
    best = min(steps, key=lost)
    assert abs(best - late._STEP) < 0.011
    assert lost(late._STEP) < 0.0117  # as Max has it


# Scores.


@few
@given(seeds, st.sampled_from([1, 3, late._AT_ONCE, late._AT_ONCE + 1, 40]), dimensions)
def test_scores_are_the_plain_formula_on_what_is_unpacked(seed, number, dimension):
    question = question_of(seed, 5, dimension)
    codes = [pack(tokens) for tokens in passages_of(seed % 10**6, number, dimension)]
    expected = [plain_score(question, unpack(code, dimension)) for code in codes]
    np.testing.assert_allclose(late_scores(question, codes, dimension), expected, atol=1e-4)


@few
@given(seeds)
def test_scores_are_near_those_of_the_vectors_themselves(seed):
    passages = passages_of(seed % 10**6, 9)
    question = question_of(seed)
    expected = [plain_score(question, tokens) for tokens in passages]
    found = late_scores(question, [pack(tokens) for tokens in passages], DIMENSION)
    np.testing.assert_allclose(found, expected, atol=0.06)


@few
@given(seeds, st.lists(st.booleans(), max_size=50))
def test_what_has_no_code_has_no_score_and_changes_no_other(seed, coded):
    question = question_of(seed)
    passages = passages_of(seed % 10**6, len(coded))
    codes = [pack(p) if some else b"" for p, some in zip(passages, coded, strict=True)]
    scores = late_scores(question, codes, DIMENSION)
    assert (~np.isnan(scores)).tolist() == coded
    alone = late_scores(question, [code for code in codes if code], DIMENSION)
    np.testing.assert_allclose(scores[~np.isnan(scores)], alone, atol=1e-6)


@few
@given(seeds, st.randoms())
def test_neither_order_nor_company_changes_a_score(seed, random):
    question = question_of(seed)
    codes = [pack(tokens) for tokens in passages_of(seed % 10**6, 2 * late._AT_ONCE + 5)]
    scores = late_scores(question, codes, DIMENSION)
    order = random.sample(range(len(codes)), len(codes))
    shuffled = late_scores(question, [codes[i] for i in order], DIMENSION)
    np.testing.assert_allclose(shuffled, scores[order], atol=1e-6)
    alone = [late_scores(question, [code], DIMENSION)[0] for code in codes]
    np.testing.assert_allclose(alone, scores, atol=1e-6)


def test_equal_passages_have_equal_scores_wherever_they_stand():
    codes = [pack(tokens) for tokens in passages_of(4, 60)]
    same = [codes[0] if i % 7 == 0 else code for i, code in enumerate(codes)]
    for seed in range(20):
        assert len(set(late_scores(question_of(seed), same, DIMENSION)[::7].tolist())) == 1


@few
@given(seeds, st.integers(1, 64))
def test_of_a_passage_as_short_as_a_window_the_score_is_that_of_all_its_tokens(seed, count):
    question, tokens = question_of(seed), scattered(seed // 2 + 1, count)
    code = pack(tokens)
    expected = max_sim(question, unpack(code, DIMENSION))
    np.testing.assert_allclose(late_scores(question, [code], DIMENSION), expected, atol=1e-4)


@few
@given(seeds, st.integers(64, 200))
def test_what_answers_in_one_place_scores_higher_than_what_is_spread(seed, gap):
    question = QuestionTokens(scattered(seed, 4), np.ones(4, np.float32))
    filler = scattered(seed // 2 + 1, 2 * gap)
    together = np.concatenate([filler[:gap], question.vectors, filler[gap:]])
    apart = np.concatenate([question.vectors[:2], filler, question.vectors[2:]])
    best, other = late_scores(question, [pack(together), pack(apart)], DIMENSION)
    assert best > other


def test_no_passages_and_no_tokens_are_no_scores():
    assert late_scores(question_of(1), [], DIMENSION).shape == (0,)
    nothing = QuestionTokens(np.empty((0, DIMENSION), np.float32), np.empty(0, np.float32))
    assert np.isnan(late_scores(nothing, [pack(scattered(1, 3))], DIMENSION)).all()


@few
@given(seeds, st.floats(0.01, 100))
def test_only_the_proportion_of_the_weights_counts(seed, factor):
    question = question_of(seed)
    codes = [pack(tokens) for tokens in passages_of(seed % 10**6, 5)]
    scaled = QuestionTokens(question.vectors, question.weights * np.float32(factor))
    expected = late_scores(question, codes, DIMENSION)
    np.testing.assert_allclose(late_scores(scaled, codes, DIMENSION), expected, atol=1e-5)


def test_the_token_that_weighs_more_decides():
    rows = scattered(8, 6)
    passages = [pack(rows[:3]), pack(rows[3:])]
    for heavy in (0, 1):
        weights = np.array([9, 1] if heavy == 0 else [1, 9], np.float32)
        question = QuestionTokens(np.stack([rows[1], rows[4]]), weights)
        assert late_scores(question, passages, DIMENSION).argmax() == heavy


@few
@given(seeds)
def test_a_token_without_weight_changes_nothing(seed):
    question = question_of(seed)
    codes = [pack(tokens) for tokens in passages_of(seed % 10**6, 5)]
    vectors = np.concatenate([question.vectors, scattered(seed, 2)])
    more = QuestionTokens(vectors, np.concatenate([question.weights, np.zeros(2, np.float32)]))
    expected = late_scores(question, codes, DIMENSION)
    np.testing.assert_allclose(late_scores(more, codes, DIMENSION), expected, atol=1e-6)


@few
@given(seeds, st.integers(0, 19))
def test_the_passage_that_is_the_question_scores_highest_and_a_short_one_near_1(seed, which):
    passages = passages_of(seed % 10**6, 20)
    weights = np.ones(len(passages[which]), np.float32)
    question = QuestionTokens(passages[which], weights)
    scores = late_scores(question, [pack(tokens) for tokens in passages], DIMENSION)
    assert scores.argmax() == which
    assert scores[which] > (0.97 if len(passages[which]) <= 64 else 0.5)
    assert scores.min() >= -1.05
    assert scores.max() <= 1.05


# The fake that other tests use.


def test_the_fake_is_an_encoder_with_tokens():
    encoder = HashTokenEncoder()
    assert isinstance(encoder, TokenEncoder)
    _, (question,) = encoder.encode_questions_with_tokens(["硼药研发"])
    texts = ["硼药研发给予奖励。", "供暖期自十一月起。", "。"]
    _, codes = encoder.encode_passages_with_tokens(texts, pack)
    scores = late_scores(question, codes, encoder.token_dimension)
    assert scores[0] > 0.97
    assert scores[0] > scores[1]
    assert scores[2] == 0
