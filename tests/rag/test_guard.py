"""The guard between a model and a draft: every stream ends, and only whole ones pass as whole."""

import itertools
import unicodedata
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.draft import parse_draft
from rag.errors import LanguageModelCut, LanguageModelError, LanguageModelUnavailable, Trouble
from rag.llm.base import Chunk
from rag.llm.guard import LONGEST_ANSWER, complete_sentences, guarded

LONGEST = 2_000
KNOWN = {1, 2}
BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
STOP = Chunk(finish="stop")
LISTS = [
    "".join(
        f"{place}市对获批的企业给予最高{n}00万元奖励[1]。"
        for n, place in enumerate("广深珠佛惠莞中江肇", 1)
    ),
    "东莞[1]：\n- 第一档：最高100万元[1]\n- 第二档：最高200万元[1]\n- 第三档：最高300万元[1]\n",
    "东莞没有规定[1]。佛山没有规定[2]。东莞没有规定[1]。",
    "无。无。无。无。另有奖励[1]。",
    "金额为100000000000元，编号0000000000。",
    "| 档 | 金额 |\n|---|---|---|---|---|---|\n| 1 | 2 |\n",
    "Dongguan grants up to RMB 2 million a year [1]. Foshan grants up to RMB 2.5 million [2].",
]


def cut(
    chunks: Sequence[Chunk] | Iterator[Chunk], longest: int = LONGEST
) -> tuple[str, LanguageModelError]:
    """Return what was written before a stream was cut, and the error."""
    written = []
    with pytest.raises(LanguageModelError) as caught:
        for piece in guarded(chunks, longest, KNOWN):
            written.append(piece)
    return "".join(written), caught.value


def texts(pieces) -> list[Chunk]:
    return [Chunk(piece) for piece in pieces]


# What may be in it.


@given(st.lists(st.text(st.characters(categories=["Cc", "Cf", "Lo"]), max_size=5)))
def test_no_control_character_of_a_model_passes(pieces) -> None:
    written = "".join(guarded([*texts(pieces), Chunk("好。\n\t"), STOP], LONGEST, KNOWN))
    assert written.endswith("好。\n\t")
    assert not [c for c in written if unicodedata.category(c) == "Cc" and c not in "\n\t"]
    assert not [c for c in written if unicodedata.bidirectional(c) in BIDI or c in "\u200e\u200f"]


# The end.


@pytest.mark.parametrize("text", LISTS)
def test_a_whole_answer_passes_as_it_is(text) -> None:
    assert "".join(guarded([*texts(text), STOP], LONGEST, KNOWN)) == text


@pytest.mark.parametrize(
    ("finish", "trouble"),
    [
        ("", Trouble.BROKEN),
        ("length", Trouble.LONG),
        ("content_filter", Trouble.FILTERED),
        ("tool_calls", Trouble.BROKEN),
        ("STOP", Trouble.BROKEN),
    ],
)
def test_only_stop_says_that_it_is_whole(finish, trouble) -> None:
    text, error = cut([Chunk("东莞最高200万元[1]。佛"), Chunk(finish=finish)])
    assert isinstance(error, LanguageModelCut)
    assert (text, error.trouble) == ("东莞最高200万元[1]。佛", trouble)
    assert error.kept == "东莞最高200万元[1]。"
    text, error = cut([Chunk(finish=finish)])
    assert isinstance(error, LanguageModelUnavailable)
    assert (text, error.trouble) == ("", trouble)


def test_an_empty_answer_with_its_mark_is_whole() -> None:
    assert "".join(guarded([STOP], LONGEST, KNOWN)) == ""


def test_what_the_model_raises_goes_on_with_the_complete_sentences() -> None:
    def broken() -> Iterator[Chunk]:
        yield Chunk("东莞最高200万元[1]。佛")
        raise LanguageModelCut("the answer broke off: reset", Trouble.UNREACHABLE)

    _, error = cut(broken())
    assert (error.trouble, error.kept) == (Trouble.UNREACHABLE, "东莞最高200万元[1]。")


def test_a_sign_of_life_goes_on_as_such() -> None:
    chunks = [Chunk(), Chunk("好。"), Chunk(), STOP]
    assert list(guarded(chunks, LONGEST, KNOWN)) == ["", "好。", ""]


def test_half_a_surrogate_and_nul_are_taken_out() -> None:
    assert "\x00" not in "".join(guarded([Chunk("好\x00\ud800。"), STOP], LONGEST, KNOWN))


# Reasoning in front.


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    "before", ["<think>", "\n<think>\n先看第[1]段。</think>\n\n", "<think></think>"]
)
def test_reasoning_in_front_of_an_answer_is_no_part_of_it(size, before) -> None:
    before = before if "</think>" in before else before + "想。" * 50 + "</think>"
    text = before + "东莞最高200万元[1]。"
    pieces = texts(text[i : i + size] for i in range(0, len(text), size))
    assert "".join(guarded([*pieces, STOP], LONGEST, KNOWN)).strip() == "东莞最高200万元[1]。"


@pytest.mark.parametrize("text", ["<", "<th", "<b>东莞</b>", "东莞<think>", "</think>东莞"])
@pytest.mark.parametrize("size", [1, 1000])
def test_other_tags_are_text(text, size) -> None:
    pieces = texts(text[i : i + size] for i in range(0, len(text), size))
    assert "".join(guarded([*pieces, STOP], LONGEST, KNOWN)) == text


