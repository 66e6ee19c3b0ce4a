"""With no language model: the sentences that answer, as they stand, in document order."""

import math
import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from index.glossary import Glossary, default_glossary
from index.late import late_scores, pack
from index.places import Place, PlaceMention, covers, find_places
from index.query import with_chinese_names
from index.script import fold, fold_characters
from index.sentences import pieces, sentence_spans
from index.terms import question_terms
from index.types import Encoder, Metadata, Span, TokenEncoder, Vectors
from rag.breadth import parts
from rag.draft import without_marks
from rag.evidence import about_place, covered, subject
from rag.quantities import Kind, Quantity, quantities
from rag.types import Evidence, Question
from rag.understand import asks_figure, understand
from rag.witness import asks_publication

NAME = "extractive"
# The best passages are read sentence by sentence; more would only cost time.
_PASSAGES = 8
MAX_SENTENCES = 4
# Characters: of an answer, to be read at a glance, and of a sentence in it, to fit a citation.
_ANSWER_LENGTH = 400
_MARK_LENGTH = 5  # characters that the mark behind a sentence takes, and the line end
_SENTENCE_LENGTH = 200
_ITEM_LENGTH = 90  # of an item of a list, so that lists of three or four fit
# From the first share on words tell; then a sentence needs the second share of the best one's.
_TELLING_WORDS, _WORDS_NEARNESS = 0.4, 0.6
_COMPLETING = 2  # sentences after an amount that may hold its condition and its cap
# A further sentence must come this near to the best one.
_NEARNESS = 0.85
_FIGURE_NEARNESS = 0.75  # the same for one with the figure asked for, where the best has none
# Marks of a sentence: its words and its meaning, its passage, a figure or body of the kind asked
# for, the place or year asked for. Words of an English question are those that the glossary knows,
# so that its meaning has to tell more.
_WORDS, _MEANING, _MEANING_IN_ENGLISH = 0.50, 0.20, 0.40
_PASSAGE, _FIGURE, _SUBJECT = 0.15, 0.15, 0.10
# What the sentence before or the heading says is meant, if not said, by a sentence.
_MEANT = 0.5
# Encoding sentences takes nearly all the time of an answer: only those are encoded that may win by
# what is known without it.
_ENCODED, _ENCODED_IN_ENGLISH = 16, 28
_REMEMBERED = 2_000  # sentences, of some 5 kB each
_PENALTY = 0.25  # for a heading or another fragment that states nothing
_NOT_THE_SUBJECT = 0.50  # for where the text was taken from, and how to reach whom
_STATES_SOMETHING = 12  # characters
_HEADLINE = 45  # a line up to this long without a stop is a title or a heading
# A heading that says no more than the question does; what stands below it, by sentences.
_REPEATS_QUESTION, _BELOW_HEADING = 0.75, 2
_STOPS = "。！？!?.；;…”」）)"
_SOURCES = "出处|来源|参考文献|参考资料|资料来源"
# Patterns run over folded text: Simplified, lower case.
_PROVENANCE = re.compile(
    rf"(?:{_SOURCES}|地址|电话|邮箱|传真|联系|网址)[^。]{{0,6}}:"
    r"|[-*•·]? ?《[^》]*》,"  # a title, and who published it when
)
_SOURCES_HEADING = re.compile(rf"[#\s\d.、一二三四五六七八九十]*(?:{_SOURCES})\s*$")
# Responsibilities in brackets, headings of Markdown.
_NO_STATEMENT = re.compile(r"[(（#]")
# What is asked for other than figures and places, and how a sentence with it reads: a body, the
# role of a place or body, a reason.
_KINDS = (
    (
        re.compile(
            "谁|哪[个家些几]{0,2}(?:家|部门|单位|机构|公司|企业|医院|大学|院所|厅局)"
            r"|\bwho\b|(?:which|what) (?:\w+ )?(?:department|agency|ministry|bod|compan|institut)"
        ),
        re.compile(
            "[\u3400-\u9fff]{2}(?:厅|局|委员会|改革委|办公室|政府|公司|集团|医院|大学|研究院|研究所|实验室"
            "|中心|协会)"
        ),
    ),
    (
        re.compile(r"角色|定位|分工|什么作用|\broles?\b|\bfunction\b|\bposition|\bassign"),
        re.compile(  # what something is to become ends a clause: 打造研发制造基地。
            "(?:基地|中心|高地|枢纽|[新范行]区|策源地|转化地|集群)(?=[。；;,，、|和与)）]|$)"
            "|定位为|承担|核心(?=[是之、,，。])|为核心"
        ),
    ),
    (
        re.compile(r"为什么|为何|原因|\bwhy\b|\breasons?\b"),
        re.compile("因为|由于|因此|所以|原因|鉴于|为了|以便|旨在|目的"),
    ),
)
_LEADS = re.compile(r"牵头|谁负责|负责部门|负责单位|\bleads?\b|responsible for|in charge of")
_LEADER = re.compile("(?:厅|局|委|部|办|府|院)(?:、[^,，、。;；]{2,12})*牵头|按职责分工负责")
_COUNTED = re.compile(
    r"(?<![第十百千\d.])(?P<count>[两二三四五六七八九十]|[2-9]|10)[大个项类种家条点处](?!月)"
)
_CONDITION = re.compile("条件|前提|须|应当|符合|满足|仅限|限于")
_LETTER = re.compile(r"\w")
_TOPIC_END = re.compile(r"\s?(?:[(（][^()（）]{0,10}[)）])?\s?[:：|\t]")
_COLON = re.compile("[:：]")
_ENUMERATING = re.compile("[、,，;；]")
_NUMERALS = "〇一二三四五六七八九十"
_ITEM = re.compile(
    r"[-*•·]|\(?(?:\d{1,2}|[一二三四五六七八九十]{1,3})[).、]|第?[一二三四五六七八九十][是个]"
)
LEAD_IN = "The documents say:\n"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence, or a piece of one that is too long, of the evidence with number `n`."""

    n: int
    span: Span  # in the passage
    text: str
    evidence: Evidence
    before: str = ""  # the heading, and what stands before it in the same paragraph
    provenance: bool = False  # it tells where the text is from
    score: float = 0.0
    words: float = 0.0  # share of the question's words in it, 0..1


class ExtractiveAnswerer:
    """Picks sentences; claims nothing of its own."""

    name = NAME

    def __init__(self, encoder: Encoder, glossary: Glossary | None = None) -> None:
        """`glossary` None means our own, without a library's."""
        self.encoder = encoder
        self.glossary = glossary or default_glossary()
        self._codes: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def draft(self, question: Question, evidence: Sequence[Evidence]) -> Iterator[str]:
        """Yield the sentences that answer, each with a mark; an English question gets a lead-in."""
        candidates = _candidates(evidence[:_PASSAGES])
        chosen = self._chosen(question, candidates) if candidates else []
        if not chosen:
            return
        if question.language == "en":
            yield LEAD_IN
        for candidate in _in_document_order(chosen):
            yield _marked(candidate, {item.n for item in evidence})

    def _chosen(self, question: Question, candidates: list[_Candidate]) -> list[_Candidate]:
        """Return the best sentences, not headings that only repeat the question."""
        chosen = self._best(question, candidates)
        silent = [one for one in chosen if _only_repeats(question, one)]
        if all(_below(one, candidates) for one in silent):
            return _without_headings(question, chosen, candidates)
        rest = [one for one in candidates if not _only_repeats(question, one)]
        other = self._best(question, rest) if rest else []
        enough = _WORDS_NEARNESS * _MEANT  # else the heading is still nearest to an answer
        return other if any(one.words >= enough for one in other) else chosen

    def _best(self, question: Question, candidates: list[_Candidate]) -> list[_Candidate]:
        """Return the best sentences, of a question about several places some for each."""
        best = [_best_about(part, self._ranked(part, candidates)) for part in _parts(question)]
        first = list({(one.n, one.span): one for one in best if one}.values())
        first = [*_dated(question, candidates), *first]
        return _choose(question, first, self._ranked(question, candidates), candidates)

    def _ranked(self, question: Question, candidates: list[_Candidate]) -> list[_Candidate]:
        """Return the sentences that may answer, the best first."""
        english = question.language == "en"
        shares = _telling_words(question, candidates, self.glossary)
        scored = [
            replace(one, words=share, score=_score(question, one, share))
            for one, share in zip(candidates, shares, strict=True)
        ]
        likely = _sorted(_on_subject(question, scored))
        likely = likely[: _ENCODED_IN_ENGLISH if english else _ENCODED]
        near = _spread(self.nearness(question.text, [one.text for one in likely]))
        weight = _MEANING_IN_ENGLISH if english else _MEANING
        return _figures_first(
            question,
            _sorted(
                replace(one, score=one.score + weight * float(meaning))
                for one, meaning in zip(likely, near, strict=True)
            ),
        )

    def nearness(self, said: str, originals: Sequence[str]) -> Vectors:
        """Return (N,) how near texts are to what is said, token by token if the encoder can."""
        asked, texts = (
            fold(with_chinese_names(said, self.glossary)),
            [fold(one) for one in originals],
        )
        if isinstance(self.encoder, TokenEncoder):
            _, (tokens,) = self.encoder.encode_questions_with_tokens([asked])
            if len(tokens.vectors):
                codes = self._coded(self.encoder, texts)
                return late_scores(tokens, codes, self.encoder.token_dimension)
        nearness: Vectors = self.encoder.encode_passages(texts) @ self.encoder.encode_questions(
            [asked]
        ).reshape(-1)
        return nearness

    def _coded(self, encoder: TokenEncoder, texts: list[str]) -> list[bytes]:
        """Return the token vectors of texts; those of the last questions are remembered."""
        with self._lock:
            known = {text: self._codes[text] for text in texts if text in self._codes}
        if new := list(dict.fromkeys(text for text in texts if text not in known)):
            known |= dict(zip(new, encoder.encode_passages_with_tokens(new, pack)[1], strict=True))
        with self._lock:
            for text in texts:
                self._codes[text] = known[text]
                self._codes.move_to_end(text)
            while len(self._codes) > _REMEMBERED:
                self._codes.popitem(last=False)
        return [known[text] for text in texts]


