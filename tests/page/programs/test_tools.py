import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from hash_encoder import HashEncoder
from program_server import ABOUT, SOURCE

from index.errors import LibraryDamaged, QuestionError
from index.ingest import ingest
from index.library import MAX_QUESTION, Library
from index.script import fold_tight, to_traditional
from page.programs import tools
from rag.errors import ProgramError
from rag.pipeline import Assistant

QUOTE = "进入Ⅲ期，最多奖800万元"


def stands(library: Library, row: Any) -> None:
    """Every place that a row names holds its quote, in a document with its hash."""
    document = library.document(row["source"])
    assert document is not None
    assert document.raw[row["start"] : row["end"]] == row["quote"]
    assert document.sha256 == row["sha256"]


def test_an_answer_is_the_row_of_the_contract_with_quotes_that_stand(library: Library) -> None:
    row = tools.ask(Assistant(library), ABOUT)
    assert not row["refused"] and row["citations"] and row["claims"]
    for citation in row["citations"]:
        stands(library, citation)
    assert json.loads(json.dumps(row)) == row  # of JSON's own types


def test_filters_and_history_reach_the_answer(library: Library) -> None:
    filters = tools.filters_of(sources=["hubei-*"])
    for citation in tools.ask(Assistant(library), "奖励多少万元？", [], filters)["citations"]:
        assert citation["source"].startswith("hubei-")
    history: Any = [
        {"role": "user", "content": "东莞对进入Ⅲ期的BNCT硼药奖励多少？"},
        {"role": "assistant", "content": "最多800万元[1]。"},
    ]
    row = tools.ask(Assistant(library), "那Ⅱ期呢？", history)
    assert any("Ⅱ期" in note and "东莞" in note for note in row["notes"])


def test_a_search_gives_as_many_rows_as_asked_for_with_their_places(library: Library) -> None:
    row = tools.search(library, ABOUT, 3)
    assert len(row["hits"]) == 3
    for hit in row["hits"]:
        document = library.document(hit["source"])
        assert document and 0 <= hit["start"] < hit["end"] <= len(document.raw)
    assert any("BNCT" in word for word in row["hits"][0]["matched"])


def test_a_passage_shows_its_place_with_what_stands_around(library: Library) -> None:
    hit = tools.search(library, ABOUT, 1)["hits"][0]
    row = tools.passage(library, hit["source"], hit["start"], hit["end"])
    stands(library, row)
    assert row["text"] == hit["text"] and row["title"] == hit["title"]
    clean = library.clean_text(hit["source"])
    assert clean and row["before"] + row["text"] + row["after"] in clean.text


@pytest.mark.parametrize("quote", [QUOTE, to_traditional(QUOTE), f"“{QUOTE}”", " ".join(QUOTE)])
def test_a_quotation_that_stands_is_told_with_every_exact_place(
    library: Library, quote: str
) -> None:
    row = tools.verify_quote(library, quote)
    assert row["verbatim"] and row["count"] == len(row["places"]) >= 1
    assert row["nearest"] is None
    for place in row["places"]:
        stands(library, place)
        assert fold_tight(place["quote"]) == fold_tight(QUOTE)
        assert place["problems"] == []
    assert SOURCE in [place["source"] for place in row["places"]]


def test_a_near_miss_is_not_found_and_its_hint_is_marked_as_such(library: Library) -> None:
    row = tools.verify_quote(library, QUOTE.replace("800", "900"))
    assert (row["verbatim"], row["count"], row["places"]) == (False, 0, [])
    nearest = row["nearest"]
    assert nearest and "nearest" in nearest["note"]
    stands(library, nearest)


def test_a_quotation_is_looked_for_in_the_document_named_alone(library: Library) -> None:
    assert tools.verify_quote(library, QUOTE, SOURCE)["verbatim"]
    row = tools.verify_quote(library, QUOTE, "hubei-opinions.txt")
    assert not row["verbatim"]
    assert row["nearest"] and row["nearest"]["source"] == "hubei-opinions.txt"


