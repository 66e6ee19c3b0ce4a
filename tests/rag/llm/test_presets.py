"""SPEC: what it names, what it refuses and how, where questions go."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import ConfigurationError
from rag.llm import make_model, what_leaves
from rag.llm.presets import BY_NAME, PRESETS, host_of, is_loopback, parse_spec


def test_every_preset_has_what_it_needs() -> None:
    assert len(BY_NAME) == len(PRESETS) == 12
    for preset in PRESETS:
        assert host_of(preset.base_url)
        assert is_loopback(preset.base_url) == preset.local
        assert preset.local or preset.base_url.startswith("https://")
        assert preset.local or preset.keys


@pytest.mark.parametrize(
    ("text", "kind", "model"),
    [
        ("extractive", "extractive", ""),
        ("auto", "auto", ""),
        ("deepseek:deepseek-chat", "deepseek", "deepseek-chat"),
        ("ollama:qwen3:4b", "ollama", "qwen3:4b"),
        ("openai:org/m:7b", "openai", "org/m:7b"),
        ("gguf:./a b/模型.gguf", "gguf", "./a b/模型.gguf"),
        (" ollama:m ", "ollama", "m"),
    ],
)
def test_a_spec_names_a_kind_and_a_model(text, kind, model) -> None:
    spec = parse_spec(text)
    assert (spec.kind, spec.model) == (kind, model)
    assert str(spec) == text.strip()


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("deepsek:x", "did you mean deepseek?"),
        ("OPENAI:m", "did you mean openai"),
        ("dashscope:qwen-plus", "did you mean qwen?"),
        ("claude:x", "did you mean anthropic?"),
        ("xyz123:m", "moonshot, siliconflow"),
        ("", "PRESET:MODEL"),
        ("deepseek", "write deepseek:deepseek-v4-flash"),
        ("ollama:", "write ollama:MODEL"),
        ("gguf:", "names no file: write gguf:model.gguf"),
        ("extractive:x", "write --llm extractive"),
        ("auto:ollama", "write --llm auto"),
    ],
)
def test_what_is_no_spec_is_refused_in_one_line_with_its_remedy(text, remedy) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_spec(text)
    assert remedy in str(caught.value)
    assert repr(text) in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_a_spec_or_one_clear_line(text) -> None:
    try:
        spec = parse_spec(text)
    except ConfigurationError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert str(spec) == text.strip()


@pytest.mark.parametrize(
    ("spec", "base_url", "host"),
    [
        ("extractive", "", ""),
        ("gguf:a.gguf", "", ""),
        ("ollama:qwen3:4b", "", ""),
        ("llamacpp:m", "http://localhost:9000/v1", ""),
        ("ollama:gpt-oss:120b-cloud", "", "ollama.com"),
        ("ollama:m", "http://192.168.0.7:11434/v1", "192.168.0.7:11434"),
        ("deepseek:m", "", "api.deepseek.com"),
        ("openai:m", "", "api.openai.com"),
        ("openai:m", "http://[::1]:8000/v1", ""),
        ("openai:m", "https://example.org/v1", "example.org"),
    ],
)
def test_it_is_known_who_gets_questions_and_passages(spec, base_url, host) -> None:
    assert what_leaves(spec, base_url) == host


def test_openais_own_variable_of_an_address_counts_for_openai_only(monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1")
    assert what_leaves("openai:m") == ""
    assert what_leaves("deepseek:m") == "api.deepseek.com"


@pytest.mark.parametrize(
    "address",
    [
        *("localhost:8080", "http://", "http://h:x/v1", "http://[::1/v1", "ftp://u:secret@h"),
        *("http://u:secret@h/v1", "ftp://u:s/secret@h/v1", "http://u:12/secret@h", "u:p@secret"),
    ],
)
def test_an_address_that_is_none_is_refused_without_its_password(address) -> None:
    for use in (host_of, partial(what_leaves, "openai:m"), partial(make_model, "vllm:m")):
        with pytest.raises(ConfigurationError, match="--base-url") as caught:
            use(address)
        assert "secret" not in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1


def test_a_service_without_its_key_is_refused_with_the_variable_to_set() -> None:
    with pytest.raises(ConfigurationError, match=r"deepseek:m needs a key: set DEEPSEEK_API_KEY"):
        make_model("deepseek:m")


def test_a_model_is_named_by_its_spec() -> None:
    assert make_model("ollama:qwen3:4b").name == "ollama:qwen3:4b"
    assert make_model("openai:m", "http://127.0.0.1:1/v1").name == "openai:m"
    assert make_model("extractive") is None
