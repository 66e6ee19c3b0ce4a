"""class Assistant: a question over a library -> a checked answer, with typed events on the way."""

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from index.errors import LibraryError
from index.library import Library, check_question
from index.script import fold_tight
from index.types import Hit, Scores
from rag.answer import is_refusal
from rag.cite import Source, bind
from rag.draft import parse_draft, with_marks
from rag.errors import LanguageModelError
from rag.evidence import about_place, context_of, gather
from rag.llm.base import Answerer
from rag.llm.extractive import ExtractiveAnswerer
from rag.messages import message, name_of
from rag.refusal import reason_to_refuse
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
from rag.understand import understand
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

    def __init__(self, library: Library, answerer: Answerer | None = None) -> None:
        """`answerer` None means extractive."""
        self.library = library
        self.extractive = ExtractiveAnswerer(library.encoder)
        self.answerer = answerer or self.extractive

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """Return the checked answer. Raises QuestionError or LibraryError."""
        for event in self.stream(question, history):
            if isinstance(event, Finished):
                return event.answer
        raise AssertionError("a stream ends with Finished")

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[Event]:
        """Yield Searching, Found, Written …, Checking, Finished."""
        clock = _Clock()
        asked = understand(check_question(question))
        yield Searching(asked.text)
        hits = self.library.search(asked.text, _HITS)
        if asked.items:
            hits = self._with_next(hits, asked.items)
        evidence = gather(
            asked,
            hits,
            self.library.metadata,
            self.library.encoder.count_tokens,
            copies=self.library.passage_copies,
        )
        clock.search = clock.now()
        yield Found(tuple(hits), evidence)
        if reason := reason_to_refuse(
            asked, evidence, self.library.rarity, self.library.encoder.name
        ):
            yield Finished(self._refusal(asked, hits, clock, self.answerer.name, (reason,)))
            return
        yield from self._answer(asked, hits, evidence, clock)

    def _with_next(self, hits: list[Hit], items: int) -> list[Hit]:
        """Put what follows the best passage behind it: a list is announced here, given there."""
        if not hits:
            return hits
        best = hits[0].passage
        after = (
            p for p in self.library.passages_of(best.document) if p.span.start >= best.span.end
        )
        following = [Hit(p, hits[0].score, Scores()) for p in itertools.islice(after, items)]
        known = {hit.passage.id for hit in following}
        return [hits[0], *following, *(hit for hit in hits[1:] if hit.passage.id not in known)]

    def _answer(
        self, asked: Question, hits: Sequence[Hit], evidence: Sequence[Evidence], clock: _Clock
    ) -> Iterator[Event]:
        parts: list[str] = []
        answerer, notes = self.answerer, list(_unanswered_places(asked, evidence))
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
            asked.text,
            asked.language,
            text,
            False,
            name,
            bound.citations,
            claims,
            clock.timing(),
            notes,
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
        return Answer(
            asked.text, asked.language, text, True, name, (), (), clock.timing(), notes, related
        )


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
