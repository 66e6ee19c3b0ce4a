"""Evidence cut down for a prompt: whole sentences around the words of the question; pure.

A small model on two cores reads 50 tokens a second, and answers better from less. What is left out
here can still be quoted: citations bind to whole passages.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from index.script import fold_tight
from index.sentences import sentence_spans
from index.types import Span
from rag.evidence import covered
from rag.quantities import Kind, Quantity, quantities
from rag.types import Evidence, Question

# The best passage may take this share of the budget, the next one the same share of what is left…
_SHARE = 0.5
# … and one for which less is left than a sentence with its title is not shown.
_LEAST = 60
_HEADER = 30  # tokens of number, title, publisher and date
_LATIN = 3  # characters of Latin script and digits in a token, at least
_WIDE = re.compile(r"[\u2e80-\uffef\U00020000-\U0003ffff]")
# Sums that are in English already, or are vague within: 200余万元.
_NOT_PLAIN = re.compile("[A-Za-zＡ-Ｚａ-ｚ余餘多几幾数數来來]")
GAP = " … "
# A sentence with the kind of figure that is asked for counts as much as half of the words.
_FIGURE = 0.5
_MILLION = Decimal(1_000_000)
# Larger units first; what is less than a thousand is written out.
_SCALES = ((1000 * _MILLION, "billion"), (_MILLION, "million"))


@dataclass(frozen=True, slots=True)
class Budget:
    """How much evidence goes into a prompt: tokens as `estimated_tokens` counts, and passages."""

    tokens: int
    passages: int


# 700 are read in about 10 s by the 1.5 B model on two idle cores. With a third passage it takes
# amounts from there that are of something else.
SMALL_BUDGET = Budget(700, 2)
# A hosted model gets all that was gathered.
LARGE_BUDGET = Budget(4_000, 40)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What a prompt shows of a piece of evidence."""

    evidence: Evidence
    text: str


def excerpts(
    question: Question, evidence: Sequence[Evidence], budget: Budget = LARGE_BUDGET
) -> tuple[Excerpt, ...]:
    """Return what to show of evidence within a budget, best first.

    The first one is always shown. One for whose title and sentence no room is left is not. A
    question about several places or things may have as many passages.
    """
    left, shown = budget.tokens, list[Excerpt]()
    most = max(budget.passages, len(question.places), question.items)
    for item in evidence[:most]:
        room = int(left * _SHARE) - _HEADER
        if shown and room < _LEAST:
            break
        text = excerpt(question, item, room)
        shown.append(Excerpt(item, text))
        left -= _HEADER + estimated_tokens(text)
    return tuple(shown)


def excerpt(question: Question, evidence: Evidence, limit: int) -> str:
    """Return the text of a passage, or of its sentences that say most within `limit` tokens.

    Sentences stay whole and in order, `GAP` stands for those left out; one is always kept. With a
    sentence goes the next, which often holds its condition or its cap, and then the one before.
    """
    text = evidence.passage.text
    if estimated_tokens(text) <= limit:
        return text
    spans = sentence_spans(text)
    if not spans:
        return text.strip()
    chosen: set[int] = set()
    spent = 0
    for i in _by_use(question, evidence, spans):
        cost = estimated_tokens(spans[i].of(text))
        if i not in chosen and (not chosen or spent + cost <= limit):
            chosen.add(i)
            spent += cost
    return _joined(text, [spans[i] for i in sorted(chosen)])


def _by_use(question: Question, evidence: Evidence, spans: Sequence[Span]) -> list[int]:
    """Return the numbers of sentences, the most useful first, each with its neighbours behind."""
    value = [_value(question, evidence, span) for span in spans]
    best = sorted(range(len(spans)), key=lambda i: (-value[i], i))
    around = (j for i in best for j in (i, i + 1, i - 1) if 0 <= j < len(spans))
    return list(dict.fromkeys(around))


def _value(question: Question, evidence: Evidence, span: Span) -> float:
    """Say how much of what is asked a sentence holds: words, found in any language, and figures."""
    text = evidence.passage.text
    all_words = {fold_tight(word.of(text)) for word in evidence.matched}
    words = {
        fold_tight(word.of(text))
        for word in evidence.matched
        if span.start <= word.start and word.end <= span.end
    }
    share = len(words) / len(all_words) if all_words else 0.0
    sentence = span.of(text)
    figure = any(one.kind in question.wanted for one in quantities(sentence))
    return share + covered(question.text, sentence) + _FIGURE * figure


def _joined(text: str, spans: Sequence[Span]) -> str:
    parts: list[str] = []
    for before, span in zip([None, *spans], spans, strict=False):
        gap = text[before.end : span.start] if before else ""
        parts += [gap if not gap.strip() else GAP, span.of(text)]
    return "".join(parts)


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text is to a language model, rather too many than too few."""
    wide = len(_WIDE.findall(text))
    return wide + -(-(len(text) - wide) // _LATIN)


def with_english_amounts(text: str) -> str:
    """Return a Chinese text with each sum of yuan in English: 最高200万元 -> 最高RMB 2 million.

    Small models that turn 万 into English by themselves are wrong tenfold, even where the right sum
    stands beside it.
    """
    parts: list[str] = []
    end = 0
    for figure in quantities(text):
        if (said := _in_english(figure)) and figure.start >= end:
            parts += [text[end : figure.start], said]
            end = figure.end
    return "".join([*parts, text[end:]])


def _in_english(figure: Quantity) -> str:
    if figure.kind is not Kind.MONEY or figure.unit != "CNY" or figure.value is None:
        return ""
    if _NOT_PLAIN.search(figure.text) or figure.high is not None:
        return ""
    for size, name in _SCALES:
        if figure.value >= size:
            return f"RMB {_plain(figure.value / size)} {name}"
    return f"RMB {_plain(figure.value)}"


def _plain(value: Decimal) -> str:
    return f"{value:,f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:,f}"
