"""The errors of answering; they hang below YinzhengError of index.errors.

YinzhengError
├── ConfigurationError        a setting or --llm cannot be used
├── PromptError               a prompt file and its variables do not fit
├── LanguageModelError        the language model failed
│   ├── LanguageModelUnavailable   it cannot be reached, refuses the key, or is overloaded
│   └── LanguageModelCut           its answer broke off
└── ReportError               a report to verify cannot be read
"""

from index.errors import YinzhengError


class ConfigurationError(YinzhengError):
    """A setting cannot be used."""


class LanguageModelError(YinzhengError):
    """The language model failed."""


class LanguageModelUnavailable(LanguageModelError):
    """The model cannot be reached, refuses the key, or is overloaded."""


class LanguageModelCut(LanguageModelError):
    """The model's answer broke off before its end."""


class ReportError(YinzhengError):
    """A report to verify cannot be read."""
