"""`python -m bench.fit_pages`: weights of index/main_text.py, and how well such weights hold.

Cross-validation is by page: weights made on some pages are measured on the others.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.pages import agreement
from index.decode import decode
from index.formats import main_text
from index.formats.html_reader import read_page
from index.formats.markup import drop_hidden_elements
from index.offsets import apply_edits, identity

PAGES = Path(__file__).resolve().parents[2] / "shared" / "eval" / "html"
# So few pages ask for strong regularisation; from 0.001 to 0.01 the figures hardly change.
_REGULARISATION = 0.003
_REPEATS = 5
_FOLDS = (2, 4, 8)
# A line of three characters weighs something too.
_LEAST = 3
# A line that is no line of the gold text is of it if this share of its trigrams is.
_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Example:
    """One page: its lines, their features and whether they are main text."""

    lines: main_text.Lines
    names: list[str]
    values: NDArray[np.float64]  # (N, F)
    alone: NDArray[np.float64]  # (N, F), where no extractor was asked
    copies: NDArray[np.bool_]  # (N,), dropped whatever the model says
    labels: NDArray[np.bool_]  # (N,)
    gold: str


def main() -> None:
    """Print figures of cross-validation, then the weights."""
    rows = (PAGES / "gold.jsonl").read_text("utf-8").splitlines()
    examples = [_example(PAGES, json.loads(row)) for row in rows]
    for folds in _FOLDS:
        figures = [_cross_validate(examples, folds, seed) for seed in range(_REPEATS)]
        print(folds, "folds: mean F1, without extractors\n", np.round(figures, 3))
    for name, weight in _fit(examples).items():
        print(f'    "{name}": {weight:.2f},')


def _example(folder: Path, row: dict[str, Any]) -> Example:
    text = drop_hidden_elements(identity(decode((folder / row["file"]).read_bytes()))).text
    page = read_page(text)
    lines = main_text.measure_lines(page, apply_edits(identity(text), page.edits))
    extracts = main_text.extractor_votes(text, lines)
    found = main_text.features(lines, page.tree, extracts)
    alone = main_text.features(lines, page.tree, {})
    return Example(
        lines,
        list(found),
        np.stack(list(found.values()), 1),
        np.stack(list(alone.values()), 1),
        main_text.second_copies(lines, extracts),
        _labels(lines, row["gold_text"]),
        row["gold_text"],
    )


def _labels(lines: main_text.Lines, gold: str) -> NDArray[np.bool_]:
    """Tell which lines stand in the gold text, each of its places standing for one."""
    letters = main_text.letters_of(gold)
    labels = main_text.found_in(lines.letters, letters) > 0
    left = _trigrams(letters)
    for line in [line for line, label in zip(lines.letters, labels, strict=True) if label]:
        left -= _trigrams(line)
    for i, line in enumerate(lines.letters):
        own = _trigrams(line)
        if not labels[i] and sum((own & left).values()) > _SHARE * own.total():
            labels[i] = True
            left -= own
    return labels


def _trigrams(text: str) -> Counter[str]:
    return Counter(text[i : i + 3] for i in range(len(text) - 2))


def _fit(examples: Sequence[Example]) -> dict[str, float]:
    """Return name -> weight, for values as they are; "bias" is the constant."""
    from sklearn.linear_model import LogisticRegression

    values = np.concatenate([example.values for example in examples])
    labels = np.concatenate([example.labels for example in examples])
    shares = [(e.lines.lengths + _LEAST) / (e.lines.lengths + _LEAST).sum() for e in examples]
    importance = np.concatenate(shares) * len(labels) / len(examples)
    scale = values.std(0)
    model = LogisticRegression(C=_REGULARISATION, max_iter=3000)
    model.fit((values - values.mean(0)) / scale, labels, sample_weight=importance)
    weights = model.coef_[0] / scale
    bias = float(model.intercept_[0] - weights @ values.mean(0))
    return {**dict(zip(examples[0].names, weights.tolist(), strict=True)), "bias": bias}


def _cross_validate(examples: Sequence[Example], folds: int, seed: int) -> tuple[float, float]:
    """Return the mean F1 of all pages, each judged by weights made without it."""
    order = np.random.default_rng(seed).permutation(len(examples))
    figures = []
    for part in np.array_split(order, folds):
        weights = _fit([examples[i] for i in order if i not in part])
        figures += [_f1(examples[i], weights) for i in part]
    full, alone = np.mean(figures, 0)
    return float(full), float(alone)


def _f1(example: Example, weights: dict[str, float]) -> tuple[float, float]:
    """Return the F1 with extractors and without."""
    column = [weights[name] for name in example.names]
    with_votes = (weights["bias"] + example.values @ column >= 0) & ~example.copies
    alone = weights["bias"] + example.alone @ column >= 0
    texts = example.lines.texts
    full, own = (
        "\n".join(text for text, keep in zip(texts, kept, strict=True) if keep)
        for kept in (with_votes, alone)
    )
    return agreement(full, example.gold).f1, agreement(own, example.gold).f1


if __name__ == "__main__":
    main()
