"""Evidence of the diagnoses: matrices with two ends of colour, and lines with bands."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ..diagnosis import Heatmap, Lines, Series
from ._figures_base import WRITTEN, axis, base_figure, cell_height, compact, name_ticks, safe, shorten
from ._figures_curves import Style, curve_styles
from ._numbers import count, number
from ._palette import LIGHT, rgba

__all__ = ["cell_text", "heatmap_figure", "line_styles", "lines_figure", "matrix"]

LONGEST_NAME = 18
CHARACTER, NARROWEST = 6.5, 270
"""Pixels of a letter, and of all columns where two figures stand side by side."""
MARKED = 15
"""Points up to which each of them carries a mark."""
NAMED_TICKS = 7
SHADES = 5
TOGETHER = ("together", "joint", "shared")
APART = ("apart", "alone", "separate", "independent")


def matrix(heatmap: Heatmap) -> np.ndarray:
    """``(n_rows, n_columns)`` of the values, NaN where unknown."""
    values = np.array([[np.nan if v is None else v for v in row] for row in heatmap.values], dtype=float)
    return values.reshape(len(heatmap.rows), len(heatmap.columns))


def cell_text(value: float) -> str:
    """Two significant digits, three of numbers from ten; nothing where unknown."""
    return "" if np.isnan(value) else number(value, 2 if abs(value) < 9.95 else 3)


def heatmap_figure(heatmap: Heatmap) -> go.Figure:
    """Values in coloured cells; with a centre, blue on the side that speaks for learning together, else orange."""
    values = matrix(heatmap)
    n_rows, n_columns = values.shape
    written = n_columns <= WRITTEN
    low, high, colours = _scale(values, heatmap.centre, heatmap.low_is_good)
    figure = base_figure(
        70 + 24 * bool(heatmap.column_title) + max(cell_height(n_rows), 38 if written else 0) * n_rows,
        xaxis=axis(
            safe(heatmap.column_title),
            showgrid=False,
            range=[-0.5, n_columns - 0.5],
            tickangle=_angle(heatmap.columns),
            **_ticks(heatmap.columns),
        ),
        yaxis=axis(
            safe(heatmap.row_title), showgrid=False, range=[n_rows - 0.5, -0.5], **_ticks(heatmap.rows)
        ),
    )
    unit = f" {safe(heatmap.unit)}" if heatmap.unit else ""
    figure.add_heatmap(
        z=[compact(row) for row in values],
        x=list(range(n_columns)),
        y=list(range(n_rows)),
        zmin=low,
        zmax=high,
        showscale=False,
        xgap=2,
        ygap=2,
        text=[[cell_text(v) for v in row] for row in values.tolist()],
        texttemplate="%{text}" if written else None,
        textfont={"size": 12},
        hoverongaps=False,
        colorscale=colours,
        customdata=[[[safe(row), safe(column)] for column in heatmap.columns] for row in heatmap.rows],
        hovertemplate=f"%{{customdata[0]}}, %{{customdata[1]}}: %{{text}}{unit}<extra></extra>",
    )
    return figure


def line_styles(series: Sequence[Series]) -> tuple[Style, ...]:
    """A colour and a mark for every line; what is learned together is blue, what is learned apart orange."""
    cycle = [("joint", "separate", "baseline")[place % 3] for place in range(len(series))]
    sides = [_side(line.name.casefold()) or side for line, side in zip(series, cycle, strict=True)]
    if max(map(sides.count, sides), default=0) > SHADES:
        sides = cycle
    named = {line.name: side for line, side in zip(series, sides, strict=True)}
    return curve_styles([line.name for line in series], named)


def _side(name: str) -> str:
    if any(word in name for word in APART):
        return "separate"
    return "joint" if any(word in name for word in TOGETHER) else ""


def lines_figure(lines: Lines, styles: Sequence[Style]) -> go.Figure:
    """Every line with its band behind it."""
    figure = base_figure(
        290,
        xaxis=axis(safe(lines.x_title), **_x_axis(lines)),
        yaxis=axis(safe(lines.y_title), nticks=6, zeroline=True, zerolinecolor=LIGHT["soft"]),
    )
    for line, style in zip(lines.series, styles, strict=True):
        _add_band(figure, line, style)
    for line, style in zip(lines.series, styles, strict=True):
        _add_line(figure, line, style)
    return figure


def _scale(
    values: np.ndarray, centre: float | None, low_is_good: bool
) -> tuple[float, float, list[list[Any]]]:
    """Ends of the colours, and the colours; single values far out do not make the others pale."""
    known = values[np.isfinite(values)]
    if centre is None:
        low = float(min(0.0, known.min(initial=0.0)))
        return low, low + _extent(known - low), [[0, LIGHT["heat-low"]], [1, LIGHT["joint"]]]
    extent = _extent(known - centre)
    ends = ("joint", "separate") if low_is_good else ("separate", "joint")
    colours = [[0, LIGHT[ends[0]]], [0.5, LIGHT["heat-low"]], [1, LIGHT[ends[1]]]]
    return centre - extent, centre + extent, colours


def _extent(deviations: np.ndarray) -> float:
    sizes = np.abs(deviations)
    largest = float(sizes.max(initial=0.0))
    usual = float(np.quantile(sizes, 0.75)) if sizes.size else 0.0
    return min(largest, 4 * usual) or largest or 1.0


def _ticks(names: Sequence[str]) -> Mapping[str, Any]:
    return {**name_ticks(names), "ticktext": [shorten(name, LONGEST_NAME) for name in names]}


def _angle(names: Sequence[str]) -> int:
    """Names that are too long for their columns rise to them from the left, where there is room."""
    longest = min(LONGEST_NAME, max(map(len, names), default=0))
    return -35 if longest * CHARACTER > NARROWEST / max(len(names), 1) else 0


def _x_axis(lines: Lines) -> dict[str, Any]:
    """Logarithmic axes of few places name those places, others round numbers."""
    if not lines.log_x:
        return {"nticks": 8}
    places = sorted({x for line in lines.series for x in line.x if x > 0})
    if not places:
        return {"nticks": 8}
    ticks = places if len(places) <= NAMED_TICKS else _round_places(places[0], places[-1])
    texts = [count(x) if x >= 10 else number(x) for x in ticks]
    return {"type": "log", "tickmode": "array", "tickvals": ticks, "ticktext": texts}


def _round_places(low: float, high: float) -> list[float]:
    """1, 2 and 5 of every power of ten in between; the powers alone where those are many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [m * 10.0**power for power in powers for m in (1, 2, 5)]
    inside = [tick for tick in ticks if low <= tick <= high]
    return inside if len(inside) <= NAMED_TICKS else [10.0**power for power in powers]


