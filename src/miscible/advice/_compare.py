"""Paired comparison of two arms on the same outer folds."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from ..evaluation import correlated_posterior, finite_mean, holm, margin_of_equivalence
from ..study import StudyResult
from ._nested import Arm
from ._verdict import Comparison

__all__ = ["CERTAIN", "compare", "is_enough", "with_holm"]

CERTAIN = 0.90
MIN_FOLDS, MIN_REPEATS = 5, 3


def compare(
    result: StudyResult, task: int, candidate: Arm, baseline: Arm, floor: float | None
) -> Comparison | None:
    """Correlated posterior of the mean difference ``candidate - baseline`` over the folds that both have.

    Where all repeats have the same outer folds, the test looks at the mean of each fold.

    Parameters
    ----------
    floor
        Error that replicates alone cause, None if not known.

    Returns
    -------
    Comparison or None
        None when fewer than two folds have both.
    """
    differences = candidate.errors - baseline.errors
    known = np.isfinite(differences)
    if known.sum() < 2:
        return None
    rows = _shared_rows(candidate, baseline)
    before, after = (
        result.pooled_error(arm.predictions, arm.thresholds, task, rows) for arm in (baseline, candidate)
    )
    rope = margin_of_equivalence(result.table.properties[task].margin, before, floor)
    posterior = correlated_posterior(_independent(differences, result), result.folds.test_train_ratio)
    better, equivalent, worse = posterior.probabilities(rope)
    scored = known.sum(axis=1)
    return Comparison(
        baseline=baseline.label,
        candidate=candidate.label,
        baseline_error=before,
        candidate_error=after,
        difference=posterior.mean,
        interval=posterior.interval(0.95),
        rope=rope,
        p_better=better,
        p_equivalent=equivalent,
        p_worse=worse,
        p_value=posterior.p_value(),
        p_holm=posterior.p_value(),
        smallest_detectable=posterior.smallest_detectable(rope, CERTAIN),
        n_repeats=int((scored > 0).sum()),
        n_folds=int(scored[scored > 0].min()),
        fold_differences=tuple(tuple(float(v) for v in row) for row in differences),
    )


def is_enough(comparison: Comparison) -> bool:
    """Whether at least 3 repeats have at least 5 folds each: less is no ground for a verdict."""
    scored = np.isfinite(comparison.fold_differences).sum(axis=1)
    return int((scored >= MIN_FOLDS).sum()) >= MIN_REPEATS


def with_holm(comparisons: Sequence[Comparison | None]) -> list[Comparison | None]:
    """Fill in p-values corrected over properties."""
    present = [c for c in comparisons if c is not None]
    corrected = iter(holm(np.array([c.p_value for c in present])) if present else [])
    return [None if c is None else dataclasses.replace(c, p_holm=float(next(corrected))) for c in comparisons]


def _independent(differences: np.ndarray, result: StudyResult) -> np.ndarray:
    """What the test may count: repeats of one fold that vary only what is drawn inside it are one difference."""
    if not result.folds.fixed:
        return differences
    return finite_mean(differences)


def _shared_rows(*arms: Arm) -> np.ndarray:
    """``(n_repeats, n_rows)``: rows that every arm predicts."""
    return np.all([np.isfinite(arm.predictions).all(axis=2) for arm in arms], axis=0)
