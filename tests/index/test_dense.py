import numpy as np
import pytest
from hash_encoder import HashEncoder

from index import dense
from index.errors import LibraryDamaged

TEXTS = [f"第{i}个项目支持企业研发，最高{i * 37 % 1000}万元" for i in range(400)]
VECTORS = HashEncoder().encode_questions(TEXTS)
IDS = np.arange(len(TEXTS), dtype=np.int64) * 3 + 5  # with gaps, as after removals


@pytest.fixture(scope="module")
def index():
    return dense.build(IDS, VECTORS)


def test_the_nearest_are_those_of_all_products(index):
    questions = VECTORS[::40] + 0.01
    for question, found in zip(questions, index.search(questions, 10), strict=True):
        products = VECTORS.astype(np.float64) @ question.astype(np.float64)
        best = np.sort(products)[-10:]
        assert np.allclose(sorted(found.values()), best, atol=1e-6)
        assert all(abs(products[(id_ - 5) // 3] - score) < 1e-6 for id_, score in found.items())


def test_many_questions_at_once_are_answered_as_one_by_one(index):
    """FAISS multiplies otherwise from 20 questions on, and rounds otherwise."""
    questions = np.ascontiguousarray(VECTORS[:50])
    assert index.search(questions, 20) == [index.search(q[None], 20)[0] for q in questions]


def test_equal_vectors_have_equal_cosines():
    index = dense.build(np.arange(30), np.repeat(VECTORS[7:8], 30, axis=0))
    (found,) = index.search(VECTORS[:1], 30)
    assert len(found) == 30
    assert len(set(found.values())) == 1


def test_cosines_are_those_of_the_search(index):
    (found,) = index.search(VECTORS[:1], 50)
    assert index.cosines(VECTORS[0], list(found)) == found


def test_cosines_of_unknown_ids_are_left_out(index):
    assert set(index.cosines(VECTORS[0], [5, 6, 8, -1, 10**9])) == {5, 8}
    assert index.cosines(VECTORS[0], []) == {}


def test_fewer_than_asked_for_are_found(index):
    assert [len(found) for found in index.search(VECTORS[:2], 10_000)] == [400, 400]
    empty = dense.build(np.empty(0, np.int64), np.empty((0, 64), np.float32))
    assert empty.search(VECTORS[:2], 5) == [{}, {}]
    assert empty.cosines(VECTORS[0], [1]) == {}
    assert index.search(np.empty((0, 64), np.float32), 5) == []


def test_an_index_comes_back_from_disk(index, tmp_path):
    dense.save(index, tmp_path)
    again = dense.load(tmp_path)
    assert again.search(VECTORS[:3], 9) == index.search(VECTORS[:3], 9)
    assert np.array_equal(again.ids, index.ids)


def test_files_that_do_not_belong_together_are_refused(index, tmp_path):
    dense.save(index, tmp_path)
    (tmp_path / "passages.i64").write_bytes(IDS[:-1].astype("<i8").tobytes())
    with pytest.raises(LibraryDamaged, match="400 vectors for 399 passages"):
        dense.load(tmp_path)


# Some of the passages only.


@pytest.mark.parametrize("count", [1, 10, 400, 10_000])
@pytest.mark.parametrize("step", [2, 7, 100, 400])
def test_the_nearest_of_some_are_those_of_all_restricted(index, count, step):
    allowed = IDS[::step]
    (every,) = index.search(VECTORS[3:4], len(IDS))
    best = sorted((every[id_] for id_ in allowed.tolist()), reverse=True)[:count]
    (found,) = index.search(VECTORS[3:4], count, allowed)
    assert sorted(found.values(), reverse=True) == best  # of equal ones any may be left out
    assert found.items() <= {id_: every[id_] for id_ in allowed.tolist()}.items()


def test_all_allowed_is_as_none(index):
    assert index.search(VECTORS[:3], 9, IDS) == index.search(VECTORS[:3], 9)


def test_ids_that_are_not_there_may_be_allowed_and_are_not_found(index):
    allowed = np.array([-4, 5, 6, 8, 10**9], np.int64)
    assert [set(found) for found in index.search(VECTORS[:2], 9, allowed)] == [{5, 8}] * 2


def test_of_none_none_is_found(index):
    nothing = np.empty(0, np.int64)
    assert index.search(VECTORS[:2], 5, nothing) == [{}, {}]
    assert index.search(VECTORS[:1], 5, np.array([6, 7], np.int64)) == [{}]
