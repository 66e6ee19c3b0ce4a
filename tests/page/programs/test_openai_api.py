import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import openai
import pytest
from fastapi import FastAPI
from markdown_it import MarkdownIt
from program_server import ABOUT, SOURCE, Settings, serve

from index.errors import LibraryDamaged
from index.library import Library
from page.programs.openai_api import MAX_BODY, content_of, router
from rag.answer import PromptedAnswerer
from rag.llm.scripted import ScriptedModel
from rag.pipeline import Assistant
from rag.types import Answer, Citation, Claim, Status, Timing

CITATION = Citation(
    n=1,
    source="measures.txt",
    title="若干措施",
    publisher="科技局",
    date="2025-08-14",
    url="",
    heading="",
    quote="一年封顶1500万元。",
    text="一年封顶1500万元。",
    start=10,
    end=21,
    sha256="0" * 64,
)
ANSWER = Answer(
    question="封顶多少？",
    language="zh",
    text="一年封顶1500万元[1]。",
    refused=False,
    llm="extractive",
    citations=(CITATION,),
    claims=(Claim("一年封顶1500万元。", (1,), Status.SUPPORTED),),
    timing=Timing(100.0, 200.0, 1340.0),
)


@pytest.fixture(scope="module")
def address(shared: Settings) -> Iterator[str]:
    app = FastAPI(openapi_url=None)
    app.include_router(router(shared, shared.admit, pulse=0.02))
    with serve(app) as address:
        yield f"{address}/v1"


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=address, api_key="a password", max_retries=0) as client:
        yield client


def asking(question: str) -> Any:
    return {"model": "yinzheng", "messages": [{"role": "user", "content": question}]}


def test_an_answer_has_marks_its_sources_and_the_row_of_the_contract(
    client: openai.OpenAI, library: Library
) -> None:
    completion = client.chat.completions.create(**asking(ABOUT), temperature=0.3, seed=1)
    (choice,) = completion.choices
    row: Any = (choice.message.model_extra or {})["yinzheng"]
    content = choice.message.content or ""
    assert choice.finish_reason == "stop" and choice.message.role == "assistant"
    assert content.startswith(row["answer"]) and "出处" in content
    for citation in row["citations"]:
        document = library.document(citation["source"])
        assert document and document.raw[citation["start"] : citation["end"]] == citation["quote"]
        place = f"{citation['source']}，第 {citation['start']}–{citation['end']} 字"
        assert f"[{citation['n']}] {citation['title']}" in content and place in content
    usage = completion.usage
    assert usage and usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.completion_tokens == library.encoder.count_tokens([content])[0]


def test_a_stream_holds_the_checked_answer_and_the_row_in_its_last_chunk(
    client: openai.OpenAI,
) -> None:
    whole: Any = client.chat.completions.create(**asking(ABOUT)).choices[0].message
    options: Any = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(client.chat.completions.create(**asking(ABOUT), **options))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == whole.content
    assert deltas[0].role == "assistant"
    *_, last, usage = chunks
    assert last.choices[0].finish_reason == "stop"
    assert last.model_extra["yinzheng"]["citations"] == whole.yinzheng["citations"]
    assert not usage.choices and usage.usage.total_tokens > 0
    assert len({chunk.id for chunk in chunks}) == 1


@pytest.mark.parametrize("question", ["東莞對BNCT硼藥研發給什麼獎勵？", "What does Dongguan give?"])
def test_sources_are_named_in_the_language_of_the_question(
    client: openai.OpenAI, question: str
) -> None:
    message: Any = client.chat.completions.create(**asking(question)).choices[0].message
    if message.yinzheng["refused"]:
        assert "資料" in message.content or "documents do not say" in message.content
    else:
        assert ("出處" if "莞" in question else "Sources") in message.content


