"""How well any model could do on labels that do not repeat."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["ReplicateNoise", "replicate_noise"]


class ReplicateNoise(NamedTuple):
    """Spread of labels measured again on the same input.

    Parameters
    ----------
    std
        Pooled standard deviation within keys; NaN without replicates.
    n_replicated
        Keys with at least two labels.
    mae_floor
        Expected \\|label - truth\\| of Gaussian noise of this spread: the mean absolute error of a perfect
        model; NaN without replicates.
    """

    std: float
    n_replicated: int
    mae_floor: float


def replicate_noise(values: np.ndarray, keys: np.ndarray) -> ReplicateNoise:
    """Noise floor from labels measured repeatedly for the same input key.

    With n_k labels of mean m_k at key k, ``std^2 = sum_k sum_i (y_ki - m_k)^2 / sum_k (n_k - 1)`` and
    ``mae_floor = std sqrt(2 / pi)``.

    Parameters
    ----------
    values
        ``(n,)`` labels in model space, NaN = unmeasured.
    keys
        ``(n,)`` input keys that can be sorted, such as integers or strings.
    """
    values = np.asarray(values, dtype=np.float64)
    rows = np.isfinite(values)
    values = values[rows]
    _, codes, counts = np.unique(np.asarray(keys)[rows], return_inverse=True, return_counts=True)
    n_replicated = int((counts > 1).sum())
    if n_replicated == 0:
        return ReplicateNoise(np.nan, 0, np.nan)
    means = np.bincount(codes, weights=values) / counts
    std = float(np.sqrt(np.sum((values - means[codes]) ** 2) / np.sum(counts - 1)))
    return ReplicateNoise(std, n_replicated, std * float(np.sqrt(2 / np.pi)))
