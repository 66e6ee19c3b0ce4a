"""What stands between a language model and a draft: an answer has an end, and comes to it.

Whatever backend wrote it, it is whole only if its finish mark came; one that grows too long, or
says the same over and over, is stopped, and its complete sentences are kept.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from index.script import encodable, fold_tight
from rag.draft import parse_draft, with_marks
from rag.errors import LanguageModelCut, LanguageModelUnavailable, Trouble
from rag.llm.base import Chunk
from rag.llm.failures import printable
from rag.types import Draft, Language

# Characters; a model that writes more does not stop. The prompt asks for four sentences: twenty of
# the length that policies are written in come to 2,000. English takes two to three characters for
# one of Chinese (the names in index/places.csv: 2.7).
LONGEST_ANSWER: dict[Language, int] = {"zh": 2_000, "zh-Hant": 2_000, "en": 4_000}

_THOUGHTS, _THOUGHTS_END = "<think>", "</think>"
_LONGEST_THOUGHTS = 20_000  # characters; a minute of them is less
_CHECKED_EVERY = 100  # characters; a loop is noticed so much later at most
_TAIL = 600  # characters at the end in which a loop is looked for
_ROUNDS = 4  # of a loop; three alike in a row can be a list
_LEAST_LOOP = 60  # characters of it altogether; shorter ones are rules, dots and zeros
_SAME_SENTENCE = 3  # times: two may answer two parts of a question
_LEAST_SENTENCE = 8  # characters without marks; shorter ones ("无。") may well recur
# Sentences, roughly, to see cheaply whether a closer look is worth it.
_ROUGH_STOP = re.compile(r"[。！？!?；;\n]|\.\s")
_ROUGH_MARK = re.compile(r"[\[［【(（][^\]］】)）\n]{0,20}[\]］】)）]|\s")
_ENDED = re.compile(r"(?:[。！？!?…；;]|(?<!\d)\.)[”’」』）)\"'》\]］】]*$")
_WHY = {
    "length": Trouble.LONG,
    "content_filter": Trouble.FILTERED,
}


def guarded(chunks: Iterable[Chunk], longest: int, known: Collection[int]) -> Iterator[str]:
    """Yield the text of an answer, and "" where the model shows only that it is alive.

    `longest` is in characters; `known` are the numbers of evidence. Raises LanguageModelCut, with
    the complete sentences, unless the finish mark says that the answer is whole;
    LanguageModelUnavailable if no text came.
    """
    text, checked, finish = "", 0, ""
    try:
        for chunk in _without_thoughts(map(_printable, chunks)):
            finish = chunk.finish or finish
            piece = encodable(chunk.text)[: longest - len(text) + 1]
            text += piece
            if piece or chunk == Chunk():
                yield piece
            if len(text) - checked >= _CHECKED_EVERY:
                checked = len(text)
                _require_progress(text, known)
            if len(text) > longest:
                raise LanguageModelCut(f"stopped after {longest} characters", Trouble.LONG)
        _require_finish(finish, text)
    except LanguageModelCut as error:
        error.kept = error.kept or complete_sentences(text, known)
        raise


def _printable(chunk: Chunk) -> Chunk:
    return replace(chunk, text=printable(chunk.text), finish=printable(chunk.finish))


def _without_thoughts(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Take out the reasoning that some servers leave in front of an answer, between <think> tags.

    Raises LanguageModelUnavailable if it does not end.
    """
    held, answering = "", False
    for chunk in chunks:
        if answering or not chunk.text:
            yield chunk
            continue
        held = (held + chunk.text).lstrip()
        thoughts, closed, answer = held.partition(_THOUGHTS_END)
        if _THOUGHTS.startswith(held) or (held.startswith(_THOUGHTS) and not closed):
            if len(thoughts) > _LONGEST_THOUGHTS:
                break
            yield replace(chunk, text="")
            continue
        answering = True
        yield replace(chunk, text=answer.lstrip() if held.startswith(_THOUGHTS) else held)
    if not answering and held.startswith(_THOUGHTS):
        raise LanguageModelUnavailable("it did not come to an end of its reasoning", Trouble.LONG)
    if not answering and held:
        yield Chunk(held)


def _require_finish(finish: str, text: str) -> None:
    if finish == "stop":
        return
    reason = f"the answer broke off ({finish or 'the connection ended'})"
    trouble = _WHY.get(finish, Trouble.BROKEN)
    if text:
        raise LanguageModelCut(reason, trouble)
    raise LanguageModelUnavailable(f"no answer came ({finish or 'the connection ended'})", trouble)


def _require_progress(text: str, known: Collection[int]) -> None:
    """Raise LanguageModelCut if a text has begun to repeat itself."""
    kept = None
    if (loop := _loop(text)) is not None:
        kept = complete_sentences(text[:loop], known)
    elif said := _said_again(text, known):
        kept = said
    if kept is not None:
        raise LanguageModelCut("it said the same over and over", Trouble.REPEATED, kept)


def _loop(text: str) -> int | None:
    """Return where the first round of a loop ends that a text ends in, None if there is none.

    The prefix function of Knuth, Morris and Pratt gives the shortest period of each part of the
    tail; linear in its length.
    """
    tail = text[-_TAIL:][::-1]
    borders = [0] * len(tail)
    found = None
    for i in range(1, len(tail)):
        border = borders[i - 1]
        while border and tail[i] != tail[border]:
            border = borders[border - 1]
        borders[i] = border + (tail[i] == tail[border])
        length = i + 1
        period = length - borders[i]
        if length >= max(_LEAST_LOOP, _ROUNDS * period):
            found = len(text) - length + period
    return found


def _said_again(text: str, known: Collection[int]) -> str:
    """Return what stands before the second of several equal sentences, "" if there are none."""
    rough = Counter(_ROUGH_STOP.split(_ROUGH_MARK.sub("", text)))
    del rough[""]
    if max(rough.values(), default=0) < _SAME_SENTENCE:
        return ""
    draft = parse_draft(text, known)
    places: dict[str, list[int]] = {}
    for i, sentence in enumerate(draft.sentences):
        if len(folded := fold_tight(sentence.text)) >= _LEAST_SENTENCE:
            places.setdefault(folded, []).append(i)
    again = [found[1] for found in places.values() if len(found) >= _SAME_SENTENCE]
    return _first(draft, min(again)) if again else ""


def complete_sentences(text: str, known: Collection[int]) -> str:
    """Return a text that broke off without the sentence in which it did, marks kept as [1]."""
    draft = parse_draft(text, known)
    if not draft.sentences:
        return ""
    last = draft.sentences[-1]
    # A line end ends a sentence too.
    whole = _ENDED.search(last.text) or "\n" in draft.text[last.span.end :]
    return _first(draft, len(draft.sentences) - (not whole))


def _first(draft: Draft, count: int) -> str:
    """Return the first sentences of a draft; unknown numbers are marks again."""
    numbers = [(*sentence.marks, *sentence.unknown) for sentence in draft.sentences[:count]]
    sentences = tuple(replace(sentence, unknown=()) for sentence in draft.sentences[:count])
    end = sentences[-1].span.end if sentences else 0
    return with_marks(Draft(draft.text[:end], sentences), numbers)
