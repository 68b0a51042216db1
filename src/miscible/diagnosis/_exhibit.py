"""What a diagnosis shows, as plain values: the command line prints it, the report draws it, JSON keeps it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Cell", "Exhibit", "Grid", "Heatmap", "Lines", "Series", "exhibit_from_json", "exhibit_to_json"]

Cell = str | int | float | None


@dataclass(frozen=True)
class Grid:
    """A small table; numbers as numbers, ``None`` where there is nothing to say.

    Parameters
    ----------
    title, note
        Heading and a sentence below; the note may be empty.
    columns
        Headings with their units.
    rows
        One cell a column.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Heatmap:
    """A matrix of numbers.

    Parameters
    ----------
    title, note, unit
        Heading, a sentence below, and what the values are.
    rows, columns
        Names; ``row_title`` and ``column_title`` say what they are.
    values
        One tuple a row; ``None`` where unknown.
    centre
        Value of the neutral colour of a scale with two ends; ``None`` for a scale with one.
    low_is_good
        Whether values below the centre speak for learning together, as falling errors do.
    """

    title: str
    unit: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    row_title: str = ""
    column_title: str = ""
    centre: float | None = 0.0
    note: str = ""
    low_is_good: bool = False


@dataclass(frozen=True)
class Series:
    """A line, with a band around it where ``low`` and ``high`` are given; all of one length."""

    name: str
    x: tuple[float, ...]
    y: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Lines:
    """Lines over one pair of axes; titles of axes hold their units."""

    title: str
    x_title: str
    y_title: str
    series: tuple[Series, ...]
    log_x: bool = False
    note: str = ""


@dataclass(frozen=True)
class Exhibit:
    """One diagnosis, ready to be shown.

    Parameters
    ----------
    key
        Short name, as given to ``miscible diagnose --parts``.
    title, question
        Heading, and what is asked, in a user's words.
    answer
        Sentences, the most important first: what was found on this table, with numbers.
    limits
        Sentences: what this cannot show here, and why.
    grids, heatmaps, lines
        The evidence.
    """

    key: str
    title: str
    question: str
    answer: tuple[str, ...]
    limits: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    heatmaps: tuple[Heatmap, ...] = ()
    lines: tuple[Lines, ...] = ()


def exhibit_to_json(exhibit: Exhibit) -> dict[str, Any]:
    """Plain values; numbers that are not finite become null."""
    return _plain(asdict(exhibit))


def exhibit_from_json(content: Mapping[str, Any]) -> Exhibit:
    """Inverse of `exhibit_to_json`.

    Raises
    ------
    KeyError, TypeError
        The content is not what `exhibit_to_json` wrote.
    """
    whole = _tuples(content)
    return Exhibit(
        **{
            **whole,
            "grids": tuple(Grid(**grid) for grid in whole["grids"]),
            "heatmaps": tuple(Heatmap(**heatmap) for heatmap in whole["heatmaps"]),
            "lines": tuple(
                Lines(**{**lines, "series": tuple(Series(**line) for line in lines["series"])})
                for lines in whole["lines"]
            ),
        }
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _tuples(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
