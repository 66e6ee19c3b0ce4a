"""A line of the table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, on what, the figure, and what it should reach ("" if nothing is set)."""

    what: str
    on: str
    figure: str
    bar: str = ""


def absent(what: str, path: object) -> Row:
    """Return the line for a measurement whose data are not here."""
    return Row(what, "", f"not measured: no {path}")
