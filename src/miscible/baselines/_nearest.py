"""Distance-weighted nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.neighbors import NearestNeighbors

from ..table import Kind
from ._model import register_model
from ._sample import Sample, one_hot, task_loss
from ._state import read_state, write_state

__all__ = ["NearestModel", "fit_nearest"]

NEIGHBOURS = (1, 3, 5, 10)
DEFAULT_NEIGHBOURS = 5
SMALLEST_DISTANCE = 1e-9


@register_model("nearest")
@dataclass(frozen=True, eq=False)
class NearestModel:
    """Mean of the nearest training rows, weighted by sample weight over Euclidean distance.

    Parameters
    ----------
    inputs
        ``(n, n_inputs)`` training rows.
    outputs
        ``(n, n_outputs)`` their labels, one-hot for classes.
    weights
        ``(n,)``.
    n_neighbors
        How many are averaged.
    """

    inputs: np.ndarray
    outputs: np.ndarray
    weights: np.ndarray
    n_neighbors: int
    note: str = ""

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Weighted mean of the neighbours' labels."""
        return self._average(*self._neighbors(inputs, self.n_neighbors))

    def save(self, folder: Path) -> None:
        """Write the training rows."""
        arrays = {"inputs": self.inputs, "outputs": self.outputs, "weights": self.weights}
        write_state(folder, "nearest", {"n_neighbors": self.n_neighbors, "note": self.note}, arrays)

    @classmethod
    def load(cls, folder: Path) -> NearestModel:
        """Read what `save` wrote."""
        return cls(**read_state(folder, "nearest"))

    def _neighbors(self, inputs: np.ndarray, n_neighbors: int) -> tuple[np.ndarray, np.ndarray]:
        search = NearestNeighbors(n_neighbors=n_neighbors, algorithm="brute").fit(self.inputs)
        return search.kneighbors(inputs)

    def _average(self, distances: np.ndarray, rows: np.ndarray) -> np.ndarray:
        weights = self.weights[rows] / np.maximum(distances, SMALLEST_DISTANCE)
        weights /= weights.sum(axis=1, keepdims=True)
        return np.einsum("nk,nko->no", weights, self.outputs[rows])


def fit_nearest(sample: Sample, *, seed: int, n_threads: int) -> NearestModel:
    """Choose the number of neighbours on inner validation."""
    outputs = sample.labels[:, None]
    if sample.kind == Kind.MULTICLASS:
        outputs = one_hot(sample.labels, sample.n_classes)
    n_train = len(outputs)
    model = NearestModel(sample.inputs, outputs, sample.weights, min(DEFAULT_NEIGHBOURS, n_train))
    if len(sample.valid_labels) == 0:
        return model
    grid = sorted({min(k, n_train) for k in NEIGHBOURS})
    distances, rows = model._neighbors(sample.valid_inputs, grid[-1])
    losses = [
        task_loss(
            sample.kind,
            sample.valid_labels,
            model._average(distances[:, :k], rows[:, :k]),
            sample.valid_weights,
        )
        for k in grid
    ]
    return NearestModel(sample.inputs, outputs, sample.weights, grid[int(np.argmin(losses))])
