"""What a language model makes of a question before the search: standalone, or in Chinese words.

Nothing here can fail the answer: whatever the model does, the rules' question or no translation
comes instead. A model's text is taken only if it is one line that looks like a question and says
what the user said: no number, year, place or Latin name lost, none invented.
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing

import prompts
from index.places import Place, find_places
from index.script import encodable, fold
from rag.errors import LanguageModelCut, LanguageModelError, LanguageModelUnavailable
from rag.follow_up import standalone
from rag.llm.base import LanguageModel, Message
from rag.quantities import Quantity, missing, quantities
from rag.types import Turn
from rag.understand import language_of

# Seconds. A question is some thirty tokens: who takes longer would keep the reader from the answer.
TIME_LIMIT = 8.0
# Calls that run at once, those given up but not yet ended among them: a server that hangs must not
# pile up threads.
_CALLS = 8
# Characters of a model's text: more is no question. A translation out of English is shorter, and
# few characters may become many where the subject is put in.
_LONGEST, _TIMES_LONGER = 300, 3
_SHORT = 60  # of the question and the last one before it: shorter ones may grow up to this
# What is shown of the conversation: a small model loses the thread in more.
_TURNS, _TURN_LENGTH = 6, 300
# Share of the Han characters, and of the English words, of a rewritten question that stand in the
# conversation: "请问" and "对于" are no inventions, a subject of the model's own is.
_FAMILIAR, _FAMILIAR_WORDS = 0.7, 0.6
_TELLING_LETTERS = 4  # shorter words are of grammar; so much of the longer ones tells payment, paid

_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9]+")
_WORD = re.compile(rf"[a-z]{{{_TELLING_LETTERS},}}")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_MARK = re.compile(r"[\[【［]\s*\d+\s*[\]】］]|</?\w+|^[#>*-]|```|https?:|www\.")
_LABEL = re.compile(
    r"^(?:(?:rewritten |standalone |last )?question|chinese|translation"
    r"|问题|改写|改写后的问题|翻译|中文)"
    r"\s*[:：]\s*",
    re.IGNORECASE,
)
_ASKS = re.compile(
    "[?？]|什么|甚么|多少|哪|几|谁|如何|怎|为何|何时|何地|是否|吗|呢|请|介绍|列出|比较|说明|总结"
    r"|\b(?:what|which|who|whose|when|where|why|how|is|are|was|were|do|does|did|can|could|will"
    r"|would|has|have|list|tell|compare|explain|summari[sz]e|describe|name)\b"
)


def rewrite(question: str, history: Sequence[Turn], model: LanguageModel) -> str:
    """Return the standalone question that a follow-up means, by the model or else by the rules.

    It takes TIME_LIMIT seconds at most. Raises nothing that a model can cause.
    """
    by_rules = standalone(question, history).text
    shown = _shown(history)
    if len(question) > _LONGEST or not any(turn.role == "user" for turn in shown):
        return by_rules
    values = {
        "history": [{"role": turn.role.title(), "text": _inert(turn.text)} for turn in shown],
        "question": _inert(question),
    }
    text = _asked(model, "rewrite", values)
    return text if _is_rewritten(text, question, shown) else by_rules


def translate(question: str, model: LanguageModel) -> str:
    """Return Chinese words to search for what an English question asks; "" if the model fails.

    It takes TIME_LIMIT seconds at most. Raises nothing that a model can cause.
    """
    if len(question) > _LONGEST:
        return ""
    text = _asked(model, "translate", {"question": _inert(question)})
    return text if _is_translated(text, question) else ""


def _shown(history: Sequence[Turn]) -> list[Turn]:
    """Return the end of the conversation, long turns cut."""
    return [Turn(turn.role, turn.text[:_TURN_LENGTH]) for turn in history[-_TURNS:]]


def _inert(text: str) -> str:
    """Return a user's text as one line that cannot close its fence."""
    return " ".join(encodable(text).replace("<", "＜").replace(">", "＞").split())


# --- Asking, within the time limit --------------------------------------------------------------

_free = threading.BoundedSemaphore(_CALLS)


def _asked(model: LanguageModel, prompt: str, values: Mapping[str, object]) -> str:
    """Return the model's text without its label and quotation marks; "" if it failed."""
    system, user = prompts.load(prompt).render(values)
    messages = [Message("system", system), Message("user", user)]
    try:
        written = _within_time(lambda given_up: _written(model, messages, given_up))
    except (LanguageModelError, TimeoutError):
        return ""  # The caller has something else to search with; a model's answer says it is down.
    return _LABEL.sub("", written.strip()).strip(" \t\"“”「」『』'`")


def _within_time(call: Callable[[threading.Event], str]) -> str:
    """Run a call in a thread and wait for it. Raises TimeoutError, or what the call raises.

    A call that was given up ends by itself: with its next piece, or when its connection times out.
    """
    if not _free.acquire(blocking=False):
        raise TimeoutError(f"{_CALLS} calls of the model still run")
    done, given_up = Future[str](), threading.Event()

    def run() -> None:
        try:
            done.set_result(call(given_up))
        except Exception as error:  # handed to the one who waits
            done.set_exception(error)
        finally:
            _free.release()

    threading.Thread(target=run, name="rewrite", daemon=True).start()
    try:
        return done.result(TIME_LIMIT)
    finally:
        given_up.set()


