import json
import re
import shlex
from dataclasses import asdict

import pytest
import typer
from hash_encoder import HashEncoder
from typer.testing import CliRunner

from index.ingest import ingest
from index.library import Library
from rag.errors import ExportError, NotThere, ReportError
from rag.export_command import COMMANDS, item_of_row
from rag.passages import citation_of
from rag.report import standings

TEXT = "青石市低空经济扶持办法\n最高补助五百万元，分两年拨付到位。\n本办法有效期三年。\n"
app = typer.Typer(pretty_exceptions_enable=False)
for command in COMMANDS:
    app.command()(command)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    (folder / "a.txt").write_text(TEXT, "utf-8")
    with Library(folder / "library", HashEncoder(), create=True) as library:
        ingest(library, [folder / "a.txt"])
    return folder / "library"


@pytest.fixture
def answers(folder, tmp_path):
    """Return a file as `ask --json` writes it."""
    start = TEXT.index("最高")
    with Library(folder, HashEncoder()) as library:
        citation = citation_of(library, "a.txt", start, TEXT.index("\n本"))
    claim = {"text": "补助五百万元。", "citations": [1], "status": "partly", "problems": ["why"]}
    row = {
        **{"id": "q", "question": "多少？", "language": "zh", "answer": "补助五百万元[1]。"},
        **{"refused": False, "llm": "extractive", "notes": ["注意"], "timing_ms": {"total": 1.0}},
        **{"citations": [asdict(citation)], "claims": [claim]},
    }
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", "utf-8")
    return path


def run(*arguments):
    return CliRunner().invoke(
        app, [str(argument) for argument in arguments], catch_exceptions=False
    )


@pytest.mark.parametrize("suffix", ["docx", "md", "html"])
def test_answers_are_exported_and_stand(answers, folder, tmp_path, suffix) -> None:
    to = tmp_path / f"report.{suffix}"
    ran = run("export", answers, "--to", to, "--library", folder, "--title", "题")
    assert ran.output == f"wrote {to}: 1 answers, 1 citations\n"
    with Library(folder, HashEncoder()) as library:
        assert [one.standing for one in standings(library, to)] == ["stands"]


def test_style_language_and_title_are_those_asked_for(answers, folder, tmp_path) -> None:
    to = tmp_path / "report.md"
    run("export", answers, "--to", to, "--style", "apa", "--language", "en", "--title", "My report")
    text = to.read_text("utf-8")
    assert text.startswith("# My report\n")
    assert "# References" in text
    assert "(n.d.)" in text


def test_without_a_library_citations_say_enough(answers, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("export", answers, "--to", "report.bib")
    assert "青石市低空经济扶持办法" in (tmp_path / "report.bib").read_text("utf-8")


def test_a_passage_is_cited_with_quotation_and_reference(folder) -> None:
    start = TEXT.index("最高")
    ran = run("cite", "a.txt", start, start + 8, "--library", folder)
    quote, reference = ran.output.splitlines()
    assert quote == "“最高补助五百万元”"
    assert reference.startswith("青石市低空经济扶持办法[")
    row = json.loads(run("cite", "a.txt", start, start + 8, "--library", folder, "--json").output)
    assert (row["quote"], row["start"]) == ("最高补助五百万元", start)


@pytest.mark.parametrize("page", ["reports.md", "reports.zh.md"])
def test_the_commands_of_the_how_to_do_what_it_says(
    page, answers, folder, samples, tmp_path, monkeypatch
) -> None:
    """Those that write and cite; `ask` and `verify` have their own tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("answer.json", "answers.jsonl"):
        (tmp_path / name).write_bytes(answers.read_bytes())
    with Library(tmp_path / "library", HashEncoder(), create=True) as library:
        ingest(library, [samples / "dongguan-measures.txt"])
    text = (samples.parent / "docs" / page).read_text("utf-8")
    commands = [
        shlex.split(line) for line in re.findall("yinzheng ((?:export|cite) [^`\n]+)", text)
    ]
    assert {command[0] for command in commands} == {"export", "cite"}
    outputs = {command[0]: run(*command).output for command in commands}
    assert outputs["cite"].startswith("“东莞市科技局") and "。”\n" in outputs["cite"]
    assert (tmp_path / "report.docx").exists()


@pytest.mark.parametrize("place", [("no.txt", 0, 5), ("a.txt", 5, 5), ("a.txt", 0, 10**6)])
def test_a_place_that_is_none_is_an_error(folder, place) -> None:
    with pytest.raises(NotThere):
        run("cite", *place, "--library", folder)


def test_another_suffix_is_an_error_that_names_the_known_ones(answers, tmp_path) -> None:
    with pytest.raises(ExportError, match=r"\.docx"):
        run("export", answers, "--to", tmp_path / "a.pdf")


def test_a_folder_that_is_not_there_is_an_error(answers, tmp_path) -> None:
    with pytest.raises(ExportError, match="cannot be written"):
        run("export", answers, "--to", tmp_path / "no" / "a.md")


@pytest.mark.parametrize(
    "change",
    [
        {"answer": None},
        {"question": 5},
        {"citations": "none"},
        {"citations": [{"n": 1}]},
        {"claims": [{"text": "x", "citations": [], "status": "fine"}]},
        {"notes": 5},
        {"language": "fr"},
    ],
)
def test_a_row_that_is_no_answer_is_an_error_of_one_line(answers, change) -> None:
    row = json.loads(answers.read_text("utf-8"))
    with pytest.raises(ReportError) as error:
        item_of_row(row | change)
    assert "'q'" in str(error.value) and "\n" not in str(error.value)
