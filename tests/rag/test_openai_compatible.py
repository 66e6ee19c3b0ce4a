"""Calls of an OpenAI-compatible server: what is sent, what is read, what each fault is called."""

import gzip
import json
import time
import traceback

import pytest
from fault_server import (
    DONE,
    Handler,
    Reply,
    Server,
    cut_in,
    event,
    free_address,
    headers_only,
    page,
    piece,
    repeated,
    serving,
    status,
    stream,
    then,
)

from rag.answer import PromptedAnswerer
from rag.errors import (
    ConfigurationError,
    LanguageModelCut,
    LanguageModelError,
    LanguageModelUnavailable,
    Trouble,
)
from rag.llm import make_answerer
from rag.llm.base import Message
from rag.llm.failures import wrapped
from rag.llm.openai_compatible import OpenAICompatible
from rag.llm.patience import HOSTED, LOCAL, Patience
from rag.understand import understand

KEY = "sk-secret-0123456789abcdef"
# Waits are short, limits are not: a busy machine must not run into them.
PATIENT = Patience(first_token=60, start=60, read=60, backoff=0.01, longest_backoff=0.02)
# For what never comes.
HASTY = Patience(first_token=0.2, start=60, read=0.2, backoff=0.01)
ASKED = [Message("system", "Be short."), Message("user", "奖励多少？")]
QUESTION = understand("奖励多少？")
GOOD = stream(piece("东莞最高"), piece("200万元[1]。"), piece(finish="stop"), DONE)


@pytest.fixture
def server():
    with serving() as server:
        yield server


def model(server: Server, patience: Patience = PATIENT, key: str = KEY) -> OpenAICompatible:
    return OpenAICompatible("m", server.address, key, patience)


def answered(server: Server, *replies: Reply, patience: Patience = PATIENT) -> str:
    server.replies[:] = replies
    return "".join(PromptedAnswerer(model(server, patience)).draft(QUESTION, ()))


def failed(server: Server, *replies: Reply, patience: Patience = PATIENT) -> LanguageModelError:
    with pytest.raises(LanguageModelError) as caught:
        answered(server, *replies, patience=patience)
    return caught.value


# What works.


def test_a_stream_is_put_together(server) -> None:
    assert answered(server, GOOD) == "东莞最高200万元[1]。"


def test_the_last_piece_says_why_it_ended_and_what_it_cost(server) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    server.replies[:] = [stream(piece("好"), piece(finish="stop", usage=usage), DONE)]
    chunks = list(model(server).stream(ASKED))
    assert [chunk.text for chunk in chunks if chunk.text] == ["好"]
    assert chunks[-1].finish == "stop"
    assert (chunks[-1].usage.prompt, chunks[-1].usage.completion) == (7, 3)


def test_a_character_split_over_packets_is_read(server) -> None:
    data = (piece("东莞最高200万元。") + piece(finish="stop") + DONE).encode()
    assert (
        answered(server, stream(*(data[i : i + 1] for i in range(len(data)))))
        == "东莞最高200万元。"
    )


@pytest.mark.parametrize(
    "extra", [": keep-alive\n\n", "event: ping\ndata: {}\n\n", 'data: {"choices": []}\n\n', "\r\n"]
)
def test_what_other_servers_send_besides_is_passed_over(server, extra) -> None:
    assert (
        answered(server, stream(extra, piece("好"), extra, piece(finish="stop"), extra, DONE))
        == "好"
    )


def test_a_server_without_done_is_whole_by_its_finish_mark(server) -> None:
    assert answered(server, stream(piece("好"), piece(finish="stop"))) == "好"


def test_what_is_sent_asks_for_a_short_repeatable_answer(server) -> None:
    answered(server, GOOD)
    (request,) = server.seen
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.path == "/v1/chat/completions"
    assert (request.body["model"], request.body["stream"], request.body["temperature"]) == (
        "m",
        True,
        0,
    )
    assert request.body["max_tokens"] > 0
    assert [message["role"] for message in request.body["messages"]] == ["system", "user"]


