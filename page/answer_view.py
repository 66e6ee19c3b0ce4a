"""An Answer -> HTML: its text with chips that name citations, what supports it, what is doubtful.

What a reader may do is a link whose address says it (`?do=cite&…`), as gradio lets no other
attribute through; page.js takes such links up.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal
from urllib.parse import urlencode

from index.script import to_simplified, to_traditional
from index.types import Span
from page.text import escaped, in_language, link
from rag.problems import worded
from rag.types import Answer, Citation, Claim, Evidence, Language, Status
from rag.understand import language_of

Display = Literal["original", "zh", "zh-Hant"]
Chips = Literal["document", "below"]

# Chinese is written here in Simplified, and shown in the script of the answer.
_LABELS = {
    "supported": ("{} 句中 {} 句有出处支持", "{1} of {0} sentences borne out by what they cite"),
    "partly": ("部分有据", "Partly borne out"),
    "unsupported": ("查无依据", "Not borne out"),
    "doubts": ("还有 {} 句未完全得到支持", "{} more not wholly borne out"),
    "sources": ("出处", "Sources"),
    "read": ("读过的 {} 段，为何找到", "{} passages read, and why they were found"),
    "dense": ("意思 {:.2f}", "meaning {:.2f}"),
    "lexical": ("词语 {:.1f}", "words {:.1f}"),
    "late": ("逐词 {:.2f}", "token by token {:.2f}"),
    "place": ("第 {}–{} 字", "characters {}–{}"),
    "page": ("第{0}页", "page {0}"),
    "also": ("另见于{0}", "also in {0}"),
    "choices": ("还可以更具体地问", "To ask for less"),
    "next": ("接着可以问", "To ask next"),
    "related": ("资料库中最接近的文件，不是依据", "Nearest in the library, not evidence"),
    "extractive": ("直接摘引原文", "quoted from the documents"),
    "copy": ("复制", "Copy"),
    "copy_sources": ("复制并附出处", "Copy with sources"),
    "collect": ("放入报告", "Add to report"),
    "share": ("分享此答", "Share this answer"),
    "retry": ("重新回答", "Ask again"),
    "edit": ("修改提问", "Edit question"),
    "open": ("看原文", "Open the document"),
    "cite": ("引用格式", "Cite"),
    "chip": ("出处 {0}：{1}", "source {0}: {1}"),
    "doubted": ("（{0}）", " ({0})"),
}
_MARK = re.compile(r"\[(\d{1,3})\]")
_SHOWN_DOUBTS = 5  # of a long answer; else nobody finds its sources below them
_STOPS = " \n。！？!?.．；;…"
_CONVERTERS = {"zh": to_simplified, "zh-Hant": to_traditional}


@dataclass(frozen=True, slots=True)
class View:
    """How an answer is shown: `key` is unique on the page and names the place of its parts.

    Chips lead to the document, or to the quotations below for readers without the documents.
    Without the chat that it stands in, nothing is offered to be done with it.
    """

    key: str
    display: Display = "original"
    chips: Chips = "document"
    chat: str = ""
    number: int = 0  # of the exchange in the chat


def document_address(source: str, span: Span) -> str:
    """Return the address, relative to the page, of a place in a document."""
    place = {"id": source, "start": span.start, "end": span.end}
    return f"document?{urlencode(place)}#quote"


def answer_html(answer: Answer, view: View, suggestions: Iterable[str] = ()) -> str:
    """Return an answer with all that supports it."""
    language = answer.language
    parts = [
        f'<div class="yz-text">{_text(answer, view)}</div>',
        *(f'<div class="yz-quiet">{_shown(note, view.display)}</div>' for note in answer.notes),
        f'<div class="yz-quiet yz-summary">{_summary(answer)}</div>',
        *_doubts(answer, view),
        *_conflicts(answer, view),
        *_questions("choices", answer.choices, language),
        *_titles(answer),
        *_actions(view, language),
        *_sources(answer, view),
        *_read(answer, view),
        *_questions("next", suggestions, language),
    ]
    return f'<div class="yz-answer" lang="{language}">{"".join(parts)}</div>'


def action(name: str, label: str, **values: object) -> str:
    """Return a link whose address says what page.js is to do: ?do=NAME with values."""
    address = escaped(f"?{urlencode({'do': name, **values})}")
    return f'<a class="yz-action" role="button" href="{address}">{escaped(label)}</a>'


def _label(name: str, language: Language) -> str:
    return in_language(_LABELS, name, language)


def _shown(text: str, display: Display) -> str:
    """Return text of ours as HTML, in the script that the reader wants; quotations stay."""
    convert = _CONVERTERS.get(display)
    return escaped(convert(text) if convert and language_of(text) != "en" else text)


def _text(answer: Answer, view: View) -> str:
    """Underline what is not borne out, and let marks lead to their citations."""
    return "".join(
        _with_status(marked(text, answer.citations, view, answer.language), status, answer.language)
        for text, status in _stretches(answer)
    )


def _with_status(html: str, status: Status, language: Language) -> str:
    if status is Status.SUPPORTED:
        return f"<span>{html}</span>"
    told = _label("doubted", language).format(_label(status.value, language))
    return f'<span class="yz-{status}">{html}<span class="yz-hidden">{told}</span></span>'


def _stretches(answer: Answer) -> Iterator[tuple[str, Status]]:
    """Split an answer's text into claims, each with its status, and what lies between them."""
    position = 0
    for claim in answer.claims:
        body = claim.text.strip(_STOPS)  # in the answer, the marks stand before the stop
        start = answer.text.find(body, position)
        if not body or start < 0:
            continue
        yield answer.text[position:start], Status.SUPPORTED
        yield body, claim.status
        position = start + len(body)
    yield answer.text[position:], Status.SUPPORTED


