"""The distribution of one task's labels, as a mixture of Gaussians or as a histogram."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from ._bins import bin_of, label_bins

__all__ = ["LabelMixture", "fit_histogram", "fit_mixture", "stack_mixtures"]

_LABELS_A_COMPONENT = 10
_MOST_LABELS = 10_000
_VARIANCE_FLOOR = 1e-4


class LabelMixture(NamedTuple):
    """``(C,)`` centres, variances and weights of a mixture; weights are positive and sum to 1."""

    centres: np.ndarray
    variances: np.ndarray
    weights: np.ndarray


def fit_mixture(labels: np.ndarray, n_components: int = 8, seed: int = 0) -> LabelMixture:
    """Mixture of Gaussians by expectation maximisation, for GAI.

    Every component gets ten labels on average or there are fewer, and never more than there are distinct
    labels. Variances are at least 1e-4 of the labels' own. Of more than 10,000 labels, as many quantiles stand
    for all of them.

    Parameters
    ----------
    labels
        ``(n,)``, finite, at least one. All equal: one component with a variance of 1e-4, for labels scaled to a
        spread of about 1.
    n_components
        At most.
    seed
        Of the start.

    Returns
    -------
    LabelMixture
        In the order of the centres, float64.

    Raises
    ------
    ValueError
        Without labels, with one that is not finite, or without components.
    """
    values = _checked(labels)
    if n_components < 1:
        raise ValueError(f"n_components must be at least 1, got {n_components}")
    centre, spread = values.mean(), values.std()
    if values.min() == values.max() or spread == 0.0:
        return LabelMixture(values[:1].copy(), np.array([_VARIANCE_FLOOR]), np.ones(1))
    if values.size > _MOST_LABELS:
        values = np.quantile(values, (np.arange(_MOST_LABELS) + 0.5) / _MOST_LABELS)
    size = max(1, min(n_components, values.size // _LABELS_A_COMPONENT, np.unique(values).size))
    model = GaussianMixture(size, reg_covar=_VARIANCE_FLOOR, max_iter=300, random_state=seed)
    with warnings.catch_warnings():
        # An unfinished fit is still a density of the labels; k-means at the start may merge heaps of equal ones.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(((values - centre) / spread)[:, None])
    means, variances, weights = (
        np.asarray(part, dtype=np.float64).ravel()
        for part in (model.means_, model.covariances_, model.weights_)
    )
    order = np.argsort(means)
    # A component that died keeps a weight with a logarithm.
    weights = np.maximum(weights[order], np.finfo(np.float64).tiny)
    return LabelMixture(centre + spread * means[order], spread**2 * variances[order], weights / weights.sum())


def fit_histogram(labels: np.ndarray, n_bins: int = 50) -> LabelMixture:
    """Histogram over :func:`label_bins`, for BNI: each bin that holds labels is a point at their mean.

    Parameters
    ----------
    labels
        ``(n,)``, finite, at least one.
    n_bins
        Bins over the range.

    Returns
    -------
    LabelMixture
        At most ``n_bins`` components, in order, with variances 0.

    Raises
    ------
    ValueError
        As :func:`label_bins`.
    """
    values = _checked(labels)
    cell = bin_of(values, label_bins(values, n_bins))
    counts = np.bincount(cell, minlength=n_bins)
    held = counts > 0
    sums = np.bincount(cell, values, minlength=n_bins)
    return LabelMixture(sums[held] / counts[held], np.zeros(held.sum()), counts[held] / values.size)


def stack_mixtures(mixtures: Sequence[LabelMixture | None]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mixtures of several tasks as rows of one table, padded to the longest.

    Parameters
    ----------
    mixtures
        One a row; None for a task without a correction (classes).

    Returns
    -------
    tuple
        Centres, variances and logarithms of the weights, each ``(n, C)``; minus infinity where nothing stands,
        which :func:`mixture_correction` understands.
    """
    width = max([len(m.centres) for m in mixtures if m is not None], default=1)
    centres, variances = np.zeros((2, len(mixtures), width))
    log_weights = np.full((len(mixtures), width), -np.inf)
    for row, mixture in enumerate(mixtures):
        if mixture is not None:
            own = slice(len(mixture.centres))
            centres[row, own], variances[row, own] = mixture.centres, mixture.variances
            log_weights[row, own] = np.log(mixture.weights)
    return centres, variances, log_weights


def _checked(labels: np.ndarray) -> np.ndarray:
    values = np.asarray(labels, dtype=np.float64)
    if values.size == 0 or not np.isfinite(values).all():
        raise ValueError("a distribution needs at least one label, and every label finite")
    return values
