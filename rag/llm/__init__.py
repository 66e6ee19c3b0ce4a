"""Language models: one file a backend, imported when it is chosen."""

from typing import TYPE_CHECKING

from rag.errors import ConfigurationError

if TYPE_CHECKING:
    from index.types import Encoder
    from rag.llm.base import Answerer, LanguageModel


def make_answerer(
    spec: str, encoder: "Encoder", base_url: str = "", api_key: str = ""
) -> "Answerer":
    """Return what answers: "extractive", or "openai:MODEL" for a server of chat completions.

    Raises ConfigurationError for another spec.
    """
    kind, _, model = spec.partition(":")
    if spec == "extractive":
        from rag.llm.extractive import ExtractiveAnswerer

        return ExtractiveAnswerer(encoder)
    if kind == "openai" and model:
        from rag.answer import PromptedAnswerer
        from rag.llm.openai_compatible import OpenAICompatible

        return PromptedAnswerer(OpenAICompatible(model, base_url, api_key))
    raise ConfigurationError(f"--llm takes extractive or openai:MODEL, is now {spec!r}")


def make_rewriter(spec: str, base_url: str = "", api_key: str = "") -> "LanguageModel | None":
    """Return the model that puts questions into other words, None where none is configured.

    It is the one that answers, but gives up soon: without it a search is only a little worse.
    """
    kind, _, model = spec.partition(":")
    if kind != "openai" or not model:
        return None
    from rag.llm.openai_compatible import OpenAICompatible, Patience

    return OpenAICompatible(model, base_url, api_key, Patience(read=8.0, whole=8.0, retries=0))
