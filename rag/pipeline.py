"""class Assistant: a question over a library -> a checked answer, with typed events on the way."""

import logging
import re
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from index.filters import ALL, Filters
from index.library import Library, check_question
from index.types import Hit
from rag.answer import PromptedAnswerer, budget_for, is_refusal
from rag.checking import Checked, Documents, ReadOnce, check, with_conflicts
from rag.clarify import clarify
from rag.draft import without_marks
from rag.errors import LanguageModelCut, LanguageModelError, LanguageModelUnavailable, Trouble
from rag.evidence import about_place, context_of
from rag.excerpt import SMALL_BUDGET
from rag.finding import Finder, LibraryFinder
from rag.follow_up import standalone
from rag.llm.base import Answerer, LanguageModel
from rag.llm.extractive import ExtractiveAnswerer
from rag.messages import message, name_of
from rag.repair import better_draft
from rag.rewrite import rewrite, translate
from rag.standing import find_newer, standing
from rag.types import (
    Answer,
    Checking,
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

_RELATED = 3
# Milliseconds: a model that wrote for longer is not asked to mend, and one that took longer to
# rewrite a question is not asked to translate it.
_QUICK, _SLOW_REWRITING = 10_000, 3_000
_DRAFT_NAMED = 400  # characters at the head of a text, in which it says that it reports of a draft
_log = logging.getLogger(__name__)


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


@dataclass(frozen=True, slots=True)
class _Written:
    """A draft, who wrote it, and what is to be said of it."""

    text: str
    by: str
    notes: tuple[str, ...] = ()
    cut: bool = False


class Assistant:
    """Answers questions over one library, by quoting it or through a language model.

    It holds no state of a conversation: `history` goes with each question.
    """

    def __init__(
        self,
        library: Library,
        answerer: Answerer | None = None,
        rewriter: LanguageModel | None = None,
        finder: Finder | None = None,
    ) -> None:
        """`answerer` None means extractive.

        A `rewriter`, best one that gives up soon, puts follow-ups into words that stand alone and
        English questions into Chinese; without one, rules and the glossary do. `finder` None looks
        for evidence in this process.
        """
        self.library = library
        self.rewriter = rewriter
        self.finder = finder or LibraryFinder(library)
        self.extractive = ExtractiveAnswerer(library.encoder, library.glossary)
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
        found = self.finder.find(asked, self._translation(asked, clock), filters)
        hits, evidence = found.hits, found.evidence
        clock.search = clock.now()
        yield Found(hits, evidence)
        if found.reason:
            notes = (*_understood_as(asked), found.reason)
            yield Finished(self._refusal(asked, hits, evidence, clock, self.answerer.name, notes))
            return
        yield from self._answer(asked, hits, evidence, clock)

    def _understood(self, said: str, history: Sequence[Turn]) -> Question:
        """Return a question that stands alone, to be answered in the language it was put in."""
        alone = standalone(said, history)
        text = alone.text
        if alone.changed and self.rewriter:
            text = rewrite(said, history, self.rewriter)
        asked = understand(text, said)
        return replace(asked, unknown_places=self.library.unknown_places(text))

    def _translation(self, asked: Question, clock: _Clock) -> str:
        """Return an English question in Chinese, "" for any other or without a quick rewriter."""
        quick = clock.now() < _SLOW_REWRITING
        if not self.rewriter or not quick or language_of(asked.text) != "en":
            return ""
        return translate(asked.text, self.rewriter)

    def _answer(
        self, asked: Question, hits: Sequence[Hit], evidence: Sequence[Evidence], clock: _Clock
    ) -> Iterator[Event]:
        written = yield from self._written(asked, evidence, clock)
        yield Checking(written.text)
        notes = (*_understood_as(asked), *_unanswered_places(asked, evidence), *written.notes)
        draft, documents = written.text, ReadOnce(self.library)
        checks = cache(lambda draft: self._checked(draft, evidence, documents))  # asked for twice
        if not is_refusal(draft):
            draft = self._mended(asked, written, evidence, clock, checks)
        if is_refusal(draft):
            yield Finished(self._refusal(asked, hits, evidence, clock, written.by, notes))
            return
        checked = with_conflicts(checks(draft), asked, evidence, documents)
        split = clarify(asked, evidence)
        notes = (
            *notes,
            *([split.line] if split else []),
            *self._standing(asked, checked, documents),
        )
        answer = _answer(asked, checked, replace(written, notes=notes), evidence, clock)
        yield Finished(replace(answer, choices=split.choices if split else ()))

    def _checked(self, draft: str, evidence: Sequence[Evidence], documents: Documents) -> Checked:
        return check(draft, evidence, documents, self.extractive.nearness)

    def _mended(
        self,
        asked: Question,
        written: _Written,
        evidence: Sequence[Evidence],
        clock: _Clock,
        checked: Callable[[str], Checked],
    ) -> str:
        """Mend sentences of a model that are not borne out, once; a slow one is not asked again."""
        answerer = self.answerer
        if written.cut or written.by != answerer.name or not isinstance(answerer, PromptedAnswerer):
            return written.text
        # Small models mended nothing by being asked again; see docs/LOG.md.
        able = budget_for(answerer.model) is not SMALL_BUDGET
        quick = clock.now() - clock.search < _QUICK
        return better_draft(
            answerer.model if able and quick else None,
            asked,
            evidence,
            written.text,
            lambda draft: checked(draft).claims,
        )

    def _standing(self, asked: Question, checked: Checked, documents: Documents) -> tuple[str, ...]:
        """Say which of the cited documents are drafts, ended or superseded."""
        known = self.library.all_metadata()
        cited = {one.source for one in checked.citations}
        newer = find_newer(sorted(cited), known)
        texts = {id_: documents.clean_text(id_) for id_ in cited}
        heads = {id_: clean.text[:_DRAFT_NAMED] for id_, clean in texts.items() if clean}
        return standing(checked.citations, known, newer, asked.language, heads)

    def _written(
        self, asked: Question, evidence: Sequence[Evidence], clock: _Clock
    ) -> Generator[Event, None, _Written]:
        """Let the answerer write, and quote the documents when it cannot.

        What was whole when a model broke off is kept; it is the user who can ask again.
        """
        parts: list[str] = []
        name = self.answerer.name
        try:
            yield from self._write(self.answerer, asked, evidence, clock, parts)
            if name != self.extractive.name:
                _require_words("".join(parts))
        except LanguageModelError as error:
            _log.info("%s: %s", name, error)
            reason = message(f"trouble_{error.trouble}", asked.language)
            if isinstance(error, LanguageModelCut) and _has_words(error.kept):
                # That its connection ended is what it is to break off, and no reason beside it.
                kind = "cut_off" if error.trouble is Trouble.BROKEN else "cut"
                note = message(kind, asked.language, name, reason)
                return _Written(error.kept.strip(), name, (note,), cut=True)
            parts = []
            note = message("quoted_instead", asked.language, name, reason)
            yield from self._write(self.extractive, asked, evidence, clock, parts)
            return _Written("".join(parts).strip(), self.extractive.name, (note,))
        return _Written("".join(parts).strip(), name)

    def _write(
        self,
        answerer: Answerer,
        asked: Question,
        evidence: Sequence[Evidence],
        clock: _Clock,
        parts: list[str],
    ) -> Iterator[Event]:
        for text in answerer.draft(asked, evidence):
            if text and clock.first_token is None:
                clock.first_token = clock.now()
            parts.append(text)
            yield Written(text)

    def _refusal(
        self,
        asked: Question,
        hits: Sequence[Hit],
        evidence: Sequence[Evidence],
        clock: _Clock,
        name: str,
        notes: tuple[str, ...],
    ) -> Answer:
        found = dict.fromkeys(hit.passage.document for hit in hits)
        known = self.library.metadata_of(found)
        related = tuple(dict.fromkeys(known[id_].title for id_ in found if id_ in known))[:_RELATED]
        text = message("refusal", asked.language)
        said = asked.said or asked.text
        return Answer(
            said,
            asked.language,
            text,
            True,
            name,
            (),
            (),
            clock.timing(),
            notes,
            related,
            tuple(evidence),
        )


def _understood_as(asked: Question) -> tuple[str, ...]:
    """Return a line that says how a follow-up was understood, if it was one."""
    return (message("understood_as", asked.language, asked.text),) if asked.said else ()


def _require_words(draft: str) -> None:
    """Raise LanguageModelUnavailable for marks or punctuation alone, which are no refusal."""
    if not _has_words(draft):
        raise LanguageModelUnavailable("it wrote no word")


def _has_words(draft: str) -> bool:
    return bool(re.search(r"[^\W\d_]", without_marks(draft, ())))


def _answer(
    asked: Question,
    checked: Checked,
    written: _Written,
    evidence: Sequence[Evidence],
    clock: _Clock,
) -> Answer:
    return Answer(
        asked.said or asked.text,
        asked.language,
        checked.text,
        False,
        written.by,
        checked.citations,
        checked.claims,
        clock.timing(),
        written.notes,
        evidence=tuple(evidence),
        cut=written.cut,
        conflicts=checked.conflicts,
    )


def _unanswered_places(asked: Question, evidence: Sequence[Evidence]) -> Iterator[str]:
    """Yield a line for each place asked about that no evidence is about."""
    for place in asked.places:
        if not any(
            about_place(place, context_of(e.passage, e.metadata), e.metadata) for e in evidence
        ):
            yield message("nothing_about", asked.language, name_of(place, asked.language))
