"""Which model to deploy: the best of anything, against the simplest good one."""

from __future__ import annotations

import numpy as np

from ..strategies import ENSEMBLE
from ..study import StudyResult
from ._compare import CERTAIN, compare, is_enough
from ._nested import best_of_anything, mean_inner_errors, nested_arm
from ._text import number, percent
from ._verdict import Comparison, Deployment

__all__ = ["choose_deployment"]

SLACK = 0.02
PLAIN = ("mean", "nearest", "ridge", "lightgbm", "extra-trees", "kernel")


def choose_deployment(result: StudyResult, task: int, floor: float | None, unit: str) -> Deployment | None:
    """The simplest good model, unless the best of anything is practically better.

    The best of anything is the ensemble where there is one, else the best by inner validation. The simplest good
    one is a plain baseline: the simplest within 2 % of the best of them by inner validation. Networks and mixtures
    have tried more on the inner validation rows, which flatters them there, so they must win on outer folds: both
    sides are picked by inner validation only, and "practically better" is held to the standard of a verdict, a
    probability of at least 0.90 on at least 5 folds x 3 repeats. A plan that says ``deploy = "best"`` waives the proof.

    Returns
    -------
    Deployment or None
        None when no strategy has an inner score and a model in every fold of the first repeat, whose fold
        members are what is deployed.
    """
    names = [s.name for s in result.strategies if _is_deployable(result, s.name, task)]
    inner = mean_inner_errors(result, task, names)
    if not inner:
        return None
    plain = [n for n in names if n in PLAIN] or names
    best = min(best_of_anything(names), key=lambda n: inner[n])
    least = min(inner[n] for n in plain)
    simplest = next(n for n in plain if inner[n] <= least * (1.0 + SLACK))
    errors = {n: result.strategy_error(n, task) for n in (best, simplest)}
    if simplest == best:
        reason = f"{best} has the best inner validation score, and nothing simpler comes within 2 %."
        return Deployment(best, errors[best], best, errors[best], None, reason)
    every = [s.name for s in result.strategies]
    arms = (
        nested_arm(result, task, [best] if best == ENSEMBLE else every, "best of anything"),
        nested_arm(result, task, [n for n in every if n in plain], "simplest good", slack=SLACK),
    )
    comparison = compare(result, task, *arms, floor)
    if comparison is not None and comparison.p_better >= CERTAIN and is_enough(comparison):
        return Deployment(
            best, errors[best], simplest, errors[simplest], comparison, _better(comparison, best, simplest)
        )
    doubt = (
        "too few folds to tell"
        if comparison is None or not is_enough(comparison)
        else (f"that it is practically better has probability {comparison.p_better:.2f}")
    )
    if result.plan.deploy == "best":
        reason = f"{best} is the best of anything, as asked for. Against the simplest good model, {simplest}: {doubt}."
        return Deployment(best, errors[best], simplest, errors[simplest], comparison, reason)
    reason = (
        f"{simplest} is the simplest good model. The best of anything, {best}, has "
        f"{number(errors[best], unit)} against {number(errors[simplest], unit)} out of fold: {doubt}."
    )
    return Deployment(simplest, errors[simplest], simplest, errors[simplest], comparison, reason)


def _is_deployable(result: StudyResult, name: str, task: int) -> bool:
    """Whether every fold of the first repeat has a model and some fold an inner score."""
    predictions = result.predictions(name, task)[0]
    scored = np.isfinite(result.inner[name][0, :, task]).any()
    return bool(scored and np.isfinite(predictions).all())


def _better(comparison: Comparison, best: str, simplest: str) -> str:
    gain = percent(-comparison.difference, comparison.baseline_error).lstrip("+")
    return (
        f"The best of anything ({best}) beats the simplest good model ({simplest}) "
        f"by {gain} in error, probability {comparison.p_better:.2f}."
    )
