"""pandoc, a child process that reads a syntax tree: no network, limited time and memory."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from index.script import encodable
from rag.errors import ExportError

Node = dict[str, Any]  # of pandoc's syntax tree: {"t": its name, "c": its content}

STYLES = Path(__file__).resolve().parents[1] / "styles"
# A report of 1,000 citations takes 4 s.
_SECONDS = 60
_MEMORY = "-M1g"  # of pandoc's heap; that report takes some 300 MB
_API = [1, 23, 1]  # version of the syntax tree
_NONE: Mapping[str, str] = MappingProxyType({})


@cache
def _program() -> str:
    try:
        import pypandoc  # type: ignore[import-untyped,unused-ignore]

        return str(pypandoc.get_pandoc_path())
    except (ImportError, OSError) as error:
        raise ExportError(
            "pandoc is not there: `pip install pypandoc_binary` brings it along"
        ) from error


def run_pandoc(tree: Node, *options: str) -> bytes:
    """Return what pandoc writes for a document tree.

    Raises ExportError if it fails or takes longer than a minute.
    """
    # What is in the user's own data folder must not change a report: --data-dir.
    sandboxed = ("--sandbox", f"--data-dir={STYLES}", "--from=json", "--output=-")
    command = [_program(), *sandboxed, *options, "+RTS", _MEMORY, "-RTS"]
    environment = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            command,
            input=json.dumps(tree).encode(),
            capture_output=True,
            timeout=_SECONDS,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ExportError(f"pandoc took more than {_SECONDS} s: export fewer answers") from error
    except OSError as error:
        raise ExportError(f"pandoc could not be started: {error}") from error
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[:200]
        raise ExportError(f"pandoc failed with code {done.returncode}: {said}")
    return done.stdout


def read_tree(tree: Node, *options: str) -> Node:
    """Return a document tree as pandoc's filters leave it."""
    found: Node = json.loads(run_pandoc(tree, "--to=json", *options))
    return found


# --- nodes


def document(blocks: Sequence[Node], meta: Node | None = None) -> Node:
    """Return a whole tree."""
    return {"pandoc-api-version": _API, "meta": meta or {}, "blocks": list(blocks)}


def text(value: str) -> list[Node]:
    """Return inlines that show `value` as it is, whatever markup it may look like."""
    nodes: list[Node] = []
    for i, word in enumerate(encodable(value).split(" ")):
        if i:
            nodes.append({"t": "Space"})
        if word:
            nodes.append({"t": "Str", "c": word})
    return nodes


def para(inlines: Sequence[Node]) -> Node:
    """Return a paragraph."""
    return {"t": "Para", "c": list(inlines)}


def header(level: int, inlines: Sequence[Node], id_: str = "") -> Node:
    """Return a heading."""
    return {"t": "Header", "c": [level, [id_, [], []], list(inlines)]}


def block_quote(*blocks: Node) -> Node:
    """Return a quotation that stands apart."""
    return {"t": "BlockQuote", "c": list(blocks)}


def note(*blocks: Node) -> Node:
    """Return a footnote."""
    return {"t": "Note", "c": list(blocks)}


def superscript(inlines: Sequence[Node]) -> Node:
    """Return raised inlines."""
    return {"t": "Superscript", "c": list(inlines)}


def code_block(value: str, *classes: str, **attributes: str) -> Node:
    """Return text that stands as it is; `id` among the attributes is its identifier."""
    id_ = attributes.pop("id", "")
    return {"t": "CodeBlock", "c": [[id_, list(classes), list(attributes.items())], value]}


def _attributes(style: str, values: Mapping[str, str]) -> list[Any]:
    classes = [style.lower().replace(" ", "-")]
    return ["", classes, [("custom-style", style), *values.items()]]


def span(style: str, inlines: Sequence[Node], values: Mapping[str, str] = _NONE) -> Node:
    """Return inlines of a character style of Word, which is a class in HTML too."""
    return {"t": "Span", "c": [_attributes(style, values), list(inlines)]}


def div(style: str, *blocks: Node) -> Node:
    """Return blocks of a paragraph style of Word, which is a class in HTML too."""
    return {"t": "Div", "c": [_attributes(style, _NONE), list(blocks)]}


def meta_text(value: str) -> Node:
    """Return a metadata value that is mere text."""
    return {"t": "MetaInlines", "c": text(value)}


def plain(inlines: Sequence[Node]) -> str:
    """Return the characters of inlines; links give their text."""
    parts: list[str] = []
    waiting = list(reversed(inlines))
    while waiting:
        node = waiting.pop()
        content = node.get("c")
        if node["t"] in ("Space", "SoftBreak", "LineBreak"):
            parts.append(" ")
        elif node["t"] == "Str":
            parts.append(str(content))
        elif isinstance(content, list):
            waiting.extend(reversed(_inlines_of(node["t"], content)))
    return "".join(parts)


def _inlines_of(kind: str, content: list[Any]) -> list[Node]:
    if kind in ("Span", "Link", "Quoted", "Cite"):
        inner: list[Node] = content[1]
        return inner
    return [one for one in content if isinstance(one, dict) and "t" in one]
