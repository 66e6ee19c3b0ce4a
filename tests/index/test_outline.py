import pytest

from index.chunk import passages
from index.offsets import identity
from index.outline import outline, split_lines
from index.types import Layout, Span

BODY = "市科技局会同有关部门组织实施，按年度公布支持项目名单和资金安排，并接受社会监督。"
LONG = BODY * 4


def paths(*lines: str, title: str = "") -> dict[str, tuple[str, ...]]:
    """Return line -> headings above it."""
    clean = identity("\n".join(lines))
    tree, found = outline(clean, title), split_lines(clean.text)
    return {found[i]: tree.paths[s.node] for s in tree.sections for i in range(s.first, s.last)}


def headings(*lines: str, title: str = "") -> list[tuple[str, ...]]:
    return [p.heading for p in passages(identity("\n".join(lines)), "d", title)]


def test_sections_hold_every_line_once_and_in_order():
    lines = ("一、甲", LONG, "表", "a\tb", "c\td", "", "附件：1.甲", "2.乙", "某局", "2024年1月2日")
    clean = identity("\n".join(lines))
    tree = outline(clean)
    held = [i for s in tree.sections for i in range(s.first, s.last)]
    assert held == list(range(len(split_lines(clean.text))))


def test_numbered_headings_nest():
    found = headings(
        *("一、总体要求", LONG, "（一）目标。" + LONG, "1.平台建设", LONG, "（1）选址", LONG),
        *("2.人才", LONG, "二、保障", LONG),
    )
    assert list(dict.fromkeys(found)) == [
        ("一、总体要求",),
        ("一、总体要求", "（一）目标"),
        ("一、总体要求", "（一）目标", "1.平台建设"),
        ("一、总体要求", "（一）目标", "1.平台建设", "（1）选址"),
        ("一、总体要求", "（一）目标", "2.人才"),
        ("二、保障",),
    ]


def test_decimal_numbers_nest_and_amounts_are_none():
    found = paths(
        "1. 总则", LONG, "1.1 目标", BODY, "1.1.1 平台", BODY, "1.5亿元用于研发。", "1.2 范围", LONG
    )
    assert found["1.5亿元用于研发。"] == ("1. 总则", "1.1 目标", "1.1.1 平台")
    assert found[LONG] == ("1. 总则", "1.2 范围")


def test_parts_chapters_sections_and_articles_nest():
    found = paths(
        *("第一编 通则", "第一章 总则", "第一条 为了规范资金，制定本办法。", "第二条 甲。"),
        *("（一）项目甲，给予支持；", "（二）项目乙，给予支持。", "前款所称项目，由市里公布。"),
        *(
            "第二章　申报",
            "第一节 条件",
            "第三条之一 乙。",
            "第四條 丙。",
            "第二编 分则",
            "第五条 丁。",
        ),
    )
    assert found["第二条 甲。"] == ("第一编 通则", "第一章 总则", "第二条")
    assert found["（二）项目乙，给予支持。"] == ("第一编 通则", "第一章 总则", "第二条")
    assert found["前款所称项目，由市里公布。"] == ("第一编 通则", "第一章 总则", "第二条")
    assert found["第三条之一 乙。"] == ("第一编 通则", "第二章　申报", "第一节 条件", "第三条之一")
    assert found["第五条 丁。"] == ("第二编 分则", "第五条")


def test_markdown_headings_nest_and_numbers_below_them_do_not_end_them():
    found = paths(
        "# 概览", LONG, "## 3. 时间", "1. 以前", "甲", "2. 以后", "乙", "## 4. 湖北", BODY
    )
    assert found[LONG] == ("概览",)
    assert found["甲"][:2] == ("概览", "3. 时间")
    assert found["乙"][:2] == ("概览", "3. 时间")
    assert found[BODY] == ("概览", "4. 湖北")


def declared(raw: str, *names: tuple[str, int]) -> list[tuple[str, ...]]:
    spans = tuple((Span(raw.index(name), raw.index(name) + len(name)), n) for name, n in names)
    tree = outline(identity(raw), "", Layout(headings=spans))
    return [tree.paths[section.node] for section in tree.sections]


