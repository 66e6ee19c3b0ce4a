from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mixed_text import check_characters, check_places, mixed_texts

from index.clean import STEPS, clean, drop_markdown, drop_markup_residue, tidy_layout
from index.cleaning.broken_lines import join_broken_lines
from index.cleaning.characters import normalise_characters, ordinary_form
from index.cleaning.glosses import drop_glosses
from index.errors import EmptyDocument, ReadError
from index.offsets import identity, kept_spans
from index.read import read_bytes, read_file
from index.types import Layout, Span

MEDIA_TYPES = ("text/plain", "text/markdown", "text/html")
PROSE = "市科技局会同有关部门组织实施，按年度公布支持项目名单和资金安排"
# What starts something that may be spelled out as another character: an entity, an odd form.
SPELLED = "&" + "".join(c for c in map(chr, range(0x2E80, 0x30000)) if ordinary_form(c) != c)


def run(step, text):
    return step(identity(text)).text


def reasons(text):
    return {dropped.reason for dropped in text.dropped}


# What holds for every text.


@given(mixed_texts, st.sampled_from(MEDIA_TYPES))
def test_a_clean_text_knows_its_places_and_accounts_for_all_of_the_raw_text(raw, media_type):
    try:
        text = clean(raw, media_type)
    except ReadError:
        return
    check_places(text, raw)
    check_characters(text, raw, SPELLED)
    assert text.text == text.text.strip(" \n")
    assert "\n\n" not in text.text


@given(mixed_texts, st.sampled_from([*STEPS, drop_markdown]))
def test_each_step_alone_keeps_places_and_accounts_for_what_goes(raw, step):
    text = step(identity(raw))
    check_places(text, raw)
    check_characters(text, raw, SPELLED)


@given(mixed_texts)
def test_cleaning_twice_gives_the_same(raw):
    try:
        first, second = clean(raw), clean(raw)
    except ReadError:
        return
    assert first.text == second.text
    assert first.dropped == second.dropped
    assert np.array_equal(first.starts, second.starts)
    assert np.array_equal(first.ends, second.ends)


@given(mixed_texts)
def test_kept_spans_hold_all_that_was_not_dropped(raw):
    try:
        text = clean(raw)
    except ReadError:
        return
    kept = {i for span in kept_spans(text) for i in range(span.start, span.end)}
    dropped = {i for d in text.dropped for i in range(d.span.start, d.span.end)}
    assert {i for i, character in enumerate(raw) if not character.isspace()} <= kept | dropped


@pytest.mark.parametrize("raw", ["", " \n\t", "\ufeff\u200b", "<br/>", "相关阅读\n别的文章\n"])
def test_nothing_left_is_an_error(raw):
    with pytest.raises(EmptyDocument):
        clean(raw)


# Characters.


def test_line_ends_and_spaces_become_one_kind_each():
    assert run(normalise_characters, "一\r\n二\r三\u2028四\x85五\x0c六") == "一\n二\n三\n四\n五\n六"
    assert run(normalise_characters, "a\tb\xa0c\u3000d\u2003e") == "a\tb c d e"


def test_invisible_characters_go_and_are_listed():
    text = normalise_characters(identity("\ufeff东\u200b莞\xad市\ufe0f\U000e0101\x00"))
    assert text.text == "东莞市"
    assert reasons(text) == {"invisible character"}


def test_emoji_letters_with_marks_and_rare_characters_stay():
    for kept in ("🧬", "e\u0301", "𠀀", "㐀", "İ", "\ufffd", "\ud83d"):
        assert run(normalise_characters, kept) == kept


def test_radicals_wide_letters_and_ligatures_become_ordinary_and_keep_their_places():
    raw = "⼴东⻓远ＡＩ２０３５年５％，ﬁnance；（全角）"
    text = normalise_characters(identity(raw))
    assert text.text == "广东长远AI2035年5%，finance；（全角）"
    assert not text.dropped
    assert text.to_raw(Span(14, 16)) == Span(14, 15)  # the two letters of the ligature


# Tables.


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("项目\t金额\n硼药\t200万元", "项目\t金额\n硼药\t200万元"),
        ("甲 \t 乙\u3000\t\xa0丙", "甲\t乙\t丙"),
        ("甲\t\t丙", "甲\t\t丙"),  # an empty cell
        ("\t2023年\t2024年\n产量\t1\t2", "\t2023年\t2024年\n产量\t1\t2"),
        ("甲\t乙\t\t\n丙\t丁\t", "甲\t乙\n丙\t丁"),
        ("甲\t乙\n小计\t\t\n丙\t丁", "甲\t乙\n小计\t\n丙\t丁"),  # still a row
        ("甲\t乙\n\t丁", "甲\t乙\n\t丁"),  # of a merged cell
        ("甲\t乙\n\t\t\n丙\t丁", "甲\t乙\n丙\t丁"),
        ("\t这是一段正文。\n\t这是另一段。\t", "这是一段正文。\n这是另一段。"),
        ("\t \t", ""),
    ],
)
def test_tabs_between_cells_stay_and_others_go(raw, expected):
    assert run(tidy_layout, run(normalise_characters, raw)) == expected


