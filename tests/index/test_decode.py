import codecs
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.decode import decode, decode_with_notes
from index.errors import EmptyDocument, ReadError, YinzhengError
from index.script import to_traditional

ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "big5hkscs", "utf-16-le", "utf-16-be", "utf-16")
SIMPLIFIED = "东莞市科技局发布若干措施，对进入临床试验的硼药给予奖励，单个企业每年最高1500万元。\n"
TRADITIONAL = "廣東省發布行動計劃，重點部署基因技術、細胞治療等未來生命健康產業，營收達6455億元。\n"


def sample_texts(samples):
    return [decode(file.read_bytes()) for file in sorted(samples.iterdir())]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_samples_are_read_back_from_every_encoding(samples, encoding):
    for text in sample_texts(samples):
        if encoding == "big5hkscs":  # which has no Simplified characters
            text = to_traditional(text).encode(encoding, "ignore").decode(encoding)
        assert decode(text.encode(encoding)).removeprefix("\ufeff") == text


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_one_sentence_is_enough_to_tell_the_encoding(encoding):
    texts = [TRADITIONAL] if encoding == "big5hkscs" else [SIMPLIFIED, TRADITIONAL]
    for text in texts:
        assert decode(text.encode(encoding)).removeprefix("\ufeff") == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text", ["2. 2035年以前", '<p class="sign">2024年2月7日</p>', "plain English"]
)
def test_short_texts_that_are_mostly_ascii_are_read_from_utf_16(encoding, text):
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", "gb2312"), ("gb18030", "utf-8"), ("gb18030", "big5"), ("big5hkscs", "gbk")],
)
def test_a_wrong_declared_charset_is_overruled(encoding, declared):
    text = TRADITIONAL if encoding == "big5hkscs" else SIMPLIFIED
    page = f'<meta charset="{declared}"><p>{text}</p>'
    assert decode(page.encode(encoding)) == page


def test_a_declared_charset_decides_between_equals():
    pair = "一丁"  # two common characters in either encoding, whichever it is
    for encoding, declared in (("gb18030", "gb2312"), ("big5hkscs", "Big5")):
        page = f"<meta charset='{declared}'>{pair * 3}"
        assert decode(page.encode(encoding)) == page


def test_a_page_of_programs_with_little_chinese_is_not_taken_for_hurt_utf_8():
    page = f"<script>{'var x = 1; ' * 2000}</script>{SIMPLIFIED}"
    assert decode(page.encode("gb18030")) == page


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5hkscs", "utf-16-le", "utf-16"])
def test_a_file_cut_inside_a_character_loses_that_character_only(encoding):
    data = (TRADITIONAL * 3).rstrip("。\n").encode(encoding)
    read = decode(data[:-1])
    assert read[:-1] == (TRADITIONAL * 3).rstrip("。\n")[:-1]
    assert len(read) <= len(TRADITIONAL * 3)


def test_utf_8_hurt_in_few_places_stays_utf_8():
    data = (SIMPLIFIED * 20).encode()
    hurt = data[:300] + b"\xe4\xb8" + data[300:]
    assert decode(hurt).count("\ufffd") <= 2
    assert SIMPLIFIED in decode(hurt)


def test_some_nuls_do_not_make_a_text_binary():
    data = (SIMPLIFIED * 5).encode() + b"\x00" + SIMPLIFIED.encode()
    assert decode(data).count(SIMPLIFIED.strip()) == 6


def test_english_with_quotation_marks_of_windows_is_read():
    data = b"The city\x92s measures are open for comment. " * 5
    assert decode(data).startswith("The city’s measures")


