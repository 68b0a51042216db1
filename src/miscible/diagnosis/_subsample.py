"""A fold with fewer labels of some tasks: what would have been, had less been measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..splits import FoldData
from ..table import Kind

__all__ = ["n_labels", "thin"]


def n_labels(fold: FoldData, task: int) -> int:
    """Labels of a task that learning may see, of training and inner validation together."""
    return int(np.isfinite(fold.targets[:, task]).sum())


def thin(fold: FoldData, keep: Mapping[int, int], *, seed: int) -> FoldData:
    """The fold with at most so many labels of some tasks in training and inner validation together.

    Labels go group by group, so that a group is left whole or not at all but for the one in which the count is reached.
    Which labels stay depends on the seed and the task alone and never on the count: fewer labels are always a
    part of more labels, and errors at different counts are paired. Training and inner validation keep their shares.
    Of a task with classes every class is drawn in proportion, the first group of each before any second one. Rows,
    inputs and their preparation stay, and so do the labels of all other tasks; no test label is in a fold.

    Parameters
    ----------
    fold
        One outer fold.
    keep
        By task the labels to be kept; a task with no more than that keeps all.
    seed
        The same seed gives the same order of labels.

    Raises
    ------
    ValueError
        A count is negative.
    """
    targets = fold.targets.copy()
    for task, count in keep.items():
        if count < 0:
            raise ValueError(f"cannot keep {count} labels")
        known = np.isfinite(fold.targets[:, task])
        parts = [rows[known[rows]] for rows in (fold.train_rows, fold.valid_rows)]
        total = sum(len(rows) for rows in parts)
        if count >= total:
            continue
        in_training = int(np.floor(count * len(parts[0]) / total + 0.5))
        for part, (rows, stay) in enumerate(zip(parts, (in_training, count - in_training), strict=True)):
            rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, task, part])))
            is_class = fold.kinds[task] != Kind.REGRESSION
            order = _order(fold.codes[rows], fold.targets[rows, task], is_class, rng)
            targets[rows[order[stay:]], task] = np.nan
    return replace(fold, targets=targets)


def _order(codes: np.ndarray, labels: np.ndarray, is_class: bool, rng: np.random.Generator) -> np.ndarray:
    """Positions of the labels, the last to go first; groups stay together.

    A group of a task with classes stands for the class of most of its labels.
    """
    if not len(codes):
        return np.zeros(0, np.int64)
    _, group, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    luck = rng.permutation(len(sizes))
    rank = np.zeros(len(sizes))
    if is_class:
        counts = np.zeros((len(sizes), int(labels.max()) + 1))
        np.add.at(counts, (group, labels.astype(int)), 1.0)
        stands_for = counts.argmax(axis=1)
        for c in np.unique(stands_for):
            own = np.flatnonzero(stands_for == c)
            own = own[np.argsort(luck[own])]
            before = np.cumsum(sizes[own]) - sizes[own]
            rank[own] = before / sizes[own].sum()
    return np.lexsort((rng.random(len(codes)), luck[group], rank[group]))