@pytest.mark.parametrize(("more", "steps"), [([], 0), ([STOP], 0), ([], 100_000)])
def test_reasoning_without_end_is_no_answer(more, steps) -> None:
    reasoned = texts(f"第{i}步，" for i in range(steps))
    text, error = cut([Chunk("<think>先看第[1]段。"), *reasoned, *more])
    assert isinstance(error, LanguageModelUnavailable)
    assert text == ""


# Too long.


@pytest.mark.parametrize("size", [1, 7, 300, 1_000_000])
def test_an_answer_that_does_not_end_is_stopped(size) -> None:
    endless = "".join(f"第{i}项奖励{i * 7}万元[1]。" for i in range(60_000))
    pieces = (endless[i : i + size] for i in range(0, len(endless), size))
    text, error = cut(Chunk(piece) for piece in itertools.chain(pieces, itertools.repeat("续")))
    assert error.trouble is Trouble.LONG
    assert LONGEST < len(text) <= LONGEST + 1
    assert error.kept
    assert len(error.kept) <= LONGEST + 1
    assert error.kept.endswith("。")


@pytest.mark.parametrize("longest", [10, 100])
def test_an_answer_of_just_that_length_is_whole(longest) -> None:
    text = "".join(chr(0x4E00 + i) for i in range(longest))
    assert "".join(guarded([*texts(text), STOP], longest, KNOWN)) == text
    assert cut([*texts(text), Chunk("多"), STOP], longest)[1].trouble is Trouble.LONG


def test_a_long_first_piece_is_text_like_any_other() -> None:
    long = "".join(chr(0x4E00 + i) for i in range(20_500))
    assert "".join(guarded([Chunk(long), Chunk("。"), STOP], 30_000, KNOWN)) == f"{long}。"


def test_english_may_be_longer_as_it_takes_more_characters() -> None:
    assert LONGEST_ANSWER["zh"] == LONGEST_ANSWER["zh-Hant"] == 2_000
    assert LONGEST_ANSWER["en"] == 4_000


# Over and over.

LOOPS = {
    "a sentence": ("东莞最高200万元[1]。", "佛山市按实际投入给予奖励[2]。"),
    "a clause": ("东莞最高200万元[1]。", "给予最高奖励，"),
    "one character": ("东莞最高200万元[1]。", "哈"),
    "a word": ("It is up to RMB 2 million[1].", " Also"),
    "a rule": ("东莞最高200万元[1]。\n", "-"),
    "lines": ("东莞最高200万元[1]。\n", "奖励\n"),
    "two sentences in turn": (
        "东莞最高200万元[1]。",
        "佛山市给予最高奖励[2]。广州市另行制定细则[2]。",
    ),
    # Longer than the tail in which loops are looked for.
    "a long sentence": (
        "东莞最高200万元[1]。",
        "".join(chr(0x4E00 + i) for i in range(700)) + "。",
    ),
}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("size", [1, 5, 64])
def test_a_loop_is_stopped_and_shown_once(loop, size) -> None:
    before, again = LOOPS[loop]
    text = before + again * (6_000 // len(again))
    written, error = cut(texts(text[i : i + size] for i in range(0, len(text), size)), 4_000)
    assert error.trouble is Trouble.REPEATED
    assert len(written) < 4_000
    assert error.kept.startswith(before.strip())
    assert error.kept.count(again.strip()) <= 1


@pytest.mark.parametrize("text", LISTS)
@pytest.mark.parametrize("tail", ["", "另有", "，其中"])
def test_a_list_is_no_loop(text, tail) -> None:
    assert "".join(guarded([Chunk(text + tail), STOP], LONGEST, KNOWN)) == text + tail


# What is kept.


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("东莞最", ""),
        ("东莞最高200万元", ""),
        ("东莞最高200万元。", "东莞最高200万元。"),
        ("东莞最高200万元[1]。佛山最高", "东莞最高200万元[1]。"),
        ("东莞最高200万元。[1]佛山最高", "东莞最高200万元[1]。"),
        ("东莞最高200万元。[1]", "东莞最高200万元[1]。"),
        ("东莞最高200万元【1】。佛山最高", "东莞最高200万元[1]。"),
        ("东莞最高200万元[9]。佛山最高", "东莞最高200万元[9]。"),
        ("最高“200万元。”[1]佛", "最高“200万元。”[1]"),
        ("- 东莞：200万元[1]\n- 佛山：3", "- 东莞：200万元[1]"),
        ("Up to RMB 2 million [1]. Up to RMB 3.", "Up to RMB 2 million[1]."),
        ("Up to RMB 2 million [1]. It ends here.", "Up to RMB 2 million[1]. It ends here."),
    ],
)
def test_the_sentence_that_broke_off_is_left_out(text, kept) -> None:
    assert complete_sentences(text, KNOWN) == kept


@given(st.text("东莞万元。.[12]；\n a0", max_size=80))
def test_what_is_kept_is_the_beginning(text) -> None:
    kept = parse_draft(complete_sentences(text, KNOWN), KNOWN).text
    assert parse_draft(text, KNOWN).text.startswith(kept)


@given(st.lists(st.builds(Chunk, st.text(max_size=30)), max_size=30), st.integers(1, 100))
def test_any_stream_ends_in_a_whole_answer_or_in_an_error_of_ours(chunks, longest) -> None:
    try:
        text = "".join(guarded([*chunks, STOP], longest, KNOWN))
    except LanguageModelCut as error:
        assert error.trouble in (Trouble.LONG, Trouble.REPEATED)
    else:
        assert len(text) <= longest