def test_declared_headings_are_honoured_and_refined_by_their_numbers():
    raw = "\n".join(("总则", LONG, "一、目标", BODY, "（一）平台", BODY, "附则说明", BODY))
    names = (("总则", 1), ("一、目标", 2), ("（一）平台", 2), ("附则说明", 1))
    assert declared(raw, *names) == [
        ("总则",),
        ("总则", "一、目标"),
        ("总则", "一、目标", "（一）平台"),
        ("附则说明",),
    ]


def test_numbered_lines_nest_below_declared_ones():
    raw = "\n".join(("总则", "一、目标", BODY, "二、保障", BODY, "附则", BODY))
    assert declared(raw, ("总则", 1), ("附则", 1)) == [
        ("总则", "一、目标"),
        ("总则", "二、保障"),
        ("附则",),
    ]


def test_a_paragraph_declared_a_heading_by_mistake_is_none():
    assert declared(LONG, (LONG, 1)) == [()]


def test_plain_headings_are_short_lines_above_prose():
    found = headings(LONG, "聚焦核医疗等创新药械研发", LONG, "电话：020-1", LONG)
    assert found[0] == ()
    assert ("聚焦核医疗等创新药械研发",) in found


def test_a_plain_heading_may_run_over_two_lines():
    found = paths(BODY, "省市区联动", "赋能生物医药创新发展", LONG)
    assert found[LONG] == ("省市区联动 赋能生物医药创新发展",)


@pytest.mark.parametrize("title", ["关于支持的办法", "# 关于支持的办法"])
def test_the_title_is_no_heading(title):
    found = paths(title, BODY, "## 奖励", LONG, title="关于支持的办法")
    assert found == {title: (), BODY: (), "## 奖励": ("奖励",), LONG: ("奖励",)}


@pytest.mark.parametrize(
    "line",
    [
        "第一章规定了办法的适用范围，以及各部门的职责。",
        "第三条规定的项目由市科技局公布",
        "第三条、第四条所称的项目",
        *("# " + "字" * 200, "2024年2月7日", "二〇二四年二月七日", "2024-02-07 10:20"),
        *("（省科技厅牵头，省发展改革委按职责分工负责）", "记者 李明"),
        *("各市人民政府：", "各地级以上市人民政府，省有关单位：", "粤府〔2024〕5号"),
        *("广东省科学技术厅", "某某市人民政府办公厅", "某某市发展和改革局", "------", "· 甲乙丙丁"),
    ],
)
def test_what_is_no_heading(line):
    assert paths(LONG, line, BODY)[BODY] == ()


def test_items_of_a_list_head_nothing():
    found = paths("二、材料", "1.申请表", "2.承诺书", "3.其他材料", "请于八月一日前报送。" + BODY)
    assert set(found.values()) == {("二、材料",)}


def test_prose_behind_the_last_item_belongs_to_the_list():
    items = [f"（{n}）目标{n}。{BODY}" for n in "一二三"]
    prose = "到2035年，形成高地。"
    found = paths("二、目标", *items, prose, "三、任务", LONG)
    assert found[items[2]] == ("二、目标", "（三）目标三")
    assert found[prose] == ("二、目标",)


def test_prose_behind_an_item_in_the_middle_is_its_own():
    items = [f"（{n}）目标{n}。{BODY}" for n in "一二三"]
    found = paths("二、目标", items[0], "同时，甲。", items[1], items[2], "同时，乙。")
    assert found["同时，甲。"] == ("二、目标", "（一）目标一")
    assert found["同时，乙。"] == ("二、目标", "（三）目标三")  # items here have several paragraphs


def test_an_item_with_a_long_first_sentence_ends_the_one_before():
    item = "（二）支持企业会同高等院校和科研机构围绕关键核心技术开展攻关并给予资金，" + BODY
    found = paths("二、任务", "（一）平台。" + BODY, item)
    assert found[item] == ("二、任务",)


