"""Documents made ready for a store without reading files, and what a store holds."""

from dataclasses import replace

from hash_encoder import HashEncoder

from index.chunk import encoded_text, passages
from index.clean import clean
from index.content import make_document
from index.store import Prepared, Store
from index.types import Metadata

BODY = "第{}号项目：市里支持企业开展创新药研发，对取得重大突破的项目最高给予{}万元奖励。"


def body(number: int, sentences: int = 12) -> str:
    """Return a text of its own for each number, of a few passages."""
    return "\n".join(BODY.format(f"{number}-{i}", number * 100 + i) for i in range(sentences))


def prepare(id_: str, raw: str, encoder: HashEncoder, location: str = "/files/a.txt") -> Prepared:
    """Return a document as ingestion would store it."""
    document = make_document(id_, raw, "text/plain", Metadata(title=f"题名{id_}"))
    text = clean(raw)
    parts = passages(text, id_)
    vectors = encoder.encode_questions([encoded_text(document.metadata.title, p) for p in parts])
    return Prepared(location, document, text, parts, vectors)


def content(store: Store) -> dict[str, object]:
    """Return all that is stored of documents, byte for byte, but the ids of passages."""
    return {
        id_: (
            store.document(id_),
            store.location_of(id_),
            store.clean_text(id_).text,
            store.clean_text(id_).starts.tobytes(),
            [replace(passage, id=-1) for passage in store.passages_of(id_)],
            store.vectors_of(id_),
        )
        for id_ in store.document_ids()
    }
