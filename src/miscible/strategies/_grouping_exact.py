"""The best overlapping groups of a few tasks, found by trying all of them."""

from __future__ import annotations

import numpy as np

from ._grouping_objective import Objective

__all__ = ["search_all"]

ROWS = 512


def search_all(objective: Objective, n_groups: int) -> np.ndarray:
    """Groups of greatest worth among all choices of at most ``n_groups`` subsets that cover the tasks.

    A choice of groups divides the tasks into those served by each. So the best group is found first for every
    set of served tasks, then the best division of all tasks into such sets, by dynamic programming over
    subsets written as binary numbers: memory and time grow as 4 to the power of the tasks.

    Returns
    -------
    ndarray of bool
        ``(at most n_groups, n_tasks)``.
    """
    subsets = _subsets(objective.n_tasks)
    worth, group = _best_group(objective, subsets)
    chosen = _best_division(worth, min(n_groups, objective.n_tasks))
    return subsets[group[chosen]]


def _subsets(n_tasks: int) -> np.ndarray:
    """``(2 ** n_tasks, n_tasks)`` of bool; row ``s`` holds the tasks whose bit is set in ``s``."""
    return (np.arange(2**n_tasks)[:, None] >> np.arange(n_tasks) & 1).astype(bool)


def _best_group(objective: Objective, subsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For every set of served tasks the greatest worth of a group that holds them, and that group."""
    # A finite bar, as 0 * inf is NaN: with effects of at most 1 no task outside can be outweighed.
    answers = np.maximum(objective.answers(subsets), -4.0 * objective.n_tasks).T
    cost = objective.cost(subsets)
    worth = np.empty(len(subsets))
    group = np.empty(len(subsets), dtype=np.int64)
    for start in range(0, len(subsets), ROWS):
        each = subsets[start : start + ROWS].astype(np.float64) @ answers - cost
        group[start : start + ROWS] = best = each.argmax(axis=1)
        worth[start : start + ROWS] = each[np.arange(len(each)), best]
    return worth, group


def _best_division(worth: np.ndarray, n_parts: int) -> list[int]:
    """Disjoint subsets, at most ``n_parts``, that make up all tasks with the greatest sum of ``worth``."""
    best = np.full((n_parts + 1, len(worth)), -np.inf)
    best[:, 0] = 0.0
    first = np.zeros((n_parts, len(worth)), dtype=np.int64)
    within = [np.zeros(1, dtype=np.int64)]
    for s in range(1, len(worth)):
        lowest, rest = s & -s, s & (s - 1)
        with_lowest = within[rest] | lowest
        within.append(np.concatenate([within[rest], with_lowest]))
        sums = worth[with_lowest] + best[:-1, s ^ with_lowest]
        taken = sums.argmax(axis=1)
        best[1:, s] = sums[np.arange(n_parts), taken]
        first[:, s] = with_lowest[taken]
    parts, left = [], len(worth) - 1
    for parts_left in range(n_parts, 0, -1):
        if left:
            parts.append(int(first[parts_left - 1, left]))
            left ^= parts[-1]
    return parts
