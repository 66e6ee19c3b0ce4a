"""Quotes are exact, short, clean, and those that bear a sentence out."""

import re
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.offsets import Edit, apply_edits, identity
from index.script import fold_tight, to_traditional
from index.sentences import sentence_spans
from index.types import CleanText, Document, Metadata, Passage, Span
from rag.cite import MAX_QUOTE, Nearness, best_quotes, bind, cite, find_verbatim
from rag.types import Evidence, Source

NOISE = re.compile(
    r"LINGXUN|k27岭讯|[(（][a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ]{1,6}[)）]|</?(?!http)[a-z]|&[a-z]+;"
)


def evidence_of(clean: CleanText, start: int = 0, end: int | None = None, n: int = 1) -> Evidence:
    span = Span(start, len(clean.text) if end is None else end)
    passage = Passage(n, "a.txt", span, clean.to_raw(span), span.of(clean.text), ("一、总则",))
    return Evidence(
        n, passage, Metadata(title="办法", publisher="市科技局", date="2025-01-02"), 1.0
    )


def source_of(raw: str, edits: list[Edit] | None = None) -> Source:
    return Source(Document("a.txt", raw, "0" * 64), apply_edits(identity(raw), edits or []))


def quotes(sentence: str, text: str) -> list[str]:
    source = source_of(text)
    return [span.of(text) for span in best_quotes(sentence, evidence_of(source.clean), source)]


TEXT = (
    "本办法自发布之日起施行。对进入Ⅱ期临床的项目,最高奖励350万元。对平台,每年补助80万元。"
    "同一单位全年合计不超过900万元。附则由市科技局解释。"
)


def test_a_sentence_that_stands_there_is_quoted_as_it_stands() -> None:
    assert quotes("对平台,每年补助80万元。", TEXT) == ["对平台,每年补助80万元。"]


@pytest.mark.parametrize(
    "written",
    [
        "对平台，每年补助80万元",
        "對平臺,每年補助80萬元。",
        "对平台 ,每年 补助80万元！",
        "对平台,每年补助８０万元",
    ],
)
def test_white_space_script_and_width_do_not_matter(written: str) -> None:
    assert quotes(written, TEXT) == ["对平台,每年补助80万元。"]


def test_part_of_a_sentence_is_quoted_with_the_whole() -> None:
    assert quotes("经批准的企业可以申报补贴", "未经批准的企业可以申报补贴。另有规定的除外。") == [
        "未经批准的企业可以申报补贴。"
    ]


def test_figures_choose_among_sentences() -> None:
    assert quotes("A unit gets at most 9 million yuan a year.", TEXT) == [
        "同一单位全年合计不超过900万元。"
    ]


def test_words_choose_where_no_figure_does() -> None:
    assert quotes("市科技局负责解释附则", TEXT) == ["附则由市科技局解释。"]


def test_figures_from_two_places_get_two_quotes() -> None:
    filler = "其他事项另行通知。" * 40
    text = f"Ⅱ期项目最高奖励350万元。\n{filler}\n同一单位全年合计不超过900万元。"
    found = quotes("Ⅱ期项目最高350万元,一年最多900万元。", text)
    assert found == ["Ⅱ期项目最高奖励350万元。", "同一单位全年合计不超过900万元。"]


def test_without_anything_to_compare_the_longest_run_is_shown() -> None:
    text = "附则由市科技局解释。本办法自发布之日起施行。"
    assert quotes("It is explained by the bureau.", text) == [text]


def test_a_short_quotation_proves_nothing() -> None:
    assert find_verbatim("最高奖励", TEXT) is None
    assert find_verbatim("最高奖励", TEXT, least=1) == Span(23, 27)
    assert find_verbatim("", TEXT, least=0) is None


def test_a_quotation_is_looked_for_from_a_place_on() -> None:
    first = find_verbatim("万元", TEXT, least=1)
    assert first is not None
    second = find_verbatim("万元", TEXT, least=1, start=first.end)
    assert second is not None
    assert second.start > first.end
    assert find_verbatim("本办法自发布之日起", TEXT, start=1) is None


