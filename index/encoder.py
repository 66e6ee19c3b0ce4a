"""Texts to vectors: the bundled model on ONNX Runtime, or any sentence-transformers model."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from index import bundled
from index.errors import EncoderError
from index.memory import remembered
from index.script import encodable
from index.types import Encoder, QuestionTokens, Vectors

BUNDLED, BUNDLED_FLOAT32 = "bundled", "bundled:float32"
E5_NAME = re.compile(r"(^|[-_/])e5-(small|base|large)(-v\d|-unsupervised)?$", re.IGNORECASE)
BATCH = 32  # texts a batch for sentence-transformers, its own default
# Texts handed out at once: enough for sorting by length to pay and threads not to wait for each
# other, few enough for an interruption to be heard soon.
ROUND = 512
PROBES = 64  # weights a tensor that enter a fingerprint

OnProgress = Callable[[int], None]
Made = TypeVar("Made")


def load_encoder(name: str | None = None) -> Encoder:
    """Load "bundled" (None), "bundled:float32", a sentence-transformers folder, or a hub name.

    Raises EncoderError when its weights are missing, damaged, or not to be had offline.
    """
    if name is None or name == BUNDLED:
        return BundledEncoder(bundled.converted("int8"), threads())
    if name == BUNDLED_FLOAT32:
        model = load_sentence_transformer(str(bundled.converted("float32")))
        return SentenceTransformerEncoder(BUNDLED_FLOAT32, model, bundled_fingerprint())
    model = load_sentence_transformer(name)
    return SentenceTransformerEncoder(name, model, fingerprint(model, prefixes(model, name)))


def threads() -> int:
    """Return YINZHENG_THREADS, else the number of processor cores that this process may use."""
    chosen = os.environ.get("YINZHENG_THREADS", "")
    if not chosen:
        return physical_cores()
    if not chosen.isdecimal() or int(chosen) < 1:
        raise EncoderError(f"YINZHENG_THREADS is {chosen!r}; set it to 1 or more, or unset it")
    return int(chosen)


def physical_cores() -> int:
    """Count the cores that this process may use; hardware threads of one core, if told, as one."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    topology = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    files = [Path(topology.format(cpu)) for cpu in os.sched_getaffinity(0)]
    return len({file.read_text() if file.exists() else str(file) for file in files})


# --- the bundled model


def bundled_fingerprint() -> str:
    """Return what int8 and float32 share: their vectors of a text agree to a cosine of 0.998."""
    identity = f"{bundled.WEIGHTS_SHA256} mean {bundled.QUERY_PREFIX!r} {bundled.PASSAGE_PREFIX!r}"
    return hashlib.sha256(identity.encode()).hexdigest()


