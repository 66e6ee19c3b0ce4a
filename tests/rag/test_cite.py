"""Quotes are exact, short, clean, and those that bear a sentence out."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.offsets import Edit, apply_edits, identity
from index.script import to_traditional
from index.sentences import sentence_spans
from index.types import CleanText, Document, Metadata, Passage, Span
from rag.cite import MAX_QUOTE, Source, best_quotes, bind, cite, find_verbatim
from rag.types import Evidence

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
