"""What a rule that weighs the tasks' gradients did over the epochs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ._data import Band, RuleStory
from ._figures_base import axis, base_figure, cell_height, compact, name_ticks, safe
from ._figures_curves import Style
from ._palette import LIGHT, rgba

__all__ = ["MOST_LINES", "rule_figure"]

MOST_LINES = 5
"""Properties up to which weights are lines; more are rows of a heat map."""
MOST_EPOCHS, MOST_COLUMNS = 100, 50
STRIP = 110
SHARES = {
    "acted": ("rule acted", LIGHT["ink"], "solid"),
    "conflicts": ("in conflict", LIGHT["problem"], "dot"),
}


def rule_figure(story: RuleStory, styles: Mapping[str, Style]) -> go.Figure:
    """Weights over epochs above; below, how often the rule acted and how many pairs were in conflict."""
    n = len(story.names)
    lines = n <= MOST_LINES
    upper = 210 if lines else 30 + cell_height(n) * n
    height = upper + STRIP + 60
    split = (STRIP + 8) / (height - 60)
    figure = base_figure(
        height,
        xaxis=axis("epoch", anchor="y2"),
        yaxis=axis(domain=[split, 1.0], **_weight_axis(story) if lines else _row_axis(story)),
        yaxis2=axis(
            domain=[0.0, split - 30 / (height - 60)],
            range=[-4, 104],
            tickmode="array",
            tickvals=[0, 50, 100],
            ticktext=["0 %", "50 %", "100 %"],
            fixedrange=True,
        ),
    )
    keep = _thinned(len(story.epochs), MOST_EPOCHS)
    if lines:
        for name, band in zip(story.names, story.weights, strict=True):
            _add_band(figure, story, keep, band, styles[name])
    else:
        _add_rows(figure, story)
    for key in SHARES:
        band = getattr(story, key)
        if band is not None:
            _add_share(figure, story, keep, key, band)
    return figure


def _thinned(n: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int))


def _weight_axis(story: RuleStory) -> dict[str, Any]:
    """Logarithmic where some weights are more than thirty times the others."""
    values = np.abs(np.concatenate([band.mean for band in story.weights]))
    values = values[np.isfinite(values) & (values > 0)]
    everything_positive = all(np.nanmin(band.lower) > 0 for band in story.weights)
    wide = values.size > 0 and everything_positive and values.max() > 30 * values.min()
    scale: dict[str, Any] = {"type": "log"} if wide else {"rangemode": "tozero", "nticks": 5}
    return {"title": "weight", **scale}


def _row_axis(story: RuleStory) -> dict[str, Any]:
    return {"autorange": "reversed", "showgrid": False, **name_ticks(story.names)}


def _add_band(figure: go.Figure, story: RuleStory, keep: np.ndarray, band: Band, style: Style) -> None:
    epochs = compact(story.epochs[keep])
    upper, lower, mean = (compact(values[keep]) for values in (band.upper, band.lower, band.mean))
    figure.add_scatter(
        x=epochs + epochs[::-1],
        y=upper + lower[::-1],
        mode="lines",
        fill="toself",
        line={"width": 0},
        fillcolor=rgba(style.colour, 0.14),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=epochs,
        y=mean,
        mode="lines",
        line={"color": style.colour, "width": 2},
        hovertemplate=f"{safe(style.strategy)}: weight %{{y:.3g}} at epoch %{{x}}<extra></extra>",
    )
    figure.add_scatter(
        x=epochs[-1:],
        y=mean[-1:],
        mode="markers",
        marker={"size": 9, "color": style.colour, "symbol": style.symbol},
        hoverinfo="skip",
        cliponaxis=False,
    )


def _add_rows(figure: go.Figure, story: RuleStory) -> None:
    """Each weight over the mean of all at its epoch, on a scale of doublings."""
    keep = _thinned(len(story.epochs), MOST_COLUMNS)
    mean, lower, upper = (
        np.array([getattr(band, part)[keep] for band in story.weights]) for part in ("mean", "lower", "upper")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        doublings = np.log2(mean / np.nanmean(mean, axis=0))
    figure.add_heatmap(
        z=[compact(row, 3) for row in np.clip(doublings, -2, 2)],
        x=compact(story.epochs[keep]),
        y=list(range(len(story.names))),
        zmin=-2,
        zmax=2,
        showscale=False,
        ygap=1,
        hoverongaps=False,
        colorscale=[[0, LIGHT["separate"]], [0.5, LIGHT["heat-low"]], [1, LIGHT["joint"]]],
        text=[
            [
                f"{safe(name)}: weight {m:.3g}, quartiles {a:.3g} to {b:.3g}"
                for m, a, b in zip(*parts, strict=True)
            ]
            for name, *parts in zip(story.names, mean, lower, upper, strict=True)
        ],
        hovertemplate="%{text} at epoch %{x}<extra></extra>",
    )


def _add_share(figure: go.Figure, story: RuleStory, keep: np.ndarray, key: str, band: Band) -> None:
    word, colour, dash = SHARES[key]
    what = "of the steps" if key == "acted" else "of the pairs"
    figure.add_scatter(
        x=compact(story.epochs[keep]),
        y=compact(100 * band.mean[keep], 3),
        yaxis="y2",
        mode="lines",
        line={"color": colour, "width": 2, "dash": dash},
        hovertemplate=f"{word}: %{{y:.3g}} % {what} at epoch %{{x}}<extra></extra>",
    )
