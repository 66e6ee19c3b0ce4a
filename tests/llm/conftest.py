"""Real small language models: found, not fetched; where there is none, a test says so.

Only `pytest -m llm` runs these tests: a model on two cores needs minutes.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fetch import CACHE, MODELS

from index.ingest import ingest
from index.library import Library
from rag.llm.base import LanguageModel
from rag.llm.local import GgufModel, close_servers, is_installed
from rag.llm.patience import Patience

# What is tested is what a model says, however busy the machine is.
PATIENT = Patience(first_token=900, start=900, read=300, whole=1_800, slowest=0.001)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    asked_for = config.option.markexpr
    return None if "llm" in asked_for and "not llm" not in asked_for else True


def model_file(size: str) -> Path:
    """Return where a model lies; skip the test if it does not."""
    folder = Path(os.environ.get("YINZHENG_TEST_MODEL_DIR") or CACHE)
    file = folder / MODELS[size].file
    if not file.is_file():
        pytest.skip(
            f"no model at {file}: python tests/llm/fetch.py {size}, or YINZHENG_TEST_MODEL_DIR"
        )
    if not is_installed():
        pytest.skip("llama.cpp is not there: pip install 'yinzheng[local]'")
    return file


@pytest.fixture(scope="session", params=["0.5b", "1.5b"])
def model(request: pytest.FixtureRequest) -> LanguageModel:
    return GgufModel(model_file(request.param), PATIENT)


@pytest.fixture(scope="session")
def able_model() -> LanguageModel:
    return GgufModel(model_file("1.5b"), PATIENT)


@pytest.fixture(scope="session", autouse=True)
def servers_end() -> Iterator[None]:
    yield
    close_servers()


@pytest.fixture(scope="session")
def sample_library(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library(tmp_path_factory.mktemp("llm") / "library", create=True) as library:
        ingest(library, [samples])
        yield library
