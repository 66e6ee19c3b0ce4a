"""What all tests share: no network, an encoder without a model, the samples, the real documents."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"  # read when the hub's package is imported

import pytest
import pytest_socket
from hash_encoder import HashEncoder
from hypothesis import settings

from index.encoder import load_encoder
from index.ingest import ingest
from index.library import Library

# Without compiled files each process, and the tests start some hundred, would compile all anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

REPOSITORY = Path(__file__).resolve().parents[1]

# Files whose tests share what takes seconds to import or make: one process runs them all.
TOGETHER = {
    **dict.fromkeys(("test_encoder", "test_multi_vector", "test_rerank"), "torch"),
    **dict.fromkeys(("test_cli", "test_evaluate", "test_pipeline", "test_refusal"), "samples"),
    **dict.fromkeys(("test_chat_filters", "test_gradio_api", "test_library_tab"), "gradio"),
    **dict.fromkeys(("test_library_tab_browser", "test_programs_how_to", "test_share"), "gradio"),
}
# What takes longest begins first, so that no process is left with it when the others are done.
LONG = (
    *("test_gradio_api", "test_whole_page", "test_ingest_killed", "test_document_view_browser"),
    *("test_encoder", "test_ingest", "test_sandbox", "test_page_guard", "test_cli"),
    *("test_server", "test_proxy", "test_ingestion", "test_mcp_server", "test_acceptance"),
)
LOOPBACK = ["127.0.0.1", "localhost", "::1"]

# The machine may be busy: how long an example takes says nothing about the code. The examples are
# the same in every run, so that a change passes or fails for what it changes; to look for new ones,
# run with --hypothesis-profile=search.
settings.register_profile("yinzheng", deadline=None, derandomize=True, max_examples=10)
settings.register_profile("exhaustive", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("search", deadline=None)
settings.load_profile("yinzheng")


@pytest.hookimpl(hookwrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage while all tests are imported: there is none, and it takes seconds."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what is long; leave out what is exhaustive, unless -m says something of it."""
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))
    if "exhaustive" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("exhaustive")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("exhaustive")]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give the files of TOGETHER to one process, and all in the order of the items."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return TOGETHER.get(Path(file).stem, file)

    return Together(config, log)


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
def really_encoded(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library of the samples, with the bundled encoder; no test changes it."""
    folder = tmp_path_factory.mktemp("really_encoded") / "library"
    with Library(folder, load_encoder(), create=True) as library:
        ingest(library, [samples])
    return folder


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real documents that is handed out beside the repository."""
    folder = REPOSITORY.parent / "shared" / "corpus"
    if not folder.is_dir():
        pytest.skip(f"the real documents are not at {folder}")
    return folder
