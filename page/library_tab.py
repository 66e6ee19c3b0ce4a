"""The library on the page: uploads and what became of them, the documents, their metadata.

Everyone sees the documents; the owner alone changes them. Which controls a page shows is a mere
courtesy: each handler looks at who asks by itself.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from index.errors import YinzhengError
from index.script import encodable, fold_characters
from index.types import Metadata
from page.ingestion import MAX_FILE, Ingestion, Upload, checked_fields
from page.ingestion_report import report_html, worded
from page.services import Services, Visitor
from page.text import escaped, in_language, link
from rag.types import Language

if TYPE_CHECKING:
    import gradio as gr

_LABELS = {
    "upload": ("上传文件", "Upload files"),
    "folder": ("上传文件夹", "Upload a folder"),
    "addresses": ("网址，每行一个", "Addresses, one a line"),
    "fetch": ("读取网页", "Fetch pages"),
    "replaces": ("同名文件取代旧内容", "Files replace those of the same name"),
    "stop": ("停止", "Stop"),
    "refresh": ("刷新", "Refresh"),
    "search": ("查找文件", "Find documents"),
    "previous": ("上一页", "Previous"),
    "next": ("下一页", "Next"),
    "rows": ("第 {}–{} 份，共 {} 份", "{}–{} of {} documents"),
    "matching": ("第 {}–{} 份，共 {} 份符合（全部 {} 份）", "{}–{} of {} that match ({} in all)"),
    "no_rows": ("没有符合的文件（全部 {} 份）", "No document matches ({} in all)"),
    "empty": ("资料库还是空的。", "The library is empty."),
    "empty_owner": (
        "资料库还是空的：把文件或文件夹拖到上面，或填写网址。",
        "The library is empty: drop files or a folder above, or give addresses.",
    ),
    "documents": ("文件", "Documents"),
    "edit_hint": (
        "双击单元格可修改；选中一行可预览。",
        "Double-click a cell to change it; select a row to see the document.",
    ),
    "hint": ("选中一行可预览。", "Select a row to see the document."),
    "title": ("标题", "Title"),
    "date": ("发布日期", "Published"),
    "publisher": ("发布机构", "Publisher"),
    "issuer": ("发文机关", "Issuer"),
    "issued": ("成文日期", "Signed"),
    "region": ("地区", "Place"),
    "level": ("级别", "Level"),
    "document_number": ("文号", "Number"),
    "status": ("状态", "Status"),
    "url": ("网址", "Address"),
    "id": ("文件名", "Source"),
    "open": ("打开全文", "Open the document"),
    "size": ("{:,} 字，{} 段", "{:,} characters, {} passages"),
    "copies": ("内容相同的文件", "Documents that say the same"),
    "remove": ("移除这份文件", "Remove this document"),
    "reset": ("撤销对标题等的修改", "Undo changes to its title and other fields"),
    "was_reset": ("“{}”的标题等已恢复为文件中所写。", "“{}” is described as its file says again."),
    "really": (
        "确定移除“{}”？资料库里不再有它，已有的引用将无法查证。",
        "Remove “{}” from the library? Citations of it can then no longer be checked.",
    ),
    "yes": ("移除", "Remove"),
    "no": ("保留", "Keep"),
    "removed": ("已移除“{}”。", "“{}” was removed."),
    "gone": ("这份文件已经不在资料库里。", "This document is no longer in the library."),
    "saved": ("已保存：{}", "Saved: {}"),
    "refused": ("没有保存，已恢复原值：{}", "Not saved, the old value is back: {}"),
    "later": (
        "正在入库的文件处理完后就会生效。",
        "It will be done when the files at hand are in.",
    ),
    "rows_fixed": (
        "表格的行不能在这里增减：请上传文件，或移除所选的文件。",
        "Rows cannot be added or removed here: upload files, or remove the selected document.",
    ),
    "owner": ("只有资料库的所有者可以修改。", "Only the owner may change the library."),
    "at_most": (
        "可拖入文件或文件夹，一次最多 1,000 个，单个不超过 {} MB。",
        "Drop files or a folder, at most 1,000 at a time and {} MB each.",
    ),
    "chart": ("资料库概览", "The library at a glance"),
}
COLUMNS = (
    *("title", "date", "publisher", "issuer", "region", "document_number", "status", "url", "id"),
)
_ID = COLUMNS.index("id")
_WIDTHS = (300, 110, 160, 160, 80, 150, 100, 160, 180)  # pixels
# Rows shown at a time: each edit sends them all back, and a request may hold 256 kB.
PAGE_ROWS = 50
_FACTS = ("publisher", "issuer", "date", "issued", "document_number", "region", "status")
_PREVIEW = 800  # characters shown of a document
_REFRESH = 1.0  # seconds between two looks at what goes on
_LONGEST_SEARCH = 200
_MOST_ADDRESS_CHARACTERS = 20_000

# Words of a search that name a field, as bars of the chart have them looked for.
_FIELDS = {"地区": "region", "place": "region", "日期": "date", "date": "date"}
_IN_FIELD = re.compile(rf"({'|'.join(_FIELDS)})[:：](.+)")
# Controls, and marks that turn the direction of writing around: a table shows the rest as text.
_UNSHOWN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def visitor_of(request: "gr.Request | None") -> Visitor | None:
    """Return who asks, as the guard found it; None, who may change nothing, if it found nobody."""
    asked = getattr(request, "request", None)
    visitor = getattr(getattr(asked, "state", None), "visitor", None)
    return visitor if isinstance(visitor, Visitor) else None


def is_owner(visitor: Visitor | None) -> bool:
    """Tell whether somebody may change the library."""
    return visitor is not None and visitor.is_owner


# --- the table; pure


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of documents as they are shown, and which of how many they are."""

    rows: tuple[tuple[str, ...], ...] = ()
    first: int = 0  # counted from 0
    matching: int = 0
    total: int = 0


