"""OpenAI's chat completions over the library, so that other chat programs can ask it.

Only checked answers are sent: while one is being made, a stream carries signs of life. An answer is
Markdown with marks [n], followed by its sources; the whole row of the contract goes with it as
`yinzheng`, in the message or in the last chunk.
"""

import asyncio
import json
import logging
import re
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, aclosing, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast
from uuid import uuid4

from pydantic import BaseModel, Field, ValidationError

from index.errors import QuestionError
from index.filters import Filters
from index.library import MAX_QUESTION, check_question
from index.script import encodable
from page.programs import tools
from page.text import in_language
from rag.errors import LimitReached, ProgramError
from rag.problems import worded
from rag.rows import answer_row
from rag.types import Answer, Citation, Claim, Event, Finished, Language, Status, Turn

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

MODEL = "yinzheng"
MAX_BODY = 1024 * 1024  # bytes; chat programs send the whole conversation with every question
_PULSE = 1.0  # seconds between signs of life; proxies give up after 30 to 60
_AT_ONCE = 8  # questions; others wait
_CLIPPED = 60  # characters shown of a claim that is doubted
# Between an answer and what is said of it: what follows is not sent to the model as history.
_RULE = "\n\n---\n"
# A backslash before these makes mere text of an image, a link or its definition, a tag, our rule.
_BREAKS_OUT = re.compile(r"\\|(?<=!)\[|(?<=\])[(:]|<(?=[A-Za-z/!?])|^(?=---)", re.MULTILINE)
_log = logging.getLogger(__name__)

_LABELS: dict[str, tuple[str, str]] = {
    "sources": ("出处", "Sources"),
    "place": ("第 {}–{} 字", "characters {}–{}"),
    "page": ("第{}页", "page {}"),
    "doubts": ("未完全得到出处支持：{}", "Not fully borne out by what is cited: {}"),
    "related": ("资料库中最接近的文件，不是依据：{}", "Nearest in the library, not evidence: {}"),
    "choices": ("还可以更具体地问：{}", "To ask for less: {}"),
    "comma": ("，", ", "),
    "semicolon": ("；", "; "),
    "quoted": ("“{}”（{}）", "“{}” ({})"),
}


# --- what is asked


class _Part(BaseModel):
    type: Literal["text"]
    text: str


class _ChatMessage(BaseModel):
    role: str
    content: str | list[_Part] | None = None

    @property
    def text(self) -> str:
        parts = self.content or ""
        return parts if isinstance(parts, str) else "\n".join(part.text for part in parts)


class _StreamOptions(BaseModel):
    include_usage: bool = False


class _Narrowing(BaseModel):
    regions: list[str] = []
    after: str = ""
    before: str = ""
    publishers: list[str] = []
    sources: list[str] = []


