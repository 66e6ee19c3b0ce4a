"""Which model answers now, and the change to another while the page is open."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.library import Library
    from rag.finding_processes import FindingProcesses
    from rag.llm.command import Trial
    from rag.pipeline import Assistant

EXTRACTIVE = "extractive"


@dataclass(frozen=True, slots=True)
class Model:
    """What answers: its spec, the address of its server if one was given, and where text goes."""

    spec: str
    base_url: str
    leaves: str  # the host that gets questions and passages, "" if they stay on this machine


class SwitchableModels:
    """The assistant that answers; questions that run keep the one that they began with.

    The address and the key of the settings go with the model that the page was started with, and
    with no other: a key is for its own server.
    """

    def __init__(
        self, library: "Library", spec: str, base_url: str = "", api_key: str = ""
    ) -> None:
        """Take up a model. Raises ConfigurationError for no model, or without its key."""
        self._library, self._lock = library, threading.RLock()
        self._base_url, self._api_key = base_url, api_key
        self._first = spec
        self._model = self._chosen(spec)
        self._assistant: Assistant | None = None  # what it needs takes a second to load
        self._finder: FindingProcesses | None = None  # the same, whichever model answers

    def close(self) -> None:
        """End the processes that find evidence."""
        if self._finder:
            self._finder.close()

    @property
    def assistant(self) -> "Assistant":
        """The assistant that answers; it may be another for the next question.

        Raises EncoderError where it is the first one and the library's encoder cannot be had.
        """
        if found := self._assistant:
            return found
        with self._lock:
            if self._assistant is None:
                self._assistant = self._made(self._first, self._model)
            return self._assistant

    @property
    def model(self) -> Model:
        """What answers now."""
        return self._model

    def switch(self, spec: str) -> Model:
        """Let another model answer from the next question on.

        Raises ConfigurationError; then the old one stays.
        """
        with self._lock:
            model = self._chosen(spec)
            self._assistant, self._model = self._made(spec, model), model
            return model

    def find_beside(self, rehearsed: Sequence[str], ends: threading.Event) -> None:
        """Let evidence be found in processes beside this one, where there are cores for them.

        They are used once they have found some for the rehearsed questions; `ends` breaks that off.
        """
        if self.assistant and self._finder:
            self._finder.start(rehearsed, ends)

    def test(self, spec: str) -> "Trial":
        """Ask a model one small question. Raises ConfigurationError or LanguageModelError."""
        from rag.llm.command import tried

        return tried(spec, *self._server_of(spec))

    def choices(self) -> list[str]:
        """Return the specs that could be used now: what runs here, what there is a key for."""
        from rag.llm.auto import running_servers
        from rag.llm.keys import find_key
        from rag.llm.presets import PRESETS

        local = [f"{one.preset.name}:{name}" for one in running_servers() for name in one.models]
        keyed = [
            f"{preset.name}:{preset.model}"
            for preset in PRESETS
            if not preset.local and preset.model and find_key(preset.keys)
        ]
        return list(dict.fromkeys([EXTRACTIVE, self._first, self._model.spec, *local, *keyed]))

    def _chosen(self, spec: str) -> Model:
        """Return what a spec names. Raises ConfigurationError if it could not answer."""
        from rag.llm import choose, make_model, what_leaves

        base_url, key = self._server_of(spec)
        chosen = choose(spec, base_url, key).spec
        make_model(chosen, base_url, key)
        return Model(chosen, base_url, what_leaves(chosen, base_url))

    def _made(self, spec: str, model: Model) -> "Assistant":
        from rag.finding_processes import FindingProcesses
        from rag.llm import make_answerer, make_rewriter
        from rag.pipeline import Assistant

        base_url, key = self._server_of(spec)
        library, chosen = self._library, model.spec
        answerer = make_answerer(chosen, library.encoder, base_url, key, library.glossary)
        rewriter = make_rewriter(chosen, base_url, key)
        self._finder = self._finder or FindingProcesses(library)
        return Assistant(library, answerer, rewriter, self._finder)

    def _server_of(self, spec: str) -> tuple[str, str]:
        return (self._base_url, self._api_key) if spec == self._first else ("", "")
