"""How many changed sentences does verification catch, and how many true ones does it doubt?

Sentences of the samples are changed by code and go the whole way: cited, quoted, verified.
"""

import re
from collections.abc import Iterator

import pytest

from index.places import find_places
from index.script import to_traditional
from index.sentences import sentence_spans
from rag.cite import Source, bind
from rag.draft import parse_draft
from rag.quantities import quantities
from rag.types import Claim, Evidence, Status
from rag.verify import Cited, verify

SENTENCES = 100
CAUGHT, ALARMS = 0.95, 0.02  # what DESIGN section 6 asks for: at least, at most
OTHER_PLACES = ("佛山", "湖南", "苏州", "成都")
FLIPS = (
    ("不予", "予以"),
    ("不得", "可以"),
    ("没有", "有"),
    ("沒有", "有"),
    ("给予", "不予"),
    ("支持", "不支持"),
    ("可以", "不得"),
    ("鼓励", "禁止"),
    ("须", "无须"),
    ("要", "不要"),
)
HAN = str.maketrans("123456789", "一二三四五六七八九")


def mutants(text: str) -> Iterator[tuple[str, str]]:
    """Yield kinds of mistakes and the sentence with one of them."""
    yield from wrong_numbers(text)
    yield from wrong_units(text)
    for mention in find_places(text):
        other = next(name for name in OTHER_PLACES if name not in text)
        yield "place", text[: mention.start] + other + text[mention.end :]
    for said, opposite in FLIPS:
        if said in text:
            yield "negation", text.replace(said, opposite, 1)


def wrong_numbers(text: str) -> Iterator[tuple[str, str]]:
    for figure in quantities(text):
        for number in re.finditer(r"(?<![\d.])\d+(?:\.\d+)?(?![\d.])", figure.text):
            start, end = figure.start + number.start(), figure.start + number.end()
            larger = str(float(number[0]) + 1.1) if "." in number[0] else str(int(number[0]) + 7)
            yield "number", text[:start] + larger + text[end:]
            if len(number[0]) > 2:
                yield "digit", text[:start] + number[0][:-1] + text[end:]


def wrong_units(text: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(r"(?<=\d)[万亿萬億](?=元)", text):
        other = dict(zip("万亿萬億", "亿万億萬", strict=True))[match[0]]
        yield "magnitude", text[: match.start()] + other + text[match.end() :]
        yield "currency", text[: match.end()] + "美" + text[match.end() :]
    for match in re.finditer("[ⅠⅡⅢ](?=期)", text):
        other = dict(zip("ⅠⅡⅢ", "ⅡⅢⅠ", strict=True))[match[0]]
        yield "phase", text[: match.start()] + other + text[match.end() :]
    for match in re.finditer(r"最[高多](?=\D{0,6}\d)|不超过", text):
        yield "bound", text[: match.start()] + "至少" + text[match.end() :]
    for match in re.finditer("不少于|不低于|至少", text):
        yield "bound", text[: match.start()] + "最多" + text[match.end() :]


def paraphrases(text: str) -> Iterator[str]:
    """Yield the sentence as a writer may put it."""
    yield text
    yield to_traditional(text)
    yield re.sub(r"(?<![\d.])([1-9])00(?=[万亿]元)", lambda m: m[1].translate(HAN) + "百", text)
    yield re.sub(r"(?<![\d.])([1-9]\d{0,3})万元", lambda m: f"{int(m[1]) * 10_000:,}元", text)
    yield re.sub(r"最[高多](?=\D{0,4}\d)", "上限为", text)
    clauses = re.split("[,，]", text)
    if len(clauses) > 2:
        yield "，".join(clauses[1:])
        yield "，".join(clauses[:-1]) + "。"


def checked(text: str, evidence: Evidence, source: Source) -> tuple[Claim, ...]:
    draft = parse_draft(f"{text}[1]", {1})
    bound = bind([(s.text, s.marks) for s in draft.sentences], [evidence], lambda _: source)
    known = evidence.metadata
    cited = {
        c.n: Cited(
            c.text, f"{known.title}\n{c.heading}\n{known.publisher}", known.region, known.date
        )
        for c in bound.citations
    }
    return verify(draft.sentences, bound.numbers, cited)


def is_doubted(text: str, evidence: Evidence, source: Source) -> bool:
    return any(claim.status is not Status.SUPPORTED for claim in checked(text, evidence, source))


@pytest.fixture(scope="module")
def sentences(sample_evidence) -> list[tuple[str, Evidence, Source]]:
    """A hundred sentences with a figure or a place, from all over the samples."""
    found = [
        (text, evidence, source)
        for evidence, source in sample_evidence
        for span in sentence_spans(evidence.passage.text)
        if len(text := span.of(evidence.passage.text)) >= 14
        and (re.search(r"\d", text) or find_places(text))
    ]
    step = max(1, len(found) // SENTENCES)
    return found[::step][:SENTENCES]


def test_true_sentences_are_not_doubted(sentences) -> None:
    tried = [(text, e, s) for original, e, s in sentences for text in set(paraphrases(original))]
    doubted = [text for text, evidence, source in tried if is_doubted(text, evidence, source)]
    assert len(tried) > 2 * len(sentences)
    assert len(doubted) <= ALARMS * len(tried), doubted


def test_changed_sentences_are_caught(sentences) -> None:
    tried = [
        (kind, text, evidence, source)
        for original, evidence, source in sentences
        for kind, text in mutants(original)
    ]
    missed = [(kind, text) for kind, text, e, s in tried if not is_doubted(text, e, s)]
    assert {kind for kind, *_ in tried} >= {"number", "digit", "magnitude", "place", "negation"}
    assert len(tried) > 2 * len(sentences)
    assert 1 - len(missed) / len(tried) >= CAUGHT, missed
