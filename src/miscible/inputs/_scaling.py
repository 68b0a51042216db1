"""Labels to zero mean and unit spread, task by task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..table import Kind

__all__ = ["TargetScaler"]

_SAME = 1e-12


@dataclass(frozen=True)
class TargetScaler:
    """Mean and standard deviation of each regression task on training rows; 0 and 1 for classes.

    Parameters
    ----------
    mean, scale
        ``(n_tasks,)``. The scale is 1 where fewer than two labels or no spread is seen.
    """

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, targets: np.ndarray, rows: np.ndarray, kinds: Sequence[str]) -> TargetScaler:
        """Learn from these rows, by position or mask.

        Parameters
        ----------
        targets
            ``(n_rows, n_tasks)`` in model space, NaN = not measured.
        rows
            Training rows.
        kinds
            Kind of each task.
        """
        mean, scale = np.zeros(len(kinds)), np.ones(len(kinds))
        for task, kind in enumerate(kinds):
            labels = targets[rows, task]
            labels = labels[np.isfinite(labels)]
            if kind == Kind.REGRESSION and labels.size:
                mean[task], spread = labels.mean(), labels.std()
                if spread > _SAME * max(abs(mean[task]), 1.0):
                    scale[task] = spread
        return cls(mean, scale)

    def transform(self, targets: np.ndarray) -> np.ndarray:
        """Model space to scaled labels, ``(..., n_tasks)``."""
        return (targets - self.mean) / self.scale

    def inverse(self, scaled: np.ndarray) -> np.ndarray:
        """Scaled labels to model space, ``(..., n_tasks)``."""
        return scaled * self.scale + self.mean

    def to_state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Arrays, and a structure that JSON can hold."""
        return {"mean": self.mean, "scale": self.scale}, {}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], structure: dict[str, Any]) -> TargetScaler:
        """The inverse of `to_state`."""
        return cls(mean=arrays["mean"], scale=arrays["scale"], **structure)
