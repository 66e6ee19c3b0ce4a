"""README and docs: each command runs or is understood, each link leads there, facts are the code's.

What docs/sharing.md and docs/programs.md tell to run is run by tests of the page.
"""

import io
import json
import os
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import time
import tomllib
import urllib.request
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from hash_encoder import HashEncoder
from typer.main import get_command

from index.ingest import ingest
from index.library import Library
from page.access import ALL_TRIES, DAYS, NEW_VISITORS, TRIES, Limits
from page.ingestion import MAX_ADDRESSES, MAX_FILE
from page.rules import UPLOAD_BYTES
from rag.cli import app, main
from rag.config import Settings
from rag.conversations import STORAGE
from rag.llm.presets import PRESETS, parse_spec

sys.path.append(str(Path(__file__).parent / "rag"))
from fault_server import DONE, piece, serving, stream

ROOT = Path(__file__).parents[1]
ENGLISH = [ROOT / "README.md", *sorted((ROOT / "docs").glob("[a-z]*[a-z].md"))]
ENGLISH = [path for path in ENGLISH if not path.name.endswith(".zh.md")]
PAIRS = [(path, path.with_suffix(".zh.md")) for path in ENGLISH]
TEXTS = [*(path for pair in PAIRS for path in pair), ROOT / "SECURITY.md"]
RUN_HERE = [pair for pair in PAIRS if pair[0].stem not in ("sharing", "programs")]
PATIENCE = 120  # seconds for the page to open on a busy machine
ADDRESS = "http://127.0.0.1:8000/v1"  # as the docs name a server of the reader's own
PICTURE_BYTES = 200_000

name_of = pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)


def text_of(path: Path) -> str:
    return path.read_text("utf-8")


def blocks(path: Path, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", text_of(path), re.DOTALL | re.MULTILINE)


def commands(path: Path) -> list[list[str]]:
    """Return the words of each command that a document tells to run."""
    lines = "".join(blocks(path, "sh")).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


def codes(path: Path) -> list[str]:
    """Return what stands between backticks, outside of blocks."""
    prose = re.sub(r"^```.*?^```$", "", text_of(path), flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"`([^`\n]+)`", prose)


@cache
def options() -> dict[str, set[str]]:
    """Return the options of each command, those of groups by "llm list"."""
    found: dict[str, set[str]] = {}
    for name, command in get_command(app).commands.items():
        for part, inner in getattr(command, "commands", {"": command}).items():
            opts = {opt for one in inner.params for opt in one.opts if opt.startswith("-")}
            found[f"{name} {part}".strip()] = opts | {"--help"}
    return found


def command_named(words: list[str]) -> str:
    """Return which of our commands some words call."""
    return next(name for name in (" ".join(words[:2]), words[0]) if name in options())


# --- each command


@pytest.fixture(scope="module")
def library(tmp_path_factory, samples) -> Path:
    """A library of one document."""
    made = tmp_path_factory.mktemp("readme") / "library"
    with Library(made, HashEncoder(), create=True) as library:
        ingest(library, [samples / "dongguan-measures.txt"])
    return made


@pytest.fixture
def folder(tmp_path, samples, monkeypatch) -> Path:
    """A folder with what the docs name, in which nothing is set."""
    for name in [name for name in os.environ if name.startswith("YINZHENG_")]:
        monkeypatch.delenv(name)
    for preset in PRESETS:
        for key in preset.keys:
            monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("YINZHENG_KEY_FILE", str(tmp_path / "keys"))
    monkeypatch.setattr("index.encoder.load_encoder", lambda name: HashEncoder())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "papers").mkdir()
    for name, source in (
        ("dongguan-measures.txt", "dongguan-measures.txt"),
        ("notice.html", "hubei-digest.html"),
    ):
        shutil.copy(samples / source, tmp_path / "papers" / name)
    shutil.copytree(tmp_path / "papers", tmp_path / "samples")
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.write(samples / "guangdong-overview.md", "overview.md")
    _write_word_file(tmp_path / "notice.docx")
    _write_rows(tmp_path)
    return tmp_path


