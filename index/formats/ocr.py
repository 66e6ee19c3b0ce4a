"""Pictures of pages -> lines of text, with RapidOCR if the extra [ocr] is installed.

Its models come inside its package, so nothing is fetched.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from statistics import median
from typing import Any

from index.formats.page_layout import Unit, read_units
from index.formats.table_grids import Rule

# Pixels to the point: 144 to the inch, at which 10-point type is read and a page takes seconds.
SCALE = 2.0
# Below this the recogniser is guessing at a stamp or a smudge, 0 to 1.
_LEAST_SCORE = 0.5
# Of the height of a box: what it has around the type, and how much heights of one type differ.
_MARGIN, _SAME_TYPE = 0.08, 0.3
# Lines of prose across a page end beyond this share of its width.
_FULL = 0.7
# A line of a table is darker than this, of 255, and at least so many pixels long.
_DARK, _STROKE, _MOST_STROKES = 140, 60, 20_000


def is_available() -> bool:
    """Tell whether the extra is installed."""
    return find_spec("rapidocr") is not None


def recognise(picture: Any) -> list[str]:
    """Return the lines of a page, (height, width, 3) bytes of blue, green, red, in reading order.

    Raises ModuleNotFoundError without the extra.
    """
    found = _engine()(picture)
    if found.boxes is None or found.txts is None:
        return []
    scores = found.scores or [1.0] * len(found.txts)
    return read_units(
        _units(found.boxes, found.txts, scores), _rules(picture), _FULL * picture.shape[1]
    )


def _rules(picture: Any) -> list[Rule]:
    """Return the level and upright lines of a picture, which are those of tables."""
    dark = picture.max(axis=2) < _DARK
    level = [Rule(start, y, end, y) for y, start, end in _strokes(dark)]
    upright = [Rule(x, start, x, end) for x, start, end in _strokes(dark.T)]
    return level + upright


def _strokes(dark: Any) -> list[tuple[int, int, int]]:
    """Return (row, first, after) of the dark runs of each row that are longer than type is."""
    import numpy as np

    rows, columns = np.nonzero(np.diff(np.pad(dark, ((0, 0), (1, 1))).astype(np.int8), axis=1))
    starts, ends = columns[::2], columns[1::2]
    long = np.flatnonzero(ends - starts >= _STROKE)[:_MOST_STROKES]
    return [(int(rows[2 * i]), int(starts[i]), int(ends[i])) for i in long]


def _units(boxes: Any, texts: Sequence[str], scores: Sequence[float]) -> list[Unit]:
    """Return recognised lines with the size of their type.

    Boxes are a little larger than the type in them, and their heights vary by what is in a line:
    those near the usual one are all of the same type.
    """
    units = [
        _unit(box, " ".join(text.split()))
        for box, text, score in zip(boxes, texts, scores, strict=True)
        if score >= _LEAST_SCORE and text.strip()
    ]
    usual = median(unit.size for unit in units) if units else 0.0
    return [
        replace(unit, size=usual) if abs(unit.size - usual) < _SAME_TYPE * usual else unit
        for unit in units
    ]


def _unit(box: Any, text: str) -> Unit:
    xs, ys = [float(point[0]) for point in box], [float(point[1]) for point in box]
    left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
    margin = _MARGIN * (bottom - top)
    size = (1 - 2 * _MARGIN) * (bottom - top)
    return Unit(text, left + margin, top + margin, right - margin, bottom - margin, size)


@cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.WARNING)
    # One thread: as many files are read at a time as there are cores.
    return RapidOCR(
        params={
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Global.log_level": "warning",
        }
    )
