import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.types import Metadata
from rag.references import (
    REFERENCE_STYLES,
    Source,
    bibtex,
    csl_items,
    csl_json,
    quotation,
    references,
    web_address,
)
from rag.types import Citation

ONLINE = Metadata(
    title="关于支持低空经济的若干措施",
    publisher="青石日报",
    issuer="青石市发展和改革局、青石市财政局、青石市科技局、青石市商务局",
    date="2025-03-01",
    document_number="青发改〔2025〕7号",
    url="https://example.org/a?x=1&y=2",
)
OFFLINE = replace(ONLINE, url="", issuer="青石市人民政府", publisher="青石市人民政府")
NEWS = Metadata(
    title="青石出台新政", publisher="南方某报", date="2024-12-31", url="https://example.org/n"
)
ENGLISH = Metadata(
    title="Measures for the Low-Altitude Economy of GBA",
    issuer="Development Bureau；Finance Bureau；Science Bureau；Commerce Bureau",
    issued="2024-02",
    url="https://example.org/e",
)
BARE = Metadata(title="無名文件")
READ = "2026-11-22"
ALL = [
    Source(f"{i}.txt", known, READ)
    for i, known in enumerate((NEWS, ENGLISH, ONLINE, OFFLINE, BARE))
]


@pytest.fixture(scope="module")
def formatted():
    return {style: references(ALL, style) for style in REFERENCE_STYLES}


def text_of(found, source):
    return next(one.text for one in found if one.source == source)


def test_gb7714_numeric_is_numbered_as_first_cited(formatted) -> None:
    found = formatted["gb7714-numeric"]
    assert [(one.source, one.number) for one in found] == [(f"{i}.txt", i + 1) for i in range(5)]
    assert [one.text for one in found] == [
        "南方某报. 青石出台新政[EB/OL]. (2024-12-31)[2026-11-22]. https://example.org/n.",
        "Development Bureau, Finance Bureau, Science Bureau, et al. Measures for the Low-Altitude "
        "Economy of GBA[EB/OL]. (2024-02)[2026-11-22]. https://example.org/e.",
        "青石市发展和改革局, 青石市财政局, 青石市科技局, 等. 关于支持低空经济的若干措施: "
        "青发改〔2025〕7号[EB/OL]. (2025-03-01)[2026-11-22]. https://example.org/a?x=1&y=2.",
        "青石市人民政府. 关于支持低空经济的若干措施: 青发改〔2025〕7号[A]. 2025.",
        "無名文件[Z].",
    ]


def test_gb7714_author_year_is_sorted_chinese_first_by_pinyin(formatted) -> None:
    found = formatted["gb7714-author-year"]
    assert [one.source for one in found] == ["0.txt", "2.txt", "3.txt", "4.txt", "1.txt"]
    assert text_of(found, "3.txt").startswith("青石市人民政府, 2025. 关于支持低空经济的若干措施")
    assert not any(one.number for one in found)


def test_apa_is_written_in_english(formatted) -> None:
    found = formatted["apa"]
    expected = "南方某报. (2024, December 31). 青石出台新政. https://example.org/n"
    assert text_of(found, "0.txt") == expected
    assert text_of(found, "3.txt") == (
        "青石市人民政府. (2025). 关于支持低空经济的若干措施 (青发改〔2025〕7号)."
    )
    assert "of GBA" in text_of(found, "1.txt")  # capitals stay


def test_documents_of_one_author_and_year_are_told_apart() -> None:
    sources = [Source(id_, replace(NEWS, title=id_)) for id_ in ("b", "a")]
    found = references(sources, "gb7714-author-year")
    labels = {"".join(node.get("c", " ") for node in one.label) for one in found}
    assert len(labels) == 2


def test_a_document_is_listed_once() -> None:
    assert len(references([ALL[0], ALL[0]], "gb7714-numeric")) == 1


def test_no_documents_have_no_references() -> None:
    assert references([], "apa") == []


@pytest.mark.parametrize("style", REFERENCE_STYLES)
def test_markup_in_a_title_is_text(style) -> None:
    hostile = (
        '<i>斜</i> *重* _下_ $x$ \\emph{y} [链](http://a) "引" “引” '
        "<span class='nocase'>N</span> @a &lt; \\[1\\]"
    )
    known = Metadata(
        title=hostile, publisher="<b>社</b>、A & B", date="2025", url="https://e.org/_a_"
    )
    (found,) = references([Source("a", known, READ)], style)
    assert hostile in found.text
    assert "<b>社</b>" in found.text


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.org/a b", ""),
        ("https://example.org/a", "https://example.org/a"),
        (" http://example.org\n", "http://example.org"),
        *((url, "") for url in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd")),
        *((url, "") for url in ("https://", "http://[", "//example.org", "example.org", "")),
    ],
)
def test_only_web_addresses_are_links(url, kept) -> None:
    assert web_address(url) == kept
    (item,) = csl_items([Source("a", replace(NEWS, url=url))])
    assert item.get("URL", "") == kept


def test_csl_json_holds_what_is_known() -> None:
    first, *_, offline, bare = json.loads(csl_json(ALL))
    assert first["type"] == "webpage"
    assert first["author"] == [{"literal": "南方某报"}]
    assert first["issued"] == {"date-parts": [[2024, 12, 31]]}
    assert first["accessed"] == {"date-parts": [[2026, 11, 22]]}
    assert (offline["type"], offline["number"]) == ("report", "青发改〔2025〕7号")
    assert bare == {"id": "4.txt", "type": "document", "title": "無名文件", "language": "zh-TW"}


@given(st.text(max_size=30), st.text(max_size=30))
def test_csl_json_is_json_whatever_the_fields_hold(title, date) -> None:
    written = csl_json([Source("a", Metadata(title=title, date=date))])
    written.encode("utf-8")
    (item,) = json.loads(written)
    assert item["title"]


def test_bibtex_has_an_entry_a_document_and_escapes() -> None:
    known = replace(NEWS, title="50% & #1_a {b} \\input{x} $y$ ~")
    text = bibtex([*ALL, Source("x", known)])
    keys = re.findall(r"^@(\w+)\{(\w+),", text, re.MULTILINE)
    assert [key for _, key in keys] == [f"yinzheng{i}" for i in range(1, 7)]
    assert "author = {{青石市发展和改革局} and {青石市财政局} and" in text
    assert r"50\% \& \#1\_a \{b\} \textbackslash input\{x\} \$y\$" in text
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")


def test_a_quotation_is_copied_in_its_own_script_with_its_reference() -> None:
    one = Citation(
        *(1, "a", "題", "社", "2025", "", "", "補助五百萬元", "補助五百萬元", 0, 6, "0" * 64, 3)
    )
    (reference,) = references([Source("a", Metadata(title="題", publisher="社"))], "gb7714-numeric")
    assert quotation(one, reference) == "「補助五百萬元」 (p. 3)\n社. 題[Z]."
