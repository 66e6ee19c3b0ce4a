import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mixed_text import check_characters, check_places, mixed_texts

from index.clean import (
    STEPS,
    clean,
    drop_glosses,
    drop_markdown,
    drop_markup_residue,
    drop_watermarks,
    join_broken_lines,
    normalise_characters,
    tidy_layout,
)
from index.errors import EmptyDocument
from index.offsets import identity, kept_spans
from index.read import read_bytes, read_file
from index.types import Span

MEDIA_TYPES = ("text/plain", "text/markdown", "text/html")
PROSE = "市科技局会同有关部门组织实施，按年度公布支持项目名单和资金安排"
# What starts something that may be spelled out as another character: an entity.
SPELLED = "&"


def run(step, text):
    return step(identity(text)).text


def reasons(text):
    return {dropped.reason for dropped in text.dropped}


# What holds for every text.


@given(mixed_texts, st.sampled_from(MEDIA_TYPES))
def test_a_clean_text_knows_its_places_and_accounts_for_all_of_the_raw_text(raw, media_type):
    try:
        text = clean(raw, media_type)
    except EmptyDocument:
        return
    check_places(text, raw)
    check_characters(text, raw, SPELLED)
    assert text.text == text.text.strip()
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
    except EmptyDocument:
        return
    assert first.text == second.text
    assert first.dropped == second.dropped
    assert np.array_equal(first.starts, second.starts)
    assert np.array_equal(first.ends, second.ends)


@given(mixed_texts)
def test_kept_spans_hold_all_that_was_not_dropped(raw):
    try:
        text = clean(raw)
    except EmptyDocument:
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
    assert run(normalise_characters, "a\tb\xa0c\u3000d\u2003e") == "a b c d e"


def test_invisible_characters_go_and_are_listed():
    text = normalise_characters(identity("\ufeff东\u200b莞\xad市\ufe0f\U000e0101\x00"))
    assert text.text == "东莞市"
    assert reasons(text) == {"invisible character"}


def test_emoji_letters_with_marks_and_rare_characters_stay():
    for kept in ("🧬", "e\u0301", "𠀀", "㐀", "İ", "\ufffd", "\ud83d"):
        assert run(normalise_characters, kept) == kept


# Glosses.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("未來(lái)生(shēng)命", "未來生命"),
        ("和（hé）谐", "和谐"),
        ("重(zhòng)點(diǎn)、重(chóng)複(fù)", "重點、重複"),  # both readings of 重
        ("女(nǚ)性，绿(lü\u0300)色", "女性，绿色"),  # marks that stand apart as well
        ("高(ɡāo)", "高"),
        ("治疗(BNCT)的硼药", "治疗(BNCT)的硼药"),
        ("干扰(CRISPRi)等", "干扰(CRISPRi)等"),
        ("生(hé)命", "生(hé)命"),  # a reading, but of another character
        ("选项(a)和(b)", "选项(a)和(b)"),
        ("方案（he）", "方案（he）"),
        ("word(wò)", "word(wò)"),
        ("人工智能(AI)", "人工智能(AI)"),
    ],
)
def test_only_a_reading_of_the_character_before_is_a_gloss(text, expected):
    assert run(drop_glosses, text) == expected


def test_glosses_are_listed_with_their_places():
    raw = "高(gāo)校(xiào)"
    text = drop_glosses(identity(raw))
    assert [(d.span.of(raw), d.reason) for d in text.dropped] == [
        ("(gāo)", "pinyin gloss"),
        ("(xiào)", "pinyin gloss"),
    ]
    assert text.to_raw(Span(0, 2)) == Span(0, 7)


# Watermarks.

SENTENCES = (
    "市里将支持企业开展放射性药物研发。",
    "每年安排专项资金用于平台建设。",
    "对重大突破的项目给予奖励。",
    "鼓励医疗机构开展临床试验。",
    "高端人才可以获得安家补贴。",
)


def marked(watermark, sentences=SENTENCES):
    return "\n".join(sentence + watermark for sentence in sentences)


@pytest.mark.parametrize(
    "watermark",
    [
        "x9每天更新WWW.EXAMPLE.COM",
        "快看资讯，懂得多一点！www.example.cn",
        "每日政策速递公众平台",
        " 每日政策速递 ",
    ],
)
def test_a_string_at_the_end_of_most_paragraphs_is_a_watermark(watermark):
    text = drop_watermarks(identity(marked(watermark)))
    assert text.text.replace(" ", "") == "\n".join(SENTENCES)
    assert reasons(text) == {"watermark"}


def test_a_watermark_with_an_address_may_close_few_paragraphs():
    plain = "\n".join(f"这是没有水印的第{i}段，写得足够长，是一段正文。" for i in range(20))
    text = run(drop_watermarks, f"{plain}\n{marked('看资讯example.com', SENTENCES[:3])}")
    assert "example.com" not in text
    assert all(sentence in text for sentence in SENTENCES[:3])


def test_a_watermark_behind_a_heading_goes_too():
    raw = f"政策亮点看资讯example.com\n{marked('看资讯example.com')}"
    assert run(drop_watermarks, raw).split("\n")[0] == "政策亮点"


@pytest.mark.parametrize(
    "ending",
    [
        "(省科技厅牵头，省发展改革委按职责分工负责)",
        "（市科技局、市财政局）",
        "责任单位：市科技局、市卫生健康局",
        "由市工业和信息化局牵头",
        "具体办法另行制定。",
        "详见附件",
    ],
)
def test_what_paragraphs_say_again_and_again_is_kept(ending):
    raw = marked(ending)
    assert run(drop_watermarks, raw) == raw


def test_paragraphs_that_are_repeated_whole_are_no_watermark():
    raw = "\n".join(["第一句话。第二句话没有句号结尾www.example.com"] * 6)
    assert run(drop_watermarks, raw) == raw


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
    "lines",
    [
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
        "&" * 100_000 + "字",
    ],
    ids=range(9),
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
