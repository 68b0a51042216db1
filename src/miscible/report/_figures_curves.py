"""Losses over epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from ._data import Curve
from ._figures_base import axis, base_figure, compact, safe
from ._palette import rgba, shades

__all__ = ["Style", "curve_figure", "curve_styles"]

MOST_EPOCHS = 100
MARKS = (("circle", "●"), ("square", "■"), ("diamond", "◆"), ("triangle-up", "▲"), ("cross", "✚"))


@dataclass(frozen=True, slots=True)
class Style:
    """How one strategy is drawn: a CSS variable, its colour, and a mark with the same meaning."""

    strategy: str
    variable: str
    colour: str
    symbol: str
    glyph: str


def curve_styles(strategies: Sequence[str], sides: Mapping[str, str]) -> tuple[Style, ...]:
    """A colour of its side and a mark for every strategy, the same in all panels."""
    styles = []
    used: dict[str, int] = {}
    for i, strategy in enumerate(strategies):
        side = sides.get(strategy, "baseline")
        shade = used.get(side, 0) % len(shades(side))
        used[side] = used.get(side, 0) + 1
        symbol, glyph = MARKS[i % len(MARKS)]
        styles.append(Style(strategy, f"--{side}-{shade}", shades(side)[shade], symbol, glyph))
    return tuple(styles)


def curve_figure(curves: Sequence[Curve], styles: Sequence[Style]) -> go.Figure | None:
    """One property: validation loss solid with its quartiles shaded, training loss dotted."""
    drawn = [c for c in curves if np.isfinite(c.valid.mean).any()]
    if not drawn:
        return None
    named = {s.strategy: s for s in styles}
    figure = base_figure(260, xaxis=axis("epoch"), yaxis=axis("loss", nticks=6, rangemode="tozero"))
    for curve in drawn:
        _add_curve(figure, curve, named[curve.strategy])
    return figure


def _add_curve(figure: go.Figure, curve: Curve, style: Style) -> None:
    keep = np.unique(np.linspace(0, len(curve.epochs) - 1, MOST_EPOCHS).round().astype(int))
    epochs, name = compact(curve.epochs[keep]), safe(curve.strategy)
    upper, lower = compact(curve.valid.upper[keep]), compact(curve.valid.lower[keep])
    mean = compact(curve.valid.mean[keep])
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
        y=compact(curve.train.mean[keep]),
        mode="lines",
        line={"color": style.colour, "width": 1.5, "dash": "dot"},
        hovertemplate=f"{name}, training: %{{y:.3g}} at epoch %{{x}}<extra></extra>",
    )
    figure.add_scatter(
        x=epochs,
        y=mean,
        mode="lines",
        line={"color": style.colour, "width": 2},
        hovertemplate=f"{name}, validation: %{{y:.3g}} at epoch %{{x}}<extra></extra>",
    )
    last = max(i for i, value in enumerate(mean) if value is not None)
    figure.add_scatter(
        x=[epochs[last]],
        y=[mean[last]],
        mode="markers",
        hoverinfo="skip",
        marker={"symbol": style.symbol, "size": 9, "color": style.colour},
    )
