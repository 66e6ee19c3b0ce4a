import gzip
import io
import struct
import tarfile
import tracemalloc
import unicodedata
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import ReadError, UnsupportedFormat
from index.formats import archive
from index.formats.archive import Allowance, BadMember, Member, members, safe_name

TEXT = "东莞市发布若干措施，支持硼药研发。".encode()
SIMPLIFIED = "关于印发《低空经济发展若干措施》的通知.txt"
TRADITIONAL = "關於促進低空經濟發展條例之說明.txt"


def packed(files, method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as made:
        for name, data in files:
            made.writestr(name, data)
    return stream.getvalue()


def packed_tar(files, mode="w"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as made:
        for name, data in files:
            entry = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            entry.size = len(data)
            made.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


def renamed(data, old, new, flags=0):
    """Put other bytes, as many, in the place of a name, and say by the flags how they are coded."""
    assert len(old) == len(new)
    return with_flags(data.replace(old, new), flags)


def with_flags(data, flags):
    data = bytearray(data)
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(magic)
        while start >= 0:
            struct.pack_into("<H", data, start + place, flags)
            start = data.find(magic, start + 4)
    return bytes(data)


def one(data, source="a.zip"):
    (member,) = members(data, source)
    return member


def names(data, source="a.zip"):
    return [member.name for member in members(data, source)]


@pytest.mark.parametrize("pack", [packed, packed_tar, lambda f: packed_tar(f, "w:gz")])
def test_files_come_with_their_names_and_bytes(pack):
    files = [(SIMPLIFIED, TEXT), ("附件/表1.csv", b"a,b"), ("附件/空.txt", b"")]
    assert sorted(members(pack(files), "a"), key=lambda m: m.name) == [
        Member(name, data) for name, data in sorted(files)
    ]


def test_files_of_a_zip_come_sorted_by_name_however_they_were_packed():
    files = [("b/2.txt", TEXT), ("a.txt", TEXT), ("b/1.txt", TEXT)]
    assert names(packed(files)) == names(packed(files[::-1])) == ["a.txt", "b/1.txt", "b/2.txt"]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        *[(SIMPLIFIED, "gbk"), (SIMPLIFIED, "gb18030"), (TRADITIONAL, "gbk")],
        *[
            ("通知.txt", "gbk"),
            (TRADITIONAL, "big5hkscs"),
            (SIMPLIFIED, "utf-8"),
            (TRADITIONAL, "utf-8"),
        ],
    ],
)
def test_names_without_a_mark_are_read_in_the_encoding_that_they_look_like(name, encoding):
    raw = name.encode(encoding)
    filler = "x" * len(raw)
    assert one(renamed(packed([(filler, TEXT)]), filler.encode(), raw)) == Member(name, TEXT)


def test_short_names_are_judged_together():
    told = ["通知", "附件二", "实施细则"]
    fillers = ["xyz"[i] * len(name.encode("gbk")) for i, name in enumerate(told)]
    data = packed([(f"{filler}.txt", TEXT) for filler in fillers])
    for name, filler in zip(told, fillers, strict=True):
        data = data.replace(f"{filler}.txt".encode(), name.encode("gbk") + b".txt")
    assert sorted(names(data)) == sorted(f"{name}.txt" for name in told)


def test_names_that_are_said_to_be_utf_8_are():
    assert one(packed([(SIMPLIFIED, TEXT)])).name == SIMPLIFIED


def test_names_in_no_chinese_encoding_still_come():
    data = renamed(packed([("xxx.txt", TEXT)]), b"xxx.txt", b"\x82t\x82.txt")
    assert one(data) == Member("été.txt", TEXT)


def test_the_unicode_name_of_an_extra_field_wins():
    entry = zipfile.ZipInfo("x.txt")
    field = b"\x01" + struct.pack("<I", zlib.crc32(b"x.txt")) + SIMPLIFIED.encode()
    entry.extra = struct.pack("<HH", 0x7075, len(field)) + field
    assert one(packed([(entry, TEXT)])).name == SIMPLIFIED


def test_a_unicode_name_of_another_file_does_not_win():
    entry = zipfile.ZipInfo("x.txt")
    field = b"\x01" + struct.pack("<I", zlib.crc32(b"y.txt")) + SIMPLIFIED.encode()
    entry.extra = struct.pack("<HH", 0x7075, len(field)) + field
    assert one(packed([(entry, TEXT)])).name == "x.txt"


@pytest.mark.parametrize("pack", [packed, packed_tar])
@pytest.mark.parametrize(
    "junk",
    [
        *["__MACOSX/._通知.txt", ".DS_Store", "a/.DS_Store", ".git/config", "Thumbs.db"],
        *["页面_files/style.CSS", "图.png", "~$通知.docx", "a/desktop.ini", "__macosx/x.txt"],
    ],
)
def test_what_nobody_means_to_ingest_is_passed_over(pack, junk):
    assert names(pack([(junk, b"x"), ("通知.txt", TEXT)])) == ["通知.txt"]


