"""How far intervals and probabilities of the deployed models can be trusted, measured on folds held out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..bundle import Residuals, TaskPart, fit_calibration, fit_residuals, measured_coverage
from ..report import Intervals, Reliability
from ..table import Kind

__all__ = ["interval_tables", "reliability_tables"]

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
N_BINS = 10


def interval_tables(tasks: Sequence[TaskPart], codes: np.ndarray, folds: np.ndarray) -> tuple[Intervals, ...]:
    """Promised and measured coverage of every regression property, and the width of its intervals."""
    tables = []
    for task in tasks:
        if task.property.kind is not Kind.REGRESSION:
            continue
        residuals = fit_residuals(task.observed, task.out_of_fold[:, 0], codes, folds)
        tables.append(
            Intervals(
                name=task.property.name,
                unit=task.property.model_unit,
                nominal=np.array(LEVELS),
                measured=np.array([measured_coverage(residuals, level) for level in LEVELS]),
                width=np.array([_width(residuals, level) for level in LEVELS]),
            )
        )
    return tuple(tables)


def reliability_tables(
    tasks: Sequence[TaskPart], codes: np.ndarray, folds: np.ndarray
) -> tuple[Reliability, ...]:
    """Stated against observed probability of every classification property, calibrated on the other folds.

    Multiclass properties are judged by the probability of the class they name.
    """
    return tuple(
        _reliability(task, codes, folds) for task in tasks if task.property.kind is not Kind.REGRESSION
    )


def _width(residuals: Residuals, level: float) -> float:
    low, high = residuals.interval(np.zeros((1, 1)), level)
    return float(high[0] - low[0])


def _reliability(task: TaskPart, codes: np.ndarray, folds: np.ndarray) -> Reliability:
    use = np.isfinite(task.observed) & np.isfinite(task.out_of_fold).all(axis=1)
    observed, before, fold = task.observed[use], task.out_of_fold[use], folds[use]
    _, group, sizes = np.unique(codes[use], return_inverse=True, return_counts=True)
    weights = 1.0 / sizes[group]
    after = before.copy()
    for f in np.unique(fold):
        own = fold == f
        if not own.all():
            after[own] = fit_calibration(observed[~own], before[~own], weights[~own]).apply(before[own])
    stated_before, hit_before, _, error_before = _bins(observed, before)
    stated, hit, count, error = _bins(observed, after)
    return Reliability(
        name=task.property.name,
        stated=stated,
        observed=hit,
        count=count,
        error_before=error_before,
        error_after=error,
        stated_before=stated_before,
        observed_before=hit_before,
    )


def _bins(observed: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Mean stated and observed probability per bin of equal width, counts, and their expected difference."""
    if probability.shape[1] == 1:
        stated, hit = probability[:, 0], observed == 1
    else:
        named = probability.argmax(axis=1)
        stated, hit = probability.max(axis=1), observed == named
    place = np.minimum((stated * N_BINS).astype(int), N_BINS - 1)
    count = np.bincount(place, minlength=N_BINS)
    full = count > 0
    mean_stated = np.bincount(place, stated, N_BINS)[full] / count[full]
    mean_hit = np.bincount(place, hit.astype(float), N_BINS)[full] / count[full]
    error = float(np.average(np.abs(mean_stated - mean_hit), weights=count[full]))
    return mean_stated, mean_hit, count[full], error
