"""Two sets of rows: how well they can be told apart, and how far one lies inside the other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from scipy.stats import norm, rankdata
from sklearn.utils.extmath import randomized_svd

from ..splits import assign_folds

__all__ = [
    "Separation",
    "area_under_curve",
    "chance_p_value",
    "share_inside",
    "single_areas",
    "tell_apart",
]

N_FOLDS = 5
N_DRAWS = 300
N_ROUNDS = 120
N_COMPONENTS = 64
"""Distances are taken along so many directions at most."""
N_NEAREST = 5
SHARE_INSIDE = 0.95
"""Share of a set's own rows, each judged without its group, that its border holds."""
_CHUNK = 1024


@dataclass(frozen=True, eq=False)
class Separation:
    """How well a classifier tells two sets of rows apart on groups it has not seen.

    Parameters
    ----------
    area
        Under the receiver operating curve: 0.5 is chance, 1 complete separation.
    interval
        95 %, over draws of whole groups.
    p_value
        Two-sided, of chance.
    gain
        ``(n_inputs,)`` share of each input in what the trees gained.
    """

    area: float
    interval: tuple[float, float]
    p_value: float
    gain: np.ndarray


def tell_apart(inputs: np.ndarray, second: np.ndarray, codes: np.ndarray, seed: int) -> Separation:
    """Cross-fit boosted trees on whole groups, and score their out-of-fold answers.

    The interval draws groups with replacement, and the null is the rank sum's, with groups counted in place of rows.
    Neither knows that the folds' trees were fitted on overlapping rows: by chance alone areas spread 1.3 times as
    far as both say. Both are widened by the root of ``1 + k / (k - 1)`` for k folds, as in the corrected test of
    Nadeau and Bengio (2003), which is 1.5 for five.

    Parameters
    ----------
    inputs
        ``(n, n_inputs)`` finite.
    second
        ``(n,)`` bool: which set a row belongs to.
    codes
        ``(n,)`` groups; each set has at least two.
    seed
        Of folds, trees and draws.
    """
    n_groups = [len(np.unique(codes[side])) for side in (~second, second)]
    n_folds = min(N_FOLDS, *n_groups)
    outer = assign_folds(
        codes, second[:, None].astype(float), ("binary",), n_folds=n_folds, n_repeats=1, seed=seed
    ).outer[0]
    scores = np.full(len(inputs), np.nan)
    gain = np.zeros(inputs.shape[1])
    for f in range(n_folds):
        train, test = outer != f, outer == f
        if not 0 < second[train].sum() < train.sum():
            continue
        booster = _boost(inputs[train], second[train], seed)
        scores[test] = booster.predict(inputs[test], num_threads=1)
        gain += booster.feature_importance("gain")
    known = np.isfinite(scores)
    scores, second, codes = scores[known], second[known], codes[known]
    area = float(area_under_curve(scores, second, np.ones((1, len(scores))))[0])
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed])))
    _, dense = np.unique(codes, return_inverse=True)
    n = int(dense.max()) + 1
    times = rng.multinomial(n, np.full(n, 1.0 / n), size=N_DRAWS)[:, dense].astype(float)
    drawn = area_under_curve(scores, second, times)
    low, high = np.quantile(drawn[np.isfinite(drawn)], [0.025, 0.975]).tolist()
    wider = math.sqrt(1.0 + n_folds / (n_folds - 1.0))
    interval = max(0.0, area - wider * (area - low)), min(1.0, area + wider * (high - area))
    p_value = chance_p_value(0.5 + (area - 0.5) / wider, *n_groups)
    return Separation(area, interval, p_value, gain / max(gain.sum(), 1e-300))


