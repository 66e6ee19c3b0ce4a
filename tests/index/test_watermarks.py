import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.clean import clean
from index.cleaning.watermarks import _distances, drop_watermarks
from index.offsets import identity

SENTENCES = (
    "市里将支持企业开展放射性药物研发。",
    "每年安排专项资金用于平台建设。",
    "对重大突破的项目给予奖励。",
    "鼓励医疗机构开展临床试验。",
    "高端人才可以获得安家补贴。",
    "企业应当按规定提交申报材料，逾期不予受理。",
)
SITE = "政策速递网——每天刷点新政策 WWW.EXAMPLE.COM"


def run(text):
    return drop_watermarks(identity(text)).text


def marked(watermark, sentences=SENTENCES):
    return "\n".join(sentence + watermark for sentence in sentences)


def changed(text, generator):
    place = generator.randrange(2, len(text))
    return text[:place] + generator.choice("的是了") + text[place + 1 :]


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
    assert {dropped.reason for dropped in text.dropped} == {"watermark"}


@pytest.mark.parametrize(
    "copy",
    [
        lambda i: f"政策速递网第{i + 7}页 www.example.com",
        lambda i: f"政策速递网2024-0{i + 1}-1{i} www.example.com",
        lambda i: f"政策速递网{2015 + i}年{2 * i + 1}月整理发布",
        lambda i: f"{random.Random(i).randbytes(2).hex()}{SITE}",
        lambda i: "".join(random.Random(i).choices("aXbYcd", k=4)) + SITE,  # an id without a digit
        lambda i: " ".join(SITE) if i % 2 else SITE,
        lambda i: changed(SITE, random.Random(i)),
        lambda i: changed(changed(SITE, random.Random(i)), random.Random(-i)) if i % 2 else SITE,
    ],
    ids=range(8),
)
def test_a_watermark_that_varies_is_one(copy):
    raw = "\n".join(sentence + copy(i) for i, sentence in enumerate(SENTENCES))
    assert run(raw) == "\n".join(SENTENCES)


def test_invisible_characters_in_a_watermark_do_not_hide_it():
    raw = "\n".join(
        sentence + SITE[: i + 2] + "\u200b\u2060" + SITE[i + 2 :]
        for i, sentence in enumerate(SENTENCES)
    )
    assert clean(raw).text == "\n".join(SENTENCES)


def test_a_watermark_goes_before_paragraphs_between_them_and_inside_them():
    assert run("\n".join(f"【政策速递网】www.example.com {s}" for s in SENTENCES)) == "\n".join(
        SENTENCES
    )
    between = run("\n".join(f"{sentence}\n{SITE}" for sentence in SENTENCES))
    assert between.split() == list(SENTENCES)
    inside = run(marked(SITE) + f"{SITE}另有规定的除外。{SITE}")
    assert "EXAMPLE" not in inside
    assert "另有规定的除外。" in inside


def test_a_line_that_comes_back_inside_sentences_is_a_watermark():
    halves = [(f"支持第{i}类企业开展创新药物的研发", "和产业化工作。") for i in range(4)]
    raw = "\n".join(f"{one}\n某某内部资料\n{other}" for one, other in halves)
    assert "内部资料" not in run(raw)


def test_letters_of_the_sentence_are_not_taken_with_the_watermark():
    raw = marked("a03看资讯example.com", (*SENTENCES, "大力支持“智造”AI"))
    assert run(raw).endswith("大力支持“智造”AI")


def test_a_watermark_with_an_address_may_close_few_paragraphs():
    plain = "\n".join(f"这是没有水印的第{i}段，写得足够长，是一段正文。" for i in range(20))
    text = run(f"{plain}\n{marked('看资讯example.com', SENTENCES[:3])}")
    assert "example.com" not in text
    assert all(sentence in text for sentence in SENTENCES[:3])


def test_a_watermark_behind_a_heading_goes_too():
    raw = f"政策亮点看资讯example.com\n{marked('看资讯example.com')}"
    assert run(raw).split("\n")[0] == "政策亮点"


@pytest.mark.parametrize(
    "ending",
    [
        "(省科技厅牵头，省发展改革委按职责分工负责)",
        "（市科技局、市财政局）",
        "责任单位：市科技局、市卫生健康局",
        "由市工业和信息化局牵头",
        "由省发展改革委牵头",
        "完成时限：2025年12月底前",
        "最高奖励500万元",
        "具体办法另行制定。",
        "详见附件",
        "（《广东省生物医药产业发展规划》）",
    ],
)
def test_what_paragraphs_say_again_and_again_is_kept(ending):
    raw = marked(ending)
    assert run(raw) == raw


@pytest.mark.parametrize(
    "lines",
    [
        ["第一句话。第二句话没有句号结尾www.example.com"] * 6,
        [f"{i}.支持企业开展第{i}类创新药研发和产业化" for i in range(8)],
        [
            f"第{c}条 县级以上人民政府应当加强管理，{s}"
            for c, s in zip("一二三四", SENTENCES, strict=False)
        ],
        [f"{s}\t黄埔区开源大道 www.example.com" for s in SENTENCES],
        [f"{s}联系邮箱：user{i}@example.com" for i, s in enumerate(SENTENCES)],
        [part for s in SENTENCES for part in (s, "责任单位：市科技局、市财政局")],
        [part for s in SENTENCES for part in (s, "申报条件与材料")],
    ],
    ids=range(7),
)
def test_lines_that_are_alike_by_nature_are_kept(lines):
    raw = "\n".join(lines)
    assert run(raw) == raw


@pytest.mark.parametrize(
    "raw",
    [
        "\n".join(f"第{i}家某某科技有限公司{i % 977}号" for i in range(5_000)),
        "\n".join(
            f"这是第{i}句完整的话，写在这里。水印{i // 4}www.example.com" for i in range(2_000)
        ),
        "\n".join(f"完整的话。site{i // 3:05d}.com/{'x' * (i % 90)}" for i in range(6_000)),
        "政策速递网www.example.com" * 100_000,
    ],
    ids=range(4),
)
def test_hostile_texts_end(raw):
    assert drop_watermarks(identity(raw)).text


def distances(mark: str, text: str) -> list[int]:
    """The distance of Levenshtein from each beginning of a text, by its definition."""
    row = list(range(len(mark) + 1))
    found = [row[-1]]
    for i, character in enumerate(text, 1):
        above, row = row, [i]
        for j, other in enumerate(mark, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (character != other)))
        found.append(row[-1])
    return found


FEW = st.text("政策网a", max_size=90)


@given(FEW.filter(bool), FEW)
def test_distances_are_those_of_levenshtein(mark: str, text: str):
    assert _distances(mark, text, len(mark) + 2 * len(text)) == distances(mark, text)


@given(FEW.filter(bool), FEW, st.integers(0, 5))
def test_distances_are_counted_as_long_as_they_may_be_small_enough(
    mark: str, text: str, allowed: int
):
    text = text[: len(mark) + allowed]
    found, expected = _distances(mark, text, len(mark) + 2 * allowed), distances(mark, text)
    assert found == expected[: len(found)]
    assert all(cost > allowed for cost in expected[len(found) :])
