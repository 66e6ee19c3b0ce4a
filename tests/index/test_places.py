"""The gazetteer holds together, and texts name the places that they name, no others."""

import csv
from collections import defaultdict
from functools import cache
from importlib import resources

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index.places import LEVELS, Place, covers, find_places, place
from index.script import fold_characters

# Namesakes in English; the first is read where the text does not tell. All others must differ.
NAMESAKES = {
    "Baoshan": ["保山", "宝山"],
    "Chaoyang": ["朝阳", "朝阳区"],
    "Fuyang": ["阜阳", "富阳"],
    "Fuzhou": ["福州", "抚州"],
    "Huangpu": ["黄浦", "黄埔"],
    "Jinjiang": ["晋江", "锦江"],
    "Lishui": ["丽水", "溧水"],
    "Nan'an": ["南安", "南岸"],
    "Pingxiang": ["萍乡", "凭祥"],
    "Qianjiang": ["潜江", "黔江"],
    "Qingyang": ["庆阳", "青羊"],
    "Suzhou": ["苏州", "宿州"],
    "Taizhou": ["泰州", "台州"],
    "Wuxi": ["无锡", "巫溪"],
    "Wuzhong": ["吴忠", "吴中"],
    "Yangpu": ["杨浦", "洋浦"],
    "Yichun": ["伊春", "宜春"],
    "Yulin": ["玉林", "榆林"],
}
HIGHEST_AMBIGUOUS_SHARE = 0.2


