"""A report -> one syntax tree for all formats; nothing in it is read as markup again.

A mark [n] becomes a footnote: the reference, in full where a document is first cited, the
quotation, and its place. Quotation and place have character styles, by which they are read back.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from index.types import Metadata
from rag.collected import Item
from rag.export import pandoc
from rag.export.labels import label
from rag.export.pandoc import Node
from rag.export.record import record
from rag.export.shown import place_text, quoted, shown
from rag.export.types import Format, Report
from rag.references import Reference, Source, language_tag, references
from rag.types import Citation, Claim, Language, Status

QUOTE, PLACE, DOUBT, SMALL = "Yinzheng Quote", "Yinzheng Place", "Yinzheng Doubt", "Yinzheng Small"
ENTRY = "Bibliography"
RECORD = "yinzheng-record"  # class and id of the record
_MARK = re.compile(r"\[(\d{1,3})\]")
_STOPS = " \n。！？!?.．；;…"


@dataclass(slots=True)
class _Notes:
    """What the notes need to know, and what was cited so far."""

    report: Report
    format: Format
    references: dict[str, Reference]
    cited: set[str] = field(default_factory=set)  # documents
    quoted: set[tuple[str, int, int]] = field(default_factory=set)


def compose(report: Report, format_: Format) -> Node:
    """Return the tree of a report. Raises ExportError."""
    listed = references(sources(report), report.style)
    notes = _Notes(report, format_, {one.source: one for one in listed})
    blocks = [block for item in report.items for block in _in_its_language(item, notes)]
    if listed:
        blocks += [*_list(listed, report.language)]
    blocks += [_small(label("check", report.language))]
    if format_ in ("md", "html"):
        blocks += [*_record(report, format_)]
    title = shown(report.title) or label("title", report.language)
    meta = {"title": pandoc.meta_text(title), "lang": pandoc.meta_text(_tag(report.language))}
    return pandoc.document(blocks, meta)


def sources(report: Report) -> list[Source]:
    """Return the documents of a report in the order in which they are first cited."""
    unique: dict[str, Citation] = {}
    for citation in _cited(report):
        unique.setdefault(citation.source, citation)
    return [Source(id_, _known(report, one), report.accessed) for id_, one in unique.items()]


def _cited(report: Report) -> list[Citation]:
    """Return the citations in the order in which the text cites them, then those it does not."""
    found: list[Citation] = []
    for item in report.items:
        numbers = [int(match[1]) for match in _MARK.finditer(item.text)]
        order = {n: place for place, n in reversed(list(enumerate(numbers)))}
        found += sorted(item.citations, key=lambda one: order.get(one.n, len(numbers)))
    return found


def _known(report: Report, citation: Citation) -> Metadata:
    own = Metadata(citation.title, citation.publisher, "", citation.date, url=citation.url)
    return report.documents.get(citation.source, own)


def _tag(language: Language) -> str:
    return {"zh": "zh-CN", "zh-Hant": "zh-TW", "en": "en-US"}[language]


# --- items


def _in_its_language(item: Item, notes: _Notes) -> list[Node]:
    """Return an item's blocks; a browser is told their language, by which it picks glyphs."""
    blocks = list(_item(item, notes))
    if notes.format != "html":
        return blocks
    return [{"t": "Div", "c": [["", [], [("lang", _tag(item.language))]], blocks]}]


def _item(item: Item, notes: _Notes) -> Iterator[Node]:
    if not item.question and not item.text:
        for citation in item.citations:
            yield _passage(citation, notes)
        return
    if item.question:
        yield pandoc.header(1, pandoc.text(shown(item.question)))
    yield from _paragraphs(item, notes)
    marks = {int(match[1]) for match in _MARK.finditer(item.text)}
    for citation in item.citations:
        if citation.n not in marks:  # what is on record is to be seen too
            yield _passage(citation, notes)
    language = notes.report.language
    for remark in item.notes:
        yield _small(_named(remark, item, language))
    if item.llm and item.citations:
        name = "quoted" if item.llm == "extractive" else "written"
        yield _small(label(name, language).format(shown(item.llm)))


def _named(remark: str, item: Item, language: Language) -> str:
    """Return a remark with titles in place of marks, which are footnotes now."""
    titles = {str(citation.n): citation.title or citation.source for citation in item.citations}
    form = "“{}”" if language == "en" else "《{}》"
    return _MARK.sub(
        lambda match: form.format(titles[match[1]]) if match[1] in titles else match[0], remark
    )


def _small(text: str) -> Node:
    return pandoc.div(SMALL, pandoc.para(pandoc.text(shown(text))))


def _passage(citation: Citation, notes: _Notes) -> Node:
    """Return a passage that was collected by itself: what is quoted stands in the text."""
    quote = _quote(citation, notes.format)
    return pandoc.block_quote(pandoc.para([quote, _note(citation, notes, is_quoted=True)]))


