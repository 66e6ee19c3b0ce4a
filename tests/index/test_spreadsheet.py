import datetime
import io

import openpyxl
import pytest
from office_files import DATA, SCRIPTS, cleaned, package, trigram_f1, xlsx

from index.errors import EmptyDocument, ReadError
from index.formats import spreadsheet
from index.formats.number_format import shown
from index.formats.spreadsheet import XLSX_MEDIA_TYPE, read_csv, read_xlsx
from index.types import Document


def document_of(data: bytes) -> Document:
    (document,) = read_xlsx(data, "a.xlsx").documents
    return document


def saved(book: openpyxl.Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def hidden(document: Document) -> list[str]:
    return [span.of(document.raw) for span in document.layout.hidden]


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (200.0, "General", "200"),
        (0.1 + 0.2, "General", "0.3"),
        (1e6, "General", "1000000"),
        (1e20, "General", "1E+20"),
        (1234.5, "#,##0.00", "1,234.50"),
        (2.675, "0.00", "2.68"),
        (0.125, "0.0%", "12.5%"),
        (12345, '0!.0,"万"', "1.2万"),
        (1234567, '#,##0,"千元"', "1,235千元"),
        (-5.5, "#,##0.00;[Red](#,##0.00)", "(5.50)"),
        (-0.001, "0.00", "0.00"),
        (1234.5, '_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ', "1,234.50"),
        (0, '_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ', "-"),
        (1.5e8, '[>=100000000]0.00,,"亿";General', "150.00亿"),
        (3, "000", "003"),
        (3, "0.##", "3"),
        (1234, "0.00E+00", "1.23E+03"),
        (12, "[DBNum1]General", "十二"),
        (12.5, "[$¥-804]#,##0.0", "¥12.5"),
        (45415, "yyyy-mm-dd", "2024-05-03"),
        (45415, 'yyyy"年"m"月"d"日"', "2024年5月3日"),
        (45415, '[DBNum1][$-804]yyyy"年"m"月"d"日"', "二〇二四年五月三日"),
        (45415.75, '上午/下午h"时"mm"分"', "下午6时00分"),
        (45415, "aaaa", "星期五"),
        (1.5, "[h]:mm", "36:00"),
        (-3, "yyyy-mm-dd", "-3"),
        (1e300, "0.00", "1E+300"),
        (1e300, "yyyy", "1E+300"),
    ],
)
def test_a_number_stands_as_the_sheet_shows_it(value, code, text):
    assert shown(value, code) == text


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_sheet_from_libreoffice_comes_back_whole(script):
    document = document_of((DATA / f"sheet-{script}.xlsx").read_bytes())
    truth = (DATA / f"sheet-{script}.txt").read_text("utf-8")
    assert trigram_f1(cleaned(document), truth) >= 0.97
    assert document.raw.split("\n") == truth.split("\n")
    assert document.media_type == XLSX_MEDIA_TYPE


def test_titles_and_notes_are_plain_lines_and_merged_cells_stand_once():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["B2"] = "2024年补贴表"
    sheet.merge_cells("B2:D2")
    for row in (("单位", None, "金额"), ("甲公司", 7, 1234.5), (None, 8, "换\n行"), ("注：完",)):
        sheet.append((None, *row))
    sheet["D4"].number_format = "#,##0.00"
    sheet["C4"] = datetime.date(2024, 5, 3)
    sheet.merge_cells("B4:B5")
    assert document_of(saved(book)).raw.split("\n") == [
        *("2024年补贴表", "单位\t\t金额", "甲公司\t2024-05-03\t1,234.50", "\t8\t换行", "注：完")
    ]


def test_each_sheet_is_a_page_and_its_name_a_heading_if_it_says_something():
    book = openpyxl.Workbook()
    book.active.append(("甲", "乙"))
    for name, title in (("补贴标准", "项目"), ("空", None), ("汇总", "2024年汇总表")):
        book.create_sheet(name).append((title,))
    document = document_of(saved(book))
    assert document.raw.split("\n") == ["甲\t乙", "补贴标准", "项目", "2024年汇总表"]
    assert document.layout.pages == (0, 4, 12)
    headings = [(span.of(document.raw), level) for span, level in document.layout.headings]
    assert headings == [("补贴标准", 1)]


def test_what_the_sheet_hides_is_marked_and_cleaning_drops_it():
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (("甲", "乙", "丙"), ("一", "二", "三"), ("四", "五", "六")):
        sheet.append(row)
    sheet.column_dimensions["B"].hidden = True
    sheet.row_dimensions[2].hidden = True
    secret = book.create_sheet("秘密")
    secret.append(("藏", "着"))
    secret.sheet_state = "veryHidden"
    content = read_xlsx(saved(book), "a.xlsx")
    (document,) = content.documents
    assert hidden(document) == ["\t乙", "一\t二\t三", "\t五", "秘密", "藏\t着"]
    assert "".join(cleaned(document).split()) == "甲丙四六"
    assert len(content.notes) == 2


