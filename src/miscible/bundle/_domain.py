"""How far new inputs are from those the models were trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.utils.extmath import randomized_svd

__all__ = ["Domain", "fit_domain"]

N_REFERENCE = 4096
N_COMPONENTS = 64
N_NEAREST = 5
SHARE_INSIDE = 0.95
_CHUNK = 1024


@dataclass(frozen=True, eq=False)
class Domain:
    """Mean distance to the nearest training rows, in units of the border.

    Parameters
    ----------
    centre
        ``(n_inputs,)`` taken off the inputs.
    axes
        ``(n_inputs, n_components)`` orthonormal; what they leave over enters as its length.
    reference
        ``(n_reference, n_components + 1)`` float32, training rows in these coordinates.
    limit
        Distance of the border.
    """

    centre: np.ndarray
    axes: np.ndarray
    reference: np.ndarray
    limit: float

    def distance(self, inputs: np.ndarray) -> np.ndarray:
        """``(n,)`` distances of prepared inputs ``(n, n_inputs)``; at most 1 inside the domain."""
        coordinates = _coordinates(inputs, self.centre, self.axes)
        return _nearest(coordinates, self.reference, None) / self.limit

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What `from_arrays` needs."""
        return {
            "centre": self.centre,
            "axes": self.axes,
            "reference": self.reference,
            "limit": np.array([self.limit]),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> Domain:
        """Inverse of `to_arrays`."""
        return cls(arrays["centre"], arrays["axes"], arrays["reference"], float(arrays["limit"][0]))


def fit_domain(inputs: np.ndarray, codes: np.ndarray) -> Domain:
    """Learn where the training rows are; the border holds 95 % of them, each judged without its own group.

    Parameters
    ----------
    inputs
        ``(n_rows, n_inputs)`` prepared inputs of the training rows.
    codes
        ``(n_rows,)`` group of each row.
    """
    rows = np.arange(len(inputs))
    if len(rows) > N_REFERENCE:
        rng = np.random.default_rng(np.random.SeedSequence([len(rows), N_REFERENCE]))
        rows = np.sort(rng.choice(rows, N_REFERENCE, replace=False))
    inputs, codes = inputs[rows], codes[rows]
    centre = inputs.mean(axis=0)
    axes = _axes(inputs - centre)
    reference = _coordinates(inputs, centre, axes)
    own = codes if len(np.unique(codes)) > 1 else np.arange(len(codes))
    distances = _nearest(reference, reference, own)
    finite = distances[np.isfinite(distances)]
    limit = float(np.quantile(finite, SHARE_INSIDE)) if len(finite) else 0.0
    return Domain(centre, axes, reference, max(limit, float(np.finfo(np.float32).eps)))


def _axes(centred: np.ndarray) -> np.ndarray:
    n_rows, n_inputs = centred.shape
    if n_inputs <= N_COMPONENTS or n_rows <= N_COMPONENTS:
        return np.eye(n_inputs, dtype=np.float32)
    return randomized_svd(centred, N_COMPONENTS, random_state=0)[2].T.astype(np.float32)


def _coordinates(inputs: np.ndarray, centre: np.ndarray, axes: np.ndarray) -> np.ndarray:
    centred = (inputs - centre).astype(np.float32)
    projected = centred @ axes
    rest = np.square(centred).sum(axis=1) - np.square(projected).sum(axis=1)
    return np.column_stack([projected, np.sqrt(np.maximum(rest, 0.0))]).astype(np.float32)


def _nearest(rows: np.ndarray, reference: np.ndarray, codes: np.ndarray | None) -> np.ndarray:
    """Mean distance to the nearest reference rows of another code; infinite without any."""
    n_nearest = min(N_NEAREST, len(reference))
    lengths = np.square(reference).sum(axis=1)
    distances = np.empty(len(rows))
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        squared = np.square(rows[part]).sum(axis=1)[:, None] + lengths - 2.0 * rows[part] @ reference.T
        if codes is not None:
            squared[codes[part, None] == codes] = np.inf
        squared = np.partition(squared, n_nearest - 1, axis=1)[:, :n_nearest]
        distances[part] = np.sqrt(np.maximum(squared, 0.0)).mean(axis=1)
    return distances
