"""Targets, what counts for them, and which sources resemble each other by their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import cut_tree, linkage

from ._bench import Bench

__all__ = ["Target", "TargetRatios", "alike_groups", "correlations"]

_FEWEST_SHARED = 10
"""Rows with both labels that a correlation needs."""


@dataclass(frozen=True)
class Target:
    """A task of a fold to be predicted, and the tasks of its networks, itself among them."""

    fold: int
    task: int
    tasks: tuple[int, ...]


@dataclass(frozen=True)
class TargetRatios:
    """What counts for a target.

    Parameters
    ----------
    target
        Whose.
    ratios
        ``(n,)`` of its tasks in order, 1 at the target itself.
    spread
        ``(n,)`` standard deviation over the seeds that learned them, NaN where nothing was learned.
    steps
        Taken to learn them.
    """

    target: Target
    ratios: np.ndarray
    spread: np.ndarray
    steps: int = 0


def correlations(bench: Bench, target: Target) -> np.ndarray:
    """Absolute correlation of the training labels on shared rows, mean 1; where too few are shared, 1."""
    rows = bench.data.train_rows[target.fold]
    labels = bench.data.targets[target.fold][rows]
    own = labels[:, target.task]
    each = np.array([_correlation(own, labels[:, s]) for s in target.tasks])
    each[np.array(target.tasks) == target.task] = np.nan
    known = np.isfinite(each)
    mean = float(each[known].mean()) if known.any() else 0.0
    return np.where(known, each / mean, 1.0) if mean > 0 else np.ones(len(each))


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < _FEWEST_SHARED:
        return float("nan")
    a, b = a[both].astype(float), b[both].astype(float)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(abs(np.corrcoef(a, b)[0, 1]))


def alike_groups(bench: Bench, fold: int, tasks: Sequence[int], most: int) -> np.ndarray:
    """``(n,)`` groups of tasks whose labels go together, counted from 0; ``most`` of them, or one a task if fewer.

    By average linkage of the absolute correlations of the training labels.
    """
    n = len(tasks)
    if n <= most:
        return np.arange(n)
    alike = np.stack([correlations(bench, Target(fold, t, tuple(tasks))) for t in tasks])
    close = (alike + alike.T) / 2
    distance = 1.0 - close / max(float(np.nanmax(close)), 1e-12)
    upper = np.nan_to_num(distance[np.triu_indices(n, 1)], nan=1.0)
    # Where nothing tells tasks apart, as without shared rows, there must be as many groups all the same.
    return cut_tree(linkage(upper, "average"), n_clusters=most)[:, 0].astype(np.int64)
