"""class Assistant: a question over a library -> a checked answer, with typed events on the way."""

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from index.errors import LibraryError
from index.filters import ALL, Filters
from index.library import Library, check_question
from index.script import fold_tight
from index.types import Hit
from index.why import matched_spans
from rag.answer import is_refusal
from rag.breadth import interleave, parts, with_surroundings
from rag.cite import Source, bind
from rag.draft import parse_draft, with_marks
from rag.errors import LanguageModelError
from rag.evidence import about_place, context_of, gather
from rag.follow_up import standalone
from rag.llm.base import Answerer, LanguageModel
from rag.llm.extractive import ExtractiveAnswerer
from rag.messages import message, name_of
from rag.refusal import reason_to_refuse
from rag.rewrite import rewrite, translate
from rag.types import (
    Answer,
    Checking,
    Citation,
    Event,
    Evidence,
    Finished,
    Found,
    Question,
    Searching,
    Timing,
    Turn,
    Written,
)
from rag.understand import language_of, understand
from rag.verify import Cited, verify

# Hits looked at for evidence; those that do not fit the question's place or year are then left out.
_HITS = 40
_RELATED = 3


@dataclass
class _Clock:
    """Milliseconds since the question was asked."""

    begun: float = field(default_factory=time.perf_counter)
    search: float = 0.0
    first_token: float | None = None

    def now(self) -> float:
        return round(1000 * (time.perf_counter() - self.begun), 1)

    def timing(self) -> Timing:
        return Timing(self.search, self.first_token, self.now())


