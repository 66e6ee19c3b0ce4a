"""Draft + citations -> claims with a status; pure, no model.

What is checked in each sentence: that it cites something; that what it puts in quotation marks stands there; that each of its
figures, dates and places stands there in any notation; that it neither denies what the passage affirms nor turns a cap into a
floor; and, where sentence and passage share a language, that its words are those of the passage.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from index.places import covers, find_places, place
from index.script import fold, fold_tight
from rag.cite import find_verbatim
from rag.evidence import covered
from rag.quantities import bounds_agree, missing, quantities, same_amount
from rag.types import Claim, DraftSentence, Status

# Shares of a sentence's words that stand in what it cites: below the first it is unsupported, below the second partly supported.
_FEW_WORDS, _SOME_WORDS = 0.35, 0.55
_TELLING = 8  # characters of a quotation that prove something
_QUOTED = re.compile(r"“([^“”]{8,})”|「([^「」]{8,})」|『([^『』]{8,})』|\"([^\"]{8,})\"")
_ELLIPSIS = re.compile(r"(?:…|\.{3}|。{3}|［…］|\[…\])+")
_NEGATION = re.compile(
    r"不予|不得|不再|不能|不给|不会|不是|不超|没有|无须|无需|未能|未|禁止|取消|不|无|\b(?:not?|never|without|cannot|n't)\b"
)
# What holds a negation but denies nothing.
_NO_DENIAL = re.compile(
    r"不超过?|不少于|不低于|不高于|不同|不断|不仅|不足|不可或缺|无痛|无创|无辐射|微/无创|未来|无人|无障碍|不良|no (?:more|less|fewer) than|not (?:more|less) than|not only"
)


@dataclass(frozen=True, slots=True)
class Cited:
    """What verification may know of a citation: the quote as shown, and where it stands."""

    text: str
    context: str = (
        ""  # title, headings, publisher: they may name the place and the year, never an amount
    )
    region: str = ""
    date: str = ""


def verify(
    sentences: Sequence[DraftSentence], numbers: Sequence[Sequence[int]], cited: Mapping[int, Cited]
) -> tuple[Claim, ...]:
    """Return a claim for each sentence that claims something.

    `numbers` are the citations of each sentence; `cited` tells what stands at each.
    """
    return tuple(
        check_claim(
            sentence.text, tuple(own), [cited[n] for n in own if n in cited], sentence.unknown
        )
        for sentence, own in zip(sentences, numbers, strict=True)
        if not _introduces(sentence.text, own)
    )


def _introduces(text: str, numbers: Sequence[int]) -> bool:
    """Tell whether a sentence only leads in: "The documents say:"."""
    return not numbers and (
        not re.search(r"\w", text) or (text.rstrip()[-1] in ":：" and not quantities(text))
    )


def check_claim(
    text: str, numbers: tuple[int, ...], cited: Sequence[Cited], unknown: Sequence[int] = ()
) -> Claim:
    """Return a claim with its status and, in words, what is wrong with it."""
    strange = [f"cites [{n}], which does not exist" for n in unknown]
    if not cited:
        return Claim(text, numbers, Status.UNSUPPORTED, ("cites nothing", *strange))
    if any(find_verbatim(text, source.text) for source in cited):
        return Claim(text, numbers, Status.PARTLY if strange else Status.SUPPORTED, tuple(strange))
    grave = [
        *_quotations(text, cited),
        *_figures(text, cited),
        *_places(text, cited),
        *_denial(text, cited),
    ]
    words, light = _words(text, cited)
    if grave or words is Status.UNSUPPORTED:
        return Claim(text, numbers, Status.UNSUPPORTED, (*grave, *light, *strange))
    status = Status.PARTLY if light or strange else Status.SUPPORTED
    return Claim(text, numbers, status, (*light, *strange))


def _quotations(text: str, cited: Sequence[Cited]) -> list[str]:
    """An ellipsis splits a quotation into parts, each of which must stand there."""
    problems = []
    for match in _QUOTED.finditer(text):
        quoted = next(group for group in match.groups() if group)
        parts = [part for part in _ELLIPSIS.split(quoted) if len(fold_tight(part)) >= _TELLING]
        if not parts or not all(
            any(find_verbatim(part, source.text) for source in cited) for part in parts
        ):
            problems.append(f"“{quoted}” does not stand in what is cited")
    return problems


def _figures(text: str, cited: Sequence[Cited]) -> list[str]:
    texts = [source.text for source in cited]
    dates = [source.date for source in cited if source.date]
    problems = [
        f"{figure.text} does not stand in what is cited" for figure in missing(text, texts + dates)
    ]
    stated = [figure for source in cited for figure in quantities(source.text)]
    for figure in quantities(text):
        same = [other for other in stated if same_amount(figure, other)]
        if same and not any(bounds_agree(figure, other) for other in same):
            problems.append(f"{figure.text} is bounded otherwise in what is cited: {same[0].text}")
    return problems


def _places(text: str, cited: Sequence[Cited]) -> list[str]:
    named = [
        mention.place
        for source in cited
        for mention in find_places(f"{source.text}\n{source.context}")
    ]
    named += [region for source in cited if (region := place(source.region)) is not None]
    return [
        f"{text[mention.start : mention.end]} is not named in what is cited"
        for mention in find_places(text)
        if not any(covers(mention.place, other) for other in named)
    ]


def _denial(text: str, cited: Sequence[Cited]) -> list[str]:
    """A sentence that denies needs a denial in what it cites, and the other way round."""
    denies = bool(_NEGATION.search(_NO_DENIAL.sub("", fold(text))))
    denied = [bool(_NEGATION.search(_NO_DENIAL.sub("", fold(source.text)))) for source in cited]
    if denies and not any(denied):
        return ["denies something that what is cited does not deny"]
    if (
        not denies
        and all(denied)
        and _same_language(text, cited)
        and covered(text, cited[0].text) > 0.8
    ):
        return ["affirms what is denied in what is cited"]
    return []


def _words(text: str, cited: Sequence[Cited]) -> tuple[Status, list[str]]:
    if not _same_language(text, cited):
        return Status.SUPPORTED, []  # figures and places are all that can be compared
    share = covered(text, "\n".join(f"{source.context}\n{source.text}" for source in cited))
    if share < _FEW_WORDS:
        return Status.UNSUPPORTED, ["hardly any of its words stand in what is cited"]
    if share < _SOME_WORDS:
        return Status.PARTLY, ["many of its words do not stand in what is cited"]
    return Status.SUPPORTED, []


def _same_language(text: str, cited: Sequence[Cited]) -> bool:
    return _is_han(text) == any(_is_han(source.text) for source in cited)


def _is_han(text: str) -> bool:
    return sum("\u3400" <= character <= "\u9fff" for character in text) > 0.2 * len(text)