def test_rows_of_a_table_are_neither_joined_nor_taken_for_widgets():
    rows = [f"对第{i}类企业的研发项目给予奖励，\t{PROSE}，\t{i}" for i in range(5)]
    raw = "\n".join([*rows, "访问量\t1024\t2048", "点赞\t(3)", "一、总则。"])
    assert clean(raw).text == raw


# Markup.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('记者?。?span style="text-align: justify;">李明', "记者李明"),
        ('?。?strong class="a">要点?/strong>', "要点"),
        ('<p class="x">正文</p><br/>', "正文"),
        ("甲<!-- 注释 -->乙", "甲乙"),
        ("A&amp;B &lt;5% &ldquo;引&rdquo; &#24180;", "A&B <5% “引” 年"),
        ("&nbsp;&nbsp;正文", "\xa0\xa0正文"),
    ],
)
def test_markup_residue_goes_and_entities_are_spelled_out(text, expected):
    assert run(drop_markup_residue, text) == expected


@pytest.mark.parametrize(
    "text", ["a<b，且b>c", "p<0.05", "AT&T", "研发&转化", "<5%", "<广东省>", "&unknown;", "x &lt y"]
)
def test_what_only_looks_like_markup_is_kept(text):
    assert run(drop_markup_residue, text) == text


def test_an_entity_stands_at_the_place_of_its_spelling():
    text = clean("研发&amp;转化")
    assert text.text == "研发&转化"
    assert text.to_raw(Span(2, 3)) == Span(2, 7)


def test_markdown_loses_front_matter_emphasis_and_rulers():
    lines = ["---", "title: 办法", "---", "", "# 办法", "", "**要点**：`代码`", ""]
    raw = "\r\n".join([*lines, "|a|b|", "|---|:-:|", "|1|2|", "> 引用", ""])
    for start in ("", "\ufeff"):
        text = clean(start + raw, "text/markdown")
        assert text.text == "# 办法\n要点：代码\n|a|b|\n|1|2|\n引用"
        assert {"front matter", "markup"} <= reasons(text)


@pytest.mark.parametrize("text", ["2*3*4", "a * b", "- 第一项", "-- 破折号", "表格|列"])
def test_markdown_keeps_what_is_no_markup(text):
    assert run(drop_markdown, text) == text


# Lines.


def test_lines_broken_inside_a_sentence_are_joined_across_blank_lines():
    parts = ("（一）现状。建有国家基因库等一\n", "  批重大设施；拥有大学等一批知名")
    raw = "\n".join([*parts, "  医科大学，以及一大批企业。"])
    assert clean(raw).text == raw.replace("\n", "").replace(" ", "")


def test_latin_words_stay_apart_where_lines_are_joined():
    raw = "The city supports research; it also pays for the\nclinical trials; there is no limit."
    assert "the clinical" in run(join_broken_lines, raw)


def test_text_wrapped_to_one_width_is_joined():
    width = 24
    sentence = PROSE * 5 + "。"
    raw = "\n".join(sentence[i : i + width] for i in range(0, len(sentence), width))
    assert clean(raw).text == sentence


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (f"{PROSE}（含\n\n扩建）。", f"{PROSE}（含扩建）。"),  # a bracket is open
        (f"{PROSE}，\n按年度公布。", f"{PROSE}，按年度公布。"),
        ("The city supports clinical re-\nsearch in every district.",) * 1
        + ("The city supports clinical research in every district.",),
        (
            "It pays for the clinical\ntrials of new drugs.",
            "It pays for the clinical trials of new drugs.",
        ),
    ],
)
def test_a_sentence_that_is_open_at_the_end_of_a_line_goes_on(raw, expected):
    assert clean(raw).text == expected


def test_a_hyphen_that_broke_a_word_is_listed():
    text = clean("The city supports clinical re-\nsearch in every district.")
    assert reasons(text) == {"hyphen at the end of a line"}


@pytest.mark.parametrize(
    "lines",
    [
        (f"{PROSE}，具体安排", "联系电话：020-12345678，联系人：李明，在工作日接听。"),
        ("附件：东莞市生物医药产业项目申报表，", "东莞市科学技术局"),
        ("支持企业开展创新药研发和产业化", "第一，对通过评审的项目给予支持，每年公布名单。"),
        ("聚焦核医疗等创新药械研发的领域", "生物医药产业是重点发展的产业之一，近年来规模扩大。"),
        ("二、主要目标和重点任务安排如下", "（一）到2030年，新增1家实验室。"),
        ("各地级以上市人民政府，各有关单位：", "现将办法印发给你们，请认真组织实施。"),
        ("市科技局会同有关部门组织实施。", "每年公布支持项目名单，接受社会监督。"),
        (PROSE + "，具体包括", "1.平台建设，最高500万元。"),
        (PROSE, "2024年2月7日"),
    ],
)
def test_headings_and_whole_sentences_are_not_joined(lines):
    assert clean("\n".join(lines)).text == "\n".join(lines)


def test_layout_has_no_empty_lines_or_runs_of_spaces():
    assert run(tidy_layout, "  一 \n\n \n二  三\n ") == "一\n二 三"


