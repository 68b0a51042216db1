"""Bins of a continuous label, and smoothing over them."""

from __future__ import annotations

import numpy as np

__all__ = ["bin_of", "label_bins", "smoothing_matrix"]

_FAR = 5.0
_OUTERMOST = 0.01
_TRUNCATE = 4.0


def label_bins(labels: np.ndarray, n_bins: int = 50) -> np.ndarray:
    """Edges of bins of equal width over the range of the labels.

    The range stops short of gross outliers, which would leave everything else in one bin: a label that is both
    further than five interquartile ranges from the quartiles and among the outermost hundredth of its side (at
    least one label) does not widen it. :func:`bin_of` puts such labels in the first or last bin.

    Parameters
    ----------
    labels
        ``(n,)``, finite, at least one.
    n_bins
        How many.

    Returns
    -------
    ndarray
        ``(n_bins + 1,)`` float64, increasing. Labels that are all equal lie in the middle bin.

    Raises
    ------
    ValueError
        Without labels, with one that is not finite, or without bins.
    """
    values = np.asarray(labels, dtype=np.float64)
    if n_bins < 1:
        raise ValueError(f"n_bins must be at least 1, got {n_bins}")
    if values.size == 0 or not np.isfinite(values).all():
        raise ValueError("bins need at least one label, and every label finite")
    low, high = values.min(), values.max()
    first, third = np.quantile(values, [0.25, 0.75])
    far = _FAR * (third - first)
    if far > 0.0:
        low = max(low, min(first - far, np.quantile(values, _OUTERMOST, method="higher")))
        high = min(high, max(third + far, np.quantile(values, 1.0 - _OUTERMOST, method="lower")))
    if high == low:
        half = max(0.5, abs(low) * 1e-6)
        low, high = low - half, high + half
    return np.linspace(low, high, n_bins + 1)


def bin_of(labels: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """``(n,)`` int64 bin of each label; what lies beyond the edges belongs to the first or last bin."""
    return np.searchsorted(edges[1:-1], np.asarray(labels, dtype=np.float64), side="right")


def smoothing_matrix(n_bins: int, sigma: float) -> np.ndarray:
    """Gaussian smoothing over bins as a matrix.

    The kernel reaches to four ``sigma``, sums to 1, and what would fall off an edge is reflected back: every row
    sums to 1 and the matrix is symmetric, so that smoothing a histogram loses no count.

    Parameters
    ----------
    n_bins
        Size.
    sigma
        Standard deviation in bins; 0 does not smooth.

    Returns
    -------
    ndarray
        ``(n_bins, n_bins)`` float64.

    Raises
    ------
    ValueError
        When ``sigma`` is negative or not finite.
    """
    if not 0.0 <= sigma < np.inf:
        raise ValueError(f"sigma must be finite and not negative, got {sigma}")
    reach = int(_TRUNCATE * sigma + 0.5)
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2) if reach > 0 else np.ones(1)
    kernel /= kernel.sum()
    landing = (np.arange(n_bins)[:, None] + offsets) % (2 * n_bins)
    landing = np.where(landing < n_bins, landing, 2 * n_bins - 1 - landing)
    matrix = np.zeros((n_bins, n_bins))
    np.add.at(matrix, (np.arange(n_bins)[:, None], landing), kernel)
    return matrix
