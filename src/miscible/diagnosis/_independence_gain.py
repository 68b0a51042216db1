"""Does it help to know the other property? Paired errors with and without it, on the study's outer folds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..baselines import fit_baseline, fit_stacked
from ..splits import FoldData
from ..table import Kind

__all__ = ["Score", "columns_of", "measured_errors", "plain_error", "predicted_error"]

Score = Callable[[np.ndarray, np.ndarray], float]
"""Rows of the table and predictions ``(n, n_outputs)`` to an error."""


def columns_of(values: np.ndarray, kind: str, n_classes: int) -> np.ndarray:
    """A property as input columns, ``(n, n_columns)``: itself, or an indicator for each of several classes."""
    if kind != Kind.MULTICLASS:
        return np.asarray(values, dtype=float)[:, None]
    return np.where(np.isfinite(values)[:, None], np.asarray(values)[:, None] == np.arange(n_classes), np.nan)


def measured_errors(
    fold: FoldData,
    task: int,
    other: np.ndarray,
    rows: np.ndarray,
    score: Score,
    seeds: tuple[int, ...],
) -> tuple[float, float, np.ndarray]:
    """Errors on a fold's test rows without and with the measured other property as an input.

    Without it the column is still there, shuffled among the training and among the test rows: a learner that
    draws inputs at random would otherwise differ for the number of columns alone.

    Parameters
    ----------
    other
        ``(n_rows, n_columns)`` the other property, see `columns_of`.
    rows
        ``(n,)`` rows that have both labels, those of the test part included.
    seeds
        Models with these seeds are averaged.

    Returns
    -------
    without, with
        Errors; NaN where no test row has both labels.
    predicted
        ``(n_test, n_outputs)`` without it, on the test rows among ``rows``.
    """
    test = np.intersect1d(fold.test_rows, rows)
    if not test.size:
        return np.nan, np.nan, np.empty((0, 1))
    learn = np.setdiff1d(rows, test)
    rng = np.random.default_rng(seeds)
    shuffled = other.copy()
    for part in (learn, test):
        shuffled[part] = other[rng.permutation(part)]
    own = _only(fold, [task], learn)
    without = _boosted(_widened(own, shuffled), test, seeds)
    with_it = _boosted(_widened(own, other), test, seeds)
    return score(test, without), score(test, with_it), without


def plain_error(fold: FoldData, task: int, rows: np.ndarray, score: Score, seeds: tuple[int, ...]) -> float:
    """Error on a fold's test rows of a model with the inputs and a column of random numbers.

    Parameters
    ----------
    rows
        ``(n,)`` rows to learn from.
    """
    noise = np.random.default_rng(seeds).normal(size=(len(fold.inputs), 1))
    test = fold.test_rows
    return score(test, _boosted(_widened(_only(fold, [task], rows), noise), test, seeds))


def predicted_error(
    fold: FoldData, task: int, source: int, rows: np.ndarray, score: Score, seeds: tuple[int, ...]
) -> float:
    """Error on a fold's test rows of a model with the inputs and predictions of the other property.

    Predictions come from models that saw no test row; a training row's from models that did not see its group.

    Parameters
    ----------
    rows
        ``(n,)`` rows to learn from, of either property.
    """
    both = _only(fold, [task, source], rows)
    test = fold.test_rows
    predicted = [fit_stacked(both, seed=seed, tasks=[0])[0].predict(fold.inputs[test]) for seed in seeds]
    return score(test, np.mean(predicted, axis=0))


def _only(fold: FoldData, tasks: list[int], rows: np.ndarray) -> FoldData:
    """The fold with these tasks, learning from these rows alone."""
    targets = np.full((len(fold.targets), len(tasks)), np.nan)
    targets[rows] = fold.targets[rows][:, tasks]
    return replace(
        fold,
        targets=targets,
        train_rows=np.intersect1d(fold.train_rows, rows),
        valid_rows=np.intersect1d(fold.valid_rows, rows),
        kinds=tuple(fold.kinds[t] for t in tasks),
        n_classes=tuple(fold.n_classes[t] for t in tasks),
    )


def _widened(fold: FoldData, columns: np.ndarray) -> FoldData:
    return replace(fold, inputs=np.hstack([fold.inputs, columns]).astype(np.float32))


def _boosted(fold: FoldData, test: np.ndarray, seeds: tuple[int, ...]) -> np.ndarray:
    models = [fit_baseline("lightgbm", fold, 0, seed=seed) for seed in seeds]
    return np.mean([model.predict(fold.inputs[test]) for model in models], axis=0)