@pytest.mark.parametrize("fault", [status(429, Retry_After="0.05"), status(500), status(503)])
def test_a_passing_fault_before_the_first_piece_is_tried_again(server, fault) -> None:
    assert answered(server, fault, GOOD) == "东莞最高200万元[1]。"
    assert len(server.seen) == 2


# What fails: one clear error each.

FAULTS = {
    "wrong key": (status(401, f"Incorrect API key provided: {KEY}"), Trouble.REFUSED, "401"),
    "no such model": (status(404, "model m not found"), Trouble.REFUSED, "not found"),
    "bad request": (status(400, "context too long"), Trouble.REFUSED, "too long"),
    "always overloaded": (status(429, Retry_After="0.01"), Trouble.BUSY, "429"),
    "no credit": (status(429, "Quota", {"code": "insufficient_quota"}), Trouble.REFUSED, "Quota"),
    "always broken": (status(500), Trouble.BROKEN, "500"),
    "elsewhere": (status(307, Location="http://127.0.0.1:9/v1"), Trouble.BROKEN, "307"),
    "error event": (
        stream('data: {"error": {"message": "out of memory"}}\n\n'),
        Trouble.BROKEN,
        "memory",
    ),
    "no JSON": (stream("data: {garbage\n\n"), Trouble.BROKEN, ""),
    "a list for an event": (stream("data: [1, 2]\n\n"), Trouble.BROKEN, ""),
    "a number for an event": (stream("data: 5\n\n"), Trouble.BROKEN, ""),
    "brackets without end": (stream("data: " + "[" * 100_000 + "\n\n"), Trouble.BROKEN, ""),
    "no delta": (stream('data: {"choices": [{"index": 0}]}\n\n'), Trouble.BROKEN, ""),
    "a list for a text": (
        stream(event({"content": [{"text": "好"}]})),
        Trouble.BROKEN,
        "list",
    ),
    "a login page": (page, Trouble.BROKEN, "web page"),
    "an empty stream": (stream(), Trouble.BROKEN, "without an answer"),
    "an answer in one piece": (
        stream('{"choices": [{"message": {"content": "好"}}]}', kind="application/json"),
        Trouble.BROKEN,
        "without an answer",
    ),
    "only a finish mark, length": (stream(piece(finish="length"), DONE), Trouble.LONG, "length"),
}
CUTS = {
    "error event": (
        stream(piece("好"), 'data: {"error": {"message": "out of memory"}}\n\n'),
        Trouble.BROKEN,
        "memory",
    ),
    "half a JSON": (stream(piece("好"), 'data: {"choi'), Trouble.BROKEN, ""),
    "half a character": (
        stream(piece("好"), "data: 好".encode()[:-1] + b"\n\n"),
        Trouble.BROKEN,
        "",
    ),
    "broken off": (cut_in(["东莞最高"]), Trouble.BROKEN, "broke off"),
    "no finish mark": (stream(piece("好"), DONE), Trouble.BROKEN, "connection ended"),
    "cut by its length": (stream(piece("好"), piece(finish="length")), Trouble.LONG, "length"),
    "filtered": (
        stream(piece("好"), piece(finish="content_filter")),
        Trouble.FILTERED,
        "filter",
    ),
}


def assert_one_clear_line(error: LanguageModelError) -> None:
    assert "\n" not in str(error)
    assert 0 < len(str(error)) < 400
    assert KEY not in str(error)
    assert KEY[:12] not in str(error)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_before_the_first_text_is_one_clear_error(server, fault) -> None:
    reply, trouble, words = FAULTS[fault]
    error = failed(server, reply)
    assert isinstance(error, LanguageModelUnavailable)
    assert error.trouble is trouble
    assert words in str(error)
    assert_one_clear_line(error)


@pytest.mark.parametrize("fault", CUTS)
def test_a_fault_after_it_is_one_too(server, fault) -> None:
    reply, trouble, words = CUTS[fault]
    error = failed(server, reply, GOOD)
    assert isinstance(error, LanguageModelCut)
    assert error.trouble is trouble
    assert words in str(error)
    assert_one_clear_line(error)
    assert len(server.seen) == 1, "an answer that has begun is not asked for again"


