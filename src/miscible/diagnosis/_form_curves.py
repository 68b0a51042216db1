"""How far apart the curves of two tasks are, beside how far a task is from itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..table import Kind
from ._form_models import FormModel, fit_form
from ._form_terms import FormSample

__all__ = ["Distances", "common_grid", "form_distances", "one_curve", "shape_distance", "spline_curves"]

GRID = 30
FEWEST = 40
FEWEST_VALUES = 5
CLEAR = 0.1
"""An excess distance under this is none, however small its spread."""


@dataclass(frozen=True, eq=False)
class Distances:
    """Distances between the curves of tasks: 0 for one shape, 1 for shapes that have nothing in common.

    Parameters
    ----------
    between
        ``(n_tasks, n_tasks)`` between random halves, symmetric; on the diagonal two halves of one task. NaN
        where the tasks have no direction with a common range, or too few labels.
    excess
        ``(n_tasks, n_tasks)`` what ``between`` has over the mean of the two tasks' distances from themselves
        on the same stretch of inputs.
    spread
        ``(n_tasks, n_tasks)`` standard deviation of the excess over random splits into halves.
    """

    between: np.ndarray
    excess: np.ndarray
    spread: np.ndarray

    @property
    def differ(self) -> np.ndarray:
        """``(n_tasks, n_tasks)`` whether the curves clearly differ: excess above 0.1 and two spreads."""
        known = np.isfinite(self.excess)
        excess, spread = np.where(known, self.excess, 0.0), np.where(known, self.spread, np.inf)
        return (excess > CLEAR) & (excess > 2.0 * spread)


def one_curve(sample: FormSample) -> FormSample:
    """The sample with one curve a column: a task of several classes becomes its most frequent class or not."""
    if sample.kind != Kind.MULTICLASS:
        return sample
    common = np.argmax(np.bincount(sample.labels.astype(int), minlength=sample.n_classes))
    labels = (sample.labels == common).astype(float)
    return FormSample(sample.inputs, labels, sample.weights, str(Kind.BINARY), 2, sample.fractions)


def spline_curves(sample: FormSample) -> FormModel:
    """Splines of all columns together, moderately penalised."""
    model = fit_form("spline", one_curve(sample))
    assert model is not None
    return model


def common_grid(one: np.ndarray, other: np.ndarray, size: int = GRID) -> np.ndarray:
    """Quantiles of the distinct values that both columns reach; empty where they have no stretch in common."""
    low = max(np.quantile(one, 0.02), np.quantile(other, 0.02))
    high = min(np.quantile(one, 0.98), np.quantile(other, 0.98))
    both = np.unique(np.concatenate([one, other]))
    inside = both[(both >= low) & (both <= high)]
    if any(len(np.unique(c[(c >= low) & (c <= high)])) < FEWEST_VALUES for c in (one, other)):
        return np.empty(0)
    return np.unique(np.quantile(inside, np.linspace(0.0, 1.0, size)))


def shape_distance(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    """Distance between curves over the same grids, whatever their height, size and sign.

    One minus the absolute correlation in each direction, averaged with the share that the direction has in
    the curves' sizes (root mean squares), mean of the two tasks. The sign is left out because the head of a
    network can turn it. NaN without any direction, or where a task has no curve in any.
    """
    if not one:
        return float("nan")
    a = [curve - curve.mean() for curve in one]
    b = [curve - curve.mean() for curve in other]
    size_a = np.array([np.sqrt(np.mean(curve**2)) for curve in a])
    size_b = np.array([np.sqrt(np.mean(curve**2)) for curve in b])
    if not (size_a.sum() > 1e-12 and size_b.sum() > 1e-12):
        return float("nan")
    alike = np.array(
        [
            abs(x @ y) / (len(x) * p * q) if p * q > 0 else 0.0
            for x, y, p, q in zip(a, b, size_a, size_b, strict=True)
        ]
    )
    share = (size_a / size_a.sum() + size_b / size_b.sum()) / 2.0
    return float(share @ (1.0 - np.minimum(alike, 1.0)))


def form_distances(
    samples: list[FormSample], groups: list[np.ndarray], rng: np.random.Generator, n_splits: int
) -> Distances:
    """Distances between all tasks, with each task's distance from itself as the measure of noise.

    Parameters
    ----------
    samples
        One a task, all with the same columns.
    groups
        One a task, ``(n,)``: rows of a group stay in one half.
    rng
        Draws the halves.
    n_splits
        How often the rows are split anew.

    Notes
    -----
    Curves are always fitted to halves, between tasks as within one: a distance between curves of all rows
    would be smaller for no other reason than its larger samples.
    """
    n = len(samples)
    between, excess = np.full((n_splits, n, n), np.nan), np.full((n_splits, n, n), np.nan)
    for split in range(n_splits):
        halves = [_halves(s, g, rng) for s, g in zip(samples, groups, strict=True)]
        for t in range(n):
            for s in range(t, n):
                if halves[t] and halves[s]:
                    far, own = _compare(samples[t], samples[s], halves[t], halves[s], same=s == t)
                    between[split, [t, s], [s, t]] = far
                    excess[split, [t, s], [s, t]] = far - own
    known = np.isfinite(excess).any(axis=0)
    mean, over, spread = np.full((3, n, n), np.nan)
    mean[known] = np.nanmean(between[:, known], axis=0)
    over[known] = np.nanmean(excess[:, known], axis=0)
    spread[known] = np.nanstd(excess[:, known], axis=0)
    return Distances(mean, over, spread)


def _halves(sample: FormSample, groups: np.ndarray, rng: np.random.Generator) -> tuple[FormModel, ...]:
    """Curves of two random halves of the groups; none where a half has too few labels."""
    _, codes = np.unique(groups, return_inverse=True)
    if not len(codes) or not sample.inputs.shape[1]:
        return ()
    order = rng.permutation(codes.max() + 1)
    first = (order % 2 == 0)[codes]
    if min(first.sum(), (~first).sum()) < FEWEST // 2:
        return ()
    return tuple(spline_curves(sample.take(half)) for half in (first, ~first))


def _compare(
    one: FormSample,
    other: FormSample,
    of_one: tuple[FormModel, ...],
    of_other: tuple[FormModel, ...],
    *,
    same: bool,
) -> tuple[float, float]:
    """Mean distance across the tasks, and mean distance of each from itself, on the same grids."""
    grids = [(j, common_grid(one.inputs[:, j], other.inputs[:, j])) for j in range(one.inputs.shape[1])]
    grids = [(j, grid) for j, grid in grids if len(grid) >= FEWEST_VALUES]

    def curves(model: FormModel) -> list[np.ndarray]:
        return [model.curve(j, grid)[:, 0] for j, grid in grids]

    a, b = [curves(m) for m in of_one], [curves(m) for m in of_other]
    own_a = shape_distance(a[0], a[1])
    if same:
        return own_a, own_a
    across = [shape_distance(x, y) for x in a for y in b]
    return float(np.mean(across)), (own_a + shape_distance(b[0], b[1])) / 2.0
