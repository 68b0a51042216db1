"""How an error falls with the number of labels, and what more labels would buy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from ..evaluation import correlated_posterior

__all__ = ["CurveFit", "Gain", "fit_curve", "read_gain"]

FEWEST_FOR_FLOOR = 4
"""Counts from which three unknowns can be told; below, a power law without a floor has two."""
EXPONENTS = 0.05, 2.0
"""Range of c; learning curves in the literature lie between."""
REACH = 2.0
"""Never is a curve read beyond so many times the labels there are."""


@dataclass(frozen=True, slots=True)
class CurveFit:
    """``a + b n^-c``, fitted to the mean errors.

    Parameters
    ----------
    form
        ``power law``; ``power law without floor``, which has ``a = 0``; ``none`` where nothing could be fitted.
    a, b, c
        Coefficients, NaN for none.
    residual
        Root mean square of what the curve misses at the counts.
    """

    form: str
    a: float
    b: float
    c: float
    residual: float

    def at(self, counts: np.ndarray) -> np.ndarray:
        """Error of the curve at some numbers of labels."""
        return self.a + self.b * np.asarray(counts, float) ** -self.c


@dataclass(frozen=True, slots=True)
class Gain:
    """What more labels would change.

    Parameters
    ----------
    more
        Labels added.
    change
        Of the error, in its unit; negative is better. NaN where nothing can be read.
    low, high
        95 % range over folds and over the forms of curve that were fitted.
    """

    more: float
    change: float
    low: float
    high: float


def fit_curve(counts: np.ndarray, errors: np.ndarray, floor: bool | None = None) -> CurveFit:
    """Fit mean errors over counts of labels.

    Parameters
    ----------
    counts
        ``(n_counts,)`` labels, positive.
    errors
        ``(n_counts, n_rounds)`` errors at these counts, NaN where unknown; rounds that lack a count are left out.
    floor
        Whether the curve may end at an error above (or, by noise, below) 0; by default where at least four counts
        have errors. Without a floor it is a straight line in the logarithms of error and count.

    Returns
    -------
    CurveFit
        Of least squares; the exponent of a curve with a floor within 0.05 and 2.
    """
    counts, errors = _whole(counts, errors)
    none = CurveFit("none", np.nan, np.nan, np.nan, np.nan)
    if len(np.unique(counts)) < 2 or not errors.shape[1]:
        return none
    mean = errors.mean(axis=1)
    if floor is None:
        floor = len(np.unique(counts)) >= FEWEST_FOR_FLOOR
    if floor:
        return _with_floor(counts, mean)
    if mean.min() <= 0.0:
        return none
    weights = _weights(np.log(counts), np.array([0.0, 1.0]))
    start, slope = float(weights[0] @ np.log(mean)), float((weights[1] - weights[0]) @ np.log(mean))
    missed = np.exp(start + slope * np.log(counts)) - mean
    return CurveFit("power law without floor", 0.0, float(np.exp(start)), -slope, _size(missed))


def read_gain(counts: np.ndarray, errors: np.ndarray, more: float, ratio: float) -> Gain:
    """Change of the error by more labels than the largest count, never beyond twice that.

    What is read off the curve through the mean errors is, to first order, the mean of what every fold says: its
    gradient by the mean errors times the fold's own deviations. Their corrected interval is that of Nadeau and
    Bengio (2003). Where a curve with a floor was fitted the range also covers the one without.

    Parameters
    ----------
    counts, errors
        As in `fit_curve`.
    more
        Labels added.
    ratio
        Test rows over training rows of a fold.
    """
    counts, errors = _whole(counts, errors)
    unknown = Gain(more, np.nan, np.nan, np.nan)
    if not len(counts) or counts.max() + more > REACH * counts.max() + 1e-9:
        return unknown
    best = fit_curve(counts, errors)
    fits = [best] if best.form != "power law" else [best, fit_curve(counts, errors, floor=False)]
    fits = [fit for fit in fits if fit.form != "none"]
    if not fits:
        return unknown
    mean = errors.mean(axis=1)
    ends = np.array([counts.max(), counts.max() + more])
    intervals = []
    for fit in fits:
        change = float(np.diff(fit.at(ends))[0])
        deviations = _gradient(fit, counts, mean, ends) @ (errors - mean[:, None])
        intervals.append(correlated_posterior(change + deviations, ratio).interval())
    low, high = min(i[0] for i in intervals), max(i[1] for i in intervals)
    change = float(np.diff(best.at(ends))[0])
    return Gain(more, change, max(low, -float(mean[np.argmax(counts)])), high)


def _whole(counts: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts with an error in some round, and the rounds that have all of these."""
    known = np.isfinite(errors)
    some = known.any(axis=1)
    return np.asarray(counts, float)[some], errors[some][:, known[some].all(axis=0)]


def _weights(x: np.ndarray, at: np.ndarray) -> np.ndarray:
    """``(n_at, n)``: weights of observations at ``x`` in the value of their least-squares line at other places."""
    centred = x - x.mean()
    return 1.0 / len(x) + np.outer(at - x.mean(), centred) / (centred @ centred)


def _gradient(fit: CurveFit, counts: np.ndarray, mean: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """``(n_counts,)``: how the change between two counts follows each mean error, the exponent of a floor held."""
    if fit.form == "power law":
        return np.diff(_weights(counts**-fit.c, ends**-fit.c), axis=0)[0]
    weights = _weights(np.log(counts), np.log(ends)) / mean
    return np.diff(fit.at(ends)[:, None] * weights, axis=0)[0]


def _with_floor(counts: np.ndarray, mean: np.ndarray) -> CurveFit:
    def misfit(c: float) -> float:
        return _size(_weights(counts**-c, counts**-c) @ mean - mean)

    grid = np.geomspace(*EXPONENTS, 40)
    best = int(np.argmin([misfit(c) for c in grid]))
    inner = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, len(grid) - 1)])
    found = minimize_scalar(misfit, bounds=inner, method="bounded", options={"xatol": 1e-9})
    refined = float(found.x)  # pyright: ignore[reportAttributeAccessIssue]
    c = min((refined, float(grid[best])), key=misfit)
    a, at_one = _weights(counts**-c, np.array([0.0, 1.0])) @ mean
    return CurveFit("power law", float(a), float(at_one - a), c, misfit(c))


def _size(missed: np.ndarray) -> float:
    return float(np.sqrt((missed**2).mean()))
