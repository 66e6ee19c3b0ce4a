import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import MARKUP, citation, report

from rag.collected import Item
from rag.errors import ReportError
from rag.export.record import read_record, record

TEXTS = st.one_of(st.sampled_from(MARKUP), st.text(st.characters(), max_size=60))


@given(TEXTS, TEXTS, TEXTS)
def test_a_record_comes_back_to_the_last_character(quote, text, source) -> None:
    one = citation(quote=quote, text=text, source=source, title=quote, page=4)
    (row,) = read_record(record(report(Item(text, "", "zh", (one,)))))
    (read,) = row["citations"]
    assert row["id"] == text
    assert (read["quote"], read["text"], read["source"]) == (quote, text, source)
    assert (read["start"], read["end"], read["sha256"]) == (one.start, one.end, one.sha256)


@given(TEXTS)
def test_a_record_holds_no_markup_and_nothing_unseen(text) -> None:
    written = record(report(Item(text, "", "zh", (citation(quote=text),))))
    written.encode("utf-8")
    assert not set(written) & set("<>&`\x00\x1f\x7f\x85\u200b\u202e\u2028\ufeff\uffff")


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "{}", '{"answers":5}', '{"answers":[5]}', '{"yinzheng":2,"answers":[]}'),
        *("[" * 100_000, "9" * 10_000),
    ],
)
def test_what_is_no_record_is_an_error_of_one_line(text) -> None:
    with pytest.raises(ReportError) as error:
        read_record(text)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 200
