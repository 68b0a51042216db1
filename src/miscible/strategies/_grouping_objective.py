"""What a set of overlapping groups is worth, and what makes one of two equal sets the better."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["TIE", "Objective"]

TIE = 1e-11


@dataclass(frozen=True)
class Objective:
    """Worth of groups: every task is served by the group that helps it most, less a minute cost of groups.

    The cost only decides ties: one more group costs more than all the members that groups can have, so
    fewer groups come first and fewer members second.

    Parameters
    ----------
    effects
        ``(n_tasks, n_tasks)``, entry ``[i, j]`` what training with ``i`` does for ``j``; zero on the diagonal
        and at most 1 in size.
    scale
        What the effects were divided by.
    """

    effects: np.ndarray
    scale: float

    @classmethod
    def of(cls, affinity: np.ndarray) -> Objective:
        """Of an affinity of any size, scaled by its largest entry away from the diagonal."""
        effects = np.where(np.eye(len(affinity), dtype=bool), 0.0, affinity)
        scale = float(np.abs(effects).max()) or 1.0
        return cls(effects / scale, scale)

    @property
    def n_tasks(self) -> int:
        """Number of tasks."""
        return len(self.effects)

    @property
    def ceiling(self) -> float:
        """No groups score more: every task with the one that helps it most, or alone."""
        return float(self.effects.max(axis=0).sum())

    def answers(self, members: np.ndarray) -> np.ndarray:
        """Mean effect of the other members on each member, ``(n_groups, n_tasks)``; ``-inf`` on those outside.

        Parameters
        ----------
        members
            ``(n_groups, n_tasks)`` of bool.
        """
        others = np.maximum(members.sum(axis=1, keepdims=True) - 1, 1)
        return np.where(members, members @ self.effects / others, -np.inf)

    def cost(self, members: np.ndarray) -> np.ndarray:
        """``(n_groups,)``; an empty group is no group and costs nothing."""
        sizes = members.sum(axis=1)
        return TIE * (sizes + np.where(sizes > 0, self.n_tasks**2, 0))

    def worth(self, members: np.ndarray) -> float:
        """Of groups ``(n_groups, n_tasks)`` together; ``-inf`` when a task is in none."""
        return float(self.answers(members).max(axis=0).sum() - self.cost(members).sum())
