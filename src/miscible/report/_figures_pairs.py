"""Matrices of what one property has from another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ._data import Grouping, Influence
from ._figures_base import WRITTEN, axis, base_figure, cell_height, compact, name_ticks, safe
from ._palette import LIGHT

__all__ = ["grouping_figure", "influence_figure"]


def influence_figure(influence: Influence) -> go.Figure:
    """Share that each row's property takes from each column's, with its spread over networks."""
    mean, spread = 100 * influence.mean, 100 * influence.spread
    text = [
        ["" if np.isnan(m) else f"{m:.3g} ± {s:.2g}" for m, s in zip(*rows, strict=True)]
        for rows in zip(mean, spread, strict=True)
    ]
    top = max(1.0, float(np.nanmax(mean, initial=0.0)))
    hover = "%{customdata[0]} takes %{z} % from %{customdata[1]}<extra></extra>"
    return _matrix(influence.names, mean, text, top, ("comes from", ""), hover)


def grouping_figure(grouping: Grouping) -> go.Figure:
    """Share of the folds in which the row's property was answered by a network that also learned the column's."""
    shares = 100 * grouping.together
    text = [["" if np.isnan(v) else f"{v:.0f} %" for v in row] for row in shares]
    hover = "%{customdata[0]} learned with %{customdata[1]} in %{z} % of the folds<extra></extra>"
    return _matrix(grouping.names, shares, text, 100.0, ("learned with", ""), hover)


def _matrix(
    names: Sequence[str],
    values: np.ndarray,
    text: list[list[str]],
    top: float,
    titles: tuple[str, str],
    hover: str,
) -> go.Figure:
    n = len(names)
    written = n <= WRITTEN
    figure = base_figure(
        90 + max(cell_height(n), 40 if written else 0) * n,
        xaxis=axis(titles[0], showgrid=False, range=[-0.5, n - 0.5], **name_ticks(names)),
        yaxis=axis(titles[1], showgrid=False, range=[n - 0.5, -0.5], **name_ticks(names)),
    )
    figure.add_heatmap(
        z=[compact(row, 3) for row in values],
        x=list(range(n)),
        y=list(range(n)),
        zmin=0,
        zmax=top,
        showscale=False,
        xgap=2,
        ygap=2,
        text=text if written else None,
        texttemplate="%{text}" if written else None,
        textfont={"size": 11},
        hoverongaps=False,
        colorscale=[[0, LIGHT["heat-low"]], [1, LIGHT["joint"]]],
        customdata=[[[safe(a), safe(b)] for b in names] for a in names],
        hovertemplate=hover,
    )
    return figure
