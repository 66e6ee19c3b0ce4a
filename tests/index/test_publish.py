import errno
import json
import os
from pathlib import Path

import pytest

from index import publish as module
from index.errors import LibraryDamaged, LibraryError, StorageFull
from index.publish import current, named, pointer, publish

FILES = {"dense.faiss": b"vectors", "lexical/terms.idx": b"terms" * 50}


class Crash(BaseException):
    """Ends a publication as a kill would: nothing handles it."""


def put(root, revision=1, files=FILES):
    def write(folder):
        for name, data in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(data)

    return publish(root, write, revision, "encoder", 64, 7)


def names(root):
    return sorted(path.name for path in root.iterdir())


@pytest.fixture
def root(tmp_path):
    return tmp_path / "generations"


def test_nothing_published_is_no_generation(root):
    assert current(root) is None
    assert named(root) is None
    assert pointer(root) == ""


def test_what_was_published_is_current(root):
    made = put(root, revision=3)
    found = current(root)
    assert found == made
    assert found.folder == root / "g000001"
    assert (found.manifest.revision, found.manifest.encoder) == (3, "encoder")
    assert (found.manifest.dimension, found.manifest.passages) == (64, 7)
    assert set(found.manifest.files) == set(FILES)
    assert {name: (found.folder / name).read_bytes() for name in FILES} == FILES


def test_two_generations_are_kept(root):
    for revision in range(1, 6):
        put(root, revision)
        assert current(root).manifest.revision == revision
    assert names(root) == ["CURRENT", "g000004", "g000005"]


def test_numbers_go_on_past_six_digits(root):
    put(root)
    (root / "g000001").rename(root / "g999999")
    (root / "CURRENT").write_text(pointer(root).replace("g000001", "g999999"))
    put(root, 2)
    assert current(root).folder.name == "g1000000"
    put(root, 3)
    assert names(root) == ["CURRENT", "g1000000", "g1000001"]


def test_every_flipped_bit_is_found(root):
    made = put(root)
    for path in [
        *(made.folder / name for name in FILES),
        made.folder / "MANIFEST.json",
        root / "CURRENT",
    ]:
        data = path.read_bytes()
        for place in range(len(data)):
            for bit in range(8) if path.name in ("CURRENT", "dense.faiss") else (place % 8,):
                hurt = bytearray(data)
                hurt[place] ^= 1 << bit
                if bytes(hurt).strip() == data.strip():
                    continue  # another white space at the end of the pointer says the same
                path.write_bytes(hurt)
                with pytest.raises(LibraryDamaged) as caught:
                    current(root)
                assert "\n" not in str(caught.value)
        path.write_bytes(data)
        assert current(root) == made


def test_files_cut_short_or_missing_are_found(root):
    made = put(root)
    for name in (*FILES, "MANIFEST.json"):
        data = (made.folder / name).read_bytes()
        (made.folder / name).write_bytes(data[:-1])
        with pytest.raises(LibraryDamaged):
            current(root)
        (made.folder / name).unlink()
        with pytest.raises(LibraryDamaged):
            current(root)
        (made.folder / name).write_bytes(data)
    assert current(root) == made


@pytest.mark.parametrize(
    "said", ["g000001", "../outside 00", "g000001 00", "/etc 00", "\x00", "g1"]
)
def test_a_pointer_to_anything_else_is_damaged(root, said):
    put(root)
    (root / "CURRENT").write_text(said)
    with pytest.raises(LibraryDamaged):
        current(root)


@pytest.mark.parametrize("manifest", ["[]", "{}", '{"revision": 1}', "\ud83d", "null"])
def test_a_manifest_of_another_form_is_damaged(root, manifest):
    made = put(root)
    data = json.dumps(manifest).encode() if manifest == "\ud83d" else manifest.encode()
    (made.folder / "MANIFEST.json").write_bytes(data)
    (root / "CURRENT").write_text(f"g000001 {module._digest(data)}")
    with pytest.raises(LibraryDamaged):
        current(root)


def test_the_form_of_the_terms_is_written_down(root):
    made = publish(root, lambda folder: None, 1, "encoder", 64, 7, "bigrams")
    assert current(root) == made
    assert made.manifest.terms == "bigrams"


def test_a_manifest_from_before_terms_had_a_form_is_read(root):
    made = put(root)
    said = json.loads((made.folder / "MANIFEST.json").read_bytes())
    del said["terms"]
    data = json.dumps(said).encode()
    (made.folder / "MANIFEST.json").write_bytes(data)
    (root / "CURRENT").write_text(f"g000001 {module._digest(data)}")
    assert current(root).manifest.terms == ""


# Files linked from the generation before.


def put_linked(root, revision, before, changed=()):
    def write(folder):
        (folder / "lexical").mkdir()
        for name, data in FILES.items():
            if name in changed:
                (folder / name).write_bytes(data + b"new")
            else:
                os.link(before.folder / name, folder / name)

    return publish(root, write, revision, "encoder", 64, 7)


