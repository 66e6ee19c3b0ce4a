"""With no language model: the sentences that answer, as they stand, in document order."""

import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from index.glossary import default_glossary
from index.late import late_scores, pack
from index.places import find_places
from index.query import with_chinese_names
from index.script import fold
from index.sentences import pieces, sentence_spans
from index.types import Encoder, Span, TokenEncoder, Vectors
from rag.draft import parse_draft
from rag.evidence import about_place, covered, subject
from rag.quantities import Kind, Quantity, quantities
from rag.types import Evidence, Question
from rag.understand import asks_figure

NAME = "extractive"
# The best passages are read sentence by sentence; more would only cost time.
_PASSAGES = 8
MAX_SENTENCES = 4
# Characters: of an answer, to be read at a glance, and of a sentence in it, to fit a citation.
_ANSWER_LENGTH = 380
_SENTENCE_LENGTH = 200
_ITEM_LENGTH = 90  # of an item of a list, so that lists of three or four fit
# From the first share on words tell; then a sentence needs the second share of the best one's.
_TELLING_WORDS, _WORDS_NEARNESS = 0.4, 0.6
_COMPLETING = 2  # sentences after an amount that may hold its condition and its cap
# A further sentence must come this near to the best one.
_NEARNESS = 0.85
# Marks of a sentence: its own words and its meaning (an English question shares no words with a
# Chinese sentence), its passage, a figure of the kind asked for, the place or year asked for.
_WORDS, _MEANING, _MEANING_ALONE = 0.50, 0.20, 0.50
_PASSAGE, _FIGURE, _SUBJECT = 0.15, 0.15, 0.10
_PENALTY = 0.25  # for a heading or another fragment that states nothing
_STATES_SOMETHING = 12  # characters
_HEADLINE = 45  # a line up to this long without a stop is a title or a heading
_STOPS = "。！？!?.；;…”」）)"
# Responsibilities in brackets, headings of Markdown, provenance and contact lines.
_NO_STATEMENT = re.compile(
    r"[(（#|]|(?:出处|出處|来源|來源|地址|电话|電話|邮箱|郵箱|传真|傳真|联系|聯[系繫]|网址|網址)"
    r"[^。]{0,6}[:：]"
)
LEAD_IN = "The documents say:\n"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence, or a piece of one that is too long, of the evidence with number `n`."""

    n: int
    span: Span  # in the passage
    text: str
    evidence: Evidence
    score: float = 0.0
    words: float = 0.0  # share of the question's words in it, 0..1


class ExtractiveAnswerer:
    """Picks sentences; claims nothing of its own."""

    name = NAME

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    def draft(self, question: Question, evidence: Sequence[Evidence]) -> Iterator[str]:
        """Yield the sentences that answer, each with a mark; an English question gets a lead-in."""
        candidates = self._scored(question, _candidates(evidence[:_PASSAGES]))
        chosen = _choose(question, candidates)
        if not chosen:
            return
        if question.language == "en":
            yield LEAD_IN
        for candidate in _in_document_order(chosen):
            yield _marked(candidate, {item.n for item in evidence})

    def _scored(self, question: Question, candidates: list[_Candidate]) -> list[_Candidate]:
        if not candidates:
            return []
        near = self._nearness(question, [fold(candidate.text) for candidate in candidates])
        meaning, words = _spread(near), _telling_words(question, candidates)
        return [
            replace(one, words=share, score=_score(question, one, share, float(near)))
            for one, share, near in zip(candidates, words, meaning, strict=True)
        ]

    def _nearness(self, question: Question, texts: list[str]) -> Vectors:
        """Return (N,) how near texts are in meaning, token by token if the encoder can."""
        asked = fold(with_chinese_names(question.text, default_glossary()))
        if isinstance(self.encoder, TokenEncoder):
            _, (tokens,) = self.encoder.encode_questions_with_tokens([asked])
            if len(tokens.vectors):
                _, codes = self.encoder.encode_passages_with_tokens(texts, pack)
                return late_scores(tokens, codes, self.encoder.token_dimension)
        nearness: Vectors = self.encoder.encode_passages(texts) @ self.encoder.encode_questions(
            [asked]
        ).reshape(-1)
        return nearness


def _candidates(evidence: Sequence[Evidence]) -> list[_Candidate]:
    return [
        _Candidate(item.n, piece, piece.of(item.passage.text), item)
        for item in evidence
        for sentence in sentence_spans(item.passage.text)
        for piece in pieces(item.passage.text, sentence, _SENTENCE_LENGTH)
    ]


def _spread(values: Vectors) -> Vectors:
    """Map the least to 0 and the greatest to 1: cosines of this encoder lie close together."""
    width = float(values.max() - values.min()) or 1.0
    spread: Vectors = (values - values.min()) / width
    return spread


def _telling_words(question: Question, candidates: list[_Candidate]) -> list[float]:
    """Return, for each candidate, the share of the question's words in it, rare ones weighing more.

    What nearly every candidate says, such as the name of the plan they are all about, tells little;
    what none says tells nothing.
    """
    parts = [
        subject(question.text, f"{one.text}\n{one.evidence.metadata.region}") for one in candidates
    ]
    counts = [sum(found for _, found in column) for column in zip(*parts, strict=True)]
    rarity = [math.log1p(len(candidates) / count) if count else 0.0 for count in counts]
    weights = [w * r for (w, _), r in zip(parts[0], rarity, strict=True)]
    total = sum(weights) or 1.0
    return [
        sum(weight for weight, (_, found) in zip(weights, own, strict=True) if found) / total
        for own in parts
    ]


def _score(question: Question, candidate: _Candidate, words: float, meaning: float) -> float:
    score = _WORDS * words + (_MEANING_ALONE if question.language == "en" else _MEANING) * meaning
    score += _PASSAGE * candidate.evidence.score
    score += _FIGURE * _answers_kind(question, candidate.text)
    score += _SUBJECT * _names_subject(question, candidate)
    if question.items and _announces(question.items, candidate.text):
        return score + _FIGURE
    return score - (_PENALTY if _is_fragment(candidate.text) else 0.0)


def _announces(items: int, text: str) -> bool:
    """Tell whether a text, maybe a heading, speaks of so many things: 五大工程 for 5."""
    spelled = "〇一二三四五六七八九十"[items] if items <= 10 else str(items)
    return bool(re.search(f"(?:{spelled}|{items})[大个個项項家条條类類]", text))


def _answers_kind(question: Question, text: str) -> int:
    """Return 1 for a text with what kind of thing is asked for, -1 for one that cannot have it."""
    if question.wants_places:
        named = {mention.place for mention in find_places(text)}
        return 1 if named - set(question.places) else -1
    figures = quantities(text)
    return _has_wanted(question, figures) - _lacks_wanted(question, figures)


def _has_wanted(question: Question, figures: Sequence[Quantity]) -> bool:
    return any(figure.kind in question.wanted for figure in figures)


def _lacks_wanted(question: Question, figures: Sequence[Quantity]) -> bool:
    return bool(question.wanted) and not any(figure.kind is not Kind.YEAR for figure in figures)


def _names_subject(question: Question, candidate: _Candidate) -> float:
    """Return the share of the question's places and years that a sentence or its document names."""
    known, text = candidate.evidence.metadata, candidate.text
    wanted = [about_place(place, text, known) for place in question.places]
    wanted += [str(year) in fold(text) for year in question.years]
    return sum(wanted) / len(wanted) if wanted else 0.0


