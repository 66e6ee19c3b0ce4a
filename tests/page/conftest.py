"""What the tests of the page share: its services over a library of the samples."""

import pytest
from hash_encoder import HashEncoder
from page_services import FixedModel

from index.ingest import ingest
from index.library import Library
from page.access import Access
from page.services import Services, Visitor
from rag.conversations import FILE, Conversations
from rag.pipeline import Assistant


@pytest.fixture(scope="session")
def sample_library(samples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page") / "library"
    with Library(folder, HashEncoder(), create=True) as library:
        ingest(library, [samples])
        yield library


@pytest.fixture
def services(sample_library, tmp_path):
    conversations = Conversations(tmp_path / FILE)
    models = FixedModel(Assistant(sample_library))
    yield Services(
        sample_library, models, conversations, tmp_path, Access(conversations), ingestion=None
    )
    conversations.close()


@pytest.fixture
def visitor():
    return Visitor("visitor-1", "owner")


@pytest.fixture
def stranger():
    return Visitor("visitor-2", "guest")
