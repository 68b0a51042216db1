"""Nested choice: in each outer fold the inner validation picks, the outer test part judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..strategies import ENSEMBLE
from ..study import StudyResult

__all__ = ["Arm", "best_of_anything", "mean_inner_errors", "nested_arm"]


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
        ``(n_repeats, n_rows, n_outputs of the task)`` out-of-fold predictions of the picks.
    thresholds
        ``(n_repeats, n_folds)`` probability threshold of the pick, tuned on inner validation.
    """

    label: str
    chosen: np.ndarray
    errors: np.ndarray
    predictions: np.ndarray
    thresholds: np.ndarray

    def count(self, name: str, folds: np.ndarray) -> int:
        """How often a strategy was picked in these folds, a mask ``(n_repeats, n_folds)``."""
        return int(((self.chosen == name) & folds).sum())


def nested_arm(result: StudyResult, task: int, names: Sequence[str], label: str, slack: float = 0.0) -> Arm:
    """Pick per outer fold among strategies, simplest first, by inner validation error.

    A strategy can be picked where it has an inner score and predicts every test row. A repeat that the budget
    cut short is left out, see `StudyResult.is_whole`.

    Parameters
    ----------
    names
        Candidates, simplest first: of equal inner errors the simplest wins.
    slack
        Relative: the first candidate whose inner error is within ``(1 + slack)`` of the best is picked. 0
        picks the best itself.
    """
    shape = (result.plan.split.repeats, result.plan.split.folds)
    of_task = {n: result.predictions(n, task) for n in names}
    n_outputs = result.table.properties[task].n_outputs
    chosen = np.full(shape, "", dtype=object)
    thresholds = np.full(shape, 0.5)
    predictions = np.full((shape[0], result.table.n_rows, n_outputs), np.nan)
    for r, f in np.ndindex(*shape):
        if not result.is_whole(r, names, task):
            continue
        rows = result.folds.outer[r] == f
        inner = {n: float(result.inner[n][r, f, task]) for n in names}
        able = [n for n in names if np.isfinite(inner[n]) and np.isfinite(of_task[n][r, rows]).all()]
        if not able:
            continue
        limit = min(inner[n] for n in able) * (1.0 + slack)
        pick = next(n for n in able if inner[n] <= limit)
        chosen[r, f] = pick
        thresholds[r, f] = result.thresholds[pick][r, f, task]
        predictions[r, rows] = of_task[pick][r, rows]
    return Arm(label, chosen, result.fold_errors(predictions, thresholds, task), predictions, thresholds)


def best_of_anything(names: Sequence[str]) -> tuple[str, ...]:
    """Who stands for the best of all that was run: the ensemble if it is among them, or each for itself.

    An ensemble's shares are the choice among all models, made inside the training part. To choose once more between it
    and its parts, by the same few labels that the parts were stopped and tuned by, loses a part of what it gains
    (``docs/statistics.md``).
    """
    return (ENSEMBLE,) if ENSEMBLE in names else tuple(names)


def mean_inner_errors(result: StudyResult, task: int, names: Sequence[str]) -> dict[str, float]:
    """Inner validation errors averaged over the folds that all of these strategies have.

    The race leaves strategies with unequal numbers of repeats; averages over different folds would compare
    folds, not strategies. Empty where no fold has all.
    """
    if not names:
        return {}
    inner = np.stack([result.inner[name][:, :, task] for name in names])
    common = np.isfinite(inner).all(axis=0)
    if not common.any():
        return {}
    return dict(zip(names, inner[:, common].mean(axis=1).tolist(), strict=True))
