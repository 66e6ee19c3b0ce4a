"""The glossary holds together, and texts name in one language what they name in another."""

import csv
from functools import cache
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import LibraryError
from index.glossary import (
    COLUMNS,
    WORD,
    Counterpart,
    Entry,
    Glossary,
    counterparts,
    default_glossary,
    load_glossary,
)
from index.places import place
from index.script import fold_characters, to_simplified, to_traditional

KINDS = {"body", "company", "place", "policy", "programme", "term", WORD}
HEADER = "chinese,english,kind,weight,pinyin,hidden_by\n"


@cache
def rows() -> list[dict[str, str]]:
    table = resources.files("index").joinpath("glossary.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(table.splitlines()))


@cache
def everyday_rows() -> tuple[Entry, ...]:
    return tuple(entry for entry in default_glossary().entries if entry.kind == WORD)


def whole(name: str) -> Counterpart:
    """Return the one counterpart of a text that is nothing but a name."""
    found = counterparts(name)
    assert [(one.start, one.end) for one in found] == [(0, len(name))], name
    return found[0]


def written(text: str) -> list[str]:
    return [text[one.start : one.end] for one in counterparts(text)]


def first_names(text: str) -> list[str]:
    return [one.names[0] for one in counterparts(text)]


def saved(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "glossary.csv"
    path.write_text(text, encoding="utf-8")
    return path


# --- the table


def test_every_row_fills_the_columns_as_they_are_described():
    for row in rows():
        assert tuple(row) == COLUMNS, row
        assert row["chinese"] and row["english"] and row["kind"] in KINDS, row
        assert row["pinyin"] in ("", "yes"), row
        assert 0 < float(row["weight"] or 1) <= 1, row


def test_everyday_words_weigh_less_than_half():
    assert len(everyday_rows()) > 20
    assert all(entry.weight < 0.5 for entry in everyday_rows())


def test_no_name_stands_twice():
    plain = str.maketrans("", "", " -'")
    names = [
        fold_characters(name).translate(plain)
        for entry in default_glossary().entries
        for name in entry.chinese + entry.english
    ]
    assert sorted(names) == sorted(set(names))


def test_names_are_simplified_and_english_is_lower_case_but_for_abbreviations():
    for entry in default_glossary().entries:
        for name in (*entry.chinese, *entry.hidden_by):
            assert to_simplified(name) == name
        for name in entry.english:
            assert name.isascii() and (name.islower() or " " not in name), name


def test_no_row_repeats_a_place_of_the_gazetteer():
    for entry in default_glossary().entries:
        assert not [name for name in entry.chinese + entry.english if place(name)]


def test_every_chinese_name_leads_to_its_english_and_every_english_one_to_the_first_chinese():
    for entry in default_glossary().entries:
        for name in entry.chinese:
            assert set(entry.english) <= set(whole(name).names), name
        for name in entry.english:
            assert whole(name).names[0] == entry.chinese[0], name


def test_names_in_traditional_lead_to_the_same_as_in_simplified():
    for entry in default_glossary().entries:
        for name in entry.chinese:
            traditional = to_traditional(name)
            # OpenCC writes some words otherwise, too: 家具 becomes 傢俱.
            if fold_characters(traditional) == fold_characters(name):
                assert whole(traditional) == whole(name), name


def test_every_name_of_the_gazetteer_that_is_read_has_other_names():
    table = resources.files("index").joinpath("places.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(table.splitlines()):
        for name in (row["name"], row["full"], *row["english"].split(";")):
            for one in counterparts(name):
                assert one.names and name[one.start : one.end] not in one.names, name


# --- questions


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("what does Dongguan give for BNCT drugs?", ["东莞", "硼药"]),
        ("rewards for boron drugs", ["奖励", "硼药"]),
        ("a spallation neutron source", ["散裂中子源"]),
        ("subsidies of Hubei's science and technology department", ["补贴", "湖北", "科技厅"]),
        ("MIIT and NDRC", ["工信部", "国家发展改革委"]),
        ("CDMO 平台的奖励", ["合同研发生产", "platform", "奖补"]),
        ("东莞的BNCT", ["东莞市", "硼中子俘获治疗"]),
        ("phase III clinical trials of class 1 new drugs", ["III期", "1类新药"]),
    ],
)
def test_english_and_mixed_questions_get_the_chinese_names(question: str, names: list[str]):
    assert first_names(question) == names


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("硼中子俘获", "BNCT"),
        ("国家药监局", "国家药品监督管理局"),
        ("国家药品监督管理局", "国家药监局"),
        ("規上企業", "规模以上企业"),
        ("细胞与基因治疗", "CGT"),
        ("东莞", "Dongguan"),
        ("Dongguan", "东莞市"),
    ],
)
def test_short_full_and_latin_names_lead_to_each_other(name: str, other: str):
    assert other in whole(name).names


