"""Many properties judged at once."""

from __future__ import annotations

import numpy as np

__all__ = ["declare", "holm"]

_ROUNDING = 1e-12


def holm(p_values: np.ndarray) -> np.ndarray:
    """Step-down adjusted p values (Holm 1979); they hold whatever the dependence between tests.

    Parameters
    ----------
    p_values
        ``(n,)``; NaN = no test was made: stays NaN and does not count.
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(p_values.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    steps = p_values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


def declare(error_probabilities: np.ndarray, level: float = 0.05) -> np.ndarray:
    """Which statements to make so that the expected share of wrong ones stays at or under ``level``.

    Statements are taken in order of certainty while the mean posterior probability of being wrong, over
    those taken so far, is at most ``level``.

    Parameters
    ----------
    error_probabilities
        ``(n,)`` posterior probability that each statement is wrong; NaN is never declared.
    level
        Largest mean error probability.

    Returns
    -------
    ndarray of bool
        ``(n,)``.
    """
    errors = np.asarray(error_probabilities, dtype=np.float64)
    declared = np.zeros(errors.shape, dtype=bool)
    order = np.argsort(errors, kind="stable")
    running = np.cumsum(errors[order]) / np.arange(1, len(order) + 1)
    declared[order] = running <= level + _ROUNDING
    return declared
