"""Kernel ridge regression, and logistic regression on the same features for classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.kernel_approximation import Nystroem
from sklearn.metrics.pairwise import pairwise_distances, pairwise_kernels

from ._model import register_model
from ._ridge import LinearModel, fit_linear
from ._sample import Sample
from ._state import read_state, write_state

__all__ = ["KernelModel", "fit_kernel"]

DISTANCES = {"rbf": "sqeuclidean", "laplacian": "manhattan"}
CANDIDATES = (("rbf", 1.0), ("rbf", 3.0), ("rbf", 10.0), ("laplacian", 3.0), ("laplacian", 10.0))
"""Kernels and their widths, in median distances between training rows."""
DEFAULT = ("rbf", 3.0)
ALPHAS = tuple(10.0**k for k in range(0, -5, -1))
DEFAULT_ALPHA = 0.1
COSTS = tuple(10.0**k for k in range(-1, 4))
DEFAULT_COST = 10.0
MOST_LANDMARKS = 1500
MOST_FOR_CLASSES = 300
"""Logistic regression takes many passes."""
RACED_ROWS = 800
RACED_LANDMARKS = 400
_ROWS_AT_ONCE = 4096


@register_model("kernel")
@dataclass(frozen=True, eq=False)
class KernelModel:
    """A linear model on the similarity to landmarks.

    Parameters
    ----------
    landmarks
        ``(n_landmarks, n_inputs)`` training rows.
    kernel, gamma
        ``exp(-gamma d)`` with d the squared Euclidean (``rbf``) or the Manhattan distance (``laplacian``).
    linear
        On the ``n_landmarks`` similarities.
    """

    landmarks: np.ndarray
    kernel: str
    gamma: float
    linear: LinearModel
    note: str = ""

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """In float64, some rows at a time."""
        parts = range(0, max(len(inputs), 1), _ROWS_AT_ONCE)
        return np.concatenate(
            [self.linear.predict(self._similarity(inputs[i : i + _ROWS_AT_ONCE])) for i in parts]
        )

    def save(self, folder: Path) -> None:
        """Write the landmarks and the linear model."""
        self.linear.save(folder)
        fields = {"kernel": self.kernel, "gamma": self.gamma, "note": self.note}
        write_state(folder, "kernel", fields, {"landmarks": self.landmarks})

    @classmethod
    def load(cls, folder: Path) -> KernelModel:
        """Read what `save` wrote."""
        return cls(linear=LinearModel.load(folder), **read_state(folder, "kernel"))

    def _similarity(self, inputs: np.ndarray) -> np.ndarray:
        if not len(inputs):
            return np.zeros((0, len(self.landmarks)))
        return pairwise_kernels(
            inputs.astype(float), self.landmarks.astype(float), metric=self.kernel, gamma=self.gamma
        )


def fit_kernel(sample: Sample, *, seed: int, n_threads: int) -> KernelModel:
    """Kernels race on a few rows by inner validation; the winner is fitted to all.

    With up to 1,500 labels it is kernel ridge regression itself. Beyond, and from 300 for classes, it is the
    approximation of Nystroem: as many rows, drawn at random, serve as landmarks.
    """
    most = MOST_FOR_CLASSES if sample.is_class else MOST_LANDMARKS
    chosen = DEFAULT
    if len(sample.valid_labels):
        few = _some_rows(sample, RACED_ROWS, seed)
        losses = [
            _fit(few, kernel, width, min(most, RACED_LANDMARKS), seed)[1] for kernel, width in CANDIDATES
        ]
        chosen = CANDIDATES[int(np.argmin(losses))]
    return _fit(sample, *chosen, most, seed)[0]


def _fit(sample: Sample, kernel: str, width: float, most: int, seed: int) -> tuple[KernelModel, float]:
    gamma = 1.0 / (width * _median_distance(sample.inputs, DISTANCES[kernel], seed))
    features = Nystroem(
        kernel=kernel, gamma=gamma, n_components=min(most, len(sample.inputs)), random_state=seed
    )
    features.fit(sample.inputs.astype(float))

    def mapped(inputs: np.ndarray) -> np.ndarray:
        return features.transform(inputs.astype(float)) if len(inputs) else inputs

    inner = replace(sample, inputs=mapped(sample.inputs), valid_inputs=mapped(sample.valid_inputs))
    linear, loss = fit_linear(inner, *((COSTS, DEFAULT_COST) if sample.is_class else (ALPHAS, DEFAULT_ALPHA)))
    on_landmarks = replace(linear, coefficients=features.normalization_.T @ linear.coefficients)
    return KernelModel(np.asarray(features.components_, np.float32), kernel, gamma, on_landmarks), loss


def _some_rows(sample: Sample, most: int, seed: int) -> Sample:
    if len(sample.labels) <= most:
        return sample
    rows = np.sort(np.random.default_rng(seed).choice(len(sample.labels), most, replace=False))
    if sample.is_class and len(np.unique(sample.labels[rows])) < 2:
        rows = np.union1d(rows, np.unique(sample.labels, return_index=True)[1])
    return replace(
        sample, inputs=sample.inputs[rows], labels=sample.labels[rows], weights=sample.weights[rows]
    )


def _median_distance(inputs: np.ndarray, metric: str, seed: int) -> float:
    """Between a few hundred different rows; 1 where all are equal."""
    few = inputs[np.random.default_rng(seed).permutation(len(inputs))[:300]].astype(float)
    between = pairwise_distances(few, metric=metric)[np.triu_indices(len(few), 1)]
    return float(np.median(between[between > 0.0])) if (between > 0.0).any() else 1.0
