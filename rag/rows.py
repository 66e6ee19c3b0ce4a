"""What answers and hits look like as the contract writes them (DESIGN section 4)."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from index.library import Library
from index.types import Hit
from index.why import matched_terms
from rag.types import Answer, Citation


def answer_row(id_: object, answer: Answer) -> dict[str, Any]:
    """Return an answer as the contract writes it, and what else there is to say of it."""
    from rag.report import claim_row  # it checks answers too, and what that takes loads slowly

    further = {
        "cut": answer.cut,
        "notes": answer.notes,
        "conflicts": [asdict(conflict) for conflict in answer.conflicts],
        "choices": answer.choices,
        "related": answer.related,
    }
    return {
        "id": id_,
        "question": answer.question,
        "language": answer.language,
        "answer": answer.text,
        "refused": answer.refused,
        "llm": answer.llm,
        "citations": [citation_row(citation) for citation in answer.citations],
        "claims": [claim_row(claim) for claim in answer.claims],
        "timing_ms": asdict(answer.timing),
        **{name: value for name, value in further.items() if value},
    }


def citation_row(citation: Citation) -> dict[str, Any]:
    """Return a citation as the contract writes it; `page` and `also` only where there are such."""
    row = asdict(citation)
    return {name: value for name, value in row.items() if value or name not in ("page", "also")}


def explained_rows(library: Library, question: str, hits: Iterable[Hit]) -> list[dict[str, Any]]:
    """Return hits as the contract writes them, each with the words that matched."""
    groups = library.query(question).groups
    return [
        hit_row(library, hit) | {"matched": list(matched_terms(groups, hit.passage.text))}
        for hit in hits
    ]


def hit_row(library: Library, hit: Hit) -> dict[str, Any]:
    """Return a hit as the contract writes it."""
    passage = hit.passage
    return {
        "source": passage.document,
        "title": library.metadata(passage.document).title,
        "start": passage.raw_span.start,
        "end": passage.raw_span.end,
        "text": passage.text,
        "score": round(hit.score, 6),
        "scores": {
            "dense": _rounded(hit.scores.dense),
            "lexical": _rounded(hit.scores.lexical),
            "late": _rounded(hit.scores.late),
        },
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
