"""`yinzheng llm list|test`: what can answer, what it needs, and whether it does.

Mounted by rag.cli; like there, what is heavy is imported inside the functions.
"""

import json
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import ConfigurationError, LanguageModelCut

if TYPE_CHECKING:
    from rich.table import Table

    from rag.llm.auto import Running
    from rag.llm.base import Chunk, LanguageModel
    from rag.llm.presets import Preset

llm_app = typer.Typer(help="Language models: what is there, and does it answer?")

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]

_QUESTION = "用一句话回答：东莞在哪个省？"
_SHOWN_MODELS = 3  # of a server, in the table
_SHOWN_TEXT = 80  # characters of an answer


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of a preset."""

    name: str
    title: str
    where: str  # "local" or "hosted"
    base_url: str
    keys: tuple[str, ...]  # the variables that may hold its key
    key: str  # where its key was found, "" if there is none
    running: bool | None  # None: a hosted one is not asked
    models: tuple[str, ...]  # of one that runs, else its default
    leaves: str  # the host that gets questions and passages, "" if none


@dataclass(frozen=True, slots=True)
class Extra:
    """A part that is installed apart."""

    name: str
    spec: str
    installed: str  # its version, "" if it is not there


@dataclass(frozen=True, slots=True)
class Trial:
    """How a model answered one small question; times in seconds."""

    spec: str
    why: str
    leaves: str
    text: str
    first_text_s: float | None
    whole_s: float
    prompt_tokens: int | None  # None: the server does not tell
    completion_tokens: int | None
    finish: str


@llm_app.command("list")
def list_models(as_json: JsonOption = False) -> None:
    """List services, local servers, their keys, and what leaves this machine."""
    rows, extras, problem = _rows(), _extras(), _key_problem()
    if as_json:
        found = {
            "presets": [asdict(row) for row in rows],
            "extras": [asdict(extra) for extra in extras],
            "key_file": _key_file(),
            "problem": problem,
        }
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    console.print(_hosted_table([row for row in rows if row.where == "hosted"]))
    console.print(_local_table([row for row in rows if row.where == "local"], extras))
    console.print(f"keys: environment, or NAME=value in {_key_file()} (mode 0600)", soft_wrap=True)
    if problem:
        console.print(problem, style="red", soft_wrap=True)


@llm_app.command("test")
def test_model(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="As --llm takes it.")],
    base_url: Annotated[
        str, typer.Option("--base-url", help="Address of an OpenAI-compatible server.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Ask a model one small question; fails with one line if it does not answer."""
    from rag.config import Settings

    settings = Settings(base_url=base_url) if base_url else Settings()
    trial = tried(spec, settings.base_url, settings.api_key.get_secret_value())
    if as_json:
        typer.echo(json.dumps(asdict(trial), ensure_ascii=False))
        return
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    if trial.why:
        console.print(trial.why, soft_wrap=True)
    console.print(_trial_table(trial))


# --- what is there


def _rows() -> list[Row]:
    from rag.llm.auto import running_servers
    from rag.llm.presets import PRESETS

    problem = _key_problem()
    running = {} if problem else {server.preset.name: server for server in running_servers()}
    return [_row(preset, running.get(preset.name), bool(problem)) for preset in PRESETS]


def _row(preset: "Preset", server: "Running | None", no_keys: bool) -> Row:
    from rag.llm.keys import find_key
    from rag.llm.presets import address_of, host_of, is_loopback

    # What is wrong with an address is told as the problem.
    address = preset.base_url if no_keys else address_of(preset)
    key = None if no_keys else find_key(preset.keys)
    default = (preset.model,) if preset.model else ()
    return Row(
        preset.name,
        preset.title,
        "local" if preset.local else "hosted",
        address,
        preset.keys,
        key.where if key else "",
        bool(server) if preset.local else None,
        server.models if server else default,
        "" if is_loopback(address) else host_of(address),
    )


def _key_problem() -> str:
    """Return what keeps keys or addresses from being read, "" if nothing does."""
    from rag.llm.keys import find_key
    from rag.llm.presets import PRESETS, address_of, host_of

    try:
        for preset in PRESETS:
            find_key(preset.keys)
            host_of(address_of(preset))
    except ConfigurationError as error:
        return str(error)
    return ""


