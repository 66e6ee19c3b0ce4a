"""What the frame of a report says, in three languages."""

from index.script import to_traditional
from rag.types import Language

# Simplified Chinese, English.
_LABELS: dict[str, tuple[str, str]] = {
    "title": ("引证报告", "Report with citations"),
    "passages": ("摘录", "Passages"),
    "references": ("参考文献", "References"),
    "record": ("校验数据", "Data for checking"),
    "partly": ("部分有据", "partly borne out"),
    "unsupported": ("查无依据", "not borne out"),
    "quoted": ("直接摘引原文", "Quoted from the documents"),
    "written": ("由 {} 撰写，逐句查证", "Written by {}, checked sentence by sentence"),
    "check": (
        "脚注中的引文都是原文，并记有它在文件中的位置。"
        "运行 yinzheng verify 加本文件名，可逐条检查。",
        "The quotations in the notes are verbatim, each with its place in the document. "
        "To check them one by one, run yinzheng verify with the name of this file.",
    ),
}


def label(name: str, language: Language) -> str:
    """Return a label in a language."""
    chinese, english = _LABELS[name]
    if language == "en":
        return english
    return to_traditional(chinese) if language == "zh-Hant" else chinese
