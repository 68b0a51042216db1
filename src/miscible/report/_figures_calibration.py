"""Whether stated probabilities and intervals keep their word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ._data import Intervals, Reliability
from ._figures_base import axis, base_figure, compact, safe
from ._palette import LIGHT, rgba

__all__ = ["coverage_check_figure", "reliability_figure"]

TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1]


def _square(x_title: str, y_title: str, **layout: Any) -> go.Figure:
    share = {
        "range": [-0.03, 1.03],
        "tickmode": "array",
        "tickvals": TICKS,
        "ticktext": [f"{100 * t:.0f} %" for t in TICKS],
    }
    figure = base_figure(360, xaxis=axis(x_title, **share), yaxis=axis(y_title, **share), **layout)
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": LIGHT["muted"], "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    return figure


def reliability_figure(reliability: Reliability) -> go.Figure:
    """Observed frequency against stated probability; point area grows with the labels in the bin."""
    figure = _square("stated probability", "observed frequency", showlegend=True)
    if reliability.stated_before is not None and reliability.observed_before is not None:
        figure.add_scatter(
            x=compact(reliability.stated_before, 3),
            y=compact(reliability.observed_before, 3),
            mode="lines+markers",
            name="before calibration",
            line={"color": LIGHT["neutral"], "dash": "dot", "width": 1.5},
            marker={"size": 6, "symbol": "circle-open"},
            hovertemplate="before: stated %{x:.0%}, observed %{y:.0%}<extra></extra>",
        )
    counts = np.asarray(reliability.count, float)
    sizes = 6 + 14 * np.sqrt(counts / max(counts.max(initial=1.0), 1.0))
    figure.add_scatter(
        x=compact(reliability.stated, 3),
        y=compact(reliability.observed, 3),
        mode="lines+markers",
        name="as deployed",
        line={"color": LIGHT["joint"], "width": 2},
        marker={"size": compact(sizes, 3), "color": rgba(LIGHT["joint"], 0.65)},
        customdata=compact(counts, 9),
        hovertemplate="stated %{x:.0%}, observed %{y:.0%}, %{customdata} labels<extra></extra>",
    )
    return figure


def coverage_check_figure(intervals: Sequence[Intervals]) -> go.Figure:
    """Measured against promised coverage of the prediction intervals, one line a property."""
    figure = _square("promised coverage", "measured coverage")
    for one in intervals:
        figure.add_scatter(
            x=compact(one.nominal, 3),
            y=compact(one.measured, 3),
            mode="lines+markers",
            line={"color": rgba(LIGHT["joint"], 0.55), "width": 1.5},
            marker={"size": 7, "color": rgba(LIGHT["joint"], 0.55)},
            hovertemplate=f"{safe(one.name)}: promised %{{x:.0%}}, measured %{{y:.1%}}<extra></extra>",
        )
    return figure
