"""Evidence found in other processes is that found here, and their end is nobody's."""

import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing import active_children

import psutil
import pytest
from hash_encoder import HashEncoder

from index.errors import QuestionError
from index.filters import ALL, parse_filters
from index.ingest import ingest
from index.library import Library
from rag.finding import LibraryFinder
from rag.finding_processes import FindingProcesses
from rag.types import Question
from rag.understand import understand

TEXTS = {
    "grants": "硼药奖励办法\n\n东莞市对进入Ⅲ期临床的硼药，最高奖励600万元。\n",
    "places": "产业集群\n\n广东省生命健康产业集群主要依托广州、深圳、东莞三地。\n",
}
QUESTIONS = (
    "东莞对硼药研发给什么奖励？",
    "廣東省生命健康產業集群依托哪些地市？",
    "What does Dongguan give for BNCT drugs?",
    "佛山游泳馆几点开门？",
)
PATIENCE = 60.0  # seconds


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finding")
    files = folder / "files"
    files.mkdir()
    for name, text in TEXTS.items():
        (files / f"{name}.txt").write_text(text, "utf-8")
    with Library(folder / "library", create=True) as opened:
        ingest(opened, [files])
        yield opened


@pytest.fixture(autouse=True)
def cores(monkeypatch):
    monkeypatch.setenv("YINZHENG_THREADS", "2")


def started(library, ends=None):
    """Start processes; return what they belong to and themselves."""
    others, processes = set(active_children()), FindingProcesses(library)
    processes.start(QUESTIONS[:1], ends or threading.Event())
    return processes, set(active_children()) - others


@pytest.fixture(scope="module")
def processes(library):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("YINZHENG_THREADS", "2")
        made, own = started(library)
    assert len(own) == 2
    made._here = None  # what follows is found elsewhere, or fails
    yield made
    made.close()
    assert not own & set(active_children())


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_same_is_found_there_as_here(processes, library, question):
    for translation in ("", "硼药奖励"):
        asked = (understand(question), translation, ALL)
        assert processes.find(*asked) == LibraryFinder(library).find(*asked)


def test_filters_hold_there(processes):
    filters = parse_filters(sources=["places*"])
    found = processes.find(understand(QUESTIONS[1]), "", filters)
    assert {hit.passage.document for hit in found.hits} == {"places.txt"}


def test_what_is_wrong_there_is_told_here(processes, library):
    asked = (Question("问" * 20_000, "zh"), "", ALL)
    with pytest.raises(QuestionError) as here:
        LibraryFinder(library).find(*asked)
    with pytest.raises(QuestionError) as there:
        processes.find(*asked)
    assert str(there.value) == str(here.value)


def test_what_is_stored_meanwhile_is_found(processes, library, tmp_path):
    (tmp_path / "new.txt").write_text("氦气储备办法\n\n对氦气储备企业每年补助70万元。\n", "utf-8")
    ingest(library, [tmp_path])
    found = processes.find(understand("氦气储备企业补助多少？"), "", ALL)
    assert found.evidence[0].passage.document == "new.txt"
    library.remove("new.txt")
    found = processes.find(understand("氦气储备企业补助多少？"), "", ALL)
    assert {hit.passage.document for hit in found.hits} == {f"{name}.txt" for name in TEXTS}


@pytest.mark.skipif(os.name == "nt", reason="there Ctrl-C is no signal to a process")
def test_an_interruption_of_the_page_passes_them_by(processes):
    for process in active_children():
        os.kill(process.pid, signal.SIGINT)
    assert processes.find(understand(QUESTIONS[0]), "", ALL).evidence


def test_many_ask_at_once(processes, library):
    asked = [understand(QUESTIONS[n % len(QUESTIONS)]) for n in range(12)]
    found = {}

    def ask(number):
        found[number] = processes.find(asked[number], "", ALL)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    here = LibraryFinder(library)
    assert [found[n] for n in range(len(asked))] == [here.find(one, "", ALL) for one in asked]


def test_when_one_is_killed_evidence_is_found_here_and_that_is_said_once(library, caplog):
    processes, own = started(library)
    first = min(own, key=lambda process: process.pid)
    first.kill()
    first.join(PATIENCE)
    end = time.monotonic() + PATIENCE
    while not caplog.records:  # the other may answer until the death of the first is noticed
        assert time.monotonic() < end
        assert processes.find(understand(QUESTIONS[0]), "", ALL).evidence
    assert processes.find(understand(QUESTIONS[0]), "", ALL).evidence
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "by the page itself" in caplog.text
    for process in own:
        process.join(PATIENCE)
    processes.close()
    assert not own & set(active_children())


def test_what_cannot_be_opened_there_leaves_it_to_this_process(library, tmp_path, caplog):
    moved = library.folder.rename(tmp_path / "moved")
    try:
        processes, own = started(library)
    finally:
        moved.rename(library.folder)
    assert not own
    assert "no library at" in caplog.text
    assert processes.find(understand(QUESTIONS[0]), "", ALL).evidence


def test_an_empty_library_is_no_fault_and_may_be_filled_later(tmp_path):
    with Library(tmp_path / "library", create=True) as empty:
        processes, own = started(empty)
        try:
            assert len(own) == 2
            processes._here = None
            assert not processes.find(understand(QUESTIONS[0]), "", ALL).hits
            (tmp_path / "grants.txt").write_text(TEXTS["grants"], "utf-8")
            ingest(empty, [tmp_path / "grants.txt"])
            assert processes.find(understand(QUESTIONS[0]), "", ALL).evidence
        finally:
            processes.close()


def test_there_are_none_without_a_core_for_them_or_with_an_encoder_of_unknown_size(
    library, tmp_path, monkeypatch
):
    with Library(tmp_path / "library", HashEncoder(), create=True) as other:
        assert not started(other)[1]
    monkeypatch.setenv("YINZHENG_THREADS", "1")
    processes, own = started(library)
    assert not own
    assert processes.find(understand(QUESTIONS[0]), "", ALL).evidence


def test_a_page_that_is_closed_at_once_leaves_none(library):
    ends = threading.Event()
    ends.set()
    processes, own = started(library, ends)
    assert not own
    processes.close()
    assert processes.find(understand(QUESTIONS[0]), "", ALL).evidence


PAGE = """
import sys, threading, time
from multiprocessing import active_children
from pathlib import Path
from index.library import Library
from rag.finding_processes import FindingProcesses

if __name__ == "__main__":
    processes = FindingProcesses(Library(Path(sys.argv[1])))
    processes.start((), threading.Event())
    print(*(process.pid for process in active_children()), flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_they_end_with_a_page_that_is_killed(library, tmp_path):
    script = tmp_path / "page.py"
    script.write_text(PAGE, "utf-8")
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    command = [sys.executable, str(script), str(library.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as page:
        found = [psutil.Process(int(pid)) for pid in page.stdout.readline().split()]
        page.kill()
    assert len(found) == 2
    end = time.monotonic() + PATIENCE
    while any(is_alive(process) for process in found):
        assert time.monotonic() < end
        time.sleep(0.05)


def is_alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