class BundledEncoder:
    """multilingual-e5-small: passages in int8, questions more exactly; one thread a text.

    Several texts are encoded in parallel, each by itself, so that a vector depends on its text
    alone. Texts longer than `max_tokens` are cut at their end. Token vectors are the last states,
    without those of the prefix, the end token and punctuation.
    """

    name = BUNDLED
    max_tokens = 512

    def __init__(self, folder: Path, thread_count: int) -> None:
        try:
            self._tokenizer = bundled.PieceTokenizer(folder)
            self._questions = _session(folder / bundled.QUESTION_GRAPH_FILE)
            self._words = np.memmap(folder / bundled.WORDS_FILE, np.uint8, "r")
            self._surprise = np.fromfile(folder / bundled.SURPRISE_FILE, "<f4")
        except Exception as error:  # ONNX Runtime and tokenizers raise kinds of their own
            raise _unusable(folder, error) from error
        self.fingerprint = bundled_fingerprint()
        self.token_fingerprint = f"{self.fingerprint} last states without punctuation"
        self.dimension = int(self._questions.get_inputs()[0].shape[2])
        self.token_dimension = self.dimension
        self._folder, self._threads = folder, thread_count
        self._estimate = remembered(4096)(self._estimated)

    @cached_property
    def _passages(self) -> Any:
        """The graph for passages, which who only asks does not need."""
        try:
            return _session(self._folder / bundled.GRAPH_FILE)
        except Exception as error:
            raise _unusable(self._folder, error) from error

    def encode_passages(
        self, texts: Sequence[str], on_progress: OnProgress | None = None
    ) -> Vectors:
        """Return (N, D) unit rows, row i for text i; `on_progress` gets the count of texts done."""
        return self._rows(self._read(self._passages, _PASSAGE, texts, _mean, on_progress))

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Return (N, D) unit rows, row i for question i."""
        return self._rows(self._read(self._questions, _QUESTION, texts, _mean))

    def encode_passages_with_tokens(
        self,
        texts: Sequence[str],
        pack: Callable[[Vectors], bytes],
        on_progress: OnProgress | None = None,
    ) -> tuple[Vectors, list[bytes]]:
        """Return what `encode_passages` does, and what `pack` makes of the tokens of each text."""

        def finish(ids: NDArray[np.int64], states: Vectors) -> tuple[Vectors, bytes]:
            return _mean(ids, states), pack(self._tokens(_PASSAGE, ids, states).vectors)

        read = list(self._read(self._passages, _PASSAGE, texts, finish, on_progress))
        return self._rows(mean for mean, _ in read), [packed for _, packed in read]

    def encode_questions_with_tokens(
        self, texts: Sequence[str]
    ) -> tuple[Vectors, list[QuestionTokens]]:
        """Return what `encode_questions` does, and the tokens of each question."""

        def finish(ids: NDArray[np.int64], states: Vectors) -> tuple[Vectors, QuestionTokens]:
            return _mean(ids, states), self._tokens(_QUESTION, ids, states)

        read = list(self._read(self._questions, _QUESTION, texts, finish))
        return self._rows(mean for mean, _ in read), [tokens for _, tokens in read]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, uncut, special tokens and prefix left out."""
        return [len(self._tokenizer.ids(encodable(text), special=False)) for text in texts]

    def estimate_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return about what `count_tokens` does, at less cost."""
        return [self._estimate(text) for text in texts]

    def _estimated(self, text: str) -> int:
        return self._tokenizer.estimate(encodable(text))

    def _read(
        self,
        session: Any,
        kind: "_Kind",
        texts: Sequence[str],
        finish: Callable[[NDArray[np.int64], Vectors], Made],
        on_progress: OnProgress | None = None,
    ) -> Iterator[Made]:
        """Yield what `finish` makes of the token ids (T,) and the last states (T, D) of a text."""
        with ThreadPoolExecutor(self._threads) as pool:
            for start in range(0, len(texts), ROUND):
                part = [kind.prefix + text for text in texts[start : start + ROUND]]
                run = pool.map if len(part) > 1 else map  # for one no thread need be started
                made = run(lambda text: finish(*self._states(session, text)), part)
                for done, one in enumerate(made, start + 1):
                    if on_progress:
                        on_progress(done)
                    yield one

    def _states(self, session: Any, text: str) -> tuple[NDArray[np.int64], Vectors]:
        ids = self._tokenizer.ids(encodable(text))
        if len(ids) > self.max_tokens:
            ids = np.append(ids[: self.max_tokens - 1], ids[-1])  # the end token stays at the end
        words = bundled.word_rows(self._words, ids, self.dimension)
        return ids, session.run(["hidden"], {"words": words})[0][0]

    def _rows(self, means: Iterable[Vectors]) -> Vectors:
        return unit_rows(np.array(list(means), np.float32).reshape(-1, self.dimension))

    def _tokens(self, kind: "_Kind", ids: NDArray[np.int64], states: Vectors) -> QuestionTokens:
        """Return what a text's own tokens say; each weighs what it tells, in nats."""
        weights = self._surprise[ids]
        weights[: kind.tokens], weights[-1] = 0, 0
        kept = np.flatnonzero(weights)
        return QuestionTokens(unit_rows(states[kept]), weights[kept])


def _session(graph: Path) -> Any:
    # one thread each: texts run side by side instead, which is 1.3 times as fast
    return bundled.open_session(str(graph), threads=1)


def _unusable(folder: Path, error: Exception) -> EncoderError:
    return EncoderError(
        f"the converted model in {folder} cannot be loaded ({error}); delete that folder"
    )


