"""Averages that are fair to small groups and take what is there."""

from __future__ import annotations

import numpy as np

__all__ = ["finite_mean", "group_weights"]


def group_weights(codes: np.ndarray) -> np.ndarray:
    """One over the number of rows of each row's group, so that every group counts once.

    Parameters
    ----------
    codes
        ``(n,)`` group of each row.
    """
    _, group, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    return 1.0 / sizes[group]


def finite_mean(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is finite there; NaN where nothing is.

    Members of an ensemble that diverged answer NaN and are left out.
    """
    finite = np.isfinite(values)
    total = np.where(finite, values, 0.0).sum(axis=0)
    count = finite.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
