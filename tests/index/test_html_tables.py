import pytest

from index.formats.html_reader import read_page
from index.offsets import apply_edits, identity


def visible(source):
    text = apply_edits(identity(source), read_page(source).edits).text
    return [line for line in text.split("\n") if line.strip()]


def table(*rows):
    return "<table>" + "".join(f"<tr>{row}</tr>\n" for row in rows) + "</table>"


def test_a_row_is_a_line_with_a_tab_between_cells():
    source = table("<th>年份</th> <th>补助</th>", "<td>\n 2024 </td><td><b>10</b> 万元</td>")
    assert visible(source) == ["年份\t补助", "2024\t10 万元"]


def test_end_tags_may_be_left_out():
    assert visible("<table><tr><td>a<td>b<tr><td>c<td>d</table>后") == ["a\tb", "c\td", "后"]


def test_empty_cells_keep_their_tabs():
    source = table("<td>甲</td><td></td><td>乙</td>", "<td></td><td>&nbsp;</td><td>丙</td>")
    source = source.replace("</table>", "<tr><td>丁</td><td>戊</td><td></td></tr></table>")
    assert visible(source)[:2] == ["甲\t\t乙", "\t\t丙"]


def test_cells_over_several_rows_or_columns_are_written_once_and_columns_stay():
    rows = (
        "<td rowspan=2>甲</td><td>1</td>",
        "<td>2</td>",
        "<td colspan='2'>全</td><td>3</td>",
        "<td>4</td><td>5</td><td>6</td>",
    )
    assert visible(table(*rows)) == ["甲\t1", "\t2", "全\t\t3", "4\t5\t6"]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("<p>甲公司</p><p>乙公司</p>", "甲公司 乙公司"),
        ("甲公司<br>乙公司", "甲公司 乙公司"),
        ("序<br>号", "序号"),
        ("中文\n  续行", "中文续行"),
        ("two\n lines", "two lines"),
    ],
)
def test_a_cell_stays_on_its_line(cell, expected):
    assert visible(table("<td>一</td><td>二</td>", f"<td>{cell}</td><td>三</td>"))[1] == (
        f"{expected}\t三"
    )


def test_a_caption_is_a_line_of_its_own():
    source = table("<td>一</td><td>二</td>", "<td>三</td><td>四</td>")
    source = source.replace("<table>", "<table><caption>表1 补助标准</caption>")
    assert visible(source)[0] == "表1 补助标准"


@pytest.mark.parametrize(
    "inside",
    [
        table("<td>a</td><td>b</td>", "<td>c</td><td>d</td>"),
        "<h2>标题</h2>",
        "<pre>一\n二</pre>",
        "<p>" + "这是一篇文章，" * 100 + "</p>",
    ],
    ids=["a table", "a heading", "preformatted text", "an article"],
)
def test_a_table_that_lays_out_the_page_comes_apart_into_lines(inside):
    source = table("<td>菜单</td><td>栏目</td>", f"<td>{inside}</td><td>边栏</td>")
    lines = visible(source)
    assert lines[:2] == ["菜单", "栏目"]
    assert lines[-1] == "边栏"


def test_a_table_of_data_in_a_layout_keeps_its_tabs():
    inner = table("<td>a</td><td>b</td>", "<td>c</td><td>d</td>")
    source = table("<td>左</td><td>右</td>", f"<td>{inner}</td><td>边</td>")
    assert visible(source) == ["左", "右", "a\tb", "c\td", "边"]


def test_one_row_alone_is_no_table():
    assert visible(table("<td>左</td><td>右</td>")) == ["左", "右"]