def row_of(id_: str, known: Metadata) -> tuple[str, ...]:
    """Return the cells of a document; what cannot be shown on one line is left out."""
    return tuple(_plain(id_ if name == "id" else getattr(known, name)) for name in COLUMNS)


def _plain(value: str) -> str:
    """Return a value as a cell shows it: on one line, without what turns writing around."""
    return " ".join(_UNSHOWN.sub("", encodable(value)).split())


class Catalogue:
    """The documents in order, the latest first, with what they are found by."""

    def __init__(self, metadata: Mapping[str, Metadata]) -> None:
        self.metadata = metadata
        by_id = sorted(metadata.items())
        latest = sorted(by_id, key=lambda item: item[1].date or item[1].issued, reverse=True)
        self._found_by = [_found_by(id_, known) for id_, known in latest]

    def table(self, wanted: str = "", first: int = 0) -> Table:
        """Return the rows from number `first` on of the documents that hold all words wanted.

        地区:东莞 is the place alone; 日期:2024-03 and 日期:..2010 when it was published.
        """
        words = [_read_word(word) for word in fold_characters(wanted[:_LONGEST_SEARCH]).split()]
        ids = [one.id for one in self._found_by if all(_fits(one, *word) for word in words)]
        last_page = (max(len(ids), 1) - 1) // PAGE_ROWS * PAGE_ROWS
        first = min(max(first, 0) // PAGE_ROWS * PAGE_ROWS, last_page)
        some = ids[first : first + PAGE_ROWS]
        rows = tuple(row_of(id_, self.metadata[id_]) for id_ in some)
        return Table(rows, first, len(ids), len(self.metadata))


@dataclass(frozen=True, slots=True)
class _FoundBy:
    """What a document is found by, folded."""

    id: str
    text: str
    region: str
    date: str


def _found_by(id_: str, known: Metadata) -> _FoundBy:
    fields = (known.title, known.publisher, known.issuer, known.document_number, known.region)
    text = fold_characters("\n".join((*fields, known.date, known.issued, known.status, id_)))
    region = "".join(fold_characters(known.region).split())
    return _FoundBy(id_, text, region, known.date or known.issued)


def _read_word(word: str) -> tuple[str, str]:
    """Return the field that a folded word names and its value, "" and the word if it names none."""
    found = _IN_FIELD.fullmatch(word)
    return (_FIELDS[found[1]], found[2]) if found else ("", word)


def _fits(document: _FoundBy, field: str, value: str) -> bool:
    if field == "region":
        return document.region == value
    if field == "date" and value.startswith(".."):
        return "" < document.date[: len(value) - 2] <= value[2:]
    return document.date.startswith(value) if field else value in document.text


def edits_of(
    rows: Sequence[Sequence[object]], metadata: Mapping[str, Metadata]
) -> tuple[dict[str, dict[str, str]], bool]:
    """Return document -> field -> new value, and whether the rows are still those of documents."""
    edits: dict[str, dict[str, str]] = {}
    shown = {_plain(id_): id_ for id_ in metadata}
    alike = Counter(map(_plain, metadata))
    for row in rows:
        cells = ["" if cell is None else str(cell) for cell in row]
        if len(cells) != len(COLUMNS) or alike[cells[_ID]] != 1:
            return {}, False
        id_ = shown[cells[_ID]]
        if news := _news(cells, row_of(id_, metadata[id_])):
            edits[id_] = news
    return edits, True


def _news(cells: Sequence[str], before: Sequence[str]) -> dict[str, str]:
    return {
        name: cell
        for name, cell, old in zip(COLUMNS, cells, before, strict=True)
        if name != "id" and _plain(cell) != old
    }


# --- what happens; knows nothing of components


class LibraryTab:
    """What visitors do with the library. Each method checks by itself who may do what."""

    def __init__(self, services: Services, ingestion: Ingestion, language: Language) -> None:
        self.services, self.ingestion, self.language = services, ingestion, language
        self._catalogue: Catalogue | None = None

    def label(self, name: str) -> str:
        """Return a label in the language of the page."""
        return in_language(_LABELS, name, self.language)

    def catalogue(self) -> Catalogue:
        """Return the documents as they are now; sorted anew only when something has changed."""
        known = self.services.library.all_metadata()
        if self._catalogue is None or self._catalogue.metadata is not known:
            self._catalogue = Catalogue(known)
        return self._catalogue

    def table(self, wanted: object = "", first: int = 0) -> Table:
        """Return the rows of documents that hold the words wanted."""
        return self.catalogue().table(wanted if isinstance(wanted, str) else "", first)

    def range_html(self, table: Table, visitor: Visitor | None) -> str:
        """Return which of how many documents are shown."""
        first, last = table.first + 1, table.first + len(table.rows)
        if not table.total:
            said = self.label("empty_owner" if is_owner(visitor) else "empty")
        elif not table.matching:
            said = self.label("no_rows").format(table.total)
        elif table.matching == table.total:
            said = self.label("rows").format(first, last, table.total)
        else:
            said = self.label("matching").format(first, last, table.matching, table.total)
        return f'<span class="yz-quiet" role="status">{escaped(said)}</span>'

    def report(self, visitor: Visitor | None) -> str:
        """Return what became of uploads, for the owner: names of files are not everyone's."""
        if not is_owner(visitor):
            return ""
        known = self.services.library.all_metadata()
        titles = {id_: one.title for id_, one in known.items()}
        return report_html(self.ingestion.state(), titles, self.language)

    def upload(
        self, visitor: Visitor | None, uploads: Sequence[Upload], replaces: bool = False
    ) -> str:
        """Take files on; return one line if that cannot be done, else ""."""
        return self._tried(visitor, lambda: self.ingestion.add(uploads, replaces))

    def fetch(self, visitor: Visitor | None, addresses: object) -> str:
        """Take addresses on; return one line if that cannot be done, else ""."""
        lines = str(addresses or "")[:_MOST_ADDRESS_CHARACTERS].splitlines()
        return self._tried(visitor, lambda: self.ingestion.add_addresses(lines))

    def stop(self, visitor: Visitor | None) -> str:
        """Let go of what waits to go in; return one line if that cannot be done, else ""."""
        return self._tried(visitor, self.ingestion.stop)

    def _tried(self, visitor: Visitor | None, action: Callable[[], object]) -> str:
        if not is_owner(visitor):
            return self.fault(self.label("owner"))
        try:
            action()
        except YinzhengError as error:
            return self.fault(self.said(error))
        except TimeoutError:
            return notice(self.label("later"))
        return ""

    def edit(self, visitor: Visitor | None, rows: Sequence[Sequence[object]]) -> str:
        """Store the cells that were changed; return a line that says what was and was not."""
        edits, are_documents = edits_of(rows, self.services.library.all_metadata())
        if not is_owner(visitor):
            return self.fault(self.label("owner"))
        if not are_documents:
            return self.fault(self.label("rows_fixed"))
        return "".join(self._edited(visitor, id_, fields) for id_, fields in edits.items())

    def _edited(self, visitor: Visitor | None, id_: str, fields: Mapping[str, str]) -> str:
        """Store the fields that pass their checks; say of the others why they do not."""
        lines: list[str] = []
        good: dict[str, str] = {}
        for name, value in fields.items():
            try:
                good |= checked_fields({name: value})
            except YinzhengError as error:
                lines.append(self.fault(self.label("refused").format(self.said(error))))
        if good:
            fault = self._tried(visitor, lambda: self.ingestion.edit(id_, good))
            said = "，".join(f"{self.label(name)} → {value or '—'}" for name, value in good.items())
            lines.append(fault or notice(self.label("saved").format(said)))
        return "".join(lines)

    def is_edited(self, visitor: Visitor | None, id_: str) -> bool:
        """Tell whether there is something to reset, for who may do so."""
        return is_owner(visitor) and bool(id_ and self.services.library.store.overrides(id_))

    def reset(self, visitor: Visitor | None, id_: str) -> str:
        """Let metadata be what the file says; return a line that says so."""
        fault = self._tried(visitor, lambda: self.ingestion.reset(id_))
        return fault or notice(self.label("was_reset").format(self.title(id_)))

    def remove(self, visitor: Visitor | None, id_: str) -> str:
        """Remove a document; return a line that says so."""
        title = self.title(id_)
        if fault := self._tried(visitor, lambda: self.ingestion.remove(id_)):
            return fault
        return notice(self.label("removed").format(title))

    def title(self, id_: str) -> str:
        """Return how a document is called: its title, else its id."""
        return self.services.library.metadata(id_).title or id_

    def id_of(self, shown: object) -> str:
        """Return the id of the document whose cell `id` shows this, "" if there is none."""
        known = self.services.library.all_metadata()
        if isinstance(shown, str) and shown in known:
            return shown
        return next((id_ for id_ in known if _plain(id_) == shown), "")

    def question_html(self, id_: str) -> str:
        """Return what is asked before a document is removed."""
        return notice(self.label("really").format(self.title(id_)))

    def preview(self, id_: str) -> str:
        """Return what is known of a document, a link to it and how it begins."""
        library = self.services.library
        clean = library.clean_text(id_) if id_ else None
        if clean is None:
            return notice(self.label("gone")) if id_ else ""
        known = library.metadata(id_)
        size = self.label("size").format(len(clean.text), len(library.passages_of(id_)))
        begin = clean.text[:_PREVIEW] + ("…" if len(clean.text) > _PREVIEW else "")
        address = f"document?id={quote(id_, safe='')}"
        opened = f'<a class="yz-mark yz-open" href="{escaped(address)}">{self.label("open")}</a>'
        return (
            f'<div class="yz-preview"><div class="yz-title">{escaped(known.title or id_)}</div>'
            f"{self._facts(known)}"
            f'<div class="yz-quiet">{escaped(id_)} · {escaped(size)}</div>'
            f'{self._copies(id_)}<div class="yz-opening">{opened}</div>'
            f"<blockquote>{escaped(begin)}</blockquote></div>"
        )

    def _facts(self, known: Metadata) -> str:
        said = [
            f"{self.label(name)} {escaped(value)}"
            for name in _FACTS
            if (value := getattr(known, name))
        ]
        said += [link(known.url)] if known.url else []
        return f'<div class="yz-quiet">{" · ".join(said)}</div>' if said else ""

    def _copies(self, id_: str) -> str:
        others = [copy for copy in self.services.library.copies(id_) if copy != id_]
        if not others:
            return ""
        colon = ": " if self.language == "en" else "："
        named = escaped("、".join(self.title(copy) for copy in others))
        return f'<div class="yz-quiet">{self.label("copies")}{colon}{named}</div>'

    def chart(self) -> str:
        """Return the library by date and region as HTML."""
        from page.library_chart import chart_html

        return chart_html(self.services.library.all_metadata(), self.language)

    def said(self, error: Exception) -> str:
        """Return an error as one line in the language of the page."""
        return worded(" ".join(str(error).split()), self.language)

    def fault(self, said: str) -> str:
        """Return a line that says what was not done."""
        return f'<div class="yz-fault" role="alert">{escaped(said)}</div>'


def notice(said: str) -> str:
    """Return a quiet line."""
    return f'<div class="yz-notice" role="status">{escaped(said)}</div>'


# --- the components


def _uploads_field(**settings: Any) -> Any:
    """Return gradio's field for files, which here also tells the path that the user knows.

    A class of our own would do, but gradio writes a file beside the source of each.
    """
    import gradio as gr

    field = gr.File(**settings)
    field.preprocess = _uploads_in
    return field


def _uploads_in(payload: Any) -> list[Upload]:
    files = getattr(payload, "root", payload) or []
    return [Upload(Path(one.path), one.orig_name or Path(one.path).name) for one in files]


@dataclass(frozen=True, slots=True)
class _UploadParts:
    """What the owner adds documents with."""

    column: Any
    files: Any
    folder: Any
    replaces: Any
    addresses: Any
    fetch: Any
    stop: Any
    report: Any
    timer: Any

    @property
    def shown(self) -> list[Any]:
        """What is shown anew when something goes on."""
        return [self.report, self.stop, self.timer]


@dataclass(frozen=True, slots=True)
class _TableParts:
    """The documents in rows."""

    said: Any  # a line: what was done, and what was not
    search: Any
    refresh: Any
    rows: Any
    frame: Any
    hint: Any
    previous: Any
    next: Any
    chart: Any
    first: Any  # State: number of the first row

    @property
    def shown(self) -> list[Any]:
        """What is shown anew when documents have changed."""
        return [self.frame, self.rows, self.previous, self.next, self.first]


@dataclass(frozen=True, slots=True)
class _DocumentParts:
    """The document that is selected."""

    preview: Any
    remove: Any
    really: Any
    question: Any
    yes: Any
    no: Any
    reset: Any
    chosen: Any  # State: its id, "" for none

    @property
    def shown(self) -> list[Any]:
        """What is shown anew when another document is selected."""
        return [self.preview, self.reset, self.remove, self.really, self.chosen]


_QUIET: Mapping[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def build_library_tab(services: Services, ingestion: Ingestion, language: Language) -> LibraryTab:
    """Add the tab's components to the gr.Tab that is open, and let them work."""
    tab = LibraryTab(services, ingestion, language)
    uploads, table, document = _add_uploads(tab), _add_table(tab), _add_document(tab)
    _connect_page(tab, uploads, table)
    _connect_uploads(tab, uploads, table)
    _connect_table(tab, table, document)
    _connect_selection(tab, table, document)
    _connect_reset(tab, table, document)
    _connect_removal(tab, table, document)
    return tab


def _add_uploads(tab: LibraryTab) -> _UploadParts:
    import gradio as gr

    label = tab.label
    with gr.Column(visible=False, elem_id="yz-owner") as column:
        with gr.Row():
            files, folder = (
                _uploads_field(
                    file_count=count,
                    label=label(name),
                    height=130,
                    scale=2,
                    elem_id=f"yz-{name}",
                    elem_classes=f"yz-drop-{tab.language}",
                )
                for name, count in (("upload", "multiple"), ("folder", "directory"))
            )
            with gr.Column(scale=2, min_width=220):
                addresses = gr.Textbox(
                    label=label("addresses"), lines=2, max_lines=6, elem_id="yz-addresses"
                )
                fetch = gr.Button(label("fetch"), size="sm", elem_id="yz-fetch")
        gr.Markdown(
            f'<span class="yz-quiet">{label("at_most").format(MAX_FILE >> 20)}</span>',
        )
        replaces = gr.Checkbox(label=label("replaces"), container=False, elem_id="yz-replaces")
        report = gr.Markdown(elem_id="yz-report", elem_classes="yz-library")
        stop = gr.Button(label("stop"), size="sm", visible=False, elem_id="yz-stop")
    timer = gr.Timer(_REFRESH, active=False)
    return _UploadParts(column, files, folder, replaces, addresses, fetch, stop, report, timer)


def _add_table(tab: LibraryTab) -> _TableParts:
    import gradio as gr

    label = tab.label
    said = gr.Markdown(elem_id="yz-said", elem_classes="yz-library")
    with gr.Row(elem_id="yz-find"):
        search = gr.Textbox(
            label=label("search"),
            show_label=False,
            container=False,
            placeholder=label("search"),
            max_length=_LONGEST_SEARCH,
            scale=4,
            elem_id="yz-search",
        )
        refresh = gr.Button(label("refresh"), scale=0, min_width=90, elem_id="yz-refresh")
    rows = gr.Markdown(elem_id="yz-rows", elem_classes="yz-library")
    frame = _add_frame(tab)
    hint = gr.Markdown(elem_classes="yz-library")
    with gr.Row():
        previous, following = (
            gr.Button(label(name), size="sm", visible=False, elem_id=f"yz-{name}")
            for name in ("previous", "next")
        )
    with gr.Accordion(label("chart"), open=False):
        chart = gr.Markdown(elem_id="yz-chart")
    first = gr.State(0)
    return _TableParts(said, search, refresh, rows, frame, hint, previous, following, chart, first)


def _add_frame(tab: LibraryTab) -> Any:
    import gradio as gr

    return gr.Dataframe(
        headers=[tab.label(name) for name in COLUMNS],
        datatype="str",
        type="array",
        label=tab.label("documents"),
        show_label=False,
        column_count=(len(COLUMNS), "fixed"),
        column_widths=list(_WIDTHS),
        static_columns=[_ID],
        interactive=False,
        wrap=True,
        max_height=420,
        buttons=[],
        elem_id="yz-documents",
    )


def _add_document(tab: LibraryTab) -> _DocumentParts:
    import gradio as gr

    label = tab.label
    preview = gr.Markdown(elem_id="yz-preview", elem_classes="yz-library")
    with gr.Row():
        reset, remove = (
            gr.Button(label(name), size="sm", visible=False, elem_id=f"yz-{name}")
            for name in ("reset", "remove")
        )
    with gr.Column(visible=False, elem_id="yz-really") as really:
        question = gr.Markdown(elem_classes="yz-library")
        with gr.Row():
            yes = gr.Button(label("yes"), variant="stop", size="sm", elem_id="yz-yes")
            no = gr.Button(label("no"), size="sm", elem_id="yz-no")
    return _DocumentParts(preview, remove, really, question, yes, no, reset, gr.State(""))


def _table_shown(tab: LibraryTab, visitor: Visitor | None, wanted: object, first: int) -> Any:
    """Return what `_TableParts.shown` is to show."""
    import gradio as gr

    table = tab.table(wanted, first)
    rows = [list(row) for row in table.rows]
    return (
        # Without a row gradio would offer to import a table.
        gr.Dataframe(
            value=rows,
            interactive=bool(rows) and is_owner(visitor),
            visible=bool(table.total),
        ),
        tab.range_html(table, visitor),
        gr.Button(visible=table.first > 0),
        gr.Button(visible=table.first + len(rows) < table.matching),
        table.first,
    )


def _uploads_shown(tab: LibraryTab, visitor: Visitor | None) -> Any:
    """Return what `_UploadParts.shown` is to show."""
    import gradio as gr

    is_running = is_owner(visitor) and tab.ingestion.state().is_running
    return tab.report(visitor), gr.Button(visible=is_running), gr.Timer(active=is_running)


def _connect_page(tab: LibraryTab, uploads: _UploadParts, table: _TableParts) -> None:
    """Show what there is when a page is loaded, and anew when it is asked for."""
    import gradio as gr

    def load(wanted: str, first: int, request: gr.Request) -> tuple[Any, ...]:
        visitor = visitor_of(request)
        hint = tab.label("edit_hint" if is_owner(visitor) else "hint")
        return (
            gr.Column(visible=is_owner(visitor)),
            f'<span class="yz-quiet">{hint}</span>' if tab.table().total else "",
            tab.chart(),
            *_uploads_shown(tab, visitor),
            *_table_shown(tab, visitor, wanted, first),
        )

    shown = [uploads.column, table.hint, table.chart, *uploads.shown, *table.shown]
    table.refresh.click(load, [table.search, table.first], shown, **_QUIET)

    def begin(request: gr.Request) -> tuple[Any, ...]:
        return load("", 0, request)

    gr.on(None, begin, None, shown, **_QUIET)  # when a page is loaded


def _connect_uploads(tab: LibraryTab, uploads: _UploadParts, table: _TableParts) -> None:
    """Take files and addresses on, and show how far they are while something goes on."""
    import gradio as gr

    def upload(files: list[Upload], replaces: bool, request: gr.Request) -> tuple[Any, ...]:
        visitor = visitor_of(request)
        said = tab.upload(visitor, files or [], bool(replaces))
        return None, said, *_uploads_shown(tab, visitor)

    def fetch(addresses: str, request: gr.Request) -> tuple[Any, ...]:
        visitor = visitor_of(request)
        said = tab.fetch(visitor, addresses)
        return addresses if said else "", said, *_uploads_shown(tab, visitor)

    def stop(request: gr.Request) -> tuple[Any, ...]:
        visitor = visitor_of(request)
        return tab.stop(visitor), *_uploads_shown(tab, visitor)

    def look(wanted: str, first: int, request: gr.Request) -> tuple[Any, ...]:
        visitor = visitor_of(request)
        goes_on = is_owner(visitor) and tab.ingestion.state().is_running
        # A table that is shown anew takes away the cell that somebody is writing in.
        rows = (gr.skip(),) * 6 if goes_on else ended(visitor, wanted, first)
        return *_uploads_shown(tab, visitor), *rows

    def ended(visitor: Visitor | None, wanted: str, first: int) -> tuple[Any, ...]:
        return tab.chart(), *_table_shown(tab, visitor, wanted, first)

    for field in (uploads.files, uploads.folder):
        told = [field, table.said, *uploads.shown]
        field.upload(upload, [field, uploads.replaces], told, **_QUIET)
    told = [uploads.addresses, table.said, *uploads.shown]
    uploads.fetch.click(fetch, [uploads.addresses], told, **_QUIET)
    uploads.stop.click(stop, None, [table.said, *uploads.shown], **_QUIET)
    told = [*uploads.shown, table.chart, *table.shown]
    uploads.timer.tick(look, [table.search, table.first], told, **_QUIET)


def _connect_table(tab: LibraryTab, table: _TableParts, document: _DocumentParts) -> None:
    """Find rows, turn pages, and store cells that were changed."""
    import gradio as gr

    def find(wanted: str, request: gr.Request) -> Any:
        return _table_shown(tab, visitor_of(request), wanted, 0)

    def turn(step: int) -> Callable[..., Any]:
        def turned(wanted: str, first: int, request: gr.Request) -> Any:
            return _table_shown(tab, visitor_of(request), wanted, first + step)

        return turned

    def edit(rows: list[list[Any]], wanted: str, first: int, id_: str, request: gr.Request) -> Any:
        visitor = visitor_of(request)
        # Gradio may tell of one change twice: what was said of it must stay.
        said = tab.edit(visitor, rows) or gr.skip()
        reset = gr.Button(visible=tab.is_edited(visitor, id_))
        return said, reset, *_table_shown(tab, visitor, wanted, first)

    given = [table.search, table.first]
    # Not `input`, which gradio sends for keys alone: an input method's words have none.
    table.search.change(find, [table.search], table.shown, trigger_mode="always_last", **_QUIET)
    table.previous.click(turn(-PAGE_ROWS), given, table.shown, **_QUIET)
    table.next.click(turn(PAGE_ROWS), given, table.shown, **_QUIET)
    # "multiple": a cell that is changed while another is being stored must not be forgotten.
    told = [table.said, document.reset, *table.shown]
    table.frame.input(
        edit,
        [table.frame, *given, document.chosen],
        told,
        trigger_mode="multiple",
        concurrency_limit=1,
        **_QUIET,
    )


def _connect_selection(tab: LibraryTab, table: _TableParts, document: _DocumentParts) -> None:
    """Show the document whose row is selected."""
    import gradio as gr

    def select(chosen: gr.SelectData, request: gr.Request) -> tuple[Any, ...]:
        row = chosen.row_value or []
        id_ = tab.id_of(row[_ID]) if len(row) > _ID else ""
        visitor = visitor_of(request)
        does = [bool(id_) and may for may in (tab.is_edited(visitor, id_), is_owner(visitor))]
        buttons = [gr.Button(visible=may) for may in does]
        return tab.preview(id_), *buttons, gr.Column(visible=False), id_

    table.frame.select(select, None, document.shown, **_QUIET)


def _connect_reset(tab: LibraryTab, table: _TableParts, document: _DocumentParts) -> None:
    """Let the selected document be described as its file says."""
    import gradio as gr

    def reset(id_: str, wanted: str, first: int, request: gr.Request) -> tuple[Any, ...]:
        visitor = visitor_of(request)
        said, is_edited = tab.reset(visitor, id_), tab.is_edited(visitor, id_)
        shown = (tab.preview(id_), gr.Button(visible=is_edited), tab.chart())
        return said, *shown, *_table_shown(tab, visitor, wanted, first)

    told = [table.said, document.preview, document.reset, table.chart, *table.shown]
    document.reset.click(reset, [document.chosen, table.search, table.first], told, **_QUIET)


def _connect_removal(tab: LibraryTab, table: _TableParts, document: _DocumentParts) -> None:
    """Remove a document after its name was confirmed."""
    import gradio as gr

    def ask(id_: str, request: gr.Request) -> tuple[Any, ...]:
        if not is_owner(visitor_of(request)) or not id_:
            return gr.Column(visible=False), gr.Button(visible=False), ""
        return gr.Column(visible=True), gr.Button(visible=False), tab.question_html(id_)

    def keep() -> tuple[Any, ...]:
        return gr.Column(visible=False), gr.Button(visible=True)

    def remove(id_: str, wanted: str, first: int, request: gr.Request) -> tuple[Any, ...]:
        visitor = visitor_of(request)
        said = tab.remove(visitor, id_)
        buttons = (gr.Button(visible=False), gr.Button(visible=False))
        hidden = ("", *buttons, gr.Column(visible=False), "")
        return said, *hidden, tab.chart(), *_table_shown(tab, visitor, wanted, first)

    asked = [document.really, document.remove]
    document.remove.click(ask, [document.chosen], [*asked, document.question], **_QUIET)
    document.no.click(keep, None, asked, **_QUIET)
    told = [table.said, *document.shown, table.chart, *table.shown]
    document.yes.click(remove, [document.chosen, table.search, table.first], told, **_QUIET)