@pytest.mark.parametrize(
    "mention",
    [
        "boron drug", "boron drugs", "Boron Drugs", "boron-drug", "BORON-DRUGS", "boron drug's",
        "boron‐drugs", "boron\ndrugs",
    ],
)  # fmt: skip
def test_case_plural_hyphen_and_line_break_do_not_matter(mention: str):
    assert whole(mention).names[0] == "硼药"


@pytest.mark.parametrize(
    "mention",
    ["people's government", "people’s government", "peoples government", "People's Governments"],
)
def test_apostrophes_do_not_matter(mention: str):
    assert whole(mention).names[0] == "人民政府"


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("industrialisation", "industrialization"),
        ("tumour", "tumor"),
        ("innovation centre", "innovation center"),
        ("marketing authorisation holder", "marketing authorization holder"),
    ],
)
def test_british_and_american_spellings_are_one_name(british: str, american: str):
    assert whole(british).names[:1] == whole(american).names[:1]


@pytest.mark.parametrize(
    "text",
    ["said", "main", "aid the pair", "MAID", "aiai", "BNCTs2", "xBNCT", "GMPx"],
)
def test_abbreviations_stand_in_no_word(text: str):
    assert written(text) == []


def test_no_abbreviation_is_found_inside_a_longer_word():
    short = [name for entry in default_glossary().entries for name in entry.english]
    for name in (name for name in short if not name.islower() and " " not in name):
        assert not written(f"qz{name}".replace("-", "")), name
        assert not written(f"{name}qz".replace("-", "")), name


@pytest.mark.parametrize(
    "text", ["most of it", "who gives most", "it is safe", "WHO GIVES THE MOST"]
)
def test_ordinary_words_are_no_abbreviations(text: str):
    assert not {"MOST", "WHO", "SAFE"} & {word.upper() for word in written(text)}


def test_abbreviations_that_are_words_count_in_capitals():
    assert first_names("the MOST and the WHO") == ["科技部", "世卫组织"]
    assert first_names("WHO的专家") == ["世卫组织"]


def test_other_abbreviations_count_in_any_case_and_in_the_plural():
    for mention in ("bnct", "BNCT", "Bnct"):
        assert whole(mention).names[0] == "硼中子俘获治疗"
    assert whole("CDMOs").names == whole("cdmo").names
    assert whole("mrna").names == whole("mRNA").names


def test_an_abbreviation_in_s_is_no_plural():
    assert written("et al, cam, mp") == []
    assert written("the ETS, CAMS and MPS") == ["ETS", "CAMS", "MPS"]


def test_letters_apart_are_no_abbreviation():
    assert written("b n c t") == []
    assert written("R & D, r&d, R and D") == ["R & D", "r&d", "R and D"]


def test_the_leftmost_name_counts_then_the_longest():
    assert written("高端医疗器械") == ["高端医疗器械"]
    assert written("high-end medical devices") == ["high-end medical devices"]
    assert written("Ministry of Science and Technology") == ["Ministry of Science and Technology"]
    assert written("国家发展和改革委员会") == ["国家发展和改革委员会"]


