"""Draft + citations -> claims with a status; pure, no model.

What is checked in each sentence: that it cites something; that what it puts in quotation marks
stands there, and leaves out no denial; that each of its figures, dates, places and links stands
there in any notation, an amount with its phase; that it neither denies what the passage affirms nor
turns a cap into a floor; and, where both share a language, that its words are those of the passage.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from index.places import Place, PlaceMention, covers, find_places, place
from index.script import fold_tight
from rag.cite import TELLING, find_verbatim
from rag.clauses import misplaced
from rag.evidence import covered
from rag.negation import affirms_alone, denies, denies_alone, turned_round
from rag.quantities import Kind, Quantity, bounds_agree, missing, quantities, same_amount
from rag.types import Claim, DraftSentence, Status

# Shares of a sentence's words that stand in what it cites: below the first it is unsupported,
# below the second partly supported.
_FEW_WORDS, _SOME_WORDS = 0.35, 0.55
_QUOTED = re.compile(r"“([^“”]{8,})”|「([^「」]{8,})」|『([^『』]{8,})』|\"([^\"]{8,})\"")
_TITLE = re.compile("《([^《》\n]{4,60})》")
_NAMED = 0.8  # share of a title's words; texts shorten the titles that they name
_ELLIPSIS = re.compile(r"(?:…|\.{3}|。{3}|[\[［(（](?:…|\.{3})+[\]］)）])+")
_LONGEST_ELISION = 200  # characters; beyond it the parts no longer belong together
_LINK = re.compile(r"(?:https?://|www\.)[\x21-\x7e]+", re.IGNORECASE)
_EDGE = re.compile(r"[\s。．.！!？?；;，,：:、…“”「」『』\"()（）《》-]")
_STOPS = "。．.！!？?；;…，,：: \t"
# What a title or a heading may bear out; amounts it may not.
_OF_CONTEXT = (Kind.YEAR, Kind.DATE, Kind.DOCUMENT_NUMBER, Kind.ORDINAL)
# 每年最高 may be said as 一年最多.
_YEARLY = re.compile("[每全]年|年度|per year|a year|annual|yearly", re.IGNORECASE)
_A_YEAR = frozenset({"一年", "1年", "one year", "1 year"})


@dataclass(frozen=True, slots=True)
class Cited:
    """What verification may know of a citation: the quote as shown, and where it stands."""

    text: str
    context: str = ""  # title, headings, publisher, address: they may name the place and the year
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
        if not _introduces(sentence, own)
    )


def _introduces(sentence: DraftSentence, numbers: Sequence[int]) -> bool:
    """Tell whether a sentence only leads in: "The documents say:"."""
    if numbers or sentence.unknown:
        return False
    if not re.search(r"\w", sentence.text):
        return True
    return sentence.text.rstrip()[-1] in ":：" and not quantities(sentence.text)


def check_claim(
    text: str, numbers: tuple[int, ...], cited: Sequence[Cited], unknown: Sequence[int] = ()
) -> Claim:
    """Return a claim with its status and, in words, what is wrong with it."""
    strange = [f"cites [{n}], which does not exist" for n in unknown]
    if not cited:
        return Claim(text, numbers, Status.UNSUPPORTED, ("cites nothing", *strange))
    if any(_stands_whole(text, source.text) for source in cited):
        return Claim(text, numbers, Status.PARTLY if strange else Status.SUPPORTED, tuple(strange))
    checks = (_quotations, _titles, _figures, _bounds, _phases, _places, _clauses, _links, _denial)
    grave = [problem for check in checks for problem in check(text, cited)]
    status, light = _words(text, cited)
    if grave:
        status = Status.UNSUPPORTED
    elif strange and status is Status.SUPPORTED:
        status = Status.PARTLY
    return Claim(text, numbers, status, (*grave, *light, *strange))


def _stands_whole(text: str, source: str) -> bool:
    """Tell whether a sentence stands verbatim, from one clause's beginning to another's end.

    What begins inside a clause may have lost its 不 or 未, so it has to pass the other checks.
    """
    found = find_verbatim(text.strip(_STOPS), source)
    if not found:
        return False
    before, after = source[: found.start][-1:], source[found.end :][:1]
    return all(not edge or _EDGE.match(edge) for edge in (before, after))


def _quotations(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    for match in _QUOTED.finditer(text):
        quoted = next(group for group in match.groups() if group)
        if _is_translated(quoted, cited):
            continue  # `_words` says so
        parts = [part for part in _ELLIPSIS.split(quoted) if fold_tight(part)]
        gaps = [gap for source in cited if (gap := _elided(parts, source.text)) is not None]
        if not gaps:
            yield f"“{quoted}” does not stand in what is cited"
        elif all(denies(gap) and not denies(quoted) for gap in gaps):
            yield f"“{quoted}” leaves out a denial"


def _elided(parts: Sequence[str], source: str) -> str | None:
    """Return what a quotation leaves out between its parts, None if they do not stand in a row.

    One part at least must be long enough to prove something.
    """
    if not any(len(fold_tight(part)) >= TELLING for part in parts):
        return None
    gaps, end = [], 0
    for number, part in enumerate(parts):
        found = find_verbatim(part.strip(_STOPS), source, least=1, start=end)
        if not found or (number and found.start - end > _LONGEST_ELISION):
            return None
        if number:
            gaps.append(source[end : found.start])
        end = found.end
    return "\n".join(gaps)


def _is_translated(text: str, cited: Sequence[Cited]) -> bool:
    return all(_is_han(text) != _is_han(source.text) for source in cited)


def _titles(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    known = "\n".join(f"{source.text}\n{source.context}" for source in cited)
    for match in _TITLE.finditer(text):
        if not find_verbatim(match[1], known, least=1) and covered(match[1], known) < _NAMED:
            yield f"{match[0]} is not named in what is cited"


def _figures(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    texts = [source.text for source in cited]
    in_context = missing(text, [source.context for source in cited])
    yearly = any(_YEARLY.search(source) for source in texts)
    for figure in missing(text, [*texts, *_publication_dates(text, cited)]):
        if yearly and figure.text in _A_YEAR:
            continue
        if figure in in_context or figure.kind not in _OF_CONTEXT:
            yield f"{figure.text} does not stand in what is cited"


def _publication_dates(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    """Yield the dates of what is cited, unless the claim may have one instead of a date there."""
    said = [figure for figure in quantities(text) if figure.kind is Kind.DATE]
    for source in cited:
        stated = [figure for figure in quantities(source.text) if figure.kind is Kind.DATE]
        if source.date and (not stated or any(same_amount(a, b) for a in said for b in stated)):
            yield source.date


def _bounds(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    stated = [figure for source in cited for figure in quantities(source.text)]
    for figure in quantities(text):
        same = [other for other in stated if same_amount(figure, other)]
        if same and not any(bounds_agree(figure, other) for other in same):
            here, there = (one.bound.replace("_", " ") for one in (figure, same[0]))
            yield f"{figure.text} is said to be {here}, and is {there} in what is cited"


def _phases(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    """Compare the amount of each phase, where both sides tell which belongs to which."""
    given = [pair for source in cited for pair in _paired(source.text)]
    for phase, amount in _paired(text):
        others = [other for stage, other in given if stage.value == phase.value]
        if others and not any(_alike(amount, other) for other in others):
            yield f"{phase.text} has {others[0].text} in what is cited, not {amount.text}"


def _paired(text: str) -> Iterator[tuple[Quantity, Quantity]]:
    """Yield the phases and their amounts where the order tells which belongs to which.

    That is where a sentence has as many of one as of the other (I、II期, 分别200、500万元), or a
    clause has, or a clause and the next one.
    """
    for sentence in re.split(r"[。！!？?\n]|\.(?=\s)", text):
        figures = quantities(sentence)
        phases = [f for f in figures if f.kind is Kind.ORDINAL and f.unit == "期"]
        amounts = [f for f in figures if f.kind is Kind.MONEY]
        if len(phases) == len(amounts):
            yield from zip(phases, amounts, strict=True)
        elif phases and amounts:
            yield from _paired_by_clause(sentence, phases, amounts)


def _paired_by_clause(
    sentence: str, phases: Sequence[Quantity], amounts: Sequence[Quantity]
) -> Iterator[tuple[Quantity, Quantity]]:
    ends = [match.start() for match in re.finditer("[，,；;]", sentence)] + [len(sentence)]
    for number, end in enumerate(ends):
        start = ends[number - 1] if number else 0
        here = [phase for phase in phases if start <= phase.start < end]
        own = [amount for amount in amounts if start <= amount.start < end]
        if not own and number + 1 < len(ends):
            following = (end, ends[number + 1])
            if not any(following[0] <= phase.start < following[1] for phase in phases):
                own = [a for a in amounts if following[0] <= a.start < following[1]]
        if len(here) == len(own):
            yield from zip(here, own, strict=True)


def _alike(one: Quantity, other: Quantity) -> bool:
    ends = {value for value in (other.value, other.high) if isinstance(value, Decimal)}
    return same_amount(one, other) or one.value in ends


def _places(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    named = [
        mentioned
        for source in cited
        for mention in find_places(f"{source.text}\n{source.context}")
        for mentioned in (mention.place, *mention.others)
    ]
    named += [region for source in cited if (region := place(source.region)) is not None]
    for mention in find_places(text):
        if not any(covers(meant, other) for meant in _meant(mention) for other in named):
            yield f"{text[mention.start : mention.end]} is not named in what is cited"


def _meant(mention: PlaceMention) -> tuple[Place, ...]:
    return mention.place, *mention.others


def _clauses(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    return misplaced(text, _in_same_language(text, cited))


def _links(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    known = "\n".join(f"{source.text}\n{source.context}" for source in cited)
    for match in _LINK.finditer(text):
        if match[0].rstrip(")].,;!?") not in known:
            yield f"{match[0]} does not stand in what is cited"


def _denial(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    if same := _in_same_language(text, cited):
        if problem := turned_round(text, same):
            yield problem
        return
    sources = [source.text for source in cited]
    if denies_alone(text, sources):
        yield "denies something that what is cited does not deny"
    if affirms_alone(text, sources):
        yield "affirms something, and what is cited denies"


def _words(text: str, cited: Sequence[Cited]) -> tuple[Status, list[str]]:
    same = [source for source in cited if _is_han(text) == _is_han(source.text)]
    if not same:
        return _across_languages(text, cited)
    words = re.sub(r"\d[\d.,]*", " ", text)  # figures are compared by themselves
    if not re.search(r"[^\W\d_]", words):
        return Status.SUPPORTED, []
    share = covered(words, "\n".join(f"{source.context}\n{source.text}" for source in same))
    if share < _FEW_WORDS:
        return Status.UNSUPPORTED, ["hardly any of its words stand in what is cited"]
    if share < _SOME_WORDS:
        return Status.PARTLY, ["many of its words do not stand in what is cited"]
    return Status.SUPPORTED, []


def _across_languages(text: str, cited: Sequence[Cited]) -> tuple[Status, list[str]]:
    """Say what could not be compared: words of a quotation, or of all without figure or place."""
    quoted = [group for match in _QUOTED.finditer(text) for group in match.groups() if group]
    if any(_is_translated(quotation, cited) for quotation in quoted):
        return Status.PARTLY, ["quotes in another language than what is cited"]
    if not quantities(text) and not find_places(text):
        return Status.PARTLY, ["is in another language than what is cited, without figure or place"]
    return Status.SUPPORTED, []


def _in_same_language(text: str, cited: Sequence[Cited]) -> list[str]:
    return [source.text for source in cited if _is_han(text) == _is_han(source.text)]


def _is_han(text: str) -> bool:
    return sum("\u3400" <= character <= "\u9fff" for character in text) > 0.2 * len(text)
