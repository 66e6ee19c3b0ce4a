"""Settings: the environment over defaults, what is given over both; a key is never shown."""

from pathlib import Path

import pytest

from rag.config import Settings


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIBRARY", "ENCODER", "LLM", "BASE_URL", "API_KEY"):
        monkeypatch.delenv(f"YINZHENG_{name}", raising=False)
    settings = Settings()
    assert (settings.library, settings.llm, settings.encoder) == (Path("library"), "extractive", "")


def test_given_over_environment_over_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINZHENG_LLM", "openai:a")
    monkeypatch.setenv("YINZHENG_NONSENSE", "x")
    assert Settings().llm == "openai:a"
    assert Settings(llm="openai:b").llm == "openai:b"


def test_a_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINZHENG_API_KEY", "sk-secret")
    settings = Settings()
    assert settings.api_key.get_secret_value() == "sk-secret"
    assert "sk-secret" not in f"{settings} {settings!r} {settings.model_dump()}"