def test_an_id_that_looks_like_a_pattern_names_one_document(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    for name, about in (("a*.txt", "养老服务补贴"), ("ab.txt", "生物医药奖励")):
        text = f"# {about}办法\n\n申请{about}的单位应当在每年三月底前向市局提交材料。\n"
        (tmp_path / "files" / name).write_text(text, encoding="utf-8")
    with Library(tmp_path / "library", HashEncoder(), create=True) as library:
        ingest(library, [tmp_path / "files"])
        row = tools.verify_quote(library, "申请生物医药奖励的单位应当在每年四月底前", "a*.txt")
    assert row["nearest"] and row["nearest"]["source"] == "a*.txt"


def test_what_an_ellipsis_leaves_out_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "rules.txt").write_text(
        "# 办法\n\n申请补贴的企业暂时一律不能得到支持，满一年后可以按年度申领补贴。\n",
        encoding="utf-8",
    )
    with Library(tmp_path / "library", HashEncoder(), create=True) as library:
        ingest(library, [tmp_path / "rules.txt"])
        row = tools.verify_quote(library, "申请补贴的企业……可以按年度申领补贴")
    assert row["verbatim"]
    assert row["places"][0]["problems"] == ["what the ellipsis leaves out holds a denial"]


def test_what_cleaning_dropped_is_found_in_the_original_and_said_to_be(tmp_path: Path) -> None:
    with Library(tmp_path / "library", HashEncoder(), create=True) as library:
        page = "<html><head><script>var secretly = 'dropped words';</script></head><body>"
        body = "<p>企业每年最多可以申领补贴三百万元，资金由市财政安排。</p>" * 3
        (tmp_path / "page.html").write_text(f"{page}<h1>办法</h1>{body}", encoding="utf-8")
        ingest(library, [tmp_path / "page.html"])
        row = tools.verify_quote(library, "secretly = 'dropped words'")
    assert row["verbatim"]
    assert row["places"][0]["problems"] == ["it stands only in what cleaning dropped"]


@pytest.mark.parametrize(
    ("source", "start", "end", "says"),
    [
        ("no-such.txt", 0, 1, "no document"),
        ("../../etc/passwd", 0, 10, "no document"),
        ("/etc/passwd", 0, 10, "no document"),
        ("\ud800", 0, 10, "no document"),
        (SOURCE, 5, 5, "start must be before"),
        (SOURCE, -1, 5, "start must be before"),
        (SOURCE, 0, 10**12, "start must be before"),
        (SOURCE, "0", 5, "whole number"),
        (SOURCE, True, 5, "whole number"),
        (["a"], 0, 5, "string"),
    ],
)
def test_a_place_that_is_not_there_is_refused_in_one_line(
    library: Library, source: Any, start: Any, end: Any, says: str
) -> None:
    with pytest.raises(QuestionError, match=says) as caught:
        tools.passage(library, source, start, end)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("k", "says"), [(0, "from 1 to 100"), (101, "from 1 to 100"), ("3", "whole number")]
)
def test_a_number_of_hits_out_of_range_is_refused(library: Library, k: Any, says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        tools.search(library, ABOUT, k)


@pytest.mark.parametrize(
    ("history", "says"),
    [
        ("what?", "list"),
        ([{"role": "system", "content": "x"}], "needs a role"),
        ([{"role": "user"}], "needs a role"),
        (["x"], "needs a role"),
        ([{"role": "user", "content": "x"}] * (tools.MAX_TURNS + 1), "at most 40"),
        ([{"role": "user", "content": "x" * (MAX_QUESTION + 1)}], "10,001"),
    ],
)
def test_a_history_that_is_none_or_too_long_is_refused(
    library: Library, history: Any, says: str
) -> None:
    with pytest.raises(QuestionError, match=says):
        tools.ask(Assistant(library), ABOUT, history)


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        ({"regions": "东莞"}, "list"),
        ({"regions": [3]}, "string"),
        ({"sources": ["a"] * 21}, "21 values"),
        ({"publishers": ["a" * 201]}, "201"),
        ({"after": "soon"}, "soon"),
    ],
)
def test_filters_that_are_none_are_refused(filters: Any, says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        tools.filters_of(**filters)


def test_errors_of_the_library_are_told_without_its_folder() -> None:
    with pytest.raises(ProgramError) as caught, tools.answering(lambda _: nullcontext(), None):
        raise LibraryDamaged("/srv/secret/library is damaged")
    assert "secret" not in str(caught.value) and caught.value.status == 503


def test_a_refused_request_does_nothing() -> None:
    def refuse(_: object) -> AbstractContextManager[None]:
        raise QuestionError("too many questions\na minute")

    told = "too many questions a minute"
    for held in (tools.answering, tools.looking_up):
        with pytest.raises(ProgramError, match=told) as caught, held(refuse, None):
            raise AssertionError("the work was begun")
        assert caught.value.status == 429