def test_a_place_goes_before_the_name_that_follows_it():
    assert written("湖北省人民政府办公厅") == ["湖北省", "人民政府", "办公厅"]
    assert written("Dongguan City boron drugs") == ["Dongguan City", "boron drugs"]


def test_namesakes_all_give_their_names():
    assert {"泰州", "台州"} <= set(whole("Taizhou").names)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("其中医疗器械有几家", "中医"),
        ("上海关注的项目", "海关"),
        ("提高企业收入", "高企"),
        ("数据存储能力", "储能"),
        ("各种业务", "种业"),
        ("科技部门", "科技部"),
        ("我国企业", "国企"),
        ("人类脑疾病", "类脑"),
        ("当地铁路建设", "地铁"),
        ("相关税收", "关税"),
        ("控制剂量", "制剂"),
        ("更新药品目录", "新药"),
        ("国家电视台", "家电"),
        ("海外贸易", "外贸"),
        ("演唱出台湾歌曲", "出台"),
        ("前苏联影响", "联影"),
    ],
)
def test_a_name_across_two_words_is_none(text: str, name: str):
    assert name not in written(text)


def test_everyday_words_translate_but_are_no_synonyms():
    for entry in everyday_rows():
        assert whole(entry.english[0]).names[: len(entry.chinese)] == entry.chinese
        assert not set(whole(entry.chinese[0]).names) & set(entry.chinese)


def test_weights_are_those_of_the_rows():
    found = {one.names[0]: one.weight for one in counterparts("the plan for boron drugs")}
    assert found["硼药"] == 1
    assert 0 < found["规划"] < 0.5


def test_words_that_name_nothing_have_no_counterpart():
    assert counterparts("") == ()
    assert counterparts("what does he give us and why?") == ()
    assert counterparts("你好，请问") == ()


# --- pinyin


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("fagaiwei policy", "发展改革委"),
        ("Guang Dong Yi Gu", "广东医谷"),
        ("guanggu shengwucheng", "光谷生物城"),
        ("zhuanjing texin", "专精特新"),
        ("the qianzhan of Dong Guan", "东莞"),
        ("kejiju's notice", "科技局"),
    ],
)
def test_pinyin_of_names_with_pinyin_and_of_places_is_read(text: str, name: str):
    assert name in first_names(text)


def test_pinyin_is_not_looked_at_for_words_that_are_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "pypinyin", None)  # its import would fail
    fresh = Glossary(default_glossary().entries)
    question = "How much does Dongguan give, and which other cities change it? 东莞呢"
    assert fresh.counterparts(question) == counterparts(question)


def test_pinyin_of_terms_without_it_is_not_read():
    assert counterparts("yiyao") == ()


# --- any text


PIECES = st.sampled_from(
    [
        "硼药", "硼中子俘獲治療", "BNCT", "bnct drugs", "boron", "drug", "Dongguan", "东莞",
        "其中医", "药监局", "R&D", "&", "'", "-", " ", "\n", "AI", "a", "I期", "Ⅲ期", "。", "é",
        "\ud800", "\x00",
    ]
)  # fmt: skip


@settings(max_examples=100)
@given(st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join))
def test_spans_are_in_order_and_names_are_others(text: str):
    end = 0
    for one in counterparts(text):
        assert end <= one.start < one.end <= len(text)
        assert one.names and text[one.start : one.end] not in one.names
        assert len(set(one.names)) == len(one.names) and 0 < one.weight <= 1
        end = one.end


@settings(max_examples=50)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_the_script_of_a_text_does_not_matter(text: str):
    folded = fold_characters(text)
    if folded.lower() == text.lower():
        return
    spans = [(one.start, one.end, one.names[-1]) for one in counterparts(text)]
    assert [(one.start, one.end, one.names[-1]) for one in counterparts(folded)] == spans


@pytest.mark.parametrize("unit", ["硼药和", "boron drugs, ", "dong guan ", "其中医"])
def test_a_long_text_gives_as_many_as_it_has(unit: str):
    times = 30_000 // len(unit)
    assert len(counterparts(unit * times)) == times * len(counterparts(unit))