@pytest.mark.parametrize("reply", [headers_only, repeated(": alive\n\n", 0.01)])
def test_a_server_without_text_is_given_up_and_not_asked_again(server, reply) -> None:
    error = failed(server, reply, GOOD, patience=HASTY)
    assert isinstance(error, LanguageModelUnavailable)
    assert error.trouble is Trouble.SILENT
    assert len(server.seen) == 1


def test_a_server_that_reasons_first_is_waited_for(server) -> None:
    thoughts = [event({"reasoning_content": "想"})] * 40
    patience = Patience(first_token=60, start=0.3, read=30, thinking=60)

    def slowly(handler: Handler) -> None:
        handler.begin()
        for thought in thoughts:
            handler.send(thought)
            handler.wait(0.02)
        handler.send(piece("好") + piece(finish="stop") + DONE)

    assert answered(server, stream(*thoughts, piece("好"), piece(finish="stop"))) == "好"
    assert answered(server, slowly, patience=patience) == "好"


def test_what_breaks_behind_the_finish_mark_takes_nothing_away(server) -> None:
    begun = time.monotonic()
    whole = (piece("好"), piece(finish="stop"))
    assert answered(server, then(*whole, after=Handler.hold)) == "好"
    assert answered(server, stream(*whole, "data: {garbage")) == "好"
    assert answered(server, stream(*whole, 'data: {"error": {"message": "late"}}\n\n')) == "好"
    assert time.monotonic() - begun < PATIENT.whole / 2, "it was not waited for the stream's end"


def test_a_compressed_answer_is_not_unpacked(server) -> None:
    def packed(handler: Handler) -> None:
        handler.begin(200, "text/event-stream", Content_Encoding="gzip")
        handler.send(gzip.compress(piece("好").encode() * 1000))

    assert "compressed" in str(failed(server, packed))
    assert server.seen[0].headers["Accept-Encoding"] == "identity"


def test_a_server_that_is_not_there_is_unavailable_by_its_address() -> None:
    address = free_address()
    host = address.split("/")[2]
    gone = OpenAICompatible("m", address, KEY, PATIENT)
    with pytest.raises(LanguageModelUnavailable) as caught:
        list(gone.stream(ASKED))
    assert host in str(caught.value)
    assert "refused" in str(caught.value)
    assert caught.value.trouble is Trouble.UNREACHABLE
    assert_one_clear_line(caught.value)


# What a server does not take is left out.


def test_a_setting_that_the_server_refuses_is_given_as_it_wants_it(server) -> None:
    server.replies[:] = [
        status(400, "unsupported", {"param": "max_tokens"}),
        status(400, "unsupported", {"param": "temperature"}),
        GOOD,
    ]
    asked = model(server)
    for _ in range(2):
        assert "".join(chunk.text for chunk in asked.stream(ASKED)) == "东莞最高200万元[1]。"
    assert len(server.seen) == 4, "it is remembered"
    for request in server.seen[2:]:
        assert not {"max_tokens", "temperature"} & set(request.body)
        assert request.body["max_completion_tokens"] > 0


@pytest.mark.parametrize(
    "refusal",
    [
        status(400, "Unknown field", {"param": "stream_options"}),
        status(400, "Unknown field", {"param": "stream_options.include_usage"}),
        status(400, "stream_options is not supported"),
        status(422, "body.stream_options: Extra inputs are not permitted"),
    ],
)
def test_usage_is_asked_for_unless_the_server_refuses(server, refusal) -> None:
    server.replies[:] = [refusal, GOOD]
    assert "".join(chunk.text for chunk in model(server).stream(ASKED)) == "东莞最高200万元[1]。"
    first, second = (request.body for request in server.seen)
    assert first["stream_options"] == {"include_usage": True}
    assert "stream_options" not in second
    assert second["max_tokens"] > 0


def test_usage_is_read_from_its_own_piece_behind_the_finish_mark(server) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    last = f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n"
    server.replies[:] = [stream(piece("好"), piece(finish="stop"), last, DONE)]
    found = [chunk.usage for chunk in model(server).stream(ASKED) if chunk.usage]
    assert [(one.prompt, one.completion) for one in found] == [(7, 3)]


