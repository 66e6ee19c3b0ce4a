"""What the page and its programs work on: one library, the models, the visitors' chats."""

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from rag.conversations import Conversations

if TYPE_CHECKING:
    import gradio as gr

    from index.library import Library
    from page.access import Access
    from page.ingestion import Ingestion
    from page.models import Model
    from rag.llm.command import Trial
    from rag.pipeline import Assistant

Role = Literal["owner", "guest"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: a browser known by its cookie, or a program by its bearer password.

    `page.guard` puts it into `request.state.visitor` of every request that is let through.
    """

    id: str
    role: Role

    @property
    def is_owner(self) -> bool:
        """Tell whether this visitor may change the library, the models and others' links."""
        return self.role == "owner"


class Models(Protocol):
    """Which model answers now; `page.models` holds the real one."""

    @property
    def assistant(self) -> "Assistant":
        """The assistant that answers; it may be another for the next question."""

    @property
    def model(self) -> "Model":
        """What answers now, and where questions go."""

    def switch(self, spec: str) -> "Model":
        """Let another model answer from the next question on. Raises ConfigurationError."""

    def find_beside(self, rehearsed: Sequence[str], ends: threading.Event) -> None:
        """Let evidence be found in processes beside this one, where there are cores for them."""

    def test(self, spec: str) -> "Trial":
        """Ask a model one small question. Raises ConfigurationError or LanguageModelError."""

    def choices(self) -> list[str]:
        """Return the specs that could be used now."""


@dataclass(frozen=True, slots=True)
class Services:
    """All that a handler may need. `folder` is for files of the page, below the library's."""

    library: "Library"
    models: Models
    conversations: Conversations
    folder: Path
    access: "Access"
    ingestion: "Ingestion"

    def admit(self, request: Any) -> AbstractContextManager[None]:
        """Count a request of a program until it is answered, as a question on the page is.

        Entering raises LimitReached if its visitor asks for too much.
        """
        return self.access.asking(visitor_in(request))


def visitor_of(request: "gr.Request") -> Visitor:
    """Return who asks, as the guard found it."""
    return visitor_in(request.request)


def visitor_in(request: Any) -> Visitor:
    """Return who sends a request of Starlette, as the guard found it."""
    visitor = request.state.visitor
    assert isinstance(visitor, Visitor)
    return visitor