def test_linked_files_are_those_of_the_generation_before(root):
    first = put(root)
    made = put_linked(root, 2, first, changed=["dense.faiss"])
    assert current(root) == made
    name = "lexical/terms.idx"
    assert os.path.samefile(first.folder / name, made.folder / name)
    assert made.manifest.files[name] == first.manifest.files[name]
    assert made.manifest.files["dense.faiss"] != first.manifest.files["dense.faiss"]


def test_linked_files_outlive_the_generation_they_come_from(root):
    made = put(root)
    for revision in range(2, 7):
        made = put_linked(root, revision, made)
        assert current(root) == made
    assert names(root) == ["CURRENT", "g000005", "g000006"]
    assert {name: (made.folder / name).read_bytes() for name in FILES} == FILES


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_bit_that_flips_in_a_linked_file_is_found_whenever_it_does(root, when):
    first = put(root)
    path = first.folder / "lexical" / "terms.idx"
    hurt = b"\x00" + path.read_bytes()[1:]
    if when == "before":
        path.write_bytes(hurt)
    put_linked(root, 2, first)
    if when == "after":
        path.write_bytes(hurt)
    with pytest.raises(LibraryDamaged, match=r"terms\.idx"):
        current(root)


def test_files_linked_from_a_damaged_generation_get_their_own_checksum(root):
    first = put(root)
    (first.folder / "MANIFEST.json").write_bytes(b"{}")
    assert put_linked(root, 2, first) == current(root)


# Crashes and errors at every file operation.

OPERATIONS = (
    *((Path, name) for name in ("mkdir", "rename", "replace", "open", "read_text", "unlink")),
    *((os, name) for name in ("fsync", "open", "rmdir", "unlink")),
)


def count_operations(monkeypatch, fail_at, error):
    """Make the n-th operation raise before it is done; return how many there were."""
    done = [0]

    def watched(original):
        def operation(*arguments, **named_arguments):
            done[0] += 1
            if done[0] == fail_at:
                raise error
            return original(*arguments, **named_arguments)

        return operation

    for holder, name in OPERATIONS:
        monkeypatch.setattr(holder, name, watched(getattr(holder, name)))
    return done


@pytest.fixture
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def operations_of_a_publication(tmp_path, monkeypatch):
    root = tmp_path / "count" / "generations"
    put(root, 1)
    put(root, 2)
    with monkeypatch.context() as patch:
        done = count_operations(patch, 0, Crash())
        put(root, 3)
    return done[0]


@pytest.mark.parametrize(
    "error",
    [Crash(), OSError(errno.EIO, "Input/output error"), OSError(errno.ENOSPC, "No space left")],
)
@pytest.mark.usefixtures("no_waiting_for_the_disk")
def test_whatever_operation_fails_a_whole_generation_is_current(tmp_path, monkeypatch, error):
    total = operations_of_a_publication(tmp_path, monkeypatch)
    assert total > 20
    for fail_at in range(1, total + 1):
        root = tmp_path / f"{fail_at}" / "generations"
        put(root, 1)
        put(root, 2)
        failed = True
        with monkeypatch.context() as patch:
            count_operations(patch, fail_at, error)
            try:
                put(root, 3)
                failed = False  # only the removal of an old generation may fail unnoticed
            except Crash:
                assert isinstance(error, Crash)
            except LibraryError as raised:
                assert isinstance(error, OSError)
                assert isinstance(raised, StorageFull) == (error.errno == errno.ENOSPC)
        found = current(root)
        assert found.manifest.revision in ((2, 3) if failed else (3,))
        put(root, 4)
        assert current(root).manifest.revision == 4
        left = names(root)
        assert len(left) == 3, (fail_at, left)  # CURRENT and two generations: no rubbish stays


def test_a_failed_publication_leaves_nothing_on_a_full_disk(root, monkeypatch):
    put(root, 1)
    before = names(root)
    original = Path.replace
    monkeypatch.setattr(
        Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full"))
    )
    for _ in range(3):
        with pytest.raises(StorageFull):
            put(root, 2)
    assert names(root) == before
    monkeypatch.setattr(Path, "replace", original)
    assert current(root).manifest.revision == 1


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), StorageFull),
        (OSError(errno.EDQUOT, "Quota exceeded"), StorageFull),
        (ValueError("IO error: No space left on device (os error 28)"), StorageFull),
        (ValueError("something else"), LibraryError),
        (RuntimeError("something else"), LibraryError),
    ],
)
def test_what_the_writers_raise_becomes_ours(root, error, kind):
    put(root, 1)

    def write(folder):
        (folder / "half").write_bytes(b"x")
        raise error

    with pytest.raises(LibraryError) as caught:
        publish(root, write, 2, "encoder", 64, 7)
    assert type(caught.value) is kind
    assert caught.value.__cause__ is error
    assert current(root).manifest.revision == 1
    assert names(root) == ["CURRENT", "g000001"]


def test_errors_of_ours_pass_through(root):
    def write(folder):
        raise LibraryDamaged("the vector of passage 1")

    with pytest.raises(LibraryDamaged, match="passage 1"):
        publish(root, write, 2, "encoder", 64, 7)


def test_a_root_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LibraryError):
        put(tmp_path / "file" / "generations")
    with pytest.raises(LibraryDamaged):
        current(tmp_path / "file" / "generations")