def marked(text: str, citations: Iterable[Citation], view: View, language: Language) -> str:
    """Return text whose marks are chips; a number that is no citation's stays text."""
    known = {citation.n: citation for citation in citations}
    parts, position = [], 0
    for match in _MARK.finditer(text):
        if citation := known.get(int(match[1])):
            before = _shown(text[position : match.start()], view.display)
            parts += [before, _chip(citation, view, language)]
            position = match.end()
    return "".join([*parts, _shown(text[position:], view.display)])


def _chip(citation: Citation, view: View, language: Language) -> str:
    below = f"#{view.key}-{citation.n}"
    place = document_address(citation.source, Span(citation.start, citation.end))
    address = below if view.chips == "below" else place
    told = _label("chip", language).format(citation.n, citation.title)
    return (
        f'<a class="yz-mark" href="{escaped(address)}">{escaped(f"[{citation.n}]")}'
        f'<span class="yz-hidden">{escaped(told)}</span></a>'
    )


def _summary(answer: Answer) -> str:
    parts = []
    if answer.claims:
        supported = sum(claim.status is Status.SUPPORTED for claim in answer.claims)
        parts.append(_label("supported", answer.language).format(len(answer.claims), supported))
    if answer.llm != "extractive":
        parts.append(escaped(answer.llm))
    elif not answer.refused:
        parts.append(_label("extractive", answer.language))
    return " · ".join([*parts, f"{answer.timing.total / 1000:.1f} s"])


def _doubts(answer: Answer, view: View) -> Iterator[str]:
    """Yield what is wrong with claims, folded away but for the first few."""
    doubted = [claim for claim in answer.claims if claim.status is not Status.SUPPORTED]
    said = [_doubt(claim, answer.language, view) for claim in doubted]
    yield from said[:_SHOWN_DOUBTS]
    if more := said[_SHOWN_DOUBTS:]:
        label = _label("doubts", answer.language).format(len(more))
        items = "".join(more)
        yield f'<details class="yz-read"><summary>{label}</summary>{items}</details>'


def _doubt(claim: Claim, language: Language, view: View) -> str:
    label = f"<b>{_label(claim.status.value, language)}</b>"
    problems = (_shown(worded(problem, language), view.display) for problem in claim.problems)
    quoted = _shown(claim.text.strip(), view.display)
    lines = "<br>".join([f"{label} “{quoted}”", *problems])
    return f'<div class="yz-quiet yz-doubt">{lines}</div>'


def _conflicts(answer: Answer, view: View) -> Iterator[str]:
    for conflict in answer.conflicts:
        text = marked(conflict.text, answer.citations, view, answer.language)
        yield f'<div class="yz-quiet yz-doubt">{text}</div>'


def _titles(answer: Answer) -> Iterator[str]:
    if answer.related:
        items = (f'<li lang="{language_of(one)}">{escaped(one)}</li>' for one in answer.related)
        yield _list("related", items, answer.language)