def _extras() -> list[Extra]:
    from importlib.metadata import PackageNotFoundError, version

    from rag.llm.local import PACKAGE

    try:
        found = version(PACKAGE)
    except PackageNotFoundError:
        found = ""
    return [Extra("local", "gguf:FILE", found and f"({PACKAGE} {found})")]


def _key_file() -> str:
    from rag.llm.keys import key_file

    return str(key_file())


def _hosted_table(rows: list[Row]) -> "Table":
    title = "Services, --llm NAME:MODEL. Questions and passages are sent to the host."
    table = _table(title, "name", "key", "host")
    for row in rows:
        key = f"{row.key.split()[0]} set" if row.key else f"{row.keys[0]} not set"
        _add(table, row.name, key, row.leaves)
    return table


def _local_table(rows: list[Row], extras: list[Extra]) -> "Table":
    title = "On this machine, --llm NAME:MODEL. Nothing leaves it."
    table = _table(title, "name", "running", "models")
    for row in rows:
        more = len(row.models) - _SHOWN_MODELS
        models = ", ".join(row.models[:_SHOWN_MODELS]) + (f" and {more} more" if more > 0 else "")
        _add(table, row.name, "yes" if row.running else "no", models)
    for extra in extras:
        there = f"yinzheng[{extra.name}] " + (extra.installed or "is not installed")
        _add(table, extra.spec, "", there)
    _add(table, "extractive", "yes", "none: it quotes")
    return table


def _table(title: str, *columns: str) -> "Table":
    from rich.box import SIMPLE
    from rich.table import Table

    return Table(*columns, title=title, title_justify="left", box=SIMPLE, pad_edge=False)


def _add(table: "Table", *cells: str) -> None:
    """Add a row of plain text: what a server calls its models is no markup."""
    from rich.text import Text

    table.add_row(*(Text(cell) for cell in cells))


# --- does it answer


def tried(spec: str, base_url: str = "", api_key: str = "") -> Trial:
    """Ask a model one small question.

    Raises ConfigurationError for a spec that names none, LanguageModelError if it does not answer.
    """
    from rag.llm import choose, make_model, what_leaves

    choice = choose(spec, base_url, api_key)
    model = make_model(choice.spec, base_url, api_key)
    if model is None:
        raise ConfigurationError(
            f"{choice.why or choice.spec}: it quotes and asks no model, so there is none to test"
        )
    return _asked(model, choice.why, what_leaves(choice.spec, base_url))


def _asked(model: "LanguageModel", why: str, leaves: str) -> Trial:
    from rag.llm.base import Message
    from rag.llm.failures import printable

    begun = time.monotonic()
    with closing(model.stream([Message("user", _QUESTION)])) as stream:
        text, first, last = _read(stream)
    whole = time.monotonic() - begun
    if last.finish != "stop":
        why_not = printable(last.finish) or "the connection ended"
        raise LanguageModelCut(f"{model.name}: the answer broke off ({why_not}) after {text!r}")
    text = printable(text)
    if not text.strip():
        raise LanguageModelCut(f"{model.name}: the answer is empty")
    usage = last.usage
    return Trial(
        model.name,
        why,
        leaves,
        " ".join(text.split()),
        round(first - begun, 3) if first else None,
        round(whole, 3),
        usage.prompt if usage else None,
        usage.completion if usage else None,
        last.finish,
    )


def _read(stream: Generator["Chunk", None, None]) -> tuple[str, float | None, "Chunk"]:
    """Return the text, when it began, and finish and usage of the whole stream."""
    from rag.llm.base import Chunk

    text, first, finish, usage = "", None, "", None
    for chunk in stream:
        if chunk.text and first is None:
            first = time.monotonic()
        text += chunk.text
        finish, usage = chunk.finish or finish, chunk.usage or usage
    return text, first, Chunk(finish=finish, usage=usage)


def _trial_table(trial: Trial) -> "Table":
    def tokens(count: int | None) -> str:
        return "not told" if count is None else str(count)

    table = _table("", "", "")
    table.show_header = False
    rows = {
        "model": trial.spec,
        "sent to": trial.leaves or "nobody: nothing leaves this machine",
        "answer": trial.text[:_SHOWN_TEXT],
        "first text": f"{trial.first_text_s} s",
        "whole": f"{trial.whole_s} s",
        "tokens": f"{tokens(trial.prompt_tokens)} in, {tokens(trial.completion_tokens)} out",
        "finish": trial.finish,
    }
    for name, value in rows.items():
        _add(table, name, value)
    return table
