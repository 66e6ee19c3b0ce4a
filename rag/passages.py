"""Any place in a document as a citation, without a question that found it."""

from typing import TYPE_CHECKING

from rag.errors import NotThere
from rag.types import Citation, Evidence, Source

if TYPE_CHECKING:
    from index.library import Library

# Far longer than any quotation; what is longer is a document, to be opened.
MAX_PLACE = 20_000
# A quotation of fewer characters proves nothing by standing somewhere.
TELLING = 8


def citation_of(library: "Library", source: str, start: int, end: int) -> Citation:
    """Return the citation of characters of a document's raw text, without the noise at its ends.

    Raises NotThere if there are none, or they hold nothing that is shown.
    """
    from index.types import Span
    from rag.cite import cite

    document, clean = library.document(source), library.clean_text(source)
    if document is None or clean is None:
        raise NotThere(f"there is no document {source[:200]!r}: `yinzheng list` names them")
    if not 0 <= start < end <= len(document.raw) or end - start > MAX_PLACE:
        raise NotThere(
            f"{source} has no text at {start}-{end}: it has {len(document.raw)} characters, "
            f"at most {MAX_PLACE} are cited at once"
        )
    first = int(clean.starts.searchsorted(start))
    last = int(clean.ends.searchsorted(end, side="right"))
    around = [p for p in library.passages_of(source) if p.span.start < last and first < p.span.end]
    if first >= last or not around:
        raise NotThere(f"{source} has no text at {start}-{end}: choose a longer passage")
    evidence = Evidence(1, around[0], library.metadata(source), 0.0)
    also = tuple(copy.document for copy in library.passage_copies(around[0]))
    others = tuple(one for one in also if one != source)
    return cite(1, Span(first, last), evidence, Source(document, clean), others)
