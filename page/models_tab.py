"""The tab that says which model answers and where questions go; the owner may change it."""

from typing import TYPE_CHECKING, Any

from index.errors import YinzhengError
from page.models import EXTRACTIVE, Model
from page.services import Services, Visitor, visitor_of
from page.text import escaped, in_language
from rag.messages import message
from rag.types import Language

if TYPE_CHECKING:
    import gradio as gr

_LABELS = {
    "now": ("现在作答的是", "Answering now"),
    "extractive": ("不用模型，直接摘引原文", "no model: it quotes the documents"),
    "stays": (
        "提问和资料都留在提供此页的电脑上。",
        "Questions and documents stay on the computer that serves this page.",
    ),
    "choose": ("换用", "Use instead"),
    "info": (
        "NAME:MODEL，例如 ollama:qwen3、deepseek:deepseek-chat、gguf:文件；"
        "extractive 表示不用模型。密钥只从环境变量或密钥文件读取。",
        "NAME:MODEL, such as ollama:qwen3, deepseek:deepseek-chat, gguf:FILE; extractive is none. "
        "Keys are read from the environment or the key file only.",
    ),
    "use": ("使用", "Use"),
    "test": ("测试", "Test"),
    "owner": ("只有管理员可以更换模型。", "Only the owner may change the model."),
    "tested": (
        "{0} 答道：“{1}”。首字 {2} 秒，全文 {3} 秒。",
        "{0} answered “{1}”: first text after {2} s, all after {3} s.",
    ),
}


def model_html(model: Model, visitor: Visitor, language: Language) -> str:
    """Return what answers now and what leaves the machine, as HTML."""
    now = in_language(_LABELS, "now", language)
    return (
        f'<div class="yz-model"><b>{now}</b>: {escaped(_name(model, visitor, language))}'
        f'<div class="yz-quiet">{escaped(_leaving(model, visitor, language))}</div></div>'
    )


def model_line(model: Model, visitor: Visitor, language: Language) -> str:
    """Return the same on one quiet line, to stand below where a question is written."""
    told = (_name(model, visitor, language), _leaving(model, visitor, language))
    return f'<div class="yz-quiet yz-model-line">{" · ".join(map(escaped, told))}</div>'


def _name(model: Model, visitor: Visitor, language: Language) -> str:
    """Return what answers; only the owner is told in which folder its file lies."""
    from rag.llm.presets import Spec

    if model.spec == EXTRACTIVE:
        return in_language(_LABELS, "extractive", language)
    kind, _, name = model.spec.partition(":")
    return model.spec if visitor.is_owner else Spec(kind, name).name


def _leaving(model: Model, visitor: Visitor, language: Language) -> str:
    """Return where questions go; a guest sits at another computer than the one that answers."""
    if model.leaves:
        return message("leaves", language, model.leaves)
    if visitor.is_owner:
        return message("leaves_nothing", language)
    return in_language(_LABELS, "stays", language)


class ModelsTab:
    """What the tab does."""

    def __init__(self, services: Services, language: Language) -> None:
        self.models, self.language = services.models, language

    def shown(self, visitor: Visitor) -> str:
        """Return what answers now."""
        return model_html(self.models.model, visitor, self.language)

    def line(self, visitor: Visitor) -> str:
        """Return what answers now on one line."""
        return model_line(self.models.model, visitor, self.language)

    def use(self, visitor: Visitor, spec: str) -> str:
        """Change the model, if the owner asks; return what is to be said."""
        if not visitor.is_owner:
            return self._line("owner")
        try:
            self.models.switch(spec.strip())
        except YinzhengError as error:
            return line_html(str(error))
        return ""

    def test(self, visitor: Visitor, spec: str) -> str:
        """Ask the model one small question, if the owner wants it; return how it answered."""
        if not visitor.is_owner:
            return self._line("owner")
        try:
            trial = self.models.test(spec.strip())
        except YinzhengError as error:
            return line_html(str(error))
        told = in_language(_LABELS, "tested", self.language)
        return line_html(
            told.format(trial.spec, trial.text[:100], trial.first_text_s, trial.whole_s)
        )

    def _line(self, name: str) -> str:
        return line_html(in_language(_LABELS, name, self.language))


def line_html(text: str) -> str:
    """Return one line of text that may come from elsewhere."""
    return f'<div class="yz-line" role="status">{escaped(" ".join(text.split()))}</div>'


def build_models_tab(services: Services, language: Language, tab: "gr.Tab") -> None:
    """Put the components into the tab that is open."""
    import gradio as gr

    def label(name: str) -> str:
        return in_language(_LABELS, name, language)

    handlers = ModelsTab(services, language)
    now = gr.Markdown(elem_classes="yz-card")
    with gr.Group(visible=False) as owners:
        spec = gr.Dropdown(
            [EXTRACTIVE], label=label("choose"), info=label("info"), allow_custom_value=True
        )
        with gr.Row():
            use, test = gr.Button(label("use"), variant="primary"), gr.Button(label("test"))
    said = gr.Markdown()

    def opened(request: gr.Request) -> tuple[Any, ...]:
        visitor = visitor_of(request)
        choices = services.models.choices() if visitor.is_owner else [EXTRACTIVE]
        chosen = services.models.model.spec if visitor.is_owner else EXTRACTIVE
        return (
            handlers.shown(visitor),
            gr.Group(visible=visitor.is_owner),
            gr.Dropdown(choices=choices, value=chosen),
            "" if visitor.is_owner else line_html(label("owner")),
        )

    def used(spec: str, request: gr.Request) -> tuple[str, str]:
        visitor = visitor_of(request)
        said = handlers.use(visitor, spec or "")
        return handlers.shown(visitor), said

    def tested(spec: str, request: gr.Request) -> str:
        return handlers.test(visitor_of(request), spec or "")

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
    tab.select(opened, None, [now, owners, spec, said], **quiet)
    use.click(used, [spec], [now, said], **quiet)
    test.click(tested, [spec], [said], **quiet)
