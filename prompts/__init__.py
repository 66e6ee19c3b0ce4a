"""Prompts are files: Markdown with a head that declares its variables, rendered by jinja2.

---
purpose: what it makes a model do
variables: question, passages
---
body
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from index.errors import YinzhengError


class PromptError(YinzhengError):
    """A prompt file and its variables do not fit."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file: `system` and `user` are what stands above and below `=== user ===`."""

    name: str
    purpose: str
    variables: frozenset[str]
    system: str
    user: str

    def render(self, values: Mapping[str, object]) -> tuple[str, str]:
        """Return the system and the user message.

        Raises PromptError for a variable too many or too few.
        """
        if missing := self.variables - values.keys():
            raise PromptError(f"prompt {self.name} lacks {', '.join(sorted(missing))}")
        if extra := values.keys() - self.variables:
            raise PromptError(f"prompt {self.name} does not declare {', '.join(sorted(extra))}")
        return _render(self.system, values), _render(self.user, values)


_DIVIDER = "\n=== user ===\n"


@cache
def load(name: str) -> Prompt:
    """Read the prompt file `name`.md. Raises PromptError if it is not there or not one."""
    file = resources.files("prompts") / f"{name}.md"
    if not file.is_file():
        raise PromptError(f"there is no prompt {name}.md")
    return parse(name, file.read_text("utf-8"))


def parse(name: str, text: str) -> Prompt:
    """Return the prompt that a file holds.

    Raises PromptError unless it has a head and both parts, and uses just what it declares.
    """
    head, divider, body = text.removeprefix("---\n").partition("\n---\n")
    fields = dict(line.partition(": ")[::2] for line in head.splitlines())
    parts = [part.strip() for part in body.split(_DIVIDER)]
    whole = fields.keys() == {"purpose", "variables"} and all(fields.values())
    if not divider or len(parts) != 2 or not whole:
        raise PromptError(
            f"prompt {name} needs a head with purpose and variables, "
            f"and one line {_DIVIDER.strip()!r}"
        )
    declared = frozenset(variable.strip() for variable in fields["variables"].split(","))
    if (used := _used(name, parts)) != declared:
        raise PromptError(f"prompt {name} declares {sorted(declared)} but uses {sorted(used)}")
    return Prompt(name, fields["purpose"], declared, *parts)


def _used(name: str, templates: Iterable[str]) -> set[str]:
    import jinja2
    import jinja2.meta

    environment = jinja2.Environment(autoescape=False)
    try:
        parsed = [environment.parse(template) for template in templates]
    except jinja2.TemplateSyntaxError as error:
        raise PromptError(f"prompt {name} is no template: {error}") from error
    return set().union(*map(jinja2.meta.find_undeclared_variables, parsed))


def _render(template: str, values: Mapping[str, object]) -> str:
    """Values are put in as they are: a template inside a document's text is only text."""
    return str(_compiled(template).render(values))


@cache  # the files, each in both scripts
def _compiled(template: str) -> Any:
    import jinja2

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    return environment.from_string(template)