# Hostile texts: linear time, or these tests do not end.


@pytest.mark.parametrize(
    "raw",
    [
        "<!--" * 50_000 + "字",
        "点赞" + " " * 50_000 + "x",
        "a >" + " " * 50_000 + "。",
        "\n" * 100_000 + "字",
        'p a="' * 20_000,
        "\n".join(f"第{i}家某某科技有限公司{i % 977}号" for i in range(5_000)),
        "\n".join(
            f"这是第{i}句完整的话，写在这里。水印{i // 4}www.example.com" for i in range(2_000)
        ),
        "“" * 50_000,
        "a >" * 50_000,
        "\t" * 50_000 + "字",
        " \t" * 50_000 + "字",
        "支持（" * 30_000,
        "&" * 100_000 + "字",
    ],
    ids=range(13),
)
def test_hostile_plain_text_is_cleaned(raw):
    assert clean(raw).text


@pytest.mark.parametrize("raw", [" " * 50_000 + "x", "-" * 50_000 + "x", "|---" * 20_000 + "x"])
def test_hostile_markdown_is_cleaned(raw):
    assert clean(raw, "text/markdown").text


# The documents.

FOREIGN = (
    *(
        "SUSHUAPOS",
        "速刷资讯",
        "腰带",
        "热门资讯",
        "相關閱讀",
        "相關(guān)",
        "span style",
        "免責",
        "版權與",
    ),
    *(
        "上一篇",
        "下一篇",
        "首頁>",
        "当前位置",
        "掃一掃",
        "微信掃碼",
        "&nbsp;",
        "\xa0",
        "\u3000",
        "\r",
    ),
)
FIGURES = {
    "000": ("超过500家", "197家", "50个以上", "3000万元", "200万元、500万元、800万元", "1500万元"),
    "001": ("2035年", "未來生命健康", "“人類時空多組學”", "020-32053717", "11号"),
    "002": ("50項", "38項", "12項", "200億元", "60億元", "1200多個", "超400家", "記者 鄭國豪"),
    "003": (
        "6455亿元",
        "4112.83亿元",
        "2342.17亿元",
        "11735个",
        "40个",
        "10%",
        "(CRISPRi)",
        "2024年2月7日",
    ),
    "004": ("2500億元", "15個", "100億元", "11月29日", "(CDMO)", "湖北省人民政府"),
}


def cleaned(file):
    (document,) = read_file(read_bytes(file), file.name).documents
    return document.raw, clean(document.raw, document.media_type)


def test_documents_lose_their_noise_and_keep_their_figures(corpus):
    for file in sorted(corpus.iterdir()):
        _, text = cleaned(file)
        assert not [word for word in FOREIGN if word in text.text]
        assert not [figure for figure in FIGURES[file.name[:3]] if figure not in text.text]


def test_documents_have_no_toned_gloss_left(corpus):
    for file in corpus.iterdir():
        _, text = cleaned(file)
        rest = drop_glosses(text)
        assert rest.text == text.text
        assert not set("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ") & set(text.text)


def test_documents_know_their_places(corpus):
    for file in corpus.iterdir():
        raw, text = cleaned(file)
        check_places(text, raw)
        check_characters(text, raw, SPELLED)


def test_duties_at_the_ends_of_paragraphs_survive(corpus):
    raw, text = cleaned(next(corpus.glob("003*")))
    assert text.text.count("按职责分工负责") == raw.count("按职责分工负责")
    assert "等一批重大科技基础设施" in text.text  # which was broken over two lines


def test_samples_know_their_places(samples):
    for file in samples.iterdir():
        raw, text = cleaned(file)
        check_places(text, raw)
        check_characters(text, raw, SPELLED)


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("每年最高*10万元*。", "每年最高10万元。"),
        ("每年最高*10万元*", "每年最高10万元"),
        ("面积为3*4*5米。", "面积为3*4*5米。"),
        ("见[办法](https://example.org/a_b.html)全文。", "见办法全文。"),
        ("联系[王工](mailto:w@x.example)。", "联系[王工](mailto:w@x.example)。"),
        ("见[2024]3号(附件)。", "见[2024]3号(附件)。"),
    ],
)
def test_markdown_is_read_in_chinese_text_too(markdown, shown):
    text = clean(f"{markdown}\n市里支持企业开展研发。", "text/markdown")
    assert text.text.split("\n")[0] == shown


@pytest.mark.parametrize("part", ["字*a", "[a", "[a](/", "字*", "[]("])
def test_hostile_markdown_is_read(part):
    assert clean(part * 20_000, "text/markdown").text


def test_what_the_sheets_of_a_workbook_repeat_is_theirs():
    rows = [[f"企业{m}之{i}\t{m}{i}00" for i in range(20)] for m in range(1, 5)]
    sheets = ["\n".join(["企业\t金额", *own, "填表人：张三", ""]) for own in rows]
    places = tuple(accumulate(map(len, sheets[:-1]), initial=0))
    raw = "".join(sheets)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert clean(raw, kind, Layout(places)).text == raw.strip()
    assert "填表人" not in clean(raw, "application/pdf", Layout(places)).text
