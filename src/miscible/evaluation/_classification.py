"""Scores of predicted probabilities.

Binary functions take labels 0/1 and probabilities of class 1, both ``(n,)``; multiclass functions take
class codes ``(n,)`` and probabilities ``(n, n_classes)``. Scores that compare classes are NaN where the
labels hold only one class.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from ._options import ScoreOptions
from ._ranking import n_picks, top_share

__all__ = [
    "PROBABILITY_FLOOR",
    "accuracy",
    "average_precision",
    "binary_balanced_accuracy",
    "binary_log_loss",
    "binary_recall_at_budget",
    "f1",
    "macro_f1",
    "multiclass_balanced_accuracy",
    "multiclass_log_loss",
    "precision",
    "ranked_counts",
    "recall",
    "roc_auc",
]

PROBABILITY_FLOOR = 1e-7
"""Log losses clip probabilities here: about what float32 can tell from 1; one sure miss costs 16 nats."""


def _one_class(y_true: np.ndarray) -> bool:
    return bool(np.ptp(y_true) == 0)


def ranked_counts(
    y_true: np.ndarray, probability: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut the rows at every distinct probability, from the highest down.

    Returns
    -------
    cuts, positives, picked
        Probability at each cut, and the weight of positives and of all rows at or above it.
    """
    order = np.argsort(-probability, kind="stable")
    ranked = probability[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    weights = weights[order]
    return ranked[last], np.cumsum(weights * y_true[order])[last], np.cumsum(weights)[last]


def average_precision(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Precision at every cut, weighted by the recall it adds (no interpolation)."""
    if _one_class(y_true):
        return np.nan
    _, positives, picked = ranked_counts(y_true, y_pred, options.weights)
    return float(np.diff(positives, prepend=0.0) @ (positives / picked)) / float(positives[-1])


def roc_auc(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Probability that a positive is ranked over a negative, ties counted half."""
    if _one_class(y_true):
        return np.nan
    positive = y_true == 1
    n_positive = int(positive.sum())
    ranks = float(rankdata(y_pred)[positive].sum())
    return (ranks - n_positive * (n_positive + 1) / 2) / (n_positive * (len(y_true) - n_positive))


def binary_log_loss(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Weighted mean of -log(probability of the true class), clipped."""
    truth = np.where(y_true == 1, y_pred, 1.0 - y_pred)
    loss = -np.log(np.clip(truth, PROBABILITY_FLOOR, 1.0 - PROBABILITY_FLOOR))
    return float(np.average(loss, weights=options.weights))


def multiclass_log_loss(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Weighted mean of -log(probability of the true class), clipped."""
    truth = np.take_along_axis(y_pred, y_true.astype(np.int64)[:, None], axis=1)[:, 0]
    loss = -np.log(np.clip(truth, PROBABILITY_FLOOR, 1.0 - PROBABILITY_FLOOR))
    return float(np.average(loss, weights=options.weights))


def binary_recall_at_budget(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Positives among the ``budget`` share predicted highest, over the most there could be."""
    if _one_class(y_true):
        return np.nan
    picks = n_picks(len(y_true), options.budget)
    return float(top_share(y_pred, picks) @ y_true) / min(float(y_true.sum()), picks)


def _confusion(
    y_true: np.ndarray, y_pred: np.ndarray, threshold: float | np.ndarray
) -> tuple[int, int, int, int]:
    called = y_pred >= threshold
    positive = y_true == 1
    hits = int((called & positive).sum())
    return hits, int(called.sum()) - hits, int(positive.sum()) - hits, int((~called & ~positive).sum())


def f1(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Harmonic mean of precision and recall at the threshold."""
    if _one_class(y_true):
        return np.nan
    hits, false_alarms, misses, _ = _confusion(y_true, y_pred, options.threshold)
    return 2 * hits / (2 * hits + false_alarms + misses)


def recall(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Share of the positives that are called."""
    if _one_class(y_true):
        return np.nan
    hits, _, misses, _ = _confusion(y_true, y_pred, options.threshold)
    return hits / (hits + misses)


def precision(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Share of the calls that are positive; 0 where nothing is called."""
    if _one_class(y_true):
        return np.nan
    hits, false_alarms, _, _ = _confusion(y_true, y_pred, options.threshold)
    return hits / max(1, hits + false_alarms)


def binary_balanced_accuracy(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Mean of the recalls of both classes at the threshold."""
    if _one_class(y_true):
        return np.nan
    hits, false_alarms, misses, quiet = _confusion(y_true, y_pred, options.threshold)
    return (hits / (hits + misses) + quiet / (quiet + false_alarms)) / 2


def _class_counts(y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hits, calls and labels of each class; the call is the most probable class."""
    n_classes = y_pred.shape[1]
    truth, called = y_true.astype(np.int64), np.argmax(y_pred, axis=1)
    return (
        np.bincount(truth[truth == called], minlength=n_classes),
        np.bincount(called, minlength=n_classes),
        np.bincount(truth, minlength=n_classes),
    )


def accuracy(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Share of the rows whose most probable class is the true one."""
    return float(np.mean(np.argmax(y_pred, axis=1) == y_true))


def macro_f1(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Mean of the classes' F1, over the classes that were measured or called."""
    if _one_class(y_true):
        return np.nan
    hits, called, measured = _class_counts(y_true, y_pred)
    seen = called + measured > 0
    return float(np.mean(2 * hits[seen] / (called + measured)[seen]))


def multiclass_balanced_accuracy(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Mean of the classes' recalls, over the classes that were measured."""
    if _one_class(y_true):
        return np.nan
    hits, _, measured = _class_counts(y_true, y_pred)
    return float(np.mean(hits[measured > 0] / measured[measured > 0]))