@pytest.mark.parametrize(
    ("host", "name", "body"),
    [
        ("api.deepseek.com", "deepseek-v4-flash", {"thinking": {"type": "disabled"}}),
        ("api.deepseek.com", "deepseek-reasoner", None),
        ("model.example", "deepseek-v4-flash", None),
    ],
)
def test_deepseeks_service_alone_is_told_not_to_think(server, proxies, host, name, body) -> None:
    proxies(server.address.removesuffix("/v1"))
    server.replies[:] = [GOOD]
    list(OpenAICompatible(name, f"http://{host}", KEY, PATIENT).stream(ASKED))
    assert server.seen[0].body.get("thinking") == (body or {}).get("thinking")


def test_a_bad_request_for_another_reason_is_not_repeated(server) -> None:
    failed(server, status(400, "no", {"param": "messages"}), GOOD)
    assert len(server.seen) == 1


# The key.

REPEATED = [
    KEY,
    f"Incorrect API key provided: {KEY}. You can find your key …",
    f"Incorrect API key provided: {KEY[:6]}**********{KEY[-4:]}.",
    f"key {KEY[:-3]} is unknown",
    f"'{KEY[5:]}'",
    f"Bearer {KEY}",
    f"{KEY[:13]} {KEY[13:]}",
    KEY.upper(),
    "x" * 165 + KEY,
    "x " * 995 + KEY,
]


@pytest.mark.parametrize("words", REPEATED)
@pytest.mark.parametrize("later", [False, True])
def test_the_key_is_shown_nowhere_and_not_in_part(server, words, later, caplog) -> None:
    caplog.set_level("INFO", logger="rag")
    text = json.dumps({"error": {"message": words}})
    reply = stream(piece("好"), f"data: {text}\n\n") if later else status(401, words)
    error = failed(server, reply)
    shown = "".join(traceback.format_exception(error)) + caplog.text
    parts = {KEY[i : i + 5] for i in range(len(KEY) - 4)} | {KEY[-4:]}
    assert not [part for part in parts if part.casefold() in str(error).casefold()]
    # This file is quoted in a traceback; but what the server said must not be.
    said = "\n".join(line for line in shown.splitlines() if not line.startswith("    "))
    assert not [part for part in parts if part.casefold() in said.casefold()]


def test_a_placeholder_for_a_key_hides_nothing(server) -> None:
    server.replies[:] = [status(400, "more memory is needed")]
    with pytest.raises(LanguageModelUnavailable, match="more memory is needed"):
        list(model(server, key="no-key-needed").stream(ASKED))


@pytest.mark.parametrize("words", [f"wrong key {KEY}", f"{KEY[:9]}\x1b[0m{KEY[9:]}"])
def test_an_error_that_holds_the_key_deep_in_its_chain_is_no_cause(words) -> None:
    class Told(Exception):
        """Says nothing itself."""

    def chained(deepest: Exception, by_cause: bool) -> ValueError:
        error = ValueError("it failed")
        middle = Told()
        if by_cause:
            error.__cause__, middle.__cause__ = middle, deepest
        else:
            error.__context__, middle.__context__ = middle, deepest
        deepest.__context__ = error  # a ring ends too
        return error

    for by_cause in (True, False):
        assert wrapped(chained(OSError(words), by_cause), False, "h", KEY)[1] is None
        harmless = chained(OSError("refused"), by_cause)
        assert wrapped(harmless, False, "h", KEY)[1] is harmless
        ours = LanguageModelUnavailable("it is down")
        ours.__cause__ = chained(OSError(words), by_cause)
        assert wrapped(ours, False, "h", KEY)[1] is None


def test_what_a_server_says_turns_no_switch_of_the_terminal(server) -> None:
    error = failed(server, status(401, "no\x1b[31m \x9b2J\u202ered\r\n\x07"))
    assert "no[31m 2Jred" in str(error)
    assert str(error).isprintable()


@pytest.fixture
def of_openai(monkeypatch):
    """What its users may have set for OpenAI."""
    monkeypatch.setenv("OPENAI_ORG_ID", "org-mine")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-mine")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Gateway: gw-mine\nAuthorization: Bearer mine")


