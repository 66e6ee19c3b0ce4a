"""What a model is asked, and what it gets of the evidence."""

import pytest

from index.types import Metadata, Passage, Span
from rag.answer import PromptedAnswerer, budget_for, messages
from rag.excerpt import LARGE_BUDGET, SMALL_BUDGET, Budget
from rag.llm.scripted import ScriptedModel
from rag.types import Evidence
from rag.understand import understand

ASKED = understand("青禾市对屋顶光伏给多少补助？")
TEXT = "青禾市对屋顶光伏每千瓦补助360元。" + "这一句讲的是别的事情。" * 200


def evidence(text: str = TEXT, n: int = 1) -> Evidence:
    passage = Passage(n, "a.txt", Span(0, len(text)), Span(0, len(text)), text)
    return Evidence(n, passage, Metadata(title="办法"), 1.0)


@pytest.mark.parametrize(
    ("name", "budget"),
    [
        ("gguf:small.gguf", SMALL_BUDGET),
        ("ollama:qwen3", SMALL_BUDGET),
        ("openai:gpt", LARGE_BUDGET),
        ("scripted", LARGE_BUDGET),
    ],
)
def test_a_model_of_this_machine_gets_less_to_read(name: str, budget: Budget) -> None:
    model = ScriptedModel("好[1]。")
    model.name = name
    assert budget_for(model) == budget
    assert "".join(PromptedAnswerer(model).draft(ASKED, [evidence()])) == "好[1]。"
    assert list(model.asked[0]) == messages(ASKED, [evidence()], budget)


def test_a_shortened_passage_keeps_its_number_and_what_is_asked() -> None:
    items = [evidence(n=4), evidence("别的。", n=2)]
    _, user = messages(ASKED, items, SMALL_BUDGET)
    assert '<passage n="4"' in user.content
    assert '<passage n="2"' in user.content
    assert "每千瓦补助360元" in user.content
    assert len(user.content) < SMALL_BUDGET.tokens < len(TEXT)


def test_marks_of_a_document_are_no_marks_of_ours() -> None:
    items = [evidence("补助360元[7]。一户7万元(2)。另见注¹。"), evidence("别的。", n=2)]
    _, user = messages(ASKED, items)
    assert ">补助360元。一户7万元。另见注。</passage>" in user.content
