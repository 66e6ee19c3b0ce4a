"""What a reader does with chats: ask, open, edit, delete; each step gives the chat to be shown."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace

from index.errors import YinzhengError
from index.filters import ALL, Filters
from page.access import limit_line
from page.answer_view import Display
from page.chat import Shown, converse, line_html, saved, stopped, view_of, with_line
from page.services import Services, Visitor
from page.sidebar import chats_html
from page.text import in_language
from rag.errors import ConversationsError, LimitReached
from rag.types import Language

_log = logging.getLogger(__name__)

_LABELS = {
    "unsaved": (
        "这段对话未能保存，请告诉管理员；原因见日志。",
        "This could not be stored: tell the owner, the log says why.",
    ),
}
# As many commands of a page as a reader gives; what is longer is none.
_LONGEST_COMMAND = 2_000
_SHOWN_QUESTION = 500  # characters of a question that is not asked


def read_command(text: str) -> dict[str, str]:
    """Return what page.js asks for, a flat object of JSON; nothing if it is none."""
    try:
        asked = json.loads(text[:_LONGEST_COMMAND])
    except (ValueError, RecursionError):
        return {}
    return {name: str(value) for name, value in asked.items()} if isinstance(asked, dict) else {}


@dataclass(frozen=True, slots=True)
class Open:
    """The chat that is open in one tab of a browser."""

    chat: str = ""  # "" until the first question
    shown: tuple[Shown, ...] = ()
    display: Display = "original"


class Chats:
    """What a reader does with chats; gradio's components are named only in `build`."""

    def __init__(self, services: Services, language: Language) -> None:
        self.services, self.language = services, language

    def opened(self, visitor: Visitor, id_: str, display: Display = "original") -> Open:
        """Return a chat of the visitor's as it was stored; an empty one for any other id."""
        found = self.services.conversations.exchanges(visitor.id, id_) if id_ else []
        shown = tuple(saved(one, id_, display) for one in found)
        return Open(id_ if found else "", shown, display)

    def listed(self, visitor: Visitor, open_: Open) -> str:
        """Return the visitor's chats as HTML."""
        return chats_html(self.services.conversations.chats(visitor.id), open_.chat, self.language)

    def ask(
        self,
        visitor: Visitor,
        question: str,
        open_: Open,
        replaced: str = "",
        filters: Filters = ALL,
    ) -> Iterator[Open]:
        """Yield the open chat as an answer grows in it; the exchange is stored when it ends.

        `replaced` is the number of an exchange whose place this question takes, or "".
        """
        try:
            with self.services.access.asking(visitor, question):
                open_ = self._begun(visitor, open_, replaced)
                yield from self._grown(visitor, question, open_, filters)
        except YinzhengError as error:  # over a limit, or the chats cannot be stored
            line = self._line(visitor, error)
            shown = with_line(Shown(question[:_SHOWN_QUESTION], ""), line, self.language)
            yield replace(open_, shown=(*open_.shown, shown))

    def _line(self, visitor: Visitor, error: YinzhengError) -> str:
        if isinstance(error, LimitReached):
            return limit_line(error, self.language)
        if str(self.services.conversations.path) in str(error) and not visitor.is_owner:
            _log.error("a chat was not stored: %s", error)
            return in_language(_LABELS, "unsaved", self.language)  # folders are no guest's concern
        return " ".join(str(error).split())

    def _grown(
        self, visitor: Visitor, question: str, open_: Open, filters: Filters
    ) -> Iterator[Open]:
        before = self.services.conversations.turns(visitor.id, open_.chat)
        view = view_of(open_.chat, len(open_.shown), open_.display)
        assistant, shown = self.services.models.assistant, Shown(question, "")
        try:
            for shown in converse(assistant, question, before, view, filters):
                if not shown.is_whole:
                    yield replace(open_, shown=(*open_.shown, shown))
        finally:  # also when the reader stopped it or went away
            shown = self._stored(visitor, open_, stopped(shown))
        yield replace(open_, shown=(*open_.shown, shown))

    def _stored(self, visitor: Visitor, open_: Open, shown: Shown) -> Shown:
        """Store an exchange that is whole; one that cannot be stored is shown and says so."""
        try:
            self.services.conversations.add(
                visitor.id, open_.chat, shown.question, shown.answer, shown.line
            )
        except ConversationsError as error:
            line = line_html(self._line(visitor, error), self.language)
            return replace(shown, html=f"{shown.html}{line}")
        return shown

    def _begun(self, visitor: Visitor, open_: Open, replaced: str) -> Open:
        conversations = self.services.conversations
        if not conversations.exchanges(visitor.id, open_.chat):  # or deleted in another tab
            return Open(conversations.begin(visitor.id).id, display=open_.display)
        if replaced.isdecimal() and int(replaced) < len(open_.shown):
            conversations.truncate(visitor.id, open_.chat, int(replaced))
            return replace(open_, shown=open_.shown[: int(replaced)])
        return open_

    @staticmethod
    def settled(open_: Open) -> Open:
        """Return the open chat once nothing runs in it any more; what is not whole was stopped."""
        if not open_.shown or open_.shown[-1].is_whole:
            return open_
        return replace(open_, shown=(*open_.shown[:-1], stopped(open_.shown[-1])))

    def command(self, visitor: Visitor, text: str, open_: Open) -> Open:
        """Do what page.js asks for: {"do": "open" | "delete", "chat": …}; nothing if it is none."""
        asked = read_command(text)
        name, id_ = asked.get("do"), asked.get("chat")
        if name == "open" and id_:
            return self.opened(visitor, id_, open_.display)
        if name == "delete" and id_:
            self.services.conversations.delete(visitor.id, id_)
            return Open(display=open_.display) if id_ == open_.chat else open_
        return open_