@pytest.mark.parametrize(
    "lines",
    [
        ("某省科学技术厅", "某省发展改革委", "2024年2月7日"),
        ("附件：1.申请表", "2.承诺书"),
        ("聯繫人：李明，電話：020-1",),
        ("特此通知。",),
    ],
)
def test_what_closes_a_document_stands_under_no_heading(lines):
    found = paths("五、保障", "（一）组织。" + BODY, "（二）资金。" + BODY, *lines)
    assert {found[line] for line in lines} == {()}


def test_contacts_under_a_heading_of_their_own_keep_it():
    found = paths("五、保障", LONG, "六、联系方式", "联系人：李明")
    assert found["联系人：李明"] == ("六、联系方式",)


def test_a_date_between_paragraphs_closes_nothing():
    assert paths("一、大事", BODY, "2024年2月7日", LONG)[LONG] == ("一、大事",)


def test_a_table_ends_with_its_rows():
    found = paths("一、标准", "补贴表", "项目\t标准", "甲\t1万元", LONG)
    assert found["甲\t1万元"] == ("一、标准", "补贴表", "项目 | 标准")
    assert found[LONG] == ("一、标准",)


@pytest.mark.parametrize(
    "first",
    ["研发\t100万元", "1\t甲", "名称\t" + BODY, "支持平台。\t条件", "50%\t以上"],
)
def test_a_first_row_of_values_is_no_header(first):
    assert paths(first, "乙\t200万元")["乙\t200万元"] == ()


def test_years_may_head_columns():
    assert paths("指标\t2023年\t2024年", "产值\t1\t2")["产值\t1\t2"] == ("指标 | 2023年 | 2024年",)


def test_a_row_of_one_cell_above_the_header_is_a_caption():
    found = paths("某市补贴表\t\t", "项目\t条件\t标准", "甲\t乙\t1万元")
    assert found["甲\t乙\t1万元"] == ("某市补贴表", "项目 | 条件 | 标准")


def test_rows_of_markdown_are_a_table():
    found = paths("| 项目 | 标准 |", "| 甲 | 1万元 |")
    assert found["| 甲 | 1万元 |"] == ("项目 | 标准",)


def test_paragraphs_that_begin_with_a_tab_are_no_table():
    assert set(paths("\t" + BODY, "\t" + LONG).values()) == {()}


@pytest.mark.parametrize(
    "line",
    [
        *("# 题{}\n", "第{}章 总则\n", "{}、研发。支持研发\n", "（一）甲\n1.乙\n", "\n \n", "|\n"),
        *("\t{}\n", "甲\t{}\n", "某局\n2024年1月2日\n", "联系人：甲\n", "附件\n", "第一条 略。\n"),
    ],
)
def test_thousands_of_lines_of_one_kind_are_read(line):
    text = "".join(line.format(i) for i in range(3000))
    tree = outline(identity(text), "题1")
    assert sum(s.last - s.first for s in tree.sections) == len(split_lines(text))


CHAPTERS = ["第一章 总则", "第二章 附则"]


@pytest.mark.parametrize("word", ["目录", "目  錄", "目 次"])
@pytest.mark.parametrize("page", ["", "……3", " 3"])
def test_a_table_of_contents_is_one_section_under_no_heading(word, page):
    entries = [chapter + page for chapter in CHAPTERS]
    found = [
        *(word, *entries, CHAPTERS[0], "第一条 为了规范，制定本法。", CHAPTERS[1]),
        "第二条 本法自明日起施行。",
    ]
    text = "\n".join(found)
    tree = outline(identity(text))
    first = tree.sections[0]
    assert (first.first, first.last, tree.paths[first.node]) == (0, 3, ())
    assert [tree.paths[s.node] for s in tree.sections[1:]] == [
        (CHAPTERS[0], "第一条"),
        (CHAPTERS[1], "第二条"),
    ]


def test_the_word_for_contents_without_entries_that_come_again_changes_nothing():
    assert paths("目录", "一、总则", BODY)[BODY] == ("一、总则",)


