"""A model's rewriting and translation are taken only where they say what the user said."""

import threading
from collections.abc import Generator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prompts
from rag import rewrite as rewriting
from rag.errors import LanguageModelCut, LanguageModelUnavailable
from rag.follow_up import standalone
from rag.llm.base import Chunk, Message
from rag.llm.scripted import ScriptedModel
from rag.rewrite import rewrite, translate
from rag.types import Turn

HISTORY = [
    Turn("user", "宁波2024年对集成电路企业给多少补贴？"),
    Turn("assistant", "宁波对集成电路企业最高补贴800万元[1]。"),
]
ENGLISH = [Turn("user", "What does Ningbo give to IC designers in phase I?")]
FOLLOW_UP = "那杭州呢？"
BY_RULES = "杭州2024年对集成电路企业给多少补贴？"


@pytest.mark.parametrize(
    ("question", "history", "written"),
    [
        (FOLLOW_UP, HISTORY, "杭州2024年对集成电路企业的补贴是多少？"),
        (FOLLOW_UP, HISTORY, "请问杭州2024年对集成电路企业给多少补贴"),
        ("2025年呢？", HISTORY, "宁波2025年对集成电路企业给多少补贴？"),
        ("and Hangzhou?", ENGLISH, "What does Hangzhou give to IC designers in phase I?"),
        ("phase II?", ENGLISH, "What does Ningbo give to IC designers in phase II?"),
        ("那二期呢？", ENGLISH, "宁波二期给IC设计企业多少补贴？"),
        ("and Hangzhou?", HISTORY, "What does Hangzhou give to chip companies in 2024?"),
        ("那杭州超过800万元的呢？", HISTORY, "杭州对集成电路企业的补贴有超过800万元的吗？"),
        ("那BNCT呢？", HISTORY, "宁波2024年对BNCT企业给多少补贴？"),
    ],
)
def test_a_models_question_is_taken(question: str, history: list[Turn], written: str) -> None:
    assert rewrite(question, history, ScriptedModel(written)) == written


@pytest.mark.parametrize(
    "written",
    [
        "Question: {}",
        "问题：{}",
        "“{}”",
        " {}\n",
        "改写后的问题：“{}”",
        "`{}`",
        "Rewritten question: {}",
    ],
)
def test_labels_and_quotation_marks_are_taken_off(written: str) -> None:
    plain = "杭州2024年对集成电路企业的补贴是多少？"
    model = ScriptedModel(*written.format(plain))
    assert rewrite(FOLLOW_UP, HISTORY, model) == plain != BY_RULES


REFUSED = {
    "empty": "",
    "white space": " \n ",
    "several lines": "杭州2024年对集成电路企业给多少补贴？\n希望有帮助。",
    "too long": "杭州2024年对集成电路企业给多少补贴" * 20 + "？",
    "three times as long": "杭州2024年对集成电路企业给多少补贴，" * 4 + "？",
    "an answer": "杭州2024年对集成电路企业给补贴。",
    "an answer with a mark": "杭州2024年对集成电路企业给多少补贴？[1]",
    "an answer with the amount": "杭州2024年对集成电路企业给500万元补贴？",
    "an invented year": "杭州2023年对集成电路企业给多少补贴？",
    "an invented place": "杭州和绍兴2024年对集成电路企业给多少补贴？",
    "an invented name": "杭州2024年对NVIDIA集成电路企业给多少补贴？",
    "an invented phase": "杭州2024年对集成电路企业三期给多少补贴？",
    "an invented subject": "杭州的龙井茶叶种植合作社怎样出口欧洲？",
    "the place lost": "2024年对集成电路企业给多少补贴？",
    "markup": "<b>杭州</b>2024年对集成电路企业给多少补贴？",
    "an address": "杭州2024年对集成电路企业给多少补贴？https://a.example",
    "a list": "- 杭州2024年对集成电路企业给多少补贴？",
    "a control character": "杭州2024年\x1b对集成电路企业给多少补贴？",
    "a refusal": "抱歉，我无法改写。",
}


