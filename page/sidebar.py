"""What stands beside and above a chat: the list of chats, the choice of language."""

from collections.abc import Sequence

from page.answer_view import action
from page.text import escaped, in_language
from rag.conversations import Chat
from rag.types import Language
from rag.understand import language_of

_LABELS = {
    "none": ("还没有对话。", "No chats yet."),
    "delete": ("删除", "Delete"),
    "share": ("分享", "Share"),
    "language": ("界面语言", "Language"),
    "links": ("分享链接", "Links to chats"),
    "logout": ("退出", "Sign out"),
}
LANGUAGES: tuple[tuple[Language, str, str], ...] = (
    ("zh", "简体", "zh-Hans"),
    ("zh-Hant", "繁體", "zh-Hant"),
    ("en", "English", "en"),
)


def chats_html(chats: Sequence[Chat], open_: str, language: Language) -> str:
    """Return the visitor's chats, the last changed first, each with what may be done with it."""
    if not chats:
        return f'<div class="yz-quiet">{in_language(_LABELS, "none", language)}</div>'
    return f'<ul class="yz-chats">{"".join(_chat(one, open_, language) for one in chats)}</ul>'


def _chat(chat: Chat, open_: str, language: Language) -> str:
    here = ' class="yz-here"' if chat.id == open_ else ""
    does = " ".join(
        action(f"{name}_chat", in_language(_LABELS, name, language), chat=chat.id)
        for name in ("share", "delete")
    )
    return (
        f'<li{here} lang="{language_of(chat.title)}">'
        f'<a class="yz-chat" href="?chat&#61;{escaped(chat.id)}">{escaped(chat.title)}</a>'
        f'<span class="yz-actions" lang="{language}">{does}</span></li>'
    )


def foot_html(language: Language, asks: bool) -> str:
    """Return links to what stands on pages of its own; to sign out where a password is asked."""
    names = ("links", "logout") if asks else ("links",)
    links = (f'<a href="{name}">{in_language(_LABELS, name, language)}</a>' for name in names)
    return f'<div class="yz-quiet yz-foot">{" · ".join(links)}</div>'


def open_html(chat: str) -> str:
    """Return a sign for page.js of which chat is open; it is not seen."""
    return f'<span class="yz-open-chat" title="{escaped(chat)}"></span>'


def header_html(title: str, about: str, language: Language) -> str:
    """Return the head of the page, with the choice of language."""
    links = " · ".join(
        f'<span class="yz-here" lang="{tag}">{name}</span>'
        if code == language
        else f'<a class="yz-language" href="language&#47;{code}" lang="{tag}">{name}</a>'
        for code, name, tag in LANGUAGES
    )
    label = in_language(_LABELS, "language", language)
    return (
        f'<div class="yz-head"><div><h1>{escaped(title)}</h1><p>{escaped(about)}</p></div>'
        f'<div class="yz-languages" role="group" title="{label}">{links}</div></div>'
    )
