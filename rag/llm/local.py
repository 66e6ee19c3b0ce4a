"""A GGUF file, answered by llama.cpp in a process of ours: `--llm gguf:FILE`, extra `[local]`.

The server listens on a free port of this machine only and asks for a random key, so that nobody
else who uses the machine can use it. All models of a process that name the same file share one.
"""

import atexit
import json
import math
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from rag.errors import ConfigurationError, LanguageModelUnavailable, Trouble
from rag.llm.base import Chunk, Message
from rag.llm.breaker import Provider
from rag.llm.failures import printable
from rag.llm.openai_compatible import OpenAICompatible, Patience
from rag.llm.patience import LOCAL

PACKAGE = "xllamacpp"
# Seconds. A file of 5 GB on a slow disk takes most of a minute to read.
START_TIME = 120.0
_END_TIME = 5.0  # seconds; it has nothing to save
_POLL = 0.1  # seconds
# Answers written at once. On a few cores more would each take longer than anyone waits.
_SLOTS = 2
# Tokens. Our prompts are below 5,000 and answers below 1,000, for each slot; memory is taken for
# all of them at the start.
_CONTEXT = 6_144 * _SLOTS
# Who shares the cores waits so much longer for them; nothing but another visitor makes it slow.
_PATIENCE = replace(
    LOCAL,
    first_token=LOCAL.first_token * _SLOTS,
    start=LOCAL.start * _SLOTS,
    read=30.0,  # seconds; a token waits for a batch of the other's prompt
    whole=LOCAL.whole * _SLOTS,
    slowest=LOCAL.slowest / _SLOTS,
)
# What a model takes: its file, part of it once more as it is laid out anew for the processor, and
# bytes for context, computing and the prompts kept. Measured with _CONTEXT, before any is kept:
# 0.76 GB in all for a file of 0.49 GB; with a context of 8,192, 0.71 GB, and 2.04 GB for 1.12 GB.
_LAID_OUT_ANEW, _BESIDE = 1.25, 870_000_000
_MOST_THREADS = 8  # more wait for memory rather than for a core
_LONGEST_REASON = 200  # characters
_LAST_WORDS = 10_000  # bytes of what the server said at its end

_servers: dict[Path, "GgufServer"] = {}  # by the full path of their file
_lock = threading.Lock()


class GgufModel:
    """The model of a GGUF file. Its server is started at once and awaited at the first question."""

    def __init__(self, file: str | Path, patience: Patience | None = None) -> None:
        """Start its server. Raises ConfigurationError for want of the package, file or memory."""
        path = checked(Path(file).expanduser())
        self.name = f"gguf:{path.name}"
        self._patience = patience
        self._server = server_of(path)
        if not self._server.running:
            require_memory(path)
            self._server.start()

    def stream(self, messages: Sequence[Message]) -> Generator[Chunk, None, None]:
        """Yield the answer in pieces, empty ones while the model loads; see LanguageModel."""
        address, key = yield from self._awaited()
        model = OpenAICompatible(
            "local",
            f"{address}/v1",
            key,
            self._patience or _PATIENCE,
            name=self.name,
            local=True,
            shared=self._server.shared,
        )
        with closing(model.stream(messages)) as pieces:
            yield from pieces

    def _awaited(self) -> Generator[Chunk, None, tuple[str, str]]:
        """Return address and key once the model is loaded; who waits may give up at each piece."""
        seconds = min(START_TIME, self._patience.whole) if self._patience else START_TIME
        deadline = time.monotonic() + seconds
        while not (reached := self._server.reached()):
            if time.monotonic() > deadline:
                raise LanguageModelUnavailable(
                    f"{self.name} is still being loaded after {seconds:.0f} s: ask again",
                    Trouble.SILENT,
                )
            yield Chunk()
            time.sleep(_POLL)
        return reached


