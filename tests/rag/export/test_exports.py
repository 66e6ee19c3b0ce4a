import io
import re
import zipfile

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from lxml import etree
from reports import HASH, KNOWN, MARKUP, citation, passages, report

from rag.collected import Item
from rag.errors import ExportError
from rag.export.files import export, format_of, read_written
from rag.export.shown import place_key, quoted, same_quotation
from rag.export.types import Place

READABLE = ("docx", "md", "html")
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
TEXTS = st.text(st.characters(), min_size=1, max_size=40)


@pytest.fixture(scope="module")
def written():
    """Return the files of a report, by format and language."""
    return {
        (format_, language): export(report(language=language), format_)
        for format_ in READABLE
        for language in ("zh", "en")
    }


def read(tmp_path, data, format_):
    path = tmp_path / f"report.{format_}"
    path.write_bytes(data)
    return read_written(path)


@pytest.mark.parametrize("format_", READABLE)
@settings(max_examples=2, phases=_NO_SHRINKING)  # each runs pandoc twice, for many texts
@given(texts=st.lists(TEXTS, min_size=8, max_size=12), language=st.sampled_from(["zh", "en"]))
def test_a_quotation_is_read_back_as_it_was_written(
    format_, texts, language, tmp_path_factory
) -> None:
    items = passages([*texts, *MARKUP])
    data = export(report(*items, language=language), format_)
    found = read(tmp_path_factory.mktemp("report"), data, format_)
    cited = [one for item in items for one in item.citations]
    rows = [one for row in found.rows for one in row["citations"]]
    assert [(one["quote"], one["source"]) for one in rows] == [(c.quote, c.source) for c in cited]
    assert [visible.number for visible in found.visible] == list(range(1, len(cited) + 1))
    for visible, one in zip(found.visible, cited, strict=True):
        assert same_quotation(visible.quote, one.text), (visible.quote, quoted(one.text))
        key = place_key(Place(one.source, one.start, one.end, one.sha256))
        assert visible.place and place_key(visible.place) == key


# Word


def part(data: bytes, name: str):
    return etree.fromstring(zipfile.ZipFile(io.BytesIO(data)).read(name))


def text_of(element) -> str:
    return "".join(element.itertext())


def test_each_mark_is_a_real_footnote_of_word(written) -> None:
    data = written["docx", "zh"]
    calls = part(data, "word/document.xml").findall(f".//{W}footnoteReference")
    notes = {
        note.get(f"{W}id"): text_of(note)
        for note in part(data, "word/footnotes.xml").iter(f"{W}footnote")
    }
    first, second, again = (notes[call.get(f"{W}id")] for call in calls)
    assert "关于支持低空经济的若干措施[EB/OL]" in first
    assert "“最高补助五百万元。”" in first
    assert f"〔a.txt，第 10–19 字符，sha256 {HASH[:12]}〕" in first
    assert "「須於六月底前送件。」" in second
    assert "第 3 页" in second
    assert again.strip() == f"[1] 〔a.txt，第 10–19 字符，sha256 {HASH[:12]}〕"


def test_footnotes_are_numbered_through_the_whole_document(written) -> None:
    tree = part(written["docx", "zh"], "word/document.xml")
    assert not tree.findall(f".//{W}numRestart")


def test_chinese_has_a_chinese_font(written) -> None:
    styles = part(written["docx", "zh"], "word/styles.xml")
    fonts = {
        style.find(f"{W}name").get(f"{W}val"): style.find(f".//{W}rFonts").get(f"{W}eastAsia")
        for style in styles.iter(f"{W}style")
        if style.find(f".//{W}rFonts") is not None
    }
    assert fonts["Body Text"] == fonts["Footnote Text"] == "宋体"
    assert fonts["heading 1"] == fonts["Title"] == "黑体"


# HTML


def test_html_has_no_script_no_outside_request_and_a_policy_that_says_so(written) -> None:
    page = written["html", "zh"].decode()
    tree = etree.fromstring(page, etree.HTMLParser())
    policy = tree.find(".//meta[@http-equiv='Content-Security-Policy']").get("content")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    tags = {element.tag for element in tree.iter()}
    assert not tags & {"script", "img", "link", "iframe", "object", "form", "video", "base"}
    assert not [a for e in tree.iter() for a in e.attrib if a.startswith("on") or a == "style"]
    assert {e.get("href")[:4] for e in tree.iter("a")} <= {"#fn1", "#fn2", "#fn3", "#fnr", "http"}


