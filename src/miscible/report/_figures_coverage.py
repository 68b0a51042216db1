"""Which labels exist together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from ._figures_base import WRITTEN, axis, base_figure, cell_height, compact, name_ticks, safe
from ._numbers import count, signed
from ._palette import LIGHT

__all__ = [
    "WIDEST_MATRIX",
    "Pattern",
    "correlation_figure",
    "coverage_figure",
    "label_patterns",
    "overlap_counts",
    "overlap_figure",
]

SLICES = 200
WIDEST_MATRIX = 120
"""Properties up to which a matrix of all pairs is drawn."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Rows that have labels for exactly these properties."""

    present: tuple[bool, ...]
    n_rows: int


def overlap_counts(measured: np.ndarray) -> np.ndarray:
    """``(n_tasks, n_tasks)`` rows with both labels; the diagonal holds the labels of each property."""
    mask = measured.astype(np.int64)
    return mask.T @ mask


def label_patterns(measured: np.ndarray, most: int = 8) -> tuple[tuple[Pattern, ...], int]:
    """The commonest combinations of measured properties, and how many there are in all."""
    patterns, counts = np.unique(measured.astype(bool), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:most]
    return tuple(Pattern(tuple(patterns[i].tolist()), int(counts[i])) for i in order), len(patterns)


def coverage_figure(names: Sequence[str], measured: np.ndarray) -> go.Figure:
    """Rows sorted by what is measured, in at most 200 slices; colour is the share of a slice with the label."""
    order = np.lexsort(measured[:, ::-1].T.astype(int))[::-1]
    slices = np.array_split(measured[order], min(SLICES, max(1, len(measured))))
    shares = np.array([s.mean(axis=0) for s in slices]).T
    edges = np.cumsum([0, *(len(s) for s in slices)])
    middles = ((edges[:-1] + edges[1:]) / 2).tolist()
    figure = base_figure(
        70 + cell_height(len(names)) * len(names),
        xaxis=axis("rows, sorted by what is measured", showgrid=False, range=[0, len(measured)]),
        yaxis=axis(autorange="reversed", showgrid=False, **name_ticks(names)),
    )
    figure.add_heatmap(
        z=(100 * shares).round().astype(int).tolist(),
        x=middles,
        y=list(range(len(names))),
        zmin=0,
        zmax=100,
        showscale=False,
        ygap=2,
        colorscale=[[0, LIGHT["heat-low"]], [1, LIGHT["joint"]]],
        customdata=[[safe(n)] * len(slices) for n in names],
        hovertemplate="%{customdata}: %{z} % of the rows around row %{x:.0f}<extra></extra>",
    )
    return figure


def overlap_figure(names: Sequence[str], measured: np.ndarray) -> go.Figure:
    """Rows with both labels; colour is their share of the rarer property's labels."""
    counts = overlap_counts(measured)
    sizes = counts.diagonal()
    smaller = np.maximum(np.minimum(sizes[:, None], sizes[None, :]), 1)
    shares = counts / smaller
    np.fill_diagonal(shares, np.nan)
    n = len(names)
    written = n <= WRITTEN
    figure = base_figure(
        80 + max(cell_height(n), 44 if written else 0) * n,
        xaxis=axis(showgrid=False, **name_ticks(names)),
        yaxis=axis(autorange="reversed", showgrid=False, **name_ticks(names)),
    )
    figure.add_heatmap(
        z=[[None if np.isnan(v) else round(100 * v, 1) for v in row] for row in shares],
        x=list(range(n)),
        y=list(range(n)),
        zmin=0,
        zmax=100,
        showscale=False,
        xgap=2,
        ygap=2,
        text=[[count(v) for v in row] for row in counts],
        texttemplate="%{text}" if written else None,
        colorscale=[[0, LIGHT["heat-low"]], [1, LIGHT["joint"]]],
        customdata=[[[safe(a), safe(b)] for b in names] for a in names],
        hovertemplate="%{customdata[0]} and %{customdata[1]}: %{text} rows, %{z} % of the rarer<extra></extra>",
    )
    if written:
        figure.update_traces(textfont={"size": 12})
        for i, size in enumerate(sizes.tolist()):
            figure.add_annotation(
                x=i, y=i, text=count(size), showarrow=False, font={"size": 12, "color": LIGHT["muted"]}
            )
    return figure


def correlation_figure(names: Sequence[str], correlations: np.ndarray) -> go.Figure | None:
    """Spearman correlations on shared rows, blue up to +1 and orange down to -1; ``None`` where none is known."""
    values = correlations.astype(float, copy=True)
    np.fill_diagonal(values, np.nan)
    if not np.isfinite(values).any():
        return None
    n = len(names)
    written = n <= WRITTEN
    text = [[signed(v, 2) if np.isfinite(v) else "" for v in row] for row in values]
    figure = base_figure(
        80 + max(cell_height(n), 44 if written else 0) * n,
        xaxis=axis(showgrid=False, range=[-0.5, n - 0.5], **name_ticks(names)),
        yaxis=axis(showgrid=False, range=[n - 0.5, -0.5], **name_ticks(names)),
    )
    figure.add_heatmap(
        z=[compact(row, 3) for row in values],
        x=list(range(n)),
        y=list(range(n)),
        zmin=-1,
        zmax=1,
        showscale=False,
        xgap=2,
        ygap=2,
        text=text,
        texttemplate="%{text}" if written else None,
        textfont={"size": 12},
        hoverongaps=False,
        colorscale=[[0, LIGHT["separate"]], [0.5, LIGHT["heat-low"]], [1, LIGHT["joint"]]],
        customdata=[[[safe(a), safe(b)] for b in names] for a in names],
        hovertemplate="%{customdata[0]} and %{customdata[1]}: %{text}<extra></extra>",
    )
    return figure
