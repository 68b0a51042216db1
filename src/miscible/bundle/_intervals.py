"""Conformal intervals of a fold ensemble (CV+) from grouped out-of-fold residuals.

CV+: Barber, Candes, Ramdas, Tibshirani, "Predictive inference with the jackknife+", Ann. Statist. 49 (2021).
Groups: Lee, Barber, Willett, "Distribution-free inference with hierarchical data", arXiv 2306.06342.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..evaluation import finite_mean, group_weights

__all__ = ["Residuals", "fit_residuals", "measured_coverage", "measured_width"]

_HALVINGS = 20


@dataclass(frozen=True, eq=False)
class Residuals:
    """Absolute out-of-fold residuals in model space, sorted by fold and size.

    Parameters
    ----------
    values
        ``(n,)``.
    weights
        ``(n,)``, one over the number of labels in the row's group.
    folds
        ``(n,)`` int64, the member that did not see the row.
    """

    values: np.ndarray
    weights: np.ndarray
    folds: np.ndarray

    def interval(self, members: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
        """CV+ interval of new rows.

        The bounds are weighted quantiles of every member's prediction minus and plus the residuals of the
        rows it did not see. The new row counts as one more group, with an infinite residual.

        Parameters
        ----------
        members
            ``(n_folds, n_rows)`` predictions in model space; NaN where a member has none.
        level
            Coverage, between 0 and 1.

        Returns
        -------
        low, high
            ``(n_rows,)`` each, around the mean of the members; infinite where the groups are too few.
        """
        centre = finite_mean(members)
        unknown = np.isnan(centre)
        members = np.where(np.isfinite(members), members, np.where(unknown, 0.0, centre))
        low = np.minimum(-self._upper(-members, level), centre)
        high = np.maximum(self._upper(members, level), centre)
        return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What `from_arrays` needs."""
        return {"values": self.values, "weights": self.weights, "folds": self.folds}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> Residuals:
        """Inverse of `to_arrays`."""
        return cls(arrays["values"], arrays["weights"], arrays["folds"])

    def _upper(self, members: np.ndarray, level: float) -> np.ndarray:
        """Bisection: the quantile lies between the lowest and the highest member plus the pooled quantile."""
        radius = _quantile(self.values, self.weights, level)
        low, high = members.min(axis=0) + radius, members.max(axis=0) + radius
        if not np.isfinite(radius) or np.array_equal(low, high):
            return high
        needed = _needed(self.weights, level)
        parts = [self._of_fold(f) for f in range(len(members))]
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            weight = np.zeros(len(middle))
            for member, (values, cumulative) in zip(members, parts, strict=True):
                weight += cumulative[np.searchsorted(values, middle - member, side="right")]
            enough = weight >= needed
            high = np.where(enough, middle, high)
            low = np.where(enough, low, middle)
        return high

    def _of_fold(self, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """Sorted residuals of a fold, and the weight of the first 0, 1, 2... of them."""
        start, stop = np.searchsorted(self.folds, [fold, fold + 1])
        return self.values[start:stop], np.concatenate([[0.0], np.cumsum(self.weights[start:stop])])


def fit_residuals(
    observed: np.ndarray, predicted: np.ndarray, codes: np.ndarray, folds: np.ndarray
) -> Residuals:
    """Residuals of one property.

    Parameters
    ----------
    observed, predicted
        ``(n,)`` in model space; rows with NaN in either are left out.
    codes, folds
        ``(n,)`` group and outer fold of each row.
    """
    use = np.isfinite(observed) & np.isfinite(predicted)
    values, folds = np.abs(observed[use] - predicted[use]), folds[use].astype(np.int64)
    order = np.lexsort((values, folds))
    return Residuals(values[order], group_weights(codes[use])[order], folds[order])


def measured_coverage(residuals: Residuals, level: float) -> float:
    """Weighted share of labels inside, each fold judged by residuals of the others; NaN without labels."""
    values, weights = residuals.values, residuals.weights
    inside = np.zeros(len(values), dtype=bool)
    for fold in np.unique(residuals.folds):
        own = residuals.folds == fold
        inside[own] = values[own] <= _quantile(values[~own], weights[~own], level)
    return float(np.average(inside, weights=weights)) if len(values) else float("nan")


def measured_width(residuals: Residuals, level: float) -> float:
    """Weighted mean width behind `measured_coverage`, in model space; infinite where other folds are too few.

    The members' disagreement, which widens the interval of a new row further, is not in it.
    """
    values, weights = residuals.values, residuals.weights
    width = np.empty(len(values))
    for fold in np.unique(residuals.folds):
        own = residuals.folds == fold
        width[own] = 2.0 * _quantile(values[~own], weights[~own], level)
    return float(np.average(width, weights=weights)) if len(values) else float("nan")


def _needed(weights: np.ndarray, level: float) -> float:
    """Weight below the bound; rounding must not cost a whole residual."""
    return level * (weights.sum() + 1.0) * (1.0 - 1e-12)


def _quantile(values: np.ndarray, weights: np.ndarray, level: float) -> float:
    """Smallest value with enough weight at or below it; infinite if there is not enough."""
    order = np.argsort(values, kind="stable")
    reached = np.flatnonzero(np.cumsum(weights[order]) >= _needed(weights, level))
    return float(values[order[reached[0]]]) if len(reached) else np.inf
