"""Tantivy: BM25 over bigrams of Han characters, Latin words and numbers.

Nothing else here knows tantivy.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.terms import terms

_HEAP = 128_000_000  # bytes; large enough to leave one segment for some 100,000 passages
_TOKENIZER = "whitespace"


@dataclass(frozen=True, slots=True)
class LexicalIndex:
    """A BM25 index (k1 1.2, b 0.75) that is never changed once made."""

    index: Any  # tantivy.Index
    searcher: Any  # tantivy.Searcher

    def search(self, question_terms: Sequence[str], count: int) -> dict[int, float]:
        """Return passage id -> BM25 of the `count` best passages that hold any of the terms."""
        import tantivy

        if not question_terms or not self.searcher.num_docs:
            return {}
        schema = self.index.schema
        clauses = [
            (tantivy.Occur.Should, tantivy.Query.term_query(schema, "terms", term, "freq"))
            for term in question_terms
        ]
        found = self.searcher.search(tantivy.Query.boolean_query(clauses), count, count=False)
        return {self.searcher.doc(address)["id"][0]: score for score, address in found.hits}

    @property
    def count(self) -> int:
        """The number of passages."""
        return int(self.searcher.num_docs)

    def rarity(self, question_terms: Iterable[str]) -> dict[str, float]:
        """Return term -> its inverse document frequency as in BM25.

        That is ln(1 + (N - n + 1/2) / (n + 1/2)) where n of N passages hold the term.
        """
        total = self.count
        counts = {term: self.searcher.doc_freq("terms", term) for term in question_terms}
        return {term: math.log(1 + (total - n + 0.5) / (n + 0.5)) for term, n in counts.items()}


def build(folder: Path, passages: Iterable[tuple[int, str]]) -> None:
    """Write an index of (id, text) pairs below an empty folder.

    Raises OSError or ValueError when it cannot.

    One thread and ids in order: so documents of equal score come back by id, run after run.
    """
    import tantivy

    index = tantivy.Index(_schema(), path=str(folder))
    writer = index.writer(_HEAP, num_threads=1)
    for id_, text in passages:
        document = tantivy.Document()
        document.add_unsigned("id", id_)
        document.add_text("terms", " ".join(terms(text)))
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def load(folder: Path) -> LexicalIndex:
    """Open an index whose files have passed their checksums."""
    import tantivy

    index = tantivy.Index.open(str(folder))
    index.reload()
    return LexicalIndex(index, index.searcher())


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", stored=True)
    builder.add_text_field("terms", stored=False, tokenizer_name=_TOKENIZER, index_option="freq")
    return builder.build()
