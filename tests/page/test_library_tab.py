import asyncio
from types import SimpleNamespace

import pytest

from index.library import Library
from index.types import Metadata
from page.ingestion import FileState, Ingestion, Kept, State, Upload
from page.ingestion_report import MOST_LINES, report_html, worded
from page.library_tab import (
    COLUMNS,
    PAGE_ROWS,
    Catalogue,
    LibraryTab,
    build_library_tab,
    edits_of,
    is_owner,
    row_of,
    visitor_of,
)
from page.services import Visitor

OWNER, GUEST = Visitor("o", "owner"), Visitor("g", "guest")
HOSTILE = '<img src=x onerror="alert(1)">'
SECONDS = 60


def body(number: int) -> str:
    return "".join(f"第{number}号文件的第{i}条：给予{number}万元支持。" for i in range(1, 9))


@pytest.fixture
def library(tmp_path, encoder):
    with Library(tmp_path / "library", encoder, create=True) as library:
        yield library


@pytest.fixture
def tab(library):
    with Ingestion(library) as ingestion:
        yield LibraryTab(SimpleNamespace(library=library), ingestion, "en")


@pytest.fixture
def filled(tab, tmp_path):
    """The tab of a library of two documents."""
    for number, name in ((1, "a.txt"), (2, "b/c.txt")):
        path = tmp_path / f"{number}.tmp"
        path.write_text(body(number), "utf-8")
        assert tab.upload(OWNER, [Upload(path, name)]) == ""
    assert tab.ingestion.wait(SECONDS)
    return tab


def rows_of(tab: LibraryTab) -> list[list[str]]:
    return [list(row) for row in tab.table().rows]


# --- who may do what


def test_nobody_but_the_owner_changes_anything(filled, tmp_path):
    path = tmp_path / "c.tmp"
    path.write_text(body(3), "utf-8")
    rows = rows_of(filled)
    rows[0][0] = "另一题名"
    before = (filled.services.library.store.revision, filled.ingestion.state())
    for visitor in (GUEST, None):
        for said in (
            filled.upload(visitor, [Upload(path, "c.txt")]),
            filled.fetch(visitor, "https://example.org/"),
            filled.stop(visitor),
            filled.edit(visitor, rows),
            filled.remove(visitor, "a.txt"),
        ):
            assert "Only the owner may change the library" in said
        assert filled.report(visitor) == ""
    assert (filled.services.library.store.revision, filled.ingestion.state()) == before


def test_who_asks_is_found_behind_gradio_request():
    state = SimpleNamespace(visitor=OWNER)
    assert visitor_of(SimpleNamespace(request=SimpleNamespace(state=state))) is OWNER


@pytest.mark.parametrize(
    "request_",
    [
        None,
        SimpleNamespace(),
        SimpleNamespace(request=None),
        SimpleNamespace(request=SimpleNamespace(state=SimpleNamespace())),
        SimpleNamespace(request=SimpleNamespace(state=SimpleNamespace(visitor="owner"))),
    ],
)
def test_who_is_not_known_may_change_nothing(request_):
    assert not is_owner(visitor_of(request_))


@pytest.mark.parametrize("language", ["zh", "zh-Hant", "en"])
def test_no_program_may_call_the_handlers(library, language):
    gr = pytest.importorskip("gradio")

    async def build(ingestion):  # with a loop that runs gradio makes none of its own
        with gr.Blocks(analytics_enabled=False) as page, gr.Tab("library"):
            build_library_tab(SimpleNamespace(library=library), ingestion, language)
        return page

    with Ingestion(library) as ingestion:
        page = asyncio.run(build(ingestion))
    assert page.fns
    assert all(fn.api_visibility == "private" for fn in page.fns.values())
    assert all(fn.show_progress == "hidden" for fn in page.fns.values())


# --- the table


def documents(count: int) -> dict[str, Metadata]:
    return {
        f"{n}.txt": Metadata(title=f"第{n}号通知", date=f"20{n % 20 + 5:02}-01-01", region="东莞")
        for n in range(count)
    }


