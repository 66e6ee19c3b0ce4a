"""Hits -> numbered evidence that is about what was asked, within a budget of tokens."""

import re
from collections.abc import Callable, Sequence

from index.places import Place, covers, find_places, place
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
_SPELLED_YEAR = re.compile("[〇零○]|民[国國]")
_UNIT = re.compile(r"[\u3400-\u9fff]+|[a-z]+(?:[-'][a-z]+)*|\d+(?:\.\d+)?")
_LATIN_WEIGHT = 3.0  # a Latin word or number says about as much as three Han characters


def gather(
    question: Question,
    hits: Sequence[Hit],
    metadata: Callable[[str], Metadata],
    count_tokens: Callable[[Sequence[str]], list[int]],
    budget: int = TOKEN_BUDGET,
) -> tuple[Evidence, ...]:
    """Return the hits that fit the question's places and years, numbered from 1, best first.

    No text is taken twice, and `budget` tokens at most; but one passage always, so that a long one
    is not lost to a small budget.
    """
    chosen: list[tuple[Hit, Metadata]] = []
    seen: set[str] = set()
    for hit in hits:
        known, text = metadata(hit.passage.document), fold_tight(hit.passage.text)
        if text not in seen and fits(question, hit.passage, known):
            chosen.append((hit, known))
            seen.add(text)
    tokens = count_tokens([hit.passage.text for hit, _ in chosen])
    spent, evidence = 0, list[Evidence]()
    for (hit, known), cost in zip(chosen, tokens, strict=True):
        if evidence and spent + cost > budget:
            continue
        spent += cost
        evidence.append(
            Evidence(len(evidence) + 1, hit.passage, known, hit.score, hit.scores.dense)
        )
    return tuple(evidence)


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
    if metadata.date.startswith(str(year)) or re.search(rf"(?<!\d){year}(?!\d)", fold(context)):
        return True
    spelled = _SPELLED_YEAR.search(context) is not None  # 二〇二四年, 民國113年
    return spelled and any(figure.year == year for figure in quantities(context))


def covered(question: str, evidence: str) -> float:
    """Return the share (0..1) of a Chinese question's subject that stands in a text.

    A Han character counts as covered when it stands in the text next to a neighbour that it has in
    the question: so words need not be cut, and what falls between two words costs nothing if both
    words are there.
    """
    parts = subject(question, evidence)
    weight = sum(weight for weight, _ in parts)
    return sum(weight for weight, found in parts if found) / weight if weight else 0.0


def subject(question: str, evidence: str) -> list[tuple[float, bool]]:
    """Return the parts of a question that carry its subject: their weight, and whether they stand.

    The parts are Han characters, Latin words and numbers, the same for every text.
    """
    text = fold(evidence)
    parts: list[tuple[float, bool]] = []
    for unit in _UNIT.findall(fold(question)):
        if unit[0].isascii():
            parts.append((_LATIN_WEIGHT, unit in text))
        else:
            parts += [(1.0, found) for found in _covered_characters(unit, text)]
    return parts


def _covered_characters(run: str, text: str) -> list[bool]:
    """Return, for each Han character of a run that carries a subject, whether it is covered."""
    pairs = [run[i : i + 2] in text for i in range(len(run) - 1)]
    return [
        any(pairs[max(0, i - 1) : i + 1]) if len(run) > 1 else run in text
        for i, character in enumerate(run)
        if character not in _FUNCTION
    ]
