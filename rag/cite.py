"""Quotes: the exact characters of a document that bear out a sentence."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from index.glossary import default_glossary
from index.query import with_chinese_names
from index.script import fold_characters
from index.sentences import pieces, sentence_spans
from index.types import CleanText, Span
from rag.evidence import covered
from rag.passages import TELLING
from rag.quantities import Quantity, missing, quantities, same_amount
from rag.types import Citation, Evidence, Source

# Raw characters: longer quotes are not read, and hide what they are quoted for.
MAX_QUOTE = 300
# Quotes for one mark: a sentence that sums up a passage may take its figures from several places.
_QUOTES_A_MARK = 3
# Weight of nearness in meaning beside that of words (1) and figures (2): it only tells apart what
# these leave open. Of 44 English sentences on the samples 34 get the right quote without, 39 with;
# of Chinese paraphrases, whose words tell, as many. To encode costs, so it is not asked where this
# share of the words stands there.
_NEAR, _TELLING_WORDS = 0.3, 0.4
_LONGEST_RUN = 4  # sentences in a quote
_STOPS = "。．.！!？?；;…，,：: \t"


# How near in meaning each text is to a sentence, the higher the nearer, on any scale.
Nearness = Callable[[str, Sequence[str]], Iterable[float]]


def best_quotes(
    sentence: str, evidence: Evidence, source: Source, nearness: Nearness | None = None
) -> list[Span]:
    """Return 1 to 3 spans of clean text that best bear out a sentence.

    Each has at most MAX_QUOTE raw characters. The first is where the sentence stands verbatim, with
    the rest of the sentence around it, or else the run of sentences that has most of its figures
    and words; further ones hold figures that the first lacks. So there always is a quote; whether
    it is enough is for verification to say. `nearness` helps where words and figures tell little,
    as between languages; it is asked once, and not where the sentence stands verbatim.
    """
    if verbatim := _verbatim(sentence, evidence, source):
        return [verbatim]
    candidates = list(_candidates(evidence, source))
    words = with_chinese_names(sentence, default_glossary())
    figures = quantities(sentence)
    if nearness and not _decided(words, figures, candidates):
        candidates = _with_nearness(sentence, candidates, nearness)
    chosen = [_best(words, figures, candidates)]
    while lacking := missing(sentence, [quote.text for quote in chosen]):
        further = _best(words, lacking, candidates)
        still = missing(sentence, [quote.text for quote in (*chosen, further)])
        if len(still) == len(lacking) or len(chosen) == _QUOTES_A_MARK:
            break
        chosen.append(further)
    return [quote.span for quote in chosen]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A span of the clean text that could be quoted, and the figures in it."""

    span: Span
    text: str
    figures: tuple[Quantity, ...]
    near: float = 0.0  # 0..1, within one passage


def _with_nearness(
    sentence: str, candidates: Sequence[_Candidate], nearness: Nearness
) -> list[_Candidate]:
    """Return candidates with their nearness in meaning, 1 for the nearest sentence of the passage.

    Only those that hold no other one are scored: a run is as near as its nearest sentence.
    """
    singles = _smallest(candidates)
    scores = [float(score) for score in nearness(sentence, [one.text for one in singles])]
    least, width = min(scores), (max(scores) - min(scores)) or 1.0
    near = [(score - least) / width for score in scores]
    starts = [one.span.start for one in singles]
    return [
        replace(one, near=max(near[bisect_left(starts, one.span.start) : _behind(starts, one)]))
        for one in candidates
    ]


