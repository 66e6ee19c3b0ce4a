import math

import pytest

from index import lexical
from index.terms import question_terms

TEXTS = {
    3: "东莞对硼药研发给予奖励，最高1500万元",
    5: "湖北支持高端医疗设备研发，達到2500億元",
    8: "东莞的CAR-T疗法与BNCT硼药",
    9: "广州的细胞治疗产业",
    12: "广州的细胞治疗产业",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lexical")
    lexical.build(folder, TEXTS.items())
    return lexical.load(folder)


def search(index, question, count=10):
    return index.search(question_terms(question), count)


def test_passages_with_more_of_the_question_score_higher(index):
    found = search(index, "東莞對硼藥奖励多少？")
    assert set(found) == {3, 8}
    assert found[3] > found[8] > 0


def test_words_and_numbers_are_found(index):
    assert set(search(index, "car-t")) == {8}
    assert set(search(index, "2500亿元")) >= {5}
    assert set(search(index, "1,500万元")) >= {3}


def test_nothing_in_common_finds_nothing(index):
    assert search(index, "黑龙") == {}
    assert search(index, "。。") == {}
    assert index.search([], 10) == {}


def test_equal_passages_score_equally(index):
    found = search(index, "细胞治疗")
    assert found[9] == found[12]


def test_only_the_best_are_returned(index):
    assert set(search(index, "东莞对硼药", 1)) == {3}


def test_terms_that_look_like_a_query_language_are_only_terms(index):
    assert index.search(['terms:"x" OR *', "a" * 20_000, "东莞"], 10) == search(index, "东莞")


def test_rarity_is_the_inverse_document_frequency(index):
    rarity = index.rarity(["硼药", "黑龙"])
    assert rarity["硼药"] == pytest.approx(math.log(1 + (5 - 2 + 0.5) / (2 + 0.5)))
    assert rarity["黑龙"] == pytest.approx(math.log(1 + 5.5 / 0.5))


def test_a_long_question_is_searched(index):
    question = "".join(chr(0x4E00 + i) for i in range(9_000)) + "东莞"
    assert set(search(index, question)) >= {3, 8}


def test_an_empty_index_finds_nothing(tmp_path):
    lexical.build(tmp_path, [])
    index = lexical.load(tmp_path)
    assert index.count == 0
    assert search(index, "东莞") == {}
    assert index.rarity(["东莞"])["东莞"] == pytest.approx(math.log(2))


def test_building_twice_gives_the_same_scores(index, tmp_path):
    lexical.build(tmp_path, TEXTS.items())
    assert search(lexical.load(tmp_path), "东莞硼药") == search(index, "东莞硼药")
