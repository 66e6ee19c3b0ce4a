"""Raw text -> clean text, by small steps that each say what they dropped.

Steps are generic: none names a site. Whatever goes is listed with its reason, and every character
that stays knows its place in the raw text. The order matters: first what stands inside lines, then
whole lines, then layout.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from index.cleaning import boilerplate
from index.cleaning.broken_lines import join_broken_lines
from index.cleaning.characters import normalise_characters
from index.cleaning.error_pages import check_error_page
from index.cleaning.glosses import drop_glosses
from index.cleaning.mojibake import check_readable
from index.cleaning.running_lines import drop_running_lines
from index.cleaning.watermarks import TERMINAL, drop_watermarks
from index.errors import EmptyDocument
from index.offsets import Edit, apply_edits, identity
from index.types import CleanText, Layout, Span

Step = Callable[[CleanText], CleanText]

# A line this long that ends a sentence is no row of a table, though a tab indents it.
_SENTENCE_LENGTH = 40

_TAGS = (
    "span|div|p|br|hr|font|strong|a|img|td|tr|th|table|tbody|ul|ol|li|em|b|i|u|h[1-6]|section|o:p"
    "|center|iframe|script|style"
)
_MARKUP = re.compile(
    rf"</?(?:{_TAGS})(?:\s[^<>\n]{{0,400}})?/?>"  # a whole tag
    # a tag that lost its "<", with the broken characters that took its place
    rf"|(?:[?？�]。?[?？�]|[?？�<])?\b(?:{_TAGS})"
    r"(?:\s+[\w:-]{1,30}=(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'))+\s*/?>"
    rf"|[?？�]/(?:{_TAGS})>"
    r"|<!--(?:(?!<!--).){0,2000}?-->",
    re.IGNORECASE | re.DOTALL,
)
FRONT_MATTER = re.compile(r"\A---[ \t]*\n((?:[^\n]*\n){0,40}?)---[ \t]*(?=\n|\Z)")
# Emphasis inside Chinese, where no space parts words: 最高*10万元*; 3*4*5 is none.
_EMPHASIS = re.compile(r"(?<=[\u4e00-\u9fff])\*(\w[^*\n]{0,200}+)\*(?![A-Za-z\d*])")
_LINK = re.compile(r"(?<![\\!])\[([^\[\]\n]{1,200}+)\]\((?:https?://|[/.#])[^()\s]{0,500}+\)")
_MARKDOWN = re.compile(
    r"\*\*|(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])|`"
    # the ruler of a section; of a table, with a bar in front or only inside
    r"|^ *+-{3,}+ *+$"
    r"|^ *+\| *+:?-++:? *+(?:\| *+:?-++:? *+)*+\|? *+$"
    r"|^ *+:?-++:? *+(?:\| *+:?-++:? *+)++\|? *+$"
    r"|^ *+>[ ]?",
    re.MULTILINE,
)
_ENTITY = re.compile(
    r"&(?:nbsp|ensp|emsp|lt|gt|amp|quot|middot|ldquo|rdquo|mdash|hellip|#\d{1,6}"
    r"|#x[0-9a-f]{1,5});",
    re.IGNORECASE,
)
# Who edited a paragraph's page, at its very end: （责任编辑：李明）
_EDITOR = re.compile(
    r"(?<=[^\n])[(（\[【] ?(?:责任编辑|責任編輯|责编|責編|编辑"
    r"|編輯) ?[:：/ ][^()（）\[\]【】\n]{1,20}[)）\]】]"
    r" *$",
    re.MULTILINE,
)


def clean(raw: str, media_type: str = "text/plain", layout: Layout | None = None) -> CleanText:
    """Return the text of a document without its noise.

    Raises ReadError for garbled text and for error pages, EmptyDocument when nothing is left.
    """
    check_readable(raw)
    check_error_page(raw, media_type)
    text = drop_hidden(identity(raw), layout.hidden if layout else ())
    # The sheets of a workbook are pages too, but what they repeat is theirs.
    if layout and media_type == "application/pdf":
        text = drop_running_lines(text, layout.pages)
    if media_type == "text/html":
        from index.formats.markup import drop_markup

        text = drop_markup(text)
    elif media_type == "text/markdown":
        text = drop_markdown(normalise_characters(text))
    for step in STEPS:
        text = step(text)
    if media_type == "text/html":  # around an error there may have been a whole site's menus
        check_error_page(text.text, "text/plain")
    if not text.text:
        raise EmptyDocument(
            "no text is left after cleaning: is it a page of links, or an error page?"
        )
    return text


def drop_hidden(text: CleanText, hidden: Sequence[Span]) -> CleanText:
    """Drop what the reader of the format found not to be shown."""
    return apply_edits(text, [Edit(span, "", "hidden text") for span in hidden])


def drop_markdown(text: CleanText) -> CleanText:
    """Drop front matter, emphasis, rulers, addresses behind links.

    Headings and the bars of tables stay for chunking.
    """
    head = FRONT_MATTER.match(text.text)
    text = apply_edits(text, [Edit(Span(*head.span()), "", "front matter")] if head else [])
    text = apply_edits(text, _around(_LINK, text.text))
    text = apply_edits(text, _around(_EMPHASIS, text.text))
    edits = [Edit(Span(*m.span()), "", "markup") for m in _MARKDOWN.finditer(text.text)]
    return apply_edits(text, edits)


def _around(pattern: re.Pattern[str], text: str) -> Iterator[Edit]:
    """Yield edits that leave of each match only its first group."""
    for match in pattern.finditer(text):
        yield Edit(Span(match.start(), match.start(1)), "", "markup")
        yield Edit(Span(match.end(1), match.end()), "", "markup")


def drop_markup_residue(text: CleanText) -> CleanText:
    """Drop tags and spell out entities that a careless copy left behind, half-eaten ones too."""
    import html

    if ">" in text.text:  # every kind of tag ends so, and most texts have none
        edits = [Edit(Span(*m.span()), "", "markup residue") for m in _MARKUP.finditer(text.text)]
        text = apply_edits(text, edits)
    edits = []
    for match in _ENTITY.finditer(text.text):
        spelled = html.unescape(match[0])
        if spelled != match[0]:
            reason = "" if spelled.strip() else "markup residue"
            edits.append(Edit(Span(*match.span()), spelled, reason))
    return apply_edits(text, edits)


def drop_boilerplate(text: CleanText) -> CleanText:
    """Drop menus, breadcrumbs, widgets, lists of other articles, copyright notices."""
    edits = [Edit(Span(*m.span()), "", boilerplate.WIDGET) for m in _EDITOR.finditer(text.text)]
    text = apply_edits(text, edits)
    edits = []
    lines = text.text.split("\n")
    place = 0
    for line, reason in zip(lines, boilerplate.reasons(lines), strict=True):
        if reason and line.strip():
            edits.append(Edit(Span(place, place + len(line)), "", reason))
        place += len(line) + 1
    return apply_edits(text, edits)


def tidy_layout(text: CleanText) -> CleanText:
    """Leave no space at the ends of lines or doubled inside them, and no empty lines.

    Tabs part the cells of a table, empty cells too; elsewhere they are indentation and go.
    """
    text = _tidy(text, re.compile(" {2,}"), " ")
    if "\t" in text.text:
        text = _tidy(text, re.compile(r" (?=\t)|(?<=\t) "), "")
        text = apply_edits(text, _needless_tabs(text.text))
    # Two forms, so that the many line ends that are right already are passed over.
    text = _tidy(text, re.compile(r" \n[ \n]*|\n[ \n]+"), "\n")
    return _tidy(text, re.compile(r"\A[ \n]+|[ \n]+\Z"), "")


def _needless_tabs(text: str) -> Iterator[Edit]:
    r"""Yield edits of the tabs at the ends of lines, but those that stand for cells of a table.

    Lines with tabs are a table if a tab stands inside one of them: 甲\t乙. Cells that are empty at
    the beginning of a row stay, of those at its end as many as keep it a row.
    """
    block: list[tuple[int, str]] = []
    place = 0
    for line in text.split("\n"):
        if "\t" in line:
            block.append((place, line))
        elif block:
            yield from _needless_tabs_of(block)
            block = []
        place += len(line) + 1
    yield from _needless_tabs_of(block)


def _needless_tabs_of(block: list[tuple[int, str]]) -> Iterator[Edit]:
    is_table = any("\t" in line.strip(" \t") for _, line in block)
    for place, line in block:
        body = line.strip(" \t")
        before = len(line) - len(line.lstrip(" \t"))
        after = len(line) - len(line.rstrip(" \t"))
        if not body:
            yield Edit(Span(place, place + len(line)))
            continue
        indented = not is_table or (before == 1 and _is_sentence(body))
        if before and indented:
            yield Edit(Span(place, place + before))
        kept = 1 if is_table and "\t" not in body and not before else 0
        if after > kept:
            yield Edit(Span(place + len(line) - after + kept, place + len(line)))


def _is_sentence(line: str) -> bool:
    return "\t" not in line and len(line) >= _SENTENCE_LENGTH and line[-1] in TERMINAL


def _tidy(text: CleanText, pattern: re.Pattern[str], replacement: str) -> CleanText:
    found = (m for m in pattern.finditer(text.text) if m[0] and m[0] != replacement)
    return apply_edits(text, [Edit(Span(*m.span()), replacement) for m in found])


STEPS: tuple[Step, ...] = (
    drop_markup_residue,
    normalise_characters,
    tidy_layout,  # blank lines say nothing, and there may be very many of them
    drop_glosses,
    drop_watermarks,
    drop_boilerplate,
    join_broken_lines,
    tidy_layout,
)