def test_the_latest_documents_come_first_a_page_at_a_time():
    catalogue = Catalogue(documents(10_000))
    table = catalogue.table()
    assert (len(table.rows), table.matching, table.total) == (PAGE_ROWS, 10_000, 10_000)
    assert [row[1] for row in table.rows] == sorted((row[1] for row in table.rows), reverse=True)
    following = catalogue.table(first=PAGE_ROWS)
    assert not set(table.rows) & set(following.rows)
    assert catalogue.table(first=10**9).rows[-1] == catalogue.table(first=9_999).rows[-1]


@pytest.mark.parametrize("wanted", ["第77号", "77號", "77.TXT", " 第77号  东莞 ", "東莞 第77号"])
def test_all_words_must_be_found_in_either_script(wanted):
    known = {**documents(80), "x.txt": Metadata(title="第77号", region="广州")}
    ids = [row[-1] for row in Catalogue(known).table(wanted).rows]
    assert "77.txt" in ids
    assert len(ids) <= 2


def test_a_page_beyond_what_is_found_is_the_last():
    assert len(Catalogue(documents(3)).table("第1号", first=500).rows) == 1
    assert Catalogue({}).table("x", 9).rows == ()


def test_cells_hold_nothing_that_turns_writing_around():
    row = row_of("a\u202etxt.exe", Metadata(title="甲\n乙\x00\u2066"))
    assert (row[0], row[-1]) == ("甲 乙", "atxt.exe")


def test_only_cells_that_changed_are_edits():
    known = documents(3)
    rows = [list(row) for row in Catalogue(known).table().rows]
    assert edits_of(rows, known) == ({}, True)
    rows[1][COLUMNS.index("region")] = "广州"
    rows[2][0] = None
    assert edits_of(rows, known) == (
        {rows[1][-1]: {"region": "广州"}, rows[2][-1]: {"title": ""}},
        True,
    )


@pytest.mark.parametrize(
    "row", [[], ["x"] * len(COLUMNS), ["x"] * 99, [None] * len(COLUMNS), [{"a": 1}] * len(COLUMNS)]
)
def test_rows_of_no_document_are_no_edits(row):
    known = documents(3)
    rows = [list(one) for one in Catalogue(known).table().rows]
    rows[0][0] = "changed"
    assert edits_of([*rows, row], known) == ({}, False)


def test_two_names_that_look_alike_are_not_mixed_up():
    known = {"a.txt": Metadata(title="1"), "a\u202e.txt": Metadata(title="2")}
    rows = [list(row_of(id_, one)) for id_, one in known.items()]
    rows[0][0] = "changed"
    assert edits_of(rows, known) == ({}, False)


# --- what happens


def test_good_cells_are_stored_and_bad_ones_put_back(filled):
    rows = rows_of(filled)
    place = next(n for n, row in enumerate(rows) if row[-1] == "a.txt")
    rows[place][0], rows[place][1] = "题名", "2024-13-01"
    rows[place][COLUMNS.index("region")] = "Dongguan"
    said = filled.edit(OWNER, rows)
    assert "Not saved&#44; the old value is back" in said
    assert "Saved" in said
    known = filled.services.library.metadata("a.txt")
    assert (known.title, known.date, known.region) == ("题名", "", "东莞")
    assert rows_of(filled)[place] != rows[place]


def test_rows_that_were_added_are_refused(filled):
    said = filled.edit(OWNER, [*rows_of(filled), [""] * len(COLUMNS)])
    assert "Rows cannot be added" in said


def test_a_change_behind_a_long_ingestion_is_promised(filled, monkeypatch):
    monkeypatch.setattr(filled.ingestion, "edit", lambda *_: raise_timeout())
    rows = rows_of(filled)
    rows[0][0] = "题名"
    assert "It will be done when the files at hand are in" in filled.edit(OWNER, rows)


def raise_timeout():
    raise TimeoutError


def test_what_was_edited_is_reset_by_the_owner_alone(filled):
    before = filled.title("a.txt")
    assert not filled.is_edited(OWNER, "a.txt")
    filled.ingestion.edit("a.txt", {"title": "题名"})
    assert filled.is_edited(OWNER, "a.txt") and not filled.is_edited(GUEST, "a.txt")
    assert "Only the owner" in filled.reset(GUEST, "a.txt")
    assert filled.title("a.txt") == "题名"
    assert before in filled.reset(OWNER, "a.txt")
    assert filled.title("a.txt") == before and not filled.is_edited(OWNER, "a.txt")


