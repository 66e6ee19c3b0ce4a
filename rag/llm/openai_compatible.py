"""Any server that speaks OpenAI's chat completions, hosted or local, by the official package."""

import os
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from rag.errors import (
    ConfigurationError,
    LanguageModelCut,
    LanguageModelError,
    LanguageModelUnavailable,
)
from rag.llm.base import Chunk, Message, Usage

_MAX_TOKENS = 800
# A server of one's own asks for no key, but the package insists on one.
_NO_KEY = "none"
_LONGEST_REASON = 200  # characters of a server's own words


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a server, in seconds, and how often to ask again before the first piece.

    The package waits between its attempts, at least as long as Retry-After says.
    """

    connect: float = 5.0
    read: float = 60.0  # a model on two cores reads the evidence for half a minute at first
    whole: float = 120.0
    retries: int = 2


class OpenAICompatible:
    """One model of one server."""

    def __init__(
        self, model: str, base_url: str = "", api_key: str = "", patience: Patience | None = None
    ) -> None:
        """Key and address come from the arguments, else from OPENAI_API_KEY and OPENAI_BASE_URL.

        Raises ConfigurationError when there is neither, or the address is none.
        """
        self.model = model
        self.name = f"openai:{model}"
        self.patience = patience or Patience()
        self._key = api_key or os.environ.get("OPENAI_API_KEY", "")
        self._address = base_url or os.environ.get("OPENAI_BASE_URL", "")
        if not self._key and not self._address:
            raise ConfigurationError(
                f"{self.name} needs a key in OPENAI_API_KEY, "
                "or --base-url with the address of a server of your own"
            )
        self._host = _host(self._address) if self._address else "api.openai.com"

    def stream(self, messages: Sequence[Message]) -> Generator[Chunk, None, None]:
        """Yield the answer in pieces; see LanguageModel."""
        import httpx2
        import openai

        begun = False
        deadline = time.monotonic() + self.patience.whole
        try:
            with self._client() as client, self._open(client, messages) as stream:
                for event in stream:
                    chunk = _chunk(event)
                    begun = begun or bool(chunk.text)
                    yield chunk
                    if time.monotonic() > deadline:
                        raise TimeoutError(f"not done after {self.patience.whole:.0f} s")
        # What is no answer of chat completions surfaces as ValueError, TypeError or AttributeError.
        except (
            openai.OpenAIError,
            httpx2.HTTPError,
            httpx2.InvalidURL,
            ValueError,
            TypeError,
            AttributeError,
            TimeoutError,
        ) as error:
            raise self._wrapped(error, begun) from error

    def _client(self) -> Any:
        import openai

        return openai.OpenAI(
            api_key=self._key or _NO_KEY,
            base_url=self._address or None,
            timeout=openai.Timeout(self.patience.read, connect=self.patience.connect),
            max_retries=self.patience.retries,
        )

    def _open(self, client: Any, messages: Sequence[Message]) -> Any:
        return client.chat.completions.create(
            model=self.model,
            messages=[{"role": message.role, "content": message.content} for message in messages],
            stream=True,
            temperature=0,
            max_tokens=_MAX_TOKENS,
        )

    def _wrapped(self, error: Exception, begun: bool) -> LanguageModelError:
        """Say in one line what failed; never with the key, which some servers repeat."""
        reason = " ".join(str(error).split())
        if self._key:  # before it is cut, or a part of the key could remain
            reason = reason.replace(self._key, "…")
        reason = reason[:_LONGEST_REASON] or type(error).__name__
        if begun:
            return LanguageModelCut(f"the answer broke off: {reason}")
        return LanguageModelUnavailable(f"{self._host}: {reason}")


def _host(address: str) -> str:
    """Return host and port of an address, without a password that it may hold."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            f"--base-url takes an address such as http://localhost:8080/v1, is now {address!r}"
        )
    return parts.netloc.rpartition("@")[2]


def _chunk(event: Any) -> Chunk:
    usage = Usage(event.usage.prompt_tokens, event.usage.completion_tokens) if event.usage else None
    if not event.choices:
        return Chunk(usage=usage)
    choice = event.choices[0]
    text, finish = choice.delta.content or "", choice.finish_reason or ""
    if not isinstance(text, str) or not isinstance(finish, str):
        raise TypeError(f"the server sent a {type(text).__name__} for a text")
    return Chunk(text, finish, usage)