def test_a_refusal_is_an_answer(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(**asking("月球背面的气温是多少度？"))
    message: Any = completion.choices[0].message
    assert completion.choices[0].finish_reason == "stop"
    assert message.yinzheng["refused"] and not message.yinzheng["citations"]
    assert message.content.startswith("资料中没有答案。") and message.refusal is None


def test_the_last_question_is_asked_and_what_was_said_before_is_its_history(
    client: openai.OpenAI, settings: Settings, library: Library
) -> None:
    messages: Any = [
        {"role": "system", "content": "Answer in verse."},
        {"role": "user", "content": "东莞对进入Ⅲ期的BNCT硼药奖励多少？"},
        {"role": "assistant", "content": "最多800万元[1]。\n\n---\n出处\n\n- [1] 深圳办法"},
        {"role": "user", "content": [{"type": "text", "text": "那Ⅱ期呢？"}]},
    ]
    answer = client.chat.completions.create(model="yinzheng", messages=messages)
    row: Any = (answer.choices[0].message.model_extra or {})["yinzheng"]
    assert row["question"] == "那Ⅱ期呢？"
    understood = [note for note in row["notes"] if "Ⅱ期" in note]
    assert understood and "东莞" in understood[0] and "深圳" not in understood[0]


def test_filters_may_be_given_beside_the_messages(client: openai.OpenAI) -> None:
    body = {"yinzheng": {"sources": ["hubei-*"]}}
    answer = client.chat.completions.create(**asking("奖励多少万元？"), extra_body=body)
    row: Any = (answer.choices[0].message.model_extra or {})["yinzheng"]
    assert {one["source"].split("-")[0] for one in row["citations"]} <= {"hubei"}


def test_what_a_model_writes_is_sent_checked(
    client: openai.OpenAI, settings: Settings, library: Library
) -> None:
    model = ScriptedModel("进入Ⅲ期，最多", "奖900万元[1]。")
    settings.assistant = Assistant(library, PromptedAnswerer(model))
    stream = client.chat.completions.create(**asking(ABOUT), stream=True)
    content = "".join(one.choices[0].delta.content or "" for one in stream)
    assert "900万元[1]" in content and "未完全得到出处支持" in content.split("---")[1]


def test_a_model_is_listed_and_found(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["yinzheng"]
    assert client.models.retrieve("yinzheng").object == "model"
    with pytest.raises(openai.NotFoundError, match="there is one model"):
        client.models.retrieve("gpt-9")


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        ([], "messages"),
        ([{"role": "system", "content": "x"}], "role user"),
        ([{"role": "user", "content": "  "}], "the question is empty"),
        ([{"role": "user", "content": "x" * 10_001}], "10,001"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}], "text"),
        ("x", "messages"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_asked_is_a_bad_request_of_one_line(
    client: openai.OpenAI, messages: Any, says: str, stream: bool
) -> None:
    with pytest.raises(openai.BadRequestError, match=says) as caught:
        client.chat.completions.create(model="yinzheng", messages=messages, stream=stream)
    error: Any = caught.value.body
    assert error["type"] == "invalid_request_error" and "\n" not in error["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 10_000, b"null", b'{"messages": 3}', b"\xff"])
def test_a_body_that_is_no_request_is_told_so(address: str, body: bytes) -> None:
    answer = httpx.post(f"{address}/chat/completions", content=body)
    assert answer.status_code == 400 and answer.json()["error"]["message"]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_long_is_refused(address: str, chunked: bool) -> None:
    pieces = [b" " * (MAX_BODY // 4)] * 5
    body: Any = iter(pieces) if chunked else b"".join(pieces)
    answer = httpx.post(f"{address}/chat/completions", content=body)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "request_too_large"


def test_who_asks_too_much_is_told_so(client: openai.OpenAI, settings: Settings) -> None:
    settings.refuses = "10 questions a minute are answered: wait"
    with pytest.raises(openai.RateLimitError, match="10 questions a minute") as caught:
        client.chat.completions.create(**asking(ABOUT))
    assert caught.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize("stream", [False, True])
def test_a_question_is_held_until_it_is_answered(
    client: openai.OpenAI, settings: Settings, stream: bool
) -> None:
    settings.assistant = watched = settings.watched()  # type: ignore[assignment]
    answer = client.chat.completions.create(**asking(ABOUT), stream=stream)
    _ = list(answer) if stream else answer
    assert watched.seen == [1] and settings.held == 0


def test_a_request_that_asks_nothing_is_held_no_longer(
    address: str, client: openai.OpenAI, settings: Settings
) -> None:
    httpx.post(f"{address}/chat/completions", content=b"none")
    assert settings.held == 0


@pytest.mark.parametrize("error", [LibraryDamaged("/srv/secret is damaged"), ValueError("secret")])
@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_is_an_error_of_openai_without_what_is_inside(
    client: openai.OpenAI, settings: Settings, error: Exception, stream: bool
) -> None:
    class Failing:
        def stream(self, *_: object) -> Iterator[Any]:
            raise error
            yield

    settings.assistant = Failing()  # type: ignore[assignment]
    with pytest.raises(openai.APIError, match="cannot answer now") as caught:
        list(client.chat.completions.create(**asking(ABOUT), stream=stream))
    assert "secret" not in str(caught.value.body)


def test_signs_of_life_are_sent_and_a_model_is_left_when_the_client_goes(
    address: str, settings: Settings, library: Library
) -> None:
    was_read_on = threading.Event()

    def slowly(_: object) -> Any:
        for number in range(30):
            yield f"第{number}项奖励{number * 7}万元。"
            threading.Event().wait(0.3)
        was_read_on.set()

    model = ScriptedModel(script=slowly)
    settings.assistant = Assistant(library, PromptedAnswerer(model))
    body = {**asking(ABOUT), "stream": True}
    with httpx.stream("POST", f"{address}/chat/completions", json=body) as answer:
        lines = answer.iter_lines()
        signs = [line for line, _ in zip(lines, range(12), strict=False) if line.startswith(":")]
        assert signs and not any("800" in line for line in signs)
        assert settings.held == 1
    for _ in range(1_000):
        if model.closed and not settings.held:
            break
        threading.Event().wait(0.01)
    assert model.closed == 1 and not was_read_on.is_set()
    assert not settings.held


@pytest.mark.parametrize(
    "hostile",
    [
        "![a](http://x.example/?q=1)",
        "\\![a](http://x.example/?q=1)",
        "[b](http://x.example)",
        "[b\\\\](http://x.example)",
        "![1][2]\n\n[1]: http://x.example\n\n[2]:http://x.example",
        "<img src=http://x.example>",
        "\\<img src=http://x.example>",
        "\\\\<script>x</script>",
        "<!-- -->\n<http://x.example>",
        "---\n\n---",
    ],
)
def test_nothing_that_documents_or_models_write_becomes_markup(hostile: str) -> None:
    citation = replace(CITATION, title=hostile, publisher=hostile, source=hostile)
    answer = replace(
        ANSWER,
        text=f"{hostile}[1]。\n{hostile}",
        citations=(citation,),
        claims=(Claim(hostile, (1,), Status.UNSUPPORTED, (hostile,)),),
        notes=(hostile,),
        related=(hostile,),
    )
    content = content_of(answer)
    html = MarkdownIt("commonmark").render(content)
    assert set(re.findall(r"<(\w+)", html)) <= {"p", "hr", "ul", "li", "br"}
    assert html.count("<hr") == 1


def test_an_answer_reads_as_text_with_its_sources() -> None:
    assert content_of(ANSWER) == (
        "一年封顶1500万元[1]。\n\n---\n出处\n\n"
        "- [1] 若干措施，科技局，2025-08-14 — measures.txt，第 10–21 字"
    )
    english = replace(ANSWER, language="en", citations=(replace(CITATION, page=3),))
    assert content_of(english).endswith(
        "Sources\n\n- [1] 若干措施, 科技局, 2025-08-14 — measures.txt, page 3, characters 10–21"
    )
    assert SOURCE not in content_of(ANSWER)