def headers_sent(server: Server, address: str) -> dict[str, str]:
    server.replies[:] = [GOOD]
    list(OpenAICompatible("m", address, KEY, PATIENT).stream(ASKED))
    return {name.lower(): value for name, value in server.seen[-1].headers.items()}


def test_what_is_set_for_openai_goes_to_openai_only(server, proxies, of_openai) -> None:
    proxies(server.address.removesuffix("/v1"))
    for address in (server.address, "http://model.example/v1", "http://api.openai.com.example/v1"):
        sent = headers_sent(server, address)
        assert sent["authorization"] == f"Bearer {KEY}"
        assert "mine" not in str(sent)
        assert not [name for name in sent if name.startswith(("openai", "x-"))]
    sent = headers_sent(server, "http://api.openai.com/v1")
    assert (sent["openai-organization"], sent["openai-project"]) == ("org-mine", "proj-mine")


# The way to the server.


@pytest.fixture
def proxies(monkeypatch):
    def put(address: str) -> None:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, address)
            monkeypatch.setenv(name.upper(), address)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)

    return put


def test_this_machine_is_reached_without_a_proxy(server, proxies) -> None:
    proxies(free_address())
    assert answered(server, GOOD) == "东莞最高200万元[1]。"


def test_a_service_is_reached_by_the_proxy_of_the_environment(server, proxies) -> None:
    proxies(server.address.removesuffix("/v1"))
    server.replies[:] = [GOOD]
    service = OpenAICompatible("m", "http://model.example/v1", KEY, PATIENT)
    assert "".join(chunk.text for chunk in service.stream(ASKED)) == "东莞最高200万元[1]。"
    assert server.seen[0].path == "http://model.example/v1/chat/completions"


def test_a_redirection_takes_nothing_elsewhere(server) -> None:
    with serving(GOOD) as other:
        failed(server, status(307, Location=f"{other.address}/chat/completions"))
        assert not other.seen


# Settings.


def test_without_key_and_address_it_says_what_it_needs(monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        OpenAICompatible("m")


def test_key_and_address_come_from_the_environment_too(monkeypatch, server) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", server.address)
    server.replies[:] = [GOOD]
    assert "".join(chunk.text for chunk in OpenAICompatible("m").stream(ASKED))
    assert server.seen[0].headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "address", ["localhost:8080", "ftp://localhost", "http://", "http:///v1", "x", "http://[::1/v1"]
)
def test_an_address_that_is_none_is_refused_at_once(address) -> None:
    with pytest.raises(ConfigurationError, match="--base-url"):
        OpenAICompatible("m", address, KEY)


@pytest.mark.parametrize("spec", ["openai", "openai:", "gpt", "", "extractive:x", "OPENAI:m"])
def test_a_spec_that_names_no_model_is_refused(spec) -> None:
    with pytest.raises(ConfigurationError, match="--llm"):
        make_answerer(spec, encoder=None)


def test_specs_make_answerers(encoder, server) -> None:
    assert make_answerer("extractive", encoder).name == "extractive"
    assert make_answerer("openai:org/m:7b", encoder, server.address).name == "openai:org/m:7b"


@pytest.mark.parametrize(
    ("address", "patience"),
    [
        ("http://localhost:11434/v1", LOCAL),
        ("http://127.0.0.1:8080/v1", LOCAL),
        ("http://[::1]:8080/v1", LOCAL),
        ("http://192.168.1.7:8000/v1", LOCAL),
        ("http://ollama:11434/v1", LOCAL),
        ("https://api.deepseek.com", HOSTED),
        ("https://8.8.8.8/v1", HOSTED),
        ("", HOSTED),
    ],
)
def test_a_server_of_ones_own_has_more_time(address, patience, monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    asked = OpenAICompatible("m", address, KEY)
    assert asked.patience == patience
    assert asked.local == (patience is LOCAL)
    assert OpenAICompatible("m", address, KEY, local=True).patience == LOCAL


def test_a_password_in_an_address_is_not_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        OpenAICompatible("m", f"ftp://user:{KEY}@localhost/v1", KEY)
    assert KEY not in str(caught.value)


def test_a_name_may_be_given(server) -> None:
    assert OpenAICompatible("m", server.address, name="ollama:m").name == "ollama:m"
