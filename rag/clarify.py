"""Where evidence splits over places, years or versions and the question names none; pure."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.places import covers, find_places, place
from index.script import fold, fold_characters
from rag.evidence import context_of, covered
from rag.messages import listed, message, name_of
from rag.pieces import PieceKind, read_pieces
from rag.quantities import Kind, quantities
from rag.types import Evidence, Language, Question
from rag.understand import asks_figure, language_of
from rag.witness import fits_kind

_BEST = 5
# So good a passage is as good an answer as the best; both are shares of the question's words.
_AS_GOOD = 0.85
_LEAST = 0.5
_MOST_CHOICES = 4
# What asks for all, for a comparison, or for the newest, leaves nothing to choose.
_NOTHING_TO_CHOOSE = re.compile(
    "分别|各(?:地|市|省|年|自|有)|哪[些几里个座]|比较|对比|所有|全部|最新|现行|历年|每年|都|和|与"
    r"|\b(?:each|all|every|compare|both|latest|newest|current|which|where|respectively)\b"
)
_DRAFT = re.compile("征求意见|意见稿|草案|送审稿")


@dataclass(frozen=True, slots=True)
class Clarification:
    """`line` asks which is meant and says which was taken; `choices` are 2 to 4 whole questions."""

    line: str
    choices: tuple[str, ...]


def clarify(question: Question, evidence: Sequence[Evidence]) -> Clarification | None:
    """Return what to ask back where the evidence answers for several places, years or versions.

    None if the question names one, asks for all, or one passage is clearly better than the others.
    The first choice is the reading of the best evidence, which the answer is given for.
    """
    if question.said or _NOTHING_TO_CHOOSE.search(fold(question.text)):
        return None
    good = _as_good_as_the_best(question, evidence[:_BEST])
    if len({item.passage.document for item in good}) < 2:
        return None
    for split in (_by_place, _by_year, _by_version):
        if found := split(question, good):
            return found
    return None


def _as_good_as_the_best(question: Question, evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return the evidence that could answer as well as the best, in its order."""
    able = [item for item in evidence if _has_answer(question, item)]
    if language_of(question.text) == "en":
        return [e for e in able if (e.scores.late or 0) >= _AS_GOOD * (able[0].scores.late or 0)]
    shares = [covered(question.text, context_of(e.passage, e.metadata)) for e in able]
    floor = max([_LEAST, *(_AS_GOOD * share for share in shares[:1])])
    return [item for item, share in zip(able, shares, strict=True) if share >= floor]


def _has_answer(question: Question, item: Evidence) -> bool:
    if not asks_figure(question):
        return True
    return any(fits_kind(question, figure) for figure in quantities(item.passage.text))


def _by_place(question: Question, good: Sequence[Evidence]) -> Clarification | None:
    if question.places or question.wants_places or _names_a_document(question, good):
        return None
    regions = [item.metadata.region for item in good]
    named = [found for name in dict.fromkeys(filter(None, regions)) if (found := place(name))]
    if any(one != other and covers(one, other) for one in named for other in named):
        return None  # of a province and of its city: the question tells by its words
    names = [name_of(one, question.language) for one in named]
    return _clarification("which_place", question, names, _with_place)


def _by_year(question: Question, good: Sequence[Evidence]) -> Clarification | None:
    """Split by the one year that the clause with the figure gives, documents of one name only."""
    if question.years or not asks_figure(question) or Kind.DATE in question.wanted:
        return None
    years = [_year_of(question, item) for item in good]
    told = sorted({year for year in years if year}, reverse=True)
    if len(told) < 2 or not years[0]:
        return None
    first = [years[0], *(year for year in told if year != years[0])]
    names = [str(year) if question.language == "en" else f"{year}年" for year in first if year]
    return _clarification("which_year", question, names, _with_year)


def _year_of(question: Question, item: Evidence) -> int | None:
    """Return the year that the sentence nearest to the question names, None if none or several."""
    sentences = re.split("[。；;\n]", item.passage.text)
    able = [s for s in sentences if any(fits_kind(question, q) for q in quantities(s))]
    best = max(able, key=lambda s: covered(question.text, s), default="")
    years = {q.year for q in quantities(best) if q.kind in (Kind.YEAR, Kind.DATE) and q.year}
    return years.pop() if len(years) == 1 else None


def _by_version(question: Question, good: Sequence[Evidence]) -> Clarification | None:
    """Split a draft for comment from what was issued, where both are of one body's region."""
    if _DRAFT.search(fold_characters(question.text)):
        return None
    drafts = [bool(_DRAFT.search(fold_characters(_version(item)))) for item in good]
    first = drafts[0]
    rest = next((i for i, draft in enumerate(drafts) if draft != first), None)
    if rest is None or good[0].metadata.region != good[rest].metadata.region:
        return None
    language = question.language
    names = [
        message("draft_version" if d else "issued_version", language) for d in (first, not first)
    ]
    return _clarification("which_version", question, names, _with_version)


def _version(item: Evidence) -> str:
    return f"{item.metadata.title}\n{item.metadata.status}"


def _names_a_document(question: Question, good: Sequence[Evidence]) -> bool:
    """Tell whether a question has a name of its own that settles which document is meant."""
    asked = fold(question.text)
    return "《" in asked or any(
        len(piece.text) >= 8 and piece.text in fold(good[0].metadata.title)
        for piece in read_pieces(question.text).of(PieceKind.CONTENT)
    )


_Completed = Callable[[str, str, Language], str]


def _clarification(
    key: str, question: Question, names: Sequence[str], completed: _Completed
) -> Clarification | None:
    if len(names) < 2:
        return None
    chosen = list(names[:_MOST_CHOICES])
    language = question.language
    line = message(key, language, chosen[0], listed(chosen, language))
    return Clarification(line, tuple(completed(question.text, name, language) for name in chosen))


def _with_place(text: str, name: str, language: Language) -> str:
    return _at_end(text, f"in {name}") if language_of(text) == "en" else name + text.lstrip()


def _with_year(text: str, name: str, language: Language) -> str:
    if language_of(text) == "en":
        return _at_end(text, f"in {name}")
    places = find_places(text)
    at = places[0].end if places and places[0].start == 0 else 0
    return text[:at] + name + text[at:].removeprefix("的")


def _with_version(text: str, name: str, language: Language) -> str:
    if language_of(text) == "en":
        return _at_end(text, f"({name})")
    end = len(text.rstrip(" ？?。"))
    return f"{text[:end]}（{name}）{text[end:]}"


def _at_end(text: str, words: str) -> str:
    end = len(text.rstrip(" ?.!？"))
    return f"{text[:end]} {words}{text[end:] or '?'}"
