"""What an HTML source shows, as plain lines: for reading metadata, not for citing.

Unlike the cleaned text it holds what stands around the article: publication lines, head tables.
"""

import html
import re

# Each alternative uses up what it hides, to the end if it is never closed: so one pass is enough.
_INVISIBLE = re.compile(
    r"<!--.*?(?:-->|\Z)|<script\b.*?(?:</script[^>]*>|\Z)|<style\b.*?(?:</style[^>]*>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_TITLE = re.compile(r"<title\b[^>]*>[^<]*", re.IGNORECASE)
_CELL = re.compile(r"<t[dh]\b[^<>]*>", re.IGNORECASE)
_ROW = re.compile(r"<tr\b[^<>]*>", re.IGNORECASE)
_BLOCK = re.compile(
    r"</?(?:address|article|aside|blockquote|body|br|caption|center|dd|div|dl|dt|figure|footer|form"
    r"|h[1-6]|header|hr|html|legend|li|main|nav|ol|option|p|pre|section|table|tbody|tfoot|thead"
    r"|ul)\b[^<>]*>|</tr\b[^<>]*>",
    re.IGNORECASE,
)
_TAG = re.compile(r"</?[a-z!?][^<>]*>", re.IGNORECASE)
_CELL_MARK, _ROW_MARK = "\x01", "\x02"


def visible_lines(source: str) -> list[str]:
    """Return the lines of an HTML source that are not empty, cells of a table row parted by TAB.

    Linear in the length of the source.
    """
    text = _TITLE.sub("", _INVISIBLE.sub(" ", source), count=1)
    text = " ".join(text.split())
    text = _BLOCK.sub("\n", _ROW.sub(_ROW_MARK, _CELL.sub(_CELL_MARK, text)))
    lines = _unescaped(_TAG.sub("", text)).replace(_ROW_MARK, "\n").split("\n")
    return [row for line in lines if (row := _row(line))]


def _row(line: str) -> str:
    """Return a line with single spaces and TABs between cells, of which the first has none."""
    cells = [" ".join(cell.split()) for cell in line.split(_CELL_MARK)]
    return "\t".join(cells).strip()


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # a reference with more digits than int() reads
        return text
