"""`--llm auto`: the model that is at hand, a server on this machine before a service with a key.

A service is chosen only if the user has put down a key for it; without one no question leaves.
"""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.errors import ConfigurationError
from rag.llm.keys import find_key, key_for
from rag.llm.presets import (
    BY_NAME,
    EXTRACTIVE,
    PRESETS,
    Preset,
    address_of,
    goes_on,
    host_of,
    is_loopback,
)

if TYPE_CHECKING:
    import httpx2

# Seconds for all local servers together: one that runs answers within milliseconds, and a person
# waits at each start.
PROBE_TIME = 0.5
# Seconds for the server of --base-url, which may be far away.
_FAR = 5.0
_LONGEST_LIST = 1_000_000  # bytes; what goes on and on is no list of models
# Models that write no answers: of embeddings, rerankers, speech.
_NO_CHAT = re.compile(r"embed|rerank|whisper|clip|tts|\bbge\b|\bgte\b|\be5\b|minilm", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, and one line that says so and why."""

    spec: str
    why: str


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers, with the models that it names."""

    preset: Preset
    models: tuple[str, ...]

    @property
    def model(self) -> str:
        """The first model that writes answers, here and not elsewhere; "" if there is none."""
        fit = (name for name in self.models if not _NO_CHAT.search(name) and not goes_on(name))
        return next(fit, "")


def choose(base_url: str = "", api_key: str = "") -> Choice:
    """Return what to answer with: "extractive" if there is neither a server nor a key.

    With `base_url` it is a model of that server. Raises ConfigurationError if that has none.
    """
    if base_url:
        return _of_server(base_url, api_key)
    running = [server for server in running_servers() if server.model]
    if running:
        first = running[0]
        spec = f"{first.preset.name}:{first.model}"
        return Choice(spec, f"auto: {spec}, as {first.preset.title} runs on this machine")
    return _of_key()


def _of_key() -> Choice:
    keyed = [(preset, find_key(preset.keys)) for preset in PRESETS if not preset.local]
    for preset, key in keyed:
        if key and preset.model:
            spec, host = f"{preset.name}:{preset.model}", host_of(address_of(preset))
            return Choice(spec, f"auto: {spec}, as there is {key.where}; questions go to {host}")
    unnamed = [preset for preset, key in keyed if key]
    if unnamed:
        need = f"{unnamed[0].title} has a key but no model: name it, --llm {unnamed[0].name}:MODEL"
        return Choice(EXTRACTIVE, f"auto: extractive, as no local server runs and {need}")
    return Choice(EXTRACTIVE, "auto: extractive, as no local server runs and no key is configured")


def running_servers() -> list[Running]:
    """Return the servers of this machine that answer, in the order of the presets.

    All are asked at once, within PROBE_TIME and never through a proxy; nothing is sent but the
    request for their models.
    """
    import httpx2

    local = [(preset, key_for(preset)) for preset in PRESETS if preset.local]
    workers = ThreadPoolExecutor(len(local))
    # No certificates, which take long to load: these addresses are plain http.
    with httpx2.Client(trust_env=False, verify=False, timeout=PROBE_TIME) as client:
        deadline = time.monotonic() + PROBE_TIME
        asked = [
            (preset, workers.submit(_ask, client, preset.base_url, key, deadline))
            for preset, key in local
        ]
        wait([future for _, future in asked], timeout=PROBE_TIME)
        # One that drips is not waited for; its thread ends by itself at its deadline.
        workers.shutdown(wait=False, cancel_futures=True)
        found = [(preset, future.result() if future.done() else ()) for preset, future in asked]
    return [Running(preset, models) for preset, models in found if models]


def models_at(base_url: str, api_key: str = "") -> tuple[str, ...]:
    """Return the models of a server anywhere, none if it does not answer as one of ours does."""
    import httpx2

    # No proxy has a say about a server on this machine.
    with httpx2.Client(trust_env=not is_loopback(base_url), timeout=_FAR) as client:
        return _ask(client, base_url, api_key, time.monotonic() + _FAR)


def _ask(client: "httpx2.Client", base_url: str, api_key: str, deadline: float) -> tuple[str, ...]:
    import httpx2

    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    try:
        with client.stream("GET", f"{base_url.rstrip('/')}/models", headers=headers) as reply:
            return _models(reply, deadline) if reply.status_code == 200 else ()
    # Whatever else listens there may send anything: ValueError is no JSON, RuntimeError a client
    # that was closed as the time was over.
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError, RuntimeError):
        return ()


def _models(reply: "httpx2.Response", deadline: float) -> tuple[str, ...]:
    """Read {"data": [{"id": …}, …]}."""
    content = b""
    for piece in reply.iter_bytes():
        content += piece
        if len(content) > _LONGEST_LIST or time.monotonic() > deadline:
            return ()
    found = json.loads(content)
    rows = found.get("data") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        return ()
    names = (row.get("id") for row in rows if isinstance(row, dict))
    return tuple(name for name in names if isinstance(name, str) and name.isprintable() and name)


def _of_server(base_url: str, api_key: str) -> Choice:
    host, preset = host_of(base_url), BY_NAME["openai"]
    model = Running(preset, models_at(base_url, key_for(preset, base_url, api_key))).model
    if not model:
        raise ConfigurationError(
            f"--llm auto: no model was found at {host}, start its server or name the model "
            "with --llm openai:MODEL"
        )
    spec = f"{preset.name}:{model}"
    return Choice(spec, f"auto: {spec}, the first model of {host}")