def test_a_citation_says_where_its_words_stand() -> None:
    raw = "题目\n奖励(lì)最高(gāo)350万元。"
    edits = [Edit(Span(5, 9), "", "pinyin gloss"), Edit(Span(11, 16), "", "pinyin gloss")]
    source = source_of(raw, edits)
    citation = cite(3, Span(3, len(source.clean.text)), evidence_of(source.clean, 3), source)
    assert (citation.n, citation.source, citation.heading) == (3, "a.txt", "一、总则")
    assert (citation.quote, citation.text) == ("奖励(lì)最高(gāo)350万元。", "奖励最高350万元。")
    assert raw[citation.start : citation.end] == citation.quote


def test_citations_are_numbered_as_they_are_first_cited_and_shared() -> None:
    source = source_of("甲项目最高奖励350万元。乙平台每年补助80万元。")
    items = [evidence_of(source.clean, 0, 13, n=1), evidence_of(source.clean, 13, n=2)]
    first, second = "乙平台每年补助80万元。", "甲项目最高奖励350万元。"
    bound = bind(
        [(first, [2]), ("引言", []), (second, [1]), (first, [2, 2])], items, lambda _: source
    )
    assert [citation.quote for citation in bound.citations] == [first, second]
    assert [citation.n for citation in bound.citations] == [1, 2]
    assert bound.numbers == ((1,), (), (2,), (1,))


def assert_exact(sentence: str, evidence: Evidence, source: Source) -> None:
    bound = bind([(sentence, [evidence.n])], [evidence], lambda _: source)
    assert bound.citations
    for citation in bound.citations:
        assert source.document.raw[citation.start : citation.end] == citation.quote
        assert 0 < len(citation.quote) <= MAX_QUOTE
        assert citation.text in evidence.passage.text
        assert citation.sha256 == source.document.sha256


def test_every_quote_of_real_documents_is_exact_short_and_clean(real_evidence) -> None:
    for evidence, source in real_evidence:
        for span in sentence_spans(evidence.passage.text):
            sentence = span.of(evidence.passage.text)
            assert_exact(sentence, evidence, source)
            for quote in best_quotes(sentence, evidence, source):
                assert not NOISE.search(quote.of(source.clean.text))


def test_every_sentence_of_real_documents_is_found_in_either_script(real_evidence) -> None:
    for evidence, source in real_evidence:
        text = evidence.passage.text
        for span in sentence_spans(text):
            placed = Span(
                span.start + evidence.passage.span.start, span.end + evidence.passage.span.start
            )
            tight = "".join(span.of(text).split())
            if len(source.clean.to_raw(placed)) > MAX_QUOTE or len(tight) < 10:
                continue
            for written in (span.of(text), " ".join(span.of(text)), to_traditional(tight)):
                assert placed.of(source.clean.text) in best_quotes(written, evidence, source)[0].of(
                    source.clean.text
                )


# Random texts with noise: glosses, spaces and long watermarks are dropped or folded away.
parts = st.sampled_from(
    ["东莞给予奖励", "最高350万元", "。", "，", "；", "\n", "BNCT", "Phase II ", "“", "”"]
)
parts |= st.sampled_from(["未", "不予", "1.5", "%", " ", "𠀀", "①", "(", ")", "…", "é"])
noise = st.sampled_from(["(yi)", "   ", "\n\n\n", "&amp;", "WATERMARK-" * 3, "<span>" * 60])


@st.composite
def noisy_sources(draw: st.DrawFn) -> Source:
    raw, edits = "", []
    for kept in draw(st.lists(st.booleans(), min_size=1, max_size=40)):
        text = draw(parts if kept else noise)
        if not kept and draw(st.booleans()):
            replacement = draw(st.sampled_from(["", " ", "\n"])) if text != "&amp;" else "&"
            edits.append(Edit(Span(len(raw), len(raw) + len(text)), replacement, "noise"))
        raw += text
    return source_of(raw, edits)