def _is_fragment(text: str) -> bool:
    if len(text) < _STATES_SOMETHING or text[-1] in ":：" or _NO_STATEMENT.match(text):
        return True
    return len(text) <= _HEADLINE and text[-1] not in _STOPS


def _choose(question: Question, candidates: list[_Candidate]) -> list[_Candidate]:
    """Take the best sentence, those near it, and the best about each place asked about."""
    ranked = sorted(_on_subject(question, candidates), key=lambda c: (-c.score, c.n, c.span))
    if not ranked:
        return []
    first = _first_of_each_place(question, ranked) or ranked[:1]
    first += [after for one in first for after in _completing(question, one, candidates)]
    if question.items:
        first += _items_after(first[0], candidates, question.items)
    near = [candidate for candidate in ranked if candidate.score >= _NEARNESS * ranked[0].score]
    chosen: list[_Candidate] = []
    limit = max(MAX_SENTENCES, len(first))
    for candidate in [*first, *near]:
        length = sum(len(other.text) for other in chosen) + len(candidate.text)
        fits = not chosen or length <= _ANSWER_LENGTH
        if fits and len(chosen) < limit and not _repeats(candidate, chosen):
            chosen.append(candidate)
    return [] if asks_figure(question) and not any(_has_figure(c.text) for c in chosen) else chosen


