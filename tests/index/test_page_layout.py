"""Glyphs are laid out here as a printer would: `line` sets characters side by side."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.formats.page_layout import Glyph, Unit, joint, page_lines, read_units
from index.formats.table_grids import Rule

LEFT = "支持企业牵头组建创新联合体面向集成电路等领域开展攻关单个项目资助额度不超过总投资的三成"[:42]
RIGHT = (
    "鼓励银行保险等金融机构设立科技支行开发产品市财政对合作银行发生的损失给予风险补偿以及奖励补助"[
        :42
    ]
)


def line(text, x=0.0, y=0.0, size=10.0):
    """Set characters side by side; Latin ones take half the width."""
    glyphs, spaced = [], ""
    for character in text:
        width = size * (0.5 if character.isascii() else 1.0)
        if character != " ":
            glyphs.append(Glyph(character, x, x + width, y, size, spaced))
        spaced = " " if character == " " else ""
        x += width
    return glyphs


def block(text, x, y, width, size=10.0, step=15.0):
    """Set a text in lines of so many characters."""
    parts = [text[i : i + width] for i in range(0, len(text), width)]
    return [glyph for i, part in enumerate(parts) for glyph in line(part, x, y + i * step, size)]


def grid(xs, ys):
    """Return the rules of a table with all its walls."""
    level = [Rule(xs[0], y, xs[-1], y) for y in ys]
    return level + [Rule(x, ys[0], x, ys[-1]) for x in xs]


def test_the_order_of_glyphs_in_the_file_does_not_matter():
    glyphs = block(LEFT, 0, 100, 20) + block(RIGHT, 0, 160, 20)
    shuffled = random.Random(1).sample(glyphs, len(glyphs))
    assert page_lines(shuffled) == page_lines(glyphs)


def test_lines_of_a_paragraph_are_joined_and_indented_ones_begin_another():
    first, second = "　" + LEFT, RIGHT[:30]
    glyphs = block(first, 0, 0, 20)[1:] + line(second[:18], 20, 45) + line(second[18:], 0, 60)
    assert page_lines(glyphs) == [LEFT, second]


def test_a_heading_is_not_joined_to_the_lines_around_it():
    glyphs = block(LEFT, 0, 0, 20) + line("二、保障措施", 0, 45) + block(RIGHT, 0, 60, 20)
    assert page_lines(glyphs) == [LEFT, "二、保障措施", RIGHT]


def test_two_columns_are_read_one_after_the_other_and_a_heading_across_before_both():
    glyphs = line("关于印发科技专项资金管理办法的通知", 60, 0)
    glyphs += block(LEFT, 0, 30, 14) + block(RIGHT, 160, 30, 14)
    assert page_lines(glyphs) == ["关于印发科技专项资金管理办法的通知", LEFT + RIGHT]


def test_columns_whose_lines_are_not_level_are_not_shuffled():
    glyphs = block(LEFT, 0, 30, 14) + block(RIGHT, 160, 37, 14)
    assert page_lines(glyphs) == [LEFT + RIGHT]


def test_what_follows_columns_across_the_page_comes_after_both():
    below = "本办法自二〇二五年三月一日起施行有效期五年由市科技局解释"
    glyphs = block(LEFT, 0, 0, 14) + block(RIGHT, 160, 0, 14) + line(below, 0, 70)
    assert page_lines(glyphs)[-1] == below


def test_short_columns_are_known_by_those_of_the_page_before():
    gutters = []
    page_lines(block(LEFT, 0, 0, 14) + block(RIGHT, 160, 0, 14), (), gutters)
    short = block(LEFT[:28], 0, 0, 14) + block(RIGHT[:20], 160, 0, 14)
    assert page_lines(short, (), gutters) == [LEFT[:28] + RIGHT[:20]]


def test_a_table_with_rules_gives_a_line_a_row_with_empty_cells_kept():
    glyphs = line("序号", 5, 15) + line("单位", 55, 15) + line("备注", 155, 15)
    glyphs += line("1", 5, 35) + line("市科技局", 55, 35)
    assert page_lines(glyphs, grid((0, 50, 150, 250), (0, 20, 40))) == [
        "序号\t单位\t备注",
        "1\t市科技局\t",
    ]


def test_a_cell_of_several_lines_is_one_line():
    glyphs = line("任务", 5, 15) + block("落实配套资金按月报送", 55, 15, 5) + line("甲", 5, 55)
    assert page_lines(glyphs, grid((0, 50, 110), (0, 40, 60))) == [
        "任务\t落实配套资金按月报送",
        "甲\t",
    ]


def test_a_merged_cell_stands_in_the_first_of_its_squares():
    rules = [rule for rule in grid((0, 50, 100, 150), (0, 20, 40)) if rule.left != 50]
    rules.append(Rule(50, 20, 50, 40))  # the first row has no wall there
    glyphs = line("合并", 30, 15) + line("乙", 110, 15)
    glyphs += line("一", 5, 35) + line("二", 55, 35) + line("三", 105, 35)
    assert page_lines(glyphs, rules) == ["合并\t\t乙", "一\t二\t三"]


def test_tables_that_touch_keep_their_own_columns():
    rules = grid((0, 50, 150), (0, 20, 40)) + grid((0, 100, 150), (40, 60, 80))
    glyphs = line("甲", 5, 15) + line("乙", 55, 15) + line("丙", 5, 55) + line("丁", 105, 55)
    assert page_lines(glyphs, rules) == ["甲\t乙", "丙\t丁"]


def test_a_frame_around_text_is_no_table():
    glyphs = block(LEFT, 10, 20, 20)
    assert page_lines(glyphs, grid((0, 220), (0, 80))) == [LEFT]


def test_a_table_without_rules_is_told_by_its_gaps():
    rows = [("序号", "单位", "金额"), ("1", "市科技局", "120"), ("2", "县财政局", "35")]
    glyphs = [
        glyph
        for i, row in enumerate(rows)
        for cell, x in zip(row, (0, 60, 160), strict=True)
        for glyph in line(cell, x, i * 20)
    ]
    assert page_lines(glyphs) == ["\t".join(row) for row in rows]


def test_a_list_with_marks_set_apart_is_no_table():
    glyphs = []
    for i, item in enumerate(("落实配套资金", "报送进度", "公布名单")):
        glyphs += line("•", 0, 20 * i) + line(item, 20, 20 * i)
    assert not any("\t" in text for text in page_lines(glyphs))


def test_a_footnote_mark_stands_in_its_line_and_cannot_be_taken_for_a_digit():
    glyphs = line("最高500万元", 0, 100, 12) + line("2", 57, 95, 6) + line("以内", 60, 100, 12)
    assert page_lines(glyphs) == ["最高500万元²以内"]


def test_quotation_marks_stay_where_they_are():
    text = "使用遵循“公开透明、择优扶持”的原则（以下简称“原则”）。"
    assert page_lines(line(text)) == [text]


def test_latin_words_are_parted_and_chinese_characters_are_not():
    glyphs = line("5G", 0) + line("base", 13) + line("station", 37) + line("建设", 74)
    assert page_lines(glyphs) == ["5G base station建设"]


def test_bold_type_printed_twice_is_read_once():
    assert page_lines(line("总则") + line("总则", 0.3)) == ["总则"]


@pytest.mark.parametrize(
    ("text", "following", "joined"),
    [
        ("资金", "管理", "资金管理"),
        ("base", "station", "base station"),
        ("co\xad", "operation", "cooperation"),
        ("COVID\xad", "19", "COVID-19"),
        ("建设5G", "基站", "建设5G基站"),
        ("", "管理", "管理"),
    ],
)
def test_pieces_are_joined_as_they_are_written(text, following, joined):
    assert joint(text, following) == joined


units = st.builds(
    lambda text, x, y, width: Unit(text, x, y, x + width, y + 10, 10.0),
    st.text("资金管理办法ab1", min_size=1, max_size=8),
    st.integers(0, 400),
    st.integers(0, 600),
    st.integers(5, 200),
)


@given(st.lists(units, max_size=30))
def test_nothing_is_lost_whatever_the_layout(some):
    read = "".join(read_units(some))
    for unit in some:
        assert unit.text[0] in read
    assert sorted("".join(read.split())) == sorted("".join(unit.text for unit in some))


def test_an_empty_page_has_no_lines():
    assert page_lines([]) == []


def test_a_page_of_a_hundred_thousand_rules_is_read_without_tables():
    rules = [Rule(0, i, 500, i) for i in range(0, 30_000, 6)]
    assert page_lines(line("图例"), rules) == ["图例"]