def test_a_document_that_is_removed_is_gone_everywhere(filled):
    assert "“" in filled.question_html("a.txt")
    assert "was removed" in filled.remove(OWNER, "a.txt")
    assert [row[-1] for row in filled.table().rows] == ["b/c.txt"]
    assert "no longer" in filled.preview("a.txt")


def test_a_preview_names_what_is_known_and_links_to_the_document(filled):
    html = filled.preview("b/c.txt")
    assert 'class="yz-mark yz-open" href="document&#63;id&#61;b&#37;2Fc&#46;txt"' in html
    assert "第2号文件" in html
    assert filled.preview("") == ""


def test_hostile_texts_and_names_are_shown_as_text(tab, tmp_path):
    path = tmp_path / "x.tmp"
    path.write_text(f"# {HOSTILE}\n\n{HOSTILE}{body(1)}", "utf-8")
    tab.upload(OWNER, [Upload(path, f"{HOSTILE}.md"), Upload(path, f"{HOSTILE}.exe")])
    assert tab.ingestion.wait(SECONDS)
    (id_,) = tab.services.library.document_ids()
    tab.ingestion.edit(id_, {"title": HOSTILE, "publisher": HOSTILE})
    shown = tab.preview(id_) + tab.report(OWNER) + tab.question_html(id_) + tab.remove(OWNER, id_)
    assert "<img" not in shown
    assert "alert&#40;1&#41;" in shown


def test_a_table_follows_what_changes(filled):
    assert len(filled.table().rows) == 2
    assert filled.catalogue() is filled.catalogue()
    filled.ingestion.edit("a.txt", {"title": "题名"})
    assert "题名" in [row[0] for row in filled.table("题名").rows]


@pytest.mark.parametrize("wanted", [None, 3, ["x"], "x" * 10**6])
def test_what_is_no_search_finds_what_it_may(filled, wanted):
    assert len(filled.table(wanted).rows) in (0, 2)


# --- the report


def test_each_file_has_a_line_in_the_language_of_the_page():
    files = (
        FileState(
            1, "a.txt", "done", documents=(Kept("a.txt", 100, 80, "o"),), dropped={"watermark": 20}
        ),
        FileState(2, "b.txt", "failed", "the file is empty: nothing to read"),
        FileState(3, "c.png", "skipped"),
        FileState(4, "d.zip", "done", problems=("d.zip/x.pdf: it is damaged or no PDF (x): y",)),
        FileState(5, "e.txt", "encoding"),
    )
    html = report_html(State(files, True, (3, 9)), {"o": "原件"}, "zh-Hant")
    for said in (
        "保留 100 字中的 80 字",
        "浮水印|水印 20",
        "文件是空的",
        "略過 1 個",
        "原件",
        "編碼中",
    ):
        assert any(one in html.replace("&#44;", ",") for one in said.split("|")), said
    assert "不是 PDF" in html
    assert 'value="75"' in html


def test_a_report_of_many_files_stays_short_and_shows_failures_first():
    files = [FileState(n, f"{n}.txt", "done") for n in range(1, 2000)]
    files += [FileState(2000, "bad.txt", "failed", "no document came of it")]
    html = report_html(State(tuple(files)), {}, "en")
    assert html.count("<li") == MOST_LINES
    assert html.index("bad&#46;txt") < html.index("1&#46;txt")
    assert f"{2000 - MOST_LINES} more files" in html


@pytest.mark.parametrize(
    ("reason", "chinese"),
    [
        ("it is a picture, whatever its name says", "实际上是图片"),
        (".xyz is not a format that is read; known are .txt", "不支持这种格式（.xyz）"),
        ("209,715,201 bytes are more than the 209,715,200 that are read: split it", "超过上限"),
        ("'x' is no day of the calendar: write it as 2024-05-03", "'x'不是日期"),
        ("a reason of tomorrow", "a reason of tomorrow"),
    ],
)
def test_reasons_are_in_the_language_of_the_page(reason, chinese):
    assert chinese in worded(reason, "zh")
    assert worded(reason, "en") == reason