class Assistant:
    """Answers questions over one library, by quoting it or through a language model.

    It holds no state of a conversation: `history` goes with each question.
    """

    def __init__(
        self,
        library: Library,
        answerer: Answerer | None = None,
        rewriter: LanguageModel | None = None,
    ) -> None:
        """`answerer` None means extractive.

        A `rewriter`, best one that gives up soon, puts follow-ups into words that stand alone and
        English questions into Chinese; without one, rules and the glossary do.
        """
        self.library = library
        self.rewriter = rewriter
        self.extractive = ExtractiveAnswerer(library.encoder)
        self.answerer = answerer or self.extractive

    def ask(self, question: str, history: Sequence[Turn] = (), filters: Filters = ALL) -> Answer:
        """Return the checked answer. Raises QuestionError or LibraryError."""
        for event in self.stream(question, history, filters):
            if isinstance(event, Finished):
                return event.answer
        raise AssertionError("a stream ends with Finished")

    def stream(
        self, question: str, history: Sequence[Turn] = (), filters: Filters = ALL
    ) -> Iterator[Event]:
        """Yield Searching, Found, Written …, Checking, Finished."""
        clock = _Clock()
        asked = self._understood(check_question(question), history)
        yield Searching(asked.text)
        hits = self._search(asked, filters)
        evidence = self._gathered(asked, hits)
        clock.search = clock.now()
        yield Found(tuple(hits), evidence)
        if reason := reason_to_refuse(
            asked, evidence, self.library.rarity, self.library.encoder.name
        ):
            notes = (*_understood_as(asked), reason)
            yield Finished(self._refusal(asked, hits, clock, self.answerer.name, notes))
            return
        yield from self._answer(asked, hits, evidence, clock)

    def _gathered(self, asked: Question, hits: Sequence[Hit]) -> tuple[Evidence, ...]:
        evidence = gather(
            asked,
            hits,
            self.library.metadata,
            self.library.encoder.count_tokens,
            copies=self.library.passage_copies,
        )
        groups = self.library.query(asked.text).groups
        return tuple(
            replace(one, matched=matched_spans(groups, one.passage.text)) for one in evidence
        )

    def _understood(self, said: str, history: Sequence[Turn]) -> Question:
        """Return a question that stands alone, to be answered in the language it was put in."""
        alone = standalone(said, history)
        text = alone.text
        if alone.changed and self.rewriter:
            text = rewrite(said, history, self.rewriter)
        asked = understand(text, said)
        return replace(asked, unknown_places=self.library.unknown_places(text))

    def _search(self, asked: Question, filters: Filters) -> list[Hit]:
        """Return the passages that may be evidence, from every part of the question."""
        translated = ""
        if self.rewriter and language_of(asked.text) == "en":
            translated = translate(asked.text, self.rewriter)
        whole = [asked.text, *filter(None, [translated])]
        parted = parts(asked)
        found = self.library.search_many([*whole, *parted], _HITS, filters)
        hits = _best_of(found[: len(whole)])
        if parted:
            return interleave(found[len(whole) :], hits, _HITS)
        count_tokens = self.library.encoder.count_tokens
        return with_surroundings(asked, hits, self.library.passages_of, count_tokens)

    def _answer(
        self, asked: Question, hits: Sequence[Hit], evidence: Sequence[Evidence], clock: _Clock
    ) -> Iterator[Event]:
        parts: list[str] = []
        answerer = self.answerer
        notes = [*_understood_as(asked), *_unanswered_places(asked, evidence)]
        try:
            yield from self._write(answerer, asked, evidence, clock, parts)
        except LanguageModelError as error:
            # A half-written answer is worth less than a whole one that only quotes.
            answerer, parts = self.extractive, []
            notes.append(message("quoted_instead", asked.language, self.answerer.name, str(error)))
            yield from self._write(answerer, asked, evidence, clock, parts)
        draft = "".join(parts).strip()
        yield Checking(draft)
        if is_refusal(draft):
            yield Finished(self._refusal(asked, hits, clock, answerer.name, tuple(notes)))
            return
        yield Finished(self._checked(asked, draft, evidence, answerer.name, clock, tuple(notes)))

    def _write(
        self,
        answerer: Answerer,
        asked: Question,
        evidence: Sequence[Evidence],
        clock: _Clock,
        parts: list[str],
    ) -> Iterator[Event]:
        for text in answerer.draft(asked, evidence):
            if clock.first_token is None:
                clock.first_token = clock.now()
            parts.append(text)
            yield Written(text)

    def _checked(
        self,
        asked: Question,
        draft: str,
        evidence: Sequence[Evidence],
        name: str,
        clock: _Clock,
        notes: tuple[str, ...],
    ) -> Answer:
        parsed = parse_draft(draft, {item.n for item in evidence})
        sentences = [(sentence.text, sentence.marks) for sentence in parsed.sentences]
        bound = bind(sentences, evidence, lambda id_: self._source(id_, evidence), self._stands_in)
        by_source = {item.passage.document: item for item in evidence}
        cited = {
            citation.n: _cited(citation, by_source[citation.source]) for citation in bound.citations
        }
        claims = verify(parsed.sentences, bound.numbers, cited)
        text = with_marks(parsed, bound.numbers)
        return Answer(
            asked.said or asked.text,
            asked.language,
            text,
            False,
            name,
            bound.citations,
            claims,
            clock.timing(),
            notes,
            evidence=tuple(evidence),
        )

    def _source(self, id_: str, evidence: Sequence[Evidence]) -> Source:
        """Return a document to cite. Raises LibraryError if it is no longer what was searched."""
        document, clean = self.library.document(id_), self.library.clean_text(id_)
        own = [item.passage for item in evidence if item.passage.document == id_]
        if not document or not clean or any(p.span.of(clean.text) != p.text for p in own):
            raise LibraryError(f"{id_} changed while the question was answered: ask again")
        return Source(document, clean)

    def _stands_in(self, text: str, id_: str) -> bool:
        """Tell whether a text stands in a document, white space and script folded."""
        clean = self.library.clean_text(id_)
        return clean is not None and fold_tight(text) in fold_tight(clean.text)

    def _refusal(
        self, asked: Question, hits: Sequence[Hit], clock: _Clock, name: str, notes: tuple[str, ...]
    ) -> Answer:
        titles = (self.library.metadata(hit.passage.document).title for hit in hits)
        related = tuple(dict.fromkeys(titles))[:_RELATED]
        text = message("refusal", asked.language)
        said = asked.said or asked.text
        return Answer(
            said, asked.language, text, True, name, (), (), clock.timing(), notes, related
        )


def _best_of(rankings: Sequence[Sequence[Hit]]) -> list[Hit]:
    """Return each passage with the best score that any ranking gives it, best first."""
    best: dict[int, Hit] = {}
    for hit in itertools.chain.from_iterable(rankings):
        known = best.get(hit.passage.id)
        if known is None or hit.score > known.score:
            best[hit.passage.id] = hit
    return sorted(best.values(), key=lambda hit: (-hit.score, hit.passage.id))


def _understood_as(asked: Question) -> tuple[str, ...]:
    """Return a line that says how a follow-up was understood, if it was one."""
    return (message("understood_as", asked.language, asked.text),) if asked.said else ()


def _cited(citation: Citation, evidence: Evidence) -> Cited:
    """Return what verification may know of a citation; only its own words can hold a figure."""
    known = evidence.metadata
    context = "\n".join([known.title, citation.heading, known.publisher])
    return Cited(citation.text, context, known.region, known.date)


def _unanswered_places(asked: Question, evidence: Sequence[Evidence]) -> Iterator[str]:
    """Yield a line for each place asked about that no evidence is about."""
    for place in asked.places:
        if not any(
            about_place(place, context_of(e.passage, e.metadata), e.metadata) for e in evidence
        ):
            yield message("nothing_about", asked.language, name_of(place, asked.language))