@pytest.mark.parametrize("folder", ["a/", "a\\"])
def test_folders_are_passed_over(folder):
    assert names(packed([(folder, b""), ("a/b.txt", TEXT)])) == ["a/b.txt"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        *[("../../etc/passwd", "etc/passwd"), ("/etc/cron.d/x", "etc/cron.d/x")],
        *[
            ("C:\\Windows\\x.txt", "Windows/x.txt"),
            ("c:x.txt", "x.txt"),
            (" c:D: x", "x"),
            ("a/./b.txt", "a/b.txt"),
        ],
        *[("a\\..\\b.txt", "a/b.txt"), ("\u202egpj.exe.txt", "gpj.exe.txt"), ("..", "unnamed")],
        *[("a\nb\x1b[31m.txt", "ab[31m.txt"), ("", "unnamed"), ("//host/x.txt", "host/x.txt")],
        *[("通\u200b知\U000e0041.txt", "通知.txt"), ("\ud800.txt", ".txt"), (" a .txt", "a .txt")],
        *[("$(id).txt", "$(id).txt"), ("<img src=x onerror=1>.txt", "<img src=x onerror=1>.txt")],
    ],
)
def test_names_are_harmless_to_show(name, shown):
    assert safe_name(name) == shown


@given(st.text(max_size=400))
def test_a_safe_name_is_relative_short_and_stays_as_it_is(name):
    shown = safe_name(name)
    assert shown == safe_name(shown)
    assert 0 < len(shown) <= 200
    assert ".." not in shown.split("/")
    assert not shown.startswith(("/", "\\"))
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_a_long_name_keeps_its_suffix():
    name = safe_name("政" * 300 + ".docx")
    assert (len(name), name[0], name[-5:]) == (200, "…", ".docx")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_files_of_one_name_get_numbers():
    data = packed([("../a.txt", b"1"), ("a.txt", b"2"), ("a (2).txt", b"3"), ("/a.txt", b"4")])
    assert [(m.name, m.data) for m in members(data, "a.zip")] == [
        *[("a (2).txt", b"3"), ("a.txt", b"1"), ("a (3).txt", b"2"), ("a (4).txt", b"4")]
    ]


def test_encrypted_files_are_named_and_the_others_come():
    plain, locked = packed([("通知.txt", TEXT)]), packed([("x.txt", TEXT)])
    assert one(with_flags(locked, 0x1)) == BadMember(
        "x.txt", "is encrypted: unpack it and ingest the files"
    )
    data = packed([("a.txt", TEXT), ("b.txt", TEXT)])
    place = data.rfind(b"PK\x01\x02") + 8
    data = data[:place] + b"\x01\x00" + data[place + 2 :]
    assert [type(member) for member in members(data, "a.zip")] == [Member, BadMember]
    assert one(plain) == Member("通知.txt", TEXT)


def test_links_are_not_followed():
    entry = zipfile.ZipInfo("link.txt")
    entry.create_system, entry.external_attr = 3, 0o120777 << 16
    assert one(packed([(entry, b"/etc/passwd")])) == BadMember("link.txt", archive._NO_FILE)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_of_a_tar_are_not_followed(kind):
    entry = tarfile.TarInfo("link.txt")
    entry.type, entry.linkname = kind, "/etc/passwd"
    assert one(packed_tar([(entry, b"")])) == BadMember("link.txt", archive._NO_FILE)


