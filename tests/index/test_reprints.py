import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mixed_text import mixed_texts

from index.reprints import SHORTEST, groups, near_duplicate, preferred, signature
from index.script import to_traditional
from index.types import Metadata

SUBJECTS = (
    "市科技局",
    "企业",
    "高等院校",
    "研发机构",
    "产业园区",
    "医疗机构",
    "服务平台",
    "金融机构",
)
ACTIONS = ("建设", "申报", "开展", "组织", "评审", "推广", "验收", "公布")
OBJECTS = (
    "临床试验",
    "基因检测",
    "细胞治疗",
    "药物筛选",
    "装备研制",
    "标准制定",
    "数据共享",
    "示范应用",
)


def notice(seed: int, sentences: int = 40) -> str:
    """Return a text of its own for each seed."""
    chance = random.Random(seed)
    return "\n".join(
        f"{chance.choice(SUBJECTS)}{chance.choice(ACTIONS)}{chance.choice(OBJECTS)}，"
        f"{chance.choice(SUBJECTS)}{chance.choice(ACTIONS)}{chance.choice(OBJECTS)}，"
        f"最高{chance.randint(100, 999)}万元。"
        for _ in range(sentences)
    )


BASE = notice(1)
FRAME = "首页 > 政策文件\n发布时间：2024-03-15 浏览次数：1234\n{}\n责任编辑：王五 打印本页 关闭窗口"


def signatures(**texts: str) -> dict[str, bytes]:
    return {id_: signature(text) for id_, text in texts.items()}


@given(mixed_texts)
def test_a_signature_is_the_same_again_and_of_bounded_size(text):
    found = signature(text)
    assert found == signature(text)
    assert len(found) <= 4 * (1 + 128 + 64)


def test_a_signature_never_changes():
    """Stored ones must stay comparable, on whatever machine they were made."""
    import hashlib

    digest = hashlib.sha256(signature(BASE)).hexdigest()
    assert digest == DIGEST


DIGEST = "a8f41448efced49b1bff6446e89f5f399472d5fca69c8aa02c720fec3255d9ca"


@pytest.mark.parametrize("text", ["", "短", "……！？" * 100, "字" * (SHORTEST - 1)])
def test_short_texts_have_no_signature(text):
    assert signature(text) == b""


def test_texts_without_signature_are_in_no_group():
    assert groups({"a": b"", "b": b""}) == []


def test_reprints_are_found_in_either_script_and_whatever_is_around_them():
    comment = "编者按：文件出台后，业内认为有关部门还要细化流程，请有意的单位抓紧准备。" * 3
    found = groups(
        signatures(
            original=BASE,
            framed=FRAME.format(BASE),
            traditional=to_traditional(BASE),
            spaced=BASE.replace("，", " , ").replace("\n", "\n\n"),
            commented=BASE + "\n" + comment,
            other=notice(2),
        )
    )
    assert found == [("commented", "framed", "original", "spaced", "traditional")]


def test_an_article_around_a_notice_is_a_reprint_of_it():
    assert groups(signatures(a=BASE, b=BASE + notice(3, 12))) == [("a", "b")]


def test_an_article_around_two_notices_does_not_join_them():
    one, other = notice(1, 40), notice(2, 40)
    found = groups(signatures(one=one, other=other, both=one + "\n" + other))
    assert not any({"one", "other"} <= set(group) for group in found)


def test_the_notice_of_another_year_is_another_document():
    lines = BASE.split("\n")
    later = "\n".join(
        line.replace("最高", "最高1") if i % 3 else line for i, line in enumerate(lines)
    )
    assert groups(signatures(a=BASE, b=later)) == []


def test_a_chain_of_versions_does_not_join_the_first_to_the_last():
    lines, versions = BASE.split("\n"), {}
    replaced = notice(9).split("\n")
    for number in range(8):
        count = 3 * number
        versions[f"v{number}"] = "\n".join([*replaced[:count], *lines[count:]])
    found = groups(signatures(**versions))
    assert all(not {"v0", "v7"} <= set(group) for group in found)
    assert all(len(group) < 5 for group in found)


def test_groups_do_not_depend_on_the_order_of_the_documents():
    texts = {f"{n}{k}": notice(n) + "补" * k for n in range(6) for k in range(3)}
    known = signatures(**texts)
    backwards = dict(reversed(known.items()))
    assert groups(known) == groups(backwards)
    assert len(groups(known)) == 6


