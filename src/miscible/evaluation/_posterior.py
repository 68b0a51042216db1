"""The corrected test over overlapping training sets, and what it says of a difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

__all__ = ["Posterior", "correlated_posterior"]


@dataclass(frozen=True, slots=True)
class Posterior:
    """Correlated Student t of the mean paired difference, candidate minus baseline (negative: better).

    Parameters
    ----------
    mean
        Mean difference; NaN where no fold could be compared.
    scale
        Scale of the t distribution: 0 is a point mass, infinity means that nothing is known.
    degrees
        Degrees of freedom.
    """

    mean: float
    scale: float
    degrees: float

    def _below(self, value: float) -> float:
        """Probability that the difference is under ``value``."""
        if self.scale == 0:
            return float(self.mean < value)
        return float(student.cdf((value - self.mean) / self.scale, self.degrees))

    def _above(self, value: float) -> float:
        if self.scale == 0:
            return float(self.mean > value)
        return float(student.sf((value - self.mean) / self.scale, self.degrees))

    def probabilities(self, rope: float) -> tuple[float, float, float]:
        """Probability of practically better (< -rope), equivalent, and practically worse (> rope).

        With an infinite scale: one half, nothing, one half.
        """
        if np.isinf(self.scale):
            return 0.5, 0.0, 0.5
        better, worse = self._below(-rope), self._above(rope)
        return better, max(0.0, 1.0 - better - worse), worse

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Central credible interval."""
        if np.isinf(self.scale):
            return -np.inf, np.inf
        reach = self.scale * float(student.ppf(0.5 + level / 2, self.degrees))
        return self.mean - reach, self.mean + reach

    def p_value(self) -> float:
        """Two-sided p of "the mean difference is 0" (Nadeau and Bengio's corrected resampled t-test)."""
        if np.isinf(self.scale):
            return 1.0
        if self.scale == 0:
            return float(self.mean == 0)
        return float(2 * student.sf(abs(self.mean) / self.scale, self.degrees))

    def smallest_detectable(self, rope: float, probability: float = 0.9) -> float:
        """The |mean difference| from which "practically better" reaches ``probability``, given this scale."""
        if self.scale == 0:
            return rope
        return rope + self.scale * float(student.ppf(probability, self.degrees))


def correlated_posterior(differences: np.ndarray, test_train_ratio: float) -> Posterior:
    """Posterior of the mean of paired differences over folds and repeats.

    The folds' training sets overlap, so the plain variance of a mean is too small. With n differences of
    sample variance s^2 the variance used is ``s^2 (1/n + n_test/n_train)``, with n - 1 degrees of freedom
    (Nadeau and Bengio 2003; as a posterior under a flat prior: Corani and Benavoli 2015).

    Parameters
    ----------
    differences
        ``(n_repeats, n_folds)`` or flat, candidate minus baseline in error form. NaN folds (the metric
        was undefined or an arm was not run) are left out, and n counts the others.
    test_train_ratio
        n_test / n_train of one fold: 1 / (k - 1) for k folds.

    Returns
    -------
    Posterior
        With fewer than two differences: infinite scale. All differences equal: a point mass.

    Raises
    ------
    ValueError
        A difference is infinite, or the ratio is negative.
    """
    values = np.asarray(differences, dtype=np.float64).ravel()
    values = values[~np.isnan(values)]
    if np.isinf(values).any() or not test_train_ratio >= 0:
        raise ValueError(f"differences must not be infinite and the ratio not negative ({test_train_ratio})")
    if values.size < 2:
        return Posterior(float(values[0]) if values.size else np.nan, np.inf, 1.0)
    # Identical values can have a rounding-sized variance; say exactly zero.
    if np.ptp(values) == 0:
        return Posterior(float(values[0]), 0.0, values.size - 1.0)
    scale = np.sqrt(values.var(ddof=1) * (1 / values.size + test_train_ratio))
    return Posterior(float(values.mean()), float(scale), values.size - 1.0)
