"""The seams behind which answers are written."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.types import Evidence, Question


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a language model."""

    role: str  # "system", "user" or "assistant"
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call cost, in tokens."""

    prompt: int
    completion: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a model's answer; the last one says why it ended ("stop" when it was complete)."""

    text: str = ""
    finish: str = ""
    usage: Usage | None = None


class LanguageModel(Protocol):
    """A chat model, local or hosted."""

    @property
    def name(self) -> str:
        """What answers, such as "openai:qwen3"; shown to the user."""

    def stream(self, messages: Sequence[Message]) -> Generator[Chunk, None, None]:
        """Yield the answer in pieces; the last has `finish`. To close it frees what it holds.

        Raises LanguageModelUnavailable before the first piece, LanguageModelCut after it.
        """


class Answerer(Protocol):
    """Writes a draft from evidence: by quoting it, or by asking a language model."""

    @property
    def name(self) -> str:
        """What answers, as `Answer.llm` says it."""

    def draft(self, question: Question, evidence: Sequence[Evidence]) -> Iterator[str]:
        """Yield a draft in pieces, with marks such as [1] that name evidence; none is a refusal."""
