"""What the tests of answering share: the samples as evidence, and a library of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.mutations import passages_in
from index.library import Library
from rag.types import Evidence, Source


@pytest.fixture(scope="session")
def sample_evidence(samples: Path) -> list[tuple[Evidence, Source]]:
    return passages_in(samples)


@pytest.fixture(scope="session", params=["samples", "corpus"])
def real_evidence(request: pytest.FixtureRequest) -> list[tuple[Evidence, Source]]:
    """The samples, and the five real documents where they are."""
    return passages_in(request.getfixturevalue(request.param))


@pytest.fixture(scope="session")
def sample_library(really_encoded: Path) -> Iterator[Library]:
    """The samples with the bundled encoder."""
    with Library(really_encoded) as library:
        yield library
