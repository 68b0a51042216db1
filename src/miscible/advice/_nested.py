"""Nested choice: in each outer fold the inner validation picks, the outer test part judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..study import StudyResult

__all__ = ["Arm", "margin_of_equivalence", "mean_inner_error", "nested_arm"]


@dataclass(frozen=True, eq=False)
class Arm:
    """What a rule of choice gives when it is applied in every outer fold.

    Parameters
    ----------
    label
        What the arm is called.
    chosen
        ``(n_repeats, n_folds)`` names picked, empty where nothing could be picked.
    errors
        ``(n_repeats, n_folds)`` outer test error of the pick, NaN where there is none.
    predictions
        ``(n_repeats, n_rows, n_outputs)`` out-of-fold predictions of the picks; only this task's columns count.
    pooled
        Error over all out-of-fold predictions.
    """

    label: str
    chosen: np.ndarray
    errors: np.ndarray
    predictions: np.ndarray
    pooled: float

    def count(self, name: str) -> int:
        """How often a strategy was picked."""
        return int((self.chosen == name).sum())

    @property
    def favourite(self) -> str:
        """The strategy picked most often."""
        names, counts = np.unique(self.chosen[self.chosen != ""], return_counts=True)
        return str(names[counts.argmax()]) if len(names) else ""


def nested_arm(result: StudyResult, task: int, names: Sequence[str], label: str, slack: float = 0.0) -> Arm:
    """Pick per outer fold among strategies, simplest first, by inner validation error.

    Parameters
    ----------
    names
        Candidates, simplest first.
    slack
        Relative: the first candidate whose inner error is within ``(1 + slack)`` of the best is picked. 0
        picks the best itself.
    """
    shape = (result.plan.split.repeats, result.plan.split.folds)
    chosen = np.full(shape, "", dtype=object)
    some = next(iter(result.outer.values()))
    predictions = np.full(some.shape, np.nan)
    for r, f in np.ndindex(*shape):
        inner = {n: result.inner[n][r, f, task] for n in names if np.isfinite(result.inner[n][r, f, task])}
        if not inner:
            continue
        limit = min(inner.values()) * (1.0 + slack)
        pick = next(n for n in names if n in inner and inner[n] <= limit)
        chosen[r, f] = pick
        rows = result.folds.outer[r] == f
        predictions[r, rows] = result.outer[pick][r, rows]
    errors = result.fold_errors(predictions, task)
    return Arm(label, chosen, errors, predictions, result.pooled_error(predictions, task))


def mean_inner_error(result: StudyResult, name: str, task: int) -> float:
    """Inner validation error averaged over the folds that have one."""
    values = result.inner[name][:, :, task]
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("inf")


def margin_of_equivalence(margin: float | None, baseline: float, floor: float | None) -> float:
    """Half width of the region in which two errors are the same to a practitioner.

    The user's own margin, else the larger of 2 % of the baseline's error and 5 % of what it has above the
    replicate noise floor.
    """
    if margin is not None:
        return margin
    excess = 0.0 if floor is None else max(baseline - floor, 0.0)
    return max(0.02 * baseline, 0.05 * excess)
