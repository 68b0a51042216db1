"""Predictions to errors: the decision metric of each task, on inner validation and on outer test rows."""

from __future__ import annotations

import numpy as np

from ..evaluation import best_threshold, default_metric, fold_scale, get_metric, metric_error
from ..table import Kind, Table
from ._plan import Plan

__all__ = ["decision_metrics", "inner_scores", "task_error"]


def decision_metrics(plan: Plan, table: Table) -> tuple[str, ...]:
    """Metric each task is decided by: its own, else the default of kind and goal.

    Raises
    ------
    PlanError
        A property names a metric that does not exist or is not for its kind.
    """
    metrics = tuple(p.metric or default_metric(str(p.kind), plan.goal) for p in table.properties)
    for metric, prop in zip(metrics, table.properties, strict=True):
        get_metric(metric, str(prop.kind))
    return metrics


def task_error(
    table: Table,
    metric: str,
    budget: float,
    task: int,
    rows: np.ndarray,
    predicted: np.ndarray,
    thresholds: np.ndarray | float = 0.5,
) -> float:
    """Error form of a task's decision metric on some rows, NaN where a prediction is missing.

    Parameters
    ----------
    metric, budget
        Decision metric, and the share of rows that a screen can look at.
    rows
        ``(n,)`` positions; rows without a label do not count.
    predicted
        ``(n, n_outputs of the task)`` in model space.
    thresholds
        ``(n,)`` or one probability from which a row counts as class 1, for the metrics that need one.
    """
    truth = table.properties[task].to_model(table.labels[:, task])
    use = np.isfinite(truth[rows])
    return metric_error(
        metric,
        truth[rows[use]],
        predicted[use],
        scale=fold_scale(metric, truth[np.isfinite(truth)]),
        weights=table.weights[rows[use]],
        budget=budget,
        threshold=np.broadcast_to(thresholds, len(rows))[use],
        kind=table.kinds[task],
    )


def inner_scores(
    table: Table, metric: str, budget: float, task: int, rows: np.ndarray, predicted: np.ndarray
) -> tuple[float, float]:
    """Inner validation error, and the threshold tuned on the same rows (0.5 where there is nothing to tune).

    Parameters
    ----------
    rows
        ``(n_valid,)`` inner validation rows.
    predicted
        ``(n_valid, n_outputs of the task)`` in model space.
    """
    threshold = 0.5
    if table.properties[task].kind is Kind.BINARY:
        threshold = best_threshold(table.labels[rows, task], predicted[:, 0])
    return task_error(table, metric, budget, task, rows, predicted, threshold), threshold
