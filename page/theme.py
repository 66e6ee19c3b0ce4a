"""How the page looks, and what stands in its head: our style, our scripts, their words."""

import json
from typing import TYPE_CHECKING

from page.text import escaped, in_language
from rag.types import Language

if TYPE_CHECKING:
    import gradio as gr

_LABELS = {
    "copied": ("已复制", "Copied"),
    "collected": ("已放入报告，共 {} 项", "Added to the report: {} items"),
    "editing": (
        "正在修改第 {} 个提问，发送后将替换它及其后的对话（Esc 取消）",
        "Editing question {}: sending replaces it and what follows (Esc cancels)",
    ),
    "replaces": (
        "重新回答会替换这个答案及其后的对话",
        "Asking again replaces this answer and what follows it",
    ),
    "retry": ("重新回答", "Ask again"),
    "busy": ("请等这次回答写完，或先停止", "Wait for the answer that is being written, or stop it"),
    "cite": ("引用格式", "Cite"),
    "wait": ("正在生成参考文献……", "Making the references …"),
    "link": ("分享链接", "Link"),
    "shared": (
        "知道此链接的人可以阅读这里的问答，不能修改；可随时撤回。",
        "Whoever has the link may read this; withdraw it at any time.",
    ),
    "withdraw": ("撤回", "Withdraw"),
    "withdrawn": ("已撤回", "Withdrawn"),
    "copy": ("复制", "Copy"),
    "close": ("关闭", "Close"),
    "cancel": ("取消", "Cancel"),
    "delete": ("删除", "Delete"),
    "sure": ("删除这段对话及其分享链接？", "Delete this chat and the links to it?"),
    "failed": ("没有做成，请重试", "It did not work, try again"),
    "send": ("发送", "Send"),
    "stop": ("停止", "Stop"),
    "chats": ("对话列表", "List of chats"),
    "conversation": ("对话", "Conversation"),
}
_FONTS = ["system-ui", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "sans-serif"]
_TAGS: dict[Language, str] = {"zh": "zh-CN", "zh-Hant": "zh-TW", "en": "en"}


def theme() -> "gr.themes.Base":
    """Return gradio's theme with the fonts of the system, so that none is fetched."""
    import gradio as gr

    return gr.themes.Soft(font=[gr.themes.Font(name) for name in _FONTS])


def head(language: Language) -> str:
    """Return what stands in the head of the page.

    Gradio takes its own words in the language of the browser: here it is told that of the page.
    """
    words = {name: in_language(_LABELS, name, language) for name in _LABELS}
    tag = _TAGS[language]
    return (
        f'<meta name="yz-words" content="{escaped(json.dumps(words, ensure_ascii=False))}">'
        f"<script>document.documentElement.lang = '{tag}';"
        f"Object.defineProperty(navigator, 'language', {{ value: '{tag}' }});"
        f"Object.defineProperty(navigator, 'languages', {{ value: ['{tag}'] }});</script>"
        '<link rel="stylesheet" href="yz/page.css">'
        '<link rel="stylesheet" href="document/style.css">'
        '<link rel="stylesheet" href="yz/library.css">'
        '<script src="yz/page.js" defer></script><script src="document/script.js" defer></script>'
        '<script src="yz/library.js" defer></script>'
    )