def _questions(label: str, questions: Iterable[str], language: Language) -> Iterator[str]:
    items = [
        f'<li lang="{language_of(one)}">{action("ask", one, question=one)}</li>'
        for one in questions
    ]
    if items:
        yield _list(label, items, language)


def _list(label: str, items: Iterable[str], language: Language) -> str:
    lines = "".join(items)
    return f'<div class="yz-quiet"><b>{_label(label, language)}</b><ul>{lines}</ul></div>'


def _sources(answer: Answer, view: View) -> Iterator[str]:
    if answer.citations:
        yield f'<div class="yz-sources"><b>{_label("sources", answer.language)}</b></div>'
    for citation in answer.citations:
        yield _source(citation, view, answer.language)


def _source(citation: Citation, view: View, language: Language) -> str:
    about = (citation.publisher, citation.date, citation.heading)
    place = _label("place", language).format(citation.start, citation.end)
    page = _label("page", language).format(citation.page) if citation.page else ""
    also = _label("also", language).format("、".join(citation.also)) if citation.also else ""
    where = (escaped(citation.source), page, place, link(citation.url), escaped(also))
    return (
        f'<div class="yz-source" id="{view.key}-{citation.n}" '
        f'lang="{language_of(citation.text)}">'
        f"<div><b>&#91;{citation.n}&#93;</b> {escaped(citation.title)}</div>"
        f'<div class="yz-quiet">{" · ".join(escaped(part) for part in about if part)}</div>'
        f"<blockquote>{escaped(citation.text)}</blockquote>"
        f'<div class="yz-quiet">{" · ".join(part for part in where if part)}</div>'
        f"{_source_actions(citation, view, language)}</div>"
    )


def _source_actions(citation: Citation, view: View, language: Language) -> str:
    span = Span(citation.start, citation.end)
    return _place_actions(citation.source, span, language) if view.chat else ""


def _place_actions(source: str, span: Span, language: Language) -> str:
    """Return what may be done with a place in a document."""
    opened = open_link(source, span, language)
    place = {"id": source, "start": span.start, "end": span.end}
    does = [action(name, _label(name, language), **place) for name in ("cite", "collect")]
    return f'<div class="yz-actions">{" ".join([opened, *does])}</div>'


def open_link(source: str, span: Span, language: Language) -> str:
    """Return a link that opens a document beside the page at a place."""
    address, label = escaped(document_address(source, span)), _label("open", language)
    return f'<a class="yz-open yz-mark" href="{address}">{label}</a>'


def _actions(view: View, language: Language) -> Iterator[str]:
    """Yield what may be done with the whole answer."""
    if view.chat:
        names = ("copy", "copy_sources", "collect", "share", "retry", "edit")
        about = {"chat": view.chat, "n": view.number}
        does = " ".join(action(name, _label(name, language), **about) for name in names)
        yield f'<div class="yz-actions">{does}</div>'


def _read(answer: Answer, view: View) -> Iterator[str]:
    """Yield, folded away, what was read for an answer, and why it was found."""
    if answer.evidence and not answer.refused:
        label = _label("read", answer.language).format(len(answer.evidence))
        items = "".join(_passage(one, view, answer.language) for one in answer.evidence)
        yield f'<details class="yz-read"><summary>{label}</summary>{items}</details>'


def _passage(evidence: Evidence, view: View, language: Language) -> str:
    passage, known = evidence.passage, asdict(evidence.scores)
    title = " › ".join(part for part in (evidence.metadata.title, *passage.heading) if part)
    why = [
        _label(name, language).format(score) for name, score in known.items() if score is not None
    ]
    return (
        f'<div class="yz-source" lang="{language_of(passage.text)}"><div>{escaped(title)}</div>'
        f'<div class="yz-quiet">{" · ".join(why)}</div>'
        f"<blockquote>{_highlighted(passage.text, evidence.matched)}</blockquote>"
        f"{_place_actions(passage.document, passage.raw_span, language) if view.chat else ''}</div>"
    )


def _highlighted(text: str, spans: Iterable[Span]) -> str:
    """Mark the words that matched; spans come in order and do not overlap."""
    parts, position = [], 0
    for span in spans:
        before, word = escaped(text[position : span.start]), escaped(span.of(text))
        parts += [before, f"<mark>{word}</mark>"]
        position = span.end
    return "".join([*parts, escaped(text[position:])])
