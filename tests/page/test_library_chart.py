"""The chart of the library: every document is counted once, every bar says what it is."""

import re
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.filters import allowed_documents, parse_filters
from index.types import Metadata
from page.library_chart import chart_html, date_bars, region_bars, wanted
from page.library_tab import Catalogue

DATES = st.one_of(
    st.just(""), st.dates().filter(lambda day: day.year > 999).map(lambda day: day.isoformat())
)
REGIONS = st.sampled_from(
    ["", "广东", "东莞", "湖北", "北京", "香港", *map("区{}".format, range(20))]
)
LIBRARIES = st.lists(
    st.builds(lambda d, r: Metadata(date=d, region=r), DATES, REGIONS), max_size=60
)


@given(LIBRARIES)
def test_every_document_is_counted_once_by_date_and_by_region(known):
    assert sum(bar.count for bar in date_bars((one.date for one in known), "en")) == len(known)
    assert sum(bar.count for bar in region_bars((one.region for one in known), "en")) == len(known)


@given(LIBRARIES)
def test_no_group_has_more_bars_than_are_taken_in_at_a_glance(known):
    assert len(date_bars((one.date for one in known), "zh")) <= 13
    assert len(region_bars((one.region for one in known), "zh")) <= 13


@given(LIBRARIES)
def test_dates_run_forward_and_regions_down(known):
    dates = [
        dict(bar.filter)["before"] for bar in date_bars((m.date for m in known), "zh") if bar.filter
    ]
    assert dates == sorted(dates)
    counts = [bar.count for bar in region_bars((m.region for m in known), "zh") if bar.filter]
    assert counts == sorted(counts, reverse=True)


def test_the_filter_of_a_bar_finds_the_documents_that_it_counts():
    days = ["2024-01-05", "2024-01-31", "2024-03-01", "2025-12-31"]
    library = {str(n): Metadata(date=day, region="东莞") for n, day in enumerate(days)}
    bars = date_bars(days, "zh")
    assert [bar.count for bar in bars] == [2, 1, 1]
    for bar in bars:
        filters = parse_filters(**dict(bar.filter))
        assert len(allowed_documents(library, filters)) == bar.count
    (region,) = region_bars(["东莞"] * 4, "zh")
    filters = parse_filters(regions=[dict(region.filter)["region"]])
    assert len(allowed_documents(library, filters)) == region.count


def test_years_before_the_last_dozen_are_one_bar_whose_filter_finds_them():
    days = [f"{year}-06-15" for year in range(2000, 2026)]
    library = {day: Metadata(date=day) for day in days}
    bars = date_bars(days, "en")
    assert len(bars) == 12
    assert bars[0].label == "2014 and before"
    assert len(allowed_documents(library, parse_filters(**dict(bars[0].filter)))) == bars[0].count


@pytest.mark.parametrize("language", ["zh", "zh-Hant", "en"])
def test_what_a_bar_looks_for_in_the_table_are_the_documents_that_it_counts(language):
    day = "{}-06-15".format
    known = {
        **{f"{year}.txt": Metadata(date=day(year), region="广东") for year in range(2000, 2026)},
        "东莞2024.txt": Metadata(title="东莞与广东2025年的措施", date=day(2024), region="东莞"),
        "signed.txt": Metadata(issued=day(2003), region="New Place"),
        "unknown.txt": Metadata(title="东莞2003年的措施"),
    }
    catalogue, dates = Catalogue(known), [one.date or one.issued for one in known.values()]
    bars = date_bars(dates, language) + region_bars((m.region for m in known.values()), language)
    found = {
        bar.label: catalogue.table(wanted(bar, language)).matching for bar in bars if bar.filter
    }
    assert found == {bar.label: bar.count for bar in bars if bar.filter}
    assert len(found) == 12 + 3


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("zh", ["按地区", "东莞", "2 份文件", "2024年5月"]),
        ("zh-Hant", ["按地區", "東莞", "2 份文件", "2024年5月"]),
        ("en", ["By region", "Dongguan", "2 documents", "2024-05"]),
    ],
)
def test_the_chart_speaks_the_language_of_its_reader(language, texts):
    known = {n: Metadata(date="2024-05-03", region="东莞") for n in "ab"}
    plain = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), chart_html(known, language))
    assert all(text in plain for text in texts)


def test_each_bar_has_a_readable_label_a_spoken_one_and_an_address():
    known = {"a": Metadata(date="2024-05-03", region="东莞"), "b": Metadata()}
    html = chart_html(known, "en")
    bars = re.findall('<a class="yz-bar" (.*?)>', html)
    assert len(bars) == 2
    assert all("aria-label=" in bar and "data-yz-filter=" in bar for bar in bars)
    plain = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), html)
    address = re.findall(r'href="\?(.*?)"', plain)
    assert [parse_qs(one)["do"] for one in address] == [["filter"], ["filter"]]
    assert html.count('class="yz-bar-label"') == html.count('class="yz-bar-count"') == 4


def test_hostile_metadata_is_text_and_stays_on_one_line():
    hostile = '"><script>window.__x=1</script>\n![a](http://127.0.0.1/x)'
    html = chart_html({"a": Metadata(region=hostile, date=hostile)}, "en")
    assert "<script" not in html and "![" not in html and "\n" not in html


def test_an_empty_library_is_said_to_be_empty():
    assert "no documents" in chart_html({}, "en")
