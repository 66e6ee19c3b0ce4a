"""Which model answers, where questions go, and who may change it."""

from types import SimpleNamespace

import pytest
from shown_answers import HOSTILE, page_of

from page.models import Model
from page.models_tab import ModelsTab, line_html, model_html, model_line
from rag.errors import ConfigurationError
from rag.llm import make_model

LOCAL = Model("extractive", "", "")
REMOTE = Model("maker:large", "", "api.maker.example")


class Failing:
    model = LOCAL

    def switch(self, spec):
        raise ConfigurationError(f"{spec} is no model: choose another")

    test = switch


@pytest.mark.parametrize("shown", [model_html, model_line])
@pytest.mark.parametrize("language", ["zh", "zh-Hant", "en"])
def test_the_model_and_the_host_that_gets_questions_are_named(shown, language, visitor):
    text = page_of(shown(REMOTE, visitor, language)).text
    assert "maker:large" in text
    assert "api.maker.example" in text


@pytest.mark.parametrize("shown", [model_html, model_line])
def test_a_guest_is_not_told_that_questions_stay_on_the_computer_in_front_of_them(
    shown, visitor, stranger
):
    assert "本机" in page_of(shown(LOCAL, visitor, "zh")).text
    assert "本机" not in page_of(shown(LOCAL, stranger, "zh")).text
    assert "提供此页的电脑" in page_of(shown(LOCAL, stranger, "zh")).text


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile_names_and_lines_are_shown_as_text(payload, visitor):
    assert payload in page_of(model_html(Model(payload, "", payload), visitor, "en")).text
    assert " ".join(payload.split()) in page_of(line_html(payload)).text


def test_only_the_owner_changes_or_tests_the_model(services, stranger):
    tab = ModelsTab(services, "zh")
    assert "管理员" in tab.use(stranger, "maker:large")
    assert "管理员" in tab.test(stranger, "maker:large")
    assert services.models.switched == []


def test_the_owner_changes_the_model(services, visitor):
    assert ModelsTab(services, "zh").use(visitor, " maker:large ") == ""
    assert services.models.switched == ["maker:large"]


@pytest.mark.parametrize("name", ["use", "test"])
def test_what_cannot_be_used_is_one_line_that_says_so(name, visitor):
    tab = ModelsTab(SimpleNamespace(models=Failing()), "en")
    assert "x:y is no model" in page_of(getattr(tab, name)(visitor, "x:y")).text


@pytest.mark.parametrize("shown", [model_html, model_line])
@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("gguf:/home/anna/models/small.gguf", "gguf:small.gguf"),
        ("gguf:models/small.gguf", "gguf:small.gguf"),
        ("gguf:C:\\Users\\anna\\small.gguf", "gguf:small.gguf"),
        ("llamacpp:/home/anna/models/small.gguf", "llamacpp:small.gguf"),
        ("openrouter:maker/large", "openrouter:maker/large"),
        ("ollama:small:4b", "ollama:small:4b"),
    ],
)
def test_only_the_owner_is_told_the_folder_of_a_model(shown, spec, name, visitor, stranger):
    model = Model(spec, "", "")
    assert spec in page_of(shown(model, visitor, "en")).text
    told = page_of(shown(model, stranger, "en")).text
    assert name in told and "anna" not in told and "models/" not in told


def test_answers_name_a_model_without_its_folder():
    assert make_model("llamacpp:/home/anna/models/small.gguf").name == "llamacpp:small.gguf"
    assert make_model("ollama:small:4b").name == "ollama:small:4b"
