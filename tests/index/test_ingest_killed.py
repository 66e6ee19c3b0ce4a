"""Ingestion in another process, killed at moments from its first step to its last."""

import multiprocessing
import os
import signal
import sys
from pathlib import Path

import pytest
from hash_encoder import HashEncoder
from prepared import body, content

from index import ingest as module
from index import sandbox
from index.ingest import ingest
from index.library import Library
from index.sandbox import ReadingPool

FAKE_READER = (sys.executable, str(Path(__file__).with_name("fake_reader.py")))
FILES, BATCH_PASSAGES = 24, 3
AUDITED = {
    "open",
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.scandir",
    "sqlite3.connect",
}
INSTRUCTIONS = 200  # of SQLite between two events, so that there are some inside statements


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed") / "files"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number:02}.txt").write_text(body(number), "utf-8")
    return folder


def ingest_until(folder: Path, files: Path, last: int, events, stored) -> None:
    """Ingest in small batches; at event number `last` die as by `kill -9`.

    Counts events (file operations, steps inside SQLite, passages encoded) and stored documents.
    """
    module.BATCH_PASSAGES = BATCH_PASSAGES
    sandbox._AHEAD = 2  # so that reading and storing take turns
    module.shared_pool = lambda: ReadingPool(1, command=FAKE_READER)

    def event(*_: object) -> None:
        events.value += 1
        if events.value == last:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(lambda name, _: event() if name in AUDITED else None)
    with Library(folder, HashEncoder(), create=True) as library:
        put = library.store.put

        def acknowledged(batch, *rest):
            put(batch, *rest)
            stored.value += len(batch)

        library.store.put = acknowledged
        library.store.connection.set_progress_handler(event, INSTRUCTIONS)
        ingest(library, [files], event)


def run(context, folder, files, last):
    """Run an ingestion up to an event; return exit code, events and documents stored."""
    # No locks: a process killed while it holds one would hold it for ever.
    events, stored = context.Value("q", 0, lock=False), context.Value("q", 0, lock=False)
    process = context.Process(target=ingest_until, args=(folder, files, last, events, stored))
    process.start()
    process.join(300)
    return process.exitcode, events.value, stored.value


def check_whole(library: Library) -> None:
    assert library.check() == []
    for id_ in library.document_ids():
        text, parts = library.clean_text(id_), library.passages_of(id_)
        assert all(part.span.of(text.text) == part.text for part in parts)
        assert "".join("".join(part.text for part in parts).split()) == "".join(text.text.split())
    if library.document_ids():
        assert len(library.search("项目", 1000)) == library.store.counts()[1]
    assert library.check() == []


@pytest.fixture
def plain_reader(monkeypatch):
    """Read with a process that starts at once: what kills the parent is the same with any."""
    with ReadingPool(1, command=FAKE_READER) as pool:
        monkeypatch.setattr(module, "shared_pool", lambda: pool)
        yield


@pytest.mark.usefixtures("plain_reader")
@pytest.mark.parametrize("moments", [3, pytest.param(24, marks=pytest.mark.exhaustive)])
def test_ingestion_killed_at_any_moment_leaves_a_whole_library_and_goes_on(
    tmp_path, files, moments
):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["index.ingest", "hash_encoder", "faiss", "tantivy", "opencc", "datasketch"]
    )
    code, total, count = run(context, tmp_path / "undisturbed", files, last=-1)
    assert (code, count) == (0, FILES)
    with Library(tmp_path / "undisturbed", HashEncoder()) as library:
        check_whole(library)
        expected, found = content(library.store), library.search("第7-3号项目")
    counts = set()
    for moment in range(moments):
        folder = tmp_path / str(moment)
        code, _, count = run(context, folder, files, last=int(total * (moment + 0.5) / moments))
        assert code == -signal.SIGKILL
        counts.add(count)
        with Library(folder, HashEncoder()) as library:
            check_whole(library)
            assert len(library.document_ids()) >= count
            report = ingest(library, [files])
            assert len(report.unchanged) >= count
            assert not report.changed
            check_whole(library)
            assert content(library.store) == expected
            assert library.search("第7-3号项目") == found
    assert len(counts) >= moments // 3  # the moments were spread over the work