def _write_word_file(path: Path) -> None:
    import docx

    document = docx.Document()
    document.add_heading("关于试点工作的通知", 1)
    document.add_paragraph("本市选定三家医院，先行试用自动配药设备，期限为两年。")
    document.save(str(path))


def _write_rows(folder: Path) -> None:
    asked = "东莞对BNCT硼药研发给什么奖励？"
    gold = {"evidence": ["最多奖800万元"], "answer": [["800万元"]], "unanswerable": False}
    rows = {
        "questions.jsonl": {"id": "q", "question": asked},
        "topics.jsonl": {"id": "q", "text": asked},
        "gold.jsonl": {"id": "q", "question": asked, "kind": "figure", "lang": "zh", **gold},
    }
    for name, row in rows.items():
        (folder / name).write_text(json.dumps(row, ensure_ascii=False) + "\n", "utf-8")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a language model's server that answers."""
    said = piece("进入Ⅲ期，最多奖800万元[1]。", "stop")
    with serving(stream(said, DONE)) as running:
        yield running.address


@pytest.mark.parametrize("pair", RUN_HERE, ids=lambda pair: pair[0].name)
def test_each_command_does_what_it_is_told(
    pair, folder, library, server, monkeypatch, capfd
) -> None:
    english, chinese = map(commands, pair)
    todo = [*english, *(words for words in chinese if words not in english)]
    if not any(words[:2] == ["yinzheng", "ingest"] for words in todo):
        shutil.copytree(library, folder / "library")
    for words in todo:
        PROGRAMS[words[0]](words, server, monkeypatch, capfd)


def run_ours(words, server, monkeypatch, capfd) -> None:
    """Run a command of ours in this process; the page is opened by a test of its own."""
    *words, target = [*words, ""] if ">" not in words else [*words[:-2], words[-1]]
    arguments = [word.replace(ADDRESS, server) for word in words[1:]]
    name = command_named(arguments)
    if name == "chat":
        _context(arguments)
        return
    monkeypatch.setattr(sys, "argv", ["yinzheng", *arguments])
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main()
    sys.stdout.flush()
    out, err = capfd.readouterr()
    if target:
        Path(target).write_text(out, "utf-8")
    _check_end(arguments, int(ended.value.code or 0), out, err)


def _check_end(arguments: list[str], code: int, out: str, err: str) -> None:
    spec = arguments[arguments.index("--llm") + 1] if "--llm" in arguments else ""
    if spec:
        parse_spec(spec)
    if arguments[:2] == ["llm", "test"] or spec.startswith(("gguf:", "deepseek:")):
        # There is no such server, file or key: one line says so, and what to set.
        assert code == 0 or (code == 1 and err.count("\n") == 1), (arguments, err)
        assert not spec.startswith("deepseek:") or "DEEPSEEK_API_KEY" in err
        return
    assert code == 0, (arguments, err)
    if arguments[0] == "ask" and "--out" not in arguments:
        assert "800万元" in out and "[1]" in out, arguments
    if "--base-url" in arguments:
        assert "openai:MODEL" not in err, "the model was not asked"
    if arguments[0] == "verify":
        assert set(re.findall("(?m)^[a-z]+(?=:)", out)) == {"stands"}
    if arguments[0] == "search" and "--out" not in arguments:
        assert "dongguan-measures.txt:" in out, arguments


def _context(arguments: list[str]) -> None:
    get_command(app).commands[arguments[0]].make_context(arguments[0], arguments[1:])


def run_make(words, *_) -> None:
    """Have make say what it would do."""
    done = subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip(), words


def check_python(words, *_) -> None:
    """Check what `python -m pip` and `python -m venv` are told: they are not run here."""
    assert words[1:3] in (["-m", "pip"], ["-m", "venv"]), words
    assert words[1:3] == ["-m", "pip"] or words[3:] == [".venv"]
    assert "-c" not in words or (ROOT / words[words.index("-c") + 1]).is_file()
    known = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["optional-dependencies"]
    for extras in re.findall(r"\[([a-z,]+)\]", " ".join(words)):
        assert set(extras.split(",")) <= known.keys()


