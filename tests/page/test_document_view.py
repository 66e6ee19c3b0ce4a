"""The document view as HTML: what is marked is what is quoted, whatever the document holds."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from hash_encoder import HashEncoder
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import one_in
from starlette.testclient import TestClient

from index.clean import clean
from index.content import make_document
from index.errors import YinzhengError
from index.ingest import ingest
from index.library import Library
from index.offsets import kept_spans
from index.types import CleanText, Layout, Metadata, Span
from page.document_text import MOST_HTML, WINDOW, Asked, Wording, part_of, place_in_clean
from page.document_view import address, document_html, quote_html, router, script_tag
from page.text import _UNSHOWN
from rag.types import Source

WORDING = Wording("page {}", "table", {})
NOISY = (
    "<p>补助</p>最高500万元。</mark><script>window.__x=1</script>\n甲\t乙\t丙\n一\t二\t三\n"
    "| 项目 | 金额 |\n| --- | --- |\n| 甲 | 5 |\n&nbsp;&amp;东莞市（dōng guǎn shì）发布办法\u3000\n"
)


VOID = {"br", "link", "meta"}


class Marks(HTMLParser):
    """The text of the <mark> elements, of faint runs, and of all."""

    def __init__(self, html):
        super().__init__()
        self.marked, self.faint, self.all, self.ids, self.tags = "", "", "", [], []
        self.in_mark = self.in_faint = 0
        self.depth = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.in_mark += tag == "mark"
        if tag not in VOID:
            self.depth.append((tag, dict(attrs).get("class", "")))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        opened, _ = self.depth.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"
        self.in_mark -= tag == "mark"

    def handle_data(self, data):
        inside = any(class_ == "yz-doc-left" for _, class_ in self.depth)
        self.marked += data * (self.in_mark > 0)
        self.faint += data * inside
        self.all += data


def shown(text):
    """What a browser may show of a text: line ends are one kind, nothing turns writing around."""
    return _UNSHOWN.sub("", re.sub("\r\n?|[\x0b\x0c\x85\u2028\u2029]", "\n", text))


def source_of(raw, media_type="text/plain", layout=None):
    document = make_document("a.txt", raw, media_type, layout=layout)
    return Source(document, clean(document.raw, media_type, layout))


def cleaned_source(raw):
    """A source, whose text is all kept when cleaning would leave nothing of it."""
    from index.offsets import identity

    document = make_document("a.txt", raw, "text/plain")
    try:
        return Source(document, clean(document.raw))
    except YinzhengError:
        return Source(document, identity(document.raw))


SNIPPETS = st.sampled_from(
    [
        *(
            "补助最高500万元。",
            "<mark>",
            "</mark>",
            "<b>",
            "&lt;",
            "&amp;",
            "&",
            "<",
            ">",
            '"',
            "'",
        ),
        *("\n", "\r\n", "\r", "\n\n", "\t", " ", "\u3000", "\xa0", "\u200b", "\ufeff", "\u2028"),
        *(
            "\ud800",
            "\U0001f600",
            "𠮷",
            "مرحبا",
            "שלום",
            "\u202e",
            "\x00",
            "\x1b",
            "ﬁ",
            "⻚",
            "１２",
        ),
        *("<img src=x onerror=window.__x=1>", "<!--", "-->", "</p>", "甲\t乙", "| a | b |", "# 题"),
        *("（dōng guǎn）东莞", "版权所有：某网站", "首页 > 政策", "第一章 总则", "a", "。"),
    ]
)
TEXTS = st.lists(SNIPPETS, min_size=1, max_size=40).map("".join)


@st.composite
def quoted(draw):
    source = cleaned_source(draw(TEXTS))
    size = len(source.document.raw)
    places = st.tuples(st.integers(0, size - 1), st.integers(1, size))
    spans = draw(st.lists(places, min_size=1, max_size=3))
    return source, tuple(sorted(Span(min(a, b - 1), max(a + 1, b)) for a, b in spans))


def union(spans):
    return sorted({place for span in spans for place in range(span.start, span.end)})


@given(quoted())
def test_the_marks_hold_the_cleaned_text_of_the_spans(case):
    source, spans = case
    html = part_of(source, Asked(spans), WORDING).html
    wanted = union([place_in_clean(source.clean, span) for span in spans])
    assert Marks(html).marked == shown("".join(source.clean.text[place] for place in wanted))


@given(quoted())
def test_with_what_was_left_out_the_marks_hold_the_raw_text_of_the_spans(case):
    source, spans = case
    html = part_of(source, Asked(spans, dropped=True), WORDING).html
    raw = re.sub("\r(?!\n)", "\n", source.document.raw)
    assert Marks(html).marked == shown_places(raw, union(spans))


def shown_places(raw, places):
    raw = re.sub("[\x0b\x0c\x85\u2028\u2029]", "\n", raw)
    return _UNSHOWN.sub("", "".join(raw[place] for place in places))


@given(TEXTS)
def test_all_that_was_kept_is_shown_and_with_what_was_left_out_all_of_the_file(raw):
    source = cleaned_source(raw)
    assert Marks(part_of(source, Asked(), WORDING).html).all.replace("\n", "") == shown(
        source.clean.text
    ).replace("\n", "")
    everything = Marks(part_of(source, Asked(dropped=True), WORDING).html)
    assert everything.all.replace("\n", "") == shown(source.document.raw).replace("\n", "")


@given(TEXTS)
def test_what_is_faint_is_what_cleaning_did_not_keep(raw):
    source = cleaned_source(raw)
    faint = Marks(part_of(source, Asked(dropped=True), WORDING, source.clean.dropped).html).faint
    kept = set(union(kept_spans(source.clean)))
    left = "".join(c for i, c in enumerate(source.document.raw) if i not in kept)
    assert "".join(faint.split()) == "".join(shown(left).split())


@given(quoted(), st.booleans())
def test_no_tag_comes_from_the_document_and_the_anchor_stands_once(case, dropped):
    source, spans = case
    part = part_of(source, Asked(spans, dropped=dropped), WORDING, source.clean.dropped)
    found = Marks(part.html)
    ours = {"p", "mark", "span", "div", "table", "tbody", "tr", "td", *(f"h{n}" for n in range(7))}
    assert {tag for tag, _ in found.tags} <= ours
    assert not any(name.startswith("on") for _, attrs in found.tags for name in attrs)
    assert found.ids == ["quote"] * part.is_marked
    assert found.depth == []


def test_the_span_of_a_clean_quotation_leads_back_to_it():
    source = source_of(NOISY, "text/markdown")
    start = source.clean.text.index("最高500万元")
    span = Span(start, start + len("最高500万元。"))
    html = part_of(source, Asked((source.clean.to_raw(span),)), WORDING).html
    assert Marks(html).marked == "最高500万元。"


def test_rows_become_tables_and_headings_headings():
    tables = "甲\t乙\n1\t2\n\n| 项目 | 金额 |\n| --- | --- |\n| 研发 | 5 |\n"
    raw = f"# 办法\n\n{tables}\n一、总则\n\n正文。\n"
    source = source_of(raw, "text/markdown")
    html = part_of(source, Asked(), WORDING, headings={"一、总则": 2}, outer=1).html
    assert '<h2><span class="yz-doc-syntax">&#35; </span>办法\n</h2>' in html
    assert "<h3>一、总则\n</h3>" in html
    assert [len(row) for row in rows_of(html)] == [2, 2, 2, 2]


def rows_of(html):
    return [re.findall("<td>", row) for row in re.findall("<tr>(.*?)</tr>", html, re.DOTALL)]


def test_declared_headings_and_pages_show_where_they_begin():
    raw = "总则\n第一页的正文。\n附则\n第二页的正文。\n"
    layout = Layout((0, raw.index("附则")), ((Span(0, 2), 1),))
    html = part_of(source_of(raw, layout=layout), Asked(), WORDING).html
    assert "<h3>" in html and html.index("<h3>") < html.index("总则")
    assert html.index('data-page="page 2"') < html.index("附则") < html.index("第二页")
    assert html.count("data-page=") == 2


def test_a_dropped_run_says_why_in_the_reader_s_words():
    source = source_of("东莞市（dōng guǎn shì）发布办法，支持企业研发。\n" * 3)
    wording = replace(WORDING, left_out={"pinyin gloss": "拼音注音"})
    html = part_of(source, Asked(dropped=True), wording, source.clean.dropped).html
    assert 'title="拼音注音"' in html and 'aria-label="拼音注音"' in html


# --- long documents


def long_source(length, line="补助最高五百万元，单个企业每年不超过一千五百万元。\n"):
    raw = (line * (length // len(line) + 1))[:length]
    places = np.arange(length + 1, dtype=np.int32)
    document = make_document("a.txt", raw, "text/plain")
    return Source(document, CleanText(raw, places[:-1], places[1:]))


LINES = ["补助最高五百万元。\n", "补助", "<b>\t|\n", "\n", "\t", '&"<>']


@pytest.mark.parametrize(
    ("line", "dropped"), one_in(5, [(line, is_) for is_ in (False, True) for line in LINES])
)
def test_only_a_part_of_a_long_document_goes_out_with_the_quotation_in_it(line, dropped):
    source = long_source(1_000_000, line)
    span = Span(700_001, 700_050)
    part = part_of(source, Asked((span,), dropped=dropped), WORDING)
    assert len(part.html) <= MOST_HTML
    assert Marks(part.html).marked == shown(span.of(source.document.raw))
    assert part.earlier < span.start < span.end < part.later


@settings(max_examples=3)
@given(st.lists(SNIPPETS, min_size=20, max_size=60).map("".join), st.booleans())
def test_the_later_parts_together_hold_all_of_a_long_document(text, dropped):
    source = cleaned_source(text * (3 * WINDOW // len(text)))
    seen, place, steps = "", 0, 0
    while place is not None:
        part = part_of(source, Asked((), place, dropped), WORDING)
        assert part.later is None or part.later > place
        seen, place, steps = seen + Marks(part.html).all, part.later, steps + 1
    all_of = source.document.raw if dropped else source.clean.text
    assert "".join(seen.split()) == "".join(shown(all_of).split())
    assert steps > 1 or len(all_of) <= WINDOW


def test_earlier_parts_lead_to_the_beginning():
    source, place, steps = long_source(200_000), 190_000, 0
    while (before := part_of(source, Asked((), place), WORDING).earlier) is not None:
        assert before < place
        place, steps = before, steps + 1
    assert place == 0 and steps < 20


def test_a_span_over_all_of_a_document_is_marked_part_by_part():
    source = long_source(100_000)
    part = part_of(source, Asked((Span(0, 100_000),)), WORDING)
    assert part.is_marked and part.later is not None
    assert part_of(source, Asked((Span(0, 100_000),), part.later), WORDING).is_marked


# --- the library's documents, and addresses


@pytest.fixture(scope="module")
def library(tmp_path_factory, samples):
    folder = tmp_path_factory.mktemp("documents")
    with Library(folder / "library", HashEncoder(), create=True) as library:
        ingest(library, [samples])
        yield library


@pytest.fixture(scope="module")
def client(library):
    from fastapi import FastAPI

    app = FastAPI()
    app.include_router(router(SimpleNamespace(library=library)))
    with TestClient(app) as client:
        yield client


ID = "dongguan-measures.txt"


def headline(library):
    raw = library.document(ID).raw
    start = raw.index("硼")
    return Span(start, raw.index("\n", start))


def test_a_document_shows_what_is_known_of_it_and_the_quotation(library):
    span = headline(library)
    html = document_html(library, ID, [span], "en")
    found = Marks(html)
    known = library.metadata(ID)
    clean_text = library.clean_text(ID)
    assert found.marked == place_in_clean(clean_text, span).of(clean_text.text)
    for value in (known.title, known.publisher, known.date, ID):
        assert value in found.all
    assert f"characters {span.start:,}–{span.end:,}" in found.all


@pytest.mark.parametrize("dropped", [False, True])
def test_every_passage_of_the_samples_is_marked_as_it_was_cited(library, dropped):
    for id_ in library.document_ids():
        raw = library.document(id_).raw
        for passage in library.passages_of(id_)[:3]:
            html = document_html(library, id_, [passage.raw_span], "zh", dropped)
            wanted = passage.raw_span.of(raw) if dropped else passage.text
            assert Marks(html).marked == shown(wanted)


def test_headings_of_passages_are_headings_of_the_page(library):
    for id_ in library.document_ids():
        over = {heading for one in library.passages_of(id_) for heading in one.heading}
        lines = set(library.clean_text(id_).text.split("\n"))
        html = document_html(library, id_, [], "zh")
        named = re.findall(r"<h[3-6]>(.*?)\n?</h[3-6]>", html, re.DOTALL)
        headings = {Marks(f"<p>{one}</p>").all.lstrip("# ") for one in named}
        assert {one for one in over & lines} <= headings


def test_reprints_of_a_document_are_named_and_linked(library, monkeypatch):
    copies = (ID, *(id_ for id_ in library.document_ids() if id_ != ID))[:3]
    monkeypatch.setattr(library, "copies", lambda id_: copies)
    found = Marks(document_html(library, ID, [], "en"))
    links = [attrs["href"] for tag, attrs in found.tags if tag == "a"]
    assert {address(other) for other in copies[1:]} <= set(links)
    assert all(library.metadata(other).title in found.all for other in copies[1:])


@pytest.mark.parametrize(
    ("language", "label"), [("zh", "显示清理掉的内容"), ("zh-Hant", "顯示"), ("en", "Show what")]
)
def test_a_page_is_in_the_language_of_its_reader(client, library, language, label):
    client.cookies.set("yz-language", language)
    page = client.get("/" + address(ID, [headline(library)]))
    client.cookies.clear()
    assert page.status_code == 200
    assert label in page.text
    assert 'id="quote"' in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("id=nothing.txt", 404),
        ("", 422),
        ("id=", 422),
        (f"id={ID}&start=0", 422),
        (f"id={ID}&start=5&end=5", 422),
        (f"id={ID}&start=9&end=5", 422),
        (f"id={ID}&start=-5&end=5", 422),
        (f"id={ID}&start=a&end=b", 422),
        (f"id={ID}&start=１&end=２", 422),
        (f"id={ID}&start=1e3&end=2e3", 422),
        (f"id={ID}&start=0&end=99999999", 404),
        (f"id={ID}&start=0&end={'9' * 5000}", 422),
        (f"id={ID}&from=99999999", 404),
        (f"id={ID}&from=x", 422),
        (f"id={ID}" + "&start=0&end=9" * 51, 422),
        ("id=%00%ff../../etc/passwd", 404),
        ("id=<script>window.__x=1</script>", 404),
    ],
)
@pytest.mark.parametrize("route", ["document", "document/fragment", "document/quote"])
def test_a_wrong_address_gets_a_line_of_ours(client, route, query, status):
    if route == "document/quote" and "start" not in query and status == 404:
        status = 422
    answer = client.get(f"/{route}?{query}", headers={"accept-language": "en"})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert "Traceback" not in answer.text and "<script" not in answer.text
    assert answer.headers["content-type"].startswith("text/html")


def test_a_damaged_document_is_a_line_and_not_a_traceback(tmp_path, samples):
    from fastapi import FastAPI

    with Library(tmp_path / "library", HashEncoder(), create=True) as library:
        ingest(library, [samples / ID])
        library.store.connection.execute("UPDATE documents SET raw = x'00'")
        app = FastAPI()
        app.include_router(router(SimpleNamespace(library=library)))
        answer = TestClient(app).get(f"/document?id={ID}")
    assert answer.status_code == 500
    assert 'role="alert"' in answer.text and "x'00'" not in answer.text


def test_the_download_is_the_raw_text_and_cannot_be_taken_for_a_page(client, library):
    for id_ in library.document_ids():
        answer = client.get("/document/raw", params={"id": id_})
        assert answer.content == library.document(id_).raw.encode("utf-8")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.get("/document/raw?id=nothing").status_code == 404


def test_a_card_shows_the_quotation_and_the_sentences_around_it(library):
    raw = library.document(ID).raw
    spans = library.passages_of(ID)[1].raw_span
    middle = raw.index("。", spans.start) + 1
    end = raw.index("。", middle) + 1
    found = Marks(quote_html(library, ID, [Span(middle, end)], "en"))
    clean_text = library.clean_text(ID)
    inner = place_in_clean(clean_text, Span(middle, end))
    assert found.marked == inner.of(clean_text.text)
    assert library.metadata(ID).title in found.all


def test_the_addresses_of_a_page_work_below_any_path(client, library):
    found = Marks(client.get("/" + address(ID, [headline(library)])).text)
    own = [a["href"] for _, a in found.tags if "href" in a and not a["href"].startswith("http")]
    assert len(own) > 3
    assert all(not href.startswith("/") for href in own)


def test_the_script_and_the_style_ask_for_nothing_outside(client):
    for name in ("script.js", "style.css"):
        text = client.get(f"/document/{name}").text
        assert not re.search(r"https?:|//[a-z]+\.|@import|url\(|eval|new Function", text)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("为支持企业发展", "zh-Hans"),
        ("為支持企業發展", "zh-Hant"),
        ("To support firms", "en"),
        ("مرحبا", "und"),
        ("", "und"),
    ],
)
def test_a_text_is_tagged_by_its_script(text, tag):
    assert script_tag(text) == tag


HOSTILE = '"><img src=x onerror=window.__x=1>\u202e<script>window.__x=1</script>&quot;'


def test_hostile_metadata_is_text(library, monkeypatch):
    fields = ("title", "publisher", "issuer", "document_number", "status", "region", "url")
    known = Metadata(**dict.fromkeys(fields, HOSTILE))
    document = replace(library.document(ID), metadata=known)
    monkeypatch.setattr(library, "document", lambda id_: document)
    for html in (
        document_html(library, ID, [Span(0, 9)], "en"),
        quote_html(library, ID, [Span(0, 9)], "en"),
    ):
        found = Marks(html)
        assert not {"img", "script"} & {tag for tag, _ in found.tags}
        assert "<img src=x onerror=window.__x=1>" in found.all
        assert "\u202e" not in found.all
