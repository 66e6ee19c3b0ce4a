from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import ReadError
from index.meta_table import FIELDS, apply_row, read_meta_table, write_meta_table
from index.types import Metadata

FULL = Metadata(
    title="关于办法的通知",
    publisher="某某网",
    issuer="广东省科学技术厅、广东省财政厅",
    date="2024-05-06",
    issued="2024-05-03",
    document_number="粤府〔2024〕5号",
    url="https://example.org/a,b",
    region="广东",
    level="province",
    status="试行、修订",
    found={"title": "text", "date": "declared"},
)


def read(text: str, encoding: str = "utf-8") -> dict[str, dict[str, str]]:
    return read_meta_table(text.encode(encoding))


def test_a_written_table_reads_back():
    table = read_meta_table(write_meta_table([("a.txt", FULL), ("b.txt", Metadata())]).encode())
    assert table == {"a.txt": {name: getattr(FULL, name) for name in FIELDS}, "b.txt": {}}


@given(
    st.text("东莞市政府通知關於獎勵AZaz09 =+-@'\",;，。（）", min_size=1, max_size=20).filter(
        lambda text: text == text.strip() == " ".join(text.split())
    ),
    st.sampled_from(["", "=", "+", "-", "@", "'=", "''@", "'"]),
)
def test_what_looks_like_a_formula_is_escaped_and_comes_back(text, start):
    title = start + text
    written = write_meta_table([(title, replace(Metadata(), title=title))])
    row = written.split("\r\n")[1].lstrip('"')
    assert row[0] not in "=+-@\t\r"
    # The mark leads the text so that it is taken for one, whatever bytes follow.
    assert read(f"{written}引证,引证") == {title: {"title": title}, "引证": {"title": "引证"}}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_cells_that_begin_like_formulas_get_an_apostrophe(start):
    assert f"'{start}SUM(1)" in write_meta_table([("a.txt", Metadata(title=f"{start}SUM(1)"))])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_what_spreadsheets_write_is_read(encoding):
    text = "文件,标题,发布日期,级别\r\n通知.txt,关于支持企业发展的办法,2024/5/6,省级\r\n"
    assert read(text, encoding) == {
        "通知.txt": {"title": "关于支持企业发展的办法", "date": "2024-05-06", "level": "province"}
    }


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(delimiter):
    rows = [["source", "title", "status"], ["a.txt", "题，名", "试行"]]
    assert read("\n".join(map(delimiter.join, rows))) == {
        "a.txt": {"title": "题，名", "status": "试行"}
    }


@pytest.mark.parametrize(
    "header",
    [
        "来源文件,标题,发布机构,发文机关,发布日期,成文日期,文号,网址,地区,级别,状态",
        "來源文件,標題,發布機構,發文機關,發布日期,成文日期,文號,網址,地區,級別,狀態",
        "Source,Title,PUBLISHER,issuer,date,issued,document_number,url,region,level,status",
    ],
)
def test_columns_have_names_in_both_languages_and_scripts(header):
    values = [getattr(FULL, name).replace("a,b", "a") for name in FIELDS]
    (row,) = read(f"{header}\na.txt,{','.join(values)}").values()
    assert row == dict(zip(FIELDS, values, strict=True))


def test_an_empty_cell_leaves_a_field_and_a_dash_clears_it():
    table = read("source,title,publisher,url\na.txt,,-,\n\n,,,\n")
    assert table == {"a.txt": {"publisher": ""}}
    known = apply_row(FULL, table["a.txt"])
    assert (known.title, known.publisher, known.url) == (FULL.title, "", FULL.url)
    assert "publisher" not in known.found


def test_what_the_table_says_is_found_in_the_table():
    known = apply_row(FULL, {"title": "别的", "region": FULL.region, "date": FULL.date})
    assert (known.title, known.found) == ("别的", {"title": "table", "date": "declared"})


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        ("2024-5-6", "2024-05-06"),
        ("2024年5月6日", "2024-05-06"),
        ("2024/5/6 0:00", "2024-05-06"),
        ("民國113年5月6日", "2024-05-06"),
        ("113-05-06", "2024-05-06"),
    ],
)
def test_dates_become_iso(cell, iso):
    assert read(f"source,issued\na,{cell}") == {"a": {"issued": iso}}


@pytest.mark.parametrize(
    ("cell", "name"), [("广东省", "广东"), ("Dongguan", "东莞"), ("廣州", "广州"), ("粤", "广东")]
)
def test_places_become_canonical(cell, name):
    assert read(f"source,region\na,{cell}") == {"a": {"region": name}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title\na", ["row 1", '"source"']),
        ("source,colour\na,b", ["row 1", "column 2", "colour"]),
        ("source,title,标题\na,b,c", ["row 1", "column 3", "twice"]),
        ("source,title\na,b\na,c", ["row 3", '"source"', "'a'"]),
        ("source,title\n,b", ["row 2", '"source"']),
        ("source,title\na,b\n\nb,c,d", ["row 4", "column 3"]),
        ("source,date\na,2024-13-01", ["row 2", '"date"', "2024-13-01"]),
        ("source,date\na,2024年春", ["row 2", '"date"', "2024年春"]),
        ("source,issued\na,自2024年5月6日起", ["row 2", '"issued"']),
        ("source,level\na,村", ["row 2", '"level"', "村"]),
        ("source,region\na,火星", ["row 2", '"region"', "火星"]),
        ("source,url\na,javascript:alert(1)", ["row 2", '"url"']),
        ('source,title\na,"b', ["row 2"]),
        (f"source,title\na,{'b' * 200_000}", ["row 2"]),
    ],
)
def test_a_fault_is_one_line_that_names_row_and_column(text, words):
    with pytest.raises(ReadError) as caught:
        read(text)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 300
    assert all(word in message for word in words), message


def test_bytes_that_are_no_table_are_refused():
    with pytest.raises(ReadError):
        read_meta_table(b"\x00\x01\x02" * 100)
    with pytest.raises(ReadError):
        read_meta_table(b"")
