"""The command line keeps its contract: rows, exit codes, one clear line on failure."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hash_encoder import HashEncoder

from rag.cli import main

QUESTION = "东莞对BNCT硼药按临床阶段奖励多少？"
ENGLISH = "what does Dongguan give for BNCT drugs?"
NOTHING = "佛山游泳馆几点开门？"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def row(self) -> Any:
        (line,) = self.out.splitlines()
        return json.loads(line)


Run = Callable[..., Ran]


@pytest.fixture(scope="module", autouse=True)
def quick_encoder() -> Iterator[None]:
    """Let the commands run without a model; only the last test takes the bundled one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("index.encoder.load_encoder", lambda name: HashEncoder())
        for name in ("YINZHENG_LLM", "YINZHENG_LIBRARY", "YINZHENG_ENCODER", "OPENAI_API_KEY"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="module")
def library(tmp_path_factory, samples) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "library"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["yinzheng", "ingest", str(samples), "--library", str(folder)])
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 0
    return folder


@pytest.fixture
def run(monkeypatch, capfd, tmp_path) -> Run:
    """Run the command as from a shell, but in this process."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["yinzheng", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        return Ran(int(ended.value.code or 0), *capfd.readouterr())

    return command


@pytest.fixture
def on(run, library) -> Run:
    """Run a command on the library of the samples."""
    return lambda *arguments: run(*arguments, "--library", library)


def rows_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def write_rows(file: Path, *rows: object) -> Path:
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return file


def assert_fails(ran: Ran, *words: str) -> None:
    """Exit code 1, and one clear line that says what is wrong."""
    assert ran.code == 1
    (line,) = ran.err.splitlines()
    assert line.startswith("yinzheng: ")
    assert all(word in line for word in words), line
    assert "Traceback" not in ran.err
    assert "unexpected" not in ran.err


# Rows of the contract.

HIT = ["source", "title", "start", "end", "text", "score", "scores"]
ANSWER = [
    "id",
    "question",
    "language",
    "answer",
    "refused",
    "llm",
    "citations",
    "claims",
    "timing_ms",
]
FURTHER = {"cut", "notes", "conflicts", "choices", "related"}  # only where there are any
CITATION = ["n", "source", "title", "publisher", "date", "url", "heading"]
CITATION += ["quote", "text", "start", "end", "sha256"]


def test_a_search_row_has_the_keys_of_the_contract(on) -> None:
    row = on("search", QUESTION, "-k", 3, "--json").row
    assert list(row) == ["id", "hits"]
    assert len(row["hits"]) == 3
    for hit in row["hits"]:
        assert list(hit) == [*HIT, "matched"]  # the last says why, beside what the contract wants
        assert list(hit["scores"]) == ["dense", "lexical", "late"]
        assert 0 <= hit["score"] <= 1
        assert all(word in hit["text"] for word in hit["matched"])
    assert row["hits"][0]["matched"]
    assert [hit["score"] for hit in row["hits"]] == sorted(
        (h["score"] for h in row["hits"]), reverse=True
    )


def test_why_a_passage_was_found_is_told_in_words(on) -> None:
    shown = on("search", ENGLISH, "-k", 1, "-v").out
    assert all(name in shown for name in ("score", "meaning", "words"))


def test_filters_leave_out_other_documents(on) -> None:
    row = on("search", QUESTION, "--region", "湖北", "--json").row
    assert row["hits"]
    assert all("hubei" in hit["source"] for hit in row["hits"])
    assert on("ask", QUESTION, "--region", "Hubei", "--json").row["refused"]


@pytest.mark.parametrize(
    ("option", "value"), [("--region", "桃花源"), ("--after", "yesterday"), ("--before", "2024-13")]
)
def test_a_filter_that_means_nothing_is_one_line(on, option, value) -> None:
    ran = on("search", QUESTION, option, value)
    assert ran.code == 1
    assert value in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(("question", "language"), [(QUESTION, "zh"), (ENGLISH, "en")])
def test_an_answer_row_has_the_keys_of_the_contract(on, samples, question, language) -> None:
    row = on("ask", question, "--json").row
    assert list(row)[: len(ANSWER)] == ANSWER
    assert set(row) - set(ANSWER) <= FURTHER
    assert (row["question"], row["language"], row["refused"]) == (question, language, False)
    assert row["llm"] == "extractive"
    assert list(row["timing_ms"]) == ["search", "first_token", "total"]
    assert all(time >= 0 for time in row["timing_ms"].values())
    assert "200万元" in row["answer"]
    assert row["answer"].count("[1]") >= 1
    for citation in row["citations"]:
        assert list(citation) == CITATION
        raw = (samples / citation["source"]).read_bytes().decode("utf-8")
        assert raw[citation["start"] : citation["end"]] == citation["quote"]
    for claim in row["claims"]:
        assert list(claim) == ["text", "citations", "status", "problems"]
        assert claim["status"] in ("supported", "partly", "unsupported")
        assert set(claim["citations"]) <= {citation["n"] for citation in row["citations"]}


def test_a_refusal_has_no_citations_and_no_claims(on) -> None:
    ran = on("ask", NOTHING, "--json")
    assert (ran.code, ran.row["refused"]) == (0, True)
    assert (ran.row["citations"], ran.row["claims"]) == ([], [])
    assert list(ran.row)[: len(ANSWER)] == ANSWER
    assert set(ran.row) - set(ANSWER) <= FURTHER


def test_clean_says_what_is_kept_and_what_is_dropped(run, samples) -> None:
    file = samples / "dongguan-measures.txt"
    row = run("clean", file, "--json").row
    assert list(row) == ["text", "kept", "dropped", "metadata"]
    raw = file.read_bytes().decode("utf-8")
    assert all(0 <= start < end <= len(raw) for start, end in row["kept"])
    assert row["kept"] == sorted(row["kept"])
    assert all(list(dropped) == ["start", "end", "reason"] for dropped in row["dropped"])
    assert all(dropped["reason"] for dropped in row["dropped"])
    assert {"title", "publisher", "date"} <= row["metadata"].keys()
    assert "LINGXUN" in raw
    assert "LINGXUN" not in row["text"]


def test_list_names_every_document(on, samples) -> None:
    row = on("list", "--json").row
    assert {document["source"] for document in row} == {file.name for file in samples.iterdir()}
    assert all(document["title"] for document in row)
    assert len(on("list").out.splitlines()) == len(row)


def test_doctor_finds_nothing_wrong_and_repairs(on) -> None:
    assert "all is well" in on("doctor").out
    assert "all is well" in on("doctor", "--repair").out


# For readers, not programs.


def test_an_answer_is_printed_with_its_sources(on) -> None:
    out = on("ask", ENGLISH).out
    assert "200万元" in out
    assert "[1]" in out
    assert "dongguan-measures.txt:" in out


def test_a_refusal_says_why_and_names_what_is_near(on) -> None:
    ran = on("ask", NOTHING)
    assert ran.code == 0
    assert "资料中没有答案" in ran.out
    assert "note:" in ran.err


def test_hits_are_printed_with_their_places(on) -> None:
    out = on("search", QUESTION, "-k", 2).out
    assert out.startswith("1. ")
    assert "\n2. " in out
    assert "score" in out


def test_clean_shows_on_a_terminal_what_was_dropped_where_it_stood(
    run, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    (tmp_path / "a.txt").write_text("东(dōng)莞市对硼药研发给予奖励。", "utf-8")
    out = run("clean", tmp_path / "a.txt").out
    assert "东\x1b[9;31m(dōng)\x1b[0m\x1b[2m [pinyin gloss] \x1b[0m莞市" in out


def test_clean_shows_every_document_of_a_file_and_what_is_none(run, tmp_path) -> None:
    good = {"id": "a", "text": "对硼药研发给予奖励。"}
    ran = run("clean", write_rows(tmp_path / "rows.jsonl", good, {"id": "b"}), "--json")
    assert ran.row["text"] == "对硼药研发给予奖励。"
    assert_fails(ran, "rows.jsonl", "row 2")


def test_a_table_of_metadata_written_edited_and_read_again_holds(run, samples, tmp_path) -> None:
    library = ("--library", tmp_path / "library")
    assert run("ingest", samples, *library).code == 0
    written = run("list", "--csv", *library).out
    assert written.startswith("\ufeffsource,")
    (tmp_path / "same.csv").write_text(written, "utf-8")
    same = run("ingest", "--meta", tmp_path / "same.csv", "--json", *library)
    assert (same.code, same.row["changed"]) == (0, [])
    (tmp_path / "mine.csv").write_text("文件,标题\ndongguan-measures.txt,我的题名\n", "gb18030")
    assert run("ingest", "--meta", tmp_path / "mine.csv", *library).code == 0
    known = {row["source"]: row for row in run("list", "--json", *library).row}
    assert known["dongguan-measures.txt"]["title"] == "我的题名"
    assert known["dongguan-measures.txt"]["found"]["title"] == "table"


def test_a_table_of_metadata_with_a_fault_changes_nothing(run, tmp_path, on) -> None:
    (tmp_path / "bad.csv").write_text("source,date\na.txt,morgen\n", "utf-8")
    assert_fails(on("ingest", "--meta", tmp_path / "bad.csv"), "bad.csv", "row 2", "date")


def test_ingest_needs_something_to_ingest(run) -> None:
    assert run("ingest").code == 2


def test_reprints_are_named_in_the_report_and_beside_the_citation(run, samples, tmp_path) -> None:
    folder, library = tmp_path / "files", ("--library", tmp_path / "library")
    folder.mkdir()
    text = (samples / "dongguan-measures.txt").read_text("utf-8")
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text(text, "utf-8")
    report = run("ingest", folder, *library).out
    assert "reprints: a.txt is also in b.txt" in report
    row = run("ask", QUESTION, "--json", *library).row
    assert {citation["source"] for citation in row["citations"]} == {"a.txt"}
    assert all(citation["also"] == ["b.txt"] for citation in row["citations"])
    assert "also in: b.txt" in run("ask", QUESTION, *library).out


def test_clean_prints_what_was_dropped(run, samples) -> None:
    out = run("clean", samples / "dongguan-measures.txt").out
    assert "characters kept; dropped:" in out
    assert "watermark" in out


# Batches.


def without_times(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("id", "timing_ms")}


def test_a_batch_of_questions_gives_what_single_ones_give(on, tmp_path) -> None:
    questions = {"a": QUESTION, "b": NOTHING, "7": ENGLISH}
    queries = write_rows(
        tmp_path / "q.jsonl", *({"id": i, "question": q} for i, q in questions.items())
    )
    out = tmp_path / "out.jsonl"
    assert on("ask", "--queries", queries, "--out", out) == Ran(0, "", "")
    rows = rows_of(out)
    assert [row["id"] for row in rows] == list(questions)
    for row in rows:
        assert without_times(row) == without_times(on("ask", row["question"], "--json").row)


def test_a_batch_of_searches_gives_what_single_ones_give(on, tmp_path) -> None:
    texts = [QUESTION, ENGLISH, "東莞有多少家企業？"]
    queries = write_rows(tmp_path / "q.jsonl", *({"id": i, "text": t} for i, t in enumerate(texts)))
    out = tmp_path / "out.jsonl"
    assert on("search", "--queries", queries, "--out", out, "-k", 5) == Ran(0, "", "")
    rows = rows_of(out)
    assert [row["id"] for row in rows] == [0, 1, 2]
    for row, text in zip(rows, texts, strict=True):
        single = on("search", text, "-k", 5, "--json").row
        key = [(hit["source"], hit["start"], hit["end"], hit["text"]) for hit in row["hits"]]
        assert key == [(h["source"], h["start"], h["end"], h["text"]) for h in single["hits"]]


def test_ids_of_any_kind_come_back_as_they_were(on, tmp_path) -> None:
    ids = [3, "三", None, {"a": [1]}, "\ud800"]
    queries = write_rows(tmp_path / "q.jsonl")
    queries.write_text("".join(json.dumps({"id": i, "question": NOTHING}) + "\n\n" for i in ids))
    assert on("ask", "--queries", queries, "--out", "out.jsonl").code == 0
    assert [row["id"] for row in rows_of(tmp_path / "out.jsonl")] == [*ids[:-1], "\ufffd"]


def test_an_out_file_is_whole_or_as_it_was(on, tmp_path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("before")
    question = {"id": 1, "question": QUESTION}
    bad = write_rows(tmp_path / "bad.jsonl", question, {"id": 2, "question": "问" * 10_001})
    assert_fails(on("ask", "--queries", bad, "--out", out), "10,001")
    assert out.read_text() == "before"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["bad.jsonl", "out.jsonl"]


def test_a_link_given_for_out_is_written_through(on, tmp_path) -> None:
    target, link = tmp_path / "target.jsonl", tmp_path / "link.jsonl"
    link.symlink_to(target)
    queries = write_rows(tmp_path / "q.jsonl", {"id": 1, "text": QUESTION})
    assert on("search", "--queries", queries, "--out", link).code == 0
    assert link.is_symlink()
    assert len(rows_of(target)) == 1


# verify


@pytest.fixture(scope="module")
def answers(library, tmp_path_factory) -> Path:
    """What `ask --out` wrote for three questions."""
    folder = tmp_path_factory.mktemp("answers")
    questions = enumerate((QUESTION, ENGLISH, "广东有哪些核心城市？"))
    queries = write_rows(
        folder / "q.jsonl", *({"id": f"q{i}", "question": q} for i, q in questions)
    )
    out = folder / "out.jsonl"
    arguments = ["ask", "--queries", str(queries), "--out", str(out), "--library", str(library)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["yinzheng", *arguments])
        with pytest.raises(SystemExit):
            main()
    return out


def test_a_report_that_stands_is_said_to_stand(on, answers) -> None:
    ran = on("verify", answers)
    quotations = sum(len(row["citations"]) for row in rows_of(answers))
    assert quotations
    assert ran.code == 0
    assert [line.split(":")[0] for line in ran.out.splitlines()] == ["stands"] * quotations


def test_a_single_answer_is_a_report_too(on, tmp_path) -> None:
    report = tmp_path / "answer.json"
    report.write_text(json.dumps(on("ask", QUESTION, "--json").row, indent=2), "utf-8")
    assert on("verify", report).code == 0


@pytest.mark.parametrize(
    ("change", "standing"),
    [
        ({"quote": "别的字"}, "changed"),
        ({"start": 0}, "changed"),
        ({"source": "no-such.txt"}, "missing"),
        ({"end": 10**9}, "missing"),
    ],
)
def test_a_report_that_does_not_stand_fails_and_says_how(
    on, answers, tmp_path, change, standing
) -> None:
    rows = rows_of(answers)
    rows[0]["citations"][0] |= change
    ran = on("verify", write_rows(tmp_path / "report.jsonl", *rows))
    assert ran.out.startswith(f"{standing}: [1] ")
    assert "(answer q0)" in ran.out.splitlines()[0]
    assert ran.err == f"yinzheng: 1 of {len(ran.out.splitlines())} quotations do not stand\n"
    assert ran.code == 1


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"citations": []},
        {"citations": "none"},
        {"citations": [5]},
        {"citations": [{"n": 1}]},
        {"citations": [{"n": "x", "source": "a", "start": 0, "end": 1}]},
        {"citations": [{"n": 1, "source": "a", "start": 5, "end": 1}]},
    ],
)
def test_what_is_no_report_is_an_error(on, tmp_path, row) -> None:
    assert_fails(on("verify", write_rows(tmp_path / "report.jsonl", row)), "citation")


def test_answers_from_elsewhere_are_checked_claim_by_claim(on, answers, tmp_path) -> None:
    row = rows_of(answers)[0]
    wrong = {
        **row,
        "id": "wrong",
        "answer": "东莞最多奖9999万元[1]。佛山也有奖励[1][8]。没有出处。",
    }
    out = tmp_path / "claims.jsonl"
    file = write_rows(tmp_path / "answers.jsonl", row, wrong)
    assert on("verify", "--answers", file, "--out", out) == Ran(0, "", "")
    right, checked = rows_of(out)
    assert (list(right), right["id"], checked["id"]) == (["id", "claims"], row["id"], "wrong")
    assert right["claims"] == row["claims"]
    assert [claim["status"] for claim in checked["claims"]] == ["unsupported"] * 3
    assert all(claim["problems"] for claim in checked["claims"])
    assert all(list(c) == ["text", "citations", "status", "problems"] for c in checked["claims"])


def test_answers_without_an_answer_are_an_error(on, tmp_path) -> None:
    file = write_rows(tmp_path / "answers.jsonl", {"id": 4, "citations": []})
    assert_fails(on("verify", "--answers", file, "--out", "out.jsonl"), "answer", "4")
    assert not (tmp_path / "out.jsonl").exists()


# eval


def test_eval_counts_right_answers_and_refusals(on, tmp_path) -> None:
    gold = write_rows(
        tmp_path / "gold.jsonl",
        {
            "id": 1,
            "question": QUESTION,
            "evidence": ["最多奖200万元"],
            "answer": [["200万"], ["800万"]],
        },
        {"id": 2, "question": QUESTION, "evidence": ["没有这句话"], "answer": [["1万元"]]},
        {"id": 3, "question": NOTHING, "unanswerable": True},
        {"id": 4, "question": QUESTION, "unanswerable": True},
        {"id": 5, "question": NOTHING},
    )
    figures = on("eval", gold, "--json").row
    assert (figures["answerable"], figures["right"], figures["evidence_cited"]) == (3, 1, 1)
    assert (figures["unanswerable"], figures["refused"], figures["wrongly_refused"]) == (2, 1, 1)
    assert [failure["id"] for failure in figures["failures"]] == ["2", "4", "5"]
    assert "1/3" in on("eval", gold).out


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1},
        {"question": "x"},
        {"id": 1, "question": "x", "answer": ["flat"]},
        {"id": 1, "question": "x", "evidence": "text"},
        {"id": 1, "question": "x", "answer": 5},
    ],
)
def test_a_gold_row_that_is_none_is_an_error(on, tmp_path, row) -> None:
    assert_fails(on("eval", write_rows(tmp_path / "gold.jsonl", row)), "gold row")


# ingest and remove


def test_ingest_skips_what_has_not_changed_and_remove_takes_out(run, tmp_path, samples) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for name in ("dongguan-measures.txt", "hubei-digest.html"):
        (folder / name).write_bytes((samples / name).read_bytes())
    to = ("--library", tmp_path / "small")
    assert run("ingest", folder, *to, "--json").row["added"] == [
        "dongguan-measures.txt",
        "hubei-digest.html",
    ]
    again = run("ingest", folder, *to, "--json").row
    assert (again["added"], again["changed"], len(again["unchanged"])) == ([], [], 2)
    assert run("remove", "hubei-digest.html", *to).code == 0
    assert [row["source"] for row in run("list", "--json", *to).row] == ["dongguan-measures.txt"]
    assert_fails(run("remove", "hubei-digest.html", *to), "hubei-digest.html", "list")


def test_a_file_that_cannot_be_read_is_named_and_the_rest_goes_in(run, tmp_path, samples) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "good.txt").write_bytes((samples / "nansha-scenarios.txt").read_bytes())
    (folder / "empty.txt").write_bytes(b"")
    ran = run("ingest", folder, "--library", tmp_path / "small", "--json")
    assert ran.code == 1
    assert (ran.row["added"], ran.row["documents"]) == (["good.txt"], 1)
    assert [problem["source"] for problem in ran.row["problems"]] == ["empty.txt"]
    assert ran.err.startswith("yinzheng: empty.txt: ")


# Failures.


@pytest.mark.parametrize(
    "arguments",
    [("search", "x"), ("ask", "x"), ("list",), ("doctor",), ("remove", "x"), ("verify", "r.jsonl")],
)
def test_without_a_library_a_command_says_how_to_make_one(run, tmp_path, arguments) -> None:
    (tmp_path / "r.jsonl").write_text("{}")
    assert_fails(run(*arguments, "--library", "none"), "no library at none", "ingest")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("command", ["ask", "search"])
@pytest.mark.parametrize("question", ["", "  ", "\n"])
def test_an_empty_question_is_an_error(on, command, question) -> None:
    assert_fails(on(command, question), "empty")


@pytest.mark.parametrize("llm", ["gpt", "openai", "openai:", "nothing:x"])
def test_a_bad_llm_is_an_error(on, llm) -> None:
    assert_fails(on("ask", QUESTION, "--llm", llm), "--llm", llm)


def test_a_model_without_key_or_address_says_what_it_needs(on, monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert_fails(on("ask", QUESTION, "--llm", "openai:m"), "OPENAI_API_KEY", "--base-url")


def test_a_model_that_is_down_leaves_quotations_and_a_note(on) -> None:
    ran = on("ask", QUESTION, "--llm", "openai:m", "--base-url", "http://127.0.0.1:9/v1", "--json")
    assert (ran.code, ran.row["llm"], ran.row["refused"]) == (0, "extractive", False)
    assert "openai:m没有完成回答（无法连接）" in ran.err.splitlines()[0]


@pytest.mark.parametrize(
    "command", [("ask", "--queries"), ("search", "--queries"), ("verify", "--answers")]
)
def test_a_batch_file_that_is_missing_is_an_error(on, command) -> None:
    assert_fails(on(*command, "missing.jsonl", "--out", "out.jsonl"), "missing.jsonl")


@pytest.mark.parametrize("command", [("clean",), ("verify",), ("eval",)])
def test_a_file_that_is_missing_is_an_error(on, command) -> None:
    assert_fails(on(*command, "missing.jsonl"), "missing.jsonl")


def test_ingest_of_a_missing_path_is_named(run, tmp_path) -> None:
    ran = run("ingest", "missing", "--library", tmp_path / "new")
    assert ran.code == 1
    assert "missing" in ran.err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{bad", ("row 2", "JSON")),
        ("[1]", ("row 2", "object")),
        ('{"id": "q9"}', ("q9", "question")),
        ('{"id": "q9", "question": ""}', ("q9", "question")),
        ('{"id": "q9", "question": 5}', ("q9", "question")),
        ("[" * 100_000, ("row 2", "JSON")),
    ],
)
def test_a_bad_row_is_named(on, tmp_path, line, words) -> None:
    queries = tmp_path / "q.jsonl"
    queries.write_text(json.dumps({"id": 1, "question": NOTHING}) + f"\n{line}\n", "utf-8")
    assert_fails(on("ask", "--queries", queries, "--out", "out.jsonl"), *words)
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("out", [".", "no/such/folder/out.jsonl", "file/out.jsonl", "/dev/null"])
def test_an_out_that_cannot_be_written_is_an_error(on, tmp_path, out) -> None:
    (tmp_path / "file").write_text("before")
    queries = write_rows(tmp_path / "q.jsonl", {"id": 1, "text": QUESTION})
    assert_fails(on("search", "--queries", queries, "--out", out), out)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "q.jsonl"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "x", "-k", 0),
        ("search", "x", "-k", -1),
        ("search", "x", "-k", "many"),
        ("ask",),
        ("search",),
        ("verify",),
        ("ask", "x", "--queries", "q.jsonl", "--out", "o.jsonl"),
        ("ask", "--queries", "q.jsonl"),
        ("search", "--queries", "q.jsonl"),
        ("ask", "x", "--out", "o.jsonl"),
        ("verify", "--answers", "a.jsonl"),
        ("verify", "r.jsonl", "--answers", "a.jsonl", "--out", "o.jsonl"),
        ("ingest",),
        ("remove",),
        ("nonsense",),
        ("ask", "x", "--nonsense"),
    ],
)
def test_wrong_usage_exits_with_two(on, arguments) -> None:
    ran = on(*arguments)
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_what_no_one_expected_is_still_one_line(on, monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("index.library.Library.document_ids", broken)
    ran = on("list")
    assert ran.code == 1
    assert (
        ran.err == "yinzheng: unexpected RuntimeError: two lines (YINZHENG_DEBUG=1 shows where)\n"
    )


def test_an_interrupt_is_one_line(on, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("index.library.Library.document_ids", interrupted)
    ran = on("list")
    assert_fails(ran, "interrupted")


# As a process.


def process(
    *arguments: object, code: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    command = ["-c", code] if code else ["-m", "rag", *map(str, arguments)]
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        cwd=Path(__file__).resolve().parents[1],
        check=False,
    )


HEAVY = (
    "torch sentence_transformers transformers gradio faiss onnxruntime opencc tantivy openai jinja2"
)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['yinzheng', '--help']\n"
        "from rag.cli import main\n"
        "try: main()\n"
        f"finally: print('LOADED', sorted(set('{HEAVY}'.split()) & set(sys.modules)))"
    )
    ran = process(code=code)
    assert "ingest" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "LOADED []", ran.stdout[-300:]


def test_chinese_is_written_as_utf_8_whatever_the_locale(library) -> None:
    ran = process(
        "list", "--library", library, LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="ascii"
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "东莞的新药新械" in ran.stdout


def test_a_failure_of_the_process_is_one_line(tmp_path) -> None:
    ran = process("ask", "x", "--library", tmp_path / "none")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert len(ran.stderr.splitlines()) == 1


def test_a_whole_answer_needs_no_network_and_little_memory(really_encoded) -> None:
    """A socket that is opened ends the process; memory is its peak, in kilobytes.

    From /proc, since what getrusage says of a child begins with the memory of its parent.
    """
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory of a process is read from /proc, which is not here")
    library = str(really_encoded)
    code = (
        "import pathlib, socket, sys\n"
        "def refuse(*_, **__): raise SystemExit('a socket was opened')\n"
        "socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse\n"
        f"sys.argv = ['yinzheng', 'ask', {ENGLISH!r}, '--json', '--library', {library!r}]\n"
        "from rag.cli import main\n"
        "try: main()\n"
        "finally:\n"
        "    status = pathlib.Path('/proc/self/status').read_text()\n"
        "    print(status.split('VmHWM:')[1].split()[0])"
    )
    ran = process(code=code, HF_HUB_OFFLINE="")
    answer, peak = ran.stdout.splitlines()
    assert json.loads(answer)["citations"]
    assert ran.stderr.startswith("yinzheng: note: [1] cites a draft")
    assert ran.stderr.count("\n") == 1
    assert int(peak) < 1_500_000
