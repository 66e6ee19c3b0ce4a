"""Markdown files with footnotes, as GitHub and pandoc read them: written, and read back."""

import html
import re
from collections.abc import Iterator
from typing import Any

from rag.errors import ReportError
from rag.export import pandoc
from rag.export.compose import RECORD, compose
from rag.export.pandoc import Node
from rag.export.record import read_record
from rag.export.shown import read_place, split_note
from rag.export.types import Report, Visible, Written

# No HTML, no mathematics: what is no footnote, heading or link is text.
_FORMAT = "gfm-raw_html-tex_math_dollars-tex_math_gfm-emoji+footnotes"
_NOTE = re.compile(r"\[\^(\w{1,20})\]: ?(.*)")
_CALL = re.compile(r"\[\^(\w{1,20})\]")
_FENCE = re.compile(r"(`{3,50}) ?" + RECORD)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])|&(#?\w{1,31});")
# What Markdown could take for more than text: anywhere, and at the beginning of a line.
_SPECIAL = re.compile(r"[\\`*_\[\]<>&#~^$|!@]")
_LEADING = re.compile(r"^(\d{0,20})([.)+=:-])")
_MARKS = ("“", "「")


# --- writing


def write_markdown(report: Report) -> bytes:
    """Return a report as a Markdown file in UTF-8. Raises ExportError."""
    tree = compose(report, "md")
    tree["blocks"].insert(0, pandoc.header(1, tree["meta"].pop("title")["c"]))
    return pandoc.run_pandoc(_escaped(tree), f"--to={_FORMAT}", "--wrap=none")


def _escaped(value: Any) -> Any:
    """Return a tree whose words are Markdown that shows them as they are.

    pandoc 3.9 leaves &lt; as it is, and loses what follows a backslash.
    """
    if isinstance(value, list):
        return [_escaped(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if value.get("t") == "Link" and (address := _bare_address(value)):
        return _raw(f"<{address}>")
    if value.get("t") == "Str":
        return _raw(_LEADING.sub(r"\1\\\2", _SPECIAL.sub(r"\\\g<0>", value["c"])))
    return {name: _escaped(inner) for name, inner in value.items()}


def _raw(markdown: str) -> Node:
    return {"t": "RawInline", "c": ["markdown", markdown]}


def _bare_address(link: Node) -> str:
    """Return the address of a link that shows it, if it may stand between < and >."""
    address = str(link["c"][2][0])
    is_bare = pandoc.plain(link["c"][1]) == address and not set(address) & set("<>\\ `;")
    return address if is_bare else ""


# --- reading


def read_markdown(text: str) -> Written:
    """Return what a Markdown file shows and records. Raises ReportError."""
    lines = text.splitlines()
    rows, shown = _split(lines)
    notes = {name: _of_note(parts) for name, parts in _notes(shown).items()}
    return Written(read_record(rows) if rows else (), tuple(_visible(shown, notes)))


def _split(lines: list[str]) -> tuple[str, list[str]]:
    """Return the record, "" without one, and the lines that are not of it."""
    for i, line in enumerate(lines):
        if fence := _FENCE.fullmatch(line.strip()):
            ends = (j for j in range(i + 1, len(lines)) if lines[j].strip() == fence[1])
            end = next(ends, None)
            if end is None:
                raise ReportError("the record in the report is cut off")
            return "\n".join(lines[i + 1 : end]), lines[:i] + lines[end + 1 :]
    return "", lines


def _notes(lines: list[str]) -> dict[str, list[str]]:
    """Return name -> the paragraphs of each note."""
    notes: dict[str, list[list[str]]] = {}
    current: list[list[str]] | None = None  # paragraphs, each of lines
    for line in lines:
        if match := _NOTE.match(line):
            current = notes.setdefault(match[1], [])
            current.append([match[2]])
        elif current is None:
            continue
        elif not line.strip():
            current.append([])
        elif current[-1] or line.startswith(("    ", "\t")):  # the first may go unindented
            current[-1].append(line.strip())
        else:
            current = None
    return {
        name: [_plain(" ".join(part)) for part in parts if part] for name, parts in notes.items()
    }


def _plain(markdown: str) -> str:
    """Return the characters that escaped text stands for."""
    return _ESCAPE.sub(
        lambda match: match[1] or html.unescape(match[0]), markdown.replace("<br>", " ")
    ).strip()


def _of_note(parts: list[str]) -> Visible | None:
    """Return what a note shows, None if it is none of ours."""
    place = read_place(parts[-1]) if parts else None
    if not place:
        return split_note(" ".join(parts))
    quote = parts[-2] if len(parts) > 1 and parts[-2].startswith(_MARKS) else ""
    return Visible(quote, place)


def _visible(lines: list[str], notes: dict[str, Visible | None]) -> Iterator[Visible]:
    """Yield the quotations of the notes, or those before a note that has but a place."""
    number = 0
    for line in lines:
        if _NOTE.match(line):
            continue
        end = 0
        for call in _CALL.finditer(line):
            found, number = notes.get(call[1]), number + 1
            before = _plain(line[end : call.start()].removeprefix("> "))
            in_text = before if line.startswith(">") and before.startswith(_MARKS) else ""
            if found and (quote := found.quote or in_text):
                yield Visible(quote, found.place, number)
            end = call.end()
