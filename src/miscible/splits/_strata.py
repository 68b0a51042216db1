"""What has to be shared out evenly: rows, labels of each task, and classes of each classification task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

__all__ = ["Strata", "count_strata"]


@dataclass(frozen=True, eq=False)
class Strata:
    """Sparse counts of every group; stratum 0 is rows, then one a task, then one a class.

    Parameters
    ----------
    starts
        ``(n_groups + 1,)``: the counts of group g are stored from ``starts[g]`` to ``starts[g + 1]``.
    columns, amounts
        ``(n_stored,)`` stratum, ascending inside a group, and count, positive.
    importance
        ``(n_strata,)``; the classes of one task weigh as much as the task.
    task
        ``(n_strata,)`` task of the stratum, -1 for rows.
    label
        ``(n_strata,)`` class code of the stratum, -1 for rows and whole tasks.
    """

    starts: np.ndarray
    columns: np.ndarray
    amounts: np.ndarray
    importance: np.ndarray
    task: np.ndarray
    label: np.ndarray

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.starts) - 1

    @property
    def n_strata(self) -> int:
        """Number of strata."""
        return len(self.task)

    @cached_property
    def totals(self) -> np.ndarray:
        """Count of each stratum over all groups, ``(n_strata,)``."""
        return np.bincount(self.columns, weights=self.amounts, minlength=self.n_strata)

    @cached_property
    def holders(self) -> list[np.ndarray]:
        """Groups that hold any of each stratum."""
        groups = np.repeat(np.arange(self.n_groups), np.diff(self.starts))
        order = np.argsort(self.columns, kind="stable")
        stops = np.cumsum(np.bincount(self.columns, minlength=self.n_strata))
        return np.split(groups[order], stops[:-1])

    def of_group(self, group: int) -> tuple[np.ndarray, np.ndarray]:
        """Strata and amounts of one group."""
        span = slice(self.starts[group], self.starts[group + 1])
        return self.columns[span], self.amounts[span]


def count_strata(codes: np.ndarray, labels: np.ndarray, kinds: Sequence[str] | None) -> Strata:
    """Count rows, labels and classes of every group.

    Parameters
    ----------
    codes
        ``(n_rows,)`` group of each row, every one of 0 .. n_groups - 1 at least once.
    labels
        ``(n_rows, n_tasks)``, NaN = unmeasured.
    kinds
        ``(n_tasks,)``; None: classes are not looked at.
    """
    n_tasks = labels.shape[1]
    rows, tasks = np.nonzero(np.isfinite(labels))
    task_of, label_of, importance = [-1, *range(n_tasks)], [-1] * (n_tasks + 1), [1.0] * (n_tasks + 1)
    entries = [(codes, np.zeros(len(codes), dtype=np.int64)), (codes[rows], tasks + 1)]
    for t in [] if kinds is None else [t for t in range(n_tasks) if kinds[t] != "regression"]:
        of_task = rows[tasks == t]
        classes, positions = np.unique(labels[of_task, t].astype(np.int64), return_inverse=True)
        entries.append((codes[of_task], positions + len(task_of)))
        task_of += [t] * len(classes)
        label_of += classes.tolist()
        importance += [1 / max(1, len(classes))] * len(classes)
    groups, strata = (np.concatenate(part) for part in zip(*entries, strict=True))
    cells, amounts = np.unique(groups * len(task_of) + strata, return_counts=True)
    stored = np.bincount(cells // len(task_of))
    return Strata(
        starts=np.concatenate([[0], np.cumsum(stored)]),
        columns=cells % len(task_of),
        amounts=amounts,
        importance=np.array(importance),
        task=np.array(task_of),
        label=np.array(label_of),
    )