def _mean(_: NDArray[np.int64], states: Vectors) -> Vectors:
    mean: Vectors = states.mean(axis=0)
    return mean


@dataclass(frozen=True, slots=True)
class _Kind:
    """What E5 wants before a text, and how many tokens that and the start token are."""

    prefix: str
    tokens: int


_PASSAGE, _QUESTION = _Kind(bundled.PASSAGE_PREFIX, 3), _Kind(bundled.QUERY_PREFIX, 4)


def unit_rows(rows: Vectors) -> Vectors:
    """Return the rows (N, D) scaled to unit length; a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Vectors = (rows / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
    return scaled


# --- sentence-transformers


def load_sentence_transformer(name: str) -> Any:
    """Load a folder or a hub name, running no code of the model; EncoderError if that fails."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
    local = offline or Path(name).is_dir()
    try:
        return SentenceTransformer(name, trust_remote_code=False, local_files_only=local)
    except Exception as error:  # hub, network, weights and config each raise kinds of their own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        where = "offline (HF_HUB_OFFLINE is set)" if offline else "here"
        raise EncoderError(
            f"the encoder {name!r} cannot be loaded {where}: {reason}; give a sentence-transformers"
            f" folder or hub name, or leave --encoder out for the bundled model"
        ) from error


def fingerprint(model: Any, prompts: tuple[str, str]) -> str:
    """Return the SHA-256 of a model's modules, prompts and a sample of each tensor's weights."""
    digest = hashlib.sha256()
    for module in model:
        settings = module.get_config_dict() if hasattr(module, "get_config_dict") else {}
        digest.update(f"{type(module).__name__} {sorted(settings.items(), key=str)}".encode())
    digest.update(f"{prompts}".encode())
    for name, tensor in sorted(model.state_dict().items()):
        flat = tensor.detach().flatten()
        sample = flat[:: max(flat.numel() // PROBES, 1)].float().cpu().numpy()
        digest.update(f"{name} {tuple(tensor.shape)}".encode() + sample.tobytes())
    return digest.hexdigest()


def prefixes(model: Any, name: str) -> tuple[str, str]:
    """Return what goes before questions and before passages: the model's prompts, or E5's."""
    prompts = model.prompts or {}
    question = prompts.get("query") or ""
    passage = next(filter(None, map(prompts.get, ("document", "passage", "corpus"))), "")
    if not (question or passage) and E5_NAME.search(name.rstrip("/")):
        return bundled.QUERY_PREFIX, bundled.PASSAGE_PREFIX
    return question, passage


class SentenceTransformerEncoder:
    """Any sentence-transformers model; texts longer than `max_tokens` are cut at their end."""

    def __init__(self, name: str, model: Any, identity: str) -> None:
        self.name = name
        self.fingerprint = identity
        self._model = model
        self._question_prefix, self._passage_prefix = prefixes(model, name)
        self.dimension = int(model.get_embedding_dimension())
        self.max_tokens = int(model.max_seq_length or model.tokenizer.model_max_length)

    def encode_passages(
        self, texts: Sequence[str], on_progress: OnProgress | None = None
    ) -> Vectors:
        """Return (N, D) unit rows, row i for text i; `on_progress` gets the count of texts done."""
        rounds = [np.empty((0, self.dimension), np.float32)]
        for start in range(0, len(texts), ROUND):
            part = texts[start : start + ROUND]
            rounds.append(self._encode(self._model.encode_document, self._passage_prefix, part))
            if on_progress:
                on_progress(start + len(part))
        return np.concatenate(rounds)

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Return (N, D) unit rows, row i for question i."""
        return self._encode(self._model.encode_query, self._question_prefix, texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, uncut, special tokens and prefix left out."""
        if not texts:
            return []
        plain = [encodable(text) for text in texts]
        batch = self._model.tokenizer(plain, add_special_tokens=False, verbose=False)
        return [len(ids) for ids in batch["input_ids"]]

    def estimate_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return what `count_tokens` does."""
        return self.count_tokens(texts)

    def _encode(self, encode: Any, prefix: str, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        rows: Vectors = encode(
            [encodable(text) for text in texts],
            prompt=prefix,
            batch_size=BATCH,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return unit_rows(rows.astype(np.float32, copy=False))
