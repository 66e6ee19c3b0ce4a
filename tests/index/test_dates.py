from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.fields.dates import address_date, find_dates, is_date, iso_date, labelled_date

HAN = "〇一二三四五六七八九"


def spelled(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if tens < 2 else HAN[tens]) + ("十" if tens else "") + (HAN[ones] if ones else "")


days = st.dates(date(1912, 1, 1), date(2099, 12, 31))


@given(days)
def test_every_day_is_read_in_every_form(day):
    year = "".join(HAN[int(digit)] for digit in str(day.year))
    forms = (
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}年 {day.month:02} 月 {day.day:02} 日",
        f"{day.year}-{day.month}-{day.day}",
        f"{day.year}/{day.month:02}/{day.day:02}",
        f"{day.year}.{day.month}.{day.day}",
        f"{year}年{spelled(day.month)}月{spelled(day.day)}日",
        f"民國{day.year - 1911:02}年{day.month}月{day.day}日",
        f"{day:%B} {day.day}, {day.year}",
        f"{day.day} {day:%b} {day.year}",
        f"{day:%Y%m%d}",
    )
    wanted = day.isoformat()
    assert {form: iso_date(form) for form in forms} == dict.fromkeys(forms, wanted)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("二○二四年十二月三十一日", "2024-12-31"),
        ("一九九八年一月廿一日", "1998-01-21"),
        ("中華民國一百一十三年五月三日", "2024-05-03"),
        ("民國一一三年五月三日", "2024-05-03"),
        ("２０２４年５月３日", "2024-05-03"),
        ("2024-05-03T10:20:00+08:00", "2024-05-03"),
        ("2005年03月31日03:18", "2005-03-31"),
        ("Saturday, September 10th, 2005 10:56 am", "2005-09-10"),
        ("20240503102030", "2024-05-03"),
    ],
)
def test_further_forms_are_read(text, iso):
    assert iso_date(text) == iso


@pytest.mark.parametrize(
    "text",
    [
        "2024-13-40",
        "2024年2月30日",
        "12/01/2004 - 01/01/2005",
        "2024-05",
        "共20240503项",
        "113-05-03",
    ],
)
def test_what_is_no_day_is_no_date(text):
    assert iso_date(text) == ""
    assert find_dates(text) == []


def test_a_date_is_found_at_its_place():
    text = "自2024年7月1日起施行，２０２５年1月1日失效"
    assert [text[one.start : one.end] for one in find_dates(text)] == [
        "2024年7月1日",
        "２０２５年1月1日",
    ]


def test_behind_a_label_a_short_year_is_of_the_republic():
    assert labelled_date("113-05-03") == labelled_date("113.5.3") == "2024-05-03"
    assert labelled_date("113項") == ""


def test_a_date_alone_is_told_from_one_in_a_line():
    assert is_date(" 2024年5月3日 ")
    assert not is_date("2024年5月3日起")


@pytest.mark.parametrize(
    ("address", "iso"),
    [
        ("https://example.org/2009-03/15/content.htm", "2009-03-15"),
        ("https://example.org/zwyw/202403/t20240305_12.html", "2024-03-05"),
        ("https://example.org/2024/0305/c1-3.html", "2024-03-05"),
        ("https://example.org/a/434365209_123753", ""),
        ("https://20240305.example.org/a", ""),
        ("https://example.org/?id=20240305", ""),
    ],
)
def test_the_path_of_an_address_may_name_a_day(address, iso):
    assert address_date(address) == iso
