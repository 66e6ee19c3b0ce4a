"""Question and passage read together: any cross-encoder that sentence-transformers loads."""

import re
from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.encoder import BATCH
from index.errors import EncoderError
from index.multi_vector import first_line, load_model
from index.script import encodable
from index.types import Reranker

# Tokens of a question and a passage together: a passage has 512 at most by the encoder's count, and
# other tokenizers make more of Chinese; what is longer is cut, the longer of the two first.
MAX_TOKENS = 1024
# What the second of two labels is called if it is not the one for passages that answer.
_NEGATIVE_LABEL = re.compile(r"not|non|no$|neg|irrelevant|unrelated|false", re.IGNORECASE)
_HEAD = "ForSequenceClassification"  # how architectures end that have learnt to score


def load_reranker(name: str) -> Reranker:
    """Load a cross-encoder by folder or hub name, running no code of the model.

    Raises EncoderError if that fails, or if the model was never trained to score a pair of texts.
    """
    what = f"the reranker {name!r}"
    remedy = "give the folder or hub name of a cross-encoder, or leave --reranker out"
    return CrossEncoderReranker(name, load_model(_cross_encoder, what, name, remedy))


def _cross_encoder(name: str, **options: Any) -> Any:
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    # logits, whatever the model would make of them: then all models are scaled alike
    model = CrossEncoder(name, activation_fn=Identity(), **options)
    if not _is_trained(model):
        raise ValueError("it was not trained to score a question and a passage")
    if model.num_labels > 2:
        raise ValueError(f"it has {model.num_labels} labels, one or two can be a score")
    model.max_seq_length = min(model.max_seq_length or MAX_TOKENS, MAX_TOKENS)
    # a prompt that does not fit shows here, not at the first question
    model.predict([("a", "b")], show_progress_bar=False)
    return model


def _is_trained(model: Any) -> bool:
    """Tell whether a model has learnt to score pairs.

    sentence-transformers gives any encoder a head of random numbers, and asks any language model
    to say yes or no, which only rerankers with a chat template of their own understand.
    """
    from sentence_transformers.cross_encoder.modules import LogitScore

    if any(isinstance(module, LogitScore) for module in model):
        return bool(model.tokenizer.chat_template)
    architectures = model.config.architectures or [""]
    return len(model) > 1 or architectures[0].endswith(_HEAD)


class CrossEncoderReranker:
    """A cross-encoder whose scores are probabilities: the sigmoid of its logit.

    With two labels it is the softmax's share of the one for passages that answer, the second
    unless its name says otherwise.
    """

    def __init__(self, name: str, model: Any) -> None:
        self.name = name
        self._model = model
        self._lock = Lock()  # the tokenizer cannot be shared by threads
        second = str((model.config.id2label or {}).get(1, ""))
        self._sign = -1 if _NEGATIVE_LABEL.match(second) else 1  # of the second label's logit

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return, for each text, how well it answers the question, 0..1.

        Raises EncoderError if the model fails, or gives what is not a number.
        """
        if not texts:
            return []
        pairs = [(encodable(question), encodable(text)) for text in texts]
        try:
            with self._lock:
                found = self._model.predict(pairs, batch_size=BATCH, show_progress_bar=False)
        except Exception as error:  # torch and templates raise kinds of their own
            raise EncoderError(
                f"the reranker {self.name!r} failed ({first_line(error)}); leave --reranker out"
            ) from error
        logits = self._logits(found.astype(np.float64))
        if not np.isfinite(logits).all():
            raise EncoderError(
                f"the reranker {self.name!r} gave scores that are no numbers; leave --reranker out"
            )
        return [float(score) for score in _sigmoid(logits)]

    def _logits(self, found: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (N,) logits for what the model gave, (N,), (N, 1) or (N, 2)."""
        rows = found.reshape(len(found), -1)
        if rows.shape[1] == 1:
            return rows[:, 0]
        difference: NDArray[np.float64] = self._sign * (rows[:, 1] - rows[:, 0])
        return difference


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-x)), which cannot overflow like this."""
    probabilities: NDArray[np.float64] = np.exp(-np.logaddexp(0.0, -logits))
    return probabilities
