"""The errors of answering; they hang below YinzhengError of index.errors.

YinzhengError
├── ConfigurationError        a setting or --llm cannot be used
├── PromptError               a prompt file and its variables do not fit
├── LanguageModelError        the language model failed; `trouble` says in which way
│   ├── LanguageModelUnavailable   it cannot be reached, refuses the key, or is overloaded
│   └── LanguageModelCut           its answer broke off; `kept` is what may be shown of it
└── ReportError               a report to verify cannot be read
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


class ReportError(YinzhengError):
    """A report to verify cannot be read."""
