from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.clean import clean
from index.cleaning.characters import normalise_characters
from index.cleaning.running_lines import PAGE_NUMBER, RUNNING, TABLE_HEADER, drop_running_lines
from index.offsets import identity
from index.types import Layout

BODY = "市科学技术局负责编制年度预算，组织项目申报、评审、立项和验收，按时公布名单。"


def paged(*pages):
    """Return a text and the places at which its pages begin."""
    texts = [page + "\n" for page in pages]
    starts = [0, *accumulate(map(len, texts))][:-1]
    return identity("".join(texts)), starts


def kept(*pages):
    text = drop_running_lines(*paged(*pages))
    return [line for line in text.text.split("\n") if line]


def reasons(*pages):
    return [dropped.reason for dropped in drop_running_lines(*paged(*pages)).dropped]


def bodies(count):
    """Return that many different pages."""
    return [f"第{'甲乙丙丁戊己庚辛'[i]}项工作如下。\n{BODY[i:]}" for i in range(count)]


@pytest.mark.parametrize(
    "number",
    ["— {} —", "- {} -", "－{}－", "{}/3", "{} / 3", "第{}页", "第 {} 頁 共 3 頁", "Page {} of 3"],
)
@pytest.mark.parametrize("count", [2, 3])
def test_page_numbers_go_from_two_pages_on(number, count):
    pages = [f"{body}\n{number.format(i + 1)}" for i, body in enumerate(bodies(count))]
    assert kept(*pages) == "\n".join(bodies(count)).split("\n")
    assert set(reasons(*pages)) == {PAGE_NUMBER}


@pytest.mark.parametrize("side", ["{number}\n{body}", "{body}\n{number}"])
def test_bare_numbers_go_when_they_count_with_the_pages(side):
    pages = [side.format(body=body, number=i + 7) for i, body in enumerate(bodies(4))]
    assert kept(*pages) == "\n".join(bodies(4)).split("\n")


def test_numbers_that_do_not_count_with_the_pages_stay():
    pages = [f"{body}\n{number}" for body, number in zip(bodies(3), (2025, 80, 1300), strict=True)]
    assert kept(*pages) == "\n".join(pages).split("\n")


@pytest.mark.parametrize(
    ("head", "foot"),
    [
        (
            "2026/7/24 15:30 科技专项资金管理办法_青川市人民政府",
            "https://www.example.cn/a/1.html {}/2",
        ),
        ("2026/7/24 15:30 科技專項資金管理辦法", "www.example.cn 第{}頁"),
        ("11/22/26, 4:06 AM 青川市科技专项资金管理办法", "http://www.example.cn/n.html {}/2"),
        ("科技专项资金管理办法 2026年7月24日 15:30", "file:///C:/notice.html {}/2"),
    ],
)
def test_lines_that_browsers_print_go_from_two_pages_on(head, foot):
    pages = [f"{head}\n{body}\n{foot.format(i + 1)}" for i, body in enumerate(bodies(2))]
    lines = kept(*pages)
    assert head not in lines
    assert all(line in lines for body in bodies(2) for line in body.split("\n"))


def test_a_header_repeated_on_three_pages_goes_and_the_title_below_it_stays():
    header = "科技专项资金管理办法"
    pages = [f"{header}\n{body}" for body in bodies(3)]
    pages[0] = f"{header}\n{header}\n{bodies(3)[0]}"
    assert kept(*pages) == [header, *"\n".join(bodies(3)).split("\n")]


def test_a_title_that_is_only_the_header_of_later_pages_stays_on_the_first():
    header = "青川市科技专项资金管理办法"
    assert kept(*(f"{header}\n{body}" for body in bodies(4))).count(header) == 1


def test_headers_of_left_and_right_pages_go():
    heads = ("青川政报", "二〇二五年第三期")
    pages = [f"{heads[i % 2]}\n{body}" for i, body in enumerate(bodies(8))]
    assert kept(*pages) == "\n".join(bodies(8)).split("\n")


def test_of_two_pages_the_first_header_stays():
    pages = [f"青川市科技局材料\n{body}" for body in bodies(2)]
    assert kept(*pages).count("青川市科技局材料") == 1


def test_a_header_row_that_a_table_repeats_stays_once():
    head = "序号\t项目\t金额"
    pages = [f"{head}\n{i}\t项目{i}\t{i * 35 + 20}\n— {i} —" for i in range(1, 4)]
    rows = [f"{i}\t项目{i}\t{i * 35 + 20}" for i in range(1, 4)]
    assert kept(*pages) == [head, *rows]
    assert reasons(*pages).count(TABLE_HEADER) == 2


def test_rows_alike_at_the_head_of_pages_stay_when_no_table_runs_over():
    pages = [f"序号\t项目\t金额\n{i}\t甲\t{i}\n以上为第{i}批项目名单。" for i in range(1, 4)]
    assert sum(line.startswith("序号") for line in kept(*pages)) == 3


def test_one_page_is_left_alone():
    page = f"青川政报\n{BODY}\n— 1 —"
    assert kept(page) == page.split("\n")


def test_lines_repeated_inside_pages_stay():
    pages = [
        f"{BODY}\n{i}号文件。\n{BODY[i:]}\n附件下载\n{BODY[3:]}\n{BODY[i + 9 :]}\n"
        for i in range(4)
    ]
    assert kept(*pages).count("附件下载") == 4


def test_copies_of_a_form_on_every_page_stay():
    form = "申报表\n申报单位\n联系人\n电话"
    assert kept(form, form, form, form) == [*form.split("\n")] * 4


def test_a_signature_on_the_last_page_stays():
    pages = [f"{body}\n— {i + 1} —" for i, body in enumerate(bodies(3))]
    pages[-1] = f"{bodies(3)[-1]}\n青川市人民政府\n2025年2月18日\n— 3 —"
    assert kept(*pages)[-2:] == ["青川市人民政府", "2025年2月18日"]


def test_a_sentence_broken_over_a_page_is_whole_again_after_cleaning():
    first = "本办法所称专项资金，是指市级财政预算安排的，用于支持企业开展攻关。专项资金的使用"
    second = "遵循公开透明、择优扶持、注重绩效的原则，由市科技局负责。"
    text, starts = paged(
        f"青川政报\n{bodies(3)[0]}\n{first}\n— 1 —",
        f"青川政报\n{second}\n{bodies(3)[1]}\n— 2 —",
        f"青川政报\n{bodies(3)[2]}\n— 3 —",
    )
    cleaned = clean(text.text, "application/pdf", Layout(pages=tuple(starts)))
    assert first + second in cleaned.text
    assert {RUNNING, PAGE_NUMBER} <= {dropped.reason for dropped in cleaned.dropped}


page = st.lists(st.sampled_from(["", "青川政报", "— 1 —", "2/3", BODY, "甲\t乙", "7"]), max_size=8)


@given(st.lists(page, min_size=1, max_size=6))
def test_only_whole_lines_go_and_each_is_accounted_for(pages):
    text, starts = paged(*("\n".join(lines) for lines in pages))
    after = drop_running_lines(text, starts)
    lost = sorted(dropped.span.of(text.text) for dropped in after.dropped)
    left = [line for line in after.text.split("\n") if line]
    assert sorted([*left, *lost]) == sorted(line for line in text.text.split("\n") if line)


def test_pages_without_text_do_no_harm():
    text, starts = paged("", bodies(1)[0], "")
    assert drop_running_lines(text, starts).text == text.text
    assert normalise_characters(drop_running_lines(text, starts)).text
