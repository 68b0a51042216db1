"""The probability from which a row is called positive."""

from __future__ import annotations

import numpy as np

from ._classification import ranked_counts

__all__ = ["best_threshold"]


def best_threshold(y_true: np.ndarray, probability: np.ndarray) -> float:
    """Threshold that maximises F1; to be found on inner validation rows only.

    Parameters
    ----------
    y_true, probability
        ``(n,)`` labels 0/1 (NaN = unmeasured, left out) and probabilities of class 1.

    Returns
    -------
    float
        Halfway between the lowest probability called and the next one below it (0 below the last); of
        equally good thresholds the one nearest to 0.5. Without both classes, or with a prediction that
        is not finite: 0.5.
    """
    probability = np.asarray(probability, dtype=np.float64).reshape(-1)
    rows = np.isfinite(y_true)
    truth, probability = np.asarray(y_true, dtype=np.float64)[rows], probability[rows]
    if truth.size == 0 or np.ptp(truth) == 0 or not np.isfinite(probability).all():
        return 0.5
    cuts, positives, picked = ranked_counts(truth, probability, np.ones(len(truth)))
    scores = 2 * positives / (picked + positives[-1])
    thresholds = (cuts + np.append(cuts[1:], 0.0)) / 2
    best = thresholds[np.isclose(scores, scores.max(), rtol=1e-12, atol=0)]
    return float(best[np.argmin(np.abs(best - 0.5))])
