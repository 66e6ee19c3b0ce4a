"""Questions about several things are searched for part by part; those about one stay whole."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.script import fold_characters, to_traditional
from index.types import Hit, Passage, Scores, Span
from rag.breadth import (
    LIST_BUDGET,
    MOST_PARTS,
    asks_list,
    interleave,
    parts,
    surroundings,
    with_surroundings,
)
from rag.understand import understand

SEVERAL = {
    "湖北和广东的产业规模分别是多少？": ("湖北的产业规模是多少？", "广东的产业规模是多少？"),
    "比较东莞、广州和深圳对新药的奖励": (
        "东莞对新药的奖励",
        "广州对新药的奖励",
        "深圳对新药的奖励",
    ),
    "2022年和2023年的营收": ("2022年的营收", "2023年的营收"),
    "2022、2023年东莞的营收": ("2022年东莞的营收", "2023年东莞的营收"),
    "湖北、广东两省的营收": ("湖北的营收", "广东的营收"),
    "广东省对东莞和佛山的定位": ("广东省对东莞的定位", "广东省对佛山的定位"),
    "广州市南沙区和黄埔区的基金": ("广州市南沙区的基金", "广州市黄埔区的基金"),
    "珠海和中山有什么不同": ("珠海是什么", "中山是什么"),
    "与湖北相比，广东有什么部署": ("广东有什么部署", "湖北有什么部署"),
    "湖北的规模比广东大多少": ("湖北的规模大多少", "广东的规模大多少"),
    "湖北做什么，广东呢？": ("湖北做什么？", "广东做什么？"),
    "东莞奖励多少？广州呢？深圳呢？": (
        "东莞奖励多少？",
        "广州奖励多少？",
        "深圳奖励多少？",
    ),
    "湖北的产业规模与广东的产业规模": ("湖北的产业规模", "广东的产业规模"),
    "广州实验室和深圳国家基因库各支持什么": ("广州实验室支持什么", "深圳国家基因库支持什么"),
    "省科技厅和省财政厅分别负责什么": ("省科技厅负责什么", "省财政厅负责什么"),
    "湖北和广东2022年和2023年的营收": (
        "湖北2022年的营收",
        "湖北2023年的营收",
        "广东2022年的营收",
        "广东2023年的营收",
    ),
    "What do Hubei and Guangdong give?": ("What do Hubei give?", "What do Guangdong give?"),
    "What does Dongguan give, compared with Guangzhou?": (
        "What does Dongguan give?",
        "What does Guangzhou give?",
    ),
    "What does Hubei do, and what about Dongguan?": (
        "What does Hubei do",
        "What does Dongguan do",
    ),
    "Compare Hubei's and Guangdong's funds": ("Hubei's funds", "Guangdong's funds"),
    "Compare the fund of Guangzhou with that of Nansha": (
        "the fund of Guangzhou",
        "the fund of Nansha",
    ),
    "Did revenue grow in 2022 and 2023?": (
        "Did revenue grow in 2022?",
        "Did revenue grow in 2023?",
    ),
}


@pytest.mark.parametrize(("question", "expected"), SEVERAL.items())
def test_a_question_about_several_has_a_part_for_each(
    question: str, expected: tuple[str, ...]
) -> None:
    assert parts(question) == expected


@pytest.mark.parametrize("question", [q for q in SEVERAL if not q.isascii()])
def test_parts_are_the_same_in_traditional_and_keep_the_script(question: str) -> None:
    traditional = to_traditional(question)
    found = parts(traditional)
    assert tuple(map(fold_characters, found)) == tuple(map(fold_characters, parts(question)))
    kept = set(traditional) | set("是什么")
    assert all(set(part) <= kept for part in found)


@pytest.mark.parametrize(
    "question",
    [
        "粤港澳大湾区的政策",
        "广州市南沙区有多少家企业",
        "北京大学和清华大学的研究",
        "从东莞到广州的高铁",
        "广东和湖北合作的项目有哪些",
        "深圳和香港共建的合作区做什么",
        "《深圳和香港合作规划》是什么时候发布的",
        "以广州市、深圳市为核心的集聚区怎么打造",
        "除了东莞和广州，还有哪些城市",
        "广东省东莞市科技局发布了什么",
        "2022—2024年的营收",
        "2000万元和2022万元的奖励给谁",
        "东莞企业在广州上市有奖励吗",
        "中国和广东的政策",
        "工业和信息化厅负责什么",
        "发展和改革委员会的任务",
        "武汉大学和中山大学附属医院",
        "东莞2022年的营收",
        "东莞和东莞市的奖励",
        "Dongguan, Guangdong gives how much?",
        "What cooperation is there between Guangdong and Hubei?",
        "Which cities other than Dongguan and Foshan are named?",
        "",
    ],
)
def test_a_question_about_one_thing_stays_whole(question: str) -> None:
    assert parts(question) == ()


def test_a_long_list_has_the_first_parts_only() -> None:
    cities = "东莞、广州、深圳、佛山、珠海、中山、惠州和江门"
    assert parts(f"{cities}的奖励") == tuple(
        f"{city}的奖励" for city in ("东莞", "广州", "深圳", "佛山", "珠海", "中山")
    )
    assert len(parts(f"{cities}的奖励")) == MOST_PARTS


@given(st.text("东莞广州湖北和与、，的2022年比呢?《》各", max_size=40))
def test_any_text_has_no_part_or_several_different_ones(text: str) -> None:
    found = parts(text)
    assert len(found) != 1
    assert len(set(found)) == len(found) <= MOST_PARTS


# --- interleaving


def passage(
    id_: int, text: str = "", heading: tuple[str, ...] = (), document: str = "a"
) -> Passage:
    span = Span(1000 * id_, 1000 * id_ + len(text))
    return Passage(id_, document, span, span, text or str(id_), heading)


def hits(*ids: int, best: float = 1.0) -> list[Hit]:
    return [Hit(passage(id_), best - i / 10, Scores(0.9)) for i, id_ in enumerate(ids)]


def ids(found: list[Hit]) -> list[int]:
    return [hit.passage.id for hit in found]


def test_parts_take_turns_and_the_whole_question_comes_last_in_each() -> None:
    assert ids(interleave([hits(1, 2, 3), hits(4, 5)], hits(6, 7), 10)) == [1, 4, 6, 2, 5, 7, 3]


def test_no_passage_is_taken_twice_and_no_more_than_asked_for() -> None:
    assert ids(interleave([hits(1, 2), hits(1, 3)], hits(2, 4), 3)) == [1, 2, 3]


@given(st.lists(st.lists(st.integers(1, 9), unique=True), max_size=4), st.floats(0.1, 1))
def test_scores_never_rise_nor_exceed_their_own(rankings: list[list[int]], best: float) -> None:
    found = interleave([hits(*ranking, best=best) for ranking in rankings], hits(1, 2), 20)
    scores = [hit.score for hit in found]
    assert scores == sorted(scores, reverse=True)
    assert set(ids(found)) == {1, 2}.union(*map(set, rankings))
    assert max(scores) <= 1.0


# --- lists

LIST = [
    passage(1, "前言。"),
    passage(2, "四、保障措施\n（一）组织。", ("四、保障措施", "（一）组织")),
    passage(3, "（二）资金。", ("四、保障措施", "（二）资金")),
    passage(4, "基金另行设立。", ("四、保障措施", "（二）资金")),
    passage(5, "（三）人才。", ("四、保障措施", "（三）人才")),
    passage(6, "五、附则\n（一）解释。", ("五、附则", "（一）解释")),
]
WANTED = "有哪些保障措施"


def around(
    question: str, at: int, siblings: Sequence[Passage] = LIST, budget: int = 99
) -> list[int]:
    asked = understand(question)
    found = surroundings(asked, siblings[at], siblings, lambda ts: list(map(len, ts)), budget)
    return [one.id for one in found]


def test_a_list_goes_on_to_its_last_item_and_no_further() -> None:
    assert around(WANTED, 1) == [3, 4, 5]


def test_from_amid_a_list_what_follows_comes_first_then_what_is_before() -> None:
    assert around(WANTED, 3) == [5, 3, 2]


def test_lists_are_followed_in_traditional_too() -> None:
    assert around("有哪幾項保障措施", 1) == [3, 4, 5]


def test_a_question_about_something_else_does_not_follow_the_list() -> None:
    assert around("资金有多少", 2) == []
    assert around("企业有哪些奖励", 2) == []


def test_a_question_that_counts_the_items_need_not_name_the_heading() -> None:
    assert around("哪三项", 1) == [3, 4, 5]


def test_items_without_numbers_are_those_under_the_heading() -> None:
    section = [
        passage(1, "五大工程", ("工程",)),
        *(passage(n, f"第{n}段", ("工程", str(n))) for n in (2, 3, 4)),
        passage(5, "别的", ("别的",)),
    ]
    assert around("哪五大工程", 0, section) == [2, 3, 4]
    assert around("哪两大工程", 0, section) == [2, 3]


def test_what_ends_with_a_colon_goes_on_whatever_is_asked() -> None:
    siblings = [passage(1, "分工如下："), passage(2, "甲负责。"), passage(3, "乙负责。")]
    assert around("谁负责", 0, siblings) == [2]
    assert around("谁负责", 1, siblings) == [1]
    assert around("谁负责", 2, siblings) == []


def test_a_table_cut_in_two_is_one() -> None:
    siblings = [passage(1, "表\n| 甲 | 1 |"), passage(2, "| 乙 | 2 |\n完。"), passage(3, "完。")]
    assert around("甲多少", 0, siblings) == [2]


def test_neighbours_keep_to_the_budget() -> None:
    cost = len(LIST[2].text) + len(LIST[3].text)
    assert around(WANTED, 1, budget=cost) == [3, 4]
    assert around(WANTED, 1, budget=cost - 1) == [3]


def test_a_passage_that_is_not_in_its_document_any_more_has_no_neighbours() -> None:
    found = surroundings(understand(WANTED), passage(99, "一、甲"), LIST, lambda _: [1])
    assert found == ()


def test_neighbours_stand_behind_their_hit_with_its_score_and_no_passage_twice() -> None:
    found = with_surroundings(
        understand(WANTED),
        [Hit(LIST[1], 0.9, Scores(0.8)), Hit(LIST[4], 0.5, Scores(0.7))],
        lambda _: LIST,
        lambda ts: list(map(len, ts)),
    )
    assert [(hit.passage.id, hit.score) for hit in found] == [
        (2, 0.9),
        (3, 0.9),
        (4, 0.9),
        (5, 0.9),
    ]


def test_all_neighbours_together_keep_to_the_budget() -> None:
    found = with_surroundings(
        understand(WANTED),
        [Hit(LIST[1], 0.9, Scores(0.8)), Hit(LIST[4], 0.5, Scores(0.7))],
        lambda _: LIST,
        lambda ts: [LIST_BUDGET for _ in ts],
    )
    assert ids(found) == [2, 3, 5]


def test_no_document_is_looked_up_for_a_question_that_asks_for_no_list() -> None:
    def fail(_: str) -> list[Passage]:
        raise AssertionError("looked up")

    found = with_surroundings(understand("多少家"), hits(1, 2), fail, lambda ts: [1 for _ in ts])
    assert found == hits(1, 2)


def test_questions_that_ask_for_a_list_are_told() -> None:
    assert all(asks_list(understand(q)) for q in ("哪五大工程", "有哪些措施", "五項任務由誰牽頭"))
    assert not any(asks_list(understand(q)) for q in ("多少家企业", "何时发布", "2022年营收"))