@given(noisy_sources(), st.lists(parts, max_size=8).map("".join), st.data())
def test_citations_of_random_texts_are_exact(
    source: Source, sentence: str, data: st.DataObject
) -> None:
    text = source.clean.text
    spans = sentence_spans(text)
    if not spans:
        return
    first = data.draw(st.integers(0, len(spans) - 1))
    last = data.draw(st.integers(first, len(spans) - 1))
    evidence = evidence_of(source.clean, spans[first].start, spans[last].end)
    assert_exact(sentence, evidence, source)
    assert_exact(evidence.passage.text, evidence, source)


def test_a_passage_that_is_longer_than_a_quote_in_raw_is_cut_where_it_fits() -> None:
    raw = "企业" + "<b>" * 150 + "可以申报。" + "平台" * 400 + "。"
    source = source_of(raw, [Edit(Span(2, 452), "", "markup residue")])
    evidence = evidence_of(source.clean)
    assert_exact("企业可以申报", evidence, source)
    assert_exact("平台平台平台平台", evidence, source)
    assert np.all(source.clean.starts < source.clean.ends)


def test_neighbours_quoted_word_for_word_share_a_citation_a_paraphrase_stays_alone() -> None:
    first, second = "进入Ⅰ期最多奖200万元。", "一年合计封顶1500万元。"
    source = source_of(f"{first}{second}")
    evidence = evidence_of(source.clean)
    both = bind([(first, [1]), (second, [1])], [evidence], lambda _: source)
    assert both.numbers == ((1,), (1,))
    assert both.citations[0].quote == first + second
    apart = bind([(first, [1]), ("封顶1500万元，按年合计。", [1])], [evidence], lambda _: source)
    assert [citation.quote for citation in apart.citations] == [first, second]


# Where words tell little: nearness in meaning. Words of the sentence of a sample that is right, and
# a sentence of ours that it bears out.