class _ChatRequest(BaseModel):
    """What is read of a request; other fields, such as temperature, change nothing."""

    messages: list[_ChatMessage] = Field(min_length=1)
    stream: bool | None = False
    stream_options: _StreamOptions | None = None
    yinzheng: _Narrowing = _Narrowing()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question with what was said before it."""

    question: str
    history: tuple[Turn, ...]
    filters: Filters
    streamed: bool
    with_usage: bool


def _read(body: bytes) -> _Asked:
    """Return what a request asks. Raises QuestionError."""
    try:
        request = _ChatRequest.model_validate_json(body)
    except ValidationError as error:
        # Of the kinds that a value might be, the one that was meant is wrong furthest inside.
        problem = max(error.errors(include_url=False), key=lambda one: len(one["loc"]))
        where = ".".join(map(str, problem["loc"])) or "the body"
        raise QuestionError(f"{where}: {problem['msg']}") from error
    said = [one for one in request.messages if one.role in ("user", "assistant")]
    last = max((i for i, one in enumerate(said) if one.role == "user"), default=-1)
    if last < 0:
        raise QuestionError("messages: one of role user is needed, with the question")
    options = request.stream_options
    return _Asked(
        question=check_question(said[last].text),
        history=tuple(_turns(said[:last])),
        filters=tools.filters_of(**request.yinzheng.model_dump()),
        streamed=bool(request.stream),
        with_usage=bool(options and options.include_usage),
    )


def _turns(said: Sequence[_ChatMessage]) -> Iterator[Turn]:
    """Yield the last turns as they were before we added sources; programs send all there are."""
    for one in said[-tools.MAX_TURNS :]:
        text = one.text.split(_RULE)[0][:MAX_QUESTION]
        if text.strip():
            yield Turn("user" if one.role == "user" else "assistant", encodable(text))


# --- what is answered; pure


def content_of(answer: Answer) -> str:
    """Return an answer as Markdown: text with marks, what is to be said of it, sources.

    What documents and models write makes no image, link or tag in it.
    """
    parts = [
        *map(_inert, answer.notes),
        *(_inert(conflict.text) for conflict in answer.conflicts),
        *_doubts(answer),
        *_listed("related", answer.related, answer.language),
        *_listed("choices", answer.choices, answer.language),
        *_sources(answer),
    ]
    return _inert(answer.text) + (_RULE + "\n\n".join(parts) if parts else "")


def _inert(text: str) -> str:
    return _BREAKS_OUT.sub(lambda match: f"\\{match[0]}", encodable(text))


def _doubts(answer: Answer) -> Iterator[str]:
    doubted = [claim for claim in answer.claims if claim.status is not Status.SUPPORTED]
    if doubted:
        language = answer.language
        said = _label("semicolon", language).join(_doubt(claim, language) for claim in doubted)
        yield _label("doubts", language).format(said)


def _doubt(claim: Claim, language: Language) -> str:
    text = " ".join(claim.text.split())
    clipped = text if len(text) <= _CLIPPED else f"{text[:_CLIPPED]}…"
    problems = _label("semicolon", language).join(worded(one, language) for one in claim.problems)
    return _inert(_label("quoted", language).format(clipped, " ".join(problems.split())))


def _listed(name: str, items: Sequence[str], language: Language) -> Iterator[str]:
    if items:
        said = _label("semicolon", language).join(" ".join(item.split()) for item in items)
        yield _inert(_label(name, language).format(said))


def _sources(answer: Answer) -> Iterator[str]:
    if answer.citations:
        items = [f"- {_inert(_source(one, answer.language))}" for one in answer.citations]
        yield "\n".join([_label("sources", answer.language), "", *items])


def _source(citation: Citation, language: Language) -> str:
    comma = _label("comma", language)
    about = comma.join(filter(None, (citation.title, citation.publisher, citation.date)))
    page = _label("page", language).format(citation.page) if citation.page else ""
    place = _label("place", language).format(citation.start, citation.end)
    where = comma.join(filter(None, (citation.source, page, place)))
    return " ".join(f"[{citation.n}] {about} — {where}".split())


def _label(name: str, language: Language) -> str:
    return in_language(_LABELS, name, language)


# --- how it is sent


@dataclass(frozen=True, slots=True)
class _Completion:
    """What all chunks of an answer, or its one object, have in common."""

    id: str
    created: int

    def whole(self, answer: Answer, usage: dict[str, int]) -> dict[str, Any]:
        row = answer_row("", answer)
        message = {"role": "assistant", "content": content_of(answer), "yinzheng": row}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return {**self._head("chat.completion"), "choices": [choice], "usage": usage}

    def chunk(
        self, delta: dict[str, str], finish: str | None = None, **more: object
    ) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self._head("chat.completion.chunk"), "choices": [choice], **more}

    def usage(self, usage: dict[str, int]) -> dict[str, Any]:
        return {**self._head("chat.completion.chunk"), "choices": [], "usage": usage}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": MODEL}


def _usage(asked: _Asked, answer: Answer, models: tools.Models) -> dict[str, int]:
    """Return counts of the encoder's tokens: what a language model read may be more."""
    sent = "\n".join([*(turn.text for turn in asked.history), asked.question])
    encoder = models.assistant.library.encoder
    prompt, completion = encoder.count_tokens([sent, content_of(answer)])
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _sendable(value: object) -> str:
    return encodable(json.dumps(value, ensure_ascii=False))


def _error(error: ProgramError) -> dict[str, Any]:
    kinds = {400: "invalid_request_error", 413: "invalid_request_error", 429: "rate_limit_error"}
    code = {404: "model_not_found", 413: "request_too_large", 429: "rate_limit_exceeded"}
    known = {
        "type": kinds.get(error.status, "api_error"),
        "param": None,
        "code": code.get(error.status),
    }
    return {"error": {"message": str(error), **known}}


def _headers(error: ProgramError) -> dict[str, str]:
    """Return when to come back, as openai's client does by itself."""
    cause = error.__cause__
    return {"Retry-After": str(cause.seconds)} if isinstance(cause, LimitReached) else {}


# --- the routes


