"""Keys of services: from the environment, else from a file that only its owner can read.

The file holds lines `NAME=value` (or TOML's `NAME = "value"`). A key is a SecretStr from here on,
and no message holds one, nor any other content of the file.
"""

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from rag.errors import ConfigurationError
from rag.llm.presets import Preset, is_elsewhere

_LONGEST_FILE = 64_000  # bytes; some keys are a few hundred long
_LINE = re.compile(
    r"""(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*"""
    r"""(?:"([^"]*)"|'([^']*)'|([^\s#"']*))[ \t]*(?:\#.*)?"""
)
# What can stand in a header.
_KEY = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Key:
    """A key, and where it was found ("DEEPSEEK_API_KEY of the environment")."""

    value: SecretStr
    where: str


def key_file() -> Path:
    """Return where the file of keys is looked for: YINZHENG_KEY_FILE, or the user's own folder."""
    from platformdirs import user_config_path

    from rag.config import Settings

    return Settings().key_file or user_config_path("yinzheng", appauthor=False) / "keys"


def find_key(names: Sequence[str]) -> Key | None:
    """Return the first key that the environment holds under one of some names, else the file.

    Raises ConfigurationError for a file that others can read, or a key that can be none.
    """
    for name in names:
        if value := os.environ.get(name, "").strip():
            return _checked(name, value, "the environment")
    if not names:
        return None
    kept = read_key_file()
    return next(
        (_checked(name, kept[name], "the key file") for name in names if name in kept), None
    )


def key_for(preset: Preset, base_url: str = "", api_key: str = "") -> str:
    """Return the key to send to a preset's server, or to the one at `base_url`; "" if none is set.

    `api_key` is what is set for any server. A service's own key goes to that service alone: an
    address may come from anywhere. Raises ConfigurationError as find_key does.
    """
    given = checked_key(api_key)
    if base_url and is_elsewhere(preset, base_url):
        found = None if given else find_key(_names_for(preset, base_url))
    else:
        found = find_key(preset.keys)
    return found.value.get_secret_value() if found else given


def _names_for(preset: Preset, elsewhere: str) -> tuple[str, ...]:
    """Return the names of keys that may be sent to a server which is not the preset's own."""
    paired = preset.name == "openai" and elsewhere == os.environ.get("OPENAI_BASE_URL")
    # Set together in the environment, OpenAI's two variables belong together.
    kept_there = paired and bool(os.environ.get("OPENAI_API_KEY", "").strip())
    return ("YINZHENG_API_KEY", "OPENAI_API_KEY") if kept_there else ("YINZHENG_API_KEY",)


def checked_key(value: str, name: str = "YINZHENG_API_KEY") -> str:
    """Return a key as it is sent. Raises ConfigurationError, without it, if it can be none."""
    value = value.strip()
    return _checked(name, value, "the environment").value.get_secret_value() if value else ""


def read_key_file() -> dict[str, str]:
    """Return what the file of keys holds by name, nothing if there is none.

    Raises ConfigurationError if others can read it, or a line is not NAME=value.
    """
    path = key_file()
    try:
        # Not waiting, if a pipe of that name lies there.
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(f"the key file {path}: {error.strerror}") from error
    try:
        _require_private(path, os.fstat(opened))
        content = os.read(opened, _LONGEST_FILE)
    finally:
        os.close(opened)
    # Not chained: the error would hold the content.
    return _parsed(path, content.decode("utf-8-sig", errors="replace"))


def _require_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode) or status.st_size >= _LONGEST_FILE:
        raise ConfigurationError(f"the key file {path} is not a small file of lines NAME=value")
    # Windows knows no such bits: a user's folder is the user's own there.
    if os.name == "posix" and status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise ConfigurationError(
            f"the key file {path} can be read by others (mode {mode:04o}): run chmod 600 on it"
        )


def _parsed(path: Path, text: str) -> dict[str, str]:
    found = {}
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith(("#", "[")):  # a comment, or the name of a TOML table
            continue
        match = _LINE.fullmatch(line)
        if not match:
            raise ConfigurationError(f"the key file {path}: line {number} is not NAME=value")
        if value := next(filter(None, match.groups()[1:]), "").strip():
            found[match[1]] = value
    return found


def _checked(name: str, value: str, where: str) -> Key:
    if not _KEY.fullmatch(value):
        raise ConfigurationError(f"{name} of {where} is no key: it holds blanks or other signs")
    return Key(SecretStr(value), f"{name} of {where}")
