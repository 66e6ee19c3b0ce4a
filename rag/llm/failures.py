"""What can fail in a call of chat completions: what it is called, and whether it passes.

No message holds the key, nor a part of it: some servers repeat it.
"""

import math
import re
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from rag.errors import LanguageModelCut, LanguageModelError, LanguageModelUnavailable, Trouble
from rag.llm.patience import Patience, RanOut

if TYPE_CHECKING:
    from tenacity import RetryCallState

_LONGEST_REASON = 200  # characters of a server's own words
_READ_OF_REASON = 2_000  # characters looked at for the key before they are cut
_LONGEST_CAUSE = 10_000  # characters of an error that is told as a cause
_SHOWN_OF_KEY = 5  # characters in a row; fewer stand in many a word
_SHOWN_OF_STARRED_KEY = 3  # in sk-a***xyz
_SECRET = 16  # characters of the shortest key of a service; a shorter one stands for none
# Control characters but line end and tab, and those that turn the direction of text: a terminal
# that prints them obeys whoever wrote them.
_UNPRINTABLE = dict.fromkeys(
    [
        *(code for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"),
        *(0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),
    ]
)
_WORD = re.compile(r"[^\s\"'`<>(){}\[\],;:=]+")
_OVERLOADED = (408, 409, 429)


def printable(text: str) -> str:
    """Return a text without control characters, but for line ends and tabs."""
    return text.translate(_UNPRINTABLE)


def faults() -> tuple[type[Exception], ...]:
    """Return what can come of a server and the packages that read it.

    What is no answer of chat completions surfaces as one of the built-in errors.
    """
    import httpx2
    import openai

    return (
        *(LanguageModelError, RanOut, openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL),
        *(ValueError, TypeError, AttributeError, LookupError, RecursionError, OSError),
    )


def _status(error: BaseException) -> int:
    """Return the HTTP status of an error, 0 if it has none."""
    status = getattr(error, "status_code", 0)
    return status if isinstance(status, int) else 0


def passes(error: BaseException) -> bool:
    """Tell whether the same request may succeed in a moment."""
    import httpx2
    import openai

    if isinstance(error, openai.APIConnectionError):
        waited = isinstance(error.__cause__, httpx2.TimeoutException)
        return not waited or isinstance(error.__cause__, httpx2.ConnectTimeout)
    status = _status(error)
    return (status in _OVERLOADED and not _no_credit(error)) or status >= 500


def _no_credit(error: BaseException) -> bool:
    return getattr(error, "code", None) == "insufficient_quota"


def is_outage(error: BaseException) -> bool:
    """Tell whether an error speaks against the server, not against the request or the key."""
    status = _status(error)
    if isinstance(error, LanguageModelError) or _no_credit(error):
        return False
    return not 400 <= status < 500 or status in _OVERLOADED


def _trouble(error: Exception) -> Trouble:
    import openai

    if isinstance(error, RanOut):
        return error.trouble
    if isinstance(error, openai.APIConnectionError):
        return Trouble.UNREACHABLE
    status = _status(error)
    if status in _OVERLOADED and not _no_credit(error):
        return Trouble.BUSY
    return Trouble.REFUSED if 400 <= status < 500 else Trouble.BROKEN


def wait_for(patience: Patience) -> "Callable[[RetryCallState], float]":
    """Return how long to wait for the next attempt: as the server says, else by chance."""
    from tenacity import wait_random_exponential

    backoff = wait_random_exponential(multiplier=patience.backoff, max=patience.longest_backoff)

    def wait(state: "RetryCallState") -> float:
        error = state.outcome.exception() if state.outcome else None
        told = retry_after(getattr(getattr(error, "response", None), "headers", {}))
        if told is None:
            return backoff(state)
        return told if told <= patience.longest_retry_after else math.inf

    return wait


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After header, given in seconds or as a date."""
    told = str(headers.get("retry-after", ""))
    try:
        seconds = float(told)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(told).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def wrapped(
    error: Exception, begun: bool, host: str, key: str
) -> tuple[LanguageModelError, Exception | None]:
    """Return what is raised, and the error it comes from if nothing in its chain holds the key."""
    if isinstance(error, LanguageModelError):
        cause = error.__cause__ if isinstance(error.__cause__, Exception) else None
        return error, None if cause and _tells(cause, key) else cause
    said, trouble = reason(error, key), _trouble(error)
    cause = None if _tells(error, key) else error
    if begun:
        trouble = Trouble.BROKEN if trouble is Trouble.UNREACHABLE else trouble
        return LanguageModelCut(f"the answer broke off: {said}", trouble), cause
    return LanguageModelUnavailable(f"{host}: {said}", trouble), cause


def _tells(error: BaseException, key: str) -> bool:
    """Tell whether an error, or one that it comes from, holds the key or a part of it."""
    chain: list[BaseException] = [error]
    for link in chain:  # grows as it goes
        chain += [
            before
            for before in (link.__cause__, link.__context__)
            if before and not any(before is known for known in chain)
        ]
    texts = (text for link in chain for text in (str(link), repr(link)))
    # What a server sent altogether may be in it, and would take long to look through.
    return any(len(text) > _LONGEST_CAUSE or _masked(text, key) != text for text in texts)


def reason(error: Exception, key: str) -> str:
    """Say in one line what failed; never with the key, which some servers repeat."""
    said = str(error)
    if error.__cause__ and type(error).__module__.startswith("openai"):
        said = str(error.__cause__) or said  # "Connection refused", not "Connection error"
    said = printable(" ".join(said[:_READ_OF_REASON].split()))
    return _masked(said, key)[:_LONGEST_REASON] or type(error).__name__


def _masked(text: str, key: str) -> str:
    """Return a text without the key, and without words that hold a part of it."""
    if not key:
        return text
    text = text.replace(key, "…")
    if len(key) < _SECRET:
        return text
    return _WORD.sub(lambda word: "…" if _shows(word[0], key) else word[0], text)


def _shows(word: str, key: str) -> bool:
    starred = any(sign in word for sign in ("*", "•", "...", "…"))
    shown = _SHOWN_OF_STARRED_KEY if starred else _SHOWN_OF_KEY
    parts = (word[i : i + shown].casefold() for i in range(len(word) - shown + 1))
    return any(part in key.casefold() for part in parts)