@pytest.mark.parametrize(
    ("method", "said"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA")]
)
def test_other_methods_of_packing_are_named(method, said):
    member = one(packed([("a.txt", TEXT)], method))
    assert isinstance(member, BadMember)
    assert said in member.reason


def test_a_wrong_checksum_is_noticed_and_the_others_come():
    data = packed([("a.txt", TEXT), ("b.txt", TEXT)], zipfile.ZIP_STORED)
    hurt = data.replace(TEXT, TEXT[:-1] + b"!", 1)
    assert list(members(hurt, "a.zip")) == [
        BadMember("a.txt", archive._DAMAGED),
        Member("b.txt", TEXT),
    ]


def test_damaged_deflate_data_are_noticed():
    data = packed([("a.txt", TEXT * 50)])
    start = data.find(b"a.txt") + len("a.txt")
    assert one(data[:start] + b"\xff" * 8 + data[start + 8 :]) == BadMember(
        "a.txt", archive._DAMAGED
    )


@given(st.integers(1, 300))
def test_a_truncated_archive_is_a_read_error(cut):
    data = packed([("a.txt", TEXT), ("b.txt", TEXT)])
    with pytest.raises(ReadError, match="damaged") as caught:
        list(members(data[: max(4, len(data) - cut)], "a.zip"))
    assert "\n" not in str(caught.value)


FILES = [("a.txt", TEXT), ("通知.txt", TEXT * 3)]
WHOLE = [packed(FILES), packed_tar(FILES), packed_tar(FILES, "w:gz"), gzip.compress(TEXT)]


@pytest.mark.parametrize("data", WHOLE, ids=["zip", "tar", "tar.gz", "gz"])
@given(st.binary(max_size=200), st.integers(0, 2000))
def test_no_damage_raises_anything_but_a_read_error(data, junk, place):
    for broken in (data[:place] + junk + data[place + len(junk) :], data[:4] + junk, data[:place]):
        try:
            assert all(isinstance(m, Member | BadMember) for m in members(broken, "a.zip"))
        except ReadError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("cut", [600, 1100, 1500])
def test_a_truncated_tar_is_a_read_error(cut):
    data = packed_tar([("a.txt", TEXT * 20), ("b.txt", TEXT)])
    gzipped = gzip.compress(data)
    with pytest.raises(ReadError, match="damaged"):
        list(members(gzipped[: len(gzipped) // 2], "a.tgz"))
    with pytest.raises(ReadError, match="damaged"):
        list(members(data[:cut], "a.tar"))


def test_overlapping_files_are_a_bomb():
    data = packed([("a.txt", TEXT), ("b.txt", TEXT)], zipfile.ZIP_STORED)
    second = data.rfind(b"PK\x01\x02")
    shared = data[: second + 42] + struct.pack("<I", 0) + data[second + 46 :]
    with pytest.raises(ReadError, match="overlap"):
        list(members(shared, "a.zip"))


def test_a_size_in_the_header_is_not_believed(monkeypatch):
    monkeypatch.setattr(archive, "MAX_BYTES", 10_000)
    data = packed([("a.txt", b"x" * 20_000)])
    lying = data.replace(struct.pack("<I", 20_000), struct.pack("<I", 100))
    assert isinstance(one(data), BadMember)
    assert isinstance(one(lying), BadMember)


def test_a_file_that_is_too_large_is_named_and_the_others_come(monkeypatch):
    monkeypatch.setattr(archive, "MAX_BYTES", 1000)
    files = [("a.txt", b"x" * 2000), ("b.txt", TEXT)]
    for data in (packed(files), packed_tar(files), packed_tar(files, "w:gz")):
        large, small = members(data, "a")
        assert "1,000 bytes" in large.reason
        assert small == Member("b.txt", TEXT)


def test_a_bomb_is_noticed_before_it_has_gone_off():
    data = packed([("a.txt", bytes(2**26)), ("b.txt", TEXT)])
    tracemalloc.start()
    bomb, other = members(data, "a.zip")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (bomb, other) == (BadMember("a.txt", archive._BOMB), Member("b.txt", TEXT))
    assert peak < 2**25


def test_a_bomb_in_a_tar_is_a_read_error():
    with pytest.raises(ReadError, match="bomb"):
        list(members(packed_tar([("a.txt", bytes(2**26))], "w:gz"), "a.tgz"))


def test_all_files_together_have_a_limit_that_archives_within_share():
    data = packed([("a.txt", b"x" * 600), ("b.txt", b"x" * 600)])
    allowance = Allowance(size=1500)
    assert len(list(members(data, "a.zip", allowance))) == 2
    with pytest.raises(ReadError, match=r"1,024 MB"):
        list(members(data, "a.zip", allowance))


def test_the_number_of_files_has_a_limit_that_what_is_passed_over_does_not_count_for():
    data = packed([("a.txt", b""), ("b.txt", b""), ("c.png", b"")])
    assert len(list(members(data, "a.zip", Allowance(members=2)))) == 2
    with pytest.raises(ReadError, match="5,000 files"):
        list(members(data, "a.zip", Allowance(members=1)))


def test_a_file_in_a_gzip_has_the_name_without_gz():
    assert one(gzip.compress(TEXT), "附件/通知.txt.gz") == Member("通知.txt", TEXT)


def test_names_of_a_tar_are_read_in_the_encoding_that_they_look_like():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT, encoding="gbk") as made:
        made.addfile(tarfile.TarInfo(SIMPLIFIED))
    assert names(stream.getvalue(), "a.tar") == [SIMPLIFIED]


def test_archives_within_come_like_any_file():
    inner = packed([("通知.txt", TEXT)])
    member = one(packed([("附件.zip", inner)]))
    assert one(member.data) == Member("通知.txt", TEXT)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        *[(b"Rar!\x1a\x07\x00", "RAR"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"hello", "unknown")],
        (b"", "unknown"),
    ],
)
def test_other_archives_are_refused_with_a_remedy(data, said):
    with pytest.raises(UnsupportedFormat, match=rf"{said} archive: unpack it"):
        list(members(data, "a.rar"))


def test_an_empty_archive_yields_nothing():
    assert list(members(packed([]), "a.zip")) == []
