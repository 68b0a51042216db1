"""How much each property counted in the networks of each other one, as the report shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["STABLE", "RatioChange", "RatioKind", "RatioMatrix"]

RatioKind = Literal["learned", "one-step", "correlated", "fixed"]
"""Learned over whole trainings or from single steps, set by the correlation of the labels, or the same for all."""

STABLE = 0.8
"""Share of the networks in which a stable ratio stands on the same side of 1 as its mean."""


@dataclass(frozen=True)
class RatioChange:
    """Pooled out-of-fold errors of a strategy and of another one on the rows that both predict, by property.

    ``own`` and ``other`` are ``(n_tasks,)`` in error form, NaN where one of them was not run; ``better`` of ``folds``,
    both ``(n_tasks,)``, had the smaller error with the strategy.
    """

    against: str
    own: np.ndarray
    other: np.ndarray
    better: np.ndarray
    folds: np.ndarray

    @property
    def relative(self) -> np.ndarray:
        """``(n_tasks,)`` change as a share of the other's error, below 0 where the strategy is better."""
        base = np.where(self.other > 0, self.other, np.nan)
        return (self.own - base) / base


@dataclass(frozen=True)
class RatioMatrix:
    """Ratios of one strategy: row = property that is served (target), column = property that serves it (source).

    Parameters
    ----------
    strategy, kind
        Name; where its ratios come from.
    names, labels
        Of the properties, and how many labels each has, ``(n_tasks,)``.
    mean
        ``(n_tasks, n_tasks)`` over the networks; NaN on the diagonal and where the column was no source.
    between, within
        Standard deviation of a ratio over the networks, NaN for a single one, and as what learned one of them told it
        (root mean square over the networks), NaN where unknown; same shape.
    known, agreeing
        Networks with that source, and how many of them have the ratio on the same side of 1 as the mean.
    strength
        ``(n_tasks,)`` weight of all sources at a ratio of 1 beside the target's own, mean over its networks; NaN where
        unknown.
    correlation
        Pearson correlation of the labels on shared rows, NaN where too few; same shape.
    changes
        The strategy's errors against those of simpler ones.
    """

    strategy: str
    kind: RatioKind
    names: tuple[str, ...]
    labels: np.ndarray
    mean: np.ndarray
    between: np.ndarray
    within: np.ndarray
    known: np.ndarray
    agreeing: np.ndarray
    strength: np.ndarray
    correlation: np.ndarray
    changes: tuple[RatioChange, ...] = ()

    @property
    def spread(self) -> np.ndarray:
        """``(n_tasks, n_tasks)`` deviation over networks, of the one where there is no second; NaN where unknown.

        Ratios were learned anew in every fold, so the first holds what the second does.
        """
        return np.where(np.isfinite(self.between), self.between, self.within)

    @property
    def is_learned(self) -> bool:
        """Whether the target's labels had a say in how much its sources count."""
        return self.kind in ("learned", "one-step")

    @property
    def stable(self) -> np.ndarray:
        """``(n_tasks, n_tasks)`` bool: at least two networks, and 80 % of them on the side of the mean."""
        return (self.known >= 2) & (self.agreeing >= STABLE * self.known)
