"""The model that looks at no input."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..table import Kind
from ._model import register_model
from ._sample import Sample, one_hot
from ._state import read_state, write_state

__all__ = ["MeanModel", "fit_mean"]


@register_model("mean")
@dataclass(frozen=True)
class MeanModel:
    """One answer for every row.

    Parameters
    ----------
    values
        One per output.
    note
        Why nothing better was fitted, when this stands in for another model.
    """

    values: tuple[float, ...]
    note: str = ""

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """The same values in every row."""
        return np.tile(np.asarray(self.values), (len(inputs), 1))

    def save(self, folder: Path) -> None:
        """Write values and note."""
        write_state(folder, "mean", {"values": self.values, "note": self.note})

    @classmethod
    def load(cls, folder: Path) -> MeanModel:
        """Read what `save` wrote."""
        state = read_state(folder, "mean")
        return cls(tuple(state["values"]), state["note"])


def fit_mean(sample: Sample, note: str = "") -> MeanModel:
    """Weighted mean of the labels; for classes their frequencies, each counted once more (Laplace).

    Without any label: 0, or equal probabilities.
    """
    if sample.is_class:
        counts = sample.weights @ one_hot(sample.labels, sample.n_classes) + 1.0
        frequencies = counts / counts.sum()
        values = frequencies[1:] if sample.kind == Kind.BINARY else frequencies
    else:
        values = [np.average(sample.labels, weights=sample.weights) if len(sample.labels) else 0.0]
    return MeanModel(tuple(float(v) for v in values), note)
