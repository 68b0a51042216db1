"""Targets, what counts for them, and which tasks resemble each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import cut_tree, linkage

from ..learning import State, predict
from ._bench import Bench

__all__ = ["Target", "TargetRatios", "alike_groups", "correlations", "likeness", "nearest_sources"]

_FEWEST_SHARED = 10
"""Rows with both labels that a correlation needs."""
_ROWS_LOOKED_AT = 1000


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


def likeness(bench: Bench, fold: int, tasks: Sequence[int], trained: State | None) -> np.ndarray:
    """How much tasks resemble each other, ``(n, n)``, 1 on the diagonal.

    The absolute correlation of what a network of all tasks predicts for them, which needs no row with two labels;
    without a network that of their labels on shared rows, as a share of the largest.

    Parameters
    ----------
    bench, fold, tasks
        Whose.
    trained
        A network of all of them.
    """
    if trained is None:
        each = np.stack([correlations(bench, Target(fold, t, tuple(tasks))) for t in tasks])
        alike = (each + each.T) / 2
        alike = np.clip(alike / max(float(alike.max(initial=0.0)), 1e-12), 0.0, 1.0)
    else:
        rows = bench.data.train_rows[fold]
        rows = rows[:: max(1, len(rows) // _ROWS_LOOKED_AT)]
        outputs = predict(bench.shape, bench.data.kinds, trained, bench.data.inputs[fold][rows])[0]
        first = [bench.shape.output_slices[t].start for t in tasks]
        with np.errstate(invalid="ignore", divide="ignore"):
            alike = np.nan_to_num(np.abs(np.corrcoef(outputs[:, first].T)))
        alike = alike.reshape(len(tasks), len(tasks))
    np.fill_diagonal(alike, 1.0)
    return alike


def nearest_sources(
    alike: np.ndarray, tasks: Sequence[int], task: int, most: int, families: Sequence[str] | None = None
) -> tuple[int, ...]:
    """A task and the ``most`` others that resemble it most, in the order of ``tasks``.

    Parameters
    ----------
    alike
        ``(n, n)`` of `likeness` among ``tasks``.
    tasks, task
        All, and whose sources.
    most
        Sources.
    families
        By task of the table; those of its own family are no sources.
    """
    order = np.argsort(-alike[list(tasks).index(task)], kind="stable").tolist()
    others = [
        t
        for t in (tasks[i] for i in order)
        if t != task and (families is None or families[t] != families[task])
    ][:most]
    return tuple(t for t in tasks if t == task or t in others)


def alike_groups(alike: np.ndarray, most: int) -> np.ndarray:
    """``(n,)`` groups of tasks that resemble each other, counted from 0; ``most`` of them, or one a task if fewer.

    By average linkage.

    Parameters
    ----------
    alike
        ``(n, n)`` of `likeness`.
    most
        Groups.
    """
    n = len(alike)
    if n <= most:
        return np.arange(n)
    distance = 1.0 - alike[np.triu_indices(n, 1)]
    # Where nothing tells tasks apart, as without shared rows, there must be as many groups all the same.
    return cut_tree(linkage(distance, "average"), n_clusters=most)[:, 0].astype(np.int64)
