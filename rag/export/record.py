r"""The record: what a written report holds as data, so that its quotations can be checked; pure.

It is JSON of ASCII punctuation and visible characters alone: what is invisible, no character of
XML, or markup somewhere is written as \uXXXX, so that it comes back as it was.
"""

import json
import re
from typing import Any

from rag.collected import Item
from rag.errors import ReportError
from rag.export.types import Report
from rag.types import Citation

FORM = 1  # of the record; a newer program reads older ones
_KEY = "yinzheng"
_KEPT = ("n", "quote", "text", "source", "start", "end", "sha256", "page", "title", "url")
# Also <, > and &, and the ` of Markdown's fences.
_ESCAPED = re.compile(
    "[<>&`\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)


def record(report: Report) -> str:
    """Return the record of a report, a line for each citation."""
    rows = [_row(item) for item in report.items]
    head = {_KEY: FORM, "title": report.title, "style": report.style, "accessed": report.accessed}
    lines = [f'"answers":[{",".join(rows)}\n]']
    return _dumped(head)[:-1] + ",\n" + lines[0] + "}"


def _row(item: Item) -> str:
    cited = ",\n".join(_dumped(_citation_row(citation)) for citation in item.citations)
    return f'\n{{"id":{_dumped(item.question)},"citations":[\n{cited}]}}'


def _citation_row(citation: Citation) -> dict[str, Any]:
    return {name: value for name in _KEPT if (value := getattr(citation, name)) is not None}


def _dumped(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _ESCAPED.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1] if ord(match[0]) > 0x7E else f"\\u{ord(match[0]):04x}"


def read_record(text: str) -> tuple[dict[str, Any], ...]:
    """Return the answers of a record, each with `id` and `citations`.

    Raises ReportError if it is none.
    """
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"[:120]
        raise ReportError(f"the record in the report is damaged ({reason})") from error
    rows = whole.get("answers") if isinstance(whole, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ReportError("the record in the report is damaged: it holds no answers")
    if isinstance(form := whole.get(_KEY), int) and form > FORM:
        raise ReportError(f"the report is of a newer program (form {form}, read is {FORM})")
    return tuple(rows)
