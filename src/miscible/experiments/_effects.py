"""Changes between two strategies of a study, fold by fold, with the corrected test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from ..evaluation import correlated_posterior, fold_scale, get_metric, holm, metric_error
from ..study import StudyResult
from ._claims import Measured

__all__ = ["change", "effects_frame", "fold_values", "posterior_of", "tail_errors"]


def fold_values(result: StudyResult, strategy: str, task: int, metric: str) -> np.ndarray:
    """Natural form of a metric on every outer test part, ``(n_repeats, n_folds)``; NaN where it is undefined.

    Thresholds are those tuned on inner validation; R² has the variance of all labels as denominator, so that folds
    average to the pooled value.
    """
    truth = result.table.targets()[:, task]
    scale = fold_scale(metric, truth[np.isfinite(truth)])

    def value(rows: np.ndarray, predicted: np.ndarray, threshold: float) -> float:
        error = metric_error(
            metric, truth[rows], predicted,
            scale=scale, weights=result.table.weights[rows], threshold=np.full(len(rows), threshold),
            kind=result.table.kinds[task],
        )  # fmt: skip
        return error if get_metric(metric).lower_is_better else 1.0 - error

    return _by_fold(result, strategy, task, value)


def tail_errors(result: StudyResult, strategy: str, task: int, percentile: float) -> np.ndarray:
    """Percentile of the absolute error of a regression property on every outer test part."""
    truth = result.table.targets()[:, task]

    def value(rows: np.ndarray, predicted: np.ndarray, threshold: float) -> float:
        return float(np.percentile(np.abs(predicted[:, 0] - truth[rows]), percentile))

    return _by_fold(result, strategy, task, value)


def _by_fold(
    result: StudyResult, strategy: str, task: int, value: Callable[[np.ndarray, np.ndarray, float], float]
) -> np.ndarray:
    predictions, thresholds = result.predictions(strategy, task), result.thresholds[strategy][:, :, task]
    measured = np.isfinite(result.table.labels[:, task])
    values = np.full((len(predictions), result.folds.n_folds), np.nan)
    for repeat, fold in np.ndindex(values.shape):
        rows = np.flatnonzero(measured & (result.folds.outer[repeat] == fold))
        predicted = predictions[repeat, rows]
        if len(rows) and np.isfinite(predicted).all():
            values[repeat, fold] = value(rows, predicted, float(thresholds[repeat, fold]))
    return values


def posterior_of(differences: np.ndarray, ratio: float, note: str = "") -> Measured | None:
    """Mean of paired differences with its corrected interval and p; ``None`` with fewer than two."""
    if np.isfinite(differences).sum() < 2:
        return None
    posterior = correlated_posterior(differences, ratio)
    low, high = posterior.interval(0.95)
    return Measured(posterior.mean, low, high, posterior.p_value(), note=note)


def change(before: np.ndarray, after: np.ndarray, ratio: float, note: str = "") -> Measured | None:
    """From one strategy's values to another's, both ``(n_repeats, n_folds)``; repeats that one lacks are left out."""
    n = min(len(before), len(after))
    before, after = before[:n], after[:n]
    found = posterior_of(after - before, ratio, note)
    if found is None:
        return None
    both = np.isfinite(after - before)
    return Measured(
        found.value,
        found.low,
        found.high,
        found.p,
        float(before[both].mean()),
        float(after[both].mean()),
        note,
    )


def effects_frame(
    result: StudyResult, baselines: tuple[str, ...], metrics: tuple[tuple[str, ...], ...]
) -> pd.DataFrame:
    """Every strategy against the baselines, on every property and metric.

    Parameters
    ----------
    baselines
        Strategies to compare with.
    metrics
        Names by task.

    Returns
    -------
    DataFrame
        One row a (property, metric, strategy), a change, its interval, p and Holm's p for each baseline; Holm over the
        strategies of one property, metric and baseline.
    """
    frames = []
    names, ratio = [s.name for s in result.strategies], result.folds.test_train_ratio
    for task, metric in _tasks_and_metrics(metrics):
        values = {name: fold_values(result, name, task, metric) for name in names}
        frame = pd.DataFrame(
            {
                "property": result.table.names[task],
                "metric": metric,
                "strategy": names,
                "value": [_mean(v) for v in values.values()],
            }
        )
        for baseline in (b for b in baselines if b in values):
            found = [None if n == baseline else change(values[baseline], values[n], ratio) for n in names]
            p = np.array([np.nan if f is None or f.p is None else f.p for f in found])
            corrected = np.full(len(p), np.nan)
            corrected[np.isfinite(p)] = holm(p[np.isfinite(p)])
            columns = {
                "change": [np.nan if f is None else f.value for f in found],
                "low": [np.nan if f is None else f.low for f in found],
                "high": [np.nan if f is None else f.high for f in found],
                "p": p,
                "p_holm": corrected,
            }
            frame = frame.assign(**{f"{key} from {baseline}": column for key, column in columns.items()})
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _tasks_and_metrics(metrics: tuple[tuple[str, ...], ...]) -> Iterator[tuple[int, str]]:
    return ((task, metric) for task, names in enumerate(metrics) for metric in names)


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