def _paragraphs(item: Item, notes: _Notes) -> Iterator[Node]:
    """Yield the lines of an answer, marks made notes, doubts behind the claims they are of."""
    known = {citation.n: citation for citation in item.citations}
    pieces = [
        node for text, claim in _stretches(item) for node in _stretch(text, claim, known, notes)
    ]
    line: list[Node] = []
    for node in [*pieces, _BREAK]:
        if node is not _BREAK:
            line.append(node)
        elif line:
            yield pandoc.para(line)
            line = []


_BREAK: Node = {"t": "LineBreak"}


def _stretch(
    text: str, doubtful: Claim | None, known: dict[int, Citation], notes: _Notes
) -> Iterator[Node]:
    for number, line in enumerate(text.split("\n")):
        if number:
            yield _BREAK
        yield from _marked(line, known, notes)
    if doubtful:
        yield pandoc.span(DOUBT, pandoc.text(f" {_doubt(doubtful, notes.report)}"))


def _doubt(claim: Claim, report: Report) -> str:
    language = report.language
    problems = [shown(report.worded(problem, language)) for problem in claim.problems]
    joined = ("; " if language == "en" else "；").join(problems)
    said = (": " if language == "en" else "：").join(
        part for part in (label(claim.status.value, language), joined) if part
    )
    return f"[{said}]" if language == "en" else f"〔{said}〕"


def _stretches(item: Item) -> Iterator[tuple[str, Claim | None]]:
    """Split an answer into stretches, each with the claim that ends there if it is doubtful."""
    position = 0
    for claim in item.claims:
        body = claim.text.strip(_STOPS)  # in the answer, the marks stand before the stop
        start = item.text.find(body, position) if body else -1
        if start < 0:
            continue
        end = _behind(item.text, start + len(body))
        yield item.text[position:end], None if claim.status is Status.SUPPORTED else claim
        position = end
    yield item.text[position:], None


def _behind(text: str, end: int) -> int:
    """Return where the marks and stops end that stand behind a claim."""
    while match := _MARK.match(text, end):
        end = match.end()
    while end < len(text) and text[end] in "。！？!?.．；;…":
        end += 1
    return end


def _marked(text: str, known: dict[int, Citation], notes: _Notes) -> Iterator[Node]:
    position, after_note = 0, -1
    for match in _MARK.finditer(text):
        citation = known.get(int(match[1]))
        if citation is None:
            continue
        yield from pandoc.text(_spaced(text[position : match.start()]))
        if after_note == match.start() and notes.format != "md":
            yield pandoc.superscript([{"t": "Str", "c": ","}])
        yield _note(citation, notes)
        position = after_note = match.end()
    yield from pandoc.text(_spaced(text[position:]))


def _spaced(text: str) -> str:
    """Return a stretch as it is shown, with a space at its ends where it has one."""
    inner = shown(text)
    if not inner:
        return " " if text.strip(" ") != text else ""
    return " " * text[:1].isspace() + inner + " " * text[-1:].isspace()


# --- notes


def _quote(citation: Citation, format_: Format) -> Node:
    values = {
        "data-source": shown(citation.source),
        "data-start": str(citation.start),
        "data-end": str(citation.end),
        "data-sha256": shown(citation.sha256),
    }
    if format_ == "html":
        values["lang"] = language_tag(citation.text)
    return pandoc.span(QUOTE, pandoc.text(quoted(citation.text)), values)


def _note(citation: Citation, notes: _Notes, is_quoted: bool = False) -> Node:
    """Return the note of a citation; what it has quoted once it does not quote again."""
    key = (citation.source, citation.start, citation.end)
    quote = [] if is_quoted or key in notes.quoted else [_quote(citation, notes.format)]
    place = pandoc.span(PLACE, pandoc.text(place_text(citation, notes.report.language)))
    parts = [_reference(citation, notes), quote, [place]]
    if not is_quoted:
        notes.quoted.add(key)
    notes.cited.add(citation.source)
    if notes.format == "md":
        return pandoc.note(*(pandoc.para(part) for part in parts if part))
    inlines: list[Node] = []
    for part in parts:
        inlines += [{"t": "Space"}, *part] if inlines and part else part
    return pandoc.note(pandoc.para(inlines))


def _reference(citation: Citation, notes: _Notes) -> list[Node]:
    found = notes.references[citation.source]
    if citation.source in notes.cited:
        return list(found.label)
    number = [*found.label, {"t": "Space"}] if found.number else []
    return [*number, *found.entry]


# --- the end


def _list(listed: Sequence[Reference], language: Language) -> Iterator[Node]:
    yield pandoc.header(1, pandoc.text(label("references", language)))
    for one in listed:
        number = [*one.label, {"t": "Space"}] if one.number else []
        yield pandoc.div(ENTRY, pandoc.para([*number, *one.entry]))


def _record(report: Report, format_: Format) -> Iterator[Node]:
    if format_ == "md":
        yield pandoc.header(1, pandoc.text(label("record", report.language)))
        yield pandoc.code_block(record(report), RECORD)
    else:
        yield pandoc.code_block(record(report), RECORD, id=RECORD, hidden="hidden")
