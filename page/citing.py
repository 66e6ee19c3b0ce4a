"""A place in a document, or an answer, as something to copy, to cite and to put into a report."""

from collections.abc import Iterator
from datetime import UTC, datetime

from index.library import Library
from page.text import escaped, in_language
from rag.collected import Item
from rag.conversations import Exchange
from rag.types import Answer, Citation, Language
from rag.understand import language_of

_LABELS = {
    "quotation": ("引文", "Quotation"),
    "gb7714-numeric": ("GB/T 7714 顺序编码制", "GB/T 7714, numeric"),
    "gb7714-author-year": ("GB/T 7714 著者–出版年制", "GB/T 7714, author–year"),
    "apa": ("APA", "APA"),
    "bibtex": ("BibTeX", "BibTeX"),
    "csl": ("CSL-JSON", "CSL-JSON"),
    "copy": ("复制", "Copy"),
    "place": ("第 {}–{} 字", "characters {}–{}"),
}


def item_of(answer: Answer) -> Item:
    """Return an answer as an item of a report."""
    return Item(
        answer.question,
        answer.text,
        answer.language,
        answer.citations,
        answer.claims,
        answer.notes,
        answer.llm,
        _now(),
    )


def passage_item(citation: Citation) -> Item:
    """Return one citation as an item of a report."""
    return Item("", "", language_of(citation.text), (citation,), added=_now())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def plain_text(exchange: Exchange, sources: bool) -> str:
    """Return question and answer to be copied, with the sources or without marks."""
    answer = exchange.answer
    if answer is None:
        return exchange.line
    if not sources:
        return _without_marks(answer)
    return "\n".join([answer.text, "", *map(_source_line, answer.citations)])


def _without_marks(answer: Answer) -> str:
    text = answer.text
    for citation in answer.citations:
        text = text.replace(f"[{citation.n}]", "")
    return text


def _source_line(citation: Citation) -> str:
    about = "，".join(filter(None, (citation.title, citation.publisher, citation.date)))
    place = f"{citation.source}, {citation.start}–{citation.end}"
    return "\n".join(
        [f"[{citation.n}] {about}", f"    “{citation.text}”", f"    {citation.url or place}"]
    )


def cite_html(citation: Citation, library: Library, language: Language) -> str:
    """Return a quotation and its references in every style, each to be copied."""
    rows = "".join(
        f"<section><h3>{escaped(in_language(_LABELS, name, language))}</h3>"
        f'<pre class="yz-copied">{escaped(text)}</pre>'
        f'<button type="button" class="yz-copy">{in_language(_LABELS, "copy", language)}</button>'
        "</section>"
        for name, text in _forms(citation, library)
    )
    return f'<div class="yz-cite" lang="{language_of(citation.text)}">{rows}</div>'


def _forms(citation: Citation, library: Library) -> Iterator[tuple[str, str]]:
    from rag.export.shown import quoted
    from rag.references import REFERENCE_STYLES, Source, bibtex, csl_json, references

    source = Source(citation.source, library.metadata(citation.source), _now()[:10])
    yield "quotation", quoted(citation.text)
    for style in REFERENCE_STYLES:
        yield style, references([source], style)[0].text
    yield "bibtex", bibtex([source])
    yield "csl", csl_json([source])
