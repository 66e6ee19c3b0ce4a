"""Language models: one file a backend, imported when it is chosen. See rag.llm.presets for SPEC."""

from typing import TYPE_CHECKING

from rag.errors import ConfigurationError

if TYPE_CHECKING:
    from index.glossary import Glossary
    from index.types import Encoder
    from rag.llm.auto import Choice
    from rag.llm.base import Answerer, LanguageModel
    from rag.llm.openai_compatible import Patience
    from rag.llm.presets import Spec

# Sent to a server of one's own that has no key: without one, OpenAI's would be taken from the
# environment and sent there.
_NO_KEY = "no-key-needed"


def make_answerer(
    spec: str,
    encoder: "Encoder",
    base_url: str = "",
    api_key: str = "",
    glossary: "Glossary | None" = None,
) -> "Answerer":
    """Return what answers: quotations for "extractive", else a language model.

    Raises ConfigurationError for a spec that names none, or for want of its key or file.
    """
    model = make_model(spec, base_url, api_key)
    if model is None:
        from rag.llm.extractive import ExtractiveAnswerer

        return ExtractiveAnswerer(encoder, glossary)
    from rag.answer import PromptedAnswerer

    return PromptedAnswerer(model)


def make_rewriter(spec: str, base_url: str = "", api_key: str = "") -> "LanguageModel | None":
    """Return the model that puts questions into other words, None where none is configured.

    It is the one that answers, but gives up soon: without it a search is only a little worse.
    """
    from rag.llm.openai_compatible import Patience

    return make_model(spec, base_url, api_key, Patience(read=8.0, whole=8.0, retries=0))


def make_model(
    spec: str, base_url: str = "", api_key: str = "", patience: "Patience | None" = None
) -> "LanguageModel | None":
    """Return the language model that a spec names, None for "extractive".

    Raises ConfigurationError for a spec that names none, or for want of its key or file.
    """
    chosen = _resolved(spec, base_url, api_key)
    if chosen.kind == "extractive":
        return None
    if chosen.kind == "gguf":
        from rag.llm.local import GgufModel

        return GgufModel(chosen.model, patience)
    from rag.llm.breaker import provider
    from rag.llm.openai_compatible import OpenAICompatible
    from rag.llm.presets import address_of, host_of

    assert chosen.preset
    address, key = address_of(chosen.preset, base_url), _key(chosen, base_url, api_key)
    shared = provider(host_of(address), chosen.preset.at_once)
    return OpenAICompatible(chosen.model, address, key, patience, name=chosen.name, shared=shared)


def choose(spec: str, base_url: str = "", api_key: str = "") -> "Choice":
    """Return a spec that names what answers, with one line of why if "auto" chose it.

    Raises ConfigurationError for a spec that cannot be read.
    """
    from rag.llm.auto import Choice
    from rag.llm.auto import choose as choose_what_is_there
    from rag.llm.presets import AUTO, parse_spec

    parsed = parse_spec(spec)
    if parsed.kind == AUTO:
        return choose_what_is_there(base_url, api_key)
    return Choice(str(parsed), "")


def what_leaves(spec: str, base_url: str = "") -> str:
    """Return the host that gets questions and passages, "" if they stay on this machine.

    Raises ConfigurationError for a spec or an address that cannot be read.
    """
    from rag.llm.presets import address_of, goes_on, host_of, is_loopback

    chosen = _resolved(spec, base_url, "")
    if chosen.preset is None:
        return ""
    address = address_of(chosen.preset, base_url)
    host = host_of(address)
    if not is_loopback(address):
        return host
    return goes_on(chosen.model) if chosen.kind == "ollama" else ""


def _resolved(spec: str, base_url: str, api_key: str) -> "Spec":
    from rag.llm.presets import parse_spec

    return parse_spec(choose(spec, base_url, api_key).spec)


def _key(chosen: "Spec", base_url: str, api_key: str) -> str:
    """Return the key for a chosen model. Raises ConfigurationError if a service's is missing."""
    from rag.llm.keys import key_file, key_for
    from rag.llm.presets import address_of, host_of, is_elsewhere

    preset = chosen.preset
    assert preset
    address = address_of(preset, base_url)
    host, elsewhere = host_of(address), is_elsewhere(preset, address)
    if key := key_for(preset, address, api_key):
        return key
    if preset.local or (preset.name == "openai" and elsewhere):
        return _NO_KEY
    if elsewhere:
        raise ConfigurationError(
            f"--llm {chosen} at {host} needs a key: set YINZHENG_API_KEY, as {preset.keys[0]} goes "
            f"to {host_of(preset.base_url)} only; a server without a key is openai:{chosen.model}"
        )
    remedy = f"set {preset.keys[0]}, or write it to {key_file()} (mode 0600)"
    if preset.name == "openai":
        remedy += ", or give --base-url with the address of a server of your own"
    raise ConfigurationError(f"--llm {chosen} needs a key: {remedy}")
