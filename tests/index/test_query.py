"""What is encoded, looked up and preferred of a question."""

import pytest
from hypothesis import given
from mixed_text import mixed_texts

from index.glossary import default_glossary, load_glossary
from index.preferences import preferences
from index.query import read_query, with_chinese_names
from index.script import fold, to_traditional
from index.terms import question_groups

HEADER = "chinese,english,kind,weight,pinyin,hidden_by\n"


@pytest.fixture(scope="module")
def ours():
    return default_glossary()


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "glossary.csv"
    path.write_text(f"{HEADER}灯塔行动,operation beacon,programme,,,\n", "utf-8")
    return load_glossary(path)


@pytest.mark.parametrize(
    ("question", "added"),
    [
        ("What does Dongguan give?", ["东莞"]),
        ("WHAT DOES DONGGUAN GIVE?", ["东莞"]),
        ("Xi'an or Xi\u2019an?", ["西安"]),
        ("Dongguan, Shenzhen and Dongguan again", ["东莞", "深圳"]),
        ("东莞给多少？", []),
        ("東莞給多少？", []),
        ("no name at all", []),
        ("the most support", []),  # words of many translations
        ("", []),
    ],
)
def test_names_in_latin_letters_are_followed_by_the_chinese_ones(ours, question, added):
    assert with_chinese_names(question, ours) == " ".join([question, *added])


def test_what_the_user_names_counts(ours, own):
    question = "who pays for Operation Beacon?"
    assert with_chinese_names(question, ours) == question
    assert with_chinese_names(question, own) == f"{question} 灯塔行动"
    assert read_query(question, own).encoded.endswith("灯塔行动")
    assert read_query(question, own).groups != read_query(question, ours).groups


@given(mixed_texts)
def test_any_text_comes_back_with_what_is_added_after_it(text):
    found = with_chinese_names(text, default_glossary())
    assert found.startswith(text)
    names = found[len(text) :].split()
    assert len(names) == len(set(names))
    assert all(not name.isascii() for name in names)


@given(mixed_texts)
def test_any_text_can_be_read(text):
    query = read_query(text, default_glossary())
    assert query.encoded == fold(query.encoded)
    assert query.encoded.startswith(fold(text))
    assert query.preferences == preferences(text)


def test_what_is_looked_up_are_the_groups_with_their_counterparts(ours):
    question = "What does the NMPA say on drugs?"
    query = read_query(question, ours)
    assert list(query.groups) == question_groups(question, ours.counterparts(question))
    assert list(query.groups) != question_groups(question)


@pytest.mark.parametrize(
    "question", ["东莞市对硼药研发最高奖励多少？", "广东省2024年药监局的办法", "松山湖最新措施"]
)
def test_both_scripts_are_read_the_same(ours, question):
    assert read_query(to_traditional(question), ours) == read_query(question, ours)


def test_a_place_a_year_and_a_kind_are_preferred_and_still_searched_for(ours):
    query = read_query("东莞市2024年的实施细则给多少？", ours)
    assert [place.name for place in query.preferences.places] == ["东莞"]
    assert query.preferences.years == (2024,)
    assert query.preferences.kinds == ("实施细则",)
    assert query.encoded == fold("东莞市2024年的实施细则给多少？")
    assert any("2024" in way for group in query.groups for way in group.alternatives)
    assert not read_query("给多少？", ours).preferences.stated
