"""Panels that come one a property: predictions, tails, curves, calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..advice import PropertyVerdict
from ..evaluation import get_metric
from ._data import Predictions, ReportData
from ._figures_calibration import coverage_check_figure, reliability_figure
from ._figures_curves import Style, curve_figure, curve_styles
from ._figures_predictions import MOST_POINTS, prediction_figure
from ._figures_tails import error_tails, largest_errors, tail_figure
from ._numbers import DASH, count, number, percent
from ._panels import Panel, panel
from ._words import metric_label

__all__ = [
    "IntervalView",
    "TailView",
    "curve_panels",
    "interval_view",
    "prediction_panels",
    "reliability_panels",
    "tail_views",
]

ALL_POINTS = 30_000
SHOWN = {
    "regression": ("mae", "rmse", "r2"),
    "binary": ("average_precision", "f1", "recall"),
    "multiclass": ("log_loss", "accuracy", "macro_f1"),
}


@dataclass(frozen=True, slots=True)
class TailView:
    """Tail figure, its quantiles and the rows that err most."""

    panel: Panel
    caption: str
    rows: tuple[tuple[str, ...], ...]
    worst: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class IntervalView:
    """Coverage and mean width at every level, property by property."""

    levels: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]
    panel: Panel


def prediction_panels(data: ReportData) -> tuple[Panel, ...]:
    """Parity, precision-recall or confusion of the deployed model, out of fold."""
    verdicts = {v.name: v for v in data.verdicts}
    most = int(np.clip(ALL_POINTS // max(1, len(data.predictions)), 100, MOST_POINTS))
    panels = []
    for i, predictions in enumerate(data.predictions):
        figure = prediction_figure(predictions, most)
        if figure is None:
            continue
        facts = _metric_facts(predictions, verdicts.get(predictions.name))
        said = ", ".join(f"{term} {text}" for term, text in facts)
        kind = {"regression": "Predicted against observed", "binary": "Precision against recall"}
        panels.append(
            panel(
                f"predictions-{i}",
                figure,
                title=predictions.name,
                label=f"{kind.get(predictions.kind, 'Confusion matrix')} of {predictions.name}: {said}",
                caption=_prediction_caption(predictions, most),
                facts=facts,
            )
        )
    return tuple(panels)


def tail_views(data: ReportData) -> tuple[TailView, ...]:
    """Error tails of the deployed model and of the best joint and separate strategies."""
    views = []
    for i, predictions in enumerate(data.predictions):
        figure = tail_figure(predictions)
        if figure is None:
            continue
        tails = error_tails(predictions)
        said = "; ".join(f"{t.arm}: median {number(t.median)}, 99 % {number(t.q99)}" for t in tails)
        unit = f" [{predictions.unit}]" if predictions.unit else ""
        caption = (
            f"Absolute error{unit}"
            if predictions.kind == "regression"
            else "1 − probability of the true class"
        )
        views.append(
            TailView(
                panel(
                    f"tails-{i}",
                    figure,
                    title=predictions.name,
                    label=f"Error tails of {predictions.name}. {said}.",
                ),
                caption,
                tuple((t.arm, *(number(v) for v in (t.median, t.q95, t.q99, t.largest))) for t in tails),
                tuple(
                    (row, number(o), number(p), number(abs(p - o)))
                    for row, o, p in largest_errors(predictions)
                ),
            )
        )
    return tuple(views)


def curve_panels(data: ReportData) -> tuple[tuple[Style, ...], tuple[Panel, ...]]:
    """Training curves of every network strategy, with the key to their colours and marks."""
    styles = curve_styles(list(dict.fromkeys(c.strategy for c in data.curves)), data.sides)
    panels = []
    for i, name in enumerate(v.name for v in data.verdicts):
        curves = [c for c in data.curves if c.name == name]
        figure = curve_figure(curves, styles)
        if figure is not None:
            said = ", ".join(c.strategy for c in curves)
            panels.append(
                panel(f"curves-{i}", figure, title=name, label=f"Loss over epochs for {name}: {said}")
            )
    return styles, tuple(panels)


def reliability_panels(data: ReportData) -> tuple[Panel, ...]:
    """Reliability of the probabilities of each class property."""
    return tuple(
        panel(
            f"reliability-{i}",
            reliability_figure(r),
            title=r.name,
            label=f"Reliability of {r.name}: calibration error {number(r.error_after, 2)} as deployed",
            facts=(
                ("calibration error before", number(r.error_before, 2)),
                ("as deployed", number(r.error_after, 2)),
            ),
        )
        for i, r in enumerate(data.reliability)
    )


def interval_view(data: ReportData) -> IntervalView | None:
    """Coverage and width of the intervals of all regression properties."""
    if not data.intervals:
        return None
    levels = sorted({float(n) for one in data.intervals for n in one.nominal})
    rows = []
    for one in data.intervals:
        at = {float(n): k for k, n in enumerate(one.nominal)}
        cells = []
        for level in levels:
            k = at.get(level)
            cells.append((DASH, DASH) if k is None else (percent(one.measured[k], 1), number(one.width[k])))
        rows.append((one.name, one.unit, tuple(cells)))
    worst = max(
        (
            abs(m - n)
            for one in data.intervals
            for n, m in zip(one.nominal, one.measured, strict=True)
            if np.isfinite(m)
        ),
        default=float("nan"),
    )
    figure = panel(
        "coverage-check",
        coverage_check_figure(data.intervals),
        title="Measured against promised coverage",
        label=f"Measured against promised coverage of all regression properties; largest gap {percent(worst, 1)}",
        caption=(
            "One line a property. Above the diagonal intervals are wider than they need be, below they promise "
            "too much."
        ),
    )
    return IntervalView(tuple(percent(v) for v in levels), tuple(rows), figure)


def _metric_facts(predictions: Predictions, verdict: PropertyVerdict | None) -> tuple[tuple[str, str], ...]:
    """Scores of the deployed strategy as the study pooled them."""
    labels = int(np.isfinite(predictions.observed).sum())
    facts = [("labels", count(labels))]
    scores = {s.strategy: s.metrics for s in verdict.scores} if verdict else {}
    metrics = scores.get(predictions.strategy, {})
    for metric in SHOWN.get(predictions.kind, ()):
        if metric in metrics:
            unit = f" {predictions.unit}" if predictions.unit and get_metric(metric).has_unit else ""
            facts.append((metric_label(metric), f"{number(metrics[metric])}{unit}"))
    return tuple(facts)


def _prediction_caption(predictions: Predictions, most: int) -> str:
    model = f"{predictions.strategy}, out of fold."
    n = len(predictions.observed)
    if predictions.kind != "regression" or n <= most:
        return model
    return f"{model} {count(most)} of {count(n)} points drawn, evenly along the observed values."
