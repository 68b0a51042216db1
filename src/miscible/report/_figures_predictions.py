"""Out-of-fold predictions against what was measured."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from sklearn.metrics import confusion_matrix, precision_recall_curve

from ._data import Predictions
from ._figures_base import axis, base_figure, compact, nice_step, safe, shorten, spread
from ._palette import LIGHT, rgba

__all__ = ["MOST_POINTS", "confusion_figure", "parity_figure", "precision_recall_figure", "prediction_figure"]

MOST_POINTS = 1500
SQUARE = 400


def prediction_figure(predictions: Predictions, most: int = MOST_POINTS) -> go.Figure | None:
    """Parity for numbers, precision-recall for two classes, confusion for more; ``None`` without any point."""
    if not _usable(predictions).any():
        return None
    if predictions.kind == "regression":
        return parity_figure(predictions, most)
    if predictions.kind == "binary":
        return precision_recall_figure(predictions)
    return confusion_figure(predictions)


def parity_figure(predictions: Predictions, most: int = MOST_POINTS) -> go.Figure:
    """Predicted against observed values, thinned along the observed ones to at most this many points."""
    rows = np.flatnonzero(_usable(predictions))
    rows = rows[spread(predictions.observed[rows], most)]
    observed, predicted = predictions.observed[rows], predictions.predicted[rows]
    low = float(min(observed.min(), predicted.min()))
    high = float(max(observed.max(), predicted.max()))
    pad = 0.04 * ((high - low) or 1.0)
    limits = [low - pad, high + pad]
    unit = f" [{safe(predictions.unit)}]" if predictions.unit else ""
    labels = [safe(predictions.rows[r]) for r in rows] if predictions.rows else None
    ticks = {"range": limits, "dtick": nice_step(limits[1] - limits[0])}
    figure = base_figure(
        SQUARE, xaxis=axis(f"observed{unit}", **ticks), yaxis=axis(f"predicted{unit}", **ticks)
    )
    figure.add_scatter(
        x=limits,
        y=limits,
        mode="lines",
        line={"color": LIGHT["muted"], "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=compact(observed),
        y=compact(predicted),
        mode="markers",
        text=labels,
        marker={"size": 5, "color": rgba(LIGHT["joint"], 0.38), "line": {"width": 0}},
        hovertemplate=("%{text}<br>" if labels else "")
        + "observed %{x:.4g}, predicted %{y:.4g}<extra></extra>",
    )
    return figure


def precision_recall_figure(predictions: Predictions) -> go.Figure:
    """Precision against recall of the second class, with the prevalence as the level of guessing."""
    use = _usable(predictions)
    truth = predictions.observed[use] == 1
    figure = base_figure(
        SQUARE,
        showlegend=True,
        xaxis=axis("recall", range=[-0.02, 1.02]),
        yaxis=axis("precision", range=[-0.02, 1.04]),
    )
    for name, side, dash in (("joint", "joint", "dash"), ("separate", "separate", "dot")):
        other = getattr(predictions, name)
        if other is not None and np.isfinite(other[use]).all() and truth.any():
            _add_curve(figure, truth, other[use], f"best {name}", LIGHT[side], dash, 1.5)
    if truth.any():
        name = shorten(predictions.strategy)
        _add_curve(figure, truth, predictions.predicted[use], name, LIGHT["ink"], "solid", 2.5)
    level = float(truth.mean())
    figure.add_shape(
        type="line", x0=0, x1=1, y0=level, y1=level, line={"color": LIGHT["muted"], "width": 1, "dash": "dot"}
    )
    figure.add_annotation(
        x=0,
        y=level,
        text=f"guessing: {level:.3g}",
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        font={"size": 11, "color": LIGHT["muted"]},
    )
    return figure


def confusion_figure(predictions: Predictions) -> go.Figure:
    """Share of each true class given to each class, rows sum to one."""
    use = _usable(predictions)
    n_classes = predictions.predicted.shape[1]
    truth, guess = predictions.observed[use].astype(int), predictions.predicted[use].argmax(axis=1)
    counts = confusion_matrix(truth, guess, labels=np.arange(n_classes)).astype(float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [shorten(c, 14) for c in predictions.classes] or [str(k) for k in range(n_classes)]
    text = (
        [[f"{100 * v:.0f} %" if v >= 0.005 else "" for v in row] for row in shares]
        if n_classes <= 10
        else None
    )
    ticks = {"tickmode": "array", "tickvals": list(range(n_classes)), "ticktext": names, "showgrid": False}
    figure = base_figure(
        SQUARE,
        xaxis=axis("predicted class", **ticks),
        yaxis=axis("true class", autorange="reversed", **ticks),
    )
    figure.add_heatmap(
        z=[compact(row, 3) for row in shares],
        x=list(range(n_classes)),
        y=list(range(n_classes)),
        text=text,
        texttemplate="%{text}" if text else None,
        zmin=0,
        zmax=1,
        showscale=False,
        xgap=2,
        ygap=2,
        colorscale=[[0, LIGHT["heat-low"]], [1, LIGHT["joint"]]],
        customdata=counts.astype(int).tolist(),
        hovertemplate="true %{y}, predicted %{x}: %{customdata} labels<extra></extra>",
    )
    return figure


def _usable(predictions: Predictions) -> np.ndarray:
    predicted = predictions.predicted
    finite = np.isfinite(predicted) if predicted.ndim == 1 else np.isfinite(predicted).all(axis=1)
    return np.isfinite(predictions.observed) & finite


def _add_curve(
    figure: go.Figure,
    truth: np.ndarray,
    probability: np.ndarray,
    name: str,
    colour: str,
    dash: str,
    width: float,
) -> None:
    precision, recall, _ = precision_recall_curve(truth, probability)
    keep = spread(-recall, 250)
    figure.add_scatter(
        x=compact(recall[keep], 3),
        y=compact(precision[keep], 3),
        mode="lines",
        name=name,
        line={"color": colour, "width": width, "dash": dash},
        hovertemplate="recall %{x}, precision %{y}<extra></extra>",
    )
