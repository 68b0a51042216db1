"""One arm against another over many properties: how many are better, by how much, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..advice import CERTAIN, Arm, Comparison, best_of_anything, compare, nested_arm, with_holm
from ..evaluation import declare, finite_mean
from ..study import StudyResult
from ._claims import Measured
from ._effects import posterior_of
from ._lee_claims import DEPLOYED, Contrast, as_measured

__all__ = ["COMPARISON", "EFFECTS", "Versus", "all_arms", "comparison_rows", "effect_rows", "versus"]

COMPARISON = (
    "split", "arm", "against", "question", "n_properties", "n_better", "n_practically_better", "n_practically_worse",
    "ratio", "low", "high", "p", "pooled_ratio", "paper", "status", "aim", "aim_status",
)  # fmt: skip
EFFECTS = (
    "split", "arm", "against", "property", "labels", "rmse_against", "rmse_arm", "ratio", "p", "p_holm", "p_better",
    "p_equivalent", "p_worse", "verdict", "declared",
)  # fmt: skip

NOT_RUN = "not run"


@dataclass(frozen=True, eq=False)
class Versus:
    """One arm against another on every property.

    Parameters
    ----------
    comparisons
        By property; None where fewer than two folds have both.
    log_ratio
        Mean over folds of the mean over properties of the logarithm of the error ratio, with its corrected interval;
        None where fewer than two folds have both arms.
    """

    comparisons: tuple[Comparison | None, ...]
    log_ratio: Measured | None

    @property
    def known(self) -> tuple[Comparison, ...]:
        """Properties that both arms have."""
        return tuple(c for c in self.comparisons if c is not None)


def all_arms(result: StudyResult, names: Sequence[str]) -> dict[str, tuple[Arm, ...]]:
    """Arms by name, one a property; those that were not run are left out.

    `DEPLOYED` is the ensemble of everything where that was run; else what has the lowest inner validation error, picked
    in every outer fold for every property.
    """
    run = [s.name for s in result.strategies]
    arms: dict[str, tuple[Arm, ...]] = {}
    for name in dict.fromkeys(names):
        candidates = best_of_anything(run) if name == DEPLOYED else [name]
        if set(candidates) <= set(run):
            arms[name] = tuple(
                nested_arm(result, task, candidates, name) for task in range(result.table.n_tasks)
            )
    return arms


def versus(result: StudyResult, arms: Sequence[Arm], against: Sequence[Arm]) -> Versus:
    """Compare two arms, both one a property.

    The molecules are averaged per structure, so replicates give no noise floor, and the region of equivalence is 2 %
    of the rival's error.
    """
    comparisons = with_holm(
        [
            compare(result, task, arm, rival, None)
            for task, (arm, rival) in enumerate(zip(arms, against, strict=True))
        ]
    )
    ratios = np.stack(
        [_log_ratio(arm.errors, rival.errors) for arm, rival in zip(arms, against, strict=True)]
    )
    return Versus(tuple(comparisons), posterior_of(finite_mean(ratios), result.folds.test_train_ratio))


def comparison_rows(
    split: str, result: StudyResult, arms: Mapping[str, tuple[Arm, ...]], contrasts: Sequence[Contrast]
) -> list[dict[str, object]]:
    """One row a contrast, with columns of `COMPARISON`; an arm that was not run is said to be so."""
    return [_row(split, c, _found(result, arms, c)) for c in contrasts]


def effect_rows(
    split: str, result: StudyResult, arms: Mapping[str, tuple[Arm, ...]], contrasts: Sequence[Contrast]
) -> list[dict[str, object]]:
    """One row a contrast and property, with the columns of `EFFECTS`.

    A verdict is the answer whose posterior reaches 0.90. It is declared where the mean posterior error, over the
    properties of the contrast in order of certainty, stays at or under 5 %. Holm's correction is over properties.
    """
    rows: list[dict[str, object]] = []
    for contrast in contrasts:
        found = _found(result, arms, contrast)
        if found is None:
            continue
        verdicts = [verdict(c) for c in found.known]
        unsure = np.array([1.0 - p if word != "undecided" else np.nan for word, p in verdicts])
        declared = iter(zip(verdicts, declare(unsure), strict=True))
        for task, c in enumerate(found.comparisons):
            if c is None:
                continue
            (word, _), said = next(declared)
            rows.append(
                {
                    "split": split,
                    "arm": contrast.arm,
                    "against": contrast.against,
                    "property": result.table.names[task],
                    "labels": int(result.table.counts[task]),
                    "rmse_against": c.baseline_error,
                    "rmse_arm": c.candidate_error,
                    "ratio": _ratio(c),
                    "p": c.p_value,
                    "p_holm": c.p_holm,
                    "p_better": c.p_better,
                    "p_equivalent": c.p_equivalent,
                    "p_worse": c.p_worse,
                    "verdict": word,
                    "declared": bool(said),
                }
            )
    return rows


def verdict(comparison: Comparison) -> tuple[str, float]:
    """The answer with the largest posterior and that posterior; undecided where it is under 0.90."""
    answers = (
        (comparison.p_better, "better"),
        (comparison.p_equivalent, "equivalent"),
        (comparison.p_worse, "worse"),
    )
    p, word = max(answers)
    return (word if p >= CERTAIN else "undecided"), p


def _found(result: StudyResult, arms: Mapping[str, tuple[Arm, ...]], contrast: Contrast) -> Versus | None:
    if not {contrast.arm, contrast.against} <= set(arms):
        return None
    return versus(result, arms[contrast.arm], arms[contrast.against])


def _row(split: str, contrast: Contrast, found: Versus | None) -> dict[str, object]:
    claim, aim = contrast.claim, contrast.aim
    row: dict[str, object] = {
        "split": split,
        "arm": contrast.arm,
        "against": contrast.against,
        "question": contrast.question,
        "paper": "" if claim is None else f"{claim.paper} ({claim.origin})",
        "status": "",
        "aim": "" if aim is None else aim.words,
        "aim_status": "",
    }
    if found is None or found.log_ratio is None:
        return row | {"status": NOT_RUN, "aim_status": NOT_RUN if aim else ""}
    known, mean = found.known, found.log_ratio
    better = sum(c.candidate_error < c.baseline_error for c in known)
    worse = sum(c.p_worse >= CERTAIN for c in known)
    ratio = math.exp(mean.value)
    return row | {
        "n_properties": len(known),
        "n_better": better,
        "n_practically_better": sum(c.p_better >= CERTAIN for c in known),
        "n_practically_worse": worse,
        "ratio": ratio,
        "low": math.exp(mean.low),
        "high": math.exp(mean.high),
        "p": mean.p,
        "pooled_ratio": _geometric_mean([_ratio(c) for c in known]),
        "status": "" if claim is None else str(claim.judge(as_measured(mean))),
        "aim_status": "" if aim is None else aim.judge(len(known), better, worse, ratio),
    }


def _log_ratio(errors: np.ndarray, rival: np.ndarray) -> np.ndarray:
    both = np.isfinite(errors) & np.isfinite(rival) & (errors > 0.0) & (rival > 0.0)
    return np.where(both, np.log(np.where(both, errors, 1.0)) - np.log(np.where(both, rival, 1.0)), np.nan)


def _ratio(comparison: Comparison) -> float:
    """Of the pooled errors; NaN where one of them is 0."""
    before, after = comparison.baseline_error, comparison.candidate_error
    return after / before if before > 0.0 and after > 0.0 else math.nan


def _geometric_mean(ratios: Sequence[float]) -> float:
    return float(np.exp(finite_mean(np.log(np.array(ratios)))))
