"""Weights of labels from how rare their value is among the labels of their own task."""

from __future__ import annotations

import numpy as np

from ._bins import bin_of, label_bins, smoothing_matrix

__all__ = ["class_weights", "lds_weights"]

_LARGEST = 10.0


def lds_weights(labels: np.ndarray, *, sigma: float, n_bins: int = 50) -> np.ndarray:
    """Label distribution smoothing.

    Yang et al. 2021, arXiv 2102.09554: a label weighs the inverse of the smoothed density of labels around it.
    Square roots are taken of the counts before smoothing, the kernel sums to 1 and is reflected at the edges.

    Two guards are ours. Gross outliers do not widen the range of the bins, see :func:`label_bins`. And no
    weight exceeds ten times the mean: inverse densities beyond that are cut, and the others scaled up to fill
    the mean, because a few labels with enormous weights are noise in the gradient.

    Parameters
    ----------
    labels
        ``(n,)`` labels of one regression task, finite, transformed and scaled as training sees them.
    sigma
        Of the Gaussian kernel, in bins.
    n_bins
        Bins over the range.

    Returns
    -------
    ndarray
        ``(n,)`` float64 with mean 1; empty without labels.

    Raises
    ------
    ValueError
        As :func:`label_bins` and :func:`smoothing_matrix`.
    """
    values = np.asarray(labels, dtype=np.float64)
    if values.size == 0:
        return np.zeros(0)
    cell = bin_of(values, label_bins(values, n_bins))
    counts = np.bincount(cell, minlength=n_bins)
    density = smoothing_matrix(n_bins, sigma) @ np.sqrt(counts)
    return _mean_one(1.0 / density[cell])


def _mean_one(weights: np.ndarray) -> np.ndarray:
    """Scale to mean 1 with a ceiling: ``min(c * weights, ceiling)`` for the one ``c`` that gives it."""
    n = len(weights)
    cut = np.zeros(n, dtype=bool)
    while True:
        scaled = weights * ((n - _LARGEST * cut.sum()) / weights[~cut].sum())
        # What is cut has more than the mean to give away, so the factor only grows and a cut is never undone.
        over = ~cut & (scaled > _LARGEST)
        if not over.any():
            return np.where(cut, _LARGEST, scaled)
        cut |= over


def class_weights(codes: np.ndarray) -> np.ndarray:
    """Inverse frequency of each label's class; every class present has the same total weight.

    Parameters
    ----------
    codes
        ``(n,)`` class codes of one task, integers or floats, no NaN.

    Returns
    -------
    ndarray
        ``(n,)`` float64 with mean 1; empty without labels.

    Raises
    ------
    ValueError
        When a code is not finite.
    """
    values = np.asarray(codes)
    if not np.isfinite(values).all():
        raise ValueError("class weights need a finite code for every label")
    _, own, counts = np.unique(values, return_inverse=True, return_counts=True)
    return len(values) / (len(counts) * counts[own]) if len(values) else np.zeros(0)
