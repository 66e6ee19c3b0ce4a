"""Drafts, ended documents and older versions are named as such, with the marks that cite them."""

import pytest

from index.types import Metadata
from rag.standing import Newer, find_newer, standing
from rag.types import Citation


def citation(n: int, source: str, title: str = "", heading: str = "") -> Citation:
    return Citation(n, source, title, "", "", "", heading, "", "", 0, 0, "")


NAME = "东莞市支持生物医药产业发展若干措施"


def lines(*citations: Citation, language="zh", newer=None, **status: str) -> tuple[str, ...]:
    known = {source: Metadata(status=words) for source, words in status.items()}
    return standing(citations, known, newer or {}, language)


def test_a_draft_is_named_once_with_all_its_marks() -> None:
    (line,) = lines(citation(1, "a"), citation(2, "b"), citation(3, "a"), a="征求意见稿", b="试行")
    assert "[1][3]" in line
    assert "[2]" not in line
    assert "尚未正式施行" in line


@pytest.mark.parametrize("language", ["zh", "zh-Hant", "en"])
def test_every_language_says_it(language) -> None:
    assert "[1]" in lines(citation(1, "a"), a="徵求意見稿", language=language)[0]


def test_news_about_a_draft_is_not_in_force_either() -> None:
    assert lines(citation(1, "a", title="一份征求意見稿的要點"))


def test_an_ended_document_is_named() -> None:
    assert "废止" in lines(citation(1, "a"), a="废止")[0]


def test_a_document_in_force_needs_no_line() -> None:
    assert lines(citation(1, "a", title=NAME), a="修订") == ()


def test_the_newer_version_is_named_with_its_date() -> None:
    newer = {"a": Newer("a", "b", NAME, "2025-10-01")}
    (line,) = lines(citation(2, "a"), newer=newer)
    assert all(words in line for words in ("[2]", NAME, "2025-10-01"))


def newer(old: Metadata, *others: Metadata, texts: dict[str, str] | None = None) -> str:
    known = {"old": old} | {str(i): other for i, other in enumerate(others)}
    found = find_newer(["old"], known, texts)
    return found["old"].by if found else ""


OLD = Metadata(title=f"{NAME}（征求意见稿）", date="2025-08-14", region="东莞")


@pytest.mark.parametrize(
    ("title", "date", "region", "expected"),
    [
        (NAME, "2025-10-01", "东莞", "0"),
        (f"关于印发《{NAME}》的通知", "2025-10-01", "", "0"),
        ("東莞市支持生物醫藥產業發展若干措施", "2025-10-01", "东莞", "0"),
        (NAME, "2025-01-01", "东莞", ""),
        (NAME, "", "东莞", ""),
        (NAME.replace("东莞", "佛山"), "2025-10-01", "佛山", ""),
        (f"《{NAME}》政策解读", "2025-10-01", "东莞", ""),
        ("东莞市支持集成电路产业发展若干措施", "2025-10-01", "东莞", ""),
    ],
)
def test_a_later_document_of_the_same_name_takes_its_place(title, date, region, expected) -> None:
    assert newer(OLD, Metadata(title=title, date=date, region=region)) == expected


def test_the_newest_of_several_is_named() -> None:
    others = [Metadata(title=NAME, date=f"2025-{month}-01") for month in ("09", "11", "10")]
    assert newer(OLD, *others) == "1"


def test_lists_of_different_years_are_not_versions_of_each_other() -> None:
    one = Metadata(title="2024年广东省生物医药产业应用场景清单", date="2024-09-01")
    assert (
        newer(one, Metadata(title="2025年广东省生物医药产业应用场景清单", date="2025-09-01")) == ""
    )


def test_a_document_that_ends_another_takes_its_place_whatever_its_title() -> None:
    old = Metadata(title="东莞市促进生物技术发展实施办法", date="2020-01-01")
    other = Metadata(title="东莞市生命健康条例", date="2025-01-01")
    text = "本条例自2025年1月1日起施行，《东莞市促进生物技术发展实施办法》同时废止。"
    assert newer(old, other, texts={"0": text}) == "0"
    assert newer(old, other, texts={"0": "参照《东莞市促进生物技术发展实施办法》执行。"}) == ""


def test_short_names_say_too_little() -> None:
    old = Metadata(title="若干措施", date="2020-01-01")
    assert newer(old, Metadata(title="若干措施", date="2025-01-01")) == ""


PLAN = Metadata(title="关于印发广东省培育未来产业集群行动计划的通知", date="2024-02-07")


@pytest.mark.parametrize(
    "title",
    [
        "广东省发布《广东省培育未来产业集群行动计划》,重点部署细胞治疗",
        "《广东省培育未来产业集群行动计划》出台",
        "一文读懂《广东省培育未来产业集群行动计划》",
        PLAN.title,  # put up again elsewhere
    ],
)
def test_news_of_a_document_and_its_reprint_are_no_newer_versions(title) -> None:
    assert newer(PLAN, Metadata(title=title, date="2024-03-25")) == ""


def test_a_document_issued_anew_under_its_name_is_a_newer_version() -> None:
    old = Metadata(title=PLAN.title, date="2020-02-07", document_number="粤科〔2020〕5号")
    anew = Metadata(title=PLAN.title, date="2024-02-07", document_number="粤科〔2024〕9号")
    assert newer(old, anew) == "0"


def test_a_later_draft_takes_no_place_before_it_is_issued() -> None:
    draft = Metadata(title=f"{NAME}（征求意见稿）", date="2026-08-14", region="东莞")
    assert newer(Metadata(title=NAME, date="2025-10-01", region="东莞"), draft) == ""