def _written(model: LanguageModel, messages: Sequence[Message], given_up: threading.Event) -> str:
    """Return a model's whole text. Raises LanguageModelError if it is cut or does not stop."""
    parts, length, finish = list[str](), 0, ""
    with closing(model.stream(messages)) as stream:
        for chunk in stream:
            if given_up.is_set():
                raise LanguageModelUnavailable(f"{model.name} took over {TIME_LIMIT:.0f} s")
            parts.append(encodable(chunk.text).replace("\x00", ""))
            length += len(chunk.text)
            finish = chunk.finish or finish
            if length > 2 * _LONGEST:
                raise LanguageModelCut(f"the question was stopped after {length} characters")
    if finish != "stop":
        raise LanguageModelCut(f"the question broke off ({finish or 'the connection ended'})")
    return "".join(parts)


# --- What is taken for an answer ----------------------------------------------------------------


def _is_rewritten(text: str, question: str, shown: Sequence[Turn]) -> bool:
    said = [question, *(turn.text for turn in shown)]
    before = max((len(turn.text) for turn in shown if turn.role == "user"), default=0)
    limit = _TIMES_LONGER * max(len(question), min(before, _LONGEST), _SHORT // _TIMES_LONGER)
    return (
        _is_line(text, limit)
        and bool(_ASKS.search(fold(text)))
        and _keeps(question, [text])
        and _keeps(text, said)
        and _is_familiar(text, question, "\n".join(said[1:]))
    )


def _is_translated(text: str, question: str) -> bool:
    return (
        _is_line(text, max(_TIMES_LONGER * len(question), _SHORT))
        and bool(_HAN.search(text))
        and _keeps_figures(question, [text])
        and _keeps_figures(text, [question])
        and _keeps_places(question, [text])
        and _keeps_places(text, [question])
        and _keeps_latin(text, [question])
    )


def _is_line(text: str, limit: int) -> bool:
    whole = bool(text) and "\n" not in text and len(text) <= min(limit, _LONGEST)
    return whole and text.isprintable() and not _MARK.search(text)


def _keeps(claim: str, sources: Sequence[str]) -> bool:
    """Tell whether all figures, places and Latin names of one text stand in others."""
    return (
        _keeps_figures(claim, sources)
        and _keeps_places(claim, sources)
        and _keeps_latin(claim, sources)
    )


def _keeps_figures(claim: str, sources: Sequence[str]) -> bool:
    """Compare figures by value (phase II may become 二期), bare digits as they stand."""
    known = set(_DIGITS.findall(fold("\n".join(sources))))
    lost = missing(claim, sources)
    if any(not _stands(_DIGITS.findall(fold(figure.text)), known) for figure in lost):
        return False
    rest = _without(claim, [one for one in quantities(claim) if one not in lost])
    return known.issuperset(_DIGITS.findall(fold(rest)))


def _stands(digits: list[str], known: set[str]) -> bool:
    return bool(digits) and known.issuperset(digits)


def _without(text: str, figures: Iterable[Quantity]) -> str:
    characters = list(text)
    for figure in figures:
        characters[figure.start : figure.end] = " " * (figure.end - figure.start)
    return "".join(characters)


def _keeps_places(claim: str, sources: Sequence[str]) -> bool:
    known = set(_places("\n".join(sources)))
    return all(not known.isdisjoint([m.place, *m.others]) for m in find_places(claim))


def _places(text: str) -> Iterator[Place]:
    for mention in find_places(text):
        yield from (mention.place, *mention.others)


def _keeps_latin(claim: str, sources: Sequence[str]) -> bool:
    known = {word.lower() for word in _LATIN.findall("\n".join(sources))}
    return all(name.lower() in known for name in _names(claim))


def _names(text: str) -> Iterator[str]:
    """Yield the Latin names of a text: in Chinese all words, in English BNCT, Huawei and H100."""
    plain = list(_without(text, quantities(text)))
    for mention in find_places(text):
        plain[mention.start : mention.end] = " " * (mention.end - mention.start)
    english = language_of(text) == "en"
    for match in _LATIN.finditer("".join(plain)):
        word = match[0]
        first = not text[: match.start()].strip() and word[1:].islower()
        if not english or (word != word.lower() and not first):
            yield word


def _is_familiar(text: str, question: str, before: str) -> bool:
    """Tell whether a question speaks of what was spoken of, if that was in its language."""
    written, asked, known = fold(text), fold(question), fold(before)
    return _shared(_HAN.findall, written, asked, known, _FAMILIAR) and _shared(
        _stems, written, asked, known, _FAMILIAR_WORDS
    )


def _stems(text: str) -> list[str]:
    return [word[:_TELLING_LETTERS] for word in _WORD.findall(text)]


def _shared(
    words_of: Callable[[str], list[str]], written: str, asked: str, before: str, share: float
) -> bool:
    words, said = words_of(written), set(words_of(before))
    said_now = said.union(words_of(asked))
    return not said or sum(word in said_now for word in words) >= share * len(words)
