"""The process that serves one GGUF file; rag.llm.local starts it by the path of this file.

It is a process of its own, so that a crash of native code ends it and not the program, and imports
nothing of the project. From standard input it reads one line of JSON: file, key, context, threads,
slots. To standard output it writes one line, its address; what llama.cpp says goes to standard
error.
It ends when standard input does, that is with the program, however that ended.
"""

import json
import os
import sys
import threading
import time
from typing import Any

_ERRORS_ONLY = 1  # of llama.cpp's levels
# Tokens read at once. While one visitor's prompt is read, the other's answer gets a token after
# each batch: with the 2,048 of llama.cpp, it stood still for over 10 s.
_BATCH = 256
_LOOK_AGAIN = 1.0  # seconds
# MB for what was read before, 28 kB a token of a model of 1.5 B parameters. Without, a rewritten
# question makes the model forget the instructions of answers: 36 s to the first text, not 0.5.
_PROMPTS_KEPT = 256


def main() -> None:
    """Serve until the program that started it is gone."""
    parent = os.getppid()
    given = json.loads(sys.stdin.buffer.readline())
    # Native code writes to standard output too, which is kept for the address.
    out = os.dup(1)
    os.dup2(2, 1)
    _end_while_loading()
    threading.Thread(target=_end_with_input, daemon=True).start()
    server = _serve(given)
    os.write(out, f"{server.listening_address}\n".encode())
    os.close(out)
    # The pipe may have been inherited by another process; then this is what is seen.
    while os.getppid() == parent:
        time.sleep(_LOOK_AGAIN)
    os._exit(0)


def _end_with_input() -> None:
    # Not by sys.stdin, whose lock would abort the process when it ends by itself.
    while os.read(0, 1024):
        pass
    os._exit(0)  # at once: native threads are at work


def _end_while_loading() -> None:
    """Let the kernel end us with standard input, as no Python thread runs while a model loads."""
    try:
        import fcntl

        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    except (ImportError, AttributeError, OSError):
        return  # not on this system: the model is loaded first, then the thread ends us


def _serve(given: dict[str, Any]) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = given["file"]
    params.hostnames, params.port = ["127.0.0.1"], 0  # 0: a free one
    params.api_keys = [given["key"]]
    params.n_ctx = given["context"]
    # The slots share the context, each as much of it as it needs; a package that cannot has one.
    if hasattr(params, "n_parallel") and hasattr(params, "kv_unified"):
        params.n_parallel, params.kv_unified = given["slots"], True
        params.n_batch = params.n_ubatch = _BATCH
    params.cpuparams.n_threads = given["threads"]
    params.verbosity = _ERRORS_ONLY
    # Nothing is served but answers: no page, and no look at other questions.
    params.ui = params.endpoint_slots = False
    params.cache_ram_mib = _PROMPTS_KEPT
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
