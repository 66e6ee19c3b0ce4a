"""Services and servers known by name, and the SPEC grammar of --llm.

SPEC is `extractive` (no model), `auto` (see rag.llm.auto), `PRESET:MODEL` such as
`deepseek:deepseek-v4-flash` or `ollama:qwen3:4b`, or `gguf:FILE`.
Addresses and key variables are those of the services' own documentation (November 2026).
"""

import os
import re
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import ip_address
from urllib.parse import urlsplit

from rag.errors import ConfigurationError

EXTRACTIVE, AUTO, GGUF = "extractive", "auto", "gguf"


@dataclass(frozen=True, slots=True)
class Preset:
    """A service or server that speaks OpenAI's chat completions.

    `model` is one that answers without thinking aloud first, "" where none can be named: our
    answers are short, and thoughts would use up their length. `at_once` is how many answers it
    writes at once; others wait with us, where they are told so.
    """

    name: str
    title: str
    base_url: str
    keys: tuple[str, ...] = ()  # variables that may hold its key, the service's own name first
    local: bool = False
    model: str = ""
    # A service, and vLLM, which works in batches, write each of so many about as fast as one; each
    # takes a thread or two of ours.
    at_once: int = 32


# As llama.cpp's server does by default, and those that are built on it; more make each slower.
_LLAMA_CPP = 4
PRESETS = (
    Preset(
        "openai", "OpenAI", "https://api.openai.com/v1", ("OPENAI_API_KEY",), model="gpt-4.1-mini"
    ),
    Preset(
        "deepseek",
        "DeepSeek",
        "https://api.deepseek.com",
        ("DEEPSEEK_API_KEY",),
        model="deepseek-v4-flash",
    ),
    Preset(
        "qwen",
        "Qwen (DashScope)",
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        ("DASHSCOPE_API_KEY",),
        model="qwen-plus",
    ),
    Preset(
        "zhipu",
        "Zhipu",
        "https://open.bigmodel.cn/api/paas/v4",
        ("ZHIPUAI_API_KEY", "ZHIPU_API_KEY", "ZAI_API_KEY"),
        model="glm-4-flash",
    ),
    Preset(
        "moonshot",
        "Moonshot",
        "https://api.moonshot.cn/v1",
        ("MOONSHOT_API_KEY",),
        model="moonshot-v1-auto",
    ),
    Preset("siliconflow", "SiliconFlow", "https://api.siliconflow.cn/v1", ("SILICONFLOW_API_KEY",)),
    Preset(
        "anthropic",
        "Anthropic",
        "https://api.anthropic.com/v1",
        ("ANTHROPIC_API_KEY",),
        model="claude-haiku-4-5",
    ),
    Preset(
        "gemini",
        "Gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        model="gemini-3.5-flash-lite",
    ),
    # The address, not the name "localhost": that may mean ::1 first, where these do not listen.
    Preset("ollama", "Ollama", "http://127.0.0.1:11434/v1", local=True, at_once=_LLAMA_CPP),
    Preset(
        "llamacpp",
        "llama.cpp",
        "http://127.0.0.1:8080/v1",
        ("LLAMA_API_KEY",),
        local=True,
        at_once=_LLAMA_CPP,
    ),
    Preset("lmstudio", "LM Studio", "http://127.0.0.1:1234/v1", local=True, at_once=_LLAMA_CPP),
    Preset("vllm", "vLLM", "http://127.0.0.1:8000/v1", ("VLLM_API_KEY",), local=True),
)
BY_NAME = {preset.name: preset for preset in PRESETS}
# What people may type for them.
_OTHER_NAMES = {
    "bigmodel": "zhipu",
    "claude": "anthropic",
    "dashscope": "qwen",
    "glm": "zhipu",
    "google": "gemini",
    "gpt": "openai",
    "kimi": "moonshot",
    "llama.cpp": "llamacpp",
    "llama-server": "llamacpp",
}
# Ollama passes questions to models of this ending on to its makers' service.
_CLOUD = ("-cloud", ":cloud")
_CLOUD_HOST = "ollama.com"
# A path, as no service names a model; `vendor/model` is none.
_FROM_ROOT = re.compile(r"[/~\\]|\.{1,2}[/\\]|[A-Za-z]:[/\\]")
_FOLDERS = re.compile(r".*[/\\](?=.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Spec:
    """What --llm says: `kind` is "extractive", "auto", "gguf" or the name of a preset."""

    kind: str
    model: str = ""  # a path for "gguf"

    @property
    def preset(self) -> Preset | None:
        """The preset that it names, if any."""
        return BY_NAME.get(self.kind)

    @property
    def name(self) -> str:
        """What it is called before others: a file without its folder, which is nobody's concern.

        llama.cpp's own server too names a model by the path of its file.
        """
        is_file = self.kind == GGUF or _FROM_ROOT.match(self.model)
        model = _FOLDERS.sub("", self.model) if is_file else self.model
        return f"{self.kind}:{model}" if model else self.kind

    def __str__(self) -> str:
        return f"{self.kind}:{self.model}" if self.model else self.kind


def parse_spec(text: str) -> Spec:
    """Read what --llm says. Raises ConfigurationError, naming what was meant or is missing."""
    kind, colon, model = text.strip().partition(":")
    if kind in (EXTRACTIVE, AUTO):
        if colon:
            raise ConfigurationError(f"--llm {text!r}: {kind} takes no model, write --llm {kind}")
        return Spec(kind)
    if kind != GGUF and kind not in BY_NAME:
        raise ConfigurationError(f"--llm {text!r}: {_unknown(kind)}")
    if not model:
        example = "model.gguf" if kind == GGUF else BY_NAME[kind].model or "MODEL"
        what = "file" if kind == GGUF else "model"
        raise ConfigurationError(f"--llm {text!r} names no {what}: write {kind}:{example}")
    return Spec(kind, model)


def _unknown(kind: str) -> str:
    """Say what is nearest to a name that is no preset."""
    known = {name: name for name in (EXTRACTIVE, AUTO, GGUF, *BY_NAME)} | _OTHER_NAMES
    nearest = [known[name] for name in get_close_matches(kind.lower(), known, n=3, cutoff=0.6)]
    if nearest:
        return f"there is no {kind!r}, did you mean {' or '.join(dict.fromkeys(nearest))}?"
    every = ", ".join(preset.name for preset in PRESETS)
    return f"takes extractive, auto, gguf:FILE or PRESET:MODEL with one of {every}"


def address_of(preset: Preset, base_url: str = "") -> str:
    """Return where a preset's questions go; OPENAI_BASE_URL counts for OpenAI's alone."""
    own = os.environ.get("OPENAI_BASE_URL", "") if preset.name == "openai" else ""
    return base_url or own or preset.base_url


def is_elsewhere(preset: Preset, address: str) -> bool:
    """Tell whether an address is on another server than the preset's own.

    Scheme, host and port decide: a service may have several paths.
    """
    try:
        given, own = urlsplit(address), urlsplit(preset.base_url)
    except ValueError:  # half an IPv6 address
        return True
    return (given.scheme, given.netloc) != (own.scheme, own.netloc)


def host_of(address: str) -> str:
    """Return host and port of an address.

    Raises ConfigurationError if it is none of http or https, or holds a password.
    """
    if "@" in address:  # nothing of it is shown: where a password begins cannot always be told
        raise ConfigurationError(
            "--base-url takes no address with a user or password (a sign @): leave them out, "
            "and set YINZHENG_API_KEY to what the server asks for"
        )
    # urlsplit raises ValueError for a port that is none, or half an IPv6 address.
    try:
        parts = urlsplit(address)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        known = None
    if not known:
        raise ConfigurationError(
            f"--base-url takes an address such as http://localhost:8080/v1, is now {address!r}"
        )
    return parts.netloc


def is_loopback(address: str) -> bool:
    """Tell whether an address is on this machine."""
    name = urlsplit(address).hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:  # another name; whatever it stands for today may be elsewhere tomorrow
        return False


def goes_on(model: str) -> str:
    """Return the host to which a local Ollama passes questions for a model on, "" if to none."""
    return _CLOUD_HOST if model.endswith(_CLOUD) else ""
