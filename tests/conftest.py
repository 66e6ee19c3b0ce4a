"""What all tests share: no network, an encoder without a model, the samples, the real documents."""

import os
from collections.abc import Iterator
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # read when the hub's package is imported

import pytest
import pytest_socket
from hash_encoder import HashEncoder
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parents[1]
LOOPBACK = ["127.0.0.1", "localhost", "::1"]

# The machine may be busy: how long an example takes says nothing about the code. The examples are
# the same in every run, so that a change passes or fails for what it changes; to look for new ones,
# run with --hypothesis-profile=search.
settings.register_profile("yinzheng", deadline=None, derandomize=True, max_examples=40)
settings.register_profile("search", deadline=None)
settings.load_profile("yinzheng")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let tests reach this machine only."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    pytest_socket.socket_allow_hosts(LOOPBACK, allow_unix_socket=True)
    yield
    pytest_socket._remove_restrictions()


@pytest.fixture
def encoder() -> HashEncoder:
    return HashEncoder()


@pytest.fixture(scope="session")
def samples() -> Path:
    return REPOSITORY / "samples"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real documents that is handed out beside the repository."""
    folder = REPOSITORY.parent / "shared" / "corpus"
    if not folder.is_dir():
        pytest.skip(f"the real documents are not at {folder}")
    return folder