def test_a_short_line_with_a_colon_names_the_list_below_it():
    found = paths("重點目標：", "1.平臺。" + BODY, "2.人才。" + BODY)
    assert found["2.人才。" + BODY] == ("重點目標", "2.人才")


@pytest.mark.parametrize("line", ["各有关单位：", "有关事项通知如下：", "市科技局：", "附件："])
def test_an_address_or_an_announcement_names_no_list(line):
    assert paths(line, "1.平台。" + BODY)["1.平台。" + BODY][-1:] == ("1.平台",)
    assert not any(path[:1] == (line[:-1],) for path in paths(line, "1.平台。" + BODY).values())


@pytest.mark.parametrize(
    ("question", "answer"),
    [("问：谁可以申请？", "答："), ("Q2：額度多少？", "A2："), ("問題三、何時發放？", "答：")],
)
def test_a_question_heads_its_answer(question, answer):
    answer += BODY
    assert paths(LONG, question, answer)[answer] == (question,)


def test_a_question_without_an_answer_heads_nothing():
    assert paths("问：谁可以申请？", BODY)[BODY] == ()


def test_the_title_of_an_attached_document_stands_apart_from_the_signature():
    title = "某市低空经济发展若干措施（试行）"
    text = "\n".join([LONG, "某市发展局", "2024年9月6日", "（此件公开发布）", title, BODY])
    tree = outline(identity(text))
    assert (4, 6) in [(s.first, s.last) for s in tree.sections]


@pytest.mark.parametrize(
    "line", ["联系人：张三、李四", "聯絡人：陳大文", "技术支持：某某软件公司", "咨询电话：某办公室"]
)
def test_a_contact_is_no_heading(line):
    assert all(line not in path for path in paths(LONG, line, LONG).values())


def test_a_line_with_several_commas_is_no_heading():
    assert paths("坚持市场主导，以技术为动力，以整车", BODY)[BODY] == ()


@pytest.mark.parametrize("line", ["附件：1.申请表", "服务热线：12345"])
def test_only_what_a_heading_speaks_of_stays_under_it(line):
    found = paths("四、联系方式", "联系人：李明", line)
    assert found[line] == (() if line.startswith("附件") else ("四、联系方式",))


def test_a_signature_stands_under_no_heading_of_contacts():
    found = paths("四、联系方式", "联系人：李明", "某市科技局", "2025年2月10日")
    assert found["2025年2月10日"] == ()


def test_an_item_with_a_bullet_is_no_caption():
    found = paths("一、标准", "• 省级奖励20万元", "类别\t奖励", "甲\t1万元")
    assert found["甲\t1万元"] == ("一、标准", "类别 | 奖励")


def test_many_tables_of_contents_are_read():
    text = "".join(f"目录\n第{i}章 总则\n" for i in range(20_000))
    assert len(split_lines(text)) == sum(s.last - s.first for s in outline(identity(text)).sections)


def test_the_line_of_the_printer_belongs_to_no_list_of_attachments():
    text = "\n".join([LONG, "抄送：市财政局。", "某局办公室 2025年2月10日印发", "附件1：指南.docx"])
    tree = outline(identity(text))
    assert 2 not in {s.first for s in tree.sections}


def test_a_header_of_two_rows_names_its_columns_with_both():
    found = paths("部门\t项目\t金额", "\t\t年初\t调整", "甲\t乙\t1\t2", "丙\t丁\t3\t4")
    assert found["甲\t乙\t1\t2"] == ("部门 | 项目 | 金额 | 年初 | 调整",)


def test_a_row_below_the_header_with_values_is_no_part_of_it():
    found = paths("部门\t项目\t金额", "\t研发\t100万元", "甲\t乙\t1")
    assert found["甲\t乙\t1"] == ("部门 | 项目 | 金额",)


def test_what_stands_below_a_date_in_a_chronicle_is_no_attached_document():
    found = paths("一、大事", BODY, "2024年2月7日", "某市产业发展规划", LONG)
    assert found["某市产业发展规划"] != ()
