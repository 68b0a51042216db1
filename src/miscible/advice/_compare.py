"""Paired comparison of two arms on the same outer folds."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from ..evaluation import correlated_posterior, holm
from ._nested import Arm
from ._verdict import Comparison

__all__ = ["CERTAIN", "MIN_FOLDS", "MIN_REPEATS", "compare", "with_holm"]

CERTAIN = 0.90
MIN_FOLDS, MIN_REPEATS = 5, 3


def compare(candidate: Arm, baseline: Arm, rope: float, n_folds: int) -> Comparison | None:
    """Correlated posterior of the mean difference ``candidate - baseline``.

    Returns
    -------
    Comparison or None
        None when fewer than two folds have both.
    """
    differences = candidate.errors - baseline.errors
    known = differences[np.isfinite(differences)]
    if known.size < 2:
        return None
    posterior = correlated_posterior(differences, 1.0 / (n_folds - 1))
    better, equivalent, worse = posterior.probabilities(rope)
    complete = np.isfinite(differences).sum(axis=1) > 0
    return Comparison(
        baseline=baseline.label,
        candidate=candidate.label,
        baseline_error=baseline.pooled,
        candidate_error=candidate.pooled,
        difference=posterior.mean,
        interval=posterior.interval(0.95),
        rope=rope,
        p_better=better,
        p_equivalent=equivalent,
        p_worse=worse,
        p_value=posterior.p_value(),
        p_holm=posterior.p_value(),
        smallest_detectable=posterior.smallest_detectable(rope, CERTAIN),
        n_repeats=int(complete.sum()),
        n_folds=int(np.isfinite(differences[complete]).sum(axis=1).min()),
        fold_differences=tuple(tuple(float(v) for v in row) for row in differences),
    )


def with_holm(comparisons: Sequence[Comparison | None]) -> list[Comparison | None]:
    """Fill in p-values corrected over properties."""
    present = [c for c in comparisons if c is not None]
    corrected = iter(holm(np.array([c.p_value for c in present])) if present else [])
    return [None if c is None else dataclasses.replace(c, p_holm=float(next(corrected))) for c in comparisons]
