"""How heavy the error tails are: shares of labels with an error above each size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from ._data import Predictions
from ._figures_base import axis, base_figure, compact, safe, spread
from ._palette import LIGHT

__all__ = ["Tail", "absolute_errors", "error_tails", "largest_errors", "tail_figure"]

DASHES = {"deployed": "solid", "best joint": "dash", "best separate": "dot"}
COLOURS = {"deployed": LIGHT["ink"], "best joint": LIGHT["joint"], "best separate": LIGHT["separate"]}


@dataclass(frozen=True, slots=True)
class Tail:
    """Quantiles of the absolute errors of one arm."""

    arm: str
    median: float
    q95: float
    q99: float
    largest: float


def absolute_errors(kind: str, observed: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """``|predicted - observed|``; for classes one minus the probability of the true class."""
    if kind == "regression":
        errors = np.abs(predicted - observed)
    elif predicted.ndim == 1:
        errors = np.abs(observed - predicted)
    else:
        known = np.isfinite(observed)
        errors = np.full(len(observed), np.nan)
        errors[known] = 1.0 - predicted[known, observed[known].astype(int)]
    return errors


def error_tails(predictions: Predictions) -> tuple[Tail, ...]:
    """Median, 95th and 99th percentile and maximum for every arm that has predictions."""
    tails = []
    for arm, errors in _arms(predictions):
        median, q95, q99, largest = np.quantile(errors, [0.5, 0.95, 0.99, 1.0]).tolist()
        tails.append(Tail(arm, median, q95, q99, largest))
    return tuple(tails)


def largest_errors(predictions: Predictions, most: int = 5) -> tuple[tuple[str, float, float], ...]:
    """Row label, observed and predicted of the largest errors of the deployed model; numbers only."""
    if predictions.kind != "regression" or not predictions.rows:
        return ()
    errors = absolute_errors(predictions.kind, predictions.observed, predictions.predicted)
    order = np.argsort(np.where(np.isfinite(errors), -errors, np.inf), kind="stable")[:most]
    return tuple(
        (predictions.rows[i], float(predictions.observed[i]), float(predictions.predicted[i]))
        for i in order.tolist()
        if np.isfinite(errors[i])
    )


def tail_figure(predictions: Predictions) -> go.Figure | None:
    """Share of labels with a larger error (log) against the error; heavier tails lie further right."""
    arms = _arms(predictions)
    if not arms:
        return None
    unit = f" [{safe(predictions.unit)}]" if predictions.unit and predictions.kind == "regression" else ""
    title = (
        f"absolute error{unit}" if predictions.kind == "regression" else "1 − probability of the true class"
    )
    ticks = [100, 10, 1, 0.1, 0.01]
    figure = base_figure(
        280,
        xaxis=axis(title, rangemode="tozero"),
        yaxis=axis(
            "labels with a larger error",
            type="log",
            tickmode="array",
            tickvals=ticks,
            ticktext=[f"{t:g} %" for t in ticks],
        ),
    )
    for arm, errors in arms:
        ordered = np.sort(errors)
        exceeding = 1.0 - np.arange(len(ordered)) / len(ordered)
        keep = np.unique(spread(-np.log(exceeding), 120))
        keep = np.union1d(keep, np.arange(max(0, len(ordered) - 60), len(ordered)))
        figure.add_scatter(
            x=compact(ordered[keep]),
            y=compact(100 * exceeding[keep], 3),
            mode="lines",
            line={"color": COLOURS[arm], "dash": DASHES[arm], "width": 2.5 if arm == "deployed" else 1.8},
            hovertemplate=f"{arm}: %{{y:.3g}} % of labels err by at least %{{x:.4g}}<extra></extra>",
        )
    return figure


def _arms(predictions: Predictions) -> list[tuple[str, np.ndarray]]:
    """Finite errors of each arm that has any."""
    named = (
        ("deployed", predictions.predicted),
        ("best joint", predictions.joint),
        ("best separate", predictions.separate),
    )
    arms = []
    for arm, predicted in named:
        if predicted is None:
            continue
        errors = absolute_errors(predictions.kind, predictions.observed, predicted)
        errors = errors[np.isfinite(errors)]
        if errors.size:
            arms.append((arm, errors))
    return arms