def _values(points: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if point is None else point for point in points], dtype=float)


def _add_band(figure: go.Figure, line: Series, style: Style) -> None:
    low, high = _values(line.low), _values(line.high)
    if not (len(low) == len(high) == len(line.x)):
        return
    keep = np.isfinite(low) & np.isfinite(high)
    if not keep.any():
        return
    x, low, high = compact(_values(line.x)[keep]), compact(low[keep]), compact(high[keep])
    if len(x) == 1:
        figure.add_scatter(
            x=x * 2, y=[*low, *high], mode="lines", hoverinfo="skip",
            line={"color": rgba(style.colour, 0.4), "width": 4},
        )  # fmt: skip
        return
    figure.add_scatter(
        x=x + x[::-1],
        y=high + low[::-1],
        mode="lines",
        fill="toself",
        line={"width": 0},
        fillcolor=rgba(style.colour, 0.14),
        hoverinfo="skip",
    )


def _add_line(figure: go.Figure, line: Series, style: Style) -> None:
    y = _values(line.y)
    known = np.flatnonzero(np.isfinite(y))
    if not known.size:
        return
    hover = f"{safe(line.name)}: %{{y:.3g}} at %{{x}}<extra></extra>"
    figure.add_scatter(
        x=compact(_values(line.x), 6),
        y=compact(y),
        mode="lines+markers" if known.size <= MARKED else "lines",
        line={"color": style.colour, "width": 2},
        marker={"symbol": style.symbol, "size": 8, "color": style.colour},
        connectgaps=False,
        hovertemplate=hover,
    )
    if known.size > MARKED:
        last = int(known[-1])
        figure.add_scatter(
            x=[line.x[last]], y=compact(y[last : last + 1]), mode="markers", hoverinfo="skip",
            marker={"symbol": style.symbol, "size": 9, "color": style.colour},
        )  # fmt: skip
