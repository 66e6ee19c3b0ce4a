import hashlib
import math
import os
import random
import re

import numpy as np
import pytest

from index import lexical
from index.lexical import build, load, update
from index.terms import TermGroup, question_groups

TEXTS = {
    3: "东莞对硼药研发给予奖励，最高1500万元",
    5: "湖北支持高端医疗设备研发，達到2500億元",
    8: "东莞的CAR-T疗法与BNCT硼药",
    9: "广州的细胞治疗产业",
    12: "广州的细胞治疗产业",
}


def made(folder, passages):
    folder.mkdir(parents=True, exist_ok=True)
    build(folder, passages)
    return load(folder)


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    return made(tmp_path_factory.mktemp("lexical"), TEXTS.items())


def search(index, question, count=10, allowed=None):
    return index.search(question_groups(question), count, allowed).scores


def group(*alternatives, weight=1.0):
    return TermGroup(tuple(tuple(way.split()) for way in alternatives), weight)


# --- searching


def test_passages_with_more_of_the_question_score_higher(index):
    found = search(index, "東莞硼藥奖励多少？")
    assert list(found) == [3, 8]
    assert found[3] > found[8] > 0


def test_words_and_numbers_are_found(index):
    assert set(search(index, "car-t")) == {8}
    assert next(iter(search(index, "2500亿"))) == 5
    assert next(iter(search(index, "一千五百万"))) == 3


def test_nothing_in_common_finds_nothing(index):
    assert search(index, "黑龙") == {}
    assert search(index, "。。") == {}
    assert index.search([], 10).scores == {}
    assert search(index, "东莞", 0) == {}


def test_equal_passages_score_equally_and_come_by_id(index):
    found = search(index, "细胞治疗")
    assert list(found)[:2] == [9, 12]
    assert found[9] == found[12]


def test_the_best_are_those_of_the_whole_ranking(index):
    whole = list(search(index, "广州东莞的硼药研发", 100))
    for count in range(1, 7):
        assert list(search(index, "广州东莞的硼药研发", count)) == whole[:count]


def test_of_many_equal_passages_the_first_ids_are_returned(tmp_path):
    ids = random.Random(1).sample(range(1000), 300)
    index = made(tmp_path, [(id_, "广州的细胞" if id_ % 2 else "东莞") for id_ in ids])
    odd = sorted(id_ for id_ in ids if id_ % 2)
    assert list(search(index, "细胞", 7)) == odd[:7]


def test_terms_that_look_like_a_query_language_are_only_terms(index):
    groups = [group('terms:"x"', "OR", "*"), group("a" * 20_000), group("东莞")]
    assert index.search(groups, 10).scores == index.search([group("东莞")], 10).scores


def test_a_long_question_is_searched(index):
    question = "".join(chr(0x4E00 + i) for i in range(9_000)) + "东莞"
    assert set(search(index, question)) >= {3, 8}


def test_an_empty_index_finds_nothing(tmp_path):
    index = made(tmp_path, [])
    assert index.count == 0
    assert search(index, "东莞") == {}
    assert search(index, "东莞", allowed=np.array([1])) == {}
    assert index.rarity(["东莞"])["东莞"] == pytest.approx(math.log(2))


def test_building_twice_gives_the_same_scores(index, tmp_path):
    assert search(made(tmp_path, TEXTS.items()), "东莞硼药") == search(index, "东莞硼药")


# --- groups


def test_a_term_is_a_group_of_its_own(index):
    found = index.search(["硼药", "研发"], 10)
    assert found == index.search([group("硼药"), group("研发")], 10)
    assert dict(found) == found.scores
    assert len(found) == 3


def test_only_the_best_alternative_of_a_group_counts(index):
    alone = index.search([group("硼药")], 10).scores
    assert index.search([group("boron", "硼药")], 10).scores == alone
    both = index.search([group("硼药", "bnct")], 10).scores
    one = index.search([group("bnct")], 10).scores
    assert both == {id_: max(alone.get(id_, 0), one.get(id_, 0)) for id_ in both}
    assert set(both) == alone.keys() | one.keys()


def test_groups_add_up_by_weight(index):
    alone, other = (index.search([group(term)], 10).scores for term in ("硼药", "研发"))
    found = index.search([group("硼药", weight=0.5), group("研发", weight=2.0)], 10).scores
    for id_, score in found.items():
        expected = 0.5 * alone.get(id_, 0) + 2 * other.get(id_, 0)
        assert score == pytest.approx(expected, abs=3e-4)


def test_terms_of_an_alternative_add_up(index):
    parts = [index.search([group(term)], 10).scores for term in ("硼药", "研发")]
    found = index.search([group("硼药 研发")], 10).scores
    for id_, score in found.items():
        assert score == pytest.approx(sum(part.get(id_, 0) for part in parts), abs=3e-4)


