"""When evidence does not answer: its subject, or the kind of figure asked for, is missing; pure."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from index.script import fold
from index.terms import question_terms
from rag.evidence import context_of, covered
from rag.messages import listed, message, name_of
from rag.quantities import Kind, Quantity, missing, quantities
from rag.types import Evidence, Question
from rag.understand import asks_figure, language_of

# Share of a Chinese question's subject that one of the best passages must cover; see docs/LOG.md.
_COVERED = 0.45
# The passages that an answer would be made of.
_BEST = 5
# An English question shares no words with Chinese passages, so that its cosine has to tell: of 150
# questions answered in a library 5 % have none above this, of 150 not answered there 5 % have one.
# It holds for one encoder only.
_ENGLISH_FLOORS = {"bundled": 0.762, "bundled:float32": 0.762}
# Ordinals that make another subject: phase III is not phase IV. 第二大城市 is only a way to put it.
_STAGES = frozenset({"期", "阶段", "批", "条", "轮", "版"})

Rarity = Callable[[Iterable[str]], Mapping[str, float]]


def reason_to_refuse(
    question: Question, evidence: Sequence[Evidence], rarity: Rarity, encoder: str = ""
) -> str:
    """Return, in the question's language, why the evidence does not answer it; "" if it may.

    `encoder` is the name of the one whose cosines the evidence has.
    """
    if not evidence or (question.places and set(question.places) <= set(question.unknown_places)):
        return _no_evidence(question)
    texts = [context_of(item.passage, item.metadata) for item in evidence[:_BEST]]
    if stage := _missing_stage(question, texts):
        return message("absent", question.language, stage)
    if _is_other_subject(question, evidence, texts, encoder):
        return message("other_subject", question.language)
    if absent := _absent_names(question, texts, rarity):
        return message("absent", question.language, listed(absent, question.language))
    if asks_figure(question) and not any(_has_figure(text) for text in texts):
        return message("no_figure", question.language)
    return ""


def _is_other_subject(
    question: Question, evidence: Sequence[Evidence], texts: Sequence[str], encoder: str
) -> bool:
    if language_of(question.text) != "en":
        return max(covered(question.text, text) for text in texts) < _COVERED
    cosines = [item.scores.dense for item in evidence if item.scores.dense is not None]
    return bool(cosines) and max(cosines) < _ENGLISH_FLOORS.get(encoder, -1.0)


def _no_evidence(question: Question) -> str:
    subject = [name_of(place, question.language) for place in question.places]
    subject += [str(year) for year in question.years]
    if not subject:
        return message("nothing", question.language)
    return message("nothing_about", question.language, listed(subject, question.language))


def _missing_stage(question: Question, texts: Sequence[str]) -> str:
    """Return a stage or document number of the question that no text has: IV期 is not III期."""
    lacking = (figure for figure in missing(question.text, texts) if _is_stage(figure))
    return next((figure.text for figure in lacking), "")


def _is_stage(figure: Quantity) -> bool:
    return figure.kind is Kind.DOCUMENT_NUMBER or (
        figure.kind is Kind.ORDINAL and figure.unit in _STAGES
    )


def _absent_names(question: Question, texts: Sequence[str], rarity: Rarity) -> list[str]:
    """Return Latin names (BNCT, CDMO) that stand in the library but in none of the texts."""
    words = set(re.findall("[a-z0-9]+", fold("\n".join(texts))))
    names = [
        term
        for term in question_terms(question.text)
        if term.isascii() and term.upper() in question.text and len(term) > 1 and not term.isdigit()
    ]
    known = rarity(names)
    unknown = max(rarity(["\x00"]).values(), default=0.0)  # what a term that stands nowhere has
    absent = [name for name in names if not words.issuperset(re.findall("[a-z0-9]+", name))]
    return [name.upper() for name in absent if known[name] < unknown]


def _has_figure(text: str) -> bool:
    return any(
        figure.kind not in (Kind.ORDINAL, Kind.DOCUMENT_NUMBER) for figure in quantities(text)
    )
