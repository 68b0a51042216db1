"""The tails of errors in numbers: percentiles, their paired changes, and the groups that sit in them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..evaluation import PROBABILITY_FLOOR, correlated_posterior
from ..table import Kind

__all__ = [
    "ArmTail",
    "Change",
    "arm_tail",
    "fold_changes",
    "paired_change",
    "percentile_curve",
    "row_errors",
    "wrong_change",
]

FEWEST_FOR = {0.5: 20, 0.95: 20, 0.99: 100}
"""Labels that a test part needs for a percentile of its errors: at least one lies above it."""
FEWEST_POOLED_99 = 500
"""Labels that a property needs for a 99th percentile over all of them: five lie above it."""
SAME = 0.05
"""Relative change of a percentile that makes no practical difference."""
WRONG_BELOW = 0.1
"""A class is confidently wrong where its true value was given less than this probability."""
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99)
ABOVE = 5
"""Labels that must lie above a level of the curve."""


@dataclass(frozen=True, slots=True)
class ArmTail:
    """Percentiles of the errors of one arm, averaged over repeats.

    Parameters
    ----------
    median, q95, q99, largest
        Of the absolute error in model space, for classes of the log loss of single rows; ``q99`` is NaN below
        500 labels.
    wrong
        Share of rows whose true class got a probability under 0.1; NaN for regression.
    """

    median: float
    q95: float
    q99: float
    largest: float
    wrong: float

    @property
    def ratio(self) -> float:
        """How long the tail is: 95th percentile over the median."""
        return self.q95 / self.median if self.median > 0 else math.nan

    @property
    def ratio99(self) -> float:
        """99th percentile over the median."""
        return self.q99 / self.median if self.median > 0 else math.nan


@dataclass(frozen=True, slots=True)
class Change:
    """From apart to together, paired by fold; from the corrected posterior of the logarithm of the ratio.

    Parameters
    ----------
    relative
        Geometric mean of the ratios minus 1; positive: larger together.
    interval
        95 %, of the same.
    p_larger, p_same, p_smaller
        Probabilities of a change above 5 %, within 5 %, and below.
    p_value, p_holm
        Two-sided, of no change; corrected over properties.
    n_folds, n_repeats
        With a difference; folds of the poorest such repeat.
    """

    relative: float
    interval: tuple[float, float]
    p_larger: float
    p_same: float
    p_smaller: float
    p_value: float
    p_holm: float
    n_folds: int
    n_repeats: int


def row_errors(kind: str, observed: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Errors of single rows, ``(n_repeats, n_rows)``: absolute, for classes minus the log of the true class.

    Parameters
    ----------
    kind
        Of the property.
    observed
        ``(n_rows,)`` in model space, NaN = unmeasured.
    predicted
        ``(n_repeats, n_rows, n_outputs)``, NaN where not predicted.
    """
    if kind == Kind.REGRESSION:
        return np.abs(predicted[:, :, 0] - observed)
    known = np.isfinite(observed)
    codes = np.where(known, observed, 0).astype(int)
    if kind == Kind.BINARY:
        predicted = np.concatenate([1.0 - predicted, predicted], axis=2)
    chosen = np.take_along_axis(predicted, np.broadcast_to(codes, predicted.shape[:2])[:, :, None], axis=2)
    return np.where(known, -np.log(np.clip(chosen[:, :, 0], PROBABILITY_FLOOR, 1.0)), np.nan)


def fold_changes(
    together: np.ndarray, apart: np.ndarray, outer: np.ndarray, n_folds: int, level: float
) -> np.ndarray:
    """Logarithm of the ratio of one percentile of the errors, by fold.

    Parameters
    ----------
    together, apart
        ``(n_repeats, n_rows)`` errors, NaN on the same rows.
    outer
        ``(n_repeats, n_rows)`` fold of each row.
    level
        Of the percentile, 0 to 1.

    Returns
    -------
    ``(n_repeats, n_folds)``; NaN where the test part has too few labels or a percentile is 0.
    """
    changes = np.full((len(outer), n_folds), np.nan)
    for r, f in np.ndindex(*changes.shape):
        rows = (outer[r] == f) & np.isfinite(together[r])
        if rows.sum() < FEWEST_FOR[level]:
            continue
        both = np.quantile(together[r, rows], level), np.quantile(apart[r, rows], level)
        if min(both) > 0:
            changes[r, f] = math.log(both[0] / both[1])
    return changes


def arm_tail(errors: np.ndarray, kind: str) -> ArmTail:
    each = [line[np.isfinite(line)] for line in errors]
    each = [line for line in each if line.size]
    median, q95, q99, largest = np.mean(
        [np.quantile(line, [0.5, 0.95, 0.99, 1.0]) for line in each], axis=0
    ).tolist()
    enough = min(line.size for line in each) >= FEWEST_POOLED_99
    wrong = math.nan if kind == Kind.REGRESSION else float(np.mean([_wrong_share(line) for line in each]))
    return ArmTail(median, q95, q99 if enough else math.nan, largest, wrong)


def _wrong_share(losses: np.ndarray) -> float:
    return float((losses > -math.log(WRONG_BELOW)).mean())


def wrong_change(
    together: np.ndarray, apart: np.ndarray, outer: np.ndarray, n_folds: int, ratio: float
) -> tuple[float, float, float] | None:
    differences = np.full((len(outer), n_folds), np.nan)
    for r, f in np.ndindex(*differences.shape):
        rows = (outer[r] == f) & np.isfinite(together[r])
        if rows.any():
            differences[r, f] = _wrong_share(together[r, rows]) - _wrong_share(apart[r, rows])
    if np.isfinite(differences).sum() < 2:
        return None
    posterior = correlated_posterior(differences, ratio)
    return (posterior.mean, *posterior.interval())


def paired_change(logs: np.ndarray, ratio: float) -> Change | None:
    known = np.isfinite(logs).sum(axis=1)
    if known.sum() < 2:
        return None
    posterior = correlated_posterior(logs, ratio)
    low, high = posterior.interval()
    smaller, same, larger = posterior.probabilities(math.log1p(SAME))
    return Change(
        relative=math.expm1(posterior.mean),
        interval=(math.expm1(low), math.expm1(min(high, 700.0))),
        p_larger=larger,
        p_same=same,
        p_smaller=smaller,
        p_value=posterior.p_value(),
        p_holm=posterior.p_value(),
        n_folds=int(known[known > 0].min()),
        n_repeats=int((known > 0).sum()),
    )


def percentile_curve(together: np.ndarray, apart: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Relative change of percentiles, averaged over repeats."""
    pairs = [(j[np.isfinite(j)], s[np.isfinite(s)]) for j, s in zip(together, apart, strict=True)]
    pairs = [(j, s) for j, s in pairs if j.size]
    fewest = min(j.size for j, _ in pairs)
    levels = np.array([level for level in LEVELS if (1.0 - level) * fewest >= ABOVE])
    if not levels.size:
        return levels, levels
    means = [np.mean([np.quantile(side[i], levels) for side in pairs], axis=0) for i in (0, 1)]
    changes = np.full(len(levels), np.nan)
    np.divide(means[0], means[1], out=changes, where=means[1] > 0)
    return levels, changes - 1.0