def test_formulas_without_a_stored_value_are_noted():
    book = openpyxl.Workbook()
    book.active.append(("甲", "=1+1"))
    content = read_xlsx(saved(book), "a.xlsx")
    assert content.documents[0].raw == "甲"
    assert content.notes[0].startswith("1 formulas have no stored value")


def test_text_under_a_merged_cell_is_not_shown():
    rows = "".join(f'<row r="{i}"><c r="A{i}"><v>{i}</v></c></row>' for i in (1, 2, 3))
    merged = '<mergeCells><mergeCell ref="A1:C2"/><mergeCell ref="?"/></mergeCells>'
    assert document_of(xlsx(rows, merged=merged)).raw == "1\n3"


def test_only_the_cells_that_are_there_count_whatever_the_sheet_declares():
    rows = (
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576" t="str"><v>end</v></c><c r="ZZZ1"><v>9</v></c></row>'
    )
    assert document_of(xlsx(rows)).raw == "1\nend"


def test_hostile_merges_end_soon():
    rows = "<row><c><v>1</v></c></row>" * 500
    merged = "<mergeCells>" + '<mergeCell ref="A1:XFD1048576"/>' * 5000 + "</mergeCells>"
    assert document_of(xlsx(rows, merged=merged)).raw == "1"


def test_more_cells_than_the_limit_are_refused(monkeypatch):
    monkeypatch.setattr(spreadsheet, "MAX_CELLS", 20)
    row = "<row><c><v>1</v></c><c><v>2</v></c></row>"
    assert document_of(xlsx(row * 10)).raw.count("\n") == 9
    with pytest.raises(ReadError, match="more than the 20 filled cells"):
        document_of(xlsx(row * 11))


def test_many_wide_rows_end_in_a_clear_line(monkeypatch):
    monkeypatch.setattr("index.formats.lines.MAX_CHARACTERS", 1000)
    rows = "".join(f'<row r="{i}"><c r="A{i}"><v>1</v></c><c r="{c}{i}"><v>1</v></c></row>'
                   for i, c in enumerate("BCDEFGHIJKLMNOPQRSTUVWXYZ" * 3, 1))  # fmt: skip
    with pytest.raises(ReadError, match="characters that are read"):
        document_of(xlsx(rows))


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 no archive",
        xlsx("<row><c><v>1</v></c></row>")[:400],
        package({"a.txt": "x"}),
        xlsx("<row><c><v>1</v>"),
    ],
)
def test_a_broken_workbook_ends_in_one_clear_line(data):
    with pytest.raises(ReadError) as caught:
        read_xlsx(data, "a.xlsx")
    assert "\n" not in str(caught.value)


def test_an_empty_workbook_is_an_error():
    with pytest.raises(EmptyDocument):
        read_xlsx(saved(openpyxl.Workbook()), "a.xlsx")


def raw_of(text: str, encoding: str = "utf-8") -> str:
    (document,) = read_csv(text.encode(encoding), "a.csv").documents
    return document.raw


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-8-sig"])
def test_the_delimiter_and_the_encoding_are_found(delimiter, encoding):
    rows = (
        ("单位名称", "补贴金额", "备注"),
        ("甲有限公司", "3", ""),
        ("乙有限公司", "4", "按季发放"),
    )
    text = "\r\n".join(delimiter.join(row) for row in rows)
    assert raw_of(text, encoding) == "\n".join("\t".join(row) for row in rows)


def test_quoted_cells_hold_delimiters_and_line_ends():
    assert raw_of('名称,说明\n"甲,乙","第一\n第二"\n"a ""b""","c\nd"\n') == (
        '名称\t说明\n甲,乙\t第一第二\na "b"\tc d'
    )


def test_a_quotation_mark_that_never_closes_swallows_no_rows():
    assert raw_of('名称,说明\n甲,"开\n乙,关\n') == '名称\t说明\n甲\t"开\n乙\t关'


def test_a_formula_in_a_csv_is_just_text():
    assert raw_of("名称,值\n=cmd|'/c calc'!A1,@SUM(1)\n") == "名称\t值\n=cmd|'/c calc'!A1\t@SUM(1)"


def test_titles_above_a_csv_table_are_plain_lines_and_empty_columns_go():
    assert (
        raw_of("补贴表,,,\n名称,,值,\n甲,,1,\n\n注：完,,,\n") == "补贴表\n名称\t值\n甲\t1\n注：完"
    )


def test_a_very_long_cell_is_read_and_the_limit_of_others_stays():
    import csv

    before = csv.field_size_limit()
    assert len(raw_of("名称,值\n甲," + "长" * 200_000)) == 200_006 + 1
    assert csv.field_size_limit() == before


def test_a_csv_without_cells_is_an_error():
    with pytest.raises(EmptyDocument):
        read_csv(b",,,\n , \n", "a.csv")
