"""Which model to deploy: the best of anything, against the simplest good one."""

from __future__ import annotations

import math

from ..study import StudyResult
from ._compare import CERTAIN, compare
from ._nested import margin_of_equivalence, mean_inner_error, nested_arm
from ._text import number, percent
from ._verdict import Comparison, Deployment

__all__ = ["choose_deployment"]

SLACK = 0.02


def choose_deployment(result: StudyResult, task: int, floor: float | None, unit: str) -> Deployment | None:
    """The simplest model that inner validation cannot tell from the best, unless the best is practically better.

    Both are picked by inner validation only: per fold for the paired comparison on outer folds, over all
    folds for the name that is deployed.

    Returns
    -------
    Deployment or None
        None when no strategy has an inner score.
    """
    names = [s.name for s in result.strategies]
    inner = {n: mean_inner_error(result, n, task) for n in names}
    inner = {n: e for n, e in inner.items() if math.isfinite(e)}
    if not inner:
        return None
    best = min(inner, key=lambda n: inner[n])
    simplest = next(n for n in names if n in inner and inner[n] <= inner[best] * (1.0 + SLACK))
    errors = {n: result.pooled_error(result.outer[n], task) for n in (best, simplest)}
    if simplest == best:
        reason = f"{best} has the best inner validation score and nothing simpler comes within 2 %."
        return Deployment(best, errors[best], best, errors[best], None, reason)
    arms = (
        nested_arm(result, task, names, "best of anything"),
        nested_arm(result, task, names, "simplest good", slack=SLACK),
    )
    rope = margin_of_equivalence(result.table.properties[task].margin, arms[1].pooled, floor)
    comparison = compare(*arms, rope, result.plan.split.folds)
    if comparison is not None and comparison.p_better >= CERTAIN:
        return Deployment(
            best, errors[best], simplest, errors[simplest], comparison, _better(comparison, best, simplest)
        )
    reason = (
        f"{simplest} is the simplest model within 2 % of the best inner validation score ({best}); "
        f"out of fold {number(errors[simplest], unit)} against {number(errors[best], unit)}."
    )
    return Deployment(simplest, errors[simplest], simplest, errors[simplest], comparison, reason)


def _better(comparison: Comparison, best: str, simplest: str) -> str:
    gain = percent(comparison.difference, comparison.baseline_error)
    return (
        f"Choosing the best by inner validation ({best}) beats the simplest good model ({simplest}) "
        f"by {gain} in error, probability {comparison.p_better:.2f}."
    )