class GgufServer:
    """llama.cpp's server for one file, in a child process that ends with us."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # However slow it is, there is no other: it is never left alone, and if it crashes, it is
        # started anew.
        self.shared = Provider(path.name, _SLOTS, failures=math.inf)
        self._key = secrets.token_urlsafe(32)
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None  # its standard error
        self._address = ""
        self._healthy = False
        self._lock = threading.RLock()

    @property
    def running(self) -> bool:
        """Whether the process is there, be the model loaded or not."""
        process = self._process
        return process is not None and process.poll() is None

    def start(self) -> None:
        """Start the process, unless it runs."""
        with self._lock:
            if not self.running:
                self.close()
                self._launch()

    def _launch(self) -> None:
        from tempfile import TemporaryFile

        self._said = TemporaryFile()  # noqa: SIM115 - as long as the process
        # By its path and with our path of imports: however the program itself was started.
        program = [sys.executable, "-P", str(Path(__file__).with_name("local_server.py"))]
        self._process = process = subprocess.Popen(
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is ours to handle; it ends with our end of the pipe
        )
        given = {
            "file": str(self.path),
            "key": self._key,
            "context": _CONTEXT,
            "threads": min(_cores(), _MOST_THREADS),
            "slots": _SLOTS,
        }
        assert process.stdin and process.stdout
        try:
            process.stdin.write(json.dumps(given).encode() + b"\n")  # not where `ps` shows it
            process.stdin.flush()
        except BrokenPipeError:
            return  # it is gone already; reached() says why
        threading.Thread(target=self._hear, args=(process,), daemon=True).start()

    def _hear(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the address; if none comes, the output ends with the process."""
        assert process.stdout
        line = process.stdout.readline()
        with self._lock:
            if process is self._process:  # not one that was ended meanwhile
                self._address = line.decode("utf-8", errors="replace").strip()

    def reached(self) -> tuple[str, str] | None:
        """Return address and key, None while the model is being loaded.

        After a crash it starts another process. Raises LanguageModelUnavailable if the model does
        not load.
        """
        with self._lock:
            if self._process is None or (self._healthy and not self.running):
                self.start()
            process = self._process
        assert process
        if self._is_healthy():
            return self._address, self._key
        if process.poll() is not None:
            raise LanguageModelUnavailable(
                f"{self.path.name} cannot be loaded: {self._last_words(process)}; if that goes on, "
                "the file may be damaged: fetch it again",
                Trouble.UNREACHABLE,
            )
        return None

    def _is_healthy(self) -> bool:
        if self._address and not self._healthy:
            import httpx2

            try:
                with httpx2.Client(trust_env=False, verify=False) as client:
                    self._healthy = client.get(f"{self._address}/health").status_code == 200
            except httpx2.HTTPError:
                return False  # not yet; reached() sees when it is gone
        return self._healthy

    def _last_words(self, process: subprocess.Popen[bytes]) -> str:
        """Return in one line why the process ended, as it said it itself, and put it away."""
        said = b""
        with self._lock:
            if self._said and process is self._process:
                self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - _LAST_WORDS))
                said = self._said.read()
                self.close()
        lines = [" ".join(line.split()) for line in said.decode(errors="replace").splitlines()]
        told = [shown for line in lines if (shown := printable(line))]
        marked = (line.partition("error loading model: ")[2] for line in told)
        reason = next(filter(None, marked), told[-1] if told else "without a word")
        return f"llama.cpp ended with {process.returncode}: {reason[:_LONGEST_REASON]}"

    def close(self) -> None:
        """End the process, if it runs."""
        with self._lock:
            process, self._process = self._process, None
            self._address, self._healthy = "", False
            if process:
                process.terminate()
                try:
                    process.wait(_END_TIME)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                for pipe in (process.stdin, process.stdout):
                    if pipe:
                        pipe.close()
            if self._said:
                self._said.close()
                self._said = None


def server_of(path: Path) -> GgufServer:
    """Return the one server of a file in this process."""
    with _lock:
        if not _servers:
            atexit.register(close_servers)
        return _servers.setdefault(path, GgufServer(path))


def close_servers() -> None:
    """End all servers of this process."""
    with _lock:
        for server in _servers.values():
            server.close()
        _servers.clear()


def is_installed() -> bool:
    """Tell whether the extra `[local]` is there."""
    return find_spec(PACKAGE) is not None


def checked(file: Path) -> Path:
    """Return the full path of a GGUF file. Raises ConfigurationError for want of it or package."""
    if not is_installed():
        raise ConfigurationError(f"gguf:{file} needs llama.cpp: pip install 'yinzheng[local]'")
    try:
        path = file.resolve(strict=True)
        with path.open("rb") as opened:
            magic = opened.read(4)
    except OSError as error:
        raise ConfigurationError(f"gguf:{file} cannot be read: {error.strerror}") from error
    if magic != b"GGUF":
        raise ConfigurationError(f"gguf:{file} is no GGUF file: it does not begin with GGUF")
    return path


def require_memory(path: Path) -> None:
    """Raise ConfigurationError if a file does not fit into memory."""
    needed, free = path.stat().st_size * _LAID_OUT_ANEW + _BESIDE, free_memory()
    if free and needed > free:
        raise ConfigurationError(
            f"gguf:{path} needs {needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free: "
            "close other programs, or take a smaller file"
        )


def free_memory() -> int:
    """Return the bytes of memory that are free for us, 0 where the system does not tell."""
    limits = [free for free in (_left_to_machine(), _left_to_container()) if free is not None]
    return max(1, min(limits)) if limits else 0


def _left_to_machine() -> int | None:
    try:
        known = _numbers(Path("/proc/meminfo"))
    except OSError:
        return None
    return known["MemAvailable"] * 1024 if "MemAvailable" in known else None


def _left_to_container() -> int | None:
    """Return what a container's own limit leaves, in bytes, None if it has none."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text().strip()
        used = int((folder / "memory.current").read_text())
        kept = _numbers(folder / "memory.stat").get("file", 0)  # of files, given up when needed
    except OSError:
        return None
    return int(limit) - used + kept if limit.isdigit() else None


def _numbers(file: Path) -> dict[str, int]:
    """Read lines of a name and a number, such as "MemAvailable:  123 kB"."""
    rows = (line.replace(":", " ").split() for line in file.read_text().splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def _cores() -> int:
    """Return the cores that we may use, which are fewer than the machine's in some containers."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _environment() -> dict[str, str]:
    path = os.pathsep.join(part for part in sys.path if part)
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    # Passive: two threads that wait by spinning on busy cores fell to one token a second.
    return {**kept, "PYTHONPATH": path, "OMP_WAIT_POLICY": "PASSIVE"}