def test_a_long_word_is_no_pinyin_and_no_name():
    assert counterparts("dong" * 7_500) == ()
    assert counterparts("&" * 30_000) == ()


# --- a glossary of the user's own


def test_a_users_row_adds_a_name_of_its_own(tmp_path: Path):
    path = saved(
        tmp_path, HEADER + "粤科所;广东科技研究所,GIST2;guangdong science house,body,,yes,\n"
    )
    mine = load_glossary(path)
    assert [one.names[0] for one in mine.counterparts("the GIST2 for boron drugs")] == [
        "粤科所",
        "硼药",
    ]
    assert counterparts("the GIST2") == ()


def test_a_users_row_comes_before_ours_and_keeps_our_other_names(tmp_path: Path):
    path = saved(tmp_path, HEADER + "中子刀,BNCT;neutron knife,,0.25,,\n")
    [found] = load_glossary(path).counterparts("BNCT")
    assert found.names[:2] == ("中子刀", "硼中子俘获治疗")
    assert found.weight == 0.25
    assert load_glossary(path).counterparts("硼中子俘获")[0].names[0] == "中子刀"


def test_blank_cells_of_a_users_row_leave_ours_as_they_are(tmp_path: Path):
    path = saved(tmp_path, "english,chinese\nsupporting grant,扶持\n")
    [found] = load_glossary(path).counterparts("support")
    assert found.weight == counterparts("support")[0].weight


def test_a_users_table_may_be_traditional_with_spaces_and_a_byte_order_mark(tmp_path: Path):
    path = saved(
        tmp_path, "\ufeffchinese,english\n 中子療法實驗 ； 中療實 , neutron trial house \n"
    )
    [found] = load_glossary(path).counterparts("中疗实")
    assert found.names == ("中子療法實驗", "neutron trial house")


def test_a_users_name_in_two_of_our_rows_joins_both(tmp_path: Path):
    path = saved(tmp_path, "chinese,english\n硼药;散裂中子源,\n")
    [found] = load_glossary(path).counterparts("硼药")
    assert {"散裂中子源", "boron drug", "CSNS"} <= set(found.names)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (HEADER + "硼,boron\n", "line 2: its cells"),
        (HEADER + "硼,boron,,,,\n", "line 2: the Chinese name '硼'"),
        (HEADER + "硼药,c,,,,\n", "line 2: the English name 'c'"),
        (HEADER + "硼药甲,,,,,\n", "line 2: it needs two names"),
        (HEADER + "硼药,boron,,2,,\n", "line 2: weight is '2'"),
        (HEADER + "硼药,boron,,nan,,\n", "line 2: weight is 'nan'"),
        (HEADER + "硼药,boron,,,maybe,\n", "line 2: pinyin is 'maybe'"),
        (HEADER + "硼药,boron,,,,\n硼钢,borons,,,,\n", "line 3: 'borons' stands in line 2"),
        ("chinese,englisch\n", "line 1: no column is called 'englisch'"),
        ("chinese\n", "line 1: chinese or english is missing"),
        ("", "line 1: chinese or english is missing"),
        (HEADER + '"硼药,boron,,,,\n', "cannot be read as a table"),
    ],
)
def test_what_is_wrong_with_a_users_table_is_told_in_one_line(tmp_path: Path, text: str, part: str):
    path = saved(tmp_path, text)
    with pytest.raises(LibraryError) as raised:
        load_glossary(path)
    assert str(path) in str(raised.value)
    assert part in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_users_table_that_is_missing_or_not_utf8_is_told(tmp_path: Path):
    with pytest.raises(LibraryError, match="cannot be read"):
        load_glossary(tmp_path / "glossary.csv")
    (tmp_path / "glossary.csv").write_bytes("chinese,english\n硼药,boron\n".encode("gbk"))
    with pytest.raises(LibraryError, match="not UTF-8"):
        load_glossary(tmp_path / "glossary.csv")
