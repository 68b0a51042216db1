"""Scores of predicted values; every function takes finite labels and predictions of shape (n,), n >= 1."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from ._options import ScoreOptions
from ._ranking import n_picks, top_share

__all__ = [
    "mean_absolute_error",
    "mean_squared_error",
    "median_absolute_error",
    "percentile_95_error",
    "r2",
    "recall_at_budget",
    "root_mean_squared_error",
    "spearman",
]


def mean_absolute_error(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Weighted mean of |error|."""
    return float(np.average(np.abs(y_true - y_pred), weights=options.weights))


def mean_squared_error(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Weighted mean of the squared error; of probabilities this is the Brier score."""
    return float(np.average((y_true - y_pred) ** 2, weights=options.weights))


def root_mean_squared_error(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Root of the weighted mean squared error."""
    return float(np.sqrt(mean_squared_error(y_true, y_pred, options)))


def r2(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """One minus the mean squared error over ``options.scale``."""
    return 1.0 - mean_squared_error(y_true, y_pred, options) / options.scale


def median_absolute_error(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Median of |error|."""
    return float(np.median(np.abs(y_true - y_pred)))


def percentile_95_error(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """The |error| that 95 % of the rows stay under (linear interpolation)."""
    return float(np.percentile(np.abs(y_true - y_pred), 95))


def spearman(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Rank correlation, ties at their mean rank.

    A constant prediction ranks nothing and scores 0; constant labels leave nothing to rank: NaN.
    """
    if np.ptp(y_true) == 0:
        return np.nan
    if np.ptp(y_pred) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(y_true), rankdata(y_pred))[0, 1])


def recall_at_budget(y_true: np.ndarray, y_pred: np.ndarray, options: ScoreOptions) -> float:
    """Share of the truly highest ``budget`` of the rows found among the ``budget`` predicted highest.

    Ties at either cut count with the share of the tied rows that fits. Constant labels: NaN.
    """
    if np.ptp(y_true) == 0:
        return np.nan
    picks = n_picks(len(y_true), options.budget)
    return float(top_share(y_true, picks) @ top_share(y_pred, picks)) / picks
