"""Any server that speaks OpenAI's chat completions, hosted or local, by the official package.

The package's own retries are off: it waits up to two minutes where Retry-After says so, jitters a
quarter of its waits only, cannot be woken from them, and tries a silent server three times over.
tenacity does it within the limits of rag.llm.patience.
"""

import logging
import os
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rag.errors import ConfigurationError, LanguageModelUnavailable, Trouble
from rag.llm.base import Chunk, Message, Usage
from rag.llm.breaker import Provider, Trial, provider
from rag.llm.failures import faults, is_outage, passes, reason, wait_for, wrapped
from rag.llm.keys import checked_key
from rag.llm.patience import HOSTED, LOCAL, Clock, Patience, is_local
from rag.llm.presets import host_of
from rag.llm.relay import HEARTBEAT, Line, relay

if TYPE_CHECKING:
    import openai
    from tenacity import Retrying

__all__ = ["OpenAICompatible", "Patience"]

_log = logging.getLogger(__name__)

_MAX_TOKENS = 800
_LONGEST_QUEUE = 60.0  # seconds; quotations are at hand for who would wait longer
_OPENAI_KEY = "OPENAI_API_KEY"
# A server of one's own asks for no key, but the package insists on one.
_PATH = "/chat/completions"
_NO_KEY = "none"
_OPENAI, _DEEPSEEK = "api.openai.com", "api.deepseek.com"
# What a server may refuse by name without saying so in `param`, and the argument that it is.
_OPTIONAL = {"stream_options": "stream_options", "thinking": "extra_body"}


class OpenAICompatible:
    """One model of one server."""

    def __init__(
        self,
        model: str,
        base_url: str = "",
        api_key: str = "",
        patience: Patience | None = None,
        *,
        name: str = "",
        local: bool | None = None,
        shared: Provider | None = None,
    ) -> None:
        """Key and address come from the arguments, else from OPENAI_API_KEY and OPENAI_BASE_URL.

        OpenAI's key goes to no `base_url`. A `local` server has more time for its first token, and
        is reached without a proxy; None tells it by the address. `shared` is what its calls have in
        common, None if they have it by their host. Raises ConfigurationError when there is neither
        key nor address, or one is none.
        """
        self.model = model
        self.name = name or f"openai:{model}"
        own = "" if base_url else checked_key(os.environ.get("OPENAI_API_KEY", ""), _OPENAI_KEY)
        self._key = checked_key(api_key) or own
        self._address = base_url or os.environ.get("OPENAI_BASE_URL", "")
        if not self._key and not self._address:
            raise ConfigurationError(
                f"{self.name} needs a key in OPENAI_API_KEY, "
                "or --base-url with the address of a server of your own"
            )
        self._host = host_of(self._address) if self._address else _OPENAI
        self._shared = shared or provider(self._host)
        self.local = is_local(_name(self._address)) if local is None else local
        self.patience = patience or (LOCAL if self.local else HOSTED)
        # What a server refuses to be told, such as the temperature of a model that reasons, is
        # left out from then on.
        self._settings: dict[str, Any] = _settings(self._host, model)

    def stream(self, messages: Sequence[Message]) -> Generator[Chunk, None, None]:
        """Yield the answer in pieces, and an empty one each second in which nothing comes.

        Who closes it closes the connection. See LanguageModel.
        """
        known = faults()  # before the clock: to import a package takes a second
        shared, clock = self._shared, Clock(self.patience)
        begun = False
        yield from self._wait_for_slot(shared, clock)
        if self.local:  # the limits are for reading and writing, not for the visitors before
            clock = Clock(self.patience)
        try:
            read = partial(self._answer, messages, shared)
            with closing(relay(read, clock)) as chunks:
                for chunk in chunks:
                    begun = begun or bool(chunk.text)
                    yield chunk
        except known as error:
            if clock.done:  # what breaks behind the finish mark takes nothing from the answer
                return
            failure, cause = wrapped(error, begun, self._host, self._key)
            _log.info("%s", failure)
            raise failure from cause
        finally:
            shared.slots.release()

    def _wait_for_slot(self, shared: Provider, clock: Clock) -> Iterator[Chunk]:
        """Yield empty chunks until fewer calls of the provider are under way, then take a slot."""
        until = time.monotonic() + min(clock.left(), _LONGEST_QUEUE)
        while not shared.slots.acquire(timeout=max(0.0, min(HEARTBEAT, until - time.monotonic()))):
            if time.monotonic() >= until:
                error = LanguageModelUnavailable(
                    f"{self._host}: too many questions at once: ask again", Trouble.BUSY
                )
                _log.info("%s", error)
                raise error
            yield Chunk()
        clock.attempt()

    # What follows runs in the thread of the relay.

    def _answer(self, messages: Sequence[Message], shared: Provider, line: Line) -> Iterator[Chunk]:
        """Yield the chunks of an answer; until its first, a failed request is sent again."""
        first, rest = self._retrying(line)(self._begin, messages, shared, line)
        yield first
        yield from rest

    def _retrying(self, line: Line) -> "Retrying":
        from tenacity import Retrying, retry_if_exception, sleep_using_event

        clock, patience = line.clock, self.patience
        return Retrying(
            retry=retry_if_exception(lambda error: not line.stopped.is_set() and passes(error)),
            wait=wait_for(patience),
            stop=lambda state: (
                state.attempt_number > patience.retries
                or state.upcoming_sleep >= clock.left_to_start()
            ),
            before_sleep=lambda state: clock.attempt(after=state.upcoming_sleep),
            sleep=sleep_using_event(line.stopped),
            reraise=True,
        )

    def _begin(
        self, messages: Sequence[Message], shared: Provider, line: Line
    ) -> tuple[Chunk, Iterator[Chunk]]:
        """Send one request and return its first chunk and the others."""
        line.clock.attempt()
        line.trial = shared.breaker.admit()
        chunks = self._judged(self._request(messages, line), line.trial, line)
        return next(chunks), chunks

    def _judged(
        self, chunks: Generator[Chunk, None, None], trial: Trial, line: Line
    ) -> Iterator[Chunk]:
        """Yield the chunks, and tell the breaker how it ended."""
        begun = False
        try:
            with closing(chunks):
                for chunk in chunks:
                    begun = True
                    yield chunk
        except faults() as error:
            # A reader who leaves shuts the connection: that is no failure.
            if not line.stopped.is_set() and is_outage(error):
                trial.failed(reason(error, self._key))
            elif not line.stopped.is_set():
                trial.succeeded()
            raise
        finally:
            (trial.succeeded if begun else trial.abandoned)()

    def _request(self, messages: Sequence[Message], line: Line) -> Generator[Chunk, None, None]:
        """Yield what one request brings, but for what has neither text, usage nor finish mark."""
        from rag.llm.connection import NotAnAnswer, make_client

        seen = False
        with (
            make_client(self.patience, self.local, line, everything=self._host == _OPENAI) as http,
            self._client(http) as client,
            self._open(client, messages) as stream,
        ):
            for event in stream:
                chunk = _chunk(event)
                _keep_time(chunk, event, line.clock)
                if chunk != Chunk():
                    seen = True
                    yield chunk
        if not seen:
            raise NotAnAnswer("the connection ended without an answer")

    def _client(self, http: Any) -> Any:
        import openai

        return openai.OpenAI(
            api_key=self._key or _NO_KEY,
            # Else OPENAI_CUSTOM_HEADERS may hold another service's.
            default_headers={"Authorization": f"Bearer {self._key or _NO_KEY}"},
            base_url=self._address or None,
            timeout=http.timeout,
            max_retries=0,
            http_client=http,
        )

    def _open(self, client: Any, messages: Sequence[Message]) -> Any:
        import openai

        said = [{"role": message.role, "content": message.content} for message in messages]
        asked = {"model": self.model, "messages": said, "stream": True}

        def create() -> Any:
            # As they came: to make objects of them is half the work of an answer.
            settings = {**self._settings, **self._settings.get("extra_body", {})}
            settings.pop("extra_body", None)
            body = {**asked, **settings}
            stream = openai.Stream[object]
            return client.post(_PATH, cast_to=object, body=body, stream=True, stream_cls=stream)

        for _ in range(len(self._settings)):
            try:
                return create()
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                refused = _refused(error, self._settings)
                if not refused:
                    raise
                self._settings = _without(refused, self._settings)
        return create()


