"""Documents -> references: CSL-JSON, BibTeX, and GB/T 7714-2015 or APA through CSL styles.

pandoc's citeproc formats; it is given its text as a syntax tree, so that no title is markup. One
run formats all the documents of one language.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import urlsplit

from index.script import script_of
from index.types import Metadata
from rag.export import pandoc
from rag.export.pandoc import STYLES, Node
from rag.export.shown import quoted, shown
from rag.export.types import Style
from rag.types import Citation

REFERENCE_STYLES: tuple[Style, ...] = get_args(Style)
_FILES: dict[Style, str] = {
    "gb7714-numeric": "china-national-standard-gb-t-7714-2015-numeric.csl",
    "gb7714-author-year": "china-national-standard-gb-t-7714-2015-author-date.csl",
    "apa": "apa.csl",
}
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")
_LONGEST = 2000  # characters of a field: what is longer is no title, and no name
# Several bodies that issued a document together; those of a name in English have commas.
_BODIES = re.compile("[、;；]")


@dataclass(frozen=True, slots=True)
class Source:
    """A document to be referred to, and the ISO 8601 day on which it was read."""

    id: str
    metadata: Metadata
    accessed: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A document in a style: `entry` for the list, `label` for the text, such as [1] or (…, 2024).

    Both are inlines of pandoc's syntax tree; `number` is 0 in a style without numbers.
    """

    source: str
    entry: tuple[Node, ...]
    label: tuple[Node, ...]
    number: int = 0

    @property
    def text(self) -> str:
        """The entry as plain text, without its number."""
        return pandoc.plain(self.entry)


# --- CSL-JSON


