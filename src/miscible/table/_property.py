"""One label column: what it is, in which unit, and how a model sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np

__all__ = ["Kind", "Property", "Transform", "output_slices"]

Transform = Literal["none", "log10"]


class Kind(StrEnum):
    """What a label is."""

    REGRESSION = "regression"
    BINARY = "binary"
    MULTICLASS = "multiclass"


@dataclass(frozen=True, slots=True)
class Property:
    """One property, also called a task.

    Parameters
    ----------
    name
        Column name in the table.
    kind
        Regression, binary or multiclass.
    unit
        As text, for reports only.
    transform
        ``log10`` moves labels to model space before anything is learned or scored.
    metric
        Decision metric; empty means the default of the kind.
    classes
        Class names in code order; empty for regression.
    margin
        Region of practical equivalence in the units of the decision metric; ``None``: the verdict's rule.
    """

    name: str
    kind: Kind = Kind.REGRESSION
    unit: str = ""
    transform: Transform = "none"
    metric: str = ""
    classes: tuple[str, ...] = ()
    margin: float | None = None

    @property
    def n_outputs(self) -> int:
        """Columns this property owns in a prediction matrix."""
        return len(self.classes) if self.kind is Kind.MULTICLASS else 1

    @property
    def model_unit(self) -> str:
        """Unit of errors and stored predictions."""
        if self.transform == "none":
            return self.unit
        return f"log10({self.unit})" if self.unit else "log10"

    def to_model(self, values: np.ndarray) -> np.ndarray:
        """User space to model space."""
        return np.log10(values) if self.transform == "log10" else np.asarray(values, dtype=float)

    def to_user(self, values: np.ndarray) -> np.ndarray:
        """Model space to user space."""
        return np.power(10.0, values) if self.transform == "log10" else np.asarray(values, dtype=float)


def output_slices(properties: Sequence[Property]) -> tuple[slice, ...]:
    """Columns of a prediction matrix owned by each property."""
    stops = np.cumsum([p.n_outputs for p in properties]).tolist()
    return tuple(slice(stop - p.n_outputs, stop) for p, stop in zip(properties, stops, strict=True))