def check_activation(words, *_) -> None:
    """The folder is that of the Makefile."""
    assert words == [".", ".venv/bin/activate"]
    assert "VENV ?= .venv\n" in text_of(ROOT / "Makefile")


def check_export(words, *_) -> None:
    """A variable that is to be set is one that we read."""
    name = words[1].partition("=")[0]
    assert name in {key for preset in PRESETS for key in preset.keys}


PROGRAMS = {
    "yinzheng": run_ours,
    "make": run_make,
    "python": check_python,
    "python3": check_python,
    ".": check_activation,
    "export": check_export,
}


_MAIN = """
import index.encoder
from hash_encoder import HashEncoder
index.encoder.load_encoder = lambda name: HashEncoder()
from rag.cli import main
main()
"""


@pytest.mark.exhaustive
def test_the_page_opens_as_the_docs_say_and_ends_when_it_is_told(tmp_path) -> None:
    (words,) = [words for words in commands(ROOT / "docs" / "chat.md") if "--port" in words]
    words[words.index("--port") + 1] = "0"
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    kept = {name: os.environ[name] for name in os.environ if not name.startswith("YINZHENG_")}
    settings = kept | {"PYTHONPATH": paths, "PYTHONUNBUFFERED": "1"}
    with (tmp_path / "log").open("w+") as log:
        command = [sys.executable, "-c", _MAIN, *words[1:]]
        page = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log, env=settings)
        try:
            address = _address_in(tmp_path / "log", page)
            with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
                assert "引证" in answer.read().decode("utf-8")
            page.send_signal(signal.SIGINT)
            page.wait(PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                page.kill()
            page.wait()
    assert (tmp_path / "health").is_dir(), "the library is not where the command says"


def _address_in(log: Path, page: "subprocess.Popen[bytes]") -> str:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and page.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:\d+/", text_of(log)):
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"the page did not open: {text_of(log)}")


# --- both languages


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].name)
def test_both_languages_tell_to_run_the_same(pair) -> None:
    english, chinese = ([list(map(_skeleton, words)) for words in commands(p)] for p in pair)
    assert english == chinese


def _skeleton(word: str) -> str:
    """Leave out what is written for people: questions, in whatever language."""
    return "…" if " " in word or not word.isascii() else word


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].name)
def test_both_languages_lead_to_each_other_and_have_the_same_parts(pair) -> None:
    english, chinese = map(text_of, pair)
    assert f"]({pair[1].name})" in english and f"]({pair[0].name})" in chinese
    for mark in ("#", "|", "```", "- "):
        count = [sum(line.startswith(mark) for line in text.splitlines()) for text in pair_of(pair)]
        assert count[0] == count[1], f"lines that begin with {mark}"


def pair_of(pair: tuple[Path, Path]) -> list[str]:
    return [text_of(path) for path in pair]


@pytest.mark.parametrize("path", [pair[1] for pair in PAIRS], ids=lambda path: path.name)
def test_no_line_of_chinese_is_broken_within_a_paragraph(path) -> None:
    """A renderer makes a space of each break, which Chinese has not."""
    prose = re.sub(r"^```.*?^```$", "", text_of(path), flags=re.DOTALL | re.MULTILINE)
    assert not re.findall(r"[^\x00-\x7f]\n(?![|#\-!]|\d+\. )\S", prose)


# --- links, options, settings, files


@name_of
def test_each_link_leads_somewhere(path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(path)):
        if re.match("https?://", target):
            continue
        file, _, heading = target.partition("#")
        there = (path.parent / file) if file else path
        assert there.exists(), target
        assert not heading or heading in _headings(there), target