@cache
def rows() -> list[dict[str, str]]:
    table = resources.files("index").joinpath("places.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(table.splitlines()))


def known(name: str) -> Place:
    found = place(name)
    assert found is not None, name
    return found


def names_in(text: str) -> list[str]:
    return [mention.place.name for mention in find_places(text)]


def written_in(text: str) -> list[str]:
    return [text[mention.start : mention.end] for mention in find_places(text)]


def values(row: dict[str, str], *columns: str) -> list[str]:
    return [value for column in columns for value in row[column].split(";") if value]


# --- the table


def test_short_names_are_unique():
    names = [row["name"] for row in rows()]
    assert sorted(set(names)) == sorted(names)


def test_every_parent_stands_in_the_table_at_a_higher_level():
    levels = {row["name"]: LEVELS.index(row["level"]) for row in rows()}
    for row in rows():
        if row["level"] == "nation":
            assert row["parent"] == ""
            continue
        above = levels[row["parent"]]
        zone_in_district = row["level"] == "district" and above == LEVELS.index("district")
        assert above < levels[row["name"]] or zone_in_district, row


def test_no_place_lies_within_itself():
    parents = {row["name"]: row["parent"] for row in rows()}
    for name in parents:
        line = [name]
        while parents[line[-1]]:
            line.append(parents[line[-1]])
            assert len(line) <= len(LEVELS) + 1, line


def test_regions_and_only_regions_have_members_and_all_are_places():
    names = {row["name"] for row in rows()}
    for row in rows():
        assert bool(row["members"]) == (row["level"] == "region"), row
        assert names >= set(values(row, "members")), row


def test_all_units_of_the_first_two_levels_are_there():
    provinces = {row["name"] for row in rows() if row["level"] == "province"}
    mainland = [row["name"] for row in rows() if row["level"] == "city" and row["parent"] != "台湾"]
    assert len(provinces) == 34
    assert len(mainland) == 333
    undivided = {"北京", "天津", "上海", "重庆", "香港", "澳门"}
    parents = {row["parent"] for row in rows() if row["level"] == "city"}
    assert provinces - parents == undivided


def test_abbreviations_are_single_characters_that_no_two_places_share():
    letters = [letter for row in rows() for letter in values(row, "abbreviation")]
    assert all(len(letter) == 1 for letter in letters)
    assert len(set(letters)) == len(letters)
    assert all(row["abbreviation"] for row in rows() if row["level"] == "province")


def test_chinese_cells_are_simplified():
    for row in rows():
        for value in values(row, "name", "full", "aliases", "abbreviation", "members"):
            assert fold_characters(value) == value, row


def test_cells_hold_no_stray_space_and_no_empty_value():
    for row in rows():
        for cell in row.values():
            assert all(value == value.strip() and value for value in cell.split(";") if cell), row


def test_few_places_are_ambiguous_and_the_column_says_yes_or_nothing():
    marks = [row["ambiguous"] for row in rows()]
    assert set(marks) == {"", "yes"}
    assert marks.count("yes") < HIGHEST_AMBIGUOUS_SHARE * len(marks)


def test_namesakes_in_english_are_the_listed_ones():
    owners: dict[str, list[str]] = defaultdict(list)
    for row in rows():
        for name in values(row, "english"):
            owners[name].append(row["name"])
    assert {name: places for name, places in owners.items() if len(places) > 1} == NAMESAKES


@pytest.mark.parametrize(
    ("name", "english"),
    [
        *[("重庆", "Chongqing"), ("厦门", "Xiamen"), ("六安", "Lu'an"), ("亳州", "Bozhou")],
        *[("蚌埠", "Bengbu"), ("台州", "Taizhou"), ("丽水", "Lishui"), ("丽江", "Lijiang")],
        *[("长沙", "Changsha"), ("长春", "Changchun"), ("长治", "Changzhi"), ("朝阳", "Chaoyang")],
        *[("长宁", "Changning"), ("乐山", "Leshan"), ("乐清", "Yueqing"), ("番禺", "Panyu")],
        *[("花都", "Huadu"), ("成都", "Chengdu"), ("郫都", "Pidu"), ("闵行", "Minhang")],
        *[("黄陂", "Huangpi"), ("百色", "Baise"), ("大理", "Dali")],
        *[("陕西", "Shaanxi"), ("山西", "Shanxi"), ("内蒙古", "Inner Mongolia")],
        *[("西藏", "Tibet"), ("哈尔滨", "Harbin"), ("乌鲁木齐", "Urumqi"), ("喀什", "Kashgar")],
    ],
)
def test_the_first_english_name_is_the_usual_one(name, english):
    assert known(name).english[0] == english


# --- every row is found


def found_in_list(names: list[str]) -> list[tuple[str, str]]:
    text = "。".join(names)
    return [(one.place.name, text[one.start : one.end]) for one in find_places(text)]


def test_full_names_are_found_whole():
    names = [row["full"] for row in rows()]
    expected = list(zip([row["name"] for row in rows()], names, strict=True))
    assert found_in_list(names) == expected


@pytest.mark.parametrize("config", ["s2t", "s2tw", "s2hk"])
def test_traditional_full_names_are_found_whole(config):
    import opencc

    names = opencc.OpenCC(config).convert("。".join(row["full"] for row in rows())).split("。")
    assert found_in_list(names) == list(zip([row["name"] for row in rows()], names, strict=True))


def test_english_names_are_found_as_written():
    for row in rows():
        for name in values(row, "english"):
            text = f"In {name}, firms grow."
            (mention,) = find_places(text)
            assert text[mention.start : mention.end] == name
            assert row["name"] in [one.name for one in (mention.place, *mention.others)]


def test_short_names_are_found_unless_ambiguous():
    for row in rows():
        bare = not row["name"].endswith("区")  # 湘江新区 carries its unit, 西海岸 does not
        expected = [] if row["ambiguous"] and bare else [row["name"]]
        assert names_in(f"。{row['name']}。") == expected


def test_ambiguous_short_names_are_found_behind_their_parent():
    for row in rows():
        if row["ambiguous"] and row["level"] in ("city", "district"):
            assert names_in(row["parent"] + row["name"])[-1:] == [row["name"]], row


# --- spans

PIECES = (
    "东莞 東莞市 廣東 中山 朝阳 大湾区 Dongguan Xi'an xi’an Suzhou City 、 和 , 大学 市场 İ ß 𠮷"
)
_TEXTS = st.lists(st.sampled_from([*PIECES.split(), " ", "\n"]), max_size=12).map("".join)


@settings(max_examples=50)
@given(_TEXTS)
@example("İ东莞")
@example("\ud800东莞")
def test_spans_run_forward_and_name_their_place(text):
    at = 0
    for mention in find_places(text):
        assert at <= mention.start < mention.end <= len(text)
        named = text[mention.start : mention.end].removesuffix("City").strip()
        assert place(named) in (mention.place, *mention.others)
        at = mention.end


@settings(max_examples=50)
@given(_TEXTS)
def test_the_same_places_are_found_in_the_folded_text(text):
    folded = fold_characters(text)
    assert find_places(folded) == find_places(text)


def test_the_leftmost_longest_name_counts():
    assert written_in("粤港澳大湾区内地九市与长三角地区") == ["粤港澳大湾区", "长三角地区"]
    assert written_in("内蒙古自治区呼伦贝尔市") == ["内蒙古自治区", "呼伦贝尔市"]


# --- what is no place

SCHOOLS_AND_STREETS = """
中山大学 中山大學附屬第一醫院 中山医院 华南理工大学 深圳大学 北京师范大学 上海交通大学
中国科学院 东莞理工学院 南京东路 北京路步行街 厦门街 苏州街站 广州大道
"""
WORDS_THAT_HIDE_A_NAME = """
孙中山先生 集中山区力量 其中山地占比 隆重庆祝 建成都市圈 形成都市农业 推广元宇宙 推廣西式糕點
扩大连锁经营 珠江西岸 長江西側 黄河南岸 出海口 增长春节消费 平台中心 出台中长期规划 目前海外
此前海关 新增城镇就业 优惠东部 复合肥 聚焦作用 立即墨守 非常德国 经济南北差异 投入经营口岸
新华中学 佛罗里达州 昆士兰州 马里兰州 发展中国家 其中国家级 五大连池 峨眉山 东阳光药
安大略湖北岸 旧金山 美丽水乡 南沙群岛 哈密瓜
"""
ORDINARY_WORDS = """
光明前景 朝阳产业 和平发展 世界大同 长治久安 安康生活 日照时间 白银价格 巩固原有优势
投资阳光项目 其中卫生支出 规定西部 三明治 阿里云 朝阳市场 和平区域 南海诸岛 东北方向 西北风
临港产业 西海岸 人民生活 粤府〔2023〕1号 莞 广义
"""
ENGLISH_WORDS = """
Sun Yat-sen University
Shenzhen University
the University of Hong Kong
South China University of Technology
Nanjing Medical University
Nanjing East Road
the South China Sea
Zhong Nanshan
Guangming Daily
Indochina
Chinese
Hubeish
dongguan2
ILI cases
an hui
the gloss xiàn
chōnghami
"""


@pytest.mark.parametrize(
    "text",
    [
        *(SCHOOLS_AND_STREETS + WORDS_THAT_HIDE_A_NAME + ORDINARY_WORDS).split(),
        *ENGLISH_WORDS.strip().splitlines(),
        "",
    ],
)
def test_ordinary_words_and_names_of_schools_and_streets_are_no_places(text):
    assert names_in(text) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("上海南站", ["上海"]),
        ("海南省", ["海南"]),
        ("推广西安经验", ["西安"]),
        ("推广广西经验", ["广西"]),
        ("目前海南", ["海南"]),
        ("形成成都经验", ["成都"]),
        ("两年后台湾", ["台湾"]),
        ("东莞市场", ["东莞"]),
        ("东莞市市场监督管理局", ["东莞"]),
        ("东莞市科技局", ["东莞"]),
        ("广州大学城", ["广州"]),
        ("广东大学生", ["广东"]),
        ("香港大学深圳医院", ["深圳"]),
        ("上海街道", ["上海"]),
        ("北京路演", ["北京"]),
        ("中山市与中山火炬", ["中山", "中山"]),
        ("浙江西部", ["浙江"]),
        ("广东南部", ["广东"]),
        ("广州、深圳、珠海、中山等地市", ["广州", "深圳", "珠海", "中山"]),
        ("橫琴、前海、南沙、河套", ["横琴", "前海", "南沙", "河套"]),
    ],
)
def test_a_place_beside_a_trap_is_still_found(text, names):
    assert names_in(text) == names


