"""How much of a property the elements explain by x and x(1 - x) alone."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

__all__ = ["nordheim_scores"]


def nordheim_scores(fractions: np.ndarray, values: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """R² on every test fold of a ridge regression on x and x(1 - x) of every element.

    Nordheim's rule makes the residual resistivity of a binary alloy proportional to x(1 - x); with a term for each
    element it is what the paper fits. The variance of all values is the denominator.

    Parameters
    ----------
    fractions
        ``(n_rows, n_elements)`` atomic fractions.
    values
        ``(n_rows,)``, finite.
    folds
        ``(n_repeats, n_rows)`` test fold of each row.

    Returns
    -------
    ndarray
        ``(n_repeats, n_folds)``.
    """
    used = fractions[:, np.ptp(fractions, axis=0) > 0]
    terms = np.hstack([used, used * (1.0 - used)])
    scores = np.full((len(folds), int(folds.max()) + 1), np.nan)
    for repeat, fold in np.ndindex(scores.shape):
        test = folds[repeat] == fold
        if test.any() and (~test).sum() > 2:
            model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-4, 3, 8)))
            predicted = model.fit(terms[~test], values[~test]).predict(terms[test])
            scores[repeat, fold] = 1.0 - np.mean((predicted - values[test]) ** 2) / values.var()
    return scores
