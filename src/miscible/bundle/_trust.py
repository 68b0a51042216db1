"""How far intervals and probabilities of a deployed property can be trusted, measured on folds held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ._calibration import Calibration
from ._intervals import Residuals, fit_residuals, measured_coverage, measured_width
from ._parts import TaskPart
from ._reliability import ReliabilityCurve, choose_calibration, cross_calibrated, reliability_curve

__all__ = ["JudgedIntervals", "JudgedProbabilities", "judge_intervals", "judge_probabilities"]


@dataclass(frozen=True, eq=False)
class JudgedIntervals:
    """Intervals of a regression property.

    Parameters
    ----------
    residuals
        What the bundle makes its intervals from.
    coverage, width
        By level, as `measured_coverage` and `measured_width`.
    """

    residuals: Residuals
    coverage: dict[float, float]
    width: dict[float, float]


@dataclass(frozen=True, eq=False)
class JudgedProbabilities:
    """Probabilities of a binary or multiclass property.

    Parameters
    ----------
    calibration
        What the bundle applies; the identity where calibration did not earn its place.
    before
        Reliability of the probabilities as predicted out of fold.
    deployed
        Reliability of what the bundle prints: each fold calibrated by the others, or ``before`` where the
        bundle leaves probabilities as they are.
    """

    calibration: Calibration
    before: ReliabilityCurve
    deployed: ReliabilityCurve


def judge_intervals(
    task: TaskPart, codes: np.ndarray, folds: np.ndarray, levels: Sequence[float]
) -> JudgedIntervals:
    """Residuals of one property with the coverage and width they give.

    Parameters
    ----------
    task
        A regression property.
    codes, folds
        ``(n_rows,)`` group and outer fold of each row.
    levels
        Interval levels to measure.
    """
    residuals = fit_residuals(task.observed, task.out_of_fold[:, 0], codes, folds)
    return JudgedIntervals(
        residuals,
        {level: measured_coverage(residuals, level) for level in levels},
        {level: measured_width(residuals, level) for level in levels},
    )


def judge_probabilities(task: TaskPart, codes: np.ndarray, folds: np.ndarray) -> JudgedProbabilities:
    """Calibration of one property with the reliability before and after it.

    Parameters
    ----------
    task
        A binary or multiclass property.
    codes, folds
        ``(n_rows,)`` group and outer fold of each row.
    """
    use = np.isfinite(task.observed) & np.isfinite(task.out_of_fold).all(axis=1)
    observed, raw, codes, folds = task.observed[use], task.out_of_fold[use], codes[use], folds[use]
    calibration = choose_calibration(observed, raw, codes, folds)
    before = reliability_curve(observed, raw, codes)
    if calibration.is_identity:
        return JudgedProbabilities(calibration, before, before)
    crossed = cross_calibrated(observed, raw, codes, folds)
    return JudgedProbabilities(calibration, before, reliability_curve(observed, crossed, codes))