def _smallest(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Return the candidates that hold no other one, in order."""
    smallest: list[_Candidate] = []
    for one in sorted(candidates, key=lambda one: (-one.span.start, one.span.end)):
        if not smallest or one.span.end < smallest[-1].span.end:
            smallest.append(one)
    return smallest[::-1]


def _behind(starts: Sequence[int], candidate: _Candidate) -> int:
    return bisect_left(starts, candidate.span.end)


def _decided(words: str, figures: Sequence[Quantity], candidates: Sequence[_Candidate]) -> bool:
    """Tell whether words or figures already say which candidate it is."""
    best = _best(words, figures, candidates)
    if covered(words, best.text) >= _TELLING_WORDS:
        return True
    return bool(figures) and not missing(words, [best.text])


def _candidates(evidence: Evidence, source: Source) -> Iterator[_Candidate]:
    passage, text = evidence.passage, source.clean.text
    figures = quantities(passage.text)
    for run in _runs(passage.text):
        for span in _short(_shifted(run, passage.span.start), source.clean):
            start, end = span.start - passage.span.start, span.end - passage.span.start
            own = tuple(figure for figure in figures if start <= figure.start < end)
            yield _Candidate(span, span.of(text), own)


def _best(words: str, figures: Sequence[Quantity], candidates: Sequence[_Candidate]) -> _Candidate:
    """Return the candidate that supports a sentence most: by its figures first, then by its words.

    Longer ones lose a little; but when nothing can be compared, as between an English sentence
    without figures and a Chinese text, the longest shows a reader the most.
    """

    def support(quote: _Candidate) -> tuple[float, int]:
        found = [figure for figure in figures if any(_alike(figure, o) for o in quote.figures)]
        score = 2 * len(found) / max(1, len(figures)) + covered(words, quote.text)
        score += _NEAR * quote.near
        length = len(quote.text)
        return score - length / 1000 if score else length / 1_000_000, -quote.span.start

    return max(candidates, key=support)


def _alike(one: Quantity, other: Quantity) -> bool:
    return same_amount(one, other) or (
        one.value is not None and one.value in (other.value, other.high)
    )


def _verbatim(sentence: str, evidence: Evidence, source: Source) -> Span | None:
    """Return where a sentence stands in its passage, widened to whole sentences as far as fits.

    So a part of a sentence is quoted with what comes before it: (未)经批准的企业可以申请.
    """
    passage = evidence.passage
    found = find_verbatim(sentence.rstrip(_STOPS), passage.text)
    if not found:
        return None
    around = [
        s for s in sentence_spans(passage.text) if s.start < found.end and found.start < s.end
    ]
    start, end = min(found.start, around[0].start), max(found.end, around[-1].end)
    spans = (Span(start, end), Span(start, found.end), found)
    placed = (_shifted(span, passage.span.start) for span in spans)
    return next((span for span in placed if _fits(span, source.clean)), None)


def find_verbatim(quotation: str, text: str, least: int = TELLING, start: int = 0) -> Span | None:
    """Return where a quotation stands in a text from `start` on, white space and script folded.

    None if it does not, or has fewer than `least` characters.
    """
    wanted = _tight(quotation)
    if not wanted or len(wanted) < least:
        return None
    places = [i for i in range(start, len(text)) if not text[i].isspace()]
    at = _tight(text[start:]).find(wanted)
    return Span(places[at], places[at + len(wanted) - 1] + 1) if at >= 0 else None


def _tight(text: str) -> str:
    return "".join(
        folded for folded, c in zip(fold_characters(text), text, strict=True) if not c.isspace()
    )


def _runs(text: str) -> list[Span]:
    """Return the sentences of a passage, and runs of neighbours."""
    single = sentence_spans(text)
    ends = combinations(range(len(single)), 2)
    runs = [Span(single[i].start, single[j].end) for i, j in ends if j - i < _LONGEST_RUN]
    return single + [run for run in runs if len(run) <= MAX_QUOTE]


def _shifted(span: Span, by: int) -> Span:
    return Span(span.start + by, span.end + by)


def _fits(span: Span, clean: CleanText) -> bool:
    return len(clean.to_raw(span)) <= MAX_QUOTE


def _short(span: Span, clean: CleanText) -> Iterator[Span]:
    """Yield the span, or else pieces of it, without white space at their ends, that fit a quote."""
    text = span.of(clean.text)
    start = span.start + len(text) - len(text.lstrip())
    span = Span(start, max(start, span.start + len(text.rstrip())))
    if not len(span):
        return
    if _fits(span, clean):
        yield span
    elif len(span) > 1:
        limit = MAX_QUOTE if len(span) > MAX_QUOTE else len(span) // 2
        for piece in pieces(clean.text, span, limit):
            yield from _short(piece, clean)


def cite(
    n: int, span: Span, evidence: Evidence, source: Source, also: tuple[str, ...] = ()
) -> Citation:
    """Return the citation of a span of clean text; `raw[start:end] == quote` by construction."""
    raw = source.clean.to_raw(span)
    known = evidence.metadata
    return Citation(
        n=n,
        source=source.document.id,
        title=known.title,
        publisher=known.publisher,
        date=known.date,
        url=known.url,
        heading=" › ".join(evidence.passage.heading),
        quote=raw.of(source.document.raw),
        text=span.of(source.clean.text),
        start=raw.start,
        end=raw.end,
        sha256=source.document.sha256,
        page=source.document.layout.page_of(raw.start) or None,
        also=also,
    )


@dataclass(frozen=True, slots=True)
class Bound:
    """Citations in the order in which they are first cited, and the numbers each sentence cites."""

    citations: tuple[Citation, ...]
    numbers: tuple[tuple[int, ...], ...]


def bind(
    sentences: Sequence[tuple[str, Sequence[int]]],
    evidence: Sequence[Evidence],
    source: Callable[[str], Source],
    stands_in: Callable[[str, str], bool] = lambda text, id_: False,
    nearness: Nearness | None = None,
) -> Bound:
    """Turn marks that name evidence into citations of exact spans, numbered from 1.

    `stands_in` tells whether a text stands word for word in another document.

    `sentences` are texts with the numbers of evidence that they cite. Sentences that rest on the
    same span share a citation, and so do sentences quoted word for word that stand side by side.
    """
    items = {item.n: item for item in evidence}
    sources = {mark: source(items[mark].passage.document) for _, own in sentences for mark in own}
    quoted = [
        [(mark, best_quotes(text, items[mark], sources[mark], nearness)) for mark in own]
        for text, own in sentences
    ]
    joined = {n: _joined(_word_for_word(sentences, quoted, n, o), o) for n, o in sources.items()}
    citations: dict[tuple[str, Span], Citation] = {}
    numbers = []
    for own in quoted:
        cited = []
        for mark, span in ((mark, span) for mark, spans in own for span in spans):
            whole = joined[mark].get(span, span)
            key = (sources[mark].document.id, whole)
            if key not in citations:
                text = whole.of(sources[mark].clean.text)
                also = tuple(id_ for id_ in items[mark].also if stands_in(text, id_))
                number = len(citations) + 1
                citations[key] = cite(number, whole, items[mark], sources[mark], also)
            cited.append(citations[key].n)
        numbers.append(tuple(dict.fromkeys(cited)))
    return Bound(tuple(citations.values()), tuple(numbers))


def _word_for_word(
    sentences: Sequence[tuple[str, Sequence[int]]],
    quoted: Sequence[Sequence[tuple[int, list[Span]]]],
    n: int,
    source: Source,
) -> list[Span]:
    """Return the spans of evidence `n` in which a sentence itself stands.

    The quote of a paraphrase stays alone: beside others it would seem to hold their figures too.
    """
    return [
        spans[0]
        for (text, _), own in zip(sentences, quoted, strict=True)
        for mark, spans in own
        if mark == n and find_verbatim(text.rstrip(_STOPS), spans[0].of(source.clean.text), least=1)
    ]


def _joined(spans: Sequence[Span], source: Source) -> dict[Span, Span]:
    """Return span -> the span of it and its neighbours, as far as these fit one quote."""
    whole: dict[Span, Span] = {}
    group: list[Span] = []
    for span in sorted(set(spans)):
        if group:
            gap = source.clean.text[group[-1].end : span.start]
            fits = _fits(Span(group[0].start, span.end), source.clean)
            if gap.strip() or not fits:
                group = []
        group.append(span)
        whole.update(dict.fromkeys(group, Span(group[0].start, group[-1].end)))
    return whole
