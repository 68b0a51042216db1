"""Errors where labels are many and where they are few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from ..evaluation import RegionErrors, Regions, label_regions, region_errors
from ._data import Predictions
from ._figures_base import axis, base_figure, compact, safe, shorten
from ._numbers import count
from ._palette import LIGHT

__all__ = ["ARMS", "MOST_REGIONS", "RegionTable", "region_figure", "region_table"]

ARMS = ("deployed", "best joint", "best separate")
MOST_REGIONS = 12
SYMBOLS = {"deployed": "diamond", "best joint": "circle", "best separate": "square"}
COLOURS = {"deployed": LIGHT["ink"], "best joint": LIGHT["joint"], "best separate": LIGHT["separate"]}
LANES = {"deployed": 0.0, "best joint": 0.17, "best separate": -0.17}
ROW = 40


@dataclass(frozen=True, eq=False, slots=True)
class RegionTable:
    """Errors of every arm on the same labels, and the regions in the order they are shown."""

    regions: Regions
    arms: Mapping[str, RegionErrors]
    order: tuple[int, ...]
    is_classes: bool

    def shown(self, arm: str) -> np.ndarray:
        """``(n_shown + 1,)`` mean absolute error, or missed share of a class; the last is balanced."""
        found = self.arms[arm]
        values = 1.0 - found.recalls if self.is_classes else found.errors
        balanced = 1.0 - found.balanced_recall if self.is_classes else found.balanced
        return np.append(values[list(self.order)], balanced)


def region_table(predictions: Predictions) -> RegionTable | None:
    """Errors by region of all arms, on the labels that every arm predicts; ``None`` with one region or less."""
    given = zip(ARMS, (predictions.predicted, predictions.joint, predictions.separate), strict=True)
    arms = {arm: p for arm, p in given if p is not None and np.isfinite(p).any()}
    if not arms:
        return None
    common = np.isfinite(predictions.observed)
    for predicted in arms.values():
        common &= np.isfinite(predicted) if predicted.ndim == 1 else np.isfinite(predicted).all(axis=1)
    kind, truth = predictions.kind, np.where(common, predictions.observed, np.nan)
    regions = label_regions(kind, truth, classes=predictions.classes)
    held = np.flatnonzero(regions.counts)
    if len(held) < 2:
        return None
    order = held
    if kind != "regression":
        order = held[np.argsort(-regions.counts[held], kind="stable")]
        order = np.concatenate([order[:1], order[1:][-(MOST_REGIONS - 1) :]])
    errors = {}
    for arm, predicted in arms.items():
        threshold = predictions.thresholds.get(arm.removeprefix("best "), 0.5)
        errors[arm] = region_errors(kind, regions, truth, predicted, threshold=threshold)
    return RegionTable(regions, errors, tuple(order.tolist()), kind != "regression")


def region_figure(table: RegionTable, unit: str) -> go.Figure:
    """One row a region, with its labels, and one for the mean over regions; a mark for every arm."""
    counts = table.regions.counts
    names = [f"{shorten(table.regions.names[r], 14)} · {count(int(counts[r]))}" for r in table.order]
    names.append("balanced")
    rows = -np.arange(len(names), dtype=float)
    title = "share missed" if table.is_classes else f"mean absolute error{f' [{safe(unit)}]' if unit else ''}"
    factor, suffix = (100.0, " %") if table.is_classes else (1.0, f" {safe(unit)}" if unit else "")
    figure = base_figure(
        64 + ROW * len(names),
        xaxis=axis(title, rangemode="tozero", nticks=6, ticksuffix=suffix if table.is_classes else ""),
        yaxis=axis(
            tickmode="array",
            tickvals=rows.tolist(),
            ticktext=names,
            range=[rows[-1] - 0.5, 0.5],
            showgrid=False,
            fixedrange=True,
        ),
    )
    figure.add_shape(
        type="rect",
        xref="paper",
        x0=0,
        x1=1,
        y0=rows[-1] - 0.5,
        y1=rows[-1] + 0.5,
        line={"width": 0},
        fillcolor=LIGHT["panel"],
        layer="below",
    )
    for arm in reversed(list(table.arms)):
        figure.add_scatter(
            x=compact(factor * table.shown(arm)),
            y=compact(rows + LANES[arm]),
            mode="markers",
            marker={
                "size": 10,
                "symbol": SYMBOLS[arm],
                "color": COLOURS[arm],
                "line": {"width": 1, "color": LIGHT["paper"]},
            },
            cliponaxis=False,
            customdata=names,
            hovertemplate=f"{arm}, %{{customdata}}: %{{x:.3g}}{suffix}<extra></extra>",
        )
    return figure
