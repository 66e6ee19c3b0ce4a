"""What the tests of programs share: a library of the samples."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hash_encoder import HashEncoder
from program_server import Settings

from index.ingest import ingest
from index.library import Library
from rag.pipeline import Assistant


@pytest.fixture(scope="session")
def library(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("programs") / "library"
    with Library(folder, HashEncoder(), create=True) as library:
        ingest(library, [samples])
        yield library


@pytest.fixture(scope="session")
def shared(library: Library) -> Settings:
    """What the servers, which are started once, are told."""
    return Settings(Assistant(library))


@pytest.fixture
def settings(shared: Settings, library: Library) -> Iterator[Settings]:
    yield shared
    shared.assistant, shared.refuses = Assistant(library), ""