def test_thousands_of_copies_are_one_group():
    known = {f"{i:04}": signature(BASE) for i in range(1)} | dict.fromkeys(
        (f"{i:04}" for i in range(2000)), signature(BASE)
    )
    assert [len(group) for group in groups(known)] == [2000]


def test_a_very_long_text_has_a_signature():
    assert signature(BASE * 500)


OWN = Metadata(
    publisher="广东省科学技术厅", issuer="广东省科学技术厅、广东省财政厅", date="2024-02-29"
)
NEWS = Metadata(publisher="某日报", issuer="广东省科学技术厅", date="2024-02-08")


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (OWN, NEWS),
        (Metadata(publisher="廣東省科學技術廳網站", issuer="广东省科学技术厅"), NEWS),
        (Metadata(url="https://gdstc.gd.gov.cn/a.html", date="2025-01-01"), NEWS),
        (
            Metadata(url="http://www.info.gov.hk/x", date="2025-01-01"),
            Metadata(url="https://gov.cn.example.com/"),
        ),
        (Metadata(document_number="粤府〔2024〕5号", date="2025-01-01"), NEWS),
        (NEWS, Metadata(publisher="某周刊", date="2024-02-09")),
        (NEWS, Metadata(publisher="某周刊")),
        (Metadata(issued="2024-02-07"), NEWS),
        (NEWS, Metadata(url="http://[bad/")),
    ],
)
def test_the_copy_to_cite_is(first, other):
    assert preferred(("z", "a"), {"z": first, "a": other}) == "z"
    assert preferred(frozenset(("a", "z")), {"a": first, "z": other}) == "a"


def test_among_equals_the_first_id_is_preferred():
    assert preferred(("b", "a", "c"), {}) == "a"


SENTENCE = "东莞市对进入二期临床试验的创新药最高给予200万元奖励，2024年12月31日前申报。"


@given(mixed_texts)
def test_a_passage_is_its_own_duplicate_and_the_relation_is_symmetric(text):
    assert near_duplicate(text, text)
    assert near_duplicate(text, SENTENCE) == near_duplicate(SENTENCE, text)


@pytest.mark.parametrize(
    "other",
    [
        to_traditional(SENTENCE),
        SENTENCE.replace("，", ", ").replace("200万元", "200 万元"),
        SENTENCE.replace("2024", "２０２４"),
        "记者获悉，" + SENTENCE,
        SENTENCE + "更多请看本站",
        "\n".join((SENTENCE[:20], SENTENCE[20:])),
    ],
)
def test_the_same_sentence_elsewhere_is_a_duplicate(other):
    assert near_duplicate(SENTENCE, other)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *(("200万", "300万"), ("200万", "200亿"), ("2024年", "2025年"), ("12月31日", "11月30日")),
        *(
            ("二期", "三期"),
            ("最高给予", "最高不给予"),
            ("东莞市", "佛山市"),
            ("创新药", "CAR-T创新药"),
        ),
        ("200万元奖励", "奖励"),
    ],
)
def test_a_sentence_that_differs_in_what_counts_is_no_duplicate(old, new):
    assert old in SENTENCE
    text = (
        SENTENCE
        + "市科技局会同有关部门组织实施，按年度公布支持名单和资金安排，并接受社会监督。" * 2
    )
    assert not near_duplicate(text, text.replace(old, new))


def test_a_passage_that_says_much_more_is_no_duplicate():
    assert not near_duplicate(SENTENCE, SENTENCE + BASE)


@given(st.sampled_from(range(40)), st.sampled_from(range(40)))
def test_different_sentences_are_no_duplicates(one, other):
    lines = notice(5).split("\n")
    assert near_duplicate(lines[one], lines[other]) == (lines[one] == lines[other])


def test_real_documents_are_grouped_with_their_variants_only(corpus):
    texts = {file.name: file.read_text("utf-8") for file in sorted(corpus.iterdir())}
    variants = {f"{name} framed": FRAME.format(text) for name, text in texts.items()}
    scripts = {f"{name} hant": to_traditional(text) for name, text in texts.items()}
    found = groups(signatures(**texts, **variants, **scripts))
    assert found == [(name, f"{name} framed", f"{name} hant") for name in texts]
