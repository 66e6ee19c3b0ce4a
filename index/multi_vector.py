"""Late interaction by a model made for it: a ColBERT-style encoder beside the one of passages.

A multi-vector encoder gives each token a vector (Khattab and Zaharia, ColBERT, arXiv:2004.12832);
index.late stores and compares them. Any model that sentence-transformers loads as a
`MultiVectorEncoder` will do: its own, PyLate's, Stanford's.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from index.encoder import BATCH, fingerprint, prefixes, unit_rows
from index.errors import EncoderError
from index.script import encodable
from index.types import Encoder, QuestionTokens, Vectors

# Texts whose token vectors are held at once, in megabytes not gigabytes; some batches, so that
# sorting by length pays.
ROUND = 4 * BATCH
_SETTINGS = "config_sentence_transformers.json"
# What settings call the kind of model: sentence-transformers' own, PyLate 3's.
_KINDS = {"MultiVectorEncoder", "ColBERT"}
# What settings hold that older releases of PyLate wrote, which named no kind.
_PYLATE = {"query_prefix", "document_prefix"}
_STANFORD = "HF_ColBERT"  # what a config of Stanford's ColBERT calls its architecture

OnProgress = Callable[[int], None]


def load_combined(encoder: Encoder, late_name: str) -> "CombinedEncoder":
    """Return `encoder` with the tokens of a multi-vector model. Raises EncoderError."""
    return CombinedEncoder(encoder, late_name, load_multi_vector(late_name))


def load_multi_vector(name: str) -> Any:
    """Load a ColBERT-style folder or hub name, running no code of the model.

    Raises EncoderError if that fails, or if it was never trained to give a vector for each token.
    """
    remedy = "give the folder or hub name of a ColBERT-style model, or leave --late out"
    return load_model(_multi_vector, f"the multi-vector model {name!r}", name, remedy)


def load_model(make: Callable[..., Any], what: str, name: str, remedy: str) -> Any:
    """Return `make(name, trust_remote_code=False, local_files_only=...)`, in float32 on processors.

    Whatever it raises becomes an EncoderError of one line, which names `what` and the `remedy`.
    """
    offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
    local = offline or Path(name).is_dir()
    try:
        with _quiet():
            model = make(name, trust_remote_code=False, local_files_only=local)
    except Exception as error:  # hub, network, weights and config each raise kinds of their own
        where = "offline (HF_HUB_OFFLINE is set)" if offline else "here"
        raise EncoderError(
            f"{what} cannot be loaded {where}: {first_line(error)}; {remedy}"
        ) from error
    # in half precision a result depends on what it shares its batch with
    return model.float() if model.device.type == "cpu" else model


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep tables of weights off the terminal: what is amiss with a model is raised."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, or its kind if it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _multi_vector(name: str, **options: Any) -> Any:
    from sentence_transformers import MultiVectorEncoder

    if not _has_token_vectors(name, options["local_files_only"]):
        raise ValueError("it was not trained to give a vector for each token")
    model = MultiVectorEncoder(name, **options)
    for module in model:
        _read_whole_texts(module)
    return model


def _has_token_vectors(name: str, local: bool) -> bool:
    """Tell whether a model is a multi-vector one; True as well where nothing says so.

    sentence-transformers makes one of any model, with a projection of random numbers.
    """
    settings, config = _json(name, _SETTINGS, local), _json(name, "config.json", local)
    if settings is None and config is None:
        return True  # loading it will say what is amiss
    settings, architectures = settings or {}, (config or {}).get("architectures") or []
    known = settings.get("model_type") in _KINDS or bool(_PYLATE & settings.keys())
    return known or _STANFORD in architectures


def _json(name: str, file: str, local: bool) -> dict[str, Any] | None:
    from sentence_transformers.util import load_file_path

    path = load_file_path(name, file, local_files_only=local)
    if path is None:
        return None
    found: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
    return found


def _read_whole_texts(module: Any) -> None:
    """Lift the limits that ColBERT's benchmarks had: questions of 32 tokens, passages of 180.

    Shorter questions are filled up with mask tokens as before; what is longer than the model can
    read is cut.
    """
    for limit in ("query_length", "document_length"):
        if hasattr(module, limit):
            setattr(module, limit, None)
    expansion = getattr(module, "query_expansion", None)
    if expansion and expansion["strategy"] == "fixed":
        module.query_expansion = {**expansion, "strategy": "min"}


class CombinedEncoder:
    """An encoder for passages and questions, and a multi-vector model for their tokens.

    Vectors, name and limits are those of the encoder; what the multi-vector model cannot read of a
    text, at its end, is left to the encoder. All question tokens weigh the same, as in ColBERT.
    """

    def __init__(self, encoder: Encoder, late_name: str, model: Any) -> None:
        self.name = encoder.name
        self.late_name = late_name
        self.fingerprint = encoder.fingerprint
        self.token_fingerprint = fingerprint(model, prefixes(model, ""))
        self.dimension = encoder.dimension
        self.max_tokens = encoder.max_tokens
        dimension = int(model.get_embedding_dimension())
        self._padding = dimension % 2  # index.late packs two numbers a byte
        self.token_dimension = dimension + self._padding
        self._encoder = encoder
        self._model = model
        self._lock = Lock()  # the tokenizer cannot be shared by threads

    def encode_passages(
        self, texts: Sequence[str], on_progress: OnProgress | None = None
    ) -> Vectors:
        """Return (N, D) unit rows, row i for text i; `on_progress` gets the count of texts done."""
        return self._encoder.encode_passages(texts, on_progress)

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Return (N, D) unit rows, row i for question i."""
        return self._encoder.encode_questions(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text as the encoder of passages counts them."""
        return self._encoder.count_tokens(texts)

    def estimate_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return about what `count_tokens` does, at less cost if the encoder has a way."""
        return self._encoder.estimate_tokens(texts)

    def encode_passages_with_tokens(
        self,
        texts: Sequence[str],
        pack: Callable[[Vectors], bytes],
        on_progress: OnProgress | None = None,
    ) -> tuple[Vectors, list[bytes]]:
        """Return what `encode_passages` does, and what `pack` makes of the tokens of each text."""
        rows, packed = [np.empty((0, self.dimension), np.float32)], list[bytes]()
        for start in range(0, len(texts), ROUND):
            part = texts[start : start + ROUND]
            rows.append(self._encoder.encode_passages(part))
            packed += map(pack, self._tokens(self._model.encode_document, part))
            if on_progress:
                on_progress(start + len(part))
        return np.concatenate(rows), packed

    def encode_questions_with_tokens(
        self, texts: Sequence[str]
    ) -> tuple[Vectors, list[QuestionTokens]]:
        """Return what `encode_questions` does, and the tokens of each question, of weight 1."""
        tokens = self._tokens(self._model.encode_query, texts)
        weighed = [QuestionTokens(rows, np.ones(len(rows), np.float32)) for rows in tokens]
        return self._encoder.encode_questions(texts), weighed

    def _tokens(self, encode: Callable[..., Any], texts: Sequence[str]) -> list[Vectors]:
        """Return unit rows (T, D') for each text, D' even."""
        if not texts:
            return []
        plain = [encodable(text) for text in texts]
        with self._lock:
            found = encode(plain, batch_size=BATCH, show_progress_bar=False, convert_to_numpy=True)
        return [self._even(unit_rows(rows.astype(np.float32, copy=False))) for rows in found]

    def _even(self, rows: Vectors) -> Vectors:
        return np.pad(rows, ((0, 0), (0, self._padding))) if self._padding else rows
