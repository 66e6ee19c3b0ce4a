"""The errors of answering; they hang below YinzhengError of index.errors.

YinzhengError
├── ConfigurationError        a setting or --llm cannot be used
├── PromptError               a prompt file and its variables do not fit
├── LanguageModelError        the language model failed; `trouble` says in which way
│   ├── LanguageModelUnavailable   it cannot be reached, refuses the key, or is overloaded
│   └── LanguageModelCut           its answer broke off; `kept` is what may be shown of it
├── ExportError               a report or a reference cannot be written
├── ReportError               a report to verify cannot be read
├── ConversationsError        the file of saved chats cannot be used, or a visitor's share is full
├── LimitReached              a visitor asks for too much; `seconds` says when there will be more
└── ShareError                the page cannot be shared in the way asked for
"""

from enum import StrEnum

from index.errors import YinzhengError


class ConfigurationError(YinzhengError):
    """A setting cannot be used."""


class Trouble(StrEnum):
    """Why a language model gave no answer, or no whole one."""

    UNREACHABLE = "unreachable"  # no connection
    SILENT = "silent"  # nothing came in time
    SLOW = "slow"  # too little came in time
    BUSY = "busy"  # too many questions at once, there or here
    PAUSED = "paused"  # it failed several times and is left alone for a while
    REFUSED = "refused"  # the key, the model's name or the request
    BROKEN = "broken"  # what came is no answer, or the connection broke off
    LONG = "long"  # longer than an answer may be, by the server's limit or ours
    REPEATED = "repeated"  # it says the same over and over
    FILTERED = "filtered"  # the service holds it back


class LanguageModelError(YinzhengError):
    """The language model failed."""

    def __init__(self, message: str, trouble: Trouble = Trouble.BROKEN) -> None:
        """`message` is for whoever runs the program; `trouble` is what a reader is told."""
        super().__init__(message)
        self.trouble = trouble


class LanguageModelUnavailable(LanguageModelError):
    """The model cannot be reached, refuses the key, or is overloaded; it has written nothing."""


class LanguageModelCut(LanguageModelError):
    """The model's answer broke off before its end."""

    def __init__(self, message: str, trouble: Trouble = Trouble.BROKEN, kept: str = "") -> None:
        """`kept` holds the complete sentences by then, with their marks and without repetitions."""
        super().__init__(message, trouble)
        self.kept = kept


class ExportError(YinzhengError):
    """A report or a reference cannot be written."""


class ReportError(YinzhengError):
    """A report to verify cannot be read."""


class ConversationsError(YinzhengError):
    """The file of saved chats cannot be used, or what is asked of it is not there."""


class LimitReached(YinzhengError):
    """A visitor asks for more than is one visitor's share."""

    def __init__(self, message: str, limit: str, seconds: int) -> None:
        """`limit` names which of page.access; after `seconds` there will be room again."""
        super().__init__(message)
        self.limit, self.seconds = limit, seconds


class ShareError(YinzhengError):
    """The page cannot be shared in the way asked for; it goes on for this machine."""


class NotThere(YinzhengError):
    """A document, a place in it, a chat or an answer is not there."""


class ProgramError(YinzhengError):
    """What another program is told when it is not answered; `status` is that of HTTP."""

    def __init__(self, message: str, status: int) -> None:
        """`message` may go to anyone: it names no folder of this machine."""
        super().__init__(message)
        self.status = status
