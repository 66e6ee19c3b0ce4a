"""Any server that speaks OpenAI's chat completions, hosted or local, through the official package."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

from rag.errors import (
    ConfigurationError,
    LanguageModelCut,
    LanguageModelError,
    LanguageModelUnavailable,
)
from rag.llm.base import Chunk, Message, Usage

# Seconds. A model on two cores reads 1,800 tokens of evidence in half a minute before its first word.
_CONNECT, _READ = 5.0, 60.0
_RETRIES = 2  # by the package, before the first piece only, with backoff and Retry-After
_MAX_TOKENS = 800
# A server of one's own asks for no key, but the package insists on one.
_NO_KEY = "none"


class OpenAICompatible:
    """One model of one server."""

    def __init__(self, model: str, base_url: str = "", api_key: str = "") -> None:
        """Key and address come from the arguments, else from OPENAI_API_KEY and OPENAI_BASE_URL.

        Raises ConfigurationError when there is neither a key nor an address.
        """
        self.model = model
        self.name = f"openai:{model}"
        key = api_key or os.environ.get("OPENAI_API_KEY", "")
        address = base_url or os.environ.get("OPENAI_BASE_URL", "")
        if not key and not address:
            raise ConfigurationError(
                f"{self.name} needs a key in OPENAI_API_KEY, or --base-url with the address of a server of your own"
            )
        self._key, self._address = key or _NO_KEY, address or None

    def _client(self) -> Any:
        import httpx
        import openai

        timeout = httpx.Timeout(_READ, connect=_CONNECT)
        return openai.OpenAI(
            api_key=self._key, base_url=self._address, timeout=timeout, max_retries=_RETRIES
        )

    def stream(self, messages: Sequence[Message]) -> Iterator[Chunk]:
        """Yield the answer in pieces; see LanguageModel."""
        import httpx
        import openai

        begun = False
        try:
            with self._client() as client, self._open(client, messages) as stream:
                for event in stream:
                    chunk = _chunk(event)
                    begun = begun or bool(chunk.text)
                    yield chunk
        except (openai.OpenAIError, httpx.HTTPError, ValueError) as error:
            raise self._wrapped(error, begun) from error

    def _open(self, client: Any, messages: Sequence[Message]) -> Any:
        return client.chat.completions.create(
            model=self.model,
            messages=[{"role": message.role, "content": message.content} for message in messages],
            stream=True,
            temperature=0,
            max_tokens=_MAX_TOKENS,
        )

    def _wrapped(self, error: Exception, begun: bool) -> LanguageModelError:
        """Say in one line what failed; never with the key, which some servers repeat in their errors."""
        reason = " ".join(str(error).split())[:200].replace(self._key, "…") or type(error).__name__
        if begun:
            return LanguageModelCut(f"the answer broke off: {reason}")
        return LanguageModelUnavailable(f"{self._address or 'the server'}: {reason}")


def _chunk(event: Any) -> Chunk:
    usage = Usage(event.usage.prompt_tokens, event.usage.completion_tokens) if event.usage else None
    if not event.choices:
        return Chunk(usage=usage)
    choice = event.choices[0]
    return Chunk(choice.delta.content or "", choice.finish_reason or "", usage)
