"""How many changed sentences does verification catch, and how many true ones does it doubt?

A small selection of what `bench/mutations.py` tries, over the samples alone.
"""

from pathlib import Path

import pytest

from bench.mutations import Outcome, Said, check, outcomes
from index.script import fold_tight
from rag.types import Status

CHANGED, VERBATIM = 84, 15
CAUGHT, ALARMS = 0.9, 0.03  # of so few; bench/mutations.py holds the bars, .95 and .02

# Written by hand: the beginning of a sample's name, words of the passage cited, what is said of it.
TRUE = [
    (
        "dongguan",
        "封顶1500万元",
        "硼药研发企业进入Ⅲ期临床最多可获800万元，且一家企业每年累计不超过1500万元。",
    ),
    (
        "dongguan",
        "封顶1500万元",
        "BNCT drugs get up to RMB 2 million in phase I, 5 million in II and 8 million in III.",
    ),
    (
        "dongguan",
        "封顶1500万元",
        "One company can receive at most RMB 15 million a year in Dongguan.",
    ),
    ("dongguan", "封顶1500万元", "條件是藥品屬於創新型，並計劃在東莞落地轉化。"),
    (
        "dongguan",
        "封顶1500万元",
        "东莞对放射性药物和硼药，进入一期、二期、三期临床分别最多奖励200万、500万、800万元。",
    ),
    ("dongguan", "3000万元", "AI制药、合成生物等项目群经评审，单个最高可获3000万元。"),
    ("dongguan", "3000万元", "A project cluster can get up to 30 million yuan after review."),
    ("dongguan", "1000万元", "突破“卡脖子”核心技术的单个项目，最高资助1000万元。"),
    ("dongguan", "规上企业197家", "东莞有超过500家生物医药企业，其中规上企业197家。"),
    (
        "dongguan",
        "规上企业197家",
        "Dongguan has more than 500 biomedical companies, 197 of them above the designated size.",
    ),
    ("dongguan", "规上企业197家", "两家企业入选中国医药工业百强，34家为广东省专精特新企业。"),
    ("dongguan", "100万元为限", "企业与高校院所合办的研发机构，认定优秀的最多奖励100万元。"),
    ("dongguan", "最多资助500万元", "符合条件的概念中试服务平台，建设费用最高资助500万元。"),
    ("dongguan", "最多资助500万元", "公共服务平台奖励最多300万元，临床试验机构的奖励数额未写明。"),
    ("dongguan", "不少于50个项目", "粤莞联合基金每年安排至少50个项目，支持生物医药与健康方向。"),
    (
        "dongguan",
        "不少于50个项目",
        "The joint fund offers no fewer than 50 projects a year in Dongguan.",
    ),
    ("guangdong-plan-news", "2035", "到2035年，广东要有一批国际上有影响的创新型企业。"),
    ("guangdong-plan-news", "珠海", "集群主要依托广州、深圳、珠海、中山等地市。"),
    (
        "guangdong-plan-news",
        "珠海",
        "The cluster mainly relies on Guangzhou, Shenzhen, Zhuhai and Zhongshan.",
    ),
    (
        "guangdong-plan-news",
        "核心是兩座城",
        "核心城市是广州和深圳，重点城市是珠海、中山、东莞、佛山。",
    ),
    ("guangdong-plan-news", "金額", "新闻页没有提到任何补贴金额。"),
    ("hubei-opinions", "2500", "湖北提出，到2027年生物医药产业营业收入达到2500亿元。"),
    ("hubei-opinions", "2500", "Hubei aims at a revenue of RMB 250 billion by 2027."),
    ("nansha", "150人", "约150人到会，包括全省21个地市的发改部门。"),
    ("nansha", "150人", "About 150 people attended, among them departments of 21 cities."),
]
FALSE = [
    ("dongguan", "封顶1500万元", "硼药研发企业进入Ⅲ期临床，最多可获500万元。"),
    ("dongguan", "封顶1500万元", "一家企业每年累计至少可领1500万元。"),
    ("dongguan", "封顶1500万元", "Dongguan rewards phase III with up to RMB 5 million."),
    (
        "dongguan",
        "封顶1500万元",
        "One company can receive at most RMB 1.5 million a year in Dongguan.",
    ),
    ("dongguan", "封顶1500万元", "佛山的硼药企业一年合计封顶1500万元。"),
    ("dongguan", "规上企业197家", "东莞有超过500家生物医药企业，其中规上企业179家。"),
    ("dongguan", "规上企业197家", "东莞规上企业有500家。"),
    ("dongguan", "3000万元", "项目群无须评审，最多给3000万元。"),
    ("dongguan", "3000万元", "A project cluster can get at least 30 million yuan after review."),
    ("dongguan", "最多资助500万元", "临床试验机构的奖励最多为200万元。"),
    ("dongguan", "100万元为限", "评上优秀的研发机构，奖励至少100万元。"),
    ("guangdong-plan-news", "金額", "新闻页提到了补贴的金额。"),
    ("guangdong-plan-news", "2035", "到2030年，广东要有一批国际上有影响的创新型企业。"),
    ("hubei-opinions", "2500", "Hubei aims at a revenue of RMB 25 billion by 2027."),
    ("hubei-opinions", "2500", "湖南提出，到2027年生物医药产业营业收入达到2500亿元。"),
    ("hubei-opinions", "2500", "湖北生物医药产业2027年营业收入为2500万元。"),
    ("nansha", "150人", "约1500人到会。"),
    ("nansha", "150人", "全省12个地市的发改部门到会。"),
]


@pytest.fixture(scope="module")
def tried(samples: Path) -> tuple[list[Outcome], list[Outcome]]:
    return outcomes([samples], CHANGED, VERBATIM)


def test_changed_sentences_are_caught(tried) -> None:
    changed, _ = tried
    missed = [(one.kind, one.said.text) for one in changed if not one.doubted]
    assert len({one.kind for one in changed}) >= 20
    assert 1 - len(missed) / len(changed) >= CAUGHT, missed


def test_true_sentences_are_not_doubted(tried) -> None:
    _, true = tried
    doubted = [(one.kind, one.said.text) for one in true if one.doubted]
    assert len(true) > 150
    assert len(doubted) <= ALARMS * len(true), doubted


def test_what_stands_word_for_word_is_never_doubted(tried) -> None:
    _, true = tried
    assert not [one.said.text for one in true if one.kind == "verbatim" and one.doubted]


def said_of(sample_evidence, claim: tuple[str, str, str]) -> list[Status]:
    name, words, text = claim
    evidence, source = next(
        (evidence, source)
        for evidence, source in sample_evidence
        if source.document.id.startswith(name)
        and fold_tight(words) in fold_tight(evidence.passage.text)
    )
    return [claim.status for claim in check(Said(text, evidence, source))]


@pytest.mark.parametrize("claim", TRUE, ids=lambda claim: claim[2])
def test_what_a_careful_writer_says_of_a_sample_is_supported(sample_evidence, claim) -> None:
    assert set(said_of(sample_evidence, claim)) == {Status.SUPPORTED}


@pytest.mark.parametrize("claim", FALSE, ids=lambda claim: claim[2])
def test_what_a_careless_writer_says_of_a_sample_is_unsupported(sample_evidence, claim) -> None:
    assert Status.UNSUPPORTED in said_of(sample_evidence, claim)
