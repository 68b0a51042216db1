"""How far intervals and probabilities of the deployed models can be trusted, measured on folds held out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..bundle import (
    TaskPart,
    cross_calibrated,
    fit_residuals,
    measured_coverage,
    measured_width,
    reliability_curve,
)
from ..report import Intervals, Reliability
from ..table import Kind

__all__ = ["interval_tables", "reliability_tables"]

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


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
                width=np.array([measured_width(residuals, level) for level in LEVELS]),
            )
        )
    return tuple(tables)


def reliability_tables(
    tasks: Sequence[TaskPart], codes: np.ndarray, folds: np.ndarray
) -> tuple[Reliability, ...]:
    """Stated against observed probability of every classification property, calibrated on the other folds."""
    return tuple(
        _reliability(task, codes, folds) for task in tasks if task.property.kind is not Kind.REGRESSION
    )


def _reliability(task: TaskPart, codes: np.ndarray, folds: np.ndarray) -> Reliability:
    use = np.isfinite(task.observed) & np.isfinite(task.out_of_fold).all(axis=1)
    observed, raw, codes = task.observed[use], task.out_of_fold[use], codes[use]
    before = reliability_curve(observed, raw, codes)
    after = reliability_curve(observed, cross_calibrated(observed, raw, codes, folds[use]), codes)
    return Reliability(
        name=task.property.name,
        stated=after.stated,
        observed=after.observed,
        count=after.count,
        error_before=before.error,
        error_after=after.error,
        stated_before=before.stated,
        observed_before=before.observed,
    )