IN_ENGLISH = [
    (
        "短板也讲得直白",
        "Core technology is missing, senior staff are scarce and the local supply chain has gaps.",
    ),
    (
        "文件想办成两件事",
        "The paper wants a stronger drug and device cluster and a new source of growth.",
    ),
    ("条款目前只是征求意见的说法", "The clauses are only a draft so far and open to comment."),
    ("各条链上都有企业在做", "Companies work all along the chain, from generics to stem cells."),
    ("报道点名的代表是", "Sunshine Lake and several other firms are named as representatives."),
    (
        "企业可以拿已通过国家备案的生成式大模型",
        "Firms may fine-tune large models that are registered with the state.",
    ),
    (
        "场景有四类",
        "AI is to be used to find drugs, read scans, predict illness and tailor therapy.",
    ),
    (
        "受鼓励的产品有五类",
        "New cosmetic ingredients and food additives are among the products that are encouraged.",
    ),
    (
        "技术攻关靠散裂中子源",
        "Nuclear medicine relies on the neutron source, with an isotope project beside it.",
    ),
    ("条件有两个", "To qualify a drug must be innovative and be brought to market in Dongguan."),
    (
        "文件还支持高校、科研机构和龙头企业用好两台大装置",
        "Universities and leading firms are to make use of the attosecond laser.",
    ),
    (
        "由龙头企业或者高校院所牵头组成联合体",
        "Consortia led by a leading firm or a university carry out frontier projects after review.",
    ),
    (
        "企业同高校院所合办的研发机构",
        "Joint research institutes with universities are rewarded when rated excellent.",
    ),
    (
        "市里会编一份创新药械目录",
        "Local hospitals are asked to prefer products from a municipal catalogue.",
    ),
    ("体外诊断试剂开展LDT", "Hospitals will pilot tests developed in their own laboratories."),
    ("保障方面,人才有安家补贴", "Talent gets a housing allowance and research money."),
    (
        "会同省发展改革委、省工业和信息化廳",
        "Three provincial departments issued the action plan together.",
    ),
    ("主要依托的地市有", "Guangzhou, Shenzhen, Zhuhai and Zhongshan carry the cluster."),
    (
        "方向有五個",
        "Brain science, synthetic biology and gene technology are among the directions.",
    ),
    ("人类細胞譜系", "Large facilities such as the human cell lineage are to be built quickly."),
    ("結成聯合體", "Universities, hospitals and firms join forces on disruptive technologies."),
    ("核心是兩座城", "Two cities form the core and four others are key cities."),
    ("錢從産業基金", "Money is to come from industry funds and venture capital."),
    (
        "面向臨床的基因檢測",
        "Clinical gene testing is to be done at scale, automated and intelligent.",
    ),
    ("先做概念驗證", "Cell therapies go through proof of concept before clinical research."),
    ("華南地區人腦組織資源庫", "A brain tissue bank for South China is being considered."),
    ("計劃寫了補貼的金額嗎", "The news page gives no amount of subsidy at all."),
    ("主題是生物醫藥產業的應用場景", "The event was about application scenarios for biomedicine."),
    (
        "細分起來,有公共衛生應急",
        "Telemonitoring, digital therapy and smart imaging are among the fields covered.",
    ),
    (
        "主辦單位是廣東省發展和改革委員會",
        "The provincial development and reform commission hosted the event.",
    ),
    ("下一步要做三件事", "Next, all fields are to be opened and demonstration projects set up."),
    (
        "符合規定的企業還能把限制類的細胞移植",
        "Qualified firms may use restricted cell transplants in the clinic.",
    ),
    ("已經落地的做法", "A white list for imported research goods is already in place."),
    (
        "它盯住一款新藥的整個研發周期",
        "The system follows a new drug through its whole development and warns of risks.",
    ),
    (
        "針對的正是CGT行業難以量產",
        "The service centre tackles the difficulty of mass production of cell and gene therapies.",
    ),
    (
        "它為生物治療產品做臨床前和臨床的評價",
        "The centre evaluates biotherapies against international standards.",
    ),
    (
        "南方醫科大學珠江醫院想要",
        "A hospital wants an interactive device that screens early for cognitive problems.",
    ),
    ("奇點醫療科技", "One company asks for laparoscopy teaching with AI."),
    ("華為技術有限公司講", "Huawei presented scenarios for the medical sector."),
    (
        "往后還要接著做場景",
        "The two centres will go on with scenarios and bring innovations to market.",
    ),
    (
        "两省的数一个是已经发生的",
        "The figures of the two provinces cannot be subtracted from one another.",
    ),
    (
        "省计划只说对前沿产品",
        "The provincial plan promises some subsidy for frontier products but names no sum.",
    ),
    ("省计划管方向和布局", "The provincial plan sets directions and hardly mentions money."),
    ("新闻稿另说", "According to the press release, other cities carry the cluster."),
]
PARAPHRASED = [
    ("短板也讲得直白", "当地缺核心技术，也缺高端人才，产业配套不完整。"),
    ("条款目前只是征求意见的说法", "目前各项条款还没有最后定下来，仍在听取意见。"),
    ("场景有四类", "AI可用于新药研发、看片子、疾病预测和个性化治疗。"),
    ("技术攻关靠散裂中子源", "核医学研发依托中子源大装置，同位素生产项目就近建设。"),
    ("条件有两个", "申请奖励的药品应当是创新药，并计划在当地产业化。"),
    (
        "由龙头企业或者高校院所牵头组成联合体",
        "前沿课题采用联合体方式，由大企业或大学领头，需要经过评审。",
    ),
    ("企业同高校院所合办的研发机构", "校企共建的研究院考核优秀后可拿奖金。"),
    ("市里会编一份创新药械目录", "医院采购时要优先考虑市里列出的创新产品。"),
    ("体外诊断试剂开展LDT", "允许医院自行研制检测试剂并先行试用。"),
    ("保障方面,人才有安家补贴", "引进的人才可以领取住房方面的补助和做研究的钱。"),
    ("先做概念驗證", "细胞疗法要先验证思路，再到医院里试验。"),
    ("錢從産業基金", "资金来源多样，包括政府引导基金和创业投资。"),
    ("計劃寫了補貼的金額嗎", "新闻里没有写明补助数目。"),
    ("下一步要做三件事", "今后要全面放开应用领域，做好要素供给。"),
    ("它盯住一款新藥的整個研發周期", "该系统跟踪药物从立项到上市的全过程，并提示风险。"),
    ("針對的正是CGT行業難以量產", "这个中心想解决细胞基因药物生产规模上不去的问题。"),
    ("它為生物治療產品做臨床前和臨床的評價", "中心评估生物疗法的安全性和疗效，方法与国际一致。"),
    ("奇點醫療科技", "有企业提出用人工智能做微创手术培训。"),
    ("往后還要接著做場景", "两家中心今后会继续推动成果走向市场。"),
    ("两省的数一个是已经发生的", "两个省的统计口径不一致，不能直接比较差额。"),
    ("省计划管方向和布局", "省里的文件主要定方向，很少谈钱。"),
    ("新闻稿另说", "媒体报道中的承载城市与计划正文不完全相同。"),
]