def test_mass_is_that_of_the_alternative_most_of_which_is_known(index):
    rarity = index.rarity(["硼药", "boron", "bnct", "drugs", "研发"])
    boron = group("boron drugs", "硼药", weight=0.5)
    assert index.search([boron], 10).mass == pytest.approx(0.5 * rarity["硼药"])
    found = index.search([boron, group("drugs", "unknown"), group("研发")], 1)
    assert found.known == pytest.approx(0.5 * rarity["硼药"] + rarity["研发"])
    assert found.mass == pytest.approx(found.known + rarity["drugs"])


def test_coverage_is_the_share_that_matched(index):
    found = index.search([group("硼药"), group("研发"), group("bnct")], 10)
    assert found.coverage(8) == pytest.approx(found.scores[8] / found.mass)
    assert 0 < found.coverage(5) < found.coverage(8) <= 1
    assert found.coverage(999) == 0
    assert index.search([], 10).coverage(3) == 0
    assert index.search([group("硼药")], 10).coverage(8) == 1


def test_rarity_is_the_inverse_document_frequency(index):
    rarity = index.rarity(["硼药", "黑龙"])
    assert rarity["硼药"] == pytest.approx(math.log(1 + (5 - 2 + 0.5) / (2 + 0.5)))
    assert rarity["黑龙"] == pytest.approx(math.log(1 + 5.5 / 0.5))


# --- many passages, some allowed

_WORDS = re.findall(
    r"\S+", "东莞 广州 硼药 细胞 治疗 奖励 研发 产业 设备 医疗 bnct car-t 500万元 2024年 的 和"
)


def passages(number, seed=0):
    chance = random.Random(seed)
    return [(i, "，".join(chance.choices(_WORDS, k=chance.randint(12, 16)))) for i in range(number)]


QUESTIONS = ("东莞硼药奖励", "BNCT的设备研发", "广州500万元", "2024年医疗 car-t", "和")


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    return made(tmp_path_factory.mktemp("many"), passages(400))


@pytest.mark.parametrize("share", [0.0, 0.003, 0.05, 0.11, 0.5, 1.0])
@pytest.mark.parametrize("count", [1, 10, 1000])
def test_a_filter_leaves_the_ranking_as_it_is(many, share, count):
    chance = random.Random(3)
    allowed = [i for i in range(450) if chance.random() < share]
    for question in QUESTIONS:
        whole = search(many, question, 1000)
        expected = [(id_, score) for id_, score in whole.items() if id_ in set(allowed)][:count]
        found = search(many, question, count, np.array(allowed, np.int64))
        assert list(found.items()) == expected


def test_a_filter_that_the_best_do_not_pass_still_finds_the_others(many):
    whole = list(search(many, "硼药", 1000))
    allowed = np.sort(np.array(whole[-60:], np.int64))
    assert list(search(many, "硼药", 5, allowed)) == whole[-60:-55]


# --- updating