def _name(address: str) -> str:
    return urlsplit(address).hostname or _OPENAI


def _settings(host: str, model: str) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "temperature": 0,
        "max_tokens": _MAX_TOKENS,
        "stream_options": {"include_usage": True},
    }
    if host == _DEEPSEEK and "reasoner" not in model:
        # Its models think by default (api-docs.deepseek.com/guides/thinking_mode); thoughts would
        # use up the length of a short answer.
        settings["extra_body"] = {"thinking": {"type": "disabled"}}
    return settings


def _refused(error: "openai.APIStatusError", settings: dict[str, Any]) -> str:
    """Return which setting the server does not take, "" if it speaks of none."""
    named = str(error.param or "").partition(".")[0]
    named = _OPTIONAL.get(named, named)
    if named:
        return named if named in settings else ""
    told = (argument for name, argument in _OPTIONAL.items() if name in str(error))
    return next((argument for argument in told if argument in settings), "")


def _without(setting: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Leave out a setting that the server does not know, or give it under its later name."""
    rest = {name: value for name, value in settings.items() if name != setting}
    if setting == "max_tokens":
        rest["max_completion_tokens"] = settings[setting]
    return rest


def _chunk(event: Any) -> Chunk:
    used, choices = event.get("usage"), event.get("choices")
    usage = Usage(used["prompt_tokens"], used["completion_tokens"]) if used else None
    if not choices:
        return Chunk(usage=usage)
    text, finish = _delta(event).get("content") or "", choices[0].get("finish_reason") or ""
    if not isinstance(text, str) or not isinstance(finish, str):
        raise TypeError(f"the server sent a {type(text).__name__} for a text")
    return Chunk(text, finish, usage)


def _delta(event: Any) -> Any:
    return event["choices"][0].get("delta") or {}


def _keep_time(chunk: Chunk, event: Any, clock: Clock) -> None:
    if chunk.finish:
        clock.finished()
    elif chunk.text:
        clock.text(len(chunk.text))
    elif event.get("choices") and _reasons(_delta(event)):
        clock.thought()


def _reasons(delta: Any) -> bool:
    """Tell whether a piece is of the reasoning that some servers send apart from the text."""
    return any(
        isinstance(part := delta.get(name), str) and part.strip()
        for name in ("reasoning_content", "reasoning")
    )
