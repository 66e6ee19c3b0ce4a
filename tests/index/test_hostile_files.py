"""Hostile files end in time and in one clear line, or are read right, and harm no other file.

The quick ones stand here; `python -m bench.hostile` tries all of them.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hash_encoder import HashEncoder
from hostile import PROOF, TEXT, Hostile, fault, files
from sampling import one_in

from index.frames import Job
from index.ingest import ingest
from index.library import Library
from index.sandbox import Outcome, ReadingPool

FILES = files()
QUICK = [file for file in FILES if not file.heavy]


@pytest.fixture(scope="module")
def pool() -> Iterator[ReadingPool]:
    with ReadingPool(workers=1) as pool:
        yield pool


def read(pool: ReadingPool, name: str, data: bytes) -> tuple[Outcome, list[str]]:
    (outcome,) = pool.read([Job(name, data)])
    return outcome, [document.clean.text for document in outcome.documents()]


@pytest.mark.parametrize("file", one_in(2, [pytest.param(file, id=file.title) for file in QUICK]))
def test_a_hostile_file_ends_as_it_should(pool: ReadingPool, file: Hostile):
    data = file.make()
    begun = time.monotonic()
    outcome, texts = read(pool, file.name, data)
    said = [problem.reason for problem in outcome.problems]
    assert not fault(file, said, texts, time.monotonic() - begun), said


def test_good_files_go_in_between_hostile_ones():
    bad = [file for file in QUICK if file.expected == "refused"][::6]
    jobs = [
        job for file in bad for job in (Job(file.name, file.make()), Job("好.txt", TEXT.encode()))
    ]
    with ReadingPool(workers=2) as pool:
        outcomes = list(pool.read(jobs))
    good = outcomes[1::2]
    assert len(good) == len(bad) >= 6
    assert all(PROOF in document.clean.text for o in good for document in o.documents())
    assert all(o.problems == () and len(o.frames) == 1 for o in good)


def test_there_are_many_kinds_and_each_has_its_title():
    assert len(FILES) >= 45
    assert len({file.title for file in FILES}) == len(FILES)
    assert {file.expected for file in FILES} == {"read", "refused", "either"}


def test_a_file_that_ends_badly_is_noticed():
    file = Hostile("x", "x.txt", lambda: b"", "read", PROOF, "secret")
    assert fault(file, [], [TEXT], 1) == ""
    assert fault(file, [], [TEXT], 31)
    assert fault(file, [], [""], 1)
    assert fault(file, [], [TEXT + "secret"], 1)
    assert fault(file, ["no"], [], 1)
    assert fault(file, ["Traceback (most recent call last)"], [TEXT], 1)
    assert fault(file, ["a\nb"], [TEXT], 1)
    assert fault(file, ["a" * 300], [TEXT], 1)


def test_the_same_document_twenty_times_at_once_is_one_with_its_reprints(
    tmp_path: Path, encoder: HashEncoder
):
    folder = tmp_path / "files"
    folder.mkdir()
    names = [f"{number:02}.txt" for number in range(20)]
    for name in names:
        (folder / name).write_text(TEXT, "utf-8")
    with Library(tmp_path / "library", encoder, create=True) as library:
        report = ingest(library, [folder])
        assert (report.added, report.problems, report.reprints) == (names, [], [tuple(names)])
        assert len(set(encoder.encoded)) == len(encoder.encoded)  # none is encoded twice
        assert library.copies(names[7]) == tuple(names)
        assert library.check() == []