def hashes(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def same(index, expected):
    """Assert what a search says of two indexes is the same, but for what drift is allowed."""
    assert index.count == expected.count
    for question in QUESTIONS:
        groups = question_groups(question)
        found, wanted = index.search(groups, 1000), expected.search(groups, 1000)
        assert found.scores == pytest.approx(wanted.scores, rel=1e-4, abs=1e-4)
        assert (found.mass, found.known) == pytest.approx((wanted.mass, wanted.known))
    terms = [
        term for word in QUESTIONS for g in question_groups(word) for term in g.alternatives[0]
    ]
    assert index.rarity(terms) == pytest.approx(expected.rarity(terms))


def updated(tmp_path, before, removed, added):
    """Build and update an index; return it (None if refused), one made anew, and both folders."""
    old, new = tmp_path / "old", tmp_path / "new"
    made(old, before)
    new.mkdir()
    done = update(old, new, removed, added)
    left = [(id_, text) for id_, text in before if id_ not in removed] + list(added)
    return (load(new) if done else None), made(tmp_path / "anew", left), old, new


@pytest.mark.parametrize("number", [0, 1, 40])
def test_an_index_with_passages_added_is_the_one_made_of_all(tmp_path, number):
    added = [(id_ + 1000, text) for id_, text in passages(number, 5)]
    index, anew, _, _ = updated(tmp_path, passages(300), [], added)
    same(index, anew)
    for question in QUESTIONS:
        assert search(index, question, 1000) == search(anew, question, 1000)


def test_an_index_with_passages_removed_is_the_one_made_of_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(lexical, "_DRIFT", 1e-3)
    before = [(id_, text[:60]) for id_, text in passages(300)]
    index, anew, _, _ = updated(tmp_path, before, [5, 77, 290], [(700, before[5][1])])
    assert index.removed.passages == 3
    monkeypatch.undo()
    assert index.rarity(["硼药", "5000000"]) == anew.rarity(["硼药", "5000000"])
    groups = question_groups(QUESTIONS[0])
    assert index.search(groups, 1000).scores == pytest.approx(
        anew.search(groups, 1000).scores, rel=1e-3
    )


def test_passages_of_average_length_are_removed_without_any_drift(tmp_path):
    before = [
        (id_, f"{'东莞硼药' if id_ % 3 else '广州细胞'}，{'研发' if id_ % 2 else '医疗'}")
        for id_ in range(90)
    ]
    index, anew, _, _ = updated(tmp_path, before, range(4, 10), [(95, "东莞硼药，研发")])
    same(index, anew)
    for question in QUESTIONS:
        assert list(search(index, question, 1000)) == list(search(anew, question, 1000))


def test_terms_of_removed_passages_only_are_unknown(tmp_path):
    before = [(id_, "东莞硼药") for id_ in range(30)] + [(31, "广州细胞")]
    index, anew, _, _ = updated(tmp_path, before, [31], [])
    assert search(index, "广州") == {}
    assert index.rarity(["广州"]) == anew.rarity(["广州"])
    found = index.search([group("广州", "东莞")], 5)
    assert found.known == found.mass == pytest.approx(anew.rarity(["东莞"])["东莞"])


def test_many_updates_one_after_another_stay_true(tmp_path):
    text = dict.fromkeys(range(60), "东莞硼药，研发") | dict.fromkeys(
        range(60, 90), "广州细胞，医疗"
    )
    made(tmp_path / "0", text.items())
    rebuilt = 0
    for turn in range(1, 11):
        removed, added = [turn], [(100 + turn, "广州硼药，研发" if turn % 2 else "东莞细胞，医疗")]
        text = {id_: said for id_, said in text.items() if id_ not in removed} | dict(added)
        folder = tmp_path / f"{turn}"
        folder.mkdir()
        if not update(tmp_path / f"{turn - 1}", folder, removed, added):
            assert not list(folder.iterdir())
            rebuilt += 1
            build(folder, text.items())
        same(load(folder), made(tmp_path / f"anew{turn}", text.items()))
    assert 0 < rebuilt < 10


def test_the_index_before_is_left_byte_for_byte(tmp_path):
    old = tmp_path / "old"
    made(old, passages(50))
    before = hashes(old)
    folder = old
    for turn in range(12):  # tantivy merges segments of the links meanwhile
        new = tmp_path / f"{turn}"
        new.mkdir()
        known = hashes(folder)
        assert update(folder, new, [], [(1000 + turn, "东莞")])
        assert hashes(folder) == known
        folder = new
    assert hashes(old) == before
    assert load(folder).searcher.num_segments < 8


def test_segments_are_linked_and_what_changes_is_not(tmp_path):
    index, _, old, new = updated(tmp_path, passages(50), [], [(99, "东莞")])
    assert index.searcher.num_segments == 2
    shared = {path.name for path in old.iterdir() if os.path.exists(new / path.name)}
    linked = {name for name in shared if os.path.samefile(old / name, new / name)}
    assert {name for name in shared if name.endswith((".idx", ".term", ".fast"))} <= linked
    assert not linked & {"meta.json", ".managed.json"}


def test_without_hard_links_segments_are_copied(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError("Operation not supported")

    monkeypatch.setattr(os, "link", refused)
    index, anew, old, new = updated(tmp_path, passages(50), [], [(99, "东莞")])
    same(index, anew)
    assert not any(
        os.path.samefile(old / path.name, path)
        for path in new.iterdir()
        if (old / path.name).exists()
    )


@pytest.mark.parametrize("removed", [range(30), range(50)])
def test_when_much_is_removed_nothing_is_updated(tmp_path, removed):
    index, _, _, new = updated(tmp_path, passages(50), removed, [(99, "东莞")])
    assert index is None
    assert not list(new.iterdir())


def test_when_the_average_length_would_drift_nothing_is_updated(tmp_path):
    before = [*passages(50), (51, "东莞" * 4000)]
    index, _, _, new = updated(tmp_path, before, [51], [])
    assert index is None
    assert not list(new.iterdir())


def test_ids_that_are_not_there_are_removed_at_no_cost(tmp_path):
    index, anew, _, _ = updated(tmp_path, passages(50), [999], [])
    same(index, anew)
    assert index.removed.passages == 0


def test_an_empty_index_is_updated(tmp_path):
    index, anew, _, _ = updated(tmp_path, [], [], passages(20))
    same(index, anew)


def test_the_form_names_the_terms():
    assert lexical.TERMS_VERSION in lexical.FORMAT
