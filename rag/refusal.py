"""When evidence does not answer: its subject, or the kind of figure asked for, is missing; pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from index.terms import question_terms
from rag.evidence import context_of, covered
from rag.quantities import Kind, quantities, same_amount
from rag.types import Evidence, Question
from rag.understand import asks_figure

# Share of a Chinese question's subject that the best passages must cover between them; see docs/LOG.md.
_COVERED = 0.45
# The passages that an answer would be made of.
_BEST = 5

Rarity = Callable[[Iterable[str]], Mapping[str, float]]


def reason_to_refuse(question: Question, evidence: Sequence[Evidence], rarity: Rarity) -> str:
    """Return why the evidence does not answer the question, "" if it may."""
    if not evidence:
        return _no_evidence(question)
    texts = [context_of(item.passage, item.metadata) for item in evidence[:_BEST]]
    if stage := _missing_stage(question, texts):
        return f"{stage} is not in the documents on this subject"
    if question.language != "en" and max(covered(question.text, text) for text in texts) < _COVERED:
        return "the documents do not speak of this subject"
    if absent := _absent_names(question, texts, rarity):
        return f"the documents do not speak of {', '.join(absent)} here"
    if asks_figure(question) and not any(_has_figure(text) for text in texts):
        return "the documents on this subject give no figure"
    return ""


def _no_evidence(question: Question) -> str:
    subject = [place.name for place in question.places] + [str(year) for year in question.years]
    return f"nothing was found about {', '.join(subject)}" if subject else "nothing was found"


def _missing_stage(question: Question, texts: Sequence[str]) -> str:
    """Return a stage, phase or document number of the question that no text has: IV期 is not III期."""
    kinds = (Kind.ORDINAL, Kind.DOCUMENT_NUMBER)
    stated = [figure for text in texts for figure in quantities(text)]
    asked = (figure for figure in quantities(question.text) if figure.kind in kinds)
    return next((f.text for f in asked if not any(same_amount(f, other) for other in stated)), "")


def _absent_names(question: Question, texts: Sequence[str], rarity: Rarity) -> list[str]:
    """Return Latin names (BNCT, CDMO) that stand somewhere in the library but in none of the texts."""
    folded = "\n".join(texts).lower()
    names = [term for term in question_terms(question.text) if term.isascii() and term.upper() in question.text and len(term) > 1 and not term.isdigit()]
    known = rarity(names)
    unknown = max(rarity(["\x00"]).values(), default=0.0)  # what a term that stands nowhere has
    return [name.upper() for name in names if name not in folded and known[name] < unknown]


def _has_figure(text: str) -> bool:
    return any(figure.kind not in (Kind.ORDINAL, Kind.DOCUMENT_NUMBER) for figure in quantities(text))
