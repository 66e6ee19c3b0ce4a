"""HTML source -> its main text, every character of which knows its place in the source."""

from index.cleaning.glosses import drop_ruby
from index.formats.html_reader import Page, read_page
from index.offsets import Edit, apply_edits, identity
from index.types import CleanText, Dropped, Layout

__all__ = ["Page", "drop_hidden_elements", "drop_markup", "html_layout", "read_page"]


# Longer sources take too much memory to look at line by line.
_MOST_CHARACTERS = 5_000_000


def html_layout(source: str) -> Layout:
    """Return the headings of an HTML source, and what of it a browser does not show."""
    page = read_page(source)
    return Layout(headings=tuple(page.headings), hidden=tuple(page.hidden))


def drop_hidden_elements(text: CleanText) -> CleanText:
    """Drop what a browser does not show; where it is gone already, nothing changes."""
    return _without_hidden(text, read_page(text.text))[0]


def drop_markup(text: CleanText) -> CleanText:
    """Leave the main text of an HTML source: a block a line, in the order of the source.

    A row of a table of data is one line, a tab between its cells. The whole visible text stays
    when no article is found, or the page is very long; cleaning goes on from there.
    """
    from index.formats.main_text import main_lines

    text = drop_ruby(text)
    text, page = _without_hidden(text, read_page(text.text))
    if len(text.text) > _MOST_CHARACTERS:
        return apply_edits(text, page.edits)
    visible = apply_edits(identity(text.text), page.edits)
    lines, kept = main_lines(text.text, page, visible)
    if any(kept):
        edits = [
            Edit(span, "", "outside the main text")
            for span, keep in zip(lines.spans, kept, strict=True)
            if not keep
        ]
        visible = apply_edits(visible, edits)
    return _placed(visible, text)


def _without_hidden(text: CleanText, page: Page) -> tuple[CleanText, Page]:
    """Return a text without what its page hides, and the page that is left."""
    if not page.hidden:
        return text, page
    text = apply_edits(text, [Edit(span, "", "hidden text") for span in page.hidden])
    return text, read_page(text.text)


def _placed(inner: CleanText, text: CleanText) -> CleanText:
    """Return `inner`, whose places are those in the text of `text`, with places in the raw text."""
    if not len(inner.starts):
        starts, ends = inner.starts, inner.ends
    else:
        starts, ends = text.starts[inner.starts], text.ends[inner.ends - 1]
    dropped = [Dropped(text.to_raw(one.span), one.reason) for one in inner.dropped]
    return CleanText(inner.text, starts, ends, (*text.dropped, *dropped))