def test_markup_in_a_document_stays_text_in_html() -> None:
    hostile = "".join(MARKUP)
    one = citation(
        text=hostile, source=hostile, title=hostile, publisher=hostile, url="javascript:x"
    )
    item = Item(hostile, f"{hostile}[1]", "zh", (one,), (), (hostile,), hostile)
    page = export(report(item), "html").decode()
    tree = etree.fromstring(page, etree.HTMLParser())
    assert not {"script", "img", "b"} & {element.tag for element in tree.iter()}
    assert page.count("&lt;script&gt;alert(1)") >= 5
    assert {e.get("href")[:1] for e in tree.iter("a")} == {"#"}


def test_html_quotations_carry_their_place_as_data(written) -> None:
    tree = etree.fromstring(written["html", "en"], etree.HTMLParser(encoding="utf-8"))
    first, second = tree.findall(".//span[@class='yinzheng-quote']")
    assert (
        dict(first.attrib).items()
        >= {
            "data-source": "a.txt",
            "data-start": "10",
            "data-end": "19",
            "data-sha256": HASH,
        }.items()
    )
    assert (first.get("lang"), second.get("lang")) == ("zh-CN", "zh-TW")


# Markdown


def test_markup_in_a_document_stays_text_in_markdown() -> None:
    from markdown_it import MarkdownIt

    hostile = " ".join(MARKUP[:6])
    one = citation(text=hostile, title=hostile, source=hostile, publisher=hostile)
    data = export(report(Item(hostile, f"{hostile}[1]", "zh", (one,), (), (hostile,))), "md")
    html = MarkdownIt("commonmark").render(data.decode())
    assert not re.search("<(?:script|img|em|strong|s|table|hr|li|h2)[ />]", html)
    # Bare addresses are links where Markdown of GitHub is read; those of titles are ours.
    assert not re.search('href="(?!https?:)', html)


# Frame, claims, references


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", ("参考文献", "部分有据")), ("en", ("References", "partly borne out"))],
)
def test_the_frame_is_in_the_language_asked_for(written, language, words) -> None:
    for word in words:
        assert word in written["html", language].decode()
        assert word in written["md", language].decode()


def test_traditional_frames_leave_quotations_as_they_are() -> None:
    text = export(report(language="zh-Hant"), "md").decode()
    assert "參考文獻" in text
    assert "“最高补助五百万元。”" in text


def test_claims_not_borne_out_are_marked_with_their_problem(written) -> None:
    text = written["md", "en"].decode()
    marked = re.findall(r"\\\[partly borne out: .*?\\\]", text)
    assert marked == [r"\[partly borne out: 九百万 does not stand in what is cited\]"]
    worded = report(worded=lambda problem, language: f"{language} {len(problem)}")
    assert "〔部分有据：zh " in export(worded, "md").decode()


def test_marks_that_became_footnotes_are_named_by_title_in_remarks(written) -> None:
    assert "《关于支持低空经济的若干措施》引自征求意见稿。" in written["md", "zh"].decode()


def test_a_citation_that_no_mark_names_is_shown_all_the_same(tmp_path) -> None:
    item = Item("问", "没有标记。", "zh", (citation(), citation(2, "其他的话在这里。")))
    found = read(tmp_path, export(report(item), "md"), "md")
    assert [one.quote for one in found.visible] == ["“最高补助五百万元。”", "“其他的话在这里。”"]


def test_each_document_is_listed_once(written) -> None:
    listed = written["md", "zh"].decode().partition("# 参考文献")[2].partition("# ")[0]
    assert [line[:5] for line in listed.split("\n") if line.startswith("\\[")] == [
        "\\[1\\]",
        "\\[2\\]",
    ]


def test_what_the_library_knows_of_a_document_is_used() -> None:
    text = export(report(documents={"a.txt": KNOWN}), "md").decode()
    assert "青石市发展和改革局, 青石市财政局" in text
    assert "青发改〔2025〕7号" in text


def test_bibliographies_hold_each_document_once() -> None:
    bib = export(report(), "bib").decode()
    assert len(re.findall("^@", bib, re.MULTILINE)) == 2
    assert '"id": "b.pdf"' in export(report(), "json").decode()


# Files


def test_a_file_name_tells_the_format(tmp_path) -> None:
    assert format_of(tmp_path / "a.DOCX") == "docx"
    with pytest.raises(ExportError, match=r"\.docx, \.md"):
        format_of(tmp_path / "a.pdf")


def test_nothing_to_export_is_an_error() -> None:
    from dataclasses import replace

    with pytest.raises(ExportError, match="nothing"):
        export(replace(report(), items=()), "md")
