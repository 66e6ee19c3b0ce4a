"""Answers to show, hostile text to show them with, and a reader of HTML."""

from dataclasses import replace
from html.parser import HTMLParser

from index.types import Metadata, Passage, Scores, Span
from rag.types import Answer, Citation, Claim, Evidence, Status, Timing

HOSTILE = [
    "<script>window.hit = 1</script>",
    '<img src=x onerror="window.hit = 1">',
    "![a](http://outside.example/a.png)",
    "![a][b]\n\n[b]: http://outside.example/b.png",
    "[press](javascript:window.hit=1)",
    "</div></blockquote><h1>out",
    "<http://outside.example/c> www.outside.example a@outside.example",
    "$$x^2$$ `code` ```mermaid\ngraph``` **bold** # title | cell",
    '" onmouseover="window.hit = 1',
    "&lt;script&gt; &#60;script&#62;",
]
CITATION = Citation(
    n=1,
    source="measures.txt",
    title="若干措施",
    publisher="科技局",
    date="2025-08-14",
    url="https://example.org/a?b=1&c=2",
    heading="二、奖励",
    quote="一年封顶1500万元。",
    text="一年封顶1500万元。",
    start=10,
    end=21,
    sha256="0" * 64,
)
ANSWER = Answer(
    question="封顶多少？",
    language="zh",
    text="一年封顶1500万元[1]。",
    refused=False,
    llm="extractive",
    citations=(CITATION,),
    claims=(Claim("一年封顶1500万元。", (1,), Status.SUPPORTED),),
    timing=Timing(100.0, 200.0, 1340.0),
)
REFUSAL = replace(
    ANSWER, text="资料中没有答案。", refused=True, citations=(), claims=(), related=("若干措施",)
)


class Page(HTMLParser):
    """Reads HTML as a browser would: its tags, its text, and whether each tag is closed in turn.

    `text` is what is seen, `told` what a screen reader says besides.
    """

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.told, self.open = [], "", "", []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "br":
            self.text += "\n"
        else:
            self.open.append((tag, "yz-hidden" in (dict(attributes).get("class") or "")))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if any(is_hidden for _, is_hidden in self.open):
            self.told += data
        else:
            self.text += data

    def all(self, name, value):
        return [attributes for _, attributes in self.tags if attributes.get(name) == value]


def page_of(html):
    assert "\n" not in html  # a blank line would end the HTML and begin Markdown
    page = Page(html)
    assert page.open == []
    return page


def read(text: str, heading: str = "", title: str = "") -> Evidence:
    """A passage that was read, the middle of whose text matched."""
    passage = Passage(1, "a.txt", Span(0, len(text)), Span(0, len(text)), text, (heading,))
    matched = (Span(len(text) // 3, len(text) // 2 + 1),)
    scores = Scores(0.87, 12.3, 0.81)
    return Evidence(1, passage, Metadata(title=title), 1.0, scores, matched=matched)