@pytest.mark.parametrize("written", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_standalone_question_gives_way_to_the_rules(written: str) -> None:
    assert written != BY_RULES
    assert rewrite(FOLLOW_UP, HISTORY, ScriptedModel(written)) == BY_RULES


@pytest.mark.parametrize(
    ("question", "written"),
    [
        ("那2025年呢？", "宁波对集成电路企业给多少补贴？"),
        ("那BNCT呢？", "宁波2024年对企业给多少补贴？"),
        ("第三批呢？", "宁波2024年对集成电路企业给多少补贴？"),
        ("那杭州超过500万元的呢？", "杭州对集成电路企业超过800万元的补贴有吗？"),
        ("what about Huawei?", "What does Ningbo give to IC designers in 2024?"),
    ],
)
def test_what_the_follow_up_names_must_not_be_lost(question: str, written: str) -> None:
    result = rewrite(question, HISTORY, ScriptedModel(written))
    assert result == standalone(question, HISTORY).text
    assert result != written


def test_an_english_subject_of_the_models_own_is_refused() -> None:
    written = "What does Hangzhou give to tobacco growers with large plantations?"
    assert rewrite("and Hangzhou?", ENGLISH, ScriptedModel(written)) != written


FAILURES = {
    "unavailable": [LanguageModelUnavailable("no server")],
    "cut": ["杭州2024年对集成电路", LanguageModelCut("broke off")],
    "endless": ["杭州"] * 1_000,
}


@pytest.mark.parametrize("pieces", FAILURES.values(), ids=FAILURES.keys())
def test_a_model_that_fails_gives_way_to_the_rules(pieces: list[str | Exception]) -> None:
    model = ScriptedModel(*pieces)
    assert rewrite(FOLLOW_UP, HISTORY, model) == BY_RULES
    assert translate("What does Ningbo give?", model) == ""
    assert model.closed == 2


class Finishing:
    """Ends with another finish mark than "stop", or with none."""

    name = "finishing"

    def __init__(self, finish: str) -> None:
        self.finish = finish

    def stream(self, messages: Sequence[Message]) -> Generator[Chunk, None, None]:
        yield Chunk("杭州2024年对集成电路企业的补贴是多少？", self.finish)


@pytest.mark.parametrize("finish", ["", "length"])
def test_a_question_without_its_finish_mark_is_not_taken(finish: str) -> None:
    assert rewrite(FOLLOW_UP, HISTORY, Finishing(finish)) == BY_RULES
    assert rewrite(FOLLOW_UP, HISTORY, Finishing("stop")) != BY_RULES


class Hanging:
    """Says nothing until it is let go."""

    name = "hanging"

    def __init__(self) -> None:
        self.go_on, self.closed = threading.Event(), threading.Semaphore(0)

    def stream(self, messages: Sequence[Message]) -> Generator[Chunk, None, None]:
        try:
            self.go_on.wait()
            yield Chunk("杭州2024年对集成电路企业的补贴是多少？", "stop")
        finally:
            self.closed.release()


def test_a_model_that_hangs_gives_way_and_its_stream_is_closed_when_it_wakes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rewriting, "TIME_LIMIT", 0.01)
    model = Hanging()
    assert rewrite(FOLLOW_UP, HISTORY, model) == BY_RULES
    assert translate("What does Ningbo give?", model) == ""
    model.go_on.set()
    assert all(model.closed.acquire(timeout=10) for _ in range(2))


def test_calls_that_hang_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewriting, "TIME_LIMIT", 0.001)
    monkeypatch.setattr(rewriting, "_free", threading.BoundedSemaphore(2))
    model = Hanging()
    before = threading.active_count()
    for _ in range(6):
        assert rewrite(FOLLOW_UP, HISTORY, model) == BY_RULES
    assert threading.active_count() <= before + 2
    model.go_on.set()
    assert all(model.closed.acquire(timeout=10) for _ in range(2))


def test_an_error_of_our_own_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        rewrite(FOLLOW_UP, HISTORY, ScriptedModel(ZeroDivisionError()))


@pytest.mark.parametrize("history", [[], [Turn("assistant", "您好，请提问。")]])
def test_without_an_earlier_question_no_model_is_asked(history: list[Turn]) -> None:
    model = ScriptedModel("别的问题？")
    assert rewrite(FOLLOW_UP, history, model) == FOLLOW_UP
    assert not model.asked


