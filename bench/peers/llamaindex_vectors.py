"""LlamaIndex as in its starter example: `VectorStoreIndex.from_documents`.

Put in their place: the embeddings, which are a paid service in the example, and the answer by a
language model, which retrieving does not need. The splitter is the one taken when none is given;
its nodes get ids that tell their place, since random ones order equal scores by chance.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llama_index.core import Document as LlamaDocument
from llama_index.core import VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.node_parser import SentenceSplitter

from bench.peers.types import Document, Ranker, TextEncoder

PACKAGES: tuple[str, ...] = ("llama-index-core",)
SETUP = "SentenceSplitter (1024 tokens of tiktoken, overlap 200), VectorStoreIndex in memory"
_ASKED = 50  # passages, so that ten documents are among them


class EncoderEmbedding(BaseEmbedding):  # type: ignore[misc]
    """The encoder as LlamaIndex's embedding."""

    _encoder: TextEncoder = PrivateAttr()

    def __init__(self, encoder: TextEncoder) -> None:
        super().__init__(model_name="bundled")
        self._encoder = encoder

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        found: list[list[float]] = self._encoder.encode_passages(texts).tolist()
        return found

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        found: list[float] = self._encoder.encode_questions([query])[0].tolist()
        return found

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


def build(documents: Sequence[Document], encoder: TextEncoder, folder: Path) -> Ranker:
    """Split, embed and index documents in memory."""
    index = VectorStoreIndex.from_documents(
        [LlamaDocument(text=document.content, id_=document.id) for document in documents],
        transformations=[SentenceSplitter(id_func=_node_id)],
        embed_model=EncoderEmbedding(encoder),
    )
    retriever = index.as_retriever(similarity_top_k=_ASKED)

    def search(question: str) -> list[str]:
        return [found.node.ref_doc_id for found in retriever.retrieve(question)]

    return Ranker(len(index.index_struct.nodes_dict), search)


def _node_id(place: int, document: Any) -> str:
    return f"{document.node_id}#{place}"
