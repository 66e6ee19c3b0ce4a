"""LangChain as in its tutorial "Build a semantic search engine": recursive splitter, FAISS.

Put in its place: the embeddings, which are a paid service in the tutorial. The index is exact.
"""

from collections.abc import Sequence
from pathlib import Path

import faiss
from langchain_community.docstore.in_memory import InMemoryDocstore
from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document as LangChainDocument
from langchain_core.embeddings import Embeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter

from bench.peers.types import Document, Ranker, TextEncoder

PACKAGES: tuple[str, ...] = ("langchain-community", "langchain-text-splitters", "faiss-cpu")
SETUP = "RecursiveCharacterTextSplitter (1000 characters, overlap 200), FAISS IndexFlatL2"
_ASKED = 50  # passages, so that ten documents are among them


class EncoderEmbeddings(Embeddings):  # type: ignore[misc]
    """The encoder as LangChain's embeddings."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder = encoder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector for each passage."""
        found: list[list[float]] = self._encoder.encode_passages(texts).tolist()
        return found

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a question."""
        found: list[float] = self._encoder.encode_questions([text])[0].tolist()
        return found


def build(documents: Sequence[Document], encoder: TextEncoder, folder: Path) -> Ranker:
    """Split, embed and add documents to an index in memory."""
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=1000, chunk_overlap=200, add_start_index=True
    )
    passages = splitter.split_documents(
        [LangChainDocument(page_content=d.content, metadata={"id": d.id}) for d in documents]
    )
    store = FAISS(
        embedding_function=EncoderEmbeddings(encoder),
        index=faiss.IndexFlatL2(encoder.dimension),
        docstore=InMemoryDocstore(),
        index_to_docstore_id={},
    )
    store.add_documents(documents=passages)

    def search(question: str) -> list[str]:
        return [found.metadata["id"] for found in store.similarity_search(question, k=_ASKED)]

    return Ranker(len(passages), search)