def _headings(path: Path) -> set[str]:
    """Return the names under which a rendered page has its headings."""
    titles = re.findall(r"^#+ (.+)$", text_of(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@name_of
def test_each_option_is_one_of_its_command(path) -> None:
    every = set().union(*options().values())
    for code in codes(path):
        words = code.removeprefix("yinzheng ").split()
        named = words[0] in {name.split()[0] for name in options()} and words[0] != "llm"
        known = options()[words[0]] if named else every
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", code):
            assert option in known, code


def test_the_table_of_commands_has_all_and_no_other() -> None:
    for path in PAIRS[0]:
        cells = re.findall(r"^\| (`[^|]+) \|", text_of(path), re.MULTILINE)
        named = {words.split()[0] for cell in cells for words in re.findall("`([^`]+)`", cell)}
        assert {name.split()[0] for name in options()} <= named


@name_of
def test_each_setting_is_read_somewhere(path) -> None:
    fields = {f"YINZHENG_{name.upper()}" for name in Settings.model_fields}
    code = "".join(
        text_of(file) for part in ("index", "rag") for file in (ROOT / part).glob("*.py")
    )
    for name in re.findall(r"YINZHENG_[A-Z_]+", text_of(path)):
        assert name in fields or f'"{name}"' in code, name


@name_of
def test_each_file_that_is_named_is_there(path) -> None:
    for code in codes(path):
        if re.fullmatch(r"(?:index|rag|page|tests|docs|prompts|samples|bench)/[\w./*-]*", code):
            assert list(ROOT.glob(code.rstrip("/"))), code


@name_of
def test_no_place_of_one_machine_is_named(path) -> None:
    assert not re.search(r"(?<![\w.])/(?:work|tmp|root|home)/|pypi\.|registry", text_of(path))


# --- facts


def test_services_and_the_variables_of_their_keys_are_those_that_are_known() -> None:
    hosted = {one.name: one.keys[0] for one in PRESETS if not one.local}
    for path in (ROOT / "docs").glob("models*.md"):
        rows = re.findall(r"^\| `([a-z]+):MODEL`.* \| `([A-Z_]+)` \|$", text_of(path), re.MULTILINE)
        assert dict(rows) == hosted
        local = set(re.findall(r"`([a-z]+):MODEL`", text_of(path))) - set(hosted)
        assert local == {one.name for one in PRESETS if one.local}


def test_the_limits_of_visitors_are_those_that_hold() -> None:
    limits = Limits()
    told = [
        *(limits.questions, limits.at_once, limits.characters, limits.uploads),
        *(limits.upload_bytes >> 30, UPLOAD_BYTES >> 30, STORAGE >> 20, TRIES, ALL_TRIES),
        *(NEW_VISITORS, DAYS, MAX_FILE >> 20, MAX_ADDRESSES),
    ]
    for path in (ROOT / "docs").glob("chat*.md"):
        rows = re.findall(r"^\|.*\|$|^- .*$|30.*", text_of(path), re.MULTILINE)
        numbers = Counter(re.findall(r"\d[\d,]*", "".join(rows)))
        assert Counter(f"{number:,}" for number in told) <= numbers


def test_the_answer_that_is_shown_stands_in_the_sample_at_the_place_that_is_shown(samples) -> None:
    raw = text_of(samples / "dongguan-measures.txt")
    for path in PAIRS[0]:
        (shown,) = [block for block in blocks(path, "") if "make ask" in block]
        source, start, end = re.findall(r"^ +(\S+\.txt):(\d+)-(\d+)$", shown, re.MULTILINE)[0]
        assert (samples / source).is_file()
        quote = "".join(raw[int(start) : int(end)].split())
        said = "".join(line for line in shown.splitlines() if line.endswith(("。", ";")))
        for sentence in re.split(r"\[1\]。", said.replace("\n", "")):
            assert sentence in quote, sentence


def test_the_picture_is_small_and_wide_enough_to_be_read() -> None:
    for path in PAIRS[0]:
        for name in re.findall(r"!\[[^\]]+\]\((docs/pictures/[a-z-]+\.png)\)", text_of(path)):
            data = (ROOT / name).read_bytes()
            assert len(data) < PICTURE_BYTES
            width, height = struct.unpack(">II", io.BytesIO(data).getbuffer()[16:24])
            assert width == 1280 and height > 600
        assert "docs/pictures/" in text_of(path)
