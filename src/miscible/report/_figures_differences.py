"""Paired differences of all properties on one relative axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ..advice import Call, Comparison, PropertyVerdict
from ._figures_base import axis, base_figure, compact, safe, shorten
from ._numbers import signed
from ._palette import LIGHT, rgba

__all__ = ["CALL_COLOURS", "difference_figure", "is_stretched", "surest"]

CALL_COLOURS = {
    Call.MIX: LIGHT["joint"],
    Call.SEPARATE: LIGHT["separate"],
    Call.EITHER: LIGHT["either"],
    Call.UNDECIDED: LIGHT["neutral"],
}
ROW = 58
MOST_ROWS = 60
LINEAR = 5.0
TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)


def difference_figure(verdicts: Sequence[PropertyVerdict]) -> go.Figure | None:
    """Fold differences, mean, 95 % interval and region of practical equivalence, in % of the baseline's error.

    Where the properties' ranges differ widely the axis is an inverse hyperbolic sine: straight inside
    +-5 %, logarithmic outside. ``None`` without any comparison.
    """
    rows = [(v, v.sharing) for v in verdicts if v.sharing is not None and v.sharing.baseline_error > 0]
    if not rows:
        return None
    stretched = is_stretched(verdicts)
    reach = max(LINEAR, *(float(np.abs(_relative(c)).max()) for _, c in rows))
    top, bottom = 0.75, -len(rows) + 0.6
    limit = float(_position(reach, stretched)) * 1.06
    figure = base_figure(
        96 + ROW * len(rows),
        xaxis=axis(
            "difference in error, % of the baseline's", range=[-limit, limit], **_ticks(reach, stretched)
        ),
        yaxis=axis(range=[bottom, top], visible=False, fixedrange=True),
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
    )
    for i, (verdict, comparison) in enumerate(rows):
        _add_row(figure, -i, verdict, comparison, stretched)
    figure.add_shape(type="line", x0=0, x1=0, y0=bottom, y1=top, line={"color": LIGHT["muted"], "width": 1})
    for x, text, anchor in (
        (0, "← together better", "right"),
        (0, "apart better →", "left"),
    ):
        figure.add_annotation(
            x=x,
            y=1,
            yref="paper",
            yanchor="bottom",
            xanchor=anchor,
            text=text,
            showarrow=False,
            xshift=-10 if anchor == "right" else 10,
            font={"size": 12, "color": LIGHT["muted"]},
        )
    return figure


def surest(verdicts: Sequence[PropertyVerdict]) -> tuple[PropertyVerdict, ...]:
    """Those that fit into one figure, in table order; the likeliest answers where there are too many."""
    compared = [v for v in verdicts if v.sharing is not None]
    if len(compared) <= MOST_ROWS:
        return tuple(compared)
    certainty = [
        max(v.sharing.p_better, v.sharing.p_equivalent, v.sharing.p_worse) for v in compared if v.sharing
    ]
    keep = np.sort(np.argsort(-np.array(certainty), kind="stable")[:MOST_ROWS])
    return tuple(compared[i] for i in keep.tolist())


def is_stretched(verdicts: Sequence[PropertyVerdict]) -> bool:
    """Whether one property's differences would squeeze the others on a straight axis."""
    extents = [
        np.abs(_relative(v.sharing)).max()
        for v in verdicts
        if v.sharing is not None and v.sharing.baseline_error > 0
    ]
    return bool(extents) and max(extents) > 40 and max(extents) > 3 * float(np.median(extents))


def _relative(comparison: Comparison) -> np.ndarray:
    """Mean, interval ends and fold differences in % of the baseline's error, finite ones only."""
    folds = [d for repeat in comparison.fold_differences for d in repeat]
    values = np.array([comparison.difference, *comparison.interval, *folds]) * 100 / comparison.baseline_error
    finite = values[np.isfinite(values)]
    return finite if finite.size else np.zeros(1)


def _position(percent: float | np.ndarray, stretched: bool) -> np.ndarray:
    return np.arcsinh(np.asarray(percent) / LINEAR) if stretched else np.asarray(percent, float)


def _ticks(reach: float, stretched: bool) -> dict[str, Any]:
    """Tick positions and labels with true minus signs; about seven of them."""
    if stretched:
        wanted = [t for t in (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000) if t <= reach * 1.05]
        wanted = wanted[-1::-2][:2]
    else:
        step = next((t for t in TICKS if t * 3.6 >= reach), reach / 3)
        wanted = [step * k for k in range(1, 1 + math.floor(reach * 1.05 / step))]
    values = sorted([-w for w in wanted] + [0.0] + [float(w) for w in wanted])
    return {
        "tickmode": "array",
        "tickangle": 0,
        "tickvals": compact(_position(np.array(values), stretched), 6),
        "ticktext": [f"{signed(v, 0)} %" for v in values],
    }


def _add_row(
    figure: go.Figure, y: float, verdict: PropertyVerdict, comparison: Comparison, stretched: bool
) -> None:
    scale = 100 / comparison.baseline_error
    colour = CALL_COLOURS[verdict.call]
    rope = float(_position(comparison.rope * scale, stretched))
    figure.add_shape(
        type="rect",
        x0=-rope,
        x1=rope,
        y0=y - 0.34,
        y1=y + 0.12,
        line={"width": 0},
        fillcolor=LIGHT["soft"],
        opacity=0.7,
        layer="below",
    )
    folds = np.array([d for repeat in comparison.fold_differences for d in repeat]) * scale
    lanes = np.concatenate([np.full(len(r), k) for k, r in enumerate(comparison.fold_differences)] or [folds])
    jitter = (lanes - (len(comparison.fold_differences) - 1) / 2) * 0.09
    name = safe(verdict.name)
    figure.add_scatter(
        x=compact(_position(folds, stretched), 5),
        y=compact(y - 0.11 + jitter),
        mode="markers",
        marker={"size": 6, "color": rgba(colour, 0.4)},
        customdata=compact(folds),
        hovertemplate=f"{name}: one fold, %{{customdata:+.2f}} %<extra></extra>",
    )
    low, high = comparison.interval
    ends = np.array([low, high]) * scale
    if np.isfinite(ends).all():
        figure.add_scatter(
            x=compact(_position(ends, stretched), 5),
            y=[y - 0.11] * 2,
            mode="lines",
            line={"color": colour, "width": 3},
            hoverinfo="skip",
        )
    mean = comparison.difference * scale
    figure.add_scatter(
        x=compact(_position(np.array([mean]), stretched), 5),
        y=[y - 0.11],
        mode="markers",
        marker={
            "size": 12,
            "color": colour,
            "symbol": "diamond",
            "line": {"width": 2, "color": LIGHT["paper"]},
        },
        hovertemplate=(
            f"{name}: mean {signed(mean, 2)} %<br>95 % interval {signed(ends[0], 2)} to {signed(ends[1], 2)} %"
            "<extra></extra>"
        ),
    )
    figure.add_annotation(
        xref="paper",
        x=0,
        y=y + 0.18,
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        text=f"<b>{shorten(verdict.name, 34)}</b>  {verdict.call}",
        font={"size": 12, "color": colour},
    )
