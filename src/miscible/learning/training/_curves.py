"""What is kept of a member epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ._fitted import RuleCurves

__all__ = ["Curves"]


@dataclass
class Curves:
    """Losses and gradient norms of one member, what its rule did and its ratios, epoch by epoch; and its steps."""

    train: list[np.ndarray] = field(default_factory=list)
    valid: list[np.ndarray] = field(default_factory=list)
    weights: list[np.ndarray] = field(default_factory=list)
    acted: list[float] = field(default_factory=list)
    conflicts: list[float] = field(default_factory=list)
    norms: list[np.ndarray] = field(default_factory=list)
    ratios: list[np.ndarray] = field(default_factory=list)
    steps: int = 0

    def of_rule(self, name: str, n_tasks: int) -> RuleCurves:
        """What the rule did, for the member's own tasks."""
        weights = np.array([line[:n_tasks] for line in self.weights]).reshape(-1, n_tasks)
        return RuleCurves(name, weights, np.array(self.acted), np.array(self.conflicts))

    def of_ratios(self, n_tasks: int) -> np.ndarray | None:
        """``(epochs, n_tasks)`` learned ratios; ``None`` without."""
        return np.array([line[:n_tasks] for line in self.ratios]) if self.ratios else None

    def losses(self, n_tasks: int) -> tuple[np.ndarray, np.ndarray]:
        """``(epochs, n_tasks)`` training and validation losses."""
        train, valid = (
            np.array([line[:n_tasks] for line in lines]).reshape(-1, n_tasks)
            for lines in (self.train, self.valid)
        )
        return train, valid