# --- ambiguous names, namesakes


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("大同市", ["大同"]),
        ("山西大同", ["山西", "大同"]),
        ("大同、长治、太原", ["大同", "长治", "太原"]),
        ("太原和大同", ["太原", "大同"]),
        ("大同、长治", []),
        ("在广东,光明前景", ["广东"]),
        ("中国朝阳产业", ["中国"]),
        ("中国和朝阳产业", ["中国"]),
        ("中国东北", ["中国", "东北"]),
        ("大湾区光明前景", ["大湾区"]),
        ("深圳光明科学城", ["深圳", "光明科学城"]),
        ("深圳光明", ["深圳", "光明"]),
        ("东北地区", ["东北"]),
        ("华东、西南", ["华东", "西南"]),
    ],
)
def test_ambiguous_names_count_with_their_unit_or_beside_a_place_of_theirs(text, names):
    assert names_in(text) == names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Suzhou, Anhui", "宿州"),
        ("Suzhou and Wuxi", "苏州"),
        ("Fuzhou in Jiangxi Province", "抚州"),
        ("Zhejiang: Taizhou", "台州"),
        ("the Huangpu District of Guangzhou", "黄埔"),
        ("Chaoyang in Beijing", "朝阳区"),
        ("Chaoyang District", "朝阳区"),
        ("Jilin City", "吉林市"),
        ("Jilin Province", "吉林"),
        ("Changchun, Jilin", "吉林"),
        ("Hainan Prefecture", "海南州"),
        ("北京朝阳", "朝阳区"),
        ("辽宁朝阳", "朝阳"),
    ],
)
def test_namesakes_are_told_apart_by_their_unit_or_by_a_place_around_them(text, name):
    assert name in names_in(text)


@pytest.mark.parametrize(("english", "names"), NAMESAKES.items())
def test_namesakes_that_nothing_tells_apart_are_all_reported(english, names):
    (mention,) = find_places(f"{english} grew.")
    assert [one.name for one in (mention.place, *mention.others)] == names


