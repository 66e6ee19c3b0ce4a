import pytest

from index.fields.page_text import visible_lines


def test_blocks_are_lines_and_cells_are_parted_by_tabs():
    table = "<table><tr><td>文号<td> 5号 <tr><td><td>空</table>"
    page = f"<title>题</title><p>发布：<b>5月</b>\n3日</p>{table}"
    assert visible_lines(page) == ["发布：5月 3日", "文号\t5号", "空"]


@pytest.mark.parametrize(
    "hidden",
    ["<script>甲</script>", "<style>甲</style>", "<!-- 甲 -->", "<!-- <p>甲</p> -->"],
)
def test_programs_and_comments_are_not_shown(hidden):
    assert visible_lines(f"<p>乙{hidden}</p>") == ["乙"]


def test_references_are_characters():
    assert visible_lines("<p>&#20113;&nbsp;&amp;</p>") == ["云 &"]


def test_a_reference_with_thousands_of_digits_is_left_as_it_stands():
    assert visible_lines(f"<p>文&#{'9' * 5000};</p>")[0].startswith("文&#9")


@pytest.mark.parametrize("source", ["<!-- 甲", "<script>甲", "<", "<p", "", "&", "<table><tr><td>"])
def test_broken_sources_are_read(source):
    assert "甲" not in "".join(visible_lines(source))
