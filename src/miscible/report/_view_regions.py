"""The panel "Error by label region" of each property."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._data import Predictions, ReportData
from ._figures_regions import RegionTable, region_figure, region_table
from ._numbers import count, number, percent
from ._panels import Panel, panel

__all__ = ["RegionView", "region_views"]

THIN = 20
"""Labels below which a region's error says little."""


@dataclass(frozen=True, slots=True)
class RegionView:
    """Figure and table of one property; a row is (region, its range, labels, are they few, errors by arm)."""

    panel: Panel
    caption: str
    arms: tuple[str, ...]
    rows: tuple[tuple[str, str, str, bool, tuple[str, ...]], ...]
    n_more: int
    aside: str
    is_classes: bool


def region_views(data: ReportData) -> tuple[RegionView, ...]:
    """One view a property with at least two regions."""
    views = []
    for i, predictions in enumerate(data.predictions):
        table = region_table(predictions)
        if table is not None:
            views.append(_view(f"regions-{i}", predictions, table))
    return tuple(views)


def _view(key: str, predictions: Predictions, table: RegionTable) -> RegionView:
    arms = tuple(table.arms)
    form = percent if table.is_classes else number
    shown = {arm: table.shown(arm) for arm in arms}
    counts = table.regions.counts
    rows = [
        (
            table.regions.names[r],
            _share(counts, r) if table.is_classes else table.regions.ranges[r],
            count(int(counts[r])),
            bool(counts[r] < THIN),
            tuple(_both(table, arm, k, r) for arm in arms),
        )
        for k, r in enumerate(table.order)
    ]
    rows.append(("balanced", "mean of the above", "", False, tuple(_last(table, arm) for arm in arms)))
    said = "; ".join(
        f"{name}: " + ", ".join(f"{arm} {form(float(v))}" for arm, v in ((a, shown[a][k]) for a in arms))
        for k, name in enumerate([row[0] for row in rows])
    )
    unit = f" [{predictions.unit}]" if predictions.unit and not table.is_classes else ""
    caption = "Share missed (log loss)" if table.is_classes else f"Mean absolute error{unit}"
    best = table.shown("deployed")[-1] if "deployed" in table.arms else np.nan
    return RegionView(
        panel=panel(
            key,
            region_figure(table, predictions.unit),
            title=predictions.name,
            label=f"{caption} by label region of {predictions.name}. {said}.",
        ),
        caption=caption,
        arms=arms,
        rows=tuple(rows),
        n_more=int((counts > 0).sum()) - len(table.order),
        aside=f"balanced {form(float(best))}",
        is_classes=table.is_classes,
    )


def _share(counts: np.ndarray, region: int) -> str:
    return percent(counts[region] / counts.sum(), 1)


def _both(table: RegionTable, arm: str, k: int, region: int) -> str:
    found = table.arms[arm]
    if table.is_classes:
        return f"{percent(float(table.shown(arm)[k]))} ({number(float(found.errors[region]), 2)})"
    return number(float(found.errors[region]))


def _last(table: RegionTable, arm: str) -> str:
    found = table.arms[arm]
    if table.is_classes:
        return f"{percent(1.0 - found.balanced_recall)} ({number(found.balanced, 2)})"
    return number(found.balanced)