def _boost(inputs: np.ndarray, second: np.ndarray, seed: int) -> lgb.Booster:
    n_least = int(min(second.sum(), (~second).sum()))
    options = {
        "objective": "binary",
        "learning_rate": 0.1,
        "num_leaves": 15,
        "min_data_in_leaf": max(2, min(20, n_least // 10)),
        "feature_fraction": 0.5,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 1.0,
        "max_bin": 63,
        "seed": seed % 2**31,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    # Both sets weigh the same, however many rows they have.
    weight = np.where(second, 1.0 / second.sum(), 1.0 / (~second).sum())
    data = lgb.Dataset(inputs, second.astype(float), weight=weight / weight.mean(), params=options)
    return lgb.train(options, data, N_ROUNDS)


def area_under_curve(scores: np.ndarray, second: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Probability that a row of the second set scores higher than one of the first, ties counted half.

    Parameters
    ----------
    scores
        ``(n,)``.
    second
        ``(n,)`` bool.
    weights
        ``(n_draws, n)``.

    Returns
    -------
    ``(n_draws,)``; NaN where a set has no weight.
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf) > 0)
    ones = np.add.reduceat((weights * second)[:, order], starts, axis=1)
    zeros = np.add.reduceat((weights * ~second)[:, order], starts, axis=1)
    below = zeros.cumsum(axis=1) - zeros
    total = ones.sum(axis=1) * zeros.sum(axis=1)
    won = (ones * (below + 0.5 * zeros)).sum(axis=1)
    return np.divide(won, total, out=np.full(len(weights), np.nan), where=total > 0)


def chance_p_value(area: float, n_first: int, n_second: int) -> float:
    """Two-sided p of an area under chance: the rank sum of independent rows (Mann and Whitney 1947).

    Parameters
    ----------
    area
        As found.
    n_first, n_second
        Independent rows on both sides.
    """
    scale = math.sqrt((n_first + n_second + 1) / (12.0 * n_first * n_second))
    return float(2.0 * norm.sf(abs(area - 0.5) / scale))


def single_areas(inputs: np.ndarray, second: np.ndarray) -> np.ndarray:
    """``(n_inputs,)`` area of every input alone, in its better direction: from 0.5 to 1."""
    ranks = rankdata(inputs, axis=0)
    n_second = int(second.sum())
    n_first = len(second) - n_second
    won = ranks[second].sum(axis=0) - n_second * (n_second + 1) / 2
    area = won / (n_first * n_second)
    return np.maximum(area, 1.0 - area)


def share_inside(
    rows: np.ndarray, row_codes: np.ndarray, reference: np.ndarray, reference_codes: np.ndarray
) -> float:
    """Share of rows inside the domain of the reference.

    A row is inside where its mean distance to the five nearest reference rows of other groups is at most the 95th
    percentile of the same distance of the reference rows themselves. Rows of the reference's own kind are inside
    for 95 %.

    Parameters
    ----------
    rows, reference
        ``(n, n_inputs)`` and ``(n_reference, n_inputs)`` in one scale.
    row_codes, reference_codes
        Groups.

    Returns
    -------
    float
        NaN where the reference has a single group.
    """
    if len(np.unique(reference_codes)) < 2:
        return math.nan
    rows, reference = _fewer_directions(rows, reference)
    own = _nearest(reference, reference_codes, reference, reference_codes)
    own = own[np.isfinite(own)]
    distances = _nearest(rows, row_codes, reference, reference_codes)
    distances = distances[np.isfinite(distances)]
    if not own.size or not distances.size:
        return math.nan
    limit = np.quantile(own, SHARE_INSIDE) * (1 + 1e-6) + 1e-6
    return float((distances <= limit).mean())


def _fewer_directions(rows: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The main directions of both together, or the inputs themselves where they are few."""
    both = np.concatenate([rows, reference]).astype(float)
    both -= both.mean(axis=0)
    if min(both.shape) > N_COMPONENTS:
        both = both @ randomized_svd(both, N_COMPONENTS, random_state=0)[2].T
    return both[: len(rows)], both[len(rows) :]


def _nearest(
    rows: np.ndarray, row_codes: np.ndarray, reference: np.ndarray, reference_codes: np.ndarray
) -> np.ndarray:
    """Mean distance to the nearest reference rows of other groups, as many as there are up to five."""
    distances = np.full(len(rows), np.inf)
    lengths = np.square(reference).sum(axis=1)
    n_nearest = min(N_NEAREST, len(reference))
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        squared = np.square(rows[part]).sum(axis=1)[:, None] + lengths - 2.0 * rows[part] @ reference.T
        squared[row_codes[part, None] == reference_codes] = np.inf
        squared = np.partition(squared, n_nearest - 1, axis=1)[:, :n_nearest]
        there = np.isfinite(squared)
        total = np.sqrt(np.maximum(np.where(there, squared, 0.0), 0.0)).sum(axis=1)
        counts = there.sum(axis=1)
        distances[part] = np.where(counts > 0, total / np.maximum(counts, 1), np.inf)
    return distances
