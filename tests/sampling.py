"""Grids of cases that prove the same of many inputs: some in every run, all with make test-all."""

from collections.abc import Iterable
from typing import Any

import pytest


def one_in(step: int, cases: Iterable[Any]) -> list[Any]:
    """Mark all but each `step`-th case, the first included, as `exhaustive`.

    A case is a value, a tuple of values, or a `pytest.param`.
    """
    return [_rare(case) if i % step else case for i, case in enumerate(cases)]


def _rare(case: Any) -> Any:
    given = case if isinstance(case, _PARAM) else pytest.param(*_values(case))
    return given._replace(marks=[*given.marks, pytest.mark.exhaustive])


def _values(case: Any) -> tuple[Any, ...]:
    return case if isinstance(case, tuple) else (case,)


_PARAM = type(pytest.param())