def test_a_place_without_namesakes_has_no_others():
    assert [mention.others for mention in find_places("Dongguan, Suzhou in Anhui")] == [(), (), ()]


def test_a_district_of_another_city_is_not_taken_for_ours():
    assert names_in("沈阳市和平区") == ["沈阳"]
    assert names_in("天津市和平区") == ["天津", "和平区"]
    assert names_in("贵阳市白云区") == ["贵阳"]


# --- English


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("what does dongguan give for BNCT drugs?", ["dongguan"]),
        ("Dongguan's plan and DONGGUAN CITY", ["Dongguan", "DONGGUAN CITY"]),
        ("Xi’an, Xi'an and Xian", ["Xi’an", "Xi'an", "Xian"]),
        ("the Hong\nKong SAR", ["Hong\nKong"]),
        ("Hong Kong–Macao Greater Bay Area", ["Hong Kong", "Macao", "Greater Bay Area"]),
        ("the Guangdong–Hong Kong link", ["Guangdong–Hong Kong"]),
        ("Ürümqi and Lüliang", ["Ürümqi", "Lüliang"]),
        ("在Dongguan投资", ["Dongguan"]),
        ("Ｄｏｎｇｇｕａｎ", ["Ｄｏｎｇｇｕａｎ"]),
        ("Hong Kong district councils", ["Hong Kong"]),
        ("Pudong New Area", ["Pudong New Area"]),
    ],
)
def test_english_names_are_whole_words_in_any_case_with_their_unit(text, written):
    assert written_in(text) == written


def test_shaanxi_and_shanxi_are_kept_apart():
    assert names_in("Shaanxi and Shanxi, 陕西和山西, 陝西與山西") == ["陕西", "山西"] * 3


# --- covers and place


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        *[("中国", "松山湖"), ("广东", "东莞"), ("东莞", "松山湖"), ("广东", "松山湖")],
        *[("广东", "广东"), ("大湾区", "松山湖"), ("大湾区", "香港"), ("大湾区", "珠三角")],
        *[("广东", "珠三角"), ("长三角", "杭州"), ("浦东", "张江"), ("京津冀", "雄安")],
        *[("粤港澳", "大湾区"), ("成渝", "重庆"), ("长江经济带", "长三角"), ("大湾区", "大湾区")],
    ],
)
def test_a_place_covers_itself_and_what_lies_within(outer, inner):
    assert covers(known(outer), known(inner))


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        *[("东莞", "广东"), ("大湾区", "广东"), ("大湾区", "汕头"), ("东莞", "深圳")],
        *[("广东", "大湾区"), ("广东", "中国"), ("长三角", "东莞"), ("陕西", "山西")],
        *[("珠三角", "大湾区"), ("大湾区", "中国"), ("松山湖", "东莞")],
    ],
)
def test_a_place_does_not_cover_what_reaches_beyond_it(outer, inner):
    assert not covers(known(outer), known(inner))


def test_the_greater_bay_area_covers_nine_cities_and_two_regions():
    area = known("大湾区")
    covered = {
        row["name"]
        for row in rows()
        if row["level"] in ("province", "city") and covers(area, known(row["name"]))
    }
    nine = {"广州", "深圳", "珠海", "佛山", "惠州", "东莞", "中山", "江门", "肇庆"}
    assert covered == nine | {"香港", "澳门"}


def test_every_place_is_covered_by_its_parent_and_the_nation():
    for row in rows():
        if row["parent"]:
            assert covers(known(row["parent"]), known(row["name"]))
            assert covers(known("中国"), known(row["name"]))


@pytest.mark.parametrize("name", ["东莞", "东莞市", "東莞", "Dongguan", " dongguan ", "莞"])
def test_a_place_is_known_by_all_its_names(name):
    assert known(name) == Place("东莞", "东莞市", "city", "广东", ("Dongguan",))


@pytest.mark.parametrize("name", ["", "東京", "Tokyo", "东", "市"])
def test_an_unknown_name_is_no_place(name):
    assert place(name) is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("区长岳阳表示", []),
        ("區長岳陽談到先行先試", []),
        ("岳阳是谁", []),
        ("岳阳市的企业", ["岳阳"]),
        ("湖南岳阳的企业", ["湖南", "岳阳"]),
        ("副市长在岳阳调研", ["岳阳"]),
        ("记者北京报道", ["北京"]),
        ("佛山、中南海", ["佛山"]),
        ("中山三院", []),
        ("中山市三家医院", ["中山"]),
    ],
)
def test_a_person_or_a_hospital_of_the_same_name_is_no_place(text, names):
    assert [mention.place.name for mention in find_places(text)] == names
