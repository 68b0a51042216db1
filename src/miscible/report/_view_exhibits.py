"""Why sharing helps or hurts: every exhibit with its answer, its evidence and its limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..diagnosis import Cell, Exhibit, Grid, Heatmap, Lines
from ._data import ReportData
from ._figures_base import WRITTEN
from ._figures_coverage import WIDEST_MATRIX
from ._figures_curves import Style
from ._figures_exhibits import heatmap_figure, line_styles, lines_figure, matrix
from ._numbers import DASH, count, number
from ._panels import Panel, panel

__all__ = ["Evidence", "ExhibitView", "GridView", "exhibit_views"]

OPEN = 3
"""Exhibits up to which all are open; more fold away under their answers."""
NARROW = 5
"""Columns up to which two matrices stand side by side."""
TABLED = 30
"""Columns up to which a matrix is repeated as a table."""
SENTENCES = 7
"""Sentences of an answer that are read at once, its first among them."""
SMALLEST = 1e-9
"""What is smaller is a tiny probability or a rounding error, and its digits say nothing."""
LONG_TEXT = 30
"""Characters from which a column of words needs room."""
SHORT = 15
"""Rows up to which a table is open."""


@dataclass(frozen=True, slots=True)
class GridView:
    """A table; ``styles`` says of each column whether it holds numbers, ``n``, or long texts, ``w``."""

    title: str
    note: str
    columns: tuple[str, ...]
    styles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def is_long(self) -> bool:
        """Whether it folds away."""
        return len(self.rows) > SHORT


@dataclass(frozen=True, slots=True)
class Evidence:
    """A figure, the key to its lines and the same as a table, where it has any."""

    panel: Panel
    is_wide: bool
    styles: tuple[Style, ...] = ()
    table: GridView | None = None


@dataclass(frozen=True, slots=True)
class ExhibitView:
    """One exhibit; ``lead`` is the first sentence of its answer, ``more`` the sentences that fold away."""

    key: str
    title: str
    question: str
    lead: str
    answer: tuple[str, ...]
    more: tuple[str, ...]
    limits: tuple[str, ...]
    wide: tuple[Evidence, ...]
    narrow: tuple[Evidence, ...]
    grids: tuple[GridView, ...]
    is_open: bool


def exhibit_views(data: ReportData) -> tuple[ExhibitView, ...]:
    """The exhibits in the order given."""
    is_open = len(data.exhibits) <= OPEN
    return tuple(_view(i, exhibit, is_open) for i, exhibit in enumerate(data.exhibits))


def _view(place: int, exhibit: Exhibit, is_open: bool) -> ExhibitView:
    heatmaps = [
        _of_heatmap(f"why-{place}-map-{i}", heatmap)
        for i, heatmap in enumerate(exhibit.heatmaps)
        if heatmap.rows
        and heatmap.columns
        and max(map(len, (heatmap.rows, heatmap.columns))) <= WIDEST_MATRIX
    ]
    lines = [
        _of_lines(f"why-{place}-lines-{i}", one) for i, one in enumerate(exhibit.lines) if _has_points(one)
    ]
    evidence = (*heatmaps, *lines)
    return ExhibitView(
        exhibit.key,
        exhibit.title,
        exhibit.question,
        exhibit.answer[0] if exhibit.answer else "",
        exhibit.answer[1:SENTENCES],
        exhibit.answer[SENTENCES:],
        exhibit.limits,
        tuple(one for one in evidence if one.is_wide),
        tuple(one for one in evidence if not one.is_wide),
        tuple(_grid(grid) for grid in exhibit.grids if grid.rows),
        is_open,
    )


def _of_heatmap(key: str, heatmap: Heatmap) -> Evidence:
    n = len(heatmap.columns)
    corner = " / ".join(title for title in (heatmap.row_title, heatmap.column_title) if title)
    table = _grid(
        Grid(
            heatmap.title,
            (corner, *heatmap.columns),
            tuple((name, *values) for name, values in zip(heatmap.rows, heatmap.values, strict=True)),
        )
    )
    unit = f"Shown: {heatmap.unit}." if heatmap.unit else ""
    return Evidence(
        panel(
            key,
            heatmap_figure(heatmap),
            title=heatmap.title,
            label=_heatmap_label(heatmap),
            caption=" ".join(text for text in (unit, heatmap.note) if text),
            min_width=150 + (58 if n <= WRITTEN else 20) * n if n > 3 else 0,
        ),
        n > NARROW,
        table=table if n <= TABLED else None,
    )


def _heatmap_label(heatmap: Heatmap) -> str:
    values = matrix(heatmap)
    known = values[np.isfinite(values)]
    spread = f"from {number(known.min())} to {number(known.max())}" if known.size else "none known"
    return f"{heatmap.title}: {len(heatmap.rows)} by {len(heatmap.columns)} values, {spread}."


def _has_points(lines: Lines) -> bool:
    return any(y is not None and np.isfinite(y) for line in lines.series for y in line.y)


def _of_lines(key: str, lines: Lines) -> Evidence:
    styles = line_styles(lines.series)
    return Evidence(
        panel(
            key,
            lines_figure(lines, styles),
            title=lines.title,
            label=_lines_label(lines),
            caption=lines.note,
        ),
        False,
        styles=styles,
    )


def _lines_label(lines: Lines) -> str:
    said = []
    for line in lines.series:
        known = [(x, y) for x, y in zip(line.x, line.y, strict=True) if y is not None and np.isfinite(y)]
        if known:
            (x0, y0), (x1, y1) = known[0], known[-1]
            said.append(f"{line.name}: {number(y0)} at {number(x0)}, {number(y1)} at {number(x1)}")
    return f"{lines.title}; {lines.y_title} over {lines.x_title}. {'; '.join(said)}."


def _grid(grid: Grid) -> GridView:
    styles = tuple(_style(place, [row[place] for row in grid.rows]) for place in range(len(grid.columns)))
    rows = tuple(tuple(_text(cell) for cell in row) for row in grid.rows)
    return GridView(grid.title, grid.note, grid.columns, styles, rows)


def _style(place: int, cells: Sequence[Cell]) -> str:
    texts = [cell for cell in cells if isinstance(cell, str)]
    if place and not texts:
        return "n"
    return "w" if any(len(text) > LONG_TEXT for text in texts) else ""


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    if cell is None:
        return DASH
    if 0.0 < abs(cell) < SMALLEST:
        return "<10⁻⁹" if cell > 0 else ">−10⁻⁹"
    return count(cell) if isinstance(cell, int) or 1000 <= abs(cell) < 1e7 else number(cell)
