"""Prompts are files: Markdown with a head that declares its variables, rendered by jinja2.

---
purpose: what it makes a model do
variables: question, passages
---
body
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from index.errors import YinzhengError


class PromptError(YinzhengError):
    """A prompt file and its variables do not fit."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file: `system` and `user` are the parts of its body above and below a line `=== user ===`."""

    name: str
    purpose: str
    variables: frozenset[str]
    system: str
    user: str

    def render(self, values: Mapping[str, object]) -> tuple[str, str]:
        """Return the system and the user message. Raises PromptError for a variable too many or too few."""
        if missing := self.variables - values.keys():
            raise PromptError(f"prompt {self.name} lacks {', '.join(sorted(missing))}")
        if extra := values.keys() - self.variables:
            raise PromptError(f"prompt {self.name} does not declare {', '.join(sorted(extra))}")
        return _render(self.system, values), _render(self.user, values)


_DIVIDER = "\n=== user ===\n"


@cache
def load(name: str) -> Prompt:
    """Read the prompt file `name`.md. Raises PromptError if it is not there, or uses what it does not declare."""
    file = resources.files("prompts") / f"{name}.md"
    if not file.is_file():
        raise PromptError(f"there is no prompt {name}.md")
    head, divider, body = file.read_text("utf-8").removeprefix("---\n").partition("\n---\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    if not divider or _DIVIDER not in body or fields.keys() != {"purpose", "variables"}:
        raise PromptError(
            f"prompt {name}.md needs a head with purpose and variables, and a line {_DIVIDER.strip()!r}"
        )
    system, user = (part.strip() for part in body.split(_DIVIDER))
    declared = frozenset(name.strip() for name in fields["variables"].split(","))
    if (used := _used(system) | _used(user)) != declared:
        raise PromptError(f"prompt {name}.md declares {sorted(declared)} but uses {sorted(used)}")
    return Prompt(name, fields["purpose"], declared, system, user)


def _used(template: str) -> set[str]:
    import jinja2
    import jinja2.meta

    return jinja2.meta.find_undeclared_variables(
        jinja2.Environment(autoescape=False).parse(template)
    )


def _render(template: str, values: Mapping[str, object]) -> str:
    """Values are put in as they are: a template inside a document's text is only text."""
    import jinja2

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    return environment.from_string(template).render(values)