def csl_items(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Return the documents as CSL-JSON items."""
    return [_item(source) for source in sources]


def csl_json(sources: Sequence[Source]) -> str:
    """Return the documents as a CSL-JSON file."""
    return json.dumps(csl_items(sources), ensure_ascii=False, indent=2) + "\n"


def _item(source: Source, style: Style | None = None) -> dict[str, Any]:
    known = source.metadata
    url = web_address(known.url)
    author, publisher = known.issuer or known.publisher, known.publisher
    fields: dict[str, Any] = {
        "id": _field(source.id),
        "type": _kind(known, url, style),
        "title": _field(known.title) or _field(source.id),
        "language": language_of(known),
        "author": [{"literal": name} for name in _names(author)],
        "number": _field(known.document_number),
        "issued": _date(known.date) or _date(known.issued),
        "accessed": _date(source.accessed) if url else None,
        "URL": url,
        # Who put it online, if it is not who issued it.
        "container-title" if url else "publisher": _field(publisher * (publisher != author)),
    }
    return {name: value for name, value in fields.items() if value}


def _kind(known: Metadata, url: str, style: Style | None) -> str:
    """Return the CSL type: what is online is [EB/OL], what a body issued otherwise is [A].

    APA writes statutes in a form that fits American ones alone; "report" suits it better.
    """
    if url:
        return "webpage"
    if known.document_number or known.issuer:
        return "report" if style in (None, "apa") else "regulation"
    return "document"


def language_of(known: Metadata) -> str:
    """Return the language that a document's title is written in: zh-CN, zh-TW or en-US."""
    return language_tag(known.title)


def language_tag(text: str) -> str:
    """Return the language of a text: zh-CN, zh-TW or en-US."""
    if not _HAN.search(text):
        return "en-US"
    return "zh-TW" if script_of(text) == "hant" else "zh-CN"


def web_address(url: str) -> str:
    """Return a web address, "" for anything else that stands where one should."""
    address = shown(url)
    try:
        parts = urlsplit(address)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return ""
    return address if is_web and len(address) <= _LONGEST and " " not in address else ""


def _field(value: str) -> str:
    return shown(value)[:_LONGEST]


def _names(author: str) -> list[str]:
    return [name for part in _BODIES.split(_field(author)) if (name := part.strip())]


def _date(day: str) -> dict[str, Any] | None:
    match = _DATE.fullmatch(day.strip())
    return {"date-parts": [[int(part) for part in match.groups() if part]]} if match else None


# --- formatted


def references(sources: Sequence[Source], style: Style) -> list[Reference]:
    """Return the documents in the order of the style's list; `sources` come as first cited.

    Raises ExportError.
    """
    unique = list({source.id: source for source in sources}.values())
    keys = {source.id: f"s{i}" for i, source in enumerate(unique)}
    formatted: dict[str, Reference] = {}
    for lang, some in _runs(unique, style).items():
        formatted |= _formatted({keys[one.id]: one for one in some}, style, lang)
    if style == "gb7714-numeric":
        return [_numbered(formatted[one.id], i) for i, one in enumerate(unique, start=1)]
    return _sorted(list(formatted.values()), unique)


def _runs(sources: Sequence[Source], style: Style) -> dict[str, list[Source]]:
    """Group documents by the language of 等 and et al.: GB/T 7714 asks for the document's own.

    APA is a style of English texts, so that its dates and words are English.
    """
    runs: dict[str, list[Source]] = {}
    for source in sources:
        own = "en-US" if language_of(source.metadata) == "en-US" else "zh-CN"
        runs.setdefault("en-US" if style == "apa" else own, []).append(source)
    return dict(sorted(runs.items(), reverse=True))  # Chinese first


def _formatted(keyed: Mapping[str, Source], style: Style, lang: str) -> dict[str, Reference]:
    """Return source -> reference, in the order of the style's list."""
    items = [_meta_map({**_item(source, style), "id": key}) for key, source in keyed.items()]
    meta = {"references": {"t": "MetaList", "c": items}, "lang": pandoc.meta_text(lang)}
    tree = pandoc.document([pandoc.para([_cite(key)]) for key in keyed], meta)
    done = pandoc.read_tree(tree, "--citeproc", f"--csl={STYLES / _FILES[style]}")
    *cited, listed = done["blocks"]
    labels = {key: _label(block) for key, block in zip(keyed, cited, strict=True)}
    return {
        keyed[key].id: Reference(keyed[key].id, _entry(block), labels[key])
        for block in listed["c"][1]
        if (key := str(block["c"][0][0]).removeprefix("ref-")) in keyed
    }


def _cite(key: str) -> Node:
    citation = {
        "citationId": key,
        "citationPrefix": [],
        "citationSuffix": [],
        "citationMode": {"t": "NormalCitation"},
        "citationNoteNum": 0,
        "citationHash": 0,
    }
    return {"t": "Cite", "c": [[citation], []]}


def _label(block: Node) -> tuple[Node, ...]:
    """Return what citeproc put in the text, raised or not, without a link to the list."""
    inlines: list[Node] = block["c"][0]["c"][1]
    return tuple(pandoc.text(pandoc.plain(inlines)))


def _entry(block: Node) -> tuple[Node, ...]:
    """Return the inlines of an entry without its number, which is ours to give."""
    inlines: list[Node] = block["c"][1][0]["c"]
    for node in inlines:
        if node["t"] == "Span" and "csl-right-inline" in node["c"][0][1]:
            inlines = node["c"][1]
    return tuple(inner for node in inlines for inner in _upright(node))


def _upright(node: Node) -> list[Node]:
    """Return an inline without emphasis if it is Chinese, which has no italics."""
    if node["t"] == "Emph" and _HAN.search(pandoc.plain(node["c"])):
        inner: list[Node] = node["c"]
        return inner
    return [node]


def _numbered(reference: Reference, number: int) -> Reference:
    label = tuple(pandoc.text(f"[{number}]"))
    return Reference(reference.source, reference.entry, label, number)


def _sorted(found: Sequence[Reference], sources: Sequence[Source]) -> list[Reference]:
    """Put Chinese entries first, by the pinyin of author, year and title, as GB/T 7714 has it.

    The letters that the style gives to years of one author sort as they should.
    """
    from pypinyin import lazy_pinyin

    english = {one.id for one in sources if language_of(one.metadata) == "en-US"}

    def key(reference: Reference) -> tuple[bool, str]:
        return reference.source in english, "".join(lazy_pinyin(reference.text)).lower()

    return sorted(found, key=key)


def _meta_map(item: Mapping[str, Any]) -> Node:
    return {"t": "MetaMap", "c": {name: _meta(name, value) for name, value in item.items()}}


def _meta(name: str, value: Any) -> Node:
    """Return a field of a CSL-JSON item as pandoc's metadata, text as mere text."""
    if isinstance(value, list):
        return {"t": "MetaList", "c": [_meta_map(one) for one in value]}
    if isinstance(value, dict):  # a date
        parts = "-".join(f"{part:02}" for part in value["date-parts"][0])
        return pandoc.meta_text(parts)
    if name in ("title", "literal", "container-title", "publisher"):
        # Whatever a style says of capitals: names of bodies and documents stay as they are.
        span = {"t": "Span", "c": [["", ["nocase"], []], pandoc.text(value)]}
        return {"t": "MetaInlines", "c": [span]}
    return {"t": "MetaInlines", "c": [{"t": "Str", "c": value}]}


def bibtex(sources: Sequence[Source]) -> str:
    """Return the documents as a BibTeX file in UTF-8. Raises ExportError."""
    unique = {source.id: source for source in sources}.values()
    items = [_bibtex_map(source, number) for number, source in enumerate(unique, start=1)]
    meta = {"references": {"t": "MetaList", "c": items}}
    nocite = [pandoc.para([_cite(f"yinzheng{i}") for i in range(1, len(items) + 1)])]
    return pandoc.run_pandoc(pandoc.document(nocite, meta), "--to=bibtex", "--wrap=none").decode()


def _bibtex_map(source: Source, number: int) -> Node:
    item = {**_item(source), "id": f"yinzheng{number}"}
    if "accessed" in item:  # for which BibTeX has no field
        item["note"] = f"accessed {source.accessed}"
    return _meta_map(item)


# --- a quotation to put into a text


def quotation(citation: Citation, reference: Reference) -> str:
    """Return what a reader copies: the quotation in its own script, and below it the reference."""
    page = f" (p. {citation.page})" if citation.page else ""
    return f"{quoted(citation.text)}{page}\n{reference.text}"
