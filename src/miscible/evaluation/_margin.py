"""What difference matters to a practitioner, and what no difference can be measured against."""

from __future__ import annotations

import math

import numpy as np

from ..errors import InputError
from ._metrics import fold_scale, get_metric, metric_error

__all__ = ["check_margin", "constant_error", "margin_of_equivalence", "noise_floor"]

_BY_MEAN = frozenset({"rmse", "r2"})
"""Metrics of values that the mean serves best; the others get the median."""


def margin_of_equivalence(margin: float | None, baseline: float, floor: float | None) -> float:
    """Half width of the region in which two errors are the same to a practitioner.

    The user's own margin, else the larger of 2 % of the baseline's error and 5 % of what it has above the
    replicate noise floor.
    """
    if margin is not None:
        return margin
    excess = 0.0 if floor is None else max(baseline - floor, 0.0)
    return max(0.02 * baseline, 0.05 * excess)


def noise_floor(metric: str, std: float | None, variance: float) -> float | None:
    """Error of a perfect model against labels with Gaussian noise, in the error form of a metric.

    Parameters
    ----------
    metric
        Decision metric.
    std
        Standard deviation of replicates in model space; None or NaN without replicates.
    variance
        Of the whole table's labels, which R2 divides by.

    Returns
    -------
    float or None
        None without replicates, and for metrics where the noise of single labels gives no floor.
    """
    if std is None or not math.isfinite(std):
        return None
    floors = {"mae": std * math.sqrt(2.0 / math.pi), "rmse": std, "r2": std**2 / variance}
    return floors.get(metric)


def constant_error(metric: str, kind: str, labels: np.ndarray) -> float:
    """Error of a model that gives every row the same answer: the median (RMSE, R2: mean), or class shares.

    Parameters
    ----------
    metric, kind
        What judges what.
    labels
        ``(n,)`` in model space, NaN = unmeasured.

    Returns
    -------
    float
        In error form; NaN where the metric is undefined, as without labels.
    """
    known = labels[np.isfinite(labels)]
    if not known.size:
        return math.nan
    if kind == "multiclass":
        shares = np.bincount(known.astype(np.int64)) / known.size
        answer = np.tile(shares, (known.size, 1))
    else:
        middle = known.mean() if kind == "binary" or metric in _BY_MEAN else np.median(known)
        answer = np.full(known.size, middle)
    return metric_error(metric, known, answer, scale=fold_scale(metric, known), kind=kind)


def check_margin(
    metric: str,
    kind: str,
    labels: np.ndarray,
    margin: float | None,
    *,
    unit: str = "",
    source: object = None,
    column: str | None = None,
) -> None:
    """Refuse a margin under which every model would count as equivalent.

    Parameters
    ----------
    metric, kind
        Decision metric, and kind of the property.
    labels
        ``(n,)`` in model space, NaN = unmeasured.
    margin
        In the error form of the metric; None: nothing to check.
    unit
        Of model space, for the message.
    source, column
        Table and property, for the message.

    Raises
    ------
    InputError
        The margin is not below the error of a constant or, for scores that end at 1, not below 1.
    PlanError
        The metric does not exist or is not for this kind.
    """
    if margin is None:
        return
    judge = get_metric(metric, kind)
    limit = constant_error(metric, kind, labels) if judge.lower_is_better else 1.0
    if not margin >= limit:
        return
    shown = f" {unit}" if unit and judge.has_unit else ""
    raise InputError(
        f"the margin {margin:g}{shown} is not below {limit:.3g}{shown}, the {judge.error_label} of a model that "
        "knows nothing: every model would count as equivalent.",
        source=source,
        column=column,
        hint=f"A margin is a difference in {judge.error_label}{f', in {unit}' if shown else ''}.",
    )
