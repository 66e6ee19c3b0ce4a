"""The report: what a visitor collected over all chats, in order, to be exported with its proofs."""

from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlencode

from index.types import Span
from page.answer_view import View, action, marked, open_link
from page.chats import read_command
from page.services import Services, Visitor, visitor_of
from page.text import escaped, in_language
from rag.conversations import Collected
from rag.export.types import FORMATS, Style
from rag.types import Citation, Language
from rag.understand import language_of

if TYPE_CHECKING:
    import gradio as gr

_LABELS = {
    "empty": (
        "报告还是空的：在答案或引文下点“放入报告”。",
        "The report is empty: press “Add to report” below an answer or a quotation.",
    ),
    "title": ("标题", "Title"),
    "untitled": ("政策问答报告", "Report"),
    "style": ("参考文献格式", "Style of references"),
    "gb7714-numeric": ("GB/T 7714 顺序编码制", "GB/T 7714, numeric"),
    "gb7714-author-year": ("GB/T 7714 著者–出版年制", "GB/T 7714, author–year"),
    "apa": ("APA", "APA"),
    "export": ("导出", "Export"),
    "docx": ("Word（脚注）", "Word (footnotes)"),
    "md": ("Markdown", "Markdown"),
    "html": ("网页", "HTML"),
    "bib": ("BibTeX", "BibTeX"),
    "json": ("CSL-JSON", "CSL-JSON"),
    "up": ("上移", "Up"),
    "down": ("下移", "Down"),
    "drop": ("移出", "Remove"),
    "verify": (
        "导出的每处引文都带有位置和文件指纹，可用 yinzheng verify 复核。",
        "Each quotation carries its place and its document's hash: yinzheng verify re-checks it.",
    ),
    "count": ("{} 项", "{} items"),
}
_MOVES = {"report_up": -1, "report_down": 1}
MAX_TITLE = 200


class ReportTab:
    """What the tab does."""

    def __init__(self, services: Services, language: Language) -> None:
        self.conversations, self.language = services.conversations, language

    def label(self, name: str) -> str:
        """Return a label in the language of the page."""
        return in_language(_LABELS, name, self.language)

    def shown(self, visitor: Visitor) -> str:
        """Return the visitor's basket as HTML."""
        basket = self.conversations.basket(visitor.id)
        if not basket:
            return f'<div class="yz-quiet yz-empty">{escaped(self.label("empty"))}</div>'
        count = self.label("count").format(len(basket))
        items = "".join(self._item(one) for one in basket)
        return f'<div class="yz-quiet">{count}</div><ol class="yz-basket">{items}</ol>'

    def _item(self, one: Collected) -> str:
        item = one.item
        does = " ".join(
            action(f"report_{name}", self.label(name), item=one.id)
            for name in ("up", "down", "drop")
        )
        head = f"<b>{escaped(item.question)}</b>" if item.question else ""
        text = marked(item.text, item.citations, View(f"item{one.id}"), self.language)
        text = f'<div class="yz-text">{text}</div>' if text else ""
        cited = "".join(_citation(each, self.language) for each in item.citations)
        actions = f'<div class="yz-actions">{does}</div>'
        return f'<li lang="{item.language}">{head}{text}{cited}{actions}</li>'

    def links(self, title: str, style: str) -> str:
        """Return links to the report in every format."""
        chosen = {"title": title[:MAX_TITLE], "style": style, "language": self.language}
        links = "".join(
            f'<a class="yz-button" href="{escaped(f"report.{name}?{urlencode(chosen)}")}">'
            f"{self.label(name)}</a>"
            for name in FORMATS
        )
        return f'<div class="yz-exports">{links}</div>'

    def command(self, visitor: Visitor, text: str) -> str:
        """Do {"do": "report_up" | "report_down" | "report_drop", "item": …}; return the basket."""
        asked = read_command(text)
        name, item = asked.get("do"), asked.get("item", "")
        id_ = int(item) if item.isascii() and item.isdecimal() else -1
        if name == "report_drop":
            self.conversations.drop(visitor.id, id_)
        elif name in _MOVES:
            self._move(visitor, id_, _MOVES[name])
        return self.shown(visitor)

    def _move(self, visitor: Visitor, id_: int, by: int) -> None:
        order = [one.id for one in self.conversations.basket(visitor.id)]
        if id_ in order:
            place = order.index(id_)
            order.insert(max(0, place + by), order.pop(place))
            self.conversations.reorder(visitor.id, order)


def _citation(citation: Citation, language: Language) -> str:
    about = [escaped(part) for part in (citation.title, citation.publisher, citation.date) if part]
    opened = open_link(citation.source, Span(citation.start, citation.end), language)
    number = f"&#91;{citation.n}&#93;"
    return (
        f'<blockquote lang="{language_of(citation.text)}">{escaped(citation.text)}</blockquote>'
        f'<div class="yz-quiet">{number} {" · ".join([*about, opened])}</div>'
    )


def build_report_tab(services: Services, language: Language, tab: "gr.Tab") -> None:
    """Put the components into the tab that is open."""
    import gradio as gr

    report = ReportTab(services, language)
    with gr.Row():
        title = gr.Textbox(
            report.label("untitled"),
            label=report.label("title"),
            max_length=MAX_TITLE,
            scale=2,
            min_width=240,  # else both are cut on a phone
        )
        style = gr.Dropdown(
            [(report.label(name), name) for name in get_args(Style)],
            value=get_args(Style)[0],
            label=report.label("style"),
            min_width=240,
        )
    links = gr.Markdown(report.links(report.label("untitled"), get_args(Style)[0]))
    gr.Markdown(f'<div class="yz-quiet">{escaped(report.label("verify"))}</div>')
    basket = gr.Markdown(elem_id="yz-basket")
    command = gr.Textbox(visible="hidden", elem_id="yz-report-command")
    run = gr.Button(visible="hidden", elem_id="yz-report-run")

    def opened(request: gr.Request) -> str:
        return report.shown(visitor_of(request))

    def done(text: str, request: gr.Request) -> str:
        return report.command(visitor_of(request), text)

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    tab.select(opened, None, [basket], **quiet)
    run.click(done, [command], [basket], **quiet)
    for setting in (title, style):
        setting.change(report.links, [title, style], [links], **quiet)