def _on_subject(question: Question, candidates: list[_Candidate]) -> list[_Candidate]:
    """Leave out sentences with far fewer of the question's words than another has.

    A figure of the right kind must not outweigh the subject: who asks for 安家补贴 is not told of
    another subsidy.
    """
    if max((covered(question.text, c.text) for c in candidates), default=0.0) < _TELLING_WORDS:
        return candidates
    most = max(candidate.words for candidate in candidates)
    return [c for c in candidates if c.words >= _WORDS_NEARNESS * most]


def _has_figure(text: str) -> bool:
    return any(
        figure.kind not in (Kind.ORDINAL, Kind.DOCUMENT_NUMBER) for figure in quantities(text)
    )


def _first_of_each_place(question: Question, ranked: list[_Candidate]) -> list[_Candidate]:
    if len(question.places) < 2:
        return []
    best = (
        next((c for c in ranked if about_place(place, c.text, c.evidence.metadata)), None)
        for place in question.places
    )
    chosen: list[_Candidate] = []
    for candidate in best:
        if candidate and candidate not in chosen:
            chosen.append(candidate)
    return chosen


def _completing(
    question: Question, chosen: _Candidate, candidates: list[_Candidate]
) -> list[_Candidate]:
    """Return what follows a sentence up to a further amount: its conditions and its cap."""
    if Kind.MONEY not in question.wanted or not _has_money(chosen.text):
        return []
    after = sorted(
        (c for c in candidates if c.n == chosen.n and c.span.start >= chosen.span.end),
        key=lambda c: c.span,
    )
    paragraph = list(takewhile(lambda c: not _opens_paragraph(c), after))[:_COMPLETING]
    last = max((i for i, c in enumerate(paragraph, start=1) if _has_money(c.text)), default=0)
    return paragraph[:last]


def _has_money(text: str) -> bool:
    return any(figure.kind is Kind.MONEY for figure in quantities(text))


def _items_after(anchor: _Candidate, candidates: list[_Candidate], count: int) -> list[_Candidate]:
    """Return what opens the next `count` paragraphs: what a list announces stands there."""
    document = anchor.evidence.passage.document
    after = sorted(
        (
            c
            for c in candidates
            if c.evidence.passage.document == document and _place(c) > _place(anchor)
        ),
        key=_place,
    )
    opening = [c for c in after if _opens_paragraph(c)]
    return [_shortened(candidate, _ITEM_LENGTH) for candidate in opening[:count]]


def _shortened(candidate: _Candidate, limit: int) -> _Candidate:
    first = pieces(candidate.text, Span(0, len(candidate.text)), limit)[0]
    text = first.of(candidate.text).rstrip("，,、：: ")
    start = candidate.span.start
    return replace(candidate, span=Span(start, start + len(text)), text=text)


def _place(candidate: _Candidate) -> int:
    return candidate.evidence.passage.span.start + candidate.span.start


def _opens_paragraph(candidate: _Candidate) -> bool:
    before = candidate.evidence.passage.text[: candidate.span.start].rstrip(" ")
    return not before or before.endswith("\n")


def _repeats(candidate: _Candidate, chosen: list[_Candidate]) -> bool:
    """Tell whether a sentence says hardly anything that those chosen have not said."""
    return any(covered(candidate.text, other.text) >= 0.9 for other in chosen)


def _in_document_order(chosen: list[_Candidate]) -> list[_Candidate]:
    """Sort by document, the one of the best sentence first, and within it as it is written."""
    order = list(dict.fromkeys(candidate.evidence.passage.document for candidate in chosen))
    return sorted(chosen, key=lambda c: (order.index(c.evidence.passage.document), _place(c)))


def _marked(candidate: _Candidate, known: Collection[int]) -> str:
    # Footnote marks of the document would be read as ours.
    text = parse_draft(candidate.text, known).text.replace("\n", " ")
    return f"{text}[{candidate.n}]" + ("" if text[-1:] in "。！？!?.；;" else "\n")
