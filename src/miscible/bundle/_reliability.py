"""Whether calibration earns its place, measured on folds it did not see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..evaluation import group_weights, metric_error
from ._calibration import Calibration, fit_calibration

__all__ = ["ReliabilityCurve", "choose_calibration", "cross_calibrated", "reliability_curve"]

N_BINS = 10


@dataclass(frozen=True, eq=False)
class ReliabilityCurve:
    """Stated probability against observed frequency, in bins that hold at least one label.

    Parameters
    ----------
    stated, observed
        ``(n_bins,)`` weighted means.
    count
        ``(n_bins,)`` labels.
    weight
        ``(n_bins,)`` share of the weight, summing to 1.
    """

    stated: np.ndarray
    observed: np.ndarray
    count: np.ndarray
    weight: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error: mean of ``|stated - observed|``; NaN without labels."""
        return float(self.weight @ np.abs(self.stated - self.observed)) if len(self.count) else float("nan")


def reliability_curve(observed: np.ndarray, probability: np.ndarray, codes: np.ndarray) -> ReliabilityCurve:
    """Ten bins of equal width.

    With two classes the probability of class 1 against how often it was class 1; with more, the probability
    of the likeliest class against how often it was right (Guo et al. 2017).

    Parameters
    ----------
    observed
        ``(n,)`` class codes.
    probability
        ``(n, n_outputs)``; one column for two classes.
    codes
        ``(n,)`` group of each row; every group weighs the same.
    """
    if probability.shape[1] == 1:
        stated, hit = probability[:, 0], observed == 1
    else:
        stated, hit = probability.max(axis=1), observed == probability.argmax(axis=1)
    weights = group_weights(codes)
    bins = np.clip((stated * N_BINS).astype(int), 0, N_BINS - 1)
    count = np.bincount(bins, minlength=N_BINS)
    used = count > 0
    weight, of_stated, of_hit = (
        np.bincount(bins, weights * values, minlength=N_BINS)[used] for values in (1.0, stated, hit)
    )
    return ReliabilityCurve(of_stated / weight, of_hit / weight, count[used], weight / weight.sum())


def cross_calibrated(
    observed: np.ndarray, probability: np.ndarray, codes: np.ndarray, folds: np.ndarray
) -> np.ndarray:
    """Out-of-fold probabilities, those of each fold calibrated by the other folds.

    Parameters
    ----------
    observed, probability, codes
        As in `reliability_curve`.
    folds
        ``(n,)`` outer fold of each row. With one fold only, nothing is changed.
    """
    calibrated = np.array(probability, dtype=float)
    weights = group_weights(codes)
    names = np.unique(folds)
    for fold in names if len(names) > 1 else ():
        own = folds == fold
        fitted = fit_calibration(observed[~own], probability[~own], weights[~own])
        calibrated[own] = fitted.apply(probability[own])
    return calibrated


def choose_calibration(
    observed: np.ndarray, probability: np.ndarray, codes: np.ndarray, folds: np.ndarray
) -> Calibration:
    """Calibration fitted to every fold, or the identity unless it lowers the log loss of folds it did not see.

    Parameters
    ----------
    observed, probability, codes, folds
        As in `cross_calibrated`.
    """
    weights = group_weights(codes)
    kind = "binary" if probability.shape[1] == 1 else "multiclass"
    crossed = cross_calibrated(observed, probability, codes, folds)
    before, after = (
        metric_error("log_loss", observed, p, weights=weights, kind=kind) for p in (probability, crossed)
    )
    if after < before:
        return fit_calibration(observed, probability, weights)
    n_classes = max(2, probability.shape[1])
    return Calibration(1.0, (0.0,) * n_classes)