@pytest.mark.parametrize("encoding", ["utf-32-le", "utf-32-be", "utf-32", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["Hello", "中国政策", "2024年", "One line.\r\nTwo lines.\r\n"])
def test_utf_16_and_utf_32_are_told_without_a_mark(encoding, text):
    assert decode(text.encode(encoding)) == text


def test_rare_characters_of_four_bytes_are_read():
    text = "姓名：𠀀𠀁㐀㐁䶵，" * 3
    assert decode(text.encode("gb18030")) == text


def test_characters_of_hong_kong_are_read():
    text = "呢個係香港嘅文件，我哋喺度，唔該晒。𨋢" * 3
    assert decode(text.encode("big5hkscs")) == text


@pytest.mark.parametrize(("legacy", "name"), [("gb18030", "GB18030"), ("big5hkscs", "Big5")])
@pytest.mark.parametrize("counts", [(1, 30), (30, 1), (3, 3)])
def test_lines_in_two_encodings_are_each_read_in_their_own(legacy, name, counts):
    older, newer = counts
    data = TRADITIONAL.encode(legacy) * older + TRADITIONAL.encode() * newer
    text, notes = decode_with_notes(data)
    assert text == TRADITIONAL * (older + newer)
    assert notes == (f"it mixes UTF-8 and {name}: each part was read in its own encoding",)


def test_parts_of_one_line_in_two_encodings_are_each_read_in_their_own():
    data = b"<p>" + SIMPLIFIED.strip().encode("gbk") + b"</p><p>" + SIMPLIFIED.encode()
    assert decode(data) == f"<p>{SIMPLIFIED.strip()}</p><p>{SIMPLIFIED}"


def test_unreadable_bytes_are_counted_in_a_note():
    data = (SIMPLIFIED * 20).encode()
    line = len(SIMPLIFIED.encode())
    text, notes = decode_with_notes(data[:line] + b"\xff" + data[line:] + b"\x80" + data)
    assert text.count("\ufffd") == 2
    assert notes == ("2 places are unreadable and shown as \ufffd",)
    assert decode_with_notes(data) == (SIMPLIFIED * 20, ())


# Garbled before.


@pytest.mark.parametrize(
    ("true", "wrong", "name"),
    [
        ("utf-8", "gb18030", "UTF-8 read as GBK"),
        ("utf-8", "cp1252", "UTF-8 read as Latin-1"),
        ("utf-8", "latin-1", "UTF-8 read as Latin-1"),
        ("gb18030", "latin-1", "GBK read as Latin-1"),
        ("big5hkscs", "latin-1", "Big5 read as Latin-1"),
        ("big5hkscs", "gb18030", "Big5 read as GBK"),
        ("gb18030", "utf-8", "its characters were lost when it was saved"),
        ("gb18030", "ascii", "its characters were lost when it was saved"),
    ],
)
@pytest.mark.parametrize("times", [1, 30])
def test_text_that_was_garbled_before_is_refused_with_how_it_came_about(true, wrong, name, times):
    garbled = (TRADITIONAL * times).encode(true).decode(wrong, "replace")
    with pytest.raises(ReadError) as caught:
        decode(garbled.encode())
    assert str(caught.value) == f"its text is garbled ({name}): save it again from the source"


@pytest.mark.parametrize("lost", ["锟斤拷" * 30, "?" * 60, "????????2024?2?7?????，??????"])
def test_text_whose_characters_were_lost_is_refused(lost):
    with pytest.raises(ReadError, match="its text is garbled"):
        decode(lost.encode())


@pytest.mark.parametrize(
    "text",
    [
        SIMPLIFIED * 9 + SIMPLIFIED.encode().decode("gb18030", "replace") + "锟斤拷",
        "Où est le café près de l'hôtel Élysée à Besançon? Déjà vu, garçon, naïve." * 3,
        "问：有奖励吗???\n答：有。\n" * 20,
        "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎",
        "龘靐齉爩鱻麤灪蠼蠛" * 4,
        "αβγδε ζηθικ λμνξο" * 5,
        "今日はよい天気ですね。カタカナ",
    ],
    ids=range(7),
)
def test_good_text_is_not_taken_for_garbled(text):
    assert decode(text.encode()) == text


@pytest.mark.parametrize("data", [b"", b" \r\n\t", b"\x00" * 50])
def test_files_without_text_are_empty(data):
    with pytest.raises(EmptyDocument):
        decode(data)


@pytest.mark.parametrize(
    "data",
    [
        random.Random(1).randbytes(5000),
        bytes(range(256)) * 20,
        codecs.BOM_UTF16_LE + b"\x00\xd8" * 200,
        b"\x01\x02\x03 text" * 50,
    ],
)
def test_binary_files_are_refused_with_one_line(data):
    with pytest.raises(ReadError) as caught:
        decode(data)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_text_or_our_error(data):
    try:
        assert isinstance(decode(data), str)
    except YinzhengError as error:
        assert str(error)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_valid_utf_8_without_control_characters_is_read_as_it_is(text):
    data = text.encode("utf-8")
    if text.strip() and not data.startswith((b"\xff\xfe", b"\xfe\xff")) and "\ufffd" not in text:
        assert decode(data) == text