def _parts(question: Question) -> list[Question]:
    """Return a question for each of several places, years or bodies that one asks about."""
    texts = parts(question)
    if not texts and len(question.places) > 1:
        return [replace(question, places=(place,)) for place in question.places]
    return [
        replace(understand(text), language=question.language, items=question.items)
        for text in texts
    ]


def _dated(question: Question, candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Return the line that dates the best document, if a question asks when it was published."""
    if not asks_publication(question):
        return []
    best = candidates[0].evidence.passage.document
    return [
        one
        for one in candidates
        if one.evidence.passage.document == best and _holds_date_of(one.text, one.evidence.metadata)
    ][:1]


def _holds_date_of(text: str, known: Metadata) -> bool:
    days = (
        f"{q.year:04}-{q.month:02}-{q.day:02}"
        for q in quantities(text)
        if q.kind is Kind.DATE and q.year and q.month and q.day
    )
    return any(day in (known.date, known.issued) for day in days)


def _best_about(question: Question, ranked: Sequence[_Candidate]) -> _Candidate | None:
    """Return the best sentence that is about every place of a question."""
    return next((one for one in ranked if _is_about(question, one)), None)


def _is_about(question: Question, one: _Candidate) -> bool:
    return all(about_place(place, one.text, one.evidence.metadata) for place in question.places)


def _candidates(evidence: Sequence[Evidence]) -> list[_Candidate]:
    return [candidate for item in evidence for candidate in _of_passage(item)]


def _of_passage(item: Evidence) -> Iterator[_Candidate]:
    text, heading = item.passage.text, "\n".join(item.passage.heading[-1:])
    provenance = bool(_SOURCES_HEADING.fullmatch(fold(heading)))
    before, lead, end, inside = "", "", 0, provenance
    for sentence in sentence_spans(text):
        if "\n" in text[end : sentence.start] or not end:
            line = fold(sentence.of(text))
            provenance = provenance or bool(_SOURCES_HEADING.fullmatch(line))
            before, inside = lead, provenance or bool(_PROVENANCE.match(line))
        for piece in pieces(text, sentence, _SENTENCE_LENGTH):
            said = piece.of(text)
            yield _Candidate(item.n, piece, said, item, f"{heading}\n{before}", inside)
            before += said
        if text[sentence.end - 1] in ":：":  # 各市分工如下：
            lead = sentence.of(text)
        end = sentence.end


def _sorted(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    return sorted(candidates, key=lambda c: (-c.score, c.n, c.span))


def _figures_first(question: Question, ranked: list[_Candidate]) -> list[_Candidate]:
    """Put a sentence with a figure of the kind asked for first, if only a figure can answer.

    But only one that is nearly as good: when the sentences on the subject have no figure, none will
    do.
    """
    if not asks_figure(question) or not ranked:
        return ranked
    enough = _FIGURE_NEARNESS * ranked[0].score
    wanted = [
        one for one in ranked if one.score >= enough and _has_wanted(question, quantities(one.text))
    ]
    return wanted + [one for one in ranked if one not in wanted]


def _spread(values: Vectors) -> Vectors:
    """Map the least to 0 and the greatest to 1: cosines of this encoder lie close together."""
    width = float(values.max() - values.min()) or 1.0
    spread: Vectors = (values - values.min()) / width
    return spread


def _telling_words(
    question: Question, candidates: list[_Candidate], glossary: Glossary
) -> list[float]:
    """Return, for each candidate, the share of the question's words in it, rare ones weighing more.

    What nearly every candidate says, such as the name of the plan they are all about, tells little;
    what none says tells nothing. What the sentence before says counts in part.
    """
    words = _Words.of(question, glossary)
    shares = [_shares(words, one) for one in candidates]
    counts = [sum(column) for column in zip(*shares, strict=True)]
    rarity = [_rarity(count, len(candidates)) for count in counts]
    weights = [w * r for w, r in zip(words.weights, rarity, strict=True)]
    known = sum(w for w, count in zip(words.weights, counts, strict=True) if count)
    # Of an English question most words may be unknown: then those that are known tell little.
    unknown = 1 - known / sum(words.weights) if words.ways else 0.0
    total = sum(weights) / math.sqrt(1 - unknown) if known else 1.0
    return [sum(w * a for w, a in zip(weights, own, strict=True)) / total for own in shares]


def _shares(words: "_Words", one: _Candidate) -> list[float]:
    """Return, for each word, how far a sentence says it, or at least means it, 0..1."""
    known = one.evidence.metadata
    said = words.found_in(f"{one.text}\n{known.region}")
    meant = words.found_in(f"{known.title}\n{one.before}")
    return [max(a, _MEANT * b) for a, b in zip(said, meant, strict=True)]


def _rarity(count: float, of: int) -> float:
    """Return how much a word tells that `count` sentences have: BM25's weight, 0 for none."""
    return math.log1p((of - count + 0.5) / (count + 0.5)) if count else 0.0


@dataclass(frozen=True, slots=True)
class _Words:
    """What a question names: each in one or more ways, and how much it weighs.

    Of a Chinese question these are its characters, which `subject` looks for with their neighbours;
    of an English one what the glossary has Chinese names for, and words that documents may hold as
    they are (BNCT, 2027).
    """

    text: str
    ways: tuple[tuple[str, ...], ...]  # () of a Chinese question
    weights: tuple[float, ...]

    @classmethod
    def of(cls, question: Question, glossary: Glossary) -> "_Words":
        if question.language != "en":
            weights = tuple(weight for weight, _ in subject(question.text, ""))
            return cls(question.text, (), weights)
        named = {
            tuple(map(fold, part.names)): part.weight
            for part in glossary.counterparts(question.text)
        }
        plain = {(term,): 1.0 for term in question_terms(question.text) if term.isascii()}
        both = plain | named
        return cls(question.text, tuple(both), tuple(both.values()))

    def found_in(self, text: str) -> list[float]:
        """Return, for each word, how much of it stands in a text, 0..1."""
        if not self.ways:
            return [float(found) for _, found in subject(self.text, text)]
        folded = fold(text)
        return [max(_stands(name, folded) for name in names) for names in self.ways]


def _stands(name: str, text: str) -> float:
    """Return 1 for a name that stands in a text, the share of a Chinese one's characters, or 0."""
    if name in text:
        return 1.0
    return 0.0 if name.isascii() else covered(name, text)


def _score(question: Question, candidate: _Candidate, words: float) -> float:
    """Return what speaks for a sentence, its meaning left out."""
    score = _WORDS * words + _PASSAGE * candidate.evidence.score
    score += _FIGURE * _answers_kind(question, candidate.text)
    score += _SUBJECT * _names_subject(question, candidate)
    if candidate.provenance:
        return score - _NOT_THE_SUBJECT
    if (items := _items(question)) and _announcement(items, candidate.text):
        return score + _FIGURE
    if _tells_who_leads(question, candidate.text):
        return score + _FIGURE
    return score - (_PENALTY if _is_fragment(candidate.text) else 0.0)


def _tells_who_leads(question: Question, text: str) -> bool:
    """Tell whether a text names who leads, often in brackets, and the question asks for it."""
    return bool(_LEADS.search(fold(question.text)) and _LEADER.search(fold(text)))


def _items(question: Question) -> int:
    """Return how many things a question asks for: 5 for 五个方向是什么; 0 if it does not say."""
    if question.items or asks_figure(question):
        return question.items
    counted = _COUNTED.search(fold(question.text))
    if not counted:
        return 0
    count = counted["count"].replace("两", "二")
    return int(count) if count.isdigit() else _NUMERALS.index(count)


def _announcement(items: int, text: str) -> re.Match[str] | None:
    """Return where a text, maybe a heading, speaks of so many things: 五大工程 for 5."""
    spelled = _NUMERALS[items] if items <= 10 else str(items)
    return re.search(
        f"(?:{spelled}|(?<!\\d){items})[大个项家条类种点处样件座]", fold_characters(text)
    )


def _answers_kind(question: Question, text: str) -> int:
    """Return 1 for a text with what kind of thing is asked for, -1 for one that cannot have it."""
    if question.wants_places:
        named = {mention.place for mention in find_places(text)}
        return 1 if named - set(question.places) else -1
    if not question.wanted:
        asked = fold(question.text)
        kinds = [answer for asks, answer in _KINDS if asks.search(asked)]
        return int(any(kind.search(fold(text)) for kind in kinds))
    figures = quantities(text)
    return _has_wanted(question, figures) - _lacks_wanted(question, figures)


def _has_wanted(question: Question, figures: Sequence[Quantity]) -> bool:
    return any(figure.kind in question.wanted for figure in figures)


def _lacks_wanted(question: Question, figures: Sequence[Quantity]) -> bool:
    return bool(question.wanted) and not any(figure.kind is not Kind.YEAR for figure in figures)


def _names_subject(question: Question, candidate: _Candidate) -> float:
    """Return the share of the question's places and years that a sentence or its document names.

    Of a sentence about other places too, only a part is about those asked about; a sentence that
    opens with one is about it.
    """
    known, text = candidate.evidence.metadata, candidate.text
    wanted = [about_place(place, text, known) for place in question.places]
    wanted += [str(year) in fold(text) for year in question.years]
    if not wanted:
        return 0.0
    return sum(wanted) / len(wanted) + _topic(question, text)


def _topic(question: Question, text: str) -> float:
    """Return 1 for 东莞：…, which is about the place asked about, -1..0 for one about others."""
    if not question.places or question.wants_places:
        return 0.0
    mentions = find_places(text)
    others = {m.place for m in mentions if not _is_asked(m.place, question.places)}
    if mentions and not others and _is_topic(text, mentions[0]):
        return 1.0
    return -len(others) / (len(others) + len(question.places))


def _is_topic(text: str, mention: PlaceMention) -> bool:
    opens = not _LETTER.search(text[: mention.start])
    return opens and bool(_TOPIC_END.match(text, mention.end))


def _is_asked(named: Place, asked: Collection[Place]) -> bool:
    return any(covers(place, named) or covers(named, place) for place in asked)


def _is_fragment(text: str) -> bool:
    if len(text) < _STATES_SOMETHING or text[-1] in ":：?？" or _NO_STATEMENT.match(text):
        return True
    states = text[-1] in _STOPS or _is_row(text) or (_ITEM.match(text) and _COLON.search(text))
    return len(text) <= _HEADLINE and not states


def _is_row(text: str) -> bool:
    """Tell whether a text is a line of a table with two cells or more."""
    cells = text.strip("|").split("|") if text[0] == "|" else text.split("\t")
    return sum(bool(cell.strip()) for cell in cells) > 1


def _choose(
    question: Question,
    first: list[_Candidate],
    ranked: list[_Candidate],
    candidates: list[_Candidate],
) -> list[_Candidate]:
    """Take the best sentence of each part or of all, what completes it, and those near the best."""
    if not ranked:
        return []
    first = first or ranked[:1]
    first = _completed(question, first, candidates)
    if items := _items(question):
        first += _items_after(first[0], candidates, items)
    near = [candidate for candidate in ranked if candidate.score >= _NEARNESS * ranked[0].score]
    near = _completed(question, near[:MAX_SENTENCES], candidates)
    chosen: list[_Candidate] = []
    limit = max(MAX_SENTENCES, len(first))
    room = _ANSWER_LENGTH - (len(LEAD_IN) if question.language == "en" else 0)
    for candidate in [*first, *near]:
        length = sum(len(other.text) + _MARK_LENGTH for other in (*chosen, candidate))
        fits = not chosen or length <= room
        if fits and len(chosen) < limit and not _repeats(candidate, chosen):
            chosen.append(candidate)
    return [] if asks_figure(question) and not any(_has_figure(c.text) for c in chosen) else chosen


def _without_headings(
    question: Question, chosen: list[_Candidate], candidates: list[_Candidate]
) -> list[_Candidate]:
    """Put what stands below a heading that only repeats the question in its place."""
    found: dict[tuple[int, Span], _Candidate] = {}
    for one in chosen:
        for each in _below(one, candidates) if _only_repeats(question, one) else [one]:
            found.setdefault((each.n, each.span), each)
    return list(found.values())


def _only_repeats(question: Question, one: _Candidate) -> bool:
    if _items(question):  # then headings may be what is asked for
        return False
    # A heading may also end with a stop, before the text that it runs into: 4.培养人才。
    runs_in = _opens_paragraph(one) and bool(_ITEM.match(fold(one.text)))
    is_short = len(one.text) <= _HEADLINE and not _COLON.search(one.text)
    if not (_is_heading(one) or (runs_in and is_short)):
        return False
    return covered(one.text, question.text) >= _REPEATS_QUESTION


def _is_heading(one: _Candidate) -> bool:
    """Tell whether a text is a short line of its own that is neither a sentence nor a row."""
    ends_line = one.evidence.passage.text[one.span.end :].lstrip(" ")[:1] in ("", "\n")
    if not ends_line or not _opens_paragraph(one) or len(one.text) > _HEADLINE:
        return False
    return one.text[-1] not in _STOPS and not _COLON.search(one.text) and not _is_row(one.text)


def _below(heading: _Candidate, candidates: list[_Candidate]) -> list[_Candidate]:
    """Return the first sentences below a heading: of its passage, else of its document's next."""
    document = heading.evidence.passage.document
    after = sorted(
        (
            c
            for c in candidates
            if c.evidence.passage.document == document and _place(c) > _place(heading)
        ),
        key=lambda c: (c.n != heading.n, _place(c)),
    )
    after = [c for c in after if c.n == after[0].n]
    stating = takewhile(lambda c: not _is_heading(c), after)
    return [c for c in stating if not _repeats(c, [heading])][:_BELOW_HEADING]


def _completed(
    question: Question, chosen: list[_Candidate], candidates: list[_Candidate]
) -> list[_Candidate]:
    """Return sentences, each followed by those that complete it."""
    return [one for each in chosen for one in (each, *_completing(question, each, candidates))]


def _on_subject(question: Question, candidates: list[_Candidate]) -> list[_Candidate]:
    """Leave out sentences with far fewer of the question's words than another has.

    A figure of the right kind must not outweigh the subject: who asks for 安家补贴 is not told of
    another subsidy.
    """
    if max((covered(question.text, c.text) for c in candidates), default=0.0) < _TELLING_WORDS:
        return candidates
    stating = [c for c in candidates if not _is_fragment(c.text)] or candidates
    most = max(candidate.words for candidate in stating)
    items = _items(question)
    return [
        c
        for c in candidates
        if c.words >= _WORDS_NEARNESS * most or (items and c.words and _announcement(items, c.text))
    ]


def _has_figure(text: str) -> bool:
    return any(
        figure.kind not in (Kind.ORDINAL, Kind.DOCUMENT_NUMBER) for figure in quantities(text)
    )


def _completing(
    question: Question, chosen: _Candidate, candidates: list[_Candidate]
) -> list[_Candidate]:
    """Return what stands around an amount in its paragraph: its conditions and its cap."""
    if Kind.MONEY not in question.wanted or not _has_money(chosen.text):
        return []
    same = sorted((c for c in candidates if c.n == chosen.n), key=lambda c: c.span)
    at = next(i for i, c in enumerate(same) if c.span == chosen.span)
    after = list(takewhile(lambda c: not _opens_paragraph(c), same[at + 1 :]))[:_COMPLETING]
    last = max((i for i, c in enumerate(after, start=1) if _completes(c.text)), default=0)
    before = [] if _opens_paragraph(chosen) else same[at - 1 : at]
    return [c for c in before if _CONDITION.search(fold(c.text))] + after[:last]


def _completes(text: str) -> bool:
    return _has_money(text) or bool(_CONDITION.search(fold(text)))


def _has_money(text: str) -> bool:
    return any(figure.kind is Kind.MONEY for figure in quantities(text))


def _items_after(anchor: _Candidate, candidates: list[_Candidate], count: int) -> list[_Candidate]:
    """Return what opens the next `count` paragraphs, if a list of them is announced there.

    None if the sentence that announces them names them too: 有三家:甲、乙、丙.
    """
    announced = _announcement(count, anchor.text)
    if not announced or _enumerates(anchor.text[announced.end() :], count):
        return []
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
    marked = [c for c in opening if _ITEM.match(fold(c.text))]
    opening = marked if len(marked) >= count else opening
    return [_shortened(candidate, _ITEM_LENGTH) for candidate in opening[:count]]


def _enumerates(text: str, count: int) -> bool:
    """Tell whether a text names so many things: behind a colon they may stand between commas."""
    colon = _COLON.search(text)
    marks = _ENUMERATING.findall(text, colon.end()) if colon else re.findall("、", text)
    return len(marks) >= count - 1


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
    text = without_marks(candidate.text, known).replace("\n", " ")
    return f"{text}[{candidate.n}]" + ("" if text[-1:] in "。！？!?.；;" else "\n")
