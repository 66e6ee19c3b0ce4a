"""Does a sentence deny what another affirms, or the other way round? Pure, by words alone.

Two views, since either alone misses much. The near one looks at the word behind each negation:
不予重复奖励 denies 重复, so a claim with 重复 and no negation before it turns that round. The wide
one compares each clause of the claim with the clauses that hold its words.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.glossary import counterparts
from index.script import fold
from rag.evidence import covered
from rag.quantities import quantities, same_amount

# Patterns run over folded text: NFKC, Simplified, lower case.
_NEGATION = re.compile(
    r"[不未无没勿非]|禁止|取消|停止|暂停|拒绝|除外|例外"
    r"|\b(?:not?|never|none|nor|neither|nothing|without|cannot|exclud\w+|prohibit\w*|ineligible"
    r"|forbid\w*|refus\w+|den(?:y|ies|ied)|ban(?:s|ned)?)\b|n't\b"
)
# What is not yet so; a writer may affirm the need of it (需要突破) or deny the thing (尚未突破).
_LACK = re.compile("(?:有待|尚需|尚待|亟待|亟需|仍待)(?:进一步)?(?P<han>[\u3400-\u9fff]{2})")
_ACHIEVED = re.compile("已|完成|实现|取得")
# What holds such a word but denies nothing, or is a bound, which quantities look after.
_NO_DENIAL = re.compile(
    "[不未](?:得|能|应|可|会)?(?:超过|超出|高于|低于|少于|多于|大于|小于|超)"
    "|不(?:可或缺|动产|[同断仅但只足良错锈久过论管止等孕育适限菲一妨乏到满俗凡])"
    "|未(?:来|满)|无(?:人|痛|创|障碍|辐射|线|锡|菌|论|偿|机|形|缝|源|接触|纸|废|限|疑|细胞)"
    "|没收|不少(?!于)|非(?:常|洲|遗|公|银|营利|标|晶|织造|凡|处方|对称|临床)|[是可能与]否|否则|差不多"
    r"|\bn(?:o|ot|ever) (?:more|less|fewer|later|earlier|greater|lower|higher) than"
    r"|\b(?:cannot|not|never) (?:to )?exceed\w*|\bnot only|\bno\.? ?\d|\bwithout exception"
)
_CLAUSE = re.compile(r"[^,。.;:!?\n]+(?:(?<=\d)[,.](?=\d)[^,。.;:!?\n]+)*")
# What may stand between a negation and the word that it denies.
_FILL = "(?:予以|给予|可以|应当|允许|[予得能会再可以被应须需给许准])*"
_DENIED = re.compile(
    rf"(?:{_NEGATION.pattern}){_FILL}(?P<han>[\u3400-\u9fff]{{2}})"
    rf"|(?:{_NEGATION.pattern})(?: (?:be|been|to|a|an|the|any|get|yet))* (?P<latin>[a-z]{{4,}})"
)
_MASK = "\x00"
_REACH, _LATIN_REACH = 8, 24  # characters over which a negation holds: 不得转让或出租
_SAME, _SHARED, _ALIKE = 0.8, 0.3, 0.6  # shares of a clause's words that stand in another
_LEAST_WORDS = 4  # Han characters, or half as many Latin words: shorter clauses say too little


@dataclass(frozen=True, slots=True)
class _Clause:
    """A clause of folded text, `masked` where a negation denies nothing."""

    text: str
    masked: str

    @property
    def denies(self) -> bool:
        return bool(_NEGATION.search(self.masked))

    @property
    def lacks(self) -> bool:
        return bool(_LACK.search(self.masked))

    def holds_denied(self, word: str) -> bool | None:
        """Tell whether a negation stands shortly before a word; None if the word is not here."""
        places = [match.start() for match in re.finditer(re.escape(word), self.text)]
        return any(self._denied_at(place, word) for place in places) if places else None

    def _denied_at(self, place: int, word: str) -> bool:
        reach = _LATIN_REACH if word.isascii() else _REACH
        before = self.masked[max(0, place - reach) : place].rpartition("的")[2]
        return bool(_NEGATION.search(before) or _LACK.search(before + word))

    def achieves(self, word: str) -> bool:
        """Tell whether a word stands shortly behind 已 or 完成, or before 完成."""
        return not self.denies and bool(
            re.search(f"(?:{_ACHIEVED.pattern}).{{0,{_REACH}}}{re.escape(word)}", self.masked)
        )


def turned_round(claim: str, sources: Sequence[str]) -> str:
    """Return what a claim turns round of sources in its own language, "" if nothing."""
    said = list(_clauses(claim))
    given = [clause for source in sources for clause in _clauses(source)]
    for clause in said:
        if problem := _near(clause, said, given) or _wide(clause, given):
            return problem
    return _dropped(said, given)


def denies_alone(claim: str, sources: Sequence[str]) -> bool:
    """Tell whether a claim denies something and nothing in sources of another language does."""
    given = [clause for source in sources for clause in _clauses(source)]
    return _any_denies(_clauses(claim)) and not any(c.denies or c.lacks for c in given)


def denies_there(claim: str, sources: Sequence[str]) -> str:
    """Return what a claim in another language says of a denied figure that is not denied there."""
    given = [clause for source in sources for clause in _clauses(source)]
    for clause in _clauses(claim):
        for figure in quantities(clause.text) if clause.denies else ():
            same = [c for c in given if any(same_amount(figure, f) for f in quantities(c.text))]
            if same and not _any_denies(same):
                return f"denies “{figure.text}”, which is affirmed in what is cited"
        if clause.denies and (name := _affirmed_name(clause, _sentences(sources))):
            return f"denies “{name}”, which is affirmed in what is cited"
    return ""


def _sentences(sources: Sequence[str]) -> list[_Clause]:
    """Return the sentences of sources; a question and what answers it are one."""
    found = []
    for part in (part for source in sources for part in re.split(r"[。！!；;\n]+", source)):
        clauses = list(_clauses(part))
        text, masked = (
            "\n".join(texts)
            for texts in (
                [clause.text for clause in clauses],
                [clause.masked for clause in clauses],
            )
        )
        found.append(_Clause(text, masked))
    return found


def _affirmed_name(clause: _Clause, given: Sequence[_Clause]) -> str:
    """Return what a clause denies something of, if nothing is denied of it in the sources."""
    names = {
        clause.text[one.start : one.end]: [fold(name) for name in one.names]
        for one in counterparts(clause.text)
    }
    found = {
        word: [c for c in given if any(name in c.text for name in (word, *others))]
        for word, others in names.items()
    }
    known = {word: clauses for word, clauses in found.items() if clauses}
    if not known or any(_any_denies(clauses) for clauses in known.values()):
        return ""
    return next(iter(known))


def affirms_alone(claim: str, sources: Sequence[str]) -> bool:
    """Tell whether a claim denies nothing while each source in another language does throughout."""
    given = [re.split(r"[。.!?;\n]+(?!\d)", source.strip("。.!?;；！？\n ")) for source in sources]
    throughout = all(_any_denies(_clauses(part)) for parts in given for part in parts)
    return throughout and not _any_denies(_clauses(claim))


def _any_denies(clauses: Iterator[_Clause] | Sequence[_Clause]) -> bool:
    return any(clause.denies for clause in clauses)


def denies(text: str) -> bool:
    """Tell whether a text denies anything."""
    return _any_denies(_clauses(text))


def _clauses(text: str) -> Iterator[_Clause]:
    folded = fold(text)
    masked = _NO_DENIAL.sub(lambda match: _MASK * len(match[0]), folded)
    for match in _CLAUSE.finditer(folded):
        yield _Clause(match[0], masked[match.start() : match.end()])


def _near(clause: _Clause, said: Sequence[_Clause], given: Sequence[_Clause]) -> str:
    """Look for a word that the claim denies and the sources only affirm."""
    for word in _denied_words(clause):
        held = [found for other in given if (found := other.holds_denied(word)) is not None]
        if held and not any(held):
            return f"denies “{word}”, which is affirmed in what is cited"
    return ""


def _dropped(said: Sequence[_Clause], given: Sequence[_Clause]) -> str:
    """Look for a word that the sources only deny and the claim only affirms."""
    for word in dict.fromkeys(word for clause in given for word in _denied_words(clause)):
        in_claim = [found for clause in said if (found := clause.holds_denied(word)) is not None]
        in_sources = [f for clause in given if (f := clause.holds_denied(word)) is not None]
        if in_claim and not any(in_claim) and all(in_sources):
            return f"affirms “{word}”, which is denied in what is cited"
    for word in dict.fromkeys(match["han"] for c in given for match in _LACK.finditer(c.masked)):
        in_sources = [f for clause in given if (f := clause.holds_denied(word)) is not None]
        if all(in_sources) and any(clause.achieves(word) for clause in said):
            return f"affirms “{word}”, which is denied in what is cited"
    return ""


def _denied_words(clause: _Clause) -> Iterator[str]:
    words = (match["han"] or match["latin"] for match in _DENIED.finditer(clause.masked))
    return (word for word in words if not _NEGATION.search(word))


def _wide(clause: _Clause, given: Sequence[_Clause]) -> str:
    """Compare a clause with the clauses that share its words."""
    if _size(clause.text) < _LEAST_WORDS:
        return ""
    pairs = [_Clause(a.text + b.text, a.masked + b.masked) for a, b in pairwise(given)]
    if any(
        (other.denies == clause.denies or other.lacks or clause.lacks)
        and covered(clause.text, other.text) >= _SAME
        for other in [*given, *pairs]
    ):
        return ""
    related = [other for other in given if covered(other.text, clause.text) >= _SHARED]
    if covered(clause.text, "\n".join(other.text for other in related)) < _ALIKE:
        return ""
    if clause.denies == _any_denies(related) or any(c.lacks for c in (clause, *related)):
        return ""
    how = "denies" if clause.denies else "affirms"
    return f"{how} what is {'affirmed' if clause.denies else 'denied'} in what is cited"


def _size(text: str) -> int:
    return len(re.findall("[\u3400-\u9fff]", text)) + 2 * len(re.findall("[a-z]+", text))
