"""Hits -> numbered evidence that is about what was asked, within a budget of tokens."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from index.places import Place, covers, find_places, place
from index.reprints import near_duplicate
from index.script import fold, fold_tight
from index.types import Hit, Metadata, Passage
from rag.quantities import quantities
from rag.types import Evidence, Question

# What a small model reads in reasonable time on two cores, and ample for the answers.
TOKEN_BUDGET = 1800
# Characters that carry no subject of their own: that a passage lacks them says nothing.
_FUNCTION = frozenset(
    "的了在是和与及或对给向为把被将有无从到于以之其这那个些每各吗呢吧么什哪谁几多少怎何请问能可会应该"
    "都也还又要就而但并所以因此"
)
# A passage so much longer than one of which it holds the text says something more.
_LONGER = 1.2
_SPELLED_YEAR = re.compile("[〇零○]|民[国國]")
_UNIT = re.compile(r"[\u3400-\u9fff]+|[a-z]+(?:[-'][a-z]+)*|\d+(?:\.\d+)?")
_LATIN_WEIGHT = 3.0  # a Latin word or number says about as much as three Han characters


def gather(
    question: Question,
    hits: Sequence[Hit],
    metadata: Callable[[str], Metadata],
    count_tokens: Callable[[Sequence[str]], list[int]],
    budget: int = TOKEN_BUDGET,
    copies: Callable[[Passage], Sequence[Passage]] = lambda _: (),
) -> tuple[Evidence, ...]:
    """Return the hits that fit the question's places and years, numbered from 1, best first.

    No text is taken twice: of a passage that stands in several documents one is taken, the
    original's if `copies` knows it, and the others are named with it. `budget` tokens at most; but
    one passage always, so that a long one is not lost to a small budget.
    """
    found = _distinct(question, hits, metadata, copies)
    tokens = count_tokens([one.hit.passage.text for one in found])
    spent, evidence = 0, list[Evidence]()
    for one, cost in zip(found, tokens, strict=True):
        if evidence and spent + cost > budget:
            continue
        spent += cost
        hit, known = one.hit, metadata(one.hit.passage.document)
        also = tuple(sorted(one.documents - {hit.passage.document}))
        evidence.append(
            Evidence(len(evidence) + 1, hit.passage, known, hit.score, hit.scores, also)
        )
    return tuple(evidence)


@dataclass(slots=True)
class _Found:
    """A hit, and the documents that its text was found in."""

    hit: Hit
    said: str  # its text, folded and without white space
    documents: set[str]


def _distinct(
    question: Question,
    hits: Sequence[Hit],
    metadata: Callable[[str], Metadata],
    copies: Callable[[Passage], Sequence[Passage]],
) -> list[_Found]:
    """Return the hits that fit a question, those of the same text as one."""
    found: list[_Found] = []
    for hit in hits:
        passage = hit.passage
        if not fits(question, passage, metadata(passage.document)):
            continue
        said = fold_tight(passage.text)
        same = next((one for one in found if _says_the_same(one, passage, said)), None)
        if same:
            same.documents.add(passage.document)
            continue
        others = copies(passage)
        fitting = (p for p in others if fits(question, p, metadata(p.document)))
        best = next(fitting, passage)
        documents = {passage.document, *(other.document for other in others)}
        said = said if best is passage else fold_tight(best.text)
        found.append(_Found(replace(hit, passage=best), said, documents))
    return found


def _says_the_same(taken: _Found, other: Passage, said: str) -> bool:
    """Tell whether a passage that says this adds nothing to one that was taken.

    A document repeats its phrases where it means different things, so there only the very same
    text counts.
    """
    one = taken.hit.passage
    if taken.said == said or one.document == other.document:
        return taken.said == said
    return len(said) <= _LONGER * len(taken.said) and near_duplicate(one.text, other.text)


def fits(question: Question, passage: Passage, metadata: Metadata) -> bool:
    """Tell whether a passage is about a place and a year that the question names.

    佛山 is not 东莞, 2024 is not 2022.
    """
    context = context_of(passage, metadata)
    if question.years and not any(_names_year(context, metadata, year) for year in question.years):
        return False
    return not question.places or any(
        about_place(wanted, context, metadata) for wanted in question.places
    )


def context_of(passage: Passage, metadata: Metadata) -> str:
    """Return a passage with the title and headings that it stands under."""
    return "\n".join([metadata.title, *passage.heading, passage.text])


def about_place(wanted: Place, context: str, metadata: Metadata) -> bool:
    """Tell whether a text names a place, or one inside it, or stands in a document about one."""
    region = place(metadata.region) if metadata.region else None
    if region and covers(wanted, region):
        return True
    return any(covers(wanted, mention.place) for mention in find_places(context))


def _names_year(context: str, metadata: Metadata, year: int) -> bool:
    dates = (metadata.date, metadata.issued)
    named = re.search(rf"(?<!\d){year}(?!\d)", fold(context))
    if named or any(date.startswith(str(year)) for date in dates):
        return True
    spelled = _SPELLED_YEAR.search(context) is not None  # 二〇二四年, 民國113年
    return spelled and any(figure.year == year for figure in quantities(context))


def covered(question: str, evidence: str) -> float:
    """Return the share (0..1) of a Chinese question's subject that stands in a text.

    A Han character counts as covered when it stands in the text next to a neighbour that it has in
    the question: so words need not be cut, and what falls between two words costs nothing if both
    words are there.
    """
    if len(evidence) > _LONGEST_KEPT:
        return _share(question, evidence)
    return _kept_share(question, evidence)


def _share(question: str, evidence: str) -> float:
    words, text = _words_of(fold(question)), fold(evidence)
    weight = found = 0.0
    for word in words:
        weight += word.weight
        for part in word.standing:
            if part in text:
                found += word.weight
                break
    return found / weight if weight else 0.0


_LONGEST_KEPT = 200  # characters of clauses that are compared with the same ones again
_kept_share = lru_cache(maxsize=8192)(_share)


@dataclass(frozen=True, slots=True)
class _Word:
    """A Latin word or number, or a Han character with the pairs that it makes in a question."""

    weight: float
    standing: tuple[str, ...]  # any of which must stand in a text


@lru_cache(maxsize=2048)
def _words_of(question: str) -> tuple[_Word, ...]:
    """Return the words of a folded question that carry its subject."""
    words: list[_Word] = []
    for unit in _UNIT.findall(question):
        if unit[0].isascii():
            words.append(_Word(_LATIN_WEIGHT, (unit,)))
        else:
            words += _characters_of(unit)
    return tuple(words)


def _characters_of(run: str) -> list[_Word]:
    """Return the Han characters of a run that carry a subject."""
    return [
        _Word(1.0, tuple(run[max(0, j) : j + 2] for j in (i - 1, i) if 0 <= j < len(run) - 1))
        if len(run) > 1
        else _Word(1.0, (run,))
        for i, character in enumerate(run)
        if character not in _FUNCTION
    ]


def subject(question: str, evidence: str) -> list[tuple[float, bool]]:
    """Return the parts of a question that carry its subject: their weight, and whether they stand.

    The parts are Han characters, Latin words and numbers, the same for every text.
    """
    text = fold(evidence)
    return [
        (word.weight, any(part in text for part in word.standing))
        for word in _words_of(fold(question))
    ]
