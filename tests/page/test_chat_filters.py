import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from index.filters import ALL, Filters
from index.types import Metadata
from page import filters as module
from page.filters import (
    ChatFilters,
    Chosen,
    build_filters,
    changed,
    chosen_of,
    document_choices,
    fault_of,
    filters_of,
    publisher_choices,
    region_choices,
    summary,
    title,
)

LIBRARY = {
    "a.txt": Metadata(title="甲", region="东莞", publisher="市府", date="2024-05-03"),
    "b.txt": Metadata(title="乙", region="广东", issuer="省科技厅、省财政厅", date="2023-01-02"),
    "c.txt": Metadata(title="丙", region="东莞", publisher="市府", issuer="市府"),
}
SERVICES = SimpleNamespace(library=SimpleNamespace(all_metadata=lambda: LIBRARY))


def test_what_is_chosen_becomes_filters():
    chosen = chosen_of(["Dongguan"], ["科技厅"], "2024", "2024-06", ["a.txt"])
    filters = filters_of(chosen)
    assert filters == Filters(("东莞",), "2024-01-01", "2024-06-30", ("科技厅",), ("a.txt",))


@pytest.mark.parametrize("value", [None, 3, {"a": 1}, [None, 3], "x" * 10**6, ["x" * 10**6] * 500])
def test_what_no_control_sends_does_no_harm(value):
    chosen = chosen_of(value, value, value, value, value)
    assert len(chosen.regions) <= 100
    assert all(len(one) <= 1000 for one in (*chosen.regions, chosen.after))
    assert isinstance(changed(SERVICES, chosen, "en")[0], Filters)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (
            Chosen(after="2024-13"),
            "“2024-13”不是日期，请写成 2024、2024-03、2024-03-05 或 民国113年。",
        ),
        (Chosen(regions=("东完",)), "“东完”不是已知的地区，请写省、市或区县的名称；是不是"),
        (Chosen(after="2025", before="2024"), "起始日期晚于截止日期，请调换。"),
    ],
)
def test_a_fault_is_said_in_the_language_of_the_page(chosen, said):
    assert fault_of(chosen, "zh").startswith(said)
    assert not fault_of(chosen, "en").startswith(said)
    assert fault_of(chosen, "zh-Hant") != fault_of(chosen, "zh")


def test_nothing_is_said_of_what_can_be_used():
    assert fault_of(Chosen(after="2024"), "zh") == ""


def test_what_cannot_be_used_is_said_and_left_out_and_the_rest_holds():
    chosen = Chosen(regions=("东莞", "nowhere"), after="2024-13", before="2025")
    filters, accordion, line = changed(SERVICES, chosen, "en")
    assert filters == Filters(regions=("东莞",), before="2025-12-31")
    assert "(left out)" in line.replace("&#40;", "(").replace("&#41;", ")")
    assert accordion["label"] if isinstance(accordion, dict) else accordion.label


def test_dates_in_wrong_order_are_both_left_out():
    filters, _, line = changed(SERVICES, Chosen(after="2025", before="2024"), "en")
    assert filters == ALL
    assert "alert" in line


def test_a_fault_is_shown_as_text():
    line = changed(SERVICES, Chosen(after="<img src=x>"), "en")[2]
    assert "<img" not in line


def test_it_is_said_how_many_documents_pass():
    assert changed(SERVICES, Chosen(regions=("东莞",)), "en")[2] == "2 of 3 documents pass"
    assert "没有符合的文件" in changed(SERVICES, Chosen(after="2026"), "zh")[2]
    assert changed(SERVICES, Chosen(), "en")[2] == ""


def test_the_heading_says_what_is_set():
    filters = Filters(("东莞", "广州"), "2024-01-01", "2024-12-31", ("科技厅",), ("a.txt",))
    assert summary(filters, "en") == (
        "Dongguan, Guangzhou · 科技厅 · since 2024-01-01 · until 2024-12-31 · 1 document"
    )
    assert title(filters, "zh-Hant").startswith("篩選：東莞、廣州 · ")
    assert title(ALL, "en") == "Filters: all documents"


def test_the_heading_stays_short():
    names = tuple(f"市{n}局" for n in range(50))
    assert summary(replace(ALL, publishers=names), "zh") == "市0局、市1局、市2局、+47"


def test_places_come_with_those_they_lie_in():
    assert region_choices(LIBRARY, "en") == [("Guangdong (3)", "广东"), ("Dongguan (2)", "东莞")]
    assert region_choices(LIBRARY, "zh-Hant")[1] == ("東莞 (2)", "东莞")


def test_each_body_of_a_document_can_be_chosen_once():
    assert publisher_choices(LIBRARY) == [
        ("市府 (2)", "市府"),
        ("省科技厅 (1)", "省科技厅"),
        ("省财政厅 (1)", "省财政厅"),
    ]


def test_documents_come_latest_first_and_are_found_in_either_script():
    assert [id_ for _, id_ in document_choices(LIBRARY)] == ["a.txt", "b.txt", "c.txt"]
    library = {"d.txt": Metadata(title="产业集群"), **LIBRARY}
    assert document_choices(library, "產業") == [("产业集群", "d.txt")]
    assert document_choices(library, "產業", ["a.txt"])[0] == ("甲 · 2024-05-03", "a.txt")


def test_no_more_choices_are_sent_than_a_page_can_hold(monkeypatch):
    monkeypatch.setattr(module, "MOST_CHOICES", 3)
    many = {f"{n}.txt": Metadata(title=f"{n}", publisher=f"p{n}") for n in range(9)}
    assert len(document_choices(many)) == len(publisher_choices(many)) == 3


def test_what_an_event_is_given_is_read_back():
    filters = Filters(regions=("东莞",))
    assert ChatFilters.read(filters) == filters
    assert ChatFilters.read(None) == ChatFilters.read({"regions": 3}) == ALL


@pytest.mark.parametrize("language", ["zh", "zh-Hant", "en"])
def test_the_controls_can_be_built_and_no_program_may_call_them(language):
    gr = pytest.importorskip("gradio")

    async def build():  # with a loop that runs gradio makes none of its own, to leave it open
        with gr.Blocks(analytics_enabled=False) as page:
            return page, build_filters(SERVICES, language)

    page, parts = asyncio.run(build())
    assert not parts.accordion.open
    assert page.fns
    assert all(fn.api_visibility == "private" for fn in page.fns.values())
