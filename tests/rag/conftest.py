"""What the tests of answering share: the samples as evidence, and a library of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.chunk import passages
from index.clean import clean
from index.ingest import ingest
from index.library import Library
from index.metadata import read_metadata
from index.read import read_bytes, read_file
from rag.cite import Source
from rag.types import Evidence


def evidence_in(folder: Path) -> list[tuple[Evidence, Source]]:
    """Return every passage of a folder as evidence with the number 1, and its document."""
    found = []
    for file in sorted(folder.iterdir()):
        for document in read_file(read_bytes(file), file.name).documents:
            text = clean(document.raw, document.media_type)
            known = read_metadata(document, text)
            for passage in passages(text, document.id, known.title):
                found.append((Evidence(1, passage, known, 1.0), Source(document, text)))
    return found


@pytest.fixture(scope="session")
def sample_evidence(samples: Path) -> list[tuple[Evidence, Source]]:
    return evidence_in(samples)


@pytest.fixture(scope="session", params=["samples", "corpus"])
def real_evidence(request: pytest.FixtureRequest) -> list[tuple[Evidence, Source]]:
    """The samples, and the five real documents where they are."""
    return evidence_in(request.getfixturevalue(request.param))


@pytest.fixture(scope="session")
def sample_library(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The samples with the bundled encoder."""
    with Library(tmp_path_factory.mktemp("samples") / "library", create=True) as library:
        ingest(library, [samples])
        yield library
