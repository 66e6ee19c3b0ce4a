"""Filters narrow a library down to what they say, in either script, and nothing more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import QuestionError
from index.filters import Filters, allowed_documents, allows, day_of, parse_filters
from index.script import to_traditional
from index.types import Metadata

LIBRARY = {
    "a/dongguan.txt": Metadata(publisher="东莞市科学技术局", date="2024-03-05", region="东莞"),
    "a/guangdong.html": Metadata(
        issuer="广东省科学技术厅、广东省发展和改革委员会", issued="2023-12-31", region="广东"
    ),
    "b/hubei.txt": Metadata(publisher="長江日報", date="2025-01-01", region="湖北"),
    "b/suzhou.pdf": Metadata(publisher="苏州市人民政府", date="2020-02-29", region="苏州"),
    "https://news.example/1?page=2": Metadata(title="no more is known"),
}
ANY_FILTERS = st.builds(
    parse_filters,
    regions=st.lists(st.sampled_from(["广东", "東莞", "Hubei", "长三角", "Suzhou"]), max_size=2),
    after=st.sampled_from(["", "2020", "2023年12月", "2024-03-05"]),
    before=st.sampled_from(["", "2024-03-05", "民國113年", "2025"]),
    publishers=st.lists(st.sampled_from(["科技局", "發改委", "日报", "政府"]), max_size=2),
    sources=st.lists(st.sampled_from(["a/", "*.txt", "b/suzhou.pdf"]), max_size=2),
)


def allowed(**fields) -> set[str]:
    return {id_.split("/")[-1].split(".")[0] for id_ in of_library(parse_filters(**fields))}


def of_library(filters: Filters) -> frozenset[str]:
    return allowed_documents(LIBRARY, filters)


# --- what all filters have in common


def test_empty_filters_allow_everything_and_are_not_active():
    filters = parse_filters(regions=["", " "], after=" ", publishers=[""], sources=["  "])
    assert filters == Filters()
    assert not filters.active
    assert of_library(filters) == LIBRARY.keys()


@pytest.mark.parametrize(
    "fields",
    [
        {"regions": ["广东"]},
        {"after": "2024"},
        {"before": "2024"},
        {"publishers": ["局"]},
        {"sources": ["a/"]},
    ],
)
def test_any_field_makes_filters_active(fields):
    assert parse_filters(**fields).active


@given(ANY_FILTERS, ANY_FILTERS)
def test_filters_with_the_fields_of_two_allow_what_both_allow(one, other):
    fields = {
        name: getattr(one, name) or getattr(other, name)
        for name in ("regions", "after", "before", "publishers", "sources")
    }
    both = of_library(Filters(**fields))
    assert both <= of_library(one)
    assert both >= of_library(one) & of_library(other)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("regions", ("东莞", "湖北")),
        ("publishers", ("科技局", "日报")),
        ("sources", ("a/", "*.txt")),
    ],
)
def test_two_values_of_a_field_allow_what_one_of_them_allows(field, values):
    one, other = (of_library(Filters(**{field: (value,)})) for value in values)
    assert one and other and one != other
    assert of_library(Filters(**{field: values})) == one | other


@given(ANY_FILTERS)
def test_parsing_what_was_parsed_changes_nothing(filters):
    again = parse_filters(
        filters.regions, filters.after, filters.before, filters.publishers, filters.sources
    )
    assert again == filters


@given(ANY_FILTERS)
def test_a_library_is_allowed_what_its_documents_are_allowed_one_by_one(filters):
    one_by_one = {id_ for id_, metadata in LIBRARY.items() if allows(id_, metadata, filters)}
    assert of_library(filters) == one_by_one


@pytest.mark.parametrize("field", ["regions", "publishers"])
@pytest.mark.parametrize("value", ["广东", "东莞", "苏州"])
def test_traditional_values_allow_what_simplified_ones_do(field, value):
    traditional = to_traditional(value)
    assert traditional != value
    assert allowed(**{field: [value]}) == allowed(**{field: [traditional]}) != set()


# --- places


def test_a_place_covers_the_places_within_it_and_not_those_around_it():
    assert allowed(regions=["广东"]) == {"dongguan", "guangdong"}
    assert allowed(regions=["东莞"]) == {"dongguan"}
    assert allowed(regions=["中国"]) == {"dongguan", "guangdong", "hubei", "suzhou"}
    assert allowed(regions=["大湾区"]) == {"dongguan"}


@pytest.mark.parametrize(
    "name", ["Dongguan", "dongguan city", "東莞市", "广东省东莞市", " 东莞 ", "廣東東莞"]
)
def test_the_names_of_a_place_are_all_the_same_filter(name):
    assert parse_filters(regions=[name]) == Filters(regions=("东莞",))


def test_an_english_name_of_two_places_stands_for_both():
    assert parse_filters(regions=["Suzhou"]).regions == ("苏州", "宿州")
    assert parse_filters(regions=["苏州"]).regions == ("苏州",)


def test_a_document_whose_place_is_unknown_is_in_no_region():
    assert not allows("a", Metadata(), Filters(regions=("中国",)))
    assert not allows("a", Metadata(region="Atlantis"), Filters(regions=("中国",)))


@pytest.mark.parametrize(
    ("wrong", "meant"), [("Donguan", "东莞"), ("东完", "东莞"), ("Guandong", "广东")]
)
def test_an_unknown_place_is_an_error_that_names_close_ones(wrong, meant):
    with pytest.raises(QuestionError, match=f"{wrong}.*did you mean.*{meant}"):
        parse_filters(regions=[wrong])


def test_two_places_in_one_value_are_named_by_the_error():
    with pytest.raises(QuestionError, match="did you mean 广东, 湖北"):
        parse_filters(regions=["广东,湖北"])


@pytest.mark.parametrize("wrong", ["Atlantis", "x" * 10_000, "two\nlines", "\x00", "(?" * 50])
def test_errors_are_one_short_line_with_a_remedy(wrong):
    for fields in ({"regions": [wrong]}, {"after": wrong}, {"before": wrong}):
        with pytest.raises(QuestionError) as caught:
            parse_filters(**fields)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 200
        assert "write" in str(caught.value) or "did you mean" in str(caught.value)


# --- dates


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024年", "2024-01-01", "2024-12-31"),
        ("二〇二四年", "2024-01-01", "2024-12-31"),
        ("民国113年", "2024-01-01", "2024-12-31"),
        ("民國一百一十三年", "2024-01-01", "2024-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023/2", "2023-02-01", "2023-02-28"),
        ("2024年4月", "2024-04-01", "2024-04-30"),
        ("二〇二四年十二月", "2024-12-01", "2024-12-31"),
        ("民國113年3月", "2024-03-01", "2024-03-31"),
        ("March 2024", "2024-03-01", "2024-03-31"),
        ("２０２４年３月", "2024-03-01", "2024-03-31"),
        ("2024-03-05", "2024-03-05", "2024-03-05"),
        ("2024年3月5日", "2024-03-05", "2024-03-05"),
        ("20240305", "2024-03-05", "2024-03-05"),
        ("5 March 2024", "2024-03-05", "2024-03-05"),
    ],
)
def test_a_year_or_month_begins_with_its_first_day_and_ends_with_its_last(written, first, last):
    filters = parse_filters(after=written, before=written)
    assert (filters.after, filters.before) == (first, last)


@pytest.mark.parametrize(
    "wrong",
    ["soon", "2024-13", "2024-00", "2024-02-30", "2024年2月30", "2024年1", "202403", "3", "1850"],
)
def test_what_is_no_date_is_an_error_with_its_value(wrong):
    with pytest.raises(QuestionError, match=f"'{wrong}' is no date"):
        parse_filters(after=wrong)


def test_dates_in_the_wrong_order_are_an_error():
    with pytest.raises(QuestionError, match="2024-01-01 and before 2023-12-31"):
        parse_filters(after="2024", before="2023")


@given(st.dates())
def test_a_document_exactly_on_the_date_is_in(day):
    metadata = Metadata(date=day.isoformat())
    assert allows("a", metadata, Filters(after=day.isoformat(), before=day.isoformat()))


@given(st.dates(), st.dates())
def test_a_document_is_after_or_before_any_day(day, other):
    metadata = Metadata(date=day.isoformat())
    assert allows("a", metadata, Filters(after=other.isoformat())) == (other <= day)
    assert allows("a", metadata, Filters(before=other.isoformat())) == (day <= other)


def test_a_document_without_a_date_passes_no_filter_by_date():
    assert not allows("a", Metadata(), Filters(after="1900-01-01"))
    assert not allows("a", Metadata(), Filters(before="2099-12-31"))


def test_the_day_of_publication_goes_before_the_day_of_signing():
    assert day_of(Metadata(date="2024-03-05", issued="2024-01-02")) == "2024-03-05"
    assert day_of(Metadata(issued="2024-01-02")) == "2024-01-02"
    assert allowed(before="2023-12-31") == {"guangdong", "suzhou"}


# --- publishers and sources


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("科学技术局", {"dongguan"}),
        ("科技局", {"dongguan"}),
        ("東莞市科技局", {"dongguan"}),
        ("广东省科技厅", {"guangdong"}),
        ("发改委", {"guangdong"}),
        ("科学技术", {"dongguan", "guangdong"}),
        ("长江日报", {"hubei"}),
        ("苏州", {"suzhou"}),
        ("湖北省科技厅", set()),
        ("长报", set()),
    ],
)
def test_publishers_and_issuers_are_found_by_parts_and_bodies_by_short_names(asked, found):
    assert allowed(publishers=[asked]) == found


def test_a_short_name_is_not_put_together_from_two_bodies():
    assert not allows("a", Metadata(issuer="科学院、信息局"), Filters(publishers=("科信局",)))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("b/hubei.txt", {"hubei"}),
        ("a/", {"dongguan", "guangdong"}),
        ("*.txt", {"dongguan", "hubei"}),
        ("a/*.html", {"guangdong"}),
        ("a", set()),
        ("A/", set()),
        ("https://news.example/", {"1?page=2"}),
        ("https://news.example/1?page=2", {"1?page=2"}),
    ],
)
def test_sources_are_ids_globs_or_folders(asked, found):
    assert allowed(sources=[asked]) == found


def test_an_id_that_looks_like_a_glob_is_found_as_it_is():
    assert allows("报告[1].pdf", Metadata(), Filters(sources=("报告[1].pdf",)))
