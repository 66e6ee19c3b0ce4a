"""Draft + citations -> claims with a status; pure, no model.

What is checked in each sentence: that it cites something; that what it puts in quotation marks
stands there, and leaves out no denial; that each of its figures, dates, places and links stands
there in any notation, an amount with its phase; that it neither denies what the passage affirms nor
turns a cap into a floor; and, where both share a language, that its words are those of the passage.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from index.glossary import Counterpart, counterparts
from index.places import Place, PlaceMention, covers, find_places, place
from index.script import fold, fold_characters, fold_tight
from rag.attribution import misattributed, miscompared, misdated, misplaced_places
from rag.cite import find_verbatim
from rag.clauses import misplaced
from rag.complaints import said_once
from rag.conditions import unstated
from rag.direction import reversed_words
from rag.evidence import covered
from rag.limits import misshared, uncapped
from rag.listing import counts_list
from rag.modality import denies_finality, recast
from rag.names import known_terms, names_known, proper_names, unknown_terms, unlike_people, unnamed
from rag.negation import affirms_alone, denies, denies_alone, denies_there, turned_round
from rag.passages import TELLING
from rag.quantities import (
    Kind,
    Quantity,
    bounds_agree,
    missing,
    quantities,
    rates_agree,
    same_amount,
)
from rag.roles import headings_listed, miscast, misranked
from rag.scope import overreaching
from rag.types import Claim, DraftSentence, Status

# Shares of a sentence's words that stand in what it cites: below the first it is unsupported,
# below the second partly supported.
_FEW_WORDS, _SOME_WORDS = 0.25, 0.4
_QUOTED = re.compile(r"“([^“”]{8,})”|「([^「」]{8,})」|『([^『』]{8,})』|\"([^\"]{8,})\"")
_TITLE = re.compile("《([^《》\n]{4,60})》")
_NAMED = 0.8  # share of a title's words; texts shorten the titles that they name
_ELLIPSIS = re.compile(r"(?:…|\.{3}|。{3}|[\[［(（](?:…|\.{3})+[\]］)）])+")
_LONGEST_ELISION = 200  # characters; beyond it the parts no longer belong together
_LINK = re.compile(r"(?:https?://|www\.)[\x21-\x7e]+", re.IGNORECASE)
_EDGE = re.compile(r"[\s。．.！!？?；;，,：:、…“”「」『』\"()（）《》-]")
_STOPS = "。．.！!？?；;…，,：: \t"
# A closed list: what states anything is a claim, whatever it ends in.
_LEAD_IN = re.compile(
    "(?:根据|依据|按照|據|根據)?(?:以上|上述|相关|有关|相關|有關)?"
    "(?:资料|文件|办法|政策|原文|条款|規定|规定|資料|辦法|條款)?的?"
    "(?:内容|要点|说法|答案|条件|金额|标准|规定|回答|內容|要點|說法|條件|金額|標準|規定)?"
    "(?:显示|指出|提到|规定|写明|说|为|是|包括|如下|有|顯示|規定|寫明|說|為){0,3}[:：,，]?[:：]"
    "|(?:according to )?(?:the )?(?:documents?|passages?|sources?|answer|details?|conditions?"
    "|amounts?)"
    "(?: (?:says?|states?|are|is|as follows)){0,3}:",
    re.IGNORECASE,
)
_SEVERITY = (Status.UNSUPPORTED, Status.PARTLY, Status.SUPPORTED)
_TERM = 3  # words of a quoted term: "little giants"
_LONGEST_CLAIM = 1_000  # characters; no sentence has more, and each costs time
_LONGEST_CITED = 4_000  # characters; a quote of ours has 300
# Characters of a claim times those of all that it cites: clauses are compared pair by pair.
_MOST_COMPARED = 4_000_000
_PARTS = re.compile(  # phase I, II and III trials are one part
    r"[；;。！？!?、\n]|，(?!\s*[IVX]+\b)|,(?!\d{3}|\s*(?:and )?[IVX]+\b)|[:：.](?!\d)"
    r"|\b(?:and(?!\s+[IVX]+\b)|but|while)\b"
)
_SPEAKS = re.compile("表示|介绍|指出|说|谈|称|透露|强调|认为")
_NO_AMOUNT = re.compile(
    "(?:没有?|未|并未|无)(?:写明|给出|提到|提及|说明|列出|公布|披露|明确|写|规定|载明|有){0,2}(?:任何|具体)?的?(?:补[贴助])?(?:金额|数额|数字|标准)"
    "|(?:金额|数额|标准).{0,4}(?:未|没有?)"
    r"|\bno (?:specific )?(?:amount|figure)s?\b"
    r"|\bnot (?:say|state|specify|give|mention) (?:how much|(?:the|an|any)(?: \w+)? amount)"
)
_LEAST_SIZE = 4  # Han characters, or half as many Latin words, of a part that says something
_KNOWN_PART = 0.26  # share of the words of such a part that stand in what is cited
_PLAIN_WORDS = re.compile(
    "(?i)(?:the|this|that|these|those|with|from|into|under|over|each|every|also|only|more|than"
    "|most|least|which|their|there"
    "|they|have|been|were|will|would|shall|must|does|gives?|given|states?|says?|receives?"
    "|gets?|paid|provides?|according"
    "|report|document|documents|passage|amount|amounts|other|such|when|where|what|after"
    "|before|year|years|about|[ivx]+)"
)
_TELLS_PHASES = re.compile(
    r"期(?![限间望])|阶段|分档|几档|三档|不等|进度|进展|\bphases?\b|\bstages?\b|\brang\w+|\bdepending\b"
)
# What a title or a heading may bear out; amounts it may not.
_OF_CONTEXT = (Kind.YEAR, Kind.DATE, Kind.DOCUMENT_NUMBER, Kind.ORDINAL)
# 每年最高 may be said as 一年最多.
_YEARLY = re.compile("[每全]年|年度|per year|a year|annual|yearly", re.IGNORECASE)
_OFTEN = re.compile(
    "每一?个?(?:年|季|月|周|天)|\\b(?:a|per|each|every) (?:year|quarter|month|week|day)\\b"
    "|\\b(?:annually|monthly|weekly|daily)\\b"
)
_ANY_RATE = re.compile(
    "[每全逐]|年[度均产產]|月[均度]|per |each|every|annual|yearly|monthly|weekly|daily"
    "|\\ba (?:year|month|week|day)",
    re.IGNORECASE,
)
_A_YEAR = frozenset({"一年", "1年", "one year", "1 year"})


@dataclass(frozen=True, slots=True)
class Cited:
    """What verification may know of a citation: the quote as shown, and where it stands."""

    text: str
    context: str = ""  # title, headings, publisher, address: they may name the place and the year
    region: str = ""
    date: str = ""
    passage: str = ""  # that the quote stands in: it may name what the quote only means
    draft: bool = False  # whether its document is a draft for comment, or reports of one


def verify(
    sentences: Sequence[DraftSentence], numbers: Sequence[Sequence[int]], cited: Mapping[int, Cited]
) -> tuple[Claim, ...]:
    """Return a claim for each sentence that claims something.

    `numbers` are the citations of each sentence; `cited` tells what stands at each.
    """
    claims, lead = list[Claim](), ""
    for sentence, own in zip(sentences, numbers, strict=True):
        if not _introduces(sentence, own):
            known = [cited[n] for n in own if n in cited]
            claims.append(check_claim(sentence.text, tuple(own), known, sentence.unknown, lead))
        if sentence.text.rstrip().endswith((":", "：")):
            lead = sentence.text
    return tuple(claims)


def _introduces(sentence: DraftSentence, numbers: Sequence[int]) -> bool:
    """Tell whether a sentence only leads in: "The documents say:"."""
    if numbers or sentence.unknown:
        return False
    return not re.search(r"\w", sentence.text) or bool(_LEAD_IN.fullmatch(sentence.text.strip()))


def check_claim(
    text: str,
    numbers: tuple[int, ...],
    cited: Sequence[Cited],
    unknown: Sequence[int] = (),
    lead: str = "",
) -> Claim:
    """Return a claim with its status and, in words, what is wrong with it.

    `lead` are the words that introduce it: a list stands under "at most:".
    """
    strange = [f"cites [{n}], which does not exist" for n in unknown]
    if not cited:
        return Claim(text, numbers, Status.UNSUPPORTED, ("cites nothing", *strange))
    if any(_stands_whole(text, source.text) for source in cited):
        return Claim(text, numbers, Status.PARTLY if strange else Status.SUPPORTED, tuple(strange))
    if len(text) > _LONGEST_CLAIM:
        problems = ("is too long to be checked", *strange)
        return Claim(text, numbers, Status.UNSUPPORTED, problems)
    longest = min(_LONGEST_CITED, _MOST_COMPARED // (len(text) * len(cited) or 1))
    if any(len(source.text) > longest for source in cited):
        strange.append("cites more than can be compared")
    cited = list(dict.fromkeys(_shortened(source, longest) for source in cited))
    checks = (
        _quotations,
        _titles,
        _figures,
        _bounds,
        _phases,
        _places,
        _names,
        _clauses,
        _attributions,
        _links,
        _denial,
        _conditions,
        _modality,
        _shares,
        _scope,
        _roles,
    )
    grave = [problem for check in checks for problem in check(text, cited)]
    status, light = _words(text, cited)
    uncapped_ones = uncapped(text, [source.text for source in cited], lead)
    if loose := [*uncapped_ones, *_unphased(text, cited)]:
        light, status = [*light, *loose], min(status, Status.PARTLY, key=_SEVERITY.index)
    if grave:
        status = Status.UNSUPPORTED
    elif strange and status is Status.SUPPORTED:
        status = Status.PARTLY
    return Claim(text, numbers, status, said_once(text, (*grave, *light, *strange)))


def _shortened(source: Cited, longest: int) -> Cited:
    text, passage = source.text[:longest], source.passage[:longest]
    context = f"{source.context}\n征求意见稿" if source.draft else source.context
    return replace(source, text=text, passage=passage, context=context)


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
        if (yearly and figure.text in _A_YEAR) or counts_list(figure, text, texts):
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
        elif same and not any(rates_agree(figure, other) for other in same):
            yield f"{figure.text} is per {figure.per}, and per {same[0].per} in what is cited"
        elif same and _makes_up_rate(figure, text, same, cited):
            yield f"{figure.text} is per {figure.per}, which what is cited does not say"


def _makes_up_rate(
    figure: Quantity, text: str, same: Sequence[Quantity], cited: Sequence[Cited]
) -> bool:
    """Tell whether a claim says in so many words how often, and nothing that it cites does."""
    if not figure.per or any(other.per for other in same) or not _OFTEN.search(text):
        return False
    return not any(_ANY_RATE.search(f"{source.text}\n{source.passage}") for source in cited)


def _phases(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    """Compare the amount of each phase, where both sides tell which belongs to which."""
    given = [pair for source in cited for pair in _paired(source.text)]
    for phase, amount in _paired(text):
        others = [other for stage, other in given if stage.value == phase.value]
        if others and not any(_alike(amount, other) for other in others):
            yield f"{phase.text} has {others[0].text} in what is cited, not {amount.text}"


def _unphased(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    """Yield one of several amounts that a claim gives without the phases that they are for."""
    if _TELLS_PHASES.search(fold(text)):
        return
    given = [pair for source in cited for pair in _paired(source.text)]
    amounts = [figure for figure in quantities(text) if figure.kind is Kind.MONEY]
    phased = [a for a in amounts if any(same_amount(a, other) for _, other in given)]
    if len({figure.value for figure in phased}) > 1:
        yield f"{phased[1].text} is for a phase that it leaves out"


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
        for mention in find_places(f"{_naming(source)}\n{source.context}")
        for mentioned in (mention.place, *mention.others)
    ]
    named += [region for source in cited if (region := place(source.region)) is not None]
    for mention in find_places(text):
        if _is_speaker(text, mention, cited):
            continue
        if not any(covers(meant, other) for meant in _meant(mention) for other in named):
            yield f"{text[mention.start : mention.end]} is not named in what is cited"


def _is_speaker(text: str, mention: PlaceMention, cited: Sequence[Cited]) -> bool:
    """Tell whether a name of a place is that of a person who speaks in what is cited: 岳阳."""
    name = fold_tight(text[mention.start : mention.end])
    speaks = _SPEAKS.match(fold_characters(text), mention.end)
    return bool(speaks) and any(re.search(f"长{name}", fold_tight(one.text)) for one in cited)


def _naming(source: Cited) -> str:
    """Return the quote, or the passage where the quote names no place: "the city has two tasks"."""
    return source.text if find_places(source.text) else f"{source.text}\n{source.passage}"


def _meant(mention: PlaceMention) -> tuple[Place, ...]:
    return mention.place, *mention.others


def _clauses(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    return misplaced(text, _in_same_language(text, cited))


def _names(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    known = _known(cited)
    strange = [*unlike_people(text, known), *unknown_terms(text, known)]
    if any(_is_han(text) == _is_han(source.text) for source in cited):
        strange += unnamed(text, known)
    for name in dict.fromkeys(strange):
        yield f"{name} is not named in what is cited"


def _known(cited: Sequence[Cited]) -> str:
    """Return all that may name what a claim names."""
    return "\n".join(f"{source.text}\n{source.context}\n{source.passage}" for source in cited)


def _attributions(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    same = _in_same_language(text, cited)
    terms = None if same else counterparts
    around = [source.passage for source in cited if same]
    yield from misattributed(text, [*(same or [source.text for source in cited]), *around], terms)
    yield from misplaced_places(text, same, [source.passage for source in cited])
    yield from misdated(text, [source.text for source in cited], terms)
    if same:
        yield from miscompared(text, same)
        yield from reversed_words(text, same)


def _conditions(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    same = bool(_in_same_language(text, cited))
    return unstated(
        text, [f"{source.text}\n{source.context}" for source in cited], same, _known(cited)
    )


def _modality(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    context = "\n".join(source.context for source in cited)
    return recast(
        text, [source.text for source in cited], context, bool(_in_same_language(text, cited))
    )


def _shares(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    return misshared(text, [source.text for source in cited])


def _scope(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    regions = [source.region for source in cited]
    contexts = [
        source.context if source.region else f"{source.context}\n{source.passage}"
        for source in cited
    ]
    return overreaching(text, [source.text for source in cited], contexts, regions)


def _roles(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    sources = [source.text for source in cited]
    yield from miscast(text, sources)
    yield from misranked(text, sources)
    contexts = [f"{source.context}\n{source.passage}" for source in cited]
    yield from headings_listed(text, sources, contexts)


def _links(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    known = "\n".join(f"{source.text}\n{source.context}" for source in cited)
    for match in _LINK.finditer(text):
        if match[0].rstrip(")].,;!?") not in known:
            yield f"{match[0]} does not stand in what is cited"


def _denial(text: str, cited: Sequence[Cited]) -> Iterator[str]:
    whole = text
    if _tells_no_amount(text, cited):
        text = _NO_AMOUNT.sub("", fold(text))
    if same := _in_same_language(text, cited):
        if problem := turned_round(text, same):
            yield problem
        elif denies_alone(text, same) and not denies_finality(text, _known(cited)):
            yield "denies something that what is cited does not deny"
        return
    sources = [source.text for source in cited]
    if denied := denies_there(text, [*sources, *(source.passage for source in cited)]):
        yield denied
    if denies_alone(text, [*sources, *(source.passage for source in cited)]):
        yield "denies something that what is cited does not deny"
    if affirms_alone(whole, sources):
        yield "affirms something, and what is cited denies"


def _words(text: str, cited: Sequence[Cited]) -> tuple[Status, list[str]]:
    words = re.sub(r"\d[\d.,]*", " ", text)  # figures are compared by themselves
    if not re.search(r"[^\W\d_年月日号]", words):
        return _bare_figures(text, cited)
    same = [source for source in cited if _is_han(text) == _is_han(source.text)]
    if not same:
        return _across_languages(text, cited)
    if alien := _alien_parts(text, same):
        return Status.PARTLY, [f"“{part}” does not stand in what is cited" for part in alien]
    share = covered(
        words, "\n".join(f"{source.context}\n{source.text}\n{source.passage}" for source in same)
    )
    if share < _FEW_WORDS:
        return Status.UNSUPPORTED, ["hardly any of its words stand in what is cited"]
    if share < _SOME_WORDS:
        return Status.PARTLY, ["many of its words do not stand in what is cited"]
    return Status.SUPPORTED, []


def _bare_figures(text: str, cited: Sequence[Cited]) -> tuple[Status, list[str]]:
    """Doubt a date that says not of what it is, where what is cited has another day too."""
    days = [figure for figure in quantities(text) if figure.kind is Kind.DATE and figure.day]
    there = [
        figure
        for source in cited
        for figure in quantities(f"{source.text}\n{source.passage}")
        if figure.kind is Kind.DATE and figure.day
    ]
    if days and any(not same_amount(day, other) for day in days for other in there):
        return Status.PARTLY, ["gives a date, and not of what"]
    return Status.SUPPORTED, []


def _across_languages(text: str, cited: Sequence[Cited]) -> tuple[Status, list[str]]:
    """Say what could not be compared: words of a quotation, or of all without figure or place."""
    quoted = [group for match in _QUOTED.finditer(text) for group in match.groups() if group]
    strange = [q for q in quoted if len(q.split()) > _TERM or not names_known(q, _known(cited))]
    if any(_is_translated(quotation, cited) for quotation in strange):
        return Status.PARTLY, ["quotes in another language than what is cited"]
    if strangers := list(proper_names(text, _known(cited))):
        problems = [f"{name} cannot be compared with what is cited" for name in strangers]
        return Status.PARTLY, list(dict.fromkeys(problems))
    if alien := _uncompared(text, cited):
        return Status.PARTLY, [f"“{part}” cannot be compared with what is cited" for part in alien]
    if not quantities(text) and not find_places(text) and not known_terms(text, _known(cited)):
        return Status.PARTLY, ["is in another language than what is cited, without figure or place"]
    return Status.SUPPORTED, []


def _alien_parts(text: str, cited: Sequence[Cited]) -> list[str]:
    """Return the parts of a sentence, none with a figure or a place, whose words are not there."""
    known = "\n".join(f"{source.context}\n{source.text}\n{source.passage}" for source in cited)
    return [
        part
        for part in _bare_parts(text)
        if _size(part) >= _LEAST_SIZE and covered(part, known) < _KNOWN_PART
        if not denies_finality(part, known) and not _tells_no_amount(part, cited)
    ]


def _tells_no_amount(part: str, cited: Sequence[Cited]) -> bool:
    """Tell whether a part says of sources without amounts that they give none."""
    given = (figure.kind for source in cited for figure in quantities(source.text))
    return bool(_NO_AMOUNT.search(fold(part))) and Kind.MONEY not in given


def _bare_parts(text: str) -> Iterator[str]:
    taken = [mention.start for mention in find_places(text)]
    taken += [figure.start for figure in quantities(text) if figure.kind is not Kind.ORDINAL]
    cuts = [0, *(at for match in _PARTS.finditer(text) for at in match.span()), len(text)]
    names = [one for one in counterparts(text) if one.weight >= 1] if text.isascii() else []
    kept = [cut for cut in zip(cuts[1:-1:2], cuts[2:-1:2], strict=True) if not _inside(cut, names)]
    cuts = [0, *(at for cut in kept for at in cut), len(text)]
    for start, end in zip(cuts[::2], cuts[1::2], strict=True):
        if not any(start <= at < end for at in taken):
            yield text[start:end].strip()


def _inside(cut: tuple[int, int], names: Sequence[Counterpart]) -> bool:
    """Tell whether a cut divides a name: Department of Industry and Information Technology."""
    return any(name.start < cut[0] and cut[1] < name.end for name in names)


def _size(text: str) -> int:
    return len(re.findall("[\u3400-\u9fff]", text)) + 2 * len(re.findall("[A-Za-z]{2,}", text))


def _uncompared(text: str, cited: Sequence[Cited]) -> list[str]:
    """Return the parts of a sentence that name nothing which stands in another language's text."""
    known = _known(cited)
    return [
        part
        for part in _bare_parts(text)
        if len([w for w in re.findall("[A-Za-z]{3,}", part) if not _PLAIN_WORDS.fullmatch(w)]) > 1
        and not names_known(part, known)
        and not _tells_no_amount(part, cited)
    ]


def _in_same_language(text: str, cited: Sequence[Cited]) -> list[str]:
    return [source.text for source in cited if _is_han(text) == _is_han(source.text)]


def _is_han(text: str) -> bool:
    return sum("\u3400" <= character <= "\u9fff" for character in text) > 0.2 * len(text)