def test_a_long_text_is_not_sent_to_the_model() -> None:
    model = ScriptedModel("别的问题？")
    assert rewrite("长" * 301, HISTORY, model) == "长" * 301
    assert translate("long " * 61, model) == ""
    assert not model.asked


def test_the_model_sees_the_last_turns_only_and_long_ones_cut() -> None:
    history = [Turn("user", f"问题{n}" + "长" * 1_000) for n in range(1_000)]
    model = ScriptedModel("")
    rewrite(FOLLOW_UP, history, model)
    _, user = model.asked[0]
    assert "问题999" in user.content
    assert "问题900长" not in user.content
    assert len(user.content) < 3_000


@settings(max_examples=50)
@given(st.text(max_size=80), st.text(max_size=40))
def test_no_text_of_the_user_leaves_its_fence(said: str, question: str) -> None:
    model = ScriptedModel("")
    rewrite(question, [Turn("user", said)], model)
    translate(question, model)
    for (_, user), fence in zip(model.asked, ("conversation", "question"), strict=True):
        assert user.content.count(f"<{fence}>") == user.content.count(f"</{fence}>") == 1
        assert user.content.count("<") == 2


@settings(max_examples=50)
@given(st.text(max_size=400))
def test_whatever_a_model_writes_a_rewriting_is_one_short_line(written: str) -> None:
    result = rewrite(FOLLOW_UP, HISTORY, ScriptedModel(written))
    assert result == BY_RULES or (result.isprintable() and len(result) <= 300 and "杭州" in result)


# --- Translation


@pytest.mark.parametrize(
    ("question", "written"),
    [
        ("What does Dongguan give for BNCT drugs?", "东莞对BNCT硼药给予什么奖励"),
        ("What does Dongguan give for AI in 2024?", "东莞2024年对人工智能给予什么支持"),
        ("Is there a grant of 5 million yuan for phase II?", "二期是否有500万元补助"),
        ("How many 5G base stations are there in Hubei?", "湖北有多少座5G基站"),
    ],
)
def test_a_translation_is_taken(question: str, written: str) -> None:
    assert translate(question, ScriptedModel(written)) == written
    assert translate(question, ScriptedModel(f"Chinese: {written}\n")) == written


@pytest.mark.parametrize(
    "written",
    [
        "",
        "What does Dongguan give?",
        "佛山2024年对硼药给予什么奖励",
        "东莞对硼药给予什么奖励",
        "东莞2023年对硼药给予什么奖励",
        "东莞2024年对CAR-T给予什么奖励",
        "东莞2024年对硼药给予200万元奖励",
        "东莞2024年对硼药给予什么奖励[1]",
        "东莞2024年对硼药\n给予什么奖励",
        "东莞2024年对硼药给予什么奖励" * 40,
    ],
)
def test_what_is_no_translation_is_dropped(written: str) -> None:
    assert translate("What does Dongguan give for boron in 2024?", ScriptedModel(written)) == ""


# --- Prompts


@pytest.mark.parametrize("name", ["rewrite", "translate"])
def test_the_prompts_are_short_enough_for_a_small_model(name: str) -> None:
    assert len(prompts.load(name).system) < 1_500


def test_the_worked_examples_of_rewriting_pass_our_own_checks() -> None:
    examples = prompts.load("rewrite").system.split("Example ")[1:]
    assert len(examples) == 2
    for example in examples:
        lines = example.splitlines()
        said = next(line for line in lines if line.startswith("User: ")).removeprefix("User: ")
        asked = next(line for line in lines if line.startswith("Last question: "))
        asked = asked.removeprefix("Last question: ")
        written = next(line for line in lines if line.startswith("Question: "))
        written = written.removeprefix("Question: ")
        assert rewrite(asked, [Turn("user", said)], ScriptedModel(written)) == written


def test_the_worked_examples_of_translation_pass_our_own_checks() -> None:
    examples = prompts.load("translate").system.split("Example ")[1:]
    assert len(examples) == 2
    for example in examples:
        question = example.partition("<question>")[2].partition("</question>")[0]
        written = example.partition("Chinese: ")[2].strip()
        assert translate(question, ScriptedModel(written)) == written
