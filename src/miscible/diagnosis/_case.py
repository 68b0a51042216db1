"""What every diagnosis reads: a finished study, its folds and its verdicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..advice import PropertyVerdict
from ..splits import FoldData
from ..study import StudyContext, StudyResult, derive_seed, fold_data, task_error
from ..table import Table

__all__ = ["Case", "silent"]


def silent(share: float) -> None:
    """Hear of progress and say nothing."""


@dataclass(frozen=True, eq=False)
class Case:
    """A finished study to be explained.

    Parameters
    ----------
    context, result, verdicts
        The study and what was concluded from it; one verdict a task.
    quick
        Whether to look at less: fewer folds, seeds and steps.
    progress
        Hears which share of the present diagnosis is done, from 0 to 1.
    """

    context: StudyContext
    result: StudyResult
    verdicts: tuple[PropertyVerdict, ...]
    quick: bool = False
    progress: Callable[[float], None] = silent

    @property
    def table(self) -> Table:
        """The table of the study."""
        return self.context.table

    @property
    def names(self) -> tuple[str, ...]:
        """Of the tasks."""
        return self.table.names

    def fold(self, fold: int, repeat: int = 0) -> FoldData:
        """One outer fold of the study; no label of its test rows is in it."""
        return fold_data(self.context, repeat, fold)

    def seed(self, *keys: int | str) -> int:
        """A seed for a purpose, the same whenever the run is diagnosed again."""
        return derive_seed(self.context.plan.seed, "diagnosis", *keys)

    def error(self, task: int, rows: np.ndarray, predicted: np.ndarray, threshold: float = 0.5) -> float:
        """Error form of the task's decision metric on some rows of the table, NaN where it is undefined.

        Parameters
        ----------
        rows
            ``(n,)`` positions, of a fold's test rows usually; those without a label do not count.
        predicted
            ``(n, n_outputs of the task)`` in model space.
        threshold
            Probability from which a row counts as class 1, for the metrics that need one.
        """
        metric, budget = self.result.metrics[task], self.context.plan.screen_budget
        return task_error(self.table, metric, budget, task, rows, predicted, threshold)

    def sharing_effect(self, task: int) -> float:
        """Change of the error by learning together, as a share of the error apart; NaN where not compared."""
        sharing = self.verdicts[task].sharing
        if sharing is None or not sharing.baseline_error > 0.0:
            return float("nan")
        return sharing.difference / sharing.baseline_error
