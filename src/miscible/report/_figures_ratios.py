"""Ratios between properties: a matrix with those that count for each other side by side, and label correlation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform

from ._data_ratios import RatioMatrix
from ._figures_base import LABELLED, WRITTEN, axis, base_figure, compact, name_ticks, shorten, spread
from ._numbers import count, number
from ._palette import LIGHT, rgba

__all__ = [
    "clustered",
    "correlation_points",
    "matrix_width",
    "ratio_extent",
    "ratio_figure",
    "scatter_figure",
]

LONGEST_NAME = 18
MOST_POINTS = 1500
ORDERED = 300
"""Properties up to which neighbours in the tree are turned towards each other."""
CELL = {"written": (62, 40), "named": (19, 18), "small": (12, 12)}
"""Width and height of a cell in pixels; every row and column keeps its name."""


def clustered(ratios: np.ndarray) -> np.ndarray:
    """Order of the properties along both axes: average linkage of the mean of both directions.

    Parameters
    ----------
    ratios
        ``(n_tasks, n_tasks)``, NaN where there is none. Two properties without a ratio either way stand as far apart as
        with a ratio of 0.

    Returns
    -------
    ndarray
        ``(n_tasks,)`` positions.
    """
    n = len(ratios)
    if n < 3:
        return np.arange(n)
    both = np.stack([ratios, ratios.T])
    there = np.isfinite(both)
    mean = np.where(there, both, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    distance = 1.0 / (1.0 + np.maximum(mean, 0.0))
    np.fill_diagonal(distance, 0.0)
    pairs = squareform(distance, checks=False)
    tree = linkage(pairs, "average")
    return leaves_list(optimal_leaf_ordering(tree, pairs) if n <= ORDERED else tree)


def ratio_extent(mean: np.ndarray) -> float:
    """Distance from 1 at full colour: at most 1, so that a few large ratios do not make the others pale."""
    away = np.abs(mean[np.isfinite(mean)] - 1.0)
    if not away.size or away.max() == 0:
        return 1.0
    usual = 4 * float(np.quantile(away, 0.75))
    return min(float(away.max()), usual or 1.0, 1.0)


def matrix_width(n_columns: int) -> int:
    """Pixels below which the columns could not be told apart."""
    return 190 + _cell(n_columns)[0] * n_columns if n_columns > 3 else 0


def ratio_figure(matrix: RatioMatrix, rows: np.ndarray, columns: np.ndarray) -> go.Figure:
    """Mean ratios, blue above 1 and orange below; what is no source is blank.

    Parameters
    ----------
    rows, columns
        Positions of the targets and of the sources, in the order in which they are shown.
    """
    mean = matrix.mean[np.ix_(rows, columns)]
    written = len(columns) <= WRITTEN
    extent = ratio_extent(mean)
    names = [
        f"{shorten(name, LONGEST_NAME)} · {count(n)}"
        for name, n in zip(matrix.names, matrix.labels, strict=True)
    ]
    figure = base_figure(
        150 + _cell(len(columns))[1] * len(rows),
        xaxis=axis(
            "counts as a source",
            showgrid=False,
            range=[-0.5, len(columns) - 0.5],
            tickangle=-35 if written else -90,
            **_ticks([names[c] for c in columns.tolist()]),
        ),
        yaxis=axis(
            "", showgrid=False, range=[len(rows) - 0.5, -0.5], **_ticks([names[r] for r in rows.tolist()])
        ),
    )
    text = (
        [
            [_cell_text(m, s) for m, s in zip(*pair, strict=True)]
            for pair in zip(mean.tolist(), matrix.spread[np.ix_(rows, columns)].tolist(), strict=True)
        ]
        if written
        else None
    )
    gap = 2 if len(columns) <= LABELLED else 1
    figure.add_heatmap(
        z=[compact(row, 3) for row in mean],
        x=list(range(len(columns))),
        y=list(range(len(rows))),
        zmin=1.0 - extent,
        zmax=1.0 + extent,
        showscale=False,
        xgap=gap,
        ygap=gap,
        text=text,
        texttemplate="%{text}" if written else None,
        textfont={"size": 11},
        hoverongaps=False,
        colorscale=[[0, LIGHT["separate"]], [0.5, LIGHT["heat-low"]], [1, LIGHT["joint"]]],
        hovertemplate="%{x} counts %{z} for %{y}<extra></extra>",
    )
    return figure


def correlation_points(matrix: RatioMatrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs with a ratio and a known label correlation.

    Returns
    -------
    pairs, correlation, ratio
        ``(n_pairs, 2)`` target and source, and ``(n_pairs,)`` each.
    """
    pairs = np.argwhere(np.isfinite(matrix.mean) & np.isfinite(matrix.correlation))
    at = pairs[:, 0], pairs[:, 1]
    return pairs, matrix.correlation[at], matrix.mean[at]


def scatter_figure(matrix: RatioMatrix) -> go.Figure:
    """Mean ratio over the correlation of the labels, one point a pair, thinned along the ratio."""
    pairs, correlation, ratio = correlation_points(matrix)
    keep = spread(ratio, MOST_POINTS)
    figure = base_figure(
        320,
        xaxis=axis("correlation of the labels (Pearson)", range=[-1.05, 1.05], dtick=0.5),
        yaxis=axis("ratio", rangemode="tozero", nticks=6),
    )
    figure.add_scatter(
        x=[-1.05, 1.05],
        y=[1.0, 1.0],
        mode="lines",
        hoverinfo="skip",
        line={"color": LIGHT["muted"], "width": 1, "dash": "dot"},
    )
    figure.add_scatter(
        x=compact(correlation[keep], 3),
        y=compact(ratio[keep], 3),
        mode="markers",
        text=[f"{shorten(matrix.names[s])} for {shorten(matrix.names[t])}" for t, s in pairs[keep].tolist()],
        marker={"size": 6, "color": rgba(LIGHT["joint"], 0.38), "line": {"width": 0}},
        hovertemplate="%{text}: ratio %{y}, correlation %{x}<extra></extra>",
    )
    return figure


def _cell(n_columns: int) -> tuple[int, int]:
    return CELL["written" if n_columns <= WRITTEN else "named" if n_columns <= LABELLED else "small"]


def _ticks(names: Sequence[str]) -> dict[str, Any]:
    """Every name, in small letters where there are many; they are safe already."""
    size = 11 if len(names) <= LABELLED else 9
    return {
        **name_ticks(names),
        "ticktext": list(names),
        "showticklabels": True,
        "tickfont": {"size": size, "color": LIGHT["muted"]},
    }


def _cell_text(mean: float, deviation: float) -> str:
    if np.isnan(mean):
        return ""
    return number(mean, 2) if np.isnan(deviation) else f"{mean:.2f} ± {deviation:.2f}"
