"""What can be mended of a draft with sentences that the passages they cite do not bear out.

First without the model: small ones write the right sentence and number another passage. Then by one
more call to it. Only what our own checks say is believed: a sentence keeps the words that the model
wrote, and the second draft is taken if it has fewer that fail and loses nothing that was right.
"""

import re
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice

from index.types import Span
from rag.answer import budget_for, inert, is_refusal, messages, prompt_for
from rag.draft import parse_draft, with_marks
from rag.errors import LanguageModelError
from rag.excerpt import LARGE_BUDGET, Budget
from rag.llm.base import LanguageModel, Message
from rag.llm.guard import LONGEST_ANSWER, guarded
from rag.types import Claim, Draft, DraftSentence, Evidence, Question, Status

# A small model loses the thread of a longer list, and reads each line for seconds.
_MOST_PROBLEMS = 4
_LONGEST_PROBLEM = 200  # characters
_TIME_LIMIT = 10.0  # seconds, in which the answer is there already
# Sentences, the first ones: each failed one is checked against each passage. Four are asked for.
_MOST_RENUMBERED = 8


_TAG = re.compile(r"</?passage\b[^<>\n]*>")

Check = Callable[[str], Sequence[Claim]]  # of a draft: the claims in it


def better_draft(
    model: LanguageModel | None,
    question: Question,
    evidence: Sequence[Evidence],
    draft: str,
    claims_of: Check,
) -> str:
    """Return a draft, or what became of it when it was mended, if that is better.

    `claims_of` checks a draft against the evidence; without a model, only marks are mended.
    """
    first = renumbered(without_tags(draft), evidence, claims_of)
    if model is None:
        return first
    claims = claims_of(first)
    again = repair(model, question, evidence, first, claims)
    if not again:
        return first
    if is_refusal(again):
        return first if _count(claims, Status.SUPPORTED) else again
    second = renumbered(without_tags(again), evidence, claims_of)
    return second if improves(claims, claims_of(second)) else first


def without_tags(draft: str) -> str:
    """Return a draft without the tags of passages, which small models copy from their prompt.

    The draft itself if nothing else is in it.
    """
    return _TAG.sub("", draft).strip() or draft


def renumbered(draft: str, evidence: Sequence[Evidence], claims_of: Check) -> str:
    """Return a draft in which each failed sentence cites a passage that bears it out, if any does.

    That is a passage of a document that it cites, so that what a planted file says is not drawn to
    it from elsewhere. A sentence without a mark can only get that of a neighbour on its line:
    models mark the last of several. What a model says of itself is not made to look quoted.
    """
    if not _count(claims_of(draft), Status.UNSUPPORTED):
        return draft
    parsed = parse_draft(draft, {item.n for item in evidence})
    own = [(*sentence.marks, *sentence.unknown) for sentence in parsed.sentences]
    numbers = [
        _fitting(sentence, _eligible(parsed, i, evidence), claims_of) or own[i]
        if i < _MOST_RENUMBERED
        else own[i]
        for i, sentence in enumerate(parsed.sentences)
    ]
    if numbers == own:
        return draft
    # Numbers that no evidence has are among these: as marks again, to be found unknown again.
    sentences = tuple(replace(sentence, unknown=()) for sentence in parsed.sentences)
    return with_marks(replace(parsed, sentences=sentences), numbers)


def _eligible(draft: Draft, i: int, evidence: Sequence[Evidence]) -> Sequence[int]:
    """Return the passages that a sentence could cite instead of its own."""
    sentence = draft.sentences[i]
    if sentence.marks:
        cited = {item.passage.document for item in evidence if item.n in sentence.marks}
        others = [item for item in evidence if item.n not in sentence.marks]
        return [item.n for item in others if item.passage.document in cited]
    if sentence.unknown:
        return []
    near = [*draft.sentences[i + 1 :], *reversed(draft.sentences[:i])]
    marked = next((other for other in near if other.marks), None)
    return marked.marks if marked and _on_one_line(draft.text, sentence.span, marked.span) else []


def _on_one_line(text: str, one: Span, other: Span) -> bool:
    return "\n" not in text[min(one.end, other.end) : max(one.start, other.start)]


def _fitting(sentence: DraftSentence, others: Sequence[int], claims_of: Check) -> tuple[int, ...]:
    """Return the first passage that bears out a sentence whose own do not; () if none does."""
    own = (*sentence.marks, *sentence.unknown)
    if not others or _status(sentence, own, claims_of) is not Status.UNSUPPORTED:
        return ()
    fitting = (n for n in others if _status(sentence, (n,), claims_of) is Status.SUPPORTED)
    return tuple(islice(fitting, 1))


def _status(sentence: DraftSentence, numbers: Sequence[int], claims_of: Check) -> Status | None:
    """Return the status of a sentence with these marks, None unless it is one claim."""
    whole = Draft(sentence.text, (replace(sentence, span=Span(0, len(sentence.text)), unknown=()),))
    claims = claims_of(with_marks(whole, [numbers]))
    return claims[0].status if len(claims) == 1 else None


def repair(
    model: LanguageModel,
    question: Question,
    evidence: Sequence[Evidence],
    draft: str,
    claims: Sequence[Claim],
) -> str:
    """Return the model's second draft, told which claims are unsupported and why.

    "" if none is, or the model fails or breaks off.
    """
    if not _count(claims, Status.UNSUPPORTED):
        return ""
    asked = repair_messages(question, evidence, draft, claims, budget_for(model))
    longest, known = LONGEST_ANSWER[question.language], {item.n for item in evidence}
    try:
        with closing(model.stream(asked)) as stream:
            return _within_time(guarded(stream, longest, known)).strip()
    except LanguageModelError:
        return ""  # the first draft stays, and its claims say what is wrong with it


def _within_time(pieces: Iterable[str]) -> str:
    """Return the text of pieces, "" if they take longer than a reader should wait for them.

    A stream shows each second that it is alive, so that the time is looked at.
    """
    deadline, text = time.monotonic() + _TIME_LIMIT, ""
    for piece in pieces:
        text += piece
        if time.monotonic() > deadline:
            return ""
    return text


def repair_messages(
    question: Question,
    evidence: Sequence[Evidence],
    draft: str,
    claims: Sequence[Claim],
    budget: Budget = LARGE_BUDGET,
) -> list[Message]:
    """Return the messages that ask for a corrected draft.

    They begin with those of the first call, which a server's prompt cache still holds.
    """
    failed = [claim for claim in claims if claim.status is Status.UNSUPPORTED]
    values = {
        "problems": [
            {"text": _short(claim.text), "why": _short("; ".join(claim.problems))}
            for claim in failed[:_MOST_PROBLEMS]
        ]
    }
    _, user = prompt_for("repair", question).render(values)
    return [
        *messages(question, evidence, budget),
        Message("assistant", draft),
        Message("user", user),
    ]


def improves(first: Sequence[Claim], second: Sequence[Claim]) -> bool:
    """Tell whether a second draft has fewer unsupported claims, and no fewer supported ones."""
    fewer = _count(second, Status.UNSUPPORTED) < _count(first, Status.UNSUPPORTED)
    return fewer and _count(second, Status.SUPPORTED) >= max(1, _count(first, Status.SUPPORTED))


def _count(claims: Sequence[Claim], status: Status) -> int:
    return sum(claim.status is status for claim in claims)


def _short(text: str) -> str:
    return inert(text)[:_LONGEST_PROBLEM]