def router(models: tools.Models, admit: tools.Admit, pulse: float = _PULSE) -> "APIRouter":
    """Return the routes below /v1; `admit` gets the request, the guard has seen its password."""
    from fastapi import APIRouter, Request
    from fastapi.responses import JSONResponse, Response

    routes = APIRouter(prefix="/v1", include_in_schema=False)
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="yinzheng-program")

    @routes.post("/chat/completions")
    async def chat_completions(request: Request) -> Response:
        try:
            work = await _begun(models, admit, request, pool)
            return await (_streamed if work.asked.streamed else _whole)(work, request, pulse)
        except ProgramError as error:
            return JSONResponse(_error(error), error.status, _headers(error))

    @routes.get("/models")
    async def list_models() -> dict[str, Any]:
        return {"object": "list", "data": [_model()]}

    @routes.get("/models/{name}")
    async def one_model(name: str) -> Response:
        if name == MODEL:
            return JSONResponse(_model())
        missing = ProgramError(f"there is one model, {MODEL!r}, not {name[:60]!r}", 404)
        return JSONResponse(_error(missing), 404)

    return routes


def _model() -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": 0, "owned_by": "yinzheng"}


async def _body(request: "Request") -> bytes:
    """Return the body. Raises ProgramError if it is too long, also when it does not say so."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise ProgramError(f"the body has more than {MAX_BODY:,} bytes: send less of it", 413)
    return bytes(body)


async def _begun(
    models: tools.Models, admit: tools.Admit, request: "Request", pool: ThreadPoolExecutor
) -> "_Work":
    """Let a request pass and begin its answer. Raises ProgramError."""
    with tools.admitted(admit, request) as held:
        with tools.telling():
            asked = _read(await _body(request))
        return _Work(models, asked, pool, held.pop_all())


class _Work:
    """An answer in the making, in a thread of its own; it ends when no one waits for it.

    `held` is closed then, and not when the client has gone: until a step ends, it still runs.
    """

    def __init__(
        self, models: tools.Models, asked: _Asked, pool: ThreadPoolExecutor, held: ExitStack
    ) -> None:
        self.asked = asked
        self._models = models
        self._left = threading.Event()
        self._future: Future[tuple[Answer, dict[str, int]] | None] = pool.submit(self._run)
        self._future.add_done_callback(lambda _: held.close())

    def leave(self) -> None:
        """Let the work end with its next step."""
        self._left.set()
        self._future.cancel()

    def _run(self) -> tuple[Answer, dict[str, int]] | None:
        asked, assistant = self.asked, self._models.assistant
        events = assistant.stream(asked.question, asked.history, asked.filters)
        # Closed at once: a model's stream holds a connection.
        with closing(cast(Generator[Event, None, None], events)):
            for event in events:
                if isinstance(event, Finished):
                    return event.answer, _usage(asked, event.answer, self._models)
                if self._left.is_set():
                    break
        return None

    async def done(
        self, request: "Request", pulse: float
    ) -> AsyncGenerator[tuple[Answer, dict[str, int]] | None, None]:
        """Yield None from time to time and at last what was asked for, unless the client left.

        Raises ProgramError.
        """
        future = asyncio.wrap_future(self._future)
        try:
            while not (await asyncio.wait({future}, timeout=pulse))[0]:
                if await request.is_disconnected():
                    return
                yield None
            with tools.telling():
                finished = future.result()
            yield finished
        finally:
            self.leave()


async def _whole(work: _Work, request: "Request", pulse: float) -> "Response":
    from fastapi.responses import JSONResponse, Response

    async with aclosing(work.done(request, pulse)) as steps:
        async for finished in steps:
            if finished:
                return JSONResponse(json.loads(_sendable(_completion().whole(*finished))))
    return Response(status_code=499)  # nobody is there to read it


async def _streamed(work: _Work, request: "Request", pulse: float) -> "Response":
    from fastapi.responses import StreamingResponse

    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # nginx keeps nothing back
    stream = _events(work, request, pulse)
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def _events(work: _Work, request: "Request", pulse: float) -> AsyncIterator[bytes]:
    from fastapi.sse import format_sse_event

    completion = _completion()
    first = completion.chunk({"role": "assistant", "content": ""})
    yield format_sse_event(data_str=_sendable(first))
    try:
        async with aclosing(work.done(request, pulse)) as steps:
            async for finished in steps:
                for chunk in _chunks(completion, work.asked, *finished) if finished else ():
                    yield format_sse_event(data_str=_sendable(chunk))
                if not finished:
                    yield format_sse_event(comment="the answer is being made and checked")
    except ProgramError as error:
        yield format_sse_event(data_str=_sendable(_error(error)))
    yield format_sse_event(data_str="[DONE]")


def _chunks(
    completion: _Completion, asked: _Asked, answer: Answer, usage: dict[str, int]
) -> Iterator[dict[str, Any]]:
    yield completion.chunk({"content": content_of(answer)})
    yield completion.chunk({}, "stop", yinzheng=answer_row("", answer))
    if asked.with_usage:
        yield completion.usage(usage)


def _completion() -> _Completion:
    return _Completion(f"chatcmpl-{uuid4().hex}", int(time.time()))