def rightly_quoted(
    pairs: list[tuple[str, str]],
    evidence: list[tuple[Evidence, Source]],
    nearness: Nearness | None = None,
) -> int:
    """Return for how many pairs the quote holds the right sentence."""
    right = 0
    for words, said in pairs:
        wanted = fold_tight(words)
        item, source = next(one for one in evidence if wanted in fold_tight(one[0].passage.text))
        spans = best_quotes(said, item, source, nearness)
        right += any(wanted in fold_tight(span.of(source.clean.text)) for span in spans)
    return right


def test_without_a_model_most_sentences_in_other_words_get_their_quote(sample_evidence) -> None:
    assert rightly_quoted(IN_ENGLISH, sample_evidence) >= 32
    assert rightly_quoted(PARAPHRASED, sample_evidence) >= 18


@pytest.mark.parametrize("pairs", [IN_ENGLISH, PARAPHRASED])
def test_one_who_knows_what_is_near_makes_quotes_better(sample_evidence, pairs) -> None:
    wanted = {said: fold_tight(words) for words, said in pairs}

    def nearness(said: str, texts: Sequence[str]) -> list[float]:
        return [float(wanted[said] in fold_tight(text)) for text in texts]

    plain = rightly_quoted(pairs, sample_evidence)
    assert rightly_quoted(pairs, sample_evidence, nearness) > plain


ASKED = "附则由市科技局解释。本办法自发布之日起施行。对平台,每年补助80万元。"


def with_nearness(sentence: str, text: str, near: str) -> tuple[list[str], list[list[str]]]:
    """Return the quotes, and what a scorer was asked that knows which sentence is near."""
    source, asked = source_of(text), []

    def nearness(said: str, texts: Sequence[str]) -> list[float]:
        assert said == sentence
        asked.append(list(texts))
        return [float(near in text) for text in texts]

    spans = best_quotes(sentence, evidence_of(source.clean), source, nearness)
    return [span.of(text) for span in spans], asked


def test_nearness_chooses_where_neither_words_nor_figures_tell() -> None:
    chosen, asked = with_nearness("It is in force at once.", ASKED, "施行")
    assert chosen == ["本办法自发布之日起施行。"]
    assert asked == [
        ["附则由市科技局解释。", "本办法自发布之日起施行。", "对平台,每年补助80万元。"]
    ]


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("Platforms get 800,000 yuan a year.", "对平台,每年补助80万元。"),
        ("市科技局负责解释附则", "附则由市科技局解释。"),
        ("本办法自发布之日起施行", "本办法自发布之日起施行。"),
    ],
)
def test_nearness_is_not_asked_where_figures_or_words_tell(sentence: str, quote: str) -> None:
    wrong = "附则" if "附则" not in quote else "平台"
    assert with_nearness(sentence, ASKED, wrong) == ([quote], [])


@given(noisy_sources(), st.sampled_from(["It is so.", "东莞", "Phase II"]), st.randoms())
def test_citations_are_exact_whatever_is_near(
    source: Source, sentence: str, random: Random
) -> None:
    if not source.clean.text.strip():
        return
    evidence = evidence_of(source.clean)

    def nearness(said: str, texts: Sequence[str]) -> list[float]:
        return [random.choice([0.0, 0.5, -1.0]) for _ in texts]

    for span in best_quotes(sentence, evidence, source, nearness):
        assert 0 < len(source.clean.to_raw(span)) <= MAX_QUOTE
        assert span.of(source.clean.text) in evidence.passage.text
